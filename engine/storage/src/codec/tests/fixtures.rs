//! Bytes that former versions wrote, kept in `tests/fixtures`. They are never written anew: a
//! later version adds a directory of its own and must go on reading these.

use std::path::Path;

use ring4_domain::adjustment::Adjustment;
use ring4_domain::broadcast::{Broadcast, BroadcastState, Outreach};
use ring4_domain::change::{Actor, Change, Entry, Seq};
use ring4_domain::customer::{Customer, Prompt};
use ring4_domain::day::Day;
use ring4_domain::deposit::{AdminCard, Deposit, DepositState};
use ring4_domain::effect::Effect;
use ring4_domain::ids::{
    AdjustmentId, BroadcastId, Country, DepositId, MessageId, OrderId, RulesVersion, Timestamp,
    UserId,
};
use ring4_domain::ledger::{AccountId, Transfer, TransferId, TransferKind};
use ring4_domain::maintenance::Maintenance;
use ring4_domain::money::Amount;
use ring4_domain::order::{Candidate, Code, Lost, Order, OrderState, Purchase, Quote};
use ring4_domain::refund::{Refund, RefundState};
use ring4_domain::resend::{Resend, ResendState};
use ring4_domain::sale::{Sale, SaleSwitch};
use ring4_domain::standing::{Block, Standing};
use ring4_domain::stars::{ChargeId, Stars};

use crate::codec::{Kind, decode, encode};
use crate::keyring::Keys;

const NOON: Timestamp = Timestamp(1_760_000_000_000);

fn quote() -> Quote {
    Quote {
        id: OrderId::from_bits(0x12_3456_789A),
        customer: UserId(7_001),
        service: "telegram".parse().unwrap(),
        country: Country::US,
        price: Amount::from_micros(420_000),
        cost_max: Amount::from_micros(400_000),
        candidates: vec![Candidate {
            provider: "mock".parse().unwrap(),
            service: "telegram".parse().unwrap(),
            vendor_service: "907".to_owned(),
            cost: Amount::from_micros(240_000),
        }],
        rules: RulesVersion(*b"rules--1"),
        created_at: NOON,
        expires_at: NOON.plus_secs(120),
    }
}

fn order() -> Order {
    Order {
        quote: quote(),
        state: OrderState::Delivered,
        placed_at: NOON.plus_secs(5),
        deadline: NOON.plus_secs(1_205),
        hold_deadline: NOON.plus_secs(1_805),
        ended_at: Some(NOON.plus_secs(60)),
        lost: Some(Box::new(Lost {
            candidate: 0,
            since: NOON.plus_secs(5),
            asked: true,
            decided_by: Some(UserId(9_001)),
            admin_cards: vec![AdminCard { admin: UserId(9_001), message: MessageId(42) }],
        })),
        purchase: Some(Purchase {
            candidate: 0,
            provider: "mock".parse().unwrap(),
            vendor_order: "V-1".to_owned(),
            number: "+15550100".into(),
            cost: Amount::from_micros(240_000),
            bought_at: NOON.plus_secs(6),
        }),
        former: Vec::new(),
        unreturned: None,
        resends: Vec::new(),
        code: Some(Code {
            code: "000000".into(),
            text: Some("Your code: 000000".into()),
            arrived_at: NOON.plus_secs(59),
        }),
        card: Some(MessageId(41)),
    }
}

fn deposit() -> Deposit {
    Deposit {
        id: DepositId::from_bits(77),
        customer: UserId(7_001),
        amount: Amount::from_micros(10_000_000),
        method: "usdt".parse().unwrap(),
        state: DepositState::Rejected {
            by: UserId(1),
            at: NOON.plus_secs(90),
            reason: Some("not received".to_owned()),
        },
        created_at: NOON,
        expires_at: NOON.plus_secs(3_600),
        card: Some(MessageId(42)),
        admin_cards: vec![AdminCard { admin: UserId(1), message: MessageId(43) }],
        asked: None,
        reference: None,
        picture: None,
        first_approval: None,
        stars: None,
        wanted: None,
    }
}

