//! Journals and backups as this version and former ones wrote them: every later one must read
//! them. A change of format adds a folder, whose name goes to the end of [`WRITTEN`].
//!
//! `UPDATE_FIXTURES=1 cargo test -p ring4-storage --test store fixtures` writes the last one anew;
//! only while no version that wrote it was ever released.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use ring4_domain::change::Seq;
use ring4_storage::{
    BackupKind, Backups, Options, RestoreRequest, Store, Verdict, restore, unwatched, verify_backup,
};

use crate::backup::{backups, create};
use crate::recovery::copy;
use crate::shop::{busy_day, chat_day, desk_day, fold};

/// What happened in a shop that was written down.
type Days = &'static [fn(&mut Store)];

/// The first with index rows for every account, the second with such for wallets only, the third
/// with what came with the admins' desk, payments told apart, stars and second tries, the fourth
/// with broadcasts, other codes on one number, services switched off and referrals.
const WRITTEN: [(&str, Days); 4] = [
    ("v1", &[busy_day]),
    ("v1-layout2", &[busy_day]),
    ("v1-desk", &[busy_day, desk_day]),
    ("v1-chat", &[busy_day, desk_day, chat_day]),
];

fn fixtures(written: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(written).join("shop")
}

fn write(fixtures: &Path, days: Days) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let options = Options { segment_bytes: 16_000, ..Options::default() };
    let (mut store, _) = Store::open(data, &options).unwrap();
    days.iter().for_each(|day| day(&mut store));
    let head = store.head();
    create(&backups(data), &store, BackupKind::Manual, 0);
    store.close().unwrap();
    if fixtures.exists() {
        fs::remove_dir_all(fixtures).unwrap();
    }
    for part in ["journal", "backups", "keys"] {
        copy(&data.join(part), &fixtures.join(part));
    }
    fs::write(fixtures.join("head"), format!("{} {}\n", head.seq.0, head.hash)).unwrap();
}

#[test]
fn journals_and_backups_of_every_version_are_read() {
    if env::var_os("UPDATE_FIXTURES").is_some() {
        let (last, days) = WRITTEN[WRITTEN.len() - 1];
        write(&fixtures(last), days);
    }
    for (written, days) in WRITTEN {
        is_read(&fixtures(written), days);
    }
}

fn is_read(fixtures: &Path, days: Days) {
    // Where the shop ends: its last entry and the chain's hash after it.
    let end = fs::read_to_string(fixtures.join("head")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (opened, restored) = (dir.path().join("opened"), dir.path().join("restored"));
    for part in ["journal", "keys"] {
        copy(&fixtures.join(part), &opened.join(part));
    }
    let (store, _) = Store::open(&opened, &Options::default()).unwrap();
    let head = store.head();
    assert_eq!(format!("{} {}\n", head.seq.0, head.hash), end);
    let report = store.reader().verify();
    assert!(report.is_clean(), "{:?}", report.findings);
    let book = fold(&store.snapshot());
    assert!(book.orders.len() > 10 && book.deposits.len() > 6 && book.head > Seq(30));
    // Each record says what it was meant to say, field by field, and not only what a backup of the
    // same bytes says too.
    let (mut meant, _) = Store::open(&dir.path().join("meant"), &Options::default()).unwrap();
    days.iter().for_each(|day| day(&mut meant));
    assert_eq!(book, fold(&meant.snapshot()), "{}", fixtures.display());

    let backups = Backups::new(&fixtures.join("backups"), &restored);
    let file = backups.latest().unwrap().unwrap().path;
    let verdict = verify_backup(&file, &dir.path().join("scratch"));
    assert!(matches!(verdict, Verdict::Verified(verified) if verified.head == head), "{verdict}");
    copy(&fixtures.join("keys"), &restored.join("keys"));
    let done = restore(&restored, &backups, &RestoreRequest::default(), &mut unwatched).unwrap();
    assert_eq!((done.head, done.lost), (head, None));
    let (store, _) = Store::open(&restored, &Options::default()).unwrap();
    assert!(store.reader().verify().is_clean());
    assert_eq!(fold(&store.snapshot()), book);
}
