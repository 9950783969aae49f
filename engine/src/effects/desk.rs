//! Cards and messages of refunds, adjustments and broadcasts, and the daily report. Only `effects`
//! calls this.

use ring4_domain::day::Day;
use ring4_domain::ids::{AdjustmentId, BroadcastId, OrderId, UserId};
use ring4_domain::refund::RefundState;

use super::granting::Found;
use super::showing::{send, settle, show, tell, voice};
use crate::screens::broadcasts::BroadcastView;
use crate::screens::refunds::RefundView;
use crate::shop::{Shop, ShopError, available};

pub(super) async fn refund_to_admin(
    shop: &Shop,
    id: OrderId,
    admin: UserId,
) -> Result<Found, ShopError> {
    let snapshot = shop.snapshot();
    let Some(view) = RefundView::read(&snapshot, id)? else { return Ok(Found::Granted(None)) };
    let card = view.refund.admin_cards.iter().find(|card| card.admin == admin);
    let live = shop.live.load_full();
    let open = view.refund.state == RefundState::Requested && live.config.notices.refunds;
    if card.is_none() && !open {
        // Decided before this admin was ever shown it, or shown in the queue alone.
        return Ok(Found::Granted(None));
    }
    let known = snapshot.customer(admin)?;
    let screen = voice(shop, &live, known.as_ref()).admin_refund(&view)?;
    show(shop, admin, card.map(|card| card.message), screen).await
}

pub(super) async fn broadcast_to_admin(
    shop: &Shop,
    id: BroadcastId,
    admin: UserId,
) -> Result<Found, ShopError> {
    let snapshot = shop.snapshot();
    let Some(broadcast) = snapshot.broadcast(id)? else { return Ok(Found::Granted(None)) };
    let card = broadcast.admin_cards.iter().find(|card| card.admin == admin);
    let card = card.map(|card| card.message);
    let view = BroadcastView::read(&snapshot, broadcast)?;
    let known = snapshot.customer(admin)?;
    let live = shop.live.load_full();
    let screen = voice(shop, &live, known.as_ref()).admin_broadcast(&view)?;
    show(shop, admin, card, screen).await
}

pub(super) async fn report(shop: &Shop, day: Day, admin: UserId) -> Result<Found, ShopError> {
    let call = crate::report::make(shop, day, admin).await?;
    let result = send(shop, admin, call).await;
    settle(shop, admin, result).await.map(Found::uncarded)
}

pub(super) async fn refund_decided(shop: &Shop, id: OrderId) -> Result<Found, ShopError> {
    let snapshot = shop.snapshot();
    let Some(refund) = snapshot.refund(id)? else { return Ok(Found::Granted(None)) };
    let customer = snapshot.customer(refund.customer)?;
    let available = available(&snapshot, refund.customer)?;
    let live = shop.live.load_full();
    let text = voice(shop, &live, customer.as_ref()).refund_decided(&refund, available);
    tell(shop, refund.customer, text).await
}

pub(super) async fn adjusted(shop: &Shop, id: AdjustmentId) -> Result<Found, ShopError> {
    let snapshot = shop.snapshot();
    let Some(adjustment) = snapshot.adjustment(id)? else { return Ok(Found::Granted(None)) };
    let customer = snapshot.customer(adjustment.customer)?;
    let available = available(&snapshot, adjustment.customer)?;
    let live = shop.live.load_full();
    let text = voice(shop, &live, customer.as_ref()).adjusted(&adjustment, available);
    tell(shop, adjustment.customer, Some(text)).await
}
