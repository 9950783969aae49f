//! Calendar dates for the vendors' text times. Only `vendors`.

/// Year, month, day, hour, minute, second in UTC of seconds since 1970.
fn civil(secs: i64) -> (i64, i64, i64, i64, i64, i64) {
    let (days, second) = (secs.div_euclid(86_400), secs.rem_euclid(86_400));
    // The civil calendar from a day number, by 400-year eras that begin on 1 March.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day, second / 3600, second / 60 % 60, second % 60)
}

/// A text time without a zone, so many hours east of Greenwich. Nobody should read these; they
/// are here so that a reader who does is caught.
pub(super) fn local_time(at_ms: i64, hours_east: i64) -> String {
    let (year, month, day, hour, minute, second) =
        civil(at_ms.div_euclid(1000) + hours_east * 3600);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// RFC 3339 in UTC with nanoseconds.
pub(super) fn rfc3339(at_ms: i64) -> String {
    let (year, month, day, hour, minute, second) = civil(at_ms.div_euclid(1000));
    let nanos = at_ms.rem_euclid(1000) * 1_000_000 + 456_789;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_times_are_local_and_rfc_3339_is_not() {
        let table = [
            (0, "1970-01-01 01:00:00", "1970-01-01T00:00:00.000456789Z"),
            (1_704_560_595_000, "2024-01-06 18:03:15", "2024-01-06T17:03:15.000456789Z"),
            (1_709_247_599_120, "2024-02-29 23:59:59", "2024-02-29T22:59:59.120456789Z"),
        ];
        for (at_ms, local, utc) in table {
            assert_eq!((local_time(at_ms, 1), rfc3339(at_ms)), (local.to_owned(), utc.to_owned()));
        }
    }
}
