//! Backups: what is written gives the shop back, what is damaged says so, and what is too much
//! goes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use ring4_domain::ids::Timestamp;
use ring4_storage::{
    Backup, BackupError, BackupKind, BackupRequest, Backups, Contents, Head, Options, Stage, Store,
    Verdict, VerifyCommand, unwatched, verify_backup,
};

use crate::recovery::stopped;
use crate::shop::{NOON, commit, pay_in};

pub fn request(kind: BackupKind, secs: u32) -> BackupRequest {
    BackupRequest { kind, note: "before <the> move".to_owned(), at: NOON.plus_secs(secs) }
}

pub fn backups(data: &Path) -> Backups {
    Backups::new(&data.join("backups"), data)
}

/// A shop with history, open, and where it ends.
fn shop(data: &Path) -> (Store, Head) {
    stopped(data);
    let (store, _) = Store::open(data, &Options::default()).unwrap();
    let head = store.head();
    (store, head)
}

pub fn create(backups: &Backups, store: &Store, kind: BackupKind, secs: u32) -> Backup {
    backups.create(&store.reader(), &request(kind, secs), &mut unwatched).unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    let files = fs::read_dir(dir).unwrap().map(|file| file.unwrap().file_name());
    let mut names: Vec<String> = files.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_backup_is_verified_named_and_listed() {
    let dir = tempfile::tempdir().unwrap();
    let (store, head) = shop(dir.path());
    let backups = backups(dir.path());
    let backup = create(&backups, &store, BackupKind::Manual, 0);
    assert_eq!(backup.path.file_name().unwrap(), "manual_2025-10-09T08-53-20Z.ring4");
    assert_eq!(backup.header.head, head);
    assert_eq!(backup.header.note, "before <the> move");
    let sums = backup.manifest.sums;
    assert!(sums.accounts > 6 && sums.debits_posted > 0);
    assert_eq!(sums.debits_posted, sums.credits_posted);
    assert_eq!(sums.debits_pending, sums.credits_pending);
    let rows = store.reader().verify().rows;
    assert_eq!(backup.manifest.rows(), rows);
    let listed = backups.list().unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].kind, listed[0].at), (BackupKind::Manual, NOON));
    assert_eq!(listed[0].bytes, fs::metadata(&backup.path).unwrap().len());
    let contents = Box::new((backup.header.clone(), backup.manifest.clone()));
    assert_eq!(listed[0].contents, Contents::Plain(contents));
    let verified = backups.verify(&backup.path, &mut unwatched).unwrap();
    assert_eq!((verified.head, verified.rows, verified.entries), (head, rows, head.seq.0));
    // Nothing else is left, in either directory.
    assert_eq!(names(&backups.dir).len(), 1);
    assert_eq!(names(&backups.scratch), ["lock"]);
}

#[test]
fn header_and_manifest_are_lines_that_a_human_can_read() {
    let dir = tempfile::tempdir().unwrap();
    let (store, head) = shop(dir.path());
    let backup = create(&backups(dir.path()), &store, BackupKind::Auto, 0);
    let mut first = BufReader::new(fs::File::open(&backup.path).unwrap()).split(b'\n');
    assert_eq!(first.next().unwrap().unwrap(), b"ring4 backup 1");
    let header = String::from_utf8(first.next().unwrap().unwrap()).unwrap();
    let due = format!(
        "{{\"kind\":\"auto\",\"note\":\"before <the> move\",\
         \"created_at\":\"2025-10-09T08:53:20.000Z\",\"program\":\"{}\",\"schema\":2,\"seq\":{},\
         \"head\":\"{}\",\"last_entry_at\":\"2025-10-09T08:53:20.000Z\"}}",
        env!("CARGO_PKG_VERSION"),
        head.seq.0,
        head.hash
    );
    assert_eq!(header, due);
    let bytes = fs::read(&backup.path).unwrap();
    let mut last = bytes.rsplit(|byte| *byte == b'\n').skip(1);
    let trailer = String::from_utf8(last.next().unwrap().to_vec()).unwrap();
    let manifest = last.next().unwrap();
    let words: Vec<&str> = trailer.split(' ').collect();
    assert_eq!(words[..2], ["ring4", "end"]);
    let offset: usize = words[2].parse().unwrap();
    assert!(bytes[offset..].starts_with(manifest));
    let covered = bytes.len() - trailer.len() - 1;
    assert_eq!(words[3], blake3::hash(&bytes[..covered]).to_hex().as_str());
    let manifest = String::from_utf8(manifest.to_vec()).unwrap();
    assert!(manifest.starts_with("{\"ledger\":{\"rows\":"), "{manifest}");
    assert!(manifest.contains(&format!("\"entries\":{},", head.seq.0)), "{manifest}");
}

