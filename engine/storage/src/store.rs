//! The store: one writer, any number of readers. The executor owns it.

pub(crate) mod recovery;
mod replay;
mod rescue;
pub(crate) mod restore;
mod swap;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use ring4_domain::change::Seq;
use ring4_domain::day::Day;

use crate::backup::remove_file;
use crate::group::{Overlay, Staged, fill};
use crate::journal::{self, FileError, Head, Journal};
use crate::keyring::{Key, Keyring, Keys};
use crate::state::State;
use crate::verify::verify;
use crate::{BackupKey, CommitError, Group, OpenError, Recovery, Report, Snapshot, VerifyCommand};
use restore::{Loss, Restored};

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
    /// Where backups lie. With it, a start that finds the journal damaged beyond mending restores
    /// the shop instead of failing.
    pub backups: Option<PathBuf>,
    /// What opens them, where they are encrypted.
    pub backup_key: Option<BackupKey>,
    /// A second directory for the keys of numbers and codes, on another disk where there is one.
    /// A backup holds no keys: without `keys/` and this, its numbers and codes stay sealed.
    pub keys_mirror: Option<PathBuf>,
    /// The keys lie elsewhere: this is a copy that is only looked at. Numbers and codes stay
    /// sealed, new ones are refused, and verification does not ask for their keys.
    pub keys_elsewhere: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 8 << 20,
            whole_journal: false,
            verify_command: None,
            backups: None,
            backup_key: None,
            keys_mirror: None,
            keys_elsewhere: false,
        }
    }
}

/// Where things lie in the data directory.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    pub data: PathBuf,
    pub lock: PathBuf,
    pub journal: PathBuf,
    pub state: PathBuf,
    pub keys: PathBuf,
    /// Written at a clean close, removed at the next start.
    pub closed: PathBuf,
    /// Where a restore builds.
    pub building: PathBuf,
    /// Says that what was built there is whole.
    pub swap: PathBuf,
    /// Says why the next start has to look at everything.
    pub suspect: PathBuf,
    /// Says which entries are lost, until somebody accepts it.
    pub read_only: PathBuf,
}

impl Paths {
    pub(crate) fn new(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            lock: data.join("lock"),
            journal: data.join("journal"),
            state: data.join("state"),
            keys: data.join("keys"),
            closed: data.join("closed"),
            building: data.join("restore-new"),
            swap: data.join("swap"),
            suspect: data.join("suspect"),
            read_only: data.join("read-only"),
        }
    }
}

/// The open store.
pub struct Store {
    paths: Paths,
    journal: Journal,
    state: State,
    keyring: Keyring,
    poisoned: bool,
    /// Entries that are lost; no others may take their places before that is accepted.
    read_only: Option<Loss>,
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
        Snapshot { reading: self.state.read(|| self.keyring.now()) }
    }

    /// The keys of numbers and codes, to forget by.
    #[must_use]
    pub fn keyring(&self) -> Keyring {
        self.keyring.clone()
    }

    /// A handle that makes snapshots on other threads.
    #[must_use]
    pub fn reader(&self) -> Reader {
        let (state, keyring) = (self.state.clone(), self.keyring.clone());
        Reader { state, keyring, paths: self.paths.clone() }
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
        keys: Keys,
        drawn: &[(Day, Key)],
    ) -> Result<Head, CommitError> {
        if self.poisoned {
            return Err(CommitError::Poisoned);
        }
        if let Some(loss) = &self.read_only {
            return Err(CommitError::ReadOnly(Box::new(loss.clone())));
        }
        if staged.is_empty() {
            return Ok(self.head());
        }
        // Durable before the first entry that needs it; a crash in between leaves a key unused.
        self.keyring.keep(drawn).map_err(CommitError::Key)?;
        // Set before, cleared after: no way out of here may forget it.
        self.poisoned = true;
        let bodies: Vec<&[u8]> = staged.iter().map(|entry| entry.body.as_slice()).collect();
        let hashes = self.journal.append(&bodies)?;
        let mut batch = self.state.batch(keys);
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

    /// Which entries are lost, so that no commit is taken.
    #[must_use]
    pub const fn read_only(&self) -> Option<&Loss> {
        self.read_only.as_ref()
    }

    /// Takes commits again although entries are lost: somebody has decided so. The former files
    /// stay where the restore put them.
    ///
    /// # Errors
    /// The note of the loss cannot be removed.
    pub fn accept_loss(&mut self) -> Result<Option<Loss>, FileError> {
        remove_file(&self.paths.read_only)?;
        journal::sync_dir(&self.paths.data)?;
        Ok(self.read_only.take())
    }

    /// Notes that something is wrong with the shop: the next start follows the whole journal,
    /// compares every row with it, and builds the state anew if one differs.
    ///
    /// # Errors
    /// The note cannot be written.
    pub fn mark_suspect(&self, reason: &str) -> Result<(), FileError> {
        rescue::mark_suspect(&self.paths, reason)
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
    keyring: Keyring,
    paths: Paths,
}

impl Reader {
    /// The state as it is now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { reading: self.state.read(|| self.keyring.now()) }
    }

    /// See [`Store::mark_suspect`].
    ///
    /// # Errors
    /// The note cannot be written.
    pub fn mark_suspect(&self, reason: &str) -> Result<(), FileError> {
        rescue::mark_suspect(&self.paths, reason)
    }

    /// Rows in the state, about.
    pub(crate) fn rows_about(&self) -> u64 {
        self.state.rows_about()
    }

    /// Reads the whole journal and the whole state, as they are now, and compares them. Takes
    /// seconds per million entries and memory for every record; commits go on meanwhile.
    #[must_use]
    pub fn verify(&self) -> Report {
        // What is forgotten while this runs was not when it began.
        let before = self.keyring.now();
        let mut snapshot = self.snapshot();
        snapshot.reading.keys.absorb(&before);
        verify(&snapshot, &self.paths.journal)
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
