//! Message packs: what is said, and what is refused.

use super::{Files, KEYS, PACK, Value};
use crate::messages::Texts;

fn texts(packs: &[(&str, &str)]) -> Result<Texts, String> {
    texts_in(packs, &[])
}

fn texts_in(packs: &[(&str, &str)], languages: &[&str]) -> Result<Texts, String> {
    let languages: Vec<String> = languages.iter().map(|language| (*language).to_owned()).collect();
    let files: Files =
        packs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    Texts::build(&files, KEYS, "en", &languages).map_err(|report| report.to_string())
}

const RUSSIAN: &str = "\
hello: \"Привет, {name}{extra}\"
left:
  one: \"{count} номер\"
  few: \"{count} номера\"
  many: \"{count} номеров\"
buy: \"Купить за {price}\"
stale: \"Устарело {why}\"
";

#[test]
fn texts_are_said_escaped_and_in_the_right_number() {
    let texts = texts(&[("scripts/messages.en.yaml", PACK), ("scripts/messages.ru.yaml", RUSSIAN)])
        .unwrap();
    assert_eq!(texts.languages().collect::<Vec<_>>(), ["en", "ru"]);
    type Row<'a> = (&'a str, &'a str, &'a [(&'a str, Value<'a>)], &'a str);
    let rows: &[Row<'_>] = &[
        (
            "en",
            "hello",
            &[("name", Value::Text("<i>\"A&B\"")), ("extra", Value::Html("<i>!</i>"))],
            "Hello <b>&lt;i&gt;&quot;A&amp;B&quot;</b><i>!</i>",
        ),
        ("en", "left", &[("count", Value::Number(1))], "1 number"),
        ("en", "left", &[("count", Value::Number(0))], "0 numbers"),
        ("ru", "left", &[("count", Value::Number(1))], "1 номер"),
        ("ru", "left", &[("count", Value::Number(3))], "3 номера"),
        ("ru", "left", &[("count", Value::Number(5))], "5 номеров"),
        ("ru", "left", &[("count", Value::Number(21))], "21 номер"),
        ("ru", "left", &[("count", Value::Number(-2))], "-2 номера"),
        ("ja", "left", &[("count", Value::Number(2))], "2 numbers"),
        ("en", "buy", &[("price", Value::Text("<1 & 2>"))], "Buy for <1 & 2>"),
    ];
    for (language, key, values, want) in rows {
        assert_eq!(texts.render(language, key, values), *want);
    }
    assert_eq!(texts.faults(), 0);
}

#[test]
fn plain_texts_are_cut_to_what_telegram_takes() {
    let texts = texts(&[("messages.en.yaml", PACK)]).unwrap();
    let long = "é".repeat(300);
    for (key, name, len) in [("buy", "price", 64), ("stale", "why", 200)] {
        let said = texts.render("en", key, &[(name, Value::Text(&long))]);
        assert_eq!(said.chars().count(), len);
        assert!(said.ends_with("é…"), "{said}");
    }
}

#[test]
fn what_the_settings_say_is_said_in_the_language_of_the_pack() {
    let own = format!("{PACK}own:\n  \"Codes for {{x}}\": \"Códigos <para> {{x}}\"\n");
    let texts = texts(&[("messages.en.yaml", PACK), ("messages.es.yaml", &own)]).unwrap();
    let table = [
        ("es", "Codes for {x}", "Códigos <para> {x}"),
        ("es", "Codes for y", "Codes for y"),
        ("en", "Codes for {x}", "Codes for {x}"),
        ("de", "Codes for {x}", "Codes for {x}"),
    ];
    for (language, text, expected) in table {
        assert_eq!(texts.own(language, text), expected, "{language} {text}");
    }
}

#[test]
fn a_gap_is_visible_and_counted() {
    let texts = texts(&[("messages.en.yaml", PACK)]).unwrap();
    assert_eq!(texts.render("en", "helo", &[]), "[helo]");
    assert_eq!(texts.render("en", "buy", &[]), "Buy for {price}");
    assert_eq!(texts.faults(), 2);
}

