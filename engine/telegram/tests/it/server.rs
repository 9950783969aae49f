//! A Bot API server that says what a test tells it to, with real offsets for `getUpdates`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use ring4_telegram::client::{Client, ClientOptions};
use ring4_telegram::token::BotToken;
use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore};

pub const TOKEN: &str = "123456:SECRET-that_must-never_show";

/// How long a test waits for something before it fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What the server says to one call.
pub enum Answer {
    /// `{"ok":true}` with this result.
    Result(Value),
    /// `{"ok":false}` with code and description, and `retry_after` where given.
    Refusal(u16, String, Option<u32>),
    /// Anything else.
    Text(StatusCode, String),
    /// Begins an answer and hangs up.
    HangUp,
    /// Answers after the semaphore has a permit.
    Hold(Arc<Semaphore>, Box<Self>),
}

/// A call the server got.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub body: Value,
    /// The body as it came; a form stays a form.
    pub raw: Bytes,
    pub at: Instant,
}

type Script = Box<dyn FnMut(&Call) -> Option<Answer> + Send>;

struct World {
    calls: Mutex<Vec<Call>>,
    script: Mutex<Script>,
    updates: Mutex<VecDeque<Value>>,
    changed: Notify,
    messages: Mutex<i32>,
}

/// A running server; it ends with the test's runtime.
#[derive(Clone)]
pub struct Server {
    world: Arc<World>,
    pub url: String,
}

impl Server {
    /// A server that answers everything well.
    pub async fn start() -> Self {
        Self::scripted(|_| None).await
    }

    /// A server that asks `script` first.
    pub async fn scripted(script: impl FnMut(&Call) -> Option<Answer> + Send + 'static) -> Self {
        let world = Arc::new(World {
            calls: Mutex::new(Vec::new()),
            script: Mutex::new(Box::new(script)),
            updates: Mutex::new(VecDeque::new()),
            changed: Notify::new(),
            messages: Mutex::new(0),
        });
        let router = Router::new()
            .route("/{bot}/{method}", axum::routing::post(answer))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&world));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { world, url }
    }

    pub fn client(&self) -> Client {
        client(&self.url)
    }

    /// Updates that wait to be fetched.
    pub fn push(&self, updates: impl IntoIterator<Item = Value>) {
        self.world.updates.lock().expect("updates").extend(updates);
        self.world.changed.notify_waiters();
    }

    /// Updates not confirmed yet.
    pub fn unconfirmed(&self) -> usize {
        self.world.updates.lock().expect("updates").len()
    }

    pub fn calls(&self, method: &str) -> Vec<Call> {
        let calls = self.world.calls.lock().expect("calls");
        calls.iter().filter(|call| call.method == method).cloned().collect()
    }

    /// The texts sent to a chat, in the order they came.
    pub fn texts(&self, chat: i64) -> Vec<String> {
        let sent = self.calls("sendMessage").into_iter();
        let here = sent.filter(|call| call.body["chat_id"] == chat);
        here.map(|call| call.body["text"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

pub fn client(url: &str) -> Client {
    let token = BotToken::parse(TOKEN).expect("a token");
    let options = ClientOptions { api_url: url.to_owned(), ..ClientOptions::new(token) };
    Client::new(options).expect("a client")
}

/// Waits until `condition` holds.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::task::yield_now().await;
    }
}

async fn answer(
    State(world): State<Arc<World>>,
    Path((bot, method)): Path<(String, String)>,
    headers: HeaderMap,
    raw: Bytes,
) -> Response {
    assert_eq!(bot, format!("bot{TOKEN}"));
    let json = headers.get("content-type").is_some_and(|kind| kind == "application/json");
    let body = if json { serde_json::from_slice(&raw).expect("JSON") } else { Value::Null };
    let call = Call { method, body, raw, at: Instant::now() };
    world.calls.lock().expect("calls").push(call.clone());
    let scripted = (world.script.lock().expect("a script"))(&call);
    let mut answer = match scripted {
        Some(answer) => answer,
        None => usual(&world, &call).await,
    };
    loop {
        answer = match answer {
            Answer::Hold(permits, answer) => {
                permits.acquire().await.expect("a permit").forget();
                *answer
            }
            Answer::Result(result) => return ok(&result),
            Answer::Text(status, text) => return (status, text).into_response(),
            Answer::Refusal(code, description, retry_after) => {
                let mut body = json!({"ok": false, "error_code": code, "description": description});
                if let Some(secs) = retry_after {
                    body["parameters"] = json!({"retry_after": secs});
                }
                let status = StatusCode::from_u16(code).expect("a status");
                return (status, body.to_string()).into_response();
            }
            Answer::HangUp => {
                let cut = std::io::Error::other("hung up");
                let pieces = [Ok(Bytes::from_static(b"{\"ok\":tr")), Err(cut)];
                let stream = futures_util::stream::iter(pieces);
                return Body::from_stream(stream).into_response();
            }
        };
    }
}

fn ok(result: &Value) -> Response {
    json!({"ok": true, "result": result}).to_string().into_response()
}

async fn usual(world: &World, call: &Call) -> Answer {
    let result = match call.method.as_str() {
        "getUpdates" => get_updates(world, &call.body).await,
        "getMe" => json!({"id": 1, "is_bot": true, "first_name": "Bot", "username": "ring4_bot"}),
        "sendMessage"
        | "editMessageText"
        | "editMessageReplyMarkup"
        | "sendPhoto"
        | "sendDocument" => {
            let mut messages = world.messages.lock().expect("messages");
            *messages += 1;
            json!({"message_id": *messages, "date": 1, "chat": {"id": call.body["chat_id"]}})
        }
        _ => json!(true),
    };
    Answer::Result(result)
}

async fn get_updates(world: &World, body: &Value) -> Value {
    let deadline = tokio::time::Instant::now()
        + Duration::from_secs(body["timeout"].as_u64().unwrap_or_default());
    let limit = usize::try_from(body["limit"].as_u64().unwrap_or(100)).expect("small");
    loop {
        let changed = world.changed.notified();
        {
            let mut updates = world.updates.lock().expect("updates");
            if let Some(offset) = body["offset"].as_i64() {
                updates.retain(|update| update["update_id"].as_i64() >= Some(offset));
            }
            if !updates.is_empty() {
                return updates.iter().take(limit).cloned().collect();
            }
        }
        if tokio::time::timeout_at(deadline, changed).await.is_err() {
            return json!([]);
        }
    }
}

/// An update with a message of a private chat.
pub fn message(update_id: i64, person: i64, text: &str) -> Value {
    json!({"update_id": update_id, "message": {
        "message_id": 1, "date": 1, "text": text,
        "chat": {"id": person, "type": "private", "first_name": "P"},
        "from": {"id": person, "is_bot": false, "first_name": "P"}}})
}
