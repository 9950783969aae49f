//! What admins see: dashboard, queue, the card of a deposit. The chat room and the effects
//! import this.

use ring4_domain::change::Seq;
use ring4_domain::deposit::{Deposit, DepositState};
use ring4_domain::ids::{RulesVersion, Timestamp, UserId};
use ring4_domain::money::Amount;
use ring4_rules::messages::Value;
use ring4_telegram::keyboard::Style;

use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::Press;

/// Deposits listed at once.
pub const QUEUE_ROWS: usize = 20;

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

/// A deposit with what an admin needs to decide about it.
#[derive(Clone, Copy, Debug)]
pub struct DepositView<'view> {
    /// The deposit.
    pub deposit: &'view Deposit,
    /// The customer's name.
    pub name: &'view str,
    /// What the customer has.
    pub available: Amount,
    /// The name of the admin who decided, where one did and is known.
    pub decided_by: Option<&'view str>,
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
            self.button_with("admin.queue", &count, &Press::Queue),
            self.button("admin.database", &Press::Database),
        ]);
        rows.add([
            self.button("admin.refresh", &Press::Admin),
            self.button("menu.home", &Press::Menu),
        ]);
        rows.screen(text)
    }

    /// The deposits that wait for a decision, oldest first.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn queue(&self, deposits: &[DepositView<'_>]) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        for view in deposits.iter().take(QUEUE_ROWS) {
            let values = [
                ("amount", Value::Text(&self.money(view.deposit.amount))),
                ("name", Value::Text(view.name)),
                ("when", Value::Text(&self.moment(claimed_at(view.deposit)))),
            ];
            let press = Press::Review(view.deposit.id);
            rows.add([self.button_with("admin.deposit_row", &values, &press)]);
        }
        rows.add([
            self.button("admin.refresh", &Press::Queue),
            self.button("menu.admin", &Press::Admin),
        ]);
        if deposits.is_empty() {
            return rows.screen(self.say("admin.deposits_none", &[]));
        }
        let count = i64::try_from(deposits.len()).unwrap_or(i64::MAX);
        rows.screen(self.say("admin.deposits", &[("count", Value::Number(count))]))
    }

    /// An admin's card of a deposit as it stands.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn admin_deposit(&self, view: DepositView<'_>) -> Result<Screen, ScreenError> {
        let DepositView { deposit, name, available, decided_by } = view;
        let decided = |key: &str, by: UserId, at: Timestamp| {
            let by = decided_by.map_or_else(|| by.to_string(), str::to_owned);
            let when = self.moment(at);
            self.say(key, &[("by", Value::Text(&by)), ("when", Value::Text(&when))])
        };
        let state = match &deposit.state {
            DepositState::Approved { by, at } => decided("admin.deposit.approved", *by, *at),
            DepositState::Rejected { by, at, .. } => decided("admin.deposit.rejected", *by, *at),
            _ => self.say("admin.deposit.submitted", &[]),
        };
        let text = self.say(
            "admin.deposit",
            &[
                ("id", Value::Text(&deposit.id.to_string())),
                ("name", Value::Text(name)),
                ("user", Value::Text(&deposit.customer.to_string())),
                ("amount", Value::Text(&self.money(deposit.amount))),
                ("method", Value::Text(&self.method_name(&deposit.method))),
                ("when", Value::Text(&self.moment(claimed_at(deposit)))),
                ("available", Value::Text(&self.money(available))),
                ("state", Value::Html(&state)),
            ],
        );
        let mut rows = Rows::default();
        if matches!(deposit.state, DepositState::Submitted { .. }) {
            let approve = self.button("admin.approve", &Press::Approve(deposit.id));
            let reject = self.button("admin.reject", &Press::Reject(deposit.id));
            rows.add([
                approve.map(|button| button.styled(Style::Success)),
                reject.map(|button| button.styled(Style::Danger)),
            ]);
        }
        rows.screen(text)
    }
}

const fn claimed_at(deposit: &Deposit) -> Timestamp {
    match deposit.state {
        DepositState::Submitted { at } => at,
        _ => deposit.created_at,
    }
}
