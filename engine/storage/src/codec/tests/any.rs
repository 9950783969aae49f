//! Any value of every type that is stored.

mod broadcasts;
mod desk;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use ring4_domain::book::Booked;
use ring4_domain::change::{Activation, Actor, Change, Entry, Seq};
use ring4_domain::customer::{Customer, Prompt};
use ring4_domain::day::Day;
use ring4_domain::deposit::{AdminCard, Approval, Deposit, DepositState, Picture, Reference};
use ring4_domain::effect::Effect;
use ring4_domain::ids::{
    AdjustmentId, Country, DepositId, MessageId, MethodKey, OrderId, ProviderId, RulesVersion,
    ServiceKey, Timestamp, UserId,
};
use ring4_domain::ledger::{Account, AccountId, Resolution, Transfer, TransferId, TransferKind};
use ring4_domain::money::Amount;
use ring4_domain::order::{
    CancelReason, Candidate, Code, FailReason, Former, Lost, Order, OrderState, Purchase, Quote,
    Unreturned,
};
use ring4_domain::private::Private;
use ring4_domain::resend::{Resend, ResendState};
use ring4_domain::sale::{Sale, SaleSwitch};
use ring4_domain::stars::{ChargeId, Stars};

use broadcasts::{broadcast, broadcast_id, outreach};
use desk::{adjustment, maintenance, refund, standing};

use crate::codec::{
    AccountRow, EntryCopy, ForgottenRow, Mark, RulesRow, RulesSeen, Tally, Totals, WishRow,
};
use crate::journal::{Hash, Head};
use crate::keyring::SEALED_OVERHEAD;

/// What every known number, code and message begins with here.
pub(super) const MARKER: &str = "PRIVATE ";

fn private() -> impl Strategy<Value = Private> {
    let sealed = vec(any::<u8>(), SEALED_OVERHEAD..SEALED_OVERHEAD + 40);
    prop_oneof![
        4 => text().prop_map(|text| Private::Open(format!("{MARKER}{text}"))),
        1 => sealed.prop_map(|bytes| Private::Sealed(bytes.into())),
    ]
}

fn order_id() -> impl Strategy<Value = OrderId> {
    any::<u64>().prop_map(OrderId::from_bits)
}

fn deposit_id() -> impl Strategy<Value = DepositId> {
    any::<u64>().prop_map(DepositId::from_bits)
}

fn user() -> impl Strategy<Value = UserId> {
    any::<i64>().prop_map(UserId)
}

fn message() -> impl Strategy<Value = MessageId> {
    any::<i32>().prop_map(MessageId)
}

fn at() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp)
}

fn seq() -> impl Strategy<Value = Seq> {
    any::<u64>().prop_map(Seq)
}

fn amount() -> impl Strategy<Value = Amount> {
    any::<i64>().prop_map(Amount::from_micros)
}

fn rules_version() -> impl Strategy<Value = RulesVersion> {
    any::<[u8; 8]>().prop_map(RulesVersion)
}

fn provider() -> impl Strategy<Value = ProviderId> {
    "[a-z0-9_-]{1,32}".prop_map(|text| ProviderId::new(text).unwrap())
}

fn method() -> impl Strategy<Value = MethodKey> {
    "[a-z0-9_-]{1,32}".prop_map(|text| MethodKey::new(text).unwrap())
}

fn service() -> impl Strategy<Value = ServiceKey> {
    "[a-z0-9_-]{1,32}".prop_map(|text| ServiceKey::new(text).unwrap())
}

fn country() -> impl Strategy<Value = Country> {
    "[A-Z]{2}".prop_map(|text| text.parse().unwrap())
}

fn text() -> impl Strategy<Value = String> {
    // Any Unicode, the sort that customers' names are made of.
    ".{0,20}"
}

fn candidate() -> impl Strategy<Value = Candidate> {
    (provider(), service(), text(), amount()).prop_map(
        |(provider, service, vendor_service, cost)| Candidate {
            provider,
            service,
            vendor_service,
            cost,
        },
    )
}

