//! Puts a running shop together and takes it apart again. The verbs `run` and `demo`, and the
//! tests, import this.

mod updates;
mod vendors;

use std::io::ErrorKind;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ring4_config::Config;
use ring4_domain::change::{Activation, Actor};
use ring4_domain::command::Command;
use ring4_domain::ids::RulesVersion;
use ring4_rules::{Files, Report};
use ring4_storage::{OpenError, Recovery, Store, VerifyCommand};
use ring4_telegram::inbox::InboxError;
use ring4_telegram::intake::{Intake, IntakeEnd};
use ring4_telegram::sender::{Sender, SenderOptions};
use ring4_telegram::token::TokenError;
use ring4_telegram::webhook::{SecretError, WebhookError};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::catalogue;
use crate::chat::Chat;
use crate::clock::Clock;
use crate::control;
use crate::effects::Effects;
use crate::executor::{self, ExecutorThread, Health, NewsBoard, Stopped, SubmitError};
use crate::live;
use crate::menus::{Leftovers, Menus};
use crate::notices::{self, News, Topic, tell_admins};
use crate::reload::{Built, Origin, Reloader, Rulebook, Shelf, ShelfError, activations};
use crate::shipping::{Shipping, ShippingError};
use crate::shop::{Shop, ShopError};
use crate::tasks;
use crate::trouble::probing::Prober;
use crate::trouble::{Memory, Trouble};
use crate::vault::{self, KEYS, Keeper};
use updates::Updates;
use vendors::Vendors;

/// How long handlers may finish after the signal to stop; the rest waits for the next start.
const DRAIN_WITHIN: Duration = Duration::from_secs(4);

/// How long plugins may take to end; one that does not is left behind.
const PLUGINS_WITHIN: Duration = Duration::from_secs(1);

/// How long the executor may take to write what is queued.
const CLOSE_WITHIN: Duration = Duration::from_millis(2_500);

/// What an engine is started with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Where settings and rules come from.
    pub origin: Origin,
    /// The time.
    pub clock: Clock,
    /// A program that opens the state before this process does; see the storage.
    pub verify_command: Option<VerifyCommand>,
    /// Limits of what is sent.
    pub sender: SenderOptions,
    /// What outlives an engine that is opened again; new for every process.
    pub memory: Memory,
}

