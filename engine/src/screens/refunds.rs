//! Refunds as customers and admins see them. The chat room and the effects import this.

use ring4_domain::ids::{OrderId, Timestamp, UserId};
use ring4_domain::money::Amount;
use ring4_domain::order::Order;
use ring4_domain::refund::{Refund, RefundState};
use ring4_rules::messages::Value;
use ring4_storage::{ReadError, Snapshot};
use ring4_telegram::keyboard::Style;

use super::queue::QueuePage;
use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::{Desk, Press};
use crate::shop::{available, name_of};

/// What the card of an order says about its refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundLine {
    /// Nothing: none was asked for and none can be.
    None,
    /// It can be asked for.
    Offered,
    /// An admin will decide.
    Requested,
    /// An admin said no.
    Rejected,
}

/// A refund with what an admin needs to decide about it.
#[derive(Clone, Debug)]
pub struct RefundView {
    /// The refund.
    pub refund: Refund,
    /// Its order.
    pub order: Order,
    /// The customer's name.
    pub name: String,
    /// What the customer has.
    pub available: Amount,
    /// The name of the admin who decided, where one did.
    pub decided_by: Option<String>,
}

impl RefundView {
    /// The refund of an order as it stands, if there is one.
    ///
    /// # Errors
    /// A record cannot be read.
    pub fn read(snapshot: &Snapshot, id: OrderId) -> Result<Option<Self>, ReadError> {
        let (Some(refund), Some(order)) = (snapshot.refund(id)?, snapshot.order(id)?) else {
            return Ok(None);
        };
        let decided_by = match refund.state {
            RefundState::Approved { by, .. } | RefundState::Rejected { by, .. } => Some(by),
            RefundState::Requested => None,
        };
        let decided_by = decided_by.map(|by| name_of(snapshot, by)).transpose()?;
        let name = name_of(snapshot, refund.customer)?;
        let available = available(snapshot, refund.customer)?;
        Ok(Some(Self { refund, order, name, available, decided_by }))
    }
}

