//! What every local vendor does with a request: count it, let it go wrong, do it, damage the
//! answer. Only `vendors`.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use serde_json::Value;

use super::Vendor;
use super::account::Account;
use super::faults::{Kind, Mode, VendorFault};
use crate::server::hang_up;
use crate::world::World;

/// How much `huge_body` sends around the answer, in bytes.
const HUGE_BYTES: usize = 8 << 20;

/// How long the first half of a cut answer has to leave.
const CUT_PAUSE: Duration = Duration::from_millis(50);

/// An answer before any misbehaviour: the HTTP status and the body.
#[derive(Debug, PartialEq)]
pub(super) struct Reply {
    status: u16,
    is_json: bool,
    text: String,
}

impl Reply {
    pub fn ok(body: Value) -> Self {
        Self::json(200, body)
    }

    pub fn json(status: u16, body: Value) -> Self {
        Self { status, is_json: true, text: body.to_string() }
    }

    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Self { status, is_json: false, text: text.into() }
    }
}

/// One of a vendor's calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub name: &'static str,
    pub kind: Kind,
}

impl Call {
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind }
    }
}

/// How a vendor writes that something broke.
pub(super) struct Trouble {
    /// A server error.
    pub broken: Reply,
    /// Words that leave open what happened.
    pub vague: Reply,
}

/// Does what was asked, or what a fault makes of it. `about` tells the service and country that
/// the call is about, by SMSPool's ids, where faults may be meant for one offer.
pub(super) async fn serve(
    world: &World,
    vendor: Vendor,
    call: Call,
    trouble: Trouble,
    about: impl FnOnce(&Account) -> Option<(u32, u32)>,
    act: impl FnOnce(&mut Account, i64, Option<&VendorFault>) -> Reply,
) -> Response {
    let fault = {
        let mut account = world.vendors.lock(vendor);
        *account.requests.entry(call.name).or_default() += 1;
        let offer = about(&account);
        account.faults.take(call.name, call.kind, offer)
    };
    if let Some(fault) = &fault {
        match fault.mode {
            Mode::DropBefore => return hang_up(),
            Mode::Slow => {
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_secs(fault.secs)) => {}
                    () = world.shutdown.cancelled() => return hang_up(),
                }
            }
            Mode::Html502 if !fault.bought => return html(StatusCode::BAD_GATEWAY),
            Mode::Html200 if !fault.bought => return html(StatusCode::OK),
            _ => {}
        }
    }
    let now_ms = world.clock.now_ms();
    let reply = {
        let mut account = world.vendors.lock(vendor);
        account.age(now_ms);
        act(&mut account, now_ms, fault.as_ref())
    };
    damage(reply, fault.map(|fault| fault.mode), trouble)
}

/// Rows of a list as a fault makes them.
pub(super) fn list<T: Clone>(rows: Vec<T>, fault: Option<Mode>) -> Vec<T> {
    match fault {
        Some(Mode::Vanish) => Vec::new(),
        Some(Mode::Duplicates) => rows.into_iter().flat_map(|row| [row.clone(), row]).collect(),
        _ => rows,
    }
}

/// The key in the header.
pub(super) fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(|key| key.trim().to_owned())
}

/// Turns a reply into what the fault makes of it.
fn damage(reply: Reply, mode: Option<Mode>, trouble: Trouble) -> Response {
    match mode {
        Some(Mode::DropAfter) => hang_up(),
        Some(Mode::Html502) => html(StatusCode::BAD_GATEWAY),
        Some(Mode::Html200) => html(StatusCode::OK),
        Some(Mode::Error500AfterBuying) => respond(trouble.broken),
        Some(Mode::GenericFailure) => respond(trouble.vague),
        Some(Mode::Truncated) => {
            let mut half = reply.text.clone().into_bytes();
            half.truncate(half.len() / 2);
            with_body(&reply, Body::from(half))
        }
        Some(Mode::HugeBody) => {
            let mut huge = vec![b' '; HUGE_BYTES];
            huge.extend_from_slice(reply.text.as_bytes());
            with_body(&reply, Body::from(huge))
        }
        Some(Mode::DropDuringAnswer) => with_body(&reply, cut_body(&reply)),
        _ => respond(reply),
    }
}

/// A body that breaks off after its first half.
fn cut_body(reply: &Reply) -> Body {
    let mut text = reply.text.clone().into_bytes();
    text.truncate(text.len() / 2);
    let half = stream::once(async { Ok::<_, std::io::Error>(Bytes::from(text)) });
    let cut = stream::once(async {
        // Without the pause the connection would be cut before its first half has left.
        tokio::time::sleep(CUT_PAUSE).await;
        Err(std::io::Error::new(std::io::ErrorKind::ConnectionAborted, "cut on demand"))
    });
    Body::from_stream(half.chain(cut))
}

fn html(status: StatusCode) -> Response {
    let page = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>\
                <h1>Bad gateway</h1></body></html>";
    (status, [(header::CONTENT_TYPE, "text/html; charset=UTF-8")], page).into_response()
}

/// Sends a reply as it is.
pub(super) fn respond(reply: Reply) -> Response {
    let body = Body::from(reply.text.clone());
    with_body(&reply, body)
}

fn with_body(reply: &Reply, body: Body) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or_default();
    let kind = if reply.is_json { "application/json" } else { "text/plain; charset=utf-8" };
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}
