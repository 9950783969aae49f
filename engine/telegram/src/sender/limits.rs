//! How much may be said and how long a call may take: every limit of the sender, in one place.
//! The middle sets them, the schedule and the sender obey them.

use std::time::Duration;

use tokio::time::Instant;

/// `count` messages every `per`, of which `burst` may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Messages per `per`; zero counts as one.
    pub count: u32,
    /// The span `count` is meant for.
    pub per: Duration,
    /// Messages that may come at once after a quiet time; zero counts as one.
    pub burst: u32,
}

impl Rate {
    /// The time one message takes up.
    pub(super) fn interval(self) -> Duration {
        self.per / self.count.max(1)
    }

    fn tolerance(self) -> Duration {
        self.interval() * self.burst.max(1).saturating_sub(1)
    }
}

/// The limits of a sender. The defaults are what Telegram's Bot FAQ asks for: one message a second
/// in a chat with short bursts, 20 a minute in a group, about 30 a second in all.
#[derive(Clone, Debug)]
pub struct SenderOptions {
    /// Messages to all chats together.
    pub global: Rate,
    /// Messages to one private chat.
    pub private: Rate,
    /// Messages to one group or channel.
    pub group: Rate,
    /// Calls accepted for one chat and not yet finished; more get [`super::SendError::ChatFull`].
    pub chat_calls_max: usize,
    /// Calls accepted in all and not yet finished; more get [`super::SendError::Full`].
    pub calls_max: usize,
    /// After this time an answer or card is given up: its caller gets the last error.
    pub answer_within: Duration,
    /// After this time a broadcast message that waits for its turn is given up.
    pub broadcast_within: Duration,
    /// How long the answers of a chat may keep a broadcast message of it behind them.
    pub broadcast_behind_max: Duration,
    /// After this time the answer to a press is given up; nobody looks any more.
    pub press_within: Duration,
    /// The wait before the first retry after a network error or 5xx; it doubles each time.
    pub backoff_min: Duration,
    /// The longest wait between two retries.
    pub backoff_max: Duration,
    /// The time limit of one request without a file.
    pub call_timeout: Duration,
    /// The time limit of one request with a file.
    pub upload_timeout: Duration,
}

impl Default for SenderOptions {
    fn default() -> Self {
        let second = Duration::from_secs(1);
        Self {
            global: Rate { count: 30, per: second, burst: 15 },
            private: Rate { count: 1, per: second, burst: 5 },
            group: Rate { count: 20, per: 60 * second, burst: 5 },
            chat_calls_max: 100,
            calls_max: 10_000,
            answer_within: 120 * second,
            broadcast_within: 900 * second,
            broadcast_behind_max: 10 * second,
            press_within: 20 * second,
            backoff_min: Duration::from_millis(250),
            backoff_max: 8 * second,
            call_timeout: crate::client::CALL_TIMEOUT,
            upload_timeout: 60 * second,
        }
    }
}

/// A token bucket kept as one moment: until when the messages so far have used the rate up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    pub(super) used_until: Instant,
}

impl Bucket {
    pub(super) const fn new(now: Instant) -> Self {
        Self { used_until: now }
    }

    /// The moment the next message may go, in the past when it may go now.
    pub(super) fn ready_at(&self, rate: Rate) -> Instant {
        self.used_until.checked_sub(rate.tolerance()).unwrap_or(self.used_until)
    }

    pub(super) fn take(&mut self, now: Instant, rate: Rate) {
        self.used_until = self.used_until.max(now) + rate.interval();
    }
}
