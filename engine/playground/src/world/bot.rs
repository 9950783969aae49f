//! The bot's own profile: who it is, its texts, and its command menus by scope. Only this crate.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::Error;
use crate::world::chat::GROUP_ID;

/// The bot's id when no token names one.
const DEFAULT_BOT_ID: i64 = 7_000_000_001;

/// The user name the playground gives to every bot.
pub(crate) const BOT_USERNAME: &str = "ring4_playground_bot";

/// One entry of a command menu.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct BotCommand {
    pub command: String,
    pub description: String,
}

/// For whom a command menu is. The order is no precedence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CommandScope {
    Default,
    AllPrivateChats,
    AllGroupChats,
    AllChatAdministrators,
    Chat(i64),
    ChatAdministrators(i64),
    ChatMember(i64, i64),
}

/// The profile.
pub(crate) struct Bot {
    /// The user object in `from`.
    pub json: Box<RawValue>,
    /// Name, description and short description by language; "" is for all others.
    pub texts: BTreeMap<(ProfileText, String), String>,
    pub default_menu_button: Option<Value>,
    commands: BTreeMap<(CommandScope, String), Vec<BotCommand>>,
}

/// Which of the profile's texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ProfileText {
    Name,
    Description,
    ShortDescription,
}

impl Bot {
    /// A bot with the id its token names.
    pub fn new(token: Option<&str>) -> Result<Self, Error> {
        let id = token.and_then(|token| token.split(':').next()?.parse().ok());
        let id = id.unwrap_or(DEFAULT_BOT_ID);
        let json = serde_json::json!({
            "id": id, "is_bot": true, "first_name": "Ring4", "username": BOT_USERNAME
        });
        Ok(Self {
            json: to_raw_value(&json).map_err(Error::Json)?,
            texts: BTreeMap::new(),
            default_menu_button: None,
            commands: BTreeMap::new(),
        })
    }

    /// A profile text in a language, falling back to the one for all languages.
    pub fn text(&self, which: ProfileText, language: &str) -> &str {
        let exact = self.texts.get(&(which, language.to_owned()));
        let text = exact.or_else(|| self.texts.get(&(which, String::new())));
        match (text, which) {
            (Some(text), _) => text,
            (None, ProfileText::Name) => "Ring4",
            (None, _) => "",
        }
    }

    /// Sets the menu of one scope and language; an empty one takes it away.
    pub fn set_commands(&mut self, scope: CommandScope, language: String, menu: Vec<BotCommand>) {
        if menu.is_empty() {
            self.commands.remove(&(scope, language));
        } else {
            self.commands.insert((scope, language), menu);
        }
    }

    /// The menu set for exactly this scope and language.
    pub fn commands(&self, scope: CommandScope, language: &str) -> &[BotCommand] {
        self.commands.get(&(scope, language.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// The menu a person sees in a chat: the narrowest scope wins, and within a scope their
    /// language before the menu for all languages.
    pub fn menu_for(&self, chat_id: i64, person_id: i64, language: &str) -> &[BotCommand] {
        let language = language.split('-').next().unwrap_or_default();
        let scopes = if chat_id == GROUP_ID {
            vec![
                CommandScope::ChatMember(chat_id, person_id),
                CommandScope::Chat(chat_id),
                CommandScope::AllGroupChats,
                CommandScope::Default,
            ]
        } else {
            vec![CommandScope::Chat(chat_id), CommandScope::AllPrivateChats, CommandScope::Default]
        };
        for scope in scopes {
            for language in [language, ""] {
                let menu = self.commands(scope.clone(), language);
                if !menu.is_empty() {
                    return menu;
                }
            }
        }
        &[]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn menu(name: &str) -> Vec<BotCommand> {
        vec![BotCommand { command: name.to_owned(), description: "x".to_owned() }]
    }

    #[test]
    fn the_narrowest_scope_and_the_own_language_win() {
        let mut bot = Bot::new(None).unwrap();
        bot.set_commands(CommandScope::Default, String::new(), menu("default"));
        bot.set_commands(CommandScope::Default, "es".into(), menu("default_es"));
        bot.set_commands(CommandScope::AllPrivateChats, "ru".into(), menu("private_ru"));
        bot.set_commands(CommandScope::Chat(9001), String::new(), menu("admin"));
        let table = [
            (1001, "en", "default"),
            (1001, "es-MX", "default_es"),
            (1001, "ru", "private_ru"),
            (9001, "ru", "admin"),
            (GROUP_ID, "en", "default"),
        ];
        for (chat, language, expected) in table {
            let shown = bot.menu_for(chat, 1001, language);
            assert_eq!(shown[0].command, expected, "{chat} {language}");
        }
        bot.set_commands(CommandScope::Chat(9001), String::new(), Vec::new());
        assert_eq!(bot.menu_for(9001, 9001, "en")[0].command, "default");
    }
}
