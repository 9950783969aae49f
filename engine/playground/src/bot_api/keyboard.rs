//! Checks `reply_markup` and gives it back in the form Telegram would. Only this crate.

use serde_json::{Map, Value};

use super::answer::Refusal;
use super::parameters::Parameters;
use crate::entities::utf16_len;
use crate::html::correct_url;
use crate::world::chat::Markup;

/// How many buttons a keyboard may have.
const BUTTONS_MAX: usize = 100;

/// The most bytes of `callback_data`.
const DATA_BYTES_MAX: usize = 64;

/// The longest text a button copies, in characters.
const COPY_TEXT_MAX: u32 = 256;

/// What a button can do; it does exactly one of these.
const ACTIONS: &[&str] = &[
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
];

/// The markup of a new message.
pub(crate) fn markup(parameters: &mut Parameters) -> Result<Option<Markup>, Refusal> {
    let Some(given) = parameters.take_json("reply_markup")? else { return Ok(None) };
    let Value::Object(given) = given else {
        return Err(Refusal::bad("object expected as reply markup"));
    };
    if let Some(rows) = given.get("inline_keyboard") {
        return inline(rows).map(|rows| rows.map(Markup::Inline));
    }
    if let Some(rows) = given.get("keyboard") {
        let rows = reply_rows(rows)?;
        if rows.is_empty() {
            return Ok(None);
        }
        let mut kept = given.clone();
        kept.insert("keyboard".to_owned(), Value::Array(rows));
        return Ok(Some(Markup::Keyboard(Value::Object(kept))));
    }
    let is_set = |name| given.get(name).and_then(Value::as_bool) == Some(true);
    if is_set("remove_keyboard") {
        return Ok(Some(Markup::RemoveKeyboard));
    }
    if is_set("force_reply") {
        return Ok(Some(Markup::ForceReply(Value::Object(given))));
    }
    // An object that asks for nothing is no markup; a misspelled one is a mistake.
    if given.is_empty() { Ok(None) } else { Err(Refusal::bad("object expected as reply markup")) }
}

/// The markup of an edit, which can only be an inline keyboard.
pub(crate) fn inline_markup(parameters: &mut Parameters) -> Result<Option<Markup>, Refusal> {
    match markup(parameters)? {
        None => Ok(None),
        Some(markup @ Markup::Inline(_)) => Ok(Some(markup)),
        Some(_) => Err(Refusal::bad("inline keyboard expected")),
    }
}

/// Checks the markup of an inline result, which need not have any.
pub(crate) fn check_inline(markup: Option<&Value>) -> Result<(), Refusal> {
    let Some(markup) = markup.filter(|markup| !markup.is_null()) else { return Ok(()) };
    let rows = markup.get("inline_keyboard");
    inline(rows.ok_or_else(|| Refusal::bad("inline keyboard expected"))?).map(drop)
}

/// Checks the rows; empty rows go, and so does a keyboard without buttons.
fn inline(rows: &Value) -> Result<Option<Value>, Refusal> {
    let rows = rows.as_array().ok_or_else(|| {
        Refusal::bad(
            "can't parse reply keyboard markup: Field \"inline_keyboard\" must be of type Array",
        )
    })?;
    let mut kept_rows = Vec::with_capacity(rows.len());
    let mut count = 0;
    for row in rows {
        let row = row
            .as_array()
            .ok_or_else(|| button_error("expected an Array of InlineKeyboardButton"))?;
        let kept = row.iter().map(inline_button).collect::<Result<Vec<_>, _>>()?;
        count += kept.len();
        if count > BUTTONS_MAX {
            return Err(Refusal::bad("REPLY_MARKUP_TOO_LONG"));
        }
        if !kept.is_empty() {
            kept_rows.push(Value::Array(kept));
        }
    }
    let mut markup = Map::new();
    markup.insert("inline_keyboard".to_owned(), Value::Array(kept_rows));
    Ok((count > 0).then_some(Value::Object(markup)))
}

fn button_error(reason: &str) -> Refusal {
    Refusal::bad(format!("can't parse inline keyboard button: {reason}"))
}

