//! From what is written to what may be used: ranges, references, templates, secrets. Private to
//! this crate. Every fault is placed at the value in the file, or at the variable that set it.

use core::fmt::Display;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ring4_domain::ids::{ProviderId, ServiceKey};
use ring4_domain::money::Amount;
use ring4_yaml::{Report, Source, Step, locate};
use rust_decimal::Decimal;

mod deposits;
mod limits;
mod orders;
mod telegram;

use crate::env::Env;
use crate::languages::Languages;
use crate::raw::{RawBackup, RawConfig, RawProvider, RawService, RawShop};
use crate::sections::{
    Backup, Config, Fixed, Live, Pricing, Provider, Service, Shop, Storage, Vault,
};
use crate::switch::Switch;
use crate::text::{EnvText, Secret, SecretSource};

/// The longest name, title or label, in characters.
const NAME_LEN_MAX: usize = 64;
/// The longest free text, in characters.
const TEXT_LEN_MAX: usize = 1_000;
/// The most amounts that are offered as buttons.
const AMOUNTS_MAX: usize = 12;
/// The most countries, services, methods, contacts or vendors of one shop.
const LIST_LEN_MAX: usize = 250;

/// Other names of a service.
const ALIASES_MAX: usize = 20;

/// Keys that a variable of the environment has set, with the variable's name.
pub type Overridden = BTreeMap<String, String>;

/// Collects what is wrong while a configuration is checked.
pub struct Checker<'a> {
    source: Source<'a>,
    env: &'a Env,
    overridden: &'a Overridden,
    report: Report,
    /// What works, but probably not as meant.
    pub warnings: Vec<String>,
}

/// A key path, grown step by step.
#[derive(Clone)]
struct Place(Vec<Step>);

impl Place {
    fn of(dotted: &str) -> Self {
        Self(dotted.split('.').map(Step::from).collect())
    }

    fn with(&self, step: impl Into<Step>) -> Self {
        let mut steps = self.0.clone();
        steps.push(step.into());
        Self(steps)
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for step in &self.0 {
            match step {
                Step::Key(key) if text.is_empty() => text.push_str(key),
                Step::Key(key) => text.push_str(&format!(".{key}")),
                Step::Item(item) => text.push_str(&format!("[{item}]")),
            }
        }
        text
    }
}

impl<'a> Checker<'a> {
    /// A checker of one file and the environment beside it.
    pub fn new(source: Source<'a>, env: &'a Env, overridden: &'a Overridden) -> Self {
        Self { source, env, overridden, report: Report::default(), warnings: Vec::new() }
    }

    fn fault(&mut self, place: &Place, reason: impl Into<String>) {
        let path = place.text();
        let problem = match self.overridden.get(&path) {
            Some(name) => self.env.problem(name, reason),
            None => {
                let (line, column) = locate(self.source.text, &place.0);
                self.source.problem(line, column, reason).with_path(path)
            }
        };
        self.report.problems.push(problem);
    }

    fn in_range<T: PartialOrd + Display>(&mut self, place: &Place, value: &T, least: T, most: T) {
        if *value < least || *value > most {
            self.fault(place, format!("{value} is outside {least} to {most}"));
        }
    }

    fn short(&mut self, place: &Place, text: &str, len_max: usize) {
        if text.chars().count() > len_max {
            self.fault(place, format!("longer than {len_max} characters"));
        }
    }

    fn named(&mut self, place: &Place, text: &str) {
        if text.trim().is_empty() {
            self.fault(place, "is empty");
        }
        self.short(place, text, NAME_LEN_MAX);
    }

    fn few(&mut self, place: &Place, len: usize, len_max: usize) {
        if len > len_max {
            self.fault(place, format!("{len} entries are more than {len_max}"));
        }
    }

    fn filled(&mut self, place: &Place, template: &EnvText) -> String {
        template.resolve(self.env).unwrap_or_else(|reason| {
            self.fault(place, reason);
            String::new()
        })
    }

    fn secret(&mut self, place: &Place, source: &SecretSource) -> Option<Secret> {
        source.resolve(self.env).unwrap_or_else(|reason| {
            self.fault(place, reason);
            None
        })
    }

    fn web_address(&mut self, place: &Place, template: &EnvText) -> String {
        let address = self.filled(place, template);
        let address = address.trim().trim_end_matches('/');
        let host = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
        if !address.is_empty() && host.is_none_or(|host| host.is_empty() || host.starts_with('/')) {
            self.fault(place, "not an address such as https://example.org");
        }
        if address.contains(char::is_whitespace) || address.contains('@') {
            self.fault(place, "an address has no spaces and no user or password");
        }
        address.to_owned()
    }

