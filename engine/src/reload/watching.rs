//! Waits until files have changed and nothing has changed for a moment. Only `reload` uses it.

use std::path::Path;
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

use super::Origin;

/// How long nothing must change before the files are read: editors write in several steps.
const QUIET: Duration = Duration::from_millis(100);

/// How long a stream of changes may put the reading off.
const QUIET_WITHIN: Duration = Duration::from_secs(1);

/// How often the files are read without any event: network file systems send none.
const LOOK_EVERY: Duration = Duration::from_secs(30);

pub(super) struct Watch {
    // Kept alive; dropping it ends the watch.
    _watcher: Option<RecommendedWatcher>,
    events: mpsc::Receiver<()>,
}

impl Watch {
    pub(super) fn start(origin: &Origin) -> Self {
        let (sender, events) = mpsc::channel(1);
        let watcher = watcher(origin, sender).map_err(|error| {
            tracing::warn!(%error, "changes are not watched; files are read every 30 s instead");
        });
        Self { _watcher: watcher.ok(), events }
    }

    /// Returns when something may have changed.
    pub(super) async fn quiet(&mut self) {
        tokio::select! {
            () = sleep(LOOK_EVERY) => {}
            Some(()) = self.events.recv() => {
                let end = Instant::now() + QUIET_WITHIN;
                loop {
                    let quiet = (Instant::now() + QUIET).min(end);
                    if !matches!(timeout_at(quiet, self.events.recv()).await, Ok(Some(()))) {
                        break;
                    }
                }
            }
        }
    }
}

fn watcher(origin: &Origin, events: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Our own reading must not look like a change. An error may hide one, so it counts.
        if !matches!(event, Ok(notify::Event { kind: EventKind::Access(_), .. })) {
            // A full channel says the same thing already.
            let _ = events.try_send(());
        }
    })?;
    let folder = origin.config.parent().filter(|folder| !folder.as_os_str().is_empty());
    watcher.watch(folder.unwrap_or(Path::new(".")), RecursiveMode::NonRecursive)?;
    watcher.watch(&origin.scripts, RecursiveMode::Recursive)?;
    Ok(watcher)
}
