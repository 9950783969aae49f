//! Every "no" of the shop, by name. Everyone may import this. Each refusal has exactly one text
//! per language, under the key that [`Refusal::key`] gives; a test compares the two lists.

use crate::ids::UserId;
use crate::money::Amount;

/// Why a command is not carried out. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Only admins may do this; the customer is told what an unknown command is told.
    NotAdmin,
    /// The quote is not there, or is another customer's.
    QuoteGone,
    /// The quote has lapsed.
    QuoteExpired,
    /// The offer cannot be sold within the limits.
    NotForSale,
    /// The minted id is taken; mint another.
    IdTaken,
    /// Selling is paused.
    SellingPaused,
    /// The customer has as many open orders as allowed.
    OrdersOpenMax {
        /// How many are allowed.
        max: u32,
    },
    /// The wallet has too little.
    WalletShort {
        /// How much is missing.
        short: Amount,
    },
    /// The order is not there, or is another customer's.
    OrderUnknown,
    /// A number is being bought; it can be cancelled in a moment.
    OrderBuying,
    /// The code has arrived; there is nothing to cancel.
    OrderDelivered,
    /// The order has ended.
    OrderEnded,
    /// What became of a lost purchase is known by now.
    LostSettled,
    /// The amount is below the least.
    DepositTooSmall {
        /// The least.
        min: Amount,
    },
    /// The amount is above the most.
    DepositTooLarge {
        /// The most.
        max: Amount,
    },
    /// There is no such way to pay.
    MethodUnknown,
    /// Every amount near the one asked for belongs to a deposit that is open.
    AmountsTaken,
    /// The customer has as many undecided deposits as allowed.
    DepositsOpenMax {
        /// How many are allowed.
        max: u32,
    },
    /// The deposit is not there, or is another customer's.
    DepositUnknown,
    /// The customer has not said yet that the money is on its way.
    DepositNotSubmitted,
    /// Claimed already; an admin will decide.
    DepositSubmittedAlready,
    /// Approved already.
    DepositApprovedAlready {
        /// By whom.
        by: UserId,
    },
    /// Rejected already.
    DepositRejectedAlready {
        /// By whom.
        by: UserId,
    },
    /// Credited already, by the shop itself.
    DepositCreditedAlready,
    /// This admin was the first of two; another one must be the second.
    SecondAdminNeeded,
    /// The payment's id belongs to another deposit.
    ReferenceUsed,
    /// The payment's id was told before and stays.
    ReferenceGiven,
    /// Deposits of this method need the payment's id.
    ReferenceMissing,
    /// It is paid by its invoice and not by word.
    PaidByInvoice,
    /// The time of the deposit is over.
    DepositExpired,
    /// The deposit was not paid in stars, or they are not there to be given back.
    NotReturnable,
    /// The order was not delivered, so nothing was charged.
    OrderNotDelivered,
    /// The rules do not let this order be refunded any more.
    RefundNotAllowed,
    /// There is no request of this id.
    RefundUnknown,
    /// Asked for already; an admin will decide.
    RefundRequestedAlready,
    /// Approved already.
    RefundApprovedAlready {
        /// By whom.
        by: UserId,
    },
    /// Rejected already.
    RefundRejectedAlready {
        /// By whom.
        by: UserId,
    },
    /// The customer is blocked.
    CustomerBlocked,
    /// Nobody of this id was ever here.
    CustomerUnknown,
    /// The operator's policy says no.
    PolicyRefuses,
    /// The terms are to be accepted first.
    TermsPending,
    /// As many orders as allowed within a minute.
    OrdersMinuteMax {
        /// How many are allowed.
        max: u32,
    },
    /// As many orders as allowed within an hour.
    OrdersHourMax {
        /// How many are allowed.
        max: u32,
    },
    /// As many orders as allowed within a day.
    OrdersDayMax {
        /// How many are allowed.
        max: u32,
    },
    /// There is no such adjustment, or it names another wallet.
    AdjustmentUnknown,
    /// Proposed too long ago.
    AdjustmentExpired,
    /// Nothing, or more than is moved at once.
    AdjustmentAmount {
        /// The most.
        max: Amount,
    },
    /// An adjustment needs a reason.
    AdjustmentReason,
    /// More would be taken out than can be spent.
    AdjustmentShort {
        /// What can be spent.
        available: Amount,
    },
    /// Confirmed already.
    AdjustmentBookedAlready {
        /// By whom.
        by: UserId,
    },
    /// The number can receive no other code: its vendor has none to give, or it is too late.
    ResendNotOffered,
    /// Another code is waited for already.
    ResendUnderWay,
    /// As many codes as allowed were asked for.
    ResendsMax {
        /// How many are allowed.
        max: u32,
    },
    /// A broadcast says nothing, or more than Telegram takes.
    BroadcastText,
    /// There is no such broadcast.
    BroadcastUnknown,
    /// Shown too long ago to be sent as it is.
    BroadcastExpired,
    /// Another broadcast is under way.
    BroadcastUnderWay,
    /// The broadcast has ended.
    BroadcastEnded,
}

