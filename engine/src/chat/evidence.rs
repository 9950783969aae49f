//! What customers show for a payment, in the chat: its id as words, a picture of it.

use ring4_config::Asked;
use ring4_domain::command::Command;
use ring4_domain::customer::Prompt;
use ring4_domain::decide::Outcome;
use ring4_domain::deposit::{Deposit, DepositState, Picture, Reference};
use ring4_domain::ids::DepositId;
use ring4_domain::refusal::Refusal;
use ring4_rules::messages::Value;
use ring4_telegram::inbound::File;

use super::{Reply, Visit};
use crate::shop::ShopError;

impl Visit<'_> {
    /// The button under a deposit that says: tell more about the payment.
    pub(super) async fn evidence(&self, id: DepositId) -> Result<Reply, ShopError> {
        let Some(deposit) = self.own_deposit(id)? else {
            return self.refuse(&Refusal::DepositUnknown);
        };
        let Some(prompt) = self.missing_evidence(&deposit) else {
            return Ok(Reply::Notice(self.voice().say("stale_button", &[])));
        };
        let key = match prompt {
            Prompt::DepositPicture(_) => "deposit.send_picture",
            _ => "deposit.send_reference",
        };
        self.ask(prompt).await?;
        Ok(Reply::Notice(self.voice().say(key, &[])))
    }

    /// The answer to words that may be the id of a payment; `None` where they are not.
    pub(super) async fn told_reference(
        &self,
        prompt: Option<&Prompt>,
        text: &str,
    ) -> Result<Option<Reply>, ShopError> {
        let Some(reference) = Reference::find(text) else { return Ok(None) };
        let Some(Prompt::DepositReference(id)) = prompt else {
            // It was heard before a crash, and is answered again.
            let known = self.shop.snapshot().deposit_by_payment(&reference)?;
            let own = known.is_some_and(|known| known.customer == self.user());
            return if own { self.noted(&reference).map(Some) } else { Ok(None) };
        };
        let (customer, deposit) = (self.user(), *id);
        let (told, auto) = (reference.clone(), self.approves(deposit, true)?);
        let command = Command::TellReference { customer, deposit, reference: told, auto };
        match self.submit(command).await? {
            Ok(receipt) => {
                if let Outcome::Deposit(deposit) = receipt.outcome {
                    self.ask_picture(&deposit).await?;
                }
                self.noted(&reference).map(Some)
            }
            Err(
                refusal @ (Refusal::ReferenceUsed
                | Refusal::ReferenceGiven
                | Refusal::DepositsOpenMax { .. }),
            ) => self.refuse(&refusal).map(Some),
            // It is decided meanwhile: these words were meant for something else.
            Err(_) => Ok(None),
        }
    }

    fn noted(&self, reference: &Reference) -> Result<Reply, ShopError> {
        let voice = self.voice();
        let values = [("reference", Value::Text(reference.as_str()))];
        Ok(Reply::Screen(voice.plain(voice.say("deposit.reference_noted", &values))?))
    }

    /// A picture is taken after the payment's id as well.
    async fn ask_picture(&self, deposit: &Deposit) -> Result<(), ShopError> {
        match self.missing_evidence(deposit) {
            Some(prompt @ Prompt::DepositPicture(_)) if !deposit.state.is_credited() => {
                self.ask(prompt).await
            }
            _ => Ok(()),
        }
    }

    /// A message that holds no words: a picture where one was asked for, else nothing for us.
    pub(super) async fn picture(&self, file: Option<&File>) -> Result<Reply, ShopError> {
        let voice = self.voice();
        let asked = match self.customer.prompt {
            Some(Prompt::DepositReference(id) | Prompt::DepositPicture(id)) => Some(id),
            _ => None,
        };
        let (Some(file), Some(deposit)) = (file, asked) else {
            return Ok(Reply::Screen(voice.plain(voice.say("text_only", &[]))?));
        };
        if let Some(known) = self.own_deposit(deposit)? {
            let method = self.live.method(&known.method);
            if method.is_some_and(|method| !method.picture) {
                return Ok(Reply::Screen(voice.plain(voice.say("deposit.words_only", &[]))?));
            }
            // What has to be told first was asked for, and a picture does not tell it.
            let required = method.is_some_and(|method| method.reference == Asked::Required);
            let unclaimed =
                matches!(known.state, DepositState::Opened | DepositState::Expired { .. });
            if required && known.reference.is_none() && unclaimed {
                return self.refuse(&Refusal::ReferenceMissing);
            }
        }
        let picture = Picture { file_id: file.id.clone(), document: file.document };
        let command = Command::SendPicture { customer: self.user(), deposit, picture };
        match self.submit(command).await? {
            Ok(_) => Ok(Reply::Screen(voice.plain(voice.say("deposit.picture_noted", &[]))?)),
            Err(refusal) => self.refuse(&refusal),
        }
    }
}