/// Damage of every kind, at places all over the file.
#[test]
fn no_damage_goes_unnoticed_and_none_hurts() {
    let dir = tempfile::tempdir().unwrap();
    let (store, head) = shop(dir.path());
    let backups = backups(dir.path());
    let good = fs::read(create(&backups, &store, BackupKind::Auto, 0).path).unwrap();
    let (file, scratch) = (dir.path().join("damaged.ring4"), dir.path().join("scratch/verify"));
    let verdict = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        verify_backup(&file, &scratch)
    };
    assert!(matches!(verdict(&good), Verdict::Verified(verified) if verified.head == head));
    let places = (0..400).chain((400..good.len()).step_by(good.len() / 60));
    let places: Vec<usize> = places.chain(good.len() - 300..good.len()).step_by(5).collect();
    for (count, place) in places.iter().enumerate() {
        let mut flipped = good.clone();
        flipped[*place] ^= 1 << (count % 8);
        let verdict = verdict(&flipped);
        assert!(matches!(verdict, Verdict::Damaged(_)), "byte {place}: {verdict}");
    }
    for len in (0..40).chain((40..good.len()).step_by(good.len() / 40)) {
        let verdict = verdict(&good[..len]);
        assert!(matches!(verdict, Verdict::Damaged(_)), "cut to {len}: {verdict}");
        assert!(verdict.to_string().contains("byte "), "{verdict}");
    }
    let mut zeroed = good.clone();
    zeroed[512..1_024].fill(0);
    let longer = [good.as_slice(), b"\n"].concat();
    let twice = [good.as_slice(), &good].concat();
    // A chunk that says it holds four gigabytes.
    let mut huge = good.clone();
    let chunk = good.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1).unwrap().0 + 1;
    huge[chunk + 1..chunk + 9].fill(0xFF);
    for (case, bytes) in [("zeros", zeroed), ("longer", longer), ("twice", twice), ("huge", huge)] {
        let verdict = verdict(&bytes);
        assert!(matches!(verdict, Verdict::Damaged(_)), "{case}: {verdict}");
    }
    let nothing = verify_backup(&dir.path().join("missing"), &scratch);
    assert!(matches!(nothing, Verdict::Failed(_)), "{nothing}");
}

#[test]
fn a_backup_found_damaged_is_chosen_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = shop(dir.path());
    let backups = backups(dir.path());
    let old = create(&backups, &store, BackupKind::Auto, 0).path;
    let new = create(&backups, &store, BackupKind::Manual, 1).path;
    assert_eq!(backups.latest().unwrap().unwrap().path, new);
    let mut bytes = fs::read(&new).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&new, bytes).unwrap();
    let error = backups.verify(&new, &mut unwatched).unwrap_err();
    assert!(error.is_damage(), "{error}");
    assert_eq!(backups.latest().unwrap().unwrap().path, old);
    let listed = backups.list().unwrap();
    assert!(matches!(listed[0].contents, Contents::Damaged(_)), "{listed:?}");
    assert!(listed[0].path.to_string_lossy().ends_with(".ring4.damaged"));
    // One whose end is missing is seen without a verification.
    let bytes = fs::read(&old).unwrap();
    fs::write(&old, &bytes[..bytes.len() - 1]).unwrap();
    assert!(backups.latest().unwrap().is_none());
}

