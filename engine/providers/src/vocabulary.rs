//! What providers are asked and what they answer, in canonical words with checked values.
//! Whoever calls the registry imports this.

use core::fmt;

use ring4_domain::ids::Country;
use ring4_domain::money::Amount;

/// A phone number in E.164: a plus and 7 to 15 digits. Its `Debug` is redacted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Digits of the shortest and the longest number.
    const DIGITS: core::ops::RangeInclusive<usize> = 7..=15;

    /// A number from `+` and digits; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        let sane = plain && Self::DIGITS.contains(&digits.len()) && !digits.starts_with('0');
        sane.then(|| Self(text.to_owned()))
    }

    /// With the plus.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PhoneNumber(…)")
    }
}

/// What is to be bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuyRequest {
    /// The vendor's service id.
    pub service: String,
    /// The country.
    pub country: Country,
    /// The most the vendor may charge; always sent.
    pub max_price: Amount,
}

/// The three outcomes of a purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purchase {
    /// A number was bought.
    Bought {
        /// The vendor's order id: 1 to 64 ASCII letters, digits and `._:-`.
        vendor_order_id: String,
        /// The number.
        number: PhoneNumber,
        /// What was charged; may be above the cap, the vendor decides.
        cost: Amount,
        /// The vendor's deadline, milliseconds since 1970-01-01 UTC.
        expires_at_ms: Option<i64>,
    },
    /// Nothing was bought, for certain. The next vendor may be tried.
    Refused {
        /// The reason.
        reason: RefusalReason,
    },
    /// It is not known whether a number was bought. To be reconciled, never repeated.
    Unclear {
        /// What was seen; for the log, never for customers.
        why: String,
    },
}

/// Why nothing was bought or offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// The request never left this machine: refused connection, name not found, TLS.
    Unreachable,
    /// We do not ask this provider now: disabled, breaker open, plugin out of service.
    Unavailable,
    /// An explicit no of another kind.
    Other,
}

/// What one number would cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quote {
    /// It is for sale.
    Offered {
        /// The cheapest price now.
        cost: Amount,
        /// The most a purchase may be charged; equal to `cost` where the vendor names one price.
        high_cost: Amount,
        /// Numbers at hand; advisory.
        stock: Option<u32>,
        /// Share of orders that received a message, 0 to 100.
        success_percent: Option<u8>,
    },
    /// It is not.
    Unavailable {
        /// The reason.
        reason: RefusalReason,
    },
}

/// A message that arrived; its `Debug` is redacted.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Message {
    /// The code the vendor picked out, at most 64 characters.
    pub code: Option<String>,
    /// The whole text, at most 4096 characters. Code or text is always there.
    pub text: Option<String>,
    /// When, in milliseconds since 1970-01-01 UTC, where the vendor tells.
    pub received_at_ms: Option<i64>,
}

impl fmt::Debug for Message {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Message(…)")
    }
}

/// How an order stands at the vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderStatus {
    /// Nothing arrived yet.
    Waiting,
    /// At least one message arrived, oldest first.
    Received {
        /// One to twenty messages.
        messages: Vec<Message>,
    },
    /// The vendor gave the money back.
    Refunded,
    /// Finished without a refund.
    Closed,
    /// A status we do not know; never final.
    Unrecognised {
        /// The vendor's word, scrubbed.
        raw: String,
    },
}

/// One row of the vendor's list of orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VendorOrder {
    /// The vendor's order id.
    pub vendor_order_id: String,
    /// The number, where it can be told.
    pub number: Option<PhoneNumber>,
    /// The service's id or name, as the vendor writes it here; compare with both.
    pub service: Option<String>,
    /// The country.
    pub country: Option<Country>,
    /// What was charged.
    pub cost: Option<Amount>,
    /// How it stands.
    pub status: OrderStatus,
    /// When it was bought, milliseconds since 1970-01-01 UTC, where that is reliable.
    pub bought_at_ms: Option<i64>,
    /// The vendor's deadline, milliseconds since 1970-01-01 UTC.
    pub expires_at_ms: Option<i64>,
}

/// What came of a cancel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cancellation {
    /// Cancelled and refunded.
    Cancelled,
    /// To be tried again later.
    TooEarly {
        /// When; 1 to 600 seconds.
        retry_after_secs: u32,
    },
    /// A message arrived first.
    HasSms,
    /// The order was over already; a check tells how.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resend {
    /// The number waits for another message.
    Requested {
        /// The order to check from now on; may be a new one.
        vendor_order_id: String,
        /// What was charged.
        cost: Option<Amount>,
    },
    /// The vendor said no.
    Refused {
        /// The reason.
        reason: RefusalReason,
    },
    /// It would cost this much and was not asked for.
    Priced {
        /// The price.
        cost: Amount,
    },
    /// It is not known what happened.
    Unclear {
        /// What was seen; for the log.
        why: String,
    },
}

