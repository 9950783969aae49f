//! The environment as a plain map, and the `.env` reader. Used by this crate and its callers.
//!
//! Nothing in this crate reads the process's environment by itself, so that a test and the
//! demo can hand over exactly the variables they mean.

use core::fmt;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use ring4_yaml::{Problem, Report, Source};

/// The longest `.env` file that is read, in bytes.
const DOTENV_LEN_MAX: usize = 1 << 16;

/// Variables by name, each with the place it was written in.
#[derive(Clone, Default)]
pub struct Env {
    variables: BTreeMap<String, Variable>,
}

#[derive(Clone)]
struct Variable {
    value: String,
    /// File and line of a variable that came from a file.
    origin: Option<(String, u32)>,
}

impl fmt::Debug for Env {
    /// Names only: the values are where the secrets are.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.variables.keys()).finish()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let variable = |value: V| Variable { value: value.into(), origin: None };
        Self {
            variables: pairs
                .into_iter()
                .map(|(name, value)| (name.into(), variable(value)))
                .collect(),
        }
    }
}

impl Env {
    /// The variable's value; `None` when it is not set. A variable set to nothing is `Some("")`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|variable| variable.value.as_str())
    }

    /// The variable's value unless it is unset or empty, as templates of `.env` leave it.
    #[must_use]
    pub fn given(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.trim().is_empty())
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// Sets a variable, replacing what was there.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.variables.insert(name.into(), Variable { value: value.into(), origin: None });
    }

    /// Adds the variables of a `.env` file; variables already set win. A file that does not
    /// exist adds nothing.
    ///
    /// # Errors
    /// The file cannot be read or a line is not `NAME=value`.
    pub fn read_dotenv(&mut self, path: &Path) -> Result<(), Report> {
        match fs::read_to_string(path) {
            Ok(text) => self.add_dotenv(&path.display().to_string(), &text),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => {
                let reason = format!("cannot be read: {error}");
                Err(Problem::whole_file(path.display().to_string(), reason).into())
            }
        }
    }

    /// Adds the variables of a `.env` text: `NAME=value`, optionally after `export`, in single
    /// quotes (as it is) or double quotes (`\n`, `\"`, `\\`), `#` starts a comment after a space.
    ///
    /// # Errors
    /// Every line that is not of that form. The lines are not shown: they hold secrets.
    pub fn add_dotenv(&mut self, name: &str, text: &str) -> Result<(), Report> {
        let mut report = Report::default();
        if text.len() > DOTENV_LEN_MAX {
            let reason = format!("larger than {DOTENV_LEN_MAX} bytes");
            return Err(Problem::whole_file(name, reason).into());
        }
        for (number, line) in (1_u32..).zip(text.lines()) {
            match read_line(line) {
                Ok(None) => {}
                Ok(Some((key, value))) => {
                    let origin = Some((name.to_owned(), number));
                    self.variables.entry(key).or_insert(Variable { value, origin });
                }
                Err(reason) => {
                    let mut problem = Source::new(name, text).problem(number, 1, reason);
                    problem.source_line = None;
                    report.problems.push(problem);
                }
            }
        }
        report.or(())
    }

    /// A problem with the value of a variable, placed where the variable was written.
    pub(crate) fn problem(&self, name: &str, reason: impl Into<String>) -> Problem {
        let origin = self.variables.get(name).and_then(|variable| variable.origin.clone());
        let (file, line) = origin.unwrap_or_else(|| ("environment".to_owned(), 0));
        let mut problem = Problem::whole_file(file, reason).with_path(name);
        problem.line = line;
        problem
    }
}

fn read_line(line: &str) -> Result<Option<(String, String)>, &'static str> {
    let line = line.trim().trim_start_matches('\u{feff}');
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=').ok_or("not NAME=value")?;
    let name = name.trim();
    if !is_name(name) {
        return Err("a name is made of letters, digits and _");
    }
    Ok(Some((name.to_owned(), read_value(value.trim())?)))
}

pub(crate) fn is_name(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(known)
}

fn read_value(text: &str) -> Result<String, &'static str> {
    let after_quote = |rest: &str| rest.trim().is_empty() || rest.trim().starts_with('#');
    if let Some(rest) = text.strip_prefix('\'') {
        let (value, rest) = rest.split_once('\'').ok_or("the single quote is never closed")?;
        return if after_quote(rest) {
            Ok(value.to_owned())
        } else {
            Err("text after the closing quote")
        };
    }
    if let Some(rest) = text.strip_prefix('"') {
        let mut value = String::new();
        let mut letters = rest.chars();
        loop {
            match letters.next().ok_or("the double quote is never closed")? {
                '"' => break,
                '\\' => {
                    value.push(match letters.next().ok_or("the double quote is never closed")? {
                        'n' => '\n',
                        other => other,
                    })
                }
                letter => value.push(letter),
            }
        }
        return if after_quote(letters.as_str()) {
            Ok(value)
        } else {
            Err("text after the closing quote")
        };
    }
    let end = text.find(" #").unwrap_or(text.len());
    Ok(text.get(..end).unwrap_or(text).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotenv_lines_are_read_and_real_variables_win() {
        let text = "\u{feff}# note\n\nA=1\nexport B = two words # note\nC='$x # y' # note\n\
                    D=\"a\\n\\\"b\\\\\"\nE=\nF=a#b\nREAL=file\nA=again\n";
        let mut env: Env = [("REAL", "process")].into_iter().collect();
        env.add_dotenv(".env", text).unwrap();
        for (name, want) in [
            ("A", Some("1")),
            ("B", Some("two words")),
            ("C", Some("$x # y")),
            ("D", Some("a\n\"b\\")),
            ("E", Some("")),
            ("F", Some("a#b")),
            ("REAL", Some("process")),
            ("G", None),
        ] {
            assert_eq!(env.get(name), want, "{name}");
        }
        assert_eq!(env.given("E"), None);
        assert!(!format!("{env:?}").contains("two words"));
    }

    #[test]
    fn bad_dotenv_lines_are_named_without_being_shown() {
        let text = "A=1\nhunter2\n1A=x\nB='open\nC=\"open\\\nD='x'y\n";
        let report = Env::default().add_dotenv(".env", text).unwrap_err();
        let want = ".env:2:1: not NAME=value\n\
                    .env:3:1: a name is made of letters, digits and _\n\
                    .env:4:1: the single quote is never closed\n\
                    .env:5:1: the double quote is never closed\n\
                    .env:6:1: text after the closing quote";
        assert_eq!(report.to_string(), want);
    }
}
