//! The fault matrix: every file of a shop, every kind of damage. Each case ends with nothing
//! noticed because nothing was lost, or noticed and brought back to the journal's end. A case that
//! is neither is silent, and fails.
//!
//! There are thousands of cases. `RING4_FAULTS` sets how many of them are tried (32), `RING4_SEED`
//! which ones.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ring4_domain::change::Seq;
use ring4_storage::{
    BackupKind, Head, OpenError, Options, Store, VERIFY_BUSY, VerifyCommand, unwatched,
    verify_state,
};

use crate::backup::{backups, create};
use crate::dice::{Dice, number};
use crate::recovery::copy;
use crate::shop::{commit, customer, end, pay_in, place};

const ENTRIES: u64 = 5_000;

/// Small segments, so that there are several.
fn options(data: &Path) -> Options {
    let program = env::current_exe().unwrap();
    let arguments = ["--exact", "faults::a_child_opens_the_state", "--nocapture"];
    let arguments = arguments.map(str::to_owned).to_vec();
    Options {
        segment_bytes: 256 << 10,
        backups: Some(data.join("backups")),
        verify_command: Some(VerifyCommand { program, arguments }),
        ..Options::default()
    }
}

/// What the verifying command does; as a test of its own it has nothing to open.
#[test]
fn a_child_opens_the_state() {
    let state = env::args().next_back().map(PathBuf::from).filter(|path| path.ends_with("state"));
    let opened = state.as_deref().map_or(Ok(Head::GENESIS), verify_state);
    if let Err(OpenError::Locked(_)) = opened {
        std::process::exit(i32::from(VERIFY_BUSY));
    }
    opened.unwrap();
}

/// A shop with history, an old copy of it, and backups.
struct Shop {
    dir: tempfile::TempDir,
    head: Head,
}

impl Shop {
    /// Writes until some of the state is in tables and some in fjall's journal.
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (data, old) = (dir.path().join("data"), dir.path().join("old"));
        let (mut store, _) = Store::open(&data, &options(&data)).unwrap();
        let mut id = 0;
        while store.head().seq.0 < ENTRIES {
            if old.exists() || store.head().seq.0 < ENTRIES / 2 {
                trade(&mut store, &mut id);
                continue;
            }
            create(&backups(&data), &store, BackupKind::Auto, 0);
            drop(store);
            flush(&data);
            copy(&data, &old);
            store = Store::open(&data, &options(&data)).unwrap().0;
        }
        create(&backups(&data), &store, BackupKind::Auto, 1);
        store.close().unwrap();
        flush(&data);
        // And some that only fjall's journal and ours hold.
        let (mut store, _) = Store::open(&data, &options(&data)).unwrap();
        for _ in 0..3 {
            trade(&mut store, &mut id);
        }
        let head = store.head();
        assert!(store.reader().verify().is_clean());
        drop(store);
        // The same, closed: a start then believes more, and looks at less.
        let closed = dir.path().join("closed");
        copy(&data, &closed);
        Store::open(&closed, &options(&closed)).unwrap().0.close().unwrap();
        Self { dir, head }
    }

    /// As it was left by a kill.
    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// As it was left by a clean close.
    fn closed(&self) -> PathBuf {
        self.dir.path().join("closed")
    }
}

/// Sixteen customers who pay in, buy, and get a code or their money back.
fn trade(store: &mut Store, id: &mut u64) {
    let mut entries = Vec::new();
    for number in 0..16_i64 {
        *id += 1;
        let user = number + 1;
        if *id <= 16 {
            entries.push(vec![ring4_domain::change::Change::Customer(customer(user))]);
        }
        entries.push(pay_in(*id, user, "0.84"));
        entries.push(place(*id, user, "0.42"));
        let granted = ring4_domain::effect::Effect::Buy(ring4_domain::ids::OrderId::from_bits(*id));
        let made = Seq(store.head().seq.0 + entries.len() as u64);
        entries.push(vec![ring4_domain::change::Change::Granted { effect: granted, made }]);
        entries.push(end(*id, user, "0.42", id.is_multiple_of(3)));
    }
    commit(store, entries);
}

