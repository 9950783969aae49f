//! The way out: every message to Telegram goes through here, in order and within limits.
//! The middle starts one sender and shares it.
//!
//! There is no queue with a worker behind it: a caller does its own call as soon as the
//! [`schedule`](self) lets its chat go, which in a quiet chat is at once. One small task, the
//! pump, only wakes those who had to wait for a moment in time. A caller that is dropped leaves
//! the line without a trace, or, when its request was already out, without knowing the result.
//!
//! Telegram has no idempotency key: a message whose answer was lost is sent again and may, rarely,
//! be seen twice. The opposite, a lost code, would be worse.

mod limits;
mod schedule;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ring4_domain::ids::MessageId;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

pub use limits::{Rate, SenderOptions};
use schedule::{NoRoom, Schedule};

use crate::client::{CallError, Client};
use crate::outgoing::{Call, ChatId, Outgoing, Priority, Sent};

/// A call was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The chat has too many calls waiting.
    #[error("too many calls wait for this chat")]
    ChatFull,
    /// All chats together have too many calls waiting.
    #[error("too many calls wait for all chats")]
    Full,
    /// The call waited its whole time for its turn; nothing was sent.
    #[error("the call waited too long for its turn")]
    TimedOut,
    /// Telegram wants this chat left alone for longer than the call may wait; nothing was sent.
    #[error("the chat must be left alone for {secs} s")]
    RetryAfter {
        /// Seconds from now.
        secs: u64,
    },
    /// The person blocked the bot, left, or never started it, or the group does not let the bot
    /// write: do not write again until they do.
    #[error("the chat cannot be reached")]
    Unreachable,
    /// The message to edit or delete is gone or too old: send a new one.
    #[error("the message is gone or cannot be changed")]
    MessageGone,
    /// The sender was stopped.
    #[error("the sender is stopped")]
    Stopped,
    /// The caller withdrew the call while it waited for its turn; nothing was sent.
    #[error("the call was withdrawn")]
    Withdrawn,
    /// Retried for its whole time, or nothing a retry helps against.
    #[error(transparent)]
    Call(CallError),
}

impl SendError {
    /// Whether the same call may be taken later.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::ChatFull | Self::Full | Self::TimedOut | Self::RetryAfter { .. } => true,
            Self::Unreachable | Self::MessageGone | Self::Stopped | Self::Withdrawn => false,
            Self::Call(error) => error.is_passing(),
        }
    }
}

/// The way out. Clones share one schedule.
#[derive(Clone)]
pub struct Sender {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    options: SenderOptions,
    shared: Arc<Shared>,
    pump: Mutex<Option<JoinHandle<()>>>,
}

/// What callers and the pump share.
struct Shared {
    state: Mutex<State>,
    wake: Notify,
    stop: CancellationToken,
}

struct State {
    schedule: Schedule,
    /// When the pump wakes by itself.
    pump_at: Option<Instant>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The schedule has no code that panics half-way, so a poisoned lock guards sound state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `change` and then lets go whatever may go now.
    fn change<T>(&self, change: impl FnOnce(&mut Schedule, Instant) -> T) -> T {
        let now = Instant::now();
        let mut state = self.lock();
        let result = change(&mut state.schedule, now);
        let next = state.schedule.advance(now);
        let sooner = next.is_some_and(|next| state.pump_at.is_none_or(|at| next < at));
        if sooner {
            state.pump_at = next;
            drop(state);
            self.wake.notify_one();
        }
        result
    }

    /// Wakes those who wait for a moment in time.
    async fn pump(self: Arc<Self>) {
        loop {
            let next = {
                let mut state = self.lock();
                state.pump_at = state.schedule.advance(Instant::now());
                state.pump_at
            };
            let moment = async {
                match next {
                    Some(next) => sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.wake.notified() => {}
                () = moment => {}
            }
        }
    }
}

/// A place in a chat's line, then the turn itself. Dropping it passes the turn on.
struct Turn<'a> {
    shared: &'a Shared,
    chat: ChatId,
    go: oneshot::Receiver<()>,
    taken: bool,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // The turn may have been given in the very moment the caller gave up.
        self.go.close();
        let chat = self.chat;
        if self.taken || self.go.try_recv().is_ok() {
            self.shared.change(|schedule, now| schedule.done(chat, now));
        } else {
            self.shared.change(|schedule, now| schedule.given_up(chat, now));
        }
    }
}

