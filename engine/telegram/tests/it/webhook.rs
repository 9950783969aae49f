//! Updates that are posted: who may post them, when they are confirmed, what is said of them.

use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::{Client, Method, StatusCode};
use ring4_telegram::intake::{Intake, IntakeEnd, IntakeOptions, Left};
use ring4_telegram::webhook::{Webhook, WebhookError, WebhookOptions, WebhookSecret};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::intake::{Notes, folder, open, options, stop};
use crate::server::{Answer, PATIENCE, Server, message, until};

const SECRET: &str = "a-secret-of-the-tests_1";
const HEADER: &str = "X-Telegram-Bot-Api-Secret-Token";

/// How long a connection may be open without the secret here.
const STRANGER_WITHIN: Duration = Duration::from_millis(500);

/// A port that is free, and stays so until it is taken: it lies below those that the system gives
/// to whoever names none.
fn free() -> SocketAddr {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    let range = range.expect("the range of ports that are given away");
    let first = range.split_whitespace().next().expect("a port");
    let below: u64 = first.parse().expect("a port");
    let drawn = |_| 2_000 + RandomState::new().hash_one(()) % (below - 2_000);
    let addresses = (0..1_000)
        .map(drawn)
        .map(|port| SocketAddr::from(([127, 0, 0, 1], u16::try_from(port).expect("a port"))));
    let mut free = addresses.filter(|address| std::net::TcpListener::bind(address).is_ok());
    free.next().expect("a free port")
}

struct Site {
    listen: SocketAddr,
    http: Client,
}

impl Site {
    async fn new() -> Self {
        Self { listen: free(), http: Client::new() }
    }

    fn url(&self) -> String {
        format!("http://{}/hook", self.listen)
    }

    async fn open(
        &self,
        server: &Server,
        dir: &Path,
        notes: &Arc<Notes>,
        options: IntakeOptions,
    ) -> Intake {
        let secret = WebhookSecret::parse(SECRET).expect("a secret");
        let webhook = WebhookOptions {
            look_every: Duration::from_millis(20),
            stranger_within: STRANGER_WITHIN,
            ..WebhookOptions::new(self.url(), self.listen, secret)
        };
        let webhook = Webhook::bind(webhook).await.expect("a free port");
        Intake::start_webhook(server.client(), open(dir), Arc::clone(notes), options, webhook)
    }

    async fn post(&self, update: &Value) -> StatusCode {
        let request = self.http.post(self.url()).header(HEADER, SECRET).body(update.to_string());
        request.send().await.expect("an answer").status()
    }
}

/// A server whose `getWebhookInfo` says what it is told to, and whatever was set before.
async fn telegram() -> (Server, Arc<Mutex<Value>>) {
    let info = Arc::new(Mutex::new(json!({ "url": "", "pending_update_count": 0 })));
    let told = Arc::clone(&info);
    let server = Server::scripted(move |call| match call.method.as_str() {
        "setWebhook" => {
            told.lock().expect("told")["url"] = call.body["url"].clone();
            None
        }
        "getWebhookInfo" => Some(Answer::Result(told.lock().expect("told").clone())),
        _ => None,
    })
    .await;
    (server, info)
}

#[tokio::test]
async fn only_telegram_may_post_and_each_update_is_acted_on_once() {
    let ((server, _), dir, notes) = (telegram().await, folder(), Arc::new(Notes::default()));
    let site = Site::new().await;
    let intake = site.open(&server, dir.path(), &notes, options()).await;
    until("the webhook is set", || !server.calls("getWebhookInfo").is_empty()).await;
    let set = server.calls("setWebhook").remove(0).body;
    assert_eq!(set["url"], site.url());
    assert_eq!(set["secret_token"], SECRET);
    assert_eq!(set["max_connections"], 40);
    assert_eq!(set["drop_pending_updates"], false);
    let allowed = set["allowed_updates"].as_array().expect("a list");
    assert!(allowed.contains(&json!("pre_checkout_query")), "{allowed:?}");

    let good = message(1, 1, "good").to_string();
    let near = SECRET.replace('1', "2");
    let rows: [(&str, Method, Option<&str>, String, u16); 10] = [
        ("another path", Method::POST, Some(SECRET), good.clone(), 404),
        ("reading", Method::GET, Some(SECRET), String::new(), 405),
        ("no secret", Method::POST, None, good.clone(), 401),
        ("an empty secret", Method::POST, Some(""), good.clone(), 401),
        ("nearly the secret", Method::POST, Some(&near), good.clone(), 401),
        ("more than the secret", Method::POST, Some("a-secret-of-the-tests_11"), good.clone(), 401),
        ("no JSON", Method::POST, Some(SECRET), "{".to_owned(), 400),
        ("too long", Method::POST, Some(SECRET), " ".repeat((1 << 20) + 1), 413),
        ("an update", Method::POST, Some(SECRET), good.clone(), 200),
        ("the update again", Method::POST, Some(SECRET), good, 200),
    ];
    for (what, method, secret, body, want) in rows {
        let url = if want == 404 { format!("{}/x", site.url()) } else { site.url() };
        let mut request = site.http.request(method, url).body(body);
        if let Some(secret) = secret {
            request = request.header(HEADER, secret);
        }
        let got = request.send().await.expect("an answer").status();
        assert_eq!(got.as_u16(), want, "{what}");
    }
    until("it is handled", || intake.counts().handled == 1).await;
    assert_eq!(notes.texts(1), ["good"]);
    assert_eq!((intake.counts().duplicates, intake.counts().received), (1, 1));
    stop(&intake).await;
    assert!(server.calls("deleteWebhook").is_empty(), "Telegram keeps updates for the next start");
}

