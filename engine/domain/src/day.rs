//! Days of the UTC calendar. Everyone may import this; it imports `ids` alone.

use core::fmt;
use core::str::FromStr;

use crate::ids::Timestamp;

/// Milliseconds of a day; the engine's clock knows no leap seconds.
const DAY_MILLIS: i64 = 86_400_000;

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

// Year, month and day of month from a count of days and back, in the proleptic Gregorian
// calendar, by eras of 400 years that begin on a 1st of March.

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = i128::from(self.0) + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + i128::from(month <= 2);
        write!(out, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Day {
    type Err = DayError;

    /// Reads what is written for a day of the years 0 to 9999, and nothing else.
    fn from_str(text: &str) -> Result<Self, DayError> {
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts.as_slice() else { return Err(DayError) };
        let number = |text: &str| text.parse::<i64>().map_err(|_| DayError);
        let (year, month, day) = (number(year)?, number(month)?, number(day)?);
        if !(0..=9_999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return Err(DayError);
        }
        let from_march = if month <= 2 { year - 1 } else { year };
        let (era, year_of_era) = (from_march.div_euclid(400), from_march.rem_euclid(400));
        let month_from_march = if month > 2 { month - 3 } else { month + 9 };
        let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let found = Self(era * 146_097 + day_of_era - 719_468);
        // A 30th of February, a plus sign or a missing zero would be another text again.
        if found.to_string() == text { Ok(found) } else { Err(DayError) }
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
