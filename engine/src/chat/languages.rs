//! The language, asked for and chosen in the chat.

use ring4_domain::command::Command;

use super::{Reply, Visit};
use crate::screens::Voice;
use crate::shop::ShopError;

impl Visit<'_> {
    /// `/language` with a code chooses it; without one, or with another, it asks.
    pub(super) async fn language_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        let wanted = words.trim().to_lowercase();
        if self.live.config.languages.offered.contains(&wanted) {
            return Ok(match self.choose_language(&wanted).await? {
                Reply::Both(screen, _) => Reply::Screen(screen),
                reply => reply,
            });
        }
        self.languages()
    }

    pub(super) fn languages(&self) -> Result<Reply, ShopError> {
        Ok(Reply::Screen(self.voice().languages()?))
    }

    /// Speaks this language from now on, beginning with the answer.
    pub(super) async fn choose_language(&self, language: &str) -> Result<Reply, ShopError> {
        if !self.live.config.languages.offered.iter().any(|known| known == language) {
            return Ok(Reply::Notice(self.voice().say("stale_button", &[])));
        }
        let command =
            Command::ChooseLanguage { customer: self.user(), language: language.to_owned() };
        if let Err(refusal) = self.submit(command).await? {
            return self.refuse(&refusal);
        }
        if self.admin {
            self.shop.menus_due.notify_one();
        }
        let voice = Voice::new(self.live, Some(language), self.shop.clock.now());
        Ok(Reply::Both(self.menu_in(voice)?, voice.say("language.chosen", &[])))
    }
}
