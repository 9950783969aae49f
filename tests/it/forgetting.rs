//! A month later: what a customer can still see of an order, and what still lies on the disk.

use std::path::{Path, PathBuf};

use crate::world::{ADA, ANNA, Vendor, World};

const DAY_SECS: u64 = 86_400;

fn files(under: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(under).expect("a folder").map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The files under `data` that hold one of these texts.
fn telling(data: &Path, texts: &[&str]) -> Vec<String> {
    let tells = |path: &PathBuf| {
        // Files that reserve their space are mostly pages of nothing.
        let bytes = std::fs::read(path).unwrap_or_default();
        let pages = bytes.chunks(4_096).filter(|page| page.iter().any(|byte| *byte != 0));
        let text = String::from_utf8_lossy(&pages.collect::<Vec<_>>().concat()).into_owned();
        texts.iter().any(|word| text.contains(word))
    };
    let name = |path: PathBuf| path.strip_prefix(data).unwrap().to_string_lossy().into_owned();
    files(data).into_iter().filter(tells).map(name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_month_nobody_can_read_a_number_or_a_code() {
    let mut world = World::open(Vendor::Smspool).await;
    let data = world.folder.path().join("data");
    world.deposit(ANNA, "10").await;
    let id = world.buy(ANNA).await;
    world.advance(30).await;
    let ring = world.hears(ANNA, &["Your Ring4 code is"]).await;
    let card = world.hears(ANNA, &["Number +", "Code", "Delivered"]).await;
    let word = |line: &str| {
        let line = card.lines().find_map(|found| found.strip_prefix(line)).expect("a line");
        line.trim().to_owned()
    };
    let (number, code) = (word("Number +"), word("Code"));
    assert!(ring.contains(&code) && number.len() > 7, "{ring}");
    let store = ["journal", "state", "keys", "rules"].map(|part| data.join(part));
    for part in &store {
        assert_eq!(telling(part, &[&number, &code]), Vec::<String>::new(), "{}", part.display());
    }
    // A press tells Telegram, and so the inbox, what stands above the button.
    world.press(ANNA, "Buy again").await;
    world.answer(ANNA).await;
    let told = telling(&data, &[&number, &code]);
    assert!(!told.is_empty() && told.iter().all(|file| file.starts_with("inbox/")), "{told:?}");
    let keys = || files(&data.join("keys")).len();
    assert_eq!(keys(), 2);

    // Thirty days later it can still be read, as after a restart.
    world.advance(29 * DAY_SECS).await;
    world.stop().await;
    world.start().await;
    see_order(&world, &id).await;
    world.newest(ANNA, &["Number +", &code]).await;

    // A day later it is forgotten while the shop runs.
    world.advance(2 * DAY_SECS).await;
    let deadline = std::time::Instant::now() + crate::world::PATIENCE;
    while keys() > 0 {
        assert!(std::time::Instant::now() < deadline, "the keys still lie there");
        tokio::task::yield_now().await;
    }
    see_order(&world, &id).await;
    let card = world.newest(ANNA, &["no longer kept", "charged", &id]).await;
    assert!(!card.contains(&number) && !card.contains(&code), "{card}");
    assert_eq!(telling(&data, &[&number, &code]), Vec::<String>::new());
    world.say(ADA, "/admin").await;
    world.hears(ADA, &["Open orders 0"]).await;
    world.stop().await;
    let options = ring4_storage::Options::default();
    let (shop, recovery) = ring4_storage::Store::open(&data, &options).expect("a store");
    assert!(recovery.events.is_empty(), "{recovery:?}");
    let report = shop.reader().verify();
    assert!(report.is_clean(), "{:?}", report.findings);
    drop(shop);
    world.close().await;
}

/// Asks for the card of an order anew.
async fn see_order(world: &World, id: &str) {
    world.say(ANNA, "/orders").await;
    world.newest(ANNA, &["Your orders"]).await;
    world.press(ANNA, "delivered").await;
    world.newest(ANNA, &[id]).await;
}
