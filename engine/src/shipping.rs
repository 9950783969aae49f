//! What happens in the shop, and its backups, on their way to another disk or machine. The
//! engine starts this; commands look at its [`Status`].
//!
//! Entries go out as pieces of the journal, a MiB or a second's worth each, whichever comes
//! first. How far the place has come is found by looking there and comparing chain hashes with
//! our own, at start and after every outage; a second truth on this disk could only be wrong.
//! Nothing that is there is overwritten, except the files of keys, which grow; what rotation
//! and forgetting remove here is removed there. Selling never waits for any of this.

mod copies;
mod fetch;
mod keys;
mod names;
mod outage;
mod setup;
mod survey;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ring4_domain::change::Seq;
use ring4_domain::ids::Timestamp;
use ring4_offsite::{Offsite, OffsiteError};
use ring4_storage::{CutError, Head, Piece, ReadError, Reader};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::clock::Clock;
use crate::tasks;
use copies::Copies;
pub use fetch::{Choice, FetchError, Fetched, fetch_shop};
use keys::Keys;
use outage::Outage;
pub use setup::{ShippingError, open_place, opening, sealing};
use survey::Survey;

/// Bytes of entries that are not kept waiting for a second.
const PIECE_BYTES_DUE: usize = 1 << 20;
/// How long an entry waits for others to go with it.
const SEAL_WITHIN: Duration = Duration::from_secs(1);
/// How often new entries are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long the last entries may take after the signal to stop.
const FLUSH_WITHIN: Duration = Duration::from_secs(1);

/// Turns bytes into other bytes, or says why not.
pub type Transform = Arc<dyn Fn(&[u8]) -> Result<Vec<u8>, String> + Send + Sync>;

/// What shipping works with.
#[derive(Clone)]
pub struct ShippingOptions {
    /// Where to.
    pub offsite: Offsite,
    /// The shop.
    pub reader: Reader,
    /// The time.
    pub clock: Clock,
    /// The folder of the backups, with the folder `keys` in it.
    pub backup_dir: PathBuf,
    /// Backups kept of each kind.
    pub kept_per_kind: Arc<dyn Fn() -> usize + Send + Sync>,
    /// Encrypts pieces and keys; backups are as they are.
    pub seal: Option<Transform>,
    /// How often what is not needed any more is removed, and small pieces are put together.
    pub tend_every: Duration,
}

/// How far shipping has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Where to; without credentials.
    pub target: String,
    /// The last entry that is there; `None` until the place was looked at.
    pub shipped: Option<Seq>,
    /// When that was last confirmed.
    pub shipped_at: Option<Timestamp>,
    /// Entries that are not there yet.
    pub waiting: u64,
    /// Since when the oldest of them waits.
    pub waiting_since: Option<Timestamp>,
    /// Backups that are there; `None` until the place was looked at.
    pub backups: Option<usize>,
    /// Why entries do not get there at the moment.
    pub journal_error: Option<String>,
    /// Why backups or keys do not get there at the moment.
    pub copies_error: Option<String>,
}

impl Status {
    /// How long the oldest entry that is not there has been waiting, in whole seconds.
    #[must_use]
    pub fn lag_secs(&self, now: Timestamp) -> u64 {
        let since = self.waiting_since.map_or(0, |since| now.0.saturating_sub(since.0));
        u64::try_from(since / 1_000).unwrap_or_default()
    }
}

