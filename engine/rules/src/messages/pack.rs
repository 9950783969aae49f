//! One language's texts, read and checked. Private to the message packs.

use core::fmt;
use std::collections::BTreeMap;

use ring4_yaml::{Entries, Problem, Report, Scalar, Source, Step, closest, decode, locate};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::plural::{Category, OTHER, Plurals};
use super::template::{Piece, Template};
use super::{ANSWER_LEN_MAX, KeySpec, Kind, LABEL_LEN_MAX, MENU_LEN_MAX, TEXT_LEN_MAX, markup};

/// Missing keys that are listed one by one before the rest is only counted.
const MISSING_LISTED_MAX: usize = 10;

/// The key in a pack under which texts of the settings stand with their translations.
const OWN: &str = "own";

/// One language's texts.
#[derive(Debug)]
pub struct Pack {
    /// The language's plural rules.
    pub plurals: Plurals,
    messages: BTreeMap<&'static str, Message>,
    /// Texts of the settings as they stand there, and in this language.
    own: BTreeMap<String, String>,
}

/// One text in one language.
#[derive(Debug)]
pub struct Message {
    /// What it is for.
    pub spec: KeySpec,
    /// Its forms; one without category where number does not matter. Never empty.
    forms: Vec<(Option<Category>, Template)>,
    /// Stands in for a form that the checks have proven unreachable.
    empty: Template,
}

impl Message {
    /// Whether any form has this placeholder.
    pub fn names(&self, name: &str) -> bool {
        self.forms.iter().any(|(_, template)| template.names().any(|known| known == name))
    }

    /// The form for a number's category.
    pub fn form(&self, category: Category) -> &Template {
        let fits = |known: &Option<Category>| known.is_none_or(|known| known == category);
        let found = self.forms.iter().find(|(known, _)| fits(known)).or(self.forms.last());
        found.map_or(&self.empty, |(_, template)| template)
    }
}

/// A text as it is written: one form, or one a category.
enum Written {
    One(String),
    Plural(Entries<Scalar>),
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = Written;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a text between quotes, or forms such as {one: …, other: …}")
            }

            fn visit_str<E>(self, text: &str) -> Result<Written, E> {
                Ok(Written::One(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Written, A::Error> {
                Entries::deserialize(MapAccessDeserializer::new(map)).map(Written::Plural)
            }
        }
        deserializer.deserialize_any(Forms)
    }
}

impl Pack {
    /// Reads and checks a pack.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(source: &Source<'_>, language: &str, keys: &[KeySpec]) -> Result<Self, Report> {
        let Some(plurals) = Plurals::of(language) else {
            let reason = format!("`{language}` is not a language code such as en");
            return Err(Problem::whole_file(source.name, reason).into());
        };
        let entries: Entries<Written> = decode(source)?;
        let mut reader = Reader { source, plurals: &plurals, report: Report::default() };
        let mut messages = BTreeMap::new();
        let mut own = BTreeMap::new();
        for (key, written) in &entries.0 {
            match (keys.iter().find(|spec| spec.key == key), written) {
                (Some(spec), _) => drop(messages.insert(spec.key, reader.message(spec, written))),
                (None, Written::Plural(texts)) if key == OWN => own = reader.own(texts),
                (None, _) => reader.unknown_key(key, keys),
            }
        }
        reader.find_gaps(keys, |key| messages.contains_key(key));
        reader.report.or(Self { plurals, messages, own })
    }

    /// What a translation leaves out of its model: placeholders that the model's text has in
    /// some form and this pack's has in none. A price or a deadline would silently go untold.
    pub fn lost(&self, model: &Self, source: &Source<'_>, keys: &[KeySpec]) -> Vec<Problem> {
        let mut problems = Vec::new();
        for spec in keys {
            let (Some(own), Some(model)) = (self.message(spec.key), model.message(spec.key)) else {
                continue;
            };
            let lost: Vec<String> = spec
                .placeholders
                .iter()
                .filter(|name| model.names(name) && !own.names(name))
                .map(|name| format!("`{{{name}}}`"))
                .collect();
            if !lost.is_empty() {
                let (line, column) = locate(source.text, &[Step::from(spec.key)]);
                let reason = format!("leaves out {}", lost.join(", "));
                let problem = source.problem(line, column, reason).with_path(spec.key);
                problems.push(problem.with_hint("the default language's text has it"));
            }
        }
        problems
    }

    /// A text of the settings in this language, where the pack has it.
    pub fn own(&self, text: &str) -> Option<&str> {
        self.own.get(text).map(String::as_str)
    }

    /// The text of a key.
    pub fn message(&self, key: &str) -> Option<&Message> {
        self.messages.get(key)
    }
}

struct Reader<'a> {
    source: &'a Source<'a>,
    plurals: &'a Plurals,
    report: Report,
}

