//! Telegram Stars: each payment is credited once, however often it is told, also where Telegram
//! did not tell it, and given back once behind a hold; all of it across restarts.

use ring4_playground::Options;
use serde_json::{Value, json};

use crate::world::{ADA, ANNA, BORIS, TOKEN, Vendor, World};

/// Switches them on in the shipped settings.
pub const ON: (&str, &str) = (
    "    enabled: false\n    # The name on their button.",
    "    enabled: true\n    # The name on their button.",
);

/// What the sweep through Telegram's list asks for. It goes in turns, so that one has been all
/// the way when the next one asks.
const SWEEP: &str = "getStarTransactions";

async fn shop_with_stars() -> World {
    World::open_tuned(Vendor::Mock, Options::default(), &[ON]).await
}

/// Opens a deposit of ten dollars in stars and returns the invoice's message.
async fn invoice(world: &World) -> i64 {
    world.say(ANNA, "/deposit 10").await;
    world.press(ANNA, "Telegram Stars").await;
    world.hears(ANNA, &["Deposit of $10.00", "Pay 770 stars"]).await;
    world.button(ANNA, "Pay ⭐ 770").await.0
}

async fn pay(world: &World, invoice: i64, untold: bool) {
    let body = json!({ "message_id": invoice, "untold": untold });
    world.post(&format!("people/{ANNA}/payments"), body).await;
}

/// The id at the end of the newest card with these words.
async fn deposit_id(world: &World, words: &[&str]) -> String {
    let card = world.hears(ANNA, words).await;
    let line = card.lines().rev().find_map(|line| line.strip_prefix("Deposit "));
    line.expect("an id at the end of the card").trim().to_owned()
}

async fn refunds(world: &World) -> usize {
    let rows = world.get("payments").await;
    let rows = rows.as_array().expect("a list").iter();
    rows.filter(|row| row["refund"] == true).count()
}

