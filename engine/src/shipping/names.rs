//! What copies are called. Shipping alone uses this.
//!
//! ```text
//! journal/FIRST-LAST-HASH.log     entries, 20 digits each, and 16 digits of the chain's hash
//! backups/auto_….ring4            as they are called here
//! backups/….superseded            a mark: a restore to an earlier moment left it behind
//! keys/DAY…                       as they are called here
//! ```
//!
//! Pieces and keys that are encrypted end in `.age`. With the hash in the name, a shop that was
//! restored to an earlier moment never meets the pieces of its former future.

use ring4_domain::change::Seq;
use ring4_storage::{Hash, Piece};

/// Where pieces of the journal lie.
pub(super) const JOURNAL: &str = "journal";
/// Where backups lie.
pub(super) const BACKUPS: &str = "backups";
/// Where keys lie, here and there.
pub(super) const KEYS: &str = "keys";
/// Ends the name of a backup's mark, as it ends the backup's own name here.
pub(super) const SUPERSEDED: &str = ".superseded";
/// Ends the name of what is encrypted.
pub(super) const SEALED: &str = ".age";

const ENDING: &str = ".log";
const SEQ_DIGITS: usize = 20;
const HASH_DIGITS: usize = 16;

/// What the name of a piece says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PieceName {
    /// The first entry.
    pub first: Seq,
    /// The last one.
    pub last: Seq,
    /// The beginning of the chain's hash after the last one, in hexadecimal.
    hash: String,
    /// Whether it is encrypted.
    pub sealed: bool,
}

impl PieceName {
    /// Whether the chain's hash after the last entry is this one.
    pub(super) fn fits(&self, hash: Hash) -> bool {
        hash.to_string().starts_with(&self.hash)
    }
}

/// The name of a piece.
pub(super) fn of_piece(piece: &Piece, sealed: bool) -> String {
    let (first, last) = (piece.first().0, piece.end.seq.0);
    let hash: String = piece.end.hash.to_string().chars().take(HASH_DIGITS).collect();
    let sealed = if sealed { SEALED } else { "" };
    format!("{JOURNAL}/{first:0SEQ_DIGITS$}-{last:0SEQ_DIGITS$}-{hash}{ENDING}{sealed}")
}

/// Reads the name of a piece; `None` if it is not one.
pub(super) fn parse_piece(name: &str) -> Option<PieceName> {
    let name = name.strip_prefix(JOURNAL)?.strip_prefix('/')?;
    let (name, sealed) = match name.strip_suffix(SEALED) {
        Some(name) => (name, true),
        None => (name, false),
    };
    let mut parts = name.strip_suffix(ENDING)?.split('-');
    let (first, last, hash) = (parts.next()?, parts.next()?, parts.next()?);
    let seq = |text: &str| {
        let plain = text.len() == SEQ_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse().ok().map(Seq))?
    };
    let (first, last) = (seq(first)?, seq(last)?);
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let whole = hash.len() == HASH_DIGITS && hash.bytes().all(hex) && parts.next().is_none();
    (whole && first <= last && first > Seq(0)).then(|| PieceName {
        first,
        last,
        hash: hash.to_owned(),
        sealed,
    })
}

/// The last part of a name.
pub(super) fn file_of(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use ring4_storage::Head;

    use super::*;

    #[test]
    fn a_piece_is_known_by_its_name() {
        let end = Head { seq: Seq(1_234), hash: Hash([0xAB; 32]) };
        let before = Head { seq: Seq(41), hash: Hash([1; 32]) };
        let piece = Piece { before, end, bytes: Vec::new() };
        let name = of_piece(&piece, false);
        assert_eq!(name, "journal/00000000000000000042-00000000000000001234-abababababababab.log");
        let known = parse_piece(&name).map(|known| (known.first.0, known.last.0, known.sealed));
        assert_eq!(known, Some((42, 1_234, false)));
        let sealed = parse_piece(&of_piece(&piece, true));
        assert_eq!(sealed.as_ref().map(|known| known.sealed), Some(true));
        assert_eq!(sealed.as_ref().map(|known| known.fits(end.hash)), Some(true));
        assert_eq!(sealed.map(|known| known.fits(before.hash)), Some(false));
        let wrong = [
            name.replace("abab", "ABAB"),
            name.replace("1234", "0041"),
            name.replace(".log", ".log.part"),
            name.replace("-abab", "-"),
            name.replace("0042", "42"),
            name.replace("0042", "0000"),
            name.replace(".log", "-1.log"),
            "journal/notes.txt".to_owned(),
            name.replace("journal/", ""),
        ];
        for name in wrong {
            assert_eq!(parse_piece(&name), None, "{name}");
        }
    }
}
