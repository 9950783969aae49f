//! The whole state as plain maps, folded from entries, and the invariants it must keep.
//! Audit, validation and tests import this; the running shop reads its store instead.
//!
//! The store keeps the same state on disk by its own code. Two folds that were written apart and
//! agree are worth more than one.

mod closing;
mod invariants;

use std::collections::{BTreeMap, BTreeSet};

pub use closing::{Closed, ClosedOrders};
pub use invariants::Violation;

use crate::adjustment::Adjustment;
use crate::broadcast::{Broadcast, Outreach};
use crate::change::{Change, Entry, Seq};
use crate::command::Key;
use crate::customer::Customer;
use crate::day::Day;
use crate::deposit::{Deposit, is_tried};
use crate::effect::Effect;
use crate::ids::{
    AdjustmentId, BroadcastId, DepositId, OrderId, ProviderId, RulesVersion, Timestamp, UserId,
};
use crate::ledger::{
    self, Account, AccountId, LedgerError, Resolution, Transfer, TransferId, TransferKind,
};
use crate::maintenance::Maintenance;
use crate::order::{Order, Quote};
use crate::policy::ORDERS_COUNTED_MAX;
use crate::refund::Refund;
use crate::sale::SaleSwitch;
use crate::standing::Standing;
use crate::view::{Record, View};

/// Why an entry cannot follow the ones before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The entry's place is not the next one.
    #[error("entry {found:?} where {expected:?} was due")]
    Gap {
        /// The place due.
        expected: Seq,
        /// The place found.
        found: Seq,
    },
    /// A transfer cannot be booked.
    #[error("entry {at:?}: {source}")]
    Ledger {
        /// The entry.
        at: Seq,
        /// Why.
        source: LedgerError,
    },
}

/// A stored transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booked {
    /// The transfer.
    pub transfer: Transfer,
    /// Whether it is still open, where it is a hold.
    pub resolution: Resolution,
    /// The entry that booked it.
    pub seq: Seq,
}

/// Everything that the journal says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// The last entry folded in.
    pub head: Seq,
    /// Every account ever used.
    pub accounts: BTreeMap<AccountId, Account>,
    /// Every transfer.
    pub transfers: BTreeMap<TransferId, Booked>,
    /// Every customer.
    pub customers: BTreeMap<UserId, Customer>,
    /// Quotes that are neither ordered nor forgotten.
    pub quotes: BTreeMap<OrderId, Quote>,
    /// Every order.
    pub orders: BTreeMap<OrderId, Order>,
    /// Every deposit.
    pub deposits: BTreeMap<DepositId, Deposit>,
    /// What the world owes us, and the entry that says so.
    pub wishes: BTreeMap<Effect, Seq>,
    /// The live rule set.
    pub rules: Option<RulesVersion>,
    /// Rule sets that were ever live.
    pub rules_seen: BTreeSet<RulesVersion>,
    /// The day before which numbers and codes are forgotten.
    pub forgotten: Option<Day>,
    /// Every vendor's switch that was ever turned.
    pub sales: BTreeMap<ProviderId, SaleSwitch>,
    /// Every refund, by its order.
    pub refunds: BTreeMap<OrderId, Refund>,
    /// How customers stand of whom something was decided.
    pub standings: BTreeMap<UserId, Standing>,
    /// Every adjustment, booked or not.
    pub adjustments: BTreeMap<AdjustmentId, Adjustment>,
    /// The last word about a pause in selling.
    pub maintenance: Option<Maintenance>,
    /// The local day of the last report.
    pub reported: Option<Day>,
    /// Every broadcast, sent or not.
    pub broadcasts: BTreeMap<BroadcastId, Broadcast>,
    /// How far each has come that ever began.
    pub outreaches: BTreeMap<BroadcastId, Outreach>,
    /// What was taken out of `orders` and `transfers` with [`Book::close`].
    pub closed: ClosedOrders,
}

