//! How codes are asked for: one list for everybody, and nobody is lost when the list is wrong.

use std::time::Duration;

use ring4_playground::{Options, VendorOptions};
use serde_json::json;

use crate::world::{ADA, ANNA, BORIS, Vendor, World};

/// A shop of SMSPool whose codes take this many seconds, with a clock that is in a hurry.
async fn shop(code_secs: u64) -> World {
    let delay = Duration::from_secs(code_secs);
    let vendors =
        VendorOptions { code_delay_min: delay, code_delay_max: delay, ..VendorOptions::default() };
    let world = World::open_with(Vendor::Smspool, Options { vendors, ..Options::default() }).await;
    for person in [ANNA, BORIS] {
        world.say(person, "/start").await;
        world.deposit(person, "10").await;
    }
    world
}

async fn requests(world: &World, path: &str) -> u64 {
    world.asked(Vendor::Smspool, path).await
}

#[tokio::test(flavor = "multi_thread")]
async fn all_orders_of_a_vendor_share_one_list_and_none_is_asked_for_by_itself() {
    let world = shop(40).await;
    for (person, orders) in [(ANNA, 3), (BORIS, 2)] {
        for order in 1..=orders {
            world.buy(person).await;
            world.until_count(person, "Number +", order).await;
        }
    }
    world.post("clock", json!({ "speed": 10 })).await;
    for (person, codes) in [(ANNA, 3), (BORIS, 2)] {
        world.until_count(person, "Your Ring4 code is", codes).await;
    }
    let lists = requests(&world, "/request/active").await;
    assert_eq!(requests(&world, "/sms/check").await, 0, "after {lists} lists");
    // Five orders of 40 s, asked for every two seconds: by themselves a hundred requests.
    assert!((1..60).contains(&lists), "{lists} lists");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_lost_every_order_ends_none_and_hides_no_code() {
    let world = shop(40).await;
    let fault = json!({ "mode": "vanish", "count": 1_000, "path": "/request/active" });
    world.post("faults", json!({ "vendor": fault })).await;
    let order = world.buy(ANNA).await;
    world.buy(BORIS).await;
    world.post("clock", json!({ "speed": 10 })).await;
    for person in [ANNA, BORIS] {
        world.hears(person, &["Your Ring4 code is"]).await;
        world.hears(person, &["Delivered", "charged"]).await;
    }
    let (lists, checks) =
        (requests(&world, "/request/active").await, requests(&world, "/sms/check").await);
    assert!(lists >= 3, "{lists} lists");
    assert!(checks >= 2, "{order} was found in {lists} empty lists and {checks} checks");
    assert_eq!(world.count(ADA, &order).await, 0, "nothing for a human to do");
    world.close().await;
}
