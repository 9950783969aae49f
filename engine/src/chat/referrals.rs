//! Customers who bring others: the link, what it earned, and those who come by it.

use ring4_domain::command::Command;
use ring4_domain::ids::UserId;

use super::{Reply, Visit};
use crate::shop::ShopError;

impl Visit<'_> {
    /// Somebody came by a link; whether it counts is for the core to say.
    pub(super) async fn referred(&self, id: &str) -> Result<Reply, ShopError> {
        if let Ok(referrer) = id.parse().map(UserId) {
            let customer = self.user();
            self.submit_lightly(Command::Refer { customer, referrer }).await?;
        }
        self.menu()
    }

    /// The bot's name, where there are links to it that bring others.
    pub(super) fn inviting(&self) -> Option<&str> {
        let known = self.shop.username.get().map(String::as_str);
        known.filter(|_| self.live.policy.referrals.enabled)
    }

    /// The customer's own link and what it earned.
    pub(super) fn referrals(&self) -> Result<Reply, ShopError> {
        let Some(bot) = self.inviting() else {
            return Ok(Reply::Notice(self.voice().say("stale_button", &[])));
        };
        let standing = self.shop.snapshot().standing(self.user())?;
        let earned = standing.map(|standing| (standing.rewards, standing.earned));
        let link = format!("https://t.me/{bot}?start=ref_{}", self.user());
        let (rewards, earned) = earned.unwrap_or_default();
        Ok(Reply::Screen(self.voice().referrals(&link, rewards, earned)?))
    }
}
