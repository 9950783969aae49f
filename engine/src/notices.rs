//! Says something to every admin that no record of the shop is about: a vendor is down, its list
//! has changed. Not by the outbox, because after a restart it would be no news. Health,
//! catalogue, effects and the watch over plugins import this.
//!
//! What an operator switched off is not said. What was said a moment ago is not said again: it is
//! counted, and the count is told once when the moment is over.

pub mod group;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ring4_domain::ids::{OrderId, Timestamp, UserId};
use ring4_domain::order::{Order, OrderState};
use ring4_rules::messages::Value;
use ring4_telegram::outgoing::{Call, ChatId, Markup, Outgoing, Priority};
use ring4_telegram::sender::SendError;
use tokio::sync::mpsc;

use crate::screens::Voice;
use crate::shop::{Shop, name_of};

/// Attempts to reach an admin, and the wait between two.
const ATTEMPTS_MAX: u32 = 5;
const TELL_AGAIN: Duration = Duration::from_secs(10);

/// How long an equal notice is only counted, in seconds.
const FOLD_SECS: u32 = 600;

/// How often it is looked whether that is over, in seconds.
const LOOK_SECS: u32 = 30;

/// Different notices that are remembered; beyond them every one is told.
const REMEMBERED_MAX: usize = 256;

/// Orders and customers that may wait to be told of; of more the log alone knows.
const NEWS_WAITING_MAX: usize = 64;

/// What a notice says, in the words of who reads it.
pub(crate) type Wording<'said> = dyn Fn(&Voice<'_>) -> String + Send + Sync + 'said;

/// What a notice is about, as far as it can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// An order was placed.
    NewOrder,
    /// An order ended without a number.
    FailedOrder,
    /// The balance at a vendor is low.
    VendorBalance,
    /// A vendor is down or up, or holds something against us.
    VendorState,
    /// A vendor's list of services changed.
    Catalogue,
    /// A plugin was put to use or taken out of it.
    Plugin,
    /// Telegram cannot deliver what people write and press, or can again; no switch silences it.
    Updates,
    /// The books and somebody else's do not agree; no switch silences it.
    Money,
    /// The policy blocked a customer; no switch silences it.
    Blocked,
}

impl Topic {
    /// What a notice is counted with. Nothing where it is how something stands now: what was said
    /// last must be true, so it is said again although it was a moment ago.
    fn like<'text>(self, like: Option<&'text str>, text: &'text str) -> Option<&'text str> {
        match self {
            Self::Updates => None,
            _ => Some(like.unwrap_or(text)),
        }
    }

    const fn is_wanted(self, notices: &ring4_config::Notices) -> bool {
        match self {
            Self::NewOrder => notices.new_order,
            Self::FailedOrder => notices.failed_order,
            Self::VendorBalance => notices.vendor_balance,
            Self::VendorState | Self::Plugin => notices.vendor_state,
            Self::Catalogue => notices.catalogue,
            Self::Updates | Self::Money | Self::Blocked => true,
        }
    }
}

/// A notice that was told, and how often its like would have been told since.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    at: Timestamp,
    again: u32,
    /// The latest of them.
    text: String,
}

/// What was told lately, by what makes two notices alike.
#[derive(Debug, Default)]
pub struct Folding(Mutex<BTreeMap<String, Told>>);

impl Folding {
    /// Whether this is to be told now; else it is counted with those that are alike.
    fn is_due(&self, like: Option<&str>, text: &str, now: Timestamp) -> bool {
        let Some(like) = like else { return true };
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = told.get_mut(like) {
            known.again = known.again.saturating_add(1);
            text.clone_into(&mut known.text);
            return false;
        }
        if told.len() < REMEMBERED_MAX {
            told.insert(like.to_owned(), Told { at: now, again: 0, text: text.to_owned() });
        }
        true
    }

    /// What was counted long enough, with the count and since when; it may be told anew.
    fn over(&self, now: Timestamp) -> Vec<(String, u32, Timestamp)> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lasts = |known: &Told| now < known.at.plus_secs(FOLD_SECS) && known.at <= now;
        let mut over = Vec::new();
        told.retain(|_, known| {
            let lasts = lasts(known);
            if !lasts {
                over.push(known.clone());
            }
            lasts
        });
        let counted = over.into_iter().filter(|known| known.again > 0);
        counted.map(|known| (known.text, known.again, known.at)).collect()
    }
}

