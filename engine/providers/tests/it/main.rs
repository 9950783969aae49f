//! The registry with real plugin files and real HTTP on loopback.
//!
//! * `calls`: every call through the mock vendor's shared library.

// Clippy knows `#[test]` functions as tests, but not the helpers beside them.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod calls;
mod world;
