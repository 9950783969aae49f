//! A plugin that misbehaves on demand: test equipment for the engine's host. With no misdeed it
//! is a plain provider that sends one request per call to the configured path.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::c_void;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use ring4_provider_sdk::abi::{Bytes, PluginTable, Sink};
use ring4_provider_sdk::scalar::Scalar;
use ring4_provider_sdk::{
    Call, Cancellation, Capabilities, Country, HttpError, Manifest, Message, Money, OrderStatus,
    Provider, ProviderError, Purchase, PurchaseRequest, Quote, QuoteRequest, RefusalReason,
    Request, Response, Service, Setting, VendorOrder, export, secret, serde_json, tracing,
};
use serde::Deserialize;

/// What to do wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Misdeed {
    /// Nothing.
    #[default]
    None,
    /// Panic while the instance is made.
    PanicOnCreate,
    /// Never finish making the instance.
    LoopOnCreate,
    /// Panic before the first request.
    PanicAtOnce,
    /// Panic with a payload that panics again when it is dropped.
    PanicTwice,
    /// Panic after the first answer.
    PanicAfterAwait,
    /// Never return.
    Loop,
    /// Never return after the first answer.
    LoopAfterAwait,
    /// End the process in a check.
    Abort,
    /// Overflow the stack in a check.
    OverflowStack,
    /// Await something that is no request.
    AwaitSomethingElse,
    /// Await two requests at once.
    AwaitTwo,
    /// Send request after request.
    TooManySteps,
    /// Send a request to a host that is not in the manifest.
    ForeignHost,
    /// Send plain HTTP to another machine.
    PlainHttp,
    /// Name a secret that is not in the manifest.
    UnknownSecret,
    /// Put the secret into the address.
    SecretInQuery,
    /// Set a header that is the engine's.
    ReservedHeader,
    /// Call the purchase repeatable.
    RepeatPurchase,
    /// Answer with more bytes than are taken.
    HugeAnswer,
    /// Answer with a number of forty digits.
    OverlongNumber,
    /// Answer with an order id that holds markup.
    BadOrderId,
    /// Answer with a cost of a million dollars.
    AbsurdCost,
    /// Panic in a purchase, after the answer, and in no other call.
    PanicBuying,
    /// Never return from a purchase, after the answer; return from every other call.
    StallBuying,
    /// Buy above the cap.
    Overcharge,
    /// Put the vendor's whole answer into an error.
    LeakInError,
    /// Put the vendor's whole answer into the log.
    LeakInLog,
    /// End an order whatever the vendor said.
    EndOrder,
    /// Make a message up.
    InventMessage,
    /// Say "cancelled" whatever the vendor said.
    InventCancel,
    /// Take what is no list for an empty one.
    EmptyList,
    /// Make a price up.
    InventPrice,
    /// Send a purchase twice when the first was not answered.
    BuyTwice,
    /// Read money through a float.
    FloatMoney,
    /// Count missing fields as zero, `none` and the like.
    FillIn,
    /// Say "refused" whatever the vendor answered.
    Refuse,
    /// Write something that is not JSON.
    WriteNonsense,
    /// Write nothing.
    WriteNothing,
    /// Answer another question.
    AnswerAnother,
    /// Ask for a request and end the call in one step.
    SendAndEnd,
    /// Log codes, line breaks and far too many lines.
    Chatter,
}

/// What to do wrong, and where the request goes.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// What to do wrong.
    pub misdeed: Misdeed,
    /// Where requests go.
    pub path: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { misdeed: Misdeed::None, path: "/ok".to_owned() }
    }
}

/// What the invented vendor answers.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Reply {
    id: Scalar,
    phone: Scalar,
    price: Scalar,
    balance: Scalar,
}

/// The provider.
pub struct Misbehaving {
    settings: Settings,
}

/// The table as the SDK makes it.
const HONEST: PluginTable = export::table::<Misbehaving>(false);

/// The table with a `begin` of our own, because the SDK cannot be made to write nonsense.
#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
pub static ring4_provider_plugin: PluginTable = PluginTable { begin, ..HONEST };

thread_local! {
    /// The misdeed of the instance on this thread.
    static MISDEED: Cell<Misdeed> = const { Cell::new(Misdeed::None) };
}

unsafe extern "C" fn begin(instance: *mut c_void, call: Bytes, step: Sink) -> *mut c_void {
    if MISDEED.get() == Misdeed::HugeAnswer {
        let blanks = vec![b' '; 1 << 20];
        for _ in 0..9 {
            // SAFETY: the engine's sink, for the call that is running.
            unsafe { (step.write)(step.ctx, Bytes::of(&blanks)) }
        }
        return std::ptr::null_mut();
    }
    let written: &[u8] = match MISDEED.get() {
        Misdeed::WriteNonsense => b"{\"done\":42",
        Misdeed::WriteNothing => b"",
        Misdeed::AnswerAnother => br#"{"done":{"countries":[]}}"#,
        Misdeed::SendAndEnd => br#"{"send":{"method":"GET","url":"/ok","idempotent":true}}"#,
        // SAFETY: handed on as it came from the engine.
        _ => return unsafe { (HONEST.begin)(instance, call, step) },
    };
    // SAFETY: the engine's sink, for the call that is running.
    unsafe { (step.write)(step.ctx, Bytes::of(written)) }
    std::ptr::null_mut()
}

