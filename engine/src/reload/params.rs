//! The operator's settings as the scripts see them. Only `reload` calls this.

use ring4_config::Live;
use ring4_domain::money::Amount;
use ring4_rules::{Offer, Params};

/// Costs on which every service's price is tried before a rule set goes live, in cents.
const SAMPLE_COSTS_CENTS: [i64; 4] = [2, 30, 150, 1_000];

/// Everything that scripts may read, by dotted name.
pub(super) fn of(config: &Live) -> Params {
    let mut params = Params::default();
    let pricing = &config.pricing;
    params
        .set("pricing.margin_percent", pricing.margin_percent)
        .set("pricing.min_price", pricing.min_price)
        .set("pricing.max_price", pricing.max_price)
        .set("pricing.min_margin", pricing.min_margin)
        .set("pricing.price_step", pricing.price_step)
        .set("pricing.use_fixed_prices", pricing.use_fixed_prices)
        .set("pricing.bulk_discount.enabled", pricing.bulk_discount.enabled)
        .set("pricing.bulk_discount.threshold", pricing.bulk_discount.threshold)
        .set("pricing.bulk_discount.percent", pricing.bulk_discount.percent)
        .set("pricing.demand_factor.enabled", pricing.demand_factor.enabled)
        .set("pricing.demand_factor.factor", pricing.demand_factor.factor);
    let polling = &config.polling;
    params
        .set("polling.floor_secs", polling.floor_secs)
        .set("polling.ceiling_secs", polling.ceiling_secs)
        .set("polling.initial_secs", polling.initial_secs)
        .set("polling.active_secs", polling.active_secs)
        .set("polling.standard_secs", polling.standard_secs)
        .set("polling.extended_secs", polling.extended_secs)
        .set("polling.learn_from", polling.learn_from)
        .set("orders.timeout_secs", config.orders.timeout_secs)
        .set("routing.strategy", config.routing.strategy.name());
    let limits = &config.limits;
    params
        .set("limits.orders_per_minute", limits.orders_per_minute)
        .set("limits.orders_per_hour", limits.orders_per_hour)
        .set("limits.orders_per_day", limits.orders_per_day)
        .set("limits.spend_per_day", limits.spend_per_day)
        .set("limits.cancel_percent", limits.cancel_percent)
        .set("limits.cancel_from", limits.cancel_from)
        .set("deposits.auto_approve_below", config.deposits.auto_approve_below)
        .set("refunds.enabled", config.refunds.enabled)
        .set("refunds.window_hours", config.refunds.window_hours);
    for (key, service) in &config.services {
        params
            .set(&format!("services.{key}.name"), service.name.as_str())
            .set(&format!("services.{key}.priority"), service.priority)
            .set(&format!("services.{key}.margin_percent"), service.margin_percent)
            .set(&format!("services.{key}.fixed_price"), service.fixed_price);
    }
    params
}

/// Offers on which prices are tried: every service that is sold, cheap to dear.
pub(super) fn catalogue(config: &Live) -> Vec<Offer> {
    let sold = config.services.iter().filter(|(_, service)| service.enabled);
    sold.flat_map(|(key, _)| {
        SAMPLE_COSTS_CENTS.iter().filter_map(|cents| {
            Some(Offer {
                service: key.clone(),
                country: config.shop.default_country,
                cost: Amount::from_cents(*cents)?,
                stock: Some(10),
                success_percent: Some(90),
                orders_done: 0,
            })
        })
    })
    .collect()
}
