//! The only writer. Everyone in the middle may hand it commands; it alone owns the store's
//! writing side.
//!
//! One thread drains whatever is queued, up to a limit, into one group and one durable commit,
//! and answers nobody before that commit: what a caller was told is on disk. Under load the
//! group grows and the disk's sync is shared; at rest a command waits for nobody. Callers that
//! were answered together come back together, but not in one instant; without a moment's wait for
//! them the first to come would take a sync for itself, and the rest would take turns with it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ring4_domain::change::{Actor, CAUSE_LEN_MAX, Change, Seq};
use ring4_domain::command::Command;
use ring4_domain::decide::{Outcome, decide};
use ring4_domain::deposit::Deposit;
use ring4_domain::effect::Effect;
use ring4_domain::ids::{BroadcastId, OrderId, Timestamp};
use ring4_domain::order::{Order, Quote};
use ring4_domain::refusal::Refusal;
use ring4_storage::{CommitError, Store};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::clock::Clock;
use crate::live::LiveCell;
use crate::trouble::{TimeFloor, Trouble};

/// Commands in one group, at most; the journal's own limit of entries in a sync.
const GROUP_MAX: usize = 512;

/// Commands that may wait; a caller beyond that waits for a place.
const QUEUE_MAX: usize = 4_096;

/// The share of a commit's time that a group may wait for those whom the last one answered: an
/// eighth is lost where they stay away, and near half is won where they come.
const GATHER_SHARE: u32 = 8;

/// Looks at the queue while a group waits.
const GATHER_LOOKS: u32 = 8;

/// What a command led to, after it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The record it was about.
    pub outcome: Outcome,
    /// The entry, where something changed.
    pub seq: Option<Seq>,
}

/// The executor has stopped: the engine is ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the executor has stopped")]
pub struct Stopped;

/// A command was not carried out, or nobody knows whether it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The engine is ending; the outcome shows after the next start.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// Nothing can be committed until the engine was opened again. Where the command was in the
    /// group that failed, its outcome shows only then.
    #[error("nothing can be committed at the moment")]
    Trouble,
}

/// A command's answer.
pub type Answer = Result<Result<Receipt, Refusal>, SubmitError>;

/// What the rest of the engine must know about a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The world owes us something.
    Wish(Effect, Seq),
    /// An order changed; its polls and deadlines may have, too.
    Order(Box<Order>),
    /// A deposit changed; its deadline may have, too.
    Deposit(Box<Deposit>),
    /// A quote was shown; it is forgotten one day.
    Quote(OrderId, Timestamp),
    /// A broadcast began, paused, goes on or ended.
    Broadcast(BroadcastId),
}

/// News by subject, so that what nobody has looked at yet is replaced and never piles up beyond
/// the number of open orders and deposits.
#[derive(Debug, Default)]
pub struct NewsBoard {
    news: Mutex<BTreeMap<Subject, News>>,
    posted: Notify,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Wish(Effect),
    Order(OrderId),
    Deposit(ring4_domain::ids::DepositId),
    Quote(OrderId),
    Broadcast(BroadcastId),
}

impl NewsBoard {
    fn post(&self, news: Vec<News>) {
        if news.is_empty() {
            return;
        }
        let mut board = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        for news in news {
            let subject = match &news {
                News::Wish(effect, _) => Subject::Wish(*effect),
                News::Order(order) => Subject::Order(order.id()),
                News::Deposit(deposit) => Subject::Deposit(deposit.id),
                News::Quote(id, _) => Subject::Quote(*id),
                News::Broadcast(id) => Subject::Broadcast(*id),
            };
            board.insert(subject, news);
        }
        drop(board);
        self.posted.notify_one();
    }

    /// Everything posted since the last call; waits until there is something.
    pub async fn take(&self) -> Vec<News> {
        loop {
            let news = {
                let mut board = self.news.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::take(&mut *board)
            };
            if !news.is_empty() {
                return news.into_values().collect();
            }
            self.posted.notified().await;
        }
    }
}

struct Job {
    actor: Actor,
    cause: String,
    command: Command,
    reply: oneshot::Sender<Answer>,
}

/// A handle on the executor; cheap to clone.
#[derive(Clone, Debug)]
pub struct Executor {
    queue: mpsc::Sender<Job>,
    health: Arc<watch::Sender<Health>>,
}

/// Whether commits still succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// They do.
    Committing,
    /// Nothing is committed any more; opening the engine again is the only way back.
    Troubled(Trouble),
    /// The executor ended.
    Ended,
}

impl Health {
    /// Why nothing is committed, where something stands in the way.
    #[must_use]
    pub const fn trouble(&self) -> Option<&Trouble> {
        match self {
            Self::Troubled(trouble) => Some(trouble),
            Self::Committing | Self::Ended => None,
        }
    }
}

