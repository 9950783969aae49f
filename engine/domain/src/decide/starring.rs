//! Telegram Stars: a payment credited once however often it is told, and given back behind a
//! hold. Only `decide` calls this.

use super::depositing::{credited, decided, reward};
use super::{Decision, Outcome};
use crate::change::Change;
use crate::deposit::{Deposit, DepositState};
use crate::effect::Effect;
use crate::ids::{DepositId, Timestamp, UserId};
use crate::ledger::{AccountId, Transfer, TransferId, TransferKind};
use crate::money::Amount;
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::standing::Standing;
use crate::stars::{self, ChargeId, RETURNS_MAX, Stars};
use crate::view::View;

/// How long the money of a return may be held, in seconds: a week. Telegram answers within
/// seconds; where it does not, its list of transactions is asked again and again.
const RETURN_SECS: u32 = 604_800;

/// A payment that Telegram tells of.
pub(super) struct Paid {
    pub(super) customer: UserId,
    pub(super) deposit: Option<DepositId>,
    pub(super) spare: DepositId,
    pub(super) charge: ChargeId,
    pub(super) count: u32,
}

/// What an admin wants given back.
pub(super) struct Return {
    pub(super) admin: UserId,
    pub(super) customer: UserId,
    pub(super) deposit: DepositId,
}

/// What Telegram asks about before it takes stars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// Who wants to pay.
    pub customer: UserId,
    /// How many stars.
    pub count: u32,
}

/// Whether these stars may be paid for this deposit now. Nothing changes; the payment itself is
/// what counts.
///
/// # Errors
/// The refusal that the customer reads.
pub fn may_pay(
    deposit: Option<&Deposit>,
    standing: Option<&Standing>,
    policy: &Policy,
    checkout: Checkout,
    now: Timestamp,
) -> Result<(), Refusal> {
    let deposit = deposit.filter(|deposit| deposit.customer == checkout.customer);
    let deposit = deposit.ok_or(Refusal::DepositUnknown)?;
    let asked = deposit.stars.as_ref().ok_or(Refusal::DepositUnknown)?;
    if asked.count != checkout.count {
        return Err(Refusal::DepositUnknown);
    }
    // Who may buy nothing would pay for nothing.
    if standing.is_some_and(|standing| standing.block.is_some()) {
        return Err(Refusal::CustomerBlocked);
    }
    if !policy.methods.get(&deposit.method).is_some_and(|way| way.stars) {
        return Err(Refusal::MethodUnknown);
    }
    match deposit.state {
        DepositState::Opened if now < deposit.expires_at => Ok(()),
        DepositState::Opened | DepositState::Expired { .. } => Err(Refusal::DepositExpired),
        _ => Err(Refusal::DepositCreditedAlready),
    }
}

pub(super) fn paid(
    view: &View,
    policy: &Policy,
    paid: Paid,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let Paid { customer, deposit, spare, charge, count } = paid;
    if let Some(known) = view.charged(&charge) {
        let deposits = deposit.into_iter().chain([spare]).filter_map(|id| view.deposit(id));
        let known = deposits.into_iter().find(|deposit| deposit.id == known);
        let outcome = known.map_or(Outcome::Done, |known| Outcome::Deposit(known.clone()));
        return Ok(Decision { changes: Vec::new(), outcome });
    }
    let paid = |invoice| Stars { count, charge: Some(charge), invoice, returns: 0 };
    let asked = deposit.and_then(|id| view.deposit(id)).filter(|deposit| {
        let open = matches!(deposit.state, DepositState::Opened | DepositState::Expired { .. });
        let stars = deposit.stars.as_ref().is_some_and(|stars| stars.count == count);
        open && stars && deposit.customer == customer
    });
    let deposit = match asked {
        Some(asked) => {
            let invoice = asked.stars.as_ref().and_then(|stars| stars.invoice);
            Deposit { stars: Some(paid(invoice)), ..asked.clone() }
        }
        // Stars that nobody waits for are money all the same: an invoice that was paid twice, or
        // one whose deposit is not in the books any more.
        None => {
            if view.deposit(spare).is_some() {
                return Err(Refusal::IdTaken);
            }
            made_up(policy, spare, customer, paid(None), now)
        }
    };
    // From here on nothing fails.
    Ok(credited(policy, deposit, DepositState::Credited { at: now }))
}

/// A deposit for stars that came without one.
fn made_up(
    policy: &Policy,
    id: DepositId,
    customer: UserId,
    stars: Stars,
    now: Timestamp,
) -> Deposit {
    Deposit {
        id,
        customer,
        amount: policy.stars_rate.worth(stars.count).max(Amount::from_micros(1)),
        method: stars::METHOD,
        state: DepositState::Opened,
        created_at: now,
        expires_at: now,
        card: None,
        admin_cards: Vec::new(),
        asked: None,
        reference: None,
        picture: None,
        first_approval: None,
        stars: Some(stars),
        wanted: None,
    }
}

