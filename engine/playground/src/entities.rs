//! Formatted text: what a message says, with its entities in UTF-16 units. Only this crate.
//!
//! Telegram counts lengths and offsets in UTF-16 code units; so do all lengths here.

use serde::{Deserialize, Serialize};

/// One formatted stretch of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entity {
    #[serde(rename = "type")]
    pub kind: EntityKind,
    pub offset: u32,
    pub length: u32,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub custom_emoji_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user: Option<MentionedUser>,
    /// The moment that the app draws in place of the text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unix_time: Option<i64>,
    /// How the app draws it: `r` for the time until then, or some of `w`, `d`, `D`, `t`, `T`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub date_time_format: Option<String>,
}

/// The user behind a `text_mention`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MentionedUser {
    pub id: i64,
    pub is_bot: bool,
    pub first_name: String,
}

/// The kinds of entity the playground makes or takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EntityKind {
    Mention,
    Hashtag,
    Cashtag,
    BotCommand,
    Url,
    Email,
    PhoneNumber,
    Bold,
    Italic,
    Underline,
    Strikethrough,
    Spoiler,
    Blockquote,
    ExpandableBlockquote,
    Code,
    Pre,
    TextLink,
    TextMention,
    CustomEmoji,
    DateTime,
}

impl Entity {
    /// An entity without arguments.
    pub fn plain(kind: EntityKind, offset: u32, length: u32) -> Self {
        Self {
            kind,
            offset,
            length,
            url: None,
            language: None,
            custom_emoji_id: None,
            user: None,
            unix_time: None,
            date_time_format: None,
        }
    }

    fn end(&self) -> u32 {
        self.offset.saturating_add(self.length)
    }
}

/// A text and its entities, sorted by offset, the longer first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FormattedText {
    pub text: String,
    pub entities: Vec<Entity>,
}

/// The length of a text in UTF-16 units.
pub(crate) fn utf16_len(text: &str) -> u32 {
    // Counting bytes is enough for the common case and far cheaper.
    if text.is_ascii() {
        return u32::try_from(text.len()).unwrap_or(u32::MAX);
    }
    u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX)
}

impl FormattedText {
    /// Finishes a text as Telegram does: control characters become spaces, carriage returns go,
    /// the end is trimmed, and so is the beginning up to the first entity; then commands,
    /// mentions and links are found.
    pub fn finish(mut self) -> Self {
        self.drop_control_characters();
        self.trim();
        self.find_automatic_entities();
        self.entities.sort_by_key(|entity| (entity.offset, u32::MAX - entity.length));
        self
    }

    fn drop_control_characters(&mut self) {
        let is_control = |c: char| c.is_ascii_control() && c != '\n' && c != '\t';
        if !self.text.chars().any(is_control) {
            return;
        }
        // A carriage return counts as a space instead of going, so that the entities' offsets
        // stay true without a second pass.
        self.text = self.text.chars().map(|c| if is_control(c) { ' ' } else { c }).collect();
    }

    fn trim(&mut self) {
        let blank = |c: char| matches!(c, ' ' | '\n' | '\t');
        let kept = self.text.trim_end_matches(blank).len();
        if kept < self.text.len() {
            self.text.truncate(kept);
            let end = utf16_len(&self.text);
            self.entities.retain_mut(|entity| {
                entity.length = entity.end().min(end).saturating_sub(entity.offset);
                entity.length > 0
            });
        }
        let first = self.entities.iter().map(|entity| entity.offset).min().unwrap_or(u32::MAX);
        let lead = self.text.len() - self.text.trim_start_matches(blank).len();
        let lead = lead.min(usize::try_from(first).unwrap_or(usize::MAX));
        if lead > 0 {
            self.text.drain(..lead);
            let shift = u32::try_from(lead).unwrap_or(u32::MAX);
            for entity in &mut self.entities {
                entity.offset = entity.offset.saturating_sub(shift);
            }
        }
    }