/// A line that replaces the one of its key, and the report.
const FAULTS: &[(&str, &str)] = &[
    ("helo: x", "messages.en.yaml:5:7: helo: unknown text, did you mean `hello`?"),
    (
        "hello: \"{nmae}\"",
        "messages.en.yaml:1:8: hello: unknown placeholder `{nmae}`, did you mean `{name}`?",
    ),
    (
        "hello: \"{name\"",
        "messages.en.yaml:1:8: hello: `{` is never closed; write `{{` for the brace itself",
    ),
    ("own: { \"Codes\": \" \" }", "messages.en.yaml:5:17: own.Codes: is empty"),
    ("own: Codes", "messages.en.yaml:5:6: own: unknown text"),
    ("hello: \"<b>{name}\"", "messages.en.yaml:1:8: hello: `<b>` is never closed"),
    ("hello: \"<h1>{name}</h1>\"", "messages.en.yaml:1:8: hello: Telegram has no tag `<h1>`"),
    ("hello: \"<{name}>x\"", "messages.en.yaml:1:8: hello: Telegram has no tag `<x>`"),
    ("hello: \"a & b\"", "messages.en.yaml:1:8: hello: a bare `&`; write `&amp;`"),
    ("hello: \"\"", "messages.en.yaml:1:8: hello: is empty"),
    (
        "hello: 5",
        "messages.en.yaml:1:8: hello: invalid type: integer `5`, expected a text between quotes, \
         or forms such as {one: …, other: …}",
    ),
    (
        "hello: { one: a, other: b }",
        "messages.en.yaml:1:8: hello: no number chooses among forms here",
    ),
    ("left: { other: \"{count}\" }", "messages.en.yaml:2:7: left: forms are missing: one"),
    (
        "left: { one: a, few: b, other: c }",
        "messages.en.yaml:2:22: left.few: no number has the form `few`, the forms are one, other",
    ),
    (
        "left: { one: a, other: \"{n}\" }",
        "messages.en.yaml:2:24: left.other: unknown placeholder `{n}`",
    ),
    (
        "buy: \"<b>Buy</b>\"",
        "messages.en.yaml:3:6: buy: tags would be shown as they are; this text is plain",
    ),
];

#[test]
fn a_bad_pack_is_refused_with_its_line() {
    for (line, want) in FAULTS {
        let key = line.split(':').next().unwrap();
        let mut replaced = false;
        let mut text: String = PACK
            .lines()
            .map(|known| {
                let same = known.starts_with(&format!("{key}:"));
                replaced |= same;
                format!("{}\n", if same { line } else { known })
            })
            .collect();
        if !replaced {
            text.push_str(line);
        }
        let report = texts(&[("messages.en.yaml", &text)]).unwrap_err();
        assert!(report.starts_with(want), "\n{line}\nwant {want}\ngot  {report}");
    }
}

#[test]
fn packs_are_complete_or_refused() {
    let rows = [
        (
            "messages.en.yaml",
            "hello: hi\n",
            "messages.en.yaml:1:8: texts are missing after `hello`: left, buy, stale\n  \
             1 | hello: hi\n    |        ^",
        ),
        ("messages.xx1.yaml", PACK, "messages.xx1.yaml: `xx1` is not a language code such as en"),
        ("messages.ru.yaml", RUSSIAN, "messages.en.yaml: is missing, and the language is offered"),
    ];
    for (name, text, want) in rows {
        assert_eq!(texts(&[(name, text)]).unwrap_err(), want);
    }
    let long = PACK.replace("Buy", &"B".repeat(65));
    let report = texts(&[("messages.en.yaml", &long)]).unwrap_err();
    assert!(report.contains("buy: 70 characters are more than 64"), "{report}");
    let long = PACK.replace("Hello", &"😀".repeat(2_100));
    let report = texts(&[("messages.en.yaml", &long)]).unwrap_err();
    assert!(report.contains("hello: 4201 characters are more than 4096"), "{report}");
}

#[test]
fn a_translation_is_there_and_tells_as_much_as_the_default_language() {
    let packs = [("messages.en.yaml", PACK), ("messages.ru.yaml", RUSSIAN)];
    assert!(texts_in(&packs, &["en", "ru"]).is_ok());
    let report = texts_in(&packs, &["en", "es", "ru"]).unwrap_err();
    assert_eq!(report, "messages.es.yaml: is missing, and the language is offered");
    let rows = [
        ("Купить за {price}", "Купить", "messages.ru.yaml:6:6: buy: leaves out `{price}`"),
        (", {name}{extra}", "", "messages.ru.yaml:1:8: hello: leaves out `{name}`, `{extra}`"),
    ];
    for (from, to, want) in rows {
        let poor = RUSSIAN.replace(from, to);
        let report = texts(&[packs[0], ("messages.ru.yaml", &poor)]).unwrap_err();
        assert!(report.starts_with(want), "\nwant {want}\ngot  {report}");
    }
    // One form may do without the number, as "one number" does, where another has it.
    let poor = RUSSIAN.replace("one: \"{count} номер\"", "one: \"номер\"");
    assert!(texts(&[packs[0], ("messages.ru.yaml", &poor)]).is_ok());
}
