//! Which update ids have been seen lately. Only the inbox imports it.
//!
//! Telegram counts updates up without gaps, so the ids of a day are a handful of runs, not a set
//! of millions. Ids are forgotten a day after the newest of their run, because Telegram starts at
//! a random number again after a week without updates.

use super::frame::Run;

/// The most runs remembered; beyond it the oldest are forgotten first.
const RUNS_MAX: usize = 4_096;

/// Seen update ids, sorted.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownIds {
    runs: Vec<Run>,
}

impl KnownIds {
    pub(super) const fn new(runs: Vec<Run>) -> Self {
        Self { runs }
    }

    pub(super) fn runs(&self) -> &[Run] {
        &self.runs
    }

    pub(super) fn contains(&self, update_id: i64) -> bool {
        let after = self.runs.partition_point(|run| run.first <= update_id);
        let run = after.checked_sub(1).and_then(|index| self.runs.get(index));
        run.is_some_and(|run| update_id <= run.last)
    }

    /// Adds an id that is not contained.
    pub(super) fn insert(&mut self, update_id: i64, now_ms: i64) {
        let after = self.runs.partition_point(|run| run.first <= update_id);
        let before = after.checked_sub(1);
        let joins_before = before
            .and_then(|index| self.runs.get(index))
            .is_some_and(|run| run.last.checked_add(1) == Some(update_id));
        let joins_after =
            self.runs.get(after).is_some_and(|run| update_id.checked_add(1) == Some(run.first));
        let mut run = Run { first: update_id, last: update_id, newest_ms: now_ms };
        let mut from = after;
        let mut to = after;
        if joins_before {
            from = after.saturating_sub(1);
            run.first = self.runs.get(from).map_or(update_id, |run| run.first);
        }
        if joins_after {
            run.last = self.runs.get(after).map_or(update_id, |run| run.last);
            to = after + 1;
        }
        self.runs.splice(from..to, [run]);
        if self.runs.len() > RUNS_MAX {
            let oldest = self.runs.iter().enumerate().min_by_key(|(_, run)| run.newest_ms);
            if let Some((index, _)) = oldest {
                self.runs.remove(index);
            }
        }
    }

    /// Forgets runs whose newest id came before `since_ms`.
    pub(super) fn forget_before(&mut self, since_ms: i64) {
        self.runs.retain(|run| run.newest_ms >= since_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_join_into_runs_and_are_forgotten_with_them() {
        let mut known = KnownIds::default();
        for (update_id, now_ms) in [(5, 1), (7, 2), (6, 3), (i64::MAX, 4), (i64::MIN, 5), (8, 6)] {
            assert!(!known.contains(update_id), "{update_id}");
            known.insert(update_id, now_ms);
            assert!(known.contains(update_id), "{update_id}");
        }
        let run = |first, last, newest_ms| Run { first, last, newest_ms };
        assert_eq!(
            known.runs(),
            [run(i64::MIN, i64::MIN, 5), run(5, 8, 6), run(i64::MAX, i64::MAX, 4)]
        );
        assert!(!known.contains(4) && !known.contains(9));
        known.forget_before(6);
        assert_eq!(known.runs(), [run(5, 8, 6)]);
    }

    #[test]
    fn the_number_of_runs_is_bounded() {
        let mut known = KnownIds::default();
        for number in 0..5_000 {
            known.insert(number * 2, number);
        }
        assert_eq!(known.runs().len(), RUNS_MAX);
        assert!(known.contains(9_998) && !known.contains(0));
    }
}
