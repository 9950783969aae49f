//! The bot's queue of updates, with offsets, expiry and the rule of one poller. Only this crate.

use std::collections::VecDeque;

/// How many updates wait at most; Telegram drops new ones beyond this.
const UPDATES_MAX: usize = 100_000;

/// How many bytes of updates wait at most, as at Telegram.
const UPDATES_BYTES_MAX: usize = 128 << 20;

/// The life of an update in the queue, in played milliseconds.
const MESSAGE_LIFE_MS: i64 = 24 * 3600 * 1000;

/// The life of a press in the queue, in played milliseconds.
pub(crate) const PRESS_LIFE_MS: i64 = 150 * 1000;

/// The life of an inline query in the queue, in played milliseconds.
pub(crate) const INLINE_LIFE_MS: i64 = 30 * 1000;

/// The kinds of update the playground can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpdateKind {
    Message,
    CallbackQuery,
    PreCheckoutQuery,
    InlineQuery,
    MyChatMember,
}

impl UpdateKind {
    /// The name of the kind in `allowed_updates` and in the update itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::CallbackQuery => "callback_query",
            Self::PreCheckoutQuery => "pre_checkout_query",
            Self::InlineQuery => "inline_query",
            Self::MyChatMember => "my_chat_member",
        }
    }

    fn life_ms(self) -> i64 {
        match self {
            Self::CallbackQuery | Self::PreCheckoutQuery => PRESS_LIFE_MS,
            Self::InlineQuery => INLINE_LIFE_MS,
            Self::Message | Self::MyChatMember => MESSAGE_LIFE_MS,
        }
    }
}

/// An update that waits to be fetched, already in the form it is sent in.
pub(crate) struct QueuedUpdate {
    pub id: i64,
    pub json: Box<str>,
    expires_ms: i64,
}

/// Where updates are posted instead of being polled for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Webhook {
    pub url: String,
    pub secret: Option<String>,
    pub max_connections: i64,
    pub last_error: Option<(i64, String)>,
}

/// The queue.
pub(crate) struct UpdateQueue {
    queue: VecDeque<QueuedUpdate>,
    bytes: usize,
    next_id: i64,
    /// No update expires before this moment; saves looking at each of them on every poll.
    earliest_expiry_ms: i64,
    /// `None` is Telegram's default: all kinds the playground makes.
    pub allowed: Option<Vec<String>>,
    /// Counts `getUpdates` calls; a waiting one that finds a later call gives way.
    pub poll_generation: u64,
    pub webhook: Option<Webhook>,
    /// Counts changes of the webhook, so that its sender notices one.
    pub webhook_generation: u64,
    pub confirmed_count: u64,
    pub expired_count: u64,
    pub dropped_count: u64,
}

impl UpdateQueue {
    /// An empty queue whose first update has this number.
    pub fn starting_at(update_id_first: i64) -> Self {
        Self {
            queue: VecDeque::new(),
            bytes: 0,
            next_id: update_id_first,
            earliest_expiry_ms: i64::MAX,
            allowed: None,
            poll_generation: 0,
            webhook: None,
            webhook_generation: 0,
            confirmed_count: 0,
            expired_count: 0,
            dropped_count: 0,
        }
    }
}

impl UpdateQueue {
    /// Queues an update whose kind-specific object is `payload`. Returns its id, or `None` when
    /// the bot did not ask for this kind or the queue is full.
    pub fn push(&mut self, kind: UpdateKind, payload: &str, now_ms: i64) -> Option<i64> {
        if let Some(allowed) = &self.allowed
            && !allowed.iter().any(|name| name == kind.name())
        {
            return None;
        }
        if self.queue.len() >= UPDATES_MAX || self.bytes + payload.len() > UPDATES_BYTES_MAX {
            self.expire(now_ms);
            if self.queue.len() >= UPDATES_MAX || self.bytes + payload.len() > UPDATES_BYTES_MAX {
                self.dropped_count += 1;
                return None;
            }
        }
        let id = self.next_id;
        self.next_id += 1;
        let json = format!("{{\"update_id\":{id},\"{}\":{payload}}}", kind.name());
        self.bytes += json.len();
        let expires_ms = now_ms.saturating_add(kind.life_ms());
        self.earliest_expiry_ms = self.earliest_expiry_ms.min(expires_ms);
        self.queue.push_back(QueuedUpdate { id, json: json.into_boxed_str(), expires_ms });
        Some(id)
    }

