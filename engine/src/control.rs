//! The way from the command line to a running shop: a socket in the data folder that only its
//! owner may open. The engine serves it, the verbs of the command line ask it.
//!
//! One line of JSON is asked, one line answers. The data folder belongs to the running process
//! alone, so a backup from cron has to be asked of that process.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use ring4_storage::BackupKind;

use crate::vault::{Done, Hearer, Vault, Work};

/// Bytes of a question or an answer, at most: a thousand findings of a check, a line each.
const LINE_LEN_MAX: u64 = 4 << 20;

/// How long a caller may take to ask.
const ASK_WITHIN: Duration = Duration::from_secs(10);

/// How long the work may take: a backup of the largest shop takes minutes.
const DONE_WITHIN: Duration = Duration::from_secs(3_600);

/// Wait after the socket failed to take a caller.
const PAUSE: Duration = Duration::from_millis(200);

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Question {
    /// A backup.
    Backup {
        /// Whether it is an emergency.
        emergency: bool,
        /// What stands beside it in the list.
        note: String,
    },
    /// A check of everything.
    Validate,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// The backup that was made.
    Backup {
        /// The file's name.
        name: String,
        /// Its bytes.
        bytes: u64,
        /// The last entry in it.
        entries: u64,
        /// How long it took.
        took_ms: u64,
    },
    /// What the check read and found.
    Checked {
        /// Entries read.
        entries: u64,
        /// Rows compared.
        rows: u64,
        /// How long it took.
        took_ms: u64,
        /// What is wrong, one line each.
        findings: Vec<String>,
    },
    /// It could not be done, and why.
    Failed(String),
}

impl From<Done> for Answer {
    fn from(done: Done) -> Self {
        let millis = |took: Duration| u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match done {
            Done::Backup(row, took) => Self::Backup {
                name: row.name,
                bytes: row.bytes,
                entries: row.head.map_or(0, |head| head.seq.0),
                took_ms: millis(took),
            },
            Done::Checked(checked) => Self::Checked {
                entries: checked.entries,
                rows: checked.rows,
                took_ms: millis(checked.took),
                findings: checked.findings,
            },
            Done::BackupFailed(reason) | Done::CheckFailed(reason) => Self::Failed(reason),
        }
    }
}

/// The socket of the shop in this folder.
#[must_use]
pub fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// Answers callers, one at a time, until told to stop.
///
/// # Errors
/// The socket cannot be made.
pub async fn serve(vault: Vault, stop: CancellationToken) -> io::Result<()> {
    let path = socket(&vault.data_dir);
    // The data folder is locked by this process, so a socket that lies there is a dead one's.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    let serving = async {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    if let Err(error) = answer(&vault, stream).await {
                        tracing::warn!(%error, "a caller at the control socket went away");
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the control socket failed");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    };
    stop.run_until_cancelled(serving).await;
    std::fs::remove_file(&path)
}

async fn answer(vault: &Vault, mut stream: UnixStream) -> io::Result<()> {
    let (reading, mut writing) = stream.split();
    let mut line = String::new();
    let mut reading = BufReader::new(reading.take(LINE_LEN_MAX));
    tokio::time::timeout(ASK_WITHIN, reading.read_line(&mut line)).await??;
    let answer = match serde_json::from_str(&line) {
        Ok(question) => ask_vault(vault, question).await,
        Err(error) => Answer::Failed(format!("not a question: {error}")),
    };
    let mut line = serde_json::to_string(&answer)?;
    line.push('\n');
    writing.write_all(line.as_bytes()).await
}

async fn ask_vault(vault: &Vault, question: Question) -> Answer {
    let work = match question {
        Question::Backup { emergency, note } => {
            let kind = if emergency { BackupKind::Emergency } else { BackupKind::Manual };
            Work::Backup { kind, note }
        }
        Question::Validate => Work::Validate,
    };
    let (caller, done) = oneshot::channel();
    if let Err(busy) = vault.ask(work, Hearer::Caller(caller)) {
        return Answer::Failed(busy.to_string());
    }
    match done.await {
        Ok(done) => done.into(),
        Err(_) => Answer::Failed("the shop is stopping".to_owned()),
    }
}

/// Asks the shop that runs in this folder.
///
/// # Errors
/// Nobody listens there, or it went away before it answered.
pub async fn ask(data_dir: &Path, question: &Question) -> io::Result<Answer> {
    let mut stream = UnixStream::connect(socket(data_dir)).await?;
    let (reading, mut writing) = stream.split();
    let mut line = serde_json::to_string(question)?;
    line.push('\n');
    writing.write_all(line.as_bytes()).await?;
    let mut answer = String::new();
    let mut reading = BufReader::new(reading.take(LINE_LEN_MAX));
    tokio::time::timeout(DONE_WITHIN, reading.read_line(&mut answer)).await??;
    Ok(serde_json::from_str(&answer)?)
}
