//! How far it is to a number, counted in taps, and how soon a code shows.

use std::time::{Duration, Instant};

use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::ids::OrderId;
use serde_json::json;

use crate::world::{ANNA, Vendor, World, order_id};

/// The most taps to the first number, and to a favourite.
const FIRST_MAX: usize = 5;
const FAVOURITE_MAX: usize = 2;

/// Codes that are waited for.
const CODES: usize = 10;

/// The longest a code may take from the vendor's answer to the chat.
const CODE_WITHIN: Duration = Duration::from_secs(1);

/// Writes `/start`, taps these buttons, and sees the number; how many taps it took.
async fn tap(world: &World, labels: &[&str]) -> (usize, String) {
    world.say(ANNA, "/start").await;
    world.newest(ANNA, &["Hello Anna"]).await;
    for label in labels {
        world.press(ANNA, label).await;
    }
    let card = world.newest(ANNA, &["Number +", "Waiting for the code"]).await;
    (labels.len(), order_id(&card))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_few_taps_away() {
    let world = World::open(Vendor::Mock).await;
    world.deposit(ANNA, "10").await;
    let labels = ["Buy a number", "Ring4", "United States", "Buy for"];
    let (first, _) = tap(&world, &labels).await;
    let (favourite, _) = tap(&world, &["⭐ Ring4", "Buy for"]).await;
    println!("taps to the first number {first}, to a favourite {favourite}");
    assert!(first <= FIRST_MAX && favourite <= FAVOURITE_MAX);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_shows_within_a_second_of_the_vendors_answer() {
    let limits = [
        ("orders_per_minute: 10", "orders_per_minute: 0"),
        ("\n  open_max: 5", "\n  open_max: 100"),
    ];
    let world = World::open_tuned(Vendor::Smspool, Default::default(), &limits).await;
    world.deposit(ANNA, "10").await;
    world.post("faults", json!({ "vendor": { "mode": "sms_never", "count": 100 } })).await;
    let shop = world.shop();
    let mut longest = Duration::ZERO;
    for number in 0..CODES {
        let order: OrderId = world.buy(ANNA).await.parse().expect("an id");
        let known = shop.snapshot().order(order).expect("readable").expect("an order");
        let vendor_order = known.purchase.expect("a purchase").vendor_order;
        let code = format!("7{number:04}");
        let words = format!("Your Ring4 code is {code}");
        let arrived = Command::CodeArrived { order, vendor_order, code: code.into(), text: None };
        let begun = Instant::now();
        let taken = shop.submit(Actor::Engine, "taps", arrived).await;
        taken.expect("a commit").expect("no refusal");
        world.hears(ANNA, &[&words]).await;
        longest = longest.max(begun.elapsed());
    }
    println!("{CODES} codes, the longest {longest:.0?} from the vendor's answer to the chat");
    assert!(longest <= CODE_WITHIN, "{longest:?}");
    drop(shop);
    world.close().await;
}