fn inline_button(button: &Value) -> Result<Value, Refusal> {
    let button = button.as_object().ok_or_else(|| button_error("expected an Object"))?;
    let text = match button.get("text") {
        None => return Err(button_error("Can't find field \"text\"")),
        Some(Value::String(text)) => text,
        Some(_) => return Err(button_error("Field \"text\" must be of type String")),
    };
    if text.trim().is_empty() {
        return Err(Refusal::bad("inline keyboard button text must be non-empty"));
    }
    let actions = ACTIONS.iter().filter(|name| button.get(**name).is_some_and(|v| !v.is_null()));
    let actions: Vec<_> = actions.collect();
    let action = match actions.as_slice() {
        [] => return Err(button_error("Text buttons are unallowed in the inline keyboard")),
        [one] => **one,
        // Telegram silently takes one of them; which one is nothing to rely on.
        _ => return Err(button_error("exactly one action must be specified")),
    };
    let value = button.get(action).unwrap_or(&Value::Null);
    match action {
        "callback_data" => check_data(value)?,
        "copy_text" => check_copy_text(value)?,
        "url" => check_url(value)?,
        "web_app" | "login_url" => check_url(value.get("url").unwrap_or(&Value::Null))?,
        _ => {}
    }
    let mut kept = Map::new();
    for name in ["text", "style", "icon_custom_emoji_id", action] {
        if let Some(value) = button.get(name).filter(|value| !value.is_null()) {
            kept.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(style) = kept.get("style")
        && !matches!(style.as_str(), Some("danger" | "success" | "primary"))
    {
        return Err(button_error("invalid button style specified"));
    }
    Ok(Value::Object(kept))
}

fn check_data(value: &Value) -> Result<(), Refusal> {
    let data = value.as_str();
    let data =
        data.ok_or_else(|| button_error("Field \"callback_data\" must be of type String"))?;
    if (1..=DATA_BYTES_MAX).contains(&data.len()) {
        Ok(())
    } else {
        Err(Refusal::bad("BUTTON_DATA_INVALID"))
    }
}

fn check_copy_text(value: &Value) -> Result<(), Refusal> {
    let object = value.as_object();
    let object =
        object.ok_or_else(|| button_error("Field \"copy_text\" must be of type Object"))?;
    let text = object.get("text").and_then(Value::as_str);
    let text = text.ok_or_else(|| button_error("Can't find field \"text\""))?;
    if (1..=COPY_TEXT_MAX).contains(&utf16_len(text)) {
        Ok(())
    } else {
        Err(Refusal::bad("BUTTON_COPY_TEXT_INVALID"))
    }
}

fn check_url(value: &Value) -> Result<(), Refusal> {
    let url = value.as_str().ok_or_else(|| button_error("Field \"url\" must be of type String"))?;
    if correct_url(url).is_some() {
        return Ok(());
    }
    Err(Refusal::bad(format!("inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")))
}

/// Checks a keyboard that replaces the letters; plain texts become button objects.
fn reply_rows(rows: &Value) -> Result<Vec<Value>, Refusal> {
    let broken = |reason: &str| Refusal::bad(format!("can't parse keyboard button: {reason}"));
    let rows = rows.as_array().ok_or_else(|| {
        Refusal::bad("can't parse reply keyboard markup: Field \"keyboard\" must be of type Array")
    })?;
    let mut kept_rows = Vec::with_capacity(rows.len());
    let mut count = 0;
    for row in rows {
        let row = row.as_array().ok_or_else(|| broken("expected an Array of KeyboardButton"))?;
        let mut kept = Vec::with_capacity(row.len());
        for button in row {
            let mut object = match button {
                Value::String(text) => Map::from_iter([("text".to_owned(), text.clone().into())]),
                Value::Object(object) => object.clone(),
                _ => return Err(broken("expected an Object or a String")),
            };
            object.retain(|_, value| !value.is_null());
            let text = object.get("text").and_then(Value::as_str);
            let text = text.ok_or_else(|| broken("Can't find field \"text\""))?;
            if text.trim().is_empty() {
                return Err(Refusal::bad("keyboard button text must be non-empty"));
            }
            kept.push(Value::Object(object));
        }
        count += kept.len();
        if count > 3 * BUTTONS_MAX {
            return Err(Refusal::bad("REPLY_MARKUP_TOO_LONG"));
        }
        if !kept.is_empty() {
            kept_rows.push(Value::Array(kept));
        }
    }
    Ok(kept_rows)
}