impl Voice<'_> {
    /// The orders whose money may be asked back.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn refundable(&self, orders: &[Order]) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        for order in orders {
            let state = self.say(&format!("state.{}", order.state.name()), &[]);
            let values = [
                ("flag", Value::Text(&order.quote.country.flag())),
                ("service", Value::Text(self.service(order.service()))),
                ("state", Value::Text(&state)),
                ("when", Value::Text(&self.moment(order.placed_at))),
            ];
            rows.add([self.button_with("orders.row", &values, &Press::AskRefund(order.id()))]);
        }
        rows.add([self.button("menu.home", &Press::Menu)]);
        let key = if orders.is_empty() { "refund.none" } else { "refund.choose" };
        rows.screen(self.say(key, &[]))
    }

    /// Asks what went wrong with an order.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn ask_refund(&self, order: &Order) -> Result<Screen, ScreenError> {
        let values = [
            ("id", Value::Text(&order.id().to_string())),
            ("service", Value::Text(self.service(order.service()))),
            ("price", Value::Text(&self.money(order.quote.price))),
        ];
        let mut rows = Rows::default();
        rows.add([self.button("refund.send", &Press::SendRefund(order.id()))]);
        rows.add([
            self.button("menu.back", &Press::Order(order.id())),
            self.button("menu.home", &Press::Menu),
        ]);
        rows.screen(self.say("refund.ask", &values))
    }

    /// The refunds that wait for a decision, oldest first, each with its customer's name.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn refund_queue(
        &self,
        refunds: &[(Refund, String)],
        page: QueuePage,
    ) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        for (refund, name) in refunds {
            let values = [
                ("amount", Value::Text(&self.money(refund.amount))),
                ("name", Value::Text(name)),
                ("when", Value::Text(&self.moment(refund.requested_at))),
            ];
            let press = Press::Desk(Desk::Refund(refund.order));
            rows.add([self.button_with("admin.deposit_row", &values, &press)]);
        }
        rows.add(self.turns(page, |page| Press::Desk(Desk::Refunds(page))));
        rows.add([
            self.button("admin.refresh", &Press::Desk(Desk::Refunds(page.page))),
            self.button("menu.admin", &Press::Admin),
        ]);
        if refunds.is_empty() {
            return rows.screen(self.say("admin.refunds_none", &[]));
        }
        let count = i64::try_from(page.waiting).unwrap_or(i64::MAX);
        rows.screen(self.say("admin.refunds", &[("count", Value::Number(count))]))
    }

    /// An admin's card of a refund as it stands.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn admin_refund(&self, view: &RefundView) -> Result<Screen, ScreenError> {
        let RefundView { refund, order, name, available, decided_by } = view;
        let decided = |key: &str, by: UserId, at: Timestamp| {
            let by = decided_by.clone().unwrap_or_else(|| by.to_string());
            let when = self.moment(at);
            self.say(key, &[("by", Value::Text(&by)), ("when", Value::Text(&when))])
        };
        let state = match &refund.state {
            RefundState::Approved { by, at } => decided("admin.deposit.approved", *by, *at),
            RefundState::Rejected { by, at, .. } => decided("admin.deposit.rejected", *by, *at),
            RefundState::Requested => self.say("admin.deposit.submitted", &[]),
        };
        let arrived = order.code.as_ref().map(|code| self.moment(code.arrived_at));
        let provider = order.candidate().map_or("–", |candidate| candidate.provider.as_str());
        let text = self.say(
            "admin.refund",
            &[
                ("id", Value::Text(&refund.order.to_string())),
                ("name", Value::Text(name)),
                ("user", Value::Text(&refund.customer.to_string())),
                ("amount", Value::Text(&self.money(refund.amount))),
                ("service", Value::Text(self.service(order.service()))),
                ("country", Value::Text(&self.country(order.quote.country))),
                ("provider", Value::Text(provider)),
                ("arrived", Value::Text(arrived.as_deref().unwrap_or("–"))),
                ("reason", Value::Text(refund.reason.as_deref().unwrap_or("–"))),
                ("when", Value::Text(&self.moment(refund.requested_at))),
                ("available", Value::Text(&self.money(*available))),
                ("state", Value::Html(&state)),
            ],
        );
        let mut rows = Rows::default();
        if refund.state == RefundState::Requested {
            let desk = |key, desk| self.button(key, &Press::Desk(desk));
            let approve = desk("admin.approve", Desk::ApproveRefund(refund.order));
            let reject = desk("admin.reject", Desk::RejectRefund(refund.order));
            rows.add([
                approve.map(|button| button.styled(Style::Success)),
                reject.map(|button| button.styled(Style::Danger)),
            ]);
        }
        let customer = Press::Desk(Desk::Customer(refund.customer));
        rows.add([self.button("admin.customer.open", &customer)]);
        rows.screen(text)
    }

    /// The message that rings when a refund was decided.
    #[must_use]
    pub fn refund_decided(&self, refund: &Refund, available: Amount) -> Option<String> {
        let (amount, id) = (self.money(refund.amount), refund.order.to_string());
        let available = self.money(available);
        let amount = ("amount", Value::Text(amount.as_str()));
        let id = ("id", Value::Text(id.as_str()));
        Some(match &refund.state {
            RefundState::Approved { .. } => {
                let values = [amount, id, ("available", Value::Text(&available))];
                self.say("refund.told.approved", &values)
            }
            RefundState::Rejected { reason: Some(reason), .. } => {
                let values = [amount, id, ("reason", Value::Text(reason))];
                self.say("refund.told.rejected_because", &values)
            }
            RefundState::Rejected { reason: None, .. } => {
                self.say("refund.told.rejected", &[amount, id])
            }
            RefundState::Requested => return None,
        })
    }
}
