//! What links to the bot carry.

use super::{Reply, Visit};
use crate::shop::ShopError;

impl Visit<'_> {
    /// `/start` with what a link carried, if anything; what is not understood opens the menu.
    pub(super) async fn start(&self, payload: &str) -> Result<Reply, ShopError> {
        match payload.split_once('_') {
            // A service's key may have underscores of its own.
            Some(("buy", offer)) => {
                let (service, country) = offer.rsplit_once('_').unwrap_or_default();
                match (service.parse(), country.parse()) {
                    (Ok(service), Ok(country)) if self.live.sells(&service, country) => {
                        self.offer(service, country).await
                    }
                    _ => self.menu(),
                }
            }
            Some(("dep", amount)) if amount.parse::<ring4_domain::money::Amount>().is_ok() => {
                self.deposit_by_words(amount).await
            }
            Some(("ref", id)) => self.referred(id).await,
            _ => self.menu(),
        }
    }
}
