//! Starts after a stop that was not clean: what is found, what is done about it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ring4_domain::change::Seq;
use ring4_domain::ids::UserId;
use ring4_domain::ledger::AccountId;
use ring4_storage::{Event, Head, OpenError, Options, Recovery, Store, VERIFY_BUSY, VerifyCommand};

use crate::shop::{busy_day, commit, dollars, pay_in};

/// Copies a directory with everything in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let path = file.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
}

/// Opens, and checks that state and journal agree in every row, and that the head is the one
/// that was acknowledged.
pub fn open_whole(dir: &Path, head: Head) -> (Store, Recovery) {
    let (store, recovery) = Store::open(dir, &Options::default()).unwrap();
    assert_eq!(store.head(), head, "{recovery:?}");
    let report = store.reader().verify();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!(report.entries, head.seq.0);
    (store, recovery)
}

/// A store with history, stopped without closing.
pub fn stopped(dir: &Path) -> Head {
    let (mut store, _) = Store::open(dir, &Options::default()).unwrap();
    busy_day(&mut store);
    store.head()
}

fn set_aside(recovery: &Recovery) -> &PathBuf {
    match recovery.events.as_slice() {
        [Event::StateSetAside { kept, .. }, Event::Replayed { from: Seq(1), .. }] => kept,
        events => panic!("{events:?}"),
    }
}

#[test]
fn nothing_happened() {
    let dir = tempfile::tempdir().unwrap();
    let head = stopped(dir.path());
    let (store, recovery) = open_whole(dir.path(), head);
    assert_eq!((recovery.clean, recovery.events), (false, vec![]));
    store.close().unwrap();
    let (_, recovery) = open_whole(dir.path(), head);
    assert_eq!((recovery.clean, recovery.events), (true, vec![]));
}

#[test]
fn the_state_is_behind() {
    let dir = tempfile::tempdir().unwrap();
    let before = stopped(dir.path());
    let old = dir.path().join("old");
    copy(&dir.path().join("state"), &old);
    let (mut store, _) = open_whole(dir.path(), before);
    commit(&mut store, vec![pay_in(900, 3, "5.00")]);
    commit(&mut store, vec![pay_in(901, 3, "6.00"), pay_in(902, 4, "7.00")]);
    let head = store.head();
    drop(store);
    fs::remove_dir_all(dir.path().join("state")).unwrap();
    fs::rename(&old, dir.path().join("state")).unwrap();

    let (_, recovery) = open_whole(dir.path(), head);
    let from = Seq(before.seq.0 + 1);
    assert_eq!(recovery.events, [Event::Replayed { from, to: head.seq }]);
}

#[test]
fn the_state_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let head = stopped(dir.path());
    fs::remove_dir_all(dir.path().join("state")).unwrap();
    let (_, recovery) = open_whole(dir.path(), head);
    let replayed = Event::Replayed { from: Seq(1), to: head.seq };
    assert_eq!(recovery.events, [Event::StateMissing, replayed]);
}

/// Files of the state, by the damage done to each. Every case must end whole.
#[test]
fn the_state_is_damaged() {
    type Damage = fn(&Path);
    let cases: [(&str, Damage); 8] = [
        ("its version file is gone", |state| fs::remove_file(state.join("version")).unwrap()),
        ("its journal is gone", |state| fs::remove_file(newest(state, "jnl")).unwrap()),
        ("its journal is empty", |state| fs::write(newest(state, "jnl"), []).unwrap()),
        ("its journal is noise", |state| fs::write(newest(state, "jnl"), [0x5A; 4096]).unwrap()),
        ("its journal is cut", |state| {
            let path = newest(state, "jnl");
            let bytes = fs::read(&path).unwrap();
            let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
            fs::write(&path, &bytes[..used / 2]).unwrap();
        }),
        ("its list of keyspaces is gone", |state| {
            fs::remove_file(state.join("keyspaces/0/current")).unwrap();
        }),
        ("a keyspace is gone", |state| fs::remove_file(state.join("keyspaces/2/current")).unwrap()),
        ("it is a file", |state| {
            fs::remove_dir_all(state).unwrap();
            fs::write(state, b"noise").unwrap();
        }),
    ];
    let dir = tempfile::tempdir().unwrap();
    let master = dir.path().join("master");
    let head = stopped(&master);
    for (number, (case, damage)) in cases.into_iter().enumerate() {
        let data = dir.path().join(number.to_string());
        copy(&master, &data);
        damage(&data.join("state"));
        let (store, recovery) = open_whole(&data, head);
        assert!(!recovery.events.is_empty(), "{case}: nothing was noticed");
        store.close().unwrap();
        let (_, again) = open_whole(&data, head);
        assert_eq!(again.events, [], "{case}");
    }
}

fn newest(dir: &Path, extension: &str) -> PathBuf {
    let files = fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|found| found == extension)).max().unwrap()
}

