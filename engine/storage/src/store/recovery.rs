//! What a start finds, and how journal and state come to agree. [`Store::open`] is the door.
//!
//! | found                                          | done                                        |
//! |------------------------------------------------|---------------------------------------------|
//! | state behind the journal                       | the entries between are replayed            |
//! | state missing                                  | built from the journal                      |
//! | state does not open, or its marks disagree     | set aside, built from the journal           |
//! | state tells another history                    | set aside, built from the journal           |
//! | state ahead, its copies continue the chain     | the journal is completed from them          |
//! | state ahead, its copies do not                 | as with damage that they do not fill        |
//! | torn tail                                      | kept aside, cut off                         |
//! | damage, the state's copies fill it             | the segment is written anew                 |
//! | damage, they do not                            | restored from the newest backup that helps  |
//! | a backup reaches further than the journal      | the same                                    |
//! | entries are lost even so                       | read-only, until that is accepted           |
//! | marked as suspect                              | every row is looked at                      |
//! | a key file missing or damaged                  | written anew from its copy or the mirror    |
//! | a key that is forgotten                        | removed                                     |
//!
//! Without a directory of backups the start fails where it would restore, naming file and offset.
//! The whole journal is always kept, so a state can be thrown away at any time.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ring4_domain::change::Seq;

use super::replay::replay;
use super::rescue::{Trouble, rescue};
use super::{Loss, Options, Paths, Restored, Store, lock, rescue, swap};
use crate::codec::{self, DecodeError, EntryCopy, Kind};
use crate::journal::inspect::{Inspection, Witness, inspect};
use crate::journal::segment;
use crate::journal::{self, FileError, Head, Journal, failed, sync_dir};
use crate::keyring::{KeyRepair, Keyring, Keys};
use crate::state::State;
use crate::verify::verify;
use crate::{GROUP_ENTRIES_MAX, JournalError, ReadError, Repair, Snapshot, StageError};

/// How long the verifying command may take. Opening takes well under a second per million
/// entries; a command that hangs is as good as one that failed.
const VERIFY_SECS_MAX: u64 = 120;

/// How often the verifying command is asked whether it is done.
const VERIFY_POLL: Duration = Duration::from_millis(2);

/// How long a state that is in use is waited for. The data directory is ours, so nobody else
/// has it open but a verifying command that outlived the start which ran it; that ends soon.
const BUSY_SECS_MAX: u64 = 30;

/// What the program behind [`Options::verify_command`] exits with when the state stays in use:
/// nothing is known of it then.
pub const VERIFY_BUSY: u8 = 75;

/// States kept aside, at most; beyond it the disk, not the state, is the trouble.
const DAMAGED_MAX: u32 = 100;

/// What the note of a clean close is sealed under.
const CLOSED_KEY: &[u8] = b"closed";

/// A program that tries to open a state; the state's directory is its last argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyCommand {
    /// The program.
    pub program: PathBuf,
    /// Its first arguments.
    pub arguments: Vec<String>,
}

/// The store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("{} is in use by another process", .0.display())]
    Locked(PathBuf),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The journal lost entries that were acknowledged.
    #[error("the journal is damaged: {0}")]
    Journal(JournalError),
    /// The state cannot be made, even empty.
    #[error("open the state: {0}")]
    State(fjall::Error),
    /// The state cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An entry is whole but makes no sense; written by a later version, perhaps.
    #[error("entry {}: {source}", seq.0)]
    Entry {
        /// Which.
        seq: Seq,
        /// Why.
        source: DecodeError,
    },
    /// The journal is damaged, and no shop can be built from the backups either.
    #[error("{reason}; restoring failed: {source}")]
    Rescue {
        /// What is wrong with the journal.
        reason: String,
        /// Why nothing could be restored.
        source: Box<super::restore::RestoreError>,
    },
    /// An entry cannot follow the ones before it, even in a state built from nothing.
    #[error("replay entry {}: {source}", seq.0)]
    Replay {
        /// Which.
        seq: Seq,
        /// Why.
        source: StageError,
    },
}

impl OpenError {
    /// What the operating system said, where it was asked.
    #[must_use]
    pub fn io_kind(&self) -> Option<ErrorKind> {
        match self {
            Self::File(error) => Some(error.source.kind()),
            Self::State(error) => crate::state::io_kind(error),
            _ => None,
        }
    }
}

impl From<JournalError> for OpenError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::File(error) => Self::File(error),
            error => Self::Journal(error),
        }
    }
}

