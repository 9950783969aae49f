//! A playground for ring4: a Bot API server of our own, a chat page, and local vendors, for
//! machines without Telegram and without a vendor. The demo and the tests may import it; it
//! imports nothing of the engine.
//!
//! One address serves it all:
//!
//! | path | what |
//! | --- | --- |
//! | `/bot<token>/<method>` | the Bot API, as strict as Telegram's |
//! | `/` | the chat page: be two customers and an admin |
//! | `/playground/…` | the JSON API for scripts; its documentation is served at `/playground` |
//! | `/vendors/<name>/…` | a vendor's HTTP API, with stock, money and misbehaviour |
//!
//! The vendors are smspool, fivesim, herosms, grizzlysms, smsbower, tigersms and smshub.
//! Everything lives in memory within fixed limits and ends with [`Playground::stop`]. All ageing
//! follows the playground's [`Clock`]; another part of the process computes the same time from
//! [`Clock::subscribe`]'s [`Pace`].
//!
//! ```no_run
//! # async fn demo() -> Result<(), ring4_playground::Error> {
//! use ring4_playground::{Options, Playground};
//! let playground = Playground::start(Options::default()).await?;
//! let api_url = format!("http://{}", playground.address());
//! playground.say(1001, "/start")?;
//! playground.stop().await;
//! # Ok(()) }
//! ```

mod bot_api;
mod clock;
mod entities;
mod html;
mod json_api;
mod options;
mod page;
mod server;
mod vendors;
mod webhook;
mod world;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use clock::{ADVANCE_SECS_MAX, Clock, Pace, SPEED_MAX};
pub use options::{Options, Person, Role, VendorOptions};

use world::World;
use world::people::{Button, Place};

/// How long [`Playground::stop`] waits for its tasks before it aborts them.
const STOP_TIMEOUT: Duration = Duration::from_secs(4);

/// Why a playground did not start, or why a person could not do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address could not be listened on.
    #[error("listening on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The options contradict themselves.
    #[error("playground options: {0}")]
    Options(String),
    /// The HTTP client for webhooks could not be made.
    #[error("setting up the webhook client")]
    Client(#[source] reqwest::Error),
    /// A part of the play could not be written as JSON.
    #[error("writing JSON")]
    Json(#[source] serde_json::Error),
    /// A person cannot do what was asked for them.
    #[error("{0}")]
    Misdeed(String),
}

/// A running playground. Dropping it asks the tasks to end; [`Playground::stop`] also awaits them.
pub struct Playground {
    address: SocketAddr,
    world: Arc<World>,
    server: JoinHandle<()>,
    webhook: JoinHandle<()>,
}

impl Playground {
    /// Starts listening and serving.
    ///
    /// # Errors
    /// When the address is taken or the options contradict themselves.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let world = Arc::new(World::new(&options)?);
        let listen = |source| Error::Listen { address: options.listen, source };
        let listener = TcpListener::bind(options.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(Error::Client)?;
        let router = json_api::router(Arc::clone(&world))
            .merge(page::router())
            .merge(vendors::router(Arc::clone(&world)));
        let server = tokio::spawn(server::serve(listener, Arc::clone(&world), router));
        let webhook = tokio::spawn(webhook::deliver(Arc::clone(&world), client));
        Ok(Self { address, world, server, webhook })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base address of the local SMSPool, for the plugin's setting.
    #[must_use]
    pub fn smspool_url(&self) -> String {
        self.url_of(vendors::Vendor::Smspool)
    }

    /// The base address of a local vendor by its name; `None` when there is none of this name.
    #[must_use]
    pub fn vendor_url(&self, name: &str) -> Option<String> {
        vendors::Vendor::named(name).map(|vendor| self.url_of(vendor))
    }

    fn url_of(&self, vendor: vendors::Vendor) -> String {
        format!("http://{}{}", self.address, vendor.path())
    }

    /// The clock of the play.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.world.clock
    }

    /// Lets a person write to the bot; the result is the message's id. Long texts are split as
    /// the apps do; the id is then the first piece's.
    ///
    /// # Errors
    /// When there is no such person, they block the bot, or the text is empty or too long.
    pub fn say(&self, person_id: i64, text: &str) -> Result<i64, Error> {
        let said = self.world.say(person_id, Place::Private, text, None);
        said.map(|said| said.message_id).map_err(|misdeed| Error::Misdeed(misdeed.to_string()))
    }

    /// Lets a person press a button by its callback data, which need not exist; the result is
    /// the callback query's id.
    ///
    /// # Errors
    /// When there is no such person, they block the bot, or the data is not 1 to 64 bytes.
    pub fn press(&self, person_id: i64, message_id: i64, data: &str) -> Result<String, Error> {
        let pressed = self.world.press(person_id, Place::Private, message_id, Button::Data(data));
        pressed
            .map(|pressed| pressed.callback_query_id)
            .map_err(|misdeed| Error::Misdeed(misdeed.to_string()))
    }

    /// How many updates wait for the bot.
    #[must_use]
    pub fn pending_updates(&self) -> usize {
        self.world.lock().updates.len()
    }

    /// How many messages the bot has sent, to all chats together.
    #[must_use]
    pub fn bot_messages(&self) -> u64 {
        self.world.lock().chats.values().map(|chat| chat.bot_message_count).sum()
    }

    /// Stops within a few seconds and leaves no task behind.
    pub async fn stop(mut self) {
        self.world.shutdown.cancel();
        for task in [&mut self.server, &mut self.webhook] {
            if tokio::time::timeout(STOP_TIMEOUT, &mut *task).await.is_err() {
                task.abort();
                let _ = task.await;
            }
        }
    }
}

impl Drop for Playground {
    fn drop(&mut self) {
        self.world.shutdown.cancel();
    }
}
