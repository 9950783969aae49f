//! What a customer shows for a payment: its id, a picture. Only `decide` calls this.

use super::depositing::{check_claim, shown, submitted};
use super::{Decision, Outcome};
use crate::change::Change;
use crate::customer::{Customer, Prompt};
use crate::deposit::{Deposit, DepositState, FILE_ID_LEN_MAX, Picture, Reference};
use crate::effect::Effect;
use crate::ids::{DepositId, Timestamp, UserId};
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::view::View;

fn own(view: &View, customer: UserId, deposit: DepositId) -> Result<&Deposit, Refusal> {
    let deposit = view.deposit(deposit).filter(|deposit| deposit.customer == customer);
    deposit.ok_or(Refusal::DepositUnknown)
}

/// The customer without the question, where it was asked last.
fn answered(view: &View, customer: UserId, prompt: &Prompt) -> Option<Change> {
    let known = view.customer(customer).filter(|known| known.prompt.as_ref() == Some(prompt))?;
    Some(Change::Customer(Customer { prompt: None, ..known.clone() }))
}

pub(super) fn tell_reference(
    view: &View,
    policy: &Policy,
    (customer, deposit): (UserId, DepositId),
    (reference, auto): (Reference, bool),
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let deposit = own(view, customer, deposit)?;
    let done = answered(view, customer, &Prompt::DepositReference(deposit.id));
    if deposit.reference.as_ref() == Some(&reference) {
        let outcome = Outcome::Deposit(deposit.clone());
        return Ok(Decision { changes: done.into_iter().collect(), outcome });
    }
    check_claim(view, policy, deposit)?;
    if deposit.reference.is_some() {
        return Err(Refusal::ReferenceGiven);
    }
    if view.referred(&reference).is_some() {
        return Err(Refusal::ReferenceUsed);
    }
    // From here on nothing fails.
    let waits = matches!(deposit.state, DepositState::Submitted { .. });
    let deposit = Deposit { reference: Some(reference), ..deposit.clone() };
    let mut decision =
        if waits { shown(policy, deposit) } else { submitted(policy, deposit, auto, now) };
    decision.changes.extend(done);
    Ok(decision)
}

pub(super) fn send_picture(
    view: &View,
    policy: &Policy,
    customer: UserId,
    deposit: DepositId,
    picture: Picture,
) -> Result<Decision, Refusal> {
    let deposit = own(view, customer, deposit)?;
    check_claim(view, policy, deposit)?;
    if !matches!(deposit.state, DepositState::Submitted { .. }) {
        return Err(Refusal::DepositNotSubmitted);
    }
    let done = answered(view, customer, &Prompt::DepositPicture(deposit.id));
    let known = deposit.picture.as_ref() == Some(&picture);
    if known || picture.file_id.len() > FILE_ID_LEN_MAX {
        let outcome = Outcome::Deposit(deposit.clone());
        return Ok(Decision { changes: done.into_iter().collect(), outcome });
    }
    // From here on nothing fails.
    let id = deposit.id;
    let mut decision = shown(policy, Deposit { picture: Some(picture), ..deposit.clone() });
    let send = |desk| Change::Wish(Effect::SendPictureToAdmin(id, desk));
    decision.changes.extend(policy.desks().map(send));
    decision.changes.extend(done);
    Ok(decision)
}
