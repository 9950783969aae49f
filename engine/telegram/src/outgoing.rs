//! What can be said to a chat, and its form on the wire.
//! The middle makes these, the sender delivers them. Texts arrive finished, in Telegram's HTML.

pub mod moment;
mod stars;
mod wire;

use bytes::Bytes;
use ring4_domain::ids::{MessageId, UserId};
use ring4_domain::stars::ChargeId;

use crate::keyboard::Keyboard;

pub(crate) use wire::Request;

/// The longest answer to a press, in characters (Bot API, answerCallbackQuery). Longer is cut:
/// a notice cut short is better than a button that shows its progress for ever.
pub const NOTICE_CHARS_MAX: usize = 200;

/// A chat by Telegram's id; a private chat has the id of its person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChatId(pub i64);

impl From<UserId> for ChatId {
    fn from(user: UserId) -> Self {
        Self(user.0)
    }
}

/// What goes first when limits make somebody wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Somebody looks at the chat and waits: answers, cards, codes.
    Answer,
    /// Nobody waits: news to many.
    Broadcast,
}

/// What stands where buttons may stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Markup {
    /// Nothing.
    #[default]
    None,
    /// Buttons under the message.
    Keyboard(Keyboard),
    /// The app opens a reply to the message.
    ForceReply {
        /// Shown in the empty input field, 1 to 64 characters.
        placeholder: Option<String>,
    },
}

/// "The bot is typing", for slow answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Writing.
    Typing,
    /// Making a picture.
    UploadPhoto,
    /// Making a file.
    UploadDocument,
}

/// Who sees a command menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandScope {
    /// Everybody, in chats without a menu of their own.
    Default,
    /// Every private chat.
    AllPrivateChats,
    /// One chat.
    Chat(ChatId),
}

/// One line of a command menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuCommand {
    /// 1 to 32 of `a-z 0-9 _`, without the slash.
    pub name: String,
    /// 1 to 256 characters.
    pub description: String,
}

/// One thing that may be chosen in answer to an inline query. Choosing it sends `text`.
#[derive(Clone, Debug)]
pub struct InlineResult {
    /// 1 to 64 bytes, one of its kind in an answer.
    pub id: String,
    /// Plain.
    pub title: String,
    /// Plain.
    pub description: String,
    /// HTML, 1 to 4096 characters after parsing.
    pub text: String,
    /// Buttons.
    pub keyboard: Keyboard,
}

