//! The adapter on recorded shapes (with invented values) and on hostile ones.

use std::cell::RefCell;

use ring4_provider_sdk::testing::{create, fixtures, run, survive_any_answer};
use ring4_provider_sdk::{
    Answer, Body, FieldValue, HttpError, Message, Op, PurchaseRequest, QuoteRequest,
};
use serde_json::json;

use super::*;

const NOW: i64 = 1_760_000_000_000;

/// What the vendor answers to one path: status and fixture.
type Script<'a> = &'a [(&'a str, u16, &'a str)];

fn fixture(name: &str) -> Vec<u8> {
    if !name.ends_with(".json") && !name.ends_with(".html") {
        return name.as_bytes().to_vec();
    }
    let path = format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn ask_with(settings: &serde_json::Value, op: Op, script: Script<'_>) -> (Outcome, Vec<Request>) {
    let adapter: SmsPool = create(settings).expect("good settings");
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

type Outcome = Result<Answer, ProviderError>;

fn ask(op: Op, script: Script<'_>) -> Outcome {
    ask_with(&json!({}), op, script).0
}

fn buy_op() -> Op {
    let max_price = Money::parse("0.30").expect("an amount");
    Op::Buy(PurchaseRequest { service: "5001".to_owned(), country: "US".to_owned(), max_price })
}

fn buy(status: u16, body: &str) -> Purchase {
    match ask(buy_op(), &[("/purchase/sms", status, body)]) {
        Ok(Answer::Purchase(purchase)) => purchase,
        other => panic!("{other:?}"),
    }
}

fn order() -> String {
    "QWERTZUI".to_owned()
}

#[test]
fn a_purchase_sends_the_cap_and_the_key_in_the_header_only() {
    let settings = json!({"pricing_option": "success"});
    let script: Script<'_> = &[("/purchase/sms", 200, "purchase.json")];
    let (_, requests) = ask_with(&settings, buy_op(), script);
    let request = &requests[0];
    let text = |text: &str| FieldValue::Text(text.to_owned());
    let fields = [("country", "US"), ("service", "5001"), ("max_price", "0.30")];
    let mut want: Vec<_> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect();
    want.push(("pricing_option".to_owned(), text("1")));
    assert_eq!(request.body, Body::Form(want));
    let bearer = FieldValue::Secret(secret("api_key").prefixed("Bearer "));
    assert_eq!(request.headers, [("authorization".to_owned(), bearer)]);
    assert!(request.query.is_empty());
    assert!(!request.idempotent, "a purchase is never repeated");
}

#[test]
fn good_purchases_in_every_spelling() {
    for (body, id, number, cost, expires_at_ms) in [
        ("purchase.json", "QWERTZUI", "+12015550123", "0.24", Some(1_760_001_200_000)),
        ("purchase_national.json", "ASDFGHJK", "+447700900123", "0.1875", Some(NOW + 900_000)),
        ("purchase_old.json", "YXCVBNMA", "+447700900456", "0.30", None),
        ("purchase_cents.json", "POIUZTRE", "+12015550145", "0.27", None),
    ] {
        let want = Purchase::Bought {
            vendor_order_id: id.to_owned(),
            number: number.to_owned(),
            cost: Money::parse(cost).expect("an amount"),
            expires_at_ms,
        };
        // Compared field by field: the debug form hides the number.
        assert!(buy(200, body) == want, "{body}");
    }
}

#[test]
fn refused_purchases_by_type_and_by_words() {
    use RefusalReason::{
        AccountThrottled, AuthFailed, BadRequest, BalanceLow, Other, OutOfStock, PriceTooHigh,
        RateLimited, Unsupported,
    };
    for (status, body, reason, retry_after_secs) in [
        (422, "purchase_out_of_stock.json", OutOfStock, None),
        (200, "purchase_out_of_stock.json", OutOfStock, None),
        (422, "purchase_pools_list.json", OutOfStock, None),
        (422, "purchase_price.json", PriceTooHigh, None),
        (422, "purchase_balance.json", BalanceLow, None),
        (422, "purchase_unsupported.json", Unsupported, None),
        (200, "purchase_throttled.json", AccountThrottled, Some(6 * 3_600)),
        (422, "purchase_new_type.json", Other, None),
        (403, "balance_bad_key.json", AuthFailed, None),
        (200, "balance_bad_key.json", AuthFailed, None),
        (401, r#"{"success":0,"message":"no"}"#, AuthFailed, None),
        (400, "price_missing_parameter.json", BadRequest, None),
        (429, "", RateLimited, Some(60)),
        (429, "server_error.html", RateLimited, Some(60)),
    ] {
        let want = Purchase::Refused { reason, retry_after_secs };
        assert_eq!(buy(status, body), want, "{status} {body}");
    }
}

#[test]
fn whatever_does_not_say_no_is_unclear() {
    for (status, body) in [
        (422, "purchase_vague.json"),
        (200, "purchase_vague.json"),
        (200, "purchase_silent.json"),
        (200, "purchase_no_order.json"),
        (200, r#"{"success":1,"order_id":"QWERTZUI"}"#),
        (200, r#"{"success":1,"order_id":"QWERTZUI","number":"12"}"#),
        (200, r#"{"success":1,"order_id":"#),
        (200, "{}"),
        (200, "[]"),
        (200, ""),
        (200, "server_error.html"),
        (403, "server_error.html"),
        (302, "purchase.json"),
        (500, "purchase_out_of_stock.json"),
        (502, "server_error.html"),
    ] {
        let got = buy(status, body);
        assert!(matches!(got, Purchase::Unclear { .. }), "{status} {body}: {got:?}");
    }
    let adapter: SmsPool = create(&json!({})).expect("good settings");
    let dropped = |_: &Request| Err(HttpError::Unanswered { why: "closed".to_owned() });
    let got = run(&adapter, NOW, buy_op(), dropped);
    assert_eq!(got, Err(ProviderError::Unanswered("closed".to_owned())));
}

#[test]
fn states_by_number_and_by_word() {
    let received = |code: &str, text: &str| OrderStatus::Received {
        messages: vec![Message {
            code: Some(code.to_owned()),
            text: Some(text.to_owned()),
            received_at_ms: None,
        }],
    };
    let check = |status, body: &str| ask(Op::Check(order()), &[("/sms/check", status, body)]);
    for (body, want) in [
        ("check_pending.json", OrderStatus::Waiting),
        (r#"{"status":"4","sms":"48213"}"#, OrderStatus::Waiting),
        (r#"{"status":7}"#, OrderStatus::Waiting),
        (r#"{"status":8}"#, OrderStatus::Waiting),
        (r#"{"status":"Pending"}"#, OrderStatus::Waiting),
        ("check_complete.json", received("48213", "Ваш код: 48213 ✓")),
        ("check_complete_words.json", received("48213", "Your code is 48213")),
        ("check_refunded.json", OrderStatus::Refunded),
        (r#"{"status":5}"#, OrderStatus::Refunded),
        (r#"{"status":"cancelled"}"#, OrderStatus::Refunded),
    ] {
        // Not `assert_eq`: the debug form hides the message.
        assert!(check(200, body) == Ok(Answer::Status(want)), "{body}");
    }
    for body in ["check_complete_zero.json", r#"{"status":2}"#, r#"{"status":99}"#] {
        let got = check(200, body);
        let open = matches!(got, Ok(Answer::Status(OrderStatus::Unrecognised { .. })));
        assert!(open, "{body}: {got:?}");
    }
    for (status, body, want) in [
        (404, "check_not_found.json", ProviderError::OrderNotFound),
        (200, "check_not_found.json", ProviderError::OrderNotFound),
        (403, "balance_bad_key.json", ProviderError::refused(RefusalReason::AuthFailed)),
    ] {
        assert_eq!(check(status, body), Err(want), "{status} {body}");
    }
    for (status, body) in [(200, "{}"), (502, "server_error.html"), (404, "server_error.html")] {
        let got = check(status, body);
        assert!(matches!(got, Err(ProviderError::Unreadable(_))), "{status} {body}: {got:?}");
    }
}

#[test]
fn the_active_list_has_its_own_field_names() {
    let list = |status, body: &str| ask(Op::ListActive, &[("/request/active", status, body)]);
    let Ok(Answer::Orders(orders)) = list(200, "active.json") else { panic!("a list") };
    let [first, second] = &orders[..] else { panic!("two rows") };
    assert_eq!(
        (first.vendor_order_id.as_str(), &first.status),
        ("QWERTZUI", &OrderStatus::Waiting)
    );
    assert_eq!(first.number.as_deref(), Some("+12015550123"));
    assert_eq!((first.country.as_deref(), first.service.as_deref()), (Some("US"), Some("Ring4")));
    assert_eq!(first.expires_at_ms, Some(1_760_001_200_000));
    assert_eq!(second.cost.as_ref().map(Money::as_str), Some("0.1875"));
    let OrderStatus::Received { messages } = &second.status else { panic!("{second:?}") };
    assert_eq!(messages[0].code.as_deref(), Some("48213"));
    assert_eq!(list(200, "active_empty.json"), Ok(Answer::Orders(Vec::new())));
    for (status, body) in [
        (200, "active_broken_row.json"),
        (200, "{}"),
        (200, "null"),
        (200, ""),
        (500, "active_empty.json"),
        (200, "server_error.html"),
    ] {
        let got = list(status, body);
        assert!(got.is_err(), "{status} {body} must not look like an empty list: {got:?}");
    }
}

#[test]
fn the_history_tells_refunds_from_deliveries() {
    let script: Script<'_> = &[("/request/history", 200, "history.json")];
    let Ok(Answer::Orders(orders)) = ask(Op::History, script) else { panic!("a list") };
    assert_eq!(orders[0].status, OrderStatus::Refunded);
    assert!(matches!(orders[1].status, OrderStatus::Received { .. }));
    assert_eq!(orders[1].vendor_order_id, "YXCVBNMA");
    assert!(matches!(orders[2].status, OrderStatus::Unrecognised { .. }));
}

#[test]
fn cancels_wait_or_ask_for_the_state() {
    let cancel = |script: Script<'_>| ask(Op::Cancel(order()), script);
    let path = "/sms/cancel";
    for (status, body, want) in [
        (200, "cancelled.json", Cancellation::Cancelled),
        (400, "cancel_too_early.json", Cancellation::TooEarly { retry_after_secs: Some(20) }),
        (
            200,
            "cancel_too_early_number.json",
            Cancellation::TooEarly { retry_after_secs: Some(20) },
        ),
        (404, "cancel_not_found.json", Cancellation::NotFound),
    ] {
        assert_eq!(cancel(&[(path, status, body)]), Ok(Answer::Cancellation(want)), "{body}");
    }
    for (state, want) in [
        ("check_refunded.json", Cancellation::AlreadyClosed),
        ("check_complete.json", Cancellation::HasSms),
    ] {
        let script: Script<'_> = &[(path, 400, "cancel_other.json"), ("/sms/check", 200, state)];
        assert_eq!(cancel(script), Ok(Answer::Cancellation(want)), "{state}");
    }
    let script: Script<'_> =
        &[(path, 400, "cancel_other.json"), ("/sms/check", 200, "check_pending.json")];
    let got = cancel(script);
    assert!(matches!(got, Ok(Answer::Cancellation(Cancellation::Unclear { .. }))), "{got:?}");
    assert_eq!(
        cancel(&[(path, 403, "balance_bad_key.json")]),
        Err(ProviderError::refused(RefusalReason::AuthFailed))
    );
    for (status, body) in [(200, "{}"), (502, "server_error.html"), (200, "[]")] {
        let got = cancel(&[(path, status, body)]);
        assert!(matches!(got, Err(ProviderError::Unreadable(_))), "{status} {body}: {got:?}");
    }
}

#[test]
fn a_quote_joins_price_and_stock() {
    let request = QuoteRequest { service: "5001".to_owned(), country: "US".to_owned() };
    let quote = |script: Script<'_>| ask(Op::Quote(request.clone()), script);
    let (price, stock) = ("/request/price", "/sms/stock");
    let offered = |stock| {
        Ok(Answer::Quote(Quote::Offered {
            cost: Money::parse("0.24").expect("an amount"),
            high_cost: Money::parse("0.31"),
            stock,
            success_percent: Some(97),
        }))
    };
    let unavailable = |reason| Ok(Answer::Quote(Quote::Unavailable { reason }));
    let rows: &[(Script<'_>, Outcome)] = &[
        (&[(price, 200, "price.json"), (stock, 200, "stock.json")], offered(Some(7_126))),
        (&[(price, 200, "price.json"), (stock, 500, "server_error.html")], offered(None)),
        (
            &[(price, 200, "price.json"), (stock, 200, "stock_none.json")],
            unavailable(RefusalReason::OutOfStock),
        ),
        (&[(price, 422, "purchase_unsupported.json")], unavailable(RefusalReason::Unsupported)),
        (&[(price, 400, "price_missing_parameter.json")], unavailable(RefusalReason::Unsupported)),
        (&[(price, 200, "{}")], unavailable(RefusalReason::Unsupported)),
        (
            &[(price, 429, "")],
            Err(ProviderError::Refused {
                reason: RefusalReason::RateLimited,
                retry_after_secs: Some(60),
            }),
        ),
    ];
    for (script, want) in rows {
        assert_eq!(quote(script), *want, "{script:?}");
    }
    for body in [r#"{"price":"cheap"}"#, r#"{"price":-1}"#, r#"{"price":1e-2}"#] {
        let got = quote(&[(price, 200, body)]);
        assert!(matches!(got, Err(ProviderError::Unreadable(_))), "{body}: {got:?}");
    }
}

#[test]
fn the_catalogue_is_trimmed_and_keyed_by_iso_code() {
    let script: Script<'_> = &[("/service/retrieve_all", 200, "services.json")];
    let Ok(Answer::Services(services)) = ask(Op::Services, script) else { panic!("services") };
    let names: Vec<_> =
        services.iter().map(|row| (row.vendor_id.as_str(), row.name.as_str())).collect();
    let want =
        [("395", "Google/Gmail"), ("907", "Telegram"), ("1012", "WhatsApp"), ("5001", "Ring4")];
    assert_eq!(names, want);
    let script: Script<'_> = &[("/country/retrieve_all", 200, "countries.json")];
    let Ok(Answer::Countries(countries)) = ask(Op::Countries, script) else { panic!("countries") };
    let codes: Vec<_> = countries.iter().map(|row| row.iso.as_str()).collect();
    assert_eq!(codes, ["US", "GB"]);
}

#[test]
fn the_balance_is_an_amount_or_an_error() {
    let balance = |status, body: &str| ask(Op::Balance, &[("/request/balance", status, body)]);
    for (body, want) in
        [("balance.json", "41.87"), (r#"{"balance":5}"#, "5"), (r#"{"balance":"-0.20"}"#, "0")]
    {
        let want = Money::parse(want).expect("an amount");
        assert_eq!(balance(200, body), Ok(Answer::Balance(want)), "{body}");
    }
    let auth = ProviderError::refused(RefusalReason::AuthFailed);
    assert_eq!(balance(403, "balance_bad_key.json"), Err(auth));
    for body in ["{}", "[]", r#"{"balance":"lots"}"#, r#"{"balance":null}"#] {
        let got = balance(200, body);
        assert!(matches!(got, Err(ProviderError::Unreadable(_))), "{body}: {got:?}");
    }
}

#[test]
fn a_resend_is_asked_for_only_when_it_is_free() {
    let resend = |script: Script<'_>| ask(Op::Resend(order()), script);
    let (terms, again) = ("/sms/check_resend", "/sms/resend");
    let requested = |id: &str| {
        Ok(Answer::Resend(Resend::Requested { vendor_order_id: id.to_owned(), cost: None }))
    };
    let priced = Resend::Priced { cost: Money::parse("0.05").expect("an amount") };
    let refused = Resend::Refused { reason: RefusalReason::Other };
    let rows: &[(Script<'_>, Outcome)] = &[
        (
            &[(terms, 200, "resend_free.json"), (again, 200, "resend_done.json")],
            requested("MNBVCXYL"),
        ),
        (
            &[(terms, 200, "resend_free.json"), (again, 200, "resend_done_old.json")],
            requested("QWERTZUI"),
        ),
        (&[(terms, 200, "resend_priced.json")], Ok(Answer::Resend(priced))),
        (&[(terms, 400, "resend_refused.json")], Ok(Answer::Resend(refused))),
        (&[(terms, 404, "check_not_found.json")], Err(ProviderError::OrderNotFound)),
    ];
    for (script, want) in rows {
        assert_eq!(resend(script), *want, "{script:?}");
    }
    let free = (terms, 200, "resend_free.json");
    // Charged although it was said to be free: the charge is told, not hidden.
    let charged = r#"{"success":"1","order_id":"MNBVCXYL","charge":"0.05"}"#;
    let (vendor_order_id, cost) = ("MNBVCXYL".to_owned(), Money::parse("0.05"));
    let requested = Resend::Requested { vendor_order_id, cost };
    assert_eq!(resend(&[free, (again, 200, charged)]), Ok(Answer::Resend(requested)));
    for body in ["purchase_vague.json", r#"{"success":0}"#] {
        let got = resend(&[free, (again, 400, body)]);
        assert!(matches!(got, Ok(Answer::Resend(Resend::Unclear { .. }))), "{body}: {got:?}");
    }
    for body in ["{}", r#"{"order_id":"MNBVCXYL","charge":0}"#, "server_error.html", "[]"] {
        let got = resend(&[free, (again, 200, body)]);
        assert!(matches!(got, Err(ProviderError::Unreadable(_))), "{body}: {got:?}");
    }
}

#[test]
fn only_known_settings_are_taken() {
    for (settings, want) in [
        (json!({"pricing": "success"}), "unknown field `pricing`, expected `pricing_option`"),
        (json!({"pricing_option": "best"}), "unknown variant `best`"),
    ] {
        let error = create::<SmsPool>(&settings).err().unwrap_or_default();
        assert!(error.contains(want), "{error}");
    }
}

#[test]
fn a_purchase_answer_that_was_cut_is_unclear() {
    for name in ["purchase.json", "purchase_out_of_stock.json", "purchase_vague.json"] {
        let whole = String::from_utf8(fixture(name)).expect("text");
        for len in 0..whole.trim_end().len() {
            let got = buy(200, &whole[..len]);
            assert!(matches!(got, Purchase::Unclear { .. }), "{name} cut at {len}: {got:?}");
        }
    }
}

#[test]
fn any_answer_to_any_question_is_survived() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let answers = fixtures(folder.as_ref()).expect("the fixtures");
    assert!(answers.len() > 40, "all fixtures are there");
    let quote = QuoteRequest { service: "5001".to_owned(), country: "US".to_owned() };
    let ops = [
        Op::Services,
        Op::Countries,
        Op::Quote(quote),
        Op::Check(order()),
        Op::ListActive,
        Op::History,
        Op::Cancel(order()),
        Op::Resend(order()),
        Op::Balance,
    ];
    let adapter: SmsPool = create(&json!({})).expect("good settings");
    assert_eq!(survive_any_answer(&adapter, NOW, &ops, &answers), Ok(()));
}
