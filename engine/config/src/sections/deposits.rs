//! How wallets are filled, checked. Importable through the crate's root.

use ring4_domain::ids::MethodKey;
use ring4_domain::money::Amount;
use ring4_domain::stars::StarsRate;
#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

/// How wallets are filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deposits {
    /// Whether deposits are taken.
    pub enabled: bool,
    /// The least deposit.
    pub min: Amount,
    /// The largest deposit.
    pub max: Amount,
    /// Amounts offered as buttons.
    pub amounts: Vec<Amount>,
    /// How long payment instructions stand, in seconds.
    pub expires_secs: u32,
    /// Undecided deposits of one customer, at most.
    pub open_max: u32,
    /// Deposits below this amount are credited without an admin; 0 credits none so.
    pub auto_approve_below: Amount,
    /// Deposits above this amount need two admins; 0 is content with one.
    pub large_deposit_threshold: Amount,
    /// How many Telegram Stars a dollar is, whether or not they are taken.
    pub stars_rate: StarsRate,
    /// Ways to pay that can be offered, in the order they are shown; among them
    /// [`ring4_domain::stars::STARS`] where stars are taken.
    pub methods: Vec<Method>,
}

/// One way to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// Its name in the books.
    pub key: MethodKey,
    /// The name on its button.
    pub name: String,
    /// What the customer has to do, line by line.
    pub lines: Vec<String>,
    /// What the customer copies; never empty.
    pub address: Option<String>,
    /// A warning under the instructions; may be empty.
    pub note: String,
    /// The network that the money must travel by; may be empty.
    pub network: String,
    /// Its own least deposit.
    pub min: Option<Amount>,
    /// Its own largest deposit.
    pub max: Option<Amount>,
    /// Whether two open deposits of one amount differ in their cents.
    pub unique_cents: bool,
    /// Whether the customer is asked for the payment's id.
    pub reference: Asked,
    /// Whether the customer may send a picture of the payment.
    pub picture: bool,
}

/// Whether customers are asked for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Asked {
    /// They are not.
    Off,
    /// They are, and may go on without.
    #[default]
    Optional,
    /// They cannot go on without.
    Required,
}
