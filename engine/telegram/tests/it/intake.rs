//! Nothing lost, nobody delayed, panics survived.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ring4_telegram::inbound::Incoming;
use ring4_telegram::inbox::{Inbox, InboxOptions};
use ring4_telegram::intake::{AcceptError, Handler, Intake, IntakeEnd, IntakeOptions, Left};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Semaphore;

use crate::server::{Answer, Server, message, until};

/// A handler that notes what it sees and does what the text says.
#[derive(Default)]
pub struct Notes {
    /// Texts handled to the end, per chat.
    done: Mutex<HashMap<i64, Vec<String>>>,
    begun: AtomicUsize,
    apologies: AtomicUsize,
    slips: AtomicBool,
    gate: Option<Semaphore>,
}

impl Notes {
    /// "wait" waits for a permit of the gate.
    pub fn gated() -> Arc<Self> {
        Arc::new(Self { gate: Some(Semaphore::new(0)), ..Self::default() })
    }

    pub fn open(&self, permits: usize) {
        self.gate.as_ref().expect("a gate").add_permits(permits);
    }

    pub fn texts(&self, chat: i64) -> Vec<String> {
        self.done.lock().expect("notes").get(&chat).cloned().unwrap_or_default()
    }

    fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }
}

impl Handler for Notes {
    async fn handle(&self, incoming: &Incoming) {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let Incoming::Message(message) = incoming else { return };
        let text = message.text.clone().unwrap_or_default();
        if text.starts_with("wait") {
            self.gate.as_ref().expect("a gate").acquire().await.expect("a permit").forget();
        }
        assert_ne!(text, "boom", "a panic on purpose");
        if text == "slip" {
            assert!(self.slips.swap(true, Ordering::SeqCst), "a panic the first time only");
        }
        self.done.lock().expect("notes").entry(message.chat.id.0).or_default().push(text);
    }

    async fn panicked(&self, _incoming: &Incoming) {
        self.apologies.fetch_add(1, Ordering::SeqCst);
    }
}

pub fn open(dir: &Path) -> Inbox {
    let now_ms = || 1_700_000_000_000;
    Inbox::open(dir, InboxOptions::default(), Arc::new(now_ms)).expect("an inbox").0
}

pub fn options() -> IntakeOptions {
    IntakeOptions {
        poll_timeout: Duration::from_secs(1),
        workers: 8,
        lane_ready_max: 4,
        backoff_max: Duration::from_millis(10),
        conflicts_max: 3,
        ..IntakeOptions::default()
    }
}

fn start(server: &Server, dir: &Path, notes: &Arc<Notes>) -> Intake {
    Intake::start(server.client(), open(dir), Arc::clone(notes), options())
}

pub fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Everything in the files of an inbox, as far as it is text.
fn stored_texts(dir: &Path) -> String {
    let files = std::fs::read_dir(dir).expect("a listing");
    let read = |file: std::io::Result<std::fs::DirEntry>| {
        let bytes = std::fs::read(file.expect("a file").path()).expect("bytes");
        String::from_utf8_lossy(&bytes).into_owned()
    };
    files.map(read).collect()
}

fn numbered(from: i64, count: i64, person: i64, prefix: &str) -> Vec<Value> {
    (from..from + count).map(|id| message(id, person, &format!("{prefix}{id}"))).collect()
}

pub async fn stop(intake: &Intake) -> Left {
    intake.stop(Duration::from_secs(10)).await.expect("stopped")
}

#[tokio::test]
async fn every_update_is_handled_once_and_in_order_within_its_chat() {
    let (server, dir, notes) = (Server::start().await, folder(), Arc::new(Notes::default()));
    for round in 0..100 {
        server.push((0..5).map(|chat| message(round * 5 + chat, chat + 1, &round.to_string())));
    }
    let intake = start(&server, dir.path(), &notes);
    until("all are handled", || intake.counts().handled == 500).await;
    let expected: Vec<String> = (0..100).map(|round| round.to_string()).collect();
    for chat in 1..=5 {
        assert_eq!(notes.texts(chat), expected);
    }
    until("all are confirmed", || server.unconfirmed() == 0).await;
    assert_eq!(stop(&intake).await, Left { aborted: 0, waiting: 0 });
    assert_eq!(intake.ended().await, IntakeEnd::Stopped);
    let counts = intake.counts();
    assert_eq!((counts.received, counts.duplicates, counts.running), (500, 0, 0));
    assert!(intake.last_poll().is_some());
    let polls = server.calls("getUpdates");
    let kinds = json!([
        "message",
        "callback_query",
        "inline_query",
        "my_chat_member",
        "pre_checkout_query"
    ]);
    assert_eq!(polls[0].body, json!({"limit": 100, "timeout": 1, "allowed_updates": kinds}));
    assert_eq!(polls[1].body["offset"], 100);
    assert_eq!(server.calls("deleteWebhook").len(), 1);
}

