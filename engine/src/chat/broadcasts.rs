//! News to every customer, as admins write, see and steer it. Who is an admin was checked before;
//! the core checks it again.
//!
//! What an admin writes is as it was formatted in the app; where nothing was, Telegram's HTML where
//! it reads as that, and else plain text, every letter of which is shown. The admin sees which, and
//! the message as customers will, before anything is sent.

use ring4_domain::broadcast::{Broadcast, BroadcastState, BroadcastStep};
use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::customer::Prompt;
use ring4_domain::decide::Outcome;
use ring4_domain::ids::BroadcastId;
use ring4_domain::refusal::Refusal;
use ring4_rules::messages::{self, Value, escape};
use ring4_storage::{ReadError, Snapshot};
use ring4_telegram::client::CallError;
use ring4_telegram::outgoing::{Call, Markup};
use ring4_telegram::sender::SendError;

use super::{Reply, Visit, stats};
use crate::mint::{self, Origin};
use crate::screens::Screen;
use crate::screens::broadcasts::BroadcastView;
use crate::shop::ShopError;
use crate::tasks;

/// Customers who can be written to and may buy. Whoever is blocked in the shop hears no news of
/// it; codes and answers go to them as before.
fn recipients(snapshot: &Snapshot) -> Result<u64, ReadError> {
    let blocked = snapshot.customers_blocked()?;
    let mut count = 0;
    for customer in snapshot.customers_behind(None) {
        let customer = customer?;
        count += u64::from(customer.reachable && !blocked.contains(&customer.id));
    }
    Ok(count)
}

/// What was written as Telegram's HTML, and its length as Telegram counts.
fn markup(words: &str) -> (String, usize) {
    if let Ok(units) = messages::check(words) {
        return (words.to_owned(), units);
    }
    let mut text = String::new();
    escape(words, &mut text);
    (text, words.encode_utf16().count())
}

