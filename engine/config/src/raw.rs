//! `config.yaml` as it is written, before anything is checked or filled in. Private to this
//! crate; `check` turns it into a `Config`. The defaults here are the ones the shipped file
//! shows, and a test holds the two together.

#[cfg(test)]
use std::collections::BTreeMap;
use std::path::PathBuf;

use ring4_domain::ids::Country;
use ring4_domain::money::Amount;
use ring4_yaml::Entries;
use rust_decimal::Decimal;
#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use crate::languages::Languages;
use crate::sections::{
    Broadcast, Isolation, Logging, Maintenance, Notices, Orders, Plugins, Polling, Pricing,
    RawLimits, RawReport, Refunds, Routing, Terms,
};
use crate::switch::Switch;
#[cfg(test)]
use crate::text::DecimalText;
use crate::text::{EnvText, SecretSource, written, written_or_null};

mod deposits;
pub use deposits::{RawDeposits, RawMethod, RawStars};
mod telegram;
pub use telegram::{Mode, RawTelegram, RawWebhook};

/// Every setting of the shop.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RawConfig {
    /// The bot and its Bot API server. Changing it needs a restart.
    pub telegram: RawTelegram,
    /// What customers see of the shop as a whole.
    pub shop: RawShop,
    /// The languages that the shop speaks.
    pub languages: Languages,
    /// What is sold, by key.
    #[cfg_attr(test, schemars(with = "BTreeMap<String, RawService>"))]
    pub services: RawServices,
    /// What `scripts/pricing.rhai` works with, and the limits of what it may propose.
    pub pricing: Pricing,
    /// The life of an order.
    pub orders: Orders,
    /// What `scripts/polling.rhai` works with, and the limits of what it may propose.
    pub polling: Polling,
    /// What `scripts/routing.rhai` works with.
    pub routing: Routing,
    /// How wallets are filled.
    pub deposits: RawDeposits,
    /// Number vendors, by id. Changing one needs a restart.
    #[cfg_attr(test, schemars(with = "BTreeMap<String, RawProvider>"))]
    pub providers: RawProviders,
    /// Where vendor plugins come from. Changing it needs a restart.
    pub plugins: Plugins,
    /// Where data is kept. Changing it needs a restart.
    pub storage: RawStorage,
    /// Copies of everything. Changing where they go or how they are sealed needs a restart.
    pub backup: RawBackup,
    /// What is logged, and how. Changing it needs a restart.
    pub logging: Logging,
    /// What one customer may do how often; `scripts/policy.rhai` works with it.
    pub limits: RawLimits,
    /// Refunds of delivered orders.
    pub refunds: Refunds,
    /// The terms of the shop.
    pub terms: Terms,
    /// Rewards for customers who bring others.
    pub referrals: crate::sections::Referrals,
    /// What admins are told as it happens.
    pub notices: Notices,
    /// The report that admins get once a day.
    pub report: RawReport,
    /// News to every customer.
    pub broadcast: Broadcast,
}

/// The shop as a whole.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RawShop {
    /// The name in the welcome.
    pub title: String,
    /// The line under the name.
    pub subtitle: String,
    /// Put before every amount.
    pub currency_symbol: String,
    /// The country that is offered first, by ISO code.
    #[serde(deserialize_with = "written")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub default_country: Country,
    /// Countries that are sold, in the order they are shown.
    pub countries: Vec<RawCountry>,
    /// Telegram accounts that customers may write to, such as `@shop_support`.
    pub contacts: Vec<String>,
    /// Customers are warned below this balance, in dollars.
    #[serde(deserialize_with = "written")]
    #[cfg_attr(test, schemars(with = "DecimalText"))]
    pub low_balance_warning: Amount,
    /// A pause in selling.
    pub maintenance: Maintenance,
}

impl Default for RawShop {
    fn default() -> Self {
        let country = |code: &[u8; 2], name: &str| RawCountry {
            code: core::str::from_utf8(code)
                .ok()
                .and_then(|code| code.parse().ok())
                .unwrap_or(Country::US),
            name: name.to_owned(),
        };
        Self {
            title: "Ring4".to_owned(),
            subtitle: "Temporary numbers for verification codes".to_owned(),
            currency_symbol: "$".to_owned(),
            default_country: Country::US,
            countries: vec![
                country(b"US", "United States"),
                country(b"GB", "United Kingdom"),
                country(b"CA", "Canada"),
                country(b"DE", "Germany"),
                country(b"FR", "France"),
                country(b"ES", "Spain"),
                country(b"NL", "Netherlands"),
                country(b"PL", "Poland"),
                country(b"BR", "Brazil"),
                country(b"IN", "India"),
                country(b"ID", "Indonesia"),
                country(b"PH", "Philippines"),
            ],
            contacts: Vec::new(),
            low_balance_warning: Amount::from_micros(1_000_000),
            maintenance: Maintenance::default(),
        }
    }
}

/// One country.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawCountry {
    /// ISO 3166-1 alpha-2.
    #[serde(deserialize_with = "written")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub code: Country,
    /// The name that is shown.
    pub name: String,
}

/// Services by key.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct RawServices(pub Entries<RawService>);

impl Default for RawServices {
    fn default() -> Self {
        let rows = [
            ("ring4", "Ring4", "Numbers for the Ring4 app", "☎️", 1, 8),
            ("telegram", "Telegram", "Codes for Telegram", "✈️", 2, 5),
            ("google", "Google", "Codes for Google, Gmail and YouTube", "🔎", 3, 6),
            ("whatsapp", "WhatsApp", "Codes for WhatsApp", "💬", 4, 7),
        ];
        let service = |(key, name, description, emoji, priority, margin): (
            &str,
            &str,
            &str,
            &str,
            u32,
            i64,
        )| {
            let service = RawService {
                name: name.to_owned(),
                description: description.to_owned(),
                emoji: emoji.to_owned(),
                priority,
                enabled: true,
                margin_percent: Some(Decimal::from(margin)),
                fixed_price: None,
                aliases: Vec::new(),
                vendor_ids: Entries::default(),
            };
            (key.to_owned(), service)
        };
        Self(rows.into_iter().map(service).collect())
    }
}

