//! One customer explained to an admin, blocks and adjustments. Who is an admin was checked
//! before; the core checks it again.

use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::decide::Outcome;
use ring4_domain::ids::{AdjustmentId, DepositId, OrderId, UserId};
use ring4_domain::ledger::AccountId;
use ring4_domain::money::Amount;
use ring4_domain::refusal::Refusal;

use super::habits::Habits;
use super::{Reply, Visit, amounts};
use crate::mint::{self, Origin};
use crate::screens::users::{CustomerView, ENTRIES_SHOWN, ORDERS_SHOWN};
use crate::shop::{ShopError, name_of};
use crate::tasks;

/// Customers looked through for a name, which no index leads to. A second or so.
const CUSTOMERS_LOOKED_MAX: usize = 200_000;

impl Visit<'_> {
    /// `/user` with an id, a name, an order or a deposit.
    pub(super) async fn customer_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        match self.find_customer(words.trim()).await? {
            Some(customer) => self.customer(customer),
            None if words.trim().is_empty() => self.usage("admin.usage.user"),
            None => self.refuse(&Refusal::CustomerUnknown),
        }
    }

    /// Whom these words mean, if anybody.
    async fn find_customer(&self, words: &str) -> Result<Option<UserId>, ShopError> {
        let snapshot = self.shop.snapshot();
        if let Ok(id) = words.parse().map(UserId)
            && snapshot.customer(id)?.is_some()
        {
            return Ok(Some(id));
        }
        if let Ok(id) = words.parse::<OrderId>()
            && let Some(order) = snapshot.order(id)?
        {
            return Ok(Some(order.customer()));
        }
        if let Ok(id) = words.parse::<DepositId>()
            && let Some(deposit) = snapshot.deposit(id)?
        {
            return Ok(Some(deposit.customer));
        }
        // What is none of those is a name, with its sign or without.
        let name = words.strip_prefix('@').unwrap_or(words).to_owned();
        if name.is_empty() {
            return Ok(None);
        }
        let find = move || snapshot.customer_named(&name, CUSTOMERS_LOOKED_MAX);
        let found = tasks::block(find).await??;
        Ok(found.map(|customer| customer.id))
    }

    /// A customer with the balance explained from its entries.
    pub(super) fn customer(&self, id: UserId) -> Result<Reply, ShopError> {
        let snapshot = self.shop.snapshot();
        let Some(customer) = snapshot.customer(id)? else {
            return self.refuse(&Refusal::CustomerUnknown);
        };
        let standing = snapshot.standing(id)?;
        let block = standing.as_ref().and_then(|standing| standing.block.as_ref());
        let blocked_by = block.and_then(|block| block.by);
        let blocked_by = blocked_by.map(|by| name_of(&snapshot, by)).transpose()?;
        let view = CustomerView {
            account: snapshot.account(&AccountId::Wallet(id))?,
            entries: snapshot.wallet_entries(id, None, ENTRIES_SHOWN)?,
            orders: snapshot.orders_of(id, None, ORDERS_SHOWN)?,
            deposits: snapshot.deposits_of(id, None, ORDERS_SHOWN)?,
            habits: Habits::read(&snapshot, id, self.shop.clock.now())?,
            customer,
            standing,
            blocked_by,
        };
        Ok(Reply::Screen(self.voice().admin_customer(&view)?))
    }

    /// `/block` with a customer and the reason; without words, who is blocked.
    pub(super) async fn block_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        if words.trim().is_empty() {
            return self.blocked(0).await;
        }
        let (who, reason) = words.trim().split_once(' ').unwrap_or((words.trim(), ""));
        if reason.trim().is_empty() {
            return self.usage("admin.usage.block");
        }
        let Some(customer) = self.find_customer(who).await? else {
            return self.refuse(&Refusal::CustomerUnknown);
        };
        let (by, reason) = (Some(self.user()), reason.trim().to_owned());
        self.steer(customer, Command::BlockCustomer { by, customer, reason }).await
    }

    pub(super) async fn block(&self, customer: UserId) -> Result<Reply, ShopError> {
        let reason = self.voice().say("admin.block_reason", &[]);
        let by = Some(self.user());
        self.steer(customer, Command::BlockCustomer { by, customer, reason }).await
    }

    pub(super) async fn unblock(&self, customer: UserId) -> Result<Reply, ShopError> {
        self.steer(customer, Command::UnblockCustomer { admin: self.user(), customer }).await
    }

    async fn steer(&self, customer: UserId, command: Command) -> Result<Reply, ShopError> {
        match self.shop.submit(Actor::Admin(self.user()), &self.trace, command).await? {
            Ok(_) => self.customer(customer),
            Err(refusal) => self.refuse(&refusal),
        }
    }

    /// `/adjust` with a customer, a signed amount and a reason: shown before it is booked.
    pub(super) async fn adjust_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        let mut parts = words.trim().splitn(3, char::is_whitespace);
        let (who, amount) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let reason = parts.next().unwrap_or_default().trim().to_owned();
        let Some(amount) = signed(amount) else { return self.usage("admin.usage.adjust") };
        let Some(customer) = self.find_customer(who).await? else {
            return self.refuse(&Refusal::CustomerUnknown);
        };
        let admin = self.user();
        for attempt in 0..mint::ATTEMPTS_MAX {
            let origin = Origin { user: admin, source: &self.source, subject: "adjust", attempt };
            let id = mint::adjustment_id(origin);
            let reason = reason.clone();
            let command = Command::ProposeAdjustment { id, admin, customer, amount, reason };
            match self.shop.submit(Actor::Admin(admin), &self.trace, command).await? {
                Ok(receipt) => {
                    let Outcome::Adjustment(adjustment) = receipt.outcome else { continue };
                    let snapshot = self.shop.snapshot();
                    let name = name_of(&snapshot, customer)?;
                    let available = crate::shop::available(&snapshot, customer)?;
                    let screen = self.voice().adjustment(&adjustment, &name, available)?;
                    return Ok(Reply::Screen(screen));
                }
                Err(Refusal::IdTaken) => {}
                Err(refusal) => return self.refuse(&refusal),
            }
        }
        self.refuse(&Refusal::IdTaken)
    }

    pub(super) async fn book_adjustment(&self, id: AdjustmentId) -> Result<Reply, ShopError> {
        let Some(known) = self.shop.snapshot().adjustment(id)? else {
            return self.refuse(&Refusal::AdjustmentUnknown);
        };
        let (admin, customer) = (self.user(), known.customer);
        let command = Command::BookAdjustment { admin, id, customer };
        let booked = self.shop.submit(Actor::Admin(admin), &self.trace, command).await?;
        let notice = match booked {
            Ok(_) => self.voice().say("admin.adjusted", &[]),
            Err(refusal) => self.why(&refusal)?,
        };
        Ok(match self.customer(customer)? {
            Reply::Screen(screen) => Reply::Both(screen, notice),
            _ => Reply::Notice(notice),
        })
    }
}

/// An amount with a sign or without, such as `+5`, `-0.50`, `−3`.
fn signed(text: &str) -> Option<Amount> {
    let text = text.replace(['−', '–'], "-");
    let text = text.strip_prefix('+').unwrap_or(&text);
    match text.strip_prefix('-') {
        Some(positive) => {
            let amount = amounts::read(positive)?;
            Amount::ZERO.checked_sub(amount)
        }
        None => amounts::read(text),
    }
}
