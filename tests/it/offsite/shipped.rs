//! A shop's store, shipped somewhere and fetched back: outages, repetitions, forks, damage.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ring4::clock::Clock;
use ring4::shipping::{Choice, Fetched, Shipping, ShippingOptions, Status, fetch_shop};
use ring4_domain::change::{Actor, Change, Seq};
use ring4_domain::ids::{RulesVersion, Timestamp};
use ring4_offsite::{Offsite, Target};
use ring4_storage::{
    BackupKind, BackupRequest, Backups, Head, Options, RestoreFrom, RestoreRequest, Store, restore,
    unwatched,
};
use tempfile::TempDir;
use tokio::sync::watch;

use super::server::{Plug, Server, bucket};
use crate::world::PATIENCE;

/// When the first entry is made; entries are a minute apart.
const NOON: i64 = 1_760_000_000_000;

/// A store with a place to ship to.
pub struct Ground {
    pub dir: TempDir,
    pub store: Option<Store>,
    pub place: Offsite,
}

impl Ground {
    pub fn with(place: Option<Offsite>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("mounted");
        std::fs::create_dir(&folder).unwrap();
        let place = place.unwrap_or_else(|| folder_at(&folder));
        let store = Some(open(&dir.path().join("data")));
        Self { dir, store, place }
    }

    pub fn store(&mut self) -> &mut Store {
        self.store.as_mut().unwrap()
    }

    pub fn backups(&self) -> Backups {
        Backups::new(&self.dir.path().join("backups"), &self.dir.path().join("data"))
    }

    fn options(&self) -> ShippingOptions {
        ShippingOptions {
            offsite: self.place.clone(),
            reader: self.store.as_ref().unwrap().reader(),
            clock: Clock::real(),
            backup_dir: self.dir.path().join("backups"),
            kept_per_kind: Arc::new(|| 2),
            seal: None,
            tend_every: Duration::from_secs(3_600),
        }
    }

    fn ship(&self) -> Shipping {
        Shipping::start(self.options())
    }

    /// Ships until everything is there.
    async fn ship_all(&mut self) {
        let shipping = self.ship();
        let head = self.store().head();
        until(&shipping, "all of it there", |status| status.shipped == Some(head.seq)).await;
        shipping.stop().await;
    }

    fn backup(&self, seq: i64) -> PathBuf {
        let at = Timestamp(NOON + seq * 60_000);
        let request = BackupRequest { kind: BackupKind::Manual, note: String::new(), at };
        let reader = self.store.as_ref().unwrap().reader();
        self.backups().create(&reader, &request, &mut unwatched).unwrap().path
    }
}

pub fn folder_at(path: &Path) -> Offsite {
    Offsite::open(Target::Folder(path.to_owned()), |_| None).unwrap()
}

pub fn open(dir: &Path) -> Store {
    Store::open(dir, &Options::default()).unwrap().0
}

/// Commits this many entries, in one group.
pub fn trade(store: &mut Store, count: u64, history: u8) {
    let head = store.head().seq.0;
    let mut group = store.begin();
    for seq in head + 1..=head + count {
        let mut version = [history; 8];
        version[..4].copy_from_slice(&u32::try_from(seq).unwrap().to_be_bytes());
        let at = Timestamp(NOON + i64::try_from(seq).unwrap() * 60_000);
        let change = Change::RulesActivated(RulesVersion(version).into());
        group.stage(at, Actor::Engine, "test", vec![change]).unwrap();
    }
    group.commit().unwrap();
}

/// Commits entries that are many bytes together, in groups.
fn trade_bytes(store: &mut Store, groups: u64) {
    for _ in 0..groups {
        let mut group = store.begin();
        for _ in 0..500 {
            let change = Change::RulesActivated(RulesVersion([7; 8]).into());
            let cause = "x".repeat(ring4_domain::change::CAUSE_LEN_MAX);
            group.stage(Timestamp(NOON), Actor::Engine, cause, vec![change]).unwrap();
        }
        group.commit().unwrap();
    }
}

