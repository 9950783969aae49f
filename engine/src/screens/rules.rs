//! The rule set for admins: what is live, what was live before, what going back would change. Only
//! the chat room imports this.

use std::collections::BTreeSet;

use ring4_domain::change::Seq;
use ring4_domain::ids::{RulesVersion, Timestamp};
use ring4_rules::messages::Value;

use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::{Desk, Press};
use crate::reload::{Activated, Comparison, Outcome};

/// Rule sets of the past on one page.
pub const HISTORY_ROWS: usize = 6;

/// Characters of a rejection that are shown; the log and the notice have the rest.
const REPORT_CHARS_MAX: usize = 800;

/// Names of files on one line, in characters.
const FILES_CHARS_MAX: usize = 500;

/// The live rule set and its history.
#[derive(Clone, Debug)]
pub struct RulesView {
    /// The live version.
    pub version: RulesVersion,
    /// Since when.
    pub since: Option<Timestamp>,
    /// The admin who chose it; `None` where it follows the files.
    pub by: Option<String>,
    /// The files in which it differs from the version that was live before it.
    pub changed: Vec<String>,
    /// What became of the last save.
    pub last: Option<(Timestamp, Outcome)>,
    /// What was live before, newest first.
    pub history: Vec<Activated>,
    /// Whether this is the newest page of it.
    pub newest: bool,
    /// The entry with which the next page begins, where there is one.
    pub older: Option<Seq>,
}

/// A version that may be gone back to.
#[derive(Clone, Debug)]
pub struct RulesPreview {
    /// Which.
    pub version: RulesVersion,
    /// How it differs, or why it cannot go live.
    pub compared: Result<Comparison, String>,
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

impl Voice<'_> {
    /// The live rule set, and the versions that may be gone back to.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn rules(&self, view: &RulesView) -> Result<Screen, ScreenError> {
        let since = view.since.map_or_else(|| "–".to_owned(), |since| self.moment(since));
        let by = match &view.by {
            Some(by) => self.say("rules.by", &[("by", Value::Text(by))]),
            None => self.say("rules.by_files", &[]),
        };
        let changed = match view.changed.as_slice() {
            [] => "–".to_owned(),
            changed => cut(&changed.join(", "), FILES_CHARS_MAX),
        };
        let values = [
            ("version", Value::Text(&view.version.to_string())),
            ("since", Value::Text(&since)),
            ("by", Value::Html(&by)),
            ("changed", Value::Text(&changed)),
            ("last", Value::Html(&self.last_save(view.last.as_ref()))),
        ];
        let mut rows = Rows::default();
        let mut listed = BTreeSet::from([view.version]);
        for past in &view.history {
            let version = past.activation.version;
            // What was live several times can be gone back to by one button.
            if !listed.insert(version) {
                continue;
            }
            let name = version.to_string();
            let values = [
                ("version", Value::Text(name.get(..8).unwrap_or(&name))),
                ("when", Value::Text(&self.moment(past.at))),
            ];
            let press = Press::Desk(Desk::RulesPreview(version));
            rows.add([self.button_with("rules.kept", &values, &press)]);
        }
        let newer = (!view.newest).then(|| self.button("menu.newer", &Press::Desk(Desk::Rules)));
        let older = view.older.map(|seq| Press::Desk(Desk::RulesBefore(seq)));
        let older = older.map(|press| self.button("menu.older", &press));
        rows.add(newer.into_iter().chain(older));
        rows.add([
            self.button("admin.refresh", &Press::Desk(Desk::Rules)),
            self.button("menu.admin", &Press::Admin),
        ]);
        rows.screen(self.say("rules", &values))
    }

    fn last_save(&self, last: Option<&(Timestamp, Outcome)>) -> String {
        let Some((at, outcome)) = last else { return self.say("rules.no_save", &[]) };
        let when = self.moment(*at);
        let when = ("when", Value::Text(when.as_str()));
        match outcome {
            Outcome::Same => self.say("rules.no_save", &[]),
            Outcome::Ready { changed, .. } => {
                self.say("rules.accepted", &[when, ("changed", Value::Text(changed))])
            }
            Outcome::RestartNeeded(keys) => {
                self.say("rules.restart", &[when, ("keys", Value::Text(&keys.join(", ")))])
            }
            Outcome::Rejected(report) => {
                let report = cut(report, REPORT_CHARS_MAX);
                self.say("rules.rejected", &[when, ("report", Value::Text(&report))])
            }
        }
    }

    /// What going back to a version would change.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn rules_preview(&self, view: &RulesPreview) -> Result<Screen, ScreenError> {
        let version = view.version.to_string();
        let mut rows = Rows::default();
        let back = self.button("menu.back", &Press::Desk(Desk::Rules));
        let compared = match &view.compared {
            Ok(compared) => compared,
            Err(report) => {
                rows.add([back]);
                let report = cut(report, REPORT_CHARS_MAX);
                let values = [("version", Value::Text(&version)), ("report", Value::Text(&report))];
                return rows.screen(self.say("rules.unfit", &values));
            }
        };
        let price = |amount| match amount {
            Some(amount) => self.money(amount),
            None => "–".to_owned(),
        };
        let mut prices: Vec<String> = Vec::new();
        for change in &compared.prices {
            let values = [
                ("service", Value::Text(self.service(&change.service))),
                ("cost", Value::Text(&self.money(change.cost))),
                ("now", Value::Text(&price(change.now))),
                ("then", Value::Text(&price(change.then))),
            ];
            prices.push(self.say("rules.price", &values));
        }
        if prices.is_empty() {
            prices.push(self.say("rules.same_prices", &[]));
        }
        if compared.more > 0 {
            let count = i64::try_from(compared.more).unwrap_or(i64::MAX);
            prices.push(self.say("rules.more_prices", &[("count", Value::Number(count))]));
        }
        let files = cut(&compared.changed.join(", "), FILES_CHARS_MAX);
        let values = [
            ("version", Value::Text(&version)),
            ("files", Value::Text(&files)),
            ("prices", Value::Html(&prices.join("\n"))),
        ];
        rows.add([self.button("rules.go", &Press::Desk(Desk::RulesGo(view.version)))]);
        rows.add([back]);
        rows.screen(self.say("rules.preview", &values))
    }
}
