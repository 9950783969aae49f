//! Everything that needs more than one crate, in one binary so that it links once.

mod world;

/// The shop from the outside: what a customer and an admin live through.
mod story;

/// House rules that a machine can keep.
mod tidy;
