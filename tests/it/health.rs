//! Vendors that do not answer or do not sell to us: customers go to the next one, and admins hear
//! of it once.

mod line;

use std::time::Instant;

use ring4_domain::ids::OrderId;
use ring4_playground::Options;
use serde_json::json;

use crate::world::{ADA, ANNA, BORIS, PATIENCE, Vendor, World, order_id};
use line::{Line, Mood};

async fn shop() -> World {
    let world = World::open_with_two_vendors().await;
    for person in [ANNA, BORIS] {
        world.say(person, "/start").await;
        world.deposit(person, "10").await;
    }
    world
}

fn vendor_of(world: &World, order: &str) -> String {
    let id: OrderId = order.parse().expect("an order's id");
    let order = world.shop().snapshot().order(id).expect("readable").expect("an order");
    order.purchase.expect("a number").provider.to_string()
}

async fn purchases(world: &World) -> u64 {
    world.asked(Vendor::Smspool, "/purchase/sms").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_dies_is_told_of_once_and_the_next_one_serves() {
    let world = shop().await;
    world.post("faults", json!({ "vendor": { "mode": "sms_never" } })).await;
    let first = world.buy(ANNA).await;
    assert_eq!(vendor_of(&world, &first), "smspool");
    world.post("clock", json!({ "speed": 10 })).await;
    world.post("faults", json!({ "vendor": { "mode": "drop_before", "count": 1_000 } })).await;
    world.hears(ADA, &["smspool", "does not answer"]).await;
    world.post("clock", json!({ "speed": 1 })).await;
    let second = world.buy(BORIS).await;
    assert_eq!(vendor_of(&world, &second), "mock");
    world.post("faults", json!({ "clear": true })).await;
    world.post("clock", json!({ "speed": 10 })).await;
    world.hears(ADA, &["smspool", "answers again"]).await;
    assert_eq!(world.count(ADA, "does not answer").await, 1);
    assert_eq!(world.count(ADA, "answers again").await, 1);
    world.buy(BORIS).await;
    world.until_count(BORIS, "Number +", 2).await;
    let third = order_id(&world.hears(BORIS, &["Number +"]).await);
    assert_eq!(vendor_of(&world, &third), "smspool");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_vendor_holds_against_the_account_outlives_a_restart() {
    let mut world = shop().await;
    world.post("faults", json!({ "vendor": { "mode": "throttled" } })).await;
    let first = world.buy(ANNA).await;
    assert_eq!(vendor_of(&world, &first), "mock", "the next one served the same order");
    world.hears(ADA, &["smspool", "holds our account back"]).await;
    let asked = purchases(&world).await;
    world.stop().await;
    world.start().await;
    let second = world.buy(BORIS).await;
    assert_eq!(vendor_of(&world, &second), "mock");
    assert_eq!(purchases(&world).await, asked, "asked again after the restart");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_low_balance_at_a_vendor_is_told_of_once() {
    let world = shop().await;
    world.post("vendor", json!({ "balance": "1.50" })).await;
    // Each look has ended when the next one asks.
    for _ in 0..4 {
        world.advance_past_request(301, Vendor::Smspool, "/request/balance").await;
    }
    world.hears(ADA, &["smspool", "$1.50", "top it up"]).await;
    assert_eq!(world.count(ADA, "top it up").await, 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_see_what_vendors_offer_and_have_it_read_again() {
    let world = shop().await;
    let read =
        async |times| world.until_asked(Vendor::Smspool, "/service/retrieve_all", times).await;
    let first = read(1).await;
    // Nothing that customers press has a catalogue read.
    world.say(ANNA, "/buy").await;
    world.press(ANNA, "Ring4").await;
    world.press(ANNA, "United States").await;
    world.hears(ANNA, &["fixed for"]).await;
    assert_eq!(read(first).await, first);
    world.say(ADA, "/services").await;
    world.hears(ADA, &["What vendors offer", "smspool 1574: costs $", "services, read"]).await;
    world.press(ADA, "Read catalogues again").await;
    read(first + 1).await;
    world.close().await;
}

/// Refused connections, then answers that never come, then all is well again.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_refused_and_then_silent_is_one_outage() {
    let tuned = [("    timeout_secs: 15\n", "    timeout_secs: 1\n")];
    let mut world =
        World::around(&[Vendor::Smspool, Vendor::Mock], Options::default(), &tuned).await;
    let line = Line::to(world.playground.address());
    world.reach_smspool_through(line.address);
    world.start().await;
    world.cheapen_smspool().await;
    for person in [ANNA, BORIS] {
        world.say(person, "/start").await;
        world.deposit(person, "10").await;
    }
    world.post("faults", json!({ "vendor": { "mode": "sms_never" } })).await;
    let first = world.buy(ANNA).await;
    assert_eq!(vendor_of(&world, &first), "smspool");
    line.set(Mood::Refused);
    world.post("clock", json!({ "speed": 5 })).await;
    // Two of the five failures that open the breaker are refusals at least.
    let failed = |world: &World| {
        let statuses = world.shop().registry.status();
        let smspool = statuses.into_iter().find(|status| status.id.as_str() == "smspool");
        let smspool = smspool.expect("the vendor");
        (smspool.error_percent > 0, smspool.line)
    };
    let end = Instant::now() + PATIENCE;
    while !failed(&world).0 {
        assert!(Instant::now() < end, "refused connections are no failures");
        tokio::task::yield_now().await;
    }
    line.set(Mood::Silent);
    world.hears(ADA, &["smspool", "does not answer"]).await;
    world.post("clock", json!({ "speed": 1 })).await;
    let second = world.buy(BORIS).await;
    assert_eq!(vendor_of(&world, &second), "mock", "{:?}", failed(&world));
    line.set(Mood::Through);
    world.post("clock", json!({ "speed": 10 })).await;
    world.hears(ADA, &["smspool", "answers again"]).await;
    assert_eq!(world.count(ADA, "does not answer").await, 1);
    assert_eq!(world.count(ADA, "answers again").await, 1);
    world.buy(BORIS).await;
    world.until_count(BORIS, "Number +", 2).await;
    let third = order_id(&world.newest(BORIS, &["Number +"]).await);
    assert_eq!(vendor_of(&world, &third), "smspool");
    line.close();
    world.close().await;
}
