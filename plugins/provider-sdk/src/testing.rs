//! Runs a provider without the engine and without a network, for the tests of plugins.

use crate::http::{HttpError, Request, Response};
use crate::operation::{Operation, Step};
use crate::provider::{self, Op, Provider, ProviderError};
use crate::vocabulary::{Answer, Invocation};

/// Steps after which the engine gives up on a call.
pub const STEPS_MAX: usize = 8;

/// Makes a provider from its settings as the engine would, unknown keys refused.
///
/// # Errors
/// What the operator would read.
pub fn create<P: Provider>(settings: &serde_json::Value) -> Result<P, String> {
    provider::create(settings.to_string().as_bytes())
}

/// Runs one call to its end; `vendor` answers the requests.
///
/// # Errors
/// The call's own error, or a fault after more than [`STEPS_MAX`] requests.
pub fn run<P: Provider>(
    provider: &P,
    now_unix_ms: i64,
    op: Op,
    mut vendor: impl FnMut(&Request) -> Result<Response, HttpError>,
) -> Result<Answer, ProviderError> {
    let mut operation = Operation::start(provider, Invocation { now_unix_ms, op });
    for _ in 0..=STEPS_MAX {
        match operation.advance() {
            Step::Done(answer) => return Ok(answer),
            Step::Failed(error) => return Err(error),
            Step::Send(request) => operation.arrive(vendor(&request)),
        }
    }
    Err(ProviderError::Fault("it sent too many requests".to_owned()))
}

/// Runs a call that must not send anything.
///
/// # Errors
/// As [`run`]; a request fails as not sent.
pub fn run_offline<P: Provider>(
    provider: &P,
    now_unix_ms: i64,
    op: Op,
) -> Result<Answer, ProviderError> {
    let nobody = |_: &Request| Err(HttpError::NotSent { why: "there is no network".to_owned() });
    run(provider, now_unix_ms, op, nobody)
}
