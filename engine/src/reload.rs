//! Watches `config.yaml` and `scripts/`, and swaps a changed rule set in as one: built beside
//! the old one, proven, committed, then live. The start-up and the `check` verb import this.
//!
//! Folders are watched, never files: editors replace files, and a watch on a file that was
//! replaced is dead for ever. An event only means "look again"; what counts is whether the
//! content differs.

mod history;
mod params;
mod rulebook;
mod shelf;
mod telling;
mod watching;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use ring4_config::{Config, Env, Overrides};
use ring4_domain::change::{Activation, Actor};
use ring4_domain::command::Command;
use ring4_domain::ids::{RulesVersion, UserId};
use ring4_rules::{Files, Report, RuleSet, Sources};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::executor::SubmitError;
use crate::live::Live;
use crate::screens::keys::KEYS;
use crate::shop::Shop;
use crate::tasks;

pub use history::{Activated, activations};
pub use rulebook::{Comparison, PriceChange, Rulebook, Wish};
pub use shelf::{Shelf, ShelfError};

/// Where the rule set and the settings are read from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// `config.yaml`.
    pub config: PathBuf,
    /// The folder of scripts and message packs.
    pub scripts: PathBuf,
    /// The environment, `.env` included.
    pub env: Env,
    /// What the command line says.
    pub overrides: Overrides,
}

/// Under this name stands, in a rule set without a policy, the one that the engine was shipped
/// with: shops set up before there were policies go on. It is a part of the set like any file, so
/// that the version says what decides, and the shelf keeps it.
const SHIPPED_POLICY: &str = "shipped/policy.rhai";

/// The files with the shipped policy, where they have none.
fn completed(mut files: Files) -> Files {
    let is_policy = |name: &String| name.rsplit('/').next() == Some("policy.rhai");
    if !files.keys().any(is_policy) {
        let text = include_str!("../../scripts/policy.rhai").to_owned();
        files.insert(SHIPPED_POLICY.to_owned(), text);
    }
    files
}

/// A rule set that is proven, with the settings it came with.
#[derive(Debug)]
pub struct Built {
    /// All settings, those that need a restart included.
    pub config: Config,
    /// The live part, scripts and texts.
    pub live: Live,
    /// The bytes it was built from.
    pub files: Files,
    /// What works, but probably not as meant.
    pub warnings: Vec<String>,
}

impl Built {
    /// The same rule set under settings that are no part of one: who is an admin, where the data
    /// lies, which vendors and plugins there are. Going back to a rule set changes none of them.
    #[must_use]
    pub fn under(mut self, settings: &Config) -> Self {
        self.live.policy.admins = admins(settings);
        self.live.policy.admin_group = settings.fixed.telegram.admin_group;
        self.config.fixed = settings.fixed.clone();
        self
    }
}

fn admins(settings: &Config) -> BTreeSet<UserId> {
    settings.fixed.telegram.admins.iter().copied().collect()
}

/// What became of a save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is live.
    Ready {
        /// The new version.
        version: RulesVersion,
        /// The files that differ, for people.
        changed: String,
    },
    /// Nothing was changed.
    Rejected(String),
    /// It is live as far as it can be; these keys wait for a restart.
    RestartNeeded(Vec<String>),
    /// The content is what it was.
    Same,
}

