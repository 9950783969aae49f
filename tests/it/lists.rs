//! What admins look through, when there is much of it or words are long: acts, services, queues,
//! the blocked; what the dashboard says of a shop that is closed, and who sees a margin.

use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::ids::UserId;
use ring4_playground::{Options, Person};
use serde_json::Value;

use crate::world::{ADA, ANNA, BORIS, Vendor, World};

/// Was an admin once.
const BOB: i64 = 9002;

#[tokio::test(flavor = "multi_thread")]
async fn acts_with_long_words_and_many_services_fit_into_messages() {
    let mut services = String::new();
    for number in 11..41 {
        services.push_str(&format!(
            "\n  extra{number}:\n    name: Extra {number}\n    priority: {number}"
        ));
    }
    let tuned = [("\nservices:", format!("\nservices:{services}"))];
    let tuned = [(tuned[0].0, tuned[0].1.as_str())];
    let world = World::open_tuned(Vendor::Mock, Options::default(), &tuned).await;
    for round in 0..9 {
        world.say(ADA, &format!("/maintenance on {round} {}", "&<\"".repeat(160))).await;
        world.until_count(ADA, "Dashboard", round + 1).await;
    }
    world.say(ADA, "/audit 30").await;
    let acts = world.newest(ADA, &["What admins did", "set_maintenance on 8", "…"]).await;
    assert!(acts.chars().count() < 4_096);
    world.say(ADA, "/maintenance off").await;

    world.say(ADA, "/services").await;
    world.newest(ADA, &["What vendors offer", "Extra 11"]).await;
    assert!(world.find(ADA, "Stop Extra 40").await.is_none(), "all of them on one page");
    let mut pages = 1;
    while world.find(ADA, "Stop Extra 40").await.is_none() {
        pages += 1;
        world.press(ADA, "Next ›").await;
        world.answer(ADA).await;
        assert!(pages < 9, "the last service is on no page");
    }
    // What is switched is seen where it was.
    world.press(ADA, "Stop Extra 40").await;
    world.newest(ADA, &["Extra 40", "switched off"]).await;
    world.button(ADA, "Sell Extra 40").await;
    println!("40 services on {pages} pages");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_the_settings_closed_says_so_and_shows_no_margin_where_none_is_wanted() {
    let tuned = [
        ("\n    # Whether selling pauses.\n    enabled: false", "\n    enabled: true"),
        ("show_profit: true", "show_profit: false"),
    ];
    let world = World::open_tuned(Vendor::Mock, Options::default(), &tuned).await;
    world.say(ADA, "/admin").await;
    let board = world.newest(ADA, &["Dashboard", "The settings have closed the shop"]).await;
    assert!(board.contains("Today $0.00") && !board.contains("margin"), "{board}");
    assert!(world.find(ADA, "Pause selling").await.is_none(), "what is closed cannot pause");
    world.say(ADA, "/maintenance off").await;
    world.until_count(ADA, "The settings have closed the shop", 2).await;
    world.say(ADA, "/stats").await;
    let figures = world.newest(ADA, &["The last 24 hours", "Revenue $0.00"]).await;
    assert!(!figures.contains("Margin"), "{figures}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_hear_whom_the_policy_blocked_and_find_them() {
    let tuned = [
        ("auto_block: false", "auto_block: true"),
        ("cancel_from: 20", "cancel_from: 1"),
        ("cancel_percent: 90", "cancel_percent: 1"),
    ];
    let world = World::open_tuned(Vendor::Mock, Options::default(), &tuned).await;
    world.deposit(ANNA, "10").await;
    let order = world.buy(ANNA).await;
    world.say(ANNA, &format!("/cancel {order}")).await;
    world.hears(ANNA, &["Cancelled", &order]).await;
    world.say(ANNA, "/start buy_ring4_US").await;
    world.press(ANNA, "Buy for").await;
    assert!(world.answer(ANNA).await.contains("cannot buy"));
    world.hears(ADA, &["The policy has blocked Anna", "cancelled 1 of 1", "/user 1001"]).await;
    world.say(ADA, "/block").await;
    world.newest(ADA, &["One customer is blocked", "Write whom and why"]).await;
    world.press(ADA, "Anna · cancelled 1 of 1").await;
    let card = world.newest(ADA, &["Blocked by the policy", "Open: 0 of"]).await;
    assert!(card.contains("spent in a day: $0.00 of ∞"), "{card}");
    assert!(card.contains("cancelled in a day: 100 % of 1 %"), "{card}");
    world.press(ADA, "Unblock").await;
    world.newest(ADA, &["May buy"]).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_behind_the_first_page_are_counted_and_found() {
    let tuned = [
        ("orders_per_minute: 10", "orders_per_minute: 0"),
        ("\n  open_max: 5", "\n  open_max: 100"),
    ];
    let world = World::open_tuned(Vendor::Mock, Options::default(), &tuned).await;
    world.deposit(ANNA, "20").await;
    let mut orders = Vec::new();
    for _ in 0..11 {
        orders.push(world.buy(ANNA).await);
    }
    world.say(ADA, "/admin").await;
    world.press(ADA, "Open orders (11)").await;
    world.newest(ADA, &["11 orders are open"]).await;
    world.advance(30).await;
    let shop = world.shop();
    for order in &orders {
        world.hears(ANNA, &["Delivered", order]).await;
        let (customer, order) = (UserId(ANNA), order.parse().expect("an id"));
        let command = Command::RequestRefund { customer, order, reason: None, refundable: true };
        let asked = shop.submit(Actor::Customer(customer), "test", command).await;
        asked.expect("committed").expect("taken");
    }
    world.say(ADA, "/admin").await;
    world.newest(ADA, &["Refunds to decide 11"]).await;
    world.press(ADA, "Refunds (11)").await;
    world.newest(ADA, &["11 refunds wait"]).await;
    world.press(ADA, "Next ›").await;
    world.press(ADA, "‹ Previous").await;
    world.button(ADA, "Next ›").await;
    drop(shop);
    world.close().await;
}

fn commands(chat: &Value) -> Vec<&str> {
    let commands = chat["commands"].as_array().into_iter().flatten();
    commands.filter_map(|command| command["command"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_no_admin_any_more_loses_the_admins_menu() {
    let people = vec![
        Person::customer(BORIS, "Boris"),
        Person::admin(ADA, "Ada"),
        Person::admin(BOB, "Bob"),
    ];
    let options = Options { people, ..Options::default() };
    let mut world = World::open_with(Vendor::Mock, options).await;
    world.say(BOB, "/admin").await;
    let has = |chat: &Value| commands(chat).contains(&"audit");
    world.until(BOB, "the admins' menu", has).await;
    world.stop().await;
    world.set(vec![("ADMIN_USER_IDS", ADA.to_string())]);
    world.start().await;
    world.say(BOB, "/admin").await;
    world.hears(BOB, &["do not know that command"]).await;
    let lacks = |chat: &Value| commands(chat).contains(&"buy") && !has(chat);
    world.until(BOB, "everybody's menu", lacks).await;
    world.say(ADA, "/start").await;
    world.until(ADA, "the admins' menu", has).await;
    world.close().await;
}
