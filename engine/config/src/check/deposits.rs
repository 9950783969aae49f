//! The ways to pay in and their limits. Private to `check`.

use std::collections::BTreeSet;

use ring4_domain::ids::MethodKey;
use ring4_domain::money::Amount;
use ring4_domain::stars::{self, StarsRate};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{AMOUNTS_MAX, BAD_KEY, Checker, LIST_LEN_MAX, NAME_LEN_MAX, Place, TEXT_LEN_MAX};
use crate::raw::{RawDeposits, RawMethod, RawStars};
use crate::sections::{Asked, Deposits, Method};

/// Stands in for a rate that is reported as wrong.
const ONE_TO_THE_DOLLAR: StarsRate = match StarsRate::from_micros(1_000_000) {
    Some(rate) => rate,
    None => unreachable!(),
};

impl Checker<'_> {
    pub(super) fn deposits(&mut self, raw: RawDeposits) -> Deposits {
        let place = Place::of("deposits");
        if !raw.min.is_positive() {
            self.fault(&place.with("min"), "is not above 0");
        }
        if raw.max < raw.min {
            let reason = format!("{} is below min {}", raw.max, raw.min);
            self.fault(&place.with("max"), reason);
        }
        self.few(&place.with("amounts"), raw.amounts.len(), AMOUNTS_MAX);
        for (item, amount) in raw.amounts.iter().enumerate() {
            self.in_range(&place.with("amounts").with(item), amount, raw.min, raw.max);
        }
        self.in_range(&place.with("expires_secs"), &raw.expires_secs, 300, 604_800);
        self.in_range(&place.with("open_max"), &raw.open_max, 1, 20);
        self.few(&place.with("methods"), raw.methods.len(), LIST_LEN_MAX);
        let mut seen = BTreeSet::new();
        let mut methods = Vec::new();
        for (item, method) in raw.methods.into_iter().enumerate() {
            let place = place.with("methods").with(item);
            if !seen.insert(method.key.clone()) {
                self.fault(&place.with("key"), format!("{} is used twice", method.key));
            }
            methods.extend(self.method(&place, method));
        }
        let (stars_rate, stars) = self.stars(&place.with("stars"), raw.stars);
        methods.extend(stars);
        if raw.enabled && methods.is_empty() {
            self.warnings.push(
                "deposits.methods: none can be offered, because no address is set; \
                 customers cannot fill their wallets"
                    .to_owned(),
            );
        }
        for (name, amount) in [
            ("auto_approve_below", raw.auto_approve_below),
            ("large_deposit_threshold", raw.large_deposit_threshold),
        ] {
            if amount.is_negative() {
                self.fault(&place.with(name), "is below 0");
            }
        }
        Deposits {
            enabled: raw.enabled,
            min: raw.min,
            max: raw.max,
            amounts: raw.amounts,
            expires_secs: raw.expires_secs,
            open_max: raw.open_max,
            auto_approve_below: raw.auto_approve_below,
            large_deposit_threshold: raw.large_deposit_threshold,
            stars_rate,
            methods,
        }
    }

    /// How much stars are worth, and the way to pay by them where they are taken.
    fn stars(&mut self, place: &Place, raw: RawStars) -> (StarsRate, Option<Method>) {
        self.named(&place.with("name"), &raw.name);
        let least = Decimal::ONE;
        self.in_range(&place.with("per_dollar"), &raw.per_dollar, least, Decimal::from(10_000));
        let micros = raw.per_dollar.checked_mul(Decimal::from(1_000_000)).unwrap_or_default();
        if !micros.is_integer() {
            self.fault(&place.with("per_dollar"), "has more than six decimals");
        }
        self.own_limits(place, raw.min, raw.max);
        let rate = micros.to_i64().and_then(StarsRate::from_micros).unwrap_or(ONE_TO_THE_DOLLAR);
        let method = Method {
            key: stars::METHOD,
            name: raw.name,
            lines: Vec::new(),
            address: None,
            note: String::new(),
            network: String::new(),
            min: raw.min,
            max: raw.max,
            unique_cents: false,
            reference: Asked::Off,
            picture: false,
        };
        (rate, raw.enabled.then_some(method))
    }

    fn own_limits(&mut self, place: &Place, min: Option<Amount>, max: Option<Amount>) {
        if min.is_some_and(|min| !min.is_positive()) {
            self.fault(&place.with("min"), "is not above 0");
        }
        if let (Some(min), Some(max)) = (min, max)
            && max < min
        {
            self.fault(&place.with("max"), format!("{max} is below min {min}"));
        }
    }

    /// The method, or `None` when it is wrong or has an address that came out empty.
    fn method(&mut self, place: &Place, raw: RawMethod) -> Option<Method> {
        self.named(&place.with("name"), &raw.name);
        self.few(&place.with("lines"), raw.lines.len(), 20);
        for (item, line) in raw.lines.iter().enumerate() {
            self.short(&place.with("lines").with(item), line, TEXT_LEN_MAX);
        }
        self.short(&place.with("note"), &raw.note, TEXT_LEN_MAX);
        self.short(&place.with("network"), &raw.network, NAME_LEN_MAX);
        self.own_limits(place, raw.min, raw.max);
        if raw.key == stars::STARS {
            self.fault(&place.with("key"), "belongs to deposits.stars");
        }
        let address = raw.address.map(|template| {
            let address = self.filled(&place.with("address"), &template).trim().to_owned();
            // Telegram's copy buttons take no more.
            self.short(&place.with("address"), &address, 256);
            address
        });
        let Ok(key) = MethodKey::new(raw.key) else {
            self.fault(&place.with("key"), BAD_KEY);
            return None;
        };
        if !raw.enabled || address.as_ref().is_some_and(String::is_empty) {
            return None;
        }
        Some(Method {
            key,
            name: raw.name,
            lines: raw.lines,
            address,
            note: raw.note,
            network: raw.network,
            min: raw.min,
            max: raw.max,
            unique_cents: raw.unique_cents,
            reference: raw.reference,
            picture: raw.picture,
        })
    }
}
