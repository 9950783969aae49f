//! What the state stores by key, one implementation per row. Group, snapshot and verification
//! use this.

use ring4_domain::adjustment::Adjustment;
use ring4_domain::book::Booked;
use ring4_domain::broadcast::{Broadcast, Outreach};
use ring4_domain::customer::Customer;
use ring4_domain::deposit::Deposit;
use ring4_domain::effect::Effect;
use ring4_domain::ids::{
    AdjustmentId, BroadcastId, DepositId, OrderId, ProviderId, RulesVersion, UserId,
};
use ring4_domain::ledger::{AccountId, TransferId};
use ring4_domain::maintenance::Maintenance;
use ring4_domain::order::{Order, Quote};
use ring4_domain::refund::Refund;
use ring4_domain::sale::SaleSwitch;
use ring4_domain::standing::Standing;

use super::Space;
use super::keys::{self, KeyBytes};
use crate::codec::{
    AccountRow, Coded, ForgottenRow, Kind, ReportedRow, RulesRow, RulesSeen, Tally, Totals, WishRow,
};

/// A row with its place in the state.
pub(crate) trait Row: Coded + Clone + PartialEq {
    /// What the row is looked up by.
    type Id: Ord + Clone;
    /// What its bytes say they are.
    const KIND: Kind;
    /// Where it lies.
    const SPACE: Space;

    /// The row's key.
    fn key(id: &Self::Id) -> Vec<u8>;

    /// The id of this very row.
    fn id(&self) -> Self::Id;

    /// The index keys that lead to it as it is now.
    fn indexes(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }
}

impl Row for AccountRow {
    type Id = AccountId;
    const KIND: Kind = Kind::Account;
    const SPACE: Space = Space::Ledger;

    fn key(id: &AccountId) -> Vec<u8> {
        keys::account(id)
    }

    fn id(&self) -> AccountId {
        self.id.clone()
    }
}

impl Row for Booked {
    type Id = TransferId;
    const KIND: Kind = Kind::Transfer;
    const SPACE: Space = Space::Ledger;

    fn key(id: &TransferId) -> Vec<u8> {
        keys::transfer(*id)
    }

    fn id(&self) -> TransferId {
        self.transfer.id
    }
}

impl Row for Customer {
    type Id = UserId;
    const KIND: Kind = Kind::Customer;
    const SPACE: Space = Space::Records;

    fn key(id: &UserId) -> Vec<u8> {
        KeyBytes::new(b'c').user(*id).end()
    }

    fn id(&self) -> UserId {
        self.id
    }
}

impl Row for Quote {
    type Id = OrderId;
    const KIND: Kind = Kind::Quote;
    const SPACE: Space = Space::Records;

    fn key(id: &OrderId) -> Vec<u8> {
        KeyBytes::new(b'q').unsigned(id.bits()).end()
    }

    fn id(&self) -> OrderId {
        self.id
    }

    fn indexes(&self) -> Vec<Vec<u8>> {
        keys::quote_indexes(self)
    }
}

impl Row for Order {
    type Id = OrderId;
    const KIND: Kind = Kind::Order;
    const SPACE: Space = Space::Records;

    fn key(id: &OrderId) -> Vec<u8> {
        KeyBytes::new(b'o').unsigned(id.bits()).end()
    }

    fn id(&self) -> OrderId {
        self.quote.id
    }

    fn indexes(&self) -> Vec<Vec<u8>> {
        keys::order_indexes(self)
    }
}

impl Row for Deposit {
    type Id = DepositId;
    const KIND: Kind = Kind::Deposit;
    const SPACE: Space = Space::Records;

    fn key(id: &DepositId) -> Vec<u8> {
        KeyBytes::new(b'd').unsigned(id.bits()).end()
    }

    fn id(&self) -> DepositId {
        self.id
    }

    fn indexes(&self) -> Vec<Vec<u8>> {
        keys::deposit_indexes(self)
    }
}

impl Row for Tally {
    type Id = UserId;
    const KIND: Kind = Kind::Tally;
    const SPACE: Space = Space::Records;

    fn key(id: &UserId) -> Vec<u8> {
        KeyBytes::new(b'n').user(*id).end()
    }

    fn id(&self) -> UserId {
        self.customer
    }
}

