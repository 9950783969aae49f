//! Paying in, in the chat.

use ring4_domain::command::Command;
use ring4_domain::customer::Prompt;
use ring4_domain::decide::Outcome;
use ring4_domain::deposit::{Deposit, DepositState};
use ring4_domain::ids::{DepositId, MethodKey};
use ring4_domain::money::Amount;
use ring4_domain::refusal::Refusal;

use super::{Reply, Visit};
use crate::mint::{self, Origin};
use crate::shop::{ShopError, credited_by};

impl Visit<'_> {
    /// The id for a deposit that this message or press may lead to.
    pub(super) fn deposit_id(&self) -> DepositId {
        let (user, source) = (self.user(), self.source.as_str());
        mint::deposit_id(Origin { user, source, subject: "", attempt: 0 })
    }

    /// The only way to pay, where there is one.
    fn only_method(&self) -> Option<&MethodKey> {
        match self.live.config.deposits.methods.as_slice() {
            [method] if self.live.config.deposits.enabled => Some(&method.key),
            _ => None,
        }
    }

    pub(super) fn methods(&self) -> Result<Reply, ShopError> {
        match self.only_method() {
            Some(method) => self.amounts(method),
            None => Ok(Reply::Screen(self.voice().methods(self.available()?, None)?)),
        }
    }

    pub(super) fn amounts(&self, method: &MethodKey) -> Result<Reply, ShopError> {
        if !self.live.policy.methods.contains(method) {
            return self.refuse(&Refusal::MethodUnknown);
        }
        Ok(Reply::Screen(self.voice().amounts(method, self.deposit_id())?))
    }

    pub(super) async fn amount(
        &self,
        method: MethodKey,
        place: u8,
        id: DepositId,
    ) -> Result<Reply, ShopError> {
        match self.live.config.deposits.amounts.get(usize::from(place)) {
            Some(amount) => self.open(id, *amount, method).await,
            None => Ok(Reply::Notice(self.voice().say("stale_button", &[]))),
        }
    }

    pub(super) async fn custom_amount(&self, method: MethodKey) -> Result<Reply, ShopError> {
        if !self.live.policy.methods.contains(&method) {
            return self.refuse(&Refusal::MethodUnknown);
        }
        let screen = self.voice().ask_amount(&method)?;
        self.ask(Prompt::DepositAmount(method)).await?;
        Ok(Reply::Screen(screen))
    }

    async fn ask(&self, prompt: Prompt) -> Result<(), ShopError> {
        let prompt = Some(prompt);
        // Remembering a question is never refused.
        let _ = self.submit(Command::Ask { customer: self.user(), prompt }).await?;
        Ok(())
    }

    /// The text that was asked for as an amount.
    pub(super) async fn typed_amount(
        &self,
        method: MethodKey,
        text: &str,
    ) -> Result<Reply, ShopError> {
        match self.read_amount(text) {
            Some(amount) => self.open(self.deposit_id(), amount, method).await,
            None => self.not_amount(text),
        }
    }

    /// `/deposit` with an amount, or without.
    pub(super) async fn deposit_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        if words.is_empty() {
            return self.methods();
        }
        let Some(amount) = self.read_amount(words) else {
            return self.amount_anew(words).await;
        };
        if let Some(method) = self.only_method() {
            return self.open(self.deposit_id(), amount, method.clone()).await;
        }
        let limits = &self.live.policy;
        if amount < limits.deposit_min {
            return self.refuse(&Refusal::DepositTooSmall { min: limits.deposit_min });
        }
        if amount > limits.deposit_max {
            return self.refuse(&Refusal::DepositTooLarge { max: limits.deposit_max });
        }
        self.ask(Prompt::DepositMethod(amount)).await?;
        let asked = Some((amount, self.deposit_id()));
        Ok(Reply::Screen(self.voice().methods(self.available()?, asked)?))
    }

    /// The way to pay the amount that was typed before.
    pub(super) async fn method(
        &self,
        method: MethodKey,
        id: DepositId,
    ) -> Result<Reply, ShopError> {
        match self.customer.prompt {
            Some(Prompt::DepositMethod(amount)) => self.open(id, amount, method).await,
            // Pressed twice: the first press opened it and the question is answered.
            _ => match self.own_deposit(id)? {
                Some(_) => Ok(Reply::Silent),
                None => Ok(Reply::Notice(self.voice().say("stale_button", &[]))),
            },
        }
    }

    fn read_amount(&self, text: &str) -> Option<Amount> {
        let text = text.trim();
        let symbol = &self.live.config.shop.currency_symbol;
        let text = text.strip_prefix(symbol.as_str()).unwrap_or(text).trim();
        text.parse().ok()
    }

    /// Asks again after `/deposit` with something that is no amount. What is typed next is an
    /// amount only where it is clear how it would be paid.
    async fn amount_anew(&self, words: &str) -> Result<Reply, ShopError> {
        match self.only_method() {
            Some(method) => {
                self.ask(Prompt::DepositAmount(method.clone())).await?;
                self.not_amount(words)
            }
            None => {
                let words = ring4_telegram::command::clean(words, super::ECHO_CHARS_MAX);
                Ok(Reply::Screen(self.voice().methods_after(&words, self.available()?)?))
            }
        }
    }

    fn not_amount(&self, words: &str) -> Result<Reply, ShopError> {
        let words = ring4_telegram::command::clean(words, super::ECHO_CHARS_MAX);
        Ok(Reply::Screen(self.voice().not_amount(&words)?))
    }

    async fn open(
        &self,
        id: DepositId,
        amount: Amount,
        method: MethodKey,
    ) -> Result<Reply, ShopError> {
        let (customer, card) = (self.user(), self.pressed);
        let command = Command::OpenDeposit { id, customer, amount, method, card };
        match self.submit(command).await? {
            // The card is sent by its own effect; one that was there before is shown again.
            Ok(receipt) => match receipt.outcome {
                Outcome::Deposit(deposit) if receipt.seq.is_none() => self.deposit(&deposit),
                _ => Ok(Reply::Silent),
            },
            Err(refusal) => self.refuse(&refusal),
        }
    }

    pub(super) fn own_deposit(&self, id: DepositId) -> Result<Option<Deposit>, ShopError> {
        let deposit = self.shop.snapshot().deposit(id)?;
        Ok(deposit.filter(|deposit| deposit.customer == self.user()))
    }

    fn deposit(&self, deposit: &Deposit) -> Result<Reply, ShopError> {
        let credited = match deposit.state {
            DepositState::Approved { .. } => credited_by(&self.shop.snapshot(), deposit.id)?,
            _ => None,
        };
        Ok(Reply::Screen(self.voice().deposit_card(deposit, credited)?))
    }

    pub(super) async fn paid(&self, id: DepositId) -> Result<Reply, ShopError> {
        let command = Command::SubmitDeposit { customer: self.user(), deposit: id };
        match self.submit(command).await? {
            Ok(_) => Ok(Reply::Notice(self.voice().say("deposit.thanks", &[]))),
            Err(refusal @ Refusal::DepositUnknown) => self.refuse(&refusal),
            Err(refusal) => {
                // The button is stale: the card is shown as it stands.
                let notice = self.why(&refusal)?;
                Ok(match self.own_deposit(id)? {
                    Some(deposit) => match self.deposit(&deposit)? {
                        Reply::Screen(screen) => Reply::Both(screen, notice),
                        other => other,
                    },
                    None => Reply::Notice(notice),
                })
            }
        }
    }
}
