//! The crate through its public door, over real HTTP on loopback and a real folder.
//!
//! - `server`: a Bot API server that says what a test tells it to
//! - `client`: every answer by name, and no token in any text
//! - `sender`: order, limits, retries, fallbacks
//! - `intake`: nothing lost, nobody delayed, panics survived
//! - `webhook`: the same where updates are posted, and who may post them

// The lints' exception for tests covers test functions, not what they call.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod client;
mod intake;
mod sender;
mod server;
mod webhook;
