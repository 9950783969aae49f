//! One configured provider: its plugin's instance, its transport and its breakers, and how a
//! call runs through them. The registry imports this.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, WeakShared};
use ring4_domain::ids::{Country, ProviderId};
use ring4_domain::money::Amount;
use ring4_provider_sdk as sdk;
use ring4_provider_sdk::{Answer, Manifest, Op, Step};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::tally::Tally;
use super::{Limits, PluginOptions, ProviderOptions, ProviderStatus, UnixMillisClock};
use crate::answer;
use crate::breaker::{Breaker, BreakerState, Pass};
use crate::host::{Instance, InstanceError, LoadError, LoadRefusal, Started, inspect};
use crate::scrub::scrub;
use crate::transport::{Exchange, Reach, Terms, Transport, TransportOptions};
use crate::vocabulary::{
    BuyRequest, CallError, Cancellation, Catalogue, OrderStatus, Purchase, Quote, RefusalReason,
    Resend, VendorOrder,
};

mod outcome;

use self::outcome::{Contact, Outcome};

/// Requests one call may make.
pub const REQUESTS_PER_CALL_MAX: usize = 8;

type Listing = WeakShared<BoxFuture<'static, Result<Arc<Vec<VendorOrder>>, CallError>>>;

/// A loaded provider.
pub(super) struct Provider {
    id: ProviderId,
    manifest: Manifest,
    sha256: String,
    limits: Limits,
    instance: Instance,
    transport: Transport,
    line: Breaker,
    selling: Breaker,
    tally: Tally,
    balance: Mutex<Option<Amount>>,
    /// Weak: when all who asked went away, so does the request.
    listing: Mutex<Option<Listing>>,
    clock: UnixMillisClock,
    stopping: CancellationToken,
}

impl Provider {
    pub(super) fn load(
        options: ProviderOptions,
        plugins: &PluginOptions,
        path: &Path,
        clock: UnixMillisClock,
    ) -> Result<Self, LoadError> {
        let refuse = |refusal| LoadError::new(path, refusal);
        let file = inspect(path)?;
        file.check_allowed(&plugins.allow)?;
        let copy = file.copy_to(&plugins.cache_dir)?;
        let name = options.id.to_string();
        let settings = match &options.settings {
            serde_json::Value::Null => b"{}".to_vec(),
            settings => settings.to_string().into_bytes(),
        };
        let limits = options.limits;
        let Started { instance, manifest } =
            Instance::start(&copy, file.header(), &name, settings, limits.step_timeout)
                .map_err(refuse)?;
        let missing = |secret: &&String| {
            options.secrets.get(*secret).is_none_or(|secret| secret.expose().is_empty())
        };
        if let Some(secret) = manifest.secrets.iter().find(missing) {
            let secret = secret.clone();
            return Err(refuse(LoadRefusal::Secret { provider: name, secret }));
        }
        let wrong = |reason| refuse(LoadRefusal::Options { provider: name.clone(), reason });
        let base = options.base_url.as_deref().or(manifest.base_url.as_deref());
        let reach = Reach::new(base, &manifest.hosts)
            .map_err(|error| wrong(format!("base_url: {error}")))?;
        // Only what the manifest names is ever substituted.
        let mut secrets = options.secrets;
        secrets.retain(|name, _| manifest.secrets.contains(name));
        let transport = Transport::new(TransportOptions {
            reach,
            secrets,
            secret_in_query: manifest.secret_in_query,
            connect_timeout: limits.connect_timeout,
            rate_per_sec: limits.rate_per_sec,
        })
        .map_err(|reason| wrong(format!("HTTP: {reason}")))?;
        Ok(Self {
            id: options.id,
            sha256: file.sha256().to_owned(),
            manifest,
            limits,
            instance,
            transport,
            line: Breaker::new(),
            selling: Breaker::new(),
            tally: Tally::default(),
            balance: Mutex::new(None),
            listing: Mutex::new(None),
            clock,
            stopping: CancellationToken::new(),
        })
    }

    pub(super) fn can_buy(&self) -> bool {
        !self.instance.is_out_of_service()
            && !self.stopping.is_cancelled()
            && self.line.state() != BreakerState::Open
            && self.selling.state() != BreakerState::Open
    }

