//! What one call into a plugin costs, without the thread hop and without HTTP. For benches and
//! for people who write plugins; nothing in the engine's own path uses it.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use ring4_provider_sdk::{Invocation, Op, ResponseHead, Step};

use super::library::{self, Plugin};
use super::{LoadError, LoadRefusal, PluginFile};

/// The mean cost of one `check` of an order: begin, the step read, resume with this body and
/// HTTP 200, the answer read, finish. Runs on the calling thread and without any time limit, so
/// it is not for plugins one does not trust.
///
/// # Errors
/// The plugin is not loaded, or it does not answer a check with one request and then an answer.
pub fn time_checks(
    file: &PluginFile,
    cache_dir: &Path,
    settings: &serde_json::Value,
    body: &[u8],
    rounds: u32,
) -> Result<Duration, LoadError> {
    let refuse = |refusal| LoadError::new(file.path(), refusal);
    let copy = file.copy_to(cache_dir)?;
    let table = library::open(&copy, file.header()).map_err(refuse)?;
    let name = "timing".to_owned();
    let mut plugin = Plugin::create(table, &name, settings.to_string().as_bytes())
        .map_err(|reason| refuse(LoadRefusal::Settings { provider: name, reason }))?;
    let start = Instant::now();
    for round in 0..rounds {
        black_box(check(&mut plugin, u64::from(round), body).map_err(refuse)?);
    }
    Ok(start.elapsed() / rounds.max(1))
}

fn check(plugin: &mut Plugin, id: u64, body: &[u8]) -> Result<Step, LoadRefusal> {
    let odd = || LoadRefusal::Loader("a check is not one request and one answer".to_owned());
    let call = Invocation { now_unix_ms: 1_760_000_000_000, op: Op::Check("QWERTZUI".to_owned()) };
    let call = serde_json::to_vec(&call).map_err(|_| odd())?;
    let (under_way, step) = plugin.begin(id, &call);
    let step = step.map_err(|_| odd())?;
    if !under_way || !matches!(serde_json::from_slice(&step), Ok(Step::Send(_))) {
        return Err(odd());
    }
    let head = ResponseHead::Answered { status: 200, content_type: None, retry_after_secs: None };
    let head = serde_json::to_vec(&head).map_err(|_| odd())?;
    let step = plugin.resume(id, &head, body).ok_or_else(odd)?.map_err(|_| odd())?;
    plugin.finish(id);
    match serde_json::from_slice(&step) {
        Ok(done @ Step::Done(_)) => Ok(done),
        _ => Err(odd()),
    }
}
