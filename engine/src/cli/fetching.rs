//! A shop brought here from where its copies are, for `ring4 backup restore --from`. Building it
//! from the files is the storage's.

use std::fs;
use std::path::Path;

use anyhow::Context;
use ring4_config::{Config, Env};
use ring4_storage::{BackupKey, Backups, Moment};
use tempfile::TempDir;

use super::{backup, progress};
use crate::shipping::{Choice, Fetched, fetch_shop, open_place, opening};

/// What was fetched; the files go with this.
pub(super) struct Brought {
    pub fetched: Fetched,
    _folder: TempDir,
}

/// Fetches the backup that is meant, with everything behind it, and brings the keys of numbers
/// and codes into the data folder; those that are there already stay as they are.
pub(super) fn bring(
    config: &Config,
    env: &Env,
    address: &str,
    file: &Path,
    to: Option<Moment>,
    backups: &Backups,
) -> anyhow::Result<Brought> {
    let data_dir = &config.fixed.storage.data_dir;
    fs::create_dir_all(data_dir).with_context(|| format!("creating {}", data_dir.display()))?;
    // On the disk that has room for the shop.
    let folder = tempfile::Builder::new().prefix("fetched-").tempdir_in(data_dir);
    let folder = folder.with_context(|| format!("making room in {}", data_dir.display()))?;
    let place = open_place(address, env).with_context(|| format!("--from {address}"))?;
    let choice = match (to, file) {
        (Some(Moment::Time(at)), file) if file.as_os_str() == backup::LATEST => Choice::Before(at),
        (_, file) if file.as_os_str() == backup::LATEST => Choice::Latest,
        (_, file) => Choice::Backup(file.to_string_lossy().into_owned()),
    };
    let head_of = |path: &Path| {
        backups.header_of(path).map(|header| header.head).map_err(|error| error.to_string())
    };
    let open = match &backups.key {
        Some(key @ (BackupKey::Identity(_) | BackupKey::Passphrase(_))) => {
            Some(opening(key.clone()))
        }
        Some(BackupKey::Recipient(_)) | None => None,
    };
    let waiting = progress::Waiting::new(format!("fetching from {address}"));
    let fetched = super::block_on(async {
        let fetching = fetch_shop(&place, folder.path(), &choice, head_of, open.as_ref());
        fetching.await.with_context(|| format!("fetching from {address}"))
    });
    waiting.end();
    let fetched = fetched?;
    let keys = data_dir.join("keys");
    fs::create_dir_all(&keys).with_context(|| format!("creating {}", keys.display()))?;
    let from = &fetched.keys;
    for key in fs::read_dir(from).with_context(|| format!("listing {}", from.display()))? {
        let key = key.with_context(|| format!("listing {}", from.display()))?;
        let path = keys.join(key.file_name());
        if !path.exists() {
            fs::copy(key.path(), &path).with_context(|| format!("writing {}", path.display()))?;
        }
    }
    Ok(Brought { fetched, _folder: folder })
}
