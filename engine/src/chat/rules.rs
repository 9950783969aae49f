//! The rule set, as admins see it and go back to an earlier one. Who is an admin was checked
//! before.

use std::sync::Arc;

use ring4_domain::change::Actor;
use ring4_domain::ids::RulesVersion;

use ring4_rules::messages::Value;

use super::{Reply, Visit};
use crate::reload::Outcome;
use crate::screens::rules::{RulesPreview, RulesView};
use crate::shop::{ShopError, name_of};

impl Visit<'_> {
    pub(super) async fn rules(&self) -> Result<Reply, ShopError> {
        let snapshot = self.shop.snapshot();
        let since = snapshot.rules_since()?;
        let entry = since.map(|seq| snapshot.entry(seq)).transpose()?.flatten();
        let by = match entry.as_ref().map(|entry| entry.actor) {
            Some(Actor::Admin(admin)) => Some(name_of(&snapshot, admin)?),
            _ => None,
        };
        let (book, live) = (Arc::clone(&self.shop.rulebook), self.live.version());
        let kept = tokio::task::spawn_blocking(move || book.kept(live)).await?;
        let (kept, changed) = kept.unwrap_or_else(|error| {
            tracing::warn!(error, "the kept rule sets cannot be read");
            Default::default()
        });
        let view = RulesView {
            version: live,
            since: entry.map(|entry| entry.at),
            by,
            changed,
            last: self.shop.rulebook.last(),
            kept,
        };
        Ok(Reply::Screen(self.voice().rules(&view)?))
    }

    /// How a kept version differs from the live one.
    pub(super) async fn rules_preview(&self, version: RulesVersion) -> Result<Reply, ShopError> {
        let book = Arc::clone(&self.shop.rulebook);
        let live = self.shop.live.load_full();
        let compared = tokio::task::spawn_blocking(move || book.compare(&live, version)).await?;
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
        Ok(match self.rules().await? {
            Reply::Screen(screen) => Reply::Both(screen, notice),
            reply => reply,
        })
    }
}
