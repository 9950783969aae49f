//! Keys against real files: what is drawn is there after a crash, what is forgotten is nowhere,
//! and damage is mended from the copy or the mirror.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::*;

const TODAY: Day = Day(20_370);

struct World {
    dir: TempDir,
}

impl World {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn keys(&self) -> PathBuf {
        self.dir.path().join("keys")
    }

    fn mirror(&self) -> PathBuf {
        self.dir.path().join("mirror")
    }

    fn open(&self, mirrored: bool) -> Keyring {
        Keyring::open(&self.keys(), mirrored.then(|| self.mirror()).as_deref()).unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Every file with its bytes, without the directory before it.
    fn files(&self, under: &Path) -> Vec<(String, Vec<u8>)> {
        let Ok(entries) = fs::read_dir(under) else { return Vec::new() };
        let mut files: Vec<_> = entries
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
            // The mirror's thread may be at work.
            .filter_map(|(name, path)| Some((name, fs::read(path).ok()?)))
            .collect();
        files.sort();
        files
    }

    fn names(&self, under: &Path) -> Vec<String> {
        self.files(under).into_iter().map(|(name, _)| name).collect()
    }
}

/// Waits until the mirror is as it should be.
fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "not within 20 s: {what}");
        std::thread::yield_now();
    }
}

fn drawn(day: Day, byte: u8) -> Vec<(Day, Key)> {
    vec![(day, Key(Zeroizing::new([byte; sealing::KEY_LEN])))]
}

/// The days that have a key, with the key's first byte.
fn known(keyring: &Keyring) -> Vec<(i64, u8)> {
    keyring.now().by_day.iter().map(|(day, key)| (day.0 - TODAY.0, key.0[0])).collect()
}

/// A shop with keys of three days, `0` today's and so on.
fn three_days(world: &World) {
    let keyring = world.open(true);
    keyring.settle(None).unwrap();
    for days in [2, 1, 0] {
        keyring.keep(&drawn(TODAY.minus(days), 10 + u8::try_from(days).unwrap())).unwrap();
    }
    until("three keys are mirrored", || world.names(&world.mirror()).len() == 3);
}

#[test]
fn a_kept_key_is_there_twice_and_for_its_owner_alone() {
    let world = World::new();
    let keyring = world.open(false);
    assert_eq!(known(&keyring), []);
    keyring.keep(&drawn(TODAY, 7)).unwrap();
    assert_eq!(known(&keyring), [(0, 7)]);
    assert_eq!(world.names(&world.keys()), ["2025-10-09", "2025-10-09.copy"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&world.keys()), 0o700);
        assert_eq!(mode(&world.keys().join("2025-10-09")), 0o600);
        assert_eq!(mode(&world.keys().join("2025-10-09.copy")), 0o600);
    }
    drop(keyring);
    let keyring = world.open(false);
    assert_eq!(known(&keyring), [(0, 7)]);
    assert_eq!(keyring.settle(None).unwrap(), []);
}

/// What a version wrote, every later one must read.
#[test]
fn a_key_file_of_version_1_is_these_bytes() {
    let world = World::new();
    let keyring = world.open(false);
    keyring.keep(&drawn(TODAY, 7)).unwrap();
    let file = fs::read(world.keys().join("2025-10-09")).unwrap();
    let (body, hash) = file.split_at(49);
    let expected = [&b"ring4key\x01"[..], &20_370_i64.to_le_bytes(), &[7; 32]].concat();
    assert_eq!((body, hash), (&expected[..], &blake3::hash(body).as_bytes()[..]));
}

#[test]
fn damage_is_mended_from_the_copy_or_the_mirror() {
    let world = World::new();
    three_days(&world);
    let (keys, mirror) = (world.files(&world.keys()), world.files(&world.mirror()));
    let [first, copy] = ["2025-10-08", "2025-10-08.copy"].map(|name| world.keys().join(name));
    let mirrored = world.mirror().join("2025-10-08");
    type Deed = fn(&Path);
    let gone: Deed = |path| fs::remove_file(path).unwrap();
    let flipped: Deed = |path| {
        let mut bytes = fs::read(path).unwrap();
        bytes[20] ^= 4;
        fs::write(path, bytes).unwrap();
    };
    let cut: Deed = |path| fs::write(path, &fs::read(path).unwrap()[..40]).unwrap();
    let empty: Deed = |path| fs::write(path, []).unwrap();
    // What is damaged → how many repairs.
    let rows: [(&[&PathBuf], usize); 6] = [
        (&[&first], 1),
        (&[&copy], 1),
        (&[&first, &copy], 2),
        (&[&mirrored], 0),
        (&[&first, &mirrored], 1),
        (&[&copy, &mirrored], 1),
    ];
    for deed in [gone, flipped, cut, empty] {
        for (paths, repairs) in rows {
            paths.iter().for_each(|path| deed(path));
            let keyring = world.open(true);
            assert_eq!(known(&keyring), [(-2, 12), (-1, 11), (0, 10)], "{paths:?}");
            assert_eq!(keyring.settle(None).unwrap().len(), repairs, "{paths:?}");
            until("the mirror is mended", || {
                world.files(&world.mirror()) == mirror && keyring.mirror_trouble().is_none()
            });
            drop(keyring);
            let aside = world.keys().join("2025-10-08.aside");
            let _ = fs::remove_file(aside);
            assert_eq!(world.files(&world.keys()), keys, "{paths:?}");
        }
    }
}

