//! The bot's token, which is a password that Telegram wants inside every URL.
//! The client imports it; the middle makes one from its configuration.

use std::fmt;

/// The longest token, in bytes; Telegram's have about 46.
const TOKEN_LEN_MAX: usize = 128;

/// The text cannot be a bot token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a bot token: expected digits, a colon, then letters, digits, `_` and `-`")]
pub struct TokenError;

/// A bot token. It is never shown: `Debug` hides it and nothing outside this crate can read it.
#[derive(Clone, PartialEq, Eq)]
pub struct BotToken(String);

impl BotToken {
    /// A token of the form BotFather gives: `<digits>:<letters, digits, _ and ->`.
    ///
    /// # Errors
    /// The text has another form. The error does not repeat it.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        let (number, secret) = text.split_once(':').ok_or(TokenError)?;
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let number_ok = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let secret_ok = !secret.is_empty() && secret.bytes().all(known);
        if number_ok && secret_ok && text.len() <= TOKEN_LEN_MAX {
            Ok(Self(text.to_owned()))
        } else {
            Err(TokenError)
        }
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// `text` without this token, for whatever a server or a proxy may echo.
    pub(crate) fn redact(&self, text: &str) -> String {
        let secret = self.0.split_once(':').map_or(self.0.as_str(), |(_, secret)| secret);
        text.replace(&self.0, "<token>").replace(secret, "<token>")
    }
}

impl fmt::Debug for BotToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("BotToken(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_of_a_token_is_taken_and_it_is_never_shown() {
        for noise in ["", ":", "12", "12:", ":ab", "x1:ab", "12:a/b", "12:a b", "12:a:b", "12:é"] {
            assert_eq!(BotToken::parse(noise), Err(TokenError), "{noise}");
        }
        assert_eq!(BotToken::parse(&format!("1:{}", "a".repeat(200))), Err(TokenError));
        let token = BotToken::parse(" 12:Ab_c-9\n").expect("a token");
        assert_eq!(token.reveal(), "12:Ab_c-9");
        assert_eq!(format!("{token:?}"), "BotToken(hidden)");
        assert_eq!(token.redact("at /bot12:Ab_c-9/x, Ab_c-9"), "at /bot<token>/x, <token>");
    }
}
