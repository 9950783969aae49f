//! Builds a shop from a backup and whatever is left of its journal, and puts it in the place of
//! the one that is there. The command line's door is [`restore`]; a start that finds the journal
//! damaged comes through the same rooms.
//!
//! The chain decides what is believed: the backup proves its own entries from the first one on,
//! and behind it counts every frame that continues them, wherever it lies. A restore to an
//! earlier moment takes the newest backup from before it; where there is none, entries of a later
//! one stand in for what the journal lacks.

use std::fmt;
use std::path::{Path, PathBuf};

use ring4_domain::change::{Entry, Seq};
use ring4_domain::ids::Timestamp;
use serde::{Deserialize, Serialize};

use super::recovery::{Halt, OpenError};
use super::replay::replay;
use super::swap::{self, Swap};
use super::{Options, Paths, lock};
use crate::backup::{
    BackupHeader, Scope, Stage, Target, Watch, open, peek_header, rebuild, remove_dir, set_aside,
    tell,
};
use crate::codec::{self, Kind};
use crate::journal::bulk::Bulk;
use crate::journal::salvage::Salvage;
use crate::journal::{FileError, replace, sync_dir};
use crate::keyring::Keys;
use crate::state::State;
use crate::verify::verify;
use crate::{BackupError, Backups, Head, ReadError, Snapshot};

/// Entries between two words to whoever watches.
const TELL_EVERY: u64 = 4_096;

/// Which backup a restore begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RestoreFrom {
    /// The newest one that is good and not from after the moment asked for.
    #[default]
    Latest,
    /// This file.
    File(PathBuf),
    /// None: the journal alone.
    Journal,
}

/// A moment to go back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Just after this entry.
    Entry(Seq),
    /// Just after the last entry that was made at this time or before it.
    Time(Timestamp),
}

/// A restore to be made.
#[derive(Clone, Debug, Default)]
pub struct RestoreRequest {
    /// What to begin with.
    pub from: RestoreFrom,
    /// Where to end; as far as there are entries if nothing is given.
    pub to: Option<Moment>,
    /// Directories with further journal segments, such as copies from another machine. They are
    /// looked into after the shop's own journal.
    pub journals: Vec<PathBuf>,
    /// Whether the shop may go on from there even if entries are lost. Without it, it opens
    /// read-only then, until [`super::Store::accept_loss`].
    pub accept_loss: bool,
}

/// Entries that were durable once and cannot be brought back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    from: u64,
    to: Option<u64>,
    /// What happened to them.
    pub reason: String,
}

impl Loss {
    pub(super) const fn new(from: Seq, to: Option<Seq>, reason: String) -> Self {
        let to = match to {
            Some(seq) => Some(seq.0),
            None => None,
        };
        Self { from: from.0, to, reason }
    }

    /// The first lost entry.
    #[must_use]
    pub const fn from(&self) -> Seq {
        Seq(self.from)
    }

    /// The last lost entry that anything tells of; `None` when nobody knows how many there were.
    #[must_use]
    pub fn to(&self) -> Option<Seq> {
        self.to.map(Seq)
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to {
            Some(to) if to == self.from => write!(out, "entry {to} is lost: ")?,
            Some(to) => write!(out, "entries {} to {to} are lost: ", self.from)?,
            None => write!(out, "entries from {} on are lost, unknown how many: ", self.from)?,
        }
        out.write_str(&self.reason)
    }
}

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The backup it began with, if any.
    pub backup: Option<PathBuf>,
    /// Entries taken from it.
    pub from_backup: u64,
    /// Entries taken from journals behind it.
    pub from_journal: u64,
    /// Where the shop ends now.
    pub head: Head,
    /// Entries behind the moment asked for: the first and the last that are known. They are in
    /// [`Self::kept`].
    pub left_out: Option<(Seq, Seq)>,
    /// What could not be brought back.
    pub lost: Option<Loss>,
    /// Where the former shop is kept.
    pub kept: PathBuf,
    /// Backups that could not be used, and why.
    pub passed_over: Vec<String>,
}

impl fmt::Display for Restored {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.backup {
            Some(backup) => write!(out, "restored from {}", backup.display())?,
            None => out.write_str("restored from the journal alone")?,
        }
        let Self { from_backup, from_journal, head, .. } = self;
        write!(out, ": {from_backup} entries from the backup, {from_journal} from the journal")?;
        write!(out, ", up to entry {}; what was there is kept as ", head.seq.0)?;
        write!(out, "{}", self.kept.display())?;
        if let Some((from, to)) = self.left_out {
            write!(out, "; entries {} to {} were left out", from.0, to.0)?;
        }
        self.lost.as_ref().map_or(Ok(()), |lost| write!(out, "; {lost}"))
    }
}

