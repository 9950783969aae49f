//! The engine: a shop for temporary phone numbers in a Telegram chat. The binary and the tests
//! import this.
//!
//! Modules in reading order: what is decided lives in `ring4-domain`, what touches the world in
//! the leaf crates; here is the middle, where they meet.

pub mod catalogue;
pub mod chart;
pub mod chat;
pub mod cli;
pub mod clock;
pub mod control;
pub mod countries;
pub mod effects;
pub mod engine;
pub mod executor;
pub mod exports;
pub mod figures;
pub mod health;
pub mod live;
pub mod market;
pub mod menus;
pub mod mint;
pub mod notices;
pub mod odds;
pub mod ops;
pub mod reload;
pub mod report;
pub mod screens;
pub mod search;
pub mod shipping;
pub mod shop;
pub mod sightings;
mod tasks;
pub mod trouble;
pub mod vault;
mod vendors;
