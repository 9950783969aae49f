//! The languages that the shop speaks. The middle imports what this crate's root lets through.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

/// Which message packs are offered, and the one for everybody else.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Languages {
    /// The language of customers whose own is not offered.
    pub default: String,
    /// Languages that customers may choose, in the order they are shown.
    pub offered: Vec<String>,
}

impl Default for Languages {
    fn default() -> Self {
        let offered = ["en", "es", "ru"].map(str::to_owned).to_vec();
        Self { default: "en".to_owned(), offered }
    }
}

impl Languages {
    /// The offered language that a tag such as `es-MX` asks for; the default where it is not
    /// offered or nothing was asked for.
    #[must_use]
    pub fn spoken(&self, tag: Option<&str>) -> &str {
        let wanted = tag.and_then(|tag| tag.split(['-', '_']).next()).unwrap_or_default();
        let known = self.offered.iter().find(|known| known.eq_ignore_ascii_case(wanted));
        known.unwrap_or(&self.default)
    }
}
