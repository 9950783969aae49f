//! Orders that are over, taken out of the book: a shop's whole history is checked without holding
//! all of it. Only `book` is built on this.
//!
//! What can still matter of such an order is a few bytes: that its transfers exist, what was paid,
//! and which number it had. Should it change after all, it comes back with that change.

use std::collections::BTreeMap;

use super::{Book, Booked, Violation};
use crate::ids::{OrderId, ProviderId, UserId};
use crate::ledger::{Resolution, TransferId};
use crate::money::Amount;
use crate::order::Order;

/// What is remembered of the orders that were closed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClosedOrders {
    orders: BTreeMap<OrderId, Remains>,
    /// By vendor and its own id, the order that a number was bought for.
    numbers: BTreeMap<ProviderId, BTreeMap<Box<str>, OrderId>>,
    /// Numbers that two orders had.
    shared: Vec<(OrderId, OrderId)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Remains {
    customer: UserId,
    price: Amount,
    /// What became of the hold.
    resolution: Resolution,
    /// Whether the vendor's cost is booked.
    cost: bool,
    /// What was refunded.
    refund: Option<Amount>,
    /// A bit for each further code that the vendor charged for.
    resend_costs: u64,
}

/// A closed order's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The order.
    pub order: Order,
    /// Its transfers, as far as they were not taken out before.
    pub transfers: Vec<Booked>,
}

/// The bit of one further code; an order has ten of them at most.
const fn bit(place: u8) -> u64 {
    1_u64.wrapping_shl(place as u32)
}

impl ClosedOrders {
    /// Whether a transfer was taken out with its order.
    pub(super) fn has(&self, transfer: TransferId) -> bool {
        let of = |id: OrderId| self.orders.get(&id);
        match transfer {
            TransferId::Hold(id) => of(id).is_some(),
            TransferId::Capture(id) | TransferId::Release(id) => of(id).is_some_and(|remains| {
                matches!(remains.resolution, Resolution::Posted(by) | Resolution::Voided(by)
                        if by == transfer)
            }),
            TransferId::VendorCost(id) => of(id).is_some_and(|remains| remains.cost),
            TransferId::ResendCost(id, place) => {
                of(id).is_some_and(|remains| remains.resend_costs & bit(place) != 0)
            }
            TransferId::Refund(id) => of(id).is_some_and(|remains| remains.refund.is_some()),
            TransferId::Deposit(_)
            | TransferId::Adjustment(_)
            | TransferId::ReturnHold(..)
            | TransferId::Return(..)
            | TransferId::ReturnRelease(..) => false,
        }
    }

    /// Whether this order was closed, whatever came after.
    pub(super) fn knows(&self, id: OrderId) -> bool {
        self.orders.contains_key(&id)
    }

    /// What became of an order's hold, if the hold was for this order as it is now.
    pub(super) fn resolution(&self, order: &Order) -> Option<Resolution> {
        let remains = self.orders.get(&order.id())?;
        let same = (remains.customer, remains.price) == (order.customer(), order.quote.price);
        same.then_some(remains.resolution)
    }

    /// What was refunded of an order when it was closed.
    pub(super) fn refund(&self, id: OrderId) -> Option<Amount> {
        self.orders.get(&id).and_then(|remains| remains.refund)
    }

    /// Whether so much may be given back of a closed order.
    pub(super) fn covers(&self, id: OrderId, refund: Amount) -> bool {
        self.orders.get(&id).is_some_and(|remains| {
            matches!(remains.resolution, Resolution::Posted(_)) && refund <= remains.price
        })
    }

    /// The order that a number was bought for, if it was closed.
    pub(super) fn owner(&self, provider: &ProviderId, vendor_order: &str) -> Option<OrderId> {
        self.numbers.get(provider)?.get(vendor_order).copied()
    }

    pub(super) fn shared(&self) -> &[(OrderId, OrderId)] {
        &self.shared
    }
}

impl Book {
    /// Takes an order and its transfers out, if it is over and every promise about it is kept;
    /// what breaks one stays, to be found by [`Book::violations`]. For whoever checks a whole
    /// history and has noted what is taken out; a book that is compared with another keeps all.
    pub fn close(&mut self, id: OrderId) -> Option<Closed> {
        let order = self.orders.get(&id)?;
        if order.state.is_open() || self.order_violations(order).next().is_some() {
            return None;
        }
        let resolution = self.resolution(order)?;
        let (order, before) = (self.orders.remove(&id)?, self.closed.orders.get(&id).copied());
        let of_order = [
            TransferId::Hold(id),
            TransferId::Capture(id),
            TransferId::Release(id),
            TransferId::VendorCost(id),
            TransferId::Refund(id),
        ];
        let places = (0..=u8::MAX).take(order.resends.len());
        let of_resends = places.clone().map(|place| TransferId::ResendCost(id, place));
        let transfers: Vec<Booked> = of_order
            .into_iter()
            .chain(of_resends)
            .filter_map(|id| self.transfers.remove(&id))
            .collect();
        let amount = |wanted: TransferId| {
            let found = transfers.iter().find(|booked| booked.transfer.id == wanted);
            found.map(|booked| booked.transfer.amount)
        };
        let remains = Remains {
            customer: order.customer(),
            price: order.quote.price,
            resolution,
            cost: amount(TransferId::VendorCost(id)).is_some()
                || before.is_some_and(|before| before.cost),
            refund: amount(TransferId::Refund(id)).or(before.and_then(|before| before.refund)),
            resend_costs: places
                .filter(|place| amount(TransferId::ResendCost(id, *place)).is_some())
                .fold(before.map_or(0, |before| before.resend_costs), |bits, place| {
                    bits | bit(place)
                }),
        };
        self.closed.orders.insert(id, remains);
        for (provider, vendor_order) in order.numbers() {
            let numbers = self.closed.numbers.entry(provider.clone()).or_default();
            let first = numbers.insert(vendor_order.into(), id);
            if let Some(first) = first.filter(|first| *first != id) {
                self.closed.shared.push((first, id));
            }
        }
        Some(Closed { order, transfers })
    }

    fn order_violations(&self, order: &Order) -> impl Iterator<Item = Violation> {
        let mut found = Vec::new();
        self.check_order(order, &mut found);
        found.into_iter()
    }
}