#[tokio::test]
async fn what_is_confirmed_is_durable_and_what_cannot_be_taken_is_left_with_telegram() {
    let ((server, _), dir, notes) = (telegram().await, folder(), Notes::gated());
    let site = Site::new().await;
    let limits = IntakeOptions { waiting_max: 2, ..options() };
    let intake = site.open(&server, dir.path(), &notes, limits).await;
    for number in 0..3 {
        assert_eq!(site.post(&message(number, 1, &format!("wait{number}"))).await, 200);
        until("one runs", || intake.counts().running == 1).await;
    }
    assert_eq!(site.post(&message(3, 1, "wait3")).await, 503);
    assert_eq!(intake.stop(Duration::ZERO).await, Ok(Left { aborted: 1, waiting: 2 }));
    assert!(site.http.get(site.url()).send().await.is_err(), "nobody listens any more");

    let again = Notes::gated();
    again.open(10);
    let intake = site.open(&server, dir.path(), &again, options()).await;
    until("all are handled", || again.texts(1) == ["wait0", "wait1", "wait2"]).await;
    assert_eq!(site.post(&message(3, 1, "wait3")).await, 200);
    until("the last is handled", || again.texts(1).len() == 4).await;
    stop(&intake).await;
}

#[tokio::test]
async fn idle_and_stalled_connections_keep_nobody_from_stopping() {
    let ((server, _), dir, notes) = (telegram().await, folder(), Arc::new(Notes::default()));
    let site = Site::new().await;
    let intake = site.open(&server, dir.path(), &notes, options()).await;
    let idle = TcpStream::connect(site.listen).await.expect("a connection");
    let mut stalled = TcpStream::connect(site.listen).await.expect("a connection");
    let head = format!("POST /hook HTTP/1.1\r\nHost: x\r\n{HEADER}: {SECRET}\r\n");
    let head = format!("{head}Content-Length: 99\r\n\r\n{{");
    stalled.write_all(head.as_bytes()).await.expect("written");
    assert_eq!(site.post(&message(1, 1, "through")).await, 200);
    let begun = Instant::now();
    stop(&intake).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(notes.texts(1), ["through"]);
    drop((idle, stalled));
}

#[tokio::test]
async fn connections_that_never_show_the_secret_make_room() {
    let ((server, _), dir, notes) = (telegram().await, folder(), Arc::new(Notes::default()));
    let site = Site::new().await;
    let intake = site.open(&server, dir.path(), &notes, options()).await;
    let request = |secret: &str| {
        let body = message(1, 1, "through").to_string();
        let head = format!("POST /hook HTTP/1.1\r\nHost: x\r\n{HEADER}: {secret}\r\n");
        format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())
    };
    let strangers = [String::new(), "POST /hook HT".to_owned(), request("guessed")];
    let mut open = Vec::new();
    let begun = Instant::now();
    for words in &strangers {
        let mut stream = TcpStream::connect(site.listen).await.expect("a connection");
        stream.write_all(words.as_bytes()).await.expect("written");
        open.push(stream);
    }
    let mut telegram = TcpStream::connect(site.listen).await.expect("a connection");
    telegram.write_all(request(SECRET).as_bytes()).await.expect("written");
    for (mut stream, words) in open.into_iter().zip(&strangers) {
        let mut heard = String::new();
        let end = stream.read_to_string(&mut heard);
        tokio::time::timeout(PATIENCE, end).await.expect("an end").expect("no reset");
        let took = begun.elapsed();
        assert!(took >= STRANGER_WITHIN && took < 8 * STRANGER_WITHIN, "{words:?}: {took:?}");
    }
    // Whoever has shown it is served on.
    telegram.write_all(request(SECRET).as_bytes()).await.expect("written");
    let mut heard = vec![0; 4_096];
    let mut answers = 0;
    while answers < 2 {
        let count = tokio::time::timeout(PATIENCE, telegram.read(&mut heard)).await;
        let count = count.expect("an answer").expect("a connection");
        assert!(count > 0, "the connection ended after {answers} answers");
        answers += String::from_utf8_lossy(&heard[..count]).matches("200 OK").count();
    }
    stop(&intake).await;
}

