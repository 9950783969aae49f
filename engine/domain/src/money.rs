//! Exact amounts of money. Anyone may import this; it imports nobody.
//!
//! One unit is one micro-dollar (1e-6). The type is a signed 64-bit integer, which reaches
//! 9.2e12 dollars; vendor prices have at most six decimals, so nothing is ever rounded on the
//! way in. Floats were refused because `0.1 + 0.2` is how the former bot lost cents, and a
//! decimal type because its scale is one more thing that two equal amounts can differ in.

use core::fmt;
use core::str::FromStr;

/// Micro-dollars in one dollar.
pub const MICROS_PER_DOLLAR: i64 = 1_000_000;

/// Decimals kept; text with more significant decimals is refused rather than rounded.
const DECIMALS: usize = 6;

/// The longest text that is looked at as an amount, in bytes.
const TEXT_LEN_MAX: usize = 32;

/// An amount of money in micro-dollars; may be negative where a difference is meant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(i64);

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not `[+-]digits[.digits]` in ASCII; exponents, commas and other scripts' digits included.
    #[error("not a decimal number")]
    NotDecimal,
    /// More than six significant decimals.
    #[error("more than {DECIMALS} decimals")]
    TooPrecise,
    /// Outside what 64 bits of micro-dollars hold.
    #[error("too large")]
    TooLarge,
}

/// What to do with the part below the smallest step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Away from zero; for prices that a customer pays.
    Up,
    /// Towards zero; for what is given back or discounted.
    Down,
    /// To the nearest step, halves away from zero; for display and statistics only.
    HalfUp,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount.
    pub const MAX: Self = Self(i64::MAX);

    /// An amount from micro-dollars.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// An amount from whole cents; saturating would hide a bug, so it is checked.
    #[must_use]
    pub const fn from_cents(cents: i64) -> Option<Self> {
        match cents.checked_mul(MICROS_PER_DOLLAR / 100) {
            Some(micros) => Some(Self(micros)),
            None => None,
        }
    }

    /// The amount in micro-dollars.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The sum, or `None` past 64 bits.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(micros) => Some(Self(micros)),
            None => None,
        }
    }

    /// The difference, or `None` past 64 bits.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(micros) => Some(Self(micros)),
            None => None,
        }
    }

    /// `self × numerator / denominator`, rounded to a micro-dollar as named. `None` when the
    /// result does not fit or the denominator is not above zero.
    #[must_use]
    pub fn scale(self, numerator: i64, denominator: i64, rounding: Rounding) -> Option<Self> {
        if denominator <= 0 {
            return None;
        }
        let product = i128::from(self.0) * i128::from(numerator);
        let quotient = divide(product, i128::from(denominator), rounding);
        i64::try_from(quotient).ok().map(Self)
    }

    /// The nearest multiple of `step` in the named direction. `None` when it does not fit or
    /// the step is not above zero.
    #[must_use]
    pub fn round_to(self, step: Self, rounding: Rounding) -> Option<Self> {
        if step.0 <= 0 {
            return None;
        }
        let steps = divide(i128::from(self.0), i128::from(step.0), rounding);
        i64::try_from(steps * i128::from(step.0)).ok().map(Self)
    }

    /// Decimal text with at least two decimals and no more than needed: `0.42`, `0.0067`, `-3.00`.
    #[must_use]
    pub fn to_text(self) -> String {
        self.to_string()
    }
}

/// Division with a named rounding; `denominator` is above zero.
fn divide(value: i128, denominator: i128, rounding: Rounding) -> i128 {
    let quotient = value / denominator;
    let rest = (value % denominator).abs();
    let away = match rounding {
        Rounding::Up => rest > 0,
        Rounding::Down => false,
        Rounding::HalfUp => rest * 2 >= denominator,
    };
    if away { quotient + value.signum() } else { quotient }
}