impl Book {
    /// Folds the next entry in.
    ///
    /// # Errors
    /// The entry does not follow, or books what cannot be booked; the book is then unusable.
    pub fn apply(&mut self, entry: Entry) -> Result<(), FoldError> {
        let expected = Seq(self.head.0.saturating_add(1));
        if entry.seq != expected {
            return Err(FoldError::Gap { expected, found: entry.seq });
        }
        for change in entry.changes {
            self.apply_change(entry.seq, change)
                .map_err(|source| FoldError::Ledger { at: entry.seq, source })?;
        }
        self.head = entry.seq;
        Ok(())
    }

    fn apply_change(&mut self, seq: Seq, change: Change) -> Result<(), LedgerError> {
        match change {
            Change::Transfer(transfer) => self.book(seq, transfer)?,
            Change::Customer(customer) => {
                self.customers.insert(customer.id, customer);
            }
            Change::Quote(quote) => {
                self.quotes.insert(quote.id, quote);
            }
            Change::QuoteDropped(id) => {
                self.quotes.remove(&id);
            }
            Change::Order(order) => {
                self.orders.insert(order.id(), order);
            }
            Change::Deposit(deposit) => {
                self.deposits.insert(deposit.id, deposit);
            }
            Change::Wish(effect) => {
                self.wishes.insert(effect, seq);
            }
            Change::Granted { effect, made } => {
                if self.wishes.get(&effect) == Some(&made) {
                    self.wishes.remove(&effect);
                }
            }
            Change::RulesActivated(activation) => {
                self.rules = Some(activation.version);
                self.rules_seen.insert(activation.version);
            }
            Change::CodesForgotten(before) => self.forgotten = Some(before),
            Change::SaleSet(switch) => {
                self.sales.insert(switch.provider.clone(), switch);
            }
            Change::Refund(refund) => {
                self.refunds.insert(refund.order, refund);
            }
            Change::Standing(standing) => {
                self.standings.insert(standing.customer, standing);
            }
            Change::Adjustment(adjustment) => {
                self.adjustments.insert(adjustment.id, adjustment);
            }
            Change::Maintenance(maintenance) => self.maintenance = Some(maintenance),
            Change::Reported(day) => self.reported = Some(day),
            Change::Broadcast(broadcast) => {
                self.broadcasts.insert(broadcast.id, broadcast);
            }
            Change::Outreach(outreach) => {
                self.outreaches.insert(outreach.broadcast, outreach);
            }
        }
        Ok(())
    }

    fn book(&mut self, seq: Seq, transfer: Transfer) -> Result<(), LedgerError> {
        if self.transfers.contains_key(&transfer.id) || self.closed.has(transfer.id) {
            return Err(LedgerError::Exists(transfer.id));
        }
        let resolved = match transfer.kind {
            TransferKind::Post { pending } => Some((pending, Resolution::Posted(transfer.id))),
            TransferKind::Void { pending } => Some((pending, Resolution::Voided(transfer.id))),
            TransferKind::Posted | TransferKind::Pending { .. } => None,
        };
        let hold = resolved.and_then(|(pending, _)| self.transfers.get(&pending));
        ledger::check_hold(&transfer, hold.map(|hold| (&hold.transfer, hold.resolution)))?;
        let account = |id: &AccountId| self.accounts.get(id).copied().unwrap_or_default();
        let (debit, credit) =
            ledger::apply(&transfer, account(&transfer.debit), account(&transfer.credit))?;
        self.set_account(&transfer.debit, debit);
        self.set_account(&transfer.credit, credit);
        if let Some((pending, resolution)) = resolved
            && let Some(hold) = self.transfers.get_mut(&pending)
        {
            hold.resolution = resolution;
        }
        let resolution = match transfer.kind {
            TransferKind::Pending { .. } => Resolution::Open,
            _ => Resolution::Final,
        };
        self.transfers.insert(transfer.id, Booked { transfer, resolution, seq });
        Ok(())
    }

    fn set_account(&mut self, id: &AccountId, account: Account) {
        match self.accounts.get_mut(id) {
            Some(known) => *known = account,
            None => {
                self.accounts.insert(id.clone(), account);
            }
        }
    }

