//! Grants what the outbox wishes and watches what is open: purchases, cards, messages, polls,
//! deadlines. Whatever the world answers becomes a command. Only the start-up imports this.
//!
//! A wish is granted at least once. What may not be repeated, a purchase, first has "started"
//! committed; found started after a crash it is not repeated but asked about.

mod broadcasting;
pub(crate) mod crediting;
mod deadlines;
mod desk;
mod forgetting;
mod granting;
mod orphans;
mod polling;
mod purchasing;
pub(crate) mod referring;
mod resending;
pub(crate) mod searching;
mod showing;
mod starring;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use ring4_domain::change::Seq;
use ring4_domain::effect::Effect;
use ring4_domain::ids::Timestamp;
use ring4_domain::order::OrderState;
use ring4_storage::Undecided;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::executor::{News, NewsBoard, Stopped, SubmitError};
use crate::shop::{Shop, ShopError};
use crate::tasks;
use deadlines::Deadlines;
use granting::Granted;
use polling::Polls;

/// Effects under way at the same time.
const RUNNING_MAX: usize = 256;

/// How long attempts may take to end when the shop closes.
const END_WITHIN: Duration = Duration::from_secs(1);

/// Wait before a wish that failed is tried again, in seconds: first, and at most.
const RETRY_SECS: (u32, u32) = (1, 60);

/// Longest wait behind another purchase before the way is looked at again, in seconds.
const BEHIND_SECS: u32 = 5;

/// What became of an attempt.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    effect: Effect,
    made: Seq,
    result: Granted,
}

/// A wish that is being granted, or waits for its next attempt.
#[derive(Clone, Copy, Debug)]
struct Wish {
    made: Seq,
    /// Made again while it was being granted: the subject has changed since it was read.
    again: bool,
    /// Nobody grants it just now: what is left to come is watched, and changes its subject.
    watched: bool,
    failures: u32,
}

/// The effects of one shop.
pub struct Effects {
    shop: Arc<Shop>,
    board: Arc<NewsBoard>,
    deadlines: Deadlines,
    polls: Polls,
    wishes: BTreeMap<Effect, Wish>,
    places: Arc<Semaphore>,
    attempts: JoinSet<Attempt>,
    /// Changes whenever a purchase is no longer awaited or unclear.
    cleared: watch::Sender<u64>,
    /// Ends the waiting of attempts that have not begun.
    closing: CancellationToken,
    /// Says that a broadcast may have to be sent, or not any more.
    broadcasts: Arc<Notify>,
}