impl fmt::Display for Amount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.unsigned_abs();
        let unit = MICROS_PER_DOLLAR.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        let mut fraction = format!("{:06}", micros % unit);
        while fraction.len() > 2 && fraction.ends_with('0') {
            fraction.pop();
        }
        write!(out, "{sign}{}.{fraction}", micros / unit)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "${self}")
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    /// Reads `[+-]digits[.digits]`, ASCII digits only, at least one digit before the point.
    fn from_str(text: &str) -> Result<Self, AmountError> {
        if text.len() > TEXT_LEN_MAX {
            return Err(AmountError::NotDecimal);
        }
        let (sign, digits) = match text.as_bytes().first() {
            Some(b'-') => (-1_i128, text.get(1..).unwrap_or_default()),
            Some(b'+') => (1, text.get(1..).unwrap_or_default()),
            _ => (1, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(fraction) {
            return Err(AmountError::NotDecimal);
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > DECIMALS {
            return Err(AmountError::TooPrecise);
        }
        let whole: i128 = whole.parse().map_err(|_| AmountError::TooLarge)?;
        let fraction: i128 =
            format!("{fraction:0<DECIMALS$}").parse().map_err(|_| AmountError::NotDecimal)?;
        let micros = whole
            .checked_mul(i128::from(MICROS_PER_DOLLAR))
            .and_then(|micros| micros.checked_add(fraction))
            .ok_or(AmountError::TooLarge)?;
        i64::try_from(sign * micros).map(Self).map_err(|_| AmountError::TooLarge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_micros_or_a_named_error() {
        let rows: &[(&str, Result<i64, AmountError>)] = &[
            ("0", Ok(0)),
            ("0.42", Ok(420_000)),
            ("-3", Ok(-3_000_000)),
            ("+1.5", Ok(1_500_000)),
            ("0.0067", Ok(6_700)),
            ("0.100000000", Ok(100_000)),
            ("0.0000001", Err(AmountError::TooPrecise)),
            ("1e9", Err(AmountError::NotDecimal)),
            ("NaN", Err(AmountError::NotDecimal)),
            ("", Err(AmountError::NotDecimal)),
            ("-", Err(AmountError::NotDecimal)),
            (".5", Err(AmountError::NotDecimal)),
            ("5.", Err(AmountError::NotDecimal)),
            ("1,5", Err(AmountError::NotDecimal)),
            ("１２", Err(AmountError::NotDecimal)),
            ("9223372036854.775807", Ok(i64::MAX)),
            ("9223372036854.775808", Err(AmountError::TooLarge)),
            ("99999999999999999999999999999", Err(AmountError::TooLarge)),
        ];
        for (text, want) in rows {
            assert_eq!(text.parse::<Amount>().map(Amount::micros), *want, "{text}");
        }
    }

    #[test]
    fn text_has_two_decimals_and_more_only_when_needed() {
        for (micros, want) in [
            (0, "0.00"),
            (420_000, "0.42"),
            (6_700, "0.0067"),
            (-1, "-0.000001"),
            (12_000_000, "12.00"),
            (i64::MIN, "-9223372036854.775808"),
        ] {
            assert_eq!(Amount::from_micros(micros).to_text(), want);
        }
    }

    #[test]
    fn division_rounds_as_named() {
        use Rounding::{Down, HalfUp, Up};
        let rows = [
            (100, 1, 3, Up, 34),
            (100, 1, 3, Down, 33),
            (100, 1, 8, HalfUp, 13),
            (-100, 1, 3, Up, -34),
            (-100, 1, 3, Down, -33),
            (240_000, 108, 100, Up, 259_200),
        ];
        for (micros, numerator, denominator, rounding, want) in rows {
            let got = Amount::from_micros(micros).scale(numerator, denominator, rounding);
            assert_eq!(got, Some(Amount::from_micros(want)));
        }
        assert_eq!(Amount::MAX.scale(2, 1, Up), None);
        assert_eq!(Amount::MAX.scale(1, 0, Up), None);
        let step = Amount::from_micros(10_000);
        let price = Amount::from_micros(259_200);
        assert_eq!(price.round_to(step, Up), Some(Amount::from_micros(260_000)));
        assert_eq!(price.round_to(step, Down), Some(Amount::from_micros(250_000)));
    }
}
