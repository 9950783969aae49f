//! Splits what a person writes into a command and its words.
//! The middle calls it on message texts; it knows no command by name.

/// The longest command name, in characters (Bot API, BotCommand).
pub const NAME_CHARS_MAX: usize = 32;
/// The longest bot name behind the `@`, in characters.
const MENTION_CHARS_MAX: usize = 64;
/// The most characters of words kept; a Telegram message has at most 4096.
pub const WORDS_CHARS_MAX: usize = 4096;

/// `/name@mention words`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Lower case, of `a-z 0-9 _`.
    pub name: String,
    /// The bot it is addressed to, lower case; commands in groups carry it.
    pub mention: Option<String>,
    /// What follows, cleaned by [`clean`] and trimmed.
    pub words: String,
}

/// The command in `text`; `None` when it is no command at all, such as `/`, `//`, `/päť` or plain
/// words. Hostile text is harmless: names are short ASCII, words are cleaned and cut.
#[must_use]
pub fn split(text: &str) -> Option<Command> {
    let rest = text.trim_start().strip_prefix('/')?;
    let (head, words) = match rest.find(|c: char| c.is_whitespace() || c.is_control()) {
        Some(end) => rest.split_at(end),
        None => (rest, ""),
    };
    let (name, mention) = match head.split_once('@') {
        Some((name, mention)) => (name, Some(mention)),
        None => (head, None),
    };
    let known = |text: &str, chars_max: usize| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        !text.is_empty() && text.len() <= chars_max && text.bytes().all(known)
    };
    if !known(name, NAME_CHARS_MAX) {
        return None;
    }
    if mention.is_some_and(|mention| !known(mention, MENTION_CHARS_MAX)) {
        return None;
    }
    Some(Command {
        name: name.to_ascii_lowercase(),
        mention: mention.map(str::to_ascii_lowercase),
        words: clean(words, WORDS_CHARS_MAX),
    })
}

/// What stands behind the command in `text`, as it was written; all of it where there is none.
pub(crate) fn words_of(text: &str) -> &str {
    if split(text).is_none() {
        return text;
    }
    let rest = text.trim_start();
    let end = rest.find(|c: char| c.is_whitespace() || c.is_control());
    end.and_then(|end| rest.get(end..)).unwrap_or_default()
}

/// `text` without characters that are not seen or that turn the reading direction around, trimmed
/// and cut to `chars_max` characters. Line breaks stay; other white space becomes a blank.
#[must_use]
pub fn clean(text: &str, chars_max: usize) -> String {
    let kept = text.chars().filter_map(shown);
    let kept: String = kept.skip_while(|c| c.is_whitespace()).take(chars_max).collect();
    kept.trim_end().to_owned()
}

/// What a character is shown as; `None` where nothing is.
pub(crate) fn shown(c: char) -> Option<char> {
    match c {
        '\n' => Some('\n'),
        c if c.is_whitespace() => Some(' '),
        c if c.is_control() || is_invisible(c) => None,
        c => Some(c),
    }
}

/// Marks that change the direction of text or show nothing. The joiners U+200C and U+200D stay,
/// since scripts and emoji need them.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_split() {
        let rows: &[(&str, &str, Option<&str>, &str)] = &[
            ("/start", "start", None, ""),
            ("/START", "start", None, ""),
            ("  /buy  whatsapp uk ", "buy", None, "whatsapp uk"),
            ("/buy@Ring4Bot whatsapp", "buy", Some("ring4bot"), "whatsapp"),
            ("/approve_deposit\nAB12", "approve_deposit", None, "AB12"),
            ("/broadcast one\ntwo", "broadcast", None, "one\ntwo"),
            ("/cancel\u{0}1\u{0}2", "cancel", None, "12"),
            ("/deposit\t\u{202E}05\u{202C}", "deposit", None, "05"),
            ("/buy\u{3000}１２", "buy", None, "１２"),
            ("/help 👩\u{200D}💻", "help", None, "👩\u{200D}💻"),
        ];
        for (text, name, mention, words) in rows {
            let command = split(text).expect(text);
            assert_eq!(command.name, *name, "{text}");
            assert_eq!(command.mention.as_deref(), *mention, "{text}");
            assert_eq!(command.words, *words, "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_command() {
        let long = format!("/{}", "a".repeat(NAME_CHARS_MAX + 1));
        let huge = "/".repeat(1 << 20);
        let rows = ["", " ", "/", "//", "/ buy", "buy", "/päť", "/a-b", "/a@", "/@a", "／buy"];
        for text in rows.into_iter().chain([long.as_str(), huge.as_str(), "/bu\u{202E}y", "/a@é"])
        {
            assert_eq!(split(text), None, "{}", text.chars().take(40).collect::<String>());
        }
    }

    #[test]
    fn huge_words_are_cut_between_characters() {
        let command = split(&format!("/buy {}", "é".repeat(1 << 20))).expect("a command");
        assert_eq!(command.words.chars().count(), WORDS_CHARS_MAX);
        assert_eq!(clean("a\u{202E}\u{7}b  ", 10), "ab");
    }
}
