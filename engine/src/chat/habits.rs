//! What a customer did lately, as the limits count it: for the policy, and for admins who ask why
//! somebody may not buy. The chat room and its screens import this.

use ring4_domain::ids::{Timestamp, UserId};
use ring4_domain::money::Amount;
use ring4_domain::order::{Order, OrderState};
use ring4_domain::policy::ORDERS_COUNTED_MAX;
use ring4_storage::{ReadError, Snapshot};

/// What a customer did lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// Orders within the last minute.
    pub orders_minute: u32,
    /// Orders within the last hour.
    pub orders_hour: u32,
    /// Orders within the last day.
    pub orders_day: u32,
    /// Those of them that were cancelled.
    pub cancelled_day: u32,
    /// What those of them cost that are open or delivered.
    pub spent_day: Amount,
    /// Orders that are open.
    pub open_orders: u32,
}

impl Habits {
    /// What a customer did before this moment, as far as the limits look back.
    ///
    /// # Errors
    /// An order cannot be read.
    pub fn read(snapshot: &Snapshot, customer: UserId, now: Timestamp) -> Result<Self, ReadError> {
        let counted = usize::try_from(ORDERS_COUNTED_MAX).unwrap_or(usize::MAX);
        let orders = snapshot.orders_of(customer, None, counted)?;
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let within = |secs: u32| {
            let recent = orders.iter().filter(move |order| now < order.placed_at.plus_secs(secs));
            recent.collect::<Vec<&Order>>()
        };
        let day = within(86_400);
        let cancelled = day.iter().filter(|order| order.state == OrderState::Cancelled).count();
        let paid = day
            .iter()
            .filter(|order| order.state.is_open() || order.state == OrderState::Delivered);
        let spent = paid.map(|order| order.quote.price).try_fold(Amount::ZERO, Amount::checked_add);
        Ok(Self {
            orders_minute: number(within(60).len()),
            orders_hour: number(within(3_600).len()),
            orders_day: number(day.len()),
            cancelled_day: number(cancelled),
            spent_day: spent.unwrap_or(Amount::MAX),
            open_orders: number(orders.iter().filter(|order| order.state.is_open()).count()),
        })
    }
}
