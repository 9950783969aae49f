//! The files of the inbox and what is known about them. Blocking; one thread owns it.
//! Only the inbox imports it.
//!
//! Files are `inbox-<number>.log`, numbered without gaps. Updates are synced before they are
//! acknowledged; done marks are written behind them without a sync. A file is deleted when all
//! its updates are done and all files before it are deleted: a mark may stand in a later file than
//! its update, so a later file must outlive an earlier one.
//!
//! A press brings along the text of the message it stands under, a number and a code perhaps. So
//! a file is turned over after a day, however little is in it, and rejects go after a month.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::frame::{FRAME_HEAD_BYTES, PAYLOAD_BYTES_MAX, Record, VERSION, read_frame};
use super::known::KnownIds;
use super::{Entry, InboxError, InboxOptions, Place, RawUpdate};

/// Everything of an update's frame but its text.
const UPDATE_HEAD_BYTES: usize = FRAME_HEAD_BYTES + 1 + 8 + 8;
/// The file of rejects may grow to this size before it becomes the old one, in bytes.
const REJECTS_BYTES_MAX: u64 = 1 << 20;

/// A file is turned over when it is as old as this, in milliseconds: a day.
const SEGMENT_MS_MAX: i64 = 24 * 60 * 60 * 1_000;
/// How long a file of rejects is written to, and how long the old one is kept after that, in
/// milliseconds: two weeks each.
const REJECTS_MS: i64 = 14 * SEGMENT_MS_MAX;

/// One file.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) bytes: u64,
    /// Updates in it that are not done.
    pub(super) undone: u64,
}

/// The files, the last of which is open for writing.
pub(super) struct Log {
    dir: PathBuf,
    options: InboxOptions,
    segments: VecDeque<Segment>,
    file: File,
    known: KnownIds,
    /// When the open file got its first update.
    begun_ms: Option<i64>,
    /// As the last good sync left the open file.
    synced: Synced,
    /// After a failed sync nothing is known about what was written since the last good one;
    /// nothing follows until [`Log::mend`] has taken it back.
    broken: Option<String>,
    _lock: File,
}

/// What is known to be on disk of the open file.
struct Synced {
    bytes: u64,
    known: KnownIds,
    /// Updates written since then.
    fresh: u64,
}

pub(super) fn segment_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("inbox-{number:016}.log"))
}

/// The number in a file's name.
pub(super) fn segment_number(name: &str) -> Option<u64> {
    name.strip_prefix("inbox-")?.strip_suffix(".log")?.parse().ok()
}

pub(super) fn io_error(doing: &'static str) -> impl FnOnce(io::Error) -> InboxError {
    move |error| InboxError::Io { doing, kind: error.kind(), reason: error.to_string() }
}

/// Makes names in `dir` durable.
fn sync_dir(dir: &Path) -> Result<(), InboxError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io_error("syncing the folder"))
}

impl Log {
    /// Continues behind `segments` with a new file.
    pub(super) fn start(
        dir: PathBuf,
        options: InboxOptions,
        segments: VecDeque<Segment>,
        known: KnownIds,
        lock: File,
    ) -> Result<Self, InboxError> {
        let number = segments.back().map_or(1, |segment| segment.number + 1);
        let (file, segment) = create_segment(&dir, number, &known)?;
        let synced = Synced { bytes: segment.bytes, known: known.clone(), fresh: 0 };
        let (begun_ms, broken) = (None, None);
        let mut log =
            Self { dir, options, segments, file, known, begun_ms, synced, broken, _lock: lock };
        log.segments.push_back(segment);
        log.delete_finished()?;
        Ok(log)
    }

