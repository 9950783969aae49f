//! The words of the flow tables: what may stand before the arrow, and how money, wishes and
//! refusals are told after it. Only `flows` imports this.

use std::collections::BTreeMap;

use ring4_domain::broadcast::{BroadcastStep, Delivery};
use ring4_domain::change::{Change, Seq};
use ring4_domain::command::{Command, Proposal};
use ring4_domain::customer::{Profile, Prompt};
use ring4_domain::day::Day;
use ring4_domain::decide::Decision;
use ring4_domain::deposit::{Picture, Reference};
use ring4_domain::effect::Effect;
use ring4_domain::ids::{
    AdjustmentId, BroadcastId, Country, DepositId, MessageId, MethodKey, OrderId, ProviderId,
    RulesVersion, ServiceKey, Timestamp, UserId,
};
use ring4_domain::ledger::TransferId;
use ring4_domain::money::Amount;
use ring4_domain::order::{Candidate, FailReason, Purchase};
use ring4_domain::refusal::Refusal;
use ring4_domain::resend::ResendStep;
use ring4_domain::sale::Sale;
use ring4_domain::stars::ChargeId;

pub const PEOPLE: [(&str, i64); 6] =
    [("anna", 1), ("ben", 2), ("eve", 3), ("ada", 101), ("bob", 102), ("group", -100)];

/// The entries that made a wish, oldest first.
pub type Wished = BTreeMap<Effect, Vec<Seq>>;

/// The command that a row's words mean.
pub fn command(words: &[&str], now: Timestamp, wished: &Wished) -> Command {
    admins_steer(words)
        .or_else(|| news_goes_out(words))
        .or_else(|| people_do(words, now))
        .or_else(|| people_pay(words))
        .or_else(|| vendors_answer(words, now))
        .or_else(|| engine_notes(words, wished))
        .unwrap_or_else(|| panic!("nobody knows how to: {}", words.join(" ")))
}

fn admins_steer(words: &[&str]) -> Option<Command> {
    Some(match *words {
        [who, "asks", "refund", order, refundable, ref reason @ ..] => Command::RequestRefund {
            customer: user(who),
            order: order_id(order)?,
            reason: Some(reason.join(" ")),
            refundable: refundable == "yes",
        },
        [who, "approves", "refund", order] => {
            Command::ApproveRefund { admin: user(who), order: order_id(order)? }
        }
        [who, "rejects", "refund", order, ref reason @ ..] => Command::RejectRefund {
            admin: user(who),
            order: order_id(order)?,
            reason: Some(reason.join(" ")),
        },
        [who, "accepts", "terms"] => Command::AcceptTerms { customer: user(who) },
        [who, "blocks", customer, "for", ref reason @ ..] => Command::BlockCustomer {
            by: Some(user(who)),
            customer: user(customer),
            reason: reason.join(" "),
        },
        [who, "unblocks", customer] => {
            Command::UnblockCustomer { admin: user(who), customer: user(customer) }
        }
        [who, "adjusts", id, customer, usd, ref reason @ ..] => Command::ProposeAdjustment {
            id: adjustment_id(id)?,
            admin: user(who),
            customer: user(customer),
            amount: amount(usd),
            reason: reason.join(" "),
        },
        [who, "books", id, customer] => Command::BookAdjustment {
            admin: user(who),
            id: adjustment_id(id)?,
            customer: user(customer),
        },
        [who, "pauses", ref text @ ..] => {
            Command::SetMaintenance { admin: user(who), on: true, text: text.join(" ") }
        }
        [who, "stops", service] | [who, "sells", service] => Command::SetService {
            admin: user(who),
            service: service.parse().ok()?,
            on: words.contains(&"sells"),
        },
        [who, "resumes"] => {
            Command::SetMaintenance { admin: user(who), on: false, text: String::new() }
        }
        ["report", day] => Command::ReportDay { day: Day(day.parse().ok()?), send: true },
        ["report", day, "silently"] => {
            Command::ReportDay { day: Day(day.parse().ok()?), send: false }
        }
        _ => return None,
    })
}

