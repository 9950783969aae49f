//! RFC 3339 times as 5sim writes them. Only the wire.

/// Milliseconds since 1970-01-01 UTC of a time such as `2025-10-09T08:53:20.123456789Z` or with
/// an offset such as `+02:00`; `None` for anything else.
pub fn unix_ms(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once(['T', 't'])?;
    let zone = rest.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = rest.split_at_checked(zone)?;
    let [year, month, day] = numbers(date, '-')?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let [hour, minute, second] = numbers(clock, ':')?;
    let sane = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    let millis: String = fraction.chars().chain("000".chars()).take(3).collect();
    let secs = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    let total = (secs - offset_secs(zone)?) * 1_000 + number(&millis)?;
    sane.then_some(total)
}

fn number(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

fn numbers<const N: usize>(text: &str, gap: char) -> Option<[i64; N]> {
    let parts: Option<Vec<i64>> = text.split(gap).map(number).collect();
    parts?.try_into().ok()
}

fn offset_secs(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -60 } else { 60 };
    let [hours, minutes] = numbers(zone.get(1..)?, ':')?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// Days since 1970-01-01 in the civil calendar, counted in eras of 400 years from 1 March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::unix_ms;

    #[test]
    fn times_with_fractions_and_zones() {
        for (text, want) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2025-10-09T08:53:20Z", Some(1_760_000_000_000)),
            ("2025-10-09T08:53:20.1Z", Some(1_760_000_000_100)),
            ("2025-10-09T08:53:20.123456789Z", Some(1_760_000_000_123)),
            ("2025-10-09T10:53:20+02:00", Some(1_760_000_000_000)),
            ("2025-10-09T03:23:20-05:30", Some(1_760_000_000_000)),
            ("2024-02-29T23:59:59Z", Some(1_709_251_199_000)),
            ("2025-10-09 08:53:20", None),
            ("2025-10-09T08:53:20", None),
            ("2025-13-09T08:53:20Z", None),
            ("2025-10-09T24:00:00Z", None),
            ("0001-01-01T00:00:00Z", None),
            ("2025-10-09T08:53:20+é", None),
            ("T-Z", None),
            ("", None),
        ] {
            assert_eq!(unix_ms(text), want, "{text}");
        }
    }
}
