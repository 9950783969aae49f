//! The providers the operator configured, and the calls one can make to them. The middle of the
//! engine imports this.

mod conduct;
mod plug;
mod provider;
mod swap;
mod tally;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ring4_domain::ids::{Country, ProviderId};
use ring4_domain::money::Amount;
use ring4_domain::sale::Sale;

pub use self::conduct::{Fault, FaultKind};
use self::provider::Provider;
pub use self::provider::REQUESTS_PER_CALL_MAX;
pub use self::swap::{PluginVersion, Swap, SwapError};
use crate::breaker::BreakerState;
use crate::host::{HostCommand, LoadError, LoadRefusal, plugin_path};
use crate::secret::Secret;
use crate::vocabulary::{
    BuyRequest, CallError, Cancellation, Catalogue, OrderStatus, Purchase, Quote, RefusalReason,
    Resend, VendorOrder,
};

/// The engine's clock: milliseconds since 1970-01-01 UTC. The demo's runs faster.
pub type UnixMillisClock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// One provider of the configuration.
#[derive(Clone, Debug)]
pub struct ProviderOptions {
    /// Its name.
    pub id: ProviderId,
    /// The plugin's file stem, such as `provider_mock`.
    pub plugin: String,
    /// Replaces the manifest's base URL.
    pub base_url: Option<String>,
    /// The plugin's own settings: an object, or null for none.
    pub settings: serde_json::Value,
    /// Secrets by the names the manifest uses.
    pub secrets: BTreeMap<String, Secret>,
    /// A disabled provider is not loaded.
    pub enabled: bool,
    /// Runs the plugin in a process of its own, started like this; `None` runs it in ours.
    pub isolation: Option<HostCommand>,
    /// Its limits.
    pub limits: Limits,
}

/// Limits on one provider's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// To connect, TLS included.
    pub connect_timeout: Duration,
    /// For one call with all its requests, attempts and waits.
    pub call_timeout: Duration,
    /// For the plugin's own work between two requests. One that takes longer is stuck and is
    /// asked no more.
    pub step_timeout: Duration,
    /// Requests a second, above a burst of ten.
    pub rate_per_sec: u32,
    /// Calls under way at the same time; whoever comes then waits for a place.
    pub calls_max: usize,
    /// The longest answer body, in bytes.
    pub body_len_max: usize,
    /// The longest body of a list: what is sold, or what is open. Ten thousand open orders are
    /// about 3 MB, and whole price tables reach 18 MB.
    pub list_len_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            call_timeout: Duration::from_secs(25),
            step_timeout: Duration::from_secs(5),
            rate_per_sec: 10,
            calls_max: 16,
            body_len_max: 1024 * 1024,
            list_len_max: 32 * 1024 * 1024,
        }
    }
}

/// Where plugins come from.
#[derive(Clone, Debug)]
pub struct PluginOptions {
    /// The folder to look in; `None` means beside the executable.
    pub dir: Option<PathBuf>,
    /// Where private copies are kept (`data/plugin-cache`); made when absent.
    pub cache_dir: PathBuf,
    /// SHA-256 sums in hexadecimal of the files that may be loaded; empty allows all.
    pub allow: Vec<String>,
}

/// How one provider is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderStatus {
    /// Its name in the configuration.
    pub id: ProviderId,
    /// Switched on by the operator.
    pub enabled: bool,
    /// What an admin lets it do.
    pub sale: Sale,
    /// The fault for which its plugin sells no more.
    pub quarantine: Option<Fault>,
    /// The plugin's latest faults, oldest first.
    pub faults: Vec<Fault>,
    /// The plugin's own name; empty while not loaded.
    pub plugin: String,
    /// The plugin's version; empty while not loaded.
    pub version: String,
    /// SHA-256 of its file in hexadecimal; empty while not loaded.
    pub sha256: String,
    /// One call lists all active orders.
    pub list_active: bool,
    /// Closed orders can be looked up.
    pub history: bool,
    /// A purchase honours the cap.
    pub price_cap: bool,
    /// Another message can be asked for.
    pub resend: bool,
    /// Early cancels are refused for up to this long, in seconds.
    pub early_cancel_lock_secs: u32,
    /// The plugin did not return in time too often and is asked no more.
    pub out_of_service: bool,
    /// The breaker that all calls pass.
    pub line: BreakerState,
    /// The breaker that purchases pass too.
    pub selling: BreakerState,
    /// Failed calls among the latest hundred, in percent.
    pub error_percent: u8,
    /// Calls in the last minute.
    pub calls_per_minute: u32,
    /// Why it sells nothing to us for the time being, if so.
    pub block: Option<Block>,
    /// The balance as last asked for.
    pub balance: Option<Amount>,
}

