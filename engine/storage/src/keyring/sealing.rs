//! How a text is sealed and opened. The codec and the keyring use this.
//!
//! The cipher is XChaCha20-Poly1305. Its nonce follows from the text and its place, under a key
//! of its own (a synthetic IV): the same text sealed again gives the same bytes, because rows are
//! encoded anew by every replay and every verification and must come out as they were. That two
//! equal texts in one place look equal tells nobody anything.
//!
//! ```text
//! nonce [24] | sealed text | tag [16]
//! ```

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use ring4_domain::day::Day;
use ring4_domain::ids::{OrderId, UserId};
use zeroize::Zeroizing;

/// Bytes of a key.
pub(super) const KEY_LEN: usize = 32;

/// Bytes of a nonce.
const NONCE_LEN: usize = 24;

/// Bytes of a sealed text beyond those of the text.
pub(crate) const SEALED_OVERHEAD: usize = NONCE_LEN + 16;

/// What keys are derived for; another purpose would take another line.
const PURPOSE: &str = "ring4 2026-11 numbers and codes of a customer on a day";

/// A day's key.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key(pub(super) Zeroizing<[u8; KEY_LEN]>);

/// Whose text it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The order, which the sealed bytes are bound to.
    pub order: OrderId,
    /// The customer, who has a key of each day.
    pub customer: UserId,
    /// The day the order was placed on.
    pub day: Day,
}

/// Which text of the order; the sealed bytes are bound to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Field {
    Number = 1,
    Code = 2,
    Text = 3,
}

/// A customer's keys of a day: for the text, and for its nonce.
struct CustomerKeys(Zeroizing<[u8; 2 * KEY_LEN]>);

impl CustomerKeys {
    fn new(day: &Key, customer: UserId) -> Self {
        let mut keys = Zeroizing::new([0; 2 * KEY_LEN]);
        let mut hasher = blake3::Hasher::new_derive_key(PURPOSE);
        hasher.update(day.0.as_slice()).update(&customer.0.to_be_bytes());
        hasher.finalize_xof().fill(keys.as_mut_slice());
        Self(keys)
    }

    fn halves(&self) -> (&[u8; KEY_LEN], &[u8; KEY_LEN]) {
        let (first, second) = self.0.split_at(KEY_LEN);
        (first.try_into().unwrap_or(&[0; KEY_LEN]), second.try_into().unwrap_or(&[0; KEY_LEN]))
    }
}

fn bound(place: &Place, field: Field) -> [u8; 9] {
    let mut bytes = [field as u8; 9];
    bytes[..8].copy_from_slice(&place.order.bits().to_be_bytes());
    bytes
}

/// Seals a text. The key is the place's day's.
pub(crate) fn seal(key: &Key, place: &Place, field: Field, text: &str) -> Vec<u8> {
    let keys = CustomerKeys::new(key, place.customer);
    let (text_key, nonce_key) = keys.halves();
    let bound = bound(place, field);
    let mut hasher = blake3::Hasher::new_keyed(nonce_key);
    let hash = hasher.update(&bound).update(text.as_bytes()).finalize();
    let (nonce, _) = hash.as_bytes().split_at(NONCE_LEN);
    let payload = Payload { msg: text.as_bytes(), aad: &bound };
    let cipher = XChaCha20Poly1305::new(text_key.into());
    // The cipher's only error is a text of 256 GiB.
    let sealed = cipher.encrypt(XNonce::from_slice(nonce), payload).unwrap_or_default();
    [nonce, &sealed].concat()
}

/// Opens a sealed text; `None` if another key sealed it, or it was sealed in another place.
pub(crate) fn open(key: &Key, place: &Place, field: Field, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
    let keys = CustomerKeys::new(key, place.customer);
    let payload = Payload { msg: sealed, aad: &bound(place, field) };
    let cipher = XChaCha20Poly1305::new(keys.halves().0.into());
    cipher.decrypt(XNonce::from_slice(nonce), payload).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place =
        Place { order: OrderId::from_bits(77), customer: UserId(7), day: Day(20_370) };

    fn key(byte: u8) -> Key {
        Key(Zeroizing::new([byte; KEY_LEN]))
    }

    #[test]
    fn a_sealed_text_opens_in_its_place_alone() {
        let text = "+15550100";
        let sealed = seal(&key(1), &PLACE, Field::Number, text);
        assert_eq!(sealed.len(), text.len() + SEALED_OVERHEAD);
        assert!(!sealed.windows(4).any(|window| window == b"5550"));
        let elsewhere = Place { order: OrderId::from_bits(78), ..PLACE };
        let another = Place { customer: UserId(8), ..PLACE };
        let mut damaged = sealed.clone();
        damaged[30] ^= 1;
        let rows = [
            ("as it was sealed", &key(1), PLACE, Field::Number, &sealed[..], Some(text)),
            ("another day's key", &key(2), PLACE, Field::Number, &sealed, None),
            ("another order", &key(1), elsewhere, Field::Number, &sealed, None),
            ("another customer", &key(1), another, Field::Number, &sealed, None),
            ("another field", &key(1), PLACE, Field::Code, &sealed, None),
            ("damaged", &key(1), PLACE, Field::Number, &damaged, None),
            ("cut", &key(1), PLACE, Field::Number, &sealed[..20], None),
            ("nothing", &key(1), PLACE, Field::Number, &[], None),
        ];
        for (name, key, place, field, sealed, expected) in rows {
            let opened = open(key, &place, field, sealed);
            assert_eq!(opened.as_deref(), expected.map(str::as_bytes), "{name}");
        }
    }

    #[test]
    fn the_same_text_gives_the_same_bytes_and_another_does_not() {
        let sealed = |text| seal(&key(1), &PLACE, Field::Code, text);
        assert_eq!(sealed("12345"), sealed("12345"));
        let (one, other) = (sealed("12345"), sealed("12346"));
        assert_ne!(one[..NONCE_LEN], other[..NONCE_LEN]);
        assert_ne!(one[NONCE_LEN..], other[NONCE_LEN..]);
    }

    /// What this version seals, every later one must open.
    #[test]
    fn the_bytes_of_version_1_are_these() {
        let hex: String = seal(&key(1), &PLACE, Field::Code, "000000")
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            hex,
            "9f978fe165d7632ebf55606f2ca67369e6867e4583fc36a1\
             69ef6e3dbb0dcb38bc037b884512d4df0f6f87acb1fb"
        );
    }
}