impl Reader<'_> {
    fn fault(&mut self, path: &[&str], reason: String, hint: Option<String>) {
        let steps: Vec<Step> = path.iter().copied().map(Step::from).collect();
        let (line, column) = locate(self.source.text, &steps);
        let mut problem = self.source.problem(line, column, reason).with_path(path.join("."));
        problem.hint = hint;
        self.report.problems.push(problem);
    }

    fn unknown_key(&mut self, key: &str, keys: &[KeySpec]) {
        let hint = closest(key, keys.iter().map(|spec| spec.key));
        let hint = hint.map(|known| format!("did you mean `{known}`?"));
        self.fault(&[key], "unknown text".to_owned(), hint);
    }

    /// What the settings say, in this language. These are values, not texts: nothing in them is a
    /// placeholder or a tag.
    fn own(&mut self, texts: &Entries<Scalar>) -> BTreeMap<String, String> {
        for (text, translation) in &texts.0 {
            if translation.0.trim().is_empty() {
                self.fault(&[OWN, text], "is empty".to_owned(), None);
            }
        }
        texts.0.iter().map(|(text, own)| (text.clone(), own.0.clone())).collect()
    }

    /// Reports the keys that have no text, each run of them at the text that they belong after.
    fn find_gaps(&mut self, keys: &[KeySpec], has: impl Fn(&str) -> bool) {
        let mut before = None;
        let mut gap = Vec::new();
        for spec in keys {
            if has(spec.key) {
                self.report_gap(before, &gap);
                before = Some(spec.key);
                gap.clear();
            } else {
                gap.push(spec.key);
            }
        }
        self.report_gap(before, &gap);
    }

    fn report_gap(&mut self, before: Option<&str>, gap: &[&str]) {
        if gap.is_empty() {
            return;
        }
        let listed = gap.get(..MISSING_LISTED_MAX).unwrap_or(gap);
        let rest = gap.len() - listed.len();
        let after = before.map(|key| format!(" after `{key}`")).unwrap_or_default();
        let mut reason = format!("texts are missing{after}: {}", listed.join(", "));
        if rest > 0 {
            reason += &format!(" and {rest} more");
        }
        let steps: Vec<Step> = before.into_iter().map(Step::from).collect();
        let (line, column) = locate(self.source.text, &steps);
        self.report.problems.push(self.source.problem(line, column, reason));
    }

    fn message(&mut self, spec: &KeySpec, written: &Written) -> Message {
        let forms = match written {
            Written::One(text) => vec![(None, self.template(spec, &[spec.key], text))],
            Written::Plural(forms) => self.forms(spec, forms),
        };
        Message { spec: *spec, forms, empty: Template::default() }
    }

    fn forms(
        &mut self,
        spec: &KeySpec,
        written: &Entries<Scalar>,
    ) -> Vec<(Option<Category>, Template)> {
        if spec.plural.is_none() {
            self.fault(&[spec.key], "no number chooses among forms here".to_owned(), None);
        }
        let needed = self.plurals.needed();
        let mut forms = Vec::new();
        for (name, text) in &written.0 {
            let path = [spec.key, name.as_str()];
            let template = self.template(spec, &path, &text.0);
            // `other` is also what fractions have, so it is nowhere a mistake.
            let mut known = needed.iter().copied().chain([OTHER]);
            match known.find(|category| category == name) {
                Some(category) => forms.push((Some(category), template)),
                None => {
                    let hint = format!("the forms are {}", needed.join(", "));
                    self.fault(&path, format!("no number has the form `{name}`"), Some(hint));
                }
            }
        }
        let missing: Vec<&str> =
            needed.into_iter().filter(|name| written.get(name).is_none()).collect();
        if !missing.is_empty() {
            self.fault(&[spec.key], format!("forms are missing: {}", missing.join(", ")), None);
        }
        forms
    }

    fn template(&mut self, spec: &KeySpec, path: &[&str], text: &str) -> Template {
        let template = match Template::read(text) {
            Ok(template) => template,
            Err(reason) => {
                self.fault(path, reason, None);
                return Template::default();
            }
        };
        for name in template.names().filter(|name| !spec.placeholders.contains(name)) {
            let hint = match closest(name, spec.placeholders.iter().copied()) {
                Some(known) => format!("did you mean `{{{known}}}`?"),
                None if spec.placeholders.is_empty() => "this text has none".to_owned(),
                None => format!("known: {}", spec.placeholders.join(", ")),
            };
            self.fault(path, format!("unknown placeholder `{{{name}}}`"), Some(hint));
        }
        if let Err(reason) = check_text(spec.kind, &template) {
            self.fault(path, reason, None);
        }
        template
    }
}

/// Checks what a text of this kind may hold. Placeholders count as nothing: what they will hold
/// is not known, and texts are cut or refused where they are sent.
fn check_text(kind: Kind, template: &Template) -> Result<(), String> {
    let bare = template.sample("");
    if template
        .pieces
        .iter()
        .all(|piece| matches!(piece, Piece::Text(text) if text.trim().is_empty()))
    {
        return Err("is empty".to_owned());
    }
    let (len, len_max) = match kind {
        Kind::Text => {
            // A placeholder inside a tag must be a value there, never the tag itself.
            markup::check(&template.sample("x"))?;
            (markup::check(&bare).unwrap_or_default(), TEXT_LEN_MAX)
        }
        Kind::Label => (plain(&bare)?, LABEL_LEN_MAX),
        Kind::Answer => (plain(&bare)?, ANSWER_LEN_MAX),
        Kind::Menu => (plain(&bare)?, MENU_LEN_MAX),
    };
    if len > len_max {
        return Err(format!("{len} characters are more than {len_max}"));
    }
    Ok(())
}

fn plain(text: &str) -> Result<usize, String> {
    let mut after_less = text.split('<').skip(1);
    if after_less
        .any(|rest| rest.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/'))
    {
        return Err("tags would be shown as they are; this text is plain".to_owned());
    }
    Ok(text.chars().count())
}
