//! What the operator's policy says before a customer buys or a deposit is credited: the facts for
//! `policy.rhai`, and the terms. The core keeps its own limits whatever is said here.

use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::ids::{DepositId, OrderId};
use ring4_domain::ledger::AccountId;
use ring4_domain::policy::ORDERS_COUNTED_MAX;
use ring4_domain::refusal::Refusal;
use ring4_rules::{BuyerFacts, DepositFacts, Verdict};

use super::habits::Habits;
use super::{Reply, Visit};
use crate::shop::ShopError;

impl Visit<'_> {
    /// Why the policy does not let this customer buy at this price, if it does not.
    pub(super) async fn policy_refuses(&self, id: OrderId) -> Result<Option<Refusal>, ShopError> {
        let snapshot = self.shop.snapshot();
        // A second press, and somebody else's price, are answered by the core.
        let Some(quote) = snapshot.quote(id)?.filter(|quote| quote.customer == self.user()) else {
            return Ok(None);
        };
        let now = self.shop.clock.now();
        let habits = Habits::read(&snapshot, self.user(), now)?;
        let buyer = BuyerFacts {
            service: quote.service,
            country: quote.country,
            price: quote.price,
            available: self.available()?,
            known_days: now.secs_since(self.customer.created_at) / 86_400,
            orders_minute: habits.orders_minute,
            orders_hour: habits.orders_hour,
            orders_day: habits.orders_day,
            cancelled_day: habits.cancelled_day,
            spent_day: habits.spent_day,
            open_orders: habits.open_orders,
        };
        match self.live.rules.may_buy(&buyer) {
            Ok(Verdict::Yes) => Ok(None),
            Ok(Verdict::No) => Ok(Some(Refusal::PolicyRefuses)),
            Ok(Verdict::Suspicious(reason)) => {
                tracing::warn!(user = %self.user(), trace = self.trace, reason, "suspicious");
                if self.live.config.limits.auto_block {
                    let customer = self.user();
                    let command = Command::BlockCustomer { by: None, customer, reason };
                    // The engine is refused nothing here: the customer is known.
                    let _ = self.shop.submit(Actor::Engine, &self.trace, command).await?;
                    self.shop.notices.blocked(customer);
                    return Ok(Some(Refusal::CustomerBlocked));
                }
                Ok(Some(Refusal::PolicyRefuses))
            }
            // A policy that fails sells: the core's limits hold, and reloading proved the script.
            Err(error) => {
                tracing::error!(%error, "no word of the policy");
                Ok(None)
            }
        }
    }

    /// Whether the policy would credit this deposit without an admin. The core keeps the limit of
    /// the settings whatever is said here; a policy that fails leaves it to an admin.
    pub(super) fn approves(&self, id: DepositId, told: bool) -> Result<bool, ShopError> {
        let snapshot = self.shop.snapshot();
        // Somebody else's deposit is refused by the core.
        let own = snapshot.deposit(id)?.filter(|deposit| deposit.customer == self.user());
        let Some(deposit) = own else { return Ok(false) };
        let counted = usize::try_from(ORDERS_COUNTED_MAX).unwrap_or(usize::MAX);
        let known = snapshot.deposits_of(self.user(), None, counted)?;
        let credited = known.iter().filter(|known| known.state.is_credited()).count();
        let facts = DepositFacts {
            amount: deposit.amount,
            method: deposit.method,
            known_days: self.shop.clock.now().secs_since(self.customer.created_at) / 86_400,
            deposits: u32::try_from(credited).unwrap_or(u32::MAX),
            deposited: snapshot.account(&AccountId::Wallet(self.user()))?.deposited,
            reference: told || deposit.reference.is_some(),
        };
        Ok(self.live.rules.auto_approve(&facts).unwrap_or_else(|error| {
            tracing::error!(%error, "no word of the policy");
            false
        }))
    }

    /// Accepts the terms and buys what was about to be bought.
    pub(super) async fn accept_terms(&self, quote: OrderId) -> Result<Reply, ShopError> {
        let command = Command::AcceptTerms { customer: self.user() };
        match self.submit(command).await? {
            Ok(_) => self.place(quote).await,
            Err(refusal) => self.refuse(&refusal),
        }
    }
}
