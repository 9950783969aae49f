//! What an operator may write, and what the answer is when it is wrong.

use ring4_domain::money::Amount;

use super::*;

mod faults;

mod names;

mod webhook;

fn env(pairs: &[(&str, &str)]) -> Env {
    pairs.iter().copied().collect()
}

fn shipped(pairs: &[(&str, &str)]) -> Loaded {
    parse("config.yaml", SHIPPED, &env(pairs)).unwrap_or_else(|report| panic!("{report}"))
}

fn fault(text: &str, pairs: &[(&str, &str)]) -> String {
    parse("config.yaml", text, &env(pairs)).map(|_| ()).unwrap_err().to_string()
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

#[test]
fn the_shipped_file_shows_the_defaults() {
    let empty = parse("config.yaml", "# nothing\n", &Env::default()).unwrap();
    assert_eq!(empty.config, shipped(&[]).config);
    assert_eq!(
        empty.warnings,
        [
            "deposits.methods: none can be offered, because no address is set; \
             customers cannot fill their wallets",
            "telegram.admins is empty: nobody can approve deposits",
            "providers: none is enabled, nothing can be sold",
        ]
    );
}

#[test]
fn the_shipped_file_shows_every_key_with_a_comment() {
    let value: serde_json::Value =
        ring4_yaml::decode(&ring4_yaml::Source::new("config.yaml", SHIPPED)).unwrap();
    let schema = schema();
    let mut missing = Vec::new();
    shown(&schema, &schema, &value, "", &mut missing);
    assert_eq!(missing, Vec::<String>::new());

    let lines: Vec<&str> = SHIPPED.lines().collect();
    let mut repeats = false;
    for (number, line) in lines.iter().enumerate() {
        let bare = line.trim_start();
        if bare.starts_with('#') {
            // A vendor or a service after the first is told once that its keys mean the same.
            repeats = bare.contains("same keys again") || bare.contains("invents numbers");
        } else if !bare.is_empty() && !repeats {
            let above = lines[number - 1].trim_start();
            let in_list = bare.starts_with("- {") && above.starts_with("- {");
            assert!(above.starts_with('#') || in_list, "line {}: {line}", number + 1);
        }
    }
}

/// Collects the schema's keys that `value` does not show, following maps and lists into their
/// first entry.
fn shown(
    root: &serde_json::Value,
    schema: &serde_json::Value,
    value: &serde_json::Value,
    path: &str,
    missing: &mut Vec<String>,
) {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => root.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    if let Some(properties) = schema["properties"].as_object() {
        for (key, schema) in properties {
            let path = format!("{path}.{key}");
            match value.get(key) {
                Some(value) => shown(root, schema, value, &path, missing),
                None if value.is_object() => missing.push(path),
                None => {}
            }
        }
    } else if schema["additionalProperties"].is_object() {
        // A map of vendors or services: the first entry in the file is the complete one.
        let first = ["ring4", "smspool", "api_key"].iter().find_map(|key| value.get(key));
        if let Some(value) = first {
            shown(root, &schema["additionalProperties"], value, &format!("{path}.*"), missing);
        }
    } else if let Some(value) = value.get(0) {
        shown(root, &schema["items"], value, &format!("{path}[0]"), missing);
    }
}

#[test]
fn the_committed_schema_is_the_one_of_the_types() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config.schema.json");
    let want = format!("{:#}\n", schema());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, &want).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(committed == want, "run the tests once with UPDATE_SCHEMA=1 and commit the file");
}

#[test]
fn what_is_wrong_is_answered_with_place_reason_and_advice() {
    for (text, want) in faults::FAULTS {
        assert_eq!(fault(text, &[]), *want, "\n{text}");
    }
}

#[test]
fn a_bad_variable_is_named_where_it_was_written() {
    for (name, value, want) in [
        (
            "MIN_PRICE_USD",
            "cheap",
            "environment: MIN_PRICE_USD: not an amount: not a decimal number",
        ),
        ("MIN_PRICE_USD", "-1", "environment: MIN_PRICE_USD: is not above 0"),
        (
            "ADMIN_USER_IDS",
            "me",
            "environment: ADMIN_USER_IDS: not a list of user ids such as 1001,1002",
        ),
        ("USE_FIXED_PRICING", "maybe", "environment: USE_FIXED_PRICING: not true or false"),
        ("ORDER_EXPIRES_IN", "4", "environment: ORDER_EXPIRES_IN: 4 is outside 5 to 3600"),
        (
            "RING4_PROFIT_MARGIN",
            "2000",
            "environment: RING4_PROFIT_MARGIN: 2000 is outside 0 to 1000",
        ),
    ] {
        assert_eq!(fault("{}", &[(name, value)]), want);
    }
    let both = "backup: { recipient: age1invented }\n";
    let found = fault(both, &[("BACKUP_PASSPHRASE", "of the tests")]);
    assert!(found.contains("backup.recipient: a passphrase is set as well"), "{found}");
    let mut env = Env::default();
    env.add_dotenv(".env", "# old\nPOLL_TIMEOUT=soon\n").unwrap();
    let report = parse("config.yaml", "{}", &env).unwrap_err();
    assert_eq!(report.to_string(), ".env:2: POLL_TIMEOUT: not a whole number");
}

#[test]
fn the_former_bots_names_override_the_file() {
    for (name, value, check) in names::NAMES {
        let without = shipped(&[]).config;
        assert!(!check(&without), "{name} would prove nothing");
        assert!(check(&shipped(&[(name, value)]).config), "{name}={value}");
        assert_eq!(shipped(&[(name, " ")]).config, without, "{name} set to nothing");
    }
}

