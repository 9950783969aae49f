//! Records to bytes and back. Private to this crate: the domain knows nothing of bytes.
//!
//! A record is `[version u8][kind u8][CBOR]`, and as a row of the state it is followed by the
//! CRC-32C of its key and itself. The CBOR is arrays by position, not maps by name: a field is
//! appended in a later version, never moved or removed, and readers of that version supply the
//! missing tail. Derives on the domain types were refused, because a renamed field there must
//! not change a byte here.
//!
//! Numbers and codes are sealed on their way out and opened on their way in, with the keys handed
//! over; see [`secrets`]. Without its key a text stays sealed, and goes out again as it came in.
//!
//! Bytes on disk may be damaged, so decoding trusts nothing: every length is bounded by the input
//! that is left, ids and keys are checked as if a stranger had sent them, and nothing recurses.

mod domain;
mod rows;
mod secrets;
#[cfg(test)]
mod tests;

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use ring4_domain::change::{Actor, Seq};
use ring4_domain::ids::Timestamp;

use crate::journal::Hash;
use crate::keyring::Keys;
pub use rows::Totals;
pub(crate) use rows::{
    AccountRow, EntryCopy, ForgottenRow, Mark, ReportedRow, RulesRow, RulesSeen, Tally, WishRow,
};

/// The version written. Every version up to it is read.
pub(crate) const VERSION: u8 = 1;

/// Bytes of an entry's copy beside the entry, at most: version, kind, lengths, hash, checksum.
const ENTRY_COPY_AROUND: usize = 64;

/// Bytes of the checksum behind a row.
const CHECKSUM_LEN: usize = 4;

/// What a record is; part of its bytes, so that a row under a wrong key is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Entry = 1,
    EntryCopy = 2,
    Account = 3,
    Transfer = 4,
    Customer = 5,
    Quote = 6,
    Order = 7,
    Deposit = 8,
    Wish = 9,
    Tally = 10,
    Totals = 11,
    Rules = 12,
    RulesSeen = 13,
    Index = 14,
    Mark = 15,
    Head = 16,
    Forgotten = 17,
    Sale = 18,
    Refund = 31,
    Standing = 32,
    Adjustment = 33,
    Maintenance = 34,
    Reported = 35,
    Broadcast = 51,
    Outreach = 52,
}

/// Why bytes are not the record they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end before the record does.
    #[error("the record is cut short")]
    Short,
    /// The checksum over key and record differs.
    #[error("the checksum differs")]
    Checksum,
    /// The record was written by a later version of the engine.
    #[error("format version {0} is not known to this engine")]
    Version(u8),
    /// The record is of another kind than its place says.
    #[error("the record is of another kind ({0})")]
    Kind(u8),
    /// A part of the record makes no sense.
    #[error("{0} does not parse")]
    Malformed(&'static str),
    /// Bytes follow the record's end.
    #[error("bytes follow the record's end")]
    Trailing,
}

/// What can be written as CBOR and read back.
pub(crate) trait Coded: Sized {
    /// Appends the value.
    fn write(&self, out: &mut Out<'_>);

    /// Reads the value.
    fn read(input: &mut In<'_>) -> Result<Self, DecodeError>;
}

/// A record being written.
pub(crate) struct Out<'k> {
    cbor: Encoder<Vec<u8>>,
    keys: &'k Keys,
}

// Writing to a vector cannot fail (its error type has no values), so the results are dropped.
impl<'k> Out<'k> {
    fn new(kind: Kind, keys: &'k Keys) -> Self {
        Self::with_room(kind, 256, keys)
    }

    fn with_room(kind: Kind, bytes: usize, keys: &'k Keys) -> Self {
        let mut bytes = Vec::with_capacity(bytes);
        bytes.extend_from_slice(&[VERSION, kind as u8]);
        Self { cbor: Encoder::new(bytes), keys }
    }

    pub(crate) fn list(&mut self, len: usize) {
        let _ = self.cbor.array(len as u64);
    }

    pub(crate) fn unsigned(&mut self, value: u64) {
        let _ = self.cbor.u64(value);
    }

    pub(crate) fn signed(&mut self, value: i64) {
        let _ = self.cbor.i64(value);
    }

    pub(crate) fn flag(&mut self, value: bool) {
        let _ = self.cbor.bool(value);
    }

    pub(crate) fn text(&mut self, value: &str) {
        let _ = self.cbor.str(value);
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) {
        let _ = self.cbor.bytes(value);
    }

    pub(crate) fn none(&mut self) {
        let _ = self.cbor.null();
    }
}

/// A record being read.
pub(crate) struct In<'a> {
    cbor: Decoder<'a>,
    keys: &'a Keys,
}

