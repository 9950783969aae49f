//! Paying in: ways, amounts, the customer's card and what is told about it. The chat room and
//! the effects import this.

use ring4_config::Method;
use ring4_domain::change::Seq;
use ring4_domain::deposit::{Deposit, DepositState};
use ring4_domain::ids::{DepositId, MethodKey};
use ring4_domain::money::Amount;
use ring4_rules::messages::Value;
use ring4_telegram::keyboard::Style;

use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::Press;

impl Voice<'_> {
    fn method(&self, key: &MethodKey) -> Option<&Method> {
        self.live.config.deposits.methods.iter().find(|method| method.key == *key)
    }

    /// The name of a way to pay; its key where the configuration has dropped it since.
    #[must_use]
    pub fn method_name(&self, key: &MethodKey) -> String {
        self.method(key).map_or_else(|| key.to_string(), |method| method.name.clone())
    }

    /// The ways to pay in; when the amount was said before, with the id that the deposit shall
    /// have.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn methods(
        &self,
        available: Amount,
        asked: Option<(Amount, DepositId)>,
    ) -> Result<Screen, ScreenError> {
        let deposits = &self.live.config.deposits;
        if !deposits.enabled || deposits.methods.is_empty() {
            return self.plain(self.say("deposit.closed", &[]));
        }
        let mut rows = Rows::default();
        for method in &deposits.methods {
            let key = method.key.clone();
            let press = match asked {
                Some((_, id)) => Press::Method(key, id),
                None => Press::Amounts(key),
            };
            let values = [("method", Value::Text(&method.name))];
            rows.add([self.button_with("deposit.method", &values, &press)]);
        }
        rows.add([self.button("menu.home", &Press::Menu)]);
        let text = match asked.map(|(amount, _)| self.money(amount)) {
            Some(amount) => self.say("deposit.methods_for", &[("amount", Value::Text(&amount))]),
            None => {
                let available = self.money(available);
                self.say("deposit.methods", &[("available", Value::Text(&available))])
            }
        };
        rows.screen(text)
    }

    /// The ways to pay in, after words that were no amount.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn methods_after(&self, words: &str, available: Amount) -> Result<Screen, ScreenError> {
        let screen = self.methods(available, None)?;
        let said = self.say("deposit.not_amount_yet", &[("words", Value::Text(words))]);
        Ok(Screen { text: format!("{said}\n\n{}", screen.text), ..screen })
    }

    /// The amounts for one way to pay, and the id that the deposit shall have.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn amounts(&self, method: &MethodKey, id: DepositId) -> Result<Screen, ScreenError> {
        let deposits = &self.live.config.deposits;
        let mut rows = Rows::default();
        let buttons = deposits.amounts.iter().zip(0_u8..).map(|(amount, place)| {
            let amount = self.money(*amount);
            let values = [("amount", Value::Text(amount.as_str()))];
            self.button_with("deposit.amount", &values, &Press::Amount(method.clone(), place, id))
        });
        let mut buttons = buttons.collect::<Vec<_>>().into_iter().peekable();
        while buttons.peek().is_some() {
            rows.add(buttons.by_ref().take(3).collect::<Vec<_>>());
        }
        rows.add([self.button("deposit.custom", &Press::CustomAmount(method.clone()))]);
        rows.add([
            self.button("menu.back", &Press::Methods),
            self.button("menu.home", &Press::Menu),
        ]);
        rows.screen(self.say_limits("deposit.amounts", Some(method), None))
    }

    /// Asks for an amount to be typed.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn ask_amount(&self, method: &MethodKey) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        rows.add([self.button("menu.back", &Press::Amounts(method.clone()))]);
        rows.screen(self.say_limits("deposit.ask", Some(method), None))
    }

    /// Answers to a text that should have been an amount.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn not_amount(&self, words: &str) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        rows.add([
            self.button("menu.back", &Press::Methods),
            self.button("menu.home", &Press::Menu),
        ]);
        rows.screen(self.say_limits("deposit.not_amount", None, Some(words)))
    }

    fn say_limits(&self, key: &str, method: Option<&MethodKey>, words: Option<&str>) -> String {
        let deposits = &self.live.config.deposits;
        let (min, max) = (self.money(deposits.min), self.money(deposits.max));
        let name = method.map(|method| self.method_name(method));
        let mut values = vec![("min", Value::Text(&min)), ("max", Value::Text(&max))];
        values.extend(name.as_deref().map(|name| ("method", Value::Text(name))));
        values.extend(words.map(|words| ("words", Value::Text(words))));
        self.say(key, &values)
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
        let method = self.method(&deposit.method);
        // Instructions are of no use once nobody is meant to pay by them any more.
        let payable = matches!(deposit.state, DepositState::Opened | DepositState::Expired { .. });
        let shown = method.filter(|_| payable);
        let lines = shown.map(|method| method.lines.join("\n")).unwrap_or_default();
        let address = shown.and_then(|method| method.address.as_deref());
        let note = shown.map_or("", |method| method.note.as_str());
        let lines = ("lines", Value::Text(lines.as_str()));
        let details = match address {
            Some(address) => {
                self.say("deposit.details", &[lines, ("address", Value::Text(address))])
            }
            None => self.say("deposit.lines", &[lines]),
        };
        let state = self.deposit_state(deposit, credited);
        let text = self.say(
            "deposit.card",
            &[
                ("id", Value::Text(&deposit.id.to_string())),
                ("amount", Value::Text(&self.money(deposit.amount))),
                ("method", Value::Text(&self.method_name(&deposit.method))),
                ("details", Value::Html(details.trim())),
                ("note", Value::Text(note)),
                ("state", Value::Html(&state)),
            ],
        );
        let mut rows = Rows::default();
        if payable {
            let amount = deposit.amount.to_text();
            let address = address.map(|address| self.copy("deposit.copy_address", address));
            rows.add(address.into_iter().chain([self.copy("deposit.copy_amount", &amount)]));
            let opened = deposit.state == DepositState::Opened;
            let key = if opened { "deposit.paid" } else { "deposit.paid_late" };
            let paid = self.button(key, &Press::Paid(deposit.id));
            rows.add([paid.map(|button| button.styled(Style::Success))]);
        } else if matches!(deposit.state, DepositState::Approved { .. }) {
            rows.add([self.button("menu.buy", &Press::Services)]);
        }
        rows.add([self.button("menu.home", &Press::Menu)]);
        rows.screen(collapse(&text))
    }

    fn deposit_state(&self, deposit: &Deposit, credited: Option<Seq>) -> String {
        match &deposit.state {
            DepositState::Opened => {
                let until = self.moment(deposit.expires_at);
                self.say("deposit.state.opened", &[("until", Value::Text(&until))])
            }
            DepositState::Submitted { .. } => self.say("deposit.state.submitted", &[]),
            DepositState::Approved { .. } => {
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

    /// The message that rings when a deposit was decided.
    #[must_use]
    pub fn deposit_decided(&self, deposit: &Deposit, available: Amount) -> Option<String> {
        let amount = self.money(deposit.amount);
        let id = deposit.id.to_string();
        let available = self.money(available);
        let amount = ("amount", Value::Text(amount.as_str()));
        let id = ("id", Value::Text(id.as_str()));
        match &deposit.state {
            DepositState::Approved { .. } => {
                let values = [amount, id, ("available", Value::Text(&available))];
                Some(self.say("deposit.told.approved", &values))
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
fn collapse(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim_end) {
        if !line.is_empty() || lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(line);
        }
    }
    lines.join("\n")
}
