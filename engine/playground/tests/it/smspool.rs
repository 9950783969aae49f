//! The local SMSPool over HTTP: shapes, refusals, ageing orders, money, misbehaviour.

use std::time::Duration;

use ring4_playground::{Options, VendorOptions};
use serde_json::{Value, json};

use crate::play::Play;

async fn play_with(vendors: VendorOptions) -> Play {
    Play::with(Options { speed: 0, vendors, ..Options::default() }).await
}

async fn play() -> Play {
    let delay = Duration::from_secs(5);
    play_with(VendorOptions {
        code_delay_min: delay,
        code_delay_max: delay,
        balance_e4: 50_000,
        ..VendorOptions::default()
    })
    .await
}

/// Asks as SMSPool's clients do: POST, a form, the key in the header.
async fn ask(play: &Play, path: &str, form: &str) -> (u16, Value) {
    let request = play.client.post(format!("{}{path}", play.playground.smspool_url()));
    let request = request
        .header("authorization", "Bearer 0123456789abcdef0123456789abcdef")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.to_owned());
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

async fn good(play: &Play, path: &str, form: &str) -> Value {
    let (status, answer) = ask(play, path, form).await;
    assert_eq!(status, 200, "{path} {form}: {answer}");
    answer
}

async fn buy(play: &Play) -> String {
    let form = "service=1574&country=1&max_price=0.30&pricing_option=0";
    let bought = good(play, "/purchase/sms", form).await;
    bought["order_id"].as_str().unwrap().to_owned()
}

async fn check(play: &Play, order: &str) -> Value {
    good(play, "/sms/check", &format!("orderid={order}")).await
}

async fn vendor_orders(play: &Play) -> Vec<Value> {
    play.get("/playground/vendor/orders").await.as_array().unwrap().clone()
}

#[tokio::test]
async fn the_catalogue_has_smspools_shapes() {
    let play = play().await;
    let services = good(&play, "/service/retrieve_all", "").await;
    let services = services.as_array().unwrap();
    let id_of = |name: &str| {
        let found = services.iter().find(|s| s["name"].as_str().unwrap().trim() == name);
        found.map(|service| service["ID"].clone())
    };
    let table = [("Ring4", 1574), ("Telegram", 907), ("Google/Gmail", 395), ("WhatsApp", 1012)];
    for (name, id) in table {
        assert_eq!(id_of(name), Some(json!(id)), "{name}");
    }
    assert!(services.iter().any(|s| s["name"].as_str().unwrap().ends_with("\r\n")));
    let countries = good(&play, "/country/retrieve_all", "").await;
    assert_eq!((&countries[0]["ID"], &countries[0]["short_name"]), (&json!(1), &json!("US")));
    assert_eq!(good(&play, "/pool/retrieve_all", "").await[1]["ID"], json!(7));
    let price = good(&play, "/request/price", "service=ring4&country=US").await;
    assert_eq!((&price["price"], &price["high_price"]), (&json!("0.24"), &json!("0.30")));
    assert!(price["success_rate"].is_number());
    let rates = good(&play, "/request/success_rate", "service=1574").await;
    assert!(rates[0]["success_rate"].is_string());
    let rows = good(&play, "/request/pricing", "service=1574&country=1&max_price=0.25").await;
    assert_eq!(rows.as_array().unwrap().len(), 1);
    let stock = good(&play, "/sms/stock", "service=1574&country=1").await;
    assert_eq!(stock, json!({ "success": 1, "amount": 500 }));
    play.playground.stop().await;
}

#[tokio::test]
async fn refusals_have_smspools_codes_and_words() {
    let play = play().await;
    let table = [
        ("/purchase/sms", "service=1574&country=1&max_price=0.10", 422, "/type", "PRICE_NOT_FOUND"),
        (
            "/purchase/sms",
            "service=99999&country=1",
            422,
            "/message",
            "This service is not available for this country.",
        ),
        (
            "/purchase/sms",
            "service=1574&country=ZZ",
            422,
            "/message",
            "This country is not available for this service.",
        ),
        ("/purchase/sms", "country=1", 400, "/errors/0/param", "service"),
        ("/request/price", "service=1574", 400, "/errors/0/param", "country"),
        ("/sms/check", "", 400, "/errors/0/param", "orderid"),
        ("/sms/check", "orderid=NOSUCH", 404, "/message", "We could not find this order!"),
        ("/sms/cancel", "orderid=NOSUCH", 404, "/message", "We could not find this order!"),
        ("/sms/resend", "orderid=NOSUCH", 404, "/message", "We could not find this order!"),
        ("/sms/unheard_of", "", 404, "/message", "This page could not be found."),
    ];
    for (path, form, code, pointer, words) in table {
        let (status, answer) = ask(&play, path, form).await;
        assert_eq!((status, &answer["success"]), (code, &json!(0)), "{path} {form}: {answer}");
        assert_eq!(answer.pointer(pointer), Some(&json!(words)), "{path} {form}: {answer}");
    }
    assert!(vendor_orders(&play).await.is_empty());
    play.playground.stop().await;
}

