//! The conformance kit: runs every hostile answer a vendor may give through any provider plugin,
//! by the engine's own host and transport, against a server of its own on loopback. The command
//! line and the tests import this; it imports the providers and the contract, nobody else.
//!
//! [`run`] knows no vendor's protocol. What must hold for every plugin is checked with answers
//! that no protocol knows; what depends on the protocol is checked with the author's
//! [`Samples`], good answers from which the kit makes wrong ones.

mod ask;
mod hostile;
mod rules;
mod samples;
mod server;
mod trial;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use ring4_provider_sdk::Manifest;
use ring4_providers::{HostCommand, LoadError, PluginFile};
use serde_json::Value;
use tokio::io::AsyncReadExt as _;

pub use self::samples::{Samples, SamplesError};
use self::trial::{Bench, Trial};

/// Checks that run at the same time; most of them wait.
const AT_ONCE: usize = 32;

/// Bytes of a plugin's log that are kept and searched.
const LOG_LEN_MAX: usize = 8 * 1024 * 1024;

/// What is tested, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plugin.
    pub file: PathBuf,
    /// Its settings; null for none.
    pub settings: Value,
    /// Good answers of its vendor.
    pub samples: Samples,
    /// Only checks whose name contains this; empty for all.
    pub only: String,
    /// Runs the plugin in a process of its own, so that a crash is a fault with a name. What such
    /// a process logs is kept and searched like our own.
    pub isolation: Option<HostCommand>,
}

/// What came of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check: what was asked, and what the vendor did.
    pub check: String,
    /// What the plugin did wrong; `None` when it passed.
    pub fault: Option<String>,
}

/// What came of all checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The plugin's name and version.
    pub plugin: String,
    /// The checks, in order.
    pub findings: Vec<Finding>,
    /// What was not checked, and why.
    pub skipped: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

impl Report {
    /// No check failed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.findings.iter().all(|finding| finding.fault.is_none())
    }
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum KitError {
    /// The file is no plugin.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Loopback or the scratch folder cannot be used.
    #[error("preparing the checks: {0}")]
    Prepare(#[from] std::io::Error),
}

/// Keeps what the process logs, for the check that no secret and no code is in it.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() + bytes.len() <= LOG_LEN_MAX {
            kept.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Runs every check; `tell` hears of each as it ends, with how many there are.
///
/// # Errors
/// The file cannot be loaded at all, or the machine refuses a port or a folder.
pub async fn run(
    options: Options,
    log: Option<&Log>,
    mut tell: impl FnMut(&Finding, usize),
) -> Result<Report, KitError> {
    let started = Instant::now();
    let scratch = tempfile::tempdir()?;
    let (file, manifest) = describe(&options, &scratch).await?;
    let mut skipped = Vec::new();
    let speaks = manifest.base_url.is_some() || !manifest.hosts.is_empty();
    let mut trials = if speaks { hostile::trials(&manifest) } else { hostile::offline() };
    if !speaks {
        skipped.push("hostile answers: the plugin sends no requests".to_owned());
    } else if options.samples.is_empty() {
        skipped.push("drifted types, missing fields, money: no samples were given".to_owned());
    } else {
        trials.extend(samples::trials(&options.samples));
    }
    trials.retain(|trial| trial.name().contains(&options.only));
    let count = trials.len() + usize::from(log.is_some());
    let apart = scratch.path().join("log");
    let mut options = options;
    if let Some(command) = &mut options.isolation {
        command.log = Some(apart.clone());
    }
    let bench = Bench::open(&options, manifest.clone(), scratch.path().to_owned()).await?;
    let running = trials.iter().map(|trial| judge(&bench, trial));
    let mut running = futures_util::stream::iter(running).buffered(AT_ONCE);
    let mut findings = Vec::with_capacity(count);
    while let Some(finding) = running.next().await {
        tell(&finding, count);
        findings.push(finding);
    }
    drop(running);
    if let Some(log) = log {
        let text = log.text() + &read_log(&apart).await?;
        let fault = rules::leak(&text, &bench.secrets()).map(|leak| format!("the log {leak}"));
        let finding = Finding { check: "log: holds no secret and no code".to_owned(), fault };
        tell(&finding, count);
        findings.push(finding);
    }
    drop(file);
    let plugin = format!("{} {}", manifest.name, manifest.version);
    Ok(Report { plugin, findings, skipped, took: started.elapsed() })
}

/// What the plugin's own processes have logged, where there were any.
async fn read_log(path: &Path) -> std::io::Result<String> {
    let file = match tokio::fs::File::open(path).await {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(LOG_LEN_MAX as u64).read_to_end(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

async fn describe(
    options: &Options,
    scratch: &tempfile::TempDir,
) -> Result<(PluginFile, Manifest), KitError> {
    let (path, dir) = (options.file.clone(), scratch.path().to_owned());
    let read = move || {
        let file = ring4_providers::inspect(&path)?;
        let manifest = ring4_providers::describe(&file, &dir)?;
        Ok::<_, LoadError>((file, manifest))
    };
    let read = tokio::task::spawn_blocking(read).await;
    Ok(read.map_err(|error| std::io::Error::other(error.to_string()))??)
}

async fn judge(bench: &Bench, trial: &Trial) -> Finding {
    let fault = bench.run(trial).await;
    Finding { check: trial.name(), fault }
}
