//! The keys that numbers and codes are sealed with: one for each day, and from it one for each
//! customer. Store and codec use this; the engine holds a [`Keyring`] to forget by.
//!
//! Keys lie outside the journal, in `keys/`, a file for each day and a copy of it, and in the
//! mirror where there is one. Whoever removes a day's files has forgotten what was sealed on that
//! day, while the journal's chain over the sealed bytes stays whole. See `FORMAT.md`.
//!
//! A key drawn for each customer and day was refused: nearly every customer's first order of a
//! day would wait for a second sync. So a day has one key, which is drawn and synced once, before
//! the first entry that needs it, and a customer's key of that day is derived from it. What is
//! given up is to forget one customer before the day.

mod file;
mod mirror;
mod sealing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ring4_domain::change::Change;
use ring4_domain::day::Day;
use ring4_domain::private::Private;
use zeroize::Zeroizing;

use crate::journal::{FileError, failed, sync_dir};
use file::Found;
use mirror::Mirror;
pub use mirror::MirrorTrouble;
pub(crate) use sealing::{Field, Key, Place, SEALED_OVERHEAD, open, seal};

/// A new key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The system gives no random bytes.
    #[error("draw a key: {0}")]
    Random(getrandom::Error),
    /// The store was opened as a copy whose keys lie elsewhere; it can be read, not continued.
    #[error("this copy of the store has no keys")]
    Elsewhere,
}

/// Something that a start found about keys and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRepair {
    /// A key file was missing or damaged and was written anew.
    Mended {
        /// The day.
        day: Day,
        /// The file.
        path: PathBuf,
    },
    /// The day's key is lost: its files are damaged and were set aside.
    Lost {
        /// The day.
        day: Day,
    },
    /// Keys of forgotten days still lay there and were removed.
    Removed {
        /// The first day that is not forgotten.
        before: Day,
    },
}

impl fmt::Display for KeyRepair {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mended { day, path } => {
                write!(out, "the key of {day} was written anew as {}", path.display())
            }
            Self::Lost { day } => write!(out, "the key of {day} is damaged and lost"),
            Self::Removed { before } => {
                write!(out, "keys of the forgotten days before {before} were removed")
            }
        }
    }
}

/// Keys as of one moment, not moved by what is drawn or forgotten later.
#[derive(Clone, Default)]
pub(crate) struct Keys {
    by_day: Arc<BTreeMap<Day, Key>>,
    /// Whether the keys lie elsewhere, so that a missing one says nothing.
    elsewhere: bool,
}

impl Keys {
    /// The key of a day.
    pub(crate) fn get(&self, day: Day) -> Option<&Key> {
        self.by_day.get(&day)
    }

    /// No keys, because they lie elsewhere.
    pub(crate) fn elsewhere() -> Self {
        Self { elsewhere: true, ..Self::default() }
    }

    /// Whether a missing key says nothing.
    pub(crate) const fn are_elsewhere(&self) -> bool {
        self.elsewhere
    }

    /// Adds what only `other` has.
    pub(crate) fn absorb(&mut self, other: &Self) {
        for (day, key) in other.by_day.iter() {
            self.add(*day, key);
        }
    }

    /// One key for every day given, for tests of what is sealed.
    #[cfg(test)]
    pub(crate) fn known(days: impl IntoIterator<Item = Day>, byte: u8) -> Self {
        let mut keys = Self::default();
        for day in days {
            keys.add(day, &Key(Zeroizing::new([byte; sealing::KEY_LEN])));
        }
        keys
    }

    fn add(&mut self, day: Day, key: &Key) {
        if !self.by_day.contains_key(&day) {
            Arc::make_mut(&mut self.by_day).insert(day, key.clone());
        }
    }

    /// Draws keys for the days of these changes that have none, and returns them: they must be
    /// kept before anything sealed with them is.
    pub(crate) fn draw(&mut self, changes: &[Change]) -> Result<Vec<(Day, Key)>, KeyError> {
        let mut drawn = Vec::new();
        for change in changes {
            let Change::Order(order) = change else { continue };
            let open = order.privates().any(|private| matches!(private, Private::Open(_)));
            let day = order.day();
            if !open || self.get(day).is_some() {
                continue;
            }
            if self.elsewhere {
                return Err(KeyError::Elsewhere);
            }
            let mut key = Key(Zeroizing::new([0; sealing::KEY_LEN]));
            getrandom::fill(key.0.as_mut_slice()).map_err(KeyError::Random)?;
            self.add(day, &key);
            drawn.push((day, key));
        }
        Ok(drawn)
    }
}

/// The keys of a store. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Keyring(Arc<Shared>);

struct Shared {
    dir: PathBuf,
    keys: Mutex<Keys>,
    mirror: Option<Mirror>,
}

