//! What is durable: the journal, the state it adds up to, and the way back after a crash.
//! The middle of the engine imports this; this imports the domain alone.
//!
//! A group of entries becomes durable by one `fdatasync` of the journal and is then written to
//! the state, from which everything is read. At start the two are compared; see [`Store::open`].
//!
//! ```text
//! store      Store, Options: open, begin, close            group      view, stage, commit
//! recovery   what a start finds and does                    snapshot   every question
//! journal    segments, frames, inspection, mending          state      keys, rows, fjall
//! codec      records to bytes                              verify     fold, compare, report
//! backup     the state in one file: create, list, verify    restore    from backup and journal
//! keyring    what numbers and codes are sealed with         shipping   pieces of the journal
//! ```

mod backup;
mod codec;
mod group;
mod journal;
mod keyring;
mod shipping;
mod snapshot;
mod state;
mod store;
mod verify;

pub use backup::{
    Backup, BackupError, BackupHeader, BackupKey, BackupKind, BackupRequest, Backups, Contents,
    FormatError, FormatFault, Listed, Manifest, NOTE_LEN_MAX, Progress, SpaceSize, Stage, Sums,
    Verdict, Verified, Watch, parse_backup_name, unwatched, verify_backup,
};
pub use codec::{DecodeError, Totals};
pub use group::{CommitError, GROUP_ENTRIES_MAX, Group, StageError};
pub use journal::frame::Fault;
pub use journal::inspect::{JournalError, Repair};
pub use journal::{FileError, Hash, Head};
pub use keyring::{KeyError, KeyRepair, Keyring, MirrorTrouble};
pub use shipping::{
    CutError, Layout, PIECE_LEN_MAX, Piece, PieceError, open_bytes, piece_begins, seal_bytes,
};
pub use snapshot::{Snapshot, WalletEntry};
pub use state::keys::{Pending, Undecided};
pub use state::{ReadError, Space};
pub use store::recovery::{Event, OpenError, Recovery, VERIFY_BUSY, VerifyCommand, verify_state};
pub use store::restore::{
    Loss, Moment, RestoreError, RestoreFrom, RestoreRequest, Restored, restore,
};
pub use store::{Options, Reader, Store};
pub use verify::{FINDINGS_MAX, Finding, Report};

/// Whatever this crate may fail with, for those who do several things at once with it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// See [`OpenError`].
    #[error("open the store: {0}")]
    Open(#[from] OpenError),
    /// See [`ReadError`].
    #[error("read the store: {0}")]
    Read(#[from] ReadError),
    /// See [`StageError`].
    #[error("stage an entry: {0}")]
    Stage(#[from] StageError),
    /// See [`CommitError`].
    #[error("commit: {0}")]
    Commit(#[from] CommitError),
}
