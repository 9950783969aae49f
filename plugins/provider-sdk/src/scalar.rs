//! Tolerant reading of vendors' JSON scalars. Vendors send the same field as a number in one
//! answer and as text in the next, and leave it out in a third. For plugins.

use core::fmt;
use std::collections::BTreeMap;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::value::RawValue;

use crate::money::Money;

/// A scalar by its text: `"0.24"` and `0.24` both read `0.24`, `true` reads `true`, `null`, an
/// absent field (with `#[serde(default)]`), a list and an object read empty. Numbers keep the
/// digits the vendor wrote, so money never passes through a float.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Scalar(String);

impl Scalar {
    /// The text, trimmed; empty when the field is absent, null or no scalar.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The text unless it is empty.
    #[must_use]
    pub fn some(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(self.0.as_str())
    }

    /// A whole number; decimals of zero are forgiven.
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        let (whole, fraction) = self.0.split_once('.').unwrap_or((&self.0, ""));
        let zero = fraction.bytes().all(|byte| byte == b'0');
        if zero { whole.parse().ok() } else { None }
    }

    /// A non-negative amount.
    #[must_use]
    pub fn money(&self) -> Option<Money> {
        Money::parse(&self.0)
    }

    /// A full phone number in E.164, with the plus, from digits with or without decoration.
    #[must_use]
    pub fn e164(&self) -> Option<String> {
        e164(&self.0)
    }

    /// `true`/`1` and `false`/`0` in any spelling; `None` otherwise.
    #[must_use]
    pub fn flag(&self) -> Option<bool> {
        match self.0.to_ascii_lowercase().as_str() {
            "1" | "true" => Some(true),
            "0" | "false" => Some(false),
            _ => None,
        }
    }
}

impl fmt::Debug for Scalar {
    /// Leaves the text out: it may be a code or a number.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Scalar({} bytes)", self.0.len())
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(from)?.get();
        if raw.starts_with('"') {
            let text: String = serde_json::from_str(raw).map_err(de::Error::custom)?;
            return Ok(Self(text.trim().to_owned()));
        }
        let empty = raw == "null" || raw.starts_with(['{', '[']);
        Ok(Self(if empty { String::new() } else { raw.to_owned() }))
    }
}

/// A full phone number in E.164, with the plus: a leading plus, blanks, hyphens and brackets are
/// forgiven, anything else that is no digit is not.
#[must_use]
pub fn e164(text: &str) -> Option<String> {
    let decoration = |char: &char| matches!(char, '+' | ' ' | '-' | '(' | ')');
    let digits: String = text.chars().filter(|char| !decoration(char)).collect();
    let sane = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    (sane && !digits.starts_with('0')).then(|| format!("+{digits}"))
}

/// The JSON of one member of an object, or of the objects in a list: vendors write an empty map
/// as `[]` and some write maps as lists. `None` for anything else.
#[must_use]
pub fn member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let json = json.trim_start();
    if json.starts_with('{') {
        let members: BTreeMap<String, &'a RawValue> = serde_json::from_str(json).ok()?;
        return members.get(name).map(|raw| raw.get());
    }
    let rows: Vec<&'a RawValue> = serde_json::from_str(json).ok()?;
    let mut objects = rows.into_iter().map(RawValue::get).filter(|row| row.starts_with('{'));
    objects.find_map(|row| member(row, name))
}

/// A list that reads empty when the vendor sends `null` or an object in its place.
///
/// # Errors
/// The value is a list whose rows do not fit.
pub fn list_or_empty<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Rows<T>(std::marker::PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Rows<T> {
        type Value = Vec<T>;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("a list")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Vec::new())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut rows = Vec::new();
            while let Some(row) = seq.next_element()? {
                rows.push(row);
            }
            Ok(rows)
        }
    }

    from.deserialize_any(Rows(std::marker::PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Row {
        #[serde(default)]
        cost: Scalar,
    }

    fn cost(json: &str) -> Option<Scalar> {
        serde_json::from_str::<Row>(json).ok().map(|row| row.cost)
    }

    #[test]
    fn every_spelling_of_a_scalar_reads_as_its_text() {
        for (json, want) in [
            (r#"{"cost":"0.24"}"#, "0.24"),
            (r#"{"cost":0.24}"#, "0.24"),
            (r#"{"cost":0.1234567890123456789}"#, "0.1234567890123456789"),
            (r#"{"cost":" 0.24\r\n"}"#, "0.24"),
            (r#"{"cost":true}"#, "true"),
            (r#"{"cost":null}"#, ""),
            (r#"{"cost":[]}"#, ""),
            (r#"{"cost":{"a":1}}"#, ""),
            ("{}", ""),
        ] {
            assert_eq!(cost(json).as_ref().map(Scalar::text), Some(want), "{json}");
        }
        assert!(cost(r#"{"cost":}"#).is_none());
    }

    #[test]
    fn numbers_and_flags_are_read_or_absent() {
        for (text, integer, flag) in [
            ("1", Some(1), Some(true)),
            ("0", Some(0), Some(false)),
            ("12.00", Some(12), None),
            ("12.5", None, None),
            ("TRUE", None, Some(true)),
            ("9223372036854775808", None, None),
            ("", None, None),
        ] {
            let scalar = Scalar(text.to_owned());
            assert_eq!((scalar.integer(), scalar.flag()), (integer, flag), "{text}");
        }
    }

    #[test]
    fn members_of_objects_and_of_lists_of_objects() {
        for (json, want) in [
            (r#"{"a":{"b":1}}"#, Some(r#"{"b":1}"#)),
            (r#"[{"b":1},2,{"a":"x"}]"#, Some(r#""x""#)),
            ("[]", None),
            ("{}", None),
            ("null", None),
            (r#"{"a":"#, None),
        ] {
            assert_eq!(member(json, "a"), want, "{json}");
        }
    }

    #[test]
    fn numbers_become_e164_or_nothing() {
        for (text, want) in [
            ("12015550100", Some("+12015550100")),
            ("+1 (201) 555-0100", Some("+12015550100")),
            ("012015550100", None),
            ("123456", None),
            ("1234567890123456", None),
            ("12015550100x", None),
            ("", None),
        ] {
            assert_eq!(e164(text).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn an_object_or_null_where_a_list_belongs_is_an_empty_list() {
        #[derive(Deserialize)]
        struct Holder {
            #[serde(default, deserialize_with = "list_or_empty")]
            rows: Vec<u8>,
        }
        for (json, want) in [
            (r#"{"rows":[1,2]}"#, Some(vec![1, 2])),
            (r#"{"rows":null}"#, Some(vec![])),
            (r#"{"rows":{"0":1}}"#, Some(vec![])),
            ("{}", Some(vec![])),
            (r#"{"rows":["x"]}"#, None),
        ] {
            let got = serde_json::from_str::<Holder>(json).ok().map(|holder| holder.rows);
            assert_eq!(got, want, "{json}");
        }
    }
}
