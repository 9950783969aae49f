//! News to every customer: shown, sent, paused, ended, and what became of each message. Only
//! `decide` calls this.

use super::{Decision, Outcome};
use crate::broadcast::{
    Broadcast, BroadcastState, BroadcastStep, CONFIRM_WITHIN_SECS, Delivery, Outreach, TEXT_LEN_MAX,
};
use crate::change::Change;
use crate::customer::Customer;
use crate::deposit::AdminCard;
use crate::effect::Effect;
use crate::ids::{BroadcastId, MessageId, Timestamp, UserId};
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::view::View;

pub(super) fn decide(
    view: &View,
    policy: &Policy,
    step: BroadcastStep,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    match step {
        BroadcastStep::Propose { id, admin, text } => propose(view, policy, (id, admin), text, now),
        BroadcastStep::Start { admin, id, recipients, card } => {
            start(view, policy, (id, admin), recipients, card, now)
        }
        BroadcastStep::Pause { admin, id, on } => pause(view, policy, (id, admin), on),
        BroadcastStep::Cancel { admin, id } => cancel(view, policy, (id, admin), now),
        BroadcastStep::Record { id, upto, deliveries } => Ok(record(view, id, upto, &deliveries)),
        BroadcastStep::Finish { id } => Ok(finish(view, id, now)),
    }
}

/// As it stands, with nothing changed.
fn known(broadcast: &Broadcast) -> Decision {
    let outcome = Outcome::Broadcast(Box::new(broadcast.clone()));
    Decision { changes: Vec::new(), outcome }
}

/// In this state from now on; whoever has a card sees it.
fn turned(broadcast: Broadcast, state: BroadcastState) -> Decision {
    let broadcast = Broadcast { state, ..broadcast };
    let show =
        |card: &AdminCard| Change::Wish(Effect::ShowBroadcastToAdmin(broadcast.id, card.admin));
    let wishes: Vec<Change> = broadcast.admin_cards.iter().map(show).collect();
    let outcome = Outcome::Broadcast(Box::new(broadcast.clone()));
    let changes = [Change::Broadcast(broadcast)].into_iter().chain(wishes).collect();
    Decision { changes, outcome }
}

fn propose(
    view: &View,
    policy: &Policy,
    (id, admin): (BroadcastId, UserId),
    text: String,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    if !policy.admins.contains(&admin) {
        return Err(Refusal::NotAdmin);
    }
    if let Some(other) = view.broadcast(id) {
        let same = (other.by, &other.text) == (admin, &text);
        return if same { Ok(known(other)) } else { Err(Refusal::IdTaken) };
    }
    if text.trim().is_empty() || text.len() > TEXT_LEN_MAX {
        return Err(Refusal::BroadcastText);
    }
    let broadcast = Broadcast {
        id,
        text,
        by: admin,
        proposed_at: now,
        state: BroadcastState::Proposed,
        recipients: 0,
        started_at: None,
        admin_cards: Vec::new(),
    };
    Ok(turned(broadcast, BroadcastState::Proposed))
}

fn start(
    view: &View,
    policy: &Policy,
    (id, admin): (BroadcastId, UserId),
    recipients: u64,
    card: Option<MessageId>,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let broadcast = of_admin(view, policy, id, admin)?;
    match broadcast.state {
        BroadcastState::Proposed => {}
        // A second press, or another admin's: it is one job.
        BroadcastState::Running | BroadcastState::Paused { .. } => return Ok(known(broadcast)),
        BroadcastState::Cancelled { .. } | BroadcastState::Done { .. } => {
            return Err(Refusal::BroadcastEnded);
        }
    }
    // One from a time that the clock was set back from would stand too long.
    let lapsed = now >= broadcast.proposed_at.plus_secs(CONFIRM_WITHIN_SECS);
    if lapsed || broadcast.proposed_at.is_ahead_of(now) {
        return Err(Refusal::BroadcastExpired);
    }
    if view.active_broadcast().is_some() {
        return Err(Refusal::BroadcastUnderWay);
    }
    // From here on nothing fails.
    let admin_cards = card.map(|message| AdminCard { admin, message }).into_iter().collect();
    let broadcast =
        Broadcast { recipients, started_at: Some(now), admin_cards, ..broadcast.clone() };
    let mut decision = turned(broadcast, BroadcastState::Running);
    decision.changes.insert(1, Change::Outreach(Outreach::none(id)));
    Ok(decision)
}

