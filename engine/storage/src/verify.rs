//! Whether the store tells the truth: the journal is read whole, folded by the domain's own
//! code, and compared with every row of the state, both ways. Audit, backups and tests use this.
//!
//! The fold here is not the one that wrote the state. What cannot be read is a finding, never a
//! row less to compare.

mod expected;
mod reading;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};

use ring4_domain::book::{Book, FoldError, Violation};
use ring4_domain::change::{Change, Entry, Seq};
use ring4_domain::day::Day;
use ring4_domain::ids::OrderId;
use ring4_domain::ledger::AccountId;
use ring4_domain::order::Order;
use ring4_domain::private::Private;

use crate::codec::{self, DecodeError, RulesRow};
use crate::journal::Head;
use crate::keyring::Keys;
use crate::state::keys;
use crate::{JournalError, ReadError, Snapshot, Space};
use expected::{Expected, Match, Sums};
pub(crate) use reading::{Ahead, Read, Stop};

/// Findings kept in a report; the rest is only counted.
pub const FINDINGS_MAX: usize = 1_000;

/// Batches of entries that are read before they are folded, at most.
pub(crate) const BATCHES_AHEAD: usize = 4;

/// Threads that add up a state in which nobody trades. Beside a shop that is open, and beside the
/// fold of its journal, one does.
const SUMMING_THREADS: usize = 2;

