//! The rows that the state should hold, as the journal has it. Verification alone uses this.

use std::collections::BTreeMap;

use ring4_domain::book::{Book, Closed};
use ring4_domain::ids::{OrderId, UserId};
use ring4_domain::order::Order;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128_with_seed};

use crate::Space;
use crate::codec::{
    self, AccountRow, Coded, ForgottenRow, Kind, Mark, ReportedRow, RulesSeen, Tally, Totals,
    WishRow,
};
use crate::journal::Head;
use crate::keyring::Keys;
use crate::state::keys::{self, SCHEMA, Undecided};
use crate::state::rows::Row;

/// How a row compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    Same,
    Differs,
    Surplus,
}

/// The hash of a row, key and all. Not a cryptographic one: both sides are made here, and damage
/// does not aim.
pub(super) type RowHash = u128;

/// Rows added up: how many there are, and the sum of their hashes. Equal rows give equal sums in
/// any order, and damage does not give the same one by chance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums(BTreeMap<Space, (u64, RowHash)>);

impl Sums {
    pub(super) fn add(&mut self, space: Space, key: &[u8], value: &[u8]) {
        self.add_hash(space, hash(key, value));
    }

    fn add_hash(&mut self, space: Space, hash: RowHash) {
        let (count, sum) = self.0.entry(space).or_default();
        *count = count.saturating_add(1);
        *sum = sum.wrapping_add(hash);
    }

    /// Adds what was added up elsewhere.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (space, (rows, hashes)) in &other.0 {
            let (count, sum) = self.0.entry(*space).or_default();
            *count = count.saturating_add(*rows);
            *sum = sum.wrapping_add(*hashes);
        }
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> u64 {
        self.0.values().map(|(rows, _)| *rows).sum()
    }

    /// Takes rows out that were added.
    fn take(&mut self, space: Space, rows: u8, hashes: RowHash) {
        let (count, sum) = self.0.entry(space).or_default();
        *count = count.saturating_sub(rows.into());
        *sum = sum.wrapping_sub(hashes);
    }
}

/// What a closed order's row and its index rows add up to.
#[derive(Clone, Copy, Default)]
struct OrderSums {
    record: RowHash,
    index: RowHash,
    index_rows: u8,
}

/// The rows, added up, and where they are to be named also by key. The values themselves would
/// double the memory.
pub(super) struct Expected {
    sums: Sums,
    rows: Option<BTreeMap<Space, BTreeMap<Vec<u8>, RowHash>>>,
    /// Orders that are added already, though they may change.
    closed: BTreeMap<OrderId, OrderSums>,
    keys: Keys,
}

impl Expected {
    /// Nothing yet; rows will only be added up. Orders will be sealed with these keys.
    pub(super) fn summed(keys: Keys) -> Self {
        Self { sums: Sums::default(), rows: None, closed: BTreeMap::new(), keys }
    }

    /// Nothing yet; rows can be compared one by one.
    pub(super) fn listed(keys: Keys) -> Self {
        Self { rows: Some(BTreeMap::new()), ..Self::summed(keys) }
    }

    /// Whether the state's rows are these, as far as their sums tell.
    pub(super) fn adds_up_to(&self, sums: &Sums) -> bool {
        self.sums == *sums
    }

    /// Whether rows are only added up, so that orders can be added before the history ends.
    pub(super) const fn is_summed(&self) -> bool {
        self.rows.is_none()
    }

    /// Adds an order that is over, and its transfers.
    pub(super) fn close(&mut self, closed: &Closed) {
        closed.transfers.iter().for_each(|booked| self.row(booked));
        let order = &closed.order;
        let mut sums = OrderSums::default();
        let key = Order::key(&order.id());
        let row = hash(&key, &codec::seal(Kind::Order, &key, order, &self.keys));
        self.sums.add_hash(Order::SPACE, row);
        sums.record = row;
        for key in order.indexes() {
            let row = hash(&key, &codec::seal(Kind::Index, &key, &(), &self.keys));
            self.sums.add_hash(Space::Index, row);
            sums.index = sums.index.wrapping_add(row);
            sums.index_rows = sums.index_rows.saturating_add(1);
        }
        self.closed.insert(order.id(), sums);
    }

    /// Takes an order out again that changes after all.
    pub(super) fn reopen(&mut self, id: OrderId) {
        if let Some(sums) = self.closed.remove(&id) {
            self.sums.take(Order::SPACE, 1, sums.record);
            self.sums.take(Space::Index, sums.index_rows, sums.index);
        }
    }

    /// Adds a row. Each may be added once only.
    pub(super) fn value<T: Coded>(&mut self, space: Space, kind: Kind, key: Vec<u8>, value: &T) {
        let hash = hash(&key, &codec::seal(kind, &key, value, &self.keys));
        self.hashed(space, key, hash);
    }