/// Lets fjall write what it holds in memory to tables.
fn flush(data: &Path) {
    let database = fjall::Database::builder(data.join("state")).open().unwrap();
    for name in ["ledger", "records", "index", "outbox"] {
        let space = database.keyspace(name, fjall::KeyspaceCreateOptions::default).unwrap();
        space.rotate_memtable_and_wait().unwrap();
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Damage {
    Flip,
    Zeros,
    Cut,
    Deleted,
    Older,
}

impl Damage {
    const ALL: [Self; 5] = [Self::Flip, Self::Zeros, Self::Cut, Self::Deleted, Self::Older];

    /// Does it to a file; `false` where it would change nothing.
    fn inflict(self, path: &Path, old: &Path, dice: &mut Dice) -> bool {
        let good = fs::read(path).unwrap();
        let mut bytes = good.clone();
        match self {
            Self::Deleted => {
                fs::remove_file(path).unwrap();
                return true;
            }
            Self::Older if old.is_file() => bytes = fs::read(old).unwrap(),
            Self::Older => return false,
            _ if good.is_empty() => return false,
            Self::Flip => {
                // fjall's journals end in megabytes of zeros that nobody reads.
                let used = good.iter().rposition(|byte| *byte != 0).unwrap_or(0) + 1;
                bytes[dice.below(used)] ^= 1 << dice.below(8);
            }
            Self::Zeros => {
                let used = good.iter().rposition(|byte| *byte != 0).unwrap_or(0) + 1;
                let start = dice.below(used) / 512 * 512;
                let end = (start + 512).min(bytes.len());
                bytes[start..end].fill(0);
            }
            Self::Cut => bytes.truncate(dice.below(good.len())),
        }
        fs::write(path, &bytes).unwrap();
        bytes != good
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Intact,
    Restored,
    Silent,
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Intact => "intact",
            Self::Restored => "restored",
            Self::Silent => "SILENT",
        })
    }
}

/// Opens a damaged shop as the engine does, validates, and says how that ended.
fn outcome(data: &Path, head: Head) -> Result<Outcome, String> {
    let options = options(data);
    let (store, recovery) = Store::open(data, &options).map_err(|error| error.to_string())?;
    let noticed = !recovery.events.is_empty();
    let report = store.reader().verify();
    let first = report.findings.first().map(ToString::to_string);
    let Some(finding) = first else {
        return Ok(match (store.head() == head, noticed) {
            (true, false) => Outcome::Intact,
            (true, true) => Outcome::Restored,
            (false, _) => Outcome::Silent,
        });
    };
    store.mark_suspect(&finding).map_err(|error| error.to_string())?;
    drop(store);
    let (store, recovery) = Store::open(data, &options).map_err(|error| error.to_string())?;
    if let Some(finding) = store.reader().verify().findings.first() {
        return Err(format!("not whole after a second start: {finding}; {recovery:?}"));
    }
    Ok(if store.head() == head { Outcome::Restored } else { Outcome::Silent })
}

/// A damaged backup does not keep the shop from opening, and is believed by nobody.
fn backup_outcome(data: &Path, name: &Path, head: Head) -> Result<Outcome, String> {
    outcome(data, head)?;
    match backups(data).verify(&data.join(name), &mut unwatched) {
        Err(error) if error.is_damage() => Ok(Outcome::Restored),
        verified => Err(format!("{verified:?}")),
    }
}

/// The files of a shop, without those that are made anew at every start.
fn files(dir: &Path, below: &Path, found: &mut Vec<PathBuf>) {
    for file in fs::read_dir(dir.join(below)).unwrap() {
        let name = below.join(file.unwrap().file_name());
        if dir.join(&name).is_dir() {
            files(dir, &name, found);
        } else {
            found.push(name);
        }
    }
}

/// What kind of file it is, for the table.
fn kind(name: &Path) -> String {
    let text = name.to_string_lossy().into_owned();
    let file = name.file_name().unwrap().to_string_lossy().into_owned();
    let digits = !file.is_empty() && file.bytes().all(|byte| byte.is_ascii_digit());
    match text.split('/').collect::<Vec<_>>()[..] {
        ["state", .., "tables", _] => "state: table".to_owned(),
        ["state", "keyspaces", ..] if file.starts_with('v') && file.len() < 6 => {
            "state: manifest".to_owned()
        }
        ["state", "keyspaces", .., "current"] => "state: current".to_owned(),
        ["state", ..] if file.ends_with(".jnl") || digits => "state: journal".to_owned(),
        ["state", ..] => format!("state: {file}"),
        ["journal", "reached"] => "journal: reached".to_owned(),
        ["journal", _] => "journal: segment".to_owned(),
        ["backups", _] => "backup".to_owned(),
        ["keys", _] => "key".to_owned(),
        ["scratch", ..] => "scratch".to_owned(),
        _ => file,
    }
}

/// One damage to one file.
struct Case {
    number: u64,
    /// The shop that it is done to.
    shop: PathBuf,
    name: PathBuf,
    damage: Damage,
    seed: u64,
}

/// So many cases, each kind of file and each damage about as often as the others.
fn cases(shops: &[PathBuf], wanted: u64, seed: u64) -> Vec<Case> {
    let mut by_kind: BTreeMap<(usize, String), Vec<PathBuf>> = BTreeMap::new();
    for (number, shop) in shops.iter().enumerate() {
        let mut names = Vec::new();
        files(shop, Path::new(""), &mut names);
        for name in names {
            by_kind.entry((number, kind(&name))).or_default().push(name);
        }
    }
    let kinds = by_kind.iter().map(|((shop, _), names)| (shop, names));
    let pairs: Vec<_> =
        kinds.flat_map(|(shop, names)| Damage::ALL.map(|damage| (*shop, names, damage))).collect();
    let mut dice = Dice(seed);
    let offset = dice.below(pairs.len());
    // A step that shares no divisor with the number of pairs visits them all.
    let step = [7, 11, 13, 17, 19].into_iter().find(|step| pairs.len() % step != 0).unwrap();
    let case = |number: u64| {
        let at = (offset + usize::try_from(number).unwrap() * step) % pairs.len();
        let (shop, names, damage) = &pairs[at];
        let name = names[dice.below(names.len())].clone();
        Case { number, shop: shops[*shop].clone(), name, damage: *damage, seed: dice.next() }
    };
    (0..wanted).map(case).collect()
}

