//! `ring4 plugin inspect`: header, manifest and hash of a plugin file.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use ring4_provider_sdk::{Capabilities, Manifest};
use ring4_providers::{LoadError, LoadRefusal, PluginFile};
use serde_json::{Value, json};

pub(super) const EXIT_CODES: &str = "\
Exit codes: 0 a plugin of this engine, 10 cannot be read, 11 not a plugin, 12 damaged or cut,
13 for another machine, 14 for another version of the engine, 15 built with panic = \"abort\",
16 does not open or says something impossible of itself.";

pub(super) fn inspect(path: &Path, as_json: bool) -> anyhow::Result<ExitCode> {
    let scratch = tempfile::tempdir().context("making a folder for the plugin's copy")?;
    let described = ring4_providers::inspect(path)
        .and_then(|file| ring4_providers::describe(&file, scratch.path()).map(|it| (file, it)));
    let mut out = std::io::stdout().lock();
    match described {
        Ok((file, manifest)) if as_json => {
            writeln!(out, "{}", as_value(&file, &manifest))?;
            Ok(ExitCode::SUCCESS)
        }
        Ok((file, manifest)) => {
            write!(out, "{}", as_text(&file, &manifest))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            let LoadError { path, refusal } = &error;
            if as_json {
                let refused = json!({"reason": refusal.word(), "text": refusal.to_string()});
                writeln!(out, "{}", json!({"file": path, "refused": refused}))?;
            } else {
                writeln!(out, "{error}")?;
            }
            Ok(ExitCode::from(exit_code(refusal)))
        }
    }
}

pub(super) const fn exit_code(refusal: &LoadRefusal) -> u8 {
    match refusal {
        LoadRefusal::Unreadable(_) | LoadRefusal::TooLarge { .. } | LoadRefusal::Cache { .. } => 10,
        LoadRefusal::Empty
        | LoadRefusal::NotALibrary
        | LoadRefusal::NoSymbol
        | LoadRefusal::Magic => 11,
        LoadRefusal::Truncated { .. } | LoadRefusal::Damaged(_) => 12,
        LoadRefusal::Architecture { .. } => 13,
        LoadRefusal::Abi { .. } | LoadRefusal::Table { .. } => 14,
        LoadRefusal::PanicAbort => 15,
        _ => 16,
    }
}

fn as_value(file: &PluginFile, manifest: &Manifest) -> Value {
    let (major, minor) = file.abi();
    let limits = ring4_providers::Limits::default();
    json!({
        "file": file.path(),
        "bytes": file.bytes(),
        "architecture": std::env::consts::ARCH,
        "sha256": file.sha256(),
        "abi": {"major": major, "minor": minor},
        "manifest": manifest,
        "limits": {
            "requests_per_call": ring4_providers::REQUESTS_PER_CALL_MAX,
            "call_timeout_secs": limits.call_timeout.as_secs(),
            "step_timeout_secs": limits.step_timeout.as_secs(),
            "rate_per_sec": limits.rate_per_sec,
            "body_bytes": limits.body_len_max,
        },
    })
}

fn as_text(file: &PluginFile, manifest: &Manifest) -> String {
    let (major, minor) = file.abi();
    let limits = ring4_providers::Limits::default();
    let list = |items: &[String]| match items {
        [] => "none".to_owned(),
        items => items.join(", "),
    };
    let in_address = if manifest.secret_in_query { " (may stand in an address)" } else { "" };
    let rows = [
        ("file", file.path().display().to_string()),
        ("size", format!("{} bytes", file.bytes())),
        ("architecture", std::env::consts::ARCH.to_owned()),
        ("sha256", file.sha256().to_owned()),
        ("plugin ABI", format!("{major}.{minor}")),
        ("name", format!("{} {}", manifest.name, manifest.version)),
        ("base url", manifest.base_url.clone().unwrap_or_else(|| "none, no HTTP".to_owned())),
        ("other hosts", list(&manifest.hosts)),
        ("secrets", format!("{}{in_address}", list(&manifest.secrets))),
        ("can", abilities(&manifest.capabilities)),
        (
            "limits",
            format!(
                "{} requests and {} s a call, {} s between requests, {} requests a second, \
                 {} KiB an answer",
                ring4_providers::REQUESTS_PER_CALL_MAX,
                limits.call_timeout.as_secs(),
                limits.step_timeout.as_secs(),
                limits.rate_per_sec,
                limits.body_len_max / 1024,
            ),
        ),
    ];
    let mut text = String::new();
    for (name, value) in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<14}{value}");
    }
    for setting in &manifest.settings {
        let value = format!("{}: {}", setting.key, setting.default);
        let _ = writeln!(text, "{:<14}{value:<28} # {}", "setting", setting.about);
    }
    text
}

fn abilities(can: &Capabilities) -> String {
    let named = [
        (can.list_active, "list active orders"),
        (can.history, "look up closed orders"),
        (can.price_cap, "keep a highest price"),
        (can.resend, "ask for another message"),
    ];
    let mut words: Vec<String> =
        named.iter().filter(|(can, _)| *can).map(|(_, word)| (*word).to_owned()).collect();
    if can.early_cancel_lock_secs > 0 {
        words.push(format!("cancel after at most {} s", can.early_cancel_lock_secs));
    }
    if words.is_empty() { "buy, check, cancel and no more".to_owned() } else { words.join(", ") }
}
