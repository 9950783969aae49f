//! Arbitrary lives of a shop: any commands in any order, at any time, with any amounts and
//! forged ids, while the operator turns the policy. `steps` invents them, `next` knows what would
//! really come next, `auditor` keeps its own plain books beside ours.
//!
//! More and longer lives: `PROPTEST_CASES=10000 cargo test -p ring4-domain --test lives`.

// A test stops at the first surprise.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "lives/auditor.rs"]
mod auditor;
#[path = "lives/next.rs"]
mod next;
#[path = "lives/steps.rs"]
mod steps;

use std::cell::RefCell;
use std::collections::BTreeMap;

use auditor::Auditor;
use proptest::test_runner::{Config, RngAlgorithm, TestRunner};
use ring4_domain::adjustment::BY_SHOP;
use ring4_domain::book::{Book, Booked};
use ring4_domain::change::{Actor, Change, Entry, Seq};
use ring4_domain::command::Command;
use ring4_domain::decide::{Decision, decide};
use ring4_domain::deposit::{Deposit, DepositState};
use ring4_domain::ids::{OrderId, Timestamp};
use ring4_domain::ledger::{AccountId, Resolution, TransferId, TransferKind};
use ring4_domain::order::{Order, OrderState};
use ring4_domain::policy::Policy;
use ring4_domain::refusal::Refusal;
use ring4_domain::resend::ResendState;
use steps::Step;

struct Shop {
    book: Book,
    /// The same history, checked without holding all of it.
    slim: Book,
    closed: BTreeMap<OrderId, Order>,
    closed_transfers: BTreeMap<TransferId, Booked>,
    policy: Policy,
    now: Timestamp,
    auditor: Auditor,
}

impl Shop {
    fn decide(&self, command: Command) -> Result<Decision, Refusal> {
        decide(&self.book.view(&command.touched()), &self.policy, command, self.now)
    }

    /// A refusal carries no changes, so what is refused cannot change anything.
    fn run(&mut self, command: Command) {
        let Ok(decision) = self.decide(command.clone()) else { return };
        let (orders, deposits) = (self.book.orders.clone(), self.book.deposits.clone());
        self.assert_forgets_in_time(&decision.changes);
        if !decision.changes.is_empty() {
            let entry = self.entry(&decision);
            self.book.apply(entry.clone()).unwrap();
            self.follow_slimly(&entry);
        }
        assert_eq!(self.book.violations(), []);
        self.auditor.note(&command, &decision.outcome);
        self.auditor.compare(&self.book);
        for (id, was) in &orders {
            assert_follows(&command, was, self.book.orders.get(id).unwrap());
        }
        for (id, was) in &deposits {
            let is = self.book.deposits.get(id).unwrap();
            assert_eq!(
                (is.customer, is.amount, &is.method),
                (was.customer, was.amount, &was.method)
            );
        }
        let tick = matches!(command, Command::OrderDeadline { .. });
        let again = self.decide(command).map(|again| again.changes).unwrap_or_default();
        let moves = |changes: &[Change]| changes.iter().any(|it| matches!(it, Change::Transfer(_)));
        // The clock is no press: a late first tick asks the vendor, the next gives the money back.
        let late = tick && !moves(&decision.changes);
        assert!(late || !moves(&again), "done twice, paid twice: {again:?}");
    }

    /// What is over is closed, and comes back when it changes after all.
    fn follow_slimly(&mut self, entry: &Entry) {
        self.slim.apply(entry.clone()).unwrap();
        for change in &entry.changes {
            let Change::Order(order) = change else { continue };
            self.closed.remove(&order.id());
            let Some(closed) = self.slim.close(order.id()) else { continue };
            self.closed.insert(order.id(), closed.order);
            let transfers = closed.transfers.into_iter().map(|it| (it.transfer.id, it));
            self.closed_transfers.extend(transfers);
        }
        assert_eq!(self.slim.violations(), []);
    }

    /// Both books tell the same, and the slim one holds no more than what can still happen.
    fn assert_slim(&self) {
        let (mut orders, mut transfers) = (self.closed.clone(), self.closed_transfers.clone());
        orders.extend(self.slim.orders.clone());
        transfers.extend(self.slim.transfers.clone());
        assert_eq!((&orders, &transfers), (&self.book.orders, &self.book.transfers));
        assert_eq!(self.slim.accounts, self.book.accounts);
        assert_eq!(self.slim.orders.values().find(|order| !order.state.is_open()), None);
    }