impl Refusal {
    /// The key of the refusal's text in the message packs.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::NotAdmin => "refusal.unknown_command",
            Self::QuoteGone => "refusal.quote_gone",
            Self::QuoteExpired => "refusal.quote_expired",
            Self::NotForSale => "refusal.not_for_sale",
            Self::IdTaken => "refusal.id_taken",
            Self::SellingPaused => "refusal.selling_paused",
            Self::OrdersOpenMax { .. } => "refusal.orders_open_max",
            Self::WalletShort { .. } => "refusal.wallet_short",
            Self::OrderUnknown => "refusal.order_unknown",
            Self::OrderBuying => "refusal.order_buying",
            Self::OrderDelivered => "refusal.order_delivered",
            Self::OrderEnded => "refusal.order_ended",
            Self::LostSettled => "refusal.lost_settled",
            Self::DepositTooSmall { .. } => "refusal.deposit_too_small",
            Self::DepositTooLarge { .. } => "refusal.deposit_too_large",
            Self::MethodUnknown => "refusal.method_unknown",
            Self::AmountsTaken => "refusal.amounts_taken",
            Self::DepositsOpenMax { .. } => "refusal.deposits_open_max",
            Self::DepositUnknown => "refusal.deposit_unknown",
            Self::DepositNotSubmitted => "refusal.deposit_not_submitted",
            Self::DepositSubmittedAlready => "refusal.deposit_submitted",
            Self::DepositApprovedAlready { .. } => "refusal.deposit_approved",
            Self::DepositRejectedAlready { .. } => "refusal.deposit_rejected",
            Self::DepositCreditedAlready => "refusal.deposit_credited",
            Self::SecondAdminNeeded => "refusal.second_admin_needed",
            Self::ReferenceUsed => "refusal.reference_used",
            Self::ReferenceGiven => "refusal.reference_given",
            Self::ReferenceMissing => "refusal.reference_missing",
            Self::PaidByInvoice => "refusal.paid_by_invoice",
            Self::DepositExpired => "refusal.deposit_expired",
            Self::NotReturnable => "refusal.not_returnable",
            Self::OrderNotDelivered => "refusal.order_not_delivered",
            Self::RefundNotAllowed => "refusal.refund_not_allowed",
            Self::RefundUnknown => "refusal.refund_unknown",
            Self::RefundRequestedAlready => "refusal.refund_requested",
            Self::RefundApprovedAlready { .. } => "refusal.refund_approved",
            Self::RefundRejectedAlready { .. } => "refusal.refund_rejected",
            Self::CustomerBlocked => "refusal.customer_blocked",
            Self::CustomerUnknown => "refusal.customer_unknown",
            Self::PolicyRefuses => "refusal.policy",
            Self::TermsPending => "refusal.terms_pending",
            Self::OrdersMinuteMax { .. } => "refusal.orders_minute_max",
            Self::OrdersHourMax { .. } => "refusal.orders_hour_max",
            Self::OrdersDayMax { .. } => "refusal.orders_day_max",
            Self::AdjustmentUnknown => "refusal.adjustment_unknown",
            Self::AdjustmentExpired => "refusal.adjustment_expired",
            Self::AdjustmentAmount { .. } => "refusal.adjustment_amount",
            Self::AdjustmentReason => "refusal.adjustment_reason",
            Self::AdjustmentShort { .. } => "refusal.adjustment_short",
            Self::AdjustmentBookedAlready { .. } => "refusal.adjustment_booked",
            Self::ResendNotOffered => "refusal.resend_not_offered",
            Self::ResendUnderWay => "refusal.resend_under_way",
            Self::ResendsMax { .. } => "refusal.resends_max",
            Self::BroadcastText => "refusal.broadcast_text",
            Self::BroadcastUnknown => "refusal.broadcast_unknown",
            Self::BroadcastExpired => "refusal.broadcast_expired",
            Self::BroadcastUnderWay => "refusal.broadcast_under_way",
            Self::BroadcastEnded => "refusal.broadcast_ended",
        }
    }
}
