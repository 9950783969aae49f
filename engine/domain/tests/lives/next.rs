//! What a shop would really do next with an order, a deposit, a wish, an adjustment, a customer who
//! was brought. Only `steps` and `lives` import this.

use proptest::prelude::{Strategy, any, prop_oneof};
use ring4_domain::book::Book;
use ring4_domain::command::{Command, Proposal};
use ring4_domain::deposit::{Deposit, DepositState, Picture};
use ring4_domain::ids::{AdjustmentId, DepositId, MessageId, OrderId, ProviderId, UserId};
use ring4_domain::money::Amount;
use ring4_domain::order::{FailReason, Order, OrderState, Purchase};
use ring4_domain::resend::{ResendState, ResendStep};
use ring4_domain::stars::ChargeId;

use crate::steps::{
    ADMINS, amount, customer, deposit_id, message, offer, order_id, payment, purchase, stars, usdt,
};

/// The natural next thing for one order or deposit, whoever may ask for it.
#[derive(Clone, Debug)]
pub enum Go {
    Order { id: OrderId, choice: u8, cost: Amount, offer: Proposal },
    Deposit { id: DepositId, choice: u8, customer: UserId, amount: Amount },
    Wish { choice: usize, message: Option<MessageId> },
    Adjust { id: AdjustmentId, customer: UserId, amount: Amount },
    Bring { customer: UserId, referrer: UserId, choice: usize },
}

impl Go {
    pub fn command(&self, book: &Book) -> Option<Command> {
        match self {
            Self::Order { id, choice, cost, offer } => match book.orders.get(id) {
                Some(order) => Some(move_order(order, *choice, *cost)),
                None => Some(book.quotes.get(id).map_or_else(
                    || Command::OfferQuote(offer.clone()),
                    |quote| Command::PlaceOrder {
                        customer: quote.customer,
                        quote: *id,
                        card: None,
                    },
                )),
            },
            Self::Deposit { id, choice, customer, amount } => Some(match book.deposits.get(id) {
                None => Command::OpenDeposit {
                    id: *id,
                    customer: *customer,
                    amount: *amount,
                    method: if id.bits() % 3 == 0 { stars() } else { usdt() },
                    card: None,
                },
                Some(deposit) if deposit.stars.is_some() => move_stars(deposit, *choice),
                Some(deposit) => move_deposit(deposit, *choice),
            }),
            Self::Adjust { id, customer, amount } => Some(match book.adjustments.get(id) {
                Some(known) => Command::BookAdjustment {
                    admin: UserId(ADMINS[1]),
                    id: *id,
                    customer: known.customer,
                },
                None => Command::ProposeAdjustment {
                    id: *id,
                    admin: UserId(ADMINS[0]),
                    customer: *customer,
                    amount: *amount,
                    reason: "why".to_owned(),
                },
            }),
            Self::Bring { customer, referrer, choice } => {
                bring(book, *customer, *referrer, *choice)
            }
            Self::Wish { choice, message } => {
                let (effect, made) = book.wishes.iter().nth(choice % book.wishes.len().max(1))?;
                Some(Command::Granted { effect: *effect, made: *made, message: *message })
            }
        }
    }
}

/// The way of a deposit that admins decide about.
fn move_deposit(deposit: &Deposit, choice: u8) -> Command {
    let (id, customer) = (deposit.id, deposit.customer);
    match (&deposit.state, choice % 8) {
        (DepositState::Opened, 0) => Command::DepositDeadline { deposit: id },
        // Whatever became of it, a customer may still send what proves it.
        (_, 7) => {
            let picture = Picture { file_id: "f".to_owned(), document: false };
            Command::SendPicture { customer, deposit: id, picture }
        }
        (_, 1) => {
            let reference = payment(choice / 8);
            Command::TellReference { auto: true, customer, deposit: id, reference }
        }
        (DepositState::Opened | DepositState::Expired { .. }, _) => {
            Command::SubmitDeposit { customer, deposit: id, auto: !choice.is_multiple_of(3) }
        }
        (_, 0) => Command::RejectDeposit { admin: UserId(ADMINS[1]), deposit: id, reason: None },
        (_, choice) => {
            let admin = UserId(if choice % 2 == 0 { ADMINS[0] } else { ADMINS[1] });
            Command::ApproveDeposit { admin, deposit: id }
        }
    }
}