/// Nothing was restored, and nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The shop is open, journal or state cannot be read or written, or an entry makes no sense.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The backup asked for cannot be used.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// There is not one entry anywhere.
    #[error("there is nothing to restore from: {}", if .0.is_empty() {
        "no backup and no journal".to_owned()
    } else {
        .0.join("; ")
    })]
    Nothing(Vec<String>),
    /// The moment asked for lies behind the last entry that can be brought back.
    #[error("entry {} cannot be reached; the last one that can is {}", .to.0, .head.seq.0)]
    Beyond {
        /// What was asked for.
        to: Seq,
        /// How far it goes.
        head: Head,
    },
    /// The restored shop disagrees with itself.
    #[error("the restored shop is not whole: {0}")]
    Unclean(String),
}

impl From<FileError> for RestoreError {
    fn from(error: FileError) -> Self {
        Self::Open(error.into())
    }
}

/// Restores the shop in `data`, which must not be open. It is built beside, verified, and
/// exchanged for what is there, which is kept; a crash at any point leaves either of the two.
///
/// # Errors
/// See [`RestoreError`].
pub fn restore(
    data: &Path,
    backups: &Backups,
    request: &RestoreRequest,
    watch: Watch<'_>,
) -> Result<Restored, RestoreError> {
    let paths = Paths::new(data);
    let _lock = lock(&paths)?;
    swap::settle(&paths)?;
    restore_locked(&paths, backups, request, &Evidence::default(), watch)
}

/// What else is known of the entries that once were.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    /// The last entry that something other than journal and backups tells of.
    pub due: Seq,
    /// Why a restore is needed.
    pub reason: Option<String>,
}

/// See [`restore`]; the data directory is locked and settled.
pub(super) fn restore_locked(
    paths: &Paths,
    backups: &Backups,
    request: &RestoreRequest,
    evidence: &Evidence,
    watch: Watch<'_>,
) -> Result<Restored, RestoreError> {
    let mut building = Building::new(paths, backups, request)?;
    let (built, base) = building.build(watch)?;
    let known = building.known()?.max(evidence.due).max(building.newest);
    let beyond = (known > built.head.seq).then_some((built.head.next(), known));
    let (left_out, lost) = match request.to {
        Some(_) => (beyond, None),
        None => (None, beyond),
    };
    let lost = lost.map(|(from, to)| {
        let reason = evidence.reason.clone();
        let reason = reason.unwrap_or_else(|| "no backup and no journal has them".to_owned());
        Loss::new(from, Some(to), reason)
    });
    if let Some(loss) = lost.as_ref().filter(|_| !request.accept_loss) {
        write_loss(&paths.building.join("read-only"), loss)?;
    }
    let cut = request.to.map(|_| backups.dir.as_path());
    let swap = Swap::new(paths, built.head.seq, cut)?;
    sync_dir(&paths.building)?;
    swap.declare(paths)?;
    swap::settle(paths)?;
    for stranger in building.strangers {
        set_aside(&stranger)?;
    }
    Ok(Restored {
        backup: base.map(|(path, _)| path),
        from_backup: built.from_backup,
        from_journal: built.head.seq.0.saturating_sub(built.from_backup),
        head: built.head,
        left_out,
        lost,
        kept: swap.kept(paths),
        passed_over: building.passed_over,
    })
}

/// Notes a loss, so that every start knows of it.
pub(super) fn write_loss(path: &Path, loss: &Loss) -> Result<(), FileError> {
    let bytes = serde_json::to_vec(loss)
        .map_err(|error| crate::journal::failed("write", path)(error.into()))?;
    replace(path, &bytes)
}

/// A shop that was built.
struct Built {
    head: Head,
    from_backup: u64,
}

/// A backup with its header.
type Base = (PathBuf, BackupHeader);

struct Building<'a> {
    paths: &'a Paths,
    backups: &'a Backups,
    request: &'a RestoreRequest,
    journals: Vec<Salvage>,
    passed_over: Vec<String>,
    /// Backups that tell another history.
    strangers: Vec<PathBuf>,
    /// The last entry that a backup tells of.
    newest: Seq,
}

impl<'a> Building<'a> {
    fn new(
        paths: &'a Paths,
        backups: &'a Backups,
        request: &'a RestoreRequest,
    ) -> Result<Self, FileError> {
        let dirs = std::iter::once(&paths.journal).chain(&request.journals);
        let journals = dirs.map(|dir| Salvage::open(dir)).collect::<Result<_, _>>()?;
        let (passed_over, strangers) = (Vec::new(), Vec::new());
        Ok(Self { paths, backups, request, journals, passed_over, strangers, newest: Seq(0) })
    }

    /// The last entry that a journal tells of.
    fn known(&mut self) -> Result<Seq, FileError> {
        let mut known = Seq(0);
        for journal in &mut self.journals {
            let last = journal.last(Seq(u64::MAX))?;
            known = known.max(last.map_or(Seq(0), |head| head.seq));
        }
        Ok(known)
    }