fn quote() -> impl Strategy<Value = Quote> {
    let what = (order_id(), user(), service(), country(), amount(), amount());
    (what, vec(candidate(), 0..4), rules_version(), at(), at()).prop_map(
        |((id, customer, service, country, price, cost_max), candidates, rules, made, ends)| {
            let (created_at, expires_at) = (made, ends);
            Quote {
                id,
                customer,
                service,
                country,
                price,
                cost_max,
                candidates,
                rules,
                created_at,
                expires_at,
            }
        },
    )
}

fn purchase() -> impl Strategy<Value = Purchase> {
    (any::<u8>(), provider(), text(), private(), amount(), at()).prop_map(
        |(candidate, provider, vendor_order, number, cost, bought_at)| Purchase {
            candidate,
            provider,
            vendor_order,
            number,
            cost,
            bought_at,
        },
    )
}

fn order_state() -> impl Strategy<Value = OrderState> {
    let reason = prop_oneof![
        Just(CancelReason::Customer),
        Just(CancelReason::TimeOut),
        Just(CancelReason::SecondTry)
    ];
    let failed = prop_oneof![
        Just(FailReason::OutOfStock),
        Just(FailReason::PriceMoved),
        Just(FailReason::Unavailable),
        Just(FailReason::Unclear)
    ];
    prop_oneof![
        any::<(u8, bool)>()
            .prop_map(|(candidate, started)| OrderState::Buying { candidate, started }),
        Just(OrderState::Unclear),
        Just(OrderState::Waiting),
        reason.prop_map(|reason| OrderState::Cancelling { reason }),
        Just(OrderState::Delivered),
        Just(OrderState::Cancelled),
        Just(OrderState::Expired),
        failed.prop_map(OrderState::Failed),
        Just(OrderState::Refunded),
    ]
}

fn lost() -> impl Strategy<Value = Lost> {
    let cards = vec((user(), message()), 0..3).prop_map(|cards| {
        let card = |(admin, message)| AdminCard { admin, message };
        cards.into_iter().map(card).collect()
    });
    (any::<u8>(), at(), any::<bool>(), option::of(user()), cards).prop_map(
        |(candidate, since, asked, decided_by, admin_cards)| Lost {
            candidate,
            since,
            asked,
            decided_by,
            admin_cards,
        },
    )
}

fn former() -> impl Strategy<Value = Former> {
    (any::<u8>(), provider(), text(), amount(), at(), at()).prop_map(
        |(candidate, provider, vendor_order, cost, bought_at, returned_at)| Former {
            candidate,
            provider,
            vendor_order,
            cost,
            bought_at,
            returned_at,
        },
    )
}

fn unreturned() -> impl Strategy<Value = Unreturned> {
    let cards = vec((user(), message()), 0..3).prop_map(|cards| {
        let card = |(admin, message)| AdminCard { admin, message };
        cards.into_iter().map(card).collect()
    });
    (at(), any::<Option<bool>>(), option::of(user()), cards).prop_map(
        |(since, kept, decided_by, admin_cards)| Unreturned {
            since,
            kept,
            decided_by,
            admin_cards,
        },
    )
}

fn code() -> impl Strategy<Value = Code> {
    (private(), option::of(private()), at()).prop_map(|(code, text, arrived_at)| Code {
        code,
        text,
        arrived_at,
    })
}

fn resend() -> impl Strategy<Value = Resend> {
    let state = prop_oneof![
        any::<bool>().prop_map(|started| ResendState::Asking { started }),
        any::<bool>().prop_map(|cleared| ResendState::Waiting { cleared }),
        Just(ResendState::Arrived),
        Just(ResendState::Expired),
        Just(ResendState::Refused),
        Just(ResendState::Priced),
    ];
    let cost = prop_oneof![Just(Amount::ZERO), amount()];
    (state, at(), at(), "[ -~]{0,20}", any::<u32>(), option::of(code()), cost).prop_map(
        |(state, asked_at, deadline, vendor_order, seen, code, cost)| Resend {
            state,
            asked_at,
            deadline,
            vendor_order,
            seen,
            code,
            cost,
        },
    )
}

