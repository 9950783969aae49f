//! One customer as admins see them, and what they are about to book. Only the chat room imports
//! this.

use ring4_domain::adjustment::{Adjustment, BY_SHOP};
use ring4_domain::customer::Customer;
use ring4_domain::deposit::Deposit;
use ring4_domain::ledger::{Account, AccountId};
use ring4_domain::money::Amount;
use ring4_domain::order::Order;
use ring4_domain::standing::Standing;
use ring4_rules::messages::Value;
use ring4_storage::WalletEntry;
use ring4_telegram::keyboard::Style;

use super::wallet::WalletRow;
use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::habits::Habits;
use crate::chat::press::{Desk, Press};

/// Entries of the wallet shown.
pub const ENTRIES_SHOWN: usize = 8;

/// Orders and deposits shown.
pub const ORDERS_SHOWN: usize = 5;

/// What is known of a customer.
#[derive(Clone, Debug)]
pub struct CustomerView {
    /// The customer.
    pub customer: Customer,
    /// The wallet.
    pub account: Account,
    /// Its latest entries.
    pub entries: Vec<WalletEntry>,
    /// The latest orders.
    pub orders: Vec<Order>,
    /// The latest deposits.
    pub deposits: Vec<Deposit>,
    /// What the limits count.
    pub habits: Habits,
    /// How the customer stands, where anything was decided.
    pub standing: Option<Standing>,
    /// The name of the admin who blocked, where one did.
    pub blocked_by: Option<String>,
}

