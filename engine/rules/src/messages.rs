//! What the engine says: one pack of texts a language, checked as a whole when it is loaded, so
//! that nothing can be missing or broken when it is said. The middle and the screens import
//! this; scripts only choose among these texts, they never build markup.
//!
//! Modules in reading order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use ring4_yaml::{Problem, Report, Source};

use crate::rule_set::{Files, file_name};

mod template;
use template::{Piece, Template};

mod markup;
pub use markup::{check, escape};

mod plural;

mod pack;
use pack::{Message, Pack};

/// The longest label of a button, in characters.
pub const LABEL_LEN_MAX: usize = 64;
/// The longest answer to a press, in characters; Telegram's limit.
pub const ANSWER_LEN_MAX: usize = 200;
/// The longest description in the command menu, in characters; Telegram's limit.
pub const MENU_LEN_MAX: usize = 256;
/// The longest message after its markup is parsed, in UTF-16 units; Telegram's limit.
pub const TEXT_LEN_MAX: usize = 4_096;

/// Where a text is shown, which decides what it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message: Telegram's HTML.
    Text,
    /// A button: plain.
    Label,
    /// The notice after a press: plain.
    Answer,
    /// A description in the command menu: plain, not empty.
    Menu,
}

/// A text that the engine may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// Its key in the packs.
    pub key: &'static str,
    /// Where it is shown.
    pub kind: Kind,
    /// The placeholders it may use, without braces.
    pub placeholders: &'static [&'static str],
    /// The placeholder whose number chooses among plural forms, if there are any.
    pub plural: Option<&'static str>,
}

/// What a placeholder is replaced with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Text from anywhere; always escaped where the message is HTML.
    Text(&'a str),
    /// A number, also for plural forms.
    Number(i64),
    /// What `render` has answered for another text; put in as it is.
    Html(&'a str),
}

/// All message packs of a rule set.
#[derive(Debug)]
pub struct Texts {
    packs: BTreeMap<String, Pack>,
    default_language: String,
    /// Texts that could not be said as meant since this was loaded.
    faults: AtomicU64,
}

impl Texts {
    /// Builds the packs out of every `messages.<language>.yaml` among the files.
    ///
    /// # Errors
    /// Everything that is wrong with any pack; one of `languages` has none; a pack leaves out a
    /// placeholder that the default language's text has.
    pub fn build(
        files: &Files,
        keys: &[KeySpec],
        default_language: &str,
        languages: &[String],
    ) -> Result<Self, Report> {
        let mut report = Report::default();
        let mut packs = BTreeMap::new();
        let mut sources = Vec::new();
        for (path, text) in files {
            let name = file_name(path);
            let middle = name.strip_prefix("messages.").and_then(|rest| rest.strip_suffix(".yaml"));
            let Some(language) = middle else { continue };
            match Pack::read(&Source::new(path, text), language, keys) {
                Ok(pack) => {
                    sources.push((Source::new(path, text), language));
                    packs.insert(language.to_owned(), pack);
                }
                Err(found) => report.problems.extend(found.problems),
            }
        }
        if report.problems.is_empty() {
            let wanted = languages.iter().map(String::as_str).chain([default_language]);
            let missing = wanted.filter(|language| !packs.contains_key(*language));
            report.problems.extend(missing.map(|language| {
                let name = format!("messages.{language}.yaml");
                Problem::whole_file(name, "is missing, and the language is offered")
            }));
        }
        if let Some(model) = packs.get(default_language) {
            for (source, language) in &sources {
                let lost = packs.get(*language).map(|pack| pack.lost(model, source, keys));
                report.problems.extend(lost.into_iter().flatten());
            }
        }
        let default_language = default_language.to_owned();
        report.or(Self { packs, default_language, faults: AtomicU64::new(0) })
    }

    /// The languages that have a pack, sorted.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.packs.keys().map(String::as_str)
    }

    /// A text in a language, the default language where that has no pack. Values are escaped
    /// where the text is HTML; labels and answers are cut to their limits.
    ///
    /// A key or placeholder without a value is a bug of the engine: it is shown as `[key]` or
    /// `{name}` and counted, because a visible gap beats a silent bot.
    #[must_use]
    pub fn render(&self, language: &str, key: &str, values: &[(&str, Value<'_>)]) -> String {
        let pack = self.packs.get(language).or_else(|| self.packs.get(&self.default_language));
        let Some((pack, message)) = pack.and_then(|pack| Some((pack, pack.message(key)?))) else {
            self.count_fault();
            return format!("[{key}]");
        };
        let template = self.form_of(pack, message, values);
        let html = message.spec.kind == Kind::Text;
        let mut out = String::new();
        for piece in &template.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Name(name) => match values.iter().find(|(known, _)| known == name) {
                    Some((_, Value::Text(text))) if html => escape(text, &mut out),
                    Some((_, Value::Text(text) | Value::Html(text))) => out.push_str(text),
                    Some((_, Value::Number(number))) => out.push_str(&number.to_string()),
                    None => {
                        self.count_fault();
                        out.push_str(&format!("{{{name}}}"));
                    }
                },
            }
        }
        match message.spec.kind {
            Kind::Text => out,
            Kind::Label => cut(out, LABEL_LEN_MAX),
            Kind::Answer => cut(out, ANSWER_LEN_MAX),
            Kind::Menu => cut(out, MENU_LEN_MAX),
        }
    }

    /// A text of the settings in a language: as the language's pack translates it under `own`,
    /// else as it stands. It may go into any text as a [`Value::Text`].
    #[must_use]
    pub fn own<'text>(&'text self, language: &str, text: &'text str) -> &'text str {
        self.packs.get(language).and_then(|pack| pack.own(text)).unwrap_or(text)
    }

    /// How often a text could not be said as meant; zero unless the engine has a bug.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults.load(Ordering::Relaxed)
    }

    fn form_of<'p>(
        &self,
        pack: &Pack,
        message: &'p Message,
        values: &[(&str, Value<'_>)],
    ) -> &'p Template {
        let number = message.spec.plural.and_then(|name| {
            values.iter().find_map(|(known, value)| match value {
                Value::Number(number) if *known == name => Some(*number),
                _ => None,
            })
        });
        if message.spec.plural.is_some() && number.is_none() {
            self.count_fault();
        }
        message.form(pack.plurals.category(number.unwrap_or_default()))
    }

    fn count_fault(&self) {
        self.faults.fetch_add(1, Ordering::Relaxed);
    }
}

/// The text within `len_max` characters, with an ellipsis where something is gone.
fn cut(text: String, len_max: usize) -> String {
    if text.chars().count() <= len_max {
        return text;
    }
    text.chars().take(len_max.saturating_sub(1)).chain(['…']).collect()
}
