//! The demo's settings for an author who tries a plugin of his own. Only `demo` uses this.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

/// Where the demo's settings look for every secret of the plugin.
pub(super) const SECRET: &str = "DEMO_PLUGIN_SECRET";

/// Settings in which this plugin is the only vendor, with a copy of its file in a folder of
/// its own.
pub(super) fn config(
    scratch: &Path,
    config: &Path,
    plugin: &Path,
    url: &str,
) -> anyhow::Result<PathBuf> {
    let local = url.starts_with("http://") || url.starts_with("https://");
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\${}".contains(&byte));
    ensure!(local && plain, "{url} is no web address");
    let file = ring4_providers::inspect(plugin)?;
    let manifest = ring4_providers::describe(&file, &scratch.join("manifest"))?;
    let folder = scratch.join("plugins");
    std::fs::create_dir_all(&folder).context("making a folder for the plugin")?;
    let copy = ring4_providers::plugin_path(Some(&folder), "author")?;
    std::fs::copy(plugin, &copy).with_context(|| format!("copying {}", plugin.display()))?;
    let text =
        std::fs::read_to_string(config).with_context(|| format!("reading {}", config.display()))?;
    let secrets: String =
        manifest.secrets.iter().map(|name| format!("      {name}: ${{{SECRET}}}\n")).collect();
    let secrets = if secrets.is_empty() { "{}".to_owned() } else { format!("\n{secrets}") };
    let vendor = format!(
        "providers:\n  author:\n    enabled: true\n    plugin: author\n    base_url: \"{url}\"\n\
         \x20   secrets: {}\n",
        secrets.trim_end()
    );
    let folder = serde_json::to_string(&folder).context("naming the plugin's folder")?;
    let plugins = format!("plugins:\n  dir: {folder}\n");
    let own = text.lines().any(|line| line == "providers:");
    ensure!(
        own && text.lines().any(|line| line == "  dir: null"),
        "unusual settings: use ring4 run"
    );
    let text = text.replacen("providers:\n", &vendor, 1);
    let text = text.replacen("  # The folder; the executable's own when null.\n", "", 1);
    let text = text.replacen("plugins:\n  dir: null\n", &plugins, 1);
    let path = scratch.join("config.yaml");
    std::fs::write(&path, text).context("writing the demo's settings")?;
    Ok(path)
}
