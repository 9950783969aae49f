//! What a decision is allowed to see. The executor fills a view, `decide` reads it; it never
//! reads anything else, so it cannot fail with input or output.

use std::collections::{BTreeMap, BTreeSet};

use crate::adjustment::Adjustment;
use crate::broadcast::{Broadcast, Outreach};
use crate::change::Seq;
use crate::command::Key;
use crate::customer::Customer;
use crate::day::Day;
use crate::deposit::{Deposit, Reference};
use crate::effect::Effect;
use crate::ids::{
    AdjustmentId, BroadcastId, DepositId, MethodKey, OrderId, ProviderId, RulesVersion, Timestamp,
    UserId,
};
use crate::ledger::{Account, AccountId};
use crate::maintenance::Maintenance;
use crate::money::Amount;
use crate::order::{Order, Purchase, Quote};
use crate::refund::Refund;
use crate::sale::SaleSwitch;
use crate::standing::Standing;
use crate::stars::ChargeId;

/// A record as it stands, or its absence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// See [`Key::Customer`].
    Customer(Option<Customer>),
    /// See [`Key::OpenOrders`] and [`Key::OpenDeposits`].
    Count(u32),
    /// See [`Key::Account`]; an account never used is all zeros.
    Account(Account),
    /// See [`Key::Quote`].
    Quote(Option<Quote>),
    /// See [`Key::Order`].
    Order(Option<Box<Order>>),
    /// See [`Key::Owner`].
    Owner(Option<OrderId>),
    /// See [`Key::Deposit`].
    Deposit(Option<Deposit>),
    /// See [`Key::Referred`].
    Referred(Option<DepositId>),
    /// See [`Key::Amounts`].
    Amounts(BTreeSet<Amount>),
    /// See [`Key::Charged`].
    Charged(Option<DepositId>),
    /// See [`Key::Wish`].
    Wish(Option<Seq>),
    /// See [`Key::Rules`].
    Rules(Option<RulesVersion>),
    /// See [`Key::Forgotten`].
    Forgotten(Option<Day>),
    /// See [`Key::OldestOpenOrder`].
    OldestOpenOrder(Option<Timestamp>),
    /// See [`Key::Sale`].
    Sale(Option<SaleSwitch>),
    /// See [`Key::Refund`].
    Refund(Option<Refund>),
    /// See [`Key::Standing`].
    Standing(Option<Standing>),
    /// See [`Key::Adjustment`].
    Adjustment(Option<Adjustment>),
    /// See [`Key::Maintenance`].
    Maintenance(Option<Maintenance>),
    /// See [`Key::Reported`].
    Reported(Option<Day>),
    /// See [`Key::Placed`].
    Placed(Vec<Timestamp>),
    /// See [`Key::Broadcast`].
    Broadcast(Option<Box<Broadcast>>),
    /// See [`Key::Outreach`].
    Outreach(Option<Outreach>),
    /// See [`Key::ActiveBroadcast`].
    ActiveBroadcast(Option<BroadcastId>),
}

/// The records that a command touches.
#[derive(Clone, Debug, Default)]
pub struct View {
    records: BTreeMap<Key, Record>,
}

impl View {
    /// Adds a record.
    pub fn insert(&mut self, key: Key, record: Record) {
        self.records.insert(key, record);
    }

    /// The customer, if known.
    #[must_use]
    pub fn customer(&self, id: UserId) -> Option<&Customer> {
        match self.record(&Key::Customer(id)) {
            Record::Customer(customer) => customer.as_ref(),
            other => mismatch(other),
        }
    }

    /// How many orders of the customer are open.
    #[must_use]
    pub fn open_orders(&self, customer: UserId) -> u32 {
        match self.record(&Key::OpenOrders(customer)) {
            Record::Count(count) => *count,
            other => mismatch(other),
        }
    }

    /// How many deposits of the customer are undecided.
    #[must_use]
    pub fn open_deposits(&self, customer: UserId) -> u32 {
        match self.record(&Key::OpenDeposits(customer)) {
            Record::Count(count) => *count,
            other => mismatch(other),
        }
    }

    /// The account's counters.
    #[must_use]
    pub fn account(&self, id: &AccountId) -> Account {
        match self.record(&Key::Account(id.clone())) {
            Record::Account(account) => *account,
            other => mismatch(other),
        }
    }

    /// The quote, if there.
    #[must_use]
    pub fn quote(&self, id: OrderId) -> Option<&Quote> {
        match self.record(&Key::Quote(id)) {
            Record::Quote(quote) => quote.as_ref(),
            other => mismatch(other),
        }
    }

    /// The order, if there.
    #[must_use]
    pub fn order(&self, id: OrderId) -> Option<&Order> {
        match self.record(&Key::Order(id)) {
            Record::Order(order) => order.as_deref(),
            other => mismatch(other),
        }
    }

    /// The order that has this number, if one has.
    #[must_use]
    pub fn owner(&self, purchase: &Purchase) -> Option<OrderId> {
        let key = Key::Owner(purchase.provider.clone(), purchase.vendor_order.clone());
        match self.record(&key) {
            Record::Owner(owner) => *owner,
            other => mismatch(other),
        }
    }

    /// The deposit, if there.
    #[must_use]
    pub fn deposit(&self, id: DepositId) -> Option<&Deposit> {
        match self.record(&Key::Deposit(id)) {
            Record::Deposit(deposit) => deposit.as_ref(),
            other => mismatch(other),
        }
    }

