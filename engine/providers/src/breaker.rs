//! Stops asking a vendor that fails, and tries again with one call. The registry imports this.
//!
//! Every provider has two: one for its line, which all calls pass, and one for selling, which
//! only purchases pass. A low balance or a refused key thus stops sales, while open orders are
//! still checked and cancelled.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row that open it.
const FAILURES_MAX: u32 = 5;

/// The first pause; each failed attempt after it doubles the pause.
const PAUSE_MIN: Duration = Duration::from_secs(15);

/// The longest pause that grows by doubling.
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// What a breaker does with the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls pass.
    Closed,
    /// Calls are refused until the pause is over.
    Open,
    /// The pause is over: one call is let through to find out.
    HalfOpen,
}

#[derive(Debug)]
struct Inner {
    failures: u32,
    pause: Duration,
    open_until: Option<Instant>,
    probing: bool,
}

/// See the module's head.
#[derive(Debug)]
pub(crate) struct Breaker {
    inner: Mutex<Inner>,
}

/// Leave to make one call; report the outcome through it. Dropped without a report (the call was
/// cancelled), it counts as nothing learnt.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    breaker: &'a Breaker,
    probe: bool,
    reported: bool,
}

impl Breaker {
    pub(crate) const fn new() -> Self {
        let inner = Inner { failures: 0, pause: PAUSE_MIN, open_until: None, probing: false };
        Self { inner: Mutex::new(inner) }
    }

    /// A poisoned lock is taken as it is: each change below is complete in one statement.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leave for one call, or how long the pause still lasts.
    pub(crate) fn pass(&self) -> Result<Pass<'_>, Duration> {
        let mut inner = self.lock();
        let probe = match inner.open_until {
            None => false,
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    return Err(left);
                }
                if inner.probing {
                    // The probe decides soon; a second is a fair guess for a retry.
                    return Err(Duration::from_secs(1));
                }
                inner.probing = true;
                true
            }
        };
        Ok(Pass { breaker: self, probe, reported: false })
    }

    pub(crate) fn state(&self) -> BreakerState {
        match self.lock().open_until {
            None => BreakerState::Closed,
            Some(until) if until > Instant::now() => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        }
    }
}

impl Pass<'_> {
    /// The call went well.
    pub(crate) fn succeeded(mut self) {
        self.reported = true;
        let mut inner = self.breaker.lock();
        // A call that began before the breaker opened does not close it; only the probe does.
        if self.probe || inner.open_until.is_none() {
            *inner = Inner { failures: 0, pause: PAUSE_MIN, open_until: None, probing: false };
        }
    }

    /// The call failed; enough of these in a row open the breaker.
    pub(crate) fn failed(mut self) {
        self.reported = true;
        let mut inner = self.breaker.lock();
        inner.failures = inner.failures.saturating_add(1);
        if self.probe || (inner.open_until.is_none() && inner.failures >= FAILURES_MAX) {
            inner.open_until = Some(Instant::now() + inner.pause);
            inner.pause = (inner.pause * 2).min(PAUSE_MAX);
            inner.probing = false;
        }
    }

    /// The vendor told us to go away: opens at once, for this long.
    pub(crate) fn tripped(mut self, pause: Duration) {
        self.reported = true;
        let mut inner = self.breaker.lock();
        inner.open_until = Some(Instant::now() + pause);
        if self.probe {
            inner.probing = false;
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.probe && !self.reported {
            self.breaker.lock().probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(breaker: &Breaker, times: u32) {
        for _ in 0..times {
            breaker.pass().expect("closed").failed();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_open_it_and_one_probe_closes_it() {
        let breaker = Breaker::new();
        fail(&breaker, FAILURES_MAX - 1);
        breaker.pass().expect("closed").succeeded();
        fail(&breaker, FAILURES_MAX - 1);
        assert_eq!(breaker.state(), BreakerState::Closed);
        fail(&breaker, 1);
        assert_eq!(breaker.state(), BreakerState::Open);
        assert_eq!(breaker.pass().err(), Some(PAUSE_MIN));
        tokio::time::advance(PAUSE_MIN).await;
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        let probe = breaker.pass().expect("one probe");
        assert!(breaker.pass().is_err(), "only one probe at a time");
        probe.failed();
        assert_eq!(breaker.pass().err(), Some(PAUSE_MIN * 2));
        tokio::time::advance(PAUSE_MIN * 2).await;
        drop(breaker.pass().expect("a cancelled probe"));
        breaker.pass().expect("lets another in").succeeded();
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_trip_opens_at_once_and_late_answers_do_not_close_it() {
        let breaker = Breaker::new();
        let early = breaker.pass().expect("closed");
        breaker.pass().expect("closed").tripped(Duration::from_secs(600));
        early.succeeded();
        assert_eq!(breaker.pass().err(), Some(Duration::from_secs(600)));
    }
}
