//! Customers, finished effects, rule sets: what moves no money. Only `decide` calls this.

use super::Decision;
use crate::change::{Activation, Change, Seq};
use crate::customer::{Customer, Profile, Prompt};
use crate::day::Day;
use crate::deposit::{AdminCard, DepositState};
use crate::effect::Effect;
use crate::ids::{MessageId, ProviderId, Timestamp, UserId};
use crate::order::OrderState;
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::sale::{Sale, SaleSwitch};
use crate::view::View;

pub(super) fn welcome(view: &View, profile: Profile, now: Timestamp) -> Decision {
    let Profile { id, name, username, language } = profile.trimmed();
    let known = view.customer(id);
    let customer = Customer {
        id,
        name,
        username,
        // A language once known stays; the app's report counts at first contact only.
        language: known.and_then(|known| known.language.clone()).or(language),
        created_at: known.map_or(now, |known| known.created_at),
        prompt: known.and_then(|known| known.prompt.clone()),
        reachable: true,
    };
    if known == Some(&customer) {
        return Decision::nothing();
    }
    vec![Change::Customer(customer)].into()
}

pub(super) fn ask(view: &View, customer: UserId, prompt: Option<Prompt>) -> Decision {
    match view.customer(customer) {
        Some(known) if known.prompt != prompt => {
            vec![Change::Customer(Customer { prompt, ..known.clone() })].into()
        }
        _ => Decision::nothing(),
    }
}

pub(super) fn choose_language(view: &View, customer: UserId, language: &str) -> Decision {
    match view.customer(customer) {
        Some(known) if known.language.as_deref() != Some(language) => {
            let language = Some(language.to_owned());
            vec![Change::Customer(Customer { language, ..known.clone() })].into()
        }
        _ => Decision::nothing(),
    }
}

pub(super) fn set_reachable(view: &View, customer: UserId, reachable: bool) -> Decision {
    match view.customer(customer) {
        Some(known) if known.reachable != reachable => {
            vec![Change::Customer(Customer { reachable, ..known.clone() })].into()
        }
        _ => Decision::nothing(),
    }
}

pub(super) fn granted(
    view: &View,
    effect: Effect,
    made: Seq,
    message: Option<MessageId>,
) -> Decision {
    let mut changes = Vec::new();
    if let Some(message) = message {
        changes.extend(record_card(view, effect, message));
    }
    // A newer equal wish must survive: its subject changed after this one was read.
    if view.wish(effect) == Some(made) && !is_needed(view, effect) {
        changes.push(Change::Granted { effect, made });
    }
    changes.into()
}

/// Whether an open order would stand still without the wish. The answer to such a wish is what
/// the vendor said, and that moves the order first.
fn is_needed(view: &View, effect: Effect) -> bool {
    let state = |id| view.order(id).map(|order| order.state);
    match effect {
        Effect::Buy(id) => matches!(state(id), Some(OrderState::Buying { .. })),
        Effect::FindPurchase(id) => state(id) == Some(OrderState::Unclear),
        Effect::Resend(id) => view.order(id).is_some_and(|order| order.open_resend().is_some()),
        Effect::ReturnStars(id) => {
            let state = view.deposit(id).map(|deposit| &deposit.state);
            matches!(state, Some(DepositState::Returning { .. }))
        }
        _ => false,
    }
}

fn record_card(view: &View, effect: Effect, message: MessageId) -> Option<Change> {
    match effect {
        Effect::ShowOrder(id) => {
            let mut order = view.order(id)?.clone();
            (order.card.replace(message) != Some(message)).then_some(Change::Order(order))
        }
        Effect::ShowDeposit(id) => {
            let mut deposit = view.deposit(id)?.clone();
            (deposit.card.replace(message) != Some(message)).then_some(Change::Deposit(deposit))
        }
        Effect::SendInvoice(id) => {
            let mut deposit = view.deposit(id)?.clone();
            let stars = deposit.stars.as_mut()?;
            (stars.invoice.replace(message) != Some(message)).then_some(Change::Deposit(deposit))
        }
        Effect::ShowLostToAdmin(id, admin) => {
            let mut order = view.order(id)?.clone();
            let lost = order.lost.as_mut()?;
            let card = AdminCard { admin, message };
            if lost.admin_cards.contains(&card) {
                return None;
            }
            lost.admin_cards.retain(|old| old.admin != admin);
            lost.admin_cards.push(card);
            Some(Change::Order(order))
        }
        Effect::ShowUnreturnedToAdmin(id, admin) => {
            let mut order = view.order(id)?.clone();
            let unreturned = order.unreturned.as_mut()?;
            let card = AdminCard { admin, message };
            if unreturned.admin_cards.contains(&card) {
                return None;
            }
            unreturned.admin_cards.retain(|old| old.admin != admin);
            unreturned.admin_cards.push(card);
            Some(Change::Order(order))
        }
        Effect::ShowDepositToAdmin(id, admin) => {
            let mut deposit = view.deposit(id)?.clone();
            let card = AdminCard { admin, message };
            if deposit.admin_cards.contains(&card) {
                return None;
            }
            deposit.admin_cards.retain(|old| old.admin != admin);
            deposit.admin_cards.push(card);
            Some(Change::Deposit(deposit))
        }
        Effect::ShowRefundToAdmin(id, admin) => {
            let mut refund = view.refund(id)?.clone();
            let card = AdminCard { admin, message };
            if refund.admin_cards.contains(&card) {
                return None;
            }
            refund.admin_cards.retain(|old| old.admin != admin);
            refund.admin_cards.push(card);
            Some(Change::Refund(refund))
        }
        Effect::ShowBroadcastToAdmin(id, admin) => {
            let mut broadcast = view.broadcast(id)?.clone();
            let card = AdminCard { admin, message };
            if broadcast.admin_cards.contains(&card) {
                return None;
            }
            broadcast.admin_cards.retain(|old| old.admin != admin);
            broadcast.admin_cards.push(card);
            Some(Change::Broadcast(broadcast))
        }
        _ => None,
    }
}

pub(super) fn activate_rules(view: &View, activation: Activation) -> Decision {
    if view.rules() == Some(activation.version) {
        return Decision::nothing();
    }
    vec![Change::RulesActivated(activation)].into()
}

/// Forgets whole days: those that ended as long ago as the policy says, up to the day of the
/// oldest order that is still open. What is forgotten stays so, whatever the policy says later.
pub(super) fn forget_codes(view: &View, policy: &Policy, now: Timestamp) -> Decision {
    let kept_from = Day::of(now).minus(policy.forget_codes_after_days);
    let open_from = view.oldest_open_order().map_or(kept_from, Day::of);
    let before = kept_from.min(open_from);
    if view.forgotten().is_some_and(|forgotten| before <= forgotten) {
        return Decision::nothing();
    }
    vec![Change::CodesForgotten(before), Change::Wish(Effect::DropKeys)].into()
}

pub(super) fn set_sale(
    view: &View,
    policy: &Policy,
    admin: UserId,
    provider: ProviderId,
    sale: Sale,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    if !policy.admins.contains(&admin) {
        return Err(Refusal::NotAdmin);
    }
    if view.sale(&provider).map_or(Sale::Open, |switch| switch.sale) == sale {
        return Ok(Decision::nothing());
    }
    let switch = SaleSwitch { provider, sale, by: admin, at: now };
    Ok(vec![Change::SaleSet(switch)].into())
}
