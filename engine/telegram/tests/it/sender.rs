//! Order, limits, retries, fallbacks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ring4_domain::ids::MessageId;
use ring4_telegram::client::CallError;
use ring4_telegram::keyboard::{Button, Keyboard, Style};
use ring4_telegram::outgoing::{Call, ChatId, Markup, Outgoing, Priority, Sent};
use ring4_telegram::sender::{Rate, SendError, Sender, SenderOptions};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::server::{Answer, PATIENCE, Server, client, until};

const ANNA: ChatId = ChatId(7);
const BORIS: ChatId = ChatId(8);

fn say(chat: ChatId, text: &str) -> Outgoing {
    let text = text.to_owned();
    let call = Call::SendMessage { text, markup: Markup::None, reply_to: None, silent: false };
    Outgoing { chat, priority: Priority::Answer, call }
}

fn answer_press() -> Outgoing {
    let call = Call::AnswerPress { query_id: "1".to_owned(), text: None, alert: false };
    Outgoing { chat: ANNA, priority: Priority::Answer, call }
}

/// No limits, quick retries.
fn quick() -> SenderOptions {
    let unlimited = Rate { count: 1_000_000, per: Duration::from_secs(1), burst: 1_000_000 };
    SenderOptions {
        global: unlimited,
        private: unlimited,
        backoff_min: Duration::from_millis(5),
        backoff_max: Duration::from_millis(20),
        ..SenderOptions::default()
    }
}

fn refusal(code: u16, text: &str) -> Answer {
    Answer::Refusal(code, text.to_owned(), None)
}

#[tokio::test]
async fn a_chats_messages_arrive_in_the_order_they_were_given() {
    let server = Server::start().await;
    let sender = Sender::start(server.client(), quick());
    let mut sends = JoinSet::new();
    for number in 0..30 {
        for chat in [ANNA, BORIS] {
            let sender = sender.clone();
            sends.spawn(async move { sender.send(say(chat, &number.to_string())).await });
        }
    }
    for sent in sends.join_all().await {
        assert!(matches!(sent, Ok(Sent::Message(_))), "{sent:?}");
    }
    let expected: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    assert_eq!(server.texts(ANNA.0), expected);
    assert_eq!(server.texts(BORIS.0), expected);
    assert_eq!(sender.calls(), 0);
}

#[tokio::test]
async fn retry_after_is_obeyed_by_its_chat_and_ignored_by_others() {
    let mut limited = true;
    let server = Server::scripted(move |call| {
        let refuse = call.body["chat_id"] == ANNA.0 && std::mem::take(&mut limited);
        refuse.then(|| Answer::Refusal(429, "Too Many Requests".to_owned(), Some(1)))
    })
    .await;
    let sender = Sender::start(server.client(), quick());
    let first = tokio::spawn({
        let sender = sender.clone();
        async move { sender.send(say(ANNA, "one")).await }
    });
    until("the refusal", || server.texts(ANNA.0).len() == 1).await;
    let second = tokio::spawn({
        let sender = sender.clone();
        async move { sender.send(say(ANNA, "two")).await }
    });
    let before = Instant::now();
    for _ in 0..20 {
        sender.send(say(BORIS, "hello")).await.expect("sent");
        sender.send(answer_press()).await.expect("sent");
    }
    assert!(before.elapsed() < Duration::from_millis(900), "{:?}", before.elapsed());
    first.await.expect("ended").expect("sent");
    second.await.expect("ended").expect("sent");
    assert_eq!(server.texts(ANNA.0), ["one", "one", "two"]);
    let times: Vec<Instant> = server
        .calls("sendMessage")
        .into_iter()
        .filter(|call| call.body["chat_id"] == ANNA.0)
        .map(|call| call.at)
        .collect();
    assert!(times[1] - times[0] >= Duration::from_secs(1), "{:?}", times[1] - times[0]);
}

#[tokio::test]
async fn a_pause_longer_than_the_call_may_wait_is_told_at_once_and_kept() {
    let server = Server::scripted(|call| {
        (call.body["chat_id"] == ANNA.0)
            .then(|| Answer::Refusal(429, "Too Many Requests".to_owned(), Some(600)))
    })
    .await;
    let sender = Sender::start(server.client(), quick());
    for _ in 0..2 {
        let error = sender.send(say(ANNA, "x")).await.expect_err("too long");
        assert!(matches!(error, SendError::RetryAfter { secs: 599..=600 }), "{error:?}");
    }
    assert_eq!(server.texts(ANNA.0).len(), 1, "the second was not even tried");
    sender.send(say(BORIS, "x")).await.expect("sent");
}