impl Row for Totals {
    type Id = ();
    const KIND: Kind = Kind::Totals;
    const SPACE: Space = Space::Records;

    fn key((): &()) -> Vec<u8> {
        vec![b'T']
    }

    fn id(&self) {}
}

impl Row for RulesRow {
    type Id = ();
    const KIND: Kind = Kind::Rules;
    const SPACE: Space = Space::Records;

    fn key((): &()) -> Vec<u8> {
        vec![b'r']
    }

    fn id(&self) {}
}

impl Row for RulesSeen {
    type Id = RulesVersion;
    const KIND: Kind = Kind::RulesSeen;
    const SPACE: Space = Space::Records;

    fn key(id: &RulesVersion) -> Vec<u8> {
        KeyBytes::new(b'R').unsigned(u64::from_be_bytes(id.0)).end()
    }

    fn id(&self) -> RulesVersion {
        self.version
    }
}

impl Row for ForgottenRow {
    type Id = ();
    const KIND: Kind = Kind::Forgotten;
    const SPACE: Space = Space::Records;

    fn key((): &()) -> Vec<u8> {
        vec![b'f']
    }

    fn id(&self) {}
}

impl Row for SaleSwitch {
    type Id = ProviderId;
    const KIND: Kind = Kind::Sale;
    const SPACE: Space = Space::Records;

    fn key(id: &ProviderId) -> Vec<u8> {
        keys::sale(id)
    }

    fn id(&self) -> ProviderId {
        self.provider.clone()
    }
}

impl Row for Refund {
    type Id = OrderId;
    const KIND: Kind = Kind::Refund;
    const SPACE: Space = Space::Records;

    fn key(id: &OrderId) -> Vec<u8> {
        KeyBytes::new(b'g').unsigned(id.bits()).end()
    }

    fn id(&self) -> OrderId {
        self.order
    }

    fn indexes(&self) -> Vec<Vec<u8>> {
        keys::refund_indexes(self)
    }
}

impl Row for Standing {
    type Id = UserId;
    const KIND: Kind = Kind::Standing;
    const SPACE: Space = Space::Records;

    fn key(id: &UserId) -> Vec<u8> {
        KeyBytes::new(b'k').user(*id).end()
    }

    fn id(&self) -> UserId {
        self.customer
    }
}

impl Row for Adjustment {
    type Id = AdjustmentId;
    const KIND: Kind = Kind::Adjustment;
    const SPACE: Space = Space::Records;

    fn key(id: &AdjustmentId) -> Vec<u8> {
        keys::adjustment(*id)
    }

    fn id(&self) -> AdjustmentId {
        self.id
    }
}

impl Row for Maintenance {
    type Id = ();
    const KIND: Kind = Kind::Maintenance;
    const SPACE: Space = Space::Records;

    fn key((): &()) -> Vec<u8> {
        vec![b'm']
    }

    fn id(&self) {}
}

impl Row for ReportedRow {
    type Id = ();
    const KIND: Kind = Kind::Reported;
    const SPACE: Space = Space::Records;

    fn key((): &()) -> Vec<u8> {
        vec![b'p']
    }

    fn id(&self) {}
}

impl Row for Broadcast {
    type Id = BroadcastId;
    const KIND: Kind = Kind::Broadcast;
    const SPACE: Space = Space::Records;

    fn key(id: &BroadcastId) -> Vec<u8> {
        keys::broadcast(*id)
    }

    fn id(&self) -> BroadcastId {
        self.id
    }

    fn indexes(&self) -> Vec<Vec<u8>> {
        keys::broadcast_indexes(self)
    }
}

impl Row for Outreach {
    type Id = BroadcastId;
    const KIND: Kind = Kind::Outreach;
    const SPACE: Space = Space::Records;

    fn key(id: &BroadcastId) -> Vec<u8> {
        keys::outreach(*id)
    }

    fn id(&self) -> BroadcastId {
        self.broadcast
    }
}

impl Row for WishRow {
    type Id = Effect;
    const KIND: Kind = Kind::Wish;
    const SPACE: Space = Space::Outbox;

    fn key(id: &Effect) -> Vec<u8> {
        keys::wish(*id)
    }

    fn id(&self) -> Effect {
        self.effect
    }
}
