//! Runs the flow tables: one row is one thing that happens and what must come of it. Only
//! `flows` imports this; what may stand before the arrow is listed in `words`.
//!
//! ```text
//! [time] who does what            -> expectation; expectation; …
//! 5m     anna cancels q1          -> cancelling; wishes cancel_purchase:q1 show_order:q1
//! policy selling off
//! given anna waits for q1
//! ada rejects d1 40*no
//! # Remarks stand alone; a line that begins with two dots goes on with the row above.
//! ```
//!
//! Expectations: `refused KEY [DETAIL]`, `nothing` (accepted, wrote nothing), `ok` (wrote
//! something), the state of the row's order or deposit, `refund STATE`, money (`held`, `charged`,
//! `released`, `credited`, `vendor`, `refunded`, `adjusted`, each with an amount),
//! `NAME AVAILABLE+HELD` for a wallet, `quote PRICE
//! cap COST`, `forgotten before DAY`, `due TIME hold TIME`, `number … from VENDOR`, `code …`,
//! `card MESSAGE`, `admin_cards …`, `reason …`, `asks AMOUNT`, `first ADMIN`, `paid ID`,
//! `wishes …`, `broadcast ID STATE for COUNT`, `outreach ID PLACE [AHEAD …] SENT UNREACHABLE
//! FAILED`, `WHO is reachable|gone`. Refusals, wishes and money are exact: a
//! row that moves money without saying so fails. After each row the book must fold and keep every
//! promise, and the same row a second time must move no money.

use std::collections::BTreeSet;

use ring4_domain::book::Book;
use ring4_domain::broadcast::{Broadcast, BroadcastState, Outreach};
use ring4_domain::change::{Actor, Entry, Seq};
use ring4_domain::command::Command;
use ring4_domain::decide::{Checkout, Decision, Outcome, decide, may_pay};
use ring4_domain::deposit::{Deposit, DepositState, Reference};
use ring4_domain::ids::{OrderId, ProviderId, Timestamp};
use ring4_domain::ledger::AccountId;
use ring4_domain::order::{CancelReason, Order, OrderState};
use ring4_domain::policy::{Limits, MethodPolicy, Policy, Referrals, ResendLimits};
use ring4_domain::pricing::PriceLimits;
use ring4_domain::refusal::Refusal;
use ring4_domain::stars::StarsRate;

use crate::words::{
    PEOPLE, Wished, amount, broadcast_id, command, deposit_id, method, moment, money, name,
    order_id, shown, times, told, user, wishes,
};

/// What the rows met: refusal keys, commands, and every `from → to` of an order or a deposit.
pub type Seen = BTreeSet<String>;

struct World {
    book: Book,
    policy: Policy,
    now: Timestamp,
    wished: Wished,
    seen: Seen,
}

/// Runs a table, panics at the first row that goes otherwise, and tells what the rows met.
pub fn check(table: &str) -> Seen {
    let mut world = World {
        book: Book::default(),
        policy: policy(),
        now: Timestamp(0),
        wished: Wished::new(),
        seen: Seen::new(),
    };
    let mut rows: Vec<String> = Vec::new();
    for line in table.lines().map(str::trim) {
        match (line.strip_prefix(".."), rows.last_mut()) {
            (Some(more), Some(row)) => row.push_str(more),
            _ if line.is_empty() || line.starts_with('#') => {}
            _ => rows.push(line.to_owned()),
        }
    }
    rows.iter().for_each(|row| world.run(row));
    world.seen
}

