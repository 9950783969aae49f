//! `answerInlineQuery`. Only this crate.

use std::collections::BTreeSet;

use serde_json::Value;

use super::answer::{Answer, Refusal, true_result};
use super::keyboard;
use super::parameters::Parameters;
use crate::entities::utf16_len;
use crate::html;
use crate::world::World;
use crate::world::inline::InlineAnswer;
use crate::world::people::TEXT_UNITS_MAX;

/// The most results of one answer.
const RESULTS_MAX: usize = 50;

/// The longest id of a result, and the longest start parameter, in bytes.
const ID_BYTES_MAX: usize = 64;

/// `answerInlineQuery`, with articles; the playground has no use for the other kinds yet.
pub(crate) fn answer_inline_query(world: &World, parameters: &mut Parameters) -> Answer {
    let too_old =
        || Refusal::bad("query is too old and response timeout expired or query ID is invalid");
    parameters.integer("cache_time")?;
    parameters.boolean("is_personal")?;
    let results = parameters.take_json("results")?;
    let results = results.ok_or_else(|| Refusal::bad("results aren't specified"))?;
    let Value::Array(results) = results else {
        return Err(Refusal::bad("expected an Array of inline query results"));
    };
    if results.len() > RESULTS_MAX {
        return Err(Refusal::bad("RESULTS_TOO_MUCH"));
    }
    let mut ids = BTreeSet::new();
    for result in &results {
        check(result)?;
        if !ids.insert(text(result, "id")?) {
            return Err(Refusal::bad("RESULT_ID_DUPLICATE"));
        }
    }
    let button = parameters.take_json("button")?;
    if let Some(button) = &button {
        check_button(button)?;
    }
    let id = parameters.text("inline_query_id")?.unwrap_or_default();
    let id = id.parse::<u64>().map_err(|_| too_old())?;
    let answer = InlineAnswer { results, button };
    let mut state = world.lock();
    let person = state.inline.answer(id, answer, world.clock.now_ms()).ok_or_else(too_old)?;
    if let Some(chat) = state.chats.get(&person) {
        chat.touch();
    }
    drop(state);
    world.note_change();
    true_result()
}

fn text<'value>(object: &'value Value, name: &str) -> Result<&'value str, Refusal> {
    let found = object.get(name).and_then(Value::as_str);
    let missing = || format!("can't parse inline query result: Can't find field \"{name}\"");
    found.ok_or_else(|| Refusal::bad(missing()))
}

fn check(result: &Value) -> Result<(), Refusal> {
    if text(result, "type")? != "article" {
        return Err(Refusal::bad("can't parse inline query result: unsupported type"));
    }
    if !(1..=ID_BYTES_MAX).contains(&text(result, "id")?.len()) {
        return Err(Refusal::bad("RESULT_ID_INVALID"));
    }
    if text(result, "title")?.trim().is_empty() {
        return Err(Refusal::bad("ARTICLE_TITLE_EMPTY"));
    }
    let content = result.get("input_message_content").unwrap_or(&Value::Null);
    let source = text(content, "message_text")?;
    let shown = match content.get("parse_mode").and_then(Value::as_str) {
        None => source.to_owned(),
        Some(mode) if mode.eq_ignore_ascii_case("html") => {
            let parsed = html::parse(source);
            let parsed =
                parsed.map_err(|reason| Refusal::bad(format!("can't parse entities: {reason}")))?;
            parsed.finish().text
        }
        Some(_) => return Err(Refusal::bad("unsupported parse_mode")),
    };
    match utf16_len(&shown) {
        0 => Err(Refusal::bad("MESSAGE_EMPTY")),
        units if units > TEXT_UNITS_MAX => Err(Refusal::bad("message is too long")),
        _ => keyboard::check_inline(result.get("reply_markup")),
    }
}

fn check_button(button: &Value) -> Result<(), Refusal> {
    let start = text(button, "start_parameter")?;
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if text(button, "text")?.is_empty()
        || !(1..=ID_BYTES_MAX).contains(&start.len())
        || !start.bytes().all(known)
    {
        return Err(Refusal::bad("START_PARAM_INVALID"));
    }
    Ok(())
}
