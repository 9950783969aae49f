//! How SMSPool says no: by status, by a flag in a good status, with a type or with words only.

use core::fmt;

use ring4_provider_sdk::scalar::{Scalar, list_or_empty};
use ring4_provider_sdk::{ProviderError, RefusalReason, Response};
use serde::Deserialize;

/// After too many failed purchases the account is refused for about this long.
const THROTTLED_SECS: u32 = 6 * 3_600;

/// How long to keep quiet after "too many requests" without a time.
const RATE_LIMITED_SECS: u32 = 60;

/// An answer that is not the good one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum No {
    /// The vendor said no in so many words.
    Refused(Refusal),
    /// Nothing can be said: a server error, HTML, a redirect, a broken body.
    Unreadable(String),
}

/// An explicit no.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    status: u16,
    /// The vendor's `type`, upper case; empty for most.
    kind: String,
    /// Message and errors in lower case, without markup.
    words: String,
    retry_after_secs: Option<u32>,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    success: Scalar,
    #[serde(default, rename = "type")]
    kind: Scalar,
    #[serde(default)]
    message: Scalar,
    #[serde(default, deserialize_with = "list_or_empty")]
    errors: Vec<ErrorRow>,
}

#[derive(Deserialize)]
struct ErrorRow {
    #[serde(default)]
    message: Scalar,
    #[serde(default)]
    description: Scalar,
}

/// Does a body say `success` with a true value at its top.
pub(super) fn says_success(body: &str) -> bool {
    let envelope: Result<Envelope, _> = serde_json::from_str(body);
    envelope.is_ok_and(|envelope| envelope.success.flag() == Some(true))
}

impl No {
    /// The no in an answer; `None` when it is a good one. HTTP 200 is not success: what counts
    /// is the status *and* the flag at the top of an object. Nested flags say nothing.
    pub(super) fn of(response: &Response) -> Option<Self> {
        let status = response.status;
        if status == 429 {
            let retry_after_secs = response.retry_after_secs.or(Some(RATE_LIMITED_SECS));
            let (kind, words) = (String::new(), String::new());
            return Some(Self::Refused(Refusal { status, kind, words, retry_after_secs }));
        }
        let body = std::str::from_utf8(&response.body).ok();
        let body = body.map(|body| body.trim_start_matches('\u{feff}').trim_start());
        let Some(body) = body.filter(|_| status < 500 && !(300..400).contains(&status)) else {
            return Some(Self::unreadable(response));
        };
        if body.starts_with('[') && status < 400 {
            return None;
        }
        let Ok(envelope) = serde_json::from_str::<Envelope>(body) else {
            return Some(Self::unreadable(response));
        };
        if status < 400 && envelope.success.flag() != Some(false) {
            return None;
        }
        let mut words = plain(envelope.message.text());
        for row in &envelope.errors {
            words.push(' ');
            words.push_str(&plain(row.message.text()));
            words.push(' ');
            words.push_str(&plain(row.description.text()));
        }
        let kind = envelope.kind.text().to_ascii_uppercase();
        let words = words.trim().to_owned();
        Some(Self::Refused(Refusal { status, kind, words, retry_after_secs: None }))
    }

    pub(super) fn unreadable(response: &Response) -> Self {
        let (status, len) = (response.status, response.body.len());
        Self::Unreadable(format!("HTTP {status} with {len} bytes that do not fit"))
    }
}

impl From<No> for ProviderError {
    fn from(no: No) -> Self {
        match no {
            No::Refused(refusal) => Self::Refused {
                reason: refusal.reason(),
                retry_after_secs: refusal.retry_after_secs(),
            },
            No::Unreadable(why) => Self::Unreadable(why),
        }
    }
}

impl Refusal {
    /// The canonical reason. A type we do not know is still a no.
    #[must_use]
    pub fn reason(&self) -> RefusalReason {
        match self.kind.as_str() {
            "OUT_OF_STOCK" => return RefusalReason::OutOfStock,
            "PRICE_NOT_FOUND" => return RefusalReason::PriceTooHigh,
            "BALANCE_ERROR" => return RefusalReason::BalanceLow,
            _ => {}
        }
        let says = |words: &str| self.words.contains(words);
        if self.status == 429 {
            RefusalReason::RateLimited
        } else if says("too many failed purchases") {
            RefusalReason::AccountThrottled
        } else if matches!(self.status, 401 | 403) || says("invalid api key") {
            RefusalReason::AuthFailed
        } else if says("insufficient balance") {
            RefusalReason::BalanceLow
        } else if says("not available for this") {
            RefusalReason::Unsupported
        } else if says("out of stock") || says("no available number") {
            RefusalReason::OutOfStock
        } else if says("required parameter") {
            RefusalReason::BadRequest
        } else {
            RefusalReason::Other
        }
    }

    /// How long the vendor wants to be left alone.
    #[must_use]
    pub fn retry_after_secs(&self) -> Option<u32> {
        match self.reason() {
            RefusalReason::AccountThrottled => Some(THROTTLED_SECS),
            _ => self.retry_after_secs,
        }
    }

    /// Too vague to prove that nothing was bought: no type, and no words or only "something went
    /// wrong".
    #[must_use]
    pub fn is_vague(&self) -> bool {
        let vague = self.words.is_empty() || self.words.contains("went wrong");
        vague && self.kind.is_empty() && self.reason() == RefusalReason::Other
    }

    /// "Cannot be cancelled yet", which comes without a type and in two wordings.
    #[must_use]
    pub fn is_too_early(&self) -> bool {
        self.words.contains("cannot be cancelled yet")
    }

    /// The vendor does not know the order.
    #[must_use]
    pub fn is_unknown_order(&self) -> bool {
        let words = ["could not find", "could not be found", "not found", "does not exist"];
        self.status == 404 || words.iter().any(|words| self.words.contains(words))
    }

    /// A no to us rather than to the order or the offer.
    #[must_use]
    pub fn is_about_account(&self) -> bool {
        matches!(
            self.reason(),
            RefusalReason::AuthFailed
                | RefusalReason::AccountThrottled
                | RefusalReason::BalanceLow
                | RefusalReason::RateLimited
        )
    }
}

impl fmt::Display for Refusal {
    /// The vendor's words stay out: they state our balance and may name numbers.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "HTTP {}, {:?}", self.status, self.reason())
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Refusal({self})")
    }
}

/// Lower case, and markup as blanks.
fn plain(text: &str) -> String {
    let mut inside = false;
    let mut plain = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                plain.push(' ');
            }
            _ if !inside => plain.extend(char.to_lowercase()),
            _ => {}
        }
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}
