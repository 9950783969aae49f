//! Payments in Telegram Stars: what a star is worth, and what is known of a payment. Domain,
//! storage and the middle import this.
//!
//! ```text
//! Opened | Expired → Credited → Returning → Returned
//!                       └─────────┘             Telegram said no: the money is spendable again
//! ```

use crate::ids::{IdError, MessageId, MethodKey};
use crate::money::{Amount, MICROS_PER_DOLLAR};

/// The name of this way to pay in the books.
pub const STARS: &str = "stars";

/// The most stars that one invoice asks for. Telegram's own limit has been raised before; this
/// one is lower than any that it had for invoices.
pub const STARS_MAX: u32 = 10_000;

/// The longest id of a payment, in bytes; those seen have about 130.
pub const CHARGE_LEN_MAX: usize = 256;

/// How many times an attempt to give stars back is begun for one deposit, at most.
pub const RETURNS_MAX: u8 = 100;

/// The key of this way to pay.
pub const METHOD: MethodKey = MethodKey::written(STARS);

/// Telegram's id of a payment: visible ASCII, 1 to [`CHARGE_LEN_MAX`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChargeId(String);

impl ChargeId {
    /// Takes an id as Telegram tells it.
    ///
    /// # Errors
    /// It is empty, too long, or has bytes that no id has.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        let fits = (1..=CHARGE_LEN_MAX).contains(&text.len());
        if fits && visible { Ok(Self(text)) } else { Err(IdError) }
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How many stars a dollar is, in millionths of a star; above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StarsRate(i64);

impl StarsRate {
    /// A rate of this many millionths of a star to the dollar; `None` unless above zero.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros > 0 { Some(Self(micros)) } else { None }
    }

    /// The stars for an amount, rounded up to the next whole star: who pays in is never credited
    /// more than was paid. `None` where it is no number of stars that an invoice may ask for.
    #[must_use]
    pub fn stars(self, amount: Amount) -> Option<u32> {
        let scaled = i128::from(amount.micros()) * i128::from(self.0);
        let per_star = i128::from(MICROS_PER_DOLLAR) * 1_000_000;
        let stars = (scaled + per_star - 1).div_euclid(per_star);
        u32::try_from(stars).ok().filter(|stars| (1..=STARS_MAX).contains(stars))
    }

    /// What so many stars are worth, rounded down to the next millionth of a dollar.
    #[must_use]
    pub fn worth(self, stars: u32) -> Amount {
        let scaled = i128::from(stars) * i128::from(MICROS_PER_DOLLAR) * 1_000_000;
        Amount::from_micros(i64::try_from(scaled / i128::from(self.0)).unwrap_or(i64::MAX))
    }
}

/// What is known of a deposit that is paid in stars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stars {
    /// How many are asked for, or were paid.
    pub count: u32,
    /// The payment, once it was made.
    pub charge: Option<ChargeId>,
    /// The message with the invoice.
    pub invoice: Option<MessageId>,
    /// How often it was begun to give them back.
    pub returns: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_round_in_the_shops_favour_and_stay_within_an_invoice() {
        // stars per dollar in millionths, dollars → stars, worth of those
        let rows = [
            (77_000_000, "10.00", Some((770, "10.00"))),
            (50_000_000, "5.00", Some((250, "5.00"))),
            (50_000_000, "5.01", Some((251, "5.02"))),
            (76_923_076, "1.00", Some((77, "1.001"))),
            (50_000_000, "0.000001", Some((1, "0.02"))),
            (50_000_000, "200.00", Some((10_000, "200.00"))),
            (50_000_000, "200.01", None),
            (50_000_000, "0.00", None),
            (50_000_000, "-1.00", None),
            (i64::MAX, "9223372036854.775807", None),
            (1, "1.00", Some((1, "1000000.00"))),
        ];
        for (rate, amount, want) in rows {
            let rate = StarsRate::from_micros(rate).unwrap();
            let stars = rate.stars(amount.parse().unwrap());
            let got = stars.map(|stars| (stars, rate.worth(stars)));
            let want = want.map(|(stars, worth)| (stars, worth.parse::<Amount>().unwrap()));
            assert_eq!(got, want, "{amount} at {rate:?}");
        }
        assert_eq!(StarsRate::from_micros(0), None);
        assert_eq!(MethodKey::new(STARS), Ok(METHOD));
    }

    #[test]
    fn a_payments_id_is_visible_text() {
        let long = "x".repeat(CHARGE_LEN_MAX + 1);
        for bad in ["", "a b", "a\0", "é", &long] {
            assert_eq!(ChargeId::new(bad), Err(IdError), "{bad}");
        }
        assert!(ChargeId::new("stxAB_-=09").is_ok());
    }
}
