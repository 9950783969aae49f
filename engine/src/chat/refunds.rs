//! Refunds in the chat: customers ask, admins decide. Who is an admin was checked before; the
//! core checks it again.

use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::customer::Prompt;
use ring4_domain::ids::OrderId;
use ring4_domain::order::{Order, OrderState};
use ring4_domain::refusal::Refusal;

use super::{Reply, Visit};
use crate::screens::queue::{QUEUE_ROWS, QueuePage};
use crate::screens::refunds::RefundView;
use crate::shop::{ShopError, name_of, refundable};

/// Orders looked through for refundable ones, and listed at most.
const ORDERS_READ: usize = 50;
const ORDERS_LISTED: usize = 10;

impl Visit<'_> {
    /// `/refund` with an order and what went wrong, or without.
    pub(super) async fn refund_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        let (id, reason) = words.trim().split_once(' ').unwrap_or((words.trim(), ""));
        match (id.parse(), reason.trim()) {
            (Ok(order), "") => self.ask_refund(order).await,
            (Ok(order), reason) => self.request_refund(order, Some(reason.to_owned())).await,
            (Err(_), _) if id.is_empty() => self.refundable_orders(),
            (Err(_), _) => self.refuse(&Refusal::OrderUnknown),
        }
    }

    pub(super) fn refundable_orders(&self) -> Result<Reply, ShopError> {
        let snapshot = self.shop.snapshot();
        let mut orders = Vec::new();
        for order in snapshot.orders_of(self.user(), None, ORDERS_READ)? {
            let asked = snapshot.refund(order.id())?.is_some();
            if !asked && self.refundable(&order) && orders.len() < ORDERS_LISTED {
                orders.push(order);
            }
        }
        Ok(Reply::Screen(self.voice().refundable(&orders)?))
    }

    fn refundable(&self, order: &Order) -> bool {
        refundable(self.live, order, self.shop.clock.now())
    }

    /// Asks what went wrong.
    pub(super) async fn ask_refund(&self, id: OrderId) -> Result<Reply, ShopError> {
        let snapshot = self.shop.snapshot();
        let own = snapshot.order(id)?.filter(|order| order.customer() == self.user());
        let Some(order) = own else { return self.refuse(&Refusal::OrderUnknown) };
        // What would be refused is refused before anything is typed, by the core's own word.
        let open = order.state == OrderState::Delivered && snapshot.refund(id)?.is_none();
        if !open || !self.refundable(&order) {
            return self.request_refund(id, None).await;
        }
        let prompt = Some(Prompt::RefundReason(id));
        // Remembering a question is never refused.
        let _ = self.submit(Command::Ask { customer: self.user(), prompt }).await?;
        Ok(Reply::Screen(self.voice().ask_refund(&order)?))
    }

    pub(super) async fn request_refund(
        &self,
        id: OrderId,
        reason: Option<String>,
    ) -> Result<Reply, ShopError> {
        let order = self.shop.snapshot().order(id)?;
        let refundable = order.as_ref().is_some_and(|order| self.refundable(order));
        let customer = self.user();
        let command = Command::RequestRefund { customer, order: id, reason, refundable };
        match self.submit(command).await? {
            Ok(_) => {
                let voice = self.voice();
                Ok(Reply::Screen(voice.plain(voice.say("refund.requested", &[]))?))
            }
            Err(refusal) => self.refuse(&refusal),
        }
    }

    /// The requests that wait, oldest first.
    pub(super) fn refunds(&self, page: u16) -> Result<Reply, ShopError> {
        let snapshot = self.shop.snapshot();
        let skipped = usize::from(page).saturating_mul(QUEUE_ROWS);
        let wanted = skipped.saturating_add(QUEUE_ROWS + 1);
        let refunds = snapshot.refunds_requested(wanted)?;
        let more = refunds.len() == wanted;
        let mut rows = Vec::with_capacity(QUEUE_ROWS);
        for refund in refunds.into_iter().skip(skipped).take(QUEUE_ROWS) {
            let name = name_of(&snapshot, refund.customer)?;
            rows.push((refund, name));
        }
        let page = QueuePage { page, more, waiting: snapshot.refunds_waiting()? };
        Ok(Reply::Screen(self.voice().refund_queue(&rows, page)?))
    }

    /// One refund, as admins see it.
    pub(super) fn refund(&self, id: OrderId) -> Result<Reply, ShopError> {
        let snapshot = self.shop.snapshot();
        match RefundView::read(&snapshot, id)? {
            Some(view) => Ok(Reply::Screen(self.voice().admin_refund(&view)?)),
            None => self.refuse(&Refusal::RefundUnknown),
        }
    }

    pub(super) async fn approve_refund(&self, order: OrderId) -> Result<Reply, ShopError> {
        let command = Command::ApproveRefund { admin: self.user(), order };
        self.decide_refund(order, command).await
    }

    pub(super) async fn reject_refund(
        &self,
        order: OrderId,
        reason: Option<String>,
    ) -> Result<Reply, ShopError> {
        let command = Command::RejectRefund { admin: self.user(), order, reason };
        self.decide_refund(order, command).await
    }

    async fn decide_refund(&self, order: OrderId, command: Command) -> Result<Reply, ShopError> {
        let decided = self.shop.submit(Actor::Admin(self.user()), &self.trace, command).await?;
        let refusal = match decided {
            Ok(_) => return self.refund(order),
            Err(refusal) => refusal,
        };
        let notice = self.why(&refusal)?;
        Ok(match self.refund(order)? {
            Reply::Screen(screen) => Reply::Both(screen, notice),
            _ => Reply::Notice(notice),
        })
    }

    pub(super) async fn approve_refund_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        match words.trim().parse() {
            Ok(order) => self.approve_refund(order).await,
            Err(_) => self.usage("admin.usage.process_refund"),
        }
    }

    pub(super) async fn reject_refund_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        let (id, reason) = words.trim().split_once(' ').unwrap_or((words.trim(), ""));
        let reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty());
        match id.parse() {
            Ok(order) => self.reject_refund(order, reason).await,
            Err(_) => self.usage("admin.usage.reject_refund"),
        }
    }
}
