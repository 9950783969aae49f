//! A group of entries on its way to become durable together. The executor drives it: view,
//! decide, stage; view, decide, stage; commit.

mod overlay;

use ring4_domain::change::{Actor, CAUSE_LEN_MAX, Change, Entry, Seq};
use ring4_domain::command::Key;
use ring4_domain::day::Day;
use ring4_domain::ids::Timestamp;
use ring4_domain::ledger::LedgerError;
use ring4_domain::view::{Record, View};

use crate::codec::{self, EntryCopy, Kind};
use crate::journal::{FileError, Hash, Head, frame};
use crate::keyring::{self, Keys};
use crate::state::{Batch, keys};
use crate::store::restore::Loss;
use crate::{KeyError, ReadError, Snapshot, Space, Store};
pub(crate) use overlay::Overlay;

/// Entries in one group, at most.
pub const GROUP_ENTRIES_MAX: usize = 512;

/// An entry cannot be staged; nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The transfers cannot be booked. A bug in whoever decided, never a customer's doing.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The state cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An entry must change something.
    #[error("an entry without changes")]
    Empty,
    /// The cause is longer than a cause may be.
    #[error("the cause has more than {CAUSE_LEN_MAX} bytes")]
    CauseLong,
    /// The entry is larger than a journal frame may be.
    #[error("the entry has {0} bytes, more than {max}", max = frame::BODY_LEN_MAX)]
    Large(usize),
    /// The entry has a number or a code, and there is no key to seal it with.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The group is full; commit it first.
    #[error("the group holds {GROUP_ENTRIES_MAX} entries already")]
    Full,
}

/// A group could not be committed. What is on the disk is unknown, except after
/// [`CommitError::Poisoned`], [`CommitError::ReadOnly`] and [`CommitError::Key`]: nothing of the
/// group is. Stop, restart, and look the commands up.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The journal could not be written or synced.
    #[error(transparent)]
    Journal(#[from] FileError),
    /// A new key could not be written or synced; nothing else was.
    #[error("keep a key: {0}")]
    Key(FileError),
    /// The journal holds the group, the state does not.
    #[error("write the state: {0}")]
    State(fjall::Error),
    /// Entries are lost, and nobody has accepted that yet. Nothing was written.
    #[error("the store is read-only: {0}")]
    ReadOnly(Box<Loss>),
    /// An earlier commit failed, so no other may follow it.
    #[error("an earlier commit failed")]
    Poisoned,
}

impl CommitError {
    /// What the operating system said, where it was asked.
    #[must_use]
    pub fn io_kind(&self) -> Option<std::io::ErrorKind> {
        match self {
            Self::Journal(error) | Self::Key(error) => Some(error.source.kind()),
            Self::State(error) => crate::state::io_kind(error),
            Self::ReadOnly(_) | Self::Poisoned => None,
        }
    }
}

/// Entries that see each other and become durable together. Dropped uncommitted, it was never.
pub struct Group<'a> {
    store: &'a mut Store,
    overlay: Overlay,
    staged: Vec<Staged>,
    /// What the group's records are sealed with.
    keys: Keys,
    /// Those of them that were drawn for this group, and are on no disk yet.
    drawn: Vec<(Day, keyring::Key)>,
}

/// An entry's place and bytes.
pub(crate) struct Staged {
    pub seq: Seq,
    pub body: Vec<u8>,
}

impl<'a> Group<'a> {
    pub(crate) fn new(store: &'a mut Store, snapshot: Snapshot) -> Self {
        let keys = snapshot.reading.keys.clone();
        let overlay = Overlay::new(snapshot);
        Self { store, overlay, staged: Vec::new(), keys, drawn: Vec::new() }
    }

