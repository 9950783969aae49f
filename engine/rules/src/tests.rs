//! Rule sets that must be taken, and rule sets that must be refused with the line at fault.

use std::path::Path;

use ring4_domain::ids::{Country, ProviderId, ServiceKey};
use ring4_domain::money::Amount;
use rust_decimal::Decimal;

use super::messages::{KeySpec, Kind, Value};
use super::*;

mod packs;

mod scripts;

const KEYS: &[KeySpec] = &[
    KeySpec { key: "hello", kind: Kind::Text, placeholders: &["name", "extra"], plural: None },
    KeySpec { key: "left", kind: Kind::Text, placeholders: &["count"], plural: Some("count") },
    KeySpec { key: "buy", kind: Kind::Label, placeholders: &["price"], plural: None },
    KeySpec { key: "stale", kind: Kind::Answer, placeholders: &["why"], plural: None },
];

const PACK: &str = "hello: \"Hello <b>{name}</b>{extra}\"\n\
                    left: { one: \"{count} number\", other: \"{count} numbers\" }\n\
                    buy: \"Buy for {price}\"\n\
                    stale: \"Out of date {why}\"\n";

/// The settings of the shipped configuration, as the middle hands them over.
fn params() -> Params {
    let mut params = Params::default();
    params
        .set("pricing.margin_percent", Decimal::from(5))
        .set("pricing.min_price", amount("0.15"))
        .set("pricing.max_price", amount("50"))
        .set("pricing.use_fixed_prices", false)
        .set("pricing.bulk_discount.enabled", false)
        .set("pricing.bulk_discount.threshold", 10_u32)
        .set("pricing.bulk_discount.percent", Decimal::from(5))
        .set("pricing.demand_factor.enabled", false)
        .set("pricing.demand_factor.factor", Decimal::ONE)
        .set("polling.initial_secs", 2_u32)
        .set("polling.active_secs", 3_u32)
        .set("polling.standard_secs", 5_u32)
        .set("polling.extended_secs", 10_u32)
        .set("polling.ceiling_secs", 60_u32)
        .set("polling.learn_from", 50_u32)
        .set("routing.strategy", "price")
        .set("limits.spend_per_day", amount("0"))
        .set("limits.cancel_percent", 90_u32)
        .set("limits.cancel_from", 20_u32)
        .set("deposits.auto_approve_below", amount("0"))
        .set("refunds.enabled", true)
        .set("refunds.window_hours", 24_u32);
    for (service, margin) in [("ring4", 8), ("telegram", 5), ("google", 6), ("whatsapp", 7)] {
        params
            .set(&format!("services.{service}.margin_percent"), Decimal::from(margin))
            .set(&format!("services.{service}.fixed_price"), None::<Amount>);
    }
    params
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

/// The shipped scripts with what they promise today, and a small message pack.
fn files() -> Files {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts");
    let mut files = read_files(&folder, "scripts").unwrap();
    files.retain(|path, _| !path.contains("messages."));
    for (name, text) in [
        ("scripts/messages.en.yaml", PACK),
        ("scripts/tests/pricing.yaml", include_str!("tests/promises/pricing.yaml")),
        ("scripts/tests/polling.yaml", include_str!("tests/promises/polling.yaml")),
        ("scripts/tests/policy.yaml", include_str!("tests/promises/policy.yaml")),
        ("scripts/tests/routing.yaml", include_str!("tests/promises/routing.yaml")),
    ] {
        files.insert(name.to_owned(), text.to_owned());
    }
    files
}

fn build(files: &Files) -> Result<RuleSet, Report> {
    build_with(files, &params())
}

fn build_with(files: &Files, params: &Params) -> Result<RuleSet, Report> {
    let keys = KEYS;
    let languages = &["en".to_owned()];
    RuleSet::build(Sources {
        files,
        params,
        keys,
        default_language: "en",
        languages,
        catalogue: &[],
    })
}

fn offer(service: &str, cost: &str) -> Offer {
    Offer {
        service: ServiceKey::new(service).unwrap(),
        country: Country::US,
        cost: amount(cost),
        stock: Some(5),
        success_percent: None,
        orders_done: 0,
    }
}

fn poll(age_secs: u32, errors: u32) -> PollFacts {
    PollFacts {
        service: ServiceKey::new("ring4").unwrap(),
        provider: ProviderId::new("mock").unwrap(),
        age_secs,
        timeout_secs: 600,
        attempt: 1,
        errors,
        samples: 0,
        chance_per_mille: None,
    }
}

#[test]
fn the_shipped_rules_price_exactly() {
    let rules = build(&files()).unwrap_or_else(|report| panic!("{report}"));
    for (service, cost, want) in [
        ("ring4", "0.30", "0.324"),
        ("ring4", "0.01", "0.15"),
        ("ring4", "100", "50"),
        ("telegram", "0.30", "0.315"),
        ("google", "0.30", "0.318"),
        ("google", "0.333333", "0.353333"),
        ("whatsapp", "0.123457", "0.15"),
        ("whatsapp", "1.234567", "1.320987"),
    ] {
        assert_eq!(rules.price(&offer(service, cost)), Ok(amount(want)), "{service} {cost}");
    }
    let unknown = rules.price(&offer("discord", "1")).unwrap_err();
    assert_eq!(unknown.problem().reason, "unknown setting `discord`");
}

#[test]
fn settings_reach_the_shipped_rules() {
    let mut params = params();
    params
        .set("services.ring4.fixed_price", amount("0.99"))
        .set("pricing.bulk_discount.enabled", true)
        .set("pricing.demand_factor.enabled", true)
        .set("pricing.demand_factor.factor", Decimal::new(12, 1))
        .set("polling.initial_secs", 4_u32);
    let rules = build_with(&files(), &params).unwrap();
    let regular = Offer { orders_done: 10, ..offer("ring4", "1") };
    assert_eq!(rules.price(&regular), Ok(amount("1.2312")));
    assert_eq!(rules.price(&offer("ring4", "1")), Ok(amount("1.296")));
    assert_eq!(rules.next_poll(&poll(0, 0)), Ok(4));
    params.set("pricing.use_fixed_prices", true);
    let rules = build_with(&files(), &params).unwrap();
    assert_eq!(rules.price(&regular), Ok(amount("0.99")));
}

#[test]
fn the_shipped_schedule_follows_the_orders_age() {
    let rules = build(&files()).unwrap();
    for (age_secs, errors, want) in [
        (0, 0, 2),
        (59, 0, 2),
        (60, 0, 3),
        (179, 0, 3),
        (180, 0, 5),
        (299, 0, 5),
        (300, 0, 10),
        (600, 0, 10),
        (0, 1, 4),
        (0, 4, 32),
        (0, 5, 60),
        (300, u32::MAX, 60),
    ] {
        assert_eq!(rules.next_poll(&poll(age_secs, errors)), Ok(want), "{age_secs} {errors}");
    }
}

#[test]
fn the_version_follows_every_byte_and_name() {
    let base = files();
    let version = build(&base).unwrap().version();
    assert_eq!(build(&base).unwrap().version(), version);
    let mut changed = base.clone();
    changed.insert("config.yaml".to_owned(), String::new());
    let with_config = build(&changed).unwrap().version();
    assert_ne!(with_config, version);
    changed.insert("config.yaml".to_owned(), "#".to_owned());
    assert_ne!(build(&changed).unwrap().version(), with_config);
    let mut changed = base;
    changed.get_mut("scripts/pricing.rhai").unwrap().push('\n');
    assert_ne!(build(&changed).unwrap().version(), version);
}

#[test]
fn files_are_read_as_an_operator_left_them() {
    let folder = std::env::temp_dir().join(format!("ring4-rules-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("tests")).unwrap();
    for name in ["pricing.rhai", ".pricing.rhai.swp", "pricing.rhai~", "#x.rhai", "notes.txt"] {
        std::fs::write(folder.join(name), name).unwrap();
    }
    std::fs::write(folder.join("tests/a.yaml"), "{}").unwrap();
    let files = read_files(&folder, "scripts").unwrap();
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["scripts/pricing.rhai", "scripts/tests/a.yaml"]);
    std::fs::write(folder.join("pricing.rhai"), [0xFF, 0xFE]).unwrap();
    let report = read_files(&folder, "scripts").unwrap_err().to_string();
    assert!(report.starts_with("scripts/pricing.rhai: cannot be read: "), "{report}");
    std::fs::remove_dir_all(&folder).unwrap();
    let report = read_files(&folder, "scripts").unwrap_err().to_string();
    assert!(report.starts_with("scripts: cannot be read: "), "{report}");
}

#[test]
fn an_offer_of_the_day_is_tried_too() {
    let mut files = files();
    files.retain(|path, _| !path.contains("/tests/"));
    let script = "fn price(offer) { if offer.country == \"BR\" { -1 } else { 1 } }";
    files.insert("scripts/pricing.rhai".to_owned(), script.to_owned());
    assert!(build(&files).is_ok());
    let offers = [Offer { country: "BR".parse().unwrap(), ..offer("ring4", "0.42") }];
    let report = RuleSet::build(Sources {
        files: &files,
        params: &params(),
        keys: KEYS,
        default_language: "en",
        languages: &["en".to_owned()],
        catalogue: &offers,
    });
    assert_eq!(
        report.unwrap_err().to_string(),
        "scripts/pricing.rhai:1:4: `price` answered -1, which is not above 0 (for ring4 in BR at a \
         cost of 0.42)\n  \
         1 | fn price(offer) { if offer.country == \"BR\" { -1 } else { 1 } }\n    |    ^"
    );
}
