//! One attempt at one wish. Only `effects` calls this.

use ring4_domain::change::{Actor, Seq};
use ring4_domain::command::Command;
use ring4_domain::effect::Effect;
use ring4_domain::ids::MessageId;

use super::{desk, forgetting, purchasing, referring, resending, searching, showing, starring};
use crate::executor::SubmitError;
use crate::shop::{Shop, ShopError};

/// What became of the wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Granted {
    /// It is granted, or has become pointless, and the outbox knows.
    Done,
    /// Not yet: the world said when to ask again.
    Later {
        /// Seconds from now.
        secs: u32,
    },
    /// Not before another purchase is cleared up.
    Behind,
    /// The vendor was asked; the outbox keeps the wish until the order says what came of it.
    Watched,
    /// The world failed.
    Failed,
    /// Nothing can be committed: the outbox keeps the wish for the engine that is opened next.
    Held,
    /// The process is ending.
    Stopped,
}

/// What an attempt found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Granted; the message is the card that was sent for it, where a new one was.
    Granted(Option<MessageId>),
    /// To be asked again.
    Later(u32),
    /// To be asked again when another purchase is cleared up.
    Behind,
    /// What is left to come is watched beside other orders; to be asked again when the order
    /// changes.
    Watched,
    /// The vendor said nothing; to be asked again, more and more seldom.
    Failed,
}

impl Found {
    /// The same, where no record keeps the message.
    pub(super) fn uncarded(self) -> Self {
        match self {
            Self::Granted(_) => Self::Granted(None),
            other => other,
        }
    }
}

pub(super) async fn grant(shop: &Shop, effect: Effect, made: Seq) -> Granted {
    let trace = format!("{}:{}", effect.name(), made.0);
    let found = match effect {
        Effect::Buy(order) => purchasing::buy(shop, order, &trace).await,
        Effect::FindPurchase(order) => searching::find(shop, order, &trace).await,
        Effect::CancelPurchase(order) => purchasing::cancel(shop, order, &trace).await,
        Effect::ShowOrder(order) => showing::order(shop, order).await,
        Effect::RingCode(order) => showing::ring(shop, order).await,
        Effect::TellOrderEnded(order) => showing::order_ended(shop, order).await,
        Effect::ShowDeposit(deposit) => showing::deposit(shop, deposit).await,
        Effect::TellDepositDecided(deposit) => showing::deposit_decided(shop, deposit).await,
        Effect::ShowDepositToAdmin(deposit, admin) => {
            showing::deposit_to_admin(shop, deposit, admin).await
        }
        Effect::ShowLostToAdmin(order, admin) => showing::lost_to_admin(shop, order, admin).await,
        Effect::SendPictureToAdmin(deposit, admin) => {
            showing::picture_to_admin(shop, deposit, admin).await
        }
        Effect::ShowUnreturnedToAdmin(order, admin) => {
            showing::unreturned_to_admin(shop, order, admin).await
        }
        Effect::SendInvoice(deposit) => starring::invoice(shop, deposit).await,
        Effect::DropInvoice(deposit) => starring::drop_invoice(shop, deposit).await,
        Effect::ReturnStars(deposit) => starring::give_back(shop, deposit, &trace).await,
        Effect::DropKeys => forgetting::drop_keys(shop).await,
        Effect::ShowRefundToAdmin(order, admin) => desk::refund_to_admin(shop, order, admin).await,
        Effect::TellRefundDecided(order) => desk::refund_decided(shop, order).await,
        Effect::TellAdjusted(id) => desk::adjusted(shop, id).await,
        Effect::SendReport(day, admin) => desk::report(shop, day, admin).await,
        Effect::Reward(deposit) => referring::reward(shop, deposit, &trace).await,
        Effect::Resend(order) => resending::resend(shop, order, &trace).await,
        Effect::ShowBroadcastToAdmin(id, admin) => desk::broadcast_to_admin(shop, id, admin).await,
    };
    match found {
        Ok(Found::Granted(message)) => {
            let command = Command::Granted { effect, made, message };
            match shop.submit(Actor::Engine, &trace, command).await {
                Ok(_) => Granted::Done,
                Err(SubmitError::Trouble) => Granted::Held,
                Err(SubmitError::Stopped(_)) => Granted::Stopped,
            }
        }
        Ok(Found::Later(secs)) => Granted::Later { secs },
        Ok(Found::Behind) => Granted::Behind,
        Ok(Found::Watched) => Granted::Watched,
        Ok(Found::Failed) => Granted::Failed,
        Err(ShopError::Stopped(_)) => Granted::Stopped,
        Err(ShopError::Trouble) => Granted::Held,
        Err(error) => {
            tracing::warn!(trace, %error, "an effect failed and will be tried again");
            Granted::Failed
        }
    }
}
