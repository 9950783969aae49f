//! The journal alone, on real files: every torn length, every flipped bit.

use std::fs;
use std::path::Path;

use ring4_domain::change::Seq;

use super::inspect::{Inspection, JournalError, Repair, Witness, inspect};
use super::segment::HEADER_LEN;
use super::{Head, Journal, frame};
use crate::codec::EntryCopy;

/// Entries of a group each, then what the state would hold of them.
struct Written {
    dir: tempfile::TempDir,
    heads: Vec<Head>,
    copies: Vec<EntryCopy>,
    bytes: Vec<u8>,
}

fn path(dir: &Path) -> std::path::PathBuf {
    dir.join("00000000000000000001.log")
}

fn write(groups: &[usize]) -> Written {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open_end(dir.path(), None, Head::GENESIS, 1 << 20).unwrap();
    let (mut heads, mut copies) = (vec![Head::GENESIS], Vec::new());
    for (number, group) in groups.iter().enumerate() {
        let bodies: Vec<Vec<u8>> =
            (0..*group).map(|entry| format!("entry {entry} of group {number}").into()).collect();
        let slices: Vec<&[u8]> = bodies.iter().map(Vec::as_slice).collect();
        let hashes = journal.append(&slices).unwrap();
        for (body, hash) in bodies.into_iter().zip(hashes) {
            heads.push(Head { seq: heads.last().unwrap().next(), hash });
            copies.push(EntryCopy { body, hash });
        }
        assert_eq!(journal.head(), *heads.last().unwrap());
    }
    let bytes = fs::read(path(dir.path())).unwrap();
    Written { dir, heads, copies, bytes }
}

impl Written {
    /// Inspects the given bytes with a state that has applied `applied` entries.
    fn inspect(&self, bytes: &[u8], applied: usize) -> Result<Inspection, JournalError> {
        fs::write(path(self.dir.path()), bytes).unwrap();
        let copies = |seq: Seq| {
            let at = usize::try_from(seq.0).unwrap().checked_sub(1)?;
            self.copies.get(at).filter(|_| at < applied).cloned()
        };
        let mark = (applied > 0).then(|| self.heads[applied]);
        let witness = Witness { mark, closed: None, copies: &copies };
        let found = inspect(self.dir.path(), &witness, false);
        let aside = self.dir.path().join("aside");
        if aside.exists() {
            fs::remove_dir_all(aside).unwrap();
        }
        found
    }

    fn end(&self) -> Head {
        *self.heads.last().unwrap()
    }

    /// The offset of an entry's frame, counted from zero.
    fn offset(&self, entry: usize) -> usize {
        let frames = self.copies.iter().take(entry).map(|copy| copy.body.len() + 50);
        HEADER_LEN + frames.sum::<usize>()
    }
}

#[test]
fn every_torn_length_of_the_last_group_is_cut_to_whole_entries() {
    let written = write(&[1, 2, 3]);
    let acknowledged = 3;
    for len in written.offset(acknowledged)..written.bytes.len() {
        let found = written.inspect(&written.bytes[..len], acknowledged).unwrap();
        let whole = (acknowledged..=6).rev().find(|entry| written.offset(*entry) <= len).unwrap();
        assert_eq!(found.end, written.heads[whole], "cut at {len}");
        assert_eq!(found.repairs.is_empty(), len == written.offset(whole), "cut at {len}");
        let now = fs::read(path(written.dir.path())).unwrap();
        assert_eq!(now, written.bytes[..written.offset(whole)], "cut at {len}");
    }
}

#[test]
fn a_flip_in_any_byte_is_mended_while_the_state_knows_the_entries() {
    let written = write(&[1, 2, 1]);
    // One bit of each byte: every mending syncs, and the disk decides how long that takes.
    for bit in (0..written.bytes.len()).map(|byte| byte * 8 + byte % 8) {
        let mut bytes = written.bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let found = written.inspect(&bytes, 4).unwrap();
        assert_eq!(found.end, written.end(), "bit {bit}");
        assert!(matches!(found.repairs[..], [Repair::Mended { .. }]), "bit {bit}");
    }
}

#[test]
fn no_flipped_bit_before_a_later_group_is_taken_for_a_torn_tail() {
    let written = write(&[1, 2, 1]);
    let last = written.offset(3);
    for bit in HEADER_LEN * 8..last * 8 {
        let mut bytes = written.bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let found = written.inspect(&bytes, 0);
        assert!(matches!(found, Err(JournalError::Damage { .. })), "bit {bit}: {found:?}");
        assert_eq!(fs::read(path(written.dir.path())).unwrap(), bytes, "bit {bit}: changed");
    }
}

#[test]
fn a_hole_in_a_group_that_was_never_acknowledged_is_torn() {
    // The disk may write the pages of one sync in any order.
    let written = write(&[2, 3]);
    let mut bytes = written.bytes.clone();
    bytes[written.offset(3)..written.offset(4)].fill(0);
    let found = written.inspect(&bytes, 2).unwrap();
    assert_eq!(found.end, written.heads[3]);
    assert!(matches!(found.repairs[..], [Repair::TornTail { .. }]), "{:?}", found.repairs);
    // The same bytes, but the state has seen the group: damage, and mended.
    let found = written.inspect(&bytes, 5).unwrap();
    assert_eq!(found.end, written.end());
    assert!(matches!(found.repairs[..], [Repair::Mended { copies: 1, .. }]), "{:?}", found.repairs);
}

#[test]
fn good_frames_behind_damage_are_kept() {
    // The state knows the damaged entry, not the ones behind it.
    let written = write(&[1, 1, 1, 1]);
    let mut bytes = written.bytes.clone();
    bytes[written.offset(1) + frame::HEAD_LEN] ^= 1;
    let found = written.inspect(&bytes, 2).unwrap();
    assert_eq!(found.end, written.end());
    assert!(matches!(found.repairs[..], [Repair::Mended { copies: 1, .. }]), "{:?}", found.repairs);
    let again = written.inspect(&fs::read(path(written.dir.path())).unwrap(), 2).unwrap();
    assert_eq!((again.end, again.repairs.len()), (written.end(), 0));
}

#[test]
fn a_state_that_tells_another_history_is_told_apart() {
    let (written, other) = (write(&[1, 1, 1]), write(&[2, 2]));
    for applied in 1..=4 {
        let copies = |seq: Seq| other.copies.get(usize::try_from(seq.0).unwrap() - 1).cloned();
        let witness = Witness { mark: Some(other.heads[applied]), closed: None, copies: &copies };
        let found = inspect(written.dir.path(), &witness, false);
        if applied == 1 {
            // Both histories begin with the same entry.
            assert_eq!(found.unwrap().end, written.end());
        } else {
            assert!(matches!(found, Err(JournalError::Different(_))), "{applied}: {found:?}");
        }
    }
}

#[test]
fn lying_lengths_cost_no_memory() {
    for len in [0_u32, 1 << 21, u32::MAX] {
        let mut bytes = len.to_le_bytes().to_vec();
        bytes.extend_from_slice(&[0xEE; 200]);
        assert_eq!(frame::read(&bytes), Err(frame::Fault::Length), "{len}");
    }
}
