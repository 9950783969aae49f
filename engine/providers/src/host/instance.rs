//! One plugin instance on a thread of its own. The registry's providers import this.
//!
//! `spawn_blocking` was refused: dropping a tokio runtime waits for a stuck blocking task for
//! ever. A thread that does not answer in time is abandoned and its instance out of service.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ring4_provider_sdk::Manifest;
use ring4_provider_sdk::abi::Header;
use tokio::sync::oneshot;

use super::LoadRefusal;
use super::library::{self, Answer, Plugin};
use super::manifest::read_manifest;
use super::process::{Apart, HostCommand, Leash};

/// Jobs that may wait for the thread. A call holds one slot, and its end a second.
const JOBS_MAX: usize = 1_024;

/// Opening a library, its manifest and its instance together may take this many steps' time.
const START_STEPS: u32 = 2;

enum Job {
    Begin { id: u64, call: Vec<u8>, reply: oneshot::Sender<(bool, Answer)> },
    Resume { id: u64, head: Vec<u8>, body: Vec<u8>, reply: oneshot::Sender<Option<Answer>> },
    Finish { id: u64 },
    Stop { reply: oneshot::Sender<()> },
}

/// Why a step has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InstanceError {
    /// Did not return in time, now or earlier.
    OutOfService,
    /// Too many jobs wait.
    Busy,
    /// Answered with more than is taken.
    AnswerTooLong,
}

/// A running instance.
pub(crate) struct Instance {
    jobs: SyncSender<Job>,
    step_limit: Duration,
    out_of_service: AtomicBool,
    last_operation: AtomicU64,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
    /// Ends its process, where it has one; its thread then ends too.
    leash: Leash,
}

/// What an instance is made of; it can be made again.
#[derive(Clone)]
pub(crate) struct Launch {
    /// The private copy of the library.
    pub(crate) copy: PathBuf,
    pub(crate) header: Header,
    pub(crate) provider: String,
    /// JSON.
    pub(crate) settings: Vec<u8>,
    pub(crate) step_limit: Duration,
    /// In a process of its own, started like this.
    pub(crate) apart: Option<HostCommand>,
}

/// Where the plugin runs.
enum Place {
    Here(Plugin),
    Apart(Box<Apart>),
}

/// A call under way. Dropping it ends the operation, also when the caller went away.
pub(crate) struct Operation<'a> {
    instance: &'a Instance,
    id: u64,
}

impl Launch {
    /// Opens the library on a new thread and makes an instance there; also returns what the
    /// plugin says of itself.
    pub(crate) fn start(&self) -> Result<(Instance, Manifest), LoadRefusal> {
        let (jobs, inbox) = mpsc::sync_channel(JOBS_MAX);
        let (ready, started) = mpsc::sync_channel(1);
        let (launch, leash) = (self.clone(), Leash::default());
        let held = leash.clone();
        let thread = std::thread::Builder::new()
            .name(format!("plugin-{}", self.provider))
            .spawn(move || match open(&launch, &held) {
                Ok((plugin, manifest)) => {
                    if ready.send(Ok(manifest)).is_ok() {
                        serve(plugin, &inbox);
                    }
                }
                // Nobody listens after the time limit; then the error has no reader.
                Err(refusal) => drop(ready.send(Err(refusal))),
            })
            .map_err(|error| LoadRefusal::Loader(format!("no thread for it: {error}")))?;
        let limit = self.step_limit * START_STEPS;
        let manifest = match started.recv_timeout(limit) {
            Ok(manifest) => manifest?,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                leash.end();
                return Err(LoadRefusal::Stuck { limit });
            }
        };
        let instance = Instance {
            jobs,
            step_limit: self.step_limit,
            out_of_service: AtomicBool::new(false),
            last_operation: AtomicU64::new(0),
            thread: Mutex::new(Some(thread)),
            leash,
        };
        Ok((instance, manifest))
    }
}

impl Instance {
    pub(crate) fn is_out_of_service(&self) -> bool {
        self.out_of_service.load(Ordering::Relaxed)
    }