#[test]
fn names_without_a_home_are_warned_of() {
    let pairs = [
        ("MAX_RETRIES", "3"),
        ("ENABLE_USER_FEEDBACK", "x"),
        ("PATH", "/bin"),
        ("MAX_BACKUPS", ""),
    ];
    let warnings = shipped(&pairs).warnings;
    let ignored: Vec<_> = warnings.iter().filter(|line| line.contains("is ignored")).collect();
    assert_eq!(
        ignored,
        [
            "MAX_RETRIES is ignored: requests are retried where repeating them is harmless",
            "ENABLE_USER_FEEDBACK is ignored: this engine has no such setting yet",
        ]
    );
    let text = "providers: {}\ndeposits: { methods: [] }\n";
    let pairs = [("SMSPOOL_API_KEY", "k"), ("BINANCE_ID", "1")];
    let loaded = parse("config.yaml", text, &env(&pairs)).unwrap();
    assert!(
        loaded.warnings.contains(
            &"SMSPOOL_API_KEY is ignored: config.yaml has no providers.smspool".to_owned()
        )
    );
    assert!(loaded.warnings.contains(
        &"BINANCE_ID is ignored: config.yaml has no such key in deposits.methods".to_owned()
    ));
}

#[test]
fn copies_belong_elsewhere() {
    let data = std::env::temp_dir().join("ring4-shop");
    let within = |target: &str| {
        let data = data.display();
        let text = format!("storage: {{ data_dir: {data} }}\nbackup: {{ copy_to: '{target}' }}\n");
        let pairs = [("BUCKET", "copies"), ("KEY", "id:hidden@")];
        parse("config.yaml", &text, &env(&pairs)).map_err(|report| report.to_string())
    };
    let inside = format!("file://{}/copies", data.display());
    let beside = format!("{}-copies", data.display());
    // target → what it becomes, what is warned of
    let rows = [
        ("s3://${BUCKET}/shop", Some("s3://copies/shop"), None),
        ("${NONE:-}", None, None),
        ("/proc/copies", Some("/proc/copies"), None),
        (inside.as_str(), Some(inside.as_str()), Some("inside storage.data_dir")),
        (beside.as_str(), Some(beside.as_str()), Some("on the disk of storage.data_dir")),
    ];
    for (target, expected, warned) in rows {
        let loaded = within(target).unwrap();
        assert_eq!(loaded.config.fixed.vault.copy_to.as_deref(), expected, "{target}");
        let warning = loaded.warnings.iter().find(|line| line.starts_with("backup.copy_to"));
        assert_eq!(warning.is_some(), warned.is_some(), "{target}: {warning:?}");
        if let (Some(warning), Some(warned)) = (warning, warned) {
            assert!(warning.contains(warned), "{target}: {warning}");
        }
        let keys = shipped(&[]).config.restart_keys(&loaded.config);
        assert_eq!(keys.contains(&"backup.copy_to".to_owned()), expected.is_some(), "{target}");
    }
    let relative = within("copies").unwrap_err();
    assert!(relative.contains("backup.copy_to: neither an absolute folder"), "{relative}");
    let secret = within("s3://${KEY}bucket").unwrap_err();
    assert!(secret.contains("no credentials here") && !secret.contains("hidden"), "{secret}");
}

#[test]
fn only_what_needs_a_restart_is_named_as_such() {
    let before = shipped(&[("BOT_TOKEN", "1:a")]).config;
    type Row<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);
    let rows: &[Row<'_>] = &[
        (&[("BOT_TOKEN", "1:a"), ("MIN_PRICE_USD", "1"), ("ENABLE_GOOGLE", "no")], &[]),
        (&[("BOT_TOKEN", "1:b")], &["telegram.token"]),
        (
            &[("BOT_TOKEN", "1:a"), ("SMSPOOL_API_KEY", "k"), ("LOG_LEVEL", "debug")],
            &["logging.level", "providers.smspool"],
        ),
    ];
    for (pairs, want) in rows {
        let after = shipped(pairs).config;
        assert_eq!(before.restart_keys(&after), *want);
        assert_eq!(after.restart_keys(&before), *want);
    }
}

#[test]
fn secrets_come_from_files_too_and_are_never_shown() {
    let path = std::env::temp_dir().join(format!("ring4-config-secret-{}", std::process::id()));
    std::fs::write(&path, "s3cr3t\n").unwrap();
    let text = format!("telegram:\n  token: {{ file: {} }}\n", path.display());
    let config = parse("config.yaml", &text, &Env::default()).unwrap().config;
    std::fs::remove_file(&path).unwrap();
    assert_eq!(config.token().unwrap().expose(), "s3cr3t");
    assert!(!format!("{config:?}").contains("s3cr3t"));
    let gone = fault(&text, &[]);
    assert!(gone.starts_with("config.yaml:2:10: telegram.token: "), "{gone}");
    let none = shipped(&[]).config.token().unwrap_err().to_string();
    assert_eq!(
        none,
        "environment: BOT_TOKEN: is not set, get a token from @BotFather and put \
         BOT_TOKEN=… into .env"
    );
}

#[test]
fn a_missing_file_says_so() {
    let path = std::path::Path::new("/nonexistent/config.yaml");
    let report = load(path, &Env::default(), &Overrides::default()).unwrap_err().to_string();
    assert!(report.starts_with("/nonexistent/config.yaml: cannot be read: "), "{report}");
}
