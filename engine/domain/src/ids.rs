//! One newtype per id, so that an order can never be looked up with a deposit's id.
//! Anyone may import this; it imports nobody.
//!
//! Ids of orders and deposits are 40 bits, shown as eight characters of Crockford's base 32
//! (no I, L, O, U): short enough to read out to support, too many to guess, and ownership is
//! checked anyway. The shell mints them; the domain refuses one that is taken.

use std::borrow::Cow;

use core::fmt;
use core::str::FromStr;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Characters of a shown id.
pub const ID_TEXT_LEN: usize = 8;

/// Bits of a shown id.
const ID_BITS: u32 = 40;

/// The longest text key, in bytes.
pub const KEY_LEN_MAX: usize = 32;

/// The text is not an id of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct IdError;

fn write_base32(out: &mut fmt::Formatter<'_>, value: u64) -> fmt::Result {
    for place in (0..ID_TEXT_LEN).rev() {
        let digit = usize::try_from((value >> (place * 5)) & 31).unwrap_or_default();
        let byte = ALPHABET.get(digit).copied().unwrap_or(b'?');
        write!(out, "{}", char::from(byte))?;
    }
    Ok(())
}

fn read_base32(text: &str) -> Result<u64, IdError> {
    if text.len() != ID_TEXT_LEN {
        return Err(IdError);
    }
    text.bytes().try_fold(0_u64, |value, byte| {
        // What people mistype is read as what they meant, as Crockford proposes.
        let byte = match byte.to_ascii_uppercase() {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            other => other,
        };
        let digit = ALPHABET.iter().position(|known| *known == byte).ok_or(IdError)?;
        u64::try_from(digit).map(|digit| (value << 5) | digit).map_err(|_| IdError)
    })
}

macro_rules! short_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// The id from any 64 bits, of which the low 40 are kept.
            #[must_use]
            pub const fn from_bits(bits: u64) -> Self {
                Self(bits & ((1 << ID_BITS) - 1))
            }

            /// The 40 bits.
            #[must_use]
            pub const fn bits(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_base32(out, self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                read_base32(text).map(Self)
            }
        }
    };
}

short_id!(
    /// An order, and before that the quote it grows from: one id from first price to receipt.
    OrderId
);
short_id!(
    /// A deposit, from the moment its instructions are shown.
    DepositId
);

short_id!(
    /// An adjustment of a wallet, from the moment its confirm button is shown.
    AdjustmentId
);

short_id!(
    /// A broadcast, from the moment its send button is shown.
    BroadcastId
);

/// A person, by Telegram's user id; customers and admins alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);

impl fmt::Display for UserId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}

/// A message in a chat, by Telegram's message id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub i32);

macro_rules! text_key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Cow<'static, str>);

        impl $name {
            /// A key of 1 to 32 characters out of `a-z 0-9 _ -`.
            ///
            /// # Errors
            /// The text is anything else.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                let known = |byte: u8| {
                    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte)
                };
                if text.is_empty() || text.len() > KEY_LEN_MAX || !text.bytes().all(known) {
                    return Err(IdError);
                }
                Ok(Self(Cow::Owned(text)))
            }

            /// The key's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }
    };
}

text_key!(
    /// A service of our catalogue: `ring4`, `telegram`, `whatsapp`.
    ServiceKey
);
text_key!(
    /// A vendor, by the name its plugin is configured under: `mock`, `smspool`.
    ProviderId
);
text_key!(
    /// A way to pay, by its name in the configuration: `usdt`, `binance`.
    MethodKey
);

impl MethodKey {
    /// A key that is written in the source; a test reads it back.
    pub(crate) const fn written(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

/// A country by its ISO 3166-1 alpha-2 code, upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// The United States, the default.
    pub const US: Self = Self(*b"US");

    /// The two ASCII letters.
    #[must_use]
    pub const fn bytes(self) -> [u8; 2] {
        self.0
    }

    /// The country's flag as two regional indicator symbols.
    #[must_use]
    pub fn flag(self) -> String {
        let symbol = |byte: u8| {
            char::from_u32(0x1F1E6 + u32::from(byte.saturating_sub(b'A'))).unwrap_or('?')
        };
        self.0.into_iter().map(symbol).collect()
    }
}

impl FromStr for Country {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.as_bytes() {
            [first, second] if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() => {
                Ok(Self([first.to_ascii_uppercase(), second.to_ascii_uppercase()]))
            }
            _ => Err(IdError),
        }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", char::from(self.0[0]), char::from(self.0[1]))
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Country({self})")
    }
}

/// The version of a rule set: the first eight bytes of the SHA-256 over its files.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RulesVersion(pub [u8; 8]);

impl fmt::Display for RulesVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl FromStr for RulesVersion {
    type Err = IdError;

    /// Reads the sixteen hexadecimal digits that it is shown as.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let known = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 16 || !text.bytes().all(known) {
            return Err(IdError);
        }
        u64::from_str_radix(text, 16).map(|bits| Self(bits.to_be_bytes())).map_err(|_| IdError)
    }
}

impl fmt::Debug for RulesVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "RulesVersion({self})")
    }
}

/// A moment: milliseconds since 1970-01-01 UTC, by the engine's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// How far the clock may stand behind what was recorded, in seconds, before it counts as set back.
/// Until then entries are dated like the last one: a time server's correction stops nobody.
pub const CLOCK_BRIDGED_SECS: u32 = 300;

impl Timestamp {
    /// The moment `secs` later, held at the end of time.
    #[must_use]
    pub const fn plus_secs(self, secs: u32) -> Self {
        Self(self.0.saturating_add(secs as i64 * 1_000))
    }

    /// Whole seconds from `earlier` to this moment; zero when the clock went back.
    #[must_use]
    pub fn secs_since(self, earlier: Self) -> u32 {
        let millis = self.0.saturating_sub(earlier.0).max(0);
        u32::try_from(millis / 1_000).unwrap_or(u32::MAX)
    }

    /// Whether this moment is so far ahead of `now` that the clock must have been set back since.
    #[must_use]
    pub const fn is_ahead_of(self, now: Self) -> bool {
        now.plus_secs(CLOCK_BRIDGED_SECS).0 < self.0
    }

    /// Unix seconds.
    #[must_use]
    pub const fn unix_secs(self) -> i64 {
        self.0.div_euclid(1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ids_survive_text_and_forgive_typing() {
        for bits in [0, 1, 31, 0xAB_CDEF_0123, (1 << 40) - 1, u64::MAX] {
            let id = OrderId::from_bits(bits);
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(id.to_string().to_lowercase().parse(), Ok(id));
        }
        let zero: Result<OrderId, _> = "oOoOoOoO".parse();
        assert_eq!(zero, Ok(OrderId::from_bits(0)));
        for noise in ["", "1234567", "123456789", "UUUUUUUU", "12 45678", "ééé12"] {
            assert_eq!(noise.parse::<OrderId>(), Err(IdError), "{noise}");
        }
    }

    #[test]
    fn countries_are_two_letters() {
        let uk: Result<Country, _> = "gb".parse();
        assert_eq!(uk.map(|country| country.to_string()), Ok("GB".to_owned()));
        assert_eq!(Country::US.flag(), "🇺🇸");
        for noise in ["", "U", "USA", "U1", "é"] {
            assert_eq!(noise.parse::<Country>(), Err(IdError), "{noise}");
        }
    }
}
