//! A plugin that does everything wrong: each misdeed is an error of one call, and the engine
//! goes on.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ring4_domain::sale::Sale;
use ring4_providers::{
    CallError, Cancellation, FaultKind, LoadRefusal, OrderStatus, Purchase, RefusalReason,
};
use serde_json::json;

use crate::vendor::Vendor;
use crate::world::{World, provider, want};

fn open(vendor: &Vendor, misdeed: &str) -> World {
    open_with(vendor, misdeed, Duration::from_secs(5))
}

fn open_with(vendor: &Vendor, misdeed: &str, step_timeout: Duration) -> World {
    let mut options = provider("misbehaving_plugin", json!({"misdeed": misdeed}));
    options.base_url = Some(vendor.base_url.clone());
    options.limits.step_timeout = step_timeout;
    World::open(options).expect("the plugin")
}

#[tokio::test]
async fn every_misdeed_is_an_error_of_that_call() {
    let vendor = Vendor::obliging().await;
    for (misdeed, want) in [
        ("panic_at_once", "it panicked: at once, with the code ####"),
        ("panic_twice", "it panicked: a payload that is not text"),
        ("panic_after_await", "it panicked: after the answer"),
        ("await_something_else", "it awaited something else than http.send"),
        ("await_two", "it sent two requests at once"),
        ("too_many_steps", "it sent more than 8 requests"),
        ("write_nonsense", "its answer is not readable"),
        ("write_nothing", "its answer is not readable"),
        ("answer_another", "it answered another question"),
        ("huge_answer", "its answer is too long"),
        ("send_and_end", "it sends a request after its end"),
    ] {
        let world = open(&vendor, misdeed);
        for _ in 0..2 {
            let got = world.registry.check(&world.vendor, "ORDER-1").await;
            let Err(CallError::PluginFault(why)) = &got else { panic!("{misdeed}: {got:?}") };
            assert!(why.contains(want), "{misdeed}: {why}");
        }
        assert!(!world.registry.status()[0].out_of_service, "{misdeed}");
        world.registry.shutdown().await;
    }
}

#[tokio::test]
async fn a_purchase_is_unclear_once_a_request_went_out() {
    let vendor = Vendor::obliging().await;
    for (misdeed, clear) in [
        ("panic_at_once", true),
        ("await_something_else", true),
        ("write_nonsense", true),
        ("answer_another", true),
        ("loop", true),
        ("panic_after_await", false),
        ("loop_after_await", false),
        ("too_many_steps", false),
        ("overlong_number", false),
        ("bad_order_id", false),
        ("absurd_cost", false),
    ] {
        let step_timeout = Duration::from_millis(500);
        let world = open_with(&vendor, misdeed, step_timeout);
        let got = world.registry.buy(&world.vendor, &want("ring4", "0.30")).await;
        if clear {
            let unavailable = Purchase::Refused { reason: RefusalReason::Unavailable };
            assert_eq!(got, unavailable, "{misdeed}");
        } else {
            assert!(matches!(got, Purchase::Unclear { .. }), "{misdeed}: {got:?}");
        }
    }
}

#[tokio::test]
async fn a_stuck_plugin_is_replaced_a_few_times_and_holds_up_nobody() {
    let vendor = Vendor::obliging().await;
    let stuck = open_with(&vendor, "loop", Duration::from_millis(300));
    let good = open(&vendor, "none");
    // The first instance, and three in its place.
    for _ in 0..4 {
        assert!(!stuck.registry.status()[0].out_of_service);
        let got = stuck.registry.check(&stuck.vendor, "ORDER-1").await;
        assert_eq!(got, Err(CallError::OutOfService));
    }
    let start = Instant::now();
    let got = stuck.registry.check(&stuck.vendor, "ORDER-1").await;
    assert!(matches!(got, Err(CallError::OutOfService | CallError::BreakerOpen { .. })), "{got:?}");
    assert!(start.elapsed() < Duration::from_millis(200), "later calls fail at once");
    assert!(stuck.registry.status()[0].out_of_service);
    assert!(!stuck.registry.can_buy(&stuck.vendor));
    let got = good.registry.check(&good.vendor, "ORDER-1").await;
    assert_eq!(got, Ok(OrderStatus::Waiting));
    let start = Instant::now();
    stuck.registry.shutdown().await;
    assert!(start.elapsed() < Duration::from_secs(2), "stopping does not wait for it");
}

