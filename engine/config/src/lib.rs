//! `config.yaml`, the environment and the former bot's names, checked into one [`Config`].
//! The middle of the engine and the command line import this crate; it imports only
//! `ring4-domain` and `ring4-yaml`.
//!
//! Two stages: text becomes a private raw tree in which an unknown key is an error with its
//! place; the raw tree, overridden by the environment, is checked as a whole into a `Config`.
//! Nothing here reads the process's environment; callers hand over an [`Env`].
//!
//! Modules in reading order.

use std::fs;
use std::path::{Path, PathBuf};

pub use ring4_yaml::{Problem, Report};

mod env;
pub use env::Env;

mod text;
pub use text::Secret;

mod languages;
pub use languages::Languages;

mod sections;
pub use sections::*;

mod switch;

mod raw;

mod legacy;

mod check;

mod restart;

#[cfg(test)]
mod tests;

/// The `config.yaml` that the project ships, for the demo, for tests and for a first set-up.
pub const SHIPPED: &str = include_str!("../../../config.yaml");

/// A checked configuration and what is worth a word.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What works, but probably not as meant; one line each.
    pub warnings: Vec<String>,
}

/// What the command line says over file and environment.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--data`: the folder of journal, state and caches.
    pub data_dir: Option<PathBuf>,
}

/// Reads and checks a configuration file.
///
/// # Errors
/// The file cannot be read, or anything in it or in the environment is wrong.
pub fn load(path: &Path, env: &Env, overrides: &Overrides) -> Result<Loaded, Report> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| {
        let hint = "`--config FILE` names another file";
        Problem::whole_file(&name, format!("cannot be read: {error}")).with_hint(hint)
    })?;
    let mut loaded = parse(&name, &text, env)?;
    loaded.config.apply(overrides);
    Ok(loaded)
}

/// Checks a configuration that is already in memory; `name` is the file's name in reports.
///
/// # Errors
/// Anything in the text or in the environment is wrong.
pub fn parse(name: &str, text: &str, env: &Env) -> Result<Loaded, Report> {
    // People do paste tokens into this file, so what is quoted from it is masked.
    let source = ring4_yaml::Source::sensitive(name, text);
    let mut raw: raw::RawConfig = ring4_yaml::decode(&source)?;
    let mut warnings = Vec::new();
    let overridden = legacy::apply(&mut raw, env, &mut warnings)?;
    let checker = check::Checker::new(source, env, &overridden);
    let (config, more) = checker.check(raw)?;
    warnings.extend(more);
    Ok(Loaded { config, warnings })
}

/// The JSON schema of `config.yaml`, for editors. The committed file is compared with it; nobody
/// else needs it, so it is no part of the program.
#[cfg(test)]
fn schema() -> serde_json::Value {
    schemars::schema_for!(raw::RawConfig).to_value()
}

impl Config {
    /// Puts what the command line says over what was read.
    pub fn apply(&mut self, overrides: &Overrides) {
        if let Some(data_dir) = &overrides.data_dir {
            self.fixed.storage.data_dir.clone_from(data_dir);
        }
    }

    /// The bot's token.
    ///
    /// # Errors
    /// It is not set; the problem says where to put it.
    pub fn token(&self) -> Result<&Secret, Report> {
        self.fixed.telegram.token.as_ref().ok_or_else(|| {
            Problem::whole_file("environment", "is not set")
                .with_path("BOT_TOKEN")
                .with_hint("get a token from @BotFather and put BOT_TOKEN=… into .env")
                .into()
        })
    }
}
