//! The first complete story, with each vendor: deposit, approval, purchase, code, books that
//! agree; then an order that nobody answers, and the money back.

use std::time::Instant;

use tokio::task::JoinSet;

use crate::world::{ADA, ANNA, Vendor, World, bot_messages};

async fn live_the_story(vendor: Vendor) {
    let world = World::open(vendor).await;
    world.say(ANNA, "/start").await;
    world.hears(ANNA, &["Hello Anna", "$0.00"]).await;
    world.say(ANNA, "/deposit").await;
    world.press(ANNA, "$10.00").await;
    world.press(ANNA, "USDT").await;
    world.press(ANNA, "I have paid").await;
    world.hears(ADA, &["Deposit of $10.00", "Anna", "Waits for a decision"]).await;
    world.press(ADA, "Approve").await;
    world.hears(ADA, &["Approved by Ada"]).await;
    world.hears(ANNA, &["$10.00 is in your wallet"]).await;

    world.say(ANNA, "/buy").await;
    world.press(ANNA, "Ring4").await;
    world.press(ANNA, "United States").await;
    world.press(ANNA, "Buy for").await;
    let card = world.hears(ANNA, &["Number +", "Waiting for the code", "held"]).await;
    world.advance(30).await;
    let ring = world.hears(ANNA, &["Your Ring4 code is"]).await;
    let code: String = ring.chars().filter(char::is_ascii_digit).skip(1).take(5).collect();
    assert!(code.len() >= 4, "{ring}");
    let delivered = world.hears(ANNA, &["Delivered", "charged"]).await;
    let number = card.lines().find(|line| line.starts_with("Number")).expect("a number");
    assert!(delivered.contains(number), "the number changed: {delivered}");

    world.say(ANNA, "/balance").await;
    let balance = world.hears(ANNA, &["Your wallet"]).await;
    let left = line(&balance, "Available $");
    let spent = line(&balance, "Spent $");
    assert_eq!(cents(&left) + cents(&spent), 1000, "{balance}");
    world.say(ANNA, "/history").await;
    let history = world.hears(ANNA, &["History", "charged for order", "deposit"]).await;
    assert!(history.contains(&format!("−${spent}")), "{history}");
    world.close().await;
}

fn line(text: &str, prefix: &str) -> String {
    let found = text.lines().find_map(|line| line.strip_prefix(prefix));
    found.unwrap_or_else(|| panic!("no “{prefix}” in {text}")).trim().to_owned()
}

fn cents(amount: &str) -> u32 {
    amount.replace('.', "").parse().expect("an amount with two decimals")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_buys_a_number_and_receives_the_code_from_every_vendor() {
    let mut stories = JoinSet::new();
    for vendor in Vendor::ALL {
        stories.spawn(async move {
            let began = Instant::now();
            live_the_story(vendor).await;
            let (name, lasted) = (vendor.name(), began.elapsed());
            println!("{name:<10} deposit, purchase, code and books in {lasted:?}");
        });
    }
    while let Some(story) = stories.join_next().await {
        story.expect("a story with a good end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_without_a_code_gives_the_money_back() {
    let world = World::open(Vendor::Smspool).await;
    world.deposit(ANNA, "10").await;
    world.post("faults", serde_json::json!({ "vendor": { "mode": "sms_never" } })).await;
    world.buy(ANNA).await;
    world.advance(601).await;
    world.hears(ANNA, &["No code arrived", "returned"]).await;
    world.hears(ANNA, &["code arrived in time", "you have $10.00"]).await;
    world.say(ANNA, "/balance").await;
    world.hears(ANNA, &["Available $10.00", "Held $0.00", "Spent $0.00"]).await;
    world.say(ANNA, "/history").await;
    world.hears(ANNA, &["returned from order", "held for order"]).await;
    let chat = world.chat(ANNA).await;
    assert!(bot_messages(&chat).len() < 12, "a stream of messages: {chat:#}");
    world.close().await;
}