/// The way of a deposit in stars: paid, and given back now and then.
fn move_stars(deposit: &Deposit, choice: u8) -> Command {
    let (id, customer) = (deposit.id, deposit.customer);
    match (&deposit.state, choice % 4) {
        (DepositState::Opened, 0) => Command::DepositDeadline { deposit: id },
        (DepositState::Opened | DepositState::Expired { .. }, _) => Command::StarsPaid {
            customer,
            deposit: Some(id),
            spare: DepositId::from_bits(20 + u64::from(choice)),
            charge: charge(choice / 4),
            count: deposit.stars.as_ref().map_or(1, |stars| stars.count),
        },
        (DepositState::Returning { .. }, 0..=2) => Command::StarsReturned { deposit: id },
        (DepositState::Returning { .. }, _) => Command::StarsKept { deposit: id },
        _ => Command::ReturnStars { admin: UserId(ADMINS[0]), customer, deposit: id },
    }
}

/// One of some payments, so that one is told twice now and then.
pub fn charge(choice: u8) -> ChargeId {
    ChargeId::new(format!("charge{choice}")).unwrap()
}

/// What comes next of a customer who was brought: the reward, and its way back.
fn bring(book: &Book, customer: UserId, referrer: UserId, choice: usize) -> Option<Command> {
    let standing = book.standings.get(&customer);
    let Some(referrer) = standing.and_then(|standing| standing.referred_by) else {
        return Some(Command::Refer { customer, referrer });
    };
    let id = |kind: u64| AdjustmentId::from_bits(kind + customer.0.unsigned_abs());
    let (reward, back) = (id(20), id(30));
    match standing.and_then(|standing| standing.rewarded_for) {
        None => {
            // Only those in stars go back.
            let own = |known: &&Deposit| {
                let fits = known.stars.is_some() || choice.is_multiple_of(16);
                fits && known.customer == customer && known.state.is_credited()
            };
            let own: Vec<&Deposit> = book.deposits.values().filter(own).collect();
            let deposit = own.get(choice / 2 % own.len().max(1))?.id;
            let first = !choice.is_multiple_of(8);
            Some(Command::RewardReferral { id: reward, customer, referrer, deposit, first })
        }
        Some(deposit) => Some(match book.deposits.get(&deposit).map(|known| &known.state) {
            Some(DepositState::Returned { .. }) => {
                Command::TakeBackReward { id: back, reward, customer, referrer, deposit }
            }
            Some(DepositState::Returning { .. }) => Command::StarsReturned { deposit },
            _ => Command::ReturnStars { admin: UserId(ADMINS[1]), customer, deposit },
        }),
    }
}

/// What comes next of another code.
fn move_resend(order: &Order, choice: u8, cost: Amount) -> Command {
    let id = order.id();
    let vendor_order = match choice % 3 {
        0 => order.purchase.as_ref().map_or_else(String::new, |known| known.vendor_order.clone()),
        1 => format!("{id}-again"),
        _ => "v1".to_owned(),
    };
    let step = match (order.open_resend().map(|open| open.state), choice % 5) {
        (None, _) => ResendStep::Request { customer: order.customer(), offered: true },
        (Some(ResendState::Asking { started: false }), 1..) => ResendStep::Start { seen: 1 },
        (Some(ResendState::Asking { .. }), 1..) => {
            ResendStep::Wait { provider: seller(order), vendor_order, cost }
        }
        (Some(ResendState::Asking { .. }), _) => ResendStep::Refuse { priced: choice > 100 },
        (_, 0) => ResendStep::Clear,
        (_, 1) => ResendStep::Deadline,
        _ => ResendStep::Arrive { code: "67890".into(), text: None },
    };
    Command::Resend { order: id, step }
}

