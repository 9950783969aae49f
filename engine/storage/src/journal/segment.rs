//! Segment files: their names, their headers, their list. The journal alone uses this.

use std::fs;
use std::path::{Path, PathBuf};

use ring4_domain::change::Seq;

use super::{FileError, Hash, Head, failed, frame};

/// Bytes of the header.
pub(crate) const HEADER_LEN: usize = 68;

/// First bytes of every segment: name, format version, end-of-line trap.
const MAGIC: [u8; 8] = *b"ring4j1\n";

/// Digits of the first entry's place in the file's name, so that names sort by age.
const NAME_DIGITS: usize = 20;

/// What a segment says about itself before its first frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The chain's end before the segment's first entry.
    pub before: Head,
    /// The first entry of the segment before this one; zero in the first. With it a missing
    /// segment is noticed without reading the others.
    pub previous: Seq,
}

impl Header {
    /// The header as it stands in the file.
    pub(crate) fn bytes(&self) -> [u8; HEADER_LEN] {
        let mut bytes = Vec::with_capacity(HEADER_LEN);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.before.seq.0.to_le_bytes());
        bytes.extend_from_slice(&self.previous.0.to_le_bytes());
        bytes.extend_from_slice(&self.before.hash.0);
        // Room that a later version may use, covered by the checksum.
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        bytes.try_into().unwrap_or([0; HEADER_LEN])
    }

    /// Reads the header of a segment that begins with `first`.
    pub(crate) fn read(bytes: &[u8], first: Seq) -> Option<Self> {
        let (header, _) = bytes.split_first_chunk::<HEADER_LEN>()?;
        let (covered, checksum) = header.split_last_chunk::<4>()?;
        if crc32c::crc32c(covered).to_le_bytes() != *checksum {
            return None;
        }
        let rest = covered.strip_prefix(&MAGIC)?;
        let (seq, rest) = rest.split_first_chunk::<8>()?;
        let (previous, rest) = rest.split_first_chunk::<8>()?;
        let (hash, _) = rest.split_first_chunk::<32>()?;
        let before = Head { seq: Seq(u64::from_le_bytes(*seq)), hash: Hash(*hash) };
        let previous = Seq(u64::from_le_bytes(*previous));
        (before.next() == first).then_some(Self { before, previous })
    }
}

/// A segment's place in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// The first entry it holds.
    pub first: Seq,
    /// Its file.
    pub path: PathBuf,
}

impl Segment {
    /// The segment in `dir` that begins with `first`.
    pub(crate) fn new(dir: &Path, first: Seq) -> Self {
        let name = format!("{:0width$}.log", first.0, width = NAME_DIGITS);
        Self { first, path: dir.join(name) }
    }

    /// Reads the whole file.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, FileError> {
        fs::read(&self.path).map_err(failed("read", &self.path))
    }
}

/// The segments of a directory, oldest first. Files with other names are not the journal's.
pub(crate) fn list(dir: &Path) -> Result<Vec<Segment>, FileError> {
    let mut segments = Vec::new();
    for file in fs::read_dir(dir).map_err(failed("list", dir))? {
        let path = file.map_err(failed("list", dir))?.path();
        if let Some(first) = path.file_name().and_then(|name| first_of(name.to_str()?)) {
            segments.push(Segment { first, path });
        }
    }
    segments.sort_by_key(|segment| segment.first);
    Ok(segments)
}

fn first_of(name: &str) -> Option<Seq> {
    let digits = name.strip_suffix(".log")?;
    let known = digits.len() == NAME_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    known.then(|| digits.parse().ok().map(Seq))?
}

/// How far a segment's bytes can be followed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk {
    /// The chain's end there.
    pub end: Head,
    /// The offset there.
    pub offset: usize,
    /// Why it goes no further; `None` at the file's end.
    pub fault: Option<frame::Fault>,
}

/// Follows the frames behind the header, from `before` on, showing each to `each`.
pub(crate) fn walk<E>(
    bytes: &[u8],
    before: Head,
    mut each: impl FnMut(&frame::Frame<'_>) -> Result<(), E>,
) -> Result<Walk, E> {
    let mut end = before;
    let mut offset = HEADER_LEN.min(bytes.len());
    while let Some(rest) = bytes.get(offset..).filter(|rest| !rest.is_empty()) {
        match frame::read_next(rest, end) {
            Ok(frame) => {
                each(&frame)?;
                end = frame.head;
                offset += frame.len;
            }
            Err(fault) => return Ok(Walk { end, offset, fault: Some(fault) }),
        }
    }
    Ok(Walk { end, offset, fault: None })
}
