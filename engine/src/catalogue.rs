//! What vendors sell, by their own ids and names: read when the shop starts and once a day, or
//! when an admin asks; never because a customer pressed. `market` finds services by it, the
//! admins' screens show it.
//!
//! The last one read is kept in a file per vendor, so that a start sells at once and a change
//! overnight is seen. Admins hear of changes that concern what the shop sells.

mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ring4_config::Service;
use ring4_domain::ids::{ProviderId, ServiceKey, Timestamp};
use ring4_providers::{Catalogue, Registry};
use tokio::sync::{Notify, mpsc, watch};

use crate::clock::Clock;
use crate::live::{Live, LiveCell};
use crate::tasks;

/// How old a catalogue may become, in seconds.
const REFRESH_SECS: u32 = 86_400;

/// Wait after one could not be read, in seconds.
const AGAIN_SECS: u32 = 300;

/// How long whoever wants to buy right after the first start waits for the first reading.
const FIRST_WITHIN: Duration = Duration::from_secs(10);

/// Names of services told of at once; of more the admins are told how many.
pub const NAMES_MAX: usize = 10;

/// A catalogue and when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated {
    /// When.
    pub read_at: Timestamp,
    /// What.
    pub catalogue: Catalogue,
}

/// What became of one service that the shop sells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The vendor sells it now.
    Came,
    /// It does not any more.
    Went,
    /// It has another id there.
    Moved,
}

/// How a vendor's catalogue differs from the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Services of the shop that are concerned.
    pub services: Vec<(ServiceKey, Turn)>,
    /// Names of everything the vendor sells since.
    pub added: Vec<String>,
    /// Names of what it does not sell any more.
    pub removed: Vec<String>,
}

/// News for admins: what one vendor changed.
pub type News = (ProviderId, Difference);

/// The vendors' catalogues.
pub struct Catalogues {
    registry: Arc<Registry>,
    live: Arc<LiveCell>,
    clock: Clock,
    folder: PathBuf,
    known: Mutex<BTreeMap<ProviderId, Arc<Dated>>>,
    /// Counts readings that have ended, well or not.
    readings: watch::Sender<u64>,
    wanted: Notify,
}

