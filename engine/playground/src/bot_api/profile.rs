//! Who the bot and its chats are, and the bot's name and descriptions. Only this crate.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal, result_of, true_result};
use super::checks;
use super::commands::language;
use super::parameters::Parameters;
use crate::world::World;
use crate::world::bot::ProfileText;

/// `getMe`.
pub(crate) fn get_me(world: &World) -> Answer {
    let state = world.lock();
    let mut me: Value = serde_json::from_str(state.bot.json.get()).unwrap_or_default();
    let more = json!({
        "first_name": state.bot.text(ProfileText::Name, ""),
        "can_join_groups": true,
        "can_read_all_group_messages": false,
        "supports_inline_queries": true,
        "can_connect_to_business": false,
        "has_main_web_app": false,
        "has_topics_enabled": false,
        "allows_users_to_create_topics": false,
    });
    if let (Some(me), Value::Object(more)) = (me.as_object_mut(), more) {
        me.extend(more);
    }
    result_of(&me)
}

/// `getChat`.
pub(crate) fn get_chat(world: &World, parameters: &mut Parameters) -> Answer {
    let state = world.lock();
    let id = checks::known_chat(&state, parameters)?;
    let chat = state.chats.get(&id).ok_or_else(|| Refusal::bad("chat not found"))?;
    let mut full: Value = serde_json::from_str(chat.json.get()).unwrap_or_default();
    let gifts = json!({
        "unlimited_gifts": false, "limited_gifts": false, "unique_gifts": false,
        "premium_subscription": false, "gifts_from_channels": false,
    });
    let more = json!({
        "accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": gifts
    });
    if let (Some(full), Value::Object(more)) = (full.as_object_mut(), more) {
        full.extend(more);
    }
    result_of(&full)
}

/// `setMyName`, `setMyDescription`, `setMyShortDescription`.
pub(crate) fn set_text(world: &World, method: &str, parameters: &mut Parameters) -> Answer {
    let (which, field, length_max) = profile_text(method);
    let text = parameters.take_text(field)?.unwrap_or_default();
    if text.chars().count() > length_max {
        return Err(Refusal::bad(format!("{} is too long", field.replace('_', " "))));
    }
    let language = language(parameters)?;
    let mut state = world.lock();
    if text.is_empty() {
        state.bot.texts.remove(&(which, language));
    } else {
        state.bot.texts.insert((which, language), text);
    }
    for chat in state.chats.values() {
        chat.touch();
    }
    drop(state);
    world.note_change();
    true_result()
}

/// `getMyName`, `getMyDescription`, `getMyShortDescription`.
pub(crate) fn get_text(world: &World, method: &str, parameters: &mut Parameters) -> Answer {
    let (which, field, _) = profile_text(method);
    let language = language(parameters)?;
    let state = world.lock();
    let mut answer = serde_json::Map::new();
    answer.insert(field.to_owned(), state.bot.text(which, &language).into());
    result_of(&answer)
}

/// Which text a method is about, its field, and its greatest length in characters.
fn profile_text(method: &str) -> (ProfileText, &'static str, usize) {
    if method.ends_with("shortdescription") {
        (ProfileText::ShortDescription, "short_description", 120)
    } else if method.ends_with("description") {
        (ProfileText::Description, "description", 512)
    } else {
        (ProfileText::Name, "name", 64)
    }
}
