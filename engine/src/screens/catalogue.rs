//! What vendors offer of each service, for admins, and what changed in their catalogues. The chat
//! room and the start-up import this.

use std::ops::Range;

use ring4_domain::ids::{Country, ProviderId, ServiceKey, Timestamp};
use ring4_domain::money::Amount;
use ring4_rules::messages::{Value, escape};

use super::{Rows, Screen, ScreenError, Voice};
use crate::catalogue::{Difference, NAMES_MAX, Turn};
use crate::chat::press::{Desk, Press};
use crate::market::VendorOffer;
use crate::odds::Figures;

/// Services on one page, at most.
const PAGE_SERVICES: usize = 10;

/// Characters of services on one page: with the catalogues below them they fit into a message.
const PAGE_CHARS_MAX: usize = 2_600;

/// Countries whose prices are one press away; `/services` takes any other by its name.
const COUNTRIES_SHOWN: usize = 20;
const COUNTRIES_IN_ROW: usize = 5;

/// One vendor of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VendorRow {
    /// Its name.
    pub vendor: ProviderId,
    /// Its id of the service; `None` where it does not sell it.
    pub id: Option<String>,
    /// What it was last heard to offer.
    pub offer: Option<VendorOffer>,
    /// What became of our orders there.
    pub figures: Figures,
    /// Whether it sells to us now.
    pub sells: bool,
}

/// How a service is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sold {
    /// Whether no admin switched it off.
    pub on: bool,
    /// What customers pay for it now, where that is known.
    pub price: Option<Amount>,
    /// What became of the shop's own orders of it.
    pub figures: Figures,
}

/// A vendor's catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueRow {
    /// The vendor.
    pub vendor: ProviderId,
    /// How many services it sells and when that was read; `None` before.
    pub read: Option<(usize, Timestamp)>,
}

/// A page of the services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// This one, counted from 0; the last, where there are fewer.
    Page(u8),
    /// The one with this service.
    With(ServiceKey),
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffersView {
    /// The country that prices are for.
    pub country: Country,
    /// The countries that are sold.
    pub countries: Vec<Country>,
    /// Which page is shown.
    pub place: Place,
    /// Services with their vendors.
    pub services: Vec<(ServiceKey, Sold, Vec<VendorRow>)>,
    /// The catalogues.
    pub catalogues: Vec<CatalogueRow>,
}

/// Which texts stand on which page.
fn pages(texts: &[String]) -> Vec<Range<usize>> {
    let mut pages: Vec<Range<usize>> = Vec::new();
    let mut chars = 0;
    for (place, text) in texts.iter().enumerate() {
        let more = text.chars().count();
        match pages.last_mut() {
            Some(page) if page.len() < PAGE_SERVICES && chars + more <= PAGE_CHARS_MAX => {
                page.end = place.saturating_add(1);
                chars += more;
            }
            _ => {
                pages.push(place..place.saturating_add(1));
                chars = more;
            }
        }
    }
    pages
}

fn count(number: usize) -> Value<'static> {
    Value::Number(i64::try_from(number).unwrap_or(i64::MAX))
}