fn policy() -> Policy {
    Policy {
        admins: [user("ada"), user("bob")].into(),
        admin_group: None,
        selling: true,
        prices: PriceLimits {
            price_min: amount("0.15"),
            price_max: amount("1.00"),
            margin_min: amount("0.01"),
            price_step: amount("0.01"),
        },
        quote_lifetime_secs: 120,
        order_timeout_secs: 600,
        cancel_grace_secs: 300,
        purchase_wait_secs: 60,
        second_try: false,
        second_try_margin_secs: 60,
        orphans_cancelled: true,
        forget_codes_after_days: 30,
        orders_open_max: 2,
        deposit_min: amount("1.00"),
        deposit_max: amount("500.00"),
        deposit_lifetime_secs: 3_600,
        deposits_open_max: 2,
        methods: [
            (method("usdt"), MethodPolicy::default()),
            (method("binance"), MethodPolicy::default()),
            (method("coin"), coin()),
            (method("stars"), MethodPolicy { stars: true, ..MethodPolicy::default() }),
        ]
        .into(),
        auto_approve_below: None,
        stars_rate: StarsRate::from_micros(50_000_000).unwrap(),
        two_admins_above: None,
        limits: Limits::default(),
        referrals: Referrals::default(),
        resends: ResendLimits { max: 2, offered_secs: 1_200, wait_secs: 600 },
    }
}

/// A way to pay with limits of its own, payments that are told apart, and a payment's id.
fn coin() -> MethodPolicy {
    MethodPolicy {
        min: Some(amount("2.00")),
        max: Some(amount("600.00")),
        unique_cents: true,
        reference_required: true,
        stars: false,
    }
}

impl World {
    fn run(&mut self, row: &str) {
        let (deed, wanted) = row.split_once("->").unwrap_or((row, ""));
        let mut words: Vec<&str> = deed.split_whitespace().flat_map(times).collect();
        if let Some(now) = words.first().and_then(|word| moment(word)) {
            self.now = now;
            words.remove(0);
        }
        match words[..] {
            ["policy", field, value] => return self.turn(field, value),
            ["given", who, ref what @ ..] => return self.given(who, what),
            [who, "checks", count, "for", deposit] => {
                return self.check_out(row, who, count.parse().unwrap(), deposit);
            }
            _ => {}
        }
        let command = command(&words, self.now, &self.wished);
        let before = self.book.clone();
        let decision = self.decide(command.clone());
        if let Ok(decision) = &decision {
            self.commit(row, decision);
        }
        self.see(&command, &decision, &before);
        let again = self.decide(command.clone()).map_or_else(|_| Vec::new(), |again| money(&again));
        // The clock is no press: a late first tick asks the vendor, the next gives the money back.
        let tick = matches!(command, Command::OrderDeadline { .. });
        let moved = decision.as_ref().is_ok_and(|decision| !money(decision).is_empty());
        assert!(
            again.is_empty() || (tick && !moved),
            "{row}\n  a second time moves money: {again:?}"
        );
        let refused = wanted.trim_start().starts_with("refused");
        assert_eq!(decision.is_err(), refused, "{row}\n  {decision:?}");
        let mut unsaid = decision.as_ref().map(money).unwrap_or_default();
        for want in wanted.split(';').map(str::trim) {
            let want: Vec<&str> = want.split_whitespace().flat_map(times).collect();
            if let Some(said) = unsaid.iter().position(|moved| *moved == want.join(" ")) {
                unsaid.remove(said);
                continue;
            }
            let got = self.observe(&want, &words, &decision);
            assert_eq!(got, want.join(" "), "{row}\n  {decision:?}");
        }
        assert!(unsaid.is_empty(), "{row}\n  moves money unsaid: {unsaid:?}");
    }

    /// What Telegram asks before a payment; it changes nothing.
    fn check_out(&mut self, row: &str, who: &str, count: u32, deposit: &str) {
        let deposit = self.book.deposits.get(&deposit_id(deposit).unwrap());
        let checkout = Checkout { customer: user(who), count };
        let standing = self.book.standings.get(&user(who));
        let got = match may_pay(deposit, standing, &self.policy, checkout, self.now) {
            Ok(()) => "allowed".to_owned(),
            Err(refusal) => {
                self.seen.insert(refusal.key().to_owned());
                format!("refused {}", told(&refusal))
            }
        };
        assert_eq!(row.split_once("->").unwrap().1.trim(), got, "{row}");
    }

