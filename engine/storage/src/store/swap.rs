//! Puts a shop that was built beside in the place of the one that is there. Restore and start use
//! this.
//!
//! Once the note `swap` lies in the data directory, the new shop is whole and the exchange is
//! carried to its end, by this process or by the next start: every step looks first whether it
//! was done. Without the note, what was being built is thrown away.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use ring4_domain::change::Seq;
use serde::{Deserialize, Serialize};

use super::Paths;
use crate::backup::{remove_dir, remove_file, supersede};
use crate::journal::{FileError, failed, replace, sync_dir};

/// Former shops kept aside, at most.
const KEPT_MAX: u32 = 1_000;

/// What of a shop is exchanged. The lock stays, since it is held.
const PARTS: [&str; 5] = ["journal", "state", "closed", "suspect", "read-only"];

/// The note that the new shop is whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Swap {
    /// Names the directory that the former shop goes to.
    number: u32,
    /// Backups that reach beyond this entry are set aside, if a directory is named.
    head: u64,
    backups: Option<PathBuf>,
}

impl Swap {
    /// Chooses a name for the former shop. With `cut`, the backups in that directory that reach
    /// beyond `head` are left without a future.
    pub(super) fn new(paths: &Paths, head: Seq, cut: Option<&Path>) -> Result<Self, FileError> {
        let free = |number: &u32| !kept(paths, *number).exists();
        let full = || failed("find a free name in", &paths.data)(ErrorKind::StorageFull.into());
        let number = (1..=KEPT_MAX).find(free).ok_or_else(full)?;
        Ok(Self { number, head: head.0, backups: cut.map(Path::to_owned) })
    }

    /// Where the former shop goes.
    pub(super) fn kept(&self, paths: &Paths) -> PathBuf {
        kept(paths, self.number)
    }

    /// Declares what stands in [`Paths::building`] to be whole.
    pub(super) fn declare(&self, paths: &Paths) -> Result<(), FileError> {
        let bytes =
            serde_json::to_vec(self).map_err(|error| failed("write", &paths.swap)(error.into()))?;
        replace(&paths.swap, &bytes)
    }
}

fn kept(paths: &Paths, number: u32) -> PathBuf {
    paths.data.join(format!("before-restore-{number}"))
}

/// Finishes an exchange that was declared, or clears away what was not; says which of the two it
/// was. The data directory must be locked.
pub(super) fn settle(paths: &Paths) -> Result<Option<Swap>, FileError> {
    let swap = match fs::read(&paths.swap) {
        Ok(bytes) => serde_json::from_slice::<Swap>(&bytes)
            .map_err(|error| failed("read", &paths.swap)(error.into()))?,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            remove_dir(&paths.building)?;
            return Ok(None);
        }
        Err(error) => return Err(failed("read", &paths.swap)(error)),
    };
    let kept = swap.kept(paths);
    fs::create_dir_all(&kept).map_err(failed("create", &kept))?;
    sync_dir(&paths.data)?;
    for part in PARTS {
        exchange(&paths.data.join(part), &kept.join(part), &paths.building.join(part))?;
    }
    sync_dir(&kept)?;
    sync_dir(&paths.data)?;
    if let Some(backups) = &swap.backups {
        supersede(backups, Seq(swap.head))?;
    }
    remove_dir(&paths.building)?;
    remove_file(&paths.swap)?;
    sync_dir(&paths.data)?;
    Ok(Some(swap))
}

/// Moves one part away and the new one in.
fn exchange(place: &Path, kept: &Path, new: &Path) -> Result<(), FileError> {
    let is_new = new.exists();
    // A directory in its place with no new one left to come is the new one.
    let is_old = place.exists() && (is_new || place.is_file());
    if is_old && !kept.exists() {
        fs::rename(place, kept).map_err(failed("move aside", place))?;
    }
    if !is_new {
        return Ok(());
    }
    if place.is_dir() {
        // Whoever took the lock made it, empty, in between.
        fs::remove_dir(place).map_err(failed("remove", place))?;
    }
    fs::rename(new, place).map_err(failed("move in", new))
}
