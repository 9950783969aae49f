//! What decisions about refunds, blocks, adjustments, pauses and broadcasts look at. Only
//! `overlay` is built on this.

use ring4_domain::adjustment::Adjustment;
use ring4_domain::broadcast::{Broadcast, Outreach};
use ring4_domain::change::Change;
use ring4_domain::day::Day;
use ring4_domain::ids::{AdjustmentId, BroadcastId, OrderId, Timestamp, UserId};
use ring4_domain::maintenance::Maintenance;
use ring4_domain::policy::ORDERS_COUNTED_MAX;
use ring4_domain::refund::Refund;
use ring4_domain::standing::Standing;

use super::Overlay;
use crate::ReadError;

impl Overlay {
    /// As `load`, for what the admins' desk changes.
    pub(super) fn load_of_desk(&mut self, change: &Change) -> Result<(), ReadError> {
        let snapshot = &self.snapshot;
        match change {
            Change::Refund(refund) => {
                self.refunds.slot(snapshot, &refund.order)?;
            }
            Change::Standing(standing) => {
                self.standings.slot(snapshot, &standing.customer)?;
            }
            Change::Adjustment(adjustment) => {
                self.adjustments.slot(snapshot, &adjustment.id)?;
            }
            Change::Maintenance(_) => {
                self.maintenance.slot(snapshot, &())?;
            }
            Change::Reported(_) => {
                self.reported.slot(snapshot, &())?;
            }
            Change::Broadcast(broadcast) => {
                self.broadcasts.slot(snapshot, &broadcast.id)?;
            }
            Change::Outreach(outreach) => {
                self.outreaches.slot(snapshot, &outreach.broadcast)?;
            }
            // Every other change is loaded by `load`.
            _ => {}
        }
        Ok(())
    }

    pub(in crate::group) fn refund(
        &mut self,
        order: OrderId,
    ) -> Result<Option<&Refund>, ReadError> {
        self.refunds.get(&self.snapshot, &order)
    }

    pub(in crate::group) fn standing(
        &mut self,
        customer: UserId,
    ) -> Result<Option<&Standing>, ReadError> {
        self.standings.get(&self.snapshot, &customer)
    }

    pub(in crate::group) fn adjustment(
        &mut self,
        id: AdjustmentId,
    ) -> Result<Option<&Adjustment>, ReadError> {
        self.adjustments.get(&self.snapshot, &id)
    }

    pub(in crate::group) fn maintenance(&mut self) -> Result<Option<&Maintenance>, ReadError> {
        self.maintenance.get(&self.snapshot, &())
    }

    pub(in crate::group) fn reported(&mut self) -> Result<Option<Day>, ReadError> {
        Ok(self.reported.get(&self.snapshot, &())?.map(|row| row.day))
    }

    pub(in crate::group) fn broadcast(
        &mut self,
        id: BroadcastId,
    ) -> Result<Option<&Broadcast>, ReadError> {
        self.broadcasts.get(&self.snapshot, &id)
    }

    pub(in crate::group) fn outreach(
        &mut self,
        id: BroadcastId,
    ) -> Result<Option<&Outreach>, ReadError> {
        self.outreaches.get(&self.snapshot, &id)
    }

    /// The broadcast that is under way: one that the group let go, or a stored one.
    pub(in crate::group) fn active_broadcast(&self) -> Result<Option<BroadcastId>, ReadError> {
        let mut changed = self.broadcasts.0.values().filter_map(|slot| slot.now.as_ref());
        if let Some(active) = changed.find(|broadcast| broadcast.is_active()) {
            return Ok(Some(active.id));
        }
        // A broadcast in the group is as the group says.
        let stored = self.snapshot.active_broadcast()?.map(|broadcast| broadcast.id);
        Ok(stored.filter(|id| !self.broadcasts.0.contains_key(id)))
    }

    /// When a customer's latest orders were placed, newest first. An order never changes when it
    /// was placed, so those of the group that are stored already say the same.
    pub(in crate::group) fn placed(&self, customer: UserId) -> Result<Vec<Timestamp>, ReadError> {
        let counted = usize::try_from(ORDERS_COUNTED_MAX).unwrap_or(usize::MAX);
        let mut moments = self.snapshot.orders_placed(customer, counted)?;
        let new = self.orders.0.values().filter(|slot| slot.stored.is_none());
        let new = new.filter_map(|slot| slot.now.as_ref());
        let own = new.filter(|order| order.customer() == customer);
        moments.extend(own.map(|order| order.placed_at));
        moments.sort_unstable_by(|one, other| other.cmp(one));
        moments.truncate(counted);
        Ok(moments)
    }
}
