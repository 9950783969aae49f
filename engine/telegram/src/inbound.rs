//! An update in plain types. The intake makes them from raw text, the middle reads them.
//!
//! Only the fields that are used are read, each update alone, with the library's types for people
//! and chats. The library's `Update` is refused: it answers an unknown message content or a
//! missing field we never look at with an error for the whole update, and a customer's press would
//! stay unanswered for it. Unknown fields and unknown kinds are no errors here.

mod formatting;

use std::collections::BTreeMap;

use ring4_domain::ids::{MessageId, Timestamp, UserId};
use ring4_domain::stars::ChargeId;
use serde::Deserialize;
use serde::de::IgnoredAny;
use teloxide_core::types as wire;

use crate::command::clean;
use crate::outgoing::ChatId;
use formatting::Stretch;

/// The longest first name kept, in characters (Telegram's own limit).
const NAME_CHARS_MAX: usize = 64;
/// The longest user name or language code kept, in characters.
const WORD_CHARS_MAX: usize = 64;

/// The longest inline query, in characters (Bot API, InlineQuery).
const INLINE_CHARS_MAX: usize = 256;

/// The kinds of update asked for. A kind that is not named here is never sent to us.
pub const ALLOWED_UPDATES: &[&str] =
    &["message", "callback_query", "inline_query", "my_chat_member", "pre_checkout_query"];

/// The update cannot be read. The reason names a place, never the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the update cannot be read ({kind} at line {line}, column {column})")]
pub struct InboundError {
    /// What is wrong.
    kind: &'static str,
    line: usize,
    column: usize,
}

impl From<serde_json::Error> for InboundError {
    fn from(error: serde_json::Error) -> Self {
        let kind = match error.classify() {
            serde_json::error::Category::Data => "unexpected content",
            serde_json::error::Category::Eof => "cut short",
            serde_json::error::Category::Io | serde_json::error::Category::Syntax => "no JSON",
        };
        Self { kind, line: error.line(), column: error.column() }
    }
}

/// A chat an update came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chat {
    /// Its id.
    pub id: ChatId,
    /// A private chat with one person.
    pub private: bool,
}

/// The person who did it. The names are cleaned of invisible characters but not escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Telegram's id.
    pub id: UserId,
    /// The first name; may be empty.
    pub first_name: String,
    /// The user name without `@`.
    pub username: Option<String>,
    /// The language of the person's app, as an IETF tag.
    pub language_code: Option<String>,
}

/// What a message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Words, in [`Message::text`].
    Text,
    /// A picture.
    Photo,
    /// A file.
    Document,
    /// A sticker.
    Sticker,
    /// A voice message or a piece of music.
    Audio,
    /// A video or an animation.
    Video,
    /// Somebody's contact.
    Contact,
    /// A place.
    Location,
    /// Anything else, kinds invented later included.
    Other,
}

/// Somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The update.
    pub update_id: i64,
    /// Where.
    pub chat: Chat,
    /// Who.
    pub from: Person,
    /// The message.
    pub message_id: MessageId,
    /// When, by Telegram's clock.
    pub date: Timestamp,
    /// The words, as written.
    pub text: Option<String>,
    /// The words behind a command, or all, as Telegram's HTML; where the app formatted any.
    pub formatted: Option<String>,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// What it holds.
    pub content: Content,
    /// The picture or file it holds.
    pub file: Option<File>,
}

/// A picture or file that somebody sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// What this bot may send it on by.
    pub id: String,
    /// A file, not a photo.
    pub document: bool,
}

/// Somebody pressed a button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Press {
    /// The update.
    pub update_id: i64,
    /// What an answer to the press names.
    pub query_id: String,
    /// Who.
    pub from: Person,
    /// Where; the person's private chat when Telegram does not say.
    pub chat: Chat,
    /// The message with the button; absent for very old ones.
    pub message_id: Option<MessageId>,
    /// Whether that message can be edited into another text: a picture or a file cannot.
    pub on_text: bool,
    /// What the button carries; empty when it carries nothing. Anybody can forge it.
    pub data: String,
}

