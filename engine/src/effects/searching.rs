//! Finds out what a lost answer to a purchase meant: the vendor's lists are searched for the
//! number, and what they cannot tell is put before the admins. Effects and the chat room call
//! this.
//!
//! A vendor takes no reference of ours, so a row of its list can only be matched by what it is.
//! It is adopted when it can be nobody else's: of the service and country asked for, within the
//! cap, without a code yet, owned by no order, and no other purchase of the same is awaited. As
//! many rows as lost purchases are one each; more rows than that are for a human.

use std::collections::BTreeMap;

use ring4_domain::command::Command;
use ring4_domain::ids::{OrderId, ProviderId, Timestamp};
use ring4_domain::order::{self, Candidate, Order, OrderState};
use ring4_providers::{CallError, OrderStatus, VendorOrder};
use ring4_storage::Pending;

use super::deadlines::GRACE_SECS;
use super::granting::Found;
use super::purchasing::report;
use crate::shop::{Shop, ShopError};

/// Wait between two looks for a lost purchase, in seconds.
const FIND_SECS: u32 = 5;

/// Wait between two looks for a number that may turn up after the money went back, in seconds.
const ORPHAN_SECS: u32 = 30;

/// How long after its order such a number is looked for, in seconds; the life of an order at
/// the vendors is 20 minutes.
const ORPHAN_SECS_MAX: u32 = 1_800;

/// The same while the vendor's lists cannot be read: its history still holds the number when they
/// can be again.
const BLIND_SECS_MAX: u32 = 86_400;

/// The longest life of a number at a vendor, in seconds.
const LIFE_SECS_MAX: u32 = 3_600;

/// What the vendor's lists say of a lost purchase.
#[derive(Debug)]
enum Look {
    /// They cannot be read.
    Blind,
    /// What is in them may be somebody else's, who has the first claim on it.
    Behind,
    /// Nothing that could be it.
    Nothing,
    /// This.
    Found(order::Purchase),
    /// More than was lost.
    Several,
}

/// The other orders whose purchase at the same vendor, of the same service and country, has come
/// this far: in the vendor's lists theirs look like this one's.
pub(super) fn rivals(
    shop: &Shop,
    order: &Order,
    candidate: &Candidate,
    stage: Pending,
) -> Result<Vec<Order>, ShopError> {
    let mut pending = shop.snapshot().orders_pending(&candidate.provider, stage)?;
    pending.retain(|other| other.id() != order.id() && is_same(other, order, candidate));
    Ok(pending)
}

fn is_same(other: &Order, order: &Order, candidate: &Candidate) -> bool {
    let same = other.candidate().is_some_and(|known| {
        (&known.provider, &known.vendor_service) == (&candidate.provider, &candidate.vendor_service)
    });
    same && other.quote.country == order.quote.country
}

/// Whether a number in the vendor's list may be meant for somebody else, who has the first claim
/// on it: a purchase whose answer is still awaited, or one that became unclear earlier.
fn others_first(shop: &Shop, order: &Order, candidate: &Candidate) -> Result<bool, ShopError> {
    if !rivals(shop, order, candidate, Pending::Started)?.is_empty() {
        return Ok(true);
    }
    let since = |order: &Order| order.lost.as_ref().map(|lost| (lost.since, order.id()));
    let mine = since(order).filter(|_| order.state == OrderState::Unclear);
    let unclear = rivals(shop, order, candidate, Pending::Unclear)?;
    Ok(unclear.iter().any(|other| mine.is_none() || since(other) < mine))
}

/// How many purchases like this one are lost, this one included; and where nobody else buys from
/// the account also those whose money went back, because their numbers may turn up as well.
fn lost_like(shop: &Shop, order: &Order, candidate: &Candidate) -> Result<usize, ShopError> {
    let alone = shop.live.load().policy.orphans_cancelled;
    let searched = shop.snapshot().orders_searched()?;
    let same = |other: &&Order| {
        let lost = other.is_searched() && (alone || other.state == OrderState::Unclear);
        other.id() != order.id() && lost && is_same(other, order, candidate)
    };
    Ok(searched.iter().filter(same).count().saturating_add(1))
}

