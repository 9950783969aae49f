//! What keeps customers within bounds, and what admins are told when. Importable through the
//! crate's root.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use ring4_domain::ids::ServiceKey;
use ring4_domain::money::Amount;
#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

#[cfg(test)]
use crate::text::DecimalText;
use crate::text::written;

/// What one customer may do how often; `scripts/policy.rhai` works with it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RawLimits {
    /// Orders within a minute, at most 100; 0 for no limit.
    pub orders_per_minute: u32,
    /// Orders within an hour, at most 100; 0 for no limit.
    pub orders_per_hour: u32,
    /// Orders within a day, at most 100; 0 for no limit.
    pub orders_per_day: u32,
    /// What may be spent within a day, in dollars; 0 for no limit.
    #[serde(deserialize_with = "written")]
    #[cfg_attr(test, schemars(with = "DecimalText"))]
    pub spend_per_day: Amount,
    /// Share of a day's orders that may be cancelled, in percent, 1 to 100.
    pub cancel_percent: u32,
    /// Orders within a day from which that share counts, 1 to 100.
    pub cancel_from: u32,
    /// Whether a customer whom the policy calls suspicious is blocked until an admin lifts it.
    pub auto_block: bool,
    /// Keys of services that are sold to nobody, whatever else says so.
    pub denied_services: Vec<String>,
}

impl Default for RawLimits {
    fn default() -> Self {
        Self {
            orders_per_minute: 10,
            orders_per_hour: 60,
            orders_per_day: 100,
            spend_per_day: Amount::ZERO,
            cancel_percent: 90,
            cancel_from: 20,
            auto_block: false,
            denied_services: Vec::new(),
        }
    }
}

/// What one customer may do how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Orders within a minute; 0 for no limit.
    pub orders_per_minute: u32,
    /// Orders within an hour; 0 for no limit.
    pub orders_per_hour: u32,
    /// Orders within a day; 0 for no limit.
    pub orders_per_day: u32,
    /// What may be spent within a day; zero for no limit.
    pub spend_per_day: Amount,
    /// Share of a day's orders that may be cancelled, in percent.
    pub cancel_percent: u32,
    /// Orders within a day from which that share counts.
    pub cancel_from: u32,
    /// Whether a suspicious customer is blocked.
    pub auto_block: bool,
    /// Services that are sold to nobody.
    pub denied_services: BTreeSet<ServiceKey>,
}

/// Refunds of delivered orders.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Refunds {
    /// Whether customers may ask for them.
    pub enabled: bool,
    /// How long after the code came they may ask, in hours, 1 to 720.
    pub window_hours: u32,
}

impl Default for Refunds {
    fn default() -> Self {
        Self { enabled: true, window_hours: 24 }
    }
}

/// The terms of the shop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Terms {
    /// Whether customers must accept them before their first order.
    pub required: bool,
}

/// What admins are told as it happens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Notices {
    /// A customer places an order.
    pub new_order: bool,
    /// An order ends without a number.
    pub failed_order: bool,
    /// A customer says that a deposit is paid; the queue has it in any case.
    pub deposits: bool,
    /// A customer asks for a refund; the queue has it in any case.
    pub refunds: bool,
    /// The balance at a vendor is low.
    pub vendor_balance: bool,
    /// A vendor is down, or up again.
    pub vendor_state: bool,
    /// A vendor's list of services changes.
    pub catalogue: bool,
    /// A reload of the rules succeeds or is rejected.
    pub rules: bool,
    /// A backup fails.
    pub backups: bool,
}

impl Default for Notices {
    fn default() -> Self {
        Self {
            new_order: false,
            failed_order: false,
            deposits: true,
            refunds: true,
            vendor_balance: true,
            vendor_state: true,
            catalogue: true,
            rules: true,
            backups: true,
        }
    }
}

/// News to every customer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Broadcast {
    /// Messages sent in a second, 1 to 30, which is what Telegram takes of a bot in all; answers
    /// and cards go before them.
    pub messages_per_sec: u32,
}

impl Default for Broadcast {
    fn default() -> Self {
        Self { messages_per_sec: 25 }
    }
}

/// The report that admins get once a day.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RawReport {
    /// Whether it is sent.
    pub enabled: bool,
    /// When, in local time, such as 09:00.
    pub at: String,
    /// Whose local time, such as America/New_York.
    pub timezone: String,
    /// Whether admins see the margin beside revenue: on the dashboard, in /stats, in the report.
    pub show_profit: bool,
}

impl Default for RawReport {
    fn default() -> Self {
        let (at, timezone) = ("09:00".to_owned(), "UTC".to_owned());
        Self { enabled: true, at, timezone, show_profit: true }
    }
}

/// The report that admins get once a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyReport {
    /// Whether it is sent.
    pub enabled: bool,
    /// Minutes after local midnight.
    pub at_minutes: u32,
    /// Whose local time.
    pub timezone: Tz,
    /// Whether admins see the margin beside revenue: on the dashboard, in /stats, in the report.
    pub show_profit: bool,
}
