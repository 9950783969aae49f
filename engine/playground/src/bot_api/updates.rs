//! `getUpdates`: offsets, long polling, one poller. Only this crate.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::answer::{Answer, Refusal};
use super::parameters::Parameters;
use crate::world::World;

/// The longest poll, in real seconds.
const TIMEOUT_SECS_MAX: i64 = 50;

/// How many updates one answer holds.
const LIMIT_MAX: i64 = 100;

/// `getUpdates`.
pub(crate) async fn get_updates(world: &World, parameters: &mut Parameters) -> Answer {
    let offset = parameters.integer("offset")?.unwrap_or(0);
    let limit = parameters.integer("limit")?.unwrap_or(LIMIT_MAX);
    // Telegram takes any number here and cuts it to its range.
    let limit = if limit <= 0 { LIMIT_MAX } else { limit.min(LIMIT_MAX) };
    let limit = usize::try_from(limit).unwrap_or(1);
    let timeout = parameters.integer("timeout")?.unwrap_or(0).clamp(0, TIMEOUT_SECS_MAX);
    let timeout = Duration::from_secs(timeout.unsigned_abs());
    let allowed = allowed_updates(parameters)?;
    let generation = {
        let mut state = world.lock();
        let updates = &mut state.updates;
        if updates.webhook.is_some() {
            return Err(Refusal::conflict(
                "can't use getUpdates method while webhook is active; \
                 use deleteWebhook to delete the webhook first",
            ));
        }
        if let Some(allowed) = allowed {
            updates.allowed = (!allowed.is_empty()).then_some(allowed);
        }
        if offset != 0 {
            updates.confirm(offset);
        }
        updates.poll_generation += 1;
        updates.poll_generation
    };
    // An older poll that still waits must learn that it is no longer the one.
    world.update_came.notify_waiters();
    let _waiting = WaitingPoll::new(&world.waiting_polls);
    let deadline = tokio::time::sleep(timeout);
    tokio::pin!(deadline);
    loop {
        let came = world.update_came.notified();
        tokio::pin!(came);
        came.as_mut().enable();
        let mut batch = Vec::new();
        {
            let mut state = world.lock();
            if state.updates.poll_generation != generation {
                return Err(Refusal::conflict(
                    "terminated by other getUpdates request; \
                     make sure that only one bot instance is running",
                ));
            }
            state.updates.expire(world.clock.now_ms());
            if state.updates.write_batch(limit, &mut batch) || timeout.is_zero() {
                return Ok(batch);
            }
        }
        tokio::select! {
            () = &mut came => {}
            () = &mut deadline => return Ok(batch),
            () = world.shutdown.cancelled() => return Ok(batch),
        }
    }
}

/// Counts a poll for as long as it waits, however it ends.
struct WaitingPoll<'a>(&'a AtomicUsize);

impl<'a> WaitingPoll<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for WaitingPoll<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The kinds of update the bot wants; empty means the default.
pub(crate) fn allowed_updates(parameters: &mut Parameters) -> Result<Option<Vec<String>>, Refusal> {
    let Some(given) = parameters.take_json("allowed_updates")? else { return Ok(None) };
    let Value::Array(names) = given else {
        return Err(Refusal::bad("can't parse allowed_updates: expected an Array of String"));
    };
    let names = names.into_iter().map(|name| match name {
        Value::String(name) => Ok(name),
        _ => Err(Refusal::bad("can't parse allowed_updates: expected an Array of String")),
    });
    names.collect::<Result<Vec<_>, _>>().map(Some)
}
