//! Backups in the `age` format, so that the stock tool opens them with the same key. The backup
//! room alone uses this. Without the feature `encryption` every door here says so.
//!
//! With a recipient the shop can write what it cannot read. To prove such a file all the same, it
//! is also encrypted to a key that is made for this one backup, never written anywhere, and
//! forgotten once the file has been decrypted and compared.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::BackupError;
use crate::journal::failed;

/// What backups are encrypted to, and opened with.
#[derive(Clone, PartialEq, Eq)]
pub enum BackupKey {
    /// A public key, `age1…`: it can encrypt, and not decrypt.
    Recipient(String),
    /// A secret key, `AGE-SECRET-KEY-1…`.
    Identity(String),
    /// A passphrase. Opening takes about a second, on purpose.
    Passphrase(String),
}

impl fmt::Debug for BackupKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Recipient(_) => "Recipient(…)",
            Self::Identity(_) => "Identity(…)",
            Self::Passphrase(_) => "Passphrase(…)",
        })
    }
}

/// The first bytes of every encrypted file.
const MAGIC: &[u8] = b"age-encryption.org/v1\n";

/// Whether a file is encrypted, by its first bytes: names can lie.
pub(super) fn is_encrypted(path: &Path) -> Result<bool, BackupError> {
    let file = File::open(path).map_err(failed("open", path))?;
    let mut bytes = Vec::with_capacity(MAGIC.len());
    file.take(MAGIC.len() as u64).read_to_end(&mut bytes).map_err(failed("read", path))?;
    Ok(bytes == MAGIC)
}

#[cfg(feature = "encryption")]
pub(super) use with_age::{decrypt, encrypt, reader};
#[cfg(not(feature = "encryption"))]
pub(super) use without_age::{decrypt, encrypt, reader};

#[cfg(feature = "encryption")]
mod with_age {
    use std::fs::File;
    use std::io::{BufReader, BufWriter, ErrorKind, Read, Write};
    use std::path::Path;

    use age::secrecy::SecretString;
    use age::{DecryptError, Decryptor, Encryptor, Identity, Recipient, scrypt, x25519};

    use super::BackupKey;
    use crate::backup::check::{BUFFER_LEN, sync};
    use crate::backup::{BackupError, FormatError, FormatFault, Stage, Watch, tell};
    use crate::journal::failed;

    /// How hard a passphrase is to guess, as a power of two. The library would measure the
    /// machine; a file should not depend on how busy it was.
    const WORK_FACTOR: u8 = 17;

    /// The hardest passphrase that is opened: 2^22 takes half a minute and a few gigabytes.
    const WORK_FACTOR_MAX: u8 = 22;

    /// Bytes between two words to whoever watches.
    const PIECE_LEN: usize = 256 << 10;

    fn key_error(error: impl std::fmt::Display) -> BackupError {
        BackupError::Key(error.to_string())
    }

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    fn opener(phrase: &str) -> scrypt::Identity {
        let mut identity = scrypt::Identity::new(secret(phrase));
        identity.set_max_work_factor(WORK_FACTOR_MAX);
        identity
    }

    fn identity(text: &str) -> Result<x25519::Identity, BackupError> {
        text.trim().parse().map_err(|_| key_error("the secret key does not parse"))
    }

    /// Encrypts `plain` to `sealed`, syncs it, and reads it back.
    pub(in crate::backup) fn encrypt(
        key: Option<&BackupKey>,
        plain: &Path,
        sealed: &Path,
        watch: Watch<'_>,
    ) -> Result<(), BackupError> {
        let once = x25519::Identity::generate();
        let (recipients, opener): (Vec<Box<dyn Recipient>>, Box<dyn Identity>) = match key {
            None => return Err(BackupError::NoKey(plain.to_owned())),
            Some(BackupKey::Passphrase(phrase)) => {
                let mut recipient = scrypt::Recipient::new(secret(phrase));
                recipient.set_work_factor(WORK_FACTOR);
                (vec![Box::new(recipient)], Box::new(opener(phrase)))
            }
            Some(BackupKey::Recipient(recipient)) => {
                let recipient: x25519::Recipient = recipient
                    .trim()
                    .parse()
                    .map_err(|_| key_error("the recipient does not parse"))?;
                (vec![Box::new(recipient), Box::new(once.to_public())], Box::new(once))
            }
            Some(BackupKey::Identity(text)) => {
                let identity = identity(text)?;
                (vec![Box::new(identity.to_public())], Box::new(identity))
            }
        };
        let encryptor = Encryptor::with_recipients(recipients.iter().map(|known| &**known));
        let encryptor = encryptor.map_err(key_error)?;
        let file = File::create(sealed).map_err(failed("create", sealed))?;
        let wrong = || failed("write", sealed);
        let out = BufWriter::with_capacity(BUFFER_LEN, file);
        let mut out = encryptor.wrap_output(out).map_err(wrong())?;
        let due = pump(plain, open(plain)?, watch, |piece| {
            out.write_all(piece).map_err(|error| wrong()(error).into())
        })?;
        let out = out.finish().map_err(wrong())?;
        let file = out.into_inner().map_err(|error| wrong()(error.into_error()))?;
        sync(sealed, &file)?;
        let found = pump(sealed, unwrap(sealed, &*opener)?, watch, |_| Ok(()))?;
        if found == due {
            return Ok(());
        }
        let source = FormatError { offset: 0, fault: FormatFault::Hash };
        Err(BackupError::Format { path: sealed.to_owned(), source })
    }

