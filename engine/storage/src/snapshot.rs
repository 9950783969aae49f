//! What the shop may ask its state. Queries, executor and effects of the engine read here.
//!
//! A snapshot is one moment of the whole state. It is cheap, can be sent to any thread, and is
//! neither moved by later commits nor delays them.

mod broadcasts;

use ring4_domain::adjustment::Adjustment;
use ring4_domain::book::Booked;
use ring4_domain::change::{Actor, Change, Entry, Seq};
use ring4_domain::customer::Customer;
use ring4_domain::day::Day;
use ring4_domain::deposit::{AMOUNT_STEP, AMOUNTS_TRIED, Deposit, Reference};
use ring4_domain::effect::Effect;
use ring4_domain::ids::{
    AdjustmentId, DepositId, MethodKey, OrderId, ProviderId, RulesVersion, Timestamp, UserId,
};
use ring4_domain::ledger::{Account, AccountId, Transfer, TransferId};
use ring4_domain::maintenance::Maintenance;
use ring4_domain::money::Amount;
use ring4_domain::order::{Order, Quote};
use ring4_domain::refund::Refund;
use ring4_domain::sale::SaleSwitch;
use ring4_domain::standing::Standing;
use ring4_domain::stars::ChargeId;

use crate::codec::{
    self, AccountRow, EntryCopy, ForgottenRow, Kind, ReportedRow, RulesRow, RulesSeen, WishRow,
};
use crate::journal::Head;
use crate::state::keys::{self, KeyBytes, Pending, Undecided};
use crate::state::rows::Row;
use crate::state::{RawRow, Reading, unseal};
use crate::{ReadError, Space, Totals};

/// A transfer in an account's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletEntry {
    /// The entry that booked it; customers see it as ledger number.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// What moved.
    pub transfer: Transfer,
}

/// The state at one moment.
#[derive(Clone)]
pub struct Snapshot {
    pub(crate) reading: Reading,
}

// Every method fails for the same two reasons, so it is said once, here: the store below cannot
// read, or a row is damaged.
#[allow(clippy::missing_errors_doc)]
impl Snapshot {
    /// The last entry in this snapshot and the chain's hash after it.
    pub fn head(&self) -> Result<Head, ReadError> {
        Ok(self.reading.mark()?.unwrap_or(Head::GENESIS))
    }

    /// What is in the shop, counted.
    pub fn totals(&self) -> Result<Totals, ReadError> {
        Ok(self.reading.row::<Totals>(&())?.unwrap_or_default())
    }

    /// The live rule set, if any was ever activated.
    pub fn rules(&self) -> Result<Option<RulesVersion>, ReadError> {
        Ok(self.reading.row::<RulesRow>(&())?.map(|row| row.version))
    }

    /// The entry that made the live rule set live.
    pub fn rules_since(&self) -> Result<Option<Seq>, ReadError> {
        Ok(self.reading.row::<RulesRow>(&())?.map(|row| row.since))
    }

    /// Whether a rule set was ever live.
    pub fn rules_seen(&self, version: RulesVersion) -> Result<bool, ReadError> {
        Ok(self.reading.row::<RulesSeen>(&version)?.is_some())
    }

    /// The day before which numbers and codes are forgotten, if any ever were.
    pub fn forgotten(&self) -> Result<Option<Day>, ReadError> {
        Ok(self.reading.row::<ForgottenRow>(&())?.map(|row| row.before))
    }

    /// The day before which no key is needed any more. Mostly the day of [`Self::forgotten`]; an
    /// order that was placed while the clock was set back, and is open, keeps its key until it
    /// has ended.
    pub fn keys_needed_from(&self) -> Result<Option<Day>, ReadError> {
        let Some(forgotten) = self.forgotten()? else { return Ok(None) };
        let open = self.open_orders()?.iter().map(Order::day).min();
        Ok(Some(open.map_or(forgotten, |open| open.min(forgotten))))
    }

    /// Every vendor's switch that an admin ever turned.
    pub fn sales(&self) -> Result<Vec<SaleSwitch>, ReadError> {
        let read = |row: Result<RawRow, ReadError>| {
            let (key, value) = row?;
            unseal(Space::Records, Kind::Sale, &key, &value, &self.reading.keys)
        };
        self.reading.prefix(Space::Records, &keys::SALES).map(read).collect()
    }

