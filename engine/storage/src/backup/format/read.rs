//! Reads a backup file from its beginning to its end, trusting nothing in it. Verification,
//! restore and the list of backups use this.

use std::io::{ErrorKind, Read};

use super::{
    BackupHeader, CHUNK_LEN_MAX, END_OF_CHUNKS, FormatError, FormatFault, KEY_LEN_MAX,
    LINE_LEN_MAX, MAGIC, Manifest, PACKED_LEN_MAX, TRAILER, TRAILER_LEN, VALUE_LEN_MAX, checksum,
    code,
};
use crate::Space;

/// A key and its value.
type Row<'a> = (&'a [u8], &'a [u8]);

/// Who is shown what a backup holds, in its order. Whatever was shown counts only once
/// [`Reader::show`] has returned a manifest.
pub(in crate::backup) trait Visitor {
    /// Why it wants to see no more.
    type Error: From<FormatError>;

    /// Sees one row.
    fn row(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<(), Self::Error>;

    /// May keep a keyspace's rows that it was just shown, and gives room for the next ones.
    fn chunk(&mut self, space: Space, rows: Rows) -> Result<Rows, Self::Error>;
}

/// Rows behind each other, as they stand in a chunk.
#[derive(Default)]
pub(in crate::backup) struct Rows(Vec<u8>);

impl Rows {
    /// Every row, up to the first one that makes no sense.
    pub(in crate::backup) fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        let mut rest = self.0.as_slice();
        std::iter::from_fn(move || {
            let (row, behind) = split_row(rest).ok()?;
            rest = behind;
            Some(row)
        })
    }
}

/// A backup file being read.
pub(in crate::backup) struct Reader<R> {
    input: Input<R>,
    header: BackupHeader,
}

impl<R: Read> Reader<R> {
    /// Reads the header. Give it something buffered.
    pub(in crate::backup) fn open(input: R) -> Result<Self, FormatError> {
        let mut input = Input { input, hasher: blake3::Hasher::new(), offset: 0 };
        let mut magic = [0; MAGIC.len()];
        input.fill(&mut magic)?;
        if magic != *MAGIC.as_bytes() {
            return Err(FormatError { offset: 0, fault: FormatFault::Magic });
        }
        let offset = input.offset;
        let line = input.line("the header")?;
        let malformed = FormatError { offset, fault: FormatFault::Malformed("the header") };
        let header = BackupHeader::parse(&line).ok_or(malformed)?;
        Ok(Self { input, header })
    }

    pub(in crate::backup) const fn header(&self) -> &BackupHeader {
        &self.header
    }

    /// Reads to the end, and shows it all.
    pub(in crate::backup) fn show<V: Visitor>(
        mut self,
        visitor: &mut V,
    ) -> Result<Manifest, V::Error> {
        let mut seen = Manifest::default();
        let mut chunk = Chunk::new()?;
        let mut last: Option<(Space, Vec<u8>)> = None;
        loop {
            let start = self.input.offset;
            let mut tag = [0];
            self.input.fill(&mut tag)?;
            if tag == [END_OF_CHUNKS] {
                break;
            }
            let space = self.chunk(tag, start, &mut chunk)?;
            seen.chunks = seen.chunks.saturating_add(1);
            let mut rest = chunk.raw.0.as_slice();
            while !rest.is_empty() {
                let wrong = |fault| FormatError { offset: start, fault };
                let ((key, value), behind) = split_row(rest).map_err(wrong)?;
                let follows = last.as_ref().is_none_or(|(last_space, last_key)| {
                    *last_space < space || (*last_space == space && last_key.as_slice() < key)
                });
                if !follows {
                    return Err(wrong(FormatFault::Order).into());
                }
                match &mut last {
                    Some((last_space, last_key)) if *last_space == space => {
                        last_key.clear();
                        last_key.extend_from_slice(key);
                    }
                    _ => last = Some((space, key.to_vec())),
                }
                seen.count(space, key, value);
                visitor.row(space, key, value)?;
                rest = behind;
            }
            chunk.raw = visitor.chunk(space, std::mem::take(&mut chunk.raw))?;
        }
        Ok(self.end(seen)?)
    }

