//! What vendors offer now, and at what price it would be shown. The chat room asks; vendors'
//! answers are kept for a while, so that a list of countries costs no request.

mod routing;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use ring4_domain::ids::{Country, ProviderId, ServiceKey, Timestamp};
use ring4_domain::money::Amount;
use ring4_domain::order::Candidate;
use ring4_domain::pricing;
use ring4_providers::{Quote, Registry};
use ring4_rules::Offer;

use crate::catalogue::Catalogues;
use crate::clock::Clock;
use crate::live::{Live, LiveCell};
use crate::odds::Odds;
use crate::screens::offers::OfferRow;
use routing::Draw;

/// How long a vendor's price may be shown in a list, in seconds.
const LISTED_SECS: u32 = 900;

/// How old a vendor's price may be when it is quoted, in seconds.
const QUOTED_SECS: u32 = 30;

/// How often the whole price list is read again, in seconds.
const REFRESH_SECS: u32 = 300;

/// Prices asked for at the same time. Few, because they pass the same rate limit as polls and
/// purchases, which must not wait behind a whole list.
const ASKED_AT_ONCE: usize = 2;

/// Services offered in place of another, at most.
const INSTEAD_MAX: usize = 4;

/// What a list says of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// It is offered at this price now.
    At(Amount),
    /// No vendor has it, or none below the highest price.
    NotOffered,
    /// Nobody was asked yet; the price is found out when somebody wants it.
    Unknown,
}

impl Listed {
    /// The price, where there is one.
    #[must_use]
    pub const fn price(self) -> Option<Amount> {
        match self {
            Self::At(price) => Some(price),
            Self::NotOffered | Self::Unknown => None,
        }
    }
}

/// What a price is wanted for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'wanted> {
    /// The service.
    pub service: &'wanted ServiceKey,
    /// The country.
    pub country: Country,
    /// Orders delivered to this customer so far, as far as they were counted.
    pub orders_done: u32,
}

/// An offer of one vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VendorOffer {
    /// The vendor and its price.
    pub candidate: Candidate,
    /// Numbers at hand, where the vendor says.
    pub stock: Option<u32>,
    /// Share of orders that get a code, in percent, where the vendor says.
    pub success_percent: Option<u8>,
}

/// A price ready to be put before the core, with what it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    /// What the pricing script proposes.
    pub proposed: Amount,
    /// The cost it was proposed for.
    pub cost: Amount,
    /// Who may serve it, best first.
    pub candidates: Vec<Candidate>,
    /// Numbers at hand in all, where the vendors say.
    pub stock: Option<u32>,
}

/// Why there is no price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarketError {
    /// No vendor offers it now.
    #[error("no vendor offers it")]
    NoOffer,
    /// Vendors that may offer it do not answer or do not sell to us now.
    #[error("no vendor can be asked for it now")]
    Unavailable,
    /// The pricing or the routing script failed on this offer.
    #[error("a script failed: {0}")]
    Script(String),
}

#[derive(Clone, Debug)]
struct Asked {
    at: Timestamp,
    offer: Option<VendorOffer>,
}

type OfferKey = (ProviderId, ServiceKey, Country);

/// What vendors offer.
pub struct Market {
    registry: Arc<Registry>,
    live: Arc<LiveCell>,
    clock: Clock,
    catalogues: Arc<Catalogues>,
    asked: Mutex<BTreeMap<OfferKey, Asked>>,
    odds: Arc<Odds>,
    /// The operator's order of vendors, 1 first.
    priorities: BTreeMap<ProviderId, u32>,
    /// Prices shown so far.
    turn: AtomicU32,
}

impl Market {
    /// A market that knows nothing yet.
    #[must_use]
    pub fn new(
        registry: Arc<Registry>,
        live: Arc<LiveCell>,
        clock: Clock,
        catalogues: Arc<Catalogues>,
        odds: Arc<Odds>,
        providers: &BTreeMap<ProviderId, ring4_config::Provider>,
    ) -> Self {
        let priority = |(id, of): (&ProviderId, &ring4_config::Provider)| (id.clone(), of.priority);
        Self {
            registry,
            live,
            clock,
            catalogues,
            asked: Mutex::default(),
            odds,
            priorities: providers.iter().map(priority).collect(),
            turn: AtomicU32::new(0),
        }
    }

