//! Starts that find less than there was: the shop is restored, and sells again only when nothing
//! is missing.

use std::fs;
use std::path::{Path, PathBuf};

use ring4_domain::change::{Actor, Seq};
use ring4_storage::{
    BackupKind, CommitError, Event, Head, Loss, OpenError, Options, Recovery, Store,
};

use crate::backup::{backups, create};
use crate::recovery::copy;
use crate::restore::{options, trading_day};
use crate::shop::{NOON, commit, pay_in};

fn with_backups(data: &Path) -> Options {
    Options { backups: Some(data.join("backups")), ..options() }
}

fn open(data: &Path) -> (Store, Recovery) {
    Store::open(data, &with_backups(data)).unwrap()
}

fn segments(data: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(data.join("journal")).unwrap().map(|file| file.unwrap().path());
    let is_segment = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "log");
    let mut segments: Vec<_> = files.filter(is_segment).collect();
    segments.sort();
    segments
}

fn flip(path: &Path, offset: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[offset] ^= 4;
    fs::write(path, bytes).unwrap();
}

fn lost(recovery: &Recovery) -> Option<(Seq, Option<Seq>)> {
    recovery.read_only.as_ref().map(|loss: &Loss| (loss.from(), loss.to()))
}

/// Damage that the state's copies cannot fill, because there is no state either.
#[test]
fn what_the_backup_holds_is_brought_back_and_the_shop_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let master = dir.path().join("master");
    let head = trading_day(&master, 90, &[60]);
    type Damage = fn(&Path);
    let cases: [(&str, Damage); 4] = [
        ("a flip", |data| flip(&segments(data)[1], 400)),
        ("a lost segment", |data| fs::remove_file(&segments(data)[1]).unwrap()),
        ("a cut segment", |data| {
            let bytes = fs::read(&segments(data)[0]).unwrap();
            fs::write(&segments(data)[0], &bytes[..900]).unwrap();
        }),
        ("zeros", |data| fs::write(&segments(data)[0], [0; 4_000]).unwrap()),
    ];
    for (number, (case, damage)) in cases.into_iter().enumerate() {
        let data = dir.path().join(format!("data-{number}"));
        copy(&master, &data);
        fs::remove_dir_all(data.join("state")).unwrap();
        damage(&data);
        let alone = Store::open(&data, &options()).map(drop);
        assert!(matches!(alone, Err(OpenError::Journal(_))), "{case}: {alone:?}");
        let (mut store, recovery) = open(&data);
        assert_eq!((store.head(), lost(&recovery)), (head, None), "{case}");
        let restored = recovery.events.iter().any(|event| matches!(event, Event::Restored { .. }));
        assert!(restored, "{case}: {recovery:?}");
        assert!(store.reader().verify().is_clean(), "{case}");
        commit(&mut store, vec![pay_in(90_000, 3, "1.00")]);
        drop(store);
        assert_eq!(open(&data).1.events, [], "{case}");
    }
}

/// Damage behind the backup: what is lost is named to the entry, and nothing takes its place
/// until somebody accepts that.
#[test]
fn what_nobody_has_is_named_and_the_shop_is_read_only() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let head = trading_day(&data, 90, &[30]);
    fs::remove_dir_all(data.join("state")).unwrap();
    // The segment with entry 60, from its beginning on.
    let segment = segments(&data)
        .into_iter()
        .rfind(|path| path.file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap() <= 60)
        .unwrap();
    let first: u64 = segment.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    assert!(first > 31);
    flip(&segment, 90);
    let due = Some((Seq(first), Some(head.seq)));
    let (mut store, recovery) = open(&data);
    assert_eq!((store.head().seq, lost(&recovery)), (Seq(first - 1), due), "{recovery:?}");
    assert!(store.reader().verify().is_clean());
    let said = store.read_only().unwrap().to_string();
    assert!(said.starts_with(&format!("entries {first} to 90 are lost: ")), "{said}");
    let refused = |store: &mut Store| {
        let mut group = store.begin();
        group.stage(NOON, Actor::Engine, "test", pay_in(90_000, 3, "1.00")).unwrap();
        group.commit()
    };
    assert!(matches!(refused(&mut store), Err(CommitError::ReadOnly(_))));
    drop(store);
    // The next start knows it too.
    let (mut store, recovery) = open(&data);
    assert_eq!((lost(&recovery), recovery.events), (due, vec![]));
    assert_eq!(store.accept_loss().unwrap().unwrap().from(), Seq(first));
    refused(&mut store).unwrap();
    store.close().unwrap();
    let (store, recovery) = open(&data);
    assert_eq!((store.head().seq, lost(&recovery)), (Seq(first), None));
}

