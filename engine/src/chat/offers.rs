//! What vendors offer, for admins. Who is one was checked before.

use ring4_domain::ids::{Country, ProviderId, ServiceKey};

use super::{Reply, Visit};
use crate::countries;
use crate::market::Wanted;
use crate::screens::catalogue::{CatalogueRow, OffersView, Place, Sold, VendorRow};
use crate::shop::ShopError;

impl Visit<'_> {
    /// `/services` with a country by code or name, or of the default one.
    pub(super) fn offers_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        let words = words.trim().to_lowercase();
        let known = |country: &Country| {
            let names = countries::names(*country).into_iter().flatten();
            country.to_string().to_lowercase() == words
                || names.into_iter().any(|name| name.to_lowercase() == words)
        };
        let country = self.live.countries().into_iter().find(known);
        self.offers_of(country.unwrap_or(self.live.config.shop.default_country), Place::Page(0))
    }

    /// What vendors offer of each service in a country.
    pub(super) fn offers_of(&self, country: Country, place: Place) -> Result<Reply, ShopError> {
        let row = |vendor: &ProviderId, service: &ServiceKey| VendorRow {
            vendor: vendor.clone(),
            id: self.shop.catalogues.known_id(self.live, vendor, service),
            offer: self.shop.market.heard(vendor, service, country),
            figures: self.shop.odds.vendor(vendor, service, country),
            sells: self.shop.registry.can_buy(vendor),
        };
        let off = self.live.services_off.load();
        let sold = |service: &ServiceKey| {
            let wanted = Wanted { service, country, orders_done: 0 };
            let price = self.shop.market.listed(self.live, wanted).price();
            Sold { on: !off.contains(service), price, figures: self.shop.odds.service(service) }
        };
        let services = self.live.configured().into_iter();
        let services = services.map(|service| {
            let vendors = self.shop.registry.ids().map(|vendor| row(vendor, service));
            (service.clone(), sold(service), vendors.collect())
        });
        let catalogues = self.shop.registry.ids().map(|vendor| {
            let read = self.shop.catalogues.of(vendor);
            let read = read.map(|dated| (dated.catalogue.services.len(), dated.read_at));
            CatalogueRow { vendor: vendor.clone(), read }
        });
        let catalogues = catalogues.collect();
        let view = OffersView {
            country,
            countries: self.live.countries(),
            place,
            services: services.collect(),
            catalogues,
        };
        Ok(Reply::Screen(self.voice().vendors_offers(&view)?))
    }

    /// Sells a service, or sells it no more.
    pub(super) async fn set_service(
        &self,
        service: &ServiceKey,
        on: bool,
        country: Country,
    ) -> Result<Reply, ShopError> {
        match self.shop.set_service(self.user(), &self.trace, service, on).await? {
            Ok(()) => self.offers_of(country, Place::With(service.clone())),
            Err(refusal) => self.refuse(&refusal),
        }
    }

    pub(super) fn refresh_offers(&self) -> Result<Reply, ShopError> {
        self.shop.catalogues.refresh();
        Ok(match self.offers_by_words("")? {
            Reply::Screen(screen) => {
                Reply::Both(screen, self.voice().say("admin.offers.refreshing", &[]))
            }
            other => other,
        })
    }
}
