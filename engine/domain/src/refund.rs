//! Refunds: asked for by the customer of a delivered order, decided once by an admin. Domain,
//! storage and the middle import this.
//!
//! ```text
//! Requested → Approved | Rejected
//!     Approved                          where an admin acts unasked
//! ```
//!
//! An order has one refund at most, so the order's id is the refund's.

use crate::deposit::AdminCard;
use crate::ids::{OrderId, Timestamp, UserId};
use crate::money::Amount;

/// Where a refund stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundState {
    /// The customer asked; an admin decides.
    Requested,
    /// The money is back in the wallet.
    Approved {
        /// The admin who decided first.
        by: UserId,
        /// When.
        at: Timestamp,
    },
    /// Refused.
    Rejected {
        /// The admin who decided first.
        by: UserId,
        /// When.
        at: Timestamp,
        /// What the customer is told, if anything.
        reason: Option<String>,
    },
}

impl RefundState {
    /// The state's name in texts and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Approved { .. } => "approved",
            Self::Rejected { .. } => "rejected",
        }
    }
}

/// A refund of one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The order, of which there is no second refund.
    pub order: OrderId,
    /// Who paid for it.
    pub customer: UserId,
    /// How much goes back: what was charged, never more.
    pub amount: Amount,
    /// What the customer says went wrong, if anything; hostile text.
    pub reason: Option<String>,
    /// Where it stands.
    pub state: RefundState,
    /// When it was asked for, or decided unasked.
    pub requested_at: Timestamp,
    /// The admins' messages that show it.
    pub admin_cards: Vec<AdminCard>,
}
