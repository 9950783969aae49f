//! The bot as it is written. Private to this crate.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use crate::text::{EnvText, SecretSource};

/// The bot.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RawTelegram {
    /// The bot's token.
    pub token: SecretSource,
    /// The Bot API server.
    pub api_url: EnvText,
    /// Telegram user ids of the admins.
    pub admins: Vec<i64>,
    /// A group that is told what admins are told, by its id, such as -1001234567890; null for none.
    pub admin_group: Option<i64>,
    /// How updates come: polling asks for them, webhook has them posted.
    pub mode: Mode,
    /// How long one request for updates waits at the server, in seconds, 1 to 50.
    pub poll_timeout_secs: u32,
    /// Chats that are served at the same time, 1 to 512.
    pub workers: u32,
    /// Where Telegram posts updates in the mode webhook.
    pub webhook: RawWebhook,
}

impl Default for RawTelegram {
    fn default() -> Self {
        Self {
            token: SecretSource::Variable("BOT_TOKEN".to_owned()),
            api_url: EnvText("${BOT_API_URL:-https://api.telegram.org}".to_owned()),
            admins: Vec::new(),
            admin_group: None,
            mode: Mode::Polling,
            poll_timeout_secs: 25,
            workers: 32,
            webhook: RawWebhook::default(),
        }
    }
}

/// How updates come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// They are asked for, which needs no address of one's own.
    Polling,
    /// Telegram posts them.
    Webhook,
}

/// The webhook.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RawWebhook {
    /// The address from outside; https, on port 443, 80, 88 or 8443.
    pub url: EnvText,
    /// Where the engine listens, as address and port.
    pub listen: EnvText,
    /// What Telegram shows with every update, 1 to 256 of `A-Z a-z 0-9 _ -`; made at every start
    /// when the variable is unset.
    pub secret: SecretSource,
    /// Connections that Telegram may open at the same time, 1 to 100.
    pub max_connections: u32,
}

impl Default for RawWebhook {
    fn default() -> Self {
        Self {
            url: EnvText("${WEBHOOK_URL:-}".to_owned()),
            listen: EnvText("127.0.0.1:8080".to_owned()),
            secret: SecretSource::Variable("WEBHOOK_SECRET".to_owned()),
            max_connections: 40,
        }
    }
}
