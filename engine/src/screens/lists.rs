//! Open orders and blocked customers as admins look through them. Only the chat room imports this.

use ring4_domain::ids::UserId;
use ring4_domain::order::{Order, OrderState};
use ring4_rules::messages::Value;

use super::queue::QueuePage;
use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::{Desk, Press};

/// Characters of a reason on a button.
const REASON_CHARS_MAX: usize = 30;

/// An open order with its customer's name.
#[derive(Clone, Debug)]
pub struct OpenRow {
    /// The order.
    pub order: Order,
    /// The customer's name.
    pub name: String,
}

/// A customer who may buy nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockedRow {
    /// Who.
    pub customer: UserId,
    /// The name.
    pub name: String,
    /// Why.
    pub reason: String,
}

impl Voice<'_> {
    /// The orders that are open; each leads to its customer, a lost one to what can be done.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn open_orders(&self, open: &[OpenRow], page: QueuePage) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        for OpenRow { order, name } in open {
            let state = self.say(&format!("state.{}", order.state.name()), &[]);
            let values = [
                ("flag", Value::Text(&order.quote.country.flag())),
                ("service", Value::Text(self.service(order.service()))),
                ("name", Value::Text(name)),
                ("state", Value::Text(&state)),
            ];
            let press = match order.state {
                OrderState::Unclear => Press::Lost(order.id()),
                _ => Press::Desk(Desk::Customer(order.customer())),
            };
            rows.add([self.button_with("admin.open_orders.row", &values, &press)]);
        }
        let text = match page.waiting {
            0 => self.say("admin.open_orders_none", &[]),
            count => self.counted("admin.open_orders", count),
        };
        self.list(text, rows, page, Desk::OpenOrders)
    }

    /// The customers who may buy nothing, and how to block another.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn blocked(&self, blocked: &[BlockedRow], page: QueuePage) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        for BlockedRow { customer, name, reason } in blocked {
            let reason: String = reason.chars().take(REASON_CHARS_MAX).collect();
            let values = [("name", Value::Text(name.as_str())), ("reason", Value::Text(&reason))];
            let press = Press::Desk(Desk::Customer(*customer));
            rows.add([self.button_with("admin.blocked.row", &values, &press)]);
        }
        let text = match page.waiting {
            0 => self.say("admin.blocked_none", &[]),
            count => self.counted("admin.blocked", count),
        };
        let text = format!("{text}\n\n{}", self.say("admin.usage.block", &[]));
        self.list(text, rows, page, Desk::Blocked)
    }

    fn counted(&self, key: &str, count: u64) -> String {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.say(key, &[("count", Value::Number(count))])
    }

    fn list(
        &self,
        text: String,
        mut rows: Rows,
        page: QueuePage,
        desk: fn(u16) -> Desk,
    ) -> Result<Screen, ScreenError> {
        rows.add(self.turns(page, |page| Press::Desk(desk(page))));
        rows.add([
            self.button("admin.refresh", &Press::Desk(desk(page.page))),
            self.button("menu.admin", &Press::Admin),
        ]);
        rows.screen(text)
    }
}
