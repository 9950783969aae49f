//! What of the journal a place holds, beside the shop's own chain: how far it has come, what is
//! not needed, what could be put together. Shipping alone uses this.

use std::time::SystemTime;

use ring4_domain::change::Seq;
use ring4_domain::ids::Timestamp;
use ring4_offsite::Object;
use ring4_storage::{ReadError, Snapshot};

use super::PIECE_BYTES_DUE;
use super::names::{self, PieceName};

/// A piece below this size is small: there will be many of them on a quiet day.
const SMALL_BYTES: u64 = PIECE_BYTES_DUE as u64 / 2;

/// A piece that is on the shop's own chain.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub name: PieceName,
    pub object: Object,
}

/// All pieces of a place.
#[derive(Clone, Debug, Default)]
pub(super) struct Survey {
    /// Those on our chain: by first entry, the longest first.
    pub ours: Vec<Known>,
    /// Those of another history: the future that a restore has left, or another shop.
    pub others: Vec<Object>,
}

impl Survey {
    /// Sorts what is there. The chain's hash after a piece's last entry proves all before it.
    pub(super) fn of(objects: Vec<Object>, snapshot: &Snapshot) -> Result<Self, ReadError> {
        let mut survey = Self::default();
        for object in objects {
            let Some(name) = names::parse_piece(&object.name) else { continue };
            let head = snapshot.head_at(name.last)?;
            if head.is_some_and(|head| name.fits(head.hash)) {
                survey.ours.push(Known { name, object });
            } else {
                survey.others.push(object);
            }
        }
        survey.ours.sort_by_key(|known| (known.name.first, std::cmp::Reverse(known.name.last)));
        Ok(survey)
    }

    /// Whether somebody else's journal is there and nothing of ours.
    pub(super) const fn is_strange(&self) -> bool {
        self.ours.is_empty() && !self.others.is_empty()
    }

    /// The last entry that is there with all before it: from the first entry on, or, where older
    /// pieces may have been removed because backups hold what was in them, from the oldest on.
    pub(super) fn reach(&self, cut: bool) -> Seq {
        let mut reach = match self.ours.first() {
            Some(known) if cut => Seq(known.name.first.0.saturating_sub(1)),
            _ => Seq(0),
        };
        for known in &self.ours {
            if known.name.first.0 > reach.0.saturating_add(1) {
                break;
            }
            reach = reach.max(known.name.last);
        }
        reach
    }

    /// The pieces whose entries are all in one other piece.
    pub(super) fn spare(&self) -> Vec<&Known> {
        let mut covered = Seq(0);
        let mut spare = Vec::new();
        for known in &self.ours {
            if known.name.last <= covered {
                spare.push(known);
            }
            covered = covered.max(known.name.last);
        }
        spare
    }

    /// The pieces that end before the clock had come to `moment` for the first time. The newest
    /// piece is never among them: it shows whose journal this is.
    pub(super) fn old(
        &self,
        moment: Timestamp,
        snapshot: &Snapshot,
    ) -> Result<Vec<&Known>, ReadError> {
        let mut old = Vec::new();
        for known in self.ours.iter().take(self.ours.len().saturating_sub(1)) {
            let entry = snapshot.entry(known.name.last)?;
            if entry.is_none_or(|entry| entry.at >= moment) {
                break;
            }
            old.push(known);
        }
        Ok(old)
    }

    /// The pieces of another history that were put before `moment`.
    pub(super) fn bygone(&self, moment: SystemTime) -> Vec<&Object> {
        self.others.iter().filter(|object| object.put_at < moment).collect()
    }

    /// Where runs of small pieces begin that together are as large as a piece should be.
    pub(super) fn crumbs(&self) -> Vec<Seq> {
        let mut runs = Vec::new();
        let (mut first, mut end, mut bytes) = (Seq(0), Seq(0), 0);
        for Known { name, object } in &self.ours {
            let small = object.bytes < SMALL_BYTES;
            if !small || name.first.0 != end.0.saturating_add(1) || bytes == 0 {
                (first, bytes) = (name.first, 0);
            }
            end = name.last;
            if small {
                bytes += object.bytes;
            }
            if bytes >= PIECE_BYTES_DUE as u64 {
                runs.push(first);
                bytes = 0;
            }
        }
        runs
    }
}
