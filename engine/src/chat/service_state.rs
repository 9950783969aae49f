//! Whether each service is up, from the shop's own orders and the vendors at hand.

use ring4_domain::ids::ServiceKey;

use super::{Reply, Visit};
use crate::market::{Listed, Wanted};
use crate::screens::status::{ServiceState, StatusRow};
use crate::shop::ShopError;

impl Visit<'_> {
    pub(super) fn status(&self) -> Result<Reply, ShopError> {
        let row = |service: &ServiceKey| StatusRow {
            service: service.clone(),
            state: self.state_of(service),
            figures: self.shop.odds.service(service),
        };
        let rows: Vec<StatusRow> = self.live.services().into_iter().map(row).collect();
        Ok(Reply::Screen(self.voice().status(&rows)?))
    }

    fn state_of(&self, service: &ServiceKey) -> ServiceState {
        let mut vendors = self.shop.registry.ids();
        if !vendors.any(|vendor| self.shop.registry.can_buy(vendor)) {
            return ServiceState::Unavailable;
        }
        let listed = self.live.countries().into_iter().map(|country| {
            self.shop.market.listed(self.live, Wanted { service, country, orders_done: 0 })
        });
        let listed: Vec<Listed> = listed.collect();
        if listed.iter().any(|listed| listed.price().is_some()) {
            ServiceState::Up
        } else if listed.contains(&Listed::Unknown) {
            ServiceState::Unknown
        } else {
            ServiceState::SoldOut
        }
    }
}