#[tokio::test]
async fn passing_failures_are_retried_until_they_pass() {
    let mut failures = vec![
        Answer::HangUp,
        refusal(500, "Internal Server Error"),
        Answer::Text(axum::http::StatusCode::BAD_GATEWAY, "<html>".to_owned()),
    ];
    let server = Server::scripted(move |_| failures.pop()).await;
    let sender = Sender::start(server.client(), quick());
    assert_eq!(sender.send(say(ANNA, "x")).await, Ok(Sent::Message(MessageId(1))));
    assert_eq!(server.texts(ANNA.0).len(), 4);
}

#[tokio::test]
async fn what_never_passes_is_given_up_in_bounded_time() {
    let sender_over = |url: &str| {
        let options = SenderOptions { answer_within: Duration::from_millis(100), ..quick() };
        Sender::start(client(url), options)
    };
    let server = Server::scripted(|_| Some(refusal(500, "Internal Server Error"))).await;
    let error = sender_over(&server.url).send(say(ANNA, "x")).await.expect_err("given up");
    assert_eq!(error, SendError::Call(CallError::Server { code: 500 }));
    let tries = server.texts(ANNA.0).len();
    assert!((3..=20).contains(&tries), "{tries} tries");

    let error = sender_over("http://127.0.0.1:1").send(say(ANNA, "x")).await.expect_err("given up");
    assert!(matches!(error, SendError::Call(CallError::Network { sent: false, .. })), "{error:?}");
}

#[tokio::test]
async fn final_answers_are_told_by_name_and_not_retried() {
    let message = MessageId(3);
    let edit = Call::EditMessage { message, text: "x".to_owned(), keyboard: None };
    let delete = Call::DeleteMessage { message };
    let press = answer_press().call;
    let plain = say(ANNA, "x").call;
    let late = "query is too old and response timeout expired or query ID is invalid";
    let parse = "Bad Request: can't parse entities";
    let refused = CallError::Refused { code: 400, description: parse.to_owned() };
    let rows: Vec<(&Call, u16, &str, Result<Sent, SendError>)> = vec![
        (&plain, 403, "Forbidden: bot was blocked by the user", Err(SendError::Unreachable)),
        (&plain, 400, "Bad Request: chat not found", Err(SendError::Unreachable)),
        (&plain, 400, parse, Err(SendError::Call(refused))),
        (&plain, 401, "Unauthorized", Err(SendError::Call(CallError::Unauthorized))),
        (&edit, 400, "Bad Request: message is not modified", Ok(Sent::Unchanged)),
        (&edit, 400, "Bad Request: message to edit not found", Err(SendError::MessageGone)),
        (&edit, 400, "Bad Request: message can't be edited", Err(SendError::MessageGone)),
        (&delete, 400, "Bad Request: message to delete not found", Err(SendError::MessageGone)),
        (&press, 400, late, Ok(Sent::TooLate)),
    ];
    let mut answers: Vec<Answer> =
        rows.iter().rev().map(|(_, code, text, _)| refusal(*code, text)).collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let server = Server::scripted(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        answers.pop()
    })
    .await;
    let sender = Sender::start(server.client(), quick());
    let tries = rows.len();
    for (call, _, text, expected) in rows {
        let outgoing = Outgoing { chat: ANNA, priority: Priority::Answer, call: call.clone() };
        assert_eq!(sender.send(outgoing).await, expected, "{text}");
    }
    assert_eq!(asked.load(Ordering::Relaxed), tries);
    for call in [delete, press] {
        let outgoing = Outgoing { chat: ANNA, priority: Priority::Answer, call };
        assert_eq!(sender.send(outgoing).await, Ok(Sent::Done));
    }
}

