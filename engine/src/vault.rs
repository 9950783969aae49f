//! The vault: backups when their time has come, and backups and checks when an admin, the
//! command line or a finding asks for one. One at a time, beside the selling. The engine starts
//! the keeper; the chat room and the control socket hand in work.
//!
//! When the next backup is due is not stored anywhere: it follows from the newest good file in
//! the folder, so a restart neither skips nor repeats one.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use ring4_config::{Config, Fixed};
use ring4_domain::change::Seq;
use ring4_domain::ids::{Timestamp, UserId};
use ring4_storage::{
    BackupKey, BackupKind, BackupRequest, Backups, Contents, Event, Listed, Recovery, Repair,
    VerifyCommand,
};
use ring4_telegram::outgoing::{Call, ChatId, Markup, Outgoing, Priority};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::notices::Wording;
use crate::screens::Voice;
use crate::screens::database::{BackupRow, Checked, Standing};
use crate::shop::Shop;
use crate::tasks;

/// Work that may wait behind the one under way: people ask by hand, so more is a mistake.
const QUEUE_MAX: usize = 1;

/// Wait before a backup that failed is tried again, in seconds.
const RETRY_SECS: u32 = 3_600;

/// When the first backup of a shop is due, in seconds after its first entry.
const FIRST_AFTER_SECS: u32 = 3_600;

/// The longest sleep, in seconds: a changed interval is noticed within it.
const LOOK_SECS: u32 = 300;

/// The hidden verb that verifies a backup.
pub const VERIFY_BACKUP: &str = "verify-backup";

/// The folder beside the backups that mirrors the keys of numbers and codes; backups lack them.
pub const KEYS: &str = "keys";

/// How long after a start that followed no clean stop everything is checked, in seconds: the
/// shop's customers come first.
const CHECK_AFTER_SECS: u32 = 60;

/// What can be asked of the vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// A backup.
    Backup {
        /// Why.
        kind: BackupKind,
        /// What stands beside it in the list.
        note: String,
    },
    /// A check of every entry, row and sum.
    Validate,
}

/// How work ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// A backup was made and compared.
    Backup(BackupRow, std::time::Duration),
    /// Everything was checked.
    Checked(Checked),
    /// The backup could not be made, and why.
    BackupFailed(String),
    /// The check could not be carried out, and why.
    CheckFailed(String),
}

impl Done {
    /// Whether every admin should hear of it, whoever asked.
    const fn is_bad(&self) -> bool {
        match self {
            Self::Backup(..) => false,
            Self::Checked(checked) => !checked.findings.is_empty(),
            Self::BackupFailed(_) | Self::CheckFailed(_) => true,
        }
    }
}

/// Who hears how work ended.
#[derive(Debug)]
pub enum Hearer {
    /// The admin who asked.
    Admin(UserId),
    /// A caller that waits.
    Caller(oneshot::Sender<Done>),
    /// All admins, where it ended badly.
    Alarm,
}

struct Asked {
    work: Work,
    hearer: Hearer,
}

/// What the vault has and does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VaultState {
    /// Backups in the folder, newest first.
    pub backups: Vec<BackupRow>,
    /// When the next one is due by itself.
    pub next: Option<Timestamp>,
    /// The last check since the start.
    pub checked: Option<Checked>,
    /// Whether something is under way.
    pub busy: bool,
}

/// A handle on the vault; cheap to clone.
#[derive(Clone, Debug)]
pub struct Vault {
    queue: mpsc::Sender<Asked>,
    state: watch::Receiver<VaultState>,
    /// The folder of the backups.
    pub dir: PathBuf,
    /// The folder of journal and state.
    pub data_dir: PathBuf,
}

/// Too much work waits already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a backup or a check is under way already")]
pub struct Busy;

impl Vault {
    /// Hands in work.
    ///
    /// # Errors
    /// Too much waits already, or the engine is stopping.
    pub fn ask(&self, work: Work, hearer: Hearer) -> Result<(), Busy> {
        self.queue.try_send(Asked { work, hearer }).map_err(|_| Busy)
    }

    /// What the vault has and does.
    #[must_use]
    pub fn state(&self) -> VaultState {
        self.state.borrow().clone()
    }
}

/// The other end of a [`Vault`], for the [`Keeper`].
#[derive(Debug)]
pub struct Inlet {
    queue: mpsc::Receiver<Asked>,
    state: watch::Sender<VaultState>,
}

