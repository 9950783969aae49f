//! Customers who were brought by others, and the reward for that. Only `decide` calls this.

use super::{Decision, Outcome};
use crate::adjustment::{Adjustment, BY_SHOP};
use crate::change::Change;
use crate::deposit::DepositState;
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

/// Books the reward for a customer's first deposit, once. Not before that deposit stays: what is
/// being given back, or was, rewards nobody.
pub(super) fn reward(
    view: &View,
    policy: &Policy,
    id: AdjustmentId,
    People { customer, referrer }: People,
    (deposit, first): (DepositId, bool),
    now: Timestamp,
) -> Decision {
    let brought = standing(view, customer);
    let stays = |state: &DepositState| {
        matches!(state, DepositState::Approved { .. } | DepositState::Credited { .. })
    };
    let deposit = view
        .deposit(deposit)
        .filter(|deposit| deposit.customer == customer && stays(&deposit.state));
    let (false, Some(deposit)) = (brought.rewarded, deposit) else { return Decision::nothing() };
    let known = brought.referred_by == Some(referrer) && customer != referrer;
    if !known || view.adjustment(id).is_some() {
        return Decision::nothing();
    }
    let bringer = standing(view, referrer);
    let amount = share(deposit.amount, &policy.referrals);
    if !first || bringer.block.is_some() || !amount.is_positive() {
        return vec![Change::Standing(Standing { rewarded: true, ..brought })].into();
    }
    let (rewarded, rewarded_for) = (true, Some(deposit.id));
    let adjustment = by_shop(id, referrer, amount, now);
    let earned = bringer.earned.checked_add(amount).unwrap_or(bringer.earned);
    let rewards = bringer.rewards.saturating_add(1);
    let changes = vec![
        Change::Standing(Standing { rewarded, rewarded_for, ..brought }),
        Change::Transfer(Transfer {
            id: TransferId::Adjustment(id),
            debit: AccountId::Adjustments(BY_SHOP),
            credit: AccountId::Wallet(referrer),
            amount,
            kind: TransferKind::Posted,
        }),
        Change::Adjustment(adjustment.clone()),
        Change::Standing(Standing { rewards, earned, ..bringer }),
        Change::Wish(Effect::TellAdjusted(id)),
    ];
    Decision { changes, outcome: Outcome::Adjustment(Box::new(adjustment)) }
}

/// Takes a reward back whose deposit was given back, as far as the wallet still has it. To reward
/// nobody before the customer's first code was refused: who had paid in twice could have one of
/// the deposits returned all the same.
pub(super) fn take_back(
    view: &View,
    (id, reward): (AdjustmentId, AdjustmentId),
    People { customer, referrer }: People,
    deposit: DepositId,
    now: Timestamp,
) -> Decision {
    let brought = standing(view, customer);
    let returned = view.deposit(deposit).is_some_and(|deposit| {
        deposit.customer == customer && matches!(deposit.state, DepositState::Returned { .. })
    });
    let due = returned
        && brought.rewarded_for == Some(deposit)
        && brought.referred_by == Some(referrer)
        && view.adjustment(id).is_none();
    let reward = view.adjustment(reward).filter(|reward| due && reward.customer == referrer);
    let Some(reward) = reward else { return Decision::nothing() };
    let available = view.account(&AccountId::Wallet(referrer)).available();
    let amount = reward.amount.min(available.unwrap_or(Amount::ZERO));
    let taken = Amount::ZERO.checked_sub(amount).filter(|_| amount.is_positive());
    let Some(taken) = taken else { return Decision::nothing() };
    let bringer = standing(view, referrer);
    let rewards = bringer.rewards.saturating_sub(1);
    let earned = bringer.earned.checked_sub(amount).unwrap_or(bringer.earned);
    let adjustment = by_shop(id, referrer, taken, now);
    let changes = vec![
        // It is taken back once, whatever the next entry would be called.
        Change::Standing(Standing { rewarded_for: None, ..brought }),
        Change::Transfer(Transfer {
            id: TransferId::Adjustment(id),
            debit: AccountId::Wallet(referrer),
            credit: AccountId::Adjustments(BY_SHOP),
            amount,
            kind: TransferKind::Posted,
        }),
        Change::Adjustment(adjustment.clone()),
        Change::Standing(Standing { rewards, earned, ..bringer }),
        Change::Wish(Effect::TellAdjusted(id)),
    ];
    Decision { changes, outcome: Outcome::Adjustment(Box::new(adjustment)) }
}

/// What the shop itself booked into or out of a referrer's wallet.
fn by_shop(id: AdjustmentId, customer: UserId, amount: Amount, now: Timestamp) -> Adjustment {
    Adjustment {
        id,
        customer,
        amount,
        reason: "referral".to_owned(),
        proposed_by: BY_SHOP,
        proposed_at: now,
        booked: Some((BY_SHOP, now)),
    }
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
