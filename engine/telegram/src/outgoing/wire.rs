//! The JSON and form bodies of the calls. Only `outgoing` and the sender have business here.

use std::borrow::Cow;

use ring4_domain::ids::MessageId;
use serde::Serialize;
use teloxide_core::types as telegram;

use super::{
    Action, Call, ChatId, CommandScope, InlineResult, Markup, NOTICE_CHARS_MAX, moment, stars,
};
use crate::client::{Body, CallError, Upload};
use crate::keyboard::Keyboard;

/// What a call becomes: a method of the Bot API and its body.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) body: Body,
}

impl Request {
    pub(super) fn json<T: Serialize>(method: &'static str, payload: &T) -> Result<Self, CallError> {
        Ok(Self { method, body: Body::json(payload)? })
    }
}

impl Call {
    /// The request for `chat`. `plain` takes what an older server may refuse out of the keyboard.
    pub(crate) fn encode(&self, chat: ChatId, plain: bool) -> Result<Request, CallError> {
        let simpler = if plain { self.keyboard().map(Keyboard::plain) } else { None };
        let keyboard = if plain { simpler.as_ref() } else { self.keyboard() };
        let chat_id = chat.0;
        match self {
            Self::SendMessage { text, markup, reply_to, silent } => {
                let text = &moments(text, plain);
                send_message(chat_id, text, markup, keyboard, *reply_to, *silent)
            }
            Self::EditMessage { message, text, .. } => {
                let text = &moments(text, plain);
                let payload = EditMessageText {
                    chat_id,
                    message_id: message.0,
                    text,
                    parse_mode: telegram::ParseMode::Html,
                    link_preview_options: NO_PREVIEW,
                    reply_markup: keyboard,
                };
                Request::json("editMessageText", &payload)
            }
            Self::EditKeyboard { message, .. } => {
                let message_id = message.0;
                let payload =
                    EditMessageReplyMarkup { chat_id, message_id, reply_markup: keyboard };
                Request::json("editMessageReplyMarkup", &payload)
            }
            Self::SendPhoto { photo, file_name, caption, silent, .. } => {
                let fields = file_fields(chat_id, caption, keyboard, *silent)?;
                let (file, file_name) = (photo.clone(), file_name.clone());
                let upload = Upload { fields, part: "photo", file_name, file };
                Ok(Request { method: "sendPhoto", body: Body::Upload(upload) })
            }
            Self::SendDocument { document, file_name, caption, silent, .. } => {
                let fields = file_fields(chat_id, caption, keyboard, *silent)?;
                let (file, file_name) = (document.clone(), file_name.clone());
                let upload = Upload { fields, part: "document", file_name, file };
                Ok(Request { method: "sendDocument", body: Body::Upload(upload) })
            }
            Self::ForwardFile { file_id, document, caption, reply_to } => {
                forward_file(chat_id, file_id, *document, caption, *reply_to)
            }
            Self::SendInvoice { title, description, payload, count } => {
                stars::invoice(chat_id, (title, description), payload, *count)
            }
            Self::AnswerCheckout { query_id, refusal } => {
                stars::answer(query_id, refusal.as_deref())
            }
            Self::RefundStars { charge } => stars::refund(chat_id, charge),
            Self::DeleteMessage { message } => {
                let payload = DeleteMessage { chat_id, message_id: message.0 };
                Request::json("deleteMessage", &payload)
            }
            Self::AnswerPress { query_id, text, alert } => {
                let text = text.as_deref().map(|text| cut(text, NOTICE_CHARS_MAX));
                let callback_query_id = query_id.as_str();
                let payload = AnswerCallbackQuery { callback_query_id, text, show_alert: *alert };
                Request::json("answerCallbackQuery", &payload)
            }
            Self::AnswerInline { query_id, results, cache_secs, start } => {
                answer_inline(query_id, results, *cache_secs, start.as_ref(), plain)
            }
            Self::ChatAction(action) => {
                let payload = SendChatAction { chat_id, action: action.wire() };
                Request::json("sendChatAction", &payload)
            }
            Self::SetCommands { scope, language, commands } => {
                set_commands(*scope, language.as_deref(), commands)
            }
        }
    }
}

fn forward_file(
    chat_id: i64,
    file_id: &str,
    document: bool,
    caption: &str,
    reply_to: Option<MessageId>,
) -> Result<Request, CallError> {
    let method = if document { "sendDocument" } else { "sendPhoto" };
    let payload = SendFile {
        chat_id,
        photo: (!document).then_some(file_id),
        document: document.then_some(file_id),
        caption,
        parse_mode: telegram::ParseMode::Html,
        reply_parameters: reply_to.map(reply_parameters),
    };
    Request::json(method, &payload)
}

