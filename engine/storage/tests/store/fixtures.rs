//! A journal and a backup as version 1 writes them. Every later version must read them.
//!
//! `UPDATE_FIXTURES=1 cargo test -p ring4-storage --test store fixtures` writes them anew; only
//! while no version that wrote the old ones was ever released.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use ring4_domain::change::Seq;
use ring4_storage::{
    BackupKind, Backups, Options, RestoreRequest, Store, Verdict, restore, unwatched, verify_backup,
};

use crate::backup::{backups, create};
use crate::recovery::copy;
use crate::shop::{busy_day, fold};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v1/shop")
}

/// Where the shop in the fixtures ends: its last entry and the chain's hash after it.
fn end() -> String {
    fs::read_to_string(fixtures().join("head")).unwrap()
}

fn write() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let options = Options { segment_bytes: 16_000, ..Options::default() };
    let (mut store, _) = Store::open(data, &options).unwrap();
    busy_day(&mut store);
    let head = store.head();
    create(&backups(data), &store, BackupKind::Manual, 0);
    store.close().unwrap();
    if fixtures().exists() {
        fs::remove_dir_all(fixtures()).unwrap();
    }
    for part in ["journal", "backups", "keys"] {
        copy(&data.join(part), &fixtures().join(part));
    }
    fs::write(fixtures().join("head"), format!("{} {}\n", head.seq.0, head.hash)).unwrap();
}

#[test]
fn a_journal_and_a_backup_of_version_1_are_read() {
    if env::var_os("UPDATE_FIXTURES").is_some() {
        write();
    }
    let dir = tempfile::tempdir().unwrap();
    let (opened, restored) = (dir.path().join("opened"), dir.path().join("restored"));
    for part in ["journal", "keys"] {
        copy(&fixtures().join(part), &opened.join(part));
    }
    let (store, _) = Store::open(&opened, &Options::default()).unwrap();
    let head = store.head();
    assert_eq!(format!("{} {}\n", head.seq.0, head.hash), end());
    let report = store.reader().verify();
    assert!(report.is_clean(), "{:?}", report.findings);
    let book = fold(&store.snapshot());
    assert!(book.orders.len() > 10 && book.deposits.len() > 6 && book.head > Seq(30));

    let backups = Backups::new(&fixtures().join("backups"), &restored);
    let file = backups.latest().unwrap().unwrap().path;
    let verdict = verify_backup(&file, &dir.path().join("scratch"));
    assert!(matches!(verdict, Verdict::Verified(verified) if verified.head == head), "{verdict}");
    copy(&fixtures().join("keys"), &restored.join("keys"));
    let done = restore(&restored, &backups, &RestoreRequest::default(), &mut unwatched).unwrap();
    assert_eq!((done.head, done.lost), (head, None));
    let (store, _) = Store::open(&restored, &Options::default()).unwrap();
    assert!(store.reader().verify().is_clean());
    assert_eq!(fold(&store.snapshot()), book);
}
