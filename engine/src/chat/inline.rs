//! What people type behind the bot's name in any chat, answered with offers. Nothing is written
//! down here: whoever only looks is no customer yet.

use ring4_domain::customer::Customer;
use ring4_telegram::inbound::{InlineQuery, Person};
use ring4_telegram::outgoing::Call;

use super::{Chat, Visit};
use crate::market::Wanted;
use crate::screens::inline::InlineOffer;
use crate::screens::offers::OfferRow;
use crate::search;
use crate::shop::ShopError;

/// Offers in one answer; Telegram allows 50, a phone shows a handful.
const OFFERS_MAX: usize = 20;

/// How long Telegram may show the same answer again, in seconds: prices move, typing goes on.
const CACHE_SECS: u32 = 10;

impl Chat {
    pub(super) async fn inline(&self, query: &InlineQuery) -> Result<(), ShopError> {
        let known = self.shop.snapshot().customer(query.from.id)?;
        let live = self.shop.live.load_full();
        let visit = Visit {
            shop: &self.shop,
            live: &live,
            admin: live.policy.admins.contains(&query.from.id),
            customer: known.unwrap_or_else(|| self.stranger(&query.from)),
            trace: format!("u{}", query.update_id),
            source: format!("i{}", query.query_id),
            pressed: None,
            shared: false,
            formatted: None,
        };
        let offers = visit.inline_offers(&query.text)?;
        let voice = visit.voice();
        let bot = self.shop.username.get().map(String::as_str);
        let results: Result<Vec<_>, _> =
            offers.iter().map(|offer| voice.inline_result(offer, bot)).collect();
        let call = Call::AnswerInline {
            query_id: query.query_id.clone(),
            results: results?,
            cache_secs: CACHE_SECS,
            start: Some((voice.say("inline.shop", &[]), "menu".to_owned())),
        };
        self.settle(query.from.id.into(), self.send(query.from.id.into(), call).await).await;
        Ok(())
    }

    /// Somebody of whom nothing is stored.
    pub(super) fn stranger(&self, person: &Person) -> Customer {
        Customer {
            id: person.id,
            name: person.first_name.clone(),
            username: person.username.clone(),
            language: person.language_code.clone(),
            created_at: self.shop.clock.now(),
            prompt: None,
            reachable: true,
        }
    }
}

impl Visit<'_> {
    /// The offers that words mean, the customer's favourites first; for no words these and what
    /// the default country has.
    fn inline_offers(&self, text: &str) -> Result<Vec<InlineOffer>, ShopError> {
        let favourites = self.favourites()?;
        let found = search::find(self.live, text);
        let wanted = if !found.is_nothing() {
            found.offers(self.live)
        } else if text.is_empty() {
            let country = self.live.config.shop.default_country;
            let services = self.live.services().into_iter();
            services.map(|service| (service.clone(), country)).collect()
        } else {
            Vec::new()
        };
        let mut offers = self.offers(wanted.into_iter())?;
        let same = |one: &OfferRow, other: &OfferRow| {
            one.service == other.service && one.country == other.country
        };
        if text.is_empty() {
            let new = favourites.iter().filter(|own| !offers.iter().any(|row| same(own, row)));
            let new: Vec<OfferRow> = new.cloned().collect();
            offers.extend(new);
        }
        offers.sort_by_key(|offer| {
            let place = favourites.iter().position(|favourite| same(favourite, offer));
            (place.unwrap_or(favourites.len()), offer.price.is_none())
        });
        let with_stock = |offer: OfferRow| {
            let (service, country) = (&offer.service, offer.country);
            let stock = self.shop.market.stock(Wanted { service, country, orders_done: 0 });
            InlineOffer { offer, stock }
        };
        Ok(offers.into_iter().take(OFFERS_MAX).map(with_stock).collect())
    }
}
