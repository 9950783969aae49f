//! What a disk has left. Anyone in the binary may import this.

use std::io;
use std::path::Path;

/// Bytes that this process may still write where this folder lies.
///
/// # Errors
/// The folder is not there, or its file system does not say.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}
