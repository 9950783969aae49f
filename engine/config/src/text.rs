//! Values written as text: amounts, decimals, keys, `${NAME}` templates and secrets.
//! Only this crate's section types use the decoding half.
//!
//! The decoders raise their errors inside `visit_str`, because only then does the YAML parser
//! place them at the scalar. Templates are kept as written and filled in afterwards, when the
//! environment is at hand; a decoder with a hidden global environment was refused.

use core::fmt;
use core::marker::PhantomData;
use core::str::FromStr;
#[cfg(test)]
use std::borrow::Cow;
use std::fs;

use ring4_domain::ids::{Country, IdError};
use ring4_domain::money::{Amount, AmountError};
use rust_decimal::Decimal;
#[cfg(test)]
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use crate::env::{Env, is_name};

/// The longest file that holds a secret, in bytes.
const SECRET_LEN_MAX: u64 = 4_096;

/// A type that is written as text, with words for a text that is not one.
pub trait Written: Sized {
    /// Reads the text.
    ///
    /// # Errors
    /// What is wrong with it, in the operator's words.
    fn read(text: &str) -> Result<Self, String>;
}

impl Written for Amount {
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: AmountError| format!("not an amount: {error}"))
    }
}

impl Written for Decimal {
    fn read(text: &str) -> Result<Self, String> {
        Self::from_str(text).map_err(|_| "not a decimal number".to_owned())
    }
}

impl Written for Country {
    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|_: IdError| "not a country code of two letters, such as US".to_owned())
    }
}

struct Text<T>(PhantomData<T>);

impl<T: Written> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a single value")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        T::read(text).map_err(E::custom)
    }
}

/// Decodes a type that is written as text; an unquoted number keeps its digits.
pub fn written<'de, T: Written, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_str(Text(PhantomData))
}

/// Decodes the same, or null as `None`.
pub fn written_or_null<'de, T: Written, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    struct Nullable<T>(PhantomData<T>);
    impl<'de, T: Written> Visitor<'de> for Nullable<T> {
        type Value = Option<T>;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("a single value or null")
        }

        fn visit_none<E>(self) -> Result<Option<T>, E> {
            Ok(None)
        }

        fn visit_unit<E>(self) -> Result<Option<T>, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
            written(deserializer).map(Some)
        }
    }
    deserializer.deserialize_option(Nullable(PhantomData))
}

/// Decodes a list of values written as text.
pub fn written_list<'de, T: Written, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    struct Item<T>(T);
    impl<'de, T: Written> Deserialize<'de> for Item<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            written(deserializer).map(Self)
        }
    }
    let items: Vec<Item<T>> = Vec::deserialize(deserializer)?;
    Ok(items.into_iter().map(|item| item.0).collect())
}

/// In the schema: a decimal number, quoted or not.
#[cfg(test)]
pub struct DecimalText;

#[cfg(test)]
impl JsonSchema for DecimalText {
    fn schema_name() -> Cow<'static, str> {
        "DecimalText".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number"], "pattern": r"^[+-]?[0-9]+(\.[0-9]+)?$" })
    }
}

/// Text that may hold `${NAME}` or `${NAME:-default}`; `$${` stands for `${` itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(transparent)]
pub struct EnvText(pub String);

