//! What keeps customers from buying, and what admins correct by hand. Only `decide` calls this.

use super::refunding::kept;
use super::{Decision, Outcome};
use crate::adjustment::{Adjustment, CONFIRM_WITHIN_SECS};
use crate::change::Change;
use crate::day::Day;
use crate::effect::Effect;
use crate::ids::{AdjustmentId, ServiceKey, Timestamp, UserId};
use crate::ledger::{AccountId, TRANSFER_MAX, Transfer, TransferId, TransferKind};
use crate::maintenance::{Maintenance, TEXT_CHARS_MAX};
use crate::money::Amount;
use crate::policy::{Limits, Policy};
use crate::refusal::Refusal;
use crate::standing::{Block, Standing};
use crate::view::View;

/// Whether this customer may be shown prices: selling goes on, and not only for others.
pub(super) fn served(view: &View, policy: &Policy, customer: UserId) -> Result<(), Refusal> {
    if !policy.selling || view.maintenance().is_some_and(|pause| pause.on) {
        return Err(Refusal::SellingPaused);
    }
    let blocked = view.standing(customer).is_some_and(|standing| standing.block.is_some());
    if blocked { Err(Refusal::CustomerBlocked) } else { Ok(()) }
}

/// Whether this customer may place one more order now.
pub(super) fn within(
    view: &View,
    limits: &Limits,
    customer: UserId,
    now: Timestamp,
) -> Result<(), Refusal> {
    let accepted = view.standing(customer).is_some_and(|standing| standing.terms_at.is_some());
    if limits.terms_required && !accepted {
        return Err(Refusal::TermsPending);
    }
    let placed = view.placed(customer);
    let reached = |max: u32, secs: u32| {
        let recent = placed.iter().filter(|at| now < at.plus_secs(secs)).count();
        max > 0 && recent >= usize::try_from(max).unwrap_or(usize::MAX)
    };
    let Limits { orders_minute_max, orders_hour_max, orders_day_max, .. } = *limits;
    if reached(orders_minute_max, 60) {
        return Err(Refusal::OrdersMinuteMax { max: orders_minute_max });
    }
    if reached(orders_hour_max, 3_600) {
        return Err(Refusal::OrdersHourMax { max: orders_hour_max });
    }
    if reached(orders_day_max, 86_400) {
        return Err(Refusal::OrdersDayMax { max: orders_day_max });
    }
    Ok(())
}

fn standing(view: &View, customer: UserId) -> Standing {
    view.standing(customer).cloned().unwrap_or_else(|| Standing::new(customer))
}

pub(super) fn accept_terms(view: &View, customer: UserId, now: Timestamp) -> Decision {
    let standing = standing(view, customer);
    if standing.terms_at.is_some() {
        return Decision::nothing();
    }
    vec![Change::Standing(Standing { terms_at: Some(now), ..standing })].into()
}

pub(super) fn block(
    view: &View,
    policy: &Policy,
    by: Option<UserId>,
    (customer, reason): (UserId, String),
    now: Timestamp,
) -> Result<Decision, Refusal> {
    if by.is_some_and(|admin| !policy.admins.contains(&admin)) {
        return Err(Refusal::NotAdmin);
    }
    if view.customer(customer).is_none() {
        return Err(Refusal::CustomerUnknown);
    }
    let standing = standing(view, customer);
    if standing.block.is_some() {
        return Ok(Decision::nothing());
    }
    let reason = kept(Some(reason)).unwrap_or_default();
    let block = Some(Block { by, at: now, reason });
    Ok(vec![Change::Standing(Standing { block, ..standing })].into())
}

pub(super) fn unblock(
    view: &View,
    policy: &Policy,
    admin: UserId,
    customer: UserId,
) -> Result<Decision, Refusal> {
    if !policy.admins.contains(&admin) {
        return Err(Refusal::NotAdmin);
    }
    if view.customer(customer).is_none() {
        return Err(Refusal::CustomerUnknown);
    }
    let standing = standing(view, customer);
    if standing.block.is_none() {
        return Ok(Decision::nothing());
    }
    Ok(vec![Change::Standing(Standing { block: None, ..standing })].into())
}

pub(super) fn propose(
    view: &View,
    policy: &Policy,
    adjustment: Adjustment,
) -> Result<Decision, Refusal> {
    let shown = |adjustment: &Adjustment| Outcome::Adjustment(Box::new(adjustment.clone()));
    let admin = adjustment.proposed_by;
    if !policy.admins.contains(&admin) {
        return Err(Refusal::NotAdmin);
    }
    if let Some(known) = view.adjustment(adjustment.id) {
        let same = (known.proposed_by, known.customer, known.amount)
            == (admin, adjustment.customer, adjustment.amount);
        return match same {
            true => Ok(Decision { changes: Vec::new(), outcome: shown(known) }),
            false => Err(Refusal::IdTaken),
        };
    }
    if view.customer(adjustment.customer).is_none() {
        return Err(Refusal::CustomerUnknown);
    }
    let size = size(adjustment.amount);
    if size.is_none_or(|size| !size.is_positive() || size > TRANSFER_MAX) {
        return Err(Refusal::AdjustmentAmount { max: TRANSFER_MAX });
    }
    let reason = kept(Some(adjustment.reason)).ok_or(Refusal::AdjustmentReason)?;
    // From here on nothing fails.
    let adjustment = Adjustment { reason, ..adjustment };
    let outcome = shown(&adjustment);
    Ok(Decision { changes: vec![Change::Adjustment(adjustment)], outcome })
}

