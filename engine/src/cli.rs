//! The command line: what can be asked of the binary. Only `main` imports this.

mod audit;
mod backup;
mod check;
mod demo;
mod fetching;
mod plugin;
mod progress;
mod restore;
mod run;
mod serving;
mod signals;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use ring4_config::{Config, Env, Fixed, LogFormat, LogLevel, Overrides};
use ring4_storage::{Backups, OpenError, VERIFY_BUSY, VerifyCommand};

use crate::engine::StartError;
use crate::ops::logging;
use crate::reload::Origin;
use crate::vault;

/// Sells temporary phone numbers in a Telegram chat and delivers the codes that arrive on them.
#[derive(Debug, Parser)]
#[command(name = "ring4", version, about, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

const AFTER_HELP: &str = "\
First time here? `ring4 demo` needs nothing but this machine and a browser.
For real: put BOT_TOKEN, ADMIN_USER_IDS and SMSPOOL_API_KEY into .env, then `ring4 check`
and `ring4 run`.

Exit codes: 0 done, 1 failed, 2 wrong usage, 75 another process uses the data folder.";

/// Exit code when another process uses the data folder.
const FOLDER_IN_USE: u8 = 75;

/// How long threads that still block may hold up the end of the process.
const LEAVE_WITHIN: Duration = Duration::from_secs(1);

#[derive(Debug, Subcommand)]
enum Verb {
    /// Try everything on this machine: no Telegram, no vendor, no money
    Demo(demo::Demo),
    /// Run the bot
    Run(Place),
    /// Check settings, scripts, texts and plugins without running anything
    Check(Place),
    /// Read everything that is stored and compare it, also while the bot runs
    Audit {
        #[command(flatten)]
        place: Place,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// List, make, verify and restore backups
    #[command(subcommand)]
    Backup(backup::Backup),
    /// Inspect, test and write vendor plugins
    #[command(subcommand)]
    Plugin(plugin::Plugin),
    /// Serve one plugin over standard input and output, for `isolation: process`
    #[command(hide = true)]
    PluginHost {
        /// The least level that is logged
        level: String,
    },
    /// Open a state folder and read it, for the start after a crash
    #[command(hide = true)]
    VerifyState {
        /// The folder
        dir: PathBuf,
    },
    /// Restore a plain backup into a scratch folder and verify it there
    #[command(hide = true)]
    VerifyBackup {
        /// The backup
        file: PathBuf,
        /// The folder, which is emptied
        scratch: PathBuf,
    },
}

/// Where settings, rules and data are.
#[derive(Clone, Debug, Args)]
struct Place {
    /// The settings
    #[arg(long, value_name = "FILE", default_value = "config.yaml")]
    config: PathBuf,
    /// Scripts and texts [default: the folder `scripts` beside the settings]
    #[arg(long, value_name = "DIR")]
    scripts: Option<PathBuf>,
    /// Journal, state and caches [default: storage.data_dir of the settings]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Place {
    /// The origin with the process's environment and the `.env` beside the settings.
    fn origin(&self) -> anyhow::Result<Origin> {
        let folder = self.config.parent().map(PathBuf::from).unwrap_or_default();
        let mut env: Env = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        env.read_dotenv(&folder.join(".env")).map_err(|report| anyhow::anyhow!("{report}"))?;
        Ok(Origin {
            config: self.config.clone(),
            scripts: self.scripts.clone().unwrap_or_else(|| folder.join("scripts")),
            env,
            overrides: Overrides { data_dir: self.data.clone() },
        })
    }
}

impl Place {
    /// The settings alone: what is wrong with a script or a text is no reason not to audit.
    fn settings(&self) -> anyhow::Result<Config> {
        let origin = self.origin()?;
        let loaded = ring4_config::load(&origin.config, &origin.env, &origin.overrides);
        Ok(loaded.map_err(|report| anyhow::anyhow!("{report}"))?.config)
    }

    fn backups(&self) -> anyhow::Result<Backups> {
        let program = std::env::current_exe().ok();
        Ok(vault::backups(&self.settings()?, program.as_deref()))
    }
}

/// How the store is opened while no shop runs. Nothing is restored on the way: who looks at a
/// damaged shop should see it as it is.
fn store_options(fixed: &Fixed) -> ring4_storage::Options {
    let command = |program| VerifyCommand { program, arguments: vec!["verify-state".to_owned()] };
    ring4_storage::Options {
        verify_command: std::env::current_exe().ok().map(command),
        keys_mirror: Some(fixed.backup_dir().join(vault::KEYS)),
        ..ring4_storage::Options::default()
    }
}

/// Runs a verb to its end.
fn block_on<T>(verb: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let result = runtime.block_on(verb);
    // Dropping the runtime would wait for a blocked thread for as long as it blocks.
    runtime.shutdown_timeout(LEAVE_WITHIN);
    result
}

/// The error with its causes. One that ends with its cause already does not say it twice.
#[must_use]
pub fn told(error: &anyhow::Error) -> String {
    let mut told = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !told.ends_with(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

/// What the process exits with after this error. 75 is `EX_TEMPFAIL` of `sysexits.h`: nothing is
/// wrong with the folder, only the moment is.
#[must_use]
pub fn exit_code(error: &anyhow::Error) -> ExitCode {
    match error.downcast_ref::<StartError>() {
        Some(StartError::Storage(OpenError::Locked(_))) => ExitCode::from(FOLDER_IN_USE),
        _ => ExitCode::FAILURE,
    }
}

impl Cli {
    /// Does what was asked.
    ///
    /// # Errors
    /// Whatever went wrong, with what was being done.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Verb::Demo(demo) => {
                logging::start(LogLevel::Warn, LogFormat::Auto);
                demo.run()
            }
            Verb::Run(place) => run::run(&place),
            Verb::Check(place) => check::check(&place),
            Verb::Audit { place, json } => audit::audit(&place, json),
            Verb::Backup(backup) => backup.run(),
            Verb::Plugin(plugin) => plugin.run(),
            Verb::PluginHost { level } => plugin::host(&level),
            Verb::VerifyState { dir } => match ring4_storage::verify_state(&dir) {
                Err(OpenError::Locked(_)) => Ok(ExitCode::from(VERIFY_BUSY)),
                verified => {
                    tracing::info!(seq = verified?.seq.0, "readable");
                    Ok(ExitCode::SUCCESS)
                }
            },
            Verb::VerifyBackup { file, scratch } => {
                let verdict = ring4_storage::verify_backup(&file, &scratch);
                writeln!(std::io::stdout(), "{verdict}")?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}
