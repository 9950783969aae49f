//! Checks that several methods share: which chat, which text, may the bot write there. Only
//! this crate.

use serde_json::Value;

use super::answer::Refusal;
use super::parameters::Parameters;
use crate::entities::{Entity, EntityKind, FormattedText, utf16_len};
use crate::html;
use crate::world::State;
use crate::world::people::TEXT_UNITS_MAX;

/// The longest caption, in UTF-16 units after parsing.
const CAPTION_UNITS_MAX: u32 = 1024;

/// The longest source of a text before parsing, in bytes; markup may not grow without end.
const SOURCE_BYTES_MAX: usize = 64 * 1024;

/// How many entities a message may have.
const ENTITIES_MAX: usize = 100;

/// The chat the call is about.
pub(crate) fn chat_id(parameters: &Parameters) -> Result<i64, Refusal> {
    match parameters.get("chat_id") {
        None => Err(Refusal::bad("chat_id is empty")),
        Some(Value::String(text)) if text.is_empty() => Err(Refusal::bad("chat_id is empty")),
        // Public names belong to channels and groups; the playground has none.
        Some(Value::String(text)) if text.parse::<i64>().is_err() => {
            Err(Refusal::bad("chat not found"))
        }
        Some(_) => {
            let id = parameters.integer("chat_id")?;
            id.ok_or_else(|| Refusal::bad("chat_id is empty"))
        }
    }
}

/// The chat the call is about, when the bot knows it.
pub(crate) fn known_chat(state: &State, parameters: &Parameters) -> Result<i64, Refusal> {
    let id = chat_id(parameters)?;
    let is_known = match state.people.get(&id) {
        Some(resident) => resident.started,
        None => state.chats.contains_key(&id),
    };
    if is_known { Ok(id) } else { Err(Refusal::bad("chat not found")) }
}

/// The chat, when the bot may write there.
pub(crate) fn writable_chat(state: &State, parameters: &Parameters) -> Result<i64, Refusal> {
    let id = known_chat(state, parameters)?;
    match state.people.get(&id) {
        Some(resident) if resident.blocks_bot => {
            Err(Refusal::forbidden("bot was blocked by the user"))
        }
        Some(_) if state.faults.is_deactivated(id) => {
            Err(Refusal::forbidden("user is deactivated"))
        }
        _ => Ok(id),
    }
}

/// The message id the call is about.
pub(crate) fn message_id(parameters: &Parameters) -> Result<i64, Refusal> {
    if parameters.get("inline_message_id").is_some() {
        return Err(Refusal::bad("MESSAGE_ID_INVALID"));
    }
    match parameters.integer("message_id")? {
        Some(id) if id > 0 => Ok(id),
        _ => Err(Refusal::bad("message identifier is not specified")),
    }
}

/// The text of a message: parsed, within its length, not empty.
pub(crate) fn message_text(parameters: &mut Parameters) -> Result<FormattedText, Refusal> {
    let source = parameters.take_text("text")?;
    let source = source.ok_or_else(|| Refusal::bad("message text is empty"))?;
    let text = formatted(source, parameters, "entities")?;
    if text.text.is_empty() {
        return Err(Refusal::bad("message text is empty"));
    }
    if utf16_len(&text.text) > TEXT_UNITS_MAX {
        return Err(Refusal::bad("message is too long"));
    }
    Ok(text)
}

/// The caption of a file: parsed and within its length; may be absent.
pub(crate) fn caption(parameters: &mut Parameters) -> Result<FormattedText, Refusal> {
    let source = parameters.take_text("caption")?.unwrap_or_default();
    let text = formatted(source, parameters, "caption_entities")?;
    if utf16_len(&text.text) > CAPTION_UNITS_MAX {
        return Err(Refusal::bad("message caption is too long"));
    }
    Ok(text)
}

fn formatted(
    source: String,
    parameters: &mut Parameters,
    entities: &str,
) -> Result<FormattedText, Refusal> {
    if source.len() > SOURCE_BYTES_MAX {
        return Err(Refusal::bad("message is too long"));
    }
    let given = parameters.take_json(entities)?;
    let mode = parameters.text("parse_mode")?.unwrap_or_default().to_ascii_lowercase();
    let mut text = match (mode.as_str(), given) {
        ("html", _) => html::parse(&source)
            .map_err(|reason| Refusal::bad(format!("can't parse entities: {reason}")))?,
        ("", None) => FormattedText { text: source, entities: Vec::new() },
        ("", Some(given)) => explicit(source, given)?,
        // Markdown is real at Telegram but not spoken here: the engine escapes for HTML only,
        // and half a Markdown parser would pass texts that Telegram refuses.
        _ => return Err(Refusal::bad("unsupported parse_mode")),
    };
    // Telegram drops what is over the limit without a word.
    text.entities.truncate(ENTITIES_MAX);
    Ok(text.finish())
}

fn explicit(source: String, given: Value) -> Result<FormattedText, Refusal> {
    let broken = |reason: String| Refusal::bad(format!("can't parse MessageEntity: {reason}"));
    let list = serde_json::from_value::<Vec<Entity>>(given).map_err(|e| broken(e.to_string()))?;
    let units = utf16_len(&source);
    for entity in &list {
        let fits = entity.offset.checked_add(entity.length).is_some_and(|end| end <= units);
        if !fits || entity.length == 0 {
            return Err(Refusal::bad("wrong message entity: entity is outside of the text"));
        }
        let needs_url = entity.kind == EntityKind::TextLink;
        if needs_url && entity.url.as_deref().and_then(html::correct_url).is_none() {
            return Err(Refusal::bad("wrong message entity: URL host is empty"));
        }
    }
    Ok(FormattedText { text: source, entities: list })
}