    /// A customer.
    pub fn customer(&self, id: UserId) -> Result<Option<Customer>, ReadError> {
        self.reading.row(&id)
    }

    /// The customer of this username, whatever its case, among the first `looked_max`; there is
    /// no index, because names change and few are asked for.
    pub fn customer_named(
        &self,
        username: &str,
        looked_max: usize,
    ) -> Result<Option<Customer>, ReadError> {
        for row in self.reading.prefix(Space::Records, b"c").take(looked_max) {
            let (key, value) = row?;
            let keys = &self.reading.keys;
            let customer: Customer = unseal(Space::Records, Kind::Customer, &key, &value, keys)?;
            let known = customer.username.as_deref();
            if known.is_some_and(|known| known.eq_ignore_ascii_case(username)) {
                return Ok(Some(customer));
            }
        }
        Ok(None)
    }

    /// An account; one never used is all zeros.
    pub fn account(&self, id: &AccountId) -> Result<Account, ReadError> {
        let row = self.reading.row::<AccountRow>(id)?;
        Ok(row.map(|row| row.account).unwrap_or_default())
    }

    /// A transfer with what became of it, where it is a hold.
    pub fn transfer(&self, id: TransferId) -> Result<Option<Booked>, ReadError> {
        self.reading.row(&id)
    }

    /// A quote that is neither ordered nor forgotten.
    pub fn quote(&self, id: OrderId) -> Result<Option<Quote>, ReadError> {
        self.reading.row(&id)
    }

    /// An order.
    pub fn order(&self, id: OrderId) -> Result<Option<Order>, ReadError> {
        self.reading.row(&id)
    }

    /// A deposit.
    pub fn deposit(&self, id: DepositId) -> Result<Option<Deposit>, ReadError> {
        self.reading.row(&id)
    }

    /// The refund of an order.
    pub fn refund(&self, order: OrderId) -> Result<Option<Refund>, ReadError> {
        self.reading.row(&order)
    }

    /// The refunds that wait for an admin, oldest first, at most `limit`.
    pub fn refunds_requested(&self, limit: usize) -> Result<Vec<Refund>, ReadError> {
        let rows = self.reading.prefix(Space::Index, &keys::refunds_requested().end());
        self.records("refunds", rows.take(limit), OrderId::from_bits)
    }

    /// How many refunds wait for an admin.
    pub fn refunds_waiting(&self) -> Result<u64, ReadError> {
        let mut rows = self.reading.prefix(Space::Index, &keys::refunds_requested().end());
        rows.try_fold(0_u64, |count, row| row.map(|_| count.saturating_add(1)))
    }

    /// How a customer stands, where anything was decided.
    pub fn standing(&self, customer: UserId) -> Result<Option<Standing>, ReadError> {
        self.reading.row(&customer)
    }

    /// An adjustment, booked or not.
    pub fn adjustment(&self, id: AdjustmentId) -> Result<Option<Adjustment>, ReadError> {
        self.reading.row(&id)
    }

    /// What admins said last about a pause in selling, if anything.
    pub fn maintenance(&self) -> Result<Option<Maintenance>, ReadError> {
        self.reading.row(&())
    }

    /// The local day of the last report, if there was one.
    pub fn reported(&self) -> Result<Option<Day>, ReadError> {
        Ok(self.reading.row::<ReportedRow>(&())?.map(|row| row.day))
    }

    /// When a customer's orders were placed, newest first, at most `limit`; read from the index
    /// alone.
    pub fn orders_placed(
        &self,
        customer: UserId,
        limit: usize,
    ) -> Result<Vec<Timestamp>, ReadError> {
        let rows = self.reading.prefix(Space::Index, &keys::orders_of(customer).end());
        let mut moments = Vec::new();
        for row in rows.take(limit) {
            let (key, _) = row?;
            moments.extend(keys::placed_at(&key));
        }
        Ok(moments)
    }

    /// A customer's orders, newest first: `limit` of them, those placed before the order `before`
    /// where one is given. Nothing when that order is not this customer's.
    pub fn orders_of(
        &self,
        customer: UserId,
        before: Option<OrderId>,
        limit: usize,
    ) -> Result<Vec<Order>, ReadError> {
        let start = match before {
            None => None,
            Some(id) => match self.order(id)? {
                Some(order) if order.customer() == customer => {
                    Some(keys::order_of(customer, order.placed_at, id))
                }
                _ => return Ok(Vec::new()),
            },
        };
        let rows = self.after(keys::orders_of(customer).end(), start);
        self.records("orders", rows.take(limit), OrderId::from_bits)
    }