pub(super) fn give_back(
    view: &View,
    policy: &Policy,
    wish: Return,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let Return { admin, customer, deposit } = wish;
    if !policy.admins.contains(&admin) {
        return Err(Refusal::NotAdmin);
    }
    let deposit = view.deposit(deposit).filter(|deposit| deposit.customer == customer);
    let deposit = deposit.ok_or(Refusal::DepositUnknown)?;
    let paid = deposit.stars.as_ref().filter(|stars| stars.charge.is_some());
    let stars = match deposit.state {
        DepositState::Credited { .. } => paid.ok_or(Refusal::NotReturnable)?,
        _ => return Err(Refusal::NotReturnable),
    };
    if stars.returns >= RETURNS_MAX {
        return Err(Refusal::NotReturnable);
    }
    let wallet = view.account(&AccountId::Wallet(customer));
    let available = wallet.available().unwrap_or(Amount::ZERO);
    if available < deposit.amount {
        let short = deposit.amount.checked_sub(available).unwrap_or(deposit.amount);
        return Err(Refusal::WalletShort { short });
    }
    // From here on nothing fails.
    let attempt = stars.returns;
    let stars = Stars { returns: attempt.saturating_add(1), ..stars.clone() };
    let state = DepositState::Returning { by: admin, at: now };
    let deposit = Deposit { state, stars: Some(stars), ..deposit.clone() };
    let id = TransferId::ReturnHold(deposit.id, attempt);
    let kind = TransferKind::Pending { deadline: now.plus_secs(RETURN_SECS) };
    let transfer = transfer(&deposit, id, kind);
    let mut decision = decided(deposit, policy);
    decision.changes.retain(|change| !tells(change));
    decision.changes.insert(0, transfer);
    if let Outcome::Deposit(deposit) = &decision.outcome {
        decision.changes.push(Change::Wish(Effect::ReturnStars(deposit.id)));
    }
    Ok(decision)
}

/// Whether a change rings the customer's phone. A return that is only begun does not.
const fn tells(change: &Change) -> bool {
    matches!(change, Change::Wish(Effect::TellDepositDecided(_)))
}

fn transfer(deposit: &Deposit, id: TransferId, kind: TransferKind) -> Change {
    Change::Transfer(Transfer {
        id,
        debit: AccountId::Wallet(deposit.customer),
        credit: AccountId::DepositsClearing(deposit.method.clone()),
        amount: deposit.amount,
        kind,
    })
}

/// The deposit whose stars are being given back, by whom, and the attempt.
fn returning(view: &View, deposit: DepositId) -> Option<(&Deposit, UserId, u8)> {
    let deposit = view.deposit(deposit)?;
    let DepositState::Returning { by, .. } = deposit.state else { return None };
    let attempt = deposit.stars.as_ref()?.returns.checked_sub(1)?;
    Some((deposit, by, attempt))
}

pub(super) fn returned(
    view: &View,
    policy: &Policy,
    deposit: DepositId,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let Some((deposit, by, attempt)) = returning(view, deposit) else {
        return Ok(Decision::nothing());
    };
    let deposit = Deposit { state: DepositState::Returned { by, at: now }, ..deposit.clone() };
    let pending = TransferId::ReturnHold(deposit.id, attempt);
    let id = TransferId::Return(deposit.id, attempt);
    let transfer = transfer(&deposit, id, TransferKind::Post { pending });
    // Whoever was rewarded for it is so no more, whatever the settings say by now.
    let reward = Change::Wish(Effect::Reward(deposit.id));
    let mut decision = decided(deposit, policy);
    decision.changes.insert(0, transfer);
    decision.changes.push(reward);
    Ok(decision)
}

pub(super) fn kept(
    view: &View,
    policy: &Policy,
    deposit: DepositId,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let Some((deposit, _, attempt)) = returning(view, deposit) else {
        return Ok(Decision::nothing());
    };
    let deposit = Deposit { state: DepositState::Credited { at: now }, ..deposit.clone() };
    let pending = TransferId::ReturnHold(deposit.id, attempt);
    let id = TransferId::ReturnRelease(deposit.id, attempt);
    let transfer = transfer(&deposit, id, TransferKind::Void { pending });
    // Nobody was rewarded for it while it was on its way back.
    let reward = reward(policy, deposit.id);
    let mut decision = decided(deposit, policy);
    // The customer never heard of it.
    decision.changes.retain(|change| !tells(change));
    decision.changes.insert(0, transfer);
    decision.changes.extend(reward);
    Ok(decision)
}
