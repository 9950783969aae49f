//! The former bot's names: a value for each, and what it must change.

use ring4_domain::ids::{Country, ProviderId, ServiceKey, UserId};
use rust_decimal::Decimal;

use super::amount;
use crate::{Config, LogLevel, Provider, Service, Strategy};

/// Tells whether the value has arrived.
type Check = fn(&Config) -> bool;

/// Variable, value, check.
pub const NAMES: &[(&str, &str, Check)] = &[
    ("BOT_TOKEN", " 1:a ", |c| c.token().is_ok_and(|token| token.expose() == "1:a")),
    ("BOT_API_URL", "http://127.0.0.1:80/", |c| c.fixed.telegram.api_url == "http://127.0.0.1:80"),
    ("ADMIN_IDS", "7, 8", |c| c.fixed.telegram.admins == [UserId(7), UserId(8)]),
    ("ADMIN_USER_IDS", "9", |c| c.fixed.telegram.admins == [UserId(9)]),
    ("BOT_TITLE", "Shop", |c| c.live.shop.title == "Shop"),
    ("BOT_SUBTITLE", "Sub", |c| c.live.shop.subtitle == "Sub"),
    ("CURRENCY_SYMBOL", "€", |c| c.live.shop.currency_symbol == "€"),
    ("DEFAULT_LANGUAGE", "ES", |c| c.live.languages.default == "es"),
    ("ENABLE_MULTI_LANGUAGE", "false", |c| c.live.languages.offered == ["en"]),
    ("DEFAULT_COUNTRY_NAME", "germany", |c| c.live.shop.default_country == country("DE")),
    ("CONTACT_ACCOUNT_1", "@help", |c| c.live.shop.contacts == ["@help"]),
    ("CONTACT_ACCOUNT_2", "@two", |c| c.live.shop.contacts == ["@two"]),
    ("LOW_BALANCE_WARNING", "2.5", |c| c.live.shop.low_balance_warning == amount("2.5")),
    ("MAINTENANCE_MODE", "on", |c| c.live.shop.maintenance.enabled),
    ("MAINTENANCE_MESSAGE", "Back soon", |c| c.live.shop.maintenance.text == "Back soon"),
    ("PROFIT_MARGIN_PERCENT", "7.25", |c| c.live.pricing.margin_percent == Decimal::new(725, 2)),
    ("MIN_PRICE_USD", "0.20", |c| c.live.pricing.min_price == amount("0.2")),
    ("MAX_PRICE_USD", "9", |c| c.live.pricing.max_price == amount("9")),
    ("ENABLE_BULK_DISCOUNTS", "true", |c| c.live.pricing.bulk_discount.enabled),
    ("BULK_DISCOUNT_THRESHOLD", "3", |c| c.live.pricing.bulk_discount.threshold == 3),
    ("BULK_DISCOUNT_PERCENTAGE", "10", |c| c.live.pricing.bulk_discount.percent == Decimal::TEN),
    ("ENABLE_DYNAMIC_PRICING", "1", |c| c.live.pricing.demand_factor.enabled),
    ("DYNAMIC_PRICING_FACTOR", "1.1", |c| {
        c.live.pricing.demand_factor.factor == Decimal::new(11, 1)
    }),
    ("POLL_TIMEOUT", "300", |c| c.live.orders.timeout_secs == 300),
    ("ORDER_EXPIRES_IN", "900", |c| c.live.orders.timeout_secs == 900),
    ("DATABASE_BACKUP_INTERVAL", "24", |c| c.live.backup.interval_hours == 24),
    ("MAX_BACKUPS", "3", |c| c.live.backup.max_backups == 3),
    ("POLLING_INITIAL_INTERVAL", "4", |c| c.live.polling.initial_secs == 4),
    ("POLLING_ACTIVE_INTERVAL", "5", |c| c.live.polling.active_secs == 5),
    ("POLLING_STANDARD_INTERVAL", "6", |c| c.live.polling.standard_secs == 6),
    ("POLLING_EXTENDED_INTERVAL", "7", |c| c.live.polling.extended_secs == 7),
    ("MAX_POLLING_INTERVAL", "30", |c| c.live.polling.ceiling_secs == 30),
    ("MIN_DEPOSIT_AMOUNT", "2", |c| c.live.deposits.min == amount("2")),
    ("MIN_DEPOSIT_USD", "10", |c| {
        c.live.deposits.min == amount("10")
            && c.live.deposits.amounts == ["10", "20", "50", "100"].map(amount)
    }),
    ("MAX_DEPOSIT_USD", "20", |c| c.live.deposits.amounts == ["5", "10", "20"].map(amount)),
    ("AUTO_APPROVE_BELOW_USD", "7.50", |c| c.live.deposits.auto_approve_below == amount("7.5")),
    ("LARGE_DEPOSIT_THRESHOLD", "300", |c| {
        c.live.deposits.large_deposit_threshold == amount("300")
    }),
    ("BINANCE_WALLET", "T${x}", |c| {
        c.live.deposits.methods.iter().any(|m| m.address.as_deref() == Some("T${x}"))
    }),
    ("BINANCE_ID", "123", |c| c.live.deposits.methods.iter().any(|m| m.key.as_str() == "binance")),
    ("SMSPOOL_API_KEY", "k", |c| {
        smspool(c).enabled && smspool(c).secrets.values().any(|key| key.expose() == "k")
    }),
    ("SMSPOOL_BASE_URL", "http://127.0.0.1:9/", |c| {
        smspool(c).base_url.as_deref() == Some("http://127.0.0.1:9")
    }),
    ("SMSPOOL_TIMEOUT", "9", |c| smspool(c).timeout_secs == 9),
    ("API_TIMEOUT_SECONDS", "8", |c| smspool(c).timeout_secs == 8),
    ("ALLOW_MOCK", "true", |c| c.fixed.providers[&ProviderId::new("mock").unwrap()].enabled),
    ("SERVICE_SELECTION_ALGORITHM", "success_rate", |c| {
        c.live.routing.strategy == Strategy::Success
    }),
    ("LOG_LEVEL", "WARNING", |c| c.fixed.logging.level == LogLevel::Warn),
    ("RING4_PROFIT_MARGIN", "9", |c| service(c, "ring4").margin_percent == Some(Decimal::from(9))),
    ("GOOGLE_FIXED_PRICE", "1.20", |c| service(c, "google").fixed_price == Some(amount("1.2"))),
    ("ENABLE_WHATSAPP", "false", |c| !service(c, "whatsapp").enabled),
    ("TELEGRAM_PRIORITY", "9", |c| service(c, "telegram").priority == 9),
    ("TELEGRAM_DISPLAY_NAME", "TG", |c| service(c, "telegram").name == "TG"),
    ("TELEGRAM_DESCRIPTION", "Codes", |c| service(c, "telegram").description == "Codes"),
    ("TELEGRAM_SERVICE_ID", "907", |c| {
        service(c, "telegram").vendor_ids.values().any(|id| id == "907")
    }),
];

fn country(code: &str) -> Country {
    code.parse().unwrap()
}

fn service<'a>(config: &'a Config, key: &str) -> &'a Service {
    &config.live.services[&ServiceKey::new(key).unwrap()]
}

fn smspool(config: &Config) -> &Provider {
    &config.fixed.providers[&ProviderId::new("smspool").unwrap()]
}
