//! The adapter on recorded shapes (with invented values) and on hostile ones.

use std::cell::RefCell;

use ring4_provider_sdk::testing::{create, fixtures, run, survive_any_answer};
use ring4_provider_sdk::{Answer, FieldValue, HttpError, Message, Op, Response};
use serde_json::{Value, json};

use super::*;

/// 2025-10-09 08:53:20 UTC, when the fixtures' orders were bought.
const NOW: i64 = 1_760_000_000_000;

const PAGE: &str = "server_error.html";
const BUY: &str = "/user/buy/activation/usa/any/ring4";
const CHECK: &str = "/user/check/631533654";
const CANCEL: &str = "/user/cancel/631533654";

/// What the vendor answers to one path: status and fixture.
type Script<'a> = &'a [(&'a str, u16, &'a str)];

type Outcome = Result<Answer, ProviderError>;

const COUNTRIES: (&str, u16, &str) = ("/guest/countries", 200, "countries.json");

fn fixture(name: &str) -> Vec<u8> {
    if !name.ends_with(".json") && !name.ends_with(".html") {
        return name.as_bytes().to_vec();
    }
    let path = format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn dollars() -> Value {
    json!({"currency": "USD"})
}

fn ask_with(settings: &Value, op: Op, script: Script<'_>) -> (Outcome, Vec<Request>) {
    let adapter: FiveSim = create(settings).expect("good settings");
    let seen = RefCell::new(Vec::new());
    let outcome = run(&adapter, NOW, op, |request| {
        let turn = seen.borrow().len();
        seen.borrow_mut().push(request.clone());
        let (path, status, body) = script[turn];
        assert_eq!(request.url, path);
        Ok(Response::new(status, fixture(body)))
    });
    assert_eq!(seen.borrow().len(), script.len(), "all of the script is used");
    (outcome, seen.into_inner())
}

fn ask(op: Op, script: Script<'_>) -> Outcome {
    ask_with(&dollars(), op, script).0
}

fn money(text: &str) -> Money {
    Money::parse(text).expect("an amount")
}

fn buy_of(service: &str) -> Op {
    let (service, country) = (service.to_owned(), "US".to_owned());
    Op::Buy(PurchaseRequest { service, country, max_price: money("0.30") })
}

fn buy(status: u16, body: &str) -> Purchase {
    match ask(buy_of("ring4"), &[COUNTRIES, (BUY, status, body)]) {
        Ok(Answer::Purchase(purchase)) => purchase,
        other => panic!("{other:?}"),
    }
}

fn order() -> String {
    "631533654".to_owned()
}

fn text(text: &str) -> FieldValue {
    FieldValue::Text(text.to_owned())
}

#[test]
fn a_purchase_caps_the_price_and_sends_the_key_in_the_header_only() {
    let roubles = json!({"currency": "RUB", "usd_per_unit": 0.0125});
    for (settings, cap) in [(dollars(), "0.30"), (roubles, "24")] {
        let script: Script<'_> = &[COUNTRIES, (BUY, 200, "order.json")];
        let (_, requests) = ask_with(&settings, buy_of("ring4"), script);
        let [countries, purchase] = &requests[..] else { panic!("two requests") };
        assert_eq!(purchase.query, [("maxPrice".to_owned(), text(cap))]);
        let bearer = FieldValue::Secret(secret("api_key").prefixed("Bearer "));
        assert!(purchase.headers.contains(&("authorization".to_owned(), bearer)));
        assert!(!purchase.idempotent, "a purchase is never repeated");
        assert_eq!(countries.headers, [("accept".to_owned(), text("application/json"))]);
    }
}

#[test]
fn nothing_but_plain_names_gets_into_a_path() {
    for service in ["../profile", "ring4?maxPrice=9", "ring 4", "", "ring4/../x", "r#"] {
        let refused =
            Purchase::Refused { reason: RefusalReason::BadRequest, retry_after_secs: None };
        assert_eq!(ask(buy_of(service), &[]), Ok(Answer::Purchase(refused)), "{service}");
        let not_found = Err(ProviderError::OrderNotFound);
        assert_eq!(ask(Op::Check(service.to_owned()), &[]), not_found, "{service}");
        assert_eq!(ask(Op::Cancel(service.to_owned()), &[]), not_found, "{service}");
    }
}

#[test]
fn settings_name_the_currency() {
    for (settings, want) in [
        (json!({}), "currency: the account's currency"),
        (json!({"currency": "dollars"}), "currency: the account's currency"),
        (json!({"currency": "RUB"}), "how many dollars one RUB is worth"),
        (json!({"currency": "RUB", "usd_per_unit": "0"}), "above 0"),
        (json!({"currency": "USD", "rate": 1}), "unknown field `rate`"),
    ] {
        let error = create::<FiveSim>(&settings).err().unwrap_or_default();
        assert!(error.contains(want), "{settings}: {error}");
    }
}

#[test]
fn purchases_in_all_spellings() {
    for (body, cost) in [
        ("order.json", "0.24"),
        ("order_pending.json", "0.3"),
        ("order_float.json", "0.300001"),
        // The cap, as it was given.
        ("order_no_price.json", "0.30"),
    ] {
        let want = Purchase::Bought {
            vendor_order_id: order(),
            number: "+12015550123".to_owned(),
            cost: money(cost),
            expires_at_ms: Some(NOW + 900_123),
        };
        // Compared field by field: the debug form hides the number.
        let got = buy(200, body);
        assert!(got == want, "{body}: {got:?}");
    }
}

#[test]
fn refusals_are_plain_words_with_any_status() {
    use RefusalReason::{
        AccountThrottled, AuthFailed, BalanceLow, OutOfStock, RateLimited, Unsupported,
    };
    for (status, body, reason, secs) in [
        (200, "no free phones", OutOfStock, None),
        (400, "\"No free phones\"\n", OutOfStock, None),
        (400, "not enough user balance", BalanceLow, None),
        (200, "not enough rating", AccountThrottled, None),
        (400, "bad country", Unsupported, None),
        (400, "country is incorrect", Unsupported, None),
        (400, "no product", Unsupported, None),
        (400, "product is incorrect", Unsupported, None),
        (401, "", AuthFailed, None),
        (429, PAGE, RateLimited, Some(60)),
        (400, "api limit is 100 requests per second", RateLimited, Some(60)),
    ] {
        let want = Purchase::Refused { reason, retry_after_secs: secs };
        assert_eq!(buy(status, body), want, "{status} {body}");
    }
}

#[test]
fn whatever_does_not_say_no_is_unclear() {
    for (status, body) in [
        (200, "server offline"),
        (200, "internal error"),
        (503, "bandwidth limit"),
        (500, "no free phones"),
        (200, "order not found"),
        (200, "order no sms"),
        (200, "something new"),
        (200, "order_no_id.json"),
        (200, "order_no_number.json"),
        (400, "order.json"),
        (302, PAGE),
        (200, PAGE),
        (200, ""),
        (200, "{}"),
        (200, "[]"),
        (200, "null"),
    ] {
        let got = buy(status, body);
        assert!(matches!(got, Purchase::Unclear { .. }), "{status} {body}: {got:?}");
    }
    let whole = String::from_utf8(fixture("order.json")).expect("text");
    for len in 0..whole.trim_end().len() {
        let got = buy(200, &whole[..len]);
        assert!(matches!(got, Purchase::Unclear { .. }), "cut at {len}: {got:?}");
    }
    let adapter: FiveSim = create(&dollars()).expect("good settings");
    let got = run(&adapter, NOW, buy_of("ring4"), |request| match request.url.as_str() {
        "/guest/countries" => Ok(Response::new(200, fixture("countries.json"))),
        _ => Err(HttpError::Unanswered { why: "closed".to_owned() }),
    });
    assert_eq!(got, Err(ProviderError::Unanswered("closed".to_owned())));
}

#[test]
fn received_says_that_the_number_is_ready() {
    let check = |status, body: &str| ask(Op::Check(order()), &[(CHECK, status, body)]);
    let message = |code: Option<&str>, text: &str, received_at_ms| Message {
        code: code.map(str::to_owned),
        text: Some(text.to_owned()),
        received_at_ms,
    };
    let coded = |code: &str, at| message(Some(code), &format!("Your code: {code}"), Some(at));
    let received = |messages| OrderStatus::Received { messages };
    for (body, want) in [
        ("order.json", OrderStatus::Waiting),
        ("order_pending.json", OrderStatus::Waiting),
        ("order_code.json", received(vec![coded("48213", NOW + 60_000)])),
        (
            "order_several.json",
            received(vec![coded("11111", NOW + 60_000), coded("48213", NOW + 180_000)]),
        ),
        ("order_text_only.json", received(vec![message(None, "Welcome!", None)])),
        ("order_canceled.json", OrderStatus::Refunded),
        ("order_timeout.json", OrderStatus::Refunded),
        ("order_banned.json", OrderStatus::Refunded),
        ("order_finished.json", OrderStatus::Closed),
        ("order_limbo.json", OrderStatus::Unrecognised { raw: "LIMBO".to_owned() }),
    ] {
        // Not `assert_eq`: the debug form hides the message.
        let got = check(200, body);
        assert!(got == Ok(Answer::Status(want)), "{body}: {got:?}");
    }
    for (status, body) in [(404, "order not found"), (400, "record not found")] {
        assert_eq!(check(status, body), Err(ProviderError::OrderNotFound), "{body}");
    }
    let auth = ProviderError::refused(RefusalReason::AuthFailed);
    assert_eq!(check(401, ""), Err(auth));
    for (status, body) in [(200, "{}"), (200, "[]"), (502, PAGE), (404, PAGE), (200, "news")] {
        let got = check(status, body);
        assert!(matches!(got, Err(ProviderError::Unreadable(_))), "{status} {body}: {got:?}");
    }
}

#[test]
fn one_list_serves_for_waiting_and_for_past_orders() {
    let list = |op, status, body: &str| ask(op, &[("/user/orders", status, body)]);
    for op in [Op::ListActive, Op::History] {
        let got = list(op.clone(), 200, "orders.json");
        let Ok(Answer::Orders(mut orders)) = got else { panic!("{got:?}") };
        orders.sort_by(|one, other| one.vendor_order_id.cmp(&other.vendor_order_id));
        let [past, coded] = &orders[..] else { panic!("two rows") };
        assert_eq!(
            (past.vendor_order_id.as_str(), &past.status),
            ("631533654", &OrderStatus::Refunded)
        );
        assert_eq!(past.number.as_deref(), Some("+12015550123"));
        assert_eq!((past.bought_at_ms, past.expires_at_ms), (Some(NOW + 100), Some(NOW + 900_123)));
        assert_eq!(coded.service.as_deref(), Some("ring4"));
        assert_eq!(coded.cost.as_ref().map(Money::as_str), Some("0.1875"));
        assert!(matches!(coded.status, OrderStatus::Received { .. }));
        for body in ["orders_empty.json", "orders_null.json"] {
            assert_eq!(list(op.clone(), 200, body), Ok(Answer::Orders(Vec::new())), "{body}");
        }
        for (status, body) in [
            (200, "orders_broken_row.json"),
            (200, "{}"),
            (200, r#"{"Data":{}}"#),
            (200, "[]"),
            (200, "null"),
            (200, ""),
            (200, "order no sms"),
            (500, "orders_empty.json"),
            (200, PAGE),
        ] {
            let got = list(op.clone(), status, body);
            assert!(got.is_err(), "{status} {body} must not look like an empty list: {got:?}");
        }
    }
}

#[test]
fn pages_are_read_as_long_as_they_may_hold_orders_that_wait() {
    let adapter: FiveSim = create(&dollars()).expect("good settings");
    let at =
        |minutes: usize| if minutes < 30 { "2025-10-09T08:50:00Z" } else { "2025-10-09T08:00:00Z" };
    // Orders there, the place from which on they are old, and what must be seen of it.
    for (there, old_from, listed, requests) in
        [(250, 999, 250, 3), (250, 150, 200, 2), (250, 0, 100, 1), (99, 999, 99, 1)]
    {
        let mut asked = 0;
        let got = run(&adapter, NOW, Op::ListActive, |request| {
            asked += 1;
            let offset = request.query.iter().find(|(name, _)| name == "offset");
            let Some((_, FieldValue::Text(offset))) = offset else { panic!("an offset") };
            let offset: usize = offset.parse().expect("a number");
            let row = |id: usize| {
                let minutes = if id < old_from { 3 } else { 53 };
                json!({"id": id, "phone": "+12015550123", "status": "RECEIVED",
                       "created_at": at(minutes)})
            };
            let page: Vec<Value> = (offset..there).take(PAGE_ROWS).map(row).collect();
            Ok(Response::new(200, json!({"Data": page, "Total": there}).to_string()))
        });
        let Ok(Answer::Orders(orders)) = got else { panic!("{got:?}") };
        assert_eq!((orders.len(), asked), (listed, requests), "{there} {old_from}");
    }
}

#[test]
fn a_listed_country_has_its_iso_code_once_the_names_are_known() {
    let adapter: FiveSim = create(&dollars()).expect("good settings");
    let answer = |body: &'static str| move |_: &Request| Ok(Response::new(200, fixture(body)));
    run(&adapter, NOW, Op::Countries, answer("countries.json")).expect("countries");
    let got = run(&adapter, NOW, Op::History, answer("orders.json"));
    let Ok(Answer::Orders(orders)) = got else { panic!("{got:?}") };
    let codes: Vec<_> = orders.iter().map(|order| order.country.as_deref()).collect();
    assert_eq!(codes, [Some("GB"), Some("US")]);
}

#[test]
fn cancels_are_believed_when_they_say_so() {
    let cancel = |script: Script<'_>| ask(Op::Cancel(order()), script);
    for (status, body, want) in [
        (200, "order_canceled.json", Cancellation::Cancelled),
        (400, "order has sms", Cancellation::HasSms),
        (200, "you need to wait time", Cancellation::TooEarly { retry_after_secs: None }),
        (404, "order not found", Cancellation::NotFound),
    ] {
        let got = cancel(&[(CANCEL, status, body)]);
        assert_eq!(got, Ok(Answer::Cancellation(want)), "{body}");
    }
    for (state, want) in [
        ("order_timeout.json", Cancellation::AlreadyClosed),
        ("order_code.json", Cancellation::HasSms),
    ] {
        let script: Script<'_> = &[(CANCEL, 400, "order expired"), (CHECK, 200, state)];
        assert_eq!(cancel(script), Ok(Answer::Cancellation(want)), "{state}");
    }
    let script: Script<'_> = &[(CANCEL, 400, "order expired"), (CHECK, 200, "order.json")];
    let got = cancel(script);
    assert!(matches!(got, Ok(Answer::Cancellation(Cancellation::Unclear { .. }))), "{got:?}");
    let auth = ProviderError::refused(RefusalReason::AuthFailed);
    assert_eq!(cancel(&[(CANCEL, 401, "")]), Err(auth));
    for (status, body) in [(200, "order.json"), (200, "{}"), (502, PAGE), (200, "internal error")] {
        let got = cancel(&[(CANCEL, status, body)]);
        assert!(matches!(got, Err(ProviderError::Unreadable(_))), "{status} {body}: {got:?}");
    }
    let (_, requests) =
        ask_with(&dollars(), Op::Cancel(order()), &[(CANCEL, 200, "order_canceled.json")]);
    assert!(!requests[0].idempotent, "a change is not repeated, although it is a GET");
}

#[test]
fn another_message_needs_an_order_that_is_still_open() {
    let resend = |body: &str| ask(Op::Resend(order()), &[(CHECK, 200, body)]);
    let requested = Resend::Requested { vendor_order_id: order(), cost: None };
    assert_eq!(resend("order_code.json"), Ok(Answer::Resend(requested)));
    let refused = Resend::Refused { reason: RefusalReason::Other };
    assert_eq!(resend("order_several.json"), Ok(Answer::Resend(refused)));
    assert_eq!(resend("order not found"), Err(ProviderError::OrderNotFound));
}

#[test]
fn prices_are_of_the_cheapest_operator_with_numbers_and_nest_either_way() {
    let request = QuoteRequest { service: "ring4".to_owned(), country: "US".to_owned() };
    let quote = |status, body: &str| {
        ask(Op::Quote(request.clone()), &[COUNTRIES, ("/guest/prices", status, body)])
    };
    let offered = |stock, success_percent| {
        let (cost, high_cost) = (money("0.24"), None);
        Ok(Answer::Quote(Quote::Offered { cost, high_cost, stock, success_percent }))
    };
    let unavailable = |reason| Ok(Answer::Quote(Quote::Unavailable { reason }));
    for (status, body, want) in [
        (200, "prices.json", offered(Some(17), None)),
        (200, "prices_flipped.json", offered(Some(17), Some(87))),
        (200, "prices_none.json", unavailable(RefusalReason::OutOfStock)),
        (200, "{}", unavailable(RefusalReason::Unsupported)),
        (200, "[]", unavailable(RefusalReason::Unsupported)),
        (200, r#"{"usa":{"ring4":[]}}"#, unavailable(RefusalReason::Unsupported)),
        (400, "product is incorrect", unavailable(RefusalReason::Unsupported)),
        (401, "", Err(ProviderError::refused(RefusalReason::AuthFailed))),
    ] {
        assert_eq!(quote(status, body), want, "{body}");
    }
    for (status, body) in [(200, "prices_words.json"), (200, PAGE), (502, PAGE)] {
        let got = quote(status, body);
        assert!(matches!(got, Err(ProviderError::Unreadable(_))), "{body}: {got:?}");
    }
    let nowhere = QuoteRequest { service: "ring4".to_owned(), country: "FR".to_owned() };
    let got = ask(Op::Quote(nowhere), &[COUNTRIES]);
    assert_eq!(got, unavailable(RefusalReason::Unsupported));
}

#[test]
fn the_catalogue_is_keyed_by_the_vendors_names() {
    let Ok(Answer::Countries(rows)) = ask(Op::Countries, &[COUNTRIES]) else { panic!("countries") };
    let rows: Vec<_> = rows.iter().map(|row| (row.vendor_id.as_str(), row.iso.as_str())).collect();
    assert_eq!(rows, [("england", "GB"), ("usa", "US")]);
    let script: Script<'_> = &[("/guest/products/any/any", 200, "products.json")];
    let Ok(Answer::Services(rows)) = ask(Op::Services, script) else { panic!("services") };
    let names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["ring4", "telegram"], "numbers for rent are not sold");
}

#[test]
fn the_balance_is_an_amount_in_dollars_or_an_error() {
    let path = "/user/profile";
    for (settings, body, want) in [
        (dollars(), "profile.json", "41.87"),
        (dollars(), r#"{"balance":"-0.20"}"#, "0"),
        (json!({"currency": "RUB", "usd_per_unit": "0.0125"}), "profile.json", "0.523375"),
    ] {
        let (got, _) = ask_with(&settings, Op::Balance, &[(path, 200, body)]);
        assert_eq!(got, Ok(Answer::Balance(money(want))), "{body}");
    }
    for body in ["{}", "[]", r#"{"balance":"lots"}"#, r#"{"balance":1e-7}"#, PAGE] {
        let got = ask(Op::Balance, &[(path, 200, body)]);
        assert!(matches!(got, Err(ProviderError::Unreadable(_))), "{body}: {got:?}");
    }
}

#[test]
fn any_answer_to_any_question_is_survived() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let answers = fixtures(folder.as_ref()).expect("the fixtures");
    assert!(answers.len() > 25, "all fixtures are there");
    let quote = QuoteRequest { service: "ring4".to_owned(), country: "US".to_owned() };
    let ops = [
        Op::Services,
        Op::Countries,
        Op::Quote(quote),
        buy_of("ring4"),
        Op::Check(order()),
        Op::ListActive,
        Op::History,
        Op::Cancel(order()),
        Op::Resend(order()),
        Op::Balance,
    ];
    let adapter: FiveSim = create(&dollars()).expect("good settings");
    assert_eq!(survive_any_answer(&adapter, NOW, &ops, &answers), Ok(()));
}
