//! Text to typed value, with every fault placed at its line, column and key path.

use core::fmt;
use std::collections::BTreeSet;

use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess,
};
use serde::de::{Deserializer, Visitor};

use crate::{Problem, Report, Source, closest};

/// The longest text that is decoded, in bytes.
pub const TEXT_LEN_MAX: usize = 1 << 20;

/// One step of a key path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A mapping's key; may itself contain dots.
    Key(String),
    /// A list's item, from 0.
    Item(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Step {
    fn from(item: usize) -> Self {
        Self::Item(item)
    }
}

/// Decodes a whole file. Text of blank lines and comments alone counts as an empty mapping.
///
/// Unknown keys are refused where the type says `deny_unknown_fields`. Types with `flatten` or
/// `untagged` must not be used: serde buffers them and loses every location.
///
/// # Errors
/// The first fault, placed; YAML cannot be read past it.
pub fn decode<T: DeserializeOwned>(source: &Source<'_>) -> Result<T, Report> {
    if source.text.len() > TEXT_LEN_MAX {
        let reason = format!("larger than {TEXT_LEN_MAX} bytes");
        return Err(Problem::whole_file(source.name, reason).into());
    }
    let blank = |line: &str| line.trim_start().is_empty() || line.trim_start().starts_with('#');
    let text = if source.text.lines().all(blank) { "{}" } else { source.text };
    let report = |error| Report::of(problem_of(source, &error));
    serde_yaml::from_str::<Unrepeated>(text).map_err(report)?;
    serde_yaml::from_str(text).map_err(report)
}

/// Where the value at `path` begins, as line and column from 1. When the path leads nowhere,
/// because a default stood in for it, the deepest part that is there.
#[must_use]
pub fn locate(text: &str, path: &[Step]) -> (u32, u32) {
    (0..=path.len())
        .rev()
        .filter_map(|len| path.get(..len))
        .find_map(|part| {
            let error = Probe(part).deserialize(serde_yaml::Deserializer::from_str(text)).err()?;
            error.to_string().contains(FOUND).then(|| place_of(&error))
        })
        .unwrap_or((1, 1))
}

/// The marker by which `locate` knows its own error. Raising an error at the value is the one
/// way to learn a place from this parser, which reports places for nothing else.
const FOUND: &str = "\u{1}found";

struct Probe<'a>(&'a [Step]);

impl<'de> DeserializeSeed<'de> for Probe<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Probe<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Any value of another shape than the path wants ends up here, as "invalid type".
        out.write_str(if self.0.is_empty() { FOUND } else { "a nested value" })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((step, rest)) = self.0.split_first() else {
            return Err(A::Error::custom(FOUND));
        };
        while let Some(key) = map.next_key::<String>()? {
            if *step == Step::Key(key) {
                return map.next_value_seed(Probe(rest));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Some((step, rest)) = self.0.split_first() else {
            return Err(A::Error::custom(FOUND));
        };
        for item in 0.. {
            if *step == Step::Item(item) {
                items.next_element_seed(Probe(rest))?;
                return Ok(());
            }
            if items.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
        }
        Ok(())
    }
}

/// Any value in which no mapping has a key twice. The later value would silently win, and the
/// operator would edit the one that does nothing. A pass of its own, because only an error
/// raised while the key is read is placed at that key.
struct Unrepeated;

impl<'de> Deserialize<'de> for Unrepeated {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unrepeated {
    type Value = Self;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value without a tag")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut seen = BTreeSet::new();
        while map.next_key_seed(NewKey(&mut seen))?.is_some() {
            map.next_value::<Self>()?;
        }
        Ok(self)
    }
}

struct NewKey<'a>(&'a mut BTreeSet<String>);

impl<'de> DeserializeSeed<'de> for NewKey<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NewKey<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<(), E> {
        if self.0.insert(key.to_owned()) {
            return Ok(());
        }
        Err(E::custom(format_args!("key `{key}` appears twice")))
    }
}

fn place_of(error: &serde_yaml::Error) -> (u32, u32) {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    error.location().map_or((1, 1), |at| (number(at.line()), number(at.column())))
}

fn problem_of(source: &Source<'_>, error: &serde_yaml::Error) -> Problem {
    let (line, column) = place_of(error);
    let text = error.to_string();
    // The parser appends the place to its text, and says where the surrounding block began.
    let text = text.split(" at line ").next().unwrap_or_default();
    let text = text.strip_suffix(", while scanning for the next token").unwrap_or(text);
    let (path, reason) = split_path(text);
    let (reason, hint) = reword(reason);
    let mut problem = source.problem(line, column, reason).with_path(path);
    problem.hint = hint;
    problem
}

/// Splits `providers.smspool: unknown field …` at the end of its path. Reasons contain spaces
/// before their first colon, paths do not.
fn split_path(text: &str) -> (&str, &str) {
    match text.split_once(": ") {
        Some((path, reason)) if !path.contains([' ', '`', '"']) => (path, reason),
        _ => ("", text),
    }
}

