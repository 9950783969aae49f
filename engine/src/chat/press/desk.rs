//! What the buttons of the admins' desk carry: refunds, customers, adjustments, pauses, news. The
//! screens write it, the chat room reads it.
//!
//! Some name a customer. They are shown to admins only, and whoever presses one is asked again
//! whether they are an admin; forged by somebody else they do nothing.

use std::fmt;

use ring4_domain::change::Seq;
use ring4_domain::ids::{
    AdjustmentId, BroadcastId, Country, IdError, OrderId, RulesVersion, UserId,
};

/// A button of the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Desk {
    /// The refunds that wait for an admin: this page of them, counted from 0.
    Refunds(u16),
    /// One refund.
    Refund(OrderId),
    /// Give an order's money back.
    ApproveRefund(OrderId),
    /// Refuse a refund.
    RejectRefund(OrderId),
    /// One customer explained.
    Customer(UserId),
    /// Let a customer buy nothing any more.
    Block(UserId),
    /// Let a customer buy again.
    Unblock(UserId),
    /// Book an adjustment that was proposed.
    BookAdjustment(AdjustmentId),
    /// What admins did before this entry, or lately.
    Audit(Option<Seq>),
    /// Let selling pause, or go on.
    Maintenance(bool),
    /// The figures of so many days.
    Stats(u32),
    /// The rule set and its versions.
    Rules,
    /// The rule sets that were live up to this entry.
    RulesBefore(Seq),
    /// What going back to a version would change.
    RulesPreview(RulesVersion),
    /// Make a kept version live.
    RulesGo(RulesVersion),
    /// The broadcast that is under way, or the question what is to be said.
    Broadcasts,
    /// One broadcast as it stands.
    Broadcast(BroadcastId),
    /// Send a broadcast that was shown.
    SendBroadcast(BroadcastId),
    /// Let a broadcast pause.
    PauseBroadcast(BroadcastId),
    /// Let a broadcast go on.
    ResumeBroadcast(BroadcastId),
    /// End a broadcast, begun or not.
    CancelBroadcast(BroadcastId),
    /// The orders that are open: this page of them, counted from 0.
    OpenOrders(u16),
    /// The customers who are blocked: this page of them, counted from 0.
    Blocked(u16),
    /// Orders and entries of so many days as files.
    Export(u32),
    /// The last lines of the log.
    Logs,
    /// What vendors offer in this country, this page of it, counted from 0.
    Offers(Country, u8),
    /// Make a backup before something worse happens.
    EmergencyBackup,
}

impl fmt::Display for Desk {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refunds(0) => write!(out, "g"),
            Self::Refunds(page) => write!(out, "g:{page}"),
            Self::Refund(id) => write!(out, "gr:{id}"),
            Self::ApproveRefund(id) => write!(out, "gy:{id}"),
            Self::RejectRefund(id) => write!(out, "gn:{id}"),
            Self::Customer(id) => write!(out, "c:{id}"),
            Self::Block(id) => write!(out, "cb:{id}"),
            Self::Unblock(id) => write!(out, "cu:{id}"),
            Self::BookAdjustment(id) => write!(out, "j:{id}"),
            Self::Audit(None) => write!(out, "a"),
            Self::Audit(Some(before)) => write!(out, "a:{}", before.0),
            Self::Maintenance(true) => write!(out, "m1"),
            Self::Maintenance(false) => write!(out, "m0"),
            Self::Stats(days) => write!(out, "z:{days}"),
            Self::Rules => write!(out, "r"),
            Self::RulesBefore(seq) => write!(out, "rb:{}", seq.0),
            Self::RulesPreview(version) => write!(out, "rp:{version}"),
            Self::RulesGo(version) => write!(out, "ry:{version}"),
            Self::Broadcasts => write!(out, "w"),
            Self::Broadcast(id) => write!(out, "wv:{id}"),
            Self::SendBroadcast(id) => write!(out, "ws:{id}"),
            Self::PauseBroadcast(id) => write!(out, "wp:{id}"),
            Self::ResumeBroadcast(id) => write!(out, "wr:{id}"),
            Self::CancelBroadcast(id) => write!(out, "wx:{id}"),
            Self::OpenOrders(0) => write!(out, "o"),
            Self::OpenOrders(page) => write!(out, "o:{page}"),
            Self::Blocked(0) => write!(out, "cl"),
            Self::Blocked(page) => write!(out, "cl:{page}"),
            Self::Export(days) => write!(out, "e:{days}"),
            Self::Logs => write!(out, "l"),
            Self::Offers(country, page) => write!(out, "s:{country}:{page}"),
            Self::EmergencyBackup => write!(out, "d"),
        }
    }
}