    /// Reads one chunk into `chunk` and says whose rows it holds.
    fn chunk(&mut self, tag: [u8; 1], start: u64, chunk: &mut Chunk) -> Result<Space, FormatError> {
        let wrong = |fault| FormatError { offset: start, fault };
        let [tag] = tag;
        let space = Space::ALL.into_iter().find(|space| code(*space) == tag);
        let space = space.ok_or_else(|| wrong(FormatFault::Malformed("the chunk's keyspace")))?;
        let raw_len = self.input.number()?;
        let packed_len = self.input.number()?;
        let stored = self.input.number()?;
        let within =
            |len: u32, max: usize| usize::try_from(len).ok().filter(|len| (1..=max).contains(len));
        let raw = within(raw_len, CHUNK_LEN_MAX).zip(within(packed_len, PACKED_LEN_MAX));
        let (raw, packed) = raw.ok_or_else(|| wrong(FormatFault::Length("the chunk")))?;
        chunk.packed.resize(packed, 0);
        self.input.fill(&mut chunk.packed)?;
        if checksum(tag, raw_len, packed_len, &chunk.packed) != stored {
            return Err(wrong(FormatFault::Checksum));
        }
        let Rows(rows) = &mut chunk.raw;
        rows.clear();
        rows.reserve(raw);
        let unpacked = chunk.zstd.decompress_to_buffer(&chunk.packed, rows);
        match unpacked {
            Ok(len) if len == raw => Ok(space),
            _ => Err(wrong(FormatFault::Packing)),
        }
    }

    /// Reads manifest and trailer, and compares them with what was seen.
    fn end(mut self, mut seen: Manifest) -> Result<Manifest, FormatError> {
        let offset = self.input.offset;
        let wrong = |fault| FormatError { offset, fault };
        let line = self.input.line("the manifest")?;
        let manifest: Manifest = serde_json::from_slice(&line)
            .map_err(|_| wrong(FormatFault::Malformed("the manifest")))?;
        seen.sums = manifest.sums;
        seen.entries = self.header.head.seq.0;
        seen.head = self.header.head.hash.to_string();
        if seen != manifest {
            return Err(wrong(FormatFault::Manifest));
        }
        let at = self.input.offset;
        let hash = self.input.hasher.finalize();
        let mut trailer = [0; TRAILER_LEN];
        self.input.fill(&mut trailer)?;
        let due = format!("{TRAILER}{offset:020} {}\n", hash.to_hex());
        if trailer != *due.as_bytes() {
            return Err(FormatError { offset: at, fault: FormatFault::Hash });
        }
        let at = self.input.offset;
        match self.input.fill(&mut [0]) {
            Err(FormatError { fault: FormatFault::Short, .. }) => Ok(manifest),
            Err(error) => Err(error),
            Ok(()) => Err(FormatError { offset: at, fault: FormatFault::Trailing }),
        }
    }
}

/// Bytes that are counted and hashed as they come in.
struct Input<R> {
    input: R,
    hasher: blake3::Hasher,
    offset: u64,
}

impl<R: Read> Input<R> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), FormatError> {
        let offset = self.offset;
        self.input.read_exact(bytes).map_err(|error| {
            let fault = match error.kind() {
                ErrorKind::UnexpectedEof => FormatFault::Short,
                _ => FormatFault::Read(error),
            };
            FormatError { offset, fault }
        })?;
        self.hasher.update(bytes);
        self.offset = offset.saturating_add(bytes.len() as u64);
        Ok(())
    }

    fn number(&mut self) -> Result<u32, FormatError> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// Reads a line, without its line feed.
    fn line(&mut self, what: &'static str) -> Result<Vec<u8>, FormatError> {
        let offset = self.offset;
        let mut line = Vec::new();
        loop {
            let mut byte = [0];
            self.fill(&mut byte)?;
            let [byte] = byte;
            if byte == b'\n' {
                return Ok(line);
            }
            if line.len() >= LINE_LEN_MAX {
                return Err(FormatError { offset, fault: FormatFault::Length(what) });
            }
            line.push(byte);
        }
    }
}

/// Room for one chunk, used again for the next.
struct Chunk {
    zstd: zstd::bulk::Decompressor<'static>,
    packed: Vec<u8>,
    raw: Rows,
}

impl Chunk {
    fn new() -> Result<Self, FormatError> {
        let failed = |error| FormatError { offset: 0, fault: FormatFault::Read(error) };
        let zstd = zstd::bulk::Decompressor::new().map_err(failed)?;
        Ok(Self { zstd, packed: Vec::new(), raw: Rows::default() })
    }
}

/// Splits the first row off.
fn split_row(bytes: &[u8]) -> Result<(Row<'_>, &[u8]), FormatFault> {
    let malformed = FormatFault::Malformed("a row");
    let split = || {
        let (key_len, rest) = bytes.split_first_chunk::<4>()?;
        let (value_len, rest) = rest.split_first_chunk::<4>()?;
        let len = |bytes: &[u8; 4]| usize::try_from(u32::from_le_bytes(*bytes)).ok();
        let key_len = len(key_len).filter(|len| *len <= KEY_LEN_MAX)?;
        let value_len = len(value_len).filter(|len| *len <= VALUE_LEN_MAX)?;
        let (key, rest) = rest.split_at_checked(key_len)?;
        let (value, rest) = rest.split_at_checked(value_len)?;
        Some(((key, value), rest))
    };
    split().ok_or(malformed)
}
