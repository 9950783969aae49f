//! How strict the Bot API is: requests and the words they are refused with.

use serde_json::{Value, json};

use crate::play::Play;

fn keys(button: Value) -> Value {
    json!({ "chat_id": 1001, "text": "x", "reply_markup": { "inline_keyboard": [[button]] } })
}

fn html(text: &str) -> Value {
    json!({ "chat_id": 1001, "text": text, "parse_mode": "HTML" })
}

#[tokio::test]
async fn sends_are_refused_in_telegrams_words() {
    let play = Play::new().await;
    let long = "x".repeat(4097);
    let many: Vec<_> = (0..101).map(|_| json!([{ "text": "x", "callback_data": "x" }])).collect();
    let table = [
        (json!({ "text": "x" }), "chat_id is empty"),
        (json!({ "chat_id": "", "text": "x" }), "chat_id is empty"),
        (json!({ "chat_id": 4, "text": "x" }), "chat not found"),
        (json!({ "chat_id": "@nobody", "text": "x" }), "chat not found"),
        (json!({ "chat_id": [1], "text": "x" }), "parameter \"chat_id\" must be of type Number"),
        (json!({ "chat_id": 1001 }), "message text is empty"),
        (json!({ "chat_id": 1001, "text": "" }), "message text is empty"),
        (json!({ "chat_id": 1001, "text": " \n " }), "message text is empty"),
        (json!({ "chat_id": 1001, "text": 5 }), "parameter \"text\" must be of type String"),
        (json!({ "chat_id": 1001, "text": long }), "message is too long"),
        (html("<b></b>"), "message text is empty"),
        (html("1 < 2"), "can't parse entities: Unsupported start tag \"\" at byte offset 2"),
        (html("<b>x"), "can't parse entities: Can't find end tag corresponding to start tag \"b\""),
        (json!({ "chat_id": 1001, "text": "x", "parse_mode": "HTM" }), "unsupported parse_mode"),
        (
            json!({ "chat_id": 1001, "text": "x", "disable_notification": "maybe" }),
            "parameter \"disable_notification\" must be of type Boolean",
        ),
        (
            json!({ "chat_id": 1001, "text": "x", "reply_parameters": { "message_id": 99 } }),
            "message to be replied not found",
        ),
        (
            json!({ "chat_id": 1001, "text": "x", "reply_markup": "{nonsense" }),
            "can't parse reply keyboard markup JSON object",
        ),
        (
            json!({ "chat_id": 1001, "text": "x", "reply_markup": { "inlinekeyboard": [] } }),
            "object expected as reply markup",
        ),
        (
            json!({ "chat_id": 1001, "text": "x", "reply_markup": { "inline_keyboard": many } }),
            "REPLY_MARKUP_TOO_LONG",
        ),
        (
            json!({ "chat_id": 1001, "text": "x",
                    "entities": [{ "type": "bold", "offset": 0, "length": 2 }] }),
            "wrong message entity: entity is outside of the text",
        ),
    ];
    for (request, reason) in table {
        let refusal = play.refused("sendMessage", request.clone()).await;
        assert_eq!(refusal, format!("Bad Request: {reason}"), "{request}");
    }
    assert_eq!(play.chat(1001).await["messages"], json!([]));
    play.playground.stop().await;
}

