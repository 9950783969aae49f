//! Telegram Stars: invoices, stars given back, and the sweep through Telegram's list for what
//! was missed. Only `effects` runs this.

use std::collections::BTreeSet;
use std::sync::Arc;

use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::deposit::{Deposit, DepositState};
use ring4_domain::ids::DepositId;
use ring4_domain::stars::{self, ChargeId};
use ring4_telegram::client::CallError;
use ring4_telegram::outgoing::{Call, ChatId, Outgoing, Priority};
use ring4_telegram::sender::SendError;
use ring4_telegram::stars::{PAGE_ROWS, Transaction};
use tokio_util::sync::CancellationToken;

use super::crediting::{self, Paid};
use super::granting::Found;
use super::showing::{send, settle, voice};
use crate::notices::{Topic, tell_admins};
use crate::shop::{Shop, ShopError};

/// From one sweep to the next, in seconds.
const SWEEP_SECS: u32 = 3_600;

/// Rows of the list read in one sweep, at most; the next one goes on from there.
const SWEEP_ROWS_MAX: u32 = 100_000;

/// Wait before it is asked again what became of stars whose return was not answered, in seconds.
const UNCLEAR_SECS: u32 = 30;

/// What Telegram says of stars that went back before.
const RETURNED_ALREADY: &str = "CHARGE_ALREADY_REFUNDED";

/// Sends the invoice of a deposit that is to be paid in stars.
pub(super) async fn invoice(shop: &Shop, id: DepositId) -> Result<Found, ShopError> {
    let snapshot = shop.snapshot();
    let Some(deposit) = snapshot.deposit(id)? else { return Ok(Found::Granted(None)) };
    let Some(asked) = deposit.stars.as_ref() else { return Ok(Found::Granted(None)) };
    if deposit.state != DepositState::Opened {
        return Ok(Found::Granted(None));
    }
    let known = snapshot.customer(deposit.customer)?;
    let live = shop.live.load_full();
    let (title, description) = voice(shop, &live, known.as_ref()).invoice(&deposit);
    let (payload, count) = (id.to_string(), asked.count);
    let call = Call::SendInvoice { title, description, payload, count };
    let result = send(shop, deposit.customer, call).await;
    settle(shop, deposit.customer, result).await
}

/// Takes an invoice away whose time is over.
pub(super) async fn drop_invoice(shop: &Shop, id: DepositId) -> Result<Found, ShopError> {
    let Some(deposit) = shop.snapshot().deposit(id)? else { return Ok(Found::Granted(None)) };
    let invoice = deposit.stars.as_ref().and_then(|stars| stars.invoice);
    let (Some(message), DepositState::Expired { .. }) = (invoice, &deposit.state) else {
        return Ok(Found::Granted(None));
    };
    let result = send(shop, deposit.customer, Call::DeleteMessage { message }).await;
    settle(shop, deposit.customer, result).await.map(Found::uncarded)
}

/// What became of an attempt to give stars back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Return {
    Made,
    Refused,
    Unclear,
}

/// Gives a deposit's stars back. Asking twice is harmless: the second time Telegram says that
/// they went back already.
pub(super) async fn give_back(shop: &Shop, id: DepositId, trace: &str) -> Result<Found, ShopError> {
    let Some(deposit) = shop.snapshot().deposit(id)? else { return Ok(Found::Granted(None)) };
    let Some(charge) = deposit.charge() else { return Ok(Found::Granted(None)) };
    let DepositState::Returning { .. } = deposit.state else { return Ok(Found::Granted(None)) };
    let chat = ChatId::from(deposit.customer);
    let call = Call::RefundStars { charge: charge.clone() };
    let sent = shop.sender.send(Outgoing { chat, priority: Priority::Answer, call }).await;
    let became = match sent {
        Ok(_) => Return::Made,
        Err(SendError::Stopped) => return Err(ShopError::Stopped(crate::executor::Stopped)),
        Err(SendError::RetryAfter { secs }) => {
            return Ok(Found::Later(u32::try_from(secs).unwrap_or(u32::MAX).max(1)));
        }
        Err(SendError::Call(CallError::Refused { description, .. })) => {
            let before = description.contains(RETURNED_ALREADY);
            if before { Return::Made } else { Return::Refused }
        }
        Err(error) => {
            tracing::warn!(trace, %error, "whether stars were given back is not known");
            look_up(shop, charge).await
        }
    };
    let command = match became {
        Return::Made => Command::StarsReturned { deposit: id },
        Return::Refused => Command::StarsKept { deposit: id },
        Return::Unclear => return Ok(Found::Later(UNCLEAR_SECS)),
    };
    // Neither is ever refused.
    let _ = shop.submit(Actor::Engine, trace, command).await?;
    Ok(Found::Granted(None))
}

