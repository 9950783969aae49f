//! Whether the admins' group takes what is written to it. Where it does not, its cards and notices
//! are not tried for ever: each admin is told privately, once, and has them in private anyway.
//! Effects and notices use this.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use futures_util::future::join_all;
use ring4_domain::ids::UserId;
use ring4_rules::messages::Value;
use ring4_telegram::client::CallError;
use ring4_telegram::sender::SendError;

use super::reach;
use crate::screens::Voice;
use crate::shop::Shop;

/// What is known of the group.
#[derive(Debug, Default)]
pub struct Group {
    /// It takes nothing, and the admins know.
    lost: AtomicBool,
}

impl Group {
    /// Something was taken there; another refusal is news.
    pub fn heard(&self, desk: UserId) {
        if is_group(desk) {
            self.lost.store(false, Relaxed);
        }
    }
}

/// Telegram gives groups negative ids.
const fn is_group(desk: UserId) -> bool {
    desk.0 < 0
}

/// Whether this means that a group takes nothing. Then the admins know when this returns, unless
/// they cannot be reached.
pub async fn refused(shop: &Shop, desk: UserId, error: &SendError) -> bool {
    let moved_to = match error {
        SendError::Unreachable if is_group(desk) => None,
        SendError::Call(CallError::Moved { to }) => Some(*to),
        _ => return false,
    };
    if shop.notices.group.lost.swap(true, Relaxed) {
        return true;
    }
    tracing::warn!(group = %desk, ?moved_to, "the admins' group takes no messages");
    let text = |voice: &Voice<'_>| match moved_to {
        Some(id) => voice.say("admin.group.moved", &[("id", Value::Text(&id.to_string()))]),
        None => voice.say("admin.group.lost", &[]),
    };
    let live = shop.live.load_full();
    let telling = live.policy.admins.iter().map(|admin| reach(shop, *admin, &text));
    for told in join_all(telling).await {
        if let Err(error) = told {
            tracing::warn!(%error, "an admin was not told that the group takes no messages");
        }
    }
    true
}
