//! The bot's own name, and Telegram's command menus from the one table of commands: one menu for
//! everybody and one for each admin's chat, in every language that is offered. Only the start-up
//! imports this.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ring4_domain::ids::UserId;
use ring4_telegram::outgoing::{Call, ChatId, CommandScope, MenuCommand, Outgoing, Priority};
use ring4_telegram::sender::SendError;

use crate::chat::commands;
use crate::live::Live;
use crate::screens::Voice;
use crate::shop::Shop;

/// The first wait before a menu that was not taken is offered again, and the longest: an admin
/// who never wrote to the bot has no chat to set a menu in.
const RETRY: Duration = Duration::from_secs(30);
const RETRY_MAX: Duration = Duration::from_secs(3_600);

/// Who sees a menu: everybody, or one admin; and the language of their app, or any other.
type Place = (Option<UserId>, Option<String>);

/// Chats whose menus are taken away in one process, at most.
const LEFT_MAX: usize = 1_000;

/// Chats that may still show the admins' menu to somebody who is no admin any more. Telegram does
/// not tell which; whoever tries an admin's command has theirs taken away, once in a process.
#[derive(Debug, Default)]
pub struct Leftovers(Mutex<BTreeMap<UserId, bool>>);

impl Leftovers {
    /// Notes a chat; whether there is anything to do about it.
    pub fn note(&self, chat: UserId) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = known.len() < LEFT_MAX && !known.contains_key(&chat);
        if new {
            known.insert(chat, false);
        }
        new
    }

    fn due(&self) -> Vec<UserId> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().filter(|(_, done)| !**done).map(|(chat, _)| *chat).collect()
    }

    fn done(&self, chat: UserId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(chat, true);
    }
}

/// Keeps the menus what table and message packs say.
pub struct Menus {
    shop: Arc<Shop>,
    /// What Telegram has taken since the start. A menu that is there already is not sent again.
    told: BTreeMap<Place, Vec<MenuCommand>>,
}

impl Menus {
    /// Menus of which Telegram was told nothing yet.
    #[must_use]
    pub const fn new(shop: Arc<Shop>) -> Self {
        Self { shop, told: BTreeMap::new() }
    }

    /// Sets the menus now and whenever [`Shop::menus_due`] says so, until it is dropped.
    pub async fn run(mut self) {
        let mut wait = RETRY;
        loop {
            let current = self.learn_name().await & self.bring_up_to_date().await;
            let complete = current & self.take_away().await;
            let due = self.shop.menus_due.notified();
            if complete {
                due.await;
                wait = RETRY;
            } else if tokio::time::timeout(wait, due).await.is_ok() {
                wait = RETRY;
            } else {
                wait = RETRY_MAX.min(wait * 2);
            }
        }
    }

    /// Whether the bot's name is known.
    async fn learn_name(&self) -> bool {
        if self.shop.username.get().is_some() {
            return true;
        }
        match self.shop.client.get_me().await {
            Ok(me) => {
                // Nobody else sets it.
                let _ = self.shop.username.set(me.username);
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the bot's name was not read; links wait for it");
                false
            }
        }
    }

    /// Whether Telegram has taken every menu.
    async fn bring_up_to_date(&mut self) -> bool {
        let live = self.shop.live.load_full();
        let mut complete = true;
        for (place, commands) in self.wanted(&live) {
            if self.told.get(&place) == Some(&commands) {
                continue;
            }
            let (scope, chat) = match place.0 {
                None => (CommandScope::Default, ChatId(0)),
                Some(admin) => (CommandScope::Chat(admin.into()), admin.into()),
            };
            let call =
                Call::SetCommands { scope, language: place.1.clone(), commands: commands.clone() };
            let outgoing = Outgoing { chat, priority: Priority::Answer, call };
            match self.shop.sender.send(outgoing).await {
                Ok(_) => drop(self.told.insert(place, commands)),
                Err(SendError::Stopped) => return false,
                Err(error) => {
                    tracing::warn!(?place, %error, "a command menu was not set");
                    complete = false;
                }
            }
        }
        complete
    }

    /// Whether no menu is left where it does not belong.
    async fn take_away(&self) -> bool {
        let live = self.shop.live.load_full();
        let mut complete = true;
        for admin in self.shop.menus_left.due() {
            let chat = ChatId::from(admin);
            let mut gone = true;
            for language in languages(&live) {
                let scope = CommandScope::Chat(chat);
                let (language, commands) = (language.cloned(), Vec::new());
                let call = Call::SetCommands { scope, language, commands };
                let outgoing = Outgoing { chat, priority: Priority::Answer, call };
                match self.shop.sender.send(outgoing).await {
                    Ok(_) | Err(SendError::Unreachable) => {}
                    Err(SendError::Stopped) => return false,
                    Err(error) => {
                        tracing::warn!(%admin, %error, "a command menu was not taken away");
                        gone = false;
                    }
                }
            }
            if gone {
                self.shop.menus_left.done(admin);
            }
            complete &= gone;
        }
        complete
    }

    fn wanted(&self, live: &Live) -> Vec<(Place, Vec<MenuCommand>)> {
        let admins = live.policy.admins.iter().map(|admin| Some(*admin));
        let languages = languages(live);
        let mut wanted = Vec::new();
        for admin in std::iter::once(None).chain(admins) {
            let chosen = admin.and_then(|admin| self.chosen(admin));
            for language in &languages {
                // An admin's chat is spoken to in the language that the admin chose.
                let spoken = chosen.as_deref().or(language.map(String::as_str));
                let voice = Voice::new(live, spoken, self.shop.clock.now());
                let menu = commands::visible(admin.is_some()).map(|command| MenuCommand {
                    name: command.name.to_owned(),
                    description: voice.say(command.description, &[]),
                });
                wanted.push(((admin, language.cloned()), menu.collect()));
            }
        }
        wanted
    }

    fn chosen(&self, admin: UserId) -> Option<String> {
        let known = self.shop.snapshot().customer(admin);
        known.ok().flatten().and_then(|known| known.language)
    }
}

/// The languages that have menus, and none for all others.
fn languages(live: &Live) -> Vec<Option<&String>> {
    let offered = live.config.languages.offered.iter();
    // Telegram knows languages of two letters; the others see the menu for all the rest.
    let offered = offered.filter(|language| language.len() == 2);
    offered.map(Some).chain([None]).collect()
}
