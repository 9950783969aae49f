//! `ring4 audit`: everything that is stored, read and compared.

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use ring4_storage::{OpenError, Store};
use serde_json::json;

use super::{Place, progress};
use crate::control::{self, Answer, Question};

/// What a check read and found.
struct Audited {
    entries: u64,
    rows: u64,
    took: Duration,
    findings: Vec<String>,
    /// What a start had to mend first.
    mended: Vec<String>,
}

/// Exits with 0 where all is well and with 1 where anything was found.
pub(super) fn audit(place: &Place, as_json: bool) -> anyhow::Result<ExitCode> {
    let fixed = place.settings()?.fixed;
    let data_dir = &fixed.storage.data_dir;
    anyhow::ensure!(data_dir.is_dir(), "{} is no folder; --data names it", data_dir.display());
    let audited = match Store::open(data_dir, &super::store_options(&fixed)) {
        Ok((store, recovery)) => {
            let begun = Instant::now();
            let bar = progress::Bar::new();
            let report = store.reader().verify();
            bar.end();
            store.close().context("closing the store")?;
            Audited {
                entries: report.entries,
                rows: report.rows,
                took: begun.elapsed(),
                findings: report.findings.iter().map(ToString::to_string).collect(),
                mended: recovery.events.iter().map(ToString::to_string).collect(),
            }
        }
        Err(OpenError::Locked(_)) => ask_running(data_dir)?,
        Err(error) => {
            return Err(error).with_context(|| format!("opening {}", data_dir.display()));
        }
    };
    let mut out = std::io::stdout().lock();
    let sound = audited.findings.is_empty();
    if as_json {
        let took_ms = u64::try_from(audited.took.as_millis()).unwrap_or(u64::MAX);
        let answer = json!({
            "sound": sound,
            "entries": audited.entries,
            "rows": audited.rows,
            "took_ms": took_ms,
            "mended": audited.mended,
            "findings": audited.findings,
        });
        writeln!(out, "{answer}")?;
    } else {
        for mended in &audited.mended {
            writeln!(out, "mended: {mended}")?;
        }
        for finding in &audited.findings {
            writeln!(out, "finding: {finding}")?;
        }
        let Audited { entries, rows, took, .. } = audited;
        writeln!(out, "{entries} entries and {rows} rows read in {:.1} s", took.as_secs_f64())?;
        writeln!(out, "{}", if sound { "all is well" } else { "not all is well" })?;
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The folder belongs to a running shop, so that one is asked to check itself.
fn ask_running(data_dir: &std::path::Path) -> anyhow::Result<Audited> {
    super::block_on(async {
        match control::ask(data_dir, &Question::Validate).await? {
            Answer::Checked { entries, rows, took_ms, findings } => {
                let took = Duration::from_millis(took_ms);
                Ok(Audited { entries, rows, took, findings, mended: Vec::new() })
            }
            Answer::Failed(reason) => anyhow::bail!("the running shop says: {reason}"),
            Answer::Backup { .. } => anyhow::bail!("the running shop answered something else"),
        }
    })
    .with_context(|| format!("{} is in use; asking the running shop", data_dir.display()))
}
