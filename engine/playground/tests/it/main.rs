//! The playground over real HTTP on loopback.

// The workspace lets tests unwrap, but clippy does not see that helpers of an integration test
// are tests too.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod bot_api;
mod deliveries;
mod faults;
mod files;
mod inline;
mod payments;
mod play;
mod scripts;
mod smspool;
mod typed_client;
mod vendors;
