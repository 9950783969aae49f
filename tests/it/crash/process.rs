//! The real binary as a child process: started, killed, asked to stop. `crash`, `trouble`
//! and `secrets` use it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::world::PATIENCE;

/// Lines of the log that are shown when something fails.
const LINES_SHOWN: usize = 80;

/// How long a process may take to stop after SIGTERM.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// What the shop is started with, again and again.
pub struct Launch {
    pub config: PathBuf,
    pub data: PathBuf,
    pub env: Vec<(&'static str, String)>,
    pub log: Log,
}

/// What every process of a test wrote to its log.
#[derive(Clone, Default)]
pub struct Log {
    lines: Arc<Mutex<Lines>>,
    /// How many lines there were so far.
    written: watch::Sender<u64>,
}

#[derive(Default)]
struct Lines {
    last: VecDeque<String>,
    /// Every line, where somebody wants to search them.
    whole: Option<Vec<String>>,
    errors: Vec<String>,
    repairs: u32,
    replayed: u64,
    backups: u32,
}

/// What the log says of all starts together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recoveries {
    /// Starts that found journal and state apart.
    pub repairs: u32,
    /// Updates that were run again.
    pub replayed: u64,
    /// Backups that were made and verified.
    pub backups: u32,
}

impl Log {
    /// A log that forgets nothing.
    pub fn whole() -> Self {
        let lines = Lines { whole: Some(Vec::new()), ..Lines::default() };
        Self { lines: Arc::new(Mutex::new(lines)), ..Self::default() }
    }

    /// Every line of a log that forgets nothing.
    pub fn every_line(&self) -> Vec<String> {
        self.lines().whole.clone().unwrap_or_default()
    }

    fn add(&self, line: String) {
        let mut lines = self.lines();
        let parsed: Value = serde_json::from_str(&line).unwrap_or_default();
        let message = parsed["fields"]["message"].as_str().unwrap_or_default();
        match message {
            "store opened after repairs" => lines.repairs += 1,
            "backed up" => lines.backups += 1,
            "inbox opened" => {
                let recovered = parsed["fields"]["recovered"].as_str().unwrap_or_default();
                lines.replayed += undone(recovered);
            }
            _ => {}
        }
        // What is no JSON is a panic or the last words of `main`.
        if parsed["level"] == "ERROR" || parsed.is_null() {
            lines.errors.push(line.clone());
        }
        if let Some(whole) = &mut lines.whole {
            whole.push(line.clone());
        }
        lines.last.push_back(line);
        if lines.last.len() > LINES_SHOWN {
            lines.last.pop_front();
        }
        drop(lines);
        self.written.send_modify(|written| *written += 1);
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end of the log.
    pub fn tail(&self) -> String {
        let lines = self.lines();
        lines.last.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    /// Everything that was an error.
    pub fn errors(&self) -> Vec<String> {
        self.lines().errors.clone()
    }

    pub fn recoveries(&self) -> Recoveries {
        let lines = self.lines();
        Recoveries { repairs: lines.repairs, replayed: lines.replayed, backups: lines.backups }
    }
}

/// The figure in `Recovered { undone: 3, … }`.
fn undone(recovered: &str) -> u64 {
    let figure = recovered.split("undone: ").nth(1).and_then(|rest| rest.split(',').next());
    figure.and_then(|figure| figure.parse().ok()).unwrap_or(0)
}

/// A running shop.
pub struct Process {
    child: Child,
    running: watch::Receiver<bool>,
    reading: JoinHandle<()>,
    log: Log,
}

impl Launch {
    pub fn start(&self) -> Process {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ring4"))
            .arg("run")
            .arg("--config")
            .arg(&self.config)
            .arg("--data")
            .arg(&self.data)
            .env_clear()
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary");
        let stderr = child.stderr.take().expect("a pipe");
        let (started, running) = watch::channel(false);
        let reading = tokio::spawn(read(stderr, self.log.clone(), started));
        Process { child, running, reading, log: self.log.clone() }
    }
}

async fn read(stderr: ChildStderr, log: Log, started: watch::Sender<bool>) {
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.contains("\"message\":\"running\"") {
            started.send_replace(true);
        }
        log.add(line);
    }
}

impl Process {
    /// Waits until it serves.
    pub async fn runs(&mut self) {
        let running = timeout(PATIENCE, self.running.wait_for(|running| *running)).await;
        assert!(matches!(running, Ok(Ok(_))), "the shop does not start:\n{}", self.log.tail());
    }

    /// Waits until its log has these words.
    pub async fn says(&mut self, words: &str) {
        let mut written = self.log.written.subscribe();
        let said = written.wait_for(|_| self.log.tail().contains(words));
        let said = timeout(PATIENCE, said).await;
        assert!(matches!(said, Ok(Ok(_))), "never “{words}”:\n{}", self.log.tail());
    }

    /// Lets it live for so long; it must not end by itself.
    pub async fn lives(&mut self, span: Duration) {
        if let Ok(status) = timeout(span, self.child.wait()).await {
            panic!("the shop ended by itself: {status:?}\n{}", self.log.tail());
        }
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id().expect("a running process")
    }

    /// Waits until it ends by itself: its exit code.
    pub async fn ends(mut self) -> Option<i32> {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let Ok(Ok(status)) = ended else { panic!("the shop does not end:\n{}", self.log.tail()) };
        self.reading.await.expect("a read log");
        status.code()
    }

    /// SIGKILL.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("a killed process");
        self.reading.await.expect("a read log");
    }

    /// SIGTERM; it must exit with 0, soon.
    pub async fn stop(mut self) -> Duration {
        let begun = Instant::now();
        let pid = self.id();
        let told = Command::new("sh").arg("-c").arg(format!("kill -TERM {pid}")).status().await;
        assert!(told.expect("a shell").success(), "the signal was not sent");
        let ended = timeout(STOP_WITHIN, self.child.wait()).await;
        let Ok(Ok(status)) = ended else {
            panic!("the shop did not stop within {STOP_WITHIN:?}:\n{}", self.log.tail());
        };
        self.reading.await.expect("a read log");
        assert_eq!(status.code(), Some(0), "after SIGTERM:\n{}", self.log.tail());
        begun.elapsed()
    }
}
