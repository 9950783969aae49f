//! Misbehaviour on demand of the Bot API server, and its end.

use ring4_playground::{Options, Playground};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::play::{PATIENCE, Play};

#[tokio::test]
async fn a_person_can_block_the_bot() {
    let play = Play::new().await;
    play.fault(json!({ "block": { "person": 1001, "blocked": true } })).await;
    let refusal = play.refused("sendMessage", json!({ "chat_id": 1001, "text": "x" })).await;
    assert_eq!(refusal, "Forbidden: bot was blocked by the user");
    let (status, answer) =
        play.post("/playground/people/1001/messages", json!({ "text": "x" })).await;
    assert_eq!((status, &answer["error"]), (409, &json!("Anna blocks the bot; unblock it first")));
    play.fault(json!({ "block": { "person": 1001, "blocked": false } })).await;
    play.message(1001, "back").await;
    let states: Vec<_> = play
        .updates()
        .await
        .iter()
        .map(|update| update["my_chat_member"]["new_chat_member"]["status"].clone())
        .collect();
    assert_eq!(states, [json!("kicked"), json!("member")]);
    play.playground.stop().await;
}

#[tokio::test]
async fn a_flood_limit_hits_the_chat_and_method_it_names() {
    let play = Play::new().await;
    let fault = json!({ "count": 2, "secs": 7, "chat_id": 1001, "method": "sendMessage" });
    play.fault(json!({ "retry_after": fault })).await;
    play.message(1002, "another chat").await;
    play.ok("getChat", json!({ "chat_id": 1001 })).await;
    for _ in 0..2 {
        let (status, answer) =
            play.bot("sendMessage", json!({ "chat_id": 1001, "text": "x" })).await;
        assert_eq!((status, &answer["parameters"]), (429, &json!({ "retry_after": 7 })));
        assert_eq!(answer["description"], json!("Too Many Requests: retry after 7"));
    }
    play.message(1001, "now").await;
    play.playground.stop().await;
}

#[tokio::test]
async fn a_dropped_request_is_done_or_not_as_asked() {
    let play = Play::new().await;
    for (when, messages) in [("before", 0), ("after", 1)] {
        play.fault(json!({ "drop_connections": { "count": 1, "when": when } })).await;
        let request = play.client.post(format!("{}/bot1:a/sendMessage", play.base));
        let request = request.json(&json!({ "chat_id": 1001, "text": "x" })).send().await;
        assert!(request.is_err(), "{when}");
        let chat = play.chat(1001).await;
        assert_eq!(chat["messages"].as_array().unwrap().len(), messages, "{when}");
    }
    play.message(1001, "whole").await;
    play.playground.stop().await;
}

#[tokio::test]
async fn server_errors_spare_polls_and_can_be_cleared() {
    let play = Play::new().await;
    play.fault(json!({ "server_error": { "count": 2, "code": 502 } })).await;
    play.updates().await;
    assert_eq!(play.refused("getMe", json!({})).await, "Bad Gateway");
    play.fault(json!({ "clear": true })).await;
    play.ok("getMe", json!({})).await;
    let table = [
        json!({ "server_error": { "count": 1, "code": 404 } }),
        json!({ "servererror": { "count": 1, "code": 502 } }),
        json!({ "drop_connections": { "count": 1, "when": "sometimes" } }),
        json!({ "vendor": { "mode": "on_holiday" } }),
        json!({ "block": { "person": 4, "blocked": true } }),
        json!([]),
    ];
    for fault in table {
        let (status, answer) = play.post("/playground/faults", fault.clone()).await;
        assert!((400..500).contains(&status) && answer["error"].is_string(), "{fault}: {answer}");
    }
    play.playground.stop().await;
}

#[tokio::test]
async fn it_stops_at_once_though_somebody_waits() {
    let play = Play::new().await;
    let base = play.base.clone();
    let client = play.client.clone();
    let poll = tokio::spawn(async move {
        let url = format!("{base}/bot1:a/getUpdates?timeout=50");
        let answer: Value = client.get(url).send().await.unwrap().json().await.unwrap();
        answer
    });
    let events = play.client.get(format!("{}/playground/events", play.base)).send().await.unwrap();
    assert_eq!(events.status(), 200);
    play.polls_waiting(1).await;
    let address = play.playground.address();
    timeout(PATIENCE, play.playground.stop()).await.unwrap();
    // The poll is answered before the end, with nothing.
    assert_eq!(timeout(PATIENCE, poll).await.unwrap().unwrap()["result"], json!([]));
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    let again = Playground::start(Options { listen: address, ..Options::default() }).await.unwrap();
    again.stop().await;
}

#[tokio::test]
async fn contradicting_options_are_refused() {
    let mut options = Options::default();
    options.people.push(options.people[0].clone());
    let error = Playground::start(options).await.err().unwrap();
    assert_eq!(error.to_string(), "playground options: person id 1001 twice");
    let play = Play::new().await;
    let taken = Options { listen: play.playground.address(), ..Options::default() };
    assert!(Playground::start(taken).await.err().unwrap().to_string().starts_with("listening on"));
    play.playground.stop().await;
}
