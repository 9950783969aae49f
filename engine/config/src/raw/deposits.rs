//! How wallets are filled, as it is written. The checker and the former names use this.

use ring4_domain::money::Amount;
use rust_decimal::Decimal;
#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use super::on;
use crate::sections::Asked;
#[cfg(test)]
use crate::text::DecimalText;
use crate::text::{EnvText, written, written_list, written_or_null};

/// How wallets are filled.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RawDeposits {
    /// Whether deposits are taken.
    pub enabled: bool,
    /// The least deposit, in dollars.
    #[serde(deserialize_with = "written")]
    #[cfg_attr(test, schemars(with = "DecimalText"))]
    pub min: Amount,
    /// The largest deposit, in dollars.
    #[serde(deserialize_with = "written")]
    #[cfg_attr(test, schemars(with = "DecimalText"))]
    pub max: Amount,
    /// Amounts offered as buttons, in dollars, at most 12.
    #[serde(deserialize_with = "written_list")]
    #[cfg_attr(test, schemars(with = "Vec<DecimalText>"))]
    pub amounts: Vec<Amount>,
    /// How long payment instructions stand, in seconds, 300 to 604800.
    pub expires_secs: u32,
    /// Undecided deposits of one customer, 1 to 20.
    pub open_max: u32,
    /// Deposits below this amount are credited as soon as the customer says that they are paid,
    /// in dollars; 0 asks an admin about every one.
    #[serde(deserialize_with = "written")]
    #[cfg_attr(test, schemars(with = "DecimalText"))]
    pub auto_approve_below: Amount,
    /// Deposits above this amount need two admins, in dollars; 0 is content with one.
    #[serde(deserialize_with = "written")]
    #[cfg_attr(test, schemars(with = "DecimalText"))]
    pub large_deposit_threshold: Amount,
    /// Payments inside Telegram, which need no admin.
    pub stars: RawStars,
    /// Ways to pay, in the order they are shown.
    pub methods: Vec<RawMethod>,
}

/// Payments in Telegram Stars.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RawStars {
    /// Whether they are taken.
    pub enabled: bool,
    /// The name on their button.
    pub name: String,
    /// Stars to the dollar, 1 to 10000, at most six decimals. Amounts are rounded up to whole
    /// stars.
    #[serde(deserialize_with = "written")]
    #[cfg_attr(test, schemars(with = "DecimalText"))]
    pub per_dollar: Decimal,
    /// Their own least deposit, in dollars; null takes `deposits.min`.
    #[serde(deserialize_with = "written_or_null")]
    #[cfg_attr(test, schemars(with = "Option<DecimalText>"))]
    pub min: Option<Amount>,
    /// Their own largest deposit, in dollars; null takes `deposits.max`. One invoice asks for
    /// 10000 stars at most.
    #[serde(deserialize_with = "written_or_null")]
    #[cfg_attr(test, schemars(with = "Option<DecimalText>"))]
    pub max: Option<Amount>,
}

impl Default for RawStars {
    fn default() -> Self {
        Self {
            enabled: false,
            name: "Telegram Stars".to_owned(),
            per_dollar: Decimal::from(77),
            min: None,
            max: None,
        }
    }
}

impl Default for RawDeposits {
    fn default() -> Self {
        let method = |key: &str, name: &str, line: &str, variable: &str, note: &str| RawMethod {
            key: key.to_owned(),
            name: name.to_owned(),
            lines: vec![line.to_owned()],
            address: Some(EnvText(format!("${{{variable}:-}}"))),
            note: note.to_owned(),
            enabled: true,
            network: if key == "usdt" { "TRON (TRC-20)".to_owned() } else { String::new() },
            min: None,
            max: None,
            unique_cents: true,
            reference: Asked::Optional,
            picture: true,
        };
        let dollars = |dollars: i64| Amount::from_micros(dollars * 1_000_000);
        Self {
            enabled: true,
            min: dollars(5),
            max: dollars(1_000),
            amounts: [5, 10, 20, 50, 100].map(dollars).to_vec(),
            expires_secs: 3_600,
            open_max: 3,
            auto_approve_below: Amount::ZERO,
            large_deposit_threshold: Amount::ZERO,
            stars: RawStars::default(),
            methods: vec![
                method(
                    "usdt",
                    "USDT (TRC-20)",
                    "Send the exact amount in USDT to this address.",
                    "BINANCE_WALLET",
                    "Other coins or networks are lost.",
                ),
                method(
                    "binance",
                    "Binance Pay",
                    "Send the exact amount to this Binance id.",
                    "BINANCE_ID",
                    "",
                ),
            ],
        }
    }
}

/// One way to pay.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawMethod {
    /// Its name in the books: letters, digits, `_` and `-`; never change it.
    pub key: String,
    /// The name on its button.
    pub name: String,
    /// What the customer has to do, line by line.
    pub lines: Vec<String>,
    /// What the customer copies: an address, an account. A method whose address comes out empty
    /// is not offered; leave the key away for a method without an address.
    #[serde(default)]
    pub address: Option<EnvText>,
    /// A warning under the instructions.
    #[serde(default)]
    pub note: String,
    /// Whether it is offered.
    #[serde(default = "on")]
    pub enabled: bool,
    /// The network that the money must travel by; empty where there is none to choose.
    #[serde(default)]
    pub network: String,
    /// Its own least deposit, in dollars; null takes `deposits.min`.
    #[serde(default, deserialize_with = "written_or_null")]
    #[cfg_attr(test, schemars(with = "Option<DecimalText>"))]
    pub min: Option<Amount>,
    /// Its own largest deposit, in dollars; null takes `deposits.max`.
    #[serde(default, deserialize_with = "written_or_null")]
    #[cfg_attr(test, schemars(with = "Option<DecimalText>"))]
    pub max: Option<Amount>,
    /// Whether two open deposits of one amount differ in their cents, so that payments can be
    /// told apart. The customer pays, and is credited, at most 0.99 dollars more than asked for.
    #[serde(default = "on")]
    pub unique_cents: bool,
    /// Whether the customer is asked for the payment's id: off, optional, required.
    #[serde(default)]
    pub reference: Asked,
    /// Whether the customer may send a picture of the payment.
    #[serde(default)]
    pub picture: bool,
}