#[tokio::test]
async fn buttons_an_old_server_refuses_are_left_out() {
    let server = Server::scripted(|call| {
        let rich = call.body["reply_markup"].to_string().contains("copy_text");
        rich.then(|| refusal(400, "Bad Request: Text buttons are unallowed in the inline keyboard"))
    })
    .await;
    let sender = Sender::start(server.client(), quick());
    let copy = Button::copy("Copy", "+1555").expect("a button");
    let cancel = Button::press("Cancel", "c:1").expect("a button").styled(Style::Danger);
    let keyboard = Keyboard::new(vec![vec![copy], vec![cancel]]).expect("a keyboard");
    let call = Call::EditMessage {
        message: MessageId(4),
        text: "card".to_owned(),
        keyboard: Some(keyboard),
    };
    let outgoing = Outgoing { chat: ANNA, priority: Priority::Answer, call };
    assert!(matches!(sender.send(outgoing).await, Ok(Sent::Message(_))));
    let edits = server.calls("editMessageText");
    assert_eq!(edits.len(), 2);
    let plain = json!({"inline_keyboard": [[{"text": "Cancel", "callback_data": "c:1"}]]});
    assert_eq!(edits[1].body["reply_markup"], plain);
    assert_eq!(edits[1].body["text"], "card");
}

#[tokio::test]
async fn answers_to_presses_wait_for_nobody_and_broadcasts_for_answers() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let server = Server::scripted(move |call| {
        let text = Answer::Result(json!({"message_id": 1}));
        (call.method == "sendMessage").then(|| Answer::Hold(Arc::clone(&held), Box::new(text)))
    })
    .await;
    let options = SenderOptions { chat_calls_max: 3, ..quick() };
    let sender = Sender::start(server.client(), options);
    let spawn = |outgoing: Outgoing| {
        let sender = sender.clone();
        tokio::spawn(async move { sender.send(outgoing).await })
    };
    let first = spawn(say(ANNA, "first"));
    until("the first is out", || server.texts(ANNA.0).len() == 1).await;
    let broadcast = Outgoing { priority: Priority::Broadcast, ..say(ANNA, "broadcast") };
    let broadcast = spawn(broadcast);
    until("the broadcast waits", || sender.calls() == 2).await;
    let answer = spawn(say(ANNA, "answer"));
    until("the answer waits", || sender.calls() == 3).await;
    assert_eq!(sender.send(say(ANNA, "more")).await, Err(SendError::ChatFull));
    assert_eq!(sender.send(answer_press()).await, Ok(Sent::Done));
    assert_eq!(server.texts(ANNA.0), ["first"]);
    gate.add_permits(3);
    for sent in [first, broadcast, answer] {
        sent.await.expect("ended").expect("sent");
    }
    assert_eq!(server.texts(ANNA.0), ["first", "answer", "broadcast"]);
}

#[tokio::test]
async fn what_fails_of_a_broadcast_is_told_at_once_and_keeps_no_answer_behind_it() {
    let rows = [
        (Answer::HangUp, "no answer"),
        (refusal(502, "Bad Gateway"), "the server failed with 502"),
        (
            Answer::Refusal(429, "Too Many Requests".to_owned(), Some(1)),
            "the chat must be left alone for 1 s",
        ),
    ];
    for (answer, words) in rows {
        let mut answer = Some(answer);
        let server =
            Server::scripted(
                move |call| {
                    if call.body["text"] == "news" { answer.take() } else { None }
                },
            )
            .await;
        let sender = Sender::start(server.client(), quick());
        let news = |chat| Outgoing { priority: Priority::Broadcast, ..say(chat, "news") };
        let error = sender.send(news(ANNA)).await.expect_err("one try");
        assert!(error.to_string().starts_with(words), "{error} instead of {words}");
        assert_eq!(sender.calls(), 0, "the turn is given back");
        sender.send(say(BORIS, "code")).await.expect("sent");
        // A pause is one of every broadcast.
        sender.send(news(BORIS)).await.expect("sent");
        let times: Vec<Instant> =
            server.calls("sendMessage").into_iter().map(|call| call.at).collect();
        let paused = Duration::from_millis(990);
        assert_eq!(times[2] - times[0] >= paused, words.ends_with("1 s"), "{times:?}");
        assert!(times[1] - times[0] < paused, "{times:?}");
    }
}

