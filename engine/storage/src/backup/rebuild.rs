//! A shop's journal and state, built from a backup file: for verification in scratch, and for a
//! restore. Both of these use this.
//!
//! The journal is rebuilt from the state's copies of the entries, each proven by the chain from
//! the first one on. The rows of the state are loaded as they are, sorted, past the memtables.

use std::io::Read;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use ring4_domain::change::Seq;

use super::format::read::Reader;
use super::{BackupError, BackupHeader, FormatError, Manifest, Stage, Watch, tell};
use crate::codec::{self, EntryCopy, Kind};
use crate::journal::bulk::Bulk;
use crate::journal::frame::BODY_LEN_MAX;
use crate::keyring::Keys;
use crate::state::{Load, State, keys};
use crate::{Head, Space};

/// Bytes of rows that are handed to the loading thread at once, and how often ahead of it.
const BATCH_BYTES: usize = 256 << 10;
const BATCHES_AHEAD: usize = 4;

/// Rows between two words to whoever watches.
const TELL_EVERY: u64 = 4_096;

/// How much of a backup is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Entries and rows.
    Whole,
    /// The entries up to this one, and no rows: they tell of a later moment.
    EntriesTo(Seq),
}

/// What came of it.
pub(crate) struct Rebuilding {
    pub header: BackupHeader,
    pub manifest: Manifest,
    /// The journal, open for what follows the backup.
    pub journal: Bulk,
    /// Whether there is a state; a backup of another key layout gives entries only.
    pub has_state: bool,
}

/// A row that cannot be taken.
enum Halt {
    Format(FormatError),
    Backup(BackupError),
}

impl From<FormatError> for Halt {
    fn from(error: FormatError) -> Self {
        Self::Format(error)
    }
}

/// Builds `journal/` and `state/` inside `dir` from the plain bytes of the backup `file`.
pub(crate) fn rebuild(
    file: &Path,
    input: impl Read,
    target: Target<'_>,
    watch: Watch<'_>,
    stage: Stage,
) -> Result<Rebuilding, BackupError> {
    let Target { dir, scope, segment_bytes, agrees, durable } = target;
    let wrong = |source| BackupError::Format { path: file.to_owned(), source };
    let reader = Reader::open(input).map_err(wrong)?;
    let header = reader.header().clone();
    let has_state = scope == Scope::Whole && header.schema == keys::SCHEMA;
    let state = if has_state { Some(State::open(&dir.join("state"))?) } else { None };
    let last = match scope {
        Scope::Whole => header.head.seq,
        Scope::EntriesTo(seq) => seq.min(header.head.seq),
    };
    let journal = Bulk::new(&dir.join("journal"), segment_bytes, durable)?;
    let mut taking = Taking { file, journal, last, agrees, rows: 0, loading: None };
    let read = std::thread::scope(|scope| {
        let loading = state.as_ref().map(|state| {
            let (sender, batches) = sync_channel(BATCHES_AHEAD);
            taking.loading = Some(Sending { sender, batch: Batch::default() });
            scope.spawn(move || load(state, batches))
        });
        let read = reader.rows(|space, key, value| -> Result<(), Halt> {
            taking.row(space, key, value, watch, stage).map_err(Halt::Backup)
        });
        let sent = taking.loading.take().map_or(Ok(()), |mut sending| sending.send());
        let joined = loading.map(std::thread::ScopedJoinHandle::join);
        let loaded = joined.transpose().unwrap_or_else(|panic| resume_unwind(panic));
        // Where loading failed, that is why nothing more could be sent.
        loaded.unwrap_or(Ok(()))?;
        let manifest = read.map_err(|halt| match halt {
            Halt::Format(source) => wrong(source),
            Halt::Backup(error) => error,
        })?;
        sent.map(|()| manifest)
    });
    let manifest = read?;
    let journal = taking.journal;
    if journal.head().seq != last || (scope == Scope::Whole && journal.head() != header.head) {
        let (due, found) = (header.head, journal.head());
        return Err(BackupError::Head { path: file.to_owned(), due, found });
    }
    if let Some(state) = state.as_ref().filter(|_| durable) {
        state.sync()?;
    }
    Ok(Rebuilding { header, manifest, journal, has_state })
}

/// Where a backup goes, and how much of it.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub dir: &'a Path,
    pub scope: Scope,
    pub segment_bytes: u64,
    /// Where another witness of the same history has seen the chain.
    pub agrees: Option<Head>,
    /// Whether it is to survive a power cut; what is thrown away again is not.
    pub durable: bool,
}

