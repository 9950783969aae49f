//! The one door: a command meets the records and the policy, and becomes changes or a refusal.
//! The executor calls this; nobody else needs to.
//!
//! Every arm has one shape: refusals on top, then a line after which nothing can fail, then the
//! changes. A command that finds its work done already changes nothing and says what is there,
//! so a double press, a repeated update and a replay after a crash are all harmless.

mod broadcasting;
mod buying;
mod depositing;
mod evidence;
mod lost;
mod ordering;
mod referring;
mod refunding;
mod resending;
mod returning;
mod serving;
mod starring;
mod steering;

use crate::adjustment::Adjustment;
use crate::broadcast::Broadcast;
use crate::change::Change;
use crate::command::Command;
use crate::deposit::Deposit;
use crate::ids::Timestamp;
use crate::order::{Order, Quote};
use crate::policy::Policy;
use crate::refund::Refund;
use crate::refusal::Refusal;
use crate::view::View;

/// What a command led to. Without changes it had been done before, or was late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What to write, in order.
    pub changes: Vec<Change>,
    /// What to show.
    pub outcome: Outcome,
}

/// The record that the command was about, as it stands afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to show.
    Done,
    /// A quote.
    Quote(Quote),
    /// An order.
    Order(Box<Order>),
    /// A deposit.
    Deposit(Deposit),
    /// A refund.
    Refund(Box<Refund>),
    /// An adjustment.
    Adjustment(Box<Adjustment>),
    /// A broadcast.
    Broadcast(Box<Broadcast>),
}

impl Decision {
    const fn nothing() -> Self {
        Self { changes: Vec::new(), outcome: Outcome::Done }
    }
}

impl From<Vec<Change>> for Decision {
    fn from(changes: Vec<Change>) -> Self {
        Self { changes, outcome: Outcome::Done }
    }
}

pub use starring::{Checkout, may_pay};

/// Decides about one command.
///
/// # Errors
/// A [`Refusal`]; nothing changes then.
///
/// # Panics
/// The view lacks a record that [`Command::touched`] names: a bug in the caller.
pub fn decide(
    view: &View,
    policy: &Policy,
    command: Command,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    match command {
        command @ (Command::Welcome(_)
        | Command::Ask { .. }
        | Command::ChooseLanguage { .. }
        | Command::SetReachable { .. }
        | Command::Granted { .. }
        | Command::ActivateRules(_)
        | Command::ForgetCodes
        | Command::SetSale { .. }) => serve(view, policy, command, now),
        Command::OfferQuote(proposal) => ordering::offer_quote(view, policy, proposal, now),
        Command::PlaceOrder { customer, quote, card } => {
            ordering::place_order(view, policy, customer, quote, card, now)
        }
        Command::CancelOrder { customer, order } => ordering::cancel_order(view, customer, order),
        command @ (Command::OpenDeposit { .. }
        | Command::SubmitDeposit { .. }
        | Command::TellReference { .. }
        | Command::SendPicture { .. }
        | Command::ApproveDeposit { .. }
        | Command::RejectDeposit { .. }
        | Command::StarsPaid { .. }
        | Command::ReturnStars { .. }
        | Command::StarsReturned { .. }
        | Command::StarsKept { .. }
        | Command::DepositDeadline { .. }) => pay_in(view, policy, command, now),
        command @ (Command::StartPurchase { .. }
        | Command::PurchaseBought { .. }
        | Command::PurchaseRefused { .. }
        | Command::PurchaseUnclear { .. }) => buy(view, policy, command, now),
        Command::PurchaseNotFound { order } => lost::not_found(view, policy, order, now),
        Command::PurchaseDoubtful { order } => lost::doubtful(view, policy, order),
        Command::CodeArrived { order, vendor_order, code, text } => {
            buying::code_arrived(view, order, &vendor_order, code, text, now)
        }
        Command::PurchaseReturned { order, vendor_order } => {
            returning::returned(view, order, &vendor_order, now)
        }
        Command::CodeOverdue { order } => returning::overdue(view, policy, order, now),
        Command::ReturnUnconfirmed { order } => returning::unconfirmed(view, policy, order, now),
        Command::ReturnDenied { order } => returning::denied(view, policy, order, now),
        Command::SettleReturn { admin, order, kept } => {
            returning::settle(view, policy, admin, order, kept)
        }
        Command::Resend { order, step } => resending::step(view, policy, order, step, now),
        Command::OrderDeadline { order } => ordering::deadline(view, policy, order, now),
        Command::QuoteDeadline { quote } => Ok(ordering::quote_deadline(view, quote, now)),
        command @ (Command::AdoptPurchase { .. }
        | Command::ReleasePurchase { .. }
        | Command::RequestRefund { .. }
        | Command::ApproveRefund { .. }
        | Command::RejectRefund { .. }
        | Command::AcceptTerms { .. }
        | Command::BlockCustomer { .. }
        | Command::UnblockCustomer { .. }
        | Command::ProposeAdjustment { .. }
        | Command::BookAdjustment { .. }
        | Command::SetMaintenance { .. }
        | Command::SetService { .. }
        | Command::Refer { .. }
        | Command::RewardReferral { .. }
        | Command::TakeBackReward { .. }
        | Command::ReportDay { .. }) => steer(view, policy, command, now),
        Command::Broadcast(step) => broadcasting::decide(view, policy, step, now),
    }
}

