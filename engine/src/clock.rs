//! The engine's clock. Everything that waits, waits on this; the leaves are handed closures.
//!
//! In the demo the playground owns the time and may speed it up or jump; for real it is the
//! system's. A sleep that only counted tokio's seconds would sleep through a jump.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ring4_domain::ids::Timestamp;
use tokio::sync::watch;

/// How this clock relates to the system's: `now = anchor + (system - system_anchor) × speed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The system's time when the pace was set, in milliseconds since 1970.
    pub system_anchor_ms: i64,
    /// This clock's time at that moment.
    pub anchor_ms: i64,
    /// Seconds of this clock in one second of the system's; at least 1.
    pub speed: u32,
}

/// Longest sleep before the clock is looked at again, in real milliseconds: the system's clock
/// may be turned, and tells nobody.
const LOOK_AGAIN_MS: u64 = 10_000;

impl Pace {
    const REAL: Self = Self { system_anchor_ms: 0, anchor_ms: 0, speed: 1 };
}

/// A clock; clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    pace: watch::Receiver<Pace>,
    // Keeps the channel of a real clock open; a played one is kept open by its owner.
    _owner: Option<std::sync::Arc<watch::Sender<Pace>>>,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn real() -> Self {
        let (owner, pace) = watch::channel(Pace::REAL);
        Self { pace, _owner: Some(std::sync::Arc::new(owner)) }
    }

    /// A clock whose pace somebody else sets.
    #[must_use]
    pub const fn played(pace: watch::Receiver<Pace>) -> Self {
        Self { pace, _owner: None }
    }

    /// This moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let pace = *self.pace.borrow();
        let elapsed = system_ms().saturating_sub(pace.system_anchor_ms);
        Timestamp(pace.anchor_ms.saturating_add(elapsed.saturating_mul(i64::from(pace.speed))))
    }

    /// Sleeps until the moment has come, however the clock is turned meanwhile.
    pub async fn sleep_until(&self, moment: Timestamp) {
        let mut pace = self.pace.clone();
        loop {
            let speed = i64::from(pace.borrow_and_update().speed.max(1));
            let left = moment.0.saturating_sub(self.now().0);
            let Ok(left) = u64::try_from(left) else { return };
            if left == 0 {
                return;
            }
            // Rounded up, so that a fast clock does not spin through the last milliseconds.
            let real = left.div_ceil(speed.unsigned_abs()).min(LOOK_AGAIN_MS);
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(real)) => {}
                turned = pace.changed() => if turned.is_err() {
                    // The owner is gone; time goes on at the last pace.
                    tokio::time::sleep(Duration::from_millis(real)).await;
                }
            }
        }
    }

    /// The time as a closure in milliseconds, the form in which the leaves take it.
    pub fn reader(&self) -> impl Fn() -> i64 + Send + Sync + 'static {
        let clock = self.clone();
        move || clock.now().0
    }
}

fn system_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_clock_jumps() {
        let start = Pace { system_anchor_ms: system_ms(), anchor_ms: 1_000_000, speed: 1 };
        let (owner, pace) = watch::channel(start);
        let clock = Clock::played(pace);
        let due = clock.now().plus_secs(600);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(due).await }
        });
        owner.send_modify(|pace| pace.anchor_ms += 601_000);
        let woke = tokio::time::timeout(Duration::from_secs(5), sleeper).await;
        assert!(woke.is_ok(), "still asleep after the jump");
        assert!(clock.now() >= due);
    }
}
