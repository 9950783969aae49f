//! What a customer does with quotes and orders, and what the clock does. Only `decide` calls
//! this.

use super::{Decision, Outcome, lost, steering};
use crate::change::Change;
use crate::command::Proposal;
use crate::effect::Effect;
use crate::ids::{MessageId, OrderId, Timestamp, UserId};
use crate::ledger::{AccountId, Transfer, TransferId, TransferKind};
use crate::money::Amount;
use crate::order::{CancelReason, FailReason, Order, OrderState, QUOTE_KEPT_SECS, Quote};
use crate::policy::Policy;
use crate::pricing;
use crate::refusal::Refusal;
use crate::view::View;

/// How long somebody looks at a card that says "getting a number" before they put the phone away.
const LOOKED_AWAY_SECS: u32 = 30;

pub(super) fn offer_quote(
    view: &View,
    policy: &Policy,
    proposal: Proposal,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let Proposal { id, customer, service, country, proposed, cost, candidates, rules } = proposal;
    if let Some(shown) = view.quote(id) {
        let same = (shown.customer, &shown.service, shown.country) == (customer, &service, country);
        let live = shown.stands(now);
        return if same && live {
            Ok(Decision { changes: Vec::new(), outcome: Outcome::Quote(shown.clone()) })
        } else {
            Err(Refusal::IdTaken)
        };
    }
    if view.order(id).is_some() {
        return Err(Refusal::IdTaken);
    }
    steering::served(view, policy, customer)?;
    steering::sold(view, policy, &service)?;
    let price = pricing::judge(proposed, cost, &policy.prices).map_err(|_| Refusal::NotForSale)?;
    if candidates.is_empty() || candidates.len() > usize::from(u8::MAX) {
        return Err(Refusal::NotForSale);
    }
    // From here on nothing fails.
    let quote = Quote {
        id,
        customer,
        service,
        country,
        price: price.price,
        cost_max: price.cost_max,
        candidates,
        rules,
        created_at: now,
        expires_at: now.plus_secs(policy.quote_lifetime_secs),
    };
    Ok(Decision { changes: vec![Change::Quote(quote.clone())], outcome: Outcome::Quote(quote) })
}

pub(super) fn place_order(
    view: &View,
    policy: &Policy,
    customer: UserId,
    quote: OrderId,
    card: Option<MessageId>,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    if let Some(order) = view.order(quote) {
        return if order.customer() == customer {
            Ok(Decision { changes: Vec::new(), outcome: Outcome::Order(Box::new(order.clone())) })
        } else {
            Err(Refusal::QuoteGone)
        };
    }
    let quote = view.quote(quote).filter(|quote| quote.customer == customer);
    let quote = quote.ok_or(Refusal::QuoteGone)?;
    if !quote.stands(now) {
        return Err(Refusal::QuoteExpired);
    }
    steering::served(view, policy, customer)?;
    steering::sold(view, policy, &quote.service)?;
    steering::within(view, &policy.limits, customer, now)?;
    if view.open_orders(customer) >= policy.orders_open_max {
        return Err(Refusal::OrdersOpenMax { max: policy.orders_open_max });
    }
    let wallet = view.account(&AccountId::Wallet(customer));
    let available = wallet.available().unwrap_or(Amount::ZERO);
    if available < quote.price {
        let short = quote.price.checked_sub(available).unwrap_or(quote.price);
        return Err(Refusal::WalletShort { short });
    }
    // A service that was to stand in may have been switched off since the price was shown.
    let mut quote = quote.clone();
    quote.candidates.retain(|known| steering::sold(view, policy, &known.service).is_ok());
    if quote.candidates.is_empty() {
        return Err(Refusal::NotForSale);
    }
    // From here on nothing fails.
    let price = quote.price;
    let deadline = now.plus_secs(policy.order_timeout_secs);
    let order = Order {
        quote,
        state: OrderState::Buying { candidate: 0, started: false },
        placed_at: now,
        deadline,
        hold_deadline: deadline.plus_secs(policy.cancel_grace_secs),
        ended_at: None,
        lost: None,
        purchase: None,
        former: Vec::new(),
        resends: Vec::new(),
        unreturned: None,
        code: None,
        card,
    };
    let id = order.id();
    let changes = vec![
        Change::Transfer(Transfer {
            id: TransferId::Hold(id),
            debit: AccountId::Wallet(customer),
            credit: AccountId::Revenue,
            amount: price,
            kind: TransferKind::Pending { deadline: order.hold_deadline },
        }),
        Change::Order(order.clone()),
        Change::QuoteDropped(id),
        Change::Wish(Effect::Buy(id)),
        Change::Wish(Effect::ShowOrder(id)),
    ];
    Ok(Decision { changes, outcome: Outcome::Order(Box::new(order)) })
}