/// A vendor's no that is about our account: the key, the balance, or what it thinks of us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// What it said.
    pub reason: RefusalReason,
    /// When we try again, in milliseconds since 1970-01-01 UTC.
    pub until_ms: i64,
}

enum Slot {
    Loaded(Arc<Provider>),
    Disabled,
}

/// All configured providers.
pub struct Registry {
    slots: BTreeMap<ProviderId, Slot>,
}

impl Registry {
    /// Opens the plugins of all enabled providers. Blocks for as long as plugins take to start,
    /// each at most twice its step's limit.
    ///
    /// # Errors
    /// The first provider that cannot be loaded, and why, on one line.
    pub fn load(
        providers: Vec<ProviderOptions>,
        plugins: &PluginOptions,
        clock: UnixMillisClock,
    ) -> Result<Self, LoadError> {
        let mut slots = BTreeMap::new();
        for options in providers {
            let path = plugin_path(plugins.dir.as_deref(), &options.plugin)?;
            let id = options.id.clone();
            if slots.contains_key(&id) {
                let reason = "is configured twice".to_owned();
                let refusal = LoadRefusal::Options { provider: id.to_string(), reason };
                return Err(LoadError::new(&path, refusal));
            }
            let slot = if options.enabled {
                let provider = Provider::load(options, plugins, &path, Arc::clone(&clock))?;
                Slot::Loaded(Arc::new(provider))
            } else {
                Slot::Disabled
            };
            slots.insert(id, slot);
        }
        Ok(Self { slots })
    }

    fn provider(&self, id: &ProviderId) -> Result<&Arc<Provider>, CallError> {
        match self.slots.get(id) {
            Some(Slot::Loaded(provider)) => Ok(provider),
            Some(Slot::Disabled) => Err(CallError::Disabled),
            None => Err(CallError::UnknownProvider),
        }
    }

    /// The names of all providers, disabled ones included, in order.
    pub fn ids(&self) -> impl Iterator<Item = &ProviderId> {
        self.slots.keys()
    }

    /// Buys one number. Dropping the future leaves the outcome unknown: hold the durable intent
    /// before and reconcile after.
    pub async fn buy(&self, id: &ProviderId, request: &BuyRequest) -> Purchase {
        match self.provider(id) {
            Ok(provider) => provider.buy(request).await,
            Err(_) => Purchase::Refused { reason: RefusalReason::Unavailable },
        }
    }

    /// Would a purchase be let through now: enabled, in service, breakers not open.
    #[must_use]
    pub fn can_buy(&self, id: &ProviderId) -> bool {
        self.provider(id).is_ok_and(|provider| provider.can_buy())
    }

