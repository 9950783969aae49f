//! A shop's journal and state, built from a backup file: for verification in scratch, and for a
//! restore. Both of these use this.
//!
//! The entries are the state's copies of them, each proven by the chain from the first one on.
//! The rows of the state are loaded as they are, sorted, past the memtables.

use std::io::Read;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use ring4_domain::change::Seq;

use super::format::read::{Reader, Rows, Visitor};
use super::{BackupError, BackupHeader, FormatError, Manifest, Stage, Watch, tell};
use crate::codec;
use crate::journal::bulk::Bulk;
use crate::journal::frame::BODY_LEN_MAX;
use crate::keyring::Keys;
use crate::state::{Load, State, keys};
use crate::{Head, Space};

/// Chunks of rows, a mebibyte each, that may wait for the loading thread: it stands still while a
/// table is synced, and what is read goes to others as well.
const CHUNKS_AHEAD: usize = 8;

/// Rows of a part.
const PART_ROWS: usize = 4_096;

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
    /// The last entry that was handed over.
    pub head: Head,
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

/// Builds `state/` inside `dir` from the plain bytes of the backup `file`, and hands its entries
/// over as they come.
pub(crate) fn rebuild(
    file: &Path,
    input: impl Read,
    target: Target<'_>,
    entries: &mut dyn Entries,
    watch: Watch<'_>,
    stage: Stage,
) -> Result<Rebuilding, BackupError> {
    let Target { dir, scope, agrees, durable, loaded } = target;
    let wrong = |source| BackupError::Format { path: file.to_owned(), source };
    let reader = Reader::open(input).map_err(wrong)?;
    let header = reader.header().clone();
    let has_state = scope == Scope::Whole && header.schema == keys::SCHEMA;
    let open = if durable { State::open_uncached } else { State::scratch };
    let state = if has_state { Some(open(&dir.join("state"))?) } else { None };
    let last = match scope {
        Scope::Whole => header.head.seq,
        Scope::EntriesTo(seq) => seq.min(header.head.seq),
    };
    let head = Head::GENESIS;
    let (rows, loading, keys) = (0, None, Keys::default());
    let mut taking =
        Taking { file, entries, head, last, agrees, rows, loading, watch, stage, keys };
    let read = std::thread::scope(|scope| {
        let loading = state.as_ref().map(|state| {
            let (sender, chunks) = sync_channel(CHUNKS_AHEAD);
            let (emptied, room) = channel();
            taking.loading = Some(Outlet { chunks: sender, room });
            scope.spawn(move || load(Loading { state, loaded, current: None }, chunks, &emptied))
        });
        let read = reader.show(&mut taking);
        drop(taking.loading.take());
        let joined = loading.map(std::thread::ScopedJoinHandle::join);
        let loaded = joined.transpose().unwrap_or_else(|panic| resume_unwind(panic));
        // Where loading failed, that is why nothing more could be sent.
        loaded.unwrap_or(Ok(()))?;
        read.map_err(|halt| match halt {
            Halt::Format(source) => wrong(source),
            Halt::Backup(error) => error,
        })
    });
    let manifest = read?;
    let head = taking.head;
    if head.seq != last || (scope == Scope::Whole && head != header.head) {
        let (due, found) = (header.head, head);
        return Err(BackupError::Head { path: file.to_owned(), due, found });
    }
    if let Some(state) = state.as_ref().filter(|_| durable) {
        state.sync()?;
    }
    Ok(Rebuilding { header, manifest, head, has_state })
}

/// Where the entries of a backup go.
pub(crate) trait Entries {
    /// Takes the entry that comes next, which the chain has proven, and the value of its row.
    fn take(&mut self, head: Head, body: &[u8], row: &[u8]) -> Result<(), BackupError>;
}

impl Entries for Bulk {
    fn take(&mut self, head: Head, body: &[u8], _: &[u8]) -> Result<(), BackupError> {
        Ok(self.add(head, body)?)
    }
}

/// Where a backup goes, and how much of it.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub dir: &'a Path,
    pub scope: Scope,
    /// Where another witness of the same history has seen the chain.
    pub agrees: Option<Head>,
    /// Whether it is to survive a power cut; what is thrown away again is not.
    pub durable: bool,
    /// Who wants to hear which rows stand in the state.
    pub loaded: Option<&'a Sender<Part>>,
}

/// Rows that stand in a state that is being built: those of a keyspace that are not before `from`,
/// but before `to` where that is not the end.
pub(crate) struct Part {
    pub state: State,
    pub space: Space,
    pub from: Vec<u8>,
    pub to: Option<Vec<u8>>,
}

