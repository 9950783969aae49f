//! Commits in an undamaged store.

use ring4_domain::change::{Actor, Change, Seq};
use ring4_domain::command::Key;
use ring4_domain::effect::Effect;
use ring4_domain::ids::{OrderId, UserId};
use ring4_domain::ledger::{AccountId, LedgerError};
use ring4_storage::{CommitError, GROUP_ENTRIES_MAX, Options, Reader, Snapshot, StageError, Store};

use crate::shop::{NOON, commit, customer, dollars, fold, pay_in, place};

#[test]
fn entries_of_a_group_see_each_other_and_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, recovery) = Store::open(dir.path(), &Options::default()).unwrap();
    assert_eq!((recovery.events.len(), recovery.head.seq), (0, Seq(0)));

    let wallet = AccountId::Wallet(UserId(7));
    let mut group = store.begin();
    let stage = |group: &mut ring4_storage::Group<'_>, changes| {
        group.stage(NOON, Actor::Customer(UserId(7)), "test u1", changes)
    };
    stage(&mut group, vec![Change::Customer(customer(7))]).unwrap();
    stage(&mut group, pay_in(1, 7, "1.00")).unwrap();
    stage(&mut group, place(2, 7, "0.42")).unwrap();
    let keys = [Key::Account(wallet.clone()), Key::OpenOrders(UserId(7))];
    let view = group.view(&keys).unwrap();
    assert_eq!(view.account(&wallet).available(), Some(dollars("0.58")));
    assert_eq!(view.open_orders(UserId(7)), 1);

    // More than the wallet holds: nothing of the entry stays, the group goes on.
    let refused = stage(&mut group, place(3, 7, "0.60"));
    assert!(matches!(refused, Err(StageError::Ledger(LedgerError::WalletShort(_)))), "{refused:?}");
    let view = group.view(&[Key::Order(OrderId::from_bits(3)), Key::Account(wallet.clone())]);
    let view = view.unwrap();
    assert_eq!(view.order(OrderId::from_bits(3)), None);
    assert_eq!(view.account(&wallet).available(), Some(dollars("0.58")));
    let last = stage(&mut group, place(4, 7, "0.58")).unwrap();
    assert_eq!(last, Seq(4));
    assert_eq!(group.commit().unwrap().seq, Seq(4));
    let head = store.head();
    store.close().unwrap();

    let (store, recovery) = Store::open(dir.path(), &Options::default()).unwrap();
    assert!(recovery.clean && recovery.events.is_empty(), "{recovery:?}");
    assert_eq!(store.head(), head);
    let snapshot = store.snapshot();
    assert_eq!(snapshot.account(&wallet).unwrap().available(), Some(dollars("0")));
    assert_eq!(snapshot.open_orders_of(UserId(7)).unwrap().len(), 2);
    assert_eq!(snapshot.wish(Effect::Buy(OrderId::from_bits(4))).unwrap(), Some(Seq(4)));
    assert_eq!(fold(&snapshot).orders.len(), 2);
}

#[test]
fn a_group_that_is_dropped_or_empty_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path(), &Options::default()).unwrap();
    commit(&mut store, vec![vec![Change::Customer(customer(1))]]);
    let head = store.head();
    let mut group = store.begin();
    group.stage(NOON, Actor::Engine, "test", vec![Change::Customer(customer(2))]).unwrap();
    drop(group);
    assert_eq!(store.begin().commit().unwrap(), head);
    assert_eq!(store.snapshot().customer(UserId(2)).unwrap(), None);
    assert_eq!(commit(&mut store, vec![vec![Change::Customer(customer(2))]]), Seq(2));
}

#[test]
fn entries_beyond_the_limits_are_refused_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path(), &Options::default()).unwrap();
    let mut group = store.begin();
    let mut stage = |cause: &str, changes| group.stage(NOON, Actor::Engine, cause, changes);
    let small = || vec![Change::Customer(customer(1))];
    assert!(matches!(stage("test", vec![]), Err(StageError::Empty)));
    assert!(matches!(stage(&"x".repeat(65), small()), Err(StageError::CauseLong)));
    let mut huge = customer(1);
    huge.name = "x".repeat(2 << 20);
    assert!(matches!(stage("test", vec![Change::Customer(huge)]), Err(StageError::Large(_))));
    for _ in 0..GROUP_ENTRIES_MAX {
        stage(&"x".repeat(64), small()).unwrap();
    }
    assert!(matches!(stage("test", small()), Err(StageError::Full)));
    assert_eq!(group.commit().unwrap().seq.0, GROUP_ENTRIES_MAX as u64);
    assert!(store.reader().verify().is_clean());
}

#[test]
fn after_a_failed_commit_none_follows_until_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    // Every group begins a segment, which fails once the directory is away.
    let options = Options { segment_bytes: 1, ..Options::default() };
    let (mut store, _) = Store::open(dir.path(), &options).unwrap();
    commit(&mut store, vec![vec![Change::Customer(customer(1))]]);
    let head = store.head();
    let (journal, away) = (dir.path().join("journal"), dir.path().join("away"));
    std::fs::rename(&journal, &away).unwrap();
    let attempt = |store: &mut Store| {
        let mut group = store.begin();
        group.stage(NOON, Actor::Engine, "test", vec![Change::Customer(customer(2))]).unwrap();
        group.commit()
    };
    assert!(matches!(attempt(&mut store), Err(CommitError::Journal(_))));
    std::fs::rename(&away, &journal).unwrap();
    assert!(matches!(attempt(&mut store), Err(CommitError::Poisoned)));
    assert!(store.is_poisoned());
    assert_eq!(store.snapshot().customer(UserId(2)).unwrap(), None);
    assert!(matches!(store.close(), Err(CommitError::Poisoned)));

    let (mut store, recovery) = Store::open(dir.path(), &options).unwrap();
    assert_eq!((recovery.clean, store.head()), (false, head));
    attempt(&mut store).unwrap();
    assert!(store.reader().verify().is_clean());
}

#[test]
fn snapshots_and_readers_go_to_other_threads() {
    fn shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path(), &Options::default()).unwrap();
    let (reader, before): (Reader, Snapshot) = (store.reader(), store.snapshot());
    shared(&reader);
    shared(&before);
    commit(&mut store, vec![vec![Change::Customer(customer(1))]]);
    let seen = std::thread::spawn(move || {
        let known = |snapshot: Snapshot| snapshot.customer(UserId(1)).unwrap().is_some();
        (known(before), known(reader.snapshot()))
    });
    assert_eq!(seen.join().unwrap(), (false, true));
}
