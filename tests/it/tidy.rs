//! The house rules that a machine can keep: who may import whom, how long a file may be, which
//! texts and commands belong together.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use ring4::chat::commands::COMMANDS;
use ring4::screens::keys::KEYS;
use ring4_rules::messages::Kind;

use crate::world::project;

/// The longest source file, in lines.
const LINES_MAX: usize = 600;

/// The longest line, in characters.
const COLUMNS_MAX: usize = 100;

fn files(folders: &[&str], ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in folders {
        walk(&project().join(folder), ending, &mut found);
    }
    assert!(!found.is_empty(), "no {ending} under {folders:?}");
    found
}

fn walk(folder: &Path, ending: &str, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !matches!(name.as_str(), "target" | "node_modules" | "fixtures") {
            walk(&path, ending, found);
        } else if path.is_file() && name.ends_with(ending) {
            let text = fs::read_to_string(&path).expect("a readable file");
            let short = path.strip_prefix(project()).unwrap_or(&path).to_path_buf();
            found.push((short, text));
        }
    }
}

fn sources() -> Vec<(PathBuf, String)> {
    files(&["engine", "plugins", "tests", "examples"], ".rs")
}

/// Our own crates that a manifest's `[dependencies]` names.
fn own_dependencies(manifest: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.trim() == "[dependencies]";
        } else if inside {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            if name.starts_with("ring4") || name.starts_with("provider-") {
                found.insert(name.to_owned());
            }
        }
    }
    found
}

#[test]
fn nobody_imports_upwards_or_sideways() {
    let law: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("engine/domain", &[][..]),
        ("engine/yaml", &[]),
        ("engine/config", &["ring4-domain", "ring4-yaml"]),
        ("engine/rules", &["ring4-domain", "ring4-yaml"]),
        ("engine/storage", &["ring4-domain"]),
        ("engine/providers", &["ring4-domain", "ring4-provider-sdk"]),
        ("engine/offsite", &[]),
        ("engine/telegram", &["ring4-domain"]),
        ("engine/kit", &["ring4-domain", "ring4-provider-sdk", "ring4-providers"]),
        ("engine/playground", &[]),
        ("plugins/provider-sdk", &[]),
        ("plugins/mock", &["ring4-provider-sdk"]),
        ("plugins/smspool", &["ring4-provider-sdk"]),
        ("plugins/handler-api", &["ring4-provider-sdk"]),
        ("plugins/fivesim", &["ring4-provider-sdk"]),
        ("examples/minimal-plugin", &["ring4-provider-sdk"]),
        ("examples/misbehaving-plugin", &["ring4-provider-sdk"]),
    ]);
    let manifests = files(&["engine", "plugins", "examples"], "Cargo.toml");
    for (path, manifest) in &manifests {
        let folder = path.parent().unwrap_or(path).to_string_lossy().into_owned();
        // Whoever adds a vendor need not come here: plugins know the contract and nothing else.
        let plugin = folder.starts_with("plugins/").then_some(&["ring4-provider-sdk"][..]);
        let allowed = law.get(folder.as_str()).copied().or(plugin);
        let allowed = allowed.unwrap_or_else(|| panic!("{folder} has no line in the import law"));
        for name in own_dependencies(manifest) {
            assert!(allowed.contains(&name.as_str()), "{folder} may not import {name}");
        }
    }
    for folder in law.keys() {
        let there = manifests.iter().any(|(path, _)| path.parent() == Some(Path::new(folder)));
        assert!(there, "the law names {folder}, which is not there");
    }
    let root = fs::read_to_string(project().join("Cargo.toml")).expect("the root manifest");
    for name in own_dependencies(&root) {
        assert!(!name.starts_with("provider-"), "the engine may not contain the plugin {name}");
    }
}

#[test]
fn the_domain_knows_no_world() {
    for (path, text) in files(&["engine/domain/src"], ".rs") {
        for word in ["SystemTime", "Instant", "HashMap", "HashSet", "std::fs", "std::net", "f64"] {
            assert!(!text.contains(word), "{} speaks of {word}", path.display());
        }
    }
}

