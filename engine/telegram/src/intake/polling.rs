//! The polling loop: ask, store, hand out, confirm by asking on. Only the intake imports it.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep, sleep_until};

use super::{Core, IntakeEnd, IntakeOptions};
use crate::client::{CallError, Client};
use crate::inbound::{ALLOWED_UPDATES, read_update_id};
use crate::inbox::{InboxError, RawUpdate};

/// The official server answers a repeat with the same offset within this time with one update only.
const SAME_OFFSET_AFTER: Duration = Duration::from_millis(500);
/// The wait before the first retry after an error; it doubles each time.
const BACKOFF_MIN: Duration = Duration::from_secs(1);
/// A conflict this long after the last one is a new story, such as a restart.
const CONFLICT_REMEMBERED: Duration = Duration::from_secs(60);
/// How often a full house looks whether there is room again.
const ROOM_CHECK: Duration = Duration::from_millis(200);

#[derive(Serialize)]
struct GetUpdates {
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<i64>,
    limit: u8,
    timeout: u64,
    allowed_updates: &'static [&'static str],
}

/// Where polling stands.
struct Polling {
    core: Arc<Core>,
    client: Client,
    options: IntakeOptions,
    /// The lowest update id wanted. None at first: the server then starts at the oldest one
    /// it has not seen confirmed, and the inbox drops what it knows. A stored offset would be
    /// wrong after Telegram started counting at another number.
    offset: Option<i64>,
    failures: u32,
    conflicts: u32,
    last_conflict: Option<Instant>,
}

/// Polls until the intake stops or something makes polling senseless.
pub(super) async fn poll(core: Arc<Core>, client: Client, options: IntakeOptions) {
    let stop = core.stop.clone();
    let mut polling = Polling {
        core: Arc::clone(&core),
        client,
        options,
        offset: None,
        failures: 0,
        conflicts: 0,
        last_conflict: None,
    };
    let end = tokio::select! {
        biased;
        () = stop.cancelled() => IntakeEnd::Stopped,
        end = polling.run() => end,
    };
    core.end(end);
}

impl Polling {
    async fn run(&mut self) -> IntakeEnd {
        loop {
            match self.client.delete_webhook().await {
                Ok(()) => break,
                Err(error) => {
                    if let Some(end) = self.after_error(error).await {
                        return end;
                    }
                }
            }
        }
        self.failures = 0;
        loop {
            while self.core.lanes().waiting() >= self.options.waiting_max {
                sleep(ROOM_CHECK).await;
            }
            let started = Instant::now();
            match self.get_updates().await {
                Ok(updates) => {
                    self.core.polled();
                    let before = self.offset;
                    match self.take_in(updates).await {
                        Ok(()) => self.failures = 0,
                        Err(error) => {
                            tracing::error!(%error, "updates are left with Telegram for now");
                            self.back_off().await;
                        }
                    }
                    if self.offset == before {
                        sleep_until(started + SAME_OFFSET_AFTER).await;
                    }
                }
                Err(error) => {
                    if let Some(end) = self.after_error(error).await {
                        return end;
                    }
                }
            }
        }
    }

    async fn get_updates(&self) -> Result<Vec<Box<RawValue>>, CallError> {
        let poll_timeout = self.options.poll_timeout;
        let payload = GetUpdates {
            offset: self.offset,
            limit: self.options.batch_max.clamp(1, 100),
            timeout: poll_timeout.as_secs(),
            allowed_updates: ALLOWED_UPDATES,
        };
        // The server must answer before our own patience ends, or each quiet poll looks like an
        // outage.
        let patience = poll_timeout + self.options.answer_timeout;
        self.client.call("getUpdates", &payload, patience).await
    }

    /// Stores a batch, hands it out, and moves the offset behind it.
    async fn take_in(&mut self, updates: Vec<Box<RawValue>>) -> Result<(), InboxError> {
        let mut batch = Vec::with_capacity(updates.len());
        let mut offset = self.offset;
        for update in updates {
            let raw = String::from(Box::<str>::from(update)).into_bytes();
            match read_update_id(&raw) {
                Some(update_id) => {
                    offset = offset.max(update_id.checked_add(1));
                    batch.push(RawUpdate { update_id, raw: raw.into() });
                }
                // Without a number it can neither be confirmed nor be known again.
                None => self.core.reject_unnumbered(raw.into()),
            }
        }
        if !batch.is_empty() {
            self.core.keep(batch.into()).await?;
        }
        self.offset = offset;
        Ok(())
    }

    /// Waits as long as the error asks for, or says that there is no sense in going on.
    async fn after_error(&mut self, error: CallError) -> Option<IntakeEnd> {
        self.core.counters.count_failed_poll();
        match error {
            CallError::Unauthorized => return Some(IntakeEnd::Unauthorized),
            CallError::Conflict { webhook } => {
                // A good poll in between proves nothing: two pollers on a busy bot take turns.
                let recent = |at: Instant| at.elapsed() < CONFLICT_REMEMBERED;
                let lasting = self.last_conflict.replace(Instant::now()).is_some_and(recent);
                self.conflicts = if lasting { self.conflicts + 1 } else { 1 };
                if self.conflicts >= self.options.conflicts_max {
                    return Some(IntakeEnd::Conflict { webhook });
                }
                tracing::warn!(%error, tries = self.conflicts, "polling met a conflict");
            }
            CallError::RetryAfter { secs } => {
                tracing::warn!(secs, "polling is to wait");
                sleep(Duration::from_secs(u64::from(secs))).await;
                return None;
            }
            _ => tracing::warn!(%error, "polling failed"),
        }
        self.back_off().await;
        None
    }

    async fn back_off(&mut self) {
        let doublings = self.failures.min(6);
        self.failures = self.failures.saturating_add(1);
        sleep((BACKOFF_MIN * (1 << doublings)).min(self.options.backoff_max)).await;
    }
}