    /// Builds with the first backup that can be used; where that does not lead to the moment asked
    /// for, the entries of a later one stand in for what the journal lacks.
    fn build(&mut self, watch: Watch<'_>) -> Result<(Built, Option<Base>), RestoreError> {
        let candidates = self.candidates()?;
        let (fitting, later): (Vec<Base>, Vec<Base>) =
            candidates.into_iter().partition(|(_, header)| self.is_before_moment(header));
        let built = self.build_on_first(&fitting, watch);
        let known = fitting.iter().chain(&later).filter(|base| !self.strangers.contains(&base.0));
        self.newest = known.map(|(_, header)| header.head.seq).max().unwrap_or_default();
        if later.is_empty() || !self.falls_short(&built) {
            return built;
        }
        for base in &later {
            match self.unpack(base, watch) {
                Ok(entries) => {
                    self.journals.push(entries);
                    return self.build_on_first(&fitting, watch);
                }
                Err(error) => self.pass_over(base, error)?,
            }
        }
        built
    }

    /// Builds on the first of these backups that can be used, or on the journal alone.
    fn build_on_first(
        &mut self,
        bases: &[Base],
        watch: Watch<'_>,
    ) -> Result<(Built, Option<Base>), RestoreError> {
        for base in bases {
            match self.build_on(Some(base), watch) {
                Ok(built) => return Ok((built, Some(base.clone()))),
                Err(error) => self.pass_over(base, error)?,
            }
        }
        self.build_on(None, watch).map(|built| (built, None))
    }

    /// Notes why a backup is of no use, if another may be.
    fn pass_over(&mut self, base: &Base, error: RestoreError) -> Result<(), RestoreError> {
        match error {
            RestoreError::Backup(error)
                if self.request.from == RestoreFrom::Latest && is_about_file(&error) =>
            {
                if matches!(error, BackupError::History { .. }) {
                    self.strangers.push(base.0.clone());
                }
                self.passed_over.push(error.to_string());
                Ok(())
            }
            error => Err(error),
        }
    }

    /// Whether less came of it than was asked for, so that a later backup's entries may help.
    fn falls_short(&mut self, built: &Result<(Built, Option<Base>), RestoreError>) -> bool {
        match (built, self.request.to) {
            (Err(RestoreError::Beyond { .. } | RestoreError::Nothing(_)), _) => true,
            (Err(_), _) | (Ok(_), None) => false,
            (Ok((built, _)), Some(Moment::Entry(to))) => built.head.seq < to,
            // More entries may follow, and be from before that time.
            (Ok((built, _)), Some(Moment::Time(_))) => {
                !matches!(self.next(built.head), Ok(Some(_)))
            }
        }
    }

    /// The backups that may be used, newest first.
    fn candidates(&mut self) -> Result<Vec<Base>, RestoreError> {
        let paths = match &self.request.from {
            RestoreFrom::Journal => return Ok(Vec::new()),
            RestoreFrom::File(path) => {
                return Ok(vec![(path.clone(), peek_header(self.backups, path)?)]);
            }
            RestoreFrom::Latest => {
                let listed = self.backups.list()?.into_iter();
                listed.filter(|listed| !listed.superseded).map(|listed| listed.path)
            }
        };
        let mut found = Vec::new();
        for path in paths {
            match peek_header(self.backups, &path) {
                Ok(header) => found.push((path, header)),
                Err(error) => self.passed_over.push(error.to_string()),
            }
        }
        Ok(found)
    }

    /// Whether all of a backup is from before the moment asked for.
    fn is_before_moment(&self, header: &BackupHeader) -> bool {
        match self.request.to {
            None => true,
            Some(Moment::Entry(to)) => header.head.seq <= to,
            Some(Moment::Time(time)) => header.last_entry_at.is_none_or(|last| last <= time),
        }
    }

    /// Builds a whole shop: the backup, if one is given, and the journals behind it.
    fn build_on(&mut self, base: Option<&Base>, watch: Watch<'_>) -> Result<Built, RestoreError> {
        let dir = self.paths.building.clone();
        remove_dir(&dir.join("journal"))?;
        remove_dir(&dir.join("state"))?;
        let mut journal = Bulk::new(&dir.join("journal"), self.segment_bytes(), true)?;
        let has_state = match base {
            Some((path, header)) => {
                let agrees = self.seen_by_journal(header.head)?;
                let target = Self::target(&dir, Scope::Whole, agrees);
                let input = open(self.backups, path)?;
                let stage = Stage::Restoring;
                rebuild(path, input, target, &mut journal, watch, stage)?.has_state
            }
            None => false,
        };
        let start = journal.head();
        let to = self.end(start, watch)?;
        while to.is_none_or(|to| journal.head().seq < to) {
            let Some(body) = self.next(journal.head())? else { break };
            journal.push(&body)?;
        }
        let head = journal.finish()?;
        if let Some(to) = to.filter(|to| head.seq < *to) {
            return Err(RestoreError::Beyond { to, head });
        }
        if head.seq == Seq(0) {
            return Err(RestoreError::Nothing(self.passed_over.clone()));
        }
        let state = State::open_uncached(&dir.join("state")).map_err(OpenError::State)?;
        let mark = if has_state { start.seq } else { Seq(0) };
        bring_up(&dir, &state, mark, head, watch)?;
        Ok(Built { head, from_backup: start.seq.0 })
    }

