//! Payments in Telegram Stars as the Bot API has them, and pictures from people.

use reqwest::Method;
use serde_json::{Value, json};

use crate::play::Play;

fn invoice(amount: i64) -> Value {
    json!({
        "chat_id": 1001, "title": "Ten dollars", "description": "Into the wallet",
        "payload": "d7", "currency": "XTR", "prices": [{ "label": "Ten", "amount": amount }],
    })
}

/// The updates that wait, of this kind.
async fn updates(play: &Play, kind: &str) -> Vec<Value> {
    let all = play.ok("getUpdates", json!({})).await;
    let all = all.as_array().unwrap().iter();
    all.filter_map(|update| update.get(kind).cloned()).collect()
}

async fn pay(play: &Play, message: &Value, untold: bool) -> String {
    let body = json!({ "message_id": message, "untold": untold });
    let (status, asked) = play.post("/playground/people/1001/payments", body).await;
    assert_eq!(status, 200, "{asked}");
    asked["pre_checkout_query_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_invoice_is_as_strict_as_the_real_one() {
    let play = Play::new().await;
    play.post("/playground/people/1001/messages", json!({ "text": "/start" })).await;
    let rows = [
        ("title", json!("x".repeat(33)), "INVOICE_TITLE_INVALID"),
        ("title", json!(""), "title must be non-empty"),
        ("description", json!("x".repeat(256)), "INVOICE_DESCRIPTION_INVALID"),
        ("payload", json!(""), "INVOICE_PAYLOAD_INVALID"),
        ("payload", json!("x".repeat(129)), "INVOICE_PAYLOAD_INVALID"),
        ("currency", json!("USD"), "CURRENCY_INVALID"),
        ("provider_token", json!("1:a"), "PAYMENT_PROVIDER_INVALID"),
        ("prices", json!([]), "STARS_INVOICE_INVALID"),
        ("prices", json!([{ "label": "x", "amount": 0 }]), "CURRENCY_TOTAL_AMOUNT_INVALID"),
    ];
    for (name, value, reason) in rows {
        let mut parameters = invoice(770);
        parameters[name] = value;
        let refused = play.refused("sendInvoice", parameters).await;
        assert!(refused.ends_with(reason), "{name}: {refused}");
    }
    let sent = play.ok("sendInvoice", invoice(770)).await;
    assert_eq!(sent["invoice"]["total_amount"], 770);
    let chat = play.chat(1001).await;
    let shown = chat["messages"].as_array().unwrap().last().unwrap();
    assert_eq!(shown["buttons"], json!([[{ "label": "Pay ⭐ 770", "pay": true }]]));
    play.playground.stop().await;
}

#[tokio::test]
async fn a_payment_is_asked_about_made_told_and_given_back_once() {
    let play = Play::new().await;
    play.post("/playground/people/1001/messages", json!({ "text": "/start" })).await;
    let message = play.ok("sendInvoice", invoice(770)).await["message_id"].clone();

    // Said no, and too late: nothing is paid.
    let query = pay(&play, &message, false).await;
    let no = json!({ "pre_checkout_query_id": query, "ok": false });
    let refused = play.refused("answerPreCheckoutQuery", no).await;
    assert!(refused.contains("error_message"), "{refused}");
    let no = json!({ "pre_checkout_query_id": query, "ok": false, "error_message": "Over" });
    play.ok("answerPreCheckoutQuery", no.clone()).await;
    assert!(play.refused("answerPreCheckoutQuery", no).await.contains("query is too old"));
    let query = pay(&play, &message, false).await;
    let yes = json!({ "pre_checkout_query_id": query, "ok": true });
    play.post("/playground/clock", json!({ "advance_secs": 10 })).await;
    assert!(play.refused("answerPreCheckoutQuery", yes).await.contains("query is too old"));
    assert_eq!(play.get("/playground/payments").await, json!([]));

    let query = pay(&play, &message, false).await;
    let asked = updates(&play, "pre_checkout_query").await;
    let asked = asked.last().unwrap();
    assert_eq!((&asked["invoice_payload"], &asked["total_amount"]), (&json!("d7"), &json!(770)));
    assert_eq!(asked["from"]["id"], 1001);
    play.ok("answerPreCheckoutQuery", json!({ "pre_checkout_query_id": query, "ok": true })).await;
    let told = updates(&play, "message").await;
    let payment = &told.last().unwrap()["successful_payment"];
    assert_eq!((&payment["currency"], &payment["total_amount"]), (&json!("XTR"), &json!(770)));
    let charge = payment["telegram_payment_charge_id"].as_str().unwrap().to_owned();
    let again = json!({ "message_id": message });
    let (status, _) = play.post("/playground/people/1001/payments", again).await;
    assert_eq!(status, 409, "an invoice is paid once");
    play.post(&format!("/playground/payments/{charge}/repeat"), json!({})).await;
    let told = updates(&play, "message").await;
    let of = |told: &Value| told["successful_payment"]["telegram_payment_charge_id"] == *charge;
    assert_eq!(told.iter().filter(|told| of(told)).count(), 2);

    // One payment of which the bot is not told stands in the list all the same.
    let second = play.ok("sendInvoice", invoice(5)).await["message_id"].clone();
    let query = pay(&play, &second, true).await;
    play.ok("answerPreCheckoutQuery", json!({ "pre_checkout_query_id": query, "ok": true })).await;
    assert_eq!(updates(&play, "message").await.len(), told.len());

    let refund = |user: i64| json!({ "user_id": user, "telegram_payment_charge_id": charge });
    assert!(play.refused("refundStarPayment", refund(1002)).await.ends_with("CHARGE_ID_INVALID"));
    play.ok("refundStarPayment", refund(1001)).await;
    let twice = play.refused("refundStarPayment", refund(1001)).await;
    assert!(twice.ends_with("CHARGE_ALREADY_REFUNDED"), "{twice}");
    let list = play.ok("getStarTransactions", json!({})).await;
    let rows = list["transactions"].as_array().unwrap();
    let amounts: Vec<_> = rows.iter().map(|row| (row["amount"].as_i64(), &row["id"])).collect();
    assert_eq!(amounts.len(), 3, "{list}");
    assert_eq!(rows[0]["source"]["invoice_payload"], "d7");
    assert_eq!(rows[1]["amount"], 5);
    assert_eq!(
        (&rows[2]["receiver"]["user"]["id"], &rows[2]["id"]),
        (&json!(1001), &rows[0]["id"])
    );
    let paged = play.ok("getStarTransactions", json!({ "offset": 1, "limit": 1 })).await;
    assert_eq!(paged["transactions"][0]["amount"], 5);
    assert!(play.refused("getStarTransactions", json!({ "limit": 101 })).await.contains("limit"));
    play.playground.stop().await;
}

#[tokio::test]
async fn people_send_pictures_and_files() {
    let play = Play::new().await;
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\x90".to_vec();
    let rows = [("name=a.png", "photo"), ("name=a.png&document=true", "document")];
    for (query, kind) in rows {
        let url = format!("{}/playground/people/1001/files?{query}", play.base);
        let sent = play.client.request(Method::POST, url).body(png.clone()).send().await.unwrap();
        assert_eq!(sent.status(), 200);
        let told = updates(&play, "message").await;
        let file = &told.last().unwrap()[kind];
        let file = if kind == "photo" { &file[0] } else { file };
        let id = file["file_id"].as_str().unwrap();
        // What somebody sent, the bot can send on.
        let method = if kind == "photo" { "sendPhoto" } else { "sendDocument" };
        play.ok(method, json!({ "chat_id": 1001, kind: id })).await;
    }
    let url = format!("{}/playground/people/1001/files?name=a.png", play.base);
    let sent = play.client.request(Method::POST, url).body("no picture").send().await.unwrap();
    assert_eq!(sent.status(), 200);
    assert!(updates(&play, "message").await.last().unwrap()["document"].is_object());
    play.playground.stop().await;
}
