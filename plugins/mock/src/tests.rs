//! The mock vendor's promises, in the words of the trade.

use ring4_provider_sdk::testing::{create, run_offline};
use ring4_provider_sdk::{Answer, Op};
use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_760_000_000_000;

fn vendor(settings: &Value) -> Mock {
    create(settings).expect("good settings")
}

fn ask(vendor: &Mock, now_ms: i64, op: Op) -> Answer {
    run_offline(vendor, now_ms, op).expect("an answer")
}

fn buy_op(service: &str, country: &str, max_price: &str) -> Op {
    let max_price = Money::parse(max_price).expect("decimal text");
    let (service, country) = (service.to_owned(), country.to_owned());
    Op::Buy(PurchaseRequest { service, country, max_price })
}

fn buy(vendor: &Mock, now_ms: i64) -> (String, String) {
    match ask(vendor, now_ms, buy_op("ring4", "US", "1")) {
        Answer::Purchase(Purchase::Bought { vendor_order_id, number, .. }) => {
            (vendor_order_id, number)
        }
        other => panic!("{other:?}"),
    }
}

fn check(vendor: &Mock, now_ms: i64, id: &str) -> OrderStatus {
    match ask(vendor, now_ms, Op::Check(id.to_owned())) {
        Answer::Status(status) => status,
        other => panic!("{other:?}"),
    }
}

fn refusal(vendor: &Mock, op: Op) -> Option<RefusalReason> {
    match ask(vendor, NOW, op) {
        Answer::Purchase(Purchase::Refused { reason, .. }) => Some(reason),
        _ => None,
    }
}

#[test]
fn a_code_arrives_in_its_time_also_for_a_vendor_that_was_restarted() {
    let settings = json!({"seed": 7, "delay_min_secs": 10, "delay_max_secs": 30});
    let before = vendor(&settings);
    let (id, number) = buy(&before, NOW);
    assert!(number.starts_with("+120") && number.len() == 12, "{number}");
    assert_eq!(check(&before, NOW + 9_999, &id), OrderStatus::Waiting);
    let after = vendor(&settings);
    assert_eq!(check(&after, NOW + 9_999, &id), OrderStatus::Waiting);
    let late = check(&after, NOW + 30_000, &id);
    assert_eq!(late, check(&before, NOW + 30_000, &id));
    let OrderStatus::Received { messages } = late else { panic!("{late:?}") };
    let code = messages[0].code.clone().expect("a code");
    assert_eq!((messages.len(), code.len()), (1, 6));
    assert!(messages[0].text.as_ref().is_some_and(|text| text.contains(&code)));
}

#[test]
fn purchases_in_the_same_millisecond_differ() {
    let vendor = vendor(&json!({}));
    let ids: std::collections::BTreeSet<_> = (0..100).map(|_| buy(&vendor, NOW).0).collect();
    assert_eq!(ids.len(), 100);
}

#[test]
fn settings_choose_the_refusal() {
    use RefusalReason::{Other, OutOfStock, PriceTooHigh, Unsupported};
    for (settings, service, country, cap, want) in [
        (json!({}), "ring4", "US", "0.50", None),
        (json!({}), "ring4", "US", "0.499999", Some(PriceTooHigh)),
        (json!({"prices": {"ring4": "12"}}), "ring4", "US", "9.99", Some(PriceTooHigh)),
        (json!({"prices": {"ring4": "0.10"}}), "ring4", "US", "0.1", None),
        (json!({}), "fax", "US", "1", Some(Unsupported)),
        (json!({}), "ring4", "ZZ", "1", Some(Unsupported)),
        (json!({"stock": 0}), "ring4", "US", "1", Some(OutOfStock)),
        (json!({"out_of_stock_percent": 100}), "ring4", "US", "1", Some(OutOfStock)),
        (json!({"refused_percent": 100}), "ring4", "US", "1", Some(Other)),
    ] {
        let got = refusal(&vendor(&settings), buy_op(service, country, cap));
        assert_eq!(got, want, "{settings} {service} {country} {cap}");
    }
}

#[test]
fn failure_rates_hold_roughly() {
    let vendor = vendor(&json!({"out_of_stock_percent": 20, "no_code_percent": 50}));
    let ids: Vec<String> = (0..1_000)
        .filter_map(|turn| match ask(&vendor, NOW + turn, buy_op("ring4", "US", "1")) {
            Answer::Purchase(Purchase::Bought { vendor_order_id, .. }) => Some(vendor_order_id),
            _ => None,
        })
        .collect();
    let received =
        |id: &&String| matches!(check(&vendor, NOW + 100_000, id), OrderStatus::Received { .. });
    let (bought, with_code) = (ids.len(), ids.iter().filter(received).count());
    assert!((740..860).contains(&bought), "{bought} of 1000 bought");
    assert!((bought * 2 / 5..bought * 3 / 5).contains(&with_code), "{with_code} of {bought}");
}

