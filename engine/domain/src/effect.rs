//! Everything the shop may ever want from the world. Domain, storage and the middle import this.
//!
//! An effect names its subject and nothing else: what to show or ask is read from the state when
//! the effect runs. So a wish made twice is one wish, and the last state wins. Texts are not
//! here either; the shell chooses them by the subject's state.

use crate::day::Day;
use crate::ids::{AdjustmentId, BroadcastId, DepositId, OrderId, UserId};

/// A wish of the world, and at the same time its key in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Ask the order's candidate for a number.
    Buy(OrderId),
    /// Ask the vendor whether a lost answer meant a number.
    FindPurchase(OrderId),
    /// Ask the vendor to take the number back.
    CancelPurchase(OrderId),
    /// Bring the customer's card of an order up to date.
    ShowOrder(OrderId),
    /// Send the code as a message that rings.
    RingCode(OrderId),
    /// Tell the customer, by a message that rings, that an order ended without a code.
    TellOrderEnded(OrderId),
    /// Bring the customer's card of a deposit up to date.
    ShowDeposit(DepositId),
    /// Tell the customer, by a message that rings, what was decided about a deposit.
    TellDepositDecided(DepositId),
    /// Bring one admin's card of a deposit up to date.
    ShowDepositToAdmin(DepositId, UserId),
    /// Bring one admin's card of a purchase whose answer was lost up to date.
    ShowLostToAdmin(OrderId, UserId),
    /// Remove the keys of forgotten numbers and codes.
    DropKeys,
    /// Send one admin the picture of a deposit's payment.
    SendPictureToAdmin(DepositId, UserId),
    /// Bring one admin's card of a number that may not have been given back up to date.
    ShowUnreturnedToAdmin(OrderId, UserId),
    /// Send the invoice of a deposit in stars.
    SendInvoice(DepositId),
    /// Take an invoice away that nobody shall pay any more.
    DropInvoice(DepositId),
    /// Give a deposit's stars back.
    ReturnStars(DepositId),
    /// Bring one admin's card of a refund up to date.
    ShowRefundToAdmin(OrderId, UserId),
    /// Tell the customer, by a message that rings, what was decided about a refund.
    TellRefundDecided(OrderId),
    /// Tell the customer, by a message that rings, that the wallet was adjusted.
    TellAdjusted(AdjustmentId),
    /// Send one admin the report of this local day.
    SendReport(Day, UserId),
    /// Ask the vendor for another code and wait for it.
    Resend(OrderId),
    /// Reward whoever brought the customer of a deposit, if it is the first; take the reward back
    /// if the deposit was given back.
    Reward(DepositId),
    /// Bring one admin's card of a broadcast up to date.
    ShowBroadcastToAdmin(BroadcastId, UserId),
}

impl Effect {
    /// The effect's name in logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Buy(_) => "buy",
            Self::FindPurchase(_) => "find_purchase",
            Self::CancelPurchase(_) => "cancel_purchase",
            Self::ShowOrder(_) => "show_order",
            Self::RingCode(_) => "ring_code",
            Self::TellOrderEnded(_) => "tell_order_ended",
            Self::ShowDeposit(_) => "show_deposit",
            Self::TellDepositDecided(_) => "tell_deposit_decided",
            Self::ShowDepositToAdmin(..) => "show_deposit_to_admin",
            Self::ShowLostToAdmin(..) => "show_lost_to_admin",
            Self::DropKeys => "drop_keys",
            Self::SendPictureToAdmin(..) => "send_picture_to_admin",
            Self::ShowUnreturnedToAdmin(..) => "show_unreturned_to_admin",
            Self::SendInvoice(_) => "send_invoice",
            Self::DropInvoice(_) => "drop_invoice",
            Self::ReturnStars(_) => "return_stars",
            Self::ShowRefundToAdmin(..) => "show_refund_to_admin",
            Self::TellRefundDecided(_) => "tell_refund_decided",
            Self::TellAdjusted(_) => "tell_adjusted",
            Self::SendReport(..) => "send_report",
            Self::Resend(_) => "resend",
            Self::Reward(_) => "reward",
            Self::ShowBroadcastToAdmin(..) => "show_broadcast_to_admin",
        }
    }
}
