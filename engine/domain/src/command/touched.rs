//! Which records a command, or a wish that was granted, is decided by. Only `command` is built on
//! this.

use super::{Command, Key};
use crate::effect::Effect;
use crate::ledger::AccountId;
use crate::resend::ResendStep;

impl Command {
    /// The records that [`crate::decide::decide`] will look at.
    #[must_use]
    pub fn touched(&self) -> Vec<Key> {
        match self {
            Self::Welcome(profile) => vec![Key::Customer(profile.id)],
            Self::Ask { customer, .. }
            | Self::ChooseLanguage { customer, .. }
            | Self::SetReachable { customer, .. } => vec![Key::Customer(*customer)],
            Self::PlaceOrder { customer, quote, .. } => vec![
                Key::Quote(*quote),
                Key::Order(*quote),
                Key::OpenOrders(*customer),
                Key::Account(AccountId::Wallet(*customer)),
                Key::Standing(*customer),
                Key::Maintenance,
                Key::Placed(*customer),
            ],
            Self::OpenDeposit { .. }
            | Self::SubmitDeposit { .. }
            | Self::TellReference { .. }
            | Self::SendPicture { .. }
            | Self::ApproveDeposit { .. }
            | Self::RejectDeposit { .. }
            | Self::StarsPaid { .. }
            | Self::ReturnStars { .. }
            | Self::StarsReturned { .. }
            | Self::StarsKept { .. }
            | Self::DepositDeadline { .. } => self.touched_in_paying(),
            Self::OfferQuote(_)
            | Self::PurchaseBought { .. }
            | Self::AdoptPurchase { .. }
            | Self::CancelOrder { .. }
            | Self::StartPurchase { .. }
            | Self::PurchaseRefused { .. }
            | Self::PurchaseUnclear { .. }
            | Self::PurchaseNotFound { .. }
            | Self::PurchaseDoubtful { .. }
            | Self::ReleasePurchase { .. }
            | Self::CodeArrived { .. }
            | Self::PurchaseReturned { .. }
            | Self::CodeOverdue { .. }
            | Self::ReturnUnconfirmed { .. }
            | Self::ReturnDenied { .. }
            | Self::SettleReturn { .. }
            | Self::Resend { .. }
            | Self::OrderDeadline { .. } => self.touched_in_serving(),
            Self::QuoteDeadline { quote } => vec![Key::Quote(*quote)],
            Self::Granted { effect, .. } => {
                [Key::Wish(*effect)].into_iter().chain(effect.subject()).collect()
            }
            Self::ActivateRules(_) => vec![Key::Rules],
            Self::ForgetCodes => vec![Key::Forgotten, Key::OldestOpenOrder],
            Self::SetSale { provider, .. } => vec![Key::Sale(provider.clone())],
            Self::RequestRefund { .. }
            | Self::ApproveRefund { .. }
            | Self::RejectRefund { .. }
            | Self::AcceptTerms { .. }
            | Self::BlockCustomer { .. }
            | Self::UnblockCustomer { .. }
            | Self::ProposeAdjustment { .. }
            | Self::BookAdjustment { .. }
            | Self::SetMaintenance { .. }
            | Self::SetService { .. }
            | Self::Refer { .. }
            | Self::RewardReferral { .. }
            | Self::TakeBackReward { .. }
            | Self::ReportDay { .. } => self.touched_in_steering(),
            Self::Broadcast(step) => step.touched(),
        }
    }

