//! The store against real files: what is committed is there, after whatever happened.

// In a test a value that is not there is the failure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod backup;
mod commits;
mod damage;
mod dice;
#[cfg(feature = "encryption")]
mod encryption;
mod faults;
mod fixtures;
mod forgetting;
mod kill;
mod model;
mod queries;
mod recovery;
mod rescue;
mod restore;
mod shipping;
mod shop;
