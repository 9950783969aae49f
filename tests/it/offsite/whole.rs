//! The whole shop: people trade, copies go to a bucket, the plug is pulled, the machine is gone.

use ring4::shipping::Choice;
use ring4_domain::ids::UserId;
use ring4_domain::ledger::AccountId;

use super::server::{BUCKET, Plug, Server, bucket, variables};
use super::shipped::{fetch, rebuild, until_status};
use crate::world::{ANNA, Vendor, World};

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
    let mut status = shop.shipped.clone().expect("copies are made");
    let head = shop.snapshot().head().unwrap();
    let there = |seq: Option<ring4_domain::change::Seq>| seq.is_some_and(|seq| seq >= head.seq);
    let sealed = until_status(&mut status, "the trade there", |s| there(s.shipped)).await;
    plug.pull();
    // Selling does not wait for a place that is out of reach.
    world.deposit(ANNA, "5").await;
    let lost = shop.snapshot().head().unwrap();
    assert!(lost.seq > sealed.shipped.unwrap());
    let into = tempfile::tempdir().unwrap();
    let fetched = fetch(&bucket(&server.address), into.path(), &Choice::Latest).await;
    assert!(fetched.end.seq >= sealed.shipped.unwrap(), "{fetched:?} after {sealed:?}");
    let restored = rebuild(into.path(), &fetched).snapshot();
    let (now, then) = (shop.snapshot(), restored.head().unwrap());
    assert_eq!(now.head_at(then.seq).unwrap(), Some(then), "the same history");
    assert_eq!(now.head_at(head.seq).unwrap(), Some(head));
    let wallet = restored.account(&AccountId::Wallet(UserId(ANNA))).unwrap();
    assert_eq!(wallet.credits_posted, "10".parse().unwrap());
    drop((now, shop));
    plug.put_back();
    world.close().await;
}
