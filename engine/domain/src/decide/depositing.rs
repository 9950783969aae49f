//! Deposits: opened, claimed, decided once. Only `decide` calls this.

use std::collections::BTreeSet;

use super::{Decision, Outcome};
use crate::change::Change;
use crate::customer::Prompt;
use crate::deposit::{
    AMOUNT_STEP, AMOUNTS_TRIED, Approval, Deposit, DepositState, REASON_CHARS_MAX,
};
use crate::effect::Effect;
use crate::ids::{DepositId, MessageId, MethodKey, Timestamp, UserId};
use crate::ledger::{AccountId, TRANSFER_MAX, Transfer, TransferId, TransferKind};
use crate::money::Amount;
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::stars::{STARS_MAX, Stars};
use crate::view::View;

/// What a customer wants to pay in.
pub(super) struct Claim {
    pub(super) id: DepositId,
    pub(super) customer: UserId,
    pub(super) amount: Amount,
    pub(super) method: MethodKey,
    pub(super) card: Option<MessageId>,
}

pub(super) fn open(
    view: &View,
    policy: &Policy,
    claim: Claim,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let Claim { id, customer, amount, method, card } = claim;
    if let Some(deposit) = view.deposit(id) {
        return if deposit.customer == customer {
            Ok(Decision { changes: Vec::new(), outcome: Outcome::Deposit(deposit.clone()) })
        } else {
            Err(Refusal::IdTaken)
        };
    }
    let way = policy.methods.get(&method).ok_or(Refusal::MethodUnknown)?;
    let min = way.min.unwrap_or(policy.deposit_min).max(Amount::from_micros(1));
    if amount < min {
        return Err(Refusal::DepositTooSmall { min });
    }
    let max = way.max.unwrap_or(policy.deposit_max).min(TRANSFER_MAX);
    if amount > max {
        return Err(Refusal::DepositTooLarge { max });
    }
    if view.open_deposits(customer) >= policy.deposits_open_max {
        return Err(Refusal::DepositsOpenMax { max: policy.deposits_open_max });
    }
    let asked = way.unique_cents.then_some(amount);
    let amount = match asked {
        Some(asked) => free_amount(view, &method, asked).ok_or(Refusal::AmountsTaken)?,
        None => amount,
    };
    let stars = if way.stars { Some(unpaid(policy, amount)?) } else { None };
    // From here on nothing fails.
    let prompt = view.customer(customer).and_then(|known| known.prompt.as_ref());
    let wanted = match prompt {
        Some(Prompt::DepositFor(quote, _)) => Some(*quote),
        _ => None,
    };
    let mut changes = Vec::new();
    if let Some(known) = view.customer(customer)
        && known.prompt.is_some()
    {
        let mut known = known.clone();
        known.prompt = None;
        changes.push(Change::Customer(known));
    }
    let deposit = Deposit {
        id,
        customer,
        amount,
        method,
        state: DepositState::Opened,
        created_at: now,
        expires_at: now.plus_secs(policy.deposit_lifetime_secs),
        card,
        admin_cards: Vec::new(),
        asked,
        reference: None,
        picture: None,
        first_approval: None,
        stars,
        wanted,
    };
    changes.push(Change::Deposit(deposit.clone()));
    changes.push(Change::Wish(Effect::ShowDeposit(id)));
    if deposit.stars.is_some() {
        changes.push(Change::Wish(Effect::SendInvoice(id)));
    }
    Ok(Decision { changes, outcome: Outcome::Deposit(deposit) })
}

/// The stars that an invoice asks for.
fn unpaid(policy: &Policy, amount: Amount) -> Result<Stars, Refusal> {
    let max = policy.stars_rate.worth(STARS_MAX);
    let count = policy.stars_rate.stars(amount).ok_or(Refusal::DepositTooLarge { max })?;
    Ok(Stars { count, charge: None, invoice: None, returns: 0 })
}