    /// What one vendor was last heard to offer, however it does now.
    #[must_use]
    pub fn heard(
        &self,
        provider: &ProviderId,
        service: &ServiceKey,
        country: Country,
    ) -> Option<VendorOffer> {
        let now = self.clock.now();
        let key = (provider.clone(), service.clone(), country);
        let known = lock(&self.asked).get(&key).cloned();
        known.filter(|known| now.secs_since(known.at) < LISTED_SECS)?.offer
    }

    /// Reads prices again and again, until it is dropped.
    pub async fn keep_fresh(&self) {
        loop {
            let live = self.live.load_full();
            for service in live.services() {
                let countries = live.countries();
                for some in countries.chunks(ASKED_AT_ONCE) {
                    let asked = some.iter().map(|country| self.ask(service, *country, LISTED_SECS));
                    join_all(asked).await;
                }
            }
            self.clock.sleep_until(self.clock.now().plus_secs(REFRESH_SECS)).await;
        }
    }

    /// Asks every vendor whose answer is older than `age_secs_max`.
    async fn ask(&self, service: &ServiceKey, country: Country, age_secs_max: u32) {
        let now = self.clock.now();
        let stale = |provider: &&ProviderId| {
            let asked = lock(&self.asked);
            let known = asked.get(&((*provider).clone(), service.clone(), country));
            known.is_none_or(|known| now.secs_since(known.at) >= age_secs_max)
        };
        let providers = self.registry.ids().filter(stale);
        join_all(providers.map(|provider| self.ask_one(provider, service, country))).await;
    }

    async fn ask_one(&self, provider: &ProviderId, service: &ServiceKey, country: Country) {
        let key = (provider.clone(), service.clone(), country);
        let Some(vendor_service) = self.catalogues.service_id(provider, service).await else {
            // Not sold there, or not any more.
            lock(&self.asked).remove(&key);
            return;
        };
        let offer = match self.registry.quote(provider, &vendor_service, country).await {
            Ok(Quote::Offered { high_cost, stock, success_percent, .. }) => Some(VendorOffer {
                // The dearest eligible price, because that is what may be charged.
                candidate: Candidate {
                    provider: provider.clone(),
                    service: service.clone(),
                    vendor_service,
                    cost: high_cost,
                },
                stock,
                success_percent,
            }),
            Ok(Quote::Unavailable { .. }) => None,
            Err(error) => {
                // What was known before is better than nothing until it is too old.
                tracing::debug!(%provider, %service, %country, %error, "price not read");
                return;
            }
        };
        lock(&self.asked).insert(key, Asked { at: self.clock.now(), offer });
    }

    fn known(&self, service: &ServiceKey, country: Country) -> Vec<VendorOffer> {
        let now = self.clock.now();
        let asked = lock(&self.asked);
        let mut offers: Vec<VendorOffer> = Vec::new();
        // A vendor that does not answer or sell to us now must neither set the price nor be asked
        // in vain before the next one.
        for provider in self.registry.ids().filter(|provider| self.registry.can_buy(provider)) {
            let known = asked.get(&(provider.clone(), service.clone(), country));
            let fresh = known.filter(|known| now.secs_since(known.at) < LISTED_SECS);
            let offer = fresh.and_then(|known| known.offer.clone());
            offers.extend(offer.filter(|offer| offer.stock != Some(0)));
        }
        offers
    }

    /// What a list may say of an offer, from what vendors answered lately.
    #[must_use]
    pub fn listed(&self, live: &Live, wanted: Wanted<'_>) -> Listed {
        if !self.asked_lately(wanted.service, wanted.country) {
            return Listed::Unknown;
        }
        let Ok(priced) = self.price(live, wanted, Draw::EVEN) else { return Listed::NotOffered };
        let price = pricing::judge(priced.proposed, priced.cost, &live.policy.prices);
        price.map_or(Listed::NotOffered, |price| Listed::At(price.price))
    }

