//! The inbox: a durable log of raw updates, so that an update Telegram believes delivered is
//! handled even when the process dies. The intake writes it; the middle opens and closes it.
//!
//! A batch is synced before the next poll confirms it. Done marks are lazy: they are written some
//! milliseconds later and never synced by themselves, so after a crash a few updates run twice,
//! which the ids in our buttons make harmless. Update ids seen in the last day are dropped.
//!
//! One thread owns the files. Appends that arrive together share one sync.

mod frame;
mod known;
mod log;
mod recovery;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::oneshot;

use log::Log;

/// Commands waiting for the thread. The intake appends one batch at a time.
const COMMANDS_MAX: usize = 256;
/// Appends that share one sync.
const APPENDS_PER_SYNC: usize = 64;
/// How long a done mark may stay in memory.
const MARKS_WITHIN: Duration = Duration::from_millis(20);
/// The wait before marks that could not be written are tried again.
const MARKS_AGAIN: Duration = Duration::from_secs(1);

/// How often it is looked whether a file is too old to be kept, while nothing else happens.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);

/// Something about the inbox failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InboxError {
    /// Another process has the folder.
    #[error("the inbox is in use by another process")]
    InUse,
    /// The files were written by a newer program.
    #[error("the inbox has version {version}, which this program does not know")]
    Version {
        /// The version found.
        version: u8,
    },
    /// The updates that are not done fill the space the inbox may use; nothing was written.
    #[error("the inbox is full: {bytes_max} bytes of updates are not done")]
    Full {
        /// The space it may use.
        bytes_max: u64,
    },
    /// Reading or writing failed; what was to be written was not.
    #[error("inbox, {doing}: {reason}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        kind: ErrorKind,
        /// The same in words.
        reason: String,
    },
    /// A sync failed, so what is on disk is unknown; nothing of it was acknowledged. The next
    /// write takes it back first.
    #[error("the inbox failed: {reason}")]
    Broken {
        /// What failed.
        reason: String,
    },
    /// The inbox was closed, or more is asked of it than it can queue.
    #[error("the inbox is closed or busy")]
    Unavailable,
}

impl InboxError {
    /// What the operating system said, where it was asked.
    #[must_use]
    pub const fn io_kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Io { kind, .. } => Some(*kind),
            _ => None,
        }
    }
}

/// Limits of the inbox.
#[derive(Clone, Debug)]
pub struct InboxOptions {
    /// A file is turned over when it has this many bytes.
    pub segment_bytes: u64,
    /// All files together; beyond it appending is refused and Telegram keeps the rest.
    pub disk_bytes_max: u64,
    /// How long update ids are remembered, in milliseconds.
    pub remember_ms: i64,
}

impl Default for InboxOptions {
    fn default() -> Self {
        Self {
            segment_bytes: 8 << 20,
            disk_bytes_max: 256 << 20,
            remember_ms: 24 * 60 * 60 * 1_000,
        }
    }
}

/// Tells the time in unix milliseconds.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// An update as it came.
#[derive(Clone, Debug)]
pub(crate) struct RawUpdate {
    /// Telegram's number.
    pub(crate) update_id: i64,
    /// Its JSON text.
    pub(crate) raw: Bytes,
}

/// Where an update is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    segment: u64,
    offset: u64,
    bytes: u32,
}

/// A stored update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Telegram's number.
    pub(crate) update_id: i64,
    place: Place,
}

/// Bytes that were synced once and cannot be read any more. What they held is unknown: updates
/// among it are lost, marks among it make their updates run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// A stretch of a file.
    Bytes {
        /// The file's number.
        file: u64,
        /// Where it begins.
        offset: u64,
        /// Its length.
        bytes: u64,
    },
    /// Files are gone.
    MissingFiles {
        /// The number of the file behind the gap.
        before: u64,
        /// How many.
        count: u64,
    },
}

/// What opening found.
#[derive(Clone, Debug, Default)]
pub struct Recovered {
    /// Updates that will be run again.
    pub undone: usize,
    /// Bytes of a write that a crash interrupted. It was never acknowledged, so nothing is lost.
    pub torn_bytes: u64,
    /// Damage; to be told to a human.
    pub damage: Vec<Damage>,
    entries: Vec<Entry>,
}

