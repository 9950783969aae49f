//! The state: what the journal adds up to, in fjall, for reading. Store and snapshot use this.
//!
//! fjall is fast and survives crashes, but some damage makes it open with data silently gone. So
//! it is never the judge: it holds how far it has come, every row carries its own checksum, and
//! whatever disagrees with the journal is set aside and built anew.

pub(crate) mod keys;
pub(crate) mod rows;

use std::ops::Bound;
use std::path::Path;

use fjall::config::{BlockSizePolicy, FilterPolicy};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode, Readable};

use crate::codec::{self, Coded, DecodeError, Kind, Mark};
use crate::journal::Head;
use crate::keyring::Keys;
use rows::Row;

/// Threads that flush and compact. With one, a busy writer starves the flush and memory grows
/// without bound.
const WORKER_THREADS: usize = 2;
/// Bytes of one keyspace's newest rows kept in memory; small, because they are replayed at start.
const MEMTABLE_BYTES: u64 = 8 << 20;
/// Bytes of fjall's own journals, its least.
const JOURNALS_BYTES: u64 = 64 << 20;
/// Bytes of the block cache.
const CACHE_BYTES: u64 = 32 << 20;
/// The same where every row is read once.
const PASSING_CACHE_BYTES: u64 = 1 << 20;
/// Bytes of a block of rows where they are only read one after the other.
const SCRATCH_BLOCK_BYTES: u32 = 64 << 10;

/// A keyspace. Four, because each costs a memtable and an idle one pins fjall's journals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Space {
    /// Entries, transfers, accounts.
    Ledger,
    /// Customers, quotes, orders, deposits, counts, rule sets.
    Records,
    /// Ways to find records.
    Index,
    /// What the world owes us.
    Outbox,
}

impl Space {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ledger, Self::Records, Self::Index, Self::Outbox];

    /// The keyspace's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Records => "records",
            Self::Index => "index",
            Self::Outbox => "outbox",
        }
    }
}

/// The state cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store below failed.
    #[error("read {space}: {source}")]
    Store {
        /// Where.
        space: &'static str,
        /// What fjall said.
        source: fjall::Error,
    },
    /// A row is damaged.
    #[error("row {} of {space}: {source}", hex(key))]
    Row {
        /// Where.
        space: &'static str,
        /// Which.
        key: Vec<u8>,
        /// How.
        source: DecodeError,
    },
    /// An index names a record that is not there.
    #[error("an index of {0} names a record that is not there")]
    Dangling(&'static str),
    /// The keyspaces do not agree how far the state has come.
    #[error("the keyspaces of the state disagree how far it has come")]
    Marks,
    /// The key layout is another version's.
    #[error("the state has key layout {0}, this engine knows {known}", known = keys::SCHEMA)]
    Schema(u32),
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Takes one row after the other, and `None` as the end. A closure, because the store below does
/// not name what stands behind it.
pub(crate) type Load<'a> = Box<dyn FnMut(Option<(&[u8], &[u8])>) -> Result<(), fjall::Error> + 'a>;

/// What the operating system said, where it is behind the error.
pub(crate) fn io_kind(error: &fjall::Error) -> Option<std::io::ErrorKind> {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return Some(error.kind());
        }
        source = error.source();
    }
    None
}

fn keyspace_options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES)
}

/// The open state.
#[derive(Clone)]
pub(crate) struct State {
    database: Database,
    ledger: Keyspace,
    records: Keyspace,
    index: Keyspace,
    outbox: Keyspace,
}

impl State {
    /// Opens the state in `dir`, empty if nothing is there.
    pub(crate) fn open(dir: &Path) -> Result<Self, fjall::Error> {
        Self::open_with(dir, CACHE_BYTES, keyspace_options)
    }

    /// The same with next to no cache, for whoever builds it and reads it through.
    pub(crate) fn open_uncached(dir: &Path) -> Result<Self, fjall::Error> {
        Self::open_with(dir, PASSING_CACHE_BYTES, keyspace_options)
    }

