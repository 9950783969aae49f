//! Brings one message of a broadcast to one customer. Only `broadcasting` uses it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use ring4_domain::broadcast::Delivery;
use ring4_domain::ids::{Timestamp, UserId};
use ring4_telegram::client::CallError;
use ring4_telegram::outgoing::{Call, ChatId, Markup, Outgoing, Priority};
use ring4_telegram::sender::SendError;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::shop::Shop;

/// Wait before a message that was not sent is tried again, in seconds.
const AGAIN_SECS: u32 = 5;

/// A message is given up when it failed so often, and for so long, in seconds: where others got
/// through meanwhile, it is this one's fault; where none did, Telegram's.
const TRIES_MAX: u32 = 10;
const FAILING_SECS: u32 = 300;
const FAILING_ALONE_SECS: u32 = 3_600;

/// What all messages of one stretch of a broadcast share.
pub(super) struct Courier {
    shop: Arc<Shop>,
    text: String,
    /// Messages that Telegram said yes or no to.
    answered: AtomicU64,
    /// Cancelled when nothing more is to go out.
    withdrawn: CancellationToken,
}

/// A message that failed and is tried again.
#[derive(Clone, Copy, Debug)]
struct Failing {
    since: Timestamp,
    tries: u32,
    /// Messages that had got through by then.
    answered: u64,
}

impl Failing {
    fn is_hopeless(self, now: Timestamp, answered: u64) -> bool {
        let alone = answered == self.answered;
        let secs = if alone { FAILING_ALONE_SECS } else { FAILING_SECS };
        self.tries >= TRIES_MAX && now >= self.since.plus_secs(secs)
    }
}

impl Courier {
    pub fn new(shop: Arc<Shop>, text: String, withdrawn: CancellationToken) -> Self {
        Self { shop, text, answered: AtomicU64::new(0), withdrawn }
    }

    /// Sends until Telegram says yes or no, or it is given up; nothing where it is withdrawn or
    /// the shop ends before that.
    pub async fn deliver(&self, customer: UserId) -> Option<Delivery> {
        let mut failing: Option<Failing> = None;
        loop {
            let error = match self.send(customer).await {
                Ok(()) => return Some(self.answered(Delivery::Sent)),
                Err(SendError::Unreachable) => return Some(self.answered(Delivery::Unreachable)),
                Err(SendError::Stopped | SendError::Withdrawn) => return None,
                Err(error) => error,
            };
            if is_refused(&error) {
                tracing::warn!(%customer, %error, "a message of a broadcast was not taken");
                return Some(self.answered(Delivery::Failed));
            }
            let (now, answered) = (self.shop.clock.now(), self.answered.load(Relaxed));
            if may_be_its_fault(&error) {
                let known = failing.unwrap_or(Failing { since: now, tries: 0, answered });
                let tried = Failing { tries: known.tries.saturating_add(1), ..known };
                if tried.is_hopeless(now, answered) {
                    tracing::warn!(%customer, %error, "a message of a broadcast was given up");
                    return Some(Delivery::Failed);
                }
                failing = Some(tried);
            }
            tracing::debug!(%customer, %error, "a message of a broadcast is tried again");
            let wait = async {
                match error {
                    SendError::RetryAfter { secs } => sleep(Duration::from_secs(secs.max(1))).await,
                    _ => self.shop.clock.sleep_until(now.plus_secs(AGAIN_SECS)).await,
                }
            };
            self.withdrawn.run_until_cancelled(wait).await?;
        }
    }

    fn answered(&self, delivery: Delivery) -> Delivery {
        self.answered.fetch_add(1, Relaxed);
        delivery
    }

    async fn send(&self, customer: UserId) -> Result<(), SendError> {
        let text = self.text.clone();
        let call = Call::SendMessage { text, markup: Markup::None, reply_to: None, silent: false };
        let chat = ChatId::from(customer);
        let outgoing = Outgoing { chat, priority: Priority::Broadcast, call };
        self.shop.sender.send_unless(outgoing, &self.withdrawn).await.map(|_| ())
    }
}

/// Whether Telegram has read the message and will never take it.
const fn is_refused(error: &SendError) -> bool {
    matches!(
        error,
        SendError::Call(CallError::Refused { code: 400, .. } | CallError::Unencodable { .. })
    )
}

/// Whether it may be this message's or this customer's fault. A turn that came too late is
/// nobody's; that the bot is not let in at all is the operator's, who is told of it.
const fn may_be_its_fault(error: &SendError) -> bool {
    match error {
        SendError::TimedOut | SendError::Full | SendError::ChatFull => false,
        SendError::Call(error) => {
            !matches!(error, CallError::Unauthorized | CallError::Conflict { .. })
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_given_up_late_and_later_where_nobody_gets_through() {
        let at = |secs| Timestamp(0).plus_secs(secs);
        let failing = |tries| Failing { since: at(0), tries, answered: 3 };
        let rows = [
            ("often, not long", 60, 299, 4, false),
            ("long, not often", 9, 4_000, 4, false),
            ("others get through", 10, 300, 4, true),
            ("nobody does", 60, 3_599, 3, false),
            ("nobody does for an hour", 60, 3_600, 3, true),
        ];
        for (what, tries, secs, answered, hopeless) in rows {
            assert_eq!(failing(tries).is_hopeless(at(secs), answered), hopeless, "{what}");
        }
    }

    #[test]
    fn only_what_telegram_has_read_and_refuses_is_written_off_at_once() {
        let refused =
            |code| SendError::Call(CallError::Refused { code, description: String::new() });
        let call = SendError::Call;
        let reason = String::new;
        let rows = [
            (refused(400), true, true),
            (refused(404), false, true),
            (call(CallError::Unencodable { reason: reason() }), true, true),
            (call(CallError::Undecodable { reason: reason() }), false, true),
            (call(CallError::Server { code: 502 }), false, true),
            (call(CallError::Network { sent: true, reason: reason() }), false, true),
            (SendError::RetryAfter { secs: 5 }, false, true),
            (call(CallError::Unauthorized), false, false),
            (call(CallError::Conflict { webhook: false }), false, false),
            (SendError::TimedOut, false, false),
            (SendError::Full, false, false),
            (SendError::ChatFull, false, false),
        ];
        for (error, at_once, in_time) in rows {
            assert_eq!(is_refused(&error), at_once, "{error}");
            assert_eq!(may_be_its_fault(&error), in_time, "{error}");
        }
    }
}
