//! How these vendors say no: a word, as text or in one of several fields of an object, with 200
//! or with a real error status.

use core::fmt;

use ring4_provider_sdk::scalar::Scalar;
use ring4_provider_sdk::{ProviderError, RefusalReason, Response};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// How long to keep quiet after "too many requests" without a time.
const RATE_LIMITED_SECS: u32 = 60;

/// The longest word that is looked at, in bytes.
const WORD_LEN_MAX: usize = 64;

/// An answer that is not the good one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum No {
    /// The vendor said no in a word we know.
    Refused(Refusal),
    /// Nothing can be said: a server error, HTML, a redirect, a broken body, a new word.
    Unreadable(String),
}

/// An explicit no.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    status: u16,
    /// What the word means.
    pub meaning: Meaning,
    retry_after_secs: Option<u32>,
}

/// What a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A plain no.
    Reason(RefusalReason),
    /// The vendor does not know the order.
    UnknownOrder,
    /// The order may not be cancelled yet.
    TooEarly,
    /// The order cannot be cancelled as it stands; its state decides.
    NotCancellable,
    /// The list of active orders is empty.
    NoOrders,
    /// Something broke over there; whether it took effect is open.
    Failure,
    /// The vendor does not know what we ask, or says so of its own failures.
    BadAction,
}

impl Meaning {
    fn of(word: &str) -> Option<Self> {
        use RefusalReason::{
            AccountThrottled, AuthFailed, BadRequest, BalanceLow, ConcurrencyLimit, OutOfStock,
            PriceTooHigh, RateLimited, Unsupported,
        };
        Some(match word {
            "NO_NUMBERS" | "NUMBER_NOT_AVAILABLE" | "NO_PROVIDERS" => Self::Reason(OutOfStock),
            "NO_BALANCE" | "NO_MONEY" | "NO_BALANCE_FORWARD" => Self::Reason(BalanceLow),
            "BAD_KEY" | "NO_KEY" | "API_KEY_NOT_VALID" | "NO_ACCESS" => Self::Reason(AuthFailed),
            "WRONG_MAX_PRICE" | "MAX_PRICE_EXCEEDED" | "BAD_MAX_PRICE" => {
                Self::Reason(PriceTooHigh)
            }
            "BAD_SERVICE"
            | "WRONG_SERVICE"
            | "BAD_COUNTRY"
            | "WRONG_COUNTRY"
            | "OPERATORS_NOT_FOUND"
            | "SERVICE_UNAVAILABLE_REGION" => Self::Reason(Unsupported),
            "BANNED" => Self::Reason(AccountThrottled),
            "CHANNELS_LIMIT" | "TOO_MANY_ACTIVE_RENTALS" => Self::Reason(ConcurrencyLimit),
            "RATE_LIMIT" | "TOO_EARLY" => Self::Reason(RateLimited),
            "BAD_STATUS"
            | "BAD_VALUES"
            | "BAD_CURRENCY"
            | "CURRENCY_CHANGE_UNAVAILABLE"
            | "UNPROCESSABLE_ENTITY"
            | "WRONG_EXCEPTION_PHONE"
            | "RENEW_ACTIVATION_NOT_AVAILABLE"
            | "NEW_ACTIVATION_IMPOSSIBLE"
            | "WRONG_SECURITY"
            | "REPEAT_ADDITIONAL_SERVICE" => Self::Reason(BadRequest),
            "EARLY_CANCEL_DENIED" => Self::TooEarly,
            "CANT_CANCEL"
            | "OTP_RECEIVED"
            | "NEW_OTP_RECEIVED"
            | "FREE_CANCELLATION_EXPIRED"
            | "ACTIVATION_NOT_ACTIVE" => Self::NotCancellable,
            "NO_ACTIVATION" | "WRONG_ACTIVATION_ID" | "BAD_ID" | "NOT_FOUND" => Self::UnknownOrder,
            "NO_ACTIVATIONS" => Self::NoOrders,
            // An order that exists already is one we did not get an answer about.
            "ERROR_SQL" | "SERVER_ERROR" | "ERROR" | "ORDER_ALREADY_EXISTS" => Self::Failure,
            "BAD_ACTION" => Self::BadAction,
            _ => return None,
        })
    }
}

/// A good answer's body, trimmed.
#[derive(Clone, Copy)]
pub enum Good<'a> {
    /// The word before the first colon, and what follows it.
    Text(&'a str, &'a str),
    /// A whole object or list.
    Json(&'a str),
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    title: Scalar,
    #[serde(default)]
    error: Scalar,
    #[serde(default)]
    message: Scalar,
    #[serde(default)]
    status: Scalar,
    #[serde(default)]
    info: Option<Info>,
}

