//! The terms of the shop. Only the chat room imports this.

use ring4_domain::ids::OrderId;
use ring4_telegram::keyboard::Style;

use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::Press;

impl Voice<'_> {
    /// The terms; with the quote that waits for them, they can be accepted.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn terms(&self, quote: Option<OrderId>) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        let accept = quote.map(|quote| {
            let accept = self.button("terms.accept", &Press::AcceptTerms(quote));
            accept.map(|button| button.styled(Style::Success))
        });
        rows.add(accept);
        rows.add([self.button("menu.home", &Press::Menu)]);
        rows.screen(self.say("terms", &[]))
    }
}
