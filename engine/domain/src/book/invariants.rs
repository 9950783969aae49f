//! What must hold after every commit. Only `book` is built on this.

use std::collections::BTreeMap;

use super::{Book, Booked};
use crate::deposit::{Deposit, DepositState};
use crate::effect::Effect;
use crate::ids::{AdjustmentId, DepositId, OrderId, ProviderId};
use crate::ledger::{Account, AccountId, Resolution, TransferId, TransferKind};
use crate::money::Amount;
use crate::order::{Order, OrderState};
use crate::refund::RefundState;

/// A broken promise, named.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Debits and credits differ.
    #[error("{which}: debits {debits}, credits {credits} micro-dollars")]
    Unbalanced {
        /// Posted or pending.
        which: &'static str,
        /// The sum of debits.
        debits: i128,
        /// The sum of credits.
        credits: i128,
    },
    /// A wallet can spend less than nothing.
    #[error("{0:?} is below zero")]
    WalletBelowZero(AccountId),
    /// The pending debits of an account are not the sum of its open holds.
    #[error("{account:?} holds {held}, its open holds are {holds} micro-dollars")]
    HoldsDisagree {
        /// The account.
        account: AccountId,
        /// What the account says.
        held: i128,
        /// What the transfers say.
        holds: i128,
    },
    /// An order's state and its hold tell different stories.
    #[error("order {order} is {state} but its hold is {hold}")]
    OrderHold {
        /// The order.
        order: OrderId,
        /// Its state.
        state: &'static str,
        /// Its hold.
        hold: String,
    },
    /// A hold belongs to no order.
    #[error("the hold of {0} belongs to no order")]
    HoldWithoutOrder(OrderId),
    /// Money came in by a deposit that is not there.
    #[error("the credit of {0} belongs to no deposit")]
    CreditWithoutDeposit(DepositId),
    /// A deposit's state and its credit tell different stories.
    #[error("deposit {deposit} is {state} and credited: {credited}")]
    DepositCredit {
        /// The deposit.
        deposit: DepositId,
        /// Its state.
        state: &'static str,
        /// Whether money was booked.
        credited: bool,
    },
    /// A deposit's state and the hold of its return tell different stories.
    #[error("deposit {deposit} is {state} but the hold of its return is {hold}")]
    DepositReturn {
        /// The deposit.
        deposit: DepositId,
        /// Its state.
        state: &'static str,
        /// The hold.
        hold: String,
    },
    /// Nothing will ever move this deposit again.
    #[error("deposit {0} is being given back and nobody will touch it")]
    DepositForgotten(DepositId),
    /// Two deposits name one payment.
    #[error("deposits {first} and {second} name one payment")]
    PaymentShared {
        /// A deposit.
        first: DepositId,
        /// Another one.
        second: DepositId,
    },
    /// Two customers wait for, or paid for, the same number.
    #[error("what was bought for order {first} was bought for {second} too")]
    NumberShared {
        /// An order.
        first: OrderId,
        /// Another one.
        second: OrderId,
    },
    /// More was refunded than was paid.
    #[error("order {0} was refunded more than it was charged")]
    RefundAboveCapture(OrderId),
    /// A refund's state and the money that went back tell different stories.
    #[error("the refund of {order} is {state} and booked: {booked}")]
    RefundCredit {
        /// The order.
        order: OrderId,
        /// The refund's state.
        state: &'static str,
        /// Whether money was booked.
        booked: bool,
    },
    /// An adjustment and its transfer tell different stories.
    #[error("the transfer of adjustment {0} is not what its record says")]
    AdjustmentCredit(AdjustmentId),
    /// Nothing will ever move this order again.
    #[error("order {0} is open and nobody will touch it")]
    OrderForgotten(OrderId),
    /// What a vendor charged for another code is not what the order says.
    #[error("the cost of code {place} more of order {order} is not what its record says")]
    ResendCost {
        /// The order.
        order: OrderId,
        /// Which code, from 0.
        place: u8,
    },
    /// A customer paid and there is no code.
    #[error("order {0} was charged without a code")]
    ChargedWithoutCode(OrderId),
}

