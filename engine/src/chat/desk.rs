//! The admins' desk in the chat: which command and which button leads where. Who is an admin was
//! checked before; the core checks it again.

use ring4_storage::BackupKind;
use tracing::Level;

use super::press::Desk;
use super::{Reply, Visit};
use crate::screens::catalogue::Place;
use crate::shop::ShopError;

/// What an admin's command leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeskVerb {
    /// The refunds that wait.
    Refunds,
    /// Give an order's money back.
    ApproveRefund,
    /// Refuse a refund.
    RejectRefund,
    /// One customer explained.
    Customer,
    /// Correct a wallet.
    Adjust,
    /// Let a customer buy nothing any more.
    Block,
    /// What admins did.
    Audit,
    /// Let selling pause, or go on.
    Maintenance,
    /// Figures and a chart.
    Stats,
    /// Orders and entries as files.
    Export,
    /// The last lines of the log.
    Logs,
    /// The rule set and its versions.
    Rules,
    /// News to every customer.
    Broadcast,
}

impl Visit<'_> {
    pub(super) async fn desk_command(
        &self,
        verb: DeskVerb,
        words: &str,
    ) -> Result<Reply, ShopError> {
        match verb {
            DeskVerb::Refunds => self.refunds(0),
            DeskVerb::ApproveRefund => self.approve_refund_by_words(words).await,
            DeskVerb::RejectRefund => self.reject_refund_by_words(words).await,
            DeskVerb::Customer => self.customer_by_words(words).await,
            DeskVerb::Block => self.block_by_words(words).await,
            DeskVerb::Adjust => self.adjust_by_words(words).await,
            DeskVerb::Audit => self.audit_by_words(words).await,
            DeskVerb::Maintenance => self.maintenance_by_words(words).await,
            DeskVerb::Stats => self.stats_by_words(words).await,
            DeskVerb::Export => self.export_by_words(words).await,
            DeskVerb::Rules => self.rules(None).await,
            DeskVerb::Logs => self.logs_by_words(words).await,
            DeskVerb::Broadcast => self.broadcast_by_words(words).await,
        }
    }

    pub(super) async fn desk_press(&self, desk: Desk) -> Result<Reply, ShopError> {
        match desk {
            Desk::Refunds(page) => self.refunds(page),
            Desk::Refund(order) => self.refund(order),
            Desk::ApproveRefund(order) => self.approve_refund(order).await,
            Desk::RejectRefund(order) => self.reject_refund(order, None).await,
            Desk::Customer(customer) => self.customer(customer),
            Desk::Block(customer) => self.block(customer).await,
            Desk::Unblock(customer) => self.unblock(customer).await,
            Desk::BookAdjustment(id) => self.book_adjustment(id).await,
            Desk::Audit(before) => self.audit(before, super::auditing::ACTS_SHOWN).await,
            Desk::Maintenance(on) => self.maintenance(on, String::new()).await,
            Desk::Rules => self.rules(None).await,
            Desk::RulesBefore(seq) => self.rules(Some(seq)).await,
            Desk::RulesPreview(version) => self.rules_preview(version).await,
            Desk::RulesGo(version) => self.rules_go(version).await,
            Desk::Stats(days) => self.stats(days).await,
            Desk::Broadcasts => self.broadcasts().await,
            Desk::Broadcast(id) => self.broadcast(id).await,
            Desk::SendBroadcast(id) => self.send_broadcast(id).await,
            Desk::PauseBroadcast(id) => self.pause_broadcast(id, true).await,
            Desk::ResumeBroadcast(id) => self.pause_broadcast(id, false).await,
            Desk::CancelBroadcast(id) => self.cancel_broadcast(id).await,
            Desk::OpenOrders(page) => self.open_orders(page),
            Desk::Blocked(page) => self.blocked(page).await,
            Desk::Export(days) => self.export(days).await,
            Desk::Offers(country, page) => self.offers_of(country, Place::Page(page)),
            Desk::EmergencyBackup => self.make_backup(BackupKind::Emergency, ""),
            Desk::Logs => self.logs(super::logs::LINES_SHOWN, Level::INFO).await,
        }
    }
}
