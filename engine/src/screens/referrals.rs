//! A customer's link for others, and what it earned. Only the chat room imports this.

use ring4_domain::money::Amount;
use ring4_rules::messages::Value;

use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::Press;

impl Voice<'_> {
    /// The link, what is given for it, and what was given.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn referrals(
        &self,
        link: &str,
        rewards: u32,
        earned: Amount,
    ) -> Result<Screen, ScreenError> {
        let terms = self.live.policy.referrals;
        let values = [
            ("link", Value::Text(link)),
            ("percent", Value::Number(i64::from(terms.percent))),
            ("max", Value::Text(&self.money(terms.max))),
            ("rewards", Value::Number(i64::from(rewards))),
            ("earned", Value::Text(&self.money(earned))),
        ];
        let mut rows = Rows::default();
        rows.add([self.copy("referrals.copy", link)]);
        rows.add([
            self.button("menu.wallet", &Press::Wallet),
            self.button("menu.home", &Press::Menu),
        ]);
        rows.screen(self.say("referrals", &values))
    }
}
