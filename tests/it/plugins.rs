//! Vendors' plugins as their authors and the shop's admins meet them: on the command line, in the
//! plugins' folder, and behind `/providers`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ring4_domain::change::{Actor, Change, Seq};
use ring4_domain::ids::UserId;
use ring4_domain::sale::Sale;
use ring4_providers::plugin_path;
use serde_json::Value;

use crate::world::{ADA, ANNA, Vendor, World};

fn ring4(folder: &Path, words: &[&str]) -> Output {
    let program =
        Command::new(env!("CARGO_BIN_EXE_ring4")).args(words).current_dir(folder).output();
    program.expect("the program")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code")
}

fn mock() -> PathBuf {
    plugin_path(None, "provider_mock").expect("our own folder")
}

#[test]
fn a_plugin_file_is_inspected_or_refused_with_a_code_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = std::fs::read(mock()).expect("the mock vendor");
    let mut foreign = good.clone();
    // The machine in the ELF header: AArch64.
    foreign[18] = 183;
    for (name, bytes, wanted, reason) in [
        ("good", good.clone(), 0, None),
        ("empty", Vec::new(), 11, Some("empty")),
        ("text", b"#!/bin/sh".to_vec(), 11, Some("not_a_library")),
        ("cut", good[..good.len() / 2].to_vec(), 12, Some("truncated")),
        ("foreign", foreign, 13, Some("architecture")),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).expect("written");
        let output = ring4(folder.path(), &["plugin", "inspect", "--json", name]);
        assert_eq!(code(&output), wanted, "{name}");
        let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(said["refused"]["reason"].as_str(), reason, "{name}");
        let named = said["manifest"]["name"].as_str();
        assert_eq!(named, reason.is_none().then_some("mock"), "{name}");
    }
    let output = ring4(folder.path(), &["plugin", "inspect", "nowhere"]);
    assert_eq!(code(&output), 10);
}

#[test]
fn the_kit_tells_pass_from_fail_by_its_exit_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = mock().display().to_string();
    let output = ring4(folder.path(), &["plugin", "test", &file]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(code(&output), 0, "{said}");
    assert!(said.contains("PASS") && said.contains("0 failed"), "{said}");
    let broken = "{\"stock\": \"many\"}";
    let output = ring4(folder.path(), &["plugin", "test", &file, "--settings", broken, "--json"]);
    assert_eq!(code(&output), 1);
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let fault = said["checks"][0]["fault"].as_str().expect("a fault");
    assert!(said["passed"] == false && fault.contains("cannot be loaded"), "{said}");
}

#[test]
fn the_kit_survives_what_ends_a_process_and_finds_what_it_logged() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = plugin_path(None, "misbehaving_plugin").expect("our own folder");
    let file = file.display().to_string();
    for (misdeed, only, words) in [
        (
            "abort",
            "check: null",
            "FAIL check: null: it broke the call: its process ended: signal: 6",
        ),
        ("overflow_stack", "check: null", "FAIL check: null: it broke the call: its process ended"),
        ("panic_at_once", "check: null", "FAIL check: null: it broke the call: it panicked"),
        ("loop", "check: null", "FAIL check: null: it stalled"),
        ("leak_in_log", "check: HTML with 200", "the log quotes a message of a customer"),
    ] {
        let settings = format!("{{\"misdeed\": \"{misdeed}\"}}");
        let words_of = ["plugin", "test", &file, "--settings", &settings, "--only", only];
        let output = ring4(folder.path(), &words_of);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(code(&output), 1, "{misdeed}: {said}");
        assert!(said.contains(words), "{misdeed}: {words:?} is not in {said}");
        assert!(said.contains("checks, "), "{misdeed} ended the checks: {said}");
    }
}

