//! Numbers and codes: sealed wherever they lie, readable while they are kept, gone when they are
//! forgotten, while the chain stays whole.

use std::fs;
use std::path::{Path, PathBuf};

use ring4_domain::change::{Actor, Change, Seq};
use ring4_domain::day::Day;
use ring4_domain::effect::Effect;
use ring4_domain::ids::{OrderId, UserId};
use ring4_domain::order::{Order, OrderState};
use ring4_domain::private::Private;
use ring4_storage::{Event, Finding, KeyError, KeyRepair, Options, Snapshot, StageError, Store};

use crate::recovery::copy;
use crate::shop::{CODE, NOON, NUMBER, commit, customer, end, order, pay_in, place, quote};

/// The day on which everybody orders here.
fn today() -> Day {
    Day::of(NOON)
}

/// A change's order, as if it had been placed so many days earlier.
fn days_ago(days: u32, changes: Vec<Change>) -> Vec<Change> {
    let earlier = |change| match change {
        Change::Order(mut order) => {
            order.placed_at.0 -= i64::from(days) * 86_400_000;
            Change::Order(order)
        }
        other => other,
    };
    changes.into_iter().map(earlier).collect()
}

/// Customer 1's orders: 12 of two days ago and 11 of yesterday have ended, 10 of today waits.
fn shop(store: &mut Store) {
    commit(store, vec![vec![Change::Customer(customer(1))], pay_in(1, 1, "10.00")]);
    for (id, days) in [(12, 2), (11, 1)] {
        commit(store, vec![days_ago(days, place(id, 1, "0.42"))]);
        commit(store, vec![days_ago(days, end(id, 1, "0.42", true))]);
    }
    commit(store, vec![place(10, 1, "0.42")]);
    let waiting = Change::Order(order(quote(10, 1, "0.42"), OrderState::Waiting));
    commit(store, vec![vec![waiting]]);
}

fn forget(store: &mut Store, before: Day) {
    let changes = vec![Change::CodesForgotten(before), Change::Wish(Effect::DropKeys)];
    commit(store, vec![changes]);
}

/// What of an order can be read: number, code and message.
fn readable(snapshot: &Snapshot, id: u64) -> [bool; 3] {
    let order = snapshot.order(OrderId::from_bits(id)).unwrap().unwrap();
    let seen = |private: Option<&Private>, text: &str| match private {
        Some(Private::Open(found)) => {
            assert_eq!(found, text);
            true
        }
        Some(Private::Sealed(_)) | None => false,
    };
    let code = order.code.as_ref();
    [
        seen(order.purchase.as_ref().map(|purchase| &purchase.number), NUMBER),
        seen(code.map(|code| &code.code), CODE),
        seen(code.and_then(|code| code.text.as_ref()), &format!("Your code: {CODE}")),
    ]
}

const ALL: [bool; 3] = [true, true, true];
const NUMBER_ALONE: [bool; 3] = [true, false, false];
const NONE: [bool; 3] = [false, false, false];

fn files(under: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(under).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The files in which a number or a code stands as it is.
fn telling(data: &Path) -> Vec<PathBuf> {
    let tells = |path: &PathBuf| {
        // Files that reserve their space are mostly pages of nothing.
        let bytes = fs::read(path).unwrap();
        let bytes: Vec<&[u8]> = bytes.chunks(4_096).filter(|page| *page != [0; 4_096]).collect();
        let bytes = bytes.concat();
        let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        // A part of the number would say as much.
        holds(&NUMBER.as_bytes()[2..]) || holds(&CODE.as_bytes()[3..])
    };
    files(data).into_iter().filter(tells).collect()
}

fn key_files(data: &Path) -> Vec<String> {
    let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut names: Vec<_> = files(&data.join("keys")).into_iter().map(name).collect();
    names.sort();
    names
}

fn open(data: &Path) -> Store {
    Store::open(data, &Options::default()).unwrap().0
}

fn assert_clean(store: &Store) {
    let report = store.reader().verify();
    assert!(report.is_clean(), "{:?}", report.findings);
}

fn lost(store: &Store) -> Vec<u64> {
    let lost = |finding: &Finding| match finding {
        Finding::KeyLost(order) => order.bits(),
        other => panic!("{other}"),
    };
    store.reader().verify().findings.iter().map(lost).collect()
}

#[test]
fn what_is_kept_can_be_read_and_what_is_forgotten_cannot() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let mut store = open(data);
    shop(&mut store);
    // Forgotten before that day → what can be read of the orders 12, 11 and 10.
    let rows = [
        (None, [ALL, ALL, NUMBER_ALONE], 6),
        (Some(today().minus(2)), [ALL, ALL, NUMBER_ALONE], 6),
        (Some(today().minus(1)), [NONE, ALL, NUMBER_ALONE], 4),
        (Some(today()), [NONE, NONE, NUMBER_ALONE], 2),
    ];
    for (before, expected, key_files_left) in rows {
        if let Some(before) = before {
            forget(&mut store, before);
            // Until the keys are dropped nothing is gone; the wish stands in the outbox.
            assert!(store.snapshot().wish(Effect::DropKeys).unwrap().is_some());
            assert_eq!(store.snapshot().keys_needed_from().unwrap(), Some(before));
            store.keyring().forget(before).unwrap();
            store.keyring().forget(before).unwrap();
        }
        let seen = |store: &Store| [12, 11, 10].map(|id| readable(&store.snapshot(), id));
        assert_eq!(seen(&store), expected, "{before:?}");
        assert_eq!(key_files(data).len(), key_files_left, "{before:?}");
        assert_eq!(store.snapshot().forgotten().unwrap(), before);
        assert_clean(&store);
        let head = store.head();
        // A restart, and one with a state made anew, change nothing of it.
        for lose_state in [false, true] {
            drop(store);
            if lose_state {
                fs::remove_dir_all(data.join("state")).unwrap();
            }
            store = open(data);
            assert_eq!((store.head(), seen(&store)), (head, expected), "{before:?}");
            assert_clean(&store);
        }
        assert_eq!(telling(data), Vec::<PathBuf>::new(), "{before:?}");
    }
    // An order goes on where it was, whatever of it is forgotten.
    let id = OrderId::from_bits(12);
    let before = store.snapshot().order(id).unwrap().unwrap();
    let after = Order { card: Some(ring4_domain::ids::MessageId(7)), ..before };
    commit(&mut store, vec![vec![Change::Order(after.clone())]]);
    assert_eq!(store.snapshot().order(id).unwrap(), Some(after));
    assert_clean(&store);
}