type Appended = Result<Vec<Option<Entry>>, InboxError>;

enum Command {
    Append {
        batch: Arc<[RawUpdate]>,
        reply: oneshot::Sender<Appended>,
    },
    /// There are done marks to be written soon.
    Marks,
    Reject {
        raw: Bytes,
    },
    Close {
        reply: oneshot::Sender<Result<(), InboxError>>,
    },
}

/// The inbox. Clones share it.
#[derive(Clone)]
pub struct Inbox {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    commands: SyncSender<Command>,
    marks: Arc<Mutex<Vec<Entry>>>,
    undone: Mutex<Vec<Entry>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while one of these is held, so a poisoned lock guards sound contents.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inbox {
    /// Opens the inbox in `dir`, which is created when it is missing. Blocks while it reads.
    ///
    /// # Errors
    /// The folder is in use, cannot be read or written, or has a newer version. Damage is no
    /// error: whatever can be read is used, the rest is reported.
    pub fn open(
        dir: &Path,
        options: InboxOptions,
        clock: Clock,
    ) -> Result<(Self, Recovered), InboxError> {
        let lock_file = recovery::lock_dir(dir)?;
        let found = recovery::recover(dir)?;
        let log = Log::start(dir.to_owned(), options, found.segments, found.known, lock_file)?;
        let (commands, received) = sync_channel(COMMANDS_MAX);
        let marks = Arc::new(Mutex::new(Vec::new()));
        let marks_shared = Arc::clone(&marks);
        let writer =
            Writer { log, commands: received, marks: marks_shared, clock, complained: false };
        let thread = std::thread::Builder::new()
            .name("inbox".to_owned())
            .spawn(move || writer.run())
            .map_err(log::io_error("starting the thread"))?;
        let mut recovered = found.recovered;
        let undone = Mutex::new(std::mem::take(&mut recovered.entries));
        let thread = Mutex::new(Some(thread));
        let inner = Inner { dir: dir.to_owned(), commands, marks, undone, thread };
        Ok((Self { inner: Arc::new(inner) }, recovered))
    }

    /// Hands a batch to the thread. When the answer is there, the batch is durable; it has one
    /// entry per update, `None` for one that is known already.
    ///
    /// # Errors
    /// Nothing of the batch was stored; the answer's own error says the same.
    pub(crate) fn append(
        &self,
        batch: Arc<[RawUpdate]>,
    ) -> Result<oneshot::Receiver<Appended>, InboxError> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Append { batch, reply })?;
        Ok(answer)
    }

    /// Marks an update done, soon and without a sync.
    pub(crate) fn mark_done(&self, entry: Entry) {
        let first = {
            let mut marks = lock(&self.inner.marks);
            marks.push(entry);
            marks.len() == 1
        };
        if first {
            // With a full queue the thread is awake and takes the marks along anyway.
            let _full = self.inner.commands.try_send(Command::Marks);
        }
    }

    /// Keeps the text of an update that cannot be read. Best effort: it is for people to look at.
    pub(crate) fn keep_reject(&self, raw: Bytes) {
        let _full = self.inner.commands.try_send(Command::Reject { raw });
    }

    /// The updates that were not done when the inbox was opened, oldest first; once.
    pub(crate) fn take_undone(&self) -> Vec<Entry> {
        std::mem::take(&mut lock(&self.inner.undone))
    }

    /// Reads a stored update back. It is there until it is marked done.
    pub(crate) async fn read(&self, entry: Entry) -> Result<Bytes, InboxError> {
        let dir = self.inner.dir.clone();
        let reading = tokio::task::spawn_blocking(move || log::read_entry(&dir, &entry));
        reading.await.map_err(|_| InboxError::Unavailable)?.map(Bytes::from)
    }

    /// Writes all marks, syncs, and gives the folder back. Later calls find it closed.
    ///
    /// # Errors
    /// Writing failed; the marks are lost and their updates will run again.
    pub async fn close(&self) -> Result<(), InboxError> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Close { reply })?;
        let result = answer.await.map_err(|_| InboxError::Unavailable)?;
        let thread = lock(&self.inner.thread).take();
        if let Some(thread) = thread {
            let joining = tokio::task::spawn_blocking(move || thread.join());
            // Its result came by the answer; joining only makes sure that the lock is gone.
            let _joined = joining.await;
        }
        result
    }

    fn command(&self, command: Command) -> Result<(), InboxError> {
        self.inner.commands.try_send(command).map_err(|error| match error {
            TrySendError::Full(_) | TrySendError::Disconnected(_) => InboxError::Unavailable,
        })
    }
}

