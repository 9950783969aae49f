//! Runs handlers, one update at a time per worker. Only the intake imports it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use futures_util::FutureExt as _;

use super::lanes::Job;
use super::{Core, Handler};
use crate::inbound::Incoming;

/// Takes updates until the intake stops; what runs then is let finish.
pub(super) async fn work<H: Handler>(core: Arc<Core>, handler: Arc<H>) {
    loop {
        tokio::select! {
            biased;
            () = core.stop.cancelled() => return,
            permit = core.work.acquire() => match permit {
                Ok(permit) => permit.forget(),
                Err(_) => return,
            },
        }
        let taken = core.lanes().take();
        let Some((lane, job)) = taken else { continue };
        core.counters.running.fetch_add(1, Relaxed);
        run(&core, &*handler, job).await;
        core.counters.running.fetch_sub(1, Relaxed);
        if core.lanes().finish(lane) {
            core.work.add_permits(1);
        }
    }
}

async fn run<H: Handler>(core: &Core, handler: &H, job: Job) {
    let (incoming, entry, held) = match job {
        Job::Ready(incoming, entry) => (incoming, Some(entry), None),
        Job::Unstored(incoming, held) => (incoming, None, Some(held)),
        Job::Stored(entry) => match core.inbox.read(entry).await {
            Ok(raw) => match Incoming::parse(&raw) {
                Ok(incoming) => (Box::new(incoming), Some(entry), None),
                Err(error) => return core.reject(entry, raw, &error),
            },
            Err(error) => {
                // It stays undone; the next start tries to read it again.
                tracing::error!(update_id = entry.update_id, %error, "a stored update is unread");
                return;
            }
        },
    };
    if !finishes(core, handler, &incoming).await && !finishes(core, handler, &incoming).await {
        let telling = AssertUnwindSafe(handler.panicked(&incoming));
        if telling.catch_unwind().await.is_err() {
            tracing::error!(update_id = incoming.update_id(), "the panic hook panicked");
        }
    }
    core.counters.handled.fetch_add(1, Relaxed);
    if let Some(entry) = entry {
        core.inbox.mark_done(entry);
    }
    drop(held);
}

/// Runs the handler once; `false` when it panicked.
async fn finishes<H: Handler>(core: &Core, handler: &H, incoming: &Incoming) -> bool {
    let handling = AssertUnwindSafe(async { handler.handle(incoming).await });
    let result = handling.catch_unwind().await;
    if result.is_err() {
        core.counters.panicked.fetch_add(1, Relaxed);
        tracing::error!(update_id = incoming.update_id(), "a handler panicked");
    }
    result.is_ok()
}
