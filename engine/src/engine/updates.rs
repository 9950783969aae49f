//! How updates come to the engine: the client, the inbox, polling or a webhook. Only the engine's
//! start imports it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ring4_config::Config;
use ring4_telegram::client::{Client, ClientOptions};
use ring4_telegram::inbox::{Inbox, InboxOptions};
use ring4_telegram::intake::{Intake, IntakeOptions};
use ring4_telegram::token::BotToken;
use ring4_telegram::webhook::{Webhook, WebhookOptions, WebhookSecret};
use tokio::sync::watch;

use super::StartError;
use crate::chat::Chat;
use crate::clock::Clock;
use crate::notices::{Topic, tell_admins};
use crate::shop::Shop;
use crate::tasks;

/// Everything that updates come by, opened and not yet taking any.
pub struct Updates {
    /// The client that the rest of the engine shares.
    pub client: Client,
    inbox: Inbox,
    webhook: Option<Webhook>,
}

impl Updates {
    pub async fn open(config: &Config, data_dir: &Path, clock: &Clock) -> Result<Self, StartError> {
        let client = client(config)?;
        let webhook = webhook(config).await?;
        Ok(Self { client, inbox: inbox(data_dir, clock).await?, webhook })
    }

    /// Takes updates until the intake is stopped.
    pub fn take(self, chat: Chat, config: &Config) -> Intake {
        let Self { client, inbox, webhook } = self;
        let telegram = &config.fixed.telegram;
        let options = IntakeOptions {
            poll_timeout: Duration::from_secs(u64::from(telegram.poll_timeout_secs)),
            workers: usize::try_from(telegram.workers).unwrap_or(1),
            ..IntakeOptions::default()
        };
        match webhook {
            Some(webhook) => Intake::start_webhook(client, inbox, chat, options, webhook),
            None => Intake::start(client, inbox, chat, options),
        }
    }
}

fn client(config: &Config) -> Result<Client, StartError> {
    let token = config.token().map_err(StartError::Rules)?;
    let token = BotToken::parse(token.expose())?;
    let mut options = ClientOptions::new(token);
    options.api_url.clone_from(&config.fixed.telegram.api_url);
    Ok(Client::new(options)?)
}

async fn inbox(data_dir: &Path, clock: &Clock) -> Result<Inbox, StartError> {
    let (dir, clock) = (data_dir.join("inbox"), Arc::new(clock.reader()));
    let open = move || Inbox::open(&dir, InboxOptions::default(), clock);
    let (inbox, recovered) = tasks::block(open).await??;
    tracing::info!(?recovered, "inbox opened");
    Ok(inbox)
}

/// The webhook's server, bound, where the settings want one.
async fn webhook(config: &Config) -> Result<Option<Webhook>, StartError> {
    let Some(webhook) = &config.fixed.telegram.webhook else { return Ok(None) };
    let secret = match &webhook.secret {
        Some(secret) => WebhookSecret::parse(secret.expose())?,
        None => WebhookSecret::mint()?,
    };
    let options = WebhookOptions {
        max_connections: webhook.max_connections,
        ..WebhookOptions::new(webhook.url.clone(), webhook.listen, secret)
    };
    let webhook = Webhook::bind(options).await?;
    tracing::info!(?webhook, "updates are posted");
    Ok(Some(webhook))
}

/// Tells admins when Telegram cannot post updates, and when it can again.
pub async fn watch(shop: Arc<Shop>, mut undelivered: watch::Receiver<Option<String>>) {
    let mut told = false;
    loop {
        let words = undelivered.borrow_and_update().clone();
        if words.is_some() != told {
            told = words.is_some();
            tell_admins(&shop, Topic::Updates, |voice| voice.webhook(words.as_deref())).await;
        }
        if undelivered.changed().await.is_err() {
            return;
        }
    }
}
