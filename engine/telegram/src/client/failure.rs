//! What can go wrong with one call, sorted by what a caller does about it.
//! Only the client makes these; everyone who calls reads them.
//!
//! The texts are the official server's (`tdlib/telegram-bot-api`), compared without case,
//! because the library's own list misses one by the case of two letters.

use std::error::Error as _;

use serde::Deserialize;

use crate::token::BotToken;

/// Waited when a 429 names no time, in seconds.
const RETRY_AFTER_DEFAULT_SECS: u32 = 5;

/// The longest description kept, in characters.
const DESCRIPTION_CHARS_MAX: usize = 200;

/// A call failed. No variant holds the token or the content of a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// 429: too many requests; nothing was done.
    #[error("too many requests, retry after {secs} s")]
    RetryAfter {
        /// Seconds to wait before this chat is written to again.
        secs: u32,
    },
    /// 403, or a chat that does not exist: the person blocked the bot, left, or never started it;
    /// or a group that does not let the bot write.
    #[error("the chat cannot be reached: {description}")]
    Blocked {
        /// The server's reason.
        description: String,
    },
    /// The group has become a supergroup, which has another id.
    #[error("the group has become the supergroup {to}")]
    Moved {
        /// The supergroup's id.
        to: i64,
    },
    /// The message already looks like this.
    #[error("the message is not modified")]
    NotModified,
    /// The message to edit or delete is gone, or too old to be changed.
    #[error("the message is gone or cannot be changed")]
    MessageGone,
    /// The press was answered before, or waited too long for its answer.
    #[error("the press is too old to be answered")]
    QueryTooOld,
    /// 409: somebody else polls with this token, or a webhook is set.
    #[error("{}", if *webhook {
        "a webhook is set for this bot"
    } else {
        "another instance polls with this bot's token"
    })]
    Conflict {
        /// A webhook, not another poller.
        webhook: bool,
    },
    /// 401, or 404 for the whole bot: the token is wrong or was revoked.
    #[error("the bot token is not accepted")]
    Unauthorized,
    /// Any other refusal: our request is wrong.
    #[error("refused with {code}: {description}")]
    Refused {
        /// The error code, mostly 400.
        code: u16,
        /// The server's reason, at most 200 characters.
        description: String,
    },
    /// 5xx: the server failed; what it did is unknown.
    #[error("the server failed with {code}")]
    Server {
        /// The status.
        code: u16,
    },
    /// The connection failed.
    #[error("{}: {reason}", if *sent { "no answer" } else { "not sent" })]
    Network {
        /// Bytes may have reached the server, so the call may have had its effect.
        sent: bool,
        /// What failed, without the address.
        reason: String,
    },
    /// The answer has a shape that is not known; what was done is unknown.
    #[error("the answer cannot be read: {reason}")]
    Undecodable {
        /// Where reading stopped, without the content.
        reason: String,
    },
    /// The request has no JSON form; nothing was sent.
    #[error("the request cannot be written: {reason}")]
    Unencodable {
        /// What the serialiser said.
        reason: String,
    },
}

impl CallError {
    /// Whether asking again later may help.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::RetryAfter { .. } | Self::Server { .. } | Self::Network { .. })
    }

    /// The error for an answer with `ok: false`.
    pub(super) fn refusal(code: u16, description: &str, parameters: Parameters) -> Self {
        let Parameters { retry_after, migrate_to_chat_id } = parameters;
        let lower = description.to_lowercase();
        let says = |texts: &[&str]| texts.iter().any(|text| lower.contains(text));
        match code {
            401 => Self::Unauthorized,
            // A token nobody has is "Not Found"; a method nobody has names the method.
            404 if lower.trim() == "not found" => Self::Unauthorized,
            403 => Self::Blocked { description: shorten(description) },
            409 => Self::Conflict { webhook: says(&["webhook"]) },
            429 => Self::RetryAfter { secs: retry_after.unwrap_or(RETRY_AFTER_DEFAULT_SECS) },
            500.. => Self::Server { code },
            400 if says(&["message is not modified"]) => Self::NotModified,
            400 if says(GONE) => Self::MessageGone,
            400 if let Some(to) = migrate_to_chat_id => Self::Moved { to },
            400 if says(NOT_LET_IN) => Self::Blocked { description: shorten(description) },
            400 if says(&["query is too old", "query id is invalid"]) => Self::QueryTooOld,
            _ => Self::Refused { code, description: shorten(description) },
        }
    }

    pub(super) fn undecodable(status: u16, error: &serde_json::Error) -> Self {
        // The parser's own text may quote the content, so only the place is told.
        let kind = match error.classify() {
            serde_json::error::Category::Data => "unexpected content",
            serde_json::error::Category::Eof => "cut short",
            serde_json::error::Category::Io | serde_json::error::Category::Syntax => "no JSON",
        };
        let reason = format!("status {status}, {kind} at column {}", error.column());
        Self::Undecodable { reason }
    }

    pub(super) fn network(error: reqwest::Error) -> Self {
        let sent = !(error.is_connect() || error.is_builder());
        let error = error.without_url();
        let mut reason = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            reason.push_str(": ");
            reason.push_str(&inner.to_string());
            source = inner.source();
        }
        Self::Network { sent, reason: shorten(&reason) }
    }

    /// The same error with the token taken out of every text in it.
    pub(super) fn redacted(self, token: &BotToken) -> Self {
        match self {
            Self::Blocked { description } => {
                Self::Blocked { description: token.redact(&description) }
            }
            Self::Refused { code, description } => {
                Self::Refused { code, description: token.redact(&description) }
            }
            Self::Network { sent, reason } => Self::Network { sent, reason: token.redact(&reason) },
            other => other,
        }
    }
}

