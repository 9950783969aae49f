//! Admins decide about deposits in the chat. Who is one was checked before; the core checks it
//! again.

use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::deposit::DepositState;
use ring4_domain::ids::DepositId;
use ring4_domain::refusal::Refusal;
use ring4_storage::Undecided;

use super::{Reply, Visit};
use crate::effects::referring;
use crate::screens::Voice;
use crate::screens::queue::{DepositView, QUEUE_ROWS, QueuePage, REASONS};
use crate::shop::{ShopError, available, decided_by, first_by, name_of};

impl Visit<'_> {
    /// The deposits that wait for a decision, oldest first.
    pub(super) fn queue(&self, page: u16) -> Result<Reply, ShopError> {
        let snapshot = self.shop.snapshot();
        let skipped = usize::from(page).saturating_mul(QUEUE_ROWS);
        let wanted = skipped.saturating_add(QUEUE_ROWS + 1);
        let deposits = snapshot.deposits_in_state(Undecided::Submitted, wanted)?;
        let more = deposits.len() == wanted;
        let deposits: Vec<_> = deposits.into_iter().skip(skipped).take(QUEUE_ROWS).collect();
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
                first_by: None,
                reward: None,
            })
            .collect();
        let waiting = snapshot.totals()?.deposits_submitted;
        let page = QueuePage { page, more, waiting };
        Ok(Reply::Screen(self.voice().queue(&views, page)?))
    }

    pub(super) fn review(&self, id: DepositId) -> Result<Reply, ShopError> {
        let snapshot = self.shop.snapshot();
        let Some(deposit) = snapshot.deposit(id)? else {
            return self.refuse(&Refusal::DepositUnknown);
        };
        let name = name_of(&snapshot, deposit.customer)?;
        let decided_by = decided_by(&snapshot, &deposit)?;
        let first_by = first_by(&snapshot, &deposit)?;
        let view = DepositView {
            deposit: &deposit,
            name: &name,
            available: available(&snapshot, deposit.customer)?,
            decided_by: decided_by.as_deref(),
            first_by: first_by.as_deref(),
            reward: referring::reward_for(&snapshot, &deposit)?,
        };
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

    /// The reasons for which a deposit may be refused.
    pub(super) fn reasons(&self, id: DepositId) -> Result<Reply, ShopError> {
        match self.shop.snapshot().deposit(id)? {
            Some(deposit) if matches!(deposit.state, DepositState::Submitted { .. }) => {
                Ok(Reply::Screen(self.voice().reasons(&deposit)?))
            }
            // Somebody was faster: the card says who.
            _ => self.review(id),
        }
    }

    /// Refuses a deposit for a ready reason, told in the customer's language.
    pub(super) async fn reject_for(&self, id: DepositId, place: u8) -> Result<Reply, ShopError> {
        let Some((_, text)) = REASONS.get(usize::from(place)) else {
            return Ok(Reply::Notice(self.aside().say("stale_button", &[])));
        };
        let snapshot = self.shop.snapshot();
        let customer = match snapshot.deposit(id)? {
            Some(deposit) => snapshot.customer(deposit.customer)?,
            None => None,
        };
        let language = customer.as_ref().and_then(|customer| customer.language.as_deref());
        let voice = Voice::new(self.live, language, self.shop.clock.now());
        self.reject(id, Some(voice.say(text, &[]))).await
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

    pub(super) fn usage(&self, key: &str) -> Result<Reply, ShopError> {
        let voice = self.voice();
        Ok(Reply::Screen(voice.plain(voice.say(key, &[]))?))
    }
}
