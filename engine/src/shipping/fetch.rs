//! A shop's way back from the place alone: the newest backup, and the entries behind it, laid out
//! as files. The verb that restores imports this; building a shop from the files is the
//! storage's.
//!
//! Names only say what to try first. What a backup holds is read from its header, and what
//! continues it is proven by the chain; where two histories part, the one that was put later is
//! followed, unless a backup is named.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ring4_domain::change::Seq;
use ring4_domain::ids::Timestamp;
use ring4_offsite::{Object, Offsite, OffsiteError};
use ring4_storage::{Head, Layout, PIECE_LEN_MAX, PieceError, parse_backup_name};

use super::{Transform, names};

/// Bytes that encryption may add to a piece, at most.
const SEAL_LEN_MAX: usize = 64 << 10;

/// Which history to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The newest backup, and everything behind it.
    Latest,
    /// The newest backup that is not younger than this; the oldest, where all are younger.
    Before(Timestamp),
    /// The backup of this name, and everything behind it, even if a restore left it behind.
    Backup(String),
}

/// What was fetched, and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The backup; `None` where none is there, and the entries alone lead back to the first.
    pub backup: Option<PathBuf>,
    /// The folder of journal segments behind the backup.
    pub journal: PathBuf,
    /// The folder of keys.
    pub keys: PathBuf,
    /// The last entry of it all.
    pub end: Head,
    /// Why entries that are there were not followed: the next piece is damaged, or missing.
    pub broken: Option<String>,
}

/// Nothing can be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The place failed.
    #[error(transparent)]
    Offsite(#[from] OffsiteError),
    /// Neither a backup nor a piece is there.
    #[error("no shop is there")]
    Empty,
    /// The backup that was named is not there.
    #[error("there is no backup {0}")]
    Unknown(String),
    /// A backup does not say how far it goes.
    #[error("{name}: {reason}")]
    Header {
        /// Which.
        name: String,
        /// Why not.
        reason: String,
    },
    /// Something encrypted does not open.
    #[error("{name}: {reason}")]
    Sealed {
        /// Which.
        name: String,
        /// Why not.
        reason: String,
    },
    /// A file cannot be written here.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A segment cannot be written here.
    #[error(transparent)]
    Piece(#[from] PieceError),
}

/// Fetches a shop into `into`, which is created and should be empty: a backup under its own name,
/// `journal/` and `keys/`. `head_of` reads how far a backup goes; `open` decrypts pieces and keys.
///
/// # Errors
/// Nothing is there, the place fails, or files cannot be written.
pub async fn fetch_shop(
    offsite: &Offsite,
    into: &Path,
    choice: &Choice,
    head_of: impl Fn(&Path) -> Result<Head, String>,
    open: Option<&Transform>,
) -> Result<Fetched, FetchError> {
    let journal = into.join(names::JOURNAL);
    let keys = into.join(names::KEYS);
    for dir in [into, &journal, &keys] {
        std::fs::create_dir_all(dir).map_err(failed(dir))?;
    }
    let pieces = offsite.list(names::JOURNAL).await?;
    let backups = candidates(offsite.list(names::BACKUPS).await?, choice)?;
    if pieces.is_empty() && backups.is_empty() {
        return Err(FetchError::Empty);
    }
    fetch_keys(offsite, &keys, open).await?;
    let room = Room { offsite, pieces: &pieces, open };
    let mut best: Option<(Route, Fetched)> = None;
    for object in &backups {
        let path = into.join(names::file_of(&object.name));
        let head = match fetch_backup(offsite, object, &path, &head_of).await {
            Ok(head) => head,
            // A damaged backup is no reason to give up where an older one is good.
            Err(error @ FetchError::Header { .. }) if backups.len() > 1 => {
                tracing::warn!(%error, "this backup is passed over");
                continue;
            }
            Err(error) => return Err(error),
        };
        let found = room.follow(&journal, head, object.put_at).await?;
        let later = best.as_ref().is_none_or(|(route, _)| found.put_at > route.put_at);
        let done = room.is_followed(&found) || matches!(choice, Choice::Backup(_));
        if later {
            let (end, broken) = (found.end, found.broken.clone());
            let (journal, keys) = (journal.clone(), keys.clone());
            best = Some((found, Fetched { backup: Some(path), journal, keys, end, broken }));
        }
        if done {
            break;
        }
    }
    let Some((route, fetched)) = best else {
        let route = room.follow(&journal, Head::GENESIS, SystemTime::UNIX_EPOCH).await?;
        let Route { end, broken, .. } = route;
        return Ok(Fetched { backup: None, journal, keys, end, broken });
    };
    // A later try may have laid out another history.
    room.follow(&journal, route.begin, route.put_at).await?;
    Ok(fetched)
}

/// The backups to try, the most promising first.
fn candidates(objects: Vec<Object>, choice: &Choice) -> Result<Vec<Object>, FetchError> {
    if let Choice::Backup(wanted) = choice {
        let name = format!("{}/{wanted}", names::BACKUPS);
        let found = objects.into_iter().find(|object| object.name == name);
        return Ok(vec![found.ok_or_else(|| FetchError::Unknown(wanted.clone()))?]);
    }
    let marked = |object: &Object| {
        let mark = format!("{}{}", object.name, names::SUPERSEDED);
        objects.iter().any(|other| other.name == mark)
    };
    let mut found: Vec<(Timestamp, Object)> = objects
        .iter()
        .filter(|object| !marked(object))
        .filter_map(|object| Some((parse_backup_name(names::file_of(&object.name))?.1, object)))
        .map(|(at, object)| (at, object.clone()))
        .collect();
    found.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    if let Choice::Before(moment) = choice {
        let old = found.iter().position(|(at, _)| at <= moment);
        found.drain(..old.unwrap_or(found.len().saturating_sub(1)));
    }
    Ok(found.into_iter().map(|(_, object)| object).collect())
}

async fn fetch_backup(
    offsite: &Offsite,
    object: &Object,
    path: &Path,
    head_of: &impl Fn(&Path) -> Result<Head, String>,
) -> Result<Head, FetchError> {
    offsite.fetch(&object.name, path).await?;
    let wrong = |reason| FetchError::Header { name: object.name.clone(), reason };
    head_of(path).map_err(wrong)
}

async fn fetch_keys(
    offsite: &Offsite,
    dir: &Path,
    open: Option<&Transform>,
) -> Result<(), FetchError> {
    for object in offsite.list(names::KEYS).await? {
        let bytes = offsite.get(&object.name, ring4_offsite::OBJECT_LEN_MAX).await?;
        let (name, bytes) = unseal(&object.name, bytes, open)?;
        let path = dir.join(names::file_of(name));
        std::fs::write(&path, bytes).map_err(failed(&path))?;
    }
    Ok(())
}

/// A name without the ending of what is encrypted, and the plain bytes.
fn unseal<'a>(
    name: &'a str,
    bytes: Vec<u8>,
    open: Option<&Transform>,
) -> Result<(&'a str, Vec<u8>), FetchError> {
    let Some(plain) = name.strip_suffix(names::SEALED) else { return Ok((name, bytes)) };
    let wrong = |reason: String| FetchError::Sealed { name: name.to_owned(), reason };
    let open = open.ok_or_else(|| wrong("it is encrypted, and no key was given".to_owned()))?;
    Ok((plain, open(&bytes).map_err(wrong)?))
}

