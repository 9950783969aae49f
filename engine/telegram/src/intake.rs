//! The way in: polls, stores each batch in the inbox before the next poll confirms it, and hands
//! the updates to a handler; or serves a webhook, and confirms each post when it is stored. The
//! middle writes the handler and starts the intake.
//!
//! - One chat's updates are handled one after the other, different chats at the same time, at most
//!   `workers` in all. A chat that floods waits in its own lane; of its excess only the place in
//!   the inbox is kept in memory. When `waiting_max` updates wait or the inbox is full, polling
//!   pauses and Telegram keeps the rest.
//! - When the inbox cannot be written, a batch is handled from memory, and the next poll, or the
//!   answer to a post, which confirms it, waits until all of it is handled: a crash repeats it and
//!   loses nothing.
//! - An update is marked done after its handler returned. What was running or waiting when the
//!   process died runs again at the next start, so handlers must bear to see an update twice.
//! - A handler that panics is run once more; if it panics again, [`Handler::panicked`] may
//!   apologise, and the update is done.

mod lanes;
mod polling;
mod posted;
mod worker;

use std::convert::Infallible;
use std::future::Future;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::client::Client;
use crate::inbound::{InboundError, Incoming, read_update_id};
use crate::inbox::{Entry, Inbox, InboxError, RawUpdate};
use crate::webhook::{self, Taker, Webhook};
use lanes::Lanes;

/// What is done about an update.
pub trait Handler: Send + Sync + 'static {
    /// Handles one update. It must end by itself in bounded time: it keeps its chat and a worker
    /// busy. It may be called twice for one update, after a crash or a panic.
    fn handle(&self, incoming: &Incoming) -> impl Future<Output = ()> + Send;

    /// Told when [`Handler::handle`] panicked twice for this update, to apologise.
    fn panicked(&self, incoming: &Incoming) -> impl Future<Output = ()> + Send;
}

impl<H: Handler> Handler for Arc<H> {
    fn handle(&self, incoming: &Incoming) -> impl Future<Output = ()> + Send {
        H::handle(self, incoming)
    }

    fn panicked(&self, incoming: &Incoming) -> impl Future<Output = ()> + Send {
        H::panicked(self, incoming)
    }
}

/// Limits and times of the intake.
#[derive(Clone, Debug)]
pub struct IntakeOptions {
    /// How long the server may hold a poll, in whole seconds; it caps it at 50.
    pub poll_timeout: Duration,
    /// How much longer than that we wait for the answer.
    pub answer_timeout: Duration,
    /// Updates per poll, 1 to 100.
    pub batch_max: u8,
    /// Handlers running at the same time.
    pub workers: usize,
    /// Updates of one chat kept ready in memory.
    pub lane_ready_max: usize,
    /// Updates of all chats kept ready in memory.
    pub ready_max: usize,
    /// Updates waiting, in memory or in the inbox only; then polling pauses.
    pub waiting_max: usize,
    /// The longest wait after failed polls.
    pub backoff_max: Duration,
    /// Conflicts, each within a minute of the one before, until another poller is believed to be
    /// there to stay.
    pub conflicts_max: u32,
}

impl Default for IntakeOptions {
    fn default() -> Self {
        Self {
            poll_timeout: Duration::from_secs(25),
            answer_timeout: Duration::from_secs(15),
            batch_max: 100,
            workers: 64,
            lane_ready_max: 16,
            ready_max: 4_096,
            waiting_max: 100_000,
            backoff_max: Duration::from_secs(15),
            conflicts_max: 5,
        }
    }
}

/// Why the intake takes no more updates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntakeEnd {
    /// It was asked to stop.
    #[error("the intake was stopped")]
    Stopped,
    /// The token is wrong or was revoked.
    #[error("Telegram does not accept the bot token")]
    Unauthorized,
    /// Another instance polls with the same token, or keeps setting a webhook. Two instances
    /// would take updates from each other.
    #[error("{}", if *webhook {
        "a webhook is set for this bot, so polling is not allowed"
    } else {
        "another instance is running with this bot token"
    })]
    Conflict {
        /// A webhook, not another poller.
        webhook: bool,
    },
}

/// An update handed in by [`Intake::accept`] was not taken; it is to be sent again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// The text has no update number.
    #[error("not an update")]
    Unreadable,
    /// Too many updates wait.
    #[error("too many updates wait")]
    Busy,
    /// The intake is stopped.
    #[error("the intake is stopped")]
    Stopped,
    /// It could not be stored.
    #[error(transparent)]
    Inbox(#[from] InboxError),
}

