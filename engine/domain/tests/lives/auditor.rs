//! A second bookkeeper, who believes only what was asked and what was answered, and counts in
//! plain integers. Only `lives` imports this.

use std::collections::{BTreeMap, BTreeSet};

use ring4_domain::book::Book;
use ring4_domain::command::Command;
use ring4_domain::decide::Outcome;
use ring4_domain::deposit::{Deposit, DepositState};
use ring4_domain::ids::{AdjustmentId, DepositId, OrderId, UserId};
use ring4_domain::ledger::AccountId;
use ring4_domain::money::Amount;
use ring4_domain::order::OrderState;

use crate::steps::ADMINS;

#[derive(Debug, Default)]
struct Wallet {
    deposited: i128,
    held: i128,
    spent: i128,
    refunded: i128,
    adjusted_in: i128,
    adjusted_out: i128,
}

#[derive(Debug, PartialEq)]
enum Hold {
    Open,
    Charged,
    Released,
    Refunded,
}

#[derive(Debug)]
struct Sale {
    customer: UserId,
    price: i128,
    cost: i128,
    hold: Hold,
    /// The vendor kept what it charged for a number that nobody paid for.
    lost: i128,
}

/// The auditor's books, in micro-dollars.
#[derive(Debug, Default)]
pub struct Auditor {
    wallets: BTreeMap<UserId, Wallet>,
    prices: BTreeMap<OrderId, i128>,
    claims: BTreeMap<DepositId, (UserId, i128)>,
    claimed: BTreeSet<DepositId>,
    credited: BTreeSet<DepositId>,
    sales: BTreeMap<OrderId, Sale>,
    proposed: BTreeMap<AdjustmentId, (UserId, i128)>,
    adjusted: BTreeSet<AdjustmentId>,
}

impl Auditor {
    /// Notes a command that was accepted, and the answer to it.
    pub fn note(&mut self, command: &Command, outcome: &Outcome) {
        match (command, outcome) {
            (Command::OfferQuote(asked), Outcome::Quote(quote)) => {
                assert_eq!((quote.id, quote.customer), (asked.id, asked.customer));
                assert!(quote.price.is_positive(), "{quote:?}");
                self.prices.insert(quote.id, micros(quote.price));
            }
            (command, Outcome::Deposit(answer)) => self.note_deposit(command, answer),
            (Command::CancelOrder { customer, .. }, Outcome::Order(order)) => {
                assert_eq!(order.customer(), *customer, "cancelled by another");
            }
            (Command::PlaceOrder { customer, quote, .. }, Outcome::Order(order)) => {
                assert_eq!(order.customer(), *customer);
                self.place(*customer, *quote);
            }
            (Command::PurchaseBought { order, purchase }, Outcome::Order(_)) => {
                // What a vendor names below nothing or above a million is not believed.
                let cost = micros(purchase.cost).clamp(0, 1_000_000_000_000);
                self.sales.get_mut(order).unwrap().cost = cost;
            }
            (
                Command::ReturnDenied { .. } | Command::SettleReturn { kept: true, .. },
                Outcome::Order(order),
            ) => {
                let sale = self.sales.get_mut(&order.id()).unwrap();
                assert_eq!((sale.lost, &sale.hold), (0, &Hold::Released), "{order:?}");
                sale.lost = micros(order.purchase.as_ref().unwrap().cost);
            }
            (Command::ApproveRefund { admin, order }, Outcome::Refund(_)) => {
                assert!(ADMINS.contains(&admin.0), "{admin} is no admin");
                let sale = self.sales.get_mut(order).unwrap();
                assert_eq!(sale.hold, Hold::Charged, "{order} was given back");
                sale.hold = Hold::Refunded;
                self.wallets.get_mut(&sale.customer).unwrap().refunded += sale.price;
            }
            (Command::ProposeAdjustment { id, customer, amount, .. }, Outcome::Adjustment(_)) => {
                self.proposed.entry(*id).or_insert((*customer, micros(*amount)));
            }
            (Command::BookAdjustment { admin, id, .. }, Outcome::Adjustment(_)) => {
                assert!(ADMINS.contains(&admin.0), "{admin} is no admin");
                let (customer, amount) = self.proposed.get(id).unwrap();
                assert!(self.adjusted.insert(*id), "adjusted twice");
                let wallet = self.wallets.entry(*customer).or_default();
                wallet.adjusted_in += (*amount).max(0);
                wallet.adjusted_out += -(*amount).min(0);
            }
            _ => {}
        }
        if let Outcome::Order(order) = outcome {
            self.settle(order.id(), order.state);
        }
    }

