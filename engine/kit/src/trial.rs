//! One check from its start to its verdict: a fresh provider, one question, one vendor. The
//! crate's root imports this.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ring4_domain::ids::{Country, ProviderId};
use ring4_domain::money::Amount;
use ring4_provider_sdk::Manifest;
use ring4_providers::{
    BuyRequest, FaultKind, HostCommand, Limits, PluginOptions, ProviderOptions, Registry, Secret,
};
use serde_json::Value;

use crate::ask::{self, Ask, Said};
use crate::rules;
use crate::server::{Reply, Seen, Server};
use crate::{KitError, Options};

/// For one call; a slow answer takes longer.
const CALL_TIMEOUT: Duration = Duration::from_secs(3);

/// For the plugin's own work on one answer, large lists in a debug build included.
const STEP_TIMEOUT: Duration = Duration::from_secs(5);

/// What a call may take beyond its limits before it counts as a stall of the engine's.
const SLACK: Duration = Duration::from_secs(4);

/// 2025-10-09 08:53:20 UTC; what the plugin is told unless its clock is off.
pub(crate) const NOW_MS: i64 = 1_760_000_000_000;

/// How a verdict is reached.
pub(crate) type Rule = Box<dyn Fn(&Witness<'_>) -> Option<String> + Send + Sync>;

/// One check.
pub(crate) struct Trial {
    pub(crate) ask: Ask,
    /// What the vendor does, in words.
    pub(crate) vendor: String,
    pub(crate) replies: Vec<Reply>,
    /// No server listens at all.
    pub(crate) closed: bool,
    pub(crate) now_ms: i64,
    pub(crate) want: BuyRequest,
    pub(crate) order: String,
    pub(crate) rule: Rule,
}

/// What there is to judge by.
pub(crate) struct Witness<'a> {
    pub(crate) said: &'a Said,
    /// What the vendor was asked.
    pub(crate) seen: &'a [Seen],
    pub(crate) manifest: &'a Manifest,
    /// The vendor's id of the service that was wanted.
    pub(crate) service: &'a str,
}

impl Witness<'_> {
    /// A request named what was wanted; what does not cannot have bought anything.
    pub(crate) fn named_the_service(&self) -> bool {
        let names = |text: &str| text.contains(self.service);
        self.seen.iter().any(|seen| names(&seen.line) || names(&seen.body))
    }
}

impl Trial {
    pub(crate) fn new(ask: Ask, vendor: &str, replies: Vec<Reply>, rule: Rule) -> Self {
        Self {
            ask,
            vendor: vendor.to_owned(),
            replies,
            closed: false,
            now_ms: NOW_MS,
            want: want(),
            order: "KIT-ORDER-1".to_owned(),
            rule,
        }
    }

    pub(crate) fn name(&self) -> String {
        format!("{}: {}", self.ask.word(), self.vendor)
    }
}

/// What is bought unless samples say otherwise.
pub(crate) fn want() -> BuyRequest {
    let max_price = Amount::from_micros(500_000);
    BuyRequest { service: "7741".to_owned(), country: Country::US, max_price }
}

/// Everything the checks share.
pub(crate) struct Bench {
    server: Server,
    manifest: Manifest,
    folder: PathBuf,
    stem: String,
    cache: PathBuf,
    settings: Value,
    isolation: Option<HostCommand>,
    id: ProviderId,
    last_trial: AtomicU64,
}

