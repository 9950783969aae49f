//! Accounts and transfers, in TigerBeetle's model and words. Domain and storage import this.
//!
//! A transfer is immutable. A hold is a *pending* transfer that a later transfer *posts* or
//! *voids*; a correction is an opposite transfer. An account is never written to directly: its
//! counters are the fold of the transfers that name it, and [`apply`] is the only fold.

use core::fmt;

use crate::ids::{AdjustmentId, DepositId, MethodKey, OrderId, ProviderId, Timestamp, UserId};
use crate::money::{Amount, MICROS_PER_DOLLAR};

/// The most that a decision moves at once: a million dollars. Vendors name costs, customers name
/// amounts and operators name limits; whatever they say, nine million of the largest transfers
/// fit into 64 bits, so what was decided can always be booked.
pub const TRANSFER_MAX: Amount = Amount::from_micros(1_000_000 * MICROS_PER_DOLLAR);

/// Whose money, or what it stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountId {
    /// A customer's wallet; what can be spent never falls below zero.
    Wallet(UserId),
    /// What customers paid for delivered codes.
    Revenue,
    /// What vendors charged.
    VendorCost,
    /// What lies prepaid at a vendor, as far as our own books know.
    VendorFloat(ProviderId),
    /// Money that came in by one way to pay.
    DepositsClearing(MethodKey),
    /// Money given back after delivery.
    Refunds,
    /// Corrections booked by one admin.
    Adjustments(UserId),
    /// Balances carried over from a former shop.
    OpeningBalances,
    /// What cannot be explained yet.
    Suspense,
}

impl AccountId {
    /// Whose wallet it is, if it is one.
    #[must_use]
    pub const fn wallet(&self) -> Option<UserId> {
        match self {
            Self::Wallet(customer) => Some(*customer),
            _ => None,
        }
    }
}

/// An account's counters. The posted ones only grow; the pending ones hold what is undecided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Account {
    /// Held, on its way out.
    pub debits_pending: Amount,
    /// Gone out for good.
    pub debits_posted: Amount,
    /// Held, on its way in.
    pub credits_pending: Amount,
    /// Come in for good.
    pub credits_posted: Amount,
    /// Of the posted credits, those from deposits.
    pub deposited: Amount,
    /// Of the posted credits, those from refunds after delivery.
    pub refunded: Amount,
    /// Of the posted debits, those that gave a deposit back.
    pub returned: Amount,
}

impl Account {
    /// What can be spent: posted credits less posted and pending debits. `None` past 64 bits.
    #[must_use]
    pub fn available(&self) -> Option<Amount> {
        self.credits_posted.checked_sub(self.debits_posted)?.checked_sub(self.debits_pending)
    }
}

/// The meaning of a transfer is its id, so booking the same thing twice meets "exists".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransferId {
    /// A deposit credited.
    Deposit(DepositId),
    /// The price of an order held.
    Hold(OrderId),
    /// That hold posted.
    Capture(OrderId),
    /// That hold voided.
    Release(OrderId),
    /// What the vendor charged for an order.
    VendorCost(OrderId),
    /// What the vendor charged for another code on an order's number, though it was asked only
    /// because it gave it free; the count tells the codes apart.
    ResendCost(OrderId, u8),
    /// A delivered order given back.
    Refund(OrderId),
    /// A deposit's money held while its stars are given back; the count tells attempts apart.
    ReturnHold(DepositId, u8),
    /// That hold posted: the stars were given back.
    Return(DepositId, u8),
    /// That hold voided: Telegram did not give them back.
    ReturnRelease(DepositId, u8),
    /// An admin's correction of a wallet.
    Adjustment(AdjustmentId),
}

impl fmt::Display for TransferId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deposit(id) => write!(out, "deposit {id}"),
            Self::Hold(id) => write!(out, "hold {id}"),
            Self::Capture(id) => write!(out, "capture {id}"),
            Self::Release(id) => write!(out, "release {id}"),
            Self::VendorCost(id) => write!(out, "vendor cost {id}"),
            Self::ResendCost(id, place) => write!(out, "cost of code {place} more of {id}"),
            Self::Refund(id) => write!(out, "refund {id}"),
            Self::ReturnHold(id, attempt) => write!(out, "return hold {attempt} of deposit {id}"),
            Self::Return(id, attempt) => write!(out, "return {attempt} of deposit {id}"),
            Self::ReturnRelease(id, attempt) => {
                write!(out, "return release {attempt} of deposit {id}")
            }
            Self::Adjustment(id) => write!(out, "adjustment {id}"),
        }
    }
}

/// How a transfer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferKind {
    /// At once and for good.
    Posted,
    /// Held until posted or voided, at the latest at the deadline.
    Pending {
        /// When the hold must be resolved.
        deadline: Timestamp,
    },
    /// Makes a pending transfer final.
    Post {
        /// The pending transfer.
        pending: TransferId,
    },
    /// Takes a pending transfer back.
    Void {
        /// The pending transfer.
        pending: TransferId,
    },
}