/// What backups are encrypted to, where they are, and opened with.
#[must_use]
pub fn key(fixed: &Fixed) -> Option<BackupKey> {
    match (&fixed.vault.recipient, &fixed.vault.passphrase) {
        (Some(recipient), _) => Some(BackupKey::Recipient(recipient.clone())),
        (None, Some(phrase)) => Some(BackupKey::Passphrase(phrase.expose().to_owned())),
        (None, None) => None,
    }
}

/// The settings want backups encrypted, and this program cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "backup.recipient or BACKUP_PASSPHRASE is set, but this program was built without encryption; \
     build it with `cargo build --release --features encryption`"
)]
pub struct NoEncryption;

/// Whether this program can do what the settings want of backups: a shop should not find out
/// when the first one is due.
///
/// # Errors
/// It cannot encrypt.
pub fn check(fixed: &Fixed) -> Result<(), NoEncryption> {
    match key(fixed) {
        Some(_) if !cfg!(feature = "encryption") => Err(NoEncryption),
        _ => Ok(()),
    }
}

/// Backups as these settings want them. With the program at hand each is verified in a process
/// of its own, because a damaged state can abort the one that opens it.
#[must_use]
pub fn backups(config: &Config, program: Option<&Path>) -> Backups {
    let fixed = &config.fixed;
    let command = |program: &Path| VerifyCommand {
        program: program.to_owned(),
        arguments: vec![VERIFY_BACKUP.to_owned()],
    };
    Backups {
        kept_per_kind: usize::try_from(config.live.backup.max_backups).unwrap_or(1),
        verify_command: program.map(command),
        key: key(fixed),
        ..Backups::new(&fixed.backup_dir(), &fixed.storage.data_dir)
    }
}

/// A vault for this shop, and what its keeper needs.
#[must_use]
pub fn vault(backups: &Backups, data_dir: &Path) -> (Vault, Inlet) {
    let (asking, queue) = mpsc::channel(QUEUE_MAX);
    let (state, watched) = watch::channel(VaultState::default());
    let (dir, data_dir) = (backups.dir.clone(), data_dir.to_owned());
    (Vault { queue: asking, state: watched, dir, data_dir }, Inlet { queue, state })
}

/// Does the vault's work.
pub struct Keeper {
    shop: Arc<Shop>,
    backups: Backups,
    inlet: Inlet,
    /// What the start had to put right.
    recovered: Vec<String>,
    /// When a failed backup is tried again.
    retry_at: Option<Timestamp>,
}

impl Keeper {
    /// A keeper of this shop's vault.
    #[must_use]
    pub fn new(shop: Arc<Shop>, backups: Backups, inlet: Inlet, recovery: &Recovery) -> Self {
        // A crash leaves entries to replay and a torn tail behind; that is its way, no news.
        let notable = |event: &&Event| {
            !matches!(event, Event::Replayed { .. } | Event::Journal(Repair::TornTail { .. }))
        };
        let recovered = recovery.events.iter().filter(notable).map(ToString::to_string).collect();
        Self { shop, backups, inlet, recovered, retry_at: None }
    }

    /// Works until told to stop. After a stop that was not `clean` everything is checked soon.
    pub async fn run(mut self, clean: bool, stop: CancellationToken) {
        self.look().await;
        if !self.recovered.is_empty() {
            self.tell_all(None, &|voice| voice.recovered(&self.recovered)).await;
        }
        let check_at = self.shop.clock.now().plus_secs(CHECK_AFTER_SECS);
        let mut check_at = (!clean).then_some(check_at);
        loop {
            let now = self.shop.clock.now();
            let due = self.due();
            let look_at = now.plus_secs(LOOK_SECS);
            let wake_at = [due, check_at].into_iter().flatten().fold(look_at, Ord::min);
            let asked = tokio::select! {
                () = stop.cancelled() => return,
                asked = self.inlet.queue.recv() => match asked {
                    Some(asked) => asked,
                    None => return,
                },
                () = self.shop.clock.sleep_until(wake_at) => {
                    let now = self.shop.clock.now();
                    let work = if check_at.is_some_and(|at| at <= now) {
                        check_at = None;
                        Work::Validate
                    } else if due.is_some_and(|due| due <= now) {
                        Work::Backup { kind: BackupKind::Auto, note: String::new() }
                    } else {
                        continue;
                    };
                    Asked { work, hearer: Hearer::Alarm }
                }
            };
            self.work(asked, &stop).await;
        }
    }

