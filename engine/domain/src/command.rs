//! Every wish and fact that may reach the core. Domain and the middle import this.

mod touched;

use crate::broadcast::BroadcastStep;
use crate::change::{Activation, Seq};
use crate::customer::{Profile, Prompt};
use crate::day::Day;
use crate::deposit::{Picture, Reference};
use crate::effect::Effect;
use crate::ids::{
    AdjustmentId, BroadcastId, Country, DepositId, MessageId, MethodKey, OrderId, ProviderId,
    RulesVersion, ServiceKey, UserId,
};
use crate::ledger::AccountId;
use crate::money::Amount;
use crate::order::{Candidate, FailReason, Purchase};
use crate::private::Private;
use crate::resend::ResendStep;
use crate::sale::Sale;
use crate::stars::ChargeId;

/// An offer with the price that the rules propose for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The id to give the quote.
    pub id: OrderId,
    /// Who asks.
    pub customer: UserId,
    /// What.
    pub service: ServiceKey,
    /// From where.
    pub country: Country,
    /// What the pricing script proposes.
    pub proposed: Amount,
    /// The cost that the price was proposed for.
    pub cost: Amount,
    /// Who may serve it, best first.
    pub candidates: Vec<Candidate>,
    /// The rule set that proposed it.
    pub rules: RulesVersion,
}

