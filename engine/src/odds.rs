//! What became of the shop's own orders lately: how many numbers got a code and how fast, per
//! service, country and vendor. The effects tell it of orders; screens, routing and the polling
//! schedule read it. It is the one owner of these figures.
//!
//! Nothing of this is stored: the orders stand in the journal, and a start reads back through a
//! bounded stretch of it. Figures are of the latest orders and forget what is two weeks old, so
//! that a vendor is judged by what it does now.

mod arrivals;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ring4_domain::change::{Change, Seq};
use ring4_domain::ids::{Country, OrderId, ProviderId, ServiceKey, Timestamp};
use ring4_domain::order::{Order, OrderState};
use ring4_storage::{ReadError, Snapshot};

use self::arrivals::Arrivals;
use crate::clock::Clock;

/// Orders that an offer of one vendor is judged by.
const KEPT_PER_OFFER: usize = 200;

/// Orders that the arrival times of one vendor and service are learnt from.
const KEPT_PER_ARRIVALS: usize = 500;

/// Offers of vendors that are remembered; what comes after is not counted.
const OFFERS_MAX: usize = 4_096;

/// How long an order counts, in seconds.
const COUNTS_SECS: i64 = 14 * 86_400;

/// From here on an order that its customer cancelled counts as one without a code, in seconds:
/// before, it says more about the customer than about the vendor.
const GIVEN_UP_SECS: u32 = 120;

/// Codes from which a median says something.
const CODES_FOR_MEDIAN: u32 = 10;

/// Entries that a start reads back through, at most; an order makes about seven.
const ENTRIES_MAX: u64 = 50_000;

/// How long a start reads back, at most.
const RESTORE_WITHIN: Duration = Duration::from_secs(5);

/// One order that got a number and has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sample {
    order: OrderId,
    ended_at: Timestamp,
    /// From the number to the code, or to the end without one, in seconds.
    wait_secs: u32,
    delivered: bool,
}

/// Own orders of an offer, a service or a vendor, summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// How many numbers were bought and have ended.
    pub orders: u32,
    /// How many of them got a code.
    pub delivered: u32,
    /// Half of those that got one had it within this, in seconds.
    pub median_wait_secs: Option<u32>,
    /// When the latest code came.
    pub last_code_at: Option<Timestamp>,
}

impl Figures {
    /// Orders that got a code, in percent, rounded down; `None` where there was none at all.
    #[must_use]
    pub fn success_percent(&self) -> Option<u32> {
        self.delivered.saturating_mul(100).checked_div(self.orders)
    }

    fn of<'sample>(samples: impl Iterator<Item = &'sample Sample>) -> Self {
        let mut figures = Self::default();
        let mut waits = Vec::new();
        for sample in samples {
            figures.orders = figures.orders.saturating_add(1);
            if sample.delivered {
                figures.delivered = figures.delivered.saturating_add(1);
                figures.last_code_at = figures.last_code_at.max(Some(sample.ended_at));
                waits.push(sample.wait_secs);
            }
        }
        let middle = waits.len().saturating_sub(1) / 2;
        if !waits.is_empty() {
            figures.median_wait_secs = Some(*waits.select_nth_unstable(middle).1);
        }
        figures
    }
}

/// The latest orders of one kind, oldest first.
#[derive(Debug, Default)]
struct Latest(VecDeque<Sample>);

impl Latest {
    /// Whether the order was not known before.
    fn add(&mut self, sample: Sample, kept: usize) -> bool {
        if self.0.iter().rev().any(|known| known.order == sample.order) {
            return false;
        }
        let place = self.0.partition_point(|known| known.ended_at <= sample.ended_at);
        self.0.insert(place, sample);
        if self.0.len() > kept {
            self.0.pop_front();
        }
        true
    }

    fn since(&self, from: Timestamp) -> impl Iterator<Item = &Sample> {
        self.0.iter().filter(move |sample| from <= sample.ended_at)
    }
}

#[derive(Debug, Default)]
struct Waits {
    latest: Latest,
    /// Made when it is asked for, and gone when there is something new.
    arrivals: Option<Arrivals>,
}

type Vendors = BTreeMap<ProviderId, Latest>;

#[derive(Debug, Default)]
struct Known {
    offers: BTreeMap<ServiceKey, BTreeMap<Country, Vendors>>,
    offers_count: usize,
    waits: BTreeMap<ProviderId, BTreeMap<ServiceKey, Waits>>,
}

/// What the arrival times of a vendor and service say about an order of some age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    /// Codes that this is learnt from.
    pub samples: u32,
    /// Of a thousand orders that still wait at this age, how many get their code within the next
    /// ten seconds; `None` where too few have ever been that old.
    pub per_mille: Option<u32>,
}

/// See the module's head.
#[derive(Debug)]
pub struct Odds {
    clock: Clock,
    known: Mutex<Known>,
}