/// Rows on their way out of the file.
struct Taking<'a> {
    file: &'a Path,
    journal: Bulk,
    last: Seq,
    agrees: Option<Head>,
    rows: u64,
    /// Where the rows go on to, if there is a state for them.
    loading: Option<Sending>,
}

impl Taking<'_> {
    fn row(
        &mut self,
        space: Space,
        key: &[u8],
        value: &[u8],
        watch: Watch<'_>,
        stage: Stage,
    ) -> Result<(), BackupError> {
        self.rows = self.rows.saturating_add(1);
        if self.rows.is_multiple_of(TELL_EVERY) {
            tell(watch, stage, self.rows, 0)?;
        }
        let is_entry = space == Space::Ledger && key.first() == Some(&b'e');
        if is_entry && self.journal.head().seq < self.last {
            self.entry(key, value)?;
        }
        match &mut self.loading {
            Some(sending) => sending.row(space, key, value),
            None => Ok(()),
        }
    }

    /// Takes the copy of an entry if it continues the chain.
    fn entry(&mut self, key: &[u8], value: &[u8]) -> Result<(), BackupError> {
        let before = self.journal.head();
        let seq = before.next();
        let copy = codec::unseal::<EntryCopy>(Kind::EntryCopy, key, value, &Keys::default()).ok();
        let copy = copy.filter(|copy| {
            key == keys::entry(seq) && fits(&copy.body) && before.then(&copy.body).hash == copy.hash
        });
        match copy {
            Some(copy)
                if self.agrees.is_some_and(|due| due.seq == seq && due.hash != copy.hash) =>
            {
                Err(BackupError::History { path: self.file.to_owned(), seq })
            }
            Some(copy) => Ok(self.journal.push(&copy.body)?),
            None => Err(BackupError::Chain { path: self.file.to_owned(), seq }),
        }
    }
}

/// Whether a journal can hold an entry of this size.
const fn fits(body: &[u8]) -> bool {
    !body.is_empty() && body.len() <= BODY_LEN_MAX
}

impl From<fjall::Error> for BackupError {
    fn from(error: fjall::Error) -> Self {
        Self::State(error)
    }
}

/// Rows on their way to the thread that loads them.
struct Sending {
    sender: SyncSender<Batch>,
    batch: Batch,
}

/// Rows behind each other: where each key and each value ends.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    rows: Vec<(Space, usize, usize)>,
}

impl Sending {
    fn row(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<(), BackupError> {
        let Batch { bytes, rows } = &mut self.batch;
        bytes.extend_from_slice(key);
        let key_end = bytes.len();
        bytes.extend_from_slice(value);
        rows.push((space, key_end, bytes.len()));
        if bytes.len() < BATCH_BYTES { Ok(()) } else { self.send() }
    }

    fn send(&mut self) -> Result<(), BackupError> {
        // Nobody takes it any more where loading failed; that error is the one that is told.
        self.sender.send(std::mem::take(&mut self.batch)).map_err(|_| BackupError::Cancelled)
    }
}

/// Loads what comes, until no more does.
fn load(state: &State, batches: Receiver<Batch>) -> Result<(), fjall::Error> {
    let mut loading = Loading::new(state);
    for Batch { bytes, rows } in batches {
        let mut begin = 0;
        for (space, key_end, end) in rows {
            let key = bytes.get(begin..key_end).unwrap_or_default();
            loading.row(space, key, bytes.get(key_end..end).unwrap_or_default())?;
            begin = end;
        }
    }
    loading.finish()
}

/// Rows on their way into an empty state.
struct Loading<'a> {
    state: &'a State,
    current: Option<(Space, Load<'a>)>,
}

impl<'a> Loading<'a> {
    const fn new(state: &'a State) -> Self {
        Self { state, current: None }
    }

    fn row(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<(), fjall::Error> {
        let load = match &mut self.current {
            Some((current, load)) if *current == space => load,
            current => {
                if let Some((_, former)) = current {
                    former(None)?;
                }
                &mut current.insert((space, self.state.load(space)?)).1
            }
        };
        load(Some((key, value)))
    }

    fn finish(self) -> Result<(), fjall::Error> {
        self.current.map_or(Ok(()), |(_, mut load)| load(None))
    }
}
