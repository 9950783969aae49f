//! Transfers against accounts, one column per field, the result as last word. A refused transfer
//! must change nothing; after every row debits and credits balance.

// A test stops at the first surprise.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;

use ring4_domain::book::{Book, FoldError};
use ring4_domain::change::{Actor, Change, Entry, Seq};
use ring4_domain::ids::{DepositId, MethodKey, OrderId, ProviderId, Timestamp, UserId};
use ring4_domain::ledger::{
    Account, AccountId, LedgerError, Transfer, TransferId, TransferKind, apply,
};
use ring4_domain::money::Amount;

fn account(word: &str) -> AccountId {
    match word {
        "anna" => AccountId::Wallet(UserId(1)),
        "ben" => AccountId::Wallet(UserId(2)),
        "revenue" => AccountId::Revenue,
        "usdt" => AccountId::DepositsClearing(MethodKey::new("usdt").unwrap()),
        "vendors" => AccountId::VendorCost,
        "mock" => AccountId::VendorFloat(ProviderId::new("mock").unwrap()),
        "refunds" => AccountId::Refunds,
        _ => panic!("no account {word}"),
    }
}

fn transfer_id(word: &str) -> TransferId {
    let (kind, number) = word.split_at(1);
    let number = number.parse().unwrap();
    let (deposit, order) = (DepositId::from_bits(number), OrderId::from_bits(number));
    match kind {
        "D" => TransferId::Deposit(deposit),
        "H" => TransferId::Hold(order),
        "C" => TransferId::Capture(order),
        "R" => TransferId::Release(order),
        "V" => TransferId::VendorCost(order),
        "B" => TransferId::Refund(order),
        _ => panic!("no transfer {word}"),
    }
}

fn transfer(words: &[&str]) -> Transfer {
    let [id, debit, credit, amount, ref how @ ..] = *words else { panic!("{words:?}") };
    Transfer {
        id: transfer_id(id),
        debit: account(debit),
        credit: account(credit),
        amount: amount.parse().unwrap(),
        kind: match *how {
            ["posted"] => TransferKind::Posted,
            ["pending"] => TransferKind::Pending { deadline: Timestamp(0) },
            ["post", hold] => TransferKind::Post { pending: transfer_id(hold) },
            ["void", hold] => TransferKind::Void { pending: transfer_id(hold) },
            _ => panic!("no way {how:?}"),
        },
    }
}

/// `Err` by its variant's name.
fn book(book: &mut Book, transfer: Transfer) -> Result<(), String> {
    let seq = Seq(book.head.0 + 1);
    let changes = vec![Change::Transfer(transfer)];
    let entry =
        Entry { seq, at: Timestamp(0), actor: Actor::Engine, cause: "table".into(), changes };
    book.apply(entry).map_err(|error| match error {
        FoldError::Ledger { source, .. } => variant(&source),
        FoldError::Gap { .. } => panic!("{error}"),
    })
}

fn variant(error: &LedgerError) -> String {
    format!("{error:?}").split('(').next().unwrap().to_owned()
}

fn counters(account: &Account) -> String {
    let Account { debits_pending, debits_posted, credits_pending, credits_posted, .. } = account;
    format!("{debits_pending} {debits_posted} {credits_pending} {credits_posted}")
}

fn check(table: &str) -> BTreeSet<String> {
    let mut met = BTreeSet::new();
    let mut ledger = Book::default();
    for row in table.lines().map(str::trim).filter(|row| !row.is_empty() && !row.starts_with('#')) {
        let words: Vec<&str> = row.split_whitespace().collect();
        if let [name, "=", ref wanted @ ..] = words[..] {
            let got = ledger.accounts.get(&account(name)).copied().unwrap_or_default();
            assert_eq!(counters(&got), wanted.join(" "), "{row}");
            continue;
        }
        let (wanted, words) = words.split_last().unwrap();
        let before = ledger.clone();
        let got = book(&mut ledger, transfer(words)).err().unwrap_or_else(|| "ok".to_owned());
        assert_eq!(got, *wanted, "{row}");
        if got != "ok" {
            assert_eq!(ledger, before, "{row}: refused, and yet something changed");
            met.insert(got);
        }
        let sum = |of: fn(&Account) -> Amount| -> i128 {
            ledger.accounts.values().map(|account| i128::from(of(account).micros())).sum()
        };
        assert_eq!(sum(|of| of.debits_posted), sum(|of| of.credits_posted), "{row}");
        assert_eq!(sum(|of| of.debits_pending), sum(|of| of.credits_pending), "{row}");
    }
    met
}

