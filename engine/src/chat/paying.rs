//! Telegram Stars in the chat: may they be paid, they were paid, they are to be given back.

use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::decide::{Checkout as Asked, may_pay};
use ring4_domain::deposit::DepositState;
use ring4_domain::ids::DepositId;
use ring4_domain::refusal::Refusal;
use ring4_rules::messages::Value;
use ring4_telegram::inbound::{Checkout, Payment};
use ring4_telegram::outgoing::{Call, ChatId, Outgoing, Priority};
use ring4_telegram::sender::SendError;

use super::{Chat, Reply, Visit};
use crate::effects::crediting;
use crate::screens::Voice;
use crate::shop::ShopError;

impl Chat {
    /// Telegram waits ten seconds for the answer, so nothing is written before it; the payment
    /// itself is what is booked.
    pub(super) async fn checkout(&self, checkout: &Checkout) -> Result<(), ShopError> {
        let call = Call::AnswerCheckout {
            query_id: checkout.query_id.clone(),
            refusal: self.judge(checkout)?,
        };
        let chat = ChatId::from(checkout.from.id);
        let answer = Outgoing { chat, priority: Priority::Answer, call };
        match self.shop.sender.send(answer).await {
            Err(SendError::Stopped) => std::future::pending().await,
            Ok(_) => Ok(()),
            Err(error) => {
                // Too late, or lost: nothing is paid then, and the button can be pressed again.
                tracing::warn!(%error, "whether stars may be paid was not answered");
                Ok(())
            }
        }
    }

    /// Why these stars may not be paid, if they may not.
    fn judge(&self, checkout: &Checkout) -> Result<Option<String>, ShopError> {
        let snapshot = self.shop.snapshot();
        let live = self.shop.live.load_full();
        let known = snapshot.customer(checkout.from.id)?;
        let told = checkout.from.language_code.as_deref();
        let language = known.as_ref().and_then(|known| known.language.as_deref()).or(told);
        let voice = Voice::new(&live, language, self.shop.clock.now());
        // What is paid in trouble could not be written down; it would be found later, but who
        // pays wants to see it.
        if self.shop.executor.health().borrow().trouble().is_some() {
            return Ok(Some(voice.say("trouble.selling", &[])));
        }
        let deposit = match checkout.payload.parse::<DepositId>() {
            Ok(id) => snapshot.deposit(id)?,
            Err(_) => None,
        };
        let asked = Asked { customer: checkout.from.id, count: checkout.count };
        let verdict = may_pay(
            deposit.as_ref(),
            snapshot.standing(checkout.from.id)?.as_ref(),
            &live.policy,
            asked,
            self.shop.clock.now(),
        );
        Ok(verdict.err().map(|refusal| voice.refuse(&refusal, None)))
    }

    /// Stars were paid: they are credited, however often this is told. The card and the message
    /// that rings are the effects' answer.
    pub(super) async fn paid(&self, payment: &Payment) -> Result<(), ShopError> {
        let trace = format!("u{}", payment.update_id);
        self.welcome(&payment.from, &trace).await?;
        let paid = crediting::Paid {
            customer: payment.from.id,
            payload: &payment.payload,
            charge: &payment.charge,
            count: payment.count,
        };
        crediting::credit(&self.shop, paid, &trace).await.map(|_| ())
    }
}

impl Visit<'_> {
    /// `/refund_stars` with a deposit's id.
    pub(super) async fn return_stars_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        match words.trim().parse() {
            Ok(deposit) => self.return_stars(deposit).await,
            Err(_) => self.usage("admin.usage.refund_stars"),
        }
    }

    /// Gives the stars of a deposit back, unless the customer has spent them.
    pub(super) async fn return_stars(&self, id: DepositId) -> Result<Reply, ShopError> {
        let Some(deposit) = self.shop.snapshot().deposit(id)? else {
            return self.refuse(&Refusal::DepositUnknown);
        };
        let customer = deposit.customer;
        let command = Command::ReturnStars { admin: self.user(), customer, deposit: id };
        let decided = self.shop.submit(Actor::Admin(self.user()), &self.trace, command).await?;
        match decided {
            Ok(_) => self.review(id),
            Err(refusal) => {
                let notice = match refusal {
                    Refusal::WalletShort { short } => {
                        let short = self.voice().money(short);
                        let values = [("short", Value::Text(short.as_str()))];
                        self.voice().say("admin.stars_spent", &values)
                    }
                    Refusal::NotReturnable
                        if matches!(deposit.state, DepositState::Returning { .. }) =>
                    {
                        self.voice().say("admin.stars_returning", &[])
                    }
                    refusal => self.why(&refusal)?,
                };
                Ok(match self.review(id)? {
                    Reply::Screen(screen) => Reply::Both(screen, notice),
                    _ => Reply::Notice(notice),
                })
            }
        }
    }

    /// `/terms` and `/paysupport`: what holds for payments, and who helps with them.
    pub(super) fn terms(&self) -> Result<Reply, ShopError> {
        Ok(Reply::Screen(self.voice().plain(self.voice().say("terms", &[]))?))
    }

    pub(super) fn payment_support(&self) -> Result<Reply, ShopError> {
        let voice = self.voice();
        let contacts = self.live.config.shop.contacts.join(", ");
        let contacts = match contacts.as_str() {
            "" => String::new(),
            known => voice.say("help.contacts", &[("contacts", Value::Text(known))]),
        };
        let text = voice.say("paysupport", &[("contacts", Value::Html(&contacts))]);
        Ok(Reply::Screen(voice.plain(text.trim().to_owned())?))
    }
}
