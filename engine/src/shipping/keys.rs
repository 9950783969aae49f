//! The keys of numbers and codes on their way out, ahead of the entries that are sealed with
//! them. Shipping alone uses this. A file of keys grows by the day and goes when its codes are
//! forgotten, so it is replaced and deleted.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use super::copies::{Mark, files};
use super::{ShipError, ShippingOptions, names, seal};

/// Bytes of a file of keys, at most.
const KEYS_LEN_MAX: u64 = 48 << 20;

/// The files of keys that this process has shipped, as they were then.
#[derive(Default)]
pub(super) struct Keys(BTreeMap<String, Mark>);

impl Keys {
    /// Brings the keys over there up to date. What is missing here is deleted there only where
    /// it was here in this process's life, or is older than a file that is here: an empty folder
    /// means that a disk was lost, not that everything was forgotten.
    pub(super) async fn ship(&mut self, options: &ShippingOptions) -> Result<(), ShipError> {
        let dir = options.backup_dir.join(names::KEYS);
        let here = files(&dir).await?;
        for (file, mark) in &here {
            if self.0.get(file) == Some(mark) || mark.0 > KEYS_LEN_MAX {
                continue;
            }
            let path = dir.join(file);
            let bytes = match tokio::fs::read(&path).await {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                bytes => bytes.map_err(|source| ShipError::File { path, source })?,
            };
            let bytes = seal(options, bytes).await?;
            options.offsite.replace(&name_of(options, file), bytes).await?;
            self.0.insert(file.clone(), *mark);
        }
        let gone: Vec<String> =
            self.0.keys().filter(|file| !here.contains_key(*file)).cloned().collect();
        for file in gone {
            options.offsite.delete(&name_of(options, &file)).await?;
            self.0.remove(&file);
        }
        Ok(())
    }
}

/// What a file of keys is called over there.
pub(super) fn name_of(options: &ShippingOptions, file: &str) -> String {
    let sealed = if options.seal.is_some() { names::SEALED } else { "" };
    format!("{}/{file}{sealed}", names::KEYS)
}