    fn segment_bytes(&self) -> u64 {
        Options::default().segment_bytes
    }

    const fn target(dir: &Path, scope: Scope, agrees: Option<Head>) -> Target<'_> {
        Target { dir, scope, agrees, durable: true, loaded: None }
    }

    /// Where the shop's own journal has last seen the chain up to a backup's end. A backup that
    /// was there at another hash tells another history.
    fn seen_by_journal(&mut self, head: Head) -> Result<Option<Head>, FileError> {
        self.journals.first_mut().map_or(Ok(None), |journal| journal.last(head.seq))
    }

    /// The entry that follows, from the first journal that has it.
    fn next(&mut self, before: Head) -> Result<Option<Vec<u8>>, FileError> {
        for journal in &mut self.journals {
            if let Some(body) = journal.next(before)? {
                return Ok(Some(body.to_vec()));
            }
        }
        Ok(None)
    }

    /// The last entry to take, where a moment was asked for.
    fn end(&mut self, start: Head, watch: Watch<'_>) -> Result<Option<Seq>, RestoreError> {
        let time = match self.request.to {
            None => return Ok(None),
            Some(Moment::Entry(seq)) => return Ok(Some(seq)),
            Some(Moment::Time(time)) => time,
        };
        let (mut head, mut last) = (start, start.seq);
        while let Some(body) = self.next(head)? {
            head = head.then(&body);
            let seq = head.seq;
            let entry: Entry = codec::decode(Kind::Entry, &body, &Keys::elsewhere())
                .map_err(|source| OpenError::Entry { seq, source })?;
            if entry.at <= time {
                last = seq;
            }
            if seq.0.is_multiple_of(TELL_EVERY) {
                tell(watch, Stage::Restoring, seq.0, 0)?;
            }
        }
        Ok(Some(last))
    }

    /// Takes the entries of a backup apart, to stand in for a journal.
    fn unpack(&mut self, base: &Base, watch: Watch<'_>) -> Result<Salvage, RestoreError> {
        let (path, header) = base;
        let dir = self.paths.building.join("entries");
        remove_dir(&dir)?;
        let agrees = self.seen_by_journal(header.head)?;
        let target = Self::target(&dir, Scope::EntriesTo(header.head.seq), agrees);
        let input = open(self.backups, path)?;
        let journal = dir.join("journal");
        let mut entries = Bulk::new(&journal, self.segment_bytes(), true)?;
        rebuild(path, input, target, &mut entries, watch, Stage::Restoring)?;
        entries.finish()?;
        Ok(Salvage::open(&journal)?)
    }
}

/// Whether another backup may do where this one does not.
const fn is_about_file(error: &BackupError) -> bool {
    error.is_damage()
        || matches!(
            error,
            BackupError::History { .. }
                | BackupError::NoKey(_)
                | BackupError::Key(_)
                | BackupError::NoEncryption
                | BackupError::Format { .. }
        )
}

/// Replays what the state lacks, and verifies the whole.
fn bring_up(
    dir: &Path,
    state: &State,
    mark: Seq,
    head: Head,
    watch: Watch<'_>,
) -> Result<(), RestoreError> {
    let behind = head.seq.0.saturating_sub(mark.0);
    tell(watch, Stage::Replaying, 0, behind)?;
    let journal = dir.join("journal");
    if behind > 0 {
        replay(&journal, state, mark).map_err(|halt| match halt {
            Halt::Useless(reason) => RestoreError::Unclean(reason),
            Halt::Fatal(error) => error.into(),
        })?;
    }
    tell(watch, Stage::Verifying, 0, 0)?;
    let snapshot = Snapshot { reading: state.read(Keys::elsewhere) };
    if let Some(first) = verify(&snapshot, &journal).findings.first() {
        return Err(RestoreError::Unclean(first.to_string()));
    }
    let found = snapshot.head().map_err(OpenError::from)?;
    if found != head {
        return Err(OpenError::Read(ReadError::Marks).into());
    }
    state.sync().map_err(|error| OpenError::State(error).into())
}