/// The parser's words in the operator's: keys, not fields; a proposal instead of a long list.
fn reword(reason: &str) -> (String, Option<String>) {
    let mut quoted = reason.split('`').skip(1).step_by(2);
    if reason.starts_with("unknown field `") {
        let word = quoted.next().unwrap_or_default();
        let known: Vec<&str> = quoted.collect();
        let hint = match closest(word, known.iter().copied()) {
            Some(candidate) => format!("did you mean `{candidate}`?"),
            None if known.is_empty() => "no keys are allowed here".to_owned(),
            None => format!("known keys: {}", known.join(", ")),
        };
        return (format!("unknown key `{word}`"), Some(hint));
    }
    if reason.starts_with("unknown variant `") {
        let word = quoted.next().unwrap_or_default();
        let known: Vec<&str> = quoted.collect();
        let hint = match closest(word, known.iter().copied()) {
            Some(candidate) => format!("did you mean `{candidate}`?"),
            None => format!("one of: {}", known.join(", ")),
        };
        return (format!("unknown value `{word}`"), Some(hint));
    }
    if let Some(rest) = reason.strip_prefix("missing field ") {
        return (format!("missing key {rest}"), None);
    }
    (reason.to_owned(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only decoded")]
    struct Shop {
        telegram: Telegram,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only decoded")]
    struct Telegram {
        timeout_secs: u32,
        mode: Option<Mode>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        Polling,
        Webhook,
    }

    #[test]
    fn faults_are_placed_and_worded() {
        let rows = [
            (
                "telegram:\n  timeuot_secs: 5\n",
                "x.yaml:2:3: telegram: unknown key `timeuot_secs`, did you mean `timeout_secs`?\n  \
                 2 |   timeuot_secs: 5\n    |   ^",
            ),
            (
                "telegram:\n  colour: 5\n",
                "x.yaml:2:3: telegram: unknown key `colour`, known keys: timeout_secs, mode\n  \
                 2 |   colour: 5\n    |   ^",
            ),
            (
                "telegram:\n  timeout_secs: soon\n",
                "x.yaml:2:17: telegram.timeout_secs: invalid type: string \"soon\", \
                 expected u32\n  \
                 2 |   timeout_secs: soon\n    |                 ^",
            ),
            (
                "telegram:\n  timeout_secs: 1\n  mode: polling-\n",
                "x.yaml:3:9: telegram.mode: unknown value `polling-`, did you mean `polling`?\n  \
                 3 |   mode: polling-\n    |         ^",
            ),
            (
                "telegram:\n  mode: webhook\n",
                "x.yaml:2:3: telegram: missing key `timeout_secs`\n  \
                 2 |   mode: webhook\n    |   ^",
            ),
            (
                "telegram:\n  timeout_secs: 1\n  timeout_secs: 2\n",
                "x.yaml:3:3: telegram: key `timeout_secs` appears twice\n  \
                 3 |   timeout_secs: 2\n    |   ^",
            ),
            (
                "telegram:\n\ttimeout_secs: 1\n",
                "x.yaml:2:1: found character that cannot start any token\n  \
                 2 | \ttimeout_secs: 1\n    | ^",
            ),
            ("# nothing\n", "x.yaml:1:1: missing key `telegram`\n  1 | # nothing\n    | ^"),
        ];
        for (text, want) in rows {
            let problem = decode::<Shop>(&Source::new("x.yaml", text)).unwrap_err();
            assert_eq!(problem.to_string(), want, "{text}");
        }
        let large = "#".repeat(TEXT_LEN_MAX + 1);
        let problem = decode::<Shop>(&Source::new("x.yaml", &large)).unwrap_err();
        assert_eq!(problem.to_string(), "x.yaml: larger than 1048576 bytes");
    }

    #[test]
    fn a_bomb_of_aliases_is_refused() {
        let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..12 {
            let alias = format!("*a{},", level - 1).repeat(10);
            text.push_str(&format!("a{level}: &a{level} [{alias}]\n"));
        }
        let source = Source::new("x.yaml", &text);
        let problem = decode::<std::collections::BTreeMap<String, serde_yaml::Value>>(&source);
        assert_eq!(problem.unwrap_err().problems[0].reason, "repetition limit exceeded");
    }

    #[test]
    fn values_are_located_by_path() {
        let text = "a: 1\nb:\n  c.d: [x, y]\n  e: {f: true, g: }\nh: |\n  long\n";
        let rows: [(&[Step], (u32, u32)); 9] = [
            (&["a".into()], (1, 4)),
            (&["b".into()], (3, 3)),
            (&["b".into(), "c.d".into()], (3, 8)),
            (&["b".into(), "c.d".into(), 1.into()], (3, 12)),
            (&["b".into(), "c.d".into(), 7.into()], (3, 8)),
            (&["b".into(), "e".into(), "f".into()], (4, 10)),
            (&["b".into(), "nowhere".into(), "x".into()], (3, 3)),
            (&["h".into()], (5, 4)),
            (&[], (1, 1)),
        ];
        for (path, want) in rows {
            assert_eq!(locate(text, path), want, "{path:?}");
        }
        assert_eq!(locate("]", &["a".into()]), (1, 1));
    }
}
