//! How soon a code shows, from the vendor's answer on the wire to the customer's chat, with
//! Telegram's limits kept to.

mod wire;

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use ring4_playground::{Options, Person};
use serde_json::json;

use crate::world::{ADA, Vendor, World};
use wire::Wire;

/// Customers, each of whom waits for a code.
const PEOPLE: std::ops::RangeInclusive<i64> = 1001..=1006;

/// The longest a code may take from the vendor's answer to the chat.
const CODE_WITHIN: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_code_shows_within_a_second_of_the_vendors_answer() {
    let people = PEOPLE.map(|id| Person::customer(id, &format!("Customer{id}")));
    let people = people.chain([Person::admin(ADA, "Ada")]).collect();
    let options = Options { people, ..Options::default() };
    let mut world = World::around(&[Vendor::Smspool], options, &[]).await;
    let wire = Wire::to(world.playground.address()).await;
    world.reach_smspool_through(wire.address);
    world.start().await;
    for person in PEOPLE {
        world.deposit(person, "10").await;
    }
    world.stop().await;
    world.keep_to_limits();
    world.start().await;
    world.post("vendor", json!({ "code_delay_secs": [2, 8] })).await;
    for person in PEOPLE {
        world.buy(person).await;
    }
    let (chats, answers) = (&world, &wire);
    let waiting = PEOPLE.map(|person| async move {
        let ring = "Your Ring4 code is ";
        let told = chats.hears(person, &[ring]).await;
        let seen = Instant::now();
        let code = told.split(ring).nth(1).and_then(|rest| rest.lines().next()).expect("a code");
        let answered = answers.heard(&format!("\"{code}\"")).expect("the vendor's answer");
        seen.saturating_duration_since(answered)
    });
    let longest = join_all(waiting).await.into_iter().max().expect("codes");
    println!("the longest code took {longest:.0?} from the vendor's answer to the chat");
    assert!(longest <= CODE_WITHIN, "{longest:?}");
    world.close().await;
    wire.cut().await;
}
