//! Variables of the environment that override keys of `config.yaml`: the names of the former
//! bot, one row each. Private to this crate.

use ring4_domain::money::Amount;
use ring4_domain::policy::ORDERS_COUNTED_MAX;
use ring4_yaml::{Entries, Problem, Report, Scalar};

use crate::check::Overridden;
use crate::env::Env;
use crate::raw::{Mode, RawConfig, RawService};
use crate::sections::{LogLevel, Strategy};
use crate::switch::Switch;
use crate::text::{EnvText, Secret, SecretSource, Written};

/// What became of a variable.
enum Outcome {
    /// It set its key.
    Applied,
    /// The configuration has no such service, vendor or method.
    NoHome(&'static str),
}

type Applied = Result<Outcome, String>;

/// A variable, the key it overrides, and how.
type Row = (&'static str, &'static str, fn(&mut RawConfig, &str) -> Applied);

/// The same for the variables that carry a service's name; the key is one of the service's.
type ServiceRow = (&'static str, &'static str, &'static str, fn(&mut RawService, &str) -> Applied);

/// Where two names mean one key, the later row wins.
const NAMES: &[Row] = &[
    ("BOT_TOKEN", "telegram.token", |raw, text| {
        set(&mut raw.telegram.token, SecretSource::Given(Secret::new(text)))
    }),
    ("BOT_API_URL", "telegram.api_url", |raw, text| set(&mut raw.telegram.api_url, literal(text))),
    ("ADMIN_IDS", "telegram.admins", |raw, text| set(&mut raw.telegram.admins, ids(text)?)),
    ("ADMIN_USER_IDS", "telegram.admins", |raw, text| set(&mut raw.telegram.admins, ids(text)?)),
    ("ENABLE_WEBHOOK_MODE", "telegram.mode", |raw, text| {
        set(&mut raw.telegram.mode, if flag(text)? { Mode::Webhook } else { Mode::Polling })
    }),
    ("WEBHOOK_URL", "telegram.webhook.url", |raw, text| {
        set(&mut raw.telegram.webhook.url, literal(text))
    }),
    ("WEBHOOK_SECRET", "telegram.webhook.secret", |raw, text| {
        set(&mut raw.telegram.webhook.secret, SecretSource::Given(Secret::new(text)))
    }),
    ("BOT_TITLE", "shop.title", |raw, text| set(&mut raw.shop.title, text.to_owned())),
    ("BOT_SUBTITLE", "shop.subtitle", |raw, text| set(&mut raw.shop.subtitle, text.to_owned())),
    ("CURRENCY_SYMBOL", "shop.currency_symbol", |raw, text| {
        set(&mut raw.shop.currency_symbol, text.to_owned())
    }),
    ("DEFAULT_LANGUAGE", "languages.default", |raw, text| {
        let language = text.to_ascii_lowercase();
        if !raw.languages.offered.contains(&language) {
            raw.languages.offered.push(language.clone());
        }
        set(&mut raw.languages.default, language)
    }),
    ("ENABLE_MULTI_LANGUAGE", "languages.offered", |raw, text| {
        if flag(text)? {
            return Ok(Outcome::Applied);
        }
        let only = vec![raw.languages.default.clone()];
        set(&mut raw.languages.offered, only)
    }),
    ("DEFAULT_COUNTRY_NAME", "shop.default_country", |raw, text| {
        let known = raw.shop.countries.iter().find(|row| row.name.eq_ignore_ascii_case(text));
        let code = known.map(|row| row.code).ok_or("no country of that name in shop.countries")?;
        set(&mut raw.shop.default_country, code)
    }),
    ("CONTACT_ACCOUNT_1", "shop.contacts[0]", |raw, text| contact(raw, 0, text)),
    ("CONTACT_ACCOUNT_2", "shop.contacts[1]", |raw, text| contact(raw, 1, text)),
    ("LOW_BALANCE_WARNING", "shop.low_balance_warning", |raw, text| {
        read(&mut raw.shop.low_balance_warning, text)
    }),
    ("MAINTENANCE_MODE", "shop.maintenance.enabled", |raw, text| {
        set(&mut raw.shop.maintenance.enabled, flag(text)?)
    }),
    ("MAINTENANCE_MESSAGE", "shop.maintenance.text", |raw, text| {
        set(&mut raw.shop.maintenance.text, text.to_owned())
    }),
    ("PROFIT_MARGIN_PERCENT", "pricing.margin_percent", |raw, text| {
        read(&mut raw.pricing.margin_percent, text)
    }),
    ("MIN_PRICE_USD", "pricing.min_price", |raw, text| read(&mut raw.pricing.min_price, text)),
    ("MAX_PRICE_USD", "pricing.max_price", |raw, text| read(&mut raw.pricing.max_price, text)),
    ("USE_FIXED_PRICING", "pricing.use_fixed_prices", |raw, text| {
        set(&mut raw.pricing.use_fixed_prices, flag(text)?)
    }),
    ("ENABLE_BULK_DISCOUNTS", "pricing.bulk_discount.enabled", |raw, text| {
        set(&mut raw.pricing.bulk_discount.enabled, flag(text)?)
    }),
    ("BULK_DISCOUNT_THRESHOLD", "pricing.bulk_discount.threshold", |raw, text| {
        set(&mut raw.pricing.bulk_discount.threshold, whole(text)?)
    }),
    ("BULK_DISCOUNT_PERCENTAGE", "pricing.bulk_discount.percent", |raw, text| {
        read(&mut raw.pricing.bulk_discount.percent, text)
    }),
    ("ENABLE_DYNAMIC_PRICING", "pricing.demand_factor.enabled", |raw, text| {
        set(&mut raw.pricing.demand_factor.enabled, flag(text)?)
    }),
    ("DYNAMIC_PRICING_FACTOR", "pricing.demand_factor.factor", |raw, text| {
        read(&mut raw.pricing.demand_factor.factor, text)
    }),
    ("POLL_TIMEOUT", "orders.timeout_secs", |raw, text| {
        set(&mut raw.orders.timeout_secs, whole(text)?)
    }),
    ("ORDER_EXPIRES_IN", "orders.timeout_secs", |raw, text| {
        set(&mut raw.orders.timeout_secs, whole(text)?)
    }),
    ("POLLING_INITIAL_INTERVAL", "polling.initial_secs", |raw, text| {
        set(&mut raw.polling.initial_secs, whole(text)?)
    }),
    ("POLLING_ACTIVE_INTERVAL", "polling.active_secs", |raw, text| {
        set(&mut raw.polling.active_secs, whole(text)?)
    }),
    ("POLLING_STANDARD_INTERVAL", "polling.standard_secs", |raw, text| {
        set(&mut raw.polling.standard_secs, whole(text)?)
    }),
    ("POLLING_EXTENDED_INTERVAL", "polling.extended_secs", |raw, text| {
        set(&mut raw.polling.extended_secs, whole(text)?)
    }),
    ("MAX_POLLING_INTERVAL", "polling.ceiling_secs", |raw, text| {
        set(&mut raw.polling.ceiling_secs, whole(text)?)
    }),
    ("SERVICE_SELECTION_ALGORITHM", "routing.strategy", |raw, text| {
        set(&mut raw.routing.strategy, strategy(text)?)
    }),
    ("MIN_DEPOSIT_AMOUNT", "deposits.min", |raw, text| read(&mut raw.deposits.min, text)),
    ("MIN_DEPOSIT_USD", "deposits.min", |raw, text| read(&mut raw.deposits.min, text)),
    ("MAX_DEPOSIT_USD", "deposits.max", |raw, text| read(&mut raw.deposits.max, text)),
    ("AUTO_APPROVE_BELOW_USD", "deposits.auto_approve_below", |raw, text| {
        read(&mut raw.deposits.auto_approve_below, text)
    }),
    ("LARGE_DEPOSIT_THRESHOLD", "deposits.large_deposit_threshold", |raw, text| {
        read(&mut raw.deposits.large_deposit_threshold, text)
    }),
    // Behind the threshold, which it switches off.
    ("REQUIRE_VERIFICATION_FOR_LARGE_DEPOSITS", "deposits.large_deposit_threshold", |raw, text| {
        let place = &mut raw.deposits.large_deposit_threshold;
        match flag(text)? {
            true if *place == Amount::ZERO => {
                Ok(Outcome::NoHome("LARGE_DEPOSIT_THRESHOLD says from which amount on"))
            }
            true => Ok(Outcome::Applied),
            false => set(place, Amount::ZERO),
        }
    }),
    ("DATABASE_BACKUP_INTERVAL", "backup.interval_hours", |raw, text| {
        set(&mut raw.backup.interval_hours, whole(text)?)
    }),
    ("MAX_BACKUPS", "backup.max_backups", |raw, text| {
        set(&mut raw.backup.max_backups, whole(text)?)
    }),
    ("BINANCE_WALLET", "", |raw, text| address(raw, "usdt", text)),
    ("BINANCE_ID", "", |raw, text| address(raw, "binance", text)),
    ("SMSPOOL_API_KEY", "providers.smspool.secrets.api_key", |raw, text| {
        let Some(smspool) = raw.providers.0.get_mut("smspool") else { return no_smspool() };
        put(&mut smspool.secrets, "api_key", SecretSource::Given(Secret::new(text)))
    }),
    ("SMSPOOL_BASE_URL", "providers.smspool.base_url", |raw, text| {
        let Some(smspool) = raw.providers.0.get_mut("smspool") else { return no_smspool() };
        set(&mut smspool.base_url, literal(text))
    }),
    ("API_TIMEOUT_SECONDS", "providers.smspool.timeout_secs", smspool_timeout),
    ("SMSPOOL_TIMEOUT", "providers.smspool.timeout_secs", smspool_timeout),
    ("ALLOW_MOCK", "providers.mock.enabled", |raw, text| {
        let on = flag(text)?;
        let Some(mock) = raw.providers.0.get_mut("mock") else {
            return Ok(Outcome::NoHome("config.yaml has no providers.mock"));
        };
        set(&mut mock.enabled, if on { Switch::On } else { Switch::Off })
    }),
    ("RATE_LIMIT_PER_MINUTE", "limits.orders_per_minute", |raw, text| {
        set(&mut raw.limits.orders_per_minute, counted(text)?)
    }),
    ("MAX_ORDERS_PER_USER_PER_HOUR", "limits.orders_per_hour", |raw, text| {
        set(&mut raw.limits.orders_per_hour, counted(text)?)
    }),
    ("MAX_ORDERS_PER_USER_PER_DAY", "limits.orders_per_day", |raw, text| {
        set(&mut raw.limits.orders_per_day, counted(text)?)
    }),
    ("AUTO_BLOCK_SUSPICIOUS", "limits.auto_block", |raw, text| {
        set(&mut raw.limits.auto_block, flag(text)?)
    }),
    ("NOTIFY_ADMINS_NEW_ORDERS", "notices.new_order", |raw, text| {
        set(&mut raw.notices.new_order, flag(text)?)
    }),
    ("NOTIFY_ADMINS_FAILED_ORDERS", "notices.failed_order", |raw, text| {
        set(&mut raw.notices.failed_order, flag(text)?)
    }),
    ("NOTIFY_ADMINS_DEPOSITS", "notices.deposits", |raw, text| {
        set(&mut raw.notices.deposits, flag(text)?)
    }),
    ("NOTIFY_ADMINS_ERRORS", "notices.vendor_state", |raw, text| {
        set(&mut raw.notices.vendor_state, flag(text)?)
    }),
    ("SEND_DAILY_REPORTS", "report.enabled", |raw, text| set(&mut raw.report.enabled, flag(text)?)),
    ("DAILY_REPORT_TIME", "report.at", |raw, text| set(&mut raw.report.at, text.to_owned())),
    ("DEFAULT_TIMEZONE", "report.timezone", |raw, text| {
        set(&mut raw.report.timezone, text.to_owned())
    }),
    ("SHOW_PROFIT_TO_ADMINS", "report.show_profit", |raw, text| {
        set(&mut raw.report.show_profit, flag(text)?)
    }),
    ("ENABLE_REFERRAL_SYSTEM", "referrals.enabled", |raw, text| {
        set(&mut raw.referrals.enabled, flag(text)?)
    }),
    ("LOG_LEVEL", "logging.level", |raw, text| set(&mut raw.logging.level, log_level(text)?)),
];

/// Prefix and suffix around a service's key in upper case, `-` written as `_`.
const SERVICE_NAMES: &[ServiceRow] = &[
    ("", "_PROFIT_MARGIN", "margin_percent", |service, text| {
        set(&mut service.margin_percent, Some(Written::read(text)?))
    }),
    ("", "_FIXED_PRICE", "fixed_price", |service, text| {
        set(&mut service.fixed_price, Some(Written::read(text)?))
    }),
    ("ENABLE_", "", "enabled", |service, text| set(&mut service.enabled, flag(text)?)),
    ("", "_PRIORITY", "priority", |service, text| set(&mut service.priority, whole(text)?)),
    ("", "_SERVICE_ID", "vendor_ids.smspool", |service, text| {
        put(&mut service.vendor_ids, "smspool", Scalar(text.to_owned()))
    }),
    ("", "_DISPLAY_NAME", "name", |service, text| set(&mut service.name, text.to_owned())),
    ("", "_DESCRIPTION", "description", |service, text| {
        set(&mut service.description, text.to_owned())
    }),
];

/// Names of the former bot that set nothing here, and why.
const WITHOUT_MEANING: &[(&str, &str)] = &[
    ("ENABLE_DATABASE_PROTECTION", "every change is journalled, always"),
    ("MAX_RETRIES", "requests are retried where repeating them is harmless"),
    ("POLLING_INTERVAL", "set POLLING_INITIAL_INTERVAL and its three siblings"),
    ("POLL_INTERVAL", "set POLLING_INITIAL_INTERVAL and its three siblings"),
    ("MAX_CONSECUTIVE_FAILURES", "a vendor that fails is rested, an order ends by its time alone"),
    ("AUTO_REFUND_TIMEOUT", "an order that times out is always released"),
    ("AUTO_REFUND_ERRORS", "an order that fails is always released"),
    ("SHOW_PRICING_IN_MENU", "prices are always shown"),
    ("DEFAULT_COUNTRY_ID", "it is one vendor's number; set DEFAULT_COUNTRY_NAME"),
    ("ENVIRONMENT", "set logging.format in config.yaml"),
    ("LOG_FILE", NOT_YET),
    ("MAX_LOG_FILE_SIZE", NOT_YET),
    ("LOG_FILES_TO_KEEP", NOT_YET),
    ("ENABLE_USER_FEEDBACK", NOT_YET),
];

const NOT_YET: &str = "this engine has no such setting yet";

/// Lets the environment override `raw`. Variables that are unset or empty override nothing.
///
/// # Errors
/// Every variable whose value cannot be read.
pub fn apply(
    raw: &mut RawConfig,
    env: &Env,
    warnings: &mut Vec<String>,
) -> Result<Overridden, Report> {
    let mut overridden = Overridden::new();
    let mut report = Report::default();
    let mut note = |name: &str, path: String, applied: Applied| match applied {
        Ok(Outcome::Applied) => drop(overridden.insert(path, name.to_owned())),
        Ok(Outcome::NoHome(why)) => warnings.push(format!("{name} is ignored: {why}")),
        Err(reason) => report.problems.push(fault(env, name, reason)),
    };
    for (name, path, change) in NAMES {
        if let Some(text) = env.given(name) {
            note(name, (*path).to_owned(), change(raw, text.trim()));
        }
    }
    for (key, service) in &mut raw.services.0.0 {
        let upper = key.to_ascii_uppercase().replace('-', "_");
        for (prefix, suffix, leaf, change) in SERVICE_NAMES {
            let name = format!("{prefix}{upper}{suffix}");
            if let Some(text) = env.given(&name) {
                note(&name, format!("services.{key}.{leaf}"), change(service, text.trim()));
            }
        }
    }
    for (name, why) in WITHOUT_MEANING {
        if env.given(name).is_some() {
            warnings.push(format!("{name} is ignored: {why}"));
        }
    }
    keep_amounts_in_range(raw, &overridden, warnings);
    report.or(overridden)
}

/// Buttons follow limits that the environment moved: an old `.env` knows nothing of them.
fn keep_amounts_in_range(raw: &mut RawConfig, overridden: &Overridden, warnings: &mut Vec<String>) {
    let moved = ["deposits.min", "deposits.max"].iter().any(|key| overridden.contains_key(*key));
    let (least, most) = (raw.deposits.min, raw.deposits.max);
    let outside = |amount: &Amount| *amount < least || *amount > most;
    if moved && raw.deposits.amounts.iter().any(outside) {
        raw.deposits.amounts.retain(|amount| !outside(amount));
        warnings.push(format!("deposits.amounts outside {least} to {most} are not offered"));
    }
}

fn fault(env: &Env, name: &str, reason: String) -> Problem {
    env.problem(name, reason)
}

fn set<T>(place: &mut T, value: T) -> Applied {
    *place = value;
    Ok(Outcome::Applied)
}

fn read<T: Written>(place: &mut T, text: &str) -> Applied {
    set(place, T::read(text)?)
}

fn put<V>(entries: &mut Entries<V>, key: &str, value: V) -> Applied {
    match entries.get_mut(key) {
        Some(place) => *place = value,
        None => entries.0.push((key.to_owned(), value)),
    }
    Ok(Outcome::Applied)
}

/// A variable's value is not a template: what it holds is meant as it is.
fn literal(text: &str) -> EnvText {
    EnvText(text.replace("${", "$${"))
}

fn flag(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("not true or false".to_owned()),
    }
}

fn whole(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "not a whole number".to_owned())
}

