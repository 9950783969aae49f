//! Editing and deleting messages. Only this crate.

use super::answer::{Answer, Refusal, true_result};
use super::checks;
use super::keyboard;
use super::media;
use super::messages::message_result;
use super::parameters::Parameters;
use crate::world::chat::{Author, Content, Markup, Message};
use crate::world::{State, World};

/// How long a message can be deleted, in played seconds.
const DELETABLE_SECS: i64 = 48 * 3600;

/// `editMessageText`.
pub(crate) fn edit_text(world: &World, parameters: &mut Parameters) -> Answer {
    let id = target(world, parameters)?;
    let markup = keyboard::inline_markup(parameters)?;
    let text = checks::message_text(parameters)?;
    edit(world, parameters, id, |message| match &message.content {
        Content::Text(_) => Ok((Content::Text(text), markup)),
        _ => Err(Refusal::bad("there is no text in the message to edit")),
    })
}

/// `editMessageCaption`.
pub(crate) fn edit_caption(world: &World, parameters: &mut Parameters) -> Answer {
    let id = target(world, parameters)?;
    let markup = keyboard::inline_markup(parameters)?;
    let caption = checks::caption(parameters)?;
    edit(world, parameters, id, |message| match &message.content {
        Content::Photo { file, .. } => Ok((Content::Photo { file: file.clone(), caption }, markup)),
        Content::Document { file, .. } => {
            Ok((Content::Document { file: file.clone(), caption }, markup))
        }
        _ => Err(Refusal::bad("there is no caption in the message to edit")),
    })
}

/// `editMessageReplyMarkup`.
pub(crate) fn edit_reply_markup(world: &World, parameters: &mut Parameters) -> Answer {
    let id = target(world, parameters)?;
    let markup = keyboard::inline_markup(parameters)?;
    edit(world, parameters, id, |message| Ok((message.content.clone(), markup)))
}

/// `editMessageMedia`. A text may become a photo or a document, as at Telegram.
pub(crate) fn edit_media(world: &World, parameters: &mut Parameters) -> Answer {
    let id = target(world, parameters)?;
    let markup = keyboard::inline_markup(parameters)?;
    let content = media::take_input_media(world, parameters)?;
    edit(world, parameters, id, |_| Ok((content, markup)))
}

/// `deleteMessage`.
pub(crate) fn delete_message(world: &World, parameters: &mut Parameters) -> Answer {
    let id = checks::message_id(parameters)?;
    let now = world.clock.now_secs();
    let mut state = world.lock();
    let chat_id = checks::known_chat(&state, parameters)?;
    let is_private = state.people.contains_key(&chat_id);
    let not_found = || Refusal::bad("message to delete not found");
    let chat = state.chats.get_mut(&chat_id).ok_or_else(not_found)?;
    let message = chat.message(id).ok_or_else(not_found)?;
    let is_own = message.author == Author::Bot;
    if now.saturating_sub(message.date) > DELETABLE_SECS || !(is_own || is_private) {
        return Err(Refusal::bad("message can't be deleted for everyone"));
    }
    chat.remove(id);
    drop(state);
    world.note_change();
    true_result()
}

/// The message to edit; the chat is checked before anything else is looked at.
fn target(world: &World, parameters: &Parameters) -> Result<i64, Refusal> {
    let id = checks::message_id(parameters)?;
    let state = world.lock();
    let chat_id = checks::known_chat(&state, parameters)?;
    editable(&state, chat_id, id).map(|message| message.id)
}

fn editable(state: &State, chat_id: i64, id: i64) -> Result<&Message, Refusal> {
    let message = state.chats.get(&chat_id).and_then(|chat| chat.message(id));
    let message = message.ok_or_else(|| Refusal::bad("message to edit not found"))?;
    let has_reply_keyboard = !matches!(message.markup, None | Some(Markup::Inline(_)));
    if message.author != Author::Bot || has_reply_keyboard {
        return Err(Refusal::bad("message can't be edited"));
    }
    Ok(message)
}

fn edit(
    world: &World,
    parameters: &Parameters,
    id: i64,
    change: impl FnOnce(&Message) -> Result<(Content, Option<Markup>), Refusal>,
) -> Answer {
    let now = world.clock.now_secs();
    let mut state = world.lock();
    let chat_id = checks::writable_chat(&state, parameters)?;
    let old = editable(&state, chat_id, id)?;
    let (content, markup) = change(old)?;
    if old.markup == markup && old.content.is_same(&content) {
        return Err(Refusal::bad(
            "message is not modified: specified new message content and reply markup are \
             exactly the same as a current content and reply markup of the message",
        ));
    }
    if let Some(chat) = state.chats.get_mut(&chat_id) {
        if let Some(message) = chat.message_mut(id) {
            message.content = content;
            message.markup = markup;
            message.edit_date = Some(now);
        }
        chat.touch();
    }
    let answer = message_result(&state, chat_id, id);
    drop(state);
    world.note_change();
    answer
}