    /// Writes the new ones among `batch`, which [`Log::sync`] then makes durable. The answer has
    /// one entry per update, `None` for one that is known already.
    pub(super) fn append(
        &mut self,
        batch: &[RawUpdate],
        now_ms: i64,
    ) -> Result<Vec<Option<Entry>>, InboxError> {
        self.refuse_if_broken()?;
        self.turn_over(now_ms)?;
        let batch_bytes: usize =
            batch.iter().map(|update| UPDATE_HEAD_BYTES + update.raw.len()).sum();
        self.make_room(u64::try_from(batch_bytes).unwrap_or(u64::MAX))?;
        let known_before = self.known.clone();
        self.known.forget_before(now_ms.saturating_sub(self.options.remember_ms));
        let mut bytes = Vec::with_capacity(batch_bytes);
        let (segment, start) = self.position();
        let mut entries = Vec::with_capacity(batch.len());
        for RawUpdate { update_id, raw } in batch {
            let update_id = *update_id;
            if self.known.contains(update_id) {
                entries.push(None);
                continue;
            }
            // What is too long to be one update is stored empty: it must be confirmed to
            // Telegram like any other, and will be rejected for what it is.
            let raw = if UPDATE_HEAD_BYTES + raw.len() > PAYLOAD_BYTES_MAX { &[] } else { &**raw };
            let offset = start + u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let length = Record::Update { update_id, received_ms: now_ms, raw }.write(&mut bytes);
            let place = Place { segment, offset, bytes: u32::try_from(length).unwrap_or(u32::MAX) };
            entries.push(Some(Entry { update_id, place }));
            self.known.insert(update_id, now_ms);
        }
        if bytes.is_empty() {
            return Ok(entries);
        }
        if let Err(error) = self.write(&bytes) {
            self.known = known_before;
            return Err(error);
        }
        self.begun_ms.get_or_insert(now_ms);
        if let Some(segment) = self.segments.back_mut() {
            let fresh = entries.iter().flatten().count();
            let fresh = u64::try_from(fresh).unwrap_or(u64::MAX);
            segment.undone += fresh;
            self.synced.fresh += fresh;
        }
        Ok(entries)
    }

    /// Writes that these are done, without a sync, and deletes what is not needed any more.
    pub(super) fn mark_done(&mut self, done: &[Entry]) -> Result<(), InboxError> {
        if done.is_empty() {
            return Ok(());
        }
        self.refuse_if_broken()?;
        for chunk in done.chunks(4_096) {
            let update_ids = chunk.iter().map(|entry| entry.update_id).collect();
            let mut bytes = Vec::new();
            Record::Done { update_ids }.write(&mut bytes);
            self.write(&bytes)?;
        }
        for entry in done {
            let number = entry.place.segment;
            if let Some(segment) = self.segments.iter_mut().find(|known| known.number == number) {
                segment.undone = segment.undone.saturating_sub(1);
            }
        }
        if self.segments.back().is_some_and(|last| last.bytes >= self.options.segment_bytes) {
            self.rotate()?;
        }
        self.delete_finished()
    }

    /// Begins another file when the open one is a day old, and lets go of what is too old to be
    /// kept.
    pub(super) fn turn_over(&mut self, now_ms: i64) -> Result<(), InboxError> {
        let age = |begun: i64| now_ms.saturating_sub(begun);
        if self.begun_ms.is_none_or(|begun| age(begun) < SEGMENT_MS_MAX) {
            return Ok(());
        }
        self.refuse_if_broken()?;
        self.rotate()?;
        self.delete_finished()?;
        let (path, old) = (self.dir.join("rejects.log"), self.dir.join("rejects.old.log"));
        if first_received(&old)?.is_some_and(|begun| age(begun) >= 2 * REJECTS_MS) {
            fs::remove_file(&old).map_err(io_error("deleting old rejects"))?;
        }
        if first_received(&path)?.is_some_and(|begun| age(begun) >= REJECTS_MS) {
            fs::rename(&path, &old).map_err(io_error("turning the rejects over"))?;
        }
        Ok(())
    }