/// Figures since the start, except `running` and `waiting`, which are of this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IntakeCounts {
    /// New updates stored.
    pub received: u64,
    /// Updates that were known already.
    pub duplicates: u64,
    /// Handlers that returned, or panicked for good.
    pub handled: u64,
    /// Updates that could not be read.
    pub rejected: u64,
    /// Panics of handlers.
    pub panicked: u64,
    /// Polls that failed, and attempts to set a webhook.
    pub failed_polls: u64,
    /// Handlers running.
    pub running: u64,
    /// Updates waiting for a worker.
    pub waiting: u64,
}

#[derive(Default)]
struct Counters {
    received: AtomicU64,
    duplicates: AtomicU64,
    handled: AtomicU64,
    rejected: AtomicU64,
    panicked: AtomicU64,
    failed_polls: AtomicU64,
    running: AtomicU64,
}

impl Counters {
    /// Updates that came, new ones and those that had come before.
    fn posts(&self) -> u64 {
        self.received.load(Relaxed).saturating_add(self.duplicates.load(Relaxed))
    }

    fn count_failed_poll(&self) {
        self.failed_polls.fetch_add(1, Relaxed);
    }
}

/// What the poller, the workers and the handle share.
struct Core {
    inbox: Inbox,
    lanes: Mutex<Lanes>,
    /// One permit per lane in the line.
    work: Semaphore,
    stop: CancellationToken,
    counters: Counters,
    waiting_max: usize,
    /// Whether the inbox did not take what came last.
    unstored: AtomicBool,
    /// Updates that are being taken in; none is left half taken by a caller that goes away.
    taking: TaskTracker,
    last_poll: Mutex<Option<Instant>>,
    undelivered: watch::Sender<Option<String>>,
    ended: watch::Sender<Option<IntakeEnd>>,
}

