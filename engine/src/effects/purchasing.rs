//! Buying at vendors and giving numbers back. Only `effects` calls this.

use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::ids::OrderId;
use ring4_domain::money::Amount;
use ring4_domain::order::{self, FailReason, OrderState};
use ring4_providers::{BuyRequest, Cancellation, OrderStatus, Purchase, RefusalReason};
use ring4_storage::Pending;

use super::granting::Found;
use super::{polling, searching};
use crate::notices::{Topic, tell_admins};
use crate::shop::{Shop, ShopError};

/// How long a number that nobody paid for is offered back to its vendor, in seconds; vendors
/// close orders on their own long before. Who has not confirmed it by then is a matter for the
/// admins.
const RETURN_SECS_MAX: u32 = 7_200;

/// Tells the core; whether that changed anything. The core refuses what came too late, and the
/// record says all there is to know.
pub(super) async fn report(shop: &Shop, trace: &str, command: Command) -> Result<bool, ShopError> {
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
    if !searching::rivals(shop, &order, &candidate, Pending::Unclear)?.is_empty() {
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
    let mut charged = Amount::ZERO;
    let command = match answer {
        Purchase::Bought { vendor_order_id, number, cost, .. } => {
            charged = cost;
            Command::PurchaseBought {
                order: id,
                purchase: order::Purchase {
                    candidate: place,
                    provider: candidate.provider.clone(),
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
    let cap = order.quote.cost_max;
    if charged > cap {
        tracing::warn!(trace, provider = %candidate.provider, "charged above the cap");
        let provider = &candidate.provider;
        tell_admins(shop, Topic::Money, |voice| voice.charged_above(id, provider, charged, cap))
            .await;
    }
    Ok(Found::Granted(None))
}

const fn fail_reason(reason: RefusalReason) -> FailReason {
    match reason {
        RefusalReason::OutOfStock | RefusalReason::Unsupported => FailReason::OutOfStock,
        RefusalReason::PriceTooHigh => FailReason::PriceMoved,
        _ => FailReason::Unavailable,
    }
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
    let now = shop.clock.now();
    match shop.registry.check(&purchase.provider, &purchase.vendor_order).await {
        Ok(status) => {
            polling::heard(shop, &order, &status, trace).await?;
            match status {
                OrderStatus::Refunded => return Ok(Found::Granted(None)),
                // The code won; or the customer has the money back, and the vendor keeps its own.
                OrderStatus::Received { .. } => {
                    report(shop, trace, Command::ReturnDenied { order: id }).await?;
                    return Ok(Found::Granted(None));
                }
                // A late message may still come as long as the customer waits.
                OrderStatus::Closed if order.state.is_open() => {
                    return Ok(Found::Later(order.hold_deadline.secs_since(now).max(retry)));
                }
                OrderStatus::Closed => {
                    report(shop, trace, Command::ReturnDenied { order: id }).await?;
                    return Ok(Found::Granted(None));
                }
                OrderStatus::Waiting | OrderStatus::Unrecognised { .. } => {}
            }
        }
        Err(error) => tracing::warn!(trace, %error, "the vendor did not say how it stands"),
    }
    if now < purchase.bought_at.plus_secs(RETURN_SECS_MAX) || order.state.is_open() {
        return Ok(Found::Later(retry));
    }
    report(shop, trace, Command::ReturnUnconfirmed { order: id }).await?;
    Ok(Found::Granted(None))
}