fn news_goes_out(words: &[&str]) -> Option<Command> {
    Some(match *words {
        [who, "proposes", id, ref text @ ..] => Command::Broadcast(BroadcastStep::Propose {
            id: broadcast_id(id)?,
            admin: user(who),
            text: text.join(" "),
        }),
        [who, "sends", id, "to", count, ref on @ ..] => Command::Broadcast(BroadcastStep::Start {
            admin: user(who),
            id: broadcast_id(id)?,
            recipients: count.parse().unwrap(),
            card: on.last().map(|word| MessageId(word.parse().unwrap())),
        }),
        [who, "halts", id] => Command::Broadcast(BroadcastStep::Pause {
            admin: user(who),
            id: broadcast_id(id)?,
            on: true,
        }),
        [who, "continues", id] => Command::Broadcast(BroadcastStep::Pause {
            admin: user(who),
            id: broadcast_id(id)?,
            on: false,
        }),
        [who, "ends", id] => {
            Command::Broadcast(BroadcastStep::Cancel { admin: user(who), id: broadcast_id(id)? })
        }
        ["delivered", id, "upto", upto, ref whom @ ..] => {
            Command::Broadcast(BroadcastStep::Record {
                id: broadcast_id(id)?,
                upto: (upto != "nobody").then(|| user(upto)),
                deliveries: whom.iter().map(|word| delivery(word)).collect(),
            })
        }
        ["finished", id] => Command::Broadcast(BroadcastStep::Finish { id: broadcast_id(id)? }),
        _ => return None,
    })
}

/// `anna:sent`
fn delivery(word: &str) -> (UserId, Delivery) {
    let (who, became) = word.split_once(':').unwrap();
    let became = match became {
        "sent" => Delivery::Sent,
        "unreachable" => Delivery::Unreachable,
        "failed" => Delivery::Failed,
        other => panic!("no message becomes {other}"),
    };
    (user(who), became)
}

fn people_do(words: &[&str], now: Timestamp) -> Option<Command> {
    let card = |words: &[&str]| words.last().map(|word| MessageId(word.parse().unwrap()));
    Some(match *words {
        [who, "hello", ref name @ .., "in", language] => Command::Welcome(Profile {
            id: user(who),
            name: name.join(" "),
            username: None,
            language: Some(language.to_owned()),
        }),
        [who, "speaks", language] => {
            Command::ChooseLanguage { customer: user(who), language: language.to_owned() }
        }
        [who, "prompted"] => Command::Ask {
            customer: user(who),
            prompt: Some(Prompt::DepositAmount(method("usdt"))),
        },
        [who, "asks", quote, proposed, "cost", cost, "from", ref vendors @ ..] => {
            // `VENDOR`, or `VENDOR:SERVICE` for a service that stands in.
            let candidate = |vendor: &&str| {
                let (vendor, service) = vendor.split_once(':').unwrap_or((vendor, "ring4"));
                Candidate {
                    provider: ProviderId::new(vendor).unwrap(),
                    service: ServiceKey::new(service).unwrap(),
                    vendor_service: "1574".to_owned(),
                    cost: amount(cost),
                }
            };
            Command::OfferQuote(Proposal {
                id: order_id(quote)?,
                customer: user(who),
                service: ServiceKey::new("ring4").unwrap(),
                country: Country::US,
                proposed: amount(proposed),
                cost: amount(cost),
                candidates: vendors.iter().map(candidate).collect(),
                rules: RulesVersion([1; 8]),
            })
        }
        [who, "buys", quote, ref on @ ..] => {
            Command::PlaceOrder { customer: user(who), quote: order_id(quote)?, card: card(on) }
        }
        [who, "cancels", order] => {
            Command::CancelOrder { customer: user(who), order: order_id(order)? }
        }
        [who, "adopts", order, ref bought @ ..] => Command::AdoptPurchase {
            admin: user(who),
            order: order_id(order)?,
            purchase: purchase(bought, now)?,
        },
        [who, "switches", vendor, sale] => Command::SetSale {
            admin: user(who),
            provider: ProviderId::new(vendor).unwrap(),
            sale: match sale {
                "open" => Sale::Open,
                "draining" => Sale::Draining,
                "off" => Sale::Off,
                _ => return None,
            },
        },
        [who, "settles", order, outcome] => Command::SettleReturn {
            admin: user(who),
            order: order_id(order)?,
            kept: outcome == "kept",
        },
        [who, "releases", order] => {
            Command::ReleasePurchase { admin: user(who), order: order_id(order)? }
        }
        _ => return None,
    })
}

