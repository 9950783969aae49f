//! Whether the store tells the truth: the journal is read whole, folded by the domain's own
//! code, and compared with every row of the state, both ways. Audit, backups and tests use this.
//!
//! The fold here is not the one that wrote the state. What cannot be read is a finding, never a
//! row less to compare.

mod expected;
mod reading;

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};

use ring4_domain::book::{Book, FoldError, Violation};
use ring4_domain::change::{Change, Entry, Seq};
use ring4_domain::day::Day;
use ring4_domain::ids::{OrderId, UserId};
use ring4_domain::ledger::AccountId;
use ring4_domain::order::Order;
use ring4_domain::private::Private;

use crate::codec::{self, DecodeError, RulesRow};
use crate::journal::Head;
use crate::keyring::Keys;
use crate::state::{RawRow, keys};
use crate::{JournalError, ReadError, Snapshot, Space};
pub(crate) use expected::Sums;
use expected::{Expected, Match};
use reading::Read;
pub(crate) use reading::{Ahead, Batch, Stop};

/// Findings kept in a report; the rest is only counted.
pub const FINDINGS_MAX: usize = 1_000;

/// Batches of entries that wait for the next thread, at most: enough that none of them waits while
/// another has a harder stretch.
pub(crate) const BATCHES_AHEAD: usize = 8;

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
        let summing = scope.spawn(|| sum_up(snapshot));
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
pub(crate) fn fold_stream(batches: Receiver<Batch>, keys: Keys) -> Option<Folded> {
    let mut report = Report::default();
    let mut fold = Fold::new(keys.clone(), Expected::summed(keys));
    fold.take(batches, &mut report).ok()?;
    Some(Folded { fold, report })
}

impl Folded {
    /// Compares the history, which should end in `head`, with a state that was added up. `None` if
    /// they differ or a promise of the shop is broken; [`verify`] then says which.
    pub(crate) fn compare(self, sums: &Sums, head: Head) -> Option<Report> {
        let Self { fold, mut report } = self;
        let whole = fold.book.head == head.seq;
        let expected = fold.end(head, &mut report);
        report.rows = sums.rows();
        (whole && report.is_clean() && expected.adds_up_to(sums)).then_some(report)
    }
}

/// Adds the state's rows up; `None` if one cannot be read.
fn sum_up(snapshot: &Snapshot) -> Option<Sums> {
    let mut sums = Sums::default();
    for space in Space::ALL {
        sum_rows(space, snapshot.reading.all(space), &mut sums)?;
    }
    Some(sums)
}

/// Adds rows up as they are read; `None` if one cannot be. Their checksums are not looked at:
/// what adds up to the rows that the journal leads to is these rows, byte for byte.
pub(crate) fn sum_rows(
    space: Space,
    rows: impl Iterator<Item = Result<RawRow, ReadError>>,
    sums: &mut Sums,
) -> Option<()> {
    for row in rows {
        let (key, value) = row.ok()?;
        sums.add(space, &key, &value);
    }
    Some(())
}

struct Fold {
    book: Book,
    expected: Expected,
    /// The live rule set; only the last one has a row.
    rules: Option<RulesRow>,
    keys: Keys,
    /// Closed orders whose number or code could not be read.
    sealed: BTreeMap<OrderId, Day>,
    /// What the entry at hand is about; here to be filled again, not made anew.
    touched: Touched,
}

/// What an entry is about, each named once.
#[derive(Default)]
struct Touched {
    orders: Vec<OrderId>,
    /// Whose money it moves.
    wallets: Vec<UserId>,
}

impl Touched {
    fn fill(&mut self, entry: &Entry) {
        let Self { orders, wallets } = self;
        orders.clear();
        wallets.clear();
        for change in &entry.changes {
            match change {
                Change::Order(order) => orders.push(order.id()),
                Change::Transfer(transfer) => {
                    let accounts = [&transfer.debit, &transfer.credit];
                    wallets.extend(accounts.into_iter().filter_map(AccountId::wallet));
                }
                _ => {}
            }
        }
        orders.sort_unstable();
        orders.dedup();
        wallets.sort_unstable();
        wallets.dedup();
    }
}

fn is_sealed(order: &Order) -> bool {
    order.privates().any(|private| matches!(private, Private::Sealed(_)))
}

impl Fold {
    fn new(keys: Keys, expected: Expected) -> Self {
        let (book, sealed, touched) = (Book::default(), BTreeMap::new(), Touched::default());
        Self { book, expected, rules: None, keys, sealed, touched }
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
    fn close_orders(&mut self) {
        for id in &self.touched.orders {
            self.expected.reopen(*id);
            self.sealed.remove(id);
            if let Some(closed) = self.book.close(*id) {
                // Where no keys are, none is missed.
                if !self.keys.are_elsewhere() && is_sealed(&closed.order) {
                    self.sealed.insert(*id, closed.order.day());
                }
                self.expected.close(&closed);
            }
        }
    }

    /// Folds the journal up to `to`, while another thread reads on ahead.
    fn follow(&mut self, journal: &Path, to: Head, report: &mut Report) -> Result<(), Finding> {
        let (sender, batches) = sync_channel(BATCHES_AHEAD);
        std::thread::scope(|scope| {
            let reader = scope.spawn(move || reading::read(journal, to, &sender));
            self.take(batches, report)?;
            reader.join().unwrap_or_else(|panic| resume_unwind(panic))
        })
    }

    /// Folds what comes, while another thread decodes it, until no more does.
    fn take(&mut self, batches: Receiver<Batch>, report: &mut Report) -> Result<(), Finding> {
        let (sender, decoded) = sync_channel(BATCHES_AHEAD);
        let keys = self.keys.clone();
        std::thread::scope(|scope| {
            let decoder = scope.spawn(move || reading::decode(batches, &keys, &sender));
            decoded.into_iter().flatten().try_for_each(|read| self.entry(read, report))?;
            decoder.join().unwrap_or_else(|panic| resume_unwind(panic))
        })
    }

    fn entry(&mut self, read: Read, report: &mut Report) -> Result<(), Finding> {
        let Read { entry, row } = read;
        let seq = entry.seq;
        self.touched.fill(&entry);
        for change in &entry.changes {
            if let Change::RulesActivated(activation) = change {
                self.rules = Some(RulesRow { version: activation.version, since: seq });
            }
        }
        self.book.apply(entry)?;
        if self.expected.is_summed() {
            self.close_orders();
        }
        report.entries = report.entries.saturating_add(1);
        self.expected.hashed(Space::Ledger, keys::entry(seq), row);
        // An entry stands once in a wallet's history, however often it moves it.
        for customer in &self.touched.wallets {
            self.expected.index(Space::Ledger, keys::wallet_entry(*customer, seq));
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
