//! From "what is for sale" to "buy", in the chat.

use ring4_domain::command::{Command, Proposal};
use ring4_domain::decide::Outcome;
use ring4_domain::ids::{Country, OrderId, ServiceKey};
use ring4_domain::order::OrderState;
use ring4_domain::refusal::Refusal;

use super::{Reply, Visit};
use crate::market::{Listed, MarketError, Priced, Wanted};
use crate::mint::{self, Origin};
use crate::odds::Figures;
use crate::screens::offers::{OfferRow, QuoteView, ServiceRow, ServicesView};
use crate::search;
use crate::shop::ShopError;

/// Orders read at once while they are counted.
const ORDERS_READ: usize = 64;

/// What success is taken to be where too few orders tell, and what it is at least, in percent:
/// an offer that never delivered should stand last, not nowhere.
const USUAL_PERCENT: u32 = 75;
const PERCENT_MIN: u32 = 5;

impl Visit<'_> {
    pub(super) fn services(&self, page: u8) -> Result<Reply, ShopError> {
        self.listed_services(self.live.services(), page, &self.favourites()?)
    }

    fn listed_services(
        &self,
        services: Vec<&ServiceKey>,
        page: u8,
        favourites: &[OfferRow],
    ) -> Result<Reply, ShopError> {
        let countries = self.live.countries();
        let orders_done = self.orders_done()?;
        let row = |service: &ServiceKey| {
            let prices = countries.iter().filter_map(|country| {
                let wanted = Wanted { service, country: *country, orders_done };
                self.shop.market.listed(self.live, wanted).price()
            });
            ServiceRow { service: service.clone(), from: prices.min() }
        };
        let services: Vec<ServiceRow> = services.into_iter().map(row).collect();
        let view = ServicesView { services: &services, favourites, page };
        Ok(Reply::Screen(self.voice().services(view, self.available()?)?))
    }

    pub(super) fn countries(&self, service: &ServiceKey, page: u8) -> Result<Reply, ShopError> {
        if !self.live.services().contains(&service) {
            return Ok(Reply::Notice(self.voice().say("stale_button", &[])));
        }
        let countries = self.live.countries().into_iter();
        let mut offers = self.offers(countries.map(|country| (service.clone(), country)))?;
        // What is listed is what a code costs, tries that come to nothing included.
        let usual = self.shop.odds.service(service).success_percent().unwrap_or(USUAL_PERCENT);
        offers.sort_by_key(|offer| {
            let percent = offer.percent.unwrap_or(usual).clamp(PERCENT_MIN, 100);
            let price = offer.price.map(|price| price.micros() / i64::from(percent));
            (price.is_none(), price)
        });
        let available = self.available()?;
        Ok(Reply::Screen(self.voice().countries(service, &offers, page, available)?))
    }

    /// The offers of a list that are shown, with price and odds as far as they are known.
    pub(super) fn offers(
        &self,
        wanted: impl Iterator<Item = (ServiceKey, Country)>,
    ) -> Result<Vec<OfferRow>, ShopError> {
        let orders_done = self.orders_done()?;
        let offers = wanted.filter_map(|(service, country)| {
            let wanted = Wanted { service: &service, country, orders_done };
            let listed = self.shop.market.listed(self.live, wanted);
            let (shown, price) = (listed != Listed::NotOffered, listed.price());
            let percent = self.odds(&service, country).and_then(|odds| odds.success_percent());
            shown.then_some(OfferRow { service, country, price, percent })
        });
        Ok(offers.collect())
    }

    /// What words name: one service's countries, or the offers that fit, favourites first.
    pub(super) fn search(&self, words: &str) -> Result<Reply, ShopError> {
        let found = search::find(self.live, words);
        if found.is_nothing() {
            return self.not_found(words);
        }
        match (found.services.as_slice(), found.countries.as_slice()) {
            ([service], []) => return self.countries(service, 0),
            // Each of them has a list of countries of its own.
            (services, []) => return self.listed_services(services.iter().collect(), 0, &[]),
            _ => {}
        }
        let mut offers = self.offers(found.offers(self.live).into_iter())?;
        if offers.is_empty() {
            return self.not_found(words);
        }
        let favourites = self.favourites()?;
        let same = |one: &OfferRow, other: &OfferRow| {
            one.service == other.service && one.country == other.country
        };
        offers.sort_by_key(|offer| {
            let place = favourites.iter().position(|favourite| same(favourite, offer));
            place.unwrap_or(favourites.len())
        });
        let words = ring4_telegram::command::clean(words, super::ECHO_CHARS_MAX);
        Ok(Reply::Screen(self.voice().matches(&words, &offers, self.available()?)?))
    }

    /// Orders delivered to this customer; counted only where a discount depends on it, and only
    /// as far as it does.
    fn orders_done(&self) -> Result<u32, ShopError> {
        let discount = &self.live.config.pricing.bulk_discount;
        if !discount.enabled {
            return Ok(0);
        }
        let mut done = 0;
        let mut before = None;
        while done < discount.threshold {
            let orders = self.shop.snapshot().orders_of(self.user(), before, ORDERS_READ)?;
            let Some(last) = orders.last() else { break };
            before = Some(last.id());
            let delivered = orders.iter().filter(|order| order.state == OrderState::Delivered);
            done = done.saturating_add(u32::try_from(delivered.count()).unwrap_or(u32::MAX));
        }
        Ok(done)
    }

    /// What became of the shop's own orders of this offer, where they are enough to say so.
    fn odds(&self, service: &ServiceKey, country: Country) -> Option<Figures> {
        let odds = self.shop.odds.offer(service, country);
        Some(odds).filter(|odds| odds.orders >= self.live.config.orders.odds_from)
    }

    /// Fixes a price and shows it.
    pub(super) async fn offer(
        &self,
        service: ServiceKey,
        country: Country,
    ) -> Result<Reply, ShopError> {
        if !self.live.sells(&service, country) {
            return Ok(Reply::Notice(self.voice().say("stale_button", &[])));
        }
        let wanted = Wanted { service: &service, country, orders_done: self.orders_done()? };
        let priced = match self.shop.market.quote(self.live, wanted).await {
            Ok(priced) => priced,
            Err(error @ (MarketError::NoOffer | MarketError::Unavailable)) => {
                let instead = self.shop.market.instead(self.live, wanted);
                let why = match error {
                    MarketError::Unavailable => "buy.unavailable",
                    _ => "buy.out_of_stock",
                };
                let screen = self.voice().not_offered(why, &service, country, &instead)?;
                return Ok(Reply::Screen(screen));
            }
            Err(error @ MarketError::Script(_)) => {
                tracing::error!(%service, %country, %error, "no price");
                return self.refuse(&Refusal::NotForSale);
            }
        };
        self.quote(service, country, priced).await
    }

    async fn quote(
        &self,
        service: ServiceKey,
        country: Country,
        priced: Priced,
    ) -> Result<Reply, ShopError> {
        let subject = format!("{service}:{country}");
        let user = self.user();
        for attempt in 0..mint::ATTEMPTS_MAX {
            let origin = Origin { user, source: &self.source, subject: &subject, attempt };
            let proposal = Proposal {
                id: mint::order_id(origin),
                customer: user,
                service: service.clone(),
                country,
                proposed: priced.proposed,
                cost: priced.cost,
                candidates: priced.candidates.clone(),
                rules: self.live.version(),
            };
            match self.submit(Command::OfferQuote(proposal)).await? {
                Ok(receipt) => {
                    let Outcome::Quote(quote) = &receipt.outcome else { continue };
                    let available = self.available()?;
                    let odds = self.odds(&quote.service, quote.country);
                    let view = QuoteView { quote, available, stock: priced.stock, odds };
                    return Ok(Reply::Screen(self.voice().quote(view)?));
                }
                Err(Refusal::IdTaken) => {}
                Err(refusal) => return self.refuse(&refusal),
            }
        }
        self.refuse(&Refusal::IdTaken)
    }

    /// Buys at the price shown. The pressed message becomes the order's card.
    pub(super) async fn place(&self, id: OrderId) -> Result<Reply, ShopError> {
        if let Some(refusal) = self.policy_refuses(id).await? {
            return self.refuse(&refusal);
        }
        let command = Command::PlaceOrder { customer: self.user(), quote: id, card: self.pressed };
        match self.submit(command).await? {
            Ok(_) => Ok(Reply::Silent),
            Err(Refusal::TermsPending) => Ok(Reply::Screen(self.voice().terms(Some(id))?)),
            Err(refusal @ Refusal::QuoteExpired) => {
                // The customer wants to buy: the current price is shown at once.
                let quote = self.shop.snapshot().quote(id)?;
                let Some(quote) = quote else { return self.refuse(&refusal) };
                let notice = self.why(&refusal)?;
                Ok(match self.offer(quote.service, quote.country).await? {
                    Reply::Screen(screen) => Reply::Both(screen, notice),
                    other => other,
                })
            }
            Err(refusal) => self.refuse(&refusal),
        }
    }
}