    /// Every open order, by customer.
    pub fn open_orders(&self) -> Result<Vec<Order>, ReadError> {
        let rows = self.reading.prefix(Space::Index, b"o");
        self.records("open orders", rows, OrderId::from_bits)
    }

    /// The open orders of one customer.
    pub fn open_orders_of(&self, customer: UserId) -> Result<Vec<Order>, ReadError> {
        let rows = self.reading.prefix(Space::Index, &keys::open_orders_of(customer).end());
        self.records("open orders", rows, OrderId::from_bits)
    }

    /// The orders whose purchase at this vendor has come this far and no further.
    pub fn orders_pending(
        &self,
        provider: &ProviderId,
        stage: Pending,
    ) -> Result<Vec<Order>, ReadError> {
        let prefix = keys::purchases_pending(provider, stage).end();
        let rows = self.reading.prefix(Space::Index, &prefix);
        self.records("pending purchases", rows, OrderId::from_bits)
    }

    /// The orders whose purchase is looked for at a vendor, those included whose money went back.
    pub fn orders_searched(&self) -> Result<Vec<Order>, ReadError> {
        let prefix = keys::searches().end();
        let rows = self.reading.prefix(Space::Outbox, &prefix);
        let mut found = Vec::new();
        for row in rows {
            let (key, value) = row?;
            let row: WishRow = unseal(Space::Outbox, Kind::Wish, &key, &value, &self.reading.keys)?;
            if let Effect::FindPurchase(id) = row.effect {
                found.push(self.order(id)?.ok_or(ReadError::Dangling("searches"))?);
            }
        }
        Ok(found)
    }

    /// The order that a purchase at a vendor belongs to, or did before it was given back, if any.
    pub fn order_of_purchase(
        &self,
        provider: &ProviderId,
        vendor_order: &str,
    ) -> Result<Option<Order>, ReadError> {
        let rows =
            self.reading.prefix(Space::Index, &keys::orders_buying(provider, vendor_order).end());
        let orders: Vec<Order> = self.records("orders by purchase", rows, OrderId::from_bits)?;
        // A vendor's id is its own text; whatever it holds, only an equal one counts.
        Ok(orders.into_iter().find(|order| order.has_had(provider, vendor_order)))
    }

    /// A customer's deposits, newest first: `limit` of them, those opened before the deposit
    /// `before` where one is given. Nothing when that deposit is not this customer's.
    pub fn deposits_of(
        &self,
        customer: UserId,
        before: Option<DepositId>,
        limit: usize,
    ) -> Result<Vec<Deposit>, ReadError> {
        let start = match before {
            None => None,
            Some(id) => match self.deposit(id)? {
                Some(deposit) if deposit.customer == customer => {
                    Some(keys::deposit_of(customer, deposit.created_at, id))
                }
                _ => return Ok(Vec::new()),
            },
        };
        let rows = self.after(keys::deposits_of(customer).end(), start);
        self.records("deposits", rows.take(limit), DepositId::from_bits)
    }

    /// The undecided deposits of one customer.
    pub fn open_deposits_of(&self, customer: UserId) -> Result<Vec<Deposit>, ReadError> {
        let rows = self.reading.prefix(Space::Index, &keys::open_deposits_of(customer).end());
        self.records("undecided deposits", rows, DepositId::from_bits)
    }

    /// The deposits in an undecided state, oldest first, at most `limit`.
    pub fn deposits_in_state(
        &self,
        state: Undecided,
        limit: usize,
    ) -> Result<Vec<Deposit>, ReadError> {
        let rows = self.reading.prefix(Space::Index, &keys::deposits_in(state).end());
        self.records("deposits by state", rows.take(limit), DepositId::from_bits)
    }

    /// The deposit that has this payment's id.
    pub fn deposit_by_payment(&self, reference: &Reference) -> Result<Option<Deposit>, ReadError> {
        let rows = self.reading.prefix(Space::Index, &keys::deposits_paid_by(reference).end());
        let deposits: Vec<Deposit> =
            self.records("deposits by payment", rows, DepositId::from_bits)?;
        Ok(deposits.into_iter().next())
    }

