//! The trait a plugin's author implements, and how a call reaches its method. Author's side.

use std::fmt::Write as _;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::http::{Http, HttpError};
use crate::manifest::Manifest;
use crate::money::Money;
use crate::vocabulary::{
    Answer, Cancellation, Country, OrderStatus, Purchase, PurchaseRequest, Quote, QuoteRequest,
    RefusalReason, Resend, Service, VendorOrder,
};

/// What the engine may ask of a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// [`Provider::services`].
    Services,
    /// [`Provider::countries`].
    Countries,
    /// [`Provider::quote`].
    Quote(QuoteRequest),
    /// [`Provider::buy`].
    Buy(PurchaseRequest),
    /// [`Provider::check`] of the order with this vendor id.
    Check(String),
    /// [`Provider::list_active`].
    ListActive,
    /// [`Provider::history`].
    History,
    /// [`Provider::cancel`] of the order with this vendor id.
    Cancel(String),
    /// [`Provider::resend`] for the order with this vendor id.
    Resend(String),
    /// [`Provider::balance`].
    Balance,
}

/// What a call brings along.
#[derive(Debug)]
pub struct Call {
    /// Milliseconds since 1970-01-01 UTC, by the engine's clock; plugins have none of their own.
    pub now_unix_ms: i64,
    /// The way to the vendor.
    pub http: Http,
}

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderError {
    /// The request never left this machine.
    NotSent(String),
    /// The request left and was not answered.
    Unanswered(String),
    /// The vendor said no in so many words.
    Refused {
        /// The reason.
        reason: RefusalReason,
        /// How long the vendor wants to be left alone.
        #[serde(default)]
        retry_after_secs: Option<u32>,
    },
    /// The vendor's answer makes no sense; what was seen, short and without secrets.
    Unreadable(String),
    /// The vendor does not know this order.
    OrderNotFound,
    /// This vendor cannot do that.
    NotOffered,
    /// A mistake in the plugin: a panic, or awaiting something else than a request.
    Fault(String),
}

impl ProviderError {
    /// The vendor said no, without naming a time to come back.
    #[must_use]
    pub const fn refused(reason: RefusalReason) -> Self {
        Self::Refused { reason, retry_after_secs: None }
    }
}

impl core::fmt::Display for ProviderError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NotSent(why) => write!(out, "the request was not sent: {why}"),
            Self::Unanswered(why) => write!(out, "the vendor did not answer: {why}"),
            Self::Refused { reason, .. } => write!(out, "the vendor refused: {reason:?}"),
            Self::Unreadable(why) => write!(out, "the vendor's answer makes no sense: {why}"),
            Self::OrderNotFound => out.write_str("the vendor does not know this order"),
            Self::NotOffered => out.write_str("this vendor cannot do that"),
            Self::Fault(why) => write!(out, "the plugin failed: {why}"),
        }
    }
}

impl std::error::Error for ProviderError {}

impl From<HttpError> for ProviderError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::NotSent { why } => Self::NotSent(why),
            HttpError::Unanswered { why } => Self::Unanswered(why),
        }
    }
}