impl Catalogues {
    /// The catalogues as the last engine left them. Reads a file per vendor.
    #[must_use]
    pub fn restore(
        registry: Arc<Registry>,
        live: Arc<LiveCell>,
        clock: Clock,
        data_dir: &Path,
    ) -> Self {
        let folder = data_dir.join("catalogues");
        let known = registry.ids().filter_map(|provider| {
            let dated = file::read(&folder, provider)?;
            Some((provider.clone(), Arc::new(dated)))
        });
        let known = Mutex::new(known.collect());
        let (readings, wanted) = (watch::Sender::new(0), Notify::new());
        Self { registry, live, clock, folder, known, readings, wanted }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ProviderId, Arc<Dated>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The catalogue of a vendor as last read.
    #[must_use]
    pub fn of(&self, provider: &ProviderId) -> Option<Arc<Dated>> {
        self.lock().get(provider).cloned()
    }

    /// The vendor's own id of a service, as configured or found by name. Waits for the very first
    /// reading of a vendor's catalogue and asks for nothing itself.
    pub async fn service_id(&self, provider: &ProviderId, service: &ServiceKey) -> Option<String> {
        if self.of(provider).is_none() {
            let mut readings = self.readings.subscribe();
            let read = readings.wait_for(|_| self.of(provider).is_some());
            let _ = tokio::time::timeout(FIRST_WITHIN, read).await;
        }
        self.known_id(&self.live.load(), provider, service)
    }

    /// The same, from what is known now.
    #[must_use]
    pub fn known_id(
        &self,
        live: &Live,
        provider: &ProviderId,
        service: &ServiceKey,
    ) -> Option<String> {
        let known = live.config.services.get(service)?;
        let dated = self.of(provider);
        resolve(known, service, provider, dated.as_ref().map(|dated| &dated.catalogue))
    }

    /// Has every catalogue read again; they come one after the other.
    pub fn refresh(&self) {
        self.wanted.notify_one();
    }

    /// Reads catalogues when they are due or wanted, until it is dropped, and hands on every
    /// change.
    pub async fn keep(&self, changes: mpsc::Sender<News>) {
        let mut due: BTreeMap<ProviderId, Timestamp> = BTreeMap::new();
        for provider in self.registry.ids() {
            let read_at = self.of(provider).map(|dated| dated.read_at.plus_secs(REFRESH_SECS));
            due.insert(provider.clone(), read_at.unwrap_or(Timestamp(0)));
        }
        loop {
            let now = self.clock.now();
            for (provider, at) in &mut due {
                if *at > now {
                    continue;
                }
                let news = self.read(provider).await;
                *at = self.clock.now().plus_secs(match &news {
                    Ok(_) => REFRESH_SECS,
                    Err(()) => AGAIN_SECS,
                });
                self.readings.send_modify(|count| *count = count.wrapping_add(1));
                if let Ok(Some(difference)) = news {
                    // A teller that is gone has nobody to tell.
                    let _ = changes.send((provider.clone(), difference)).await;
                }
            }
            let next = due.values().min().copied().unwrap_or(now.plus_secs(REFRESH_SECS));
            tokio::select! {
                () = self.clock.sleep_until(next) => {}
                () = self.wanted.notified() => due.values_mut().for_each(|at| *at = Timestamp(0)),
            }
        }
    }

    /// Reads one catalogue; what has changed, if anything did.
    async fn read(&self, provider: &ProviderId) -> Result<Option<Difference>, ()> {
        let catalogue = match self.registry.catalogue(provider).await {
            Ok(catalogue) => catalogue,
            Err(error) => {
                tracing::warn!(%provider, %error, "catalogue not read");
                return Err(());
            }
        };
        // A vendor that sells nothing at all would take everything off the shelves; that is more
        // often a fault of its list.
        if catalogue.services.is_empty() {
            tracing::warn!(%provider, "an empty catalogue is not believed");
            return Err(());
        }
        let dated = Arc::new(Dated { read_at: self.clock.now(), catalogue });
        let before = self.lock().insert(provider.clone(), Arc::clone(&dated));
        let (folder, id, kept) = (self.folder.clone(), provider.clone(), Arc::clone(&dated));
        let written = tasks::block(move || file::write(&folder, &id, &kept)).await;
        match written {
            Ok(Ok(())) => {}
            // It is read again at the next start.
            Ok(Err(error)) => tracing::warn!(%provider, %error, "catalogue not kept"),
            Err(error) => tracing::warn!(%provider, %error, "catalogue not kept"),
        }
        let live = self.live.load_full();
        Ok(before.and_then(|before| {
            let sold = live.services().into_iter();
            let sold = sold.filter_map(|key| Some((key, live.config.services.get(key)?)));
            let difference = compare(sold, provider, &before.catalogue, &dated.catalogue);
            (difference != Difference::default()).then_some(difference)
        }))
    }
}

/// A vendor's id of a service: as configured, else by its name, its aliases or its key.
fn resolve(
    known: &Service,
    key: &ServiceKey,
    provider: &ProviderId,
    catalogue: Option<&Catalogue>,
) -> Option<String> {
    if let Some(id) = known.vendor_ids.get(provider) {
        return Some(id.clone());
    }
    let catalogue = catalogue?;
    let aliases = known.aliases.iter().map(String::as_str);
    let mut names = std::iter::once(known.name.as_str()).chain(aliases).chain([key.as_str()]);
    names.find_map(|name| catalogue.service_id(name)).map(str::to_owned)
}

fn compare<'sold>(
    sold: impl Iterator<Item = (&'sold ServiceKey, &'sold Service)>,
    provider: &ProviderId,
    old: &Catalogue,
    new: &Catalogue,
) -> Difference {
    let names = |catalogue: &Catalogue| -> BTreeSet<String> {
        catalogue.services.iter().map(|service| service.name.clone()).collect()
    };
    // An id that the operator gave stands; that the vendor lists it no more is told all the same.
    let listed = |key: &ServiceKey, service: &Service, catalogue: &Catalogue| {
        let id = resolve(service, key, provider, Some(catalogue))?;
        catalogue.services.iter().any(|service| service.vendor_id == id).then_some(id)
    };
    let turn = |(key, service): (&ServiceKey, &Service)| {
        let turn = match (listed(key, service, old), listed(key, service, new)) {
            (None, Some(_)) => Turn::Came,
            (Some(_), None) => Turn::Went,
            (Some(was), Some(is)) if was != is => Turn::Moved,
            _ => return None,
        };
        Some((key.clone(), turn))
    };
    let (before, after) = (names(old), names(new));
    Difference {
        services: sold.filter_map(turn).collect(),
        added: after.difference(&before).cloned().collect(),
        removed: before.difference(&after).cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use ring4_providers::CatalogueService;

    use super::*;

    fn catalogue(rows: &[(&str, &str)]) -> Catalogue {
        let row = |(id, name): &(&str, &str)| CatalogueService {
            vendor_id: (*id).to_owned(),
            name: (*name).to_owned(),
        };
        Catalogue { services: rows.iter().map(row).collect(), countries: Vec::new() }
    }

    fn service(name: &str, aliases: &[&str], id: Option<&str>) -> Service {
        let provider: ProviderId = "smspool".parse().expect("an id");
        Service {
            name: name.to_owned(),
            description: String::new(),
            emoji: String::new(),
            priority: 1,
            enabled: true,
            margin_percent: None,
            fixed_price: None,
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            vendor_ids: id.map(|id| (provider, id.to_owned())).into_iter().collect(),
        }
    }

    #[test]
    fn a_service_is_found_by_its_id_name_alias_or_key_and_its_turns_are_told() {
        use Turn::{Came, Moved, Went};
        let old = catalogue(&[("1", "Ring4"), ("2", "Gmail"), ("3", "VK")]);
        let new = catalogue(&[("9", "Ring 4"), ("3", "VK"), ("5", "Twitter / X")]);
        let (key, provider) = ("own".parse().expect("a key"), "smspool".parse().expect("an id"));
        // service → id before, id after, what is told
        let rows = [
            (service("Ring4", &[], None), Some("1"), Some("9"), Some(Moved)),
            (service("Google", &["Google Mail", "gmail"], None), Some("2"), None, Some(Went)),
            (service("X", &[], None), None, Some("5"), Some(Came)),
            (service("VK", &[], None), Some("3"), Some("3"), None),
            (service("Nobody's", &[], None), None, None, None),
            (service("Given", &[], Some("2")), Some("2"), Some("2"), Some(Went)),
            (service("Never listed", &[], Some("7")), Some("7"), Some("7"), None),
        ];
        for (service, before, after, told) in rows {
            let id = |catalogue| resolve(&service, &key, &provider, Some(catalogue));
            assert_eq!(id(&old).as_deref(), before, "{} before", service.name);
            assert_eq!(id(&new).as_deref(), after, "{} after", service.name);
            let difference = compare([(&key, &service)].into_iter(), &provider, &old, &new);
            let turns: Vec<Turn> = difference.services.into_iter().map(|(_, turn)| turn).collect();
            assert_eq!(turns, Vec::from_iter(told), "{}", service.name);
            assert_eq!(difference.added, ["Ring 4", "Twitter / X"]);
            assert_eq!(difference.removed, ["Gmail", "Ring4"]);
        }
    }
}