#[tokio::test]
async fn keys_are_asked_for_where_money_is() {
    let play = play_with(VendorOptions { key: Some("right".into()), ..Default::default() }).await;
    let url = format!("{}/request/balance", play.playground.smspool_url());
    let client = &play.client;
    let table = [
        (client.post(&url), 400),
        (client.post(&url).bearer_auth("wrong"), 403),
        (client.post(&url).bearer_auth("right"), 200),
        (client.get(format!("{url}?key=right")), 200),
        (client.post(&url).json(&json!({ "key": "right" })), 200),
        (client.post(&url).multipart(reqwest::multipart::Form::new().text("key", "wrong")), 403),
        (client.post(url.replace("request/balance", "service/retrieve_all")), 200),
    ];
    for (index, (request, status)) in table.into_iter().enumerate() {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "row {index}: {}", response.text().await.unwrap());
    }
    play.playground.stop().await;
}

#[tokio::test]
async fn an_order_lives_and_its_code_arrives() {
    let play = play().await;
    let form = "service=1574&country=1&max_price=0.30";
    let bought = good(&play, "/purchase/sms", form).await;
    assert_eq!((&bought["cost"], &bought["cost_in_cents"]), (&json!("0.24"), &json!(24)));
    let number = bought["number"].as_u64().unwrap().to_string();
    assert!(number.starts_with("1202555") && number.len() == 11, "{number}");
    assert_eq!(bought["phonenumber"].as_str().unwrap(), &number[1..]);
    let order = bought["order_id"].as_str().unwrap();
    let waiting = check(&play, order).await;
    assert_eq!((&waiting["status"], &waiting["time_left"]), (&json!(1), &json!(1200)));
    let active = good(&play, "/request/active", "").await;
    assert_eq!(active[0]["order_code"], json!(order));
    assert_eq!((&active[0]["code"], &active[0]["status"]), (&json!("0"), &json!("pending")));
    assert_eq!(active[0]["phonenumber"], json!(number));
    assert_eq!(good(&play, "/request/balance", "").await, json!({ "balance": "4.76" }));
    let (status, early) = ask(&play, "/sms/cancel", &format!("orderid={order}")).await;
    assert_eq!(status, 400);
    assert!(early["message"].as_str().unwrap().contains("cannot be cancelled yet"), "{early}");
    play.advance(5).await;
    let done = check(&play, order).await;
    assert_eq!(done["status"], json!(3));
    let code = done["sms"].as_str().unwrap();
    assert!(done["full_sms"].as_str().unwrap().contains(code));
    let active = good(&play, "/request/active", "").await;
    assert_eq!((&active[0]["status"], &active[0]["code"]), (&json!("completed"), &done["sms"]));
    let (status, _) = ask(&play, "/sms/cancel", &format!("orderid={order}")).await;
    assert_eq!(status, 400);
    play.advance(600).await;
    assert_eq!(good(&play, "/request/active", "").await, json!([]));
    let history = good(&play, "/request/history", "start=0&length=10").await;
    assert_eq!((&history[0]["order_code"], &history[0]["pool"]), (&json!(order), &json!(7)));
    assert_eq!(good(&play, "/request/balance", "").await, json!({ "balance": "4.76" }));
    play.playground.stop().await;
}