#[derive(Deserialize)]
struct SentMessage {
    message_id: i32,
}

impl Sender {
    /// A sender over `client`. Must be called inside a tokio runtime.
    #[must_use]
    pub fn start(client: Client, options: SenderOptions) -> Self {
        let schedule = Schedule::new(options.clone(), Instant::now());
        let shared = Arc::new(Shared {
            state: Mutex::new(State { schedule, pump_at: None }),
            wake: Notify::new(),
            stop: CancellationToken::new(),
        });
        let pump = tokio::spawn(Arc::clone(&shared).pump());
        let inner = Inner { client, options, shared, pump: Mutex::new(Some(pump)) };
        Self { inner: Arc::new(inner) }
    }

    /// Calls accepted and not yet finished.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.inner.shared.lock().schedule.calls()
    }

    /// Refuses calls from now on and ends those that wait; requests already out are let finish by
    /// their callers.
    pub async fn stop(&self) {
        self.inner.shared.stop.cancel();
        let pump = self.inner.pump.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(pump) = pump {
            // The pump neither panics nor is aborted, so there is nothing to learn from its end.
            let _ended = pump.await;
        }
    }

    /// Delivers one call and waits for Telegram's answer.
    ///
    /// Calls of one chat go out in the order they came, answers before broadcasts; answers to
    /// presses, chat actions and menus go at once. Waits for limits, for `retry_after`, and between
    /// retries after network errors and 5xx; all of it within the time the options give.
    ///
    /// A broadcast's message is tried once and what fails is told at once: its chat's answers must
    /// not wait behind its retries, and each of those has to find its turn behind them.
    ///
    /// # Errors
    /// [`SendError`], one variant per thing a caller may do about it.
    pub async fn send(&self, outgoing: Outgoing) -> Result<Sent, SendError> {
        self.send_unless(outgoing, &CancellationToken::new()).await
    }

    /// As [`Sender::send`], unless the call is withdrawn while it waits for its turn. One that is
    /// out is waited for in any case.
    ///
    /// # Errors
    /// As [`Sender::send`], and [`SendError::Withdrawn`].
    pub async fn send_unless(
        &self,
        outgoing: Outgoing,
        withdrawn: &CancellationToken,
    ) -> Result<Sent, SendError> {
        let inner = &*self.inner;
        if inner.shared.stop.is_cancelled() {
            return Err(SendError::Stopped);
        }
        let Outgoing { chat, priority, call } = outgoing;
        let within = match (&call, priority) {
            (Call::AnswerPress { .. }, _) => inner.options.press_within,
            (_, Priority::Answer) => inner.options.answer_within,
            (_, Priority::Broadcast) => inner.options.broadcast_within,
        };
        let deadline = Instant::now() + within;
        let retried_until = match priority {
            Priority::Answer => Some(deadline),
            Priority::Broadcast => None,
        };
        if !call.is_ordered() {
            return inner.deliver(chat, &call, retried_until).await;
        }
        let turn = inner.take_turn(chat, priority, call.is_limited(), deadline);
        let turn = withdrawn.run_until_cancelled(turn).await;
        let _turn = turn.ok_or(SendError::Withdrawn)??;
        inner.deliver(chat, &call, retried_until).await
    }
}