#[test]
fn the_newest_of_each_kind_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = shop(dir.path());
    let backups = Backups { kept_per_kind: 2, ..backups(dir.path()) };
    let mut made: BTreeMap<BackupKind, Vec<PathBuf>> = BTreeMap::new();
    let kinds = [BackupKind::Manual, BackupKind::Auto, BackupKind::Auto, BackupKind::Emergency];
    for (secs, kind) in (0..).zip([kinds, kinds].concat()) {
        let backup = create(&backups, &store, kind, secs);
        let of_kind = made.entry(kind).or_default();
        of_kind.push(backup.path);
        let due: Vec<PathBuf> =
            if of_kind.len() > 2 { vec![of_kind.remove(0)] } else { Vec::new() };
        assert_eq!(backup.rotated, due);
    }
    let mut kept: Vec<PathBuf> = made.into_values().flatten().collect();
    let mut found: Vec<PathBuf> =
        backups.list().unwrap().into_iter().map(|listed| listed.path).collect();
    kept.sort();
    found.sort();
    assert_eq!(found, kept);
    // Whoever asks for none to be kept keeps the newest.
    let none = Backups { kept_per_kind: 0, ..backups };
    let last = create(&none, &store, BackupKind::Auto, 100).path;
    assert!(none.list().unwrap().iter().any(|listed| listed.path == last));
}

#[test]
fn two_of_the_same_second_each_get_a_name() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = shop(dir.path());
    let backups = backups(dir.path());
    let first = create(&backups, &store, BackupKind::Auto, 0);
    let second = create(&backups, &store, BackupKind::Auto, 0);
    assert_ne!(first.path, second.path);
    assert_eq!(backups.latest().unwrap().unwrap().path, second.path);
}

#[test]
fn one_that_is_stopped_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = shop(dir.path());
    let backups = backups(dir.path());
    for stage in [Stage::Writing, Stage::Verifying] {
        let mut stop = |progress: ring4_storage::Progress| {
            assert!(progress.done <= progress.total || progress.total == 0);
            if progress.stage == stage { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let made = backups.create(&store.reader(), &request(BackupKind::Auto, 0), &mut stop);
        assert!(matches!(made, Err(BackupError::Cancelled)), "{made:?}");
        assert_eq!(names(&backups.dir), [""; 0]);
    }
    // A killed one leaves its files; the next one clears them away, and nothing of anyone else.
    let part = backups.dir.join("auto_2025-10-09T08-53-20Z.ring4.part");
    fs::write(&part, "half").unwrap();
    fs::write(backups.dir.join("photo.part"), "not ours").unwrap();
    fs::create_dir_all(backups.scratch.join("verify/state")).unwrap();
    create(&backups, &store, BackupKind::Manual, 0);
    assert_eq!(names(&backups.dir), ["manual_2025-10-09T08-53-20Z.ring4", "photo.part"]);
    assert_eq!(names(&backups.scratch), ["lock"]);
}

#[test]
fn the_verifying_command_has_the_last_word() {
    let dir = tempfile::tempdir().unwrap();
    let (store, head) = shop(dir.path());
    let with = |answer: &str| {
        let arguments = vec!["-c".to_owned(), format!("echo noise; echo '{answer}'")];
        let command = VerifyCommand { program: "sh".into(), arguments };
        let backups = Backups { verify_command: Some(command), ..backups(dir.path()) };
        backups.create(&store.reader(), &request(BackupKind::Auto, 0), &mut unwatched)
    };
    let Head { seq, hash } = head;
    with(&format!("verified {} {hash} 1 1", seq.0)).unwrap();
    let other = with(&format!("verified {} {hash} 1 1", seq.0 + 1));
    assert!(matches!(other, Err(BackupError::Head { .. })), "{other:?}");
    let damaged = with("damaged byte 7: no");
    assert!(matches!(damaged, Err(BackupError::Damaged { .. })), "{damaged:?}");
    for answer in ["failed no room", "", "verified", "verified 1 ab 1 1"] {
        let failed = with(answer);
        assert!(matches!(failed, Err(BackupError::Command(_))), "{answer}: {failed:?}");
    }
    assert_eq!(names(&dir.path().join("backups")).len(), 1);
}

/// Rows that differ from the journal are found before a backup gets its name; an emergency
/// backup is kept all the same.
#[test]
fn a_state_that_lies_makes_no_backup() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = shop(dir.path());
    drop(store);
    let database = fjall::Database::builder(dir.path().join("state")).open().unwrap();
    let records = database.keyspace("records", fjall::KeyspaceCreateOptions::default).unwrap();
    records.remove(records.prefix(b"o").next().unwrap().key().unwrap()).unwrap();
    drop((records, database));
    let (store, _) = Store::open(dir.path(), &Options::default()).unwrap();
    let backups = backups(dir.path());
    let make = |kind| backups.create(&store.reader(), &request(kind, 0), &mut unwatched);
    let error = make(BackupKind::Auto).unwrap_err();
    assert!(matches!(error, BackupError::Unclean { .. }), "{error}");
    assert_eq!(names(&backups.dir), [""; 0]);
    let error = make(BackupKind::Emergency).unwrap_err();
    assert!(matches!(error, BackupError::Unclean { .. }), "{error}");
    assert_eq!(names(&backups.dir), ["emergency_2025-10-09T08-53-20Z.ring4.damaged"]);
    assert!(backups.latest().unwrap().is_none());
}

