//! A small shop to write into a store: invented customers, orders and deposits.

use ring4_domain::adjustment::Adjustment;
use ring4_domain::book::Book;
use ring4_domain::broadcast::{Broadcast, BroadcastState, Outreach};
use ring4_domain::change::{Actor, Change, Seq};
use ring4_domain::customer::Customer;
use ring4_domain::day::Day;
use ring4_domain::deposit::{AdminCard, Approval, Deposit, DepositState, Picture, Reference};
use ring4_domain::effect::Effect;
use ring4_domain::ids::{
    AdjustmentId, BroadcastId, Country, DepositId, MessageId, OrderId, RulesVersion, Timestamp,
    UserId,
};
use ring4_domain::ledger::{AccountId, Transfer, TransferId, TransferKind};
use ring4_domain::maintenance::Maintenance;
use ring4_domain::money::Amount;
use ring4_domain::order::{
    CancelReason, Candidate, Code, Former, Order, OrderState, Purchase, Quote, Unreturned,
};
use ring4_domain::refund::{Refund, RefundState};
use ring4_domain::resend::{Resend, ResendState};
use ring4_domain::sale::{Sale, SaleSwitch};
use ring4_domain::standing::{Block, Standing};
use ring4_domain::stars::{ChargeId, Stars};
use ring4_storage::{Snapshot, Store};

pub const NOON: Timestamp = Timestamp(1_760_000_000_000);

/// Every customer's number.
pub const NUMBER: &str = "+15550100";
/// Every customer's code, which looks like nothing else that is stored.
pub const CODE: &str = "code-7J6Q-2X";

pub fn dollars(text: &str) -> Amount {
    text.parse().unwrap()
}

pub fn customer(id: i64) -> Customer {
    Customer {
        id: UserId(id),
        name: format!("Customer {id} <b>&</b>"),
        username: (id % 2 == 0).then(|| format!("customer_{id}")),
        language: Some("en".to_owned()),
        created_at: NOON,
        prompt: None,
        reachable: true,
    }
}

pub fn deposit(id: u64, customer: i64, amount: &str, state: DepositState) -> Deposit {
    Deposit {
        id: DepositId::from_bits(id),
        customer: UserId(customer),
        amount: dollars(amount),
        method: "usdt".parse().unwrap(),
        state,
        created_at: NOON.plus_secs(u32::try_from(id % 1_000_000).unwrap()),
        expires_at: NOON.plus_secs(3_600),
        card: None,
        admin_cards: Vec::new(),
        asked: None,
        reference: None,
        picture: None,
        first_approval: None,
        stars: None,
        wanted: None,
    }
}

pub fn quote(id: u64, customer: i64, price: &str) -> Quote {
    Quote {
        id: OrderId::from_bits(id),
        customer: UserId(customer),
        service: "telegram".parse().unwrap(),
        country: Country::US,
        price: dollars(price),
        cost_max: dollars(price),
        candidates: vec![Candidate {
            provider: "mock".parse().unwrap(),
            service: "telegram".parse().unwrap(),
            vendor_service: "907".to_owned(),
            cost: dollars("0.24"),
        }],
        rules: RulesVersion(*b"rules--1"),
        created_at: NOON,
        expires_at: NOON.plus_secs(u32::try_from(id % 1_000_000).unwrap()),
    }
}

pub fn order(quote: Quote, state: OrderState) -> Order {
    let bought = !matches!(state, OrderState::Buying { .. });
    let bought_at = NOON.plus_secs(7);
    Order {
        placed_at: NOON.plus_secs(u32::try_from(quote.id.bits() % 1_000_000).unwrap()),
        deadline: NOON.plus_secs(1_200),
        hold_deadline: NOON.plus_secs(1_800),
        ended_at: (!state.is_open()).then(|| NOON.plus_secs(90)),
        lost: None,
        purchase: bought.then(|| Purchase {
            candidate: 0,
            provider: "mock".parse().unwrap(),
            vendor_order: format!("V{}", quote.id.bits()),
            number: NUMBER.into(),
            cost: dollars("0.24"),
            bought_at,
        }),
        former: Vec::new(),
        unreturned: None,
        resends: Vec::new(),
        code: matches!(state, OrderState::Delivered).then(|| Code {
            code: CODE.into(),
            text: Some(format!("Your code: {CODE}").into()),
            arrived_at: bought_at,
        }),
        card: None,
        state,
        quote,
    }
}

