//! The adapter on recorded shapes (with invented values) and on hostile ones.

use std::cell::RefCell;

use ring4_provider_sdk::testing::{create, fixtures, run, survive_any_answer};
use ring4_provider_sdk::{Answer, FieldValue, HttpError, Message, Op};
use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_760_000_000_000;

const PAGE: &str = "server_error.html";

/// What the vendor answers to one action: status and fixture.
type Script<'a> = &'a [(&'a str, u16, &'a str)];

type Outcome = Result<Answer, ProviderError>;

fn fixture(name: &str) -> Vec<u8> {
    let file = [".json", ".html", ".txt"].iter().any(|ending| name.ends_with(ending));
    if !file {
        return name.as_bytes().to_vec();
    }
    let path = format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn settings(dialect: &str) -> Value {
    match dialect {
        "smshub" => json!({"dialect": dialect, "usd_per_unit": 0.0125}),
        _ => json!({"dialect": dialect}),
    }
}

fn parameter<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let found = request.query.iter().find(|(known, _)| known == name);
    found.and_then(|(_, value)| match value {
        FieldValue::Text(text) => Some(text.as_str()),
        FieldValue::Secret(_) => None,
    })
}

fn ask_at(dialect: &str, op: Op, script: Script<'_>) -> (Outcome, Vec<Request>) {
    let adapter: HandlerApi = create(&settings(dialect)).expect("good settings");
    let seen = RefCell::new(Vec::new());
    let outcome = run(&adapter, NOW, op, |request| {
        let turn = seen.borrow().len();
        seen.borrow_mut().push(request.clone());
        let (action, status, body) = script[turn];
        assert_eq!((request.url.as_str(), parameter(request, "action")), (PATH, Some(action)));
        Ok(Response::new(status, fixture(body)))
    });
    assert_eq!(seen.borrow().len(), script.len(), "all of the script is used");
    (outcome, seen.into_inner())
}

fn ask(op: Op, script: Script<'_>) -> Outcome {
    ask_at("herosms", op, script).0
}

fn money(text: &str) -> Money {
    Money::parse(text).expect("an amount")
}

fn buy_op() -> Op {
    let max_price = money("0.30");
    Op::Buy(PurchaseRequest { service: "rg".to_owned(), country: "US".to_owned(), max_price })
}

const COUNTRIES: (&str, u16, &str) = ("getCountries", 200, "countries.json");

fn buy_at(dialect: &str, status: u16, body: &str) -> Purchase {
    let action = if dialect == "smshub" { "getNumber" } else { "getNumberV2" };
    match ask_at(dialect, buy_op(), &[COUNTRIES, (action, status, body)]).0 {
        Ok(Answer::Purchase(purchase)) => purchase,
        other => panic!("{other:?}"),
    }
}

fn order() -> String {
    "630001".to_owned()
}

fn received(code: Option<&str>, text: Option<&str>) -> OrderStatus {
    let (code, text) = (code.map(str::to_owned), text.map(str::to_owned));
    OrderStatus::Received { messages: vec![Message { code, text, received_at_ms: None }] }
}