impl Odds {
    /// Odds that know nothing yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, known: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // A panic while a sample was noted leaves whole samples behind; they may be read on.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn from(&self) -> Timestamp {
        Timestamp(self.clock.now().0.saturating_sub(COUNTS_SECS.saturating_mul(1_000)))
    }

    /// Takes note of an order, as far as it says something. Twice is once.
    pub fn note(&self, order: &Order) {
        let country = order.quote.country;
        for former in &order.former {
            let sold = order.quote.candidates.get(usize::from(former.candidate));
            let service = sold.map_or(&order.quote.service, |candidate| &candidate.service);
            let wait_secs = former.returned_at.secs_since(former.bought_at);
            let ended_at = former.returned_at;
            let sample = Sample { order: order.id(), ended_at, wait_secs, delivered: false };
            self.add(&former.provider, service, country, sample);
        }
        if let (Some(sample), Some(purchase)) = (sample_of(order), &order.purchase) {
            self.add(&purchase.provider, order.service(), country, sample);
        }
    }

    fn add(&self, provider: &ProviderId, service: &ServiceKey, country: Country, sample: Sample) {
        let known = &mut *self.lock();
        let vendors = known.offers.entry(service.clone()).or_default();
        let vendors = vendors.entry(country).or_default();
        if !vendors.contains_key(provider) {
            if known.offers_count >= OFFERS_MAX {
                return;
            }
            known.offers_count = known.offers_count.saturating_add(1);
        }
        let latest = vendors.entry(provider.clone()).or_default();
        if !latest.add(sample, KEPT_PER_OFFER) {
            return;
        }
        let waits = known.waits.entry(provider.clone()).or_default();
        let waits = waits.entry(service.clone()).or_default();
        if waits.latest.add(sample, KEPT_PER_ARRIVALS) {
            waits.arrivals = None;
        }
    }

    /// What one vendor made of an offer.
    #[must_use]
    pub fn vendor(&self, provider: &ProviderId, service: &ServiceKey, country: Country) -> Figures {
        let (known, from) = (self.lock(), self.from());
        let vendors = known.offers.get(service).and_then(|countries| countries.get(&country));
        let latest = vendors.and_then(|vendors| vendors.get(provider));
        Figures::of(latest.into_iter().flat_map(|latest| latest.since(from)))
    }

    /// The median wait for a code of this vendor and service in all countries, where enough codes
    /// have come lately to say.
    #[must_use]
    pub fn median_wait_secs(&self, provider: &ProviderId, service: &ServiceKey) -> Option<u32> {
        let (known, from) = (self.lock(), self.from());
        let waits = known.waits.get(provider)?.get(service)?;
        let figures = Figures::of(waits.latest.since(from));
        figures.median_wait_secs.filter(|_| figures.delivered >= CODES_FOR_MEDIAN)
    }

    /// What all vendors together made of an offer.
    #[must_use]
    pub fn offer(&self, service: &ServiceKey, country: Country) -> Figures {
        let (known, from) = (self.lock(), self.from());
        let vendors = known.offers.get(service).and_then(|countries| countries.get(&country));
        let latest = vendors.into_iter().flat_map(BTreeMap::values);
        Figures::of(latest.flat_map(|latest| latest.since(from)))
    }

    /// What came of a service in all countries.
    #[must_use]
    pub fn service(&self, service: &ServiceKey) -> Figures {
        let (known, from) = (self.lock(), self.from());
        let countries = known.offers.get(service).into_iter().flat_map(BTreeMap::values);
        let latest = countries.flat_map(BTreeMap::values);
        Figures::of(latest.flat_map(|latest| latest.since(from)))
    }

    /// What arrival times say about an order of this age; `None` while nothing is known.
    #[must_use]
    pub fn chance(
        &self,
        provider: &ProviderId,
        service: &ServiceKey,
        age_secs: u32,
    ) -> Option<Chance> {
        let from = self.from();
        let mut known = self.lock();
        let waits = known.waits.get_mut(provider)?.get_mut(service)?;
        let Waits { latest, arrivals } = waits;
        Some(arrivals.get_or_insert_with(|| Arrivals::of(latest.since(from))).chance(age_secs))
    }

    /// Reads back through the latest entries. Blocks for seconds where there are many; what is
    /// noted meanwhile is kept.
    ///
    /// # Errors
    /// An entry cannot be read.
    pub fn restore(&self, snapshot: &Snapshot) -> Result<(), ReadError> {
        let start = Instant::now();
        let last = snapshot.head()?.seq.0;
        let first = last.saturating_sub(ENTRIES_MAX).saturating_add(1);
        for seq in (first..=last).rev() {
            let Some(entry) = snapshot.entry(Seq(seq))? else { break };
            for change in &entry.changes {
                if let Change::Order(order) = change {
                    self.note(order);
                }
            }
            if start.elapsed() > RESTORE_WITHIN {
                break;
            }
        }
        Ok(())
    }
}

fn sample_of(order: &Order) -> Option<Sample> {
    let (purchase, ended_at) = (order.purchase.as_ref()?, order.ended_at?);
    let (end, delivered) = match order.state {
        OrderState::Delivered | OrderState::Refunded => (order.code.as_ref()?.arrived_at, true),
        OrderState::Expired => (ended_at, false),
        OrderState::Cancelled if ended_at.secs_since(purchase.bought_at) >= GIVEN_UP_SECS => {
            (ended_at, false)
        }
        _ => return None,
    };
    let wait_secs = end.secs_since(purchase.bought_at);
    Some(Sample { order: order.id(), ended_at: end, wait_secs, delivered })
}

#[cfg(test)]
mod tests;
