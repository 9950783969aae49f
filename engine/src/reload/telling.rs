//! Tells the log and the admins what became of a save, beside the watching: Telegram's limits, a
//! slow answer or an outage must not hold up the next save. Only `reload` uses this.

use std::sync::Arc;

use ring4_rules::messages::Value;
use ring4_telegram::outgoing::{Call, ChatId, Markup, Outgoing, Priority};
use tokio::sync::mpsc;

use super::Outcome;
use crate::screens::Voice;
use crate::shop::Shop;

/// Outcomes that may wait until the admins are told; of more the log alone knows.
const WAITING_MAX: usize = 16;

/// The longest report sent to a chat, in characters; the log has the rest.
const REPORT_CHARS_MAX: usize = 3_000;

/// Hands outcomes to the teller.
pub(super) struct Herald(mpsc::Sender<Outcome>);

/// A herald, and the outcomes it hands over.
pub(super) fn channel() -> (Herald, mpsc::Receiver<Outcome>) {
    let (sender, outcomes) = mpsc::channel(WAITING_MAX);
    (Herald(sender), outcomes)
}

impl Herald {
    /// Logs an outcome and leaves it to be told; never waits.
    pub(super) fn announce(&self, outcome: Outcome) {
        match &outcome {
            Outcome::Same => return,
            Outcome::Ready { version, changed } => {
                tracing::info!(%version, changed, "rule set is live");
            }
            Outcome::Rejected(report) => tracing::error!("rule set rejected\n{report}"),
            Outcome::RestartNeeded(keys) => {
                tracing::warn!(keys = keys.join(", "), "restart needed for some settings");
            }
        }
        if self.0.try_send(outcome).is_err() {
            tracing::warn!("too many outcomes wait; the admins are not told of this one");
        }
    }
}

/// Tells the admins of each outcome, in order, until the herald is gone.
pub(super) async fn tell_all(shop: Arc<Shop>, mut outcomes: mpsc::Receiver<Outcome>) {
    while let Some(outcome) = outcomes.recv().await {
        let live = shop.live.load_full();
        if !live.config.notices.rules {
            continue;
        }
        for admin in live.policy.desks() {
            let Some(text) = text_for(&shop, admin, &outcome) else { continue };
            let call =
                Call::SendMessage { text, markup: Markup::None, reply_to: None, silent: false };
            let chat = ChatId::from(admin);
            let outgoing = Outgoing { chat, priority: Priority::Answer, call };
            if let Err(error) = shop.sender.send(outgoing).await {
                tracing::warn!(%admin, %error, "an admin was not told of the rule set");
            }
        }
    }
}

fn text_for(shop: &Shop, admin: ring4_domain::ids::UserId, outcome: &Outcome) -> Option<String> {
    let live = shop.live.load_full();
    let known = shop.snapshot().customer(admin).ok().flatten();
    let language = known.as_ref().and_then(|known| known.language.as_deref());
    let voice = Voice::new(&live, language, shop.clock.now());
    let text = match outcome {
        Outcome::Same => return None,
        Outcome::Ready { version, changed } => voice.say(
            "admin.rules_live",
            &[("version", Value::Text(&version.to_string())), ("changed", Value::Text(changed))],
        ),
        Outcome::Rejected(report) => {
            let report: String = report.chars().take(REPORT_CHARS_MAX).collect();
            voice.say("admin.rules_rejected", &[("report", Value::Text(&report))])
        }
        Outcome::RestartNeeded(keys) => {
            voice.say("admin.rules_restart", &[("keys", Value::Text(&keys.join(", ")))])
        }
    };
    Some(text)
}
