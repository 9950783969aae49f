//! The state as it will be once a group is committed: what was read, and what the group's
//! entries made of it. Group and replay use this.
//!
//! Records are kept as values and encoded once, when the group is written, however often the
//! group's entries changed them.

mod desk;

use std::collections::{BTreeMap, BTreeSet};

use ring4_domain::adjustment::Adjustment;
use ring4_domain::book::Booked;
use ring4_domain::broadcast::{Broadcast, Outreach};
use ring4_domain::change::{Activation, Change, Entry, Seq};
use ring4_domain::customer::Customer;
use ring4_domain::day::Day;
use ring4_domain::deposit::{Deposit, Reference, is_tried};
use ring4_domain::effect::Effect;
use ring4_domain::ids::{
    DepositId, MethodKey, OrderId, ProviderId, RulesVersion, Timestamp, UserId,
};
use ring4_domain::ledger::{
    self, Account, AccountId, LedgerError, Resolution, Transfer, TransferId, TransferKind,
};
use ring4_domain::maintenance::Maintenance;
use ring4_domain::money::Amount;
use ring4_domain::order::{Order, Quote};
use ring4_domain::refund::Refund;
use ring4_domain::sale::SaleSwitch;
use ring4_domain::standing::Standing;
use ring4_domain::stars::ChargeId;

use super::StageError;
use crate::codec::{
    AccountRow, ForgottenRow, ReportedRow, RulesRow, RulesSeen, Tally, Totals, WishRow,
};
use crate::state::Batch;
use crate::state::keys::{self, Undecided};
use crate::state::rows::Row;
use crate::{ReadError, Snapshot, Space};

/// A row as it is stored and as it will be.
struct Slot<R> {
    stored: Option<R>,
    now: Option<R>,
}

/// The rows of one kind that the group has looked at.
struct Table<R: Row>(BTreeMap<R::Id, Slot<R>>);

impl<R: Row> Table<R> {
    const fn new() -> Self {
        Self(BTreeMap::new())
    }

    fn slot(&mut self, snapshot: &Snapshot, id: &R::Id) -> Result<&mut Slot<R>, ReadError> {
        use std::collections::btree_map::Entry;
        Ok(match self.0.entry(id.clone()) {
            Entry::Occupied(slot) => slot.into_mut(),
            Entry::Vacant(vacant) => {
                let stored = snapshot.reading.row::<R>(id)?;
                vacant.insert(Slot { now: stored.clone(), stored })
            }
        })
    }

    fn get(&mut self, snapshot: &Snapshot, id: &R::Id) -> Result<Option<&R>, ReadError> {
        Ok(self.slot(snapshot, id)?.now.as_ref())
    }

    /// Sets a row whose slot was loaded before, and returns the row as it was.
    fn set(&mut self, id: &R::Id, row: Option<R>) -> Option<R> {
        let slot = self.0.get_mut(id)?;
        std::mem::replace(&mut slot.now, row)
    }

    fn write(self, batch: &mut Batch<'_>) {
        for (id, Slot { stored, now }) in self.0 {
            if stored == now {
                continue;
            }
            let before = stored.as_ref().map(R::indexes).unwrap_or_default();
            let after = now.as_ref().map(R::indexes).unwrap_or_default();
            for key in before.iter().filter(|key| !after.contains(key)) {
                batch.remove(Space::Index, key.clone());
            }
            for key in after.iter().filter(|key| !before.contains(key)) {
                batch.put_index(Space::Index, key.clone());
            }
            match now {
                Some(row) => batch.put_row(&id, &row),
                None => batch.remove(R::SPACE, R::key(&id)),
            }
        }
    }
}

/// See the module.
pub(crate) struct Overlay {
    snapshot: Snapshot,
    accounts: Table<AccountRow>,
    transfers: Table<Booked>,
    customers: Table<Customer>,
    quotes: Table<Quote>,
    orders: Table<Order>,
    deposits: Table<Deposit>,
    wishes: Table<WishRow>,
    tallies: Table<Tally>,
    totals: Table<Totals>,
    rules: Table<RulesRow>,
    rules_seen: Table<RulesSeen>,
    forgotten: Table<ForgottenRow>,
    sales: Table<SaleSwitch>,
    refunds: Table<Refund>,
    standings: Table<Standing>,
    adjustments: Table<Adjustment>,
    maintenance: Table<Maintenance>,
    reported: Table<ReportedRow>,
    broadcasts: Table<Broadcast>,
    outreaches: Table<Outreach>,
    wallet_entries: Vec<Vec<u8>>,
}