/// The thread's side.
struct Writer {
    log: Log,
    commands: Receiver<Command>,
    marks: Arc<Mutex<Vec<Entry>>>,
    clock: Clock,
    /// Whether it was told already that marks cannot be written.
    complained: bool,
}

impl Writer {
    fn run(mut self) {
        let mut marks_at: Option<Instant> = None;
        let mut next: Option<Command> = None;
        loop {
            let command = match (next.take(), marks_at) {
                (Some(command), _) => Ok(command),
                (None, None) => self.commands.recv_timeout(LOOK_EVERY),
                (None, Some(at)) => {
                    let left = at.saturating_duration_since(Instant::now());
                    self.commands.recv_timeout(left)
                }
            };
            match command {
                Ok(Command::Append { batch, reply }) => next = self.append(batch, reply),
                Ok(Command::Marks) => {
                    marks_at.get_or_insert_with(|| Instant::now() + MARKS_WITHIN);
                }
                Ok(Command::Reject { raw }) => {
                    if let Err(error) = self.log.keep_reject(&raw, (self.clock)()) {
                        tracing::warn!(%error, "a rejected update was not kept");
                    }
                }
                Ok(Command::Close { reply }) => {
                    let closed = self.write_marks().and_then(|()| self.log.sync());
                    // Gives the lock back before anybody is told.
                    drop(self.log);
                    let _gone = reply.send(closed);
                    return;
                }
                Err(RecvTimeoutError::Timeout) if marks_at.is_none() => {
                    if let Err(error) = self.log.turn_over((self.clock)()) {
                        tracing::warn!(%error, "what is done is not deleted yet");
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    marks_at = match self.write_marks() {
                        Ok(()) => {
                            self.complained = false;
                            None
                        }
                        Err(error) => {
                            if !std::mem::replace(&mut self.complained, true) {
                                tracing::warn!(%error, "done marks are kept in memory for now");
                            }
                            Some(Instant::now() + MARKS_AGAIN)
                        }
                    };
                }
                Err(RecvTimeoutError::Disconnected) => {
                    if let Err(error) = self.write_marks() {
                        tracing::warn!(%error, "done marks are lost, their updates will run again");
                    }
                    return;
                }
            }
        }
    }

    /// Appends this batch and those that wait behind it, with one sync for all. Returns the first
    /// command that is something else.
    fn append(
        &mut self,
        batch: Arc<[RawUpdate]>,
        reply: oneshot::Sender<Appended>,
    ) -> Option<Command> {
        let now_ms = (self.clock)();
        let mended = self.log.mend();
        let mut written = vec![(mended.and_then(|()| self.log.append(&batch, now_ms)), reply)];
        let mut next = None;
        while next.is_none() && written.len() < APPENDS_PER_SYNC {
            match self.commands.try_recv() {
                Ok(Command::Append { batch, reply }) => {
                    written.push((self.log.append(&batch, now_ms), reply));
                }
                Ok(other) => next = Some(other),
                Err(_) => break,
            }
        }
        let synced = self.log.sync();
        for (appended, reply) in written {
            // A caller that is gone finds its updates at the next start.
            let _gone = reply.send(synced.clone().and(appended));
        }
        next
    }

    fn write_marks(&mut self) -> Result<(), InboxError> {
        let marks = std::mem::take(&mut *lock(&self.marks));
        let result = self.log.mend().and_then(|()| self.log.mark_done(&marks));
        if result.is_err() {
            lock(&self.marks).extend(marks);
        }
        result
    }
}

#[cfg(test)]
mod tests;
