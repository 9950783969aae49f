//! Another code on a delivered order's number: the vendor is asked once. What it shows from then on
//! is looked at beside what open orders wait for. Only `effects` calls this.
//!
//! The wish stays in the outbox until the code is there or the time is up, so that a restart goes
//! on where the last process stopped. A request whose answer was lost is not repeated: whether the
//! vendor took it shows in what it says of the number.

use ring4_domain::command::Command;
use ring4_domain::ids::OrderId;
use ring4_domain::money::Amount;
use ring4_domain::order::{Order, Purchase};
use ring4_domain::resend::{Resend, ResendState, ResendStep};
use ring4_providers::{CallError, Message, OrderStatus, VendorOrder};
use ring4_storage::Pending;

use super::granting::Found;
use super::purchasing::report;
use super::searching;
use crate::notices::{Topic, tell_admins};
use crate::shop::{Shop, ShopError};

/// What came of asking.
enum Asked {
    /// The core is to be told.
    Told(ResendStep),
    /// Nothing yet.
    Not(Found),
}

pub(super) async fn resend(shop: &Shop, id: OrderId, trace: &str) -> Result<Found, ShopError> {
    let Some(order) = shop.snapshot().order(id)? else { return Ok(Found::Granted(None)) };
    let (Some(open), Some(purchase)) = (order.open_resend(), &order.purchase) else {
        return Ok(Found::Granted(None));
    };
    let asked = match open.state {
        ResendState::Asking { started: false } => ask(shop, &order, open, purchase, trace).await?,
        // Nobody else runs this wish, so the process that began it died.
        ResendState::Asking { started: true } => unclear(shop, &order, open, purchase).await?,
        _ => return Ok(Found::Watched),
    };
    let step = match asked {
        Asked::Told(step) => step,
        Asked::Not(found) => return Ok(found),
    };
    let cost = match step {
        ResendStep::Wait { cost, .. } => cost,
        _ => Amount::ZERO,
    };
    let told = report(shop, trace, Command::Resend { order: id, step }).await?;
    if told && cost.is_positive() {
        tracing::warn!(trace, provider = %purchase.provider, %cost, "another code was charged for");
        tell_admins(shop, Topic::Money, |voice| {
            voice.charged_above(id, &purchase.provider, cost, Amount::ZERO)
        })
        .await;
    }
    let order = shop.snapshot().order(id)?;
    let state = order.and_then(|order| order.open_resend().map(|open| open.state));
    Ok(match state {
        Some(ResendState::Waiting { .. }) => Found::Watched,
        Some(_) => Found::Failed,
        None => Found::Granted(None),
    })
}

/// Asks for another message, unless one is there that was not told yet.
async fn ask(
    shop: &Shop,
    order: &Order,
    open: &Resend,
    purchase: &Purchase,
    trace: &str,
) -> Result<Asked, ShopError> {
    let provider = &purchase.provider;
    let waits = |vendor_order: &str, cost: Amount| ResendStep::Wait {
        provider: provider.clone(),
        vendor_order: vendor_order.to_owned(),
        cost,
    };
    let (seen, waiting) = match shop.registry.check(provider, &open.vendor_order).await {
        Ok(OrderStatus::Received { messages }) => {
            if let Some(message) = untold(order, &messages) {
                return Ok(arrived(message).map_or(Asked::Not(Found::Failed), Asked::Told));
            }
            (messages.len(), false)
        }
        Ok(OrderStatus::Waiting) => (0, true),
        Ok(OrderStatus::Unrecognised { .. }) => (0, false),
        Ok(OrderStatus::Refunded | OrderStatus::Closed) | Err(CallError::OrderNotFound) => {
            return Ok(Asked::Told(ResendStep::Refuse { priced: false }));
        }
        Err(error) => {
            tracing::warn!(trace, %error, "the vendor did not say how the number stands");
            return Ok(Asked::Not(Found::Failed));
        }
    };
    let seen = u32::try_from(seen).unwrap_or(u32::MAX);
    let start = Command::Resend { order: order.id(), step: ResendStep::Start { seen } };
    if !report(shop, trace, start).await? {
        return Ok(Asked::Not(Found::Failed));
    }
    if waiting {
        // It still waits for what was asked for before.
        return Ok(Asked::Told(waits(&open.vendor_order, Amount::ZERO)));
    }
    Ok(Asked::Told(match shop.registry.resend(provider, &open.vendor_order).await {
        Ok(ring4_providers::Resend::Requested { vendor_order_id, cost }) => {
            waits(&vendor_order_id, cost.unwrap_or(Amount::ZERO))
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
            return unclear(shop, order, open, purchase).await;
        }
        Err(error) => {
            tracing::warn!(trace, %provider, %error, "asking for another code failed");
            return unclear(shop, order, open, purchase).await;
        }
    }))
}

/// What to wait on where the answer was lost: a vendor that goes on under a new id shows it in its
/// list, under the same number. Numbers are sold again, so it must also be of the same service and
/// country, newer than the question, and nobody's who is just buying.
async fn unclear(
    shop: &Shop,
    order: &Order,
    open: &Resend,
    purchase: &Purchase,
) -> Result<Asked, ShopError> {
    let provider = purchase.provider.clone();
    let mut wait = (open.vendor_order.clone(), Amount::ZERO);
    if let (Ok(rows), Some(number), Some(candidate)) =
        (shop.registry.list_active(&provider).await, purchase.number.text(), order.candidate())
    {
        shop.sightings.note(&provider, &rows, shop.clock.now());
        let fits = |row: &&VendorOrder| {
            row.number.as_ref().is_some_and(|known| known.as_str() == number)
                && !order.has_had(&provider, &row.vendor_order_id)
                && searching::is_offer(shop, order, candidate, row)
                && !searching::was_there(shop, candidate, row, open.asked_at)
        };
        // Looked at after the list was read: whoever bought what is in it has said so by now.
        for stage in [Pending::Started, Pending::Unclear] {
            if !searching::rivals(shop, order, candidate, stage)?.is_empty() {
                return Ok(Asked::Not(Found::Behind));
            }
        }
        let snapshot = shop.snapshot();
        for row in rows.iter().filter(fits) {
            if snapshot.order_of_purchase(&provider, &row.vendor_order_id)?.is_none() {
                wait = (row.vendor_order_id.clone(), row.cost.unwrap_or(Amount::ZERO));
            }
        }
    }
    let (vendor_order, cost) = wait;
    Ok(Asked::Told(ResendStep::Wait { provider, vendor_order, cost }))
}

/// What the vendor's word on the number means for the code that is waited for, if anything.
pub(super) fn heard(order: &Order, status: &OrderStatus) -> Option<ResendStep> {
    let open = order.open_resend()?;
    let ResendState::Waiting { cleared } = open.state else { return None };
    match status {
        OrderStatus::Received { messages } => {
            let seen = usize::try_from(open.seen).unwrap_or(usize::MAX);
            let beyond = messages.get(seen);
            let last = messages.last().filter(|last| cleared || !is_known(order, last));
            arrived(beyond.or(last)?)
        }
        OrderStatus::Waiting if !cleared => Some(ResendStep::Clear),
        // What is over may still say a late message, until the time is up.
        _ => None,
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