/// The way to the loading thread.
struct Outlet {
    chunks: SyncSender<(Space, Rows)>,
    /// Room that it has emptied.
    room: Receiver<Rows>,
}

/// Rows on their way out of the file.
struct Taking<'a> {
    file: &'a Path,
    entries: &'a mut dyn Entries,
    head: Head,
    last: Seq,
    agrees: Option<Head>,
    rows: u64,
    /// Where the rows go on to, if there is a state for them.
    loading: Option<Outlet>,
    watch: Watch<'a>,
    stage: Stage,
    /// None: a copy's body is opened by whoever takes it.
    keys: Keys,
}

impl Visitor for Taking<'_> {
    type Error = Halt;

    fn row(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<(), Halt> {
        self.rows = self.rows.saturating_add(1);
        if self.rows.is_multiple_of(TELL_EVERY) {
            tell(self.watch, self.stage, self.rows, 0).map_err(Halt::Backup)?;
        }
        let is_entry = space == Space::Ledger && key.first() == Some(&b'e');
        if is_entry && self.head.seq < self.last {
            self.entry(key, value).map_err(Halt::Backup)?;
        }
        Ok(())
    }

    fn chunk(&mut self, space: Space, rows: Rows) -> Result<Rows, Halt> {
        let Some(Outlet { chunks, room }) = &self.loading else { return Ok(rows) };
        // Nobody takes it any more where loading failed; that error is the one that is told.
        let sent = chunks.send((space, rows)).map_err(|_| BackupError::Cancelled);
        sent.map(|()| room.try_recv().unwrap_or_default()).map_err(Halt::Backup)
    }
}

impl Taking<'_> {
    /// Takes the copy of an entry if it continues the chain.
    fn entry(&mut self, key: &[u8], value: &[u8]) -> Result<(), BackupError> {
        let (before, seq) = (self.head, self.head.next());
        let copy = codec::entry_copy(key, value, &self.keys).ok().filter(|(body, hash)| {
            key == keys::entry(seq) && fits(body) && before.then(body).hash == *hash
        });
        match copy {
            Some((_, hash))
                if self.agrees.is_some_and(|due| due.seq == seq && due.hash != hash) =>
            {
                Err(BackupError::History { path: self.file.to_owned(), seq })
            }
            Some((body, hash)) => {
                self.head = Head { seq, hash };
                self.entries.take(self.head, body, value)
            }
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

/// Loads what comes, until no more does, and gives the room back.
fn load(
    mut loading: Loading<'_>,
    chunks: Receiver<(Space, Rows)>,
    emptied: &Sender<Rows>,
) -> Result<(), fjall::Error> {
    for (space, rows) in chunks {
        for (key, value) in rows.iter() {
            loading.row(space, key, value)?;
        }
        // Nobody wants it any more where reading has ended.
        let _ = emptied.send(rows);
    }
    loading.end_keyspace()
}

/// Rows on their way into an empty state.
struct Loading<'a> {
    state: &'a State,
    loaded: Option<&'a Sender<Part>>,
    current: Option<Keyspace<'a>>,
}

/// A keyspace that is being loaded.
struct Keyspace<'a> {
    space: Space,
    load: Load<'a>,
    rows: usize,
    /// Where its parts end, but for the last one.
    cuts: Vec<Vec<u8>>,
}

impl Loading<'_> {
    fn row(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<(), fjall::Error> {
        if self.current.as_ref().is_none_or(|current| current.space != space) {
            self.end_keyspace()?;
        }
        let current = match &mut self.current {
            Some(current) => current,
            none => {
                let load = self.state.load(space)?;
                none.insert(Keyspace { space, load, rows: 0, cuts: Vec::new() })
            }
        };
        current.rows = current.rows.saturating_add(1);
        if current.rows.is_multiple_of(PART_ROWS) {
            current.cuts.push(key.to_vec());
        }
        (current.load)(Some((key, value)))
    }

    /// Makes the rows of the keyspace readable, and tells of them.
    fn end_keyspace(&mut self) -> Result<(), fjall::Error> {
        let Some(Keyspace { space, mut load, cuts, .. }) = self.current.take() else {
            return Ok(());
        };
        load(None)?;
        let Some(loaded) = self.loaded else { return Ok(()) };
        let mut from = Vec::new();
        for to in cuts.into_iter().map(Some).chain([None]) {
            let next = to.clone().unwrap_or_default();
            let part = Part { state: self.state.clone(), space, from, to };
            // Whoever found something wrong listens no more, and says so.
            let _ = loaded.send(part);
            from = next;
        }
        Ok(())
    }
}
