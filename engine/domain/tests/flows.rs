//! What may happen to orders and deposits, in the words of the trade. `world` says how a row is
//! read; the tests at the end fail when a state, a step, a refusal, a command or a wish is met
//! by no row.

// A test stops at the first surprise.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "flows/words.rs"]
mod words;
#[path = "flows/world.rs"]
mod world;

/// Each table is a test of its own and a part of `FLOWS`.
macro_rules! flows {
    ($($name:ident: $table:literal)*) => {
        $(#[test] fn $name() { crate::world::check($table); })*
        pub const FLOWS: &[&str] = &[$($table),*];
    };
}

#[path = "flows/admins.rs"]
mod admins;
#[path = "flows/broadcasts.rs"]
mod broadcasts;
#[path = "flows/customers.rs"]
mod customers;
#[path = "flows/deposits.rs"]
mod deposits;
#[path = "flows/outbox.rs"]
mod outbox;
#[path = "flows/resends.rs"]
mod resends;
#[path = "flows/returns.rs"]
mod returns;
#[path = "flows/stars.rs"]
mod stars;
#[path = "flows/vendors.rs"]
mod vendors;

use std::collections::BTreeSet;

use ring4_domain::broadcast::BroadcastStep;
use ring4_domain::command::Command;
use ring4_domain::day::Day;
use ring4_domain::deposit::DepositState;
use ring4_domain::effect::Effect;
use ring4_domain::ids::{AdjustmentId, BroadcastId, DepositId, OrderId, Timestamp, UserId};
use ring4_domain::money::Amount;
use ring4_domain::order::{CancelReason, FailReason, OrderState};
use ring4_domain::refusal::Refusal;
use ring4_domain::resend::ResendStep;
use world::{Seen, check};

/// Lists one value of each variant, and stops compiling when a variant is missing.
macro_rules! every {
    (
        $kind:ident: $($name:ident
            $({ $($field:ident: $value:expr),* })?
            $(($($inner:expr),*))?
        ),* $(,)?
    ) => {{
        const fn listed(it: &$kind) { match it { $($kind::$name { .. } => (),)* } }
        let all = vec![$($kind::$name $({ $($field: $value),* })? $(($($inner),*))?),*];
        all.iter().for_each(listed);
        all
    }};
}

/// Lists the names that each variant goes by, and stops compiling when a variant is missing.
macro_rules! named {
    ($kind:ident: $($variant:ident => $names:literal),* $(,)?) => {{
        const fn listed(it: &$kind) { match it { $($kind::$variant { .. } => (),)* } }
        let _: fn(&$kind) = listed;
        [$($names),*]
    }};
}

fn seen_by_all() -> Seen {
    let flows = [
        admins::FLOWS,
        broadcasts::FLOWS,
        customers::FLOWS,
        vendors::FLOWS,
        returns::FLOWS,
        resends::FLOWS,
        deposits::FLOWS,
        outbox::FLOWS,
        stars::FLOWS,
    ];
    flows.concat().into_iter().flat_map(check).collect()
}

/// The names that no row met.
fn unmet(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let seen = seen_by_all();
    names.into_iter().filter(|name| !seen.contains(name)).collect()
}

#[test]
fn every_refusal_is_met() {
    let (max, by, min) = (0, UserId(0), Amount::ZERO);
    let refusals = every!(Refusal:
        NotAdmin, QuoteGone, QuoteExpired, NotForSale, IdTaken, SellingPaused,
        OrdersOpenMax { max: max }, WalletShort { short: min }, OrderUnknown, OrderBuying,
        OrderDelivered, OrderEnded, LostSettled, DepositTooSmall { min: min },
        DepositTooLarge { max: min }, MethodUnknown, AmountsTaken, DepositsOpenMax { max: max },
        DepositUnknown, DepositNotSubmitted,
        DepositSubmittedAlready, DepositApprovedAlready { by: by },
        DepositRejectedAlready { by: by }, DepositCreditedAlready, SecondAdminNeeded,
        ReferenceUsed, ReferenceGiven, ReferenceMissing, PaidByInvoice, DepositExpired,
        NotReturnable,
        OrderNotDelivered, RefundNotAllowed, RefundUnknown, RefundRequestedAlready,
        RefundApprovedAlready { by: by }, RefundRejectedAlready { by: by }, CustomerBlocked,
        CustomerUnknown, PolicyRefuses, TermsPending, OrdersMinuteMax { max: max },
        OrdersHourMax { max: max }, OrdersDayMax { max: max }, AdjustmentUnknown, AdjustmentExpired,
        AdjustmentAmount { max: min }, AdjustmentReason, AdjustmentShort { available: min },
        AdjustmentBookedAlready { by: by }, ResendNotOffered, ResendUnderWay,
        ResendsMax { max: max }, BroadcastText, BroadcastUnknown, BroadcastExpired,
        BroadcastUnderWay, BroadcastEnded,
    );
    let unmet = unmet(refusals.iter().map(|refusal| refusal.key().to_owned()));
    // The policy script refuses before the core is asked.
    assert_eq!(unmet, ["refusal.policy"]);
}

#[test]
fn every_state_is_reached_and_every_step_is_known() {
    let at = Timestamp(0);
    let by = UserId(0);
    let orders = every!(OrderState:
        Buying { candidate: 0, started: false }, Unclear, Waiting,
        Cancelling { reason: CancelReason::Customer }, Delivered, Cancelled, Expired,
        Failed(FailReason::Unclear), Refunded,
    );
    let deposits = every!(DepositState:
        Opened, Submitted { at: at }, Approved { by: by, at: at }, Credited { at: at },
        Returning { by: by, at: at }, Returned { by: by, at: at },
        Rejected { by: by, at: at, reason: None }, Expired { at: at },
    );
    let steps = BTreeSet::from([
        "order: new → buying",
        "order: buying → waiting",
        "order: buying → unclear",
        "order: buying → failed",
        "order: unclear → waiting",
        "order: unclear → failed",
        "order: waiting → delivered",
        "order: waiting → cancelling",
        "order: waiting → expired",
        "order: cancelling → delivered",
        "order: cancelling → cancelled",
        "order: cancelling → expired",
        "order: cancelling → buying",
        "order: buying → expired",
        "deposit: new → opened",
        "deposit: opened → submitted",
        "deposit: opened → expired",
        "deposit: expired → submitted",
        "deposit: opened → credited",
        "deposit: expired → credited",
        "deposit: new → credited",
        "deposit: credited → returning",
        "deposit: returning → returned",
        "deposit: returning → credited",
        "deposit: submitted → approved",
        "deposit: submitted → rejected",
        "order: delivered → refunded",
        "refund: new → requested",
        "refund: new → approved",
        "refund: requested → approved",
        "refund: requested → rejected",
    ]);
    let seen = seen_by_all();
    let taken: BTreeSet<&str> =
        seen.iter().map(String::as_str).filter(|seen| seen.contains(" → ")).collect();
    assert_eq!(taken, steps);
    let reached = |name: &str| steps.iter().any(|step| step.ends_with(&format!("→ {name}")));
    let orders = orders.iter().map(|state| state.name());
    let deposits = deposits.iter().map(DepositState::name);
    let unreached: Vec<&str> = orders.chain(deposits).filter(|name| !reached(name)).collect();
    assert!(unreached.is_empty(), "no row reaches {unreached:?}");
}

#[test]
fn every_command_and_every_wish_is_met() {
    let order = OrderId::from_bits(0);
    let deposit = DepositId::from_bits(0);
    let admin = UserId(0);
    let effects = every!(Effect:
        Buy(order), FindPurchase(order), CancelPurchase(order), ShowOrder(order), RingCode(order),
        TellOrderEnded(order), ShowDeposit(deposit), TellDepositDecided(deposit),
        ShowDepositToAdmin(deposit, admin), ShowLostToAdmin(order, admin), DropKeys,
        SendPictureToAdmin(deposit, admin),
        ShowUnreturnedToAdmin(order, admin),
        SendInvoice(deposit), DropInvoice(deposit), ReturnStars(deposit),
        ShowRefundToAdmin(order, admin), TellRefundDecided(order),
        TellAdjusted(AdjustmentId::from_bits(0)), SendReport(Day(0), admin), Resend(order),
        Reward(deposit),
        ShowBroadcastToAdmin(BroadcastId::from_bits(0), admin),
    );
    // The last two go by the names of their steps.
    let commands = named!(Command:
        Welcome => "welcome", Ask => "ask", ChooseLanguage => "choose_language",
        SetReachable => "set_reachable", OfferQuote => "offer_quote",
        PlaceOrder => "place_order", CancelOrder => "cancel_order",
        OpenDeposit => "open_deposit", SubmitDeposit => "submit_deposit",
        TellReference => "tell_reference", SendPicture => "send_picture",
        ApproveDeposit => "approve_deposit", RejectDeposit => "reject_deposit",
        StarsPaid => "stars_paid", ReturnStars => "return_stars",
        StarsReturned => "stars_returned", StarsKept => "stars_kept",
        StartPurchase => "start_purchase", PurchaseBought => "purchase_bought",
        PurchaseRefused => "purchase_refused", PurchaseUnclear => "purchase_unclear",
        PurchaseNotFound => "purchase_not_found", PurchaseDoubtful => "purchase_doubtful",
        AdoptPurchase => "adopt_purchase", ReleasePurchase => "release_purchase",
        CodeArrived => "code_arrived", PurchaseReturned => "purchase_returned",
        CodeOverdue => "code_overdue", ReturnUnconfirmed => "return_unconfirmed",
        ReturnDenied => "return_denied", SettleReturn => "settle_return",
        OrderDeadline => "order_deadline", DepositDeadline => "deposit_deadline",
        QuoteDeadline => "quote_deadline", Granted => "granted",
        ActivateRules => "activate_rules", ForgetCodes => "forget_codes", SetSale => "set_sale",
        RequestRefund => "request_refund", ApproveRefund => "approve_refund",
        RejectRefund => "reject_refund", AcceptTerms => "accept_terms",
        BlockCustomer => "block_customer", UnblockCustomer => "unblock_customer",
        ProposeAdjustment => "propose_adjustment", BookAdjustment => "book_adjustment",
        SetMaintenance => "set_maintenance", ReportDay => "report_day",
        SetService => "set_service", Refer => "refer", RewardReferral => "reward_referral",
        TakeBackReward => "take_back_reward", Resend => "", Broadcast => "",
    );
    let resends = named!(ResendStep:
        Request => "request_code", Start => "start_resend", Wait => "resend_waits",
        Refuse => "resend_refused", Clear => "resend_cleared", Arrive => "another_code_arrived",
        Deadline => "resend_deadline",
    );
    let broadcasts = named!(BroadcastStep:
        Propose => "propose_broadcast", Start => "start_broadcast",
        Pause => "pause_broadcast resume_broadcast", Cancel => "cancel_broadcast",
        Record => "record_deliveries", Finish => "finish_broadcast",
    );
    let commands = [commands.join(" "), resends.join(" "), broadcasts.join(" ")].join(" ");
    let effects = effects.iter().map(|effect| effect.name().to_owned());
    let unmet = unmet(effects.chain(commands.split_whitespace().map(str::to_owned)));
    assert!(unmet.is_empty(), "no row says {unmet:?}");
}
