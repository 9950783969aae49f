//! Backups on their way out, and the tidying up out there. Shipping alone uses this.
//!
//! A backup is put once and stays until rotation has removed it here and as many newer ones of
//! its kind are there as are kept here: a lost disk must not empty the other one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ring4_domain::ids::Timestamp;
use ring4_offsite::{Object, OffsiteError};
use ring4_storage::{BackupKind, parse_backup_name};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::outage::Outage;
use super::survey::Survey;
use super::{ShipError, ShippingOptions, Status, names, put};
use crate::tasks;

/// How often new files are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long before the oldest backup an entry must have been made to be surely in it, in
/// seconds. Backup and entry are timed by the same clock; this is for one that is corrected in
/// between. Were it not enough, every newer backup holds the entry just as well.
const OLD_MARGIN_SECS: i64 = 3_600;
/// The same for pieces of another history, which are timed by the place's clock.
const BYGONE_MARGIN: Duration = Duration::from_secs(86_400);
/// Pieces that are put together in one round, at most.
const MERGED_MAX: usize = 64;

/// A file as it was when it was shipped.
pub(super) type Mark = (u64, Option<SystemTime>);

/// Ships files.
pub(super) struct Copies {
    options: ShippingOptions,
    status: Arc<watch::Sender<Status>>,
    /// The backups that are there; `None` when the place must be looked at first.
    there: Option<BTreeMap<String, u64>>,
    /// When to tidy up next.
    tend_at: Instant,
    outage: Outage,
}

impl Copies {
    pub(super) fn new(options: ShippingOptions, status: Arc<watch::Sender<Status>>) -> Self {
        let tend_at = Instant::now() + options.tend_every;
        let outage = Outage::new("a copy");
        Self { options, status, there: None, tend_at, outage }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut pause = LOOK_EVERY;
        loop {
            let step = async {
                tokio::time::sleep(pause).await;
                self.step().await
            };
            let Some(step) = stop.run_until_cancelled(step).await else { return };
            let error = step.as_ref().err().map(ToString::to_string);
            self.status.send_if_modified(|status| {
                let changed = status.copies_error != error;
                status.copies_error = error;
                changed
            });
            pause = match step {
                Ok(()) => {
                    self.outage.over();
                    LOOK_EVERY
                }
                Err(error) => {
                    self.there = None;
                    self.outage.note(&error)
                }
            };
        }
    }

    async fn step(&mut self) -> Result<(), ShipError> {
        // Until the journal's room has found the place to be ours, nothing is touched there.
        if self.status.borrow().shipped.is_none() {
            return Ok(());
        }
        self.ship_backups().await?;
        if Instant::now() >= self.tend_at {
            self.tend().await?;
            self.tend_at = Instant::now() + self.options.tend_every;
        }
        Ok(())
    }