    /// Rows that many tables begin with.
    fn given(&mut self, who: &str, what: &[&str]) {
        let rows = match *what {
            ["has", usd, "by", d] => format!(
                "{who} opens {d} {usd} usdt -> opened
                 {who} claims {d} -> submitted
                 ada approves {d} -> approved; credited {usd}"
            ),
            ["orders", q, "from", ref vendors @ ..] => format!(
                "{who} asks {q} 0.26 cost 0.24 from {} -> quote 0.26 cap 0.25
                 {who} buys {q} -> buying 0; held 0.26",
                vendors.join(" ")
            ),
            ["opens", count, "deposits", "of", usd] => {
                let count: u64 = count.parse().unwrap();
                let row = |id| format!("{who} opens d{id} {usd} coin -> opened");
                (1..=count).map(row).collect::<Vec<_>>().join("\n")
            }
            ["waits", "for", q] => format!(
                "given {who} orders {q} from mock
                 started {q} 0 -> buying 0 started
                 bought {q} {} +15550100 0.24 from mock -> waiting",
                q.replace('q', "v")
            ),
            _ => panic!("given {who} {}?", what.join(" ")),
        };
        rows.lines().for_each(|row| self.run(row.trim()));
    }

    fn decide(&self, command: Command) -> Result<Decision, Refusal> {
        decide(&self.book.view(&command.touched()), &self.policy, command, self.now)
    }

    fn commit(&mut self, row: &str, decision: &Decision) {
        if decision.changes.is_empty() {
            return;
        }
        let seq = Seq(self.book.head.0 + 1);
        let changes = decision.changes.clone();
        for wish in wishes(decision) {
            self.wished.entry(wish).or_default().push(seq);
        }
        let entry =
            Entry { seq, at: self.now, actor: Actor::Engine, cause: "flow".into(), changes };
        self.book.apply(entry).unwrap_or_else(|error| panic!("{row}\n  does not fold: {error}"));
        let violations = self.book.violations();
        assert!(violations.is_empty(), "{row}\n  broke a promise: {violations:#?}");
    }

    fn see(&mut self, command: &Command, decision: &Result<Decision, Refusal>, before: &Book) {
        self.seen.insert(command.name().to_owned());
        match decision {
            Err(refusal) => drop(self.seen.insert(refusal.key().to_owned())),
            Ok(decision) => self.seen.extend(wishes(decision).map(|wish| wish.name().to_owned())),
        }
        let mut step = |from: Option<&str>, to: &str, kind: &str| {
            if from != Some(to) {
                self.seen.insert(format!("{kind}: {} → {to}", from.unwrap_or("new")));
            }
        };
        for (id, order) in &self.book.orders {
            let from = before.orders.get(id).map(|order| order.state.name());
            step(from, order.state.name(), "order");
        }
        for (id, deposit) in &self.book.deposits {
            let from = before.deposits.get(id).map(|deposit| deposit.state.name());
            step(from, deposit.state.name(), "deposit");
        }
        for (id, refund) in &self.book.refunds {
            let from = before.refunds.get(id).map(|refund| refund.state.name());
            step(from, refund.state.name(), "refund");
        }
    }

