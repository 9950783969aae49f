//! A local SMSPool: its HTTP shapes, its money, its refusals, and misbehaviour on demand. Only
//! this crate.
//!
//! Written from the published facts about SMSPool and not from the plugin that talks to it, so
//! that the two can disagree where one of them is wrong. Amounts are whole numbers of 1e-4
//! dollar ("e4"), the finest step in SMSPool's price lists.

mod account;
mod catalogue;
pub(crate) mod faults;
pub(crate) mod http;
mod lists;
mod orders;
mod purchase;

pub(crate) use account::{Settings, Smspool};
pub(crate) use faults::VendorFault;

use serde_json::{Value, json};

/// An answer before any misbehaviour: the HTTP status and the JSON body.
#[derive(Debug, PartialEq)]
pub(crate) struct Reply {
    pub status: u16,
    pub body: Value,
}

impl Reply {
    fn ok(body: Value) -> Self {
        Self { status: 200, body }
    }

    /// A refusal with words only.
    fn refused(status: u16, message: &str) -> Self {
        Self { status, body: json!({ "success": 0, "message": message }) }
    }

    /// A refusal with a machine-readable type.
    fn typed(kind: &str, message: &str) -> Self {
        Self { status: 422, body: json!({ "success": 0, "type": kind, "message": message }) }
    }

    /// A complaint about one parameter.
    fn about(status: u16, parameter: &str, message: &str) -> Self {
        let error = json!({ "message": message, "param": parameter, "description": message });
        Self { status, body: json!({ "success": 0, "errors": [error] }) }
    }

    fn missing(parameter: &str) -> Self {
        Self::about(400, parameter, "A required parameter is missing")
    }
}

/// Decimal text of an amount in 1e-4 dollar: two decimals, more where it needs them.
pub(crate) fn dollars(amount_e4: i64) -> String {
    let sign = if amount_e4 < 0 { "-" } else { "" };
    let amount = amount_e4.unsigned_abs();
    let (whole, part) = (amount / 10_000, amount % 10_000);
    let mut text = format!("{sign}{whole}.{part:04}");
    while text.ends_with('0') && text.split('.').nth(1).is_some_and(|part| part.len() > 2) {
        text.pop();
    }
    text
}

/// The amount a decimal text names, rounded down to 1e-4 dollar; `None` when it names none.
pub(crate) fn parse_dollars(text: &str) -> Option<i64> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(part) || whole.len() + part.len() == 0 {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: String = part.chars().chain("0000".chars()).take(4).collect();
    whole.checked_mul(10_000)?.checked_add(part.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_decimal_text() {
        let table = [
            (2400, "0.24"),
            (67, "0.0067"),
            (10_000, "1.00"),
            (12_500, "1.25"),
            (0, "0.00"),
            (-5, "-0.0005"),
        ];
        for (amount, text) in table {
            assert_eq!(dollars(amount), text);
        }
        let table = [
            ("0.24", Some(2400)),
            ("5", Some(50_000)),
            (".5", Some(5_000)),
            ("0.00679", Some(67)),
            ("", None),
            (".", None),
            ("-1", None),
            ("1e3", None),
            ("99999999999999999999", None),
        ];
        for (text, amount) in table {
            assert_eq!(parse_dollars(text), amount, "{text}");
        }
    }
}