    /// The deposit that has this payment's id, if one has.
    #[must_use]
    pub fn referred(&self, reference: &Reference) -> Option<DepositId> {
        match self.record(&Key::Referred(reference.clone())) {
            Record::Referred(deposit) => *deposit,
            other => mismatch(other),
        }
    }

    /// The amounts from this one on that open deposits of the method have.
    #[must_use]
    pub fn amounts(&self, method: &MethodKey, from: Amount) -> &BTreeSet<Amount> {
        match self.record(&Key::Amounts(method.clone(), from)) {
            Record::Amounts(amounts) => amounts,
            other => mismatch(other),
        }
    }

    /// The deposit that was paid by this payment in stars, if one was.
    #[must_use]
    pub fn charged(&self, charge: &ChargeId) -> Option<DepositId> {
        match self.record(&Key::Charged(charge.clone())) {
            Record::Charged(deposit) => *deposit,
            other => mismatch(other),
        }
    }

    /// The entry that made the wish, if it is in the outbox.
    #[must_use]
    pub fn wish(&self, effect: Effect) -> Option<Seq> {
        match self.record(&Key::Wish(effect)) {
            Record::Wish(made) => *made,
            other => mismatch(other),
        }
    }

    /// The live rule set, if any was ever activated.
    #[must_use]
    pub fn rules(&self) -> Option<RulesVersion> {
        match self.record(&Key::Rules) {
            Record::Rules(version) => *version,
            other => mismatch(other),
        }
    }

    /// The day before which everything is forgotten, if anything ever was.
    #[must_use]
    pub fn forgotten(&self) -> Option<Day> {
        match self.record(&Key::Forgotten) {
            Record::Forgotten(before) => *before,
            other => mismatch(other),
        }
    }

    /// When the oldest open order was placed, if one is open.
    #[must_use]
    pub fn oldest_open_order(&self) -> Option<Timestamp> {
        match self.record(&Key::OldestOpenOrder) {
            Record::OldestOpenOrder(placed_at) => *placed_at,
            other => mismatch(other),
        }
    }

    /// A vendor's switch, if an admin ever turned it.
    #[must_use]
    pub fn sale(&self, provider: &ProviderId) -> Option<&SaleSwitch> {
        match self.record(&Key::Sale(provider.clone())) {
            Record::Sale(switch) => switch.as_ref(),
            other => mismatch(other),
        }
    }
    /// The order's refund, if there is one.
    #[must_use]
    pub fn refund(&self, order: OrderId) -> Option<&Refund> {
        match self.record(&Key::Refund(order)) {
            Record::Refund(refund) => refund.as_ref(),
            other => mismatch(other),
        }
    }

    /// How the customer stands, if anything was decided.
    #[must_use]
    pub fn standing(&self, customer: UserId) -> Option<&Standing> {
        match self.record(&Key::Standing(customer)) {
            Record::Standing(standing) => standing.as_ref(),
            other => mismatch(other),
        }
    }

    /// The adjustment, if there.
    #[must_use]
    pub fn adjustment(&self, id: AdjustmentId) -> Option<&Adjustment> {
        match self.record(&Key::Adjustment(id)) {
            Record::Adjustment(adjustment) => adjustment.as_ref(),
            other => mismatch(other),
        }
    }

    /// What admins said last about a pause, if anything.
    #[must_use]
    pub fn maintenance(&self) -> Option<&Maintenance> {
        match self.record(&Key::Maintenance) {
            Record::Maintenance(maintenance) => maintenance.as_ref(),
            other => mismatch(other),
        }
    }

    /// The local day of the last report, if there was one.
    #[must_use]
    pub fn reported(&self) -> Option<Day> {
        match self.record(&Key::Reported) {
            Record::Reported(day) => *day,
            other => mismatch(other),
        }
    }

    /// When the customer's latest orders were placed, newest first.
    #[must_use]
    pub fn placed(&self, customer: UserId) -> &[Timestamp] {
        match self.record(&Key::Placed(customer)) {
            Record::Placed(moments) => moments,
            other => mismatch(other),
        }
    }

    /// The broadcast, if there.
    #[must_use]
    pub fn broadcast(&self, id: BroadcastId) -> Option<&Broadcast> {
        match self.record(&Key::Broadcast(id)) {
            Record::Broadcast(broadcast) => broadcast.as_deref(),
            other => mismatch(other),
        }
    }

    /// How far the broadcast has come, if it ever began.
    #[must_use]
    pub fn outreach(&self, id: BroadcastId) -> Option<&Outreach> {
        match self.record(&Key::Outreach(id)) {
            Record::Outreach(outreach) => outreach.as_ref(),
            other => mismatch(other),
        }
    }

    /// The broadcast that is under way, if one is.
    #[must_use]
    pub fn active_broadcast(&self) -> Option<BroadcastId> {
        match self.record(&Key::ActiveBroadcast) {
            Record::ActiveBroadcast(active) => *active,
            other => mismatch(other),
        }
    }

    #[allow(clippy::panic)]
    fn record(&self, key: &Key) -> &Record {
        match self.records.get(key) {
            Some(record) => record,
            // A command that reads what it did not name is a bug in `touched`; going on would
            // decide about money on a record that was never loaded.
            None => panic!("{key:?} was not loaded"),
        }
    }
}

#[allow(clippy::panic)]
fn mismatch(record: &Record) -> ! {
    panic!("a key was filled with {record:?}")
}
