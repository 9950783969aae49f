//! What the vendor's answers do to an order. Only `decide` calls this.

use super::ordering::{no_number, release};
use super::{Decision, Outcome, lost};
use crate::change::Change;
use crate::effect::Effect;
use crate::ids::{OrderId, Timestamp};
use crate::ledger::{AccountId, TRANSFER_MAX, Transfer, TransferId, TransferKind};
use crate::money::Amount;
use crate::order::{Code, FailReason, Order, OrderState, Purchase};
use crate::policy::Policy;
use crate::private::Private;
use crate::refusal::Refusal;
use crate::view::View;

pub(super) fn find(view: &View, order: OrderId) -> Result<&Order, Refusal> {
    view.order(order).ok_or(Refusal::OrderUnknown)
}

pub(super) fn shown(order: Order, wishes: &[Effect]) -> Decision {
    let mut changes = vec![Change::Order(order.clone())];
    changes.extend(wishes.iter().copied().map(Change::Wish));
    changes.push(Change::Wish(Effect::ShowOrder(order.id())));
    Decision { changes, outcome: Outcome::Order(Box::new(order)) }
}

pub(super) fn start(
    view: &View,
    policy: &Policy,
    order: OrderId,
    candidate: u8,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let order = find(view, order)?;
    // Anything else was started before: whoever asks now must not ask the vendor again.
    if order.state != (OrderState::Buying { candidate, started: false }) {
        return Err(Refusal::OrderBuying);
    }
    // A number bought now would be returned at once: the clock is about to release the hold.
    if now >= order.purchase_deadline(policy) {
        return Err(Refusal::OrderEnded);
    }
    let mut order = order.clone();
    order.state = OrderState::Buying { candidate, started: true };
    Ok(Decision {
        changes: vec![Change::Order(order.clone())],
        outcome: Outcome::Order(Box::new(order)),
    })
}

pub(super) fn bought(
    view: &View,
    policy: &Policy,
    order: OrderId,
    mut purchase: Purchase,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let order = find(view, order)?;
    let id = order.id();
    if let Some(known) = &order.purchase {
        let same =
            (&known.provider, &known.vendor_order) == (&purchase.provider, &purchase.vendor_order);
        if same {
            return Ok(Decision::nothing());
        }
        // An order has room for one number. A second one stays without an owner, and whoever
        // looks through the vendor's list reports it.
        return Ok(Decision::nothing());
    }
    // A number that two customers wait for would be paid for twice: it stays with the first.
    if view.owner(&purchase).is_some() {
        return Ok(Decision::nothing());
    }
    let mut order = order.clone();
    // What the vendor names is hostile: a cost must not be able to break the books.
    purchase.cost = purchase.cost.clamp(Amount::ZERO, TRANSFER_MAX);
    order.purchase = Some(purchase);
    if !order.state.is_open() {
        // Found after the customer's money went back: nobody pays for it, so it is returned. In an
        // account that others buy from too it may be theirs.
        let mut changes = vec![Change::Order(order.clone())];
        if policy.orphans_cancelled {
            changes.push(Change::Wish(Effect::CancelPurchase(id)));
        }
        changes.extend(lost::told(policy, id));
        return Ok(changes.into());
    }
    Ok(received(policy, order, now))
}

/// An open order with its number just bought: from here on the code is waited for.
pub(super) fn received(policy: &Policy, mut order: Order, now: Timestamp) -> Decision {
    order.state = OrderState::Waiting;
    // A second number is waited for as long as the first would have been: that was promised.
    if order.former.is_empty() {
        order.deadline = now.plus_secs(policy.order_timeout_secs);
    }
    // The hold's deadline never moves: it stands in an immutable transfer.
    order.deadline = order.deadline.min(order.hold_deadline);
    let asked = order.lost.as_ref().is_some_and(|lost| lost.asked);
    let id = order.id();
    let mut decision = shown(order, &[]);
    if asked {
        decision.changes.extend(lost::told(policy, id));
    }
    decision
}

pub(super) fn refused(
    view: &View,
    order: OrderId,
    candidate: u8,
    reason: FailReason,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let order = find(view, order)?;
    if !matches!(order.state, OrderState::Buying { candidate: asked, .. } if asked == candidate) {
        return Ok(Decision::nothing());
    }
    if let Some(next) = order.next_candidate(candidate) {
        let mut order = order.clone();
        order.state = OrderState::Buying { candidate: next, started: false };
        let wish = Effect::Buy(order.id());
        return Ok(shown(order, &[wish]));
    }
    Ok(release(order, no_number(order, reason), now))
}

pub(super) fn unclear(
    view: &View,
    order: OrderId,
    candidate: u8,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let order = find(view, order)?;
    if order.state != (OrderState::Buying { candidate, started: true }) {
        return Ok(Decision::nothing());
    }
    let mut order = order.clone();
    order.state = OrderState::Unclear;
    order.lost = Some(lost::of(candidate, now));
    let wish = Effect::FindPurchase(order.id());
    Ok(shown(order, &[wish]))
}

/// What the vendor keeps for a number.
pub(super) fn cost(id: OrderId, purchase: &Purchase) -> Option<Change> {
    purchase.cost.is_positive().then(|| {
        Change::Transfer(Transfer {
            id: TransferId::VendorCost(id),
            debit: AccountId::VendorCost,
            credit: AccountId::VendorFloat(purchase.provider.clone()),
            amount: purchase.cost,
            kind: TransferKind::Posted,
        })
    })
}

pub(super) fn code_arrived(
    view: &View,
    order: OrderId,
    vendor_order: &str,
    code: Private,
    text: Option<Private>,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let order = find(view, order)?;
    let purchase = order.purchase.as_ref().filter(|known| known.vendor_order == vendor_order);
    let purchase = purchase.ok_or(Refusal::OrderUnknown)?;
    match order.state {
        OrderState::Waiting | OrderState::Cancelling { .. } => {}
        OrderState::Delivered => return Ok(Decision::nothing()),
        _ => return Err(Refusal::OrderEnded),
    }
    // Nobody pays for an empty text; the next poll asks again.
    if code.is_blank() {
        return Ok(Decision::nothing());
    }
    // From here on nothing fails.
    let id = order.id();
    let mut changes = vec![Change::Transfer(Transfer {
        id: TransferId::Capture(id),
        debit: AccountId::Wallet(order.customer()),
        credit: AccountId::Revenue,
        amount: order.quote.price,
        kind: TransferKind::Post { pending: TransferId::Hold(id) },
    })];
    changes.extend(cost(id, purchase));
    let mut order = order.clone();
    order.state = OrderState::Delivered;
    order.ended_at = Some(now);
    order.code = Some(Code { code, text, arrived_at: now });
    let shown = shown(order, &[Effect::RingCode(id)]);
    changes.extend(shown.changes);
    Ok(Decision { changes, outcome: shown.outcome })
}
