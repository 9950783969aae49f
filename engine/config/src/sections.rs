//! The checked configuration: what the rest of the engine reads. Importable through the crate's
//! root. Sections that need no filling-in are decoded straight into these types.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ring4_domain::ids::{Country, ProviderId, ServiceKey};
use ring4_domain::money::Amount;
use rust_decimal::Decimal;
#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use crate::languages::Languages;
#[cfg(test)]
use crate::text::DecimalText;
use crate::text::{Secret, written};

mod deposits;
pub use deposits::{Asked, Deposits, Method};
mod limits;
pub use limits::*;
mod telegram;
pub use telegram::{Telegram, Webhook};
mod orders;
pub use orders::{AnotherCode, Referrals};

/// The whole configuration, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// What takes a restart to change.
    pub fixed: Fixed,
    /// What a save changes while the shop runs.
    pub live: Live,
}

/// Settings that are read once, at start.
#[derive(Clone, Debug, PartialEq)]
pub struct Fixed {
    /// The bot and its Bot API server.
    pub telegram: Telegram,
    /// Number vendors by id; those switched off as well.
    pub providers: BTreeMap<ProviderId, Provider>,
    /// Where vendor plugins come from.
    pub plugins: Plugins,
    /// Where data is kept.
    pub storage: Storage,
    /// Where backups are kept and how they are sealed.
    pub vault: Vault,
    /// What is logged, and how.
    pub logging: Logging,
}

impl Fixed {
    /// The folder of the backups.
    #[must_use]
    pub fn backup_dir(&self) -> PathBuf {
        self.vault.dir.clone().unwrap_or_else(|| self.storage.data_dir.join("backups"))
    }
}

/// Settings that belong to the rule set and are swapped with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// What customers see of the shop as a whole.
    pub shop: Shop,
    /// The languages that the shop speaks.
    pub languages: Languages,
    /// What is sold; those switched off as well.
    pub services: BTreeMap<ServiceKey, Service>,
    /// What prices are made of, and their limits.
    pub pricing: Pricing,
    /// The life of an order.
    pub orders: Orders,
    /// How often vendors are asked, and the limits.
    pub polling: Polling,
    /// Which vendor is asked first.
    pub routing: Routing,
    /// How wallets are filled.
    pub deposits: Deposits,
    /// When backups are made and how many are kept.
    pub backup: Backup,
    /// What one customer may do how often.
    pub limits: Limits,
    /// Refunds of delivered orders.
    pub refunds: Refunds,
    /// The terms of the shop.
    pub terms: Terms,
    /// Rewards for customers who bring others.
    pub referrals: Referrals,
    /// What admins are told as it happens.
    pub notices: Notices,
    /// The report that admins get once a day.
    pub report: DailyReport,
    /// News to every customer.
    pub broadcast: Broadcast,
}

/// One vendor.
#[derive(Clone, Debug, PartialEq)]
pub struct Provider {
    /// Whether it is used; `auto` is already decided.
    pub enabled: bool,
    /// File name of its plugin without `lib` and ending.
    pub plugin: String,
    /// The vendor's address without a slash at the end; `None` leaves it to the plugin.
    pub base_url: Option<String>,
    /// Secrets by the name the plugin gives them; those that are there.
    pub secrets: BTreeMap<String, Secret>,
    /// The plugin's own settings.
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// Time limit of one request, in seconds, 1 to 120.
    pub timeout_secs: u32,
    /// Requests per second, 1 to 1000.
    pub rate_per_sec: u32,
    /// Calls under way at the same time, 1 to 256.
    pub calls_max: u32,
    /// Admins are warned below this balance.
    pub balance_min: Amount,
    /// Place among the vendors of one service, 1 first.
    pub priority: u32,
    /// Where its plugin runs.
    pub isolation: Isolation,
}

/// Where a plugin runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// In the engine's process, on a thread of its own.
    None,
    /// In a process of its own, which may crash.
    Process,
}

/// Where vendor plugins come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Plugins {
    /// The folder; the executable's own when null.
    pub dir: Option<PathBuf>,
    /// SHA-256 of the plugin files that may be loaded, in hexadecimal; any when empty.
    pub allow: Vec<String>,
}

/// Where data is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// The folder of journal, state and caches.
    pub data_dir: PathBuf,
    /// Room that must be left on its disk, in MiB; 0 asks for none.
    pub min_free_mb: u32,
}

/// Where backups are kept and how they are sealed: the keys of `backup` that a restart changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vault {
    /// The folder; without one it is `backups` in the data folder.
    pub dir: Option<PathBuf>,
    /// Whom backups are encrypted to, if anybody.
    pub recipient: Option<String>,
    /// What they are encrypted with instead.
    pub passphrase: Option<Secret>,
    /// Where copies go, if anywhere: an absolute folder or `s3://bucket/prefix`.
    pub copy_to: Option<String>,
}