/// The first amount from the one asked for on, cent by cent, that no open deposit of the method
/// has. Most customers pay a round sum so, and two who pay at once do not pay the same.
fn free_amount(view: &View, method: &MethodKey, asked: Amount) -> Option<Amount> {
    let taken = view.amounts(method, asked);
    let step = |steps: i64| Amount::from_micros(AMOUNT_STEP.micros().saturating_mul(steps));
    let tried = (0..AMOUNTS_TRIED).filter_map(|steps| asked.checked_add(step(steps)));
    tried.filter(|amount| *amount <= TRANSFER_MAX).find(|amount| !taken.contains(amount))
}

pub(super) fn submit(
    view: &View,
    policy: &Policy,
    (customer, deposit): (UserId, DepositId),
    auto: bool,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let deposit = view.deposit(deposit).filter(|deposit| deposit.customer == customer);
    let deposit = deposit.ok_or(Refusal::DepositUnknown)?;
    if let DepositState::Submitted { .. } = deposit.state {
        return Err(Refusal::DepositSubmittedAlready);
    }
    check_claim(view, policy, deposit)?;
    let way = policy.methods.get(&deposit.method);
    if way.is_some_and(|way| way.reference_required) && deposit.reference.is_none() {
        return Err(Refusal::ReferenceMissing);
    }
    Ok(submitted(policy, deposit.clone(), auto, now))
}

/// Whether the customer may say that a deposit is paid, or prove it, as it stands.
pub(super) fn check_claim(view: &View, policy: &Policy, deposit: &Deposit) -> Result<(), Refusal> {
    if deposit.stars.is_some() {
        // Telegram says what was paid; nobody's word is needed, and none is taken.
        return Err(Refusal::PaidByInvoice);
    }
    match deposit.state {
        DepositState::Opened | DepositState::Submitted { .. } => Ok(()),
        // Who pays late is still heard, but expiry is no way around the limit.
        DepositState::Expired { .. } => {
            if view.open_deposits(deposit.customer) >= policy.deposits_open_max {
                return Err(Refusal::DepositsOpenMax { max: policy.deposits_open_max });
            }
            Ok(())
        }
        DepositState::Approved { by, .. } => Err(Refusal::DepositApprovedAlready { by }),
        DepositState::Credited { .. }
        | DepositState::Returning { .. }
        | DepositState::Returned { .. } => Err(Refusal::DepositCreditedAlready),
        DepositState::Rejected { by, .. } => Err(Refusal::DepositRejectedAlready { by }),
    }
}

/// Whether nobody is asked about a deposit that the customer says is paid. The script proposed so,
/// and it is below the limit of the settings, which no script lifts.
fn approves_itself(policy: &Policy, deposit: &Deposit, auto: bool) -> bool {
    auto && policy.auto_approve_below.is_some_and(|limit| deposit.amount < limit)
}

/// The deposit as the customer says that it is paid.
pub(super) fn submitted(policy: &Policy, deposit: Deposit, auto: bool, now: Timestamp) -> Decision {
    if approves_itself(policy, &deposit, auto) {
        return credited(policy, deposit, DepositState::Credited { at: now });
    }
    shown(policy, Deposit { state: DepositState::Submitted { at: now }, ..deposit })
}

/// A changed deposit that still waits for its admins, on every card.
pub(super) fn shown(policy: &Policy, deposit: Deposit) -> Decision {
    let id = deposit.id;
    let mut changes = vec![Change::Deposit(deposit.clone()), Change::Wish(Effect::ShowDeposit(id))];
    changes.extend(policy.desks().map(|desk| Change::Wish(Effect::ShowDepositToAdmin(id, desk))));
    Decision { changes, outcome: Outcome::Deposit(deposit) }
}

/// The deposit, where this admin may decide about it now.
fn undecided<'view>(
    view: &'view View,
    policy: &Policy,
    admin: UserId,
    deposit: DepositId,
) -> Result<&'view Deposit, Refusal> {
    if !policy.admins.contains(&admin) {
        return Err(Refusal::NotAdmin);
    }
    let deposit = view.deposit(deposit).ok_or(Refusal::DepositUnknown)?;
    match deposit.state {
        DepositState::Submitted { .. } => Ok(deposit),
        DepositState::Opened | DepositState::Expired { .. } => Err(Refusal::DepositNotSubmitted),
        DepositState::Approved { by, .. } => Err(Refusal::DepositApprovedAlready { by }),
        DepositState::Credited { .. }
        | DepositState::Returning { .. }
        | DepositState::Returned { .. } => Err(Refusal::DepositCreditedAlready),
        DepositState::Rejected { by, .. } => Err(Refusal::DepositRejectedAlready { by }),
    }
}

