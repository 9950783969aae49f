//! The rules of the shop, pure: no input or output, clock, randomness, floats or hash maps.
//! Everyone may import this crate; it imports nobody of the engine.
//!
//! Modules in reading order.

pub mod ids;
pub mod money;
