//! When vendors are asked for codes. The schedule is computed from an order's age and lives in
//! memory only; a poll that learns nothing writes nothing. Only `effects` uses it.
//!
//! A vendor with a list is asked once for everything that is due, and never more than once a
//! second: whatever else the list says of open orders counts too. A vendor without one is asked
//! order by order, at half the rate its limits allow, so that purchases always have room.
//!
//! What a delivered order's number is to receive once more is watched in the same lines. Lists of
//! active numbers need not name one that has had its code: where one is missing it is asked for by
//! itself at once.
//!
//! Nothing here takes longer the more orders are open, except reading a list that names them.

mod asking;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use ring4_domain::ids::{OrderId, ProviderId, ServiceKey, Timestamp};
use ring4_domain::order::{Order, OrderState};
use ring4_domain::resend::ResendState;
use ring4_providers::{CallError, OrderStatus, VendorOrder};
use ring4_rules::PollFacts;
use tokio::task::JoinSet;

use self::asking::{Round, Said};
use crate::shop::Shop;
use crate::tasks;

pub(super) use self::asking::heard;

/// Orders due within this time share one request, in milliseconds.
const TOGETHER_MS: i64 = 500;

/// From the start of one list request of a vendor to the next, in milliseconds.
const LIST_GAP_MS: i64 = 1_000;

/// Looks at the list in which an order was missing before it is asked for by itself: a list may
/// lag behind, and an empty one right after a full one is not believed.
const MISSES_MAX: u32 = 2;

/// Orders of one vendor that are asked for by themselves at the same time.
const CHECKS_MAX: u32 = 4;

/// After this an order whose check never came back is asked for again, in seconds; longer than
/// any call may take.
const CHECK_LOST_SECS: u32 = 180;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    /// The code of an open order.
    Code,
    /// Another one, on a number that had one.
    Another,
}

impl Awaited {
    /// Lists in a row that did not name it, to begin with.
    const fn misses(self) -> u32 {
        match self {
            Self::Code => 0,
            Self::Another => MISSES_MAX,
        }
    }
}

/// An order that waits for a code.
#[derive(Clone, Debug)]
struct Watch {
    awaited: Awaited,
    provider: ProviderId,
    service: ServiceKey,
    vendor_order: String,
    /// Since when the code is waited for.
    since: Timestamp,
    at: Timestamp,
    polls: u32,
    /// Checks in a row that failed.
    errors: u32,
    /// Lists in a row that did not name it.
    misses: u32,
    /// What the vendor said is being told to the core.
    telling: bool,
    /// A status that nobody knows was logged.
    odd: bool,
}

/// One vendor's open orders and what is being asked there.
#[derive(Debug)]
struct Line {
    /// Whether one request lists all orders.
    lists: bool,
    due: BTreeSet<(Timestamp, OrderId)>,
    by_purchase: BTreeMap<String, OrderId>,
    /// How many of them wait for another code: of these also "it waits" is news.
    again: usize,
    /// Missing from the list too often: to be asked for by themselves.
    missing: BTreeSet<OrderId>,
    listing: bool,
    next_list: Timestamp,
    checks: u32,
    next_check: Timestamp,
    check_gap_ms: i64,
    /// Lists in a row that failed.
    errors: u32,
}

/// What can be begun, or came back.
#[derive(Debug)]
pub(super) enum Due {
    List(ProviderId),
    Check(ProviderId),
    Round(Round),
}

pub(super) struct Polls {
    shop: Arc<Shop>,
    watched: BTreeMap<OrderId, Watch>,
    /// By vendor, so that one that is slow to answer hides nobody else's orders.
    lines: BTreeMap<ProviderId, Line>,
    rounds: JoinSet<Round>,
}

impl Line {
    fn new(shop: &Shop, provider: &ProviderId) -> Self {
        let rate = i64::from(shop.registry.rate_per_sec(provider));
        Self {
            lists: shop.registry.lists_active(provider),
            due: BTreeSet::new(),
            by_purchase: BTreeMap::new(),
            again: 0,
            missing: BTreeSet::new(),
            listing: false,
            next_list: Timestamp(0),
            checks: 0,
            next_check: Timestamp(0),
            check_gap_ms: 2_000 / rate.max(1),
            errors: 0,
        }
    }

    /// When the next list may be asked for, if one is wanted.
    fn list_at(&self) -> Option<Timestamp> {
        let (at, _) = self.due.first().filter(|_| self.lists && !self.listing)?;
        Some((*at).max(self.next_list))
    }

    /// When the next order may be asked for by itself, if one is to be.
    fn check_at(&self) -> Option<Timestamp> {
        if self.checks >= CHECKS_MAX {
            return None;
        }
        let at = match self.due.first() {
            _ if !self.missing.is_empty() => Timestamp(0),
            Some((at, _)) if !self.lists => *at,
            _ => return None,
        };
        Some(at.max(self.next_check))
    }
}

