//! Files that people edit: strict YAML decoding and reports that point at the line at fault.
//! `ring4-config` and `ring4-rules` import this crate; it imports nobody of the engine.
//!
//! This is the only crate that names `serde_yaml`. Its author has archived it; the day it must
//! go, one line of the workspace manifest points the name at a maintained fork.
//!
//! Modules in reading order.

mod report;
pub use report::{Problem, Report, closest};

mod source;
pub use source::Source;

mod decode;
pub use decode::{Step, TEXT_LEN_MAX, decode, locate};

mod scalar;
pub use scalar::{Entries, Scalar};
