//! The key layout, in one table. The state alone uses this.
//!
//! | keyspace  | key                                       | row                                  |
//! |-----------|-------------------------------------------|--------------------------------------|
//! | every one | `00`                                      | mark: schema, last entry, its hash   |
//! | `ledger`  | `e` seq                                   | the entry's bytes and its hash       |
//! |           | `a` customer, seq                         | (index) entries that move a wallet   |
//! |           | `t` transfer                              | transfer, resolution, seq            |
//! |           | `A` account                               | account                              |
//! | `records` | `c` customer                              | customer                             |
//! |           | `q` quote                                 | quote                                |
//! |           | `o` order                                 | order                                |
//! |           | `d` deposit                               | deposit                              |
//! |           | `n` customer                              | tally: what of a customer is open    |
//! |           | `T`                                       | totals: what is in the shop          |
//! |           | `r`                                       | live rule set                        |
//! |           | `R` version                               | rule set ever live                   |
//! |           | `s` vendor                                | what admins let a vendor do          |
//! |           | `g` order                                 | refund                               |
//! |           | `k` customer                              | how a customer stands                |
//! |           | `j` adjustment                            | adjustment                           |
//! |           | `m`                                       | an admin's pause in selling          |
//! |           | `p`                                       | the day of the last report           |
//! |           | `w` broadcast                             | broadcast                            |
//! |           | `W` broadcast                             | how far a broadcast has come         |
//! | `index`   | `q` expires at, quote                     | quotes by end of life                |
//! |           | `c` customer, placed at (newest first), order | a customer's orders              |
//! |           | `o` customer, order                       | open orders                          |
//! |           | `v` vendor, vendor's order, order         | orders by what was bought for them   |
//! |           | `b` vendor, stage, order                  | purchases under way or lost          |
//! |           | `d` customer, created at (newest first), deposit | a customer's deposits         |
//! |           | `u` customer, deposit                     | undecided deposits                   |
//! |           | `s` state, created at, deposit            | undecided deposits by state          |
//! |           | `m` method, amount, deposit               | amounts of open deposits, unshared   |
//! |           | `p` payment's id, deposit                 | deposits by their payment            |
//! |           | `x` charge, deposit                       | deposits by their payment in stars   |
//! |           | `g` requested at, order                   | refunds that wait for an admin       |
//! |           | `w` broadcast                             | the broadcast that is under way      |
//! | `outbox`  | `x` effect                                | effect and the entry that made it    |
//!
//! Integers are big-endian so that keys sort as they count; signed ones have their sign bit
//! turned for the same reason. A text inside a key ends with a zero byte, which no key text
//! contains.

use ring4_domain::broadcast::Broadcast;
use ring4_domain::change::Seq;
use ring4_domain::deposit::{Deposit, DepositState, Reference};
use ring4_domain::effect::Effect;
use ring4_domain::ids::{
    AdjustmentId, BroadcastId, DepositId, MethodKey, OrderId, ProviderId, Timestamp, UserId,
};
use ring4_domain::ledger::{AccountId, TransferId};
use ring4_domain::money::Amount;
use ring4_domain::order::{Order, OrderState, Quote};
use ring4_domain::refund::{Refund, RefundState};
use ring4_domain::stars::ChargeId;

/// Version of this layout; another version is a migration.
pub(crate) const SCHEMA: u32 = 2;

/// The mark's key in every keyspace; it sorts before all others.
pub(crate) const MARK: [u8; 1] = [0];

/// A key being built.
pub(crate) struct KeyBytes(Vec<u8>);

impl KeyBytes {
    pub(crate) fn new(prefix: u8) -> Self {
        let mut bytes = Vec::with_capacity(32);
        bytes.push(prefix);
        Self(bytes)
    }

