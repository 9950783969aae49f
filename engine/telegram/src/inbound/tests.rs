//! Updates as the Bot API documents them, with invented people, and as nobody documents them.

use serde_json::{Value, json};

use super::*;

fn parse(update: &Value) -> Incoming {
    Incoming::parse(update.to_string().as_bytes()).expect("an update")
}

fn person() -> Value {
    json!({"id": 7, "is_bot": false, "first_name": "An\u{202E}na", "username": "anna",
           "language_code": "es"})
}

fn chat() -> Value {
    json!({"id": 7, "type": "private", "first_name": "Anna"})
}

fn anna() -> Person {
    Person {
        id: UserId(7),
        first_name: "Anna".to_owned(),
        username: Some("anna".to_owned()),
        language_code: Some("es".to_owned()),
    }
}

const PRIVATE: Chat = Chat { id: ChatId(7), private: true };

#[test]
fn messages() {
    let update = json!({
        "update_id": 1, "novelty": {"a": [1]},
        "message": {
            "message_id": 5, "date": 1_700_000_000, "chat": chat(), "from": person(),
            "text": "/buy\u{0} x", "entities": [{"type": "unheard_of", "offset": 0, "length": 4}],
            "reply_to_message": {"message_id": 4, "date": 0, "chat": chat(), "dream": true},
            "reply_markup": {"inline_keyboard": [[{"text": "x", "hologram": {}}]]},
        },
    });
    let expected = Message {
        update_id: 1,
        chat: PRIVATE,
        from: anna(),
        message_id: MessageId(5),
        date: Timestamp(1_700_000_000_000),
        text: Some("/buy\u{0} x".to_owned()),
        reply_to: Some(MessageId(4)),
        formatted: None,
        content: Content::Text,
        file: None,
    };
    assert_eq!(parse(&update), Incoming::Message(expected));
}

#[test]
fn contents() {
    let rows = [
        ("photo", json!([{"file_id": "a"}, {"file_id": "b"}]), Content::Photo),
        ("document", json!({}), Content::Document),
        ("sticker", json!({}), Content::Sticker),
        ("voice", json!({}), Content::Audio),
        ("video_note", json!({}), Content::Video),
        ("contact", json!({"phone_number": "0"}), Content::Contact),
        ("location", json!({}), Content::Location),
        ("hologram", json!(["unheard", "of"]), Content::Other),
    ];
    for (name, body, content) in rows {
        let mut update = json!({"update_id": 1, "message":
            {"message_id": 5, "date": i64::MAX, "chat": chat(), "from": person()}});
        update["message"][name] = body;
        let Incoming::Message(message) = parse(&update) else { panic!("{name}") };
        assert_eq!((message.content, message.text), (content, None), "{name}");
        // The largest size comes last; what has no id cannot be sent on.
        let sent_on = (name == "photo").then(|| File { id: "b".to_owned(), document: false });
        assert_eq!(message.file, sent_on, "{name}");
    }
}

#[test]
fn presses() {
    let press = |message: Value, data: Value| {
        json!({"callback_query": {"id": "99", "from": person(), "message": message,
               "chat_instance": "1", "data": data}, "update_id": 2})
    };
    let expected = |chat, message_id: Option<i32>, data: &str| {
        Incoming::Press(Press {
            update_id: 2,
            query_id: "99".to_owned(),
            from: anna(),
            chat,
            message_id: message_id.map(MessageId),
            on_text: true,
            data: data.to_owned(),
        })
    };
    let group = json!({"id": -100, "type": "supergroup", "title": "Admins"});
    let in_group = Chat { id: ChatId(-100), private: false };
    let rows = [
        (
            json!({"message_id": 3, "date": 0, "chat": chat()}),
            json!("c:1"),
            PRIVATE,
            Some(3),
            "c:1",
        ),
        (json!({"message_id": 3, "chat": group}), json!("\u{0}é"), in_group, Some(3), "\u{0}é"),
        (Value::Null, Value::Null, PRIVATE, None, ""),
    ];
    for (message, data, chat, message_id, text) in rows {
        assert_eq!(parse(&press(message, data)), expected(chat, message_id, text));
    }
}

#[test]
fn presses_under_pictures_and_files_are_known() {
    for (field, on_text) in [("photo", false), ("document", false), ("text", true)] {
        let message = json!({"message_id": 3, "date": 0, "chat": chat(), field: [{}]});
        let update = json!({"update_id": 2, "callback_query":
            {"id": "9", "from": person(), "message": message, "chat_instance": "1", "data": "m"}});
        let Incoming::Press(press) = parse(&update) else { panic!("no press: {update}") };
        assert_eq!(press.on_text, on_text, "{field}");
    }
}

#[test]
fn inline_queries() {
    let query = json!({"id": "77", "from": person(), "query": "wa \u{202E}uk", "offset": "",
        "chat_type": "group"});
    let update = json!({"update_id": 4, "inline_query": query});
    let expected = InlineQuery {
        update_id: 4,
        query_id: "77".to_owned(),
        from: anna(),
        text: "wa uk".to_owned(),
    };
    assert_eq!(parse(&update), Incoming::Inline(expected));
}

