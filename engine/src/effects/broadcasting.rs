//! The broadcast that is under way: one message to each customer in the order of their ids, paced
//! below Telegram's limits and behind every answer. Only `effects` runs this.
//!
//! What became of each message is committed as soon as it is known, together with what else became
//! known meanwhile. So a process that is killed leaves open only what was out at that moment: it
//! is sent again, and comes twice where Telegram had taken it. See `ring4_domain::broadcast`.

mod courier;
mod line;

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use ring4_domain::broadcast::{Broadcast, BroadcastState, BroadcastStep, Delivery, Outreach};
use ring4_domain::change::{Actor, Seq};
use ring4_domain::command::Command;
use ring4_domain::effect::Effect;
use ring4_domain::ids::{BroadcastId, Timestamp, UserId};
use ring4_storage::{ReadError, Snapshot};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::desk;
use super::granting::Found;
use courier::Courier;
use line::{Line, Page};

use crate::shop::{Shop, ShopError};
use crate::tasks;

/// Messages that are out at the same time: as many as a slow Telegram needs to keep the pace, and
/// as many as may still arrive after an admin pauses, or twice after a kill.
const OUT_MAX: usize = 16;

/// Customers read at once.
const PAGE_ROWS: usize = 200;

/// From one look of the admins' cards to the next.
const CARDS_EVERY: Duration = Duration::from_secs(5);

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
    let showing = tasks::spawn(keep_cards(Arc::clone(shop), broadcast.id, over.clone()));
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
    line: Line,
    courier: Arc<Courier>,
    /// Cancelled when messages that are not out are to stay.
    withdrawn: CancellationToken,
    out: JoinSet<Option<(UserId, Delivery)>>,
}

impl<'shop> Run<'shop> {
    fn new(shop: &'shop Arc<Shop>, broadcast: Broadcast) -> Result<Self, ShopError> {
        let begun = shop.snapshot().outreach(broadcast.id)?;
        let begun = begun.unwrap_or_else(|| Outreach::none(broadcast.id));
        let withdrawn = CancellationToken::new();
        let courier = Courier::new(Arc::clone(shop), broadcast.text.clone(), withdrawn.clone());
        Ok(Self {
            shop,
            broadcast,
            line: Line::from(&begun),
            courier: Arc::new(courier),
            withdrawn,
            out: JoinSet::new(),
        })
    }

    async fn go(mut self, due: &Notify, closing: &CancellationToken) -> Result<(), ShopError> {
        let mut slot = Instant::now();
        let mut ends = false;
        while !ends {
            if self.line.is_over() {
                let command = Command::Broadcast(BroadcastStep::Finish { id: self.broadcast.id });
                // The core refuses nothing to the engine here.
                let _ = self.submit(command).await?;
                return Ok(());
            }
            let wants_page = self.line.wants_page();
            let may_send = self.line.may_go() && self.out.len() < OUT_MAX;
            tokio::select! {
                biased;
                () = closing.cancelled() => ends = true,
                () = due.notified() => ends = !self.is_running()?,
                Some(ended) = self.out.join_next() => self.settle(ended).await?,
                // A page at a time: a long row of people it is not for keeps nobody waiting.
                () = ready(()), if wants_page => self.read().await?,
                () = sleep_until(slot), if may_send => {
                    self.send();
                    slot = slot.max(Instant::now()) + self.interval();
                }
            }
        }
        self.withdrawn.cancel();
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

    /// Reads some customers more.
    async fn read(&mut self) -> Result<(), ShopError> {
        let snapshot = self.shop.snapshot();
        let (behind, started_at) = (self.line.read_upto(), self.broadcast.started_at);
        let reading = move || page(&snapshot, behind, started_at);
        self.line.add(tasks::block(reading).await??);
        Ok(())
    }

    fn send(&mut self) {
        let Some(customer) = self.line.pop() else { return };
        let courier = Arc::clone(&self.courier);
        tasks::spawn_in(&mut self.out, async move {
            courier.deliver(customer).await.map(|delivery| (customer, delivery))
        });
    }

    /// Writes down what became of this message, and of those that are answered by now.
    async fn settle(&mut self, ended: Ended) -> Result<(), ShopError> {
        let more = std::iter::from_fn(|| self.out.try_join_next());
        let ended: Vec<Ended> = std::iter::once(ended).chain(more).collect();
        let mut deliveries = Vec::with_capacity(ended.len());
        for ended in ended {
            // Nothing became of it: it was withdrawn. A start from here sends it.
            deliveries.extend(ended?);
        }
        if deliveries.is_empty() {
            return Ok(());
        }
        let upto = self.line.done(deliveries.iter().map(|(customer, _)| *customer));
        let id = self.broadcast.id;
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

/// The customers behind this one whom the broadcast is for.
fn page(
    snapshot: &Snapshot,
    behind: Option<UserId>,
    started_at: Option<Timestamp>,
) -> Result<Page, ReadError> {
    let mut page = Page { wanted: Vec::new(), upto: None, is_last: false };
    let mut rows = 0;
    for customer in snapshot.customers_behind(behind).take(PAGE_ROWS) {
        let customer = customer?;
        rows += 1;
        page.upto = Some(customer.id);
        let blocked = snapshot.standing(customer.id)?.is_some_and(|it| it.block.is_some());
        let known = Some(customer.created_at) <= started_at;
        if customer.reachable && known && !blocked {
            page.wanted.push(customer.id);
        }
    }
    page.is_last = rows < PAGE_ROWS;
    Ok(page)
}

async fn after(closing: &CancellationToken, span: Duration) {
    closing.cancelled().await;
    sleep(span).await;
}