    /// The same for one that is thrown away then. Nobody looks for single rows in it, so it has no
    /// filters, and large blocks.
    pub(crate) fn scratch(dir: &Path) -> Result<Self, fjall::Error> {
        Self::open_with(dir, PASSING_CACHE_BYTES, || {
            keyspace_options()
                .filter_policy(FilterPolicy::disabled())
                .data_block_size_policy(BlockSizePolicy::all(SCRATCH_BLOCK_BYTES))
        })
    }

    fn open_with(
        dir: &Path,
        cache_bytes: u64,
        options: fn() -> KeyspaceCreateOptions,
    ) -> Result<Self, fjall::Error> {
        let database = Database::builder(dir)
            .worker_threads(WORKER_THREADS)
            .max_journaling_size(JOURNALS_BYTES)
            .cache_size(cache_bytes)
            .open()?;
        let open = |space: Space| database.keyspace(space.name(), options);
        Ok(Self {
            ledger: open(Space::Ledger)?,
            records: open(Space::Records)?,
            index: open(Space::Index)?,
            outbox: open(Space::Outbox)?,
            database,
        })
    }

    fn keyspace(&self, space: Space) -> &Keyspace {
        match space {
            Space::Ledger => &self.ledger,
            Space::Records => &self.records,
            Space::Index => &self.index,
            Space::Outbox => &self.outbox,
        }
    }

    /// A consistent view over all keyspaces, read with the keys of that moment: they are asked
    /// for once the view is there, so that none is missing for what it holds.
    pub(crate) fn read(&self, keys: impl FnOnce() -> Keys) -> Reading {
        let snapshot = self.database.snapshot();
        Reading { snapshot, state: self.clone(), keys: keys() }
    }

    /// A batch over all keyspaces, handed to the operating system but not synced: the journal is
    /// what is durable.
    pub(crate) fn batch(&self, keys: Keys) -> Batch<'_> {
        let batch = self.database.batch().durability(Some(PersistMode::Buffer));
        Batch { batch, state: self, keys }
    }

    /// Begins to load sorted rows into a keyspace that is still empty, past its memtables.
    pub(crate) fn load(&self, space: Space) -> Result<Load<'_>, fjall::Error> {
        let mut ingestion = Some(self.keyspace(space).start_ingestion()?);
        Ok(Box::new(move |row| match row {
            Some((key, value)) => {
                ingestion.as_mut().map_or(Ok(()), |ingestion| ingestion.write(key, value))
            }
            None => ingestion.take().map_or(Ok(()), |ingestion| ingestion.finish()),
        }))
    }

    /// Rows in all keyspaces, about: overwritten ones may count more than once.
    pub(crate) fn rows_about(&self) -> u64 {
        let rows = |space: Space| self.keyspace(space).approximate_len() as u64;
        Space::ALL.into_iter().map(rows).fold(0, u64::saturating_add)
    }

    /// Syncs everything written so far.
    pub(crate) fn sync(&self) -> Result<(), fjall::Error> {
        self.database.persist(PersistMode::SyncAll)
    }
}

/// Writes that become visible together.
pub(crate) struct Batch<'a> {
    batch: OwnedWriteBatch,
    state: &'a State,
    keys: Keys,
}

impl Batch<'_> {
    pub(crate) fn put<T: Coded>(&mut self, space: Space, kind: Kind, key: Vec<u8>, value: &T) {
        let row = codec::seal(kind, &key, value, &self.keys);
        self.batch.insert(self.state.keyspace(space), key, row);
    }

    pub(crate) fn put_row<R: Row>(&mut self, id: &R::Id, row: &R) {
        self.put(R::SPACE, R::KIND, R::key(id), row);
    }

    pub(crate) fn put_index(&mut self, space: Space, key: Vec<u8>) {
        self.put(space, Kind::Index, key, &());
    }

    pub(crate) fn remove(&mut self, space: Space, key: Vec<u8>) {
        self.batch.remove(self.state.keyspace(space), key);
    }

    /// Writes the batch with the mark of how far it leads.
    pub(crate) fn commit(mut self, head: Head) -> Result<(), fjall::Error> {
        let mark = Mark { schema: keys::SCHEMA, head };
        for space in Space::ALL {
            self.put(space, Kind::Mark, keys::MARK.to_vec(), &mark);
        }
        self.batch.commit()
    }
}

