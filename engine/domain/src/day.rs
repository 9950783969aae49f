//! Days of the UTC calendar. Everyone may import this; it imports `ids` alone.

use core::fmt;
use core::str::FromStr;

use chrono::{Datelike, NaiveDate};

use crate::ids::Timestamp;

/// Milliseconds of a day; the engine's clock knows no leap seconds.
const DAY_MILLIS: i64 = 86_400_000;

/// Bytes of a day as text, with a year of four digits.
const TEXT_LEN: usize = 10;

/// A day: whole days since 1970-01-01 UTC. Written `2025-10-09`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i64);

/// The text is not a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a day")]
pub struct DayError;

impl Day {
    /// The day of a moment.
    #[must_use]
    pub const fn of(at: Timestamp) -> Self {
        Self(at.0.div_euclid(DAY_MILLIS))
    }

    /// The day this many days earlier.
    #[must_use]
    pub const fn minus(self, days: u32) -> Self {
        Self(self.0.saturating_sub(days as i64))
    }

    /// The day after.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The first moment of the day, held at the ends of time.
    #[must_use]
    pub const fn begin(self) -> Timestamp {
        Timestamp(self.0.saturating_mul(DAY_MILLIS))
    }
}

/// Days from the calendar library's first day, in the year 1, to 1970-01-01.
const DAYS_BEFORE_1970: i64 = 719_163;

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = i32::try_from(self.0.saturating_add(DAYS_BEFORE_1970)).ok();
        match days.and_then(NaiveDate::from_num_days_from_ce_opt) {
            Some(date) => write!(out, "{date}"),
            // Beyond what calendars know; only a wrong clock leads there.
            None => write!(out, "day {}", self.0),
        }
    }
}

impl FromStr for Day {
    type Err = DayError;

    /// Reads what is written for a day of the years 0 to 9999, and nothing else.
    fn from_str(text: &str) -> Result<Self, DayError> {
        let date: NaiveDate = text.parse().map_err(|_| DayError)?;
        let found = Self(i64::from(date.num_days_from_ce()) - DAYS_BEFORE_1970);
        // A sign, a space or a missing zero would be another text again.
        if text.len() == TEXT_LEN && found.to_string() == text { Ok(found) } else { Err(DayError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_the_names_of_the_calendar() {
        let rows = [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (19_782, "2024-02-29"),
            (20_370, "2025-10-09"),
            (-719_528, "0000-01-01"),
            (2_932_896, "9999-12-31"),
        ];
        for (days, text) in rows {
            assert_eq!(Day(days).to_string(), text);
            assert_eq!(text.parse(), Ok(Day(days)));
        }
        for days in -719_528..2_932_896_i64 / 40 {
            assert_eq!(Day(days).to_string().parse(), Ok(Day(days)));
        }
        for noise in ["", "2025-2-01", "2025-02-30", "+025-10-09", "2025-10-09 ", "2025-13-01"] {
            assert_eq!(noise.parse::<Day>(), Err(DayError), "{noise}");
        }
        for days in [i64::MIN, i64::MAX] {
            assert!(!Day(days).to_string().is_empty());
        }
    }

    #[test]
    fn a_day_begins_at_midnight_utc() {
        let day = Day(20_370);
        assert_eq!(Day::of(day.begin()), day);
        assert_eq!(Day::of(Timestamp(day.begin().0 - 1)), day.minus(1));
        assert_eq!(Day::of(Timestamp(day.next().begin().0 - 1)), day);
        assert_eq!(Day::of(Timestamp(-1)), Day(-1));
    }
}
