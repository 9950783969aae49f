//! The store: one writer, any number of readers. The executor owns it.

pub(crate) mod recovery;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use ring4_domain::change::Seq;

use crate::group::{Overlay, Staged, fill};
use crate::journal::{self, FileError, Head, Journal};
use crate::state::State;
use crate::verify::verify;
use crate::{CommitError, Group, OpenError, Recovery, Report, Snapshot, VerifyCommand};

/// What may be turned.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes after which a new journal segment is begun.
    pub segment_bytes: u64,
    /// Whether to follow the whole journal at start, not only from the state's mark on. Takes
    /// seconds per gigabyte, and mends old segments too.
    pub whole_journal: bool,
    /// A command that tries to open the state before this process does, after a stop that was
    /// not clean. A damaged state may abort the process that opens it.
    pub verify_command: Option<VerifyCommand>,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes: 8 << 20, whole_journal: false, verify_command: None }
    }
}

/// Where things lie in the data directory.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    pub data: PathBuf,
    pub lock: PathBuf,
    pub journal: PathBuf,
    pub state: PathBuf,
    /// Written at a clean close, removed at the next start.
    pub closed: PathBuf,
}

impl Paths {
    pub(crate) fn new(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            lock: data.join("lock"),
            journal: data.join("journal"),
            state: data.join("state"),
            closed: data.join("closed"),
        }
    }
}

/// The open store.
pub struct Store {
    paths: Paths,
    journal: Journal,
    state: State,
    poisoned: bool,
    /// Held for as long as the store is open, so that no second process writes.
    _lock: File,
}

impl Store {
    /// Opens the store in `dir`, which is created if missing, and puts journal and state in
    /// agreement: a state that is behind is brought up, one that is missing, damaged or
    /// different is set aside and built anew, a torn tail is cut off, and damage to the journal
    /// is mended where the state proves what was there.
    ///
    /// # Errors
    /// Another process has it open, a file cannot be read or written, or entries that were
    /// acknowledged are lost.
    pub fn open(dir: &Path, options: &Options) -> Result<(Self, Recovery), OpenError> {
        recovery::open(dir, options)
    }

    /// The last durable entry and the chain's hash after it.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.journal.head()
    }

    /// The state as it is now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { reading: self.state.read() }
    }

    /// A handle that makes snapshots on other threads.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader { state: self.state.clone(), journal: self.paths.journal.clone() }
    }

    /// The directory of the journal, for copying its sealed segments.
    #[must_use]
    pub fn journal_dir(&self) -> &Path {
        &self.paths.journal
    }

    /// Begins a group of entries.
    #[must_use]
    pub fn begin(&mut self) -> Group<'_> {
        let snapshot = self.snapshot();
        Group::new(self, snapshot)
    }

    pub(crate) fn commit(
        &mut self,
        overlay: Overlay,
        staged: Vec<Staged>,
    ) -> Result<Head, CommitError> {
        if self.poisoned {
            return Err(CommitError::Poisoned);
        }
        if staged.is_empty() {
            return Ok(self.head());
        }
        // Set before, cleared after: no way out of here may forget it.
        self.poisoned = true;
        let bodies: Vec<&[u8]> = staged.iter().map(|entry| entry.body.as_slice()).collect();
        let hashes = self.journal.append(&bodies)?;
        let mut batch = self.state.batch();
        fill(&mut batch, overlay, staged, &hashes);
        batch.commit(self.head()).map_err(CommitError::State)?;
        self.poisoned = false;
        Ok(self.head())
    }

    /// Whether a commit failed, so that none can follow.
    #[must_use]
    pub const fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// Closes the store so that the next start needs no verification. Without it a start is as
    /// safe, only slower. Snapshots and readers still held keep the state's files open.
    ///
    /// # Errors
    /// A commit failed before, or the state or the marker cannot be written.
    pub fn close(self) -> Result<(), CommitError> {
        if self.poisoned {
            return Err(CommitError::Poisoned);
        }
        self.state.sync().map_err(CommitError::State)?;
        recovery::write_closed(&self.paths, self.head())?;
        Ok(())
    }
}

/// Reads on any thread.
#[derive(Clone)]
pub struct Reader {
    state: State,
    journal: PathBuf,
}

impl Reader {
    /// The state as it is now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { reading: self.state.read() }
    }

    /// Rows in the state, about.
    pub(crate) fn rows_about(&self) -> u64 {
        self.state.rows_about()
    }

    /// Reads the whole journal and the whole state, as they are now, and compares them. Takes
    /// seconds per million entries and memory for every record; commits go on meanwhile.
    #[must_use]
    pub fn verify(&self) -> Report {
        verify(&self.snapshot(), &self.journal)
    }
}

/// Takes the data directory for this process.
pub(crate) fn lock(paths: &Paths) -> Result<File, OpenError> {
    fs::create_dir_all(&paths.journal).map_err(journal::failed("create", &paths.journal))?;
    journal::sync_dir(&paths.data)?;
    if let Some(parent) = paths.data.parent().filter(|parent| parent.is_dir()) {
        journal::sync_dir(parent)?;
    }
    let path = &paths.lock;
    let options = File::options().create(true).write(true).truncate(false).to_owned();
    let file = options.open(path).map_err(journal::failed("open", path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(OpenError::Locked(paths.data.clone())),
        Err(fs::TryLockError::Error(source)) => {
            Err(FileError { doing: "lock", path: path.clone(), source }.into())
        }
    }
}

/// The entry behind which a group of entries begins.
pub(crate) const fn before(seq: Seq) -> Seq {
    Seq(seq.0.saturating_sub(1))
}
