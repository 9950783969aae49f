//! What the operator may change while the shop runs, as one value that is swapped whole.
//! Everyone in the middle reads it; only `reload` replaces it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use ring4_config::{Asked, Deposits, Method};
use ring4_domain::ids::{Country, MethodKey, RulesVersion, ServiceKey, UserId};
use ring4_domain::money::Amount;
use ring4_domain::policy::{Limits, MethodPolicy, Policy, Referrals, ResendLimits};
use ring4_domain::pricing::PriceLimits;
use ring4_domain::stars::{STARS, STARS_MAX};
use ring4_rules::RuleSet;

/// The reloadable settings, the scripts and texts, and the policy that follows from them.
#[derive(Debug)]
pub struct Live {
    /// The reloadable part of `config.yaml`.
    pub config: ring4_config::Live,
    /// Scripts and message packs.
    pub rules: RuleSet,
    /// The core's share of it.
    pub policy: Policy,
    /// Services that admins switched off; one set for every rule set of this process.
    pub services_off: Arc<ArcSwap<BTreeSet<ServiceKey>>>,
}

/// The live value; readers take a reference that stays whole while it is replaced.
pub type LiveCell = ArcSwap<Live>;

impl Live {
    /// Puts the parts together. `admins` come from the settings that need a restart.
    #[must_use]
    pub fn new(config: ring4_config::Live, rules: RuleSet, admins: BTreeSet<UserId>) -> Self {
        let above_zero = |amount: Amount| amount.is_positive().then_some(amount);
        let policy = Policy {
            admins,
            admin_group: None,
            selling: !config.shop.maintenance.enabled,
            prices: PriceLimits {
                price_min: config.pricing.min_price,
                price_max: config.pricing.max_price,
                margin_min: config.pricing.min_margin,
                price_step: config.pricing.price_step,
            },
            quote_lifetime_secs: config.pricing.quote_lifetime_secs,
            order_timeout_secs: config.orders.timeout_secs,
            cancel_grace_secs: config.orders.cancel_grace_secs,
            purchase_wait_secs: config.orders.purchase_wait_secs,
            forget_codes_after_days: config.orders.forget_codes_after_days,
            second_try: config.orders.second_try.enabled,
            second_try_margin_secs: config.orders.second_try.margin_secs,
            orphans_cancelled: config.orders.orphans == ring4_config::Orphans::Cancel,
            orders_open_max: config.orders.open_max,
            deposit_min: config.deposits.min,
            deposit_max: config.deposits.max,
            deposit_lifetime_secs: config.deposits.expires_secs,
            deposits_open_max: config.deposits.open_max,
            methods: methods(&config.deposits),
            auto_approve_below: above_zero(config.deposits.auto_approve_below),
            stars_rate: config.deposits.stars_rate,
            two_admins_above: above_zero(config.deposits.large_deposit_threshold),
            referrals: Referrals {
                enabled: config.referrals.enabled,
                percent: config.referrals.reward_percent,
                max: config.referrals.reward_max,
            },
            resends: ResendLimits {
                max: config.orders.another_code.max,
                offered_secs: config.orders.another_code.offered_secs,
                wait_secs: config.orders.another_code.wait_secs,
            },
            limits: Limits {
                orders_minute_max: config.limits.orders_per_minute,
                orders_hour_max: config.limits.orders_per_hour,
                orders_day_max: config.limits.orders_per_day,
                terms_required: config.terms.required,
                services_denied: config.limits.denied_services.clone(),
            },
        };
        Self { config, rules, policy, services_off: Arc::default() }
    }

    /// The way to pay of this key, while it is offered.
    #[must_use]
    pub fn method(&self, key: &MethodKey) -> Option<&Method> {
        self.config.deposits.methods.iter().find(|method| method.key == *key)
    }

    /// The ways to pay this amount, in the order in which they are shown.
    #[must_use]
    pub fn methods_for(&self, amount: Amount) -> Vec<&MethodKey> {
        let fits = |key: &&MethodKey| {
            let limits = self.limits_of(key);
            limits.is_some_and(|(min, max)| (min..=max).contains(&amount))
        };
        self.config.deposits.methods.iter().map(|method| &method.key).filter(fits).collect()
    }

    /// The least and the largest deposit by this way, while it is offered.
    #[must_use]
    pub fn limits_of(&self, method: &MethodKey) -> Option<(Amount, Amount)> {
        let way = self.policy.methods.get(method)?;
        let min = way.min.unwrap_or(self.policy.deposit_min);
        let max = way.max.unwrap_or(self.policy.deposit_max);
        let invoice = way.stars.then(|| self.policy.stars_rate.worth(STARS_MAX));
        Some((min, invoice.map_or(max, |invoice| invoice.min(max))))
    }

    /// The least and the largest deposit by any way; `None` while none is offered.
    #[must_use]
    pub fn deposit_limits(&self) -> Option<(Amount, Amount)> {
        let limits = self.policy.methods.keys().filter_map(|method| self.limits_of(method));
        limits.reduce(|(min, max), (least, most)| (min.min(least), max.max(most)))
    }

    /// The version of the rule set.
    #[must_use]
    pub fn version(&self) -> RulesVersion {
        self.rules.version()
    }

    /// Services that are sold, in the order in which they are shown.
    #[must_use]
    pub fn services(&self) -> Vec<&ServiceKey> {
        let off = self.services_off.load();
        let mut services = self.configured();
        services.retain(|service| !off.contains(*service));
        services
    }

    /// Services that the settings sell, those included that admins switched off.
    #[must_use]
    pub fn configured(&self) -> Vec<&ServiceKey> {
        let denied = &self.config.limits.denied_services;
        let sold = self.config.services.iter().filter(|(key, _)| !denied.contains(*key));
        let enabled = sold.filter(|(_, service)| service.enabled);
        let mut services: Vec<_> = enabled.collect();
        services.sort_by_key(|(_, service)| service.priority);
        services.into_iter().map(|(key, _)| key).collect()
    }

    /// Countries that are sold: the default first, then as configured.
    #[must_use]
    pub fn countries(&self) -> Vec<Country> {
        let first = self.config.shop.default_country;
        let rest = self.config.shop.countries.iter().map(|(country, _)| *country);
        std::iter::once(first).chain(rest.filter(|country| *country != first)).collect()
    }

    /// Whether this offer is for sale at all.
    #[must_use]
    pub fn sells(&self, service: &ServiceKey, country: Country) -> bool {
        let denied = self.config.limits.denied_services.contains(service)
            || self.services_off.load().contains(service);
        let service = self.config.services.get(service);
        let sold = service.is_some_and(|service| service.enabled);
        sold && !denied && self.countries().contains(&country)
    }
}

/// What the core has to know of the ways to pay.
fn methods(deposits: &Deposits) -> BTreeMap<MethodKey, MethodPolicy> {
    let offered = deposits.methods.iter().filter(|_| deposits.enabled);
    let policy = |method: &Method| MethodPolicy {
        min: method.min,
        max: method.max,
        unique_cents: method.unique_cents,
        reference_required: method.reference == Asked::Required,
        stars: method.key.as_str() == STARS,
    };
    offered.map(|method| (method.key.clone(), policy(method))).collect()
}

/// A cell with this value in it.
#[must_use]
pub fn cell(live: Live) -> Arc<LiveCell> {
    Arc::new(ArcSwap::from_pointee(live))
}