const POSTED: &str = "
    # id debit    credit   amount                 how       result
    D1   usdt     anna     5.00                   posted    ok
    usdt    = 0.00 5.00 0.00 0.00
    anna    = 0.00 0.00 0.00 5.00
    D1   usdt     anna     5.00                   posted    Exists
    D1   usdt     ben      7.00                   posted    Exists
    D2   usdt     anna     0.00                   posted    AmountNotPositive
    D2   usdt     anna     -5.00                  posted    AmountNotPositive
    D2   usdt     anna     -9223372036854.775808  posted    AmountNotPositive
    D2   anna     anna     5.00                   posted    SameAccount
    D2   anna     revenue  5.000001               posted    WalletShort
    D2   ben      revenue  0.000001               posted    WalletShort
    D2   anna     revenue  5.00                   posted    ok
    anna    = 0.00 5.00 0.00 5.00
    D3   anna     revenue  0.000001               posted    WalletShort
    # Only wallets have a floor; the shop's own accounts say what is owed.
    V1   vendors  mock     0.24                   posted    ok
    B1   refunds  anna     0.26                   posted    ok
    anna    = 0.00 5.00 0.00 5.26
";

const HELD: &str = "
    D1   usdt     anna     1.00                   posted    ok
    H1   anna     revenue  0.60                   pending   ok
    anna    = 0.60 0.00 0.00 1.00
    revenue = 0.00 0.00 0.60 0.00
    H1   anna     revenue  0.60                   pending   Exists
    H2   anna     revenue  0.41                   pending   WalletShort
    H2   anna     revenue  0.00                   pending   AmountNotPositive
    H2   anna     anna     0.40                   pending   SameAccount
    H2   anna     revenue  0.40                   pending   ok
    # What is held can be neither held nor spent again.
    H3   anna     revenue  0.000001               pending   WalletShort
    B9   anna     revenue  0.000001               posted    WalletShort
    C1   anna     revenue  0.60                   post H1   ok
    anna    = 0.40 0.60 0.00 1.00
    revenue = 0.00 0.00 0.40 0.60
    C1   anna     revenue  0.60                   post H1   Exists
    # A hold is posted or voided, once.
    R1   anna     revenue  0.60                   void H1   HoldResolved
    C9   anna     revenue  0.60                   post H1   HoldResolved
    R2   anna     revenue  0.40                   void H2   ok
    anna    = 0.00 0.60 0.00 1.00
    revenue = 0.00 0.00 0.00 0.60
    C2   anna     revenue  0.40                   post H2   HoldResolved
    R8   anna     revenue  0.40                   void H2   HoldResolved
    R2   anna     revenue  0.40                   void H2   Exists
";

const RESOLVED_WRONGLY: &str = "
    D1   usdt     anna     1.00                   posted    ok
    D2   usdt     ben      1.00                   posted    ok
    C1   anna     revenue  0.60                   post H1   HoldUnknown
    R1   anna     revenue  0.60                   void H1   HoldUnknown
    # What was never held cannot be resolved.
    C1   usdt     anna     1.00                   post D1   HoldUnknown
    R1   usdt     anna     1.00                   void D1   HoldUnknown
    H1   anna     revenue  0.60                   pending   ok
    C1   anna     revenue  0.59                   post H1   HoldMismatch
    C1   anna     revenue  0.61                   post H1   HoldMismatch
    C1   anna     revenue  0.00                   post H1   HoldMismatch
    C1   ben      revenue  0.60                   post H1   HoldMismatch
    C1   anna     ben      0.60                   post H1   HoldMismatch
    C1   revenue  anna     0.60                   post H1   HoldMismatch
    R1   anna     revenue  0.59                   void H1   HoldMismatch
    R1   ben      revenue  0.60                   void H1   HoldMismatch
    # A resolving transfer is itself final.
    R1   anna     revenue  0.60                   void H1   ok
    C2   anna     revenue  0.60                   post R1   HoldUnknown
    anna    = 0.00 0.00 0.00 1.00
