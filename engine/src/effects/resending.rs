//! Another code on a delivered order's number: the vendor is asked once, and what it shows from
//! then on is looked at until the code is there or the time is up. Only `effects` calls this.
//!
//! The wish stays in the outbox all the while, so that a restart goes on where the last process
//! stopped. A request whose answer was lost is not repeated: whether the vendor took it shows in
//! what it says of the number.

use ring4_domain::command::Command;
use ring4_domain::ids::OrderId;
use ring4_domain::order::{Order, Purchase};
use ring4_domain::resend::{Resend, ResendState, ResendStep};
use ring4_providers::{CallError, Message, OrderStatus};

use super::granting::Found;
use super::purchasing::report;
use crate::shop::{Shop, ShopError};

pub(super) async fn resend(shop: &Shop, id: OrderId, trace: &str) -> Result<Found, ShopError> {
    let Some(order) = shop.snapshot().order(id)? else { return Ok(Found::Granted(None)) };
    let (Some(open), Some(purchase)) = (order.open_resend(), &order.purchase) else {
        return Ok(Found::Granted(None));
    };
    let told = if order.is_due(open.deadline, shop.clock.now()) {
        Some(ResendStep::Deadline)
    } else {
        match open.state {
            ResendState::Asking { started: false } => {
                ask(shop, &order, open, purchase, trace).await?
            }
            // Nobody else runs this wish, so the process that began it died.
            ResendState::Asking { started: true } => {
                Some(unclear(shop, &order, open, purchase).await?)
            }
            _ => look(shop, &order, open, purchase, trace).await,
        }
    };
    if let Some(step) = told {
        report(shop, trace, Command::Resend { order: id, step }).await?;
    }
    let order = shop.snapshot().order(id)?;
    let goes_on = order.is_some_and(|order| order.open_resend().is_some());
    let secs = shop.live.load().config.polling.active_secs;
    Ok(if goes_on { Found::Later(secs) } else { Found::Granted(None) })
}

/// Asks for another message, unless one is there that was not told yet.
async fn ask(
    shop: &Shop,
    order: &Order,
    open: &Resend,
    purchase: &Purchase,
    trace: &str,
) -> Result<Option<ResendStep>, ShopError> {
    let provider = &purchase.provider;
    let waits = |vendor_order: &str| ResendStep::Wait {
        provider: provider.clone(),
        vendor_order: vendor_order.to_owned(),
    };
    let (seen, waiting) = match shop.registry.check(provider, &open.vendor_order).await {
        Ok(OrderStatus::Received { messages }) => {
            if let Some(message) = untold(order, &messages) {
                return Ok(arrived(message));
            }
            (messages.len(), false)
        }
        Ok(OrderStatus::Waiting) => (0, true),
        Ok(OrderStatus::Unrecognised { .. }) => (0, false),
        Ok(OrderStatus::Refunded | OrderStatus::Closed) | Err(CallError::OrderNotFound) => {
            return Ok(Some(ResendStep::Refuse { priced: false }));
        }
        Err(error) => {
            tracing::warn!(trace, %error, "the vendor did not say how the number stands");
            return Ok(None);
        }
    };
    let seen = u32::try_from(seen).unwrap_or(u32::MAX);
    let start = Command::Resend { order: order.id(), step: ResendStep::Start { seen } };
    if !report(shop, trace, start).await? {
        return Ok(None);
    }
    if waiting {
        // It still waits for what was asked for before.
        return Ok(Some(waits(&open.vendor_order)));
    }
    Ok(Some(match shop.registry.resend(provider, &open.vendor_order).await {
        Ok(ring4_providers::Resend::Requested { vendor_order_id, cost }) => {
            if let Some(cost) = cost.filter(|cost| cost.is_positive()) {
                tracing::warn!(trace, %provider, %cost, "another code was charged for after all");
            }
            waits(&vendor_order_id)
        }
        Ok(ring4_providers::Resend::Refused { reason }) => {
            tracing::info!(trace, %provider, ?reason, "no other code");
            ResendStep::Refuse { priced: false }
        }
        Ok(ring4_providers::Resend::Priced { cost }) => {
            tracing::info!(trace, %provider, %cost, "another code is not free");
            ResendStep::Refuse { priced: true }
        }
        Err(CallError::Refused(_) | CallError::NotOffered | CallError::OrderNotFound) => {
            ResendStep::Refuse { priced: false }
        }
        Ok(ring4_providers::Resend::Unclear { why }) => {
            tracing::warn!(trace, %provider, why, "asking for another code was unclear");
            unclear(shop, order, open, purchase).await?
        }
        Err(error) => {
            tracing::warn!(trace, %provider, %error, "asking for another code failed");
            unclear(shop, order, open, purchase).await?
        }
    }))
}

/// What to wait on where the answer was lost: a vendor that goes on under a new id shows it in its
/// list, under the same number.
async fn unclear(
    shop: &Shop,
    order: &Order,
    open: &Resend,
    purchase: &Purchase,
) -> Result<ResendStep, ShopError> {
    let provider = purchase.provider.clone();
    let mut vendor_order = open.vendor_order.clone();
    if let (Ok(rows), Some(number)) =
        (shop.registry.list_active(&provider).await, purchase.number.text())
    {
        let snapshot = shop.snapshot();
        for row in rows.iter() {
            let same = row.number.as_ref().is_some_and(|known| known.as_str() == number);
            let id = &row.vendor_order_id;
            if same
                && !order.has_had(&provider, id)
                && snapshot.order_of_purchase(&provider, id)?.is_none()
            {
                vendor_order.clone_from(id);
            }
        }
    }
    Ok(ResendStep::Wait { provider, vendor_order })
}

async fn look(
    shop: &Shop,
    order: &Order,
    open: &Resend,
    purchase: &Purchase,
    trace: &str,
) -> Option<ResendStep> {
    let cleared = open.state == (ResendState::Waiting { cleared: true });
    match shop.registry.check(&purchase.provider, &open.vendor_order).await {
        Ok(OrderStatus::Received { messages }) => {
            let seen = usize::try_from(open.seen).unwrap_or(usize::MAX);
            let beyond = messages.get(seen);
            let last = messages.last().filter(|last| cleared || !is_known(order, last));
            arrived(beyond.or(last)?)
        }
        Ok(OrderStatus::Waiting) if !cleared => Some(ResendStep::Clear),
        // What is over may still say a late message, until the time is up.
        Ok(_) => None,
        Err(error) => {
            tracing::debug!(trace, %error, "a look for another code failed");
            None
        }
    }
}

fn code_of(message: &Message) -> Option<&str> {
    message.code.as_deref().or(message.text.as_deref())
}

/// Whether this code came before.
fn is_known(order: &Order, message: &Message) -> bool {
    let mut known = order.codes().filter_map(|code| code.code.text());
    code_of(message).is_some_and(|code| known.any(|known| known == code))
}

/// A message that came after the last code without being asked for.
fn untold<'list>(order: &Order, messages: &'list [Message]) -> Option<&'list Message> {
    let known = messages.iter().rposition(|message| is_known(order, message));
    match known {
        Some(place) => messages.get(place.saturating_add(1)),
        None => messages.last(),
    }
}

fn arrived(message: &Message) -> Option<ResendStep> {
    let code = code_of(message)?.into();
    Some(ResendStep::Arrive { code, text: message.text.as_deref().map(Into::into) })
}