/// The writer commits groups of up to 64 while backups are made; each gives exactly its head.
#[test]
fn backups_beside_sixty_four_callers() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, before) = shop(dir.path());
    let (reader, done) = (store.reader(), AtomicBool::new(false));
    let backups = backups(dir.path());
    let (made, head) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut id = 1_000_000;
            while !done.load(Ordering::Relaxed) {
                let entries = (0..64).map(|n| pay_in(id + n, 3, "0.10")).collect();
                commit(&mut store, entries);
                id += 64;
            }
            store.head()
        });
        let backing_up = scope.spawn(|| {
            let wish = |secs| request(BackupKind::Auto, secs);
            let create = |secs| backups.create(&reader, &wish(secs), &mut unwatched).unwrap();
            (0..3).map(create).collect::<Vec<Backup>>()
        });
        // Joined first, so that the writer ends however that ended.
        let made = backing_up.join();
        done.store(true, Ordering::Relaxed);
        (made.unwrap(), writer.join().unwrap())
    });
    let ends: Vec<u64> = made.iter().map(|backup| backup.header.head.seq.0).collect();
    assert!(ends.is_sorted() && ends[0] >= before.seq.0 && ends[2] < head.seq.0, "{ends:?}");
    assert!(ends[2] > ends[0] + 64, "nobody committed meanwhile: {ends:?}");
    for backup in made {
        let verified = backups.verify(&backup.path, &mut unwatched).unwrap();
        assert_eq!(verified.head, backup.header.head);
    }
}

#[test]
fn names_tell_kind_and_time() {
    let dir = tempfile::tempdir().unwrap();
    let backups = backups(dir.path());
    assert_eq!(backups.list().unwrap(), []);
    fs::create_dir_all(&backups.dir).unwrap();
    for name in ["auto_2026-11-22T18-44-03Z.ring4.age", "notes.txt", "auto_yesterday.ring4"] {
        fs::write(backups.dir.join(name), "x").unwrap();
    }
    let listed = backups.list().unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].at, Timestamp(1_795_373_043_000));
    assert_eq!(listed[0].contents, Contents::Encrypted);
}
