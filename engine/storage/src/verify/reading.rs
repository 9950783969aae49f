//! The journal's entries, followed along the chain and decoded, in batches for whoever folds
//! them. Verification alone uses this, in a thread of its own.

use std::path::Path;
use std::sync::mpsc::SyncSender;

use ring4_domain::change::Entry;

use super::Finding;
use super::expected::{RowHash, hash};
use crate::codec::{self, EntryCopy, Kind};
use crate::journal::segment::{self, Header};
use crate::journal::{FileError, Head};
use crate::keyring::Keys;
use crate::state::keys;
use crate::{Fault, JournalError};

/// Entries handed over at once.
const BATCH_ENTRIES: usize = 256;

/// An entry, and the hash of the row that should keep a copy of it.
pub(super) struct Read {
    pub entry: Entry,
    pub row: RowHash,
}

/// Reads the journal up to `to`; what was read before something is found is handed over first.
pub(super) fn read(
    journal: &Path,
    to: Head,
    keys: &Keys,
    sender: &SyncSender<Vec<Read>>,
) -> Result<(), Finding> {
    let mut reader = Reader { keys, sender, batch: Vec::with_capacity(BATCH_ENTRIES) };
    let end = reader.follow(journal, to);
    let handed_over = reader.hand_over();
    match end.and(handed_over) {
        Err(Stop::Found(finding)) => Err(finding),
        Ok(()) | Err(Stop::Unheard) => Ok(()),
    }
}

/// Why reading ends before the journal does.
enum Stop {
    Found(Finding),
    /// The fold found something and listens no more.
    Unheard,
}

impl From<Finding> for Stop {
    fn from(finding: Finding) -> Self {
        Self::Found(finding)
    }
}

struct Reader<'a> {
    keys: &'a Keys,
    sender: &'a SyncSender<Vec<Read>>,
    batch: Vec<Read>,
}

impl Reader<'_> {
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
                self.entry(frame.head, frame.body)
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

    fn entry(&mut self, head: Head, body: &[u8]) -> Result<(), Stop> {
        let seq = head.seq;
        let entry: Entry = codec::decode(Kind::Entry, body, self.keys)
            .map_err(|source| Finding::Entry { seq, source })?;
        let copy = EntryCopy { body: body.to_vec(), hash: head.hash };
        let key = keys::entry(seq);
        let row = hash(&key, &codec::seal(Kind::EntryCopy, &key, &copy, self.keys));
        self.batch.push(Read { entry, row });
        if self.batch.len() < BATCH_ENTRIES { Ok(()) } else { self.hand_over() }
    }

    fn hand_over(&mut self) -> Result<(), Stop> {
        let next = Vec::with_capacity(BATCH_ENTRIES);
        self.sender.send(std::mem::replace(&mut self.batch, next)).map_err(|_| Stop::Unheard)
    }
}