#[tokio::test]
async fn an_update_is_on_disk_before_a_poll_confirms_it() {
    let dir = folder();
    let path = dir.path().to_owned();
    let missing = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&missing);
    let server = Server::scripted(move |call| {
        for confirmed in 0..call.body["offset"].as_i64().unwrap_or_default() {
            let text = format!("wait update {confirmed}.");
            if !stored_texts(&path).contains(&text) {
                noted.lock().expect("a list").push(confirmed);
            }
        }
        None
    })
    .await;
    let notes = Notes::gated();
    let intake = start(&server, dir.path(), &notes);
    for update_id in 0..20 {
        // Handlers that never end keep what they handle in the inbox.
        server.push([message(update_id, update_id, &format!("wait update {update_id}."))]);
        let confirmed = || server.unconfirmed() == 0;
        until("it is confirmed", confirmed).await;
    }
    assert_eq!(*missing.lock().expect("a list"), Vec::<i64>::new());
    drop(intake);
}

#[tokio::test]
async fn a_flooding_chat_delays_nobody_and_loses_nothing() {
    let (server, dir, notes) = (Server::start().await, folder(), Notes::gated());
    server.push(numbered(0, 700, 1, "wait"));
    server.push([message(700, 2, "quick")]);
    let intake = start(&server, dir.path(), &notes);
    until("the other chat is served", || notes.texts(2) == ["quick"]).await;
    assert_eq!(notes.texts(1).len(), 0);
    assert_eq!(intake.counts().waiting, 699);
    notes.open(700);
    until("the flood is handled", || intake.counts().handled == 701).await;
    let expected: Vec<String> = (0..700).map(|number| format!("wait{number}")).collect();
    assert_eq!(notes.texts(1), expected);
    stop(&intake).await;
}

#[tokio::test]
async fn panics_end_neither_their_chat_nor_the_bot() {
    let (server, dir, notes) = (Server::start().await, folder(), Arc::new(Notes::default()));
    server.push([message(1, 1, "boom"), message(2, 1, "after"), message(3, 2, "slip")]);
    server.push([message(4, 2, "after")]);
    let intake = start(&server, dir.path(), &notes);
    until("all are handled", || intake.counts().handled == 4).await;
    assert_eq!(notes.texts(1), ["after"]);
    assert_eq!(notes.texts(2), ["slip", "after"]);
    assert_eq!(notes.apologies.load(Ordering::SeqCst), 1, "for the one that panicked twice");
    assert_eq!(intake.counts().panicked, 3);
    stop(&intake).await;

    let again = Arc::new(Notes::default());
    let intake = start(&server, dir.path(), &again);
    server.push([message(5, 1, "new")]);
    until("the new one is handled", || again.texts(1) == ["new"]).await;
    assert_eq!(again.begun(), 1, "a panic is not run again at every start");
    stop(&intake).await;
}

