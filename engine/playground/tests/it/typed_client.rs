//! A strictly typed client understands every answer: field names and types are Telegram's.

use reqwest::Url;
use teloxide_core::payloads::{GetUpdatesSetters, SendMessageSetters, SetMyCommandsSetters};
use teloxide_core::requests::Requester;
use teloxide_core::types::{
    BotCommand, BotCommandScope, ChatAction, ChatId, InlineKeyboardButton, InlineKeyboardMarkup,
    InputFile, MessageId, ParseMode, Recipient, UpdateKind,
};
use teloxide_core::{ApiError, Bot, RequestError};

use crate::play::Play;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\x90";

fn bot(play: &Play) -> Bot {
    Bot::new("1:abc").set_api_url(Url::parse(&play.base).unwrap())
}

#[tokio::test]
async fn updates_parse_into_their_kinds() {
    let play = Play::new().await;
    let bot = bot(&play);
    assert_eq!(bot.get_me().await.unwrap().username(), "ring4_playground_bot");
    play.playground.say(1001, "/start now").unwrap();
    let keys = [[InlineKeyboardButton::callback("Buy", "buy")]];
    let sent = bot
        .send_message(ChatId(1001), "<b>hi</b>")
        .parse_mode(ParseMode::Html)
        .reply_markup(InlineKeyboardMarkup::new(keys))
        .await
        .unwrap();
    assert_eq!((sent.text(), sent.entities().map(<[_]>::len)), (Some("hi"), Some(1)));
    play.playground.press(1001, i64::from(sent.id.0), "buy").unwrap();
    play.playground.press(1001, 999, "forged").unwrap();
    for blocked in [true, false] {
        let block = serde_json::json!({ "person": 1001, "blocked": blocked });
        play.fault(serde_json::json!({ "block": block })).await;
    }
    let updates = bot.get_updates().timeout(0).await.unwrap();
    let kinds: Vec<_> = updates
        .iter()
        .map(|update| match &update.kind {
            UpdateKind::Message(message) => format!("message {}", message.text().unwrap()),
            UpdateKind::CallbackQuery(query) => {
                let is_there = query.regular_message().is_some();
                format!("press {} {is_there}", query.data.as_deref().unwrap())
            }
            UpdateKind::MyChatMember(change) => {
                format!("blocked {}", change.new_chat_member.is_banned())
            }
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "message /start now",
            "press buy true",
            "press forged false",
            "blocked true",
            "blocked false"
        ]
    );
    play.playground.stop().await;
}

#[tokio::test]
async fn every_method_answers_in_its_type() {
    let play = Play::new().await;
    let bot = bot(&play);
    let chat = ChatId(1001);
    let sent = bot.send_message(chat, "one").await.unwrap();
    let edited = bot.edit_message_text(chat, sent.id, "two").await.unwrap();
    assert_eq!(edited.text(), Some("two"));
    let same = bot.edit_message_text(chat, sent.id, "two").await;
    assert!(matches!(same, Err(RequestError::Api(ApiError::MessageNotModified))), "{same:?}");
    let lost = bot.edit_message_text(chat, MessageId(99), "x").await;
    assert!(matches!(lost, Err(RequestError::Api(ApiError::MessageToEditNotFound))), "{lost:?}");
    let photo = InputFile::memory(PNG).file_name("chart.png");
    let photo = bot.send_photo(chat, photo).await.unwrap();
    assert_eq!(photo.photo().unwrap()[0].width, 640);
    let report = InputFile::memory("a,b".as_bytes()).file_name("report.csv");
    let report = bot.send_document(chat, report).await.unwrap();
    let document = report.document().unwrap();
    assert_eq!(document.file_name.as_deref(), Some("report.csv"));
    bot.get_file(document.file.id.clone()).await.unwrap();
    bot.send_chat_action(chat, ChatAction::Typing).await.unwrap();
    bot.delete_message(chat, report.id).await.unwrap();
    let menu = [BotCommand::new("buy", "Buy a number")];
    let scope = BotCommandScope::Chat { chat_id: Recipient::Id(chat) };
    bot.set_my_commands(menu.clone()).scope(scope).language_code("en").await.unwrap();
    assert_eq!(bot.get_my_commands().await.unwrap(), []);
    assert_eq!(bot.get_chat(chat).await.unwrap().first_name(), Some("Anna"));
    assert_eq!(bot.get_webhook_info().await.unwrap().pending_update_count, 0);
    play.fault(serde_json::json!({ "retry_after": { "count": 1, "secs": 9 } })).await;
    let limited = bot.send_message(chat, "x").await;
    assert!(matches!(limited, Err(RequestError::RetryAfter(wait)) if wait.seconds() == 9));
    play.fault(serde_json::json!({ "block": { "person": 1001, "blocked": true } })).await;
    let blocked = bot.send_message(chat, "x").await;
    assert!(matches!(blocked, Err(RequestError::Api(ApiError::BotBlocked))), "{blocked:?}");
    play.playground.stop().await;
}