#[derive(Default, Deserialize)]
struct Info {
    #[serde(default)]
    retry_after_seconds: Scalar,
}

/// Splits good answers from refusals. What counts is the body's shape, then its words; the status
/// only spoils, because errors come with 200 too.
///
/// # Errors
/// See [`No`].
pub fn read(response: &Response) -> Result<Good<'_>, No> {
    let status = response.status;
    let refused =
        |meaning, retry_after_secs| Err(No::Refused(Refusal { status, meaning, retry_after_secs }));
    if status == 429 {
        let secs = response.retry_after_secs.unwrap_or(RATE_LIMITED_SECS);
        return refused(Meaning::Reason(RefusalReason::RateLimited), Some(secs));
    }
    let unreadable = || No::unreadable(response);
    let text = std::str::from_utf8(&response.body).map_err(|_| unreadable())?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if status >= 500 || (300..400).contains(&status) || text.is_empty() {
        return Err(unreadable());
    }
    if text.starts_with('[') || text.starts_with('{') {
        serde_json::from_str::<IgnoredAny>(text).map_err(|_| unreadable())?;
    }
    if text.starts_with('[') {
        return if status < 400 { Ok(Good::Json(text)) } else { Err(unreadable()) };
    }
    let (word, retry_after_secs) = if text.starts_with('{') {
        // A field of an unexpected kind reads empty, so this fails on no object but a broken one.
        let envelope: Envelope = serde_json::from_str(text).map_err(|_| unreadable())?;
        let secs = envelope.retry_after_secs();
        match envelope.word(status) {
            Some(word) => (word, secs),
            None if status < 400 => return Ok(Good::Json(text)),
            None => return Err(unreadable()),
        }
    } else {
        let text = text.trim_matches('"');
        let (word, rest) = text.split_once(':').unwrap_or((text, ""));
        let good = word.starts_with("ACCESS_") || word.starts_with("STATUS_");
        if good && is_word(word) && status < 400 {
            return Ok(Good::Text(word, rest));
        }
        (normal(word), None)
    };
    match Meaning::of(&word) {
        Some(meaning) => refused(meaning, retry_after_secs),
        None => Err(unreadable()),
    }
}

impl Envelope {
    /// The word of a refusal; `None` when this is a good answer.
    fn word(&self, status: u16) -> Option<String> {
        let failed = matches!(self.status.text(), "0" | "false" | "error" | "fail")
            || status >= 400
            || self.title.some().is_some()
            || self.error.some().is_some();
        let words = [&self.title, &self.error, &self.message];
        let said = words.into_iter().find_map(Scalar::some).unwrap_or_default();
        failed.then(|| normal(said.split(':').next().unwrap_or_default()))
    }

    fn retry_after_secs(&self) -> Option<u32> {
        let secs = self.info.as_ref()?.retry_after_seconds.integer()?;
        u32::try_from(secs).ok().filter(|secs| *secs > 0)
    }
}

fn is_word(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    text.len() <= WORD_LEN_MAX && text.bytes().all(plain)
}

/// `Bad service` and `BAD_SERVICE` are the same word.
fn normal(text: &str) -> String {
    let plain = |char: char| if char.is_ascii_alphanumeric() { char } else { '_' };
    text.trim().chars().take(WORD_LEN_MAX).map(plain).collect::<String>().to_ascii_uppercase()
}

impl No {
    pub(super) fn unreadable(response: &Response) -> Self {
        let (status, len) = (response.status, response.body.len());
        Self::Unreadable(format!("HTTP {status} with {len} bytes that do not fit"))
    }
}

impl From<No> for ProviderError {
    fn from(no: No) -> Self {
        let refusal = match no {
            No::Refused(refusal) => refusal,
            No::Unreadable(why) => return Self::Unreadable(why),
        };
        match refusal.meaning {
            Meaning::UnknownOrder => Self::OrderNotFound,
            Meaning::Failure => Self::Unreadable(refusal.to_string()),
            _ => Self::Refused {
                reason: refusal.reason(),
                retry_after_secs: refusal.retry_after_secs,
            },
        }
    }
}

impl Refusal {
    /// The canonical reason.
    #[must_use]
    pub fn reason(&self) -> RefusalReason {
        match self.meaning {
            Meaning::Reason(reason) => reason,
            Meaning::BadAction => RefusalReason::BadRequest,
            _ => RefusalReason::Other,
        }
    }

    /// How long the vendor wants to be left alone; text times have no zone and are not read.
    #[must_use]
    pub const fn retry_after_secs(&self) -> Option<u32> {
        self.retry_after_secs
    }
}

impl fmt::Display for Refusal {
    /// The vendor's words stay out: they may name numbers or our balance.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "HTTP {}, {:?}", self.status, self.meaning)
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Refusal({self})")
    }
}
