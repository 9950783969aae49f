//! The rule set, as admins see it and go back to an earlier one. Who is an admin was checked
//! before.

use std::sync::Arc;

use ring4_domain::change::{Actor, Seq};
use ring4_domain::ids::RulesVersion;

use ring4_rules::messages::Value;

use super::{Reply, Visit};
use crate::reload::{Outcome, activations};
use crate::screens::rules::{HISTORY_ROWS, RulesPreview, RulesView};
use crate::shop::{ShopError, name_of};
use crate::tasks;

impl Visit<'_> {
    /// The live rule set and those before it: from this entry backwards, or the latest.
    pub(super) async fn rules(&self, from: Option<Seq>) -> Result<Reply, ShopError> {
        let snapshot = self.shop.snapshot();
        let lately = activations(&snapshot, None, 2)?;
        let (live, before) = (lately.first(), lately.get(1));
        let by = match live.map(|live| live.actor) {
            Some(Actor::Admin(admin)) => Some(name_of(&snapshot, admin)?),
            _ => None,
        };
        let version = self.live.version();
        let changed = match before {
            Some(before) => self.differing(before.activation.version, version).await?,
            None => Vec::new(),
        };
        let mut history = match from.or(before.map(|before| before.seq)) {
            Some(from) => activations(&snapshot, Some(from), HISTORY_ROWS + 1)?,
            None => Vec::new(),
        };
        let older = history.get(HISTORY_ROWS).map(|next| next.seq);
        history.truncate(HISTORY_ROWS);
        let view = RulesView {
            version,
            since: live.map(|live| live.at),
            by,
            changed,
            last: self.shop.rulebook.last(),
            history,
            newest: from.is_none(),
            older,
        };
        Ok(Reply::Screen(self.voice().rules(&view)?))
    }

    /// The files in which one version differs from another; none where one is not kept any more.
    async fn differing(
        &self,
        one: RulesVersion,
        other: RulesVersion,
    ) -> Result<Vec<String>, ShopError> {
        let book = Arc::clone(&self.shop.rulebook);
        let read = tasks::block(move || book.differing(one, other)).await?;
        Ok(read.unwrap_or_else(|error| {
            tracing::warn!(error, "the kept rule sets cannot be read");
            Vec::new()
        }))
    }

    /// How a kept version differs from the live one.
    pub(super) async fn rules_preview(&self, version: RulesVersion) -> Result<Reply, ShopError> {
        let book = Arc::clone(&self.shop.rulebook);
        let live = self.shop.live.load_full();
        let compared = tasks::block(move || book.compare(&live, version)).await?;
        let view = RulesPreview { version, compared };
        Ok(Reply::Screen(self.voice().rules_preview(&view)?))
    }

    /// Makes a kept version live.
    pub(super) async fn rules_go(&self, version: RulesVersion) -> Result<Reply, ShopError> {
        let outcome = self.shop.rulebook.go_to(self.user(), &self.trace, version).await;
        let notice = match outcome {
            Some(Outcome::Rejected(report)) => {
                let report: String = report.chars().take(150).collect();
                self.voice().say("rules.not_taken", &[("report", Value::Text(&report))])
            }
            Some(_) => {
                let version = version.to_string();
                self.voice().say("rules.taken", &[("version", Value::Text(&version))])
            }
            None => self.voice().say("trouble.short", &[]),
        };
        Ok(match self.rules(None).await? {
            Reply::Screen(screen) => Reply::Both(screen, notice),
            reply => reply,
        })
    }
}