#[tokio::test]
async fn buttons_are_refused_in_telegrams_words() {
    let play = Play::new().await;
    let wide = "x".repeat(65);
    let cyrillic = "ж".repeat(33);
    let long = "x".repeat(257);
    let in_button = |reason: &str| format!("can't parse inline keyboard button: {reason}");
    let table = [
        (json!({ "text": "x" }), in_button("Text buttons are unallowed in the inline keyboard")),
        (json!({ "callback_data": "x" }), in_button("Can't find field \"text\"")),
        (
            json!({ "text": 5, "callback_data": "x" }),
            in_button("Field \"text\" must be of type String"),
        ),
        (
            json!({ "text": " ", "callback_data": "x" }),
            "inline keyboard button text must be non-empty".to_owned(),
        ),
        (
            json!({ "text": "x", "callback_data": "x", "url": "https://example.org" }),
            in_button("exactly one action must be specified"),
        ),
        (json!({ "text": "x", "callback_data": "" }), "BUTTON_DATA_INVALID".to_owned()),
        (json!({ "text": "x", "callback_data": wide }), "BUTTON_DATA_INVALID".to_owned()),
        (json!({ "text": "x", "callback_data": cyrillic }), "BUTTON_DATA_INVALID".to_owned()),
        (
            json!({ "text": "x", "callback_data": 5 }),
            in_button("Field \"callback_data\" must be of type String"),
        ),
        (
            json!({ "text": "x", "copy_text": { "text": "" } }),
            "BUTTON_COPY_TEXT_INVALID".to_owned(),
        ),
        (
            json!({ "text": "x", "copy_text": { "text": long } }),
            "BUTTON_COPY_TEXT_INVALID".to_owned(),
        ),
        (
            json!({ "text": "x", "url": "http://localhost/x" }),
            "inline keyboard button URL 'http://localhost/x' is invalid: Wrong HTTP URL".to_owned(),
        ),
        (
            json!({ "text": "x", "callback_data": "x", "style": "pink" }),
            in_button("invalid button style specified"),
        ),
        (json!("x"), in_button("expected an Object")),
    ];
    for (button, reason) in table {
        let refusal = play.refused("sendMessage", keys(button.clone())).await;
        assert_eq!(refusal, format!("Bad Request: {reason}"), "{button}");
    }
    let taken = [
        json!({ "text": "x", "callback_data": "ж".repeat(32) }),
        json!({ "text": "x", "copy_text": { "text": "x".repeat(256) } }),
        json!({ "text": "x", "url": "https://example.org/a" }),
        json!({ "text": "x", "callback_data": "x", "style": "danger" }),
    ];
    for button in taken {
        let sent = play.ok("sendMessage", keys(button.clone())).await;
        assert_eq!(sent["reply_markup"]["inline_keyboard"], json!([[button]]));
    }
    play.playground.stop().await;
}

#[tokio::test]
async fn other_methods_are_as_strict() {
    let play = Play::new().await;
    for (method, request, reason) in other_refusals() {
        let refusal = play.refused(method, request.clone()).await;
        assert_eq!(refusal, format!("Bad Request: {reason}"), "{method} {request}");
    }
    assert_eq!(play.refused("sendTelegram", json!({})).await, "Not Found: method not found");
    play.playground.stop().await;
}

