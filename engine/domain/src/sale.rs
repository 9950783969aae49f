//! What admins let a vendor do. Domain, storage, providers and the middle import this.

use crate::ids::{ProviderId, Timestamp, UserId};

/// How far a vendor may sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sale {
    /// Everything.
    Open,
    /// Serve what is open, buy nothing new.
    Draining,
    /// Nothing at all: no request leaves for it.
    Off,
}

/// A vendor's switch as an admin left it. One that nobody ever touched is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleSwitch {
    /// The vendor.
    pub provider: ProviderId,
    /// Where the switch stands.
    pub sale: Sale,
    /// Who turned it last.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}
