//! What backup files are called: `manual_2026-11-22T18-44-03Z.ring4`. The backup room alone uses
//! this.
//!
//! The name tells kind and time without opening the file, which matters for encrypted ones, and
//! sorts by time within a kind. There is no colon in it: some file systems refuse them.

use std::path::Path;

use chrono::{DateTime, NaiveDateTime};
use ring4_domain::ids::Timestamp;

use super::BackupKind;

/// Ends the name of a plain backup.
pub(super) const PLAIN: &str = ".ring4";
/// Follows [`PLAIN`] in the name of an encrypted one.
pub(super) const ENCRYPTED: &str = ".age";
/// Ends the name of what is not verified yet.
pub(super) const PART: &str = ".part";
/// Ends the name of what was found damaged.
pub(super) const DAMAGED: &str = ".damaged";
/// Ends the name of what a restore to an earlier moment has left behind.
pub(crate) const SUPERSEDED: &str = ".superseded";

const TIME: &str = "%Y-%m-%dT%H-%M-%SZ";

/// What a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub kind: BackupKind,
    /// To the second.
    pub at: Timestamp,
    pub encrypted: bool,
    /// How the rest of the name judges the file.
    pub standing: Standing,
}

/// What a file's name says of its worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Good,
    Damaged,
    Superseded,
}

/// The name of a backup made at `at`.
pub(super) fn of(kind: BackupKind, at: Timestamp, encrypted: bool) -> String {
    let time = DateTime::from_timestamp_millis(at.0).unwrap_or_default().format(TIME);
    let suffix = if encrypted { ENCRYPTED } else { "" };
    format!("{}_{time}{PLAIN}{suffix}", kind.name())
}

/// Reads a file's name; `None` if it is not a backup's.
pub(super) fn parse(path: &Path) -> Option<Name> {
    let name = path.file_name()?.to_str()?;
    let (name, standing) = match (name.strip_suffix(DAMAGED), name.strip_suffix(SUPERSEDED)) {
        (Some(name), _) => (name, Standing::Damaged),
        (_, Some(name)) => (name, Standing::Superseded),
        _ => (name, Standing::Good),
    };
    let (name, encrypted) = match name.strip_suffix(ENCRYPTED) {
        Some(name) => (name, true),
        None => (name, false),
    };
    let (kind, time) = name.strip_suffix(PLAIN)?.split_once('_')?;
    let at = NaiveDateTime::parse_from_str(time, TIME).ok()?;
    let at = Timestamp(at.and_utc().timestamp_millis());
    Some(Name { kind: BackupKind::parse(kind)?, at, encrypted, standing })
}