/// Somebody types behind the bot's name, in any chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlineQuery {
    /// The update.
    pub update_id: i64,
    /// What an answer to the query names.
    pub query_id: String,
    /// Who.
    pub from: Person,
    /// The words so far, at most 256 characters; may be empty.
    pub text: String,
}

/// Telegram asks, before it takes stars, whether it may. An answer counts for ten seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// The update.
    pub update_id: i64,
    /// What an answer names.
    pub query_id: String,
    /// Who wants to pay.
    pub from: Person,
    /// What the invoice carries.
    pub payload: String,
    /// How many stars.
    pub count: u32,
}

/// Stars were paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The update.
    pub update_id: i64,
    /// Who paid.
    pub from: Person,
    /// What the invoice carries.
    pub payload: String,
    /// Telegram's id of the payment.
    pub charge: ChargeId,
    /// How many stars.
    pub count: u32,
}

/// One update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// Telegram asks whether stars may be paid.
    Checkout(Checkout),
    /// Stars were paid.
    Payment(Payment),
    /// Somebody wrote.
    Message(Message),
    /// Somebody pressed a button.
    Press(Press),
    /// Somebody looks for something to send to a chat.
    Inline(InlineQuery),
    /// Somebody blocked or unblocked the bot.
    Blocked {
        /// The update.
        update_id: i64,
        /// Who.
        user: UserId,
        /// Blocked, not unblocked.
        blocked: bool,
    },
    /// Anything else; nothing is to be done about it.
    Other {
        /// The update.
        update_id: i64,
        /// Telegram's name of the kind.
        kind: String,
        /// Who did it, where that is known.
        from: Option<UserId>,
    },
}

impl Incoming {
    /// Reads one update from its JSON text.
    ///
    /// # Errors
    /// [`InboundError`]: no JSON, or a field we need is missing or has another type.
    pub fn parse(raw: &[u8]) -> Result<Self, InboundError> {
        let update: WireUpdate = serde_json::from_slice(raw)?;
        let update_id = update.update_id;
        let incoming = if let Some(message) = update.message {
            message.read(update_id)
        } else if let Some(press) = update.callback_query {
            Some(press.read(update_id))
        } else if let Some(query) = update.inline_query {
            Some(query.read(update_id))
        } else if let Some(checkout) = update.pre_checkout_query {
            checkout.read(update_id)
        } else if let Some(member) = update.my_chat_member {
            member.read(update_id)
        } else {
            None
        };
        incoming.map_or_else(|| read_other(raw, update_id), Ok)
    }

    /// Telegram's number of the update.
    #[must_use]
    pub const fn update_id(&self) -> i64 {
        match self {
            Self::Message(message) => message.update_id,
            Self::Press(press) => press.update_id,
            Self::Inline(query) => query.update_id,
            Self::Checkout(checkout) => checkout.update_id,
            Self::Payment(payment) => payment.update_id,
            Self::Blocked { update_id, .. } | Self::Other { update_id, .. } => *update_id,
        }
    }

    /// Updates with the same lane are handled one after the other: the chat, else the person.
    #[must_use]
    pub(crate) const fn lane(&self) -> i64 {
        match self {
            Self::Message(message) => message.chat.id.0,
            Self::Press(press) => press.chat.id.0,
            Self::Inline(query) => query.from.id.0,
            Self::Checkout(checkout) => checkout.from.id.0,
            Self::Payment(payment) => payment.from.id.0,
            Self::Blocked { user, .. } | Self::Other { from: Some(user), .. } => user.0,
            Self::Other { update_id, .. } => i64::MIN.wrapping_add(*update_id),
        }
    }
}

/// The update's number alone, for the inbox, which must store what cannot be read further.
pub(crate) fn read_update_id(raw: &[u8]) -> Option<i64> {
    #[derive(Deserialize)]
    struct Numbered {
        update_id: i64,
    }
    let numbered: Result<Numbered, _> = serde_json::from_slice(raw);
    numbered.ok().map(|numbered| numbered.update_id)
}

