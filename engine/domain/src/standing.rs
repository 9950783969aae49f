//! How a customer stands with the shop: blocked or not, terms accepted or not, brought by whom.
//! Domain, storage and the middle import this. Apart from the customer's record, which follows what
//! Telegram says of a person.

use crate::ids::{DepositId, Timestamp, UserId};
use crate::money::Amount;

/// Why and by whom a customer may not buy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The admin; `None` where the engine did it by the operator's policy.
    pub by: Option<UserId>,
    /// When.
    pub at: Timestamp,
    /// Why; for admins only.
    pub reason: String,
}

/// One customer's standing; who has none is neither blocked nor bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The customer.
    pub customer: UserId,
    /// The block, while there is one.
    pub block: Option<Block>,
    /// When the terms were accepted.
    pub terms_at: Option<Timestamp>,
    /// Who brought this customer, known since the first contact.
    pub referred_by: Option<UserId>,
    /// Whether that is settled: the first deposit was looked at, and rewarded if it was to be.
    pub rewarded: bool,
    /// Rewards for customers that this one brought: how many, and how much in all.
    pub rewards: u32,
    /// See `rewards`.
    pub earned: Amount,
    /// The deposit that was rewarded, while that stands: given back, it takes the reward with it.
    pub rewarded_for: Option<DepositId>,
}

impl Standing {
    /// The standing of somebody of whom nothing was decided yet.
    #[must_use]
    pub const fn new(customer: UserId) -> Self {
        Self {
            customer,
            block: None,
            terms_at: None,
            referred_by: None,
            rewarded: false,
            rewards: 0,
            earned: Amount::ZERO,
            rewarded_for: None,
        }
    }
}
