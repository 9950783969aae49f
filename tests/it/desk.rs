//! The admins' desk: refunds, blocks, limits, terms, adjustments, the pause, and what is noted of
//! all that. Two admins at once have one effect.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use ring4::shop::{Shop, available};
use ring4_domain::change::Actor;
use ring4_domain::command::{Command, Proposal};
use ring4_domain::decide::Outcome;
use ring4_domain::ids::{AdjustmentId, Country, OrderId, UserId};
use ring4_domain::money::Amount;
use ring4_domain::order::{Candidate, OrderState};
use ring4_playground::{Options, Person};

use crate::crash::seed;
use crate::race::{Decided, Races, at_once};
use crate::world::{ADA, ANNA, BORIS, Vendor, World};

/// The second admin.
const BOB: i64 = 9002;

/// No limit on the number of orders.
const UNLIMITED: &[(&str, &str)] = &[
    ("orders_per_minute: 10", "orders_per_minute: 0"),
    ("orders_per_hour: 60", "orders_per_hour: 0"),
    ("orders_per_day: 100", "orders_per_day: 0"),
    ("\n  open_max: 5", "\n  open_max: 100"),
];

fn cast() -> Options {
    let people = vec![
        Person::customer(ANNA, "Anna"),
        Person::customer(BORIS, "Boris"),
        Person::admin(ADA, "Ada"),
        Person::admin(BOB, "Bob"),
    ];
    Options { people, ..Options::default() }
}

