//! Refunds: asked for, decided once. Only `decide` calls this.

use std::collections::BTreeSet;

use super::{Decision, Outcome};
use crate::change::Change;
use crate::deposit::REASON_CHARS_MAX;
use crate::effect::Effect;
use crate::ids::{OrderId, Timestamp, UserId};
use crate::ledger::{AccountId, Transfer, TransferId, TransferKind};
use crate::order::{Order, OrderState};
use crate::policy::Policy;
use crate::refund::{Refund, RefundState};
use crate::refusal::Refusal;
use crate::view::View;

/// A text of a person, cut to what is kept; `None` where it says nothing.
pub(super) fn kept(text: Option<String>) -> Option<String> {
    let text = text.map(|text| text.chars().take(REASON_CHARS_MAX).collect::<String>());
    text.filter(|text| !text.trim().is_empty())
}

fn asked(order: &Order, reason: Option<String>, now: Timestamp) -> Refund {
    Refund {
        order: order.id(),
        customer: order.customer(),
        amount: order.quote.price,
        reason: kept(reason),
        state: RefundState::Requested,
        requested_at: now,
        admin_cards: Vec::new(),
    }
}

pub(super) fn request(
    view: &View,
    policy: &Policy,
    (customer, order): (UserId, OrderId),
    reason: Option<String>,
    refundable: bool,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let order = view.order(order).filter(|order| order.customer() == customer);
    let order = order.ok_or(Refusal::OrderUnknown)?;
    match view.refund(order.id()).map(|refund| &refund.state) {
        None => {}
        Some(RefundState::Requested) => return Err(Refusal::RefundRequestedAlready),
        Some(RefundState::Approved { by, .. }) => {
            return Err(Refusal::RefundApprovedAlready { by: *by });
        }
        Some(RefundState::Rejected { by, .. }) => {
            return Err(Refusal::RefundRejectedAlready { by: *by });
        }
    }
    if order.state != OrderState::Delivered {
        return Err(Refusal::OrderNotDelivered);
    }
    if !refundable {
        return Err(Refusal::RefundNotAllowed);
    }
    // From here on nothing fails.
    let mut changes = Vec::new();
    if let Some(known) = view.customer(customer)
        && known.prompt.is_some()
    {
        let mut known = known.clone();
        known.prompt = None;
        changes.push(Change::Customer(known));
    }
    let refund = asked(order, reason, now);
    let id = order.id();
    changes.push(Change::Refund(refund.clone()));
    changes.push(Change::Wish(Effect::ShowOrder(id)));
    changes.extend(policy.desks().map(|desk| Change::Wish(Effect::ShowRefundToAdmin(id, desk))));
    Ok(Decision { changes, outcome: Outcome::Refund(Box::new(refund)) })
}

/// What is left to be decided about a refund.
fn undecided(refund: &Refund) -> Result<&Refund, Refusal> {
    match refund.state {
        RefundState::Requested => Ok(refund),
        RefundState::Approved { by, .. } => Err(Refusal::RefundApprovedAlready { by }),
        RefundState::Rejected { by, .. } => Err(Refusal::RefundRejectedAlready { by }),
    }
}

fn decided(refund: Refund, policy: &Policy) -> Decision {
    let id = refund.order;
    let mut changes = vec![
        Change::Refund(refund.clone()),
        Change::Wish(Effect::ShowOrder(id)),
        Change::Wish(Effect::TellRefundDecided(id)),
    ];
    // Not only the cards on record: one may be on its way to an admin right now.
    let holders = refund.admin_cards.iter().map(|card| card.admin);
    let desks: BTreeSet<UserId> = policy.desks().chain(holders).collect();
    let show = |desk| Change::Wish(Effect::ShowRefundToAdmin(id, desk));
    changes.extend(desks.into_iter().map(show));
    Decision { changes, outcome: Outcome::Refund(Box::new(refund)) }
}

pub(super) fn approve(
    view: &View,
    policy: &Policy,
    admin: UserId,
    order: OrderId,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    if !policy.admins.contains(&admin) {
        return Err(Refusal::NotAdmin);
    }
    let order = view.order(order).ok_or(Refusal::OrderUnknown)?;
    let mut refund = match view.refund(order.id()) {
        Some(refund) => undecided(refund)?.clone(),
        None => asked(order, None, now),
    };
    if order.state != OrderState::Delivered {
        return Err(Refusal::OrderNotDelivered);
    }
    // From here on nothing fails.
    refund.state = RefundState::Approved { by: admin, at: now };
    let mut order = order.clone();
    order.state = OrderState::Refunded;
    let transfer = Change::Transfer(Transfer {
        id: TransferId::Refund(order.id()),
        debit: AccountId::Refunds,
        credit: AccountId::Wallet(order.customer()),
        amount: refund.amount,
        kind: TransferKind::Posted,
    });
    let mut decision = decided(refund, policy);
    decision.changes.splice(0..0, [transfer, Change::Order(order)]);
    Ok(decision)
}

pub(super) fn reject(
    view: &View,
    policy: &Policy,
    admin: UserId,
    order: OrderId,
    reason: Option<String>,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    if !policy.admins.contains(&admin) {
        return Err(Refusal::NotAdmin);
    }
    let refund = view.refund(order).ok_or(Refusal::RefundUnknown)?;
    let mut refund = undecided(refund)?.clone();
    // From here on nothing fails.
    refund.state = RefundState::Rejected { by: admin, at: now, reason: kept(reason) };
    Ok(decided(refund, policy))
}
