//! The bytes of the inbox's files: frames with length and checksum. Only the inbox imports it.
//!
//! Frame: magic (4), length of the payload (4), CRC-32C over length and payload (4), payload; all
//! numbers little-endian. The magic is there to find the next sound frame behind a damaged one.

/// Begins every frame.
const MAGIC: [u8; 4] = *b"r4ib";
/// Magic, length and checksum.
pub(super) const FRAME_HEAD_BYTES: usize = 12;
/// The largest payload; one update is far below it.
pub(super) const PAYLOAD_BYTES_MAX: usize = 4 << 20;
/// The version of the files' content, in every header record.
pub(super) const VERSION: u8 = 1;

const KIND_HEADER: u8 = 1;
const KIND_UPDATE: u8 = 2;
const KIND_DONE: u8 = 3;

/// A run of update ids that have been seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) first: i64,
    pub(super) last: i64,
    /// When the newest of them came, in unix milliseconds.
    pub(super) newest_ms: i64,
}

/// One record of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record<'a> {
    /// The first of every file: which ids are known from the files before.
    Header { version: u8, known: Vec<Run> },
    /// An update as it came.
    Update { update_id: i64, received_ms: i64, raw: &'a [u8] },
    /// Updates before this record that are done.
    Done { update_ids: Vec<i64> },
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn i64(&mut self) -> Option<i64> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(i64::from_le_bytes(*number))
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }
}

impl<'a> Record<'a> {
    /// Appends the record's frame to `out` and returns the frame's length in bytes.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[0; 8]);
        match self {
            Self::Header { version, known } => {
                out.extend_from_slice(&[KIND_HEADER, *version]);
                for run in known {
                    for number in [run.first, run.last, run.newest_ms] {
                        out.extend_from_slice(&number.to_le_bytes());
                    }
                }
            }
            Self::Update { update_id, received_ms, raw } => {
                out.push(KIND_UPDATE);
                out.extend_from_slice(&update_id.to_le_bytes());
                out.extend_from_slice(&received_ms.to_le_bytes());
                out.extend_from_slice(raw);
            }
            Self::Done { update_ids } => {
                out.push(KIND_DONE);
                for update_id in update_ids {
                    out.extend_from_slice(&update_id.to_le_bytes());
                }
            }
        }
        let bytes = out.len() - start;
        let length = u32::try_from(bytes - FRAME_HEAD_BYTES).unwrap_or(u32::MAX).to_le_bytes();
        let payload = out.get(start + FRAME_HEAD_BYTES..).unwrap_or_default();
        let check = checksum(length, payload).to_le_bytes();
        for (place, byte) in out.iter_mut().skip(start + 4).zip(length.into_iter().chain(check)) {
            *place = byte;
        }
        bytes
    }

    fn read(payload: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor(payload);
        let kind = cursor.byte()?;
        match kind {
            KIND_HEADER => {
                let version = cursor.byte()?;
                let mut known = Vec::new();
                while !cursor.0.is_empty() {
                    let (first, last) = (cursor.i64()?, cursor.i64()?);
                    known.push(Run { first, last, newest_ms: cursor.i64()? });
                }
                Some(Self::Header { version, known })
            }
            KIND_UPDATE => {
                let (update_id, received_ms) = (cursor.i64()?, cursor.i64()?);
                Some(Self::Update { update_id, received_ms, raw: cursor.0 })
            }
            KIND_DONE => {
                let mut update_ids = Vec::new();
                while !cursor.0.is_empty() {
                    update_ids.push(cursor.i64()?);
                }
                Some(Self::Done { update_ids })
            }
            _ => None,
        }
    }
}

fn checksum(length: [u8; 4], payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&length), payload)
}

