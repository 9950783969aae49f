//! What admins may know and want of the rule set: which versions are kept, how another one would
//! differ, and going back to it. The chat room holds this; the reloader answers it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use ring4_domain::ids::{RulesVersion, ServiceKey, Timestamp, UserId};
use ring4_domain::money::Amount;
use ring4_rules::{Files, Offer};
use tokio::sync::{mpsc, oneshot};

use super::{Built, Origin, Outcome, Shelf};
use crate::live::Live;

/// Wishes that may wait for the reloader.
const WISHES_MAX: usize = 4;

/// Prices shown of a version, at most.
const PRICES_MAX: usize = 12;

/// An admin's wish for another version.
#[derive(Debug)]
pub struct Wish {
    /// Who.
    pub admin: UserId,
    /// The request it belongs to.
    pub trace: String,
    /// Which.
    pub version: RulesVersion,
    /// Where the answer goes.
    pub done: oneshot::Sender<Outcome>,
}

/// A sample price that another version would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceChange {
    /// The service.
    pub service: ServiceKey,
    /// At this cost.
    pub cost: Amount,
    /// What it is now; `None` where it is not sold.
    pub now: Option<Amount>,
    /// What it would be.
    pub then: Option<Amount>,
}

/// How a version differs from the live one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The files that differ.
    pub changed: Vec<String>,
    /// Sample prices that differ, the first of them.
    pub prices: Vec<PriceChange>,
    /// How many of them are not shown.
    pub more: usize,
}

/// The chat's end.
pub struct Rulebook {
    origin: Origin,
    shelf: Shelf,
    last: Mutex<Option<(Timestamp, Outcome)>>,
    wishes: mpsc::Sender<Wish>,
}

impl Rulebook {
    /// A rulebook, and the wishes that come through it.
    #[must_use]
    pub fn new(origin: Origin, shelf: Shelf) -> (Self, mpsc::Receiver<Wish>) {
        let (wishes, inlet) = mpsc::channel(WISHES_MAX);
        (Self { origin, shelf, last: Mutex::default(), wishes }, inlet)
    }

    /// Notes what became of the last look at the files that found anything new.
    pub(super) fn note(&self, at: Timestamp, outcome: Outcome) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, outcome));
    }

    /// What became of the last save that this process saw.
    #[must_use]
    pub fn last(&self) -> Option<(Timestamp, Outcome)> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The files in which one kept version differs from another.
    ///
    /// # Errors
    /// One of them is not kept: the reason for people.
    pub fn differing(&self, one: RulesVersion, other: RulesVersion) -> Result<Vec<String>, String> {
        let fetch = |version| self.shelf.fetch(version).map_err(|error| error.to_string());
        Ok(differing(&fetch(one)?, &fetch(other)?))
    }

    /// How another version differs from the live one, built and proven as it would be to go live.
    /// Takes some tenths of a second; for `spawn_blocking`.
    ///
    /// # Errors
    /// It is not kept, or does not hold any more: the reason for people.
    pub fn compare(&self, live: &Live, version: RulesVersion) -> Result<Comparison, String> {
        let fetch = |version| self.shelf.fetch(version).map_err(|error| error.to_string());
        let (now, then) = (fetch(live.version())?, fetch(version)?);
        let changed = differing(&now, &then);
        let Built { live: candidate, .. } =
            self.origin.build(then).map_err(|report| report.to_string())?;
        let offers = offers(live).into_iter().chain(offers(&candidate));
        let mut seen = BTreeSet::new();
        let mut prices = Vec::new();
        for offer in offers.filter(|offer| seen.insert((offer.service.clone(), offer.cost))) {
            let (now, then) = (price(live, &offer), price(&candidate, &offer));
            if now != then {
                prices.push(PriceChange { service: offer.service, cost: offer.cost, now, then });
            }
        }
        let more = prices.len().saturating_sub(PRICES_MAX);
        prices.truncate(PRICES_MAX);
        Ok(Comparison { changed, prices, more })
    }

    /// Makes a kept version live; `None` while the reloader cannot answer.
    pub async fn go_to(
        self: &Arc<Self>,
        admin: UserId,
        trace: &str,
        version: RulesVersion,
    ) -> Option<Outcome> {
        let (done, answer) = oneshot::channel();
        let wish = Wish { admin, trace: trace.to_owned(), version, done };
        self.wishes.try_send(wish).ok()?;
        answer.await.ok()
    }
}

/// What is sold at a cost now, within the limits.
fn price(live: &Live, offer: &Offer) -> Option<Amount> {
    if !live.services().contains(&&offer.service) {
        return None;
    }
    let proposed = live.rules.price(offer).ok()?;
    let judged = ring4_domain::pricing::judge(proposed, offer.cost, &live.policy.prices);
    judged.ok().map(|judged| judged.price)
}

fn offers(live: &Live) -> Vec<Offer> {
    super::params::catalogue(&live.config)
}

/// The names of the files that differ.
pub(super) fn differing(one: &Files, other: &Files) -> Vec<String> {
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let changed = names.into_iter().filter(|name| one.get(*name) != other.get(*name));
    changed.cloned().collect()
}
