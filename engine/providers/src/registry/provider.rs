//! One configured provider: its plugin's instance, its transport and its breakers, and what can be
//! asked of it. The registry imports this.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, WeakShared};
use ring4_domain::ids::Country;
use ring4_domain::money::Amount;
use ring4_domain::sale::Sale;
use ring4_provider_sdk as sdk;
use ring4_provider_sdk::{Answer, Op};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::plug::Plug;
use super::swap::{PluginVersion, Swap, SwapError};
use super::tally::Tally;
use super::{Block, Limits, PluginOptions, ProviderOptions, ProviderStatus, UnixMillisClock};
use crate::answer;
use crate::breaker::{Breaker, BreakerState};
use crate::host::{LoadError, plugin_path};
use crate::scrub::scrub;
use crate::vocabulary::{
    BuyRequest, CallError, Cancellation, Catalogue, OrderStatus, Purchase, Quote, RefusalReason,
    Resend, VendorOrder,
};

mod calling;
mod outcome;

pub use self::calling::REQUESTS_PER_CALL_MAX;
use self::calling::other_answer;
use self::outcome::{Account, Contact};

type Listing = WeakShared<BoxFuture<'static, Result<Arc<Vec<VendorOrder>>, CallError>>>;

/// A loaded provider.
pub(super) struct Provider {
    options: ProviderOptions,
    plugins: PluginOptions,
    limits: Limits,
    /// Replaced as a whole by a swap; a call keeps the one it began with.
    plug: RwLock<Arc<Plug>>,
    /// Plugins that were replaced and have calls under way.
    former: Mutex<Vec<Weak<Plug>>>,
    /// Held while a new plugin is opened and tried.
    swapping: tokio::sync::Mutex<()>,
    sale: Mutex<Sale>,
    line: Breaker,
    selling: Breaker,
    tally: Tally,
    balance: Mutex<Option<Amount>>,
    block: Mutex<Option<Block>>,
    /// One place for each call that may be under way.
    places: Semaphore,
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
        let plug = Plug::load(&options, plugins, path)?;
        let calls_max = options.limits.calls_max.max(1);
        Ok(Self {
            limits: options.limits,
            options,
            plugins: plugins.clone(),
            plug: RwLock::new(Arc::new(plug)),
            former: Mutex::default(),
            swapping: tokio::sync::Mutex::default(),
            sale: Mutex::new(Sale::Open),
            line: Breaker::new(),
            selling: Breaker::new(),
            tally: Tally::default(),
            balance: Mutex::new(None),
            block: Mutex::new(None),
            places: Semaphore::new(calls_max),
            listing: Mutex::new(None),
            clock,
            stopping: CancellationToken::new(),
        })
    }

    fn plug(&self) -> Arc<Plug> {
        Arc::clone(&self.plug.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where its plugin's file is looked for.
    pub(super) fn file(&self) -> Result<PathBuf, LoadError> {
        plugin_path(self.plugins.dir.as_deref(), &self.options.plugin)
    }

    pub(super) fn sale(&self) -> Sale {
        *self.sale.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it sells. Opening the sale also forgives its plugin what it did.
    pub(super) fn set_sale(&self, sale: Sale) {
        *self.sale.lock().unwrap_or_else(PoisonError::into_inner) = sale;
        if sale == Sale::Open {
            self.plug().conduct.pardon();
        }
    }

    pub(super) fn can_buy(&self) -> bool {
        let plug = self.plug();
        self.sale() == Sale::Open
            && !plug.is_out_of_service()
            && !plug.conduct.is_quarantined()
            && !self.stopping.is_cancelled()
            && self.line.state() == BreakerState::Closed
            && self.selling.state() != BreakerState::Open
    }

    pub(super) async fn buy(&self, request: &BuyRequest) -> Purchase {
        let refused = |reason| Purchase::Refused { reason };
        let plug = self.plug();
        // Whether a line works again is for calls to find out that cost nobody anything.
        let is_down = self.line.state() != BreakerState::Closed;
        if self.sale() != Sale::Open || plug.conduct.is_quarantined() || is_down {
            return refused(RefusalReason::Unavailable);
        }
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
        let outcome = self.run(&plug, op, false).await;
        self.report(&plug, &outcome, line);
        self.note_block(outcome::report_selling(&outcome, selling));
        let said = outcome.claim();
        let purchase = outcome.into_purchase((self.clock)());
        if let Some((kind, what)) = outcome::false_purchase(said, &purchase, request.max_price) {
            self.note(&plug, kind, what);
        }
        purchase
    }

    fn note_block(&self, account: Account) {
        let mut block = self.block.lock().unwrap_or_else(PoisonError::into_inner);
        match account {
            Account::Fine => *block = None,
            Account::Blocked { reason, pause } => {
                let pause_ms = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
                let until_ms = (self.clock)().saturating_add(pause_ms);
                *block = Some(Block { reason, until_ms });
            }
            Account::Unknown => {}
        }
    }

    fn block(&self) -> Option<Block> {
        let block = *self.block.lock().unwrap_or_else(PoisonError::into_inner);
        block.filter(|block| (self.clock)() < block.until_ms)
    }

    pub(super) fn restore_block(&self, block: Block) {
        let left_ms = block.until_ms.saturating_sub((self.clock)());
        // A time beyond all that a vendor may ask for is no time.
        let left = u64::try_from(left_ms).map(Duration::from_millis).unwrap_or_default();
        if let Ok(pass) = self.selling.pass()
            && !left.is_zero()
            && left <= outcome::PAUSE_MAX
        {
            pass.tripped(left);
            *self.block.lock().unwrap_or_else(PoisonError::into_inner) = Some(block);
        }
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

    pub(super) fn lists_active(&self) -> bool {
        self.plug().manifest.capabilities.list_active
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
        let plug = self.plug();
        let can = &plug.manifest.capabilities;
        ProviderStatus {
            id: self.options.id.clone(),
            enabled: true,
            sale: self.sale(),
            plugin: plug.manifest.name.clone(),
            version: plug.manifest.version.clone(),
            sha256: plug.sha256.clone(),
            quarantine: plug.conduct.quarantine(),
            faults: plug.conduct.faults(),
            list_active: can.list_active,
            history: can.history,
            price_cap: can.price_cap,
            resend: can.resend,
            early_cancel_lock_secs: can.early_cancel_lock_secs,
            out_of_service: plug.is_out_of_service(),
            line: self.line.state(),
            selling: self.selling.state(),
            error_percent,
            calls_per_minute,
            block: self.block(),
            balance: *self.balance.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    pub(super) async fn stop(&self) {
        self.stopping.cancel();
        let former = std::mem::take(&mut *self.lock_former());
        let plugs = former.iter().filter_map(Weak::upgrade).chain([self.plug()]);
        let stopping = plugs.map(|plug| async move { plug.stop().await });
        futures_util::future::join_all(stopping).await;
    }

    fn lock_former(&self) -> MutexGuard<'_, Vec<Weak<Plug>>> {
        self.former.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the plugin's file as it lies there now beside the one in use, tries it, and goes on
    /// with it. Calls under way end with the plugin they began with.
    pub(super) async fn swap(self: &Arc<Self>) -> Result<Swap, SwapError> {
        let _turn = self.swapping.lock().await;
        let path = self.file()?;
        let (options, plugins) = (self.options.clone(), self.plugins.clone());
        let load = move || Plug::load(&options, &plugins, &path);
        let loaded = tokio::task::spawn_blocking(load).await;
        let mut next = loaded.map_err(|error| SwapError::Tried(scrub(&error.to_string())))??;
        let current = self.plug();
        let version = |plug: &Plug| PluginVersion {
            version: plug.manifest.version.clone(),
            sha256: plug.sha256.clone(),
        };
        let (from, to) = (version(&current), version(&next));
        if from.sha256 == to.sha256 {
            next.stop().await;
            return Ok(Swap { from, to });
        }
        if current.manifest.name != next.manifest.name {
            let (was, is) = (current.manifest.name.clone(), next.manifest.name.clone());
            next.stop().await;
            return Err(SwapError::Another { was, is });
        }
        next.transport.succeed(&current.transport);
        if let Err(error) = self.probe(&next).await {
            next.stop().await;
            return Err(SwapError::Tried(error.to_string()));
        }
        *self.plug.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        let mut former = self.lock_former();
        former.retain(|plug| plug.strong_count() > 0);
        former.push(Arc::downgrade(&current));
        tracing::info!(provider = %self.options.id, ?from, ?to, "plugin swapped");
        Ok(Swap { from, to })
    }

    /// Asks a plugin that is not in use yet for the balance. That the vendor cannot be reached
    /// or refuses is no fault of the plugin; not to make sense of its answer is.
    async fn probe(&self, plug: &Plug) -> Result<(), CallError> {
        let balance = match self.run(plug, Op::Balance, true).await.into_answer() {
            Ok(Answer::Balance(money)) => answer::balance(&money).map(drop).map_err(Into::into),
            Ok(_) => Err(other_answer()),
            Err(error) => Err(error),
        };
        match balance {
            Err(
                CallError::NotSent(_)
                | CallError::Unanswered(_)
                | CallError::Refused(_)
                | CallError::NotOffered,
            )
            | Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn orders(answer: Answer, now_ms: i64) -> Result<Vec<VendorOrder>, CallError> {
    match answer {
        Answer::Orders(orders) => Ok(answer::orders(orders, now_ms)?),
        _ => Err(other_answer()),
    }
}