/// Something someone wants, or something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A person wrote; known or new.
    Welcome(Profile),
    /// The next plain text of this customer answers a question, or none.
    Ask {
        /// The customer.
        customer: UserId,
        /// What is asked.
        prompt: Option<Prompt>,
    },
    /// The customer chooses the language to be spoken to in.
    ChooseLanguage {
        /// The customer.
        customer: UserId,
        /// A language code such as `es`; whether it is offered was checked before.
        language: String,
    },
    /// Telegram says whether the customer can be written to.
    SetReachable {
        /// The customer.
        customer: UserId,
        /// Whether messages arrive.
        reachable: bool,
    },
    /// A price is to be shown.
    OfferQuote(Proposal),
    /// The customer confirms a quote.
    PlaceOrder {
        /// Who presses.
        customer: UserId,
        /// The quote, which becomes the order.
        quote: OrderId,
        /// The message that shall be the order's card.
        card: Option<MessageId>,
    },
    /// The customer wants the money back.
    CancelOrder {
        /// Who presses.
        customer: UserId,
        /// Which.
        order: OrderId,
    },
    /// The customer wants to pay in.
    OpenDeposit {
        /// The id to give it.
        id: DepositId,
        /// Who.
        customer: UserId,
        /// How much.
        amount: Amount,
        /// By which way.
        method: MethodKey,
        /// The message that shall be the deposit's card.
        card: Option<MessageId>,
    },
    /// The customer says the money is on its way.
    SubmitDeposit {
        /// Who presses.
        customer: UserId,
        /// Which.
        deposit: DepositId,
        /// Whether the policy script would credit it without an admin.
        auto: bool,
    },
    /// The customer tells the id of the payment.
    TellReference {
        /// Who tells.
        customer: UserId,
        /// For which deposit.
        deposit: DepositId,
        /// The payment's id.
        reference: Reference,
        /// Whether the policy script would credit it without an admin.
        auto: bool,
    },
    /// The customer sends a picture of the payment.
    SendPicture {
        /// Who sends.
        customer: UserId,
        /// For which deposit.
        deposit: DepositId,
        /// The picture.
        picture: Picture,
    },
    /// An admin has seen the money.
    ApproveDeposit {
        /// Who decides.
        admin: UserId,
        /// Which.
        deposit: DepositId,
    },
    /// An admin has not seen the money.
    RejectDeposit {
        /// Who decides.
        admin: UserId,
        /// Which.
        deposit: DepositId,
        /// What the customer is told.
        reason: Option<String>,
    },
    /// Telegram took stars.
    StarsPaid {
        /// Who paid.
        customer: UserId,
        /// For which deposit, as its invoice says.
        deposit: Option<DepositId>,
        /// The id of a deposit to be made up where that one cannot take the money.
        spare: DepositId,
        /// Telegram's id of the payment.
        charge: ChargeId,
        /// How many stars.
        count: u32,
    },
    /// An admin wants a deposit's stars given back.
    ReturnStars {
        /// Who decides.
        admin: UserId,
        /// Whose deposit it is.
        customer: UserId,
        /// Which.
        deposit: DepositId,
    },
    /// Telegram gave a deposit's stars back.
    StarsReturned {
        /// Which.
        deposit: DepositId,
    },
    /// Telegram does not give a deposit's stars back.
    StarsKept {
        /// Which.
        deposit: DepositId,
    },
    /// The vendor is about to be asked; from here on the answer can be lost.
    StartPurchase {
        /// Which order.
        order: OrderId,
        /// Which candidate.
        candidate: u8,
    },
    /// The vendor sold a number.
    PurchaseBought {
        /// For which order.
        order: OrderId,
        /// What.
        purchase: Purchase,
    },
    /// The vendor refused, and bought nothing.
    PurchaseRefused {
        /// For which order.
        order: OrderId,
        /// Which candidate.
        candidate: u8,
        /// Why, as far as the customer is concerned.
        reason: FailReason,
    },
    /// The vendor's answer was lost.
    PurchaseUnclear {
        /// For which order.
        order: OrderId,
        /// Which candidate.
        candidate: u8,
    },
    /// The vendor was asked long enough and knows of no purchase.
    PurchaseNotFound {
        /// For which order.
        order: OrderId,
    },
    /// The vendor's lists do not say whether a number was bought, or which: admins are to decide.
    PurchaseDoubtful {
        /// For which order.
        order: OrderId,
    },
    /// An admin says that this is the number whose sale was never confirmed.
    AdoptPurchase {
        /// Who decides.
        admin: UserId,
        /// For which order.
        order: OrderId,
        /// What.
        purchase: Purchase,
    },
    /// An admin says that nothing was bought.
    ReleasePurchase {
        /// Who decides.
        admin: UserId,
        /// For which order.
        order: OrderId,
    },
    /// The code is there.
    CodeArrived {
        /// For which order.
        order: OrderId,
        /// The vendor's id of the purchase it belongs to.
        vendor_order: String,
        /// The code.
        code: Private,
        /// The whole message, where known.
        text: Option<Private>,
    },
    /// The vendor took the number back, asked or on its own account.
    PurchaseReturned {
        /// For which order.
        order: OrderId,
        /// The vendor's id of the purchase.
        vendor_order: String,
    },
    /// The code has not come in the time that codes of this vendor take.
    CodeOverdue {
        /// For which order.
        order: OrderId,
    },
    /// The vendor has been asked to take the number back for long enough, and nobody knows whether
    /// it did.
    ReturnUnconfirmed {
        /// For which order.
        order: OrderId,
    },
    /// The vendor says that it keeps what it charged.
    ReturnDenied {
        /// For which order.
        order: OrderId,
    },
    /// An admin has seen whether the vendor kept what it charged.
    SettleReturn {
        /// Who decides.
        admin: UserId,
        /// For which order.
        order: OrderId,
        /// Whether it did.
        kept: bool,
    },
    /// The clock passed one of the order's deadlines.
    OrderDeadline {
        /// Which.
        order: OrderId,
    },
    /// The clock passed the deposit's deadline.
    DepositDeadline {
        /// Which.
        deposit: DepositId,
    },
    /// The clock passed the quote's lifetime.
    QuoteDeadline {
        /// Which.
        quote: OrderId,
    },
    /// A wish was granted.
    Granted {
        /// The wish.
        effect: Effect,
        /// The entry that made it.
        made: Seq,
        /// The message that it led to, where it showed something for the first time.
        message: Option<MessageId>,
    },
    /// A rule set is proven and goes live.
    ActivateRules(Activation),
    /// A day has passed: numbers and codes that were kept long enough are to be forgotten.
    ForgetCodes,
    /// An admin lets a vendor sell, only serve what is open, or rest.
    SetSale {
        /// Who decides.
        admin: UserId,
        /// Which vendor.
        provider: ProviderId,
        /// What it may do from now on.
        sale: Sale,
    },
    /// The customer wants the money of a delivered order back.
    RequestRefund {
        /// Who asks.
        customer: UserId,
        /// Which.
        order: OrderId,
        /// What went wrong, in the customer's words.
        reason: Option<String>,
        /// Whether the policy script lets this order be refunded.
        refundable: bool,
    },
    /// An admin gives the money of a delivered order back, asked or not.
    ApproveRefund {
        /// Who decides.
        admin: UserId,
        /// Which.
        order: OrderId,
    },
    /// An admin refuses a refund.
    RejectRefund {
        /// Who decides.
        admin: UserId,
        /// Which.
        order: OrderId,
        /// What the customer is told.
        reason: Option<String>,
    },
    /// The customer accepts the terms.
    AcceptTerms {
        /// Who.
        customer: UserId,
    },
    /// A customer may buy nothing any more.
    BlockCustomer {
        /// The admin, or nobody where the policy does it.
        by: Option<UserId>,
        /// Who.
        customer: UserId,
        /// Why, for admins.
        reason: String,
    },
    /// A customer may buy again.
    UnblockCustomer {
        /// Who decides.
        admin: UserId,
        /// Who.
        customer: UserId,
    },
    /// An admin wants to correct a wallet.
    ProposeAdjustment {
        /// The id to give it.
        id: AdjustmentId,
        /// Who decides.
        admin: UserId,
        /// Whose wallet.
        customer: UserId,
        /// Into it above zero, out of it below.
        amount: Amount,
        /// Why.
        reason: String,
    },
    /// An admin confirms a correction.
    BookAdjustment {
        /// Who confirms.
        admin: UserId,
        /// Which.
        id: AdjustmentId,
        /// Whose wallet, as the record of it says.
        customer: UserId,
    },
    /// An admin pauses the selling, or lets it go on.
    SetMaintenance {
        /// Who decides.
        admin: UserId,
        /// Whether it pauses.
        on: bool,
        /// What customers are told; the message pack's own text when empty.
        text: String,
    },
    /// The local time of the daily report has come.
    ReportDay {
        /// The local day.
        day: Day,
        /// Whether admins get it; else it only counts as sent, because nobody was waiting yet.
        send: bool,
    },
    /// A customer came by somebody's link.
    Refer {
        /// Who came.
        customer: UserId,
        /// Whose link it was.
        referrer: UserId,
    },
    /// The first money of a customer who was brought is there.
    RewardReferral {
        /// The id of the entry in the referrer's wallet.
        id: AdjustmentId,
        /// Who was brought.
        customer: UserId,
        /// By whom, as the customer's standing says.
        referrer: UserId,
        /// The deposit.
        deposit: DepositId,
        /// Whether no other was credited before.
        first: bool,
    },
    /// The deposit that a reward was given for was given back.
    TakeBackReward {
        /// The id of the entry in the referrer's wallet.
        id: AdjustmentId,
        /// The reward.
        reward: AdjustmentId,
        /// Who was brought.
        customer: UserId,
        /// By whom, as the customer's standing says.
        referrer: UserId,
        /// The deposit.
        deposit: DepositId,
    },
    /// An admin switches a service off, or on again.
    SetService {
        /// Who decides.
        admin: UserId,
        /// Which.
        service: ServiceKey,
        /// Whether it is sold.
        on: bool,
    },
    /// Something about another code of a delivered order.
    Resend {
        /// Which order.
        order: OrderId,
        /// What happens.
        step: ResendStep,
    },
    /// Something about news to every customer.
    Broadcast(BroadcastStep),
}