pub(super) async fn find(shop: &Shop, id: OrderId, trace: &str) -> Result<Found, ShopError> {
    let Some(order) = shop.snapshot().order(id)? else { return Ok(Found::Granted(None)) };
    let (true, Some(lost)) = (order.is_searched(), &order.lost) else {
        return Ok(Found::Granted(None));
    };
    let now = shop.clock.now();
    // The customer was told that it ends by then. A look first would only put it off: for ever,
    // where the process is killed again and again before the vendor's lists are read.
    let over = order.is_due(order.hold_deadline.plus_secs(GRACE_SECS), now);
    if order.state == OrderState::Unclear && over {
        report(shop, trace, Command::OrderDeadline { order: id }).await?;
        return Ok(Found::Later(ORPHAN_SECS));
    }
    let look = look(shop, &order).await?;
    if let Look::Found(purchase) = look {
        let bought = Command::PurchaseBought { order: id, purchase };
        return Ok(match report(shop, trace, bought).await? {
            true => Found::Granted(None),
            // Somebody else was quicker.
            false => Found::Later(FIND_SECS),
        });
    }
    if order.state != OrderState::Unclear {
        let longest = match look {
            Look::Blind => BLIND_SECS_MAX,
            _ => ORPHAN_SECS_MAX,
        };
        let watched = now < order.placed_at.plus_secs(longest);
        return Ok(if watched { Found::Later(ORPHAN_SECS) } else { Found::Granted(None) });
    }
    // The grace that a start gives to holds is for asking the vendor first, which was done.
    if order.is_due(order.hold_deadline, now) {
        report(shop, trace, Command::OrderDeadline { order: id }).await?;
        return Ok(Found::Later(FIND_SECS));
    }
    let window_secs = shop.live.load().config.orders.unclear_window_secs;
    let over = now >= lost.since.plus_secs(window_secs);
    match look {
        Look::Behind => return Ok(Found::Behind),
        Look::Nothing if over => {
            report(shop, trace, Command::PurchaseNotFound { order: id }).await?;
        }
        // Without a list to look at nothing is known; an admin may know the vendor's own page.
        Look::Several | Look::Blind if !lost.asked && (over || matches!(look, Look::Several)) => {
            report(shop, trace, Command::PurchaseDoubtful { order: id }).await?;
        }
        _ => {}
    }
    Ok(Found::Later(FIND_SECS))
}

async fn look(shop: &Shop, order: &Order) -> Result<Look, ShopError> {
    let Some(candidate) = order.candidate() else { return Ok(Look::Nothing) };
    let Some(listed) = listed(shop, &candidate.provider).await else { return Ok(Look::Blind) };
    // Looked at after the list was read: whoever bought what is in it has said so by now.
    if others_first(shop, order, candidate)? {
        return Ok(Look::Behind);
    }
    let mut fitting = fitting(shop, order, candidate, listed)?;
    if fitting.len() > 1 && fitting.len() > lost_like(shop, order, candidate)? {
        return Ok(Look::Several);
    }
    Ok(fitting.pop().map_or(Look::Nothing, Look::Found))
}

/// The numbers that may be the lost one, as admins choose among them; `None` while the vendor's
/// lists cannot be read.
///
/// # Errors
/// The state cannot be read.
pub(crate) async fn matches(
    shop: &Shop,
    order: &Order,
) -> Result<Option<Vec<order::Purchase>>, ShopError> {
    let Some(candidate) = order.candidate() else { return Ok(None) };
    let Some(listed) = listed(shop, &candidate.provider).await else { return Ok(None) };
    fitting(shop, order, candidate, listed).map(Some)
}

/// What a vendor has of ours.
struct Listed {
    /// When it was asked: what had no code then came to a number that was still to be shown.
    asked_at: Timestamp,
    rows: Vec<VendorOrder>,
}

/// What the vendor has of ours: its active list, and its history where it keeps one.
async fn listed(shop: &Shop, provider: &ProviderId) -> Option<Listed> {
    let asked_at = shop.clock.now();
    let mut rows = match shop.registry.list_active(provider).await {
        Ok(rows) => {
            shop.sightings.note(provider, &rows, shop.clock.now());
            rows.to_vec()
        }
        Err(error) => {
            tracing::warn!(%provider, %error, "the vendor's list was not read");
            return None;
        }
    };
    match shop.registry.history(provider).await {
        Ok(history) => rows.extend(history),
        Err(CallError::NotOffered) => {}
        Err(error) => {
            tracing::warn!(%provider, %error, "the vendor's history was not read");
            return None;
        }
    }
    Some(Listed { asked_at, rows })
}