";

const AT_THE_EDGE: &str = "
    D1   usdt     anna     9223372036854.775807   posted    ok
    anna    = 0.00 0.00 0.00 9223372036854.775807
    D2   usdt     anna     0.000001               posted    Overflow
    D2   usdt     ben      0.000001               posted    Overflow
    H1   anna     revenue  9223372036854.775807   pending   ok
    anna    = 9223372036854.775807 0.00 0.00 9223372036854.775807
    H2   anna     revenue  0.000001               pending   Overflow
    C1   anna     revenue  9223372036854.775807   post H1   ok
    anna    = 0.00 9223372036854.775807 0.00 9223372036854.775807
    # The counters fit, what can be spent does not.
    V1   vendors  mock     9223372036854.775807   posted    ok
    H3   vendors  refunds  0.000002               pending   Overflow
    H3   vendors  refunds  0.000001               pending   ok
";

#[test]
fn transfers_are_booked_or_refused_by_name() {
    let met: BTreeSet<String> =
        [POSTED, HELD, RESOLVED_WRONGLY, AT_THE_EDGE].into_iter().flat_map(check).collect();
    let id = transfer_id("H1");
    let names = [
        LedgerError::Exists(id),
        LedgerError::AmountNotPositive(id),
        LedgerError::SameAccount(id),
        LedgerError::HoldUnknown(id),
        LedgerError::HoldResolved(id),
        LedgerError::HoldMismatch(id),
        LedgerError::WalletShort(id),
        LedgerError::Overflow(id),
    ];
    for error in &names {
        // Stops compiling when an error is added, so that the list above is not forgotten.
        match error {
            LedgerError::Exists(_)
            | LedgerError::AmountNotPositive(_)
            | LedgerError::SameAccount(_)
            | LedgerError::HoldUnknown(_)
            | LedgerError::HoldResolved(_)
            | LedgerError::HoldMismatch(_)
            | LedgerError::WalletShort(_)
            | LedgerError::Overflow(_) => {}
        }
    }
    assert_eq!(met, names.iter().map(variant).collect(), "each error has a row");
}

#[test]
fn deposits_and_refunds_are_counted_apart() {
    let mut ledger = Book::default();
    for row in [
        "D1 usdt anna 5.00 posted",
        "D2 usdt anna 1.00 posted",
        "H1 anna revenue 0.26 pending",
        "C1 anna revenue 0.26 post H1",
        "B1 refunds anna 0.26 posted",
    ] {
        let words: Vec<&str> = row.split_whitespace().collect();
        book(&mut ledger, transfer(&words)).unwrap();
    }
    let anna = ledger.accounts.get(&account("anna")).unwrap();
    assert_eq!(anna.deposited.to_text(), "6.00");
    assert_eq!(anna.refunded.to_text(), "0.26");
    assert_eq!(anna.available().unwrap().to_text(), "6.00");
}

#[test]
fn entries_follow_one_another_without_gaps() {
    let entry = |seq| Entry {
        seq: Seq(seq),
        at: Timestamp(0),
        actor: Actor::Engine,
        cause: "table".into(),
        changes: vec![Change::Transfer(transfer(&["D1", "usdt", "anna", "5.00", "posted"]))],
    };
    for (head, found) in [(0, 0), (0, 2), (0, u64::MAX), (1, 0), (1, 1), (1, 3)] {
        let mut book = Book::default();
        if head == 1 {
            book.apply(entry(1)).unwrap();
        }
        let before = book.clone();
        let gap = FoldError::Gap { expected: Seq(head + 1), found: Seq(found) };
        assert_eq!(book.apply(entry(found)), Err(gap), "{found} after {head}");
        assert_eq!(book, before, "{found} after {head}");
    }
}

/// The accounts of a damaged store are not booked on: stopping is better than inventing money.
#[test]
#[should_panic(expected = "more released than was held")]
fn a_release_of_what_was_never_held_stops_the_shop() {
    let void = transfer(&["R1", "anna", "revenue", "0.60", "void", "H1"]);
    let _ = apply(&void, Account::default(), Account::default());
}
