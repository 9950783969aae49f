//! One person's phone: writes, presses, and waits for what the chat shows. Only `crash` and
//! `trouble` use it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ring4_playground::Playground;
use serde_json::Value;

/// How long an answer may take before it is called lost. The shop is down half of the time and
/// keeps to Telegram's limits, so this is no measure of speed.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);

/// A message of the bot.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: i64,
    pub text: String,
    /// What its buttons carry.
    pub buttons: Vec<String>,
}

/// The newest part of a chat.
#[derive(Clone, Debug, Default)]
pub struct Chat {
    version: u64,
    /// The bot's messages, oldest first.
    pub messages: Vec<Message>,
    /// Presses by their id, with the answer where there is one.
    pub answers: BTreeMap<String, Option<String>>,
}

impl Chat {
    fn read(chat: &Value) -> Self {
        let rows = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let message = |message: &Value| Message {
            id: message["message_id"].as_i64().unwrap_or_default(),
            text: text(&message["text"]),
            buttons: rows(&message["buttons"])
                .iter()
                .flat_map(rows)
                .filter_map(|button| Some(button["data"].as_str()?.to_owned()))
                .collect(),
        };
        let messages = rows(&chat["messages"]);
        let bots = messages.iter().filter(|message| message["from"] == "bot");
        let answer = |answer: &Value| {
            let answered = answer["status"] == "answered";
            (text(&answer["callback_query_id"]), answered.then(|| text(&answer["text"])))
        };
        Self {
            version: chat["version"].as_u64().unwrap_or_default(),
            messages: bots.map(message).collect(),
            answers: rows(&chat["answers"]).iter().map(answer).collect(),
        }
    }

    /// Every button whose data begins like this: its message and the data.
    pub fn buttons(&self, prefix: &str) -> Vec<(i64, String)> {
        let of = |message: &Message| {
            let id = message.id;
            let fitting = message.buttons.iter().filter(|data| data.starts_with(prefix));
            fitting.map(move |data| (id, data.clone())).collect::<Vec<_>>()
        };
        self.messages.iter().flat_map(of).collect()
    }

    /// The newest such button in a message after this one.
    pub fn button(&self, after: i64, prefix: &str) -> Option<(i64, String)> {
        self.buttons(prefix).into_iter().rfind(|(message, _)| *message > after)
    }

    /// Whether a message after this one has any of these words.
    pub fn says(&self, after: i64, words: &[&str]) -> bool {
        let later = self.messages.iter().filter(|message| message.id > after);
        let mut texts = later.map(|message| &message.text);
        texts.any(|text| words.iter().any(|word| text.contains(word)))
    }
}

/// See the module.
pub struct Phone {
    person: i64,
    playground: Arc<Playground>,
    http: reqwest::Client,
}

impl Phone {
    pub fn new(person: i64, playground: Arc<Playground>) -> Self {
        Self { person, playground, http: reqwest::Client::new() }
    }

    pub const fn person(&self) -> i64 {
        self.person
    }

    /// Writes to the bot; the message's id.
    pub fn write(&self, text: &str) -> i64 {
        self.playground.say(self.person, text).expect("a message")
    }

    /// Presses a button; the press's id.
    pub fn press(&self, message: i64, data: &str) -> String {
        self.playground.press(self.person, message, data).expect("a press")
    }

    async fn fetch(&self, last: usize, query: &str) -> Chat {
        let (address, person) = (self.playground.address(), self.person);
        let url = format!("http://{address}/playground/people/{person}/chat?last={last}{query}");
        let response = self.http.get(url).send().await.expect("an answer");
        Chat::read(&response.json().await.expect("JSON"))
    }

    /// The chat's last messages.
    pub async fn look(&self, last: usize) -> Chat {
        self.fetch(last, "").await
    }

    /// Waits for something in the chat's last messages, for as long as it takes.
    pub async fn waits<T>(&self, last: usize, find: impl Fn(&Chat) -> Option<T>) -> T {
        let mut chat = self.look(last).await;
        loop {
            if let Some(found) = find(&chat) {
                return found;
            }
            let query = format!("&after_version={}&wait_secs=5", chat.version);
            chat = self.fetch(last, &query).await;
        }
    }

    /// Waits for something; the test fails when it does not come.
    pub async fn until<T>(&self, what: &str, last: usize, find: impl Fn(&Chat) -> Option<T>) -> T {
        let begun = Instant::now();
        match tokio::time::timeout(ANSWER_WITHIN, self.waits(last, find)).await {
            Ok(found) => found,
            Err(_) => {
                let (person, waited) = (self.person, begun.elapsed());
                let chat = self.look(last).await;
                panic!("{person} waited {waited:?} for {what}; the chat is {chat:#?}")
            }
        }
    }
}