impl Keyring {
    /// Reads the keys in `dir`, and from the mirror those that are missing or damaged there.
    /// Nothing is written before [`Keyring::settle`].
    pub(crate) fn open(dir: &Path, mirror: Option<&Path>) -> Result<Self, FileError> {
        file::create_dir(dir)?;
        let mut keys = Keys::default();
        for (day, _) in file::list(dir)? {
            let [first, second] = places(dir, day);
            let found = [file::read(&first, day)?, file::read(&second, day)?];
            if let Some(key) = found.iter().find_map(Found::key) {
                keys.add(day, key);
            }
        }
        let mirror = mirror.map(Mirror::start).transpose()?;
        if let Some(mirror) = &mirror {
            for (day, key) in mirror.found() {
                keys.add(day, &key);
            }
        }
        Ok(Self(Arc::new(Shared { dir: dir.to_owned(), keys: Mutex::new(keys), mirror })))
    }

    /// The keyring of a copy whose keys lie elsewhere: nothing opens, nothing can be sealed.
    pub(crate) fn elsewhere() -> Self {
        let keys = Mutex::new(Keys::elsewhere());
        Self(Arc::new(Shared { dir: PathBuf::new(), keys, mirror: None }))
    }

    /// Removes the keys of days before `before`, and writes anew what is missing or damaged.
    pub(crate) fn settle(&self, before: Option<Day>) -> Result<Vec<KeyRepair>, FileError> {
        let mut keys = self.lock();
        if keys.elsewhere {
            return Ok(Vec::new());
        }
        let dir = &self.0.dir;
        let mut repairs = Vec::new();
        keys.forget(before);
        let removed = file::erase_before(dir, before)?;
        if let (true, Some(before)) = (removed, before) {
            repairs.push(KeyRepair::Removed { before });
        }
        let named = file::list(dir)?.into_iter().map(|(day, _)| day);
        let days: BTreeSet<Day> = named.chain(keys.by_day.keys().copied()).collect();
        for day in days {
            mend(dir, day, keys.get(day), &mut repairs)?;
        }
        if !repairs.is_empty() {
            sync_dir(dir)?;
        }
        self.tell_mirror(&keys, before);
        Ok(repairs)
    }

    /// The keys as they are now.
    pub(crate) fn now(&self) -> Keys {
        self.lock().clone()
    }

    /// Makes drawn keys durable, twice each, and then known.
    pub(crate) fn keep(&self, drawn: &[(Day, Key)]) -> Result<(), FileError> {
        if drawn.is_empty() {
            return Ok(());
        }
        let mut keys = self.lock();
        for (day, key) in drawn {
            for path in places(&self.0.dir, *day) {
                file::write(&path, *day, key)?;
            }
        }
        sync_dir(&self.0.dir)?;
        for (day, key) in drawn {
            keys.add(*day, key);
        }
        self.tell_mirror(&keys, None);
        Ok(())
    }

    /// Removes the keys of days before `before`, which the journal must say are forgotten. May be
    /// repeated. The mirror follows on its own; see [`Keyring::mirror_trouble`].
    ///
    /// # Errors
    /// A file cannot be removed, or the removal not be made durable.
    pub fn forget(&self, before: Day) -> Result<(), FileError> {
        let mut keys = self.lock();
        if keys.elsewhere {
            return Ok(());
        }
        keys.forget(Some(before));
        file::erase_before(&self.0.dir, Some(before))?;
        self.tell_mirror(&keys, Some(before));
        Ok(())
    }

    /// Why the mirror is not what it should be; `None` while it is, or while there is none.
    /// Selling goes on meanwhile, and bringing it up to date is tried again every minute and
    /// with every new key.
    #[must_use]
    pub fn mirror_trouble(&self) -> Option<MirrorTrouble> {
        self.0.mirror.as_ref().and_then(Mirror::trouble)
    }

    fn tell_mirror(&self, keys: &Keys, before: Option<Day>) {
        if let Some(mirror) = &self.0.mirror {
            mirror.follow(keys.clone(), before);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.0.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keys {
    fn forget(&mut self, before: Option<Day>) {
        let Some(before) = before else { return };
        if self.by_day.first_key_value().is_some_and(|(day, _)| *day < before) {
            let kept = Arc::make_mut(&mut self.by_day).split_off(&before);
            self.by_day = Arc::new(kept);
        }
    }
}

/// Where a day's key lies.
fn places(dir: &Path, day: Day) -> [PathBuf; 2] {
    [dir.join(day.to_string()), dir.join(format!("{day}.copy"))]
}

/// Writes a day's files anew where they do not hold the key. A damaged file, or one with another
/// key than the one that is known, is set aside first.
fn mend(
    dir: &Path,
    day: Day,
    key: Option<&Key>,
    repairs: &mut Vec<KeyRepair>,
) -> Result<(), FileError> {
    let mut lost = false;
    for path in places(dir, day) {
        let found = file::read(&path, day)?;
        if found.key().is_some_and(|found| Some(found) == key) {
            continue;
        }
        if found != Found::Missing {
            let aside = dir.join(format!("{day}.aside"));
            fs::rename(&path, &aside).map_err(failed("set aside", &path))?;
            lost = key.is_none();
        }
        if let Some(key) = key {
            file::write(&path, day, key)?;
            repairs.push(KeyRepair::Mended { day, path });
        }
    }
    if lost {
        repairs.push(KeyRepair::Lost { day });
    }
    Ok(())
}