/// One immutable movement of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// What it means.
    pub id: TransferId,
    /// Whose debit.
    pub debit: AccountId,
    /// Whose credit.
    pub credit: AccountId,
    /// How much; above zero.
    pub amount: Amount,
    /// How it counts.
    pub kind: TransferKind,
}

/// Whether a stored pending transfer is still open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Not pending in the first place.
    Final,
    /// Neither posted nor voided yet.
    Open,
    /// Posted by the transfer named.
    Posted(TransferId),
    /// Voided by the transfer named.
    Voided(TransferId),
}

/// Why a transfer cannot be booked. Each is a bug or damage, never a customer's doing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The id is booked already.
    #[error("{0} is booked already")]
    Exists(TransferId),
    /// The amount is zero or negative.
    #[error("{0} has no amount above zero")]
    AmountNotPositive(TransferId),
    /// Debit and credit are one account.
    #[error("{0} moves money from an account to itself")]
    SameAccount(TransferId),
    /// The pending transfer to post or void is not there.
    #[error("{0} resolves a hold that does not exist")]
    HoldUnknown(TransferId),
    /// The pending transfer was resolved before.
    #[error("{0} resolves a hold that is resolved already")]
    HoldResolved(TransferId),
    /// The resolving transfer differs from the pending one in accounts or amount.
    #[error("{0} does not match the hold it resolves")]
    HoldMismatch(TransferId),
    /// A wallet would fall below zero.
    #[error("{0} takes more than the wallet has")]
    WalletShort(TransferId),
    /// A counter would leave 64 bits.
    #[error("{0} overflows an account")]
    Overflow(TransferId),
}

/// Checks a transfer that resolves a hold against the stored hold.
///
/// # Errors
/// The hold is missing, resolved, or differs.
pub fn check_hold(
    transfer: &Transfer,
    hold: Option<(&Transfer, Resolution)>,
) -> Result<(), LedgerError> {
    let (TransferKind::Post { .. } | TransferKind::Void { .. }) = transfer.kind else {
        return Ok(());
    };
    let (hold, resolution) = hold.ok_or(LedgerError::HoldUnknown(transfer.id))?;
    if !matches!(hold.kind, TransferKind::Pending { .. }) {
        return Err(LedgerError::HoldUnknown(transfer.id));
    }
    if resolution != Resolution::Open {
        return Err(LedgerError::HoldResolved(transfer.id));
    }
    // Partial captures are refused: an order has one price, and half a hold has no owner.
    let same = (&hold.debit, &hold.credit, hold.amount)
        == (&transfer.debit, &transfer.credit, transfer.amount);
    if same { Ok(()) } else { Err(LedgerError::HoldMismatch(transfer.id)) }
}

/// Books a transfer on its two accounts and returns them as they are afterwards. The caller has
/// made sure that the id is new and, for a post or void, called [`check_hold`].
///
/// # Errors
/// The amount, the accounts or a counter do not allow it; nothing is booked then.
pub fn apply(
    transfer: &Transfer,
    debit: Account,
    credit: Account,
) -> Result<(Account, Account), LedgerError> {
    let id = transfer.id;
    let amount = transfer.amount;
    if !amount.is_positive() {
        return Err(LedgerError::AmountNotPositive(id));
    }
    if transfer.debit == transfer.credit {
        return Err(LedgerError::SameAccount(id));
    }
    let add = |to: Amount| to.checked_add(amount).ok_or(LedgerError::Overflow(id));
    let sub = |from: Amount| from.checked_sub(amount).ok_or(LedgerError::Overflow(id));
    let (mut debit, mut credit) = (debit, credit);
    match transfer.kind {
        TransferKind::Posted => {
            debit.debits_posted = add(debit.debits_posted)?;
            credit.credits_posted = add(credit.credits_posted)?;
        }
        TransferKind::Pending { .. } => {
            debit.debits_pending = add(debit.debits_pending)?;
            credit.credits_pending = add(credit.credits_pending)?;
        }
        TransferKind::Post { .. } => {
            debit.debits_pending = sub(debit.debits_pending)?;
            credit.credits_pending = sub(credit.credits_pending)?;
            debit.debits_posted = add(debit.debits_posted)?;
            credit.credits_posted = add(credit.credits_posted)?;
        }
        TransferKind::Void { .. } => {
            debit.debits_pending = sub(debit.debits_pending)?;
            credit.credits_pending = sub(credit.credits_pending)?;
        }
    }
    match transfer.id {
        TransferId::Deposit(_) => credit.deposited = add(credit.deposited)?,
        TransferId::Return(..) => debit.returned = add(debit.returned)?,
        TransferId::Refund(_) => credit.refunded = add(credit.refunded)?,
        _ => {}
    }
    let left = debit.available().ok_or(LedgerError::Overflow(id))?;
    let takes = matches!(transfer.kind, TransferKind::Posted | TransferKind::Pending { .. });
    if takes && matches!(transfer.debit, AccountId::Wallet(_)) && left.is_negative() {
        return Err(LedgerError::WalletShort(id));
    }
    assert!(!debit.debits_pending.is_negative(), "{id}: more released than was held");
    assert!(!credit.credits_pending.is_negative(), "{id}: more released than was expected");
    Ok((debit, credit))
}