/// What the place holds of the journal.
struct Room<'a> {
    offsite: &'a Offsite,
    pieces: &'a [Object],
    open: Option<&'a Transform>,
}

/// A way through the pieces.
struct Route {
    begin: Head,
    end: Head,
    /// When the newest part of it was put.
    put_at: SystemTime,
    broken: Option<String>,
}

impl Room<'_> {
    /// Whether nothing is there that was put later than this route's end.
    fn is_followed(&self, route: &Route) -> bool {
        self.pieces.iter().all(|piece| piece.put_at <= route.put_at)
    }

    /// Lays out, in an emptied folder, what continues `begin`.
    async fn follow(
        &self,
        dir: &Path,
        begin: Head,
        put_at: SystemTime,
    ) -> Result<Route, FetchError> {
        std::fs::remove_dir_all(dir).map_err(failed(dir))?;
        std::fs::create_dir_all(dir).map_err(failed(dir))?;
        let mut layout = Layout::new(dir, begin);
        let mut route = Route { begin, end: begin, put_at, broken: None };
        loop {
            let due = Seq(route.end.seq.0.saturating_add(1));
            let mut next: Vec<&Object> = self
                .pieces
                .iter()
                .filter(|object| {
                    let name = names::parse_piece(&object.name);
                    name.is_some_and(|name| name.first <= due && due <= name.last)
                })
                .collect();
            // Of two histories the one that was put later.
            next.sort_by_key(|object| std::cmp::Reverse((object.put_at, object.name.clone())));
            let mut faults = Vec::new();
            let mut added = None;
            for object in next {
                match self.add(&mut layout, object).await {
                    Ok(()) => {
                        added = Some(object.put_at);
                        break;
                    }
                    Err(FetchError::Piece(PieceError::File(error))) => {
                        return Err(PieceError::File(error).into());
                    }
                    Err(FetchError::Offsite(error)) if !is_about_one(&error) => {
                        return Err(error.into());
                    }
                    // A history that was left: the shop went back behind it and on from there.
                    Err(FetchError::Piece(PieceError::Fork)) if object.put_at <= route.put_at => {}
                    Err(error) => faults.push(format!("{}: {error}", object.name)),
                }
            }
            let Some(added) = added else {
                route.broken = faults.into_iter().next().or_else(|| self.gap(due, route.put_at));
                return Ok(route);
            };
            route.end = layout.head();
            route.put_at = route.put_at.max(added);
        }
    }

    async fn add(&self, layout: &mut Layout, object: &Object) -> Result<(), FetchError> {
        let bytes = self.offsite.get(&object.name, PIECE_LEN_MAX * 2 + SEAL_LEN_MAX).await?;
        let (_, bytes) = unseal(&object.name, bytes, self.open)?;
        let before = layout.head();
        if layout.add(&bytes)? == before {
            let fault = ring4_storage::Fault::Missing;
            let entry = Seq(before.seq.0.saturating_add(1));
            return Err(PieceError::Frame { offset: bytes.len(), entry, fault }.into());
        }
        Ok(())
    }

    /// Entries that are there, but out of reach. What was put no later than the route belongs to
    /// a history that was left.
    fn gap(&self, due: Seq, put_at: SystemTime) -> Option<String> {
        let later = self.pieces.iter().filter(|object| object.put_at > put_at);
        let names = later.filter_map(|object| names::parse_piece(&object.name));
        let beyond = names.filter(|name| name.first > due).map(|name| name.first.0).min()?;
        Some(format!("entries {} to {} are not there", due.0, beyond.saturating_sub(1)))
    }
}

/// Whether the fault is this object's, so that another one may do.
const fn is_about_one(error: &OffsiteError) -> bool {
    matches!(
        error,
        OffsiteError::Missing(_) | OffsiteError::Short { .. } | OffsiteError::Large { .. }
    )
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> FetchError {
    let path = path.to_owned();
    move |source| FetchError::File { path, source }
}
