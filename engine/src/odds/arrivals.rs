//! When codes come, learnt from orders that have ended. Only `odds` uses this.

use super::{Chance, Sample};

/// How far ahead a chance looks, in seconds: as long as the longest interval of young orders.
const AHEAD_SECS: u32 = 10;

/// Ages beyond this are not told apart, in seconds; no order waits longer.
const AGES_SECS: u32 = 3_600;

/// Orders that must have been that old for their share to mean anything.
const AT_RISK_MIN: u32 = 20;

/// A histogram of arrivals in seconds of age, ready to be asked.
#[derive(Debug)]
pub(super) struct Arrivals {
    samples: u32,
    /// By age: the chance, in thousandths, while enough orders were that old.
    chances: Vec<u32>,
}

impl Arrivals {
    pub(super) fn of<'sample>(samples: impl Iterator<Item = &'sample Sample>) -> Self {
        // Orders that ended at each age, and those of them that ended by a code.
        let mut ended: Vec<(u32, u32)> = Vec::new();
        let (mut open, mut delivered) = (0_u32, 0_u32);
        for sample in samples {
            let age = usize::try_from(sample.wait_secs.min(AGES_SECS)).unwrap_or_default();
            if ended.len() <= age {
                ended.resize(age + 1, (0, 0));
            }
            let Some((all, by_code)) = ended.get_mut(age) else { continue };
            (*all, open) = (all.saturating_add(1), open.saturating_add(1));
            if sample.delivered {
                (*by_code, delivered) = (by_code.saturating_add(1), delivered.saturating_add(1));
            }
        }
        let mut chances = Vec::with_capacity(ended.len());
        let ahead = usize::try_from(AHEAD_SECS).unwrap_or_default();
        // Codes within the next seconds, kept up while the window moves on.
        let codes_at = |age: usize| ended.get(age).map_or(0, |(_, by_code)| *by_code);
        let mut coming: u32 = (0..ahead).map(codes_at).sum();
        for (age, (all, by_code)) in ended.iter().enumerate() {
            if open < AT_RISK_MIN {
                break;
            }
            let chance = u64::from(coming) * 1_000 / u64::from(open);
            chances.push(u32::try_from(chance).unwrap_or(1_000));
            open = open.saturating_sub(*all);
            coming = coming.saturating_sub(*by_code).saturating_add(codes_at(age + ahead));
        }
        Self { samples: delivered, chances }
    }

    pub(super) fn chance(&self, age_secs: u32) -> Chance {
        let age = usize::try_from(age_secs.min(AGES_SECS)).unwrap_or_default();
        Chance { samples: self.samples, per_mille: self.chances.get(age).copied() }
    }
}
