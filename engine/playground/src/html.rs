//! Telegram's HTML parse mode, by the rules of TDLib. Only this crate.
//!
//! It is not an HTML parser: tags must be known and balanced, `<` always begins a tag, and only
//! four named character references exist. Errors say what Telegram says, byte offset included,
//! because the bot's author searches for those words.

use crate::entities::{Entity, EntityKind, FormattedText, MentionedUser, utf16_len};

/// Parses a text in HTML parse mode. The error is Telegram's wording without its prefix.
pub(crate) fn parse(source: &str) -> Result<FormattedText, String> {
    // Most texts have no markup at all; they are copied in one go.
    if !source.bytes().any(|b| b == b'<' || b == b'&') {
        return Ok(FormattedText { text: source.to_owned(), entities: Vec::new() });
    }
    let mut parser = Parser {
        source,
        at: 0,
        text: String::with_capacity(source.len()),
        offset: 0,
        open: Vec::new(),
        entities: Vec::new(),
    };
    while let Some(byte) = parser.peek() {
        match byte {
            b'<' if parser.source.as_bytes().get(parser.at + 1) == Some(&b'/') => {
                parser.end_tag()?;
            }
            b'<' => parser.start_tag()?,
            b'&' => parser.ampersand(),
            _ => parser.run_of_text(),
        }
    }
    match parser.open.pop() {
        Some(tag) => Err(format!("Can't find end tag corresponding to start tag \"{}\"", tag.name)),
        None => {
            // A language counts on a block of code only.
            for entity in parser.entities.iter_mut().filter(|e| e.kind == EntityKind::Code) {
                entity.language = None;
            }
            Ok(FormattedText { text: parser.text, entities: parser.entities })
        }
    }
}

struct OpenTag {
    name: String,
    argument: Argument,
    offset: u32,
    text_at: usize,
}

#[derive(Default)]
struct Argument {
    value: String,
    /// How a moment is drawn.
    format: String,
    expandable: bool,
}