    /// Adds a row whose hash is known. Each may be added once only.
    pub(super) fn hashed(&mut self, space: Space, key: Vec<u8>, hash: RowHash) {
        self.sums.add_hash(space, hash);
        if let Some(rows) = &mut self.rows {
            rows.entry(space).or_default().insert(key, hash);
        }
    }

    pub(super) fn index(&mut self, space: Space, key: Vec<u8>) {
        self.value(space, Kind::Index, key, &());
    }

    pub(super) fn row<R: Row>(&mut self, row: &R) {
        self.value(R::SPACE, R::KIND, R::key(&row.id()), row);
        for key in row.indexes() {
            self.index(Space::Index, key);
        }
    }

    pub(super) fn mark(&mut self, head: Head) {
        if head == Head::GENESIS {
            return;
        }
        for space in Space::ALL {
            let mark = Mark { schema: SCHEMA, head };
            self.value(space, Kind::Mark, keys::MARK.to_vec(), &mark);
        }
    }

    /// Every row that the book leads to.
    pub(super) fn book(&mut self, book: &Book) {
        for (id, account) in &book.accounts {
            self.row(&AccountRow { id: id.clone(), account: *account });
        }
        book.transfers.values().for_each(|booked| self.row(booked));
        book.customers.values().for_each(|customer| self.row(customer));
        book.quotes.values().for_each(|quote| self.row(quote));
        book.orders.values().for_each(|order| self.row(order));
        book.deposits.values().for_each(|deposit| self.row(deposit));
        for (effect, made) in &book.wishes {
            self.row(&WishRow { effect: *effect, made: *made });
        }
        for version in &book.rules_seen {
            self.row(&RulesSeen { version: *version });
        }
        if let Some(before) = book.forgotten {
            self.row(&ForgottenRow { before });
        }
        book.sales.values().for_each(|switch| self.row(switch));
        book.refunds.values().for_each(|refund| self.row(refund));
        book.standings.values().for_each(|standing| self.row(standing));
        book.adjustments.values().for_each(|adjustment| self.row(adjustment));
        book.maintenance.iter().for_each(|maintenance| self.row(maintenance));
        book.reported.iter().for_each(|day| self.row(&ReportedRow { day: *day }));
        book.broadcasts.values().for_each(|broadcast| self.row(broadcast));
        book.outreaches.values().for_each(|outreach| self.row(outreach));
        self.counts(book);
    }

    fn counts(&mut self, book: &Book) {
        let mut tallies: BTreeMap<UserId, Tally> = BTreeMap::new();
        let mut totals = Totals::default();
        for order in book.orders.values() {
            let tally =
                tallies.entry(order.customer()).or_insert_with(|| Tally::none(order.customer()));
            if order.state.is_open() {
                tally.orders_open += 1;
                totals.orders_open += 1;
            }
        }
        for deposit in book.deposits.values() {
            let tally =
                tallies.entry(deposit.customer).or_insert_with(|| Tally::none(deposit.customer));
            match Undecided::of(deposit) {
                Some(Undecided::Opened) => totals.deposits_opened += 1,
                Some(Undecided::Submitted) => totals.deposits_submitted += 1,
                None => continue,
            }
            tally.deposits_open += 1;
        }
        totals.customers = book.customers.len() as u64;
        totals.wishes = book.wishes.len() as u64;
        // What counts nothing has no row.
        for tally in tallies.values().filter(|tally| **tally != Tally::none(tally.customer)) {
            self.row(tally);
        }
        if totals != Totals::default() {
            self.row(&totals);
        }
    }

    /// Compares a stored row with the one expected under its key, and ticks it off.
    pub(super) fn take(&mut self, space: Space, key: &[u8], value: &[u8]) -> Match {
        let rows = self.rows.as_mut().and_then(|rows| rows.get_mut(&space));
        match rows.and_then(|rows| rows.remove(key)) {
            None => Match::Surplus,
            Some(expected) if expected == hash(key, value) => Match::Same,
            Some(_) => Match::Differs,
        }
    }

    /// What was expected and not ticked off.
    pub(super) fn rest(self) -> impl Iterator<Item = (Space, Vec<u8>)> {
        let rows = |(space, rows): (Space, BTreeMap<Vec<u8>, RowHash>)| {
            rows.into_keys().map(move |key| (space, key))
        };
        self.rows.into_iter().flatten().flat_map(rows)
    }
}

/// The row's key is part of it, as the seed.
pub(super) fn hash(key: &[u8], value: &[u8]) -> RowHash {
    xxh3_128_with_seed(value, xxh3_64(key))
}
