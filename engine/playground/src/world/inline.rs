//! Inline queries and what the bot answered. Only this crate.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::World;
use super::people::{Misdeed, Place, Said};
use super::updates::{INLINE_LIFE_MS, UpdateKind};

/// How many queries are remembered.
const QUERIES_MAX: usize = 1_000;

/// The longest query, in characters; the apps send no more.
const QUERY_CHARS_MAX: usize = 256;

/// The first inline query id; real ones are large numbers in text.
const FIRST_QUERY_ID: u64 = 8_800_000_000_000_001;

/// A query and its answer.
pub(crate) struct InlineQuery {
    pub person_id: i64,
    pub query: String,
    pub at_ms: i64,
    pub answer: Option<InlineAnswer>,
}

/// What `answerInlineQuery` said.
#[derive(Clone)]
pub(crate) struct InlineAnswer {
    pub results: Vec<Value>,
    pub button: Option<Value>,
}

/// All queries by id.
#[derive(Default)]
pub(crate) struct InlineQueries {
    queries: BTreeMap<u64, InlineQuery>,
    count: u64,
}

impl InlineQueries {
    fn record(&mut self, query: InlineQuery) -> u64 {
        let id = FIRST_QUERY_ID + self.count;
        self.count += 1;
        self.queries.insert(id, query);
        while self.queries.len() > QUERIES_MAX {
            self.queries.pop_first();
        }
        id
    }

    /// Answers a query once and in time; who asked, or `None` when it is unknown, too old, or has
    /// its answer.
    pub fn answer(&mut self, id: u64, answer: InlineAnswer, now_ms: i64) -> Option<i64> {
        let query = self.queries.get_mut(&id)?;
        if query.answer.is_some() || now_ms.saturating_sub(query.at_ms) >= INLINE_LIFE_MS {
            return None;
        }
        query.answer = Some(answer);
        Some(query.person_id)
    }

    /// The latest query of a person, as the API shows it.
    pub fn latest(&self, person_id: i64) -> Value {
        let mut newest = self.queries.iter().rev();
        let Some((id, found)) = newest.find(|(_, query)| query.person_id == person_id) else {
            return Value::Null;
        };
        let answer = found.answer.as_ref();
        json!({
            "inline_query_id": id.to_string(),
            "query": found.query,
            "status": if answer.is_some() { "answered" } else { "waiting" },
            "results": answer.map_or(&[][..], |answer| &answer.results),
            "button": answer.and_then(|answer| answer.button.clone()),
        })
    }
}

impl World {
    /// Somebody types behind the bot's name. Returns the query's id.
    pub fn ask_inline(&self, person_id: i64, query: &str) -> Result<u64, Misdeed> {
        let now_ms = self.clock.now_ms();
        let query: String = query.chars().take(QUERY_CHARS_MAX).collect();
        let mut state = self.lock();
        let from = state.people.get(&person_id).map(|resident| resident.json.clone());
        let from = from.ok_or(Misdeed::NoSuchPerson(person_id))?;
        let asked = InlineQuery { person_id, query: query.clone(), at_ms: now_ms, answer: None };
        let id = state.inline.record(asked);
        let from: Value = serde_json::from_str(from.get()).unwrap_or_default();
        let payload = json!({
            "id": id.to_string(), "from": from, "query": query, "offset": "", "chat_type": "sender"
        });
        let queued = state.updates.push(UpdateKind::InlineQuery, &payload.to_string(), now_ms);
        drop(state);
        self.update_came.notify_waiters();
        queued.ok_or(Misdeed::NotQueued)?;
        Ok(id)
    }

    /// Somebody chooses a result and follows the link that it brings to the bot.
    pub fn choose_inline(&self, person_id: i64, result_id: &str) -> Result<Said, Misdeed> {
        let latest = self.lock().inline.latest(person_id);
        let results =
            latest.get("results").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let chosen = results.iter().find(|result| text(result, "id") == Some(result_id));
        let unknown = || Misdeed::NoSuchButton(result_id.to_owned(), 0);
        let chosen = chosen.ok_or_else(unknown)?;
        let rows = chosen.pointer("/reply_markup/inline_keyboard").and_then(Value::as_array);
        let buttons = rows.into_iter().flatten().filter_map(Value::as_array).flatten();
        let mut links = buttons.filter_map(|button| text(button, "url"));
        let payload = links.find_map(|link| link.split_once("?start=").map(|(_, rest)| rest));
        let payload = payload.ok_or_else(unknown)?;
        self.say(person_id, Place::Private, &format!("/start {payload}"), None)
    }
}

fn text<'value>(object: &'value Value, name: &str) -> Option<&'value str> {
    object.get(name).and_then(Value::as_str)
}