    pub(crate) fn byte(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    pub(crate) fn unsigned(mut self, value: u64) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    fn signed(self, value: i64) -> Self {
        self.unsigned(value.cast_unsigned() ^ (1 << 63))
    }

    fn newest_first(self, at: Timestamp) -> Self {
        self.unsigned(!(at.0.cast_unsigned() ^ (1 << 63)))
    }

    fn text(mut self, value: &str) -> Self {
        self.0.extend_from_slice(value.as_bytes());
        self.byte(0)
    }

    pub(crate) fn user(self, id: UserId) -> Self {
        self.signed(id.0)
    }

    fn account(self, id: &AccountId) -> Self {
        match id {
            AccountId::Wallet(customer) => self.byte(1).user(*customer),
            AccountId::Revenue => self.byte(2),
            AccountId::VendorCost => self.byte(3),
            AccountId::VendorFloat(provider) => self.byte(4).text(provider.as_str()),
            AccountId::DepositsClearing(method) => self.byte(5).text(method.as_str()),
            AccountId::Refunds => self.byte(6),
            AccountId::Adjustments(admin) => self.byte(7).user(*admin),
            AccountId::OpeningBalances => self.byte(8),
            AccountId::Suspense => self.byte(9),
        }
    }

    pub(crate) fn end(self) -> Vec<u8> {
        self.0
    }
}

pub(crate) fn entry(seq: Seq) -> Vec<u8> {
    KeyBytes::new(b'e').unsigned(seq.0).end()
}

pub(crate) fn wallet_entry(customer: UserId, seq: Seq) -> Vec<u8> {
    KeyBytes::new(b'a').user(customer).unsigned(seq.0).end()
}

pub(crate) fn account(id: &AccountId) -> Vec<u8> {
    KeyBytes::new(b'A').account(id).end()
}

pub(crate) fn transfer(id: TransferId) -> Vec<u8> {
    let counted = |kind: u8, bits: u64, count: u8| {
        KeyBytes::new(b't').byte(kind).unsigned(bits).byte(count).end()
    };
    let (kind, bits) = match id {
        TransferId::ReturnHold(id, nth) => return counted(11, id.bits(), nth),
        TransferId::Return(id, nth) => return counted(12, id.bits(), nth),
        TransferId::ReturnRelease(id, nth) => return counted(13, id.bits(), nth),
        TransferId::ResendCost(id, place) => return counted(7, id.bits(), place),
        TransferId::Deposit(id) => (1, id.bits()),
        TransferId::Hold(id) => (2, id.bits()),
        TransferId::Capture(id) => (3, id.bits()),
        TransferId::Release(id) => (4, id.bits()),
        TransferId::VendorCost(id) => (5, id.bits()),
        TransferId::Refund(id) => (6, id.bits()),
        TransferId::Adjustment(id) => (21, id.bits()),
    };
    KeyBytes::new(b't').byte(kind).unsigned(bits).end()
}

pub(crate) fn wish(effect: Effect) -> Vec<u8> {
    let key = KeyBytes::new(b'x');
    let of = |key: KeyBytes, kind: u8, bits: u64| key.byte(kind).unsigned(bits);
    match effect {
        Effect::Buy(order) => of(key, 1, order.bits()),
        Effect::FindPurchase(order) => of(key, 2, order.bits()),
        Effect::CancelPurchase(order) => of(key, 3, order.bits()),
        Effect::ShowOrder(order) => of(key, 4, order.bits()),
        Effect::RingCode(order) => of(key, 5, order.bits()),
        Effect::TellOrderEnded(order) => of(key, 6, order.bits()),
        Effect::ShowDeposit(deposit) => of(key, 7, deposit.bits()),
        Effect::TellDepositDecided(deposit) => of(key, 8, deposit.bits()),
        Effect::ShowDepositToAdmin(deposit, admin) => of(key, 9, deposit.bits()).user(admin),
        Effect::ShowLostToAdmin(order, admin) => of(key, 10, order.bits()).user(admin),
        Effect::DropKeys => of(key, 11, 0),
        Effect::SendPictureToAdmin(deposit, admin) => of(key, 12, deposit.bits()).user(admin),
        Effect::ShowUnreturnedToAdmin(order, admin) => of(key, 13, order.bits()).user(admin),
        Effect::SendInvoice(deposit) => of(key, 14, deposit.bits()),
        Effect::DropInvoice(deposit) => of(key, 15, deposit.bits()),
        Effect::ReturnStars(deposit) => of(key, 16, deposit.bits()),
        Effect::ShowRefundToAdmin(order, admin) => of(key, 21, order.bits()).user(admin),
        Effect::TellRefundDecided(order) => of(key, 22, order.bits()),
        Effect::TellAdjusted(id) => of(key, 23, id.bits()),
        Effect::SendReport(day, admin) => key.byte(24).signed(day.0).user(admin),
        Effect::Resend(order) => key.byte(41).unsigned(order.bits()),
        Effect::Reward(deposit) => key.byte(42).unsigned(deposit.bits()),
        Effect::ShowBroadcastToAdmin(id, admin) => of(key, 51, id.bits()).user(admin),
    }
    .end()
}

/// What every vendor's switch begins with.
pub(crate) const SALES: [u8; 1] = [b's'];

pub(crate) fn sale(provider: &ProviderId) -> Vec<u8> {
    KeyBytes::new(b's').text(provider.as_str()).end()
}

/// Every wish to find a purchase begins with this.
pub(crate) fn searches() -> KeyBytes {
    KeyBytes::new(b'x').byte(2)
}

/// Every quote that lapses before `at` sorts before this.
pub(crate) fn quotes_expiring(at: Timestamp) -> KeyBytes {
    KeyBytes::new(b'q').signed(at.0)
}

pub(crate) fn quote_indexes(quote: &Quote) -> Vec<Vec<u8>> {
    vec![quotes_expiring(quote.expires_at).unsigned(quote.id.bits()).end()]
}

pub(crate) fn orders_of(customer: UserId) -> KeyBytes {
    KeyBytes::new(b'c').user(customer)
}

pub(crate) fn order_of(customer: UserId, placed_at: Timestamp, order: OrderId) -> Vec<u8> {
    orders_of(customer).newest_first(placed_at).unsigned(order.bits()).end()
}

pub(crate) fn open_orders_of(customer: UserId) -> KeyBytes {
    KeyBytes::new(b'o').user(customer)
}

pub(crate) fn orders_buying(provider: &ProviderId, vendor_order: &str) -> KeyBytes {
    KeyBytes::new(b'v').text(provider.as_str()).text(vendor_order)
}

/// How far a purchase has come that nobody knows the number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    /// The request may have left, the answer is awaited.
    Started,
    /// The answer was lost; the money is held.
    Unclear,
}

