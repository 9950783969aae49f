//! Pieces of the journal, cut from a shop and put together again somewhere else.

use std::fs;

use ring4_domain::change::Seq;
use ring4_storage::{Head, Layout, Options, Piece, PieceError, Store, piece_begins};

use crate::recovery::{copy, open_whole, stopped};
use crate::shop::{commit, pay_in};

/// A shop with history, and another one with the same beginning and a different end.
fn two_shops(dir: &std::path::Path) -> (Store, Store) {
    // A copy, because two shops draw different keys and seal the same code differently.
    stopped(&dir.join("shop"));
    copy(&dir.join("shop"), &dir.join("other"));
    let (mut shop, _) = Store::open(&dir.join("shop"), &Options::default()).unwrap();
    let (mut other, _) = Store::open(&dir.join("other"), &Options::default()).unwrap();
    assert_eq!(shop.head(), other.head());
    commit(&mut shop, vec![pay_in(900, 1, "1.00"), pay_in(901, 2, "1.00")]);
    commit(&mut other, vec![pay_in(902, 3, "2.00"), pay_in(903, 4, "2.00")]);
    (shop, other)
}

/// Everything behind `after`, in pieces of about `bytes_due`.
fn pieces(shop: &Store, after: Head, bytes_due: usize) -> Vec<Piece> {
    let snapshot = shop.snapshot();
    let mut after = after;
    let mut found = Vec::new();
    while let Some(piece) = snapshot.piece_after(after, bytes_due).unwrap() {
        assert_eq!((piece.before, piece.first().0), (after, after.seq.0 + 1));
        assert_eq!(piece_begins(&piece.bytes).unwrap(), after);
        after = piece.end;
        found.push(piece);
    }
    assert_eq!(after, shop.head());
    found
}

/// A place for pieces of the shop beside it; its keys travel on their own.
fn layout(dir: &std::path::Path) -> Layout {
    copy(&dir.parent().unwrap().join("shop/keys"), &dir.join("keys"));
    fs::create_dir_all(dir.join("journal")).unwrap();
    Layout::new(&dir.join("journal"), Head::GENESIS)
}

#[test]
fn pieces_of_any_size_add_up_to_the_shop() {
    let dir = tempfile::tempdir().unwrap();
    let (shop, _) = two_shops(dir.path());
    let mut counts = Vec::new();
    for bytes_due in [1, 700, 4_000, 64 << 20] {
        let back = dir.path().join(bytes_due.to_string());
        let mut layout = layout(&back);
        let pieces = pieces(&shop, Head::GENESIS, bytes_due);
        counts.push(pieces.len());
        for piece in &pieces {
            assert_eq!(layout.add(&piece.bytes).unwrap(), piece.end, "{bytes_due}");
        }
        drop(layout);
        open_whole(&back, shop.head());
    }
    assert_eq!(counts.first().copied(), Some(usize::try_from(shop.head().seq.0).unwrap()));
    assert_eq!(counts.last(), Some(&1));
}

#[test]
fn pieces_may_overlap_and_come_twice() {
    let dir = tempfile::tempdir().unwrap();
    let (shop, _) = two_shops(dir.path());
    let back = dir.path().join("back");
    let mut layout = layout(&back);
    let small = pieces(&shop, Head::GENESIS, 1_000);
    let large = pieces(&shop, Head::GENESIS, 2_300);
    for (one, other) in small.iter().zip(large.iter().chain(large.last().into_iter().cycle())) {
        layout.add(&one.bytes).unwrap();
        layout.add(&other.bytes).unwrap();
    }
    assert_eq!(layout.head(), shop.head());
    drop(layout);
    open_whole(&back, shop.head());
}

#[test]
fn what_does_not_continue_the_chain_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (shop, other) = two_shops(dir.path());
    let fork = shop.snapshot().head_at(Seq(shop.head().seq.0 - 2)).unwrap().unwrap();
    assert_eq!(other.snapshot().head_at(fork.seq).unwrap(), Some(fork));
    let mut layout = layout(&dir.path().join("back"));
    let ours = pieces(&shop, Head::GENESIS, 4_000);
    let gap = layout.add(&ours[1].bytes);
    assert!(matches!(gap, Err(PieceError::Gap { due: Seq(1), .. })), "{gap:?}");
    for piece in &ours {
        layout.add(&piece.bytes).unwrap();
    }
    let before = layout.head();
    // The other shop's end, from the fork on, from before it, and from where both are as long.
    for after in [fork.seq.0, fork.seq.0 - 5, fork.seq.0 + 1] {
        let after = other.snapshot().head_at(Seq(after)).unwrap().unwrap();
        let mut longer = pieces(&other, after, 64 << 20);
        let found = layout.add(&longer.remove(0).bytes);
        match found {
            Err(PieceError::Fork) => {}
            found => panic!("{after:?}: {found:?}"),
        }
    }
    assert_eq!(layout.head(), before);
    assert_eq!(shop.snapshot().head_at(Seq(before.seq.0 + 1)).unwrap(), None);
    assert_eq!(shop.snapshot().head_at(Seq(0)).unwrap(), Some(Head::GENESIS));
}

#[test]
fn a_damaged_piece_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let (shop, _) = two_shops(dir.path());
    let whole = pieces(&shop, Head::GENESIS, 64 << 20).remove(0).bytes;
    let frames: Vec<usize> =
        pieces(&shop, Head::GENESIS, 1).iter().map(|p| p.bytes.len()).collect();
    let borders: Vec<usize> = (0..=frames.len())
        .map(|count| 68 + frames.iter().take(count).map(|len| len - 68).sum::<usize>())
        .collect();
    assert_eq!(borders.last(), Some(&whole.len()));
    let journal = dir.path().join("journal");
    fs::create_dir_all(&journal).unwrap();
    for len in (0..whole.len()).step_by(37).chain(borders.iter().map(|border| border - 1)) {
        let mut layout = Layout::new(&journal, Head::GENESIS);
        // Cut exactly between two entries, a piece is a shorter piece; its name says more.
        if !borders.contains(&len) {
            assert!(layout.add(&whole[..len]).is_err(), "cut at {len}");
        }
    }
    for at in (0..whole.len()).step_by(11) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        let mut layout = Layout::new(&journal, Head::GENESIS);
        assert!(layout.add(&bytes).is_err(), "flipped at {at}");
    }
    assert_eq!(fs::read_dir(&journal).unwrap().count(), 0, "nothing was written");
}
