//! Which backups there are, which are too many, and which is the newest. Creation, restore,
//! commands and the command line use this.

use std::fs::{self, File};
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ring4_domain::change::Seq;
use ring4_domain::ids::Timestamp;

use super::check::{remove_file, rename_behind};
use super::format::read::Reader;
use super::format::tail;
use super::name::{self, Name, Standing};
use super::{
    BackupError, BackupHeader, BackupKind, Backups, FormatError, FormatFault, Manifest, encrypt,
};
use crate::journal::{FileError, failed, sync_dir};

/// A backup in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The file.
    pub path: PathBuf,
    /// Why it was made, by its name.
    pub kind: BackupKind,
    /// When, by its name: to the second.
    pub at: Timestamp,
    /// Its size in bytes.
    pub bytes: u64,
    /// Whether a restore to an earlier moment left it behind: what it holds is not the past of
    /// the shop as it is now.
    pub superseded: bool,
    /// What it says about itself.
    pub contents: Contents,
}

/// What a file in the list says about itself. Its rows are not read for that; see
/// [`Backups::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// It is plain.
    Plain(Box<(BackupHeader, Manifest)>),
    /// It is encrypted, so only its name speaks.
    Encrypted,
    /// A verification found it damaged, or its beginning or end does not parse; why.
    Damaged(String),
}

impl Listed {
    /// Whether a restore may choose it.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        !self.superseded && !matches!(self.contents, Contents::Damaged(_))
    }

    /// Its header, where it can be read.
    #[must_use]
    pub fn header(&self) -> Option<&BackupHeader> {
        match &self.contents {
            Contents::Plain(contents) => Some(&contents.0),
            _ => None,
        }
    }
}

/// What the name of a good backup says without the file: why it was made, and when.
#[must_use]
pub fn parse_backup_name(name: &str) -> Option<(BackupKind, Timestamp)> {
    let name = name::parse(Path::new(name))?;
    (name.standing == Standing::Good).then_some((name.kind, name.at))
}

impl Backups {
    /// What a file says about itself before its rows, decrypted where it must be.
    ///
    /// # Errors
    /// It cannot be read or opened, or is no backup.
    pub fn header_of(&self, path: &Path) -> Result<BackupHeader, BackupError> {
        peek_header(self, path)
    }

    /// Every backup in the directory, newest first. Reads a few hundred bytes of each.
    ///
    /// # Errors
    /// The directory cannot be read; one that is missing is empty.
    pub fn list(&self) -> Result<Vec<Listed>, FileError> {
        list(&self.dir)
    }

    /// The newest backup that a restore may choose, if any.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn latest(&self) -> Result<Option<Listed>, FileError> {
        Ok(self.list()?.into_iter().find(Listed::is_good))
    }

    /// Deletes the oldest of each kind beyond those to keep. The newest of a kind always stays,
    /// so the newest of all does. What is damaged or superseded is neither counted nor deleted.
    pub(super) fn rotate(&self) -> Result<Vec<PathBuf>, FileError> {
        let mut rotated = Vec::new();
        let names = names(&self.dir)?;
        for kind in BackupKind::ALL {
            let of_kind = names
                .iter()
                .filter(|(_, name)| name.kind == kind && name.standing == Standing::Good);
            for (path, _) in of_kind.skip(self.kept_per_kind.max(1)) {
                remove_file(path)?;
                rotated.push(path.clone());
            }
        }
        if !rotated.is_empty() {
            sync_dir(&self.dir)?;
        }
        Ok(rotated)
    }
}

fn list(dir: &Path) -> Result<Vec<Listed>, FileError> {
    let mut found = Vec::new();
    for (path, name) in names(dir)? {
        let bytes = path.metadata().map_or(0, |metadata| metadata.len());
        let contents = match name.standing {
            Standing::Damaged => Contents::Damaged("a verification found it so".to_owned()),
            _ if name.encrypted => Contents::Encrypted,
            _ => match peek(&path) {
                Ok(contents) => Contents::Plain(Box::new(contents)),
                Err(error) => Contents::Damaged(error.to_string()),
            },
        };
        let superseded = name.standing == Standing::Superseded;
        let Name { kind, at, .. } = name;
        found.push(Listed { path, kind, at, bytes, superseded, contents });
    }
    Ok(found)
}

/// The backups by name, newest first.
fn names(dir: &Path) -> Result<Vec<(PathBuf, Name)>, FileError> {
    let files = match fs::read_dir(dir) {
        Ok(files) => files,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed("list", dir)(error)),
    };
    let mut found = Vec::new();
    for file in files {
        let path = file.map_err(failed("list", dir))?.path();
        if let Some(name) = name::parse(&path) {
            found.push((path, name));
        }
    }
    found.sort_by(|(a_path, a), (b_path, b)| (b.at, b_path).cmp(&(a.at, a_path)));
    Ok(found)
}

/// Sets the backups in a directory aside that reach beyond `last`, after a restore to it.
pub(crate) fn supersede(dir: &Path, last: Seq) -> Result<Vec<PathBuf>, FileError> {
    let mut left = Vec::new();
    for listed in list(dir)? {
        let beyond = listed.header().is_some_and(|header| header.head.seq > last);
        if beyond && !listed.superseded {
            left.push(set_aside(&listed.path)?);
        }
    }
    Ok(left)
}

/// Marks a backup as no past of this shop.
pub(crate) fn set_aside(path: &Path) -> Result<PathBuf, FileError> {
    rename_behind(path, name::SUPERSEDED)
}

/// Reads what a plain file says about itself, at its beginning and its end.
pub(super) fn peek(path: &Path) -> Result<(BackupHeader, Manifest), BackupError> {
    let wrong = |source| BackupError::Format { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed("open", path))?;
    let header = Reader::open(BufReader::new(&file)).map_err(wrong)?.header().clone();
    let len = file.metadata().map_err(failed("read the size of", path))?.len();
    let at = len.saturating_sub(tail::LEN_MAX);
    file.seek(SeekFrom::Start(at)).map_err(failed("read", path))?;
    let mut bytes = Vec::new();
    file.take(tail::LEN_MAX).read_to_end(&mut bytes).map_err(failed("read", path))?;
    let manifest = tail::manifest(&bytes, len, &header);
    let fault = FormatError { offset: len, fault: FormatFault::Manifest };
    Ok((header, manifest.ok_or_else(|| wrong(fault))?))
}

/// Opens a backup to be read from its beginning, decrypted where needed.
pub(crate) fn open(backups: &Backups, path: &Path) -> Result<Box<dyn Read>, BackupError> {
    if encrypt::is_encrypted(path)? {
        return encrypt::reader(backups.key.as_ref(), path);
    }
    let file = File::open(path).map_err(failed("open", path))?;
    Ok(Box::new(BufReader::with_capacity(super::check::BUFFER_LEN, file)))
}

/// Reads what a backup says before its rows, decrypted where needed.
pub(crate) fn peek_header(backups: &Backups, path: &Path) -> Result<BackupHeader, BackupError> {
    let input = open(backups, path)?;
    let wrong = |source| BackupError::Format { path: path.to_owned(), source };
    Ok(Reader::open(input).map_err(wrong)?.header().clone())
}