/// When backups are made and how many are kept: the keys of `backup` that a save changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Whether they are made by themselves.
    pub enabled: bool,
    /// Hours from the last good one to the next, 1 to 8760.
    pub interval_hours: u32,
    /// Kept of each kind, 1 to 1000.
    pub max_backups: u32,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Logging {
    /// The least level that is logged.
    pub level: LogLevel,
    /// The form of a line.
    pub format: LogFormat,
}

impl Default for Logging {
    fn default() -> Self {
        Self { level: LogLevel::Info, format: LogFormat::Auto }
    }
}

/// The least level that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What failed.
    Error,
    /// What may need a look.
    Warn,
    /// What happens.
    Info,
    /// Why it happens.
    Debug,
    /// Everything.
    Trace,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Human on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Human,
    /// For machines.
    Json,
}

/// The shop as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shop {
    /// The name in the welcome.
    pub title: String,
    /// The line under the name.
    pub subtitle: String,
    /// Put before every amount.
    pub currency_symbol: String,
    /// The country that is offered first.
    pub default_country: Country,
    /// Countries that are sold with their names, in the order they are shown.
    pub countries: Vec<(Country, String)>,
    /// Telegram accounts that customers may write to.
    pub contacts: Vec<String>,
    /// Customers are warned below this balance.
    pub low_balance_warning: Amount,
    /// A pause in selling.
    pub maintenance: Maintenance,
}

/// A pause in selling; open orders finish.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Maintenance {
    /// Whether selling pauses.
    pub enabled: bool,
    /// What customers are told; the message pack's own text when empty.
    pub text: String,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The name that is shown.
    pub name: String,
    /// One line about it.
    pub description: String,
    /// Put before the name.
    pub emoji: String,
    /// Place in lists, 1 first.
    pub priority: u32,
    /// Whether it is sold.
    pub enabled: bool,
    /// Put on the vendor's price, in percent; `None` takes the shop's.
    pub margin_percent: Option<Decimal>,
    /// The price while fixed prices are used.
    pub fixed_price: Option<Amount>,
    /// Other names that vendors have for it.
    pub aliases: Vec<String>,
    /// The service's id at a vendor, where it is given.
    pub vendor_ids: BTreeMap<ProviderId, String>,
}

/// What prices are made of, and their limits.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Pricing {
    /// Put on the vendor's price, in percent, 0 to 1000; a service may have its own.
    #[serde(deserialize_with = "written")]
    #[cfg_attr(test, schemars(with = "DecimalText"))]
    pub margin_percent: Decimal,
    /// The least a customer pays, in dollars, above 0.
    #[serde(deserialize_with = "written")]
    #[cfg_attr(test, schemars(with = "DecimalText"))]
    pub min_price: Amount,
    /// The most a customer pays, in dollars.
    #[serde(deserialize_with = "written")]
    #[cfg_attr(test, schemars(with = "DecimalText"))]
    pub max_price: Amount,
    /// The least that must remain after the vendor is paid, in dollars; no script goes below.
    #[serde(deserialize_with = "written")]
    #[cfg_attr(test, schemars(with = "DecimalText"))]
    pub min_margin: Amount,
    /// Prices are rounded up to a multiple of this, in dollars, above 0 and up to 1.
    #[serde(deserialize_with = "written")]
    #[cfg_attr(test, schemars(with = "DecimalText"))]
    pub price_step: Amount,
    /// How long a shown price stands, in seconds, 10 to 3600.
    pub quote_lifetime_secs: u32,
    /// Whether services are sold at their own `fixed_price`.
    pub use_fixed_prices: bool,
    /// A discount for customers with many orders.
    pub bulk_discount: BulkDiscount,
    /// A factor on every computed price.
    pub demand_factor: DemandFactor,
}

impl Default for Pricing {
    fn default() -> Self {
        Self {
            margin_percent: Decimal::from(5),
            min_price: Amount::from_micros(150_000),
            max_price: Amount::from_micros(50_000_000),
            min_margin: Amount::from_micros(10_000),
            price_step: Amount::from_micros(10_000),
            quote_lifetime_secs: 120,
            use_fixed_prices: false,
            bulk_discount: BulkDiscount::default(),
            demand_factor: DemandFactor::default(),
        }
    }
}

/// A discount for customers with many orders.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct BulkDiscount {
    /// Whether it is given.
    pub enabled: bool,
    /// Delivered orders from which it is given, at least 1.
    pub threshold: u32,
    /// Taken off the price, in percent, 0 to 90.
    #[serde(deserialize_with = "written")]
    #[cfg_attr(test, schemars(with = "DecimalText"))]
    pub percent: Decimal,
}

impl Default for BulkDiscount {
    fn default() -> Self {
        Self { enabled: false, threshold: 10, percent: Decimal::from(5) }
    }
}

/// A factor on every computed price.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct DemandFactor {
    /// Whether it is used.
    pub enabled: bool,
    /// What the price is multiplied with, 0.1 to 10.
    #[serde(deserialize_with = "written")]
    #[cfg_attr(test, schemars(with = "DecimalText"))]
    pub factor: Decimal,
}

