//! Who may send now: order per chat, two priorities, token buckets, pauses. No I/O, no clock:
//! the sender tells it the time, so that every rule here is tested without waiting.
//!
//! A chat sends one call at a time. Its answers go before its broadcasts, but for one that they
//! kept behind them for long. Among chats that only wait for the global bucket answers go before
//! broadcasts too. A chat that must wait, because its bucket is empty or Telegram told it to, waits
//! in `timers` and is in nobody's way.
//!
//! Telegram does not say whether a chat or the bot as a whole was too fast. The chat is left alone
//! in any case; broadcasts are left alone for as long, whichever it was, because they can wait.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::limits::{Bucket, Rate, SenderOptions};
use crate::outgoing::{ChatId, Priority};

/// Idle chats looked at per step to forget those whose bucket is full again.
const FORGOTTEN_PER_STEP: usize = 2;

/// No room for another call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoRoom {
    Chat,
    All,
}

/// A call that waits for its turn. The sender's end is dropped when its caller gave up.
struct Ticket {
    limited: bool,
    asked_at: Instant,
    go: oneshot::Sender<()>,
}

/// One chat.
struct Line {
    busy: bool,
    bucket: Bucket,
    paused_until: Instant,
    answers: VecDeque<Ticket>,
    broadcasts: VecDeque<Ticket>,
    /// The timer that is set for it, so that it has one at most.
    timer: Option<Instant>,
    /// It stands in the ready list of answers, of broadcasts, or in the idle list.
    ready_answer: bool,
    ready_broadcast: bool,
    idle: bool,
}

impl Line {
    const fn new(now: Instant) -> Self {
        Self {
            busy: false,
            bucket: Bucket::new(now),
            paused_until: now,
            answers: VecDeque::new(),
            broadcasts: VecDeque::new(),
            timer: None,
            ready_answer: false,
            ready_broadcast: false,
            idle: false,
        }
    }

    fn calls(&self) -> usize {
        self.answers.len() + self.broadcasts.len() + usize::from(self.busy)
    }

    /// The next call that somebody still waits for, after dropping those given up. A broadcast
    /// that was asked for before `overdue_before` goes before the answers that keep it behind
    /// them: to somebody who never stops pressing it would not come at all.
    fn head(&mut self, overdue_before: Option<Instant>, dropped: &mut usize) -> Option<Head> {
        for queue in [&mut self.answers, &mut self.broadcasts] {
            while queue.front().is_some_and(|ticket| ticket.go.is_closed()) {
                queue.pop_front();
                *dropped += 1;
            }
        }
        let overdue =
            |ticket: &&Ticket| overdue_before.is_some_and(|before| ticket.asked_at <= before);
        let answer = self.answers.front();
        let overdue = answer.and(self.broadcasts.front()).filter(overdue);
        if let Some(Ticket { limited, .. }) = overdue {
            let (queue, limited) = (Priority::Broadcast, *limited);
            return Some(Head { queue, limited, among: Priority::Answer });
        }
        let of = |queue, ticket: &Ticket| Head { queue, limited: ticket.limited, among: queue };
        let answer = answer.map(|ticket| of(Priority::Answer, ticket));
        answer.or_else(|| self.broadcasts.front().map(|ticket| of(Priority::Broadcast, ticket)))
    }
}

/// The call of a chat that goes next.
struct Head {
    /// The queue of its chat that it stands in.
    queue: Priority,
    limited: bool,
    /// What it waits among where all chats together must wait: an overdue broadcast has answers
    /// behind it.
    among: Priority,
}

/// All chats with calls waiting, running, or so recent that their bucket is not full again.
pub(super) struct Schedule {
    options: SenderOptions,
    global: Bucket,
    lines: HashMap<ChatId, Line>,
    ready_answers: VecDeque<ChatId>,
    ready_broadcasts: VecDeque<ChatId>,
    broadcasts_paused_until: Instant,
    idle: VecDeque<ChatId>,
    timers: BinaryHeap<Reverse<(Instant, ChatId)>>,
    /// Calls waiting or running.
    calls: usize,
}

impl Schedule {
    pub(super) fn new(options: SenderOptions, now: Instant) -> Self {
        Self {
            options,
            global: Bucket::new(now),
            lines: HashMap::new(),
            ready_answers: VecDeque::new(),
            ready_broadcasts: VecDeque::new(),
            broadcasts_paused_until: now,
            idle: VecDeque::new(),
            timers: BinaryHeap::new(),
            calls: 0,
        }
    }

