//! Keeps the webhook set at Telegram and hears what Telegram says of it. Only the intake
//! imports it.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::{Core, IntakeEnd, IntakeOptions};
use crate::client::{CALL_TIMEOUT, CallError, Client};
use crate::inbound::ALLOWED_UPDATES;
use crate::webhook::WebhookOptions;

/// The wait before the first retry after an error; it doubles each time.
const BACKOFF_MIN: Duration = Duration::from_secs(1);

/// A webhook that was taken away this many looks after the last time is a new story.
const LOOKS_REMEMBERED: u32 = 10;

/// Looks in a row without a failure after which posts that come prove that they come again. Fewer
/// would tell admins of every hiccup twice.
const LOOKS_QUIET: u32 = 4;

/// The most of Telegram's words that are passed on, in characters.
const WORDS_MAX: usize = 300;

#[derive(Serialize)]
struct SetWebhook<'a> {
    url: &'a str,
    secret_token: &'a str,
    max_connections: u32,
    allowed_updates: &'static [&'static str],
    drop_pending_updates: bool,
}

/// What Telegram says of the webhook.
#[derive(Deserialize)]
struct WebhookInfo {
    url: String,
    #[serde(default)]
    pending_update_count: u64,
    last_error_date: Option<i64>,
    last_error_message: Option<String>,
}

/// Where the webhook stands.
struct Posted {
    core: Arc<Core>,
    client: Client,
    options: IntakeOptions,
    webhook: WebhookOptions,
    /// The newest failed delivery that was heard of, in unix seconds.
    last_error_date: Option<i64>,
    /// Looks since that was heard of, and updates that had been posted by then.
    quiet_looks: u32,
    posts_before: u64,
    failures: u32,
    taken_away: u32,
    last_taken_away: Option<Instant>,
}

/// Looks after the webhook until the intake stops or it is senseless to go on.
pub(super) async fn keep_set(
    core: Arc<Core>,
    client: Client,
    options: IntakeOptions,
    webhook: WebhookOptions,
) {
    let stop = core.stop.clone();
    let mut posted = Posted {
        core: Arc::clone(&core),
        client,
        options,
        webhook,
        last_error_date: None,
        quiet_looks: 0,
        posts_before: 0,
        failures: 0,
        taken_away: 0,
        last_taken_away: None,
    };
    let end = tokio::select! {
        biased;
        () = stop.cancelled() => IntakeEnd::Stopped,
        end = posted.run() => end,
    };
    core.end(end);
}

impl Posted {
    async fn run(&mut self) -> IntakeEnd {
        if let Some(end) = self.set().await {
            return end;
        }
        // What failed before this start is no news.
        let mut is_news = false;
        loop {
            match self.look().await {
                Ok(found) if found.url != self.webhook.url => {
                    if let Some(end) = self.after_loss(&found).await {
                        return end;
                    }
                }
                Ok(found) => {
                    self.core.polled();
                    self.judge(found, is_news);
                    is_news = true;
                }
                Err(CallError::Unauthorized) => return IntakeEnd::Unauthorized,
                Err(error) => tracing::warn!(%error, "Telegram was not asked about the webhook"),
            }
            sleep(self.webhook.look_every).await;
        }
    }

    /// Sets the webhook, however often it takes. Waiting updates are kept.
    async fn set(&mut self) -> Option<IntakeEnd> {
        self.failures = 0;
        let webhook = &self.webhook;
        let payload = SetWebhook {
            url: &webhook.url,
            secret_token: webhook.secret.reveal(),
            max_connections: webhook.max_connections.clamp(1, 100),
            allowed_updates: ALLOWED_UPDATES,
            drop_pending_updates: false,
        };
        loop {
            let set: Result<bool, _> = self.client.call("setWebhook", &payload, CALL_TIMEOUT).await;
            match set {
                Ok(_) => break,
                Err(CallError::Unauthorized) => return Some(IntakeEnd::Unauthorized),
                Err(CallError::RetryAfter { secs }) => {
                    tracing::warn!(secs, "setting the webhook is to wait");
                    sleep(Duration::from_secs(u64::from(secs))).await;
                }
                Err(error) => {
                    self.core.counters.count_failed_poll();
                    tracing::warn!(%error, "the webhook is not set");
                    self.core.undelivered(Some(error.to_string()));
                    let doublings = self.failures.min(6);
                    self.failures = self.failures.saturating_add(1);
                    sleep((BACKOFF_MIN * (1 << doublings)).min(self.options.backoff_max)).await;
                }
            }
        }
        tracing::info!("the webhook is set");
        self.core.undelivered(None);
        None
    }

    async fn look(&self) -> Result<WebhookInfo, CallError> {
        self.client.call("getWebhookInfo", &serde_json::Map::new(), CALL_TIMEOUT).await
    }

    /// Sets the webhook again, or says that somebody else wants the updates too.
    async fn after_loss(&mut self, found: &WebhookInfo) -> Option<IntakeEnd> {
        let lasting = self.webhook.look_every * LOOKS_REMEMBERED;
        let recent = |at: Instant| at.elapsed() < lasting;
        let again = self.last_taken_away.replace(Instant::now()).is_some_and(recent);
        self.taken_away = if again { self.taken_away + 1 } else { 1 };
        if self.taken_away >= self.options.conflicts_max {
            return Some(IntakeEnd::Conflict { webhook: !found.url.is_empty() });
        }
        let how = if found.url.is_empty() { "removed" } else { "replaced" };
        tracing::warn!(tries = self.taken_away, "somebody {how} the webhook; it is set again");
        self.set().await
    }

    /// Passes on, once, that Telegram cannot deliver, and that it can again.
    fn judge(&mut self, found: WebhookInfo, is_news: bool) {
        let is_newer = found.last_error_date > self.last_error_date;
        let posts = self.core.counters.posts();
        if is_newer {
            self.last_error_date = found.last_error_date;
            self.posts_before = posts;
            self.quiet_looks = 0;
        } else {
            self.quiet_looks = self.quiet_looks.saturating_add(1);
        }
        // On a busy bot something always waits.
        let comes = self.quiet_looks >= LOOKS_QUIET && posts > self.posts_before;
        let waiting = found.pending_update_count;
        if is_newer && is_news {
            let words = found.last_error_message.unwrap_or_default();
            let words: String = words.chars().take(WORDS_MAX).collect();
            if self.core.undelivered(Some(words.clone())) {
                tracing::warn!(%words, waiting, "Telegram cannot deliver updates");
            }
        } else if (waiting == 0 || comes) && self.core.undelivered(None) {
            tracing::info!("Telegram delivers updates again");
        }
    }
}
