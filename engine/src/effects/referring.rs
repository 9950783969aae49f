//! The reward for a customer who was brought, and its way back. Only `effects` calls this.

use ring4_domain::command::Command;
use ring4_domain::deposit::{Deposit, DepositState};
use ring4_domain::ids::{AdjustmentId, DepositId, UserId};
use ring4_domain::ledger::TransferId;
use ring4_domain::money::Amount;
use ring4_storage::{ReadError, Snapshot};

use super::granting::Found;
use super::purchasing::report;
use crate::mint::{self, Origin};
use crate::shop::{Shop, ShopError};

/// Deposits read at once while the first is looked for.
const DEPOSITS_READ: usize = 64;

pub(super) async fn reward(shop: &Shop, id: DepositId, trace: &str) -> Result<Found, ShopError> {
    let snapshot = shop.snapshot();
    let Some(deposit) = snapshot.deposit(id)? else { return Ok(Found::Granted(None)) };
    let customer = deposit.customer;
    let Some(standing) = snapshot.standing(customer)? else { return Ok(Found::Granted(None)) };
    let Some(referrer) = standing.referred_by else { return Ok(Found::Granted(None)) };
    let reward = entry_id(customer, "");
    let command = match deposit.state {
        DepositState::Approved { .. } | DepositState::Credited { .. } if !standing.rewarded => {
            let first = is_first(&snapshot, &deposit)?;
            Command::RewardReferral { id: reward, customer, referrer, deposit: id, first }
        }
        DepositState::Returned { .. } if standing.rewarded_for == Some(id) => {
            let entry = entry_id(customer, "back");
            Command::TakeBackReward { id: entry, reward, customer, referrer, deposit: id }
        }
        _ => return Ok(Found::Granted(None)),
    };
    drop(snapshot);
    report(shop, trace, command).await?;
    Ok(Found::Granted(None))
}

/// One reward a customer, and one way back: whoever asks again mints the same id.
fn entry_id(customer: UserId, subject: &str) -> AdjustmentId {
    let origin = Origin { user: customer, source: "referral", subject, attempt: 0 };
    mint::adjustment_id(origin)
}

/// Whether nothing was credited to this customer before, rewards given then or not.
fn is_first(snapshot: &Snapshot, deposit: &Deposit) -> Result<bool, ReadError> {
    let credited = |id| Ok(snapshot.transfer(TransferId::Deposit(id))?.map(|booked| booked.seq));
    let own = credited(deposit.id)?;
    let mut before = None;
    loop {
        let known = snapshot.deposits_of(deposit.customer, before, DEPOSITS_READ)?;
        let Some(last) = known.last() else { return Ok(true) };
        before = Some(last.id);
        for other in &known {
            if credited(other.id)?.is_some_and(|other| own.is_none_or(|own| other < own)) {
                return Ok(false);
            }
        }
    }
}

/// What whoever brought the customer has got for a deposit that may still be given back.
///
/// # Errors
/// The state cannot be read.
pub(crate) fn reward_for(
    snapshot: &Snapshot,
    deposit: &Deposit,
) -> Result<Option<Amount>, ReadError> {
    let stays = !matches!(deposit.state, DepositState::Returned { .. });
    if deposit.charge().is_none() || !stays {
        return Ok(None);
    }
    let standing = snapshot.standing(deposit.customer)?;
    if standing.and_then(|standing| standing.rewarded_for) != Some(deposit.id) {
        return Ok(None);
    }
    let reward = snapshot.adjustment(entry_id(deposit.customer, ""))?;
    Ok(reward.map(|reward| reward.amount))
}