    /// Keeps an update that cannot be read for somebody to look at.
    pub(super) fn keep_reject(&self, raw: &[u8], now_ms: i64) -> Result<(), InboxError> {
        let path = self.dir.join("rejects.log");
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(io_error("opening the rejects"))?;
        let mut bytes = Vec::new();
        Record::Update { update_id: 0, received_ms: now_ms, raw }.write(&mut bytes);
        file.write_all(&bytes).map_err(io_error("writing a reject"))?;
        let size = file.metadata().map_err(io_error("measuring the rejects"))?.len();
        if size >= REJECTS_BYTES_MAX {
            fs::rename(&path, self.dir.join("rejects.old.log"))
                .map_err(io_error("turning the rejects over"))?;
        }
        Ok(())
    }

    /// Makes everything written so far durable.
    pub(super) fn sync(&mut self) -> Result<(), InboxError> {
        self.refuse_if_broken()?;
        self.file.sync_data().map_err(|error| self.broken_by("syncing", &error))?;
        self.note_synced();
        Ok(())
    }

    fn note_synced(&mut self) {
        let (_, bytes) = self.position();
        self.synced = Synced { bytes, known: self.known.clone(), fresh: 0 };
    }

    /// After a failed sync: takes back what was written since the last good one, none of which
    /// was acknowledged, and goes on in a new file. Done marks among it are lost, so that their
    /// updates run again after the next start. Does nothing to a sound log; must not be called
    /// between an append and its sync.
    pub(super) fn mend(&mut self) -> Result<(), InboxError> {
        if self.broken.is_none() {
            return Ok(());
        }
        let taken_back = self.file.set_len(self.synced.bytes).and_then(|()| self.file.sync_all());
        taken_back.map_err(|error| self.broken_by("taking back what was not synced", &error))?;
        self.known = self.synced.known.clone();
        if let Some(segment) = self.segments.back_mut() {
            segment.bytes = self.synced.bytes;
            segment.undone = segment.undone.saturating_sub(self.synced.fresh);
        }
        self.synced.fresh = 0;
        self.begin_segment()?;
        self.broken = None;
        Ok(())
    }

    fn refuse_if_broken(&self) -> Result<(), InboxError> {
        match &self.broken {
            Some(reason) => Err(InboxError::Broken { reason: reason.clone() }),
            None => Ok(()),
        }
    }

    fn broken_by(&mut self, doing: &str, error: &io::Error) -> InboxError {
        let reason = format!("{doing}: {error}");
        self.broken = Some(reason.clone());
        InboxError::Broken { reason }
    }

    /// Number of the open file and its length.
    fn position(&self) -> (u64, u64) {
        self.segments.back().map_or((0, 0), |segment| (segment.number, segment.bytes))
    }

    fn make_room(&mut self, bytes: u64) -> Result<(), InboxError> {
        if self.segments.back().is_some_and(|last| last.bytes >= self.options.segment_bytes) {
            self.rotate()?;
            self.delete_finished()?;
        }
        let used: u64 = self.segments.iter().map(|segment| segment.bytes).sum();
        if used.saturating_add(bytes) > self.options.disk_bytes_max {
            return Err(InboxError::Full { bytes_max: self.options.disk_bytes_max });
        }
        Ok(())
    }

    /// Appends to the open file; a write that fails half-way is taken back.
    fn write(&mut self, bytes: &[u8]) -> Result<(), InboxError> {
        let (_, length) = self.position();
        if let Err(error) = self.file.write_all_at(bytes, length) {
            if let Err(error) = self.file.set_len(length) {
                return Err(self.broken_by("taking back a failed write", &error));
            }
            return Err(io_error("writing")(error));
        }
        if let Some(segment) = self.segments.back_mut() {
            segment.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        }
        Ok(())
    }

    /// Syncs the open file, so that only the last file can ever be torn, and begins the next.
    fn rotate(&mut self) -> Result<(), InboxError> {
        self.sync()?;
        self.begin_segment()
    }

    fn begin_segment(&mut self) -> Result<(), InboxError> {
        let (number, _) = self.position();
        let (file, segment) = create_segment(&self.dir, number + 1, &self.known)?;
        self.file = file;
        self.begun_ms = None;
        self.segments.push_back(segment);
        self.note_synced();
        Ok(())
    }

