//! What `policy.rhai` decides of deposits, and a shop that has no policy of its own.

use std::fs;

use crate::world::{ADA, ANNA, Vendor, World};
use ring4_playground::Options;

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_may_be_stricter_than_the_limit_and_never_more_generous() {
    let tuned = [("auto_approve_below: 0", "auto_approve_below: 7")];
    let world = World::open_tuned(Vendor::Mock, Options::default(), &tuned).await;
    let path = world.folder.path().join("scripts/policy.rhai");
    let text = fs::read_to_string(&path).expect("the policy");
    let (from, to) = (
        "deposit.amount < deposit.params.deposits.auto_approve_below",
        "deposit.deposits > 0 || deposit.amount > 1000",
    );
    assert_eq!(text.matches(from).count(), 1);
    world.save(
        "scripts/policy.rhai",
        &text.replace(from, to).replace("amount: 1000000", "amount: 1"),
    );
    world.hears(ADA, &["is live", "policy.rhai"]).await;
    // Below the limit, but nothing was ever paid in.
    world.say(ANNA, "/deposit 5").await;
    world.press(ANNA, "USDT").await;
    world.press(ANNA, "I have paid").await;
    world.press(ADA, "Approve").await;
    world.hears(ANNA, &["$5.00 is in your wallet"]).await;
    // Known by now: nobody is asked.
    world.say(ANNA, "/deposit 6").await;
    world.press(ANNA, "USDT").await;
    world.press(ANNA, "I have paid").await;
    world.hears(ANNA, &["$6.00 is in your wallet", "$11.00"]).await;
    // The script would take it; the limit of the settings does not.
    world.say(ANNA, "/deposit 8").await;
    world.press(ANNA, "USDT").await;
    world.press(ANNA, "I have paid").await;
    world.hears(ADA, &["$8.00"]).await;
    world.press(ADA, "Approve").await;
    world.hears(ANNA, &["$8.00 is in your wallet", "$19.00"]).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_without_a_policy_starts_with_the_shipped_one() {
    let mut world = World::around(&[Vendor::Mock], Options::default(), &[]).await;
    fs::remove_file(world.folder.path().join("scripts/policy.rhai")).expect("removed");
    world.start().await;
    world.deposit(ANNA, "10").await;
    let order = world.buy(ANNA).await;
    world.advance(30).await;
    world.hears(ANNA, &["Delivered", &order]).await;
    let version = world.shop().live.load().version();
    let kept = world.folder.path().join(format!("data/rules/{version}/shipped/policy.rhai"));
    assert!(kept.is_file(), "the version does not say what decided");
    world.stop().await;
    world.start().await;
    assert_eq!(world.shop().live.load().version(), version);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_hear_of_new_and_failed_orders_where_they_want_to() {
    let tuned =
        [("new_order: false", "new_order: true"), ("failed_order: false", "failed_order: true")];
    let world = World::open_tuned(Vendor::Smspool, Options::default(), &tuned).await;
    world.deposit(ANNA, "10").await;
    let order = world.buy(ANNA).await;
    world.hears(ADA, &["Anna buys Ring4", &order]).await;
    let gone = serde_json::json!({ "vendor": { "mode": "out_of_stock", "count": 20 } });
    world.say(ANNA, "/start buy_ring4_US").await;
    world.newest(ANNA, &["fixed for"]).await;
    world.post("faults", gone).await;
    world.press(ANNA, "Buy for").await;
    world.hears(ADA, &["No number for Anna", "Ring4"]).await;
    world.close().await;
}
