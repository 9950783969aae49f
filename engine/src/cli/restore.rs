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
    BackupKind, BackupRequest, Backups, Moment, OpenError, RestoreFrom, RestoreRequest, Store,
};

use super::{Place, backup, progress};
use crate::clock::Clock;

/// What stands beside the backup that is made of the shop as it was before.
const NOTE: &str = "before a restore";

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
        let fixed = self.place.settings()?.fixed;
        let data_dir = &fixed.storage.data_dir;
        let backups = self.place.backups()?;
        let from = if self.file.as_os_str() == backup::LATEST {
            RestoreFrom::Latest
        } else {
            RestoreFrom::File(backup::named(&self.place, &self.file)?)
        };
        if !self.yes && !agreed(data_dir)? {
            return Ok(ExitCode::FAILURE);
        }
        keep_present(&fixed, &backups)?;
        let request = RestoreRequest {
            from,
            to: self.to,
            accept_loss: self.accept_loss,
            ..RestoreRequest::default()
        };
        let mut bar = progress::Bar::new();
        let restored = ring4_storage::restore(data_dir, &backups, &request, &mut |progress| {
            bar.show(progress);
            ControlFlow::Continue(())
        });
        bar.end();
        let restored = restored.with_context(|| format!("restoring {}", data_dir.display()))?;
        let mut out = std::io::stdout().lock();
        for reason in &restored.passed_over {
            writeln!(out, "passed over: {reason}")?;
        }
        writeln!(out, "{restored}")?;
        if restored.lost.is_some() && !self.accept_loss {
            writeln!(
                out,
                "the shop will open read-only; `ring4 backup restore --accept-loss` lets it sell"
            )?;
        }
        Ok(ExitCode::SUCCESS)
    }
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
    let opened = Store::open(data_dir, &super::store_options(fixed));
    let made = match opened {
        Ok((store, _)) => {
            let at = Clock::real().now();
            let request = BackupRequest { kind: BackupKind::Emergency, note: NOTE.to_owned(), at };
            let made = backups.create(&store.reader(), &request, &mut ring4_storage::unwatched);
            store.close().context("closing the store")?;
            made.map(|made| made.path).map_err(anyhow::Error::from)
        }
        Err(OpenError::Locked(_)) => {
            anyhow::bail!("{} is in use; stop the bot first", data_dir.display())
        }
        Err(error) => Err(error.into()),
    };
    let mut errors = std::io::stderr().lock();
    match made {
        Ok(path) => writeln!(errors, "what is there was backed up as {}", path.display())?,
        // It is kept as it is in any case; being unreadable is why people restore.
        Err(error) => writeln!(errors, "what is there could not be backed up: {error:#}")?,
    }
    Ok(())
}