impl Effects {
    /// The effects of this shop, beginning with what the outbox and the open records hold.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn restore(shop: Arc<Shop>, board: Arc<NewsBoard>) -> Result<Self, ShopError> {
        let snapshot = shop.snapshot();
        let mut effects = Self {
            deadlines: Deadlines::new(Arc::clone(&shop)),
            polls: Polls::new(Arc::clone(&shop)),
            shop,
            board,
            wishes: BTreeMap::new(),
            places: Arc::new(Semaphore::new(RUNNING_MAX)),
            attempts: JoinSet::new(),
            cleared: watch::Sender::new(0),
            closing: CancellationToken::new(),
            broadcasts: Arc::default(),
        };
        effects.deadlines.day();
        for order in snapshot.open_orders()? {
            effects.deadlines.order(&order);
            effects.polls.resume(&order);
        }
        for deposit in snapshot.deposits_in_state(Undecided::Opened, usize::MAX)? {
            effects.deadlines.deposit(&deposit);
        }
        for quote in snapshot.quotes_expiring_before(Timestamp(i64::MAX), usize::MAX)? {
            effects.deadlines.quote(quote.id, quote.expires_at);
        }
        for wish in snapshot.outbox() {
            let (effect, made) = wish?;
            if let Effect::Resend(id) = effect
                && let Some(order) = snapshot.order(id)?
            {
                effects.deadlines.order(&order);
                effects.polls.resume(&order);
            }
            effects.wish(effect, made);
        }
        Ok(effects)
    }

    /// Works until told to stop. Attempts that do not end soon are dropped then: each is a wish
    /// that the outbox still holds.
    ///
    /// When nothing can be committed any more, nothing is begun either: what the world answered
    /// could not be written down, so that a message would go out again and again. What is under
    /// way ends; all of it stands in outbox and records for the engine that is opened next.
    ///
    /// # Errors
    /// The executor has stopped before.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), Stopped> {
        let executor = self.shop.executor.clone();
        // Whatever ends this ends what runs beside it.
        let _closes = self.closing.clone().drop_guard();
        let watching = orphans::watch(Arc::clone(&self.shop), self.closing.clone());
        let watching = tasks::spawn(watching);
        let sweeping = starring::watch(Arc::clone(&self.shop), self.closing.clone());
        let sweeping = tasks::spawn(sweeping);
        let (shop, due) = (Arc::clone(&self.shop), Arc::clone(&self.broadcasts));
        let broadcasting = tasks::spawn(broadcasting::watch(shop, due, self.closing.clone()));
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = executor.halted() => {
                    self.closing.cancel();
                    stop.cancelled().await;
                    break;
                }
                news = self.board.take() => news.into_iter().for_each(|news| self.hear(news)),
                Some(attempt) = self.attempts.join_next() => match attempt {
                    Ok(attempt) => self.attempted(attempt)?,
                    // A panic is caught inside the attempt; this is a cancelled task at the end.
                    Err(error) => tracing::error!(%error, "an effect was lost"),
                },
                due = self.deadlines.next() => match self.deadlines.pass(due).await {
                    // The deadline stands in the record.
                    Ok(()) | Err(SubmitError::Trouble) => {}
                    Err(SubmitError::Stopped(stopped)) => return Err(stopped),
                },
                due = self.polls.next() => self.polls.pass(due),
            }
        }
        // A purchase that is cut off here would be unclear after the next start; most end soon.
        self.closing.cancel();
        let ending = async { while self.attempts.join_next().await.is_some() {} };
        if tokio::time::timeout(END_WITHIN, ending).await.is_err() {
            self.attempts.shutdown().await;
        }
        self.polls.stop().await;
        if let Err(error) = watching.await {
            tracing::error!(%error, "the watch for orphans was lost");
        }
        if let Err(error) = sweeping.await {
            tracing::error!(%error, "the sweep through payments in stars was lost");
        }
        if let Err(error) = broadcasting.await {
            tracing::error!(%error, "a broadcast was lost");
        }
        Ok(())
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Wish(effect, made) => self.wish(effect, made),
            News::Order(order) => {
                if !matches!(order.state, OrderState::Buying { .. } | OrderState::Unclear) {
                    self.cleared.send_modify(|times| *times = times.wrapping_add(1));
                }
                self.deadlines.order(&order);
                self.polls.order(&order);
                if !order.resends.is_empty() && order.open_resend().is_none() {
                    self.stir(Effect::Resend(order.id()));
                }
                self.shop.odds.note(&order);
                self.shop.notices.order(&order);
            }
            News::Deposit(deposit) => self.deadlines.deposit(&deposit),
            News::Quote(id, expires_at) => self.deadlines.quote(id, expires_at),
            News::Broadcast(_) => self.broadcasts.notify_one(),
        }
    }

    fn wish(&mut self, effect: Effect, made: Seq) {
        if let Some(wish) = self.wishes.get_mut(&effect) {
            wish.made = made;
            self.stir(effect);
            return;
        }
        self.wishes.insert(effect, Wish { made, again: false, watched: false, failures: 0 });
        self.attempt(effect, made, 0);
    }

    /// The subject of a wish has changed: it is granted anew, at once where nobody grants it.
    fn stir(&mut self, effect: Effect) {
        let Some(wish) = self.wishes.get_mut(&effect) else { return };
        if !std::mem::take(&mut wish.watched) {
            wish.again = true;
            return;
        }
        let made = wish.made;
        self.attempt(effect, made, 0);
    }

    fn attempt(&mut self, effect: Effect, made: Seq, after_secs: u32) {
        let shop = Arc::clone(&self.shop);
        let places = Arc::clone(&self.places);
        let closing = self.closing.clone();
        // From before the attempt, so that nothing that clears up during it is missed.
        let mut cleared = self.cleared.subscribe();
        tasks::spawn_in(&mut self.attempts, async move {
            let due = shop.clock.now().plus_secs(after_secs);
            let waiting = closing.run_until_cancelled(shop.clock.sleep_until(due)).await;
            if waiting.is_none() || closing.is_cancelled() {
                return Attempt { effect, made, result: Granted::Stopped };
            }
            let place = places.acquire_owned().await;
            let granting = std::panic::AssertUnwindSafe(granting::grant(&shop, effect, made));
            let result = granting.catch_unwind().await.unwrap_or_else(|_| {
                tracing::error!(effect = effect.name(), "an effect panicked");
                Granted::Failed
            });
            drop(place);
            if result == Granted::Behind {
                let longest = shop.clock.sleep_until(shop.clock.now().plus_secs(BEHIND_SECS));
                tokio::select! {
                    _ = cleared.changed() => {}
                    () = longest => {}
                    () = closing.cancelled() => {}
                }
                // Whether the way is clear now is for the next attempt to see.
            }
            Attempt { effect, made, result }
        });
    }

    fn attempted(&mut self, attempt: Attempt) -> Result<(), Stopped> {
        let Attempt { effect, result, made } = attempt;
        let Some(wish) = self.wishes.get_mut(&effect) else { return Ok(()) };
        let again = std::mem::take(&mut wish.again) || wish.made != made;
        let made = wish.made;
        match result {
            Granted::Done | Granted::Watched if again => {
                wish.failures = 0;
                self.attempt(effect, made, 0);
            }
            Granted::Done => {
                self.wishes.remove(&effect);
            }
            Granted::Watched => {
                wish.watched = true;
                wish.failures = 0;
            }
            Granted::Later { secs } => self.attempt(effect, made, secs),
            Granted::Behind => self.attempt(effect, made, 0),
            Granted::Failed => {
                wish.failures = wish.failures.saturating_add(1);
                let (first, most) = RETRY_SECS;
                let secs = first.saturating_mul(1 << wish.failures.min(10).saturating_sub(1));
                self.attempt(effect, made, secs.min(most));
            }
            Granted::Held => {}
            Granted::Stopped => return Err(Stopped),
        }
        Ok(())
    }
}
