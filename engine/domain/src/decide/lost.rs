//! Purchases whose answer was lost: nobody can tell, an admin tells, nothing was found. Only
//! `decide` calls this.

use super::Decision;
use super::buying::{find, received, shown};
use super::ordering;
use crate::change::Change;
use crate::effect::Effect;
use crate::ids::{OrderId, Timestamp, UserId};
use crate::ledger::TRANSFER_MAX;
use crate::money::Amount;
use crate::order::{FailReason, Lost, Order, OrderState, Purchase};
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::view::View;

/// A purchase lost just now.
pub(super) fn of(candidate: u8, now: Timestamp) -> Box<Lost> {
    let (asked, decided_by, admin_cards) = (false, None, Vec::new());
    Box::new(Lost { candidate, since: now, asked, decided_by, admin_cards })
}

/// The wishes that every admin reads how it stands.
pub(super) fn told(policy: &Policy, id: OrderId) -> impl Iterator<Item = Change> {
    policy.desks().map(move |desk| Change::Wish(Effect::ShowLostToAdmin(id, desk)))
}

pub(super) fn doubtful(view: &View, policy: &Policy, order: OrderId) -> Result<Decision, Refusal> {
    let order = find(view, order)?;
    let Some(lost) = order.lost.as_deref().filter(|lost| !lost.asked) else {
        return Ok(Decision::nothing());
    };
    if order.state != OrderState::Unclear {
        return Ok(Decision::nothing());
    }
    let id = order.id();
    let mut order = order.clone();
    order.lost = Some(Box::new(Lost { asked: true, ..lost.clone() }));
    let mut decision = shown(order, &[]);
    decision.changes.extend(told(policy, id));
    Ok(decision)
}

pub(super) fn not_found(
    view: &View,
    policy: &Policy,
    order: OrderId,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let order = find(view, order)?;
    if order.state != OrderState::Unclear {
        return Ok(Decision::nothing());
    }
    Ok(give_up(policy, order, now))
}

/// Gives the money back. The wish to find the purchase stays, or comes back, so that a number
/// that turns up late is not left to the vendor.
pub(super) fn give_up(policy: &Policy, order: &Order, now: Timestamp) -> Decision {
    let id = order.id();
    let failed = OrderState::Failed(FailReason::Unclear);
    let mut decision = ordering::release(order, failed, now);
    decision.changes.push(Change::Wish(Effect::FindPurchase(id)));
    decision.changes.extend(told(policy, id));
    decision
}

/// The order for an admin to decide about.
fn open_to<'view>(
    view: &'view View,
    policy: &Policy,
    admin: UserId,
    order: OrderId,
) -> Result<(&'view Order, &'view Lost), Refusal> {
    if !policy.admins.contains(&admin) {
        return Err(Refusal::NotAdmin);
    }
    let order = find(view, order)?;
    let lost = order.lost.as_deref().filter(|_| order.state == OrderState::Unclear);
    lost.map(|lost| (order, lost)).ok_or(Refusal::LostSettled)
}

pub(super) fn adopt(
    view: &View,
    policy: &Policy,
    admin: UserId,
    order: OrderId,
    mut purchase: Purchase,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let (order, lost) = open_to(view, policy, admin, order)?;
    if view.owner(&purchase).is_some() {
        return Err(Refusal::LostSettled);
    }
    // From here on nothing fails.
    let mut order = order.clone();
    order.lost = Some(Box::new(Lost { decided_by: Some(admin), ..lost.clone() }));
    purchase.cost = purchase.cost.clamp(Amount::ZERO, TRANSFER_MAX);
    order.purchase = Some(purchase);
    Ok(received(policy, order, now))
}

pub(super) fn release(
    view: &View,
    policy: &Policy,
    admin: UserId,
    order: OrderId,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let (order, lost) = open_to(view, policy, admin, order)?;
    let mut order = order.clone();
    order.lost = Some(Box::new(Lost { decided_by: Some(admin), ..lost.clone() }));
    Ok(give_up(policy, &order, now))
}