impl<'a> In<'a> {
    /// Reads a list's length, which cannot exceed the bytes left.
    pub(crate) fn list(&mut self, what: &'static str) -> Result<usize, DecodeError> {
        let malformed = DecodeError::Malformed(what);
        let len = self.cbor.array().map_err(|_| malformed)?.ok_or(malformed)?;
        let left = self.cbor.input().len().saturating_sub(self.cbor.position());
        usize::try_from(len).ok().filter(|len| *len <= left).ok_or(malformed)
    }

    /// Reads the length of a list that must have `len` items.
    pub(crate) fn list_of(&mut self, what: &'static str, len: usize) -> Result<(), DecodeError> {
        if self.list(what)? == len { Ok(()) } else { Err(DecodeError::Malformed(what)) }
    }

    pub(crate) fn unsigned(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        self.cbor.u64().map_err(|_| DecodeError::Malformed(what))
    }

    pub(crate) fn signed(&mut self, what: &'static str) -> Result<i64, DecodeError> {
        self.cbor.i64().map_err(|_| DecodeError::Malformed(what))
    }

    pub(crate) fn flag(&mut self, what: &'static str) -> Result<bool, DecodeError> {
        self.cbor.bool().map_err(|_| DecodeError::Malformed(what))
    }

    pub(crate) fn text(&mut self, what: &'static str) -> Result<&'a str, DecodeError> {
        self.cbor.str().map_err(|_| DecodeError::Malformed(what))
    }

    pub(crate) fn bytes(&mut self, what: &'static str) -> Result<&'a [u8], DecodeError> {
        self.cbor.bytes().map_err(|_| DecodeError::Malformed(what))
    }

    /// Reads a null if there is one.
    pub(crate) fn none(&mut self) -> Result<bool, DecodeError> {
        let malformed = DecodeError::Malformed("optional value");
        let none = self.cbor.datatype().map_err(|_| malformed)? == Type::Null;
        if none {
            self.cbor.null().map_err(|_| malformed)?;
        }
        Ok(none)
    }

    /// Whether a list follows.
    pub(crate) fn is_list(&self) -> bool {
        self.cbor.datatype().is_ok_and(|next| next == Type::Array)
    }

    fn end(&self) -> Result<(), DecodeError> {
        let done = self.cbor.position() == self.cbor.input().len();
        if done { Ok(()) } else { Err(DecodeError::Trailing) }
    }
}

/// A record's bytes: version, kind, CBOR.
pub(crate) fn encode<T: Coded>(kind: Kind, value: &T, keys: &Keys) -> Vec<u8> {
    let mut out = Out::new(kind, keys);
    value.write(&mut out);
    out.cbor.into_writer()
}

/// Reads what [`encode`] wrote.
pub(crate) fn decode<T: Coded>(kind: Kind, bytes: &[u8], keys: &Keys) -> Result<T, DecodeError> {
    read_record(kind, bytes, keys, T::read)
}

fn read_record<'a, T>(
    kind: Kind,
    bytes: &'a [u8],
    keys: &'a Keys,
    read: impl FnOnce(&mut In<'a>) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    let [version, found, cbor @ ..] = bytes else {
        return Err(DecodeError::Short);
    };
    if *version != VERSION {
        return Err(DecodeError::Version(*version));
    }
    if *found != kind as u8 {
        return Err(DecodeError::Kind(*found));
    }
    let mut input = In { cbor: Decoder::new(cbor), keys };
    let value = read(&mut input)?;
    input.end()?;
    Ok(value)
}

/// The place and the actor of an entry, without the rest of it.
pub(crate) fn who(entry: &[u8]) -> Result<(Seq, Actor), DecodeError> {
    let [VERSION, kind, cbor @ ..] = entry else { return Err(DecodeError::Short) };
    if *kind != Kind::Entry as u8 {
        return Err(DecodeError::Kind(*kind));
    }
    let keys = Keys::default();
    let mut input = In { cbor: Decoder::new(cbor), keys: &keys };
    input.list("entry")?;
    let seq = Seq::read(&mut input)?;
    Timestamp::read(&mut input)?;
    Ok((seq, Actor::read(&mut input)?))
}

/// A row's value: the record and the checksum over key and record.
pub(crate) fn seal<T: Coded>(kind: Kind, key: &[u8], value: &T, keys: &Keys) -> Vec<u8> {
    with_checksum(key, encode(kind, value, keys))
}

/// The row that [`seal`] makes of an [`EntryCopy`].
pub(crate) fn seal_entry_copy(key: &[u8], body: &[u8], hash: Hash) -> Vec<u8> {
    let keys = Keys::default();
    let mut out = Out::with_room(Kind::EntryCopy, body.len() + ENTRY_COPY_AROUND, &keys);
    rows::write_entry_copy(body, hash, &mut out);
    with_checksum(key, out.cbor.into_writer())
}

/// The entry and the hash that the row of an [`EntryCopy`] holds.
pub(crate) fn entry_copy<'a>(
    key: &[u8],
    row: &'a [u8],
    keys: &'a Keys,
) -> Result<(&'a [u8], Hash), DecodeError> {
    read_record(Kind::EntryCopy, check(key, row)?, keys, rows::read_entry_copy)
}

