//! The local vendors beside SMSPool over HTTP: what sets them apart, and their misbehaviour.

use std::time::Duration;

use ring4_playground::{Options, VendorOptions};
use serde_json::{Value, json};

use crate::play::Play;

async fn play() -> Play {
    let delay = Duration::from_secs(5);
    let vendors = VendorOptions {
        key: Some("right".to_owned()),
        code_delay_min: delay,
        code_delay_max: delay,
        balance_e4: 50_000,
        ..VendorOptions::default()
    };
    Play::with(Options { speed: 0, vendors, ..Options::default() }).await
}

/// An action of the sms-activate protocol: the status and the body.
async fn act(play: &Play, vendor: &str, query: &str) -> (u16, String) {
    let base = play.playground.vendor_url(vendor).unwrap();
    let url = format!("{base}/stubs/handler_api.php?api_key=right&{query}");
    let response = play.client.get(url).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn said(play: &Play, vendor: &str, query: &str) -> String {
    let (status, body) = act(play, vendor, query).await;
    assert_eq!(status, 200, "{vendor} {query}: {body}");
    body
}

async fn object(play: &Play, vendor: &str, query: &str) -> Value {
    serde_json::from_str(&said(play, vendor, query).await).unwrap()
}

/// A call of 5sim: the status and the body.
async fn fivesim(play: &Play, path: &str) -> (u16, String) {
    let url = format!("{}{path}", play.playground.vendor_url("fivesim").unwrap());
    let response = play.client.get(url).bearer_auth("right").send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn fivesim_row(play: &Play, path: &str) -> Value {
    let (status, body) = fivesim(play, path).await;
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

async fn orders(play: &Play, vendor: &str) -> Vec<Value> {
    let path = format!("/playground/vendor/orders?at={vendor}");
    play.get(&path).await.as_array().unwrap().clone()
}

#[tokio::test]
async fn each_dialect_refuses_in_its_own_way() {
    let play = play().await;
    let wrong_key = |vendor: &str| {
        let base = play.playground.vendor_url(vendor).unwrap();
        play.client.get(format!("{base}/stubs/handler_api.php?api_key=wrong&action=getBalance"))
    };
    for (vendor, status, words) in [
        ("herosms", 401, "\"title\":\"BAD_KEY\""),
        ("grizzlysms", 200, "BAD_KEY"),
        ("smsbower", 401, "\"message\":\"No access\""),
        ("tigersms", 401, "BAD_KEY"),
        ("smshub", 200, "BAD_KEY"),
    ] {
        let response = wrong_key(vendor).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{vendor}");
        let body = response.text().await.unwrap();
        assert!(body.contains(words), "{vendor}: {body}");
    }
    let buy = "service=rg&country=187";
    for (vendor, query, status, words) in [
        ("herosms", format!("action=getNumberV2&{buy}&maxPrice=0.10"), 400, "WRONG_MAX_PRICE:0.24"),
        ("tigersms", format!("action=getNumberV2&{buy}&maxPrice=0.10"), 200, "\"title\""),
        ("smshub", format!("action=getNumber&{buy}&max_price=19"), 200, "WRONG_MAX_PRICE:19.20"),
        ("smshub", format!("action=getNumberV2&{buy}&max_price=24"), 200, "BAD_ACTION"),
        ("smshub", format!("action=getNumber&{buy}&maxPrice=24"), 200, "BAD_VALUES"),
        ("herosms", format!("action=getNumberV2&{buy}&max_price=1"), 422, "BAD_VALUES"),
        ("grizzlysms", "action=getNumber&service=xx&country=187".to_owned(), 200, "BAD_SERVICE"),
        ("herosms", "action=getNumber&service=rg&country=9999".to_owned(), 400, "BAD_COUNTRY"),
        ("herosms", "action=getStatus&id=1".to_owned(), 404, "NOT_FOUND"),
        ("smsbower", "action=getStatus&id=1".to_owned(), 200, "NO_ACTIVATION"),
        ("smsbower", "action=getActiveActivations".to_owned(), 200, "BAD_ACTION"),
        ("smsbower", "action=getPrices&service=xx".to_owned(), 200, "Bad service"),
        ("grizzlysms", "action=getActiveActivations".to_owned(), 200, "NO_ACTIVATIONS"),
        ("tigersms", "action=cancelAll".to_owned(), 200, "BAD_ACTION"),
    ] {
        let (got, body) = act(&play, vendor, &query).await;
        assert!((got, body.contains(words)) == (status, true), "{vendor} {query}: {got} {body}");
        assert!(orders(&play, vendor).await.is_empty(), "{vendor} {query} sold a number");
    }
    let base = play.playground.vendor_url("smsbower").unwrap();
    let posted = play.client.post(format!("{base}/stubs/handler_api.php?api_key=right")).send();
    assert_eq!(posted.await.unwrap().status(), 405);
    play.playground.stop().await;
}

#[tokio::test]
async fn an_order_of_the_first_form_lives_and_waits_again() {
    let play = play().await;
    let said = async |query: &str| said(&play, "smshub", query).await;
    assert_eq!(said("action=getBalance").await, "ACCESS_BALANCE:400.00");
    assert_eq!(said("action=getBalance&currency=840").await, "ACCESS_BALANCE:5.00");
    let bought = said("action=getNumber&service=rg&country=187&max_price=20").await;
    let parts: Vec<&str> = bought.split(':').collect();
    let ["ACCESS_NUMBER", id, number] = parts[..] else { panic!("{bought}") };
    assert!(number.starts_with("1202555") && number.len() == 11, "{bought}");
    let state = format!("action=getStatus&id={id}");
    assert_eq!(said(&state).await, "STATUS_WAIT_CODE");
    let again = format!("action=setStatus&id={id}&status=3");
    assert_eq!(said(&again).await, "BAD_STATUS");
    play.advance(5).await;
    let first = said(&state).await.strip_prefix("STATUS_OK:").unwrap().to_owned();
    assert_eq!(said(&again).await, "ACCESS_RETRY_GET");
    assert_eq!(said(&state).await, format!("STATUS_WAIT_RETRY:{first}"));
    let cancel = format!("action=setStatus&id={id}&status=8");
    assert_eq!(said(&cancel).await, "CANT_CANCEL", "what was delivered is not given back");
    play.advance(5).await;
    let second = said(&state).await.strip_prefix("STATUS_OK:").unwrap().to_owned();
    assert_ne!(first, second);
    assert_eq!(said("action=getBalance&currency=840").await, "ACCESS_BALANCE:4.76");
    assert_eq!(said(&again).await, "ACCESS_RETRY_GET");
    play.advance(1_210).await;
    let rows = orders(&play, "smshub").await;
    assert_eq!((&rows[0]["state"], &rows[0]["refunded"]), (&json!("completed"), &json!(false)));
    play.playground.stop().await;
}

#[tokio::test]
async fn an_order_of_the_second_form_is_listed_cancelled_and_refunded() {
    let play = play().await;
    for (vendor, list) in [("herosms", "/data/0"), ("tigersms", "/activeActivations/0")] {
        let buy = "action=getNumberV2&service=rg&country=187&maxPrice=0.30";
        let bought = object(&play, vendor, buy).await;
        let id = bought["activationId"].clone();
        let id = id.as_str().map_or(id.to_string(), str::to_owned);
        let state = object(&play, vendor, &format!("action=getStatusV2&id={id}")).await;
        assert!(state["data"].is_null() && state["sms"].is_null(), "{vendor}: {state}");
        let listed = object(&play, vendor, "action=getActiveActivations").await;
        let row = listed.pointer(list).unwrap();
        assert_eq!((&row["activationId"], &row["smsCode"]), (&json!(id), &Value::Null));
        let cancel = format!("action=setStatus&id={id}&status=8");
        let (_, early) = act(&play, vendor, &cancel).await;
        assert!(early.contains("EARLY_CANCEL_DENIED"), "{vendor}: {early}");
        play.advance(5).await;
        let state = said(&play, vendor, &format!("action=getStatusV2&id={id}")).await;
        assert!(state.contains("verification code is"), "{vendor}: {state}");
        play.fault(json!({ "vendor": { "at": vendor, "mode": "sms_never" } })).await;
        let silent = object(&play, vendor, buy).await["activationId"].clone();
        let silent = silent.as_str().map_or(silent.to_string(), str::to_owned);
        play.advance(40).await;
        let cancel = format!("action=setStatus&id={silent}&status=8");
        assert_eq!(said(&play, vendor, &cancel).await, "ACCESS_CANCEL");
        let state = said(&play, vendor, &format!("action=getStatus&id={silent}")).await;
        assert_eq!(state, "STATUS_CANCEL");
        assert_eq!(said(&play, vendor, "action=getBalance").await, "ACCESS_BALANCE:4.76");
    }
    let prices = "action=getPrices&service=rg&country=187";
    let hero = object(&play, "herosms", prices).await;
    assert_eq!(hero["187"]["rg"]["physicalCount"], json!(500));
    let tiger = object(&play, "tigersms", prices).await;
    assert_eq!(tiger["187"]["rg"]["cost"], json!("0.2400"));
    let bower = object(&play, "smsbower", prices).await;
    assert!(bower[""].is_object(), "{bower}");
    let nowhere = said(&play, "grizzlysms", "action=getPrices&country=9999").await;
    assert_eq!(nowhere, "[]");
    assert!(object(&play, "tigersms", "action=getCountries").await.is_array());
    assert_eq!(object(&play, "herosms", "action=getCountries").await["187"]["eng"], json!("USA"));
    play.playground.stop().await;
}

#[tokio::test]
async fn fivesim_speaks_plain_words_and_one_list() {
    let play = play().await;
    let url = format!("{}/user/profile", play.playground.vendor_url("fivesim").unwrap());
    let wrong = play.client.get(&url).bearer_auth("wrong").send().await.unwrap();
    assert_eq!((wrong.status().as_u16(), wrong.text().await.unwrap().as_str()), (401, ""));
    for (path, status, words) in [
        ("/user/buy/activation/nowhere/any/ring4", 400, "country is incorrect"),
        ("/user/buy/activation/usa/any/nothing", 400, "product is incorrect"),
        ("/user/buy/activation/usa/nobody/ring4", 400, "bad operator"),
        ("/user/buy/activation/usa/any/ring4?maxPrice=0.10", 200, "no free phones"),
        ("/user/buy/activation/usa/any/ring4?max_price=1", 400, "bad request"),
        ("/user/check/1", 404, "order not found"),
        ("/user/cancel/1", 400, "order not found"),
        ("/user/orders", 400, "bad category"),
        ("/user/cancel_all", 302, "html"),
    ] {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let client = client.no_proxy().build().unwrap();
        let url = format!("{}{path}", play.playground.vendor_url("fivesim").unwrap());
        let response = client.get(url).bearer_auth("right").send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{path}");
        let body = response.text().await.unwrap();
        assert!(body.contains(words), "{path}: {body}");
    }
    assert!(orders(&play, "fivesim").await.is_empty());
    // A highest price is ignored for an operator that was named, as at 5sim.
    let dear = "/user/buy/activation/usa/virtual53/ring4?maxPrice=0.10";
    assert_eq!(fivesim_row(&play, dear).await["price"], json!(0.3));
    let bought = fivesim_row(&play, "/user/buy/activation/usa/any/ring4?maxPrice=0.30").await;
    assert_eq!((&bought["status"], &bought["sms"]), (&json!("RECEIVED"), &Value::Null));
    assert!(bought["phone"].as_str().unwrap().starts_with("+1202555"));
    let id = &bought["id"];
    play.advance(5).await;
    let done = fivesim_row(&play, &format!("/user/check/{id}")).await;
    let code = done["sms"][0]["code"].as_str().unwrap();
    assert!(done["sms"][0]["text"].as_str().unwrap().contains(code));
    let (status, words) = fivesim(&play, &format!("/user/cancel/{id}")).await;
    assert_eq!((status, words.as_str()), (400, "order has sms"));
    let list = "/user/orders?category=activation&limit=1&order=id&reverse=true";
    let page = fivesim_row(&play, list).await;
    assert_eq!((&page["Data"][0]["id"], &page["Total"]), (id, &json!(2)));
    let silent = json!({ "vendor": { "at": "fivesim", "mode": "sms_never" } });
    play.fault(silent).await;
    let silent = fivesim_row(&play, "/user/buy/activation/usa/any/ring4").await;
    let cancelled = fivesim_row(&play, &format!("/user/cancel/{}", silent["id"])).await;
    assert_eq!(cancelled["status"], json!("CANCELED"));
    let flipped = fivesim_row(&play, "/guest/prices?product=ring4").await;
    assert!(flipped["ring4"]["usa"]["virtual21"]["cost"].is_number(), "{flipped}");
    play.playground.stop().await;
}

#[tokio::test]
async fn every_local_vendor_misbehaves_on_demand() {
    let play = play().await;
    let handler = |vendor: &str| {
        let base = play.playground.vendor_url(vendor).unwrap();
        format!(
            "{base}/stubs/handler_api.php?api_key=right&action=getNumber&service=rg&country=187"
        )
    };
    let fivesim = play.playground.vendor_url("fivesim").unwrap();
    let fivesim = format!("{fivesim}/user/buy/activation/usa/any/ring4");
    for (fault, bought) in [
        (json!({ "mode": "out_of_stock" }), 0),
        (json!({ "mode": "balance_error" }), 0),
        (json!({ "mode": "throttled" }), 0),
        (json!({ "mode": "bad_key" }), 0),
        (json!({ "mode": "generic_failure" }), 0),
        (json!({ "mode": "generic_failure", "bought": true }), 1),
        (json!({ "mode": "html_200", "bought": true }), 1),
        (json!({ "mode": "html_502" }), 0),
        (json!({ "mode": "truncated" }), 1),
        (json!({ "mode": "drop_before" }), 0),
        (json!({ "mode": "drop_during_answer" }), 1),
        (json!({ "mode": "drop_after" }), 1),
        (json!({ "mode": "error_500_after_buying" }), 1),
        (json!({ "mode": "overcharge" }), 1),
    ] {
        for (vendor, url) in [
            ("herosms", handler("herosms")),
            ("smshub", handler("smshub")),
            ("fivesim", fivesim.clone()),
        ] {
            let mut fault = fault.clone();
            fault["at"] = json!(vendor);
            let before = orders(&play, vendor).await.len();
            play.fault(json!({ "vendor": fault })).await;
            // What it looks like from outside is the protocols' business.
            let _ = play.client.get(&url).bearer_auth("right").send().await;
            let after = orders(&play, vendor).await.len();
            assert_eq!(after - before, bought, "{vendor} {fault}");
        }
    }
    assert_eq!(play.get("/playground/faults").await["vendor"], json!([]));
    assert!(orders(&play, "smspool").await.is_empty(), "accounts are apart");
    play.playground.stop().await;
}
