//! What came of putting a new plugin file in place of the one in use. The provider fills this in;
//! whoever asked for the swap reads it.
//!
//! Open orders need no plugin of their own: an order is the vendor's, named by the vendor's id,
//! and a plugin keeps nothing between calls that it could not learn again. So the new plugin
//! asks about all orders at once, and the former one only ends the calls it had begun. That is
//! why a file may only be replaced by one that calls itself by the same name.

use crate::host::LoadError;

/// Which plugin file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginVersion {
    /// The version it calls itself.
    pub version: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// A swap that was made; `from` and `to` are the same file where there was nothing new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// What was in use.
    pub from: PluginVersion,
    /// What is in use now.
    pub to: PluginVersion,
}

/// Why the former plugin stays in use.
#[derive(Debug, thiserror::Error)]
pub enum SwapError {
    /// No provider of this name is loaded.
    #[error("no such vendor is in use")]
    UnknownProvider,
    /// The new file cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It speaks to another vendor, whose order ids mean nothing here.
    #[error("the file is the plugin `{is}`, the one in use is `{was}`")]
    Another {
        /// The plugin in use.
        was: String,
        /// The new file's.
        is: String,
    },
    /// It was loaded and does not work.
    #[error("it was tried and failed: {0}")]
    Tried(String),
}
