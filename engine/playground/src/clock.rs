//! The playground's clock, which the whole play follows. Anyone may import this.
//!
//! Everything that ages (updates, presses, vendor orders) asks this clock and not the machine's,
//! so that ten minutes can be lived in one second. Network time-outs stay on real time: a client
//! that waits for an answer does not live in the play.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// The fastest clock, in played seconds per real second.
pub const SPEED_MAX: u32 = 10_000;

/// The furthest single jump forward, in seconds (ten years).
pub const ADVANCE_SECS_MAX: u64 = 10 * 366 * 24 * 3600;

/// How played time follows from real time, until the next change of pace.
///
/// A copy is all another part of the process needs to compute the same "now" as the playground:
/// played time was `anchor_ms` at the real moment `anchor` and has run at `speed` since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The real moment at which this pace began.
    pub anchor: Instant,
    /// The played time at that moment, in milliseconds since the Unix epoch.
    pub anchor_ms: i64,
    /// Played seconds per real second; 0 stands still and moves by jumps only.
    pub speed: u32,
}

impl Pace {
    /// The played time now, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.at(Instant::now())
    }

    /// The played time at a real moment; moments before the anchor count as the anchor.
    #[must_use]
    pub fn at(&self, moment: Instant) -> i64 {
        let real = moment.saturating_duration_since(self.anchor).as_micros();
        let played_ms = real.saturating_mul(u128::from(self.speed)) / 1000;
        self.anchor_ms.saturating_add(i64::try_from(played_ms).unwrap_or(i64::MAX))
    }

    /// The real time left until a played moment: zero when it has passed, `None` when the clock
    /// stands still before it.
    #[must_use]
    pub fn real_until(&self, deadline_ms: i64) -> Option<Duration> {
        let left_ms = deadline_ms.saturating_sub(self.now_ms());
        if left_ms <= 0 {
            return Some(Duration::ZERO);
        }
        let left_us = left_ms.unsigned_abs().saturating_mul(1000);
        left_us.checked_div(u64::from(self.speed)).map(|us| Duration::from_micros(us + 1))
    }

    /// How far played time is from the machine's clock at this moment, in milliseconds.
    #[must_use]
    pub fn offset_ms(&self) -> i64 {
        self.now_ms().saturating_sub(machine_now_ms())
    }
}

/// The clock itself; clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    pace: Arc<watch::Sender<Pace>>,
}

impl Clock {
    /// A clock that starts at the machine's time. The speed is cut to [`SPEED_MAX`].
    #[must_use]
    pub fn starting_now(speed: u32) -> Self {
        let pace = Pace {
            anchor: Instant::now(),
            anchor_ms: machine_now_ms(),
            speed: speed.min(SPEED_MAX),
        };
        Self { pace: Arc::new(watch::Sender::new(pace)) }
    }

    /// The played time now, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.pace.borrow().now_ms()
    }

    /// The played time now, in whole seconds since the Unix epoch.
    #[must_use]
    pub fn now_secs(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    /// The pace in force.
    #[must_use]
    pub fn pace(&self) -> Pace {
        *self.pace.borrow()
    }

    /// Jumps forward; the jump is cut to [`ADVANCE_SECS_MAX`]. Time never goes back.
    pub fn advance(&self, step: Duration) {
        let step = step.min(Duration::from_secs(ADVANCE_SECS_MAX));
        let step_ms = i64::try_from(step.as_millis()).unwrap_or(i64::MAX);
        self.change(|pace| pace.anchor_ms = pace.anchor_ms.saturating_add(step_ms));
    }

    /// Changes the speed from now on; it is cut to [`SPEED_MAX`], and 0 stands still.
    pub fn set_speed(&self, speed: u32) {
        self.change(|pace| pace.speed = speed.min(SPEED_MAX));
    }

    /// Follows the pace: the receiver holds the present one and wakes at every change.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Pace> {
        self.pace.subscribe()
    }

    fn change(&self, edit: impl FnOnce(&mut Pace)) {
        self.pace.send_modify(|pace| {
            let moment = Instant::now();
            pace.anchor_ms = pace.at(moment);
            pace.anchor = moment;
            edit(pace);
        });
    }
}

fn machine_now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_runs_at_its_speed() {
        let anchor = Instant::now();
        let pace = Pace { anchor, anchor_ms: 1_000, speed: 60 };
        assert_eq!(pace.at(anchor), 1_000);
        assert_eq!(pace.at(anchor + Duration::from_millis(500)), 31_000);
        assert_eq!(pace.at(anchor - Duration::from_millis(500)), 1_000);
    }

    #[test]
    fn a_standing_clock_moves_by_jumps_only() {
        let clock = Clock::starting_now(0);
        let before = clock.now_ms();
        clock.advance(Duration::from_secs(61));
        assert_eq!(clock.now_ms(), before + 61_000);
        assert_eq!(clock.pace().real_until(before + 62_000), None);
        assert_eq!(clock.pace().real_until(before), Some(Duration::ZERO));
    }

    #[test]
    fn a_change_of_speed_keeps_the_time() {
        let clock = Clock::starting_now(0);
        let mut pace = clock.subscribe();
        let before = clock.now_ms();
        clock.set_speed(3600);
        assert!(pace.has_changed().unwrap_or(false));
        let now = pace.borrow_and_update();
        assert_eq!(now.anchor_ms, before);
        assert_eq!(now.at(now.anchor + Duration::from_secs(1)), before + 3_600_000);
    }
}