#[test]
fn a_key_that_is_nowhere_is_lost_and_said_to_be() {
    let world = World::new();
    three_days(&world);
    for path in ["keys/2025-10-08", "keys/2025-10-08.copy", "mirror/2025-10-08"] {
        fs::write(world.file(path), b"noise").unwrap();
    }
    let keyring = world.open(true);
    assert_eq!(known(&keyring), [(-2, 12), (0, 10)]);
    let day = TODAY.minus(1);
    assert_eq!(keyring.settle(None).unwrap(), [KeyRepair::Lost { day }]);
    // Said once: what is left lies aside. A new key of that day does not stand in its way.
    assert_eq!(keyring.settle(None).unwrap(), []);
    keyring.keep(&drawn(day, 99)).unwrap();
    assert_eq!(known(&keyring), [(-2, 12), (-1, 99), (0, 10)]);
    // It goes with its day.
    keyring.forget(TODAY).unwrap();
    assert_eq!(world.names(&world.keys()), ["2025-10-09", "2025-10-09.copy"]);
}

#[test]
fn a_forgotten_day_is_nowhere_whatever_stops_in_between() {
    // When the process dies: before anything, or after some of the files.
    for removed in 0..=4 {
        let world = World::new();
        three_days(&world);
        let doomed = ["2025-10-07", "2025-10-07.copy", "2025-10-08", "2025-10-08.copy"];
        for name in doomed.iter().take(removed) {
            fs::remove_file(world.keys().join(name)).unwrap();
        }
        fs::write(world.keys().join("2025-10-09.part"), b"unfinished").unwrap();
        let keyring = world.open(true);
        // What happened before is read as long as the journal is replayed.
        assert_eq!(known(&keyring), [(-2, 12), (-1, 11), (0, 10)], "{removed}");
        let repairs = keyring.settle(Some(TODAY)).unwrap();
        assert_eq!(repairs, [KeyRepair::Removed { before: TODAY }], "{removed}");
        assert_eq!(known(&keyring), [(0, 10)]);
        assert_eq!(world.names(&world.keys()), ["2025-10-09", "2025-10-09.copy"], "{removed}");
        until("the mirror forgets", || world.names(&world.mirror()) == ["2025-10-09"]);
        keyring.forget(TODAY).unwrap();
        assert_eq!(keyring.settle(Some(TODAY)).unwrap(), [], "{removed}");
    }
}

#[test]
fn a_mirror_that_fails_stops_nothing_and_says_why() {
    let world = World::new();
    // A file lies where the directory should be.
    fs::write(world.mirror(), b"").unwrap();
    let keyring = world.open(true);
    assert!(keyring.mirror_trouble().is_some());
    keyring.settle(None).unwrap();
    keyring.keep(&drawn(TODAY, 7)).unwrap();
    keyring.keep(&drawn(TODAY.minus(1), 8)).unwrap();
    keyring.forget(TODAY).unwrap();
    assert_eq!(known(&keyring), [(0, 7)]);
    let told = keyring.mirror_trouble().unwrap().to_string();
    assert!(told.contains("mirror"), "{told}");
    fs::remove_file(world.mirror()).unwrap();
    keyring.keep(&drawn(TODAY.next(), 9)).unwrap();
    // It may have noticed before the last key was kept, and then follows with that one.
    until("the mirror has caught up", || {
        keyring.mirror_trouble().is_none()
            && world.names(&world.mirror()) == ["2025-10-09", "2025-10-10"]
    });
}

#[test]
fn another_key_in_the_mirror_is_left_for_a_human() {
    let world = World::new();
    three_days(&world);
    // The mirror of another shop, or of this one before its keys were lost.
    file::write(&world.mirror().join("2025-10-09"), TODAY, &drawn(TODAY, 77)[0].1).unwrap();
    let before = world.files(&world.mirror());
    let keyring = world.open(true);
    assert_eq!(known(&keyring), [(-2, 12), (-1, 11), (0, 10)]);
    keyring.settle(None).unwrap();
    until("the trouble is told", || keyring.mirror_trouble().is_some());
    let told = keyring.mirror_trouble().unwrap().to_string();
    assert!(told.contains("another key of 2025-10-09"), "{told}");
    assert_eq!(world.files(&world.mirror()), before);
}