/// The purchases in these lists that can be the lost one, each once, the youngest last.
fn fitting(
    shop: &Shop,
    order: &Order,
    candidate: &Candidate,
    listed: Listed,
) -> Result<Vec<order::Purchase>, ShopError> {
    let mut last: BTreeMap<String, VendorOrder> = BTreeMap::new();
    for row in listed.rows {
        // A row that was active a moment ago and is over in the history is over.
        last.insert(row.vendor_order_id.clone(), row);
    }
    let mut rows: Vec<VendorOrder> = last.into_values().collect();
    rows.sort_by_key(|row| row.expires_at_ms);
    let mut found = Vec::new();
    for row in rows {
        found.extend(adopt(shop, order, candidate, &row, listed.asked_at)?);
    }
    Ok(found)
}

/// Whether this row may be the number that an order lost.
pub(super) fn may_be(shop: &Shop, order: &Order, row: &VendorOrder) -> Result<bool, ShopError> {
    let Some(candidate) = order.candidate() else { return Ok(false) };
    Ok(adopt(shop, order, candidate, row, shop.clock.now())?.is_some())
}

/// Whether the vendor keeps what it charged for a number that was bought when the answer was lost:
/// its life, which the row says the end of, began then.
fn is_spent(order: &Order, row: &VendorOrder) -> bool {
    let kept = matches!(row.status, OrderStatus::Received { .. } | OrderStatus::Closed);
    let (Some(lost), Some(ends_at)) = (&order.lost, row.expires_at_ms.map(Timestamp)) else {
        return false;
    };
    kept && order.placed_at < ends_at && ends_at <= lost.since.plus_secs(LIFE_SECS_MAX)
}

/// Whether a row is of the service and the country that the candidate was to sell.
pub(super) fn is_offer(
    shop: &Shop,
    order: &Order,
    candidate: &Candidate,
    row: &VendorOrder,
) -> bool {
    let live = shop.live.load();
    let name = live.config.services.get(&candidate.service).map(|service| service.name.as_str());
    let service = row.service.as_deref().is_none_or(|service| {
        let service = service.trim();
        service == candidate.vendor_service
            || name.is_some_and(|name| {
                service.split('/').any(|part| part.trim().eq_ignore_ascii_case(name))
            })
    });
    service && row.country.is_none_or(|country| country == order.quote.country)
}

/// Whether a row was in the vendor's list before this moment, as far as it is known.
pub(super) fn was_there(
    shop: &Shop,
    candidate: &Candidate,
    row: &VendorOrder,
    at: Timestamp,
) -> bool {
    let seen_at = shop.sightings.since(&candidate.provider, &row.vendor_order_id);
    let sold_by = row.bought_at_ms.map(Timestamp).into_iter().chain(seen_at).min();
    sold_by.is_some_and(|sold_by| sold_by < at)
}

/// The purchase in this row, as it was at that time, if it can be the lost one.
fn adopt(
    shop: &Shop,
    order: &Order,
    candidate: &Candidate,
    row: &VendorOrder,
    at: Timestamp,
) -> Result<Option<order::Purchase>, ShopError> {
    let dear = row.cost.is_some_and(|cost| cost > order.quote.cost_max);
    let before = was_there(shop, candidate, row, order.placed_at);
    // A code that came to a number nobody was shown is not the customer's, who would pay for it.
    // What the vendor keeps for it is the shop's loss, once the customer has the money back.
    let waits = matches!(row.status, OrderStatus::Waiting | OrderStatus::Unrecognised { .. });
    let usable = waits || (!order.state.is_open() && is_spent(order, row));
    if !is_offer(shop, order, candidate, row) || dear || before || !usable {
        return Ok(None);
    }
    let taken = shop.snapshot().order_of_purchase(&candidate.provider, &row.vendor_order_id)?;
    let place = order.lost.as_ref().map(|lost| lost.candidate);
    let (None, Some(number), Some(place)) = (taken, &row.number, place) else { return Ok(None) };
    Ok(Some(order::Purchase {
        candidate: place,
        provider: candidate.provider.clone(),
        vendor_order: row.vendor_order_id.clone(),
        number: number.as_str().into(),
        cost: row.cost.unwrap_or(candidate.cost),
        bought_at: at,
    }))
}
