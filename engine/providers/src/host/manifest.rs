//! A plugin's word about itself, read and checked. The host imports this; `describe` is for
//! people who want to know what a file is before they use it.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use ring4_provider_sdk::Manifest;
use ring4_provider_sdk::abi::PluginTable;

use super::library;
use super::{LoadError, LoadRefusal, PluginFile};

/// How long opening a library and reading its manifest may take.
const DESCRIBE_WITHIN: Duration = Duration::from_secs(10);

/// The longest text of a setting's row, in bytes.
const SETTING_LEN_MAX: usize = 500;

/// Opens a plugin for its manifest alone: no instance is made and no call. Code of the file runs
/// while it is opened, in this process; who does not trust it should not open it.
///
/// # Errors
/// It cannot be opened, does not come back, or its manifest breaks a rule.
pub fn describe(file: &PluginFile, cache_dir: &Path) -> Result<Manifest, LoadError> {
    let refuse = |refusal| LoadError::new(file.path(), refusal);
    let copy = file.copy_to(cache_dir)?;
    let header = file.header();
    let (ready, described) = mpsc::sync_channel(1);
    std::thread::Builder::new()
        .name("plugin-manifest".to_owned())
        .spawn(move || {
            let read = library::open(&copy, header).and_then(read_manifest);
            // Nobody listens after the time limit.
            let _ = ready.send(read);
        })
        .map_err(|error| refuse(LoadRefusal::Loader(format!("no thread for it: {error}"))))?;
    described
        .recv_timeout(DESCRIBE_WITHIN)
        .map_err(|_| refuse(LoadRefusal::Stuck { limit: DESCRIBE_WITHIN }))?
        .map_err(refuse)
}

/// The manifest behind a table, checked.
pub(super) fn read_manifest(table: &'static PluginTable) -> Result<Manifest, LoadRefusal> {
    let refuse = |reason: String| LoadRefusal::Manifest(reason);
    let json = library::manifest(table).map_err(|_| refuse("it is too long".to_owned()))?;
    let manifest: Manifest = serde_json::from_slice(&json)
        .map_err(|error| refuse(format!("it cannot be read: {error}")))?;
    check(&manifest).map_err(|reason| refuse(reason.to_owned()))?;
    Ok(manifest)
}

/// A manifest is shown to people and decides whom a secret is sent to.
pub(super) fn check(manifest: &Manifest) -> Result<(), &'static str> {
    let word = |text: &str, max: usize, extra: &[u8]| {
        (1..=max).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || extra.contains(&byte))
    };
    if !word(&manifest.name, 32, b"_-") {
        return Err("its name is not 1 to 32 letters, digits, `_` or `-`");
    }
    if !word(&manifest.version, 32, b".+-") {
        return Err("its version is not 1 to 32 letters, digits, `.`, `+` or `-`");
    }
    if manifest.hosts.len() > 16 || !manifest.hosts.iter().all(|host| word(host, 253, b".-")) {
        return Err("its hosts are more than 16, or not host names");
    }
    if manifest.secrets.len() > 16 || !manifest.secrets.iter().all(|name| word(name, 32, b"_")) {
        return Err("its secrets are more than 16, or not plain names");
    }
    if manifest.settings.len() > 100 {
        return Err("it has more than 100 settings");
    }
    let plain = |text: &str| text.len() <= SETTING_LEN_MAX && !text.chars().any(char::is_control);
    let sound = manifest.settings.iter().all(|setting| {
        word(&setting.key, 64, b"_.-") && plain(&setting.default) && plain(&setting.about)
    });
    if sound { Ok(()) } else { Err("a setting's row is too long or not one line") }
}
