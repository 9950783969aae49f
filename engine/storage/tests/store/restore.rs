//! Restores: to the end, to a moment, out of pieces; and a crash at every step of the exchange.

use std::fs;
use std::path::Path;

use ring4_domain::book::Book;
use ring4_domain::change::{Actor, Entry, Seq};
use ring4_domain::ids::Timestamp;
use ring4_storage::{
    BackupKind, Backups, Event, Head, Loss, Moment, OpenError, Options, RestoreError, RestoreFrom,
    RestoreRequest, Restored, Store, restore, unwatched,
};

use crate::backup::{backups, create};
use crate::dice::Dice;
use crate::recovery::{copy, open_whole};
use crate::shop::{NOON, commit, fold, pay_in, place, quote};

/// Small segments, so that there are several.
pub fn options() -> Options {
    Options { segment_bytes: 4_000, ..Options::default() }
}

/// A shop whose entries are a second apart, with backups after the entries given.
pub fn trading_day(data: &Path, entries: u64, backups_after: &[u64]) -> Head {
    let (mut store, _) = Store::open(data, &options()).unwrap();
    let backups = backups(data);
    while store.head().seq.0 < entries {
        let seq = store.head().seq.0;
        let mut group = store.begin();
        for id in seq..(seq + 3).min(entries) {
            let changes = match id % 3 {
                0 => pay_in(10_000 + id, 3, "9.00"),
                1 => vec![ring4_domain::change::Change::Quote(quote(20_000 + id, 3, "0.42"))],
                _ => place(20_000 + id - 1, 3, "0.42"),
            };
            let at = NOON.plus_secs(u32::try_from(id + 1).unwrap());
            group.stage(at, Actor::Engine, "test", changes).unwrap();
        }
        group.commit().unwrap();
        let head = store.head().seq.0;
        if backups_after.contains(&head) {
            create(&backups, &store, BackupKind::Auto, u32::try_from(head).unwrap());
        }
    }
    store.head()
}

fn again(data: &Path, request: &RestoreRequest) -> Result<Restored, RestoreError> {
    restore(data, &backups(data), request, &mut unwatched)
}

fn to(moment: Moment) -> RestoreRequest {
    RestoreRequest { to: Some(moment), ..RestoreRequest::default() }
}

/// What the first `count` entries add up to.
fn book_of(entries: &[Entry], count: u64) -> Book {
    let mut book = Book::default();
    for entry in entries.iter().take(usize::try_from(count).unwrap()) {
        book.apply(entry.clone()).unwrap();
    }
    book
}

pub fn entries_of(data: &Path) -> Vec<Entry> {
    let (store, _) = Store::open(data, &options()).unwrap();
    let (snapshot, head) = (store.snapshot(), store.head().seq.0);
    (1..=head).map(|seq| snapshot.entry(Seq(seq)).unwrap().unwrap()).collect()
}

#[test]
fn everything_is_gone_but_the_backup_and_what_lies_behind_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let head = trading_day(&data, 90, &[60]);
    fs::remove_dir_all(data.join("state")).unwrap();
    fs::remove_file(data.join("journal/00000000000000000001.log")).unwrap();
    let restored = again(&data, &RestoreRequest::default()).unwrap();
    assert_eq!((restored.from_backup, restored.from_journal), (60, 30));
    assert_eq!((restored.head, restored.lost.clone(), restored.left_out), (head, None, None));
    assert!(restored.backup.unwrap().starts_with(data.join("backups")));
    assert!(restored.kept.join("journal").is_dir() && !restored.kept.join("state").exists());
    assert!(!data.join("restore-new").exists() && !data.join("swap").exists());
    let (mut store, recovery) = open_whole(&data, head);
    assert_eq!((recovery.events, recovery.read_only), (vec![], None));
    commit(&mut store, vec![pay_in(90_000, 3, "1.00")]);
}