    /// Calls waiting or running.
    pub(super) const fn calls(&self) -> usize {
        self.calls
    }

    /// Puts a call in its chat's line. The receiver fires when it may go; afterwards
    /// [`Schedule::done`] must be called once.
    pub(super) fn ask(
        &mut self,
        chat: ChatId,
        priority: Priority,
        limited: bool,
        now: Instant,
    ) -> Result<oneshot::Receiver<()>, NoRoom> {
        if self.calls >= self.options.calls_max {
            return Err(NoRoom::All);
        }
        let line = self.lines.entry(chat).or_insert_with(|| Line::new(now));
        if line.calls() >= self.options.chat_calls_max {
            return Err(NoRoom::Chat);
        }
        let (go, gone) = oneshot::channel();
        let queue = match priority {
            Priority::Answer => &mut line.answers,
            Priority::Broadcast => &mut line.broadcasts,
        };
        queue.push_back(Ticket { limited, asked_at: now, go });
        self.calls += 1;
        self.consider(chat, now);
        Ok(gone)
    }

    /// The chat's running call ended.
    pub(super) fn done(&mut self, chat: ChatId, now: Instant) {
        if let Some(line) = self.lines.get_mut(&chat) {
            line.busy = false;
            self.calls = self.calls.saturating_sub(1);
            self.consider(chat, now);
        }
    }

    /// A caller gave up while waiting, so the next in line may be ready.
    pub(super) fn given_up(&mut self, chat: ChatId, now: Instant) {
        self.consider(chat, now);
    }

    /// Nothing goes to the chat until then, and no broadcast to anybody.
    pub(super) fn pause(&mut self, chat: ChatId, until: Instant) {
        if let Some(line) = self.lines.get_mut(&chat) {
            line.paused_until = line.paused_until.max(until);
        }
        self.broadcasts_paused_until = self.broadcasts_paused_until.max(until);
    }

    /// Until when the chat is paused, if it is.
    pub(super) fn paused_until(&self, chat: ChatId, now: Instant) -> Option<Instant> {
        let until = self.lines.get(&chat)?.paused_until;
        (until > now).then_some(until)
    }

    /// Lets go whatever may go, and tells when to ask again.
    pub(super) fn advance(&mut self, now: Instant) -> Option<Instant> {
        while let Some(Reverse((at, chat))) = self.timers.peek().copied() {
            if at > now {
                break;
            }
            self.timers.pop();
            if let Some(line) = self.lines.get_mut(&chat)
                && line.timer == Some(at)
            {
                line.timer = None;
            }
            self.consider(chat, now);
        }
        while self.global.ready_at(self.options.global) <= now {
            if let Some(chat) = self.ready_answers.pop_front() {
                self.unlist(chat, Priority::Answer);
                self.let_go(chat, now);
            } else if self.broadcasts_paused_until <= now
                && let Some(chat) = self.ready_broadcasts.pop_front()
            {
                self.unlist(chat, Priority::Broadcast);
                self.let_go(chat, now);
            } else {
                break;
            }
        }
        self.forget(now);
        let ready_at = self.global.ready_at(self.options.global);
        let global = if !self.ready_answers.is_empty() {
            Some(ready_at)
        } else if !self.ready_broadcasts.is_empty() {
            Some(ready_at.max(self.broadcasts_paused_until))
        } else {
            None
        };
        let timer = self.timers.peek().map(|Reverse((at, _))| *at);
        match (global, timer) {
            (Some(global), Some(timer)) => Some(global.min(timer)),
            (one, other) => one.or(other),
        }
    }

    fn rate(&self, chat: ChatId) -> Rate {
        // Telegram gives groups and channels negative ids.
        if chat.0 < 0 { self.options.group } else { self.options.private }
    }

    /// Broadcasts asked for before then go before their chat's answers; none does while
    /// broadcasts are left alone.
    fn overdue_before(&self, now: Instant) -> Option<Instant> {
        let may_go = self.broadcasts_paused_until <= now;
        may_go.then(|| now.checked_sub(self.options.broadcast_behind_max)).flatten()
    }