/// A vendor of numbers. Methods are sequential `async fn`s that may await
/// [`call.http.send`](Http::send) up to eight times, and nothing else.
///
/// All methods of one instance run on one thread, so `Cell` and `RefCell` are at hand; several
/// calls may be under way at once, so do not hold a borrow over an await.
// The futures never cross a thread, so the missing `Send` bound that the lint warns of is meant.
#[allow(async_fn_in_trait)]
pub trait Provider: Sized + 'static {
    /// The `settings` of the configuration, as a type; give every field a serde default.
    type Settings: DeserializeOwned;

    /// Who this is. Called before any instance exists.
    fn manifest() -> Manifest;

    /// An instance from its settings.
    ///
    /// # Errors
    /// The settings make no sense; the text names the key and the reason.
    fn new(settings: Self::Settings) -> Result<Self, String>;

    /// All services for sale.
    async fn services(&self, call: &Call) -> Result<Vec<Service>, ProviderError>;

    /// All countries for sale.
    async fn countries(&self, call: &Call) -> Result<Vec<Country>, ProviderError>;

    /// The price of one number, and the odds.
    async fn quote(&self, call: &Call, request: &QuoteRequest) -> Result<Quote, ProviderError>;

    /// Buys one number. Answer [`Purchase::Unclear`] whenever it is not certain that nothing was
    /// bought; an error after a request went out is taken as unclear as well.
    async fn buy(&self, call: &Call, request: &PurchaseRequest) -> Result<Purchase, ProviderError>;

    /// How one order stands.
    async fn check(&self, call: &Call, vendor_order_id: &str)
    -> Result<OrderStatus, ProviderError>;

    /// Cancels one order.
    async fn cancel(
        &self,
        call: &Call,
        vendor_order_id: &str,
    ) -> Result<Cancellation, ProviderError>;

    /// Our balance at the vendor.
    async fn balance(&self, call: &Call) -> Result<Money, ProviderError>;

    /// All active orders in one call; announce it as `list_active`.
    async fn list_active(&self, call: &Call) -> Result<Vec<VendorOrder>, ProviderError> {
        let _ = call;
        Err(ProviderError::NotOffered)
    }

    /// The latest orders, closed ones included; announce it as `history`.
    async fn history(&self, call: &Call) -> Result<Vec<VendorOrder>, ProviderError> {
        let _ = call;
        Err(ProviderError::NotOffered)
    }

    /// Asks for another message on the number of an order; announce it as `resend`.
    async fn resend(&self, call: &Call, vendor_order_id: &str) -> Result<Resend, ProviderError> {
        let _ = (call, vendor_order_id);
        Err(ProviderError::NotOffered)
    }
}

/// Makes an instance from the settings as JSON. Keys that the manifest does not list are
/// refused here, so that no author can forget to.
///
/// # Errors
/// What is wrong with the settings, on one line.
pub(crate) fn create<P: Provider>(settings: &[u8]) -> Result<P, String> {
    let value: serde_json::Value =
        serde_json::from_slice(settings).map_err(|error| format!("not JSON: {error}"))?;
    let object = value.as_object().ok_or("settings are not a map of keys and values")?;
    let known = P::manifest().settings;
    for key in object.keys() {
        if !known.iter().any(|setting| setting.key == *key) {
            return Err(unknown_key(key, known.iter().map(|setting| setting.key.as_str())));
        }
    }
    P::new(serde_json::from_value(value).map_err(|error| error.to_string())?)
}

fn unknown_key<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> String {
    let mut text = format!("unknown field `{key}`, ");
    let mut word = "expected";
    let mut any = false;
    for name in known {
        // Writing to a string cannot fail.
        let _ = write!(text, "{word} `{name}`");
        (word, any) = (" or", true);
    }
    if !any {
        text.push_str("there are no settings");
    }
    text
}

/// Runs the method an operation names.
pub(crate) async fn dispatch<P: Provider>(
    provider: &P,
    call: &Call,
    op: &Op,
) -> Result<Answer, ProviderError> {
    Ok(match op {
        Op::Services => Answer::Services(provider.services(call).await?),
        Op::Countries => Answer::Countries(provider.countries(call).await?),
        Op::Quote(request) => Answer::Quote(provider.quote(call, request).await?),
        Op::Buy(request) => Answer::Purchase(provider.buy(call, request).await?),
        Op::Check(id) => Answer::Status(provider.check(call, id).await?),
        Op::ListActive => Answer::Orders(provider.list_active(call).await?),
        Op::History => Answer::Orders(provider.history(call).await?),
        Op::Cancel(id) => Answer::Cancellation(provider.cancel(call, id).await?),
        Op::Resend(id) => Answer::Resend(provider.resend(call, id).await?),
        Op::Balance => Answer::Balance(provider.balance(call).await?),
    })
}
