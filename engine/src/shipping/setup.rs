//! From settings to running shipping, and the keys it seals and opens with. The engine's start
//! and the verb that restores import this through the module above.

use std::sync::Arc;
use std::time::Duration;

use ring4_config::{Config, Env};
use ring4_offsite::{Offsite, Target, TargetError};
use ring4_storage::{BackupKey, Reader, open_bytes, seal_bytes};

use super::{Shipping, ShippingOptions, Transform};
use crate::clock::Clock;
use crate::live::LiveCell;

/// How often what is not needed any more is removed from the place.
const TEND_EVERY: Duration = Duration::from_secs(3_600);

/// Copies cannot be made as the settings want them.
#[derive(Debug, thiserror::Error)]
pub enum ShippingError {
    /// The target cannot be used.
    #[error("backup.copy_to: {0}")]
    Target(#[from] TargetError),
    /// Entries and keys would lie there for anyone to read.
    #[error(
        "backup.copy_to: with a passphrase the journal cannot be encrypted, because a piece goes \
         out every second and a passphrase takes one to use; set backup.recipient instead"
    )]
    Passphrase,
    /// The recipient cannot be used, or this program was built without encryption.
    #[error("backup.copy_to: {0}")]
    Seal(String),
}

/// The place that an address names, with credentials from these variables.
///
/// # Errors
/// The address or a variable is wrong, or this program was built without what it needs.
pub fn open_place(address: &str, env: &Env) -> Result<Offsite, TargetError> {
    let target: Target = address.parse()?;
    Offsite::open(target, |name| env.given(name).map(str::to_owned))
}

/// Encrypts with a key.
#[must_use]
pub fn sealing(key: BackupKey) -> Transform {
    Arc::new(move |bytes| seal_bytes(&key, bytes).map_err(|error| error.to_string()))
}

/// Decrypts with a key.
#[must_use]
pub fn opening(key: BackupKey) -> Transform {
    Arc::new(move |bytes| open_bytes(&key, bytes).map_err(|error| error.to_string()))
}

impl Shipping {
    /// Starts shipping where the settings say so.
    ///
    /// # Errors
    /// They cannot be followed. Whether the place is reachable is found out later.
    pub fn configured(
        config: &Config,
        env: &Env,
        reader: Reader,
        clock: Clock,
        live: &Arc<LiveCell>,
    ) -> Result<Option<Self>, ShippingError> {
        let vault = &config.fixed.vault;
        let Some(address) = &vault.copy_to else { return Ok(None) };
        let offsite = open_place(address, env)?;
        if vault.passphrase.is_some() {
            return Err(ShippingError::Passphrase);
        }
        let seal = vault.recipient.clone().map(|text| sealing(BackupKey::Recipient(text)));
        if let Some(seal) = &seal {
            seal(b"a try").map_err(ShippingError::Seal)?;
        }
        let live = Arc::clone(live);
        let kept = move || usize::try_from(live.load().config.backup.max_backups).unwrap_or(1);
        Ok(Some(Self::start(ShippingOptions {
            offsite,
            reader,
            clock,
            backup_dir: config.fixed.backup_dir(),
            kept_per_kind: Arc::new(kept),
            seal,
            tend_every: TEND_EVERY,
        })))
    }
}
