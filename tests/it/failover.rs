//! One order, several vendors and services: who is asked first, who is next after a clean no, and
//! what stands in for a service that nobody has.

use ring4_domain::ids::OrderId;
use ring4_domain::order::{FailReason, Order, OrderState};
use serde_json::json;

use crate::world::{ADA, ANNA, Vendor, World, order_id};

async fn two_vendors() -> World {
    let world = World::open_with_two_vendors().await;
    world.deposit(ANNA, "20").await;
    world
}

fn order(world: &World, id: &str) -> Order {
    let id: OrderId = id.parse().expect("an order's id");
    world.shop().snapshot().order(id).expect("readable").expect("an order")
}

fn seller(world: &World, id: &str) -> String {
    order(world, id).purchase.expect("a number").provider.to_string()
}

/// Buys once more; the cards of earlier orders are still in the chat.
async fn buy_again(world: &World, service: &str, name: &str) -> String {
    world.say(ANNA, &format!("/start buy_{service}_US")).await;
    world.newest(ANNA, &[name, "fixed for"]).await;
    world.press(ANNA, "Buy for").await;
    world.newest(ANNA, &["Order ", "balance"]).await
}

/// Changes the running shop's settings, as an operator does.
async fn save(world: &World, from: &str, to: &str) {
    let path = world.folder.path().join("config.yaml");
    let text = std::fs::read_to_string(path).expect("settings");
    assert_eq!(text.matches(from).count(), 1, "{from}");
    let before = world.count(ADA, "is live. Changed").await;
    world.save("config.yaml", &text.replace(from, to));
    world.until_count(ADA, "is live. Changed", before + 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_clean_no_the_next_vendor_sells_at_the_price_shown() {
    let world = two_vendors().await;
    let first = world.buy(ANNA).await;
    assert_eq!(seller(&world, &first), "smspool", "the cheaper one is asked first");
    for refusal in ["out_of_stock", "price_not_found", "balance_error"] {
        let fault = json!({ "mode": refusal, "offer": [1574, 1] });
        world.post("faults", json!({ "vendor": fault })).await;
        world.say(ANNA, "/start buy_ring4_US").await;
        let (_, label) = world.button(ANNA, "Buy for").await;
        world.press(ANNA, "Buy for").await;
        let card = world.newest(ANNA, &["Number +", "held"]).await;
        let id = order_id(&card);
        assert_eq!(seller(&world, &id), "mock", "{refusal}");
        let price = label.rsplit(' ').next().expect("a price");
        assert!(card.contains(&format!("{price} held")), "{label}: {card}");
        assert_eq!(order(&world, &id).quote.price, order(&world, &first).quote.price);
        world.press(ANNA, "Cancel").await;
        world.hears(ANNA, &["Cancelled", &id]).await;
        world.say(ANNA, "/start").await;
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_lost_answer_nobody_else_is_asked() {
    let world = two_vendors().await;
    let fault = json!({ "mode": "drop_before", "path": "/purchase/sms" });
    world.post("faults", json!({ "vendor": fault })).await;
    world.say(ANNA, "/start buy_ring4_US").await;
    world.press(ANNA, "Buy for").await;
    let card = world.hears(ANNA, &["Checking with the vendor", "held"]).await;
    world.advance(91).await;
    world.hears(ANNA, &["No number could be bought", "returned"]).await;
    let order = order(&world, &order_id(&card));
    assert_eq!(order.state, OrderState::Failed(FailReason::Unclear));
    assert_eq!(order.quote.candidates.len(), 2, "there was somebody else to ask");
    assert!(order.purchase.is_none(), "{order:?}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_strategy_is_live() {
    let world = two_vendors().await;
    // Dearer than the mock, whatever the customer pays for it.
    world.post("vendor", json!({ "prices": { "1574": "0.56" } })).await;
    world.advance(31).await;
    let first = world.buy(ANNA).await;
    assert_eq!(seller(&world, &first), "mock", "the cheaper one");
    save(&world, "strategy: price", "strategy: priority").await;
    buy_again(&world, "ring4", "Ring4").await;
    let card = world.newest(ANNA, &["Number +", "held"]).await;
    assert_eq!(seller(&world, &order_id(&card)), "smspool", "the one with priority 1");
    save(&world, "strategy: priority", "strategy: round_robin").await;
    let mut sellers = Vec::new();
    for _ in 0..2 {
        buy_again(&world, "ring4", "Ring4").await;
        let card = world.newest(ANNA, &["Number +", "held"]).await;
        sellers.push(seller(&world, &order_id(&card)));
    }
    sellers.sort();
    assert_eq!(sellers, ["mock", "smspool"], "each in turn");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_has_is_stood_in_for() {
    let world = World::open(Vendor::Smspool).await;
    world.deposit(ANNA, "20").await;
    // The others' prices are known from the list.
    for service in ["ring4", "google"] {
        world.say(ANNA, &format!("/start buy_{service}_US")).await;
        world.newest(ANNA, &["fixed for"]).await;
    }
    let gone = json!({ "vendor": { "mode": "out_of_stock", "offer": [907, 1] } });
    world.post("faults", gone.clone()).await;
    buy_again(&world, "telegram", "Telegram").await;
    world.newest(ANNA, &["No number was available", "one of these instead", "returned"]).await;
    let ring4 = world.data(ANNA, "Ring4 🇺🇸").await;
    assert_eq!(ring4, "o:ring4:US");
    save(&world, "auto_fallback: false", "auto_fallback: true").await;
    world.post("faults", gone).await;
    buy_again(&world, "telegram", "Telegram").await;
    let card = world.newest(ANNA, &["Number +", "Telegram was sold out everywhere"]).await;
    assert!(card.contains("Ring4"), "{card}");
    let order = order(&world, &order_id(&card));
    assert_eq!(order.quote.service.as_str(), "telegram");
    assert_eq!(order.service().as_str(), "ring4");
    world.advance(30).await;
    world.hears(ANNA, &["Your Ring4 code is"]).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_code_comes_another_vendor_is_tried_once_the_number_is_back() {
    let world = two_vendors().await;
    let off = "    # Whether there is one.\n    enabled: false";
    save(&world, off, "    # Whether there is one.\n    enabled: true").await;
    world.post("faults", json!({ "vendor": { "mode": "sms_never" } })).await;
    let id = world.buy(ANNA).await;
    let first = order(&world, &id);
    assert_eq!(first.purchase.as_ref().expect("a number").provider.as_str(), "smspool");
    // The stand-in for an unknown median and the margin are over: 60 s and 60 s.
    world.advance(119).await;
    world.newest(ANNA, &["Waiting for the code", &id]).await;
    world.advance(2).await;
    // The vendor may want to keep it for up to 132 s first; the next try comes by itself.
    world.post("clock", json!({ "speed": 20 })).await;
    let end = std::time::Instant::now() + crate::world::PATIENCE;
    while order(&world, &id).former.is_empty() {
        assert!(std::time::Instant::now() < end, "{:?}", order(&world, &id));
        tokio::task::yield_now().await;
    }
    let card = world.hears(ANNA, &["Delivered", "charged", &id]).await;
    world.hears(ANNA, &["code is"]).await;
    let second = order(&world, &id);
    assert_eq!(second.purchase.as_ref().expect("a number").provider.as_str(), "mock");
    assert_eq!((second.quote.price, second.deadline), (first.quote.price, first.deadline));
    let former = first.purchase.expect("a number");
    assert_eq!(second.former.first().expect("a former one").vendor_order, former.vendor_order);
    assert!(!card.contains(former.number.text().expect("a number")), "{card}");
    // Never two that are paid for.
    let sold = world.get("vendor/orders").await;
    let sold = sold.as_array().expect("orders");
    assert!(sold.iter().all(|sold| sold["refunded"] == true), "{sold:?}");
    let spent = second.quote.price;
    let wallet = ring4_domain::ledger::AccountId::Wallet(ring4_domain::ids::UserId(ANNA));
    let wallet = world.shop().snapshot().account(&wallet).expect("readable");
    assert_eq!((wallet.debits_posted, wallet.debits_pending.micros()), (spent, 0));
    world.close().await;
}