/// A payload that panics again when it is dropped.
struct Bomb;

impl Drop for Bomb {
    #[allow(clippy::panic)]
    fn drop(&mut self) {
        panic!("the payload panics as well");
    }
}

/// Does not return until the process ends; the flag keeps the compiler from proving it. Parked,
/// because a busy loop would slow down the tests beside it and is as stuck to the engine.
fn run_for_ever() {
    static GO_ON: AtomicBool = AtomicBool::new(true);
    while GO_ON.load(Ordering::Relaxed) {
        std::thread::park();
    }
}

/// Calls itself until the stack is gone; the arithmetic after the call keeps it from becoming a
/// loop.
#[allow(unconditional_recursion)]
fn dive(depth: u64) -> u64 {
    let ballast = std::hint::black_box([depth; 512]);
    dive(depth.wrapping_add(1)).wrapping_add(ballast.iter().sum::<u64>())
}

impl Misbehaving {
    fn request(&self) -> Request {
        let request = Request::post(&self.settings.path).bearer(secret("api_key"));
        let elsewhere = |url: &str| Request::post(url).bearer(secret("api_key"));
        match self.settings.misdeed {
            Misdeed::ForeignHost => elsewhere("https://elsewhere.invalid/steal"),
            Misdeed::PlainHttp => elsewhere("http://elsewhere.invalid/steal"),
            Misdeed::UnknownSecret => request.header("x-other", secret("other")),
            Misdeed::SecretInQuery => request.query("key", secret("api_key")),
            Misdeed::ReservedHeader => request.header("Host", "elsewhere.invalid"),
            Misdeed::RepeatPurchase => request.idempotent(),
            _ => request,
        }
    }

    /// The one request of a call, with whatever goes wrong around it.
    async fn exchange(&self, call: &Call, repeatable: bool) -> Result<Response, HttpError> {
        let request = self.request();
        self.send(call, if repeatable { request.idempotent() } else { request }).await
    }

    #[allow(clippy::panic)]
    async fn send(&self, call: &Call, request: Request) -> Result<Response, HttpError> {
        match self.settings.misdeed {
            Misdeed::PanicAtOnce => panic!("at once, with the code 48213"),
            Misdeed::PanicTwice => std::panic::panic_any(Bomb),
            Misdeed::Loop => run_for_ever(),
            Misdeed::AwaitSomethingElse => std::future::pending::<()>().await,
            Misdeed::AwaitTwo => self.await_two(call).await,
            Misdeed::TooManySteps => loop {
                call.http.send(self.request()).await?;
            },
            Misdeed::Chatter => {
                tracing::warn!(code = 48213, "the code is 48213\nand a second line");
                (0..1_000).for_each(|line| tracing::warn!("line {line}"));
            }
            _ => {}
        }
        let response = call.http.send(request).await?;
        match self.settings.misdeed {
            Misdeed::PanicAfterAwait => panic!("after the answer"),
            Misdeed::LoopAfterAwait => run_for_ever(),
            _ => {}
        }
        Ok(response)
    }