    fn note_deposit(&mut self, command: &Command, answer: &Deposit) {
        match command {
            Command::OpenDeposit { id, customer, amount, .. } => {
                let cents = micros(answer.amount) - micros(*amount);
                let known = self.claims.contains_key(id);
                assert!(known || (0..1_000_000).contains(&cents), "{amount}: {answer:?}");
                self.claims.entry(*id).or_insert((*customer, micros(answer.amount)));
            }
            Command::SubmitDeposit { customer, deposit, .. }
            | Command::TellReference { customer, deposit, .. } => {
                assert_eq!(self.claims.get(deposit).map(|(owner, _)| owner), Some(customer));
                self.claimed.insert(*deposit);
                // Told a second time it is credited no second time.
                if matches!(answer.state, DepositState::Credited { .. })
                    && !self.credited.contains(deposit)
                {
                    assert!(answer.amount < Amount::from_micros(1_100_000), "{answer:?}");
                    self.credit(*deposit);
                }
            }
            Command::ApproveDeposit { admin, deposit } => {
                assert!(ADMINS.contains(&admin.0), "{admin} is no admin");
                assert!(self.claimed.contains(deposit), "credited unclaimed: {answer:?}");
                let large = answer.amount > Amount::from_micros(1_900_000);
                match &answer.state {
                    DepositState::Approved { by, .. } => {
                        let first = answer.first_approval.map(|first| first.by);
                        assert!(!large || first.is_some_and(|first| first != *by), "{answer:?}");
                        self.credit(*deposit);
                    }
                    state => assert!(large && state.is_undecided(), "{answer:?}"),
                }
            }
            _ => {}
        }
    }

    fn credit(&mut self, deposit: DepositId) {
        assert!(self.credited.insert(deposit), "credited twice: {deposit}");
        let (customer, amount) = self.claims.get(&deposit).unwrap();
        self.wallets.entry(*customer).or_default().deposited += amount;
    }

    fn place(&mut self, customer: UserId, id: OrderId) {
        let price = *self.prices.get(&id).unwrap();
        let wallet = self.wallets.entry(customer).or_default();
        self.sales.entry(id).or_insert_with(|| {
            wallet.held += price;
            Sale { customer, price, cost: 0, hold: Hold::Open, lost: 0 }
        });
    }

    fn settle(&mut self, id: OrderId, state: OrderState) {
        let sale = self.sales.get_mut(&id).unwrap();
        let wallet = self.wallets.get_mut(&sale.customer).unwrap();
        let hold = match state {
            state if state.is_open() => Hold::Open,
            OrderState::Delivered => Hold::Charged,
            OrderState::Refunded => Hold::Refunded,
            _ => Hold::Released,
        };
        if sale.hold == Hold::Open && hold != Hold::Open {
            wallet.held -= sale.price;
            wallet.spent += if hold == Hold::Charged { sale.price } else { 0 };
        } else {
            assert_eq!(sale.hold, hold, "{id} was settled as {sale:?} and is {state:?}");
        }
        sale.hold = hold;
    }

    /// Compares every wallet and the shop's own accounts with the book.
    pub fn compare(&self, book: &Book) {
        let account = |id| book.accounts.get(&id).copied().unwrap_or_default();
        for (id, wallet) in &self.wallets {
            let theirs = account(AccountId::Wallet(*id));
            let available = theirs.available().map(micros);
            let earned = wallet.deposited + wallet.refunded + wallet.adjusted_in;
            let gone = wallet.spent + wallet.adjusted_out;
            let mine = earned - wallet.held - gone;
            assert_eq!(available, Some(mine), "{id} can spend something else: {wallet:?}");
            assert_eq!(micros(theirs.debits_pending), wallet.held, "{id} holds: {wallet:?}");
            assert_eq!(micros(theirs.debits_posted), gone, "{id} spent: {wallet:?}");
            assert_eq!(micros(theirs.deposited), wallet.deposited, "{id} paid in: {wallet:?}");
            assert_eq!(micros(theirs.refunded), wallet.refunded, "{id} got back: {wallet:?}");
        }
        for id in book.accounts.keys() {
            if let AccountId::Wallet(id) = id {
                assert!(self.wallets.contains_key(id), "{id} has a wallet that nobody filled");
            }
        }
        let charged = |of: fn(&Sale) -> i128| -> i128 {
            let charged = |sale: &&Sale| matches!(sale.hold, Hold::Charged | Hold::Refunded);
            self.sales.values().filter(charged).map(of).sum()
        };
        let revenue = account(AccountId::Revenue);
        assert_eq!(micros(revenue.credits_posted), charged(|sale| sale.price), "revenue");
        let paid = account(AccountId::VendorCost);
        let lost: i128 = self.sales.values().map(|sale| sale.lost).sum();
        assert_eq!(micros(paid.debits_posted), charged(|sale| sale.cost) + lost, "vendor cost");
    }
}

fn micros(amount: Amount) -> i128 {
    i128::from(amount.micros())
}