async fn until(shipping: &Shipping, what: &str, fits: impl FnMut(&Status) -> bool) -> Status {
    until_status(&mut shipping.status(), what, fits).await
}

pub async fn until_status(
    status: &mut watch::Receiver<Status>,
    what: &str,
    fits: impl FnMut(&Status) -> bool,
) -> Status {
    if let Ok(found) = tokio::time::timeout(PATIENCE, status.wait_for(fits)).await {
        return found.unwrap().clone();
    }
    panic!("never {what}: {:?}", *status.borrow())
}

pub async fn fetch(place: &Offsite, into: &Path, choice: &Choice) -> Fetched {
    let backups = Backups::new(into, into);
    let head_of = |path: &Path| {
        backups.header_of(path).map(|header| header.head).map_err(|error| error.to_string())
    };
    fetch_shop(place, into, choice, head_of, None).await.unwrap()
}

/// Builds the shop that was fetched, and checks that it is whole.
pub fn rebuild(into: &Path, fetched: &Fetched) -> Store {
    let data = into.join("restored");
    // The keys of numbers and codes travel on their own.
    std::fs::create_dir_all(data.join("keys")).unwrap();
    for key in std::fs::read_dir(&fetched.keys).unwrap() {
        let key = key.unwrap();
        std::fs::copy(key.path(), data.join("keys").join(key.file_name())).unwrap();
    }
    let from = fetched.backup.clone().map_or(RestoreFrom::Journal, RestoreFrom::File);
    let journals = vec![fetched.journal.clone()];
    let request = RestoreRequest { from, journals, ..RestoreRequest::default() };
    let restored = restore(&data, &Backups::new(into, &data), &request, &mut unwatched).unwrap();
    assert_eq!(restored.head, fetched.end, "{restored}");
    let store = open(&data);
    assert_eq!(store.head(), fetched.end);
    let report = store.reader().verify();
    assert!(report.is_clean(), "{:?}", report.findings);
    store
}

/// Fetches from the place alone, and checks that it is the shop up to this entry.
async fn comes_back(place: &Offsite, choice: &Choice, end: Head) -> Fetched {
    let into = tempfile::tempdir().unwrap();
    let fetched = fetch(place, into.path(), choice).await;
    assert_eq!((fetched.end, fetched.broken.as_deref()), (end, None));
    assert_eq!(rebuild(into.path(), &fetched).head(), end);
    fetched
}

/// Everything there, with its content.
async fn content(place: &Offsite) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for folder in ["journal", "backups", "keys"] {
        for object in place.list(folder).await.unwrap() {
            let bytes = place.get(&object.name, 64 << 20).await.unwrap();
            found.push((object.name, bytes));
        }
    }
    found
}

async fn a_life(place: Option<Offsite>) {
    let mut ground = Ground::with(place);
    trade(ground.store(), 30, 1);
    ground.ship_all().await;
    let head = ground.store().head();
    assert_eq!(comes_back(&ground.place, &Choice::Latest, head).await.backup, None);
    // Shipping again what is there changes nothing.
    let before = content(&ground.place).await;
    ground.ship_all().await;
    assert!(content(&ground.place).await == before, "nothing was put anew");
    // Backups follow, and what comes behind them.
    let path = ground.backup(30);
    trade_bytes(ground.store(), 24);
    let shipping = ground.ship();
    let head = ground.store().head();
    let there = |status: &Status| status.shipped == Some(head.seq) && status.backups == Some(1);
    until(&shipping, "backup and entries there", there).await;
    trade(ground.store(), 3, 1);
    // The signal to stop comes before their second is over.
    shipping.stop().await;
    let head = ground.store().head();
    let fetched = comes_back(&ground.place, &Choice::Latest, head).await;
    let name = |path: &Path| path.file_name().unwrap().to_owned();
    assert_eq!(fetched.backup.as_deref().map(name), Some(name(&path)));
    for (name, bytes) in &before {
        assert!(ground.place.get(name, 64 << 20).await.unwrap() == *bytes, "{name} was changed");
    }
    let pieces = ground.place.list("journal").await.unwrap();
    assert!(pieces.iter().any(|piece| piece.bytes >= 1 << 20), "full pieces do not wait");
    assert!(pieces.iter().all(|piece| piece.bytes < 2 << 20), "{pieces:?}");
}