impl Inner {
    async fn take_turn(
        &self,
        chat: ChatId,
        priority: Priority,
        limited: bool,
        deadline: Instant,
    ) -> Result<Turn<'_>, SendError> {
        let asked = self.shared.change(|schedule, now| {
            // Waiting in vain helps nobody, and would keep others out of the line.
            match schedule.paused_until(chat, now) {
                Some(until) if until > deadline => Err(retry_after(until, now)),
                _ => schedule.ask(chat, priority, limited, now).map_err(|no_room| match no_room {
                    NoRoom::Chat => SendError::ChatFull,
                    NoRoom::All => SendError::Full,
                }),
            }
        });
        let mut turn = Turn { shared: &self.shared, chat, go: asked?, taken: false };
        tokio::select! {
            biased;
            gone = timeout_at(deadline, &mut turn.go) => match gone {
                Ok(Ok(())) => {
                    turn.taken = true;
                    Ok(turn)
                }
                Ok(Err(_)) => Err(SendError::Stopped),
                Err(_) => Err(SendError::TimedOut),
            },
            () = self.shared.stop.cancelled() => Err(SendError::Stopped),
        }
    }

    /// Sends until it is delivered, refused, or out of time; once where there is none.
    async fn deliver(
        &self,
        chat: ChatId,
        call: &Call,
        retried_until: Option<Instant>,
    ) -> Result<Sent, SendError> {
        let mut request = call.encode(chat, false).map_err(SendError::Call)?;
        let mut may_simplify = call.is_rich();
        let mut backoff = self.options.backoff_min;
        loop {
            let error = match self.post(call, &request).await {
                Ok(sent) => return Ok(sent),
                Err(error) => error,
            };
            let now = Instant::now();
            let again_at = match error {
                CallError::NotModified => return Ok(Sent::Unchanged),
                CallError::QueryTooOld => return Ok(Sent::TooLate),
                CallError::MessageGone => return Err(SendError::MessageGone),
                CallError::Blocked { .. } => return Err(SendError::Unreachable),
                CallError::Refused { ref description, .. }
                    if may_simplify && blames_novelty(description) =>
                {
                    may_simplify = false;
                    request = call.encode(chat, true).map_err(SendError::Call)?;
                    continue;
                }
                CallError::RetryAfter { secs } => {
                    let until = now + Duration::from_secs(u64::from(secs));
                    if call.is_ordered() {
                        self.shared.change(|schedule, _| schedule.pause(chat, until));
                    }
                    if retried_until.is_none_or(|deadline| until > deadline) {
                        return Err(retry_after(until, now));
                    }
                    until
                }
                CallError::Server { .. } | CallError::Network { .. } => {
                    let again_at = now + backoff;
                    backoff = (backoff * 2).min(self.options.backoff_max);
                    if retried_until.is_none_or(|deadline| again_at > deadline) {
                        return Err(SendError::Call(error));
                    }
                    again_at
                }
                other => return Err(SendError::Call(other)),
            };
            tokio::select! {
                () = self.shared.stop.cancelled() => return Err(SendError::Stopped),
                () = sleep_until(again_at) => {}
            }
        }
    }

    async fn post(
        &self,
        call: &Call,
        request: &crate::outgoing::Request,
    ) -> Result<Sent, CallError> {
        let options = &self.options;
        let timeout = if call.is_upload() { options.upload_timeout } else { options.call_timeout };
        let body = request.body.clone();
        if call.gives_message() {
            let message: SentMessage = self.client.post(request.method, body, timeout).await?;
            return Ok(Sent::Message(MessageId(message.message_id)));
        }
        let _done: IgnoredAny = self.client.post(request.method, body, timeout).await?;
        Ok(Sent::Done)
    }
}

/// The server understands the message but not one of its buttons or its moments. Servers older
/// than a kind of button say that text buttons are not allowed; the official one names the
/// button. An unknown tag is named as well.
fn blames_novelty(description: &str) -> bool {
    let description = description.to_ascii_lowercase();
    description.contains("button") || description.contains("tg-time")
}

fn retry_after(until: Instant, now: Instant) -> SendError {
    let left = until.saturating_duration_since(now);
    SendError::RetryAfter { secs: left.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX) }
}
