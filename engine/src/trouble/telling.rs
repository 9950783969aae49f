//! Tells the admins of trouble, once when it begins and once when it ends. Not by the outbox,
//! which cannot be written then. Only the prober uses this.

use std::time::Duration;

use ring4_domain::ids::UserId;
use ring4_rules::messages::Value;
use ring4_telegram::outgoing::{Call, ChatId, Markup, Outgoing, Priority};
use ring4_telegram::sender::SendError;

use super::{Episode, Memory, Trouble};
use crate::screens::Voice;
use crate::shop::Shop;

/// How long one admin may hold up the look at the disk.
const TELL_WITHIN: Duration = Duration::from_secs(5);

/// Tells those who have not been told yet. One who cannot be reached counts as told.
pub(super) async fn begun(shop: &Shop, memory: &Memory) {
    let Some(episode) = memory.episode().clone() else { return };
    let mut admins = shop.live.load().policy.admins.clone();
    admins.retain(|admin| !episode.told.contains(admin));
    for admin in admins {
        let told = tell(shop, admin, |voice| {
            let cause = cause(voice, &episode.trouble);
            voice.say("admin.trouble.begun", &[("cause", Value::Html(&cause))])
        });
        if told.await
            && let Some(episode) = &mut *memory.episode()
        {
            episode.told.insert(admin);
        }
    }
}

/// Tells those who know that it began.
pub(super) async fn ended(shop: &Shop, episode: &Episode) {
    let lasted = episode.since.elapsed().as_secs();
    tracing::info!(trouble = %episode.trouble, lasted_secs = lasted, "selling goes on");
    let lasted = format!("{}:{:02}", lasted / 60, lasted % 60);
    for admin in &episode.told {
        tell(shop, *admin, |voice| {
            let cause = cause(voice, &episode.trouble);
            let values = [("cause", Value::Html(&cause)), ("lasted", Value::Text(&lasted))];
            voice.say("admin.trouble.ended", &values)
        })
        .await;
    }
}

/// Tells that this process took a clock as it is which stands behind the last entry.
pub(super) async fn clock_taken(shop: &Shop, secs: u32) {
    let admins = shop.live.load().policy.admins.clone();
    for admin in admins {
        tell(shop, admin, |voice| {
            voice.say("admin.clock_taken", &[("minutes", Value::Number(minutes(secs)))])
        })
        .await;
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
        Trouble::ClockBack { secs } => {
            let minutes = Value::Number(minutes(*secs));
            voice.say("trouble.cause.clock_back", &[("minutes", minutes)])
        }
    }
}

/// Whether this admin knows now, or cannot be told.
async fn tell(shop: &Shop, admin: UserId, text: impl FnOnce(&Voice<'_>) -> String) -> bool {
    let live = shop.live.load_full();
    let known = shop.snapshot().customer(admin).ok().flatten();
    let language = known.as_ref().and_then(|known| known.language.as_deref());
    let text = text(&Voice::new(&live, language, shop.clock.now()));
    let call = Call::SendMessage { text, markup: Markup::None, reply_to: None, silent: false };
    let chat = ChatId::from(admin);
    let sending = shop.sender.send(Outgoing { chat, priority: Priority::Answer, call });
    match tokio::time::timeout(TELL_WITHIN, sending).await {
        Ok(Ok(_)) => true,
        Ok(Err(error)) => {
            tracing::warn!(%admin, %error, "an admin was not told");
            error == SendError::Unreachable
        }
        Err(_) => {
            tracing::warn!(%admin, "an admin was not told in time");
            false
        }
    }
}
