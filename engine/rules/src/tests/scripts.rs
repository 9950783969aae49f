//! Scripts and their tests that are wrong, and the whole answer to each.

use super::{Files, build, build_with, files, offer, params};

/// A price script, and the first line of the report on it.
const PRICING: &[(&str, &str)] = &[
    (
        "fn price(offer) {\n  let x = 1;\n  loop { x = x + 1; }\n}",
        "3:16: too many steps, is this loop endless?",
    ),
    ("fn price(offer) { while true {} }", "1:19: too many steps, is this loop endless?"),
    ("fn price(offer) {\n  offer.cost *\n}", "3:1: Unexpected '}'"),
    ("fn price(offer) { offer.cost", "1:29: Expecting ';' to terminate this statement"),
    ("fn price(offer) { -1 }", "1:4: `price` answered -1, which is not above 0"),
    (
        "fn price(offer) { offer.cost - offer.cost }",
        "1:4: `price` answered 0.00, which is not above 0",
    ),
    (
        "fn price(offer) { 99999999999999999 }",
        "1:4: `price` answered 99999999999999999, which is no amount",
    ),
    ("fn price(offer) { \"1\" }", "1:4: `price` answered with string, not with a number"),
    ("fn price(offer) { }", "1:4: `price` answered with (), not with a number"),
    ("fn prise(offer) { 1 }", " function `price` is missing, `prise` may have been meant"),
    ("fn other(offer) { 1 }", " function `price` is missing"),
    ("\nfn price(a, b) { 1 }", "2:4: `price` takes 1 parameter, this one has 2"),
    ("fn price(offer) { offer.costt }", "1:25: unknown property `costt`, did you mean `cost`?"),
    (
        "fn price(offer) {\n  offer.params.pricing.min_prize\n}",
        "2:23: unknown setting `min_prize`, did you mean `min_price`?",
    ),
    ("fn price(offer) { cost }", "1:19: Undefined variable: cost"),
    ("fn price(offer) { rond(offer.cost) }", "1:19: unknown function `rond (decimal)`"),
    ("fn price(offer) { price(offer) }", "1:25: functions call each other too deeply"),
    (
        "fn price(offer) {\n  let s = \"x\";\n  loop { s += s; }\n}",
        "3:15: Length of string grows too large",
    ),
    (
        "fn price(offer) { let a = []; loop { a.push(1) } }",
        "1:40: Size of array/BLOB grows too large",
    ),
    (
        "fn price(offer) { let s = \"\"; s.pad(1000000, 'x'); 1 }",
        "1:33: Length of string grows too large",
    ),
    ("fn price(offer) { offer.cost / 0 }", "1:30: 0.01 divided by 0"),
    ("fn price(offer) { 1 / (offer.orders_done - offer.orders_done) }", "1:21: 1 divided by 0"),
    (
        "fn price(offer) { let x = 15; x /= 100; x }",
        "1:33: Unknown operator: '/=', write x = x / y",
    ),
    ("fn price(offer) { eval(\"1\") }", "1:19: reserved keyword 'eval' is disabled"),
    ("import \"x\" as x;\nfn price(offer) { 1 }", "1:1: 'import' is a reserved keyword"),
    ("fn price(offer) { sleep(10); 1 }", "1:19: a script cannot wait"),
    (
        "let margin = 5;\nfn price(offer) { 1 }",
        "1:1: statements outside functions never run, settings belong into \
         config.yaml and arrive as params",
    ),
    ("fn price(offer) { throw \"no\"; }", "1:19: no"),
    (
        "fn price(offer) { 1 }\nfn test_a() { assert_eq(1 / 8, 0.13); }",
        "2:15: test_a: expected 0.13, got 0.125",
    ),
    (
        "fn price(offer) { 1 }\nfn test_b() { assert(price(offer(#{ cots: 1 })) == 1); }",
        "2:28: test_b: unknown fact `cots`, did you mean `cost`?",
    ),
];