/// Twenty random moments, by place and by time, with the newest backup before each.
#[test]
fn every_moment_is_what_the_journal_adds_up_to_then() {
    let dir = tempfile::tempdir().unwrap();
    let master = dir.path().join("master");
    let head = trading_day(&master, 240, &[60, 120, 180]);
    let entries = entries_of(&master);
    let mut dice = Dice::cast();
    println!("RING4_SEED={}", dice.0);
    for number in 0..20 {
        let data = dir.path().join(format!("data-{number}"));
        copy(&master, &data);
        // Every other one by time, half a second later.
        let seq = Seq(1 + dice.next() % 240);
        let time = Timestamp(NOON.0 + i64::try_from(seq.0).unwrap() * 1_000 + 500);
        let moment = if number % 2 == 0 { Moment::Time(time) } else { Moment::Entry(seq) };
        let restored = again(&data, &to(moment)).unwrap();
        assert_eq!(restored.head.seq, seq, "{moment:?}");
        assert_eq!(restored.from_backup, (seq.0 / 60 * 60).min(180), "{moment:?}");
        let left_out = (seq < head.seq).then_some((Seq(seq.0 + 1), head.seq));
        assert_eq!((restored.left_out, &restored.lost), (left_out, &None), "{moment:?}");
        let (store, recovery) =
            Store::open(&data, &Options { backups: Some(data.join("backups")), ..options() })
                .unwrap();
        assert_eq!(recovery.events, [], "{moment:?}");
        assert_eq!(store.head(), restored.head);
        assert!(store.reader().verify().is_clean(), "{moment:?}");
        assert_eq!(fold(&store.snapshot()), book_of(&entries, seq.0), "{moment:?}");
        drop(store);
        // What was left out is kept, and can be gone back to.
        assert_eq!(entries_of(&restored.kept), entries, "{moment:?}");
        fs::remove_dir_all(&data).unwrap();
    }
}

#[test]
fn a_moment_before_every_backup_with_the_journal_gone() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    trading_day(&data, 90, &[30, 60]);
    let entries = entries_of(&data);
    fs::remove_dir_all(data.join("journal")).unwrap();
    fs::remove_dir_all(data.join("state")).unwrap();
    // Between the backups, with entries of the later one; then before both.
    for (seq, base) in [(45, 30), (12, 0)] {
        let one = dir.path().join(format!("one-{seq}"));
        copy(&data, &one);
        let restored = again(&one, &to(Moment::Entry(Seq(seq)))).unwrap();
        assert_eq!((restored.head.seq, restored.from_backup), (Seq(seq), base));
        let (store, _) = open_whole(&one, restored.head);
        assert_eq!(fold(&store.snapshot()), book_of(&entries, seq));
    }
    let beyond = again(&data, &to(Moment::Entry(Seq(75))));
    assert!(
        matches!(beyond, Err(RestoreError::Beyond { to: Seq(75), head }) if head.seq == Seq(60)),
        "{beyond:?}"
    );
    assert!(!data.join("before-restore-1").exists());
}

/// Segments that were copied to another place are as good as the shop's own.
#[test]
fn segments_from_elsewhere_close_the_gap() {
    let dir = tempfile::tempdir().unwrap();
    let (data, fetched) = (dir.path().join("data"), dir.path().join("fetched"));
    let head = trading_day(&data, 90, &[30]);
    copy(&data.join("journal"), &fetched);
    fs::remove_dir_all(data.join("journal")).unwrap();
    fs::remove_dir_all(data.join("state")).unwrap();
    let nothing = RestoreRequest { from: RestoreFrom::Journal, ..RestoreRequest::default() };
    assert!(matches!(again(&data, &nothing), Err(RestoreError::Nothing(_))));
    let request = RestoreRequest { journals: vec![fetched], ..RestoreRequest::default() };
    let restored = again(&data, &request).unwrap();
    assert_eq!((restored.head, restored.from_backup, restored.from_journal), (head, 30, 60));
    open_whole(&data, head);
    let alone = RestoreRequest { from: RestoreFrom::Journal, ..request };
    assert_eq!(again(&data, &alone).unwrap().from_journal, 90);
}

#[test]
fn an_open_shop_is_not_restored() {
    let dir = tempfile::tempdir().unwrap();
    trading_day(dir.path(), 30, &[30]);
    let (_store, _) = Store::open(dir.path(), &options()).unwrap();
    let refused = again(dir.path(), &RestoreRequest::default());
    assert!(matches!(refused, Err(RestoreError::Open(OpenError::Locked(_)))), "{refused:?}");
}

