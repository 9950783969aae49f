//! The inbox through its own door: real files in a temporary folder, copied as a crash leaves them.

use super::*;
