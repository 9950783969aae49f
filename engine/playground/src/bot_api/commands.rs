//! Command menus by scope and language. Only this crate.

use serde_json::Value;

use super::answer::{Answer, Refusal, result_of, true_result};
use super::parameters::Parameters;
use crate::world::World;
use crate::world::bot::{BotCommand, CommandScope};

/// How many commands a menu may have.
const COMMANDS_MAX: usize = 100;

/// The longest name of a command, in characters.
const NAME_MAX: usize = 32;

/// The longest description of a command, in characters.
const DESCRIPTION_MAX: usize = 256;

/// `setMyCommands`.
pub(crate) fn set_my_commands(world: &World, parameters: &mut Parameters) -> Answer {
    let given = parameters.take_json("commands")?;
    let given = given.ok_or_else(|| Refusal::bad("parameter \"commands\" is required"))?;
    let broken = |reason: &str| Refusal::bad(format!("can't parse commands: {reason}"));
    let list = given.as_array().ok_or_else(|| broken("expected an Array of BotCommand"))?;
    if list.len() > COMMANDS_MAX {
        return Err(Refusal::bad("BOT_COMMANDS_TOO_MUCH"));
    }
    let menu = list.iter().map(command).collect::<Result<Vec<_>, _>>()?;
    change(world, parameters, menu)
}

/// `deleteMyCommands`.
pub(crate) fn delete_my_commands(world: &World, parameters: &mut Parameters) -> Answer {
    change(world, parameters, Vec::new())
}

/// `getMyCommands`.
pub(crate) fn get_my_commands(world: &World, parameters: &mut Parameters) -> Answer {
    let scope = scope(world, parameters)?;
    let language = language(parameters)?;
    result_of(&world.lock().bot.commands(scope, &language))
}

fn change(world: &World, parameters: &mut Parameters, menu: Vec<BotCommand>) -> Answer {
    let scope = scope(world, parameters)?;
    let language = language(parameters)?;
    let mut state = world.lock();
    state.bot.set_commands(scope, language, menu);
    for chat in state.chats.values() {
        chat.touch();
    }
    drop(state);
    world.note_change();
    true_result()
}

fn command(given: &Value) -> Result<BotCommand, Refusal> {
    let field = |name: &str| {
        let text = given.get(name).and_then(Value::as_str).map(str::trim);
        text.ok_or_else(|| {
            let reason = format!("can't parse BotCommand: Can't find field \"{name}\"");
            Refusal::bad(reason)
        })
    };
    let name = field("command")?;
    let name = name.strip_prefix('/').unwrap_or(name);
    let is_tidy = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if name.is_empty() || name.len() > NAME_MAX || !is_tidy {
        return Err(Refusal::bad("BOT_COMMAND_INVALID"));
    }
    let description = field("description")?;
    if !(1..=DESCRIPTION_MAX).contains(&description.chars().count()) {
        return Err(Refusal::bad("BOT_COMMAND_DESCRIPTION_INVALID"));
    }
    Ok(BotCommand { command: name.to_owned(), description: description.to_owned() })
}

fn scope(world: &World, parameters: &mut Parameters) -> Result<CommandScope, Refusal> {
    let Some(given) = parameters.take_json("scope")? else { return Ok(CommandScope::Default) };
    let broken = |reason: &str| Refusal::bad(format!("can't parse BotCommandScope: {reason}"));
    let number = |name: &str| {
        let value = given.get(name);
        let number = value.and_then(|v| v.as_i64().or_else(|| v.as_str()?.parse().ok()));
        number.ok_or_else(|| broken(&format!("Can't find field \"{name}\"")))
    };
    let chat = || {
        let id = number("chat_id")?;
        let is_known = world.lock().chats.contains_key(&id);
        if is_known { Ok(id) } else { Err(Refusal::bad("chat not found")) }
    };
    match given.get("type").and_then(Value::as_str) {
        Some("default") => Ok(CommandScope::Default),
        Some("all_private_chats") => Ok(CommandScope::AllPrivateChats),
        Some("all_group_chats") => Ok(CommandScope::AllGroupChats),
        Some("all_chat_administrators") => Ok(CommandScope::AllChatAdministrators),
        Some("chat") => chat().map(CommandScope::Chat),
        Some("chat_administrators") => chat().map(CommandScope::ChatAdministrators),
        Some("chat_member") => Ok(CommandScope::ChatMember(chat()?, number("user_id")?)),
        Some(_) => Err(broken("Unsupported type specified")),
        None => Err(broken("Can't find field \"type\"")),
    }
}

/// A two-letter language, or "" for all.
pub(crate) fn language(parameters: &Parameters) -> Result<String, Refusal> {
    let code = parameters.text("language_code")?.unwrap_or_default();
    let is_code =
        code.is_empty() || (code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase()));
    if is_code { Ok(code.to_owned()) } else { Err(Refusal::bad("LANGUAGE_CODE_INVALID")) }
}
