//! Numbers at a vendor that no order of ours owns: bought by somebody else from the same account,
//! sold twice, or dearer than allowed. Nobody can tell, so they are left alone and the admins hear
//! of each once. Only `effects` runs this.
//!
//! What was told is remembered by this process only: after a restart a number that is still there
//! is told again, which is better than never. Numbers that a lost purchase of ours may have bought
//! are searched for by `searching` and are gone from here when they have an owner.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ring4_domain::ids::{ProviderId, UserId};
use ring4_providers::{OrderStatus, VendorOrder};
use ring4_storage::Pending;
use ring4_telegram::outgoing::{Call, ChatId, Markup, Outgoing, Priority};
use ring4_telegram::sender::SendError;
use tokio_util::sync::CancellationToken;

use super::searching;
use crate::screens::Voice;
use crate::shop::{Shop, ShopError};

/// From one look at the vendors' lists to the next, in seconds.
const LOOK_SECS: u32 = 60;

/// How long a number must be there without an owner before it is told, in seconds: longer than a
/// purchase takes and than the search for a lost one waits between two looks.
const UNOWNED_SECS: u32 = 150;

/// Numbers named in one message, at most; the rest is counted, and named in the next.
const NAMED_MAX: usize = 10;

/// Looks again and again until the shop closes.
pub(super) async fn watch(shop: Arc<Shop>, closing: CancellationToken) {
    let mut told: BTreeMap<ProviderId, BTreeSet<String>> = BTreeMap::new();
    loop {
        let providers: Vec<ProviderId> = shop.registry.ids().cloned().collect();
        for provider in providers.into_iter().filter(|id| shop.registry.lists_active(id)) {
            let told = told.entry(provider.clone()).or_default();
            let looking = look(&shop, &provider, told);
            match closing.run_until_cancelled(looking).await {
                None => return,
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    tracing::warn!(%provider, %error, "orphans were not looked for")
                }
            }
        }
        let next = shop.clock.sleep_until(shop.clock.now().plus_secs(LOOK_SECS));
        if closing.run_until_cancelled(next).await.is_none() {
            return;
        }
    }
}

async fn look(
    shop: &Shop,
    provider: &ProviderId,
    told: &mut BTreeSet<String>,
) -> Result<(), ShopError> {
    // A list that cannot be read says nothing; the polls report a vendor that is down.
    let Ok(rows) = shop.registry.list_active(provider).await else { return Ok(()) };
    let now = shop.clock.now();
    shop.sightings.note(provider, &rows, now);
    let snapshot = shop.snapshot();
    let mut unowned = Vec::new();
    for row in rows.iter() {
        let over = matches!(row.status, OrderStatus::Refunded | OrderStatus::Closed);
        let owner = snapshot.order_of_purchase(provider, &row.vendor_order_id)?;
        if !over && owner.is_none() {
            unowned.push(row);
        }
    }
    told.retain(|id| unowned.iter().any(|row| row.vendor_order_id == *id));
    // What may belong to a lost purchase is before an admin already.
    for order in snapshot.orders_pending(provider, Pending::Unclear)? {
        let mut apart = Vec::with_capacity(unowned.len());
        for row in unowned {
            if !searching::may_be(shop, &order, row)? {
                apart.push(row);
            }
        }
        unowned = apart;
    }
    let ripe = |row: &&VendorOrder| {
        let since = shop.sightings.since(provider, &row.vendor_order_id);
        let long = since.is_some_and(|since| now.secs_since(since) >= UNOWNED_SECS);
        long && !told.contains(&row.vendor_order_id)
    };
    unowned.retain(ripe);
    // Who was only counted is named at the next look.
    if !unowned.is_empty() && tell(shop, provider, &unowned).await {
        told.extend(unowned.iter().take(NAMED_MAX).map(|row| row.vendor_order_id.clone()));
    }
    Ok(())
}

/// Whether an admin was told.
async fn tell(shop: &Shop, provider: &ProviderId, rows: &[&VendorOrder]) -> bool {
    let live = shop.live.load_full();
    let mut told = false;
    for admin in live.policy.desks() {
        let known = shop.snapshot().customer(admin).ok().flatten();
        let language = known.as_ref().and_then(|known| known.language.as_deref());
        let voice = Voice::new(&live, language, shop.clock.now());
        told |= !matches!(
            say(shop, admin, voice.orphans(provider, rows, NAMED_MAX)).await,
            Err(SendError::Stopped | SendError::RetryAfter { .. })
        );
    }
    told
}

async fn say(shop: &Shop, admin: UserId, text: String) -> Result<(), SendError> {
    let call = Call::SendMessage { text, markup: Markup::None, reply_to: None, silent: false };
    let chat = ChatId::from(admin);
    shop.sender.send(Outgoing { chat, priority: Priority::Answer, call }).await.map(|_| ())
}