impl Overlay {
    pub(crate) const fn new(snapshot: Snapshot) -> Self {
        Self {
            snapshot,
            accounts: Table::new(),
            transfers: Table::new(),
            customers: Table::new(),
            quotes: Table::new(),
            orders: Table::new(),
            deposits: Table::new(),
            wishes: Table::new(),
            tallies: Table::new(),
            totals: Table::new(),
            rules: Table::new(),
            rules_seen: Table::new(),
            forgotten: Table::new(),
            sales: Table::new(),
            refunds: Table::new(),
            standings: Table::new(),
            adjustments: Table::new(),
            maintenance: Table::new(),
            reported: Table::new(),
            broadcasts: Table::new(),
            outreaches: Table::new(),
            wallet_entries: Vec::new(),
        }
    }

    pub(super) fn customer(&mut self, id: UserId) -> Result<Option<&Customer>, ReadError> {
        self.customers.get(&self.snapshot, &id)
    }

    pub(super) fn quote(&mut self, id: OrderId) -> Result<Option<&Quote>, ReadError> {
        self.quotes.get(&self.snapshot, &id)
    }

    pub(super) fn order(&mut self, id: OrderId) -> Result<Option<&Order>, ReadError> {
        self.orders.get(&self.snapshot, &id)
    }

    /// The order that has this vendor's order: one that the group gave it to, or a stored one.
    pub(super) fn owner(
        &self,
        provider: &ProviderId,
        vendor_order: &str,
    ) -> Result<Option<OrderId>, ReadError> {
        let has = |order: &&Order| order.has_had(provider, vendor_order);
        let mut changed = self.orders.0.values().filter_map(|slot| slot.now.as_ref());
        if let Some(order) = changed.find(has) {
            return Ok(Some(order.id()));
        }
        let stored = self.snapshot.order_of_purchase(provider, vendor_order)?;
        // An order in the group is as the group says.
        let id = stored.map(|order| order.id());
        Ok(id.filter(|id| !self.orders.0.contains_key(id)))
    }

    pub(super) fn deposit(&mut self, id: DepositId) -> Result<Option<&Deposit>, ReadError> {
        self.deposits.get(&self.snapshot, &id)
    }

    /// The deposit that has this payment: one that the group gave it to, or a stored one.
    pub(super) fn referred(&self, reference: &Reference) -> Result<Option<DepositId>, ReadError> {
        let has = |deposit: &&Deposit| deposit.reference.as_ref() == Some(reference);
        let mut changed = self.deposits.0.values().filter_map(|slot| slot.now.as_ref());
        if let Some(deposit) = changed.find(has) {
            return Ok(Some(deposit.id));
        }
        // A deposit never loses its payment, so what is stored holds in the group, too.
        Ok(self.snapshot.deposit_by_payment(reference)?.map(|deposit| deposit.id))
    }

    /// The deposit that was paid by this payment in stars; like [`Self::referred`].
    pub(super) fn charged(&self, charge: &ChargeId) -> Result<Option<DepositId>, ReadError> {
        let has = |deposit: &&Deposit| deposit.charge() == Some(charge);
        let mut changed = self.deposits.0.values().filter_map(|slot| slot.now.as_ref());
        if let Some(deposit) = changed.find(has) {
            return Ok(Some(deposit.id));
        }
        Ok(self.snapshot.deposit_by_charge(charge)?.map(|deposit| deposit.id))
    }

    /// The amounts from this one on that open deposits of the method do not share.
    pub(super) fn amounts(
        &self,
        method: &MethodKey,
        from: Amount,
    ) -> Result<BTreeSet<Amount>, ReadError> {
        let stored = self.snapshot.own_amounts(method, from)?;
        // A deposit in the group is as the group says.
        let stored = stored.into_iter().filter(|(id, _)| !self.deposits.0.contains_key(id));
        let changed = self.deposits.0.values().filter_map(|slot| slot.now.as_ref());
        let changed = changed.filter(|deposit| deposit.method == *method);
        let changed = changed.filter_map(Deposit::own_amount);
        let tried = |amount: &Amount| is_tried(from, *amount);
        Ok(stored.map(|(_, amount)| amount).chain(changed).filter(tried).collect())
    }

    pub(super) fn account(&mut self, id: &AccountId) -> Result<Account, ReadError> {
        let row = self.accounts.get(&self.snapshot, id)?;
        Ok(row.map(|row| row.account).unwrap_or_default())
    }

    pub(super) fn wish(&mut self, effect: Effect) -> Result<Option<Seq>, ReadError> {
        Ok(self.wishes.get(&self.snapshot, &effect)?.map(|row| row.made))
    }

