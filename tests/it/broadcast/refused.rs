//! Customers whom a message does not come through to, a bot that is not let in for a while, and
//! admins who do not wait for the end of a pause.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{BOB, CROWD, cast};
use crate::world::{ADA, ANNA, BORIS, PATIENCE, Vendor, World};

const FAST: [(&str, &str); 1] = [("messages_per_sec: 25", "messages_per_sec: 30")];

/// A shop that 24 people have written to.
async fn open() -> World {
    let world = World::open_tuned(Vendor::Mock, cast(), &FAST).await;
    for person in [ANNA, BORIS, ADA, BOB].into_iter().chain(CROWD) {
        world.say(person, "/start").await;
        world.hears(person, &["Hello"]).await;
    }
    world
}

async fn refuse(world: &World, chat: i64, count: u32, code: u16, description: &str) {
    let fault = json!({ "count": count, "code": code, "description": description,
        "chat_id": chat, "method": "sendMessage" });
    world.post("faults", json!({ "refuse": fault })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_message_that_never_comes_through_ends_as_failed_and_nobody_elses_does() {
    let world = open().await;
    world.say(ADA, "/broadcast Big news").await;
    world.newest(ADA, &["24 customers"]).await;
    refuse(&world, ANNA, 1_000, 500, "Internal Server Error").await;
    // The token is taken away and given back.
    refuse(&world, BORIS, 3, 401, "Unauthorized").await;
    world.press(ADA, "📣 Send").await;
    world.until_count(BOB, "Big news", 1).await;
    let begun = Instant::now();
    let mut advanced_secs = 0;
    while world.count(ADA, "🏁 Done").await == 0 {
        assert!(begun.elapsed() < PATIENCE, "never done");
        world.advance(5).await;
        advanced_secs += 5;
    }
    world.hears(ADA, &["Done", "23 sent", "1 not taken"]).await;
    assert!((300..600).contains(&advanced_secs), "given up after {advanced_secs} s");
    assert_eq!(world.count(ANNA, "Big news").await, 0);
    for person in [BORIS, BOB].into_iter().chain(CROWD) {
        assert_eq!(world.count(person, "Big news").await, 1, "{person}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_the_end_of_a_pause_stays_when_an_admin_ends_the_broadcast() {
    let world = open().await;
    world.say(ADA, "/broadcast Big news").await;
    world.newest(ADA, &["24 customers"]).await;
    let pause = json!({ "count": 1, "secs": 600, "chat_id": ANNA, "method": "sendMessage" });
    world.post("faults", json!({ "retry_after": pause })).await;
    world.press(ADA, "📣 Send").await;
    world.newest(ADA, &["On its way"]).await;
    let shop = world.shop();
    // Anna is the first of all, and all others wait with her.
    until("nobody waits", || shop.sender.calls() >= 10).await;
    world.press(ADA, "⏹ Cancel").await;
    world.newest(ADA, &["Ended by Ada"]).await;
    until("what waited still waits", || shop.sender.calls() == 0).await;
    assert_eq!(world.count(ANNA, "Big news").await, 0);
    world.close().await;
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
