//! A second bookkeeper, who believes only what was asked and what was answered, and counts in
//! plain integers. Only `lives` imports this.

use std::collections::{BTreeMap, BTreeSet};

use ring4_domain::adjustment::Adjustment;
use ring4_domain::book::Book;
use ring4_domain::command::Command;
use ring4_domain::decide::Outcome;
use ring4_domain::deposit::{Deposit, DepositState};
use ring4_domain::ids::{AdjustmentId, DepositId, OrderId, UserId};
use ring4_domain::ledger::AccountId;
use ring4_domain::money::Amount;
use ring4_domain::order::OrderState;
use ring4_domain::resend::ResendStep;
use ring4_domain::stars::ChargeId;

use crate::steps::ADMINS;

#[derive(Debug, Default)]
struct Wallet {
    deposited: i128,
    held: i128,
    spent: i128,
    refunded: i128,
    adjusted_in: i128,
    adjusted_out: i128,
    /// Stars on their way back, and those that went.
    returning: i128,
    returned: i128,
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
    /// What it charged for further codes, by their place.
    again: BTreeMap<usize, i128>,
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
    charges: BTreeSet<ChargeId>,
    /// By who was brought: the deposit, the referrer and what that one got.
    rewards: BTreeMap<UserId, (DepositId, UserId, i128)>,
    taken_back: BTreeSet<UserId>,
    given_back: BTreeSet<DepositId>,
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
            (Command::StarsPaid { .. }, _) => self.note_stars(command, outcome),
            (command, Outcome::Deposit(answer)) => self.note_deposit(command, answer),
            (
                Command::Resend { step: ResendStep::Wait { cost, .. }, .. },
                Outcome::Order(order),
            ) => {
                let cost = micros(*cost).clamp(0, 1_000_000_000_000);
                if cost > 0 {
                    let sale = self.sales.get_mut(&order.id()).unwrap();
                    sale.again.entry(order.resends.len()).or_insert(cost);
                }
            }
            (
                Command::RewardReferral { .. } | Command::TakeBackReward { .. },
                Outcome::Adjustment(answer),
            ) => self.note_reward(command, answer),
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

    /// A payment counts once, whatever it was told for.
    fn note_stars(&mut self, command: &Command, outcome: &Outcome) {
        let Command::StarsPaid { customer, deposit, spare, charge, count } = command else {
            return;
        };
        if !self.charges.insert(charge.clone()) {
            return;
        }
        let Outcome::Deposit(answer) = outcome else { panic!("{charge:?} is lost: {outcome:?}") };
        assert_eq!(answer.customer, *customer, "{answer:?}");
        if answer.id == *spare && Some(answer.id) != *deposit {
            // Two cents a star.
            self.claims.insert(*spare, (*customer, (i128::from(*count) * 20_000).max(1)));
        }
        self.credit(answer.id);
    }

    fn note_reward(&mut self, command: &Command, answer: &Adjustment) {
        let amount = micros(answer.amount);
        match command {
            Command::RewardReferral { customer, referrer, deposit, first, .. } => {
                assert!(first, "{answer:?} is for no first deposit");
                let (owner, paid) = self.claims.get(deposit).unwrap();
                assert!(self.credited.contains(deposit) && owner == customer, "{answer:?}");
                assert!(!self.given_back.contains(deposit), "{answer:?}");
                assert!(0 < amount && amount * 10 <= *paid, "{answer:?} of {paid}");
                let given = self.rewards.insert(*customer, (*deposit, *referrer, amount));
                assert_eq!(given, None, "{customer} was worth two rewards");
                self.wallets.entry(*referrer).or_default().adjusted_in += amount;
            }
            Command::TakeBackReward { customer, referrer, deposit, .. } => {
                let (rewarded, bringer, given) = self.rewards.get(customer).unwrap();
                assert_eq!((rewarded, bringer), (deposit, referrer), "{answer:?}");
                assert!(self.given_back.contains(deposit), "{answer:?}");
                assert!(self.taken_back.insert(*customer), "taken back twice: {answer:?}");
                assert!(amount < 0 && -amount <= *given, "{answer:?}");
                self.wallets.entry(*referrer).or_default().adjusted_out -= amount;
            }
            _ => {}
        }
    }

    /// Stars on their way back: held, then gone or there again.
    fn note_return(&mut self, command: &Command, answer: &Deposit) {
        let (customer, amount) = *self.claims.get(&answer.id).unwrap();
        let wallet = self.wallets.get_mut(&customer).unwrap();
        match command {
            Command::ReturnStars { admin, .. } => {
                assert!(ADMINS.contains(&admin.0), "{admin} is no admin");
                wallet.returning += amount;
            }
            Command::StarsReturned { deposit } => {
                assert!(self.given_back.insert(*deposit), "{deposit} went back twice");
                wallet.returning -= amount;
                wallet.returned += amount;
            }
            _ => wallet.returning -= amount,
        }
    }

    fn note_deposit(&mut self, command: &Command, answer: &Deposit) {
        match command {
            Command::ReturnStars { .. }
            | Command::StarsReturned { .. }
            | Command::StarsKept { .. } => self.note_return(command, answer),
            Command::OpenDeposit { id, customer, amount, .. } => {
                let cents = micros(answer.amount) - micros(*amount);
                let known = self.claims.contains_key(id);
                assert!(known || (0..1_000_000).contains(&cents), "{amount}: {answer:?}");
                self.claims.entry(*id).or_insert((*customer, micros(answer.amount)));
            }
            Command::SubmitDeposit { customer, deposit, auto }
            | Command::TellReference { customer, deposit, auto, .. } => {
                assert_eq!(self.claims.get(deposit).map(|(owner, _)| owner), Some(customer));
                self.claimed.insert(*deposit);
                // Told a second time it is credited no second time.
                if matches!(answer.state, DepositState::Credited { .. })
                    && !self.credited.contains(deposit)
                {
                    assert!(answer.amount < Amount::from_micros(1_100_000), "{answer:?}");
                    assert!(auto, "nobody said yes: {answer:?}");
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
            Sale { customer, price, cost: 0, hold: Hold::Open, lost: 0, again: BTreeMap::new() }
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
            let gone = wallet.spent + wallet.adjusted_out + wallet.returned;
            let held = wallet.held + wallet.returning;
            let mine = earned - held - gone;
            assert_eq!(available, Some(mine), "{id} can spend something else: {wallet:?}");
            assert_eq!(micros(theirs.debits_pending), held, "{id} holds: {wallet:?}");
            assert_eq!(micros(theirs.debits_posted), gone, "{id} spent: {wallet:?}");
            assert_eq!(micros(theirs.deposited), wallet.deposited, "{id} paid in: {wallet:?}");
            assert_eq!(micros(theirs.refunded), wallet.refunded, "{id} got back: {wallet:?}");
            assert_eq!(micros(theirs.returned), wallet.returned, "{id} gave back: {wallet:?}");
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
        let beside = |sale: &Sale| sale.lost + sale.again.values().sum::<i128>();
        let lost: i128 = self.sales.values().map(beside).sum();
        assert_eq!(micros(paid.debits_posted), charged(|sale| sale.cost) + lost, "vendor cost");
    }
}

fn micros(amount: Amount) -> i128 {
    i128::from(amount.micros())
}