#[derive(Deserialize)]
struct WireUpdate {
    update_id: i64,
    message: Option<WireMessage>,
    callback_query: Option<WirePress>,
    inline_query: Option<WireInline>,
    my_chat_member: Option<WireMember>,
    pre_checkout_query: Option<WireCheckout>,
}

#[derive(Deserialize)]
struct WireMessage {
    message_id: i32,
    date: i64,
    chat: wire::Chat,
    from: Option<wire::User>,
    text: Option<String>,
    #[serde(default)]
    entities: Vec<Stretch>,
    reply_to_message: Option<WireReply>,
    #[serde(default)]
    photo: Vec<WireFile>,
    document: Option<WireFile>,
    sticker: Option<IgnoredAny>,
    voice: Option<IgnoredAny>,
    audio: Option<IgnoredAny>,
    video: Option<IgnoredAny>,
    video_note: Option<IgnoredAny>,
    animation: Option<IgnoredAny>,
    contact: Option<IgnoredAny>,
    location: Option<IgnoredAny>,
    successful_payment: Option<WirePayment>,
    refunded_payment: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct WireCheckout {
    id: String,
    from: wire::User,
    currency: String,
    total_amount: i64,
    invoice_payload: String,
}

#[derive(Deserialize)]
struct WirePayment {
    currency: String,
    total_amount: i64,
    invoice_payload: String,
    telegram_payment_charge_id: String,
}

#[derive(Deserialize)]
struct WireFile {
    file_id: Option<String>,
}

#[derive(Deserialize)]
struct WireReply {
    message_id: i32,
}

#[derive(Deserialize)]
struct WirePress {
    id: String,
    from: wire::User,
    message: Option<WirePressed>,
    data: Option<String>,
}

#[derive(Deserialize)]
struct WirePressed {
    message_id: i32,
    chat: wire::Chat,
    photo: Option<IgnoredAny>,
    document: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct WireInline {
    id: String,
    from: wire::User,
    query: String,
}

#[derive(Deserialize)]
struct WireMember {
    chat: wire::Chat,
    from: wire::User,
    new_chat_member: WireStatus,
}

#[derive(Deserialize)]
struct WireStatus {
    status: String,
}

impl WireMessage {
    /// `None` for a message without an author, such as a channel's.
    fn read(self, update_id: i64) -> Option<Incoming> {
        if let Some(paid) = self.successful_payment {
            return paid.read(update_id, read_person(self.from?));
        }
        if self.refunded_payment.is_some() {
            // It is Telegram's word of what this shop did; nobody wrote anything.
            return None;
        }
        let content = self.content();
        let file = self.file(content);
        let formatted = self.text.as_deref();
        let formatted = formatted.and_then(|text| formatting::html(text, &self.entities));
        Some(Incoming::Message(Message {
            update_id,
            chat: read_chat(&self.chat),
            from: read_person(self.from?),
            message_id: MessageId(self.message_id),
            date: Timestamp(self.date.saturating_mul(1_000)),
            text: self.text,
            formatted,
            reply_to: self.reply_to_message.map(|reply| MessageId(reply.message_id)),
            content,
            file,
        }))
    }

    /// The photo in its largest size, which comes last, or the file.
    fn file(&self, content: Content) -> Option<File> {
        let (file, document) = match content {
            Content::Photo => (self.photo.last(), false),
            Content::Document => (self.document.as_ref(), true),
            _ => return None,
        };
        let id = file?.file_id.clone().filter(|id| !id.is_empty())?;
        Some(File { id, document })
    }