#[test]
fn no_file_ever_tells_a_number_or_a_code() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let mut store = open(data);
    crate::shop::busy_day(&mut store);
    shop(&mut store);
    assert_eq!(telling(data), Vec::<PathBuf>::new());
    store.close().unwrap();
    assert_eq!(telling(data), Vec::<PathBuf>::new());
    // The search finds what is there.
    fs::write(data.join("note"), format!("call {NUMBER}")).unwrap();
    assert_eq!(telling(data), [data.join("note")]);
}

#[test]
fn a_crash_before_the_keys_are_dropped_only_puts_it_off_to_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let (data, mirror) = (dir.path().join("data"), dir.path().join("mirror"));
    let options = Options { keys_mirror: Some(mirror.clone()), ..Options::default() };
    let (mut store, _) = Store::open(&data, &options).unwrap();
    shop(&mut store);
    forget(&mut store, today());
    drop(store);
    assert_eq!(files(&mirror).len(), 3);
    let keys = dir.path().join("kept");
    copy(&data.join("keys"), &keys);

    let removed = Event::Keys(KeyRepair::Removed { before: today() });
    let (store, recovery) = Store::open(&data, &options).unwrap();
    assert!(recovery.events.contains(&removed), "{recovery:?}");
    assert_eq!(readable(&store.snapshot(), 12), NONE);
    assert_eq!(key_files(&data).len(), 2);
    drop(store);
    assert_eq!(files(&mirror).len(), 1);

    // Keys that come back with a copy of the folder are forgotten again, state or no state.
    for lose_state in [false, true] {
        fs::remove_dir_all(data.join("keys")).unwrap();
        copy(&keys, &data.join("keys"));
        if lose_state {
            fs::remove_dir_all(data.join("state")).unwrap();
        }
        let (store, recovery) = Store::open(&data, &options).unwrap();
        assert!(recovery.events.contains(&removed), "{recovery:?}");
        assert_eq!(
            [12, 11, 10].map(|id| readable(&store.snapshot(), id)),
            [NONE, NONE, NUMBER_ALONE]
        );
        assert_clean(&store);
        drop(store);
        assert_eq!(key_files(&data).len(), 2);
    }
}

#[test]
fn a_crash_between_key_and_entry_leaves_an_unused_key() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    shop(&mut store);
    let head = store.head();
    let late = || days_ago(5, place(20, 1, "0.42"));
    let bought = || {
        let waiting = order(quote(20, 1, "0.42"), OrderState::Waiting);
        days_ago(5, vec![Change::Order(waiting)])
    };
    commit(&mut store, vec![late()]);
    // The journal fails once its key is kept: every group begins a segment here.
    drop(store);
    let options = Options { segment_bytes: 1, ..Options::default() };
    let (mut store, _) = Store::open(dir.path(), &options).unwrap();
    let (journal, away) = (dir.path().join("journal"), dir.path().join("away"));
    fs::rename(&journal, &away).unwrap();
    let mut group = store.begin();
    group.stage(NOON, Actor::Engine, "test", bought()).unwrap();
    group.commit().unwrap_err();
    fs::rename(&away, &journal).unwrap();
    assert_eq!(key_files(dir.path()).len(), 8);
    drop(store);
    let mut store = open(dir.path());
    assert_eq!(store.head().seq, Seq(head.seq.0 + 1));
    assert_clean(&store);
    // It serves the day's next order.
    commit(&mut store, vec![bought()]);
    assert_eq!(readable(&store.snapshot(), 20), NUMBER_ALONE);
    assert_eq!(key_files(dir.path()).len(), 8);
    assert_clean(&store);
}

