//! The reward for a customer who was brought. Only `effects` calls this.

use ring4_domain::command::Command;
use ring4_domain::ids::DepositId;

use super::granting::Found;
use super::purchasing::report;
use crate::mint::{self, Origin};
use crate::shop::{Shop, ShopError};

pub(super) async fn reward(shop: &Shop, id: DepositId, trace: &str) -> Result<Found, ShopError> {
    let snapshot = shop.snapshot();
    let Some(deposit) = snapshot.deposit(id)? else { return Ok(Found::Granted(None)) };
    let customer = deposit.customer;
    let standing = snapshot.standing(customer)?.filter(|standing| !standing.rewarded);
    let Some(referrer) = standing.and_then(|standing| standing.referred_by) else {
        return Ok(Found::Granted(None));
    };
    // One reward a customer: whoever asks again mints the same id.
    let origin = Origin { user: customer, source: "referral", subject: "", attempt: 0 };
    let entry = mint::adjustment_id(origin);
    let command = Command::RewardReferral { id: entry, customer, referrer, deposit: id };
    report(shop, trace, command).await?;
    Ok(Found::Granted(None))
}