#[tokio::test]
async fn a_message_that_waits_can_be_withdrawn_and_one_that_is_out_cannot() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let server = Server::scripted(move |call| {
        let sent = Answer::Result(json!({"message_id": 1}));
        (call.method == "sendMessage").then(|| Answer::Hold(Arc::clone(&held), Box::new(sent)))
    })
    .await;
    let sender = Sender::start(server.client(), quick());
    let withdrawn = CancellationToken::new();
    let spawn = |text: &str| {
        let (sender, withdrawn) = (sender.clone(), withdrawn.clone());
        let outgoing = Outgoing { priority: Priority::Broadcast, ..say(ANNA, text) };
        tokio::spawn(async move { sender.send_unless(outgoing, &withdrawn).await })
    };
    let out = spawn("out");
    until("one is out", || server.texts(ANNA.0).len() == 1).await;
    let waits = spawn("waits");
    until("one waits", || sender.calls() == 2).await;
    withdrawn.cancel();
    let waits = tokio::time::timeout(PATIENCE, waits).await.expect("withdrawn");
    assert_eq!(waits.expect("ended"), Err(SendError::Withdrawn));
    gate.add_permits(2);
    assert_eq!(out.await.expect("ended"), Ok(Sent::Message(MessageId(1))));
    sender.send(say(ANNA, "next")).await.expect("sent");
    assert_eq!(server.texts(ANNA.0), ["out", "next"]);
}

#[tokio::test]
async fn a_dropped_caller_passes_its_turn_on_and_a_late_one_is_told() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let server = Server::scripted(move |call| {
        let text = Answer::Result(json!({"message_id": 1}));
        let slow = call.body["text"] == "slow";
        slow.then(|| Answer::Hold(Arc::clone(&held), Box::new(text)))
    })
    .await;
    let patient = Sender::start(server.client(), quick());
    let slow = tokio::spawn({
        let sender = patient.clone();
        async move { sender.send(say(ANNA, "slow")).await }
    });
    until("the slow one is out", || server.texts(ANNA.0).len() == 1).await;
    let waiting = tokio::spawn({
        let sender = patient.clone();
        async move { sender.send(say(ANNA, "never")).await }
    });
    until("one waits", || patient.calls() == 2).await;
    waiting.abort();
    slow.abort();
    patient.send(say(ANNA, "next")).await.expect("sent");
    assert_eq!(server.texts(ANNA.0), ["slow", "next"]);

    let options = SenderOptions { answer_within: Duration::from_millis(50), ..quick() };
    let hasty = Sender::start(server.client(), options);
    let slow = tokio::spawn({
        let sender = hasty.clone();
        async move { sender.send(say(BORIS, "slow")).await }
    });
    until("the slow one is out", || server.texts(BORIS.0).len() == 1).await;
    assert_eq!(hasty.send(say(BORIS, "late")).await, Err(SendError::TimedOut));
    slow.abort();
}

