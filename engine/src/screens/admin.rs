//! What admins see first: the dashboard. The chat room and the effects
//! import this.

use ring4_domain::change::Seq;
use ring4_domain::ids::RulesVersion;
use ring4_domain::money::Amount;
use ring4_rules::messages::Value;

use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::Press;

/// A vendor on the dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRow {
    /// Its name.
    pub name: String,
    /// The plugin's version.
    pub version: String,
    /// The key of what its breaker says.
    pub state: &'static str,
    /// Our balance there, where known.
    pub balance: Option<Amount>,
}

/// The shop at a glance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dashboard {
    /// Orders that are open.
    pub open_orders: u64,
    /// Deposits that wait for a decision.
    pub pending_deposits: u64,
    /// Customers ever seen.
    pub customers: u64,
    /// The vendors.
    pub providers: Vec<ProviderRow>,
    /// The live rule set.
    pub rules: RulesVersion,
    /// The last ledger entry.
    pub head: Seq,
}

impl Voice<'_> {
    /// The shop at a glance.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn dashboard(&self, dashboard: &Dashboard) -> Result<Screen, ScreenError> {
        let number = |count: u64| Value::Number(i64::try_from(count).unwrap_or(i64::MAX));
        let providers: Vec<String> = dashboard
            .providers
            .iter()
            .map(|row| {
                let balance = row.balance.map(|balance| self.money(balance));
                let values = [
                    ("provider", Value::Text(&row.name)),
                    ("version", Value::Text(&row.version)),
                    ("state", Value::Html(&self.say(row.state, &[]))),
                    ("balance", Value::Text(balance.as_deref().unwrap_or("–"))),
                ];
                self.say("admin.provider", &values)
            })
            .collect();
        let text = self.say(
            "admin",
            &[
                ("open_orders", number(dashboard.open_orders)),
                ("pending_deposits", number(dashboard.pending_deposits)),
                ("customers", number(dashboard.customers)),
                ("providers", Value::Html(&providers.join("\n"))),
                ("rules", Value::Text(&dashboard.rules.to_string())),
                ("entries", number(dashboard.head.0)),
            ],
        );
        let mut rows = Rows::default();
        let count = [("count", number(dashboard.pending_deposits))];
        rows.add([
            self.button_with("admin.queue", &count, &Press::Queue(0)),
            self.button("admin.database", &Press::Database),
        ]);
        rows.add([
            self.button("admin.refresh", &Press::Admin),
            self.button("menu.home", &Press::Menu),
        ]);
        rows.screen(text)
    }
}
