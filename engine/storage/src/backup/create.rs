//! Makes a backup beside the running shop. The engine's schedule and commands use this.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use ring4_domain::ids::Timestamp;

use super::check::{BUFFER_LEN, Scratch, remove_file, rename_behind, sync};
use super::format::write::Writer;
use super::{
    Backup, BackupError, BackupHeader, BackupKind, BackupRequest, Backups, Manifest, NOTE_LEN_MAX,
    Stage, Sums, Watch, cut, encrypt, name, tell,
};
use crate::codec::{AccountRow, Kind};
use crate::journal::{failed, sync_dir};
use crate::state::{keys, unseal};
use crate::{ReadError, Reader, Snapshot, Space};

/// Rows between two words to whoever watches.
const TELL_EVERY: u64 = 1_024;

/// Seconds by which a name may be ahead of the clock, so that backups asked for in the same
/// second each get one.
const NAMES_AHEAD_MAX: u32 = 60;

impl Backups {
    /// Writes the state as it is now to a file, restores that into scratch, compares, and only
    /// then gives it its name; older backups beyond those to keep are deleted. Commits go on
    /// meanwhile. Takes seconds per million entries and needs disk space for a second shop.
    ///
    /// An emergency backup that does not verify is kept as `.damaged`: it was asked for because
    /// something is wrong, and a human may get more out of it than nothing.
    ///
    /// # Errors
    /// Nothing was made: the disk refuses, the state cannot be read or disagrees with itself, the
    /// watch said stop, or another backup is under way.
    pub fn create(
        &self,
        reader: &Reader,
        request: &BackupRequest,
        watch: Watch<'_>,
    ) -> Result<Backup, BackupError> {
        let scratch = self.scratch()?;
        fs::create_dir_all(&self.dir).map_err(failed("create", &self.dir))?;
        self.remove_parts()?;
        let path = self.free_name(request.kind, request.at)?;
        let part = with_part(&path);
        let plain = if self.key.is_some() { scratch.plain() } else { part.clone() };
        let written = self.write(reader, request, &plain, &scratch, watch);
        let written = written.and_then(|written| {
            if self.key.is_some() {
                encrypt::encrypt(self.key.as_ref(), &plain, &part, watch)?;
                remove_file(&plain)?;
            }
            Ok(written)
        });
        let (header, manifest) = match written {
            Ok(written) => written,
            Err(error) if error.is_damage() && request.kind == BackupKind::Emergency => {
                if self.key.is_some() {
                    encrypt::encrypt(self.key.as_ref(), &plain, &part, watch)?;
                    remove_file(&plain)?;
                }
                fs::rename(&part, &path).map_err(failed("rename", &part))?;
                rename_behind(&path, name::DAMAGED)?;
                return Err(error);
            }
            Err(error) => {
                remove_file(&plain)?;
                remove_file(&part)?;
                return Err(error);
            }
        };
        let bytes = part.metadata().map_err(failed("read the size of", &part))?.len();
        fs::rename(&part, &path).map_err(failed("rename", &part))?;
        sync_dir(&self.dir)?;
        let rotated = self.rotate()?;
        Ok(Backup { path, bytes, header, manifest, rotated })
    }

    /// Writes the plain file, syncs and verifies it.
    fn write(
        &self,
        reader: &Reader,
        request: &BackupRequest,
        plain: &Path,
        scratch: &Scratch,
        watch: Watch<'_>,
    ) -> Result<(BackupHeader, Manifest), BackupError> {
        let (snapshot, rows) = (reader.snapshot(), reader.rows_about());
        let header = header(&snapshot, request)?;
        let file = File::create(plain).map_err(failed("create", plain))?;
        let out = BufWriter::with_capacity(BUFFER_LEN, file);
        let wrong = || failed("write", plain);
        let mut writer = Writer::new(out, &header).map_err(wrong())?;
        let sums = write_rows(&snapshot, rows, watch, |space, key, value| {
            writer.row(space, key, value).map_err(|error| wrong()(error).into())
        })?;
        let (out, manifest, _) = writer.finish(sums).map_err(wrong())?;
        let file = out.into_inner().map_err(|error| wrong()(error.into_error()))?;
        sync(plain, &file)?;
        drop((file, snapshot));
        let verified = self.prove(plain, scratch, watch)?;
        if verified.head != header.head {
            let (path, due, found) = (plain.to_owned(), header.head, verified.head);
            return Err(BackupError::Head { path, due, found });
        }
        Ok((header, manifest))
    }

    /// What a former process did not finish.
    fn remove_parts(&self) -> Result<(), BackupError> {
        for file in fs::read_dir(&self.dir).map_err(failed("list", &self.dir))? {
            let path = file.map_err(failed("list", &self.dir))?.path();
            let ours = |path: &Path| name::parse(&path.with_extension("")).is_some();
            if path.to_string_lossy().ends_with(name::PART) && ours(&path) {
                remove_file(&path)?;
            }
        }
        Ok(())
    }

    fn free_name(&self, kind: BackupKind, at: Timestamp) -> Result<PathBuf, BackupError> {
        let encrypted = self.key.is_some();
        let names =
            (0..NAMES_AHEAD_MAX).map(|ahead| name::of(kind, at.plus_secs(ahead), encrypted));
        let mut paths = names.map(|name| self.dir.join(name));
        paths.find(|path| !path.exists()).ok_or_else(|| {
            failed("find a free name in", &self.dir)(std::io::ErrorKind::AlreadyExists.into())
                .into()
        })
    }
}

fn header(snapshot: &Snapshot, request: &BackupRequest) -> Result<BackupHeader, ReadError> {
    let head = snapshot.head()?;
    let last = snapshot.entry(head.seq)?;
    let note = cut(&request.note.replace(char::is_control, " "), NOTE_LEN_MAX);
    Ok(BackupHeader {
        kind: request.kind,
        note,
        created_at: request.at,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        schema: keys::SCHEMA,
        head,
        last_entry_at: last.map(|entry| entry.at),
    })
}

/// Shows every row to `each`, in order, and adds the accounts up.
fn write_rows(
    snapshot: &Snapshot,
    total: u64,
    watch: Watch<'_>,
    mut each: impl FnMut(Space, &[u8], &[u8]) -> Result<(), BackupError>,
) -> Result<Sums, BackupError> {
    let mut sums = Sums::default();
    let mut done = 0_u64;
    for space in Space::ALL {
        for row in snapshot.reading.all(space) {
            let (key, value) = row?;
            if space == Space::Ledger && key.first() == Some(&b'A') {
                let keys = &snapshot.reading.keys;
                add(&mut sums, &unseal(space, Kind::Account, &key, &value, keys)?);
            }
            each(space, &key, &value)?;
            done = done.saturating_add(1);
            if done.is_multiple_of(TELL_EVERY) {
                tell(watch, Stage::Writing, done, total.max(done))?;
            }
        }
    }
    tell(watch, Stage::Writing, done, done)?;
    Ok(sums)
}

fn add(sums: &mut Sums, row: &AccountRow) {
    let account = row.account;
    sums.accounts = sums.accounts.saturating_add(1);
    for (sum, amount) in [
        (&mut sums.debits_posted, account.debits_posted),
        (&mut sums.credits_posted, account.credits_posted),
        (&mut sums.debits_pending, account.debits_pending),
        (&mut sums.credits_pending, account.credits_pending),
    ] {
        *sum = sum.saturating_add(i128::from(amount.micros()));
    }
}

/// The name of a file that is not verified yet.
fn with_part(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(name::PART);
    PathBuf::from(name)
}
