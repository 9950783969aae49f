//! What operators look at: logs. Anyone in the binary may import this.

pub mod disk;
pub mod logging;
pub mod recent;
