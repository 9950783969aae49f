//! What a plugin did that no plugin may do, and what follows: it sells no more, while its open
//! orders are still served. The provider imports this.
//!
//! A plugin's conduct is counted apart from its vendor's: the breakers know nothing of it, and a
//! new version of the plugin begins with a clean sheet.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Faults that are forgiven unless there are this many of them within [`WINDOW_MS`].
const STRIKES_MAX: usize = 3;

/// How long a forgivable fault is remembered, in milliseconds.
const WINDOW_MS: i64 = 10 * 60 * 1_000;

/// Faults kept for the status.
const FAULTS_KEPT: usize = 16;

/// What a plugin may not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// It panicked, ended its process or broke the contract of a call.
    Failed,
    /// It did not return in time.
    Stalled,
    /// It said something that cannot be: a purchase without a usable id, number or price, or a
    /// refusal where the vendor's answer was none.
    Lied,
    /// It bought above the cap.
    Overcharged,
    /// It wanted to send to a host, or a secret to a place, that its manifest does not name.
    Trespassed,
}

impl FaultKind {
    /// One is enough: it costs money, a thread, or somebody else learns our key.
    const fn is_grave(self) -> bool {
        matches!(self, Self::Stalled | Self::Overcharged | Self::Trespassed)
    }
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its kind.
    pub kind: FaultKind,
    /// What was seen; scrubbed, for the log and for admins.
    pub what: String,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
}

#[derive(Debug, Default)]
struct Record {
    faults: VecDeque<Fault>,
    quarantine: Option<Fault>,
}

/// The conduct of one loaded plugin.
#[derive(Debug, Default)]
pub(super) struct Conduct {
    record: Mutex<Record>,
}

impl Conduct {
    fn lock(&self) -> MutexGuard<'_, Record> {
        // Each change below leaves a whole record behind.
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a fault down; `true` when it was the one too many.
    pub(super) fn note(&self, fault: Fault) -> bool {
        let mut record = self.lock();
        let recent = |other: &&Fault| fault.at_ms.saturating_sub(other.at_ms) < WINDOW_MS;
        let strikes = 1 + record.faults.iter().filter(recent).count();
        if record.faults.len() == FAULTS_KEPT {
            record.faults.pop_front();
        }
        record.faults.push_back(fault.clone());
        let enough = fault.kind.is_grave() || strikes >= STRIKES_MAX;
        if enough && record.quarantine.is_none() {
            record.quarantine = Some(fault);
            return true;
        }
        false
    }

    /// The fault that made it sell no more, if it does not.
    pub(super) fn quarantine(&self) -> Option<Fault> {
        self.lock().quarantine.clone()
    }

    pub(super) fn is_quarantined(&self) -> bool {
        self.lock().quarantine.is_some()
    }

    /// The latest faults, oldest first.
    pub(super) fn faults(&self) -> Vec<Fault> {
        self.lock().faults.iter().cloned().collect()
    }

    /// Forgets everything: an admin wants it to sell again.
    pub(super) fn pardon(&self) {
        *self.lock() = Record::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: FaultKind, at_ms: i64) -> Fault {
        Fault { kind, what: String::new(), at_ms }
    }

    #[test]
    fn some_faults_are_forgiven_twice_and_others_never() {
        use FaultKind::{Failed, Lied, Overcharged, Stalled, Trespassed};
        for kind in [Stalled, Overcharged, Trespassed] {
            let conduct = Conduct::default();
            assert!(conduct.note(fault(kind, 0)), "{kind:?}");
            assert!(!conduct.note(fault(kind, 1)), "{kind:?} is told once");
        }
        let conduct = Conduct::default();
        assert!(!conduct.note(fault(Failed, 0)));
        assert!(!conduct.note(fault(Lied, 1)));
        assert!(!conduct.note(fault(Failed, 1 + WINDOW_MS)), "the first two are forgotten");
        assert!(!conduct.note(fault(Failed, 2 + WINDOW_MS)));
        assert!(conduct.note(fault(Lied, 3 + WINDOW_MS)));
        assert_eq!(conduct.quarantine().map(|fault| fault.kind), Some(Lied));
        conduct.pardon();
        assert!(!conduct.is_quarantined() && conduct.faults().is_empty());
        for at in 0..50 {
            let _ = conduct.note(fault(Failed, at));
        }
        assert_eq!(conduct.faults().len(), FAULTS_KEPT);
    }
}
