//! The local SMSPool's HTTP side: paths, keys, and damaged answers. Only this crate.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{Router, any};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};

use super::Reply;
use super::account::Smspool;
use super::faults::{Mode, VendorFault};
use super::purchase::{Wish, generic_failure};
use crate::bot_api::parameters::{self, Parameters, Received};
use crate::server::hang_up;
use crate::world::World;

/// Where the local SMSPool lives; the base address ends here.
pub(crate) const PREFIX: &str = "/vendors/smspool";

/// How much `huge_body` sends around the answer, in bytes.
const HUGE_BYTES: usize = 8 << 20;

/// How long the first half of a cut answer has to leave.
const CUT_PAUSE: Duration = Duration::from_millis(50);

/// The longest key, in bytes.
const KEY_BYTES_MAX: usize = 64;

const PUBLIC_PATHS: &[&str] = &[
    "/country/retrieve_all",
    "/service/retrieve_all",
    "/pool/retrieve_all",
    "/request/price",
    "/request/pricing",
    "/request/success_rate",
    "/sms/stock",
];

const KEYED_PATHS: &[&str] = &[
    "/request/balance",
    "/request/active",
    "/request/history",
    "/purchase/sms",
    "/sms/check",
    "/sms/cancel",
    "/sms/resend",
    "/sms/check_resend",
];

/// Whether a path is one of those that ask for the account's key.
pub(crate) fn needs_key(path: &str) -> bool {
    KEYED_PATHS.contains(&path)
}

/// The routes of the local SMSPool.
pub(crate) fn router(world: Arc<World>) -> Router {
    Router::new().route("/vendors/smspool/{*path}", any(answer)).with_state(world)
}

async fn answer(State(world): State<Arc<World>>, request: Request) -> Response {
    let given = request.uri().path().strip_prefix(PREFIX).unwrap_or_default();
    let known = PUBLIC_PATHS.iter().chain(KEYED_PATHS).find(|path| **path == given);
    let Some(path) = known.copied() else {
        return respond(Reply::refused(404, "This page could not be found."));
    };
    let bearer = bearer(request.headers());
    let Ok(Received { parameters, .. }) = parameters::receive(request, false).await else {
        return respond(Reply::refused(400, "The request could not be understood."));
    };
    let fault = {
        let mut smspool = world.lock_smspool();
        *smspool.requests.entry(path).or_default() += 1;
        smspool.faults.take(path)
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
        let mut smspool = world.lock_smspool();
        smspool.age(now_ms);
        match smspool.check_key(path, bearer.as_deref(), &parameters, fault.as_ref()) {
            Ok(()) => smspool.reply(path, &parameters, now_ms, fault.as_ref()),
            Err(refusal) => refusal,
        }
    };
    damage(reply, fault.map(|fault| fault.mode))
}

impl Smspool {
    fn check_key(
        &self,
        path: &str,
        bearer: Option<&str>,
        parameters: &Parameters,
        fault: Option<&VendorFault>,
    ) -> Result<(), Reply> {
        if !needs_key(path) {
            return Ok(());
        }
        let field = parameters.scalar("key");
        let key = bearer.map(str::to_owned).or(field).filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| Reply::missing("key"))?;
        let is_right = match &self.options.key {
            Some(right) => key == *right,
            None => key.len() <= KEY_BYTES_MAX,
        };
        if is_right && fault.is_none_or(|fault| fault.mode != Mode::BadKey) {
            return Ok(());
        }
        Err(Reply::about(403, "key", "Invalid API key"))
    }

    fn reply(
        &mut self,
        path: &str,
        parameters: &Parameters,
        now_ms: i64,
        fault: Option<&VendorFault>,
    ) -> Reply {
        let field = |name: &str| parameters.scalar(name).filter(|text| !text.trim().is_empty());
        let (service, country, pool) = (field("service"), field("country"), field("pool"));
        let (max_price, option) = (field("max_price"), field("pricing_option"));
        let wish = Wish {
            service: service.as_deref(),
            country: country.as_deref(),
            pool: pool.as_deref(),
            max_price: max_price.as_deref(),
            pricing_option: option.as_deref(),
        };
        let mode = fault.map(|fault| fault.mode);
        let order = |reply: &mut dyn FnMut(&str) -> Reply| match field("orderid") {
            Some(code) => reply(code.trim()),
            None => Reply::missing("orderid"),
        };
        match path {
            "/request/balance" => self.balance(),
            "/country/retrieve_all" => Self::countries(),
            "/service/retrieve_all" => Self::services(),
            "/pool/retrieve_all" => Self::pools(),
            "/request/price" => self.price(&wish),
            "/request/pricing" => self.pricing(&wish),
            "/request/success_rate" => self.success_rates(&wish),
            "/sms/stock" => self.stock(&wish),
            "/purchase/sms" => self.purchase(&wish, now_ms, fault),
            "/request/active" => self.active(now_ms, mode),
            "/request/history" => {
                let number = |name, default| {
                    field(name).and_then(|text| text.trim().parse().ok()).unwrap_or(default)
                };
                let page = (number("start", 0), number("length", 100));
                self.history(page, &field("search").unwrap_or_default(), now_ms, mode)
            }
            "/sms/check" => order(&mut |code| self.check(code, now_ms, mode)),
            "/sms/cancel" => order(&mut |code| self.cancel(code, now_ms)),
            "/sms/check_resend" => order(&mut |code| self.check_resend(code)),
            "/sms/resend" => order(&mut |code| self.resend(code, now_ms)),
            _ => Reply::refused(404, "This page could not be found."),
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(|key| key.trim().to_owned())
}

/// Turns a reply into what the fault makes of it.
fn damage(reply: Reply, mode: Option<Mode>) -> Response {
    match mode {
        Some(Mode::DropAfter) => hang_up(),
        Some(Mode::Html502) => html(StatusCode::BAD_GATEWAY),
        Some(Mode::Html200) => html(StatusCode::OK),
        Some(Mode::Error500AfterBuying) => respond(Reply::refused(500, "Internal server error")),
        Some(Mode::GenericFailure) => respond(generic_failure()),
        Some(Mode::Truncated) => {
            let mut text = reply.body.to_string().into_bytes();
            text.truncate(text.len() / 2);
            json_answer(reply.status, Body::from(text))
        }
        Some(Mode::HugeBody) => {
            let mut text = vec![b' '; HUGE_BYTES];
            text.extend_from_slice(reply.body.to_string().as_bytes());
            json_answer(reply.status, Body::from(text))
        }
        Some(Mode::DropDuringAnswer) => json_answer(reply.status, cut_body(&reply)),
        _ => respond(reply),
    }
}

/// A body that breaks off after its first half.
fn cut_body(reply: &Reply) -> Body {
    let mut text = reply.body.to_string().into_bytes();
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

fn respond(reply: Reply) -> Response {
    json_answer(reply.status, Body::from(reply.body.to_string()))
}

fn json_answer(status: u16, body: Body) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
