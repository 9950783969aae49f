//! Asks vendors for codes. The schedule is computed from an order's age and lives in memory
//! only; a poll that learns nothing writes nothing. Only `effects` uses it.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::ids::{OrderId, ProviderId, Timestamp};
use ring4_domain::order::{Order, OrderState};
use ring4_domain::private::Private;
use ring4_providers::{CallError, OrderStatus, VendorOrder};
use ring4_rules::PollFacts;
use tokio::task::JoinSet;

use crate::shop::{Shop, ShopError};

/// Orders due within this time share one request, in milliseconds.
const TOGETHER_MS: i64 = 500;

/// Looks at the list in which an order was missing before it is asked for by itself.
const MISSES_MAX: u32 = 2;

#[derive(Clone, Debug)]
struct Watch {
    order: Order,
    provider: ProviderId,
    at: Timestamp,
    polls: u32,
    errors: u32,
    misses: u32,
}

/// What a round learnt about one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Learnt {
    Nothing,
    Missing,
    Error,
}

/// What came of asking one vendor.
#[derive(Debug)]
pub(super) struct Round {
    provider: ProviderId,
    learnt: Vec<(OrderId, Learnt)>,
}

/// A vendor whose orders are due, or a round that came back.
#[derive(Debug)]
pub(super) enum Due {
    Vendor(ProviderId),
    Round(Round),
}

pub(super) struct Polls {
    shop: Arc<Shop>,
    watched: BTreeMap<OrderId, Watch>,
    /// By vendor, so that a vendor that is slow to answer hides nobody else's orders.
    due: BTreeMap<ProviderId, BTreeSet<(Timestamp, OrderId)>>,
    /// Vendors that are being asked right now; one round at a time each.
    asking: BTreeSet<ProviderId>,
    rounds: JoinSet<Round>,
}

impl Polls {
    pub(super) fn new(shop: Arc<Shop>) -> Self {
        Self {
            shop,
            watched: BTreeMap::new(),
            due: BTreeMap::new(),
            asking: BTreeSet::new(),
            rounds: JoinSet::new(),
        }
    }

    /// Watches an order that waits for a code, and no longer when it does not.
    pub(super) fn order(&mut self, order: &Order) {
        let id = order.id();
        let waits = matches!(order.state, OrderState::Waiting | OrderState::Cancelling { .. });
        let Some(purchase) = order.purchase.as_ref().filter(|_| waits) else {
            if let Some(watch) = self.watched.remove(&id)
                && let Some(due) = self.due.get_mut(&watch.provider)
            {
                due.remove(&(watch.at, id));
            }
            return;
        };
        if let Some(watch) = self.watched.get_mut(&id) {
            watch.order = order.clone();
            return;
        }
        let watch = Watch {
            order: order.clone(),
            provider: purchase.provider.clone(),
            at: Timestamp(0),
            polls: 0,
            errors: 0,
            misses: 0,
        };
        self.watched.insert(id, watch);
        self.plan(id);
    }

    /// Watches an order that was open when the shop started. Its vendor is asked at once: what
    /// came while the shop was down waits there.
    pub(super) fn resume(&mut self, order: &Order) {
        self.order(order);
        self.set(order.id(), self.shop.clock.now());
    }

    /// Sets an order's next poll.
    fn set(&mut self, id: OrderId, at: Timestamp) {
        let Some(watch) = self.watched.get_mut(&id) else { return };
        let due = self.due.entry(watch.provider.clone()).or_default();
        due.remove(&(watch.at, id));
        watch.at = at;
        due.insert((at, id));
    }

    /// Sets an order's next poll by its age.
    fn plan(&mut self, id: OrderId) {
        let Some(watch) = self.watched.get(&id) else { return };
        let now = self.shop.clock.now();
        let bought_at = watch.order.purchase.as_ref().map_or(now, |purchase| purchase.bought_at);
        let live = self.shop.live.load();
        let facts = PollFacts {
            service: watch.order.quote.service.clone(),
            provider: watch.provider.clone(),
            age_secs: now.secs_since(bought_at),
            timeout_secs: live.policy.order_timeout_secs,
            attempt: watch.polls,
            errors: watch.errors,
        };
        let polling = &live.config.polling;
        let secs = live.rules.next_poll(&facts).unwrap_or_else(|error| {
            tracing::error!(%error, "the polling script failed");
            polling.extended_secs
        });
        let secs = secs.clamp(polling.floor_secs, polling.ceiling_secs);
        drop(live);
        self.set(id, now.plus_secs(secs));
    }

