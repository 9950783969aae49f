//! A vendor on loopback that answers by path, also in ways no HTTP library would let us.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Answers to one request: raw bytes, then the connection is closed.
pub type Answers = Arc<dyn Fn(&str, usize) -> Reply + Send + Sync>;

/// What to do with a request.
pub enum Reply {
    /// Status and further header lines, and the body.
    Say(&'static str, String),
    /// Close the connection without a byte.
    Hang,
    /// Say nothing and keep the connection.
    Stall,
    /// Send a body that ends too soon.
    Cut,
    /// Answer well once the gate is open.
    Wait(tokio::sync::watch::Receiver<bool>),
}

pub struct Vendor {
    pub base_url: String,
    requests: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

impl Drop for Vendor {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Vendor {
    /// `answers` gets the path and how often it was asked before.
    pub async fn open(answers: impl Fn(&str, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base_url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let answers: Answers = Arc::new(answers);
        let server = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                tokio::spawn(serve(stream, Arc::clone(&answers), Arc::clone(&seen)));
            }
        });
        Self { base_url, requests, server }
    }

    /// One that answers by the words of the path: `/ok`, `/hang`, `/stall`, `/cut`, `/500` …
    pub async fn obliging() -> Self {
        Self::open(|path, before| match path {
            "/hang" => Reply::Hang,
            "/stall" => Reply::Stall,
            "/cut" => Reply::Cut,
            "/flaky" if before < 2 => Reply::Say("503 Busy", String::new()),
            "/moved" => Reply::Say("302 Found\r\nlocation: /ok", String::new()),
            "/busy" => Reply::Say("429 Slow down\r\nretry-after: 7", String::new()),
            "/big" => Reply::Say("200 OK", "x".repeat(2 * 1024 * 1024)),
            "/500" => Reply::Say("500 Oops", String::new()),
            "/403" => Reply::Say("403 No", String::new()),
            _ => Reply::Say("200 OK", "{}".to_owned()),
        })
        .await
    }

    /// Waits until so many requests came in.
    pub async fn until_requests(&self, count: usize) {
        let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while self.requests().len() < count {
            assert!(std::time::Instant::now() < end, "no {count} requests");
            tokio::task::yield_now().await;
        }
    }

    /// Heads and bodies of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").clone()
    }
}

async fn serve(mut stream: TcpStream, answers: Answers, seen: Arc<Mutex<Vec<String>>>) {
    let Some(request) = read(&mut stream).await else { return };
    let target = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let path = target.split('?').next().unwrap_or_default();
    let before = {
        let mut seen = seen.lock().expect("no panic");
        let same = |earlier: &&String| earlier.split(' ').nth(1) == Some(&target);
        let before = seen.iter().filter(same).count();
        seen.push(request.clone());
        before
    };
    let (status, body) = match answers(path, before) {
        Reply::Hang => return,
        Reply::Stall => return std::future::pending().await,
        Reply::Wait(mut gate) => {
            // A gate whose owner went away is open.
            let _ = gate.wait_for(|open| *open).await;
            ("200 OK", "{}".to_owned())
        }
        Reply::Cut => ("200 OK\r\nx-cut: yes", "{".to_owned()),
        Reply::Say(status, body) => (status, body),
    };
    let len = body.len() + usize::from(status.contains("x-cut")) * 100;
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {len}\r\nconnection: close\r\n\r\n");
    // The client may have gone away; that is its business.
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
}

/// One request with its body; `None` when the client goes away first.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_ascii_lowercase();
            let length = length.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().expect("a number"));
            if body.len() >= length {
                return Some(text);
            }
        }
        let mut chunk = [0; 4_096];
        match stream.read(&mut chunk).await {
            Ok(len) if len > 0 => bytes.extend_from_slice(&chunk[..len]),
            _ => return None,
        }
    }
}