#[tokio::test]
async fn money_comes_back_after_a_cancel_and_after_expiry() {
    let play = play_with(VendorOptions {
        silent_percent: 100,
        balance_e4: 50_000,
        ..VendorOptions::default()
    })
    .await;
    let (one, two) = (buy(&play).await, buy(&play).await);
    assert_eq!(good(&play, "/sms/stock", "service=1574&country=1").await["amount"], json!(498));
    assert_eq!(good(&play, "/request/balance", "").await, json!({ "balance": "4.52" }));
    play.advance(40).await;
    let cancelled = good(&play, "/sms/cancel", &format!("orderid={one}")).await;
    assert!(cancelled["message"].as_str().unwrap().contains("refunded 0.24 dollars"));
    assert_eq!(check(&play, &one).await["status"], json!(6));
    let (status, _) = ask(&play, "/sms/cancel", &format!("orderid={one}")).await;
    assert_eq!(status, 400);
    play.advance(1160).await;
    let expired = check(&play, &two).await;
    assert_eq!((&expired["status"], &expired["time_left"]), (&json!(2), &json!(0)));
    assert_eq!(good(&play, "/request/balance", "").await, json!({ "balance": "4.76" }));
    play.advance(5).await;
    assert_eq!(check(&play, &two).await["status"], json!(6));
    assert_eq!(good(&play, "/request/balance", "").await, json!({ "balance": "5.00" }));
    assert_eq!(good(&play, "/sms/stock", "service=1574&country=1").await["amount"], json!(500));
    let orders = vendor_orders(&play).await;
    assert!(orders.iter().all(|order| order["refunded"] == json!(true)), "{orders:?}");
    play.playground.stop().await;
}

#[tokio::test]
async fn a_number_can_be_used_again_after_its_code() {
    let play = play().await;
    let order = buy(&play).await;
    let form = format!("orderid={order}");
    for path in ["/sms/check_resend", "/sms/resend"] {
        let (status, answer) = ask(&play, path, &form).await;
        assert_eq!((status, &answer["success"]), (400, &json!(0)), "{path}");
    }
    play.advance(5).await;
    assert_eq!(good(&play, "/sms/check_resend", &form).await["resendCost"], json!(0));
    let again = good(&play, "/sms/resend", &form).await;
    let child = again["order_id"].as_str().unwrap();
    assert_ne!(child, order);
    assert_eq!(check(&play, child).await["status"], json!(1));
    play.advance(5).await;
    assert_eq!(check(&play, child).await["status"], json!(3));
    let orders = vendor_orders(&play).await;
    assert_eq!(orders[0]["number"], orders[1]["number"]);
    assert_eq!(orders[1]["cost"], json!("0.00"));
    play.playground.stop().await;
}

#[tokio::test]
async fn stock_and_money_run_out() {
    let play = play().await;
    let (status, vendor) =
        play.post("/playground/vendor", json!({ "stock": 1, "balance": "0.50" })).await;
    assert_eq!((status, &vendor["balance"]), (200, &json!("0.50")));
    buy(&play).await;
    let (status, refusal) = ask(&play, "/purchase/sms", "service=1574&country=1").await;
    assert_eq!((status, &refusal["type"]), (422, &json!("OUT_OF_STOCK")));
    assert!(refusal["pools"]["Foxtrot"].is_object());
    let (status, refusal) = ask(&play, "/purchase/sms", "service=907&country=1").await;
    assert_eq!((status, &refusal["type"]), (422, &json!("BALANCE_ERROR")));
    let bad = [
        json!({ "balance": "lots" }),
        json!({ "silent_percent": 101 }),
        json!({ "code_delay_secs": [5, 4] }),
        json!({ "unknown": 1 }),
    ];
    for settings in bad {
        assert_eq!(play.post("/playground/vendor", settings.clone()).await.0, 400, "{settings}");
    }
    play.playground.stop().await;
}

/// How a misbehaving purchase looks from outside.
async fn try_to_buy(play: &Play) -> String {
    let request = play.client.post(format!("{}/purchase/sms", play.playground.smspool_url()));
    let request = request.bearer_auth("key").json(&json!({ "service": 1574, "country": "US" }));
    let Ok(response) = request.send().await else { return "no answer".to_owned() };
    let status = response.status().as_u16();
    let Ok(body) = response.bytes().await else { return format!("{status} cut") };
    if body.len() > 1_000_000 {
        return format!("{status} huge");
    }
    match serde_json::from_slice::<Value>(&body) {
        Ok(answer) => match answer["type"].as_str() {
            Some(kind) => format!("{status} {kind}"),
            None => format!("{status} success {}", answer["success"]),
        },
        Err(_) if body.starts_with(b"<") => format!("{status} html"),
        Err(_) => format!("{status} broken"),
    }
}

