//! Backups: the whole state in one file, written beside the running shop and proven by a restore
//! into scratch before it gets its name. The engine's schedule, commands and command line use
//! this; what a file looks like inside is told in `FORMAT.md` beside this crate.
//!
//! A file that ends in `.ring4`, or `.ring4.age`, was verified: until then it ends in `.part`.
//! One that a later verification finds damaged gets `.damaged` behind its name, and one that is
//! no past of the shop, because that was restored to an earlier moment or is another shop's, gets
//! `.superseded`. Neither of these is
//! chosen, counted or deleted by the program again; both may be named by an operator.

mod check;
mod create;
mod encrypt;
mod format;
mod list;
mod name;
mod rebuild;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use ring4_domain::change::Seq;
use ring4_domain::ids::Timestamp;

pub use check::{Verdict, Verified, verify_backup};
pub(crate) use check::{remove_dir, remove_file};
pub use encrypt::BackupKey;
pub use format::{BackupHeader, FormatError, FormatFault, Manifest, NOTE_LEN_MAX, SpaceSize, Sums};
pub use list::{Contents, Listed, parse_backup_name};
pub(crate) use list::{open, peek_header, set_aside, supersede};
pub(crate) use rebuild::{Scope, Target, rebuild};

use crate::{FileError, Head, ReadError, VerifyCommand};

/// Why a backup was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BackupKind {
    /// Its time had come.
    Auto,
    /// Somebody asked for it.
    Manual,
    /// Something was wrong, or about to be changed.
    Emergency,
}

impl BackupKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Manual, Self::Emergency];

    /// As it stands in names and headers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Manual => "manual",
            Self::Emergency => "emergency",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// How far something that takes a while has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Rows done.
    pub done: u64,
    /// Rows to do; an estimate while a backup is written, and zero where nobody knows.
    pub total: u64,
}

/// What is being done with a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Rows are written to the file.
    Writing,
    /// The file is being restored into scratch.
    Verifying,
    /// The file is being encrypted, or decrypted.
    Encrypting,
    /// A shop is being built from it.
    Restoring,
    /// Entries behind the backup are being applied.
    Replaying,
}

/// Told how far things are, several times a second; may stop them.
pub type Watch<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

/// A watch that only looks.
pub fn unwatched(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Asks the watch whether to go on.
pub(crate) fn tell(
    watch: Watch<'_>,
    stage: Stage,
    done: u64,
    total: u64,
) -> Result<(), BackupError> {
    match watch(Progress { stage, done, total }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(BackupError::Cancelled),
    }
}

/// Where backups lie and how they are made.
#[derive(Clone, Debug)]
pub struct Backups {
    /// The directory with the files; created when missing.
    pub dir: PathBuf,
    /// A directory of ours for what is thrown away again, on a disk with room for a second shop;
    /// `scratch` inside the data directory is meant.
    pub scratch: PathBuf,
    /// Good backups kept of each kind; at least one is.
    pub kept_per_kind: usize,
    /// A program that verifies a plain backup: file and scratch directory are its last
    /// arguments, [`Verified`] as text is its answer. Without it this process does it.
    pub verify_command: Option<VerifyCommand>,
    /// What backups are encrypted to and opened with.
    pub key: Option<BackupKey>,
}

impl Backups {
    /// Plain backups in `dir` of the shop in `data`, ten of each kind.
    #[must_use]
    pub fn new(dir: &Path, data: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            scratch: data.join("scratch"),
            kept_per_kind: 10,
            verify_command: None,
            key: None,
        }
    }
}

/// A backup to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupRequest {
    /// Why.
    pub kind: BackupKind,
    /// A note for whoever reads the list, at most [`NOTE_LEN_MAX`] bytes; longer ones are cut.
    pub note: String,
    /// Now.
    pub at: Timestamp,
}

/// A backup that was made and verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// What it says about itself.
    pub header: BackupHeader,
    /// What it holds.
    pub manifest: Manifest,
    /// Older backups that were deleted for it.
    pub rotated: Vec<PathBuf>,
}

/// A backup cannot be made, read or believed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another backup is being made or verified.
    #[error("another backup is being made or verified: {} is locked", .0.display())]
    Busy(PathBuf),
    /// The one who watches said so.
    #[error("stopped on request")]
    Cancelled,
    /// The state cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file is not a whole backup.
    #[error("{}: {source}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Where and why not.
        source: FormatError,
    },
    /// The entries in the file do not follow from each other.
    #[error("{}: entry {} does not continue the chain", path.display(), seq.0)]
    Chain {
        /// The file.
        path: PathBuf,
        /// The first that does not.
        seq: Seq,
    },
    /// The file tells another history than the journal beside it.
    #[error("{}: entry {} is another one than the journal's", path.display(), seq.0)]
    History {
        /// The file.
        path: PathBuf,
        /// An entry on which they disagree.
        seq: Seq,
    },
    /// The state's store cannot take the rows.
    #[error("build a state in scratch: {0}")]
    State(fjall::Error),
    /// What was restored into scratch is not a shop whose rows and entries agree.
    #[error("{}: {findings} findings after a restore into scratch; the first: {first}",
        path.display())]
    Unclean {
        /// The file.
        path: PathBuf,
        /// How many.
        findings: u64,
        /// The first of them.
        first: String,
    },
    /// What was restored into scratch ends elsewhere than the shop did.
    #[error("{}: restored to entry {}, not to entry {}", path.display(), found.seq.0, due.seq.0)]
    Head {
        /// The file.
        path: PathBuf,
        /// Where it should end.
        due: Head,
        /// Where it ends.
        found: Head,
    },
    /// The verifying command found it damaged.
    #[error("{}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the command said.
        reason: String,
    },
    /// The verifying command failed.
    #[error("the verifying command {0}")]
    Command(String),
    /// The file is encrypted and no key that opens it was given.
    #[error("{} is encrypted, and no key that opens it was given", .0.display())]
    NoKey(PathBuf),
    /// The key is none, or the wrong one.
    #[error("encryption: {0}")]
    Key(String),
    /// This program was built without encryption.
    #[error("this program was built without encryption of backups")]
    NoEncryption,
}

impl BackupError {
    /// Whether the file itself is at fault, so that it should be believed no more. A disk that
    /// cannot be read, a missing key or a command that did not start prove nothing.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        match self {
            Self::Format { source, .. } => !matches!(source.fault, FormatFault::Read(_)),
            Self::Chain { .. }
            | Self::Unclean { .. }
            | Self::Head { .. }
            | Self::Damaged { .. } => true,
            _ => false,
        }
    }
}

/// The beginning of a text, at most `len_max` bytes of it.
pub(crate) fn cut(text: &str, len_max: usize) -> String {
    let mut len = 0;
    text.chars()
        .take_while(|letter| {
            len += letter.len_utf8();
            len <= len_max
        })
        .collect()
}
