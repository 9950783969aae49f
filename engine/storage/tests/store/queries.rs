//! Every question that the shop asks, against the same answers from a plain fold.

use std::collections::BTreeSet;

use ring4_domain::book::Book;
use ring4_domain::change::{Change, Seq};
use ring4_domain::command::Key;
use ring4_domain::deposit::DepositState;
use ring4_domain::effect::Effect;
use ring4_domain::ids::{DepositId, OrderId, RulesVersion, UserId};
use ring4_domain::ledger::{AccountId, TransferId};
use ring4_domain::order::Order;
use ring4_storage::{Options, Snapshot, Store, Undecided};

use crate::shop::{
    NOON, busy_day, commit, customer, deposit, expired, fold, pay_in, place, quote, submitted,
};

fn shop() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path(), &Options::default()).unwrap();
    busy_day(&mut store);
    (dir, store)
}

#[test]
fn records_are_those_of_the_fold() {
    let (_dir, mut store) = shop();
    let snapshot = store.snapshot();
    let book = fold(&snapshot);
    assert!(!book.orders.is_empty() && !book.quotes.is_empty() && !book.wishes.is_empty());
    for (id, account) in &book.accounts {
        assert_eq!(snapshot.account(id).unwrap(), *account);
    }
    for (id, booked) in &book.transfers {
        assert_eq!(snapshot.transfer(*id).unwrap().as_ref(), Some(booked));
    }
    for (id, customer) in &book.customers {
        assert_eq!(snapshot.customer(*id).unwrap().as_ref(), Some(customer));
    }
    for (id, quote) in &book.quotes {
        assert_eq!(snapshot.quote(*id).unwrap().as_ref(), Some(quote));
    }
    for (id, order) in &book.orders {
        assert_eq!(snapshot.order(*id).unwrap().as_ref(), Some(order));
        assert_eq!(snapshot.quote(*id).unwrap(), None, "an order's quote is gone");
    }
    for (id, deposit) in &book.deposits {
        assert_eq!(snapshot.deposit(*id).unwrap().as_ref(), Some(deposit));
    }
    let wishes: Vec<(Effect, Seq)> = snapshot.outbox().map(Result::unwrap).collect();
    assert_eq!(wishes, book.wishes.iter().map(|(wish, made)| (*wish, *made)).collect::<Vec<_>>());
    assert_eq!(snapshot.rules().unwrap(), Some(RulesVersion(*b"rules--2")));
    assert!(snapshot.rules_seen(RulesVersion(*b"rules--1")).unwrap());
    assert!(!snapshot.rules_seen(RulesVersion(*b"rules--3")).unwrap());

    let keys: Vec<Key> = keys(&book).collect();
    let (view, expected) = (store.begin().view(&keys).unwrap(), book.view(&keys));
    assert_eq!(format!("{view:?}"), format!("{expected:?}"));
}

fn keys(book: &Book) -> impl Iterator<Item = Key> {
    let users = book.customers.keys().copied().chain([UserId(-5)]);
    let users = users.flat_map(|id| {
        let wallet = Key::Account(AccountId::Wallet(id));
        [Key::Customer(id), Key::OpenOrders(id), Key::OpenDeposits(id), wallet]
    });
    let ids = (0..400).map(OrderId::from_bits);
    let orders = ids.flat_map(|id| {
        let owner = Key::Owner("mock".parse().unwrap(), format!("V{}", id.bits()));
        [Key::Order(id), Key::Quote(id), Key::Wish(Effect::Buy(id)), owner]
    });
    let deposits = (0..400).map(|id| Key::Deposit(DepositId::from_bits(id)));
    users.chain(orders).chain(deposits).chain([Key::Rules, Key::Account(AccountId::Revenue)])
}

#[test]
fn orders_are_listed_newest_first_page_by_page() {
    let (_dir, store) = shop();
    let snapshot = store.snapshot();
    let book = fold(&snapshot);
    for user in (1..=7).map(UserId) {
        let mut expected: Vec<&Order> =
            book.orders.values().filter(|order| order.customer() == user).collect();
        expected.sort_by_key(|order| std::cmp::Reverse(order.placed_at));
        let mut listed = Vec::new();
        while let page = snapshot.orders_of(user, listed.last().map(Order::id), 2).unwrap()
            && !page.is_empty()
        {
            assert!(page.len() <= 2);
            listed.extend(page);
        }
        assert_eq!(listed.iter().collect::<Vec<_>>(), expected);
        let open = |order: &&&Order| order.state.is_open();
        let expected: BTreeSet<OrderId> =
            expected.iter().filter(open).map(|order| order.id()).collect();
        let found = snapshot.open_orders_of(user).unwrap();
        assert_eq!(found.iter().map(Order::id).collect::<BTreeSet<_>>(), expected);
    }
    let foreign = OrderId::from_bits(202);
    assert_eq!(snapshot.order(foreign).unwrap().unwrap().customer(), UserId(2));
    assert_eq!(snapshot.orders_of(UserId(3), Some(foreign), 9).unwrap(), []);
    let all = snapshot.open_orders().unwrap();
    assert_eq!(all.len() as u64, snapshot.totals().unwrap().orders_open);
    assert!(all.iter().all(|order| order.state.is_open()) && !all.is_empty());
}

