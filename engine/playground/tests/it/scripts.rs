//! The JSON API: what the page does, a script can do too.

use reqwest::Method;
use ring4_playground::{Options, Person};
use serde_json::{Value, json};

use crate::play::Play;

#[tokio::test]
async fn people_and_chats_have_the_documented_shape() {
    let play = Play::new().await;
    let people = play.get("/playground/people").await;
    let shown: Vec<_> = people
        .as_array()
        .unwrap()
        .iter()
        .map(|person| (person["id"].as_i64().unwrap(), person["role"].as_str().unwrap()))
        .collect();
    assert_eq!(shown, [(1001, "customer"), (1002, "customer"), (9001, "admin")]);
    let (_, said) =
        play.post("/playground/people/1001/messages", json!({ "text": "/start" })).await;
    let buttons = json!([[
        { "text": "Buy", "callback_data": "buy" },
        { "text": "Copy", "copy_text": { "text": "+1" } },
        { "text": "Site", "url": "https://example.org" },
    ]]);
    play.ok(
        "sendMessage",
        json!({ "chat_id": 1001, "text": "<b>hi</b>", "parse_mode": "HTML",
                "reply_markup": { "inline_keyboard": buttons },
                "reply_parameters": { "message_id": said["message_id"] } }),
    )
    .await;
    let chat = play.chat(1001).await;
    let [theirs, ours] = chat["messages"].as_array().unwrap().as_slice() else { panic!("{chat}") };
    assert_eq!((&theirs["from"], &theirs["text"]), (&json!("person"), &json!("/start")));
    assert_eq!(theirs["message_id"], said["message_id"]);
    assert_eq!(ours["reply_to"], said["message_id"]);
    assert_eq!((&ours["from"], &ours["text"]), (&json!("bot"), &json!("hi")));
    assert_eq!(ours["entities"], json!([{ "type": "bold", "offset": 0, "length": 2 }]));
    assert_eq!(
        ours["buttons"],
        json!([[
            { "label": "Buy", "data": "buy" },
            { "label": "Copy", "copy_text": "+1" },
            { "label": "Site", "url": "https://example.org" },
        ]])
    );
    assert_eq!((&ours["edited"], &ours["photo"]), (&json!(false), &Value::Null));
    play.playground.stop().await;
}

#[tokio::test]
async fn a_press_is_answered_once_and_the_script_sees_the_answer() {
    let play = Play::new().await;
    let keyboard = json!({ "inline_keyboard": [[{ "text": "Buy", "callback_data": "buy:7" }]] });
    let sent = play
        .ok("sendMessage", json!({ "chat_id": 1001, "text": "x", "reply_markup": keyboard }))
        .await;
    let press = json!({ "message_id": sent["message_id"], "label": "Buy" });
    let (status, pressed) = play.post("/playground/people/1001/presses", press).await;
    assert_eq!(status, 200, "{pressed}");
    let query = &play.updates().await[0]["callback_query"];
    assert_eq!((&query["data"], &query["id"]), (&json!("buy:7"), &pressed["callback_query_id"]));
    assert_eq!(query["message"]["reply_markup"], keyboard);
    let answer = json!({ "callback_query_id": query["id"], "text": "Sold", "show_alert": true });
    play.ok("answerCallbackQuery", answer.clone()).await;
    assert!(play.refused("answerCallbackQuery", answer).await.contains("query is too old"));
    let answers = play.chat(1001).await["answers"].clone();
    assert_eq!(
        answers,
        json!([{ "callback_query_id": query["id"], "message_id": sent["message_id"],
                 "data": "buy:7", "status": "answered", "text": "Sold", "show_alert": true,
                 "url": null }])
    );
    play.playground.stop().await;
}

#[tokio::test]
async fn misdeeds_are_named() {
    let play = Play::new().await;
    let id = play.message(1001, "x").await;
    let table = [
        ("/playground/people/4/messages", json!({ "text": "x" }), 404),
        ("/playground/people/1001/messages", json!({ "text": "" }), 400),
        ("/playground/people/1001/messages", json!({ "txt": "x" }), 400),
        ("/playground/people/1001/messages", json!({ "text": "x", "reply_to": 99 }), 404),
        ("/playground/people/1001/presses", json!({ "message_id": id }), 400),
        ("/playground/people/1001/presses", json!({ "message_id": id, "label": "No" }), 404),
        ("/playground/people/1001/presses", json!({ "message_id": id, "data": "" }), 400),
        (
            "/playground/people/1001/presses",
            json!({ "message_id": id, "data": "x".repeat(65) }),
            400,
        ),
        (
            "/playground/people/1001/presses",
            json!({ "message_id": id, "data": "x".repeat(64) }),
            200,
        ),
        ("/playground/clock", json!({}), 400),
        ("/playground/clock", json!({ "speed": 1_000_000 }), 400),
    ];
    for (path, body, expected) in table {
        let (status, answer) = play.post(path, body.clone()).await;
        assert_eq!(status, expected, "{path} {body}: {answer}");
        assert_eq!(answer["error"].is_string(), expected != 200, "{answer}");
    }
    play.playground.stop().await;
}

#[tokio::test]
async fn a_script_waits_for_a_change_without_sleeping() {
    let play = Play::new().await;
    let version = play.chat(1001).await["version"].as_u64().unwrap();
    let wait = format!("/playground/people/1001/chat?after_version={version}&wait_secs=60");
    let (chat, _) = tokio::join!(play.get(&wait), play.message(1001, "here"));
    assert_eq!(chat["messages"][0]["text"], json!("here"));
    let version = chat["version"].as_u64().unwrap();
    let unchanged = format!("/playground/people/1001/chat?after_version={version}&wait_secs=0");
    assert_eq!(play.get(&unchanged).await["version"], json!(version));
    let old = format!("/playground/people/1001/chat?after_version={}&last=0", version - 1);
    assert_eq!(play.get(&old).await["messages"], json!([]));
    play.playground.stop().await;
}

