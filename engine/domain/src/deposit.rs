//! Deposits, from the instructions shown to the money credited. Domain, storage and the middle
//! import this.
//!
//! ```text
//! Opened → Submitted → Approved | Credited | Rejected
//!    └→ Expired → Submitted            who pays late is still heard
//! ```
//!
//! What is paid in Telegram Stars goes other ways; see [`crate::stars`].

use crate::ids::{DepositId, MessageId, MethodKey, OrderId, Timestamp, UserId};
use crate::money::Amount;
use crate::stars::{ChargeId, Stars};

/// The longest reason an admin may give, in characters.
pub const REASON_CHARS_MAX: usize = 200;

/// The shortest and the longest transaction id that is taken, in characters. Ids of payments at
/// Binance have some ten digits, those of the known chains up to 88 characters.
pub const REFERENCE_CHARS: (usize, usize) = (6, 128);

/// The longest name that Telegram gives a file, in bytes; those seen have about 90.
pub const FILE_ID_LEN_MAX: usize = 256;

/// How many amounts are tried for a deposit: the one that was asked for, and each cent above.
pub const AMOUNTS_TRIED: i64 = 100;

/// What one amount tried differs from the next by: a cent.
pub const AMOUNT_STEP: Amount = Amount::from_micros(10_000);

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
    /// Credited by the shop itself: it was below the limit up to which nobody is asked.
    Credited {
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
    /// Its stars are being given back; the money is held meanwhile.
    Returning {
        /// The admin who wants it.
        by: UserId,
        /// Since when.
        at: Timestamp,
    },
    /// Its stars were given back.
    Returned {
        /// The admin who wanted it.
        by: UserId,
        /// When.
        at: Timestamp,
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
            Self::Credited { .. } => "credited",
            Self::Returning { .. } => "returning",
            Self::Returned { .. } => "returned",
            Self::Rejected { .. } => "rejected",
            Self::Expired { .. } => "expired",
        }
    }

    /// Whether the money came into the wallet, wherever it went since.
    #[must_use]
    pub const fn is_credited(&self) -> bool {
        matches!(
            self,
            Self::Approved { .. }
                | Self::Credited { .. }
                | Self::Returning { .. }
                | Self::Returned { .. }
        )
    }

    /// Whether it counts among the customer's open deposits.
    #[must_use]
    pub const fn is_undecided(&self) -> bool {
        matches!(self, Self::Opened | Self::Submitted { .. })
    }
}

/// The id of a payment, as a customer copied it: letters and digits, lower case. One payment is
/// told apart from every other by it, so two ways of writing one id must not be two references.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference(String);

impl Reference {
    /// Finds the id in what was typed: the longest run of ASCII letters and digits, which is what
    /// remains of an explorer's address, too. `None` where none is long enough or has a digit.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        let runs = text.split(|letter: char| !letter.is_ascii_alphanumeric());
        let longest = runs.max_by_key(|run| run.len())?.to_ascii_lowercase();
        let bare = longest.strip_prefix("0x").unwrap_or(&longest);
        let (least, most) = REFERENCE_CHARS;
        let fits = (least..=most).contains(&bare.len());
        let told = fits && bare.bytes().any(|byte| byte.is_ascii_digit());
        told.then(|| Self(bare.to_owned()))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A picture of a payment, by Telegram's name of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The file's id for this bot, at most [`FILE_ID_LEN_MAX`] bytes.
    pub file_id: String,
    /// Sent as a file, not as a photo.
    pub document: bool,
}

/// The first of two admins who must approve a large deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The admin.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
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
    /// What the customer asked to pay, where cents were put on it so that no other open deposit
    /// of the method has the same amount.
    pub asked: Option<Amount>,
    /// The payment's id, where the customer told it; no two deposits ever have the same.
    pub reference: Option<Reference>,
    /// A picture of the payment, where the customer sent one.
    pub picture: Option<Picture>,
    /// Who approved first, where two must.
    pub first_approval: Option<Approval>,
    /// What is known of the stars, where it is paid in stars.
    pub stars: Option<Stars>,
    /// The quote that money was missing for; the way back to it once the deposit is credited.
    pub wanted: Option<OrderId>,
}

impl Deposit {
    /// The payment in stars, once it was made.
    #[must_use]
    pub fn charge(&self) -> Option<&ChargeId> {
        self.stars.as_ref()?.charge.as_ref()
    }

    /// The amount that no other open deposit of this method may have, while this one is open.
    #[must_use]
    pub fn own_amount(&self) -> Option<Amount> {
        (self.asked.is_some() && self.state.is_undecided()).then_some(self.amount)
    }
}

/// Whether an amount is one of those tried for a deposit of `from`.
#[must_use]
pub fn is_tried(from: Amount, amount: Amount) -> bool {
    let above = amount.checked_sub(from);
    above.is_some_and(|above| {
        !above.is_negative() && above.micros() / AMOUNT_STEP.micros() < AMOUNTS_TRIED
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_one_however_it_is_written() {
        let hash = "9f86d081884c7d65";
        let long = "7".repeat(129);
        let rows = [
            (hash, Some(hash)),
            (" 9F86D081884C7D65 ", Some(hash)),
            ("0x9f86d081884c7d65", Some(hash)),
            ("https://scan.example/tx/0x9f86d081884c7d65?a=b", Some(hash)),
            ("TxID: 9f86d081884c7d65.", Some(hash)),
            ("283746", Some("283746")),
            ("28374", None),
            ("I have paid", None),
            ("yesterday evening", None),
            ("", None),
            ("оплачено", None),
            (&long, None),
        ];
        for (text, want) in rows {
            let found = Reference::find(text);
            assert_eq!(found.as_ref().map(Reference::as_str), want, "{text}");
        }
    }
}
