//! The kit against every plugin of the project: the shipped ones pass, and each misdeed of the
//! one that misbehaves is named.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

use futures_util::StreamExt as _;
use ring4_kit::{Log, Options, Report, Samples};
use ring4_providers::plugin_path;
use serde_json::{Value, json};

async fn run(stem: &str, settings: Value, samples: &str, only: &str, log: Option<&Log>) -> Report {
    let samples = match samples {
        "" => Samples::default(),
        text => Samples::parse(text).unwrap_or_else(|error| panic!("{stem}: {error}")),
    };
    let file = plugin_path(None, stem).expect("our own folder");
    let options = Options { file, settings, samples, only: only.to_owned(), isolation: None };
    let report = ring4_kit::run(options, log, |_, _| {}).await;
    report.unwrap_or_else(|error| panic!("{stem}: {error}"))
}

fn failures(report: &Report) -> Vec<String> {
    let line = |finding: &ring4_kit::Finding| {
        finding.fault.as_ref().map(|fault| format!("{}: {fault}", finding.check))
    };
    report.findings.iter().filter_map(line).collect()
}

/// Which checks run: those of a purchase unless `RING4_KIT` is set.
fn parts() -> &'static [&'static str] {
    if std::env::var_os("RING4_KIT").is_some() { &[""] } else { &["buy: "] }
}

#[tokio::test(flavor = "multi_thread")]
async fn shipped_plugins_and_the_example_pass() {
    let smspool = include_str!("../../../plugins/smspool/kit.json");
    let fivesim = include_str!("../../../plugins/fivesim/kit.json");
    let handler_api = include_str!("../../../plugins/handler-api/kit.json");
    let minimal = include_str!("../../../examples/minimal-plugin/kit.json");
    for (stem, settings, samples) in [
        ("provider_smspool", Value::Null, smspool),
        ("minimal_plugin", Value::Null, minimal),
        ("provider_mock", Value::Null, ""),
        ("provider_handler_api", json!({"dialect": "herosms"}), handler_api),
        ("provider_fivesim", json!({"currency": "USD"}), fivesim),
    ] {
        for part in parts() {
            let report = run(stem, settings.clone(), samples, part, None).await;
            let (checks, secs) = (report.findings.len(), report.took.as_secs_f32());
            println!("{stem}: {checks} checks of `{part}` in {secs:.1} s (RING4_KIT=1 for all)");
            assert!(report.passed(), "{stem}: {:#?}", failures(&report));
        }
    }
}

/// A misdeed, the checks that are run, and words of the line that names it.
const MISDEEDS: [(&str, &str, &str); 35] = [
    ("none", "buy: HTML with 200", "says bought, but nothing was sold"),
    ("panic_on_create", "check: null", "it panicked: while it was made"),
    ("loop_on_create", "check: null", "did not start within"),
    ("panic_at_once", "check: null", "it broke the call: it panicked: at once"),
    ("panic_twice", "check: null", "it panicked: a payload that is not text"),
    ("panic_after_await", "cancel: null", "it panicked: after the answer"),
    ("loop", "check: null", "it stalled"),
    ("loop_after_await", "balance: null", "it stalled"),
    ("await_something_else", "check: null", "it awaited something else than http.send"),
    ("await_two", "check: null", "it sent two requests at once"),
    ("too_many_steps", "check: null", "it sent more than 8 requests"),
    ("foreign_host", "check: null", "it trespassed: the host is not in the plugin's manifest"),
    ("plain_http", "check: null", "it trespassed: only https is allowed"),
    ("unknown_secret", "check: null", "it trespassed: the request names a secret"),
    ("secret_in_query", "check: null", "it trespassed: a secret in the address"),
    ("reserved_header", "check: null", "it trespassed: the header host"),
    ("repeat_purchase", "buy: null", "says bought, but nothing was sold"),
    ("huge_answer", "check: null", "its answer is too long"),
    ("overlong_number", "buy: null", "it lied: bought, but the number is no E.164"),
    ("bad_order_id", "buy: null", "it lied: bought, but the order id is not usable"),
    ("absurd_cost", "buy: null", "it lied: bought, but the amount is out of bounds"),
    ("overcharge", "buy: a bare number", "says bought, but nothing was sold"),
    ("panic_buying", "buy: null", "in the middle of a purchase"),
    ("stall_buying", "buy: null", "it stalled"),
    ("refuse", "buy: HTML with 200", "says refused (OutOfStock) where the vendor did not refuse"),
    ("refuse", "buy: 500 and nothing", "called a purchase refused whose answer was lost"),
    ("write_nonsense", "check: null", "its answer is not readable"),
    ("write_nothing", "check: null", "its answer is not readable"),
    ("answer_another", "check: null", "it answered another question"),
    ("send_and_end", "check: null", "it sends a request after its end"),
    ("leak_in_error", "check: HTML with 200", "quotes a message of a customer"),
    ("leak_in_log", "check: HTML with 200", "the log quotes a message of a customer"),
    ("end_order", "check: an unknown word as state", "ends the order (Refunded)"),
    ("invent_message", "check: null", "it made a message up"),
    ("invent_cancel", "cancel: 500 and nothing", "says cancelled, but the vendor did not"),
];

