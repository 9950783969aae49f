//! What a plugin says of itself before it is used. Part of the contract.

use serde::{Deserialize, Serialize};

/// Who the plugin is, whom it may talk to and what its vendor can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Lower-case name, `a-z 0-9 _ -`, at most 32 characters.
    pub name: String,
    /// The plugin's own version, at most 32 characters.
    pub version: String,
    /// Where the vendor lives, `https://…` without a trailing slash. Paths in requests are
    /// appended to it; the operator may configure another. `None`: no HTTP at all.
    #[serde(default)]
    pub base_url: Option<String>,
    /// Further hosts that absolute addresses in requests may name.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Names of the secrets the plugin will ask for; loading fails when one is not configured.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// The vendor insists on its key in the address; without this a secret there is refused.
    #[serde(default)]
    pub secret_in_query: bool,
    /// What the vendor can do.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// Every setting the plugin knows; any other key is refused.
    #[serde(default)]
    pub settings: Vec<Setting>,
}

impl Manifest {
    /// A manifest with a name and a version, and nothing allowed or promised.
    #[must_use]
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            base_url: None,
            hosts: Vec::new(),
            secrets: Vec::new(),
            secret_in_query: false,
            capabilities: Capabilities::default(),
            settings: Vec::new(),
        }
    }
}

/// What a vendor can do beyond buying, checking and cancelling.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// One call lists all active orders.
    pub list_active: bool,
    /// Closed orders can be looked up.
    pub history: bool,
    /// A purchase honours the highest price it is given.
    pub price_cap: bool,
    /// Another message can be asked for on the same number.
    pub resend: bool,
    /// Early cancels are refused for up to this long, in seconds; 0 where they never are.
    pub early_cancel_lock_secs: u32,
}

/// One setting, as `ring4 plugin inspect` and error texts show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// The key in the provider's `settings`.
    pub key: String,
    /// What holds when the key is absent, as text.
    pub default: String,
    /// What it does, with its unit.
    pub about: String,
}

impl Setting {
    /// One row of the list of settings.
    #[must_use]
    pub fn new(key: &str, default: &str, about: &str) -> Self {
        Self { key: key.to_owned(), default: default.to_owned(), about: about.to_owned() }
    }
}
