//! The customer's orders, asked for and cancelled in the chat.

use ring4_domain::change::Seq;
use ring4_domain::command::Command;
use ring4_domain::effect::Effect;
use ring4_domain::ids::OrderId;
use ring4_domain::order::{Order, OrderState};
use ring4_domain::refusal::Refusal;

use super::{Reply, Visit};
use crate::shop::{ShopError, available};

/// Orders on the list: every open one, then recent ones up to this many in all.
const ORDERS_LISTED: usize = 12;

impl Visit<'_> {
    pub(super) fn orders(&self) -> Result<Reply, ShopError> {
        let snapshot = self.shop.snapshot();
        let mut orders = snapshot.open_orders_of(self.user())?;
        for order in snapshot.orders_of(self.user(), None, ORDERS_LISTED)? {
            if !order.state.is_open() && orders.len() < ORDERS_LISTED {
                orders.push(order);
            }
        }
        Ok(Reply::Screen(self.voice().orders(&orders, false)?))
    }

    /// The customer's own order of this id.
    fn own_order(&self, id: OrderId) -> Result<Option<Order>, ShopError> {
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
        Ok(Reply::Screen(self.voice().order_card(order, available, &instead)?))
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
        Ok(Reply::Both(self.voice().orders(&self.cancellable()?, true)?, notice))
    }

    fn cancellable(&self) -> Result<Vec<Order>, ShopError> {
        let mut orders = self.shop.snapshot().open_orders_of(self.user())?;
        orders.retain(|order| order.state == OrderState::Waiting);
        orders.truncate(ORDERS_LISTED);
        Ok(orders)
    }

    pub(super) async fn cancel_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        if words.is_empty() {
            return Ok(Reply::Screen(self.voice().orders(&self.cancellable()?, true)?));
        }
        match words.parse() {
            Ok(id) => self.cancel(id).await,
            Err(_) => self.refuse(&Refusal::OrderUnknown),
        }
    }
}