    pub(super) fn rules(&mut self) -> Result<Option<RulesVersion>, ReadError> {
        Ok(self.rules.get(&self.snapshot, &())?.map(|row| row.version))
    }

    pub(super) fn forgotten(&mut self) -> Result<Option<Day>, ReadError> {
        Ok(self.forgotten.get(&self.snapshot, &())?.map(|row| row.before))
    }

    pub(super) fn sale(&mut self, id: &ProviderId) -> Result<Option<&SaleSwitch>, ReadError> {
        self.sales.get(&self.snapshot, id)
    }

    /// When the oldest open order was placed. Reads every open order, so it is for what happens
    /// once a day.
    pub(super) fn oldest_open_order(&self) -> Result<Option<Timestamp>, ReadError> {
        let stored = self.snapshot.open_orders()?;
        // An order in the group is as the group says.
        let stored = stored.iter().filter(|order| !self.orders.0.contains_key(&order.id()));
        let changed = self.orders.0.values().filter_map(|slot| slot.now.as_ref());
        let open = stored.chain(changed).filter(|order| order.state.is_open());
        Ok(open.map(|order| order.placed_at).min())
    }

    pub(super) fn tally(&mut self, customer: UserId) -> Result<Tally, ReadError> {
        let tally = self.tallies.get(&self.snapshot, &customer)?;
        Ok(tally.copied().unwrap_or(Tally::none(customer)))
    }

    /// Applies an entry: all of it, or, with an error, nothing. Whatever can fail is done first,
    /// on the side; what follows only moves values into place.
    pub(crate) fn apply(&mut self, entry: Entry) -> Result<(), StageError> {
        for change in &entry.changes {
            self.load(change)?;
        }
        let booked = self.book(&entry)?;
        for (id, account) in booked.accounts {
            if let Some(customer) = id.wallet() {
                self.wallet_entries.push(keys::wallet_entry(customer, entry.seq));
            }
            self.accounts.set(&id, Some(AccountRow { id: id.clone(), account }));
        }
        for (id, transfer) in booked.transfers {
            self.transfers.set(&id, Some(transfer));
        }
        for change in entry.changes {
            self.change(entry.seq, change);
        }
        Ok(())
    }

    /// Reads every row that a change replaces.
    fn load(&mut self, change: &Change) -> Result<(), ReadError> {
        let snapshot = &self.snapshot;
        match change {
            Change::Transfer(transfer) => {
                self.accounts.slot(snapshot, &transfer.debit)?;
                self.accounts.slot(snapshot, &transfer.credit)?;
                self.transfers.slot(snapshot, &transfer.id)?;
                if let Some((pending, _)) = resolves(transfer) {
                    self.transfers.slot(snapshot, &pending)?;
                }
            }
            Change::Customer(customer) => {
                self.customers.slot(snapshot, &customer.id)?;
                self.totals.slot(snapshot, &())?;
            }
            Change::Quote(quote) => {
                self.quotes.slot(snapshot, &quote.id)?;
            }
            Change::QuoteDropped(id) => {
                self.quotes.slot(snapshot, id)?;
            }
            Change::Order(order) => {
                self.totals.slot(snapshot, &())?;
                self.tallies.slot(snapshot, &order.customer())?;
                let before = self.orders.slot(snapshot, &order.id())?.now.as_ref();
                let before = before.map(Order::customer).unwrap_or(order.customer());
                self.tallies.slot(snapshot, &before)?;
            }
            Change::Deposit(deposit) => {
                self.totals.slot(snapshot, &())?;
                self.tallies.slot(snapshot, &deposit.customer)?;
                let before = self.deposits.slot(snapshot, &deposit.id)?.now.as_ref();
                let before = before.map_or(deposit.customer, |before| before.customer);
                self.tallies.slot(snapshot, &before)?;
            }
            Change::Wish(effect) | Change::Granted { effect, .. } => {
                self.totals.slot(snapshot, &())?;
                self.wishes.slot(snapshot, effect)?;
            }
            Change::RulesActivated(activation) => {
                self.rules.slot(snapshot, &())?;
                self.rules_seen.slot(snapshot, &activation.version)?;
            }
            Change::CodesForgotten(_) => {
                self.forgotten.slot(snapshot, &())?;
            }
            Change::SaleSet(switch) => {
                self.sales.slot(snapshot, &switch.provider)?;
            }
            Change::Refund(_)
            | Change::Standing(_)
            | Change::Adjustment(_)
            | Change::Maintenance(_)
            | Change::Reported(_)
            | Change::Broadcast(_)
            | Change::Outreach(_) => self.load_of_desk(change)?,
        }
        Ok(())
    }

