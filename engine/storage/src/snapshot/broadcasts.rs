//! What the shop may ask its state about news to every customer. Only `snapshot` is built on this.

use std::collections::BTreeSet;

use ring4_domain::broadcast::{Broadcast, Outreach};
use ring4_domain::customer::Customer;
use ring4_domain::ids::{BroadcastId, UserId};
use ring4_domain::standing::Standing;

use super::{Snapshot, end_of};
use crate::codec::Kind;
use crate::state::keys;
use crate::state::unseal;
use crate::{ReadError, Space};

// See `snapshot`: every method fails for the same two reasons.
#[allow(clippy::missing_errors_doc)]
impl Snapshot {
    /// A broadcast, sent or not.
    pub fn broadcast(&self, id: BroadcastId) -> Result<Option<Broadcast>, ReadError> {
        self.reading.row(&id)
    }

    /// How far a broadcast has come, if it ever began.
    pub fn outreach(&self, id: BroadcastId) -> Result<Option<Outreach>, ReadError> {
        self.reading.row(&id)
    }

    /// The broadcast that is under way.
    pub fn active_broadcast(&self) -> Result<Option<Broadcast>, ReadError> {
        let rows = self.reading.prefix(Space::Index, &keys::BROADCASTS_ACTIVE);
        let active = self.records("active broadcasts", rows.take(1), BroadcastId::from_bits)?;
        Ok(active.into_iter().next())
    }

    /// The customers behind this one, in the order of their ids; all of them behind nobody.
    pub fn customers_behind(
        &self,
        customer: Option<UserId>,
    ) -> impl Iterator<Item = Result<Customer, ReadError>> + Send + use<> {
        let from = customer.map_or_else(|| keys::CUSTOMERS.to_vec(), keys::behind_customer);
        let keys = self.reading.keys.clone();
        let rows = self.reading.range(Space::Records, from, end_of(&keys::CUSTOMERS));
        rows.map(move |row| {
            let (key, value) = row?;
            unseal(Space::Records, Kind::Customer, &key, &value, &keys)
        })
    }

    /// The customers who may buy nothing. Reads how every customer stands of whom something was
    /// decided, so it is for what happens seldom.
    pub fn customers_blocked(&self) -> Result<BTreeSet<UserId>, ReadError> {
        let mut blocked = BTreeSet::new();
        for row in self.reading.prefix(Space::Records, &keys::STANDINGS) {
            let (key, value) = row?;
            let keys = &self.reading.keys;
            let standing: Standing = unseal(Space::Records, Kind::Standing, &key, &value, keys)?;
            blocked.extend(standing.block.is_some().then_some(standing.customer));
        }
        Ok(blocked)
    }
}
