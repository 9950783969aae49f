//! Whether the store tells the truth: the journal is read whole, folded by the domain's own
//! code, and compared with every row of the state, both ways. Audit, backups and tests use this.
//!
//! The fold here is not the one that wrote the state. What cannot be read is a finding, never a
//! row less to compare.

mod expected;

use std::collections::BTreeSet;
use std::path::Path;

use ring4_domain::book::{Book, FoldError, Violation};
use ring4_domain::change::{Change, Entry, Seq};
use ring4_domain::ids::OrderId;
use ring4_domain::order::Order;
use ring4_domain::private::Private;

use crate::codec::{self, DecodeError, EntryCopy, Kind, RulesRow};
use crate::journal::segment::{self, Header};
use crate::journal::{FileError, Head};
use crate::keyring::Keys;
use crate::state::keys;
use crate::{Fault, JournalError, ReadError, Snapshot, Space};
use expected::{Expected, Match, Sums};

/// Findings kept in a report; the rest is only counted.
pub const FINDINGS_MAX: usize = 1_000;

/// Something that is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum Finding {
    /// The journal cannot be followed to the snapshot's last entry.
    #[error("journal: {0}")]
    Journal(JournalError),
    /// The chain ends in another hash than the state says.
    #[error("the journal's chain at entry {} is not the state's", .0.0)]
    Chain(Seq),
    /// An entry is whole but makes no sense.
    #[error("entry {}: {source}", seq.0)]
    Entry {
        /// Which.
        seq: Seq,
        /// Why.
        source: DecodeError,
    },
    /// An entry cannot follow the ones before it.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// A promise of the shop is broken.
    #[error(transparent)]
    Violation(#[from] Violation),
    /// A number or a code cannot be read although nobody has forgotten it.
    #[error("order {0}: the key of its number or code is lost")]
    KeyLost(OrderId),
    /// A part of the state cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// The state lacks a row.
    #[error("{}: row {} is missing", space.name(), show(key))]
    Missing {
        /// Where.
        space: Space,
        /// Which.
        key: Vec<u8>,
    },
    /// The state has a row that the journal does not lead to.
    #[error("{}: row {} should not be there", space.name(), show(key))]
    Surplus {
        /// Where.
        space: Space,
        /// Which.
        key: Vec<u8>,
    },
    /// A row says something else than the journal.
    #[error("{}: row {} differs from the journal", space.name(), show(key))]
    Differs {
        /// Where.
        space: Space,
        /// Which.
        key: Vec<u8>,
    },
}

fn show(key: &[u8]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a verification saw.
#[derive(Debug, Default)]
pub struct Report {
    /// Entries folded.
    pub entries: u64,
    /// Rows of the state read.
    pub rows: u64,
    /// What is wrong, at most [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
    /// Findings beyond those.
    pub findings_left_out: u64,
}

impl Report {
    /// Whether everything is as it should be.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    fn add(&mut self, finding: impl Into<Finding>) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding.into());
        } else {
            self.findings_left_out = self.findings_left_out.saturating_add(1);
        }
    }
}

/// Verifies a snapshot against the journal in `journal`, which may go on being written. Reads
/// everything: seconds per million entries, and memory for every record.
///
/// The rows are added up first, on both sides. Only where the sums differ is it worth the memory
/// to hold every key, so as to name the rows.
pub(crate) fn verify(snapshot: &Snapshot, journal: &Path) -> Report {
    let mut report = Report::default();
    let head = snapshot.head().unwrap_or_else(|error| {
        report.add(error);
        Head::GENESIS
    });
    let keys = &snapshot.reading.keys;
    let expected = match fold(snapshot, journal, head, Expected::summed(keys.clone()), &mut report)
    {
        Ok(expected) => match sum_up(snapshot) {
            Some((rows, sums)) if expected.adds_up_to(&sums) => {
                report.rows = rows;
                return report;
            }
            // What it found it found the first time.
            _ => fold(
                snapshot,
                journal,
                head,
                Expected::listed(keys.clone()),
                &mut Report::default(),
            ),
        },
        Err(finding) => Err(finding),
    };
    match expected {
        Ok(expected) => compare(snapshot, Some(expected), &mut report),
        Err(finding) => {
            report.add(finding);
            compare(snapshot, None, &mut report);
        }
    }
    report
}

/// Folds the journal, checks the promises of the shop, and says what rows it leads to.
fn fold(
    snapshot: &Snapshot,
    journal: &Path,
    head: Head,
    expected: Expected,
    report: &mut Report,
) -> Result<Expected, Finding> {
    let keys = snapshot.reading.keys.clone();
    let mut fold = Fold { book: Book::default(), expected, rules: None, keys };
    fold.follow(journal, head, report)?;
    for violation in fold.book.violations() {
        report.add(violation);
    }
    if !fold.keys.are_elsewhere() {
        lost_keys(&fold.book).for_each(|order| report.add(Finding::KeyLost(order)));
    }
    let Fold { book, mut expected, rules, .. } = fold;
    expected.book(&book);
    if let Some(rules) = rules {
        expected.row(&rules);
    }
    expected.mark(head);
    Ok(expected)
}