    /// The price and the odds of one number.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn quote(
        &self,
        id: &ProviderId,
        service: &str,
        country: Country,
    ) -> Result<Quote, CallError> {
        self.provider(id)?.quote(service, country).await
    }

    /// How one order stands.
    ///
    /// # Errors
    /// There is no answer; nothing is known about the order.
    pub async fn check(
        &self,
        id: &ProviderId,
        vendor_order_id: &str,
    ) -> Result<OrderStatus, CallError> {
        self.provider(id)?.check(vendor_order_id).await
    }

    /// All active orders. Calls made while one is under way share its answer. An order that is
    /// missing is unknown, not over: one check decides.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn list_active(&self, id: &ProviderId) -> Result<Arc<Vec<VendorOrder>>, CallError> {
        self.provider(id)?.list_active().await
    }

    /// Whether one call lists all active orders; its plugin says so.
    #[must_use]
    pub fn lists_active(&self, id: &ProviderId) -> bool {
        self.provider(id).is_ok_and(|provider| provider.lists_active())
    }

    /// Requests a second that may go to this provider; 1 where it is not loaded.
    #[must_use]
    pub fn rate_per_sec(&self, id: &ProviderId) -> u32 {
        self.provider(id).map_or(1, |provider| provider.rate_per_sec())
    }

    /// The latest orders, closed ones included, where the vendor tells.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn history(&self, id: &ProviderId) -> Result<Vec<VendorOrder>, CallError> {
        self.provider(id)?.history().await
    }

    /// Cancels one order. An error that may have reached the vendor is
    /// [`Cancellation::Unclear`].
    ///
    /// # Errors
    /// The vendor was not asked, or refused without a word about the order.
    pub async fn cancel(
        &self,
        id: &ProviderId,
        vendor_order_id: &str,
    ) -> Result<Cancellation, CallError> {
        self.provider(id)?.cancel(vendor_order_id).await
    }

    /// Whether this vendor can be asked for another message.
    #[must_use]
    pub fn resends(&self, id: &ProviderId) -> bool {
        self.provider(id).is_ok_and(|provider| provider.status().resend)
    }

    /// Asks for another message on an order's number, unless that costs something.
    ///
    /// # Errors
    /// The vendor was not asked, or refused without a word about the order.
    pub async fn resend(
        &self,
        id: &ProviderId,
        vendor_order_id: &str,
    ) -> Result<Resend, CallError> {
        self.provider(id)?.resend(vendor_order_id).await
    }

    /// Our balance at the vendor.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn balance(&self, id: &ProviderId) -> Result<Amount, CallError> {
        self.provider(id)?.balance().await
    }

    /// What the vendor sells.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn catalogue(&self, id: &ProviderId) -> Result<Catalogue, CallError> {
        self.provider(id)?.catalogue().await
    }

    /// How every provider is doing, in order of their names.
    #[must_use]
    pub fn status(&self) -> Vec<ProviderStatus> {
        let row = |(id, slot): (&ProviderId, &Slot)| match slot {
            Slot::Loaded(provider) => provider.status(),
            Slot::Disabled => ProviderStatus {
                id: id.clone(),
                enabled: false,
                sale: Sale::Off,
                quarantine: None,
                faults: Vec::new(),
                plugin: String::new(),
                version: String::new(),
                sha256: String::new(),
                list_active: false,
                history: false,
                price_cap: false,
                resend: false,
                early_cancel_lock_secs: 0,
                out_of_service: false,
                line: BreakerState::Closed,
                selling: BreakerState::Closed,
                error_percent: 0,
                calls_per_minute: 0,
                block: None,
                balance: None,
            },
        };
        self.slots.iter().map(row).collect()
    }

    /// Lets no purchase through before a block that was seen earlier is over.
    pub fn restore_block(&self, id: &ProviderId, block: Block) {
        if let Ok(provider) = self.provider(id) {
            provider.restore_block(block);
        }
    }

    /// Where each loaded provider's plugin file is looked for.
    #[must_use]
    pub fn plugin_files(&self) -> Vec<(ProviderId, PathBuf)> {
        let file = |(id, slot): (&ProviderId, &Slot)| match slot {
            Slot::Loaded(provider) => Some((id.clone(), provider.file().ok()?)),
            Slot::Disabled => None,
        };
        self.slots.iter().filter_map(file).collect()
    }

    /// Lets a provider sell, only serve, or do nothing. Opening the sale also forgives its
    /// plugin's faults. `false` when no such provider is loaded.
    pub fn set_sale(&self, id: &ProviderId, sale: Sale) -> bool {
        let provider = self.provider(id);
        provider.inspect(|provider| provider.set_sale(sale)).is_ok()
    }

    /// Opens a provider's plugin file as it lies in its folder now, tries it beside the one in
    /// use and goes on with it. Nothing changes where the file is the one in use.
    ///
    /// # Errors
    /// Why the former plugin stays in use.
    pub async fn swap(&self, id: &ProviderId) -> Result<Swap, SwapError> {
        self.provider(id).map_err(|_| SwapError::UnknownProvider)?.swap().await
    }

    /// Refuses new calls, ends those under way (a purchase becomes unclear) and waits for the
    /// plugins' threads, each at most as long as one step. May be called more than once.
    pub async fn shutdown(&self) {
        let loaded = |slot: &Slot| match slot {
            Slot::Loaded(provider) => Some(Arc::clone(provider)),
            Slot::Disabled => None,
        };
        let stopping = self.slots.values().filter_map(loaded);
        let stopping = stopping.map(|provider| async move { provider.stop().await });
        futures_util::future::join_all(stopping).await;
    }
}
