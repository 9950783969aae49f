//! One call of the shipped pricing script, beside the same formula in Rust.

use std::hint::black_box;
use std::time::Instant;

use ring4_domain::ids::Country;
use ring4_domain::money::Amount;
use ring4_rules::Offer;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::shop;
use crate::table::{Budget, Rounds, Row};

const ROUNDS: usize = 9;
const CALLS: i64 = 10_000;

/// The settings that the formula reads.
struct Native {
    min_price: Decimal,
    max_price: Decimal,
    margin_percent: Decimal,
    use_fixed_prices: bool,
    fixed_price: Option<Decimal>,
    demand_factor: Option<Decimal>,
    bulk_discount: Option<(u32, Decimal)>,
}

impl Native {
    /// The formula of `scripts/pricing.rhai`, and the rounding behind it.
    fn price(&self, offer: &Offer) -> Amount {
        if self.use_fixed_prices
            && let Some(fixed) = self.fixed_price
        {
            return micros(fixed);
        }
        let percent = Decimal::ONE_HUNDRED;
        let mut price =
            Decimal::new(offer.cost.micros(), 6) * (Decimal::ONE + self.margin_percent / percent);
        if let Some(factor) = self.demand_factor {
            price *= factor;
        }
        if let Some((threshold, discount)) = self.bulk_discount
            && offer.orders_done >= threshold
        {
            price *= Decimal::ONE - discount / percent;
        }
        micros(price.min(self.max_price).max(self.min_price))
    }
}

fn micros(price: Decimal) -> Amount {
    Amount::from_micros((price * Decimal::from(1_000_000)).ceil().to_i64().unwrap())
}

/// Measures and prints.
pub fn measure() {
    let folder = tempfile::tempdir().unwrap();
    shop::settle(folder.path());
    let rules = shop::built(folder.path()).live.rules;
    let native = Native {
        min_price: Decimal::new(15, 2),
        max_price: Decimal::from(50),
        margin_percent: Decimal::from(8),
        use_fixed_prices: false,
        fixed_price: None,
        demand_factor: None,
        bulk_discount: None,
    };
    let offers: Vec<Offer> = (0..CALLS).map(offer).collect();
    for offer in &offers {
        // The reference must do the same work, or it is none.
        assert_eq!(rules.price(offer).unwrap(), native.price(offer), "{offer:?}");
    }
    let (mut script, mut reference) = (Rounds::default(), Rounds::default());
    for _ in 0..ROUNDS {
        script.add(micros_each(&offers, |offer| rules.price(offer).unwrap()));
        reference.add(micros_each(&offers, |offer| black_box(&native).price(offer)));
    }
    Row {
        what: "price script, one call",
        unit: "µs",
        figures: &script,
        reference: ("the same in Rust", &reference),
        budget: Budget::Max(10.0),
        note: String::new(),
    }
    .print();
}

fn offer(number: i64) -> Offer {
    Offer {
        service: "ring4".parse().unwrap(),
        country: Country::US,
        cost: Amount::from_micros(100_000 + number * 137),
        stock: Some(100),
        success_percent: Some(90),
        orders_done: 3,
    }
}

fn micros_each(offers: &[Offer], price: impl Fn(&Offer) -> Amount) -> f64 {
    let start = Instant::now();
    for offer in offers {
        black_box(price(black_box(offer)));
    }
    start.elapsed().as_secs_f64() * 1e6 / offers.len() as f64
}