/// The broadcast, for an admin alone.
fn of_admin<'view>(
    view: &'view View,
    policy: &Policy,
    id: BroadcastId,
    admin: UserId,
) -> Result<&'view Broadcast, Refusal> {
    if !policy.admins.contains(&admin) {
        return Err(Refusal::NotAdmin);
    }
    view.broadcast(id).ok_or(Refusal::BroadcastUnknown)
}

fn pause(
    view: &View,
    policy: &Policy,
    (id, admin): (BroadcastId, UserId),
    on: bool,
) -> Result<Decision, Refusal> {
    let broadcast = of_admin(view, policy, id, admin)?;
    match (broadcast.state, on) {
        (BroadcastState::Running, true) => {
            Ok(turned(broadcast.clone(), BroadcastState::Paused { by: admin }))
        }
        (BroadcastState::Paused { .. }, false) => {
            Ok(turned(broadcast.clone(), BroadcastState::Running))
        }
        (BroadcastState::Running, false) | (BroadcastState::Paused { .. }, true) => {
            Ok(known(broadcast))
        }
        // What was never sent cannot pause; no button says so.
        (BroadcastState::Proposed, _) => Err(Refusal::BroadcastUnknown),
        (BroadcastState::Cancelled { .. } | BroadcastState::Done { .. }, _) => {
            Err(Refusal::BroadcastEnded)
        }
    }
}

fn cancel(
    view: &View,
    policy: &Policy,
    (id, admin): (BroadcastId, UserId),
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let broadcast = of_admin(view, policy, id, admin)?;
    match broadcast.state {
        BroadcastState::Done { .. } => Err(Refusal::BroadcastEnded),
        BroadcastState::Cancelled { .. } => Ok(known(broadcast)),
        BroadcastState::Proposed | BroadcastState::Running | BroadcastState::Paused { .. } => {
            Ok(turned(broadcast.clone(), BroadcastState::Cancelled { by: admin, at: now }))
        }
    }
}

/// Counts every customer once, whatever is told again. A message that was out when the broadcast
/// was paused or cancelled counts, too.
fn record(
    view: &View,
    id: BroadcastId,
    upto: Option<UserId>,
    deliveries: &[(UserId, Delivery)],
) -> Decision {
    let Some(known) = view.outreach(id) else { return Decision::nothing() };
    let mut outreach = known.clone();
    let mut changes = Vec::new();
    for (customer, delivery) in deliveries {
        if outreach.is_past(*customer) {
            continue;
        }
        outreach.ahead.push(*customer);
        match delivery {
            Delivery::Sent => outreach.sent = outreach.sent.saturating_add(1),
            Delivery::Failed => outreach.failed = outreach.failed.saturating_add(1),
            Delivery::Unreachable => {
                outreach.unreachable = outreach.unreachable.saturating_add(1);
                let known = view.customer(*customer).filter(|known| known.reachable);
                let known = known.map(|known| Customer { reachable: false, ..known.clone() });
                changes.extend(known.map(Change::Customer));
            }
        }
    }
    outreach.upto = outreach.upto.max(upto);
    outreach.ahead.retain(|customer| Some(*customer) > outreach.upto);
    outreach.ahead.sort_unstable();
    if outreach == *known {
        return Decision::nothing();
    }
    changes.insert(0, Change::Outreach(outreach));
    changes.into()
}

fn finish(view: &View, id: BroadcastId, now: Timestamp) -> Decision {
    match view.broadcast(id) {
        Some(broadcast) if broadcast.state == BroadcastState::Running => {
            turned(broadcast.clone(), BroadcastState::Done { at: now })
        }
        _ => Decision::nothing(),
    }
}
