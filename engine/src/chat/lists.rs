//! What an admin may want to look through: the orders that are open, the customers who are
//! blocked. Who is an admin was checked before.

use ring4_domain::order::Order;

use super::{Reply, Visit};
use crate::screens::lists::{BlockedRow, OpenRow};
use crate::screens::queue::{QUEUE_ROWS, QueuePage};
use crate::shop::{ShopError, name_of};
use crate::tasks;

/// The rows of a page, and what the page says of itself.
fn turn<Row>(rows: Vec<Row>, page: u16) -> (Vec<Row>, QueuePage) {
    let skipped = usize::from(page).saturating_mul(QUEUE_ROWS);
    let more = rows.len() > skipped.saturating_add(QUEUE_ROWS);
    let waiting = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let rows = rows.into_iter().skip(skipped).take(QUEUE_ROWS).collect();
    (rows, QueuePage { page, more, waiting })
}

impl Visit<'_> {
    /// The orders that are open, oldest first.
    pub(super) fn open_orders(&self, page: u16) -> Result<Reply, ShopError> {
        let snapshot = self.shop.snapshot();
        let mut orders = snapshot.open_orders()?;
        orders.sort_by_key(|order| (order.placed_at, order.id()));
        let (orders, page) = turn(orders, page);
        let named =
            |order: Order| name_of(&snapshot, order.customer()).map(|name| OpenRow { order, name });
        let rows = orders.into_iter().map(named).collect::<Result<Vec<_>, _>>()?;
        Ok(Reply::Screen(self.voice().open_orders(&rows, page)?))
    }

    /// The customers who may buy nothing.
    pub(super) async fn blocked(&self, page: u16) -> Result<Reply, ShopError> {
        let snapshot = self.shop.snapshot();
        let read = move || -> Result<_, ring4_storage::ReadError> {
            let blocked = snapshot.customers_blocked()?;
            let (blocked, page) = turn(blocked.into_iter().collect(), page);
            let mut rows = Vec::with_capacity(blocked.len());
            for customer in blocked {
                let standing = snapshot.standing(customer)?;
                let block = standing.and_then(|standing| standing.block);
                rows.push(BlockedRow {
                    customer,
                    name: name_of(&snapshot, customer)?,
                    reason: block.map(|block| block.reason).unwrap_or_default(),
                });
            }
            Ok((rows, page))
        };
        let (rows, page) = tasks::block(read).await??;
        Ok(Reply::Screen(self.voice().blocked(&rows, page)?))
    }
}
