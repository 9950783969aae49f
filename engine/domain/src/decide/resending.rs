//! Another code on a delivered order's number. Only `decide` calls this.
//!
//! None of it moves the customer's money: what was charged was charged with the first code.

use super::buying::{find, shown};
use super::{Decision, Outcome};
use crate::change::Change;
use crate::effect::Effect;
use crate::ids::{OrderId, ProviderId, Timestamp};
use crate::ledger::{AccountId, TRANSFER_MAX, Transfer, TransferId, TransferKind};
use crate::money::Amount;
use crate::order::{Code, Order, OrderState, Purchase};
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::resend::{Resend, ResendState, ResendStep};
use crate::view::View;

pub(super) fn step(
    view: &View,
    policy: &Policy,
    order: OrderId,
    step: ResendStep,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let order = find(view, order)?;
    if let ResendStep::Request { customer, offered } = step {
        let own = order.customer() == customer;
        return if own {
            request(view, policy, order, offered, now)
        } else {
            Err(Refusal::OrderUnknown)
        };
    }
    if let ResendStep::Wait { provider, vendor_order, cost } = step {
        return Ok(waits(view, order, &provider, vendor_order, cost));
    }
    let Some(open) = order.open_resend() else { return Ok(Decision::nothing()) };
    let mut resend = open.clone();
    let asking = matches!(resend.state, ResendState::Asking { .. });
    match step {
        ResendStep::Start { seen } if resend.state == (ResendState::Asking { started: false }) => {
            resend.state = ResendState::Asking { started: true };
            resend.seen = seen;
            let order = with(order, resend);
            // The card says the same as before.
            return Ok(vec![Change::Order(order)].into());
        }
        ResendStep::Clear if resend.state == (ResendState::Waiting { cleared: false }) => {
            resend.state = ResendState::Waiting { cleared: true };
            return Ok(vec![Change::Order(with(order, resend))].into());
        }
        ResendStep::Refuse { priced } if asking => {
            resend.state = if priced { ResendState::Priced } else { ResendState::Refused };
        }
        // Nobody waits for an empty text; the next look finds it again. What would be forgotten
        // before it was kept is not kept.
        ResendStep::Arrive { code, .. } if code.is_blank() || is_forgotten(view, order) => {
            return Ok(Decision::nothing());
        }
        ResendStep::Arrive { code, text } => {
            resend.code = Some(Code { code, text, arrived_at: now });
            resend.state = ResendState::Arrived;
            let id = order.id();
            return Ok(shown(with(order, resend), &[Effect::RingCode(id)]));
        }
        ResendStep::Deadline if order.is_due(resend.deadline, now) => {
            resend.state = ResendState::Expired;
        }
        _ => return Ok(Decision::nothing()),
    }
    Ok(shown(with(order, resend), &[]))
}

/// The vendor was asked. What it charged is booked even where nobody waits any more: the order was
/// given back, or its time was up, before the answer came.
fn waits(
    view: &View,
    order: &Order,
    provider: &ProviderId,
    vendor_order: String,
    cost: Amount,
) -> Decision {
    let place = order.resends.len().checked_sub(1).and_then(|place| u8::try_from(place).ok());
    let (Some(place), Some(last)) = (place, order.resends.last()) else {
        return Decision::nothing();
    };
    let mut resend = last.clone();
    let asking = order.open_resend().is_some();
    if asking && matches!(resend.state, ResendState::Asking { .. }) {
        let cleared = is_free(view, order, provider, &vendor_order);
        if cleared {
            resend.seen = 0;
            resend.vendor_order = vendor_order;
        }
        resend.state = ResendState::Waiting { cleared };
    }
    let mut changes = Vec::new();
    // What a vendor names is hostile: a cost must not be able to break the books.
    let cost = cost.clamp(Amount::ZERO, TRANSFER_MAX);
    if resend.cost == Amount::ZERO && cost.is_positive() {
        resend.cost = cost;
        changes.push(Change::Transfer(Transfer {
            id: TransferId::ResendCost(order.id(), place),
            debit: AccountId::VendorCost,
            credit: AccountId::VendorFloat(provider.clone()),
            amount: cost,
            kind: TransferKind::Posted,
        }));
    }
    if resend == *last {
        return Decision::nothing();
    }
    // The card says the same as before.
    let order = with(order, resend);
    changes.push(Change::Order(order.clone()));
    Decision { changes, outcome: Outcome::Order(Box::new(order)) }
}

fn request(
    view: &View,
    policy: &Policy,
    order: &Order,
    offered: bool,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    if order.state != OrderState::Delivered {
        return Err(Refusal::OrderNotDelivered);
    }
    if order.open_resend().is_some() {
        return Err(Refusal::ResendUnderWay);
    }
    let max = policy.resends.max;
    if order.resends.len() >= usize::try_from(max).unwrap_or(usize::MAX) {
        return Err(Refusal::ResendsMax { max });
    }
    let in_time = order.code.as_ref().is_some_and(|code| {
        let until = code.arrived_at.plus_secs(policy.resends.offered_secs);
        now < until && !code.arrived_at.is_ahead_of(now)
    });
    let purchase = order.purchase.as_ref().filter(|_| in_time && offered);
    let purchase = purchase.filter(|_| !is_forgotten(view, order));
    let purchase = purchase.ok_or(Refusal::ResendNotOffered)?;
    // From here on nothing fails.
    let last = order.resends.last().map(|resend| resend.vendor_order.clone());
    let resend = Resend {
        state: ResendState::Asking { started: false },
        asked_at: now,
        deadline: now.plus_secs(policy.resends.wait_secs),
        vendor_order: last.unwrap_or_else(|| purchase.vendor_order.clone()),
        seen: 0,
        code: None,
        cost: Amount::ZERO,
    };
    let mut order = order.clone();
    let id = order.id();
    order.resends.push(resend);
    Ok(shown(order, &[Effect::Resend(id)]))
}

/// Whether the vendor goes on under a new id, which is nobody else's.
fn is_free(view: &View, order: &Order, provider: &ProviderId, vendor_order: &str) -> bool {
    let known = order.purchase.as_ref().filter(|known| known.provider == *provider);
    let new = |purchase: &Purchase| {
        let again = Purchase { vendor_order: vendor_order.to_owned(), ..purchase.clone() };
        !order.has_had(provider, vendor_order) && view.owner(&again).is_none()
    };
    known.is_some_and(new)
}

/// Whether the key that the code would be sealed with is gone.
fn is_forgotten(view: &View, order: &Order) -> bool {
    view.forgotten().is_some_and(|before| order.day() < before)
}

/// The order with its last resend as it is now.
fn with(order: &Order, resend: Resend) -> Order {
    let mut order = order.clone();
    if let Some(last) = order.resends.last_mut() {
        *last = resend;
    }
    order
}
