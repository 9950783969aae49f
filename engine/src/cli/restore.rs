//! `ring4 backup restore`: a backup, and what the journal has behind it, in the place of what is
//! there.

use std::io::{BufRead, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use ring4_config::Fixed;
use ring4_domain::change::Seq;
use ring4_domain::ids::Timestamp;
use ring4_storage::{
    BackupKey, BackupKind, BackupRequest, Backups, Moment, OpenError, RestoreFrom, RestoreRequest,
    Store,
};

use super::{Place, backup, fetching, progress};
use crate::clock::Clock;

/// What stands beside the backup that is made of the shop as it was before.
const BEFORE: &str = "before a restore";

/// What stands beside the one of the shop as it is then.
const AFTER: &str = "after a restore";

#[derive(Debug, Args)]
pub(super) struct Restore {
    #[command(flatten)]
    place: Place,
    /// The file, or `latest`
    #[arg(value_name = "FILE", default_value = backup::LATEST)]
    file: PathBuf,
    /// Go back to a moment (2026-11-22T18:44:03Z) or to a ledger entry (4711) instead of to the
    /// end
    #[arg(long, value_name = "TIME|ENTRY", value_parser = moment)]
    to: Option<Moment>,
    /// Take it from where copies are: a folder, or a bucket such as s3://bucket/prefix
    #[arg(long, value_name = "PLACE")]
    from: Option<String>,
    /// The file with the age identity that opens what is encrypted
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Sell on even where entries are lost for good
    #[arg(long)]
    accept_loss: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

fn moment(text: &str) -> Result<Moment, String> {
    if let Ok(entry) = text.parse() {
        return Ok(Moment::Entry(Seq(entry)));
    }
    match chrono::DateTime::parse_from_rfc3339(text) {
        Ok(at) => Ok(Moment::Time(Timestamp(at.timestamp_millis()))),
        Err(error) => Err(format!(
            "{error}; write a ledger entry such as 4711 or a time such as 2026-11-22T18:44:03Z"
        )),
    }
}

impl Restore {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.place.settings()?;
        let fixed = &config.fixed;
        let data_dir = &fixed.storage.data_dir;
        let backups = self.place.backups()?;
        let key = self.identity.as_deref().map(identity).transpose()?.or(backups.key.clone());
        let readable = Backups { key, ..backups.clone() };
        if self.from.is_none() && self.file.as_os_str() != backup::LATEST {
            let file = backup::named(&self.place, &self.file)?;
            anyhow::ensure!(file.exists(), "{}: there is no such file", file.display());
        }
        if !self.yes && !agreed(data_dir)? {
            return Ok(ExitCode::FAILURE);
        }
        keep_present(fixed, &backups)?;
        let brought = match &self.from {
            Some(address) => {
                let env = self.place.origin()?.env;
                Some(fetching::bring(&config, &env, address, &self.file, self.to, &readable)?)
            }
            None => None,
        };
        let from = match &brought {
            Some(brought) => {
                brought.fetched.backup.clone().map_or(RestoreFrom::Journal, RestoreFrom::File)
            }
            None if self.file.as_os_str() == backup::LATEST => RestoreFrom::Latest,
            None => RestoreFrom::File(backup::named(&self.place, &self.file)?),
        };
        let request = RestoreRequest {
            from,
            to: self.to,
            journals: brought.iter().map(|brought| brought.fetched.journal.clone()).collect(),
            accept_loss: self.accept_loss,
        };
        let mut bar = progress::Bar::new();
        let restored = ring4_storage::restore(data_dir, &readable, &request, &mut |progress| {
            bar.show(progress);
            ControlFlow::Continue(())
        });
        bar.end();
        let restored = restored.with_context(|| format!("restoring {}", data_dir.display()))?;
        let mut out = std::io::stdout().lock();
        let broken = brought.as_ref().and_then(|brought| brought.fetched.broken.as_ref());
        for reason in restored.passed_over.iter().chain(broken) {
            writeln!(out, "passed over: {reason}")?;
        }
        writeln!(out, "{restored}")?;
        if restored.lost.is_some() && !self.accept_loss {
            writeln!(
                out,
                "the shop will open read-only; `ring4 backup restore --accept-loss` lets it sell"
            )?;
            return Ok(ExitCode::SUCCESS);
        }
        // The next start should find a backup of the history that goes on from here.
        let made = back_up(fixed, &backups, BackupKind::Manual, AFTER)?;
        writeln!(out, "what stands there now was backed up as {}", made.display())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The secret key in a file as the `age` tool writes it, between lines of comment.
fn identity(file: &Path) -> anyhow::Result<BackupKey> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let key = text.lines().map(str::trim).find(|line| line.starts_with("AGE-SECRET-KEY-"));
    let key = key.with_context(|| format!("{} holds no AGE-SECRET-KEY-…", file.display()))?;
    Ok(BackupKey::Identity(key.to_owned()))
}

/// Makes a backup of a shop that does not run.
fn back_up(
    fixed: &Fixed,
    backups: &Backups,
    kind: BackupKind,
    note: &str,
) -> anyhow::Result<PathBuf> {
    let (store, _) = Store::open(&fixed.storage.data_dir, &super::store_options(fixed))?;
    let request = BackupRequest { kind, note: note.to_owned(), at: Clock::real().now() };
    let made = backups.create(&store.reader(), &request, &mut ring4_storage::unwatched);
    store.close().context("closing the store")?;
    Ok(made.context("making a backup")?.path)
}

/// Asks a human, where there is one.
fn agreed(data_dir: &Path) -> anyhow::Result<bool> {
    let input = std::io::stdin();
    anyhow::ensure!(input.is_terminal(), "nobody is there to ask; --yes restores without asking");
    let mut errors = std::io::stderr().lock();
    write!(
        errors,
        "This replaces the shop in {}; what is there is kept beside it. Go on? [y/N] ",
        data_dir.display()
    )?;
    errors.flush()?;
    let mut answer = String::new();
    input.lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Makes an emergency backup of what is there, where it can be read at all.
fn keep_present(fixed: &Fixed, backups: &Backups) -> anyhow::Result<()> {
    let data_dir = &fixed.storage.data_dir;
    if !data_dir.join("state").is_dir() {
        return Ok(());
    }
    let made = back_up(fixed, backups, BackupKind::Emergency, BEFORE);
    if let Err(error) = &made
        && let Some(OpenError::Locked(_)) = error.downcast_ref()
    {
        anyhow::bail!("{} is in use; stop the bot first", data_dir.display());
    }
    let mut errors = std::io::stderr().lock();
    match made {
        Ok(path) => writeln!(errors, "what is there was backed up as {}", path.display())?,
        // It is kept as it is in any case; being unreadable is why people restore.
        Err(error) => {
            writeln!(errors, "what is there could not be backed up: {}", super::told(&error))?
        }
    }
    Ok(())
}
