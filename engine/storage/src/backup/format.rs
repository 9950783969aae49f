//! The backup file as bytes; `FORMAT.md` beside this crate says the same in prose. The backup
//! room alone uses this.
//!
//! ```text
//! ring4 backup 1 ⏎ | header, JSON ⏎ | chunk … | ⏎ manifest, JSON ⏎ | ring4 end OFFSET BLAKE3 ⏎
//! ```
//!
//! Lines of text stand before and behind the chunks, so that `head -2` and `tail -2` show a human
//! what a file is without this program. A file may come from anywhere: every length is bounded
//! before anything is allocated, and what does not parse is named with its offset.

pub(super) mod read;
pub(super) mod tail;
pub(super) mod write;

use std::io;

use chrono::{DateTime, SecondsFormat};
use ring4_domain::change::Seq;
use ring4_domain::ids::Timestamp;
use serde::{Deserialize, Serialize};

use super::BackupKind;
use crate::journal::frame::BODY_LEN_MAX;
use crate::{Hash, Head, Space};

/// The first line: name and format version.
const MAGIC: &str = "ring4 backup 1\n";
/// Bytes of header or manifest, at most. They are a few hundred.
const LINE_LEN_MAX: usize = 64 << 10;
/// Bytes of rows after which a chunk is closed.
const CHUNK_LEN_DUE: usize = 1 << 20;
/// Bytes of a key, at most; what the state's own store allows.
const KEY_LEN_MAX: usize = 1 << 16;
/// Bytes of a value, at most: the longest entry with what its copy adds.
const VALUE_LEN_MAX: usize = BODY_LEN_MAX + 4_096;
/// Bytes of a chunk's rows, at most: one less than due, and one more row.
const CHUNK_LEN_MAX: usize = CHUNK_LEN_DUE + KEY_LEN_MAX + VALUE_LEN_MAX + 8;
/// Bytes of a chunk as packed, at most. Packing never makes one longer by more than this.
const PACKED_LEN_MAX: usize = CHUNK_LEN_MAX + (CHUNK_LEN_MAX >> 7) + 1_024;
/// Bytes of a note, at most.
pub const NOTE_LEN_MAX: usize = 1_000;
/// Stands where the next chunk's keyspace would.
const END_OF_CHUNKS: u8 = b'\n';
/// Opens the last line.
const TRAILER: &str = "ring4 end ";
/// Bytes of the last line: its opening, twenty digits, a space, a hash, a line feed.
const TRAILER_LEN: usize = TRAILER.len() + 20 + 1 + 64 + 1;

/// Why bytes are not a backup.
#[derive(Debug, thiserror::Error)]
pub enum FormatFault {
    /// The file cannot be read, or, where it is encrypted, is not what was encrypted.
    #[error("{0}")]
    Read(#[source] io::Error),
    /// The file ends before the backup does.
    #[error("the file ends too early")]
    Short,
    /// It is something else, or of a format version that is not known.
    #[error("this is not a backup that this engine can read")]
    Magic,
    /// A length is beyond its limit.
    #[error("the length of {0} makes no sense")]
    Length(&'static str),
    /// A part does not parse.
    #[error("{0} does not parse")]
    Malformed(&'static str),
    /// A chunk's checksum differs.
    #[error("the chunk's checksum differs")]
    Checksum,
    /// A chunk does not unpack.
    #[error("the chunk does not unpack")]
    Packing,
    /// Rows must be sorted, and each key must stand once.
    #[error("the rows are not in order")]
    Order,
    /// The manifest says something else than the chunks.
    #[error("the manifest does not fit what stands before it")]
    Manifest,
    /// The hash over everything differs.
    #[error("the hash over the file differs")]
    Hash,
    /// Bytes follow the last line.
    #[error("bytes follow the end of the backup")]
    Trailing,
}

/// Where bytes stop being a backup.
#[derive(Debug, thiserror::Error)]
#[error("byte {offset}: {fault}")]
pub struct FormatError {
    /// Counted in the plain file, before encryption.
    pub offset: u64,
    /// What is wrong there.
    pub fault: FormatFault,
}

/// What a backup says about itself before its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupHeader {
    /// Why it was made.
    pub kind: BackupKind,
    /// What the one who asked for it wrote; empty when nobody did.
    pub note: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// The version of the program that wrote it.
    pub program: String,
    /// The version of the state's key layout.
    pub schema: u32,
    /// The last entry in it, and the chain's hash after it.
    pub head: Head,
    /// When that entry was made; `None` in a backup of a shop without entries.
    pub last_entry_at: Option<Timestamp>,
}

/// What a backup says about its rows behind them.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Rows and bytes of each keyspace, in the order of [`Space::ALL`].
    pub ledger: SpaceSize,
    /// See [`Self::ledger`].
    pub records: SpaceSize,
    /// See [`Self::ledger`].
    pub index: SpaceSize,
    /// See [`Self::ledger`].
    pub outbox: SpaceSize,
    /// Chunks in the file.
    pub chunks: u64,
    /// The sums over all accounts.
    pub sums: Sums,
    /// Entries in it: all from the first to the head.
    pub entries: u64,
    /// The chain's hash after the last of them, in hexadecimal.
    pub head: String,
}

/// How much a keyspace holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpaceSize {
    /// Rows.
    pub rows: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
}

