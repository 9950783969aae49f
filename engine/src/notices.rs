//! Says something to every admin that no record of the shop is about: a vendor is down, its list
//! has changed. Not by the outbox, because after a restart it would be no news. Health,
//! catalogue and the watch over plugins import this.

use std::time::Duration;

use ring4_domain::ids::UserId;
use ring4_telegram::outgoing::{Call, ChatId, Markup, Outgoing, Priority};
use ring4_telegram::sender::SendError;

use crate::screens::Voice;
use crate::shop::Shop;

/// Attempts to reach an admin, and the wait between two.
const ATTEMPTS_MAX: u32 = 5;
const TELL_AGAIN: Duration = Duration::from_secs(10);

/// Tells every admin, each in their own language. Who cannot be reached is left out.
pub async fn tell_admins(shop: &Shop, text: impl Fn(&Voice<'_>) -> String) {
    let admins = shop.live.load().policy.admins.clone();
    let telling = admins.into_iter().map(|admin| tell(shop, admin, &text));
    futures_util::future::join_all(telling).await;
}

async fn tell(shop: &Shop, admin: UserId, text: impl Fn(&Voice<'_>) -> String) {
    let live = shop.live.load_full();
    let known = shop.snapshot().customer(admin).ok().flatten();
    let language = known.as_ref().and_then(|known| known.language.as_deref());
    let text = text(&Voice::new(&live, language, shop.clock.now()));
    for attempt in 1..=ATTEMPTS_MAX {
        let (text, chat) = (text.clone(), ChatId::from(admin));
        let call = Call::SendMessage { text, markup: Markup::None, reply_to: None, silent: false };
        match shop.sender.send(Outgoing { chat, priority: Priority::Answer, call }).await {
            Ok(_) | Err(SendError::Unreachable) => return,
            Err(error) => tracing::warn!(%admin, attempt, %error, "an admin was not told"),
        }
        tokio::time::sleep(TELL_AGAIN).await;
    }
}
