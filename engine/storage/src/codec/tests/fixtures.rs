//! Bytes that former versions wrote, kept in `tests/fixtures`. They are never written anew: a
//! later version adds a directory of its own and must go on reading these.

use std::path::Path;

use ring4_domain::change::{Actor, Change, Entry, Seq};
use ring4_domain::customer::{Customer, Prompt};
use ring4_domain::day::Day;
use ring4_domain::deposit::{AdminCard, Deposit, DepositState};
use ring4_domain::effect::Effect;
use ring4_domain::ids::{Country, DepositId, MessageId, OrderId, RulesVersion, Timestamp, UserId};
use ring4_domain::ledger::{AccountId, Transfer, TransferId, TransferKind};
use ring4_domain::money::Amount;
use ring4_domain::order::{Candidate, Code, Lost, Order, OrderState, Purchase, Quote};

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
    for (name, change) in changes() {
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
