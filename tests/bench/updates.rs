//! `/balance` round trips of the whole engine beside a bare teloxide echo bot; memory at rest;
//! and, on the same engine, how fast a purchase shows.

use std::time::{Duration, Instant};

use ring4_playground::{Options, Person, Playground};

use crate::bots::Bot;
use crate::buying;
use crate::disk::{cpu_secs, resident_mib};
use crate::shop::{self, Books, Vendor};
use crate::table::{Budget, Rounds, Row, short};

const ROUNDS: usize = 5;

/// Customers that the shop knows.
const CUSTOMERS: i64 = 100_000;

/// Customers who write.
pub const PEOPLE: i64 = 1_000;

/// Updates in a round, pushed ahead of the bots.
const UPDATES: u64 = 8_000;

/// How long a round may take before the bench calls an update lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a bot must have said nothing to be at rest.
const REST: Duration = Duration::from_millis(1_500);

/// Measures and prints.
pub fn measure() {
    let runtime = shop::runtime();
    let folder = tempfile::tempdir().unwrap();
    shop::settle(folder.path());
    runtime.block_on(async {
        let books = Books::open(folder.path(), shop::built(folder.path()).live);
        books.welcome(1..=CUSTOMERS).await;
        books.pay_in(1..=PEOPLE, "20.00".parse().unwrap()).await;
        books.close();
    });
    // The server's tasks are on the runtime's threads; this one only watches.
    let servers = [runtime.block_on(server()), runtime.block_on(server())];
    let engine = Bot::engine(folder.path(), &url(&servers[0]), Vendor::Mock);
    let echo = Bot::echo(&url(&servers[1]));
    let (mut ours, mut theirs) = (Speed::default(), Speed::default());
    // The first round of each warms it up, and tells the engine of names.
    push(&servers[0], &engine);
    push(&servers[1], &echo);
    rest(&servers[0]);
    let (mut ours_mib, mut theirs_mib) = (Rounds::default(), Rounds::default());
    ours_mib.add(resident_mib(engine.process()));
    theirs_mib.add(resident_mib(echo.process()));
    for _ in 0..ROUNDS {
        ours.add(push(&servers[0], &engine));
        theirs.add(push(&servers[1], &echo));
    }
    Row {
        what: "/balance, whole engine",
        unit: "/s",
        figures: &ours.per_sec,
        reference: ("teloxide echo", &theirs.per_sec),
        budget: Budget::RatioMin(0.7),
        note: format!(
            "µs of the bot's processor each: {}, {}",
            short(ours.cpu_micros.median()),
            short(theirs.cpu_micros.median())
        ),
    }
    .print();
    Row {
        what: "resident memory, 100,000 customers",
        unit: "MiB",
        figures: &ours_mib,
        reference: ("teloxide echo", &theirs_mib),
        budget: Budget::Max(100.0),
        note: format!("{} MiB after the rounds", short(resident_mib(engine.process()))),
    }
    .print();
    drop(echo);
    buying::measure(&runtime, &servers[0], folder.path());
    drop(engine);
    for server in servers {
        runtime.block_on(server.stop());
    }
}

async fn server() -> Playground {
    let mut people: Vec<Person> = (1..=PEOPLE).map(|id| Person::customer(id, "Anna")).collect();
    people.push(Person::admin(shop::ADMIN, "Ada"));
    let token = Some(shop::TOKEN.to_owned());
    let options = Options { people, token, calls_kept: 0, messages_kept: 50, ..Options::default() };
    Playground::start(options).await.unwrap()
}

fn url(server: &Playground) -> String {
    format!("http://{}", server.address())
}

#[derive(Default)]
struct Speed {
    per_sec: Rounds,
    cpu_micros: Rounds,
}

impl Speed {
    fn add(&mut self, (per_sec, cpu_micros): (f64, f64)) {
        self.per_sec.add(per_sec);
        self.cpu_micros.add(cpu_micros);
    }
}

/// Lets everybody write `/balance` in turn, and waits for the last answer.
fn push(server: &Playground, bot: &Bot) -> (f64, f64) {
    let awaited = server.bot_messages() + UPDATES;
    let (start, cpu) = (Instant::now(), cpu_secs(bot.process()));
    for person in (1..=PEOPLE).cycle().take(usize::try_from(UPDATES).unwrap()) {
        server.say(person, "/balance").unwrap();
    }
    while server.bot_messages() < awaited {
        assert!(start.elapsed() < PATIENCE, "an update was not answered");
        std::thread::sleep(Duration::from_millis(2));
    }
    let took = start.elapsed().as_secs_f64();
    let updates = UPDATES as f64;
    (updates / took, (cpu_secs(bot.process()) - cpu) * 1e6 / updates)
}

/// Waits until the bot has nothing more to say.
fn rest(server: &Playground) {
    let mut said = server.bot_messages();
    let mut since = Instant::now();
    while since.elapsed() < REST {
        std::thread::sleep(Duration::from_millis(20));
        if server.bot_messages() != said {
            said = server.bot_messages();
            since = Instant::now();
        }
    }
}
