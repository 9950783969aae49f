//! Everything that the middle works with, in one place: the chat room and the effects hold it.

use std::sync::{Arc, OnceLock};

use ring4_domain::change::{Actor, Seq};
use ring4_domain::command::Command;
use ring4_domain::deposit::{Deposit, DepositState};
use ring4_domain::ids::{DepositId, ProviderId, ServiceKey, Timestamp, UserId};
use ring4_domain::ledger::{AccountId, TransferId};
use ring4_domain::money::Amount;
use ring4_domain::order::{FailReason, Order, OrderState};
use ring4_domain::refund::RefundState;
use ring4_domain::refusal::Refusal;
use ring4_domain::sale::Sale;
use ring4_providers::Registry;
use ring4_rules::SaleFacts;
use ring4_storage::{Keyring, Reader, Snapshot};
use ring4_telegram::client::Client;
use ring4_telegram::sender::{SendError, Sender};
use tokio::sync::{Notify, watch};

use crate::catalogue::Catalogues;
use crate::clock::Clock;
use crate::executor::{Answer, Executor, Receipt, Stopped, SubmitError};
use crate::live::{Live, LiveCell};
use crate::market::{Market, Wanted};
use crate::menus::Leftovers;
use crate::notices::Notices;
use crate::odds::Odds;
use crate::reload::Rulebook;
use crate::screens::offers::OfferRow;
use crate::screens::refunds::RefundLine;
use crate::shipping::Status;
use crate::sightings::Sightings;
use crate::vault::Vault;

/// The parts of a running shop.
pub struct Shop {
    /// The time.
    pub clock: Clock,
    /// What the operator may change.
    pub live: Arc<LiveCell>,
    /// The only way to change anything.
    pub executor: Executor,
    /// The only way to read.
    pub reader: Reader,
    /// What numbers and codes are forgotten by.
    pub keyring: Keyring,
    /// The vendors.
    pub registry: Arc<Registry>,
    /// Held while an admin turns a vendor's switch, so that the registry follows in the order of
    /// the journal.
    pub switching: tokio::sync::Mutex<()>,
    /// What they sell at all.
    pub catalogues: Arc<Catalogues>,
    /// What they offer.
    pub market: Arc<Market>,
    /// What became of orders lately.
    pub odds: Arc<Odds>,
    /// What their lists hold, and since when.
    pub sightings: Sightings,
    /// The way to Telegram.
    pub sender: Sender,
    /// The bot's user name, once Telegram has told it; for links to the bot.
    pub username: OnceLock<String>,
    /// Questions to Telegram that are about no chat.
    pub client: Client,
    /// What admins are told of.
    pub notices: Notices,
    /// The rule set's versions.
    pub rulebook: Arc<Rulebook>,
    /// Says that a command menu may differ from what Telegram was told.
    pub menus_due: Notify,
    /// Menus of the admins where no admin is any more.
    pub menus_left: Leftovers,
    /// Backups and checks.
    pub vault: Vault,
    /// How far copies off the machine have come, where they are made.
    pub shipped: Option<watch::Receiver<Status>>,
}

