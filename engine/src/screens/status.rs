//! How each service does. Only the chat room imports this.

use ring4_domain::ids::ServiceKey;
use ring4_rules::messages::Value;

use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::Press;
use crate::odds::Figures;

/// Services listed at once; the text of one has some hundred characters.
const SERVICES_MAX: usize = 20;

/// Whether a service can be bought now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceState {
    /// At least one country has numbers.
    Up,
    /// No country has any.
    SoldOut,
    /// No vendor sells to us now.
    Unavailable,
    /// Vendors were not asked yet.
    Unknown,
}

/// A service and how it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusRow {
    /// Which.
    pub service: ServiceKey,
    /// Whether it can be bought.
    pub state: ServiceState,
    /// What became of the shop's own orders of it.
    pub figures: Figures,
}

impl Voice<'_> {
    /// How each service does, from the shop's own orders.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn status(&self, services: &[StatusRow]) -> Result<Screen, ScreenError> {
        let lines: Vec<String> =
            services.iter().take(SERVICES_MAX).map(|row| self.status_row(row)).collect();
        let mut rows = Rows::default();
        rows.add([self.button("status.refresh", &Press::Status)]);
        rows.add([
            self.button("menu.buy", &Press::Services(0)),
            self.button("menu.home", &Press::Menu),
        ]);
        rows.screen(self.say("status", &[("rows", Value::Html(&lines.join("\n\n")))]))
    }

    fn status_row(&self, row: &StatusRow) -> String {
        let state = match row.state {
            ServiceState::Up => "status.up",
            ServiceState::SoldOut => "status.sold_out",
            ServiceState::Unavailable => "status.unavailable",
            ServiceState::Unknown => "status.unknown",
        };
        let mut figures = vec![self.say(state, &[])];
        let number = |number: u32| Value::Number(i64::from(number));
        match row.figures.success_percent() {
            Some(percent) => {
                let values = [("percent", number(percent)), ("orders", number(row.figures.orders))];
                figures.push(self.say("status.success", &values));
            }
            None => figures.push(self.say("status.no_orders", &[])),
        }
        if let Some(secs) = row.figures.median_wait_secs {
            figures.push(self.say("status.wait", &[("secs", number(secs))]));
        }
        if let Some(at) = row.figures.last_code_at {
            let when = self.moment(at);
            figures.push(self.say("status.last_code", &[("when", Value::Text(&when))]));
        }
        let values = [
            ("emoji", Value::Text(self.emoji(&row.service))),
            ("service", Value::Text(self.service(&row.service))),
            ("figures", Value::Html(&figures.join("\n"))),
        ];
        self.say("status.row", &values)
    }
}
