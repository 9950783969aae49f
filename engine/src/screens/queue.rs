//! Deposits as admins see them: the queue, the card, the reasons to refuse one. The chat room
//! and the effects import this.

use ring4_domain::deposit::{Deposit, DepositState};
use ring4_domain::ids::{OrderId, ProviderId, Timestamp, UserId};
use ring4_domain::money::Amount;
use ring4_rules::messages::Value;
use ring4_telegram::keyboard::{Button, KeyboardError, Style};

use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::{Desk, Press};

/// Rows of a queue that are listed at once.
pub const QUEUE_ROWS: usize = 10;

/// Ready reasons to refuse a deposit: what the admin's button says, what the customer reads.
pub const REASONS: &[(&str, &str)] = &[
    ("admin.reason.not_received", "deposit.reason.not_received"),
    ("admin.reason.wrong_amount", "deposit.reason.wrong_amount"),
    ("admin.reason.wrong_network", "deposit.reason.wrong_network"),
    ("admin.reason.paid_before", "deposit.reason.paid_before"),
];

/// Which part of the queue is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuePage {
    /// Counted from 0, the oldest first.
    pub page: u16,
    /// Whether more come behind it.
    pub more: bool,
    /// How many wait in all.
    pub waiting: u64,
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
    /// The name of the admin who approved first, where two must.
    pub first_by: Option<&'view str>,
    /// What was given to whoever brought the customer, where the deposit's way back would take it.
    pub reward: Option<Amount>,
}

