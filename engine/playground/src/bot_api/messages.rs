//! Sending texts, chat actions, and answering presses. Only this crate.

use std::time::Instant;

use super::answer::{Answer, Refusal, result_of, true_result};
use super::checks;
use super::keyboard;
use super::parameters::Parameters;
use crate::entities::utf16_len;
use crate::world::chat::{Author, Content, Markup, Message};
use crate::world::presses::PressAnswer;
use crate::world::{State, World};

/// The longest answer to a press, in characters.
const ANSWER_UNITS_MAX: u32 = 200;

/// What a bot can be seen doing.
const ACTIONS: &[&str] = &[
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
];

/// `sendMessage`.
pub(crate) fn send_message(world: &World, parameters: &mut Parameters) -> Answer {
    // Telegram looks at the chat before the text, so a wrong chat is the first complaint.
    checks::writable_chat(&world.lock(), parameters)?;
    let options = SendOptions::take(parameters)?;
    if let Some(preview) = parameters.take_json("link_preview_options")?
        && !preview.is_object()
    {
        return Err(Refusal::bad("can't parse link preview options JSON object"));
    }
    parameters.boolean("disable_web_page_preview")?;
    let text = checks::message_text(parameters)?;
    options.send(world, parameters, Content::Text(text))
}

/// What every `send…` method takes besides its content.
pub(crate) struct SendOptions {
    markup: Option<Markup>,
    reply_to: Option<(i64, bool)>,
}

impl SendOptions {
    /// Reads and checks them.
    pub fn take(parameters: &mut Parameters) -> Result<Self, Refusal> {
        for name in ["disable_notification", "protect_content", "allow_paid_broadcast"] {
            parameters.boolean(name)?;
        }
        let markup = keyboard::markup(parameters)?;
        let reply_to = match parameters.take_json("reply_parameters")? {
            Some(reply) => {
                let id = reply.get("message_id").and_then(serde_json::Value::as_i64);
                let reason = "can't parse reply parameters: Can't find field \"message_id\"";
                let id = id.ok_or_else(|| Refusal::bad(reason))?;
                let lenient = reply.get("allow_sending_without_reply");
                Some((id, lenient.and_then(serde_json::Value::as_bool).unwrap_or(false)))
            }
            None => match parameters.integer("reply_to_message_id")? {
                Some(id) if id > 0 => {
                    Some((id, parameters.boolean("allow_sending_without_reply")?))
                }
                _ => None,
            },
        };
        Ok(Self { markup, reply_to })
    }

    /// Sends the content as a new message of the bot.
    pub fn send(self, world: &World, parameters: &Parameters, content: Content) -> Answer {
        let date = world.clock.now_secs();
        let mut state = world.lock();
        let chat_id = checks::writable_chat(&state, parameters)?;
        let reply_to = match self.reply_to {
            None => None,
            Some((id, lenient)) => {
                let exists = state.chats.get(&chat_id).is_some_and(|c| c.message(id).is_some());
                if !exists && !lenient {
                    return Err(Refusal::bad("message to be replied not found"));
                }
                exists.then_some(id)
            }
        };
        let id = state.mint_message_id();
        let message = Message {
            id,
            author: Author::Bot,
            date,
            edit_date: None,
            content,
            markup: self.markup,
            reply_to,
        };
        let kept = state.messages_kept;
        if let Some(chat) = state.chats.get_mut(&chat_id) {
            chat.append(message, kept);
        }
        let answer = message_result(&state, chat_id, id);
        drop(state);
        world.note_change();
        answer
    }
}

/// A stored message as a method's result.
pub(crate) fn message_result(state: &State, chat_id: i64, message_id: i64) -> Answer {
    let json = state.message_json(chat_id, message_id);
    result_of(&json.ok_or_else(|| Refusal::server_error(500))?)
}

/// `sendChatAction`.
pub(crate) fn send_chat_action(world: &World, parameters: &mut Parameters) -> Answer {
    let mut state = world.lock();
    let chat_id = checks::writable_chat(&state, parameters)?;
    let given = parameters.text("action")?.unwrap_or_default();
    let action = ACTIONS.iter().find(|known| **known == given);
    let action = *action.ok_or_else(|| Refusal::bad("wrong parameter action in request"))?;
    if let Some(chat) = state.chats.get_mut(&chat_id) {
        chat.action = Some((action, Instant::now()));
        chat.touch();
    }
    drop(state);
    world.note_change();
    true_result()
}

/// `answerCallbackQuery`.
pub(crate) fn answer_callback_query(world: &World, parameters: &mut Parameters) -> Answer {
    let too_old =
        || Refusal::bad("query is too old and response timeout expired or query ID is invalid");
    let text = parameters.take_text("text")?.unwrap_or_default();
    let show_alert = parameters.boolean("show_alert")?;
    let url = parameters.take_text("url")?.filter(|url| !url.is_empty());
    parameters.integer("cache_time")?;
    let id = parameters.text("callback_query_id")?.unwrap_or_default();
    let id = id.parse::<u64>().map_err(|_| too_old())?;
    if utf16_len(&text) > ANSWER_UNITS_MAX {
        return Err(Refusal::bad("MESSAGE_TOO_LONG"));
    }
    if let Some(url) = &url
        && !url.contains("?start=")
    {
        // Other addresses need a game or the bot's own link; neither exists here.
        return Err(Refusal::bad("URL_INVALID"));
    }
    let mut state = world.lock();
    let answer = PressAnswer { text, show_alert, url, at_ms: world.clock.now_ms() };
    let chat_id = state.presses.answer(id, answer).ok_or_else(too_old)?;
    if let Some(chat) = state.chats.get(&chat_id) {
        chat.touch();
    }
    drop(state);
    world.note_change();
    true_result()
}
