//! Orders in, figures out.

use ring4_domain::ids::{RulesVersion, UserId};
use ring4_domain::money::Amount;
use ring4_domain::order::{Code, FailReason, Purchase, Quote};

use super::*;

/// An order that got its number at second 0 of `bought_at` and ended this many seconds later.
fn order(id: u64, vendor: &str, state: OrderState, bought_at: Timestamp, wait_secs: u32) -> Order {
    let ended_at = bought_at.plus_secs(wait_secs);
    let delivered = matches!(state, OrderState::Delivered | OrderState::Refunded);
    Order {
        quote: Quote {
            id: OrderId::from_bits(id),
            customer: UserId(1001),
            service: "ring4".parse().unwrap(),
            country: Country::US,
            price: Amount::from_micros(400_000),
            cost_max: Amount::from_micros(300_000),
            candidates: Vec::new(),
            rules: RulesVersion([0; 8]),
            created_at: bought_at,
            expires_at: bought_at,
        },
        state,
        placed_at: bought_at,
        deadline: bought_at,
        hold_deadline: bought_at,
        ended_at: (!state.is_open()).then_some(ended_at),
        former: Vec::new(),
        unreturned: None,
        resends: Vec::new(),
        lost: None,
        purchase: Some(Purchase {
            candidate: 0,
            provider: vendor.parse().unwrap(),
            vendor_order: format!("v{id}"),
            number: "+12025550100".to_owned().into(),
            cost: Amount::from_micros(240_000),
            bought_at,
        }),
        code: delivered.then(|| Code {
            code: "12345".to_owned().into(),
            text: None,
            arrived_at: ended_at,
        }),
        card: None,
    }
}

fn odds() -> (Odds, Timestamp) {
    let clock = Clock::real();
    let now = clock.now();
    (Odds::new(clock), Timestamp(now.0 - 600_000))
}

fn ring4() -> ServiceKey {
    "ring4".parse().unwrap()
}

#[test]
fn orders_count_by_what_they_say_about_the_vendor() {
    use OrderState::{Cancelled, Delivered, Expired, Failed, Refunded, Waiting};
    // state, seconds → counted, with a code
    let rows = [
        (Delivered, 20, 1, 1),
        (Refunded, 20, 1, 1),
        (Expired, 600, 1, 0),
        (Cancelled, 119, 0, 0),
        (Cancelled, 120, 1, 0),
        (Failed(FailReason::OutOfStock), 3, 0, 0),
        (Waiting, 30, 0, 0),
    ];
    for (state, wait_secs, counted, with_code) in rows {
        let (odds, at) = odds();
        let order = order(1, "smspool", state, at, wait_secs);
        odds.note(&order);
        odds.note(&order);
        let figures = odds.offer(&ring4(), Country::US);
        let seen = (figures.orders, figures.delivered);
        assert_eq!(seen, (counted, with_code), "{state:?} after {wait_secs} s");
    }
}

#[test]
fn figures_are_of_one_vendor_or_of_all_and_forget_what_is_old() {
    let (odds, at) = odds();
    let old = Timestamp(at.0 - COUNTS_SECS * 1_000);
    odds.note(&order(1, "smspool", OrderState::Delivered, old, 5));
    for (id, vendor, wait_secs) in [(2, "smspool", 10), (3, "smspool", 30), (4, "mock", 90)] {
        odds.note(&order(id, vendor, OrderState::Delivered, at, wait_secs));
    }
    odds.note(&order(5, "mock", OrderState::Expired, at, 500));
    let (smspool, mock) = ("smspool".parse().unwrap(), "mock".parse().unwrap());
    let summed =
        |figures: Figures| (figures.orders, figures.success_percent(), figures.median_wait_secs);
    assert_eq!(summed(odds.vendor(&smspool, &ring4(), Country::US)), (2, Some(100), Some(10)));
    assert_eq!(summed(odds.vendor(&mock, &ring4(), Country::US)), (2, Some(50), Some(90)));
    assert_eq!(summed(odds.offer(&ring4(), Country::US)), (4, Some(75), Some(30)));
    assert_eq!(summed(odds.service(&ring4())), (4, Some(75), Some(30)));
    let elsewhere = "GB".parse().unwrap();
    assert_eq!(summed(odds.offer(&ring4(), elsewhere)), (0, None, None));
}

#[test]
fn only_the_latest_orders_count_whatever_order_they_are_told_in() {
    let (odds, at) = odds();
    let later = |id: u64| at.plus_secs(u32::try_from(id).unwrap());
    // The latest 200 got no code; told backwards, as a start reads the journal.
    for id in (0..400_u64).rev() {
        let state = if id < 200 { OrderState::Delivered } else { OrderState::Expired };
        odds.note(&order(id, "smspool", state, later(id), 1));
    }
    let figures = odds.offer(&ring4(), Country::US);
    assert_eq!((figures.orders, figures.delivered), (200, 0));
}

#[test]
fn chances_follow_from_when_codes_came() {
    let (odds, at) = odds();
    let smspool = "smspool".parse().unwrap();
    assert_eq!(odds.chance(&smspool, &ring4(), 0), None);
    // 80 codes after 15 s, 20 after 100 s, and 100 orders without one.
    for id in 0..200 {
        let (state, wait_secs) = match id {
            0..80 => (OrderState::Delivered, 15),
            80..100 => (OrderState::Delivered, 100),
            _ => (OrderState::Expired, 300),
        };
        odds.note(&order(id, "smspool", state, at, wait_secs));
    }
    // age → chance of a code in the next ten seconds, in thousandths
    let rows = [
        (0, Some(0)),
        (5, Some(0)),
        (6, Some(400)),
        (15, Some(400)),
        (16, Some(0)),
        (95, Some(166)),
        (101, Some(0)),
        (300, Some(0)),
        (301, None),
    ];
    for (age_secs, expected) in rows {
        let chance = odds.chance(&smspool, &ring4(), age_secs).unwrap();
        assert_eq!((chance.samples, chance.per_mille), (100, expected), "at {age_secs} s");
    }
}
