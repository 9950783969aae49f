//! Writes a journal anew, entry by entry, from what a restore brings together. Restore and
//! verification of backups use this.
//!
//! Nothing of it counts before [`Bulk::finish`], so a segment is written and synced once, whole.

use std::path::{Path, PathBuf};

use ring4_domain::change::Seq;

use super::segment::{Header, Segment};
use super::{FileError, Head, failed, frame, replace, sync_dir};

/// A journal being written.
pub(crate) struct Bulk {
    dir: PathBuf,
    segment_bytes: u64,
    /// Whether it is to survive a power cut.
    durable: bool,
    head: Head,
    /// The chain's end before the segment being gathered.
    before: Head,
    /// The first entry of the segment before that.
    previous: Seq,
    segment: Vec<u8>,
}

impl Bulk {
    /// Begins a journal in `dir`, which is created.
    pub(crate) fn new(dir: &Path, segment_bytes: u64, durable: bool) -> Result<Self, FileError> {
        std::fs::create_dir_all(dir).map_err(failed("create", dir))?;
        Ok(Self {
            dir: dir.to_owned(),
            segment_bytes,
            durable,
            head: Head::GENESIS,
            before: Head::GENESIS,
            previous: Seq(0),
            segment: Vec::new(),
        })
    }

    /// The last entry added.
    pub(crate) const fn head(&self) -> Head {
        self.head
    }

    /// Adds the entry that comes next.
    pub(crate) fn push(&mut self, body: &[u8]) -> Result<(), FileError> {
        self.add(self.head.then(body), body)
    }

    /// Adds the entry that comes next, with which the chain ends in `head`.
    pub(crate) fn add(&mut self, head: Head, body: &[u8]) -> Result<(), FileError> {
        if self.segment.is_empty() {
            self.before = self.head;
            let header = Header { before: self.before, previous: self.previous };
            self.segment.extend_from_slice(&header.bytes());
        }
        self.head = head;
        // Each counts as a group of its own: all of them were durable once.
        frame::write(&mut self.segment, self.head, 0, body);
        if self.segment.len() as u64 >= self.segment_bytes { self.close_segment() } else { Ok(()) }
    }

    fn close_segment(&mut self) -> Result<(), FileError> {
        if self.segment.is_empty() {
            return Ok(());
        }
        let segment = Segment::new(&self.dir, self.before.next());
        if self.durable {
            replace(&segment.path, &self.segment)?;
        } else {
            std::fs::write(&segment.path, &self.segment).map_err(failed("write", &segment.path))?;
        }
        self.previous = segment.first;
        self.segment.clear();
        Ok(())
    }

    /// Writes what is left, makes the journal durable where that is wanted, and returns its end.
    pub(crate) fn finish(mut self) -> Result<Head, FileError> {
        self.close_segment()?;
        if self.durable {
            sync_dir(&self.dir)?;
        }
        Ok(self.head)
    }
}
