//! Plural categories, by the rules of CLDR. Private to the message packs.

use core::fmt;

use intl_pluralrules::{PluralCategory, PluralRuleType, PluralRules};
use unic_langid::LanguageIdentifier;

/// Numbers up to this, and a million, meet every category that a whole number can have.
const SAMPLES_MAX: i64 = 200;

/// A category's name, in packs and here.
pub type Category = &'static str;

/// The category that every language has.
pub const OTHER: Category = "other";

/// The plural rules of a language.
pub struct Plurals {
    rules: PluralRules,
}

impl fmt::Debug for Plurals {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Plurals").field(&self.rules.get_locale().to_string()).finish()
    }
}

impl Plurals {
    /// The rules of a language code such as `en`; `None` when it is none that CLDR knows.
    pub fn of(language: &str) -> Option<Self> {
        let id: LanguageIdentifier = language.parse().ok()?;
        let rules = PluralRules::create(id, PluralRuleType::CARDINAL).ok()?;
        Some(Self { rules })
    }

    /// The category of a whole number; a negative one has that of its size.
    pub fn category(&self, number: i64) -> Category {
        match self.rules.select(number.unsigned_abs()) {
            Ok(PluralCategory::ZERO) => "zero",
            Ok(PluralCategory::ONE) => "one",
            Ok(PluralCategory::TWO) => "two",
            Ok(PluralCategory::FEW) => "few",
            Ok(PluralCategory::MANY) => "many",
            Ok(PluralCategory::OTHER) | Err(_) => OTHER,
        }
    }

    /// The categories that whole numbers have in this language, in the order they appear.
    pub fn needed(&self) -> Vec<Category> {
        let mut needed = Vec::new();
        for number in (0..=SAMPLES_MAX).chain([1_000_000]) {
            let category = self.category(number);
            if !needed.contains(&category) {
                needed.push(category);
            }
        }
        needed.sort_by_key(|category| *category == OTHER);
        needed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_need_the_forms_their_numbers_have() {
        for (language, want) in [
            ("en", vec!["one", "other"]),
            ("ru", vec!["many", "one", "few"]),
            ("ar", vec!["zero", "one", "two", "few", "many", "other"]),
            ("ja", vec!["other"]),
        ] {
            assert_eq!(Plurals::of(language).unwrap().needed(), want, "{language}");
        }
        assert!(Plurals::of("klingon").is_none());
    }
}
