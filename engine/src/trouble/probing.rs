//! Watches the disk and the clock while the shop sells, and waits for their return while it
//! cannot. The start-up owns the one prober of an engine.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::{Memory, Trouble, telling};
use crate::executor::Health;
use crate::ops::disk::free_bytes;
use crate::shop::Shop;
use crate::tasks;

/// How often disk and clock are looked at.
const PROBE_EVERY: Duration = Duration::from_secs(2);

/// Longest wait before an engine whose trouble comes back again and again is opened anew; the
/// first wait is [`PROBE_EVERY`], and it doubles.
const REOPEN_WAIT_MAX: Duration = Duration::from_secs(60);

/// How long selling must have gone on until a trouble is over, beyond the last wait.
const SETTLED_AFTER: Duration = Duration::from_secs(5);

/// Bytes that must find room before a full disk counts as usable again.
const PROBE_BYTES: usize = 1 << 20;

/// The file that is written to find out; nobody reads it.
const PROBE_NAME: &str = "probe";

/// The folders that the shop cannot sell without, inside the data folder.
const WRITTEN_TO: [&str; 5] = ["", "journal", "state", "keys", "inbox"];

const MIB: u64 = 1 << 20;

/// Looks after one engine.
pub struct Prober {
    shop: Arc<Shop>,
    memory: Memory,
    data_dir: PathBuf,
    min_free_mb: u64,
    started: Instant,
    /// Admins who are being told that the selling has stopped. Their chats may be busy, which
    /// must not hold up the look at the disk.
    telling: JoinSet<()>,
}

impl Prober {
    /// A prober for this shop, whose data is here and must leave so much room, in MiB; 0 leaves
    /// none.
    #[must_use]
    pub fn new(shop: Arc<Shop>, memory: Memory, data_dir: PathBuf, min_free_mb: u64) -> Self {
        let (started, telling) = (Instant::now(), JoinSet::new());
        Self { shop, memory, data_dir, min_free_mb, started, telling }
    }

    /// Works until the engine should be opened again. `clock_behind` is how many seconds the
    /// clock stood behind the last entry when this process took it as it was.
    pub async fn run(mut self, clock_behind: Option<u32>) {
        if let Some(secs) = clock_behind {
            telling::clock_taken(&mut self.telling, &self.shop, secs);
        }
        if self.memory.episode().is_some() {
            telling::begun(&mut self.telling, &self.shop, &self.memory);
        }
        let mut health = self.shop.executor.health();
        loop {
            let now = health.borrow_and_update().clone();
            match now {
                Health::Committing => {
                    self.settle().await;
                    if let Some(trouble) = self.look().await {
                        tracing::error!(%trouble, "nothing is committed any more");
                        self.shop.executor.halt(trouble);
                        continue;
                    }
                    // A change wakes at once; that nobody can change it any more shows below.
                    let _ = tokio::time::timeout(PROBE_EVERY, health.changed()).await;
                }
                Health::Troubled(trouble) => {
                    if self.memory.note(&trouble) {
                        telling::begun(&mut self.telling, &self.shop, &self.memory);
                    }
                    tokio::time::sleep(self.wait()).await;
                    let for_humans = matches!(trouble, Trouble::EntriesLost { .. });
                    if !for_humans && self.is_gone().await {
                        tracing::info!(%trouble, "the cause is gone; opening again");
                        if let Some(episode) = &mut *self.memory.episode() {
                            episode.reopened = episode.reopened.saturating_add(1);
                        }
                        return;
                    }
                }
                Health::Ended => std::future::pending().await,
            }
        }
    }

    /// How long to wait before the next look at what may be gone.
    fn wait(&self) -> Duration {
        let reopened = self.memory.episode().as_ref().map_or(0, |episode| episode.reopened);
        (PROBE_EVERY * (1 << reopened.min(5))).min(REOPEN_WAIT_MAX)
    }

    /// Ends an episode when selling has gone on for long enough.
    async fn settle(&mut self) {
        if self.started.elapsed() < self.wait() + SETTLED_AFTER {
            return;
        }
        let over = self.memory.episode().take();
        if let Some(episode) = over {
            // Who has not heard yet that it began need not hear that it is over.
            self.telling.shutdown().await;
            telling::ended(&mut self.telling, &self.shop, &episode);
        }
    }

    /// What is wrong while all seems well.
    async fn look(&self) -> Option<Trouble> {
        if let Err(trouble) = self.memory.floor.check(self.shop.clock.now()) {
            return Some(trouble);
        }
        if self.min_free_mb == 0 {
            return None;
        }
        match blocking(&self.data_dir, free_bytes).await {
            Ok(free) if free / MIB >= self.min_free_mb => None,
            Ok(free) => Some(Trouble::SpaceLow { free_mb: free / MIB, min_mb: self.min_free_mb }),
            Err(error) => Some(Trouble::of_disk(Some(error.kind()), &error)),
        }
    }

    /// Whether nothing is wrong any more, whatever it was.
    async fn is_gone(&self) -> bool {
        if self.memory.floor.check(self.shop.clock.now()).is_err() {
            return false;
        }
        // A quarter more than the least, so that a disk at the edge does not stop and start.
        let wanted = self.min_free_mb.saturating_add(self.min_free_mb / 4).saturating_mul(MIB);
        let free = blocking(&self.data_dir, free_bytes).await;
        if free.is_err() || free.is_ok_and(|free| free < wanted) {
            return false;
        }
        // Each may lie on a disk of its own.
        for folder in WRITTEN_TO {
            let folder = self.data_dir.join(folder);
            if folder.is_dir() && blocking(&folder, write_probe).await.is_err() {
                return false;
            }
        }
        true
    }
}

async fn blocking<T: Send + 'static>(
    dir: &Path,
    work: fn(&Path) -> io::Result<T>,
) -> io::Result<T> {
    let dir = dir.to_owned();
    tasks::block(move || work(&dir)).await?
}

/// Writes, syncs and removes a file.
fn write_probe(dir: &Path) -> io::Result<()> {
    let path = dir.join(PROBE_NAME);
    let written = File::create(&path).and_then(|mut file| {
        file.write_all(&vec![0xA5; PROBE_BYTES])?;
        file.sync_all()
    });
    let removed = fs::remove_file(&path);
    written.and(removed)?;
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(free_bytes(folder.path()).is_ok_and(|free| free > 0));
        assert!(write_probe(folder.path()).is_ok());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
        let missing = folder.path().join("missing");
        assert!(write_probe(&missing).is_err());
        assert!(free_bytes(&missing).is_err());
    }
}