    fn find_automatic_entities(&mut self) {
        let worth_a_look = |b: u8| matches!(b, b'/' | b'@');
        if !self.text.bytes().any(worth_a_look) {
            return;
        }
        let mut found = Vec::new();
        let mut offset = 0_u32;
        let mut resume_at = 0_usize;
        let mut before = ' ';
        for (at, c) in self.text.char_indices() {
            if at >= resume_at
                && !is_word(before)
                && let Some(rest) = self.text.get(at..)
                && let Some((kind, bytes)) = automatic_at(before, rest)
                && let Some(slice) = rest.get(..bytes)
            {
                found.push(Entity::plain(kind, offset, utf16_len(slice)));
                resume_at = at + bytes;
            }
            offset += u32::try_from(c.len_utf16()).unwrap_or(1);
            before = c;
        }
        let taken = |kind| !matches!(kind, EntityKind::Bold | EntityKind::Italic);
        for new in found {
            let clash = self
                .entities
                .iter()
                .any(|old| taken(old.kind) && old.offset < new.end() && new.offset < old.end());
            if !clash {
                self.entities.push(new);
            }
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The command, mention or link that begins here, with its length in bytes.
fn automatic_at(before: char, rest: &str) -> Option<(EntityKind, usize)> {
    let word =
        |text: &str| text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    if let Some(name) = rest.strip_prefix('/') {
        let mut length = word(name);
        if !(1..=64).contains(&length) || matches!(before, '/' | '<' | '>') {
            return None;
        }
        if let Some(bot) = name.get(length..).and_then(|tail| tail.strip_prefix('@')) {
            let bot_length = word(bot);
            if (3..=32).contains(&bot_length) {
                length += 1 + bot_length;
            }
        }
        let next = name.get(length..).and_then(|tail| tail.chars().next());
        return (next != Some('/')).then_some((EntityKind::BotCommand, length + 1));
    }
    if let Some(name) = rest.strip_prefix('@') {
        let length = word(name);
        return (4..=32).contains(&length).then_some((EntityKind::Mention, length + 1));
    }
    let host = rest.strip_prefix("https://").or_else(|| rest.strip_prefix("http://"))?;
    if !host.starts_with(|c: char| c.is_alphanumeric()) {
        return None;
    }
    let end = host.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"'));
    let host = host.get(..end.unwrap_or(host.len()))?;
    let host = host.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\'']);
    let scheme = if rest.starts_with("https") { 8 } else { 7 };
    Some((EntityKind::Url, scheme + host.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Found = (EntityKind, u32, u32);

    fn found(text: &str) -> Vec<Found> {
        let text = FormattedText { text: text.to_owned(), entities: Vec::new() }.finish();
        text.entities.iter().map(|entity| (entity.kind, entity.offset, entity.length)).collect()
    }

    #[test]
    fn commands_mentions_and_links_are_found() {
        use EntityKind::{BotCommand, Mention, Url};
        let table: &[(&str, &[Found])] = &[
            ("/start", &[(BotCommand, 0, 6)]),
            ("/start@ring4_bot now", &[(BotCommand, 0, 16)]),
            ("📱 /buy us", &[(BotCommand, 3, 4)]),
            ("a/b 1/2 //x", &[]),
            ("ask @support now", &[(Mention, 4, 8)]),
            ("me@example", &[]),
            ("see https://example.org/a?b=1.", &[(Url, 4, 25)]),
            ("nothing here", &[]),
        ];
        for (text, expected) in table {
            assert_eq!(&found(text), expected, "{text}");
        }
    }

    #[test]
    fn blanks_are_trimmed_and_entities_follow() {
        let bold = Entity::plain(EntityKind::Bold, 4, 6);
        let text = FormattedText { text: "  \n a\u{7}b  \n".to_owned(), entities: vec![bold] };
        let text = text.finish();
        assert_eq!(text.text, "a b");
        assert_eq!(text.entities, [Entity::plain(EntityKind::Bold, 0, 3)]);
    }
}