fn other_refusals() -> Vec<(&'static str, Value, &'static str)> {
    let too_old = "query is too old and response timeout expired or query ID is invalid";
    let command = |name: &str, words: &str| {
        let command = json!({ "command": name, "description": words });
        json!({ "commands": [command] })
    };
    vec![
        ("answerCallbackQuery", json!({}), too_old),
        ("answerCallbackQuery", json!({ "callback_query_id": "5" }), too_old),
        (
            "answerCallbackQuery",
            json!({ "callback_query_id": "5", "text": "x".repeat(201) }),
            "MESSAGE_TOO_LONG",
        ),
        ("sendChatAction", json!({ "chat_id": 1001 }), "wrong parameter action in request"),
        (
            "sendChatAction",
            json!({ "chat_id": 1001, "action": "dancing" }),
            "wrong parameter action in request",
        ),
        ("setMyCommands", json!({}), "parameter \"commands\" is required"),
        ("setMyCommands", command("Buy", "x"), "BOT_COMMAND_INVALID"),
        ("setMyCommands", command(&"x".repeat(33), "x"), "BOT_COMMAND_INVALID"),
        ("setMyCommands", command("buy", ""), "BOT_COMMAND_DESCRIPTION_INVALID"),
        ("setMyCommands", command("buy", &"x".repeat(257)), "BOT_COMMAND_DESCRIPTION_INVALID"),
        (
            "setMyCommands",
            json!({ "commands": [], "scope": { "type": "everyone" } }),
            "can't parse BotCommandScope: Unsupported type specified",
        ),
        (
            "setMyCommands",
            json!({ "commands": [], "scope": { "type": "chat", "chat_id": 4 } }),
            "chat not found",
        ),
        ("getMyCommands", json!({ "language_code": "english" }), "LANGUAGE_CODE_INVALID"),
        ("getChat", json!({ "chat_id": 4 }), "chat not found"),
        ("sendPhoto", json!({ "chat_id": 1001 }), "there is no photo in the request"),
        (
            "sendDocument",
            json!({ "chat_id": 1001, "document": "https://example.org/x.pdf" }),
            "wrong remote file identifier specified: Wrong string length",
        ),
        ("setWebhook", json!({ "url": "ftp://x" }), "bad webhook: invalid webhook URL specified"),
        (
            "setWebhook",
            json!({ "url": "https://x.example", "secret_token": "a b" }),
            "secret token contains unallowed characters",
        ),
        ("setMyName", json!({ "name": "x".repeat(65) }), "name is too long"),
        (
            "deleteMessage",
            json!({ "chat_id": 1001, "message_id": 4 }),
            "message to delete not found",
        ),
        ("getUpdates", json!({ "offset": "x" }), "parameter \"offset\" must be of type Number"),
        (
            "getUpdates",
            json!({ "allowed_updates": [1] }),
            "can't parse allowed_updates: expected an Array of String",
        ),
        (
            "setChatMenuButton",
            json!({ "menu_button": { "type": "hamburger" } }),
            "can't parse MenuButton: unsupported type",
        ),
    ]
}

#[tokio::test]
async fn edits_know_what_may_change() {
    let play = Play::new().await;
    let said = play.playground.say(1001, "hello").unwrap();
    let keyboard = json!({ "inline_keyboard": [[{ "text": "A", "callback_data": "a" }]] });
    let sent = play
        .ok("sendMessage", json!({ "chat_id": 1001, "text": "one", "reply_markup": keyboard }))
        .await;
    let id = sent["message_id"].as_i64().unwrap();
    let reply_keys = json!({ "keyboard": [["Buy"]] });
    let with_keys = play
        .ok("sendMessage", json!({ "chat_id": 1001, "text": "k", "reply_markup": reply_keys }))
        .await;
    let edit = |id: &Value, text: &str| json!({ "chat_id": 1001, "message_id": id, "text": text });
    let not_modified = "message is not modified: specified new message content and reply markup \
                        are exactly the same as a current content and reply markup of the message";
    let same = json!({ "chat_id": 1001, "message_id": id, "text": "<b></b>one",
                       "parse_mode": "HTML", "reply_markup": keyboard });
    let table = [
        ("editMessageText", edit(&json!(99), "x"), "message to edit not found"),
        ("editMessageText", edit(&json!(said), "x"), "message can't be edited"),
        ("editMessageText", edit(&with_keys["message_id"], "x"), "message can't be edited"),
        ("editMessageText", edit(&Value::Null, "x"), "message identifier is not specified"),
        ("editMessageText", edit(&json!(id), ""), "message text is empty"),
        ("editMessageText", same, not_modified),
        (
            "editMessageText",
            json!({ "chat_id": 1002, "message_id": id, "text": "x" }),
            "message to edit not found",
        ),
        (
            "editMessageReplyMarkup",
            json!({ "chat_id": 1001, "message_id": id, "reply_markup": keyboard }),
            not_modified,
        ),
        (
            "editMessageReplyMarkup",
            json!({ "chat_id": 1001, "message_id": id, "reply_markup": reply_keys }),
            "inline keyboard expected",
        ),
        (
            "editMessageCaption",
            json!({ "chat_id": 1001, "message_id": id, "caption": "x" }),
            "there is no caption in the message to edit",
        ),
    ];
    for (method, request, reason) in table {
        let refusal = play.refused(method, request.clone()).await;
        assert_eq!(refusal, format!("Bad Request: {reason}"), "{method} {request}");
    }
    // An edit without a keyboard takes the keyboard away.
    let edited = play.ok("editMessageText", edit(&json!(id), "one")).await;
    assert_eq!((&edited["text"], edited.get("reply_markup")), (&json!("one"), None));
    let message = play.chat(1001).await["messages"][1].clone();
    assert_eq!((&message["edited"], &message["buttons"]), (&json!(true), &json!([])));
    play.ok("deleteMessage", json!({ "chat_id": 1001, "message_id": id })).await;
    play.ok("deleteMessage", json!({ "chat_id": 1001, "message_id": said })).await;
    let old = play.message(1001, "old").await;
    play.advance(49 * 3600).await;
    let refusal =
        play.refused("deleteMessage", json!({ "chat_id": 1001, "message_id": old })).await;
    assert_eq!(refusal, "Bad Request: message can't be deleted for everyone");
    play.playground.stop().await;
}