pub fn transfer(id: TransferId, from: AccountId, to: AccountId, amount: Amount) -> Change {
    Change::Transfer(Transfer { id, debit: from, credit: to, amount, kind: TransferKind::Posted })
}

/// Money for a customer, by an approved deposit.
pub fn pay_in(id: u64, customer: i64, amount: &str) -> Vec<Change> {
    let state = DepositState::Approved { by: UserId(1), at: NOON };
    let deposit = deposit(id, customer, amount, state);
    let (id, amount) = (deposit.id, deposit.amount);
    vec![
        transfer(
            TransferId::Deposit(id),
            AccountId::DepositsClearing("usdt".parse().unwrap()),
            AccountId::Wallet(UserId(customer)),
            amount,
        ),
        Change::Deposit(deposit),
        Change::Wish(Effect::ShowDeposit(id)),
        Change::Wish(Effect::TellDepositDecided(id)),
    ]
}

/// A customer confirms a quote.
pub fn place(id: u64, customer: i64, price: &str) -> Vec<Change> {
    let order =
        order(quote(id, customer, price), OrderState::Buying { candidate: 0, started: false });
    let (id, amount) = (order.id(), order.quote.price);
    let kind = TransferKind::Pending { deadline: order.hold_deadline };
    let (debit, credit) = (AccountId::Wallet(UserId(customer)), AccountId::Revenue);
    vec![
        Change::Transfer(Transfer { id: TransferId::Hold(id), debit, credit, amount, kind }),
        Change::QuoteDropped(id),
        Change::Order(order),
        Change::Wish(Effect::Buy(id)),
        Change::Wish(Effect::ShowOrder(id)),
    ]
}

/// The order of [`place`] ends: with a code, or with the money back.
pub fn end(id: u64, customer: i64, price: &str, delivered: bool) -> Vec<Change> {
    let state = if delivered { OrderState::Delivered } else { OrderState::Cancelled };
    let order = order(quote(id, customer, price), state);
    let (id, amount) = (order.id(), order.quote.price);
    let pending = TransferId::Hold(id);
    let (transfer_id, kind) = if delivered {
        (TransferId::Capture(id), TransferKind::Post { pending })
    } else {
        (TransferId::Release(id), TransferKind::Void { pending })
    };
    let (debit, credit) = (AccountId::Wallet(UserId(customer)), AccountId::Revenue);
    let settle = Transfer { id: transfer_id, debit, credit, amount, kind };
    let mut changes = vec![Change::Transfer(settle)];
    if delivered {
        let float = AccountId::VendorFloat("mock".parse().unwrap());
        let cost = TransferId::VendorCost(id);
        changes.push(transfer(cost, AccountId::VendorCost, float, dollars("0.24")));
        changes.push(Change::Wish(Effect::RingCode(id)));
    }
    changes.push(Change::Order(order));
    changes.push(Change::Wish(Effect::ShowOrder(id)));
    changes
}

/// The order of [`place`] is being cancelled.
pub fn cancelling(id: u64, customer: i64, price: &str) -> Vec<Change> {
    let state = OrderState::Cancelling { reason: CancelReason::Customer };
    let order = order(quote(id, customer, price), state);
    let id = order.id();
    vec![Change::Order(order), Change::Wish(Effect::CancelPurchase(id))]
}

/// Commits each list of changes as one entry, all in one group.
pub fn commit(store: &mut Store, entries: Vec<Vec<Change>>) -> Seq {
    let mut group = store.begin();
    for changes in entries {
        group.stage(NOON, Actor::Engine, "test", changes).unwrap();
    }
    group.commit().unwrap().seq
}

/// The entries of a snapshot, folded by the domain's own code.
pub fn fold(snapshot: &Snapshot) -> Book {
    let mut book = Book::default();
    let head = snapshot.head().unwrap().seq.0;
    for seq in 1..=head {
        book.apply(snapshot.entry(Seq(seq)).unwrap().unwrap()).unwrap();
    }
    book
}

