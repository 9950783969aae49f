//! One entry on disk. The journal alone uses this.
//!
//! ```text
//! length of body u32 | CRC-32C u32 | seq u64 | place in group u16 | body | hash after it [32]
//! ```
//!
//! Integers are little-endian; the checksum covers everything but itself. The place in the group
//! tells a tear from damage: a group is synced as a whole before the next one is written, so a
//! good frame of a *later* group proves that everything before it was once durable.

use ring4_domain::change::Seq;

use super::{Hash, Head};

/// Bytes before the body.
pub(crate) const HEAD_LEN: usize = 18;

/// Bytes behind the body.
const HASH_LEN: usize = 32;

/// The longest body, in bytes. An entry of the shop has a few hundred; the limit keeps a damaged
/// length from being believed.
pub(crate) const BODY_LEN_MAX: usize = 1 << 20;

/// A frame whose checksum holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// The entry it says it is, and the hash it says comes after it.
    pub head: Head,
    /// How many entries of the same group stand before it.
    pub place: u16,
    /// The entry's bytes.
    pub body: &'a [u8],
    /// Bytes of the frame.
    pub len: usize,
}

impl Frame<'_> {
    /// The first entry of its group.
    pub(crate) const fn group(&self) -> Seq {
        Seq(self.head.seq.0.saturating_sub(self.place as u64))
    }
}

/// Why a frame cannot follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file ends inside the frame.
    #[error("the frame is cut short")]
    Short,
    /// The length is zero or beyond the limit.
    #[error("the frame's length makes no sense")]
    Length,
    /// The checksum differs.
    #[error("the frame's checksum differs")]
    Checksum,
    /// The entry is not the next one.
    #[error("the frame is not the next one")]
    Gap,
    /// The hash does not follow from the one before.
    #[error("the hash chain is broken")]
    Chain,
    /// The segment's header is damaged or does not continue the chain.
    #[error("the segment's header does not continue the chain")]
    Header,
    /// The segment ends before the next one begins.
    #[error("entries are missing before the next segment")]
    Missing,
}

/// Appends a frame. `head` is the chain's end after this entry.
pub(crate) fn write(out: &mut Vec<u8>, head: Head, place: u16, body: &[u8]) {
    let len = u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes();
    let seq = head.seq.0.to_le_bytes();
    let place = place.to_le_bytes();
    let parts: [&[u8]; 5] = [&len, &seq, &place, body, &head.hash.0];
    let checksum = parts.iter().fold(0, |sum, part| crc32c::crc32c_append(sum, part));
    out.extend_from_slice(&len);
    out.extend_from_slice(&checksum.to_le_bytes());
    for part in parts.iter().skip(1) {
        out.extend_from_slice(part);
    }
}

/// Reads the frame at the beginning of `bytes`, trusting nothing.
pub(crate) fn read(bytes: &[u8]) -> Result<Frame<'_>, Fault> {
    let (len, rest) = bytes.split_first_chunk::<4>().ok_or(Fault::Short)?;
    let body_len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
    if body_len == 0 || body_len > BODY_LEN_MAX {
        return Err(Fault::Length);
    }
    let (stored, rest) = rest.split_first_chunk::<4>().ok_or(Fault::Short)?;
    let covered_len = 8 + 2 + body_len + HASH_LEN;
    let covered = rest.get(..covered_len).ok_or(Fault::Short)?;
    let checksum = crc32c::crc32c_append(crc32c::crc32c(len), covered);
    if checksum.to_le_bytes() != *stored {
        return Err(Fault::Checksum);
    }
    let (seq, rest) = covered.split_first_chunk::<8>().ok_or(Fault::Short)?;
    let (place, rest) = rest.split_first_chunk::<2>().ok_or(Fault::Short)?;
    let (body, hash) = rest.split_last_chunk::<HASH_LEN>().ok_or(Fault::Short)?;
    let head = Head { seq: Seq(u64::from_le_bytes(*seq)), hash: Hash(*hash) };
    let len = HEAD_LEN + body_len + HASH_LEN;
    Ok(Frame { head, place: u16::from_le_bytes(*place), body, len })
}

/// Reads the frame at the beginning of `bytes` as the one that follows `before`.
pub(crate) fn read_next(bytes: &[u8], before: Head) -> Result<Frame<'_>, Fault> {
    let frame = read(bytes)?;
    if frame.head.seq != before.next() {
        return Err(Fault::Gap);
    }
    if before.then(frame.body) != frame.head {
        return Err(Fault::Chain);
    }
    Ok(frame)
}

/// Every frame anywhere in `bytes` whose checksum holds and whose place lies behind `after`,
/// by brute force. For bytes in which a frame did not parse.
pub(crate) fn find(bytes: &[u8], after: Seq) -> Vec<Frame<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..) {
        // The place is looked at first: it is cheap, and rules out nearly every offset.
        let seq = rest.get(8..16).and_then(|seq| seq.try_into().ok()).map(u64::from_le_bytes);
        let Some(seq) = seq else { break };
        let near = seq > after.0 && seq - after.0 <= bytes.len() as u64;
        match if near { read(rest) } else { Err(Fault::Gap) } {
            Ok(frame) => {
                at += frame.len;
                found.push(frame);
            }
            Err(_) => at += 1,
        }
    }
    found
}
