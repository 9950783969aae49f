//! The store against real files: what is committed is there, after whatever happened.

mod commits;
mod shop;