struct Parser<'a> {
    source: &'a str,
    at: usize,
    text: String,
    offset: u32,
    open: Vec<OpenTag>,
    entities: Vec<Entity>,
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0 | 0x0b)
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    fn run_of_text(&mut self) {
        let rest = self.source.get(self.at..).unwrap_or_default();
        let run = rest.find(['<', '&']).map_or(rest, |end| rest.get(..end).unwrap_or_default());
        self.text.push_str(run);
        self.offset += utf16_len(run);
        self.at += run.len().max(1);
    }

    fn ampersand(&mut self) {
        if let Some((character, length)) = self.character_reference() {
            self.push(character);
            self.at += length;
        } else {
            self.push('&');
            self.at += 1;
        }
    }

    fn push(&mut self, character: char) {
        self.text.push(character);
        self.offset += u32::try_from(character.len_utf16()).unwrap_or(1);
    }

    /// The character reference at the cursor and its length; an unknown one is plain text.
    fn character_reference(&self) -> Option<(char, usize)> {
        let rest = self.source.get(self.at + 1..)?;
        let (character, mut length) = if let Some(number) = rest.strip_prefix('#') {
            let hexadecimal = number.strip_prefix('x');
            let digits_text = hexadecimal.unwrap_or(number);
            let radix = if hexadecimal.is_some() { 16 } else { 10 };
            let digits =
                digits_text.chars().take_while(|c| c.is_ascii() && c.is_digit(radix)).count();
            let code = u32::from_str_radix(digits_text.get(..digits)?, radix).ok()?;
            let prefix = 2 + usize::from(hexadecimal.is_some());
            if code == 0 || digits + prefix >= 10 {
                return None;
            }
            (char::from_u32(code)?, prefix + digits)
        } else {
            let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
            let character = match rest.get(..letters)? {
                "lt" => '<',
                "gt" => '>',
                "amp" => '&',
                "quot" => '"',
                _ => return None,
            };
            (character, 1 + letters)
        };
        if self.source.as_bytes().get(self.at + length) == Some(&b';') {
            length += 1;
        }
        Some((character, length))
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &str {
        let begin = self.at;
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
        self.source.get(begin..self.at).unwrap_or_default()
    }

    fn start_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        self.at += 1;
        let name = self.take_while(|b| !is_space(b) && b != b'>').to_ascii_lowercase();
        if self.peek().is_none() {
            return Err(format!("Unclosed start tag at byte offset {begin}"));
        }
        if !is_known_tag(&name) {
            return Err(format!("Unsupported start tag \"{name}\" at byte offset {begin}"));
        }
        let mut argument = Argument::default();
        loop {
            self.take_while(is_space);
            match self.peek() {
                None => {
                    return Err(format!("Unclosed start tag \"{name}\" at byte offset {begin}"));
                }
                Some(b'>') => break,
                Some(_) => self.attribute(&name, begin, &mut argument)?,
            }
        }
        self.at += 1;
        if name == "span" && argument.value != "spoiler" {
            return Err(format!(
                "Tag \"span\" must have class \"tg-spoiler\" at byte offset {begin}"
            ));
        }
        let (offset, text_at) = (self.offset, self.text.len());
        self.open.push(OpenTag { name, argument, offset, text_at });
        Ok(())
    }

    fn attribute(
        &mut self,
        tag: &str,
        begin: usize,
        argument: &mut Argument,
    ) -> Result<(), String> {
        let name = self
            .take_while(|b| !is_space(b) && !matches!(b, b'=' | b'>' | b'/' | b'"' | b'\''))
            .to_ascii_lowercase();
        if name.is_empty() {
            return Err(format!(
                "Empty attribute name in the tag \"{tag}\" at byte offset {begin}"
            ));
        }
        self.take_while(is_space);
        if self.peek() != Some(b'=') {
            argument.expandable |= tag == "blockquote" && name == "expandable";
            return Ok(());
        }
        self.at += 1;
        self.take_while(is_space);
        let value = match self.peek() {
            Some(quote @ (b'"' | b'\'')) => self.quoted_value(quote),
            _ => self.bare_value()?,
        };
        if self.peek().is_none() {
            return Err(format!("Unclosed start tag at byte offset {begin}"));
        }
        argument.expandable |= tag == "blockquote" && name == "expandable";
        if (tag, name.as_str()) == ("tg-time", "format") {
            argument.format.clone_from(&value);
        }
        let kept = match (tag, name.as_str()) {
            ("a", "href") | ("tg-emoji", "emoji-id") | ("tg-time", "unix") => Some(value.as_str()),
            ("code", "class") => value.strip_prefix("language-"),
            ("span", "class") => value.strip_prefix("tg-"),
            _ => None,
        };
        if let Some(kept) = kept {
            argument.value = kept.to_owned();
        }
        Ok(())
    }

    fn bare_value(&mut self) -> Result<String, String> {
        let begin = self.at;
        let value = self
            .take_while(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
            .to_ascii_lowercase();
        match self.peek() {
            Some(byte) if !is_space(byte) && byte != b'>' => {
                Err(format!("Unexpected end of name token at byte offset {begin}"))
            }
            _ => Ok(value),
        }
    }

    fn quoted_value(&mut self, quote: u8) -> String {
        self.at += 1;
        let mut value = String::new();
        while let Some(byte) = self.peek() {
            if byte == quote {
                self.at += 1;
                break;
            }
            if byte == b'&'
                && let Some((character, length)) = self.character_reference()
            {
                value.push(character);
                self.at += length;
                continue;
            }
            let character = self.source.get(self.at..).and_then(|rest| rest.chars().next());
            let character = character.unwrap_or('\u{fffd}');
            value.push(character);
            self.at += character.len_utf8();
        }
        value
    }

    fn end_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        let Some(tag) = self.open.pop() else {
            return Err(format!("Unexpected end tag at byte offset {begin}"));
        };
        self.at += 2;
        let name = self.take_while(|b| !is_space(b) && b != b'>').to_ascii_lowercase();
        self.take_while(is_space);
        if self.peek() != Some(b'>') {
            return Err(format!("Unclosed end tag at byte offset {begin}"));
        }
        self.at += 1;
        if !name.is_empty() && name != tag.name {
            return Err(format!(
                "Unmatched end tag at byte offset {begin}, expected \"</{}>\", found \"</{name}>\"",
                tag.name
            ));
        }
        let length = self.offset - tag.offset;
        if length > 0 {
            self.close(tag, length);
        }
        Ok(())
    }

    fn close(&mut self, tag: OpenTag, length: u32) {
        let mut entity = Entity::plain(EntityKind::Bold, tag.offset, length);
        entity.kind = match tag.name.as_str() {
            "i" | "em" => EntityKind::Italic,
            "u" | "ins" => EntityKind::Underline,
            "s" | "strike" | "del" => EntityKind::Strikethrough,
            "tg-spoiler" | "span" => EntityKind::Spoiler,
            "blockquote" if tag.argument.expandable => EntityKind::ExpandableBlockquote,
            "blockquote" => EntityKind::Blockquote,
            "tg-emoji" => EntityKind::CustomEmoji,
            "tg-time" => EntityKind::DateTime,
            "a" => EntityKind::TextLink,
            "code" => EntityKind::Code,
            "pre" => EntityKind::Pre,
            _ => EntityKind::Bold,
        };
        match entity.kind {
            EntityKind::CustomEmoji => entity.custom_emoji_id = Some(tag.argument.value),
            EntityKind::DateTime => {
                entity.unix_time = tag.argument.value.parse().ok();
                entity.date_time_format = Some(tag.argument.format);
            }
            EntityKind::TextLink => {
                let shown = self.text.get(tag.text_at..).unwrap_or_default();
                match link_target(&tag.argument.value, shown) {
                    Some(LinkTarget::User(id)) => {
                        entity.kind = EntityKind::TextMention;
                        let first_name = shown.to_owned();
                        entity.user = Some(MentionedUser { id, is_bot: false, first_name });
                    }
                    Some(LinkTarget::Url(url)) => entity.url = Some(url),
                    // A link that leads nowhere is dropped; its text stays.
                    None => return,
                }
            }
            EntityKind::Code if !tag.argument.value.is_empty() => {
                entity.language = Some(tag.argument.value);
            }
            EntityKind::Pre => {
                // `<pre><code class="language-x">` over the same text is one block of code.
                if let Some(inner) = self.entities.pop_if(|last| {
                    last.kind == EntityKind::Code
                        && (last.offset, last.length) == (tag.offset, length)
                }) {
                    entity.language = inner.language;
                }
            }
            _ => {}
        }
        self.entities.push(entity);
    }
}