const DESK: UserId = UserId(9_001);

fn desk_card() -> AdminCard {
    AdminCard { admin: DESK, message: MessageId(44) }
}

/// What came with stars and further codes.
fn later_sales() -> Vec<(&'static str, Change)> {
    let stars = Stars {
        count: 770,
        charge: Some(ChargeId::new("stx_Fixture-1").unwrap()),
        invoice: Some(MessageId(45)),
        returns: 2,
    };
    let in_stars = Deposit {
        method: "stars".parse().unwrap(),
        state: DepositState::Returning { by: DESK, at: NOON.plus_secs(30) },
        stars: Some(stars),
        wanted: Some(OrderId::from_bits(78)),
        ..deposit()
    };
    let resend = |state, seen, code| Resend {
        state,
        asked_at: NOON.plus_secs(100),
        deadline: NOON.plus_secs(700),
        vendor_order: "V-2".to_owned(),
        seen,
        code,
        cost: Amount::ZERO,
    };
    let later = Code { code: "111111".into(), text: None, arrived_at: NOON.plus_secs(130) };
    let again = Order {
        resends: vec![
            resend(ResendState::Arrived, 1, Some(later)),
            resend(ResendState::Waiting { cleared: true }, 2, None),
        ],
        ..order()
    };
    vec![("stars", Change::Deposit(in_stars)), ("resend", Change::Order(again))]
}

/// What came with the admins' desk.
fn desk_changes() -> Vec<(&'static str, Change)> {
    let customer = UserId(7_001);
    let booked = Some((UserId(9_002), NOON.plus_secs(20)));
    let (id, amount) = (AdjustmentId::from_bits(79), Amount::from_micros(-250_000));
    let (proposed_by, proposed_at) = (DESK, NOON.plus_secs(10));
    let reason = "a mistake".to_owned();
    let adjustment = Adjustment { id, customer, amount, reason, proposed_by, proposed_at, booked };
    vec![
        ("adjustment", Change::Adjustment(adjustment)),
        (
            "refund",
            Change::Refund(Refund {
                order: quote().id,
                customer,
                amount: Amount::from_micros(420_000),
                reason: Some("no code".to_owned()),
                state: RefundState::Rejected {
                    by: DESK,
                    at: NOON.plus_secs(40),
                    reason: Some("it came".to_owned()),
                },
                requested_at: NOON.plus_secs(35),
                admin_cards: vec![desk_card()],
            }),
        ),
        (
            "standing",
            Change::Standing(Standing {
                customer,
                block: Some(Block {
                    by: Some(DESK),
                    at: NOON.plus_secs(50),
                    reason: "asked".to_owned(),
                }),
                terms_at: Some(NOON.plus_secs(51)),
                referred_by: Some(UserId(7_002)),
                rewarded: true,
                rewards: 3,
                earned: Amount::from_micros(750_000),
                rewarded_for: None,
            }),
        ),
        (
            "maintenance",
            Change::Maintenance(Maintenance {
                on: true,
                text: "Back at noon".to_owned(),
                by: DESK,
                at: NOON.plus_secs(60),
                services_off: vec!["google".parse().unwrap()],
            }),
        ),
        (
            "sale",
            Change::SaleSet(SaleSwitch {
                provider: "mock".parse().unwrap(),
                sale: Sale::Draining,
                by: DESK,
                at: NOON.plus_secs(70),
            }),
        ),
        ("reported", Change::Reported(Day::of(NOON))),
    ]
}

/// What came with broadcasts.
fn news_changes() -> Vec<(&'static str, Change)> {
    vec![
        (
            "broadcast",
            Change::Broadcast(Broadcast {
                id: BroadcastId::from_bits(80),
                text: "<b>News</b>".to_owned(),
                by: DESK,
                proposed_at: NOON.plus_secs(80),
                state: BroadcastState::Paused { by: UserId(9_002) },
                recipients: 12,
                started_at: Some(NOON.plus_secs(81)),
                admin_cards: vec![desk_card()],
            }),
        ),
        (
            "outreach",
            Change::Outreach(Outreach {
                broadcast: BroadcastId::from_bits(80),
                upto: Some(UserId(5)),
                ahead: vec![UserId(7), UserId(9)],
                sent: 4,
                unreachable: 2,
                failed: 1,
            }),
        ),
    ]
}