/// Something does not get there.
#[derive(Debug, thiserror::Error)]
pub enum ShipError {
    /// The place failed.
    #[error(transparent)]
    Offsite(#[from] OffsiteError),
    /// The shop cannot be read.
    #[error("read the shop: {0}")]
    Read(#[from] ReadError),
    /// A piece cannot be cut.
    #[error("cut a piece: {0}")]
    Cut(#[from] CutError),
    /// A piece or a file of keys cannot be encrypted.
    #[error("encrypt: {0}")]
    Seal(String),
    /// A file of ours cannot be read.
    #[error("read {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// What is there belongs to somebody else, and must be neither mixed with ours nor removed.
    #[error(
        "another shop's journal is there ({0} pieces), and nothing of this one; choose another \
         folder or prefix, or restore from it first"
    )]
    Stranger(usize),
    /// A blocking step panicked or was given up.
    #[error("a step failed: {0}")]
    Step(#[from] tokio::task::JoinError),
}

/// Shipping under way.
#[derive(Debug)]
pub struct Shipping {
    status: watch::Receiver<Status>,
    stop: DropGuard,
    task: JoinHandle<()>,
}

impl Shipping {
    /// Starts it. The place need not be reachable.
    #[must_use]
    pub fn start(options: ShippingOptions) -> Self {
        let target = options.offsite.target().to_string();
        tracing::info!(%target, "copies are shipped");
        let (status, watched) = watch::channel(Status {
            target,
            shipped: None,
            shipped_at: None,
            waiting: 0,
            waiting_since: None,
            backups: None,
            journal_error: None,
            copies_error: None,
        });
        let stop = CancellationToken::new();
        let status = Arc::new(status);
        let copies = Copies::new(options.clone(), Arc::clone(&status));
        let journal = JournalRoom {
            options,
            status,
            reach: None,
            waiting: None,
            bytes_due: PIECE_BYTES_DUE,
            look_at: Instant::now(),
            outage: Outage::new("the journal"),
            keys: Keys::default(),
        };
        let token = stop.clone();
        let task = tasks::spawn(async move {
            tokio::join!(journal.run(token.clone()), copies.run(token));
        });
        Self { status: watched, stop: stop.drop_guard(), task }
    }

    /// How far it has come.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Waits for an end that nobody asked for: a panic.
    pub async fn ended(&mut self) {
        // However it ended, it has ended.
        let _ = (&mut self.task).await;
    }

    /// Ships what is left, for at most a second, and ends.
    pub async fn stop(self) {
        drop(self.stop);
        if self.task.await.is_err() {
            tracing::error!("shipping has panicked");
        }
    }
}

/// Ships entries.
struct JournalRoom {
    options: ShippingOptions,
    status: Arc<watch::Sender<Status>>,
    /// How far the place has come; `None` when it must be looked at first.
    reach: Option<Head>,
    /// Since when the oldest entry waits.
    waiting: Option<Instant>,
    /// Bytes of the next piece. Smaller only after a conflict: another cut has another name.
    bytes_due: usize,
    /// When to look at the place again, though nothing failed: it may have been emptied.
    look_at: Instant,
    outage: Outage,
    /// The keys that the entries are sealed with.
    keys: Keys,
}

impl JournalRoom {
    async fn run(mut self, stop: CancellationToken) {
        let mut pause = LOOK_EVERY;
        loop {
            let step = async {
                tokio::time::sleep(pause).await;
                self.step(false).await
            };
            // What is given up in the middle is found out, or put again, by whoever is next.
            let Some(step) = stop.run_until_cancelled(step).await else { break };
            pause = self.judge(step);
        }
        match tokio::time::timeout(FLUSH_WITHIN, self.step(true)).await {
            Ok(Ok(())) => tracing::info!("the last entries are shipped"),
            Ok(Err(error)) => tracing::warn!(%error, "the last entries are not shipped"),
            Err(_) => tracing::warn!("the last entries are not shipped: no time left"),
        }
    }

    /// What a step means for the next one.
    fn judge(&mut self, step: Result<(), ShipError>) -> Duration {
        let error = step.as_ref().err().map(ToString::to_string);
        self.status.send_if_modified(|status| {
            let changed = status.journal_error != error;
            status.journal_error = error;
            changed
        });
        match step {
            Ok(()) => {
                self.outage.over();
                LOOK_EVERY
            }
            Err(error) => {
                if matches!(error, ShipError::Offsite(OffsiteError::Conflict(_))) {
                    self.bytes_due = (self.bytes_due / 2).max(1);
                }
                // Whatever is there after an outage, it need not be what was there before.
                self.reach = None;
                self.outage.note(&error)
            }
        }
    }

    /// Ships whatever is due, or, at the end, everything.
    async fn step(&mut self, last: bool) -> Result<(), ShipError> {
        let mut reach = match self.reach {
            Some(reach) if last || Instant::now() < self.look_at => reach,
            _ => self.look().await?,
        };
        loop {
            let (snapshot, due) = (self.options.reader.snapshot(), self.bytes_due);
            let cut = tasks::block(move || {
                let piece = snapshot.piece_after(reach, due)?;
                Ok::<_, ShipError>((piece, snapshot.head()?))
            });
            let (piece, head) = cut.await??;
            let Some(piece) = piece else {
                self.waiting = None;
                return self.keys.ship(&self.options).await;
            };
            let since = *self.waiting.get_or_insert_with(Instant::now);
            self.tell_waiting(head.seq.0.saturating_sub(reach.seq.0));
            let full = piece.bytes.len() >= due;
            if !full && !last && since.elapsed() < SEAL_WITHIN {
                return Ok(());
            }
            let end = piece.end;
            // What is sealed in a piece can be opened from the moment the piece is there.
            self.keys.ship(&self.options).await?;
            put(&self.options, piece).await?;
            reach = end;
            self.reach = Some(end);
            self.bytes_due = PIECE_BYTES_DUE;
            self.waiting = None;
            self.tell_shipped(end, head.seq.0.saturating_sub(end.seq.0));
        }
    }

    /// Looks how far the place has come.
    async fn look(&mut self) -> Result<Head, ShipError> {
        let offsite = &self.options.offsite;
        let pieces = offsite.list(names::JOURNAL).await?;
        let cut = !offsite.list(names::BACKUPS).await?.is_empty();
        let snapshot = self.options.reader.snapshot();
        let look = tasks::block(move || {
            let survey = Survey::of(pieces, &snapshot)?;
            if survey.is_strange() {
                return Err(ShipError::Stranger(survey.others.len()));
            }
            let reach = snapshot.head_at(survey.reach(cut))?.unwrap_or(Head::GENESIS);
            Ok((reach, snapshot.head()?))
        });
        let (reach, head) = look.await??;
        if self.reach != Some(reach) {
            tracing::info!(entry = reach.seq.0, of = head.seq.0, "found what is shipped");
        }
        self.reach = Some(reach);
        self.look_at = Instant::now() + self.options.tend_every;
        self.tell_shipped(reach, head.seq.0.saturating_sub(reach.seq.0));
        Ok(reach)
    }

    fn tell_waiting(&self, waiting: u64) {
        let now = self.options.clock.now();
        self.status.send_if_modified(|status| {
            let changed = status.waiting != waiting;
            status.waiting = waiting;
            status.waiting_since = status.waiting_since.or(Some(now));
            changed
        });
    }

    fn tell_shipped(&self, end: Head, waiting: u64) {
        let now = self.options.clock.now();
        self.status.send_modify(|status| {
            status.shipped = Some(end.seq);
            status.shipped_at = Some(now);
            status.waiting = waiting;
            status.waiting_since = (waiting > 0).then_some(now);
        });
    }
}

/// Puts a piece under the name that its entries give it.
async fn put(options: &ShippingOptions, piece: Piece) -> Result<(), ShipError> {
    let sealed = options.seal.is_some();
    let name = names::of_piece(&piece, sealed);
    let bytes = seal(options, piece.bytes).await?;
    match options.offsite.put(&name, bytes).await {
        // No two encryptions are alike. The name holds the hash of what is in it.
        Err(OffsiteError::Conflict(_)) if sealed => Ok(()),
        put => Ok(put.map(drop)?),
    }
}

async fn seal(options: &ShippingOptions, bytes: Vec<u8>) -> Result<Vec<u8>, ShipError> {
    match options.seal.clone() {
        None => Ok(bytes),
        Some(seal) => {
            let sealed = tasks::block(move || seal(&bytes)).await?;
            sealed.map_err(ShipError::Seal)
        }
    }
}
