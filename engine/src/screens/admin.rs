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

/// Days that the button exports; `/export` takes other stretches.
const EXPORT_DAYS: u32 = 7;

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
    /// The money of the local day so far; the margin is shown where the settings want it.
    pub today: Bar,
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
        self.dashboard_rows(dashboard).screen(text)
    }

    /// A button to everything that admins have.
    fn dashboard_rows(&self, dashboard: &Dashboard) -> Rows {
        let desk = |key, desk| self.button(key, &Press::Desk(desk));
        let counted = |key, count: u64, press: Press| {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.button_with(key, &[("count", Value::Number(count))], &press)
        };
        let refunds = Press::Desk(Desk::Refunds(0));
        let open = Press::Desk(Desk::OpenOrders(0));
        let mut rows = Rows::default();
        rows.add([
            counted("admin.queue", dashboard.pending_deposits, Press::Queue(0)),
            counted("admin.desk.refunds", dashboard.pending_refunds, refunds),
        ]);
        rows.add([
            counted("admin.desk.open_orders", dashboard.open_orders, open),
            desk("admin.desk.blocked", Desk::Blocked(0)),
        ]);
        rows.add([
            desk("admin.desk.stats", Desk::Stats(1)),
            desk("admin.desk.export", Desk::Export(EXPORT_DAYS)),
        ]);
        rows.add([
            desk("admin.desk.audit", Desk::Audit(None)),
            desk("admin.desk.logs", Desk::Logs),
        ]);
        rows.add([
            self.button("admin.desk.services", &Press::Offers),
            self.button("admin.desk.vendors", &Press::Providers),
        ]);
        rows.add([
            desk("admin.desk.broadcast", Desk::Broadcasts),
            desk("admin.desk.rules", Desk::Rules),
        ]);
        let steer = match dashboard.pause {
            Some(_) => Some(desk("admin.desk.resume", Desk::Maintenance(false))),
            // What the settings have closed cannot be paused.
            None if dashboard.closed => None,
            None => Some(desk("admin.desk.pause", Desk::Maintenance(true))),
        };
        let database = self.button("admin.database", &Press::Database);
        rows.add(std::iter::once(database).chain(steer));
        rows.add([
            self.button("admin.refresh", &Press::Admin),
            self.button("menu.home", &Press::Menu),
        ]);
        rows
    }

    /// Today's money, how the shop does, and the pause, each on a line of its own.
    fn day_and_health(&self, dashboard: &Dashboard) -> String {
        let today = &dashboard.today;
        let [revenue, margin] = [today.revenue, today.margin()].map(|amount| self.money(amount));
        let revenue = ("revenue", Value::Text(revenue.as_str()));
        let today = match self.live.config.report.show_profit {
            true => self.say("admin.today", &[revenue, ("margin", Value::Text(&margin))]),
            false => self.say("admin.today.revenue", &[revenue]),
        };
        let waiting = i64::try_from(dashboard.waiting).unwrap_or(i64::MAX);
        let key = if dashboard.trouble { "admin.health.trouble" } else { "admin.health.well" };
        let health = self.say(key, &[("waiting", Value::Number(waiting))]);
        format!("\n{today}\n{health}{}", self.paused(dashboard))
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
