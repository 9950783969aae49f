//! The button beside the message box. Only this crate.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal, result_of, true_result};
use super::checks;
use super::parameters::Parameters;
use crate::world::World;

/// `setChatMenuButton`.
pub(crate) fn set_chat_menu_button(world: &World, parameters: &mut Parameters) -> Answer {
    let button = parameters.take_json("menu_button")?.unwrap_or_else(|| json!({"type": "default"}));
    let broken = |reason: &str| Refusal::bad(format!("can't parse MenuButton: {reason}"));
    match button.get("type").and_then(Value::as_str) {
        Some("default" | "commands") => {}
        Some("web_app") => {
            let has_text =
                button.get("text").and_then(Value::as_str).is_some_and(|t| !t.is_empty());
            let url = button.get("web_app").and_then(|app| app.get("url")).and_then(Value::as_str);
            if !has_text || !url.is_some_and(|url| url.starts_with("https://")) {
                return Err(broken("text and an HTTPS URL are required"));
            }
        }
        _ => return Err(broken("unsupported type")),
    }
    let mut state = world.lock();
    if parameters.get("chat_id").is_none() {
        state.bot.default_menu_button = Some(button);
    } else {
        let id = private_chat(&state, parameters)?;
        if let Some(chat) = state.chats.get_mut(&id) {
            chat.menu_button = Some(button);
        }
    }
    for chat in state.chats.values() {
        chat.touch();
    }
    drop(state);
    world.note_change();
    true_result()
}

/// `getChatMenuButton`.
pub(crate) fn get_chat_menu_button(world: &World, parameters: &mut Parameters) -> Answer {
    let state = world.lock();
    let own = match parameters.get("chat_id") {
        None => None,
        Some(_) => {
            let id = private_chat(&state, parameters)?;
            state.chats.get(&id).and_then(|chat| chat.menu_button.as_ref())
        }
    };
    let button = own.or(state.bot.default_menu_button.as_ref());
    result_of(&button.cloned().unwrap_or_else(|| json!({"type": "commands"})))
}

fn private_chat(state: &crate::world::State, parameters: &Parameters) -> Result<i64, Refusal> {
    let id = checks::known_chat(state, parameters)?;
    if state.people.contains_key(&id) {
        Ok(id)
    } else {
        Err(Refusal::bad("chat_id must be of a private chat"))
    }
}