/// A record that a command may need to see.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A customer.
    Customer(UserId),
    /// How many orders of a customer are open.
    OpenOrders(UserId),
    /// How many deposits of a customer are opened or submitted.
    OpenDeposits(UserId),
    /// An account.
    Account(AccountId),
    /// A quote.
    Quote(OrderId),
    /// An order.
    Order(OrderId),
    /// Which order has what was bought at this vendor under this id of its own.
    Owner(ProviderId, String),
    /// A deposit.
    Deposit(DepositId),
    /// Which deposit has this payment's id.
    Referred(Reference),
    /// The amounts that open deposits of this method may not share, from this one up to
    /// [`crate::deposit::AMOUNTS_TRIED`] steps above.
    Amounts(MethodKey, Amount),
    /// Which deposit was paid by this payment in stars.
    Charged(ChargeId),
    /// When the outbox holds the wish: the entry that made it.
    Wish(Effect),
    /// The live rule set.
    Rules,
    /// The day before which numbers and codes are forgotten.
    Forgotten,
    /// When the oldest order that is open was placed.
    OldestOpenOrder,
    /// What a vendor may do.
    Sale(ProviderId),
    /// The refund of an order.
    Refund(OrderId),
    /// How a customer stands.
    Standing(UserId),
    /// An adjustment.
    Adjustment(AdjustmentId),
    /// Whether an admin lets selling pause.
    Maintenance,
    /// The local day of the last report.
    Reported,
    /// When a customer's latest orders were placed, newest first, as many as limits count.
    Placed(UserId),
    /// A broadcast.
    Broadcast(BroadcastId),
    /// How far a broadcast has come.
    Outreach(BroadcastId),
    /// The broadcast that is under way.
    ActiveBroadcast,
}

