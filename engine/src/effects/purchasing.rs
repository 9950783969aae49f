//! Buying at vendors, finding out what a lost answer meant, and giving numbers back. Only
//! `effects` calls this.

use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::ids::{OrderId, ProviderId, Timestamp};
use ring4_domain::order::{self, Candidate, FailReason, Order, OrderState};
use ring4_providers::{
    BuyRequest, CallError, Cancellation, OrderStatus, Purchase, RefusalReason, VendorOrder,
};

use super::granting::Found;
use super::polling;
use crate::shop::{Shop, ShopError};

/// Wait between two looks for a lost purchase, in seconds.
const FIND_SECS: u32 = 5;

/// Wait between two looks for a number that may turn up after the money went back, in seconds.
const ORPHAN_SECS: u32 = 30;

/// How long after its order such a number is looked for, in seconds; the life of an order at
/// the vendors is 20 minutes.
const ORPHAN_SECS_MAX: u32 = 1_800;

/// How long a number that nobody paid for is offered back to its vendor, in seconds; vendors
/// close orders on their own long before.
const RETURN_SECS_MAX: u32 = 7_200;

/// Tells the core; whether that changed anything. The core refuses what came too late, and the
/// record says all there is to know.
async fn report(shop: &Shop, trace: &str, command: Command) -> Result<bool, ShopError> {
    let result = shop.submit(Actor::Engine, trace, command).await?;
    Ok(result.is_ok_and(|receipt| receipt.seq.is_some()))
}

pub(super) async fn buy(shop: &Shop, id: OrderId, trace: &str) -> Result<Found, ShopError> {
    let Some(order) = shop.snapshot().order(id)? else { return Ok(Found::Granted(None)) };
    let OrderState::Buying { candidate: place, started } = order.state else {
        return Ok(Found::Granted(None));
    };
    if started {
        // Nobody else runs this wish, so the process that started it died: the vendor may have
        // sold the number.
        report(shop, trace, Command::PurchaseUnclear { order: id, candidate: place }).await?;
        return Ok(Found::Granted(None));
    }
    let Some(candidate) = order.candidate().cloned() else { return Ok(Found::Granted(None)) };
    // Buying on would leave two lost purchases that could not be told apart.
    let unclear = |other: &Order| matches!(other.state, OrderState::Unclear { .. });
    if rivals(shop, &order, &candidate)?.iter().any(unclear) {
        return Ok(Found::Behind);
    }
    let start = Command::StartPurchase { order: id, candidate: place };
    if shop.submit(Actor::Engine, trace, start).await?.is_err() {
        return Ok(Found::Granted(None));
    }
    let request = BuyRequest {
        service: candidate.vendor_service.clone(),
        country: order.quote.country,
        max_price: order.quote.cost_max,
    };
    let answer = shop.registry.buy(&candidate.provider, &request).await;
    let command = match answer {
        Purchase::Bought { vendor_order_id, number, cost, .. } => {
            if cost > order.quote.cost_max {
                tracing::warn!(trace, provider = %candidate.provider, "charged above the cap");
            }
            Command::PurchaseBought {
                order: id,
                purchase: order::Purchase {
                    provider: candidate.provider,
                    vendor_order: vendor_order_id,
                    number: number.as_str().into(),
                    cost,
                    bought_at: shop.clock.now(),
                },
            }
        }
        Purchase::Refused { reason } => {
            tracing::info!(trace, provider = %candidate.provider, ?reason, "refused");
            let reason = fail_reason(reason);
            Command::PurchaseRefused { order: id, candidate: place, reason }
        }
        Purchase::Unclear { why } => {
            tracing::warn!(trace, provider = %candidate.provider, why, "unclear");
            Command::PurchaseUnclear { order: id, candidate: place }
        }
    };
    let bought = matches!(command, Command::PurchaseBought { .. });
    if !report(shop, trace, command).await? && bought {
        // The number has an owner already: this vendor sold it twice. Whether it also sold one
        // to us is for the lists to say.
        report(shop, trace, Command::PurchaseUnclear { order: id, candidate: place }).await?;
    }
    Ok(Found::Granted(None))
}