async fn deliver(world: &World) -> String {
    let order = world.buy(ANNA).await;
    world.advance(30).await;
    world.hears(ANNA, &["Delivered", &order]).await;
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_is_asked_for_and_decided_by_the_first_admin() {
    let world = World::open_with(Vendor::Mock, cast()).await;
    world.deposit(ANNA, "10").await;
    let order = deliver(&world).await;
    // Asked on the card, with a word.
    world.press(ANNA, "Did not work").await;
    world.hears(ANNA, &["What went wrong", &order]).await;
    world.say(ANNA, "It was <used> & old").await;
    world.hears(ANNA, &["Your request is with us"]).await;
    world.hears(ADA, &["Refund of", &order, "It was <used> & old", "Waits"]).await;
    world.hears(BOB, &["Refund of", &order, "Waits"]).await;
    world.say(ANNA, &format!("/refund {order} again")).await;
    world.hears(ANNA, &["You have asked already"]).await;
    world.say(BOB, "/refunds").await;
    world.hears(BOB, &["1 refund waits"]).await;
    world.say(ADA, &format!("/process_refund {order}")).await;
    world.hears(ADA, &["Refund of", "Approved by Ada"]).await;
    world.hears(BOB, &["Refund of", "Approved by Ada"]).await;
    world.hears(ANNA, &["is back in your wallet", &order, "$10.00"]).await;
    world.hears(ANNA, &["Refunded", &order]).await;
    world.say(BOB, &format!("/reject_refund {order} no")).await;
    world.hears(BOB, &["approved already by Ada"]).await;

    // Asked by a command without a word, and rejected with one.
    let order = deliver(&world).await;
    world.say(ANNA, "/refund").await;
    world.hears(ANNA, &["Which order did not work"]).await;
    world.say(ANNA, &format!("/refund {order}")).await;
    world.press(ANNA, "Send without a word").await;
    world.hears(ADA, &["Refund of", &order, "Waits"]).await;
    world.say(BOB, &format!("/reject_refund {order} the code was read")).await;
    world.hears(ANNA, &["declined: the code was read"]).await;
    world.hears(ADA, &["Refund of", &order, "Rejected by Bob"]).await;

    // After the window the customer may not ask, but an admin may give back.
    let order = deliver(&world).await;
    world.advance(86_400).await;
    world.say(ANNA, &format!("/refund {order} late")).await;
    world.hears(ANNA, &["cannot be refunded any more"]).await;
    world.say(BORIS, &format!("/refund {order} mine")).await;
    world.hears(BORIS, &["do not know this order"]).await;
    world.say(ADA, &format!("/approve_refund {order}")).await;
    world.hears(ADA, &["Refund of", &order, "Approved by Ada"]).await;
    world.say(ADA, "/audit").await;
    let acts = world.hears(ADA, &["What admins did", "approve_refund", "reject_refund"]).await;
    assert!(acts.contains("Bob") && acts.contains("Anna"), "{acts}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_explain_block_adjust_and_pause() {
    let world = World::open_with(Vendor::Mock, cast()).await;
    world.deposit(ANNA, "10").await;
    world.say(ADA, "/user @nobody").await;
    world.hears(ADA, &["Nobody of this id or name"]).await;
    world.say(ADA, &format!("/user {ANNA}")).await;
    world.hears(ADA, &["Anna", "May buy", "$10.00", "10.00 deposited"]).await;
    // A forged press is no admin's press.
    world.say(BORIS, "/start").await;
    let (message, _) = world.button(BORIS, "Buy a number").await;
    world.forge(BORIS, message, &format!("K:cb:{ANNA}")).await;
    assert!(world.answer(BORIS).await.contains("out of date"));
    world.say(BORIS, &format!("/adjust {BORIS} +100 gift")).await;
    world.hears(BORIS, &["do not know that command"]).await;

    world.say(ADA, &format!("/adjust {ANNA} +2.50 late bonus")).await;
    world.hears(ADA, &["Correction of $2.50", "late bonus", "$12.50"]).await;
    world.press(ADA, "Book it").await;
    world.hears(ANNA, &["corrected by $2.50: late bonus", "$12.50"]).await;
    world.say(ADA, &format!("/adjust {ANNA} -12.51 too much")).await;
    world.newest(ADA, &["Correction of", "too much"]).await;
    world.press(ADA, "Book it").await;
    assert!(world.answer(ADA).await.contains("The wallet has only $12.50"));
    world.say(ADA, &format!("/user {ANNA}")).await;
    world.newest(ADA, &["May buy", "$12.50", "2.50 corrected"]).await;

    world.say(ADA, &format!("/block {ANNA} stolen cards")).await;
    world.hears(ADA, &["Blocked by Ada", "stolen cards"]).await;
    world.say(ANNA, "/start buy_ring4_US").await;
    world.hears(ANNA, &["You cannot buy at the moment"]).await;
    world.press(ADA, "Unblock").await;
    world.hears(ADA, &["May buy."]).await;

    world.say(ADA, "/maintenance on Back at <noon> & later").await;
    world.hears(ADA, &["Selling is paused by Ada"]).await;
    world.say(ANNA, "/start buy_ring4_US").await;
    world.hears(ANNA, &["Back at <noon> & later"]).await;
    world.say(ADA, "/maintenance off").await;
    world.buy(ANNA).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_and_terms_are_kept() {
    let tuned = [
        ("orders_per_minute: 10", "orders_per_minute: 2"),
        ("  required: false", "  required: true"),
        ("denied_services: []", "denied_services: [google]"),
    ];
    let world = World::open_tuned(Vendor::Mock, cast(), &tuned).await;
    world.deposit(ANNA, "10").await;
    world.say(ANNA, "/start buy_ring4_US").await;
    world.press(ANNA, "Buy for").await;
    world.hears(ANNA, &["Terms", "one code"]).await;
    world.press(ANNA, "I accept").await;
    world.newest(ANNA, &["Number +", "held"]).await;
    for card in ["Number +", "fixed for"] {
        world.say(ANNA, "/start buy_ring4_US").await;
        world.newest(ANNA, &["fixed for"]).await;
        world.press(ANNA, "Buy for").await;
        world.newest(ANNA, &[card]).await;
    }
    let refused = |chat: &serde_json::Value| {
        let answers = chat["answers"].as_array().cloned().unwrap_or_default();
        let mut texts = answers.iter().filter_map(|answer| answer["text"].as_str());
        texts.any(|text| text.contains("at most 2 orders within a minute"))
    };
    world.until(ANNA, "a refusal of the third order", refused).await;
    world.advance(61).await;
    world.press(ANNA, "Buy for").await;
    world.until_count(ANNA, "Number +", 3).await;
    world.say(ANNA, "/start buy_google_US").await;
    world.hears(ANNA, &["Hello Anna"]).await;
    world.close().await;
}

/// An order of Anna's that was delivered without any chat, for those who race about it.
async fn delivered(shop: &Shop, id: OrderId) {
    let mock = shop.registry.status().into_iter().next().expect("a vendor").id;
    let (customer, service) = (UserId(ANNA), "ring4".parse().expect("a service"));
    let wanted = ring4::market::Wanted { service: &service, country: Country::US, orders_done: 0 };
    let priced = shop.market.quote(&shop.live.load_full(), wanted).await.expect("a price");
    let candidates: Vec<Candidate> = priced.candidates.clone();
    assert!(candidates.iter().any(|candidate| candidate.provider == mock));
    let proposal = Proposal {
        id,
        customer,
        service: service.clone(),
        country: Country::US,
        proposed: priced.proposed,
        cost: priced.cost,
        candidates,
        rules: shop.live.load().version(),
    };
    let actor = Actor::Customer(customer);
    for command in
        [Command::OfferQuote(proposal), Command::PlaceOrder { customer, quote: id, card: None }]
    {
        shop.submit(actor, "race", command).await.expect("a commit").expect("no refusal");
    }
    let end = Instant::now() + Duration::from_secs(20);
    let purchase = loop {
        let order = shop.snapshot().order(id).expect("a read").expect("an order");
        if let Some(purchase) = order.purchase {
            break purchase;
        }
        assert!(Instant::now() < end, "{id} was never bought: {:?}", order.state);
        tokio::task::yield_now().await;
    };
    let (vendor_order, code) = (purchase.vendor_order, "12345".into());
    let command = Command::CodeArrived { order: id, vendor_order, code, text: None };
    shop.submit(Actor::Engine, "race", command).await.expect("a commit").expect("no refusal");
}

/// Two admins decide at once, either of them first; how far apart, and how many of them changed
/// something.
async fn race(
    shop: &Arc<Shop>,
    lot: &mut StdRng,
    one: Command,
    other: Command,
) -> (Duration, usize) {
    let mut commands = [(UserId(ADA), one), (UserId(BOB), other)];
    if lot.random_bool(0.5) {
        commands.reverse();
    }
    let (gap, decided) = at_once(shop, commands).await;
    let changed = |decided: &&Decided| decided.as_ref().is_ok_and(|receipt| receipt.seq.is_some());
    (gap, decided.iter().filter(changed).count())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_admins_at_once_have_one_effect() {
    let seed = seed();
    println!("RING4_SEED={seed}");
    let mut lot = StdRng::seed_from_u64(seed);
    let world = World::open_tuned(Vendor::Mock, cast(), UNLIMITED).await;
    world.say(ANNA, "/start").await;
    world.hears(ANNA, &["Hello Anna"]).await;
    let shop = world.shop();
    let customer = UserId(ANNA);
    let micros = |amount: Amount| amount.micros();
    let mut expected = 0;
    let mut races = Races::wanted();
    while let Some(round) = races.next() {
        // An adjustment: proposed once, confirmed by both.
        let id = AdjustmentId::from_bits(round);
        let amount = Amount::from_micros(lot.random_range(1_000_000..2_000_000));
        let reason = "race".to_owned();
        let admin = UserId(ADA);
        let propose = Command::ProposeAdjustment { id, admin, customer, amount, reason };
        let proposed = shop.submit(Actor::Admin(admin), "race", propose).await;
        proposed.expect("a commit").expect("no refusal");
        let book = |admin| Command::BookAdjustment { admin: UserId(admin), id, customer };
        let (booking, changed) = race(&shop, &mut lot, book(ADA), book(BOB)).await;
        assert_eq!(changed, 1, "round {round}");
        expected += micros(amount);

        // A refund: asked for once, decided by both, not always alike.
        let order = OrderId::from_bits(round);
        delivered(&shop, order).await;
        let price = shop.snapshot().order(order).expect("a read").expect("an order").quote.price;
        let ask = Command::RequestRefund { customer, order, reason: None, refundable: true };
        let asked = shop.submit(Actor::Customer(customer), "race", ask).await;
        let asked = asked.expect("a commit").expect("no refusal");
        assert!(matches!(asked.outcome, Outcome::Refund(_)), "round {round}");
        let mut decide = |admin: i64| match lot.random_bool(0.7) {
            true => Command::ApproveRefund { admin: UserId(admin), order },
            false => Command::RejectRefund { admin: UserId(admin), order, reason: None },
        };
        let (one, other) = (decide(ADA), decide(BOB));
        let (deciding, changed) = race(&shop, &mut lot, one, other).await;
        assert_eq!(changed, 1, "round {round}");
        races.ran(booking.max(deciding));
        let state = shop.snapshot().order(order).expect("a read").expect("an order").state;
        expected -= if state == OrderState::Refunded { 0 } else { micros(price) };
        let has = available(&shop.snapshot(), customer).expect("a read");
        assert_eq!(micros(has), expected, "round {round}");
    }
    println!("{}", races.said());
    drop(shop);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_comes_once_a_day_across_restarts() {
    let tuned = [("timezone: UTC", "timezone: Asia/Kathmandu")];
    let mut world = World::open_tuned(Vendor::Mock, cast(), &tuned).await;
    world.deposit(ANNA, "10").await;
    deliver(&world).await;
    // No report of a day on which the shop was not open yet, whatever the time is now.
    world.advance(86_400).await;
    world.until_count(ADA, "Report of", 1).await;
    world.until_count(BOB, "Report of", 1).await;
    world.stop().await;
    world.start().await;
    world.say(ADA, "/stats 7d").await;
    world.hears(ADA, &["The last 7 days", "Revenue $0.", "delivered 1"]).await;
    assert_eq!(world.count(ADA, "Report of").await, 1, "told again after a restart");
    // Down when it is due: it comes with the next start.
    world.stop().await;
    world.advance(86_400).await;
    world.start().await;
    world.until_count(ADA, "Report of", 2).await;
    world.say(ADA, "/export 7d").await;
    world.until_count(ADA, "row", 2).await;
    assert_eq!(world.count(ADA, "Report of").await, 2);
    world.close().await;
}
