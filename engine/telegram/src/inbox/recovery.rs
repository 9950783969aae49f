//! Reads the inbox's files at start: what is not done, what is known, what is damaged.
//! Only the inbox imports it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::path::Path;

use super::frame::{Piece, Record, VERSION, pieces};
use super::known::KnownIds;
use super::log::{Segment, io_error, segment_number, segment_path};
use super::{Damage, Entry, InboxError, Place, Recovered};

/// The result of reading all files.
pub(super) struct Found {
    pub(super) segments: VecDeque<Segment>,
    pub(super) known: KnownIds,
    pub(super) recovered: Recovered,
}

/// Takes the folder for this process alone.
pub(super) fn lock_dir(dir: &Path) -> Result<File, InboxError> {
    fs::create_dir_all(dir).map_err(io_error("creating the folder"))?;
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(dir.join("lock"))
        .map_err(io_error("opening the lock"))?;
    lock.try_lock().map_err(|error| match error {
        fs::TryLockError::WouldBlock => InboxError::InUse,
        fs::TryLockError::Error(error) => io_error("locking the folder")(error),
    })?;
    Ok(lock)
}

/// Reads every file, cuts a torn tail off, and reports damage.
pub(super) fn recover(dir: &Path) -> Result<Found, InboxError> {
    let mut numbers = Vec::new();
    for file in fs::read_dir(dir).map_err(io_error("listing the folder"))? {
        let file = file.map_err(io_error("listing the folder"))?;
        numbers.extend(file.file_name().to_str().and_then(segment_number));
    }
    numbers.sort_unstable();
    let mut reading = Reading::default();
    let last = numbers.last().copied();
    let mut expected = numbers.first().copied();
    for number in numbers {
        if expected.is_some_and(|expected| number > expected) {
            let missing = number - expected.unwrap_or(number);
            reading.damage.push(Damage::MissingFiles { before: number, count: missing });
        }
        expected = Some(number + 1);
        reading.read_segment(dir, number, last == Some(number))?;
    }
    Ok(reading.finish())
}

#[derive(Default)]
struct Reading {
    segments: VecDeque<Segment>,
    known: KnownIds,
    undone: HashMap<i64, Place>,
    damage: Vec<Damage>,
    torn_bytes: u64,
}

impl Reading {
    fn read_segment(&mut self, dir: &Path, number: u64, last: bool) -> Result<(), InboxError> {
        let path = segment_path(dir, number);
        let file = fs::read(&path).map_err(io_error("reading a file"))?;
        let mut length = u64::try_from(file.len()).unwrap_or(u64::MAX);
        for piece in pieces(&file) {
            match piece {
                Piece::Sound { offset, bytes, record } => {
                    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
                    let offset = u64::try_from(offset).unwrap_or(u64::MAX);
                    self.read_record(record, Place { segment: number, offset, bytes })?;
                }
                // Only what was never synced can be torn, and only the last file has such bytes:
                // those updates were never confirmed, Telegram sends them again.
                Piece::Tail { offset, bytes } if last => {
                    self.torn_bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
                    length = u64::try_from(offset).unwrap_or(u64::MAX);
                    cut(&path, length)?;
                }
                Piece::Damaged { offset, bytes } | Piece::Tail { offset, bytes } => {
                    let offset = u64::try_from(offset).unwrap_or(u64::MAX);
                    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
                    self.damage.push(Damage::Bytes { file: number, offset, bytes });
                }
            }
        }
        self.segments.push_back(Segment { number, bytes: length, undone: 0 });
        Ok(())
    }

    fn read_record(&mut self, record: Record<'_>, place: Place) -> Result<(), InboxError> {
        match record {
            Record::Header { version, .. } if version != VERSION => {
                return Err(InboxError::Version { version });
            }
            Record::Header { known, .. } => self.known = KnownIds::new(known),
            Record::Update { update_id, received_ms, .. } => {
                if !self.known.contains(update_id) {
                    self.known.insert(update_id, received_ms);
                }
                self.undone.insert(update_id, place);
            }
            Record::Done { update_ids } => {
                for update_id in update_ids {
                    self.undone.remove(&update_id);
                }
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Found {
        let in_order: BTreeMap<(u64, u64), Entry> = self
            .undone
            .into_iter()
            .map(|(update_id, place)| ((place.segment, place.offset), Entry { update_id, place }))
            .collect();
        for segment in &mut self.segments {
            let entries = in_order.range((segment.number, 0)..=(segment.number, u64::MAX));
            segment.undone = u64::try_from(entries.count()).unwrap_or(u64::MAX);
        }
        let recovered = Recovered {
            undone: in_order.len(),
            torn_bytes: self.torn_bytes,
            damage: self.damage,
            entries: in_order.into_values().collect(),
        };
        Found { segments: self.segments, known: self.known, recovered }
    }
}

fn cut(path: &Path, length: u64) -> Result<(), InboxError> {
    let file = OpenOptions::new().write(true).open(path).map_err(io_error("opening a file"))?;
    file.set_len(length).map_err(io_error("cutting a torn tail off"))?;
    file.sync_all().map_err(io_error("syncing a cut file"))
}