fn answer_inline(
    query_id: &str,
    results: &[InlineResult],
    cache_secs: u32,
    start: Option<&(String, String)>,
    plain: bool,
) -> Result<Request, CallError> {
    let payload = AnswerInlineQuery {
        inline_query_id: query_id,
        results: results.iter().map(|result| WireResult::of(result, plain)).collect(),
        cache_time: cache_secs,
        is_personal: true,
        button: start.map(|(text, start_parameter)| ResultsButton { text, start_parameter }),
    };
    Request::json("answerInlineQuery", &payload)
}

fn set_commands(
    scope: CommandScope,
    language: Option<&str>,
    commands: &[super::MenuCommand],
) -> Result<Request, CallError> {
    let line = |line: &super::MenuCommand| telegram::BotCommand::new(&line.name, &line.description);
    let payload = SetMyCommands {
        commands: commands.iter().map(line).collect(),
        scope: scope.wire(),
        language_code: language,
    };
    let method = if commands.is_empty() { "deleteMyCommands" } else { "setMyCommands" };
    Request::json(method, &payload)
}

/// The text, its moments in plain form where the server does not know them.
fn moments(text: &str, plain: bool) -> Cow<'_, str> {
    if plain { Cow::Owned(moment::plain(text)) } else { Cow::Borrowed(text) }
}

fn send_message(
    chat_id: i64,
    text: &str,
    markup: &Markup,
    keyboard: Option<&Keyboard>,
    reply_to: Option<MessageId>,
    silent: bool,
) -> Result<Request, CallError> {
    let reply_markup = match markup {
        Markup::ForceReply { placeholder } => Some(WireMarkup::ForceReply {
            force_reply: true,
            input_field_placeholder: placeholder.as_deref(),
        }),
        Markup::None | Markup::Keyboard(_) => keyboard.map(WireMarkup::Keyboard),
    };
    let payload = SendMessage {
        chat_id,
        text,
        parse_mode: telegram::ParseMode::Html,
        link_preview_options: NO_PREVIEW,
        disable_notification: silent,
        reply_parameters: reply_to.map(reply_parameters),
        reply_markup,
    };
    Request::json("sendMessage", &payload)
}

impl Action {
    const fn wire(self) -> telegram::ChatAction {
        match self {
            Self::Typing => telegram::ChatAction::Typing,
            Self::UploadPhoto => telegram::ChatAction::UploadPhoto,
            Self::UploadDocument => telegram::ChatAction::UploadDocument,
        }
    }
}

impl CommandScope {
    const fn wire(self) -> telegram::BotCommandScope {
        match self {
            Self::Default => telegram::BotCommandScope::Default,
            Self::AllPrivateChats => telegram::BotCommandScope::AllPrivateChats,
            Self::Chat(chat) => {
                let chat_id = telegram::Recipient::Id(telegram::ChatId(chat.0));
                telegram::BotCommandScope::Chat { chat_id }
            }
        }
    }
}

const NO_PREVIEW: telegram::LinkPreviewOptions = telegram::LinkPreviewOptions {
    is_disabled: true,
    url: None,
    prefer_small_media: false,
    prefer_large_media: false,
    show_above_text: false,
};

fn reply_parameters(message: MessageId) -> telegram::ReplyParameters {
    let mut reply = telegram::ReplyParameters::new(telegram::MessageId(message.0));
    reply.allow_sending_without_reply = Some(true);
    reply
}

fn file_fields(
    chat_id: i64,
    caption: &str,
    keyboard: Option<&Keyboard>,
    silent: bool,
) -> Result<Vec<(&'static str, String)>, CallError> {
    let mut fields = vec![("chat_id", chat_id.to_string())];
    if !caption.is_empty() {
        fields.push(("caption", caption.to_owned()));
        fields.push(("parse_mode", "HTML".to_owned()));
    }
    if silent {
        fields.push(("disable_notification", "true".to_owned()));
    }
    if let Some(keyboard) = keyboard {
        let text = serde_json::to_string(keyboard)
            .map_err(|error| CallError::Unencodable { reason: error.to_string() })?;
        fields.push(("reply_markup", text));
    }
    Ok(fields)
}

