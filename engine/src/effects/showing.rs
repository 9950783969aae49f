//! Cards and messages: each is made from the record as it stands when it is sent. Only
//! `effects` calls this.

use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::customer::Customer;
use ring4_domain::deposit::DepositState;
use ring4_domain::ids::{DepositId, MessageId, OrderId, UserId};
use ring4_domain::order::OrderState;
use ring4_telegram::client::CallError;
use ring4_telegram::keyboard::Keyboard;
use ring4_telegram::outgoing::{Call, ChatId, Markup, Outgoing, Priority, Sent};
use ring4_telegram::sender::SendError;

use super::granting::Found;
use super::{referring, searching};
use crate::live::Live;
use crate::notices::group;
use crate::screens::lost::LostView;
use crate::screens::queue::DepositView;
use crate::screens::{Screen, Voice};
use crate::shop::{Shop, ShopError, available, credited_by, decided_by, first_by, name_of};

pub(super) fn voice<'live>(
    shop: &Shop,
    live: &'live Live,
    customer: Option<&'live Customer>,
) -> Voice<'live> {
    let language = customer.and_then(|customer| customer.language.as_deref());
    Voice::new(live, language, shop.clock.now())
}

pub(super) async fn order(shop: &Shop, id: OrderId) -> Result<Found, ShopError> {
    let snapshot = shop.snapshot();
    let Some(order) = snapshot.order(id)? else { return Ok(Found::Granted(None)) };
    let customer = snapshot.customer(order.customer())?;
    let available = available(&snapshot, order.customer())?;
    let live = shop.live.load_full();
    let instead = shop.instead(&live, &order);
    let refund = shop.refund_line(&live, &order)?;
    let voice = voice(shop, &live, customer.as_ref());
    let resend = shop.resend_offered(&live, &order);
    let screen = voice.order_card(&order, available, &instead, refund, resend)?;
    show(shop, order.customer(), order.card, screen).await
}

pub(super) async fn ring(shop: &Shop, id: OrderId) -> Result<Found, ShopError> {
    let snapshot = shop.snapshot();
    let Some(order) = snapshot.order(id)? else { return Ok(Found::Granted(None)) };
    let customer = snapshot.customer(order.customer())?;
    let live = shop.live.load_full();
    let text = voice(shop, &live, customer.as_ref()).ring(&order);
    tell(shop, order.customer(), text).await
}

pub(super) async fn order_ended(shop: &Shop, id: OrderId) -> Result<Found, ShopError> {
    let snapshot = shop.snapshot();
    let Some(order) = snapshot.order(id)? else { return Ok(Found::Granted(None)) };
    let customer = snapshot.customer(order.customer())?;
    let available = available(&snapshot, order.customer())?;
    let live = shop.live.load_full();
    let text = voice(shop, &live, customer.as_ref()).order_ended(&order, available);
    tell(shop, order.customer(), text).await
}

pub(super) async fn deposit(shop: &Shop, id: DepositId) -> Result<Found, ShopError> {
    let snapshot = shop.snapshot();
    let Some(deposit) = snapshot.deposit(id)? else { return Ok(Found::Granted(None)) };
    let customer = snapshot.customer(deposit.customer)?;
    let credited = if deposit.state.is_credited() { credited_by(&snapshot, id)? } else { None };
    let live = shop.live.load_full();
    let screen = voice(shop, &live, customer.as_ref()).deposit_card(&deposit, credited)?;
    show(shop, deposit.customer, deposit.card, screen).await
}

