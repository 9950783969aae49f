//! Customers who were brought by others, and the reward for that. Only `decide` calls this.

use super::Decision;
use crate::adjustment::{Adjustment, BY_SHOP};
use crate::change::Change;
use crate::effect::Effect;
use crate::ids::{AdjustmentId, DepositId, Timestamp, UserId};
use crate::ledger::{AccountId, TRANSFER_MAX, Transfer, TransferId, TransferKind};
use crate::money::Amount;
use crate::policy::{Policy, Referrals};
use crate::standing::Standing;
use crate::view::View;

/// How long after the first contact a link still counts, in seconds: an update may be handled
/// late, but nobody who knows the shop is brought to it.
const FIRST_CONTACT_SECS: u32 = 600;

/// Who was brought, and by whom.
#[derive(Clone, Copy)]
pub(super) struct People {
    pub(super) customer: UserId,
    pub(super) referrer: UserId,
}

fn standing(view: &View, customer: UserId) -> Standing {
    view.standing(customer).cloned().unwrap_or_else(|| Standing::new(customer))
}

/// Notes once who brought a new customer. Nobody brings themselves, and nobody who came later.
pub(super) fn refer(
    view: &View,
    policy: &Policy,
    customer: UserId,
    referrer: UserId,
    now: Timestamp,
) -> Decision {
    let (Some(new), Some(known)) = (view.customer(customer), view.customer(referrer)) else {
        return Decision::nothing();
    };
    let standing = standing(view, customer);
    let first = now < new.created_at.plus_secs(FIRST_CONTACT_SECS);
    let fits = first && customer != referrer && known.created_at <= new.created_at;
    if !policy.referrals.enabled || !fits || standing.referred_by.is_some() {
        return Decision::nothing();
    }
    vec![Change::Standing(Standing { referred_by: Some(referrer), ..standing })].into()
}

/// Books the reward for a customer's first deposit, once.
pub(super) fn reward(
    view: &View,
    policy: &Policy,
    id: AdjustmentId,
    People { customer, referrer }: People,
    deposit: DepositId,
    now: Timestamp,
) -> Decision {
    let brought = standing(view, customer);
    let deposit = view
        .deposit(deposit)
        .filter(|deposit| deposit.customer == customer && deposit.state.is_credited());
    let (false, Some(deposit)) = (brought.rewarded, deposit) else { return Decision::nothing() };
    let known = brought.referred_by == Some(referrer) && customer != referrer;
    if !known || view.adjustment(id).is_some() {
        return Decision::nothing();
    }
    let mut changes = vec![Change::Standing(Standing { rewarded: true, ..brought })];
    let bringer = standing(view, referrer);
    let amount = share(deposit.amount, &policy.referrals);
    if bringer.block.is_some() || !amount.is_positive() {
        return changes.into();
    }
    let adjustment = Adjustment {
        id,
        customer: referrer,
        amount,
        reason: "referral".to_owned(),
        proposed_by: BY_SHOP,
        proposed_at: now,
        booked: Some((BY_SHOP, now)),
    };
    changes.push(Change::Transfer(Transfer {
        id: TransferId::Adjustment(id),
        debit: AccountId::Adjustments(BY_SHOP),
        credit: AccountId::Wallet(referrer),
        amount,
        kind: TransferKind::Posted,
    }));
    changes.push(Change::Adjustment(adjustment));
    let earned = bringer.earned.checked_add(amount).unwrap_or(bringer.earned);
    let rewards = bringer.rewards.saturating_add(1);
    changes.push(Change::Standing(Standing { rewards, earned, ..bringer }));
    changes.push(Change::Wish(Effect::TellAdjusted(id)));
    changes.into()
}

/// The share of a deposit, rounded down, within the limits.
fn share(deposit: Amount, referrals: &Referrals) -> Amount {
    if !referrals.enabled {
        return Amount::ZERO;
    }
    let micros = i128::from(deposit.micros()) * i128::from(referrals.percent) / 100;
    let share = Amount::from_micros(i64::try_from(micros).unwrap_or(i64::MAX));
    share.min(referrals.max).min(TRANSFER_MAX)
}
