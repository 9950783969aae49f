//! The table of what Telegram's HTML parse mode takes and refuses.

use super::*;

fn show(source: &str) -> String {
    match parse(source) {
        Err(reason) => format!("error: {reason}"),
        Ok(parsed) => {
            let mut shown = parsed.text;
            for entity in parsed.entities {
                let kind = serde_json::to_value(entity.kind).unwrap();
                shown +=
                    &format!(" |{} {}+{}", kind.as_str().unwrap(), entity.offset, entity.length);
                if let Some(url) = entity.url {
                    shown += &format!(" {url}");
                }
                if let Some(language) = entity.language {
                    shown += &format!(" {language}");
                }
                if let Some(unix_time) = entity.unix_time {
                    let format = entity.date_time_format.unwrap_or_default();
                    shown += &format!(" {unix_time} {format}");
                }
                if let Some(user) = entity.user {
                    shown += &format!(" user {}", user.id);
                }
            }
            shown
        }
    }
}

#[test]
fn markup_is_taken_as_telegram_takes_it() {
    let table = [
        ("plain", "plain"),
        ("<b>bold</b>", "bold |bold 0+4"),
        ("<STRONG>x</strong>", "x |bold 0+1"),
        (
            "<tg-time unix=\"1700000000\" format=\"wDT\">x</tg-time>",
            "x |date_time 0+1 1700000000 wDT",
        ),
        ("<tg-time unix=\"1700000000\">x</tg-time>", "x |date_time 0+1 1700000000 "),
        ("<i>a</i><em>b</em>", "ab |italic 0+1 |italic 1+1"),
        ("<u>a</u><ins>b</ins>", "ab |underline 0+1 |underline 1+1"),
        (
            "<s>a</s><strike>b</strike><del>c</del>",
            "abc |strikethrough 0+1 |strikethrough 1+1 |strikethrough 2+1",
        ),
        (
            "<span class=\"tg-spoiler\">x</span><tg-spoiler>y</tg-spoiler>",
            "xy |spoiler 0+1 |spoiler 1+1",
        ),
        ("<b>a<i>b</i></b>", "ab |italic 1+1 |bold 0+2"),
        ("📱 <code>+1 555</code>", "📱 +1 555 |code 3+6"),
        ("<pre>x\ny</pre>", "x\ny |pre 0+3"),
        ("<pre><code class=\"language-rust\">x</code></pre>", "x |pre 0+1 rust"),
        ("<code class=\"language-rust\">x</code>", "x |code 0+1"),
        (
            "<a href=\"https://example.org/?a=1&amp;b=2\">x</a>",
            "x |text_link 0+1 https://example.org/?a=1&b=2",
        ),
        ("<a href='example.org'>x</a>", "x |text_link 0+1 http://example.org"),
        ("<a href=\"tg://user?id=1001\">Anna</a>", "Anna |text_mention 0+4 user 1001"),
        ("<a href=\"nowhere\">x</a>", "x"),
        ("<a href=\"javascript://x\">x</a>", "x"),
        ("<blockquote>q</blockquote>", "q |blockquote 0+1"),
        ("<blockquote expandable>q</blockquote>", "q |expandable_blockquote 0+1"),
        ("<tg-emoji emoji-id=\"5\">👍</tg-emoji>", "👍 |custom_emoji 0+2"),
        ("<b></b>x", "x"),
        ("a &lt; b &amp;&amp; c &gt; d &quot;e&quot;", "a < b && c > d \"e\""),
        ("&#65;&#x42;&#128241;", "AB📱"),
        ("&lt x &copy; &#0; & &#99999999;", "< x &copy; &#0; & &#99999999;"),
        ("5 > 3", "5 > 3"),
        ("<b>x</>", "x |bold 0+1"),
    ];
    for (source, expected) in table {
        assert_eq!(show(source), expected, "{source}");
    }
}

#[test]
fn bad_markup_is_refused_in_telegrams_words() {
    let table = [
        ("<b>x", "Can't find end tag corresponding to start tag \"b\""),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        (
            "<b><i>x</b></i>",
            "Unmatched end tag at byte offset 7, expected \"</i>\", found \"</b>\"",
        ),
        ("<div>x</div>", "Unsupported start tag \"div\" at byte offset 0"),
        ("<br/>", "Unsupported start tag \"br/\" at byte offset 0"),
        ("1 < 2", "Unsupported start tag \"\" at byte offset 2"),
        ("1 < 2 > 0", "Unsupported start tag \"\" at byte offset 2"),
        ("é <", "Unclosed start tag at byte offset 3"),
        ("<3 you", "Unsupported start tag \"3\" at byte offset 0"),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<a href=", "Unclosed start tag at byte offset 0"),
        ("<a href=\"x", "Unclosed start tag at byte offset 0"),
        ("<a href=x!y>z</a>", "Unexpected end of name token at byte offset 8"),
        ("<b =x>y</b>", "Empty attribute name in the tag \"b\" at byte offset 0"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<span>x</span>", "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0"),
    ];
    for (source, expected) in table {
        assert_eq!(show(source), format!("error: {expected}"), "{source}");
    }
}