    pub(super) async fn buy(&self, request: &BuyRequest) -> Purchase {
        let refused = |reason| Purchase::Refused { reason };
        let Some(max_price) = sdk::Money::parse(&request.max_price.to_text()) else {
            return refused(RefusalReason::BadRequest);
        };
        let (Ok(line), Ok(selling)) = (self.line.pass(), self.selling.pass()) else {
            return refused(RefusalReason::Unavailable);
        };
        let op = Op::Buy(sdk::PurchaseRequest {
            service: request.service.clone(),
            country: request.country.to_string(),
            max_price,
        });
        let outcome = self.run(op, false).await;
        self.report(&outcome, line);
        outcome::report_selling(&outcome, selling);
        outcome.into_purchase((self.clock)())
    }

    pub(super) async fn quote(&self, service: &str, country: Country) -> Result<Quote, CallError> {
        let request =
            sdk::QuoteRequest { service: service.to_owned(), country: country.to_string() };
        match self.ask(Op::Quote(request)).await? {
            Answer::Quote(quote) => Ok(answer::quote(&quote)?),
            _ => Err(other_answer()),
        }
    }

    pub(super) async fn check(&self, vendor_order_id: &str) -> Result<OrderStatus, CallError> {
        match self.ask(Op::Check(vendor_order_id.to_owned())).await? {
            Answer::Status(status) => Ok(answer::status(status, (self.clock)())),
            _ => Err(other_answer()),
        }
    }

    /// One request for all who ask while it is under way.
    pub(super) async fn list_active(self: &Arc<Self>) -> Result<Arc<Vec<VendorOrder>>, CallError> {
        let listing = {
            let mut slot = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
            let under_way = slot.as_ref().and_then(WeakShared::upgrade);
            match under_way.filter(|listing| listing.peek().is_none()) {
                Some(listing) => listing,
                None => {
                    let provider = Arc::clone(self);
                    let list = async move {
                        let answer = provider.ask(Op::ListActive).await?;
                        orders(answer, (provider.clock)()).map(Arc::new)
                    };
                    let listing = list.boxed().shared();
                    *slot = listing.downgrade();
                    listing
                }
            }
        };
        listing.await
    }

    pub(super) const fn lists_active(&self) -> bool {
        self.manifest.capabilities.list_active
    }

    pub(super) const fn rate_per_sec(&self) -> u32 {
        self.limits.rate_per_sec
    }

    pub(super) async fn history(&self) -> Result<Vec<VendorOrder>, CallError> {
        orders(self.ask(Op::History).await?, (self.clock)())
    }

    pub(super) async fn cancel(&self, vendor_order_id: &str) -> Result<Cancellation, CallError> {
        let outcome = self.run_passing(Op::Cancel(vendor_order_id.to_owned()), false).await?;
        let contact = outcome.contact;
        match outcome.into_answer() {
            Ok(Answer::Cancellation(cancellation)) => Ok(answer::cancellation(cancellation)),
            Ok(_) => Ok(Cancellation::Unclear { why: other_answer().to_string() }),
            Err(CallError::OrderNotFound) => Ok(Cancellation::NotFound),
            Err(error @ (CallError::Refused(_) | CallError::NotOffered)) => Err(error),
            Err(error) if contact == Contact::None => Err(error),
            Err(error) => Ok(Cancellation::Unclear { why: error.to_string() }),
        }
    }

    pub(super) async fn resend(&self, vendor_order_id: &str) -> Result<Resend, CallError> {
        let outcome = self.run_passing(Op::Resend(vendor_order_id.to_owned()), false).await?;
        let contact = outcome.contact;
        let unclear = |why: String| Ok(Resend::Unclear { why });
        match outcome.into_answer() {
            Ok(Answer::Resend(resend)) => {
                answer::resend(resend).or_else(|insane| unclear(insane.0.to_owned()))
            }
            Ok(_) => unclear(other_answer().to_string()),
            Err(
                error @ (CallError::Refused(_) | CallError::NotOffered | CallError::OrderNotFound),
            ) => Err(error),
            Err(error) if contact == Contact::None => Err(error),
            Err(error) => unclear(error.to_string()),
        }
    }

    pub(super) async fn balance(&self) -> Result<Amount, CallError> {
        match self.ask(Op::Balance).await? {
            Answer::Balance(money) => {
                let balance = answer::balance(&money)?;
                *self.balance.lock().unwrap_or_else(PoisonError::into_inner) = Some(balance);
                Ok(balance)
            }
            _ => Err(other_answer()),
        }
    }

