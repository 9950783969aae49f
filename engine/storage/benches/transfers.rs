//! Durable transfers per second beside what the disk can do, and the start after a kill.
//!
//! `cargo bench -p ring4-storage -- [entries] [directory]`: how many entries the start is
//! measured with (100000), and where to write (the system's temporary directory).

// Measurements are printed, and a bench that cannot write has nothing to go on with.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::float_arithmetic
)]

#[path = "../tests/store/shop.rs"]
#[allow(dead_code)]
mod shop;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use ring4_domain::change::{Actor, Change};
use ring4_domain::command::Key;
use ring4_domain::ids::{OrderId, UserId};
use ring4_domain::ledger::AccountId;
use ring4_storage::{Options, Store};
use shop::{NOON, commit, customer, pay_in, place};

const CUSTOMERS: u64 = 1_000;
const MEASURE: Duration = Duration::from_secs(3);

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let entries = arguments.first().map_or(100_000, |entries| entries.parse().unwrap());
    let dir = match arguments.get(1) {
        Some(dir) => tempfile::tempdir_in(dir).unwrap(),
        None => tempfile::tempdir().unwrap(),
    };
    let mut next = 1_000_000;
    {
        let mut store = Store::open(dir.path(), &Options::default()).unwrap().0;
        open_accounts(&mut store);
        for group in [1, 8, 64, 512] {
            let disk = fdatasync_rate(dir.path(), group);
            let rate = transfer_rate(&mut store, group, &mut next);
            let (per_sec, syncs, cpu) = (rate.per_sec, disk.per_sec, rate.cpu_micros);
            let times = per_sec / syncs;
            println!(
                "groups of {group:3}: {per_sec:7.0} transfers/s, {times:6.2} × {syncs:.0} \
                 fdatasync/s; {cpu:.1} µs of CPU each"
            );
        }
        while store.head().seq.0 < entries {
            let groups = (0..512).map(|_| order(&mut next)).collect();
            commit(&mut store, groups);
        }
        // Dropped, not closed: as after a kill, the state's own journal is replayed.
    }
    let (start, cpu) = (Instant::now(), cpu_micros());
    let (store, recovery) = Store::open(dir.path(), &Options::default()).unwrap();
    let opened = start.elapsed();
    let cpu = (cpu_micros() - cpu) / 1_000.0;
    let head = store.head().seq.0;
    println!("start with {head} entries: {opened:.2?}, {cpu:.0} ms of CPU, {:?}", recovery.events);
    let start = Instant::now();
    let report = store.reader().verify();
    println!("verify {} rows: {:.2?}, clean: {}", report.rows, start.elapsed(), report.is_clean());
}

fn open_accounts(store: &mut Store) {
    for first in (1..=CUSTOMERS).step_by(100) {
        let customers = (first..first + 100).flat_map(|id| {
            let user = i64::try_from(id).unwrap();
            [vec![Change::Customer(customer(user))], pay_in(id, user, "900000.00")]
        });
        commit(store, customers.collect());
    }
}

/// An order placed: one hold, one order, two wishes.
fn order(next: &mut u64) -> Vec<Change> {
    *next += 1;
    place(*next, i64::try_from(*next % CUSTOMERS + 1).unwrap(), "0.42")
}

/// What the disk does with appends of the size that a group has.
fn fdatasync_rate(dir: &Path, group: usize) -> Rate {
    let path = dir.join("reference");
    let mut file = File::create(&path).unwrap();
    let bytes = vec![7; 450 * group];
    let rate = rate(|| {
        file.write_all(&bytes).unwrap();
        file.sync_data().unwrap();
        1
    });
    std::fs::remove_file(path).unwrap();
    rate
}

/// Transfers per second when the executor's work is done too: view, stage, commit.
fn transfer_rate(store: &mut Store, size: usize, next: &mut u64) -> Rate {
    rate(|| {
        let mut group = store.begin();
        for _ in 0..size {
            let changes = order(next);
            let user = UserId(i64::try_from(*next % CUSTOMERS + 1).unwrap());
            let order = OrderId::from_bits(*next);
            let wallet = Key::Account(AccountId::Wallet(user));
            let keys = [Key::Quote(order), Key::Order(order), Key::OpenOrders(user), wallet];
            group.view(&keys).unwrap();
            group.stage(NOON, Actor::Customer(user), "place_order u1", changes).unwrap();
        }
        group.commit().unwrap();
        size
    })
}

struct Rate {
    per_sec: f64,
    cpu_micros: f64,
}

fn rate(mut work: impl FnMut() -> usize) -> Rate {
    let (start, cpu, mut done) = (Instant::now(), cpu_micros(), 0);
    while start.elapsed() < MEASURE {
        done += work();
    }
    let done = done as f64;
    let per_sec = done / start.elapsed().as_secs_f64();
    Rate { per_sec, cpu_micros: (cpu_micros() - cpu) / done }
}

/// What this thread has used of a processor, by the kernel's own count: on a busy machine the
/// wall clock measures the neighbours.
fn cpu_micros() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanos: f64 = text.split_whitespace().next().unwrap().parse().unwrap();
    nanos / 1_000.0
}
