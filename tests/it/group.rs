//! The admins' group: cards and notices go there, admins decide there, and nobody else's words or
//! presses do anything.

use ring4_domain::ids::UserId;
use ring4_playground::{Options, Person};
use serde_json::{Value, json};

use crate::world::{ADA, ANNA, BORIS, PATIENCE, Vendor, World, bot_messages, find_button};

/// The playground's group.
const GROUP: &str = "admin_group: -1001000000001";

/// Reads the group, and never wrote to the bot.
const STRANGER: i64 = 1003;

/// An admin who never wrote to the bot.
const CARL: i64 = 9003;

fn cast() -> Options {
    let stranger = Person { started: false, ..Person::customer(STRANGER, "Sven") };
    let people = vec![
        Person::customer(ANNA, "Anna"),
        Person::customer(BORIS, "Boris"),
        stranger,
        Person::admin(ADA, "Ada"),
    ];
    Options { people, ..Options::default() }
}

impl World {
    async fn group(&self, person: i64) -> Value {
        self.get(&format!("people/{person}/chat?chat=group")).await
    }

    /// Waits for a message of the bot in the group that has all these words.
    async fn group_reads(&self, words: &[&str]) -> String {
        let begun = std::time::Instant::now();
        loop {
            let chat = self.group(ADA).await;
            let texts = bot_messages(&chat).into_iter().rev();
            let mut texts = texts.map(|message| message["text"].as_str().unwrap_or_default());
            if let Some(found) = texts.find(|text| words.iter().all(|word| text.contains(word))) {
                return found.to_owned();
            }
            assert!(begun.elapsed() < PATIENCE, "the group never read {words:?}: {chat:#}");
            let version = chat["version"].as_u64().unwrap_or(0);
            let wait = format!("&after_version={version}&wait_secs=2");
            self.get(&format!("people/{ADA}/chat?chat=group{wait}")).await;
        }
    }

    /// Presses the newest such button of the group: what the press is answered with.
    async fn press_in_group(&self, person: i64, label: &str) -> String {
        let (message, label) = find_button(&self.group(ADA).await, label).expect("a button");
        self.answer_in_group(person, json!({ "message_id": message, "label": label })).await
    }

    async fn answer_in_group(&self, person: i64, mut press: Value) -> String {
        press["chat"] = json!("group");
        let pressed = self.post(&format!("people/{person}/presses"), press).await;
        let begun = std::time::Instant::now();
        loop {
            let chat = self.group(person).await;
            let answers = chat["answers"].as_array().expect("answers");
            let own = |answer: &&Value| {
                answer["callback_query_id"] == pressed["callback_query_id"]
                    && answer["status"] == "answered"
            };
            if let Some(answer) = answers.iter().find(own) {
                return answer["text"].as_str().unwrap_or_default().to_owned();
            }
            assert!(begun.elapsed() < PATIENCE, "no answer to {pressed}: {chat:#}");
            let version = chat["version"].as_u64().unwrap_or(0);
            let wait = format!("&after_version={version}&wait_secs=2");
            self.get(&format!("people/{person}/chat?chat=group{wait}")).await;
        }
    }

    async fn say_in_group(&self, person: i64, text: &str) {
        let body = json!({ "text": text, "chat": "group" });
        self.post(&format!("people/{person}/messages"), body).await;
    }