fn people_pay(words: &[&str]) -> Option<Command> {
    let card = |words: &[&str]| words.last().map(|word| MessageId(word.parse().unwrap()));
    Some(match *words {
        [who, "opens", deposit, usd, way, ref on @ ..] => Command::OpenDeposit {
            id: deposit_id(deposit)?,
            customer: user(who),
            amount: amount(usd),
            method: method(way),
            card: card(on),
        },
        [who, "claims", deposit, "unasked"] => {
            let deposit = deposit_id(deposit)?;
            Command::SubmitDeposit { customer: user(who), deposit, auto: false }
        }
        [who, "claims", deposit] => {
            let deposit = deposit_id(deposit)?;
            Command::SubmitDeposit { customer: user(who), deposit, auto: true }
        }
        [who, "tells", deposit, id] => Command::TellReference {
            auto: true,
            customer: user(who),
            deposit: deposit_id(deposit)?,
            reference: Reference::find(id)?,
        },
        [who, "pictures", deposit, file] => Command::SendPicture {
            customer: user(who),
            deposit: deposit_id(deposit)?,
            picture: Picture { file_id: file.to_owned(), document: false },
        },
        [who, "asked", "of", deposit, "for", "picture"] => Command::Ask {
            customer: user(who),
            prompt: Some(Prompt::DepositPicture(deposit_id(deposit)?)),
        },
        [who, "lacks", usd, "for", quote] => Command::Ask {
            customer: user(who),
            prompt: Some(Prompt::DepositFor(order_id(quote)?, amount(usd))),
        },
        [who, "asked", "of", deposit] => Command::Ask {
            customer: user(who),
            prompt: Some(Prompt::DepositReference(deposit_id(deposit)?)),
        },
        [who, "approves", deposit] => {
            Command::ApproveDeposit { admin: user(who), deposit: deposit_id(deposit)? }
        }
        [who, "returns", deposit, "of", customer] => Command::ReturnStars {
            admin: user(who),
            customer: user(customer),
            deposit: deposit_id(deposit)?,
        },
        [who, "rejects", deposit, ref reason @ ..] => Command::RejectDeposit {
            admin: user(who),
            deposit: deposit_id(deposit)?,
            reason: Some(reason.join(" ")),
        },
        [who, "pays", count, "stars", charge, "for", deposit, "else", spare] => {
            Command::StarsPaid {
                customer: user(who),
                deposit: deposit_id(deposit),
                spare: deposit_id(spare)?,
                charge: ChargeId::new(charge).unwrap(),
                count: count.parse().unwrap(),
            }
        }
        ["stars", "returned", deposit] => Command::StarsReturned { deposit: deposit_id(deposit)? },
        ["stars", "kept", deposit] => Command::StarsKept { deposit: deposit_id(deposit)? },
        _ => return None,
    })
}

/// `VENDOR_ORDER NUMBER COST from VENDOR`.
fn purchase(words: &[&str], now: Timestamp) -> Option<Purchase> {
    let [vendor_order, number, cost, "from", vendor] = *words else { return None };
    Some(Purchase {
        candidate: u8::from(vendor != "mock"),
        provider: ProviderId::new(vendor).unwrap(),
        vendor_order: vendor_order.to_owned(),
        number: number.into(),
        cost: amount(cost),
        bought_at: now,
    })
}

fn vendors_answer(words: &[&str], now: Timestamp) -> Option<Command> {
    Some(match *words {
        ["bought", order, ref bought @ ..] => {
            let purchase = purchase(bought, now)?;
            Command::PurchaseBought { order: order_id(order)?, purchase }
        }
        ["doubtful", order] => Command::PurchaseDoubtful { order: order_id(order)? },
        ["declined", order, index, reason] => Command::PurchaseRefused {
            order: order_id(order)?,
            candidate: index.parse().unwrap(),
            reason: match reason {
                "out_of_stock" => FailReason::OutOfStock,
                "price_moved" => FailReason::PriceMoved,
                "unavailable" => FailReason::Unavailable,
                _ => return None,
            },
        },
        ["unclear", order, index] => {
            Command::PurchaseUnclear { order: order_id(order)?, candidate: index.parse().unwrap() }
        }
        ["not_found", order] => Command::PurchaseNotFound { order: order_id(order)? },
        ["code", order, vendor_order, ref code @ ..] => Command::CodeArrived {
            order: order_id(order)?,
            vendor_order: vendor_order.to_owned(),
            code: code.concat().into(),
            text: None,
        },
        [who, "comes", "by", referrer] => {
            Command::Refer { customer: user(who), referrer: user(referrer) }
        }
        ["reward", "of", reward, "back", id, customer, referrer, deposit] => {
            Command::TakeBackReward {
                id: adjustment_id(id)?,
                reward: adjustment_id(reward)?,
                customer: user(customer),
                referrer: user(referrer),
                deposit: deposit_id(deposit)?,
            }
        }
        ["reward", id, customer, referrer, deposit, ref later @ ..] => Command::RewardReferral {
            id: adjustment_id(id)?,
            customer: user(customer),
            referrer: user(referrer),
            deposit: deposit_id(deposit)?,
            first: later.is_empty(),
        },
        ["again", order, ref step @ ..] => {
            Command::Resend { order: order_id(order)?, step: resend(step)? }
        }
        ["overdue", order] => Command::CodeOverdue { order: order_id(order)? },
        ["unconfirmed", order] => Command::ReturnUnconfirmed { order: order_id(order)? },
        ["denied", order] => Command::ReturnDenied { order: order_id(order)? },
        ["returned", order, vendor_order] => Command::PurchaseReturned {
            order: order_id(order)?,
            vendor_order: vendor_order.to_owned(),
        },
        _ => return None,
    })
}