/// Says that the executor ended, even when it panicked.
struct Ending(Arc<watch::Sender<Health>>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.send_replace(Health::Ended);
    }
}

/// The executor's thread.
#[derive(Debug)]
pub struct ExecutorThread {
    thread: JoinHandle<Store>,
}

impl ExecutorThread {
    /// Waits until every handle is gone and the last group is durable, and gives the store back.
    #[must_use]
    pub fn join(self) -> Option<Store> {
        self.thread.join().ok()
    }
}

/// Starts the executor; no entry will be dated before `floor`.
///
/// # Errors
/// The thread cannot be started.
pub fn start(
    store: Store,
    live: Arc<LiveCell>,
    clock: Clock,
    floor: TimeFloor,
    board: Arc<NewsBoard>,
) -> std::io::Result<(Executor, ExecutorThread)> {
    let (queue, jobs) = mpsc::channel(QUEUE_MAX);
    let health = Arc::new(watch::Sender::new(Health::Committing));
    let worker = Worker { store, live, clock, floor, board, health: Arc::clone(&health) };
    let thread =
        std::thread::Builder::new().name("executor".to_owned()).spawn(move || worker.run(jobs))?;
    Ok((Executor { queue, health }, ExecutorThread { thread }))
}

impl Executor {
    /// Hands in a command and waits until its outcome is durable.
    ///
    /// `trace` is the id of the request that led here; it stands in the journal beside the
    /// command's name, and in the log.
    ///
    /// # Errors
    /// The outer error says that the command did not become durable or nobody knows; the inner
    /// one is the shop's "no".
    pub async fn submit(&self, actor: Actor, trace: &str, command: Command) -> Answer {
        let mut cause = format!("{} {trace}", command.name());
        let mut end = cause.len().min(CAUSE_LEN_MAX);
        while !cause.is_char_boundary(end) {
            end -= 1;
        }
        cause.truncate(end);
        let (reply, answer) = oneshot::channel();
        let job = Job { actor, cause, command, reply };
        self.queue.send(job).await.map_err(|_| Stopped)?;
        if let Ok(answer) = answer.await {
            return answer;
        }
        // It was in the group that failed, or the executor panicked: the reason is on its way.
        Err(self.halted().await)
    }

    /// Waits until nothing is committed any more, and tells why.
    pub async fn halted(&self) -> SubmitError {
        let mut health = self.health();
        let now = health.wait_for(|now| *now != Health::Committing).await;
        match now.is_ok_and(|now| now.trouble().is_some()) {
            true => SubmitError::Trouble,
            false => Stopped.into(),
        }
    }

    /// Whether commits still succeed.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    /// Lets nothing be committed any more, if anything could be before.
    pub fn halt(&self, trouble: Trouble) {
        self.health.send_if_modified(|health| {
            let first = *health == Health::Committing;
            if first {
                *health = Health::Troubled(trouble);
            }
            first
        });
    }
}

