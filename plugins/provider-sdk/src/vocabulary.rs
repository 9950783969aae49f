//! The words both sides share: what the engine asks and what a plugin answers. Part of the
//! contract; every vendor's wording ends here.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::money::Money;
use crate::provider::Op;

/// One call as it crosses the border.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invocation {
    /// Milliseconds since 1970-01-01 UTC, by the engine's clock.
    pub now_unix_ms: i64,
    /// What is asked.
    pub op: Op,
}

/// What a finished call says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To `services`.
    Services(Vec<Service>),
    /// To `countries`.
    Countries(Vec<Country>),
    /// To `quote`.
    Quote(Quote),
    /// To `buy`.
    Purchase(Purchase),
    /// To `check`.
    Status(OrderStatus),
    /// To `list_active` and `history`.
    Orders(Vec<VendorOrder>),
    /// To `cancel`.
    Cancellation(Cancellation),
    /// To `resend`.
    Resend(Resend),
    /// To `balance`.
    Balance(Money),
}

/// A service as the vendor sells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// The vendor's id, opaque.
    pub vendor_id: String,
    /// The vendor's name for it, trimmed.
    pub name: String,
}

/// A country as the vendor sells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Country {
    /// The vendor's id, opaque.
    pub vendor_id: String,
    /// ISO 3166-1 alpha-2, upper case; countries without one are left out.
    pub iso: String,
    /// The vendor's name for it, trimmed.
    pub name: String,
}

/// Which offer is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteRequest {
    /// The vendor's service id.
    pub service: String,
    /// ISO 3166-1 alpha-2, upper case.
    pub country: String,
}

/// What one number of one service and country would cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quote {
    /// It is for sale.
    Offered {
        /// The cheapest price now.
        cost: Money,
        /// The most a purchase without a cap could be charged.
        #[serde(default)]
        high_cost: Option<Money>,
        /// Numbers at hand; advisory, `None` when the vendor does not tell.
        #[serde(default)]
        stock: Option<u32>,
        /// Share of orders that received a message, in percent.
        #[serde(default)]
        success_percent: Option<u8>,
    },
    /// It is not, and why.
    Unavailable {
        /// The reason.
        reason: RefusalReason,
    },
}

/// What is to be bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseRequest {
    /// The vendor's service id.
    pub service: String,
    /// ISO 3166-1 alpha-2, upper case.
    pub country: String,
    /// The most that may be charged; always to be sent to the vendor.
    pub max_price: Money,
}

/// The three outcomes of a purchase.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purchase {
    /// A number was bought.
    Bought {
        /// The vendor's order id, opaque.
        vendor_order_id: String,
        /// E.164 with the plus.
        number: String,
        /// What was charged.
        cost: Money,
        /// The vendor's deadline in milliseconds since 1970-01-01 UTC.
        #[serde(default)]
        expires_at_ms: Option<i64>,
    },
    /// The vendor said no in so many words; nothing was bought.
    Refused {
        /// The reason.
        reason: RefusalReason,
        /// How long the vendor wants to be left alone.
        #[serde(default)]
        retry_after_secs: Option<u32>,
    },
    /// It is not known whether a number was bought.
    Unclear {
        /// What was seen; for the log, never for customers.
        why: String,
    },
}

impl fmt::Debug for Purchase {
    /// Leaves the phone number out.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bought { vendor_order_id, cost, .. } => {
                write!(out, "Bought({vendor_order_id} for {cost})")
            }
            Self::Refused { reason, .. } => write!(out, "Refused({reason:?})"),
            Self::Unclear { why } => write!(out, "Unclear({why})"),
        }
    }
}

/// Why a vendor said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// No number at hand.
    OutOfStock,
    /// Nothing below the cap.
    PriceTooHigh,
    /// This service is not sold for this country.
    Unsupported,
    /// Our balance at the vendor is too low.
    BalanceLow,
    /// The vendor does not accept our key.
    AuthFailed,
    /// Our account is held back or banned.
    AccountThrottled,
    /// Too many open orders.
    ConcurrencyLimit,
    /// Too many requests.
    RateLimited,
    /// The vendor did not understand the request.
    BadRequest,
    /// An explicit no of a kind we do not know.
    Other,
}

/// A text message that arrived on a number.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The code the vendor picked out.
    #[serde(default)]
    pub code: Option<String>,
    /// The whole text.
    #[serde(default)]
    pub text: Option<String>,
    /// When, in milliseconds since 1970-01-01 UTC, where the vendor tells reliably.
    #[serde(default)]
    pub received_at_ms: Option<i64>,
}

impl fmt::Debug for Message {
    /// Leaves code and text out: both are the customer's secret.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Message(…)")
    }
}

/// How an order stands at the vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Nothing arrived yet.
    Waiting,
    /// One or more messages arrived, oldest first.
    Received {
        /// All of them.
        messages: Vec<Message>,
    },
    /// The vendor gave the money back.
    Refunded,
    /// Finished without a refund.
    Closed,
    /// A status we do not know; never final.
    Unrecognised {
        /// The vendor's word, short.
        raw: String,
    },
}

/// One row of the vendor's list of orders.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorOrder {
    /// The vendor's order id, opaque.
    pub vendor_order_id: String,
    /// E.164 with the plus, where it can be told.
    #[serde(default)]
    pub number: Option<String>,
    /// The service's id or name, as the vendor writes it here.
    #[serde(default)]
    pub service: Option<String>,
    /// ISO 3166-1 alpha-2, upper case.
    #[serde(default)]
    pub country: Option<String>,
    /// What was charged.
    #[serde(default)]
    pub cost: Option<Money>,
    /// How it stands.
    pub status: OrderStatus,
    /// When it was bought, in milliseconds since 1970-01-01 UTC, where that is reliable.
    #[serde(default)]
    pub bought_at_ms: Option<i64>,
    /// The vendor's deadline in milliseconds since 1970-01-01 UTC.
    #[serde(default)]
    pub expires_at_ms: Option<i64>,
}

impl fmt::Debug for VendorOrder {
    /// Leaves the phone number out.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "VendorOrder({}, {:?})", self.vendor_order_id, self.status)
    }
}

/// What came of a cancel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cancellation {
    /// Cancelled and refunded.
    Cancelled,
    /// The vendor wants to wait first.
    TooEarly {
        /// When to try again.
        #[serde(default)]
        retry_after_secs: Option<u32>,
    },
    /// A message arrived first.
    HasSms,
    /// The order was over already; a check tells how it ended.
    AlreadyClosed,
    /// The vendor does not know the order.
    NotFound,
    /// It is not known what happened; a check tells.
    Unclear {
        /// What was seen; for the log.
        why: String,
    },
}

/// What came of asking for another message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resend {
    /// The number waits for another message.
    Requested {
        /// The order to check from now on; may be a new one.
        vendor_order_id: String,
        /// What was charged for it.
        #[serde(default)]
        cost: Option<Money>,
    },
    /// The vendor said no.
    Refused {
        /// The reason.
        reason: RefusalReason,
    },
    /// It would cost something, and was not asked for.
    Priced {
        /// The price.
        cost: Money,
    },
    /// It is not known what happened.
    Unclear {
        /// What was seen; for the log.
        why: String,
    },
}
