//! What admins see first: the dashboard. The chat room and the effects
//! import this.

use ring4_domain::change::Seq;
use ring4_domain::ids::RulesVersion;
use ring4_domain::maintenance::Maintenance;
use ring4_domain::money::Amount;
use ring4_rules::messages::Value;

use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::{Desk, Press};
use crate::figures::Bar;

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
    /// Refunds that wait for a decision.
    pub pending_refunds: u64,
    /// Whether the settings say that nothing is sold; no admin's button changes that.
    pub closed: bool,
    /// The pause that an admin began, with the admin's name.
    pub pause: Option<(Maintenance, String)>,
    /// The money of the local day so far, where the settings show it.
    pub today: Option<Bar>,
    /// Whether nothing can be committed now.
    pub trouble: bool,
    /// What the world still owes: messages, purchases, returns.
    pub waiting: u64,
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
    /// Telegram cannot post updates, in its own words, or can again.
    #[must_use]
    pub fn webhook(&self, failing: Option<&str>) -> String {
        match failing {
            Some(reason) => self.say("admin.webhook.failing", &[("reason", Value::Text(reason))]),
            None => self.say("admin.webhook.fine", &[]),
        }
    }

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
                ("pending_refunds", number(dashboard.pending_refunds)),
                ("paused", Value::Html(&self.day_and_health(dashboard))),
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
        let count = [("count", number(dashboard.pending_refunds))];
        let steer = |key, on| self.button(key, &Press::Desk(Desk::Maintenance(on)));
        let steer = match dashboard.pause {
            Some(_) => Some(steer("admin.desk.resume", false)),
            // What the settings have closed cannot be paused.
            None if dashboard.closed => None,
            None => Some(steer("admin.desk.pause", true)),
        };
        rows.add([
            self.button_with("admin.desk.refunds", &count, &Press::Desk(Desk::Refunds(0))),
            self.button("admin.desk.audit", &Press::Desk(Desk::Audit(None))),
        ]);
        let stats = self.button("admin.desk.stats", &Press::Desk(Desk::Stats(1)));
        rows.add(std::iter::once(stats).chain(steer));
        rows.add([
            self.button("admin.desk.services", &Press::Offers),
            self.button("admin.desk.vendors", &Press::Providers),
        ]);
        rows.add([
            self.button("admin.desk.broadcast", &Press::Desk(Desk::Broadcasts)),
            self.button("admin.desk.rules", &Press::Desk(Desk::Rules)),
        ]);
        rows.add([
            self.button("admin.refresh", &Press::Admin),
            self.button("menu.home", &Press::Menu),
        ]);
        rows.screen(text)
    }

    /// Today's money, how the shop does, and the pause, each on a line of its own.
    fn day_and_health(&self, dashboard: &Dashboard) -> String {
        let mut lines = String::new();
        if let Some(today) = &dashboard.today {
            let values = [
                ("revenue", Value::Text(&self.money(today.revenue))),
                ("margin", Value::Text(&self.money(today.margin()))),
            ];
            lines = format!("\n{}", self.say("admin.today", &values));
        }
        let waiting = i64::try_from(dashboard.waiting).unwrap_or(i64::MAX);
        let key = if dashboard.trouble { "admin.health.trouble" } else { "admin.health.well" };
        let health = self.say(key, &[("waiting", Value::Number(waiting))]);
        format!("{lines}\n{health}{}", self.paused(dashboard))
    }

    fn paused(&self, dashboard: &Dashboard) -> String {
        let closed = match dashboard.closed {
            true => format!("\n{}", self.say("admin.closed", &[])),
            false => String::new(),
        };
        let Some((pause, by)) = &dashboard.pause else { return closed };
        let values = [
            ("by", Value::Text(by)),
            ("when", Value::Text(&self.moment(pause.at))),
            ("text", Value::Text(&pause.text)),
        ];
        format!("{closed}\n{}", self.say("admin.paused", &values))
    }
}
