//! Choosing what to buy: services, countries, matches of a search, and the price to confirm.
//! The chat room, the order card and the market import this.

use ring4_domain::ids::{Country, ServiceKey};
use ring4_domain::money::Amount;
use ring4_domain::order::Quote;
use ring4_rules::messages::Value;
use ring4_telegram::keyboard::{Button, KeyboardError, Style};

use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::Press;
use crate::odds::Figures;

/// The most offers on one screen; Telegram allows 100 buttons, people read fewer.
pub const OFFERS_MAX: usize = 24;

/// A service on the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceRow {
    /// Which.
    pub service: ServiceKey,
    /// The lowest price at hand, where one is known.
    pub from: Option<Amount>,
}

/// An offer on a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferRow {
    /// What.
    pub service: ServiceKey,
    /// From where.
    pub country: Country,
    /// What it would cost now, where that is known.
    pub price: Option<Amount>,
    /// How many of the shop's own orders got a code, in percent, where enough were made.
    pub percent: Option<u32>,
}

/// A quote and what the customer has.
#[derive(Clone, Copy, Debug)]
pub struct QuoteView<'view> {
    /// The quote.
    pub quote: &'view Quote,
    /// What can be spent.
    pub available: Amount,
    /// Numbers at hand, where the vendor says.
    pub stock: Option<u32>,
    /// What became of the shop's own orders, where enough were made.
    pub odds: Option<Figures>,
}

/// The list of services.
#[derive(Clone, Copy, Debug)]
pub struct ServicesView<'view> {
    /// All of them.
    pub services: &'view [ServiceRow],
    /// What the customer buys most.
    pub favourites: &'view [OfferRow],
    /// The page that is shown, from 0.
    pub page: u8,
}

