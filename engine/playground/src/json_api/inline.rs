//! Inline mode: what somebody types behind the bot's name, and what they choose. Only this crate.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Problem, Shared, parse};
use crate::world::people::{Misdeed, Said};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asking {
    query: String,
}

/// `POST /playground/people/{id}/inline`
pub(super) async fn ask(
    State(world): Shared,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let Asking { query } = parse(&body)?;
    let id = world.ask_inline(id, &query)?;
    Ok(Json(json!({ "inline_query_id": id.to_string() })))
}

/// `GET /playground/people/{id}/inline`
pub(super) async fn latest(
    State(world): Shared,
    Path(id): Path<i64>,
) -> Result<Json<Value>, Problem> {
    let state = world.lock();
    if !state.people.contains_key(&id) {
        return Err(Misdeed::NoSuchPerson(id).into());
    }
    Ok(Json(state.inline.latest(id)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Choosing {
    result_id: String,
}

/// `POST /playground/people/{id}/inline/choose`
pub(super) async fn choose(
    State(world): Shared,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<Said>, Problem> {
    let Choosing { result_id } = parse(&body)?;
    Ok(Json(world.choose_inline(id, &result_id)?))
}