impl Default for DemandFactor {
    fn default() -> Self {
        Self { enabled: false, factor: Decimal::ONE }
    }
}

/// What happens to a number at a vendor that an order of ours may have bought and none owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Orphans {
    /// It is given back to the vendor.
    Cancel,
    /// The admins are told, and that is all.
    Report,
}

/// The life of an order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Orders {
    /// How long a code is waited for, in seconds, 5 to 3600.
    pub timeout_secs: u32,
    /// Open orders of one customer, 1 to 100.
    pub open_max: u32,
    /// How long an unclear purchase is looked for at the vendor, in seconds, 10 to 600.
    pub unclear_window_secs: u32,
    /// Whether the next service of the list is bought, within the price shown, where the chosen
    /// one has no number anywhere.
    pub auto_fallback: bool,
    /// What happens to a number that turns up after its customer's money went back.
    pub orphans: Orphans,
    /// Wait before a refused cancel is asked for again, in seconds, 1 to 300.
    pub cancel_retry_secs: u32,
    /// How long after the time-out the hold is given back even if the vendor does not answer,
    /// in seconds, 10 to 3600.
    pub cancel_grace_secs: u32,
    /// How long an order may wait for its purchase to begin, in seconds, 10 to 600; then the
    /// money goes back, because nobody waits longer for "getting a number".
    pub purchase_wait_secs: u32,
    /// How long numbers and codes are kept after an order was placed, in days, 1 to 3650; then
    /// nobody can read them any more.
    pub forget_codes_after_days: u32,
    /// Own orders of an offer from which customers are shown its odds, 5 to 200.
    pub odds_from: u32,
    /// Whether an order whose code does not come is tried at another vendor.
    pub second_try: SecondTry,
    /// Further codes on the number of a delivered order.
    pub another_code: AnotherCode,
}

/// A second try at another vendor, within one order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct SecondTry {
    /// Whether there is one.
    pub enabled: bool,
    /// How long beyond the vendor's own median a code is waited for first, in seconds, 10 to 600.
    pub margin_secs: u32,
    /// The median of a vendor of which too little is known, in seconds, 5 to 600.
    pub median_secs: u32,
}

impl Default for SecondTry {
    fn default() -> Self {
        Self { enabled: false, margin_secs: 60, median_secs: 60 }
    }
}

impl Default for Orders {
    fn default() -> Self {
        Self {
            timeout_secs: 600,
            open_max: 5,
            unclear_window_secs: 90,
            auto_fallback: false,
            orphans: Orphans::Cancel,
            cancel_retry_secs: 15,
            cancel_grace_secs: 300,
            purchase_wait_secs: 60,
            forget_codes_after_days: 30,
            odds_from: 20,
            second_try: SecondTry::default(),
            another_code: AnotherCode::default(),
        }
    }
}

/// How `scripts/routing.rhai` ranks the vendors of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// By the vendor's price.
    Price,
    /// By `priority` in the vendor's settings.
    Priority,
    /// By the share of orders that got a code.
    Success,
    /// Each in turn.
    RoundRobin,
    /// By lot, as often as `weights` say.
    Weighted,
}

impl Strategy {
    /// Its name in settings and scripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Priority => "priority",
            Self::Success => "success",
            Self::RoundRobin => "round_robin",
            Self::Weighted => "weighted",
        }
    }
}

/// Which vendor is asked first.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Routing {
    /// price, priority, success, round_robin or weighted.
    pub strategy: Strategy,
    /// How often a vendor comes first with `weighted`, by vendor, 1 to 1000; 1 when left out.
    pub weights: BTreeMap<String, u32>,
    /// Own orders of a vendor's offer from which their success counts instead of the vendor's
    /// word, 1 to 200.
    pub success_from: u32,
}

impl Default for Routing {
    fn default() -> Self {
        Self { strategy: Strategy::Price, weights: BTreeMap::new(), success_from: 10 }
    }
}

/// How often vendors are asked for the code of an open order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Polling {
    /// The shortest interval a script may ask for, in seconds, at least 1.
    pub floor_secs: u32,
    /// The longest interval a script may ask for, in seconds, at most 300.
    pub ceiling_secs: u32,
    /// Interval to 60 s of age, in seconds.
    pub initial_secs: u32,
    /// Interval to 180 s of age, in seconds.
    pub active_secs: u32,
    /// Interval to 300 s of age, in seconds.
    pub standard_secs: u32,
    /// Interval after that, in seconds.
    pub extended_secs: u32,
    /// Codes of a vendor and service from which their arrival times set the interval instead, 20
    /// to 500; 0 keeps to the table above.
    pub learn_from: u32,
}

impl Default for Polling {
    fn default() -> Self {
        Self {
            floor_secs: 1,
            ceiling_secs: 60,
            initial_secs: 2,
            active_secs: 3,
            standard_secs: 5,
            extended_secs: 10,
            learn_from: 50,
        }
    }
}
