//! The server's time zone is nobody's business: the same night, in which New York's clocks go
//! forward, is lived through by processes that were started with different zones.

use std::process::Stdio;
use std::time::Instant;

use ring4_playground::Options;
use serde_json::json;
use tokio::process::Command;

use crate::world::{ADA, ANNA, Vendor, World, bot_messages};

/// The zones that servers stand in.
const ZONES: [&str; 3] = ["UTC", "America/New_York", "Asia/Kathmandu"];

/// 2027-03-13 14:30 UTC, half an hour behind that day's report in New York.
const DAY_BEFORE: i64 = 1_804_948_200;

/// 2027-03-14 06:55 UTC, five minutes before two o'clock becomes three there.
const NIGHT: i64 = 1_805_007_300;

/// 2027-03-14 13:00 UTC, nine o'clock in summer; in winter it came an hour later.
const NINE: i64 = 1_805_029_200;

/// Turns the clock to this moment, in unix seconds.
async fn until(world: &World, moment: i64) {
    let now = world.get("clock").await["now"].as_i64().expect("a time");
    world.advance(u64::try_from(moment - now).expect("a later moment")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_in_which_clocks_go_forward() {
    let tuned = [("timezone: UTC", "timezone: America/New_York")];
    let world = World::open_tuned(Vendor::Smspool, Options::default(), &tuned).await;
    world.deposit(ANNA, "10").await;
    until(&world, DAY_BEFORE).await;
    world.until_count(ADA, "Report of", 1).await;

    // An order across the change has its ten minutes.
    until(&world, NIGHT).await;
    world.post("faults", json!({ "vendor": { "mode": "sms_never", "count": 9 } })).await;
    world.buy(ANNA).await;
    world.advance(580).await;
    world.say(ANNA, "/balance").await;
    let held = world.newest(ANNA, &["Your wallet"]).await;
    assert!(!held.contains("Held $0.00"), "its time is not over: {held}");
    world.advance(25).await;
    world.hears(ANNA, &["No code arrived", "returned"]).await;

    until(&world, NINE - 60).await;
    world.say(ANNA, "/balance").await;
    world.newest(ANNA, &["Held $0.00"]).await;
    until(&world, NINE + 65).await;
    world.until_count(ADA, "Report of", 2).await;
    let chat = world.chat(ADA).await;
    let sent: Vec<i64> = bot_messages(&chat)
        .iter()
        .filter(|message| message.to_string().contains("Report of"))
        .filter_map(|report| report["date"].as_i64())
        .collect();
    assert!(sent.last().is_some_and(|at| *at >= NINE), "before nine o'clock: {sent:?}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_servers_zone_changes_nothing() {
    let begun = Instant::now();
    let program = std::env::current_exe().expect("the test's own path");
    let mut nights = Vec::new();
    for zone in ZONES {
        let night = Command::new(&program)
            .args(["--exact", "zones::a_night_in_which_clocks_go_forward"])
            .env("TZ", zone)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the test's own program");
        nights.push((zone, night));
    }
    for (zone, night) in nights {
        let ended = night.wait_with_output().await.expect("an end");
        let told = String::from_utf8_lossy(&ended.stdout);
        assert!(ended.status.success() && told.contains("1 passed"), "TZ={zone}: {told}");
    }
    println!("the same night with TZ={} in {:.0?}", ZONES.join(", "), begun.elapsed());
}