/// Why an engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Settings or rules are wrong, and no former rule set can stand in.
    #[error("{0}")]
    Rules(Report),
    /// The token is not of Telegram's form.
    #[error("BOT_TOKEN: {0}")]
    Token(#[from] TokenError),
    /// The journal or the state cannot be opened.
    #[error("opening the data folder: {0}")]
    Storage(#[from] ring4_storage::OpenError),
    /// The state cannot be read.
    #[error("reading the state: {0}")]
    Shop(#[from] ShopError),
    /// A rule set cannot be kept.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// A plugin cannot be loaded.
    #[error("{0}")]
    Plugin(#[from] ring4_providers::LoadError),
    /// The client for Telegram cannot be made.
    #[error("{0}")]
    Client(#[from] ring4_telegram::client::ClientError),
    /// Nothing can be posted to as configured.
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    /// The webhook has no secret.
    #[error("WEBHOOK_SECRET: {0}")]
    WebhookSecret(#[from] SecretError),
    /// Copies off the machine cannot be made as configured.
    #[error(transparent)]
    Shipping(#[from] ShippingError),
    /// The inbox cannot be opened.
    #[error("opening the inbox: {0}")]
    Inbox(#[from] ring4_telegram::inbox::InboxError),
    /// A thread cannot be started.
    #[error("starting a thread: {0}")]
    Thread(#[from] std::io::Error),
    /// The executor stopped while the engine was started.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// Backups cannot be made as the settings want them.
    #[error(transparent)]
    Backups(#[from] vault::NoEncryption),
    /// A blocking step panicked.
    #[error("a step of the start failed: {0}")]
    Step(#[from] tokio::task::JoinError),
}

impl StartError {
    /// Whether the disk has no room or takes no writes.
    #[must_use]
    pub fn is_of_disk(&self) -> bool {
        let kind = match self {
            Self::Storage(error) => error.io_kind(),
            Self::Shelf(error) => error.io_kind(),
            Self::Inbox(error) => error.io_kind(),
            _ => None,
        };
        matches!(
            kind,
            Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem)
        )
    }

    /// Whether a file could not be read or written, or is in use.
    #[must_use]
    pub fn is_of_files(&self) -> bool {
        match self {
            Self::Storage(OpenError::Locked(_)) | Self::Inbox(InboxError::InUse) => true,
            Self::Storage(error) => error.io_kind().is_some(),
            Self::Shelf(error) => error.io_kind().is_some(),
            Self::Inbox(error) => error.io_kind().is_some(),
            _ => false,
        }
    }
}

/// Why a running engine ended by itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum End {
    /// Telegram gives it no updates.
    #[error("{0}")]
    Intake(IntakeEnd),
    /// Something had stopped the selling and seems gone: start again in the same process.
    #[error("to be opened again")]
    Reopen,
    /// A part that must not end has ended.
    #[error("{0} has ended")]
    Part(&'static str),
}

/// A running engine.
pub struct Engine {
    shop: Arc<Shop>,
    intake: Intake,
    parts: JoinSet<&'static str>,
    stop: CancellationToken,
    /// Cancelled when the engine should be opened again.
    reopen: CancellationToken,
    poke: Arc<Notify>,
    thread: ExecutorThread,
    shipping: Option<Shipping>,
}

impl Engine {
    /// Starts a shop: recovers what is stored, loads rules and plugins, and begins to serve.
    ///
    /// # Errors
    /// See [`StartError`]; nothing is left running then.
    pub async fn start(setup: Setup) -> Result<Self, StartError> {
        let Setup { origin, clock, verify_command, sender: sender_options, memory } = setup;
        let program = verify_command.as_ref().map(|command| command.program.clone());
        let Opened { built, seen, store, recovery } = {
            let origin = origin.clone();
            tasks::block(move || open(&origin, verify_command)).await??
        };
        let Built { config, live, files, .. } = built;
        let data_dir = config.fixed.storage.data_dir.clone();
        let (shelf, version) = (Shelf::new(&data_dir), live.version());
        let live = live::cell(live);
        let Vendors { registry, catalogues, odds, market } =
            vendors::open(&config, &clock, &live).await?;
        let updates = Updates::open(&config, &data_dir, &clock).await?;
        let (client, reader, keyring) = (updates.client.clone(), store.reader(), store.keyring());
        let clock_behind = set_floor(&memory, &store, &clock)?;
        let board = Arc::new(NewsBoard::default());
        let (executor, thread) = {
            let (live, board) = (Arc::clone(&live), Arc::clone(&board));
            executor::start(store, live, clock.clone(), memory.floor.clone(), board)?
        };
        let backups = vault::backups(&config, program.as_deref());
        let (vault, inlet) = vault::vault(&backups, &data_dir);
        let shipping =
            Shipping::configured(&config, &origin.env, reader.clone(), clock.clone(), &live)?;
        let (notices, news) = notices::channel();
        let (rulebook, wishes) = Rulebook::new(origin.clone(), shelf.clone());
        let shop = Arc::new(Shop {
            clock,
            live,
            executor,
            reader,
            keyring,
            registry,
            switching: tokio::sync::Mutex::default(),
            catalogues,
            market,
            odds,
            sender: Sender::start(client.clone(), sender_options),
            client,
            username: OnceLock::new(),
            notices,
            rulebook: Arc::new(rulebook),
            menus_due: Notify::new(),
            menus_left: Leftovers::default(),
            vault,
            sightings: crate::sightings::Sightings::default(),
            shipped: shipping.as_ref().map(Shipping::status),
        });
        take_up(&shop, &recovery)?;
        activate(&shop, &shelf, version, &files).await?;
        let effects = Effects::restore(Arc::clone(&shop), board)?;
        let reloader = Reloader::new(&shop, origin, shelf, config.clone(), seen, wishes);
        let intake = updates.take(Chat::new(Arc::clone(&shop)), &config);
        let mut engine = Self {
            shop: Arc::clone(&shop),
            intake,
            parts: JoinSet::new(),
            stop: CancellationToken::new(),
            reopen: CancellationToken::new(),
            poke: Arc::new(Notify::new()),
            thread,
            shipping,
        };
        engine.start_parts(effects, reloader);
        engine.start_notices(news);
        engine.start_watches(memory, &config, clock_behind);
        engine.start_vault(Keeper::new(shop, backups, inlet, &recovery), recovery.clean);
        Ok(engine)
    }

    fn start_notices(&mut self, news: mpsc::Receiver<News>) {
        let (stop, shop) = (self.stop.clone(), Arc::clone(&self.shop));
        tasks::spawn_in(&mut self.parts, async move {
            stop.run_until_cancelled(notices::keep(shop, news)).await;
            "the notices"
        });
    }

    fn start_watch_over_updates(&mut self) {
        let (stop, shop) = (self.stop.clone(), Arc::clone(&self.shop));
        let undelivered = self.intake.undelivered();
        tasks::spawn_in(&mut self.parts, async move {
            if stop.run_until_cancelled(updates::watch(shop, undelivered)).await.is_some() {
                stop.cancelled().await;
            }
            "the watch over updates"
        });
    }

    fn start_watches(&mut self, memory: Memory, config: &Config, clock_behind: Option<u32>) {
        self.start_prober(memory, config, clock_behind);
        self.start_health(config);
        self.start_watch_over_updates();
    }

    fn start_health(&mut self, config: &Config) {
        let (health, stop) = (vendors::watch(&self.shop, config), self.stop.clone());
        tasks::spawn_in(&mut self.parts, async move {
            stop.run_until_cancelled(health.run()).await;
            "the vendors' health"
        });
    }

    fn start_prober(&mut self, memory: Memory, config: &Config, clock_behind: Option<u32>) {
        let storage = &config.fixed.storage;
        let (data_dir, min_free_mb) = (storage.data_dir.clone(), u64::from(storage.min_free_mb));
        let prober = Prober::new(Arc::clone(&self.shop), memory, data_dir, min_free_mb);
        let (stop, reopen) = (self.stop.clone(), self.reopen.clone());
        tasks::spawn_in(&mut self.parts, async move {
            if stop.run_until_cancelled(prober.run(clock_behind)).await.is_some() {
                reopen.cancel();
                stop.cancelled().await;
            }
            "the prober"
        });
    }

    fn start_vault(&mut self, keeper: Keeper, clean: bool) {
        let stop = self.stop.clone();
        tasks::spawn_in(&mut self.parts, async move {
            keeper.run(clean, stop).await;
            "the vault"
        });
        let (vault, stop) = (self.shop.vault.clone(), self.stop.clone());
        tasks::spawn_in(&mut self.parts, async move {
            if let Err(error) = control::serve(vault, stop.clone()).await {
                // The shop sells without it; only the command line has nobody to ask.
                tracing::error!(%error, "the control socket cannot be served");
                stop.cancelled().await;
            }
            "the control socket"
        });
    }

    fn start_parts(&mut self, effects: Effects, reloader: Reloader) {
        let stop = self.stop.clone();
        tasks::spawn_in(&mut self.parts, async move {
            // Whether it stopped or was stopped shows in the executor's health.
            let _ = effects.run(stop).await;
            "the effects room"
        });
        let (stop, poke) = (self.stop.clone(), Arc::clone(&self.poke));
        tasks::spawn_in(&mut self.parts, async move {
            if reloader.run(poke, stop.clone()).await.is_err() {
                stop.cancelled().await;
            }
            "the reloader"
        });
        let (stop, shop) = (self.stop.clone(), Arc::clone(&self.shop));
        tasks::spawn_in(&mut self.parts, async move {
            let (changes, mut told) = mpsc::channel::<catalogue::News>(1);
            let telling = async {
                while let Some((provider, difference)) = told.recv().await {
                    tell_admins(&shop, Topic::Catalogue, |voice| {
                        voice.catalogue_changed(&provider, &difference)
                    })
                    .await;
                }
            };
            let keeping = async { tokio::join!(shop.catalogues.keep(changes), telling) };
            stop.run_until_cancelled(keeping).await;
            "the catalogues"
        });
        let (stop, shop) = (self.stop.clone(), Arc::clone(&self.shop));
        tasks::spawn_in(&mut self.parts, async move {
            stop.run_until_cancelled(crate::vendors::watch(shop)).await;
            "the watch over the vendors"
        });
        let (stop, shop) = (self.stop.clone(), Arc::clone(&self.shop));
        tasks::spawn_in(&mut self.parts, async move {
            if stop.run_until_cancelled(crate::report::keep(shop)).await.is_some() {
                stop.cancelled().await;
            }
            "the daily report"
        });
        let (stop, market) = (self.stop.clone(), Arc::clone(&self.shop.market));
        tasks::spawn_in(&mut self.parts, async move {
            stop.run_until_cancelled(market.keep_fresh()).await;
            "the market"
        });
        let (stop, shop) = (self.stop.clone(), Arc::clone(&self.shop));
        tasks::spawn_in(&mut self.parts, async move {
            let restore = move || shop.odds.restore(&shop.snapshot());
            match tasks::block(restore).await {
                Ok(Ok(())) => {}
                // They are learnt anew from what is sold.
                Ok(Err(error)) => tracing::error!(%error, "the odds were not read back"),
                Err(error) => tracing::error!(%error, "the odds were not read back"),
            }
            stop.cancelled().await;
            "the odds"
        });
        let (stop, shop) = (self.stop.clone(), Arc::clone(&self.shop));
        tasks::spawn_in(&mut self.parts, async move {
            stop.run_until_cancelled(Menus::new(shop).run()).await;
            "the menus"
        });
    }

    /// The parts of the shop, for tests and tools in the same process.
    #[must_use]
    pub const fn shop(&self) -> &Arc<Shop> {
        &self.shop
    }

    /// Makes the reloader look at the files at once.
    pub fn poke(&self) {
        self.poke.notify_one();
    }

    /// Waits until the engine cannot go on by itself.
    pub async fn ended(&mut self) -> End {
        let mut health = self.shop.executor.health();
        tokio::select! {
            end = self.intake.ended() => End::Intake(end),
            Some(part) = self.parts.join_next() => End::Part(part.unwrap_or("a part")),
            () = self.reopen.cancelled() => End::Reopen,
            () = ended(&mut self.shipping) => End::Part("shipping"),
            _ = health.wait_for(|health| *health == Health::Ended) => End::Part("the executor"),
        }
    }

    /// Stops taking updates, lets running handlers finish, writes what is queued, and closes
    /// the store. Whatever was not finished waits in inbox and outbox.
    pub async fn stop(self) {
        let Self { shop, intake, mut parts, stop, reopen: _, poke: _, thread, shipping } = self;
        let troubled = shop.executor.health().borrow().trouble().is_some();
        match intake.stop(DRAIN_WITHIN).await {
            Ok(left) => tracing::info!(?left, "updates drained"),
            Err(error) => tracing::error!(%error, "the inbox did not close"),
        }
        drop(intake);
        stop.cancel();
        while parts.join_next().await.is_some() {}
        shop.sender.stop().await;
        if tokio::time::timeout(PLUGINS_WITHIN, shop.registry.shutdown()).await.is_err() {
            tracing::warn!("a plugin did not end in time");
        }
        drop(shop);
        let closing = tasks::block(move || thread.join().map(Store::close));
        match tokio::time::timeout(CLOSE_WITHIN, closing).await {
            Ok(Ok(Some(Ok(())))) => tracing::info!("closed"),
            Ok(Ok(Some(Err(error)))) if troubled => {
                tracing::info!(%error, "the store was left to the next start's recovery");
            }
            Ok(Ok(Some(Err(error)))) => tracing::error!(%error, "the store did not close cleanly"),
            Ok(_) => tracing::error!("the executor panicked; the next start looks at the journal"),
            Err(_) => tracing::error!("the executor did not end in time"),
        }
        // Last, so that what the executor wrote at last goes along.
        if let Some(shipping) = shipping {
            shipping.stop().await;
        }
    }
}

/// What was switched stays so, and where entries are lost nothing is sold.
fn take_up(shop: &Shop, recovery: &Recovery) -> Result<(), ShopError> {
    for switch in shop.snapshot().sales()? {
        shop.registry.set_sale(&switch.provider, switch.sale);
    }
    shop.take_services()?;
    if let Some(loss) = &recovery.read_only {
        shop.executor.halt(Trouble::EntriesLost { loss: loss.to_string() });
    }
    Ok(())
}

/// Waits for shipping to end by itself; for ever where nothing is shipped.
async fn ended(shipping: &mut Option<Shipping>) {
    match shipping {
        Some(shipping) => shipping.ended().await,
        None => std::future::pending().await,
    }
}

/// Notes in the journal which rule set is live; its files are on the shelf before.
async fn activate(
    shop: &Shop,
    shelf: &Shelf,
    version: RulesVersion,
    files: &Files,
) -> Result<(), StartError> {
    shelf.keep(version, files)?;
    let before = shop.snapshot().rules_since().map_err(ShopError::from)?;
    let command = Command::ActivateRules(Activation { version, over: None, before });
    match shop.submit(Actor::Engine, "start", command).await {
        // Activating is never refused. In trouble the shop is there to be read.
        Ok(_) | Err(SubmitError::Trouble) => Ok(()),
        Err(SubmitError::Stopped(stopped)) => Err(stopped.into()),
    }
}

/// Builds the rule set from the files, or from the last good ones, and opens the store.
fn open(origin: &Origin, verify_command: Option<VerifyCommand>) -> Result<Opened, StartError> {
    let read = origin.read();
    // A broken script beside them takes nothing from the settings.
    let settings = read.as_ref().ok().and_then(|files| origin.settings(files).ok());
    let settings = settings.map(|loaded| loaded.config);
    let fresh = read.and_then(|files| origin.build(files));
    let data_dir = match &settings {
        Some(settings) => settings.fixed.storage.data_dir.clone(),
        None => origin.data_dir(),
    };
    let fresh = match fresh {
        Err(report) if !data_dir.join("rules").is_dir() => return Err(StartError::Rules(report)),
        fresh => fresh,
    };
    let (backups, backup_key) = match &settings {
        Some(settings) => {
            vault::check(&settings.fixed)?;
            (settings.fixed.backup_dir(), vault::key(&settings.fixed))
        }
        None => (data_dir.join("backups"), None),
    };
    let options = ring4_storage::Options {
        verify_command,
        keys_mirror: Some(backups.join(KEYS)),
        backups: Some(backups),
        backup_key,
        ..ring4_storage::Options::default()
    };
    let (store, recovery) = Store::open(&data_dir, &options)?;
    if recovery.events.is_empty() {
        tracing::info!(clean = recovery.clean, entries = recovery.head.seq.0, "store opened");
    } else {
        tracing::warn!(?recovery, "store opened after repairs");
    }
    let (built, seen) = elect(origin, fresh, settings, &store, &Shelf::new(&data_dir))?;
    for warning in &built.warnings {
        tracing::warn!("{warning}");
    }
    Ok(Opened { built, seen, store, recovery })
}

/// What a start finds: the rule set, the files that were looked at for it, the store.
struct Opened {
    built: Built,
    seen: Files,
    store: Store,
    recovery: Recovery,
}

/// The rule set to run, and the files that count as looked at for it. That is what the files say,
/// unless an admin chose another version over just these files, or they are broken; then it is
/// what the journal names. The settings that are no part of a rule set stay those of the files.
fn elect(
    origin: &Origin,
    fresh: Result<Built, Report>,
    settings: Option<Config>,
    store: &Store,
    shelf: &Shelf,
) -> Result<(Built, Files), StartError> {
    let last = activations(&store.snapshot(), None, 1).map_err(ShopError::from)?;
    let last = last.first().map(|last| last.activation);
    let kept = |version| origin.build(shelf.fetch(version)?).map_err(StartError::Rules);
    match (fresh, last) {
        (Ok(fresh), Some(last)) if last.over == Some(fresh.live.version()) => {
            match kept(last.version) {
                Ok(chosen) => {
                    let version = last.version;
                    tracing::warn!(%version, "a rule set is live that an admin chose");
                    Ok((chosen.under(&fresh.config), fresh.files))
                }
                Err(error) => {
                    tracing::error!(%error, "the rule set that an admin chose does not hold");
                    let seen = fresh.files.clone();
                    Ok((fresh, seen))
                }
            }
        }
        (Ok(fresh), _) => {
            let seen = fresh.files.clone();
            Ok((fresh, seen))
        }
        (Err(report), Some(last)) => {
            tracing::error!("settings or rules are broken; the last good ones run\n{report}");
            let good = kept(last.version).map_err(|error| {
                tracing::error!(%error, "no former rule set can stand in");
                StartError::Rules(report)
            })?;
            // An admin who was taken out of the files does not come back with a former version.
            let files = last.over.and_then(|over| shelf.fetch(over).ok());
            let of_files = || Some(origin.settings(&files?).ok()?.config);
            let good = match settings.or_else(of_files) {
                Some(settings) => good.under(&settings),
                None => good,
            };
            let seen = good.files.clone();
            Ok((good, seen))
        }
        (Err(report), None) => Err(StartError::Rules(report)),
    }
}

/// Sees to it that no entry is dated before the last one. Returns how many seconds the clock
/// stands behind it, if this process takes it so.
fn set_floor(memory: &Memory, store: &Store, clock: &Clock) -> Result<Option<u32>, ShopError> {
    let last = store.snapshot().entry(store.head().seq)?;
    let Some(last) = last else { return Ok(None) };
    let behind = memory.floor.begin(clock.now(), last.at);
    if let Some(secs) = behind {
        tracing::warn!(secs, "the clock stands behind the last entry and is taken as it is");
    }
    Ok(behind)
}
