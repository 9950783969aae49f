//! What admins did, as admins see it. Only the chat room imports this.

use ring4_domain::change::Seq;
use ring4_domain::ids::Timestamp;
use ring4_rules::messages::Value;

use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::{Desk, Press};

/// Characters of acts in one message, of the 4096 that Telegram takes.
const ROWS_CHARS_MAX: usize = 3_500;

/// One act of an admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// The entry.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// Who, by name.
    pub by: String,
    /// What: the name of the command.
    pub what: String,
    /// The record it was about.
    pub subject: String,
    /// On whom, by name.
    pub on: Option<String>,
}

/// A page of acts.
#[derive(Clone, Copy, Debug)]
pub struct ActPage<'page> {
    /// The acts, newest first.
    pub acts: &'page [Act],
    /// The entry that older acts come before, where there may be some.
    pub older: Option<Seq>,
}

impl Voice<'_> {
    /// What admins did.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn acts(&self, page: ActPage<'_>) -> Result<Screen, ScreenError> {
        let line = |act: &Act| {
            let values = [
                ("seq", Value::Text(&act.seq.0.to_string())),
                ("when", Value::Text(&self.moment(act.at))),
                ("by", Value::Text(&act.by)),
                ("what", Value::Text(&act.what)),
                ("subject", Value::Text(&act.subject)),
                ("on", Value::Text(act.on.as_deref().unwrap_or("–"))),
            ];
            self.say("admin.act", &values)
        };
        let (mut lines, mut chars, mut older) = (Vec::new(), 0, page.older);
        let mut last = None;
        for act in page.acts {
            let line = line(act);
            chars += line.chars().count();
            if last.is_some() && chars > ROWS_CHARS_MAX {
                // What does not fit into the message begins the next page.
                older = last;
                break;
            }
            last = Some(act.seq);
            lines.push(line);
        }
        let mut rows = Rows::default();
        let older = older.map(|seq| Press::Desk(Desk::Audit(Some(seq))));
        rows.add(older.map(|press| self.button("menu.older", &press)));
        rows.add([
            self.button("admin.refresh", &Press::Desk(Desk::Audit(None))),
            self.button("menu.admin", &Press::Admin),
        ]);
        if lines.is_empty() {
            return rows.screen(self.say("admin.acts_none", &[]));
        }
        rows.screen(self.say("admin.acts", &[("rows", Value::Html(&lines.join("\n")))]))
    }
}
