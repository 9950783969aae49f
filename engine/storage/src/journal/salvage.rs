//! Good frames in segments that may be damaged, cut, missing, or copies from elsewhere. Restore
//! alone uses this; it writes nothing.
//!
//! A frame is believed only as the one that continues a chain, so it does not matter where it was
//! found or what lies around it.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use ring4_domain::change::Seq;

use super::segment::{self, Header, Segment};
use super::{FileError, Hash, Head, frame};

/// The frames of one directory.
pub(crate) struct Salvage {
    segments: Vec<Segment>,
    loaded: Option<Loaded>,
}

/// The good frames of one segment.
struct Loaded {
    first: Seq,
    frames: BTreeMap<Seq, (Hash, Vec<u8>)>,
    /// What the segment's header says was there before it.
    before: Option<Head>,
}

impl Salvage {
    /// Looks at a directory; one that is missing holds nothing.
    pub(crate) fn open(dir: &Path) -> Result<Self, FileError> {
        let segments = match segment::list(dir) {
            Err(error) if error.source.kind() == ErrorKind::NotFound => Vec::new(),
            listed => listed?,
        };
        Ok(Self { segments, loaded: None })
    }

    /// The body of the entry that continues the chain behind `before`, if it is here.
    pub(crate) fn next(&mut self, before: Head) -> Result<Option<&[u8]>, FileError> {
        let Some(loaded) = self.load(before.next())? else { return Ok(None) };
        let found = loaded.frames.get(&before.next());
        let follows = |(hash, body): &&(Hash, Vec<u8>)| before.then(body).hash == *hash;
        Ok(found.filter(follows).map(|(_, body)| body.as_slice()))
    }

    /// The chain's end after the last entry up to `to` that a good frame or a header tells of.
    pub(crate) fn last(&mut self, to: Seq) -> Result<Option<Head>, FileError> {
        let count = self.segments.iter().filter(|segment| segment.first <= to).count();
        let firsts: Vec<Seq> =
            self.segments.iter().take(count).rev().map(|segment| segment.first).collect();
        for first in firsts {
            let Some(loaded) = self.load(first)? else { continue };
            let last = loaded.frames.range(..=to).next_back();
            let last = last.map(|(seq, (hash, _))| Head { seq: *seq, hash: *hash });
            if let Some(head) = last.or(loaded.before) {
                return Ok(Some(head));
            }
        }
        Ok(None)
    }

    /// Loads the segment in which an entry would lie.
    fn load(&mut self, seq: Seq) -> Result<Option<&Loaded>, FileError> {
        let count = self.segments.iter().filter(|segment| segment.first <= seq).count();
        let segment = count.checked_sub(1).and_then(|index| self.segments.get(index));
        let Some(segment) = segment else { return Ok(None) };
        if self.loaded.as_ref().is_none_or(|loaded| loaded.first != segment.first) {
            let bytes = segment.bytes()?;
            let after = Seq(segment.first.0.saturating_sub(1));
            let found = frame::find(&bytes, after).into_iter();
            let frames = found.map(|frame| {
                let frame::Frame { head, body, .. } = frame;
                (head.seq, (head.hash, body.to_vec()))
            });
            let before = Header::read(&bytes, segment.first).map(|header| header.before);
            let before = before.filter(|before| before.seq > Seq(0));
            self.loaded = Some(Loaded { first: segment.first, frames: frames.collect(), before });
        }
        Ok(self.loaded.as_ref())
    }
}
