//! Local vendors: SMSPool, 5sim and five that speak the sms-activate protocol, each with the HTTP
//! shapes, money, refusals and, on demand, misbehaviour of the real one. Only this crate.
//!
//! Written from the published facts and not from the plugins that talk to them, so that the two
//! can disagree where one of them is wrong. What is the same everywhere lies here: accounts,
//! orders and how they age, goods, faults. A protocol's own file says only how it is written
//! down. Amounts are whole numbers of 1e-4 dollar ("e4"), the finest step in the price lists.

mod account;
mod catalogue;
mod dates;
pub(crate) mod faults;
mod fivesim;
mod handler;
mod orders;
mod purchase;
mod serving;
mod smspool;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::routing::{Router, any};
use serde::{Deserialize, Serialize};

pub(crate) use account::{Account, Settings};
pub(crate) use faults::VendorFault;

use crate::options::VendorOptions;
use crate::world::World;

/// Where all vendors live; a vendor's base address is this and its name.
const PREFIX: &str = "/vendors/";

/// The local vendors. Each has an account of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Vendor {
    #[default]
    Smspool,
    Fivesim,
    Herosms,
    Grizzlysms,
    Smsbower,
    Tigersms,
    Smshub,
}

impl Vendor {
    pub const ALL: [Self; 7] = [
        Self::Smspool,
        Self::Fivesim,
        Self::Herosms,
        Self::Grizzlysms,
        Self::Smsbower,
        Self::Tigersms,
        Self::Smshub,
    ];

    /// As it stands in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smspool => "smspool",
            Self::Fivesim => "fivesim",
            Self::Herosms => "herosms",
            Self::Grizzlysms => "grizzlysms",
            Self::Smsbower => "smsbower",
            Self::Tigersms => "tigersms",
            Self::Smshub => "smshub",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|vendor| vendor.name() == name)
    }

    /// The path of its base address.
    pub fn path(self) -> String {
        format!("{PREFIX}{}", self.name())
    }

    /// Whether its order ids are letters; elsewhere they are digits.
    fn letters(self) -> bool {
        self == Self::Smspool
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// All accounts.
pub(crate) struct Vendors {
    smspool: Mutex<Account>,
    fivesim: Mutex<Account>,
    herosms: Mutex<Account>,
    grizzlysms: Mutex<Account>,
    smsbower: Mutex<Account>,
    tigersms: Mutex<Account>,
    smshub: Mutex<Account>,
}

impl Vendors {
    /// An account everywhere, each as the options say.
    pub fn new(options: &VendorOptions, now_ms: i64) -> Self {
        let open = |vendor: Vendor| {
            let mut options = options.clone();
            // Or all of them would sell the same numbers with the same codes.
            options.seed = options.seed.wrapping_add(vendor as u64);
            Mutex::new(Account::new(options, vendor.letters(), now_ms))
        };
        Self {
            smspool: open(Vendor::Smspool),
            fivesim: open(Vendor::Fivesim),
            herosms: open(Vendor::Herosms),
            grizzlysms: open(Vendor::Grizzlysms),
            smsbower: open(Vendor::Smsbower),
            tigersms: open(Vendor::Tigersms),
            smshub: open(Vendor::Smshub),
        }
    }

    /// One account.
    pub fn lock(&self, vendor: Vendor) -> MutexGuard<'_, Account> {
        let account = match vendor {
            Vendor::Smspool => &self.smspool,
            Vendor::Fivesim => &self.fivesim,
            Vendor::Herosms => &self.herosms,
            Vendor::Grizzlysms => &self.grizzlysms,
            Vendor::Smsbower => &self.smsbower,
            Vendor::Tigersms => &self.tigersms,
            Vendor::Smshub => &self.smshub,
        };
        // A handler that panicked left it whole enough for a playground to go on.
        account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The routes of the local vendors.
pub(crate) fn router(world: Arc<World>) -> Router {
    let mut router = Router::new()
        .route("/vendors/smspool/{*path}", any(smspool::answer))
        .route("/vendors/fivesim/{*path}", any(fivesim::answer));
    for dialect in handler::DIALECTS {
        let path = format!("{}{}", dialect.vendor.path(), handler::PATH);
        router = router
            .route(&path, any(move |state, request| handler::answer(dialect, state, request)));
    }
    router.with_state(world)
}

/// Decimal text of an amount in 1e-4 dollar: two decimals, more where it needs them.
pub(crate) fn dollars(amount_e4: i64) -> String {
    let sign = if amount_e4 < 0 { "-" } else { "" };
    let amount = amount_e4.unsigned_abs();
    let (whole, part) = (amount / 10_000, amount % 10_000);
    let mut text = format!("{sign}{whole}.{part:04}");
    while text.ends_with('0') && text.split('.').nth(1).is_some_and(|part| part.len() > 2) {
        text.pop();
    }
    text
}

/// The amount a decimal text names, rounded down to 1e-4 dollar; `None` when it names none.
pub(crate) fn parse_dollars(text: &str) -> Option<i64> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(part) || whole.len() + part.len() == 0 {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: String = part.chars().chain("0000".chars()).take(4).collect();
    whole.checked_mul(10_000)?.checked_add(part.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_decimal_text() {
        let table = [
            (2400, "0.24"),
            (67, "0.0067"),
            (10_000, "1.00"),
            (12_500, "1.25"),
            (0, "0.00"),
            (-5, "-0.0005"),
        ];
        for (amount, text) in table {
            assert_eq!(dollars(amount), text);
        }
        let table = [
            ("0.24", Some(2400)),
            ("5", Some(50_000)),
            (".5", Some(5_000)),
            ("0.00679", Some(67)),
            ("", None),
            (".", None),
            ("-1", None),
            ("1e3", None),
            ("99999999999999999999", None),
        ];
        for (text, amount) in table {
            assert_eq!(parse_dollars(text), amount, "{text}");
        }
    }
}
