//! Every answer by name, and no token in any text.

use std::time::Duration;

use axum::http::StatusCode;
use ring4_telegram::client::{CallError, Client, ClientError, ClientOptions};
use ring4_telegram::token::BotToken;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use crate::server::{Answer, Server, TOKEN, client};

async fn call(client: &Client) -> Result<Value, CallError> {
    client.call("sendMessage", &json!({"chat_id": 1}), Duration::from_secs(5)).await
}

/// Neither way of showing an error may hold the token, not even its secret half.
fn assert_no_token(error: &CallError) {
    let secret = TOKEN.split_once(':').expect("two halves").1;
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains(secret), "{text}");
        assert!(!text.contains("127.0.0.1"), "{text}");
    }
}

#[tokio::test]
async fn answers_are_sorted_by_what_to_do_about_them() {
    let echo = format!("Bad Request: no /bot{TOKEN}/sendMessage here");
    let redacted = "Bad Request: no /bot<token>/sendMessage here".to_owned();
    let refusal = |code, text: &str, secs| Answer::Refusal(code, text.to_owned(), secs);
    let text = |status, text: &str| Answer::Text(status, text.to_owned());
    let undecodable = |reason: &str| CallError::Undecodable { reason: reason.to_owned() };
    let rows = vec![
        (refusal(429, "Too Many Requests", Some(7)), CallError::RetryAfter { secs: 7 }),
        (refusal(401, "Unauthorized", None), CallError::Unauthorized),
        (
            refusal(400, &echo, None),
            CallError::Refused { code: 400, description: redacted.clone() },
        ),
        (refusal(403, &echo, None), CallError::Blocked { description: redacted }),
        (text(StatusCode::BAD_GATEWAY, "<html>"), CallError::Server { code: 502 }),
        (text(StatusCode::FOUND, ""), undecodable("status 302, cut short at column 0")),
        (text(StatusCode::OK, "<html>"), undecodable("status 200, no JSON at column 1")),
        (
            text(StatusCode::OK, r#"{"ok":"hush"}"#),
            undecodable("status 200, unexpected content at column 12"),
        ),
    ];
    let (answers, expected): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let mut answers = answers.into_iter();
    let server = Server::scripted(move |_| answers.next()).await;
    let client = server.client();
    for expected in expected {
        let error = call(&client).await.expect_err("a refusal");
        assert_eq!(error, expected);
        assert_no_token(&error);
    }
    let me = client.get_me().await.expect("an answer");
    assert_eq!(me.username, "ring4_bot");
}

#[tokio::test]
async fn the_network_fails_before_or_after_the_request_is_out() {
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", closed.local_addr().expect("an address"));
    drop(closed);
    let error = call(&client(&address)).await.expect_err("nobody there");
    assert!(matches!(error, CallError::Network { sent: false, .. }), "{error:?}");
    assert_no_token(&error);

    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", silent.local_addr().expect("an address"));
    let reading = tokio::spawn(async move {
        let (mut connection, _) = silent.accept().await.expect("a connection");
        let mut request = [0; 1_024];
        connection.read(&mut request).await.expect("a request")
    });
    let error = call(&client(&address)).await.expect_err("hung up");
    assert!(reading.await.expect("read") > 0);
    assert!(matches!(error, CallError::Network { sent: true, .. }), "{error:?}");
    assert_no_token(&error);

    let server = Server::scripted(|_| Some(Answer::HangUp)).await;
    let error = call(&server.client()).await.expect_err("cut short");
    assert!(matches!(error, CallError::Network { sent: true, .. }), "{error:?}");
    assert_no_token(&error);

    let never = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let server = Server::scripted(move |_| {
        Some(Answer::Hold(never.clone(), Box::new(Answer::Result(Value::Null))))
    })
    .await;
    let client = server.client();
    let result: Result<Value, _> =
        client.call("getMe", &json!({}), Duration::from_millis(50)).await;
    let error = result.expect_err("no answer in time");
    assert!(matches!(error, CallError::Network { sent: true, .. }), "{error:?}");
    assert_no_token(&error);
}

#[tokio::test]
async fn an_answer_in_many_pieces_is_read_whole_and_an_endless_one_is_not() {
    let long = "x".repeat(3 << 20);
    let result = json!({ "text": long });
    let server = Server::scripted(move |call| match call.method.as_str() {
        "sendMessage" => Some(Answer::Result(result.clone())),
        _ => Some(Answer::Text(StatusCode::OK, " ".repeat(33 << 20))),
    })
    .await;
    let client = server.client();
    let got = call(&client).await.expect("an answer");
    assert_eq!(got["text"].as_str().map(str::len), Some(3 << 20));
    let error = client.get_me().await.expect_err("too long");
    let reason = "the answer is too long".to_owned();
    assert_eq!(error, CallError::Undecodable { reason });
}

#[test]
fn a_client_wants_an_address_and_shows_nothing() {
    let options = |address: &str| {
        let token = BotToken::parse(TOKEN).expect("a token");
        ClientOptions { api_url: address.to_owned(), ..ClientOptions::new(token) }
    };
    for address in ["", "api.telegram.org", "ftp://x", "http://", "/x"] {
        let error = Client::new(options(address)).expect_err(address);
        assert!(matches!(error, ClientError::Address), "{address}");
    }
    let options = options("https://example.org/prefix/");
    assert!(!format!("{options:?}").contains("SECRET"));
    let client = Client::new(options).expect("a client");
    assert_eq!(format!("{client:?}"), "Client");
}