const MORE_MISDEEDS: [(&str, &str, &str); 6] = [
    ("empty_list", "list_active: HTML with 200", "reads an empty list where there is no list"),
    ("invent_price", "quote: HTML with 200", "it made a price up"),
    ("buy_twice", "buy: the connection cut before", "it sent the purchase twice"),
    ("float_money", "balance: sample", "the amount is not 0.29"),
    ("fill_in", "buy: sample bought, no `id`", "the order's id is not the expected one"),
    ("fill_in", "buy: sample bought, `phone` is null", "the number is not the expected one"),
];

/// What the invented vendor of the misbehaving plugin answers.
const SAMPLES: &str = r#"{"service": "7741", "samples": [
    {"ask": "balance", "answers": [{"json": {"balance": "0.24"}}], "expect": {"amount": "0.24"}},
    {"ask": "buy", "answers": [{"json": {"id": 71, "phone": "+12015550100", "price": "0.24"}}],
     "expect": {"state": "bought", "id": "71", "number": "+12015550100", "amount": "0.24"}}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_misdeed_is_named() {
    let log = Log::default();
    let writer = log.clone();
    let made = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone());
    made.init();
    let rows = MISDEEDS.into_iter().chain(MORE_MISDEEDS);
    let judged = rows.map(|(misdeed, only, words)| {
        let log = &log;
        async move {
            let settings = json!({ "misdeed": misdeed });
            let log = (misdeed == "leak_in_log").then_some(log);
            let report = run("misbehaving_plugin", settings, SAMPLES, only, log).await;
            let lines = failures(&report);
            let named = lines.iter().any(|line| line.contains(words));
            assert!(named, "{misdeed}, {only}: {words:?} is not in {:#?}", report.findings);
        }
    });
    // Those that stall wait for their limits, all at once.
    futures_util::stream::iter(judged).buffer_unordered(8).collect::<Vec<()>>().await;
}

#[test]
fn samples_say_what_is_wrong_with_them() {
    for (text, words) in [
        ("{", "EOF"),
        (r#"{"sample": []}"#, "unknown field `sample`"),
        (r#"{"country": "usa"}"#, "country"),
        (r#"{"samples": [{"ask": "by", "answers": [], "expect": {}}]}"#, "`by` is none of"),
        (r#"{"samples": [{"ask": "buy", "answers": [], "expect": {}}]}"#, "no `json` or `text`"),
        (
            r#"{"samples": [{"ask": "buy", "answers": [{"text": ""}], "expect": {"state": "x"}}]}"#,
            "`x` cannot be expected",
        ),
    ] {
        let error = Samples::parse(text).expect_err(text);
        assert!(error.contains(words), "{text}: {error}");
    }
}
