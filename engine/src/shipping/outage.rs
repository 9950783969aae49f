//! A time in which copies do not get where they belong. Shipping alone uses this.

use std::fmt::Display;
use std::time::Duration;

/// The longest wait between two tries.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Says once that it began and once that it is over, and how long to wait in between.
pub(super) struct Outage {
    what: &'static str,
    tries: u32,
}

impl Outage {
    pub(super) const fn new(what: &'static str) -> Self {
        Self { what, tries: 0 }
    }

    /// A try has failed; how long to wait for the next: 1 s, then twice as long each time.
    pub(super) fn note(&mut self, error: &dyn Display) -> Duration {
        if self.tries == 0 {
            tracing::warn!(%error, "{} is not shipped at the moment", self.what);
        } else {
            tracing::debug!(%error, tries = self.tries, "{} is still not shipped", self.what);
        }
        let pause = Duration::from_secs(1 << self.tries.min(6));
        self.tries = self.tries.saturating_add(1);
        pause.min(PAUSE_MAX)
    }

    /// A try has succeeded.
    pub(super) fn over(&mut self) {
        if self.tries > 0 {
            tracing::info!(tries = self.tries, "{} is shipped again", self.what);
            self.tries = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_minute_and_begin_anew() {
        let mut outage = Outage::new("the test");
        let mut waits =
            |count| -> Vec<u64> { (0..count).map(|_| outage.note(&"gone").as_secs()).collect() };
        assert_eq!(waits(9), [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        outage.over();
        assert_eq!(outage.note(&"gone").as_secs(), 1);
    }
}