    fn entry(&self, decision: &Decision) -> Entry {
        Entry {
            seq: Seq(self.book.head.0 + 1),
            at: self.now,
            actor: Actor::Engine,
            cause: "life".into(),
            changes: decision.changes.clone(),
        }
    }

    /// Nothing is forgotten before its time, and no order that is open.
    fn assert_forgets_in_time(&self, changes: &[Change]) {
        for change in changes {
            let Change::CodesForgotten(before) = change else { continue };
            assert!(self.book.forgotten.is_none_or(|forgotten| forgotten < *before));
            let days = i128::from(before.0) + i128::from(self.policy.forget_codes_after_days);
            assert!(days * 86_400_000 <= i128::from(self.now.0), "{before} at {:?}", self.now);
            let mut open = self.book.orders.values().filter(|order| order.state.is_open());
            assert!(open.all(|order| order.day() >= *before), "{before}");
        }
    }

    /// Every open order is one that the clock can end: its hold says until when.
    fn assert_clock_reaches_all(&self) {
        for order in self.book.orders.values().filter(|order| order.state.is_open()) {
            let hold = self.book.transfers.get(&TransferId::Hold(order.id())).unwrap();
            let deadline = order.hold_deadline;
            assert_eq!(hold.transfer.kind, TransferKind::Pending { deadline });
            assert!(order.deadline <= deadline, "{order:?}");
        }
    }

    /// At the end of time two ticks end every order, Telegram has answered every return, and
    /// nobody's money is held.
    fn close(&mut self) {
        let returning = |known: &&Deposit| matches!(known.state, DepositState::Returning { .. });
        let returning: Vec<_> =
            self.book.deposits.values().filter(returning).map(|known| known.id).collect();
        for deposit in returning {
            self.run(Command::StarsReturned { deposit });
        }
        self.now = Timestamp(i64::MAX);
        let open = self.book.orders.values().filter(|order| order.state.is_open());
        for id in open.map(Order::id).collect::<Vec<_>>() {
            self.run(Command::OrderDeadline { order: id });
            self.run(Command::OrderDeadline { order: id });
        }
        let held =
            |book: &Book| book.transfers.values().any(|it| it.resolution == Resolution::Open);
        assert!(!held(&self.book), "a hold outlives the shop");
        for (id, account) in &self.book.accounts {
            let pending = (account.debits_pending.micros(), account.credits_pending.micros());
            assert_eq!(pending, (0, 0), "{id:?}");
        }
    }
}

/// What is agreed stays agreed, and what has ended stays ended.
fn assert_follows(command: &Command, was: &Order, is: &Order) {
    assert_eq!(is.quote, was.quote);
    assert_eq!((is.placed_at, is.hold_deadline), (was.placed_at, was.hold_deadline));
    let kept = was.purchase.is_none() || is.purchase == was.purchase;
    let went_back = is.former.len() == was.former.len() + 1 && is.purchase.is_none();
    assert!(kept || went_back, "{was:?} became {is:?}");
    assert!(is.former.starts_with(&was.former) && is.former.len() <= 1, "{was:?} became {is:?}");
    assert!(was.code.is_none() || is.code == was.code, "{was:?} became {is:?}");
    if !was.state.is_open() {
        let given_back = matches!(command, Command::ApproveRefund { .. });
        assert_eq!(is.ended_at, was.ended_at);
        assert!(given_back || is.state == was.state, "{was:?} became {is:?}");
    }
    assert_eq!(is.state.is_open(), is.ended_at.is_none(), "{is:?}");
    assert!(may_step(command, was.state, is.state), "{command:?} made {was:?} to {is:?}");
}