    /// Finds the chat its place: running, ready, waiting for a moment, or idle.
    fn consider(&mut self, chat: ChatId, now: Instant) {
        let (rate, overdue_before) = (self.rate(chat), self.overdue_before(now));
        let Some(line) = self.lines.get_mut(&chat) else { return };
        if line.busy {
            return;
        }
        let mut dropped = 0;
        let head = line.head(overdue_before, &mut dropped);
        self.calls = self.calls.saturating_sub(dropped);
        let Some(Head { limited, among, .. }) = head else {
            if !line.idle {
                line.idle = true;
                self.idle.push_back(chat);
            }
            return;
        };
        let mut at = line.paused_until;
        if limited {
            at = at.max(line.bucket.ready_at(rate));
        }
        if at > now {
            if line.timer.is_none_or(|timer| at < timer) {
                line.timer = Some(at);
                self.timers.push(Reverse((at, chat)));
            }
        } else if limited {
            let (listed, ready) = match among {
                Priority::Answer => (&mut line.ready_answer, &mut self.ready_answers),
                Priority::Broadcast => (&mut line.ready_broadcast, &mut self.ready_broadcasts),
            };
            if !*listed {
                *listed = true;
                ready.push_back(chat);
            }
        } else {
            self.let_go(chat, now);
        }
    }

    fn unlist(&mut self, chat: ChatId, priority: Priority) {
        if let Some(line) = self.lines.get_mut(&chat) {
            match priority {
                Priority::Answer => line.ready_answer = false,
                Priority::Broadcast => line.ready_broadcast = false,
            }
        }
    }

    /// Lets the chat's head go if it still may; a list entry may have been overtaken by events.
    fn let_go(&mut self, chat: ChatId, now: Instant) {
        let (rate, overdue_before) = (self.rate(chat), self.overdue_before(now));
        let Some(line) = self.lines.get_mut(&chat) else { return };
        if line.busy {
            return;
        }
        let mut dropped = 0;
        while let Some(Head { queue, limited, .. }) = line.head(overdue_before, &mut dropped) {
            let may = line.paused_until <= now && (!limited || line.bucket.ready_at(rate) <= now);
            let waits =
                queue == Priority::Broadcast && limited && self.broadcasts_paused_until > now;
            if waits || !may {
                break;
            }
            let queue = match queue {
                Priority::Answer => &mut line.answers,
                Priority::Broadcast => &mut line.broadcasts,
            };
            let Some(ticket) = queue.pop_front() else { break };
            if ticket.go.send(()).is_err() {
                dropped += 1;
                continue;
            }
            line.busy = true;
            if limited {
                line.bucket.take(now, rate);
                self.global.take(now, self.options.global);
            }
            break;
        }
        self.calls = self.calls.saturating_sub(dropped);
        if !self.lines.get(&chat).is_some_and(|line| line.busy) {
            self.consider_later(chat, now);
        }
    }

    /// As [`Schedule::consider`], for a chat whose head may not go now, so that it cannot recurse.
    fn consider_later(&mut self, chat: ChatId, now: Instant) {
        let rate = self.rate(chat);
        let Some(line) = self.lines.get_mut(&chat) else { return };
        let mut at = line.paused_until.max(line.bucket.ready_at(rate)).max(now);
        if line.answers.is_empty() {
            at = at.max(self.broadcasts_paused_until);
        }
        if line.calls() == 0 {
            if !line.idle {
                line.idle = true;
                self.idle.push_back(chat);
            }
        } else if line.timer.is_none_or(|timer| at < timer) {
            line.timer = Some(at);
            self.timers.push(Reverse((at, chat)));
        }
    }

    /// Forgets idle chats that nothing is to be remembered of, a few per step.
    fn forget(&mut self, now: Instant) {
        for _ in 0..FORGOTTEN_PER_STEP.min(self.idle.len()) {
            let Some(chat) = self.idle.pop_front() else { return };
            let Some(line) = self.lines.get_mut(&chat) else { continue };
            line.idle = false;
            if line.calls() > 0 {
                continue;
            }
            if line.bucket.used_until <= now && line.paused_until <= now {
                self.lines.remove(&chat);
            } else {
                line.idle = true;
                self.idle.push_back(chat);
            }
        }
    }
}

#[cfg(test)]
mod tests;
