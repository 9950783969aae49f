//! What the JSON API shows of people and chats. Only this crate.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::entities::Entity;
use crate::options::Role;
use crate::world::bot::{BotCommand, ProfileText};
use crate::world::chat::{Author, Chat, Content, GROUP_ID, Message};
use crate::world::payments::{Checkout, CheckoutState};
use crate::world::presses::Press;
use crate::world::{Resident, State};

/// How long "typing" stays, in real seconds; Telegram's apps show it for five.
const ACTION_SECS: u64 = 5;

/// How many answers to presses a chat lists.
const ANSWERS_SHOWN: usize = 50;

/// A person.
#[derive(Serialize)]
pub(super) struct PersonView {
    id: i64,
    name: String,
    username: Option<String>,
    role: Role,
    language_code: String,
    blocks_bot: bool,
}

impl PersonView {
    pub fn of(resident: &Resident) -> Self {
        let person = &resident.person;
        Self {
            id: person.id,
            name: person.first_name.clone(),
            username: person.username.clone(),
            role: person.role,
            language_code: person.language_code.clone(),
            blocks_bot: resident.blocks_bot,
        }
    }
}

/// A chat as one person sees it.
#[derive(Serialize)]
pub(super) struct ChatView {
    version: u64,
    person: PersonView,
    bot: BotView,
    messages: Vec<MessageView>,
    reply_keyboard: Option<Vec<Vec<String>>>,
    commands: Vec<BotCommand>,
    answers: Vec<AnswerView>,
    checkouts: Vec<CheckoutView>,
    action: Option<&'static str>,
}

#[derive(Serialize)]
struct BotView {
    name: String,
    description: String,
    short_description: String,
}

#[derive(Serialize)]
struct MessageView {
    message_id: i64,
    from: &'static str,
    /// Who wrote it, in the group.
    name: String,
    text: String,
    entities: Vec<Entity>,
    buttons: Vec<Vec<Value>>,
    photo: Option<String>,
    document: Option<String>,
    file_name: Option<String>,
    file_bytes: Option<usize>,
    edited: bool,
    date: i64,
    reply_to: Option<i64>,
}

#[derive(Serialize)]
struct AnswerView {
    callback_query_id: String,
    message_id: i64,
    data: String,
    /// "waiting" or "answered".
    status: &'static str,
    text: Option<String>,
    show_alert: bool,
    url: Option<String>,
}

#[derive(Serialize)]
struct CheckoutView {
    pre_checkout_query_id: String,
    message_id: i64,
    #[serde(flatten)]
    state: CheckoutState,
}

/// A chat as one person sees it, with its `last` messages; `None` when there is no such person.
pub(super) fn chat_view(
    state: &State,
    person_id: i64,
    chat_id: i64,
    last: usize,
) -> Option<ChatView> {
    let resident = state.people.get(&person_id)?;
    let chat = state.chats.get(&chat_id)?;
    let language = &resident.person.language_code;
    let text = |which| state.bot.text(which, language).to_owned();
    let answers = state.presses.latest(person_id, chat_id, ANSWERS_SHOWN);
    let shown = chat.messages().skip(chat.messages().count().saturating_sub(last));
    Some(ChatView {
        version: *chat.version.borrow(),
        person: PersonView::of(resident),
        bot: BotView {
            name: text(ProfileText::Name),
            description: text(ProfileText::Description),
            short_description: text(ProfileText::ShortDescription),
        },
        messages: shown.map(|message| message_view(state, message)).collect(),
        reply_keyboard: reply_keyboard(chat),
        commands: state.bot.menu_for(chat_id, person_id, language).to_vec(),
        answers: answers.into_iter().map(|(id, press)| answer_view(id, press)).collect(),
        checkouts: checkouts(state, person_id),
        action: chat
            .action
            .filter(|(_, since)| since.elapsed().as_secs() < ACTION_SECS)
            .map(|(action, _)| action),
    })
}

fn checkouts(state: &State, person_id: i64) -> Vec<CheckoutView> {
    let view = |(id, checkout): (u64, &Checkout)| CheckoutView {
        pre_checkout_query_id: id.to_string(),
        message_id: checkout.message_id,
        state: checkout.state.clone(),
    };
    state.payments.latest(person_id, ANSWERS_SHOWN).into_iter().map(view).collect()
}