#[test]
fn blocks_and_everything_else() {
    let member = |chat: Value, status: &str| {
        json!({"update_id": 3, "my_chat_member": {"chat": chat, "from": person(), "date": 1,
            "old_chat_member": {}, "new_chat_member": {"status": status, "user": person()}}})
    };
    let blocked = |blocked| Incoming::Blocked { update_id: 3, user: UserId(7), blocked };
    assert_eq!(parse(&member(chat(), "kicked")), blocked(true));
    assert_eq!(parse(&member(chat(), "member")), blocked(false));

    let other = |kind: &str, from: Option<i64>| Incoming::Other {
        update_id: 3,
        kind: kind.to_owned(),
        from: from.map(UserId),
    };
    let group = json!({"id": -5, "type": "group", "title": "Admins"});
    assert_eq!(parse(&member(group.clone(), "kicked")), other("my_chat_member", Some(7)));
    let post = json!({"message_id": 1, "date": 1, "chat": group});
    assert_eq!(parse(&json!({"update_id": 3, "message": post})), other("message", None));
    let chosen = json!({"update_id": 3, "chosen_inline_result": {"from": person(), "query": "x"}});
    assert_eq!(parse(&chosen), other("chosen_inline_result", Some(7)));
    assert_eq!(parse(&json!({"update_id": 3})), other("", None));
}

#[test]
fn what_cannot_be_read_is_an_error_without_content() {
    let secret = "hush-4711";
    let broken_chat = json!({"id": 7, "type": secret});
    let rows = [
        String::new(),
        "{".to_owned(),
        "[]".to_owned(),
        format!(r#"{{"update_id":"{secret}"}}"#),
        format!(r#"{{"update_id":1,"message":"{secret}"}}"#),
        json!({"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": broken_chat,
               "from": person()}})
        .to_string(),
        json!({"update_id": 1, "callback_query": {"id": 5, "from": {"id": -1}}}).to_string(),
        format!(r#"{{"update_id":1,"message":{}"#, "[".repeat(100_000)),
        "{\"update_id\":1,\"message\":\"\u{0}\"}".to_owned(),
    ];
    for row in rows {
        let error = Incoming::parse(row.as_bytes()).expect_err(&row);
        assert!(!error.to_string().contains(secret), "{error}");
    }
    assert!(Incoming::parse(b"{\"update_id\":1,\"message\":{\"text\":\"\xff\xfe\"}}").is_err());
}

#[test]
fn lanes_are_chats_and_otherwise_people() {
    let message = json!({"update_id": 1, "message":
        {"message_id": 5, "date": 1, "chat": {"id": -9, "type": "group", "title": "x"},
         "from": person()}});
    assert_eq!(parse(&message).lane(), -9);
    let chosen = json!({"update_id": 1, "chosen_inline_result": {"from": person()}});
    assert_eq!(parse(&chosen).lane(), 7);
    let poll = |update_id: i64| parse(&json!({"update_id": update_id, "poll": {}})).lane();
    assert_ne!(poll(1), poll(2), "nobody's updates wait for nobody");
}

#[test]
fn numbers_are_read_even_where_the_rest_is_not() {
    assert_eq!(read_update_id(br#"{"message":{"a":[1,{}]},"update_id":12}"#), Some(12));
    assert_eq!(read_update_id(br#"{"update_id":12.5}"#), None);
    assert_eq!(read_update_id(b"null"), None);
}

#[test]
fn stars_are_asked_about_and_paid() {
    let update = json!({"update_id": 3, "pre_checkout_query": {"id": "55", "from": person(),
        "currency": "XTR", "total_amount": 770, "invoice_payload": "4XK7Q2M9", "novelty": 1}});
    let (update_id, payload) = (3, "4XK7Q2M9".to_owned());
    let query_id = "55".to_owned();
    let asked = Checkout { update_id, query_id, from: anna(), payload, count: 770 };
    assert_eq!(parse(&update), Incoming::Checkout(asked));
    let paid = |currency: &str, amount: i64, charge: &str| {
        json!({"update_id": 4, "message": {"message_id": 5, "date": 0, "chat": chat(),
            "from": person(), "successful_payment": {"currency": currency,
            "total_amount": amount, "invoice_payload": "4XK7Q2M9",
            "telegram_payment_charge_id": charge, "provider_payment_charge_id": ""}}})
    };
    let (update_id, payload) = (4, "4XK7Q2M9".to_owned());
    let charge = ChargeId::new("stx-1").unwrap();
    let told = Payment { update_id, from: anna(), payload, charge, count: 770 };
    assert_eq!(parse(&paid("XTR", 770, "stx-1")), Incoming::Payment(told));
    for (currency, amount, charge) in
        [("USD", 770, "stx-1"), ("XTR", 0, "stx-1"), ("XTR", -1, "stx-1"), ("XTR", 1, "")]
    {
        let other = parse(&paid(currency, amount, charge));
        assert!(matches!(other, Incoming::Other { .. }), "{currency} {amount}: {other:?}");
    }
    let mut refunded = paid("XTR", 770, "stx-1");
    let payment = refunded["message"]["successful_payment"].take();
    refunded["message"]["refunded_payment"] = payment;
    assert!(matches!(parse(&refunded), Incoming::Other { .. }));
}
