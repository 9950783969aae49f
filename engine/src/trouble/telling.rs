//! Tells the admins of trouble, once when it begins and once when it ends. Not by the outbox,
//! which cannot be written then. Only the prober uses this.

use std::sync::Arc;
use std::time::Duration;

use ring4_domain::ids::UserId;
use ring4_rules::messages::Value;
use ring4_telegram::outgoing::{Call, ChatId, Markup, Outgoing, Priority};
use ring4_telegram::sender::SendError;
use tokio::task::JoinSet;

use super::{Episode, Memory, Trouble};
use crate::notices::Wording;
use crate::screens::Voice;
use crate::shop::Shop;
use crate::tasks;

/// The wait after Telegram did not take it.
const TELL_AGAIN: Duration = Duration::from_secs(10);

/// Tells those who have not been told yet. One who cannot be reached counts as told.
pub(super) fn begun(telling: &mut JoinSet<()>, shop: &Arc<Shop>, memory: &Memory) {
    let Some(episode) = memory.episode().clone() else { return };
    let live = shop.live.load_full();
    for admin in live.policy.desks().filter(|admin| !episode.told.contains(admin)) {
        let (shop, memory, trouble) = (Arc::clone(shop), memory.clone(), episode.trouble.clone());
        tasks::spawn_in(telling, async move {
            let text = |voice: &Voice<'_>| {
                // What only a human ends does not end by itself.
                let key = match trouble {
                    Trouble::EntriesLost { .. } => "admin.trouble.lost",
                    _ => "admin.trouble.begun",
                };
                let cause = cause(voice, &trouble);
                voice.say(key, &[("cause", Value::Html(&cause))])
            };
            while !tell(&shop, admin, &text).await {
                tokio::time::sleep(TELL_AGAIN).await;
            }
            if let Some(episode) = &mut *memory.episode() {
                episode.told.insert(admin);
            }
        });
    }
}

/// Tells those who know that it began.
pub(super) fn ended(telling: &mut JoinSet<()>, shop: &Arc<Shop>, episode: &Episode) {
    let lasted = episode.since.elapsed().as_secs();
    tracing::info!(trouble = %episode.trouble, lasted_secs = lasted, "selling goes on");
    let lasted = format!("{}:{:02}", lasted / 60, lasted % 60);
    for admin in episode.told.iter().copied() {
        let (shop, trouble, lasted) = (Arc::clone(shop), episode.trouble.clone(), lasted.clone());
        tasks::spawn_in(telling, async move {
            tell(&shop, admin, &|voice| {
                let cause = cause(voice, &trouble);
                let values = [("cause", Value::Html(&cause)), ("lasted", Value::Text(&lasted))];
                voice.say("admin.trouble.ended", &values)
            })
            .await;
        });
    }
}

/// Tells that this process took a clock as it is which stands behind the last entry.
pub(super) fn clock_taken(telling: &mut JoinSet<()>, shop: &Arc<Shop>, secs: u32) {
    let live = shop.live.load_full();
    for admin in live.policy.desks() {
        let shop = Arc::clone(shop);
        tasks::spawn_in(telling, async move {
            tell(&shop, admin, &|voice| {
                voice.say("admin.clock_taken", &[("minutes", Value::Number(minutes(secs)))])
            })
            .await;
        });
    }
}

fn minutes(secs: u32) -> i64 {
    i64::from(secs.div_ceil(60))
}

/// The cause in plain words, as HTML.
fn cause(voice: &Voice<'_>, trouble: &Trouble) -> String {
    let number = |number: u64| Value::Number(i64::try_from(number).unwrap_or(i64::MAX));
    match trouble {
        Trouble::DiskFull => voice.say("trouble.cause.disk_full", &[]),
        Trouble::SpaceLow { free_mb, min_mb } => voice.say(
            "trouble.cause.space_low",
            &[("free", number(*free_mb)), ("min", number(*min_mb))],
        ),
        Trouble::DiskReadOnly => voice.say("trouble.cause.read_only", &[]),
        Trouble::DiskFailed { reason } => {
            voice.say("trouble.cause.disk_failed", &[("reason", Value::Text(reason))])
        }
        Trouble::EntriesLost { loss } => {
            voice.say("trouble.cause.entries_lost", &[("loss", Value::Text(loss))])
        }
        Trouble::ClockBack { secs } => {
            let minutes = Value::Number(minutes(*secs));
            voice.say("trouble.cause.clock_back", &[("minutes", minutes)])
        }
    }
}

/// Whether this admin knows now, or cannot be told.
async fn tell(shop: &Shop, admin: UserId, text: &Wording<'_>) -> bool {
    let live = shop.live.load_full();
    let known = shop.snapshot().customer(admin).ok().flatten();
    let language = known.as_ref().and_then(|known| known.language.as_deref());
    let text = text(&Voice::new(&live, language, shop.clock.now()));
    let call = Call::SendMessage { text, markup: Markup::None, reply_to: None, silent: false };
    let chat = ChatId::from(admin);
    let sending = shop.sender.send(Outgoing { chat, priority: Priority::Answer, call });
    match sending.await {
        Ok(_) => true,
        Err(SendError::Unreachable) => true,
        Err(error) => {
            tracing::warn!(%admin, %error, "an admin was not told");
            !error.is_passing()
        }
    }
}