type Table = BTreeMap<(String, Damage, Outcome), u32>;

fn try_case(shop: &Shop, case: &Case, table: &Mutex<Table>, silent: &Mutex<Vec<String>>) {
    let Case { number, name, damage, seed, .. } = case;
    let data = shop.dir.path().join(format!("case-{number}"));
    copy(&case.shop, &data);
    let old = shop.dir.path().join("old").join(name);
    if damage.inflict(&data.join(name), &old, &mut Dice(*seed)) {
        let ended = match kind(name).as_str() {
            "backup" if *damage != Damage::Deleted => backup_outcome(&data, name, shop.head),
            _ => outcome(&data, shop.head),
        };
        let outcome = *ended.as_ref().unwrap_or(&Outcome::Silent);
        if outcome == Outcome::Silent {
            let said = format!("{number}: {} {damage:?}: {ended:?}", name.display());
            silent.lock().unwrap().push(said);
        }
        *table.lock().unwrap().entry((kind(name), *damage, outcome)).or_insert(0) += 1;
    }
    fs::remove_dir_all(&data).unwrap();
}

#[test]
fn every_file_and_every_damage() {
    let wanted = number("RING4_FAULTS").unwrap_or(32);
    let Dice(seed) = Dice::cast();
    println!("RING4_SEED={seed} RING4_FAULTS={wanted}");
    let shop = Shop::open();
    assert!(shop.head.seq.0 >= ENTRIES);
    let cases = cases(&[shop.data(), shop.closed()], wanted, seed);
    let (table, silent) = (Mutex::new(BTreeMap::new()), Mutex::new(Vec::new()));
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    try_case(&shop, case, &table, &silent);
                }
            });
        }
    });
    let (table, silent) = (table.into_inner().unwrap(), silent.into_inner().unwrap());
    println!("{:24} {:8} {:9} cases", "file", "damage", "outcome");
    for ((kind, damage, outcome), cases) in &table {
        println!("{kind:24} {:8} {outcome:9} {cases:5}", format!("{damage:?}"));
    }
    println!("{} cases, {} silent", table.values().sum::<u32>(), silent.len());
    assert_eq!(silent, [""; 0], "RING4_SEED={seed}");
}

/// Journal and state at once: what the backup holds comes back, and the rest is named.
#[test]
fn journal_and_state_at_once() {
    let shop = Shop::open();
    let data = shop.data();
    let newest = backups(&data).latest().unwrap().unwrap();
    let saved = newest.header().unwrap().head.seq;
    fs::remove_dir_all(data.join("state")).unwrap();
    let mut segments = Vec::new();
    files(&data, Path::new("journal"), &mut segments);
    segments.retain(|path| path.extension().is_some_and(|ending| ending == "log"));
    segments.sort();
    let first = |path: &Path| path.file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap();
    let within = segments.iter().rposition(|path| first(path) <= saved.0).unwrap();
    // Everything up to the backup is damaged, and then the first entry behind it is gone too.
    for segment in &segments[..within] {
        fs::write(data.join(segment), [0; 512]).unwrap();
    }
    let (store, recovery) = Store::open(&data, &options(&data)).unwrap();
    assert_eq!((store.head(), recovery.read_only), (shop.head, None));
    assert!(store.reader().verify().is_clean());
    drop(store);
    fs::remove_dir_all(data.join("state")).unwrap();
    let mut segments = Vec::new();
    files(&data, Path::new("journal"), &mut segments);
    segments.retain(|path| path.extension().is_some_and(|ending| ending == "log"));
    segments.sort();
    let within = segments.iter().rposition(|path| first(path) <= saved.0 + 1).unwrap();
    let path = data.join(&segments[within]);
    let bytes = fs::read(&path).unwrap();
    let next = (saved.0 + 1).to_le_bytes();
    let at = bytes.windows(8).position(|window| window == next).unwrap();
    let mut bytes = bytes;
    bytes[at + 12] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (store, recovery) = Store::open(&data, &options(&data)).unwrap();
    assert_eq!(store.head().seq, saved);
    let loss = recovery.read_only.unwrap();
    assert_eq!((loss.from(), loss.to()), (Seq(saved.0 + 1), Some(shop.head.seq)));
    assert!(store.reader().verify().is_clean());
}
