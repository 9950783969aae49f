//! What the playground saw, read for the audit: calls of the bot, orders at the vendor, and the
//! amounts and ids inside a text. Only `audit` uses it.

use ring4_domain::money::Amount;
use serde_json::Value;

/// A Bot API call that succeeded.
pub struct Call {
    pub method: String,
    pub chat: i64,
    /// The press that was answered.
    pub query: String,
    /// What was said, without markup.
    pub text: String,
}

/// An order in the vendor's books.
pub struct Sold {
    pub id: String,
    /// Service and country.
    pub kind: (String, &'static str),
    pub number: String,
    pub cost: Amount,
    pub refunded: bool,
    /// The code, if one came.
    pub code: Option<String>,
}

impl Call {
    /// The call on a line of the log, if it succeeded.
    pub fn read(line: &str) -> Option<Self> {
        let call: Value = serde_json::from_str(line).expect("a call");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let parameters = &call["parameters"];
        (call["status"] == 200).then(|| Self {
            method: text(&call["method"]),
            chat: parameters["chat_id"].as_i64().unwrap_or_default(),
            query: text(&parameters["callback_query_id"]),
            text: without_markup(parameters["text"].as_str().unwrap_or_default()),
        })
    }
}

impl Sold {
    pub fn read(row: &Value) -> Self {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let country = match row["country_id"].as_u64() {
            Some(1) => "US",
            Some(2) => "GB",
            Some(3) => "NL",
            Some(21) => "PL",
            Some(23) => "FR",
            Some(24) => "DE",
            other => panic!("{other:?} is not on offer"),
        };
        Self {
            id: text("order_id"),
            kind: (row["service_id"].to_string(), country),
            number: text("number"),
            cost: text("cost").parse().expect("an amount"),
            refunded: row["refunded"] == true,
            code: row["sms"].as_str().map(str::to_owned),
        }
    }
}

/// The rests of the lines that begin with this.
pub fn line(text: &str, prefix: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.strip_prefix(prefix)).map(str::to_owned).collect()
}

fn digits(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text[..end].trim_end_matches('.')
}

/// The whole number that a text begins with.
pub fn figure(text: &str) -> Option<u64> {
    digits(text).parse().ok()
}

/// The amount that a text begins with.
pub fn amount(text: &str) -> Option<Amount> {
    digits(text).parse().ok()
}

fn without_markup(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text
}

/// A country on offer.
pub fn country(code: &str) -> &'static str {
    let known = ["US", "GB", "NL", "PL", "FR", "DE"];
    known.into_iter().find(|known| *known == code).expect("a country on offer")
}
