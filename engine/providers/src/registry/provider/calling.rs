//! One call of a provider, from the question to its answer: through the breaker, a place, the
//! plugin's steps and its requests. The provider imports this.

use ring4_domain::sale::Sale;
use ring4_provider_sdk as sdk;
use ring4_provider_sdk::{Answer, Op, Step};
use tokio::time::{Instant, timeout_at};

use super::Provider;
use super::outcome::{Contact, Outcome};
use crate::breaker::Pass;
use crate::host::InstanceError;
use crate::registry::conduct::{Fault, FaultKind};
use crate::registry::plug::Plug;
use crate::scrub::scrub;
use crate::transport::Terms;
use crate::vocabulary::CallError;

/// Requests one call may make.
pub const REQUESTS_PER_CALL_MAX: usize = 8;

impl Provider {
    /// A call that only reads, so its requests may be repeated.
    pub(super) async fn ask(&self, op: Op) -> Result<Answer, CallError> {
        self.run_passing(op, true).await?.into_answer()
    }

    pub(super) async fn run_passing(&self, op: Op, repeatable: bool) -> Result<Outcome, CallError> {
        if self.sale() == Sale::Off {
            return Err(CallError::Disabled);
        }
        let line = self.line.pass().map_err(|wait| CallError::BreakerOpen {
            retry_after_secs: wait.as_secs().saturating_add(1),
        })?;
        let plug = self.plug();
        let outcome = self.run(&plug, op, repeatable).await;
        self.report(&plug, &outcome, line);
        Ok(outcome)
    }

    pub(super) fn report(&self, plug: &Plug, outcome: &Outcome, line: Pass<'_>) {
        let failed = outcome.is_failure();
        self.tally.count(failed);
        if failed {
            line.failed()
        } else {
            line.succeeded()
        }
        if let Some((kind, what)) = outcome.fault() {
            self.note(plug, kind, what);
        }
    }

    /// Takes a plugin's fault down, and says once when it was the one too many.
    pub(super) fn note(&self, plug: &Plug, kind: FaultKind, what: String) {
        let (provider, version) = (&self.options.id, &plug.manifest.version);
        tracing::error!(%provider, version, ?kind, what, "the plugin is at fault");
        if plug.conduct.note(Fault { kind, what, at_ms: (self.clock)() }) {
            tracing::error!(%provider, version, "the plugin sells no more");
        }
    }

    /// Runs one call to its end: the plugin's steps on its thread, its requests here.
    pub(super) async fn run(&self, plug: &Plug, op: Op, repeatable: bool) -> Outcome {
        let mut outcome = Outcome::new();
        let deadline = Instant::now() + self.limits.call_timeout;
        let ended = tokio::select! {
            biased;
            () = self.stopping.cancelled() => Err(CallError::ShuttingDown),
            result = self.steps_in_place(plug, op, repeatable, deadline, &mut outcome) => result,
        };
        outcome.result = ended;
        outcome
    }

    /// Waits for a place among the calls that may be under way. Nothing has left until then.
    async fn steps_in_place(
        &self,
        plug: &Plug,
        op: Op,
        repeatable: bool,
        deadline: Instant,
        outcome: &mut Outcome,
    ) -> Result<Answer, CallError> {
        let place = timeout_at(deadline, self.places.acquire()).await;
        let Ok(Ok(_place)) = place else { return Err(CallError::Busy) };
        self.steps(plug, op, repeatable, deadline, outcome).await
    }

    async fn steps(
        &self,
        plug: &Plug,
        op: Op,
        repeatable: bool,
        deadline: Instant,
        outcome: &mut Outcome,
    ) -> Result<Answer, CallError> {
        let body_len_max = match op {
            Op::Services | Op::Countries | Op::ListActive | Op::History => self.limits.list_len_max,
            _ => self.limits.body_len_max,
        };
        let terms = Terms { repeatable, body_len_max, deadline };
        let fits = answer_of(&op);
        let invocation = sdk::Invocation { now_unix_ms: (self.clock)(), op };
        let call = serde_json::to_vec(&invocation)
            .map_err(|error| CallError::PluginFault(error.to_string()))?;
        let instance = plug.instance(deadline).await.map_err(instance_error)?;
        let (operation, step) = instance.begin(call).await.map_err(instance_error)?;
        let mut step = read_step(&step)?;
        for _ in 0..REQUESTS_PER_CALL_MAX {
            let request = match step {
                Step::Done(answer) if fits(&answer) => return Ok(answer),
                Step::Done(_) => return Err(other_answer()),
                Step::Failed(error) => return Err(outcome.fail(error)),
                Step::Send(request) => request,
            };
            let operation = operation.as_ref().ok_or_else(|| {
                CallError::PluginFault("it sends a request after its end".to_owned())
            })?;
            // Until the exchange tells otherwise: this future may be dropped while it runs.
            outcome.contact = Contact::Open;
            let exchange = plug.transport.perform(&request, terms).await;
            outcome.note(&exchange);
            let head = serde_json::to_vec(&exchange.head)
                .map_err(|error| CallError::PluginFault(error.to_string()))?;
            let resumed = operation.resume(head, exchange.body).await;
            step = read_step(&resumed.map_err(instance_error)?)?;
        }
        match step {
            Step::Done(answer) if fits(&answer) => Ok(answer),
            Step::Done(_) => Err(other_answer()),
            Step::Failed(error) => Err(outcome.fail(error)),
            Step::Send(_) => Err(CallError::PluginFault(format!(
                "it sent more than {REQUESTS_PER_CALL_MAX} requests"
            ))),
        }
    }
}

/// Which answer belongs to a question.
fn answer_of(op: &Op) -> fn(&Answer) -> bool {
    match op {
        Op::Services => |answer| matches!(answer, Answer::Services(_)),
        Op::Countries => |answer| matches!(answer, Answer::Countries(_)),
        Op::Quote(_) => |answer| matches!(answer, Answer::Quote(_)),
        Op::Buy(_) => |answer| matches!(answer, Answer::Purchase(_)),
        Op::Check(_) => |answer| matches!(answer, Answer::Status(_)),
        Op::ListActive | Op::History => |answer| matches!(answer, Answer::Orders(_)),
        Op::Cancel(_) => |answer| matches!(answer, Answer::Cancellation(_)),
        Op::Resend(_) => |answer| matches!(answer, Answer::Resend(_)),
        Op::Balance => |answer| matches!(answer, Answer::Balance(_)),
    }
}

pub(super) fn other_answer() -> CallError {
    CallError::PluginFault("it answered another question".to_owned())
}

fn read_step(json: &[u8]) -> Result<Step, CallError> {
    // The error's text may quote the answer, which may hold a code.
    serde_json::from_slice(json).map_err(|error| {
        CallError::PluginFault(format!("its answer is not readable: {}", scrub(&error.to_string())))
    })
}

fn instance_error(error: InstanceError) -> CallError {
    match error {
        InstanceError::OutOfService => CallError::OutOfService,
        InstanceError::Busy => CallError::Busy,
        InstanceError::AnswerTooLong => CallError::PluginFault("its answer is too long".to_owned()),
    }
}
