//! `ring4 check`: everything that can be wrong before a start, without starting.

use std::io::Write;
use std::process::ExitCode;

use ring4_providers::plugin_path;

use super::Place;

pub(super) fn check(place: &Place) -> anyhow::Result<ExitCode> {
    let origin = place.origin()?;
    let mut out = std::io::stdout().lock();
    let built = match origin.read().and_then(|files| origin.build(files)) {
        Ok(built) => built,
        Err(report) => {
            writeln!(out, "{report}")?;
            return Ok(ExitCode::FAILURE);
        }
    };
    for warning in &built.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    let mut sound = true;
    let fixed = &built.config.fixed;
    for (id, provider) in fixed.providers.iter().filter(|(_, provider)| provider.enabled) {
        let found = plugin_path(fixed.plugins.dir.as_deref(), &provider.plugin)
            .and_then(|path| ring4_providers::inspect(&path).map(|_| path));
        match found {
            Ok(path) => writeln!(out, "provider {id}: {}", path.display())?,
            Err(error) => {
                sound = false;
                writeln!(out, "provider {id}: {error}")?;
            }
        }
    }
    if let Err(error) = crate::vault::check(fixed) {
        sound = false;
        writeln!(out, "{error}")?;
    }
    if let Err(report) = built.config.token() {
        sound = false;
        writeln!(out, "{report}")?;
    }
    let languages: Vec<&str> = built.live.rules.texts().languages().collect();
    writeln!(
        out,
        "rule set {}: {} files, languages {}",
        built.live.version(),
        built.files.len(),
        languages.join(", ")
    )?;
    writeln!(out, "{}", if sound { "all is well" } else { "not ready to run" })?;
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