    /// Books the entry's transfers on copies.
    fn book(&mut self, entry: &Entry) -> Result<Bookings, StageError> {
        let mut booked = Bookings::default();
        for change in &entry.changes {
            let Change::Transfer(transfer) = change else { continue };
            if booked.transfer(self, transfer.id)?.is_some() {
                return Err(LedgerError::Exists(transfer.id).into());
            }
            let mut hold = None;
            if let Some((pending, resolution)) = resolves(transfer) {
                let stored = booked.transfer(self, pending)?;
                let of = stored.as_ref().map(|hold| (&hold.transfer, hold.resolution));
                ledger::check_hold(transfer, of)?;
                hold = stored.map(|hold| Booked { resolution, ..hold });
            }
            let debit = booked.account(self, &transfer.debit)?;
            let credit = booked.account(self, &transfer.credit)?;
            let (debit, credit) = ledger::apply(transfer, debit, credit)?;
            booked.accounts.insert(transfer.debit.clone(), debit);
            booked.accounts.insert(transfer.credit.clone(), credit);
            if let Some(hold) = hold {
                booked.transfers.insert(hold.transfer.id, hold);
            }
            let resolution = match transfer.kind {
                TransferKind::Pending { .. } => Resolution::Open,
                _ => Resolution::Final,
            };
            let row = Booked { transfer: transfer.clone(), resolution, seq: entry.seq };
            booked.transfers.insert(transfer.id, row);
        }
        Ok(booked)
    }

    /// Puts a change's record in place; transfers are booked already.
    fn change(&mut self, seq: Seq, change: Change) {
        match change {
            Change::Transfer(_) => {}
            Change::Customer(customer) => {
                let id = customer.id;
                let known = self.customers.set(&id, Some(customer)).is_some();
                self.count(|totals| step(&mut totals.customers, known, true));
            }
            Change::Quote(quote) => {
                self.quotes.set(&quote.id.clone(), Some(quote));
            }
            Change::QuoteDropped(id) => {
                self.quotes.set(&id, None);
            }
            Change::Order(order) => self.change_order(order),
            Change::Deposit(deposit) => self.change_deposit(deposit),
            Change::Wish(effect) => {
                let row = WishRow { effect, made: seq };
                let known = self.wishes.set(&effect, Some(row)).is_some();
                self.count(|totals| step(&mut totals.wishes, known, true));
            }
            Change::Granted { effect, made } => {
                let row = self.wishes.0.get(&effect).and_then(|slot| slot.now);
                if row.is_some_and(|row| row.made == made) {
                    self.wishes.set(&effect, None);
                    self.count(|totals| step(&mut totals.wishes, true, false));
                }
            }
            Change::RulesActivated(Activation { version, .. }) => {
                self.rules.set(&(), Some(RulesRow { version, since: seq }));
                self.rules_seen.set(&version, Some(RulesSeen { version }));
            }
            Change::CodesForgotten(before) => {
                self.forgotten.set(&(), Some(ForgottenRow { before }));
            }
            Change::SaleSet(switch) => {
                self.sales.set(&switch.provider.clone(), Some(switch));
            }
            Change::Refund(refund) => {
                self.refunds.set(&refund.order.clone(), Some(refund));
            }
            Change::Standing(standing) => {
                self.standings.set(&standing.customer.clone(), Some(standing));
            }
            Change::Adjustment(adjustment) => {
                self.adjustments.set(&adjustment.id.clone(), Some(adjustment));
            }
            Change::Maintenance(maintenance) => {
                self.maintenance.set(&(), Some(maintenance));
            }
            Change::Reported(day) => {
                self.reported.set(&(), Some(ReportedRow { day }));
            }
            Change::Broadcast(broadcast) => {
                self.broadcasts.set(&broadcast.id.clone(), Some(broadcast));
            }
            Change::Outreach(outreach) => {
                self.outreaches.set(&outreach.broadcast.clone(), Some(outreach));
            }
        }
    }

    fn change_order(&mut self, order: Order) {
        let (customer, open) = (order.customer(), order.state.is_open());
        let before = self.orders.set(&order.id(), Some(order));
        let was = before.map(|before| (before.customer(), before.state.is_open()));
        if let Some((customer, true)) = was {
            self.tally_by(customer, |tally| step(&mut tally.orders_open, true, false));
        }
        if open {
            self.tally_by(customer, |tally| step(&mut tally.orders_open, false, true));
        }
        let was = was.is_some_and(|(_, open)| open);
        self.count(|totals| step(&mut totals.orders_open, was, open));
    }