    fn delete_finished(&mut self) -> Result<(), InboxError> {
        let mut deleted = false;
        while self.segments.len() > 1
            && let Some(first) = self.segments.front()
            && first.undone == 0
        {
            fs::remove_file(segment_path(&self.dir, first.number))
                .map_err(io_error("deleting a finished file"))?;
            self.segments.pop_front();
            deleted = true;
        }
        if deleted { sync_dir(&self.dir) } else { Ok(()) }
    }
}

/// When the first update in a file of rejects was received; one that does not say is of old.
fn first_received(path: &Path) -> Result<Option<i64>, InboxError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(match read_frame(&bytes) {
            Some((Record::Update { received_ms, .. }, _)) => received_ms,
            _ => 0,
        })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error("reading rejects")(error)),
    }
}

fn create_segment(
    dir: &Path,
    number: u64,
    known: &KnownIds,
) -> Result<(File, Segment), InboxError> {
    let mut bytes = Vec::new();
    Record::Header { version: VERSION, known: known.runs().to_vec() }.write(&mut bytes);
    let path = segment_path(dir, number);
    // A file left half-made by a failed attempt holds nothing and is written over.
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
        .map_err(io_error("creating a file"))?;
    file.write_all_at(&bytes, 0).map_err(io_error("writing a header"))?;
    file.sync_all().map_err(io_error("syncing a new file"))?;
    sync_dir(dir)?;
    let bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    Ok((file, Segment { number, bytes, undone: 0 }))
}

/// The text of one stored update.
pub(super) fn read_entry(dir: &Path, entry: &Entry) -> Result<Vec<u8>, InboxError> {
    let Place { segment, offset, bytes } = entry.place;
    let file = File::open(segment_path(dir, segment)).map_err(io_error("opening a file"))?;
    let mut frame = vec![0; usize::try_from(bytes).unwrap_or_default()];
    file.read_exact_at(&mut frame, offset).map_err(io_error("reading an update"))?;
    match read_frame(&frame) {
        Some((Record::Update { update_id, raw, .. }, _)) if update_id == entry.update_id => {
            Ok(raw.to_vec())
        }
        _ => Err(io_error("reading an update")(io::ErrorKind::InvalidData.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::recovery;
    use super::*;

    fn update(update_id: i64) -> RawUpdate {
        RawUpdate { update_id, raw: format!("{{\"update_id\":{update_id}}}").into() }
    }

    fn open(dir: &Path) -> (Log, Vec<i64>) {
        let lock = recovery::lock_dir(dir).expect("a lock");
        let found = recovery::recover(dir).expect("files");
        assert_eq!(found.recovered.damage, []);
        let undone = found.recovered.entries.iter().map(|entry| entry.update_id).collect();
        let options = InboxOptions::default();
        let log = Log::start(dir.to_owned(), options, found.segments, found.known, lock);
        (log.expect("a log"), undone)
    }

    #[test]
    fn a_failed_sync_is_mended_without_what_it_left_unknown() {
        let dir = tempfile::tempdir().expect("a folder");
        let (mut log, _) = open(dir.path());
        let kept = log.append(&[update(1), update(2)], 1).expect("written");
        log.sync().expect("synced");
        log.mark_done(&[kept[0].expect("new")]).expect("marked");
        log.append(&[update(3)], 1).expect("written");
        // What a failed sync leaves: the bytes may be there or not.
        log.broken = Some("syncing: as in a test".to_owned());
        assert!(matches!(log.append(&[update(4)], 1), Err(InboxError::Broken { .. })));
        log.mend().expect("mended");
        let again = log.append(&[update(2), update(3), update(4)], 1).expect("written");
        let new: Vec<bool> = again.iter().map(Option::is_some).collect();
        assert_eq!(new, [false, true, true], "what was not acknowledged is new");
        log.sync().expect("synced");
        assert_eq!(log.segments.iter().map(|segment| segment.undone).collect::<Vec<_>>(), [1, 2]);
        drop(log);
        // The mark was not synced and is lost: the first runs again.
        assert_eq!(open(dir.path()).1, [1, 2, 3, 4]);
    }
}
