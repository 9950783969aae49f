//! The customer's orders, asked for and cancelled in the chat.

use ring4_domain::change::Seq;
use ring4_domain::command::Command;
use ring4_domain::effect::Effect;
use ring4_domain::ids::OrderId;
use ring4_domain::order::Order;
use ring4_domain::refusal::Refusal;

use super::{Reply, Visit};
use crate::screens::order::OrdersPage;
use crate::shop::{ShopError, available};

/// Orders on one page of the list, beside those that are open.
const ORDERS_LISTED: usize = 12;

impl Visit<'_> {
    /// Every open order and the recent ones; or those placed before another.
    pub(super) fn orders(&self, before: Option<OrderId>) -> Result<Reply, ShopError> {
        let snapshot = self.shop.snapshot();
        let ended = self.recent_orders(before)?;
        let last = ended.last().map(Order::id);
        let mut orders = match before {
            None => snapshot.open_orders_of(self.user())?,
            Some(_) => Vec::new(),
        };
        let open = orders.len();
        orders.extend(ended.into_iter().filter(|order| before.is_some() || !order.state.is_open()));
        let older = match last {
            Some(last) => !snapshot.orders_of(self.user(), Some(last), 1)?.is_empty(),
            None => false,
        };
        let page = OrdersPage { orders: &orders, open, before, older: last.filter(|_| older) };
        Ok(Reply::Screen(self.voice().orders(page)?))
    }

    /// The latest orders, or the latest before another.
    pub(super) fn recent_orders(&self, before: Option<OrderId>) -> Result<Vec<Order>, ShopError> {
        Ok(self.shop.snapshot().orders_of(self.user(), before, ORDERS_LISTED)?)
    }

    /// The customer's own order of this id.
    pub(super) fn own_order(&self, id: OrderId) -> Result<Option<Order>, ShopError> {
        let order = self.shop.snapshot().order(id)?;
        Ok(order.filter(|order| order.customer() == self.user()))
    }

    /// Shows an order in the pressed message, which becomes its card from now on.
    pub(super) async fn order(&self, id: OrderId) -> Result<Reply, ShopError> {
        let Some(order) = self.own_order(id)? else {
            return self.refuse(&Refusal::OrderUnknown);
        };
        if let Some(message) = self.pressed.filter(|_| order.state.is_open()) {
            // No wish has this number, so nothing is granted; only the card moves.
            let moved = Command::Granted {
                effect: Effect::ShowOrder(id),
                made: Seq(0),
                message: Some(message),
            };
            // A finished effect is never refused.
            self.submit_lightly(moved).await?;
        }
        // What came while the card moved was shown in the old place, so it is read again.
        self.card(&self.own_order(id)?.unwrap_or(order))
    }

    pub(super) fn card(&self, order: &Order) -> Result<Reply, ShopError> {
        let available = available(&self.shop.snapshot(), self.user())?;
        let instead = self.shop.instead(self.live, order);
        let refund = self.shop.refund_line(self.live, order)?;
        let resend = self.shop.resend_offered(self.live, order);
        Ok(Reply::Screen(self.voice().order_card(order, available, &instead, refund, resend)?))
    }

    pub(super) async fn cancel(&self, id: OrderId) -> Result<Reply, ShopError> {
        let command = Command::CancelOrder { customer: self.user(), order: id };
        if let Err(refusal) = self.submit(command).await? {
            return self.refuse(&refusal);
        }
        let notice = self.voice().say("order.cancelling_now", &[]);
        let order = self.own_order(id)?;
        let on_card = self.pressed.is_some() && order.and_then(|order| order.card) == self.pressed;
        if on_card || self.pressed.is_none() {
            // The card is brought up to date by its own effect.
            return Ok(Reply::Notice(notice));
        }
        Ok(Reply::Both(self.voice().cancellable(&self.cancellable()?)?, notice))
    }

    fn cancellable(&self) -> Result<Vec<Order>, ShopError> {
        let mut orders = self.shop.snapshot().open_orders_of(self.user())?;
        orders.retain(Order::can_be_cancelled);
        orders.truncate(ORDERS_LISTED);
        Ok(orders)
    }

    pub(super) fn cancel_list(&self) -> Result<Reply, ShopError> {
        Ok(Reply::Screen(self.voice().cancellable(&self.cancellable()?)?))
    }

    pub(super) async fn cancel_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        if words.is_empty() {
            return self.cancel_list();
        }
        match words.trim().parse() {
            Ok(id) => self.cancel(id).await,
            Err(_) => self.refuse(&Refusal::OrderUnknown),
        }
    }
}