#[test]
fn the_state_is_of_another_shop() {
    let dir = tempfile::tempdir().unwrap();
    let (data, other) = (dir.path().join("data"), dir.path().join("other"));
    let head = stopped(&data);
    // As long as ours, longer, shorter: the state must never be believed.
    for entries in [head.seq.0, head.seq.0 + 5, 2] {
        let (mut store, _) = Store::open(&other, &Options::default()).unwrap();
        for id in 0..entries {
            commit(&mut store, vec![pay_in(id, 77, "9.99")]);
        }
        drop(store);
        fs::remove_dir_all(data.join("state")).unwrap();
        fs::rename(other.join("state"), data.join("state")).unwrap();
        fs::remove_dir_all(&other).unwrap();
        let (store, recovery) = open_whole(&data, head);
        assert!(set_aside(&recovery).is_dir());
        let stranger = AccountId::Wallet(UserId(77));
        let balance = store.snapshot().account(&stranger).unwrap().available();
        assert_eq!(balance, Some(dollars("0")), "{entries} entries");
    }
}

#[test]
fn the_journal_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let head = stopped(dir.path());
    fs::remove_dir_all(dir.path().join("journal")).unwrap();
    let (_, recovery) = open_whole(dir.path(), head);
    assert_eq!(recovery.events, [Event::JournalCompleted(head)]);
}

#[test]
fn journal_and_state_are_missing_after_a_clean_close() {
    let dir = tempfile::tempdir().unwrap();
    let head = stopped(dir.path());
    open_whole(dir.path(), head).0.close().unwrap();
    fs::remove_dir_all(dir.path().join("journal")).unwrap();
    fs::remove_dir_all(dir.path().join("state")).unwrap();
    let opened = Store::open(dir.path(), &Options::default());
    assert!(matches!(opened, Err(OpenError::Journal(_))), "an empty shop would be a lie");
}

#[test]
fn a_second_process_or_handle_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path(), &Options::default()).unwrap();
    let second = Store::open(dir.path(), &Options::default());
    // Refused at the door: the journal must not be looked at, let alone mended, by two.
    assert!(matches!(second, Err(OpenError::Locked(path)) if path == dir.path()));
    drop(store);
    Store::open(dir.path(), &Options::default()).unwrap();
}

#[test]
fn a_state_that_a_former_start_still_verifies_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let head = stopped(dir.path());
    let (held, marker) = (dir.path().join("state/lock"), dir.path().join("verified"));
    let held = std::fs::File::options().write(true).open(held).unwrap();
    held.lock().unwrap();
    // It tells when the state is about to be opened.
    let arguments = vec![marker.display().to_string()];
    let command = VerifyCommand { program: "touch".into(), arguments };
    let options = Options { verify_command: Some(command), ..Options::default() };
    let data = dir.path().to_owned();
    let start = std::thread::spawn(move || Store::open(&data, &options).map(|(store, _)| store));
    let end = Instant::now() + Duration::from_secs(30);
    while !marker.exists() {
        assert!(Instant::now() < end && !start.is_finished(), "the command is not run");
        std::thread::yield_now();
    }
    // One that gives up does so after fjall's own tries, which take 200 ms.
    let end = Instant::now() + Duration::from_secs(1);
    while Instant::now() < end {
        assert!(!start.is_finished(), "the start waits for nobody");
        std::thread::yield_now();
    }
    held.unlock().unwrap();
    assert_eq!(start.join().unwrap().unwrap().head(), head);
    assert!(!dir.path().join("state.damaged-1").exists(), "a good state was set aside");
}

#[test]
fn a_verifying_command_that_fails_means_a_new_state() {
    let dir = tempfile::tempdir().unwrap();
    let head = stopped(dir.path());
    let command = |program: &str| Options {
        verify_command: Some(VerifyCommand { program: program.into(), arguments: vec![] }),
        ..Options::default()
    };
    let (store, recovery) = Store::open(dir.path(), &command("true")).unwrap();
    assert_eq!(recovery.events, []);
    drop(store);
    let (store, recovery) = Store::open(dir.path(), &command("false")).unwrap();
    assert_eq!(store.head(), head);
    assert_eq!(ring4_storage::verify_state(set_aside(&recovery)).unwrap(), head);
    store.close().unwrap();
    // A state in use is neither good nor bad: it stays where it is.
    let busy = VerifyCommand {
        program: "sh".into(),
        arguments: vec!["-c".to_owned(), format!("exit {VERIFY_BUSY}")],
    };
    let options = Options { verify_command: Some(busy), ..Options::default() };
    drop(Store::open(dir.path(), &Options::default()).unwrap());
    let refused = Store::open(dir.path(), &options);
    let state = dir.path().join("state");
    assert!(matches!(refused, Err(OpenError::Locked(path)) if path == state));
    let (store, recovery) = Store::open(dir.path(), &Options::default()).unwrap();
    assert_eq!(recovery.events, []);
    store.close().unwrap();
    // After a clean close it is asked too: the damage may be younger than that.
    let (store, recovery) = Store::open(dir.path(), &command("false")).unwrap();
    assert!(recovery.clean);
    assert_eq!(store.head(), head);
    assert_eq!(ring4_storage::verify_state(set_aside(&recovery)).unwrap(), head);
}
