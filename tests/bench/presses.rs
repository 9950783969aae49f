//! How soon a press is answered while two hundred come in a second: the time from the press until
//! the pressed message shows what was asked for, the watching over HTTP included.

use std::time::{Duration, Instant};

use ring4_playground::{Options, Person, Playground};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::bots::Bot;
use crate::disk::sync_times;
use crate::shop::{self, Books, Vendor};
use crate::table::{Budget, Rounds, Row, millis, short};
use crate::watch::until;

/// People who press in turn.
const PEOPLE: i64 = 1_000;

const PRESSES_PER_SEC: usize = 200;

const SECS: usize = 10;

/// What is pressed, and what the message shows then: the wallet, the services, the orders, the
/// menu. None shows what stood there before.
const BUTTONS: [(&str, &str); 4] =
    [("w", "Your wallet"), ("s", "Which service"), ("l", "You have no orders"), ("m", "Hello")];

/// The most that 95 of 100 presses may take, in milliseconds.
const P95_MILLIS: f64 = 300.0;

/// Measures and prints.
pub fn measure() {
    let runtime = shop::runtime();
    let folder = tempfile::tempdir().unwrap();
    shop::settle(folder.path());
    let sync = sync_times(folder.path(), Duration::from_millis(250)).median();
    let server = runtime.block_on(async {
        let books = Books::open(folder.path(), shop::built(folder.path()).live);
        books.welcome(1..=PEOPLE).await;
        books.pay_in(1..=PEOPLE, "20.00".parse().unwrap()).await;
        books.close();
        let mut people: Vec<Person> = (1..=PEOPLE).map(|id| Person::customer(id, "Anna")).collect();
        people.push(Person::admin(shop::ADMIN, "Ada"));
        let token = Some(shop::TOKEN.to_owned());
        let options =
            Options { people, token, calls_kept: 0, messages_kept: 50, ..Options::default() };
        Playground::start(options).await.unwrap()
    });
    let engine = Bot::engine(folder.path(), &format!("http://{}", server.address()), Vendor::Mock);
    let answered = runtime.block_on(press(&server));
    let mut syncs = Rounds::default();
    (0..answered.count()).for_each(|_| syncs.add(sync));
    let mut p95 = Rounds::default();
    p95.add(answered.quantile(0.95));
    Row {
        what: "answer to a press at 200/s, p95",
        unit: "ms",
        figures: &p95,
        reference: ("fdatasync", &syncs),
        budget: Budget::Max(P95_MILLIS),
        note: format!(
            "{} presses; p50 {} ms, p99 {} ms, the longest {} ms",
            answered.count(),
            short(answered.median()),
            short(answered.quantile(0.99)),
            short(answered.quantile(1.0))
        ),
    }
    .print();
    drop(engine);
    runtime.block_on(server.stop());
}

/// Everybody opens the menu, then presses in turn; the times until the messages show the answers.
async fn press(server: &Playground) -> Rounds {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let address = server.address().to_string();
    let mut menus = Vec::new();
    for person in 1..=PEOPLE {
        server.say(person, "/start").unwrap();
    }
    for person in 1..=PEOPLE {
        let menu = |messages: &[Value]| {
            let menu = messages.iter().find(|message| is(message, "Hello"));
            menu.map(|menu| menu["message_id"].as_i64().unwrap())
        };
        let chat = until(&http, &address, person, 0, |messages| menu(messages).is_some()).await;
        menus.extend(menu(chat["messages"].as_array().unwrap()).map(|menu| (person, menu)));
    }
    let mut ticks = interval(Duration::from_secs(1) / u32::try_from(PRESSES_PER_SEC).unwrap());
    // A late tick is made up for, so that the rate holds whatever the machine does.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut waiting = JoinSet::new();
    for (number, (person, menu)) in menus.iter().cycle().take(PRESSES_PER_SEC * SECS).enumerate() {
        ticks.tick().await;
        let (data, words) = BUTTONS[(number / menus.len()) % BUTTONS.len()];
        let start = Instant::now();
        server.press(*person, *menu, data).unwrap();
        let (http, person, menu, address) = (http.clone(), *person, *menu, address.clone());
        waiting.spawn(async move {
            let shown = |messages: &[Value]| {
                messages.iter().any(|known| known["message_id"] == menu && is(known, words))
            };
            until(&http, &address, person, 0, shown).await;
            start.elapsed()
        });
    }
    let mut times = Rounds::default();
    while let Some(time) = waiting.join_next().await {
        times.add(millis(time.unwrap()));
    }
    times
}

fn is(message: &Value, words: &str) -> bool {
    message["text"].as_str().unwrap().contains(words)
}
