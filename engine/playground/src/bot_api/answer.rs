//! What a Bot API method answers: a result or a refusal in Telegram's envelope. Only this crate.

use axum::response::Response;
use serde::Serialize;

use super::json_response;
use crate::world::faults::Refuse;

/// The `result` in JSON, or why not.
pub(crate) type Answer = Result<Vec<u8>, Refusal>;

/// A refusal as Telegram words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub code: u16,
    pub description: String,
    pub retry_after: Option<u32>,
    pub migrate_to_chat_id: Option<i64>,
}

impl Refusal {
    fn new(code: u16, description: String) -> Self {
        Self { code, description, retry_after: None, migrate_to_chat_id: None }
    }

    /// 400.
    pub fn bad(reason: impl AsRef<str>) -> Self {
        Self::new(400, format!("Bad Request: {}", reason.as_ref()))
    }

    /// 401.
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized".to_owned())
    }

    /// 403.
    pub fn forbidden(reason: &str) -> Self {
        Self::new(403, format!("Forbidden: {reason}"))
    }

    /// 404.
    pub fn not_found(reason: &str) -> Self {
        Self::new(404, format!("Not Found: {reason}"))
    }

    /// 409.
    pub fn conflict(reason: &str) -> Self {
        Self::new(409, format!("Conflict: {reason}"))
    }

    /// 413.
    pub fn too_large() -> Self {
        Self::new(413, "Request Entity Too Large".to_owned())
    }

    /// 429 with the seconds to wait.
    pub fn too_many_requests(retry_after: u32) -> Self {
        let description = format!("Too Many Requests: retry after {retry_after}");
        Self { retry_after: Some(retry_after), ..Self::new(429, description) }
    }

    /// Whatever was asked for.
    pub fn on_demand(fault: Refuse) -> Self {
        let migrate_to_chat_id = fault.migrate_to_chat_id;
        Self { migrate_to_chat_id, ..Self::new(fault.code, fault.description) }
    }

    /// 5xx on demand.
    pub fn server_error(code: u16) -> Self {
        let words = match code {
            502 => "Bad Gateway",
            503 => "Service Unavailable",
            504 => "Gateway Timeout",
            _ => "Internal Server Error",
        };
        Self::new(code, words.to_owned())
    }
}

/// Serialises a result.
pub(crate) fn result_of(value: &impl Serialize) -> Answer {
    // A result is made of our own types; if it cannot be written the server is at fault.
    serde_json::to_vec(value).map_err(|_| Refusal::server_error(500))
}

/// The result `true`.
pub(crate) fn true_result() -> Answer {
    Ok(b"true".to_vec())
}

/// The envelope around a result.
pub(crate) fn succeeded(result: Vec<u8>) -> Response {
    let mut body = Vec::with_capacity(result.len() + 24);
    body.extend_from_slice(b"{\"ok\":true,\"result\":");
    body.extend_from_slice(&result);
    body.push(b'}');
    json_response(200, body)
}

/// The envelope around a refusal.
pub(crate) fn refused(refusal: &Refusal) -> Response {
    let mut body = serde_json::json!({
        "ok": false, "error_code": refusal.code, "description": refusal.description
    });
    let parameters = match (refusal.retry_after, refusal.migrate_to_chat_id) {
        (Some(secs), _) => Some(serde_json::json!({ "retry_after": secs })),
        (None, Some(chat)) => Some(serde_json::json!({ "migrate_to_chat_id": chat })),
        (None, None) => None,
    };
    if let (Some(parameters), Some(body)) = (parameters, body.as_object_mut()) {
        body.insert("parameters".to_owned(), parameters);
    }
    json_response(refusal.code, body.to_string().into_bytes())
}
