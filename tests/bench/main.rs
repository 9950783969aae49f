//! What the engine does and how fast, each figure beside a reference measured in the same run.
//!
//! `cargo bench -p ring4-bench [-- name…]` runs everything, or the parts whose names begin so:
//! `transfers`, `updates`, `buying`, `memory` (the last three share one engine), `price`,
//! `plugin`, `reload`, `presses`, `polling`. Rounds of the engine and of its reference take turns,
//! so that a busy machine slows both; a row shows medians, and how far the rounds' ratios lie
//! apart. Absolute figures hold for the machine they were measured on, ratios travel. Where a
//! budget is missed the exit code is 1.

// Measurements are printed, and a bench that cannot go on has nothing better than a panic.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::float_arithmetic
)]

mod bots;
mod buying;
mod disk;
mod plugin;
mod polling;
mod presses;
mod price;
mod reload;
mod shop;
mod table;
mod transfers;
mod updates;
mod watch;

use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if bots::was_started_as_one(&arguments) {
        return ExitCode::SUCCESS;
    }
    // Cargo adds `--bench`, for harnesses.
    let wanted: Vec<&String> = arguments.iter().filter(|name| !name.starts_with("--")).collect();
    let is_wanted =
        |part: &str| wanted.is_empty() || wanted.iter().any(|name| part.starts_with(name.as_str()));
    let start = Instant::now();
    table::head();
    if is_wanted("price") {
        price::measure();
    }
    if is_wanted("plugin") {
        plugin::measure();
    }
    if is_wanted("transfers") {
        transfers::measure();
    }
    if is_wanted("reload") {
        reload::measure();
    }
    if ["updates", "buying", "memory"].into_iter().any(is_wanted) {
        updates::measure();
    }
    if is_wanted("presses") {
        presses::measure();
    }
    if is_wanted("polling") {
        polling::measure();
    }
    let missed = table::missed();
    println!("\n{} s in all, {missed} budgets missed", start.elapsed().as_secs());
    if missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
