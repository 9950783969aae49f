//! Brings a state up to the end of its journal. A start and a restore use this.
//!
//! No keys are needed: a number or a code goes into the state as sealed as it lies in the journal.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use ring4_domain::change::{Entry, Seq};

use super::before;
use super::recovery::{Halt, OpenError};
use crate::GROUP_ENTRIES_MAX;
use crate::Snapshot;
use crate::codec::{self, Kind};
use crate::group::{Overlay, Staged, fill};
use crate::journal::segment::{self, Segment};
use crate::journal::{FileError, Hash, Head, failed};
use crate::keyring::Keys;
use crate::state::State;

/// Applies the journal's entries behind `mark` to the state.
pub(super) fn replay(dir: &Path, state: &State, mark: Seq) -> Result<(), Halt> {
    let segments = segment::list(dir)?;
    let behind = segments.iter().filter(|segment| before(segment.first) <= mark).count();
    let mut pending = Pending::new(state, mark);
    for segment in segments.iter().skip(behind.saturating_sub(1)) {
        let bytes = segment.bytes()?;
        let header = segment::Header::read(&bytes, segment.first);
        let header = header.ok_or_else(|| unreadable(segment))?;
        let walk = segment::walk(&bytes, header.before, |frame| {
            if frame.head.seq <= mark { Ok(()) } else { pending.add(frame.head, frame.body) }
        })?;
        if walk.fault.is_some() {
            return Err(unreadable(segment).into());
        }
    }
    pending.write()
}

/// A segment that was followed a moment ago and now is not.
fn unreadable(segment: &Segment) -> FileError {
    failed("read again", &segment.path)(ErrorKind::InvalidData.into())
}

/// Entries of the journal on their way into the state.
struct Pending<'a> {
    state: &'a State,
    /// Whether the state held anything before, which may then be at fault.
    began_empty: bool,
    overlay: Overlay,
    staged: Vec<Staged>,
    hashes: Vec<Hash>,
    head: Head,
}

impl<'a> Pending<'a> {
    fn new(state: &'a State, mark: Seq) -> Self {
        let overlay = Overlay::new(Snapshot { reading: state.read(Keys::elsewhere) });
        let (staged, hashes) = (Vec::new(), Vec::new());
        Self { state, began_empty: mark == Seq(0), overlay, staged, hashes, head: Head::GENESIS }
    }

    fn add(&mut self, head: Head, body: &[u8]) -> Result<(), Halt> {
        let seq = head.seq;
        let entry: Entry = codec::decode(Kind::Entry, body, &Keys::elsewhere())
            .map_err(|source| OpenError::Entry { seq, source })?;
        self.apply(entry)?;
        self.staged.push(Staged { seq, body: body.to_vec() });
        self.hashes.push(head.hash);
        self.head = head;
        if self.staged.len() >= GROUP_ENTRIES_MAX { self.write() } else { Ok(()) }
    }

    /// The ledger asserts what can never be, and stops the process. A state whose damage went
    /// unnoticed can be such a case; it is replaced, rather than ending every start.
    fn apply(&mut self, entry: Entry) -> Result<(), Halt> {
        let seq = entry.seq;
        let applied = catch_unwind(AssertUnwindSafe(|| self.overlay.apply(entry)));
        match applied {
            Ok(Ok(())) => Ok(()),
            Ok(Err(source)) if self.began_empty => {
                Err(Halt::Fatal(OpenError::Replay { seq, source }))
            }
            Ok(Err(source)) => {
                Err(Halt::Useless(format!("entry {} does not follow: {source}", seq.0)))
            }
            Err(panic) if self.began_empty => resume_unwind(panic),
            Err(_) => Err(Halt::Useless(format!("entry {} does not follow", seq.0))),
        }
    }

    fn write(&mut self) -> Result<(), Halt> {
        if self.staged.is_empty() {
            return Ok(());
        }
        let next = || Overlay::new(Snapshot { reading: self.state.read(Keys::elsewhere) });
        let staged = std::mem::take(&mut self.staged);
        let mut batch = self.state.batch(Keys::elsewhere());
        let overlay = std::mem::replace(&mut self.overlay, next());
        fill(&mut batch, overlay, staged, &self.hashes);
        batch.commit(self.head).map_err(OpenError::State)?;
        self.hashes.clear();
        self.overlay = next();
        Ok(())
    }
}
