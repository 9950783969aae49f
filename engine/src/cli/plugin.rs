//! `ring4 plugin …`: what authors and operators of vendor plugins need. Nothing here touches a
//! running shop.

mod inspect;
mod new;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use ring4_config::{LogFormat, LogLevel};

use crate::ops::logging;

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Plugin {
    /// Show what a plugin file is, or why the engine refuses it
    #[command(after_help = inspect::EXIT_CODES)]
    Inspect {
        /// The shared library
        file: PathBuf,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Write a plugin to start from: it compiles, passes its tests and runs in the demo
    New(new::New),
    /// Run every hostile answer a vendor may give through a plugin
    #[command(after_help = test::EXIT_CODES)]
    Test(test::Test),
}

/// A plugin's own process, until the engine closes the pipe.
pub(super) fn host(level: &str) -> anyhow::Result<ExitCode> {
    let level = match level {
        "trace" => LogLevel::Trace,
        "debug" => LogLevel::Debug,
        "info" => LogLevel::Info,
        "warn" => LogLevel::Warn,
        _ => LogLevel::Error,
    };
    logging::start(level, LogFormat::Auto);
    let (from, to) = (std::io::stdin().lock(), std::io::stdout().lock());
    ring4_providers::serve_plugin(from, to).context("serving a plugin")?;
    Ok(ExitCode::SUCCESS)
}

impl Plugin {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Inspect { file, json } => inspect::inspect(&file, json),
            Self::New(new) => new.run(),
            Self::Test(test) => test.run(),
        }
    }
}