pub(super) fn cut(text: &str, chars_max: usize) -> &str {
    text.char_indices().nth(chars_max).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[derive(Serialize)]
#[serde(untagged)]
enum WireMarkup<'a> {
    Keyboard(&'a Keyboard),
    ForceReply {
        force_reply: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        input_field_placeholder: Option<&'a str>,
    },
}

#[derive(Serialize)]
struct SendMessage<'a> {
    chat_id: i64,
    text: &'a str,
    parse_mode: telegram::ParseMode,
    link_preview_options: telegram::LinkPreviewOptions,
    #[serde(skip_serializing_if = "is_false")]
    disable_notification: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_parameters: Option<telegram::ReplyParameters>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_markup: Option<WireMarkup<'a>>,
}

#[derive(Serialize)]
struct SendFile<'a> {
    chat_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    photo: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<&'a str>,
    caption: &'a str,
    parse_mode: telegram::ParseMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_parameters: Option<telegram::ReplyParameters>,
}

#[derive(Serialize)]
struct EditMessageText<'a> {
    chat_id: i64,
    message_id: i32,
    text: &'a str,
    parse_mode: telegram::ParseMode,
    link_preview_options: telegram::LinkPreviewOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_markup: Option<&'a Keyboard>,
}

#[derive(Serialize)]
struct EditMessageReplyMarkup<'a> {
    chat_id: i64,
    message_id: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_markup: Option<&'a Keyboard>,
}

#[derive(Serialize)]
struct DeleteMessage {
    chat_id: i64,
    message_id: i32,
}

#[derive(Serialize)]
struct AnswerCallbackQuery<'a> {
    callback_query_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    show_alert: bool,
}

#[derive(Serialize)]
struct AnswerInlineQuery<'a> {
    inline_query_id: &'a str,
    results: Vec<WireResult<'a>>,
    cache_time: u32,
    is_personal: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    button: Option<ResultsButton<'a>>,
}

#[derive(Serialize)]
struct ResultsButton<'a> {
    text: &'a str,
    start_parameter: &'a str,
}

#[derive(Serialize)]
struct WireResult<'a> {
    r#type: &'static str,
    id: &'a str,
    title: &'a str,
    description: &'a str,
    input_message_content: InputText<'a>,
    reply_markup: Cow<'a, Keyboard>,
}

#[derive(Serialize)]
struct InputText<'a> {
    message_text: &'a str,
    parse_mode: telegram::ParseMode,
}

impl<'a> WireResult<'a> {
    fn of(result: &'a InlineResult, plain: bool) -> Self {
        let keyboard = &result.keyboard;
        Self {
            r#type: "article",
            id: &result.id,
            title: &result.title,
            description: &result.description,
            input_message_content: InputText {
                message_text: &result.text,
                parse_mode: telegram::ParseMode::Html,
            },
            reply_markup: if plain {
                Cow::Owned(keyboard.plain())
            } else {
                Cow::Borrowed(keyboard)
            },
        }
    }
}

#[derive(Serialize)]
struct SendChatAction {
    chat_id: i64,
    action: telegram::ChatAction,
}

