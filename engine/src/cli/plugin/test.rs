//! `ring4 plugin test`: the conformance kit on the command line.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use ring4_kit::{Finding, KitError, Log, Options, Report, Samples};
use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;

pub(super) const EXIT_CODES: &str = "\
Samples are good answers of the vendor; from them the kit makes answers with drifted types,
missing fields, unknown states and other prices. Without samples only what holds for every vendor
is checked. The plugin runs in processes of its own, so that one that aborts or overflows its stack
is named like any other fault.

Exit codes: 0 every check passed, 1 a check failed, 10 to 16 the file is refused; see
`ring4 plugin inspect --help`.";

#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct Test {
    /// The shared library
    file: PathBuf,
    /// Good answers of its vendor, as JSON; see plugins/provider-sdk/README.md
    #[arg(long, value_name = "FILE")]
    samples: Option<PathBuf>,
    /// The plugin's settings, as JSON [default: those of the samples]
    #[arg(long, value_name = "JSON")]
    settings: Option<String>,
    /// Only checks whose name contains this, such as `buy:`
    #[arg(long, value_name = "WORDS", default_value = "", hide_default_value = true)]
    only: String,
    /// Run the plugin in this process, which is quicker; a plugin that crashes ends the checks
    #[arg(long)]
    in_process: bool,
    /// Show only what failed
    #[arg(long)]
    quiet: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

impl Test {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let samples = self.samples.as_deref().map(Samples::read).transpose()?.unwrap_or_default();
        let settings = match &self.settings {
            Some(text) => serde_json::from_str(text)
                .map_err(|error| anyhow::anyhow!("--settings is not JSON: {error}"))?,
            None => samples.settings().clone(),
        };
        let isolation = (!self.in_process).then(|| crate::vendors::host("trace")).transpose()?;
        let log = Log::default();
        listen(&log);
        let options = Options {
            file: self.file.clone(),
            settings,
            samples,
            only: self.only.clone(),
            isolation,
        };
        let mut done = 0_usize;
        let tell = |finding: &Finding, count: usize| {
            done += 1;
            self.tell(finding, done, count);
        };
        let result =
            crate::cli::block_on(async { Ok(ring4_kit::run(options, Some(&log), tell).await) })?;
        match result {
            Ok(report) => {
                self.conclude(&report)?;
                Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
            Err(KitError::Load(error)) => {
                writeln!(std::io::stdout(), "{error}")?;
                Ok(ExitCode::from(super::inspect::exit_code(&error.refusal)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// One line a check. A terminal that is gone stops nothing.
    fn tell(&self, finding: &Finding, done: usize, count: usize) {
        let mut out = std::io::stdout().lock();
        let _ = match &finding.fault {
            _ if self.json => Ok(()),
            Some(fault) => writeln!(out, "FAIL {}: {fault}", finding.check),
            None if self.quiet && std::io::stderr().is_terminal() => {
                write!(std::io::stderr(), "\r{done}/{count} ")
            }
            None if self.quiet => Ok(()),
            None => writeln!(out, "PASS {done}/{count} {}", finding.check),
        };
    }

    fn conclude(&self, report: &Report) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        let failed = report.findings.iter().filter(|finding| finding.fault.is_some()).count();
        if self.json {
            let row = |finding: &Finding| {
                json!({
                    "check": finding.check,
                    "passed": finding.fault.is_none(),
                    "fault": finding.fault,
                })
            };
            let checks: Vec<Value> = report.findings.iter().map(row).collect();
            let took_ms = u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX);
            let value = json!({
                "plugin": report.plugin,
                "passed": report.passed(),
                "failed": failed,
                "took_ms": took_ms,
                "skipped": report.skipped,
                "checks": checks,
            });
            writeln!(out, "{value}")?;
            return Ok(());
        }
        for skipped in &report.skipped {
            writeln!(out, "skipped: {skipped}")?;
        }
        writeln!(
            out,
            "{}: {} checks, {failed} failed, {:.1} s",
            report.plugin,
            report.findings.len(),
            report.took.as_secs_f64()
        )?;
        Ok(())
    }
}

/// Has everything that is logged kept for the check of the log, and shown to nobody.
fn listen(log: &Log) {
    let log = log.clone();
    let builder = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || log.clone());
    // A second start is a test that brought its own.
    let _ = builder.try_init();
}
