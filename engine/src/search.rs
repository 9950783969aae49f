//! Finds offers by what people type: `whatsapp uk`, `telegrm germany`, `вотсап в германии`, `🇪🇸`.
//! Only the chat room imports this.
//!
//! Names are compared with the edit distance of `strsim`, a small crate without dependencies: a
//! shop has some hundred names, so an index would cost more than it saves.

mod nicknames;

use ring4_domain::ids::{Country, ServiceKey};

use crate::countries;
use crate::live::Live;
use nicknames::{COUNTRY_NICKNAMES, FILLERS, SERVICE_NICKNAMES};

/// The longest text that is searched for, in characters.
const WORDS_CHARS_MAX: usize = 64;

/// The most words that name one thing together, as in `Saint Kitts and Nevis`.
const NAME_WORDS_MAX: usize = 4;

/// What people named. A list that is empty was not spoken of; both empty: nothing was understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The services, in the order they are shown.
    pub services: Vec<ServiceKey>,
    /// The countries, in the order they are shown.
    pub countries: Vec<Country>,
}

impl Found {
    /// Whether nothing was understood.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.services.is_empty() && self.countries.is_empty()
    }

    /// The offers that are meant: every service and country where none was named.
    #[must_use]
    pub fn offers(&self, live: &Live) -> Vec<(ServiceKey, Country)> {
        let mut services: Vec<&ServiceKey> = live.services();
        services.retain(|key| self.services.is_empty() || self.services.contains(key));
        let mut countries = live.countries();
        countries.retain(|at| self.countries.is_empty() || self.countries.contains(at));
        let of = |service: &ServiceKey| countries.iter().map(|at| (service.clone(), *at)).collect();
        services.into_iter().flat_map(|service| -> Vec<_> { of(service) }).collect()
    }
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning<'live> {
    Service(&'live ServiceKey),
    Country(Country),
}

/// What something is called, folded.
#[derive(Clone, Debug)]
struct Name {
    text: String,
    /// Letters from which the beginning of it means it. A nickname's are more: it begins like too
    /// many other words, as `wasap` and `was`.
    part_min: usize,
}

impl Name {
    fn new(text: &str) -> Self {
        Self { text: fold(text), part_min: 3 }
    }

    fn nick(text: &str) -> Self {
        Self { text: fold(text), part_min: 4 }
    }
}

/// How well words fit a name, best first. A worse fit counts only where there is no better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Same,
    /// The beginning of the name, or one of its words.
    Part,
    /// This many letters differ.
    Misspelt(usize),
}

/// What `text` names among the services and countries that are sold.
#[must_use]
pub fn find(live: &Live, text: &str) -> Found {
    let text: String = text.chars().take(WORDS_CHARS_MAX).collect();
    let names = names(live);
    let mut meant: Vec<Meaning<'_>> = flags(&text).into_iter().map(Meaning::Country).collect();
    let folded = fold(&text);
    let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
    let mut fillers = Vec::new();
    // A misspelling alone is a guess; beside words that mean nothing it is none any more.
    let mut certain = !meant.is_empty();
    let mut unknown = false;
    let mut rest = words.as_slice();
    while let Some((first, others)) = rest.split_first() {
        if let Some((len, fit, found)) = longest(&names, rest) {
            let filler = len == 1 && FILLERS.contains(first);
            if filler {
                fillers.extend(found);
            } else {
                certain |= fit < Fit::Misspelt(0);
                meant.extend(found);
            }
            rest = rest.get(len..).unwrap_or_default();
        } else {
            unknown |= !FILLERS.contains(first);
            rest = others;
        }
    }
    if unknown && !certain {
        return Found::default();
    }
    // `in` is India only where no other country was named.
    if !meant.iter().any(|meaning| matches!(meaning, Meaning::Country(_))) {
        meant.extend(fillers);
    }
    let mut services: Vec<ServiceKey> = live.services().into_iter().cloned().collect();
    services.retain(|key| meant.contains(&Meaning::Service(key)));
    let mut countries = live.countries();
    countries.retain(|country| meant.contains(&Meaning::Country(*country)));
    Found { services, countries }
}

