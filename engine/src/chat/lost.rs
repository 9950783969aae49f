//! Admins decide what became of a purchase whose answer was lost, and of a number whose return was
//! never confirmed. Who is one was checked before; the core checks it again.

use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::ids::OrderId;
use ring4_domain::order::OrderState;
use ring4_domain::refusal::Refusal;

use super::{Reply, Visit};
use crate::effects::searching;
use crate::screens::lost::{LostView, tag};
use crate::shop::{ShopError, name_of};

impl Visit<'_> {
    /// How a lost purchase stands, with what the vendor's lists say now.
    pub(super) async fn lost(&self, id: OrderId) -> Result<Reply, ShopError> {
        let snapshot = self.shop.snapshot();
        let order = snapshot.order(id)?;
        let Some((order, lost)) =
            order.as_ref().and_then(|order| Some((order, order.lost.as_deref()?)))
        else {
            return self.refuse(&Refusal::OrderUnknown);
        };
        let matches = match order.state {
            OrderState::Unclear => searching::matches(self.shop, order).await?,
            _ => None,
        };
        let decided_by = lost.decided_by.map(|by| name_of(&snapshot, by)).transpose()?;
        let view = LostView {
            order,
            lost,
            matches: matches.as_deref(),
            decided_by: decided_by.as_deref(),
            cancels: self.live.policy.orphans_cancelled,
        };
        Ok(Reply::Screen(self.voice().admin_lost(view)?))
    }

    /// This number is the order's.
    pub(super) async fn adopt(&self, id: OrderId, chosen: u32) -> Result<Reply, ShopError> {
        let Some(order) = self.shop.snapshot().order(id)? else {
            return self.refuse(&Refusal::OrderUnknown);
        };
        let matches = match order.state {
            OrderState::Unclear => searching::matches(self.shop, &order).await?,
            _ => None,
        };
        let mut matches = matches.unwrap_or_default().into_iter();
        let Some(purchase) = matches.find(|purchase| tag(purchase) == chosen) else {
            return self.settled(id, &Refusal::LostSettled).await;
        };
        let command = Command::AdoptPurchase { admin: self.user(), order: id, purchase };
        self.settle(id, command).await
    }

    /// Nothing was bought: the money goes back.
    pub(super) async fn release(&self, id: OrderId) -> Result<Reply, ShopError> {
        self.settle(id, Command::ReleasePurchase { admin: self.user(), order: id }).await
    }

    /// How a number stands whose return was never confirmed.
    fn unreturned(&self, id: OrderId) -> Result<Reply, ShopError> {
        let snapshot = self.shop.snapshot();
        let Some(order) = snapshot.order(id)?.filter(|order| order.unreturned.is_some()) else {
            return self.refuse(&Refusal::OrderUnknown);
        };
        let by = order.unreturned.as_ref().and_then(|unreturned| unreturned.decided_by);
        let by = by.map(|by| name_of(&snapshot, by)).transpose()?;
        Ok(Reply::Screen(self.voice().admin_unreturned(&order, by.as_deref())?))
    }

    /// The vendor kept what it charged for the number, or gave it back.
    pub(super) async fn settle_return(&self, id: OrderId, kept: bool) -> Result<Reply, ShopError> {
        let command = Command::SettleReturn { admin: self.user(), order: id, kept };
        match self.shop.submit(Actor::Admin(self.user()), &self.trace, command).await? {
            Ok(_) => self.unreturned(id),
            Err(refusal) => {
                let notice = self.why(&refusal)?;
                Ok(match self.unreturned(id)? {
                    Reply::Screen(screen) => Reply::Both(screen, notice),
                    _ => Reply::Notice(notice),
                })
            }
        }
    }

    async fn settle(&self, id: OrderId, command: Command) -> Result<Reply, ShopError> {
        match self.shop.submit(Actor::Admin(self.user()), &self.trace, command).await? {
            Ok(_) => self.lost(id).await,
            Err(refusal) => self.settled(id, &refusal).await,
        }
    }

    async fn settled(&self, id: OrderId, refusal: &Refusal) -> Result<Reply, ShopError> {
        let notice = self.why(refusal)?;
        Ok(match self.lost(id).await? {
            Reply::Screen(screen) => Reply::Both(screen, notice),
            _ => Reply::Notice(notice),
        })
    }
}
