//! Customers whom a message does not come through to, a bot that is not let in for a while, and
//! admins who do not wait for the end of a pause.

use std::time::Instant;

use serde_json::json;

use super::{BOB, CROWD, cast};
use crate::world::{ADA, ANNA, BORIS, PATIENCE, Vendor, World, bot_messages};

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

#[tokio::test(flavor = "multi_thread")]
async fn what_an_admin_formats_in_the_app_is_shown_and_sent_so() {
    let world = World::open_tuned(Vendor::Mock, cast(), &FAST).await;
    world.say(ANNA, "/start").await;
    world.hears(ANNA, &["Hello"]).await;
    let write = |text: &str, entities: serde_json::Value| {
        let body = json!({ "text": text, "entities": entities });
        let world = &world;
        async move { world.post(&format!("people/{ADA}/messages"), body).await }
    };
    let bold = json!([{ "type": "bold", "offset": 14, "length": 3 },
        { "type": "text_link", "offset": 18, "length": 4, "url": "https://example.org/?a=1&b=2" }]);
    write("/broadcast 😀 Big news <i>", bold).await;
    world.newest(ADA, &["formatted"]).await;
    world.press(ADA, "📣 Send").await;
    for person in [ADA, ANNA] {
        world.hears(person, &["😀 Big news <i>"]).await;
        let chat = world.chat(person).await;
        let mut messages = bot_messages(&chat).into_iter();
        let news = messages.find(|message| message["text"] == "😀 Big news <i>");
        let entities = &news.expect("the news")["entities"];
        let shown = |kind: &str| {
            let mut all = entities.as_array().expect("entities").iter();
            let found = all.find(|entity| entity["type"] == kind).expect("formatting");
            (found["offset"].as_u64(), found["length"].as_u64(), found["url"].clone())
        };
        assert_eq!(shown("bold"), (Some(3), Some(3), json!(null)), "{person}");
        let url = json!("https://example.org/?a=1&b=2");
        assert_eq!(shown("text_link"), (Some(7), Some(4), url), "{person}");
    }
    // As the answer to the question, too.
    world.hears(ADA, &["🏁 Done"]).await;
    world.say(ADA, "/broadcast").await;
    world.hears(ADA, &["Write it as your next message"]).await;
    write("All spoiled", json!([{ "type": "spoiler", "offset": 0, "length": 11 }])).await;
    world.newest(ADA, &["formatted"]).await;
    world.close().await;
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        tokio::task::yield_now().await;
    }
}
