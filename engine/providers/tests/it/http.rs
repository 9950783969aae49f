//! What the transport promises, against a vendor on loopback and through a real plugin file.

use std::time::{Duration, Instant};

use ring4_providers::{
    BreakerState, CallError, Cancellation, OrderStatus, Purchase, RefusalReason,
};
use serde_json::json;

use crate::vendor::{Reply, Vendor};
use crate::world::{World, provider, want};

const KEY: &str = "k3y-Of-the-Shop";

fn at(base_url: &str, path: &str, misdeed: &str) -> World {
    let mut options = provider("misbehaving_plugin", json!({"path": path, "misdeed": misdeed}));
    options.base_url = Some(base_url.to_owned());
    options.limits.call_timeout = Duration::from_secs(2);
    World::open(options).expect("the plugin")
}

async fn buy(world: &World) -> Purchase {
    world.registry.buy(&world.vendor, &want("ring4", "0.30")).await
}

#[tokio::test]
async fn the_key_goes_into_the_header_and_nowhere_else() {
    let vendor = Vendor::obliging().await;
    let world = at(&vendor.base_url, "/ok", "none");
    assert!(matches!(buy(&world).await, Purchase::Bought { .. }));
    let requests = vendor.requests();
    assert_eq!(requests.len(), 1);
    assert!(requests[0].starts_with("POST /ok HTTP/1.1\r\n"));
    assert!(requests[0].contains(&format!("authorization: Bearer {KEY}\r\n")));
    assert_eq!(requests[0].matches(KEY).count(), 1);
}

#[tokio::test]
async fn a_purchase_that_may_have_reached_the_vendor_is_unclear() {
    let vendor = Vendor::obliging().await;
    for (path, misdeed) in [
        ("/hang", "none"),
        ("/cut", "none"),
        ("/stall", "none"),
        ("/big", "none"),
        ("/500", "none"),
        ("/moved", "none"),
        // The plugin calls these refusals; the engine knows better.
        ("/500", "refuse"),
        ("/hang", "refuse"),
    ] {
        let before = vendor.requests().len();
        let world = at(&vendor.base_url, path, misdeed);
        let got = buy(&world).await;
        assert!(matches!(got, Purchase::Unclear { .. }), "{path} {misdeed}: {got:?}");
        let sent = vendor.requests().len() - before;
        assert_eq!(sent, 1, "{path}: a purchase is sent once");
    }
    let world = at(&vendor.base_url, "/403", "refuse");
    let refused = Purchase::Refused { reason: RefusalReason::OutOfStock };
    assert_eq!(buy(&world).await, refused, "an answered no is a no");
}

#[tokio::test]
async fn a_purchase_that_did_not_leave_is_refused() {
    // Bound and dropped, so nobody listens there.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let closed_url = format!("http://{}", closed.local_addr().expect("an address"));
    drop(closed);
    let unreachable = Purchase::Refused { reason: RefusalReason::Unreachable };
    for base_url in [closed_url.as_str(), "https://no-such-host.invalid"] {
        let world = at(base_url, "/ok", "none");
        assert_eq!(buy(&world).await, unreachable, "{base_url}");
        let check = world.registry.check(&world.vendor, "ORDER-1").await;
        assert!(matches!(check, Err(CallError::NotSent(_))), "{base_url}: {check:?}");
    }
}

