//! The SMSPool adapter's shared library over real HTTP.

use ring4_providers::{
    BreakerState, CallError, Cancellation, OrderStatus, Purchase, RefusalReason,
};
use serde_json::{Value, json};

use crate::vendor::{Reply, Vendor};
use crate::world::{World, amount, provider, want};

fn say(status: &'static str, body: &Value) -> Reply {
    Reply::Say(status, body.to_string())
}

fn smspool(vendor: &Vendor) -> World {
    let mut options = provider("provider_smspool", Value::Null);
    options.base_url = Some(vendor.base_url.clone());
    World::open(options).expect("the adapter")
}

#[tokio::test]
async fn an_order_is_bought_polled_and_cancelled() {
    let vendor = Vendor::open(|path, before| match (path, before) {
        ("/purchase/sms", _) => say(
            "200 OK",
            &json!({"success": 1, "number": 12_015_550_123_u64, "cc": "1", "cost": "0.24",
                    "phonenumber": "2015550123", "order_id": "QWERTZUI", "expires_in": 600}),
        ),
        ("/request/active", _) => say(
            "200 OK",
            &json!([{"order_code": "QWERTZUI", "code": "0", "status": "pending",
                     "phonenumber": "12015550123", "cost": "0.24", "short_name": "US"}]),
        ),
        ("/sms/check", 0) => say("200 OK", &json!({"status": 1, "time_left": 500})),
        ("/sms/check", _) => say("200 OK", &json!({"status": 3, "sms": "48213", "full_sms": "x"})),
        ("/sms/cancel", _) => say("400 No", &json!({"success": 0, "message": "already used"})),
        ("/request/balance", _) => say("200 OK", &json!({"balance": "41.87"})),
        _ => Reply::Hang,
    })
    .await;
    let world = smspool(&vendor);
    let (registry, id) = (&world.registry, &world.vendor);
    let bought = registry.buy(id, &want("5001", "0.30")).await;
    let Purchase::Bought { vendor_order_id, number, cost, .. } = bought else {
        panic!("{bought:?}")
    };
    assert_eq!((number.as_str(), cost), ("+12015550123", amount("0.24")));
    let request = &vendor.requests()[0];
    assert!(request.ends_with("country=US&service=5001&max_price=0.30&pricing_option=0"));
    let list = registry.list_active(id).await.expect("a list");
    assert_eq!((list[0].number.as_ref(), &list[0].status), (Some(&number), &OrderStatus::Waiting));
    assert_eq!(registry.check(id, &vendor_order_id).await, Ok(OrderStatus::Waiting));
    let status = registry.check(id, &vendor_order_id).await;
    assert!(matches!(status, Ok(OrderStatus::Received { .. })), "{status:?}");
    assert_eq!(registry.cancel(id, &vendor_order_id).await, Ok(Cancellation::HasSms));
    assert_eq!(registry.balance(id).await, Ok(amount("41.87")));
}

#[tokio::test]
async fn a_list_that_is_asked_for_twice_at_once_is_one_request() {
    let vendor = Vendor::open(|_, _| say("200 OK", &json!([]))).await;
    let world = smspool(&vendor);
    let lists = (0..50).map(|_| world.registry.list_active(&world.vendor));
    let lists = futures_util::future::join_all(lists).await;
    assert!(lists.iter().all(|list| list.as_ref().is_ok_and(|list| list.is_empty())));
    assert_eq!(vendor.requests().len(), 1);
    let later = world.registry.list_active(&world.vendor).await;
    assert_eq!((later.is_ok(), vendor.requests().len()), (true, 2), "later ones ask anew");
}

#[tokio::test]
async fn trouble_with_our_account_stops_sales_but_not_checks() {
    for (refusal, reason) in [
        (json!({"success": 0, "type": "BALANCE_ERROR"}), RefusalReason::BalanceLow),
        (
            json!({"success": 0, "message": "Too many failed purchases"}),
            RefusalReason::AccountThrottled,
        ),
        (
            json!({"success": 0, "errors": [{"message": "Invalid API key"}]}),
            RefusalReason::AuthFailed,
        ),
    ] {
        let vendor = Vendor::open(move |path, _| match path {
            "/purchase/sms" => say("422 No", &refusal),
            _ => say("200 OK", &json!({"status": 1})),
        })
        .await;
        let world = smspool(&vendor);
        let wanted = want("5001", "0.30");
        let buy = || world.registry.buy(&world.vendor, &wanted);
        assert_eq!(buy().await, Purchase::Refused { reason });
        assert!(!world.registry.can_buy(&world.vendor));
        let unavailable = Purchase::Refused { reason: RefusalReason::Unavailable };
        assert_eq!(buy().await, unavailable, "{reason:?}");
        assert_eq!(vendor.requests().len(), 1, "{reason:?}: the vendor is not asked again");
        let status = &world.registry.status()[0];
        assert_eq!((status.line, status.selling), (BreakerState::Closed, BreakerState::Open));
        let check = world.registry.check(&world.vendor, "QWERTZUI").await;
        assert_eq!(check, Ok(OrderStatus::Waiting));
    }
}

#[tokio::test]
async fn a_web_page_instead_of_an_answer_proves_nothing() {
    let page = "<html><body>502 Bad Gateway</body></html>";
    for status in ["200 OK", "403 Forbidden", "502 Bad Gateway"] {
        let vendor = Vendor::open(move |_, _| Reply::Say(status, page.to_owned())).await;
        let world = smspool(&vendor);
        let bought = world.registry.buy(&world.vendor, &want("5001", "0.30")).await;
        assert!(matches!(bought, Purchase::Unclear { .. }), "{status}: {bought:?}");
        let list = world.registry.list_active(&world.vendor).await;
        assert!(matches!(list, Err(CallError::Unreadable(_))), "{status}: {list:?}");
    }
}