#[test]
fn only_the_plugin_border_is_unsafe() {
    for (path, text) in sources() {
        let place = path.to_string_lossy();
        // This file speaks of it.
        if place.ends_with("it/tidy.rs") {
            continue;
        }
        let border = place.starts_with("engine/providers/src/host")
            || place.starts_with("plugins/provider-sdk/src")
            || place.starts_with("examples/misbehaving-plugin");
        let used = text.lines().any(|line| {
            let code = line.split("//").next().unwrap_or_default();
            code.contains("unsafe {") || code.contains("unsafe fn") || code.contains("unsafe impl")
        });
        assert!(border || !used, "{place} is unsafe");
    }
}

#[test]
fn every_file_says_what_it_is_and_stays_small() {
    for (path, text) in sources() {
        let place = path.display();
        assert!(text.starts_with("//!"), "{place} does not open with //!");
        assert!(text.lines().count() <= LINES_MAX, "{place} is longer than {LINES_MAX} lines");
        for (number, line) in (1..).zip(text.lines()) {
            let columns = line.chars().count();
            assert!(columns <= COLUMNS_MAX, "{place}:{number} has {columns} columns");
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let drawer =
            ["mod.rs", "utils.rs", "util.rs", "helpers.rs", "helper.rs", "common.rs", "misc.rs"];
        assert!(!drawer.contains(&name.as_ref()), "{place} is a drawer, not a room");
    }
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not find itself.
    let banned = [
        ["TO", "DO"].concat(),
        ["FIX", "ME"].concat(),
        ["todo", "!("].concat(),
        ["unimple", "mented!("].concat(),
        ["#[ig", "nore"].concat(),
        ["dbg", "!("].concat(),
    ];
    for (path, text) in sources() {
        for word in &banned {
            assert!(!text.contains(word), "{} has {word}", path.display());
        }
        let bare = ["        matches", "!("].concat();
        for line in text.lines() {
            let asserts_nothing = line.starts_with(&bare) && line.trim_end().ends_with(';');
            assert!(!asserts_nothing, "{}: {line}", path.display());
        }
    }
}

#[test]
fn every_refusal_has_one_text() {
    let path = project().join("engine/domain/src/refusal.rs");
    let source = fs::read_to_string(path).expect("the refusals");
    let named: BTreeSet<&str> =
        source.split('"').filter(|part| part.starts_with("refusal.")).collect();
    let texts: BTreeSet<&str> =
        KEYS.iter().map(|spec| spec.key).filter(|key| key.starts_with("refusal.")).collect();
    assert_eq!(named, texts);
    let variants = source.matches("=> \"refusal.").count();
    assert_eq!(variants, named.len(), "two refusals share a text");
}

#[test]
fn every_command_has_a_description_and_a_name_of_its_own() {
    let mut names = BTreeSet::new();
    for command in COMMANDS {
        let spec = KEYS.iter().find(|spec| spec.key == command.description);
        assert_eq!(spec.map(|spec| spec.kind), Some(Kind::Menu), "{}", command.name);
        for name in std::iter::once(&command.name).chain(command.aliases) {
            assert!(names.insert(*name), "/{name} stands twice");
        }
    }
}

#[test]
fn every_text_is_said_somewhere() {
    let spoken: String = files(&["engine/src"], ".rs")
        .into_iter()
        .filter(|(path, _)| !path.to_string_lossy().starts_with("engine/src/screens/keys"))
        .map(|(_, text)| text)
        .collect();
    let refusals = fs::read_to_string(project().join("engine/domain/src/refusal.rs"));
    let spoken = format!("{spoken}{}", refusals.expect("the refusals"));
    for spec in KEYS.iter() {
        // The names of the states of orders and deposits are put together from the state.
        let composed = ["state.", "admin.customer.deposit."];
        let composed = composed.iter().any(|prefix| spec.key.starts_with(prefix));
        assert!(composed || spoken.contains(&format!("\"{}\"", spec.key)), "{}", spec.key);
    }
}