/// Texts that say a message cannot be changed any more.
const GONE: &[&str] = &[
    "message to edit not found",
    "message can't be edited",
    "message to delete not found",
    "message can't be deleted",
    "message_id_invalid",
    "there is no text in the message to edit",
    "there is no caption in the message to edit",
];

/// Texts that say a chat does not take what the bot writes. Those about rights come from groups
/// alone.
const NOT_LET_IN: &[&str] = &[
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "group chat was deactivated",
    "group chat was upgraded",
    "not enough rights",
    "have no rights",
    "need administrator rights",
    "bot is not a member",
    "chat_write_forbidden",
    "chat_restricted",
    "chat_send_",
    "topic_closed",
];

/// What an answer with `ok: false` may say besides.
#[derive(Clone, Copy, Default, Deserialize)]
pub(super) struct Parameters {
    retry_after: Option<u32>,
    migrate_to_chat_id: Option<i64>,
}

fn shorten(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(DESCRIPTION_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_name() {
        let blocked = |text: &str| CallError::Blocked { description: text.to_owned() };
        let refused = |code, text: &str| CallError::Refused { code, description: text.to_owned() };
        let conflict = |webhook| CallError::Conflict { webhook };
        let retry = |secs| CallError::RetryAfter { secs };
        let gone = CallError::MessageGone;
        let old = CallError::QueryTooOld;
        let bad = |text: &str| format!("Bad Request: {text}");
        let said = |code, text: &str, retry_after, expected| {
            let parameters = Parameters { retry_after, ..Parameters::default() };
            (code, text.to_owned(), parameters, expected)
        };
        let no_method = "Not Found: method not found";
        let blocked_by = "Forbidden: bot was blocked by the user";
        let poller = "Conflict: terminated by other getUpdates request";
        let webhook = "Conflict: can't use getUpdates method while webhook is active";
        let same = bad("message is not modified: specified new message content is the same");
        let late = bad("query is too old and response timeout expired or query ID is invalid");
        let rows = [
            said(401, "Unauthorized", None, CallError::Unauthorized),
            said(404, "Not Found", None, CallError::Unauthorized),
            said(404, no_method, None, refused(404, no_method)),
            said(403, blocked_by, None, blocked(blocked_by)),
            said(400, &bad("chat not found"), None, blocked("Bad Request: chat not found")),
            said(409, poller, None, conflict(false)),
            said(409, webhook, None, conflict(true)),
            said(429, "Too Many Requests: retry after 17", Some(17), retry(17)),
            said(429, "Too Many Requests", None, retry(5)),
            said(400, &same, None, CallError::NotModified),
            said(400, &bad("message to edit not found"), None, gone.clone()),
            said(400, &bad("message can't be edited"), None, gone.clone()),
            said(400, &bad("message to delete not found"), None, gone.clone()),
            said(400, &bad("message can't be deleted for everyone"), None, gone.clone()),
            said(400, &bad("MESSAGE_ID_INVALID"), None, gone),
            said(400, &late, None, old.clone()),
            said(400, &bad("query ID is invalid"), None, old),
            said(400, &bad("text is empty"), None, refused(400, "Bad Request: text is empty")),
            said(400, &bad("\n\u{0}odd"), None, refused(400, "Bad Request: odd")),
            said(500, "Internal Server Error: restart", None, CallError::Server { code: 500 }),
            said(502, "", None, CallError::Server { code: 502 }),
        ];
        for (code, text, parameters, expected) in rows {
            assert_eq!(CallError::refusal(code, &text, parameters), expected, "{text}");
        }
    }

    #[test]
    fn a_group_that_does_not_take_messages_is_one_that_cannot_be_reached() {
        let upgraded = "group chat was upgraded to a supergroup chat";
        let rows = [
            "not enough rights to send text messages to the chat",
            "not enough rights to send photos to the chat",
            "have no rights to send a message",
            "need administrator rights in the channel chat",
            "CHAT_WRITE_FORBIDDEN",
            "CHAT_SEND_PLAIN_FORBIDDEN",
            "group chat was deactivated",
            "TOPIC_CLOSED",
            upgraded,
        ];
        for text in rows {
            let text = format!("Bad Request: {text}");
            let error = CallError::refusal(400, &text, Parameters::default());
            assert_eq!(error, CallError::Blocked { description: text });
        }
        let to = -1_001_234_567_890;
        let parameters = Parameters { migrate_to_chat_id: Some(to), retry_after: None };
        let text = format!("Bad Request: {upgraded}");
        assert_eq!(CallError::refusal(400, &text, parameters), CallError::Moved { to });
    }

    #[test]
    fn descriptions_are_kept_short() {
        let CallError::Refused { description, .. } =
            CallError::refusal(400, &"é".repeat(10_000), Parameters::default())
        else {
            panic!("not refused");
        };
        assert_eq!(description.chars().count(), DESCRIPTION_CHARS_MAX);
    }
}