#[test]
fn an_unclear_purchase_is_in_the_list_every_second_time() {
    let vendor = vendor(&json!({"unclear_percent": 100, "no_code_percent": 100}));
    for turn in 0..200 {
        let got = ask(&vendor, NOW + turn, buy_op("ring4", "GB", "1"));
        assert!(matches!(got, Answer::Purchase(Purchase::Unclear { .. })), "{got:?}");
    }
    let Answer::Orders(orders) = ask(&vendor, NOW + 1_000, Op::ListActive) else { panic!() };
    assert!((60..140).contains(&orders.len()), "{} of 200", orders.len());
    assert_eq!(orders[0].country.as_deref(), Some("GB"));
    let Answer::Orders(later) = ask(&vendor, NOW + 1_300_000, Op::ListActive) else { panic!() };
    assert!(later.is_empty(), "expired orders are not active");
    let Answer::Orders(past) = ask(&vendor, NOW + 1_300_000, Op::History) else { panic!() };
    assert!(past.iter().all(|order| order.status == OrderStatus::Refunded));
}

#[test]
fn cancels_wait_for_the_lock_and_lose_against_a_code() {
    let vendor = vendor(&json!({
        "cancel_lock_secs": 60, "delay_min_secs": 90, "delay_max_secs": 90, "lifetime_secs": 300,
    }));
    let cancel = |now_ms: i64, id: &str| match ask(&vendor, now_ms, Op::Cancel(id.to_owned())) {
        Answer::Cancellation(cancellation) => cancellation,
        other => panic!("{other:?}"),
    };
    let (first, _) = buy(&vendor, NOW);
    let early = Cancellation::TooEarly { retry_after_secs: Some(51) };
    assert_eq!(cancel(NOW + 10_000, &first), early);
    assert_eq!(cancel(NOW + 60_000, &first), Cancellation::Cancelled);
    assert_eq!(check(&vendor, NOW + 100_000, &first), OrderStatus::Refunded);
    assert_eq!(cancel(NOW + 61_000, &first), Cancellation::AlreadyClosed);
    let (second, _) = buy(&vendor, NOW);
    assert_eq!(cancel(NOW + 90_000, &second), Cancellation::HasSms);
    for id in ["", "nonsense", "M0000-ring4-US-00000000", "M00000000000g-ring4-US-00000000"] {
        let got = run_offline(&vendor, NOW, Op::Cancel(id.to_owned()));
        assert_eq!(got, Err(ProviderError::OrderNotFound), "{id}");
    }
}

#[test]
fn an_order_without_a_code_is_refunded_at_its_end() {
    let vendor = vendor(&json!({"no_code_percent": 100, "lifetime_secs": 60}));
    let (id, _) = buy(&vendor, NOW);
    assert_eq!(check(&vendor, NOW + 59_999, &id), OrderStatus::Waiting);
    assert_eq!(check(&vendor, NOW + 60_000, &id), OrderStatus::Refunded);
}

#[test]
fn a_second_code_comes_when_asked_for() {
    let vendor = vendor(&json!({"delay_min_secs": 5, "delay_max_secs": 5}));
    let (id, _) = buy(&vendor, NOW);
    let resend = |now_ms| ask(&vendor, now_ms, Op::Resend(id.clone()));
    let refused = Answer::Resend(Resend::Refused { reason: RefusalReason::Other });
    assert_eq!(resend(NOW), refused);
    assert!(matches!(resend(NOW + 6_000), Answer::Resend(Resend::Requested { .. })));
    let OrderStatus::Received { messages } = check(&vendor, NOW + 11_000, &id) else { panic!() };
    assert_eq!(messages.len(), 2);
    assert_ne!(messages[0].code, messages[1].code);
}

#[test]
fn settings_that_make_no_sense_are_refused_with_their_key() {
    for (settings, want) in [
        (json!({"sede": 1}), "unknown field `sede`"),
        (json!({"delay_min_secs": 30}), "delay_min_secs is above delay_max_secs"),
        (json!({"error_percent": 101}), "error_percent is above 100"),
        (json!({"prices": {"fax": "1"}}), "there is no service `fax`"),
        (json!({"prices": {"ring4": 0.5}}), "expected a string"),
        (json!({"balance": "-1"}), "not a decimal amount"),
        (json!([]), "not a map"),
    ] {
        let error = create::<Mock>(&settings).err().unwrap_or_default();
        assert!(error.contains(want), "{settings}: {error}");
    }
}

#[test]
fn every_number_keeps_its_countrys_pattern() {
    let vendor = vendor(&json!({}));
    for country in goods::COUNTRIES {
        let bought = ask(&vendor, NOW, buy_op("telegram", country.iso, "1"));
        let Answer::Purchase(Purchase::Bought { number, .. }) = bought else { panic!() };
        assert_eq!(number.len(), country.pattern.len());
        let fits = |(digit, pattern): (char, char)| digit == pattern || pattern == 'x';
        assert!(number.chars().zip(country.pattern.chars()).all(fits), "{number}");
    }
}
