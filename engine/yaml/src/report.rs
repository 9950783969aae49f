//! What is wrong with an edited file, worded for the person who edits it.

use core::fmt;

/// Edits between a misspelt word and the one that is proposed instead.
const TYPO_DISTANCE_MAX: usize = 3;

/// One thing wrong at one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// The file's name as the operator knows it, relative; or `environment`.
    pub file: String,
    /// The line, from 1; 0 when the fault has no place in the file.
    pub line: u32,
    /// The column in characters, from 1; 0 when unknown.
    pub column: u32,
    /// The key path (`pricing.min_price`), the variable's name, or empty.
    pub path: String,
    /// What is wrong, in one line.
    pub reason: String,
    /// What to do about it, in one line.
    pub hint: Option<String>,
    /// The line at fault, when it may be shown.
    pub source_line: Option<String>,
}

impl Problem {
    /// A fault without a place inside the file.
    pub fn whole_file(file: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { file: file.into(), reason: reason.into(), ..Self::default() }
    }

    /// The same problem under a key path or a variable's name.
    #[must_use]
    pub fn with_path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// The same problem with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Problem {
    /// `file:line:col: path: reason, hint`, then the line at fault with a caret under it.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.file)?;
        if self.line > 0 {
            write!(out, ":{}", self.line)?;
            if self.column > 0 {
                write!(out, ":{}", self.column)?;
            }
        }
        if !self.path.is_empty() {
            write!(out, ": {}", self.path)?;
        }
        write!(out, ": {}", self.reason)?;
        if let Some(hint) = &self.hint {
            write!(out, ", {hint}")?;
        }
        if let Some(source_line) = &self.source_line {
            let number = self.line.to_string();
            write!(out, "\n  {number} | {source_line}")?;
            if self.column > 0 {
                let margin = " ".repeat(number.len());
                // Tabs are kept, so that the caret stands under its character.
                let skipped = usize::try_from(self.column).unwrap_or_default().saturating_sub(1);
                let indent: String = source_line
                    .chars()
                    .take(skipped)
                    .map(|letter| if letter == '\t' { '\t' } else { ' ' })
                    .collect();
                write!(out, "\n  {margin} | {indent}^")?;
            }
        }
        Ok(())
    }
}

/// Everything wrong with what was read; never empty when it is returned as an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Report {
    /// The problems, in the order of their files and lines where the reader knows it.
    pub problems: Vec<Problem>,
}

impl Report {
    /// A report of one problem.
    #[must_use]
    pub fn of(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }

    /// `value` when nothing was found wrong, else the report.
    ///
    /// # Errors
    /// The report holds a problem.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.problems.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl From<Problem> for Report {
    fn from(problem: Problem) -> Self {
        Self::of(problem)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.problems.iter().enumerate() {
            if place > 0 {
                writeln!(out)?;
            }
            write!(out, "{problem}")?;
        }
        Ok(())
    }
}

/// The known word that a misspelt one most likely stands for.
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // In a short word three edits reach anything, so the distance shrinks with the length.
    let distance_max = TYPO_DISTANCE_MAX.min(word.chars().count().div_ceil(2));
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= distance_max)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_its_character() {
        let problem = Problem {
            file: "config.yaml".to_owned(),
            line: 12,
            column: 4,
            path: "a.b".to_owned(),
            reason: "too small".to_owned(),
            hint: Some("use 1 or more".to_owned()),
            source_line: Some("\tb: 0".to_owned()),
        };
        let want = "config.yaml:12:4: a.b: too small, use 1 or more\n  12 | \tb: 0\n     | \t  ^";
        assert_eq!(problem.to_string(), want);
        assert_eq!(
            Problem::whole_file("x.yaml", "cannot be read").to_string(),
            "x.yaml: cannot be read"
        );
    }

    #[test]
    fn near_words_are_proposed_and_far_ones_are_not() {
        let known = ["timeout_secs", "token", "workers"];
        for (word, want) in [
            ("timeuot_secs", Some("timeout_secs")),
            ("tokne", Some("token")),
            ("worker", Some("workers")),
            ("colour", None),
            ("x", None),
        ] {
            assert_eq!(closest(word, known), want, "{word}");
        }
    }
}