    /// When the next backup is due by itself.
    fn due(&self) -> Option<Timestamp> {
        let settings = self.shop.live.load().config.backup;
        let now = self.shop.clock.now();
        let last = {
            let state = self.inlet.state.borrow();
            let good = state.backups.iter().filter(|row| row.is_kept());
            // One from the future was made by a clock that was wrong, and is no reason to wait.
            good.map(|row| row.made_at).filter(|made_at| *made_at <= now).max()
        };
        let due = match last {
            _ if !settings.enabled => None,
            Some(last) => Some(last.plus_secs(settings.interval_hours.saturating_mul(3_600))),
            None => self.first_entry_at().map(|at| at.plus_secs(FIRST_AFTER_SECS)),
        };
        let due = due.map(|due| self.retry_at.map_or(due, |retry_at| due.max(retry_at)));
        self.inlet.state.send_if_modified(|state| {
            let changed = state.next != due;
            state.next = due;
            changed
        });
        due
    }

    fn first_entry_at(&self) -> Option<Timestamp> {
        match self.shop.snapshot().entry(Seq(1)) {
            Ok(entry) => entry.map(|entry| entry.at),
            Err(error) => {
                tracing::error!(%error, "the first entry cannot be read");
                Some(self.shop.clock.now())
            }
        }
    }

    /// Reads the folder.
    async fn look(&mut self) {
        let backups = self.backups.clone();
        let listed = tasks::block(move || backups.list()).await;
        match listed {
            Ok(Ok(listed)) => {
                let rows: Vec<BackupRow> = listed.iter().map(row).collect();
                self.inlet.state.send_modify(|state| state.backups = rows);
            }
            Ok(Err(error)) => tracing::error!(%error, "the folder of the backups cannot be read"),
            Err(error) => tracing::error!(%error, "listing the backups panicked"),
        }
    }

    async fn work(&mut self, asked: Asked, stop: &CancellationToken) {
        self.inlet.state.send_modify(|state| state.busy = true);
        // One that fails every hour is told of once; what an admin asks for is always answered.
        let known = self.retry_at.is_some();
        let done = match asked.work {
            Work::Backup { kind, note } => self.back_up(kind, note, stop).await,
            Work::Validate => self.validate().await,
        };
        self.inlet.state.send_modify(|state| state.busy = false);
        if let Done::Checked(checked) = &done
            && done.is_bad()
        {
            self.suspect(checked, stop).await;
        }
        // Work that is broken off because the shop stops is no alarm.
        let repeated = known && matches!(done, Done::BackupFailed(_));
        let backup = matches!(done, Done::BackupFailed(_));
        let wanted = !backup || self.shop.live.load().config.notices.backups;
        let alarm = done.is_bad() && !repeated && wanted && !stop.is_cancelled();
        match asked.hearer {
            Hearer::Caller(caller) => {
                if alarm {
                    self.tell_all(None, &|voice| text(voice, &done)).await;
                }
                // A caller that went away has nobody to tell.
                let _ = caller.send(done);
            }
            Hearer::Admin(admin) => {
                self.tell(admin, &|voice| text(voice, &done)).await;
                if alarm {
                    self.tell_all(Some(admin), &|voice| text(voice, &done)).await;
                }
            }
            Hearer::Alarm if alarm => self.tell_all(None, &|voice| text(voice, &done)).await,
            Hearer::Alarm => {}
        }
    }