fn with(path: &str, text: &str) -> Files {
    let mut files = files();
    files.retain(|path, _| !path.contains("/tests/"));
    files.insert(path.to_owned(), text.to_owned());
    files
}

#[test]
fn a_bad_script_is_refused_with_its_line() {
    for (script, want) in PRICING {
        let report = build(&with("scripts/pricing.rhai", script)).unwrap_err().to_string();
        let first = report.lines().next().unwrap();
        // The offer on which it showed is named too; here it is always the first sample.
        let first = first.replace(" (for google in US at a cost of 0.01)", "");
        assert_eq!(first, format!("scripts/pricing.rhai:{want}"), "\n{script}");
    }
}

#[test]
fn a_bad_schedule_is_refused_with_its_line() {
    for (script, want) in [
        (
            "fn next_poll(order) { 0 }",
            "1:4: `next_poll` answered 0, which is no delay of 1 s or more \
             (at 0 s of age after 0 errors)",
        ),
        (
            "fn next_poll(order) { if order.age_secs < 60 { 2 } else { order.agee_secs } }",
            "1:65: unknown property `agee_secs` (at 60 s of age after 0 errors), \
             did you mean `age_secs`?",
        ),
        (
            "fn next_poll(order) { if order.errors > 50 { -2 } else { 2 } }",
            "1:4: `next_poll` answered -2, which is no delay of 1 s or more \
             (at 0 s of age after 100 errors)",
        ),
    ] {
        let report = build(&with("scripts/polling.rhai", script)).unwrap_err().to_string();
        let first = report.lines().next().unwrap();
        assert_eq!(first, format!("scripts/polling.rhai:{want}"), "\n{script}");
    }
}

#[test]
fn numbers_in_scripts_are_exact() {
    for (script, want) in [
        ("fn price(offer) { 0.1 + 0.2 }", "0.3"),
        ("fn price(offer) { 15 / 100 }", "0.15"),
        ("fn price(offer) { let a = 15; let b = 100; a / b }", "0.15"),
        ("fn price(offer) { offer.cost * (1 + 15 / 100) }", "1.15"),
        ("fn price(offer) { 3 }", "3"),
        ("fn price(offer) { 1.0000001 }", "1.000001"),
        ("fn price(offer) { let x = 1.5; x += 1; x }", "2.5"),
        ("fn price(offer) { 7 % 4 }", "3"),
        ("fn price(offer) { 2 + 12 / 4 * 3 - 6 / 4 }", "9.5"),
        ("fn price(offer) { 12 / 4 / 3 }", "1"),
        ("fn price(offer) { 2 * 3 / 4 }", "1.5"),
        ("fn price(offer) { 1 + 1 / 2.5 + 1.5 / 3 }", "1.9"),
    ] {
        let rules = build(&with("scripts/pricing.rhai", script)).unwrap();
        assert_eq!(rules.price(&offer("ring4", "1")), Ok(super::amount(want)), "{script}");
    }
}

#[test]
fn a_missing_or_misnamed_script_is_said() {
    let mut files = files();
    let text = files.remove("scripts/pricing.rhai").unwrap();
    files.insert("scripts/pricng.rhai".to_owned(), text);
    let report = build(&files).unwrap_err().to_string();
    assert_eq!(
        report,
        "pricing.rhai: is missing\n\
         scripts/pricng.rhai: no script of this name is called, did you mean `pricing.rhai`?"
    );
}

