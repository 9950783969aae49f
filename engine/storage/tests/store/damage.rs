//! Damage to the journal's files. Either nothing that was acknowledged is lost, or the start
//! says so; silence is a failure.

use std::fs;
use std::path::{Path, PathBuf};

use ring4_storage::{Event, Finding, OpenError, Options, Repair, Store};

use crate::recovery::{copy, open_whole, stopped};
use crate::shop::{busy_day, commit, pay_in};

fn segments(data: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(data.join("journal")).unwrap().map(|file| file.unwrap().path());
    let is_segment = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "log");
    let mut segments: Vec<_> = files.filter(is_segment).collect();
    segments.sort();
    segments
}

fn flip(path: &Path, offset: usize, bit: u8) {
    let mut bytes = fs::read(path).unwrap();
    bytes[offset] ^= 1 << bit;
    fs::write(path, bytes).unwrap();
}

/// A store whose state does not know the last entry: `before` and `after` it in the journal.
struct Torn {
    dir: tempfile::TempDir,
    before: ring4_storage::Head,
    after: ring4_storage::Head,
    good_len: usize,
    bytes: Vec<u8>,
}

/// The files as they are when the process dies between the journal's write and the state's.
fn torn() -> Torn {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let before = stopped(&data);
    let good_len = fs::read(&segments(&data)[0]).unwrap().len();
    copy(&data.join("state"), &dir.path().join("state"));
    let (mut store, _) = Store::open(&data, &Options::default()).unwrap();
    commit(&mut store, vec![pay_in(900, 3, "5.00")]);
    let after = store.head();
    drop(store);
    let bytes = fs::read(&segments(&data)[0]).unwrap();
    fs::remove_dir_all(data.join("state")).unwrap();
    Torn { dir, before, after, good_len, bytes }
}

#[test]
fn a_torn_tail_is_cut_off_and_kept() {
    let Torn { dir, before, after, good_len, bytes } = torn();
    let data = dir.path().join("data");
    // Every byte is tried on the journal alone; here a few, with a whole store around it.
    let cuts = [0, 1, 17, 18, 100].map(|cut| good_len + cut);
    for len in cuts.into_iter().chain([bytes.len() - 1, bytes.len()]) {
        copy(&dir.path().join("state"), &data.join("state"));
        fs::write(&segments(&data)[0], &bytes[..len]).unwrap();
        let (mut store, recovery) = Store::open(&data, &Options::default()).unwrap();
        let head = store.head();
        if len == bytes.len() {
            assert_eq!(head, after);
        } else {
            assert_eq!(head, before, "cut at {len}");
        }
        match recovery.events.as_slice() {
            [] => assert_eq!(len, good_len),
            [Event::Replayed { .. }] => assert_eq!(len, bytes.len()),
            [Event::Journal(Repair::TornTail { offset, kept, .. })] => {
                assert_eq!(*offset, good_len);
                assert_eq!(fs::read(kept).unwrap(), bytes[good_len..len]);
                fs::remove_file(kept).unwrap();
            }
            events => panic!("cut at {len}: {events:?}"),
        }
        // The shop goes on from there.
        commit(&mut store, vec![pay_in(950, 4, "1.00")]);
        drop(store);
        fs::remove_dir_all(data.join("state")).unwrap();
    }
}

#[test]
fn a_tail_of_zeros_or_noise_is_cut_off() {
    let Torn { dir, before, good_len, bytes, .. } = torn();
    let data = dir.path().join("data");
    let frame = &bytes[good_len..];
    let tails: [Vec<u8>; 4] = [
        vec![0; frame.len()],
        vec![0; 8_192],
        vec![0xA5; 513],
        [&frame[..frame.len() / 2], &vec![0; frame.len() / 2]].concat(),
    ];
    for tail in tails {
        copy(&dir.path().join("state"), &data.join("state"));
        fs::write(&segments(&data)[0], [&bytes[..good_len], &tail].concat()).unwrap();
        let (store, recovery) = open_whole(&data, before);
        assert_eq!(recovery.events.len(), 1, "{recovery:?}");
        drop(store);
        fs::remove_dir_all(data.join("state")).unwrap();
    }
}