/// What happened to a record that admins are told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// An order came to its first or to a bad last state.
    Order(Topic, OrderId),
    /// The policy blocked a customer.
    Blocked(UserId),
}

/// What the shop holds to tell notices with.
#[derive(Debug)]
pub struct Notices {
    folding: Folding,
    news: mpsc::Sender<News>,
    /// The admins' group.
    pub group: group::Group,
}

/// A shop's notices, and what is to be told of.
#[must_use]
pub fn channel() -> (Notices, mpsc::Receiver<News>) {
    let (news, waiting) = mpsc::channel(NEWS_WAITING_MAX);
    let (folding, group) = (Folding::default(), group::Group::default());
    (Notices { folding, news, group }, waiting)
}

impl Notices {
    /// Notes that an order came to its first or to a bad last state; never waits.
    pub fn order(&self, order: &Order) {
        let topic = match order.state {
            OrderState::Buying { candidate: 0, started: false } => Topic::NewOrder,
            OrderState::Failed(_) => Topic::FailedOrder,
            _ => return,
        };
        if self.news.try_send(News::Order(topic, order.id())).is_err() {
            tracing::debug!(order = %order.id(), "too many orders to tell admins of each");
        }
    }

    /// Notes that the policy blocked a customer; never waits.
    pub fn blocked(&self, customer: UserId) {
        if self.news.try_send(News::Blocked(customer)).is_err() {
            tracing::warn!(%customer, "too much to tell admins of this block");
        }
    }
}

