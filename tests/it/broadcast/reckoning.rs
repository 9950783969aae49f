//! Holds what Telegram was asked against what the books say of a broadcast. Only `broadcast` uses
//! it. Every check adds what is wrong to a list; an empty list is a pass.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use ring4_domain::broadcast::{Broadcast, BroadcastState, Outreach};
use ring4_domain::change::{Change, Entry, Seq};
use ring4_domain::customer::Customer;
use ring4_domain::effect::Effect;
use ring4_domain::ids::OrderId;
use ring4_storage::{Options, Store};
use serde_json::Value;

use super::{NEWS, TOO_MANY_SECS};

/// Messages that may be out when a process dies.
const OUT_MAX: usize = 16;

/// One message a second, of which five may come at once.
const CHAT_INTERVAL_MS: i64 = 1_000;
const CHAT_BURST_MS: i64 = 4 * CHAT_INTERVAL_MS;

/// How long it may take from Telegram's answer until it is written down.
const NOTED_WITHIN_MS: i64 = 1_000;

/// How old a wish for a card may be that is still open at the end.
const OPEN_WITHIN_MS: i64 = 20_000;

/// A time in which no process ran.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    /// Just before the kill.
    pub from_ms: i64,
    /// Just after it.
    pub dead_ms: i64,
    /// When the next process served.
    pub to_ms: i64,
}

/// Something said or edited in a chat.
#[derive(Clone, Copy, Debug)]
struct Said {
    at_ms: i64,
    status: u64,
}

/// What Telegram was asked.
#[derive(Default)]
pub struct Census {
    seen: u64,
    /// When the news came into which chat.
    news: BTreeMap<i64, Vec<i64>>,
    /// Whom Telegram refused to bring it.
    refused: BTreeSet<i64>,
    too_many: usize,
    said: BTreeMap<i64, Vec<Said>>,
    cards: usize,
}

impl Census {
    /// Reads on.
    pub fn read(&mut self, calls: &str) {
        for line in calls.lines() {
            let call: Value = serde_json::from_str(line).expect("JSON");
            self.seen = call["seq"].as_u64().expect("a number");
            let method = call["method"].as_str().unwrap_or_default().to_lowercase();
            if !(method.starts_with("send") || method.starts_with("edit")) {
                continue;
            }
            let Some(chat) = call["parameters"]["chat_id"].as_i64() else { continue };
            let at_ms = call["at_ms"].as_i64().expect("a moment");
            let status = call["status"].as_u64().expect("a status");
            self.said.entry(chat).or_default().push(Said { at_ms, status });
            self.too_many += usize::from(status == 429);
            let text = call["parameters"]["text"].as_str().unwrap_or_default();
            let edited = method == "editmessagetext" && text.starts_with("📣 <b>Broadcast");
            self.cards += usize::from(edited);
            match status {
                200 if text == NEWS => self.news.entry(chat).or_default().push(at_ms),
                403 if text == NEWS => drop(self.refused.insert(chat)),
                _ => {}
            }
        }
    }

    /// The last call read.
    pub const fn seen(&self) -> u64 {
        self.seen
    }

    /// Customers whom the news came to, or cannot.
    pub fn reached(&self) -> usize {
        self.news.len() + self.refused.len()
    }
}

/// What became of the wishes for cards of orders.
struct Cards {
    /// How many were brought up to date.
    count: usize,
    /// How long at most nothing was said in a chat although a card was wished for and the chat's
    /// limit, its pauses and the processes' lives allowed it.
    worst: Duration,
    /// Those that nothing came of.
    never: Vec<OrderId>,
}

/// See the module.
pub struct Reckoning {
    census: Census,
    outages: Vec<Outage>,
    gone: BTreeSet<i64>,
    broadcast: Broadcast,
    outreach: Outreach,
    customers: Vec<Customer>,
    entries: Vec<Entry>,
    /// The admin saw the message before it was sent.
    previewed: i64,
}

