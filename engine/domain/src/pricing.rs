//! Judges a proposed price. Scripts propose, this disposes. Domain and the middle import this.

use crate::ledger::TRANSFER_MAX;
use crate::money::{Amount, Rounding};

/// What a price must keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceLimits {
    /// The least a customer pays.
    pub price_min: Amount,
    /// The most a customer pays.
    pub price_max: Amount,
    /// The least that must remain after the vendor is paid.
    pub margin_min: Amount,
    /// Prices are rounded up to a multiple of this; above zero.
    pub price_step: Amount,
}

/// A price that may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// What the customer pays.
    pub price: Amount,
    /// The most that may be paid to a vendor for it.
    pub cost_max: Amount,
    /// Whether the script's proposal had to be moved inside the limits.
    pub clamped: bool,
}

/// Why an offer cannot be sold at any price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// The proposal or the cost is negative, the price is nothing, or a sum leaves 64 bits.
    #[error("the price makes no sense")]
    Nonsense,
    /// Cost and margin together are above the highest price.
    #[error("cost and margin exceed the highest price")]
    TooDear,
}

/// The price for a proposal: above zero, never below cost and margin, never outside the limits
/// or above [`TRANSFER_MAX`], rounded up to the step.
///
/// # Errors
/// The numbers make no sense, or the vendor is too dear for the highest price.
pub fn judge(proposed: Amount, cost: Amount, limits: &PriceLimits) -> Result<Price, PriceError> {
    if proposed.is_negative() || cost.is_negative() {
        return Err(PriceError::Nonsense);
    }
    let floor = cost.checked_add(limits.margin_min).ok_or(PriceError::Nonsense)?;
    let least = floor.max(limits.price_min);
    let least = least.round_to(limits.price_step, Rounding::Up).ok_or(PriceError::Nonsense)?;
    let most = limits.price_max.min(TRANSFER_MAX);
    if least > most {
        return Err(PriceError::TooDear);
    }
    let rounded = proposed.round_to(limits.price_step, Rounding::Up).ok_or(PriceError::Nonsense)?;
    let price = rounded.min(most).max(least);
    if !price.is_positive() {
        return Err(PriceError::Nonsense);
    }
    let cost_max = price.checked_sub(limits.margin_min).ok_or(PriceError::Nonsense)?;
    Ok(Price { price, cost_max, clamped: price != rounded })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proposals_are_moved_inside_the_limits() {
        let limits = PriceLimits {
            price_min: Amount::from_micros(150_000),
            price_max: Amount::from_micros(1_000_000),
            margin_min: Amount::from_micros(10_000),
            price_step: Amount::from_micros(10_000),
        };
        // proposed, cost → price, clamped
        let rows = [
            ("0.2592", "0.24", Ok(("0.26", false))),
            ("0.2600", "0.24", Ok(("0.26", false))),
            ("0.10", "0.24", Ok(("0.25", true))),
            ("0.01", "0.02", Ok(("0.15", true))),
            ("5", "0.24", Ok(("1.00", true))),
            ("5", "0.995", Err(PriceError::TooDear)),
            ("-0.01", "0.24", Err(PriceError::Nonsense)),
            ("9223372036854.775807", "0.24", Err(PriceError::Nonsense)),
        ];
        for (proposed, cost, want) in rows {
            let amount = |text: &str| text.parse::<Amount>().unwrap();
            let got = judge(amount(proposed), amount(cost), &limits);
            assert_eq!(
                got.map(|got| (got.price.to_text(), got.clamped)),
                want.map(|(price, clamped)| (price.to_owned(), clamped)),
                "{proposed} for {cost}"
            );
            if let Ok(got) = got {
                assert_eq!(got.cost_max.checked_add(limits.margin_min), Some(got.price));
            }
        }
    }
}
