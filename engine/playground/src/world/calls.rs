//! The log of Bot API requests, for tests that ask what the bot really did. Only this crate.
//!
//! Bodies are kept as received and understood only when somebody asks, so that a bench that
//! leaves the log on pays for one small copy and not for a second parse.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

/// Longer bodies (uploads) are kept by their parameters without the files.
pub(crate) const BODY_BYTES_MAX: usize = 16 * 1024;

/// Mistakes kept; the first ones tell more than those that follow from them.
const MISTAKES_MAX: usize = 1_000;

/// What a bot without a mistake may be told, because somebody else was faster: a customer who
/// deleted a message or never wrote, an edit or a refund that was made already, a press that
/// waited too long; or because of what became of a group.
const EXCUSED: [&str; 10] = [
    "message is not modified",
    "message to edit not found",
    "message can't be edited",
    "message to delete not found",
    "message can't be deleted",
    "query is too old",
    "chat not found",
    "CHARGE_ALREADY_REFUNDED",
    "not enough rights",
    "group chat was upgraded to a supergroup chat",
];

/// What is kept of a request's parameters.
pub(crate) enum CallParameters {
    Json(Box<[u8]>),
    Form(Box<[u8]>),
    Parsed(Map<String, Value>),
}

/// One request and its answer.
pub(crate) struct Call {
    pub sequence: u64,
    pub at_ms: i64,
    pub method: Box<str>,
    pub parameters: CallParameters,
    pub status: u16,
    pub description: Option<Box<str>>,
}

/// The log; the oldest goes when it is full.
pub(crate) struct Calls {
    kept: usize,
    count: u64,
    calls: VecDeque<Call>,
    /// Requests that Telegram would not have taken, as method and reason.
    mistakes: Vec<(Box<str>, Box<str>)>,
}

impl Calls {
    /// A log of at most so many calls; 0 records none.
    pub fn keeping(kept: usize) -> Self {
        Self { kept, count: 0, calls: VecDeque::new(), mistakes: Vec::new() }
    }

    /// Whether anything is recorded at all.
    pub fn is_on(&self) -> bool {
        self.kept > 0
    }

    /// Records a call and numbers it.
    pub fn record(&mut self, mut call: Call) {
        while self.calls.len() >= self.kept {
            self.calls.pop_front();
        }
        let reason = call.description.as_deref().unwrap_or_default();
        let excused = EXCUSED.iter().any(|excused| reason.contains(excused));
        if matches!(call.status, 400 | 404) && !excused && self.mistakes.len() < MISTAKES_MAX {
            self.mistakes.push((call.method.clone(), reason.into()));
        }
        self.count += 1;
        call.sequence = self.count;
        self.calls.push_back(call);
    }

    /// Every request that was a mistake of the bot's: unknown method, missing or wrong parameter,
    /// too long, broken entities or buttons.
    pub fn mistakes(&self) -> Value {
        let mistake =
            |(method, reason): &(Box<str>, Box<str>)| json!({ "method": method, "reason": reason });
        self.mistakes.iter().map(mistake).collect()
    }

    /// The calls after number `since` as JSON lines.
    pub fn json_lines(&self, since: u64) -> String {
        let mut lines = String::new();
        for call in self.calls.iter().filter(|call| call.sequence > since) {
            let line = json!({
                "seq": call.sequence,
                "at_ms": call.at_ms,
                "method": call.method,
                "parameters": call.parameters.to_map(),
                "status": call.status,
                "description": call.description,
            });
            lines.push_str(&line.to_string());
            lines.push('\n');
        }
        lines
    }
}

impl CallParameters {
    fn to_map(&self) -> Map<String, Value> {
        match self {
            Self::Json(body) => serde_json::from_slice(body).unwrap_or_default(),
            Self::Form(body) => crate::bot_api::parameters::form_values(body),
            Self::Parsed(map) => map.clone(),
        }
    }
}