    async fn back_up(&mut self, kind: BackupKind, note: String, stop: &CancellationToken) -> Done {
        let begun = Instant::now();
        let kept = self.shop.live.load().config.backup.max_backups;
        let kept_per_kind = usize::try_from(kept).unwrap_or(1);
        let backups = Backups { kept_per_kind, ..self.backups.clone() };
        let (reader, stopping) = (self.shop.reader.clone(), stop.clone());
        let request = BackupRequest { kind, note, at: self.shop.clock.now() };
        let making = tasks::block(move || {
            let mut watch = |_| match stopping.is_cancelled() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            };
            backups.create(&reader, &request, &mut watch)
        });
        let made = match making.await {
            Ok(Ok(backup)) => Ok(backup),
            Ok(Err(error)) => Err(error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        self.look().await;
        match made {
            Ok(backup) => {
                self.retry_at = None;
                let row = BackupRow {
                    standing: Standing::Kept(backup.header.kind),
                    made_at: backup.header.created_at,
                    head: Some(backup.header.head),
                    bytes: backup.bytes,
                    name: file_name(&backup.path),
                    note: backup.header.note,
                };
                tracing::info!(backup = row.name, entries = backup.header.head.seq.0, "backed up");
                Done::Backup(row, begun.elapsed())
            }
            Err(reason) => {
                self.retry_at = Some(self.shop.clock.now().plus_secs(RETRY_SECS));
                if stop.is_cancelled() {
                    tracing::info!(reason, "the backup was broken off");
                } else {
                    tracing::error!(reason, "the backup failed");
                }
                Done::BackupFailed(reason)
            }
        }
    }

    async fn validate(&self) -> Done {
        let begun = Instant::now();
        let reader = self.shop.reader.clone();
        let verifying = tasks::block(move || reader.verify());
        match verifying.await {
            Ok(report) => {
                let checked = Checked {
                    at: self.shop.clock.now(),
                    entries: report.entries,
                    rows: report.rows,
                    took: begun.elapsed(),
                    findings: report.findings.iter().map(ToString::to_string).collect(),
                };
                self.inlet.state.send_modify(|state| state.checked = Some(checked.clone()));
                Done::Checked(checked)
            }
            Err(error) => {
                tracing::error!(%error, "the check panicked");
                Done::CheckFailed(error.to_string())
            }
        }
    }

    /// What is stored is not what the journal says, or the journal is damaged: the next start
    /// looks closely, and what can still be read is kept now.
    async fn suspect(&mut self, checked: &Checked, stop: &CancellationToken) {
        tracing::error!(findings = ?checked.findings, "the check found something");
        let reason = checked.findings.first().cloned().unwrap_or_default();
        if let Err(error) = self.shop.reader.mark_suspect(&reason) {
            tracing::error!(%error, "the next start cannot be told to look closely");
        }
        let note = "a check found something".to_owned();
        if let Done::BackupFailed(reason) = self.back_up(BackupKind::Emergency, note, stop).await {
            self.tell_all(None, &|voice| voice.backup_failed(&reason)).await;
        }
    }

    async fn tell_all(&self, except: Option<UserId>, text: &Wording<'_>) {
        let live = self.shop.live.load_full();
        for admin in live.policy.desks().filter(|admin| Some(*admin) != except) {
            self.tell(admin, text).await;
        }
    }

    async fn tell(&self, admin: UserId, text: &Wording<'_>) {
        let live = self.shop.live.load_full();
        let known = self.shop.snapshot().customer(admin).ok().flatten();
        let language = known.as_ref().and_then(|known| known.language.as_deref());
        let text = text(&Voice::new(&live, language, self.shop.clock.now()));
        let call = Call::SendMessage { text, markup: Markup::None, reply_to: None, silent: false };
        let outgoing = Outgoing { chat: ChatId::from(admin), priority: Priority::Answer, call };
        if let Err(error) = self.shop.sender.send(outgoing).await {
            tracing::warn!(%admin, %error, "an admin was not told of the vault's work");
        }
    }
}

fn text(voice: &Voice<'_>, done: &Done) -> String {
    match done {
        Done::Backup(row, took) => voice.backup_made(row, *took),
        Done::Checked(checked) => voice.checked(checked),
        Done::BackupFailed(reason) => voice.backup_failed(reason),
        Done::CheckFailed(reason) => voice.check_failed(reason),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn row(listed: &Listed) -> BackupRow {
    let header = listed.header();
    let standing = match &listed.contents {
        _ if listed.superseded => Standing::Superseded,
        Contents::Damaged(_) => Standing::Damaged,
        Contents::Plain(_) | Contents::Encrypted => Standing::Kept(listed.kind),
    };
    BackupRow {
        standing,
        made_at: header.map_or(listed.at, |header| header.created_at),
        head: header.map(|header| header.head),
        bytes: listed.bytes,
        name: file_name(&listed.path),
        note: header.map_or_else(String::new, |header| header.note.clone()),
    }
}