impl Core {
    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        // Nothing panics while it is held, so a poisoned lock guards sound lanes.
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn polled(&self) {
        *self.last_poll.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn end(&self, end: IntakeEnd) {
        self.ended.send_if_modified(|ended| {
            let first = ended.is_none();
            if first {
                *ended = Some(end);
            }
            first
        });
    }

    /// Notes what keeps Telegram from delivering; whether that is news.
    fn undelivered(&self, words: Option<String>) -> bool {
        self.undelivered.send_if_modified(|known| {
            let is_news = known.is_some() != words.is_some();
            if is_news {
                *known = words;
            }
            is_news
        })
    }

    /// Takes one update that was posted or handed in.
    async fn accept(&self, raw: Bytes) -> Result<(), AcceptError> {
        if self.stop.is_cancelled() {
            return Err(AcceptError::Stopped);
        }
        if self.lanes().waiting() >= self.waiting_max {
            return Err(AcceptError::Busy);
        }
        let Some(update_id) = read_update_id(&raw) else {
            self.reject_unnumbered(raw);
            return Err(AcceptError::Unreadable);
        };
        self.keep(Arc::new([RawUpdate { update_id, raw }])).await?;
        Ok(())
    }

    /// Stores a batch and hands it out, or handles it when the disk does not take it.
    async fn keep(&self, batch: Arc<[RawUpdate]>) -> Result<(), InboxError> {
        match self.take_in(Arc::clone(&batch)).await {
            Ok(()) => {
                if self.unstored.swap(false, Relaxed) {
                    tracing::info!("updates are stored again");
                }
                Ok(())
            }
            Err(error @ (InboxError::Io { .. } | InboxError::Broken { .. })) => {
                if !self.unstored.swap(true, Relaxed) {
                    tracing::error!(%error, "updates are handled from memory for now");
                }
                tokio::select! {
                    () = self.handle_unstored(&batch) => Ok(()),
                    // Unconfirmed, it comes again after the start.
                    () = self.stop.cancelled() => Err(InboxError::Unavailable),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Stores a batch and hands it out. When it returns, the batch is durable.
    async fn take_in(&self, batch: Arc<[RawUpdate]>) -> Result<(), InboxError> {
        let storing = self.inbox.append(Arc::clone(&batch))?;
        // Reading them takes about as long as a fast disk's sync, so both are done at once.
        let parsed: Vec<_> = batch.iter().map(|update| Incoming::parse(&update.raw)).collect();
        let entries = storing.await.map_err(|_| InboxError::Unavailable)??;
        for ((update, parsed), entry) in batch.iter().zip(parsed).zip(entries) {
            match entry {
                Some(entry) => {
                    self.counters.received.fetch_add(1, Relaxed);
                    self.dispatch(entry, &update.raw, parsed);
                }
                None => {
                    self.counters.duplicates.fetch_add(1, Relaxed);
                }
            }
        }
        Ok(())
    }

    fn dispatch(&self, entry: Entry, raw: &Bytes, parsed: Result<Incoming, InboundError>) {
        match parsed {
            Ok(incoming) => {
                if self.lanes().push(incoming, entry) {
                    self.work.add_permits(1);
                }
            }
            Err(error) => self.reject(entry, raw.clone(), &error),
        }
    }

    fn reject(&self, entry: Entry, raw: Bytes, error: &InboundError) {
        tracing::warn!(update_id = entry.update_id, %error, "an update was rejected");
        self.counters.rejected.fetch_add(1, Relaxed);
        self.inbox.keep_reject(raw);
        self.inbox.mark_done(entry);
    }

    /// Handles a batch that could not be stored. When it returns, all of it is handled.
    async fn handle_unstored(&self, batch: &[RawUpdate]) {
        let (held, mut handled) = mpsc::channel(1);
        for RawUpdate { update_id, raw } in batch {
            self.counters.received.fetch_add(1, Relaxed);
            match Incoming::parse(raw) {
                Ok(incoming) => {
                    if self.lanes().push_unstored(incoming, held.clone()) {
                        self.work.add_permits(1);
                    }
                }
                Err(error) => {
                    tracing::warn!(update_id, %error, "an update was rejected");
                    self.counters.rejected.fetch_add(1, Relaxed);
                }
            }
        }
        drop(held);
        // Nothing is sent: it ends when the last update lets go of its end.
        let _: Option<Infallible> = handled.recv().await;
    }

    fn reject_unnumbered(&self, raw: Bytes) {
        tracing::warn!("an update without a number was rejected");
        self.counters.rejected.fetch_add(1, Relaxed);
        self.inbox.keep_reject(raw);
    }

    /// Hands out what the last process left undone, oldest first.
    async fn replay(&self) {
        for entry in self.inbox.take_undone() {
            if self.stop.is_cancelled() {
                return;
            }
            match self.inbox.read(entry).await {
                Ok(raw) => {
                    let parsed = Incoming::parse(&raw);
                    self.dispatch(entry, &raw, parsed);
                }
                Err(error) => {
                    let update_id = entry.update_id;
                    tracing::error!(update_id, %error, "a stored update is unread");
                }
            }
        }
    }
}

impl Taker for Core {
    /// An update that is stored and not handed out would wait for the next start, so taking it
    /// goes on when the connection that brought it is gone.
    fn take(
        self: &Arc<Self>,
        raw: Bytes,
    ) -> impl Future<Output = Result<(), AcceptError>> + Send + 'static {
        let core = Arc::clone(self);
        let taking = self.taking.spawn(async move { core.accept(raw).await });
        async move { taking.await.unwrap_or(Err(AcceptError::Stopped)) }
    }
}

/// What was left when the intake stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Handlers that had to be aborted; their updates run again at the next start.
    pub aborted: u64,
    /// Updates that never began; they run at the next start.
    pub waiting: u64,
}

/// The running update loop. Dropping it stops it at once, as a crash would.
pub struct Intake {
    core: Arc<Core>,
    poller: Mutex<Option<JoinHandle<()>>>,
    workers: Mutex<JoinSet<()>>,
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.core.stop.cancel();
        if let Some(poller) = self.poller.get_mut().ok().and_then(Option::take) {
            poller.abort();
        }
    }
}

impl Intake {
    /// Hands out what the inbox has undone, then polls, until stopped. Must be called inside a
    /// tokio runtime. A webhook that is set is removed first, with its waiting updates kept.
    pub fn start<H: Handler>(
        client: Client,
        inbox: Inbox,
        handler: H,
        options: IntakeOptions,
    ) -> Self {
        let intake = Self::start_without_polling(inbox, handler, &options);
        let core = Arc::clone(&intake.core);
        let poller = tokio::spawn(async move {
            core.replay().await;
            polling::poll(core, client, options).await;
        });
        *intake.poller.lock().unwrap_or_else(PoisonError::into_inner) = Some(poller);
        intake
    }

    /// As [`Intake::start`], for updates that Telegram posts: hands out what the inbox has undone,
    /// serves the webhook, and sets it with the updates that wait kept.
    pub fn start_webhook<H: Handler>(
        client: Client,
        inbox: Inbox,
        handler: H,
        options: IntakeOptions,
        webhook: Webhook,
    ) -> Self {
        let intake = Self::start_without_polling(inbox, handler, &options);
        let core = Arc::clone(&intake.core);
        let poller = tokio::spawn(async move {
            core.replay().await;
            let asked = webhook.options.clone();
            let serving = webhook::serve(webhook, Arc::clone(&core), core.stop.clone());
            tokio::join!(serving, posted::keep_set(Arc::clone(&core), client, options, asked));
        });
        *intake.poller.lock().unwrap_or_else(PoisonError::into_inner) = Some(poller);
        intake
    }

    /// As [`Intake::start`], for updates that come by [`Intake::accept`] only.
    pub fn start_passive<H: Handler>(inbox: Inbox, handler: H, options: &IntakeOptions) -> Self {
        let intake = Self::start_without_polling(inbox, handler, options);
        let core = Arc::clone(&intake.core);
        let poller = tokio::spawn(async move { core.replay().await });
        *intake.poller.lock().unwrap_or_else(PoisonError::into_inner) = Some(poller);
        intake
    }

    fn start_without_polling<H: Handler>(
        inbox: Inbox,
        handler: H,
        options: &IntakeOptions,
    ) -> Self {
        let core = Arc::new(Core {
            inbox,
            lanes: Mutex::new(Lanes::new(options.lane_ready_max, options.ready_max)),
            work: Semaphore::new(0),
            stop: CancellationToken::new(),
            counters: Counters::default(),
            waiting_max: options.waiting_max,
            unstored: AtomicBool::new(false),
            taking: TaskTracker::new(),
            undelivered: watch::Sender::new(None),
            last_poll: Mutex::new(None),
            ended: watch::Sender::new(None),
        });
        let handler = Arc::new(handler);
        let mut workers = JoinSet::new();
        for _ in 0..options.workers.max(1) {
            workers.spawn(worker::work(Arc::clone(&core), Arc::clone(&handler)));
        }
        Self { core, poller: Mutex::new(None), workers: Mutex::new(workers) }
    }

    /// Takes one update from its JSON text, as the webhook does. When it returns, the update may be
    /// confirmed: it is durable or, while the disk takes no writes, handled; a known one is
    /// dropped quietly.
    ///
    /// # Errors
    /// [`AcceptError`]: it was not stored and must be sent again.
    pub async fn accept(&self, raw: Bytes) -> Result<(), AcceptError> {
        self.core.take(raw).await
    }

    /// What keeps Telegram from posting updates to the webhook, in its own words; `None` while
    /// nothing does. Polling leaves it so.
    #[must_use]
    pub fn undelivered(&self) -> watch::Receiver<Option<String>> {
        self.core.undelivered.subscribe()
    }

    /// Waits until polling ends, and tells why. The middle leaves the process on anything but
    /// [`IntakeEnd::Stopped`].
    pub async fn ended(&self) -> IntakeEnd {
        let mut ended = self.core.ended.subscribe();
        let end = ended.wait_for(Option::is_some).await;
        end.ok().and_then(|end| end.clone()).unwrap_or(IntakeEnd::Stopped)
    }

    /// The time since the last successful poll, or look at the webhook, for health checks.
    #[must_use]
    pub fn last_poll(&self) -> Option<Duration> {
        let last = *self.core.last_poll.lock().unwrap_or_else(PoisonError::into_inner);
        last.map(|at| at.elapsed())
    }

    /// Figures for people and metrics.
    #[must_use]
    pub fn counts(&self) -> IntakeCounts {
        let counters = &self.core.counters;
        IntakeCounts {
            received: counters.received.load(Relaxed),
            duplicates: counters.duplicates.load(Relaxed),
            handled: counters.handled.load(Relaxed),
            rejected: counters.rejected.load(Relaxed),
            panicked: counters.panicked.load(Relaxed),
            failed_polls: counters.failed_polls.load(Relaxed),
            running: counters.running.load(Relaxed),
            waiting: u64::try_from(self.core.lanes().waiting()).unwrap_or(u64::MAX),
        }
    }

    /// Stops polling, lets running handlers finish for at most `within`, aborts the rest, and
    /// closes the inbox. What did not finish runs at the next start.
    ///
    /// # Errors
    /// The inbox could not write the last done marks: their updates will run again.
    pub async fn stop(&self, within: Duration) -> Result<Left, InboxError> {
        let deadline = Instant::now() + within;
        self.core.stop.cancel();
        self.core.end(IntakeEnd::Stopped);
        let poller = self.poller.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut poller) = poller {
            // A webhook's open requests are answered first. Whatever is cut short, its update is
            // either in the inbox or unconfirmed.
            if tokio::time::timeout_at(deadline, &mut poller).await.is_err() {
                poller.abort();
                let _aborted = poller.await;
            }
        }
        self.core.taking.close();
        let _late = tokio::time::timeout_at(deadline, self.core.taking.wait()).await;
        let mut workers = {
            let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *workers)
        };
        let finishing = async { while workers.join_next().await.is_some() {} };
        let aborted = match tokio::time::timeout_at(deadline, finishing).await {
            Ok(()) => 0,
            Err(_) => self.core.counters.running.load(Relaxed),
        };
        workers.shutdown().await;
        let waiting = u64::try_from(self.core.lanes().waiting()).unwrap_or(u64::MAX);
        self.core.inbox.close().await?;
        Ok(Left { aborted, waiting })
    }
}