fn order() -> impl Strategy<Value = Order> {
    let moments = (at(), at(), at(), option::of(at()));
    let rest =
        (option::of(purchase()), option::of(code()), option::of(message()), option::of(lost()));
    let appended = (vec(former(), 0..3), option::of(unreturned()), vec(resend(), 0..3));
    (quote(), order_state(), moments, rest, appended).prop_map(
        |(quote, state, (placed_at, deadline, hold_deadline, ended_at), rest, appended)| {
            let (purchase, code, card, lost) = rest;
            let (former, unreturned, resends) = appended;
            Order {
                quote,
                state,
                placed_at,
                deadline,
                hold_deadline,
                ended_at,
                lost: lost.map(Box::new),
                purchase,
                former,
                unreturned: unreturned.map(Box::new),
                code,
                resends,
                card,
            }
        },
    )
}

fn deposit() -> impl Strategy<Value = Deposit> {
    let state =
        prop_oneof![
            Just(DepositState::Opened),
            at().prop_map(|at| DepositState::Submitted { at }),
            (user(), at()).prop_map(|(by, at)| DepositState::Approved { by, at }),
            (user(), at(), option::of(text()))
                .prop_map(|(by, at, reason)| DepositState::Rejected { by, at, reason }),
            at().prop_map(|at| DepositState::Expired { at }),
            at().prop_map(|at| DepositState::Credited { at }),
            (user(), at()).prop_map(|(by, at)| DepositState::Returning { by, at }),
            (user(), at()).prop_map(|(by, at)| DepositState::Returned { by, at }),
        ];
    let cards = vec((user(), message()), 0..3).prop_map(|cards| {
        let card = |(admin, message)| AdminCard { admin, message };
        cards.into_iter().map(card).collect()
    });
    let what = (deposit_id(), user(), amount(), method(), state);
    (what, at(), at(), option::of(message()), cards, evidence()).prop_map(
        |(what, created_at, expires_at, card, admin_cards, evidence)| {
            let (id, customer, amount, method, state) = what;
            let ((asked, wanted), reference, picture, first_approval, stars) = evidence;
            Deposit {
                id,
                customer,
                amount,
                method,
                state,
                created_at,
                expires_at,
                card,
                admin_cards,
                asked,
                reference,
                picture,
                first_approval,
                stars,
                wanted,
            }
        },
    )
}

type Evidence = (
    (Option<Amount>, Option<OrderId>),
    Option<Reference>,
    Option<Picture>,
    Option<Approval>,
    Option<Stars>,
);

fn stars() -> impl Strategy<Value = Stars> {
    let charge = any::<u64>().prop_map(|digits| ChargeId::new(format!("stx{digits}")).unwrap());
    (any::<u32>(), option::of(charge), option::of(message()), any::<u8>())
        .prop_map(|(count, charge, invoice, returns)| Stars { count, charge, invoice, returns })
}

/// What later versions added to deposits.
fn evidence() -> impl Strategy<Value = Evidence> {
    let reference = any::<u64>().prop_map(|digits| Reference::find(&format!("{digits:016}")));
    let picture =
        (text(), any::<bool>()).prop_map(|(file_id, document)| Picture { file_id, document });
    let approval = (user(), at()).prop_map(|(by, at)| Approval { by, at });
    let reference = prop_oneof![Just(None), reference];
    let stars = option::of(stars());
    let asked = (option::of(amount()), option::of(order_id()));
    (asked, reference, option::of(picture), option::of(approval), stars)
}

fn customer() -> impl Strategy<Value = Customer> {
    let prompt = prop_oneof![
        method().prop_map(Prompt::DepositAmount),
        amount().prop_map(Prompt::DepositMethod),
        deposit_id().prop_map(Prompt::DepositReference),
        deposit_id().prop_map(Prompt::DepositPicture),
        Just(Prompt::Deposit),
        (order_id(), amount()).prop_map(|(quote, amount)| Prompt::DepositFor(quote, amount)),
        order_id().prop_map(Prompt::RefundReason),
        Just(Prompt::Broadcast),
    ];
    let texts = (text(), option::of(text()), option::of(text()));
    (user(), texts, at(), option::of(prompt), any::<bool>()).prop_map(
        |(id, (name, username, language), created_at, prompt, reachable)| Customer {
            id,
            name,
            username,
            language,
            created_at,
            prompt,
            reachable,
        },
    )
}

