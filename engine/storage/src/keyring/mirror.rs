//! A second place for the keys, on another disk where there is one. The keyring alone uses this.
//!
//! A thread of its own keeps it up to date, so that a disk that is slow, full or gone delays no
//! sale. What it is to hold is said as a whole, the latest word wins, and a failure is told to
//! whoever asks and tried again.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use ring4_domain::day::Day;

use super::Keys;
use super::file::{self, Found};
use super::sealing::Key;
use crate::journal::{FileError, failed, sync_dir};

/// How long a start waits for what the mirror holds, and a close for the mirror's last write.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// How soon a mirror that failed is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Why the mirror does not hold what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mirror of the keys in {}: {reason}", dir.display())]
pub struct MirrorTrouble {
    /// Where it is.
    pub dir: PathBuf,
    /// What is wrong.
    pub reason: String,
}

/// What the mirror is to hold.
#[derive(Default)]
struct Wanted {
    keys: Keys,
    before: Option<Day>,
}

#[derive(Default)]
struct Status {
    wanted: Option<Wanted>,
    trouble: Option<String>,
}

pub(super) struct Mirror {
    dir: PathBuf,
    status: Arc<Mutex<Status>>,
    found: Vec<(Day, Key)>,
    /// `None` only while it is being dropped.
    look: Option<SyncSender<()>>,
    ended: Mutex<Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

fn lock(status: &Mutex<Status>) -> MutexGuard<'_, Status> {
    status.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Mirror {
    /// Starts the thread and waits, within limits, for what the mirror holds.
    pub(super) fn start(dir: &Path) -> Result<Self, FileError> {
        let status = Arc::new(Mutex::new(Status::default()));
        let (look, looks) = sync_channel(1);
        let (tell_found, told) = sync_channel(1);
        let (ends, ended) = sync_channel(1);
        let worker = Worker { dir: dir.to_owned(), status: Arc::clone(&status) };
        let run = move || {
            // Dropped when the thread ends, however it ends.
            let _ends: SyncSender<()> = ends;
            let _ = tell_found.send(read_all(&worker.dir));
            worker.run(&looks);
        };
        let thread = std::thread::Builder::new().name("keys-mirror".to_owned()).spawn(run);
        let thread = thread.map_err(failed("start a thread for", dir))?;
        let (found, trouble) = match told.recv_timeout(WAIT_MAX) {
            Ok(Ok(found)) => (found, None),
            Ok(Err(error)) => (Vec::new(), Some(error.to_string())),
            Err(_) => (Vec::new(), Some("it does not answer".to_owned())),
        };
        lock(&status).trouble = trouble;
        let (dir, look, thread) = (dir.to_owned(), Some(look), Some(thread));
        let ended = Mutex::new(ended);
        Ok(Self { dir, status, found, look, ended, thread })
    }

    /// The keys that it held at the start.
    pub(super) fn found(&self) -> impl Iterator<Item = (Day, Key)> {
        self.found.iter().cloned()
    }

    /// Says what it is to hold; what was said to be forgotten stays so.
    pub(super) fn follow(&self, keys: Keys, before: Option<Day>) {
        let mut status = lock(&self.status);
        let before = before.max(status.wanted.as_ref().and_then(|wanted| wanted.before));
        status.wanted = Some(Wanted { keys, before });
        drop(status);
        if let Some(look) = &self.look
            && let Err(TrySendError::Disconnected(())) = look.try_send(())
        {
            lock(&self.status).trouble = Some("its thread has ended".to_owned());
        }
    }

    pub(super) fn trouble(&self) -> Option<MirrorTrouble> {
        let reason = lock(&self.status).trouble.clone()?;
        Some(MirrorTrouble { dir: self.dir.clone(), reason })
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        drop(self.look.take());
        // A disk that hangs must not hang the close with it.
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        let ended = ended.recv_timeout(WAIT_MAX);
        if let (Err(RecvTimeoutError::Disconnected), Some(thread)) = (ended, self.thread.take()) {
            let _ = thread.join();
        }
    }
}

struct Worker {
    dir: PathBuf,
    status: Arc<Mutex<Status>>,
}

impl Worker {
    fn run(&self, looks: &Receiver<()>) {
        // What is said while the last word is being followed waits as one look.
        loop {
            match looks.recv_timeout(AGAIN_AFTER) {
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) if lock(&self.status).trouble.is_none() => continue,
                Ok(()) | Err(RecvTimeoutError::Timeout) => {}
            }
            let (keys, before) = match &lock(&self.status).wanted {
                Some(wanted) => (wanted.keys.clone(), wanted.before),
                None => continue,
            };
            let trouble = update(&self.dir, &keys, before);
            lock(&self.status).trouble = trouble.unwrap_or_else(|error| Some(error.to_string()));
        }
    }
}

fn read_all(dir: &Path) -> Result<Vec<(Day, Key)>, FileError> {
    file::create_dir(dir)?;
    let mut found = Vec::new();
    for (day, _) in file::list(dir)? {
        if let Found::Whole(key) = file::read(&path(dir, day), day)? {
            found.push((day, key));
        }
    }
    Ok(found)
}

fn path(dir: &Path, day: Day) -> PathBuf {
    dir.join(day.to_string())
}

/// Makes the mirror hold these keys and none of a day before `before`. Returns what it must leave
/// to a human: a key here that is not the one known is never overwritten.
fn update(dir: &Path, keys: &Keys, before: Option<Day>) -> Result<Option<String>, FileError> {
    file::create_dir(dir)?;
    file::erase_before(dir, before)?;
    let (mut written, mut trouble) = (false, None);
    for (day, key) in keys.by_day.iter() {
        match file::read(&path(dir, *day), *day)? {
            Found::Whole(found) if found == *key => {}
            Found::Whole(_) => trouble = Some(format!("it holds another key of {day}")),
            Found::Missing | Found::Damaged => {
                file::write(&path(dir, *day), *day, key)?;
                written = true;
            }
        }
    }
    if written {
        sync_dir(dir)?;
    }
    let unknown = file::list(dir)?.into_iter().find(|(day, _)| keys.get(*day).is_none());
    let unknown =
        unknown.map(|(day, _)| format!("it holds a key of {day}, which a start takes in"));
    Ok(trouble.or(unknown))
}
