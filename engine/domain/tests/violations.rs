//! Books that were tampered with, one promise each: a check that was never seen to find anything
//! proves nothing.

// A test stops at the first surprise.
#![allow(clippy::unwrap_used)]

use ring4_domain::book::Book;
use ring4_domain::change::{Actor, Change, Entry, Seq};
use ring4_domain::deposit::{Deposit, DepositState};
use ring4_domain::effect::Effect;
use ring4_domain::ids::{
    Country, DepositId, MethodKey, OrderId, ProviderId, RulesVersion, ServiceKey, Timestamp, UserId,
};
use ring4_domain::ledger::{AccountId, Resolution, Transfer, TransferId, TransferKind};
use ring4_domain::money::Amount;
use ring4_domain::order::{
    CancelReason, Candidate, Code, FailReason, Order, OrderState, Purchase, Quote,
};
use ring4_domain::resend::{Resend, ResendState};

const ANNA: UserId = UserId(1);
const PRICE: Amount = Amount::from_micros(260_000);
const EPOCH: Timestamp = Timestamp(0);

fn id(number: u64) -> OrderId {
    OrderId::from_bits(number)
}

fn wallet() -> AccountId {
    AccountId::Wallet(ANNA)
}

fn order(number: u64, state: OrderState) -> Order {
    let candidate = Candidate {
        provider: ProviderId::new("mock").unwrap(),
        service: ServiceKey::new("ring4").unwrap(),
        vendor_service: "1574".to_owned(),
        cost: Amount::from_micros(240_000),
    };
    let quote = Quote {
        id: id(number),
        customer: ANNA,
        service: ServiceKey::new("ring4").unwrap(),
        country: Country::US,
        price: PRICE,
        cost_max: PRICE,
        candidates: vec![candidate],
        rules: RulesVersion([0; 8]),
        created_at: EPOCH,
        expires_at: EPOCH,
    };
    let code = Code { code: "12345".into(), text: None, arrived_at: EPOCH };
    Order {
        quote,
        state,
        placed_at: EPOCH,
        deadline: EPOCH,
        hold_deadline: EPOCH,
        ended_at: None,
        lost: None,
        purchase: None,
        former: Vec::new(),
        unreturned: None,
        resends: Vec::new(),
        code: (state == OrderState::Delivered).then_some(code),
        card: None,
    }
}

fn purchase() -> Purchase {
    Purchase {
        candidate: 0,
        provider: ProviderId::new("mock").unwrap(),
        vendor_order: "v1".to_owned(),
        number: "+15550100".into(),
        cost: Amount::from_micros(240_000),
        bought_at: EPOCH,
    }
}

fn resend() -> Resend {
    Resend {
        state: ResendState::Expired,
        asked_at: EPOCH,
        deadline: EPOCH,
        vendor_order: "v1".to_owned(),
        seen: 0,
        code: None,
        cost: PRICE,
    }
}

