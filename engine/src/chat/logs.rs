//! The last lines of the log in the chat, and the rule set that is live. Who is an admin was
//! checked before.

use ring4_rules::messages::Value;
use ring4_telegram::outgoing::Call;
use tracing::Level;

use super::{Reply, Visit};
use crate::ops::recent;
use crate::shop::ShopError;

/// Lines shown unless more are asked for.
pub(super) const LINES_SHOWN: usize = 20;

/// Characters that fit into a message with what is around them; more become a file.
const TEXT_CHARS_MAX: usize = 3_500;

impl Visit<'_> {
    /// `/logs` with how many lines and of which level at least, in either order.
    pub(super) async fn logs_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        let (mut count, mut level) = (LINES_SHOWN, Level::INFO);
        for word in words.split_whitespace() {
            match (word.parse(), word.parse()) {
                (Ok(wanted), _) => count = wanted,
                (_, Ok(wanted)) => level = wanted,
                _ => return self.usage("admin.usage.logs"),
            }
        }
        self.logs(count, level).await
    }

    /// So many of the last lines of this level at least.
    pub(super) async fn logs(&self, count: usize, level: Level) -> Result<Reply, ShopError> {
        let lines = recent::last(count.clamp(1, recent::LINES_MAX), level).join("\n");
        let voice = self.voice();
        if lines.is_empty() {
            return Ok(Reply::Screen(voice.plain(voice.say("admin.logs_none", &[]))?));
        }
        if lines.chars().count() <= TEXT_CHARS_MAX {
            let text = voice.say("admin.logs", &[("lines", Value::Text(&lines))]);
            return Ok(Reply::Screen(voice.plain(text)?));
        }
        let call = Call::SendDocument {
            document: lines.into(),
            file_name: "log.txt".to_owned(),
            caption: String::new(),
            keyboard: None,
            silent: false,
        };
        super::stats::send(self.shop, self.user(), call).await?;
        Ok(Reply::Silent)
    }
}
