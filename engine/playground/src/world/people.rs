//! What people do: write, press, block. Each becomes an update for the bot. Only this crate.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::Error;
use crate::entities::{Entity, FormattedText, utf16_len};
use crate::options::Person;
use crate::world::chat::{Author, Content, GROUP_ID, Message, MessageJson};
use crate::world::presses::Press;
use crate::world::updates::UpdateKind;
use crate::world::{State, World};

/// The longest message, in UTF-16 units.
pub(crate) const TEXT_UNITS_MAX: u32 = 4096;

/// The longest text somebody can paste, in UTF-16 units; the apps split it into messages.
const PASTE_UNITS_MAX: u32 = 16 * TEXT_UNITS_MAX;

/// The most bytes a press can carry.
pub(crate) const DATA_BYTES_MAX: usize = 64;

/// Where somebody does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Private,
    Group,
}

/// Why somebody cannot do that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misdeed {
    #[error("there is no person {0}")]
    NoSuchPerson(i64),
    #[error("there is no message {0} in this chat")]
    NoSuchMessage(i64),
    #[error("{0} blocks the bot; unblock it first")]
    Blocked(String),
    #[error("the text is empty")]
    Empty,
    #[error("the text is longer than {PASTE_UNITS_MAX} UTF-16 units")]
    TooLong,
    #[error("no callback button with the label {0:?} on message {1}")]
    NoSuchButton(String, i64),
    #[error("this invoice is paid")]
    PaidAlready,
    #[error("there is no such payment")]
    NoSuchPayment,
    #[error("data must have 1 to {DATA_BYTES_MAX} bytes")]
    BadData,
    #[error("the bot's queue of updates is full, or it did not ask for this kind of update")]
    NotQueued,
}

/// What came of writing something.
#[derive(Debug, Serialize)]
pub(crate) struct Said {
    /// The first message.
    pub message_id: i64,
    /// All messages; more than one when the text was long.
    pub message_ids: Vec<i64>,
    /// The update each message became.
    pub update_ids: Vec<i64>,
}

/// What came of a press.
#[derive(Debug, Serialize)]
pub(crate) struct Pressed {
    pub callback_query_id: String,
    pub update_id: i64,
}

/// The user object the Bot API shows.
pub(crate) fn user_json(person: &Person) -> Result<Box<RawValue>, Error> {
    #[derive(Serialize)]
    struct UserJson<'a> {
        id: i64,
        is_bot: bool,
        first_name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        username: Option<&'a str>,
        language_code: &'a str,
    }
    to_raw_value(&UserJson {
        id: person.id,
        is_bot: false,
        first_name: &person.first_name,
        username: person.username.as_deref(),
        language_code: &person.language_code,
    })
    .map_err(Error::Json)
}

impl World {
    /// Somebody writes a text.
    pub fn say(
        &self,
        person_id: i64,
        place: Place,
        text: &str,
        reply_to: Option<i64>,
    ) -> Result<Said, Misdeed> {
        self.say_formatted(person_id, place, (text, Vec::new()), reply_to)
    }

    /// The same with what the person formatted; in the first message, where there are several.
    pub fn say_formatted(
        &self,
        person_id: i64,
        place: Place,
        (text, entities): (&str, Vec<Entity>),
        reply_to: Option<i64>,
    ) -> Result<Said, Misdeed> {
        let now_ms = self.clock.now_ms();
        let pieces = split_as_the_apps_do(text, entities)?;
        let mut state = self.lock();
        let chat_id = state.chat_for(person_id, place)?;
        if let Some(original) = reply_to
            && state.chats.get(&chat_id).is_none_or(|chat| chat.message(original).is_none())
        {
            return Err(Misdeed::NoSuchMessage(original));
        }
        let mut said = Said { message_id: 0, message_ids: Vec::new(), update_ids: Vec::new() };
        for piece in pieces {
            let message = Message {
                id: state.mint_message_id(),
                author: Author::Person(person_id),
                date: now_ms.div_euclid(1000),
                edit_date: None,
                content: Content::Text(piece),
                markup: None,
                reply_to,
            };
            said.message_ids.push(message.id);
            said.update_ids.extend(state.receive(chat_id, message, now_ms));
        }
        drop(state);
        said.message_id = said.message_ids.first().copied().unwrap_or_default();
        self.update_came.notify_waiters();
        self.note_change();
        Ok(said)
    }

