//! Entries, decoded in batches for another thread that folds them: a journal's, followed along the
//! chain, or those of a backup as it is read. Verification alone uses this.

use std::path::Path;
use std::sync::mpsc::SyncSender;

use ring4_domain::change::{Entry, Seq};

use super::Finding;
use super::expected::{RowHash, hash};
use crate::codec::{self, Kind};
use crate::journal::segment::{self, Header};
use crate::journal::{FileError, Head};
use crate::keyring::Keys;
use crate::state::keys;
use crate::{Fault, JournalError};

/// Entries handed over at once.
const BATCH_ENTRIES: usize = 256;

/// An entry, and the hash of the row that should keep a copy of it.
pub(crate) struct Read {
    pub(super) entry: Entry,
    pub(super) row: RowHash,
}

/// Reads the journal up to `to`; what was read before something is found is handed over first.
pub(super) fn read(
    journal: &Path,
    to: Head,
    keys: &Keys,
    sender: &SyncSender<Vec<Read>>,
) -> Result<(), Finding> {
    let mut ahead = Ahead::new(keys, sender);
    let end = ahead.follow(journal, to);
    let handed_over = ahead.hand_over();
    match end.and(handed_over) {
        Err(Stop::Found(finding)) => Err(finding),
        Ok(()) | Err(Stop::Unheard) => Ok(()),
    }
}

/// Why reading ends before the journal does.
pub(crate) enum Stop {
    Found(Finding),
    /// The fold found something and listens no more.
    Unheard,
}

impl From<Finding> for Stop {
    fn from(finding: Finding) -> Self {
        Self::Found(finding)
    }
}

/// Entries on their way to whoever folds them.
pub(crate) struct Ahead<'a> {
    keys: &'a Keys,
    sender: &'a SyncSender<Vec<Read>>,
    batch: Vec<Read>,
}

impl<'a> Ahead<'a> {
    pub(crate) fn new(keys: &'a Keys, sender: &'a SyncSender<Vec<Read>>) -> Self {
        Self { keys, sender, batch: Vec::with_capacity(BATCH_ENTRIES) }
    }

    fn follow(&mut self, journal: &Path, to: Head) -> Result<(), Stop> {
        let file = |error: FileError| Finding::Journal(error.into());
        let mut head = Head::GENESIS;
        for segment in segment::list(journal).map_err(file)? {
            if head.seq >= to.seq {
                break;
            }
            let damage = |offset, entry, fault| {
                let path = segment.path.clone();
                Finding::Journal(JournalError::Damage { path, offset, entry, fault })
            };
            let bytes = segment.bytes().map_err(file)?;
            let header = Header::read(&bytes, segment.first);
            if header.is_none_or(|header| header.before != head) {
                return Err(damage(0, head.next(), Fault::Header).into());
            }
            let walk = segment::walk(&bytes, head, |frame| {
                if frame.head.seq > to.seq {
                    return Ok(());
                }
                if frame.head.seq == to.seq && frame.head != to {
                    return Err(Finding::Chain(to.seq).into());
                }
                let Head { seq, hash } = frame.head;
                let row = codec::seal_entry_copy(&keys::entry(seq), frame.body, hash);
                self.entry(seq, frame.body, &row)
            })?;
            // The writer may be in the middle of a frame behind the snapshot's last entry.
            if let Some(fault) = walk.fault.filter(|_| walk.end.seq < to.seq) {
                return Err(damage(walk.offset, walk.end.next(), fault).into());
            }
            head = walk.end;
        }
        if head.seq < to.seq {
            let (path, entry, fault) = (journal.to_owned(), head.next(), Fault::Missing);
            let damage = JournalError::Damage { path, offset: 0, entry, fault };
            return Err(Finding::Journal(damage).into());
        }
        Ok(())
    }

    /// Takes the entry that comes next, and the value of the row that should keep a copy of it.
    pub(crate) fn entry(&mut self, seq: Seq, body: &[u8], row: &[u8]) -> Result<(), Stop> {
        let entry: Entry = codec::decode(Kind::Entry, body, self.keys)
            .map_err(|source| Finding::Entry { seq, source })?;
        self.batch.push(Read { entry, row: hash(&keys::entry(seq), row) });
        if self.batch.len() < BATCH_ENTRIES { Ok(()) } else { self.hand_over() }
    }

    /// Hands over what is left.
    pub(crate) fn hand_over(&mut self) -> Result<(), Stop> {
        let next = Vec::with_capacity(BATCH_ENTRIES);
        self.sender.send(std::mem::replace(&mut self.batch, next)).map_err(|_| Stop::Unheard)
    }
}