/// The frame at the start of `bytes` and its length; `None` when there is no sound one.
pub(super) fn read_frame(bytes: &[u8]) -> Option<(Record<'_>, usize)> {
    let (magic, rest) = bytes.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (check, rest) = rest.split_first_chunk::<4>()?;
    let payload_bytes = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if *magic != MAGIC || payload_bytes > PAYLOAD_BYTES_MAX {
        return None;
    }
    let payload = rest.get(..payload_bytes)?;
    if checksum(*length, payload) != u32::from_le_bytes(*check) {
        return None;
    }
    Some((Record::read(payload)?, FRAME_HEAD_BYTES + payload_bytes))
}

/// A piece of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A sound record at `offset`, `bytes` long with its frame.
    Sound { offset: usize, bytes: usize, record: Record<'a> },
    /// Bytes that are no frame; a sound one follows.
    Damaged { offset: usize, bytes: usize },
    /// Bytes that are no frame, up to the end.
    Tail { offset: usize, bytes: usize },
}

/// The pieces of a file from start to end.
pub(super) fn pieces(file: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let mut offset = 0;
    std::iter::from_fn(move || {
        let rest = file.get(offset..).filter(|rest| !rest.is_empty())?;
        let start = offset;
        if let Some((record, bytes)) = read_frame(rest) {
            offset += bytes;
            return Some(Piece::Sound { offset: start, bytes, record });
        }
        let starts_frame =
            |skip: &usize| rest.get(*skip..).is_some_and(|at| read_frame(at).is_some());
        let magic_at = rest.windows(MAGIC.len()).enumerate().skip(1);
        let next = magic_at
            .filter_map(|(skip, window)| (window == MAGIC).then_some(skip))
            .find(starts_frame);
        if let Some(bytes) = next {
            offset += bytes;
            return Some(Piece::Damaged { offset: start, bytes });
        }
        offset = file.len();
        Some(Piece::Tail { offset: start, bytes: rest.len() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_their_bytes_and_no_flipped_bit_goes_unseen() {
        let records = [
            Record::Header {
                version: VERSION,
                known: vec![Run { first: 1, last: 9, newest_ms: 5 }],
            },
            Record::Update { update_id: -3, received_ms: i64::MAX, raw: b"{}" },
            Record::Update { update_id: 4, received_ms: 0, raw: b"" },
            Record::Done { update_ids: vec![4, -3] },
        ];
        for record in &records {
            let mut bytes = Vec::new();
            let length = record.write(&mut bytes);
            assert_eq!(length, bytes.len());
            assert_eq!(read_frame(&bytes), Some((record.clone(), length)));
            for bit in 0..bytes.len() * 8 {
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(read_frame(&flipped), None, "bit {bit} of {record:?}");
            }
            for cut in 0..bytes.len() {
                assert_eq!(read_frame(&bytes[..cut]), None, "cut at {cut}");
            }
        }
    }

    #[test]
    fn sound_frames_are_found_behind_damage() {
        let mut file = Vec::new();
        let first = Record::Done { update_ids: vec![1] }.write(&mut file);
        let second = Record::Done { update_ids: vec![2] }.write(&mut file);
        let third = Record::Done { update_ids: vec![3] }.write(&mut file);
        file[first + 20] ^= 1;
        file.truncate(file.len() - 1);
        file.extend(Record::Done { update_ids: vec![4] }.write(&mut Vec::new()).to_le_bytes());
        let found: Vec<Piece<'_>> = pieces(&file).collect();
        let tail = file.len() - first - second;
        assert!(matches!(found[0], Piece::Sound { offset: 0, .. }), "{found:?}");
        assert_eq!(found[1], Piece::Tail { offset: first, bytes: second + tail });
        assert_eq!(found.len(), 2);

        file.truncate(first + second + third - 1);
        Record::Done { update_ids: vec![5] }.write(&mut file);
        let found: Vec<Piece<'_>> = pieces(&file).collect();
        let broken = second + third - 1;
        assert_eq!(found[1], Piece::Damaged { offset: first, bytes: broken });
        assert!(matches!(found[2], Piece::Sound { .. }));
        assert_eq!(found.len(), 3);
    }
}