fn account_id() -> impl Strategy<Value = AccountId> {
    prop_oneof![
        user().prop_map(AccountId::Wallet),
        Just(AccountId::Revenue),
        Just(AccountId::VendorCost),
        provider().prop_map(AccountId::VendorFloat),
        method().prop_map(AccountId::DepositsClearing),
        Just(AccountId::Refunds),
        user().prop_map(AccountId::Adjustments),
        Just(AccountId::OpeningBalances),
        Just(AccountId::Suspense),
    ]
}

fn transfer_id() -> impl Strategy<Value = TransferId> {
    prop_oneof![
        deposit_id().prop_map(TransferId::Deposit),
        (deposit_id(), any::<u8>()).prop_map(|(id, nth)| TransferId::ReturnHold(id, nth)),
        (deposit_id(), any::<u8>()).prop_map(|(id, nth)| TransferId::Return(id, nth)),
        (deposit_id(), any::<u8>()).prop_map(|(id, nth)| TransferId::ReturnRelease(id, nth)),
        order_id().prop_map(TransferId::Hold),
        order_id().prop_map(TransferId::Capture),
        order_id().prop_map(TransferId::Release),
        order_id().prop_map(TransferId::VendorCost),
        order_id().prop_map(TransferId::Refund),
        (order_id(), any::<u8>()).prop_map(|(id, place)| TransferId::ResendCost(id, place)),
        adjustment_id().prop_map(TransferId::Adjustment),
    ]
}

fn transfer() -> impl Strategy<Value = Transfer> {
    let kind = prop_oneof![
        Just(TransferKind::Posted),
        at().prop_map(|deadline| TransferKind::Pending { deadline }),
        transfer_id().prop_map(|pending| TransferKind::Post { pending }),
        transfer_id().prop_map(|pending| TransferKind::Void { pending }),
    ];
    (transfer_id(), account_id(), account_id(), amount(), kind)
        .prop_map(|(id, debit, credit, amount, kind)| Transfer { id, debit, credit, amount, kind })
}

fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![
        order_id().prop_map(Effect::Buy),
        order_id().prop_map(Effect::FindPurchase),
        order_id().prop_map(Effect::CancelPurchase),
        order_id().prop_map(Effect::ShowOrder),
        order_id().prop_map(Effect::RingCode),
        order_id().prop_map(Effect::TellOrderEnded),
        deposit_id().prop_map(Effect::ShowDeposit),
        deposit_id().prop_map(Effect::SendInvoice),
        deposit_id().prop_map(Effect::DropInvoice),
        deposit_id().prop_map(Effect::ReturnStars),
        deposit_id().prop_map(Effect::TellDepositDecided),
        (deposit_id(), user()).prop_map(|(id, admin)| Effect::ShowDepositToAdmin(id, admin)),
        (order_id(), user()).prop_map(|(id, admin)| Effect::ShowLostToAdmin(id, admin)),
        Just(Effect::DropKeys),
        (deposit_id(), user()).prop_map(|(id, admin)| Effect::SendPictureToAdmin(id, admin)),
        (order_id(), user()).prop_map(|(id, admin)| Effect::ShowUnreturnedToAdmin(id, admin)),
        (order_id(), user()).prop_map(|(id, admin)| Effect::ShowRefundToAdmin(id, admin)),
        order_id().prop_map(Effect::TellRefundDecided),
        adjustment_id().prop_map(Effect::TellAdjusted),
        (any::<i64>(), user()).prop_map(|(day, admin)| Effect::SendReport(Day(day), admin)),
        order_id().prop_map(Effect::Resend),
        deposit_id().prop_map(Effect::Reward),
        (broadcast_id(), user()).prop_map(|(id, admin)| Effect::ShowBroadcastToAdmin(id, admin)),
    ]
}

fn sale_switch() -> impl Strategy<Value = SaleSwitch> {
    let sale = prop_oneof![Just(Sale::Open), Just(Sale::Draining), Just(Sale::Off)];
    (provider(), sale, user(), at()).prop_map(|(provider, sale, by, at)| SaleSwitch {
        provider,
        sale,
        by,
        at,
    })
}

