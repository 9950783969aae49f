//! Finds offers by what people type: `whatsapp uk`, `telegrm germany`. Only the chat room
//! imports this.

use ring4_domain::ids::{Country, ServiceKey};

use crate::live::Live;

/// The longest text that is searched for, in characters.
const WORDS_CHARS_MAX: usize = 64;

/// How alike two words must be, from 0 to 100, to count as a misspelling.
const ALIKE_PERCENT: usize = 75;

/// What people call countries beside their names and codes.
const NICKNAMES: &[(&str, &[u8; 2])] = &[
    ("uk", b"GB"),
    ("england", b"GB"),
    ("britain", b"GB"),
    ("usa", b"US"),
    ("america", b"US"),
    ("states", b"US"),
    ("holland", b"NL"),
    ("deutschland", b"DE"),
    ("emirates", b"AE"),
];

/// Offers that every word of `text` fits, services in their order; empty when a word fits none.
#[must_use]
pub fn find(live: &Live, text: &str) -> Vec<(ServiceKey, Country)> {
    let text: String = text.chars().take(WORDS_CHARS_MAX).collect();
    let text = text.to_lowercase();
    let words: Vec<&str> =
        text.split(|letter: char| !letter.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    if words.is_empty() {
        return Vec::new();
    }
    let services = live.services();
    let countries = live.countries();
    let mut wanted_services: Vec<&ServiceKey> = Vec::new();
    let mut wanted_countries: Vec<Country> = Vec::new();
    for word in words {
        let fits: Vec<_> =
            services.iter().copied().filter(|key| service_fits(live, key, word)).collect();
        let lies: Vec<_> =
            countries.iter().copied().filter(|at| country_fits(live, *at, word)).collect();
        if fits.is_empty() && lies.is_empty() {
            return Vec::new();
        }
        wanted_services.extend(fits);
        wanted_countries.extend(lies);
    }
    let mut found = Vec::new();
    for service in services {
        if !wanted_services.is_empty() && !wanted_services.contains(&service) {
            continue;
        }
        for country in &countries {
            if wanted_countries.is_empty() || wanted_countries.contains(country) {
                found.push((service.clone(), *country));
            }
        }
    }
    found
}

fn service_fits(live: &Live, key: &ServiceKey, word: &str) -> bool {
    let name = live.config.services.get(key).map(|service| service.name.to_lowercase());
    let names = name.as_deref().unwrap_or_default();
    let parts = names.split(|letter: char| !letter.is_alphanumeric());
    parts.chain([key.as_str()]).any(|name| alike(name, word))
}

fn country_fits(live: &Live, country: Country, word: &str) -> bool {
    if country.to_string().eq_ignore_ascii_case(word) {
        return true;
    }
    let nickname = NICKNAMES.iter().any(|(name, code)| **code == country.bytes() && *name == word);
    let mut names = live.config.shop.countries.iter();
    let name = names.find(|(known, _)| *known == country).map(|(_, name)| name.to_lowercase());
    let parts = name.as_deref().unwrap_or_default().split(|letter: char| !letter.is_alphanumeric());
    nickname || parts.filter(|part| part.len() > 2).any(|part| alike(part, word))
}

/// The same, begun alike, or misspelt by a letter or two.
fn alike(name: &str, word: &str) -> bool {
    if name.is_empty() {
        return false;
    }
    let begun = word.chars().count() >= 3 && name.starts_with(word);
    let letters = name.chars().count().max(word.chars().count());
    let misses = strsim::damerau_levenshtein(name, word);
    begun || misses == 0 || (letters - misses.min(letters)) * 100 >= letters * ALIKE_PERCENT
}
