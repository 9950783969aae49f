//! Paying invoices, the list of payments, pictures and files from people. Only this crate.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Problem, Shared, parse};
use crate::world::paying::Asked;
use crate::world::people::Said;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paying {
    message_id: i64,
    #[serde(default)]
    untold: bool,
}

/// `POST /playground/people/{id}/payments`
pub(super) async fn pay(
    State(world): Shared,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<Asked>, Problem> {
    let paying: Paying = parse(&body)?;
    Ok(Json(world.pay(id, paying.message_id, paying.untold)?))
}

#[derive(Deserialize)]
pub(super) struct FileQuery {
    name: String,
    #[serde(default)]
    document: bool,
}

/// `POST /playground/people/{id}/files`
pub(super) async fn send_file(
    State(world): Shared,
    Path(id): Path<i64>,
    Query(query): Query<FileQuery>,
    body: Bytes,
) -> Result<Json<Said>, Problem> {
    Ok(Json(world.send_file(id, query.name, body, query.document)?))
}

/// `GET /playground/payments`
pub(super) async fn list(State(world): Shared) -> Json<Value> {
    let state = world.lock();
    let rows = state.payments.transactions.iter().map(|row| {
        json!({
            "charge": row.charge, "person": row.person_id, "stars": row.amount,
            "payload": row.payload, "refund": row.refund, "date": row.date,
        })
    });
    Json(Value::Array(rows.collect()))
}

/// `POST /playground/payments/{charge}/repeat`
pub(super) async fn repeat(
    State(world): Shared,
    Path(charge): Path<String>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({ "update_id": world.repeat_payment(&charge)? })))
}
