//! Updates that are asked for and updates that are posted: the real binary is stopped and started
//! in the one mode and the other, while people write and press. Nothing is lost, nothing is acted
//! on twice, and nobody reads the webhook's secret.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use rand::Rng;
use ring4_playground::{Options, Person};
use serde_json::{Value, json};

use crate::crash::process::{Launch, Log};
use crate::world::{ADA, PATIENCE, TOKEN, Vendor, World, bot_messages, variables};

const PEOPLE: std::ops::RangeInclusive<i64> = 1001..=1008;
const SECRET: &str = "a-secret-of-the-tests-0123456789";

/// Whether updates are posted, and whether the secret is given; else it is made.
const ROUNDS: [(bool, bool); 5] =
    [(false, false), (true, true), (false, false), (true, false), (false, true)];

/// A port that is free, and stays so while a shop is stopped: it lies below those that the system
/// gives to whoever names none.
pub fn free_port() -> u16 {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    let range = range.expect("the range of ports that are given away");
    let first = range.split_whitespace().next().expect("a port");
    let below: u16 = first.parse().expect("a port");
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let mut tried = (0..1_000).map(|_| rand::rng().random_range(2_000..below));
    tried.find(is_free).expect("a free port")
}

/// The variables that have updates posted to this port.
pub fn posted_to(port: u16) -> [(&'static str, String); 2] {
    let url = format!("http://127.0.0.1:{port}/telegram");
    [("ENABLE_WEBHOOK_MODE", "true".to_owned()), ("WEBHOOK_URL", url)]
}

/// Has these settings listen there.
pub fn listen(path: &Path, port: u16) {
    let text = std::fs::read_to_string(path).expect("settings");
    assert_eq!(text.matches("listen: 127.0.0.1:8080").count(), 1);
    let text = text.replace("listen: 127.0.0.1:8080", &format!("listen: 127.0.0.1:{port}"));
    std::fs::write(path, text).expect("written settings");
}

/// Has these settings take plugins from beside this test.
fn plugins_from_here(path: &Path) {
    let program = std::env::current_exe().expect("the test's own path");
    let beside = program.parent().expect("a folder");
    let text = std::fs::read_to_string(path).expect("settings");
    let text = text.replace("dir: null\n  # SHA-256", &format!("dir: {beside:?}\n  # SHA-256"));
    std::fs::write(path, text).expect("written settings");
}

/// Waits until Telegram knows the mode.
async fn until_set(world: &World, posted: bool) {
    let begun = Instant::now();
    while world.get("updates").await["webhook_url"].is_string() != posted {
        assert!(begun.elapsed() < PATIENCE, "the mode is not set");
        tokio::task::yield_now().await;
    }
}

/// Everybody asks for help in words, and presses the button for the wallet.
async fn ask(world: &World, menus: &BTreeMap<i64, (i64, String)>) {
    for (person, (message, data)) in menus {
        world.say(*person, "/help").await;
        world.forge(*person, *message, data).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn switching_between_polling_and_webhook_loses_and_doubles_nothing() {
    let people = PEOPLE.map(|id| Person::customer(id, &format!("Customer{id}")));
    let people = people.chain([Person::admin(ADA, "Ada")]).collect();
    let options = Options { people, ..Options::default() };
    let world = World::around(&[Vendor::Mock], options, &[]).await;
    let port = free_port();
    let config = world.folder.path().join("config.yaml");
    listen(&config, port);
    plugins_from_here(&config);
    let env = variables(&world.playground, &[Vendor::Mock], &ADA.to_string());
    let data = world.folder.path().join("data");
    let mut launch = Launch { config, data, env: env.clone(), log: Log::whole() };

    let mut process = launch.start();
    process.runs().await;
    let mut menus = BTreeMap::new();
    for person in PEOPLE {
        world.say(person, "/start").await;
        let (message, label) = world.button(person, "Balance").await;
        menus.insert(person, (message, world.data(person, &label).await));
    }
    process.stop().await;
    let mut longest = Duration::ZERO;
    for (posted, given) in ROUNDS {
        // What comes while nobody listens waits for whichever mode is next.
        ask(&world, &menus).await;
        launch.env = env.clone();
        if posted {
            launch.env.extend(posted_to(port));
        }
        if given {
            launch.env.push(("WEBHOOK_SECRET", SECRET.to_owned()));
        }
        let mut process = launch.start();
        process.runs().await;
        until_set(&world, posted).await;
        ask(&world, &menus).await;
        longest = longest.max(process.stop().await);
    }
    let mut process = launch.start();
    process.runs().await;
    let asked = 2 * ROUNDS.len();
    for person in PEOPLE {
        world.until_count(person, "How it works", asked).await;
    }
    process.stop().await;
    judge(&world, &launch, asked).await;
    println!(
        "{} starts, {} messages and {} presses, each acted on once; the longest stop {longest:.0?}",
        ROUNDS.len() + 2,
        asked * menus.len(),
        asked * menus.len(),
    );
    world.close().await;
}

/// Each message and each press was acted on once, and the secrets are nowhere.
async fn judge(world: &World, launch: &Launch, asked: usize) {
    let updates = world.get("updates").await;
    for figure in ["expired", "dropped"] {
        assert_eq!(updates[figure], 0, "{updates}");
    }
    for person in PEOPLE {
        let chat = world.chat(person).await;
        assert_eq!(world.count(person, "How it works").await, asked, "{person}");
        let answers = chat["answers"].as_array().expect("answers");
        let answered = answers.iter().filter(|answer| answer["status"] == "answered").count();
        assert_eq!(answered, asked, "{person}");
    }
    let calls = world.calls().await;
    let of = |method: &str| {
        calls
            .iter()
            .filter(|call| call["method"].as_str().unwrap_or_default().eq_ignore_ascii_case(method))
            .collect::<Vec<_>>()
    };
    let mut answers = BTreeMap::new();
    for call in of("answerCallbackQuery") {
        *answers.entry(call["parameters"]["callback_query_id"].to_string()).or_insert(0) += 1;
    }
    assert_eq!(answers.len(), asked * PEOPLE.count());
    assert!(answers.values().all(|times| *times == 1), "{answers:?}");
    let secrets: Vec<String> = of("setWebhook")
        .iter()
        .map(|call| call["parameters"]["secret_token"].as_str().expect("a secret").to_owned())
        .collect();
    assert_eq!(secrets.len(), 2, "each start in this mode set it once");
    assert!(secrets.contains(&SECRET.to_owned()) && secrets.iter().any(|s| s.len() == 64));
    for line in launch.log.every_line() {
        assert!(!secrets.iter().any(|secret| line.contains(secret)), "a secret in {line}");
        assert!(!line.contains(TOKEN), "the token in {line}");
    }
    let errors = launch.log.errors();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_hear_when_telegram_cannot_deliver_and_when_it_can_again() {
    let mut world = World::around(&[Vendor::Mock], Options::default(), &[]).await;
    let port = free_port();
    listen(&world.folder.path().join("config.yaml"), port);
    world.set(posted_to(port).to_vec());
    let fault = json!({ "count": 2, "code": 502, "method": "setWebhook" });
    world.post("faults", json!({ "server_error": fault })).await;
    world.start().await;
    world.hears(ADA, &["Telegram cannot deliver to the webhook", "502"]).await;
    world.hears(ADA, &["Telegram delivers to the webhook again"]).await;
    let count = |chat: &Value| {
        let told = bot_messages(chat).into_iter();
        told.filter(|message| message["text"].to_string().contains("webhook")).count()
    };
    assert_eq!(count(&world.chat(ADA).await), 2, "once each");
    // A stranger who finds the address learns nothing and changes nothing.
    let url = format!("http://127.0.0.1:{port}/telegram");
    let forged = json!({ "update_id": 1, "message": { "message_id": 1, "date": 1, "text": "/admin",
        "from": { "id": ADA, "is_bot": false, "first_name": "A" },
        "chat": { "id": ADA, "type": "private", "first_name": "A" } } });
    let http = reqwest::Client::builder().timeout(PATIENCE).build().expect("a client");
    let answer = http.post(url).json(&forged).send().await.expect("an answer");
    assert_eq!(answer.status(), 401);
    world.say(ADA, "/balance").await;
    world.hears(ADA, &["Your wallet"]).await;
    assert_eq!(world.count(ADA, "Dashboard").await, 0);
    world.close().await;
}