fn move_order(order: &Order, choice: u8, cost: Amount) -> Command {
    let (id, customer) = (order.id(), order.customer());
    let vendor_order = id.to_string();
    let sold = Purchase { provider: seller(order), ..purchase(&vendor_order, cost) };
    let bought = Command::PurchaseBought { order: id, purchase: sold };
    let returned = Command::PurchaseReturned { order: id, vendor_order: vendor_order.clone() };
    let code = Command::CodeArrived { order: id, vendor_order, code: "12345".into(), text: None };
    match (order.state, choice % 4) {
        (OrderState::Buying { candidate, started: false }, _) => {
            Command::StartPurchase { order: id, candidate }
        }
        (OrderState::Buying { candidate, started: true }, 1) => {
            Command::PurchaseUnclear { order: id, candidate }
        }
        (OrderState::Buying { candidate, started: true }, 0) => {
            Command::PurchaseRefused { order: id, candidate, reason: FailReason::OutOfStock }
        }
        (OrderState::Unclear, 0) => Command::PurchaseNotFound { order: id },
        (OrderState::Unclear, 1) => Command::PurchaseDoubtful { order: id },
        (OrderState::Buying { .. } | OrderState::Unclear, _) => bought,
        (OrderState::Delivered, _) if choice % 16 < 14 => move_resend(order, choice / 16, cost),
        (OrderState::Waiting, 0) => Command::CancelOrder { customer, order: id },
        (OrderState::Waiting, 1) if choice % 8 == 1 => Command::CodeOverdue { order: id },
        (OrderState::Waiting, 1) | (_, 0) => Command::OrderDeadline { order: id },
        (OrderState::Cancelling { .. }, 1..=2) | (_, 1) => returned,
        (OrderState::Waiting | OrderState::Cancelling { .. }, _) => code,
        (OrderState::Delivered, 2) => {
            Command::RequestRefund { customer, order: id, reason: None, refundable: true }
        }
        (OrderState::Delivered, 3) => {
            Command::ApproveRefund { admin: UserId(ADMINS[0]), order: id }
        }
        _ if choice % 8 == 7 => Command::ReturnUnconfirmed { order: id },
        _ if choice % 8 == 6 => Command::ReturnDenied { order: id },
        _ if choice % 8 == 3 => {
            Command::SettleReturn { admin: UserId(ADMINS[0]), order: id, kept: choice > 100 }
        }
        _ => bought,
    }
}

/// The vendor that sells: the candidate's.
fn seller(order: &Order) -> ProviderId {
    let asked = order.candidate().map(|candidate| candidate.provider.clone());
    asked.unwrap_or_else(|| ProviderId::new("mock").unwrap())
}

pub fn go() -> impl Strategy<Value = Go> {
    let usd = (100_i64..200).prop_map(|cents| Amount::from_micros(cents * 10_000));
    let usd = prop_oneof![3 => usd, 1 => amount()];
    let deposit = (deposit_id(), any::<u8>(), customer(), usd);
    let deposit = deposit.prop_map(|(id, choice, customer, amount)| Go::Deposit {
        id,
        choice,
        customer,
        amount,
    });
    prop_oneof![
        8 => (order_id(), any::<u8>(), amount(), offer()).prop_map(|(id, choice, cost, mut offer)| {
            offer.id = id;
            Go::Order { id, choice, cost, offer }
        }),
        4 => deposit,
        4 => (customer(), customer(), any::<usize>()).prop_map(|(customer, referrer, choice)| {
            Go::Bring { customer, referrer, choice }
        }),
        1 => (any::<usize>(), message()).prop_map(|(choice, message)| Go::Wish { choice, message }),
        1 => (4_u64..12, customer(), -500_000_i64..500_000).prop_map(|(id, customer, micros)| {
            let (id, amount) = (AdjustmentId::from_bits(id), Amount::from_micros(micros));
            Go::Adjust { id, customer, amount }
        }),
    ]
}
