//! A file's name and text, and problems placed in it.

use crate::{Problem, Report};

/// Unbroken characters from which a word of letters and digits is taken for a credential.
const CREDENTIAL_LEN_MIN: usize = 20;

/// An edited file in memory.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The name as the operator knows it, relative.
    pub name: &'a str,
    /// The whole text.
    pub text: &'a str,
    /// Whether somebody may have typed a credential into it: what looks like one is then
    /// masked in every problem, because problems end up in logs and chats.
    pub sensitive: bool,
}

impl<'a> Source<'a> {
    /// A file whose lines may be shown as they are.
    #[must_use]
    pub const fn new(name: &'a str, text: &'a str) -> Self {
        Self { name, text, sensitive: false }
    }

    /// A file whose lines are masked where they may hold a credential.
    #[must_use]
    pub const fn sensitive(name: &'a str, text: &'a str) -> Self {
        Self { name, text, sensitive: true }
    }

    /// A problem at `line` and `column`, both from 1, with the line's text.
    pub fn problem(&self, line: u32, column: u32, reason: impl Into<String>) -> Problem {
        let index = usize::try_from(line).unwrap_or_default().checked_sub(1);
        let source_line = index.and_then(|index| self.text.lines().nth(index));
        Problem {
            file: self.name.to_owned(),
            line,
            column,
            path: String::new(),
            reason: self.shown(&reason.into()),
            hint: None,
            source_line: source_line.map(|line| self.shown(line.trim_end())),
        }
    }

    /// A report of one problem.
    pub fn report(&self, line: u32, column: u32, reason: impl Into<String>) -> Report {
        Report::of(self.problem(line, column, reason))
    }

    /// The text with what looks like a credential masked, character for character so that
    /// columns stay true.
    fn shown(&self, text: &str) -> String {
        if !self.sensitive {
            return text.to_owned();
        }
        let of_word = |letter: char| letter.is_ascii_alphanumeric() || ":_-".contains(letter);
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let inside = of_word(first);
            let end = rest.find(|letter| of_word(letter) != inside).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            if inside && is_credential(word) {
                shown.extend(word.chars().map(|_| '*'));
            } else {
                shown.push_str(word);
            }
            rest = after;
        }
        shown
    }
}

fn is_credential(word: &str) -> bool {
    word.len() >= CREDENTIAL_LEN_MIN
        && word.bytes().any(|byte| byte.is_ascii_digit())
        && word.bytes().any(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_masked_only_where_they_may_occur() {
        let text = "a: 1\ntokne: 123456789:AAinventedinventedinvented # note\n";
        let shown = Source::sensitive("config.yaml", text).problem(2, 1, "unknown key");
        assert_eq!(shown.source_line.unwrap(), format!("tokne: {} # note", "*".repeat(36)));
        let open = Source::new("pricing.rhai", "fn test_price_of_the_2nd_service() {}");
        assert_eq!(open.problem(1, 4, "bad").source_line.unwrap(), open.text);
    }
}