/// What an order waits for, if it waits for a code.
fn watch(order: &Order) -> Option<Watch> {
    let purchase = order.purchase.as_ref()?;
    let (awaited, vendor_order, since) = match (order.state, order.open_resend()) {
        (OrderState::Waiting | OrderState::Cancelling { .. }, _) => {
            (Awaited::Code, &purchase.vendor_order, purchase.bought_at)
        }
        (_, Some(open)) if matches!(open.state, ResendState::Waiting { .. }) => {
            (Awaited::Another, &open.vendor_order, open.asked_at)
        }
        _ => return None,
    };
    Some(Watch {
        awaited,
        provider: purchase.provider.clone(),
        service: order.service().clone(),
        vendor_order: vendor_order.clone(),
        since,
        at: Timestamp(0),
        polls: 0,
        errors: 0,
        misses: awaited.misses(),
        telling: false,
        odd: false,
    })
}

impl Polls {
    pub(super) fn new(shop: Arc<Shop>) -> Self {
        Self { shop, watched: BTreeMap::new(), lines: BTreeMap::new(), rounds: JoinSet::new() }
    }

    /// Watches an order that waits for a code, and no longer when it does not.
    pub(super) fn order(&mut self, order: &Order) {
        let id = order.id();
        let Some(watch) = watch(order) else { return self.forget(id) };
        let place = |watch: &Watch| (watch.awaited, watch.since);
        match self.watched.get(&id) {
            Some(known)
                if place(known) == place(&watch) && known.vendor_order == watch.vendor_order =>
            {
                return;
            }
            Some(_) => self.forget(id),
            None => {}
        }
        let line = self.line(&watch.provider);
        line.by_purchase.insert(watch.vendor_order.clone(), id);
        line.again = line.again.saturating_add(usize::from(watch.awaited == Awaited::Another));
        self.watched.insert(id, watch);
        self.plan(id);
    }

    fn forget(&mut self, id: OrderId) {
        let Some(watch) = self.watched.remove(&id) else { return };
        let Some(line) = self.lines.get_mut(&watch.provider) else { return };
        line.due.remove(&(watch.at, id));
        line.missing.remove(&id);
        line.by_purchase.remove(&watch.vendor_order);
        line.again = line.again.saturating_sub(usize::from(watch.awaited == Awaited::Another));
    }

    fn line(&mut self, provider: &ProviderId) -> &mut Line {
        let shop = &self.shop;
        self.lines.entry(provider.clone()).or_insert_with(|| Line::new(shop, provider))
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
        let Some(line) = self.lines.get_mut(&watch.provider) else { return };
        line.due.remove(&(watch.at, id));
        watch.at = at;
        line.due.insert((at, id));
    }

