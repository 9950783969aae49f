//! The journal: what happened, in order, chained by hashes. It is the judge of what is durable;
//! the state beside it is only its fold. The store alone uses this.
//!
//! Segments are files named by the first entry they hold. A segment opens with a header and
//! holds frames; only the newest one is written to. Entries are appended in groups, and one
//! `fdatasync` makes a group durable.
//!
//! Space is not reserved ahead: zeros behind the last frame would have to be told apart from a
//! damaged frame, and the saving was not measurable where the disk decides.

pub(crate) mod bulk;
pub(crate) mod frame;
pub(crate) mod inspect;
pub(crate) mod mend;
pub(crate) mod note;
pub(crate) mod salvage;
pub(crate) mod segment;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ring4_domain::change::Seq;

use segment::{Header, Segment};

/// A BLAKE3 hash in the chain of entries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash(pub [u8; 32]);

impl std::fmt::Display for Hash {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Hash({self})")
    }
}

/// The end of a chain: the last entry and the hash after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last entry.
    pub seq: Seq,
    /// `BLAKE3(hash before ‖ body)` of that entry.
    pub hash: Hash,
}

impl Head {
    /// Before the first entry.
    pub const GENESIS: Self = Self { seq: Seq(0), hash: Hash([0; 32]) };

    /// The end of the chain after one more entry.
    #[must_use]
    pub(crate) fn then(self, body: &[u8]) -> Self {
        // In one piece: a hasher that takes several costs more than the hash of an entry.
        let bytes = [&self.hash.0, body].concat();
        Self { seq: self.next(), hash: Hash(*blake3::hash(&bytes).as_bytes()) }
    }

    /// The place of the entry that follows.
    #[must_use]
    pub(crate) const fn next(self) -> Seq {
        Seq(self.seq.0.saturating_add(1))
    }
}

/// A file operation that failed.
#[derive(Debug, thiserror::Error)]
#[error("{doing} {}: {source}", path.display())]
pub struct FileError {
    /// What was being done.
    pub doing: &'static str,
    /// To which file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Names the file and the operation in an error.
pub(crate) fn failed<'a>(
    doing: &'static str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> FileError + 'a {
    move |source| FileError { doing, path: path.to_owned(), source }
}

/// Makes names created, renamed or removed in a directory durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), FileError> {
    File::open(dir).and_then(|file| file.sync_all()).map_err(failed("sync", dir))
}

/// The end of the journal, open for appending.
#[derive(Debug)]
pub(crate) struct Journal {
    dir: PathBuf,
    segment: Option<Tail>,
    segment_bytes: u64,
    head: Head,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Tail {
    segment: Segment,
    file: File,
    len: u64,
    /// Whether the note says that this segment holds something.
    noted: bool,
}

impl Journal {
    /// Opens the journal for appending behind `head`, which an inspection has found to be its
    /// end, in the newest segment if there is one.
    pub(crate) fn open_end(
        dir: &Path,
        last: Option<Segment>,
        head: Head,
        segment_bytes: u64,
    ) -> Result<Self, FileError> {
        let segment = last.map(|segment| -> Result<Tail, FileError> {
            let path = &segment.path;
            let file = File::options().append(true).open(path).map_err(failed("open", path))?;
            let len = file.metadata().map_err(failed("read the size of", path))?.len();
            let noted = note::read(dir)?.is_some_and(|reached| reached >= segment.first);
            Ok(Tail { segment, file, len, noted })
        });
        let segment = segment.transpose()?;
        Ok(Self { dir: dir.to_owned(), segment, segment_bytes, head, buffer: Vec::new() })
    }

    /// Where the segments lie.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The last durable entry.
    pub(crate) const fn head(&self) -> Head {
        self.head
    }

    /// Appends a group and makes it durable with one `fdatasync`. Returns the chain's hash after
    /// each entry. After an error nobody knows what is on the disk, so the caller must not
    /// append again.
    pub(crate) fn append(&mut self, bodies: &[&[u8]]) -> Result<Vec<Hash>, FileError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let mut head = self.head;
        let mut hashes = Vec::with_capacity(bodies.len());
        for (place, body) in (0_u16..).zip(bodies) {
            head = head.then(body);
            frame::write(&mut buffer, head, place, body);
            hashes.push(head.hash);
        }
        let tail = self.tail()?;
        let path = &tail.segment.path;
        tail.file.write_all(&buffer).map_err(failed("append to", path))?;
        tail.file.sync_data().map_err(failed("sync", path))?;
        tail.len = tail.len.saturating_add(buffer.len() as u64);
        let noted = std::mem::replace(&mut tail.noted, true);
        self.buffer = buffer;
        self.head = head;
        if !noted {
            note::write(&self.dir, head.seq)?;
        }
        Ok(hashes)
    }

    /// The segment to append to: the newest, or a new one when that is full.
    fn tail(&mut self) -> Result<&mut Tail, FileError> {
        let full = self.segment.as_ref().is_none_or(|tail| tail.len >= self.segment_bytes);
        if full {
            let previous = self.segment.as_ref().map(|tail| tail.segment.first);
            let tail = self.start_segment(previous)?;
            return Ok(self.segment.insert(tail));
        }
        self.segment.as_mut().ok_or_else(|| {
            let source = io::Error::other("no segment is open");
            FileError { doing: "append to", path: self.dir.clone(), source }
        })
    }

    fn start_segment(&self, previous: Option<Seq>) -> Result<Tail, FileError> {
        let segment = Segment::new(&self.dir, self.head.next());
        let path = &segment.path;
        let header = Header { before: self.head, previous: previous.unwrap_or_default() };
        let bytes = header.bytes();
        let options = File::options().append(true).create_new(true).to_owned();
        let mut file = options.open(path).map_err(failed("create", path))?;
        file.write_all(&bytes).map_err(failed("write the header of", path))?;
        file.sync_all().map_err(failed("sync", path))?;
        sync_dir(&self.dir)?;
        Ok(Tail { segment, file, len: bytes.len() as u64, noted: false })
    }
}

/// Writes a whole file so that a crash leaves the old one or the new one, never a mixture.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let part = path.with_extension("part");
    let mut file = File::create(&part).map_err(failed("create", &part))?;
    file.write_all(bytes).map_err(failed("write", &part))?;
    file.sync_all().map_err(failed("sync", &part))?;
    fs::rename(&part, path).map_err(failed("replace", path))?;
    path.parent().map_or(Ok(()), sync_dir)
}