#[tokio::test]
async fn two_cannot_listen_at_one_address() {
    let site = Site::new().await;
    let options = |url: &str| {
        let secret = WebhookSecret::parse(SECRET).expect("a secret");
        WebhookOptions::new(url.to_owned(), site.listen, secret)
    };
    let first = Webhook::bind(options(&site.url())).await.expect("a free port");
    let shown = format!("{first:?}");
    assert!(shown.contains("127.0.0.1"), "{shown}");
    assert!(!shown.contains("/hook") && !shown.contains(SECRET), "{shown}");
    let second = Webhook::bind(options(&site.url())).await.expect_err("a taken port");
    assert!(second.to_string().starts_with("listening for the webhook on 127.0.0.1:"), "{second}");
    let strange = Webhook::bind(options("ftp://x/")).await;
    assert!(matches!(strange, Err(WebhookError::Address)));
}

#[tokio::test]
async fn failed_deliveries_are_told_once_and_so_is_their_end() {
    let ((server, info), dir) = (telegram().await, folder());
    let site = Site::new().await;
    // What failed before the start is no news.
    *info.lock().expect("told") = json!({ "url": "", "pending_update_count": 3,
        "last_error_date": 100, "last_error_message": "Connection refused" });
    let intake = site.open(&server, dir.path(), &Arc::new(Notes::default()), options()).await;
    let mut words = intake.undelivered();
    let looks = || server.calls("getWebhookInfo").len();
    until("two looks", || looks() >= 2).await;
    assert_eq!(*words.borrow_and_update(), None);
    for date in 101..104 {
        {
            let mut info = info.lock().expect("told");
            info["last_error_date"] = json!(date);
            info["last_error_message"] = json!("Wrong response from the webhook: 502 Bad Gateway");
        }
        let seen = looks();
        until("two looks", || looks() >= seen + 2).await;
    }
    assert!(words.has_changed().expect("a running intake"));
    let told = words.borrow_and_update().clone();
    assert_eq!(told.as_deref(), Some("Wrong response from the webhook: 502 Bad Gateway"));
    assert!(!words.has_changed().expect("a running intake"), "told once");
    info.lock().expect("told")["pending_update_count"] = json!(0);
    tokio::time::timeout(PATIENCE, words.changed()).await.expect("news").expect("running");
    assert_eq!(*words.borrow_and_update(), None);
    stop(&intake).await;
}

#[tokio::test]
async fn on_a_busy_bot_posts_that_come_again_end_the_trouble_and_the_next_is_news() {
    let ((server, info), dir) = (telegram().await, folder());
    let site = Site::new().await;
    // Something waits whenever Telegram is asked.
    *info.lock().expect("told") = json!({ "url": "", "pending_update_count": 2 });
    let intake = site.open(&server, dir.path(), &Arc::new(Notes::default()), options()).await;
    let mut words = intake.undelivered();
    let looks = || server.calls("getWebhookInfo").len();
    for (round, date) in [(1, 100), (2, 200)] {
        until("two looks", || looks() >= 2).await;
        {
            let mut info = info.lock().expect("told");
            info["last_error_date"] = json!(date);
            info["last_error_message"] = json!("Connection timed out");
        }
        tokio::time::timeout(PATIENCE, words.changed()).await.expect("news").expect("running");
        assert_eq!(words.borrow_and_update().as_deref(), Some("Connection timed out"));
        // Quiet alone proves nothing: nobody may have written.
        let seen = looks();
        until("ten looks", || looks() >= seen + 10).await;
        assert!(!words.has_changed().expect("a running intake"), "round {round}");
        assert_eq!(site.post(&message(round, 1, "again")).await, 200);
        tokio::time::timeout(PATIENCE, words.changed()).await.expect("news").expect("running");
        assert_eq!(*words.borrow_and_update(), None, "round {round}");
    }
    stop(&intake).await;
}

#[tokio::test]
async fn a_webhook_that_is_taken_away_is_set_again_until_somebody_means_it() {
    for (url, webhook) in [("", false), ("https://elsewhere.example/", true)] {
        let ((server, info), dir) = (telegram().await, folder());
        let site = Site::new().await;
        let intake = site.open(&server, dir.path(), &Arc::new(Notes::default()), options()).await;
        let sets = || server.calls("setWebhook").len();
        for taken in 1..=3 {
            until("it is set", || sets() == taken).await;
            let seen = server.calls("getWebhookInfo").len();
            until("it is looked at", || server.calls("getWebhookInfo").len() > seen).await;
            info.lock().expect("told")["url"] = json!(url);
        }
        let end = tokio::time::timeout(PATIENCE, intake.ended()).await.expect("an end");
        assert_eq!(end, IntakeEnd::Conflict { webhook });
        assert_eq!(sets(), 3);
        stop(&intake).await;
    }
    let refusals = [(401, "Unauthorized"), (404, "Not Found")];
    for (code, text) in refusals {
        let server = Server::scripted(move |call| {
            (call.method == "setWebhook").then(|| Answer::Refusal(code, text.to_owned(), None))
        })
        .await;
        let (dir, site) = (folder(), Site::new().await);
        let intake = site.open(&server, dir.path(), &Arc::new(Notes::default()), options()).await;
        assert_eq!(intake.ended().await, IntakeEnd::Unauthorized);
        stop(&intake).await;
    }
}
