//! From the press on Buy to the edited card with the number, beside the disk's syncs on the way.

use std::path::Path;
use std::time::{Duration, Instant};

use ring4_playground::Playground;
use serde_json::Value;

use crate::disk::sync_times;
use crate::table::{Budget, Rounds, Row, short};
use crate::updates::PEOPLE;
use crate::watch::{chat, until, version};

const PURCHASES: i64 = 200;

/// Purchases between two looks at the disk.
const PER_ROUND: usize = 20;

/// Durable steps one after the other: the press in the inbox, the order placed, the purchase
/// begun, the number there.
const SYNCS: f64 = 4.0;

/// What a purchase may take beside the disk, in milliseconds.
const BEYOND_SYNCS_MILLIS: f64 = 50.0;

/// Buys one number for each of many people, one after the other, and prints.
pub fn measure(runtime: &tokio::runtime::Runtime, server: &Playground, folder: &Path) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let (mut purchases, mut syncs, mut beyond) =
        (Rounds::default(), Rounds::default(), Rounds::default());
    let people: Vec<i64> = (1..=PURCHASES.min(PEOPLE)).collect();
    for round in people.chunks(PER_ROUND) {
        let sync = sync_times(folder, Duration::from_millis(250)).median();
        for person in round {
            let millis = runtime.block_on(purchase(&http, server, *person));
            purchases.add(millis);
            syncs.add(sync);
            beyond.add(millis - SYNCS * sync);
        }
    }
    Row {
        what: "press on Buy, until the number shows",
        unit: "ms",
        figures: &purchases,
        reference: ("fdatasync", &syncs),
        budget: Budget::None,
        note: format!(
            "p99 {} ms; four syncs are on the way, beyond them p50 {} ms",
            short(purchases.quantile(0.99)),
            short(beyond.median())
        ),
    }
    .print();
    let mut p99 = Rounds::default();
    p99.add(beyond.quantile(0.99));
    Row {
        what: "the same, p99 beyond four syncs",
        unit: "ms",
        figures: &p99,
        reference: ("fdatasync", &syncs),
        budget: Budget::Max(BEYOND_SYNCS_MILLIS),
        note: String::new(),
    }
    .print();
}

/// One purchase in milliseconds.
async fn purchase(http: &reqwest::Client, server: &Playground, person: i64) -> f64 {
    let address = server.address().to_string();
    let seen = chat(http, &address, person, 0).await;
    server.say(person, "/start buy_ring4_US").unwrap();
    let offered = |messages: &[Value]| messages.iter().rev().find_map(buy_button);
    let has_offer = |messages: &[Value]| offered(messages).is_some();
    let offer = until(http, &address, person, version(&seen), has_offer).await;
    let (message, data) = offered(offer["messages"].as_array().unwrap()).unwrap();
    let start = Instant::now();
    server.press(person, message, &data).unwrap();
    let has_number = |messages: &[Value]| {
        messages.iter().any(|known| {
            let text = known["text"].as_str().unwrap_or_default();
            known["message_id"] == message && text.contains("Number +")
        })
    };
    until(http, &address, person, version(&offer), has_number).await;
    start.elapsed().as_secs_f64() * 1_000.0
}

/// The message, if there is a quote in it, and what the button under it carries.
fn buy_button(message: &Value) -> Option<(i64, String)> {
    let rows = message["buttons"].as_array()?;
    let buttons = rows.iter().filter_map(Value::as_array).flatten();
    let mut found = buttons
        .filter(|button| button["label"].as_str().is_some_and(|label| label.contains("Buy for")));
    Some((message["message_id"].as_i64()?, found.next()?["data"].as_str()?.to_owned()))
}
