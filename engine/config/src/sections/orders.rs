//! Settings of further codes on a number, and of rewards for customers who bring others. Only
//! `sections` is built on this.

use ring4_domain::money::Amount;
#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

#[cfg(test)]
use crate::text::DecimalText;
use crate::text::written;

/// Further codes on the number of a delivered order, where its vendor gives them free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct AnotherCode {
    /// How many may be asked for on one number, 0 to 10; 0 offers none.
    pub max: u32,
    /// How long after the first code one may be asked for, in seconds, 60 to 86400.
    pub offered_secs: u32,
    /// How long each is waited for, in seconds, 30 to 3600.
    pub wait_secs: u32,
}

impl Default for AnotherCode {
    fn default() -> Self {
        Self { max: 3, offered_secs: 1_200, wait_secs: 600 }
    }
}

/// Rewards for customers who bring others by their link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Referrals {
    /// Whether there are any.
    pub enabled: bool,
    /// Share of the first deposit of whoever was brought, in percent, 1 to 50.
    pub reward_percent: u32,
    /// The most for one customer, in dollars.
    #[serde(deserialize_with = "written")]
    #[cfg_attr(test, schemars(with = "DecimalText"))]
    pub reward_max: Amount,
}

impl Default for Referrals {
    fn default() -> Self {
        Self { enabled: false, reward_percent: 5, reward_max: Amount::from_micros(5_000_000) }
    }
}