fn adjustment_id() -> impl Strategy<Value = AdjustmentId> {
    any::<u64>().prop_map(AdjustmentId::from_bits)
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        transfer().prop_map(Change::Transfer),
        customer().prop_map(Change::Customer),
        quote().prop_map(Change::Quote),
        order_id().prop_map(Change::QuoteDropped),
        order().prop_map(Change::Order),
        deposit().prop_map(Change::Deposit),
        effect().prop_map(Change::Wish),
        (effect(), seq()).prop_map(|(effect, made)| Change::Granted { effect, made }),
        rules_version().prop_map(|version| Change::RulesActivated(version.into())),
        (rules_version(), option::of(rules_version()), option::of(seq()))
            .prop_map(|(version, over, before)| Activation { version, over, before })
            .prop_map(Change::RulesActivated),
        any::<i64>().prop_map(|days| Change::CodesForgotten(Day(days))),
        sale_switch().prop_map(Change::SaleSet),
        refund().prop_map(Change::Refund),
        standing().prop_map(Change::Standing),
        adjustment().prop_map(Change::Adjustment),
        maintenance().prop_map(Change::Maintenance),
        any::<i64>().prop_map(|days| Change::Reported(Day(days))),
        broadcast().prop_map(Change::Broadcast),
        outreach().prop_map(Change::Outreach),
    ]
}

pub(super) fn entry() -> impl Strategy<Value = Entry> {
    let actor = prop_oneof![
        user().prop_map(Actor::Customer),
        user().prop_map(Actor::Admin),
        Just(Actor::Engine)
    ];
    (seq(), at(), actor, "[a-z_ 0-9]{0,64}", vec(change(), 0..5))
        .prop_map(|(seq, at, actor, cause, changes)| Entry { seq, at, actor, cause, changes })
}

#[derive(Debug)]
pub(super) struct Rows {
    pub account: AccountRow,
    pub booked: Booked,
    pub wish: WishRow,
    pub tally: Tally,
    pub totals: Totals,
    pub rules: RulesRow,
    pub rules_seen: RulesSeen,
    pub forgotten: ForgottenRow,
    pub sale: SaleSwitch,
    pub copy: EntryCopy,
    pub mark: Mark,
}

fn account() -> impl Strategy<Value = Account> {
    [amount(), amount(), amount(), amount(), amount(), amount(), amount()].prop_map(
        |[
            debits_pending,
            debits_posted,
            credits_pending,
            credits_posted,
            deposited,
            refunded,
            returned,
        ]| {
            Account {
                debits_pending,
                debits_posted,
                credits_pending,
                credits_posted,
                deposited,
                refunded,
                returned,
            }
        },
    )
}

fn booked() -> impl Strategy<Value = Booked> {
    let resolution = prop_oneof![
        Just(Resolution::Final),
        Just(Resolution::Open),
        transfer_id().prop_map(Resolution::Posted),
        transfer_id().prop_map(Resolution::Voided),
    ];
    (transfer(), resolution, seq()).prop_map(|(transfer, resolution, seq)| Booked {
        transfer,
        resolution,
        seq,
    })
}

pub(super) fn rows() -> impl Strategy<Value = Rows> {
    let named = (account_id(), account(), booked(), effect(), user(), rules_version());
    let plain = (seq(), any::<[u32; 3]>(), any::<[u64; 5]>(), any::<[u8; 32]>());
    (named, plain, vec(any::<u8>(), 0..99), sale_switch()).prop_map(|(named, plain, body, sale)| {
        let (id, account, booked, effect, customer, version) = named;
        let (seq, [orders_open, deposits_open, schema], totals, hash) = plain;
        let [customers, orders, deposits_opened, deposits_submitted, wishes] = totals;
        let hash = Hash(hash);
        Rows {
            account: AccountRow { id, account },
            booked,
            wish: WishRow { effect, made: seq },
            tally: Tally { customer, orders_open, deposits_open },
            totals: Totals {
                customers,
                orders_open: orders,
                deposits_opened,
                deposits_submitted,
                wishes,
            },
            rules: RulesRow { version, since: seq },
            rules_seen: RulesSeen { version },
            forgotten: ForgottenRow { before: Day(i64::from(schema)) },
            sale,
            copy: EntryCopy { body, hash },
            mark: Mark { schema, head: Head { seq, hash } },
        }
    })
}
