//! The rule set: scripts, message packs and the operator's own tests, proven as a whole and
//! swapped as one. The middle of the engine and the command line import this crate; it imports
//! only `ring4-domain` and `ring4-yaml`.
//!
//! Scripts propose, the domain disposes: nothing here clamps a price or a delay, and nothing
//! here reaches a file, a clock, a network or a random number while a script runs.
//!
//! Modules in reading order.

pub use ring4_yaml::{Problem, Report};

mod rule_set;
pub use rule_set::{Files, RuleSet, Sources, version_of};

mod files;
pub use files::{is_rule_file, read_files};

mod params;
pub use params::{Param, Params};

mod facts;
pub use facts::{Offer, PollFacts, VendorFacts};

mod policy;
pub use policy::{BuyerFacts, DepositFacts, SaleFacts, Verdict};

mod sandbox;

mod script;
pub use script::ScriptError;

mod proof;

mod script_tests;

pub mod messages;

#[cfg(test)]
mod tests;
