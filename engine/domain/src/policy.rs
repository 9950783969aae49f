//! The numbers that the operator may turn, as the core sees them. Domain and the middle import
//! this. A policy is a snapshot; what was decided by it stands in the journal as changes.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{MethodKey, ServiceKey, UserId};
use crate::money::Amount;
use crate::pricing::PriceLimits;
use crate::stars::StarsRate;

/// Limits and switches in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Who may decide about deposits.
    pub admins: BTreeSet<UserId>,
    /// The admins' group, by its chat's id: it is shown what they are shown, and decides nothing.
    pub admin_group: Option<UserId>,
    /// Whether new orders are taken.
    pub selling: bool,
    /// What prices keep to.
    pub prices: PriceLimits,
    /// How long a shown price stands.
    pub quote_lifetime_secs: u32,
    /// How long a code is waited for.
    pub order_timeout_secs: u32,
    /// How long after that the hold is given back even if the vendor does not answer.
    pub cancel_grace_secs: u32,
    /// How long after it was placed an order may wait for a purchase to begin.
    pub purchase_wait_secs: u32,
    /// Whether an order whose code does not come in the usual time is tried at another vendor.
    pub second_try: bool,
    /// How long beyond the usual time a code is waited for before that; at least as much must be
    /// left of the order's time.
    pub second_try_margin_secs: u32,
    /// Whether a number that turns up after its customer's money went back is returned to the
    /// vendor; else the admins only hear of it.
    pub orphans_cancelled: bool,
    /// Open orders of one customer, at most.
    pub orders_open_max: u32,
    /// How long numbers and codes of an order are kept after it was placed, in days.
    pub forget_codes_after_days: u32,
    /// The least deposit.
    pub deposit_min: Amount,
    /// The largest deposit.
    pub deposit_max: Amount,
    /// How long instructions stand.
    pub deposit_lifetime_secs: u32,
    /// Undecided deposits of one customer, at most.
    pub deposits_open_max: u32,
    /// The ways to pay.
    pub methods: BTreeMap<MethodKey, MethodPolicy>,
    /// Deposits below this amount are credited when the customer says that they are paid.
    pub auto_approve_below: Option<Amount>,
    /// Deposits above this amount need two admins.
    pub two_admins_above: Option<Amount>,
    /// How many stars a dollar is, whether or not stars are taken now.
    pub stars_rate: StarsRate,
    /// What keeps a customer from buying too much, too fast, or at all.
    pub limits: Limits,
    /// Further codes on the number of a delivered order.
    pub resends: ResendLimits,
    /// What is given for customers that were brought.
    pub referrals: Referrals,
}

/// Rewards for customers that others brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Referrals {
    /// Whether there are any.
    pub enabled: bool,
    /// Share of the first deposit, in percent.
    pub percent: u32,
    /// The most for one customer.
    pub max: Amount,
}

impl Policy {
    /// Everybody who is shown what waits for a decision: each admin, and their group.
    pub fn desks(&self) -> impl Iterator<Item = UserId> {
        self.admins.iter().copied().chain(self.admin_group)
    }
}

/// What holds for one way to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct MethodPolicy {
    /// Its own least deposit; the shop's where there is none.
    pub min: Option<Amount>,
    /// Its own largest deposit; the shop's where there is none.
    pub max: Option<Amount>,
    /// Whether open deposits differ in their cents, so that payments can be told apart.
    pub unique_cents: bool,
    /// Whether nobody looks at a deposit without the payment's id.
    pub reference_required: bool,
    /// Whether it is paid by an invoice in Telegram Stars.
    pub stars: bool,
}

/// Limits of further codes on one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResendLimits {
    /// How many may be asked for; 0 offers none.
    pub max: u32,
    /// How long after the first code one may be asked for.
    pub offered_secs: u32,
    /// How long each is waited for.
    pub wait_secs: u32,
}

/// The most orders that a limit can count.
pub const ORDERS_COUNTED_MAX: u32 = 100;

/// Limits of one customer. A count of 0 is no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Orders placed within a minute, at most [`ORDERS_COUNTED_MAX`].
    pub orders_minute_max: u32,
    /// Orders placed within an hour, at most [`ORDERS_COUNTED_MAX`].
    pub orders_hour_max: u32,
    /// Orders placed within a day, at most [`ORDERS_COUNTED_MAX`].
    pub orders_day_max: u32,
    /// Whether the terms must be accepted before the first order.
    pub terms_required: bool,
    /// Services that are sold to nobody, whatever else says so.
    pub services_denied: BTreeSet<ServiceKey>,
}