impl Book {
    /// Checks everything; an empty list means that every promise is kept.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        self.check_sums(&mut found);
        self.check_wallets(&mut found);
        for order in self.orders.values() {
            self.check_order(order, &mut found);
        }
        self.check_numbers(&mut found);
        self.check_deposits(&mut found);
        self.check_refunds(&mut found);
        self.check_adjustments(&mut found);
        for booked in self.transfers.values() {
            match booked.transfer.id {
                TransferId::Hold(id) if !self.orders.contains_key(&id) => {
                    found.push(Violation::HoldWithoutOrder(id));
                }
                // The order itself did not come back with it.
                TransferId::Refund(id)
                    if !self.orders.contains_key(&id)
                        && self.closed.knows(id)
                        && !self.closed.covers(id, booked.transfer.amount) =>
                {
                    found.push(Violation::RefundAboveCapture(id));
                }
                TransferId::ResendCost(order, place) if !self.has_resend(order, place) => {
                    found.push(Violation::ResendCost { order, place });
                }
                TransferId::Deposit(id) if !self.deposits.contains_key(&id) => {
                    found.push(Violation::CreditWithoutDeposit(id));
                }
                _ => {}
            }
        }
        found
    }

    fn check_sums(&self, found: &mut Vec<Violation>) {
        let sum = |of: fn(&Account) -> Amount| -> i128 {
            self.accounts.values().map(|account| i128::from(of(account).micros())).sum()
        };
        let mut compare = |which, debits: i128, credits: i128| {
            if debits != credits {
                found.push(Violation::Unbalanced { which, debits, credits });
            }
        };
        compare("posted", sum(|of| of.debits_posted), sum(|of| of.credits_posted));
        compare("pending", sum(|of| of.debits_pending), sum(|of| of.credits_pending));
    }

    fn check_wallets(&self, found: &mut Vec<Violation>) {
        let mut open: BTreeMap<&AccountId, i128> = BTreeMap::new();
        let is_open = |booked: &&Booked| booked.resolution == Resolution::Open;
        for booked in self.transfers.values().filter(is_open) {
            let held = open.entry(&booked.transfer.debit).or_default();
            *held += i128::from(booked.transfer.amount.micros());
        }
        for (id, account) in &self.accounts {
            let holds = open.get(id).copied().unwrap_or_default();
            let held = i128::from(account.debits_pending.micros());
            if held != holds {
                found.push(Violation::HoldsDisagree { account: id.clone(), held, holds });
            }
            let available = account.available();
            if matches!(id, AccountId::Wallet(_)) && available.is_none_or(Amount::is_negative) {
                found.push(Violation::WalletBelowZero(id.clone()));
            }
        }
    }

    /// What became of the hold that an order needs.
    pub(super) fn resolution(&self, order: &Order) -> Option<Resolution> {
        let hold = self.transfers.get(&TransferId::Hold(order.id())).filter(|hold| {
            matches!(hold.transfer.kind, TransferKind::Pending { .. })
                && hold.transfer.amount == order.quote.price
                && hold.transfer.debit == AccountId::Wallet(order.customer())
        });
        hold.map(|hold| hold.resolution).or_else(|| self.closed.resolution(order))
    }

    pub(super) fn check_order(&self, order: &Order, found: &mut Vec<Violation>) {
        let id = order.id();
        let resolution = self.resolution(order);
        let agrees = match order.state {
            state if state.is_open() => resolution == Some(Resolution::Open),
            OrderState::Delivered | OrderState::Refunded => {
                resolution == Some(Resolution::Posted(TransferId::Capture(id)))
            }
            _ => resolution == Some(Resolution::Voided(TransferId::Release(id))),
        };
        if !agrees {
            let hold = resolution.map_or_else(|| "missing".to_owned(), |of| format!("{of:?}"));
            let state = order.state.name();
            found.push(Violation::OrderHold { order: id, state, hold });
        }
        let charged = matches!(order.state, OrderState::Delivered | OrderState::Refunded);
        if charged && order.code.as_ref().is_none_or(|code| code.code.is_blank()) {
            found.push(Violation::ChargedWithoutCode(id));
        }
        for (place, resend) in (0..=u8::MAX).zip(&order.resends) {
            let cost = TransferId::ResendCost(id, place);
            let booked = self.transfers.get(&cost).map(|booked| booked.transfer.amount);
            let said = Some(resend.cost).filter(|cost| *cost != Amount::ZERO);
            let closed = booked.is_none() && self.closed.has(cost);
            if booked != said && !(closed && said.is_some()) {
                found.push(Violation::ResendCost { order: id, place });
            }
        }
        let refund = self.transfers.get(&TransferId::Refund(id));
        let refund = refund.map(|refund| refund.transfer.amount).or_else(|| self.closed.refund(id));
        let refundable = if charged { order.quote.price } else { Amount::ZERO };
        if refund.is_some_and(|refund| refund > refundable) {
            found.push(Violation::RefundAboveCapture(id));
        }
        // Waiting and cancelling orders are moved by the clock, which reads their deadlines.
        let moved = match order.state {
            OrderState::Buying { .. } => self.wishes.contains_key(&Effect::Buy(id)),
            OrderState::Unclear => self.wishes.contains_key(&Effect::FindPurchase(id)),
            _ => true,
        };
        if !moved {
            found.push(Violation::OrderForgotten(id));
        }
    }

    /// Whether so many further codes were asked for, or the order was closed.
    fn has_resend(&self, order: OrderId, place: u8) -> bool {
        match self.orders.get(&order) {
            Some(order) => order.resends.len() > usize::from(place),
            None => self.closed.has(TransferId::ResendCost(order, place)),
        }
    }

    fn check_numbers(&self, found: &mut Vec<Violation>) {
        let mut owners: BTreeMap<(&ProviderId, &str), OrderId> = BTreeMap::new();
        for order in self.orders.values() {
            for number in order.numbers() {
                let first = owners.insert(number, order.id());
                let first = first.or_else(|| self.closed.owner(number.0, number.1));
                if let Some(first) = first.filter(|first| *first != order.id()) {
                    found.push(shared(first, order.id()));
                }
            }
        }
        found.extend(self.closed.shared().iter().map(|(first, second)| shared(*first, *second)));
    }

    /// The newest attempt to give stars back is as far as the deposit says; former ones failed.
    fn check_return(&self, deposit: &Deposit, found: &mut Vec<Violation>) {
        let attempts = deposit.stars.as_ref().map_or(0, |stars| stars.returns);
        for attempt in 0..attempts {
            let id = deposit.id;
            let hold = self.transfers.get(&TransferId::ReturnHold(id, attempt));
            let hold = hold.filter(|hold| hold.transfer.amount == deposit.amount);
            let resolution = hold.map(|hold| hold.resolution);
            let newest = attempt.checked_add(1) == Some(attempts);
            let voided = Resolution::Voided(TransferId::ReturnRelease(id, attempt));
            let wanted = match deposit.state {
                DepositState::Returning { .. } if newest => Resolution::Open,
                DepositState::Returned { .. } if newest => {
                    Resolution::Posted(TransferId::Return(id, attempt))
                }
                _ => voided,
            };
            if resolution != Some(wanted) {
                let hold = resolution.map_or_else(|| "missing".to_owned(), |of| format!("{of:?}"));
                let state = deposit.state.name();
                found.push(Violation::DepositReturn { deposit: id, state, hold });
            }
        }
        let returning = matches!(deposit.state, DepositState::Returning { .. });
        if returning && !self.wishes.contains_key(&Effect::ReturnStars(deposit.id)) {
            found.push(Violation::DepositForgotten(deposit.id));
        }
    }

    fn check_deposits(&self, found: &mut Vec<Violation>) {
        let mut payments = BTreeMap::new();
        let mut charges = BTreeMap::new();
        for deposit in self.deposits.values() {
            if let Some(reference) = &deposit.reference
                && let Some(first) = payments.insert(reference, deposit.id)
            {
                found.push(Violation::PaymentShared { first, second: deposit.id });
            }
            let credit = self.transfers.get(&TransferId::Deposit(deposit.id));
            let approved = deposit.state.is_credited();
            let right = credit.is_some_and(|credit| {
                credit.transfer.amount == deposit.amount
                    && credit.transfer.credit == AccountId::Wallet(deposit.customer)
            });
            self.check_return(deposit, found);
            if let Some(charge) = deposit.charge()
                && let Some(first) = charges.insert(charge, deposit.id)
            {
                found.push(Violation::PaymentShared { first, second: deposit.id });
            }
            if approved != credit.is_some() || (approved && !right) {
                found.push(Violation::DepositCredit {
                    deposit: deposit.id,
                    state: deposit.state.name(),
                    credited: credit.is_some(),
                });
            }
        }
    }
}