#[test]
fn each_dialect_sends_its_own_words_and_the_key_as_a_secret() {
    for (dialect, host, action, wanted) in [
        ("herosms", "https://hero-sms.com", "getNumberV2", ("maxPrice", "0.30", None)),
        ("grizzlysms", "https://api.grizzlysms.com", "getNumberV2", ("maxPrice", "0.30", None)),
        ("smsbower", "https://smsbower.page", "getNumberV2", ("maxPrice", "0.30", None)),
        ("tigersms", "https://api.tiger-sms.com", "getNumberV2", ("maxPrice", "0.30", None)),
        ("smshub", "https://smshub.org", "getNumber", ("max_price", "24", Some("643"))),
    ] {
        let script: Script<'_> = &[COUNTRIES, (action, 200, "number.txt")];
        let (_, requests) = ask_at(dialect, buy_op(), script);
        let request = &requests[1];
        let (cap, price, currency) = wanted;
        assert_eq!(parameter(request, cap), Some(price), "{dialect}");
        assert_eq!(parameter(request, "currency"), currency, "{dialect}");
        assert_eq!(parameter(request, "country"), Some("187"), "{dialect}");
        assert_eq!(parameter(request, "service"), Some("rg"), "{dialect}");
        let key = FieldValue::Secret(secret("api_key"));
        assert_eq!(request.query[0], ("api_key".to_owned(), key), "{dialect}");
        assert_eq!(request.default_base.as_deref(), Some(host), "{dialect}");
        assert!(!request.idempotent, "{dialect}: a purchase is never repeated");
        assert!(requests[0].idempotent, "{dialect}: a list may be read again");
        let hosts = HandlerApi::manifest().hosts;
        assert!(hosts.iter().any(|known| host.ends_with(known.as_str())), "{host}");
    }
}

#[test]
fn settings_name_a_vendor_and_a_rate_where_one_is_needed() {
    for (settings, want) in [
        (json!({}), "dialect: must be one of herosms, grizzlysms"),
        (json!({"dialect": "hero"}), "dialect: must be one of"),
        (json!({"dialect": "smshub"}), "usd_per_unit: must say how many dollars one RUB"),
        (json!({"dialect": "herosms", "currency": "RUB"}), "one RUB is worth"),
        (json!({"dialect": "herosms", "currency": "GBP"}), "currency: must be one of"),
        (json!({"dialect": "smshub", "usd_per_unit": 0}), "above 0"),
        (json!({"dialect": "herosms", "usd_per_unit": 1}), "leave it out"),
        (json!({"dialects": "herosms"}), "unknown field `dialects`"),
    ] {
        let error = create::<HandlerApi>(&settings).err().unwrap_or_default();
        assert!(error.contains(want), "{settings}: {error}");
    }
    let dollars = json!({"dialect": "smshub", "currency": "USD"});
    assert!(create::<HandlerApi>(&dollars).is_ok());
}

#[test]
fn purchases_as_text_and_as_json() {
    for (dialect, status, body, cost) in [
        ("smshub", 200, "number.txt", "0.30"),
        ("herosms", 200, "number.txt", "0.30"),
        ("herosms", 200, "number.json", "0.24"),
        ("herosms", 200, "number_ids.json", "0.24"),
        ("herosms", 200, "number_float.json", "0.300001"),
        // A charge in a currency that is not ours is no charge; the cap is booked.
        ("herosms", 200, "number_roubles.json", "0.30"),
        ("smshub", 200, "number_roubles.json", "0.24375"),
    ] {
        let want = Purchase::Bought {
            vendor_order_id: order(),
            number: "+12015550123".to_owned(),
            cost: money(cost),
            expires_at_ms: None,
        };
        // Compared field by field: the debug form hides the number.
        let got = buy_at(dialect, status, body);
        assert!(got == want, "{dialect} {body}: {got:?}");
    }
}

