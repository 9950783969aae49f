//! What links to the bot carry.

use super::{Reply, Visit, amounts};
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
            Some(("dep", amount)) => {
                // Links have room for letters, digits, `_` and `-` only.
                let amount = amount.replacen('-', ".", 1);
                match amounts::read(&amount) {
                    Some(_) => self.deposit_by_words(&amount).await,
                    None => self.menu(),
                }
            }
            Some(("ref", id)) => self.referred(id).await,
            _ => self.menu(),
        }
    }
}