impl Voice<'_> {
    /// What vendors offer of each service.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn vendors_offers(&self, view: &OffersView) -> Result<Screen, ScreenError> {
        let texts: Vec<String> = view
            .services
            .iter()
            .map(|(service, sold, vendors)| {
                let rows: Vec<String> = vendors.iter().map(|row| self.vendor_row(row)).collect();
                let values = [
                    ("emoji", Value::Text(self.emoji(service))),
                    ("service", Value::Text(self.service(service))),
                    ("vendors", Value::Html(&rows.join("\n"))),
                ];
                let head = self.say("admin.offers.service", &values);
                format!("{head}\n{}", self.sold(sold))
            })
            .collect();
        let pages = pages(&texts);
        let page = match &view.place {
            Place::Page(page) => usize::from(*page),
            Place::With(service) => {
                let place = view.services.iter().position(|(known, ..)| known == service);
                let holds = |page: &Range<usize>| place.is_some_and(|place| page.contains(&place));
                pages.iter().position(holds).unwrap_or_default()
            }
        };
        let page = page.min(pages.len().saturating_sub(1));
        let shown = pages.get(page).cloned().unwrap_or_default();
        let services = texts.get(shown.clone()).unwrap_or_default();
        let catalogue = |row: &CatalogueRow| {
            let vendor = ("vendor", Value::Text(row.vendor.as_str()));
            match row.read {
                Some((services, read_at)) => {
                    let when = self.moment(read_at);
                    let values =
                        [vendor, ("services", count(services)), ("when", Value::Text(&when))];
                    self.say("admin.offers.catalogue", &values)
                }
                None => self.say("admin.offers.unread", &[vendor]),
            }
        };
        let catalogues: Vec<String> = view.catalogues.iter().map(catalogue).collect();
        let values = [
            ("country", Value::Text(&self.country(view.country))),
            ("services", Value::Html(&services.join("\n"))),
            ("catalogues", Value::Html(&catalogues.join("\n"))),
        ];
        let mut rows = Rows::default();
        for (service, sold, _) in view.services.get(shown).unwrap_or_default() {
            let key = if sold.on { "admin.offers.stop" } else { "admin.offers.sell" };
            let values = [("service", Value::Text(self.service(service)))];
            let press = Press::Service(service.clone(), !sold.on, view.country);
            rows.add([self.button_with(key, &values, &press)]);
        }
        let at = |page: usize| u8::try_from(page).ok();
        let turn = |key, page| self.button(key, &Press::Desk(Desk::Offers(view.country, page)));
        let before = page.checked_sub(1).and_then(at).map(|page| turn("menu.previous", page));
        let next = page.saturating_add(1);
        let after = at(next).filter(|_| next < pages.len()).map(|page| turn("menu.next", page));
        rows.add(before.into_iter().chain(after));
        self.other_countries(view, at(page).unwrap_or_default(), &mut rows);
        let again = Press::Desk(Desk::Offers(view.country, at(page).unwrap_or_default()));
        rows.add([self.button("admin.offers.refresh", &Press::RefreshOffers)]);
        rows.add([self.button("admin.refresh", &again), self.button("menu.admin", &Press::Admin)]);
        rows.screen(self.say("admin.offers", &values))
    }

    /// The same page with the prices of another country.
    fn other_countries(&self, view: &OffersView, page: u8, rows: &mut Rows) {
        let others = view.countries.iter().filter(|country| **country != view.country);
        let others: Vec<Country> = others.take(COUNTRIES_SHOWN).copied().collect();
        for row in others.chunks(COUNTRIES_IN_ROW) {
            rows.add(row.iter().map(|country| {
                let (flag, code) = (country.flag(), country.to_string());
                let values = [("flag", Value::Text(flag.as_str())), ("code", Value::Text(&code))];
                self.button_with(
                    "admin.offers.country",
                    &values,
                    &Press::Desk(Desk::Offers(*country, page)),
                )
            }));
        }
    }

    /// How a service is sold, in one line.
    fn sold(&self, sold: &Sold) -> String {
        let price = sold.price.map_or_else(|| "–".to_owned(), |price| self.money(price));
        let success = sold.figures.success_percent();
        let success = success.map_or_else(|| "–".to_owned(), |percent| format!("{percent} %"));
        let key = if sold.on { "admin.offers.on" } else { "admin.offers.off" };
        let values = [("price", Value::Text(&price)), ("success", Value::Text(&success))];
        self.say(key, &values)
    }

    fn vendor_row(&self, row: &VendorRow) -> String {
        let vendor = ("vendor", Value::Text(row.vendor.as_str()));
        let Some(id) = &row.id else { return self.say("admin.offers.not_sold", &[vendor]) };
        let dash = || "–".to_owned();
        let offer = row.offer.as_ref();
        let cost = offer.map_or_else(dash, |offer| self.money(offer.candidate.cost));
        let stock =
            offer.and_then(|offer| offer.stock).map_or_else(dash, |stock| stock.to_string());
        let figures = row.figures;
        let success = figures.success_percent().map_or_else(dash, |percent| {
            format!("{percent} % ({}/{})", figures.delivered, figures.orders)
        });
        let wait = figures.median_wait_secs.map_or_else(dash, |secs| format!("{secs} s"));
        let values = [
            vendor,
            ("id", Value::Text(id)),
            ("cost", Value::Text(&cost)),
            ("stock", Value::Text(&stock)),
            ("success", Value::Text(&success)),
            ("wait", Value::Text(&wait)),
        ];
        let line = self.say("admin.offers.vendor", &values);
        match row.sells {
            true => line,
            false => format!("{line} · {}", self.say("admin.offers.vendor_off", &[])),
        }
    }

    /// What a vendor changed in its catalogue.
    #[must_use]
    pub fn catalogue_changed(&self, vendor: &ProviderId, difference: &Difference) -> String {
        let turns = difference.services.iter().map(|(service, turn)| {
            let key = match turn {
                Turn::Came => "admin.catalogue.came",
                Turn::Went => "admin.catalogue.went",
                Turn::Moved => "admin.catalogue.moved",
            };
            self.say(key, &[("service", Value::Text(self.service(service)))])
        });
        let names = |sign: &str, names: &[String]| {
            let mut line = String::new();
            for name in names.iter().take(NAMES_MAX) {
                line.push_str(if line.is_empty() { sign } else { ", " });
                escape(name, &mut line);
            }
            if names.len() > NAMES_MAX {
                line.push_str(", …");
            }
            (!line.is_empty()).then_some(line)
        };
        let added = names("+ ", &difference.added);
        let removed = names("− ", &difference.removed);
        let changes: Vec<String> = turns.chain(added).chain(removed).collect();
        let values = [
            ("vendor", Value::Text(vendor.as_str())),
            ("changes", Value::Html(&changes.join("\n"))),
            ("added", count(difference.added.len())),
            ("removed", count(difference.removed.len())),
        ];
        self.say("admin.catalogue", &values)
    }
}
