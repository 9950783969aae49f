//! Compares what people were told, what the vendor did and what the books say. Only `crash` and
//! `trouble` use it. Every check is a method that adds what is wrong to a list; an empty list is a
//! pass.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ring4_domain::book::Book;
use ring4_domain::change::Change;
use ring4_domain::deposit::{Deposit, DepositState};
use ring4_domain::effect::Effect;
use ring4_domain::ids::{DepositId, OrderId, UserId};
use ring4_domain::ledger::{AccountId, TransferId};
use ring4_domain::money::Amount;
use ring4_domain::order::{FailReason, Order, OrderState};
use ring4_storage::{Options, Report, Store};
use serde_json::Value;

use super::evidence::{Call, Sold, amount, country, figure, line};
use super::people::Deeds;

/// Everything that is known at the end.
pub struct Audit {
    book: Book,
    report: Report,
    unclear: BTreeSet<OrderId>,
    calls: Vec<Call>,
    sold: Vec<Sold>,
    deeds: BTreeMap<i64, Deeds>,
    admins: BTreeSet<i64>,
    wallets: BTreeMap<i64, String>,
    set_aside: Vec<String>,
}

/// What the playground and the people say.
pub struct Testimony {
    /// `/playground/calls`
    pub calls: String,
    /// `/playground/vendor/orders`
    pub sold: Value,
    pub deeds: BTreeMap<i64, Deeds>,
    pub admins: BTreeSet<i64>,
    /// The last wallet that each customer was shown.
    pub wallets: BTreeMap<i64, String>,
}

