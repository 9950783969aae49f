//! Who is asked first: the vendors of an offer in the order of `routing.rhai`, and behind them the
//! services that may stand in for the one that was chosen. Only `market` uses this.

use ring4_domain::ids::{ProviderId, ServiceKey, Timestamp};
use ring4_domain::order::Candidate;
use ring4_domain::pricing;
use ring4_rules::VendorFacts;

use super::{Market, MarketError, Priced, VendorOffer, Wanted};
use crate::live::Live;

/// What chance there is in an order of vendors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draw {
    turn: u32,
    /// When the price is shown; `None` where chance has no part.
    at: Option<Timestamp>,
}

impl Draw {
    /// None: a list shows the same price every time.
    pub(super) const EVEN: Self = Self { turn: 0, at: None };

    /// For the price that is shown at this turn.
    pub(super) const fn now(turn: u32, now: Timestamp) -> Self {
        Self { turn, at: Some(now) }
    }

    /// 1000 times an exponentially distributed number: whoever has the least of it by weight is
    /// first as often as the weights say (Efraimidis and Spirakis, 2006). A hash draws it, because
    /// nothing is at stake that would need a better lot.
    fn luck(self, provider: &ProviderId) -> u32 {
        let Some(at) = self.at else { return 1_000 };
        let mut hasher = blake3::Hasher::new();
        hasher.update(&at.0.to_be_bytes()).update(&self.turn.to_be_bytes());
        hasher.update(provider.as_str().as_bytes());
        let [first, second, third, fourth, ..] = *hasher.finalize().as_bytes();
        let drawn = u32::from_be_bytes([first, second, third, fourth]);
        // The logarithm in whole numbers: bits before the first one that is set, and a straight
        // line between powers of two, which is never off by more than a tenth.
        let drawn = drawn | 1;
        let zeros = u64::from(drawn.leading_zeros());
        let fraction = u64::from((drawn << drawn.leading_zeros()) & 0x7fff_ffff) >> 15;
        let bits = (zeros + 1) * 65_536 - fraction;
        u32::try_from(bits * 693 / 65_536).unwrap_or(u32::MAX).max(1)
    }
}

impl Market {
    /// Who may serve it, best first.
    pub(super) fn ranked(
        &self,
        live: &Live,
        wanted: Wanted<'_>,
        draw: Draw,
    ) -> Result<Vec<VendorOffer>, MarketError> {
        let mut offers = self.known(wanted.service, wanted.country);
        offers.sort_by_key(|offer| self.priority(offer));
        let count = u32::try_from(offers.len()).unwrap_or(u32::MAX);
        let mut ranked = Vec::with_capacity(offers.len());
        for (place, offer) in (0..count).zip(offers) {
            let facts = self.facts(live, wanted, &offer, (place, count), draw);
            let rank = live.rules.rank(&facts);
            let rank = rank.map_err(|error| MarketError::Script(error.to_string()))?;
            ranked.extend(rank.map(|rank| (rank, offer)));
        }
        ranked.sort_by_key(|(rank, offer)| (*rank, offer.candidate.cost));
        Ok(ranked.into_iter().map(|(_, offer)| offer).collect())
    }

    fn priority(&self, offer: &VendorOffer) -> u32 {
        self.priorities.get(&offer.candidate.provider).copied().unwrap_or(u32::MAX)
    }

    fn facts(
        &self,
        live: &Live,
        wanted: Wanted<'_>,
        offer: &VendorOffer,
        (place, count): (u32, u32),
        draw: Draw,
    ) -> VendorFacts {
        let provider = &offer.candidate.provider;
        let routing = &live.config.routing;
        let own = self.odds.vendor(provider, wanted.service, wanted.country);
        let enough = own.orders >= routing.success_from;
        let claimed = offer.success_percent.map(u32::from);
        VendorFacts {
            service: wanted.service.clone(),
            country: wanted.country,
            provider: provider.clone(),
            cost: offer.candidate.cost,
            priority: self.priority(offer),
            weight: routing.weights.get(provider.as_str()).copied().unwrap_or(1),
            place,
            count,
            turn: draw.turn,
            luck: draw.luck(provider),
            stock: offer.stock,
            success_percent: if enough { own.success_percent() } else { claimed },
            samples: if enough { own.orders } else { 0 },
        }
    }

    /// Puts those who sell another service within the price behind those who sell this one.
    pub(super) async fn add_fallbacks(&self, live: &Live, wanted: Wanted<'_>, priced: &mut Priced) {
        let limits = &live.policy.prices;
        let Ok(shown) = pricing::judge(priced.proposed, priced.cost, limits) else { return };
        for service in fallbacks(live, wanted.service) {
            self.ask(service, wanted.country, super::LISTED_SECS).await;
            let instead = Wanted { service, ..wanted };
            let Ok(other) = self.price(live, instead, Draw::EVEN) else { continue };
            let price = pricing::judge(other.proposed, other.cost, limits);
            if price.is_ok_and(|price| price.price <= shown.price) {
                let within = |candidate: &Candidate| candidate.cost <= shown.cost_max;
                priced.candidates.extend(other.candidates.into_iter().filter(within));
            }
        }
        // An order counts its candidates in a byte.
        priced.candidates.truncate(usize::from(u8::MAX));
    }
}

/// The services that may stand in for this one, in the order they are sold.
pub(super) fn fallbacks<'live>(
    live: &'live Live,
    service: &ServiceKey,
) -> impl Iterator<Item = &'live ServiceKey> {
    live.services().into_iter().filter(move |other| *other != service)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lots_fall_as_the_weights_say() {
        let provider = |name: &str| ProviderId::new(name).unwrap();
        let (heavy, light) = (provider("heavy"), provider("light"));
        // weight of one, of the other, and how often of 1000 the first is first
        for (weight, other, from, to) in [(1, 1, 450, 550), (3, 1, 700, 800), (9, 1, 860, 940)] {
            let first = (0..1_000).filter(|turn| {
                let draw = Draw::now(*turn, Timestamp(1_795_392_000_000));
                draw.luck(&heavy) / weight < draw.luck(&light) / other
            });
            let first = first.count();
            assert!((from..=to).contains(&first), "{weight} to {other}: {first} of 1000");
        }
    }
}
