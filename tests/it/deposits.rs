//! Money in: what tells payments apart, what customers show for them, who decides, and that the
//! first decision wins.

use std::time::Instant;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use ring4::shop::Shop;
use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::deposit::DepositState;
use ring4_domain::ids::{DepositId, UserId};
use ring4_domain::ledger::TransferId;
use ring4_domain::refusal::Refusal;
use ring4_playground::{Options, Person};

use crate::crash::seed;
use crate::race::{Decided, Races, at_once};
use crate::world::{ADA, ANNA, BORIS, Vendor, World};

const ALAN: i64 = ADA + 1;

/// The first bytes of a picture, as far as anybody looks.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\x90";

fn two_admins() -> Options {
    let people = vec![
        Person::customer(ANNA, "Anna"),
        Person::customer(BORIS, "Boris"),
        Person::admin(ADA, "Ada"),
        Person::admin(ALAN, "Alan"),
    ];
    Options { people, ..Options::default() }
}

async fn pays(world: &World, person: i64, amount: &str) {
    world.say(person, &format!("/deposit {amount}")).await;
    world.press(person, "USDT").await;
    world.press(person, "I have paid").await;
}

async fn send_picture(world: &World, person: i64) {
    let address = world.playground.address();
    let url = format!("http://{address}/playground/people/{person}/files?name=payment.png");
    let sent = reqwest::Client::new().post(url).body(PNG).send().await.expect("an answer");
    assert!(sent.status().is_success(), "{}", sent.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_told_apart_named_once_and_shown() {
    let world = World::open(Vendor::Mock).await;
    pays(&world, ANNA, "10").await;
    world.newest(ANNA, &["Deposit of $10.00", "send me the transaction id"]).await;
    world.hears(ADA, &["Deposit of $10.00", "Anna", "Waits for a decision"]).await;
    world.say(ANNA, "https://scan.example/tx/AB12CD34EF56").await;
    world.hears(ANNA, &["Payment ab12cd34ef56 is noted"]).await;
    world.hears(ADA, &["Deposit of $10.00", "Payment ab12cd34ef56"]).await;
    send_picture(&world, ANNA).await;
    world.hears(ANNA, &["The picture is with our admins"]).await;
    world.hears(ADA, &["Payment of deposit", "Anna"]).await;
    // Words are a search again, and a second picture is nobody's.
    world.say(ANNA, "zzyx").await;
    world.newest(ANNA, &["zzyx"]).await;
    send_picture(&world, ANNA).await;
    world.newest(ANNA, &["I read text only"]).await;

    // Another open deposit of the same amount asks for a cent more, and cannot use the payment.
    pays(&world, BORIS, "10").await;
    world.hears(BORIS, &["Deposit of $10.01"]).await;
    world.say(BORIS, "0xab12cd34ef56").await;
    world.hears(BORIS, &["belongs to another deposit"]).await;
    world.press(ADA, "Reject").await;
    world.hears(ADA, &["Why is deposit", "$10.01"]).await;
    world.press(ADA, "Not received").await;
    world.hears(BORIS, &["was not accepted: The payment has not arrived."]).await;
    world.hears(ADA, &["Rejected by Ada"]).await;

    // What is paid is what is credited.
    world.press(ADA, "Approve").await;
    world.hears(ANNA, &["$10.00 is in your wallet"]).await;
    world.say(ADA, "/deposits").await;
    world.hears(ADA, &["No deposit waits"]).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_deposits_need_two_admins_and_small_ones_none() {
    let tuned = [
        ("large_deposit_threshold: 0", "large_deposit_threshold: 50"),
        ("auto_approve_below: 0", "auto_approve_below: 7"),
    ];
    let world = World::open_tuned(Vendor::Mock, two_admins(), &tuned).await;
    pays(&world, ANNA, "100").await;
    world.press(ADA, "Approve").await;
    world.hears(ADA, &["Approved first by Ada", "Waits for a decision"]).await;
    world.hears(ALAN, &["Approved first by Ada", "Waits for a decision"]).await;
    world.press(ADA, "Approve").await;
    let answer = world.answer(ADA).await;
    assert!(answer.contains("You have approved it"), "{answer}");
    world.say(ANNA, "/balance").await;
    world.newest(ANNA, &["Available $0.00"]).await;
    world.press(ALAN, "Approve").await;
    world.hears(ANNA, &["$100.00 is in your wallet"]).await;
    world.hears(ADA, &["Approved by Alan"]).await;

    pays(&world, BORIS, "6.50").await;
    world.hears(BORIS, &["$6.50 is in your wallet"]).await;
    assert_eq!(world.count(ADA, "Deposit of $6.50").await, 0, "nobody is asked");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_that_nobody_claims_lapses_and_is_heard_late() {
    let world = World::open(Vendor::Mock).await;
    world.say(ANNA, "/deposit 10").await;
    world.press(ANNA, "USDT").await;
    world.hears(ANNA, &["Deposit of $10.00", "Pay, then press", "Network: TRON"]).await;
    world.advance(3_601).await;
    world.hears(ANNA, &["Deposit of $10.00", "The time for this deposit is over"]).await;
    world.press(ANNA, "I did pay").await;
    world.press(ADA, "Approve").await;
    world.hears(ANNA, &["$10.00 is in your wallet"]).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lacks_money_pays_it_in_and_is_led_back() {
    let world = World::open(Vendor::Mock).await;
    world.say(ANNA, "/start buy_ring4_US").await;
    world.newest(ANNA, &["fixed for"]).await;
    world.press(ANNA, "Add money").await;
    world.hears(ANNA, &["How would you like to pay in $5.00"]).await;
    world.press(ANNA, "USDT").await;
    world.press(ANNA, "I have paid").await;
    world.press(ADA, "Approve").await;
    world.hears(ANNA, &["$5.00 is in your wallet"]).await;
    // The price that was shown has lapsed meanwhile; a fresh one stands.
    world.advance(300).await;
    world.press(ANNA, "Back to Ring4").await;
    world.press(ANNA, "Buy for").await;
    world.hears(ANNA, &["Number +", "held"]).await;
    world.close().await;
}

/// A deposit of ten dollars that waits for a decision, made without any chat.
async fn claimed(shop: &Shop, id: DepositId) {
    let (customer, actor) = (UserId(ANNA), Actor::Customer(UserId(ANNA)));
    let (method, amount) = ("usdt".parse().expect("a key"), "10".parse().expect("an amount"));
    let open = Command::OpenDeposit { id, customer, amount, method, card: None };
    let submit = Command::SubmitDeposit { customer, deposit: id, auto: true };
    for command in [open, submit] {
        shop.submit(actor, "race", command).await.expect("a shop").expect("no refusal");
    }
}

/// Whether the deposit was credited: by the one who won, and the other was told of it.
fn credited_once(shop: &Shop, id: DepositId, admins: [UserId; 2], decided: &[Decided; 2]) -> bool {
    let (won, lost) = match decided {
        [Ok(_), Err(lost)] => (admins[0], lost),
        [Err(lost), Ok(_)] => (admins[1], lost),
        both => panic!("{id}: {both:?}"),
    };
    let deposit = shop.snapshot().deposit(id).expect("readable").expect("a deposit");
    let booked = shop.snapshot().transfer(TransferId::Deposit(id)).expect("readable").is_some();
    match deposit.state {
        DepositState::Approved { by, .. } => {
            assert_eq!((by, booked), (won, true), "{id}");
            assert_eq!(*lost, Refusal::DepositApprovedAlready { by: won }, "{id}");
        }
        DepositState::Rejected { by, .. } => {
            assert_eq!((by, booked), (won, false), "{id}");
            assert_eq!(*lost, Refusal::DepositRejectedAlready { by: won }, "{id}");
        }
        state => panic!("{id}: {state:?}"),
    }
    booked
}

#[tokio::test(flavor = "multi_thread")]
async fn two_admins_within_a_millisecond_have_one_effect() {
    let (seed, began) = (seed(), Instant::now());
    println!("RING4_SEED={seed}");
    let mut lot = StdRng::seed_from_u64(seed);
    let world = World::open_with(Vendor::Mock, two_admins()).await;
    let shop = world.shop();
    let mut credited = 0;
    let mut races = Races::wanted();
    while let Some(round) = races.next() {
        let id = DepositId::from_bits(0xF000 + round);
        claimed(&shop, id).await;
        // Each round another mix of who is handed in first and who says what.
        let mut admins = [UserId(ADA), UserId(ALAN)];
        if lot.random_bool(0.5) {
            admins.reverse();
        }
        let commands = admins.map(|admin| match lot.random_bool(0.6) {
            true => (admin, Command::ApproveDeposit { admin, deposit: id }),
            false => (admin, Command::RejectDeposit { admin, deposit: id, reason: None }),
        });
        let (gap, decided) = at_once(&shop, commands).await;
        races.ran(gap);
        credited += i64::from(credited_once(&shop, id, admins, &decided));
    }
    let paid = ring4::shop::available(&shop.snapshot(), UserId(ANNA)).expect("readable");
    assert_eq!(paid.micros(), credited * 10_000_000, "one effect a round");
    println!("{}, {credited} credited, {:?}", races.said(), began.elapsed());
    drop(shop);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_answered_by_what_is_missing_or_not_wanted() {
    let world = World::open(Vendor::Mock).await;
    let path = world.folder.path().join("config.yaml");
    let config = std::fs::read_to_string(&path).expect("settings");
    let required = config.replacen("reference: optional", "reference: required", 1);
    assert_ne!(config, required);
    world.save("config.yaml", &required);
    world.hears(ADA, &["is live", "config.yaml"]).await;
    pays(&world, ANNA, "10").await;
    assert!(world.answer(ANNA).await.contains("Send me the transaction id"));
    send_picture(&world, ANNA).await;
    world.newest(ANNA, &["Send me the transaction id of the payment"]).await;
    // The same when time has run out: who pays late is still heard.
    world.advance(3601).await;
    world.hears(ANNA, &["The time for this deposit is over"]).await;
    send_picture(&world, ANNA).await;
    world.until_count(ANNA, "Send me the transaction id of the payment", 2).await;

    let words = config.replacen("picture: true", "picture: false", 1);
    assert_ne!(config, words);
    world.save("config.yaml", &words);
    world.until_count(ADA, "is live", 2).await;
    pays(&world, BORIS, "10").await;
    let card = world.newest(BORIS, &["send me the transaction id now"]).await;
    assert!(!card.contains("picture"), "{card}");
    send_picture(&world, BORIS).await;
    world.newest(BORIS, &["I need no picture"]).await;
    world.close().await;
}