/// Accounts, added up, in micro-dollars. Debits equal credits, pending and posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sums {
    /// Accounts ever used.
    pub accounts: u64,
    /// Gone out for good.
    pub debits_posted: i128,
    /// Come in for good.
    pub credits_posted: i128,
    /// Held, on its way out.
    pub debits_pending: i128,
    /// Held, on its way in.
    pub credits_pending: i128,
}

impl Manifest {
    /// How much a keyspace holds.
    #[must_use]
    pub const fn of(&self, space: Space) -> SpaceSize {
        match space {
            Space::Ledger => self.ledger,
            Space::Records => self.records,
            Space::Index => self.index,
            Space::Outbox => self.outbox,
        }
    }

    /// Rows of all keyspaces.
    #[must_use]
    pub fn rows(&self) -> u64 {
        Space::ALL.iter().map(|space| self.of(*space).rows).fold(0, u64::saturating_add)
    }

    const fn of_mut(&mut self, space: Space) -> &mut SpaceSize {
        match space {
            Space::Ledger => &mut self.ledger,
            Space::Records => &mut self.records,
            Space::Index => &mut self.index,
            Space::Outbox => &mut self.outbox,
        }
    }

    fn count(&mut self, space: Space, key: &[u8], value: &[u8]) {
        let size = self.of_mut(space);
        size.rows = size.rows.saturating_add(1);
        size.bytes = size.bytes.saturating_add((key.len() + value.len()) as u64);
    }
}

/// The header's line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderLine {
    kind: String,
    note: String,
    created_at: String,
    program: String,
    schema: u32,
    seq: u64,
    head: String,
    last_entry_at: Option<String>,
}

impl BackupHeader {
    fn line(&self) -> Result<Vec<u8>, io::Error> {
        let line = HeaderLine {
            kind: self.kind.name().to_owned(),
            note: self.note.clone(),
            created_at: rfc3339(self.created_at),
            program: self.program.clone(),
            schema: self.schema,
            seq: self.head.seq.0,
            head: self.head.hash.to_string(),
            last_entry_at: self.last_entry_at.map(rfc3339),
        };
        let mut bytes = serde_json::to_vec(&line)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    fn parse(line: &[u8]) -> Option<Self> {
        let line: HeaderLine = serde_json::from_slice(line).ok()?;
        let head = Head { seq: Seq(line.seq), hash: parse_hash(&line.head)? };
        let last_entry_at = match &line.last_entry_at {
            Some(at) => Some(parse_rfc3339(at)?),
            None => None,
        };
        Some(Self {
            kind: BackupKind::parse(&line.kind)?,
            note: line.note,
            created_at: parse_rfc3339(&line.created_at)?,
            program: line.program,
            schema: line.schema,
            head,
            last_entry_at,
        })
    }
}

/// A moment as RFC 3339 has it, in UTC, to the millisecond.
fn rfc3339(at: Timestamp) -> String {
    DateTime::from_timestamp_millis(at.0)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| Timestamp(at.timestamp_millis()))
}

/// Reads a hash as it is displayed.
pub(super) fn parse_hash(text: &str) -> Option<Hash> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(Hash(hash))
}

const fn code(space: Space) -> u8 {
    match space {
        Space::Ledger => 1,
        Space::Records => 2,
        Space::Index => 3,
        Space::Outbox => 4,
    }
}

/// The checksum of a chunk: over its lengths and its packed bytes.
fn checksum(space: u8, raw_len: u32, packed_len: u32, packed: &[u8]) -> u32 {
    let sum = crc32c::crc32c(&[space]);
    let sum = crc32c::crc32c_append(sum, &raw_len.to_le_bytes());
    let sum = crc32c::crc32c_append(sum, &packed_len.to_le_bytes());
    crc32c::crc32c_append(sum, packed)
}