    /// Sets an order's next poll by its age.
    fn plan(&mut self, id: OrderId) {
        let Some(watch) = self.watched.get(&id) else { return };
        let now = self.shop.clock.now();
        let failed = self.lines.get(&watch.provider).map_or(0, |line| line.errors);
        let age_secs = now.secs_since(watch.since);
        let chance = self.shop.odds.chance(&watch.provider, &watch.service, age_secs);
        let live = self.shop.live.load();
        let facts = PollFacts {
            service: watch.service.clone(),
            provider: watch.provider.clone(),
            age_secs,
            timeout_secs: live.policy.order_timeout_secs,
            attempt: watch.polls,
            errors: failed.max(watch.errors),
            samples: chance.map_or(0, |chance| chance.samples),
            chance_per_mille: chance.and_then(|chance| chance.per_mille),
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

    /// Waits until something can be asked, or an answer comes back.
    pub(super) async fn next(&mut self) -> Due {
        let starts = self.lines.iter().flat_map(|(provider, line)| {
            let list = line.list_at().map(|at| (at, provider, true));
            let check = line.check_at().map(|at| (at, provider, false));
            list.into_iter().chain(check)
        });
        let first = starts.min().map(|(at, provider, lists)| (at, provider.clone(), lists));
        let clock = self.shop.clock.clone();
        let due = async move {
            let Some((at, provider, lists)) = first else { return std::future::pending().await };
            clock.sleep_until(at).await;
            if lists { Due::List(provider) } else { Due::Check(provider) }
        };
        tokio::select! {
            due = due => due,
            // Panics are caught inside a round, so a round always comes back.
            Some(Ok(round)) = self.rounds.join_next() => Due::Round(round),
        }
    }

    pub(super) fn pass(&mut self, due: Due) {
        match due {
            Due::List(provider) => self.list(provider),
            Due::Check(provider) => self.check(provider),
            Due::Round(round) => self.learn(round),
        }
    }

    fn list(&mut self, provider: ProviderId) {
        let now = self.shop.clock.now();
        let Some(line) = self.lines.get_mut(&provider) else { return };
        line.listing = true;
        line.next_list = Timestamp(now.0.saturating_add(LIST_GAP_MS));
        let until = Timestamp(now.0.saturating_add(TOGETHER_MS));
        tasks::spawn_in(&mut self.rounds, asking::list(Arc::clone(&self.shop), provider, until));
    }

    fn check(&mut self, provider: ProviderId) {
        let now = self.shop.clock.now();
        let Some(line) = self.lines.get_mut(&provider) else { return };
        let id = match line.missing.pop_first() {
            Some(id) => id,
            None => match line.due.first() {
                Some((_, id)) => *id,
                None => return,
            },
        };
        // Whatever stands in a line is watched.
        let Some(watch) = self.watched.get(&id) else { return };
        line.checks = line.checks.saturating_add(1);
        line.next_check = Timestamp(now.0.saturating_add(line.check_gap_ms));
        let said = Said { order: id, vendor_order: watch.vendor_order.clone() };
        self.set(id, now.plus_secs(CHECK_LOST_SECS));
        tasks::spawn_in(&mut self.rounds, asking::check(Arc::clone(&self.shop), provider, said));
    }

    fn learn(&mut self, round: Round) {
        match round {
            Round::Listed { provider, until, rows } => self.listed(&provider, until, rows),
            Round::Checked { provider, order, status } => {
                if let Some(line) = self.lines.get_mut(&provider) {
                    line.checks = line.checks.saturating_sub(1);
                }
                let Some(watch) = self.watched.get_mut(&order) else { return };
                watch.polls = watch.polls.saturating_add(1);
                watch.misses = watch.awaited.misses();
                watch.errors = if status.is_ok() { 0 } else { watch.errors.saturating_add(1) };
                if let Some(said) = status.ok().and_then(|status| self.news(order, &status)) {
                    tasks::spawn_in(
                        &mut self.rounds,
                        asking::tell(Arc::clone(&self.shop), vec![said]),
                    );
                }
                self.plan(order);
            }
            Round::Told(orders) => {
                for order in orders {
                    if let Some(watch) = self.watched.get_mut(&order) {
                        watch.telling = false;
                    }
                }
            }
        }
    }

    fn listed(
        &mut self,
        provider: &ProviderId,
        until: Timestamp,
        rows: Result<Arc<Vec<VendorOrder>>, CallError>,
    ) {
        let Some(line) = self.lines.get_mut(provider) else { return };
        line.listing = false;
        let asked = line.due.iter().take_while(|(at, _)| *at <= until);
        let asked: Vec<OrderId> = asked.map(|(_, id)| *id).collect();
        match rows {
            Ok(rows) => {
                line.errors = 0;
                self.read(provider, &rows, &asked);
            }
            // The manifest promised a list that there is not; its orders are due as they were.
            Err(CallError::NotOffered) => {
                line.lists = false;
                return;
            }
            Err(error) => {
                tracing::debug!(%provider, %error, "poll failed");
                line.errors = line.errors.saturating_add(1);
            }
        }
        for id in asked {
            if let Some(watch) = self.watched.get_mut(&id) {
                watch.polls = watch.polls.saturating_add(1);
            }
            self.plan(id);
        }
    }

    /// Takes in a list: news of any open order, and which of those asked about are missing.
    fn read(&mut self, provider: &ProviderId, rows: &[VendorOrder], asked: &[OrderId]) {
        let Some(line) = self.lines.get(provider) else { return };
        let changed =
            rows.iter().filter(|row| line.again > 0 || row.status != OrderStatus::Waiting);
        let changed = changed
            .filter_map(|row| Some((*line.by_purchase.get(&row.vendor_order_id)?, &row.status)));
        let changed: Vec<(OrderId, &OrderStatus)> = changed.collect();
        let named: HashSet<&str> = rows.iter().map(|row| row.vendor_order_id.as_str()).collect();
        for id in asked {
            let Some(watch) = self.watched.get_mut(id) else { continue };
            let is_named = named.contains(watch.vendor_order.as_str());
            watch.misses =
                if is_named { watch.awaited.misses() } else { watch.misses.saturating_add(1) };
            if let Some(line) = self.lines.get_mut(provider) {
                if watch.misses > MISSES_MAX {
                    line.missing.insert(*id);
                } else {
                    line.missing.remove(id);
                }
            }
        }
        let news = changed.into_iter().filter_map(|(id, status)| self.news(id, status));
        let news: Vec<_> = news.collect();
        if !news.is_empty() {
            tasks::spawn_in(&mut self.rounds, asking::tell(Arc::clone(&self.shop), news));
        }
    }

    /// What the core must be told of this, unless it is being told already.
    fn news(&mut self, id: OrderId, status: &OrderStatus) -> Option<asking::Fact> {
        let watch = self.watched.get_mut(&id)?;
        if let OrderStatus::Unrecognised { raw } = status
            && !std::mem::replace(&mut watch.odd, true)
        {
            tracing::warn!(order = %id, raw, "the vendor's status is not known; waiting on");
        }
        let said = Said { order: id, vendor_order: watch.vendor_order.clone() };
        let fact = match watch.awaited {
            Awaited::Code => asking::fact(said, status),
            Awaited::Another => asking::word(id, status),
        };
        let fact = fact.filter(|_| !watch.telling)?;
        watch.telling = true;
        Some(fact)
    }

    /// Ends every round that is under way.
    pub(super) async fn stop(&mut self) {
        self.rounds.shutdown().await;
    }
}