impl Reckoning {
    pub fn open(data: &Path, census: Census, outages: Vec<Outage>, gone: Vec<i64>) -> Self {
        let (store, _) = Store::open(data, &Options::default()).expect("the store");
        let snapshot = store.snapshot();
        let head = snapshot.head().expect("a head").seq.0;
        let read = |seq| snapshot.entry(Seq(seq)).expect("a readable entry").expect("an entry");
        let entries: Vec<Entry> = (1..=head).map(read).collect();
        let started = entries.iter().find_map(|entry| {
            let changes = entry.changes.iter();
            changes.filter(|_| entry.cause.starts_with("start_broadcast")).find_map(|change| {
                match change {
                    Change::Broadcast(broadcast) => Some(broadcast.id),
                    _ => None,
                }
            })
        });
        let id = started.expect("a broadcast that began");
        let broadcast = snapshot.broadcast(id).expect("a state").expect("a broadcast");
        let outreach = snapshot.outreach(id).expect("a state").expect("a place");
        let customers = snapshot.customers_behind(None).collect::<Result<_, _>>();
        let customers = customers.expect("customers");
        drop(snapshot);
        store.close().expect("a closed store");
        let (gone, previewed) = (BTreeSet::from_iter(gone), broadcast.by.0);
        Self { census, outages, gone, broadcast, outreach, customers, entries, previewed }
    }

    /// How often the news came, the preview left out.
    fn times(&self, chat: i64) -> &[i64] {
        let times = self.census.news.get(&chat).map_or(&[][..], Vec::as_slice);
        if chat == self.previewed { times.get(1..).unwrap_or_default() } else { times }
    }

    fn recipients(&self) -> impl Iterator<Item = i64> {
        let known = |customer: &&Customer| Some(customer.created_at) <= self.broadcast.started_at;
        self.customers.iter().filter(known).map(|customer| customer.id.0)
    }

    fn doubled(&self) -> Vec<i64> {
        self.recipients().filter(|chat| self.times(*chat).len() > 1).collect()
    }

    pub fn figures(&self) -> String {
        let Cards { count: cards, worst, .. } = self.cards();
        format!(
            "{} users, {} sent, {} doubled, {} unreachable, {} failed, {} kills, {} times 429, \
             {} edits of the admin's card; {cards} order cards, the latest {worst:.1?} after its \
             chat's limit allowed it",
            self.broadcast.recipients,
            self.outreach.sent,
            self.doubled().len(),
            self.outreach.unreachable,
            self.outreach.failed,
            self.outages.len(),
            self.census.too_many,
            self.census.cards,
        )
    }

    pub fn findings(&self, took: Duration, card_within: Duration) -> Vec<String> {
        let mut found = Vec::new();
        let Outreach { sent, unreachable, failed, .. } = self.outreach;
        let count = u64::try_from(self.recipients().count()).unwrap_or(u64::MAX);
        let wanted = (count, count - self.gone.len() as u64, self.gone.len() as u64, 0);
        if (self.broadcast.recipients, sent, unreachable, failed) != wanted {
            found.push(format!("{:?} {:?} instead of {wanted:?}", self.broadcast, self.outreach));
        }
        if !matches!(self.broadcast.state, BroadcastState::Done { .. }) {
            found.push(format!("not done: {:?}", self.broadcast));
        }
        for chat in self.recipients() {
            let times = self.times(chat);
            // It was out when the process died, and came again after.
            let kill = |outage: &Outage| {
                let out = outage.from_ms - NOTED_WITHIN_MS..=outage.dead_ms;
                let first = times.first().is_some_and(|first| out.contains(first));
                first && Some(&outage.from_ms) <= times.last()
            };
            match (self.gone.contains(&chat), times.len()) {
                (true, 0) | (false, 1) => {}
                (false, 2) if self.outages.iter().any(kill) => {}
                _ => found.push(format!("{chat} got it at {times:?}, kills {:?}", self.outages)),
            }
        }
        if self.doubled().len() > self.outages.len() * OUT_MAX {
            found.push(format!("{} doubled", self.doubled().len()));
        }
        let strangers = self
            .census
            .news
            .keys()
            .filter(|chat| !self.customers.iter().any(|customer| customer.id.0 == **chat));
        found.extend(strangers.map(|chat| format!("{chat} is no customer")));
        let remembered: BTreeSet<i64> = self
            .customers
            .iter()
            .filter(|customer| !customer.reachable)
            .map(|customer| customer.id.0)
            .collect();
        if remembered != self.gone {
            found.push(format!("unreachable {remembered:?} instead of {:?}", self.gone));
        }
        let edits = usize::try_from(took.as_secs() / 5).unwrap_or_default() + 12;
        if self.census.cards > edits {
            found.push(format!("{} edits of a card in {took:?}", self.census.cards));
        }
        let Cards { count, worst, never } = self.cards();
        if count == 0 || worst > card_within {
            found.push(format!("{count} cards, one {worst:?} late"));
        }
        found.extend(never.into_iter().map(|id| format!("the card of {id} was never shown")));
        found
    }