    /// Waits for the next vendor that is due and idle, or for a round to come back.
    pub(super) async fn next(&mut self) -> Due {
        let idle = self.due.iter().filter(|(provider, _)| !self.asking.contains(*provider));
        let first = idle.filter_map(|(provider, due)| Some((due.first()?.0, provider.clone())));
        let idle = first.min();
        let clock = self.shop.clock.clone();
        let due = async move {
            match idle {
                Some((at, provider)) => {
                    clock.sleep_until(at).await;
                    provider
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            provider = due => Due::Vendor(provider),
            // Panics are caught inside a round, so a round always comes back.
            Some(Ok(round)) = self.rounds.join_next() => Due::Round(round),
        }
    }

    pub(super) fn pass(&mut self, due: Due) {
        match due {
            Due::Vendor(provider) => self.ask(provider),
            Due::Round(round) => self.learn(round),
        }
    }

    fn ask(&mut self, provider: ProviderId) {
        let until = Timestamp(self.shop.clock.now().0.saturating_add(TOGETHER_MS));
        let due = self.due.get(&provider).into_iter().flatten();
        let orders: Vec<(Order, u32)> = due
            .take_while(|(at, _)| *at <= until)
            .filter_map(|(_, id)| self.watched.get(id))
            .map(|watch| (watch.order.clone(), watch.misses))
            .collect();
        if orders.is_empty() {
            return;
        }
        self.asking.insert(provider.clone());
        let shop = Arc::clone(&self.shop);
        self.rounds.spawn(async move {
            let failed = orders.iter().map(|(order, _)| (order.id(), Learnt::Error)).collect();
            let asking = AssertUnwindSafe(ask_about(&shop, &provider, orders)).catch_unwind();
            let learnt = asking.await.unwrap_or_else(|_| {
                tracing::error!(%provider, "a round of polls panicked");
                failed
            });
            Round { provider, learnt }
        });
    }

    fn learn(&mut self, round: Round) {
        self.asking.remove(&round.provider);
        for (id, learnt) in round.learnt {
            let Some(watch) = self.watched.get_mut(&id) else { continue };
            watch.polls = watch.polls.saturating_add(1);
            match learnt {
                Learnt::Nothing => (watch.errors, watch.misses) = (0, 0),
                Learnt::Missing => watch.misses = watch.misses.saturating_add(1),
                Learnt::Error => watch.errors = watch.errors.saturating_add(1),
            }
            self.plan(id);
        }
    }

    /// Ends every round that is under way.
    pub(super) async fn stop(&mut self) {
        self.rounds.shutdown().await;
    }
}

/// Asks one vendor about its due orders: by one list where it has one, else one by one.
async fn ask_about(
    shop: &Shop,
    provider: &ProviderId,
    orders: Vec<(Order, u32)>,
) -> Vec<(OrderId, Learnt)> {
    let listed = match shop.registry.list_active(provider).await {
        Ok(rows) => Some(rows),
        Err(CallError::NotOffered) => None,
        Err(error) => {
            tracing::debug!(%provider, %error, "poll failed");
            return orders.iter().map(|(order, _)| (order.id(), Learnt::Error)).collect();
        }
    };
    let rows: BTreeMap<&str, &VendorOrder> = listed
        .iter()
        .flat_map(|rows| rows.iter())
        .map(|row| (row.vendor_order_id.as_str(), row))
        .collect();
    let mut learnt = Vec::with_capacity(orders.len());
    for (order, misses) in &orders {
        let Some(purchase) = &order.purchase else { continue };
        let row = rows.get(purchase.vendor_order.as_str());
        let result = match row {
            Some(row) => poll(shop, order, Ok(row.status.clone())).await,
            // Missing from a list means nothing yet; a vendor's list may lag behind.
            None if listed.is_some() && *misses < MISSES_MAX => Ok(Learnt::Missing),
            None => {
                let status = shop.registry.check(provider, &purchase.vendor_order).await;
                poll(shop, order, status).await
            }
        };
        match result {
            Ok(result) => learnt.push((order.id(), result)),
            // Nothing can be written down; the engine that is opened next asks again.
            Err(_) => return learnt,
        }
    }
    learnt
}

async fn poll(
    shop: &Shop,
    order: &Order,
    status: Result<OrderStatus, CallError>,
) -> Result<Learnt, ShopError> {
    match status {
        Ok(status) => {
            heard(shop, order, &status, &format!("poll:{}", order.id())).await?;
            Ok(Learnt::Nothing)
        }
        Err(error) => {
            tracing::debug!(order = %order.id(), %error, "poll failed");
            Ok(Learnt::Error)
        }
    }
}

/// Tells the core what the vendor says of an order, where it says anything new.
pub(super) async fn heard(
    shop: &Shop,
    order: &Order,
    status: &OrderStatus,
    trace: &str,
) -> Result<(), ShopError> {
    let Some(purchase) = &order.purchase else { return Ok(()) };
    let vendor_order = purchase.vendor_order.clone();
    let command = match status {
        OrderStatus::Received { messages } => {
            let Some(message) = messages.last() else { return Ok(()) };
            let text = message.text.clone();
            let Some(code) = message.code.clone().or_else(|| text.clone()) else { return Ok(()) };
            let (code, text) = (code.into(), text.map(Private::from));
            Command::CodeArrived { order: order.id(), vendor_order, code, text }
        }
        OrderStatus::Refunded => Command::PurchaseReturned { order: order.id(), vendor_order },
        // Closed without a refund: the vendor keeps the money, the customer does not pay. The
        // order's own deadline gives the hold back; until then a late message may still come.
        OrderStatus::Closed | OrderStatus::Waiting => return Ok(()),
        OrderStatus::Unrecognised { raw } => {
            tracing::warn!(trace, raw, "the vendor's status is not known; waiting on");
            return Ok(());
        }
    };
    // The core refuses what it knows already.
    let _ = shop.submit(Actor::Engine, trace, command).await?;
    Ok(())
}