    /// The checked configuration, or everything that is wrong with it.
    ///
    /// # Errors
    /// At least one problem was found.
    pub fn check(mut self, raw: RawConfig) -> Result<(Config, Vec<String>), Report> {
        let services = self.services(&raw);
        self.languages(&raw.languages);
        let place = Place::of("storage");
        self.in_range(&place.with("min_free_mb"), &raw.storage.min_free_mb, 0, 1_000_000);
        let config = Config {
            live: Live {
                shop: self.shop(raw.shop),
                languages: raw.languages,
                services,
                pricing: self.pricing(raw.pricing),
                orders: self.orders(raw.orders),
                polling: self.polling(raw.polling),
                routing: self.routing(raw.routing),
                deposits: self.deposits(raw.deposits),
                backup: self.backup(&raw.backup),
                limits: self.limits(raw.limits),
                refunds: self.refunds(raw.refunds),
                terms: raw.terms,
                referrals: self.referrals(raw.referrals),
                notices: raw.notices,
                report: self.report(&raw.report),
                broadcast: self.broadcast(raw.broadcast),
            },
            fixed: Fixed {
                telegram: self.telegram(raw.telegram),
                providers: self.providers(raw.providers.0.0),
                plugins: raw.plugins,
                vault: self.vault(raw.backup, &raw.storage.data_dir),
                storage: Storage {
                    data_dir: raw.storage.data_dir,
                    min_free_mb: raw.storage.min_free_mb,
                },
                logging: raw.logging,
            },
        };
        let large = config.live.deposits.large_deposit_threshold;
        if large.is_positive() && config.fixed.telegram.admins.len() == 1 {
            self.warnings.push(format!(
                "deposits.large_deposit_threshold: deposits above {large} need two admins, and \
                 telegram.admins names one: nobody can approve them"
            ));
        }
        for (item, digest) in config.fixed.plugins.allow.iter().enumerate() {
            if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                let place = Place::of("plugins.allow").with(item);
                self.fault(&place, "not a SHA-256 of 64 hexadecimal digits");
            }
        }
        let Self { mut report, warnings, .. } = self;
        report.problems.sort_by_key(|problem| (problem.line, problem.column));
        report.or((config, warnings))
    }

    fn backup(&mut self, raw: &RawBackup) -> Backup {
        let place = Place::of("backup");
        self.in_range(&place.with("interval_hours"), &raw.interval_hours, 1, 8_760);
        self.in_range(&place.with("max_backups"), &raw.max_backups, 1, 1_000);
        if !raw.enabled {
            self.warnings.push("backup.enabled is off: only you make backups".to_owned());
        }
        let RawBackup { enabled, interval_hours, max_backups, .. } = *raw;
        Backup { enabled, interval_hours, max_backups }
    }

    fn vault(&mut self, raw: RawBackup, data_dir: &Path) -> Vault {
        let place = Place::of("backup");
        let passphrase = self.secret(&place.with("passphrase"), &raw.passphrase);
        if raw.recipient.is_some() && passphrase.is_some() {
            self.fault(&place.with("recipient"), "a passphrase is set as well; choose one of them");
        }
        let copy_to = raw.copy_to.map(|template| self.filled(&place.with("copy_to"), &template));
        let copy_to = copy_to.map(|target| target.trim().to_owned());
        let copy_to = copy_to.filter(|target| !target.is_empty());
        if let Some(target) = &copy_to {
            self.copy_target(&place.with("copy_to"), target, data_dir);
        }
        Vault { dir: raw.dir, recipient: raw.recipient, passphrase, copy_to }
    }

    /// Copies belong on another disk, and at best on another machine.
    fn copy_target(&mut self, place: &Place, target: &str, data_dir: &Path) {
        self.short(place, target, TEXT_LEN_MAX);
        if target.contains('@') {
            let reason = "no credentials here: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
            return self.fault(place, reason);
        }
        if target.starts_with("s3://") {
            return;
        }
        let folder = Path::new(target.strip_prefix("file://").unwrap_or(target));
        if !folder.is_absolute() {
            self.fault(place, "neither an absolute folder nor s3://bucket/prefix");
        } else if folder.starts_with(absolute(data_dir)) {
            let warning = "backup.copy_to lies inside storage.data_dir: what takes the one takes \
                           the other";
            self.warnings.push(warning.to_owned());
        } else if disk(folder).is_some_and(|there| Some(there) == disk(data_dir)) {
            let warning = "backup.copy_to is on the disk of storage.data_dir: one failure takes \
                           both";
            self.warnings.push(warning.to_owned());
        }
    }

    fn shop(&mut self, raw: RawShop) -> Shop {
        let place = Place::of("shop");
        self.named(&place.with("title"), &raw.title);
        self.short(&place.with("subtitle"), &raw.subtitle, TEXT_LEN_MAX);
        self.named(&place.with("currency_symbol"), &raw.currency_symbol);
        self.short(&place.with("maintenance").with("text"), &raw.maintenance.text, TEXT_LEN_MAX);
        if raw.low_balance_warning.is_negative() {
            self.fault(&place.with("low_balance_warning"), "is below 0");
        }
        self.few(&place.with("contacts"), raw.contacts.len(), LIST_LEN_MAX);
        for (item, contact) in raw.contacts.iter().enumerate() {
            self.named(&place.with("contacts").with(item), contact);
        }
        let countries = place.with("countries");
        self.few(&countries, raw.countries.len(), LIST_LEN_MAX);
        let mut seen = BTreeSet::new();
        for (item, country) in raw.countries.iter().enumerate() {
            self.named(&countries.with(item).with("name"), &country.name);
            if !seen.insert(country.code) {
                let reason = format!("{} is listed twice", country.code);
                self.fault(&countries.with(item).with("code"), reason);
            }
        }
        if !seen.contains(&raw.default_country) {
            let reason = format!("{} is not among shop.countries", raw.default_country);
            self.fault(&place.with("default_country"), reason);
        }
        Shop {
            title: raw.title,
            subtitle: raw.subtitle,
            currency_symbol: raw.currency_symbol,
            default_country: raw.default_country,
            countries: raw.countries.into_iter().map(|row| (row.code, row.name)).collect(),
            contacts: raw.contacts,
            low_balance_warning: raw.low_balance_warning,
            maintenance: raw.maintenance,
        }
    }

    fn languages(&mut self, languages: &Languages) {
        let place = Place::of("languages");
        let offered = place.with("offered");
        self.few(&offered, languages.offered.len(), LIST_LEN_MAX);
        let mut seen = BTreeSet::new();
        for (item, language) in languages.offered.iter().enumerate() {
            let code = language.as_bytes();
            if !(2..=3).contains(&code.len()) || !code.iter().all(u8::is_ascii_lowercase) {
                self.fault(&offered.with(item), "not a language code such as en");
            } else if !seen.insert(language) {
                self.fault(&offered.with(item), format!("{language} is listed twice"));
            }
        }
        if !languages.offered.contains(&languages.default) {
            let reason = format!("{} is not among languages.offered", languages.default);
            self.fault(&place.with("default"), reason);
        }
    }

    fn services(&mut self, raw: &RawConfig) -> BTreeMap<ServiceKey, Service> {
        let place = Place::of("services");
        let rows = &raw.services.0.0;
        self.few(&place, rows.len(), LIST_LEN_MAX);
        let mut services = BTreeMap::new();
        for (key, row) in rows {
            let place = place.with(key.as_str());
            let service = self.service(&place, row, raw.pricing.use_fixed_prices);
            match ServiceKey::new(key.as_str()) {
                Ok(key) => drop(services.insert(key, service)),
                Err(_) => self.fault(&place, BAD_KEY),
            }
        }
        if !services.values().any(|service| service.enabled) {
            self.fault(&place, "no service is enabled");
        }
        services
    }

    fn service(&mut self, place: &Place, raw: &RawService, fixed_prices: bool) -> Service {
        self.named(&place.with("name"), &raw.name);
        self.short(&place.with("description"), &raw.description, TEXT_LEN_MAX);
        self.short(&place.with("emoji"), &raw.emoji, 8);
        self.in_range(&place.with("priority"), &raw.priority, 1, 1_000);
        if let Some(margin) = raw.margin_percent {
            self.percent(&place.with("margin_percent"), margin, 1_000);
        }
        match raw.fixed_price {
            Some(price) if !price.is_positive() => {
                self.fault(&place.with("fixed_price"), "is not above 0");
            }
            None if fixed_prices && raw.enabled => self.fault(
                &place.with("fixed_price"),
                "is missing, and pricing.use_fixed_prices is on",
            ),
            _ => {}
        }
        self.few(&place.with("aliases"), raw.aliases.len(), ALIASES_MAX);
        for (item, alias) in raw.aliases.iter().enumerate() {
            self.named(&place.with("aliases").with(item), alias);
        }
        let mut vendor_ids = BTreeMap::new();
        for (provider, id) in &raw.vendor_ids.0 {
            let place = place.with("vendor_ids").with(provider.as_str());
            self.named(&place, &id.0);
            match ProviderId::new(provider.as_str()) {
                Ok(provider) => drop(vendor_ids.insert(provider, id.0.clone())),
                Err(_) => self.fault(&place, BAD_KEY),
            }
        }
        Service {
            name: raw.name.clone(),
            description: raw.description.clone(),
            emoji: raw.emoji.clone(),
            priority: raw.priority,
            enabled: raw.enabled,
            margin_percent: raw.margin_percent,
            fixed_price: raw.fixed_price,
            aliases: raw.aliases.clone(),
            vendor_ids,
        }
    }

    fn percent(&mut self, place: &Place, percent: Decimal, most: u32) {
        self.in_range(place, &percent, Decimal::ZERO, Decimal::from(most));
    }

    fn pricing(&mut self, pricing: Pricing) -> Pricing {
        let place = Place::of("pricing");
        self.percent(&place.with("margin_percent"), pricing.margin_percent, 1_000);
        if !pricing.min_price.is_positive() {
            self.fault(&place.with("min_price"), "is not above 0");
        }
        if pricing.max_price < pricing.min_price {
            let reason = format!("{} is below min_price {}", pricing.max_price, pricing.min_price);
            self.fault(&place.with("max_price"), reason);
        }
        let dollar = Amount::from_micros(1_000_000);
        self.in_range(
            &place.with("min_margin"),
            &pricing.min_margin,
            Amount::ZERO,
            pricing.max_price,
        );
        self.in_range(
            &place.with("price_step"),
            &pricing.price_step,
            Amount::from_micros(1),
            dollar,
        );
        self.in_range(&place.with("quote_lifetime_secs"), &pricing.quote_lifetime_secs, 10, 3_600);
        let bulk = place.with("bulk_discount");
        self.in_range(&bulk.with("threshold"), &pricing.bulk_discount.threshold, 1, 1_000_000);
        self.percent(&bulk.with("percent"), pricing.bulk_discount.percent, 90);
        let factor = &pricing.demand_factor.factor;
        let place = place.with("demand_factor").with("factor");
        self.in_range(&place, factor, Decimal::new(1, 1), Decimal::TEN);
        pricing
    }

    fn providers(&mut self, rows: Vec<(String, RawProvider)>) -> BTreeMap<ProviderId, Provider> {
        let place = Place::of("providers");
        self.few(&place, rows.len(), LIST_LEN_MAX);
        let mut providers = BTreeMap::new();
        for (id, row) in rows {
            let place = place.with(id.as_str());
            let provider = self.provider(&place, &id, row);
            match ProviderId::new(id) {
                Ok(id) => drop(providers.insert(id, provider)),
                Err(_) => self.fault(&place, BAD_KEY),
            }
        }
        if !providers.values().any(|provider| provider.enabled) {
            self.warnings.push("providers: none is enabled, nothing can be sold".to_owned());
        }
        providers
    }

    fn provider(&mut self, place: &Place, id: &str, raw: RawProvider) -> Provider {
        self.in_range(&place.with("timeout_secs"), &raw.timeout_secs, 1, 120);
        self.in_range(&place.with("rate_per_sec"), &raw.rate_per_sec, 1, 1_000);
        self.in_range(&place.with("calls_max"), &raw.calls_max, 1, 256);
        if raw.balance_min.is_negative() {
            self.fault(&place.with("balance_min"), "is below 0");
        }
        self.in_range(&place.with("priority"), &raw.priority, 1, 1_000);
        let plugin = match raw.plugin.as_str() {
            "" => format!("provider_{}", id.replace('-', "_")),
            stem => stem.to_owned(),
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if !plugin.bytes().all(plain) {
            self.fault(&place.with("plugin"), "a file name without folder and ending is meant");
        }
        let mut secrets = BTreeMap::new();
        let mut complete = true;
        for (name, source) in &raw.secrets.0 {
            let place = place.with("secrets").with(name.as_str());
            match self.secret(&place, source) {
                Some(secret) => drop(secrets.insert(name.clone(), secret)),
                None => {
                    complete = false;
                    if raw.enabled == Switch::On {
                        self.fault(&place, format!("is not set, {}", source.advice()));
                    }
                }
            }
        }
        let base_url = self.web_address(&place.with("base_url"), &raw.base_url);
        Provider {
            enabled: match raw.enabled {
                Switch::On => true,
                Switch::Off => false,
                Switch::Auto => complete,
            },
            plugin,
            base_url: Some(base_url).filter(|address| !address.is_empty()),
            secrets,
            settings: raw.settings,
            timeout_secs: raw.timeout_secs,
            isolation: raw.isolation,
            rate_per_sec: raw.rate_per_sec,
            calls_max: raw.calls_max,
            balance_min: raw.balance_min,
            priority: raw.priority,
        }
    }
}

const BAD_KEY: &str = "a key is 1 to 32 characters out of a-z 0-9 _ -";

/// A folder as seen from the root; as written where the working directory is not known.
fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

/// The number of the disk that a folder lies on, or would lie on once it is created.
#[cfg(unix)]
fn disk(folder: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    let folder = absolute(folder);
    folder.ancestors().find_map(|folder| std::fs::metadata(folder).ok()).map(|meta| meta.dev())
}

/// Elsewhere disks have no numbers to compare.
#[cfg(not(unix))]
fn disk(_: &Path) -> Option<u64> {
    None
}
