//! Going back to a rule set that was live before: it brings back prices and texts, gives nobody
//! power, and is found in the journal whatever the moment of a crash.

use ring4_domain::change::{Activation, Actor};
use ring4_domain::command::Command;
use ring4_domain::ids::{RulesVersion, UserId};
use ring4_playground::{Options, Person};

use crate::world::{ADA, ANNA, Vendor, World};

/// Whose power ends.
const BOB: i64 = 9002;

/// Both admins, in the settings.
const BOTH: &[(&str, &str)] = &[("admins: []", "admins: [9001, 9002]")];

fn cast() -> Options {
    let people =
        vec![Person::customer(ANNA, "Anna"), Person::admin(ADA, "Ada"), Person::admin(BOB, "Bob")];
    Options { people, ..Options::default() }
}

impl World {
    /// A file of the rule set with something in it replaced.
    fn edited(&self, name: &str, from: &str, to: &str) -> String {
        let text = std::fs::read_to_string(self.folder.path().join(name)).expect("a file");
        assert_eq!(text.matches(from).count(), 1, "{from} in {name}");
        text.replace(from, to)
    }

    fn version(&self) -> RulesVersion {
        self.shop().live.load().version()
    }

    /// As a choice that was committed when the process was killed, before anything followed.
    async fn commits(&self, actor: Actor, version: RulesVersion, over: Option<RulesVersion>) {
        let shop = self.shop();
        let before = shop.snapshot().rules_since().expect("readable");
        let command = Command::ActivateRules(Activation { version, over, before });
        shop.submit(actor, "test", command).await.expect("taken").expect("never refused");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_gives_nobody_power_and_outlives_a_restart() {
    let mut world = World::around(&[Vendor::Mock], cast(), BOTH).await;
    world.set(vec![("ADMIN_USER_IDS", String::new())]);
    world.start().await;
    let former = world.version();
    world.say(BOB, "/admin").await;
    world.hears(BOB, &["Dashboard"]).await;
    world.stop().await;
    let config = world.edited("config.yaml", "admins: [9001, 9002]", "admins: [9001]");
    world.save("config.yaml", &config);
    let packs = world.edited("scripts/messages.en.yaml", "📱 Buy a number", "📱 Get a number");
    world.save("scripts/messages.en.yaml", &packs);
    world.start().await;
    let latter = world.version();
    assert_ne!(former, latter);

    world.say(ADA, "/rules").await;
    world.press(ADA, &former.to_string()[..8]).await;
    world.hears(ADA, &["config.yaml", "messages.en.yaml"]).await;
    world.press(ADA, "Make it live").await;
    world.hears(ADA, &["chosen by Ada"]).await;
    for round in 0..3 {
        assert_eq!(world.version(), former, "after {round} restarts");
        let admins = world.shop().live.load().policy.admins.clone();
        assert_eq!(Vec::from_iter(admins), [UserId(ADA)], "after {round} restarts");
        world.stop().await;
        if round == 1 {
            // Nor does it with scripts that cannot run.
            world.save("scripts/pricing.rhai", "fn price(");
        }
        world.start().await;
    }
    assert_eq!(world.count(ADA, "need a restart").await, 0, "nothing of it waits for a restart");
    world.say(BOB, "/admin").await;
    world.hears(BOB, &["do not know that command"]).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_says_which_rule_set_an_admin_chose() {
    let mut world = World::open(Vendor::Mock).await;
    let former = world.version();
    let packs = world.edited("scripts/messages.en.yaml", "📱 Buy a number", "📱 Get a number");
    world.save("scripts/messages.en.yaml", &packs);
    world.hears(ADA, &["is live", "messages.en.yaml"]).await;
    let latter = world.version();
    // Killed between the commit and what follows it.
    world.commits(Actor::Admin(UserId(ADA)), former, Some(latter)).await;
    assert_eq!(world.version(), latter);
    world.stop().await;
    world.start().await;
    assert_eq!(world.version(), former, "the choice was committed");
    // It was chosen over files that are no more.
    world.stop().await;
    world.save("scripts/messages.en.yaml", &packs.replace("📱 Get a number", "📱 A number"));
    world.start().await;
    world.say(ANNA, "/start").await;
    world.press(ANNA, "📱 A number").await;
    world.say(ADA, "/rules").await;
    world.hears(ADA, &["as the files say"]).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_set_of_the_past_is_found() {
    let world = World::open(Vendor::Mock).await;
    let first = world.version();
    let packs = world.edited("scripts/messages.en.yaml", "📱 Buy a number", "📱 Get a number");
    world.save("scripts/messages.en.yaml", &packs);
    world.hears(ADA, &["is live", "messages.en.yaml"]).await;
    let second = world.version();
    for version in 1..=9 {
        world.commits(Actor::Engine, RulesVersion([version; 8]), None).await;
    }
    // What was live just before is what the live one is compared with, whenever it was kept.
    world.commits(Actor::Engine, first, None).await;
    world.commits(Actor::Engine, second, None).await;
    world.say(ADA, "/rules").await;
    let shown = world.hears(ADA, &["Differs from", "scripts/messages.en.yaml"]).await;
    assert!(shown.contains("as the files say"), "{shown}");
    assert!(world.find(ADA, "09090909").await.is_some());
    assert!(world.find(ADA, "01010101").await.is_none(), "a page has six");
    world.press(ADA, "Older ›").await;
    world.button(ADA, "01010101").await;
    assert!(world.find(ADA, "Older ›").await.is_none());
    world.press(ADA, "‹ Newer").await;
    world.button(ADA, "09090909").await;
    world.close().await;
}