/// Which command may take an order from one state to another.
fn may_step(command: &Command, from: OrderState, to: OrderState) -> bool {
    let asked = match (from, to) {
        (OrderState::Buying { candidate: old, .. }, OrderState::Buying { candidate: new, .. }) => {
            (old != new).then_some((old, new))
        }
        _ => None,
    };
    if let Some((old, new)) = asked {
        return match command {
            Command::PurchaseRefused { candidate, .. } => *candidate == old && new > old,
            _ => false,
        };
    }
    let step = (command.name(), from.name(), to.name());
    from.name() == to.name()
        || matches!(
            step,
            ("purchase_bought", "buying" | "unclear", "waiting")
                | ("adopt_purchase", "unclear", "waiting")
                | ("purchase_refused", "buying", "failed")
                | ("purchase_unclear", "buying", "unclear")
                | ("purchase_not_found" | "release_purchase", "unclear", "failed")
                | ("code_arrived", "waiting" | "cancelling", "delivered")
                | ("cancel_order", "waiting", "cancelling")
                | ("purchase_returned", "waiting", "expired")
                | ("purchase_returned" | "order_deadline", "cancelling", "cancelled" | "expired")
                | ("order_deadline" | "code_overdue", "waiting", "cancelling")
                | ("purchase_returned", "cancelling", "buying")
                | ("purchase_refused" | "order_deadline", "buying", "expired")
                | ("order_deadline", "buying" | "unclear", "failed")
                | ("approve_refund", "delivered", "refunded")
        )
}

/// How often something deep was reached: lives that never get far prove nothing.
type Reached = BTreeMap<&'static str, u32>;

fn live(steps: &[Step], reached: &RefCell<Reached>) {
    let auditor = Auditor::default();
    let mut shop = Shop {
        book: Book::default(),
        slim: Book::default(),
        closed: BTreeMap::new(),
        closed_transfers: BTreeMap::new(),
        policy: steps::policy(),
        now: Timestamp(0),
        auditor,
    };
    for step in steps {
        match step {
            Step::Wait(millis) => shop.now = Timestamp(shop.now.0.saturating_add(*millis)),
            Step::Jump(now) => shop.now = *now,
            Step::Turn(turn) => turn.apply(&mut shop.policy),
            Step::Run(command) => shop.run(command.clone()),
            Step::Go(go) => {
                if let Some(command) = go.command(&shop.book) {
                    shop.run(command);
                }
            }
        }
        shop.assert_clock_reaches_all();
    }
    shop.close();
    shop.assert_slim();
    let mut reached = reached.borrow_mut();
    for order in shop.book.orders.values() {
        *reached.entry(order.state.name()).or_default() += 1;
    }
    for resend in shop.book.orders.values().flat_map(|order| &order.resends) {
        let name = match resend.state {
            ResendState::Arrived => "another code",
            _ if resend.cost.is_positive() => "another code charged",
            _ => continue,
        };
        *reached.entry(name).or_default() += 1;
    }
    let by_shop = shop.book.adjustments.values().filter(|it| it.proposed_by == BY_SHOP);
    for it in by_shop {
        let name = if it.amount.is_negative() { "taken back" } else { "rewarded" };
        *reached.entry(name).or_default() += 1;
    }
    for deposit in shop.book.deposits.values() {
        *reached.entry(deposit.state.name()).or_default() += 1;
    }
    let booked = shop.book.adjustments.values().filter(|it| it.booked.is_some()).count();
    *reached.entry("adjusted").or_default() += u32::try_from(booked).unwrap();
    for id in shop.book.accounts.keys() {
        if let AccountId::VendorFloat(_) = id {
            *reached.entry("vendor paid").or_default() += 1;
        }
    }
}

#[test]
fn no_life_breaks_a_promise() {
    let reached = RefCell::new(Reached::new());
    // The smallest failing life is printed whole; a file of seeds would add nothing to it.
    // Lives need many small choices and no secrets, so the cheap generator does.
    let config = Config {
        failure_persistence: None,
        rng_algorithm: RngAlgorithm::XorShift,
        ..Config::default()
    };
    let lives = TestRunner::new(config).run(&steps::life(), |steps| {
        live(&steps, &reached);
        Ok(())
    });
    if let Err(broken) = lives {
        panic!("{broken}");
    }
    let reached = reached.into_inner();
    println!("{reached:?}");
    for name in [
        "delivered",
        "refunded",
        "adjusted",
        "cancelled",
        "expired",
        "failed",
        "opened",
        "submitted",
        "approved",
        "rejected",
        "credited",
        "returned",
        "rewarded",
        "taken back",
        "another code",
        "another code charged",
        "vendor paid",
    ] {
        let times = reached.get(name).copied().unwrap_or_default();
        assert!(times >= 10, "{name} was reached {times} times: {reached:?}");
    }
}
