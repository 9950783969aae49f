//! Counts one provider's latest calls for the status screen. The provider imports this.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Calls that are remembered; a busier minute is shown as this many.
const CALLS_KEPT: usize = 2_000;

/// Calls the error rate speaks of.
const CALLS_RATED: usize = 100;

/// The latest calls, oldest first, and whether they failed.
#[derive(Debug, Default)]
pub(super) struct Tally {
    calls: Mutex<VecDeque<(Instant, bool)>>,
}

impl Tally {
    pub(super) fn count(&self, failed: bool) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() == CALLS_KEPT {
            calls.pop_front();
        }
        calls.push_back((Instant::now(), failed));
    }

    /// Failed calls among the latest hundred in percent, and calls in the last minute.
    pub(super) fn read(&self) -> (u8, u32) {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let rated = calls.len().min(CALLS_RATED);
        let failed = calls.iter().rev().take(rated).filter(|(_, failed)| *failed).count();
        let percent = (failed * 100).checked_div(rated).unwrap_or_default();
        let now = Instant::now();
        let recent = |(at, _): &&(Instant, bool)| {
            now.saturating_duration_since(*at) < Duration::from_secs(60)
        };
        let per_minute = calls.iter().rev().take_while(recent).count();
        (u8::try_from(percent).unwrap_or(100), u32::try_from(per_minute).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_rate_is_of_the_latest_hundred_and_the_count_of_a_minute() {
        let tally = Tally::default();
        assert_eq!(tally.read(), (0, 0));
        (0..300).for_each(|_| tally.count(true));
        tokio::time::advance(Duration::from_secs(61)).await;
        (0..75).for_each(|_| tally.count(false));
        assert_eq!(tally.read(), (25, 75));
    }
}
