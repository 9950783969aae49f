//! Two shapes that serde's own types lose: scalars as written, mappings in the file's order.

use core::fmt;
use core::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// A scalar as it was written: `0.10` stays `0.10`, quoted or not, and never becomes a float.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar(pub String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Scalar;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a text or a number")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// A mapping in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entries<V>(pub Vec<(String, V)>);

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V> Entries<V> {
    /// The value under `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&V> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// The value under `key`, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        self.0.iter_mut().find(|(known, _)| known == key).map(|(_, value)| value)
    }
}

impl<V> FromIterator<(String, V)> for Entries<V> {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Pairs<V> {
            type Value = Entries<V>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<V>, A::Error> {
                let mut entries: Vec<(String, V)> = Vec::new();
                while let Some(Scalar(key)) = map.next_key()? {
                    entries.push((key, map.next_value()?));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Pairs(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Source, decode};

    #[test]
    fn scalars_keep_their_digits_and_keys_their_order() {
        let text = "b: 0.1234567890123456789\na: '0.10'\nno: 1e3\n3: true\n";
        let entries: Entries<Scalar> = decode(&Source::new("x.yaml", text)).unwrap();
        let pairs: Vec<_> = entries.0.iter().map(|(key, text)| (key.as_str(), &*text.0)).collect();
        let want = [("b", "0.1234567890123456789"), ("a", "0.10"), ("no", "1e3"), ("3", "true")];
        assert_eq!(pairs, want);
    }

    #[test]
    fn a_repeated_key_and_a_nested_value_are_refused() {
        let repeated = decode::<Entries<Scalar>>(&Source::new("x.yaml", "a: 1\nb: 2\na: 3\n"));
        assert_eq!(repeated.unwrap_err().problems[0].reason, "key `a` appears twice");
        let nested = decode::<Entries<Scalar>>(&Source::new("x.yaml", "a: [1]\n"));
        let nested = nested.unwrap_err().problems.remove(0);
        assert_eq!((nested.line, nested.column, nested.path.as_str()), (1, 4, "a"));
        assert_eq!(nested.reason, "invalid type: sequence, expected a text or a number");
    }
}
