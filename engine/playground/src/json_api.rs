//! The JSON API for scripts and for the chat page. Only this crate.
//!
//! Its documentation for users is `page/api.txt`, served at `/playground`.

mod controls;
mod inline;
mod live;
mod payments;
mod people;
mod views;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{Router, get, post};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::world::World;
use crate::world::files::PHOTO_BYTES_MAX;
use crate::world::people::Misdeed;

/// The largest request body, in bytes.
const BODY_BYTES_MAX: usize = 1 << 20;

/// The routes under `/playground`.
pub(crate) fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/playground", get(|| async { include_str!("../page/api.txt") }))
        .route("/playground/people", get(people::list))
        .route("/playground/people/{id}/chat", get(people::chat))
        .route("/playground/people/{id}/messages", post(people::write))
        .route("/playground/people/{id}/presses", post(people::press))
        .route("/playground/people/{id}/inline", get(inline::latest).post(inline::ask))
        .route("/playground/people/{id}/inline/choose", post(inline::choose))
        .route("/playground/people/{id}/language", post(people::set_language))
        .route("/playground/people/{id}/payments", post(payments::pay))
        .route(
            "/playground/people/{id}/files",
            post(payments::send_file).layer(DefaultBodyLimit::max(PHOTO_BYTES_MAX)),
        )
        .route("/playground/payments", get(payments::list))
        .route("/playground/payments/{charge}/repeat", post(payments::repeat))
        .route("/playground/calls", get(controls::calls))
        .route("/playground/mistakes", get(controls::mistakes))
        .route("/playground/updates", get(controls::updates))
        .route("/playground/clock", get(controls::clock).post(controls::set_clock))
        .route("/playground/faults", get(controls::faults).post(controls::set_faults))
        .route("/playground/vendor", get(controls::vendor).post(controls::set_vendor))
        .route("/playground/vendor/orders", get(controls::vendor_orders))
        .route("/playground/files/{id}", get(controls::file))
        .route("/playground/events", get(live::events))
        .layer(middleware::from_fn(refuse_foreign_pages))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(world)
}

/// What the handlers share.
type Shared = State<Arc<World>>;

/// A refusal of the JSON API: a status and `{"error": …}`.
#[derive(Debug)]
struct Problem(StatusCode, String);

impl Problem {
    fn bad(reason: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, reason.into())
    }

    fn not_found(reason: impl Into<String>) -> Self {
        Self(StatusCode::NOT_FOUND, reason.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.0, axum::Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<Misdeed> for Problem {
    fn from(misdeed: Misdeed) -> Self {
        let status = match misdeed {
            Misdeed::NoSuchPerson(_)
            | Misdeed::NoSuchMessage(_)
            | Misdeed::NoSuchButton(..)
            | Misdeed::NoSuchPayment => StatusCode::NOT_FOUND,
            Misdeed::Blocked(_) | Misdeed::PaidAlready => StatusCode::CONFLICT,
            Misdeed::NotQueued => StatusCode::SERVICE_UNAVAILABLE,
            Misdeed::Empty | Misdeed::TooLong | Misdeed::BadData => StatusCode::BAD_REQUEST,
        };
        Self(status, misdeed.to_string())
    }
}

/// Reads a JSON body whatever its content type says: scripts often leave it out.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // A list would be taken for a struct's fields in their order, which no script means.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Problem::bad("bad JSON body: expected an object"));
    }
    serde_json::from_slice(body).map_err(|error| Problem::bad(format!("bad JSON body: {error}")))
}

/// Turns away requests that a foreign web page makes through the user's browser: the playground
/// has no passwords, so the origin is all there is to tell them apart.
async fn refuse_foreign_pages(request: Request, next: Next) -> Response {
    if is_foreign(request.headers()) {
        let reason = "requests from other sites' pages are refused";
        return Problem(StatusCode::FORBIDDEN, reason.to_owned()).into_response();
    }
    next.run(request).await
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match (text(header::ORIGIN), text(header::HOST)) {
        (None, _) => false,
        (Some(origin), Some(host)) => origin.strip_prefix("http://") != Some(host),
        (Some(_), None) => true,
    }
}
