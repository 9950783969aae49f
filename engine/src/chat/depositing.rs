//! Paying in, in the chat: an amount, a way to pay it, and the word that it is paid.

use ring4_config::Asked;
use ring4_domain::command::Command;
use ring4_domain::customer::Prompt;
use ring4_domain::decide::Outcome;
use ring4_domain::deposit::{AMOUNT_STEP, Deposit, DepositState};
use ring4_domain::ids::{DepositId, MethodKey, OrderId};
use ring4_domain::money::Amount;
use ring4_domain::refusal::Refusal;

use super::{Reply, Visit, amounts};
use crate::mint::{self, Origin};
use crate::screens::deposit::Choice;
use crate::shop::{ShopError, credited_by};

impl Visit<'_> {
    /// The id for a deposit that this message or press may lead to.
    pub(super) fn deposit_id(&self) -> DepositId {
        let (user, source) = (self.user(), self.source.as_str());
        mint::deposit_id(Origin { user, source, subject: "", attempt: 0 })
    }

    /// The only way to pay this amount, where there is one.
    fn only_method(&self, amount: Amount) -> Option<&MethodKey> {
        match self.live.methods_for(amount).as_slice() {
            [method] => Some(method),
            _ => None,
        }
    }

    pub(super) fn amounts(&self) -> Result<Reply, ShopError> {
        Ok(Reply::Screen(self.voice().amounts(self.available()?, self.deposit_id())?))
    }

    pub(super) fn methods(&self, place: u8) -> Result<Reply, ShopError> {
        match self.live.config.deposits.amounts.get(usize::from(place)) {
            Some(amount) => self.methods_for(*amount, Choice::Place(place)),
            None => Ok(Reply::Notice(self.voice().say("stale_button", &[]))),
        }
    }

    fn methods_for(&self, amount: Amount, choice: Choice) -> Result<Reply, ShopError> {
        Ok(Reply::Screen(self.voice().methods(amount, choice, self.deposit_id())?))
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

    pub(super) async fn custom_amount(&self) -> Result<Reply, ShopError> {
        let screen = self.voice().ask_amount()?;
        self.ask(Prompt::Deposit).await?;
        Ok(Reply::Screen(screen))
    }

    pub(super) async fn ask(&self, prompt: Prompt) -> Result<(), ShopError> {
        let prompt = Some(prompt);
        // Remembering a question is never refused.
        let _ = self.submit(Command::Ask { customer: self.user(), prompt }).await?;
        Ok(())
    }

    /// The answer to plain words, where they have to do with a deposit.
    pub(super) async fn deposit_words(&self, text: &str) -> Result<Option<Reply>, ShopError> {
        match &self.customer.prompt {
            Some(Prompt::DepositAmount(method)) => match self.read_amount(text) {
                Some(amount) => {
                    self.open(self.deposit_id(), amount, method.clone()).await.map(Some)
                }
                None => self.not_amount(text).map(Some),
            },
            Some(Prompt::Deposit) => match self.read_amount(text) {
                Some(amount) => self.choose_method(amount, None).await.map(Some),
                None => self.not_amount(text).map(Some),
            },
            // The amount was heard before a crash: the deposit's card is the answer.
            _ if self.own_deposit(self.deposit_id())?.is_some() => Ok(Some(Reply::Silent)),
            prompt => self.told_reference(prompt.as_ref(), text).await,
        }
    }

    /// `/deposit` with an amount, or without.
    pub(super) async fn deposit_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        if words.is_empty() {
            return self.amounts();
        }
        match self.read_amount(words) {
            Some(amount) => self.choose_method(amount, None).await,
            None => {
                self.ask(Prompt::Deposit).await?;
                self.not_amount(words)
            }
        }
    }

    /// The ways to pay an amount that was typed; where there is one only, that is taken.
    async fn choose_method(
        &self,
        amount: Amount,
        quote: Option<OrderId>,
    ) -> Result<Reply, ShopError> {
        if let Some(method) = self.only_method(amount) {
            if let Some(quote) = quote {
                self.ask(Prompt::DepositFor(quote, amount)).await?;
            }
            return self.open(self.deposit_id(), amount, method.clone()).await;
        }
        let limits = self.live.deposit_limits();
        if let Some((min, _)) = limits.filter(|(min, _)| amount < *min) {
            return self.refuse(&Refusal::DepositTooSmall { min });
        }
        if let Some((_, max)) = limits.filter(|(_, max)| amount > *max) {
            return self.refuse(&Refusal::DepositTooLarge { max });
        }
        self.ask(match quote {
            Some(quote) => Prompt::DepositFor(quote, amount),
            None => Prompt::DepositMethod(amount),
        })
        .await?;
        self.methods_for(amount, Choice::Typed)
    }

    /// What is missing for a quote, or the least deposit where that is more.
    pub(super) async fn top_up(&self, quote: OrderId) -> Result<Reply, ShopError> {
        let quote = self.shop.snapshot().quote(quote)?;
        let Some(quote) = quote.filter(|quote| quote.customer == self.user()) else {
            return self.amounts();
        };
        let short = quote.price.checked_sub(self.available()?).unwrap_or(quote.price);
        let Some((min, _)) = self.live.deposit_limits() else { return self.amounts() };
        let amount = whole_cents(short).max(min);
        self.choose_method(amount, Some(quote.id)).await
    }

    /// The way to pay the amount that was typed before.
    pub(super) async fn method(
        &self,
        method: MethodKey,
        id: DepositId,
    ) -> Result<Reply, ShopError> {
        match self.customer.prompt {
            Some(Prompt::DepositMethod(amount) | Prompt::DepositFor(_, amount)) => {
                self.open(id, amount, method).await
            }
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
        amounts::read(text)
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
        let credited = match deposit.state.is_credited() {
            true => credited_by(&self.shop.snapshot(), deposit.id)?,
            false => None,
        };
        Ok(Reply::Screen(self.voice().deposit_card(deposit, credited)?))
    }

    /// The card as it stands under a notice that says why it was not what was pressed.
    pub(super) fn stale_deposit(
        &self,
        id: DepositId,
        refusal: &Refusal,
    ) -> Result<Reply, ShopError> {
        let notice = self.why(refusal)?;
        Ok(match self.own_deposit(id)? {
            Some(deposit) => match self.deposit(&deposit)? {
                Reply::Screen(screen) => Reply::Both(screen, notice),
                other => other,
            },
            None => Reply::Notice(notice),
        })
    }

    pub(super) async fn paid(&self, id: DepositId) -> Result<Reply, ShopError> {
        let auto = self.approves(id, false)?;
        let command = Command::SubmitDeposit { customer: self.user(), deposit: id, auto };
        match self.submit(command).await? {
            Ok(receipt) => {
                let Outcome::Deposit(deposit) = receipt.outcome else { return Ok(Reply::Silent) };
                if deposit.state.is_credited() {
                    return Ok(Reply::Silent);
                }
                self.ask_evidence(&deposit).await?;
                Ok(Reply::Notice(self.voice().say("deposit.thanks", &[])))
            }
            Err(Refusal::ReferenceMissing) => {
                self.ask(Prompt::DepositReference(id)).await?;
                self.refuse(&Refusal::ReferenceMissing)
            }
            Err(refusal @ Refusal::DepositUnknown) => self.refuse(&refusal),
            // The button is stale: the card is shown as it stands.
            Err(refusal) => self.stale_deposit(id, &refusal),
        }
    }

    /// Hears what the customer may tell of the payment next; the card says what that is.
    async fn ask_evidence(&self, deposit: &Deposit) -> Result<(), ShopError> {
        match self.missing_evidence(deposit) {
            Some(prompt) => self.ask(prompt).await,
            None => Ok(()),
        }
    }

    pub(super) fn missing_evidence(&self, deposit: &Deposit) -> Option<Prompt> {
        let method = self.live.method(&deposit.method)?;
        let open = matches!(deposit.state, DepositState::Submitted { .. });
        if deposit.reference.is_none() && method.reference != Asked::Off {
            Some(Prompt::DepositReference(deposit.id))
        } else if deposit.picture.is_none() && method.picture && open {
            Some(Prompt::DepositPicture(deposit.id))
        } else {
            None
        }
    }
}

/// An amount rounded up to whole cents: nobody can pay less than a cent.
fn whole_cents(amount: Amount) -> Amount {
    let cent = AMOUNT_STEP.micros();
    let over = amount.micros().rem_euclid(cent);
    let up = if over == 0 { 0 } else { cent - over };
    amount.checked_add(Amount::from_micros(up)).unwrap_or(amount)
}