#[tokio::test]
async fn what_a_crash_interrupts_runs_at_the_next_start() {
    let (server, dir, notes) = (Server::start().await, folder(), Notes::gated());
    server.push(numbered(0, 50, 1, "wait"));
    server.push(numbered(50, 10, 2, "quick"));
    let intake = start(&server, dir.path(), &notes);
    until("the quick ones are handled", || notes.texts(2).len() == 10).await;
    notes.open(5);
    until("some are handled", || intake.counts().handled == 15).await;
    until("all are confirmed", || server.unconfirmed() == 0).await;
    // What a kill leaves: the folder as it is, and a server that sends nothing again.
    let killed = folder();
    for file in std::fs::read_dir(dir.path()).expect("a listing") {
        let file = file.expect("a file");
        std::fs::copy(file.path(), killed.path().join(file.file_name())).expect("a copy");
    }
    drop(intake);

    let again = Notes::gated();
    again.open(100);
    let intake = start(&server, killed.path(), &again);
    server.push([message(60, 2, "new")]);
    until("the new one is handled", || again.texts(2).last().is_some_and(|text| text == "new"))
        .await;
    until("nothing waits", || {
        let counts = intake.counts();
        counts.waiting + counts.running == 0
    })
    .await;
    let mut seen = notes.texts(1);
    let rerun = again.texts(1);
    // Marks are lazy, so the last of those handled may run twice, but none runs not at all.
    let first = rerun.first().expect("something ran").clone();
    seen.retain(|text| !rerun.contains(text));
    seen.extend(rerun);
    let expected: Vec<String> = (0..50).map(|number| format!("wait{number}")).collect();
    assert_eq!(seen, expected, "from {first} on");
    stop(&intake).await;
}