/// One service.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawService {
    /// The name that is shown.
    pub name: String,
    /// One line about it.
    #[serde(default)]
    pub description: String,
    /// Put before the name.
    #[serde(default)]
    pub emoji: String,
    /// Place in lists, 1 first; 1 to 1000. The first is the default service.
    #[serde(default = "priority_default")]
    pub priority: u32,
    /// Whether it is sold.
    #[serde(default = "on")]
    pub enabled: bool,
    /// Put on the vendor's price, in percent; null takes `pricing.margin_percent`.
    #[serde(default, deserialize_with = "written_or_null")]
    #[cfg_attr(test, schemars(with = "Option<DecimalText>"))]
    pub margin_percent: Option<Decimal>,
    /// The price in dollars while `pricing.use_fixed_prices` is on.
    #[serde(default, deserialize_with = "written_or_null")]
    #[cfg_attr(test, schemars(with = "Option<DecimalText>"))]
    pub fixed_price: Option<Amount>,
    /// Other names that vendors have for it, at most 20.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The service's id at a vendor, by provider id; resolved by name where it is not given.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, String>"))]
    pub vendor_ids: Entries<ring4_yaml::Scalar>,
}

const fn priority_default() -> u32 {
    100
}

const fn on() -> bool {
    true
}

/// Vendors by id.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct RawProviders(pub Entries<RawProvider>);

impl Default for RawProviders {
    fn default() -> Self {
        let key = SecretSource::Variable("SMSPOOL_API_KEY".to_owned());
        let smspool = RawProvider {
            enabled: Switch::Auto,
            base_url: EnvText("${SMSPOOL_BASE_URL:-https://api.smspool.net}".to_owned()),
            secrets: [("api_key".to_owned(), key)].into_iter().collect(),
            ..RawProvider::default()
        };
        let mock = RawProvider { enabled: Switch::Off, priority: 2, ..RawProvider::default() };
        Self([("smspool".to_owned(), smspool), ("mock".to_owned(), mock)].into_iter().collect())
    }
}

/// One vendor.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RawProvider {
    /// `true`, `false`, or `auto`: on when all its secrets are there.
    pub enabled: Switch,
    /// File name of its plugin without `lib` and ending; `provider_<id>` when empty.
    pub plugin: String,
    /// The vendor's address; the plugin's own default when empty.
    pub base_url: EnvText,
    /// Secrets the plugin may name in its requests.
    #[cfg_attr(test, schemars(with = "BTreeMap<String, SecretSource>"))]
    pub secrets: Entries<SecretSource>,
    /// The plugin's own settings; `ring4 plugin inspect` lists them.
    #[cfg_attr(test, schemars(with = "BTreeMap<String, serde_json::Value>"))]
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// Time limit of one request, in seconds, 1 to 120.
    pub timeout_secs: u32,
    /// Requests per second, 1 to 1000.
    pub rate_per_sec: u32,
    /// Calls under way at the same time, 1 to 256.
    pub calls_max: u32,
    /// Admins are warned below this balance, in dollars.
    #[serde(deserialize_with = "written")]
    #[cfg_attr(test, schemars(with = "DecimalText"))]
    pub balance_min: Amount,
    /// Place among the vendors of one service, 1 first; 1 to 1000.
    pub priority: u32,
    /// Where its plugin runs.
    pub isolation: Isolation,
}

impl Default for RawProvider {
    fn default() -> Self {
        Self {
            enabled: Switch::Auto,
            plugin: String::new(),
            base_url: EnvText::default(),
            secrets: Entries::default(),
            settings: serde_json::Map::new(),
            timeout_secs: 15,
            rate_per_sec: 10,
            calls_max: 16,
            balance_min: Amount::from_micros(5_000_000),
            priority: 1,
            isolation: Isolation::None,
        }
    }
}

/// Where data is kept.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RawStorage {
    /// The folder of journal, state and caches, relative to the working directory.
    pub data_dir: PathBuf,
    /// Selling stops before the disk of that folder has less room left than this, in MiB, 0 to
    /// 1000000; 0 sells until a write fails.
    pub min_free_mb: u32,
}

impl Default for RawStorage {
    fn default() -> Self {
        Self { data_dir: PathBuf::from("data"), min_free_mb: 64 }
    }
}

/// Copies of everything, each restored and compared before it counts.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RawBackup {
    /// Whether backups are made by themselves.
    pub enabled: bool,
    /// Hours from the last good backup to the next, 1 to 8760.
    pub interval_hours: u32,
    /// Backups kept of each kind (automatic, manual, emergency), 1 to 1000.
    pub max_backups: u32,
    /// The folder they are kept in; null is `backups` in the data folder.
    pub dir: Option<PathBuf>,
    /// An age recipient (`age1…`): backups are encrypted to it, and only its identity opens them.
    pub recipient: Option<String>,
    /// A passphrase instead of a recipient.
    pub passphrase: SecretSource,
    /// Where backups and the journal are copied to: an absolute folder or `s3://bucket/prefix`.
    pub copy_to: Option<EnvText>,
}

impl Default for RawBackup {
    fn default() -> Self {
        Self {
            enabled: true,
            interval_hours: 72,
            max_backups: 10,
            dir: None,
            recipient: None,
            passphrase: SecretSource::Variable("BACKUP_PASSPHRASE".to_owned()),
            copy_to: None,
        }
    }
}
