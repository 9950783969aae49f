//! What a start makes of the journal's files: follows the chain, tells a torn tail from damage,
//! and mends what the state's copies of the entries prove. The store's start and verification
//! use this.
//!
//! A *torn tail* is the end of a group whose `fdatasync` never returned, so nobody was told that
//! it is durable; it is kept aside and cut off. Everything else that does not parse is *damage*
//! to entries that were acknowledged. The two can look alike in the newest group, so bytes that
//! do not parse count as torn only if
//! - they lie at the end of the newest segment,
//! - no good frame of a later group follows them, since a group begins only after the one before
//!   it was synced, and
//! - no witness says that the journal once reached further. The state's mark is one: the state is
//!   written after the sync. The marker of a clean close is another.
//!
//! What the witnesses say was there is taken from the state's copies, each proven by the chain;
//! where that fails, the start fails, because going on would lose acknowledged money.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use ring4_domain::change::Seq;

use super::frame::{self, Fault, Frame};
use super::mend::{self, Mended};
use super::segment::{self, Header, Segment, Walk};
use super::{FileError, Head, failed};
use crate::codec::EntryCopy;

/// What else than the journal knows about the journal.
pub(crate) struct Witness<'a> {
    /// How far the state has come.
    pub mark: Option<Head>,
    /// Where the journal ended when the store was last closed cleanly.
    pub closed: Option<Head>,
    /// The state's copy of an entry, where it can be read.
    pub copies: &'a dyn Fn(Seq) -> Option<EntryCopy>,
}

impl Witness<'_> {
    /// The last entry that was certainly durable.
    fn due(&self) -> Seq {
        let seq = |head: Option<Head>| head.unwrap_or(Head::GENESIS).seq;
        seq(self.mark).max(seq(self.closed))
    }
}

/// Why the journal cannot be followed to its end.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Entries that were acknowledged cannot be read, and nothing else proves them.
    #[error("{}: byte {offset}: entry {}: {fault}", path.display(), entry.0)]
    Damage {
        /// The segment.
        path: PathBuf,
        /// Where in it.
        offset: usize,
        /// The first entry that is lost.
        entry: Seq,
        /// How.
        fault: Fault,
    },
    /// The state does not continue or precede this journal: it tells another history.
    #[error("the state tells another history than the journal at entry {}", .0.0)]
    Different(Seq),
}

/// Something that was found and put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repair {
    /// The newest group was never acknowledged and not whole; it was cut off.
    TornTail {
        /// The segment.
        path: PathBuf,
        /// Where it ends now.
        offset: usize,
        /// Where the bytes are kept.
        kept: PathBuf,
    },
    /// Damaged or missing entries were written anew; the chain proves them.
    Mended {
        /// The segment.
        path: PathBuf,
        /// Where the damage began.
        offset: usize,
        /// Entries that were taken from the state.
        copies: usize,
        /// Where the damaged file is kept, if there was one.
        kept: Option<PathBuf>,
    },
}

impl fmt::Display for Repair {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TornTail { path, offset, kept } => {
                let (path, kept) = (path.display(), kept.display());
                write!(
                    out,
                    "{path}: what follows byte {offset} was never acknowledged; kept as {kept}"
                )
            }
            Self::Mended { path, offset, copies, kept } => {
                let path = path.display();
                write!(
                    out,
                    "{path}: mended from byte {offset} on, {copies} entries from the state"
                )?;
                match kept {
                    Some(kept) => write!(out, "; the damaged file is kept as {}", kept.display()),
                    None => write!(out, "; the file was missing"),
                }
            }
        }
    }
}

/// The journal as it stands after an inspection.
#[derive(Debug)]
pub(crate) struct Inspection {
    /// The end of the files.
    pub end: Head,
    /// The end that the state's copies prove beyond that; to be appended.
    pub proven: Head,
    /// The segment to append to.
    pub last: Option<Segment>,
    /// What was put right.
    pub repairs: Vec<Repair>,
}

/// Follows the journal in `dir` from the segment that holds the state's mark, or from the first
/// one if `whole`, to its end.
pub(crate) fn inspect(
    dir: &Path,
    witness: &Witness<'_>,
    whole: bool,
) -> Result<Inspection, JournalError> {
    let segments = segment::list(dir)?;
    let start = if whole { None } else { start_at_mark(&segments, witness)? };
    let (skip, head) = start.unwrap_or((0, Head::GENESIS));
    let mut run = Run { dir, witness, head, previous: Seq(0), last: None, repairs: Vec::new() };
    if let Some(before) = skip.checked_sub(1).and_then(|index| segments.get(index)) {
        run.previous = before.first;
    }
    run.compare(head)?;
    let mut rest = segments.iter().skip(skip).peekable();
    while let Some(segment) = rest.next() {
        run.follow(segment, rest.peek().copied())?;
    }
    let proven = run.prove()?;
    Ok(Inspection { end: run.head, proven, last: run.last, repairs: run.repairs })
}