/// What ends the handling of an update or an effect without an answer.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    /// The process is ending; whatever was not done is done after the next start.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// Nothing can be committed until the engine was opened again.
    #[error("nothing can be committed at the moment")]
    Trouble,
    /// A record cannot be read.
    #[error("reading: {0}")]
    Storage(#[from] ring4_storage::ReadError),
    /// A key cannot be removed.
    #[error("forgetting: {0}")]
    Keys(#[from] ring4_storage::FileError),
    /// A blocking step panicked.
    #[error("a step failed: {0}")]
    Step(#[from] tokio::task::JoinError),
    /// A message was not taken.
    #[error("sending: {0}")]
    Send(#[from] SendError),
    /// A chart cannot be drawn.
    #[error(transparent)]
    Chart(#[from] crate::chart::ChartError),
    /// A screen cannot be shown.
    #[error(transparent)]
    Screen(#[from] crate::screens::ScreenError),
}

impl From<SubmitError> for ShopError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Stopped(stopped) => Self::Stopped(stopped),
            SubmitError::Trouble => Self::Trouble,
        }
    }
}

impl Shop {
    /// The state as of now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.reader.snapshot()
    }

    /// What may be bought instead, for the card of an order for which there was no number.
    #[must_use]
    pub fn instead(&self, live: &Live, order: &Order) -> Vec<OfferRow> {
        if order.state != OrderState::Failed(FailReason::OutOfStock) {
            return Vec::new();
        }
        let (service, country) = (&order.quote.service, order.quote.country);
        let wanted = Wanted { service, country, orders_done: 0 };
        self.market.instead(live, wanted)
    }

    /// What the card of an order says about its refund.
    ///
    /// # Errors
    /// The refund cannot be read.
    pub fn refund_line(
        &self,
        live: &Live,
        order: &Order,
    ) -> Result<RefundLine, ring4_storage::ReadError> {
        if order.state != OrderState::Delivered {
            return Ok(RefundLine::None);
        }
        let refund = self.snapshot().refund(order.id())?;
        Ok(match refund.map(|refund| refund.state) {
            Some(RefundState::Requested) => RefundLine::Requested,
            Some(RefundState::Rejected { .. }) => RefundLine::Rejected,
            Some(RefundState::Approved { .. }) => RefundLine::None,
            None if refundable(live, order, self.clock.now()) => RefundLine::Offered,
            None => RefundLine::None,
        })
    }

    /// Whether another code can be asked for on the number of this order.
    #[must_use]
    pub fn resends(&self, order: &Order) -> bool {
        let purchase = order.purchase.as_ref();
        purchase.is_some_and(|purchase| self.registry.resends(&purchase.provider))
    }

    /// Whether the card offers another code now.
    #[must_use]
    pub fn resend_offered(&self, live: &Live, order: &Order) -> bool {
        let limits = live.policy.resends;
        let left = order.resends.len() < usize::try_from(limits.max).unwrap_or(usize::MAX);
        let in_time = order
            .code
            .as_ref()
            .is_some_and(|code| self.clock.now() < code.arrived_at.plus_secs(limits.offered_secs));
        let idle = order.state == OrderState::Delivered && order.open_resend().is_none();
        idle && left && in_time && self.resends(order)
    }

    /// Whether this person is an admin.
    #[must_use]
    pub fn is_admin(&self, user: UserId) -> bool {
        self.live.load().policy.admins.contains(&user)
    }

    /// Lets a vendor sell, only serve, or rest, for this engine and those after it. A vendor that
    /// is not there is left alone.
    ///
    /// # Errors
    /// Nothing can be committed.
    pub async fn set_sale(
        &self,
        admin: UserId,
        trace: &str,
        provider: &ProviderId,
        sale: Sale,
    ) -> Result<Result<(), Refusal>, ShopError> {
        if !self.registry.ids().any(|known| known == provider) {
            return Ok(Ok(()));
        }
        let _turn = self.switching.lock().await;
        let command = Command::SetSale { admin, provider: provider.clone(), sale };
        if let Err(refusal) = self.submit(Actor::Admin(admin), trace, command).await? {
            return Ok(Err(refusal));
        }
        self.registry.set_sale(provider, sale);
        tracing::warn!(%admin, %provider, ?sale, "a vendor was steered");
        Ok(Ok(()))
    }

    /// Switches a service off or on, for this engine and those after it. One that the settings do
    /// not have is left alone.
    ///
    /// # Errors
    /// Nothing can be committed.
    pub async fn set_service(
        &self,
        admin: UserId,
        trace: &str,
        service: &ServiceKey,
        on: bool,
    ) -> Result<Result<(), Refusal>, ShopError> {
        if !self.live.load().configured().contains(&service) {
            return Ok(Ok(()));
        }
        let _turn = self.switching.lock().await;
        let command = Command::SetService { admin, service: service.clone(), on };
        if let Err(refusal) = self.submit(Actor::Admin(admin), trace, command).await? {
            return Ok(Err(refusal));
        }
        self.take_services()?;
        tracing::warn!(%admin, %service, on, "a service was switched");
        Ok(Ok(()))
    }

    /// Shows from now on only the services that no admin switched off.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn take_services(&self) -> Result<(), ShopError> {
        let known = self.snapshot().maintenance()?;
        let off = known.map(|known| known.services_off).unwrap_or_default();
        self.live.load().services_off.store(Arc::new(off.into_iter().collect()));
        Ok(())
    }

    /// Hands in a command; see [`Executor::submit`].
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub async fn submit(&self, actor: Actor, trace: &str, command: Command) -> Answer {
        let name = command.name();
        let result = self.executor.submit(actor, trace, command).await?;
        match &result {
            Ok(Receipt { seq: Some(seq), .. }) => {
                tracing::debug!(trace, command = name, seq = seq.0, "committed");
            }
            Ok(_) => tracing::trace!(trace, command = name, "nothing to change"),
            Err(refusal) => tracing::debug!(trace, command = name, ?refusal, "refused"),
        }
        Ok(result)
    }
}

