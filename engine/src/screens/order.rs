//! The order card, the message that rings, and the lists of orders. The chat room and the
//! effects import this.

use ring4_domain::ids::OrderId;
use ring4_domain::money::Amount;
use ring4_domain::order::{CancelReason, FailReason, Order, OrderState};
use ring4_domain::resend::ResendState;
use ring4_rules::messages::Value;
use ring4_telegram::keyboard::{Button, COPY_CHARS_MAX, KeyboardError, Style};
use ring4_telegram::outgoing::moment;

use super::offers::OfferRow;
use super::refunds::RefundLine;
use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::Press;
use crate::countries;

/// The longest code shown, in characters. A vendor that finds no code in a message hands over the
/// whole of it; ten parts of an SMS fit here, and all of it fits into one message.
const CODE_SHOWN_CHARS_MAX: usize = 1_530;

/// A page of a customer's orders.
#[derive(Clone, Copy, Debug)]
pub struct OrdersPage<'page> {
    /// The orders, open ones first.
    pub orders: &'page [Order],
    /// How many of them are open.
    pub open: usize,
    /// The order before which these were placed, where it is not the newest page.
    pub before: Option<OrderId>,
    /// The order before which older ones were placed, if there are any.
    pub older: Option<OrderId>,
}

impl Voice<'_> {
    /// The card of an order as it stands.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn order_card(
        &self,
        order: &Order,
        available: Amount,
        instead: &[OfferRow],
        refund: RefundLine,
        resend: bool,
    ) -> Result<Screen, ScreenError> {
        let flag = order.quote.country.flag();
        let country = self.country(order.quote.country);
        let mut state = self.order_state(order);
        state.insert_str(0, &self.later_codes(order));
        if let Some(line) = self.resend_line(order) {
            state = format!("{state}\n{line}");
        }
        if order.purchase.is_some() && *order.service() != order.quote.service {
            let wanted = Value::Text(self.service(&order.quote.service));
            state = format!("{state}\n{}", self.say("order.instead", &[("wanted", wanted)]));
        }
        if !instead.is_empty() {
            state = format!("{state}\n\n{}", self.say("buy.instead", &[]));
        }
        match refund {
            RefundLine::Requested => state = format!("{state}\n{}", self.say("refund.waits", &[])),
            RefundLine::Rejected => state = format!("{state}\n{}", self.say("refund.no", &[])),
            RefundLine::None | RefundLine::Offered => {}
        }
        let money = self.order_money(order);
        let available = self.money(available);
        let id = order.id().to_string();
        let mut values = vec![
            ("emoji", Value::Text(self.emoji(order.service()))),
            ("service", Value::Text(self.service(order.service()))),
            ("flag", Value::Text(&flag)),
            ("country", Value::Text(&country)),
            ("state", Value::Html(&state)),
            ("money", Value::Html(&money)),
            ("available", Value::Text(&available)),
            ("id", Value::Text(&id)),
        ];
        let number = number(order);
        let key = match (code(order), number) {
            (Some(code), _) => {
                values.push(("code", Value::Text(shown(code))));
                "order.with_code"
            }
            (None, _) if is_forgotten(order) => "order.forgotten",
            (None, Some(_)) => "order",
            (None, None) => "order.no_number",
        };
        if matches!(key, "order" | "order.with_code") {
            values.push(("number", Value::Text(number.unwrap_or(NOTHING))));
        }
        let mut rows = self.order_buttons(order, instead);
        if resend {
            rows.add([self.button("resend.button", &Press::AnotherCode(order.id()))]);
        }
        if refund == RefundLine::Offered {
            rows.add([self.button("refund.button", &Press::AskRefund(order.id()))]);
        }
        if !order.state.is_open() {
            rows.add([self.button("menu.home", &Press::Menu)]);
        }
        rows.screen(self.say(key, &values))
    }

    fn order_buttons(&self, order: &Order, instead: &[OfferRow]) -> Rows {
        let mut rows = Rows::default();
        for offer in instead {
            rows.add([self.match_button(offer)]);
        }
        let copies = matches!(
            order.state,
            OrderState::Waiting | OrderState::Cancelling { .. } | OrderState::Delivered
        );
        // What is too long for a copy button can still be read on the card.
        if let Some(code) = last_code(order).filter(|code| code.chars().count() <= COPY_CHARS_MAX) {
            let copy = self.copy("order.copy_code", code);
            rows.add([copy.map(|button| button.styled(Style::Primary))]);
        }
        if let Some(number) = number(order).filter(|_| copies) {
            let national = national(order, number).map(|(code, number)| {
                let label = self.say("order.copy_national", &[("code", Value::Text(code))]);
                Button::copy(label, number)
            });
            let whole = self.copy("order.copy_number", number);
            rows.add(std::iter::once(whole).chain(national));
        }
        let offer = Press::Offer(order.quote.service.clone(), order.quote.country);
        match order.state {
            _ if order.can_be_cancelled() => {
                let cancel = self.button("order.cancel", &Press::Cancel(order.id()));
                rows.add([cancel.map(|button| button.styled(Style::Danger))]);
            }
            state if state.is_open() => {}
            _ => {
                rows.add([
                    self.button("order.again", &offer),
                    self.button("orders.receipt", &Press::Receipt(order.id())),
                ]);
            }
        }
        rows
    }

    fn order_state(&self, order: &Order) -> String {
        let key = match order.state {
            OrderState::Buying { .. } if !order.former.is_empty() => "order.state.buying_again",
            OrderState::Buying { .. } => "order.state.buying",
            OrderState::Unclear if order.lost.as_ref().is_some_and(|lost| lost.asked) => {
                let until = self.moment(order.hold_deadline);
                return self.say("order.state.unclear_asked", &[("until", Value::Text(&until))]);
            }
            OrderState::Unclear => "order.state.unclear",
            OrderState::Waiting => {
                let when = self.moment(order.deadline);
                let plain = self.say("order.until", &[("when", Value::Text(&when))]);
                let until = moment::until(order.deadline, &plain);
                return self.say("order.state.waiting", &[("until", Value::Html(&until))]);
            }
            OrderState::Cancelling { reason: CancelReason::Customer } => "order.state.cancelling",
            OrderState::Cancelling { reason: CancelReason::TimeOut } => "order.state.time_out",
            OrderState::Cancelling { reason: CancelReason::SecondTry } => "order.state.second_try",
            OrderState::Delivered => {
                let bought = order.purchase.as_ref().map(|purchase| purchase.bought_at);
                let arrived = order.code.as_ref().map(|code| code.arrived_at);
                let secs = bought.zip(arrived).map_or(0, |(from, to)| to.secs_since(from));
                let values = [("secs", Value::Number(i64::from(secs)))];
                return self.say("order.state.delivered", &values);
            }
            OrderState::Cancelled => "order.state.cancelled",
            OrderState::Expired => "order.state.expired",
            OrderState::Failed(FailReason::OutOfStock) => "order.state.failed.out_of_stock",
            OrderState::Failed(FailReason::PriceMoved) => "order.state.failed.price_moved",
            OrderState::Failed(FailReason::Unavailable) => "order.state.failed.unavailable",
            OrderState::Failed(FailReason::Unclear) => "order.state.failed.unclear",
            OrderState::Refunded => "order.state.refunded",
        };
        self.say(key, &[])
    }

    /// The codes that came after the first, in order.
    fn later_codes(&self, order: &Order) -> String {
        let codes = order.codes().skip(1).filter_map(|code| code.code.text());
        codes.fold(String::new(), |lines, code| {
            let values = [("code", Value::Text(shown(code)))];
            format!("{lines}{}\n", self.say("resend.code", &values))
        })
    }

    /// What became of the last code that was asked for.
    fn resend_line(&self, order: &Order) -> Option<String> {
        let last = order.resends.last().filter(|_| order.state == OrderState::Delivered)?;
        let key = match last.state {
            ResendState::Asking { .. } | ResendState::Waiting { .. } => {
                let when = self.moment(last.deadline);
                let plain = self.say("order.until", &[("when", Value::Text(&when))]);
                let until = moment::until(last.deadline, &plain);
                return Some(self.say("resend.waiting", &[("until", Value::Html(&until))]));
            }
            ResendState::Arrived => return None,
            ResendState::Expired => "resend.expired",
            ResendState::Refused => "resend.refused",
            ResendState::Priced => "resend.priced",
        };
        Some(self.say(key, &[]))
    }

    fn order_money(&self, order: &Order) -> String {
        let key = match order.state {
            OrderState::Delivered => "order.money.charged",
            OrderState::Refunded => "order.money.refunded",
            state if state.is_open() => "order.money.held",
            _ => "order.money.released",
        };
        self.say(key, &[("price", Value::Text(&self.money(order.quote.price)))])
    }

    /// The message that rings with the code.
    #[must_use]
    pub fn ring(&self, order: &Order) -> Option<String> {
        let code = last_code(order)?;
        let values = [
            ("service", Value::Text(self.service(order.service()))),
            ("code", Value::Text(shown(code))),
            ("number", Value::Text(number(order).unwrap_or(NOTHING))),
        ];
        Some(self.say("order.ring", &values))
    }

    /// The message that rings when an order ended without a code.
    #[must_use]
    pub fn order_ended(&self, order: &Order, available: Amount) -> Option<String> {
        let key = match order.state {
            OrderState::Expired => "order.ended.expired",
            OrderState::Failed(_) => "order.ended.failed",
            // Only who had to wait for the vendor until the end is told by a message.
            OrderState::Cancelled => "order.ended.cancelled",
            _ => return None,
        };
        let values = [
            ("service", Value::Text(self.service(order.service()))),
            ("price", Value::Text(&self.money(order.quote.price))),
            ("available", Value::Text(&self.money(available))),
        ];
        Some(self.say(key, &values))
    }

    /// An order in a list.
    pub(super) fn order_button(
        &self,
        order: &Order,
        press: &Press,
    ) -> Result<Button, KeyboardError> {
        let state = self.say(&format!("state.{}", order.state.name()), &[]);
        let values = [
            ("flag", Value::Text(&order.quote.country.flag())),
            ("service", Value::Text(self.service(order.service()))),
            ("state", Value::Text(&state)),
            ("when", Value::Text(&self.moment(order.placed_at))),
        ];
        self.button_with("orders.row", &values, press)
    }

    /// The customer's orders, open ones first.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn orders(&self, page: OrdersPage<'_>) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        for order in page.orders {
            rows.add([self.order_button(order, &Press::Order(order.id()))]);
        }
        let newer = page.before.map(|_| self.button("menu.newer", &Press::Orders));
        let older = page.older.map(|id| self.button("menu.older", &Press::OrdersBefore(id)));
        rows.add(newer.into_iter().chain(older));
        if !page.orders.is_empty() {
            let cancel =
                (page.open > 0).then(|| self.button("orders.cancel_one", &Press::Cancellable));
            rows.add(cancel.into_iter().chain([self.button("orders.receipts", &Press::Receipts)]));
            rows.add([self.button("orders.refund", &Press::Refundable)]);
        }
        rows.add([
            self.button("menu.buy", &Press::Services(0)),
            self.button("menu.home", &Press::Menu),
        ]);
        let key = if page.orders.is_empty() { "orders.none" } else { "orders" };
        rows.screen(self.say(key, &[]))
    }

    /// The orders that can be cancelled.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn cancellable(&self, orders: &[Order]) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        for order in orders {
            rows.add([self.order_button(order, &Press::Cancel(order.id()))]);
        }
        rows.add([
            self.button("menu.orders", &Press::Orders),
            self.button("menu.home", &Press::Menu),
        ]);
        let key = if orders.is_empty() { "orders.cancel_none" } else { "orders.cancel" };
        rows.screen(self.say(key, &[]))
    }
}

/// Stands for a number that cannot be read beside a code that can: its key was lost.
const NOTHING: &str = "—";

fn number(order: &Order) -> Option<&str> {
    order.purchase.as_ref()?.number.text()
}

fn code(order: &Order) -> Option<&str> {
    order.code.as_ref()?.code.text()
}

fn last_code(order: &Order) -> Option<&str> {
    order.codes().last()?.code.text()
}

/// Whether the order had a number or a code that nobody can read any more.
fn is_forgotten(order: &Order) -> bool {
    order.privates().any(|private| private.text().is_none())
}

fn shown(code: &str) -> &str {
    let cut = code.char_indices().nth(CODE_SHOWN_CHARS_MAX);
    cut.and_then(|(end, _)| code.get(..end)).unwrap_or(code)
}

/// The country code and the rest of the number, where the code is known.
fn national<'number>(order: &Order, number: &'number str) -> Option<(&'static str, &'number str)> {
    let digits = number.strip_prefix('+')?;
    let code = countries::calling_code(order.quote.country)?;
    let rest = digits.strip_prefix(code).filter(|rest| !rest.is_empty())?;
    Some((code, rest))
}
