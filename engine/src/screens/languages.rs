//! Choosing a language. Only the chat room imports this.

use ring4_telegram::keyboard::Button;

use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::Press;

impl Voice<'_> {
    /// The languages that are offered, each by its own name.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn languages(&self) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        for language in &self.live.config.languages.offered {
            let own = self.live.rules.texts().render(language, "language.own", &[]);
            let label = if language == self.language { format!("✓ {own}") } else { own };
            rows.add([Button::press(label, Press::Language(language.clone()).to_string())]);
        }
        rows.add([self.button("menu.home", &Press::Menu)]);
        rows.screen(self.say("language", &[]))
    }
}
