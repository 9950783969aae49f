//! Whether a backup gives the shop back: it is restored into scratch and verified there, in a
//! process of its own where there is a command for it. Creation and the command line use this.

use std::fmt;
use std::fs::{self, File};
use std::io::{BufReader, ErrorKind, Read};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ring4_domain::change::Seq;

use super::format::parse_hash;
use super::rebuild::{Entries, Part, Rebuilding, Scope, Target, rebuild};
use super::{BackupError, Backups, Stage, Watch, encrypt, name, tell, unwatched};
use crate::journal::bulk::Bulk;
use crate::journal::{self, FileError, failed, sync_dir};
use crate::keyring::Keys;
use crate::state::State;
use crate::verify::{Ahead, BATCHES_AHEAD, Report, Stop, Sums, fold_stream, sum_rows, verify};
use crate::{Head, Options, Snapshot};

/// How long the verifying command may take. A million entries take seconds on a good machine,
/// minutes on one that is busy; a command that hangs is stopped.
const VERIFY_SECS_MAX: u64 = 3_600;
/// How often the verifying command is asked whether it is done.
const VERIFY_POLL: Duration = Duration::from_millis(20);
/// Bytes of the verifying command's answer, at most.
const ANSWER_LEN_MAX: u64 = 4_096;
/// What the names of folders begin with in which backups are verified.
const VERIFY: &str = "verify";
/// Threads that read a restored state back: when they begin, the others have little left to do.
const SUMMING_THREADS: usize = 2;
/// Bytes read from a backup at a time.
pub(super) const BUFFER_LEN: usize = 256 << 10;

/// A backup that was restored into scratch, and what was found there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Where it ends.
    pub head: Head,
    /// Entries that were folded.
    pub entries: u64,
    /// Rows that were compared with them.
    pub rows: u64,
}

/// The verdict in one line, as the verifying command prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is whole.
    Verified(Verified),
    /// It is not, and why.
    Damaged(String),
    /// Nobody knows, and why.
    Failed(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verified(Verified { head, entries, rows }) => {
                write!(out, "verified {} {} {entries} {rows}", head.seq.0, head.hash)
            }
            Self::Damaged(reason) => write!(out, "damaged {reason}"),
            Self::Failed(reason) => write!(out, "failed {reason}"),
        }
    }
}

impl Verdict {
    fn parse(line: &str) -> Option<Self> {
        let (word, rest) = line.split_once(' ')?;
        match word {
            "verified" => {
                let mut words = rest.split(' ');
                let seq = Seq(words.next()?.parse().ok()?);
                let head = Head { seq, hash: parse_hash(words.next()?)? };
                let entries = words.next()?.parse().ok()?;
                let rows = words.next()?.parse().ok()?;
                Some(Self::Verified(Verified { head, entries, rows }))
            }
            "damaged" => Some(Self::Damaged(rest.to_owned())),
            "failed" => Some(Self::Failed(rest.to_owned())),
            _ => None,
        }
    }
}

/// Restores a plain backup into `scratch`, which is emptied before and removed after, and
/// verifies what stands there. For the program behind [`Backups::verify_command`], whose whole
/// answer is the verdict, printed.
#[must_use]
pub fn verify_backup(file: &Path, scratch: &Path) -> Verdict {
    match check(file, scratch, &mut unwatched) {
        Ok(verified) => Verdict::Verified(verified),
        Err(error) if error.is_damage() => Verdict::Damaged(error.to_string()),
        Err(error) => Verdict::Failed(error.to_string()),
    }
}

/// See [`verify_backup`].
///
/// Where folding the entries as they are read does not end well it says only that. The backup is
/// then restored with a journal and compared row by row, which names what is wrong.
fn check(file: &Path, scratch: &Path, watch: Watch<'_>) -> Result<Verified, BackupError> {
    remove_dir(scratch)?;
    let verified = match check_sums(file, scratch, watch)? {
        Some(verified) => verified,
        None => {
            let verified = check_rows(file, scratch, watch)?;
            debug_assert!(false, "what the sums refuse the rows do not: {verified:?}");
            verified
        }
    };
    remove_dir(scratch)?;
    Ok(verified)
}