    fn change_deposit(&mut self, deposit: Deposit) {
        let (customer, state) = (deposit.customer, Undecided::of(&deposit));
        let before = self.deposits.set(&deposit.id.clone(), Some(deposit));
        let was = before.and_then(|before| Some((before.customer, Undecided::of(&before)?)));
        if let Some((customer, _)) = was {
            self.tally_by(customer, |tally| step(&mut tally.deposits_open, true, false));
        }
        if state.is_some() {
            self.tally_by(customer, |tally| step(&mut tally.deposits_open, false, true));
        }
        let was = was.map(|(_, state)| state);
        self.count(|totals| {
            let [opened, submitted] = [Some(Undecided::Opened), Some(Undecided::Submitted)];
            step(&mut totals.deposits_opened, was == opened, state == opened);
            step(&mut totals.deposits_submitted, was == submitted, state == submitted);
        });
    }

    fn count(&mut self, change: impl FnOnce(&mut Totals)) {
        if let Some(slot) = self.totals.0.get_mut(&()) {
            let mut totals = slot.now.unwrap_or_default();
            change(&mut totals);
            slot.now = (totals != Totals::default()).then_some(totals);
        }
    }

    fn tally_by(&mut self, customer: UserId, change: impl FnOnce(&mut Tally)) {
        if let Some(slot) = self.tallies.0.get_mut(&customer) {
            let mut tally = slot.now.unwrap_or(Tally::none(customer));
            change(&mut tally);
            // A tally of nothing has no row: most customers have nothing open.
            slot.now = (tally != Tally::none(customer)).then_some(tally);
        }
    }

    /// Writes what the group changed.
    pub(crate) fn write(self, batch: &mut Batch<'_>) {
        self.accounts.write(batch);
        self.transfers.write(batch);
        self.customers.write(batch);
        self.quotes.write(batch);
        self.orders.write(batch);
        self.deposits.write(batch);
        self.wishes.write(batch);
        self.tallies.write(batch);
        self.totals.write(batch);
        self.rules.write(batch);
        self.rules_seen.write(batch);
        self.forgotten.write(batch);
        self.sales.write(batch);
        self.refunds.write(batch);
        self.standings.write(batch);
        self.adjustments.write(batch);
        self.maintenance.write(batch);
        self.reported.write(batch);
        self.broadcasts.write(batch);
        self.outreaches.write(batch);
        for key in self.wallet_entries {
            batch.put_index(Space::Ledger, key);
        }
    }
}

/// What an entry's transfers make of accounts and transfers.
#[derive(Default)]
struct Bookings {
    accounts: BTreeMap<AccountId, Account>,
    transfers: BTreeMap<TransferId, Booked>,
}

impl Bookings {
    fn account(&self, below: &mut Overlay, id: &AccountId) -> Result<Account, ReadError> {
        self.accounts.get(id).map_or_else(|| below.account(id), |account| Ok(*account))
    }

    fn transfer(&self, below: &mut Overlay, id: TransferId) -> Result<Option<Booked>, ReadError> {
        match self.transfers.get(&id) {
            Some(booked) => Ok(Some(booked.clone())),
            None => Ok(below.transfers.get(&below.snapshot, &id)?.cloned()),
        }
    }
}

/// The hold that a transfer resolves, and how.
const fn resolves(transfer: &Transfer) -> Option<(TransferId, Resolution)> {
    match transfer.kind {
        TransferKind::Post { pending } => Some((pending, Resolution::Posted(transfer.id))),
        TransferKind::Void { pending } => Some((pending, Resolution::Voided(transfer.id))),
        TransferKind::Posted | TransferKind::Pending { .. } => None,
    }
}

/// Counts one thing that was or was not counted before, and is or is not to be counted now.
fn step<N: Counter>(count: &mut N, was: bool, is: bool) {
    match (was, is) {
        (false, true) => *count = count.up(),
        (true, false) => *count = count.down(),
        _ => {}
    }
}

/// A count that cannot pass its ends. A wrong count is found by verification; a panic here would
/// stop the shop for a number that only limits and dashboards read.
trait Counter {
    fn up(&self) -> Self;
    fn down(&self) -> Self;
}

macro_rules! counter {
    ($($type:ty),*) => {$(
        impl Counter for $type {
            fn up(&self) -> Self {
                self.saturating_add(1)
            }

            fn down(&self) -> Self {
                self.saturating_sub(1)
            }
        }
    )*};
}

counter!(u32, u64);