    async fn await_two(&self, call: &Call) {
        let (mut one, mut two) =
            (pin!(call.http.send(self.request())), pin!(call.http.send(self.request())));
        std::future::poll_fn(|context| {
            let ready = one.as_mut().poll(context).is_ready();
            if two.as_mut().poll(context).is_ready() && ready {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

impl Provider for Misbehaving {
    type Settings = Settings;

    fn manifest() -> Manifest {
        Manifest {
            base_url: Some("https://vendor.invalid".to_owned()),
            secrets: vec!["api_key".to_owned()],
            settings: vec![
                Setting::new("misdeed", "none", "what to do wrong"),
                Setting::new("path", "/ok", "where requests go"),
            ],
            capabilities: Capabilities { list_active: true, ..Capabilities::default() },
            ..Manifest::new("misbehaving", env!("CARGO_PKG_VERSION"))
        }
    }

    #[allow(clippy::panic)]
    fn new(settings: Settings) -> Result<Self, String> {
        MISDEED.set(settings.misdeed);
        match settings.misdeed {
            Misdeed::PanicOnCreate => panic!("while it was made"),
            Misdeed::LoopOnCreate => run_for_ever(),
            _ => {}
        }
        Ok(Self { settings })
    }

    async fn services(&self, _: &Call) -> Result<Vec<Service>, ProviderError> {
        Ok(vec![Service { vendor_id: "x".to_owned(), name: "Anything".to_owned() }])
    }

    async fn countries(&self, _: &Call) -> Result<Vec<Country>, ProviderError> {
        Ok(Vec::new())
    }

    async fn quote(&self, call: &Call, _: &QuoteRequest) -> Result<Quote, ProviderError> {
        self.exchange(call, true).await?;
        if self.settings.misdeed == Misdeed::InventPrice {
            let cost = Money::from_cents(24);
            return Ok(Quote::Offered {
                cost,
                high_cost: None,
                stock: None,
                success_percent: None,
            });
        }
        Ok(Quote::Unavailable { reason: RefusalReason::OutOfStock })
    }

    #[allow(clippy::panic)]
    async fn buy(&self, call: &Call, wanted: &PurchaseRequest) -> Result<Purchase, ProviderError> {
        let purchase = self.request().field("service", wanted.service.as_str());
        let response = match self.send(call, purchase.clone()).await {
            Err(_) if self.settings.misdeed == Misdeed::BuyTwice => {
                self.send(call, purchase).await?
            }
            answered => answered?,
        };
        match self.settings.misdeed {
            Misdeed::PanicBuying => panic!("in the middle of a purchase"),
            Misdeed::StallBuying => run_for_ever(),
            _ => {}
        }
        let bought = |id: &str, number: &str, cost| Purchase::Bought {
            vendor_order_id: id.to_owned(),
            number: number.to_owned(),
            cost,
            expires_at_ms: None,
        };
        let (id, number, cost) = ("ORDER-1", "+12015550100", Money::from_cents(24));
        Ok(match self.settings.misdeed {
            Misdeed::OverlongNumber => bought(id, &format!("+{}", "1".repeat(40)), cost),
            Misdeed::BadOrderId => bought("<b>1</b>", number, cost),
            Misdeed::AbsurdCost => bought(id, number, Money::from_cents(100_000_000)),
            Misdeed::Overcharge => bought(id, number, Money::from_cents(31)),
            Misdeed::Refuse => {
                Purchase::Refused { reason: RefusalReason::OutOfStock, retry_after_secs: None }
            }
            Misdeed::FillIn => {
                let reply: Reply = serde_json::from_slice(&response.body).unwrap_or_default();
                let or = |scalar: &Scalar, other: &str| scalar.some().unwrap_or(other).to_owned();
                let price = reply.price.money().unwrap_or_else(|| Money::from_cents(0));
                bought(&or(&reply.id, "none"), &or(&reply.phone, "+10000000"), price)
            }
            _ if response.status == 200 => bought(id, number, cost),
            _ => Purchase::Unclear { why: format!("HTTP {}", response.status) },
        })
    }

    async fn check(&self, call: &Call, _: &str) -> Result<OrderStatus, ProviderError> {
        match self.settings.misdeed {
            Misdeed::Abort => std::process::abort(),
            Misdeed::OverflowStack => {
                dive(1);
            }
            _ => {}
        }
        let response = self.exchange(call, true).await?;
        let said = || String::from_utf8_lossy(&response.body).into_owned();
        match (self.settings.misdeed, response.status) {
            (Misdeed::LeakInError, _) => Err(ProviderError::Unreadable(said())),
            (Misdeed::LeakInLog, _) => {
                tracing::warn!(body = said(), "what is this?");
                Ok(OrderStatus::Waiting)
            }
            (Misdeed::EndOrder, _) => Ok(OrderStatus::Refunded),
            (Misdeed::InventMessage, _) => {
                let code = Some("48213".to_owned());
                let messages = vec![Message { code, text: None, received_at_ms: None }];
                Ok(OrderStatus::Received { messages })
            }
            (_, 200) => Ok(OrderStatus::Waiting),
            (_, 429) => Err(ProviderError::refused(RefusalReason::RateLimited)),
            (_, status) => Err(ProviderError::Unreadable(format!("HTTP {status}"))),
        }
    }

    async fn list_active(&self, call: &Call) -> Result<Vec<VendorOrder>, ProviderError> {
        let response = self.exchange(call, true).await?;
        match self.settings.misdeed {
            Misdeed::EmptyList => Ok(Vec::new()),
            _ => Err(ProviderError::Unreadable(format!("HTTP {}", response.status))),
        }
    }

    async fn cancel(&self, call: &Call, _: &str) -> Result<Cancellation, ProviderError> {
        let response = self.exchange(call, false).await?;
        match (self.settings.misdeed, response.status) {
            (Misdeed::InventCancel, _) | (_, 200) => Ok(Cancellation::Cancelled),
            (_, status) => Err(ProviderError::Unreadable(format!("HTTP {status}"))),
        }
    }

    #[allow(clippy::float_arithmetic, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    async fn balance(&self, call: &Call) -> Result<Money, ProviderError> {
        let response = self.exchange(call, false).await?;
        if self.settings.misdeed == Misdeed::FloatMoney {
            let reply: Reply = serde_json::from_slice(&response.body).unwrap_or_default();
            let amount: f64 = reply.balance.text().parse().unwrap_or_default();
            return Ok(Money::from_cents((amount * 100.0) as u32));
        }
        Ok(Money::from_cents(100))
    }
}