    /// Somebody presses a button, or forges a press: the data need not be on the message, and
    /// the message need not be there.
    pub fn press(
        &self,
        person_id: i64,
        place: Place,
        message_id: i64,
        button: Button<'_>,
    ) -> Result<Pressed, Misdeed> {
        let now_ms = self.clock.now_ms();
        let mut state = self.lock();
        let chat_id = state.chat_for(person_id, place)?;
        let data = match button {
            Button::Data(data) => data.to_owned(),
            Button::Label(label) => state.data_of_label(chat_id, message_id, label)?,
        };
        if !(1..=DATA_BYTES_MAX).contains(&data.len()) {
            return Err(Misdeed::BadData);
        }
        let press = Press { person_id, chat_id, message_id, data, at_ms: now_ms, answer: None };
        let payload_of = |id: u64, state: &State, data: &str| {
            let payload = state.press_json(id, person_id, chat_id, message_id, data)?;
            serde_json::to_string(&payload).ok()
        };
        let data = press.data.clone();
        let id = state.presses.record(press);
        let payload = payload_of(id, &state, &data).ok_or(Misdeed::NoSuchPerson(person_id))?;
        let queued = state.updates.push(UpdateKind::CallbackQuery, &payload, now_ms);
        if let Some(chat) = state.chats.get(&chat_id) {
            chat.touch();
        }
        drop(state);
        self.update_came.notify_waiters();
        self.note_change();
        let update_id = queued.ok_or(Misdeed::NotQueued)?;
        Ok(Pressed { callback_query_id: id.to_string(), update_id })
    }

    /// Somebody changes the language of their app.
    pub fn set_language(&self, person_id: i64, language_code: &str) -> Result<(), Misdeed> {
        let mut state = self.lock();
        let resident = state.people.get_mut(&person_id).ok_or(Misdeed::NoSuchPerson(person_id))?;
        resident.person.language_code = language_code.to_owned();
        if let Ok(json) = user_json(&resident.person) {
            resident.json = json;
        }
        if let Some(chat) = state.chats.get(&person_id) {
            chat.touch();
        }
        drop(state);
        self.note_change();
        Ok(())
    }

    /// Somebody blocks the bot, or lets it in again.
    pub fn set_blocked(&self, person_id: i64, blocked: bool) -> Result<(), Misdeed> {
        let now_ms = self.clock.now_ms();
        let mut guard = self.lock();
        let state = &mut *guard;
        let resident = state.people.get_mut(&person_id).ok_or(Misdeed::NoSuchPerson(person_id))?;
        if resident.blocks_bot == blocked {
            return Ok(());
        }
        resident.blocks_bot = blocked;
        if let Some(chat) = state.chats.get(&person_id) {
            let (old, new) = if blocked { ("member", "kicked") } else { ("kicked", "member") };
            let payload = ChatMemberJson {
                chat: &chat.json,
                from: &resident.json,
                date: now_ms.div_euclid(1000),
                old_chat_member: MemberJson::of(&state.bot.json, old),
                new_chat_member: MemberJson::of(&state.bot.json, new),
            };
            if let Ok(payload) = serde_json::to_string(&payload) {
                state.updates.push(UpdateKind::MyChatMember, &payload, now_ms);
            }
            chat.touch();
        }
        drop(guard);
        self.update_came.notify_waiters();
        self.note_change();
        Ok(())
    }
}

/// Which button is pressed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Button<'a> {
    Data(&'a str),
    Label(&'a str),
}

/// A press as the Bot API shows it.
#[derive(Serialize)]
struct PressJson<'a> {
    id: String,
    from: &'a RawValue,
    message: PressedMessage<'a>,
    chat_instance: String,
    data: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum PressedMessage<'a> {
    Accessible(Box<MessageJson<'a>>),
    /// What Telegram sends for a message it no longer has; known by its date of 0.
    Inaccessible {
        chat: &'a RawValue,
        message_id: i64,
        date: i64,
    },
}

#[derive(Serialize)]
struct ChatMemberJson<'a> {
    chat: &'a RawValue,
    from: &'a RawValue,
    date: i64,
    old_chat_member: MemberJson<'a>,
    new_chat_member: MemberJson<'a>,
}

#[derive(Serialize)]
struct MemberJson<'a> {
    user: &'a RawValue,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    until_date: Option<i64>,
}

impl<'a> MemberJson<'a> {
    fn of(user: &'a RawValue, status: &'static str) -> Self {
        Self { user, status, until_date: (status == "kicked").then_some(0) }
    }
}

impl State {
    /// The chat somebody acts in, when they may.
    pub(super) fn chat_for(&self, person_id: i64, place: Place) -> Result<i64, Misdeed> {
        let resident = self.people.get(&person_id).ok_or(Misdeed::NoSuchPerson(person_id))?;
        match place {
            Place::Group => Ok(GROUP_ID),
            Place::Private if resident.blocks_bot => {
                Err(Misdeed::Blocked(resident.person.first_name.clone()))
            }
            Place::Private => Ok(person_id),
        }
    }