impl Pending {
    const fn of(order: &Order) -> Option<Self> {
        match order.state {
            OrderState::Buying { started: true, .. } => Some(Self::Started),
            OrderState::Unclear => Some(Self::Unclear),
            _ => None,
        }
    }
}

pub(crate) fn purchases_pending(provider: &ProviderId, stage: Pending) -> KeyBytes {
    KeyBytes::new(b'b').text(provider.as_str()).byte(match stage {
        Pending::Started => 1,
        Pending::Unclear => 2,
    })
}

pub(crate) fn order_indexes(order: &Order) -> Vec<Vec<u8>> {
    let mut keys = vec![order_of(order.customer(), order.placed_at, order.id())];
    for (provider, vendor_order) in order.numbers() {
        let key = orders_buying(provider, vendor_order);
        keys.push(key.unsigned(order.id().bits()).end());
    }
    if let (Some(stage), Some(candidate)) = (Pending::of(order), order.candidate()) {
        let key = purchases_pending(&candidate.provider, stage);
        keys.push(key.unsigned(order.id().bits()).end());
    }
    if order.state.is_open() {
        keys.push(open_orders_of(order.customer()).unsigned(order.id().bits()).end());
    }
    keys
}

pub(crate) fn deposits_of(customer: UserId) -> KeyBytes {
    KeyBytes::new(b'd').user(customer)
}

pub(crate) fn deposit_of(customer: UserId, created_at: Timestamp, deposit: DepositId) -> Vec<u8> {
    deposits_of(customer).newest_first(created_at).unsigned(deposit.bits()).end()
}

pub(crate) fn open_deposits_of(customer: UserId) -> KeyBytes {
    KeyBytes::new(b'u').user(customer)
}

/// The two states in which a deposit is undecided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undecided {
    /// The instructions are shown.
    Opened,
    /// An admin is to decide.
    Submitted,
}

