//! A vendor on loopback that answers whatever it is asked, in ways no HTTP library would allow.
//! The trials import this.
//!
//! One server serves all trials: the first part of a path names the trial. Everything that
//! comes in is kept until the trial is over.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The longest request that is read, in bytes.
const REQUEST_LEN_MAX: usize = 256 * 1024;

/// How long a slow answer takes: longer than any call may.
const SLOW: Duration = Duration::from_secs(30);

/// Written at once of a long body, in bytes.
const CHUNK_LEN: usize = 64 * 1024;

/// What the server does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Status line after the version, further header lines, and a body.
    Say { status: String, headers: String, body: Vec<u8> },
    /// A body of that many blanks.
    Blanks(usize),
    /// Reads the request and closes the connection.
    CutBefore,
    /// Announces more than it sends, then closes.
    CutDuring(Vec<u8>),
    /// Says nothing until the caller gives up.
    Slow,
    /// One byte a moment.
    Dribble,
    /// Sends the caller elsewhere, where a trap lies.
    Redirect,
    /// Repeats what it was sent, keys included.
    Echo,
}

impl Reply {
    pub(crate) fn json(body: &str) -> Self {
        Self::with(200, "application/json", body)
    }

    pub(crate) fn with(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::Say {
            status: format!("{status} Kit"),
            headers: format!("content-type: {content_type}\r\n"),
            body: body.into(),
        }
    }
}

/// One request as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Method, a blank, and the target without the trial's part.
    pub(crate) line: String,
    /// The body.
    pub(crate) body: String,
}

#[derive(Default)]
struct Desk {
    replies: Vec<Reply>,
    seen: Vec<Seen>,
}

#[derive(Clone, Default)]
struct Desks(Arc<Mutex<BTreeMap<u64, Desk>>>);

impl Desks {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Desk>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The server; it ends when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    desks: Desks,
    trap: Arc<Mutex<Vec<String>>>,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Server {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Server {
    pub(crate) async fn open() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let elsewhere = TcpListener::bind("127.0.0.1:0").await?;
        let (address, trap_address) = (listener.local_addr()?, elsewhere.local_addr()?);
        let (desks, trap) = (Desks::default(), Arc::new(Mutex::new(Vec::new())));
        let served = desks.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, served.clone(), trap_address));
            }
        });
        let caught = Arc::clone(&trap);
        let trapping = tokio::spawn(async move {
            while let Ok((mut stream, _)) = elsewhere.accept().await {
                let request = read(&mut stream).await.map(|request| request.0).unwrap_or_default();
                caught.lock().unwrap_or_else(PoisonError::into_inner).push(request);
            }
        });
        Ok(Self { address, desks, trap, tasks: [serving, trapping] })
    }

    /// Lays out what a trial's requests are answered with, the last one again and again, and
    /// returns the base URL for it.
    pub(crate) fn prepare(&self, trial: u64, replies: Vec<Reply>) -> String {
        self.desks.lock().insert(trial, Desk { replies, seen: Vec::new() });
        format!("http://{}/{trial}", self.address)
    }

    /// What came in for a trial, which is over.
    pub(crate) fn finish(&self, trial: u64) -> Vec<Seen> {
        self.desks.lock().remove(&trial).map(|desk| desk.seen).unwrap_or_default()
    }

    /// Whether anybody followed a redirect.
    pub(crate) fn trapped(&self) -> bool {
        !self.trap.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

async fn serve(mut stream: TcpStream, desks: Desks, trap: SocketAddr) {
    let Some((head, body)) = read(&mut stream).await else { return };
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let rest = target.trim_start_matches('/');
    let cut = rest.find(['/', '?']).unwrap_or(rest.len());
    let (trial, path) = rest.split_at(cut);
    let Ok(trial) = trial.parse::<u64>() else { return };
    let reply = {
        let mut desks = desks.lock();
        let Some(desk) = desks.get_mut(&trial) else { return };
        let place = desk.seen.len().min(desk.replies.len().saturating_sub(1));
        desk.seen.push(Seen { line: format!("{method} {path}"), body: body.clone() });
        desk.replies.get(place).cloned()
    };
    let Some(reply) = reply else { return };
    // The caller may have gone away; that is its business.
    let _ = answer(&mut stream, reply, &head, &body, trap).await;
}

async fn answer(
    stream: &mut TcpStream,
    reply: Reply,
    head: &str,
    request_body: &str,
    trap: SocketAddr,
) -> std::io::Result<()> {
    let full = |status: &str, headers: &str, body: &[u8], len: usize| {
        let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {len}\r\n");
        let mut bytes = format!("{head}connection: close\r\n\r\n").into_bytes();
        bytes.extend_from_slice(body);
        bytes
    };
    match reply {
        Reply::Say { status, headers, body } => {
            stream.write_all(&full(&status, &headers, &body, body.len())).await
        }
        Reply::Blanks(len) => {
            stream.write_all(&full("200 OK", "", b"", len)).await?;
            let chunk = vec![b' '; CHUNK_LEN];
            for _ in 0..len.div_ceil(CHUNK_LEN) {
                stream.write_all(&chunk).await?;
            }
            Ok(())
        }
        Reply::CutBefore => Ok(()),
        Reply::CutDuring(body) => {
            stream.write_all(&full("200 OK", "", &body, body.len() + 100)).await
        }
        Reply::Slow => {
            tokio::time::sleep(SLOW).await;
            Ok(())
        }
        Reply::Dribble => {
            stream.write_all(&full("200 OK", "", b"", 4_096)).await?;
            for _ in 0..4_096 {
                stream.write_all(b" ").await?;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Ok(())
        }
        Reply::Redirect => {
            let to = format!("location: http://{trap}/elsewhere\r\n");
            stream.write_all(&full("302 Found", &to, b"", 0)).await
        }
        Reply::Echo => {
            let said = format!("{head}\n{request_body}");
            let body = serde_json::json!({"error": said, "message": said, "success": 0});
            let body = body.to_string().into_bytes();
            let json = "content-type: application/json\r\n";
            stream.write_all(&full("401 Unauthorized", json, &body, body.len())).await
        }
    }
}

/// One request, head and body; `None` when the caller goes away first or sends too much.
async fn read(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let lower = head.to_ascii_lowercase();
            let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                return Some((head.to_owned(), body.to_owned()));
            }
        }
        let mut chunk = [0; 4_096];
        match stream.read(&mut chunk).await {
            Ok(len) if len > 0 && bytes.len() < REQUEST_LEN_MAX => {
                bytes.extend_from_slice(chunk.get(..len).unwrap_or_default());
            }
            _ => return None,
        }
    }
}
