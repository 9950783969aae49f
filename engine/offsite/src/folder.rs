//! Copies in a folder on another disk. The crate's root alone uses this.
//!
//! Written with the system's own calls, not through `object_store`: its version of a folder does
//! not sync what it writes, so that a power cut could leave an empty file under a final name.
//!
//! A file is written under a passing name, synced, and then linked to its own, which fails where
//! that is taken: a crash leaves the whole file or none, and nothing is overwritten.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::Semaphore;

use super::{LISTING_LEN_MAX, Object, OffsiteError, Put, check_len, failed};

/// Ends the name of what is not whole yet.
pub(super) const PART: &str = ".part";

/// Operations at the same time: a long file does not keep the short ones waiting.
const OPERATIONS_MAX: usize = 2;

/// A folder that is there.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: PathBuf,
    /// A disk on a network that hangs holds a few threads then, and the next operations run into
    /// their time-outs instead of holding more.
    turn: Arc<Semaphore>,
}

impl Folder {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), turn: Arc::new(Semaphore::new(OPERATIONS_MAX)) }
    }

    /// Runs blocking work in turn; the turn ends when the work does, not when the caller leaves.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> Result<T, OffsiteError> + Send + 'static,
    ) -> Result<T, OffsiteError> {
        let root = self.root.clone();
        let broken = |reason: &str| {
            let source = io::Error::other(reason.to_owned());
            OffsiteError::File { doing: "work in", path: self.root.clone(), source }
        };
        let turn = Arc::clone(&self.turn).acquire_owned().await;
        let turn = turn.map_err(|_| broken("it is closed"))?;
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            if !root.is_dir() {
                let source = io::Error::new(
                    io::ErrorKind::NotFound,
                    "the folder is not there; create it, or mount its disk",
                );
                return Err(OffsiteError::File { doing: "open", path: root, source });
            }
            work(&root)
        });
        work.await.map_err(|_| broken("the work panicked"))?
    }

    pub(super) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<Put, OffsiteError> {
        let name = name.to_owned();
        self.run(move |root| {
            let place = root.join(name);
            if place.exists() {
                return Ok(Put::There);
            }
            let part = begin(root, &place, &mut bytes.as_slice())?;
            link(&part, &place)
        })
        .await
    }

    pub(super) async fn put_file(&self, name: &str, path: &Path) -> Result<Put, OffsiteError> {
        let (name, path) = (name.to_owned(), path.to_owned());
        self.run(move |root| {
            let place = root.join(name);
            if place.exists() {
                return Ok(Put::There);
            }
            let mut file = File::open(&path).map_err(failed("open", &path))?;
            let part = begin(root, &place, &mut file)?;
            link(&part, &place)
        })
        .await
    }

    pub(super) async fn replace(&self, name: &str, bytes: Vec<u8>) -> Result<(), OffsiteError> {
        let name = name.to_owned();
        self.run(move |root| {
            let place = root.join(name);
            let part = begin(root, &place, &mut bytes.as_slice())?;
            fs::rename(&part, &place).map_err(failed("replace", &place))?;
            sync_parent(&place)
        })
        .await
    }

    pub(super) async fn list(&self, folder: &str) -> Result<Vec<Object>, OffsiteError> {
        let folder = folder.to_owned();
        self.run(move |root| {
            let dir = root.join(&folder);
            let files = match fs::read_dir(&dir) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                files => files.map_err(failed("list", &dir))?,
            };
            let mut objects = Vec::new();
            for file in files {
                let file = file.map_err(failed("list", &dir))?;
                let name = file.file_name();
                let name = name.to_str().filter(|name| !name.ends_with(PART));
                let meta = match file.metadata() {
                    // Removed since the folder was read: then it is not there.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    meta => meta.map_err(failed("read the size of", &dir))?,
                };
                let Some(name) = name.filter(|_| meta.is_file()) else { continue };
                if objects.len() >= LISTING_LEN_MAX {
                    return Err(OffsiteError::Many(folder));
                }
                objects.push(Object {
                    name: format!("{folder}/{name}"),
                    bytes: meta.len(),
                    put_at: meta.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                });
            }
            Ok(objects)
        })
        .await
    }

    pub(super) async fn size(&self, name: &str) -> Result<u64, OffsiteError> {
        let name = name.to_owned();
        self.run(move |root| Ok(open(root, &name)?.2)).await
    }

    pub(super) async fn get(&self, name: &str, max: u64) -> Result<Vec<u8>, OffsiteError> {
        let name = name.to_owned();
        self.run(move |root| {
            let (path, file, due) = open(root, &name)?;
            check_len(&name, due, max)?;
            let mut bytes = Vec::new();
            file.take(due).read_to_end(&mut bytes).map_err(failed("read", &path))?;
            let found = bytes.len() as u64;
            if found != due {
                return Err(OffsiteError::Short { name, found, due });
            }
            Ok(bytes)
        })
        .await
    }

    pub(super) async fn fetch(&self, name: &str, to: &Path) -> Result<(), OffsiteError> {
        let (name, to) = (name.to_owned(), to.to_owned());
        self.run(move |root| {
            let (_, mut file, due) = open(root, &name)?;
            let part = part_of(&to);
            let found = write(&part, &mut file)?;
            if found != due {
                return Err(OffsiteError::Short { name, found, due });
            }
            fs::rename(&part, &to).map_err(failed("rename", &part))?;
            sync_parent(&to)
        })
        .await
    }

    pub(super) async fn delete(&self, name: &str) -> Result<(), OffsiteError> {
        let name = name.to_owned();
        self.run(move |root| {
            let path = root.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => {
                    removed.map_err(failed("delete", &path))?;
                    sync_parent(&path)
                }
            }
        })
        .await
    }
}

