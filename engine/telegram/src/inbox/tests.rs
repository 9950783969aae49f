//! The inbox through its own door: real files in a temporary folder, copied as a crash leaves them.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicI64, Ordering};

use tempfile::TempDir;

use super::frame::{Record, VERSION};
use super::*;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

struct Scene {
    dir: TempDir,
    now: Arc<AtomicI64>,
    options: InboxOptions,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        Self { dir, now: Arc::new(AtomicI64::new(1_000)), options: InboxOptions::default() }
    }

    fn with_options(options: InboxOptions) -> Self {
        Self { options, ..Self::new() }
    }

    fn open(&self) -> (Inbox, Recovered) {
        self.try_open().expect("an inbox")
    }

    fn try_open(&self) -> Result<(Inbox, Recovered), InboxError> {
        let now = Arc::clone(&self.now);
        let clock: Clock = Arc::new(move || now.load(Ordering::Relaxed));
        Inbox::open(self.dir.path(), self.options.clone(), clock)
    }

    /// The folder as it is at this moment, as a killed process leaves it.
    fn killed(&self) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        for file in fs::read_dir(self.dir.path()).expect("a listing") {
            let file = file.expect("a file");
            fs::copy(file.path(), dir.path().join(file.file_name())).expect("a copy");
        }
        Self { dir, now: Arc::clone(&self.now), options: self.options.clone() }
    }

    fn files(&self) -> Vec<PathBuf> {
        let listing = fs::read_dir(self.dir.path()).expect("a listing");
        let names = listing.map(|file| file.expect("a file").path());
        let mut files: Vec<PathBuf> = names
            .filter(|path| {
                let name = path.file_name().and_then(|name| name.to_str());
                name.and_then(log::segment_number).is_some()
            })
            .collect();
        files.sort();
        files
    }
}

