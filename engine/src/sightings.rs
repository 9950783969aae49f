//! Since when this process has seen which numbers in the vendors' lists. What was there before an
//! order was placed cannot have been bought for it, which is the only proof of that where a
//! vendor does not say when it sold. Effects note it down; the search for lost purchases reads it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ring4_domain::ids::{ProviderId, Timestamp};
use ring4_providers::VendorOrder;

/// First sightings, of what is in the lists now; as long as the longest list.
#[derive(Debug, Default)]
pub struct Sightings {
    first: Mutex<BTreeMap<ProviderId, BTreeMap<String, Timestamp>>>,
}

impl Sightings {
    /// Notes what a vendor's whole list holds now.
    pub fn note(&self, provider: &ProviderId, rows: &[VendorOrder], now: Timestamp) {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let known = first.entry(provider.clone()).or_default();
        let mut seen = BTreeMap::new();
        for row in rows {
            let since = known.get(&row.vendor_order_id).copied().unwrap_or(now);
            seen.insert(row.vendor_order_id.clone(), since);
        }
        *known = seen;
    }

    /// Since when this is in the vendor's list, if it was seen there.
    #[must_use]
    pub fn since(&self, provider: &ProviderId, vendor_order: &str) -> Option<Timestamp> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        first.get(provider)?.get(vendor_order).copied()
    }
}
