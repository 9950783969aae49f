//! The broadcast that is under way: one message to each customer in the order of their ids, paced
//! below Telegram's limits and behind every answer. Only `effects` runs this.
//!
//! What became of each message is committed as soon as it is known, together with what else became
//! known meanwhile. So a process that is killed leaves open only what was out at that moment: it
//! is sent again, and comes twice where Telegram had taken it. See `ring4_domain::broadcast`.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ring4_domain::broadcast::{Broadcast, BroadcastState, BroadcastStep, Delivery, Outreach};
use ring4_domain::change::{Actor, Seq};
use ring4_domain::command::Command;
use ring4_domain::effect::Effect;
use ring4_domain::ids::{BroadcastId, UserId};
use ring4_telegram::outgoing::{Call, ChatId, Markup, Outgoing, Priority};
use ring4_telegram::sender::SendError;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::desk;
use super::granting::Found;
use crate::shop::{Shop, ShopError};

/// Messages that are out at the same time: as many as a slow Telegram needs to keep the pace, and
/// as many as may still arrive after an admin pauses, or twice after a kill.
const OUT_MAX: usize = 16;

/// Customers read at once.
const PAGE_ROWS: usize = 200;

/// From one look of the admins' cards to the next.
const CARDS_EVERY: Duration = Duration::from_secs(5);

/// Wait before a message that was not sent is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Wait after something failed that no message is at fault for.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// How long messages that are out may take to be answered when the shop closes.
const END_WITHIN: Duration = Duration::from_secs(1);

/// Works on whatever broadcast is under way, until the shop closes.
pub(super) async fn watch(shop: Arc<Shop>, due: Arc<Notify>, closing: CancellationToken) {
    loop {
        let worked = match shop.snapshot().active_broadcast() {
            Ok(Some(broadcast)) if broadcast.state == BroadcastState::Running => {
                work(&shop, broadcast, &due, &closing).await.map(|()| true)
            }
            Ok(_) => Ok(false),
            Err(error) => Err(error.into()),
        };
        let wait = async {
            match worked {
                Ok(true) => {}
                Ok(false) => due.notified().await,
                // The engine that is opened next goes on.
                Err(ShopError::Stopped(_) | ShopError::Trouble) => closing.cancelled().await,
                Err(error) => {
                    tracing::warn!(%error, "a broadcast stands still for a moment");
                    sleep(RETRY_AFTER).await;
                }
            }
        };
        if closing.run_until_cancelled(wait).await.is_none() || closing.is_cancelled() {
            return;
        }
    }
}

/// Sends until it pauses, ends, or the shop closes.
async fn work(
    shop: &Arc<Shop>,
    broadcast: Broadcast,
    due: &Notify,
    closing: &CancellationToken,
) -> Result<(), ShopError> {
    let over = CancellationToken::new();
    let showing = tokio::spawn(keep_cards(Arc::clone(shop), broadcast.id, over.clone()));
    let id = broadcast.id;
    tracing::info!(broadcast = %id, "a broadcast goes on");
    let worked = Run::new(shop, broadcast)?.go(due, closing).await;
    over.cancel();
    // A look that is still on its way would overtake the last one.
    if closing.run_until_cancelled(showing).await.is_some() && worked.is_ok() {
        look(shop, id).await;
    }
    worked
}

/// Brings the admins' cards up to date now and then. Not a wish each time: what the card shows in
/// between is worth no entry.
async fn keep_cards(shop: Arc<Shop>, id: BroadcastId, over: CancellationToken) {
    while over.run_until_cancelled(sleep(CARDS_EVERY)).await.is_some() {
        look(&shop, id).await;
    }
}

async fn look(shop: &Shop, id: BroadcastId) {
    let Ok(Some(broadcast)) = shop.snapshot().broadcast(id) else { return };
    for card in broadcast.admin_cards {
        match desk::broadcast_to_admin(shop, id, card.admin).await {
            // The old card was gone. No entry has this place, so no wish counts as granted.
            Ok(Found::Granted(message @ Some(_))) => {
                let effect = Effect::ShowBroadcastToAdmin(id, card.admin);
                let command = Command::Granted { effect, made: Seq::default(), message };
                let noted = shop.submit(Actor::Engine, "broadcast", command).await;
                if let Err(error) = noted {
                    tracing::debug!(%error, "a new card was not noted down");
                }
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "a broadcast's card was not shown"),
        }
    }
}

/// One stretch of a broadcast.
struct Run<'shop> {
    shop: &'shop Arc<Shop>,
    broadcast: Broadcast,
    /// As it was when the stretch began: whoever is done with since then is behind `read_upto`.
    begun: Outreach,
    /// Whom the message goes to next.
    next: VecDeque<UserId>,
    /// The last customer read.
    read_upto: Option<UserId>,
    /// Whether nobody is behind that one.
    read_all: bool,
    /// Everybody whose turn came, in order, from the first that is not done with.
    passed: VecDeque<UserId>,
    /// Those of them that are not done with.
    open: BTreeSet<UserId>,
    /// Everybody up to this one is done with.
    upto: Option<UserId>,
    out: JoinSet<Option<(UserId, Delivery)>>,
}

impl<'shop> Run<'shop> {
    fn new(shop: &'shop Arc<Shop>, broadcast: Broadcast) -> Result<Self, ShopError> {
        let begun = shop.snapshot().outreach(broadcast.id)?;
        let begun = begun.unwrap_or_else(|| Outreach::none(broadcast.id));
        Ok(Self {
            shop,
            broadcast,
            next: VecDeque::new(),
            read_upto: begun.upto,
            read_all: false,
            passed: VecDeque::new(),
            open: BTreeSet::new(),
            upto: begun.upto,
            out: JoinSet::new(),
            begun,
        })
    }

