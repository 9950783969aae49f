//! Adjustments: what an admin books into or out of a wallet by hand, in two steps. Domain,
//! storage and the middle import this.
//!
//! The proposal is a record of its own, because the button that confirms it carries an id and
//! no amount. Its id is the transfer's, so a second press books nothing.

use crate::ids::{AdjustmentId, Timestamp, UserId};
use crate::money::Amount;

/// Who books rewards: no admin, but the shop itself.
pub const BY_SHOP: UserId = UserId(0);

/// How long a proposal may be confirmed, in seconds.
pub const CONFIRM_WITHIN_SECS: u32 = 600;

/// An adjustment, proposed or booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// The id, minted before the confirm button is shown.
    pub id: AdjustmentId,
    /// Whose wallet.
    pub customer: UserId,
    /// Into the wallet above zero, out of it below; never zero.
    pub amount: Amount,
    /// Why; the customer is told.
    pub reason: String,
    /// The admin who proposed it.
    pub proposed_by: UserId,
    /// When.
    pub proposed_at: Timestamp,
    /// The admin who confirmed it, and when.
    pub booked: Option<(UserId, Timestamp)>,
}