impl Desk {
    /// Whether what it leads to reads a lot, draws or builds.
    #[must_use]
    pub const fn is_slow(self) -> bool {
        matches!(
            self,
            Self::Stats(_)
                | Self::Audit(_)
                | Self::Maintenance(_)
                | Self::Rules
                | Self::RulesBefore(_)
                | Self::RulesPreview(_)
                | Self::RulesGo(_)
                | Self::OpenOrders(_)
                | Self::Blocked(_)
                | Self::Export(_)
                | Self::Logs
        )
    }

    /// Reads the parts between the colons.
    ///
    /// # Errors
    /// They are no button of the desk.
    pub fn read(parts: &[&str]) -> Result<Self, IdError> {
        let user = |id: &str| id.parse().map(UserId).map_err(|_| IdError);
        let count = |page: &str| page.parse().map_err(|_| IdError);
        let entry = |seq: &str| seq.parse().map(Seq).map_err(|_| IdError);
        Ok(match *parts {
            ["g"] => Self::Refunds(0),
            ["g", page] => Self::Refunds(count(page)?),
            ["gr", id] => Self::Refund(id.parse()?),
            ["gy", id] => Self::ApproveRefund(id.parse()?),
            ["gn", id] => Self::RejectRefund(id.parse()?),
            ["c", id] => Self::Customer(user(id)?),
            ["cb", id] => Self::Block(user(id)?),
            ["cu", id] => Self::Unblock(user(id)?),
            ["j", id] => Self::BookAdjustment(id.parse()?),
            ["a"] => Self::Audit(None),
            ["a", before] => Self::Audit(Some(entry(before)?)),
            ["m1"] => Self::Maintenance(true),
            ["m0"] => Self::Maintenance(false),
            ["r"] => Self::Rules,
            ["rb", seq] => Self::RulesBefore(entry(seq)?),
            ["rp", version] => Self::RulesPreview(version.parse()?),
            ["ry", version] => Self::RulesGo(version.parse()?),
            ["z", days] => Self::Stats(days.parse().map_err(|_| IdError)?),
            ["w"] => Self::Broadcasts,
            ["wv", id] => Self::Broadcast(id.parse()?),
            ["ws", id] => Self::SendBroadcast(id.parse()?),
            ["wp", id] => Self::PauseBroadcast(id.parse()?),
            ["wr", id] => Self::ResumeBroadcast(id.parse()?),
            ["wx", id] => Self::CancelBroadcast(id.parse()?),
            ["o"] => Self::OpenOrders(0),
            ["o", page] => Self::OpenOrders(count(page)?),
            ["cl"] => Self::Blocked(0),
            ["cl", page] => Self::Blocked(count(page)?),
            ["e", days] => Self::Export(days.parse().map_err(|_| IdError)?),
            ["l"] => Self::Logs,
            ["s", country, page] => {
                Self::Offers(country.parse()?, page.parse().map_err(|_| IdError)?)
            }
            ["d"] => Self::EmergencyBackup,
            _ => return Err(IdError),
        })
    }

    /// One of each, for tests.
    #[cfg(test)]
    pub(super) fn every() -> Vec<Self> {
        let order = OrderId::from_bits(u64::MAX);
        let user = UserId(i64::MIN);
        vec![
            Self::Refunds(0),
            Self::Refunds(u16::MAX),
            Self::Refund(order),
            Self::ApproveRefund(order),
            Self::RejectRefund(order),
            Self::Customer(user),
            Self::Block(user),
            Self::Unblock(user),
            Self::BookAdjustment(AdjustmentId::from_bits(u64::MAX)),
            Self::Audit(None),
            Self::Audit(Some(Seq(u64::MAX))),
            Self::Maintenance(true),
            Self::Maintenance(false),
            Self::Stats(u32::MAX),
            Self::Rules,
            Self::RulesBefore(Seq(u64::MAX)),
            Self::RulesPreview(RulesVersion([u8::MAX; 8])),
            Self::RulesGo(RulesVersion([0; 8])),
            Self::Broadcasts,
            Self::Broadcast(BroadcastId::from_bits(u64::MAX)),
            Self::SendBroadcast(BroadcastId::from_bits(u64::MAX)),
            Self::PauseBroadcast(BroadcastId::from_bits(u64::MAX)),
            Self::ResumeBroadcast(BroadcastId::from_bits(u64::MAX)),
            Self::CancelBroadcast(BroadcastId::from_bits(u64::MAX)),
            Self::OpenOrders(0),
            Self::OpenOrders(u16::MAX),
            Self::Blocked(0),
            Self::Blocked(u16::MAX),
            Self::Export(u32::MAX),
            Self::Logs,
            Self::Offers(Country::US, 0),
            Self::Offers(Country::US, u8::MAX),
            Self::EmergencyBackup,
        ]
    }
}
