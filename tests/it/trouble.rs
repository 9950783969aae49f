//! A disk that is full, read-only or failing, and a clock that is wrong: the real binary under
//! the load of the crash test's people. Selling stops with a text, reading goes on, each admin is
//! told once, and selling goes on in the same process when the cause is gone; at the end the
//! books are audited as after a crash. Then power cuts, which no process survives.
//!
//! Mounting takes root; where the machine does not let us, a test says so and is skipped.

mod ground;
mod scene;

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::crash::number;
pub use ground::skip;
use ground::{Faults, Mount};
use scene::Scene;

/// Bytes of the small disk in memory, in MiB.
const DISK_MIB: u32 = 96;

macro_rules! or_skip {
    ($made:expr) => {
        match $made {
            Ok(made) => made,
            Err(reason) => return skip(&reason),
        }
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_the_selling_until_there_is_room() {
    let disk = or_skip!(Mount::tmpfs(DISK_MIB));
    let mut scene = Scene::open(&disk.data(), &[], 0).await;
    scene.trade().await;
    disk.fill();
    scene.suffer("the disk is full").await;
    disk.empty();
    scene.recover().await;
    scene.reckon().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn selling_stops_before_the_disk_is_full() {
    let disk = or_skip!(Mount::tmpfs(DISK_MIB));
    let mut scene = Scene::open(&disk.data(), &[], 40).await;
    scene.trade().await;
    disk.fill_by(60 << 20);
    scene.suffer("and 40 MiB must stay free").await;
    disk.empty();
    scene.recover().await;
    scene.reckon().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_waits_for_a_disk_that_takes_writes() {
    let disk = or_skip!(Mount::tmpfs(DISK_MIB));
    let mut scene = Scene::open(&disk.data(), &[], 0).await;
    scene.kill().await;
    disk.remount("ro");
    let mut process = scene.launch.start();
    process.says("the shop cannot start now and will try again").await;
    process.stop().await;
    let mut process = scene.launch.start();
    process.lives(Duration::from_secs(2)).await;
    disk.remount("rw");
    process.runs().await;
    process.stop().await;
}

/// File calls fail by these rules for a while.
async fn suffers_and_recovers(rules: &str, cause: &str) {
    let faults = or_skip!(Faults::new());
    let folder = tempfile::tempdir().expect("a folder");
    let mut scene = Scene::open(&folder.path().join("data"), &faults.env(), 0).await;
    scene.trade().await;
    faults.set(rules);
    scene.suffer(cause).await;
    faults.clear();
    scene.recover().await;
    scene.reckon().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_does_not_sync_stops_the_selling_until_it_does() {
    suffers_and_recovers("sync /data/journal/ 5", "the disk failed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_write_to_the_journal_stops_the_selling_and_is_cut_off() {
    suffers_and_recovers("write /data/journal/ short", "the disk is full").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_altogether_stops_the_selling_until_it_works() {
    suffers_and_recovers("write /data/ 5\nsync /data/ 5\n", "the disk failed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_turns_read_only_stops_the_selling_until_it_is_writable() {
    suffers_and_recovers("write /data/ 30\nsync /data/ 30\n", "read-only").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_back_stops_the_selling_until_it_is_right() {
    suffers_and_recovers("clock - -3600\n", "the clock was set back by 60 min").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_takes_the_clock_as_it_is() {
    let faults = or_skip!(Faults::new());
    let folder = tempfile::tempdir().expect("a folder");
    let mut scene = Scene::open(&folder.path().join("data"), &faults.env(), 0).await;
    scene.trade().await;
    faults.set("clock - -3600\n");
    scene.suffer("the clock was set back by 60 min").await;
    scene.restart().await;
    scene.hear("The clock stands").await;
    scene.sells().await;
    scene.reckon().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_ahead_passes_every_deadline_at_once_and_loses_nothing() {
    let faults = or_skip!(Faults::new());
    let folder = tempfile::tempdir().expect("a folder");
    let mut scene = Scene::open(&folder.path().join("data"), &faults.env(), 0).await;
    scene.trade().await;
    faults.set("clock - 7200\n");
    scene.sells().await;
    scene.reckon().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_leaves_the_folder_alone_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut scene = Scene::open(&data, &[], 0).await;
    scene.trade().await;
    let second = scene.launch.start();
    assert_eq!(second.ends().await, Some(75), "{}", scene.launch.log.tail());
    let words = format!("{} is in use by another process", data.display());
    assert!(scene.launch.log.tail().contains(&words), "{}", scene.launch.log.tail());
    scene.sells().await;
    scene.reckon().await;
}

/// How long a process lives before the power is cut, in milliseconds.
const LIFE_MS: std::ops::RangeInclusive<u64> = 200..=2_500;

#[tokio::test(flavor = "multi_thread")]
async fn power_cuts_lose_nothing_and_book_nothing_twice() {
    let cuts = number("RING4_CUTS").unwrap_or(5);
    let disk = or_skip!(Mount::ext4(512));
    let mut scene = Scene::open(&disk.data(), &[], 0).await;
    scene.trade().await;
    let mut lot = StdRng::seed_from_u64(scene.seed);
    for _ in 0..cuts {
        scene.lives(Duration::from_millis(lot.random_range(LIFE_MS))).await;
        disk.cut();
        scene.kill().await;
        disk.start_again();
        scene.start().await;
    }
    println!("{cuts} power cuts");
    scene.sells().await;
    scene.reckon().await;
}
