//! Watches over the vendors' plugins while the shop runs: a new file in the plugins' folder is
//! put to use, and admins hear of it and of plugins that sell no more. The engine imports this.
//!
//! The files are looked at rather than watched: a look is one call to the disk for each vendor, and
//! no kind of file system and no way of copying hides a new file from it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ring4_config::Isolation;
use ring4_domain::ids::ProviderId;
use ring4_providers::HostCommand;
use tokio::time::sleep;

use crate::notices::{Topic, tell_admins};
use crate::shop::Shop;

/// How often the files are looked at. One that changed is taken when it looks the same twice.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What changes when a file is written anew; `None` while there is none.
type Stamp = Option<(SystemTime, u64)>;

/// A plugin's file as it was last seen.
struct Sighting {
    stamp: Stamp,
    /// The stamp of the file that was last put to use or refused.
    settled: Stamp,
    /// Admins know of the quarantine that its plugin is in.
    told: bool,
}

/// Watches until it is dropped.
pub(crate) async fn watch(shop: Arc<Shop>) {
    let mut sightings = BTreeMap::new();
    for (id, path) in shop.registry.plugin_files() {
        let stamp = look(&path).await;
        sightings.insert(id, Sighting { stamp, settled: stamp, told: false });
    }
    loop {
        sleep(LOOK_EVERY).await;
        for (id, path) in shop.registry.plugin_files() {
            let Some(seen) = sightings.get_mut(&id) else { continue };
            let stamp = look(&path).await;
            let steady = stamp == seen.stamp;
            seen.stamp = stamp;
            if steady && stamp.is_some() && stamp != seen.settled {
                seen.settled = stamp;
                take(&shop, &id).await;
            }
        }
        for vendor in shop.registry.status() {
            let Some(seen) = sightings.get_mut(&vendor.id) else { continue };
            let tell = vendor.quarantine.as_ref().filter(|_| !seen.told);
            if let Some(fault) = tell {
                tell_admins(&shop, Topic::Plugin, |voice| voice.quarantined(&vendor, fault)).await;
            }
            seen.told = vendor.quarantine.is_some();
        }
    }
}

/// How the process of a plugin is started, where it has one: this program, by its hidden verb.
pub(crate) fn isolation(wanted: Isolation) -> std::io::Result<Option<HostCommand>> {
    if wanted == Isolation::None {
        return Ok(None);
    }
    host(&tracing::level_filters::LevelFilter::current().to_string()).map(Some)
}

/// This program by its hidden verb, with a log of this level.
pub(crate) fn host(level: &str) -> std::io::Result<HostCommand> {
    let arguments = vec!["plugin-host".to_owned(), level.to_owned()];
    Ok(HostCommand { program: std::env::current_exe()?, arguments, log: None })
}

async fn look(path: &Path) -> Stamp {
    let meta = tokio::fs::metadata(path).await.ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

async fn take(shop: &Shop, id: &ProviderId) {
    match shop.registry.swap(id).await {
        // Touched, or written again as it was.
        Ok(swap) if swap.from == swap.to => {}
        Ok(swap) => tell_admins(shop, Topic::Plugin, |voice| voice.swapped(id, &swap)).await,
        Err(error) => {
            tracing::error!(provider = %id, %error, "a new plugin file was not taken");
            let reason = error.to_string();
            tell_admins(shop, Topic::Plugin, |voice| voice.not_swapped(id, &reason)).await;
        }
    }
}