/// A group that was not committed.
#[derive(Debug, thiserror::Error)]
enum GroupError {
    /// A record cannot be read.
    #[error("loading what a command touches: {0}")]
    Read(#[from] ring4_storage::ReadError),
    /// An entry breaks a rule of the ledger: a bug in `decide`.
    #[error("staging an entry: {0}")]
    Stage(#[from] ring4_storage::StageError),
    /// The disk failed.
    #[error("committing: {0}")]
    Commit(#[from] CommitError),
    /// The clock was set back.
    #[error("dating an entry: {0}")]
    Clock(Trouble),
}

impl GroupError {
    fn trouble(self) -> Trouble {
        match self {
            Self::Clock(trouble) => trouble,
            Self::Commit(error) => Trouble::of_disk(error.io_kind(), &error),
            Self::Read(_) | Self::Stage(_) => Trouble::of_disk(None, &self),
        }
    }
}

struct Worker {
    store: Store,
    live: Arc<LiveCell>,
    clock: Clock,
    floor: TimeFloor,
    board: Arc<NewsBoard>,
    health: Arc<watch::Sender<Health>>,
}

type Answered = (oneshot::Sender<Answer>, Result<Receipt, Refusal>);

impl Worker {
    fn run(mut self, mut jobs: mpsc::Receiver<Job>) -> Store {
        let ending = Ending(Arc::clone(&self.health));
        let mut group = Vec::with_capacity(GROUP_MAX);
        let (mut answered, mut took) = (0, Duration::ZERO);
        while jobs.blocking_recv_many(&mut group, GROUP_MAX) > 0 {
            if self.health.borrow().trouble().is_some() {
                for job in group.drain(..) {
                    let _ = job.reply.send(Err(SubmitError::Trouble));
                }
                continue;
            }
            gather(&mut jobs, &mut group, answered, took / GATHER_SHARE);
            let start = Instant::now();
            let committed = self.commit(group.drain(..));
            took = start.elapsed();
            match committed {
                Ok((answers, news)) => {
                    answered = answers.len();
                    self.board.post(news);
                    for (reply, answer) in answers {
                        // A caller that went away has nobody to tell; the entry stands.
                        let _ = reply.send(Ok(answer));
                    }
                }
                Err(error) => {
                    // Whether the group is on disk is unknown, so nobody is told anything of it:
                    // when the store is opened again, the journal says.
                    tracing::error!(%error, "nothing is committed any more");
                    self.health.send_replace(Health::Troubled(error.trouble()));
                }
            }
        }
        drop(ending);
        self.store
    }

    fn commit(
        &mut self,
        jobs: impl Iterator<Item = Job>,
    ) -> Result<(Vec<Answered>, Vec<News>), GroupError> {
        let live = self.live.load();
        let mut answers = Vec::new();
        let mut news = Vec::new();
        let mut group = self.store.begin();
        for Job { actor, cause, command, reply } in jobs {
            let now = self.floor.date(self.clock.now()).map_err(GroupError::Clock)?;
            let view = group.view(&command.touched())?;
            let answer = match decide(&view, &live.policy, command, now) {
                Ok(decision) if decision.changes.is_empty() => {
                    Ok(Receipt { outcome: decision.outcome, seq: None })
                }
                Ok(decision) => {
                    let posted = news.len();
                    news.extend(note(&decision.changes));
                    let seq = group.stage(now, actor, &cause, decision.changes)?;
                    number(news.get_mut(posted..).unwrap_or_default(), seq);
                    Ok(Receipt { outcome: decision.outcome, seq: Some(seq) })
                }
                Err(refusal) => Err(refusal),
            };
            answers.push((reply, answer));
        }
        group.commit()?;
        Ok((answers, news))
    }
}

/// Lets a group grow to `wanted` commands, for at most `within`.
fn gather(jobs: &mut mpsc::Receiver<Job>, group: &mut Vec<Job>, wanted: usize, within: Duration) {
    for _ in 0..GATHER_LOOKS {
        while group.len() < wanted.min(GROUP_MAX)
            && let Ok(job) = jobs.try_recv()
        {
            group.push(job);
        }
        if group.len() >= wanted {
            return;
        }
        std::thread::sleep(within / GATHER_LOOKS);
    }
}

/// What others must know of these changes; wishes are numbered by [`number`].
fn note(changes: &[Change]) -> impl Iterator<Item = News> {
    changes.iter().filter_map(|change| match change {
        Change::Wish(effect) => Some(News::Wish(*effect, Seq::default())),
        Change::Order(order) => Some(News::Order(Box::new(order.clone()))),
        Change::Deposit(deposit) => Some(News::Deposit(Box::new(deposit.clone()))),
        Change::Quote(Quote { id, expires_at, .. }) => Some(News::Quote(*id, *expires_at)),
        Change::Broadcast(broadcast) => Some(News::Broadcast(broadcast.id)),
        _ => None,
    })
}

/// Gives wishes the number of the entry that made them, once it has one.
fn number(news: &mut [News], seq: Seq) {
    for news in news {
        if let News::Wish(_, made) = news {
            *made = seq;
        }
    }
}

#[cfg(test)]
mod tests {
    use ring4_domain::ids::RulesVersion;

    use super::*;

    fn job() -> Job {
        let (reply, _) = oneshot::channel();
        let command = Command::ActivateRules(RulesVersion([4; 8]).into());
        Job { actor: Actor::Engine, cause: String::new(), command, reply }
    }

    #[test]
    fn a_group_waits_for_those_who_come_back_and_for_nobody_else() {
        let patience = Duration::from_secs(20);
        // in the group, in the queue, wanted, may wait → in the group at last
        let rows = [
            (1, 3, 4, patience, 4),
            (1, 3, 0, patience, 1),
            (2, 5, 3, patience, 3),
            (1, 1, 4, Duration::ZERO, 2),
        ];
        for (first, queued, wanted, within, expected) in rows {
            let (queue, mut jobs) = mpsc::channel(8);
            let mut group: Vec<Job> = std::iter::repeat_with(job).take(first).collect();
            for job in std::iter::repeat_with(job).take(queued) {
                assert!(queue.try_send(job).is_ok());
            }
            let start = Instant::now();
            gather(&mut jobs, &mut group, wanted, within);
            assert_eq!(group.len(), expected, "{first} and {queued} of {wanted}");
            assert!(start.elapsed() < patience, "{first} and {queued} of {wanted} waited");
        }
    }

    #[test]
    fn a_group_takes_whoever_comes_while_it_waits() {
        let (queue, mut jobs) = mpsc::channel(8);
        let mut group = vec![job()];
        let late = std::thread::spawn(move || queue.blocking_send(job()).is_ok());
        gather(&mut jobs, &mut group, 2, Duration::from_secs(4));
        assert_eq!(group.len(), 2);
        assert!(late.join().unwrap_or_default());
    }
}