/// What happens to another code.
fn resend(words: &[&str]) -> Option<ResendStep> {
    Some(match *words {
        ["asked", "by", who] => ResendStep::Request { customer: user(who), offered: true },
        ["asked", "in", "vain", "by", who] => {
            ResendStep::Request { customer: user(who), offered: false }
        }
        ["started", seen] => ResendStep::Start { seen: seen.parse().unwrap() },
        ["waits", vendor_order, ref charged @ ..] => ResendStep::Wait {
            provider: ProviderId::new("mock").unwrap(),
            vendor_order: vendor_order.to_owned(),
            cost: charged.last().map_or(Amount::ZERO, |usd| amount(usd)),
        },
        ["declined"] => ResendStep::Refuse { priced: false },
        ["priced"] => ResendStep::Refuse { priced: true },
        ["cleared"] => ResendStep::Clear,
        ["code", ref code @ ..] => ResendStep::Arrive { code: code.concat().into(), text: None },
        ["clock"] => ResendStep::Deadline,
        _ => return None,
    })
}

fn engine_notes(words: &[&str], wished: &Wished) -> Option<Command> {
    Some(match *words {
        ["started", order, index] => {
            Command::StartPurchase { order: order_id(order)?, candidate: index.parse().unwrap() }
        }
        ["clock", "quote", quote] => Command::QuoteDeadline { quote: order_id(quote)? },
        ["clock", order] if order.starts_with('q') => {
            Command::OrderDeadline { order: order_id(order)? }
        }
        ["clock", deposit] => Command::DepositDeadline { deposit: deposit_id(deposit)? },
        ["granted", which, wish, ref message @ ..] => {
            let (effect, made) = wished.iter().find(|(effect, _)| shown(**effect) == wish)?;
            let made = if which == "first" { made.first()? } else { made.last()? };
            let message = message.last().map(|word| MessageId(word.parse().unwrap()));
            Command::Granted { effect: *effect, made: *made, message }
        }
        ["reachable", who, answer] => {
            Command::SetReachable { customer: user(who), reachable: answer == "yes" }
        }
        ["forget", "codes"] => Command::ForgetCodes,
        ["rules", digit] => {
            Command::ActivateRules(RulesVersion([digit.parse().unwrap(); 8]).into())
        }
        _ => return None,
    })
}

/// A word, or `COUNT*WORD` as that many of it.
pub fn times(word: &str) -> impl Iterator<Item = &str> {
    let (count, word) = word.split_once('*').unwrap_or(("1", word));
    std::iter::repeat_n(word, count.parse().unwrap())
}

pub fn moment(word: &str) -> Option<Timestamp> {
    let (count, unit) = word.split_at_checked(word.len().checked_sub(1)?)?;
    let secs = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    Some(Timestamp(count.parse::<i64>().ok()? * secs * 1_000))
}

pub fn amount(word: &str) -> Amount {
    word.parse().unwrap_or_else(|error| panic!("{word}: {error}"))
}

pub fn method(word: &str) -> MethodKey {
    MethodKey::new(word).unwrap()
}

pub fn user(word: &str) -> UserId {
    let known = PEOPLE.iter().find(|(name, _)| *name == word);
    UserId(known.unwrap_or_else(|| panic!("nobody is called {word}")).1)
}

pub fn name(id: UserId) -> &'static str {
    PEOPLE.iter().find(|(_, known)| *known == id.0).unwrap().0
}

pub fn order_id(word: &str) -> Option<OrderId> {
    word.strip_prefix('q')?.parse().ok().map(OrderId::from_bits)
}

