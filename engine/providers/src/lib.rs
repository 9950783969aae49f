//! Loads provider plugins and speaks HTTP for them. The middle of the engine imports this; it
//! imports the plugin contract and `ring4-domain`, never another leaf.
//!
//! [`Registry::load`] opens every configured plugin; afterwards each call names a provider and
//! gets an answer in the canonical words of [`vocabulary`], parsed as hostile input. A call ends
//! by its deadline whatever plugin and vendor do.
//!
//! The one promise that matters for money: a purchase that may have reached the vendor and has
//! no clear answer is [`Purchase::Unclear`], never refused and never repeated.

mod answer;
mod breaker;
mod host;
mod registry;
mod scrub;
mod secret;
mod transport;
pub mod vocabulary;

pub use breaker::BreakerState;
pub use host::{
    HostCommand, LoadError, LoadRefusal, PluginFile, describe, inspect, plugin_path, serve_plugin,
    time_checks,
};
pub use registry::{
    Block, Fault, FaultKind, Limits, PluginOptions, PluginVersion, ProviderOptions, ProviderStatus,
    REQUESTS_PER_CALL_MAX, Registry, Swap, SwapError, UnixMillisClock,
};
pub use secret::Secret;
pub use vocabulary::{
    BuyRequest, CallError, Cancellation, Catalogue, CatalogueCountry, CatalogueService, Message,
    OrderStatus, PhoneNumber, Purchase, Quote, RefusalReason, Resend, VendorOrder,
};
