//! A day's key on disk. The keyring and its mirror use this.
//!
//! ```text
//! "ring4key" | version u8 | day i64 | key [32] | BLAKE3 over all before [32]
//! ```
//!
//! Integers are little-endian. A file is written beside its place, synced and renamed, so it is
//! whole or it is damaged, never half-written.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use ring4_domain::day::Day;
use zeroize::Zeroizing;

use super::sealing::{KEY_LEN, Key};
use crate::journal::{FileError, failed, sync_dir};

const MAGIC: &[u8; 8] = b"ring4key";
const VERSION: u8 = 1;
const HASH_LEN: usize = 32;

/// Bytes of a key file.
pub(super) const FILE_LEN: usize = 8 + 1 + 8 + KEY_LEN + HASH_LEN;

/// Files in a directory of keys, at most: two for each of ten years' days, and some set aside.
/// Beyond it the directory is not ours.
const FILES_MAX: usize = 10_000;

/// Characters of a file's name that say its day.
const DAY_LEN: usize = 10;

/// What a key file holds.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing lies there.
    Missing,
    /// Something else than this day's key.
    Damaged,
    /// The key.
    Whole(Key),
}

impl Found {
    pub(super) const fn key(&self) -> Option<&Key> {
        match self {
            Self::Whole(key) => Some(key),
            Self::Missing | Self::Damaged => None,
        }
    }
}

fn bytes(day: Day, key: &Key) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_LEN));
    bytes.extend_from_slice(MAGIC);
    bytes.push(VERSION);
    bytes.extend_from_slice(&day.0.to_le_bytes());
    bytes.extend_from_slice(key.0.as_slice());
    let hash = blake3::hash(&bytes);
    bytes.extend_from_slice(hash.as_bytes());
    bytes
}

fn parse(day: Day, file: &[u8]) -> Option<Key> {
    let (body, hash) = file.split_last_chunk::<HASH_LEN>()?;
    let (head, key) = body.split_last_chunk::<KEY_LEN>()?;
    let expected = [MAGIC, &[VERSION][..], &day.0.to_le_bytes()].concat();
    let whole = head == expected && blake3::hash(body).as_bytes() == hash;
    whole.then(|| Key(Zeroizing::new(*key)))
}

/// Reads a key file.
pub(super) fn read(path: &Path, day: Day) -> Result<Found, FileError> {
    match fs::read(path).map(Zeroizing::new) {
        Ok(bytes) => Ok(parse(day, &bytes).map_or(Found::Damaged, Found::Whole)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Found::Missing),
        Err(error) => Err(failed("read", path)(error)),
    }
}

/// Writes a key file for its owner's eyes only. The caller syncs the directory.
pub(super) fn write(path: &Path, day: Day, key: &Key) -> Result<(), FileError> {
    let part = part(path);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part).map_err(failed("create", &part))?;
    file.write_all(&bytes(day, key)).map_err(failed("write", &part))?;
    file.sync_all().map_err(failed("sync", &part))?;
    fs::rename(&part, path).map_err(failed("replace", path))
}

fn part(path: &Path) -> PathBuf {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    part.into()
}

/// Removes a key file after zeros were written over it, as far as the disk writes in place. The
/// caller syncs the directory.
pub(super) fn erase(path: &Path) -> Result<(), FileError> {
    let blank = |file: File| -> std::io::Result<()> {
        let len = usize::try_from(file.metadata()?.len()).unwrap_or(FILE_LEN).min(FILE_LEN);
        (&file).write_all(&vec![0; len])?;
        file.sync_all()
    };
    File::options().write(true).open(path).and_then(blank).map_err(failed("blank", path))?;
    fs::remove_file(path).map_err(failed("remove", path))
}

/// Makes a directory that only its owner may look into.
pub(super) fn create_dir(dir: &Path) -> Result<(), FileError> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(failed("create", dir))?;
    dir.parent().filter(|parent| parent.is_dir()).map_or(Ok(()), sync_dir)
}

/// The files whose names begin with a day, with that day: keys, copies, and what was set aside
/// or left unfinished.
pub(super) fn list(dir: &Path) -> Result<Vec<(Day, PathBuf)>, FileError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed("list", dir))? {
        let entry = entry.map_err(failed("list", dir))?;
        let name = entry.file_name();
        let day = name.to_str().and_then(|name| name.get(..DAY_LEN)).map(str::parse::<Day>);
        if let Some(Ok(day)) = day {
            found.push((day, entry.path()));
        }
        if found.len() > FILES_MAX {
            let source = std::io::Error::other("more files than a directory of keys has");
            return Err(FileError { doing: "list", path: dir.to_owned(), source });
        }
    }
    found.sort();
    Ok(found)
}

/// Removes every file of a day before `before`, and whatever a crash left unfinished. Returns
/// whether there was any.
pub(super) fn erase_before(dir: &Path, before: Option<Day>) -> Result<bool, FileError> {
    let mut any = false;
    for (day, path) in list(dir)? {
        let unfinished = path.extension().is_some_and(|extension| extension == "part");
        if unfinished || before.is_some_and(|before| day < before) {
            erase(&path)?;
            any = true;
        }
    }
    if any {
        sync_dir(dir)?;
    }
    Ok(any)
}