/// Entries of the ledger that are added up without looking for other work.
const PART_ENTRIES: usize = 50_000;

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
/// everything: seconds per million entries.
///
/// The rows are added up first, on both sides at once, and orders that are over are let go of.
/// Only where the sums differ is it worth the memory to hold every record and every key, so as to
/// name the rows.
pub(crate) fn verify(snapshot: &Snapshot, journal: &Path) -> Report {
    let mut report = Report::default();
    let head = snapshot.head().unwrap_or_else(|error| {
        report.add(error);
        Head::GENESIS
    });
    let keys = &snapshot.reading.keys;
    let (folded, summed) = std::thread::scope(|scope| {
        let summing = scope.spawn(|| sum_up(snapshot, head, 1));
        let expected = Expected::summed(keys.clone());
        (fold(snapshot, journal, head, expected, &mut report), summing.join())
    });
    let expected = match folded {
        Ok(expected) => match summed.unwrap_or_else(|panic| resume_unwind(panic)) {
            Some(sums) if expected.adds_up_to(&sums) => {
                report.rows = sums.rows();
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
    let mut fold = Fold::new(snapshot.reading.keys.clone(), expected);
    fold.follow(journal, head, report)?;
    Ok(fold.end(head, report))
}

/// A history that was folded as it came.
pub(crate) struct Folded {
    fold: Fold,
    report: Report,
}

/// Folds entries as they come. `None` if one cannot follow; [`verify`] then says why.
pub(crate) fn fold_stream(batches: Receiver<Vec<Read>>, keys: Keys) -> Option<Folded> {
    let mut report = Report::default();
    let mut fold = Fold::new(keys.clone(), Expected::summed(keys));
    fold.take(batches, &mut report).ok()?;
    Some(Folded { fold, report })
}

impl Folded {
    /// Compares the history, which should end in `head`, with a state. `None` if they differ or a
    /// promise of the shop is broken; [`verify`] then says which.
    pub(crate) fn compare(self, snapshot: &Snapshot, head: Head) -> Option<Report> {
        let Self { fold, mut report } = self;
        let whole = fold.book.head == head.seq;
        let expected = fold.end(head, &mut report);
        let sums = sum_up(snapshot, head, SUMMING_THREADS)?;
        report.rows = sums.rows();
        (whole && report.is_clean() && expected.adds_up_to(&sums)).then_some(report)
    }
}

/// Adds the state's rows up; `None` if one cannot be read or is damaged. Threads take parts of
/// the state in turn, so that none waits long for another at the end.
fn sum_up(snapshot: &Snapshot, head: Head, threads: usize) -> Option<Sums> {
    let parts = Mutex::new(parts(head).into_iter());
    let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut sums = Sums::default();
        while let Some((space, from, to)) = next() {
            for row in snapshot.reading.part(space, from, to) {
                let (key, value) = row.ok()?;
                codec::check(&key, &value).ok()?;
                sums.add(space, &key, &value);
            }
        }
        Some(sums)
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut sums = work()?;
        for other in others {
            sums.merge(&other.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        Some(sums)
    })
}

/// The state in parts that leave nothing out: the keyspaces, the ledger's cut between entries.
fn parts(head: Head) -> Vec<(Space, Vec<u8>, Option<Vec<u8>>)> {
    let mut parts = Vec::new();
    for space in Space::ALL {
        let mut from = Vec::new();
        if space == Space::Ledger {
            for cut in (0..head.seq.0).step_by(PART_ENTRIES) {
                let to = keys::entry(Seq(cut));
                parts.push((space, std::mem::replace(&mut from, to.clone()), Some(to)));
            }
        }
        parts.push((space, from, None));
    }
    // The last ones are taken while others end, so they should be small ones.
    parts.reverse();
    parts
}

struct Fold {
    book: Book,
    expected: Expected,
    /// The live rule set; only the last one has a row.
    rules: Option<RulesRow>,
    keys: Keys,
    /// Closed orders whose number or code could not be read.
    sealed: BTreeMap<OrderId, Day>,
}

fn is_sealed(order: &Order) -> bool {
    order.privates().any(|private| matches!(private, Private::Sealed(_)))
}

impl Fold {
    fn new(keys: Keys, expected: Expected) -> Self {
        Self { book: Book::default(), expected, rules: None, keys, sealed: BTreeMap::new() }
    }

    /// Checks the promises of the shop, and says what rows the history leads to.
    fn end(self, head: Head, report: &mut Report) -> Expected {
        for violation in self.book.violations() {
            report.add(violation);
        }
        if !self.keys.are_elsewhere() {
            self.lost_keys().into_iter().for_each(|order| report.add(Finding::KeyLost(order)));
        }
        let Self { book, mut expected, rules, .. } = self;
        expected.book(&book);
        if let Some(rules) = rules {
            expected.row(&rules);
        }
        expected.mark(head);
        expected
    }

    /// The orders whose number or code cannot be read, and should be: they are open, or were
    /// placed on a day that is not forgotten.
    fn lost_keys(&self) -> Vec<OrderId> {
        let kept = |day: Day| self.book.forgotten.is_none_or(|before| day >= before);
        let orders = self.book.orders.values().filter(|order| is_sealed(order));
        let mut lost: Vec<OrderId> = orders
            .filter(|order| order.state.is_open() || kept(order.day()))
            .map(Order::id)
            .chain(self.sealed.iter().filter(|(_, day)| kept(**day)).map(|(id, _)| *id))
            .collect();
        lost.sort_unstable();
        lost
    }

    /// Lets go of the orders that are over with this entry.
    fn close_orders(&mut self, entry: &Entry) {
        let orders: BTreeSet<OrderId> = entry
            .changes
            .iter()
            .filter_map(|change| match change {
                Change::Order(order) => Some(order.id()),
                _ => None,
            })
            .collect();
        for id in orders {
            self.expected.reopen(id);
            self.sealed.remove(&id);
            if let Some(closed) = self.book.close(id) {
                if is_sealed(&closed.order) {
                    self.sealed.insert(id, closed.order.day());
                }
                self.expected.close(&closed);
            }
        }
    }

    /// Folds the journal up to `to`, while another thread reads on ahead.
    fn follow(&mut self, journal: &Path, to: Head, report: &mut Report) -> Result<(), Finding> {
        let (sender, batches) = sync_channel(BATCHES_AHEAD);
        let keys = self.keys.clone();
        std::thread::scope(|scope| {
            let reader = scope.spawn(move || reading::read(journal, to, &keys, &sender));
            self.take(batches, report)?;
            reader.join().unwrap_or_else(|panic| resume_unwind(panic))
        })
    }

    /// Folds what comes, until no more does.
    fn take(&mut self, batches: Receiver<Vec<Read>>, report: &mut Report) -> Result<(), Finding> {
        batches.into_iter().flatten().try_for_each(|read| self.entry(read, report))
    }

    fn entry(&mut self, read: Read, report: &mut Report) -> Result<(), Finding> {
        let Read { entry, row } = read;
        let seq = entry.seq;
        self.book.apply(&entry)?;
        if self.expected.is_summed() {
            self.close_orders(&entry);
        }
        report.entries = report.entries.saturating_add(1);
        self.expected.hashed(Space::Ledger, keys::entry(seq), row);
        // An entry stands once in a wallet's history, however often it moves it.
        let mut moved = BTreeSet::new();
        for change in &entry.changes {
            match change {
                Change::Transfer(transfer) => {
                    let accounts = [&transfer.debit, &transfer.credit];
                    moved.extend(accounts.into_iter().filter_map(AccountId::wallet));
                }
                Change::RulesActivated(activation) => {
                    let version = activation.version;
                    self.rules = Some(RulesRow { version, since: seq });
                }
                _ => {}
            }
        }
        for customer in moved {
            self.expected.index(Space::Ledger, keys::wallet_entry(customer, seq));
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
