//! The requests behind polls, and what the core is told of the answers. Only `polling` uses it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, stream};
use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::ids::{OrderId, ProviderId, Timestamp};
use ring4_domain::order::Order;
use ring4_domain::private::Private;
use ring4_providers::{CallError, OrderStatus, VendorOrder};

use crate::effects::resending;
use crate::shop::{Shop, ShopError};

/// Facts handed to the core at the same time; a group takes them in one commit.
const TOLD_AT_ONCE: usize = 64;

/// An order and the vendor's id of it.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) order: OrderId,
    pub(super) vendor_order: String,
}

/// What the core must know of an order.
#[derive(Debug)]
pub(super) struct Fact {
    order: OrderId,
    news: News,
}

#[derive(Debug)]
enum News {
    /// This.
    Command(Command),
    /// What this means for another code: that is for the order to say as it stands by then.
    Another(OrderStatus),
}

/// What came of a request.
#[derive(Debug)]
pub(in crate::effects) enum Round {
    /// One vendor's list, asked for on behalf of all orders that were due until then.
    Listed {
        provider: ProviderId,
        until: Timestamp,
        rows: Result<Arc<Vec<VendorOrder>>, CallError>,
    },
    /// One order by itself.
    Checked { provider: ProviderId, order: OrderId, status: Result<OrderStatus, CallError> },
    /// The core was told of these.
    Told(Vec<OrderId>),
}

fn lost() -> CallError {
    tracing::error!("a round of polls panicked");
    CallError::PluginFault("a round of polls panicked".to_owned())
}

pub(super) async fn list(shop: Arc<Shop>, provider: ProviderId, until: Timestamp) -> Round {
    let asking = AssertUnwindSafe(shop.registry.list_active(&provider)).catch_unwind();
    let rows = asking.await.unwrap_or_else(|_| Err(lost()));
    Round::Listed { provider, until, rows }
}

pub(super) async fn check(shop: Arc<Shop>, provider: ProviderId, said: Said) -> Round {
    let Said { order, vendor_order } = said;
    let asking = AssertUnwindSafe(shop.registry.check(&provider, &vendor_order)).catch_unwind();
    let status = asking.await.unwrap_or_else(|_| Err(lost()));
    if let Err(error) = &status {
        tracing::debug!(%order, %error, "poll failed");
    }
    Round::Checked { provider, order, status }
}

pub(super) async fn tell(shop: Arc<Shop>, facts: Vec<Fact>) -> Round {
    let orders = facts.iter().map(|fact| fact.order).collect();
    let told = stream::iter(facts).for_each_concurrent(TOLD_AT_ONCE, |fact| {
        let shop = &shop;
        async move {
            let trace = format!("poll:{}", fact.order);
            let command = match fact.news {
                News::Command(command) => Some(command),
                News::Another(status) => another(shop, fact.order, &status),
            };
            let Some(command) = command else { return };
            // The core refuses what it knows already. Where nothing can be written down, the
            // engine that is opened next asks again.
            let _ = shop.submit(Actor::Engine, &trace, command).await;
        }
    });
    if AssertUnwindSafe(told).catch_unwind().await.is_err() {
        lost();
    }
    Round::Told(orders)
}

/// What this status means to the core, where it means anything.
pub(super) fn fact(said: Said, status: &OrderStatus) -> Option<Fact> {
    let Said { order, vendor_order } = said;
    let command = match status {
        OrderStatus::Received { messages } => {
            let message = messages.last()?;
            let text = message.text.clone();
            let code = message.code.clone().or_else(|| text.clone())?;
            let (code, text) = (code.into(), text.map(Private::from));
            Command::CodeArrived { order, vendor_order, code, text }
        }
        OrderStatus::Refunded => Command::PurchaseReturned { order, vendor_order },
        // Closed without a refund: the vendor keeps the money, the customer does not pay. The
        // order's own deadline gives the hold back; until then a late message may still come.
        // What nobody knows is never final either.
        OrderStatus::Closed | OrderStatus::Waiting | OrderStatus::Unrecognised { .. } => {
            return None;
        }
    };
    Some(Fact { order, news: News::Command(command) })
}

/// The vendor's word on a number that is to receive another code, where it says anything.
pub(super) fn word(order: OrderId, status: &OrderStatus) -> Option<Fact> {
    let says = matches!(status, OrderStatus::Received { .. } | OrderStatus::Waiting);
    says.then(|| Fact { order, news: News::Another(status.clone()) })
}

fn another(shop: &Shop, id: OrderId, status: &OrderStatus) -> Option<Command> {
    // What cannot be read now is asked for again.
    let order = shop.snapshot().order(id).ok().flatten()?;
    let step = resending::heard(&order, status)?;
    Some(Command::Resend { order: id, step })
}

/// Tells the core what the vendor says of an order, where it says anything new.
pub(in crate::effects) async fn heard(
    shop: &Shop,
    order: &Order,
    status: &OrderStatus,
    trace: &str,
) -> Result<(), ShopError> {
    let Some(purchase) = &order.purchase else { return Ok(()) };
    if let OrderStatus::Unrecognised { raw } = status {
        tracing::warn!(trace, raw, "the vendor's status is not known; waiting on");
    }
    let said = Said { order: order.id(), vendor_order: purchase.vendor_order.clone() };
    if let Some(Fact { news: News::Command(command), .. }) = fact(said, status) {
        // The core refuses what it knows already.
        let _ = shop.submit(Actor::Engine, trace, command).await?;
    }
    Ok(())
}