impl Visit<'_> {
    /// `/broadcast` with what is to be said, or without.
    pub(super) async fn broadcast_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        match words.trim() {
            "" => self.broadcasts().await,
            words => self.propose_broadcast(words).await,
        }
    }

    /// The broadcast that is under way; where none is, the question what is to be said.
    pub(super) async fn broadcasts(&self) -> Result<Reply, ShopError> {
        if let Some(active) = self.shop.snapshot().active_broadcast()? {
            return Ok(Reply::Screen(self.broadcast_screen(active).await?));
        }
        let (customer, prompt) = (self.user(), Some(Prompt::Broadcast));
        // Remembering a question is never refused.
        let _ = self.submit(Command::Ask { customer, prompt }).await?;
        Ok(Reply::Screen(self.voice().ask_broadcast()?))
    }

    /// Shows the admin what customers will see, and asks whether it is to be sent.
    pub(super) async fn propose_broadcast(&self, words: &str) -> Result<Reply, ShopError> {
        if let Some(active) = self.shop.snapshot().active_broadcast()? {
            let notice = self.why(&Refusal::BroadcastUnderWay)?;
            return Ok(Reply::Both(self.broadcast_screen(active).await?, notice));
        }
        let (text, units) = markup(self.formatted.unwrap_or(words));
        if units == 0 || units > messages::TEXT_LEN_MAX {
            return self.refuse(&Refusal::BroadcastText);
        }
        let call = Call::SendMessage {
            text: text.clone(),
            markup: Markup::None,
            reply_to: None,
            silent: false,
        };
        match stats::send(self.shop, self.user(), call).await {
            Ok(()) => {}
            Err(ShopError::Send(SendError::Call(CallError::Refused { description, .. }))) => {
                let values = [("reason", Value::Text(&description))];
                let voice = self.voice();
                let text = voice.say("admin.broadcast.not_taken", &values);
                return Ok(Reply::Screen(voice.plain(text)?));
            }
            Err(error) => return Err(error),
        }
        let admin = self.user();
        for attempt in 0..mint::ATTEMPTS_MAX {
            let origin = Origin { user: admin, source: &self.source, subject: "news", attempt };
            let (id, text) = (mint::broadcast_id(origin), text.clone());
            let command = Command::Broadcast(BroadcastStep::Propose { id, admin, text });
            match self.shop.submit(Actor::Admin(admin), &self.trace, command).await? {
                Ok(receipt) => {
                    let Outcome::Broadcast(broadcast) = receipt.outcome else { continue };
                    return Ok(Reply::Screen(self.broadcast_screen(*broadcast).await?));
                }
                Err(Refusal::IdTaken) => {}
                Err(refusal) => return self.refuse(&refusal),
            }
        }
        self.refuse(&Refusal::IdTaken)
    }

    /// One broadcast as it stands.
    pub(super) async fn broadcast(&self, id: BroadcastId) -> Result<Reply, ShopError> {
        match self.shop.snapshot().broadcast(id)? {
            Some(broadcast) => Ok(Reply::Screen(self.broadcast_screen(broadcast).await?)),
            None => self.refuse(&Refusal::BroadcastUnknown),
        }
    }

    async fn broadcast_screen(&self, broadcast: Broadcast) -> Result<Screen, ShopError> {
        let broadcast = match broadcast.state {
            BroadcastState::Proposed => {
                let recipients = self.count_recipients().await?;
                Broadcast { recipients, ..broadcast }
            }
            _ => broadcast,
        };
        let view = BroadcastView::read(&self.shop.snapshot(), broadcast)?;
        Ok(self.voice().admin_broadcast(&view)?)
    }

    async fn count_recipients(&self) -> Result<u64, ShopError> {
        let snapshot = self.shop.snapshot();
        Ok(tasks::block(move || recipients(&snapshot)).await??)
    }

    pub(super) async fn send_broadcast(&self, id: BroadcastId) -> Result<Reply, ShopError> {
        let (admin, card) = (self.user(), self.pressed);
        let recipients = self.count_recipients().await?;
        let command = Command::Broadcast(BroadcastStep::Start { admin, id, recipients, card });
        self.steer_broadcast(id, command).await
    }

    pub(super) async fn pause_broadcast(
        &self,
        id: BroadcastId,
        on: bool,
    ) -> Result<Reply, ShopError> {
        self.steer_broadcast(
            id,
            Command::Broadcast(BroadcastStep::Pause { admin: self.user(), id, on }),
        )
        .await
    }

    pub(super) async fn cancel_broadcast(&self, id: BroadcastId) -> Result<Reply, ShopError> {
        self.steer_broadcast(
            id,
            Command::Broadcast(BroadcastStep::Cancel { admin: self.user(), id }),
        )
        .await
    }

    async fn steer_broadcast(&self, id: BroadcastId, command: Command) -> Result<Reply, ShopError> {
        match self.shop.submit(Actor::Admin(self.user()), &self.trace, command).await? {
            Ok(_) => self.broadcast(id).await,
            // Of another one that is under way, the admin sees that one.
            Err(refusal @ Refusal::BroadcastUnderWay) => self.refuse(&refusal),
            Err(refusal) => {
                let notice = self.why(&refusal)?;
                Ok(match self.broadcast(id).await? {
                    Reply::Screen(screen) => Reply::Both(screen, notice),
                    _ => Reply::Notice(notice),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_markup_is_plain_text() {
        let rows = [
            ("Big <b>news</b> &amp; more", "Big <b>news</b> &amp; more", 15),
            ("1 < 2 & 3", "1 &lt; 2 &amp; 3", 9),
            ("<b>open", "&lt;b&gt;open", 7),
            ("plain 😀", "plain 😀", 8),
            ("<b></b>", "<b></b>", 0),
        ];
        for (words, text, units) in rows {
            assert_eq!(markup(words), (text.to_owned(), units), "{words}");
        }
    }
}
