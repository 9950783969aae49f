//! The mock vendor's settings.

use std::collections::BTreeMap;

use ring4_provider_sdk::{Money, Setting};
use serde::Deserialize;

use crate::goods::{self, Service};

/// How the vendor behaves; every field has a default.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Decides every draw.
    pub seed: u64,
    /// Earliest arrival of a code after the purchase, in seconds.
    pub delay_min_secs: u32,
    /// Latest arrival, in seconds.
    pub delay_max_secs: u32,
    /// Life of an order, in seconds; then it is refunded.
    pub lifetime_secs: u32,
    /// Cancels are too early before this age, in seconds.
    pub cancel_lock_secs: u32,
    /// Numbers that quotes speak of; 0 sells nothing.
    pub stock: u32,
    /// Orders that never get a code, in percent.
    pub no_code_percent: u8,
    /// Purchases refused as out of stock, in percent.
    pub out_of_stock_percent: u8,
    /// Purchases refused without a known reason, in percent.
    pub refused_percent: u8,
    /// Purchases whose outcome is unclear, in percent; every second of them was made.
    pub unclear_percent: u8,
    /// Calls of any kind that fail, in percent.
    pub error_percent: u8,
    /// Our balance, in dollars as decimal text.
    pub balance: Money,
    /// Prices by service id, in dollars as decimal text.
    pub prices: BTreeMap<String, Money>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            delay_min_secs: 5,
            delay_max_secs: 20,
            lifetime_secs: 1_200,
            cancel_lock_secs: 0,
            stock: 100,
            no_code_percent: 0,
            out_of_stock_percent: 0,
            refused_percent: 0,
            unclear_percent: 0,
            error_percent: 0,
            balance: Money::from_cents(10_000),
            prices: BTreeMap::new(),
        }
    }
}

impl Settings {
    pub(crate) fn described() -> Vec<Setting> {
        [
            ("seed", "0", "decides every number, code and delay"),
            ("delay_min_secs", "5", "earliest arrival of a code, seconds after the purchase"),
            ("delay_max_secs", "20", "latest arrival of a code, seconds after the purchase"),
            ("lifetime_secs", "1200", "life of an order in seconds; then it is refunded"),
            ("cancel_lock_secs", "0", "cancels are too early before this age in seconds"),
            ("stock", "100", "numbers that quotes speak of; 0 sells nothing"),
            ("no_code_percent", "0", "orders that never get a code, in percent"),
            ("out_of_stock_percent", "0", "purchases refused as out of stock, in percent"),
            ("refused_percent", "0", "purchases refused without a known reason, in percent"),
            ("unclear_percent", "0", "purchases with an unclear outcome, in percent"),
            ("error_percent", "0", "calls of any kind that fail, in percent"),
            ("balance", "100.00", "our balance, in dollars as decimal text"),
            ("prices", "{}", "prices by service id, in dollars as decimal text"),
        ]
        .map(|(key, default, about)| Setting::new(key, default, about))
        .to_vec()
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        if self.delay_min_secs > self.delay_max_secs {
            return Err("delay_min_secs is above delay_max_secs".to_owned());
        }
        for (key, percent) in [
            ("no_code_percent", self.no_code_percent),
            ("out_of_stock_percent", self.out_of_stock_percent),
            ("refused_percent", self.refused_percent),
            ("unclear_percent", self.unclear_percent),
            ("error_percent", self.error_percent),
        ] {
            if percent > 100 {
                return Err(format!("{key} is above 100"));
            }
        }
        let sold = |id: &str| goods::SERVICES.iter().any(|service| service.vendor_id == id);
        match self.prices.keys().find(|id| !sold(id)) {
            Some(id) => Err(format!("prices: there is no service `{id}`")),
            None => Ok(()),
        }
    }

    pub(crate) fn price(&self, service: &Service) -> Money {
        let configured = self.prices.get(service.vendor_id).cloned();
        configured.unwrap_or_else(|| Money::from_cents(service.price_cents))
    }
}
