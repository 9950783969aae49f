//! Another code, asked for on the card of a delivered order.

use ring4_domain::command::Command;
use ring4_domain::ids::OrderId;
use ring4_domain::refusal::Refusal;
use ring4_domain::resend::ResendStep;

use super::{Reply, Visit};
use crate::shop::ShopError;

impl Visit<'_> {
    /// The card is brought up to date by its own effect.
    pub(super) async fn another_code(&self, id: OrderId) -> Result<Reply, ShopError> {
        let Some(order) = self.own_order(id)? else {
            return self.refuse(&Refusal::OrderUnknown);
        };
        let offered = self.shop.resends(&order);
        let step = ResendStep::Request { customer: self.user(), offered };
        match self.submit(Command::Resend { order: id, step }).await? {
            Err(refusal) => self.refuse(&refusal),
            Ok(_) => Ok(Reply::Notice(self.voice().say("resend.asked", &[]))),
        }
    }
}
