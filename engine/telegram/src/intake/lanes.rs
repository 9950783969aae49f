//! Who is handled next: one lane per chat, serial inside, round robin among them.
//! No I/O and no waiting; only the intake imports it.
//!
//! A flood in one chat costs the others nothing: a lane holds a few updates ready, of the rest
//! only the place in the inbox, and after each update the lane stands at the end of the line.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;

use tokio::sync::mpsc;

use crate::inbound::Incoming;
use crate::inbox::Entry;

/// An update that waits for a worker.
#[derive(Debug)]
pub(super) enum Job {
    /// Ready in memory.
    Ready(Box<Incoming>, Entry),
    /// To be read back from the inbox.
    Stored(Entry),
    /// In memory only, because the inbox cannot be written.
    Unstored(Box<Incoming>, Held),
}

/// Kept for as long as an update that is in memory only is not done. Nothing is ever sent.
pub(super) type Held = mpsc::Sender<Infallible>;

#[derive(Default)]
struct Lane {
    waiting: VecDeque<Job>,
    running: bool,
}

/// All lanes with something waiting or running.
pub(super) struct Lanes {
    lanes: HashMap<i64, Lane>,
    /// Lanes with something waiting and nothing running, each once.
    line: VecDeque<i64>,
    waiting: usize,
    ready: usize,
    lane_ready_max: usize,
    ready_max: usize,
}

impl Lanes {
    pub(super) fn new(lane_ready_max: usize, ready_max: usize) -> Self {
        Self {
            lanes: HashMap::new(),
            line: VecDeque::new(),
            waiting: 0,
            ready: 0,
            lane_ready_max,
            ready_max,
        }
    }

    /// Updates waiting, in memory or not.
    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Adds an update. `true` when its lane came into the line, so that a worker has work.
    pub(super) fn push(&mut self, incoming: Incoming, entry: Entry) -> bool {
        let key = incoming.lane();
        let lane = self.lanes.entry(key).or_default();
        let job = if lane.waiting.len() < self.lane_ready_max && self.ready < self.ready_max {
            self.ready += 1;
            Job::Ready(Box::new(incoming), entry)
        } else {
            Job::Stored(entry)
        };
        self.add(key, job)
    }

    /// Adds an update that is in memory only; see [`Lanes::push`].
    pub(super) fn push_unstored(&mut self, incoming: Incoming, held: Held) -> bool {
        let key = incoming.lane();
        self.add(key, Job::Unstored(Box::new(incoming), held))
    }

    fn add(&mut self, key: i64, job: Job) -> bool {
        let lane = self.lanes.entry(key).or_default();
        let joins = lane.waiting.is_empty() && !lane.running;
        lane.waiting.push_back(job);
        self.waiting += 1;
        if joins {
            self.line.push_back(key);
        }
        joins
    }

    /// The next update and its lane, which is closed until [`Lanes::finish`].
    pub(super) fn take(&mut self) -> Option<(i64, Job)> {
        let key = self.line.pop_front()?;
        let lane = self.lanes.get_mut(&key)?;
        let job = lane.waiting.pop_front()?;
        lane.running = true;
        self.waiting = self.waiting.saturating_sub(1);
        if matches!(job, Job::Ready(..)) {
            self.ready = self.ready.saturating_sub(1);
        }
        Some((key, job))
    }

    /// Opens the lane again. `true` when it came into the line.
    pub(super) fn finish(&mut self, key: i64) -> bool {
        let Some(lane) = self.lanes.get_mut(&key) else { return false };
        lane.running = false;
        if lane.waiting.is_empty() {
            self.lanes.remove(&key);
            return false;
        }
        self.line.push_back(key);
        true
    }
}

#[cfg(test)]
mod tests;