pub(super) fn cancel_order(
    view: &View,
    customer: UserId,
    order: OrderId,
) -> Result<Decision, Refusal> {
    let order = view.order(order).filter(|order| order.customer() == customer);
    let order = order.ok_or(Refusal::OrderUnknown)?;
    if order.can_be_cancelled() {
        return Ok(begin_cancelling(order, CancelReason::Customer));
    }
    match order.state {
        OrderState::Waiting | OrderState::Cancelling { .. } => {
            Ok(Decision { changes: Vec::new(), outcome: Outcome::Order(Box::new(order.clone())) })
        }
        OrderState::Buying { .. } | OrderState::Unclear => Err(Refusal::OrderBuying),
        OrderState::Delivered => Err(Refusal::OrderDelivered),
        OrderState::Cancelled
        | OrderState::Expired
        | OrderState::Failed(_)
        | OrderState::Refunded => Err(Refusal::OrderEnded),
    }
}

pub(super) fn deadline(
    view: &View,
    policy: &Policy,
    order: OrderId,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let order = view.order(order).ok_or(Refusal::OrderUnknown)?;
    Ok(match order.state {
        // No request has left for this candidate, and none leaves any more: there is nothing at
        // a vendor to ask about first.
        OrderState::Buying { started: false, .. }
            if order.is_due(order.purchase_deadline(policy), now) =>
        {
            release(order, no_number(order, FailReason::Unavailable), now)
        }
        // However late the clock is, the vendor is asked first: the code may have come while the
        // shop was down. The tick after this one finds the order cancelling.
        OrderState::Waiting | OrderState::Cancelling { reason: CancelReason::SecondTry }
            if order.is_due(order.deadline, now) =>
        {
            begin_cancelling(order, CancelReason::TimeOut)
        }
        state if state.is_open() && order.is_due(order.hold_deadline, now) => {
            run_out(policy, order, now)
        }
        _ => Decision::nothing(),
    })
}

/// Voids the hold because its own deadline is reached: the customer waits for nobody any longer.
/// What was bought, or may have been, is still looked for and given back.
fn run_out(policy: &Policy, order: &Order, now: Timestamp) -> Decision {
    match order.state {
        OrderState::Buying { candidate, started: true } => {
            let mut order = order.clone();
            order.lost = Some(lost::of(candidate, now));
            lost::give_up(policy, &order, now)
        }
        OrderState::Unclear => lost::give_up(policy, order, now),
        // The wish to cancel stays in the outbox until the vendor answers.
        OrderState::Cancelling { reason } => release(order, ended_by(reason), now),
        _ => release(order, no_number(order, FailReason::Unavailable), now),
    }
}

/// The state of an order that gets no number any more. One that had a number before got no code
/// in time, and that is what its customer waited for.
pub(super) const fn no_number(order: &Order, reason: FailReason) -> OrderState {
    if order.former.is_empty() { OrderState::Failed(reason) } else { OrderState::Expired }
}

pub(super) fn quote_deadline(view: &View, quote: OrderId, now: Timestamp) -> Decision {
    match view.quote(quote) {
        Some(quote) if now >= quote.expires_at.plus_secs(QUOTE_KEPT_SECS) => {
            vec![Change::QuoteDropped(quote.id)].into()
        }
        _ => Decision::nothing(),
    }
}

/// The state in which a cancelled order ends.
pub(super) const fn ended_by(reason: CancelReason) -> OrderState {
    match reason {
        CancelReason::Customer => OrderState::Cancelled,
        CancelReason::TimeOut | CancelReason::SecondTry => OrderState::Expired,
    }
}

pub(super) fn begin_cancelling(order: &Order, reason: CancelReason) -> Decision {
    let mut order = order.clone();
    order.state = OrderState::Cancelling { reason };
    let id = order.id();
    let changes = vec![
        Change::Order(order.clone()),
        Change::Wish(Effect::CancelPurchase(id)),
        Change::Wish(Effect::ShowOrder(id)),
    ];
    Decision { changes, outcome: Outcome::Order(Box::new(order)) }
}

/// Ends an open order in `state` and voids its hold.
pub(super) fn release(order: &Order, state: OrderState, now: Timestamp) -> Decision {
    assert!(order.state.is_open(), "{} has no hold to void", order.id());
    // Who looked at the card when it failed needs no second message; who waited does.
    let waited = match order.state {
        OrderState::Buying { .. } => now >= order.placed_at.plus_secs(LOOKED_AWAY_SECS),
        OrderState::Cancelling { reason: CancelReason::Customer } => now >= order.hold_deadline,
        _ => true,
    };
    let mut order = order.clone();
    order.state = state;
    order.ended_at = Some(now);
    let id = order.id();
    let mut changes = vec![
        Change::Transfer(Transfer {
            id: TransferId::Release(id),
            debit: AccountId::Wallet(order.customer()),
            credit: AccountId::Revenue,
            amount: order.quote.price,
            kind: TransferKind::Void { pending: TransferId::Hold(id) },
        }),
        Change::Order(order.clone()),
        Change::Wish(Effect::ShowOrder(id)),
    ];
    if waited {
        changes.push(Change::Wish(Effect::TellOrderEnded(id)));
    }
    Decision { changes, outcome: Outcome::Order(Box::new(order)) }
}