#[tokio::test]
async fn a_shop_lives_on_in_a_folder() {
    a_life(None).await;
}

#[tokio::test]
async fn a_shop_lives_on_in_a_bucket() {
    let Some(server) = Server::start().await else { return };
    a_life(Some(bucket(&server.address))).await;
}

#[tokio::test]
async fn an_outage_costs_nothing_but_time() {
    let Some(mut server) = Server::start().await else { return };
    let plug = Plug::before(&server.address).await;
    let mut ground = Ground::with(Some(bucket(&plug.address)));
    trade(ground.store(), 10, 1);
    let shipping = ground.ship();
    until(&shipping, "the first entries there", |status| status.shipped == Some(Seq(10))).await;
    plug.pull();
    trade(ground.store(), 10, 1);
    let status = until(&shipping, "an outage", |status| status.journal_error.is_some()).await;
    assert_eq!((status.shipped, status.waiting), (Some(Seq(10)), 10), "{status:?}");
    assert!(status.waiting_since.is_some(), "{status:?}");
    // What is there leads to the last entry before the plug was pulled.
    let at_ten = ground.store().snapshot().head_at(Seq(10)).unwrap().unwrap();
    comes_back(&bucket(&server.address), &Choice::Latest, at_ten).await;
    plug.put_back();
    let over = |status: &Status| status.shipped == Some(Seq(20)) && status.journal_error.is_none();
    let status = until(&shipping, "the outage over", over).await;
    assert_eq!((status.waiting, status.waiting_since), (0, None));
    // The server dies, and one that knows nothing takes its place: all of it goes there again.
    server.kill();
    trade(ground.store(), 10, 1);
    until(&shipping, "an outage", |status| status.journal_error.is_some()).await;
    server.start_again().await;
    until(&shipping, "all of it there again", |status| status.shipped == Some(Seq(30))).await;
    let head = ground.store().head();
    comes_back(&ground.place, &Choice::Latest, head).await;
    shipping.stop().await;
}

#[tokio::test]
async fn a_process_that_dies_anywhere_ships_on() {
    let mut ground = Ground::with(None);
    for round in 0..12_u64 {
        trade(ground.store(), 20, 1);
        let seq = ground.store().head().seq;
        // Its tasks end wherever they wait, and write nothing more.
        let process = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let mut status = {
            let _inside = process.enter();
            let shipping = ground.ship();
            let status = shipping.status();
            process.spawn(async move {
                let mut shipping = shipping;
                shipping.ended().await;
            });
            status
        };
        let early = round % 2 == 0;
        let fits = |status: &Status| {
            if early { status.waiting > 0 } else { status.shipped == Some(seq) }
        };
        until_status(&mut status, "on the way", fits).await;
        process.shutdown_background();
    }
    ground.ship_all().await;
    let head = ground.store().head();
    comes_back(&ground.place, &Choice::Latest, head).await;
}

