//! Busy people: customers who pay in, buy, cancel and ask, often twice in the same millisecond, and
//! admins who race each other. Each waits for the answer to what they did before they do the next
//! thing, so that an answer that never comes is noticed. Only `crash` and `trouble` use it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use ring4_playground::Playground;
use tokio::sync::watch;

use super::phone::{Chat, Phone};

/// Messages a customer looks at, and an admin.
const LOOKED_AT: (usize, usize) = (24, 60);

/// What everybody hears who wants to change anything while the shop cannot write.
const IN_TROUBLE: &str = "cannot take orders";

/// What is for sale, most wanted first; the first is wanted by half of the customers, so that
/// purchases of one kind meet.
const OFFERS: &[(&str, &str)] = &[
    ("ring4", "US"),
    ("ring4", "GB"),
    ("ring4", "NL"),
    ("ring4", "PL"),
    ("whatsapp", "US"),
    ("whatsapp", "GB"),
    ("whatsapp", "FR"),
    ("telegram", "US"),
    ("telegram", "DE"),
];

/// Data of buttons that strangers may try.
#[derive(Clone, Default)]
pub struct Gossip(Arc<Mutex<Vec<String>>>);

impl Gossip {
    fn tell(&self, data: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(data.to_owned());
    }

    fn overhear(&self, lot: &mut StdRng) -> Option<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (!known.is_empty()).then(|| known[lot.random_range(0..known.len())].clone())
    }
}

/// A press.
#[derive(Clone, Debug)]
pub struct Pressed {
    /// Telegram's id of it.
    pub query: String,
    /// What the button carried.
    pub data: String,
}

/// What a person did, as they remember it.
#[derive(Clone, Debug, Default)]
pub struct Deeds {
    pub presses: Vec<Pressed>,
    pub balances: usize,
    pub histories: usize,
    /// Words that mean nothing, each written once.
    pub nonsense: Vec<String>,
    /// Deposits approved by a command and not by a press.
    pub approved_by_words: BTreeSet<String>,
}

impl Deeds {
    /// The ids behind this prefix that the person pressed.
    pub fn pressed(&self, prefix: &str) -> BTreeSet<&str> {
        self.presses.iter().filter_map(|pressed| pressed.data.strip_prefix(prefix)).collect()
    }
}

/// Somebody with a phone, a memory and a temper.
pub struct Somebody {
    phone: Phone,
    lot: StdRng,
    deeds: Deeds,
    gossip: Gossip,
    stop: watch::Receiver<bool>,
}

impl Somebody {
    pub fn new(
        id: i64,
        seed: u64,
        playground: &Arc<Playground>,
        gossip: &Gossip,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let lot = StdRng::seed_from_u64(seed ^ id.unsigned_abs().wrapping_mul(0x9E37_79B9));
        let phone = Phone::new(id, Arc::clone(playground));
        Self { phone, lot, deeds: Deeds::default(), gossip: gossip.clone(), stop }
    }

    fn stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Yes in so many of a hundred cases.
    fn chance(&mut self, percent: u32) -> bool {
        self.lot.random_range(0..100) < percent
    }

    /// Presses a button so many times in the same millisecond, and returns what was answered.
    async fn press(&mut self, message: i64, data: &[&str]) -> Vec<String> {
        let mut queries = Vec::new();
        for data in data {
            let query = self.phone.press(message, data);
            self.deeds.presses.push(Pressed { query: query.clone(), data: (*data).to_owned() });
            queries.push(query);
        }
        let all = |chat: &Chat| {
            let answers = queries.iter().map(|query| chat.answers.get(query).cloned().flatten());
            answers.collect::<Option<Vec<String>>>()
        };
        self.phone.until(&format!("answers to {data:?}"), LOOKED_AT.0, all).await
    }

    /// Presses once, or in most cases twice.
    async fn press_again(&mut self, message: i64, data: &str) -> Vec<String> {
        let twice = self.chance(60);
        let presses: &[&str] = if twice { &[data, data] } else { &[data] };
        self.press(message, presses).await
    }

    /// Writes, and waits for a later message of the bot that contains one of these words.
    async fn ask(&mut self, text: &str, words: &[&str]) -> i64 {
        let asked = self.phone.write(text);
        let heard = |chat: &Chat| {
            let later = chat.messages.iter().filter(|message| message.id > asked);
            let mut texts = later.map(|message| message.text.as_str());
            texts.any(|text| words.iter().any(|word| text.contains(word))).then_some(())
        };
        self.phone.until(&format!("an answer to “{text}”"), LOOKED_AT.0, heard).await;
        asked
    }

    /// A customer's life, until told to stop.
    pub async fn buys(mut self) -> Deeds {
        self.pay_in().await;
        while !self.stopped() {
            match self.lot.random_range(0..100) {
                0..10 => self.pay_in().await,
                10..55 => self.buy().await,
                55..68 => self.cancel().await,
                68..78 => {
                    self.deeds.balances += 1;
                    self.ask("/balance", &["Your wallet"]).await;
                }
                78..85 => {
                    self.deeds.histories += 1;
                    self.ask("/history", &["History", "Nothing has happened"]).await;
                }
                85..90 => {
                    self.ask("/orders", &["Your orders", "no orders yet"]).await;
                }
                90..96 => {
                    let id = self.phone.person();
                    // Too short a run of letters and digits to be the id of a payment.
                    let word = format!("zzyx-{id}-q{}", self.deeds.nonsense.len());
                    self.deeds.nonsense.push(word.clone());
                    self.ask(&word, &[&word]).await;
                }
                _ => {
                    if let Some(data) = self.gossip.overhear(&mut self.lot) {
                        self.press(1, &[&data]).await;
                    }
                }
            }
        }
        self.deeds
    }

