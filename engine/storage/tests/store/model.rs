//! Any history, with crashes and lost states in between, against the domain's own fold.

use std::fs;

use proptest::prelude::*;
use ring4_domain::book::Book;
use ring4_domain::change::{Actor, Change, Entry, Seq};
use ring4_domain::command::Key;
use ring4_domain::day::Day;
use ring4_domain::deposit::DepositState;
use ring4_domain::effect::Effect;
use ring4_domain::ids::{DepositId, OrderId, RulesVersion, UserId};
use ring4_domain::ledger::AccountId;
use ring4_storage::{Finding, Group, Options, StageError, Store};

use crate::recovery::copy;
use crate::shop::{
    NOON, cancelling, customer, deposit, end, expired, fold, pay_in, place, quote, submitted,
};

/// What happens next. Ids are few, so that histories collide with themselves.
#[derive(Clone, Debug)]
enum Step {
    /// These entries are staged and committed as one group.
    Group(Vec<Vec<Change>>),
    /// The process dies between two groups.
    Crash,
    /// The process ends as it should.
    Close,
    /// The process dies and takes the state with it.
    LoseState,
    /// The process dies, and of the state only what was kept earlier is left.
    StaleState,
    /// The state is kept for a later [`Step::StaleState`].
    KeepState,
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let id = 1..8_u64;
    let user = 1..4_i64;
    let states = prop_oneof![Just(DepositState::Opened), Just(submitted()), Just(expired())];
    prop_oneof![
        user.clone().prop_map(|user| vec![Change::Customer(customer(user))]),
        (id.clone(), user.clone()).prop_map(|(id, user)| pay_in(id, user, "1.00")),
        (id.clone(), user.clone())
            .prop_map(|(id, user)| vec![Change::Quote(quote(id, user, "0.42"))]),
        id.clone().prop_map(|id| vec![Change::QuoteDropped(OrderId::from_bits(id))]),
        (id.clone(), user.clone()).prop_map(|(id, user)| place(id, user, "0.42")),
        (id.clone(), user.clone()).prop_map(|(id, user)| cancelling(id, user, "0.42")),
        (id.clone(), user.clone(), any::<bool>())
            .prop_map(|(id, user, delivered)| end(id, user, "0.42", delivered)),
        (id.clone(), user, states)
            .prop_map(|(id, user, state)| vec![Change::Deposit(deposit(id, user, "2.00", state))]),
        (id.clone(), 1..60_u64).prop_map(|(id, made)| {
            let effect = Effect::ShowOrder(OrderId::from_bits(id));
            vec![Change::Granted { effect, made: Seq(made) }]
        }),
        (0..40_i64).prop_map(|days| { vec![Change::CodesForgotten(Day(Day::of(NOON).0 - days))] }),
        id.prop_map(|id| vec![Change::RulesActivated(RulesVersion([id as u8; 8]).into())]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    // Two lists of changes in one entry now and then: an entry may touch a record twice.
    let entry = prop_oneof![
        4 => changes(),
        1 => (changes(), changes()).prop_map(|(first, second)| [first, second].concat()),
    ];
    prop_oneof![
        16 => prop::collection::vec(entry, 1..6).prop_map(Step::Group),
        1 => Just(Step::Crash),
        1 => Just(Step::Close),
        1 => Just(Step::LoseState),
        1 => Just(Step::StaleState),
        1 => Just(Step::KeepState),
    ]
}

fn keys() -> Vec<Key> {
    let users = (1..4).map(UserId).flat_map(|id| {
        let wallet = Key::Account(AccountId::Wallet(id));
        [Key::Customer(id), Key::OpenOrders(id), Key::OpenDeposits(id), wallet]
    });
    let orders = (1..8).map(OrderId::from_bits).flat_map(|id| {
        let owner = Key::Owner("mock".parse().unwrap(), format!("V{}", id.bits()));
        [Key::Order(id), Key::Quote(id), Key::Wish(Effect::ShowOrder(id)), owner]
    });
    let deposits = (1..8).map(|id| Key::Deposit(DepositId::from_bits(id)));
    users
        .chain(orders)
        .chain(deposits)
        .chain([Key::Rules, Key::Forgotten, Key::OldestOpenOrder])
        .collect()
}

/// Stages an entry in the group and, if it may be, in the book; both must be of one mind.
fn stage(group: &mut Group<'_>, book: &mut Book, changes: &[Change]) {
    let seq = Seq(book.head.0 + 1);
    let (actor, cause) = (Actor::Engine, "test".to_owned());
    let entry = Entry { seq, at: NOON, actor, cause, changes: changes.to_vec() };
    let mut after = book.clone();
    let expected = after.apply(entry);
    let staged = group.stage(NOON, actor, "test", changes.to_vec());
    match (expected, staged) {
        (Ok(()), Ok(found)) => {
            assert_eq!(found, seq);
            *book = after;
        }
        (Err(_), Err(StageError::Ledger(_))) => {}
        (expected, staged) => panic!("the book says {expected:?}, the store {staged:?}"),
    }
    let keys = keys();
    let view = group.view(&keys).unwrap();
    assert_eq!(format!("{view:?}"), format!("{:?}", book.view(&keys)), "after {changes:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..Default::default() })]

    #[test]
    fn the_store_is_the_fold_of_its_history(steps in prop::collection::vec(step(), 1..30)) {
        let dir = tempfile::tempdir().unwrap();
        let (data, kept) = (dir.path().join("data"), dir.path().join("kept"));
        let options = Options { segment_bytes: 4_000, ..Options::default() };
        let (mut store, _) = Store::open(&data, &options).unwrap();
        let mut book = Book::default();
        for step in steps {
            let state = data.join("state");
            match step {
                Step::Group(entries) => {
                    let mut group = store.begin();
                    for changes in entries {
                        stage(&mut group, &mut book, &changes);
                    }
                    prop_assert_eq!(group.commit().unwrap().seq, book.head);
                    continue;
                }
                Step::Crash => drop(store),
                Step::Close => store.close().unwrap(),
                Step::LoseState => {
                    drop(store);
                    fs::remove_dir_all(&state).unwrap();
                }
                Step::KeepState => {
                    drop(store);
                    let _ = fs::remove_dir_all(&kept);
                    copy(&state, &kept);
                }
                Step::StaleState => {
                    drop(store);
                    if kept.exists() {
                        fs::remove_dir_all(&state).unwrap();
                        fs::rename(&kept, &state).unwrap();
                    }
                }
            }
            let opened = Store::open(&data, &options).unwrap();
            store = opened.0;
            prop_assert_eq!(store.head().seq, book.head, "{:?}", opened.1);
        }
        prop_assert_eq!(&fold(&store.snapshot()), &book);
        let report = store.reader().verify();
        // Such histories break the promises of the shop; the store's own must hold.
        let wrong = report.findings.iter().find(|of| !matches!(of, Finding::Violation(_)));
        prop_assert!(wrong.is_none(), "{:?}", wrong);
    }
}