/// One thing to do in a chat. Link previews are always off.
#[derive(Clone, Debug)]
pub enum Call {
    /// A new message.
    SendMessage {
        /// HTML, 1 to 4096 characters after parsing.
        text: String,
        /// Buttons or a forced reply.
        markup: Markup,
        /// The message it answers; sent without, when that one is gone.
        reply_to: Option<MessageId>,
        /// No sound.
        silent: bool,
    },
    /// Another text for a message of the bot; its buttons become `keyboard`.
    EditMessage {
        /// The message.
        message: MessageId,
        /// HTML, 1 to 4096 characters after parsing.
        text: String,
        /// The buttons from now on.
        keyboard: Option<Keyboard>,
    },
    /// Other buttons for a message of the bot.
    EditKeyboard {
        /// The message.
        message: MessageId,
        /// The buttons from now on.
        keyboard: Option<Keyboard>,
    },
    /// A picture.
    SendPhoto {
        /// PNG or JPEG, at most 10 MB.
        photo: Bytes,
        /// The file's name.
        file_name: String,
        /// HTML, at most 1024 characters after parsing.
        caption: String,
        /// Buttons.
        keyboard: Option<Keyboard>,
        /// No sound.
        silent: bool,
    },
    /// A file.
    SendDocument {
        /// At most 50 MB.
        document: Bytes,
        /// The file's name.
        file_name: String,
        /// HTML, at most 1024 characters after parsing.
        caption: String,
        /// Buttons.
        keyboard: Option<Keyboard>,
        /// No sound.
        silent: bool,
    },
    /// A picture or file that somebody sent to the bot before.
    ForwardFile {
        /// What the bot may send it on by.
        file_id: String,
        /// A file, not a photo.
        document: bool,
        /// HTML, at most 1024 characters after parsing.
        caption: String,
        /// The message it belongs to; sent without, when that one is gone.
        reply_to: Option<MessageId>,
    },
    /// An invoice in Telegram Stars, with Telegram's own button to pay it.
    SendInvoice {
        /// 1 to 32 characters; longer is cut.
        title: String,
        /// 1 to 255 characters; longer is cut.
        description: String,
        /// What comes back with the payment, 1 to 128 bytes; nobody sees it.
        payload: String,
        /// How many stars.
        count: u32,
    },
    /// Answers, within ten seconds, whether stars may be paid.
    AnswerCheckout {
        /// The question, by [`crate::inbound::Checkout::query_id`].
        query_id: String,
        /// Why not, where they may not; the person reads it.
        refusal: Option<String>,
    },
    /// Gives the stars of a payment back to the person of this chat.
    RefundStars {
        /// The payment.
        charge: ChargeId,
    },
    /// Takes a message away.
    DeleteMessage {
        /// The message.
        message: MessageId,
    },
    /// Ends the progress shown on a pressed button. Once per press.
    AnswerPress {
        /// The press, by [`crate::inbound::Press::query_id`].
        query_id: String,
        /// A notice, cut to 200 characters.
        text: Option<String>,
        /// The notice must be closed by hand.
        alert: bool,
    },
    /// Answers an inline query. The answer is for the person who asked and kept for no other.
    AnswerInline {
        /// The query, by [`crate::inbound::InlineQuery::query_id`].
        query_id: String,
        /// At most 50, best first.
        results: Vec<InlineResult>,
        /// How long Telegram may show the same answer again to that person, in seconds.
        cache_secs: u32,
        /// The way to the bot above the results: a label and what `/start` is to carry.
        start: Option<(String, String)>,
    },
    /// Shows for 5 s that an answer is being made.
    ChatAction(Action),
    /// Replaces a command menu.
    SetCommands {
        /// Who sees it.
        scope: CommandScope,
        /// A language code of two letters; `None` for all languages without a menu of their own.
        language: Option<String>,
        /// The menu, at most 100 lines; none takes it away, and a wider one is seen again.
        commands: Vec<MenuCommand>,
    },
}

/// One call and where it belongs.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The chat whose order and limits it obeys.
    pub chat: ChatId,
    /// What goes first.
    pub priority: Priority,
    /// What to do.
    pub call: Call,
}

/// The result of a delivered call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The message that was sent or edited.
    Message(MessageId),
    /// Done; there is no message to name.
    Done,
    /// The message looked like this already.
    Unchanged,
    /// The press was answered before or waited too long; nobody sees an answer any more.
    TooLate,
}

impl Call {
    /// The keyboard it carries.
    fn keyboard(&self) -> Option<&Keyboard> {
        match self {
            Self::SendMessage { markup: Markup::Keyboard(keyboard), .. } => Some(keyboard),
            Self::EditMessage { keyboard, .. }
            | Self::EditKeyboard { keyboard, .. }
            | Self::SendPhoto { keyboard, .. }
            | Self::SendDocument { keyboard, .. } => keyboard.as_ref(),
            _ => None,
        }
    }

    /// Whether an older server might refuse its buttons or its moments.
    pub(crate) fn is_rich(&self) -> bool {
        let text = match self {
            Self::SendMessage { text, .. } | Self::EditMessage { text, .. } => text.as_str(),
            _ => "",
        };
        self.keyboard().is_some_and(Keyboard::is_rich) || moment::is_in(text)
    }

    /// Whether it keeps its place among the other calls of the chat. An answer to a press is
    /// independent of the messages and must never wait behind them.
    pub(crate) const fn is_ordered(&self) -> bool {
        !matches!(
            self,
            Self::AnswerPress { .. }
                | Self::AnswerInline { .. }
                | Self::AnswerCheckout { .. }
                | Self::RefundStars { .. }
                | Self::SetCommands { .. }
                | Self::ChatAction(_)
        )
    }

    /// Whether Telegram's message limits count it.
    pub(crate) const fn is_limited(&self) -> bool {
        self.is_ordered() && !matches!(self, Self::DeleteMessage { .. })
    }

    /// Whether its result is a message.
    pub(crate) const fn gives_message(&self) -> bool {
        self.is_limited()
    }

    /// Whether it carries a file.
    pub(crate) const fn is_upload(&self) -> bool {
        matches!(self, Self::SendPhoto { .. } | Self::SendDocument { .. })
    }
}