#[test]
fn flipped_bits_of_acknowledged_entries_are_mended_from_the_state() {
    let dir = tempfile::tempdir().unwrap();
    let (master, data) = (dir.path().join("master"), dir.path().join("data"));
    let head = stopped(&master);
    let whole = fs::read(&segments(&master)[0]).unwrap();
    copy(&master, &data);
    let path = segments(&data)[0].clone();
    // Every bit is tried on the journal alone; here a few, with a whole store around it.
    let last = whole.len() - 100;
    let offsets = [0, 20, 68, 70, 90].into_iter();
    let offsets = offsets.chain((100..last).step_by(997)).chain((last..whole.len()).step_by(11));
    for (count, offset) in offsets.enumerate() {
        flip(&path, offset, u8::try_from(count % 8).unwrap());
        let (store, recovery) = Store::open(&data, &Options::default()).unwrap();
        assert_eq!(store.head(), head, "byte {offset}");
        let mended = matches!(
            recovery.events.as_slice(),
            [Event::Journal(Repair::Mended { kept: Some(_), .. })]
        );
        assert!(mended, "byte {offset}: {:?}", recovery.events);
        let now = fs::read(&path).unwrap();
        assert_eq!(now.len(), whole.len(), "byte {offset}");
        drop(store);
        fs::remove_dir_all(data.join("journal/aside")).unwrap();
    }
    open_whole(&data, head);
}

#[test]
fn a_flip_that_nothing_can_mend_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    stopped(dir.path());
    fs::remove_dir_all(dir.path().join("state")).unwrap();
    let path = segments(dir.path())[0].clone();
    flip(&path, 400, 3);
    let error = Store::open(dir.path(), &Options::default()).map(drop).unwrap_err();
    assert!(matches!(error, OpenError::Journal(_)), "{error}");
    let said = error.to_string();
    assert!(said.contains(&path.display().to_string()) && said.contains("byte "), "{said}");
    // Nothing was cut off or moved: a better copy of the file may still turn up.
    flip(&path, 400, 3);
    Store::open(dir.path(), &Options::default()).unwrap();
}

/// A store with many small segments.
fn segmented(data: &Path) -> (ring4_storage::Head, Options) {
    let options = Options { segment_bytes: 2_000, ..Options::default() };
    let (mut store, _) = Store::open(data, &options).unwrap();
    busy_day(&mut store);
    for id in 0..20 {
        commit(&mut store, vec![pay_in(5_000 + id, 3, "0.10")]);
    }
    let head = store.head();
    drop(store);
    assert!(segments(data).len() > 5);
    (head, options)
}