pub(super) async fn deposit_decided(shop: &Shop, id: DepositId) -> Result<Found, ShopError> {
    let snapshot = shop.snapshot();
    let Some(deposit) = snapshot.deposit(id)? else { return Ok(Found::Granted(None)) };
    let customer = snapshot.customer(deposit.customer)?;
    let available = available(&snapshot, deposit.customer)?;
    let live = shop.live.load_full();
    let voice = voice(shop, &live, customer.as_ref());
    let text = voice.deposit_decided(&deposit, available);
    let wanted = match (&deposit.state, deposit.wanted) {
        (DepositState::Approved { .. } | DepositState::Credited { .. }, Some(quote)) => {
            snapshot.quote(quote)?
        }
        _ => None,
    };
    let (Some(text), Some(quote)) = (text.clone(), wanted) else {
        return tell(shop, deposit.customer, text).await;
    };
    let Screen { text, keyboard } = voice.back_to_offer(text, &quote)?;
    say(shop, deposit.customer, text, Some(keyboard)).await.map(Found::uncarded)
}

pub(super) async fn deposit_to_admin(
    shop: &Shop,
    id: DepositId,
    admin: UserId,
) -> Result<Found, ShopError> {
    let snapshot = shop.snapshot();
    let Some(deposit) = snapshot.deposit(id)? else { return Ok(Found::Granted(None)) };
    let card = deposit.admin_cards.iter().find(|card| card.admin == admin);
    let shown = shop.live.load().config.notices.deposits;
    let open = matches!(deposit.state, DepositState::Submitted { .. }) && shown;
    if card.is_none() && !open {
        // Decided before this admin was ever shown it: news of nothing to do.
        return Ok(Found::Granted(None));
    }
    let name = name_of(&snapshot, deposit.customer)?;
    let decided_by = decided_by(&snapshot, &deposit)?;
    let first_by = first_by(&snapshot, &deposit)?;
    let available = available(&snapshot, deposit.customer)?;
    let known = snapshot.customer(admin)?;
    let live = shop.live.load_full();
    let view = DepositView {
        deposit: &deposit,
        name: &name,
        available,
        decided_by: decided_by.as_deref(),
        first_by: first_by.as_deref(),
        reward: referring::reward_for(&snapshot, &deposit)?,
    };
    let screen = voice(shop, &live, known.as_ref()).admin_deposit(view)?;
    show(shop, admin, card.map(|card| card.message), screen).await
}

/// Sends a payment's picture under the card that it belongs to.
pub(super) async fn picture_to_admin(
    shop: &Shop,
    id: DepositId,
    admin: UserId,
) -> Result<Found, ShopError> {
    let snapshot = shop.snapshot();
    let Some(deposit) = snapshot.deposit(id)? else { return Ok(Found::Granted(None)) };
    let Some(picture) = &deposit.picture else { return Ok(Found::Granted(None)) };
    let card = deposit.admin_cards.iter().find(|card| card.admin == admin);
    let name = name_of(&snapshot, deposit.customer)?;
    let known = snapshot.customer(admin)?;
    let live = shop.live.load_full();
    let call = Call::ForwardFile {
        file_id: picture.file_id.clone(),
        document: picture.document,
        caption: voice(shop, &live, known.as_ref()).payment_picture(&deposit, &name),
        reply_to: card.map(|card| card.message),
    };
    match send(shop, admin, call).await {
        // A file that Telegram does not know any more is not known later, either.
        Err(SendError::Call(CallError::Refused { code, description })) => {
            tracing::warn!(deposit = %id, code, description, "a picture was not taken");
            Ok(Found::Granted(None))
        }
        result => settle(shop, admin, result).await.map(Found::uncarded),
    }
}

pub(super) async fn lost_to_admin(
    shop: &Shop,
    id: OrderId,
    admin: UserId,
) -> Result<Found, ShopError> {
    let snapshot = shop.snapshot();
    let Some(order) = snapshot.order(id)? else { return Ok(Found::Granted(None)) };
    let Some(lost) = &order.lost else { return Ok(Found::Granted(None)) };
    let card = lost.admin_cards.iter().find(|card| card.admin == admin);
    let matches = match order.state {
        OrderState::Unclear => searching::matches(shop, &order).await?,
        _ => None,
    };
    let decided_by = lost.decided_by.map(|by| name_of(&snapshot, by)).transpose()?;
    let known = snapshot.customer(admin)?;
    let live = shop.live.load_full();
    let view = LostView {
        order: &order,
        lost,
        matches: matches.as_deref(),
        decided_by: decided_by.as_deref(),
        cancels: live.policy.orphans_cancelled,
    };
    let screen = voice(shop, &live, known.as_ref()).admin_lost(view)?;
    show(shop, admin, card.map(|card| card.message), screen).await
}

