//! Keeps the files of every rule set that was live, by version, so that a broken file at the
//! next start is an alarm and not an outage. Only `reload` and the start-up use it.

use std::cmp::Reverse;
use std::fs;
use std::io::Write;
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

use ring4_domain::ids::{RulesVersion, Timestamp};
use ring4_rules::Files;

use super::rulebook::Kept;

/// A rule set cannot be kept or fetched.
#[derive(Debug, thiserror::Error)]
#[error("{doing} {path}: {source}")]
pub struct ShelfError {
    doing: &'static str,
    path: String,
    source: std::io::Error,
}

impl ShelfError {
    /// What the operating system said.
    pub(crate) fn io_kind(&self) -> Option<std::io::ErrorKind> {
        Some(self.source.kind())
    }
}

/// The name of the note about a chosen version.
const PINNED: &str = "pinned";

/// A version that an admin chose, and the version of the files that it was chosen over. It holds
/// for as long as the files are those.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin {
    /// What is live.
    pub version: RulesVersion,
    /// What the files say.
    pub over: RulesVersion,
}

/// The folder `data/rules`.
#[derive(Clone, Debug)]
pub struct Shelf {
    folder: PathBuf,
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> ShelfError {
    let path = path.display().to_string();
    move |source| ShelfError { doing, path, source }
}

impl Shelf {
    /// The shelf in this data folder.
    #[must_use]
    pub fn new(data_dir: &Path) -> Self {
        Self { folder: data_dir.join("rules") }
    }

    /// Keeps the files of a version, durably, before it goes live.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn keep(&self, version: RulesVersion, files: &Files) -> Result<(), ShelfError> {
        let place = self.folder.join(version.to_string());
        if place.is_dir() {
            return Ok(());
        }
        let beside = self.folder.join(format!("{version}.part"));
        if beside.exists() {
            fs::remove_dir_all(&beside).map_err(failed("remove", &beside))?;
        }
        for (name, text) in files {
            let path = beside.join(name);
            let parent = path.parent().unwrap_or(&beside);
            fs::create_dir_all(parent).map_err(failed("create", parent))?;
            let mut file = fs::File::create(&path).map_err(failed("create", &path))?;
            file.write_all(text.as_bytes()).map_err(failed("write", &path))?;
            file.sync_all().map_err(failed("sync", &path))?;
        }
        fs::rename(&beside, &place).map_err(failed("rename", &beside))?;
        let folder = fs::File::open(&self.folder).map_err(failed("open", &self.folder))?;
        folder.sync_all().map_err(failed("sync", &self.folder))
    }

    /// The versions that are kept, the newest first.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn kept(&self) -> Result<Vec<Kept>, ShelfError> {
        let mut kept = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed("read", &self.folder))? {
            let entry = entry.map_err(failed("read", &self.folder))?;
            let Ok(version) = entry.file_name().to_string_lossy().parse::<RulesVersion>() else {
                continue;
            };
            // Files are written once, into a folder that is renamed: this is when it was kept.
            let made = entry.metadata().and_then(|known| known.modified());
            let made = made.map_err(failed("look at", &entry.path()))?;
            let made = made.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
            kept.push(Kept { version, since: Timestamp(i64::try_from(made).unwrap_or(i64::MAX)) });
        }
        kept.sort_by_key(|kept| (Reverse(kept.since), kept.version));
        Ok(kept)
    }

    /// The version that an admin chose over that of the files, if one did.
    ///
    /// # Errors
    /// The note cannot be read.
    pub fn pinned(&self) -> Result<Option<Pin>, ShelfError> {
        let path = self.folder.join(PINNED);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("read", &path)(error)),
        };
        let mut words = text.split_whitespace().map(str::parse);
        Ok(match (words.next(), words.next()) {
            (Some(Ok(version)), Some(Ok(over))) => Some(Pin { version, over }),
            // Cut short or written by hand: the files count.
            _ => None,
        })
    }

    /// Notes durably which version an admin chose, or that the files count again.
    ///
    /// # Errors
    /// The note cannot be written.
    pub fn pin(&self, pin: Option<Pin>) -> Result<(), ShelfError> {
        let path = self.folder.join(PINNED);
        match pin {
            Some(Pin { version, over }) => {
                let beside = self.folder.join(format!("{PINNED}.part"));
                let mut file = fs::File::create(&beside).map_err(failed("create", &beside))?;
                let text = format!("{version} {over}\n");
                file.write_all(text.as_bytes()).map_err(failed("write", &beside))?;
                file.sync_all().map_err(failed("sync", &beside))?;
                fs::rename(&beside, &path).map_err(failed("rename", &beside))?;
            }
            None => match fs::remove_file(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
                removed => removed.map_err(failed("remove", &path))?,
            },
        }
        let folder = fs::File::open(&self.folder).map_err(failed("open", &self.folder))?;
        folder.sync_all().map_err(failed("sync", &self.folder))
    }

    /// The files of a version that was live before.
    ///
    /// # Errors
    /// It was never kept, or a file cannot be read.
    pub fn fetch(&self, version: RulesVersion) -> Result<Files, ShelfError> {
        let place = self.folder.join(version.to_string());
        let mut files = Files::new();
        collect(&place, &place, &mut files)?;
        Ok(files)
    }
}

fn collect(root: &Path, folder: &Path, files: &mut Files) -> Result<(), ShelfError> {
    for entry in fs::read_dir(folder).map_err(failed("read", folder))? {
        let path = entry.map_err(failed("read", folder))?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
            continue;
        }
        let text = fs::read_to_string(&path).map_err(failed("read", &path))?;
        let parts = path.strip_prefix(root).unwrap_or(&path).components();
        let names: Vec<String> = parts
            .filter_map(|part| match part {
                Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
                _ => None,
            })
            .collect();
        files.insert(names.join("/"), text);
    }
    Ok(())
}