#[tokio::test]
async fn a_plugin_at_fault_sells_no_more_but_serves_what_is_open() {
    let vendor = Vendor::obliging().await;
    for (misdeed, kind, calls) in [
        ("stall_buying", FaultKind::Stalled, 1),
        ("panic_buying", FaultKind::Failed, 3),
        ("bad_order_id", FaultKind::Lied, 3),
        ("absurd_cost", FaultKind::Lied, 3),
        ("overcharge", FaultKind::Overcharged, 1),
        ("foreign_host", FaultKind::Trespassed, 1),
        ("secret_in_query", FaultKind::Trespassed, 1),
    ] {
        let world = open_with(&vendor, misdeed, Duration::from_millis(500));
        let (registry, id) = (&world.registry, &world.vendor);
        for _ in 0..calls {
            assert!(registry.can_buy(id), "{misdeed}");
            drop(registry.buy(id, &want("ring4", "0.30")).await);
        }
        let status = &registry.status()[0];
        let got = status.quarantine.as_ref().map(|fault| fault.kind);
        assert_eq!((got, status.faults.len()), (Some(kind), calls), "{misdeed}");
        assert!(!registry.can_buy(id), "{misdeed}");
        let before = vendor.requests().len();
        let unavailable = Purchase::Refused { reason: RefusalReason::Unavailable };
        assert_eq!(registry.buy(id, &want("ring4", "0.30")).await, unavailable, "{misdeed}");
        assert_eq!(vendor.requests().len(), before, "{misdeed}: nobody is asked");
        if kind != FaultKind::Trespassed {
            let check = registry.check(id, "ORDER-1").await;
            assert_eq!(check, Ok(OrderStatus::Waiting), "{misdeed}");
            assert_eq!(registry.cancel(id, "ORDER-1").await, Ok(Cancellation::Cancelled));
        }
        assert!(registry.set_sale(id, Sale::Open));
        assert!(registry.can_buy(id), "{misdeed}: an admin let it sell again");
    }
}

#[tokio::test]
async fn an_admin_decides_whether_a_vendor_sells_serves_or_rests() {
    let vendor = Vendor::obliging().await;
    let world = open(&vendor, "none");
    let (registry, id) = (&world.registry, &world.vendor);
    let wanted = want("ring4", "0.30");
    let unavailable = Purchase::Refused { reason: RefusalReason::Unavailable };
    for (sale, sells, check) in [
        (Sale::Draining, false, Ok(OrderStatus::Waiting)),
        (Sale::Off, false, Err(CallError::Disabled)),
        (Sale::Open, true, Ok(OrderStatus::Waiting)),
    ] {
        assert!(registry.set_sale(id, sale));
        assert_eq!((registry.can_buy(id), registry.status()[0].sale), (sells, sale));
        assert_eq!(registry.buy(id, &wanted).await != unavailable, sells, "{sale:?}");
        assert_eq!(registry.check(id, "ORDER-1").await, check, "{sale:?}");
    }
    let nobody = ring4_domain::ids::ProviderId::new("nobody").expect("a name");
    assert!(!registry.set_sale(&nobody, Sale::Off));
}

#[tokio::test]
async fn misdeeds_while_loading_are_refusals() {
    for (misdeed, want) in [
        ("panic_on_create", "provider vendor: settings: it panicked: while it was made"),
        ("loop_on_create", "did not start within 1s"),
        ("unheard_of", "unknown variant `unheard_of`"),
    ] {
        let mut options = provider("misbehaving_plugin", json!({"misdeed": misdeed}));
        options.limits.step_timeout = Duration::from_millis(500);
        let Err(error) = World::open(options) else { panic!("{misdeed} was loaded") };
        let line = error.to_string();
        assert!(line.contains(want) && line.contains("misbehaving_plugin"), "{misdeed}: {line}");
        let stuck = matches!(error.refusal, LoadRefusal::Stuck { .. });
        assert_eq!(stuck, misdeed == "loop_on_create");
    }
}

/// Collects what the engine logs.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_a_plugin_logs_is_masked_counted_and_named() {
    // Plugins log from threads of their own, so the subscriber is this whole process's; the
    // lines of other tests are told apart by the provider's name.
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .init();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let vendor = Vendor::obliging().await;
        let mut options = provider("misbehaving_plugin", json!({"misdeed": "chatter"}));
        options.id = ring4_domain::ids::ProviderId::new("chatterbox").expect("a name");
        options.base_url = Some(vendor.base_url.clone());
        let world = World::open(options).expect("the plugin");
        let got = world.registry.check(&world.vendor, "ORDER-1").await;
        assert_eq!(got, Ok(OrderStatus::Waiting));
    });
    let log = String::from_utf8(log.0.lock().expect("no panic").clone()).expect("text");
    let lines: Vec<_> = log.lines().filter(|line| line.contains("chatterbox")).collect();
    assert_eq!(lines.len(), 50, "a step logs so many lines and no more");
    assert!(lines[0].contains("WARN") && lines[0].contains("the code is #### and a second line"));
    assert!(!log.contains("48213"), "{log}");
}
