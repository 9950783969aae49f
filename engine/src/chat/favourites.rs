//! What a customer buys again and again, so that it is one tap away.

use ring4_domain::ids::{Country, ServiceKey};

use super::Visit;
use crate::market::{Listed, Wanted};
use crate::screens::offers::OfferRow;
use crate::shop::ShopError;

/// Orders that favourites are found in, the latest ones.
const ORDERS_READ: usize = 30;

/// Favourites shown: more would push the menu off a phone's screen.
const FAVOURITES_MAX: usize = 3;

impl Visit<'_> {
    /// The last offer bought, then those bought most, as far as they are still sold.
    ///
    /// They follow from the orders, so there is nothing to keep and nothing to tend.
    pub(super) fn favourites(&self) -> Result<Vec<OfferRow>, ShopError> {
        let orders = self.shop.snapshot().orders_of(self.user(), None, ORDERS_READ)?;
        let mut offers: Vec<(ServiceKey, Country, usize)> = Vec::new();
        for order in &orders {
            let (service, country) = (&order.quote.service, order.quote.country);
            match offers.iter_mut().find(|(known, at, _)| known == service && *at == country) {
                Some((_, _, times)) => *times = times.saturating_add(1),
                None => offers.push((service.clone(), country, 1)),
            }
        }
        // The sort is stable: of those bought equally often, the latest stands first.
        if let Some((_, others)) = offers.split_first_mut() {
            others.sort_by_key(|(_, _, times)| std::cmp::Reverse(*times));
        }
        let rows = offers.into_iter().filter_map(|(service, country, _)| {
            if !self.live.sells(&service, country) {
                return None;
            }
            let wanted = Wanted { service: &service, country, orders_done: 0 };
            let listed = self.shop.market.listed(self.live, wanted);
            let (shown, price) = (listed != Listed::NotOffered, listed.price());
            shown.then_some(OfferRow { service, country, price, percent: None })
        });
        Ok(rows.take(FAVOURITES_MAX).collect())
    }
}
