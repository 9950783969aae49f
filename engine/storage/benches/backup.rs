//! How long backup, verification, restore and the start after a kill take, how much memory they
//! need, and what commits notice of a backup; beside what the disk does in the same run.
//!
//! `cargo bench -p ring4-storage --bench backup -- [entries] [directory]`: how many entries the
//! shop has (1000000), and where it lies (the system's temporary directory).

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

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ring4_domain::change::Change;
use ring4_storage::{
    BackupKind, BackupRequest, Backups, Options, RestoreRequest, Stage, Store, restore, unwatched,
};
use shop::{NOON, commit, customer, end, pay_in, place};

const CUSTOMERS: u64 = 1_000;
const MIB: f64 = 1_048_576.0;

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let entries = arguments.first().map_or(1_000_000, |entries| entries.parse().unwrap());
    let dir = match arguments.get(1) {
        Some(dir) => tempfile::tempdir_in(dir).unwrap(),
        None => tempfile::tempdir().unwrap(),
    };
    let data = dir.path().join("data");
    let mut next = fill(&data, entries);
    println!("disk: {:.0} MiB/s written and synced", write_rate(dir.path()));

    let (mut store, seconds) = timed(|| Store::open(&data, &Options::default()).unwrap().0);
    println!("start after a kill, {} entries: {seconds:.2} s", store.head().seq.0);
    let quiet = commits(&mut store, &mut next, &AtomicBool::new(false), Duration::from_secs(10));
    let backups = Backups::new(&data.join("backups"), &data);
    let done = AtomicBool::new(false);
    let reader = store.reader();
    let (backup, busy) = std::thread::scope(|scope| {
        let backup = scope.spawn(|| {
            let mut stages = Stages::default();
            let request = BackupRequest { kind: BackupKind::Manual, note: String::new(), at: NOON };
            let backup = backups
                .create(&reader, &request, &mut |progress| {
                    stages.see(progress.stage);
                    std::ops::ControlFlow::Continue(())
                })
                .unwrap();
            done.store(true, Ordering::Relaxed);
            (backup, stages)
        });
        let busy = commits(&mut store, &mut next, &done, Duration::from_secs(600));
        (backup.join().unwrap(), busy)
    });
    let (backup, stages) = backup;
    let size = backup.bytes as f64 / MIB;
    println!(
        "backup of {} rows, {size:.0} MiB, beside commits: {:.2} s written, {:.2} s verified",
        backup.manifest.rows(),
        stages.seconds(Stage::Writing),
        stages.seconds(Stage::Verifying)
    );
    println!(
        "commits of 64, p99: {quiet:.1} ms alone, {busy:.1} ms beside it: {:.1} ×",
        busy / quiet
    );
    drop((reader, store));
    let (_, seconds) = timed(|| backups.verify(&backup.path, &mut unwatched).unwrap());
    println!("verify that backup: {seconds:.2} s");
    fs::remove_dir_all(data.join("state")).unwrap();
    let request = RestoreRequest::default();
    let (restored, seconds) = timed(|| restore(&data, &backups, &request, &mut unwatched).unwrap());
    println!(
        "restore, {} entries from the backup, {} from the journal: {seconds:.2} s",
        restored.from_backup, restored.from_journal
    );
    println!("most memory ever: {} MiB", memory_peak_mib());
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed().as_secs_f64())
}

/// When each stage was first and last heard of.
#[derive(Default)]
struct Stages(Vec<(Stage, Instant)>);

impl Stages {
    fn see(&mut self, stage: Stage) {
        self.0.push((stage, Instant::now()));
    }

    fn seconds(&self, wanted: Stage) -> f64 {
        let mut seen = self.0.iter().filter(|(stage, _)| *stage == wanted);
        let first = seen.next().unwrap().1;
        // A stage lasts until the next one begins, the last one until now.
        let after = self.0.iter().find(|(stage, at)| *stage != wanted && *at > first);
        after.map_or_else(|| first.elapsed(), |(_, at)| *at - first).as_secs_f64()
    }
}

/// A shop that trades until it has so many entries, left as after a kill.
fn fill(data: &Path, entries: u64) -> u64 {
    let mut store = Store::open(data, &Options::default()).unwrap().0;
    for first in (1..=CUSTOMERS).step_by(100) {
        let customers = (first..first + 100).flat_map(|id| {
            let user = i64::try_from(id).unwrap();
            [vec![Change::Customer(customer(user))], pay_in(id, user, "900000.00")]
        });
        commit(&mut store, customers.collect());
    }
    let mut next = 1_000_000;
    while store.head().seq.0 < entries {
        commit(&mut store, orders(&mut next, 256));
    }
    next
}

/// Orders that are placed and end, two entries each.
fn orders(next: &mut u64, count: u64) -> Vec<Vec<Change>> {
    let mut entries = Vec::new();
    for _ in 0..count {
        *next += 1;
        let user = i64::try_from(*next % CUSTOMERS + 1).unwrap();
        entries.push(place(*next, user, "0.42"));
        entries.push(end(*next, user, "0.42", !next.is_multiple_of(20)));
    }
    entries
}

/// The 99th percentile of commits in milliseconds, until `done` or so long.
fn commits(store: &mut Store, next: &mut u64, done: &AtomicBool, at_most: Duration) -> f64 {
    let start = Instant::now();
    let mut took = Vec::new();
    while !done.load(Ordering::Relaxed) && start.elapsed() < at_most {
        let entries = orders(next, 32);
        took.push(timed(|| commit(store, entries)).1 * 1_000.0);
    }
    took.sort_by(f64::total_cmp);
    took[took.len() * 99 / 100]
}

/// What the disk takes in whole files.
fn write_rate(dir: &Path) -> f64 {
    let (path, piece) = (dir.join("reference"), vec![7; 1 << 20]);
    let mut file = File::create(&path).unwrap();
    let ((), seconds) = timed(|| {
        for _ in 0..256 {
            file.write_all(&piece).unwrap();
        }
        file.sync_all().unwrap();
    });
    fs::remove_file(path).unwrap();
    256.0 / seconds
}

/// By the kernel's own count.
fn memory_peak_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_024
}