    /// The deposit that was paid by this payment in stars.
    pub fn deposit_by_charge(&self, charge: &ChargeId) -> Result<Option<Deposit>, ReadError> {
        let rows = self.reading.prefix(Space::Index, &keys::deposits_charged(charge).end());
        let deposits: Vec<Deposit> =
            self.records("deposits by payment in stars", rows, DepositId::from_bits)?;
        Ok(deposits.into_iter().next())
    }

    /// The amounts that open deposits of a method do not share, from this one up to as many as
    /// are tried for a deposit.
    pub(crate) fn own_amounts(
        &self,
        method: &MethodKey,
        from: Amount,
    ) -> Result<Vec<(DepositId, Amount)>, ReadError> {
        let above = AMOUNT_STEP.micros().saturating_mul(AMOUNTS_TRIED);
        let end = Amount::from_micros(from.micros().saturating_add(above));
        let (from, to) = (keys::own_amounts(method, from), keys::own_amounts(method, end));
        let rows = self.reading.range(Space::Index, from.end(), to.end());
        let deposits: Vec<Deposit> =
            self.records("amounts of open deposits", rows, DepositId::from_bits)?;
        Ok(deposits.into_iter().map(|deposit| (deposit.id, deposit.amount)).collect())
    }

    /// The quotes that lapse before `at`, soonest first, at most `limit`.
    pub fn quotes_expiring_before(
        &self,
        at: Timestamp,
        limit: usize,
    ) -> Result<Vec<Quote>, ReadError> {
        let to = keys::quotes_expiring(at).end();
        let rows = self.reading.range(Space::Index, vec![b'q'], to);
        self.records("quotes by end of life", rows.take(limit), OrderId::from_bits)
    }

    /// What the world owes us, each with the entry that made it.
    pub fn outbox(&self) -> impl Iterator<Item = Result<(Effect, Seq), ReadError>> + Send + use<> {
        let keys = self.reading.keys.clone();
        self.reading.prefix(Space::Outbox, b"x").map(move |row| {
            let (key, value) = row?;
            let row: WishRow = unseal(Space::Outbox, Kind::Wish, &key, &value, &keys)?;
            Ok((row.effect, row.made))
        })
    }

    /// The entry that made a wish, if it is in the outbox.
    pub fn wish(&self, effect: Effect) -> Result<Option<Seq>, ReadError> {
        Ok(self.reading.row::<WishRow>(&effect)?.map(|row| row.made))
    }