/// What a vendor sells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// All services.
    pub services: Vec<CatalogueService>,
    /// All countries with an ISO code.
    pub countries: Vec<CatalogueCountry>,
}

/// A service of a vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueService {
    /// The vendor's id.
    pub vendor_id: String,
    /// The vendor's name for it.
    pub name: String,
}

/// A country of a vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueCountry {
    /// The vendor's id.
    pub vendor_id: String,
    /// The country.
    pub country: Country,
    /// The vendor's name for it.
    pub name: String,
}

impl Catalogue {
    /// The vendor's id of a service by its name, letter case and punctuation aside. A name of
    /// several parts (`Google/Gmail`) is found by each of them unless two services share it;
    /// the whole name goes first.
    #[must_use]
    pub fn service_id(&self, name: &str) -> Option<&str> {
        let wanted = plain(name);
        if wanted.is_empty() {
            return None;
        }
        let whole = self.services.iter().find(|service| plain(&service.name) == wanted);
        let mut parts = self
            .services
            .iter()
            .filter(|service| service.name.split('/').any(|part| plain(part) == wanted));
        let part = match (parts.next(), parts.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        };
        whole.or(part).map(|service| service.vendor_id.as_str())
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Why a call has no answer. None of these says anything about the order's state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No provider of this name is configured.
    #[error("there is no provider of this name")]
    UnknownProvider,
    /// The operator switched it off.
    #[error("the provider is disabled")]
    Disabled,
    /// The engine is stopping.
    #[error("the engine is stopping")]
    ShuttingDown,
    /// The plugin did not return in time once and is asked no more.
    #[error("the plugin is out of service")]
    OutOfService,
    /// Too many calls are under way.
    #[error("too many calls are under way")]
    Busy,
    /// The vendor failed too often; asked again later.
    #[error("the provider's breaker is open for {retry_after_secs} s more")]
    BreakerOpen {
        /// Until the next attempt.
        retry_after_secs: u64,
    },
    /// The request never left this machine.
    #[error("the request was not sent: {0}")]
    NotSent(String),
    /// The request left and was not answered in time.
    #[error("the vendor did not answer: {0}")]
    Unanswered(String),
    /// The vendor said no in so many words.
    #[error("the vendor refused: {0:?}")]
    Refused(RefusalReason),
    /// The answer makes no sense or breaks a limit.
    #[error("the answer makes no sense: {0}")]
    Unreadable(String),
    /// The vendor does not know this order.
    #[error("the vendor does not know this order")]
    OrderNotFound,
    /// The vendor cannot do that.
    #[error("the vendor cannot do that")]
    NotOffered,
    /// A mistake in the plugin, such as a panic.
    #[error("the plugin failed: {0}")]
    PluginFault(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_a_plus_and_digits() {
        for text in ["+12015550100", "+447700900123", "+1234567"] {
            assert_eq!(PhoneNumber::parse(text).as_ref().map(PhoneNumber::as_str), Some(text));
        }
        for noise in ["", "+", "12015550100", "+1 201", "+0123456789", "+123456", "+１2345678"] {
            assert_eq!(PhoneNumber::parse(noise), None, "{noise}");
        }
        assert_eq!(PhoneNumber::parse("+1234567890123456"), None);
    }

    #[test]
    fn services_are_found_by_name_or_part_of_it() {
        let service = |vendor_id: &str, name: &str| CatalogueService {
            vendor_id: vendor_id.to_owned(),
            name: name.to_owned(),
        };
        let catalogue = Catalogue {
            services: vec![
                service("395", "Google/Gmail"),
                service("396", "Google Voice"),
                service("907", "Telegram"),
                service("1", "Mail/A"),
                service("2", "Mail/B"),
                service("3", "Line/Mail 3"),
                service("4", "line"),
            ],
            countries: Vec::new(),
        };
        for (name, want) in [
            ("google", Some("395")),
            ("GMAIL", Some("395")),
            ("google voice", Some("396")),
            ("telegram", Some("907")),
            ("mail", None),
            ("line", Some("4")),
            ("ring4", None),
            ("", None),
            ("/", None),
        ] {
            assert_eq!(catalogue.service_id(name), want, "{name}");
        }
    }
}
