//! One plugin file at work for a provider: what a swap replaces as a whole. The provider imports
//! this.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ring4_provider_sdk::Manifest;
use tokio::time::Instant;

use super::conduct::Conduct;
use super::{PluginOptions, ProviderOptions};
use crate::host::{Instance, InstanceError, Launch, LoadError, LoadRefusal, inspect};
use crate::transport::{Reach, Transport, TransportOptions};

/// Threads of one plugin that may be left behind, stuck, before it is asked no more.
const REVIVALS_MAX: u32 = 3;

/// A plugin that was loaded, with everything that its manifest decides about.
pub(super) struct Plug {
    pub(super) manifest: Manifest,
    pub(super) sha256: String,
    pub(super) transport: Transport,
    pub(super) conduct: Conduct,
    launch: Launch,
    running: Mutex<Running>,
    /// Held while a new instance is made in place of a stuck one.
    reviving: tokio::sync::Mutex<()>,
}

struct Running {
    instance: Arc<Instance>,
    revivals: u32,
}

impl Plug {
    /// Opens a file for a provider. Blocks for as long as the plugin takes to start, at most
    /// twice its step's limit.
    pub(super) fn load(
        options: &ProviderOptions,
        plugins: &PluginOptions,
        path: &Path,
    ) -> Result<Self, LoadError> {
        let refuse = |refusal| LoadError::new(path, refusal);
        let file = inspect(path)?;
        file.check_allowed(&plugins.allow)?;
        let copy = file.copy_to(&plugins.cache_dir)?;
        let name = options.id.to_string();
        let settings = match &options.settings {
            serde_json::Value::Null => b"{}".to_vec(),
            settings => settings.to_string().into_bytes(),
        };
        let limits = options.limits;
        let launch = Launch {
            copy,
            header: file.header(),
            provider: name.clone(),
            settings,
            step_limit: limits.step_timeout,
            apart: options.isolation.clone(),
        };
        let (instance, manifest) = launch.start().map_err(refuse)?;
        let missing = |secret: &&String| {
            options.secrets.get(*secret).is_none_or(|secret| secret.expose().is_empty())
        };
        if let Some(secret) = manifest.secrets.iter().find(missing) {
            let secret = secret.clone();
            return Err(refuse(LoadRefusal::Secret { provider: name, secret }));
        }
        let wrong = |reason| refuse(LoadRefusal::Options { provider: name.clone(), reason });
        let base = options.base_url.as_deref().or(manifest.base_url.as_deref());
        let reach = Reach::new(base, &manifest.hosts)
            .map_err(|error| wrong(format!("base_url: {error}")))?;
        // Only what the manifest names is ever substituted.
        let mut secrets = options.secrets.clone();
        secrets.retain(|name, _| manifest.secrets.contains(name));
        let transport = Transport::new(TransportOptions {
            reach,
            secrets,
            secret_in_query: manifest.secret_in_query,
            connect_timeout: limits.connect_timeout,
            rate_per_sec: limits.rate_per_sec,
        })
        .map_err(|reason| wrong(format!("HTTP: {reason}")))?;
        Ok(Self {
            manifest,
            sha256: file.sha256().to_owned(),
            transport,
            conduct: Conduct::default(),
            launch,
            running: Mutex::new(Running { instance: Arc::new(instance), revivals: 0 }),
            reviving: tokio::sync::Mutex::default(),
        })
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It got stuck so often that it is asked no more.
    pub(super) fn is_out_of_service(&self) -> bool {
        let running = self.running();
        running.instance.is_out_of_service() && running.revivals >= REVIVALS_MAX
    }

    /// The instance to ask. A stuck one is left behind and replaced, so that open orders are
    /// served on; after [`REVIVALS_MAX`] times it stays stuck.
    pub(super) async fn instance(&self, deadline: Instant) -> Result<Arc<Instance>, InstanceError> {
        let sound =
            || Some(Arc::clone(&self.running().instance)).filter(|it| !it.is_out_of_service());
        if let Some(instance) = sound() {
            return Ok(instance);
        }
        let turn = tokio::time::timeout_at(deadline, self.reviving.lock()).await;
        let _turn = turn.map_err(|_| InstanceError::OutOfService)?;
        if let Some(instance) = sound() {
            return Ok(instance);
        }
        if self.is_out_of_service() {
            return Err(InstanceError::OutOfService);
        }
        // A process is ended, a thread can only be left behind.
        if self.launch.apart.is_none() {
            self.running().revivals += 1;
        }
        let launch = self.launch.clone();
        let started = tokio::task::spawn_blocking(move || launch.start()).await;
        let Ok(Ok((instance, _))) = started else { return Err(InstanceError::OutOfService) };
        let instance = Arc::new(instance);
        self.running().instance = Arc::clone(&instance);
        Ok(instance)
    }

    /// Ends the instance and waits for its thread, but no longer than for a step.
    pub(super) async fn stop(&self) {
        let instance = Arc::clone(&self.running().instance);
        instance.stop().await;
    }
}
