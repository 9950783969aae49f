//! Updates told three times and across a restart: a payment, an approval, a cancel and a refund
//! have one effect each, whether Telegram repeats the same update or people repeat the same press.

use serde_json::{Value, json};

use crate::modes::{free_port, listen, posted_to};
use crate::stars;
use crate::world::{ADA, ANNA, Vendor, World};

const SECRET: &str = "a-secret-of-the-tests-0123456789";

/// The shop, and what only Telegram can do with it: post updates.
struct Told {
    world: World,
    url: String,
    http: reqwest::Client,
    /// Above all numbers of the playground's own updates.
    next: i64,
}

impl Told {
    async fn open() -> Self {
        let mut world = World::around(&[Vendor::Smspool], Default::default(), &[stars::ON]).await;
        let port = free_port();
        listen(&world.folder.path().join("config.yaml"), port);
        world.set(posted_to(port).to_vec());
        world.set(vec![("WEBHOOK_SECRET", SECRET.to_owned())]);
        world.start().await;
        let url = format!("http://127.0.0.1:{port}/telegram");
        Self { world, url, http: reqwest::Client::new(), next: 5_000_000_000 }
    }

    async fn post(&self, update_id: i64, what: &Value) {
        let mut update = what.clone();
        update["update_id"] = json!(update_id);
        let post = self.http.post(&self.url).json(&update);
        let post = post.header("X-Telegram-Bot-Api-Secret-Token", SECRET);
        assert_eq!(post.send().await.expect("an answer").status(), 200);
    }

    /// The same update three times at once, the same deed twice more; and after a restart again.
    async fn tell_again_and_again(&mut self, what: &Value) {
        let first = self.next;
        tokio::join!(self.post(first, what), self.post(first, what), self.post(first, what));
        self.post(first + 1, what).await;
        self.post(first + 2, what).await;
        self.world.stop().await;
        self.world.start().await;
        self.post(first, what).await;
        self.post(first + 3, what).await;
        self.post(first + 4, what).await;
        self.next += 5;
    }

    /// A press on the newest such button of a person.
    async fn pressing(&self, person: i64, label: &str) -> Value {
        let data = self.world.data(person, label).await;
        let (message, _) = self.world.button(person, label).await;
        json!({ "callback_query": {
            "id": "77", "from": from(person), "chat_instance": "1", "data": data,
            "message": { "message_id": message, "date": 1, "text": "x", "chat": chat(person) },
        }})
    }

    /// One chat is served in order: what is answered now was handled after all before.
    async fn balance(&self, words: &[&str]) {
        self.world.say(ADA, "/balance").await;
        self.world.newest(ADA, &["Your wallet"]).await;
        self.world.say(ANNA, "/balance").await;
        self.world.newest(ANNA, words).await;
    }
}

fn from(person: i64) -> Value {
    let name = if person == ADA { "Ada" } else { "Anna" };
    let username = format!("{}_{person}", name.to_lowercase());
    json!({ "id": person, "is_bot": false, "first_name": name, "username": username,
        "language_code": "en" })
}

fn chat(person: i64) -> Value {
    json!({ "id": person, "type": "private", "first_name": "P" })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_three_times_and_across_a_restart_happens_once() {
    let mut told = Told::open().await;

    told.world.say(ANNA, "/deposit 10").await;
    told.world.press(ANNA, "USDT").await;
    told.world.press(ANNA, "I have paid").await;
    let approval = told.pressing(ADA, "Approve").await;
    told.tell_again_and_again(&approval).await;
    told.balance(&["Available $10.00", "Deposited $10.00"]).await;
    assert_eq!(told.world.count(ANNA, "is in your wallet").await, 1, "approvals");

    told.world.say(ANNA, "/deposit 10").await;
    told.world.press(ANNA, "Telegram Stars").await;
    let (invoice, _) = told.world.button(ANNA, "Pay ⭐ 770").await;
    told.world.post(&format!("people/{ANNA}/payments"), json!({ "message_id": invoice })).await;
    told.world.until_count(ANNA, "is in your wallet", 2).await;
    let paid = told.world.get("payments").await[0].clone();
    let payment = json!({ "message": {
        "message_id": 7, "date": 1, "from": from(ANNA), "chat": chat(ANNA),
        "successful_payment": {
            "currency": "XTR", "total_amount": 770, "invoice_payload": paid["payload"],
            "telegram_payment_charge_id": paid["charge"], "provider_payment_charge_id": "",
        },
    }});
    told.tell_again_and_again(&payment).await;
    told.balance(&["Available $20.00", "Deposited $20.00"]).await;
    assert_eq!(told.world.count(ANNA, "is in your wallet").await, 2, "payments");

    let fault = json!({ "vendor": { "mode": "sms_never", "count": 20 } });
    told.world.post("faults", fault).await;
    told.world.buy(ANNA).await;
    let cancel = told.pressing(ANNA, "Cancel").await;
    told.tell_again_and_again(&cancel).await;
    told.world.advance(60).await;
    told.world.hears(ANNA, &["Cancelled. Your money is back"]).await;
    told.balance(&["Available $20.00", "Held $0.00"]).await;

    told.world.post("faults", json!({ "clear": true })).await;
    let order = told.world.buy(ANNA).await;
    told.world.advance(30).await;
    told.world.hears(ANNA, &["Delivered", &order]).await;
    told.world.say(ANNA, &format!("/refund {order} it was used")).await;
    told.world.hears(ADA, &["Refund of", &order, "Waits"]).await;
    let refund = told.pressing(ADA, "Approve").await;
    told.tell_again_and_again(&refund).await;
    told.balance(&["Available $20.00", "Held $0.00", "Deposited $20.00"]).await;
    assert_eq!(told.world.count(ANNA, "is back in your wallet").await, 1, "refunds");
    let bought = told.world.get("vendor/orders").await;
    assert_eq!(bought.as_array().map(Vec::len), Some(2), "{bought}");
    println!("an approval, a payment, a cancel and a refund, each told 8 times over a restart");
    told.world.close().await;
}
