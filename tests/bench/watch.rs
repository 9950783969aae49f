//! A person's chat, watched over HTTP until it shows something. `buying` and `presses` use it.

use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::Value;

/// How long a screen may take before the bench calls it lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a chat looked: what comes later has a higher number.
pub fn version(chat: &Value) -> u64 {
    chat["version"].as_u64().unwrap()
}

/// Messages that are looked at, the newest of a chat: news may come below the one that is watched.
const LAST: u32 = 4;

/// The person's chat with its newest messages, as soon as they look like this and are later than
/// this version. The server listens at `address`.
pub async fn until(
    http: &Client,
    address: &str,
    person: i64,
    after: u64,
    fits: impl Fn(&[Value]) -> bool,
) -> Value {
    let (start, mut after) = (Instant::now(), after);
    loop {
        let chat = chat(http, address, person, after).await;
        if fits(chat["messages"].as_array().unwrap()) {
            return chat;
        }
        assert!(start.elapsed() < PATIENCE, "what {person} waits for does not come: {chat:#}");
        after = version(&chat);
    }
}

/// The person's chat with its newest messages, once it is later than this version or some seconds
/// have gone.
pub async fn chat(http: &Client, address: &str, person: i64, after: u64) -> Value {
    let url = format!(
        "http://{address}/playground/people/{person}/chat?last={LAST}\
         &after_version={after}&wait_secs=5"
    );
    http.get(url).send().await.unwrap().json().await.unwrap()
}
