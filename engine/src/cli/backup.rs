//! `ring4 backup`: list, create, verify, restore.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use ring4_storage::{BackupKind, BackupRequest, Contents, Listed, OpenError, Store};

use super::restore::Restore;
use super::{Place, progress};
use crate::clock::Clock;
use crate::control::{self, Answer, Question};

#[derive(Debug, Subcommand)]
pub(super) enum Backup {
    /// Show the backups kept, newest first
    List {
        #[command(flatten)]
        place: Place,
        /// As JSON, one line per backup
        #[arg(long)]
        json: bool,
    },
    /// Make a backup now, also while the bot runs
    Create {
        #[command(flatten)]
        place: Place,
        /// What stands beside it in the list
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
        /// Count it among the emergency backups
        #[arg(long)]
        emergency: bool,
    },
    /// Restore a backup into scratch and compare it with what it says of itself
    Verify {
        #[command(flatten)]
        place: Place,
        /// The file, or `latest`
        #[arg(value_name = "FILE", default_value = LATEST)]
        file: PathBuf,
    },
    /// Put a backup, and what the journal has behind it, in the place of what is there
    Restore(Restore),
}

/// Stands for the newest backup.
pub(super) const LATEST: &str = "latest";

impl Backup {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { place, json } => list(&place, json),
            Self::Create { place, note, emergency } => create(&place, note, emergency),
            Self::Verify { place, file } => verify(&place, &file),
            Self::Restore(restore) => restore.run(),
        }
    }
}

fn list(place: &Place, as_json: bool) -> anyhow::Result<ExitCode> {
    let backups = place.backups()?;
    let kept = backups.list().context("reading the folder of the backups")?;
    let mut out = std::io::stdout().lock();
    if kept.is_empty() && !as_json {
        writeln!(out, "no backup in {}", backups.dir.display())?;
    }
    for listed in &kept {
        if as_json {
            writeln!(out, "{}", row_as_json(listed))?;
        } else {
            writeln!(out, "{}", row(listed))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn standing(listed: &Listed) -> String {
    match &listed.contents {
        _ if listed.superseded => "superseded by a restore".to_owned(),
        Contents::Plain(contents) => format!("to entry {}", contents.0.head.seq.0),
        Contents::Encrypted => "encrypted".to_owned(),
        Contents::Damaged(reason) => format!("DAMAGED: {reason}"),
    }
}

fn row(listed: &Listed) -> String {
    let name = listed.path.file_name().unwrap_or_default().to_string_lossy();
    let note = listed.header().map_or("", |header| header.note.as_str());
    let size = listed.bytes.div_ceil(1_024);
    format!("{name}  {size} KiB  {}  {note}", standing(listed)).trim_end().to_owned()
}

fn row_as_json(listed: &Listed) -> serde_json::Value {
    let header = listed.header();
    let at = chrono::DateTime::from_timestamp_millis(listed.at.0).unwrap_or_default();
    serde_json::json!({
        "file": listed.path,
        "kind": listed.kind.name(),
        "made_at": at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        "bytes": listed.bytes,
        "good": listed.is_good(),
        "standing": standing(listed),
        "last_entry": header.map(|header| header.head.seq.0),
        "head": header.map(|header| header.head.hash.to_string()),
        "note": header.map(|header| header.note.as_str()),
    })
}

fn create(place: &Place, note: String, emergency: bool) -> anyhow::Result<ExitCode> {
    let fixed = place.settings()?.fixed;
    let data_dir = &fixed.storage.data_dir;
    anyhow::ensure!(data_dir.is_dir(), "{} is no folder; --data names it", data_dir.display());
    let kind = if emergency { BackupKind::Emergency } else { BackupKind::Manual };
    let (name, entries, bytes) = match Store::open(data_dir, &super::store_options(&fixed)) {
        Ok((store, _)) => {
            let request = BackupRequest { kind, note, at: Clock::real().now() };
            let mut bar = progress::Bar::new();
            let made = place.backups()?.create(&store.reader(), &request, &mut |progress| {
                bar.show(progress);
                ControlFlow::Continue(())
            });
            bar.end();
            store.close().context("closing the store")?;
            let made = made.context("making the backup")?;
            (made.path.display().to_string(), made.header.head.seq.0, made.bytes)
        }
        Err(OpenError::Locked(_)) => ask_running(data_dir, emergency, note)?,
        Err(error) => {
            return Err(error).with_context(|| format!("opening {}", data_dir.display()));
        }
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{name}: {entries} entries, {bytes} bytes, restored and compared")?;
    Ok(ExitCode::SUCCESS)
}

/// The folder belongs to a running shop, so that one is asked.
fn ask_running(
    data_dir: &Path,
    emergency: bool,
    note: String,
) -> anyhow::Result<(String, u64, u64)> {
    let asked = super::block_on(async {
        match control::ask(data_dir, &Question::Backup { emergency, note }).await? {
            Answer::Backup { name, bytes, entries, .. } => Ok((name, entries, bytes)),
            Answer::Failed(reason) => anyhow::bail!("the running shop says: {reason}"),
            Answer::Checked { .. } => anyhow::bail!("the running shop answered something else"),
        }
    });
    asked.with_context(|| format!("{} is in use; asking the running shop", data_dir.display()))
}

/// The file that is meant.
pub(super) fn named(place: &Place, file: &Path) -> anyhow::Result<PathBuf> {
    let backups = place.backups()?;
    if file.as_os_str() == LATEST {
        let latest = backups.latest().context("reading the folder of the backups")?;
        let none = || format!("no backup in {}", backups.dir.display());
        return Ok(latest.with_context(none)?.path);
    }
    let beside = backups.dir.join(file);
    Ok(if !file.exists() && beside.exists() { beside } else { file.to_owned() })
}

fn verify(place: &Place, file: &Path) -> anyhow::Result<ExitCode> {
    let path = named(place, file)?;
    let mut bar = progress::Bar::new();
    let verified = place.backups()?.verify(&path, &mut |progress| {
        bar.show(progress);
        ControlFlow::Continue(())
    });
    bar.end();
    let verified = verified.with_context(|| format!("verifying {}", path.display()))?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{}: {} entries and {} rows restored and compared, head {}",
        path.display(),
        verified.entries,
        verified.rows,
        verified.head.hash
    )?;
    Ok(ExitCode::SUCCESS)
}
