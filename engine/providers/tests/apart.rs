//! Plugins in processes of their own. This program is its own plugin host: with the word
//! `plugin-host` it serves a plugin over its standard input and output, without it is the test.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ring4_domain::ids::{Country, ProviderId};
use ring4_domain::money::Amount;
use ring4_providers::{
    BuyRequest, CallError, HostCommand, Limits, LoadRefusal, OrderStatus, PluginOptions,
    ProviderOptions, Purchase, Registry, Secret, serve_plugin,
};
use serde_json::{Value, json};

/// Calls that are timed on either side.
const TIMED: u32 = 500;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("plugin-host") {
        let (from, to) = (std::io::stdin().lock(), std::io::stdout().lock());
        return serve_plugin(from, to).expect("whole messages");
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        an_order_lives_in_another_process().await;
        what_ends_the_process_is_an_error_of_one_call().await;
        a_stuck_process_is_ended_and_started_again().await;
        refusals_come_through().await;
        the_cost_of_a_call().await;
    });
    println!("plugins in processes of their own: 5 tests passed");
}

fn open(plugin: &str, settings: Value, apart: bool) -> Result<Registry, LoadRefusal> {
    let cache = tempfile::tempdir().expect("a folder");
    let program = std::env::current_exe().expect("this program");
    let command = HostCommand { program, arguments: vec!["plugin-host".to_owned()], log: None };
    let options = ProviderOptions {
        id: id(),
        plugin: plugin.to_owned(),
        base_url: Some("http://127.0.0.1:9".to_owned()),
        settings,
        secrets: BTreeMap::from([("api_key".to_owned(), Secret::new("k3y-Of-the-Shop"))]),
        enabled: true,
        isolation: apart.then_some(command),
        limits: Limits { step_timeout: Duration::from_secs(1), ..Limits::default() },
    };
    let cache_dir = cache.path().to_owned();
    let plugins = PluginOptions { dir: None, cache_dir, allow: Vec::new() };
    let loaded = Registry::load(vec![options], &plugins, Arc::new(|| 1_760_000_000_000));
    // The copy stays mapped or open; its folder may go only when the registry is gone.
    std::mem::forget(cache);
    loaded.map_err(|error| error.refusal)
}

fn id() -> ProviderId {
    ProviderId::new("vendor").expect("a name")
}

async fn an_order_lives_in_another_process() {
    let registry = open("provider_mock", json!({}), true).expect("the mock vendor");
    let max_price = Amount::from_micros(1_000_000);
    let want = BuyRequest { service: "ring4".to_owned(), country: Country::US, max_price };
    let bought = registry.buy(&id(), &want).await;
    let Purchase::Bought { vendor_order_id, .. } = bought else { panic!("{bought:?}") };
    assert_eq!(registry.check(&id(), &vendor_order_id).await, Ok(OrderStatus::Waiting));
    assert_eq!(registry.status()[0].plugin, "mock");
    registry.shutdown().await;
}

async fn what_ends_the_process_is_an_error_of_one_call() {
    for misdeed in ["abort", "overflow_stack"] {
        let settings = json!({ "misdeed": misdeed });
        let registry = open("misbehaving_plugin", settings, true).expect("the plugin");
        for _ in 0..2 {
            let checked = registry.check(&id(), "ORDER-1").await;
            let Err(CallError::PluginFault(why)) = &checked else { panic!("{checked:?}") };
            assert!(why.contains("its process ended: signal"), "{misdeed}: {why}");
            // The next call has a process again.
            let balance = registry.balance(&id()).await;
            assert!(matches!(balance, Err(CallError::NotSent(_))), "{misdeed}: {balance:?}");
        }
        registry.shutdown().await;
    }
}

async fn a_stuck_process_is_ended_and_started_again() {
    let registry = open("misbehaving_plugin", json!({"misdeed": "loop"}), true).expect("it");
    for _ in 0..4 {
        assert_eq!(registry.check(&id(), "ORDER-1").await, Err(CallError::OutOfService));
        assert!(!registry.status()[0].out_of_service, "a process can always be ended");
    }
    assert!(registry.status()[0].quarantine.is_some());
    let started = Instant::now();
    registry.shutdown().await;
    assert!(started.elapsed() < Duration::from_secs(3), "nobody waits for it");
}

async fn refusals_come_through() {
    let refused = open("provider_mock", json!({"unheard_of": 1}), true);
    let refused = refused.err().expect("a refusal").to_string();
    assert!(refused.contains("provider vendor: settings: unknown field `unheard_of`"), "{refused}");
    let stuck = open("misbehaving_plugin", json!({"misdeed": "loop_on_create"}), true);
    assert!(matches!(stuck.err(), Some(LoadRefusal::Stuck { .. })));
}

/// One call of the mock vendor is one step, so this is a step with its hop and its JSON.
async fn the_cost_of_a_call() {
    for (place, apart) in [("in the engine's process", false), ("in its own process", true)] {
        let registry = open("provider_mock", json!({}), apart).expect("the mock vendor");
        let started = Instant::now();
        for _ in 0..TIMED {
            registry.balance(&id()).await.expect("a balance");
        }
        let mean = started.elapsed() / TIMED;
        println!("a step of a plugin {place}: {} µs", mean.as_micros());
        assert!(mean < Duration::from_millis(50), "{place}: {mean:?}");
        registry.shutdown().await;
    }
}