impl Book {
    fn check_refunds(&self, found: &mut Vec<Violation>) {
        for refund in self.refunds.values() {
            let of_order = self.transfers.get(&TransferId::Refund(refund.order));
            let amount = of_order.map(|booked| booked.transfer.amount);
            let amount = amount.or_else(|| self.closed.refund(refund.order));
            let wallet = AccountId::Wallet(refund.customer);
            let right = of_order.is_none_or(|booked| booked.transfer.credit == wallet);
            let approved = matches!(refund.state, RefundState::Approved { .. });
            let expected = approved.then_some(refund.amount);
            if amount != expected || !right {
                found.push(Violation::RefundCredit {
                    order: refund.order,
                    state: refund.state.name(),
                    booked: amount.is_some(),
                });
            }
        }
    }

    fn check_adjustments(&self, found: &mut Vec<Violation>) {
        for adjustment in self.adjustments.values() {
            let wallet = AccountId::Wallet(adjustment.customer);
            let booked = self.transfers.get(&TransferId::Adjustment(adjustment.id));
            let into = booked.filter(|booked| booked.transfer.credit == wallet);
            let out = booked.filter(|booked| booked.transfer.debit == wallet);
            let into = into.map(|booked| i128::from(booked.transfer.amount.micros()));
            let out = out.map(|booked| -i128::from(booked.transfer.amount.micros()));
            let said = adjustment.booked.map(|_| i128::from(adjustment.amount.micros()));
            if into.or(out) != said || booked.is_some() != said.is_some() {
                found.push(Violation::AdjustmentCredit(adjustment.id));
            }
        }
        let orphan = |id: &TransferId| match id {
            TransferId::Adjustment(id) if !self.adjustments.contains_key(id) => Some(*id),
            _ => None,
        };
        let orphans = self.transfers.keys().filter_map(orphan);
        found.extend(orphans.map(Violation::AdjustmentCredit));
    }
}

fn shared(one: OrderId, other: OrderId) -> Violation {
    Violation::NumberShared { first: one.min(other), second: one.max(other) }
}