/// Restores the rows and reads them back, and folds the entries, in threads beside each other, and
/// compares what both add up to. `None` if that is not the same, or a promise of the shop is
/// broken.
fn check_sums(
    file: &Path,
    scratch: &Path,
    watch: Watch<'_>,
) -> Result<Option<Verified>, BackupError> {
    let (built, folded, summed) = std::thread::scope(|scope| {
        let (sender, batches) = sync_channel(BATCHES_AHEAD);
        let (loaded, parts) = channel();
        let folding = scope.spawn(|| fold_stream(batches, Keys::elsewhere()));
        let summing = scope.spawn(|| sum_up(parts));
        let mut entries = Folding { ahead: Ahead::new(&sender), end: Ok(()) };
        let built = restore(file, scratch, &mut entries, Some(&loaded), watch);
        drop(loaded);
        let Folding { mut ahead, end } = entries;
        let all = end.and_then(|()| ahead.hand_over());
        drop(sender);
        let folded = folding.join().unwrap_or_else(|panic| resume_unwind(panic));
        let summed = summing.join().unwrap_or_else(|panic| resume_unwind(panic));
        (built, folded.filter(|_| all.is_ok()), summed)
    });
    let Rebuilding { header, manifest, head, has_state } = built?;
    let rows = manifest.rows();
    tell(watch, Stage::Verifying, rows, rows)?;
    if !has_state {
        return Ok(Some(Verified { head, entries: head.seq.0, rows }));
    }
    let Some((folded, sums)) = folded.zip(summed) else { return Ok(None) };
    // What was read back stood in files that were never closed; they open again.
    let found = snapshot(scratch)?.head()?;
    let whole = head == header.head && found == head;
    let report = folded.compare(&sums, head).filter(|_| whole);
    Ok(report.map(|Report { entries, rows, .. }| Verified { head, entries, rows }))
}

/// Adds up what is read back of a state, part by part as it is there; `None` if a row cannot be
/// read.
fn sum_up(parts: Receiver<Part>) -> Option<Sums> {
    let parts = Mutex::new(parts);
    let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).recv().ok();
    let work = || {
        let mut sums = Sums::default();
        while let Some(Part { state, space, from, to }) = next() {
            let rows = state.read(Keys::elsewhere).part(space, from, to);
            sum_rows(space, rows, &mut sums)?;
        }
        Some(sums)
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..SUMMING_THREADS).map(|_| scope.spawn(work)).collect();
        let mut sums = work()?;
        for other in others {
            sums.merge(&other.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        Some(sums)
    })
}

/// Restores rows and journal, and compares them with each other.
fn check_rows(file: &Path, scratch: &Path, watch: Watch<'_>) -> Result<Verified, BackupError> {
    let dir = scratch.join("journal");
    let mut journal = Bulk::new(&dir, Options::default().segment_bytes, false)?;
    let built = restore(file, scratch, &mut journal, None, watch)?;
    journal.finish()?;
    let snapshot = snapshot(scratch)?;
    let report = verify(&snapshot, &dir);
    if let Some(first) = report.findings.first() {
        let findings = (report.findings.len() as u64).saturating_add(report.findings_left_out);
        let (path, first) = (file.to_owned(), first.to_string());
        return Err(BackupError::Unclean { path, findings, first });
    }
    let found = snapshot.head()?;
    if found != built.header.head {
        let (path, due) = (file.to_owned(), built.header.head);
        return Err(BackupError::Head { path, due, found });
    }
    Ok(Verified { head: found, entries: report.entries, rows: report.rows })
}

/// Restores into an empty scratch what is thrown away again.
fn restore(
    file: &Path,
    scratch: &Path,
    entries: &mut dyn Entries,
    loaded: Option<&Sender<Part>>,
    watch: Watch<'_>,
) -> Result<Rebuilding, BackupError> {
    remove_dir(&scratch.join("state"))?;
    fs::create_dir_all(scratch).map_err(failed("create", scratch))?;
    let input = File::open(file).map_err(failed("open", file))?;
    let input = BufReader::with_capacity(BUFFER_LEN, input);
    let target = Target { dir: scratch, scope: Scope::Whole, agrees: None, durable: false, loaded };
    rebuild(file, input, target, entries, watch, Stage::Verifying)
}

fn snapshot(scratch: &Path) -> Result<Snapshot, BackupError> {
    let state = State::scratch(&scratch.join("state"))?;
    Ok(Snapshot { reading: state.read(Keys::elsewhere) })
}

/// Entries on their way to the fold, until it listens no more.
struct Folding<'a> {
    ahead: Ahead<'a>,
    end: Result<(), Stop>,
}

impl Entries for Folding<'_> {
    fn take(&mut self, head: Head, body: &[u8], row: &[u8]) -> Result<(), BackupError> {
        if self.end.is_ok() {
            self.end = self.ahead.entry(head.seq, body, row);
        }
        Ok(())
    }
}

/// Removes a directory with everything in it, if it is there.
pub(crate) fn remove_dir(dir: &Path) -> Result<(), FileError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", dir)(error)),
        _ => Ok(()),
    }
}

/// The scratch directory, ours alone for as long as this is held.
pub(super) struct Scratch {
    pub dir: PathBuf,
    _lock: File,
}

impl Scratch {
    /// Where a backup is restored to. The name is this process's own: the verifying process of
    /// a shop that was killed may still be at work in another.
    pub(super) fn verify(&self) -> PathBuf {
        self.dir.join(format!("{VERIFY}-{}", std::process::id()))
    }

    /// Removes what a former process left.
    fn clear(&self) -> Result<(), FileError> {
        let wrong = || failed("list", &self.dir);
        for entry in fs::read_dir(&self.dir).map_err(wrong())? {
            let path = entry.map_err(wrong())?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with(VERIFY) {
                // Whoever is at work there may put another file in meanwhile. It fails for what
                // is gone, and the rest goes with the next backup.
                let _ = remove_dir(&path);
            }
        }
        remove_file(&self.plain())
    }

