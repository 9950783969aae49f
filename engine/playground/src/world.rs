//! The state of the play: chats, the bot's update queue, presses, files, faults. Only this crate.
//!
//! One mutex guards it all. Every operation under it is short and does no I/O, so a finer lock
//! would buy contention bugs and no speed; whoever waits (a poll, a page) waits outside of it.

pub(crate) mod bot;
pub(crate) mod calls;
pub(crate) mod chat;
pub(crate) mod faults;
pub(crate) mod files;
pub(crate) mod inline;
pub(crate) mod paying;
pub(crate) mod payments;
pub(crate) mod people;
pub(crate) mod presses;
pub(crate) mod updates;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::options::{Options, Person};
use crate::vendors::Vendors;
use bot::Bot;
use calls::Calls;
use chat::{Chat, GROUP_ID};
use faults::Faults;
use files::Files;
use inline::InlineQueries;
use payments::Payments;
use presses::Presses;
use updates::UpdateQueue;

/// Everything the server's handlers share.
pub(crate) struct World {
    pub clock: Clock,
    pub token: Option<String>,
    pub calls: Mutex<Calls>,
    pub vendors: Vendors,
    /// Wakes a waiting `getUpdates` and the webhook sender.
    pub update_came: Notify,
    /// Counts every change a page could show; wakes the live pages.
    pub changed: watch::Sender<u64>,
    pub shutdown: CancellationToken,
    /// How many `getUpdates` calls wait at this moment.
    pub waiting_polls: AtomicUsize,
    state: Mutex<State>,
}

/// What the mutex guards.
pub(crate) struct State {
    pub bot: Bot,
    pub people: BTreeMap<i64, Resident>,
    pub chats: BTreeMap<i64, Chat>,
    pub updates: UpdateQueue,
    pub presses: Presses,
    pub payments: Payments,
    pub inline: InlineQueries,
    pub files: Files,
    pub faults: Faults,
    pub message_id_last: i64,
    pub messages_kept: usize,
}

/// A person with what changes about them.
pub(crate) struct Resident {
    pub person: Person,
    pub json: Box<serde_json::value::RawValue>,
    pub blocks_bot: bool,
    pub started: bool,
}

impl World {
    pub fn new(options: &Options) -> Result<Self, crate::Error> {
        let clock = Clock::starting_now(options.speed);
        Ok(Self {
            token: options.token.clone(),
            calls: Mutex::new(Calls::keeping(options.calls_kept)),
            vendors: Vendors::new(&options.vendors, clock.now_ms()),
            update_came: Notify::new(),
            changed: watch::Sender::new(0),
            shutdown: CancellationToken::new(),
            waiting_polls: AtomicUsize::new(0),
            state: Mutex::new(State::new(options)?),
            clock,
        })
    }

    /// The state. A handler that panicked left it whole enough for a playground to go on.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the live pages that something they show has changed.
    pub fn note_change(&self) {
        self.changed.send_modify(|version| *version += 1);
    }
}

impl State {
    fn new(options: &Options) -> Result<Self, crate::Error> {
        let mut people = BTreeMap::new();
        let mut chats = BTreeMap::new();
        for person in &options.people {
            if !(1..1_i64 << 52).contains(&person.id) {
                return Err(crate::Error::Options(format!(
                    "person id {} is no user id",
                    person.id
                )));
            }
            let resident = Resident {
                json: people::user_json(person)?,
                blocks_bot: false,
                started: person.started,
                person: person.clone(),
            };
            chats.insert(person.id, Chat::private(person)?);
            if people.insert(person.id, resident).is_some() {
                return Err(crate::Error::Options(format!("person id {} twice", person.id)));
            }
        }
        chats.insert(GROUP_ID, Chat::group()?);
        Ok(Self {
            bot: Bot::new(options.token.as_deref())?,
            people,
            chats,
            updates: UpdateQueue::starting_at(options.update_id_first),
            presses: Presses::default(),
            payments: Payments::default(),
            inline: InlineQueries::default(),
            files: Files::default(),
            faults: Faults::default(),
            message_id_last: options.message_id_before,
            messages_kept: options.messages_kept.max(1),
        })
    }

    /// Mints a message id. Telegram counts one row of ids over all of a bot's private chats, so
    /// the playground does too: a message id used in the wrong chat is then found out.
    pub fn mint_message_id(&mut self) -> i64 {
        self.message_id_last += 1;
        self.message_id_last
    }
}
