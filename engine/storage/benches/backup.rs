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

use std::fmt;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ring4_domain::change::{Change, Seq};
use ring4_domain::effect::Effect;
use ring4_domain::ids::OrderId;
use ring4_domain::order::OrderState;
use ring4_storage::{
    Backup, BackupKind, BackupRequest, Backups, Options, Progress, RestoreRequest, Stage, Store,
    VerifyCommand, restore, unwatched,
};
use shop::{NOON, commit, customer, end, order, pay_in, place as place_order, quote};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CUSTOMERS: u64 = 1_000;
const MIB: f64 = 1_048_576.0;
/// Between commits of 64 entries in a shop that goes on selling: seventy orders a second.
const PACE: Duration = Duration::from_millis(100);
/// How long commits are watched undisturbed.
const QUIET: Duration = Duration::from_secs(10);

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["stage", stage, data, entries] => run_stage(stage, Path::new(data), entries),
        // How a backup is verified, as the program behind it would.
        ["verify-backup", file, scratch] => {
            println!("{}", ring4_storage::verify_backup(Path::new(file), Path::new(scratch)));
        }
        [] => measure("1000000", &std::env::temp_dir()),
        [entries] => measure(entries, &std::env::temp_dir()),
        [entries, dir, ..] => measure(entries, Path::new(dir)),
    }
}

/// Each stage is a process of its own, so that none counts the memory of another.
fn measure(entries: &str, dir: &Path) {
    let dir = tempfile::tempdir_in(dir).unwrap();
    let data = dir.path().join("data");
    println!("disk: {:.0} MiB/s written and synced", write_rate(dir.path()));
    for stage in ["fill", "start", "backup", "verify", "restore", "start", "callers"] {
        let mut process = std::process::Command::new(std::env::current_exe().unwrap());
        let status = process.args(["stage", stage]).arg(&data).arg(entries).status().unwrap();
        assert!(status.success(), "{stage}");
    }
}

fn run_stage(stage: &str, data: &Path, entries: &str) {
    let mut cost = Cost::default();
    let mut backups = Backups::new(&data.join("backups"), data);
    let arguments = vec!["verify-backup".to_owned()];
    let program = std::env::current_exe().unwrap();
    backups.verify_command = Some(VerifyCommand { program, arguments });
    let newest = || backups.latest().unwrap().unwrap().path;
    match stage {
        "fill" => fill(data, entries.parse().unwrap()),
        "start" => {
            let store = cost.of(|| Store::open(data, &Options::default()).unwrap().0);
            println!("start after a kill, {} entries: {cost}", store.head().seq.0);
            // Left as it was found.
            std::mem::forget(store);
        }
        "backup" => {
            let mut store = Store::open(data, &Options::default()).unwrap().0;
            let mut trade = Trade::new(100_000_000, 64);
            let (backup, stages) = beside(&backups, &mut store, &mut cost, |store, done| {
                while !done.load(Ordering::Relaxed) {
                    trade.go_on(store);
                    std::thread::sleep(PACE);
                }
            });
            let (rows, size) = (backup.manifest.rows(), backup.bytes as f64 / MIB);
            println!(
                "backup while selling, {rows} rows, {size:.0} MiB: {cost}; {:.1} s written, \
                 {:.1} s verified by another process",
                stages.seconds(Stage::Writing),
                stages.seconds(Stage::Verifying)
            );
        }
        "verify" => {
            let here = Backups { verify_command: None, ..backups.clone() };
            cost.of(|| here.verify(&newest(), &mut unwatched).unwrap());
            println!("verify that backup: {cost}");
        }
        "restore" => {
            fs::remove_dir_all(data.join("state")).unwrap();
            let request = RestoreRequest::default();
            let restored = cost.of(|| restore(data, &backups, &request, &mut unwatched).unwrap());
            let (from_backup, from_journal) = (restored.from_backup, restored.from_journal);
            println!("restore, {from_backup} entries of it and {from_journal} behind it: {cost}");
        }
        _ => callers(data, &backups),
    }
}

/// What 64 callers notice of a backup.
fn callers(data: &Path, backups: &Backups) {
    let mut store = Store::open(data, &Options::default()).unwrap().0;
    let mut trade = Trade::new(200_000_000, 64);
    let start = Instant::now();
    let quiet = p99(&mut store, &mut trade, || start.elapsed() < QUIET);
    let mut busy = 0.0;
    beside(backups, &mut store, &mut Cost::default(), |store, done| {
        busy = p99(store, &mut trade, || !done.load(Ordering::Relaxed));
    });
    println!(
        "commits of 64 callers, p99: {quiet:.1} ms alone, {busy:.1} ms beside a backup: {:.1} ×",
        busy / quiet
    );
}