#[tokio::test]
async fn updates_that_come_again_are_dropped() {
    let (server, dir, notes) = (Server::start().await, folder(), Arc::new(Notes::default()));
    server.push(numbered(10, 3, 1, ""));
    let intake = start(&server, dir.path(), &notes);
    until("they are handled", || intake.counts().handled == 3).await;
    until("all are confirmed", || server.unconfirmed() == 0).await;
    for _ in 0..3 {
        let raw = Bytes::from(message(11, 1, "again").to_string());
        intake.accept(raw).await.expect("taken");
    }
    stop(&intake).await;

    // A kill before the confirming poll: the server sends the batch again to the next process.
    server.push(numbered(10, 4, 1, ""));
    let intake = start(&server, dir.path(), &notes);
    until("the new one is handled", || notes.texts(1).len() == 4).await;
    assert_eq!(notes.texts(1), ["10", "11", "12", "13"]);
    assert_eq!(intake.counts().duplicates, 3);
    stop(&intake).await;
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_counted_and_in_nobodys_way() {
    let (server, dir, notes) = (Server::start().await, folder(), Arc::new(Notes::default()));
    let broken = json!({"update_id": 1, "message": {"message_id": "one"}});
    server.push([broken, json!({"update_id": 2, "novelty": {}}), message(3, 1, "fine")]);
    let intake = start(&server, dir.path(), &notes);
    until("the readable ones are handled", || intake.counts().handled == 2).await;
    assert_eq!(intake.counts().rejected, 1);
    assert_eq!(notes.texts(1), ["fine"]);
    stop(&intake).await;
    let kept = std::fs::read(dir.path().join("rejects.log")).expect("a file");
    let wanted = br#""message_id":"one""#;
    assert!(kept.windows(wanted.len()).any(|part| part == wanted));
    let again = Arc::new(Notes::default());
    let intake = start(&server, dir.path(), &again);
    server.push([message(4, 1, "next")]);
    until("the next one is handled", || again.texts(1) == ["next"]).await;
    assert_eq!(intake.counts().rejected, 0, "a reject is not tried at every start");
    stop(&intake).await;
}

#[tokio::test]
async fn a_second_poller_and_a_wrong_token_end_the_intake_and_outages_do_not() {
    let rows = [
        (409, "Conflict: terminated by other getUpdates request", 3),
        (401, "Unauthorized", 1),
        (404, "Not Found", 1),
    ];
    let ends =
        [IntakeEnd::Conflict { webhook: false }, IntakeEnd::Unauthorized, IntakeEnd::Unauthorized];
    for ((code, text, polls), end) in rows.into_iter().zip(ends) {
        let server = Server::scripted(move |call| {
            (call.method == "getUpdates").then(|| Answer::Refusal(code, text.to_owned(), None))
        })
        .await;
        let dir = folder();
        let intake = start(&server, dir.path(), &Arc::new(Notes::default()));
        assert_eq!(intake.ended().await, end);
        assert_eq!(server.calls("getUpdates").len(), polls, "{text}");
        stop(&intake).await;
    }

    let mut troubles = vec![
        Answer::HangUp,
        Answer::Refusal(500, "Internal Server Error".to_owned(), None),
        Answer::Refusal(409, "Conflict: terminated by other getUpdates".to_owned(), None),
        Answer::Refusal(429, "Too Many Requests".to_owned(), Some(1)),
    ];
    let server = Server::scripted(move |_| troubles.pop()).await;
    let (dir, notes) = (folder(), Arc::new(Notes::default()));
    server.push([message(1, 1, "through")]);
    let before = Instant::now();
    let intake = start(&server, dir.path(), &notes);
    until("the update came through", || notes.texts(1) == ["through"]).await;
    assert!(before.elapsed() >= Duration::from_secs(1), "retry_after was not obeyed");
    assert_eq!(intake.counts().failed_polls, 4);
    stop(&intake).await;
}

#[tokio::test]
async fn an_idle_server_that_does_not_hold_polls_is_not_hammered() {
    let server =
        Server::scripted(|call| (call.method == "getUpdates").then(|| Answer::Result(json!([]))))
            .await;
    let dir = folder();
    let intake = start(&server, dir.path(), &Arc::new(Notes::default()));
    until("a few polls", || server.calls("getUpdates").len() >= 4).await;
    let polls = server.calls("getUpdates");
    for pair in polls.windows(2) {
        assert!(pair[1].at - pair[0].at >= Duration::from_millis(490));
    }
    stop(&intake).await;
}

#[tokio::test]
async fn stopping_lets_handlers_finish_and_leaves_the_rest_for_the_next_start() {
    let (server, dir, notes) = (Server::start().await, folder(), Notes::gated());
    server.push(numbered(0, 20, 1, "wait"));
    let intake = Arc::new(start(&server, dir.path(), &notes));
    until("one runs and all are in", || {
        let counts = intake.counts();
        counts.running == 1 && counts.waiting == 19
    })
    .await;
    let stopping = tokio::spawn({
        let intake = Arc::clone(&intake);
        async move { stop(&intake).await }
    });
    assert_eq!(intake.ended().await, IntakeEnd::Stopped);
    assert_eq!(intake.accept(Bytes::new()).await, Err(AcceptError::Stopped));
    notes.open(100);
    assert_eq!(stopping.await.expect("ended"), Left { aborted: 0, waiting: 19 });
    assert_eq!(notes.texts(1), ["wait0"]);

    let stuck = Notes::gated();
    let intake = start(&server, dir.path(), &stuck);
    until("one runs and all are in", || {
        let counts = intake.counts();
        counts.running == 1 && counts.waiting == 18
    })
    .await;
    let left = intake.stop(Duration::from_millis(50)).await.expect("stopped");
    assert_eq!(left, Left { aborted: 1, waiting: 18 });

    let last = Notes::gated();
    last.open(100);
    let intake = start(&server, dir.path(), &last);
    until("all are handled", || intake.counts().handled == 19).await;
    let expected: Vec<String> = (1..20).map(|number| format!("wait{number}")).collect();
    assert_eq!(last.texts(1), expected);
    stop(&intake).await;
}

#[tokio::test]
async fn handed_in_updates_are_durable_before_they_are_taken() {
    let (dir, notes) = (folder(), Notes::gated());
    let limits = IntakeOptions { waiting_max: 2, ..options() };
    let intake = Intake::start_passive(open(dir.path()), Arc::clone(&notes), &limits);
    let accept = async |update: Value| intake.accept(Bytes::from(update.to_string())).await;
    for number in 0..3 {
        assert_eq!(accept(message(number, 1, &format!("wait{number}"))).await, Ok(()));
        until("one runs", || intake.counts().running == 1).await;
    }
    assert_eq!(accept(message(3, 1, "wait3")).await, Err(AcceptError::Busy));
    let left = intake.stop(Duration::ZERO).await.expect("stopped");
    assert_eq!(left, Left { aborted: 1, waiting: 2 });
    assert_eq!(accept(message(3, 1, "wait3")).await, Err(AcceptError::Stopped));

    let again = Notes::gated();
    again.open(10);
    let intake = Intake::start_passive(open(dir.path()), Arc::clone(&again), &options());
    until("all are handled", || again.texts(1) == ["wait0", "wait1", "wait2"]).await;
    assert_eq!(intake.accept(Bytes::from_static(b"{}")).await, Err(AcceptError::Unreadable));
    stop(&intake).await;
}