fn message_view(state: &State, message: &Message) -> MessageView {
    let text = message.content.text();
    let file = match &message.content {
        Content::Photo { file, .. } | Content::Document { file, .. } => Some(file),
        _ => None,
    };
    let is_photo = matches!(message.content, Content::Photo { .. });
    let name = match message.author {
        Author::Bot => state.bot.text(ProfileText::Name, ""),
        Author::Person(id) => state.people.get(&id).map_or("", |r| r.person.first_name.as_str()),
    };
    MessageView {
        message_id: message.id,
        from: if message.author == Author::Bot { "bot" } else { "person" },
        name: name.to_owned(),
        text: shown_text(message),
        entities: text.entities.clone(),
        buttons: pay_button(message).into_iter().chain(buttons(message)).collect(),
        photo: file.filter(|_| is_photo).map(|file| file.link()),
        document: file.filter(|_| !is_photo).map(|file| file.link()),
        file_name: file.map(|file| file.name.clone()),
        file_bytes: file.map(|file| file.bytes.len()),
        edited: message.edit_date.is_some(),
        date: message.date,
        reply_to: message.reply_to,
    }
}

/// The text or caption, or what the apps show of a payment.
fn shown_text(message: &Message) -> String {
    match &message.content {
        Content::Invoice(invoice) => format!("{}\n{}", invoice.title, invoice.description),
        Content::Payment(receipt) if receipt.refund => {
            format!("⭐ {} given back", receipt.total_amount)
        }
        Content::Payment(receipt) => format!("⭐ {} paid", receipt.total_amount),
        content => content.text().text.clone(),
    }
}

/// The row that the apps put under an invoice by themselves.
fn pay_button(message: &Message) -> Option<Vec<Value>> {
    let Content::Invoice(invoice) = &message.content else { return None };
    let label = if invoice.paid {
        "Receipt ⭐".to_owned()
    } else {
        format!("Pay ⭐ {}", invoice.total_amount)
    };
    Some(vec![json!({ "label": label, "pay": !invoice.paid })])
}

/// Rows of `{label, data | copy_text | url, style?}`.
fn buttons(message: &Message) -> Vec<Vec<Value>> {
    let rows = message.inline_keyboard().and_then(|markup| markup.get("inline_keyboard"));
    let rows = rows.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let rows = rows.iter().filter_map(Value::as_array);
    rows.map(|row| row.iter().map(button).collect()).collect()
}

fn button(button: &Value) -> Value {
    let mut shown = Map::new();
    let mut show = |name: &str, value: Option<&Value>| {
        if let Some(value) = value {
            shown.insert(name.to_owned(), value.clone());
        }
    };
    show("label", button.get("text"));
    show("data", button.get("callback_data"));
    show("copy_text", button.get("copy_text").and_then(|copy| copy.get("text")));
    let page = button.get("web_app").or_else(|| button.get("login_url"));
    show("url", button.get("url").or_else(|| page.and_then(|page| page.get("url"))));
    show("style", button.get("style"));
    Value::Object(shown)
}

fn reply_keyboard(chat: &Chat) -> Option<Vec<Vec<String>>> {
    let rows = chat.reply_keyboard.as_ref()?.get("keyboard")?.as_array()?;
    let label = |button: &Value| button.get("text").and_then(Value::as_str).map(str::to_owned);
    let rows = rows.iter().filter_map(Value::as_array);
    Some(rows.map(|row| row.iter().filter_map(label).collect()).collect())
}

fn answer_view(id: u64, press: &Press) -> AnswerView {
    let answer = press.answer.as_ref();
    AnswerView {
        callback_query_id: id.to_string(),
        message_id: press.message_id,
        data: press.data.clone(),
        status: if answer.is_some() { "answered" } else { "waiting" },
        text: answer.map(|answer| answer.text.clone()),
        show_alert: answer.is_some_and(|answer| answer.show_alert),
        url: answer.and_then(|answer| answer.url.clone()),
    }
}

/// What the live pages need to know which chat to fetch again.
pub(super) fn overview(state: &State) -> Value {
    let glance = |id: i64| {
        let chat = state.chats.get(&id)?;
        Some(json!({
            "id": id,
            "version": *chat.version.borrow(),
            "bot_messages": chat.bot_message_count,
            "last": chat.messages().next_back().map(snippet),
        }))
    };
    let people: Vec<_> = state.people.keys().filter_map(|id| glance(*id)).collect();
    json!({ "people": people, "group": glance(GROUP_ID) })
}

fn snippet(message: &Message) -> Value {
    let text: String = shown_text(message).chars().take(80).collect();
    let text = match (&message.content, text.is_empty()) {
        (Content::Photo { .. }, true) => "Photo".to_owned(),
        (Content::Document { file, .. }, true) => file.name.clone(),
        _ => text,
    };
    json!({ "text": text, "date": message.date, "mine": message.author != Author::Bot })
}
