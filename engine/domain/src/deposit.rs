//! Deposits, from the instructions shown to the money credited. Domain, storage and the middle
//! import this.
//!
//! ```text
//! Opened → Submitted → Approved | Rejected
//!    └→ Expired → Submitted            who pays late is still heard
//! ```

use crate::ids::{DepositId, MessageId, MethodKey, Timestamp, UserId};
use crate::money::Amount;

/// The longest reason an admin may give, in characters.
pub const REASON_CHARS_MAX: usize = 200;

/// Where a deposit stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DepositState {
    /// The instructions are shown.
    Opened,
    /// The customer says the money is on its way; an admin decides.
    Submitted {
        /// Since when.
        at: Timestamp,
    },
    /// Credited.
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
    /// Nobody claimed it in time.
    Expired {
        /// When.
        at: Timestamp,
    },
}

impl DepositState {
    /// The state's name in texts and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Submitted { .. } => "submitted",
            Self::Approved { .. } => "approved",
            Self::Rejected { .. } => "rejected",
            Self::Expired { .. } => "expired",
        }
    }
}

/// The message that shows a deposit to one admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdminCard {
    /// The admin.
    pub admin: UserId,
    /// The message in the admin's chat.
    pub message: MessageId,
}

/// A deposit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// The id, minted before the instructions are shown.
    pub id: DepositId,
    /// Who pays.
    pub customer: UserId,
    /// How much.
    pub amount: Amount,
    /// By which way.
    pub method: MethodKey,
    /// Where it stands.
    pub state: DepositState,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it lapses unless claimed.
    pub expires_at: Timestamp,
    /// The customer's message that shows it.
    pub card: Option<MessageId>,
    /// The admins' messages that show it.
    pub admin_cards: Vec<AdminCard>,
}