impl Bench {
    /// Lays the plugin out under a name that the host finds.
    pub(crate) async fn open(
        options: &Options,
        manifest: Manifest,
        folder: PathBuf,
    ) -> Result<Self, KitError> {
        let stem = "kit_plugin".to_owned();
        let name =
            format!("{}{stem}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        tokio::fs::copy(&options.file, folder.join(name)).await?;
        let id = ProviderId::new("kit").map_err(|_| std::io::Error::other("a provider's id"))?;
        Ok(Self {
            server: Server::open().await?,
            manifest,
            cache: folder.join("cache"),
            folder,
            stem,
            settings: options.settings.clone(),
            isolation: options.isolation.clone(),
            id,
            last_trial: AtomicU64::new(0),
        })
    }

    /// The secrets that are planted, by name.
    pub(crate) fn secrets(&self) -> BTreeMap<String, String> {
        let plant = |name: &String| (name.clone(), format!("kit-Secret-of-{name}-Zq7"));
        self.manifest.secrets.iter().map(plant).collect()
    }

    /// Runs one check; returns what went wrong.
    pub(crate) async fn run(&self, trial: &Trial) -> Option<String> {
        let number = self.last_trial.fetch_add(1, Ordering::Relaxed);
        let base_url = if trial.closed {
            // Nobody listens on the discard port of loopback.
            "http://127.0.0.1:9".to_owned()
        } else {
            self.server.prepare(number, trial.replies.clone())
        };
        let registry = match self.load(base_url, trial.now_ms).await {
            Ok(registry) => registry,
            Err(fault) => return Some(fault),
        };
        let started = Instant::now();
        let limit = CALL_TIMEOUT * 2 + STEP_TIMEOUT + SLACK;
        let asked = ask::ask(&registry, &self.id, trial.ask, &trial.want, &trial.order);
        let Ok(said) = tokio::time::timeout(limit, asked).await else {
            return Some(format!("the call did not end within {} s", limit.as_secs()));
        };
        let took = started.elapsed();
        let seen = self.server.finish(number);
        let fault = self.judge(trial, &registry, &said, &seen);
        registry.shutdown().await;
        let stalled = || {
            let limit = CALL_TIMEOUT * 2 + SLACK;
            (took > limit).then(|| format!("the call took {} s", took.as_secs()))
        };
        fault.or_else(stalled)
    }

    async fn load(&self, base_url: String, now_ms: i64) -> Result<Registry, String> {
        let secret = |(name, text): (String, String)| (name, Secret::new(text));
        let options = ProviderOptions {
            id: self.id.clone(),
            plugin: self.stem.clone(),
            base_url: Some(base_url),
            settings: self.settings.clone(),
            secrets: self.secrets().into_iter().map(secret).collect(),
            enabled: true,
            isolation: self.isolation.clone(),
            limits: Limits {
                connect_timeout: Duration::from_secs(2),
                call_timeout: CALL_TIMEOUT,
                step_timeout: STEP_TIMEOUT,
                rate_per_sec: 1_000,
                ..Limits::default()
            },
        };
        let plugins = PluginOptions {
            dir: Some(self.folder.clone()),
            cache_dir: self.cache.clone(),
            allow: Vec::new(),
        };
        let clock = Arc::new(move || now_ms);
        let load = move || Registry::load(vec![options], &plugins, clock);
        match tokio::task::spawn_blocking(load).await {
            Ok(Ok(registry)) => Ok(registry),
            Ok(Err(error)) => Err(format!("it cannot be loaded: {}", error.refusal)),
            Err(error) => Err(format!("loading it failed: {error}")),
        }
    }

    fn judge(
        &self,
        trial: &Trial,
        registry: &Registry,
        said: &Said,
        seen: &[Seen],
    ) -> Option<String> {
        let status = registry.status();
        let fault = status.iter().flat_map(|row| &row.faults).next();
        if let Some(fault) = fault {
            let kind = match fault.kind {
                FaultKind::Failed => "broke the call",
                FaultKind::Stalled => "stalled",
                FaultKind::Lied => "lied",
                FaultKind::Overcharged => "overcharged",
                FaultKind::Trespassed => "trespassed",
            };
            return Some(format!("it {kind}: {}", fault.what));
        }
        let secrets = self.secrets();
        if let Some(leak) = rules::leak(&format!("{said:?}"), &secrets) {
            return Some(format!("its answer or error {leak}"));
        }
        let in_address = |seen: &&Seen| secrets.values().any(|secret| seen.line.contains(secret));
        if !self.manifest.secret_in_query && seen.iter().any(|seen| in_address(&seen)) {
            return Some("a secret stood in the address of a request".to_owned());
        }
        if self.server.trapped() {
            return Some("a request followed a redirect to another host".to_owned());
        }
        let (manifest, service) = (&self.manifest, trial.want.service.as_str());
        let witness = Witness { said, seen, manifest, service };
        rules::sane(&witness).or_else(|| (trial.rule)(&witness))
    }
}