#[test]
fn a_new_plugin_is_written_once_and_under_a_plain_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let sdk = crate::world::project().join("plugins/provider-sdk").display().to_string();
    let new = |name: &str| ring4(folder.path(), &["plugin", "new", name, "--sdk", &sdk]);
    for name in ["Demo", "../up", "sdk", "a"] {
        assert_eq!(code(&new(name)), 1, "{name}");
    }
    assert_eq!(code(&new("demo-vendor")), 0);
    let crate_folder = folder.path().join("demo-vendor");
    for file in ["Cargo.toml", "src/lib.rs", "examples/vendor.rs", "kit.json", "README.md"] {
        let text = std::fs::read_to_string(crate_folder.join(file)).expect(file);
        assert!(text.len() > 100 && !text.contains("Acme"), "{file}");
    }
    let again = new("demo-vendor");
    assert_eq!(code(&again), 1);
    assert!(String::from_utf8_lossy(&again.stderr).contains("is there already"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_file_is_used_by_itself_and_a_broken_one_is_not() {
    let mut world = World::open(Vendor::Mock).await;
    world.stop().await;
    let folder = world.folder.path().join("plugins");
    std::fs::create_dir(&folder).expect("a folder");
    let good = std::fs::read(mock()).expect("the mock vendor");
    let file = folder.join("libprovider_mock.so");
    std::fs::write(&file, &good).expect("written");
    let config = std::fs::read_to_string(world.folder.path().join("config.yaml")).expect("text");
    let dir = format!("own when null.\n  dir: {}\n", folder.display());
    world.save("config.yaml", &config.replacen("own when null.\n  dir: null\n", &dir, 1));
    world.start().await;
    world.say(ADA, "/providers").await;
    let before = world.newest(ADA, &["mock 0.1.0", "sells", "answers"]).await;
    world.deposit(ANNA, "10").await;
    let mut next = good.clone();
    next.extend_from_slice(b"a later build");
    std::fs::write(&file, &next).expect("written");
    world.hears(ADA, &["mock now uses plugin 0.1.0"]).await;
    world.say(ADA, "/providers").await;
    let after = world.newest(ADA, &["mock 0.1.0", "sells"]).await;
    assert_ne!(before, after, "another hash");
    std::fs::write(&file, &good[..good.len() / 2]).expect("written");
    world.hears(ADA, &["was not taken", "truncated"]).await;
    world.press(ADA, "Reload mock").await;
    world.hears(ADA, &["was not taken", "truncated", "Vendors"]).await;
    world.buy(ANNA).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_lets_a_vendor_sell_serve_or_rest() {
    let world = World::open(Vendor::Mock).await;
    world.deposit(ANNA, "10").await;
    world.buy(ANNA).await;
    world.say(ADA, "/providers").await;
    world.press(ADA, "Stop selling mock").await;
    world.newest(ADA, &["serves what is open, sells nothing new"]).await;
    world.press(ADA, "Switch mock off").await;
    world.newest(ADA, &["serves what is open"]).await;
    let answer = world.answer(ADA).await;
    assert!(answer.contains("may still be open"), "{answer}");
    // What was bought before gets its code all the same.
    world.advance(120).await;
    world.hears(ANNA, &["code is"]).await;
    world.press(ADA, "Switch mock off").await;
    world.newest(ADA, &["switched off"]).await;
    world.press(ADA, "Sell mock").await;
    world.newest(ADA, &["sells · answers"]).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendors_switch_outlives_a_restart_and_stands_in_the_journal() {
    let mut world = World::open(Vendor::Mock).await;
    world.say(ADA, "/providers").await;
    for (button, seen) in [
        ("Stop selling mock", "sells nothing new (Ada, "),
        ("Switch mock off", "switched off (Ada, "),
    ] {
        world.press(ADA, button).await;
        world.newest(ADA, &[seen]).await;
        world.stop().await;
        world.start().await;
        let before = world.count(ADA, "Vendors").await;
        world.say(ADA, "/providers").await;
        world.until_count(ADA, "Vendors", before + 1).await;
        world.newest(ADA, &[seen]).await;
        world.button(ADA, "Sell mock").await;
        assert!(!world.shop().registry.can_buy(&"mock".parse().expect("a vendor's id")));
    }
    world.press(ADA, "Sell mock").await;
    world.newest(ADA, &["sells · answers"]).await;
    let snapshot = world.shop().snapshot();
    let head = snapshot.head().expect("a head").seq.0;
    let entries = (1..=head).filter_map(|seq| snapshot.entry(Seq(seq)).expect("readable"));
    let turned: Vec<(Actor, Sale)> = entries
        .flat_map(|entry| {
            let sale = |change: &Change| match change {
                Change::SaleSet(switch) => Some((entry.actor, switch.sale)),
                _ => None,
            };
            entry.changes.iter().filter_map(sale).collect::<Vec<_>>()
        })
        .collect();
    let ada = Actor::Admin(UserId(ADA));
    assert_eq!(turned, [(ada, Sale::Draining), (ada, Sale::Off), (ada, Sale::Open)]);
    let damage = world.shop().reader.verify().findings;
    assert!(damage.is_empty(), "state and journal disagree: {damage:#?}");
    assert!(world.shop().registry.can_buy(&"mock".parse().expect("a vendor's id")));
    world.close().await;
}
