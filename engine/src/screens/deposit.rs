//! Paying in: ways, amounts, the customer's card and what is told about it. The chat room and
//! the effects import this.

use ring4_config::{Asked, Method};
use ring4_domain::change::Seq;
use ring4_domain::deposit::{Deposit, DepositState};
use ring4_domain::ids::{DepositId, MethodKey};
use ring4_domain::money::Amount;
use ring4_domain::order::Quote;
use ring4_rules::messages::Value;
use ring4_telegram::keyboard::Style;

use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::Press;

/// Where the amount comes from that a way to pay is chosen for: buttons carry none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// From this place in the configured list.
    Place(u8),
    /// It was typed, and waits in the customer's record.
    Typed,
}

impl Voice<'_> {
    /// The name of a way to pay; its key where the configuration has dropped it since.
    #[must_use]
    pub fn method_name(&self, key: &MethodKey) -> String {
        self.live.method(key).map_or_else(|| key.to_string(), |method| method.name.clone())
    }

    /// The amounts that may be paid in. Where an amount can be paid in one way only, its button
    /// carries the id that the deposit shall have.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn amounts(&self, available: Amount, id: DepositId) -> Result<Screen, ScreenError> {
        let Some((min, max)) = self.live.deposit_limits() else {
            return self.plain(self.say("deposit.closed", &[]));
        };
        let mut rows = Rows::default();
        let amounts = self.live.config.deposits.amounts.iter().zip(0_u8..);
        let buttons = amounts.filter_map(|(amount, place)| {
            let press = match self.live.methods_for(*amount).as_slice() {
                [] => return None,
                [method] => Press::Amount((*method).clone(), place, id),
                _ => Press::Methods(place),
            };
            let amount = self.money(*amount);
            let values = [("amount", Value::Text(amount.as_str()))];
            Some(self.button_with("deposit.amount", &values, &press))
        });
        let mut buttons = buttons.collect::<Vec<_>>().into_iter().peekable();
        while buttons.peek().is_some() {
            rows.add(buttons.by_ref().take(3).collect::<Vec<_>>());
        }
        rows.add([self.button("deposit.custom", &Press::CustomAmount)]);
        rows.add([self.button("menu.home", &Press::Menu)]);
        let [available, min, max] = [available, min, max].map(|amount| self.money(amount));
        let values = [
            ("available", Value::Text(available.as_str())),
            ("min", Value::Text(&min)),
            ("max", Value::Text(&max)),
        ];
        rows.screen(self.say("deposit.amounts", &values))
    }

    /// The ways to pay an amount, with the id that the deposit shall have.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn methods(
        &self,
        amount: Amount,
        choice: Choice,
        id: DepositId,
    ) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        let methods = self.live.methods_for(amount);
        for key in &methods {
            let press = match choice {
                Choice::Place(place) => Press::Amount((*key).clone(), place, id),
                Choice::Typed => Press::Method((*key).clone(), id),
            };
            let name = self.method_name(key);
            rows.add([self.button_with(
                "deposit.method",
                &[("method", Value::Text(&name))],
                &press,
            )]);
        }
        rows.add([
            self.button("menu.back", &Press::Amounts),
            self.button("menu.home", &Press::Menu),
        ]);
        let key = if methods.is_empty() { "deposit.no_method" } else { "deposit.methods" };
        rows.screen(self.say(key, &[("amount", Value::Text(&self.money(amount)))]))
    }

    /// Asks for an amount to be typed.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn ask_amount(&self) -> Result<Screen, ScreenError> {
        self.amount_question("deposit.ask", None)
    }

    /// Answers to a text that should have been an amount.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn not_amount(&self, words: &str) -> Result<Screen, ScreenError> {
        self.amount_question("deposit.not_amount", Some(words))
    }

    fn amount_question(&self, key: &str, words: Option<&str>) -> Result<Screen, ScreenError> {
        let Some(limits) = self.live.deposit_limits() else {
            return self.plain(self.say("deposit.closed", &[]));
        };
        let [min, max] = [limits.0, limits.1].map(|amount| self.money(amount));
        let mut values = vec![("min", Value::Text(min.as_str())), ("max", Value::Text(&max))];
        values.extend(words.map(|words| ("words", Value::Text(words))));
        let mut rows = Rows::default();
        rows.add([
            self.button("menu.back", &Press::Amounts),
            self.button("menu.home", &Press::Menu),
        ]);
        rows.screen(self.say(key, &values))
    }

    /// The customer's card of a deposit as it stands; `credited` is the entry that credited it.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn deposit_card(
        &self,
        deposit: &Deposit,
        credited: Option<Seq>,
    ) -> Result<Screen, ScreenError> {
        // Instructions are of no use once nobody is meant to pay by them any more.
        let payable = matches!(deposit.state, DepositState::Opened | DepositState::Expired { .. });
        let method = self.live.method(&deposit.method);
        let shown = method.filter(|_| payable);
        let state = self.deposit_state(deposit, credited);
        let text = self.say(
            "deposit.card",
            &[
                ("id", Value::Text(&deposit.id.to_string())),
                ("amount", Value::Text(&self.money(deposit.amount))),
                ("method", Value::Text(&self.method_name(&deposit.method))),
                ("details", Value::Html(&self.instructions(deposit, shown))),
                ("note", Value::Text(shown.map_or("", |method| self.own(&method.note)))),
                ("state", Value::Html(&state)),
                ("evidence", Value::Html(&self.evidence(deposit))),
            ],
        );
        let mut rows = Rows::default();
        if deposit.stars.is_some() && payable {
            rows.add([self.button("menu.back", &Press::Amounts)]);
        } else if payable {
            let amount = deposit.amount.to_text();
            let address = shown.and_then(|method| method.address.as_deref());
            let address = address.map(|address| self.copy("deposit.copy_address", address));
            rows.add(address.into_iter().chain([self.copy("deposit.copy_amount", &amount)]));
            let opened = deposit.state == DepositState::Opened;
            let key = if opened { "deposit.paid" } else { "deposit.paid_late" };
            let paid = self.button(key, &Press::Paid(deposit.id));
            rows.add([paid.map(|button| button.styled(Style::Success))]);
        } else if matches!(
            deposit.state,
            DepositState::Approved { .. } | DepositState::Credited { .. }
        ) {
            rows.add([self.button("menu.buy", &Press::Services(0))]);
        } else if deposit.state.is_undecided()
            && let Some(key) = self.wanted_evidence(deposit)
        {
            rows.add([self.button(key, &Press::Evidence(deposit.id))]);
        }
        rows.add([self.button("menu.home", &Press::Menu)]);
        rows.screen(collapse(&text))
    }

    /// What to do, as the way to pay has it.
    fn instructions(&self, deposit: &Deposit, method: Option<&Method>) -> String {
        let Some(method) = method else { return String::new() };
        if let (Some(stars), DepositState::Opened) = (&deposit.stars, &deposit.state) {
            let count = [("count", Value::Number(i64::from(stars.count)))];
            return self.say("deposit.stars", &count);
        }
        let lines: Vec<&str> = method.lines.iter().map(|line| self.own(line)).collect();
        let text = lines.join("\n");
        let mut parts = vec![self.say("deposit.lines", &[("lines", Value::Text(&text))])];
        if deposit.asked.is_some_and(|asked| asked != deposit.amount) {
            parts.push(self.say("deposit.exact", &[]));
        }
        if !method.network.is_empty() {
            parts.push(self.say("deposit.network", &[("network", Value::Text(&method.network))]));
        }
        if let Some(address) = &method.address {
            parts.push(self.say("deposit.address", &[("address", Value::Text(address))]));
        }
        parts.retain(|part| !part.trim().is_empty());
        parts.join("\n")
    }

    /// The title and the description of a deposit's invoice; both plain.
    #[must_use]
    pub fn invoice(&self, deposit: &Deposit) -> (String, String) {
        let amount = self.money(deposit.amount);
        let title = self.live.config.shop.title.as_str();
        let id = deposit.id.to_string();
        let values = [
            ("amount", Value::Text(amount.as_str())),
            ("title", Value::Text(title)),
            ("id", Value::Text(&id)),
        ];
        (self.say("invoice.title", &values), self.say("invoice.description", &values))
    }

    /// What the customer has told of the payment, and may tell yet.
    fn evidence(&self, deposit: &Deposit) -> String {
        let mut lines = Vec::new();
        if let Some(reference) = &deposit.reference {
            let reference = [("reference", Value::Text(reference.as_str()))];
            lines.push(self.say("deposit.reference", &reference));
        }
        if deposit.picture.is_some() {
            lines.push(self.say("deposit.picture", &[]));
        }
        let submitted = matches!(deposit.state, DepositState::Submitted { .. });
        match self.wanted_evidence(deposit) {
            Some("deposit.add_reference") if submitted => {
                let method = self.live.method(&deposit.method);
                let key = match method.is_some_and(|method| method.picture) {
                    true => "deposit.ask_reference",
                    false => "deposit.ask_words",
                };
                lines.push(self.say(key, &[]));
            }
            Some("deposit.add_picture") => lines.push(self.say("deposit.ask_picture", &[])),
            _ => {}
        }
        lines.join("\n")
    }

    /// The label of the button for what the customer may tell yet.
    fn wanted_evidence(&self, deposit: &Deposit) -> Option<&'static str> {
        let method = self.live.method(&deposit.method)?;
        if deposit.reference.is_none() && method.reference != Asked::Off {
            Some("deposit.add_reference")
        } else if deposit.picture.is_none()
            && method.picture
            && matches!(deposit.state, DepositState::Submitted { .. })
        {
            Some("deposit.add_picture")
        } else {
            None
        }
    }

    fn deposit_state(&self, deposit: &Deposit, credited: Option<Seq>) -> String {
        match &deposit.state {
            DepositState::Returning { .. } => self.say("deposit.state.returning", &[]),
            DepositState::Returned { .. } => self.say("deposit.state.returned", &[]),
            DepositState::Opened | DepositState::Expired { .. } if deposit.stars.is_some() => {
                let opened = deposit.state == DepositState::Opened;
                let key = match opened {
                    true => "deposit.state.stars_opened",
                    false => "deposit.state.stars_expired",
                };
                let until = self.moment(deposit.expires_at);
                self.say(key, &[("until", Value::Text(&until))])
            }
            DepositState::Opened => {
                let until = self.moment(deposit.expires_at);
                self.say("deposit.state.opened", &[("until", Value::Text(&until))])
            }
            DepositState::Submitted { .. } => self.say("deposit.state.submitted", &[]),
            DepositState::Approved { .. } | DepositState::Credited { .. } => {
                let seq = credited.map_or_else(|| "?".to_owned(), |seq| seq.0.to_string());
                self.say("deposit.state.approved", &[("seq", Value::Text(&seq))])
            }
            DepositState::Rejected { reason: Some(reason), .. } => {
                self.say("deposit.state.rejected_because", &[("reason", Value::Text(reason))])
            }
            DepositState::Rejected { reason: None, .. } => self.say("deposit.state.rejected", &[]),
            DepositState::Expired { .. } => self.say("deposit.state.expired", &[]),
        }
    }

    /// A message with the way back to the offer that money was missing for; its price is asked
    /// for anew there.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn back_to_offer(&self, text: String, quote: &Quote) -> Result<Screen, ScreenError> {
        let country = self.country(quote.country);
        let values = [
            ("service", Value::Text(self.service(&quote.service))),
            ("country", Value::Text(&country)),
        ];
        let press = Press::Offer(quote.service.clone(), quote.country);
        let mut rows = Rows::default();
        let back = self.button_with("deposit.back_to_offer", &values, &press);
        rows.add([back.map(|button| button.styled(Style::Success))]);
        rows.screen(text)
    }

    /// The message that rings when a deposit was decided.
    #[must_use]
    pub fn deposit_decided(&self, deposit: &Deposit, available: Amount) -> Option<String> {
        let amount = self.money(deposit.amount);
        let id = deposit.id.to_string();
        let available = self.money(available);
        let amount = ("amount", Value::Text(amount.as_str()));
        let id = ("id", Value::Text(id.as_str()));
        match &deposit.state {
            DepositState::Approved { .. } | DepositState::Credited { .. } => {
                let values = [amount, id, ("available", Value::Text(&available))];
                Some(self.say("deposit.told.approved", &values))
            }
            DepositState::Returned { .. } => {
                let values = [amount, id, ("available", Value::Text(&available))];
                Some(self.say("deposit.told.returned", &values))
            }
            DepositState::Rejected { reason: Some(reason), .. } => {
                let values = [amount, id, ("reason", Value::Text(reason))];
                Some(self.say("deposit.told.rejected_because", &values))
            }
            DepositState::Rejected { reason: None, .. } => {
                Some(self.say("deposit.told.rejected", &[amount, id]))
            }
            _ => None,
        }
    }
}

/// Parts that are empty leave empty lines behind; more than one in a row says nothing.
pub(super) fn collapse(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim_end) {
        if !line.is_empty() || lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(line);
        }
    }
    lines.join("\n")
}
