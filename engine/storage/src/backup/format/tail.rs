//! The end of a backup file without the rest of it, for the list of backups.

use super::{BackupHeader, LINE_LEN_MAX, Manifest, TRAILER, TRAILER_LEN};

/// Bytes of the end that are looked at.
pub(in crate::backup) const LEN_MAX: u64 = (LINE_LEN_MAX + TRAILER_LEN) as u64;

/// The manifest in the last `bytes` of a file that is `len` long, if it fits the header. The
/// hash over the file is not looked at.
pub(in crate::backup) fn manifest(
    bytes: &[u8],
    len: u64,
    header: &BackupHeader,
) -> Option<Manifest> {
    let (before, trailer) = bytes.split_last_chunk::<TRAILER_LEN>()?;
    let trailer = std::str::from_utf8(trailer).ok()?.strip_prefix(TRAILER)?;
    let offset: u64 = trailer.get(..20)?.parse().ok()?;
    let line_len = len.checked_sub(TRAILER_LEN as u64)?.checked_sub(offset)?;
    let start = before.len().checked_sub(usize::try_from(line_len).ok()?)?;
    let manifest: Manifest = serde_json::from_slice(before.get(start..)?).ok()?;
    let fits =
        manifest.entries == header.head.seq.0 && manifest.head == header.head.hash.to_string();
    fits.then_some(manifest)
}