    /// Tells the truth in the words of the expectation, so that a difference reads well.
    fn observe(&self, want: &[&str], row: &[&str], got: &Result<Decision, Refusal>) -> String {
        let mut ids = row.iter().flat_map(|word| word.split(':'));
        let order = ids.clone().find_map(|id| self.book.orders.get(&order_id(id)?));
        let deposit = ids.find_map(|id| self.book.deposits.get(&deposit_id(id)?));
        match (want, got) {
            (["refused", ..], Err(refusal)) => format!("refused {}", told(refusal)),
            (["ok" | "nothing"], Ok(Decision { changes, .. })) => {
                if changes.is_empty() { "nothing" } else { "ok" }.to_owned()
            }
            (["quote", ..], Ok(Decision { outcome: Outcome::Quote(quote), .. })) => {
                format!("quote {} cap {}", quote.price, quote.cost_max)
            }
            (["wishes", ..], Ok(decision)) => {
                wishes(decision).fold("wishes".to_owned(), |text, wish| text + " " + &shown(wish))
            }
            (["switch", vendor, ..], _) => {
                let provider = ProviderId::new(*vendor).unwrap();
                self.book.sales.get(&provider).map_or("none".to_owned(), |switch| {
                    format!("switch {vendor} {:?} by {}", switch.sale, name(switch.by))
                })
            }
            (["broadcast", id, ..], _) => {
                let known = broadcast_id(id).and_then(|id| self.book.broadcasts.get(&id));
                known.map_or_else(|| "none".to_owned(), |known| broadcast_detail(id, known))
            }
            (["outreach", id, ..], _) => {
                let known = broadcast_id(id).and_then(|id| self.book.outreaches.get(&id));
                known.map_or_else(|| "none".to_owned(), |known| outreach_detail(id, known))
            }
            ([who, "is", _], _) => {
                let known = self.book.customers.get(&user(who)).is_some_and(|who| who.reachable);
                format!("{who} is {}", if known { "reachable" } else { "gone" })
            }
            (["forgotten", ..], _) => {
                let before =
                    self.book.forgotten.map_or("nothing".to_owned(), |day| day.to_string());
                format!("forgotten before {before}")
            }
            (["refund", _], _) => {
                let refund = order.and_then(|order| self.book.refunds.get(&order.id()));
                format!("refund {}", refund.map_or("none", |refund| refund.state.name()))
            }
            ([who, _], _) if PEOPLE.iter().any(|(name, _)| name == who) => {
                let wallet = AccountId::Wallet(user(who));
                let wallet = self.book.accounts.get(&wallet).copied().unwrap_or_default();
                format!("{who} {}+{}", wallet.available().unwrap(), wallet.debits_pending)
            }
            _ => order
                .map(|order| order_detail(want, order))
                .or(deposit.map(|deposit| deposit_detail(want, deposit)))
                .unwrap_or_else(|| "neither an order nor a deposit".to_owned()),
        }
    }

    fn turn(&mut self, field: &str, value: &str) {
        let policy = &mut self.policy;
        match field {
            "orphans_cancelled" => policy.orphans_cancelled = value == "on",
            "selling" => policy.selling = value == "on",
            "second_try" => policy.second_try = value == "on",
            "price_min" => policy.prices.price_min = amount(value),
            "price_max" => policy.prices.price_max = amount(value),
            "margin_min" => policy.prices.margin_min = amount(value),
            "deposit_min" => policy.deposit_min = amount(value),
            "deposit_max" => policy.deposit_max = amount(value),
            "stars" => assert!(policy.methods.remove(&method("stars")).is_some()),
            "auto_approve_below" => policy.auto_approve_below = Some(amount(value)),
            "two_admins_above" => policy.two_admins_above = Some(amount(value)),
            "forget_codes_after_days" => policy.forget_codes_after_days = value.parse().unwrap(),
            "orders_open_max" => policy.orders_open_max = value.parse().unwrap(),
            "deposits_open_max" => policy.deposits_open_max = value.parse().unwrap(),
            "referrals" => {
                let (enabled, percent) = (value != "off", value.parse().unwrap_or_default());
                policy.referrals = Referrals { enabled, percent, max: amount("1.00") };
            }
            "resends_max" => policy.resends.max = value.parse().unwrap(),
            "orders_minute_max" => policy.limits.orders_minute_max = value.parse().unwrap(),
            "orders_hour_max" => policy.limits.orders_hour_max = value.parse().unwrap(),
            "orders_day_max" => policy.limits.orders_day_max = value.parse().unwrap(),
            "terms_required" => policy.limits.terms_required = value == "on",
            "services_denied" => {
                policy.limits.services_denied.insert(value.parse().unwrap());
            }
            "admin_group" => policy.admin_group = Some(user(value)),
            "admin_removed" => assert!(policy.admins.remove(&user(value))),
            _ => panic!("no policy {field}"),
        }
    }
}

fn broadcast_detail(id: &str, broadcast: &Broadcast) -> String {
    let state = match broadcast.state {
        BroadcastState::Proposed => "proposed",
        BroadcastState::Running => "running",
        BroadcastState::Paused { .. } => "paused",
        BroadcastState::Cancelled { .. } => "cancelled",
        BroadcastState::Done { .. } => "done",
    };
    format!("broadcast {id} {state} for {}", broadcast.recipients)
}

