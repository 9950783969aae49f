//! Puts a damaged segment together again from its good frames and the state's copies, and writes
//! it so that a crash in between loses nothing. Inspection alone uses this.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::PathBuf;

use ring4_domain::change::Seq;

use super::frame::{self, Frame};
use super::segment::{HEADER_LEN, Header, Segment};
use super::{FileError, Head, failed, replace, sync_dir};
use crate::codec::EntryCopy;

/// Where damaged files and torn tails are kept, inside the journal's directory.
const KEPT_DIR: &str = "aside";

/// Files with one name kept aside, at most. A shop that needs more has a dying disk, and should
/// stop rather than fill it.
const KEPT_MAX: u32 = 1_000;

/// Entries that follow a point of the chain, each proven by its hash.
pub(crate) struct Mended {
    entries: Vec<(Head, Vec<u8>)>,
    copies: usize,
}

impl Mended {
    pub(crate) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many of them were the state's copies.
    pub(crate) const fn copies(&self) -> usize {
        self.copies
    }

    /// The chain's end after the entries, which begin behind `start`.
    pub(crate) fn end(&self, start: Head) -> Head {
        self.entries.last().map_or(start, |(head, _)| *head)
    }

    pub(crate) fn heads(&self) -> impl Iterator<Item = Head> {
        self.entries.iter().map(|(head, _)| *head)
    }
}

/// Collects what follows `start`, up to the entry `to`: good frames first, the state's copies
/// where there is none. It ends at the first entry that neither can prove.
pub(crate) fn assemble(
    start: Head,
    found: &[Frame<'_>],
    copies: &dyn Fn(Seq) -> Option<EntryCopy>,
    to: Seq,
) -> Mended {
    let mut mended = Mended { entries: Vec::new(), copies: 0 };
    let found: BTreeMap<Seq, &Frame<'_>> =
        found.iter().map(|frame| (frame.head.seq, frame)).collect();
    let mut head = start;
    while head.seq < to {
        let frame = found.get(&head.next());
        let frame = frame.filter(|frame| head.then(frame.body) == frame.head);
        let body = match frame {
            Some(frame) => frame.body.to_vec(),
            None => match copies(head.next()) {
                Some(copy) if head.then(&copy.body).hash == copy.hash => {
                    mended.copies += 1;
                    copy.body
                }
                _ => break,
            },
        };
        head = head.then(&body);
        mended.entries.push((head, body));
    }
    mended
}

/// Writes a segment anew: header, frames that were good, entries mended.
pub(crate) fn rewrite(
    segment: &Segment,
    header: &Header,
    good: &[u8],
    mended: &Mended,
) -> Result<(), FileError> {
    let mut bytes = header.bytes().to_vec();
    bytes.extend_from_slice(good);
    for (head, body) in &mended.entries {
        // Each counts as a group of its own: all of them were durable once.
        frame::write(&mut bytes, *head, 0, body);
    }
    replace(&segment.path, &bytes)
}

/// Cuts a segment off at `offset`.
pub(crate) fn cut(segment: &Segment, offset: usize) -> Result<(), FileError> {
    let path = &segment.path;
    let file = File::options().write(true).open(path).map_err(failed("open", path))?;
    file.set_len(offset as u64).map_err(failed("cut", path))?;
    file.sync_all().map_err(failed("sync", path))
}

/// Keeps bytes of a segment aside.
pub(crate) fn keep_bytes(segment: &Segment, bytes: &[u8]) -> Result<PathBuf, FileError> {
    let path = kept_path(segment)?;
    replace(&path, bytes)?;
    Ok(path)
}

/// Keeps a segment's file aside, under a second name.
pub(crate) fn keep_file(segment: &Segment) -> Result<PathBuf, FileError> {
    let path = kept_path(segment)?;
    fs::hard_link(&segment.path, &path).map_err(failed("keep aside", &segment.path))?;
    path.parent().map_or(Ok(()), sync_dir)?;
    Ok(path)
}

/// A name that nothing is kept under yet.
fn kept_path(segment: &Segment) -> Result<PathBuf, FileError> {
    let dir = segment.path.with_file_name(KEPT_DIR);
    fs::create_dir_all(&dir).map_err(failed("create", &dir))?;
    let name = segment.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let free = |path: &PathBuf| !path.exists();
    let paths = (1..=KEPT_MAX).map(|number| dir.join(format!("{name}.{number}")));
    let full = || failed("find a free name in", &dir)(ErrorKind::StorageFull.into());
    paths.into_iter().find(free).ok_or_else(full)
}

/// Reads a segment's header alone; `None` if it does not parse.
pub(crate) fn read_header(segment: &Segment) -> Result<Option<Header>, FileError> {
    let path = &segment.path;
    let file = File::open(path).map_err(failed("open", path))?;
    let mut bytes = Vec::with_capacity(HEADER_LEN);
    file.take(HEADER_LEN as u64).read_to_end(&mut bytes).map_err(failed("read", path))?;
    Ok(Header::read(&bytes, segment.first))
}