#[derive(Serialize)]
struct SetMyCommands<'a> {
    commands: Vec<telegram::BotCommand>,
    scope: telegram::BotCommandScope,
    #[serde(skip_serializing_if = "Option::is_none")]
    language_code: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyboard::Button;
    use crate::outgoing::MenuCommand;

    fn json(call: &Call, plain: bool) -> (&'static str, String) {
        let request = call.encode(ChatId(7), plain).expect("a request");
        let Body::Json(text) = request.body else { panic!("not JSON") };
        (request.method, String::from_utf8(text.to_vec()).expect("text"))
    }

    fn copy_button() -> Keyboard {
        let buttons = vec![vec![Button::copy("Copy", "1").expect("a button")]];
        Keyboard::new(buttons).expect("a keyboard")
    }

    const COPY_BUTTON: &str = r#"{"inline_keyboard":[[{"text":"Copy","copy_text":{"text":"1"}}]]}"#;

    #[test]
    fn messages_have_the_form_the_bot_api_describes() {
        let text = "<b>hi</b>".to_owned();
        let send = |markup, reply_to, silent| Call::SendMessage {
            text: text.clone(),
            markup,
            reply_to,
            silent,
        };
        let head = concat!(
            r#"{"chat_id":7,"text":"<b>hi</b>","parse_mode":"HTML","#,
            r#""link_preview_options":{"is_disabled":true}"#
        );
        let answer = concat!(
            r#","reply_parameters":{"message_id":5,"allow_sending_without_reply":true}"#,
            r#","reply_markup":{"force_reply":true,"input_field_placeholder":"5.00"}}"#
        );
        let buttons = format!(r#","disable_notification":true,"reply_markup":{COPY_BUTTON}}}"#);
        let ask = Markup::ForceReply { placeholder: Some("5.00".to_owned()) };
        let rows = [
            (send(Markup::None, None, false), "}"),
            (send(Markup::Keyboard(copy_button()), None, true), buttons.as_str()),
            (send(ask, Some(MessageId(5)), false), answer),
        ];
        for (call, rest) in rows {
            assert_eq!(json(&call, false), ("sendMessage", format!("{head}{rest}")));
        }
    }

    #[test]
    fn other_calls_have_the_form_the_bot_api_describes() {
        let message = MessageId(5);
        let keyboard = Some(copy_button());
        let with_buttons =
            format!(r#"{{"chat_id":7,"message_id":5,"reply_markup":{COPY_BUTTON}}}"#);
        let menu = MenuCommand { name: "buy".to_owned(), description: "Comprar".to_owned() };
        let menu = Call::SetCommands {
            scope: CommandScope::Chat(ChatId(3)),
            language: Some("es".to_owned()),
            commands: vec![menu],
        };
        let menu_json = concat!(
            r#"{"commands":[{"command":"buy","description":"Comprar"}],"#,
            r#""scope":{"type":"chat","chat_id":3},"language_code":"es"}"#
        );
        let text = "hi".to_owned();
        let edited = concat!(
            r#"{"chat_id":7,"message_id":5,"text":"hi","parse_mode":"HTML","#,
            r#""link_preview_options":{"is_disabled":true}}"#
        );
        let answer = Call::AnswerPress { query_id: "9".to_owned(), text: None, alert: false };
        let typing = r#"{"chat_id":7,"action":"upload_photo"}"#;
        let bare = r#"{"chat_id":7,"message_id":5}"#;
        let edit = "editMessageReplyMarkup";
        let file = |document| Call::ForwardFile {
            file_id: "f1".to_owned(),
            document,
            caption: "hi".to_owned(),
            reply_to: None,
        };
        let photo = r#"{"chat_id":7,"photo":"f1","caption":"hi","parse_mode":"HTML"}"#;
        let document = r#"{"chat_id":7,"document":"f1","caption":"hi","parse_mode":"HTML"}"#;
        let invoice = Call::SendInvoice {
            title: "x".repeat(40),
            description: "d".to_owned(),
            payload: "4XK7Q2M9".to_owned(),
            count: 770,
        };
        let title = "x".repeat(32);
        let invoice_json = [
            format!(r#"{{"chat_id":7,"title":"{title}","description":"d","#),
            r#""payload":"4XK7Q2M9","currency":"XTR","#.to_owned(),
            format!(r#""prices":[{{"label":"{title}","amount":770}}]}}"#),
        ];
        let invoice_json = invoice_json.concat();
        let checkout = |refusal: Option<&str>| Call::AnswerCheckout {
            query_id: "9".to_owned(),
            refusal: refusal.map(str::to_owned),
        };
        let yes = r#"{"pre_checkout_query_id":"9","ok":true}"#;
        let no = r#"{"pre_checkout_query_id":"9","ok":false,"error_message":"Over"}"#;
        let charge = ring4_domain::stars::ChargeId::new("stx-1").expect("an id");
        let refund = r#"{"user_id":7,"telegram_payment_charge_id":"stx-1"}"#;
        let rows = [
            (invoice, "sendInvoice", invoice_json.as_str()),
            (checkout(None), "answerPreCheckoutQuery", yes),
            (checkout(Some("Over")), "answerPreCheckoutQuery", no),
            (Call::RefundStars { charge }, "refundStarPayment", refund),
            (file(false), "sendPhoto", photo),
            (file(true), "sendDocument", document),
            (Call::EditMessage { message, text, keyboard: None }, "editMessageText", edited),
            (Call::EditKeyboard { message, keyboard: None }, edit, bare),
            (Call::EditKeyboard { message, keyboard }, edit, with_buttons.as_str()),
            (Call::DeleteMessage { message }, "deleteMessage", bare),
            (answer, "answerCallbackQuery", r#"{"callback_query_id":"9"}"#),
            (Call::ChatAction(Action::UploadPhoto), "sendChatAction", typing),
            (menu, "setMyCommands", menu_json),
        ];
        for (call, method, body) in rows {
            assert_eq!(json(&call, false), (method, body.to_owned()));
        }
    }

    #[test]
    fn a_notice_is_cut_between_characters() {
        let call = Call::AnswerPress {
            query_id: "9".to_owned(),
            text: Some("é".repeat(500)),
            alert: true,
        };
        let (_, body) = json(&call, false);
        assert_eq!(body.matches('é').count(), NOTICE_CHARS_MAX);
        assert!(body.ends_with(r#","show_alert":true}"#), "{body}");
    }
}