    async fn go(mut self, due: &Notify, closing: &CancellationToken) -> Result<(), ShopError> {
        let mut slot = Instant::now();
        let mut ends = false;
        while !ends {
            self.read()?;
            if self.next.is_empty() && self.out.is_empty() {
                let command = Command::Broadcast(BroadcastStep::Finish { id: self.broadcast.id });
                // The core refuses nothing to the engine here.
                let _ = self.submit(command).await?;
                return Ok(());
            }
            let may_send = !self.next.is_empty() && self.out.len() < OUT_MAX;
            tokio::select! {
                biased;
                () = closing.cancelled() => ends = true,
                () = due.notified() => ends = !self.is_running()?,
                Some(ended) = self.out.join_next() => self.settle(ended).await?,
                () = sleep_until(slot), if may_send => {
                    self.send();
                    slot = slot.max(Instant::now()) + self.interval();
                }
            }
        }
        // What is out arrives in any case, so what becomes of it is waited for.
        let ending = async {
            while let Some(ended) = self.out.join_next().await {
                self.settle(ended).await?;
            }
            Ok(())
        };
        match closing.is_cancelled() {
            true => timeout(END_WITHIN, ending).await.unwrap_or(Ok(())),
            false => {
                tokio::select! {
                    ended = ending => ended,
                    () = after(closing, END_WITHIN) => Ok(()),
                }
            }
        }
    }

    fn is_running(&self) -> Result<bool, ShopError> {
        let now = self.shop.snapshot().broadcast(self.broadcast.id)?;
        Ok(now.is_some_and(|now| now.state == BroadcastState::Running))
    }

    /// The time from one message to the next, as the settings have it now.
    fn interval(&self) -> Duration {
        let rate = self.shop.live.load().config.broadcast.messages_per_sec;
        Duration::from_secs(1) / rate.max(1)
    }

    /// Reads on when nobody is left.
    fn read(&mut self) -> Result<(), ShopError> {
        while self.next.is_empty() && !self.read_all {
            let snapshot = self.shop.snapshot();
            let mut rows = 0;
            for customer in snapshot.customers_behind(self.read_upto).take(PAGE_ROWS) {
                let customer = customer?;
                rows += 1;
                self.read_upto = Some(customer.id);
                self.passed.push_back(customer.id);
                let blocked = snapshot.standing(customer.id)?.is_some_and(|it| it.block.is_some());
                let known = Some(customer.created_at) <= self.broadcast.started_at;
                let wanted = customer.reachable && known && !blocked;
                if wanted && !self.begun.is_past(customer.id) {
                    self.open.insert(customer.id);
                    self.next.push_back(customer.id);
                }
            }
            self.read_all = rows < PAGE_ROWS;
        }
        Ok(())
    }

    fn send(&mut self) {
        let Some(customer) = self.next.pop_front() else { return };
        let (shop, text) = (Arc::clone(self.shop), self.broadcast.text.clone());
        self.out.spawn(async move {
            deliver(&shop, customer, text).await.map(|delivery| (customer, delivery))
        });
    }

    /// Writes down what became of this message, and of those that are answered by now.
    async fn settle(&mut self, ended: Ended) -> Result<(), ShopError> {
        let more = std::iter::from_fn(|| self.out.try_join_next());
        let ended: Vec<Ended> = std::iter::once(ended).chain(more).collect();
        let mut deliveries = Vec::with_capacity(ended.len());
        for ended in ended {
            // Nothing became of it: the sender was stopped. A start from here sends it.
            deliveries.extend(ended?);
        }
        if deliveries.is_empty() {
            return Ok(());
        }
        for (customer, _) in &deliveries {
            self.open.remove(customer);
        }
        while let Some(first) = self.passed.front().filter(|first| !self.open.contains(first)) {
            self.upto = Some(*first);
            self.passed.pop_front();
        }
        let (id, upto) = (self.broadcast.id, self.upto);
        // The core refuses nothing to the engine here.
        let _ =
            self.submit(Command::Broadcast(BroadcastStep::Record { id, upto, deliveries })).await?;
        Ok(())
    }

    async fn submit(&self, command: Command) -> crate::executor::Answer {
        self.shop.submit(Actor::Engine, &self.broadcast.id.to_string(), command).await
    }
}

type Ended = Result<Option<(UserId, Delivery)>, tokio::task::JoinError>;

async fn after(closing: &CancellationToken, span: Duration) {
    closing.cancelled().await;
    sleep(span).await;
}

/// Sends until Telegram says yes or no; nothing where the shop ends before that.
async fn deliver(shop: &Shop, customer: UserId, text: String) -> Option<Delivery> {
    loop {
        let call = Call::SendMessage {
            text: text.clone(),
            markup: Markup::None,
            reply_to: None,
            silent: false,
        };
        let chat = ChatId::from(customer);
        let sent = shop.sender.send(Outgoing { chat, priority: Priority::Broadcast, call }).await;
        match sent {
            Ok(_) => return Some(Delivery::Sent),
            Err(SendError::Unreachable) => return Some(Delivery::Unreachable),
            Err(SendError::Stopped) => return None,
            Err(SendError::RetryAfter { secs }) => sleep(Duration::from_secs(secs.max(1))).await,
            // It was its turn too late, or Telegram is down: nobody is left out for that.
            Err(SendError::TimedOut | SendError::Full | SendError::ChatFull) => {
                sleep(AGAIN_AFTER).await;
            }
            Err(SendError::Call(error)) if error.is_passing() => sleep(AGAIN_AFTER).await,
            Err(error) => {
                tracing::warn!(%customer, %error, "a message of a broadcast was not taken");
                return Some(Delivery::Failed);
            }
        }
    }
}
