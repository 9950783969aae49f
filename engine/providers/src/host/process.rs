//! A plugin in a process of its own, for an operator who trusts it less: an abort, a stack
//! overflow or a wild pointer ends that process and is an error of the call. The plugin's thread
//! (`host/instance.rs`) speaks to it; the hidden verb `plugin-host` is the other end.
//!
//! A message is two lengths (little-endian `u32`), a head as JSON and a body as it is. Questions
//! and answers alternate, so one thread on either side is enough.

use std::fs::OpenOptions;
use std::io::{self, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use ring4_provider_sdk::{Manifest, ProviderError, Step};
use serde::{Deserialize, Serialize};

use super::instance::Launch;
use super::library::{self, Answer, AnswerTooLong, Plugin};
use super::manifest::{check, read_manifest};
use super::{LoadRefusal, inspect};

/// The longest head and the longest body of a message, in bytes.
const HEAD_LEN_MAX: usize = 64 * 1024;
const BODY_LEN_MAX: usize = 64 * 1024 * 1024;

/// How a plugin's process is started; it is told everything else over its standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostCommand {
    /// The program, ours as a rule.
    pub program: PathBuf,
    /// What makes it call [`serve_plugin`].
    pub arguments: Vec<String>,
    /// Where its standard error is appended; ours when `None`.
    pub log: Option<PathBuf>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Question {
    /// The body is the settings.
    Open {
        copy: PathBuf,
        provider: String,
    },
    /// The body is the call.
    Begin {
        id: u64,
    },
    /// The body is the head of the vendor's answer, that long, and its body.
    Resume {
        id: u64,
        head_len: usize,
    },
    Finish {
        id: u64,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    /// The body is the manifest.
    Opened,
    /// The body is the reason.
    Refused {
        settings: bool,
    },
    /// The body is the step.
    Step {
        under_way: bool,
    },
    TooLong {
        under_way: bool,
    },
    NoOperation,
    Finished,
}

/// The process of an instance, for whoever has to end it.
#[derive(Clone, Debug, Default)]
pub(super) struct Leash(Arc<Mutex<Option<Child>>>);

impl Leash {
    fn hold(&self, child: Child) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
    }

    /// The process ended, or there is none.
    fn has_ended(&self) -> bool {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)))
    }

    /// Ends the process, if there is one, and tells how it ended.
    pub(super) fn end(&self) -> Option<String> {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        // It may have ended by itself; then its own end is what is told.
        let ended = match child.try_wait() {
            Ok(Some(status)) => Some(status),
            _ => None,
        };
        if ended.is_none() && child.kill().is_err() {
            return None;
        }
        let status = child.wait().ok();
        ended.or(status).map(|status| status.to_string())
    }
}

/// A plugin in its process; a process that ended is started again with the next call.
pub(super) struct Apart {
    launch: Launch,
    command: HostCommand,
    leash: Leash,
    pipes: Option<Pipes>,
}