impl Command {
    /// The command's name in causes, logs and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Welcome(_) => "welcome",
            Self::Ask { .. } => "ask",
            Self::ChooseLanguage { .. } => "choose_language",
            Self::SetReachable { .. } => "set_reachable",
            Self::OfferQuote(_) => "offer_quote",
            Self::PlaceOrder { .. } => "place_order",
            Self::CancelOrder { .. } => "cancel_order",
            Self::OpenDeposit { .. } => "open_deposit",
            Self::SubmitDeposit { .. } => "submit_deposit",
            Self::TellReference { .. } => "tell_reference",
            Self::SendPicture { .. } => "send_picture",
            Self::ApproveDeposit { .. } => "approve_deposit",
            Self::RejectDeposit { .. } => "reject_deposit",
            Self::StarsPaid { .. } => "stars_paid",
            Self::ReturnStars { .. } => "return_stars",
            Self::StarsReturned { .. } => "stars_returned",
            Self::StarsKept { .. } => "stars_kept",
            Self::StartPurchase { .. } => "start_purchase",
            Self::PurchaseBought { .. } => "purchase_bought",
            Self::PurchaseRefused { .. } => "purchase_refused",
            Self::PurchaseUnclear { .. } => "purchase_unclear",
            Self::PurchaseNotFound { .. } => "purchase_not_found",
            Self::PurchaseDoubtful { .. } => "purchase_doubtful",
            Self::AdoptPurchase { .. } => "adopt_purchase",
            Self::ReleasePurchase { .. } => "release_purchase",
            Self::CodeArrived { .. } => "code_arrived",
            Self::PurchaseReturned { .. } => "purchase_returned",
            Self::CodeOverdue { .. } => "code_overdue",
            Self::ReturnUnconfirmed { .. } => "return_unconfirmed",
            Self::ReturnDenied { .. } => "return_denied",
            Self::SettleReturn { .. } => "settle_return",
            Self::OrderDeadline { .. } => "order_deadline",
            Self::DepositDeadline { .. } => "deposit_deadline",
            Self::QuoteDeadline { .. } => "quote_deadline",
            Self::Granted { .. } => "granted",
            Self::ActivateRules(_) => "activate_rules",
            Self::ForgetCodes => "forget_codes",
            Self::SetSale { .. } => "set_sale",
            Self::RequestRefund { .. } => "request_refund",
            Self::ApproveRefund { .. } => "approve_refund",
            Self::RejectRefund { .. } => "reject_refund",
            Self::AcceptTerms { .. } => "accept_terms",
            Self::BlockCustomer { .. } => "block_customer",
            Self::UnblockCustomer { .. } => "unblock_customer",
            Self::ProposeAdjustment { .. } => "propose_adjustment",
            Self::BookAdjustment { .. } => "book_adjustment",
            Self::SetMaintenance { .. } => "set_maintenance",
            Self::ReportDay { .. } => "report_day",
            Self::SetService { .. } => "set_service",
            Self::Refer { .. } => "refer",
            Self::RewardReferral { .. } => "reward_referral",
            Self::TakeBackReward { .. } => "take_back_reward",
            Self::Resend { step, .. } => step.name(),
            Self::Broadcast(step) => step.name(),
        }
    }
}