impl Origin {
    /// Every file of the rule set, `config.yaml` included.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn read(&self) -> Result<Files, Report> {
        let folder = self.scripts.file_name().unwrap_or(self.scripts.as_os_str());
        let mut files = ring4_rules::read_files(&self.scripts, &folder.to_string_lossy())?;
        let name = self.config_name();
        let text = std::fs::read_to_string(&self.config).map_err(|error| {
            let hint = "`--config FILE` names another file";
            let reason = format!("cannot be read: {error}");
            Report::from(ring4_rules::Problem::whole_file(&name, reason).with_hint(hint))
        })?;
        files.insert(name, text);
        Ok(completed(files))
    }

    /// Where the data is, as far as the settings can be read: a broken script must not send the
    /// start to another folder.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        if let Some(data_dir) = &self.overrides.data_dir {
            return data_dir.clone();
        }
        let text = std::fs::read_to_string(&self.config).unwrap_or_default();
        match ring4_config::parse(&self.config_name(), &text, &self.env) {
            Ok(loaded) => loaded.config.fixed.storage.data_dir,
            Err(_) => PathBuf::from("data"),
        }
    }

    fn config_name(&self) -> String {
        let name = self.config.file_name().unwrap_or(self.config.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// The settings among these files, whatever is wrong with the scripts beside them.
    ///
    /// # Errors
    /// Everything that is wrong with the settings.
    pub fn settings(&self, files: &Files) -> Result<ring4_config::Loaded, Report> {
        let name = self.config_name();
        let text = files.get(&name).map(String::as_str).unwrap_or_default();
        let mut loaded = ring4_config::parse(&name, text, &self.env)?;
        loaded.config.apply(&self.overrides);
        Ok(loaded)
    }

    /// Builds and proves a rule set out of these files.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn build(&self, files: Files) -> Result<Built, Report> {
        let files = completed(files);
        let ring4_config::Loaded { config, mut warnings } = self.settings(&files)?;
        if files.contains_key(SHIPPED_POLICY) {
            warnings.push(format!(
                "policy.rhai is missing among the scripts: the one shipped with the engine \
                 decides, as {SHIPPED_POLICY}"
            ));
        }
        let params = params::of(&config.live);
        let rules = RuleSet::build(Sources {
            files: &files,
            params: &params,
            keys: &KEYS,
            default_language: &config.live.languages.default,
            languages: &config.live.languages.offered,
            catalogue: &params::catalogue(&config.live),
        })?;
        if config.live.deposits.auto_approve_below.is_positive() && !rules.judges_deposits() {
            warnings.push(
                "policy.rhai has no auto_approve(deposit): every deposit below \
                 deposits.auto_approve_below is credited as soon as its customer says so"
                    .to_owned(),
            );
        }
        let mut live = Live::new(config.live.clone(), rules, admins(&config));
        live.policy.admin_group = config.fixed.telegram.admin_group;
        Ok(Built { config, live, files, warnings })
    }
}

/// Keeps the shop's rule set what the files say.
pub struct Reloader {
    shop: Arc<Shop>,
    origin: Origin,
    shelf: Shelf,
    /// The settings the process was started with.
    started: Config,
    files: Files,
    /// What was refused last, so that it is not built again at every look.
    refused: Option<Files>,
    /// The rejection told last, so that the same fault is told once.
    told: Option<String>,
    /// What admins want.
    wishes: mpsc::Receiver<Wish>,
}

impl Reloader {
    /// A reloader of this shop, which runs on `files` now.
    #[must_use]
    pub fn new(
        shop: &Arc<Shop>,
        origin: Origin,
        shelf: Shelf,
        started: Config,
        files: Files,
        wishes: mpsc::Receiver<Wish>,
    ) -> Self {
        let shop = Arc::clone(shop);
        Self { shop, origin, shelf, started, files, refused: None, told: None, wishes }
    }