/// Journal and state agree with each other and are both too old, or not there at all: only the
/// backup knows.
#[test]
fn a_backup_that_reaches_further_is_a_witness() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    trading_day(&data, 30, &[]);
    let old = dir.path().join("old");
    copy(&data, &old);
    let head = trading_day(&data, 60, &[60]);
    for missing in [false, true] {
        for part in ["journal", "state"] {
            fs::remove_dir_all(data.join(part)).unwrap();
            if !missing {
                copy(&old.join(part), &data.join(part));
            }
        }
        let (store, recovery) = open(&data);
        assert_eq!((store.head(), lost(&recovery)), (head, None), "{recovery:?}");
        assert!(store.reader().verify().is_clean());
    }
}

#[test]
fn everything_is_gone_after_a_clean_close() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    trading_day(&data, 60, &[45]);
    let (store, _) = open(&data);
    let head: Head = store.head();
    store.close().unwrap();
    fs::remove_dir_all(data.join("journal")).unwrap();
    fs::remove_dir_all(data.join("state")).unwrap();
    let (store, recovery) = open(&data);
    assert_eq!(store.head().seq, Seq(45));
    assert_eq!(lost(&recovery), Some((Seq(46), Some(head.seq))));
}

/// What is left is whole, only shorter; the note says that it was longer.
#[test]
fn the_newest_segment_and_the_state_are_gone() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    trading_day(&data, 60, &[]);
    let newest = segments(&data).pop().unwrap();
    let first: u64 = newest.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    fs::remove_file(newest).unwrap();
    fs::remove_dir_all(data.join("state")).unwrap();
    let (store, recovery) = open(&data);
    assert_eq!(store.head().seq, Seq(first - 1));
    let (from, to) = lost(&recovery).unwrap();
    assert_eq!(from, Seq(first));
    assert!(to.is_some_and(|to| to >= from), "{to:?}");
    // A note that cannot be read accuses nobody.
    let data = dir.path().join("again");
    let head = trading_day(&data, 60, &[]);
    fs::write(data.join("journal/reached"), "900 00000000\n").unwrap();
    let (store, recovery) = open(&data);
    assert_eq!((store.head(), recovery.events), (head, vec![]));
}

#[test]
fn a_directory_of_backups_that_is_empty_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (store, recovery) = open(&data);
    assert_eq!((store.head(), recovery.events), (Head::GENESIS, vec![]));
    drop(store);
    let head = trading_day(&data, 30, &[]);
    assert_eq!(open(&data).0.head(), head);
    // A journal that only begins is better than none, and says that it ends early.
    fs::remove_dir_all(data.join("state")).unwrap();
    let second = segments(&data)[1].clone();
    flip(&second, 100);
    let (_, recovery) = open(&data);
    assert_eq!(lost(&recovery).unwrap().1, Some(head.seq));
}

#[test]
fn a_suspect_shop_is_looked_at_whole() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let head = trading_day(&data, 60, &[]);
    let (store, _) = open(&data);
    store.mark_suspect("somebody said so").unwrap();
    store.close().unwrap();
    let reason = "somebody said so".to_owned();
    let (store, recovery) = open(&data);
    assert_eq!(recovery.events, [Event::Suspected { reason, wrong: None }]);
    drop(store);
    assert_eq!(open(&data).1.events, []);
    // A row that is gone, which no start notices by itself.
    let database = fjall::Database::builder(data.join("state")).open().unwrap();
    let records = database.keyspace("records", fjall::KeyspaceCreateOptions::default).unwrap();
    records.remove(records.prefix(b"o").next().unwrap().key().unwrap()).unwrap();
    drop((records, database));
    let (store, recovery) = open(&data);
    assert_eq!(recovery.events, []);
    assert!(!store.reader().verify().is_clean());
    store.reader().mark_suspect("a row is gone").unwrap();
    drop(store);
    let (store, recovery) = open(&data);
    assert_eq!(store.head(), head);
    assert!(store.reader().verify().is_clean());
    let last = recovery.events.last();
    assert!(matches!(last, Some(Event::Suspected { wrong: None, .. })), "{recovery:?}");
    create(&backups(&data), &store, BackupKind::Auto, 0);
    drop(store);
    assert_eq!(open(&data).1.events, []);
}
