//! Journal, state and backups, asked about by admins in the chat. Who is one was checked before.

use std::io;
use std::path::Path;

use ring4_storage::BackupKind;

use super::{Reply, Visit};
use crate::screens::database::{CopiesView, DatabaseView};
use crate::shop::ShopError;
use crate::tasks;
use crate::vault::{Hearer, Work};

impl Visit<'_> {
    pub(super) async fn database(&self) -> Result<Reply, ShopError> {
        let vault = &self.shop.vault;
        let data_dir = vault.data_dir.clone();
        let measuring = tasks::block(move || {
            Ok::<_, io::Error>((size_of(&data_dir)?, crate::ops::disk::free_bytes(&data_dir)?))
        });
        // A screen without two figures is better than none.
        let (bytes, free_bytes) = match measuring.await {
            Ok(Ok(measured)) => measured,
            Ok(Err(error)) => {
                tracing::error!(%error, "the data folder cannot be measured");
                (0, 0)
            }
            Err(error) => {
                tracing::error!(%error, "measuring the data folder panicked");
                (0, 0)
            }
        };
        let state = vault.state();
        let view = DatabaseView {
            head: self.shop.snapshot().head()?,
            bytes,
            free_bytes,
            backups: state.backups.len(),
            last: state.backups.iter().find(|row| row.is_kept()).cloned(),
            next: state.next,
            checked: state.checked,
            busy: state.busy,
            copies: self.copies(),
        };
        Ok(Reply::Screen(self.voice().database(&view)?))
    }

    fn copies(&self) -> Option<CopiesView> {
        let status = self.shop.shipped.as_ref()?.borrow().clone();
        let lag_secs = status.lag_secs(self.shop.clock.now());
        let error = status.journal_error.or(status.copies_error);
        Some(CopiesView { target: status.target, waiting: status.waiting, lag_secs, error })
    }

    pub(super) fn backups(&self) -> Result<Reply, ShopError> {
        let vault = &self.shop.vault;
        let folder = vault.dir.display().to_string();
        Ok(Reply::Screen(self.voice().backups(&vault.state().backups, &folder)?))
    }

    pub(super) fn make_backup(&self, kind: BackupKind, note: &str) -> Result<Reply, ShopError> {
        self.ask_vault(Work::Backup { kind, note: note.trim().to_owned() }, "db.begun")
    }

    pub(super) fn validate(&self) -> Result<Reply, ShopError> {
        self.ask_vault(Work::Validate, "db.check_begun")
    }

    fn ask_vault(&self, work: Work, begun: &str) -> Result<Reply, ShopError> {
        let voice = self.voice();
        if self.shop.vault.state().busy {
            return Ok(Reply::Notice(voice.say("db.busy", &[])));
        }
        tracing::info!(admin = %self.user(), ?work, trace = self.trace, "asked of the vault");
        match self.shop.vault.ask(work, Hearer::Admin(self.user())) {
            Ok(()) => Ok(Reply::Screen(voice.database_begun(begun)?)),
            Err(_) => Ok(Reply::Notice(voice.say("db.busy", &[]))),
        }
    }
}

/// Bytes of all files in a folder.
fn size_of(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0_u64;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir()? {
            let entry = entry?;
            // A file that is gone by now, a rotated one for example, counts for nothing.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                folders.push(entry.path());
            } else {
                bytes = bytes.saturating_add(metadata.len());
            }
        }
    }
    Ok(bytes)
}