/// Damage to a segment that is not the newest: found by verification, mended by a whole start
/// while the state is there, and an error once it is not.
#[test]
fn sealed_segments() {
    type Damage = fn(&Path);
    let cases: [(&str, bool, bool, Damage); 6] = [
        // what, whether every start notices, whether the journal alone can mend it, how
        ("a flip in a frame", false, false, |path| flip(path, 200, 1)),
        ("a flip in the last byte", false, false, |path| {
            flip(path, fs::read(path).unwrap().len() - 1, 7);
        }),
        ("a flip in the header", true, true, |path| flip(path, 20, 1)),
        ("a lost half", false, false, |path| {
            let bytes = fs::read(path).unwrap();
            fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("a sector of zeros", false, false, |path| {
            let mut bytes = fs::read(path).unwrap();
            bytes[512..1_024].fill(0);
            fs::write(path, bytes).unwrap();
        }),
        ("a lost file", true, false, |path| fs::remove_file(path).unwrap()),
    ];
    let dir = tempfile::tempdir().unwrap();
    let master = dir.path().join("master");
    let (head, options) = segmented(&master);
    let whole = Options { whole_journal: true, ..options.clone() };
    for (number, (case, noticed, alone, damage)) in cases.into_iter().enumerate() {
        for index in [0, 2] {
            let data = dir.path().join(format!("{number}-{index}"));
            copy(&master, &data);
            let path = segments(&data)[index].clone();
            let good = fs::read(&path).unwrap();
            damage(&path);

            let (store, recovery) = Store::open(&data, &options).unwrap();
            assert_eq!(store.head(), head, "{case}");
            assert_eq!(!recovery.events.is_empty(), noticed, "{case}: {recovery:?}");
            if !noticed {
                let report = store.reader().verify();
                assert!(matches!(report.findings[0], Finding::Journal(_)), "{case}: {report:?}");
            }
            drop(store);
            let (store, recovery) = Store::open(&data, &whole).unwrap();
            assert_eq!(recovery.events.is_empty(), noticed, "{case}: {recovery:?}");
            assert!(store.reader().verify().is_clean(), "{case}");
            let now = fs::read(&path).map(|bytes| bytes.len());
            assert_eq!(now.ok(), Some(good.len()), "{case} {index}");
            drop(store);

            damage(&path);
            fs::remove_dir_all(data.join("state")).unwrap();
            let opened = Store::open(&data, &options).map(drop);
            match opened {
                Ok(()) => assert!(alone, "{case}"),
                Err(OpenError::Journal(_)) => assert!(!alone, "{case}"),
                Err(error) => panic!("{case}: {error}"),
            }
        }
    }
}

/// The crash came while a new segment was being begun.
#[test]
fn a_segment_whose_header_was_not_written_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let (head, options) = segmented(dir.path());
    let name = format!("journal/{:020}.log", head.seq.0 + 1);
    for header in [&b""[..], b"ring4j", &[0; 68]] {
        let path = dir.path().join(&name);
        fs::write(&path, header).unwrap();
        let (mut store, recovery) = Store::open(dir.path(), &options).unwrap();
        assert_eq!(store.head(), head);
        assert_eq!(recovery.events.len(), 1, "{recovery:?}");
        assert!(!path.exists());
        // Not even an empty group may bring it back.
        store.begin().commit().unwrap();
        assert!(!path.exists());
    }
}

#[test]
fn a_damaged_row_of_the_state_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let head = stopped(dir.path());
    let (store, _) = open_whole(dir.path(), head);
    let rows = store.reader().verify().rows;
    assert!(rows > head.seq.0 * 3, "{rows} rows were looked at");
    drop(store);
    // A row that no code of ours wrote, under a key of ours.
    let database = fjall::Database::builder(dir.path().join("state")).open().unwrap();
    let records = database.keyspace("records", fjall::KeyspaceCreateOptions::default).unwrap();
    let key = records.prefix(b"c").next().unwrap().key().unwrap();
    let value = records.get(&key).unwrap().unwrap();
    let mut damaged = value.to_vec();
    damaged[5] ^= 4;
    records.insert(key.clone(), damaged).unwrap();
    records.insert([b"c", [9; 8].as_slice()].concat(), value).unwrap();
    records.remove(records.prefix(b"o").next().unwrap().key().unwrap()).unwrap();
    drop((records, database));
    let (store, _) = Store::open(dir.path(), &Options::default()).unwrap();
    let report = store.reader().verify();
    let found = |wanted: fn(&Finding) -> bool| report.findings.iter().any(wanted);
    assert!(found(|finding| matches!(finding, Finding::Unreadable(_))), "{report:?}");
    assert!(found(|finding| matches!(finding, Finding::Differs { .. })), "{report:?}");
    assert!(found(|finding| matches!(finding, Finding::Surplus { .. })), "{report:?}");
    assert!(found(|finding| matches!(finding, Finding::Missing { .. })), "{report:?}");
}
