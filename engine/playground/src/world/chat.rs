//! One chat: its messages and what the bot sees of them. Only this crate.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::watch;

use crate::Error;
use crate::entities::{Entity, FormattedText};
use crate::options::Person;
use crate::world::files::StoredFile;
use crate::world::payments::{Invoice, Receipt};

/// The id of the one group, of the form Telegram gives to supergroups.
pub(crate) const GROUP_ID: i64 = -1_001_000_000_001;

/// A private chat, or the group.
pub(crate) struct Chat {
    pub json: Box<RawValue>,
    /// Counts every change a page could show; watched by whoever waits for one.
    pub version: watch::Sender<u64>,
    /// The keyboard that replaces the letters, as last sent.
    pub reply_keyboard: Option<Value>,
    /// What the bot is doing ("typing"), and since when in real milliseconds of the page.
    pub action: Option<(&'static str, std::time::Instant)>,
    /// The button beside the message box, by `setChatMenuButton`.
    pub menu_button: Option<Value>,
    /// How many messages the bot has sent here, for unread badges.
    pub bot_message_count: u64,
    messages: VecDeque<Message>,
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Author {
    Bot,
    Person(i64),
}

/// What a message carries.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Text(FormattedText),
    Photo {
        file: Arc<StoredFile>,
        caption: FormattedText,
    },
    Document {
        file: Arc<StoredFile>,
        caption: FormattedText,
    },
    Invoice(Invoice),
    /// A service message: stars were paid, or given back.
    Payment(Receipt),
}

/// What a message without words has for a text.
static NO_TEXT: FormattedText = FormattedText { text: String::new(), entities: Vec::new() };

/// The `reply_markup` of a message, checked, in the form it is given back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Markup {
    Inline(Value),
    Keyboard(Value),
    RemoveKeyboard,
    ForceReply(Value),
}

/// A message of either side. Times are played seconds since the Unix epoch.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub id: i64,
    pub author: Author,
    pub date: i64,
    pub edit_date: Option<i64>,
    pub content: Content,
    pub markup: Option<Markup>,
    pub reply_to: Option<i64>,
}

/// What the Bot API shows of a message.
#[derive(Serialize)]
pub(crate) struct MessageJson<'a> {
    message_id: i64,
    from: &'a RawValue,
    chat: &'a RawValue,
    date: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    edit_date: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to_message: Option<Box<MessageJson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    entities: &'a [Entity],
    #[serde(skip_serializing_if = "Option::is_none")]
    photo: Option<[Value; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    successful_payment: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refunded_payment: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caption: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    caption_entities: &'a [Entity],
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_markup: Option<&'a Value>,
}

impl Content {
    /// The text or caption.
    pub fn text(&self) -> &FormattedText {
        match self {
            Self::Text(text) => text,
            Self::Photo { caption, .. } | Self::Document { caption, .. } => caption,
            Self::Invoice(_) | Self::Payment(_) => &NO_TEXT,
        }
    }

    /// Whether an edit to `other` would change nothing.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(two)) => one == two,
            (Self::Photo { file: one, caption }, Self::Photo { file: two, caption: other })
            | (
                Self::Document { file: one, caption },
                Self::Document { file: two, caption: other },
            ) => one.id == two.id && caption == other,
            (Self::Invoice(one), Self::Invoice(two)) => one == two,
            _ => false,
        }
    }
}

impl Message {
    /// The inline keyboard, if there is one.
    pub fn inline_keyboard(&self) -> Option<&Value> {
        match &self.markup {
            Some(Markup::Inline(markup)) => Some(markup),
            _ => None,
        }
    }
}