/// The other orders whose purchase at the same vendor, of the same service and country, is under
/// way or unclear: in the vendor's lists theirs look like this one's.
fn rivals(shop: &Shop, order: &Order, candidate: &Candidate) -> Result<Vec<Order>, ShopError> {
    let mut open = shop.snapshot().open_orders()?;
    open.retain(|other| {
        let same = other.candidate().is_some_and(|known| {
            (&known.provider, &known.vendor_service)
                == (&candidate.provider, &candidate.vendor_service)
        });
        same && other.id() != order.id() && other.quote.country == order.quote.country
    });
    Ok(open)
}

/// Whether a number in the vendor's list may be meant for somebody else, who has the first claim
/// on it: a purchase whose answer is still awaited, or one that became unclear earlier.
fn others_first(shop: &Shop, order: &Order, candidate: &Candidate) -> Result<bool, ShopError> {
    let mine = match order.state {
        OrderState::Unclear { since, .. } => Some((since, order.id())),
        _ => None,
    };
    Ok(rivals(shop, order, candidate)?.iter().any(|other| match other.state {
        OrderState::Buying { started, .. } => started,
        OrderState::Unclear { since, .. } => mine.is_none_or(|mine| (since, other.id()) < mine),
        _ => false,
    }))
}

const fn fail_reason(reason: RefusalReason) -> FailReason {
    match reason {
        RefusalReason::OutOfStock | RefusalReason::Unsupported => FailReason::OutOfStock,
        RefusalReason::PriceTooHigh => FailReason::PriceMoved,
        _ => FailReason::Unavailable,
    }
}

pub(super) async fn find(shop: &Shop, id: OrderId, trace: &str) -> Result<Found, ShopError> {
    let Some(order) = shop.snapshot().order(id)? else { return Ok(Found::Granted(None)) };
    if order.purchase.is_some() {
        return Ok(Found::Granted(None));
    }
    let now = shop.clock.now();
    // While the money is held one vendor is asked; afterwards the order no longer says which, and
    // a number that turns up late is only looked for to give it back.
    let (candidates, look_again_secs) = match order.state {
        OrderState::Unclear { candidate, .. } => {
            let asked = order.quote.candidates.get(usize::from(candidate));
            (asked.into_iter().cloned().collect(), FIND_SECS)
        }
        OrderState::Failed(FailReason::Unclear) => (order.quote.candidates.clone(), ORPHAN_SECS),
        _ => (Vec::new(), FIND_SECS),
    };
    let mut looked = !candidates.is_empty();
    let mut behind = false;
    for candidate in candidates {
        let Some(rows) = listed(shop, &candidate.provider).await else {
            looked = false;
            continue;
        };
        // Looked at after the list was read: whoever bought what is in it has said so by now.
        if others_first(shop, &order, &candidate)? {
            (looked, behind) = (false, true);
            continue;
        }
        for row in rows {
            if let Some(purchase) = adopt(shop, &order, &candidate, &row)?
                && report(shop, trace, Command::PurchaseBought { order: id, purchase }).await?
            {
                return Ok(Found::Granted(None));
            }
        }
    }
    match order.state {
        OrderState::Unclear { .. } if behind => Ok(Found::Behind),
        OrderState::Unclear { since, .. } => {
            let window = shop.live.load().config.orders.unclear_window_secs;
            // Without a list to look at nothing is known: then the hold's deadline decides.
            if looked && now >= since.plus_secs(window) {
                report(shop, trace, Command::PurchaseNotFound { order: id }).await?;
            }
            Ok(Found::Later(look_again_secs))
        }
        OrderState::Failed(FailReason::Unclear)
            if now < order.placed_at.plus_secs(ORPHAN_SECS_MAX) =>
        {
            Ok(Found::Later(look_again_secs))
        }
        _ => Ok(Found::Granted(None)),
    }
}

