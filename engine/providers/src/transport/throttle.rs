//! Our own limit on requests to one vendor: a token bucket, and the pause a vendor asked for.
//! The transport imports this.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Requests that may go out at once before the rate applies.
const BURST: u32 = 10;

#[derive(Debug)]
struct Bucket {
    /// When the next request may go out, had every earlier one waited its turn.
    next: Instant,
    /// The vendor wants to be left alone until then.
    quiet_until: Instant,
}

/// A token bucket kept as one moment (a "virtual schedule"): no float and no timer.
#[derive(Debug)]
pub(crate) struct Throttle {
    interval: Duration,
    bucket: Mutex<Bucket>,
}

impl Throttle {
    /// At most this many requests a second, above a small burst; zero counts as one.
    pub(crate) fn new(rate_per_sec: u32) -> Self {
        let now = Instant::now();
        Self {
            interval: Duration::from_secs(1) / rate_per_sec.max(1),
            bucket: Mutex::new(Bucket { next: now, quiet_until: now }),
        }
    }

    /// Takes a turn and tells when it is due. Refused, without taking it, when that is later than
    /// `deadline`.
    pub(crate) fn reserve(&self, deadline: Instant) -> Result<Instant, Duration> {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let next = bucket.next.max(now);
        let slack = self.interval * (BURST - 1);
        let due = next.checked_sub(slack).unwrap_or(now).max(now).max(bucket.quiet_until);
        if due > deadline {
            return Err(due.saturating_duration_since(now));
        }
        bucket.next = next + self.interval;
        Ok(due)
    }

    /// The vendor asked for a pause.
    pub(crate) fn hush(&self, pause: Duration) {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.quiet_until = bucket.quiet_until.max(Instant::now() + pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_then_the_rate_holds() {
        let throttle = Throttle::new(10);
        let start = Instant::now();
        let far = start + Duration::from_secs(60);
        let waits: Vec<u128> = (0..13)
            .map(|_| throttle.reserve(far).expect("in time").duration_since(start).as_millis())
            .collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 200, 300]);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(throttle.reserve(far), Ok(Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_past_the_deadline_is_refused_and_not_taken() {
        let throttle = Throttle::new(1);
        let start = Instant::now();
        for _ in 0..BURST {
            assert_eq!(throttle.reserve(start), Ok(start));
        }
        assert_eq!(throttle.reserve(start), Err(Duration::from_secs(1)));
        assert_eq!(throttle.reserve(start), Err(Duration::from_secs(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_vendors_pause_is_kept() {
        let throttle = Throttle::new(10);
        throttle.hush(Duration::from_secs(60));
        throttle.hush(Duration::from_secs(5));
        let start = Instant::now();
        assert_eq!(throttle.reserve(start), Err(Duration::from_secs(60)));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(throttle.reserve(Instant::now()), Ok(Instant::now()));
    }
}
