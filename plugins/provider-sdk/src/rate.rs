//! Amounts of a vendor's currency in dollars, exactly. For plugins; the engine knows dollars only.

use serde::{Deserialize, Deserializer};

use crate::money::Money;

/// Decimals of everything that is computed here.
const DECIMALS: usize = 9;

/// 10 to the power of [`DECIMALS`].
const UNIT: u128 = 1_000_000_000;

/// Decimals of an amount of dollars: the engine counts in micro-dollars.
const DOLLAR_DECIMALS: usize = 6;

/// Decimals of an amount of another currency, which is what vendors' price lists have.
const FOREIGN_DECIMALS: usize = 4;

/// What one unit of a vendor's currency is worth in dollars. Costs are rounded up and holdings
/// down, so that nobody is told of money that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In 1e-9 dollar, above zero.
    nanos: u128,
}

impl Rate {
    /// The vendor's currency is the dollar.
    pub const DOLLAR: Self = Self { nanos: UNIT };

    /// The rate of a currency by the operator's settings: the dollar has none, any other must
    /// have one, because no vendor tells and a wrong guess sells at a loss.
    ///
    /// # Errors
    /// What is wrong, in words for the operator.
    pub fn configured(currency: &str, usd_per_unit: Option<&str>) -> Result<Self, String> {
        match (currency, usd_per_unit) {
            ("USD", None) => Ok(Self::DOLLAR),
            ("USD", Some(_)) => Err("usd_per_unit: a dollar is a dollar, leave it out".to_owned()),
            (other, None) => Err(format!(
                "usd_per_unit: must say how many dollars one {other} is worth, such as \"0.0125\""
            )),
            (_, Some(text)) => Self::parse(text).ok_or_else(|| {
                "usd_per_unit: not a decimal number above 0 with at most 9 decimals".to_owned()
            }),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let exact = text.split_once('.').is_none_or(|(_, part)| part.len() <= DECIMALS);
        let nanos = nanos(&Money::parse(text)?, false)?;
        (exact && nanos > 0).then_some(Self { nanos })
    }

    /// What an amount of the vendor's currency costs us, in dollars; `None` when it is too large
    /// to be a price.
    #[must_use]
    pub fn cost(self, amount: &Money) -> Option<Money> {
        self.dollars(amount, true)
    }

    /// What an amount of the vendor's currency is worth to us, in dollars.
    #[must_use]
    pub fn holding(self, amount: &Money) -> Option<Money> {
        self.dollars(amount, false)
    }

    /// The most that may be charged in the vendor's currency, for a cap in dollars.
    #[must_use]
    pub fn cap(self, dollars: &Money) -> Option<Money> {
        if self == Self::DOLLAR {
            return Some(dollars.clone());
        }
        let amount = nanos(dollars, false)?.checked_mul(UNIT)? / self.nanos;
        Some(text(amount, FOREIGN_DECIMALS, false))
    }

    fn dollars(self, amount: &Money, up: bool) -> Option<Money> {
        let product = nanos(amount, up)?.checked_mul(self.nanos)?;
        let whole = product / UNIT;
        let rest = u128::from(up && !product.is_multiple_of(UNIT));
        Some(text(whole.checked_add(rest)?, DOLLAR_DECIMALS, up))
    }
}

/// An amount in 1e-9 of its unit; digits beyond are rounded as asked.
fn nanos(amount: &Money, up: bool) -> Option<u128> {
    let (whole, part) = amount.as_str().split_once('.').unwrap_or((amount.as_str(), ""));
    let kept: String = part.chars().chain(std::iter::repeat('0')).take(DECIMALS).collect();
    let cut = part.bytes().skip(DECIMALS).any(|digit| digit != b'0');
    let whole: u128 = whole.parse().ok()?;
    let nanos = whole.checked_mul(UNIT)?.checked_add(kept.parse().ok()?)?;
    nanos.checked_add(u128::from(up && cut))
}

/// The text of an amount in 1e-9, rounded as asked to so many decimals.
fn text(nanos: u128, decimals: usize, up: bool) -> Money {
    let step = (decimals..DECIMALS).fold(1, |step, _| step * 10);
    let rounded = if up { nanos.div_ceil(step) } else { nanos / step };
    let unit = UNIT / step;
    let text = format!("{}.{:0decimals$}", rounded / unit, rounded % unit);
    let text = text.trim_end_matches('0');
    Money::of_digits(text.strip_suffix('.').unwrap_or(text))
}

/// A decimal number in settings, quoted or not: YAML reads an unquoted one as a number.
///
/// # Errors
/// It is neither.
pub fn decimal_setting<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Option::<serde_json::Value>::deserialize(from)? {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(serde_json::Value::String(text)) => Ok(Some(text)),
        // Printed with as many digits as were written, so nothing is lost on the way.
        Some(serde_json::Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(serde::de::Error::custom("not a decimal number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str) -> Money {
        Money::parse(text).expect("an amount")
    }

    #[test]
    fn a_foreign_currency_needs_a_rate_and_the_dollar_has_none() {
        for (currency, rate, want) in [
            ("USD", None, Ok(())),
            ("RUB", Some("0.0125"), Ok(())),
            ("RUB", Some("1"), Ok(())),
            ("USD", Some("1"), Err("leave it out")),
            ("RUB", None, Err("how many dollars one RUB")),
            ("RUB", Some("0"), Err("above 0")),
            ("RUB", Some("-1"), Err("above 0")),
            ("RUB", Some("1e-2"), Err("above 0")),
            ("RUB", Some("0.0000000001"), Err("at most 9")),
        ] {
            match (Rate::configured(currency, rate), want) {
                (Ok(_), Ok(())) => {}
                (Err(error), Err(want)) => assert!(error.contains(want), "{error}"),
                (got, _) => panic!("{currency} {rate:?}: {got:?}"),
            }
        }
    }

    #[test]
    fn costs_round_up_and_holdings_and_caps_down() {
        let third = Rate::parse("0.0123").expect("a rate");
        let smallest = Rate::parse("0.000000001").expect("a rate");
        for (rate, amount, cost, holding) in [
            (Rate::DOLLAR, "0.24", "0.24", "0.24"),
            (Rate::DOLLAR, "7", "7", "7"),
            (Rate::DOLLAR, "0.30000000000000004", "0.300001", "0.3"),
            (Rate::DOLLAR, "0.00000010", "0.000001", "0"),
            (third, "7.31", "0.089913", "0.089913"),
            (third, "7.3111", "0.089927", "0.089926"),
            (third, "1000", "12.3", "12.3"),
            (smallest, "0.5", "0.000001", "0"),
        ] {
            let amount = money(amount);
            assert_eq!(rate.cost(&amount), Some(money(cost)), "{amount}");
            assert_eq!(rate.holding(&amount), Some(money(holding)), "{amount}");
        }
        for (rate, dollars, cap) in
            [(Rate::DOLLAR, "0.30", "0.30"), (third, "0.30", "24.3902"), (third, "0", "0")]
        {
            assert_eq!(rate.cap(&money(dollars)), Some(money(cap)), "{dollars}");
        }
        let huge = money(&"9".repeat(32));
        assert_eq!((third.cost(&huge), third.cap(&huge)), (None, None));
    }

    #[test]
    fn a_rate_is_read_quoted_or_not() {
        #[derive(Deserialize)]
        struct Settings {
            #[serde(default, deserialize_with = "decimal_setting")]
            rate: Option<String>,
        }
        for (json, want) in [
            (r#"{"rate":0.0125}"#, Some(Some("0.0125"))),
            (r#"{"rate":"0.0125"}"#, Some(Some("0.0125"))),
            (r#"{"rate":2}"#, Some(Some("2"))),
            (r#"{"rate":null}"#, Some(None)),
            ("{}", Some(None)),
            (r#"{"rate":true}"#, None),
        ] {
            let value: serde_json::Value = serde_json::from_str(json).expect("JSON");
            let got = serde_json::from_value::<Settings>(value).ok();
            assert_eq!(got.as_ref().map(|settings| settings.rate.as_deref()), want, "{json}");
        }
    }
}
