//! The other way in: Telegram posts each update to an address of ours. This is the server behind
//! that address; the middle binds it, the intake serves it and keeps it set at Telegram.
//!
//! It speaks plain HTTP: TLS is the reverse proxy's in front of it. hyper is driven directly,
//! because one path with one method needs no router, and a proxy that stalls must not hold a
//! connection for ever.

mod secret;
mod serving;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;

pub use secret::{SecretError, WebhookSecret};
pub(crate) use serving::{Taker, serve};

/// How often Telegram is asked what it thinks of the webhook.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How long a connection may be open before its first request has shown the secret. nginx and
/// others open one when they have a request to pass on.
const STRANGER_WITHIN: Duration = Duration::from_secs(10);

/// Where and how updates are to be posted.
#[derive(Clone)]
pub struct WebhookOptions {
    /// The address that Telegram posts to, `https://host/path`; its path is the one served.
    pub url: String,
    /// Where the reverse proxy finds the server.
    pub listen: SocketAddr,
    /// What Telegram must show with every update.
    pub secret: WebhookSecret,
    /// Connections that Telegram may use at the same time, 1 to 100.
    pub max_connections: u32,
    /// How often Telegram is asked what it thinks of the webhook.
    pub look_every: Duration,
    /// How long a connection may be open before a request on it has shown the secret.
    pub stranger_within: Duration,
}

/// Without the path, which many make a secret of their own.
impl fmt::Debug for WebhookOptions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = reqwest::Url::parse(&self.url).ok();
        out.debug_struct("WebhookOptions")
            .field("host", &url.as_ref().and_then(reqwest::Url::host_str))
            .field("listen", &self.listen)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}

impl WebhookOptions {
    /// A webhook with Telegram's own number of connections, looked after twice a minute.
    #[must_use]
    pub const fn new(url: String, listen: SocketAddr, secret: WebhookSecret) -> Self {
        Self {
            url,
            listen,
            secret,
            max_connections: 40,
            look_every: LOOK_EVERY,
            stranger_within: STRANGER_WITHIN,
        }
    }
}

/// The server cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The address for Telegram is not an `http` or `https` URL.
    #[error("the webhook's address is not an http or https URL")]
    Address,
    /// Nothing can listen there.
    #[error("listening for the webhook on {listen}: {reason}")]
    Listen {
        /// Where it was to listen.
        listen: SocketAddr,
        /// What the system said.
        reason: std::io::Error,
    },
}

/// A server that is bound and not yet served.
pub struct Webhook {
    pub(crate) options: WebhookOptions,
    pub(crate) path: String,
    pub(crate) listener: TcpListener,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Webhook").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Webhook {
    /// Binds the server. Connections wait in the system's queue until the intake serves it.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub async fn bind(options: WebhookOptions) -> Result<Self, WebhookError> {
        let url = reqwest::Url::parse(&options.url).map_err(|_| WebhookError::Address)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(WebhookError::Address);
        }
        let listen = options.listen;
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|reason| WebhookError::Listen { listen, reason })?;
        Ok(Self { options, path: url.path().to_owned(), listener })
    }
}
