//! The receipt of an order: what was booked for it, with times and ledger numbers. Only the chat
//! room imports this.

use ring4_domain::ledger::AccountId;
use ring4_domain::order::Order;
use ring4_rules::messages::Value;

use super::wallet::WalletRow;
use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::Press;

impl Voice<'_> {
    /// What was booked for one order.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn receipt(
        &self,
        order: &Order,
        wallet: &AccountId,
        booked: &[WalletRow],
    ) -> Result<Screen, ScreenError> {
        let lines: Vec<String> = booked.iter().map(|row| self.history_row(wallet, row)).collect();
        let flag = order.quote.country.flag();
        let country = self.country(order.quote.country);
        let state = self.say(&format!("state.{}", order.state.name()), &[]);
        let values = [
            ("id", Value::Text(&order.id().to_string())),
            ("emoji", Value::Text(self.emoji(order.service()))),
            ("service", Value::Text(self.service(order.service()))),
            ("flag", Value::Text(&flag)),
            ("country", Value::Text(&country)),
            ("state", Value::Text(&state)),
            ("price", Value::Text(&self.money(order.quote.price))),
            ("when", Value::Text(&self.moment(order.placed_at))),
            ("rows", Value::Html(&lines.join("\n"))),
        ];
        let mut rows = Rows::default();
        rows.add([
            self.button("orders.open", &Press::Order(order.id())),
            self.button("menu.history", &Press::History(None)),
        ]);
        rows.add([self.button("menu.home", &Press::Menu)]);
        rows.screen(self.say("receipt", &values))
    }

    /// The orders whose receipt may be asked for.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn receipts(&self, orders: &[Order]) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        for order in orders {
            rows.add([self.order_button(order, &Press::Receipt(order.id()))]);
        }
        rows.add([self.button("menu.home", &Press::Menu)]);
        let key = if orders.is_empty() { "orders.none" } else { "receipt.choose" };
        rows.screen(self.say(key, &[]))
    }
}
