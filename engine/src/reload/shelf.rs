//! Keeps the files of every rule set that was live, by version, so that a broken file at the
//! next start is an alarm and not an outage. Only `reload` and the start-up use it.

use std::fs;
use std::io::Write;
use std::path::{Component, Path, PathBuf};

use ring4_domain::ids::RulesVersion;
use ring4_rules::Files;

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