struct Pipes {
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Apart {
    pub(super) fn open(
        launch: &Launch,
        command: &HostCommand,
        leash: &Leash,
    ) -> Result<(Self, Manifest), LoadRefusal> {
        let (launch, command) = (launch.clone(), command.clone());
        let mut apart = Self { launch, command, leash: leash.clone(), pipes: None };
        let manifest = apart.start()?;
        Ok((apart, manifest))
    }

    fn start(&mut self) -> Result<Manifest, LoadRefusal> {
        self.pipes = None;
        if let Some(end) = self.leash.end() {
            tracing::warn!(provider = self.launch.provider, end, "a plugin's process ended");
        }
        let failed = |error: io::Error| LoadRefusal::Loader(format!("its process: {error}"));
        // Nothing of our environment: the shop's secrets are in it.
        let mut command = Command::new(&self.command.program);
        command.args(&self.command.arguments).env_clear();
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some(log) = &self.command.log {
            let log = OpenOptions::new().create(true).append(true).open(log).map_err(failed)?;
            command.stderr(log);
        }
        let mut child = command.spawn().map_err(failed)?;
        let (to, from) = (child.stdin.take(), child.stdout.take());
        self.leash.hold(child);
        let (Some(to), Some(from)) = (to, from) else {
            return Err(LoadRefusal::Loader("its process has no pipes".to_owned()));
        };
        let mut pipes = Pipes { to, from: BufReader::new(from) };
        let (copy, provider) = (self.launch.copy.clone(), self.launch.provider.clone());
        let open = Question::Open { copy, provider: provider.clone() };
        let (reply, body) = pipes.ask(&open, &[&self.launch.settings]).map_err(|error| {
            let end = self.leash.end().unwrap_or_else(|| error.to_string());
            LoadRefusal::Loader(format!("its process ended: {end}"))
        })?;
        let said = || String::from_utf8_lossy(&body).into_owned();
        match reply {
            Reply::Opened => {}
            Reply::Refused { settings: true } => {
                return Err(LoadRefusal::Settings { provider, reason: said() });
            }
            _ => return Err(LoadRefusal::Loader(said())),
        }
        let manifest: Manifest = serde_json::from_slice(&body)
            .map_err(|error| LoadRefusal::Manifest(format!("it cannot be read: {error}")))?;
        check(&manifest).map_err(|reason| LoadRefusal::Manifest(reason.to_owned()))?;
        self.pipes = Some(pipes);
        Ok(manifest)
    }

    pub(super) fn begin(&mut self, id: u64, call: &[u8]) -> (bool, Answer) {
        // One that ended between two calls spoils neither.
        if (self.pipes.is_none() || self.leash.has_ended())
            && let Err(refusal) = self.start()
        {
            return (false, fault(&format!("its process cannot be started: {refusal}")));
        }
        match self.ask(&Question::Begin { id }, &[call]) {
            Ok((Reply::Step { under_way }, step)) => (under_way, Ok(step)),
            Ok((Reply::TooLong { under_way }, _)) => (under_way, Err(AnswerTooLong)),
            Ok(_) => (false, fault("its process answered another question")),
            Err(end) => (false, fault(&end)),
        }
    }

    pub(super) fn resume(&mut self, id: u64, head: &[u8], body: &[u8]) -> Option<Answer> {
        if self.pipes.is_none() {
            return Some(fault("its process ended in the middle of this call"));
        }
        match self.ask(&Question::Resume { id, head_len: head.len() }, &[head, body]) {
            Ok((Reply::Step { .. }, step)) => Some(Ok(step)),
            Ok((Reply::TooLong { .. }, _)) => Some(Err(AnswerTooLong)),
            // The operation began in a process that ended meanwhile.
            Ok((Reply::NoOperation, _)) => Some(fault("its process ended meanwhile")),
            Ok(_) => Some(fault("its process answered another question")),
            Err(end) => Some(fault(&end)),
        }
    }

    pub(super) fn finish(&mut self, id: u64) {
        if self.pipes.is_some() {
            // A process that ends now has finished everything; the next call starts another.
            let _ = self.ask(&Question::Finish { id }, &[]);
        }
    }

    fn ask(&mut self, question: &Question, parts: &[&[u8]]) -> Result<(Reply, Vec<u8>), String> {
        let Some(pipes) = &mut self.pipes else { return Err("it has no process".to_owned()) };
        pipes.ask(question, parts).map_err(|error| {
            self.pipes = None;
            let end = self.leash.end().unwrap_or_else(|| error.to_string());
            format!("its process ended: {end}")
        })
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let _ = self.leash.end();
    }
}

/// The step of a call that is over because its process is.
fn fault(why: &str) -> Answer {
    let step = Step::Failed(ProviderError::Fault(why.to_owned()));
    // A text serialises; an empty step would be refused by whoever reads it.
    Ok(serde_json::to_vec(&step).unwrap_or_default())
}

impl Pipes {
    fn ask(&mut self, question: &Question, parts: &[&[u8]]) -> io::Result<(Reply, Vec<u8>)> {
        send(&mut self.to, question, parts)?;
        receive(&mut self.from)
    }
}

fn send(to: &mut impl Write, head: &impl Serialize, parts: &[&[u8]]) -> io::Result<()> {
    let head = serde_json::to_vec(head)?;
    let body_len: usize = parts.iter().map(|part| part.len()).sum();
    let len = |len: usize| u32::try_from(len).map_err(io::Error::other);
    let mut message = Vec::with_capacity(8 + head.len() + body_len);
    message.extend_from_slice(&len(head.len())?.to_le_bytes());
    message.extend_from_slice(&len(body_len)?.to_le_bytes());
    message.extend_from_slice(&head);
    parts.iter().for_each(|part| message.extend_from_slice(part));
    to.write_all(&message)?;
    to.flush()
}

fn receive<T: for<'de> Deserialize<'de>>(from: &mut impl Read) -> io::Result<(T, Vec<u8>)> {
    let mut len = |max: usize| {
        let mut bytes = [0; 4];
        from.read_exact(&mut bytes)?;
        let len = usize::try_from(u32::from_le_bytes(bytes)).map_err(io::Error::other)?;
        if len <= max { Ok(len) } else { Err(io::Error::other("a message is too long")) }
    };
    let (head_len, body_len) = (len(HEAD_LEN_MAX)?, len(BODY_LEN_MAX)?);
    let mut head = vec![0; head_len];
    from.read_exact(&mut head)?;
    let mut body = vec![0; body_len];
    from.read_exact(&mut body)?;
    Ok((serde_json::from_slice(&head)?, body))
}

/// The life of a plugin's process: one plugin, asked over a pipe, until the pipe ends.
///
/// # Errors
/// The pipe broke in the middle of a message.
pub fn serve_plugin(mut from: impl Read, mut to: impl Write) -> io::Result<()> {
    let (question, settings) = receive(&mut from)?;
    let Question::Open { copy, provider } = question else {
        return Err(io::Error::other("the first message opens a plugin"));
    };
    let opened =
        inspect(&copy).map_err(|error| (false, error.refusal.to_string())).and_then(|file| {
            let table =
                library::open(&copy, file.header()).map_err(|why| (false, why.to_string()))?;
            let manifest = read_manifest(table).map_err(|why| (false, why.to_string()))?;
            let plugin = Plugin::create(table, &provider, &settings).map_err(|why| (true, why))?;
            Ok((plugin, manifest))
        });
    let mut plugin = match opened {
        Ok((plugin, manifest)) => {
            send(&mut to, &Reply::Opened, &[&serde_json::to_vec(&manifest)?])?;
            plugin
        }
        Err((settings, why)) => {
            return send(&mut to, &Reply::Refused { settings }, &[why.as_bytes()]);
        }
    };
    let step = |under_way: bool, answer: Answer| match answer {
        Ok(step) => (Reply::Step { under_way }, step),
        Err(AnswerTooLong) => (Reply::TooLong { under_way }, Vec::new()),
    };
    loop {
        let (question, body): (Question, Vec<u8>) = match receive(&mut from) {
            Ok(message) => message,
            // The engine is gone or wants us gone.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        };
        let (reply, body) = match question {
            Question::Begin { id } => {
                let (under_way, answer) = plugin.begin(id, &body);
                step(under_way, answer)
            }
            Question::Resume { id, head_len } => {
                let (head, body) = body.split_at(head_len.min(body.len()));
                match plugin.resume(id, head, body) {
                    Some(answer) => step(true, answer),
                    None => (Reply::NoOperation, Vec::new()),
                }
            }
            Question::Finish { id } => {
                plugin.finish(id);
                (Reply::Finished, Vec::new())
            }
            Question::Open { .. } => return Err(io::Error::other("a plugin is open already")),
        };
        send(&mut to, &reply, &[&body])?;
    }
}