pub(super) async fn unreturned_to_admin(
    shop: &Shop,
    id: OrderId,
    admin: UserId,
) -> Result<Found, ShopError> {
    let snapshot = shop.snapshot();
    let Some(order) = snapshot.order(id)? else { return Ok(Found::Granted(None)) };
    let Some(unreturned) = &order.unreturned else { return Ok(Found::Granted(None)) };
    let card = unreturned.admin_cards.iter().find(|card| card.admin == admin);
    let by = unreturned.decided_by.map(|by| name_of(&snapshot, by)).transpose()?;
    let known = snapshot.customer(admin)?;
    let live = shop.live.load_full();
    let screen = voice(shop, &live, known.as_ref()).admin_unreturned(&order, by.as_deref())?;
    show(shop, admin, card.map(|card| card.message), screen).await
}

/// Edits the card, or sends it where there is none or it is gone.
pub(super) async fn show(
    shop: &Shop,
    user: UserId,
    card: Option<MessageId>,
    screen: Screen,
) -> Result<Found, ShopError> {
    let Screen { text, keyboard } = screen;
    if let Some(message) = card {
        let call =
            Call::EditMessage { message, text: text.clone(), keyboard: Some(keyboard.clone()) };
        match send(shop, user, call).await {
            Err(SendError::MessageGone) => {}
            result => {
                return settle(shop, user, result).await.map(Found::uncarded);
            }
        }
    }
    say(shop, user, text, Some(keyboard)).await
}

pub(super) async fn tell(
    shop: &Shop,
    user: UserId,
    text: Option<String>,
) -> Result<Found, ShopError> {
    match text {
        Some(text) => say(shop, user, text, None).await.map(Found::uncarded),
        None => Ok(Found::Granted(None)),
    }
}

async fn say(
    shop: &Shop,
    user: UserId,
    text: String,
    keyboard: Option<Keyboard>,
) -> Result<Found, ShopError> {
    let markup = keyboard.map_or(Markup::None, Markup::Keyboard);
    let call = Call::SendMessage { text, markup, reply_to: None, silent: false };
    let result = send(shop, user, call).await;
    settle(shop, user, result).await
}

pub(super) async fn send(shop: &Shop, user: UserId, call: Call) -> Result<Sent, SendError> {
    let chat = ChatId::from(user);
    shop.sender.send(Outgoing { chat, priority: Priority::Answer, call }).await
}

pub(super) async fn settle(
    shop: &Shop,
    user: UserId,
    result: Result<Sent, SendError>,
) -> Result<Found, ShopError> {
    if let Err(error) = &result
        && group::refused(shop, user, error).await
    {
        return Ok(Found::Granted(None));
    }
    if result.is_ok() {
        shop.notices.group.heard(user);
    }
    match result {
        Ok(Sent::Message(message)) => Ok(Found::Granted(Some(message))),
        Ok(Sent::Done | Sent::Unchanged | Sent::TooLate) | Err(SendError::MessageGone) => {
            Ok(Found::Granted(None))
        }
        Err(SendError::Unreachable) => {
            // Who blocked the bot reads nothing; the record stays and is shown when they return.
            let command = Command::SetReachable { customer: user, reachable: false };
            let _ = shop.submit(Actor::Engine, "unreachable", command).await?;
            Ok(Found::Granted(None))
        }
        Err(SendError::RetryAfter { secs }) => {
            Ok(Found::Later(u32::try_from(secs).unwrap_or(u32::MAX).max(1)))
        }
        Err(SendError::Stopped) => Err(ShopError::Stopped(crate::executor::Stopped)),
        // Tried again with growing pauses: Telegram may be down, or a text of the pack be wrong.
        Err(error) => Err(error.into()),
    }
}
