//! Pieces of the journal on their way out of the machine and back. The engine's shipping
//! imports this.
//!
//! A piece is a segment of the journal's own format, cut from the state's copies of the entries
//! and not from the segment files: those are the writer's, and grow while they are read. It
//! carries the chain's hash before its first entry, so it proves by itself where it belongs,
//! whatever its name says.

mod seal;

use std::path::{Path, PathBuf};

use ring4_domain::change::Seq;

use crate::journal::segment::{self, HEADER_LEN, Header, Segment};
use crate::journal::{FileError, Head, frame, replace};
use crate::{Fault, ReadError, Snapshot};
pub use seal::{open_bytes, seal_bytes};

/// Bytes of a piece, at most: whoever asks for more gets less. One entry more than this may be
/// in it, and no entry is longer than a MiB.
pub const PIECE_LEN_MAX: usize = 4 << 20;

/// Consecutive entries as a journal segment of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The chain's end before the first entry in it.
    pub before: Head,
    /// The chain's end after the last one.
    pub end: Head,
    /// The segment: header and frames.
    pub bytes: Vec<u8>,
}

impl Piece {
    /// The first entry in it.
    #[must_use]
    pub const fn first(&self) -> Seq {
        self.before.next()
    }
}

/// A piece cannot be cut.
#[derive(Debug, thiserror::Error)]
pub enum CutError {
    /// The state cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The state's copy of an entry is missing, or does not follow from the one before it.
    #[error("the state's copy of entry {} does not continue the chain", .0.0)]
    Chain(Seq),
}

impl Snapshot {
    /// The chain's end after `seq`; `None` where this shop has not come so far.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn head_at(&self, seq: Seq) -> Result<Option<Head>, ReadError> {
        if seq == Head::GENESIS.seq {
            return Ok(Some(Head::GENESIS));
        }
        Ok(self.entry_copy(seq)?.map(|copy| Head { seq, hash: copy.hash }))
    }

    /// The entries behind `after` as a piece: one, and more until it has `bytes_due` bytes.
    /// `None` where nothing follows.
    ///
    /// # Errors
    /// The state cannot be read, or `after` is not on this shop's chain.
    pub fn piece_after(&self, after: Head, bytes_due: usize) -> Result<Option<Piece>, CutError> {
        let head = self.head()?;
        if after.seq >= head.seq {
            return Ok(None);
        }
        let due = bytes_due.min(PIECE_LEN_MAX);
        let mut bytes = Header { before: after, previous: Seq(0) }.bytes().to_vec();
        let mut end = after;
        while end.seq < head.seq && (end == after || bytes.len() < due) {
            let seq = end.next();
            let copy = self.entry_copy(seq)?.ok_or(CutError::Chain(seq))?;
            let next = end.then(&copy.body);
            if next.hash != copy.hash {
                return Err(CutError::Chain(seq));
            }
            // Each entry counts as a group of its own: all of them were durable once.
            frame::write(&mut bytes, next, 0, &copy.body);
            end = next;
        }
        Ok(Some(Piece { before: after, end, bytes }))
    }
}

/// Bytes are not the piece that comes next.
#[derive(Debug, thiserror::Error)]
pub enum PieceError {
    /// They are no segment's.
    #[error("this is not a journal segment")]
    Header,
    /// They begin behind the end of the journal that is laid out.
    #[error("entry {} comes first in it, entry {} is due", found.0, due.0)]
    Gap {
        /// What it begins with.
        found: Seq,
        /// What must come next.
        due: Seq,
    },
    /// They tell of another history.
    #[error("it tells another history than what was before it")]
    Fork,
    /// A frame in them does not follow.
    #[error("byte {offset}: entry {}: {fault}", entry.0)]
    Frame {
        /// Where.
        offset: usize,
        /// Which entry should stand there.
        entry: Seq,
        /// How.
        fault: Fault,
    },
    /// The segment cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Where a piece says that it begins: the chain's end before it.
///
/// # Errors
/// The bytes are no segment's.
pub fn piece_begins(bytes: &[u8]) -> Result<Head, PieceError> {
    let seq = bytes.get(8..16).and_then(|seq| seq.try_into().ok()).map(u64::from_le_bytes);
    let first = Seq(seq.ok_or(PieceError::Header)?.saturating_add(1));
    Header::read(bytes, first).map(|header| header.before).ok_or(PieceError::Header)
}

/// A journal in a directory of its own, put together from pieces. Names of pieces are not
/// believed; what continues the chain counts.
#[derive(Debug)]
pub struct Layout {
    dir: PathBuf,
    head: Head,
    previous: Seq,
}

impl Layout {
    /// Begins behind `after`, in a directory that is there and empty.
    #[must_use]
    pub fn new(dir: &Path, after: Head) -> Self {
        Self { dir: dir.to_owned(), head: after, previous: Seq(0) }
    }

    /// How far the journal goes by now.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Adds what of a piece continues the journal, as one segment, durably. A piece that lies
    /// wholly before the end adds nothing. Nothing of a piece is written that is damaged
    /// anywhere.
    ///
    /// # Errors
    /// The piece is damaged, leaves a gap, tells another history, or cannot be written.
    pub fn add(&mut self, bytes: &[u8]) -> Result<Head, PieceError> {
        let before = piece_begins(bytes)?;
        if before.seq > self.head.seq {
            return Err(PieceError::Gap { found: before.next(), due: self.head.next() });
        }
        let fork = |head: Head| head.seq == self.head.seq && head.hash != self.head.hash;
        if fork(before) {
            return Err(PieceError::Fork);
        }
        let mut fresh = Vec::new();
        let walk = segment::walk(bytes, before, |frame| {
            if fork(frame.head) {
                return Err(PieceError::Fork);
            }
            if frame.head.seq > self.head.seq {
                frame::write(&mut fresh, frame.head, 0, frame.body);
            }
            Ok(())
        })?;
        if let Some(fault) = walk.fault {
            let (offset, entry) = (walk.offset, walk.end.next());
            return Err(PieceError::Frame { offset, entry, fault });
        }
        if !fresh.is_empty() {
            let segment = Segment::new(&self.dir, self.head.next());
            let header = Header { before: self.head, previous: self.previous };
            let mut whole = Vec::with_capacity(HEADER_LEN + fresh.len());
            whole.extend_from_slice(&header.bytes());
            whole.extend_from_slice(&fresh);
            replace(&segment.path, &whole)?;
            self.previous = segment.first;
            self.head = walk.end;
        }
        Ok(self.head)
    }
}