/// How much is moved, whichever way.
fn size(amount: Amount) -> Option<Amount> {
    if amount.is_negative() { Amount::ZERO.checked_sub(amount) } else { Some(amount) }
}

pub(super) fn book(
    view: &View,
    policy: &Policy,
    admin: UserId,
    (id, customer): (AdjustmentId, UserId),
    now: Timestamp,
) -> Result<Decision, Refusal> {
    if !policy.admins.contains(&admin) {
        return Err(Refusal::NotAdmin);
    }
    let known = view.adjustment(id).filter(|known| known.customer == customer);
    let known = known.ok_or(Refusal::AdjustmentUnknown)?;
    if let Some((by, _)) = known.booked {
        return Err(Refusal::AdjustmentBookedAlready { by });
    }
    // One from a time that the clock was set back from would stand too long.
    let lapsed = now >= known.proposed_at.plus_secs(CONFIRM_WITHIN_SECS);
    if lapsed || known.proposed_at.is_ahead_of(now) {
        return Err(Refusal::AdjustmentExpired);
    }
    let size = size(known.amount).ok_or(Refusal::AdjustmentAmount { max: TRANSFER_MAX })?;
    let (wallet, ours) = (AccountId::Wallet(customer), AccountId::Adjustments(admin));
    let (debit, credit) = if known.amount.is_negative() {
        let available = view.account(&wallet).available().unwrap_or(Amount::ZERO);
        if available < size {
            return Err(Refusal::AdjustmentShort { available });
        }
        (wallet, ours)
    } else {
        (ours, wallet)
    };
    // From here on nothing fails.
    let mut adjustment = known.clone();
    adjustment.booked = Some((admin, now));
    let kind = TransferKind::Posted;
    let id = TransferId::Adjustment(adjustment.id);
    let changes = vec![
        Change::Transfer(Transfer { id, debit, credit, amount: size, kind }),
        Change::Adjustment(adjustment.clone()),
        Change::Wish(Effect::TellAdjusted(adjustment.id)),
    ];
    Ok(Decision { changes, outcome: Outcome::Adjustment(Box::new(adjustment)) })
}

pub(super) fn set_maintenance(
    view: &View,
    policy: &Policy,
    admin: UserId,
    (on, text): (bool, String),
    now: Timestamp,
) -> Result<Decision, Refusal> {
    if !policy.admins.contains(&admin) {
        return Err(Refusal::NotAdmin);
    }
    let text: String = text.trim().chars().take(TEXT_CHARS_MAX).collect();
    let text = if on { text } else { String::new() };
    let same = |known: &Maintenance| (known.on, &known.text) == (on, &text);
    if view.maintenance().map_or(!on, same) {
        return Ok(Decision::nothing());
    }
    let services_off = view.maintenance().map(|known| known.services_off.clone());
    let services_off = services_off.unwrap_or_default();
    Ok(vec![Change::Maintenance(Maintenance { on, text, by: admin, at: now, services_off })].into())
}

/// Switches one service off, or on again.
pub(super) fn set_service(
    view: &View,
    policy: &Policy,
    admin: UserId,
    (service, on): (ServiceKey, bool),
    now: Timestamp,
) -> Result<Decision, Refusal> {
    if !policy.admins.contains(&admin) {
        return Err(Refusal::NotAdmin);
    }
    let known = view.maintenance();
    if known.is_some_and(|known| known.is_off(&service)) != on {
        return Ok(Decision::nothing());
    }
    let mut services_off = known.map(|known| known.services_off.clone()).unwrap_or_default();
    if on {
        services_off.retain(|off| *off != service);
    } else {
        services_off.push(service);
        services_off.sort_unstable();
    }
    let maintenance = match known {
        // Who began the pause, and when, stays as it is.
        Some(known) => Maintenance { services_off, ..known.clone() },
        None => Maintenance { on: false, text: String::new(), by: admin, at: now, services_off },
    };
    Ok(vec![Change::Maintenance(maintenance)].into())
}

/// Whether this service is sold at all.
pub(super) fn sold(view: &View, policy: &Policy, service: &ServiceKey) -> Result<(), Refusal> {
    let off = view.maintenance().is_some_and(|known| known.is_off(service));
    let denied = policy.limits.services_denied.contains(service);
    if off || denied { Err(Refusal::NotForSale) } else { Ok(()) }
}

/// A day's report is sent once, whoever notices first that it is due.
pub(super) fn report_day(view: &View, policy: &Policy, day: Day, send: bool) -> Decision {
    if view.reported().is_some_and(|reported| day <= reported) {
        return Decision::nothing();
    }
    let mut changes = vec![Change::Reported(day)];
    if send {
        changes.extend(policy.desks().map(|desk| Change::Wish(Effect::SendReport(day, desk))));
    }
    changes.into()
}
