//! What the customers saw, what the vendor sold and what the books say, compared after the last
//! purchase. Only `lost` uses this.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ring4_domain::book::Book;
use ring4_domain::change::Seq;
use ring4_domain::ids::{OrderId, Timestamp};
use ring4_domain::order::{Order, OrderState};
use ring4_storage::{Options, Store};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{Lived, SPEED, Tally, text};
use crate::world::{ADA, World, bot_messages};

/// How long everything may take to end after the last purchase, in real time: the longest life of
/// a number at the vendor, played, and what a busy machine adds.
const SETTLE_WITHIN: Duration = Duration::from_secs(240);

/// How late a deadline may be kept, in played seconds, on a machine that is never late itself.
const LATE_SECS: u32 = 120;

/// How often it is looked how late the machine is.
const LAG_LOOK: Duration = Duration::from_millis(50);

/// How far the engine's clock may be beside the vendor's, in played seconds: each moves 60 times
/// as fast as a real one, and they are set one after the other.
const APART_SECS: u32 = 2;

/// A number that the vendor sold.
struct Sold {
    id: String,
    number: String,
    refunded: bool,
    code: Option<String>,
    finished: Option<Timestamp>,
}

/// How late this machine was at most with what was to be done at once.
pub struct Lag {
    worst_ms: Arc<AtomicU64>,
    watch: JoinHandle<()>,
}

impl Lag {
    /// Measures until it is told.
    pub fn measure() -> Self {
        let worst_ms = Arc::new(AtomicU64::new(0));
        let worst = Arc::clone(&worst_ms);
        let watch = tokio::spawn(async move {
            loop {
                let due = Instant::now() + LAG_LOOK;
                tokio::time::sleep_until(due.into()).await;
                let late = u64::try_from(due.elapsed().as_millis()).unwrap_or(u64::MAX);
                worst.fetch_max(late, Ordering::Relaxed);
            }
        });
        Self { worst_ms, watch }
    }

    /// The worst so far, in real milliseconds.
    fn end(self) -> u64 {
        self.watch.abort();
        self.worst_ms.load(Ordering::Relaxed)
    }
}

pub struct Reckoning {
    lived: Vec<Lived>,
    /// How late a deadline may have been kept, in played seconds.
    late_secs: u32,
    sold: Vec<Sold>,
    book: Book,
    damage: Vec<String>,
    /// Everything the admin was told.
    told: String,
}