#[tokio::test]
async fn every_spelling_of_a_request_is_understood() {
    let play = Play::new().await;
    let url = format!("{}/bot1:abc/SENDmessage", play.base);
    let query =
        play.client.get(format!("{url}?chat_id=1001&text=%3Cb%3Eq%3C/b%3E&parse_mode=html"));
    let form = play.client.post(&url).header("content-type", "application/x-www-form-urlencoded");
    let form = form.body(r#"chat_id=1001&text=f+1&reply_markup={"inline_keyboard":[]}"#);
    let multipart = reqwest::multipart::Form::new().text("chat_id", "1001").text("text", "m");
    let multipart = play.client.post(&url).multipart(multipart);
    let json = play.client.post(&url).json(&json!({ "chat_id": "1001", "text": "j" }));
    for request in [query, form, multipart, json] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
    }
    let chat = play.chat(1001).await;
    let texts: Vec<_> = chat["messages"].as_array().unwrap().iter().map(|m| &m["text"]).collect();
    assert_eq!(texts, ["q", "f 1", "m", "j"]);
    let broken = play.client.post(&url).header("content-type", "application/json").body("[1]");
    assert_eq!(broken.send().await.unwrap().status(), 400);
    play.playground.stop().await;
}

#[tokio::test]
async fn only_the_right_token_gets_in() {
    let options =
        ring4_playground::Options { token: Some("42:right".into()), ..Default::default() };
    let play = Play::with(options).await;
    let table = [("42:right", 200), ("42:wrong", 401), ("", 401), ("42", 401)];
    for (token, status) in table {
        let url = format!("{}/bot{token}/getMe", play.base);
        assert_eq!(play.client.get(url).send().await.unwrap().status(), status, "{token}");
    }
    let me = play.client.get(format!("{}/bot42:right/getme", play.base)).send().await.unwrap();
    let me: Value = me.json().await.unwrap();
    assert_eq!(me["result"]["id"], json!(42));
    play.playground.stop().await;
}

#[tokio::test]
async fn menus_follow_scope_and_language() {
    let play = Play::new().await;
    let menu = |name: &str| json!([{ "command": name, "description": "does it" }]);
    play.ok("setMyCommands", json!({ "commands": menu("buy") })).await;
    let admin = json!({ "type": "chat", "chat_id": 9001 });
    play.ok("setMyCommands", json!({ "commands": menu("admin"), "scope": admin })).await;
    play.ok("setMyCommands", json!({ "commands": menu("comprar"), "language_code": "es" })).await;
    let shown = async |person: i64| play.chat(person).await["commands"][0]["command"].clone();
    assert_eq!((shown(1001).await, shown(9001).await), (json!("buy"), json!("admin")));
    let spanish = json!({ "language_code": "es" });
    let (status, _) = play.post("/playground/people/1001/language", spanish.clone()).await;
    assert_eq!((status, shown(1001).await), (200, json!("comprar")));
    assert_eq!(play.ok("getMyCommands", spanish).await, menu("comprar"));
    play.ok("deleteMyCommands", json!({ "scope": admin })).await;
    assert_eq!(shown(9001).await, json!("buy"));
    play.playground.stop().await;
}