impl Voice<'_> {
    /// What is for sale.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn services(
        &self,
        view: ServicesView<'_>,
        available: Amount,
    ) -> Result<Screen, ScreenError> {
        if view.services.is_empty() {
            return self.plain(self.say("buy.none", &[]));
        }
        let mut rows = Rows::default();
        for offer in view.favourites.iter().filter(|_| view.page == 0) {
            rows.add([self.favourite_button(offer)]);
        }
        let (page, services) = page_of(view.services, view.page);
        for ServiceRow { service, from } in services {
            let price = from.map(|from| self.money(from)).unwrap_or_default();
            let key = if from.is_some() { "buy.service_from" } else { "buy.service" };
            let mut values = vec![
                ("emoji", Value::Text(self.emoji(service))),
                ("service", Value::Text(self.service(service))),
            ];
            if from.is_some() {
                values.push(("price", Value::Text(&price)));
            }
            rows.add([self.button_with(key, &values, &Press::Countries(service.clone(), 0))]);
        }
        self.add_pager(&mut rows, page, view.services.len(), Press::Services);
        rows.add([self.button("menu.home", &Press::Menu)]);
        let available = self.money(available);
        rows.screen(self.say("buy.services", &[("available", Value::Text(&available))]))
    }

    /// The countries of one service, best value first.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn countries(
        &self,
        service: &ServiceKey,
        offers: &[OfferRow],
        page: u8,
        available: Amount,
    ) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        let (page, shown) = page_of(offers, page);
        rows.add_columns(shown.iter().map(|offer| self.country_button(offer)));
        self.add_pager(&mut rows, page, offers.len(), |page| {
            Press::Countries(service.clone(), page)
        });
        rows.add([
            self.button("menu.back", &Press::Services(0)),
            self.button("menu.home", &Press::Menu),
        ]);
        let name = Value::Text(self.service(service));
        if offers.is_empty() {
            return rows.screen(self.say("buy.no_countries", &[("service", name)]));
        }
        let description =
            self.live.config.services.get(service).map_or("", |known| self.own(&known.description));
        let available = self.money(available);
        let values = [
            ("service", name),
            ("description", Value::Text(description)),
            ("available", Value::Text(&available)),
        ];
        rows.screen(self.say("buy.countries", &values))
    }

    fn country_button(&self, offer: &OfferRow) -> Result<Button, KeyboardError> {
        let flag = offer.country.flag();
        let country = self.country(offer.country);
        let price = offer.price.map(|price| self.money(price));
        let mut values = vec![("flag", Value::Text(&flag)), ("country", Value::Text(&country))];
        let mut key = "buy.country";
        if let Some(price) = &price {
            values.push(("price", Value::Text(price)));
            key = "buy.country_at";
            if let Some(percent) = offer.percent {
                values.push(("percent", Value::Number(i64::from(percent))));
                key = "buy.country_odds";
            }
        }
        let press = Press::Offer(offer.service.clone(), offer.country);
        self.button_with(key, &values, &press)
    }

    /// The ways to the pages beside this one.
    fn add_pager(&self, rows: &mut Rows, page: u8, len: usize, press: impl Fn(u8) -> Press) {
        let before = page.checked_sub(1).map(|page| self.button("menu.previous", &press(page)));
        let shown = (usize::from(page) + 1) * OFFERS_MAX;
        let after = page.checked_add(1).filter(|_| shown < len);
        let after = after.map(|page| self.button("menu.next", &press(page)));
        rows.add(before.into_iter().chain(after));
    }

    /// What a search found.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn matches(
        &self,
        words: &str,
        offers: &[OfferRow],
        available: Amount,
    ) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        for offer in offers.iter().take(OFFERS_MAX) {
            rows.add([self.match_button(offer)]);
        }
        rows.add([
            self.button("menu.buy", &Press::Services(0)),
            self.button("menu.home", &Press::Menu),
        ]);
        let available = self.money(available);
        let values = [("words", Value::Text(words)), ("available", Value::Text(&available))];
        rows.screen(self.say("buy.matches", &values))
    }

    /// The button of an offer that is shown among those of other services.
    pub(super) fn match_button(&self, offer: &OfferRow) -> Result<Button, KeyboardError> {
        let flag = offer.country.flag();
        let country = self.country(offer.country);
        let price = offer.price.map(|price| self.money(price));
        let mut values = vec![
            ("emoji", Value::Text(self.emoji(&offer.service))),
            ("service", Value::Text(self.service(&offer.service))),
            ("flag", Value::Text(&flag)),
            ("country", Value::Text(&country)),
        ];
        let key = if price.is_some() { "buy.match_at" } else { "buy.match" };
        values.extend(price.iter().map(|price| ("price", Value::Text(price.as_str()))));
        let press = Press::Offer(offer.service.clone(), offer.country);
        self.button_with(key, &values, &press)
    }

    /// The button of an offer that the customer buys often.
    pub(super) fn favourite_button(&self, offer: &OfferRow) -> Result<Button, KeyboardError> {
        let flag = offer.country.flag();
        let country = self.country(offer.country);
        let price = offer.price.map(|price| self.money(price));
        let mut values = vec![
            ("service", Value::Text(self.service(&offer.service))),
            ("flag", Value::Text(&flag)),
            ("country", Value::Text(&country)),
        ];
        let key = if price.is_some() { "buy.favourite_at" } else { "buy.favourite" };
        values.extend(price.iter().map(|price| ("price", Value::Text(price.as_str()))));
        let press = Press::Offer(offer.service.clone(), offer.country);
        self.button_with(key, &values, &press)
    }

    /// An offer that no vendor can serve, why, and what may be bought instead.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn not_offered(
        &self,
        why: &str,
        service: &ServiceKey,
        country: Country,
        instead: &[OfferRow],
    ) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        for offer in instead {
            rows.add([self.match_button(offer)]);
        }
        rows.add([
            self.button("menu.back", &Press::Countries(service.clone(), 0)),
            self.button("menu.home", &Press::Menu),
        ]);
        let country = self.country(country);
        let values =
            [("service", Value::Text(self.service(service))), ("country", Value::Text(&country))];
        let mut text = self.say(why, &values);
        if !instead.is_empty() {
            text = format!("{text}\n\n{}", self.say("buy.instead", &[]));
        }
        rows.screen(text)
    }

    fn odds(&self, odds: Figures) -> String {
        let number = |number: u32| Value::Number(i64::from(number));
        match (odds.success_percent(), odds.median_wait_secs) {
            (Some(percent), Some(secs)) => {
                let values = [
                    ("percent", number(percent)),
                    ("secs", number(secs)),
                    ("orders", number(odds.orders)),
                ];
                self.say("quote.odds", &values)
            }
            _ => self.say("quote.odds_none", &[("orders", number(odds.orders))]),
        }
    }

    /// The price to confirm.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn quote(&self, view: QuoteView<'_>) -> Result<Screen, ScreenError> {
        let QuoteView { quote, available, stock, odds } = view;
        let price = self.money(quote.price);
        let minutes = self.live.policy.order_timeout_secs.div_ceil(60);
        let mut text = self.say(
            "quote",
            &[
                ("emoji", Value::Text(self.emoji(&quote.service))),
                ("service", Value::Text(self.service(&quote.service))),
                ("flag", Value::Text(&quote.country.flag())),
                ("country", Value::Text(&self.country(quote.country))),
                ("price", Value::Text(&price)),
                ("available", Value::Text(&self.money(available))),
                ("secs", Value::Number(i64::from(quote.expires_at.secs_since(quote.created_at)))),
                ("timeout", Value::Number(i64::from(minutes))),
            ],
        );
        let stock = stock
            .map(|stock| self.say("quote.stock", &[("stock", Value::Number(i64::from(stock)))]));
        let mut lines: Vec<String> =
            stock.into_iter().chain(odds.map(|odds| self.odds(odds))).collect();
        let mut rows = Rows::default();
        let short = quote.price.checked_sub(available).filter(|short| short.is_positive());
        if let Some(short) = short {
            let short = self.money(short);
            lines.push(self.say("quote.short", &[("short", Value::Text(&short))]));
            rows.add([self.button("quote.deposit", &Press::TopUp(quote.id))]);
        } else {
            let values = [("price", Value::Text(price.as_str()))];
            let buy = self.button_with("quote.buy", &values, &Press::Place(quote.id));
            rows.add([buy.map(|button| button.styled(Style::Success))]);
        }
        rows.add([
            self.button("menu.back", &Press::Countries(quote.service.clone(), 0)),
            self.button("menu.home", &Press::Menu),
        ]);
        for (line, before) in lines.iter().zip(["\n\n", "\n", "\n"]) {
            text.push_str(before);
            text.push_str(line);
        }
        rows.screen(text)
    }
}

/// The page of a list, or the last one where it has not so many.
fn page_of<Row>(rows: &[Row], page: u8) -> (u8, &[Row]) {
    let last = rows.len().saturating_sub(1) / OFFERS_MAX;
    let page = usize::from(page).min(last);
    let from = page * OFFERS_MAX;
    let to = rows.len().min(from + OFFERS_MAX);
    (u8::try_from(page).unwrap_or(u8::MAX), rows.get(from..to).unwrap_or_default())
}
