//! The bot, checked. Importable through the crate's root.

use std::net::SocketAddr;

use ring4_domain::ids::UserId;

use crate::text::Secret;

/// The bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telegram {
    /// The bot's token; needed to run against Telegram, not to check a configuration.
    pub token: Option<Secret>,
    /// The Bot API server, without a slash at the end.
    pub api_url: String,
    /// Who may use the admin commands.
    pub admins: Vec<UserId>,
    /// A group that is told what admins are told, by its chat's id, which is negative.
    pub admin_group: Option<UserId>,
    /// How long one request for updates waits at the server, in seconds, 1 to 50.
    pub poll_timeout_secs: u32,
    /// Chats that are served at the same time, 1 to 512.
    pub workers: u32,
    /// Where updates are posted; without it they are asked for.
    pub webhook: Option<Webhook>,
}

/// Where Telegram posts updates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The address from outside, without a slash at the end.
    pub url: String,
    /// Where the server listens.
    pub listen: SocketAddr,
    /// What Telegram shows with every update, 1 to 256 of `A-Z a-z 0-9 _ -`; without one it is
    /// made at every start.
    pub secret: Option<Secret>,
    /// Connections that Telegram may open at the same time, 1 to 100.
    pub max_connections: u32,
}
