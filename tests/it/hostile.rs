//! What people should not do, and do: odd words, odd amounts, buttons that are stale, foreign,
//! forged or pressed twice, groups, floods. Each gets a clear answer and nothing is lost.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::world::{ADA, ANNA, BORIS, PATIENCE, Vendor, World, bot_messages, order_id};

/// Messages of somebody who does not stop.
const FLOOD: usize = 100;

/// How long twenty presses may take, and how often that is tried.
const MOMENT: Duration = Duration::from_millis(50);
const MOMENTS_MAX: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn odd_words_get_a_clear_answer() {
    let world = World::open(Vendor::Mock).await;
    let huge = "🙂".repeat(2_000);
    let rows: &[(&str, &str)] = &[
        ("/nothing", "I do not know that command"),
        ("/", "I found nothing"),
        ("//", "I found nothing"),
        ("/admin", "I do not know that command"),
        ("/approve_deposit 00000000", "I do not know that command"),
        ("/cancel nonsense", "I do not know this order"),
        ("/cancel 00000000", "I do not know this order"),
        ("/cancel", "no open order"),
        ("/BUY@anybot whatsapp uk", "Offers for"),
        ("/order", "Which service"),
        ("telegrm germany", "Offers for “telegrm germany”"),
        ("<b>&\"", "I found nothing for “<b>&\"”"),
        ("xyzzy", "I found nothing for “xyzzy”"),
        (&huge, "I found nothing"),
        ("/start buy_nothing_XX", "Hello Anna"),
        ("/start ref_7", "Hello Anna"),
        ("/history", "Nothing has happened"),
        ("/orders", "You have no orders yet"),
        ("/help", "How it works"),
    ];
    for (said, heard) in rows {
        let before = bot_messages(&world.chat(ANNA).await).len();
        world.say(ANNA, said).await;
        let more = |chat: &serde_json::Value| bot_messages(chat).len() > before;
        let shown: String = said.chars().take(40).collect();
        let chat = world.until(ANNA, &format!("an answer to {shown}"), more).await;
        let text = bot_messages(&chat).last().and_then(|last| last["text"].as_str());
        assert!(text.unwrap_or_default().contains(heard), "{shown}: {text:?}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_amounts_get_a_clear_answer() {
    let world = World::open(Vendor::Mock).await;
    let rows = [
        ("-5", "The least you can pay in is $5.00"),
        ("0.001", "The least you can pay in is $5.00"),
        ("4.99", "The least you can pay in is $5.00"),
        ("1001", "The most you can pay in at once is $1000.00"),
        ("999999999999", "The most you can pay in at once is $1000.00"),
        ("1e9", "“1e9” is not an amount"),
        ("NaN", "“NaN” is not an amount"),
        ("１２", "“１２” is not an amount"),
        ("5,500", "“5,500” is not an amount"),
        ("0x10", "“0x10” is not an amount"),
        ("ten", "“ten” is not an amount"),
        ("5.0000001", "“5.0000001” is not an amount"),
        // As it is written where a comma is the point.
        ("7,50", "Deposit of $7.50"),
    ];
    for (said, heard) in rows {
        // As a command, and as the answer to the question for an amount.
        world.say(ANNA, &format!("/deposit {said}")).await;
        if heard.starts_with("Deposit of") {
            world.newest(ANNA, &["How would you like to pay in $"]).await;
            world.press(ANNA, "USDT").await;
        }
        world.newest(ANNA, &[heard]).await;
        world.say(ANNA, "/balance").await;
        world.newest(ANNA, &["Your wallet"]).await;
        world.say(ANNA, "/deposit").await;
        world.newest(ANNA, &["How much would you like"]).await;
        world.press(ANNA, "Other amount").await;
        world.newest(ANNA, &["Send me the amount"]).await;
        world.say(ANNA, said).await;
        if heard.starts_with("Deposit of") {
            world.newest(ANNA, &["How would you like to pay in $"]).await;
            world.press(ANNA, "USDT").await;
            // The first of this amount is still open.
            world.newest(ANNA, &["Deposit of $7.51", "exact amount"]).await;
        } else {
            world.newest(ANNA, &[heard]).await;
        }
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_means_nothing_in_the_wrong_hands() {
    let world = World::open(Vendor::Smspool).await;
    world.deposit(ANNA, "10").await;
    world.deposit(BORIS, "10").await;
    world.post("faults", json!({ "vendor": { "mode": "sms_never" } })).await;
    let order = world.buy(ANNA).await;
    world.say(BORIS, "/start buy_ring4_US").await;
    world.newest(BORIS, &["fixed for"]).await;
    let place = world.data(BORIS, "Buy for").await;
    let rows = [
        (BORIS, format!("x:{order}"), "I do not know this order"),
        (BORIS, format!("v:{order}"), "I do not know this order"),
        (BORIS, format!("p:{order}"), "This offer is gone"),
        (ANNA, place, "This offer is gone"),
        (ANNA, "p:00000000".to_owned(), "This offer is gone"),
        (ANNA, "dp:00000000".to_owned(), "I do not know this deposit"),
        (ANNA, "Y:00000000".to_owned(), "out of date"),
        (ANNA, "A".to_owned(), "out of date"),
        (ANNA, "noise".to_owned(), "out of date"),
        (ANNA, "🤷".repeat(16), "out of date"),
        (ANNA, "x".repeat(64), "out of date"),
        (ANNA, "o:ring4:ZZ".to_owned(), ""),
        (ANNA, "dn:nothing:0:00000000".to_owned(), "not available any more"),
        (ANNA, "dn:usdt:200:00000000".to_owned(), "out of date"),
        (ADA, "Y:00000000".to_owned(), "I do not know this deposit"),
    ];
    for (person, data, heard) in rows {
        world.forge(person, 1, &data).await;
        let answer = world.answer(person).await;
        assert!(answer.contains(heard), "{data}: {answer}");
    }
    world.say(ANNA, "/balance").await;
    world.newest(ANNA, &["Available $9.", "Held $0."]).await;
    world.say(BORIS, "/balance").await;
    world.newest(BORIS, &["Available $10.00", "Held $0.00"]).await;
    world.close().await;
}

/// Presses Buy twenty times; the card, and how long the presses took to reach Telegram.
async fn press_buy_twenty_times(world: &World) -> (String, Duration) {
    let quotes = world.count(ANNA, "fixed for").await;
    world.say(ANNA, "/start buy_ring4_US").await;
    world.until_count(ANNA, "fixed for", quotes + 1).await;
    let data = world.data(ANNA, "Buy for").await;
    let (message, _) = world.button(ANNA, "Buy for").await;
    let begun = Instant::now();
    for _ in 0..20 {
        world.playground.press(ANNA, message, &data).expect("a press");
    }
    let span = begun.elapsed();
    let card = world.newest(ANNA, &["Number +", "held"]).await;
    let answered = |chat: &serde_json::Value| {
        let mut answers = chat["answers"].as_array().into_iter().flatten();
        answers.all(|answer| answer["status"] == "answered")
    };
    world.until(ANNA, "an answer to each press", answered).await;
    (card, span)
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_presses_in_a_moment_buy_once() {
    let world = World::open(Vendor::Smspool).await;
    world.deposit(ANNA, "10").await;
    world.post("faults", json!({ "vendor": { "mode": "sms_never", "count": 20 } })).await;
    let mut rounds = 0;
    let (card, span) = loop {
        let (card, span) = press_buy_twenty_times(&world).await;
        rounds += 1;
        let vendor = world.get("vendor/orders").await;
        assert_eq!(vendor.as_array().map(Vec::len), Some(rounds), "{vendor}");
        // A machine with something else to do may be late; then it was no moment.
        if span <= MOMENT {
            break (card, span);
        }
        assert!(rounds < MOMENTS_MAX, "twenty presses take {span:?}");
        world.advance(700).await;
        world.until_count(ANNA, "No code arrived", rounds).await;
    };
    println!("20 presses within {span:.0?}");
    world.say(ANNA, &format!("/cancel {}", order_id(&card))).await;
    world.advance(60).await;
    world.hears(ANNA, &["Cancelled. Your money is back"]).await;
    world.say(ANNA, "/balance").await;
    world.newest(ANNA, &["Available $10.00", "Held $0.00"]).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_admins_credit_a_deposit_once() {
    let people = vec![
        ring4_playground::Person::customer(ANNA, "Anna"),
        ring4_playground::Person::admin(ADA, "Ada"),
        ring4_playground::Person::admin(ADA + 1, "Alan"),
    ];
    let options = ring4_playground::Options { people, ..Default::default() };
    let world = World::open_with(Vendor::Mock, options).await;
    world.say(ANNA, "/deposit 10").await;
    world.press(ANNA, "USDT").await;
    world.press(ANNA, "I have paid").await;
    world.newest(ADA, &["Waits for a decision"]).await;
    world.newest(ADA + 1, &["Waits for a decision"]).await;
    // Both look at the button before either presses: the first press takes the other's away.
    let data = world.data(ADA, "Approve").await;
    let (ada, _) = world.button(ADA, "Approve").await;
    let (alan, _) = world.button(ADA + 1, "Approve").await;
    tokio::join!(world.forge(ADA, ada, &data), world.forge(ADA + 1, alan, &data));
    let answers = [world.answer(ADA).await, world.answer(ADA + 1).await];
    let late = answers.iter().filter(|answer| answer.contains("Approved already by A")).count();
    assert_eq!(late, 1, "{answers:?}");
    world.newest(ADA, &["Approved by A"]).await;
    world.newest(ADA + 1, &["Approved by A"]).await;
    world.say(ANNA, "/balance").await;
    world.newest(ANNA, &["Available $10.00", "Deposited $10.00"]).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_hear_nothing_and_a_flood_delays_nobody() {
    let world = World::open(Vendor::Mock).await;
    let body = json!({ "text": "/balance", "chat": "group" });
    world.post(&format!("people/{ANNA}/messages"), body).await;
    for _ in 0..FLOOD {
        world.playground.say(ANNA, "/balance").expect("a message");
    }
    world.playground.say(BORIS, "/balance").expect("a message");
    world.until_count(ANNA, "Your wallet", FLOOD).await;
    world.newest(BORIS, &["Your wallet"]).await;
    // He wrote last and is answered long before the flood is.
    let calls = world.calls().await;
    let answers = calls.iter().filter(|call| call["method"] == "sendMessage");
    let before = answers.take_while(|call| call["parameters"]["chat_id"] != BORIS).count();
    println!("{before} of {FLOOD} answers of the flood came first");
    assert!(before < FLOOD / 2, "{before}");
    let group = world.get(&format!("people/{ANNA}/chat?chat=group")).await;
    assert_eq!(bot_messages(&group).len(), 0, "{group:#}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_blocks_the_bot_is_left_alone_and_loses_nothing() {
    let world = World::open(Vendor::Smspool).await;
    world.deposit(ANNA, "10").await;
    world.post("vendor", json!({ "code_delay_secs": [100, 100] })).await;
    world.buy(ANNA).await;
    world.post("faults", json!({ "block": { "person": ANNA, "blocked": true } })).await;
    world.advance(120).await;
    world.say(ADA, "/admin").await;
    let idle = |chat: &serde_json::Value| {
        let last = bot_messages(chat).last().map(|last| last["text"].clone());
        last.is_some_and(|text| text.as_str().unwrap_or_default().contains("Open orders 0"))
    };
    let end = Instant::now() + PATIENCE;
    let mut chat = world.chat(ADA).await;
    while !idle(&chat) {
        assert!(Instant::now() < end, "{chat:#}");
        world.press(ADA, "Refresh").await;
        world.answer(ADA).await;
        chat = world.chat(ADA).await;
    }
    world.post("faults", json!({ "block": { "person": ANNA, "blocked": false } })).await;
    world.say(ANNA, "/orders").await;
    world.newest(ANNA, &["Your orders"]).await;
    world.press(ANNA, "delivered").await;
    world.newest(ANNA, &["Code ", "Delivered", "charged"]).await;
    world.close().await;
}