#[test]
fn refused_purchases_in_text_and_json_with_any_status() {
    use RefusalReason::{
        AccountThrottled, AuthFailed, BadRequest, BalanceLow, ConcurrencyLimit, OutOfStock,
        PriceTooHigh, RateLimited, Unsupported,
    };
    for (status, body, reason, secs) in [
        (200, "NO_NUMBERS", OutOfStock, None),
        (404, "hero_no_numbers.json", OutOfStock, None),
        (200, "hero_no_numbers.json", OutOfStock, None),
        (200, "error_numbers.json", OutOfStock, None),
        (200, " NO_BALANCE\r\n", BalanceLow, None),
        (402, r#"{"title":"NO_BALANCE"}"#, BalanceLow, None),
        (200, "NO_MONEY", BalanceLow, None),
        (200, "BAD_KEY", AuthFailed, None),
        (401, "\"BAD_KEY\"", AuthFailed, None),
        (401, "bower_no_access.json", AuthFailed, None),
        (200, "API_KEY_NOT_VALID", AuthFailed, None),
        (200, "WRONG_MAX_PRICE:0.31", PriceTooHigh, None),
        (400, "hero_min_price.json", PriceTooHigh, None),
        (400, "MAX_PRICE_EXCEEDED", PriceTooHigh, None),
        (200, "bower_bad_service.json", Unsupported, None),
        (200, "BAD_COUNTRY", Unsupported, None),
        (200, "BANNED:'2025-10-09 14-00-00'", AccountThrottled, None),
        (403, "hero_banned.json", AccountThrottled, Some(7_200)),
        (403, r#"{"title":"CHANNELS_LIMIT"}"#, ConcurrencyLimit, None),
        (200, "RATE_LIMIT", RateLimited, None),
        (429, PAGE, RateLimited, Some(60)),
        (422, "error_field.json", BadRequest, None),
        (404, "BAD_ACTION", BadRequest, None),
    ] {
        let want = Purchase::Refused { reason, retry_after_secs: secs };
        assert_eq!(buy_at("herosms", status, body), want, "{status} {body}");
    }
}

#[test]
fn whatever_does_not_say_no_is_unclear() {
    for (dialect, status, body) in [
        ("herosms", 200, "ERROR_SQL"),
        ("herosms", 200, "failure.json"),
        ("herosms", 200, "ORDER_ALREADY_EXISTS"),
        ("herosms", 200, "error_new.json"),
        ("herosms", 400, "error_new.json"),
        ("herosms", 200, "SOMETHING_NEW"),
        ("herosms", 200, "STATUS_CANCEL"),
        ("herosms", 200, "NO_ACTIVATION"),
        ("herosms", 200, "ACCESS_NUMBER"),
        ("herosms", 200, "ACCESS_NUMBER:630001"),
        ("herosms", 200, "ACCESS_NUMBER::12015550123"),
        ("herosms", 200, "ACCESS_NUMBER:630001:12015550123:extra"),
        ("herosms", 404, "number.txt"),
        ("herosms", 200, "number_no_id.json"),
        ("herosms", 200, "number_short.json"),
        ("herosms", 200, "{}"),
        ("herosms", 200, "[]"),
        ("herosms", 200, "null"),
        ("herosms", 200, ""),
        ("herosms", 200, PAGE),
        ("herosms", 403, PAGE),
        ("herosms", 302, "number.json"),
        ("herosms", 500, "hero_no_numbers.json"),
        ("tigersms", 200, "BAD_ACTION"),
    ] {
        let got = buy_at(dialect, status, body);
        assert!(matches!(got, Purchase::Unclear { .. }), "{status} {body}: {got:?}");
    }
    for name in ["number.json", "hero_no_numbers.json"] {
        let whole = String::from_utf8(fixture(name)).expect("text");
        for len in 0..whole.trim_end().len() {
            let got = buy_at("herosms", 200, &whole[..len]);
            assert!(matches!(got, Purchase::Unclear { .. }), "{name} cut at {len}: {got:?}");
        }
    }
}

#[test]
fn states_as_text_and_as_json() {
    let check = |dialect: &str, status, body: &str| {
        let action = if dialect == "herosms" { "getStatusV2" } else { "getStatus" };
        ask_at(dialect, Op::Check(order()), &[(action, status, body)]).0
    };
    let long = "Your code is 48213: do not share it";
    for (dialect, body, want) in [
        ("smshub", "STATUS_WAIT_CODE", OrderStatus::Waiting),
        ("smshub", "STATUS_WAIT_RETRY:48213", OrderStatus::Waiting),
        ("smshub", "STATUS_WAIT_RESEND", OrderStatus::Waiting),
        ("smshub", "STATUS_OK:48213\n", received(Some("48213"), None)),
        ("smshub", "STATUS_OK:48:21:3", received(Some("48:21:3"), None)),
        ("smshub", &format!("STATUS_OK:{long}"), received(None, Some(long))),
        ("smshub", "STATUS_CANCEL", OrderStatus::Refunded),
        ("tigersms", "ACCESS_CANCEL", OrderStatus::Refunded),
        ("herosms", "STATUS_CANCEL", OrderStatus::Refunded),
        ("herosms", "state_waiting.json", OrderStatus::Waiting),
        ("herosms", r#"{"sms":[]}"#, OrderStatus::Waiting),
        ("herosms", "state_code.json", received(Some("48213"), Some("Your code: 48213"))),
        ("herosms", "state_hero.json", received(Some("48213"), Some("Your code: 48213"))),
    ] {
        // Not `assert_eq`: the debug form hides the message.
        let got = check(dialect, 200, body);
        assert!(got == Ok(Answer::Status(want)), "{body}: {got:?}");
    }
    for body in ["STATUS_OK", "STATUS_OK:", "STATUS_OK:0", "STATUS_LIMBO"] {
        let got = check("smshub", 200, body);
        let open = matches!(got, Ok(Answer::Status(OrderStatus::Unrecognised { .. })));
        assert!(open, "{body}: {got:?}");
    }
    for (status, body, want) in [
        (200, "NO_ACTIVATION", ProviderError::OrderNotFound),
        (404, r#"{"title":"NOT_FOUND"}"#, ProviderError::OrderNotFound),
        (200, "WRONG_ACTIVATION_ID", ProviderError::OrderNotFound),
        (200, "BAD_KEY", ProviderError::refused(RefusalReason::AuthFailed)),
    ] {
        assert_eq!(check("herosms", status, body), Err(want), "{status} {body}");
    }
    for (status, body) in [(200, "{}"), (200, "[]"), (502, PAGE), (404, PAGE), (200, "ERROR_SQL")] {
        let got = check("herosms", status, body);
        assert!(matches!(got, Err(ProviderError::Unreadable(_))), "{status} {body}: {got:?}");
    }
}

#[test]
fn the_active_list_comes_under_several_names() {
    let list = |status, body: &str| ask(Op::ListActive, &[("getActiveActivations", status, body)]);
    let Ok(Answer::Orders(orders)) = list(200, "active.json") else { panic!("a list") };
    let [first, second] = &orders[..] else { panic!("two rows") };
    assert_eq!((first.vendor_order_id.as_str(), &first.status), ("630001", &OrderStatus::Waiting));
    assert_eq!(first.number.as_deref(), Some("+12015550123"));
    assert_eq!((first.service.as_deref(), first.country.as_deref()), (Some("rg"), None));
    assert_eq!(second.cost.as_ref().map(Money::as_str), Some("0.1875"));
    assert!(second.status == received(Some("48213"), Some("Your code: 48213")));
    let Ok(Answer::Orders(orders)) = list(200, "active_lists.json") else { panic!("a list") };
    assert!(orders[0].status == received(Some("48213"), Some("Your code: 48213")));
    let Ok(Answer::Orders(orders)) = list(200, "active_rows.json") else { panic!("a list") };
    // What 8 means differs from vendor to vendor.
    assert_eq!(orders[0].status, OrderStatus::Waiting);
    for (status, body) in [
        (200, "active_empty.json"),
        (200, "active_error_empty.json"),
        (200, "NO_ACTIVATIONS"),
        (404, "NO_ACTIVATIONS"),
        (200, "[]"),
        (200, r#"{"data":{}}"#),
    ] {
        assert_eq!(list(status, body), Ok(Answer::Orders(Vec::new())), "{body}");
    }
    for (status, body) in [
        (200, "active_broken_row.json"),
        (200, "{}"),
        (200, r#"{"data":{"630001":{}}}"#),
        (200, r#"{"data":null}"#),
        (200, "null"),
        (200, ""),
        (200, "STATUS_WAIT_CODE"),
        (500, "active_empty.json"),
        (200, PAGE),
    ] {
        let got = list(status, body);
        assert!(got.is_err(), "{status} {body} must not look like an empty list: {got:?}");
    }
    let none = ask_at("smsbower", Op::ListActive, &[]).0;
    assert_eq!(none, Err(ProviderError::NotOffered));
}

#[test]
fn a_long_list_is_read_page_by_page_and_no_page_twice() {
    let adapter: HandlerApi = create(&settings("herosms")).expect("good settings");
    let row = |id: usize| json!({"activationId": id, "phoneNumber": "12015550123"});
    // How many rows there are, whether the vendor knows pages, and what must be seen of it.
    for (rows, pages, listed, requests) in
        [(250, true, 250, 3), (200, true, 200, 3), (99, true, 99, 1), (250, false, 100, 2)]
    {
        let mut asked = 0;
        let got = run(&adapter, NOW, Op::ListActive, |request| {
            asked += 1;
            let start: usize = parameter(request, "start")
                .and_then(|start| start.parse().ok())
                .filter(|_| pages)
                .unwrap_or(0);
            let page: Vec<Value> = (start..rows).take(PAGE_ROWS).map(row).collect();
            Ok(Response::new(200, json!({"status": "success", "data": page}).to_string()))
        });
        let Ok(Answer::Orders(orders)) = got else { panic!("{got:?}") };
        assert_eq!((orders.len(), asked), (listed, requests), "{rows} {pages}");
    }
}

#[test]
fn a_listed_country_has_its_iso_code_once_the_vendors_numbers_are_known() {
    let adapter: HandlerApi = create(&settings("herosms")).expect("good settings");
    let answer = |body: &'static str| move |_: &Request| Ok(Response::new(200, fixture(body)));
    run(&adapter, NOW, Op::Countries, answer("countries.json")).expect("countries");
    let got = run(&adapter, NOW, Op::ListActive, answer("active.json"));
    let Ok(Answer::Orders(orders)) = got else { panic!("{got:?}") };
    let codes: Vec<_> = orders.iter().map(|order| order.country.as_deref()).collect();
    assert_eq!(codes, [Some("US"), Some("GB")]);
}

#[test]
fn cancels_wait_or_ask_for_the_state() {
    let cancel = |script: Script<'_>| ask(Op::Cancel(order()), script);
    let action = "setStatus";
    for (status, body, want) in [
        (200, "ACCESS_CANCEL", Cancellation::Cancelled),
        (200, "EARLY_CANCEL_DENIED", Cancellation::TooEarly { retry_after_secs: None }),
        (409, "hero_early.json", Cancellation::TooEarly { retry_after_secs: None }),
        (200, "NO_ACTIVATION", Cancellation::NotFound),
        (404, r#"{"title":"NOT_FOUND"}"#, Cancellation::NotFound),
    ] {
        let got = cancel(&[(action, status, body)]);
        assert_eq!(got, Ok(Answer::Cancellation(want)), "{body}");
    }
    for (word, state, want) in [
        ("CANT_CANCEL", "STATUS_CANCEL", Cancellation::AlreadyClosed),
        (r#"{"title":"OTP_RECEIVED"}"#, "state_code.json", Cancellation::HasSms),
    ] {
        let script: Script<'_> = &[(action, 409, word), ("getStatusV2", 200, state)];
        assert_eq!(cancel(script), Ok(Answer::Cancellation(want)), "{state}");
    }
    let script: Script<'_> =
        &[(action, 200, "CANT_CANCEL"), ("getStatusV2", 200, "state_waiting.json")];
    let got = cancel(script);
    assert!(matches!(got, Ok(Answer::Cancellation(Cancellation::Unclear { .. }))), "{got:?}");
    let auth = ProviderError::refused(RefusalReason::AuthFailed);
    assert_eq!(cancel(&[(action, 401, "bower_no_access.json")]), Err(auth));
    for (status, body) in [(200, "{}"), (502, PAGE), (200, "[]"), (200, "ACCESS_READY")] {
        let got = cancel(&[(action, status, body)]);
        assert!(matches!(got, Err(ProviderError::Unreadable(_))), "{status} {body}: {got:?}");
    }
    let (_, requests) = ask_at("herosms", Op::Cancel(order()), &[(action, 200, "ACCESS_CANCEL")]);
    assert_eq!(parameter(&requests[0], "status"), Some("8"));
    assert!(!requests[0].idempotent, "a change is not repeated, although it is a GET");
}

#[test]
fn another_message_keeps_the_order() {
    let resend = |status, body: &str| ask(Op::Resend(order()), &[("setStatus", status, body)]);
    let requested = Resend::Requested { vendor_order_id: order(), cost: None };
    assert_eq!(resend(200, "ACCESS_RETRY_GET"), Ok(Answer::Resend(requested)));
    let refused = Resend::Refused { reason: RefusalReason::BadRequest };
    assert_eq!(resend(200, "BAD_STATUS"), Ok(Answer::Resend(refused)));
    assert_eq!(resend(200, "NO_ACTIVATION"), Err(ProviderError::OrderNotFound));
    for (status, body) in [(200, "ACCESS_CANCEL"), (200, "{}"), (502, PAGE), (200, "ERROR_SQL")] {
        let got = resend(status, body);
        assert!(matches!(got, Err(ProviderError::Unreadable(_))), "{status} {body}: {got:?}");
    }
}

#[test]
fn prices_are_objects_lists_or_nothing() {
    let request = QuoteRequest { service: "rg".to_owned(), country: "US".to_owned() };
    let quote = |dialect: &str, status, body: &str| {
        let script: Script<'_> = &[COUNTRIES, ("getPrices", status, body)];
        ask_at(dialect, Op::Quote(request.clone()), script).0
    };
    let offered = |cost: &str, stock| {
        let (cost, high_cost, success_percent) = (money(cost), None, None);
        Ok(Answer::Quote(Quote::Offered { cost, high_cost, stock, success_percent }))
    };
    let unavailable = |reason| Ok(Answer::Quote(Quote::Unavailable { reason }));
    for (dialect, status, body, want) in [
        ("herosms", 200, "prices.json", offered("0.24", Some(41))),
        ("tigersms", 200, "prices_text.json", offered("0.25", Some(17))),
        ("herosms", 200, "prices_list.json", offered("0.24", Some(2_369))),
        ("smshub", 200, "prices_list.json", offered("0.003", Some(2_369))),
        ("herosms", 200, "prices_not_at_hand.json", unavailable(RefusalReason::OutOfStock)),
        ("herosms", 200, "prices_no_service.json", unavailable(RefusalReason::Unsupported)),
        ("herosms", 200, "[]", unavailable(RefusalReason::Unsupported)),
        ("herosms", 200, "{}", unavailable(RefusalReason::Unsupported)),
        ("herosms", 200, r#"{"187":null}"#, unavailable(RefusalReason::Unsupported)),
        ("smsbower", 200, "bower_bad_service.json", unavailable(RefusalReason::Unsupported)),
        ("herosms", 404, "NO_NUMBERS", unavailable(RefusalReason::OutOfStock)),
        ("herosms", 401, "BAD_KEY", Err(ProviderError::refused(RefusalReason::AuthFailed))),
    ] {
        assert_eq!(quote(dialect, status, body), want, "{dialect} {body}");
    }
    for body in ["prices_words.json", r#"{"187":{"rg":{"count":3}}}"#, PAGE, "null"] {
        let got = quote("herosms", 200, body);
        assert!(matches!(got, Err(ProviderError::Unreadable(_))), "{body}: {got:?}");
    }
    let nowhere = QuoteRequest { service: "rg".to_owned(), country: "FR".to_owned() };
    let got = ask(Op::Quote(nowhere), &[COUNTRIES]);
    assert_eq!(got, unavailable(RefusalReason::Unsupported), "a country without a number");
}

#[test]
fn the_catalogue_comes_as_rows_or_as_names() {
    for body in ["countries.json", "countries_list.json", "countries_names.json"] {
        let got = ask(Op::Countries, &[("getCountries", 200, body)]);
        let Ok(Answer::Countries(mut rows)) = got else { panic!("{body}: {got:?}") };
        rows.sort_by(|one, other| one.iso.cmp(&other.iso));
        let codes: Vec<_> =
            rows.iter().map(|row| (row.iso.as_str(), row.vendor_id.as_str())).collect();
        assert_eq!(codes, [("GB", "16"), ("US", "187")], "{body}");
    }
    for body in ["services.json", "services_names.json"] {
        let got = ask(Op::Services, &[("getServicesList", 200, body)]);
        let Ok(Answer::Services(rows)) = got else { panic!("{body}: {got:?}") };
        let names: Vec<_> =
            rows.iter().map(|row| (row.vendor_id.as_str(), row.name.as_str())).collect();
        assert_eq!(names, [("rg", "Ring4"), ("tg", "Telegram")], "{body}");
    }
    for (status, body) in [(200, "null"), (200, PAGE), (502, PAGE), (200, "STATUS_OK:1")] {
        for (op, action) in [(Op::Services, "getServicesList"), (Op::Countries, "getCountries")] {
            let got = ask(op, &[(action, status, body)]);
            assert!(matches!(got, Err(ProviderError::Unreadable(_))), "{status} {body}: {got:?}");
        }
    }
}

#[test]
fn the_balance_is_an_amount_in_dollars_or_an_error() {
    for (dialect, body, want) in [
        ("herosms", "ACCESS_BALANCE:41.87", "41.87"),
        ("tigersms", "balance.json", "41.87"),
        ("herosms", r#"{"balance":5}"#, "5"),
        ("smshub", "ACCESS_BALANCE:1000.33", "12.504125"),
        ("herosms", "ACCESS_BALANCE:-0.20", "0"),
    ] {
        let got = ask_at(dialect, Op::Balance, &[("getBalance", 200, body)]).0;
        assert_eq!(got, Ok(Answer::Balance(money(want))), "{body}");
    }
    for body in ["{}", "[]", "ACCESS_BALANCE", "ACCESS_BALANCE:lots", "STATUS_OK:5"] {
        let got = ask(Op::Balance, &[("getBalance", 200, body)]);
        assert!(matches!(got, Err(ProviderError::Unreadable(_))), "{body}: {got:?}");
    }
}

#[test]
fn a_purchase_whose_answer_is_lost_is_no_refusal() {
    let adapter: HandlerApi = create(&settings("herosms")).expect("good settings");
    let got = run(&adapter, NOW, buy_op(), |request| match parameter(request, "action") {
        Some("getCountries") => Ok(Response::new(200, fixture("countries.json"))),
        _ => Err(HttpError::Unanswered { why: "closed".to_owned() }),
    });
    assert_eq!(got, Err(ProviderError::Unanswered("closed".to_owned())));
}

#[test]
fn any_answer_to_any_question_is_survived() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let answers = fixtures(folder.as_ref()).expect("the fixtures");
    assert!(answers.len() > 35, "all fixtures are there");
    let quote = QuoteRequest { service: "rg".to_owned(), country: "US".to_owned() };
    let ops = [
        Op::Services,
        Op::Countries,
        Op::Quote(quote),
        buy_op(),
        Op::Check(order()),
        Op::ListActive,
        Op::Cancel(order()),
        Op::Resend(order()),
        Op::Balance,
    ];
    for dialect in dialect::DIALECTS.iter().map(|dialect| dialect.name) {
        let adapter: HandlerApi = create(&settings(dialect)).expect("good settings");
        let survived = survive_any_answer(&adapter, NOW, &ops, &answers);
        assert_eq!(survived, Ok(()), "{dialect}");
    }
}
