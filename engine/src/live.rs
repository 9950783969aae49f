//! What the operator may change while the shop runs, as one value that is swapped whole.
//! Everyone in the middle reads it; only `reload` replaces it.

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use ring4_domain::ids::{Country, MethodKey, RulesVersion, ServiceKey, UserId};
use ring4_domain::policy::Policy;
use ring4_domain::pricing::PriceLimits;
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
}

/// The live value; readers take a reference that stays whole while it is replaced.
pub type LiveCell = ArcSwap<Live>;

impl Live {
    /// Puts the parts together. `admins` come from the settings that need a restart.
    #[must_use]
    pub fn new(config: ring4_config::Live, rules: RuleSet, admins: BTreeSet<UserId>) -> Self {
        let methods: BTreeSet<MethodKey> = if config.deposits.enabled {
            config.deposits.methods.iter().map(|method| method.key.clone()).collect()
        } else {
            BTreeSet::new()
        };
        let policy = Policy {
            admins,
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
            orphans_cancelled: config.orders.orphans == ring4_config::Orphans::Cancel,
            orders_open_max: config.orders.open_max,
            deposit_min: config.deposits.min,
            deposit_max: config.deposits.max,
            deposit_lifetime_secs: config.deposits.expires_secs,
            deposits_open_max: config.deposits.open_max,
            methods,
        };
        Self { config, rules, policy }
    }

    /// The version of the rule set.
    #[must_use]
    pub fn version(&self) -> RulesVersion {
        self.rules.version()
    }

    /// Services that are sold, in the order in which they are shown.
    #[must_use]
    pub fn services(&self) -> Vec<&ServiceKey> {
        let enabled = self.config.services.iter().filter(|(_, service)| service.enabled);
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
        let service = self.config.services.get(service);
        service.is_some_and(|service| service.enabled) && self.countries().contains(&country)
    }
}

/// A cell with this value in it.
#[must_use]
pub fn cell(live: Live) -> Arc<LiveCell> {
    Arc::new(ArcSwap::from_pointee(live))
}