/// A limit of the former bot; above what is counted here it was none in practice.
fn counted(text: &str) -> Result<u32, String> {
    whole(text).map(|count| if count > ORDERS_COUNTED_MAX { 0 } else { count })
}

fn ids(text: &str) -> Result<Vec<i64>, String> {
    text.split([',', ' ', ';'])
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().map_err(|_| "not a list of user ids such as 1001,1002".to_owned()))
        .collect()
}

fn contact(raw: &mut RawConfig, item: usize, text: &str) -> Applied {
    match raw.shop.contacts.get_mut(item) {
        Some(place) => text.clone_into(place),
        None => raw.shop.contacts.push(text.to_owned()),
    }
    Ok(Outcome::Applied)
}

fn address(raw: &mut RawConfig, key: &str, text: &str) -> Applied {
    match raw.deposits.methods.iter_mut().find(|method| method.key == key) {
        Some(method) => set(&mut method.address, Some(literal(text))),
        None => Ok(Outcome::NoHome("config.yaml has no such key in deposits.methods")),
    }
}

fn no_smspool() -> Applied {
    Ok(Outcome::NoHome("config.yaml has no providers.smspool"))
}

fn smspool_timeout(raw: &mut RawConfig, text: &str) -> Applied {
    let Some(smspool) = raw.providers.0.get_mut("smspool") else { return no_smspool() };
    set(&mut smspool.timeout_secs, whole(text)?)
}

fn strategy(text: &str) -> Result<Strategy, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "price" | "cheapest" | "lowest_price" => Ok(Strategy::Price),
        "priority" => Ok(Strategy::Priority),
        "success" | "success_rate" => Ok(Strategy::Success),
        "round_robin" => Ok(Strategy::RoundRobin),
        "weighted" | "random" => Ok(Strategy::Weighted),
        _ => Err("not one of price, priority, success, round_robin, weighted".to_owned()),
    }
}

fn log_level(text: &str) -> Result<LogLevel, String> {
    // The former bot used Python's names.
    match text.to_ascii_lowercase().as_str() {
        "error" | "critical" => Ok(LogLevel::Error),
        "warn" | "warning" => Ok(LogLevel::Warn),
        "info" => Ok(LogLevel::Info),
        "debug" => Ok(LogLevel::Debug),
        "trace" => Ok(LogLevel::Trace),
        _ => Err("not one of error, warn, info, debug, trace".to_owned()),
    }
}