/// A few customers who pay in, buy, cancel and receive, in several groups.
pub fn busy_day(store: &mut Store) {
    for customer_id in 1..=6 {
        commit(store, vec![vec![Change::Customer(customer(customer_id))]]);
    }
    let claim = |id, customer| vec![Change::Deposit(deposit(id, customer, "3.00", submitted()))];
    commit(store, (1..=6).map(|id| pay_in(100 + id, id.cast_signed(), "10.00")).collect());
    commit(store, vec![claim(300, 1), claim(301, 2)]);
    commit(store, vec![vec![Change::RulesActivated(RulesVersion(*b"rules--1").into())]]);
    for round in 0..4 {
        let ids = (1..=6_u64).map(|customer| (200 + round * 10 + customer, customer.cast_signed()));
        let ids: Vec<(u64, i64)> = ids.collect();
        let quotes = ids.iter().map(|(id, user)| vec![Change::Quote(quote(*id, *user, "0.42"))]);
        commit(store, quotes.collect());
        commit(store, ids.iter().skip(1).map(|(id, user)| place(*id, *user, "0.42")).collect());
        let granted = ids.iter().skip(1).map(|(id, _)| {
            let effect = Effect::Buy(OrderId::from_bits(*id));
            let made = store.snapshot().wish(effect).unwrap().unwrap();
            vec![Change::Granted { effect, made }]
        });
        let granted = granted.collect();
        commit(store, granted);
        commit(store, vec![cancelling(ids[2].0, ids[2].1, "0.42")]);
        let ends = ids.iter().skip(2).map(|(id, user)| end(*id, *user, "0.42", id % 2 == 0));
        commit(store, ends.collect());
        // An order that is never served keeps its wish to buy.
        let buy = Effect::Buy(OrderId::from_bits(ids[1].0));
        commit(store, vec![vec![Change::Wish(buy)]]);
    }
    commit(store, vec![vec![Change::RulesActivated(RulesVersion(*b"rules--2").into())]]);
    commit(store, vec![vec![Change::Deposit(deposit(301, 2, "3.00", expired()))]]);
}

pub const fn submitted() -> DepositState {
    DepositState::Submitted { at: NOON }
}

pub const fn expired() -> DepositState {
    DepositState::Expired { at: NOON }
}

/// What the desk and the ways to pay add to a busy day: a record of every kind, with every field
/// that was appended.
pub fn desk_day(store: &mut Store) {
    let wallet = AccountId::Wallet(UserId(1));
    let mut paid = pay_in(400, 1, "5.01");
    for change in &mut paid {
        if let Change::Deposit(deposit) = change {
            *deposit = paid_by(deposit.clone());
        }
    }
    commit(store, vec![paid]);
    commit(store, vec![place(500, 1, "0.42"), place(501, 1, "0.42")]);
    commit(store, vec![end(500, 1, "0.42", true), end(501, 1, "0.42", false)]);
    let back = TransferId::Refund(OrderId::from_bits(500));
    let given = goodwill();
    let entries = vec![
        vec![Change::Order(tried_twice())],
        vec![
            transfer(back, AccountId::Refunds, wallet.clone(), dollars("0.42")),
            refund(500, RefundState::Approved { by: DESK, at: NOON }),
        ],
        vec![refund(501, RefundState::Requested)],
        vec![
            transfer(
                TransferId::Adjustment(given.id),
                AccountId::Adjustments(DESK),
                wallet,
                given.amount,
            ),
            Change::Adjustment(given),
        ],
    ];
    commit(store, entries);
    commit(store, house_day());
}

/// The admin of the desk day.
const DESK: UserId = UserId(9);

fn desk_cards() -> Vec<AdminCard> {
    vec![AdminCard { admin: DESK, message: MessageId(71) }]
}

/// A deposit with every field that came after the first version.
fn paid_by(deposit: Deposit) -> Deposit {
    Deposit {
        asked: Some(dollars("5.00")),
        reference: Reference::find("9f86d081884c7d65"),
        picture: Some(Picture { file_id: "AgACAgIAAx".to_owned(), document: false }),
        first_approval: Some(Approval { by: DESK, at: NOON }),
        stars: Some(Stars {
            count: 250,
            charge: Some(ChargeId::new("stx-charge-1").unwrap()),
            invoice: Some(MessageId(72)),
            returns: 0,
        }),
        wanted: Some(OrderId::from_bits(500)),
        ..deposit
    }
}