    /// Files a person's message and queues its update.
    pub(super) fn receive(&mut self, chat_id: i64, message: Message, now_ms: i64) -> Option<i64> {
        let Author::Person(person_id) = message.author else { return None };
        let resident = self.people.get_mut(&person_id)?;
        resident.started |= chat_id == person_id;
        let chat = self.chats.get_mut(&chat_id)?;
        let id = message.id;
        chat.append(message, self.messages_kept);
        let payload = serde_json::to_string(&self.message_json(chat_id, id)?).ok()?;
        self.updates.push(UpdateKind::Message, &payload, now_ms)
    }

    /// A stored message as the Bot API shows it, with the one it answers.
    pub fn message_json(&self, chat_id: i64, message_id: i64) -> Option<MessageJson<'_>> {
        let chat = self.chats.get(&chat_id)?;
        let message = chat.message(message_id)?;
        let json = chat.json_of(message, self.author_json(message.author)?);
        let original = message.reply_to.and_then(|original| chat.message(original));
        let Some(original) = original else { return Some(json) };
        Some(json.replying_to(chat.json_of(original, self.author_json(original.author)?)))
    }

    fn author_json(&self, author: Author) -> Option<&RawValue> {
        match author {
            Author::Bot => Some(&self.bot.json),
            Author::Person(id) => self.people.get(&id).map(|resident| &*resident.json),
        }
    }

    fn press_json<'a>(
        &'a self,
        id: u64,
        person_id: i64,
        chat_id: i64,
        message_id: i64,
        data: &'a str,
    ) -> Option<PressJson<'a>> {
        let chat = self.chats.get(&chat_id)?;
        let message = match self.message_json(chat_id, message_id) {
            Some(json) => PressedMessage::Accessible(Box::new(json)),
            None => PressedMessage::Inaccessible { chat: &chat.json, message_id, date: 0 },
        };
        Some(PressJson {
            id: id.to_string(),
            from: self.author_json(Author::Person(person_id))?,
            message,
            chat_instance: format!("{}", 8_000_000_000_i64 + chat_id.rem_euclid(1_000_000_007)),
            data,
        })
    }

    fn data_of_label(&self, chat_id: i64, message_id: i64, label: &str) -> Result<String, Misdeed> {
        let chat = self.chats.get(&chat_id).ok_or(Misdeed::NoSuchPerson(chat_id))?;
        let message = chat.message(message_id).ok_or(Misdeed::NoSuchMessage(message_id))?;
        let rows = message.inline_keyboard().and_then(|markup| markup.get("inline_keyboard"));
        let rows = rows.and_then(|rows| rows.as_array()).map_or(&[][..], Vec::as_slice);
        let buttons = rows.iter().filter_map(|row| row.as_array()).flatten();
        let named = buttons
            .filter(|button| button.get("text").and_then(|text| text.as_str()) == Some(label));
        let mut data = named.filter_map(|button| button.get("callback_data")?.as_str());
        let no_such_button = || Misdeed::NoSuchButton(label.to_owned(), message_id);
        data.next().map(str::to_owned).ok_or_else(no_such_button)
    }
}

/// Cuts a pasted text into messages, at line ends or blanks where there are any.
fn split_as_the_apps_do(
    text: &str,
    mut entities: Vec<Entity>,
) -> Result<Vec<FormattedText>, Misdeed> {
    if utf16_len(text) > PASTE_UNITS_MAX {
        return Err(Misdeed::TooLong);
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let fits = fitting_prefix(rest);
        let cut = if fits == rest.len() {
            fits
        } else {
            let head = rest.get(..fits).unwrap_or_default();
            head.rfind('\n').or_else(|| head.rfind(' ')).map_or(fits, |at| at + 1)
        };
        let (piece, after) = rest.split_at(cut.max(1));
        let entities = std::mem::take(&mut entities);
        let piece = FormattedText { text: piece.to_owned(), entities }.finish();
        if !piece.text.trim().is_empty() {
            pieces.push(piece);
        }
        rest = after;
    }
    if pieces.is_empty() { Err(Misdeed::Empty) } else { Ok(pieces) }
}

/// How many bytes of the text fit into one message.
fn fitting_prefix(text: &str) -> usize {
    let mut units = 0;
    for (at, c) in text.char_indices() {
        units += u32::try_from(c.len_utf16()).unwrap_or(1);
        if units > TEXT_UNITS_MAX {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_split_and_empty_ones_refused() {
        let words = "word ".repeat(1000);
        let table = [
            ("hello", Ok(vec![5])),
            ("  \n ", Err(Misdeed::Empty)),
            ("", Err(Misdeed::Empty)),
            (words.as_str(), Ok(vec![4094, 904])),
            (&"📱".repeat(2049), Ok(vec![4096, 2])),
            (&"x".repeat(70_000), Err(Misdeed::TooLong)),
        ];
        for (text, expected) in table {
            let lengths = split_as_the_apps_do(text, Vec::new())
                .map(|pieces| pieces.iter().map(|piece| utf16_len(&piece.text)).collect());
            assert_eq!(lengths, expected, "{} bytes", text.len());
        }
    }
}
