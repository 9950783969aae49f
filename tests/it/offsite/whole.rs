//! The whole shop: people trade, copies go to a bucket, the plug is pulled, the machine is gone.

use std::time::{Duration, Instant};

use ring4::shipping::Choice;
use ring4::shop::Shop;
use ring4_domain::change::{Actor, Seq};
use ring4_domain::command::Command;
use ring4_domain::ids::UserId;
use ring4_domain::ledger::AccountId;

use super::server::{BUCKET, Plug, Server, bucket, variables};
use super::shipped::{fetch, rebuild, until_status};
use crate::world::{ANNA, Vendor, World};

/// How long there is trade before the plug is pulled: longer than a second, which is sealed.
const TRADE: Duration = Duration::from_millis(2_500);

/// How long entries are gathered before they are sealed and shipped, in milliseconds.
const SEALED_MS: i64 = 1_000;

/// One more entry, twice: Anna leaves and comes back.
async fn come_and_go(shop: &Shop) {
    let customer = UserId(ANNA);
    for reachable in [false, true] {
        let command = Command::SetReachable { customer, reachable };
        let done = shop.submit(Actor::Customer(customer), "trade", command).await;
        done.expect("a commit").expect("no refusal");
    }
}

/// The longest that an entry takes to be there, of a few.
async fn ship(shop: &Shop) -> Duration {
    let mut status = shop.shipped.clone().expect("copies are made");
    let mut longest = Duration::ZERO;
    for _ in 0..3 {
        let begun = Instant::now();
        come_and_go(shop).await;
        let seq = shop.snapshot().head().unwrap().seq;
        let there = |shipped: Option<Seq>| shipped.is_some_and(|shipped| shipped >= seq);
        until_status(&mut status, "the trade there", |status| there(status.shipped)).await;
        longest = longest.max(begun.elapsed());
    }
    longest
}

#[tokio::test]
async fn a_machine_that_is_gone_takes_no_sealed_second_along() {
    let Some(server) = Server::start().await else { return };
    let plug = Plug::before(&server.address).await;
    let mut settings = variables(&plug.address);
    settings.push(("COPIES", format!("s3://{BUCKET}/shop/one")));
    let mut world = World::open(Vendor::Mock).await;
    world.stop().await;
    world
        .save("config.yaml", &ring4_config::SHIPPED.replace("copy_to: null", "copy_to: ${COPIES}"));
    world.set(settings);
    world.start().await;
    world.deposit(ANNA, "10").await;
    world.buy(ANNA).await;
    let shop = world.shop();
    let head = shop.snapshot().head().unwrap();
    let shipping = ship(&shop).await;
    // The plug is pulled in the midst of trade.
    let begun = Instant::now();
    while begun.elapsed() < TRADE {
        come_and_go(&shop).await;
    }
    let pulled_at = shop.clock.now();
    plug.pull();
    // Selling does not wait for a place that is out of reach.
    world.deposit(ANNA, "5").await;
    let into = tempfile::tempdir().unwrap();
    let fetched = fetch(&bucket(&server.address), into.path(), &Choice::Latest).await;
    let restored = rebuild(into.path(), &fetched).snapshot();
    let (now, then) = (shop.snapshot(), restored.head().unwrap());
    assert_eq!(now.head_at(then.seq).unwrap(), Some(then), "the same history");
    assert_eq!(now.head_at(head.seq).unwrap(), Some(head));
    let lost = now.entry(Seq(then.seq.0 + 1)).unwrap().expect("an entry that was lost");
    let age_ms = pulled_at.0 - lost.at.0;
    let most_ms = SEALED_MS + i64::try_from(shipping.as_millis()).unwrap();
    println!("the oldest entry lost was {age_ms} ms old; an entry is there within {shipping:.0?}");
    assert!(age_ms <= most_ms, "{age_ms} ms, more than {most_ms} ms");
    let wallet = restored.account(&AccountId::Wallet(UserId(ANNA))).unwrap();
    assert_eq!(wallet.credits_posted, "10".parse().unwrap());
    drop((now, shop));
    plug.put_back();
    world.close().await;
}