    /// Watches and swaps until told to stop; `poke` makes it look at once.
    ///
    /// # Errors
    /// Nothing can be committed any more; the next start reads the files as they are then.
    pub async fn run(
        mut self,
        poke: Arc<tokio::sync::Notify>,
        stop: CancellationToken,
    ) -> Result<(), SubmitError> {
        let (herald, outcomes) = telling::channel();
        let telling = telling::tell_all(Arc::clone(&self.shop), outcomes);
        let watching = async {
            let mut watch = watching::Watch::start(&self.origin);
            loop {
                // The first look is for what was saved before the watch began.
                let outcome = self.reload().await?;
                if self.is_news(&outcome) {
                    self.shop.rulebook.note(self.shop.clock.now(), outcome.clone());
                    herald.announce(outcome);
                }
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = watch.quiet() => {}
                    Some(wish) = self.wishes.recv() => {
                        let Wish { admin, trace, version, done } = wish;
                        let outcome = self.go_to(admin, &trace, version).await?;
                        if matches!(outcome, Outcome::Ready { .. }) {
                            herald.announce(outcome.clone());
                        }
                        // Nobody may wait any more.
                        let _ = done.send(outcome);
                    }
                    () = poke.notified() => {}
                }
            }
        };
        tokio::select! {
            ended = watching => ended,
            // It lives as long as the herald, which the watching has.
            () = telling => Ok(()),
        }
    }

    /// Whether anybody wants to hear of this outcome: not of a fault that was told before.
    fn is_news(&mut self, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Same => false,
            Outcome::Rejected(report) if self.told.as_ref() == Some(report) => false,
            Outcome::Rejected(report) => {
                self.told = Some(report.clone());
                true
            }
            Outcome::Ready { .. } | Outcome::RestartNeeded(_) => {
                self.told = None;
                true
            }
        }
    }

    /// Looks at the files once.
    ///
    /// # Errors
    /// Nothing can be committed any more.
    pub async fn reload(&mut self) -> Result<Outcome, SubmitError> {
        let origin = self.origin.clone();
        let read = tasks::block(move || origin.read()).await;
        let files = match read {
            Ok(Ok(files)) => files,
            Ok(Err(report)) => return Ok(Outcome::Rejected(report.to_string())),
            Err(error) => return Ok(Outcome::Rejected(error.to_string())),
        };
        if files == self.files {
            // What was wrong is put right; the same fault made again is told again.
            (self.refused, self.told) = (None, None);
            return Ok(Outcome::Same);
        }
        if self.refused.as_ref() == Some(&files) {
            return Ok(Outcome::Same);
        }
        let origin = self.origin.clone();
        let candidate = files.clone();
        let built = tasks::block(move || origin.build(candidate)).await;
        match built {
            Ok(Ok(built)) => self.swap(built).await,
            Ok(Err(report)) => {
                self.refused = Some(files);
                Ok(Outcome::Rejected(report.to_string()))
            }
            Err(error) => {
                self.refused = Some(files);
                Ok(Outcome::Rejected(format!("building the rule set failed: {error}")))
            }
        }
    }

    /// Makes a kept version live, over what the files say until they change.
    async fn go_to(
        &mut self,
        admin: UserId,
        trace: &str,
        version: RulesVersion,
    ) -> Result<Outcome, SubmitError> {
        let (origin, shelf) = (self.origin.clone(), self.shelf.clone());
        let build = move || {
            let files = shelf.fetch(version).map_err(|error| error.to_string())?;
            origin.build(files).map_err(|report| report.to_string())
        };
        let built = match tasks::block(build).await {
            Ok(Ok(built)) => built,
            Ok(Err(report)) => return Ok(Outcome::Rejected(report)),
            Err(error) => return Ok(Outcome::Rejected(error.to_string())),
        };
        let over = Some(ring4_rules::version_of(&self.files)).filter(|over| *over != version);
        self.put(built, over, Actor::Admin(admin), trace).await
    }

    async fn swap(&mut self, built: Built) -> Result<Outcome, SubmitError> {
        let files = built.files.clone();
        let keys = self.started.restart_keys(&built.config);
        let outcome = self.put(built, None, Actor::Engine, "reload").await?;
        if matches!(outcome, Outcome::Rejected(_)) {
            return Ok(outcome);
        }
        self.files = files;
        self.refused = None;
        Ok(if keys.is_empty() { outcome } else { Outcome::RestartNeeded(keys) })
    }

    /// Puts a proven rule set in place of the live one. Its files are on the shelf before the
    /// journal names their version, and what the journal names is what the next start runs.
    async fn put(
        &self,
        built: Built,
        over: Option<RulesVersion>,
        actor: Actor,
        trace: &str,
    ) -> Result<Outcome, SubmitError> {
        let before = self.shop.live.load_full();
        // What takes a restart does, as the report on it says.
        let Built { mut live, files, warnings, .. } = built;
        live.policy.admins.clone_from(&before.policy.admins);
        live.policy.admin_group = before.policy.admin_group;
        live.services_off = Arc::clone(&before.services_off);
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        let version = live.version();
        if let Err(error) = self.shelf.keep(version, &files) {
            // Without the copy a broken file at the next start would have nothing to fall back
            // to; the shop goes on with what it has.
            return Ok(Outcome::Rejected(error.to_string()));
        }
        let changed = self.describe(before.version(), &files);
        let since = match self.shop.snapshot().rules_since() {
            Ok(since) => since,
            Err(error) => return Ok(Outcome::Rejected(error.to_string())),
        };
        let command = Command::ActivateRules(Activation { version, over, before: since });
        // Activating is never refused.
        let _ = self.shop.submit(actor, trace, command).await?;
        self.shop.live.store(Arc::new(live));
        self.shop.menus_due.notify_one();
        Ok(Outcome::Ready { version, changed })
    }

    /// The files in which a rule set differs from the one that was live, for people.
    fn describe(&self, before: RulesVersion, files: &Files) -> String {
        let known = self.shelf.fetch(before).unwrap_or_else(|_| self.files.clone());
        rulebook::differing(&known, files).join(", ")
    }
}
