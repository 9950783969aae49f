//! The bot's list of transactions in Telegram Stars. The middle reads it to find what it missed.

use ring4_domain::ids::{Timestamp, UserId};
use ring4_domain::stars::ChargeId;
use serde::{Deserialize, Serialize};

use crate::client::{CALL_TIMEOUT, CallError, Client};

/// The most rows that Telegram lists at once.
pub const PAGE_ROWS: u32 = 100;

/// A row of the list that is a payment of a person, or one given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The payment.
    pub charge: ChargeId,
    /// Who paid.
    pub user: UserId,
    /// How many stars.
    pub count: u32,
    /// When, by Telegram's clock.
    pub at: Timestamp,
    /// What the invoice carried; empty where there was none.
    pub payload: String,
    /// The stars went back.
    pub refund: bool,
}

/// A part of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Payments of people and what was given back; other rows are left out.
    pub rows: Vec<Transaction>,
    /// How many rows the part had in all.
    pub len: u32,
}

impl Client {
    /// The rows behind the first `offset`, oldest first, at most [`PAGE_ROWS`].
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn star_transactions(&self, offset: u32) -> Result<Page, CallError> {
        #[derive(Serialize)]
        struct GetStarTransactions {
            offset: u32,
            limit: u32,
        }
        let payload = GetStarTransactions { offset, limit: PAGE_ROWS };
        let list: WireList = self.call("getStarTransactions", &payload, CALL_TIMEOUT).await?;
        let len = u32::try_from(list.transactions.len()).unwrap_or(u32::MAX);
        Ok(Page { rows: list.transactions.into_iter().filter_map(WireRow::read).collect(), len })
    }
}

#[derive(Deserialize)]
struct WireList {
    transactions: Vec<WireRow>,
}

#[derive(Deserialize)]
struct WireRow {
    id: String,
    amount: i64,
    date: i64,
    source: Option<WirePartner>,
    receiver: Option<WirePartner>,
}

#[derive(Deserialize)]
struct WirePartner {
    #[serde(rename = "type")]
    kind: String,
    user: Option<WireUser>,
    #[serde(default)]
    invoice_payload: String,
}

#[derive(Deserialize)]
struct WireUser {
    id: i64,
}

impl WireRow {
    /// `None` for what is no payment of a person: withdrawals, advertisements, gifts.
    fn read(self) -> Option<Transaction> {
        let refund = self.receiver.is_some();
        let partner = self.receiver.or(self.source).filter(|partner| partner.kind == "user")?;
        Some(Transaction {
            charge: ChargeId::new(self.id).ok()?,
            user: UserId(partner.user?.id),
            count: u32::try_from(self.amount).ok().filter(|count| *count > 0)?,
            at: Timestamp(self.date.saturating_mul(1_000)),
            payload: partner.invoice_payload,
            refund,
        })
    }
}
