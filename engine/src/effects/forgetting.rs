//! Removes the keys of numbers and codes that the journal says are forgotten. Only `effects`
//! calls this.

use super::granting::Found;
use crate::shop::{Shop, ShopError};
use crate::tasks;

pub(super) async fn drop_keys(shop: &Shop) -> Result<Found, ShopError> {
    let Some(before) = shop.snapshot().keys_needed_from()? else {
        return Ok(Found::Granted(None));
    };
    let keyring = shop.keyring.clone();
    // Disks are waited for.
    tasks::block(move || keyring.forget(before)).await??;
    tracing::info!(%before, "numbers and codes of the days before are forgotten");
    if let Some(trouble) = shop.keyring.mirror_trouble() {
        tracing::warn!(%trouble, "keys may be left there");
    }
    Ok(Found::Granted(None))
}