/// An order whose second number nobody confirmed as returned.
fn tried_twice() -> Order {
    let mut tried = order(quote(501, 1, "0.42"), OrderState::Cancelled);
    tried.former = vec![Former {
        candidate: 0,
        provider: "mock".parse().unwrap(),
        vendor_order: "V501-1".to_owned(),
        cost: dollars("0.24"),
        bought_at: NOON,
        returned_at: NOON.plus_secs(60),
    }];
    tried.unreturned = Some(Box::new(Unreturned {
        since: NOON,
        kept: Some(false),
        decided_by: Some(DESK),
        admin_cards: desk_cards(),
    }));
    tried
}

fn refund(order: u64, state: RefundState) -> Change {
    Change::Refund(Refund {
        order: OrderId::from_bits(order),
        customer: UserId(1),
        amount: dollars("0.42"),
        reason: Some("no code".to_owned()),
        state,
        requested_at: NOON,
        admin_cards: desk_cards(),
    })
}

fn goodwill() -> Adjustment {
    Adjustment {
        id: AdjustmentId::from_bits(601),
        customer: UserId(1),
        amount: dollars("1.50"),
        reason: "goodwill".to_owned(),
        proposed_by: DESK,
        proposed_at: NOON,
        booked: Some((DESK, NOON)),
    }
}

/// What admins set for the whole house: a block, maintenance, a vendor's switch, a report.
fn house_day() -> Vec<Vec<Change>> {
    let block = Block { by: Some(DESK), at: NOON, reason: "asked too often".to_owned() };
    vec![
        vec![Change::Standing(Standing {
            customer: UserId(1),
            block: Some(block),
            terms_at: Some(NOON),
            referred_by: None,
            rewarded: false,
            rewards: 0,
            earned: Amount::ZERO,
            rewarded_for: None,
        })],
        vec![Change::Maintenance(Maintenance {
            on: true,
            text: "Back at noon".to_owned(),
            by: DESK,
            at: NOON,
            services_off: Vec::new(),
        })],
        vec![Change::SaleSet(SaleSwitch {
            provider: "mock".parse().unwrap(),
            sale: Sale::Draining,
            by: DESK,
            at: NOON,
        })],
        vec![Change::Reported(Day::of(NOON))],
    ]
}

/// What the rest of the chat adds: a broadcast half-way, other codes on one number, a service that
/// an admin switched off, a customer whom another brought.
pub fn chat_day(store: &mut Store) {
    let id = BroadcastId::from_bits(701);
    let broadcast = Broadcast {
        id,
        text: "Numbers of <b>Poland</b> are back".to_owned(),
        by: DESK,
        proposed_at: NOON,
        state: BroadcastState::Paused { by: DESK },
        recipients: 12,
        started_at: Some(NOON),
        admin_cards: desk_cards(),
    };
    let outreach = Outreach {
        broadcast: id,
        upto: Some(UserId(4)),
        ahead: vec![UserId(6), UserId(7)],
        sent: 4,
        unreachable: 1,
        failed: 1,
    };
    commit(store, vec![place(600, 1, "0.42")]);
    commit(store, vec![end(600, 1, "0.42", true)]);
    let mut again = order(quote(600, 1, "0.42"), OrderState::Delivered);
    let resend = |state, code| Resend {
        state,
        asked_at: NOON.plus_secs(100),
        deadline: NOON.plus_secs(700),
        vendor_order: "V600-2".to_owned(),
        seen: 1,
        code,
        cost: Amount::ZERO,
    };
    let later = Code { code: "73501".into(), text: None, arrived_at: NOON.plus_secs(130) };
    again.resends =
        vec![resend(ResendState::Arrived, Some(later)), resend(ResendState::Refused, None)];
    let entries = vec![
        vec![Change::Broadcast(broadcast), Change::Outreach(outreach)],
        vec![Change::Order(again)],
        vec![Change::Maintenance(Maintenance {
            on: false,
            text: String::new(),
            by: DESK,
            at: NOON,
            services_off: vec!["google".parse().unwrap()],
        })],
        vec![
            Change::Standing(Standing {
                referred_by: Some(UserId(1)),
                rewarded: true,
                ..Standing::new(UserId(2))
            }),
            Change::Standing(Standing {
                rewards: 1,
                earned: dollars("0.25"),
                ..Standing::new(UserId(1))
            }),
        ],
    ];
    commit(store, entries);
}
