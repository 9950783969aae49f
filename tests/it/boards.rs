//! What admins see and switch from the dashboard: services, the rule set and its versions.

use std::fs;
use std::time::Instant;

use crate::world::{ADA, ANNA, PATIENCE, Vendor, World};

const PRICING: &str = "scripts/pricing.rhai";

/// Waits until offers cost something else: what is saved or pressed becomes live a moment later.
async fn until_price_is_not(world: &World, former: &str) -> String {
    let end = Instant::now() + PATIENCE;
    loop {
        let price = world.quoted().await;
        if price != former {
            return price;
        }
        assert!(Instant::now() < end, "the price stays {former}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_rule_set_holds_over_restarts_until_files_change() {
    let mut world = World::open(Vendor::Mock).await;
    let before = world.quoted().await;
    world.save(PRICING, "fn price(offer) {\n    offer.cost + 3.00\n}\n");
    world.hears(ADA, &["is live", PRICING]).await;
    let dear = world.quoted().await;
    assert_ne!(before, dear);
    world.say(ADA, "/rules").await;
    world.newest(ADA, &["as the files say", "in: scripts/pricing.rhai", "accepted"]).await;
    world.press(ADA, "↩️").await;
    world.newest(ADA, &["Go to", "Sample prices", "Ring4 at a cost of $0.30: $3.30 →"]).await;
    world.press(ADA, "Make it live").await;
    world.hears(ADA, &["is live", "chosen by Ada"]).await;
    assert_eq!(world.quoted().await, before);
    // Whatever looks at the files finds what it found before.
    world.stop().await;
    world.start().await;
    assert_eq!(world.quoted().await, before);
    world.say(ADA, "/audit").await;
    world.newest(ADA, &["activate_rules"]).await;
    // Forward again, to what the files say.
    world.say(ADA, "/rules").await;
    world.newest(ADA, &["chosen by Ada"]).await;
    world.press(ADA, "↩️").await;
    world.press(ADA, "Make it live").await;
    world.hears(ADA, &["is live"]).await;
    assert_eq!(until_price_is_not(&world, &before).await, dear);
    // Back once more: a change on disk counts more than what was chosen.
    world.say(ADA, "/rules").await;
    world.newest(ADA, &["live since"]).await;
    world.press(ADA, "↩️").await;
    world.press(ADA, "Make it live").await;
    assert_eq!(until_price_is_not(&world, &dear).await, before);
    world.save(PRICING, "fn price(offer) {\n    offer.cost + 4.00\n}\n");
    let last = until_price_is_not(&world, &before).await;
    assert_ne!(last, dear);
    // A rejected save is told there, too.
    world.save(PRICING, "fn price(");
    world.hears(ADA, &["was not accepted"]).await;
    world.say(ADA, "/rules").await;
    world.newest(ADA, &["not accepted; the former rules", "pricing.rhai"]).await;
    // Each version that was live is kept.
    let kept = fs::read_dir(world.folder.path().join("data/rules")).expect("a folder");
    assert_eq!(kept.count(), 3);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_switched_off_and_on_from_the_board() {
    let mut world = World::open(Vendor::Mock).await;
    world.deposit(ANNA, "10").await;
    let order = world.buy(ANNA).await;
    world.advance(30).await;
    world.hears(ANNA, &["Delivered", &order]).await;
    world.say(ADA, "/admin").await;
    world.newest(ADA, &["Today $0.", "margin $0.", "All is well"]).await;
    world.press(ADA, "Services").await;
    world.newest(ADA, &["What vendors offer", "100 % got a code"]).await;
    world.press(ADA, "Stop Ring4").await;
    world.newest(ADA, &["switched off"]).await;
    // A button of before lists no countries of which each would say no.
    world.forge(ANNA, 1, "c:ring4").await;
    assert!(world.answer(ANNA).await.contains("out of date"));
    world.say(ANNA, "/start buy_ring4_US").await;
    world.newest(ANNA, &["Hello Anna"]).await;
    world.stop().await;
    world.start().await;
    world.say(ANNA, "/buy").await;
    world.newest(ANNA, &["Which service"]).await;
    assert!(world.find(ANNA, "Telegram").await.is_some());
    let shown = world.chat(ANNA).await;
    let last = crate::world::bot_messages(&shown).last().map(|last| last["buttons"].to_string());
    assert!(!last.expect("buttons").contains("Ring4"), "it is shown while it is off");
    world.say(ADA, "/audit").await;
    world.newest(ADA, &["set_service", "ring4"]).await;
    world.say(ADA, "/services").await;
    world.press(ADA, "Sell Ring4").await;
    world.button(ADA, "Stop Ring4").await;
    world.buy(ANNA).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_brings_a_customer_is_rewarded_for_the_first_deposit() {
    use crate::world::BORIS;
    let tuned = [(
        "referrals:\n  # Whether there are any.\n  enabled: false",
        "referrals:\n  enabled: true",
    )];
    let mut world = World::open_tuned(Vendor::Mock, Default::default(), &tuned).await;
    world.say(ANNA, "/start").await;
    world.newest(ANNA, &["Hello Anna"]).await;
    world.say(ANNA, "/balance").await;
    world.press(ANNA, "Invite friends").await;
    let card = world.newest(ANNA, &["?start=ref_1001", "5 % of their first deposit"]).await;
    assert!(card.contains("https://t.me/"), "{card}");
    world.say(BORIS, "/start ref_1001").await;
    world.newest(BORIS, &["Hello Boris"]).await;
    world.deposit(BORIS, "20").await;
    world.hears(ANNA, &["$1.00 is in your wallet", "somebody you invited", "$1.00"]).await;
    world.stop().await;
    world.start().await;
    world.deposit(BORIS, "30").await;
    world.say(ANNA, "/balance").await;
    world.newest(ANNA, &["Available $1.00"]).await;
    assert_eq!(world.count(ANNA, "somebody you invited").await, 1);
    world.close().await;
}
