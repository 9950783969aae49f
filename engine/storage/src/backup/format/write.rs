//! Writes a backup file, row by row. Creation alone uses this.

use std::io::{self, Write};

use super::{
    BackupHeader, CHUNK_LEN_DUE, END_OF_CHUNKS, MAGIC, Manifest, Sums, TRAILER, checksum, code,
};
use crate::{Hash, Space};

/// How hard to pack: beyond this level the time grows and the file hardly shrinks.
const ZSTD_LEVEL: i32 = 3;

/// Counts and hashes what goes through it.
struct Hashed<W> {
    out: W,
    hasher: blake3::Hasher,
    len: u64,
}

impl<W: Write> Hashed<W> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.hasher.update(bytes);
        self.len = self.len.saturating_add(bytes.len() as u64);
        Ok(())
    }
}

/// A backup file being written.
pub(in crate::backup) struct Writer<W> {
    out: Hashed<W>,
    zstd: zstd::bulk::Compressor<'static>,
    space: Space,
    chunk: Vec<u8>,
    manifest: Manifest,
}

impl<W: Write> Writer<W> {
    pub(in crate::backup) fn new(out: W, header: &BackupHeader) -> io::Result<Self> {
        let mut out = Hashed { out, hasher: blake3::Hasher::new(), len: 0 };
        out.put(MAGIC.as_bytes())?;
        out.put(&header.line()?)?;
        let manifest = Manifest {
            entries: header.head.seq.0,
            head: header.head.hash.to_string(),
            ..Manifest::default()
        };
        let zstd = zstd::bulk::Compressor::new(ZSTD_LEVEL)?;
        let chunk = Vec::with_capacity(CHUNK_LEN_DUE + (CHUNK_LEN_DUE >> 3));
        Ok(Self { out, zstd, space: Space::Ledger, chunk, manifest })
    }

    /// Adds a row. Keyspaces and keys must come in order.
    pub(in crate::backup) fn row(
        &mut self,
        space: Space,
        key: &[u8],
        value: &[u8],
    ) -> io::Result<()> {
        if space != self.space {
            self.close_chunk()?;
            self.space = space;
        }
        self.chunk.extend_from_slice(&len_of(key)?.to_le_bytes());
        self.chunk.extend_from_slice(&len_of(value)?.to_le_bytes());
        self.chunk.extend_from_slice(key);
        self.chunk.extend_from_slice(value);
        self.manifest.count(space, key, value);
        if self.chunk.len() >= CHUNK_LEN_DUE { self.close_chunk() } else { Ok(()) }
    }

    fn close_chunk(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let packed = self.zstd.compress(&self.chunk)?;
        let (space, raw_len, packed_len) =
            (code(self.space), len_of(&self.chunk)?, len_of(&packed)?);
        let checksum = checksum(space, raw_len, packed_len, &packed);
        self.out.put(&[space])?;
        for number in [raw_len, packed_len, checksum] {
            self.out.put(&number.to_le_bytes())?;
        }
        self.out.put(&packed)?;
        self.chunk.clear();
        self.manifest.chunks = self.manifest.chunks.saturating_add(1);
        Ok(())
    }

    /// Writes the end. Returns what was written to, the manifest, and the hash over the file.
    pub(in crate::backup) fn finish(mut self, sums: Sums) -> io::Result<(W, Manifest, Hash)> {
        self.close_chunk()?;
        self.out.put(&[END_OF_CHUNKS])?;
        let offset = self.out.len;
        self.manifest.sums = sums;
        let mut line = serde_json::to_vec(&self.manifest)?;
        line.push(b'\n');
        self.out.put(&line)?;
        let hash = Hash(*self.out.hasher.finalize().as_bytes());
        self.out.put(format!("{TRAILER}{offset:020} {hash}\n").as_bytes())?;
        self.out.out.flush()?;
        Ok((self.out.out, self.manifest, hash))
    }
}

fn len_of(bytes: &[u8]) -> io::Result<u32> {
    u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::InvalidInput.into())
}