    /// Decrypts `sealed` to `plain`.
    pub(in crate::backup) fn decrypt(
        key: Option<&BackupKey>,
        sealed: &Path,
        plain: &Path,
        watch: Watch<'_>,
    ) -> Result<(), BackupError> {
        let input = reader(key, sealed)?;
        let file = File::create(plain).map_err(failed("create", plain))?;
        let mut out = BufWriter::with_capacity(BUFFER_LEN, file);
        let wrong = || failed("write", plain);
        pump(sealed, input, watch, |piece| {
            out.write_all(piece).map_err(|error| wrong()(error).into())
        })?;
        out.flush().map_err(|error| wrong()(error).into())
    }

    /// Reads the plain bytes of an encrypted file.
    pub(in crate::backup) fn reader(
        key: Option<&BackupKey>,
        sealed: &Path,
    ) -> Result<Box<dyn Read>, BackupError> {
        match key {
            Some(BackupKey::Passphrase(phrase)) => unwrap(sealed, &opener(phrase)),
            Some(BackupKey::Identity(text)) => unwrap(sealed, &identity(text)?),
            Some(BackupKey::Recipient(_)) | None => Err(BackupError::NoKey(sealed.to_owned())),
        }
    }

    fn open(path: &Path) -> Result<BufReader<File>, BackupError> {
        let file = File::open(path).map_err(failed("open", path))?;
        Ok(BufReader::with_capacity(BUFFER_LEN, file))
    }

    fn unwrap(sealed: &Path, identity: &dyn Identity) -> Result<Box<dyn Read>, BackupError> {
        let opened = Decryptor::new_buffered(open(sealed)?)
            .and_then(|decryptor| decryptor.decrypt(std::iter::once(identity)));
        match opened {
            Ok(reader) => Ok(Box::new(reader)),
            Err(DecryptError::NoMatchingKeys | DecryptError::KeyDecryptionFailed) => {
                Err(key_error("the key does not open this file"))
            }
            Err(DecryptError::Io(error)) => Err(failed("read", sealed)(error).into()),
            Err(error) => Err(key_error(error)),
        }
    }

    /// Shows everything to `each`, piece by piece, and returns its hash.
    fn pump(
        path: &Path,
        mut input: impl Read,
        watch: Watch<'_>,
        mut each: impl FnMut(&[u8]) -> Result<(), BackupError>,
    ) -> Result<blake3::Hash, BackupError> {
        let mut hasher = blake3::Hasher::new();
        let mut piece = vec![0; PIECE_LEN];
        loop {
            let len = match input.read(&mut piece) {
                Ok(0) => return Ok(hasher.finalize()),
                Ok(len) => len,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                // The tags inside do not hold, or the file is cut off: that is damage.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::InvalidData | ErrorKind::UnexpectedEof
                    ) =>
                {
                    let source = FormatError { offset: hasher.count(), fault: FormatFault::Hash };
                    return Err(BackupError::Format { path: path.to_owned(), source });
                }
                Err(error) => return Err(failed("read", path)(error).into()),
            };
            let piece = piece.get(..len).unwrap_or_default();
            hasher.update(piece);
            each(piece)?;
            tell(watch, Stage::Encrypting, 0, 0)?;
        }
    }
}

#[cfg(not(feature = "encryption"))]
mod without_age {
    use std::io::Read;
    use std::path::Path;

    use super::BackupKey;
    use crate::backup::{BackupError, Watch};

    pub(in crate::backup) const fn encrypt(
        _: Option<&BackupKey>,
        _: &Path,
        _: &Path,
        _: Watch<'_>,
    ) -> Result<(), BackupError> {
        Err(BackupError::NoEncryption)
    }

    pub(in crate::backup) const fn decrypt(
        _: Option<&BackupKey>,
        _: &Path,
        _: &Path,
        _: Watch<'_>,
    ) -> Result<(), BackupError> {
        Err(BackupError::NoEncryption)
    }

    pub(in crate::backup) const fn reader(
        _: Option<&BackupKey>,
        _: &Path,
    ) -> Result<Box<dyn Read>, BackupError> {
        Err(BackupError::NoEncryption)
    }
}