#[tokio::test]
async fn a_chats_rate_is_kept_by_the_real_clock() {
    let twenty = Rate { count: 20, per: Duration::from_secs(1), burst: 1 };
    let server = Server::start().await;
    let sender = Sender::start(server.client(), SenderOptions { private: twenty, ..quick() });
    let before = Instant::now();
    for text in ["one", "two", "three"] {
        sender.send(say(ANNA, text)).await.expect("sent");
    }
    let took = before.elapsed();
    assert!(took >= Duration::from_millis(100), "{took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[tokio::test]
async fn a_turn_given_to_a_caller_that_is_just_gone_goes_on_to_the_next() {
    let server = Server::start().await;
    let sender = Sender::start(server.client(), quick());
    let mut first = std::pin::pin!(sender.send(say(ANNA, "first")));
    assert!(futures_util::FutureExt::now_or_never(first.as_mut()).is_none());
    let waiting = tokio::spawn({
        let sender = sender.clone();
        async move { sender.send(say(ANNA, "never")).await }
    });
    until("one waits", || sender.calls() == 2).await;
    // On one thread the waiting task, now called, cannot run before it is aborted.
    first.await.expect("sent");
    waiting.abort();
    sender.send(say(ANNA, "next")).await.expect("sent");
    assert_eq!(server.texts(ANNA.0), ["first", "next"]);
}

#[tokio::test]
async fn those_behind_a_caller_that_gave_up_do_not_wait_for_its_moment() {
    let one_an_hour = Rate { count: 1, per: Duration::from_secs(3_600), burst: 1 };
    let options = SenderOptions {
        private: one_an_hour,
        answer_within: Duration::from_secs(86_400),
        ..quick()
    };
    let server = Server::start().await;
    let sender = Sender::start(server.client(), options);
    let spawn = |call: Call| {
        let sender = sender.clone();
        let outgoing = Outgoing { chat: ANNA, priority: Priority::Answer, call };
        tokio::spawn(async move { sender.send(outgoing).await })
    };
    sender.send(say(ANNA, "first")).await.expect("sent");
    let message = spawn(say(ANNA, "in an hour").call);
    until("the message waits", || sender.calls() == 1).await;
    let delete = spawn(Call::DeleteMessage { message: MessageId(1) });
    until("the delete waits", || sender.calls() == 2).await;
    message.abort();
    assert_eq!(delete.await.expect("ended"), Ok(Sent::Done));
}

#[tokio::test]
async fn stopping_ends_those_who_wait() {
    let one_an_hour = Rate { count: 1, per: Duration::from_secs(3_600), burst: 1 };
    let options = SenderOptions {
        private: one_an_hour,
        answer_within: Duration::from_secs(86_400),
        ..SenderOptions::default()
    };
    let server = Server::start().await;
    let sender = Sender::start(server.client(), options);
    sender.send(say(ANNA, "one")).await.expect("sent");
    let waiting = tokio::spawn({
        let sender = sender.clone();
        async move { sender.send(say(ANNA, "two")).await }
    });
    until("one waits", || sender.calls() == 1).await;
    sender.stop().await;
    assert_eq!(waiting.await.expect("ended"), Err(SendError::Stopped));
    assert_eq!(sender.send(say(BORIS, "three")).await, Err(SendError::Stopped));
}

#[tokio::test]
async fn files_travel_as_forms() {
    let server = Server::start().await;
    let sender = Sender::start(server.client(), quick());
    let keyboard =
        Keyboard::new(vec![vec![Button::press("Ok", "ok").expect("a button")]]).expect("buttons");
    let photo = Call::SendPhoto {
        photo: Bytes::from_static(b"\x89PNG bytes"),
        file_name: "chart.png".to_owned(),
        caption: "<b>today</b>".to_owned(),
        keyboard: Some(keyboard),
        silent: true,
    };
    let document = Call::SendDocument {
        document: Bytes::from_static(b"id,amount\n"),
        file_name: "orders.csv".to_owned(),
        caption: String::new(),
        keyboard: None,
        silent: false,
    };
    for call in [photo, document] {
        let outgoing = Outgoing { chat: ANNA, priority: Priority::Answer, call };
        assert!(matches!(sender.send(outgoing).await, Ok(Sent::Message(_))));
    }
    let form = |method: &str| String::from_utf8_lossy(&server.calls(method)[0].raw).into_owned();
    let photo = form("sendPhoto");
    for part in [
        "name=\"chat_id\"\r\n\r\n7\r\n",
        "name=\"caption\"\r\n\r\n<b>today</b>\r\n",
        "name=\"parse_mode\"\r\n\r\nHTML\r\n",
        "name=\"disable_notification\"\r\n\r\ntrue\r\n",
        r#"{"inline_keyboard":[[{"text":"Ok","callback_data":"ok"}]]}"#,
        "name=\"photo\"; filename=\"chart.png\"",
        "PNG bytes",
    ] {
        assert!(photo.contains(part), "{part} in {photo}");
    }
    let document = form("sendDocument");
    assert!(document.contains("name=\"document\"; filename=\"orders.csv\""), "{document}");
    assert!(!document.contains("caption"), "{document}");
}

#[tokio::test]
async fn in_a_quiet_chat_the_sender_costs_no_time() {
    let server = Server::start().await;
    let client = server.client();
    let sender = Sender::start(client.clone(), quick());
    let payload = json!({"chat_id": 7, "text": "x"});
    let (mut bare, mut sent) = (Vec::new(), Vec::new());
    // By turns, so that whatever else the machine does hits both alike.
    for _ in 0..100 {
        let before = Instant::now();
        let answer: Result<serde_json::Value, _> =
            client.call("sendMessage", &payload, Duration::from_secs(5)).await;
        bare.push(before.elapsed());
        assert!(answer.is_ok());
        let before = Instant::now();
        sender.send(say(ANNA, "x")).await.expect("sent");
        sent.push(before.elapsed());
    }
    bare.sort();
    sent.sort();
    let (bare, sent) = (bare[50], sent[50]);
    assert!(sent < bare + Duration::from_millis(1), "{sent:?} instead of {bare:?}");
}
