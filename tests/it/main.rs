//! Everything that needs more than one crate, in one binary so that it links once.

// A test speaks by panicking, and the functions around a test are not seen as tests.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs
)]

mod world;

/// The shop from the outside: what a customer and an admin live through.
mod stars;
mod story;

/// Further codes on one number.
mod resends;

/// What is gone after a month.
mod forgetting;

/// Vendors' plugins: written, inspected, tested, swapped and steered.
mod plugins;

/// Updates that are asked for, and updates that are posted.
mod modes;

/// Updates that are told again.
mod repeats;

/// Seconds to a code.
mod taps;

/// Where the server stands.
mod zones;

/// What people should not do, and do.
mod hostile;

/// Every command, button and refusal, by everybody.
mod flows;

/// From words to a number.
mod searching;

/// Everybody in their own language.
mod languages;

/// Refunds, blocks, limits, adjustments: what admins decide.
mod desk;

/// The admins' group.
mod group;

/// What admins see and switch.
mod boards;
mod lists;

/// What the policy decides, and who hears of what.
mod policy;

/// What operators save while the shop runs.
mod reload;

/// Going back to an earlier rule set.
mod rules;

/// Vendors that do not answer or do not sell.
mod health;

/// What learning when codes come is worth.
mod schedule;

/// How codes are asked for.
mod polling;

/// Kill -9 at hundreds of moments of a busy shop.
mod crash;

/// News to every customer, with kills and faults.
mod broadcast;

/// Full, read-only and failing disks, power cuts, a clock that is wrong.
mod trouble;

/// Copies on another disk or machine.
mod offsite;

/// Purchases and cancels whose answer is lost.
mod lost;

/// What nobody may read: keys, codes, numbers.
mod secrets;

/// Two at the same moment.
mod race;

/// Several vendors, and services that stand in for others.
mod deposits;
mod failover;

/// House rules that a machine can keep.
mod tidy;

/// Backups and checks, in the chat and on the command line.
mod vault;