    async fn ship_backups(&mut self) -> Result<(), ShipError> {
        let offsite = &self.options.offsite;
        let mut there = match self.there.take() {
            Some(there) => there,
            None => sizes(offsite.list(names::BACKUPS).await?),
        };
        let (mut conflict, dir) = (None, &self.options.backup_dir);
        for (file, (bytes, _)) in files(dir).await?.into_iter().rev() {
            let name = format!("{}/{file}", names::BACKUPS);
            if file.strip_suffix(names::SUPERSEDED).and_then(parse_backup_name).is_some() {
                let left_behind = name.strip_suffix(names::SUPERSEDED).unwrap_or_default();
                if there.contains_key(left_behind) && !there.contains_key(&name) {
                    offsite.put(&name, b"left behind by a restore\n".to_vec()).await?;
                    there.insert(name, 0);
                }
            } else if parse_backup_name(&file).is_some() && there.get(&name) != Some(&bytes) {
                match offsite.put_file(&name, &dir.join(&file)).await {
                    Ok(_) => {
                        tracing::info!(file, bytes, "backup shipped");
                        there.insert(name, bytes);
                    }
                    // The others are not to blame for this one.
                    Err(error @ OffsiteError::Conflict(_)) => conflict = Some(error),
                    // Rotation was faster.
                    Err(OffsiteError::File { source, .. })
                        if source.kind() == ErrorKind::NotFound && !dir.join(&file).exists() => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        self.tell(&there);
        self.there = Some(there);
        conflict.map_or(Ok(()), |error| Err(error.into()))
    }

    fn tell(&self, there: &BTreeMap<String, u64>) {
        let is_backup = |name: &&String| parse_backup_name(names::file_of(name)).is_some();
        let backups = Some(there.keys().filter(is_backup).count());
        self.status.send_if_modified(|status| {
            let changed = status.backups != backups;
            status.backups = backups;
            changed
        });
    }

    /// Removes what is not needed any more, and puts small pieces together.
    async fn tend(&self) -> Result<(), ShipError> {
        let offsite = &self.options.offsite;
        let mut gone = self.rotated().await?;
        gone.extend(self.forgotten_keys().await?);
        let pieces = offsite.list(names::JOURNAL).await?;
        let backups = sizes(offsite.list(names::BACKUPS).await?);
        let oldest = backups.keys().filter(|name| !gone.contains(*name));
        let oldest = oldest.filter_map(|name| parse_backup_name(names::file_of(name)));
        let oldest = oldest.map(|(_, at)| at).min();
        let snapshot = self.options.reader.snapshot();
        let look = tasks::block(move || {
            let survey = Survey::of(pieces, &snapshot)?;
            let mut gone: BTreeSet<String> = BTreeSet::new();
            gone.extend(survey.spare().into_iter().map(|known| known.object.name.clone()));
            if let Some(oldest) = oldest {
                let moment = Timestamp(oldest.0.saturating_sub(OLD_MARGIN_SECS * 1_000));
                let old = survey.old(moment, &snapshot)?.into_iter();
                gone.extend(old.map(|known| known.object.name.clone()));
                let millis = Duration::from_millis(u64::try_from(oldest.0).unwrap_or_default());
                let moment = SystemTime::UNIX_EPOCH + millis.saturating_sub(BYGONE_MARGIN);
                gone.extend(survey.bygone(moment).into_iter().map(|object| object.name.clone()));
            }
            let mut merged = Vec::new();
            for first in survey.crumbs().into_iter().take(MERGED_MAX) {
                let before = ring4_domain::change::Seq(first.0.saturating_sub(1));
                if let Some(before) = snapshot.head_at(before)? {
                    merged.extend(snapshot.piece_after(before, super::PIECE_BYTES_DUE)?);
                }
            }
            Ok::<_, ShipError>((gone, merged))
        });
        let (pieces, merged) = look.await??;
        gone.extend(pieces);
        for piece in merged {
            // The small ones are spare from now on, and go in the next round.
            put(&self.options, piece).await?;
        }
        for name in gone {
            offsite.delete(&name).await?;
            tracing::debug!(name, "removed what is not needed any more");
        }
        Ok(())
    }

    /// The backups to remove, with their marks.
    async fn rotated(&self) -> Result<BTreeSet<String>, ShipError> {
        let here = files(&self.options.backup_dir).await?;
        let there = sizes(self.options.offsite.list(names::BACKUPS).await?);
        let kept = (self.options.kept_per_kind)().max(1);
        let mut gone = BTreeSet::new();
        for kind in BackupKind::ALL {
            let mut of_kind: Vec<_> = there
                .keys()
                .filter(|name| !there.contains_key(&format!("{name}{}", names::SUPERSEDED)))
                .filter_map(|name| Some((parse_backup_name(names::file_of(name))?, name)))
                .filter(|((found, _), _)| *found == kind)
                .collect();
            of_kind.sort_by_key(|((_, at), _)| std::cmp::Reverse(*at));
            let old = of_kind.into_iter().skip(kept).map(|(_, name)| name);
            gone.extend(old.filter(|name| !here.contains_key(names::file_of(name))).cloned());
        }
        // What a restore left behind goes when the backups from before it are gone.
        let oldest = there
            .keys()
            .filter(|name| !gone.contains(*name))
            .filter(|name| !there.contains_key(&format!("{name}{}", names::SUPERSEDED)))
            .filter_map(|name| parse_backup_name(names::file_of(name)))
            .map(|(_, at)| at)
            .min();
        for mark in there.keys() {
            let Some(left_behind) = mark.strip_suffix(names::SUPERSEDED) else { continue };
            let at = parse_backup_name(names::file_of(left_behind)).map(|(_, at)| at);
            if oldest.is_some() && at < oldest {
                gone.extend([left_behind.to_owned(), mark.clone()]);
            }
        }
        Ok(gone)
    }

    /// The files of keys that were forgotten while nobody shipped.
    async fn forgotten_keys(&self) -> Result<Vec<String>, ShipError> {
        let here = files(&self.options.backup_dir.join(names::KEYS)).await?;
        let Some(newest) = here.keys().next_back() else { return Ok(Vec::new()) };
        let there = self.options.offsite.list(names::KEYS).await?;
        let gone = there.into_iter().map(|object| object.name).filter(|name| {
            let file = names::file_of(name);
            let file = file.strip_suffix(names::SEALED).unwrap_or(file);
            file < newest.as_str() && !here.contains_key(file)
        });
        Ok(gone.collect())
    }
}

fn sizes(objects: Vec<Object>) -> BTreeMap<String, u64> {
    objects.into_iter().map(|object| (object.name, object.bytes)).collect()
}

/// The finished files right in a folder, by name; none where the folder is missing.
pub(super) async fn files(dir: &Path) -> Result<BTreeMap<String, Mark>, ShipError> {
    let dir = dir.to_owned();
    tasks::block(move || list(&dir)).await?
}

fn list(dir: &Path) -> Result<BTreeMap<String, Mark>, ShipError> {
    let failed = |source| ShipError::File { path: PathBuf::from(dir), source };
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        entries => entries.map_err(failed)?,
    };
    let mut found = BTreeMap::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        // A file that is gone by now was rotated, or got its final name.
        let Ok(meta) = entry.metadata() else { continue };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let name = entry.file_name();
        let name = name.to_str().filter(|name| {
            name.bytes().all(plain) && !name.starts_with('.') && !name.ends_with(".part")
        });
        if let Some(name) = name.filter(|_| meta.is_file()) {
            found.insert(name.to_owned(), (meta.len(), meta.modified().ok()));
        }
    }
    Ok(found)
}
