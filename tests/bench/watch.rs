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

/// The person's chat with its newest message, as soon as that looks like this and is later than
/// this version. The server listens at `address`.
pub async fn until(
    http: &Client,
    address: &str,
    person: i64,
    after: u64,
    fits: impl Fn(&Value) -> bool,
) -> Value {
    let (start, mut after) = (Instant::now(), after);
    loop {
        let chat = chat(http, address, person, after).await;
        if fits(&chat["messages"][0]) {
            return chat;
        }
        assert!(start.elapsed() < PATIENCE, "what {person} waits for does not come: {chat:#}");
        after = version(&chat);
    }
}

/// The person's chat with its newest message, once it is later than this version or some seconds
/// have gone.
pub async fn chat(http: &Client, address: &str, person: i64, after: u64) -> Value {
    let url = format!(
        "http://{address}/playground/people/{person}/chat?last=1&after_version={after}&wait_secs=5"
    );
    http.get(url).send().await.unwrap().json().await.unwrap()
}