/// Whether the policy script lets the customer ask for the money of an order. A script that fails
/// refuses nobody: an admin decides in any case.
#[must_use]
pub fn refundable(live: &Live, order: &Order, now: Timestamp) -> bool {
    let (OrderState::Delivered, Some(code)) = (order.state, &order.code) else { return false };
    let bought_at = order.purchase.as_ref().map_or(order.placed_at, |of| of.bought_at);
    let sale = SaleFacts {
        service: order.service().clone(),
        country: order.quote.country,
        price: order.quote.price,
        age_hours: now.secs_since(code.arrived_at) / 3_600,
        code_secs: code.arrived_at.secs_since(bought_at),
    };
    live.rules.refundable(&sale).unwrap_or_else(|error| {
        tracing::error!(order = %order.id(), %error, "no word of the policy");
        true
    })
}

/// What this customer can spend.
///
/// # Errors
/// The account cannot be read.
pub fn available(snapshot: &Snapshot, user: UserId) -> Result<Amount, ring4_storage::ReadError> {
    let account = snapshot.account(&AccountId::Wallet(user))?;
    Ok(account.available().unwrap_or(Amount::ZERO))
}

/// The entry that credited a deposit, if it was credited.
///
/// # Errors
/// The transfer cannot be read.
pub fn credited_by(
    snapshot: &Snapshot,
    deposit: DepositId,
) -> Result<Option<Seq>, ring4_storage::ReadError> {
    let booked = snapshot.transfer(TransferId::Deposit(deposit))?;
    Ok(booked.map(|booked| booked.seq))
}

/// A person's name; the id where the person is not known.
///
/// # Errors
/// The customer cannot be read.
pub fn name_of(snapshot: &Snapshot, user: UserId) -> Result<String, ring4_storage::ReadError> {
    let known = snapshot.customer(user)?;
    Ok(known.map_or_else(|| user.to_string(), |known| known.name))
}

/// The name of the admin who approved a large deposit first, where one did.
///
/// # Errors
/// The admin's record cannot be read.
pub fn first_by(
    snapshot: &Snapshot,
    deposit: &Deposit,
) -> Result<Option<String>, ring4_storage::ReadError> {
    deposit.first_approval.map(|first| name_of(snapshot, first.by)).transpose()
}

/// The name of the admin who decided about a deposit, where one did.
///
/// # Errors
/// The admin's record cannot be read.
pub fn decided_by(
    snapshot: &Snapshot,
    deposit: &Deposit,
) -> Result<Option<String>, ring4_storage::ReadError> {
    match &deposit.state {
        DepositState::Approved { by, .. } | DepositState::Rejected { by, .. } => {
            name_of(snapshot, *by).map(Some)
        }
        _ => Ok(None),
    }
}
