//! What a playground is started with. Anyone may import this.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::Serialize;

/// The first update id unless another is chosen. Real ids begin at random; a large start finds
/// 16-bit mistakes.
pub(crate) const FIRST_UPDATE_ID: i64 = 730_000_001;

/// Everything that can be chosen when a playground starts. [`Options::default`] is the demo's cast.
#[derive(Clone)]
pub struct Options {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// The only token that is let in; `None` lets in any token of Telegram's form.
    pub token: Option<String>,
    /// Who there is to chat as; ids must differ.
    pub people: Vec<Person>,
    /// Played seconds per real second at the start.
    pub speed: u32,
    /// The number of the first update. A bot remembers numbers for a day, so a play that goes on
    /// with the bot's old data must begin above those of the last play.
    pub update_id_first: i64,
    /// The id before the first message's; the same holds for it.
    pub message_id_before: i64,
    /// How many Bot API requests `/playground/calls` remembers; 0 records none (for benches).
    pub calls_kept: usize,
    /// How many messages each chat remembers; older ones can no longer be edited.
    pub messages_kept: usize,
    /// The local vendors; each has an account of its own that begins like this.
    pub vendors: VendorOptions,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            token: None,
            people: vec![
                Person::customer(1001, "Anna"),
                Person::customer(1002, "Boris"),
                Person::admin(9001, "Ada"),
            ],
            speed: 1,
            update_id_first: FIRST_UPDATE_ID,
            message_id_before: 0,
            calls_kept: 10_000,
            messages_kept: 1_000,
            vendors: VendorOptions::default(),
        }
    }
}

/// What a person is in the play. The Bot API does not show it; the page and the scripts do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Buys numbers.
    Customer,
    /// Runs the shop; the engine must be told the same id.
    Admin,
}

/// Somebody with a private chat with the bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The Telegram user id, also the id of the private chat; positive, below 2^52.
    pub id: i64,
    /// The first name.
    pub first_name: String,
    /// The user name without `@`.
    pub username: Option<String>,
    /// The language of their app, as an IETF tag.
    pub language_code: String,
    /// What they are in the play.
    pub role: Role,
    /// Whether they had already started the bot. Telegram refuses to deliver to people who never
    /// did ("chat not found"); the demo's cast has, so that an admin gets cards from the start.
    pub started: bool,
}

impl Person {
    /// A customer who speaks English and has started the bot.
    #[must_use]
    pub fn customer(id: i64, first_name: &str) -> Self {
        Self {
            id,
            first_name: first_name.to_owned(),
            username: Some(format!("{}_{id}", first_name.to_lowercase())),
            language_code: "en".to_owned(),
            role: Role::Customer,
            started: true,
        }
    }

    /// An admin who speaks English and has started the bot.
    #[must_use]
    pub fn admin(id: i64, first_name: &str) -> Self {
        Self { role: Role::Admin, ..Self::customer(id, first_name) }
    }
}

/// How a local vendor behaves when nobody asks it to misbehave. Times are played time.
#[derive(Clone, Debug)]
pub struct VendorOptions {
    /// The account's key; `None` lets in any key of 1 to 64 characters.
    pub key: Option<String>,
    /// What the account holds at the start, in hundredths of a cent (1e-4 dollar).
    pub balance_e4: i64,
    /// The shortest wait for a code.
    pub code_delay_min: Duration,
    /// The longest wait for a code.
    pub code_delay_max: Duration,
    /// How many of 100 orders never get a code.
    pub silent_percent: u8,
    /// How long a fresh order refuses to be cancelled.
    pub cancel_lock: Duration,
    /// How long an order lives.
    pub lifetime: Duration,
    /// How long after its end an order without a code is refunded.
    pub refund_delay: Duration,
    /// Numbers in stock per service and country.
    pub stock: u32,
    /// Prices that differ from the catalogue's: SMSPool's service id and price in 1e-4 dollar.
    pub prices_e4: Vec<(u32, i64)>,
    /// Seeds everything drawn by lot: numbers, order codes, delays, codes.
    pub seed: u64,
    /// How many finished orders are remembered.
    pub orders_kept: usize,
}

impl Default for VendorOptions {
    fn default() -> Self {
        Self {
            key: None,
            balance_e4: 500_000,
            code_delay_min: Duration::from_secs(4),
            code_delay_max: Duration::from_secs(12),
            silent_percent: 0,
            cancel_lock: Duration::from_secs(40),
            lifetime: Duration::from_secs(1200),
            refund_delay: Duration::from_secs(5),
            stock: 500,
            prices_e4: Vec::new(),
            seed: 4,
            orders_kept: 20_000,
        }
    }
}