    /// Entries staged so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.staged.len()
    }

    /// Whether nothing is staged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.staged.is_empty()
    }

    /// The records named, as they are after the entries staged in this group.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn view(&mut self, keys: &[Key]) -> Result<View, ReadError> {
        let mut view = View::default();
        for key in keys {
            view.insert(key.clone(), self.record(key)?);
        }
        Ok(view)
    }

    fn record(&mut self, key: &Key) -> Result<Record, ReadError> {
        let overlay = &mut self.overlay;
        Ok(match key {
            Key::Customer(id) => Record::Customer(overlay.customer(*id)?.cloned()),
            Key::OpenOrders(customer) => Record::Count(overlay.tally(*customer)?.orders_open),
            Key::OpenDeposits(customer) => Record::Count(overlay.tally(*customer)?.deposits_open),
            Key::Account(id) => Record::Account(overlay.account(id)?),
            Key::Quote(id) => Record::Quote(overlay.quote(*id)?.cloned()),
            Key::Order(id) => Record::Order(overlay.order(*id)?.cloned().map(Box::new)),
            Key::Owner(provider, vendor_order) => {
                Record::Owner(overlay.owner(provider, vendor_order)?)
            }
            Key::Deposit(id) => Record::Deposit(overlay.deposit(*id)?.cloned()),
            Key::Referred(reference) => Record::Referred(overlay.referred(reference)?),
            Key::Charged(charge) => Record::Charged(overlay.charged(charge)?),
            Key::Amounts(method, from) => Record::Amounts(overlay.amounts(method, *from)?),
            Key::Wish(effect) => Record::Wish(overlay.wish(*effect)?),
            Key::Rules => Record::Rules(overlay.rules()?),
            Key::Forgotten => Record::Forgotten(overlay.forgotten()?),
            Key::Sale(provider) => Record::Sale(overlay.sale(provider)?.cloned()),
            Key::OldestOpenOrder => Record::OldestOpenOrder(overlay.oldest_open_order()?),
            Key::Refund(order) => Record::Refund(overlay.refund(*order)?.cloned()),
            Key::Standing(customer) => Record::Standing(overlay.standing(*customer)?.cloned()),
            Key::Adjustment(id) => Record::Adjustment(overlay.adjustment(*id)?.cloned()),
            Key::Maintenance => Record::Maintenance(overlay.maintenance()?.cloned()),
            Key::Reported => Record::Reported(overlay.reported()?),
            Key::Placed(customer) => Record::Placed(overlay.placed(*customer)?),
            Key::Broadcast(id) => Record::Broadcast(overlay.broadcast(*id)?.cloned().map(Box::new)),
            Key::Outreach(id) => Record::Outreach(overlay.outreach(*id)?.cloned()),
            Key::ActiveBroadcast => Record::ActiveBroadcast(overlay.active_broadcast()?),
        })
    }

    /// Adds an entry to the group and returns its place: all of it, or nothing.
    ///
    /// # Errors
    /// The entry breaks a rule of the ledger or a limit, or the state cannot be read.
    pub fn stage(
        &mut self,
        at: Timestamp,
        actor: Actor,
        cause: impl Into<String>,
        changes: Vec<Change>,
    ) -> Result<Seq, StageError> {
        let cause = cause.into();
        if changes.is_empty() {
            return Err(StageError::Empty);
        }
        if cause.len() > CAUSE_LEN_MAX {
            return Err(StageError::CauseLong);
        }
        if self.staged.len() >= GROUP_ENTRIES_MAX {
            return Err(StageError::Full);
        }
        let staged = self.staged.len() as u64;
        let seq = Seq(self.store.head().next().0.saturating_add(staged));
        let entry = Entry { seq, at, actor, cause, changes };
        self.drawn.extend(self.keys.draw(&entry.changes)?);
        let body = codec::encode(Kind::Entry, &entry, &self.keys);
        if body.len() > frame::BODY_LEN_MAX {
            return Err(StageError::Large(body.len()));
        }
        self.overlay.apply(entry)?;
        self.staged.push(Staged { seq, body });
        Ok(seq)
    }

    /// Makes the group durable, then visible. An empty group writes nothing.
    ///
    /// # Errors
    /// The outcome is unknown and the store takes no further commits.
    pub fn commit(self) -> Result<Head, CommitError> {
        let Self { store, overlay, staged, keys, drawn } = self;
        store.commit(overlay, staged, keys, &drawn)
    }
}

/// Writes entries that are durable in the journal into a batch of the state.
pub(crate) fn fill(batch: &mut Batch<'_>, overlay: Overlay, staged: Vec<Staged>, hashes: &[Hash]) {
    for (Staged { seq, body }, hash) in staged.into_iter().zip(hashes) {
        let copy = EntryCopy { body, hash: *hash };
        batch.put(Space::Ledger, Kind::EntryCopy, keys::entry(seq), &copy);
    }
    overlay.write(batch);
}