/// The segment with the state's mark and the chain's end before it, if the headers show that no
/// segment is missing. What lies before the mark was followed when it was written.
fn start_at_mark(
    segments: &[Segment],
    witness: &Witness<'_>,
) -> Result<Option<(usize, Head)>, JournalError> {
    let mark = witness.mark.unwrap_or(Head::GENESIS);
    let mut start = None;
    let mut previous = Seq(0);
    for (index, segment) in segments.iter().enumerate() {
        let header = mend::read_header(segment)?;
        let Some(header) = header.filter(|header| header.previous == previous) else {
            return Ok(None);
        };
        if (index == 0 && segment.first != Seq(1)) || (index > 0 && previous == Seq(0)) {
            return Ok(None);
        }
        if segment.first <= mark.next() {
            start = Some((index, header.before));
        }
        previous = segment.first;
    }
    Ok(start)
}

struct Run<'a> {
    dir: &'a Path,
    witness: &'a Witness<'a>,
    head: Head,
    previous: Seq,
    last: Option<Segment>,
    repairs: Vec<Repair>,
}

impl Run<'_> {
    /// Compares a point of the chain with what the state says about it.
    fn compare(&self, head: Head) -> Result<(), JournalError> {
        match self.witness.mark {
            Some(mark) if mark.seq == head.seq && mark.hash != head.hash => {
                Err(JournalError::Different(head.seq))
            }
            _ => Ok(()),
        }
    }

    /// Follows one segment, with `next` behind it.
    fn follow(&mut self, segment: &Segment, next: Option<&Segment>) -> Result<(), JournalError> {
        let bytes = segment.bytes()?;
        let header = Header::read(&bytes, segment.first);
        if segment.first > self.head.next() {
            self.fill_gap(segment, header)?;
        }
        if segment.first != self.head.next()
            || header.is_some_and(|header| header.before != self.head)
        {
            return Err(damage(segment, 0, self.head, Fault::Header));
        }
        let walk = segment::walk(&bytes, self.head, |frame| self.compare(frame.head))?;
        let ends_early = match next {
            Some(next) if walk.end.next() != next.first => {
                // Unless the next one says that yet another one stood between.
                let header = mend::read_header(next)?;
                header.is_none_or(|header| header.previous == segment.first)
            }
            _ => false,
        };
        let fault = match (header, walk.fault) {
            (None, None) => Some(Fault::Header),
            (_, Some(fault)) => Some(fault),
            (Some(_), None) => ends_early.then_some(Fault::Missing),
        };
        match fault {
            None => self.step(segment, walk.end),
            Some(fault) => {
                let broken = Broken { segment, bytes: &bytes, header, walk, fault };
                match next {
                    Some(next) => self.mend_sealed(&broken, next.first)?,
                    None => self.mend_last(&broken)?,
                }
            }
        }
        Ok(())
    }

    fn step(&mut self, segment: &Segment, end: Head) {
        self.head = end;
        self.previous = segment.first;
        self.last = Some(segment.clone());
    }

    /// Restores the segments missing before this one. How many they were is not known, only
    /// where the last of them began.
    fn fill_gap(&mut self, before: &Segment, header: Option<Header>) -> Result<(), JournalError> {
        let previous = header.map(|header| header.previous);
        if let Some(last) = previous.filter(|last| *last > self.head.next()) {
            self.fill(before, last)?;
        }
        self.fill(before, before.first)
    }

    /// Restores one missing segment, up to the entry before `next`.
    fn fill(&mut self, before: &Segment, next: Seq) -> Result<(), JournalError> {
        let missing = Segment::new(self.dir, self.head.next());
        let to = Seq(next.0.saturating_sub(1));
        let mended = mend::assemble(self.head, &[], self.witness.copies, to);
        let end = mended.end(self.head);
        if end.seq != to {
            return Err(damage(before, 0, end, Fault::Missing));
        }
        let header = Header { before: self.head, previous: self.previous };
        mend::rewrite(&missing, &header, &[], &mended)?;
        self.note(&missing, 0, &mended, None);
        self.step(&missing, end);
        Ok(())
    }

    /// Mends a segment that has another one behind it: all of it was acknowledged.
    fn mend_sealed(&mut self, broken: &Broken<'_>, next: Seq) -> Result<(), JournalError> {
        let Broken { segment, walk, fault, .. } = *broken;
        let found = broken.found();
        let to = Seq(next.0.saturating_sub(1));
        let mended = mend::assemble(walk.end, &found, self.witness.copies, to);
        let end = mended.end(walk.end);
        if end.seq != to {
            return Err(damage(segment, walk.offset, end, fault));
        }
        self.rewrite(broken, &mended)
    }

    /// Mends the newest segment, or cuts off what was never acknowledged.
    fn mend_last(&mut self, broken: &Broken<'_>) -> Result<(), JournalError> {
        let Broken { segment, bytes, header, walk, fault } = *broken;
        let found = broken.found();
        let mended = mend::assemble(walk.end, &found, self.witness.copies, Seq(u64::MAX));
        let end = mended.end(walk.end);
        self.judge_end(segment, walk.offset, walk.end, end, fault)?;
        let lost = |frame: &Frame<'_>| frame.head.seq > end.seq && frame.group() > end.next();
        if found.iter().any(lost) {
            return Err(damage(segment, walk.offset, end, fault));
        }
        if !mended.is_empty() || (header.is_none() && walk.offset > segment::HEADER_LEN) {
            return self.rewrite(broken, &mended);
        }
        let kept = match header {
            Some(_) => {
                let rest = bytes.get(walk.offset..).unwrap_or_default();
                let kept = mend::keep_bytes(segment, rest)?;
                mend::cut(segment, walk.offset)?;
                self.step(segment, walk.end);
                kept
            }
            // The crash came while the segment was being created; the one before is the newest.
            None => {
                let kept = mend::keep_file(segment)?;
                let path = &segment.path;
                fs::remove_file(path).map_err(failed("remove", path))?;
                super::sync_dir(self.dir)?;
                kept
            }
        };
        let (path, offset) = (segment.path.clone(), walk.offset);
        self.repairs.push(Repair::TornTail { path, offset, kept });
        Ok(())
    }

    /// Refuses an end that lies before what the witnesses have seen.
    fn judge_end(
        &self,
        segment: &Segment,
        offset: usize,
        readable: Head,
        end: Head,
        fault: Fault,
    ) -> Result<(), JournalError> {
        if end.seq >= self.witness.due() {
            return Ok(());
        }
        let copy = (self.witness.copies)(readable.seq);
        match copy {
            Some(copy) if copy.hash != readable.hash => Err(JournalError::Different(readable.seq)),
            _ => Err(damage(segment, offset, end, fault)),
        }
    }

    fn rewrite(&mut self, broken: &Broken<'_>, mended: &Mended) -> Result<(), JournalError> {
        let Broken { segment, bytes, walk, .. } = *broken;
        for head in mended.heads() {
            self.compare(head)?;
        }
        let kept = mend::keep_file(segment)?;
        let header = Header { before: self.head, previous: self.previous };
        let good = bytes.get(segment::HEADER_LEN..walk.offset).unwrap_or_default();
        mend::rewrite(segment, &header, good, mended)?;
        self.note(segment, walk.offset, mended, Some(kept));
        self.step(segment, mended.end(walk.end));
        Ok(())
    }

    fn note(&mut self, segment: &Segment, offset: usize, mended: &Mended, kept: Option<PathBuf>) {
        let (path, copies) = (segment.path.clone(), mended.copies());
        self.repairs.push(Repair::Mended { path, offset, copies, kept });
    }

    /// How far the state's copies prove the chain beyond the last file, where a witness has seen
    /// more than the files hold.
    fn prove(&self) -> Result<Head, JournalError> {
        let due = self.witness.due();
        let mut end = self.head;
        while end.seq < due {
            let copy = (self.witness.copies)(end.next());
            let next = copy.map(|copy| (end.then(&copy.body), copy.hash));
            match next {
                Some((next, hash)) if next.hash == hash => end = next,
                _ => break,
            }
        }
        let segment = self.last.clone().unwrap_or_else(|| Segment::new(self.dir, Seq(1)));
        self.judge_end(&segment, 0, self.head, end, Fault::Missing)?;
        self.compare(end)?;
        let closed = self.witness.closed.filter(|closed| closed.seq == end.seq);
        match closed {
            Some(closed) if closed.hash != end.hash => Err(damage(&segment, 0, end, Fault::Chain)),
            _ => Ok(end),
        }
    }
}

/// A segment that cannot be followed to its end.
#[derive(Clone, Copy)]
struct Broken<'a> {
    segment: &'a Segment,
    bytes: &'a [u8],
    header: Option<Header>,
    walk: Walk,
    fault: Fault,
}

impl<'a> Broken<'a> {
    /// The good frames behind the break.
    fn found(&self) -> Vec<Frame<'a>> {
        frame::find(self.bytes.get(self.walk.offset..).unwrap_or_default(), self.walk.end.seq)
    }
}

fn damage(segment: &Segment, offset: usize, end: Head, fault: Fault) -> JournalError {
    JournalError::Damage { path: segment.path.clone(), offset, entry: end.next(), fault }
}
