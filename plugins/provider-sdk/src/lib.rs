//! The contract between the engine and a provider plugin, and the author's side of it. Plugins
//! and `ring4-providers` import this; it imports nobody of the engine.
//!
//! A plugin is a shared library that never touches a socket, a thread or a clock. Its author
//! writes a type with ordinary sequential `async fn`s ([`Provider`]) whose only awaitable is
//! [`Http::send`]; [`export_provider!`] turns it into the one exported symbol the engine looks
//! for. Each suspension becomes one "please do this request" step that the engine performs, so
//! time-outs, retries, rate limits, secrets and redaction live in one place, and the engine
//! knows whether a request left the machine.
//!
//! Alternatives that were refused: trait objects with `async fn` across the library border (each
//! shared library has its own copy of tokio's thread-locals, so the engine's poll panics), and a
//! runtime inside every plugin (ten times the size, and threads that outlive any unload).
//!
//! A start-to-finish example lies in `examples/minimal-plugin`.
//!
//! # What an author must know
//! * A panic inside a plugin is caught and becomes an error of that one call. A stack overflow,
//!   an abort or undefined behaviour is not survivable: the plugin shares the engine's process.
//! * `panic = "abort"` is refused at compile time and again when the file is loaded.
//! * The time comes with each call ([`Call::now_unix_ms`]).
//! * Secrets are never seen: [`secret`] writes a placeholder that the engine fills in.
//! * Logging is `tracing`; the engine writes it down with the plugin's name and masks digits.

pub mod abi;
pub mod export;
mod http;
mod logging;
mod manifest;
mod money;
mod operation;
mod provider;
mod rate;
pub mod scalar;
pub mod testing;
mod vocabulary;

pub use http::{
    Body, FieldValue, Http, HttpError, Method, Request, Response, ResponseHead, SecretRef, secret,
};
pub use manifest::{Capabilities, Manifest, Setting};
pub use money::Money;
pub use operation::Step;
pub use provider::{Call, Op, Provider, ProviderError};
pub use rate::{Rate, decimal_setting};
pub use vocabulary::{
    Answer, Cancellation, Country, Invocation, Message, OrderStatus, Purchase, PurchaseRequest,
    Quote, QuoteRequest, RefusalReason, Resend, Service, VendorOrder,
};

// The author needs these to write settings and to log; one version for all plugins.
pub use serde;
pub use serde_json;
pub use tracing;