/// What the vendor has of ours: its active list, and its history where it keeps one.
async fn listed(shop: &Shop, provider: &ProviderId) -> Option<Vec<VendorOrder>> {
    let mut rows = match shop.registry.list_active(provider).await {
        Ok(rows) => rows.to_vec(),
        Err(error) => {
            tracing::warn!(%provider, %error, "the vendor's list was not read");
            return None;
        }
    };
    match shop.registry.history(provider).await {
        Ok(history) => rows.extend(history),
        Err(CallError::NotOffered) => {}
        Err(error) => {
            tracing::warn!(%provider, %error, "the vendor's history was not read");
            return None;
        }
    }
    Some(rows)
}

/// The purchase in this row, if it can only be the lost one.
fn adopt(
    shop: &Shop,
    order: &Order,
    candidate: &Candidate,
    row: &VendorOrder,
) -> Result<Option<order::Purchase>, ShopError> {
    let live = shop.live.load();
    let name = live.config.services.get(&order.quote.service).map(|service| service.name.as_str());
    let service = row.service.as_deref().is_none_or(|service| {
        let service = service.trim();
        service == candidate.vendor_service
            || name.is_some_and(|name| {
                service.split('/').any(|part| part.trim().eq_ignore_ascii_case(name))
            })
    });
    let country = row.country.is_none_or(|country| country == order.quote.country);
    let dear = row.cost.is_some_and(|cost| cost > order.quote.cost_max);
    let before = row.bought_at_ms.is_some_and(|at| Timestamp(at) < order.placed_at);
    let ended = matches!(row.status, OrderStatus::Refunded | OrderStatus::Closed);
    if !service || !country || dear || before || ended {
        return Ok(None);
    }
    let taken = shop.snapshot().order_of_purchase(&candidate.provider, &row.vendor_order_id)?;
    let (None, Some(number)) = (taken, &row.number) else { return Ok(None) };
    Ok(Some(order::Purchase {
        provider: candidate.provider.clone(),
        vendor_order: row.vendor_order_id.clone(),
        number: number.as_str().into(),
        cost: row.cost.unwrap_or(candidate.cost),
        bought_at: shop.clock.now(),
    }))
}

pub(super) async fn cancel(shop: &Shop, id: OrderId, trace: &str) -> Result<Found, ShopError> {
    let Some(order) = shop.snapshot().order(id)? else { return Ok(Found::Granted(None)) };
    let Some(purchase) = &order.purchase else { return Ok(Found::Granted(None)) };
    if order.code.is_some() {
        return Ok(Found::Granted(None));
    }
    let retry = shop.live.load().config.orders.cancel_retry_secs;
    let returned =
        || Command::PurchaseReturned { order: id, vendor_order: purchase.vendor_order.clone() };
    match shop.registry.cancel(&purchase.provider, &purchase.vendor_order).await {
        Ok(Cancellation::Cancelled) => {
            report(shop, trace, returned()).await?;
            return Ok(Found::Granted(None));
        }
        Ok(Cancellation::TooEarly { retry_after_secs }) => {
            return Ok(Found::Later(retry_after_secs));
        }
        Ok(other) => tracing::debug!(trace, ?other, "not cancelled; asking how it stands"),
        Err(error) => tracing::warn!(trace, %error, "cancelling failed; asking how it stands"),
    }
    match shop.registry.check(&purchase.provider, &purchase.vendor_order).await {
        Ok(status) => {
            polling::heard(shop, &order, &status, trace).await?;
            let ended = matches!(
                status,
                OrderStatus::Refunded | OrderStatus::Closed | OrderStatus::Received { .. }
            );
            if ended {
                return Ok(Found::Granted(None));
            }
        }
        Err(error) => tracing::warn!(trace, %error, "the vendor did not say how it stands"),
    }
    let given_up = shop.clock.now() >= purchase.bought_at.plus_secs(RETURN_SECS_MAX);
    Ok(if given_up { Found::Granted(None) } else { Found::Later(retry) })
}
