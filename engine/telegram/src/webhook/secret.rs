//! The secret that proves that a post comes from Telegram. Importable through `webhook`.

use std::fmt;

use subtle::ConstantTimeEq;

/// The longest secret that Telegram takes, in bytes.
const SECRET_LEN_MAX: usize = 256;

/// Random bytes of a secret that is made here; 256 bits, as nobody guesses them.
const MINTED_BYTES: usize = 32;

/// The text cannot be a webhook's secret, or none can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It has another form than Telegram takes.
    #[error("a webhook's secret is 1 to 256 of A-Z a-z 0-9 _ and -")]
    Form,
    /// The operating system gives no random bytes.
    #[error("the system gives no random bytes for the webhook's secret")]
    Randomness,
}

/// A webhook's secret. It is never shown: `Debug` hides it.
#[derive(Clone)]
pub struct WebhookSecret(String);

impl WebhookSecret {
    /// A secret of the form that Telegram takes.
    ///
    /// # Errors
    /// [`SecretError::Form`], which does not repeat the text.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if (1..=SECRET_LEN_MAX).contains(&text.len()) && text.bytes().all(known) {
            Ok(Self(text.to_owned()))
        } else {
            Err(SecretError::Form)
        }
    }

    /// A new secret, for this start only.
    ///
    /// # Errors
    /// [`SecretError::Randomness`].
    pub fn mint() -> Result<Self, SecretError> {
        let mut bytes = [0; MINTED_BYTES];
        getrandom::fill(&mut bytes).map_err(|_| SecretError::Randomness)?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether this is it, in a time that depends on the lengths alone.
    pub(crate) fn is(&self, shown: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(shown).into()
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("WebhookSecret(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_telegram_takes_is_a_secret_and_it_is_never_shown() {
        for noise in ["", " ", "a b", "a.b", "é", &"a".repeat(257)] {
            assert_eq!(WebhookSecret::parse(noise).map(|_| ()), Err(SecretError::Form), "{noise}");
        }
        let secret = WebhookSecret::parse("Ab_c-9").expect("a secret");
        assert_eq!(format!("{secret:?}"), "WebhookSecret(hidden)");
        assert!(secret.is(b"Ab_c-9"));
        for other in [&b""[..], b"Ab_c-", b"Ab_c-8", b"Ab_c-99"] {
            assert!(!secret.is(other));
        }
        let minted = WebhookSecret::mint().expect("a secret");
        assert!(WebhookSecret::parse(minted.reveal()).is_ok());
        assert!(!minted.is(WebhookSecret::mint().expect("another").reveal().as_bytes()));
    }
}