/// Adds the state's rows up; `None` if one cannot be read or is damaged.
fn sum_up(snapshot: &Snapshot) -> Option<(u64, Sums)> {
    let (mut rows, mut sums) = (0_u64, Sums::default());
    for space in Space::ALL {
        for row in snapshot.reading.all(space) {
            let (key, value) = row.ok()?;
            codec::check(&key, &value).ok()?;
            sums.add(space, &key, &value);
            rows = rows.saturating_add(1);
        }
    }
    Some((rows, sums))
}

struct Fold {
    book: Book,
    expected: Expected,
    /// The live rule set; only the last one has a row.
    rules: Option<RulesRow>,
    keys: Keys,
}

/// The orders whose number or code cannot be read, and should be: they are open, or were placed
/// on a day that is not forgotten.
fn lost_keys(book: &Book) -> impl Iterator<Item = OrderId> {
    let kept = |order: &&Order| {
        let forgotten = book.forgotten.is_some_and(|before| order.day() < before);
        order.state.is_open() || !forgotten
    };
    let sealed =
        |order: &&Order| order.privates().any(|private| matches!(private, Private::Sealed(_)));
    book.orders.values().filter(kept).filter(sealed).map(Order::id)
}

impl Fold {
    /// Folds the journal up to `to`.
    fn follow(&mut self, journal: &Path, to: Head, report: &mut Report) -> Result<(), Finding> {
        let file = |error: FileError| Finding::Journal(error.into());
        let mut head = Head::GENESIS;
        for segment in segment::list(journal).map_err(file)? {
            if head.seq >= to.seq {
                break;
            }
            let damage = |offset, entry, fault| {
                let path = segment.path.clone();
                Finding::Journal(JournalError::Damage { path, offset, entry, fault })
            };
            let bytes = segment.bytes().map_err(file)?;
            let header = Header::read(&bytes, segment.first);
            if header.is_none_or(|header| header.before != head) {
                return Err(damage(0, head.next(), Fault::Header));
            }
            let walk = segment::walk(&bytes, head, |frame| {
                if frame.head.seq > to.seq {
                    return Ok(());
                }
                if frame.head.seq == to.seq && frame.head != to {
                    return Err(Finding::Chain(to.seq));
                }
                self.entry(frame.head, frame.body, report)
            })?;
            // The writer may be in the middle of a frame behind the snapshot's last entry.
            if let Some(fault) = walk.fault.filter(|_| walk.end.seq < to.seq) {
                return Err(damage(walk.offset, walk.end.next(), fault));
            }
            head = walk.end;
        }
        if head.seq < to.seq {
            let (path, entry, fault) = (journal.to_owned(), head.next(), Fault::Missing);
            return Err(Finding::Journal(JournalError::Damage { path, offset: 0, entry, fault }));
        }
        Ok(())
    }

    fn entry(&mut self, head: Head, body: &[u8], report: &mut Report) -> Result<(), Finding> {
        let seq = head.seq;
        let entry: Entry = codec::decode(Kind::Entry, body, &self.keys)
            .map_err(|source| Finding::Entry { seq, source })?;
        self.book.apply(&entry)?;
        report.entries = report.entries.saturating_add(1);
        let copy = EntryCopy { body: body.to_vec(), hash: head.hash };
        self.expected.value(Space::Ledger, Kind::EntryCopy, keys::entry(seq), &copy);
        // An entry stands once in an account's history, however often it moves it.
        let mut moved = BTreeSet::new();
        for change in &entry.changes {
            match change {
                Change::Transfer(transfer) => {
                    moved.extend([&transfer.debit, &transfer.credit]);
                }
                Change::RulesActivated(version) => {
                    self.rules = Some(RulesRow { version: *version, since: seq });
                }
                _ => {}
            }
        }
        for account in moved {
            self.expected.index(Space::Ledger, keys::account_entry(account, seq));
        }
        Ok(())
    }
}

/// Reads every row of the state and compares it with what is expected, if that is known.
fn compare(snapshot: &Snapshot, expected: Option<Expected>, report: &mut Report) {
    let mut expected = expected;
    for space in Space::ALL {
        for row in snapshot.reading.all(space) {
            let (key, value) = match row {
                Ok(row) => row,
                // What lies behind the row that cannot be read is not reached; its rows are
                // missing, and are reported as such.
                Err(error) => {
                    report.add(error);
                    break;
                }
            };
            report.rows = report.rows.saturating_add(1);
            if let Err(source) = codec::check(&key, &value) {
                let (space, key) = (space.name(), key.to_vec());
                report.add(ReadError::Row { space, key, source });
            }
            if let Some(expected) = &mut expected {
                match expected.take(space, &key, &value) {
                    Match::Same => {}
                    Match::Differs => report.add(Finding::Differs { space, key: key.to_vec() }),
                    Match::Surplus => report.add(Finding::Surplus { space, key: key.to_vec() }),
                }
            }
        }
    }
    let rest = expected.into_iter().flat_map(Expected::rest);
    for (space, key) in rest {
        report.add(Finding::Missing { space, key });
    }
}