    /// The transfers of a wallet, newest first, from entries before `before` where one is
    /// given. At least `limit` of them while there are as many: an entry is never split, because
    /// its place is the cursor to the next page.
    pub fn wallet_entries(
        &self,
        customer: UserId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<WalletEntry>, ReadError> {
        let account = AccountId::Wallet(customer);
        let from = keys::wallet_entry(customer, Seq(0));
        let to = keys::wallet_entry(customer, before.unwrap_or(Seq(u64::MAX)));
        let mut found = Vec::new();
        for row in self.reading.range(Space::Ledger, from, to).rev() {
            if found.len() >= limit {
                break;
            }
            let (key, value) = row?;
            let () = unseal(Space::Ledger, Kind::Index, &key, &value, &self.reading.keys)?;
            let seq = Seq(keys::last_id(&key).unwrap_or_default());
            let entry = self.entry(seq)?.ok_or(ReadError::Dangling("wallet"))?;
            for change in entry.changes.into_iter().rev() {
                if let Change::Transfer(transfer) = change
                    && (transfer.debit == account || transfer.credit == account)
                {
                    found.push(WalletEntry { seq, at: entry.at, transfer });
                }
            }
        }
        Ok(found)
    }

    /// An entry of the journal.
    pub fn entry(&self, seq: Seq) -> Result<Option<Entry>, ReadError> {
        let Some(copy) = self.entry_copy(seq)? else { return Ok(None) };
        let entry = codec::decode(Kind::Entry, &copy.body, &self.reading.keys);
        let entry = entry.map_err(|source| {
            let space = Space::Ledger.name();
            ReadError::Row { space, key: keys::entry(seq), source }
        })?;
        Ok(Some(entry))
    }

    /// The entries that admins caused, newest first: at most `limit`, from those before `before`
    /// where one is given. Looks back over at most `looked_max` entries and tells the last one
    /// looked at; there is no index, because few entries are an admin's and few ask for them.
    pub fn entries_of_admins(
        &self,
        before: Option<Seq>,
        limit: usize,
        looked_max: usize,
    ) -> Result<(Vec<Entry>, Seq), ReadError> {
        let to = before.map_or(Seq(u64::MAX), |seq| seq);
        let rows = self.reading.range(Space::Ledger, keys::entry(Seq(0)), keys::entry(to)).rev();
        let (mut found, mut last) = (Vec::new(), Seq(0));
        for row in rows.take(looked_max) {
            let (key, value) = row?;
            let keys = &self.reading.keys;
            let copy: EntryCopy = unseal(Space::Ledger, Kind::EntryCopy, &key, &value, keys)?;
            let source =
                |source| ReadError::Row { space: Space::Ledger.name(), key: key.to_vec(), source };
            let (seq, actor) = codec::who(&copy.body).map_err(source)?;
            last = seq;
            if matches!(actor, Actor::Admin(_)) {
                found.push(codec::decode(Kind::Entry, &copy.body, keys).map_err(source)?);
                if found.len() >= limit {
                    break;
                }
            }
        }
        Ok((found, last))
    }

    /// The entries dated `from` or later, newest first.
    pub fn entries_since(
        &self,
        from: Timestamp,
    ) -> impl Iterator<Item = Result<Entry, ReadError>> + Send + use<> {
        let rows =
            self.reading.range(Space::Ledger, keys::entry(Seq(0)), keys::entry(Seq(u64::MAX)));
        let keys = self.reading.keys.clone();
        let read = move |row: Result<RawRow, ReadError>| {
            let (key, value) = row?;
            let copy: EntryCopy = unseal(Space::Ledger, Kind::EntryCopy, &key, &value, &keys)?;
            let entry: Result<Entry, _> = codec::decode(Kind::Entry, &copy.body, &keys);
            let space = Space::Ledger.name();
            entry.map_err(|source| ReadError::Row { space, key: key.to_vec(), source })
        };
        // Entries are dated in order, so the first that is too old ends it.
        rows.rev()
            .map(read)
            .take_while(move |entry| entry.as_ref().map_or(true, |entry: &Entry| entry.at >= from))
    }

    /// Every row of one keyspace as it is stored, in key order: key and value. Values carry
    /// their own version, kind and checksum.
    pub fn rows(
        &self,
        space: Space,
    ) -> impl Iterator<Item = Result<(Vec<u8>, Vec<u8>), ReadError>> + Send + use<> {
        self.reading.all(space).map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())))
    }

    pub(crate) fn entry_copy(&self, seq: Seq) -> Result<Option<EntryCopy>, ReadError> {
        self.reading.value(Space::Ledger, Kind::EntryCopy, &keys::entry(seq))
    }

    /// The index rows under a prefix, behind the row `start` where one is given.
    fn after(
        &self,
        prefix: Vec<u8>,
        start: Option<Vec<u8>>,
    ) -> impl Iterator<Item = Result<RawRow, ReadError>> + use<> {
        let to = end_of(&prefix);
        let from = match start {
            // The least key above `start`: a key is never a prefix of another here.
            Some(start) => [start.as_slice(), &[0]].concat(),
            None => prefix,
        };
        self.reading.range(Space::Index, from, to)
    }

    /// The records that index rows lead to.
    fn records<R: Row>(
        &self,
        index: &'static str,
        rows: impl Iterator<Item = Result<RawRow, ReadError>>,
        id: fn(u64) -> R::Id,
    ) -> Result<Vec<R>, ReadError> {
        let mut found = Vec::new();
        for row in rows {
            let (key, value) = row?;
            let () = unseal(Space::Index, Kind::Index, &key, &value, &self.reading.keys)?;
            let bits = keys::last_id(&key).unwrap_or_default();
            found.push(self.reading.row(&id(bits))?.ok_or(ReadError::Dangling(index))?);
        }
        Ok(found)
    }
}

/// The least key above all keys that begin with `prefix`.
fn end_of(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    // No key begins with only 0xFF bytes: prefixes are letters.
    KeyBytes::new(u8::MAX).end()
}