/// Tells every admin, each in their own language, unless the topic is switched off or the same
/// was told a moment ago. Who cannot be reached is left out.
pub async fn tell_admins(
    shop: &Shop,
    topic: Topic,
    text: impl Fn(&Voice<'_>) -> String + Send + Sync,
) {
    tell_folded(shop, topic, None, &text).await;
}

/// The same for a notice that is counted with those that are alike, whatever else they say; the
/// count is told with the latest of them.
async fn tell_folded(shop: &Shop, topic: Topic, like: Option<&str>, text: &Wording<'_>) {
    let live = shop.live.load_full();
    let now = shop.clock.now();
    if !topic.is_wanted(&live.config.notices) {
        return;
    }
    let plain = text(&Voice::new(&live, None, now));
    if shop.notices.folding.is_due(topic.like(like, &plain), &plain, now) {
        tell_all(shop, text).await;
    }
}

async fn tell_all(shop: &Shop, text: &Wording<'_>) {
    let live = shop.live.load_full();
    let telling = live.policy.desks().map(|desk| tell(shop, desk, text));
    futures_util::future::join_all(telling).await;
}

/// Tells of orders and blocks, and of what was only counted, until the shop ends.
pub async fn keep(shop: Arc<Shop>, mut waiting: mpsc::Receiver<News>) {
    loop {
        let again = shop.clock.now().plus_secs(LOOK_SECS);
        tokio::select! {
            Some(news) = waiting.recv() => {
                let told = match news {
                    News::Order(topic, id) => tell_of_order(&shop, topic, id).await,
                    News::Blocked(customer) => tell_of_block(&shop, customer).await,
                };
                if let Err(error) = told {
                    tracing::warn!(?news, %error, "admins were not told");
                }
            }
            () = shop.clock.sleep_until(again) => {}
        }
        for (text, count, since) in shop.notices.folding.over(shop.clock.now()) {
            let count = i64::from(count);
            tell_all(&shop, &|voice| {
                let values = [
                    ("count", Value::Number(count)),
                    ("since", Value::Text(&voice.moment(since))),
                    ("notice", Value::Html(&text)),
                ];
                voice.say("admin.notice.folded", &values)
            })
            .await;
        }
    }
}

async fn tell_of_order(
    shop: &Shop,
    topic: Topic,
    id: OrderId,
) -> Result<(), ring4_storage::ReadError> {
    // A switch that is off costs no read.
    if !topic.is_wanted(&shop.live.load().config.notices) {
        return Ok(());
    }
    let snapshot = shop.snapshot();
    let Some(order) = snapshot.order(id)? else { return Ok(()) };
    let name = name_of(&snapshot, order.customer())?;
    let key = match topic {
        Topic::FailedOrder => "admin.notice.failed",
        _ => "admin.notice.order",
    };
    // Where one order finds no number the next does not either.
    let like = format!("{key} {} {}", order.quote.service, order.quote.country);
    let like = (topic == Topic::FailedOrder).then_some(like.as_str());
    tell_folded(shop, topic, like, &|voice| {
        let values = [
            ("id", Value::Text(&id.to_string())),
            ("name", Value::Text(&name)),
            ("service", Value::Text(voice.service(&order.quote.service))),
            ("country", Value::Text(&voice.country(order.quote.country))),
            ("price", Value::Text(&voice.money(order.quote.price))),
        ];
        voice.say(key, &values)
    })
    .await;
    Ok(())
}

async fn tell_of_block(shop: &Shop, customer: UserId) -> Result<(), ring4_storage::ReadError> {
    let snapshot = shop.snapshot();
    let standing = snapshot.standing(customer)?;
    let Some(block) = standing.and_then(|standing| standing.block) else { return Ok(()) };
    let name = name_of(&snapshot, customer)?;
    tell_admins(shop, Topic::Blocked, |voice| {
        let values = [
            ("name", Value::Text(name.as_str())),
            ("user", Value::Text(&customer.to_string())),
            ("reason", Value::Text(&block.reason)),
        ];
        voice.say("admin.notice.blocked", &values)
    })
    .await;
    Ok(())
}

async fn tell(shop: &Shop, desk: UserId, text: &Wording<'_>) {
    match reach(shop, desk, text).await {
        Ok(()) => shop.notices.group.heard(desk),
        Err(error) => {
            let told = group::refused(shop, desk, &error).await;
            if !told && error != SendError::Unreachable {
                tracing::warn!(%desk, %error, "an admin was not told");
            }
        }
    }
}

/// Tries until it is taken, or what fails does not pass.
async fn reach(shop: &Shop, desk: UserId, text: &Wording<'_>) -> Result<(), SendError> {
    let live = shop.live.load_full();
    let known = shop.snapshot().customer(desk).ok().flatten();
    let language = known.as_ref().and_then(|known| known.language.as_deref());
    let text = text(&Voice::new(&live, language, shop.clock.now()));
    let mut attempt = 1;
    loop {
        let (text, chat) = (text.clone(), ChatId::from(desk));
        let call = Call::SendMessage { text, markup: Markup::None, reply_to: None, silent: false };
        match shop.sender.send(Outgoing { chat, priority: Priority::Answer, call }).await {
            Ok(_) => return Ok(()),
            Err(error) if attempt >= ATTEMPTS_MAX || !error.is_passing() => return Err(error),
            Err(error) => tracing::warn!(%desk, attempt, %error, "an admin was not told yet"),
        }
        attempt += 1;
        tokio::time::sleep(TELL_AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_that_are_alike_are_counted_until_the_moment_is_over() {
        let folding = Folding::default();
        let at = |secs: u32| Timestamp(0).plus_secs(secs);
        assert!(folding.is_due(Some("down"), "down 1", at(0)));
        for secs in [1, 2, 599] {
            assert!(!folding.is_due(Some("down"), &format!("down {secs}"), at(secs)));
        }
        assert!(folding.is_due(Some("up"), "up", at(3)));
        assert_eq!(folding.over(at(599)), []);
        assert_eq!(folding.over(at(600)), [("down 599".to_owned(), 3, at(0))]);
        // What was told once and never again is forgotten without a word.
        assert_eq!(folding.over(at(700)), []);
        assert!(
            folding.is_due(Some("down"), "down", at(700))
                && folding.is_due(Some("up"), "up", at(700))
        );
        // A clock that was set back does not fold for ever.
        assert_eq!(folding.over(at(0)), []);
        assert!(folding.is_due(Some("down"), "down 1", at(0)));
    }

    #[test]
    fn how_something_stands_now_is_said_at_every_turn() {
        let folding = Folding::default();
        let said = |topic: Topic, text: &str, secs| {
            folding.is_due(topic.like(None, text), text, Timestamp(0).plus_secs(secs))
        };
        for secs in [0, 30, 60, 90] {
            for text in ["fails", "fine again"] {
                assert!(said(Topic::Updates, text, secs), "{text} after {secs} s");
                assert_eq!(said(Topic::Plugin, text, secs), secs == 0, "{text} after {secs} s");
            }
        }
    }
}
