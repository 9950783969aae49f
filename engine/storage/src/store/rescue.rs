//! What a start does when journal and state together are not enough: it restores. Also the notes
//! that outlive a process: that the shop is suspect, and that entries are lost.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use ring4_domain::change::Seq;

use super::recovery::{Event, OpenError};
use super::restore::{Evidence, Loss, RestoreError, RestoreRequest, restore_locked};
use super::{Options, Paths};
use crate::Backups;
use crate::backup::{BackupHeader, cut, unwatched};
use crate::journal::{FileError, Journal, failed, note, replace};
use crate::state::State;

/// Bytes of a reason for suspicion, at most.
const REASON_LEN_MAX: usize = 1_000;

/// Why a start has to restore.
pub(super) struct Trouble {
    reason: String,
    /// The last entry that something other than journal and backups tells of.
    due: Seq,
}

impl Trouble {
    /// Whether what a start came to is not enough, and there are backups to do better with.
    pub(super) fn of(
        agreed: &Result<(State, Journal), OpenError>,
        paths: &Paths,
        options: &Options,
        due: Seq,
    ) -> Result<Option<Self>, FileError> {
        let Some(backups) = backups(paths, options) else { return Ok(None) };
        match agreed {
            Err(OpenError::Journal(error)) => Ok(Some(Self { reason: error.to_string(), due })),
            Err(_) => Ok(None),
            Ok((_, journal)) => {
                let end = journal.head().seq;
                let newest = newest(&backups)?;
                let beyond = newest.filter(|header| header.head.seq > end);
                let reached = note::read(journal.dir())?.filter(|reached| *reached > end);
                let reason = match (beyond, reached) {
                    (Some(header), _) => {
                        let was = header.head.seq.0;
                        format!("journal and state end at entry {}, a backup at entry {was}", end.0)
                    }
                    (None, Some(reached)) => {
                        let was = reached.0;
                        format!("journal and state end at entry {}, and had reached {was}", end.0)
                    }
                    (None, None) => return Ok(None),
                };
                let due = reached.map_or(due, |reached| due.max(reached));
                Ok(Some(Self { reason, due }))
            }
        }
    }
}

fn backups(paths: &Paths, options: &Options) -> Option<Backups> {
    let dir = options.backups.as_ref()?;
    Some(Backups { key: options.backup_key.clone(), ..Backups::new(dir, &paths.data) })
}

/// The header of the backup that reaches furthest, of those that can be read without a key.
fn newest(backups: &Backups) -> Result<Option<BackupHeader>, FileError> {
    let listed = backups.list()?.into_iter().filter(|listed| listed.is_good());
    let headers = listed.filter_map(|listed| listed.header().cloned());
    Ok(headers.max_by_key(|header| header.head.seq))
}

/// Restores the shop from the newest backup that helps and what is left of the journal.
pub(super) fn rescue(
    paths: &Paths,
    options: &Options,
    trouble: Trouble,
) -> Result<Event, OpenError> {
    let Trouble { reason, due } = trouble;
    let backups = backups(paths, options).unwrap_or_else(|| Backups::new(&paths.data, &paths.data));
    let evidence = Evidence { due, reason: Some(reason.clone()) };
    let request = RestoreRequest::default();
    let restored = restore_locked(paths, &backups, &request, &evidence, &mut unwatched);
    match restored {
        Ok(restored) => Ok(Event::Restored { reason, restored: Box::new(restored) }),
        Err(RestoreError::Open(error)) => Err(error),
        Err(error) => Err(OpenError::Rescue { reason, source: Box::new(error) }),
    }
}

/// Notes that something is wrong with the shop, so that the next start looks at everything.
pub(super) fn mark_suspect(paths: &Paths, reason: &str) -> Result<(), FileError> {
    replace(&paths.suspect, cut(reason, REASON_LEN_MAX).as_bytes())
}

/// Reads that note; one that does not read as text counts all the same.
pub(super) fn read_suspicion(paths: &Paths) -> Result<Option<String>, FileError> {
    let bytes = read(&paths.suspect)?;
    Ok(bytes.map(|bytes| cut(&String::from_utf8_lossy(&bytes), REASON_LEN_MAX)))
}

/// Reads which entries are lost. A note that does not parse still means that some are.
pub(super) fn read_loss(paths: &Paths) -> Result<Option<Loss>, FileError> {
    let unreadable =
        || Loss::new(Seq(1), None, "the note that says which cannot be read".to_owned());
    let bytes = read(&paths.read_only)?;
    Ok(bytes.map(|bytes| serde_json::from_slice(&bytes).unwrap_or_else(|_| unreadable())))
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path)(error)),
    }
}
