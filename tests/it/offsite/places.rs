//! A folder and a bucket, held to the same promises.

use ring4_offsite::{Offsite, OffsiteError, Put, Target};

use super::server::{Plug, Server, bucket};

async fn keeps_its_promises(place: &Offsite) {
    let files = tempfile::tempdir().unwrap();
    assert_eq!(place.list("journal").await.unwrap(), vec![]);
    // name, content → what becomes of it
    let rows = [
        ("journal/b.log", "second", Ok(Put::New)),
        ("journal/a.log", "first", Ok(Put::New)),
        ("journal/a.log", "first", Ok(Put::There)),
        ("journal/a.log", "other", Err("journal/a.log is there already with another content")),
        ("journal/a.log", "longer than before", Err("is not overwritten")),
        ("journal/a.log", "", Err("is not overwritten")),
        ("journal/../a.log", "x", Err("cannot be the name of a copy")),
        ("/journal/a.log", "x", Err("cannot be the name of a copy")),
        ("journal/a.part", "x", Err("cannot be the name of a copy")),
        ("journal/a b", "x", Err("cannot be the name of a copy")),
        ("other/empty", "", Ok(Put::New)),
        ("other/empty", "", Ok(Put::There)),
    ];
    for (name, content, expected) in rows {
        match (place.put(name, content.as_bytes().to_vec()).await, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{name}"),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (found, _) => panic!("{name} {content}: {found:?}"),
        }
    }
    let names: Vec<_> = place.list("journal").await.unwrap();
    let names: Vec<_> = names.iter().map(|object| (object.name.as_str(), object.bytes)).collect();
    assert_eq!(names, [("journal/a.log", 5), ("journal/b.log", 6)]);
    assert_eq!(place.get("journal/a.log", 100).await.unwrap(), b"first");
    let large = place.get("journal/a.log", 4).await;
    assert!(matches!(large, Err(OffsiteError::Large { bytes: 5, max: 4, .. })), "{large:?}");
    for missing in ["journal/c.log", "nothing/c.log"] {
        assert!(matches!(place.get(missing, 9).await, Err(OffsiteError::Missing(_))));
        assert!(matches!(place.size(missing).await, Err(OffsiteError::Missing(_))));
        place.delete(missing).await.unwrap();
    }
    place.replace("keys/today", b"one".to_vec()).await.unwrap();
    place.replace("keys/today", b"one and two".to_vec()).await.unwrap();
    assert_eq!(place.get("keys/today", 100).await.unwrap(), b"one and two");
    place.delete("keys/today").await.unwrap();
    assert_eq!(place.list("keys").await.unwrap(), vec![]);
    whole_files(place, files.path()).await;
}

async fn whole_files(place: &Offsite, dir: &std::path::Path) {
    // Smaller than a piece of an upload, and of several pieces.
    for (name, len) in [("backups/small", 1_000), ("backups/large", 20_000_000)] {
        let bytes: Vec<u8> = (0..len).map(|at: u32| (at % 251) as u8 ^ (at >> 13) as u8).collect();
        let (here, back) = (dir.join("here"), dir.join("back"));
        std::fs::write(&here, &bytes).unwrap();
        assert_eq!(place.put_file(name, &here).await.unwrap(), Put::New, "{name}");
        assert_eq!(place.put_file(name, &here).await.unwrap(), Put::There, "{name}");
        place.fetch(name, &back).await.unwrap();
        assert!(std::fs::read(&back).unwrap() == bytes, "{name} came back as it was");
        std::fs::write(&here, &bytes[1..]).unwrap();
        let other = place.put_file(name, &here).await;
        assert!(matches!(other, Err(OffsiteError::Conflict(_))), "{name}: {other:?}");
        assert_eq!(place.size(name).await.unwrap(), u64::from(len), "{name}");
    }
    let lost = place.fetch("backups/none", &dir.join("none")).await;
    assert!(matches!(lost, Err(OffsiteError::Missing(_))), "{lost:?}");
    assert!(!dir.join("none").exists());
}

#[tokio::test]
async fn a_folder_keeps_its_promises() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("mounted");
    let place = Offsite::open(Target::Folder(root.clone()), |_| None).unwrap();
    // A disk that is not mounted is an error, and never a new folder in its place.
    let error = place.put("journal/a.log", vec![1]).await.unwrap_err().to_string();
    assert!(error.contains("create it, or mount its disk"), "{error}");
    assert!(!root.exists());
    std::fs::create_dir(&root).unwrap();
    keeps_its_promises(&place).await;
    // What a crash left half-written is not there, and is in nobody's way.
    std::fs::write(root.join("journal/c.log.part"), "hal").unwrap();
    assert_eq!(place.list("journal").await.unwrap().len(), 2);
    assert_eq!(place.put("journal/c.log", b"half".to_vec()).await.unwrap(), Put::New);
    assert_eq!(place.get("journal/c.log", 9).await.unwrap(), b"half");
}

#[tokio::test]
async fn a_bucket_keeps_its_promises() {
    let Some(server) = Server::start().await else { return };
    keeps_its_promises(&bucket(&server.address)).await;
}

#[tokio::test]
async fn two_who_put_at_once_do_not_overwrite_each_other() {
    let Some(server) = Server::start().await else { return };
    let place = bucket(&server.address);
    let put = |content: u8| {
        let place = place.clone();
        tokio::spawn(async move { place.put("journal/one.log", vec![content; 4_096]).await })
    };
    let all: Vec<_> = (0..8).map(put).collect();
    let mut new = Vec::new();
    for (content, one) in (0..8).zip(all) {
        match one.await.unwrap() {
            Ok(put) => new.push((content, put)),
            Err(error) => assert!(matches!(error, OffsiteError::Conflict(_)), "{error}"),
        }
    }
    let [(content, Put::New)] = new.as_slice() else { panic!("{new:?}") };
    assert_eq!(place.get("journal/one.log", 4_096).await.unwrap(), [*content; 4_096]);
}

#[tokio::test]
async fn an_outage_is_named_and_gives_no_secret_away() {
    let Some(server) = Server::start().await else { return };
    let plug = Plug::before(&server.address).await;
    let place = bucket(&plug.address);
    plug.pull();
    let error = place.put("journal/a.log", vec![1]).await.unwrap_err().to_string();
    assert!(error.starts_with("put journal/a.log: "), "{error}");
    assert!(!error.contains("of-the-tests"), "{error}");
    plug.put_back();
    assert_eq!(place.put("journal/a.log", vec![1]).await.unwrap(), Put::New);
}