/// Whether Telegram's list says that a payment was given back.
async fn look_up(shop: &Shop, charge: &ChargeId) -> Return {
    let mut offset = 0;
    while offset < SWEEP_ROWS_MAX {
        let Ok(page) = shop.client.star_transactions(offset).await else { break };
        if page.rows.iter().any(|row| row.refund && row.charge == *charge) {
            return Return::Made;
        }
        if page.len < PAGE_ROWS {
            break;
        }
        offset = offset.saturating_add(page.len);
    }
    // Not there, or not there yet: the next attempt asks again, and is told if it was made.
    Return::Unclear
}

/// Goes through Telegram's list at the start and every hour.
pub(super) async fn watch(shop: Arc<Shop>, closing: CancellationToken) {
    let mut sweep = Sweep { read: 0, told: BTreeSet::new() };
    loop {
        let on = shop.live.load().policy.methods.contains_key(&stars::METHOD);
        if on {
            match closing.run_until_cancelled(sweep.go(&shop)).await {
                None => return,
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    tracing::warn!(%error, "payments in stars were not looked through");
                }
            }
        }
        let next = shop.clock.sleep_until(shop.clock.now().plus_secs(SWEEP_SECS));
        if closing.run_until_cancelled(next).await.is_none() {
            return;
        }
    }
}

/// How far the list was read, and what does not match and was told.
struct Sweep {
    read: u32,
    told: BTreeSet<ChargeId>,
}

impl Sweep {
    async fn go(&mut self, shop: &Shop) -> Result<(), ShopError> {
        let most = self.read.saturating_add(SWEEP_ROWS_MAX);
        while self.read < most {
            let page = shop.client.star_transactions(self.read).await;
            let page = page.map_err(SendError::Call)?;
            for row in &page.rows {
                self.compare(shop, row).await?;
            }
            self.read = self.read.saturating_add(page.len);
            if page.len < PAGE_ROWS {
                break;
            }
        }
        Ok(())
    }

    /// Credits what was missed; tells the admins of what was given back behind the shop's back.
    async fn compare(&mut self, shop: &Shop, row: &Transaction) -> Result<(), ShopError> {
        if !row.refund {
            let paid = Paid {
                customer: row.user,
                payload: &row.payload,
                charge: &row.charge,
                count: row.count,
            };
            if crediting::credit(shop, paid, "sweep").await? {
                tracing::warn!("a payment in stars was missed and is credited now");
            }
            return Ok(());
        }
        let known = shop.snapshot().deposit_by_charge(&row.charge)?;
        let returned = |deposit: &Deposit| {
            matches!(deposit.state, DepositState::Returning { .. } | DepositState::Returned { .. })
        };
        if known.as_ref().is_some_and(returned) || self.told.contains(&row.charge) {
            return Ok(());
        }
        self.told.insert(row.charge.clone());
        let deposit = known.map_or_else(|| "–".to_owned(), |known| known.id.to_string());
        tell_admins(shop, Topic::Money, |voice| {
            voice.stars_mismatch(&deposit, row.count, row.user)
        })
        .await;
        Ok(())
    }
}