pub fn adjustment_id(word: &str) -> Option<AdjustmentId> {
    word.strip_prefix('a')?.parse().ok().map(AdjustmentId::from_bits)
}

pub fn broadcast_id(word: &str) -> Option<BroadcastId> {
    word.strip_prefix('b')?.parse().ok().map(BroadcastId::from_bits)
}

pub fn deposit_id(word: &str) -> Option<DepositId> {
    word.strip_prefix('d')?.parse().ok().map(DepositId::from_bits)
}

/// What a decision does to money, in the words of the tables.
pub fn money(decision: &Decision) -> Vec<String> {
    let told = |change: &Change| {
        let Change::Transfer(transfer) = change else { return None };
        let verb = match transfer.id {
            TransferId::Deposit(_) => "credited",
            TransferId::Hold(_) => "held",
            TransferId::Capture(_) => "charged",
            TransferId::Release(_) => "released",
            TransferId::VendorCost(_) | TransferId::ResendCost(..) => "vendor",
            TransferId::Refund(_) => "refunded",
            TransferId::ReturnHold(..) => "return_held",
            TransferId::Return(..) => "given_back",
            TransferId::ReturnRelease(..) => "return_released",
            TransferId::Adjustment(_) => "adjusted",
        };
        Some(format!("{verb} {}", transfer.amount))
    };
    decision.changes.iter().filter_map(told).collect()
}

/// The wishes that a decision makes, in its order.
pub fn wishes(decision: &Decision) -> impl Iterator<Item = Effect> {
    decision.changes.iter().filter_map(|change| match change {
        Change::Wish(effect) => Some(*effect),
        _ => None,
    })
}

/// A wish as `name:subject[:admin]`.
pub fn shown(effect: Effect) -> String {
    let name_of_effect = effect.name();
    match effect {
        Effect::Buy(id)
        | Effect::FindPurchase(id)
        | Effect::CancelPurchase(id)
        | Effect::ShowOrder(id)
        | Effect::RingCode(id)
        | Effect::TellRefundDecided(id)
        | Effect::Resend(id)
        | Effect::TellOrderEnded(id) => format!("{name_of_effect}:q{}", id.bits()),
        Effect::ShowDeposit(id)
        | Effect::TellDepositDecided(id)
        | Effect::SendInvoice(id)
        | Effect::DropInvoice(id)
        | Effect::Reward(id)
        | Effect::ReturnStars(id) => {
            format!("{name_of_effect}:d{}", id.bits())
        }
        Effect::DropKeys => name_of_effect.to_owned(),
        Effect::ShowDepositToAdmin(id, admin) | Effect::SendPictureToAdmin(id, admin) => {
            format!("{name_of_effect}:d{}:{}", id.bits(), name(admin))
        }
        Effect::TellAdjusted(id) => format!("{name_of_effect}:a{}", id.bits()),
        Effect::SendReport(day, admin) => format!("{name_of_effect}:{}:{}", day.0, name(admin)),
        Effect::ShowBroadcastToAdmin(id, admin) => {
            format!("{name_of_effect}:b{}:{}", id.bits(), name(admin))
        }
        Effect::ShowLostToAdmin(id, admin)
        | Effect::ShowUnreturnedToAdmin(id, admin)
        | Effect::ShowRefundToAdmin(id, admin) => {
            format!("{name_of_effect}:q{}:{}", id.bits(), name(admin))
        }
    }
}

/// A refusal's key without its prefix, and the detail that its text shows.
pub fn told(refusal: &Refusal) -> String {
    let key = refusal.key().trim_start_matches("refusal.");
    match refusal {
        Refusal::OrdersOpenMax { max }
        | Refusal::DepositsOpenMax { max }
        | Refusal::OrdersMinuteMax { max }
        | Refusal::OrdersHourMax { max }
        | Refusal::ResendsMax { max }
        | Refusal::OrdersDayMax { max } => format!("{key} {max}"),
        Refusal::WalletShort { short: amount }
        | Refusal::DepositTooSmall { min: amount }
        | Refusal::AdjustmentAmount { max: amount }
        | Refusal::AdjustmentShort { available: amount }
        | Refusal::DepositTooLarge { max: amount } => format!("{key} {amount}"),
        Refusal::DepositApprovedAlready { by }
        | Refusal::RefundApprovedAlready { by }
        | Refusal::RefundRejectedAlready { by }
        | Refusal::AdjustmentBookedAlready { by }
        | Refusal::DepositRejectedAlready { by } => {
            format!("{key} {}", name(*by))
        }
        _ => key.to_owned(),
    }
}