    async fn pay_in(&mut self) {
        let (dollars, cents) = (self.lot.random_range(5..40), self.lot.random_range(0..100));
        let asked = self.phone.write(&format!("/deposit {dollars}.{cents:02}"));
        let find = |chat: &Chat| match chat.button(asked, "dm:usdt:") {
            Some(found) => Some(Some(found)),
            None => chat.says(asked, &[IN_TROUBLE]).then_some(None),
        };
        let offered = self.phone.until("a way to pay", LOOKED_AT.0, find).await;
        let Some((message, data)) = offered else { return };
        let answers = self.press_again(message, &data).await;
        if answers.iter().any(|answer| !answer.is_empty()) {
            return;
        }
        let id = data.rsplit(':').next().unwrap_or_default();
        self.gossip.tell(&format!("Y:{id}"));
        let wanted = format!("dp:{id}");
        let find = |chat: &Chat| chat.button(0, &wanted);
        let (message, data) = self.phone.until("instructions", LOOKED_AT.0, find).await;
        self.gossip.tell(&data);
        if !self.chance(5) {
            self.press_again(message, &data).await;
        }
        if self.chance(40) {
            let reference = format!("{:016x}", self.lot.random::<u64>() | 1 << 63);
            self.ask(&reference, &[&reference, IN_TROUBLE]).await;
        }
    }

    async fn buy(&mut self) {
        let half = self.chance(50);
        let offer = if half { 0 } else { self.lot.random_range(0..OFFERS.len()) };
        let (service, country) = OFFERS[offer];
        let asked = self.phone.write(&format!("/start buy_{service}_{country}"));
        let find = |chat: &Chat| match chat.button(asked, "p:") {
            Some(found) => Some(Some(found)),
            None => chat
                .says(asked, &["You need", "sold out", "unavailable", "not for sale", IN_TROUBLE])
                .then_some(None),
        };
        let offered = self.phone.until("a price", LOOKED_AT.0, find).await;
        let Some((message, data)) = offered else { return };
        if self.chance(10) {
            return;
        }
        self.gossip.tell(&data);
        self.gossip.tell(&data.replace("p:", "x:"));
        let answers = self.press_again(message, &data).await;
        if answers.iter().all(String::is_empty) && self.chance(15) {
            self.regret(data.trim_start_matches("p:")).await;
        }
    }

    /// Cancels an order as soon as its card lets them, if it ever does.
    async fn regret(&mut self, order: &str) {
        let (cancel, id) = (format!("x:{order}"), format!("Order {order}"));
        let ended = ["Delivered", "Your money is back"];
        let find = |chat: &Chat| {
            let mut cards = chat.messages.iter().filter(|message| message.text.contains(&id));
            let over = cards.any(|card| ended.iter().any(|word| card.text.contains(word)));
            // The price may have lapsed before the press was heard; then there is no order.
            let over = over || chat.says(0, &["This price has lapsed"]);
            chat.button(0, &cancel).map(Some).or(over.then_some(None))
        };
        let found = self.phone.until("a number or an end", LOOKED_AT.0, find).await;
        if let Some((message, data)) = found {
            self.press_again(message, &data).await;
        }
    }

    async fn cancel(&mut self) {
        let chat = self.phone.look(LOOKED_AT.0).await;
        if let Some((message, data)) = chat.button(0, "x:") {
            self.press_again(message, &data).await;
        }
    }

    /// An admin's life, until told to stop.
    pub async fn decides(mut self) -> Deeds {
        let mut seen = BTreeSet::new();
        while !self.stopped() {
            let mut stop = self.stop.clone();
            let undecided = |chat: &Chat| {
                let cards = chat.buttons("Y:");
                cards.into_iter().find(|(_, data)| !seen.contains(data))
            };
            let found = tokio::select! {
                found = self.phone.waits(LOOKED_AT.1, undecided) => found,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let (message, approve) = found;
            seen.insert(approve.clone());
            let id = approve.trim_start_matches("Y:").to_owned();
            let reject = format!("N:{id}");
            match self.lot.random_range(0..100) {
                0..45 => drop(self.press(message, &[&approve]).await),
                45..65 => drop(self.press(message, &[&approve, &approve]).await),
                65..75 => drop(self.press(message, &[&approve, &reject]).await),
                75..80 => drop(self.press(message, &[&reject, &approve]).await),
                80..88 => drop(self.press(message, &[&reject]).await),
                88..93 => {
                    let told = format!("/approve_deposit {id}");
                    self.deeds.approved_by_words.insert(id.clone());
                    self.ask(&told, &[&format!("Deposit {id}"), IN_TROUBLE]).await;
                }
                93..97 => {
                    self.ask("/deposits", &["decision"]).await;
                }
                _ => {
                    self.ask("/admin", &["Dashboard"]).await;
                }
            }
        }
        self.deeds
    }
}
