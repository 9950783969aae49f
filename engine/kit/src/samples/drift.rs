//! A good JSON answer in the many ways it may come tomorrow. The samples import this.

use serde_json::{Map, Value};

use super::Expect;
use crate::ask::Ask;

/// Fields of one answer that are changed one by one.
const FIELDS_MAX: usize = 40;

/// Digits up to which a text may become a number without losing any.
const DIGITS_MAX: usize = 15;

/// A changed answer and what it still means.
pub(super) struct Drift {
    pub(super) name: String,
    pub(super) body: String,
    pub(super) meaning: Meaning,
}

/// What a changed answer means.
pub(super) enum Meaning {
    /// What it meant.
    Same,
    /// The same at another price.
    Costs(String),
    /// The same or nothing, but nothing else.
    Less,
    /// Anything but an end.
    UnknownState,
}

/// Every change of one answer.
pub(super) fn all(json: &Value, expect: &Expect, ask: Ask) -> Vec<Drift> {
    let mut drifts = Vec::new();
    let mut add = |name: String, body: &Value, meaning: Meaning| {
        drifts.push(Drift { name, body: body.to_string(), meaning });
    };
    add("numbers as text".to_owned(), &map(json, &as_text), Meaning::Same);
    add("text as numbers".to_owned(), &map(json, &as_number), Meaning::Same);
    add("unknown fields".to_owned(), &with_unknown_fields(json), Meaning::Same);
    if let Value::Array(rows) = json
        && !rows.is_empty()
    {
        let twice: Vec<Value> = rows.iter().chain(rows).cloned().collect();
        add("every row twice".to_owned(), &Value::Array(twice), Meaning::Same);
    }
    let mut places = Vec::new();
    scalars(json, &mut String::new(), &mut places);
    for place in places.iter().take(FIELDS_MAX) {
        let Some(value) = json.pointer(place) else { continue };
        let field = place.trim_start_matches('/').replace('/', ".");
        let set = |value: Value| {
            let mut changed = json.clone();
            if let Some(slot) = changed.pointer_mut(place) {
                *slot = value;
            }
            changed
        };
        if let Some(amount) = expect.amount()
            && text_of(value).is_some_and(|text| same_amount(&text, amount))
        {
            // 0.29 and 1.1 are no binary fractions; a float on the way shows.
            for price in ["0.29", "1.10", "0.300001"] {
                let costs = || Meaning::Costs(price.to_owned());
                let text = Value::String(price.to_owned());
                add(format!("`{field}` is \"{price}\""), &set(text), costs());
                if let Ok(number) = serde_json::from_str::<Value>(price) {
                    add(format!("`{field}` is {price}"), &set(number), costs());
                }
            }
        }
        add(format!("`{field}` is null"), &set(Value::Null), Meaning::Less);
        add(format!("`{field}` is empty"), &set(Value::String(String::new())), Meaning::Less);
        add(format!("`{field}` is a list"), &set(Value::Array(Vec::new())), Meaning::Less);
        add(format!("no `{field}`"), &without(json, place), Meaning::Less);
        if ask == Ask::Check {
            for unknown in [Value::from(99), Value::from("teleported")] {
                let name = format!("`{field}` is {unknown}");
                add(name, &set(unknown), Meaning::UnknownState);
            }
        }
    }
    drifts
}

/// The value with every scalar changed.
fn map(json: &Value, change: &dyn Fn(&Value) -> Value) -> Value {
    match json {
        Value::Array(items) => items.iter().map(|item| map(item, change)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), map(value, change)));
            Value::Object(fields.collect())
        }
        scalar => change(scalar),
    }
}

fn as_text(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::String(number.to_string()),
        other => other.clone(),
    }
}

/// A text of digits as a number, where that loses nothing.
fn as_number(value: &Value) -> Value {
    let Value::String(text) = value else { return value.clone() };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let padded = whole.len() > 1 && whole.starts_with('0');
    if !digits(whole) || !digits(fraction) || padded || text.len() > DIGITS_MAX {
        return value.clone();
    }
    serde_json::from_str(text).unwrap_or_else(|_| value.clone())
}

fn with_unknown_fields(json: &Value) -> Value {
    match json {
        Value::Array(items) => items.iter().map(with_unknown_fields).collect(),
        Value::Object(fields) => {
            let mut fields: Map<String, Value> = fields
                .iter()
                .map(|(name, value)| (name.clone(), with_unknown_fields(value)))
                .collect();
            fields.insert("kit_unknown".to_owned(), serde_json::json!({"a": [1, null]}));
            Value::Object(fields)
        }
        scalar => scalar.clone(),
    }
}

/// Where the scalars are, as JSON pointers.
fn scalars(json: &Value, place: &mut String, found: &mut Vec<String>) {
    let mut step = |part: &str, value: &Value, place: &mut String| {
        let len = place.len();
        place.push('/');
        place.push_str(&part.replace('~', "~0").replace('/', "~1"));
        scalars(value, place, found);
        place.truncate(len);
    };
    match json {
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                step(&number.to_string(), item, place);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                step(name, value, place);
            }
        }
        _ => found.push(place.clone()),
    }
}

fn without(json: &Value, place: &str) -> Value {
    let mut changed = json.clone();
    let Some((parent, name)) = place.rsplit_once('/') else { return changed };
    let name = name.replace("~1", "/").replace("~0", "~");
    match changed.pointer_mut(parent) {
        Some(Value::Object(fields)) => drop(fields.remove(&name)),
        Some(Value::Array(items)) => {
            if let Ok(number) = name.parse::<usize>()
                && number < items.len()
            {
                items.remove(number);
            }
        }
        _ => {}
    }
    changed
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn same_amount(text: &str, amount: &str) -> bool {
    let parse = |text: &str| text.parse::<ring4_domain::money::Amount>().ok();
    text.contains('.') && parse(text).is_some() && parse(text) == parse(amount)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_drift_without_losing_a_digit() {
        let answer = json!({"id": 7, "cost": "0.24", "code": "0123", "name": "Seven", "big":
            "12345678901234567", "rows": [{"n": 1.5}]});
        let text = json!({"id": "7", "cost": "0.24", "code": "0123", "name": "Seven", "big":
            "12345678901234567", "rows": [{"n": "1.5"}]});
        assert_eq!(map(&answer, &as_text), text);
        let numbers = json!({"id": 7, "cost": 0.24, "code": "0123", "name": "Seven", "big":
            "12345678901234567", "rows": [{"n": 1.5}]});
        assert_eq!(map(&text, &as_number), numbers);
        let mut places = Vec::new();
        scalars(&answer, &mut String::new(), &mut places);
        assert_eq!(places, ["/big", "/code", "/cost", "/id", "/name", "/rows/0/n"]);
        assert_eq!(without(&json!([{"a": 1, "b": 2}]), "/0/a"), json!([{"b": 2}]));
        assert!(same_amount("0.240", "0.24") && !same_amount("24", "24"));
    }
}