impl Chat {
    /// The private chat with a person.
    pub fn private(person: &Person) -> Result<Self, Error> {
        #[derive(Serialize)]
        struct PrivateJson<'a> {
            id: i64,
            first_name: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            username: Option<&'a str>,
            #[serde(rename = "type")]
            kind: &'static str,
        }
        let json = PrivateJson {
            id: person.id,
            first_name: &person.first_name,
            username: person.username.as_deref(),
            kind: "private",
        };
        Ok(Self::new(to_raw_value(&json).map_err(Error::Json)?))
    }

    /// The group that everybody is in.
    pub fn group() -> Result<Self, Error> {
        let json = serde_json::json!({
            "id": GROUP_ID, "title": "Playground group", "type": "supergroup"
        });
        Ok(Self::new(to_raw_value(&json).map_err(Error::Json)?))
    }

    fn new(json: Box<RawValue>) -> Self {
        Self {
            json,
            version: watch::Sender::new(1),
            reply_keyboard: None,
            action: None,
            menu_button: None,
            bot_message_count: 0,
            messages: VecDeque::new(),
        }
    }

    /// Tells whoever watches this chat that it changed.
    pub fn touch(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    /// Appends a message; the oldest goes when more than `kept` are there.
    pub fn append(&mut self, message: Message, kept: usize) {
        if message.author == Author::Bot {
            self.bot_message_count += 1;
            self.action = None;
            match &message.markup {
                Some(Markup::Keyboard(keyboard)) => self.reply_keyboard = Some(keyboard.clone()),
                Some(Markup::RemoveKeyboard) => self.reply_keyboard = None,
                _ => {}
            }
        }
        while self.messages.len() >= kept {
            self.messages.pop_front();
        }
        self.messages.push_back(message);
        self.touch();
    }

    /// All messages, oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.iter()
    }

    /// A message by id.
    pub fn message(&self, id: i64) -> Option<&Message> {
        let index = self.messages.binary_search_by_key(&id, |message| message.id).ok()?;
        self.messages.get(index)
    }

    /// A message by id, to be changed.
    pub fn message_mut(&mut self, id: i64) -> Option<&mut Message> {
        let index = self.messages.binary_search_by_key(&id, |message| message.id).ok()?;
        self.messages.get_mut(index)
    }

    /// Takes a message away; whether it was there.
    pub fn remove(&mut self, id: i64) -> bool {
        let Ok(index) = self.messages.binary_search_by_key(&id, |message| message.id) else {
            return false;
        };
        self.messages.remove(index);
        self.touch();
        true
    }

    /// A message as the Bot API shows it; `author` is the sender's user object.
    pub fn json_of<'a>(&'a self, message: &'a Message, author: &'a RawValue) -> MessageJson<'a> {
        let text = message.content.text();
        let is_text = matches!(message.content, Content::Text(_));
        let no_entities: &[Entity] = &[];
        let caption = (!is_text && !text.text.is_empty()).then_some(text.text.as_str());
        MessageJson {
            message_id: message.id,
            from: author,
            chat: &self.json,
            date: message.date,
            edit_date: message.edit_date,
            reply_to_message: None,
            text: is_text.then_some(text.text.as_str()),
            entities: if is_text { &text.entities } else { no_entities },
            photo: match &message.content {
                Content::Photo { file, .. } => Some([file.photo_json()]),
                _ => None,
            },
            document: match &message.content {
                Content::Document { file, .. } => Some(file.document_json()),
                _ => None,
            },
            invoice: match &message.content {
                Content::Invoice(invoice) => Some(invoice.json()),
                _ => None,
            },
            successful_payment: match &message.content {
                Content::Payment(receipt) if !receipt.refund => Some(receipt.json()),
                _ => None,
            },
            refunded_payment: match &message.content {
                Content::Payment(receipt) if receipt.refund => Some(receipt.json()),
                _ => None,
            },
            caption,
            caption_entities: if is_text { no_entities } else { &text.entities },
            reply_markup: message.inline_keyboard(),
        }
    }
}

impl<'a> MessageJson<'a> {
    /// The same message with the one it answers.
    pub fn replying_to(mut self, original: MessageJson<'a>) -> Self {
        self.reply_to_message = Some(Box::new(original));
        self
    }
}
