//! What admins do in the chat. Who is one was checked before; the core checks it again.

use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::ids::DepositId;
use ring4_domain::refusal::Refusal;
use ring4_providers::BreakerState;
use ring4_storage::Undecided;

use super::{Reply, Visit};
use crate::screens::admin::{Dashboard, DepositView, ProviderRow, QUEUE_ROWS};
use crate::shop::{ShopError, available, decided_by, name_of};

impl Visit<'_> {
    pub(super) fn dashboard(&self) -> Result<Reply, ShopError> {
        let snapshot = self.shop.snapshot();
        let providers = self.shop.registry.status().into_iter().map(|status| ProviderRow {
            name: status.id.to_string(),
            version: status.version,
            state: match status.line {
                BreakerState::Closed => "provider.closed",
                BreakerState::Open => "provider.open",
                BreakerState::HalfOpen => "provider.half_open",
            },
            balance: status.balance,
        });
        let totals = snapshot.totals()?;
        let dashboard = Dashboard {
            open_orders: totals.orders_open,
            pending_deposits: totals.deposits_submitted,
            customers: totals.customers,
            providers: providers.collect(),
            rules: self.live.version(),
            head: snapshot.head()?.seq,
        };
        Ok(Reply::Screen(self.voice().dashboard(&dashboard)?))
    }

    pub(super) fn queue(&self) -> Result<Reply, ShopError> {
        let snapshot = self.shop.snapshot();
        let deposits = snapshot.deposits_in_state(Undecided::Submitted, QUEUE_ROWS)?;
        let mut named = Vec::with_capacity(deposits.len());
        for deposit in &deposits {
            let name = name_of(&snapshot, deposit.customer)?;
            named.push((name, available(&snapshot, deposit.customer)?));
        }
        let views: Vec<DepositView<'_>> = deposits
            .iter()
            .zip(&named)
            .map(|(deposit, (name, available))| DepositView {
                deposit,
                name,
                available: *available,
                decided_by: None,
            })
            .collect();
        Ok(Reply::Screen(self.voice().queue(&views)?))
    }

    pub(super) fn review(&self, id: DepositId) -> Result<Reply, ShopError> {
        let snapshot = self.shop.snapshot();
        let Some(deposit) = snapshot.deposit(id)? else {
            return self.refuse(&Refusal::DepositUnknown);
        };
        let name = name_of(&snapshot, deposit.customer)?;
        let decided_by = decided_by(&snapshot, &deposit)?;
        let available = available(&snapshot, deposit.customer)?;
        let decided_by = decided_by.as_deref();
        let view = DepositView { deposit: &deposit, name: &name, available, decided_by };
        Ok(Reply::Screen(self.voice().admin_deposit(view)?))
    }

    pub(super) async fn approve(&self, deposit: DepositId) -> Result<Reply, ShopError> {
        let command = Command::ApproveDeposit { admin: self.user(), deposit };
        self.decide(deposit, command).await
    }

    pub(super) async fn reject(
        &self,
        deposit: DepositId,
        reason: Option<String>,
    ) -> Result<Reply, ShopError> {
        let command = Command::RejectDeposit { admin: self.user(), deposit, reason };
        self.decide(deposit, command).await
    }

    async fn decide(&self, deposit: DepositId, command: Command) -> Result<Reply, ShopError> {
        let decided = self.shop.submit(Actor::Admin(self.user()), &self.trace, command).await?;
        let refusal = match decided {
            // A typed command has no card to edit; the decided deposit is its answer.
            Ok(_) => return self.review(deposit),
            Err(refusal) => refusal,
        };
        let notice = self.why(&refusal)?;
        Ok(match self.review(deposit)? {
            Reply::Screen(screen) => Reply::Both(screen, notice),
            _ => Reply::Notice(notice),
        })
    }

    pub(super) async fn approve_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        match words.trim().parse() {
            Ok(deposit) => self.approve(deposit).await,
            Err(_) => self.usage("admin.usage.approve"),
        }
    }

    pub(super) async fn reject_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        let (id, reason) = words.trim().split_once(' ').unwrap_or((words.trim(), ""));
        let reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty());
        match id.parse() {
            Ok(deposit) => self.reject(deposit, reason).await,
            Err(_) => self.usage("admin.usage.reject"),
        }
    }

    fn usage(&self, key: &str) -> Result<Reply, ShopError> {
        let voice = self.voice();
        Ok(Reply::Screen(voice.plain(voice.say(key, &[]))?))
    }
}