impl Voice<'_> {
    /// A customer with the balance explained.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn admin_customer(&self, view: &CustomerView) -> Result<Screen, ScreenError> {
        let customer = &view.customer;
        let account = &view.account;
        let credited = account.credits_posted;
        let adjusted = credited.checked_sub(account.deposited);
        let adjusted = adjusted.and_then(|rest| rest.checked_sub(account.refunded));
        let username = customer.username.as_ref().map(|name| format!("@{name}"));
        let text = self.say(
            "admin.customer",
            &[
                ("name", Value::Text(&customer.name)),
                ("username", Value::Text(username.as_deref().unwrap_or("–"))),
                ("user", Value::Text(&customer.id.to_string())),
                ("since", Value::Text(&self.moment(customer.created_at))),
                ("available", Value::Text(&self.money(account.available().unwrap_or_default()))),
                ("deposited", Value::Text(&self.money(account.deposited))),
                ("refunded", Value::Text(&self.money(account.refunded))),
                ("adjusted", Value::Text(&self.money(adjusted.unwrap_or_default()))),
                ("spent", Value::Text(&self.money(account.debits_posted))),
                ("held", Value::Text(&self.money(account.debits_pending))),
                ("limits", Value::Html(&self.limits_line(view))),
                ("standing", Value::Html(&self.standing_line(view))),
                ("entries", Value::Html(&self.entry_lines(view))),
                ("orders", Value::Html(&self.order_lines(view))),
                ("deposits", Value::Html(&self.deposit_lines(view))),
            ],
        );
        let blocked = view.standing.as_ref().is_some_and(|standing| standing.block.is_some());
        let id = customer.id;
        let steer = if blocked {
            let button = self.button("admin.customer.unblock", &Press::Desk(Desk::Unblock(id)));
            button.map(|button| button.styled(Style::Success))
        } else {
            let button = self.button("admin.customer.block", &Press::Desk(Desk::Block(id)));
            button.map(|button| button.styled(Style::Danger))
        };
        let mut rows = Rows::default();
        let adjust = format!("/adjust {id} +1.00 ");
        rows.add([steer, self.copy("admin.customer.adjust", &adjust)]);
        rows.add([
            self.button("admin.refresh", &Press::Desk(Desk::Customer(id))),
            self.button("menu.admin", &Press::Admin),
        ]);
        rows.screen(text)
    }

    fn limits_line(&self, view: &CustomerView) -> String {
        let Habits {
            orders_minute,
            orders_hour,
            orders_day,
            cancelled_day,
            spent_day,
            open_orders,
        } = view.habits;
        let (policy, limits) = (&self.live.policy, &self.live.config.limits);
        let number = |count: u32| Value::Number(i64::from(count));
        let max = |max: u32| if max == 0 { "∞".to_owned() } else { max.to_string() };
        let spend_max = match limits.spend_per_day {
            Amount::ZERO => "∞".to_owned(),
            most => self.money(most),
        };
        let share = cancelled_day.saturating_mul(100).checked_div(orders_day).unwrap_or_default();
        let values = [
            ("minute", number(orders_minute)),
            ("hour", number(orders_hour)),
            ("day", number(orders_day)),
            ("minute_max", Value::Text(&max(policy.limits.orders_minute_max))),
            ("hour_max", Value::Text(&max(policy.limits.orders_hour_max))),
            ("day_max", Value::Text(&max(policy.limits.orders_day_max))),
        ];
        let orders = self.say("admin.customer.limits", &values);
        let values = [
            ("open", number(open_orders)),
            ("open_max", number(policy.orders_open_max)),
            ("spent", Value::Text(&self.money(spent_day))),
            ("spend_max", Value::Text(&spend_max)),
            ("cancelled", number(share)),
            ("cancelled_max", number(limits.cancel_percent)),
        ];
        format!("{orders}\n{}", self.say("admin.customer.habits", &values))
    }

    fn standing_line(&self, view: &CustomerView) -> String {
        let block = view.standing.as_ref().and_then(|standing| standing.block.as_ref());
        let mut lines = vec![match block {
            None => self.say("admin.customer.free", &[]),
            Some(block) => {
                let policy = self.say("admin.customer.policy", &[]);
                let by = view.blocked_by.as_deref().unwrap_or(&policy);
                let values = [
                    ("by", Value::Text(by)),
                    ("when", Value::Text(&self.moment(block.at))),
                    ("reason", Value::Text(&block.reason)),
                ];
                self.say("admin.customer.blocked", &values)
            }
        }];
        let terms_at = view.standing.as_ref().and_then(|standing| standing.terms_at);
        lines.extend(terms_at.map(|at| {
            self.say("admin.customer.terms", &[("when", Value::Text(&self.moment(at)))])
        }));
        lines.join("\n")
    }

    fn entry_lines(&self, view: &CustomerView) -> String {
        let wallet = AccountId::Wallet(view.customer.id);
        let line = |entry: &WalletEntry| {
            let WalletEntry { seq, at, transfer } = entry.clone();
            self.history_row(&wallet, &WalletRow { seq, at, transfer })
        };
        let lines: Vec<String> = view.entries.iter().take(ENTRIES_SHOWN).map(line).collect();
        or_dash(&lines)
    }

    fn order_lines(&self, view: &CustomerView) -> String {
        let line = |order: &Order| {
            let state = self.say(&format!("state.{}", order.state.name()), &[]);
            let values = [
                ("id", Value::Text(&order.id().to_string())),
                ("service", Value::Text(self.service(order.service()))),
                ("price", Value::Text(&self.money(order.quote.price))),
                ("state", Value::Text(&state)),
                ("when", Value::Text(&self.moment(order.placed_at))),
            ];
            self.say("admin.customer.order", &values)
        };
        or_dash(&view.orders.iter().map(line).collect::<Vec<_>>())
    }

    fn deposit_lines(&self, view: &CustomerView) -> String {
        let line = |deposit: &Deposit| {
            let state = self.say(&format!("admin.customer.deposit.{}", deposit.state.name()), &[]);
            let values = [
                ("id", Value::Text(&deposit.id.to_string())),
                ("amount", Value::Text(&self.money(deposit.amount))),
                ("method", Value::Text(&self.method_name(&deposit.method))),
                ("state", Value::Html(&state)),
                ("when", Value::Text(&self.moment(deposit.created_at))),
            ];
            self.say("admin.customer.deposit", &values)
        };
        or_dash(&view.deposits.iter().map(line).collect::<Vec<_>>())
    }

    /// An adjustment before it is booked.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn adjustment(
        &self,
        adjustment: &Adjustment,
        name: &str,
        available: Amount,
    ) -> Result<Screen, ScreenError> {
        let after = available.checked_add(adjustment.amount).unwrap_or(available);
        let text = self.say(
            "admin.adjustment",
            &[
                ("name", Value::Text(name)),
                ("user", Value::Text(&adjustment.customer.to_string())),
                ("amount", Value::Text(&self.money(adjustment.amount))),
                ("reason", Value::Text(&adjustment.reason)),
                ("available", Value::Text(&self.money(available))),
                ("after", Value::Text(&self.money(after))),
            ],
        );
        let book = Press::Desk(Desk::BookAdjustment(adjustment.id));
        let book = self.button("admin.adjustment.book", &book);
        let mut rows = Rows::default();
        rows.add([
            book.map(|button| button.styled(Style::Success)),
            self.button("menu.back", &Press::Desk(Desk::Customer(adjustment.customer))),
        ]);
        rows.screen(text)
    }

    /// The message that rings when a wallet was adjusted.
    #[must_use]
    pub fn adjusted(&self, adjustment: &Adjustment, available: Amount) -> String {
        let amount = adjustment.amount;
        let (key, amount) = match adjustment.proposed_by {
            BY_SHOP if amount.is_negative() => {
                ("referral.taken_back", Amount::ZERO.checked_sub(amount).unwrap_or(amount))
            }
            BY_SHOP => ("referral.told", amount),
            _ => ("adjusted", amount),
        };
        let values = [
            ("amount", Value::Text(&self.money(amount))),
            ("reason", Value::Text(&adjustment.reason)),
            ("available", Value::Text(&self.money(available))),
        ];
        self.say(key, &values)
    }
}

fn or_dash(lines: &[String]) -> String {
    if lines.is_empty() { "–".to_owned() } else { lines.join("\n") }
}
