//! What stops the selling: a disk that is full, read-only or failing, a clock set back. The
//! executor and the start-up use this; the chat room and the effects only hear that there is
//! trouble.
//!
//! There is one mechanism for all of it. The executor refuses every command, readers go on, and
//! the [`prober`](probing) waits until the cause is gone; then the engine ends and is started
//! again in the same process, so that the way back is the ordinary start with its recovery, and
//! not a second one that is never tested. What must outlive that is the [`Memory`].

pub mod probing;
mod telling;

use std::collections::BTreeSet;
use std::fmt;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use ring4_domain::ids::{CLOCK_BRIDGED_SECS, Timestamp, UserId};

/// Why nothing is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A write found no room.
    DiskFull,
    /// Less room is left than the shop must keep; stopped before a write fails.
    SpaceLow {
        /// What is left, in MiB.
        free_mb: u64,
        /// What must be left, in MiB.
        min_mb: u64,
    },
    /// The file system takes no writes.
    DiskReadOnly,
    /// A write or a sync failed, or a record could not be read.
    DiskFailed {
        /// What was being done and what the system said.
        reason: String,
    },
    /// The clock was set back.
    ClockBack {
        /// How far it stands behind the last entry, in seconds.
        secs: u32,
    },
    /// Entries that were durable once could not be brought back. Only a human ends this.
    EntriesLost {
        /// Which, and why.
        loss: String,
    },
}

impl Trouble {
    /// The trouble behind an error that the operating system described so.
    pub(crate) fn of_disk(kind: Option<ErrorKind>, error: &dyn fmt::Display) -> Self {
        match kind {
            Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => Self::DiskFull,
            Some(ErrorKind::ReadOnlyFilesystem) => Self::DiskReadOnly,
            _ => Self::DiskFailed { reason: error.to_string() },
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DiskFull => write!(out, "the disk is full"),
            Self::SpaceLow { free_mb, min_mb } => {
                write!(out, "the disk has {free_mb} MiB left, less than {min_mb}")
            }
            Self::DiskReadOnly => write!(out, "the disk is read-only"),
            Self::DiskFailed { reason } => write!(out, "{reason}"),
            Self::EntriesLost { loss } => write!(out, "{loss}"),
            Self::ClockBack { secs } => {
                write!(out, "the clock stands {secs} s behind the last entry")
            }
        }
    }
}

/// The earliest date of the next entry; clones share it. Entries are never dated backwards.
#[derive(Clone, Debug)]
pub struct TimeFloor(Arc<AtomicI64>);

impl Default for TimeFloor {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(i64::MIN)))
    }
}

impl TimeFloor {
    /// Sets the floor at a start, whose last entry has this date, and returns how many seconds
    /// the clock stands behind it, if that is more than is bridged.
    ///
    /// A process that starts takes the clock as it is: somebody may have put right one that ran
    /// ahead. An engine that is opened again in the same process keeps the floor that it had.
    pub(crate) fn begin(&self, now: Timestamp, last: Timestamp) -> Option<u32> {
        if self.0.load(Ordering::Relaxed) != i64::MIN {
            return None;
        }
        let behind = last.secs_since(now);
        let taken = behind > CLOCK_BRIDGED_SECS;
        self.0.store(if taken { now.0 } else { last.0 }, Ordering::Relaxed);
        taken.then_some(behind)
    }

    /// The date of an entry that is made now.
    ///
    /// # Errors
    /// The clock was set back by more than is bridged.
    pub(crate) fn date(&self, now: Timestamp) -> Result<Timestamp, Trouble> {
        let floor = Timestamp(self.0.fetch_max(now.0, Ordering::Relaxed));
        match floor.secs_since(now) {
            secs if secs > CLOCK_BRIDGED_SECS => Err(Trouble::ClockBack { secs }),
            _ => Ok(floor.max(now)),
        }
    }

    /// As [`TimeFloor::date`], for those who date nothing and must not raise the floor.
    ///
    /// # Errors
    /// The clock was set back by more than is bridged.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), Trouble> {
        match Timestamp(self.0.load(Ordering::Relaxed)).secs_since(now) {
            secs if secs > CLOCK_BRIDGED_SECS => Err(Trouble::ClockBack { secs }),
            _ => Ok(()),
        }
    }
}

/// What an engine that is opened again in the same process must know of the one before. Clones
/// share it.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    pub(crate) floor: TimeFloor,
    episode: Arc<Mutex<Option<Episode>>>,
}

/// A trouble from its first moment until selling has gone on for a while.
#[derive(Clone, Debug)]
struct Episode {
    trouble: Trouble,
    since: Instant,
    /// Admins who were told that it began.
    told: BTreeSet<UserId>,
    /// How often the engine was opened again because the cause seemed gone.
    reopened: u32,
}

impl Memory {
    fn episode(&self) -> MutexGuard<'_, Option<Episode>> {
        self.episode.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a trouble; whether it is a new one. One that comes before the former was over
    /// continues it.
    fn note(&self, trouble: &Trouble) -> bool {
        let mut episode = self.episode();
        let new = episode.is_none();
        if new {
            let (since, told) = (Instant::now(), BTreeSet::new());
            *episode = Some(Episode { trouble: trouble.clone(), since, told, reopened: 0 });
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stands_still_for_minutes_and_then_it_is_trouble() {
        const NOON: i64 = 1_700_000_000_000;
        let at = |secs: i64| Timestamp(NOON + secs * 1_000);
        // the clock, in seconds after noon → the date, or how far it is behind
        let rows = [
            (0, Ok(at(0))),
            (10, Ok(at(10))),
            (9, Ok(at(10))),
            (-290, Ok(at(10))),
            (-291, Err(Trouble::ClockBack { secs: 301 })),
            (-7_190, Err(Trouble::ClockBack { secs: 7_200 })),
            (11, Ok(at(11))),
        ];
        let floor = TimeFloor::default();
        assert_eq!(floor.begin(at(0), at(-5)), None);
        for (clock, date) in rows {
            assert_eq!(floor.check(at(clock)).is_ok(), date.is_ok(), "{clock}");
            assert_eq!(floor.date(at(clock)), date, "{clock}");
        }
    }

    #[test]
    fn a_process_takes_the_clock_as_it_is_and_an_engine_opened_again_does_not() {
        let (early, late) = (Timestamp(1_700_000_000_000), Timestamp(1_700_003_600_000));
        let floor = TimeFloor::default();
        assert_eq!(floor.begin(early, late), Some(3_600));
        assert_eq!(floor.date(early), Ok(early));
        assert_eq!(floor.date(late), Ok(late));
        assert_eq!(floor.begin(early, late), None);
        assert_eq!(floor.date(early), Err(Trouble::ClockBack { secs: 3_600 }));
        let bridged = TimeFloor::default();
        assert_eq!(bridged.begin(Timestamp(late.0 - 1_000), late), None);
        assert_eq!(bridged.date(Timestamp(late.0 - 1_000)), Ok(late));
    }
}
