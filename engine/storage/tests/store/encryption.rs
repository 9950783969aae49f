//! Encrypted backups: the right key opens them, the stock tool too, and nothing else does.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use ring4_storage::{
    BackupError, BackupKey, BackupKind, Backups, Contents, Options, RestoreRequest, Store, restore,
    unwatched,
};

use crate::backup::{backups, create};
use crate::recovery::{open_whole, stopped};

// A key that was made for this test and guards nothing.
const IDENTITY: &str = "AGE-SECRET-KEY-198HRPQVVWTLEEQCP8VUX3GP26WYLNA97ETUEZ8VXVSRRLE22P5ASDS6FCS";
const RECIPIENT: &str = "age1w6f3v3wns6nnaecx00kettwxyjtl435azmsnakwr7mgt6jf7nc5ssqkfjf";

fn with_key(data: &Path, key: BackupKey) -> Backups {
    Backups { key: Some(key), ..backups(data) }
}

#[test]
fn the_right_key_opens_a_backup_and_nothing_else_does() {
    let phrase = || BackupKey::Passphrase("correct horse".to_owned());
    let identity = || BackupKey::Identity(IDENTITY.to_owned());
    let cases = [
        (BackupKey::Recipient(RECIPIENT.to_owned()), identity(), phrase()),
        (identity(), identity(), BackupKey::Recipient(RECIPIENT.to_owned())),
        (phrase(), phrase(), BackupKey::Passphrase("correct mare".to_owned())),
    ];
    for (seal, open, wrong) in cases {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path();
        let head = stopped(data);
        let (store, _) = Store::open(data, &Options::default()).unwrap();
        let backup = create(&with_key(data, seal), &store, BackupKind::Manual, 0);
        drop(store);
        let name = backup.path.file_name().unwrap().to_str().unwrap();
        assert!(name.ends_with(".ring4.age"), "{name}");
        let bytes = fs::read(&backup.path).unwrap();
        assert!(!bytes.windows(12).any(|window| window == b"ring4 backup"));
        assert_eq!(backups(data).list().unwrap()[0].contents, Contents::Encrypted);
        // A wrong key is no damage: the file keeps its name.
        for wrong in [with_key(data, wrong), backups(data)] {
            let error = wrong.verify(&backup.path, &mut unwatched).unwrap_err();
            let refused = matches!(error, BackupError::Key(_) | BackupError::NoKey(_));
            assert!(refused && !error.is_damage(), "{error}");
        }
        let good = with_key(data, open);
        assert_eq!(good.verify(&backup.path, &mut unwatched).unwrap().head, head);
        fs::remove_dir_all(data.join("journal")).unwrap();
        fs::remove_dir_all(data.join("state")).unwrap();
        let restored = restore(data, &good, &RestoreRequest::default(), &mut unwatched).unwrap();
        assert_eq!((restored.head, restored.lost), (head, None));
        open_whole(data, head);
        // Damage is told from a wrong key.
        let mut damaged = bytes;
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        fs::write(&backup.path, damaged).unwrap();
        let error = good.verify(&backup.path, &mut unwatched).unwrap_err();
        assert!(error.is_damage(), "{error}");
    }
}

#[test]
fn a_key_shows_itself_to_nobody() {
    let keys = [
        BackupKey::Identity(IDENTITY.to_owned()),
        BackupKey::Passphrase("correct horse".to_owned()),
    ];
    let said = format!("{keys:?}");
    assert!(!said.contains("SECRET") && !said.contains("horse"), "{said}");
}

#[test]
fn the_stock_tool_opens_a_backup() {
    let found = Command::new("age").arg("--version").stdout(Stdio::null()).status();
    if found.is_err() {
        // Past the test's own output, which nobody sees of a test that passes.
        let said = std::io::stderr().write_all(b"SKIPPED: the tool `age` is not installed\n");
        said.unwrap();
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let head = stopped(data);
    let (store, _) = Store::open(data, &Options::default()).unwrap();
    let sealed = with_key(data, BackupKey::Recipient(RECIPIENT.to_owned()));
    let backup = create(&sealed, &store, BackupKind::Manual, 0);
    let (key, plain) = (data.join("key.txt"), data.join("plain.ring4"));
    fs::write(&key, IDENTITY).unwrap();
    let mut age = Command::new("age");
    age.arg("-d").arg("-i").arg(&key).arg("-o").arg(&plain).arg(&backup.path);
    assert!(age.status().unwrap().success());
    let verified = backups(data).verify(&plain, &mut unwatched).unwrap();
    assert_eq!(verified.head, head);
}