#[test]
fn a_key_that_cannot_be_kept_stops_the_group_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    shop(&mut store);
    commit(&mut store, vec![days_ago(9, place(20, 1, "0.42"))]);
    let head = store.head();
    let (keys, away) = (dir.path().join("keys"), dir.path().join("away"));
    fs::rename(&keys, &away).unwrap();
    let attempt = |store: &mut Store| {
        let waiting = order(quote(20, 1, "0.42"), OrderState::Waiting);
        let mut group = store.begin();
        let changes = days_ago(9, vec![Change::Order(waiting)]);
        group.stage(NOON, Actor::Engine, "test", changes).unwrap();
        group.commit()
    };
    let error = attempt(&mut store).unwrap_err();
    assert!(matches!(error, ring4_storage::CommitError::Key(_)), "{error}");
    assert_eq!((store.head(), store.is_poisoned()), (head, false));
    // What needs no new key is still sold.
    commit(&mut store, vec![end(10, 1, "0.42", true)]);
    assert_eq!(readable(&store.snapshot(), 10), ALL);
    fs::rename(&away, &keys).unwrap();
    attempt(&mut store).unwrap();
    assert_eq!(readable(&store.snapshot(), 20), NUMBER_ALONE);
    assert_clean(&store);
}

#[test]
fn a_lost_key_is_found_out_and_a_forgotten_one_is_not_missed() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    shop(&mut store);
    forget(&mut store, today().minus(1));
    store.keyring().forget(today().minus(1)).unwrap();
    assert_clean(&store);
    drop(store);
    // The day whose files are gone → the orders that are found out.
    let rows = [(None, vec![]), (Some(1), vec![11]), (Some(0), vec![10, 11])];
    for (gone, expected) in rows {
        if let Some(days) = gone {
            let day = today().minus(days).to_string();
            fs::remove_file(dir.path().join("keys").join(&day)).unwrap();
            fs::remove_file(dir.path().join("keys").join(format!("{day}.copy"))).unwrap();
        }
        let store = open(dir.path());
        assert_eq!(lost(&store), expected);
    }
    // A new key of the same day opens nothing of what the old one sealed, and loses nothing.
    let mut store = open(dir.path());
    commit(&mut store, vec![end(10, 1, "0.42", true)]);
    assert_eq!(readable(&store.snapshot(), 10), ALL);
    assert_eq!(lost(&store), [11]);
    drop(store);
    fs::remove_dir_all(dir.path().join("state")).unwrap();
    let store = open(dir.path());
    assert_eq!(readable(&store.snapshot(), 10), ALL);
    assert_eq!(lost(&store), [11]);
}

#[test]
fn an_open_order_of_a_forgotten_day_keeps_its_key_until_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    shop(&mut store);
    // The clock ran ahead for a while and was set back: today's open order is of a day that is
    // forgotten.
    forget(&mut store, today().next().next());
    assert_eq!(store.snapshot().keys_needed_from().unwrap(), Some(today()));
    drop(store);
    let mut store = open(dir.path());
    assert_eq!([12, 11, 10].map(|id| readable(&store.snapshot(), id)), [NONE, NONE, NUMBER_ALONE]);
    commit(&mut store, vec![end(10, 1, "0.42", true)]);
    assert_eq!(readable(&store.snapshot(), 10), ALL);
    drop(store);
    let store = open(dir.path());
    assert_eq!(readable(&store.snapshot(), 10), NONE);
    assert_eq!(key_files(dir.path()), Vec::<String>::new());
    assert_clean(&store);
}

#[test]
fn a_copy_without_keys_is_whole_but_sealed_and_cannot_be_continued() {
    let dir = tempfile::tempdir().unwrap();
    let (data, other) = (dir.path().join("data"), dir.path().join("copy"));
    let mut store = open(&data);
    shop(&mut store);
    let head = store.head();
    store.close().unwrap();
    for part in ["journal", "state"] {
        copy(&data.join(part), &other.join(part));
    }
    let options = Options { keys_elsewhere: true, ..Options::default() };
    let (mut store, _) = Store::open(&other, &options).unwrap();
    assert_eq!(store.head(), head);
    assert_eq!([12, 11, 10].map(|id| readable(&store.snapshot(), id)), [NONE; 3]);
    assert_clean(&store);
    let mut group = store.begin();
    let refused = group.stage(NOON, Actor::Engine, "test", end(10, 1, "0.42", true));
    assert!(matches!(refused, Err(StageError::Key(KeyError::Elsewhere))), "{refused:?}");
    drop(group);
    assert_eq!(store.snapshot().open_orders_of(UserId(1)).unwrap().len(), 1);
    drop(store);
    assert!(!other.join("keys").exists());

    // The same copy with its keys brought back is the shop again.
    copy(&data.join("keys"), &other.join("keys"));
    let store = open(&other);
    assert_eq!(readable(&store.snapshot(), 12), ALL);
    assert_clean(&store);
}