fn deposit() -> Deposit {
    Deposit {
        id: DepositId::from_bits(1),
        customer: ANNA,
        amount: Amount::from_micros(5_000_000),
        method: MethodKey::new("usdt").unwrap(),
        state: DepositState::Approved { by: UserId(101), at: EPOCH },
        created_at: EPOCH,
        expires_at: EPOCH,
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

fn transfer(id: TransferId, kind: TransferKind) -> Change {
    let (debit, credit) = (wallet(), AccountId::Revenue);
    Change::Transfer(Transfer { id, debit, credit, amount: PRICE, kind })
}

/// Order 1 is being bought, 2 waits, 3 was delivered, 4 was cancelled; deposit 1 paid for all.
fn shop() -> Book {
    let deposit = deposit();
    let credit = Transfer {
        id: TransferId::Deposit(deposit.id),
        debit: AccountId::DepositsClearing(deposit.method.clone()),
        credit: wallet(),
        amount: deposit.amount,
        kind: TransferKind::Posted,
    };
    let mut changes = vec![Change::Transfer(credit), Change::Deposit(deposit)];
    for (number, state) in [
        (1, OrderState::Buying { candidate: 0, started: true }),
        (2, OrderState::Waiting),
        (3, OrderState::Delivered),
        (4, OrderState::Cancelled),
    ] {
        let hold = TransferId::Hold(id(number));
        changes.push(transfer(hold, TransferKind::Pending { deadline: EPOCH }));
        changes.push(Change::Order(order(number, state)));
    }
    changes.push(Change::Wish(Effect::Buy(id(1))));
    let (third, fourth) = (TransferId::Hold(id(3)), TransferId::Hold(id(4)));
    changes.push(transfer(TransferId::Capture(id(3)), TransferKind::Post { pending: third }));
    changes.push(transfer(TransferId::Release(id(4)), TransferKind::Void { pending: fourth }));
    let mut book = Book::default();
    let entry =
        Entry { seq: Seq(1), at: EPOCH, actor: Actor::Engine, cause: "table".to_owned(), changes };
    book.apply(entry).unwrap();
    book
}

fn set_state(book: &mut Book, number: u64, state: OrderState) {
    book.orders.get_mut(&id(number)).unwrap().state = state;
}

/// Books a transfer and nothing beside it.
fn slip(book: &mut Book, change: Change) {
    let (seq, changes) = (Seq(book.head.0 + 1), vec![change]);
    let entry = Entry { seq, at: EPOCH, actor: Actor::Engine, cause: "slip".to_owned(), changes };
    book.apply(entry).unwrap();
}

fn give_back(order: u64, micros: i64) -> Change {
    let (debit, credit) = (AccountId::Refunds, wallet());
    let amount = Amount::from_micros(micros);
    let id = TransferId::Refund(id(order));
    Change::Transfer(Transfer { id, debit, credit, amount, kind: TransferKind::Posted })
}

type Tamper = fn(&mut Book);

/// What is done to the book, and the words with which it is found out.
const TAMPERED: &[(Tamper, &[&str])] = &[
    (|_| {}, &[]),
    (
        |book| book.accounts.get_mut(&wallet()).unwrap().credits_posted = Amount::ZERO,
        &["posted: debits 5260000, credits 260000", "Wallet(UserId(1)) is below zero"],
    ),
    (
        |book| book.accounts.get_mut(&wallet()).unwrap().debits_pending = Amount::ZERO,
        &["pending: debits 0, credits 520000", "holds 0, its open holds are 520000"],
    ),
    (
        |book| {
            let hold = book.transfers.get_mut(&TransferId::Hold(id(2))).unwrap();
            hold.resolution = Resolution::Voided(TransferId::Release(id(2)));
        },
        &["holds 520000, its open holds are 260000", "order 00000002 is waiting but its hold is"],
    ),
    // A state without its transfer.
    (
        |book| set_state(book, 2, OrderState::Cancelled),
        &["order 00000002 is cancelled but its hold is Open"],
    ),
    (
        |book| set_state(book, 1, OrderState::Failed(FailReason::Unclear)),
        &["order 00000001 is failed but its hold is Open"],
    ),
    (
        |book| set_state(book, 3, OrderState::Expired),
        &["order 00000003 is expired but its hold is Posted"],
    ),
    (
        |book| set_state(book, 4, OrderState::Cancelling { reason: CancelReason::TimeOut }),
        &["order 00000004 is cancelling but its hold is Voided"],
    ),
    // A hold that is another customer's, or of another amount, is not the order's.
    (
        |book| book.orders.get_mut(&id(2)).unwrap().quote.customer = UserId(2),
        &["order 00000002 is waiting but its hold is missing"],
    ),
    (
        |book| book.orders.get_mut(&id(3)).unwrap().quote.price = Amount::from_micros(1),
        &["order 00000003 is delivered but its hold is missing"],
    ),
    (
        |book| assert!(book.orders.remove(&id(4)).is_some()),
        &["the hold of 00000004 belongs to no order"],
    ),
    (
        |book| book.orders.get_mut(&id(3)).unwrap().code = None,
        &["order 00000003 was charged without a code"],
    ),
    (
        |book| {
            book.orders.get_mut(&id(3)).unwrap().code.as_mut().unwrap().code = " ".into();
        },
        &["order 00000003 was charged without a code"],
    ),
    // What nothing will move.
    (
        |book| assert!(book.wishes.remove(&Effect::Buy(id(1))).is_some()),
        &["order 00000001 is open and nobody will touch it"],
    ),
    (
        |book| set_state(book, 1, OrderState::Unclear),
        &["order 00000001 is open and nobody will touch it"],
    ),
    // What a vendor charged for another code.
    (
        |book| {
            let (debit, credit) = (AccountId::VendorCost, AccountId::Suspense);
            let id = TransferId::ResendCost(id(3), 0);
            let kind = TransferKind::Posted;
            slip(book, Change::Transfer(Transfer { id, debit, credit, amount: PRICE, kind }));
        },
        &["the cost of code 0 more of order 00000003 is not what its record says"],
    ),
    (
        |book| book.orders.get_mut(&id(3)).unwrap().resends.push(resend()),
        &["the cost of code 0 more of order 00000003 is not what its record says"],
    ),
    // A number in two hands.
    (
        |book| {
            for number in [2, 3] {
                book.orders.get_mut(&id(number)).unwrap().purchase = Some(purchase());
            }
        },
        &["what was bought for order 00000002 was bought for 00000003 too"],
    ),
    // Deposits.
    (
        |book| book.deposits.values_mut().for_each(|it| it.state = DepositState::Opened),
        &["deposit 00000001 is opened and credited: true"],
    ),
    (
        |book| book.deposits.values_mut().for_each(|it| it.amount = PRICE),
        &["deposit 00000001 is approved and credited: true"],
    ),
    (
        |book| book.deposits.values_mut().for_each(|it| it.customer = UserId(2)),
        &["deposit 00000001 is approved and credited: true"],
    ),
    (
        |book| {
            let id = DepositId::from_bits(2);
            book.deposits.insert(id, Deposit { id, ..deposit() });
        },
        &["deposit 00000002 is approved and credited: false"],
    ),
    (|book| book.deposits.clear(), &["the credit of 00000001 belongs to no deposit"]),
    // Refunds.
    (|book| slip(book, give_back(3, 260_000)), &[]),
    (
        |book| slip(book, give_back(3, 260_001)),
        &["order 00000003 was refunded more than it was charged"],
    ),
    (|book| slip(book, give_back(4, 1)), &["order 00000004 was refunded more than it was charged"]),
];

#[test]
fn tampering_is_found_out() {
    for (place, (tamper, wanted)) in TAMPERED.iter().enumerate() {
        let mut book = shop();
        tamper(&mut book);
        find(place, &book, wanted);
        // What breaks a promise is not closed with the rest.
        for id in book.orders.keys().copied().collect::<Vec<_>>() {
            book.close(id);
        }
        find(place, &book, wanted);
    }
}

fn find(place: usize, book: &Book, wanted: &[&str]) {
    let found: Vec<String> =
        book.violations().iter().map(std::string::ToString::to_string).collect();
    assert_eq!(found.len(), wanted.len(), "row {place}: {found:?}");
    for (found, wanted) in found.iter().zip(wanted) {
        assert!(found.contains(wanted), "row {place}: {found} is not {wanted}");
    }
}

#[test]
fn a_closed_order_is_watched_on() {
    let mut book = shop();
    assert_eq!(book.close(id(1)), None, "an open order");
    let closed = book.close(id(3)).unwrap();
    assert_eq!(closed.transfers.len(), 2, "its hold and what was charged");
    assert_eq!((book.violations(), book.close(id(3))), (vec![], None));
    // Booked again, refunded beyond what was paid, its number given to another, charged anew.
    let taken = Transfer { amount: PRICE, ..closed.transfers[0].transfer.clone() };
    let entry = |seq: u64, changes| Entry {
        seq: Seq(seq),
        at: EPOCH,
        actor: Actor::Engine,
        cause: "again".into(),
        changes,
    };
    let next = book.head.0 + 1;
    let again = book.clone().apply(entry(next, vec![Change::Transfer(taken)]));
    assert!(again.is_err_and(|error| error.to_string().contains("booked already")));
    let mut refunded = book.clone();
    slip(&mut refunded, give_back(3, 260_001));
    let words = "order 00000003 was refunded more than it was charged";
    find(0, &refunded, &[words]);
    let mut back = book.clone();
    let order = Order { state: OrderState::Cancelled, ..closed.order };
    back.apply(entry(next, vec![Change::Order(order)])).unwrap();
    find(1, &back, &["order 00000003 is cancelled but its hold is Posted"]);
}