fn open(root: &Path, name: &str) -> Result<(PathBuf, File, u64), OffsiteError> {
    let path = root.join(name);
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(OffsiteError::Missing(name.to_owned()));
        }
        file => file.map_err(failed("open", &path))?,
    };
    let len = file.metadata().map_err(failed("read the size of", &path))?.len();
    Ok((path, file, len))
}

pub(super) fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(PART);
    PathBuf::from(name)
}

/// Writes the passing file beside `place`, whose folders under `root` are created.
fn begin(root: &Path, place: &Path, bytes: &mut dyn Read) -> Result<PathBuf, OffsiteError> {
    let parent = place.parent().unwrap_or(root);
    if !parent.is_dir() {
        fs::create_dir_all(parent).map_err(failed("create", parent))?;
        // Names are at most a few folders deep, and each of them may be new.
        let mut new = parent.ancestors().skip(1).take_while(|dir| dir.starts_with(root));
        new.try_for_each(sync_dir)?;
    }
    let part = part_of(place);
    write(&part, bytes)?;
    Ok(part)
}

fn write(part: &Path, bytes: &mut dyn Read) -> Result<u64, OffsiteError> {
    let mut file = File::create(part).map_err(failed("create", part))?;
    let len = io::copy(bytes, &mut file).map_err(failed("write", part))?;
    file.flush().and_then(|()| file.sync_all()).map_err(failed("sync", part))?;
    Ok(len)
}

/// Gives a whole file its name, unless that is taken.
fn link(part: &Path, place: &Path) -> Result<Put, OffsiteError> {
    let put = match fs::hard_link(part, place) {
        Ok(()) => Put::New,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Put::There,
        // Some file systems (FAT, some network shares) have no links. There a rename has to do;
        // that the name is free was looked at before.
        Err(_) if !place.exists() => {
            fs::rename(part, place).map_err(failed("rename", part))?;
            sync_parent(place)?;
            return Ok(Put::New);
        }
        Err(source) => return Err(failed("link", place)(source)),
    };
    fs::remove_file(part).map_err(failed("remove", part))?;
    sync_parent(place)?;
    Ok(put)
}

fn sync_parent(path: &Path) -> Result<(), OffsiteError> {
    path.parent().map_or(Ok(()), sync_dir)
}

fn sync_dir(dir: &Path) -> Result<(), OffsiteError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed("sync", dir))
}
