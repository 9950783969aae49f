//! Payments in Telegram Stars: invoices asked about, paid, given back, and the list of all of
//! them. Only this crate.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

/// How long the bot has to answer a question before a payment, in played milliseconds.
pub(crate) const CHECKOUT_LIFE_MS: i64 = 10_000;

/// How many questions are remembered.
const CHECKOUTS_MAX: usize = 10_000;

/// The first id of a question; real ones are large numbers in text.
const FIRST_CHECKOUT_ID: u64 = 5_500_000_000_000_001;

/// What is to be paid for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invoice {
    pub title: String,
    pub description: String,
    pub payload: String,
    /// In stars.
    pub total_amount: i64,
    pub paid: bool,
}

impl Invoice {
    /// The `Invoice` the Bot API shows.
    pub fn json(&self) -> Value {
        json!({
            "title": self.title, "description": self.description, "start_parameter": "",
            "currency": "XTR", "total_amount": self.total_amount,
        })
    }
}

/// A payment as the chat's service message tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub payload: String,
    pub total_amount: i64,
    pub charge: String,
    /// The stars were given back.
    pub refund: bool,
}

impl Receipt {
    /// The `SuccessfulPayment` or `RefundedPayment` the Bot API shows.
    pub fn json(&self) -> Value {
        json!({
            "currency": "XTR", "total_amount": self.total_amount,
            "invoice_payload": self.payload, "telegram_payment_charge_id": self.charge,
            "provider_payment_charge_id": "",
        })
    }
}

/// Where a question before a payment stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub(crate) enum CheckoutState {
    /// The bot has not answered.
    Waiting,
    /// Paid.
    Paid {
        /// The payment's id.
        charge: String,
    },
    /// The bot said no.
    Refused {
        /// What the person reads.
        text: String,
    },
}

/// A question before a payment.
#[derive(Clone, Debug)]
pub(crate) struct Checkout {
    pub person_id: i64,
    pub message_id: i64,
    pub invoice: Invoice,
    pub at_ms: i64,
    /// The bot is never told of the payment; it has to find it in the list.
    pub untold: bool,
    pub state: CheckoutState,
}

/// One row of the bot's list of transactions.
#[derive(Clone, Debug)]
pub(crate) struct StarTransaction {
    pub charge: String,
    pub person_id: i64,
    pub amount: i64,
    pub date: i64,
    pub payload: String,
    pub refund: bool,
}

/// All payments.
#[derive(Default)]
pub(crate) struct Payments {
    checkouts: BTreeMap<u64, Checkout>,
    count: u64,
    charges: u64,
    pub transactions: Vec<StarTransaction>,
}

/// Why a refund is not made, in Telegram's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRefund {
    Unknown,
    Already,
}

impl Payments {
    /// Records a question; the result is its id.
    pub fn ask(&mut self, checkout: Checkout) -> u64 {
        let id = FIRST_CHECKOUT_ID + self.count;
        self.count += 1;
        self.checkouts.insert(id, checkout);
        while self.checkouts.len() > CHECKOUTS_MAX {
            self.checkouts.pop_first();
        }
        id
    }

    /// The question, while the bot may still answer it.
    pub fn waiting(&mut self, id: u64, now_ms: i64) -> Option<&mut Checkout> {
        let checkout = self.checkouts.get_mut(&id)?;
        let in_time = now_ms.saturating_sub(checkout.at_ms) < CHECKOUT_LIFE_MS;
        (in_time && checkout.state == CheckoutState::Waiting).then_some(checkout)
    }

    /// The latest questions about one person's payments, oldest first.
    pub fn latest(&self, person_id: i64, limit: usize) -> Vec<(u64, &Checkout)> {
        let newest_first = self.checkouts.iter().rev();
        let theirs = newest_first.filter(|(_, checkout)| checkout.person_id == person_id);
        let mut found: Vec<_> = theirs.take(limit).map(|(id, asked)| (*id, asked)).collect();
        found.reverse();
        found
    }

    /// A new payment's id, of the form that Telegram gives them.
    pub fn mint_charge(&mut self) -> String {
        self.charges += 1;
        format!("stxPLAYGROUND_{:08}-a_b", self.charges)
    }

    /// Gives a payment back; the row that was added to the list.
    pub fn refund(
        &mut self,
        person_id: i64,
        charge: &str,
        date: i64,
    ) -> Result<StarTransaction, NoRefund> {
        let of = |row: &&StarTransaction| row.charge == charge && row.person_id == person_id;
        let paid = self.transactions.iter().find(|row| of(row) && !row.refund);
        let paid = paid.ok_or(NoRefund::Unknown)?;
        if self.transactions.iter().any(|row| of(&row) && row.refund) {
            return Err(NoRefund::Already);
        }
        let row = StarTransaction { date, refund: true, ..paid.clone() };
        self.transactions.push(row.clone());
        Ok(row)
    }
}