#[tokio::test]
async fn messages_from_a_group_come_as_such() {
    let play = Play::new().await;
    let body = json!({ "text": "/balance", "chat": "group" });
    play.post("/playground/people/1001/messages", body).await;
    let message = play.updates().await[0]["message"].clone();
    assert_eq!(message["chat"]["type"], json!("supergroup"));
    assert_eq!(message["from"]["id"], json!(1001));
    assert_eq!(play.chat(1001).await["messages"], json!([]));
    let chat = message["chat"]["id"].as_i64().unwrap();
    play.message(chat, "not here, please").await;
    let group = play.get("/playground/people/1002/chat?chat=group").await;
    assert_eq!(group["messages"][1]["text"], json!("not here, please"));
    play.playground.stop().await;
}

#[tokio::test]
async fn calls_are_logged_with_their_answers() {
    let play = Play::new().await;
    play.message(1001, "logged").await;
    play.refused("sendMessage", json!({ "chat_id": 4, "text": "x" })).await;
    play.client.get(format!("{}/bot1:a/getMe?x=1", play.base)).send().await.unwrap();
    let lines = play.send(Method::GET, "/playground/calls?since=0", Value::Null).await;
    let lines = lines.text().await.unwrap();
    let calls: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let shown: Vec<_> = calls
        .iter()
        .map(|call| (call["method"].as_str().unwrap(), call["status"].as_u64().unwrap()))
        .collect();
    assert_eq!(shown, [("sendMessage", 200), ("sendMessage", 400), ("getMe", 200)]);
    assert_eq!(calls[0]["parameters"], json!({ "chat_id": 1001, "text": "logged" }));
    assert_eq!(calls[1]["description"], json!("Bad Request: chat not found"));
    assert_eq!(calls[2]["parameters"], json!({ "x": "1" }));
    let later = play.send(Method::GET, "/playground/calls?since=2", Value::Null).await;
    assert_eq!(later.text().await.unwrap().lines().count(), 1);
    play.playground.stop().await;
}

#[tokio::test]
async fn logs_and_chats_are_bounded() {
    let options = Options { calls_kept: 3, messages_kept: 5, ..Options::default() };
    let play = Play::with(options).await;
    let mut last = 0;
    for _ in 0..8 {
        last = play.message(1001, "x").await;
    }
    let lines = play.send(Method::GET, "/playground/calls", Value::Null).await;
    assert_eq!(lines.text().await.unwrap().lines().count(), 3);
    let chat = play.chat(1001).await;
    assert_eq!(chat["messages"].as_array().unwrap().len(), 5);
    assert_eq!(chat["messages"][4]["message_id"], json!(last));
    let gone = json!({ "chat_id": 1001, "message_id": 1, "text": "y" });
    assert!(play.refused("editMessageText", gone).await.contains("message to edit not found"));
    play.playground.stop().await;
}

#[tokio::test]
async fn the_clock_is_turned_and_followed() {
    let play = Play::new().await;
    let before = play.playground.clock().now_ms();
    let (_, clock) =
        play.post("/playground/clock", json!({ "advance_secs": 600, "speed": 60 })).await;
    assert_eq!(clock["speed"], json!(60));
    assert!(clock["now_ms"].as_i64().unwrap() >= before + 600_000);
    let pace = *play.playground.clock().subscribe().borrow();
    assert_eq!(pace.speed, 60);
    play.post("/playground/clock", json!({ "speed": 0 })).await;
    assert_eq!(play.playground.clock().now_ms(), play.playground.clock().now_ms());
    play.playground.stop().await;
}

#[tokio::test]
async fn other_sites_pages_are_turned_away() {
    let play = Play::new().await;
    let url = format!("{}/playground/people/1001/messages", play.base);
    let table = [("http://evil.example", 403), (play.base.as_str(), 200), ("null", 403)];
    for (origin, status) in table {
        let request = play.client.post(&url).header("origin", origin).body(r#"{"text":"x"}"#);
        assert_eq!(request.send().await.unwrap().status(), status, "{origin}");
    }
    play.playground.stop().await;
}

#[tokio::test]
async fn the_page_is_there_with_a_policy() {
    let play = Play::new().await;
    let files = ["/", "/page/app.js", "/page/chat.js", "/page/composer.js", "/page/panel.js"];
    for path in files.into_iter().chain(["/page/text.js", "/page/api.js", "/page/style.css"]) {
        let response = play.client.get(format!("{}{path}", play.base)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        // Nothing from outside may ever be parsed as markup.
        assert!(!response.text().await.unwrap().contains("innerHTML"), "{path}");
    }
    let response = play.client.get(format!("{}/page/none", play.base)).send().await.unwrap();
    assert_eq!(response.status(), 404);
    let guide = play.client.get(format!("{}/playground", play.base)).send().await.unwrap();
    assert!(guide.text().await.unwrap().contains("/playground/people"));
    play.playground.stop().await;
}

#[tokio::test]
async fn strangers_are_unknown_until_they_write() {
    let mut options = Options::default();
    options.people.push(Person { started: false, ..Person::customer(1003, "Cleo") });
    options.people.extend((2000..2025).map(|id| Person::customer(id, "Many")));
    let play = Play::with(options).await;
    let refusal = play.refused("sendMessage", json!({ "chat_id": 1003, "text": "x" })).await;
    assert_eq!(refusal, "Bad Request: chat not found");
    play.playground.say(1003, "/start").unwrap();
    play.message(1003, "welcome").await;
    play.message(2024, "welcome").await;
    play.playground.stop().await;
}