    const fn content(&self) -> Content {
        // An animation and a venue come with the older fields set as well, so order matters.
        if self.text.is_some() {
            Content::Text
        } else if self.animation.is_some() || self.video.is_some() || self.video_note.is_some() {
            Content::Video
        } else if !self.photo.is_empty() {
            Content::Photo
        } else if self.document.is_some() {
            Content::Document
        } else if self.sticker.is_some() {
            Content::Sticker
        } else if self.voice.is_some() || self.audio.is_some() {
            Content::Audio
        } else if self.contact.is_some() {
            Content::Contact
        } else if self.location.is_some() {
            Content::Location
        } else {
            Content::Other
        }
    }
}

impl WirePress {
    fn read(self, update_id: i64) -> Incoming {
        let from = read_person(self.from);
        let chat = match &self.message {
            Some(message) => read_chat(&message.chat),
            None => Chat { id: from.id.into(), private: true },
        };
        let is_text = |message: &WirePressed| message.photo.is_none() && message.document.is_none();
        Incoming::Press(Press {
            update_id,
            query_id: self.id,
            chat,
            on_text: self.message.as_ref().is_none_or(is_text),
            message_id: self.message.map(|message| MessageId(message.message_id)),
            data: self.data.unwrap_or_default(),
            from,
        })
    }
}

impl WireInline {
    fn read(self, update_id: i64) -> Incoming {
        Incoming::Inline(InlineQuery {
            update_id,
            query_id: self.id,
            from: read_person(self.from),
            text: clean(&self.query, INLINE_CHARS_MAX),
        })
    }
}

impl WireCheckout {
    /// `None` for money other than stars, for which this shop sends no invoice.
    fn read(self, update_id: i64) -> Option<Incoming> {
        let count = read_stars(&self.currency, self.total_amount)?;
        let (query_id, payload) = (self.id, self.invoice_payload);
        let from = read_person(self.from);
        Some(Incoming::Checkout(Checkout { update_id, query_id, from, payload, count }))
    }
}

impl WirePayment {
    fn read(self, update_id: i64, from: Person) -> Option<Incoming> {
        let count = read_stars(&self.currency, self.total_amount)?;
        let charge = ChargeId::new(self.telegram_payment_charge_id).ok()?;
        let payload = self.invoice_payload;
        Some(Incoming::Payment(Payment { update_id, from, payload, charge, count }))
    }
}

/// A number of stars; `None` for other money.
fn read_stars(currency: &str, amount: i64) -> Option<u32> {
    let stars = u32::try_from(amount).ok().filter(|stars| *stars > 0);
    stars.filter(|_| currency == "XTR")
}

impl WireMember {
    /// `None` for a group's membership, which is not a person's block.
    fn read(self, update_id: i64) -> Option<Incoming> {
        if !self.chat.is_private() {
            return None;
        }
        let user = read_user_id(self.from.id);
        let blocked = self.new_chat_member.status == "kicked";
        Some(Incoming::Blocked { update_id, user, blocked })
    }
}

/// The kind of an update nothing else is known about: its first field beside the number.
fn read_other(raw: &[u8], update_id: i64) -> Result<Incoming, InboundError> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Field {
        Authored { from: Authored },
        Anything(IgnoredAny),
    }
    #[derive(Deserialize)]
    struct Authored {
        id: i64,
    }
    let fields: BTreeMap<String, Field> = serde_json::from_slice(raw)?;
    let found = fields.into_iter().find(|(name, _)| name != "update_id");
    let (kind, from) = match found {
        Some((kind, Field::Authored { from })) => (kind, Some(UserId(from.id))),
        Some((kind, Field::Anything(_))) => (kind, None),
        None => (String::new(), None),
    };
    Ok(Incoming::Other { update_id, kind: clean(&kind, WORD_CHARS_MAX), from })
}

fn read_chat(chat: &wire::Chat) -> Chat {
    Chat { id: ChatId(chat.id.0), private: chat.is_private() }
}

fn read_person(user: wire::User) -> Person {
    Person {
        id: read_user_id(user.id),
        first_name: clean(&user.first_name, NAME_CHARS_MAX),
        username: user.username.map(|name| clean(&name, WORD_CHARS_MAX)),
        language_code: user.language_code.map(|code| clean(&code, WORD_CHARS_MAX)),
    }
}

fn read_user_id(id: wire::UserId) -> UserId {
    // Ids have at most 52 bits (Bot API, User); a larger one is nobody's.
    UserId(i64::try_from(id.0).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