fn batch(update_ids: impl IntoIterator<Item = i64>) -> Arc<[RawUpdate]> {
    let update = |update_id| RawUpdate {
        update_id,
        raw: Bytes::from(format!(r#"{{"update_id":{update_id},"text":"{}"}}"#, "x".repeat(40))),
    };
    update_ids.into_iter().map(update).collect()
}

async fn append(
    inbox: &Inbox,
    update_ids: impl IntoIterator<Item = i64>,
) -> Result<Vec<Option<Entry>>, InboxError> {
    inbox.append(batch(update_ids))?.await.expect("an answer")
}

/// Appends updates that must be new.
async fn store(inbox: &Inbox, update_ids: impl IntoIterator<Item = i64>) -> Vec<Entry> {
    let entries = append(inbox, update_ids).await.expect("stored");
    entries.into_iter().map(|entry| entry.expect("new")).collect()
}

fn undone(inbox: &Inbox) -> Vec<i64> {
    inbox.take_undone().into_iter().map(|entry| entry.update_id).collect()
}

#[tokio::test]
async fn what_is_not_done_comes_back_in_order_and_can_be_read() {
    let scene = Scene::new();
    let (inbox, recovered) = scene.open();
    assert_eq!(recovered.undone, 0);
    let entries = store(&inbox, 10..20).await;
    let killed = scene.killed();
    let (again, recovered) = killed.open();
    assert_eq!((recovered.undone, recovered.torn_bytes), (10, 0));
    assert_eq!(recovered.damage, []);
    let entry = again.inner.undone.lock().expect("a list")[3];
    assert_eq!(again.read(entry).await.expect("text"), batch([13])[0].raw);
    assert_eq!(undone(&again), (10..20).collect::<Vec<_>>());

    for entry in &entries[..7] {
        inbox.mark_done(*entry);
    }
    inbox.close().await.expect("closed");
    assert_eq!(append(&inbox, [30]).await, Err(InboxError::Unavailable));
    let (inbox, _) = scene.open();
    assert_eq!(undone(&inbox), [17, 18, 19]);
}

#[tokio::test]
async fn done_marks_reach_the_disk_by_themselves() {
    let scene = Scene::new();
    let (inbox, _) = scene.open();
    for entry in store(&inbox, 0..50).await {
        inbox.mark_done(entry);
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let (copy, recovered) = scene.killed().open();
        if recovered.undone == 0 {
            break;
        }
        assert!(Instant::now() < deadline, "{} marks are missing", recovered.undone);
        drop(copy);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn known_ids_are_dropped_for_a_day_across_restarts() {
    let scene = Scene::new();
    let (inbox, _) = scene.open();
    let twice = append(&inbox, [1, 2, 2, 1]).await.expect("stored");
    assert_eq!(twice.iter().map(Option::is_some).collect::<Vec<_>>(), [true, true, false, false]);
    for entry in twice.into_iter().flatten() {
        inbox.mark_done(entry);
    }
    inbox.close().await.expect("closed");
    for _ in 0..3 {
        let (inbox, recovered) = scene.open();
        assert_eq!(recovered.undone, 0);
        scene.now.fetch_add(DAY_MS / 4, Ordering::Relaxed);
        assert_eq!(append(&inbox, [1, 2]).await, Ok(vec![None, None]));
        inbox.close().await.expect("closed");
    }
    let (inbox, _) = scene.open();
    scene.now.fetch_add(DAY_MS / 4 + 1, Ordering::Relaxed);
    store(&inbox, [2, 1]).await;
}

#[tokio::test]
async fn a_tail_torn_anywhere_loses_only_what_was_not_acknowledged() {
    let scene = Scene::new();
    let (inbox, _) = scene.open();
    store(&inbox, 0..3).await;
    let kept = fs::metadata(&scene.files()[0]).expect("a file").len();
    store(&inbox, 3..6).await;
    let whole = fs::metadata(&scene.files()[0]).expect("a file").len();
    for length in (kept..whole).step_by(7) {
        let torn = scene.killed();
        let file = fs::OpenOptions::new().write(true).open(&torn.files()[0]).expect("a file");
        file.set_len(length).expect("cut");
        let (inbox, recovered) = torn.open();
        assert_eq!(recovered.damage, [], "cut at {length}");
        let found = undone(&inbox);
        assert!(found.starts_with(&[0, 1, 2]) && found.len() < 6, "cut at {length}: {found:?}");
        // What was torn off was never confirmed and comes again.
        let again = append(&inbox, 3..6).await.expect("stored");
        assert_eq!(again.iter().flatten().count(), 6 - found.len(), "cut at {length}");
        inbox.close().await.expect("closed");
        let (inbox, recovered) = torn.open();
        assert_eq!(recovered.damage, [], "the tail is gone, cut at {length}");
        assert_eq!(undone(&inbox), (0..6).collect::<Vec<_>>(), "cut at {length}");
    }
}

#[tokio::test]
async fn damage_in_the_middle_is_told_and_the_rest_is_used() {
    let scene = Scene::new();
    let (inbox, _) = scene.open();
    store(&inbox, 0..3).await;
    store(&inbox, 3..6).await;
    let path = &scene.files()[0];
    let bytes = fs::read(path).expect("a file");
    let header = bytes.windows(4).skip(1).position(|at| at == b"r4ib").expect("a frame") + 1;
    let frames = (bytes.len() - header) / 6;
    for frame in 0..5 {
        let damaged = scene.killed();
        let file = fs::OpenOptions::new().write(true).open(&damaged.files()[0]).expect("a file");
        let at = header + frame * frames + frames / 2;
        file.write_all_at(&[bytes[at] ^ 0x10], at as u64).expect("a flip");
        let (inbox, recovered) = damaged.open();
        let place = (header + frame * frames) as u64;
        let expected = Damage::Bytes { file: 1, offset: place, bytes: frames as u64 };
        assert_eq!(recovered.damage, [expected]);
        let lost = i64::try_from(frame).expect("small");
        let rest: Vec<i64> = (0..6).filter(|update_id| *update_id != lost).collect();
        assert_eq!(undone(&inbox), rest);
    }
}

#[tokio::test]
async fn a_missing_file_is_told() {
    let scene = Scene::with_options(InboxOptions { segment_bytes: 1, ..InboxOptions::default() });
    let (inbox, _) = scene.open();
    for update_id in 0..4 {
        store(&inbox, [update_id]).await;
    }
    let killed = scene.killed();
    fs::remove_file(&killed.files()[2]).expect("removed");
    let (_inbox, recovered) = killed.open();
    assert_eq!(recovered.damage, [Damage::MissingFiles { before: 5, count: 1 }]);
    assert_eq!(recovered.undone, 3);
}

#[tokio::test]
async fn finished_files_go_and_a_full_inbox_takes_nothing_until_there_is_room() {
    let options = InboxOptions { segment_bytes: 1_000, disk_bytes_max: 5_000, remember_ms: DAY_MS };
    let scene = Scene::with_options(options);
    let (inbox, _) = scene.open();
    let mut entries = Vec::new();
    let mut update_id = 0;
    let full = loop {
        match append(&inbox, [update_id]).await {
            Ok(stored) => entries.extend(stored.into_iter().flatten()),
            Err(error) => break error,
        }
        update_id += 1;
    };
    assert_eq!(full, InboxError::Full { bytes_max: 5_000 });
    assert!(scene.files().len() > 3);
    assert_eq!(undone(&scene.killed().open().0), (0..update_id).collect::<Vec<_>>());

    // All but the first: its file must stay, and so must every mark behind it.
    for entry in &entries[1..] {
        inbox.mark_done(*entry);
    }
    inbox.close().await.expect("closed");
    let (inbox, _) = scene.open();
    let left = inbox.take_undone();
    assert_eq!(left.iter().map(|entry| entry.update_id).collect::<Vec<_>>(), [0]);
    assert_eq!(append(&inbox, [update_id]).await, Err(full));
    inbox.mark_done(left[0]);
    inbox.close().await.expect("closed");
    let (inbox, _) = scene.open();
    assert_eq!(scene.files().len(), 1);
    store(&inbox, [update_id]).await;
    assert_eq!(append(&inbox, [0]).await, Ok(vec![None]), "known from a file that is gone");
}

#[tokio::test]
async fn rejects_are_kept_within_bounds() {
    let scene = Scene::new();
    let (inbox, _) = scene.open();
    for _ in 0..40 {
        inbox.keep_reject(Bytes::from(vec![b'x'; 100_000]));
    }
    inbox.close().await.expect("closed");
    for name in ["rejects.log", "rejects.old.log"] {
        let bytes = fs::metadata(scene.dir.path().join(name)).expect("a file").len();
        assert!((100_000..1_200_000).contains(&bytes), "{name} has {bytes} bytes");
    }
}

#[tokio::test]
async fn one_process_at_a_time_and_no_unknown_version() {
    let scene = Scene::new();
    let (inbox, _) = scene.open();
    assert_eq!(scene.try_open().err(), Some(InboxError::InUse));
    inbox.close().await.expect("closed");
    let mut bytes = Vec::new();
    Record::Header { version: VERSION + 1, known: Vec::new() }.write(&mut bytes);
    fs::write(log::segment_path(scene.dir.path(), 9), bytes).expect("written");
    assert_eq!(scene.try_open().err(), Some(InboxError::Version { version: VERSION + 1 }));
}

/// A press carries the message it stands under, so nothing stays for long, however quiet the shop.
#[tokio::test]
async fn what_is_done_is_gone_after_a_day_and_rejects_after_a_month() {
    let scene = Scene::new();
    let (inbox, _) = scene.open();
    let holds = |text: &str| {
        let files = fs::read_dir(scene.dir.path()).expect("a listing");
        let mut files = files.map(|file| fs::read(file.expect("a file").path()).expect("bytes"));
        files.any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    };
    let first = r#""update_id":10,"#;
    let mut stored = store(&inbox, [10, 11]).await;
    inbox.keep_reject(Bytes::from_static(b"rejected"));
    inbox.mark_done(stored.remove(0));
    // Day → what came, and whether the first update and the reject are still there.
    let rows = [(0, true, true), (1, true, true), (2, false, true), (15, false, true)];
    for (day, kept, rejected) in rows.into_iter().chain([(29, false, false), (30, false, false)]) {
        scene.now.store(1_000 + day * DAY_MS, Ordering::Relaxed);
        let update = store(&inbox, [100 + day]).await;
        assert_eq!((holds(first), holds("rejected")), (kept, rejected), "day {day}");
        inbox.mark_done(update[0]);
        // Not done on the first day, it keeps the file it is in.
        if day == 1 {
            inbox.mark_done(stored.remove(0));
        }
        until(|| inbox.inner.marks.lock().expect("marks").is_empty());
    }
    inbox.close().await.expect("closed");
}

fn until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "not within 20 s");
        std::thread::yield_now();
    }
}