#[test]
fn damaged_backups_are_passed_over_and_named_ones_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let head = trading_day(&data, 90, &[30, 60]);
    let listed = backups(&data).list().unwrap();
    let mut bytes = fs::read(&listed[0].path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&listed[0].path, bytes).unwrap();
    let named = RestoreFrom::File(listed[0].path.clone());
    let refused = again(&data, &RestoreRequest { from: named, ..RestoreRequest::default() });
    assert!(matches!(refused, Err(RestoreError::Backup(_))), "{refused:?}");
    let restored = again(&data, &RestoreRequest::default()).unwrap();
    assert_eq!((restored.backup.as_ref(), restored.head), (Some(&listed[1].path), head));
    assert_eq!(restored.passed_over.len(), 1, "{restored:?}");
}

#[test]
fn the_backup_of_another_shop_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let (data, other) = (dir.path().join("data"), dir.path().join("other"));
    let head = trading_day(&data, 60, &[30]);
    let (mut store, _) = Store::open(&other, &options()).unwrap();
    for id in 0..100 {
        commit(&mut store, vec![pay_in(id, 77, "9.99")]);
    }
    let theirs =
        create(&Backups::new(&data.join("backups"), &other), &store, BackupKind::Manual, 9_000);
    let request = RestoreRequest::default();
    let restored = again(&data, &request).unwrap();
    assert_eq!((restored.from_backup, restored.head, restored.lost), (30, head, None));
    assert_eq!(restored.passed_over.len(), 1);
    // It is no past of this shop, and says so from now on.
    assert!(!theirs.path.exists());
    assert_eq!(again(&data, &request).unwrap().passed_over, [""; 0]);
}

/// A process that dies between any two steps of the exchange leaves one shop or the other, whole.
#[test]
fn a_crash_at_any_step_of_the_exchange() {
    let dir = tempfile::tempdir().unwrap();
    let master = dir.path().join("master");
    let old = trading_day(&master, 60, &[30]);
    let done = dir.path().join("done");
    copy(&master, &done);
    let new = again(&done, &to(Moment::Entry(Seq(45)))).unwrap().head;
    // What the restore had built, and the note, as they were before the first step.
    let prepare = |data: &Path, declared: bool| {
        copy(&master, data);
        for part in ["journal", "state"] {
            copy(&done.join(part), &data.join("restore-new").join(part));
        }
        let backups = serde_json::to_string(&data.join("backups")).unwrap();
        let note = format!("{{\"number\":1,\"head\":45,\"backups\":{backups}}}");
        if declared {
            fs::write(data.join("swap"), note).unwrap();
        }
    };
    let moved = |data: &Path, from: &str, to: &str| {
        let to = data.join(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::rename(data.join(from), to).unwrap();
    };
    let steps = [
        ("journal", "before-restore-1/journal"),
        ("restore-new/journal", "journal"),
        ("state", "before-restore-1/state"),
        ("restore-new/state", "state"),
    ];
    let data = dir.path().join("undeclared");
    prepare(&data, false);
    let (_, recovery) = open_whole(&data, old);
    assert_eq!(recovery.events, []);
    for done in 0..=steps.len() {
        let data = dir.path().join(format!("step-{done}"));
        prepare(&data, true);
        for (from, to) in &steps[..done] {
            moved(&data, from, to);
        }
        let (store, recovery) = open_whole(&data, new);
        let kept = data.join("before-restore-1");
        assert_eq!(recovery.events, [Event::RestoreFinished(kept.clone())], "step {done}");
        drop(store);
        open_whole(&data, new);
        assert!(!data.join("swap").exists() && !data.join("restore-new").exists());
        assert_eq!(entries_of(&kept).len() as u64, old.seq.0, "step {done}");
    }
}

#[test]
fn a_loss_speaks_plainly() {
    let said = |loss: &str| serde_json::from_str::<Loss>(loss).unwrap().to_string();
    let cases = [
        (r#"{"from":7,"to":9,"reason":"gone"}"#, "entries 7 to 9 are lost: gone"),
        (r#"{"from":7,"to":7,"reason":"gone"}"#, "entry 7 is lost: gone"),
        (
            r#"{"from":7,"to":null,"reason":"gone"}"#,
            "entries from 7 on are lost, unknown how many: gone",
        ),
    ];
    for (loss, due) in cases {
        assert_eq!(said(loss), due);
    }
}
