//! `ring4 run`: the real bot, until a signal.

use std::process::ExitCode;

use anyhow::Context;
use ring4_storage::VerifyCommand;
use ring4_telegram::sender::SenderOptions;

use super::{Place, serving, signals};
use crate::clock::Clock;
use crate::engine::Setup;
use crate::ops::logging;
use crate::trouble::Memory;

pub(super) fn run(place: &Place) -> anyhow::Result<ExitCode> {
    let origin = place.origin()?;
    // The level is wanted before anything is worth logging; broken settings are reported by the
    // start itself, which may have a former rule set to fall back to.
    let text = std::fs::read_to_string(&origin.config).unwrap_or_default();
    match ring4_config::parse("config.yaml", &text, &origin.env) {
        Ok(loaded) => {
            let wanted = &loaded.config.fixed.logging;
            logging::start(wanted.level, wanted.format);
        }
        Err(_) => {
            logging::start(ring4_config::LogLevel::Info, ring4_config::LogFormat::Auto);
        }
    }
    super::block_on(async {
        let mut signals = signals::Signals::listen().context("listening for signals")?;
        let verify_command = std::env::current_exe()
            .ok()
            .map(|program| VerifyCommand { program, arguments: vec!["verify-state".to_owned()] });
        let setup = Setup {
            origin,
            clock: Clock::real(),
            verify_command,
            sender: SenderOptions::default(),
            memory: Memory::default(),
        };
        let running = || {
            tracing::info!("running");
            Ok(())
        };
        serving::serve(setup, &mut signals, running).await?;
        Ok(ExitCode::SUCCESS)
    })
}
