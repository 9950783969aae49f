//! What every test needs: a registry over one plugin, with a clock that the test turns.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ring4_domain::ids::{Country, ProviderId};
use ring4_domain::money::Amount;
use ring4_providers::{
    BuyRequest, Limits, LoadError, PluginOptions, ProviderOptions, Registry, Secret,
};
use serde_json::Value;

/// 2025-10-09 08:53:20 UTC.
pub const START_MS: i64 = 1_760_000_000_000;

pub struct World {
    pub registry: Registry,
    pub vendor: ProviderId,
    clock: Arc<AtomicI64>,
    cache: tempfile::TempDir,
}

pub fn provider(plugin: &str, settings: Value) -> ProviderOptions {
    ProviderOptions {
        id: ProviderId::new("vendor").expect("a name"),
        plugin: plugin.to_owned(),
        base_url: None,
        settings,
        secrets: BTreeMap::from([("api_key".to_owned(), Secret::new("k3y-Of-the-Shop"))]),
        enabled: true,
        isolation: None,
        limits: Limits { step_timeout: Duration::from_secs(5), ..Limits::default() },
    }
}

impl World {
    pub fn open(options: ProviderOptions) -> Result<Self, LoadError> {
        let cache = tempfile::tempdir().expect("a temporary folder");
        let plugins =
            PluginOptions { dir: None, cache_dir: cache.path().join("cache"), allow: Vec::new() };
        let clock = Arc::new(AtomicI64::new(START_MS));
        let read = Arc::clone(&clock);
        let vendor = options.id.clone();
        let registry =
            Registry::load(vec![options], &plugins, Arc::new(move || read.load(Ordering::SeqCst)))?;
        Ok(Self { registry, vendor, clock, cache })
    }

    pub fn cache_files(&self) -> Vec<String> {
        let dir = self.cache.path().join("cache");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.expect("an entry").file_name().into_string().expect("plain text")
        };
        std::fs::read_dir(dir).expect("the cache folder").map(name).collect()
    }

    pub fn advance_secs(&self, secs: i64) {
        self.clock.fetch_add(secs * 1_000, Ordering::SeqCst);
    }
}

pub fn amount(text: &str) -> Amount {
    text.parse().expect("an amount")
}

pub fn want(service: &str, max_price: &str) -> BuyRequest {
    BuyRequest { service: service.to_owned(), country: Country::US, max_price: amount(max_price) }
}