    pub(super) async fn catalogue(&self) -> Result<Catalogue, CallError> {
        let (Answer::Services(services), Answer::Countries(countries)) =
            (self.ask(Op::Services).await?, self.ask(Op::Countries).await?)
        else {
            return Err(other_answer());
        };
        let services = answer::services(services)?;
        Ok(Catalogue { services, countries: answer::countries(countries)? })
    }

    pub(super) fn status(&self) -> ProviderStatus {
        let (error_percent, calls_per_minute) = self.tally.read();
        let can = &self.manifest.capabilities;
        ProviderStatus {
            id: self.id.clone(),
            enabled: true,
            plugin: self.manifest.name.clone(),
            version: self.manifest.version.clone(),
            sha256: self.sha256.clone(),
            list_active: can.list_active,
            history: can.history,
            price_cap: can.price_cap,
            resend: can.resend,
            early_cancel_lock_secs: can.early_cancel_lock_secs,
            out_of_service: self.instance.is_out_of_service(),
            line: self.line.state(),
            selling: self.selling.state(),
            error_percent,
            calls_per_minute,
            balance: *self.balance.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    pub(super) async fn stop(&self) {
        self.stopping.cancel();
        self.instance.stop().await;
    }

    /// A call that only reads, so its requests may be repeated.
    async fn ask(&self, op: Op) -> Result<Answer, CallError> {
        self.run_passing(op, true).await?.into_answer()
    }

    async fn run_passing(&self, op: Op, repeatable: bool) -> Result<Outcome, CallError> {
        let line = self.line.pass().map_err(|wait| CallError::BreakerOpen {
            retry_after_secs: wait.as_secs().saturating_add(1),
        })?;
        let outcome = self.run(op, repeatable).await;
        self.report(&outcome, line);
        Ok(outcome)
    }

    fn report(&self, outcome: &Outcome, line: Pass<'_>) {
        let failed = outcome.is_failure();
        self.tally.count(failed);
        if failed {
            line.failed()
        } else {
            line.succeeded()
        }
        if let Err(CallError::PluginFault(_) | CallError::OutOfService) = &outcome.result {
            tracing::error!(provider = %self.id, error = ?outcome.result.as_ref().err());
        }
    }

    /// Runs one call to its end: the plugin's steps on its thread, its requests here.
    async fn run(&self, op: Op, repeatable: bool) -> Outcome {
        let mut outcome = Outcome::new();
        let deadline = Instant::now() + self.limits.call_timeout;
        let ended = tokio::select! {
            biased;
            () = self.stopping.cancelled() => Err(CallError::ShuttingDown),
            result = self.steps(op, repeatable, deadline, &mut outcome) => result,
        };
        outcome.result = ended;
        outcome
    }

    async fn steps(
        &self,
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
        let invocation = sdk::Invocation { now_unix_ms: (self.clock)(), op };
        let call = serde_json::to_vec(&invocation)
            .map_err(|error| CallError::PluginFault(error.to_string()))?;
        let (operation, step) = self.instance.begin(call).await.map_err(instance_error)?;
        let mut step = read_step(&step)?;
        for _ in 0..REQUESTS_PER_CALL_MAX {
            let request = match step {
                Step::Done(answer) => return Ok(answer),
                Step::Failed(error) => return Err(outcome.fail(error)),
                Step::Send(request) => request,
            };
            let operation = operation.as_ref().ok_or_else(|| {
                CallError::PluginFault("it sends a request after its end".to_owned())
            })?;
            // Until the exchange tells otherwise: this future may be dropped while it runs.
            outcome.contact = Contact::Open;
            let Exchange { head, body } = self.transport.perform(&request, terms).await;
            outcome.note(&head);
            let head = serde_json::to_vec(&head)
                .map_err(|error| CallError::PluginFault(error.to_string()))?;
            step = read_step(&operation.resume(head, body).await.map_err(instance_error)?)?;
        }
        match step {
            Step::Done(answer) => Ok(answer),
            Step::Failed(error) => Err(outcome.fail(error)),
            Step::Send(_) => Err(CallError::PluginFault(format!(
                "it sent more than {REQUESTS_PER_CALL_MAX} requests"
            ))),
        }
    }
}

fn orders(answer: Answer, now_ms: i64) -> Result<Vec<VendorOrder>, CallError> {
    match answer {
        Answer::Orders(orders) => Ok(answer::orders(orders, now_ms)?),
        _ => Err(other_answer()),
    }
}

fn other_answer() -> CallError {
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
