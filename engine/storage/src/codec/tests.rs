//! Every type there and back, bytes of former versions, and bytes that nobody wrote.

mod any;
mod fixtures;

use std::fmt::Debug;

use proptest::prelude::*;
use ring4_domain::change::{Change, Entry};
use ring4_domain::order::Order;

use super::{Coded, DecodeError, Kind, decode, encode, seal, unseal};
use crate::keyring::Keys;

fn survives<T: Coded + PartialEq + Debug>(kind: Kind, value: &T, keys: &Keys) {
    let bytes = encode(kind, value, keys);
    assert_eq!(decode::<T>(kind, &bytes, keys).as_ref(), Ok(value));
    // Rows are encoded anew by replay and verification, and must come out as they were.
    assert_eq!(encode(kind, value, keys), bytes);
    for len in 0..bytes.len() {
        let cut = decode::<T>(kind, &bytes[..len], keys);
        assert!(cut.is_err(), "{len} of {} bytes", bytes.len());
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(decode::<T>(kind, &longer, keys), Err(DecodeError::Trailing));
}

fn orders(entry: &Entry) -> impl Iterator<Item = &Order> {
    entry.changes.iter().filter_map(|change| match change {
        Change::Order(order) => Some(order),
        _ => None,
    })
}

/// The keys that an entry's numbers and codes need.
fn keys_of(entry: &Entry) -> Keys {
    Keys::known(orders(entry).map(Order::day), 1)
}

proptest! {
    #[test]
    fn entries_survive(entry in any::entry()) {
        survives(Kind::Entry, &entry, &keys_of(&entry));
    }

    #[test]
    fn rows_survive(rows in any::rows()) {
        let none = Keys::default();
        survives(Kind::Account, &rows.account, &none);
        survives(Kind::Transfer, &rows.booked, &none);
        survives(Kind::Wish, &rows.wish, &none);
        survives(Kind::Tally, &rows.tally, &none);
        survives(Kind::Totals, &rows.totals, &none);
        survives(Kind::Rules, &rows.rules, &none);
        survives(Kind::RulesSeen, &rows.rules_seen, &none);
        survives(Kind::Forgotten, &rows.forgotten, &none);
        survives(Kind::Sale, &rows.sale, &none);
        survives(Kind::EntryCopy, &rows.copy, &none);
        survives(Kind::Mark, &rows.mark, &none);
        survives(Kind::Head, &rows.mark.head, &none);
        survives(Kind::Index, &(), &none);
    }

    /// Nothing that a disk may hand back makes the reader panic or reserve what is not there.
    #[test]
    fn noise_is_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let framed = [&[super::VERSION, Kind::Entry as u8], bytes.as_slice()].concat();
        let _ = decode::<Entry>(Kind::Entry, &framed, &Keys::default());
        let _ = unseal::<Entry>(Kind::Entry, b"key", &bytes, &Keys::default());
    }

    #[test]
    fn a_changed_byte_is_refused_or_read(
        entry in any::entry(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let keys = keys_of(&entry);
        let mut bytes = encode(Kind::Entry, &entry, &keys);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(read) = decode::<Entry>(Kind::Entry, &bytes, &keys) {
            survives(Kind::Entry, &read, &keys);
        }
    }

    #[test]
    fn a_row_under_another_key_or_with_a_flipped_bit_is_refused(
        entry in any::entry(),
        bit in any::<prop::sample::Index>(),
    ) {
        let keys = keys_of(&entry);
        let mut row = seal(Kind::Entry, b"key", &entry, &keys);
        let unseal = |key: &[u8], row: &[u8]| unseal::<Entry>(Kind::Entry, key, row, &keys);
        prop_assert_eq!(unseal(b"key", &row), Ok(entry));
        prop_assert_eq!(unseal(b"kez", &row), Err(DecodeError::Checksum));
        let bit = bit.index(row.len() * 8);
        row[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(unseal(b"key", &row), Err(DecodeError::Checksum));
    }

    /// Whatever becomes of the keys, what is read is written as it was, to the byte; what can be
    /// read is what was meant; and nothing can be read without its key.
    #[test]
    fn what_is_sealed_stays_as_it_is(entry in any::entry(), other in 2_u8..) {
        let keys = keys_of(&entry);
        let bytes = encode(Kind::Entry, &entry, &keys);
        let other = Keys::known(orders(&entry).map(Order::day), other);
        for without in [Keys::default(), other] {
            let read: Entry = decode(Kind::Entry, &bytes, &without).unwrap();
            prop_assert_eq!(&encode(Kind::Entry, &read, &without), &bytes);
            let readable = |order: &Order| order.privates().any(|it| it.text().is_some());
            prop_assert!(!orders(&read).any(readable));
            // The keys came back, from a mirror perhaps.
            let again: Entry = decode(Kind::Entry, &bytes, &keys).unwrap();
            prop_assert_eq!(&again, &entry);
        }
        let marker = any::MARKER.as_bytes();
        prop_assert!(!bytes.windows(marker.len()).any(|window| window == marker));
    }
}

#[test]
fn lists_that_claim_more_than_there_is_are_refused() {
    // An array of 2^32 items, and one of 2^64 - 1, where an entry's changes are due.
    for claim in [&b"\x9a\xff\xff\xff\xff"[..], b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff"] {
        let head = [&[super::VERSION, Kind::Entry as u8], &b"\x85\x01\x01\x81\x03\x61x"[..]];
        let bytes = [&head.concat(), claim, &[0; 64]].concat();
        let read = decode::<Entry>(Kind::Entry, &bytes, &Keys::default());
        assert_eq!(read, Err(DecodeError::Malformed("list")));
    }
}

#[test]
fn what_a_later_version_wrote_is_named() {
    let later = [super::VERSION + 1, Kind::Entry as u8, 0x80];
    let read = decode::<Entry>(Kind::Entry, &later, &Keys::default());
    assert_eq!(read, Err(DecodeError::Version(super::VERSION + 1)));
    let other = [super::VERSION, Kind::Order as u8, 0x80];
    let read = decode::<Entry>(Kind::Entry, &other, &Keys::default());
    assert_eq!(read, Err(DecodeError::Kind(Kind::Order as u8)));
}
