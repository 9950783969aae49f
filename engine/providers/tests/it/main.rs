//! The registry with real plugin files and real HTTP on loopback.
//!
//! * `calls`: every call through the mock vendor's shared library.
//! * `http`: what the transport promises, against a vendor on loopback.
//! * `misbehaviour`: a plugin that does everything wrong.
//! * `refusals`: every file that is not loaded, and why.
//! * `swapping`: a plugin file replaced while it is in use.
//! * `smspool`: the SMSPool adapter over real HTTP.

// Clippy knows `#[test]` functions as tests, but not the helpers beside them.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod calls;
mod http;
mod misbehaviour;
mod refusals;
mod smspool;
mod swapping;
mod vendor;
mod world;