fn with_checksum(key: &[u8], mut bytes: Vec<u8>) -> Vec<u8> {
    let checksum = checksum(key, &bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

/// Reads what [`seal`] wrote under the same key.
pub(crate) fn unseal<T: Coded>(
    kind: Kind,
    key: &[u8],
    row: &[u8],
    keys: &Keys,
) -> Result<T, DecodeError> {
    decode(kind, check(key, row)?, keys)
}

/// The record of a row whose checksum holds.
pub(crate) fn check<'a>(key: &[u8], row: &'a [u8]) -> Result<&'a [u8], DecodeError> {
    let (record, stored) = row.split_last_chunk::<CHECKSUM_LEN>().ok_or(DecodeError::Short)?;
    let holds = *stored == checksum(key, record).to_le_bytes();
    if holds { Ok(record) } else { Err(DecodeError::Checksum) }
}

fn checksum(key: &[u8], record: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(key), record)
}

/// Reads a field that a later version appended; records written before it have its default.
pub(crate) fn late<T: Coded + Default>(
    input: &mut In<'_>,
    left: &mut usize,
) -> Result<T, DecodeError> {
    match left.checked_sub(1) {
        Some(rest) => {
            *left = rest;
            T::read(input)
        }
        None => Ok(T::default()),
    }
}

/// How many appended fields are written: those up to the last that is not its default. A record
/// that uses none of them has the bytes that it had before they were appended, so that rows
/// written then and now compare equal.
pub(crate) fn late_len(defaults: &[bool]) -> usize {
    defaults.iter().rposition(|default| !default).map_or(0, |last| last + 1)
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A struct as a list of its fields, in the order given. A later version appends, behind `then`.
macro_rules! record {
    ($type:ident { $($field:ident),* $(,)? } then { $($late:ident),* $(,)? }) => {
        impl $crate::codec::Coded for $type {
            fn write(&self, out: &mut $crate::codec::Out<'_>) {
                let defaults = [$($crate::codec::is_default(&self.$late)),*];
                let late = $crate::codec::late_len(&defaults);
                out.list([$(stringify!($field)),*].len() + late);
                $($crate::codec::Coded::write(&self.$field, out);)*
                let mut written = 0..late;
                $(if written.next().is_some() {
                    $crate::codec::Coded::write(&self.$late, out);
                })*
            }

            fn read(input: &mut $crate::codec::In<'_>)
                -> Result<Self, $crate::codec::DecodeError>
            {
                let malformed = $crate::codec::DecodeError::Malformed(stringify!($type));
                let len = input.list(stringify!($type))?;
                let left = len.checked_sub([$(stringify!($field)),*].len());
                let most = [$(stringify!($late)),*].len();
                let mut left = left.filter(|left| *left <= most).ok_or(malformed)?;
                Ok(Self {
                    $($field: $crate::codec::Coded::read(input)?,)*
                    $($late: $crate::codec::late(input, &mut left)?,)*
                })
            }
        }
    };
    ($type:ident { $($field:ident),* $(,)? }) => {
        impl $crate::codec::Coded for $type {
            fn write(&self, out: &mut $crate::codec::Out<'_>) {
                out.list([$(stringify!($field)),*].len());
                $($crate::codec::Coded::write(&self.$field, out);)*
            }

            fn read(input: &mut $crate::codec::In<'_>)
                -> Result<Self, $crate::codec::DecodeError>
            {
                input.list_of(stringify!($type), [$(stringify!($field)),*].len())?;
                Ok(Self { $($field: $crate::codec::Coded::read(input)?),* })
            }
        }
    };
}

/// An enum as a list of a number and the variant's fields. Numbers are never given twice.
macro_rules! choice {
    ($type:ident {
        $($tag:literal => $variant:ident { $($member:tt : $name:ident),* }),* $(,)?
    }) => {
        impl $crate::codec::Coded for $type {
            fn write(&self, out: &mut $crate::codec::Out<'_>) {
                match self {
                    $(Self::$variant { $($member: $name),* } => {
                        let names: &[&str] = &[$(stringify!($name)),*];
                        out.list(names.len() + 1);
                        out.unsigned($tag);
                        $($crate::codec::Coded::write($name, out);)*
                    })*
                }
            }

            fn read(input: &mut $crate::codec::In<'_>)
                -> Result<Self, $crate::codec::DecodeError>
            {
                let malformed = $crate::codec::DecodeError::Malformed(stringify!($type));
                let len = input.list(stringify!($type))?;
                match input.unsigned(stringify!($type))? {
                    $($tag => {
                        let names: &[&str] = &[$(stringify!($name)),*];
                        if len != names.len() + 1 {
                            return Err(malformed);
                        }
                        Ok(Self::$variant { $($member: $crate::codec::Coded::read(input)?),* })
                    })*
                    _ => Err(malformed),
                }
            }
        }
    };
}

pub(crate) use {choice, record};
