//! Entries on their way to the fold, in batches from thread to thread: a journal's, followed along
//! the chain, or those of a backup as it is read, come in bytes and are decoded by a thread
//! between. Verification alone uses this.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender};

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

/// Entries in bytes, one behind the other.
#[derive(Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    entries: Vec<Lens>,
}

/// An entry of a batch: the lengths of its body and of the row that should keep a copy of it.
struct Lens {
    seq: Seq,
    body: usize,
    row: usize,
}

/// An entry, and the hash of the row that should keep a copy of it.
pub(super) struct Read {
    pub entry: Entry,
    pub row: RowHash,
}

/// Reads the journal up to `to`; what was read before something is found is handed over first.
pub(super) fn read(journal: &Path, to: Head, sender: &SyncSender<Batch>) -> Result<(), Finding> {
    let mut ahead = Ahead::new(sender);
    let end = ahead.follow(journal, to);
    let handed_over = ahead.hand_over();
    match end.and(handed_over) {
        Err(Stop::Found(finding)) => Err(finding),
        Ok(()) | Err(Stop::Unheard) => Ok(()),
    }
}

/// Decodes what comes, until no more does or nobody folds it. What comes before an entry that
/// makes no sense is handed over first.
pub(super) fn decode(
    batches: Receiver<Batch>,
    keys: &Keys,
    sender: &SyncSender<Vec<Read>>,
) -> Result<(), Finding> {
    for batch in batches {
        let mut decoded = Vec::with_capacity(batch.entries.len());
        let end = batch.decode(keys, &mut decoded);
        let heard = sender.send(decoded).is_ok();
        end?;
        if !heard {
            break;
        }
    }
    Ok(())
}

impl Batch {
    fn decode(&self, keys: &Keys, decoded: &mut Vec<Read>) -> Result<(), Finding> {
        let mut rest = self.bytes.as_slice();
        for Lens { seq, body, row } in &self.entries {
            let (bytes, behind) = rest.split_at(*body);
            let (copy, behind) = behind.split_at(*row);
            rest = behind;
            let entry: Entry = codec::decode(Kind::Entry, bytes, keys)
                .map_err(|source| Finding::Entry { seq: *seq, source })?;
            decoded.push(Read { entry, row: hash(&keys::entry(*seq), copy) });
        }
        Ok(())
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

/// Entries on their way to whoever decodes them.
pub(crate) struct Ahead<'a> {
    sender: &'a SyncSender<Batch>,
    batch: Batch,
}

impl<'a> Ahead<'a> {
    pub(crate) fn new(sender: &'a SyncSender<Batch>) -> Self {
        Self { sender, batch: Batch::default() }
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
        let Batch { bytes, entries } = &mut self.batch;
        bytes.extend_from_slice(body);
        bytes.extend_from_slice(row);
        entries.push(Lens { seq, body: body.len(), row: row.len() });
        if entries.len() < BATCH_ENTRIES { Ok(()) } else { self.hand_over() }
    }

    /// Hands over what is left.
    pub(crate) fn hand_over(&mut self) -> Result<(), Stop> {
        let next = Batch {
            bytes: Vec::with_capacity(self.batch.bytes.len()),
            entries: Vec::with_capacity(BATCH_ENTRIES),
        };
        self.sender.send(std::mem::replace(&mut self.batch, next)).map_err(|_| Stop::Unheard)
    }
}