impl EnvText {
    /// The text with its variables filled in.
    ///
    /// # Errors
    /// A variable without default is not set, or the template is broken.
    pub fn resolve(&self, env: &Env) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = self.0.as_str();
        while let Some(at) = rest.find("${") {
            let (before, template) = rest.split_at(at);
            if let Some(before) = before.strip_suffix('$') {
                out.push_str(before);
                out.push_str("${");
                rest = template.get(2..).unwrap_or_default();
                continue;
            }
            out.push_str(before);
            let inner = template.get(2..).unwrap_or_default();
            let (expression, after) = inner.split_once('}').ok_or("`${` is never closed")?;
            let (name, default) = match expression.split_once(":-") {
                Some((name, default)) => (name, Some(default)),
                None => (expression, None),
            };
            if !is_name(name) {
                return Err("not of the form ${NAME} or ${NAME:-default}".to_owned());
            }
            // As in a shell, a default also stands in for a variable set to nothing.
            let value = match default {
                Some(default) => env.given(name).unwrap_or(default),
                None => env
                    .get(name)
                    .ok_or_else(|| format!("environment variable {name} is not set"))?,
            };
            out.push_str(value);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// Where a secret is to be found: `${NAME}` or `{file: /run/secrets/name}`. A literal is refused,
/// because this file is copied into tickets and repositories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// An environment variable.
    Variable(String),
    /// A file, whose surrounding white space is dropped.
    File(String),
    /// A value that the environment has put in place of the configured source.
    Given(Secret),
}

impl SecretSource {
    /// The secret; `None` when the variable is unset or empty.
    ///
    /// # Errors
    /// The file cannot be read, or is too large to be a secret.
    pub fn resolve(&self, env: &Env) -> Result<Option<Secret>, String> {
        match self {
            Self::Given(secret) => Ok(Some(secret.clone())),
            Self::Variable(name) => Ok(env.given(name).map(Secret::new)),
            Self::File(path) => {
                let len = fs::metadata(path).map_err(|error| format!("{path}: {error}"))?.len();
                if len > SECRET_LEN_MAX {
                    return Err(format!("{path}: larger than {SECRET_LEN_MAX} bytes"));
                }
                let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
                let secret = Secret::new(&text);
                Ok(Some(secret).filter(|secret| !secret.expose().is_empty()))
            }
        }
    }

    /// What to do when the secret is missing.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::Variable(name) => format!("put {name}=… into .env"),
            Self::File(path) => format!("write it into {path}"),
            Self::Given(_) => String::new(),
        }
    }
}

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Place;
        impl<'de> Visitor<'de> for Place {
            type Value = SecretSource;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("${NAME} or {file: PATH}")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<SecretSource, E> {
                let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
                match name.map(|name| name.strip_suffix(":-").unwrap_or(name)) {
                    Some(name) if is_name(name) => Ok(SecretSource::Variable(name.to_owned())),
                    _ => Err(E::custom(
                        "a secret is not written here: use ${NAME} and set NAME in .env, \
                         or {file: PATH}",
                    )),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretSource, A::Error> {
                match map.next_entry::<String, String>()? {
                    Some((key, path)) if key == "file" && map.next_key::<String>()?.is_none() => {
                        Ok(SecretSource::File(path))
                    }
                    _ => Err(A::Error::custom("the only key here is `file`")),
                }
            }
        }
        deserializer.deserialize_any(Place)
    }
}

#[cfg(test)]
impl JsonSchema for SecretSource {
    fn schema_name() -> Cow<'static, str> {
        "SecretSource".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "${NAME}, or {file: PATH}; never the secret itself",
            "oneOf": [
                { "type": "string", "pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*(:-)?\}$" },
                {
                    "type": "object",
                    "properties": { "file": { "type": "string" } },
                    "required": ["file"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}

/// A credential. It has no `Display`, and its `Debug` says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret from text, without surrounding white space.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The credential itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled_in() {
        let env: Env = [("HOST", "example.org"), ("EMPTY", "")].into_iter().collect();
        let rows: &[(&str, Result<&str, &str>)] = &[
            ("plain", Ok("plain")),
            ("https://${HOST}/x", Ok("https://example.org/x")),
            ("${HOST}${HOST}", Ok("example.orgexample.org")),
            ("${NONE:-fall}back", Ok("fallback")),
            ("${EMPTY:-d}|${EMPTY}", Ok("d|")),
            ("${NONE:-}", Ok("")),
            ("a$${HOST}", Ok("a${HOST}")),
            ("5$", Ok("5$")),
            ("${NONE}", Err("environment variable NONE is not set")),
            ("${HOST", Err("`${` is never closed")),
            ("${A B}", Err("not of the form ${NAME} or ${NAME:-default}")),
        ];
        for (template, want) in rows {
            let got = EnvText((*template).to_owned()).resolve(&env);
            assert_eq!(got.as_deref().map_err(String::as_str), *want, "{template}");
        }
    }

    #[test]
    fn a_secret_shows_itself_to_nobody() {
        let secret = Secret::new(" hunter2\n");
        assert_eq!(secret.expose(), "hunter2");
        assert_eq!(
            format!("{secret:?} {:?}", SecretSource::Given(secret.clone())),
            "Secret(…) Given(Secret(…))"
        );
    }
}
