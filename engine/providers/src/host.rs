//! Opens plugin files and keeps their instances. The registry imports this. `unsafe` lives in
//! `host/library.rs` alone. Only ELF libraries are known, so the engine runs on Linux.

mod file;
mod instance;
mod library;
mod manifest;
mod process;
mod timing;

use std::path::{Path, PathBuf};

use ring4_provider_sdk::abi::{ABI_MAJOR, SYMBOL};

pub use self::file::{PluginFile, inspect};
pub(crate) use self::instance::{Instance, InstanceError, Launch};
pub use self::manifest::describe;
pub use self::process::{HostCommand, serve_plugin};
pub use self::timing::time_checks;

/// A plugin that was not loaded, and why; one line that names the file.
#[derive(Debug, thiserror::Error)]
#[error("plugin {}: {refusal}", path.display())]
pub struct LoadError {
    /// The file that was meant.
    pub path: PathBuf,
    /// The reason.
    pub refusal: LoadRefusal,
}

impl LoadError {
    pub(crate) fn new(path: &Path, refusal: LoadRefusal) -> Self {
        Self { path: path.to_owned(), refusal }
    }
}

/// Why a plugin was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadRefusal {
    /// No such file, no permission and the like.
    #[error("cannot be read: {0}")]
    Unreadable(std::io::Error),
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// More than a plugin could need.
    #[error("the file has {len} bytes, more than the {max} allowed")]
    TooLarge {
        /// Bytes of the file.
        len: u64,
        /// The limit.
        max: u64,
    },
    /// Something else than an ELF shared library.
    #[error("not a shared library")]
    NotALibrary,
    /// For another kind of machine.
    #[error("built for {built_for}, this machine is {machine}")]
    Architecture {
        /// What the file says.
        built_for: String,
        /// What we run on.
        machine: &'static str,
    },
    /// Its end is missing.
    #[error("truncated: its headers describe {needed} bytes, the file has {len}")]
    Truncated {
        /// Bytes the headers speak of.
        needed: u64,
        /// Bytes there are.
        len: u64,
    },
    /// Its headers contradict each other.
    #[error("damaged: {0}")]
    Damaged(String),
    /// A library, but no plugin.
    #[error("exports no symbol {SYMBOL}, so it is not a provider plugin")]
    NoSymbol,
    /// The symbol is something else.
    #[error("its {SYMBOL} does not begin with the plugin magic")]
    Magic,
    /// Built with another SDK.
    #[error("speaks plugin ABI {major}.{minor}, this engine speaks {ABI_MAJOR}.x")]
    Abi {
        /// Of the file.
        major: u32,
        /// Of the file.
        minor: u32,
    },
    /// The table is shorter than this ABI's.
    #[error("its table has {len} bytes, this ABI needs {needed}")]
    Table {
        /// Of the file.
        len: u32,
        /// Of this ABI.
        needed: usize,
    },
    /// A panic in it would end the engine.
    #[error("built with panic = \"abort\"; build it with panic = \"unwind\"")]
    PanicAbort,
    /// Not on the operator's list.
    #[error("its SHA-256 {sha256} is not in plugins.allow")]
    NotAllowed {
        /// Of the file, in hexadecimal.
        sha256: String,
    },
    /// The private copy could not be written.
    #[error("cannot be copied to {}: {error}", dir.display())]
    Cache {
        /// The cache folder.
        dir: PathBuf,
        /// The reason.
        error: std::io::Error,
    },
    /// What the dynamic loader said.
    #[error("the loader refused it: {0}")]
    Loader(String),
    /// It did not come back while being opened.
    #[error("did not start within {limit:?}")]
    Stuck {
        /// The limit.
        limit: std::time::Duration,
    },
    /// Its word about itself breaks a rule.
    #[error("its manifest is refused: {0}")]
    Manifest(String),
    /// The provider's `settings` do not fit.
    #[error("provider {provider}: settings: {reason}")]
    Settings {
        /// The provider.
        provider: String,
        /// The plugin's reason.
        reason: String,
    },
    /// A secret the manifest asks for is missing.
    #[error("provider {provider}: the secret `{secret}` is not set")]
    Secret {
        /// The provider.
        provider: String,
        /// The secret's name.
        secret: String,
    },
    /// The provider's options do not fit.
    #[error("provider {provider}: {reason}")]
    Options {
        /// The provider.
        provider: String,
        /// The reason.
        reason: String,
    },
}

impl LoadRefusal {
    /// One word for programs; it does not change when the text does.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::Empty => "empty",
            Self::TooLarge { .. } => "too_large",
            Self::NotALibrary => "not_a_library",
            Self::Architecture { .. } => "architecture",
            Self::Truncated { .. } => "truncated",
            Self::Damaged(_) => "damaged",
            Self::NoSymbol => "no_symbol",
            Self::Magic => "magic",
            Self::Abi { .. } => "abi",
            Self::Table { .. } => "table",
            Self::PanicAbort => "panic_abort",
            Self::NotAllowed { .. } => "not_allowed",
            Self::Cache { .. } => "cache",
            Self::Loader(_) => "loader",
            Self::Stuck { .. } => "stuck",
            Self::Manifest(_) => "manifest",
            Self::Settings { .. } => "settings",
            Self::Secret { .. } => "secret",
            Self::Options { .. } => "options",
        }
    }
}

/// The file of a plugin by its stem (`provider_mock`): in the configured folder, else beside
/// the running executable and nowhere else, so that no stale build is picked up.
///
/// # Errors
/// The executable's own folder is unknown.
pub fn plugin_path(dir: Option<&Path>, stem: &str) -> Result<PathBuf, LoadError> {
    use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
    let name = format!("{DLL_PREFIX}{stem}{DLL_SUFFIX}");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if stem.is_empty() || stem.len() > 64 || !stem.bytes().all(plain) {
        let reason = std::io::Error::other("a plugin is named by letters, digits, `_` and `-`");
        return Err(LoadError::new(Path::new(&name), LoadRefusal::Unreadable(reason)));
    }
    if let Some(dir) = dir {
        return Ok(dir.join(name));
    }
    let executable = std::env::current_exe()
        .map_err(|error| LoadError::new(Path::new(&name), LoadRefusal::Unreadable(error)))?;
    Ok(executable.with_file_name(name))
}