impl Reckoning {
    /// Waits until nothing is left to happen, stops the shop and opens its books.
    pub async fn settle(world: Arc<World>, lived: Vec<Lived>, lag: Lag) -> Self {
        let end = Instant::now() + SETTLE_WITHIN;
        loop {
            let left = left_over(&world).await;
            if left.is_empty() {
                break;
            }
            assert!(Instant::now() < end, "never accounted for: {left:?}");
            // At the test's speed the longest life of a number is over in twenty seconds.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let sold = sold(&world).await;
        let told = told(&world).await;
        let mut world = Arc::into_inner(world).expect("nobody buys any more");
        world.stop().await;
        let data = world.folder.path().join("data");
        let (store, _) = Store::open(&data, &Options::default()).expect("a store");
        let damage = store.reader().verify().findings.iter().map(ToString::to_string).collect();
        let snapshot = store.snapshot();
        let mut book = Book::default();
        for seq in 1..=store.head().seq.0 {
            let entry = snapshot.entry(Seq(seq)).expect("a readable entry").expect("no gap");
            book.apply(entry).expect("an entry that follows");
        }
        drop(snapshot);
        store.close().expect("a closed store");
        world.close().await;
        let lag_ms = lag.end();
        let played_secs = u32::try_from(lag_ms * u64::from(SPEED) / 1_000).unwrap_or(u32::MAX);
        println!("the machine was late by {lag_ms} ms, {played_secs} s played");
        let late_secs = LATE_SECS.saturating_add(played_secs);
        Self { lived, late_secs, sold, book, damage, told }
    }

    fn order(&self, lived: &Lived) -> Option<&Order> {
        let id: OrderId = lived.order.parse().ok()?;
        self.book.orders.get(&id)
    }

    fn owner(&self, sold: &Sold) -> Vec<&Order> {
        let has = |order: &&Order| {
            order.purchase.as_ref().is_some_and(|known| known.vendor_order == sold.id)
        };
        self.book.orders.values().filter(has).collect()
    }

    /// Everything that is wrong; empty when all is well.
    pub fn findings(&self) -> Vec<String> {
        let broken = self.book.violations();
        let broken = broken.iter().map(ToString::to_string);
        let mut wrong: Vec<String> = self.damage.iter().cloned().chain(broken).collect();
        for lived in &self.lived {
            match self.order(lived) {
                Some(order) => wrong.extend(self.judge(lived, order)),
                None => wrong.push(format!("{lived:?} is in no book")),
            }
        }
        for sold in &self.sold {
            let owners = self.owner(sold).len();
            let accounted = sold.refunded || owners == 1 || self.told.contains(&sold.id);
            if owners > 1 || !accounted {
                wrong.push(format!("{} has {owners} owners and nobody was told", sold.id));
            }
        }
        if self.lived.len() != self.book.orders.len() {
            wrong.push(format!("{} of {} orders", self.lived.len(), self.book.orders.len()));
        }
        wrong
    }

    /// What is wrong with one order.
    fn judge(&self, lived: &Lived, order: &Order) -> Vec<String> {
        let mut wrong = Vec::new();
        let late = order.hold_deadline.plus_secs(self.late_secs);
        if order.ended_at.is_none_or(|ended| ended > late) {
            wrong.push(format!("{} ended {:?}, not by {late:?}", lived.order, order.ended_at));
        }
        let says = match order.state {
            OrderState::Delivered => "charged",
            _ => "returned",
        };
        if !lived.card.contains(says) {
            wrong.push(format!("{}: the card says {}", order.state.name(), lived.card));
        }
        if order.state != OrderState::Delivered {
            return wrong;
        }
        let bought = order.purchase.as_ref().expect("a delivered order has a number");
        let code = order.code.as_ref().and_then(|code| code.code.text()).unwrap_or_default();
        let sold = self.sold.iter().find(|sold| sold.id == bought.vendor_order);
        let right = sold.is_some_and(|sold| {
            let shown_first =
                sold.finished.is_some_and(|at| at.plus_secs(APART_SECS) >= bought.bought_at);
            let number = bought.number.text().is_some_and(|number| number == sold.number);
            shown_first && number && sold.code.as_deref() == Some(code) && !sold.refunded
        });
        if !right || !lived.card.contains(code) {
            wrong.push(format!("{} paid for {order:?}", lived.customer));
        }
        wrong
    }

    /// Fault by outcome, for the purchases and for what the vendor sold.
    pub fn table(&self) -> String {
        let mut purchases = Tally::new();
        let mut cancels = Tally::new();
        for lived in &self.lived {
            let Some(order) = self.order(lived) else { continue };
            let outcome = match order.state {
                OrderState::Failed(reason) => format!("failed: {reason:?}"),
                state => state.name().to_owned(),
            };
            let key = (lived.purchase_fault.to_owned(), outcome.clone());
            *purchases.entry(key).or_default() += 1;
            if matches!(order.state, OrderState::Cancelled | OrderState::Expired) {
                let key = (lived.cancel_fault.to_owned(), outcome);
                *cancels.entry(key).or_default() += 1;
            }
        }
        let mut ends: BTreeMap<&str, u32> = BTreeMap::new();
        for sold in &self.sold {
            let owned = !self.owner(sold).is_empty();
            let end = match (owned, sold.refunded, sold.code.is_some()) {
                (true, true, _) => "owned, given back",
                (true, false, _) => "owned, delivered or kept by the vendor",
                (false, true, _) => "nobody's, given back at the end of its life",
                (false, false, _) => "nobody's, reported",
            };
            *ends.entry(end).or_default() += 1;
        }
        format!(
            "purchase\n{}cancel\n{}numbers sold by the vendor\n{}",
            rows(&purchases),
            rows(&cancels),
            ends.iter().map(|(end, count)| format!("  {count:5}  {end}\n")).collect::<String>()
        )
    }
}

fn rows(tally: &Tally) -> String {
    let mut by_fault: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for ((fault, outcome), count) in tally {
        by_fault.entry(fault).or_default().push(format!("{count} {outcome}"));
    }
    let row = |(fault, outcomes): (&&str, &Vec<String>)| {
        format!("  {fault:24} {}\n", outcomes.join(", "))
    };
    by_fault.iter().map(row).collect()
}

async fn told(world: &World) -> String {
    let chat = world.chat(ADA).await;
    bot_messages(&chat).iter().map(|message| text(message)).collect::<Vec<_>>().join("\n")
}

async fn sold(world: &World) -> Vec<Sold> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let rows = world.get("vendor/orders").await;
    let row = |row: &Value| Sold {
        id: text(&row["order_id"]).expect("an id"),
        number: text(&row["number"]).expect("a number"),
        refunded: row["refunded"] == json!(true),
        code: text(&row["sms"]),
        finished: row["finished_ms"].as_i64().map(Timestamp),
    };
    rows.as_array().expect("orders").iter().map(row).collect()
}

/// The numbers at the vendor that are neither given back, nor anybody's whose order has ended,
/// nor told to the admin.
async fn left_over(world: &World) -> Vec<String> {
    let told = told(world).await;
    let snapshot = world.shop().snapshot();
    let provider = "smspool".parse().expect("a vendor's id");
    let mut left = Vec::new();
    for sold in sold(world).await {
        let owner = snapshot.order_of_purchase(&provider, &sold.id).expect("a readable state");
        let ended = |order: &Order| {
            let over = !order.state.is_open();
            // A number whose order failed is on its way back, or its code came first.
            over && (order.state == OrderState::Delivered || sold.code.is_some())
        };
        let owned = owner.as_ref().is_some_and(ended);
        if !sold.refunded && !owned && !told.contains(&sold.id) {
            let owner = owner.map_or("nobody's".to_owned(), |order| {
                format!("of {}, {}", order.id(), order.state.name())
            });
            let code = if sold.code.is_some() { "has a code" } else { "has no code" };
            left.push(format!("{} {owner}, {code}, finished {:?}", sold.id, sold.finished));
        }
    }
    left
}
