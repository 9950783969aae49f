//! Every type there and back, bytes of former versions, and bytes that nobody wrote.

mod any;
mod fixtures;

use std::fmt::Debug;

use proptest::prelude::*;
use ring4_domain::change::Entry;

use super::{Coded, DecodeError, Kind, decode, encode, seal, unseal};

fn survives<T: Coded + PartialEq + Debug>(kind: Kind, value: &T) {
    let bytes = encode(kind, value);
    assert_eq!(decode::<T>(kind, &bytes).as_ref(), Ok(value));
    for len in 0..bytes.len() {
        assert!(decode::<T>(kind, &bytes[..len]).is_err(), "{len} of {} bytes", bytes.len());
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(decode::<T>(kind, &longer), Err(DecodeError::Trailing));
}

proptest! {
    #[test]
    fn entries_survive(entry in any::entry()) {
        survives(Kind::Entry, &entry);
    }

    #[test]
    fn rows_survive(rows in any::rows()) {
        survives(Kind::Account, &rows.account);
        survives(Kind::Transfer, &rows.booked);
        survives(Kind::Wish, &rows.wish);
        survives(Kind::Tally, &rows.tally);
        survives(Kind::Totals, &rows.totals);
        survives(Kind::Rules, &rows.rules);
        survives(Kind::RulesSeen, &rows.rules_seen);
        survives(Kind::EntryCopy, &rows.copy);
        survives(Kind::Mark, &rows.mark);
        survives(Kind::Head, &rows.mark.head);
        survives(Kind::Index, &());
    }

    /// Nothing that a disk may hand back makes the reader panic or reserve what is not there.
    #[test]
    fn noise_is_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let framed = [&[super::VERSION, Kind::Entry as u8], bytes.as_slice()].concat();
        let _ = decode::<Entry>(Kind::Entry, &framed);
        let _ = unseal::<Entry>(Kind::Entry, b"key", &bytes);
    }

    #[test]
    fn a_changed_byte_is_refused_or_read(
        entry in any::entry(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = encode(Kind::Entry, &entry);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(read) = decode::<Entry>(Kind::Entry, &bytes) {
            survives(Kind::Entry, &read);
        }
    }

    #[test]
    fn a_row_under_another_key_or_with_a_flipped_bit_is_refused(
        entry in any::entry(),
        bit in any::<prop::sample::Index>(),
    ) {
        let mut row = seal(Kind::Entry, b"key", &entry);
        prop_assert_eq!(unseal::<Entry>(Kind::Entry, b"key", &row), Ok(entry));
        prop_assert_eq!(unseal::<Entry>(Kind::Entry, b"kez", &row), Err(DecodeError::Checksum));
        let bit = bit.index(row.len() * 8);
        row[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(unseal::<Entry>(Kind::Entry, b"key", &row), Err(DecodeError::Checksum));
    }
}

#[test]
fn lists_that_claim_more_than_there_is_are_refused() {
    // An array of 2^32 items, and one of 2^64 - 1, where an entry's changes are due.
    for claim in [&b"\x9a\xff\xff\xff\xff"[..], b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff"] {
        let head = [&[super::VERSION, Kind::Entry as u8], &b"\x85\x01\x01\x81\x03\x61x"[..]];
        let bytes = [&head.concat(), claim, &[0; 64]].concat();
        let read = decode::<Entry>(Kind::Entry, &bytes);
        assert_eq!(read, Err(DecodeError::Malformed("list")));
    }
}

#[test]
fn what_a_later_version_wrote_is_named() {
    let later = [super::VERSION + 1, Kind::Entry as u8, 0x80];
    let read = decode::<Entry>(Kind::Entry, &later);
    assert_eq!(read, Err(DecodeError::Version(super::VERSION + 1)));
    let other = [super::VERSION, Kind::Order as u8, 0x80];
    assert_eq!(decode::<Entry>(Kind::Entry, &other), Err(DecodeError::Kind(Kind::Order as u8)));
}
