//! Money as decimal text. Part of the contract; the engine parses it into exact micro-dollars.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// The longest text that is looked at, in bytes.
const TEXT_LEN_MAX: usize = 32;

/// A non-negative amount of US dollars as plain decimal text such as `0.24`; never a float.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Money(String);

impl Money {
    /// Takes `digits[.digits]`, as vendors write it; `None` for anything else, signs, exponents
    /// and thousands separators included.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let sane = text.len() <= TEXT_LEN_MAX && plain(whole) && plain(fraction);
        sane.then(|| Self(text.to_owned()))
    }

    /// For text that is known to be plain decimals.
    pub(crate) fn of_digits(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// An amount from whole cents.
    #[must_use]
    pub fn from_cents(cents: u32) -> Self {
        Self(format!("{}.{:02}", cents / 100, cents % 100))
    }

    /// Is this more than the other; compared by the text, so nothing is rounded.
    #[must_use]
    pub fn is_above(&self, other: &Self) -> bool {
        let parts = |money: &Self| {
            let (whole, fraction) = money.0.split_once('.').unwrap_or((&money.0, ""));
            let whole = whole.trim_start_matches('0').to_owned();
            (whole.len(), whole, fraction.trim_end_matches('0').to_owned())
        };
        parts(self) > parts(other)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a decimal amount"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_decimal_text_is_money() {
        for text in ["0", "0.24", " 12.5\r\n", "1000000"] {
            assert_eq!(Money::parse(text).map(|money| money.0), Some(text.trim().to_owned()));
        }
        for noise in ["", "-1", "+1", "1e9", "NaN", ".5", "5.", "1,5", "１", "0x1", "$1"] {
            assert_eq!(Money::parse(noise), None, "{noise}");
        }
        assert_eq!(Money::parse(&"1".repeat(TEXT_LEN_MAX + 1)), None);
    }

    #[test]
    fn amounts_compare_by_value_not_by_spelling() {
        let above = |left: &str, right: &str| {
            Money::parse(left).zip(Money::parse(right)).map(|(left, right)| left.is_above(&right))
        };
        for (left, right, want) in [
            ("0.5", "0.50", false),
            ("0.50", "0.5", false),
            ("0.500001", "0.5", true),
            ("12", "9.99", true),
            ("9.99", "12", false),
            ("007", "6.9", true),
            ("0", "0.00", false),
            ("0.1", "0.09", true),
        ] {
            assert_eq!(above(left, right), Some(want), "{left} {right}");
        }
        assert_eq!(Money::from_cents(50).as_str(), "0.50");
        assert_eq!(Money::from_cents(10_007).as_str(), "100.07");
    }
}