async fn balance(world: &World, words: &[&str]) {
    world.say(ANNA, "/balance").await;
    world.newest(ANNA, words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_told_again_and_again_is_credited_once() {
    let mut world = shop_with_stars().await;
    let invoice = invoice(&world).await;
    pay(&world, invoice, false).await;
    world.hears(ANNA, &["$10.00 is in your wallet"]).await;
    world.hears(ANNA, &["Deposit of $10.00", "Credited, ledger entry"]).await;
    let charge = world.get("payments").await[0]["charge"].as_str().expect("an id").to_owned();
    let again = format!("payments/{charge}/repeat");
    for _ in 0..3 {
        world.post(&again, json!({})).await;
    }
    // One chat is served in order: what is answered now was handled after all of those.
    balance(&world, &["Available $10.00", "Deposited $10.00"]).await;
    world.stop().await;
    world.post(&again, json!({})).await;
    world.start().await;
    world.post(&again, json!({})).await;
    balance(&world, &["Available $10.00", "Deposited $10.00"]).await;
    // The sweep at the start and the one an hour later find nothing to credit, either.
    for _ in 0..2 {
        world.advance_past_call(3_601, SWEEP).await;
    }
    balance(&world, &["Available $10.00", "Deposited $10.00"]).await;
    assert_eq!(world.count(ANNA, "is in your wallet").await, 1);
    world.say(ANNA, "/paysupport").await;
    world.newest(ANNA, &["wrong with a payment"]).await;
    world.say(ANNA, "/terms").await;
    world.newest(ANNA, &["Terms"]).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_was_never_told_is_found() {
    let mut world = shop_with_stars().await;
    let first = invoice(&world).await;
    pay(&world, first, true).await;
    world.until(ANNA, "a payment", |chat| last_checkout(chat)["status"] == "paid").await;
    balance(&world, &["Available $0.00"]).await;
    world.advance(3_601).await;
    world.hears(ANNA, &["$10.00 is in your wallet"]).await;

    // Paid while the shop was down: the sweep at the start finds it.
    let second = invoice(&world).await;
    pay(&world, second, true).await;
    world.until(ANNA, "a payment", |chat| last_checkout(chat)["status"] == "paid").await;
    world.stop().await;
    world.start().await;
    world.hears(ANNA, &["$10.00 is in your wallet", "You have $20.00"]).await;
    world.stop().await;
    world.start().await;
    balance(&world, &["Available $20.00", "Deposited $20.00"]).await;
    world.close().await;
}

fn last_checkout(chat: &Value) -> Value {
    let checkouts = chat["checkouts"].as_array();
    checkouts.and_then(|all| all.last()).cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_out_of_time_is_not_paid() {
    let mut world = shop_with_stars().await;
    let invoice = invoice(&world).await;
    // The shop is down when the time is over, so the invoice still stands with its button.
    world.stop().await;
    world.advance(3_601).await;
    pay(&world, invoice, false).await;
    world.start().await;
    let refused = |chat: &Value| last_checkout(chat)["status"] == "refused";
    let chat = world.until(ANNA, "a refusal", refused).await;
    let text = last_checkout(&chat)["text"].as_str().unwrap_or_default().to_owned();
    assert!(text.contains("The time for this deposit is over"), "{text}");
    assert_eq!(world.get("payments").await, json!([]));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stars_are_given_back_once_behind_a_hold() {
    let mut world = shop_with_stars().await;
    let invoice = invoice(&world).await;
    pay(&world, invoice, false).await;
    world.hears(ANNA, &["$10.00 is in your wallet"]).await;
    let id = deposit_id(&world, &["Deposit of $10.00", "Credited"]).await;
    // Telegram is out of reach: the money is held meanwhile, also across a restart.
    let fault =
        json!({ "server_error": { "count": 1000, "code": 502, "method": "refundStarPayment" } });
    world.post("faults", fault).await;
    for _ in 0..3 {
        world.say(ADA, &format!("/refund_stars {id}")).await;
    }
    world.hears(ADA, &["wants the stars given back"]).await;
    balance(&world, &["Available $0.00", "Held $10.00"]).await;
    world.stop().await;
    world.start().await;
    balance(&world, &["Available $0.00", "Held $10.00"]).await;
    assert_eq!(refunds(&world).await, 0);
    // It is back, and the first answer is lost: the second time Telegram says that it was done.
    world.post("faults", json!({ "clear": true })).await;
    let lost = json!({ "count": 1, "when": "after", "method": "refundStarPayment" });
    world.post("faults", json!({ "drop_connections": lost })).await;
    world.advance(61).await;
    world.hears(ANNA, &["The stars of deposit", "were given back", "You have $0.00"]).await;
    balance(&world, &["Available $0.00", "Held $0.00", "Deposited $0.00", "Spent $0.00"]).await;
    world.say(ADA, &format!("/refund_stars {id}")).await;
    world.newest(ADA, &["Stars given back"]).await;
    assert_eq!(refunds(&world).await, 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stars_that_go_back_take_the_reward_for_them_along() {
    let rewards =
        ("referrals:\n  # Whether there are any.\n  enabled: false", "referrals:\n  enabled: true");
    let world = World::open_tuned(Vendor::Mock, Options::default(), &[ON, rewards]).await;
    world.say(BORIS, "/start").await;
    world.newest(BORIS, &["Hello Boris"]).await;
    world.say(ANNA, &format!("/start ref_{BORIS}")).await;
    world.newest(ANNA, &["Hello Anna"]).await;
    let invoice = invoice(&world).await;
    pay(&world, invoice, false).await;
    world.hears(BORIS, &["$0.50 is in your wallet", "somebody you invited"]).await;
    let id = deposit_id(&world, &["Deposit of $10.00", "Credited"]).await;
    world.say(ADA, &format!("/refund_stars {id}")).await;
    world.hears(ADA, &[&id, "$0.50 went to whoever invited"]).await;
    world.hears(ANNA, &["The stars of deposit", "were given back"]).await;
    world.hears(BORIS, &["$0.50 left your wallet again", "You have $0.00"]).await;
    // The next deposit is not the first, and rewards nobody.
    world.deposit(ANNA, "20").await;
    world.say(BORIS, "/balance").await;
    world.newest(BORIS, &["Available $0.00"]).await;
    assert_eq!(world.count(BORIS, "somebody you invited made").await, 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_telegram_gave_back_by_itself_is_told_to_the_admins_once() {
    let world = shop_with_stars().await;
    let invoice = invoice(&world).await;
    pay(&world, invoice, false).await;
    world.hears(ANNA, &["$10.00 is in your wallet"]).await;
    let charge = world.get("payments").await[0]["charge"].as_str().expect("an id").to_owned();
    // As the owner of the bot does it elsewhere.
    let url = format!("http://{}/bot{TOKEN}/refundStarPayment", world.playground.address());
    let body = json!({ "user_id": ANNA, "telegram_payment_charge_id": charge });
    let answer = reqwest::Client::new().post(url).json(&body).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{answer:?}");
    world.advance(3_601).await;
    world.hears(ADA, &["gave 770 stars back", "not by this shop"]).await;
    // The money stays where it is until an admin has looked, and the next sweep says nothing new.
    balance(&world, &["Available $10.00"]).await;
    for _ in 0..2 {
        world.advance_past_call(3_601, SWEEP).await;
    }
    balance(&world, &["Available $10.00"]).await;
    assert_eq!(world.count(ADA, "not by this shop").await, 1);
    world.close().await;
}