/// What came with the cost of further codes, and with rewards that go back.
fn newest_changes() -> Vec<(&'static str, Change)> {
    let cost = Amount::from_micros(90_000);
    let transfer = Transfer {
        id: TransferId::ResendCost(quote().id, 1),
        debit: AccountId::VendorCost,
        credit: AccountId::VendorFloat("mock".parse().unwrap()),
        amount: cost,
        kind: TransferKind::Posted,
    };
    let charged = Resend {
        state: ResendState::Waiting { cleared: false },
        asked_at: NOON.plus_secs(100),
        deadline: NOON.plus_secs(700),
        vendor_order: "V-1".to_owned(),
        seen: 1,
        code: None,
        cost,
    };
    let rewarded = Standing {
        referred_by: Some(UserId(7_002)),
        rewarded: true,
        rewarded_for: Some(DepositId::from_bits(77)),
        ..Standing::new(UserId(7_001))
    };
    vec![
        ("resend_cost", Change::Transfer(transfer)),
        ("resend_charged", Change::Order(Order { resends: vec![charged], ..order() })),
        ("standing_rewarded", Change::Standing(rewarded)),
    ]
}

/// One change of each kind, by the fixture's name.
fn changes() -> Vec<(&'static str, Change)> {
    let id = quote().id;
    let transfer = Transfer {
        id: TransferId::Capture(id),
        debit: AccountId::Wallet(UserId(7_001)),
        credit: AccountId::Revenue,
        amount: Amount::from_micros(420_000),
        kind: TransferKind::Post { pending: TransferId::Hold(id) },
    };
    let customer = Customer {
        id: UserId(7_001),
        name: "Zoë <b>".to_owned(),
        username: Some("zoe_example".to_owned()),
        language: Some("en".to_owned()),
        created_at: NOON,
        prompt: Some(Prompt::DepositAmount("usdt".parse().unwrap())),
        reachable: true,
    };
    let granted = Change::Granted { effect: Effect::Buy(id), made: Seq(900) };
    let admin_card = Effect::ShowDepositToAdmin(DepositId::from_bits(77), UserId(1));
    vec![
        ("transfer", Change::Transfer(transfer)),
        ("customer", Change::Customer(customer)),
        ("quote", Change::Quote(quote())),
        ("quote_dropped", Change::QuoteDropped(id)),
        ("order", Change::Order(order())),
        ("deposit", Change::Deposit(deposit())),
        ("wish", Change::Wish(admin_card)),
        ("granted", granted),
        ("rules_activated", Change::RulesActivated(RulesVersion(*b"rules--1").into())),
        ("codes_forgotten", Change::CodesForgotten(Day::of(NOON))),
    ]
}

fn entry(change: Change) -> Entry {
    Entry {
        seq: Seq(1_234),
        at: NOON.plus_secs(60),
        actor: Actor::Customer(UserId(7_001)),
        cause: "place_order u4711".to_owned(),
        changes: vec![change],
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn entries_of_version_1_are_read_as_they_were_meant() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v1");
    let keys = Keys::known([Day::of(NOON)], 1);
    let all = [changes(), later_sales(), desk_changes(), news_changes(), newest_changes()];
    for (name, change) in all.into_iter().flatten() {
        let path = dir.join(format!("{name}.hex"));
        let entry = entry(change);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!(
                "{}: {error}; now it would be\n{}",
                path.display(),
                hex(&encode(Kind::Entry, &entry, &keys))
            )
        });
        let digits: Vec<char> = text.chars().filter(|digit| !digit.is_whitespace()).collect();
        let byte = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).unwrap();
        let bytes: Vec<u8> = digits.chunks(2).map(byte).collect();
        assert_eq!(decode::<Entry>(Kind::Entry, &bytes, &keys), Ok(entry), "{name}");
    }
}
