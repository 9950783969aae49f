//! What a person formatted in Telegram's app, as Telegram's HTML. Only `inbound` uses it.
//!
//! The app sends the letters, and beside them the stretches that are formatted, in UTF-16 units.
//! For each letter it is asked which stretches it lies in, and tags are closed and opened so that
//! these are open. So whatever stretches come, overlapping or reaching beyond the text, the tags
//! are properly nested and none is left open.

use serde::Deserialize;

use crate::command;

/// The longest name of a programming language kept, in bytes.
const LANGUAGE_LEN_MAX: usize = 32;

/// The longest address of a link kept, in bytes.
const URL_LEN_MAX: usize = 2_048;

/// The most stretches looked at; Telegram takes 100 in a message.
const STRETCHES_MAX: usize = 100;

/// A stretch of a text, as the Bot API has it (MessageEntity). Only what is read.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Stretch {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    offset: usize,
    #[serde(default)]
    length: usize,
    url: Option<String>,
    language: Option<String>,
}

/// A stretch that is formatted.
struct Format {
    from: usize,
    to: usize,
    open: String,
    close: &'static str,
}

/// What was written, without the command before it, as HTML; `None` where none of it is formatted.
pub(super) fn html(text: &str, stretches: &[Stretch]) -> Option<String> {
    let mut formats: Vec<Format> =
        stretches.iter().take(STRETCHES_MAX).filter_map(Format::read).collect();
    if formats.is_empty() {
        return None;
    }
    // Whoever begins first, and of those the longer one, holds the other.
    formats.sort_by_key(|format| (format.from, std::cmp::Reverse(format.to)));
    let words = command::words_of(text);
    let before = text.get(..text.len() - words.len()).unwrap_or_default();
    let mut at = before.encode_utf16().count();
    let mut writing = Writing { out: String::new(), open: Vec::new(), is_formatted: false };
    let mut blanks = Vec::new();
    for letter in words.chars() {
        let here = at;
        at += letter.len_utf16();
        let Some(letter) = command::shown(letter) else { continue };
        if letter.is_whitespace() {
            // Blanks at either end go, and so do tags around nothing else.
            blanks.push((letter, here));
            continue;
        }
        if writing.out.is_empty() {
            blanks.clear();
        }
        for (letter, here) in blanks.drain(..).chain([(letter, here)]) {
            writing.add(letter, here, &formats);
        }
    }
    writing.turn(&[], &formats);
    writing.is_formatted.then_some(writing.out)
}

impl Format {
    /// `None` for what is no formatting: what the app finds by itself, and what is shown no
    /// differently without it.
    fn read(stretch: &Stretch) -> Option<Self> {
        let (open, close) = match stretch.kind.as_str() {
            "bold" => ("<b>".to_owned(), "</b>"),
            "italic" => ("<i>".to_owned(), "</i>"),
            "underline" => ("<u>".to_owned(), "</u>"),
            "strikethrough" => ("<s>".to_owned(), "</s>"),
            "spoiler" => ("<tg-spoiler>".to_owned(), "</tg-spoiler>"),
            "code" => ("<code>".to_owned(), "</code>"),
            "pre" => match stretch.language.as_deref().filter(|name| is_language(name)) {
                Some(name) => (format!("<pre><code class=\"language-{name}\">"), "</code></pre>"),
                None => ("<pre>".to_owned(), "</pre>"),
            },
            "blockquote" => ("<blockquote>".to_owned(), "</blockquote>"),
            "expandable_blockquote" => ("<blockquote expandable>".to_owned(), "</blockquote>"),
            "text_link" => {
                let url = stretch.url.as_deref().filter(|url| is_url(url))?;
                let mut open = "<a href=\"".to_owned();
                url.chars().for_each(|letter| escape(letter, &mut open));
                open.push_str("\">");
                (open, "</a>")
            }
            _ => return None,
        };
        let from = stretch.offset;
        Some(Self { from, to: from.saturating_add(stretch.length), open, close })
    }
}

fn is_language(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"+#_-.".contains(&byte);
    !name.is_empty() && name.len() <= LANGUAGE_LEN_MAX && name.bytes().all(known)
}

fn is_url(url: &str) -> bool {
    let strange = |letter: char| letter.is_whitespace() || letter.is_control();
    !url.is_empty() && url.len() <= URL_LEN_MAX && !url.chars().any(strange)
}

struct Writing {
    out: String,
    /// The formats whose tags are open, outermost first, by their place in the list.
    open: Vec<usize>,
    is_formatted: bool,
}

impl Writing {
    fn add(&mut self, letter: char, at: usize, formats: &[Format]) {
        let here = formats.iter().enumerate();
        let here = here.filter(|(_, format)| (format.from..format.to).contains(&at));
        let here: Vec<usize> = here.map(|(place, _)| place).collect();
        self.turn(&here, formats);
        escape(letter, &mut self.out);
    }

