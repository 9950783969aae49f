//! The rows that the state should hold, as the journal has it. Verification alone uses this.

use std::collections::BTreeMap;

use ring4_domain::book::Book;
use ring4_domain::ids::UserId;

use crate::codec::{
    self, AccountRow, Coded, ForgottenRow, Kind, Mark, RulesSeen, Tally, Totals, WishRow,
};
use crate::journal::Head;
use crate::keyring::Keys;
use crate::state::keys::{self, SCHEMA, Undecided};
use crate::state::rows::Row;
use crate::{Hash, Space};

/// How a row compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    Same,
    Differs,
    Surplus,
}

/// Keys with the hash of the value expected, by keyspace. The values themselves would double the
/// memory.
pub(super) struct Expected {
    rows: BTreeMap<Space, BTreeMap<Vec<u8>, Hash>>,
    keys: Keys,
}

impl Expected {
    /// Nothing yet; orders will be sealed with these keys.
    pub(super) const fn new(keys: Keys) -> Self {
        Self { rows: BTreeMap::new(), keys }
    }

    pub(super) fn value<T: Coded>(&mut self, space: Space, kind: Kind, key: Vec<u8>, value: &T) {
        let hash = hash(&codec::seal(kind, &key, value, &self.keys));
        self.rows.entry(space).or_default().insert(key, hash);
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
        match self.rows.get_mut(&space).and_then(|rows| rows.remove(key)) {
            None => Match::Surplus,
            Some(expected) if expected == hash(value) => Match::Same,
            Some(_) => Match::Differs,
        }
    }

    /// What was expected and not ticked off.
    pub(super) fn rest(self) -> impl Iterator<Item = (Space, Vec<u8>)> {
        let rows = |(space, rows): (Space, BTreeMap<Vec<u8>, Hash>)| {
            rows.into_keys().map(move |key| (space, key))
        };
        self.rows.into_iter().flat_map(rows)
    }
}

fn hash(value: &[u8]) -> Hash {
    Hash(*blake3::hash(value).as_bytes())
}