    pub(super) fn plain(&self) -> PathBuf {
        self.dir.join("plain.part")
    }
}

impl Backups {
    /// Restores a backup into scratch and verifies it: seconds per million entries. A file that
    /// is found damaged gets `.damaged` behind its name, so that nothing is built on it.
    ///
    /// # Errors
    /// It is damaged, or cannot be opened; see [`BackupError::is_damage`].
    pub fn verify(&self, file: &Path, watch: Watch<'_>) -> Result<Verified, BackupError> {
        let scratch = self.scratch()?;
        let verified = self.verify_in(&scratch, file, watch);
        let good = name::parse(file).is_some_and(|name| name.standing == name::Standing::Good);
        if verified.as_ref().is_err_and(BackupError::is_damage) && good {
            rename_behind(file, name::DAMAGED)?;
        }
        verified
    }

    fn verify_in(
        &self,
        scratch: &Scratch,
        file: &Path,
        watch: Watch<'_>,
    ) -> Result<Verified, BackupError> {
        if !encrypt::is_encrypted(file)? {
            return self.prove(file, scratch, watch);
        }
        let plain = scratch.plain();
        encrypt::decrypt(self.key.as_ref(), file, &plain, watch)?;
        let verified = self.prove(&plain, scratch, watch);
        fs::remove_file(&plain).map_err(failed("remove", &plain))?;
        verified
    }

    /// Verifies a plain file, by the command if there is one.
    pub(super) fn prove(
        &self,
        plain: &Path,
        scratch: &Scratch,
        watch: Watch<'_>,
    ) -> Result<Verified, BackupError> {
        let Some(command) = &self.verify_command else {
            return check(plain, &scratch.verify(), watch);
        };
        let program = &command.program;
        let mut child = Command::new(program)
            .args(&command.arguments)
            .args([plain, &scratch.verify()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed("start", program))?;
        let ended = wait(&mut child, watch);
        if ended.is_err() {
            // It may have ended by itself in between; either way it is waited for.
            let _ = child.kill();
            child.wait().map_err(failed("wait for", program))?;
        }
        ended.map_err(|error| error.named(program))?;
        let mut answer = String::new();
        if let Some(out) = child.stdout.take() {
            let mut out = out.take(ANSWER_LEN_MAX);
            out.read_to_string(&mut answer).map_err(failed("read from", program))?;
        }
        match answer.lines().find_map(Verdict::parse) {
            Some(Verdict::Verified(verified)) => Ok(verified),
            Some(Verdict::Damaged(reason)) => {
                Err(BackupError::Damaged { path: plain.to_owned(), reason })
            }
            Some(Verdict::Failed(reason)) => Err(BackupError::Command(reason)),
            None => Err(BackupError::Command("gave no verdict".to_owned())),
        }
    }

    /// Takes the scratch directory, and clears away what a former process left there or among
    /// the backups.
    pub(super) fn scratch(&self) -> Result<Scratch, BackupError> {
        let dir = &self.scratch;
        fs::create_dir_all(dir).map_err(failed("create", dir))?;
        let path = dir.join("lock");
        let options = File::options().create(true).write(true).truncate(false).to_owned();
        let lock = options.open(&path).map_err(failed("open", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(BackupError::Busy(path)),
            Err(fs::TryLockError::Error(source)) => {
                return Err(failed("lock", &path)(source).into());
            }
        }
        let scratch = Scratch { dir: dir.clone(), _lock: lock };
        scratch.clear()?;
        Ok(scratch)
    }
}

/// Why a child is not waited for any longer.
enum Left {
    Io(std::io::Error),
    Watch(BackupError),
    Late,
}

impl Left {
    fn named(self, program: &Path) -> BackupError {
        match self {
            Self::Io(error) => failed("wait for", program)(error).into(),
            Self::Watch(error) => error,
            Self::Late => BackupError::Command("did not end".to_owned()),
        }
    }
}

fn wait(child: &mut Child, watch: Watch<'_>) -> Result<(), Left> {
    let deadline = Instant::now() + Duration::from_secs(VERIFY_SECS_MAX);
    while child.try_wait().map_err(Left::Io)?.is_none() {
        tell(watch, Stage::Verifying, 0, 0).map_err(Left::Watch)?;
        if Instant::now() >= deadline {
            return Err(Left::Late);
        }
        std::thread::sleep(VERIFY_POLL);
    }
    Ok(())
}

/// Removes a file, if it is there.
pub(crate) fn remove_file(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Puts a suffix behind a file's name, durably.
pub(super) fn rename_behind(file: &Path, suffix: &str) -> Result<PathBuf, FileError> {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    let renamed = PathBuf::from(name);
    fs::rename(file, &renamed).map_err(failed("rename", file))?;
    file.parent().map_or(Ok(()), sync_dir)?;
    Ok(renamed)
}

/// Makes a file's bytes durable.
pub(super) fn sync(path: &Path, file: &File) -> Result<(), FileError> {
    file.sync_all().map_err(journal::failed("sync", path))
}