    /// The records that a command touches.
    #[must_use]
    pub fn view(&self, keys: &[Key]) -> View {
        let mut view = View::default();
        for key in keys {
            view.insert(key.clone(), self.record(key));
        }
        view
    }

    fn record(&self, key: &Key) -> Record {
        match key {
            Key::Customer(id) => Record::Customer(self.customers.get(id).cloned()),
            Key::OpenOrders(customer) => {
                let open = |order: &&Order| order.customer() == *customer && order.state.is_open();
                count(self.orders.values().filter(open).count())
            }
            Key::OpenDeposits(customer) => {
                let open = |deposit: &&Deposit| {
                    deposit.customer == *customer && deposit.state.is_undecided()
                };
                count(self.deposits.values().filter(open).count())
            }
            Key::Account(id) => Record::Account(self.accounts.get(id).copied().unwrap_or_default()),
            Key::Quote(id) => Record::Quote(self.quotes.get(id).cloned()),
            Key::Order(id) => Record::Order(self.orders.get(id).cloned().map(Box::new)),
            Key::Owner(provider, vendor_order) => {
                let has = |order: &&Order| order.has_had(provider, vendor_order);
                Record::Owner(self.orders.values().find(has).map(Order::id))
            }
            Key::Deposit(id) => Record::Deposit(self.deposits.get(id).cloned()),
            Key::Referred(reference) => {
                let has = |deposit: &&Deposit| deposit.reference.as_ref() == Some(reference);
                Record::Referred(self.deposits.values().find(has).map(|deposit| deposit.id))
            }
            Key::Charged(charge) => {
                let has = |deposit: &&Deposit| deposit.charge() == Some(charge);
                Record::Charged(self.deposits.values().find(has).map(|deposit| deposit.id))
            }
            Key::Amounts(method, from) => {
                let of = self.deposits.values().filter(|deposit| deposit.method == *method);
                let amounts = of.filter_map(Deposit::own_amount);
                Record::Amounts(amounts.filter(|amount| is_tried(*from, *amount)).collect())
            }
            Key::Wish(effect) => Record::Wish(self.wishes.get(effect).copied()),
            Key::Rules => Record::Rules(self.rules),
            Key::Forgotten => Record::Forgotten(self.forgotten),
            Key::Sale(provider) => Record::Sale(self.sales.get(provider).cloned()),
            Key::OldestOpenOrder => {
                let open = self.orders.values().filter(|order| order.state.is_open());
                Record::OldestOpenOrder(open.map(|order| order.placed_at).min())
            }
            Key::Refund(order) => Record::Refund(self.refunds.get(order).cloned()),
            Key::Standing(customer) => Record::Standing(self.standings.get(customer).cloned()),
            Key::Adjustment(id) => Record::Adjustment(self.adjustments.get(id).cloned()),
            Key::Maintenance => Record::Maintenance(self.maintenance.clone()),
            Key::Reported => Record::Reported(self.reported),
            Key::Placed(customer) => Record::Placed(self.placed(*customer)),
            Key::Broadcast(id) => Record::Broadcast(self.broadcasts.get(id).cloned().map(Box::new)),
            Key::Outreach(id) => Record::Outreach(self.outreaches.get(id).cloned()),
            Key::ActiveBroadcast => {
                let mut active = self.broadcasts.values().filter(|known| known.is_active());
                Record::ActiveBroadcast(active.next().map(|known| known.id))
            }
        }
    }
}

impl Book {
    fn placed(&self, customer: UserId) -> Vec<Timestamp> {
        let own = self.orders.values().filter(|order| order.customer() == customer);
        let mut moments: Vec<Timestamp> = own.map(|order| order.placed_at).collect();
        moments.sort_unstable_by(|one, other| other.cmp(one));
        moments.truncate(usize::try_from(ORDERS_COUNTED_MAX).unwrap_or(usize::MAX));
        moments
    }
}

fn count(count: usize) -> Record {
    Record::Count(u32::try_from(count).unwrap_or(u32::MAX))
}
