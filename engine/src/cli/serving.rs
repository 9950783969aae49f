//! Runs an engine until a signal, and opens it again when what had stopped the selling is gone.
//! The verbs `run` and `demo` use this.

use std::time::Duration;

use super::signals::{Signal, Signals};
use crate::engine::{End, Engine, Setup, StartError};

/// Wait before a start is tried again that the disk did not let happen: first, and at most. It
/// doubles.
const RETRY_WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Serves until told to stop. `running` is called after the first start.
///
/// A start that fails because the disk is full or takes no writes is tried again for as long as
/// that lasts: a service manager counts starts and gives up, and a shop should sell when there is
/// room again. Every other failure of a first start needs a human and ends it at once.
///
/// # Errors
/// The engine does not start, or has ended by itself.
pub(super) async fn serve(
    setup: Setup,
    signals: &mut Signals,
    mut running: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut first = true;
    loop {
        let Some(mut engine) = start(&setup, signals, first).await? else { return Ok(()) };
        if first {
            running()?;
        }
        first = false;
        let end = loop {
            tokio::select! {
                end = engine.ended() => break Some(end),
                signal = signals.next() => match signal {
                    Signal::Stop => break None,
                    Signal::Reload => engine.poke(),
                },
            }
        };
        engine.stop().await;
        match end {
            None => return Ok(()),
            Some(End::Reopen) => {}
            Some(end) => return Err(end.into()),
        }
    }
}

/// A started engine; none when told to stop before.
async fn start(
    setup: &Setup,
    signals: &mut Signals,
    first: bool,
) -> anyhow::Result<Option<Engine>> {
    let (mut wait, most) = RETRY_WAIT;
    loop {
        // A start that is broken off is a crash, which every start can follow.
        let started = tokio::select! {
            started = Engine::start(setup.clone()) => started,
            () = told_to_stop(signals) => return Ok(None),
        };
        match started {
            Ok(engine) => return Ok(Some(engine)),
            Err(error) if is_passing(&error, first) => {
                let wait_secs = wait.as_secs();
                tracing::error!(
                    %error,
                    wait_secs,
                    "the shop cannot start now and will try again; see that the disk of the data \
                     folder has room and can be written"
                );
            }
            Err(error) => return Err(error.into()),
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = told_to_stop(signals) => return Ok(None),
        }
        wait = (wait * 2).min(most);
    }
}

async fn told_to_stop(signals: &mut Signals) {
    while signals.next().await != Signal::Stop {}
}

/// Whether time alone may help. An engine that ran a moment ago in this process is given more
/// credit: its folder is sound, or was, and may still be on its way to being let go.
fn is_passing(error: &StartError, first: bool) -> bool {
    error.is_of_disk() || (!first && error.is_of_files())
}
