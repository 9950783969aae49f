//! `{name}` in a text. Private to the message packs.

/// A text cut at its placeholders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// In order.
    pub pieces: Vec<Piece>,
}

/// Part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// As it is.
    Text(String),
    /// A placeholder's name.
    Name(String),
}

impl Template {
    /// Reads a text; `{{` and `}}` stand for the braces themselves.
    ///
    /// # Errors
    /// What is wrong with its braces.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
                plain.push(if from.starts_with('{') { '{' } else { '}' });
                rest = after;
                continue;
            }
            let Some(inner) = from.strip_prefix('{') else {
                return Err("`}` without `{`; write `}}` for the brace itself".to_owned());
            };
            let (name, after) = inner
                .split_once('}')
                .ok_or("`{` is never closed; write `{{` for the brace itself")?;
            let known =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            if name.is_empty() || !name.bytes().all(known) {
                return Err(format!("`{{{name}}}` is no placeholder"));
            }
            if !plain.is_empty() {
                pieces.push(Piece::Text(core::mem::take(&mut plain)));
            }
            pieces.push(Piece::Name(name.to_owned()));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self { pieces })
    }

    /// The names of its placeholders.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Name(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The text with something harmless for every placeholder, to be checked as a whole.
    pub fn sample(&self, stand_in: &str) -> String {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.as_str(),
                Piece::Name(_) => stand_in,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_cut_at_their_names() {
        let text = |text: &str| Piece::Text(text.to_owned());
        let name = |name: &str| Piece::Name(name.to_owned());
        let rows: &[(&str, Result<Vec<Piece>, &str>)] = &[
            ("", Ok(vec![])),
            ("plain", Ok(vec![text("plain")])),
            ("{a}", Ok(vec![name("a")])),
            ("x {a_1}{b} y", Ok(vec![text("x "), name("a_1"), name("b"), text(" y")])),
            ("{{a}} {b}", Ok(vec![text("{a} "), name("b")])),
            ("{a", Err("`{` is never closed; write `{{` for the brace itself")),
            ("a}", Err("`}` without `{`; write `}}` for the brace itself")),
            ("{A b}", Err("`{A b}` is no placeholder")),
            ("{}", Err("`{}` is no placeholder")),
        ];
        for (source, want) in rows {
            let got = Template::read(source).map(|template| template.pieces);
            assert_eq!(
                got.as_ref().map_err(String::as_str),
                want.as_ref().map_err(|e| *e),
                "{source}"
            );
        }
    }
}