    /// How many messages were answered with 429.
    pub const fn too_many(&self) -> usize {
        self.census.too_many
    }

    fn cards(&self) -> Cards {
        let mut wished: BTreeMap<OrderId, i64> = BTreeMap::new();
        let mut owners = BTreeMap::new();
        let (mut count, mut worst) = (0, 0);
        for entry in &self.entries {
            for change in &entry.changes {
                match change {
                    Change::Order(order) => drop(owners.insert(order.id(), order.customer().0)),
                    Change::Wish(Effect::ShowOrder(id)) => {
                        wished.entry(*id).or_insert(entry.at.0);
                    }
                    Change::Granted { effect: Effect::ShowOrder(id), .. } => {
                        let Some(from_ms) = wished.remove(id) else { continue };
                        count += 1;
                        worst = worst.max(self.silence(owners[id], from_ms, entry.at.0));
                    }
                    _ => {}
                }
            }
        }
        let end_ms = self.entries.last().map_or(0, |entry| entry.at.0);
        for (id, from_ms) in &wished {
            worst = worst.max(self.silence(owners[id], *from_ms, end_ms));
        }
        wished.retain(|_, from_ms| end_ms - *from_ms > OPEN_WITHIN_MS);
        let worst = Duration::from_millis(u64::try_from(worst).unwrap_or_default());
        Cards { count, worst, never: wished.into_keys().collect() }
    }

    /// The longest needless silence in a chat, in milliseconds.
    fn silence(&self, chat: i64, from_ms: i64, to_ms: i64) -> i64 {
        let said = self.census.said.get(&chat).map_or(&[][..], Vec::as_slice);
        let (mut used_until, mut free_from, mut longest) = (i64::MIN / 2, from_ms, 0);
        for Said { at_ms, status } in said.iter().take_while(|said| said.at_ms <= to_ms) {
            if *at_ms > from_ms {
                let allowed = free_from.max(used_until - CHAT_BURST_MS);
                longest = longest.max(self.alive(allowed, *at_ms));
                free_from = free_from.max(*at_ms);
            }
            used_until = used_until.max(*at_ms) + CHAT_INTERVAL_MS;
            if *status == 429 {
                let pause = i64::try_from(TOO_MANY_SECS).unwrap_or_default() * 1_000;
                free_from = free_from.max(at_ms + pause);
            }
        }
        longest.max(self.alive(free_from, to_ms))
    }

    /// How much of this time a process ran.
    fn alive(&self, from_ms: i64, to_ms: i64) -> i64 {
        let down = self
            .outages
            .iter()
            .map(|outage| (outage.to_ms.min(to_ms) - outage.from_ms.max(from_ms)).max(0));
        (to_ms - from_ms).max(0) - down.sum::<i64>().min((to_ms - from_ms).max(0))
    }
}
