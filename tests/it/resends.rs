//! Further codes on a number that had one: asked for on the card, at vendors of each kind, across
//! a restart, in vain, and too late. Nothing is charged for any of them.

use ring4_domain::ids::{OrderId, UserId};
use ring4_domain::ledger::AccountId;
use ring4_domain::money::Amount;
use ring4_domain::resend::ResendState;
use ring4_playground::Options;
use serde_json::json;

use crate::world::{ADA, ANNA, Vendor, World, count};

async fn delivered(world: &World) -> String {
    world.deposit(ANNA, "10").await;
    let order = world.buy(ANNA).await;
    world.advance(30).await;
    world.hears(ANNA, &["Your Ring4 code is"]).await;
    world.hears(ANNA, &["Delivered", &order]).await;
    order
}

/// A number without an owner is told after 150 s; the lists are looked at every minute, in turns.
async fn looked_at_for_orphans(world: &World, vendor: Vendor, list: &str) {
    for _ in 0..6 {
        world.advance_past_request(61, vendor, list).await;
    }
}

fn available(world: &World) -> Amount {
    ring4::shop::available(&world.shop().snapshot(), UserId(ANNA)).expect("a wallet")
}

fn resends(world: &World, order: &str) -> Vec<ResendState> {
    let id: OrderId = order.parse().expect("an id");
    let order = world.shop().snapshot().order(id).expect("a read").expect("an order");
    order.resends.iter().map(|resend| resend.state).collect()
}

/// The codes that the order has, in order.
fn codes(world: &World, order: &str) -> Vec<String> {
    let id: OrderId = order.parse().expect("an id");
    let order = world.shop().snapshot().order(id).expect("a read").expect("an order");
    order.codes().map(|code| code.code.text().expect("readable").to_owned()).collect()
}

/// Turns the clock until the customer was rung that many times.
async fn until_rung(world: &World, times: usize) {
    for _ in 0..40 {
        if world.count(ANNA, "Your Ring4 code is").await >= times {
            return;
        }
        world.advance(5).await;
        tokio::task::yield_now().await;
    }
    world.until_count(ANNA, "Your Ring4 code is", times).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vendors_of_each_kind_give_another_code_on_the_same_card() {
    // One order with many messages, a new order for each, one order that waits again.
    for vendor in [Vendor::Mock, Vendor::Smspool, Vendor::Herosms] {
        let world = World::open(vendor).await;
        let order = delivered(&world).await;
        let before = available(&world);
        for asked in 1..=2 {
            world.press(ANNA, "Another code").await;
            assert_eq!(world.answer(ANNA).await, "Another code is asked for.", "{vendor:?}");
            println!("{vendor:?}: asked for {asked} more");
            until_rung(&world, asked + 1).await;
            let codes = codes(&world, &order);
            assert_eq!(codes.len(), asked + 1, "{vendor:?}");
            let words: Vec<&str> =
                ["Delivered", &order].into_iter().chain(codes.iter().map(String::as_str)).collect();
            world.hears(ANNA, &words).await;
        }
        assert_eq!(available(&world), before, "{vendor:?}");
        // Whatever the vendor made of it is nobody's orphan. The mock asks nobody for its list,
        // and its orders never become others.
        let list = match vendor {
            Vendor::Smspool => Some("/request/active"),
            Vendor::Herosms => Some("getActiveActivations"),
            _ => None,
        };
        if let Some(list) = list {
            looked_at_for_orphans(&world, vendor, list).await;
            assert_eq!(world.count(ADA, "no order").await, 0, "{vendor:?}");
        }
        world.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_code_is_waited_for_across_a_restart() {
    let mut world = World::open(Vendor::Smspool).await;
    let order = delivered(&world).await;
    world.press(ANNA, "Another code").await;
    world.hears(ANNA, &["Waiting for another code", &order]).await;
    world.stop().await;
    world.start().await;
    until_rung(&world, 2).await;
    assert_eq!(resends(&world, &order), [ResendState::Arrived]);
    // The card follows the ring.
    let over = |chat: &serde_json::Value| count(chat, "Waiting for another code") == 0;
    world.until(ANNA, "the end of the waiting on the card", over).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_code_comes_with_the_list_that_is_asked_for_anyway() {
    let world = World::open(Vendor::Smspool).await;
    let order = delivered(&world).await;
    world.press(ANNA, "Another code").await;
    let waits = || matches!(resends(&world, &order).last(), Some(ResendState::Waiting { .. }));
    for _ in 0..2_000 {
        if waits() {
            break;
        }
        world.get("vendor/orders").await;
    }
    assert!(waits(), "{:?}", resends(&world, &order));
    // From here on the vendor answers no question about one number.
    let silent = json!({ "mode": "drop_before", "path": "/sms/check", "count": 1_000 });
    world.post("faults", json!({ "vendor": silent })).await;
    until_rung(&world, 2).await;
    assert_eq!(resends(&world, &order), [ResendState::Arrived]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_found_in_the_vendors_list_and_what_it_cost_is_booked() {
    let world = World::open(Vendor::Smspool).await;
    let order = delivered(&world).await;
    let before = available(&world);
    let cost = || {
        let account = world.shop().snapshot().account(&AccountId::VendorCost).expect("readable");
        account.debits_posted
    };
    let bought_for = cost();
    // It said that it would be free.
    let charged = json!({ "mode": "overcharge", "path": "/sms/resend" });
    world.post("faults", json!({ "vendor": charged })).await;
    world.press(ANNA, "Another code").await;
    world.hears(ADA, &["smspool charged", &order, "at most $0.00"]).await;
    assert_eq!(cost(), bought_for.checked_add(bought_for).expect("a sum"));
    until_rung(&world, 2).await;
    // The second time the answer is lost; the number is in the list under its new id.
    let lost = json!({ "mode": "drop_after", "path": "/sms/resend" });
    world.post("faults", json!({ "vendor": lost })).await;
    world.press(ANNA, "Another code").await;
    until_rung(&world, 3).await;
    assert_eq!(resends(&world, &order), [ResendState::Arrived, ResendState::Arrived]);
    assert_eq!(cost(), bought_for.checked_add(bought_for).expect("a sum"));
    assert_eq!(available(&world), before);
    assert_eq!(codes(&world, &order).len(), 3);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_code_is_said_as_it_is() {
    let tuned = [("offered_secs: 1200", "offered_secs: 4000"), ("    max: 3", "    max: 2")];
    // This vendor adds messages by itself, if any come.
    let world = World::open_tuned(Vendor::Fivesim, Options::default(), &tuned).await;
    let order = delivered(&world).await;
    world.press(ANNA, "Another code").await;
    world.hears(ANNA, &["Waiting for another code", &order]).await;
    world.advance(601).await;
    world.hears(ANNA, &["No other code came", &order]).await;
    assert_eq!(resends(&world, &order), [ResendState::Expired]);
    world.close().await;

    let world = World::open_tuned(Vendor::Mock, Options::default(), &tuned).await;
    let order = delivered(&world).await;
    // The number's life at the vendor is over, and the vendor says so.
    world.advance(3_000).await;
    let (message, _) = world.button(ANNA, "Another code").await;
    let data = world.data(ANNA, "Another code").await;
    world.press(ANNA, "Another code").await;
    world.hears(ANNA, &["receives no other code", &order]).await;
    assert_eq!(resends(&world, &order), [ResendState::Refused]);
    world.advance(1_001).await;
    world.forge(ANNA, message, &data).await;
    assert!(world.answer(ANNA).await.contains("can receive no other code"));
    world.close().await;
}