#[tokio::test]
async fn purchases_misbehave_on_demand() {
    let play = play().await;
    let table = [
        (json!({ "mode": "out_of_stock" }), "422 OUT_OF_STOCK", 0),
        (json!({ "mode": "price_not_found" }), "422 PRICE_NOT_FOUND", 0),
        (json!({ "mode": "balance_error" }), "422 BALANCE_ERROR", 0),
        (json!({ "mode": "throttled" }), "422 success 0", 0),
        (json!({ "mode": "bad_key" }), "403 success null", 0),
        (json!({ "mode": "generic_failure" }), "422 success 0", 0),
        (json!({ "mode": "generic_failure", "bought": true }), "422 success 0", 1),
        (json!({ "mode": "html_200" }), "200 html", 0),
        (json!({ "mode": "html_200", "bought": true }), "200 html", 1),
        (json!({ "mode": "html_502" }), "502 html", 0),
        (json!({ "mode": "truncated" }), "200 broken", 1),
        (json!({ "mode": "huge_body" }), "200 huge", 1),
        (json!({ "mode": "drop_before" }), "no answer", 0),
        (json!({ "mode": "drop_during_answer" }), "200 cut", 1),
        (json!({ "mode": "drop_after" }), "no answer", 1),
        (json!({ "mode": "error_500_after_buying" }), "500 success 0", 1),
        (json!({ "mode": "slow", "secs": 0 }), "200 success 1", 1),
        (json!({ "mode": "overcharge" }), "200 success 1", 1),
        (json!({ "mode": "hide_order", "secs": 30 }), "200 success 1", 1),
        (json!({ "mode": "sms_now" }), "200 success 1", 1),
    ];
    for (fault, seen, bought) in table {
        let before = vendor_orders(&play).await.len();
        play.fault(json!({ "vendor": fault })).await;
        // `bad_key` has an `errors` list instead of `success` words; the table calls it null.
        let outcome = try_to_buy(&play).await.replace("403 success 0", "403 success null");
        assert_eq!(outcome, seen, "{fault}");
        assert_eq!(vendor_orders(&play).await.len() - before, bought, "{fault}");
    }
    let orders = vendor_orders(&play).await;
    let [.., overcharged, hidden, instant] = orders.as_slice() else { panic!("{orders:?}") };
    assert_eq!(overcharged["cost"], json!("0.49"));
    assert_eq!(instant["state"], json!("completed"));
    let listed = async |order: &Value| {
        let rows = good(&play, "/request/active", "").await;
        rows.as_array().unwrap().iter().any(|row| row["order_code"] == order["order_id"])
    };
    assert!(!listed(hidden).await && listed(overcharged).await);
    play.advance(30).await;
    assert!(listed(hidden).await);
    assert_eq!(play.get("/playground/faults").await["vendor"], json!([]));
    play.playground.stop().await;
}

#[tokio::test]
async fn status_calls_misbehave_on_demand() {
    let play = play().await;
    let order = buy(&play).await;
    let form = format!("orderid={order}");
    let on = |mode: &str, path: &str| json!({ "vendor": { "mode": mode, "path": path } });
    play.fault(on("unknown_status", "/sms/check")).await;
    assert_eq!(good(&play, "/sms/check", &form).await["status"], json!(42));
    play.fault(on("word_status", "/sms/check")).await;
    assert_eq!(good(&play, "/sms/check", &form).await["status"], json!("pending"));
    play.fault(on("word_status", "/request/active")).await;
    assert_eq!(good(&play, "/request/active", "").await[0]["status"], json!(1));
    play.fault(on("vanish", "/request/active")).await;
    assert_eq!(good(&play, "/request/active", "").await, json!([]));
    play.fault(on("duplicates", "/request/history")).await;
    assert_eq!(good(&play, "/request/history", "").await.as_array().unwrap().len(), 2);
    assert_eq!(good(&play, "/request/active", "").await.as_array().unwrap().len(), 1);
    let vendor = play.get("/playground/vendor").await;
    assert_eq!(vendor["requests"]["/sms/check"], json!(2));
    play.playground.stop().await;
}
