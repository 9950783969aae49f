//! Calls, clock, faults, vendor, files: what a test or a curious newcomer turns and looks at.
//! Only this crate.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Problem, Shared, parse};
use crate::clock::SPEED_MAX;
use crate::vendors::{Settings, Vendor, VendorFault};
use crate::world::World;
use crate::world::faults::{
    Deactivate, DropConnections, RandomRetryAfter, Refuse, RetryAfter, ServerError,
};

#[derive(Deserialize)]
pub(super) struct Since {
    #[serde(default)]
    since: u64,
}

/// `GET /playground/calls`
pub(super) async fn calls(State(world): Shared, Query(query): Query<Since>) -> Response {
    let lines = {
        let calls = world.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.json_lines(query.since)
    };
    ([(header::CONTENT_TYPE, "application/x-ndjson")], lines).into_response()
}

/// `GET /playground/mistakes`
pub(super) async fn mistakes(State(world): Shared) -> Json<Value> {
    let calls = world.calls.lock().unwrap_or_else(PoisonError::into_inner);
    Json(calls.mistakes())
}

/// `GET /playground/updates`
pub(super) async fn updates(State(world): Shared) -> Json<Value> {
    let mut state = world.lock();
    state.updates.expire(world.clock.now_ms());
    let updates = &state.updates;
    Json(json!({
        "pending": updates.len(),
        "next_update_id": updates.next_id(),
        "first_pending_update_id": updates.first().map(|update| update.id),
        "confirmed": updates.confirmed_count,
        "expired": updates.expired_count,
        "dropped": updates.dropped_count,
        "waiting_polls": world.waiting_polls.load(Ordering::Relaxed),
        "webhook_url": updates.webhook.as_ref().map(|webhook| &webhook.url),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    #[serde(default)]
    advance_secs: Option<u64>,
    #[serde(default)]
    speed: Option<u32>,
}

/// `GET /playground/clock`
pub(super) async fn clock(State(world): Shared) -> Json<Value> {
    Json(clock_json(&world))
}

/// `POST /playground/clock`
pub(super) async fn set_clock(State(world): Shared, body: Bytes) -> Result<Json<Value>, Problem> {
    let change: ClockChange = parse(&body)?;
    if change.advance_secs.is_none() && change.speed.is_none() {
        return Err(Problem::bad("give advance_secs, speed, or both"));
    }
    if change.speed.is_some_and(|speed| speed > SPEED_MAX) {
        return Err(Problem::bad(format!("speed must be 0 to {SPEED_MAX}")));
    }
    if let Some(speed) = change.speed {
        world.clock.set_speed(speed);
    }
    if let Some(secs) = change.advance_secs {
        world.clock.advance(Duration::from_secs(secs));
    }
    world.update_came.notify_waiters();
    world.note_change();
    Ok(Json(clock_json(&world)))
}

fn clock_json(world: &World) -> Value {
    let pace = world.clock.pace();
    let now_ms = pace.now_ms();
    json!({ "now_ms": now_ms, "now": now_ms.div_euclid(1000), "speed": pace.speed,
            "offset_ms": pace.offset_ms() })
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct FaultRequest {
    clear: bool,
    retry_after: Option<RetryAfter>,
    drop_connections: Option<DropConnections>,
    server_error: Option<ServerError>,
    refuse: Option<Refuse>,
    random_retry_after: Option<RandomRetryAfter>,
    deactivate: Option<Deactivate>,
    block: Option<Block>,
    vendor: Option<VendorFault>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    person: i64,
    blocked: bool,
}

/// `GET /playground/faults`
pub(super) async fn faults(State(world): Shared) -> Json<Value> {
    Json(faults_json(&world))
}

/// `POST /playground/faults`
pub(super) async fn set_faults(State(world): Shared, body: Bytes) -> Result<Json<Value>, Problem> {
    let request: FaultRequest = parse(&body)?;
    let code = request.server_error.as_ref().map(|fault| fault.code);
    if code.is_some_and(|code| !(500..600).contains(&code)) {
        return Err(Problem::bad("server_error.code must be 500 to 599"));
    }
    let code = request.refuse.as_ref().map(|fault| fault.code);
    if code.is_some_and(|code| !(400..600).contains(&code)) {
        return Err(Problem::bad("refuse.code must be 400 to 599"));
    }
    let mut has_room = true;
    {
        let mut state = world.lock();
        if request.clear {
            state.faults = Default::default();
        }
        let faults = &mut state.faults;
        if let Some(fault) = request.random_retry_after {
            faults.set_random_retry_after(fault);
        }
        if let Some(gone) = request.deactivate {
            faults.deactivate(gone);
        }
        has_room &= request.retry_after.is_none_or(|fault| faults.add_retry_after(fault));
        has_room &= request.drop_connections.is_none_or(|fault| faults.add_drop(fault));
        has_room &= request.server_error.is_none_or(|fault| faults.add_server_error(fault));
        has_room &= request.refuse.is_none_or(|fault| faults.add_refusal(fault));
    }
    {
        if request.clear {
            for vendor in Vendor::ALL {
                world.vendors.lock(vendor).clear_faults();
            }
        }
        has_room &=
            request.vendor.is_none_or(|fault| world.vendors.lock(fault.at).add_fault(fault));
    }
    if let Some(block) = request.block {
        world.set_blocked(block.person, block.blocked)?;
    }
    world.note_change();
    if !has_room {
        return Err(Problem::bad("too many faults wait already; clear them first"));
    }
    Ok(Json(faults_json(&world)))
}

fn faults_json(world: &World) -> Value {
    let state = world.lock();
    let blocked = state.people.values().filter(|resident| resident.blocks_bot);
    let blocked: Vec<_> = blocked.map(|resident| resident.person.id).collect();
    let mut shown = json!(state.faults);
    drop(state);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("blocked".to_owned(), json!(blocked));
        let waiting = Vendor::ALL.into_iter().flat_map(|vendor| {
            let account = world.vendors.lock(vendor);
            account.waiting_faults().iter().map(|fault| json!(fault)).collect::<Vec<_>>()
        });
        shown.insert("vendor".to_owned(), waiting.collect());
    }
    shown
}

/// Which vendor is meant; SMSPool unless another is named.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    #[serde(default)]
    at: Vendor,
}

/// `GET /playground/vendor`
pub(super) async fn vendor(State(world): Shared, Query(which): Query<Which>) -> Json<Value> {
    let now_ms = world.clock.now_ms();
    Json(world.vendors.lock(which.at).summary(now_ms))
}

/// `POST /playground/vendor`
pub(super) async fn set_vendor(
    State(world): Shared,
    Query(which): Query<Which>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let settings: Settings = parse(&body)?;
    let now_ms = world.clock.now_ms();
    let mut account = world.vendors.lock(which.at);
    account.change(settings).map_err(Problem::bad)?;
    Ok(Json(account.summary(now_ms)))
}

/// `GET /playground/vendor/orders`
pub(super) async fn vendor_orders(State(world): Shared, Query(which): Query<Which>) -> Json<Value> {
    let now_ms = world.clock.now_ms();
    Json(world.vendors.lock(which.at).orders_json(now_ms))
}

/// `GET /playground/files/{id}`
pub(super) async fn file(
    State(world): Shared,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let file = world.lock().files.get(&id).ok_or_else(|| Problem::not_found("no such file"))?;
    let mut headers = HeaderMap::new();
    let mime = HeaderValue::from_static(file.safe_mime());
    headers.insert(header::CONTENT_TYPE, mime);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let policy = HeaderValue::from_static("sandbox; default-src 'none'");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    let kind = if file.picture.is_some() { "inline" } else { "attachment" };
    // The name was cut to harmless characters when it was stored.
    let disposition = format!("{kind}; filename=\"{}\"", file.name);
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok((headers, Body::from(file.bytes.clone())).into_response())
}