fn is_known_tag(name: &str) -> bool {
    matches!(
        name,
        "a" | "b"
            | "strong"
            | "i"
            | "em"
            | "s"
            | "strike"
            | "del"
            | "u"
            | "ins"
            | "tg-spoiler"
            | "tg-emoji"
            | "tg-time"
            | "span"
            | "pre"
            | "code"
            | "blockquote"
    )
}

enum LinkTarget {
    User(i64),
    Url(String),
}

fn link_target(href: &str, shown: &str) -> Option<LinkTarget> {
    let href = if href.is_empty() { shown } else { href };
    if let Some(id) = href.strip_prefix("tg://user?id=") {
        return id.parse().ok().map(LinkTarget::User);
    }
    correct_url(href).map(LinkTarget::Url)
}

/// A link Telegram would take: http, https, tg or ton; a bare host gets `http://`.
pub(crate) fn correct_url(link: &str) -> Option<String> {
    let link = link.trim();
    if link.is_empty() || link.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return None;
    }
    if link.starts_with("tg://") || link.starts_with("ton://") {
        return Some(link.to_owned());
    }
    let lower = link.to_ascii_lowercase();
    let scheme = if lower.starts_with("https://") { 8 } else { 7 };
    let (host, full) = if lower.starts_with("http://") || lower.starts_with("https://") {
        (link.get(scheme..)?, link.to_owned())
    } else if lower.contains("://") {
        return None;
    } else {
        (link, format!("http://{link}"))
    };
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let name = host.split(':').next().unwrap_or_default();
    let named = name.contains('.');
    let tidy = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    (named && tidy && !name.starts_with('.') && !name.ends_with('.')).then_some(full)
}

#[cfg(test)]
#[path = "html_tests.rs"]
mod tests;
