//! The vendors' side of a shop: plugins loaded as configured, what they sell, how they do. Only
//! `engine` uses this.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ring4_config::{Config, Provider};
use ring4_domain::ids::ProviderId;
use ring4_providers::{Limits, PluginOptions, ProviderOptions, Registry};

use super::StartError;
use crate::catalogue::Catalogues;
use crate::clock::Clock;
use crate::health::{self, HealthWatch};
use crate::live::LiveCell;
use crate::market::Market;
use crate::odds::Odds;
use crate::shop::Shop;
use crate::tasks;

/// The parts that know the vendors.
pub(super) struct Vendors {
    pub(super) registry: Arc<Registry>,
    pub(super) catalogues: Arc<Catalogues>,
    pub(super) odds: Arc<Odds>,
    pub(super) market: Arc<Market>,
}

/// Loads the plugins and takes up what the last engine knew of their vendors.
pub(super) async fn open(
    config: &Config,
    clock: &Clock,
    live: &Arc<LiveCell>,
) -> Result<Vendors, StartError> {
    let data_dir = &config.fixed.storage.data_dir;
    let registry = load_plugins(config, clock).await?;
    health::restore_blocks(&registry, data_dir);
    let (live, clock) = (Arc::clone(live), clock.clone());
    let catalogues =
        Catalogues::restore(Arc::clone(&registry), Arc::clone(&live), clock.clone(), data_dir);
    let catalogues = Arc::new(catalogues);
    let odds = Arc::new(Odds::new(clock.clone()));
    let market = Market::new(
        Arc::clone(&registry),
        live,
        clock,
        Arc::clone(&catalogues),
        Arc::clone(&odds),
        &config.fixed.providers,
    );
    Ok(Vendors { registry, catalogues, odds, market: Arc::new(market) })
}

/// The watch over how they do.
pub(super) fn watch(shop: &Arc<Shop>, config: &Config) -> HealthWatch {
    let balance = |(id, provider): (&ProviderId, &Provider)| (id.clone(), provider.balance_min);
    let balance_min = config.fixed.providers.iter().map(balance).collect();
    HealthWatch::new(Arc::clone(shop), &config.fixed.storage.data_dir, balance_min)
}

async fn load_plugins(config: &Config, clock: &Clock) -> Result<Arc<Registry>, StartError> {
    let mut enabled: Vec<_> =
        config.fixed.providers.iter().filter(|(_, provider)| provider.enabled).collect();
    enabled.sort_by_key(|(_, provider)| provider.priority);
    let options: Result<Vec<_>, StartError> = enabled
        .into_iter()
        .map(|(id, provider)| {
            let secret =
                |secret: &ring4_config::Secret| ring4_providers::Secret::new(secret.expose());
            let secrets =
                provider.secrets.iter().map(|(name, value)| (name.clone(), secret(value)));
            Ok(ProviderOptions {
                id: id.clone(),
                isolation: crate::vendors::isolation(provider.isolation)?,
                plugin: provider.plugin.clone(),
                base_url: provider.base_url.clone(),
                settings: serde_json::Value::Object(provider.settings.clone()),
                secrets: secrets.collect::<BTreeMap<_, _>>(),
                enabled: true,
                limits: Limits {
                    call_timeout: Duration::from_secs(u64::from(provider.timeout_secs)),
                    rate_per_sec: provider.rate_per_sec,
                    calls_max: usize::try_from(provider.calls_max).unwrap_or(1),
                    ..Limits::default()
                },
            })
        })
        .collect();
    let options = options?;
    let plugins = PluginOptions {
        dir: config.fixed.plugins.dir.clone(),
        cache_dir: config.fixed.storage.data_dir.join("plugin-cache"),
        allow: config.fixed.plugins.allow.clone(),
    };
    let clock: ring4_providers::UnixMillisClock = Arc::new(clock.reader());
    let load = move || Registry::load(options, &plugins, clock);
    Ok(Arc::new(tasks::block(load).await??))
}