#[tokio::test]
async fn requests_that_break_a_rule_never_leave() {
    let vendor = Vendor::obliging().await;
    for misdeed in
        ["foreign_host", "plain_http", "unknown_secret", "secret_in_query", "reserved_header"]
    {
        let world = at(&vendor.base_url, "/ok", misdeed);
        let unreachable = Purchase::Refused { reason: RefusalReason::Unreachable };
        assert_eq!(buy(&world).await, unreachable, "{misdeed}");
        let check = world.registry.check(&world.vendor, "ORDER-1").await;
        assert!(matches!(check, Err(CallError::NotSent(_))), "{misdeed}: {check:?}");
    }
    assert_eq!(vendor.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn only_what_may_be_repeated_is() {
    let vendor = Vendor::obliging().await;
    for (path, requests) in [("/ok", 1), ("/flaky", 3), ("/500", 1), ("/403", 1), ("/hang", 3)] {
        let before = vendor.requests().len();
        let world = at(&vendor.base_url, path, "none");
        let got = world.registry.check(&world.vendor, "ORDER-1").await;
        let good = matches!(path, "/ok" | "/flaky");
        assert_eq!(got == Ok(OrderStatus::Waiting), good, "{path}: {got:?}");
        assert_eq!(vendor.requests().len() - before, requests, "{path}");
    }
    let before = vendor.requests().len();
    let world = at(&vendor.base_url, "/hang", "none");
    let got = world.registry.cancel(&world.vendor, "ORDER-1").await;
    assert!(matches!(got, Ok(Cancellation::Unclear { .. })), "{got:?}");
    assert_eq!(vendor.requests().len() - before, 1, "a cancel is not repeated");
    let before = vendor.requests().len();
    let got = world.registry.balance(&world.vendor).await;
    assert!(matches!(got, Err(CallError::Unanswered(_))), "{got:?}");
    assert_eq!(vendor.requests().len() - before, 1, "nor what is not marked as repeatable");
    let before = vendor.requests().len();
    let world = at(&vendor.base_url, "/hang", "repeat_purchase");
    let got = buy(&world).await;
    assert!(matches!(got, Purchase::Unclear { .. }), "{got:?}");
    assert_eq!(vendor.requests().len() - before, 1, "nor a purchase, whatever the plugin says");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let vendor = Vendor::obliging().await;
    let world = at(&vendor.base_url, "/moved", "none");
    let got = world.registry.check(&world.vendor, "ORDER-1").await;
    assert_eq!(got, Err(CallError::Unreadable("HTTP 302".to_owned())));
    assert_eq!(vendor.requests().len(), 1);
}

#[tokio::test]
async fn too_many_requests_are_answered_with_quiet() {
    let vendor = Vendor::obliging().await;
    let world = at(&vendor.base_url, "/busy", "none");
    let check = || world.registry.check(&world.vendor, "ORDER-1");
    assert_eq!(check().await, Err(CallError::Refused(RefusalReason::RateLimited)));
    for turn in 0..3 {
        let got = check().await;
        let hushed = matches!(&got, Err(CallError::NotSent(why)) if why.contains("s of quiet"));
        assert!(hushed, "{turn}: {got:?}");
    }
    assert_eq!(vendor.requests().len(), 1, "the vendor is left alone for its seven seconds");
}

#[tokio::test]
async fn a_call_ends_by_its_deadline() {
    let vendor = Vendor::obliging().await;
    let world = at(&vendor.base_url, "/stall", "none");
    let start = Instant::now();
    let got = world.registry.check(&world.vendor, "ORDER-1").await;
    assert!(matches!(got, Err(CallError::Unanswered(_))), "{got:?}");
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
}

#[tokio::test]
async fn errors_hold_neither_key_nor_address() {
    let vendor = Vendor::open(|_, _| Reply::Hang).await;
    let port = vendor.base_url.rsplit(':').next().expect("a port").to_owned();
    let world = at(&vendor.base_url, "/secret-path", "none");
    let Err(error) = world.registry.check(&world.vendor, "ORDER-1").await else { panic!() };
    let Purchase::Unclear { why } = buy(&world).await else { panic!() };
    for text in
        [error.to_string(), format!("{error:?}"), why, format!("{:?}", provider("x", json!({})))]
    {
        for hidden in [KEY, "secret-path", "127.0.0.1", &port] {
            assert!(!text.contains(hidden), "{hidden} in {text}");
        }
    }
}

#[tokio::test]
async fn stopping_makes_a_purchase_under_way_unclear() {
    let vendor = Vendor::obliging().await;
    let world = std::sync::Arc::new(at(&vendor.base_url, "/stall", "none"));
    let buyer = std::sync::Arc::clone(&world);
    let purchase = tokio::spawn(async move { buy(&buyer).await });
    let deadline = Instant::now() + Duration::from_secs(10);
    while vendor.requests().is_empty() {
        assert!(Instant::now() < deadline, "the request arrives");
        tokio::task::yield_now().await;
    }
    world.registry.shutdown().await;
    let got = purchase.await.expect("no panic");
    assert_eq!(got, Purchase::Unclear { why: "the engine is stopping".to_owned() });
}

#[tokio::test]
async fn a_failing_vendor_is_left_alone_and_sales_stop() {
    let vendor = Vendor::obliging().await;
    let world = at(&vendor.base_url, "/500", "none");
    for _ in 0..5 {
        let got = world.registry.check(&world.vendor, "ORDER-1").await;
        assert!(matches!(got, Err(CallError::Unreadable(_))), "{got:?}");
    }
    let got = world.registry.check(&world.vendor, "ORDER-1").await;
    assert!(matches!(got, Err(CallError::BreakerOpen { .. })), "{got:?}");
    assert_eq!(buy(&world).await, Purchase::Refused { reason: RefusalReason::Unavailable });
    assert!(!world.registry.can_buy(&world.vendor));
    let status = &world.registry.status()[0];
    assert_eq!((status.line, status.selling), (BreakerState::Open, BreakerState::Closed));
    assert_eq!(status.error_percent, 100);
    assert_eq!(vendor.requests().len(), 5);
}