/// Something that a start found and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The journal was put right.
    Journal(Repair),
    /// The keys of numbers and codes were put right.
    Keys(KeyRepair),
    /// The journal ended early and was completed from the state, up to this entry.
    JournalCompleted(Head),
    /// There was a journal and no state.
    StateMissing,
    /// The state was set aside.
    StateSetAside {
        /// Why.
        reason: String,
        /// Where it is kept.
        kept: PathBuf,
    },
    /// Entries were replayed into the state.
    Replayed {
        /// The first of them.
        from: Seq,
        /// The last of them.
        to: Seq,
    },
    /// A restore that a former process had declared whole was carried to its end; the former
    /// shop is kept there.
    RestoreFinished(PathBuf),
    /// The journal could not be mended, and the shop was restored.
    Restored {
        /// What was wrong.
        reason: String,
        /// What was done.
        restored: Box<Restored>,
    },
    /// The shop was suspect, and everything in it was looked at.
    Suspected {
        /// Why it was.
        reason: String,
        /// What is still wrong, if anything.
        wrong: Option<String>,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(repair) => write!(out, "{repair}"),
            Self::Keys(repair) => write!(out, "{repair}"),
            Self::JournalCompleted(head) => {
                write!(out, "the journal was completed from the state, to entry {}", head.seq.0)
            }
            Self::StateMissing => write!(out, "there was no state"),
            Self::StateSetAside { reason, kept } => {
                write!(out, "the state was set aside as {}: {reason}", kept.display())
            }
            Self::Replayed { from, to } => {
                write!(out, "entries {} to {} were replayed into the state", from.0, to.0)
            }
            Self::RestoreFinished(kept) => {
                write!(out, "a restore was finished; the former shop is in {}", kept.display())
            }
            Self::Restored { reason, restored } => write!(out, "{reason}; {restored}"),
            Self::Suspected { reason, wrong: None } => {
                write!(out, "the shop was suspect ({reason}), and is whole")
            }
            Self::Suspected { reason, wrong: Some(wrong) } => {
                write!(out, "the shop was suspect ({reason}), and is not whole: {wrong}")
            }
        }
    }
}

/// What a start found and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Whether the last stop was clean.
    pub clean: bool,
    /// What was not as it should be, in the order in which it was handled; empty when all was
    /// well.
    pub events: Vec<Event>,
    /// The last entry.
    pub head: Head,
    /// Entries that are lost, so that the store takes no commits until
    /// [`Store::accept_loss`](super::Store::accept_loss).
    pub read_only: Option<Loss>,
}

pub(super) fn open(dir: &Path, options: &Options) -> Result<(Store, Recovery), OpenError> {
    let paths = Paths::new(dir);
    let lock = lock(&paths)?;
    let mut before = Vec::new();
    if let Some(swap) = swap::settle(&paths)? {
        before.push(Event::RestoreFinished(swap.kept(&paths)));
    }
    let suspicion = rescue::read_suspicion(&paths)?;
    let mut start = Start::new(&paths, options, suspicion.is_some())?;
    // What came before a rescue was clean or not; what is restored was never closed.
    let clean = start.closed.is_some();
    let mut agreed = start.agree();
    if let Some(trouble) = Trouble::of(&agreed, &paths, options, start.due)? {
        before.append(&mut start.events);
        drop(agreed);
        before.push(rescue(&paths, options, trouble)?);
        start = Start::new(&paths, options, true)?;
        agreed = start.agree();
    }
    let (mut state, mut journal) = agreed?;
    if let Some(reason) = suspicion {
        (state, journal) = start.clear_suspicion(reason, state, journal)?;
    }
    let keyring = start.open_keyring(&state)?;
    start.remove_closed()?;
    let head = journal.head();
    before.append(&mut start.events);
    let read_only = rescue::read_loss(&paths)?;
    let recovery = Recovery { clean, events: before, head, read_only: read_only.clone() };
    let poisoned = false;
    let store = Store { paths, journal, state, keyring, poisoned, read_only, _lock: lock };
    Ok((store, recovery))
}

struct Start<'a> {
    paths: Paths,
    options: &'a Options,
    whole_journal: bool,
    closed: Option<Head>,
    /// The last entry that the marker of a clean close or a state tells of.
    due: Seq,
    events: Vec<Event>,
}

/// Why journal and state do not come together.
pub(super) enum Halt {
    /// The state is of no use; another one may be.
    Useless(String),
    /// The start has failed.
    Fatal(OpenError),
}

impl<E: Into<OpenError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Fatal(error.into())
    }
}

impl<'a> Start<'a> {
    fn new(paths: &Paths, options: &'a Options, whole: bool) -> Result<Self, FileError> {
        let closed = read_closed(paths)?;
        let due = closed.unwrap_or(Head::GENESIS).seq;
        let (paths, whole_journal) = (paths.clone(), whole || options.whole_journal);
        Ok(Self { paths, options, whole_journal, closed, due, events: Vec::new() })
    }