    /// Starts a call and returns its first step. No operation means that the call is over.
    pub(crate) async fn begin(
        &self,
        call: Vec<u8>,
    ) -> Result<(Option<Operation<'_>>, Vec<u8>), InstanceError> {
        let (reply, answer) = oneshot::channel();
        let id = self.last_operation.fetch_add(1, Ordering::Relaxed);
        // Made before the thread is asked, so that it is ended wherever this future is dropped.
        let operation = Operation { instance: self, id };
        let (under_way, step) = self.ask(Job::Begin { id, call, reply }, answer).await?;
        let operation = if under_way {
            Some(operation)
        } else {
            // Holds a reference and an id only; dropping it would wake the thread for nothing.
            std::mem::forget(operation);
            None
        };
        Ok((operation, step.map_err(|_| InstanceError::AnswerTooLong)?))
    }

    async fn ask<T>(&self, job: Job, answer: oneshot::Receiver<T>) -> Result<T, InstanceError> {
        if self.is_out_of_service() {
            return Err(InstanceError::OutOfService);
        }
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => InstanceError::Busy,
            TrySendError::Disconnected(_) => InstanceError::OutOfService,
        })?;
        match tokio::time::timeout(self.step_limit, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(_) => {
                self.out_of_service.store(true, Ordering::Relaxed);
                self.leash.end();
                Err(InstanceError::OutOfService)
            }
        }
    }

    /// Ends the instance and waits for its thread, but no longer than for a step; a stuck thread
    /// is left behind.
    pub(crate) async fn stop(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        let (reply, stopped) = oneshot::channel();
        let asked = self.ask(Job::Stop { reply }, stopped).await;
        self.out_of_service.store(true, Ordering::Relaxed);
        // The thread answers as its last act, so this join does not block for long.
        if asked.is_ok() && thread.join().is_err() {
            tracing::error!("a plugin's thread panicked while it ended");
        }
    }
}

impl Operation<'_> {
    /// Hands in what came of the request and returns the next step.
    pub(crate) async fn resume(
        &self,
        head: Vec<u8>,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, InstanceError> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Resume { id: self.id, head, body, reply };
        let step = self.instance.ask(job, answer).await?;
        step.ok_or(InstanceError::OutOfService)?.map_err(|_| InstanceError::AnswerTooLong)
    }
}

impl Drop for Operation<'_> {
    fn drop(&mut self) {
        // When the queue is full or the thread gone, the operation ends with its instance.
        let _ = self.instance.jobs.try_send(Job::Finish { id: self.id });
    }
}

fn open(launch: &Launch, leash: &Leash) -> Result<(Place, Manifest), LoadRefusal> {
    let Launch { copy, header, provider, settings, apart, .. } = launch;
    if let Some(command) = apart {
        let (apart, manifest) = Apart::open(launch, command, leash)?;
        return Ok((Place::Apart(Box::new(apart)), manifest));
    }
    let table = library::open(copy, *header)?;
    let manifest = read_manifest(table)?;
    let plugin = Plugin::create(table, provider, settings)
        .map_err(|reason| LoadRefusal::Settings { provider: provider.clone(), reason })?;
    Ok((Place::Here(plugin), manifest))
}

impl Place {
    fn begin(&mut self, id: u64, call: &[u8]) -> (bool, Answer) {
        match self {
            Self::Here(plugin) => plugin.begin(id, call),
            Self::Apart(apart) => apart.begin(id, call),
        }
    }

    fn resume(&mut self, id: u64, head: &[u8], body: &[u8]) -> Option<Answer> {
        match self {
            Self::Here(plugin) => plugin.resume(id, head, body),
            Self::Apart(apart) => apart.resume(id, head, body),
        }
    }

    fn finish(&mut self, id: u64) {
        match self {
            Self::Here(plugin) => plugin.finish(id),
            Self::Apart(apart) => apart.finish(id),
        }
    }
}

/// The thread's life: jobs in the order they came. Nobody to reply to is not an error, the
/// caller may have gone away.
fn serve(mut plugin: Place, inbox: &Receiver<Job>) {
    let mut stopped = None;
    while let Ok(job) = inbox.recv() {
        match job {
            Job::Begin { id, call, reply } => drop(reply.send(plugin.begin(id, &call))),
            Job::Resume { id, head, body, reply } => {
                drop(reply.send(plugin.resume(id, &head, &body)));
            }
            Job::Finish { id } => plugin.finish(id),
            Job::Stop { reply } => {
                stopped = Some(reply);
                break;
            }
        }
    }
    drop(plugin);
    if let Some(reply) = stopped {
        // Nobody waits any more; there is nothing left to do about it.
        let _ = reply.send(());
    }
}
