//! Telegram's HTML: what a message may hold, and how values are kept from being markup. Private
//! to the message packs. The list of tags is the one of the Bot API, "HTML style".

use ring4_yaml::closest;

/// Tags that Telegram takes, with the attributes each may have.
const TAGS: &[(&str, &[&str])] = &[
    ("b", &[]),
    ("strong", &[]),
    ("i", &[]),
    ("em", &[]),
    ("u", &[]),
    ("ins", &[]),
    ("s", &[]),
    ("strike", &[]),
    ("del", &[]),
    ("span", &["class"]),
    ("tg-spoiler", &[]),
    ("tg-emoji", &["emoji-id"]),
    ("a", &["href"]),
    ("code", &["class"]),
    ("pre", &[]),
    ("blockquote", &["expandable"]),
];

/// Named entities that Telegram takes.
const ENTITIES: &[&str] = &["lt", "gt", "amp", "quot"];

/// Appends a value so that none of it can be markup, in text and in attributes alike.
pub fn escape(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
}

/// Checks a message's markup, and tells its length without it, in UTF-16 units as Telegram counts.
///
/// # Errors
/// The first fault.
pub fn check(html: &str) -> Result<usize, String> {
    let mut open: Vec<&str> = Vec::new();
    let mut units = 0;
    let mut rest = html;
    while let Some(first) = rest.chars().next() {
        match first {
            '<' => {
                let (tag, after) =
                    rest.get(1..).unwrap_or_default().split_once('>').ok_or(BARE_LESS)?;
                read_tag(tag, &mut open)?;
                rest = after;
            }
            '>' => return Err("a bare `>`; write `&gt;`".to_owned()),
            '&' => {
                rest = after_entity(rest)?;
                units += 1;
            }
            letter => {
                units += letter.len_utf16();
                rest = rest.get(letter.len_utf8()..).unwrap_or_default();
            }
        }
    }
    match open.last() {
        Some(tag) => Err(format!("`<{tag}>` is never closed")),
        None => Ok(units),
    }
}

const BARE_LESS: &str = "a bare `<`; write `&lt;`";

fn read_tag<'a>(tag: &'a str, open: &mut Vec<&'a str>) -> Result<(), String> {
    if let Some(name) = tag.strip_prefix('/') {
        return match open.pop() {
            Some(opened) if opened == name => Ok(()),
            Some(opened) => Err(format!("`</{name}>` closes `<{opened}>`")),
            None => Err(format!("`</{name}>` closes nothing")),
        };
    }
    let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return Err(BARE_LESS.to_owned());
    }
    let Some((_, allowed)) = TAGS.iter().find(|(known, _)| *known == name) else {
        let hint = closest(name, TAGS.iter().map(|(known, _)| *known).filter(|tag| tag.len() > 2));
        let hint = hint.map(|known| format!(", did you mean `<{known}>`?")).unwrap_or_default();
        return Err(format!("Telegram has no tag `<{name}>`{hint}"));
    };
    // Attribute values hold no spaces in anything Telegram takes.
    for attribute in attributes.split_whitespace() {
        let (attribute, value) = attribute.split_once('=').unwrap_or((attribute, "\"\""));
        if !allowed.contains(&attribute) {
            return Err(format!("`<{name}>` has no attribute `{attribute}`"));
        }
        if value.len() < 2 || !value.starts_with('"') || !value.ends_with('"') {
            return Err(format!("the value of `{attribute}` belongs between double quotes"));
        }
    }
    if name == "span" && attributes.trim() != "class=\"tg-spoiler\"" {
        return Err("`<span>` is only for class=\"tg-spoiler\"".to_owned());
    }
    open.push(name);
    Ok(())
}

fn after_entity(rest: &str) -> Result<&str, String> {
    let inner = rest.get(1..).unwrap_or_default();
    let known = inner.split_once(';').filter(|(name, _)| {
        let number = |digits: &str, radix| u32::from_str_radix(digits, radix).is_ok();
        match name.strip_prefix('#') {
            Some(digits) => match digits.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => number(hexadecimal, 16),
                None => number(digits, 10),
            },
            None => ENTITIES.contains(name),
        }
    });
    known.map(|(_, after)| after).ok_or_else(|| "a bare `&`; write `&amp;`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_telegrams_or_refused() {
        let rows: &[(&str, Result<usize, &str>)] = &[
            ("", Ok(0)),
            ("plain 😀", Ok(8)),
            ("<b>bold <i>both</i></b>", Ok(9)),
            ("<a href=\"https://x.org/?a=1\">x</a> &amp;&#33;&#x21;", Ok(5)),
            ("<span class=\"tg-spoiler\">x</span>", Ok(1)),
            ("<blockquote expandable>x</blockquote>", Ok(1)),
            ("<pre><code class=\"language-rust\">x</code></pre>", Ok(1)),
            ("<b>x", Err("`<b>` is never closed")),
            ("x</b>", Err("`</b>` closes nothing")),
            ("<b><i>x</b></i>", Err("`</b>` closes `<i>`")),
            ("<h1>x</h1>", Err("Telegram has no tag `<h1>`")),
            ("<srtong>x</srtong>", Err("Telegram has no tag `<srtong>`, did you mean `<strong>`?")),
            ("<b class=\"x\">x</b>", Err("`<b>` has no attribute `class`")),
            ("<a href=x>x</a>", Err("the value of `href` belongs between double quotes")),
            ("<span class=\"red\">x</span>", Err("`<span>` is only for class=\"tg-spoiler\"")),
            ("1 < 2", Err("a bare `<`; write `&lt;`")),
            ("1 < 2 > 0", Err("a bare `<`; write `&lt;`")),
            ("2 > 1", Err("a bare `>`; write `&gt;`")),
            ("a & b", Err("a bare `&`; write `&amp;`")),
            ("&nbsp;", Err("a bare `&`; write `&amp;`")),
        ];
        for (html, want) in rows {
            assert_eq!(
                check(html).as_ref().map_err(String::as_str),
                want.as_ref().map_err(|e| *e),
                "{html}"
            );
        }
    }
}