    /// Opens the keys that belong to the state.
    fn open_keyring(&mut self, state: &State) -> Result<Keyring, OpenError> {
        if self.options.keys_elsewhere {
            return Ok(Keyring::elsewhere());
        }
        let keyring = Keyring::open(&self.paths.keys, self.options.keys_mirror.as_deref())?;
        let snapshot = Snapshot { reading: state.read(|| keyring.now()) };
        let repairs = keyring.settle(snapshot.keys_needed_from()?)?;
        self.events.extend(repairs.into_iter().map(Event::Keys));
        Ok(keyring)
    }

    /// Looks at every row, and builds the state anew if one is wrong.
    fn clear_suspicion(
        &mut self,
        reason: String,
        state: State,
        journal: Journal,
    ) -> Result<(State, Journal), OpenError> {
        let first = |state: &State, paths: &Paths| {
            let snapshot = Snapshot { reading: state.read(Keys::elsewhere) };
            let report = verify(&snapshot, &paths.journal);
            report.findings.first().map(ToString::to_string)
        };
        let (mut state, mut journal) = (state, journal);
        let mut wrong = first(&state, &self.paths);
        if let Some(finding) = wrong {
            drop((state, journal));
            self.set_aside(finding)?;
            (state, journal) = self.agree()?;
            wrong = first(&state, &self.paths);
        }
        if wrong.is_none() {
            crate::backup::remove_file(&self.paths.suspect)?;
            sync_dir(&self.paths.data)?;
        }
        self.events.push(Event::Suspected { reason, wrong });
        Ok((state, journal))
    }

    /// Brings journal and state together: with the state as it is, or else with a new one.
    fn agree(&mut self) -> Result<(State, Journal), OpenError> {
        if self.paths.state.exists() {
            match self.open_state().and_then(|state| self.join(state)) {
                Ok(joined) => return Ok(joined),
                Err(Halt::Useless(reason)) => self.set_aside(reason)?,
                Err(Halt::Fatal(error)) => return Err(error),
            }
        } else if self.closed.is_some() || !segment::list(&self.paths.journal)?.is_empty() {
            self.events.push(Event::StateMissing);
        }
        let state = State::open(&self.paths.state).map_err(OpenError::State)?;
        sync_dir(&self.paths.data)?;
        self.join(state).map_err(|halt| match halt {
            // A new state agrees with every journal, so what is at fault is its own files.
            Halt::Useless(_) => OpenError::Read(ReadError::Marks),
            Halt::Fatal(error) => error,
        })
    }

    fn open_state(&self) -> Result<State, Halt> {
        // Also after a clean close: a file may have been damaged since, and some damage ends the
        // process that opens it.
        if let Some(command) = &self.options.verify_command {
            verify_in_child(command, &self.paths.state)?;
        }
        open_when_free(&self.paths.state).map_err(|error| match error {
            fjall::Error::Locked => Halt::Fatal(OpenError::Locked(self.paths.state.clone())),
            // The machine is at fault, not the state; building it anew would meet the same.
            fjall::Error::Io(ref source) if is_refusal(source.kind()) => {
                Halt::Fatal(OpenError::State(error))
            }
            error => Halt::Useless(error.to_string()),
        })
    }

    /// Follows the journal to its end and brings the state there.
    fn join(&mut self, state: State) -> Result<(State, Journal), Halt> {
        let snapshot = Snapshot { reading: state.read(Keys::elsewhere) };
        let mark = snapshot.reading.mark().map_err(|error| Halt::Useless(error.to_string()))?;
        self.due = self.due.max(mark.unwrap_or(Head::GENESIS).seq);
        let copies = |seq| snapshot.entry_copy(seq).ok().flatten();
        let witness = Witness { mark, closed: self.closed, copies: &copies };
        let inspected = inspect(&self.paths.journal, &witness, self.whole_journal);
        let Inspection { end, proven, last, repairs } = inspected.map_err(|error| match error {
            JournalError::Different(_) => Halt::Useless(error.to_string()),
            error => Halt::Fatal(error.into()),
        })?;
        self.events.extend(repairs.into_iter().map(Event::Journal));
        let segment_bytes = self.options.segment_bytes;
        let mut journal = Journal::open_end(&self.paths.journal, last, end, segment_bytes)?;
        if proven.seq > end.seq {
            complete(&mut journal, proven, &copies)?;
            self.events.push(Event::JournalCompleted(proven));
        }
        let mark = mark.unwrap_or(Head::GENESIS).seq;
        if journal.head().seq > mark {
            replay(&self.paths.journal, &state, mark)?;
            let (from, to) = (Seq(mark.0.saturating_add(1)), journal.head().seq);
            self.events.push(Event::Replayed { from, to });
        }
        Ok((state, journal))
    }