    /// Closes and opens tags so that these are open.
    fn turn(&mut self, wanted: &[usize], formats: &[Format]) {
        let kept = self.open.iter().zip(wanted).take_while(|(open, wanted)| open == wanted);
        let kept = kept.count();
        for place in self.open.drain(kept..).rev() {
            self.out.push_str(formats.get(place).map_or("", |format| format.close));
        }
        for place in wanted.iter().skip(kept) {
            self.out.push_str(formats.get(*place).map_or("", |format| format.open.as_str()));
            self.open.push(*place);
            self.is_formatted = true;
        }
    }
}

fn escape(letter: char, out: &mut String) {
    match letter {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        other => out.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(kind: &str, offset: usize, length: usize) -> Stretch {
        Stretch { kind: kind.to_owned(), offset, length, url: None, language: None }
    }

    fn link(offset: usize, length: usize, url: &str) -> Stretch {
        Stretch { url: Some(url.to_owned()), ..stretch("text_link", offset, length) }
    }

    fn pre(offset: usize, length: usize, language: &str) -> Stretch {
        Stretch { language: Some(language.to_owned()), ..stretch("pre", offset, length) }
    }

    #[test]
    fn what_was_formatted_in_the_app_is_read_as_html() {
        let s = stretch;
        let rows: Vec<(&str, Vec<Stretch>, Option<&str>)> = vec![
            ("plain", vec![], None),
            ("see t.me and #x", vec![s("url", 4, 4), s("hashtag", 13, 2)], None),
            ("Big news", vec![s("bold", 0, 3)], Some("<b>Big</b> news")),
            (
                "iusc ~",
                vec![
                    s("italic", 0, 1),
                    s("underline", 1, 1),
                    s("strikethrough", 2, 1),
                    s("code", 3, 1),
                    s("spoiler", 5, 1),
                ],
                Some("<i>i</i><u>u</u><s>s</s><code>c</code> <tg-spoiler>~</tg-spoiler>"),
            ),
            // Letters outside the basic plane count two.
            ("😀 hi 😀😀", vec![s("bold", 3, 2)], Some("😀 <b>hi</b> 😀😀")),
            ("😀a", vec![s("bold", 1, 2)], Some("😀<b>a</b>")),
            (
                "a <b> & \"c\"",
                vec![s("bold", 0, 1)],
                Some("<b>a</b> &lt;b&gt; &amp; &quot;c&quot;"),
            ),
            // Nested, alike, and overlapping as no app does.
            ("abcd", vec![s("italic", 1, 2), s("bold", 0, 4)], Some("<b>a<i>bc</i>d</b>")),
            ("abc", vec![s("bold", 0, 3), s("italic", 0, 3)], Some("<b><i>abc</i></b>")),
            ("abcd", vec![s("bold", 0, 3), s("italic", 2, 2)], Some("<b>ab<i>c</i></b><i>d</i>")),
            ("ab", vec![s("bold", 1, 99), s("italic", 7, 2)], Some("a<b>b</b>")),
            ("ab", vec![s("bold", 5, usize::MAX), s("italic", 1, 0)], None),
            ("a\nb\nc", vec![s("blockquote", 0, 3)], Some("<blockquote>a\nb</blockquote>\nc")),
            (
                "a\nb",
                vec![s("expandable_blockquote", 0, 3)],
                Some("<blockquote expandable>a\nb</blockquote>"),
            ),
            ("x=1", vec![s("pre", 0, 3)], Some("<pre>x=1</pre>")),
            (
                "x=1",
                vec![pre(0, 3, "rust")],
                Some("<pre><code class=\"language-rust\">x=1</code></pre>"),
            ),
            ("x=1", vec![pre(0, 3, "\"><b>")], Some("<pre>x=1</pre>")),
            (
                "here",
                vec![link(0, 4, "https://x.org/?a=1&b=\"")],
                Some("<a href=\"https://x.org/?a=1&amp;b=&quot;\">here</a>"),
            ),
            ("here", vec![link(0, 4, "https://x.org/ onclick=1")], None),
            // The command goes, with what of it is formatted, and so do blanks at the ends.
            ("/broadcast Big news", vec![s("bold", 11, 3)], Some("<b>Big</b> news")),
            ("/broadcast Big news ", vec![s("bold", 0, 20)], Some("<b>Big news</b>")),
            ("/broadcast@ring4_bot\n Hi", vec![s("italic", 22, 2)], Some("<i>Hi</i>")),
            ("/broadcast news", vec![s("bold", 0, 10)], None),
            (
                "a\u{200B} b\tc",
                vec![s("bold", 0, 2), s("italic", 3, 1)],
                Some("<b>a</b> <i>b</i> c"),
            ),
        ];
        for (text, stretches, expected) in rows {
            assert_eq!(html(text, &stretches).as_deref(), expected, "{text:?} {stretches:?}");
        }
    }
}
