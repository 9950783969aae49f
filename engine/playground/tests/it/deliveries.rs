//! How updates reach the bot: offsets, long polls, one poller, webhooks, expiry.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use axum::routing::{Router, post};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::play::{PATIENCE, Play};

fn ids(updates: &Value) -> Vec<i64> {
    updates.as_array().unwrap().iter().map(|u| u["update_id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn an_offset_confirms_and_the_rest_comes_again() {
    let play = Play::new().await;
    for text in ["one", "two", "three"] {
        play.playground.say(1001, text).unwrap();
    }
    let all = ids(&play.ok("getUpdates", json!({})).await);
    assert_eq!(all.len(), 3);
    assert_eq!(ids(&play.ok("getUpdates", json!({ "limit": 2 })).await), all[..2]);
    let after = json!({ "offset": all[1] });
    assert_eq!(ids(&play.ok("getUpdates", after).await), all[1..]);
    assert_eq!(ids(&play.ok("getUpdates", json!({})).await), all[1..]);
    assert_eq!(ids(&play.ok("getUpdates", json!({ "offset": -1 })).await), all[2..]);
    assert_eq!(ids(&play.ok("getUpdates", json!({ "offset": all[2] + 1 })).await), [0; 0]);
    let counts = play.get("/playground/updates").await;
    assert_eq!((&counts["pending"], &counts["confirmed"]), (&json!(0), &json!(3)));
    play.playground.stop().await;
}

#[tokio::test]
async fn a_long_poll_wakes_for_an_update() {
    let play = Play::new().await;
    let poll = play.ok("getUpdates", json!({ "timeout": 50 }));
    let write = async {
        play.polls_waiting(1).await;
        play.playground.say(1001, "hello").unwrap();
    };
    let (updates, ()) = timeout(PATIENCE, async { tokio::join!(poll, write) }).await.unwrap();
    assert_eq!(updates[0]["message"]["text"], json!("hello"));
    play.playground.stop().await;
}

#[tokio::test]
async fn the_older_of_two_pollers_is_told_so() {
    let play = Arc::new(Play::new().await);
    let older = tokio::spawn({
        let play = Arc::clone(&play);
        async move { play.bot("getUpdates", json!({ "timeout": 50 })).await }
    });
    play.polls_waiting(1).await;
    play.ok("getUpdates", json!({})).await;
    let (status, answer) = timeout(PATIENCE, older).await.unwrap().unwrap();
    assert_eq!(status, 409);
    assert_eq!(
        answer["description"],
        json!(
            "Conflict: terminated by other getUpdates request; \
             make sure that only one bot instance is running"
        )
    );
}

#[tokio::test]
async fn a_poller_that_died_is_no_second_poller() {
    let play = Play::new().await;
    let dead = play.ok("getUpdates", json!({ "timeout": 50 }));
    tokio::select! {
        _ = dead => panic!("there was nothing to deliver"),
        () = play.polls_waiting(1) => {}
    }
    // The request above was dropped with its connection.
    play.polls_waiting(0).await;
    play.playground.say(1001, "hello").unwrap();
    assert_eq!(play.updates().await.len(), 1);
    play.playground.stop().await;
}

#[tokio::test]
async fn presses_live_150_seconds_and_messages_a_day() {
    let play = Play::new().await;
    let id = play.message(1001, "x").await;
    play.playground.say(1001, "hello").unwrap();
    let query = play.playground.press(1001, id, "forged").unwrap();
    assert_eq!(play.updates().await.len(), 2);
    play.advance(149).await;
    assert_eq!(play.updates().await.len(), 2);
    play.advance(2).await;
    let left = play.updates().await;
    assert_eq!((left.len(), &left[0]["message"]["text"]), (1, &json!("hello")));
    let late = play.refused("answerCallbackQuery", json!({ "callback_query_id": query })).await;
    assert!(late.contains("query is too old"), "{late}");
    play.advance(24 * 3600).await;
    assert_eq!(play.updates().await, [json!(null); 0]);
    play.playground.stop().await;
}

#[tokio::test]
async fn only_the_kinds_asked_for_come() {
    let play = Play::new().await;
    play.ok("getUpdates", json!({ "allowed_updates": ["callback_query"] })).await;
    play.playground.say(1001, "not this").unwrap();
    play.playground.press(1001, 99, "this").unwrap();
    let updates = play.updates().await;
    assert_eq!(updates.len(), 1);
    // A message the bot no longer has is shown with the date 0.
    let inaccessible = &updates[0]["callback_query"]["message"];
    assert_eq!((&inaccessible["date"], &inaccessible["message_id"]), (&json!(0), &json!(99)));
    play.playground.stop().await;
}

/// A bot's webhook that refuses the first post and takes the others.
async fn webhook() -> (String, mpsc::Receiver<(Option<String>, Value)>) {
    let (posts, received) = mpsc::channel(16);
    let handler = move |headers: HeaderMap, body: axum::Json<Value>| {
        let posts = posts.clone();
        async move {
            let secret = headers.get("x-telegram-bot-api-secret-token");
            let secret = secret.map(|value| value.to_str().unwrap().to_owned());
            let is_first = posts.capacity() == posts.max_capacity();
            posts.send((secret, body.0)).await.unwrap();
            if is_first { StatusCode::BAD_GATEWAY } else { StatusCode::OK }
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().route("/hook", post(handler));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, received)
}

#[tokio::test]
async fn a_webhook_gets_updates_in_order_and_again_after_a_failure() {
    let play = Play::new().await;
    let (url, mut received) = webhook().await;
    play.playground.say(1001, "one").unwrap();
    play.playground.say(1002, "two").unwrap();
    play.ok("setWebhook", json!({ "url": url, "secret_token": "s3cret" })).await;
    let mut texts = Vec::new();
    timeout(PATIENCE, async {
        // Everything is read only after the repeat, so that the first post finds an empty queue.
        while received.len() < 3 {
            tokio::task::yield_now().await;
        }
        while texts.len() < 3 {
            let (secret, update) = received.recv().await.unwrap();
            assert_eq!(secret.as_deref(), Some("s3cret"));
            texts.push(update["message"]["text"].as_str().unwrap().to_owned());
        }
    })
    .await
    .unwrap();
    assert_eq!(texts, ["one", "one", "two"]);
    let report = play.ok("getWebhookInfo", json!({})).await;
    assert_eq!(report["url"], json!(url));
    assert!(report["last_error_message"].as_str().unwrap().contains("502"), "{report}");
    let refusal = play.refused("getUpdates", json!({})).await;
    assert!(refusal.starts_with("Conflict: can't use getUpdates method"), "{refusal}");
    play.ok("deleteWebhook", json!({})).await;
    assert_eq!(play.updates().await, [json!(null); 0]);
    play.playground.stop().await;
}
