//! A running playground and the few calls every test makes. Tests of this crate only.

use std::time::Duration;

use reqwest::{Client, Method, Response};
use ring4_playground::{Options, Playground};
use serde_json::{Value, json};

/// The longest a test waits for something that should happen at once.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A playground whose clock stands still, so that nothing ages unless the test says so.
pub struct Play {
    pub playground: Playground,
    pub client: Client,
    pub base: String,
}

impl Play {
    pub async fn new() -> Self {
        Self::with(Options { speed: 0, ..Options::default() }).await
    }

    pub async fn with(options: Options) -> Self {
        let playground = Playground::start(options).await.unwrap();
        let base = format!("http://{}", playground.address());
        let client = Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Self { playground, client, base }
    }

    pub async fn send(&self, method: Method, path: &str, body: Value) -> Response {
        let request = self.client.request(method, format!("{}{path}", self.base));
        request.json(&body).send().await.unwrap()
    }

    /// Calls a Bot API method: the status and the whole answer.
    pub async fn bot(&self, method: &str, parameters: Value) -> (u16, Value) {
        let response = self.send(Method::POST, &format!("/bot1:abc/{method}"), parameters).await;
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Calls a Bot API method that must succeed: its result.
    pub async fn ok(&self, method: &str, parameters: Value) -> Value {
        let (status, answer) = self.bot(method, parameters.clone()).await;
        assert_eq!((status, &answer["ok"]), (200, &json!(true)), "{method} {parameters}: {answer}");
        answer["result"].clone()
    }

    /// Calls a Bot API method that must be refused: its description.
    pub async fn refused(&self, method: &str, parameters: Value) -> String {
        let (status, answer) = self.bot(method, parameters.clone()).await;
        assert_eq!(answer["ok"], json!(false), "{method} {parameters}: {answer}");
        assert_eq!(answer["error_code"], json!(status), "{answer}");
        answer["description"].as_str().unwrap().to_owned()
    }

    pub async fn get(&self, path: &str) -> Value {
        let response = self.send(Method::GET, path, Value::Null).await;
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let response = self.send(Method::POST, path, body).await;
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// A message of the bot to a person: its id.
    pub async fn message(&self, chat_id: i64, text: &str) -> i64 {
        let sent = self.ok("sendMessage", json!({ "chat_id": chat_id, "text": text })).await;
        sent["message_id"].as_i64().unwrap()
    }

    pub async fn chat(&self, person: i64) -> Value {
        self.get(&format!("/playground/people/{person}/chat")).await
    }

    /// All updates that wait; none is confirmed.
    pub async fn updates(&self) -> Vec<Value> {
        self.ok("getUpdates", json!({})).await.as_array().unwrap().clone()
    }

    /// Returns once so many `getUpdates` calls wait.
    pub async fn polls_waiting(&self, count: usize) {
        let waiting = async {
            while self.get("/playground/updates").await["waiting_polls"] != json!(count) {}
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap();
    }

    pub async fn advance(&self, secs: u64) {
        let (status, _) = self.post("/playground/clock", json!({ "advance_secs": secs })).await;
        assert_eq!(status, 200);
    }

    pub async fn fault(&self, fault: Value) {
        let (status, answer) = self.post("/playground/faults", fault).await;
        assert_eq!(status, 200, "{answer}");
    }
}
