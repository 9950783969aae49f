//! Texts that are forgotten one day: bought numbers, codes, the messages they came in. Everyone
//! may import this.
//!
//! A text is readable while its key is there. The key lies outside the journal; once it is gone,
//! what is left are the sealed bytes, which nobody can open and which are written back as they
//! are.

use core::fmt;

/// A text that is readable or sealed for good. Its `Debug` never shows it, so that it cannot
/// slip into a log with the record around it.
#[derive(Clone, PartialEq, Eq)]
pub enum Private {
    /// The text is known.
    Open(String),
    /// Only the sealed bytes are left; the domain does not look at them.
    Sealed(Box<[u8]>),
}

impl Private {
    /// The text, while it is known.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Open(text) => Some(text),
            Self::Sealed(_) => None,
        }
    }

    /// Whether the text is known to say nothing.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.text().is_some_and(|text| text.trim().is_empty())
    }
}

impl From<String> for Private {
    fn from(text: String) -> Self {
        Self::Open(text)
    }
}

impl From<&str> for Private {
    fn from(text: &str) -> Self {
        Self::Open(text.to_owned())
    }
}

impl fmt::Debug for Private {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Open(_) => "Private(open)",
            Self::Sealed(_) => "Private(sealed)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_in_a_log_does_not_tell_the_text() {
        let open = Private::from("+15550100");
        let sealed = Private::Sealed(b"+15550100".to_vec().into());
        for (private, text) in [(open, Some("+15550100")), (sealed, None)] {
            assert_eq!(private.text(), text);
            let logged = format!("{private:?} {:?} {private:#?}", Some(vec![&private]));
            assert!(!logged.contains("555") && !logged.contains("53, 53, 53"), "{logged}");
        }
    }

    #[test]
    fn only_a_known_text_is_blank() {
        assert!(Private::from(" \n").is_blank());
        assert!(!Private::from("1").is_blank());
        assert!(!Private::Sealed([].into()).is_blank());
    }
}