    /// The same for the commands about a price, and an order after it was placed.
    fn touched_in_serving(&self) -> Vec<Key> {
        match self {
            Self::OfferQuote(proposal) => vec![
                Key::Customer(proposal.customer),
                Key::Quote(proposal.id),
                Key::Order(proposal.id),
                Key::Standing(proposal.customer),
                Key::Maintenance,
            ],
            Self::PurchaseBought { order, purchase }
            | Self::AdoptPurchase { order, purchase, .. } => vec![
                Key::Order(*order),
                Key::Owner(purchase.provider.clone(), purchase.vendor_order.clone()),
            ],
            Self::CancelOrder { order, .. }
            | Self::StartPurchase { order, .. }
            | Self::PurchaseRefused { order, .. }
            | Self::PurchaseUnclear { order, .. }
            | Self::PurchaseNotFound { order }
            | Self::PurchaseDoubtful { order }
            | Self::ReleasePurchase { order, .. }
            | Self::CodeArrived { order, .. }
            | Self::PurchaseReturned { order, .. }
            | Self::CodeOverdue { order }
            | Self::ReturnUnconfirmed { order }
            | Self::ReturnDenied { order }
            | Self::SettleReturn { order, .. }
            | Self::OrderDeadline { order } => vec![Key::Order(*order)],
            Self::Resend { order, step } => {
                let owner = match step {
                    ResendStep::Wait { provider, vendor_order, .. } => {
                        Some(Key::Owner(provider.clone(), vendor_order.clone()))
                    }
                    _ => None,
                };
                [Key::Order(*order), Key::Forgotten].into_iter().chain(owner).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The same for the commands about refunds, blocks, adjustments and pauses.
    fn touched_in_steering(&self) -> Vec<Key> {
        match self {
            Self::RequestRefund { customer, order, .. } => {
                vec![Key::Customer(*customer), Key::Order(*order), Key::Refund(*order)]
            }
            Self::ApproveRefund { order, .. } | Self::RejectRefund { order, .. } => {
                vec![Key::Order(*order), Key::Refund(*order)]
            }
            Self::AcceptTerms { customer } => vec![Key::Standing(*customer)],
            Self::BlockCustomer { customer, .. } | Self::UnblockCustomer { customer, .. } => {
                vec![Key::Customer(*customer), Key::Standing(*customer)]
            }
            Self::ProposeAdjustment { id, customer, .. } => {
                vec![Key::Adjustment(*id), Key::Customer(*customer)]
            }
            Self::BookAdjustment { id, customer, .. } => {
                vec![Key::Adjustment(*id), Key::Account(AccountId::Wallet(*customer))]
            }
            Self::SetMaintenance { .. } | Self::SetService { .. } => vec![Key::Maintenance],
            Self::Refer { customer, referrer } => {
                vec![Key::Customer(*customer), Key::Customer(*referrer), Key::Standing(*customer)]
            }
            Self::RewardReferral { id, customer, referrer, deposit, .. } => vec![
                Key::Adjustment(*id),
                Key::Standing(*customer),
                Key::Standing(*referrer),
                Key::Deposit(*deposit),
            ],
            Self::TakeBackReward { id, reward, customer, referrer, deposit } => vec![
                Key::Adjustment(*id),
                Key::Adjustment(*reward),
                Key::Standing(*customer),
                Key::Standing(*referrer),
                Key::Deposit(*deposit),
                Key::Account(AccountId::Wallet(*referrer)),
            ],
            Self::ReportDay { .. } => vec![Key::Reported],
            _ => Vec::new(),
        }
    }

    /// The same for the commands about deposits.
    fn touched_in_paying(&self) -> Vec<Key> {
        match self {
            Self::OpenDeposit { id, customer, amount, method, .. } => vec![
                Key::Customer(*customer),
                Key::Deposit(*id),
                Key::OpenDeposits(*customer),
                Key::Amounts(method.clone(), *amount),
            ],
            Self::TellReference { customer, deposit, reference, .. } => vec![
                Key::Customer(*customer),
                Key::Deposit(*deposit),
                Key::OpenDeposits(*customer),
                Key::Referred(reference.clone()),
            ],
            Self::SendPicture { customer, deposit, .. } => {
                vec![Key::Customer(*customer), Key::Deposit(*deposit), Key::OpenDeposits(*customer)]
            }
            Self::SubmitDeposit { customer, deposit, .. } => {
                vec![Key::Deposit(*deposit), Key::OpenDeposits(*customer)]
            }
            Self::StarsPaid { deposit, spare, charge, .. } => {
                let deposits = deposit.iter().chain([spare]).map(|id| Key::Deposit(*id));
                deposits.chain([Key::Charged(charge.clone())]).collect()
            }
            Self::ReturnStars { customer, deposit, .. } => {
                vec![Key::Deposit(*deposit), Key::Account(AccountId::Wallet(*customer))]
            }
            Self::StarsReturned { deposit }
            | Self::StarsKept { deposit }
            | Self::ApproveDeposit { deposit, .. }
            | Self::RejectDeposit { deposit, .. }
            | Self::DepositDeadline { deposit } => vec![Key::Deposit(*deposit)],
            _ => Vec::new(),
        }
    }
}

impl Effect {
    /// The record that decides what granting the effect means: the one whose card it shows, or
    /// the order that stands still without it.
    #[must_use]
    pub const fn subject(self) -> Option<Key> {
        match self {
            Self::ShowOrder(order)
            | Self::Buy(order)
            | Self::FindPurchase(order)
            | Self::Resend(order)
            | Self::ShowLostToAdmin(order, _)
            | Self::ShowUnreturnedToAdmin(order, _) => Some(Key::Order(order)),
            Self::ShowDeposit(deposit)
            | Self::ShowDepositToAdmin(deposit, _)
            | Self::SendInvoice(deposit)
            | Self::ReturnStars(deposit) => Some(Key::Deposit(deposit)),
            Self::ShowRefundToAdmin(order, _) => Some(Key::Refund(order)),
            Self::ShowBroadcastToAdmin(broadcast, _) => Some(Key::Broadcast(broadcast)),
            _ => None,
        }
    }
}