impl Undecided {
    /// The state of a deposit, if it is one of the two.
    pub(crate) const fn of(deposit: &Deposit) -> Option<Self> {
        match deposit.state {
            DepositState::Opened => Some(Self::Opened),
            DepositState::Submitted { .. } => Some(Self::Submitted),
            _ => None,
        }
    }
}

pub(crate) fn deposits_in(state: Undecided) -> KeyBytes {
    KeyBytes::new(b's').byte(match state {
        Undecided::Opened => 1,
        Undecided::Submitted => 2,
    })
}

pub(crate) fn own_amounts(method: &MethodKey, amount: Amount) -> KeyBytes {
    KeyBytes::new(b'm').text(method.as_str()).signed(amount.micros())
}

pub(crate) fn deposits_charged(charge: &ChargeId) -> KeyBytes {
    KeyBytes::new(b'x').text(charge.as_str())
}

pub(crate) fn deposits_paid_by(reference: &Reference) -> KeyBytes {
    KeyBytes::new(b'p').text(reference.as_str())
}

pub(crate) fn deposit_indexes(deposit: &Deposit) -> Vec<Vec<u8>> {
    let bits = deposit.id.bits();
    let mut keys = vec![deposit_of(deposit.customer, deposit.created_at, deposit.id)];
    if let Some(state) = Undecided::of(deposit) {
        keys.push(open_deposits_of(deposit.customer).unsigned(bits).end());
        keys.push(deposits_in(state).signed(deposit.created_at.0).unsigned(bits).end());
    }
    if let Some(amount) = deposit.own_amount() {
        keys.push(own_amounts(&deposit.method, amount).unsigned(bits).end());
    }
    if let Some(reference) = &deposit.reference {
        keys.push(deposits_paid_by(reference).unsigned(bits).end());
    }
    if let Some(charge) = deposit.charge() {
        keys.push(deposits_charged(charge).unsigned(bits).end());
    }
    keys
}

pub(crate) fn adjustment(id: AdjustmentId) -> Vec<u8> {
    KeyBytes::new(b'j').unsigned(id.bits()).end()
}

/// Refunds that wait for an admin begin with this.
pub(crate) fn refunds_requested() -> KeyBytes {
    KeyBytes::new(b'g')
}

pub(crate) fn refund_indexes(refund: &Refund) -> Vec<Vec<u8>> {
    if refund.state != RefundState::Requested {
        return Vec::new();
    }
    vec![refunds_requested().signed(refund.requested_at.0).unsigned(refund.order.bits()).end()]
}

pub(crate) fn broadcast(id: BroadcastId) -> Vec<u8> {
    KeyBytes::new(b'w').unsigned(id.bits()).end()
}

pub(crate) fn outreach(id: BroadcastId) -> Vec<u8> {
    KeyBytes::new(b'W').unsigned(id.bits()).end()
}

/// The broadcast that is under way begins with this.
pub(crate) const BROADCASTS_ACTIVE: [u8; 1] = [b'w'];

pub(crate) fn broadcast_indexes(broadcast: &Broadcast) -> Vec<Vec<u8>> {
    let active = broadcast.is_active().then(|| KeyBytes::new(b'w').unsigned(broadcast.id.bits()));
    active.map(KeyBytes::end).into_iter().collect()
}

/// How every customer stands of whom something was decided begins with this.
pub(crate) const STANDINGS: [u8; 1] = [b'k'];

/// Every customer begins with this.
pub(crate) const CUSTOMERS: [u8; 1] = [b'c'];

/// The least key above this customer's.
pub(crate) fn behind_customer(id: UserId) -> Vec<u8> {
    KeyBytes::new(b'c').user(id).byte(0).end()
}

/// When the order was placed that this key of [`order_of`] leads to.
pub(crate) fn placed_at(key: &[u8]) -> Option<Timestamp> {
    let bits = key.get(9..17)?.try_into().ok()?;
    Some(Timestamp((!u64::from_be_bytes(bits) ^ (1 << 63)).cast_signed()))
}

/// The id that an index key ends with, as bits.
pub(crate) fn last_id(key: &[u8]) -> Option<u64> {
    key.last_chunk::<8>().map(|bits| u64::from_be_bytes(*bits))
}
