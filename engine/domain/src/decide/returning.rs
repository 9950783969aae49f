//! Numbers on their way back to the vendor: confirmed, overdue for a second try elsewhere, never
//! confirmed, kept. Only `decide` calls this.

use super::buying::{cost, find, shown};
use super::ordering::{begin_cancelling, ended_by, release};
use super::{Decision, Outcome, lost};
use crate::change::Change;
use crate::effect::Effect;
use crate::ids::{OrderId, Timestamp, UserId};
use crate::order::{CancelReason, Former, Order, OrderState, Purchase, Unreturned};
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::view::View;

pub(super) fn returned(
    view: &View,
    order: OrderId,
    vendor_order: &str,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let order = find(view, order)?;
    let purchase = order.purchase.as_ref().filter(|known| known.vendor_order == vendor_order);
    let purchase = purchase.ok_or(Refusal::OrderUnknown)?;
    let next = order.next_candidate(purchase.candidate);
    Ok(match (order.state, next) {
        // The vendor took it back unasked; for the customer that is a number that never worked.
        (OrderState::Waiting, _) => release(order, OrderState::Expired, now),
        (OrderState::Cancelling { reason: CancelReason::SecondTry }, Some(next))
            if !order.is_due(order.deadline, now) =>
        {
            buy_elsewhere(order, purchase, next, now)
        }
        (OrderState::Cancelling { reason }, _) => release(order, ended_by(reason), now),
        _ => Decision::nothing(),
    })
}

/// Goes on with the next vendor, at the price shown. The number before is the vendor's again, so
/// that never two are paid for.
fn buy_elsewhere(order: &Order, purchase: &Purchase, next: u8, now: Timestamp) -> Decision {
    let mut order = order.clone();
    order.former.push(Former {
        candidate: purchase.candidate,
        provider: purchase.provider.clone(),
        vendor_order: purchase.vendor_order.clone(),
        cost: purchase.cost,
        bought_at: purchase.bought_at,
        returned_at: now,
    });
    order.purchase = None;
    order.state = OrderState::Buying { candidate: next, started: false };
    let wish = Effect::Buy(order.id());
    shown(order, &[wish])
}

/// Once an order, where somebody else can be asked and enough time is left to wait there. A
/// purchase whose answer was lost has seen enough.
pub(super) fn overdue(
    view: &View,
    policy: &Policy,
    order: OrderId,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let order = find(view, order)?;
    let margin_secs = policy.second_try_margin_secs;
    let fits = |purchase: &&Purchase| {
        policy.second_try
            && order.state == OrderState::Waiting
            && order.former.is_empty()
            && order.lost.is_none()
            && now >= purchase.bought_at.plus_secs(margin_secs)
            && !order.is_due(order.deadline, now.plus_secs(margin_secs))
            && order.next_candidate(purchase.candidate).is_some()
    };
    if order.purchase.as_ref().filter(fits).is_none() {
        return Ok(Decision::nothing());
    }
    Ok(begin_cancelling(order, CancelReason::SecondTry))
}

/// A number of an ended order about which nothing was noted yet.
fn unnoted(order: &Order) -> Option<&Purchase> {
    let over = !order.state.is_open() && order.code.is_none() && order.unreturned.is_none();
    order.purchase.as_ref().filter(|_| over)
}

pub(super) fn unconfirmed(
    view: &View,
    policy: &Policy,
    order: OrderId,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let order = find(view, order)?;
    if unnoted(order).is_none() {
        return Ok(Decision::nothing());
    }
    let (kept, decided_by, admin_cards) = (None, None, Vec::new());
    let unreturned = Unreturned { since: now, kept, decided_by, admin_cards };
    Ok(noted(policy, order, unreturned, None))
}

pub(super) fn denied(
    view: &View,
    policy: &Policy,
    order: OrderId,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let order = find(view, order)?;
    let Some(purchase) = unnoted(order) else { return Ok(Decision::nothing()) };
    let id = order.id();
    let (kept, decided_by, admin_cards) = (Some(true), None, Vec::new());
    let unreturned = Unreturned { since: now, kept, decided_by, admin_cards };
    let mut changes: Vec<Change> = cost(id, purchase).into_iter().collect();
    let order = Order { unreturned: Some(Box::new(unreturned)), ..order.clone() };
    changes.push(Change::Order(order.clone()));
    // Who reads of a lost purchase reads how it ended.
    if order.lost.is_some() {
        changes.extend(lost::told(policy, id));
    }
    Ok(Decision { changes, outcome: Outcome::Order(Box::new(order)) })
}

pub(super) fn settle(
    view: &View,
    policy: &Policy,
    admin: UserId,
    order: OrderId,
    kept: bool,
) -> Result<Decision, Refusal> {
    if !policy.admins.contains(&admin) {
        return Err(Refusal::NotAdmin);
    }
    let order = find(view, order)?;
    let open = order.unreturned.as_deref().filter(|unreturned| unreturned.kept.is_none());
    let unreturned = open.ok_or(Refusal::LostSettled)?.clone();
    // From here on nothing fails.
    let purchase = order.purchase.as_ref().filter(|_| kept);
    let loss = purchase.and_then(|purchase| cost(order.id(), purchase));
    let unreturned = Unreturned { kept: Some(kept), decided_by: Some(admin), ..unreturned };
    Ok(noted(policy, order, unreturned, loss))
}

/// Every admin reads how it stands.
fn noted(policy: &Policy, order: &Order, unreturned: Unreturned, loss: Option<Change>) -> Decision {
    let order = Order { unreturned: Some(Box::new(unreturned)), ..order.clone() };
    let id = order.id();
    let mut changes: Vec<Change> = loss.into_iter().collect();
    changes.push(Change::Order(order.clone()));
    let told = |desk| Change::Wish(Effect::ShowUnreturnedToAdmin(id, desk));
    changes.extend(policy.desks().map(told));
    Decision { changes, outcome: Outcome::Order(Box::new(order)) }
}
