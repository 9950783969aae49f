//! The clock's side: orders, deposits and quotes whose time is up, and days that begin. Nothing
//! of this is stored; the deadlines stand in the records, and this is rebuilt from them. Only
//! `effects` uses it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::day::Day;
use ring4_domain::deposit::{Deposit, DepositState};
use ring4_domain::ids::{DepositId, OrderId, Timestamp};
use ring4_domain::order::{CancelReason, Order, OrderState, QUOTE_KEPT_SECS};
use ring4_domain::resend::ResendStep;

use crate::executor::SubmitError;
use crate::shop::Shop;

/// How long after a start, or after the clock was found late, a hold is not given back by its
/// deadline, in seconds: the vendor is asked first what happened while nobody looked.
pub(super) const GRACE_SECS: u32 = 30;

/// Whose time is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    Order(OrderId),
    Deposit(DepositId),
    Quote(OrderId),
    /// The code has not come in the time that others took.
    Code(OrderId),
    /// Another code was waited for long enough.
    Resend(OrderId),
    /// A day has begun; what was kept long enough is forgotten.
    Day,
}

pub(super) struct Deadlines {
    shop: Arc<Shop>,
    started_at: Timestamp,
    due: BTreeMap<(Timestamp, Subject), ()>,
    at: BTreeMap<Subject, Timestamp>,
}

impl Deadlines {
    pub(super) fn new(shop: Arc<Shop>) -> Self {
        let started_at = shop.clock.now();
        Self { shop, started_at, due: BTreeMap::new(), at: BTreeMap::new() }
    }

    fn set(&mut self, subject: Subject, at: Option<Timestamp>) {
        if let Some(before) = self.at.remove(&subject) {
            self.due.remove(&(before, subject));
        }
        if let Some(at) = at {
            self.at.insert(subject, at);
            self.due.insert((at, subject), ());
        }
    }

    pub(super) fn order(&mut self, order: &Order) {
        self.code(order);
        let now = self.shop.clock.now();
        let due = |deadline| if order.is_due(deadline, now) { deadline.min(now) } else { deadline };
        let again = order.open_resend().map(|open| due(open.deadline));
        self.set(Subject::Resend(order.id()), again);
        let subject = Subject::Order(order.id());
        let at = match order.state {
            OrderState::Waiting | OrderState::Cancelling { reason: CancelReason::SecondTry } => {
                Some(due(order.deadline))
            }
            OrderState::Buying { started: false, .. } => {
                Some(due(order.purchase_deadline(&self.shop.live.load().policy)))
            }
            state if state.is_open() => {
                // The vendor was asked already where a human is asked now.
                let human = order.lost.as_ref().is_some_and(|lost| lost.asked);
                let grace_secs = if human { 0 } else { GRACE_SECS };
                let at = due(order.hold_deadline).max(self.started_at.plus_secs(grace_secs));
                // A machine that slept comes here with both deadlines behind it.
                let late = self.at.get(&subject).copied().filter(|at| now < *at);
                Some(if now < at { at } else { late.unwrap_or(now.plus_secs(grace_secs)) })
            }
            _ => None,
        };
        self.set(subject, at);
    }

    /// When another vendor is to be tried, where the settings want that.
    fn code(&mut self, order: &Order) {
        let live = self.shop.live.load();
        let second = &live.config.orders.second_try;
        let waits = order.state == OrderState::Waiting && order.former.is_empty();
        let purchase = order.purchase.as_ref().filter(|_| second.enabled && waits);
        let at = purchase.map(|purchase| {
            let usual = self.shop.odds.median_wait_secs(&purchase.provider, order.service());
            let usual_secs = usual.unwrap_or(second.median_secs);
            purchase.bought_at.plus_secs(usual_secs).plus_secs(second.margin_secs)
        });
        drop(live);
        self.set(Subject::Code(order.id()), at);
    }

    /// Whether anybody else could sell this order a number now.
    fn has_another(&self, id: OrderId) -> bool {
        let order = self.shop.snapshot().order(id).ok().flatten();
        order.is_some_and(|order| {
            let asked = order.purchase.as_ref().map(|purchase| purchase.candidate);
            let next = asked.and_then(|asked| order.next_candidate(asked));
            let mut later =
                order.quote.candidates.iter().skip(next.map_or(usize::MAX, usize::from));
            later.any(|candidate| self.shop.registry.can_buy(&candidate.provider))
        })
    }

    pub(super) fn deposit(&mut self, deposit: &Deposit) {
        let opened = deposit.state == DepositState::Opened;
        self.set(Subject::Deposit(deposit.id), opened.then_some(deposit.expires_at));
    }

    pub(super) fn quote(&mut self, id: OrderId, expires_at: Timestamp) {
        self.set(Subject::Quote(id), Some(expires_at.plus_secs(QUOTE_KEPT_SECS)));
    }

    /// A start counts as the beginning of a day: it may have been missed.
    pub(super) fn day(&mut self) {
        self.set(Subject::Day, Some(self.started_at));
    }

    /// Waits for the next deadline; for ever while there is none.
    pub(super) fn next(&self) -> impl Future<Output = Subject> + use<> {
        let next = self.due.first_key_value().map(|(key, ())| *key);
        let clock = self.shop.clock.clone();
        async move {
            match next {
                Some((at, subject)) => {
                    clock.sleep_until(at).await;
                    subject
                }
                None => std::future::pending().await,
            }
        }
    }

    /// Tells the core that time is up.
    pub(super) async fn pass(&mut self, subject: Subject) -> Result<(), SubmitError> {
        self.set(subject, None);
        let (trace, command) = match subject {
            Subject::Order(order) => (format!("t{order}"), Command::OrderDeadline { order }),
            Subject::Deposit(deposit) => {
                (format!("t{deposit}"), Command::DepositDeadline { deposit })
            }
            Subject::Quote(quote) => (format!("t{quote}"), Command::QuoteDeadline { quote }),
            // A number is not given up for nobody's.
            Subject::Code(order) if !self.has_another(order) => return Ok(()),
            Subject::Resend(order) => {
                let step = ResendStep::Deadline;
                (format!("t{order}"), Command::Resend { order, step })
            }
            Subject::Code(order) => (format!("t{order}"), Command::CodeOverdue { order }),
            Subject::Day => {
                let today = Day::of(self.shop.clock.now());
                self.set(subject, Some(today.next().begin()));
                (today.to_string(), Command::ForgetCodes)
            }
        };
        // What changed comes back as news and sets the next deadline, if there is one.
        let _ = self.shop.submit(Actor::Engine, &trace, command).await?;
        Ok(())
    }
}