#[test]
fn deposits_are_found_by_customer_and_state() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path(), &Options::default()).unwrap();
    let put = |store: &mut Store, id, user, state: DepositState| {
        commit(store, vec![vec![Change::Deposit(deposit(id, user, "2.00", state))]]);
    };
    let ids = |deposits: Vec<ring4_domain::deposit::Deposit>| {
        deposits.into_iter().map(|deposit| deposit.id.bits()).collect::<Vec<_>>()
    };
    let counts = |snapshot: &Snapshot| {
        let totals = snapshot.totals().unwrap();
        (totals.deposits_opened, totals.deposits_submitted)
    };
    for id in 1..=5 {
        put(&mut store, id, 9, DepositState::Opened);
    }
    put(&mut store, 6, 8, DepositState::Opened);
    put(&mut store, 4, 9, submitted());
    put(&mut store, 2, 9, submitted());
    let snapshot = store.snapshot();
    assert_eq!(counts(&snapshot), (4, 2));
    assert_eq!(ids(snapshot.deposits_in_state(Undecided::Submitted, 9).unwrap()), [2, 4]);
    assert_eq!(ids(snapshot.deposits_in_state(Undecided::Opened, 2).unwrap()), [1, 3]);
    assert_eq!(ids(snapshot.deposits_of(UserId(9), None, 3).unwrap()), [5, 4, 3]);
    let before = Some(DepositId::from_bits(3));
    assert_eq!(ids(snapshot.deposits_of(UserId(9), before, 3).unwrap()), [2, 1]);
    assert_eq!(ids(snapshot.deposits_of(UserId(8), before, 3).unwrap()), [0; 0]);
    assert_eq!(ids(snapshot.open_deposits_of(UserId(9)).unwrap()), [1, 2, 3, 4, 5]);

    put(&mut store, 4, 9, expired());
    put(&mut store, 4, 9, submitted());
    put(&mut store, 2, 9, expired());
    // An approved one, in the same group as its claim.
    let claim = Change::Deposit(deposit(7, 9, "2.00", submitted()));
    commit(&mut store, vec![vec![claim], pay_in(7, 9, "2.00")]);
    // The older snapshot has not moved.
    assert_eq!(counts(&snapshot), (4, 2));
    let snapshot = store.snapshot();
    assert_eq!(counts(&snapshot), (4, 1));
    assert_eq!(ids(snapshot.open_deposits_of(UserId(9)).unwrap()), [1, 3, 4, 5]);
    assert_eq!(ids(snapshot.deposits_of(UserId(9), None, 9).unwrap()), [7, 5, 4, 3, 2, 1]);
    assert!(store.reader().verify().is_clean());
}

#[test]
fn quotes_are_found_by_the_end_of_their_life() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path(), &Options::default()).unwrap();
    commit(&mut store, (1..=9).rev().map(|id| vec![Change::Quote(quote(id, 3, "0.42"))]).collect());
    let expiring = |store: &Store, secs, limit| {
        let quotes = store.snapshot().quotes_expiring_before(NOON.plus_secs(secs), limit);
        quotes.unwrap().iter().map(|quote| quote.id.bits()).collect::<Vec<_>>()
    };
    assert_eq!(expiring(&store, 4, 99), [1, 2, 3]);
    assert_eq!(expiring(&store, 4, 2), [1, 2]);
    assert_eq!(expiring(&store, 0, 99), [0; 0]);
    commit(&mut store, vec![vec![Change::QuoteDropped(OrderId::from_bits(2))]]);
    assert_eq!(expiring(&store, 4, 99), [1, 3]);
}

#[test]
fn a_wallet_shows_its_history_page_by_page() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path(), &Options::default()).unwrap();
    commit(&mut store, vec![vec![Change::Customer(customer(5))], pay_in(1, 5, "9.00")]);
    commit(&mut store, (10..20).map(|id| place(id, 5, "0.42")).collect());
    commit(&mut store, vec![pay_in(2, 6, "1.00")]);
    let snapshot = store.snapshot();
    let mut seen = Vec::new();
    let mut before = None;
    while let page = snapshot.wallet_entries(UserId(5), before, 4).unwrap()
        && !page.is_empty()
    {
        before = page.last().map(|row| row.seq);
        seen.extend(page.into_iter().map(|row| row.transfer.id));
    }
    let orders = (10..20).rev().map(|id| TransferId::Hold(OrderId::from_bits(id)));
    let deposit = TransferId::Deposit(DepositId::from_bits(1));
    assert_eq!(seen, orders.chain([deposit]).collect::<Vec<_>>());
    assert_eq!(snapshot.wallet_entries(UserId(7), None, 4).unwrap(), []);
}

#[test]
fn a_wish_made_again_outlives_the_granting_of_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path(), &Options::default()).unwrap();
    let effect = Effect::ShowOrder(OrderId::from_bits(1));
    commit(&mut store, vec![vec![Change::Wish(effect)], vec![Change::Wish(effect)]]);
    commit(&mut store, vec![vec![Change::Granted { effect, made: Seq(1) }]]);
    assert_eq!(store.snapshot().wish(effect).unwrap(), Some(Seq(2)));
    assert_eq!(store.snapshot().totals().unwrap().wishes, 1);
    commit(&mut store, vec![vec![Change::Granted { effect, made: Seq(2) }]]);
    assert_eq!(store.snapshot().wish(effect).unwrap(), None);
    assert_eq!(store.snapshot().totals().unwrap().wishes, 0);
}

#[test]
fn a_snapshot_hands_out_all_rows_in_key_order() {
    let (_dir, store) = shop();
    let mut rows = 0;
    for space in ring4_storage::Space::ALL {
        let keys: Vec<Vec<u8>> = store.snapshot().rows(space).map(|row| row.unwrap().0).collect();
        assert!(keys.is_sorted());
        rows += keys.len() as u64;
    }
    assert_eq!(rows, store.reader().verify().rows);
}
