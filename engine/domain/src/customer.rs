//! A customer as the shop knows one. Domain, storage and the middle import this.

use crate::ids::{DepositId, MethodKey, OrderId, Timestamp, UserId};
use crate::money::Amount;

/// The longest name kept, in characters; Telegram allows 64 for a first name.
pub const NAME_CHARS_MAX: usize = 64;

/// What was asked of this customer last. Buttons carry no amounts, so an amount that was typed
/// before the way to pay was chosen waits here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// The next plain text is the amount of a deposit by this way.
    DepositAmount(MethodKey),
    /// The next button is the way to pay this amount.
    DepositMethod(Amount),
    /// The next plain text is the amount of a deposit; the way to pay it is chosen then.
    Deposit,
    /// The next button is the way to pay this amount, which is missing for this quote.
    DepositFor(OrderId, Amount),
    /// The next plain text is the id of the payment for this deposit.
    DepositReference(DepositId),
    /// The next photo or file is a picture of the payment for this deposit.
    DepositPicture(DepositId),
    /// The next plain text says what went wrong with this order.
    RefundReason(OrderId),
    /// The next plain text goes to every customer, once an admin saw it as they will.
    Broadcast,
}

/// One customer. The balance is not here: it is the wallet account in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Telegram's id.
    pub id: UserId,
    /// First name as Telegram gave it; hostile text, escaped wherever it is shown.
    pub name: String,
    /// Username without the `@`, where there is one.
    pub username: Option<String>,
    /// Language tag as chosen, or as the app reported it.
    pub language: Option<String>,
    /// First contact.
    pub created_at: Timestamp,
    /// What was asked last and is not answered yet.
    pub prompt: Option<Prompt>,
    /// False once Telegram said that the customer blocked the bot.
    pub reachable: bool,
}

/// What an update tells about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Telegram's id.
    pub id: UserId,
    /// First name.
    pub name: String,
    /// Username without the `@`.
    pub username: Option<String>,
    /// The app's language.
    pub language: Option<String>,
}

impl Profile {
    /// The profile with texts cut to what is kept.
    #[must_use]
    pub fn trimmed(self) -> Self {
        let cut = |text: String| text.chars().take(NAME_CHARS_MAX).collect::<String>();
        Self {
            id: self.id,
            name: cut(self.name),
            username: self.username.map(cut),
            language: self.language.map(cut),
        }
    }
}
