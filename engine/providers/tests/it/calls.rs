//! Every call through the mock vendor's shared library.

use ring4_domain::ids::{Country, ProviderId};
use ring4_providers::{
    BreakerState, CallError, Cancellation, OrderStatus, Purchase, Quote, RefusalReason, Resend,
};
use ring4_providers::{inspect, plugin_path, time_checks};
use serde_json::{Value, json};

use crate::world::{START_MS, World, amount, provider, want};

fn mock(settings: Value) -> World {
    World::open(provider("provider_mock", settings)).expect("the mock vendor")
}

async fn bought(world: &World) -> String {
    match world.registry.buy(&world.vendor, &want("ring4", "0.50")).await {
        Purchase::Bought { vendor_order_id, .. } => vendor_order_id,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_order_lives_from_purchase_to_second_code() {
    let world = mock(json!({"delay_min_secs": 5, "delay_max_secs": 5}));
    let (registry, vendor) = (&world.registry, &world.vendor);
    let bought = registry.buy(vendor, &want("ring4", "0.50")).await;
    let Purchase::Bought { vendor_order_id: id, number, cost, expires_at_ms } = bought else {
        panic!("{bought:?}")
    };
    assert!(number.as_str().starts_with("+120"));
    assert_eq!((cost, expires_at_ms), (amount("0.50"), Some(START_MS + 1_200_000)));
    assert_eq!(registry.check(vendor, &id).await, Ok(OrderStatus::Waiting));
    world.advance_secs(5);
    let status = registry.check(vendor, &id).await;
    let Ok(OrderStatus::Received { messages }) = &status else { panic!("{status:?}") };
    assert_eq!(messages[0].code.as_ref().map(String::len), Some(6));
    let list = registry.list_active(vendor).await.expect("a list");
    assert_eq!(list.len(), 1);
    assert_eq!((&list[0].vendor_order_id, list[0].number.as_ref()), (&id, Some(&number)));
    assert_eq!(Ok(&list[0].status), status.as_ref());
    assert_eq!(registry.history(vendor).await.map(|rows| rows.len()), Ok(1));
    assert_eq!(registry.cancel(vendor, &id).await, Ok(Cancellation::HasSms));
    let again = registry.resend(vendor, &id).await;
    assert_eq!(again, Ok(Resend::Requested { vendor_order_id: id.clone(), cost: None }));
    world.advance_secs(5);
    let status = registry.check(vendor, &id).await;
    assert!(matches!(status, Ok(OrderStatus::Received { messages }) if messages.len() == 2));
    registry.shutdown().await;
}

#[tokio::test]
async fn catalogue_quote_and_balance_are_canonical() {
    let world = mock(json!({"balance": "12.345", "stock": 9, "no_code_percent": 10}));
    let (registry, vendor) = (&world.registry, &world.vendor);
    let catalogue = registry.catalogue(vendor).await.expect("a catalogue");
    assert_eq!(catalogue.service_id("Google"), Some("google"));
    assert!(catalogue.countries.iter().any(|row| row.country == Country::US));
    let offered = Quote::Offered {
        cost: amount("0.80"),
        high_cost: amount("0.80"),
        stock: Some(9),
        success_percent: Some(90),
    };
    assert_eq!(registry.quote(vendor, "telegram", Country::US).await, Ok(offered));
    let unsupported = Quote::Unavailable { reason: RefusalReason::Unsupported };
    assert_eq!(registry.quote(vendor, "fax", Country::US).await, Ok(unsupported));
    assert_eq!(registry.balance(vendor).await, Ok(amount("12.345")));
    let status = &registry.status()[0];
    assert_eq!((status.plugin.as_str(), status.enabled, status.list_active), ("mock", true, true));
    assert_eq!((status.line, status.balance), (BreakerState::Closed, Some(amount("12.345"))));
    assert_eq!((status.sha256.len(), status.calls_per_minute), (64, 5));
}

#[tokio::test]
async fn refusals_and_unclear_purchases_keep_their_names() {
    for (settings, cap, reason) in [
        (json!({"stock": 0}), "1", RefusalReason::OutOfStock),
        (json!({}), "0.49", RefusalReason::PriceTooHigh),
        (json!({"refused_percent": 100}), "1", RefusalReason::Other),
        (json!({"error_percent": 100}), "1", RefusalReason::Unavailable),
        (json!({}), "-1", RefusalReason::BadRequest),
    ] {
        let world = mock(settings.clone());
        let got = world.registry.buy(&world.vendor, &want("ring4", cap)).await;
        assert_eq!(got, Purchase::Refused { reason }, "{settings} {cap}");
    }
    let world = mock(json!({"unclear_percent": 100}));
    let got = world.registry.buy(&world.vendor, &want("ring4", "1")).await;
    assert!(matches!(got, Purchase::Unclear { .. }), "{got:?}");
}

#[tokio::test]
async fn an_order_is_known_to_the_next_engine() {
    let settings = json!({"seed": 3, "delay_min_secs": 1, "delay_max_secs": 1});
    let first = mock(settings.clone());
    let id = bought(&first).await;
    first.registry.shutdown().await;
    let second = mock(settings);
    second.advance_secs(60);
    let list = second.registry.list_active(&second.vendor).await.expect("a list");
    assert!(list.is_empty(), "the list does not know it any more");
    let status = second.registry.check(&second.vendor, &id).await;
    assert!(matches!(status, Ok(OrderStatus::Received { .. })), "{status:?}");
    let status = second.registry.check(&second.vendor, "nonsense").await;
    assert_eq!(status, Err(CallError::OrderNotFound));
}

#[tokio::test]
async fn providers_that_are_unknown_disabled_or_stopped_are_not_asked() {
    let mut disabled = provider("no_such_plugin", Value::Null);
    disabled.enabled = false;
    let world = World::open(disabled).expect("a disabled provider is not loaded");
    let nobody = ProviderId::new("nobody").expect("a name");
    let unavailable = Purchase::Refused { reason: RefusalReason::Unavailable };
    for (id, error) in [(&world.vendor, CallError::Disabled), (&nobody, CallError::UnknownProvider)]
    {
        assert_eq!(world.registry.balance(id).await, Err(error));
        assert_eq!(world.registry.buy(id, &want("ring4", "1")).await, unavailable);
        assert!(!world.registry.can_buy(id));
    }
    let world = mock(json!({}));
    assert!(world.registry.can_buy(&world.vendor));
    world.registry.shutdown().await;
    world.registry.shutdown().await;
    assert_eq!(world.registry.balance(&world.vendor).await, Err(CallError::ShuttingDown));
    assert_eq!(world.registry.buy(&world.vendor, &want("ring4", "1")).await, unavailable);
}

#[tokio::test]
async fn many_calls_run_at_once() {
    let world = std::sync::Arc::new(mock(json!({"delay_min_secs": 600, "delay_max_secs": 600})));
    let calls = (0..200).map(|_| {
        let world = std::sync::Arc::clone(&world);
        tokio::spawn(async move {
            let id = bought(&world).await;
            world.registry.check(&world.vendor, &id).await
        })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.expect("no panic"), Ok(OrderStatus::Waiting));
    }
    let list = world.registry.list_active(&world.vendor).await.expect("a list");
    assert_eq!(list.len(), 200);
}

#[tokio::test]
async fn the_private_copy_is_written_once_and_shared() {
    let world = mock(json!({}));
    let sha256 = world.registry.status()[0].sha256.clone();
    assert_eq!(world.cache_files(), [format!("{sha256}.so")]);
}

#[test]
fn a_call_into_a_plugin_can_be_timed() {
    let cache = tempfile::tempdir().expect("a temporary folder");
    let time = |stem: &str, body: &[u8]| {
        let file = inspect(&plugin_path(None, stem).expect("our own folder")).expect("a plugin");
        time_checks(&file, cache.path(), &json!({}), body, 100)
    };
    let mean = time("provider_smspool", br#"{"status":1,"time_left":500}"#).expect("a time");
    assert!(!mean.is_zero() && mean < std::time::Duration::from_millis(100), "{mean:?}");
    let error = time("provider_mock", b"").err().map(|error| error.to_string());
    assert!(error.is_some_and(|line| line.contains("not one request and one answer")));
}