/// What vendors answer to a purchase.
fn buy(
    view: &View,
    policy: &Policy,
    command: Command,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    match command {
        Command::StartPurchase { order, candidate } => {
            buying::start(view, policy, order, candidate, now)
        }
        Command::PurchaseBought { order, purchase } => {
            buying::bought(view, policy, order, purchase, now)
        }
        Command::PurchaseRefused { order, candidate, reason } => {
            buying::refused(view, order, candidate, reason, now)
        }
        Command::PurchaseUnclear { order, candidate } => {
            buying::unclear(view, order, candidate, now)
        }
        // Nothing else is handed over.
        _ => Ok(Decision::nothing()),
    }
}

/// The commands about people, finished effects, rules and switches.
fn serve(
    view: &View,
    policy: &Policy,
    command: Command,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    match command {
        Command::Welcome(profile) => Ok(serving::welcome(view, profile, now)),
        Command::Ask { customer, prompt } => Ok(serving::ask(view, customer, prompt)),
        Command::ChooseLanguage { customer, language } => {
            Ok(serving::choose_language(view, customer, &language))
        }
        Command::SetReachable { customer, reachable } => {
            Ok(serving::set_reachable(view, customer, reachable))
        }
        Command::Granted { effect, made, message } => {
            Ok(serving::granted(view, effect, made, message))
        }
        Command::ActivateRules(activation) => Ok(serving::activate_rules(view, activation)),
        Command::ForgetCodes => Ok(serving::forget_codes(view, policy, now)),
        Command::SetSale { admin, provider, sale } => {
            serving::set_sale(view, policy, admin, provider, sale, now)
        }
        // Every other command has its arm in `decide`.
        _ => Ok(Decision::nothing()),
    }
}

/// The commands about lost purchases, refunds, blocks, adjustments and pauses.
fn steer(
    view: &View,
    policy: &Policy,
    command: Command,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    match command {
        Command::AdoptPurchase { admin, order, purchase } => {
            lost::adopt(view, policy, admin, order, purchase, now)
        }
        Command::ReleasePurchase { admin, order } => lost::release(view, policy, admin, order, now),
        Command::RequestRefund { customer, order, reason, refundable } => {
            refunding::request(view, policy, (customer, order), reason, refundable, now)
        }
        Command::ApproveRefund { admin, order } => {
            refunding::approve(view, policy, admin, order, now)
        }
        Command::RejectRefund { admin, order, reason } => {
            refunding::reject(view, policy, admin, order, reason, now)
        }
        Command::AcceptTerms { customer } => Ok(steering::accept_terms(view, customer, now)),
        Command::BlockCustomer { by, customer, reason } => {
            steering::block(view, policy, by, (customer, reason), now)
        }
        Command::UnblockCustomer { admin, customer } => {
            steering::unblock(view, policy, admin, customer)
        }
        Command::ProposeAdjustment { id, admin, customer, amount, reason } => {
            let (proposed_by, proposed_at, booked) = (admin, now, None);
            let adjustment =
                Adjustment { id, customer, amount, reason, proposed_by, proposed_at, booked };
            steering::propose(view, policy, adjustment)
        }
        Command::BookAdjustment { admin, id, customer } => {
            steering::book(view, policy, admin, (id, customer), now)
        }
        Command::SetMaintenance { admin, on, text } => {
            steering::set_maintenance(view, policy, admin, (on, text), now)
        }
        Command::Refer { customer, referrer } => {
            Ok(referring::refer(view, policy, customer, referrer, now))
        }
        Command::RewardReferral { id, customer, referrer, deposit, first } => {
            let people = referring::People { customer, referrer };
            Ok(referring::reward(view, policy, id, people, (deposit, first), now))
        }
        Command::TakeBackReward { id, reward, customer, referrer, deposit } => {
            let people = referring::People { customer, referrer };
            Ok(referring::take_back(view, (id, reward), people, deposit, now))
        }
        Command::SetService { admin, service, on } => {
            steering::set_service(view, policy, admin, (service, on), now)
        }
        Command::ReportDay { day, send } => Ok(steering::report_day(view, policy, day, send)),
        // Every other command has its arm in `decide`.
        _ => Ok(Decision::nothing()),
    }
}

/// The commands about deposits.
fn pay_in(
    view: &View,
    policy: &Policy,
    command: Command,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    match command {
        Command::OpenDeposit { id, customer, amount, method, card } => {
            let claim = depositing::Claim { id, customer, amount, method, card };
            depositing::open(view, policy, claim, now)
        }
        Command::SubmitDeposit { customer, deposit, auto } => {
            depositing::submit(view, policy, (customer, deposit), auto, now)
        }
        Command::TellReference { customer, deposit, reference, auto } => {
            evidence::tell_reference(view, policy, (customer, deposit), (reference, auto), now)
        }
        Command::SendPicture { customer, deposit, picture } => {
            evidence::send_picture(view, policy, customer, deposit, picture)
        }
        Command::ApproveDeposit { admin, deposit } => {
            depositing::approve(view, policy, admin, deposit, now)
        }
        Command::RejectDeposit { admin, deposit, reason } => {
            depositing::reject(view, policy, admin, deposit, reason, now)
        }
        Command::StarsPaid { customer, deposit, spare, charge, count } => {
            let paid = starring::Paid { customer, deposit, spare, charge, count };
            starring::paid(view, policy, paid, now)
        }
        Command::ReturnStars { admin, customer, deposit } => {
            let wish = starring::Return { admin, customer, deposit };
            starring::give_back(view, policy, wish, now)
        }
        Command::StarsReturned { deposit } => starring::returned(view, policy, deposit, now),
        Command::StarsKept { deposit } => starring::kept(view, policy, deposit, now),
        Command::DepositDeadline { deposit } => depositing::deadline(view, deposit, now),
        // Nothing else is handed over.
        _ => Ok(Decision::nothing()),
    }
}
