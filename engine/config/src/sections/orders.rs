//! Settings of what an order's number may do beyond its first code. Only `sections` is built on
//! this.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

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