    async fn claim(&self, person: i64, amount: &str) {
        self.say(person, &format!("/deposit {amount}")).await;
        self.press(person, "USDT").await;
        self.press(person, "I have paid").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_decide_about_deposits_in_their_group_and_nobody_else_does() {
    let world = World::open_tuned(Vendor::Mock, cast(), &[("admin_group: null", GROUP)]).await;
    world.claim(ANNA, "10").await;
    world.group_reads(&["Anna", "10.00"]).await;
    for person in [BORIS, STRANGER] {
        for label in ["Approve", "Reject"] {
            let answer = world.press_in_group(person, label).await;
            assert_eq!(answer, "Only the shop’s admins decide here.", "{person} {label}");
        }
    }
    let known = world.shop().snapshot().customer(UserId(STRANGER)).expect("readable");
    assert!(known.is_none(), "a press in the group makes nobody a customer");
    assert_eq!(world.count(ANNA, "is in your wallet").await, 0);

    assert_eq!(world.press_in_group(ADA, "Approve").await, "");
    world.hears(ANNA, &["is in your wallet", "$10.00"]).await;
    world.group_reads(&["Approved by Ada"]).await;
    world.hears(ADA, &["Approved by Ada"]).await;
    assert!(find_button(&world.group(ADA).await, "Approve").is_none(), "the card is closed");

    world.claim(BORIS, "20").await;
    world.group_reads(&["Boris", "20.00"]).await;
    world.press_in_group(ADA, "Reject").await;
    world.group_reads(&["Why is deposit"]).await;
    world.press_in_group(ADA, "Other amount").await;
    world.group_reads(&["Boris", "Rejected by Ada"]).await;
    world.hears(BORIS, &["amount"]).await;
    assert!(find_button(&world.chat(ADA).await, "Approve").is_none(), "so is the private card");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_are_decided_in_the_group_and_all_else_belongs_in_private() {
    let world = World::open_tuned(Vendor::Mock, cast(), &[("admin_group: null", GROUP)]).await;
    world.deposit(ANNA, "10").await;
    let order = world.buy(ANNA).await;
    world.advance(30).await;
    world.hears(ANNA, &["Delivered", &order]).await;
    world.say(ANNA, &format!("/refund {order} it was used")).await;
    world.group_reads(&["Refund of", &order, "it was used", "Waits"]).await;
    let answer = world.press_in_group(ADA, "Customer").await;
    assert_eq!(answer, "Please do that in our private chat.");
    let forged = |data: &str| json!({ "message_id": 1, "data": data });
    for data in ["w", "A", "K:c:1001", "m", "no button"] {
        let answer = world.answer_in_group(ADA, forged(data)).await;
        assert_eq!(answer, "Please do that in our private chat.", "{data}");
        let answer = world.answer_in_group(BORIS, forged(data)).await;
        assert_eq!(answer, "Only the shop’s admins decide here.", "{data}");
    }
    for (person, text) in [(BORIS, "/admin"), (BORIS, "/start"), (ADA, "hello"), (ADA, "/admin@x")]
    {
        world.say_in_group(person, text).await;
    }
    world.say_in_group(ADA, "/admin").await;
    world.group_reads(&["Commands belong in our private chat"]).await;
    assert_eq!(world.press_in_group(ADA, "Approve").await, "");
    world.group_reads(&["Refund of", &order, "Approved by Ada"]).await;
    world.hears(ANNA, &["is back in your wallet", &order]).await;
    let chat = world.group(ADA).await;
    let words = |word: &str| {
        let texts = bot_messages(&chat).into_iter();
        texts.filter(|message| message["text"].to_string().contains(word)).count()
    };
    assert_eq!(words("Commands belong"), 1, "nobody else is answered");
    assert_eq!(words("Dashboard") + words("Your wallet"), 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_a_group_is_not_served() {
    let mut world = World::open_with(Vendor::Mock, cast()).await;
    world.claim(ANNA, "10").await;
    world.hears(ADA, &["Anna", "10.00"]).await;
    let approve = world.data(ADA, "Approve").await;
    world.say_in_group(ADA, "/admin").await;
    let press = json!({ "message_id": 1, "data": approve, "chat": "group" });
    world.post(&format!("people/{ADA}/presses"), press).await;
    // The group is served beside the private chats. What was taken has ended when the shop has
    // stopped, or is run again by the next start before anything new.
    world.until_taken().await;
    world.stop().await;
    world.start().await;
    world.say(ADA, "/balance").await;
    world.hears(ADA, &["Your wallet"]).await;
    world.stop().await;
    assert!(bot_messages(&world.group(ADA).await).is_empty());
    assert_eq!(world.count(ANNA, "is in your wallet").await, 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_in_the_group_leaves_the_private_chat_as_it_was() {
    let mut options = cast();
    options.people.push(Person { started: false, ..Person::admin(CARL, "Carl") });
    let world = World::open_tuned(Vendor::Mock, options, &[("admin_group: null", GROUP)]).await;
    world.claim(ANNA, "10").await;
    world.claim(BORIS, "20").await;
    world.group_reads(&["Boris", "20.00"]).await;
    world.say(ADA, "/language es").await;
    world.hears(ADA, &["Hola"]).await;
    world.say(ADA, "/broadcast").await;
    world.hears(ADA, &["mensaje"]).await;
    // The newest card is Boris's; all read it in the shop's language.
    assert_eq!(world.press_in_group(CARL, "Approve").await, "");
    world.group_reads(&["Boris", "Approved by Carl"]).await;
    let known = world.shop().snapshot().customer(UserId(CARL)).expect("readable");
    assert!(known.is_some_and(|known| !known.reachable), "no private chat came of it");
    let approve = find_button(&world.group(ADA).await, "Approve").expect("Anna's card");
    assert_eq!(world.press_in_group(ADA, "Approve").await, "");
    world.group_reads(&["Anna", "Approved by Ada"]).await;
    // What only Ada reads is said in her language.
    let data = world.shop().snapshot().deposits_of(UserId(BORIS), None, 1).expect("readable");
    let forged = json!({ "message_id": approve.0, "data": format!("Y:{}", data[0].id) });
    let answer = world.answer_in_group(ADA, forged).await;
    assert!(answer.contains("aprob"), "{answer}");
    // The question that was asked in private still waits for its answer.
    world.say(ADA, "Hola a todos").await;
    world.hears(ADA, &["Hola a todos"]).await;
    world.press(ADA, "Enviar").await;
    world.hears(ANNA, &["Hola a todos"]).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_takes_no_messages_is_told_of_once_and_keeps_nobody_waiting() {
    let tuned = [("admin_group: null", GROUP), ("new_order: false", "new_order: true")];
    let world = World::open_tuned(Vendor::Mock, cast(), &tuned).await;
    let refuse = |description: &str, moved_to: Option<i64>| {
        let fault = json!({ "count": 1_000, "code": 400, "chat_id": -1_001_000_000_001_i64,
            "description": format!("Bad Request: {description}"), "migrate_to_chat_id": moved_to });
        json!({ "clear": true, "refuse": fault })
    };
    let rights = "not enough rights to send text messages to the chat";
    world.post("faults", refuse(rights, None)).await;
    world.deposit(ANNA, "30").await;
    world.hears(ADA, &["does not let me write any more", "admin_group"]).await;
    // Notices come in their turn, each at once.
    let begun = std::time::Instant::now();
    for sold in 1..=3 {
        world.buy(ANNA).await;
        world.until_count(ADA, "Anna buys", sold).await;
    }
    assert!(begun.elapsed() < PATIENCE, "three notices in {:?}", begun.elapsed());
    let nothing_open = async {
        while world.shop().snapshot().outbox().next().is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, nothing_open).await.expect("the wishes for the group end");
    assert_eq!(world.count(ADA, "does not let me write").await, 1, "told once");

    // What it takes again makes the next refusal news.
    world.post("faults", json!({ "clear": true })).await;
    world.claim(BORIS, "20").await;
    world.group_reads(&["Boris", "20.00"]).await;
    let upgraded = "group chat was upgraded to a supergroup chat";
    world.post("faults", refuse(upgraded, Some(-1_002_000_000_002))).await;
    world.press(ADA, "Approve").await;
    world.hears(ADA, &["has become a supergroup", "admin_group: -1002000000002"]).await;
    world.close().await;
}