    /// Forgets what the bot has confirmed: everything below `offset`. A negative offset keeps
    /// that many updates from the end.
    pub fn confirm(&mut self, offset: i64) {
        let first_kept = if offset < 0 { self.next_id.saturating_add(offset) } else { offset };
        while self.queue.front().is_some_and(|update| update.id < first_kept) {
            self.pop();
            self.confirmed_count += 1;
        }
    }

    /// Forgets updates whose life is over.
    pub fn expire(&mut self, now_ms: i64) {
        if now_ms < self.earliest_expiry_ms {
            return;
        }
        let before = self.queue.len();
        let mut freed = 0;
        let mut earliest = i64::MAX;
        // Presses live shorter than messages, so the expired are not all at the front.
        self.queue.retain(|update| {
            let lives = update.expires_ms > now_ms;
            if lives {
                earliest = earliest.min(update.expires_ms);
            } else {
                freed += update.json.len();
            }
            lives
        });
        self.earliest_expiry_ms = earliest;
        self.bytes -= freed;
        let expired = before - self.queue.len();
        self.expired_count += u64::try_from(expired).unwrap_or(u64::MAX);
    }

    /// Writes up to `limit` updates as a JSON list; whether there was any.
    pub fn write_batch(&self, limit: usize, out: &mut Vec<u8>) -> bool {
        out.push(b'[');
        for (index, update) in self.queue.iter().take(limit).enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(update.json.as_bytes());
        }
        out.push(b']');
        !self.queue.is_empty()
    }

    /// The oldest update, for the webhook.
    pub fn first(&self) -> Option<&QueuedUpdate> {
        self.queue.front()
    }

    /// Forgets everything that waits.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.bytes = 0;
    }

    /// How many updates wait.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// The id the next update will get.
    pub fn next_id(&self) -> i64 {
        self.next_id
    }

    fn pop(&mut self) {
        if let Some(update) = self.queue.pop_front() {
            self.bytes -= update.json.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::FIRST_UPDATE_ID;

    fn ids(queue: &UpdateQueue) -> Vec<i64> {
        queue.queue.iter().map(|update| update.id - FIRST_UPDATE_ID).collect()
    }

    fn queue_of(kinds: &[UpdateKind]) -> UpdateQueue {
        let mut queue = UpdateQueue::starting_at(FIRST_UPDATE_ID);
        for kind in kinds {
            queue.push(*kind, "{}", 0);
        }
        queue
    }

    #[test]
    fn offsets_confirm() {
        let four = [UpdateKind::Message; 4];
        let table = [
            (0, vec![0, 1, 2, 3]),
            (FIRST_UPDATE_ID, vec![0, 1, 2, 3]),
            (FIRST_UPDATE_ID + 2, vec![2, 3]),
            (FIRST_UPDATE_ID + 900, vec![]),
            (-1, vec![3]),
            (-9, vec![0, 1, 2, 3]),
        ];
        for (offset, left) in table {
            let mut queue = queue_of(&four);
            queue.confirm(offset);
            assert_eq!(ids(&queue), left, "offset {offset}");
        }
    }

    #[test]
    fn presses_expire_before_messages() {
        let kinds = [UpdateKind::Message, UpdateKind::CallbackQuery, UpdateKind::MyChatMember];
        let table = [
            (PRESS_LIFE_MS - 1, vec![0, 1, 2]),
            (PRESS_LIFE_MS, vec![0, 2]),
            (MESSAGE_LIFE_MS, vec![]),
        ];
        for (now_ms, left) in table {
            let mut queue = queue_of(&kinds);
            queue.expire(now_ms);
            assert_eq!(ids(&queue), left, "at {now_ms}");
        }
    }

    #[test]
    fn kinds_not_asked_for_are_not_queued() {
        let mut queue = UpdateQueue {
            allowed: Some(vec!["message".into()]),
            ..UpdateQueue::starting_at(FIRST_UPDATE_ID)
        };
        assert_eq!(queue.push(UpdateKind::CallbackQuery, "{}", 0), None);
        assert_eq!(queue.push(UpdateKind::Message, "{}", 0), Some(FIRST_UPDATE_ID));
    }

    #[test]
    fn a_full_queue_drops_new_updates() {
        let mut queue = queue_of(&[UpdateKind::Message]);
        for _ in 1..UPDATES_MAX {
            queue.push(UpdateKind::Message, "{}", 0);
        }
        assert_eq!(queue.push(UpdateKind::Message, "{}", 0), None);
        assert_eq!((queue.len(), queue.dropped_count), (UPDATES_MAX, 1));
    }
}
