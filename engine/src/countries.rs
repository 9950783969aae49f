//! What countries are called in the languages that the shop ships: a table of its own, because
//! the crates that know more than English names carry the data of all of CLDR. Screens and search
//! import this.

mod names;

use ring4_domain::ids::Country;

use names::NAMES;

/// The columns of the table, by language.
const COLUMNS: [&str; 3] = ["en", "es", "ru"];

/// What a country is called in a language; in English where the table lacks the language,
/// `None` where it lacks the country.
#[must_use]
pub fn name(country: Country, language: &str) -> Option<&'static str> {
    let names = names(country)?;
    let column = COLUMNS.iter().position(|known| *known == language).unwrap_or_default();
    names.get(column).copied()
}

/// What a country is called in every language of the table.
#[must_use]
pub fn names(country: Country) -> Option<&'static [&'static str; 3]> {
    row(country).map(|(_, _, names)| names)
}

/// What comes before a country's numbers, without the plus; `None` where the table lacks the
/// country.
#[must_use]
pub fn calling_code(country: Country) -> Option<&'static str> {
    row(country).map(|(_, code, _)| *code)
}

fn row(country: Country) -> Option<&'static (&'static str, &'static str, [&'static str; 3])> {
    let code = country.bytes();
    let place = NAMES.binary_search_by(|(known, ..)| known.as_bytes().cmp(&code)).ok()?;
    NAMES.get(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_is_found_under_its_code() {
        assert!(NAMES.is_sorted_by_key(|(code, ..)| *code), "a code is out of its place");
        for (code, calling, names) in NAMES {
            let country: Country = code.parse().unwrap();
            assert_eq!(super::names(country), Some(names), "{code}");
            assert!(names.iter().all(|name| !name.is_empty()), "{code}");
            assert_eq!(calling_code(country), Some(*calling), "{code}");
            let fits = (1..=3).contains(&calling.len()) && !calling.starts_with('0');
            assert!(fits && calling.bytes().all(|digit| digit.is_ascii_digit()), "{code}");
        }
        let germany: Country = "DE".parse().unwrap();
        assert_eq!(name(germany, "es"), Some("Alemania"));
        assert_eq!(name(germany, "ru"), Some("Германия"));
        assert_eq!(name(germany, "fr"), Some("Germany"));
        assert_eq!(name("ZZ".parse().unwrap(), "en"), None);
        for (code, calling) in [("BD", "880"), ("UZ", "998"), ("KZ", "7"), ("TW", "886")] {
            assert_eq!(calling_code(code.parse().unwrap()), Some(calling), "{code}");
        }
    }
}
