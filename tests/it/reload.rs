//! What operators save while the shop runs: good changes are live at once, bad ones change
//! nothing and are told with their line, and a shop with broken files starts on the last good.

use std::fs;
use std::time::Instant;

use ring4_domain::money::Amount;
use serde_json::json;

use crate::world::{ADA, ANNA, PATIENCE, Vendor, World};

const PRICING: &str = "scripts/pricing.rhai";

/// A script whose price is `formula` of the offer.
fn pricing(formula: &str) -> String {
    format!("// A price of the tests.\nfn price(offer) {{\n    {formula}\n}}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_price_is_the_next_price() {
    let world = World::open(Vendor::Mock).await;
    let before = world.quoted().await;
    world.save(PRICING, &pricing("offer.cost + 1.00"));
    world.hears(ADA, &["is live", "scripts/pricing.rhai"]).await;
    let after = world.quoted().await;
    let amount = |text: &str| text.trim_start_matches('$').parse::<Amount>().expect("an amount");
    assert!(amount(&after) > amount(&before), "{before} stayed {after}");
    world.save("scripts/messages.en.yaml", &{
        let path = world.folder.path().join("scripts/messages.en.yaml");
        let text = fs::read_to_string(path).expect("the messages");
        text.replace("📱 Buy a number", "📱 Get a number")
    });
    world.hears(ADA, &["is live", "scripts/messages.en.yaml"]).await;
    world.say(ANNA, "/start").await;
    world.press(ANNA, "Get a number").await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_is_live_while_telegram_turns_the_admin_away() {
    let world = World::open(Vendor::Mock).await;
    let mut before = world.quoted().await;
    let pause = json!({ "count": 1000, "secs": 60, "chat_id": ADA });
    world.post("faults", json!({ "retry_after": pause })).await;
    // Ada cannot be told of the first when the second is saved.
    for more in ["1.00", "2.00"] {
        world.save(PRICING, &pricing(&format!("offer.cost + {more}")));
        let end = Instant::now() + PATIENCE;
        let mut after = world.quoted().await;
        while after == before {
            assert!(Instant::now() < end, "the save of {more} waits for Telegram");
            after = world.quoted().await;
        }
        before = after;
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_save_changes_nothing_and_names_its_line() {
    let world = World::open(Vendor::Mock).await;
    let before = world.quoted().await;
    // what is saved → what the admin is told
    let rows: &[(&str, String, &[&str])] = &[
        ("an endless loop", pricing("loop { }"), &["pricing.rhai:3:"]),
        ("a syntax error", pricing("offer.cost +"), &["pricing.rhai:4:"]),
        ("a negative price", pricing("0 - offer.cost"), &["pricing.rhai", "above 0"]),
        ("no function", "fn prise(offer) { 1 }\n".to_owned(), &["pricing.rhai", "price"]),
        ("a property that is not there", pricing("offer.cosst"), &["pricing.rhai:3:", "cost"]),
    ];
    for (what, script, words) in rows {
        let seen = world.count(ADA, "was not accepted").await;
        world.save(PRICING, script);
        world.until_count(ADA, "was not accepted", seen + 1).await;
        let told = world.newest(ADA, &["was not accepted"]).await;
        for word in *words {
            assert!(told.contains(word), "{what}: {told}");
        }
        assert_eq!(world.quoted().await, before, "{what} changed the price");
    }
    let seen = world.count(ADA, "was not accepted").await;
    let config = ring4_config::SHIPPED.replace("price_step: 0.01", "price_stp: 0.01");
    world.save("config.yaml", &config);
    world.until_count(ADA, "was not accepted", seen + 1).await;
    let told = world.newest(ADA, &["was not accepted"]).await;
    assert!(told.contains("config.yaml:") && told.contains("did you mean"), "{told}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_files_at_a_start_leave_the_last_good_rules_live() {
    let mut world = World::open(Vendor::Mock).await;
    world.save(PRICING, &pricing("offer.cost + 2.00"));
    world.hears(ADA, &["is live"]).await;
    let before = world.quoted().await;
    world.stop().await;
    world.save(PRICING, "fn price(");
    world.start().await;
    assert_eq!(world.quoted().await, before);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_keeps_the_price_it_showed() {
    let world = World::open(Vendor::Mock).await;
    world.deposit(ANNA, "20").await;
    let shown = world.quoted().await;
    world.save(PRICING, &pricing("offer.cost + 5.00"));
    world.hears(ADA, &["is live"]).await;
    world.press(ANNA, &format!("Buy for {shown}")).await;
    let card = world.hears(ANNA, &["Number +", "held"]).await;
    assert!(card.contains(&format!("{shown} held")), "{card}");
    world.close().await;
}
