//! How 5sim says no: in plain words, often with 200.

use core::fmt;

use ring4_provider_sdk::{ProviderError, RefusalReason, Response};
use serde::de::IgnoredAny;

/// How long to keep quiet after "too many requests": five in ten minutes bring a ban of ten
/// minutes.
const RATE_LIMITED_SECS: u32 = 60;

/// An answer that is not the good one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum No {
    /// The vendor said no in words we know.
    Refused(Refusal),
    /// Nothing can be said: a server error, HTML, a redirect, a broken body, new words.
    Unreadable(String),
}

/// An explicit no.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    status: u16,
    /// What the words mean.
    pub meaning: Meaning,
}

/// What the words mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A plain no.
    Reason(RefusalReason),
    /// The vendor does not know the order.
    UnknownOrder,
    /// A message arrived first.
    HasSms,
    /// The order may not be cancelled yet.
    TooEarly,
    /// Not possible as the order stands; its state decides.
    State,
    /// Something broke over there; whether it took effect is open.
    Failure,
}

impl Meaning {
    fn of(words: &str) -> Option<Self> {
        use RefusalReason::{AccountThrottled, BalanceLow, OutOfStock, RateLimited, Unsupported};
        let table = [
            ("no free phones", Self::Reason(OutOfStock)),
            ("not enough user balance", Self::Reason(BalanceLow)),
            ("not enough rating", Self::Reason(AccountThrottled)),
            ("bad country", Self::Reason(Unsupported)),
            ("select country", Self::Reason(Unsupported)),
            ("country is incorrect", Self::Reason(Unsupported)),
            ("bad operator", Self::Reason(Unsupported)),
            ("select operator", Self::Reason(Unsupported)),
            ("no product", Self::Reason(Unsupported)),
            ("bad product", Self::Reason(Unsupported)),
            ("product is incorrect", Self::Reason(Unsupported)),
            ("order not found", Self::UnknownOrder),
            ("record not found", Self::UnknownOrder),
            ("order has sms", Self::HasSms),
            ("order no sms", Self::State),
            ("order expired", Self::State),
            ("hosting order", Self::State),
            ("reuse ", Self::State),
            ("you need to wait time", Self::TooEarly),
            ("server offline", Self::Failure),
            ("internal error", Self::Failure),
            ("api limit is", Self::Reason(RateLimited)),
            ("ip address limit", Self::Reason(RateLimited)),
            ("bandwidth limit", Self::Reason(RateLimited)),
        ];
        table.into_iter().find(|(known, _)| words.starts_with(known)).map(|(_, meaning)| meaning)
    }
}

/// A good answer's JSON. Whatever is not JSON is an error, whatever the status says.
///
/// # Errors
/// See [`No`].
pub fn good(response: &Response) -> Result<&str, No> {
    let status = response.status;
    let refused = |meaning| Err(No::Refused(Refusal { status, meaning }));
    let unreadable = || No::unreadable(response);
    match status {
        429 => return refused(Meaning::Reason(RefusalReason::RateLimited)),
        401 | 403 if response.body.is_empty() => {
            return refused(Meaning::Reason(RefusalReason::AuthFailed));
        }
        300..=399 => return Err(unreadable()),
        _ => {}
    }
    let text = std::str::from_utf8(&response.body).map_err(|_| unreadable())?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with(['{', '[']) {
        let whole = serde_json::from_str::<IgnoredAny>(text).is_ok();
        return if whole && status < 400 { Ok(text) } else { Err(unreadable()) };
    }
    let words = text.trim_matches('"').trim().to_ascii_lowercase();
    match Meaning::of(&words) {
        Some(meaning) => refused(meaning),
        None => Err(unreadable()),
    }
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
                retry_after_secs: refusal.retry_after_secs(),
            },
        }
    }
}

impl Refusal {
    /// The canonical reason.
    #[must_use]
    pub const fn reason(&self) -> RefusalReason {
        match self.meaning {
            Meaning::Reason(reason) => reason,
            _ => RefusalReason::Other,
        }
    }

    /// How long the vendor wants to be left alone.
    #[must_use]
    pub fn retry_after_secs(&self) -> Option<u32> {
        (self.reason() == RefusalReason::RateLimited).then_some(RATE_LIMITED_SECS)
    }

    /// It proves nothing about a purchase: an error inside the vendor, or words that belong to
    /// other questions.
    #[must_use]
    pub const fn is_vague(&self) -> bool {
        !matches!(self.meaning, Meaning::Reason(_))
    }

    /// A no to the order's state rather than to us.
    #[must_use]
    pub const fn is_about_order(&self) -> bool {
        matches!(self.meaning, Meaning::State)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "HTTP {}, {:?}", self.status, self.meaning)
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Refusal({self})")
    }
}