    /// Numbers at hand in all, as far as vendors said lately.
    #[must_use]
    pub fn stock(&self, wanted: Wanted<'_>) -> Option<u32> {
        let offers = self.known(wanted.service, wanted.country);
        let stocks: Option<Vec<u32>> = offers.iter().map(|offer| offer.stock).collect();
        let stocks = stocks.filter(|stocks| !stocks.is_empty())?;
        Some(stocks.into_iter().fold(0, u32::saturating_add))
    }

    /// What is offered instead of a service that no vendor has: the others in the order they are
    /// sold, as far as their price is known.
    #[must_use]
    pub fn instead(&self, live: &Live, wanted: Wanted<'_>) -> Vec<OfferRow> {
        let others = routing::fallbacks(live, wanted.service);
        let priced = others.filter_map(|service| {
            let price = self.listed(live, Wanted { service, ..wanted }).price()?;
            let (service, country) = (service.clone(), wanted.country);
            Some(OfferRow { service, country, price: Some(price), percent: None })
        });
        priced.take(INSTEAD_MAX).collect()
    }

    /// Why nobody can sell it: whoever may have it is out of reach, or nobody has it.
    fn why_none(&self, service: &ServiceKey, country: Country) -> MarketError {
        let asked = lock(&self.asked);
        let known = |provider: &ProviderId| {
            asked.get(&(provider.clone(), service.clone(), country)).map(|known| &known.offer)
        };
        let answered = self.registry.ids().any(|provider| known(provider).is_some());
        let out_of_reach = self.registry.ids().any(|provider| {
            !self.registry.can_buy(provider) && matches!(known(provider), Some(Some(_)))
        });
        if out_of_reach || !answered { MarketError::Unavailable } else { MarketError::NoOffer }
    }

    /// Whether any vendor's answer about this offer is fresh enough for a list.
    fn asked_lately(&self, service: &ServiceKey, country: Country) -> bool {
        let now = self.clock.now();
        let asked = lock(&self.asked);
        self.registry.ids().any(|provider| {
            let known = asked.get(&(provider.clone(), service.clone(), country));
            known.is_some_and(|known| now.secs_since(known.at) < LISTED_SECS)
        })
    }

    /// A fresh price for a quote.
    ///
    /// # Errors
    /// See [`MarketError`].
    pub async fn quote(&self, live: &Live, wanted: Wanted<'_>) -> Result<Priced, MarketError> {
        self.ask(wanted.service, wanted.country, QUOTED_SECS).await;
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut priced = self.price(live, wanted, Draw::now(turn, self.clock.now()))?;
        if live.config.orders.auto_fallback {
            self.add_fallbacks(live, wanted, &mut priced).await;
        }
        Ok(priced)
    }

    fn price(&self, live: &Live, wanted: Wanted<'_>, draw: Draw) -> Result<Priced, MarketError> {
        let Wanted { service, country, orders_done } = wanted;
        let offers = self.ranked(live, wanted, draw)?;
        let Some(best) = offers.first() else { return Err(self.why_none(service, country)) };
        let cost = best.candidate.cost;
        let stocks: Option<Vec<u32>> = offers.iter().map(|offer| offer.stock).collect();
        let stock = stocks.map(|stocks| stocks.into_iter().fold(0, u32::saturating_add));
        let proposed = live
            .rules
            .price(&Offer {
                service: service.clone(),
                country,
                cost,
                stock,
                success_percent: best.success_percent.map(u32::from),
                orders_done,
            })
            .map_err(|error| MarketError::Script(error.to_string()))?;
        let candidates = offers.into_iter().map(|offer| offer.candidate).collect();
        Ok(Priced { proposed, cost, candidates, stock })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A panic while a price was noted leaves whole entries behind; they may be read on.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