#[tokio::test]
async fn at_a_fork_the_history_that_was_put_later_is_followed() {
    let mut ground = Ground::with(None);
    trade(ground.store(), 20, 1);
    let old_backup = ground.backup(20);
    ground.ship_all().await;
    // The shop as it was at entry 20.
    let earlier = ground.dir.path().join("earlier");
    let backups = ground.backups();
    let request =
        RestoreRequest { from: RestoreFrom::File(old_backup), ..RestoreRequest::default() };
    std::fs::create_dir_all(&earlier).unwrap();
    restore(&earlier, &backups, &request, &mut unwatched).unwrap();
    trade(ground.store(), 15, 1);
    let shipping = ground.ship();
    until(&shipping, "entry 35 there", |status| {
        status.shipped == Some(Seq(35)) && status.backups == Some(1)
    })
    .await;
    shipping.stop().await;
    let left = ground.store().head();
    comes_back(&ground.place, &Choice::Latest, left).await;
    let before = content(&ground.place).await;
    // It goes on from there in another way, under the same place.
    ground.store = Some(open(&earlier));
    trade(ground.store(), 5, 2);
    ground.ship_all().await;
    let head = ground.store().head();
    assert_ne!(head.seq, left.seq);
    comes_back(&ground.place, &Choice::Latest, head).await;
    for (name, bytes) in &before {
        assert!(ground.place.get(name, 64 << 20).await.unwrap() == *bytes, "{name} was changed");
    }
    trade(ground.store(), 40, 2);
    ground.ship_all().await;
    let head = ground.store().head();
    comes_back(&ground.place, &Choice::Latest, head).await;
}

#[tokio::test]
async fn another_shops_copies_are_left_alone() {
    let mut ground = Ground::with(None);
    trade(ground.store(), 10, 1);
    ground.ship_all().await;
    let before = content(&ground.place).await;
    let mut other = Ground::with(Some(ground.place.clone()));
    trade(other.store(), 3, 9);
    other.backup(1);
    let shipping = other.ship();
    let status = until(&shipping, "a refusal", |status| status.journal_error.is_some()).await;
    let reason = status.journal_error.unwrap();
    assert!(reason.contains("another shop's journal"), "{reason}");
    shipping.stop().await;
    assert!(content(&ground.place).await == before, "nothing was put or removed");
}

#[tokio::test]
async fn a_damaged_piece_is_named_and_what_lies_before_it_comes_back() {
    let mut ground = Ground::with(None);
    for _ in 0..3 {
        trade(ground.store(), 10, 1);
        ground.ship_all().await;
    }
    let pieces = ground.place.list("journal").await.unwrap();
    assert_eq!(pieces.len(), 3);
    let path = ground.dir.path().join("mounted").join(&pieces[1].name);
    let whole = std::fs::read(&path).unwrap();
    let at_ten = ground.store().snapshot().head_at(Seq(10)).unwrap().unwrap();
    let mut flipped = whole.clone();
    flipped[300] ^= 1;
    let cut = whole[..whole.len() - 1].to_vec();
    for (damage, bytes) in [("cut", cut), ("emptied", Vec::new()), ("flipped", flipped)] {
        std::fs::write(&path, bytes).unwrap();
        let into = tempfile::tempdir().unwrap();
        let fetched = fetch(&ground.place, into.path(), &Choice::Latest).await;
        assert_eq!(fetched.end, at_ten, "{damage}");
        let broken = fetched.broken.clone().unwrap_or_default();
        assert!(broken.starts_with(&pieces[1].name), "{damage}: {broken}");
        rebuild(into.path(), &fetched);
    }
    std::fs::remove_file(&path).unwrap();
    let into = tempfile::tempdir().unwrap();
    let fetched = fetch(&ground.place, into.path(), &Choice::Latest).await;
    assert_eq!(fetched.broken.as_deref(), Some("entries 11 to 20 are not there"));
    // Shipping notices, and fills the gap.
    ground.ship_all().await;
    let head = ground.store().head();
    comes_back(&ground.place, &Choice::Latest, head).await;
}