/// States that a start has set aside. A killed process leaves none that is damaged.
fn set_aside(data: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(data).expect("a data folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("state.damaged")).collect()
}

/// What the shop would still do if it ran on: orders that are open, wishes in the outbox.
pub fn unfinished(data: &Path) -> Vec<String> {
    let (store, _) = Store::open(data, &Options::default()).expect("a store");
    let snapshot = store.snapshot();
    let orders = snapshot.open_orders().expect("orders");
    let mut left: Vec<String> = orders.iter().map(|order| format!("{order:?}")).collect();
    for wish in snapshot.outbox() {
        let (wish, _) = wish.expect("a wish");
        let order = |id| snapshot.order(id).expect("an order");
        if !is_lasting(wish, order) {
            left.push(format!("{wish:?}"));
        }
    }
    drop(snapshot);
    store.close().expect("a closed store");
    left
}

/// Whether a wish outlives what led to it: a number that may turn up late is looked for during
/// half an hour, long after its customer has the money back and the admins were told.
fn is_lasting(wish: Effect, order: impl Fn(OrderId) -> Option<Order>) -> bool {
    let Effect::FindPurchase(id) = wish else { return false };
    order(id).is_some_and(|order| order.state == OrderState::Failed(FailReason::Unclear))
}

impl Audit {
    /// Opens the store, verifies it and folds its journal.
    pub fn open(data: &Path, testimony: Testimony) -> Self {
        let Testimony { calls, sold, deeds, admins, wallets } = testimony;
        let (store, _) = Store::open(data, &Options::default()).expect("a store");
        let report = store.reader().verify();
        let snapshot = store.snapshot();
        let mut book = Book::default();
        let mut unclear = BTreeSet::new();
        for seq in 1..=store.head().seq.0 {
            let entry = snapshot.entry(ring4_domain::change::Seq(seq)).expect("a readable entry");
            let entry = entry.expect("an entry without a gap");
            for change in &entry.changes {
                if let Change::Order(order) = change
                    && order.state == OrderState::Unclear
                {
                    unclear.insert(order.id());
                }
            }
            book.apply(entry).expect("an entry that follows");
        }
        drop(snapshot);
        store.close().expect("a closed store");
        let calls = calls.lines().filter_map(Call::read).collect();
        let sold = sold.as_array().expect("orders").iter().map(Sold::read).collect();
        let set_aside = set_aside(data);
        Self { book, report, unclear, calls, sold, deeds, admins, wallets, set_aside }
    }

    /// Everything that is wrong; empty when all is well.
    pub fn findings(&self) -> Vec<String> {
        let checks = [
            self.check_books(),
            self.check_told_credits(),
            self.check_rung(),
            self.check_deposits(),
            self.check_claims(),
            self.check_orders(),
            self.check_numbers(),
            self.check_answers(),
            self.check_wallets(),
        ];
        checks.concat()
    }

    /// The eight invariants: the journal's chain, its fold against every stored row, the promises
    /// of the shop; and nothing left to do.
    fn check_books(&self) -> Vec<String> {
        let damage = self.report.findings.iter().map(ToString::to_string);
        let broken = self.book.violations();
        let broken = broken.iter().map(ToString::to_string);
        let order = |id| self.book.orders.get(&id).cloned();
        let left = self.book.wishes.keys().filter(|wish| !is_lasting(**wish, order));
        let left = left.map(|wish| format!("the outbox still holds {wish:?}"));
        let aside = self.set_aside.iter().map(|name| format!("{name} was set aside"));
        damage.chain(broken).chain(left).chain(aside).collect()
    }

    /// Whoever was told of a credit has it, in that amount and under that ledger number.
    fn check_told_credits(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for call in self.calls.iter().filter(|call| call.method != "answerCallbackQuery") {
            let told = &call.text;
            let said = |words: &str| told.contains(words);
            if said("Credited, ledger entry #") || said("Approved by") {
                let id = line(told, "Deposit ").pop().and_then(|id| id.parse().ok());
                let amount = line(told, "Deposit of $").first().and_then(|rest| amount(rest));
                let seq = told.split("ledger entry #").nth(1).and_then(figure);
                let booked = id.and_then(|id| self.credit(id));
                let right = booked.is_some_and(|(credited, booked_seq)| {
                    Some(credited) == amount && seq.is_none_or(|seq| seq == booked_seq)
                });
                if !right {
                    wrong.push(format!("{} was told “{told}”, booked is {booked:?}", call.chat));
                }
            } else if said("is in your wallet") {
                let told_amount = told.split('$').nth(1).and_then(amount);
                let credited = self.book.deposits.values().any(|deposit| {
                    deposit.customer == UserId(call.chat)
                        && Some(deposit.amount) == told_amount
                        && self.credit(deposit.id).is_some()
                });
                if !credited {
                    wrong.push(format!("{} was told “{told}” without a credit", call.chat));
                }
            }
        }
        wrong
    }

    /// Every code and every credit was told to whom it belongs, by a message that rings.
    fn check_rung(&self) -> Vec<String> {
        let rung = |customer: UserId, words: String| {
            let theirs = self.calls.iter().filter(|call| call.chat == customer.0);
            let mut sent = theirs.filter(|call| call.method == "sendMessage");
            sent.any(|call| call.text.contains(&words))
        };
        let mut wrong = Vec::new();
        for order in self.book.orders.values() {
            let code = order.code.as_ref().and_then(|code| code.code.text());
            let code = code.map(|code| format!("code is {code}"));
            if code.is_some_and(|words| !rung(order.customer(), words)) {
                wrong.push(format!("nobody was told the code of {order:?}"));
            }
        }
        for deposit in self.book.deposits.values() {
            let words = format!("${} is in your wallet", deposit.amount);
            if self.credit(deposit.id).is_some() && !rung(deposit.customer, words) {
                wrong.push(format!("nobody was told of {deposit:?}"));
            }
        }
        wrong
    }

    fn credit(&self, id: DepositId) -> Option<(Amount, u64)> {
        let booked = self.book.transfers.get(&TransferId::Deposit(id))?;
        Some((booked.transfer.amount, booked.seq.0))
    }

    /// Every deposit was asked for, claimed and decided by those who may, and credited once.
    fn check_deposits(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for deposit in self.book.deposits.values() {
            let deeds = self.deeds.get(&deposit.customer.0);
            let id = deposit.id.to_string();
            let has = |prefix| deeds.is_some_and(|deeds| deeds.pressed(prefix).contains(&*id));
            if !has("dm:usdt:") {
                wrong.push(format!("nobody asked for {deposit:?}"));
            }
            let unclaimed =
                matches!(deposit.state, DepositState::Opened | DepositState::Expired { .. });
            if !unclaimed && !has("dp:") {
                wrong.push(format!("nobody claimed {deposit:?}"));
            }
            if let DepositState::Approved { by, .. } | DepositState::Rejected { by, .. } =
                deposit.state
            {
                let approved = matches!(deposit.state, DepositState::Approved { .. });
                let decided = self.deeds.get(&by.0).is_some_and(|deeds| {
                    let pressed = deeds.pressed(if approved { "Y:" } else { "N:" });
                    let typed = approved && deeds.approved_by_words.contains(&id);
                    typed || pressed.contains(&*id)
                });
                if !self.admins.contains(&by.0) || !decided {
                    wrong.push(format!("nobody who may decided {deposit:?}"));
                }
            }
        }
        wrong
    }

    /// Every claim that was acknowledged is on record.
    fn check_claims(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let answered = self.answers();
        for (person, deeds) in &self.deeds {
            let claims = deeds.presses.iter().filter_map(|pressed| {
                let thanked = answered.get(&*pressed.query)?.contains("looking for your payment");
                pressed.data.strip_prefix("dp:").filter(|_| thanked)
            });
            for id in claims {
                let known: Option<&Deposit> =
                    id.parse().ok().and_then(|id: DepositId| self.book.deposits.get(&id));
                let kept = known.is_some_and(|deposit| {
                    deposit.customer.0 == *person
                        && !matches!(
                            deposit.state,
                            DepositState::Opened | DepositState::Expired { .. }
                        )
                });
                if !kept {
                    wrong.push(format!("{person} was thanked for {id}, which is {known:?}"));
                }
            }
        }
        for (account, state) in &self.book.accounts {
            let AccountId::Wallet(customer) = account else { continue };
            let of = self.book.deposits.values().filter(|deposit| deposit.customer == *customer);
            let credits = of.filter_map(|deposit| self.credit(deposit.id));
            let sum: i64 = credits.map(|(amount, _)| amount.micros()).sum();
            if sum != state.deposited.micros() || sum != state.credits_posted.micros() {
                wrong.push(format!("{customer} has {state:?}, approved were {sum} micro-dollars"));
            }
        }
        wrong
    }

    /// Every order grew from a press on Buy by its customer, and has ended.
    fn check_orders(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for order in self.book.orders.values() {
            let id = order.id().to_string();
            let deeds = self.deeds.get(&order.customer().0);
            if !deeds.is_some_and(|deeds| deeds.pressed("p:").contains(&*id)) {
                wrong.push(format!("nobody pressed Buy for {order:?}"));
            }
            if order.state.is_open() {
                wrong.push(format!("still open: {order:?}"));
            }
        }
        let cards: usize = self.deeds.values().map(|deeds| deeds.pressed("p:").len()).sum();
        if self.book.orders.len() > cards {
            wrong.push(format!("{} orders out of {cards} presses", self.book.orders.len()));
        }
        if self.sold.len() > self.book.orders.len() {
            let (sold, orders) = (self.sold.len(), self.book.orders.len());
            wrong.push(format!("{sold} numbers were bought for {orders} orders"));
        }
        wrong
    }

    fn owners<'a>(&'a self, sold: &Sold) -> Vec<&'a Order> {
        let owns = |order: &&Order| {
            order.purchase.as_ref().is_some_and(|purchase| purchase.vendor_order == sold.id)
        };
        self.book.orders.values().filter(owns).collect()
    }

    /// Every number that the vendor sold belongs to one order, was given back, or was reported;
    /// nobody paid without its code.
    fn check_numbers(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut lost: Vec<&Sold> = Vec::new();
        for sold in &self.sold {
            let what = format!("{} {:?}", sold.id, sold.kind);
            match self.owners(sold).as_slice() {
                [] if sold.refunded => {}
                [] => lost.push(sold),
                [order] => wrong.extend(mismatch(order, sold, &self.book)),
                several => wrong.push(format!("{what} belongs to {several:?}")),
            }
        }
        let known = |order: &&Order| {
            let purchase = order.purchase.as_ref();
            purchase.is_none_or(|bought| self.sold.iter().any(|s| s.id == bought.vendor_order))
        };
        let invented = self.book.orders.values().filter(|order| !known(order));
        wrong.extend(invented.map(|order| format!("the vendor never sold {order:?}")));
        let mut reported = self.reported();
        for sold in lost {
            match reported.iter().position(|kind| *kind == sold.kind) {
                Some(place) => drop(reported.remove(place)),
                None => wrong.push(format!("{} {:?} belongs to nobody", sold.id, sold.kind)),
            }
        }
        wrong
    }

    /// The kinds of the purchases that the admins were asked to look for.
    fn reported(&self) -> Vec<(String, &'static str)> {
        let failed = OrderState::Failed(FailReason::Unclear);
        let orders = self.book.orders.values().filter(|order| order.state == failed);
        let told = |order: &&Order| {
            let words = format!("for order {} ", order.id());
            let to_admins = self.calls.iter().filter(|call| self.admins.contains(&call.chat));
            to_admins.into_iter().any(|call| call.text.contains(&words))
        };
        let kind = |order: &Order| {
            let service = order.quote.candidates.first().map(|known| known.vendor_service.clone());
            (service.unwrap_or_default(), country(&order.quote.country.to_string()))
        };
        orders.filter(told).map(kind).collect()
    }

    /// What was answered to each press, by the press's id.
    fn answers(&self) -> BTreeMap<&str, &str> {
        let answers = self.calls.iter().filter(|call| call.method == "answerCallbackQuery");
        answers.map(|call| (&*call.query, &*call.text)).collect()
    }

    /// Nothing that was delivered to the bot stays unanswered.
    fn check_answers(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let answered = self.answers();
        for (person, deeds) in &self.deeds {
            let silent = deeds.presses.iter().filter(|press| !answered.contains_key(&*press.query));
            wrong.extend(silent.map(|press| format!("{person} never heard of {press:?}")));
            let said = |words: &[&str]| {
                let texts = self
                    .calls
                    .iter()
                    .filter(|call| call.chat == *person && call.method == "sendMessage");
                texts.filter(|call| words.iter().any(|word| call.text.contains(word))).count()
            };
            let asked = [
                ("/balance", deeds.balances, said(&["Your wallet"])),
                ("/history", deeds.histories, said(&["History", "Nothing has happened"])),
            ];
            for (what, asked, answers) in asked {
                if answers < asked {
                    wrong.push(format!("{person}: {asked} times {what}, {answers} answers"));
                }
            }
            let unheard = deeds.nonsense.iter().filter(|word| said(&[word]) == 0);
            wrong.extend(unheard.map(|word| format!("{person} never heard of “{word}”")));
        }
        wrong
    }

    /// The wallets that people were shown last are the store's.
    fn check_wallets(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (person, shown) in &self.wallets {
            let account = AccountId::Wallet(UserId(*person));
            let account = self.book.accounts.get(&account).copied().unwrap_or_default();
            let rows = [
                ("Available $", account.available().unwrap_or(Amount::ZERO)),
                ("Held $", account.debits_pending),
                ("Deposited $", account.deposited),
                ("Spent $", account.debits_posted),
                ("Refunded $", account.refunded),
            ];
            for (label, booked) in rows {
                let shown_amount = line(shown, label).first().and_then(|rest| amount(rest));
                if shown_amount != Some(booked) {
                    wrong.push(format!("{person} sees “{shown}”, {label} is {booked}"));
                }
            }
        }
        wrong
    }

    /// Deposits that were credited.
    pub fn credited(&self) -> usize {
        self.book.deposits.keys().filter(|id| self.credit(**id).is_some()).count()
    }

    /// Orders that got their code.
    pub fn delivered(&self) -> usize {
        let orders = self.book.orders.values();
        orders.filter(|order| order.state == OrderState::Delivered).count()
    }

    /// The figures of the whole play, for people.
    pub fn figures(&self) -> String {
        let mut states: BTreeMap<String, usize> = BTreeMap::new();
        for order in self.book.orders.values() {
            let state = format!("{:?}", order.state).to_lowercase();
            *states.entry(state).or_default() += 1;
        }
        let states: Vec<String> =
            states.into_iter().map(|(state, count)| format!("{count} {state}")).collect();
        let late = self.book.orders.values().filter(|order| {
            let bought = order.purchase.as_ref().map(|purchase| &purchase.vendor_order);
            let sold = self.sold.iter().find(|sold| Some(&sold.id) == bought);
            order.code.is_none() && sold.is_some_and(|sold| sold.code.is_some())
        });
        format!(
            "{} presses; {} deposits, {} credited; {} orders: {}; {} unclear, {} codes \
             too late to charge for; {} entries",
            self.deeds.values().map(|deeds| deeds.presses.len()).sum::<usize>(),
            self.book.deposits.len(),
            self.credited(),
            self.book.orders.len(),
            states.join(", "),
            self.unclear.len(),
            late.count(),
            self.book.head.0,
        )
    }
}

/// What is wrong between an order and the number it says it bought.
fn mismatch(order: &Order, sold: &Sold, book: &Book) -> Option<String> {
    let id = order.id();
    let bought = order.purchase.as_ref()?;
    if bought.number.text() != Some(&*sold.number) {
        return Some(format!("order {id} shows another number than {} has", sold.id));
    }
    match order.state {
        OrderState::Delivered => {
            let code = order.code.as_ref().and_then(|code| code.code.text());
            if code.is_none() || code != sold.code.as_deref() {
                return Some(format!("order {id} was charged for another code than was sent"));
            }
            let cost = book.transfers.get(&TransferId::VendorCost(id));
            let cost = cost.map(|booked| booked.transfer.amount);
            (cost != Some(sold.cost)).then(|| format!("order {id} cost {cost:?}, not as sold"))
        }
        // The vendor's code came when the customer had the money back: the shop bears it.
        _ if sold.refunded || sold.code.is_some() => None,
        state => Some(format!("order {id} is {state:?}, but {} was never returned", sold.id)),
    }
}