pub(super) fn decided(deposit: Deposit, policy: &Policy) -> Decision {
    let id = deposit.id;
    let mut changes = vec![
        Change::Deposit(deposit.clone()),
        Change::Wish(Effect::ShowDeposit(id)),
        Change::Wish(Effect::TellDepositDecided(id)),
    ];
    // Not only the cards on record: one may be on its way to an admin right now, and without a
    // newer wish it would keep its buttons for ever.
    let holders = deposit.admin_cards.iter().map(|card| card.admin);
    let desks: BTreeSet<UserId> = policy.desks().chain(holders).collect();
    let show = |desk| Change::Wish(Effect::ShowDepositToAdmin(id, desk));
    changes.extend(desks.into_iter().map(show));
    Decision { changes, outcome: Outcome::Deposit(deposit) }
}

pub(super) fn approve(
    view: &View,
    policy: &Policy,
    admin: UserId,
    deposit: DepositId,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let deposit = undecided(view, policy, admin, deposit)?.clone();
    if policy.two_admins_above.is_some_and(|limit| deposit.amount > limit) {
        // Who is no admin any more has approved nothing.
        let first = deposit.first_approval.filter(|first| policy.admins.contains(&first.by));
        match first {
            Some(first) if first.by == admin => return Err(Refusal::SecondAdminNeeded),
            Some(_) => {}
            None => {
                let first_approval = Some(Approval { by: admin, at: now });
                return Ok(shown(policy, Deposit { first_approval, ..deposit }));
            }
        }
    }
    Ok(credited(policy, deposit, DepositState::Approved { by: admin, at: now }))
}

/// The deposit with its money in the wallet.
pub(super) fn credited(policy: &Policy, deposit: Deposit, state: DepositState) -> Decision {
    let deposit = Deposit { state, ..deposit };
    let transfer = Change::Transfer(Transfer {
        id: TransferId::Deposit(deposit.id),
        debit: AccountId::DepositsClearing(deposit.method.clone()),
        credit: AccountId::Wallet(deposit.customer),
        amount: deposit.amount,
        kind: TransferKind::Posted,
    });
    let reward = reward(policy, deposit.id);
    let mut decision = decided(deposit, policy);
    decision.changes.insert(0, transfer);
    decision.changes.extend(reward);
    decision
}

/// The wish to reward whoever brought the customer of this deposit, while there are rewards.
pub(super) fn reward(policy: &Policy, deposit: DepositId) -> Option<Change> {
    policy.referrals.enabled.then_some(Change::Wish(Effect::Reward(deposit)))
}

pub(super) fn reject(
    view: &View,
    policy: &Policy,
    admin: UserId,
    deposit: DepositId,
    reason: Option<String>,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let mut deposit = undecided(view, policy, admin, deposit)?.clone();
    // From here on nothing fails.
    let reason = reason.map(|text| text.chars().take(REASON_CHARS_MAX).collect::<String>());
    let reason = reason.filter(|text| !text.trim().is_empty());
    deposit.state = DepositState::Rejected { by: admin, at: now, reason };
    Ok(decided(deposit, policy))
}

pub(super) fn deadline(
    view: &View,
    deposit: DepositId,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let deposit = view.deposit(deposit).ok_or(Refusal::DepositUnknown)?;
    if deposit.state != DepositState::Opened || now < deposit.expires_at {
        return Ok(Decision::nothing());
    }
    let mut deposit = deposit.clone();
    deposit.state = DepositState::Expired { at: now };
    let id = deposit.id;
    let invoice = deposit.stars.is_some().then_some(Change::Wish(Effect::DropInvoice(id)));
    let mut changes = vec![Change::Deposit(deposit), Change::Wish(Effect::ShowDeposit(id))];
    changes.extend(invoice);
    Ok(changes.into())
}