#[tokio::test]
async fn what_is_not_needed_any_more_goes_and_nothing_else() {
    let mut ground = Ground::with(None);
    // Entries are a minute apart; the first piece is hours older than the first backup kept.
    trade(ground.store(), 10, 1);
    ground.ship_all().await;
    for count in [100, 100, 100, 10] {
        trade(ground.store(), count, 1);
        let seq = ground.store().head().seq.0;
        ground.backup(i64::try_from(seq).unwrap());
        ground.ship_all().await;
    }
    let keys = ground.dir.path().join("backups/keys");
    std::fs::create_dir_all(&keys).unwrap();
    for day in ["2026-11-20", "2026-11-21", "2026-11-22"] {
        std::fs::write(keys.join(day), day).unwrap();
    }
    let mut here = ground.backups().list().unwrap();
    here.sort_by_key(|listed| listed.at);
    assert_eq!(here.len(), 4);
    let shipping = Shipping::start(ground.options());
    until(&shipping, "the backups there", |status| status.backups == Some(4)).await;
    shipping.stop().await;
    // Rotation takes the two oldest, forgetting takes a day while nobody ships.
    for listed in &here[..2] {
        std::fs::remove_file(&listed.path).unwrap();
    }
    std::fs::remove_file(keys.join("2026-11-20")).unwrap();
    std::fs::write(keys.join("2026-11-22"), "2026-11-22, longer").unwrap();
    let tend_every = Duration::from_millis(1);
    let shipping = Shipping::start(ShippingOptions { tend_every, ..ground.options() });
    let end = std::time::Instant::now() + PATIENCE;
    let place = ground.place.clone();
    let names = async |folder: &str| -> Vec<String> {
        let objects = place.list(folder).await.unwrap();
        objects.into_iter().map(|object| object.name).collect()
    };
    while names("backups").await.len() > 2 || names("keys").await.len() > 2 {
        assert!(std::time::Instant::now() < end, "{:?}", names("backups").await);
        tokio::task::yield_now().await;
    }
    assert_eq!(names("keys").await, ["keys/2026-11-21", "keys/2026-11-22"]);
    let grown = ground.place.get("keys/2026-11-22", 100).await.unwrap();
    assert_eq!(grown, b"2026-11-22, longer");
    // Forgotten while shipping goes on, a day goes at once, even the last one.
    for day in ["2026-11-21", "2026-11-22"] {
        std::fs::remove_file(keys.join(day)).unwrap();
    }
    while !names("keys").await.is_empty() {
        assert!(std::time::Instant::now() < end, "{:?}", names("keys").await);
        tokio::task::yield_now().await;
    }
    while names("journal").await.iter().any(|name| name.contains("-00000000000000000010-")) {
        assert!(std::time::Instant::now() < end, "{:?}", names("journal").await);
        tokio::task::yield_now().await;
    }
    shipping.stop().await;
    let head = ground.store().head();
    comes_back(&ground.place, &Choice::Latest, head).await;
    let oldest_kept = Choice::Before(here[2].at);
    comes_back(&ground.place, &oldest_kept, head).await;
    // A lost disk empties nothing: neither backups nor keys nor pieces.
    let before = names("backups").await;
    std::fs::remove_dir_all(ground.dir.path().join("backups")).unwrap();
    ground.ship_all().await;
    assert_eq!(names("backups").await, before);
}

#[tokio::test]
async fn small_pieces_are_put_together() {
    let mut ground = Ground::with(None);
    for _ in 0..16 {
        trade_bytes(ground.store(), 1);
        ground.ship_all().await;
    }
    let before = ground.place.list("journal").await.unwrap();
    let bytes: u64 = before.iter().map(|object| object.bytes).sum();
    assert!(before.len() >= 16 && bytes > 1 << 20, "{} pieces of {bytes} bytes", before.len());
    let tend_every = Duration::from_millis(1);
    let shipping = Shipping::start(ShippingOptions { tend_every, ..ground.options() });
    let end = std::time::Instant::now() + PATIENCE;
    while ground.place.list("journal").await.unwrap().len() > before.len() / 2 {
        assert!(std::time::Instant::now() < end, "the small pieces stay");
        tokio::task::yield_now().await;
    }
    shipping.stop().await;
    let head = ground.store().head();
    comes_back(&ground.place, &Choice::Latest, head).await;
}
