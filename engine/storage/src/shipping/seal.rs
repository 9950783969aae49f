//! Pieces and keys in the `age` format, so that the stock tool opens them like the backups. The
//! engine's shipping uses this. Without the feature `encryption` both doors say so.
//!
//! Only keys seal here, not passphrases: those are slow on purpose, and a piece goes out every
//! second.

use crate::{BackupError, BackupKey};

/// Encrypts bytes to a key.
///
/// # Errors
/// The key is a passphrase or none at all, or this program was built without encryption.
#[cfg(feature = "encryption")]
pub fn seal_bytes(key: &BackupKey, bytes: &[u8]) -> Result<Vec<u8>, BackupError> {
    let recipient = match key {
        BackupKey::Recipient(text) => {
            text.trim().parse().map_err(|_| wrong("the recipient does not parse"))?
        }
        BackupKey::Identity(text) => identity(text)?.to_public(),
        BackupKey::Passphrase(_) => return Err(wrong("a passphrase is too slow for the journal")),
    };
    age::encrypt(&recipient, bytes).map_err(wrong)
}

/// Decrypts what [`seal_bytes`] made. The plain bytes are never more than the encrypted ones.
///
/// # Errors
/// The key does not open them, or this program was built without encryption.
#[cfg(feature = "encryption")]
pub fn open_bytes(key: &BackupKey, bytes: &[u8]) -> Result<Vec<u8>, BackupError> {
    match key {
        BackupKey::Identity(text) => age::decrypt(&identity(text)?, bytes).map_err(wrong),
        BackupKey::Recipient(_) => Err(wrong("a recipient opens nothing; its identity does")),
        BackupKey::Passphrase(_) => Err(wrong("a passphrase is too slow for the journal")),
    }
}

#[cfg(feature = "encryption")]
fn identity(text: &str) -> Result<age::x25519::Identity, BackupError> {
    text.trim().parse().map_err(|_| wrong("the secret key does not parse"))
}

#[cfg(feature = "encryption")]
fn wrong(reason: impl std::fmt::Display) -> BackupError {
    BackupError::Key(reason.to_string())
}

/// Encrypts bytes to a key.
///
/// # Errors
/// This program was built without encryption.
#[cfg(not(feature = "encryption"))]
pub const fn seal_bytes(_: &BackupKey, _: &[u8]) -> Result<Vec<u8>, BackupError> {
    Err(BackupError::NoEncryption)
}

/// Decrypts what [`seal_bytes`] made.
///
/// # Errors
/// This program was built without encryption.
#[cfg(not(feature = "encryption"))]
pub const fn open_bytes(_: &BackupKey, _: &[u8]) -> Result<Vec<u8>, BackupError> {
    Err(BackupError::NoEncryption)
}

#[cfg(all(test, feature = "encryption"))]
mod tests {
    use age::secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn what_is_sealed_is_opened_by_its_key_alone() {
        let (mine, other) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
        let secret = |identity: &age::x25519::Identity| {
            BackupKey::Identity(identity.to_string().expose_secret().to_owned())
        };
        let recipient = BackupKey::Recipient(mine.to_public().to_string());
        let sealed = seal_bytes(&recipient, b"an entry").unwrap_or_default();
        assert!(sealed.starts_with(b"age-encryption.org/v1\n"));
        assert_eq!(open_bytes(&secret(&mine), &sealed).ok().as_deref(), Some(&b"an entry"[..]));
        assert!(open_bytes(&secret(&other), &sealed).is_err());
        assert!(open_bytes(&recipient, &sealed).is_err());
        let cut = sealed.get(..sealed.len() - 1).unwrap_or_default();
        assert!(open_bytes(&secret(&mine), cut).is_err());
        assert!(seal_bytes(&BackupKey::Passphrase("of the tests".to_owned()), b"x").is_err());
    }
}
