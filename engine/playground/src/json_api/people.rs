//! People, their chats, and what they do. Only this crate.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::views::{PersonView, chat_view};
use super::{Problem, Shared, parse};
use crate::entities::Entity;
use crate::world::World;
use crate::world::chat::GROUP_ID;
use crate::world::people::{Button, Misdeed, Place, Pressed, Said};

/// The longest wait for a change of a chat, in real seconds.
const WAIT_SECS_MAX: u64 = 60;

/// `GET /playground/people`
pub(super) async fn list(State(world): Shared) -> Json<Value> {
    let state = world.lock();
    let people: Vec<_> = state.people.values().map(PersonView::of).collect();
    Json(json!(people))
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum ChatName {
    #[default]
    Private,
    Group,
}

impl From<ChatName> for Place {
    fn from(name: ChatName) -> Self {
        match name {
            ChatName::Private => Self::Private,
            ChatName::Group => Self::Group,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Writing {
    text: String,
    #[serde(default)]
    reply_to: Option<i64>,
    #[serde(default)]
    chat: ChatName,
    /// What the person formatted in the app.
    #[serde(default)]
    entities: Vec<Entity>,
}

/// `POST /playground/people/{id}/messages`
pub(super) async fn write(
    State(world): Shared,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<Said>, Problem> {
    let writing: Writing = parse(&body)?;
    let Writing { text, reply_to, chat, entities } = writing;
    let said = world.say_formatted(id, chat.into(), (&text, entities), reply_to)?;
    Ok(Json(said))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pressing {
    message_id: i64,
    #[serde(default)]
    data: Option<String>,
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    chat: ChatName,
}

/// `POST /playground/people/{id}/presses`
pub(super) async fn press(
    State(world): Shared,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<Pressed>, Problem> {
    let pressing: Pressing = parse(&body)?;
    let button = match (&pressing.data, &pressing.label) {
        (Some(data), None) => Button::Data(data),
        (None, Some(label)) => Button::Label(label),
        _ => return Err(Problem::bad("give either data or label")),
    };
    Ok(Json(world.press(id, pressing.chat.into(), pressing.message_id, button)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Language {
    language_code: String,
}

/// `POST /playground/people/{id}/language`
pub(super) async fn set_language(
    State(world): Shared,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let Language { language_code } = parse(&body)?;
    let is_tag = (2..=16).contains(&language_code.len())
        && language_code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !is_tag {
        return Err(Problem::bad("language_code must be an IETF language tag"));
    }
    world.set_language(id, &language_code)?;
    Ok(Json(json!({ "language_code": language_code })))
}

#[derive(Deserialize)]
pub(super) struct ChatQuery {
    #[serde(default)]
    after_version: Option<u64>,
    #[serde(default)]
    wait_secs: u64,
    #[serde(default)]
    last: Option<usize>,
    #[serde(default)]
    chat: ChatName,
}

/// `GET /playground/people/{id}/chat`
pub(super) async fn chat(
    State(world): Shared,
    Path(id): Path<i64>,
    Query(query): Query<ChatQuery>,
) -> Result<Json<impl Serialize>, Problem> {
    let chat_id = match query.chat {
        ChatName::Private => id,
        ChatName::Group => GROUP_ID,
    };
    if let Some(version) = query.after_version {
        let wait = Duration::from_secs(query.wait_secs.min(WAIT_SECS_MAX));
        wait_for_change(&world, id, chat_id, version, wait).await?;
    }
    let state = world.lock();
    let view = chat_view(&state, id, chat_id, query.last.unwrap_or(usize::MAX));
    Ok(Json(view.ok_or(Misdeed::NoSuchPerson(id))?))
}

/// Waits until a chat's version is above the given one, or the time is over.
async fn wait_for_change(
    world: &Arc<World>,
    person_id: i64,
    chat_id: i64,
    version: u64,
    wait: Duration,
) -> Result<(), Problem> {
    let mut changes = {
        let state = world.lock();
        if !state.people.contains_key(&person_id) {
            return Err(Misdeed::NoSuchPerson(person_id).into());
        }
        let chat = state.chats.get(&chat_id).ok_or(Misdeed::NoSuchPerson(person_id))?;
        chat.version.subscribe()
    };
    tokio::select! {
        _ = changes.wait_for(|now| *now > version) => {}
        () = tokio::time::sleep(wait) => {}
        () = world.shutdown.cancelled() => {}
    }
    Ok(())
}