fn outreach_detail(id: &str, outreach: &Outreach) -> String {
    let Outreach { sent, unreachable, failed, .. } = outreach;
    let upto = outreach.upto.map_or("nobody", name);
    let ahead = outreach.ahead.iter().map(|who| format!("{} ", name(*who))).collect::<String>();
    format!("outreach {id} {upto} {ahead}{sent} {unreachable} {failed}")
}

fn order_detail(want: &[&str], order: &Order) -> String {
    match want {
        ["card", ..] => format!("card {}", order.card.map_or(0, |card| card.0)),
        ["due", ..] => {
            let secs = |at: Timestamp| at.0 / 1_000;
            format!("due {}s hold {}s", secs(order.deadline), secs(order.hold_deadline))
        }
        ["number", ..] => order.purchase.as_ref().map_or_else(String::new, |purchase| {
            let number = purchase.number.text().unwrap_or("forgotten");
            format!("number {number} from {}", purchase.provider)
        }),
        ["former", ..] => order.former.iter().fold("former".to_owned(), |text, former| {
            format!("{text} {} of {}", former.vendor_order, former.provider)
        }),
        ["unreturned", ..] => {
            order.unreturned.as_ref().map_or("unreturned none".to_owned(), |unreturned| {
                let by = unreturned.decided_by.map_or("nobody", name);
                match unreturned.kept {
                    None => "unreturned unknown".to_owned(),
                    Some(true) => format!("unreturned kept by {by}"),
                    Some(false) => format!("unreturned given_back by {by}"),
                }
            })
        }
        ["codes", ..] => order.codes().fold("codes".to_owned(), |text, code| {
            format!("{text} {}", code.code.text().unwrap_or("forgotten"))
        }),
        ["again", ..] => order.resends.iter().fold("again".to_owned(), |text, resend| {
            let state = format!("{:?}", resend.state).to_lowercase();
            let name = state.split(' ').next().unwrap_or_default();
            let sure = if state.contains("true") { "!" } else { "" };
            format!("{text} {name}{sure}:{}", resend.vendor_order)
        }),
        ["code", ..] => {
            let code = order.code.as_ref().map(|code| code.code.text().unwrap_or("forgotten"));
            format!("code {}", code.unwrap_or("none"))
        }
        _ => match order.state {
            OrderState::Buying { candidate, started: false } => format!("buying {candidate}"),
            OrderState::Buying { candidate, started: true } => {
                format!("buying {candidate} started")
            }
            OrderState::Cancelling { reason: CancelReason::Customer } => {
                "cancelling for the customer".to_owned()
            }
            OrderState::Cancelling { reason: CancelReason::TimeOut } => {
                "cancelling for the clock".to_owned()
            }
            OrderState::Cancelling { reason: CancelReason::SecondTry } => {
                "cancelling for another".to_owned()
            }
            OrderState::Failed(reason) => format!("failed {reason:?}"),
            state => state.name().to_owned(),
        },
    }
}

fn deposit_detail(want: &[&str], deposit: &Deposit) -> String {
    match (want, &deposit.state) {
        (["card", ..], _) => format!("card {}", deposit.card.map_or(0, |card| card.0)),
        (["admin_cards", ..], _) => {
            let cards = deposit.admin_cards.iter();
            cards.fold("admin_cards".to_owned(), |text, card| {
                format!("{text} {}:{}", name(card.admin), card.message.0)
            })
        }
        (["asks", ..], _) => format!("asks {}", deposit.amount),
        (["stars", ..], _) => {
            format!("stars {}", deposit.stars.as_ref().map_or(0, |stars| stars.count))
        }
        (["wanted", ..], _) => {
            format!("wanted q{}", deposit.wanted.map_or(0, OrderId::bits))
        }
        (["first", ..], _) => {
            format!("first {}", deposit.first_approval.map_or("nobody", |first| name(first.by)))
        }
        (["paid", ..], _) => {
            format!("paid {}", deposit.reference.as_ref().map_or("?", Reference::as_str))
        }
        (["reason", ..], DepositState::Rejected { reason, .. }) => {
            format!("reason {}", reason.as_deref().unwrap_or("none"))
        }
        (_, state) => state.name().to_owned(),
    }
}
