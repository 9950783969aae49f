//! The log: human on a terminal, JSON elsewhere, always on standard error.
//!
//! Secrets, codes and numbers never reach it, because the types that hold them print dots.

use std::io::IsTerminal;

use ring4_config::{LogFormat, LogLevel};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::recent::Recent;

/// Starts the log. `LOG_LEVEL` was looked at by the configuration; a later call changes nothing.
pub fn start(level: LogLevel, format: LogFormat) {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    // Libraries speak up from warnings on, unless everything is wanted.
    let wanted = if level == LevelFilter::TRACE {
        Targets::new().with_default(level)
    } else {
        let own = ["ring4", "ring4_telegram", "ring4_storage", "ring4_providers"];
        let libraries = Targets::new().with_default(LevelFilter::WARN);
        libraries.with_targets(own.map(|own| (own, level)))
    };
    let terminal = std::io::stderr().is_terminal();
    let colours = terminal && std::env::var_os("NO_COLOR").is_none();
    let human = match format {
        LogFormat::Auto => terminal,
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let written = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        // Telling standard error that it cannot be written panics, and a log on a full disk must
        // not end whoever writes to it.
        .log_internal_errors(false)
        .with_ansi(colours);
    let written = if human { written.boxed() } else { written.json().boxed() };
    let kept = tracing_subscriber::fmt::layer().with_writer(Recent).with_ansi(false);
    let log = tracing_subscriber::registry().with(wanted);
    // A second start is a test that brought its own; the first one stays.
    let _ = log.with(written).with(kept).try_init();
}