/// Makes a backup while somebody works on the store.
fn beside(
    backups: &Backups,
    store: &mut Store,
    cost: &mut Cost,
    work: impl FnOnce(&mut Store, &AtomicBool),
) -> (Backup, Stages) {
    let (reader, done) = (store.reader(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let backup = scope.spawn(|| {
            let mut stages = Stages::default();
            let request = BackupRequest { kind: BackupKind::Manual, note: String::new(), at: NOON };
            let backup = cost.of(|| {
                let mut watch = |progress: Progress| {
                    stages.see(progress.stage);
                    std::ops::ControlFlow::Continue(())
                };
                backups.create(&reader, &request, &mut watch).unwrap()
            });
            done.store(true, Ordering::Relaxed);
            (backup, stages)
        });
        work(store, &done);
        backup.join().unwrap()
    })
}

/// What work took: time, time of all processors, and the most memory the process had meanwhile.
#[derive(Default)]
struct Cost {
    seconds: f64,
    processor: f64,
    peak_mib: u64,
}

impl Cost {
    fn of<T>(&mut self, work: impl FnOnce() -> T) -> T {
        // Lets the kernel count the peak anew.
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = processor_seconds();
        let (done, seconds) = timed(work);
        let processor = processor_seconds() - before;
        *self = Self { seconds, processor, peak_mib: memory_peak_mib() };
        done
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seconds, processor, peak_mib } = self;
        write!(out, "{seconds:.2} s ({processor:.2} s of processors), {peak_mib} MiB")
    }
}

/// What all threads of this process have computed.
fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // Behind the program's name, in brackets, the 12th and 13th figures are hundredths of seconds.
    let figures = stat.rsplit(')').next().unwrap();
    let ticks: Vec<&str> = figures.split_whitespace().skip(11).take(2).collect();
    ticks.iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
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
fn fill(data: &Path, entries: u64) {
    let mut store = Store::open(data, &Options::default()).unwrap().0;
    for first in (1..=CUSTOMERS).step_by(100) {
        let customers = (first..first + 100).flat_map(|id| {
            let user = i64::try_from(id).unwrap();
            [vec![Change::Customer(customer(user))], pay_in(id, user, "900000.00")]
        });
        commit(&mut store, customers.collect());
    }
    let mut trade = Trade::new(1_000_000, 512);
    while store.head().seq.0 < entries || trade.step != 0 {
        trade.go_on(&mut store);
    }
    std::mem::forget(store);
}

/// Orders that live as the engine lets them, an entry for each thing that happens, so many at
/// once.
struct Trade {
    first: u64,
    step: u8,
    width: u64,
    /// The entries of the first order that made the wishes which the next steps grant.
    made: [Seq; 3],
}

impl Trade {
    fn new(first: u64, width: u64) -> Self {
        Self { first, step: 0, width, made: [Seq(0); 3] }
    }

    /// Every order takes its next step, in one commit.
    fn go_on(&mut self, store: &mut Store) {
        let made = |entry: Seq, place: u64| Seq(entry.0 + place);
        let entries = (0..self.width).map(|place| {
            let id = self.first + place;
            let user = i64::try_from(id % CUSTOMERS + 1).unwrap();
            let delivered = !id.is_multiple_of(20);
            let granted = |effect, entry| Change::Granted { effect, made: made(entry, place) };
            let order_id = OrderId::from_bits(id);
            let shown = Effect::ShowOrder(order_id);
            let in_state = |state| order(quote(id, user, "0.42"), state);
            match self.step {
                0 => vec![Change::Quote(quote(id, user, "0.42"))],
                1 => place_order(id, user, "0.42"),
                2 => vec![Change::Order(in_state(OrderState::Buying {
                    candidate: 0,
                    started: true,
                }))],
                3 => vec![Change::Order(in_state(OrderState::Waiting)), Change::Wish(shown)],
                4 => vec![granted(Effect::Buy(order_id), self.made[0])],
                5 => {
                    vec![granted(shown, self.made[1]), Change::Order(in_state(OrderState::Waiting))]
                }
                6 => end(id, user, "0.42", delivered),
                7 => vec![granted(shown, self.made[2])],
                _ => vec![granted(Effect::RingCode(order_id), self.made[2])],
            }
        });
        let last = commit(store, entries.collect());
        let first = Seq(last.0 + 1 - self.width);
        match self.step {
            1 => self.made[0] = first,
            3 => self.made[1] = first,
            6 => self.made[2] = first,
            _ => {}
        }
        if self.step == 8 {
            (self.step, self.first) = (0, self.first + self.width);
        } else {
            self.step += 1;
        }
    }
}

/// The 99th percentile of commits in milliseconds, as long as they go on.
fn p99(store: &mut Store, trade: &mut Trade, go_on: impl Fn() -> bool) -> f64 {
    let mut took = Vec::new();
    while go_on() {
        took.push(timed(|| trade.go_on(store)).1 * 1_000.0);
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