/// A consistent view of the state, not moved by later writes.
#[derive(Clone)]
pub(crate) struct Reading {
    snapshot: fjall::Snapshot,
    state: State,
    /// What numbers and codes are opened with.
    pub(crate) keys: Keys,
}

/// A row of a keyspace as it is stored.
pub(crate) type RawRow = (fjall::Slice, fjall::Slice);

impl Reading {
    /// The bytes under a key.
    pub(crate) fn raw(&self, space: Space, key: &[u8]) -> Result<Option<fjall::Slice>, ReadError> {
        let failed = |source| ReadError::Store { space: space.name(), source };
        self.snapshot.get(self.state.keyspace(space), key).map_err(failed)
    }

    /// The value under a key.
    pub(crate) fn value<T: Coded>(
        &self,
        space: Space,
        kind: Kind,
        key: &[u8],
    ) -> Result<Option<T>, ReadError> {
        self.raw(space, key)?.map(|row| unseal(space, kind, key, &row, &self.keys)).transpose()
    }

    /// The row with an id.
    pub(crate) fn row<R: Row>(&self, id: &R::Id) -> Result<Option<R>, ReadError> {
        self.value(R::SPACE, R::KIND, &R::key(id))
    }

    /// The rows whose keys begin with `prefix`, in key order; from either end.
    pub(crate) fn prefix(
        &self,
        space: Space,
        prefix: &[u8],
    ) -> impl DoubleEndedIterator<Item = Result<RawRow, ReadError>> + Send + use<> {
        rows(space, self.snapshot.prefix(self.state.keyspace(space), prefix))
    }

    /// The rows from `from` on and before `to`, in key order; from either end.
    pub(crate) fn range(
        &self,
        space: Space,
        from: Vec<u8>,
        to: Vec<u8>,
    ) -> impl DoubleEndedIterator<Item = Result<RawRow, ReadError>> + Send + use<> {
        rows(space, self.snapshot.range(self.state.keyspace(space), from..to))
    }

    /// The rows from `from` on and before `to`, or to the end.
    pub(crate) fn part(
        &self,
        space: Space,
        from: Vec<u8>,
        to: Option<Vec<u8>>,
    ) -> impl DoubleEndedIterator<Item = Result<RawRow, ReadError>> + Send + use<> {
        let to = to.map_or(Bound::Unbounded, Bound::Excluded);
        let bounds = (Bound::Included(from), to);
        rows(space, self.snapshot.range(self.state.keyspace(space), bounds))
    }

    /// Every row of a keyspace, in key order.
    pub(crate) fn all(
        &self,
        space: Space,
    ) -> impl DoubleEndedIterator<Item = Result<RawRow, ReadError>> + Send + use<> {
        rows(space, self.snapshot.iter(self.state.keyspace(space)))
    }

    /// How far the state has come; `None` if it never held anything.
    ///
    /// # Errors
    /// The marks cannot be read or disagree, or the layout is not known.
    pub(crate) fn mark(&self) -> Result<Option<Head>, ReadError> {
        let mark = |space| self.value::<Mark>(space, Kind::Mark, &keys::MARK);
        let first = mark(Space::Ledger)?;
        for space in Space::ALL {
            if mark(space)? != first {
                return Err(ReadError::Marks);
            }
            if first.is_none() && self.all(space).next().is_some() {
                return Err(ReadError::Marks);
            }
        }
        match first {
            Some(mark) if mark.schema != keys::SCHEMA => Err(ReadError::Schema(mark.schema)),
            mark => Ok(mark.map(|mark| mark.head)),
        }
    }
}

fn rows(
    space: Space,
    iter: fjall::Iter,
) -> impl DoubleEndedIterator<Item = Result<RawRow, ReadError>> + Send {
    let failed = move |source| ReadError::Store { space: space.name(), source };
    iter.map(move |guard| guard.into_inner().map_err(failed))
}

/// Reads a row's value.
pub(crate) fn unseal<T: Coded>(
    space: Space,
    kind: Kind,
    key: &[u8],
    row: &[u8],
    keys: &Keys,
) -> Result<T, ReadError> {
    let damaged = |source| ReadError::Row { space: space.name(), key: key.to_vec(), source };
    codec::unseal(kind, key, row, keys).map_err(damaged)
}