/// The most words at the beginning that name something together, how well, and what.
fn longest<'live>(
    names: &[(Meaning<'live>, Vec<Name>)],
    words: &[&str],
) -> Option<(usize, Fit, Vec<Meaning<'live>>)> {
    for len in (1..=NAME_WORDS_MAX.min(words.len())).rev() {
        let span = words.get(..len).unwrap_or_default().join(" ");
        let fits = names.iter().filter_map(|(meaning, names)| {
            let fit = names.iter().filter_map(|name| fit(name, &span)).min()?;
            // Several words are a name as a whole; one by one they have their turn later.
            (len == 1 || fit != Fit::Part).then_some((fit, *meaning))
        });
        let fits: Vec<_> = fits.collect();
        if let Some(best) = fits.iter().map(|(fit, _)| *fit).min() {
            let found = fits.into_iter().filter(|(fit, _)| *fit == best);
            return Some((len, best, found.map(|(_, meaning)| meaning).collect()));
        }
    }
    None
}

/// Everything that is sold, under every name that people may know it by.
fn names(live: &Live) -> Vec<(Meaning<'_>, Vec<Name>)> {
    let mut names = Vec::new();
    for key in live.services() {
        let mut known = vec![Name::new(key.as_str())];
        if let Some(service) = live.config.services.get(key) {
            known.push(Name::new(&service.name));
            known.extend(service.aliases.iter().map(|alias| Name::new(alias)));
        }
        let nicknames = SERVICE_NICKNAMES.iter().filter(|(_, of)| *of == key.as_str());
        known.extend(nicknames.map(|(name, _)| Name::nick(name)));
        names.push((Meaning::Service(key), known));
    }
    for country in live.countries() {
        let mut known = vec![Name::new(&country.to_string())];
        let mut configured = live.config.shop.countries.iter();
        known.extend(configured.find(|(at, _)| *at == country).map(|(_, name)| Name::new(name)));
        let table = countries::names(country).into_iter().flatten();
        known.extend(table.map(|name| Name::new(name)));
        let nicknames = COUNTRY_NICKNAMES.iter().filter(|(_, code)| **code == country.bytes());
        known.extend(nicknames.map(|(name, _)| Name::nick(name)));
        names.push((Meaning::Country(country), known));
    }
    names
}

/// How words fit a name, both folded; `None` where they do not.
fn fit(name: &Name, words: &str) -> Option<Fit> {
    let Name { text: name, part_min } = name;
    if name == words {
        return Some(Fit::Same);
    }
    let letters = words.chars().count();
    let part = |part: &str| part == words || part.starts_with(words);
    if letters >= *part_min && (name.starts_with(words) || name.split(' ').any(part)) {
        return Some(Fit::Part);
    }
    let of = name.chars().count();
    let allowed = match of.min(letters) {
        0..=3 => return None,
        4..=5 => 1,
        6..=9 => 2,
        _ => 3,
    };
    if of.abs_diff(letters) > allowed {
        return None;
    }
    let misses = strsim::damerau_levenshtein(name, words);
    (misses <= allowed).then_some(Fit::Misspelt(misses))
}

/// Lower case, without accents, one blank between words: what people type on a phone.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        let letter = match letter {
            'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'í' | 'ì' | 'î' | 'ï' => 'i',
            'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
            'ú' | 'ù' | 'û' | 'ü' => 'u',
            'ñ' => 'n',
            'ç' => 'c',
            'ё' => 'е',
            '\'' | '’' | '.' | '\u{301}' => continue,
            letter if letter.is_alphanumeric() => letter,
            _ => ' ',
        };
        if letter != ' ' || !folded.ends_with(' ') {
            folded.push(letter);
        }
    }
    folded.trim().to_owned()
}

/// The countries whose flags stand in a text: pairs of regional indicators (Unicode).
fn flags(text: &str) -> Vec<Country> {
    let letter = |sign: char| {
        let place = u32::from(sign).checked_sub(0x1_F1E6).filter(|place| *place < 26)?;
        char::from_u32(u32::from('A') + place)
    };
    let signs: Vec<Option<char>> = text.chars().map(letter).collect();
    let mut found = Vec::new();
    let mut rest = signs.as_slice();
    while let Some((first, others)) = rest.split_first() {
        rest = others;
        if let (Some(first), Some(Some(second))) = (first, others.first()) {
            found.extend(format!("{first}{second}").parse::<Country>());
            rest = others.get(1..).unwrap_or_default();
        }
    }
    found
}

#[cfg(test)]
mod tests;