#[test]
fn rows_of_the_operator_must_hold() {
    let rows = [
        (
            "price:\n  - name: cheap\n    offer: { service: ring4, cost: 0.30 }\n    \
             expect: 0.33\n",
            "scripts/tests/own.yaml:4:13: price[0].expect: cheap: expected 0.33, got 0.324\n  \
             4 |     expect: 0.33\n    |             ^",
        ),
        (
            "next_poll:\n  - order: { age_secs: 70 }\n    expect: 2\n",
            "scripts/tests/own.yaml:3:13: next_poll[0].expect: expected 2, got 3\n  \
             3 |     expect: 2\n    |             ^",
        ),
        (
            "price:\n  - offer: { srevice: ring4 }\n    expect: 1\n",
            "scripts/tests/own.yaml:2:12: price[0].offer: unknown fact `srevice`, did you mean \
             `service`?\n  2 |   - offer: { srevice: ring4 }\n    |            ^",
        ),
        (
            "params: { pricing.margn_percent: 5 }\n",
            "scripts/tests/own.yaml:1:9: params: unknown setting `pricing.margn_percent`, did you \
             mean `pricing.margin_percent`?\n  \
             1 | params: { pricing.margn_percent: 5 }\n    |         ^",
        ),
        (
            "prices: []\n",
            "scripts/tests/own.yaml:1:1: unknown key `prices`, did you mean `price`?\n  \
             1 | prices: []\n    | ^",
        ),
        (
            "price:\n  - offer: {}\n",
            "scripts/tests/own.yaml:2:5: price[0]: missing key `expect`\n  \
             2 |   - offer: {}\n    |     ^",
        ),
    ];
    for (text, want) in rows {
        let mut files = files();
        files.insert("scripts/tests/own.yaml".to_owned(), text.to_owned());
        assert_eq!(build(&files).unwrap_err().to_string(), want, "{text}");
    }
}

#[test]
fn shipped_rows_hold_whatever_the_operator_sets() {
    let mut params = params();
    params
        .set("pricing.margin_percent", rust_decimal::Decimal::from(40))
        .set("pricing.use_fixed_prices", true)
        .set("services.ring4.fixed_price", super::amount("3"))
        .set("services.ring4.margin_percent", None::<super::Decimal>)
        .set("pricing.bulk_discount.enabled", true)
        .set("pricing.demand_factor.enabled", true)
        .set("polling.initial_secs", 9_u32)
        .set("polling.ceiling_secs", 20_u32);
    let outcome = build_with(&files(), &params);
    assert_eq!(outcome.map(|_| ()).map_err(|report| report.to_string()), Ok(()));
}

#[test]
fn a_limit_passed_deep_inside_is_found_there() {
    let script = "fn price(offer) {\n  outer(offer.cost)\n}\nfn outer(x) { inner(x) }\n\
                  fn inner(x) {\n  for i in 0..1000000 {\n    x = x + i;\n  }\n  x\n}\n";
    let report = build(&with("scripts/pricing.rhai", script)).unwrap_err();
    assert_eq!((report.problems[0].line, report.problems.len()), (7, 1), "{report}");
}

#[test]
fn a_rule_on_deposits_that_would_not_be_asked_is_a_fault() {
    let shipped = files();
    let shipped = shipped.get("scripts/policy.rhai").unwrap();
    let without = shipped.replace("fn auto_approve(", "fn other(");
    let without: String = without
        .lines()
        .filter(|line| !line.contains("assert_eq!(auto_approve"))
        .collect::<Vec<_>>()
        .join("\n");
    // script, what is wrong, whether it judges deposits
    let rows = [
        ("fn auto_approve(deposit) { false }", None, true),
        ("fn auto_approve(deposit, params) { false }", Some("has 2"), true),
        ("fn auto_approve() { false }", Some("has 0"), true),
        ("", None, false),
    ];
    for (function, fault, judges) in rows {
        let text = format!("{without}\n{function}\n");
        match (build(&with("scripts/policy.rhai", &text)), fault) {
            (Ok(rules), None) => assert_eq!(rules.judges_deposits(), judges, "{function}"),
            (Err(report), Some(fault)) => {
                let report = report.to_string();
                let said = format!("`auto_approve` takes 1 parameter, this one {fault}");
                assert!(report.contains(&said), "{function}: {report}");
            }
            (built, _) => panic!("{function}: {:?}", built.map(|_| ())),
        }
    }
}