    fn set_aside(&mut self, reason: String) -> Result<(), OpenError> {
        let state = &self.paths.state;
        let names = (1..=DAMAGED_MAX).map(|n| state.with_file_name(format!("state.damaged-{n}")));
        let full = || failed("find a free name beside", state)(ErrorKind::StorageFull.into());
        let kept = names.into_iter().find(|path| !path.exists()).ok_or_else(full)?;
        fs::rename(state, &kept).map_err(failed("set aside", state))?;
        sync_dir(&self.paths.data)?;
        self.events.push(Event::StateSetAside { reason, kept });
        Ok(())
    }

    fn remove_closed(&self) -> Result<(), FileError> {
        if self.closed.is_some() {
            let path = &self.paths.closed;
            fs::remove_file(path).map_err(failed("remove", path))?;
            sync_dir(&self.paths.data)?;
        }
        Ok(())
    }
}

const fn is_refusal(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::PermissionDenied
            | ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::OutOfMemory
    )
}

/// Appends what only the state holds; its chain was followed up to `to` before.
fn complete(
    journal: &mut Journal,
    to: Head,
    copies: &dyn Fn(Seq) -> Option<EntryCopy>,
) -> Result<(), FileError> {
    while journal.head().seq < to.seq {
        let next = journal.head().next().0;
        let places = (next..=to.seq.0).take(GROUP_ENTRIES_MAX);
        let bodies: Vec<_> = places.map_while(|seq| copies(Seq(seq))).collect();
        if bodies.is_empty() {
            let source = ErrorKind::InvalidData.into();
            return Err(FileError { doing: "complete", path: journal.dir().to_owned(), source });
        }
        let bodies: Vec<&[u8]> = bodies.iter().map(|copy| copy.body.as_slice()).collect();
        journal.append(&bodies)?;
    }
    Ok(())
}

/// Opens a state and reads how far it has come. For the program behind
/// [`Options::verify_command`]: what a damaged state does to that process, it does not do to the
/// shop.
///
/// # Errors
/// The state is in use ([`OpenError::Locked`], see [`VERIFY_BUSY`]), does not open, or cannot be
/// read.
pub fn verify_state(state_dir: &Path) -> Result<Head, OpenError> {
    if !state_dir.exists() {
        return Err(failed("open", state_dir)(ErrorKind::NotFound.into()).into());
    }
    let state = open_when_free(state_dir).map_err(|error| match error {
        fjall::Error::Locked => OpenError::Locked(state_dir.to_owned()),
        error => OpenError::State(error),
    })?;
    let snapshot = Snapshot { reading: state.read(Keys::elsewhere) };
    let head = snapshot.head()?;
    snapshot.totals()?;
    snapshot.entry_copy(head.seq)?;
    Ok(head)
}

/// Opens a state; one that is in use is waited for.
fn open_when_free(state: &Path) -> Result<State, fjall::Error> {
    let deadline = Instant::now() + Duration::from_secs(BUSY_SECS_MAX);
    loop {
        match State::open(state) {
            Err(fjall::Error::Locked) if Instant::now() < deadline => {
                std::thread::sleep(VERIFY_POLL);
            }
            opened => return opened,
        }
    }
}

fn verify_in_child(command: &VerifyCommand, state: &Path) -> Result<(), Halt> {
    let path = &command.program;
    let mut child = Command::new(path)
        .args(&command.arguments)
        .arg(state)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed("start", path))?;
    let deadline = Instant::now() + Duration::from_secs(VERIFY_SECS_MAX);
    loop {
        if let Some(status) = child.try_wait().map_err(failed("wait for", path))? {
            return match status.code() {
                Some(0) => Ok(()),
                Some(code) if code == i32::from(VERIFY_BUSY) => {
                    Err(Halt::Fatal(OpenError::Locked(state.to_owned())))
                }
                _ => Err(Halt::Useless(format!("the verifying command ended with {status}"))),
            };
        }
        if Instant::now() >= deadline {
            child.kill().map_err(failed("stop", path))?;
            child.wait().map_err(failed("wait for", path))?;
            return Err(Halt::Useless("the verifying command did not end".to_owned()));
        }
        std::thread::sleep(VERIFY_POLL);
    }
}

/// Notes that the store was closed cleanly, and where the journal ends.
pub(super) fn write_closed(paths: &Paths, head: Head) -> Result<(), FileError> {
    journal::replace(&paths.closed, &codec::seal(Kind::Head, CLOSED_KEY, &head, &Keys::default()))
}

/// Reads that note. One that cannot be read counts as none: the start is then only slower.
fn read_closed(paths: &Paths) -> Result<Option<Head>, FileError> {
    match fs::read(&paths.closed) {
        Ok(bytes) => Ok(codec::unseal(Kind::Head, CLOSED_KEY, &bytes, &Keys::default()).ok()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", &paths.closed)(error)),
    }
}
