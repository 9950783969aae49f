//! Durable transfers per second through executor and store, beside what the disk itself does.

use std::time::{Duration, Instant};

use ring4_domain::change::Actor;
use ring4_domain::command::{Command, Proposal};
use ring4_domain::ids::{Country, OrderId, RulesVersion, UserId};
use ring4_domain::money::Amount;
use ring4_domain::order::Candidate;
use tokio::task::JoinSet;

use crate::disk::{cpu_secs, syncs_per_sec};
use crate::shop::{self, Books};
use crate::table::{Budget, Rounds, Row, short};

/// Many and short, because a disk's rate changes from one second to the next.
const ROUNDS: usize = 21;
const CUSTOMERS: i64 = 1_000;
const CALLERS: usize = 64;

/// How long the disk is measured, three times a round.
const DISK_FOR: Duration = Duration::from_millis(120);

/// Transfers of each of the callers in a round.
const EACH: usize = 24;

/// What a group can save over the disk's own rate is for slow disks; a fast one meets the
/// processor first.
const GROUPED_RATIO: f64 = 40.0;
const GROUPED_PER_SEC: f64 = 12_000.0;

/// Measures and prints.
pub fn measure() {
    shop::runtime().block_on(measure_all());
}

async fn measure_all() {
    let folder = tempfile::tempdir().unwrap();
    shop::settle(folder.path());
    let mut live = shop::built(folder.path()).live;
    live.policy.orders_open_max = u32::MAX;
    let books = Books::open(folder.path(), live);
    books.welcome(1..=CUSTOMERS).await;
    books.pay_in(1..=CUSTOMERS, dollars("1000.00")).await;
    let mut next = 1_000_000;
    let (mut single, mut single_disk) = (Rounds::default(), Rounds::default());
    let (mut grouped, mut grouped_disk) = (Rounds::default(), Rounds::default());
    let mut grouped_cpu = Rounds::default();
    for _ in 0..ROUNDS {
        let before = disk(folder.path()).await;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let syncs = (before * DISK_FOR.as_secs_f64()).clamp(20.0, 500.0) as usize;
        single.add(places_per_sec(&books, &mut next, 1, syncs).await.0);
        let between = disk(folder.path()).await;
        single_disk.add(f64::midpoint(before, between));
        let (per_sec, cpu) = places_per_sec(&books, &mut next, CALLERS, EACH).await;
        grouped.add(per_sec);
        grouped_cpu.add(cpu);
        grouped_disk.add(f64::midpoint(between, disk(folder.path()).await));
    }
    books.close();
    Row {
        what: "durable transfers, 1 caller",
        unit: "/s",
        figures: &single,
        reference: ("fdatasync", &single_disk),
        budget: Budget::RatioMin(0.9),
        note: "one order placed: hold, order, two wishes; command, decision, commit".to_owned(),
    }
    .print();
    let slow = grouped_disk.median() * GROUPED_RATIO < GROUPED_PER_SEC;
    Row {
        what: "durable transfers, 64 callers",
        unit: "/s",
        figures: &grouped,
        reference: ("fdatasync", &grouped_disk),
        budget: if slow { Budget::RatioMin(GROUPED_RATIO) } else { Budget::Min(GROUPED_PER_SEC) },
        note: format!("{} µs of processor each", short(grouped_cpu.median())),
    }
    .print();
}

async fn disk(folder: &std::path::Path) -> f64 {
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || syncs_per_sec(&folder, DISK_FOR)).await.unwrap()
}

fn dollars(text: &str) -> Amount {
    text.parse().unwrap()
}

/// Places orders from so many callers at once; per second, and processor time in µs each.
async fn places_per_sec(books: &Books, next: &mut u64, callers: usize, each: usize) -> (f64, f64) {
    let first = *next;
    *next += u64::try_from(callers * each).unwrap();
    let customer = |quote: u64| UserId(i64::try_from(quote).unwrap() % CUSTOMERS + 1);
    let offers = (first..*next).map(|quote| {
        let proposal = proposal(OrderId::from_bits(quote), customer(quote));
        (Actor::Customer(customer(quote)), Command::OfferQuote(proposal))
    });
    books.submit_all(offers).await;
    let process = std::process::id();
    let (start, cpu) = (Instant::now(), cpu_secs(process));
    let mut running = JoinSet::new();
    for caller in 0..callers {
        let executor = books.executor.clone();
        let from = first + u64::try_from(caller * each).unwrap();
        let quotes = from..from + u64::try_from(each).unwrap();
        running.spawn(async move {
            for quote in quotes {
                let actor = Actor::Customer(customer(quote));
                let (customer, quote) = (customer(quote), OrderId::from_bits(quote));
                let place = Command::PlaceOrder { customer, quote, card: None };
                executor.submit(actor, "u1", place).await.unwrap().unwrap();
            }
        });
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
    let placed = (callers * each) as f64;
    let cpu = (cpu_secs(process) - cpu) * 1e6 / placed;
    (placed / start.elapsed().as_secs_f64(), cpu)
}

fn proposal(id: OrderId, customer: UserId) -> Proposal {
    let cost = dollars("0.38");
    let candidate = Candidate {
        provider: "mock".parse().unwrap(),
        service: "ring4".parse().unwrap(),
        vendor_service: "1574".to_owned(),
        cost,
    };
    Proposal {
        id,
        customer,
        service: "ring4".parse().unwrap(),
        country: Country::US,
        proposed: dollars("0.42"),
        cost,
        candidates: vec![candidate],
        rules: RulesVersion([4; 8]),
    }
}