impl Voice<'_> {
    /// The deposits that wait for a decision, oldest first.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn queue(
        &self,
        deposits: &[DepositView<'_>],
        page: QueuePage,
    ) -> Result<Screen, ScreenError> {
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
        rows.add(self.turns(page, Press::Queue));
        rows.add([
            self.button("admin.refresh", &Press::Queue(page.page)),
            self.button("menu.admin", &Press::Admin),
        ]);
        if deposits.is_empty() {
            return rows.screen(self.say("admin.deposits_none", &[]));
        }
        let count = i64::try_from(page.waiting).unwrap_or(i64::MAX);
        rows.screen(self.say("admin.deposits", &[("count", Value::Number(count))]))
    }

    /// The buttons to the pages of a queue around this one.
    pub(super) fn turns(
        &self,
        page: QueuePage,
        press: impl Fn(u16) -> Press,
    ) -> Vec<Result<Button, KeyboardError>> {
        let before = page.page.checked_sub(1).map(|page| ("menu.previous", page));
        let after = page.page.checked_add(1).filter(|_| page.more).map(|page| ("menu.next", page));
        let turns = before.into_iter().chain(after);
        turns.map(|(key, page)| self.button(key, &press(page))).collect()
    }

    /// An admin's card of a deposit as it stands.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn admin_deposit(&self, view: DepositView<'_>) -> Result<Screen, ScreenError> {
        let DepositView { deposit, name, available, decided_by, .. } = view;
        let decided = |key: &str, by: UserId, at: Timestamp| {
            let by = decided_by.map_or_else(|| by.to_string(), str::to_owned);
            let when = self.moment(at);
            self.say(key, &[("by", Value::Text(&by)), ("when", Value::Text(&when))])
        };
        let state = match &deposit.state {
            DepositState::Approved { by, at } => decided("admin.deposit.approved", *by, *at),
            DepositState::Rejected { by, at, .. } => decided("admin.deposit.rejected", *by, *at),
            DepositState::Credited { at } => {
                let when = self.moment(*at);
                let key = match deposit.charge() {
                    Some(_) => "admin.deposit.stars",
                    None => "admin.deposit.credited",
                };
                self.say(key, &[("when", Value::Text(&when))])
            }
            DepositState::Returning { by, at } => decided("admin.deposit.returning", *by, *at),
            DepositState::Returned { by, at } => decided("admin.deposit.returned", *by, *at),
            DepositState::Opened => self.say("admin.deposit.opened", &[]),
            DepositState::Expired { .. } => self.say("admin.deposit.expired", &[]),
            DepositState::Submitted { .. } => self.say("admin.deposit.submitted", &[]),
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
                ("evidence", Value::Html(&self.admin_evidence(&view))),
            ],
        );
        let mut rows = Rows::default();
        if matches!(deposit.state, DepositState::Submitted { .. }) {
            let approve = self.button("admin.approve", &Press::Approve(deposit.id));
            let reject = self.button("admin.reject", &Press::Reasons(deposit.id));
            rows.add([
                approve.map(|button| button.styled(Style::Success)),
                reject.map(|button| button.styled(Style::Danger)),
            ]);
        }
        if let (DepositState::Credited { .. }, Some(_)) = (&deposit.state, deposit.charge()) {
            let give_back = self.button("admin.return_stars", &Press::ReturnStars(deposit.id));
            rows.add([give_back.map(|button| button.styled(Style::Danger))]);
        }
        let customer = Press::Desk(Desk::Customer(deposit.customer));
        rows.add([self.button("admin.customer.open", &customer)]);
        rows.screen(super::deposit::collapse(&text))
    }

    /// What is known of the payment, and who approved first.
    fn admin_evidence(&self, view: &DepositView<'_>) -> String {
        let deposit = view.deposit;
        let mut lines = Vec::new();
        if let Some(reference) = &deposit.reference {
            let reference = [("reference", Value::Text(reference.as_str()))];
            lines.push(self.say("deposit.reference", &reference));
        }
        if deposit.picture.is_some() {
            lines.push(self.say("deposit.picture", &[]));
        }
        if let Some(stars) = &deposit.stars {
            let count = [("count", Value::Number(i64::from(stars.count)))];
            lines.push(self.say("admin.deposit.count", &count));
        }
        if let Some(reward) = view.reward {
            let amount = self.money(reward);
            let amount = [("amount", Value::Text(amount.as_str()))];
            lines.push(self.say("admin.deposit.rewarded", &amount));
        }
        if let Some(first) = deposit.first_approval {
            let by = view.first_by.map_or_else(|| first.by.to_string(), str::to_owned);
            let when = self.moment(first.at);
            let values = [("by", Value::Text(by.as_str())), ("when", Value::Text(&when))];
            lines.push(self.say("admin.deposit.first", &values));
        }
        lines.join("\n")
    }

    /// The reasons for which a deposit may be refused.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn reasons(&self, deposit: &Deposit) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        for ((label, _), place) in REASONS.iter().zip(0_u8..) {
            rows.add([self.button(label, &Press::RejectFor(deposit.id, place))]);
        }
        rows.add([
            self.button("admin.reason.none", &Press::Reject(deposit.id)),
            self.button("menu.back", &Press::Review(deposit.id)),
        ]);
        let values = [
            ("id", Value::Text(&deposit.id.to_string())),
            ("amount", Value::Text(&self.money(deposit.amount))),
        ];
        rows.screen(self.say("admin.reasons", &values))
    }

    /// Stars went back and the shop knows nothing of it.
    #[must_use]
    pub fn stars_mismatch(&self, deposit: &str, count: u32, customer: UserId) -> String {
        let values = [
            ("id", Value::Text(deposit)),
            ("count", Value::Number(i64::from(count))),
            ("user", Value::Text(&customer.to_string())),
        ];
        self.say("admin.stars_mismatch", &values)
    }

    /// A vendor charged more than it was to.
    #[must_use]
    pub fn charged_above(
        &self,
        order: OrderId,
        provider: &ProviderId,
        cost: Amount,
        cap: Amount,
    ) -> String {
        let values = [
            ("id", Value::Text(&order.to_string())),
            ("provider", Value::Text(provider.as_str())),
            ("cost", Value::Text(&self.money(cost))),
            ("cap", Value::Text(&self.money(cap))),
        ];
        self.say("admin.notice.charged", &values)
    }

    /// The caption of a payment's picture.
    #[must_use]
    pub fn payment_picture(&self, deposit: &Deposit, name: &str) -> String {
        let values = [
            ("id", Value::Text(&deposit.id.to_string())),
            ("amount", Value::Text(&self.money(deposit.amount))),
            ("name", Value::Text(name)),
        ];
        self.say("admin.deposit.picture", &values)
    }
}

const fn claimed_at(deposit: &Deposit) -> Timestamp {
    match deposit.state {
        DepositState::Submitted { at } => at,
        _ => deposit.created_at,
    }
}
