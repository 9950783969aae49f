//! The rules of the shop, pure: no input or output, clock, randomness, floats or hash maps.
//! Everyone may import this crate; it imports nobody of the engine.
//!
//! Modules in reading order. Every change goes one way: a [`command`] meets a [`view`] and a
//! [`policy`] in [`decide`], which answers with [`change`]s and [`effect`]s, or a [`refusal`].

pub mod day;
pub mod ids;
pub mod money;
pub mod private;

pub mod adjustment;
pub mod broadcast;
pub mod customer;
pub mod deposit;
pub mod ledger;
pub mod maintenance;
pub mod order;
pub mod pricing;
pub mod refund;
pub mod standing;

pub mod change;
pub mod command;
pub mod decide;
pub mod effect;
pub mod policy;
pub mod refusal;
pub mod resend;
pub mod sale;
pub mod stars;
pub mod view;

pub mod book;
