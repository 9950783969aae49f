//! Kill -9 at hundreds of random moments of a busy shop: the real binary, the playground's
//! Telegram and vendor, twenty customers and two admins who go on as if nothing happened. At the
//! end, what people were told, what the vendor did and what the books say must agree.
//!
//! `trouble` plays with the same people and is audited in the same way.
//!
//! `RING4_KILLS` is the number of kills, 200 unless set. The seed is printed; `RING4_SEED` draws
//! the same moments and the same deeds again, though not the same race between them. With
//! `RING4_WEBHOOK` set, updates are posted and not asked for; the same holds for `trouble`.

pub mod audit;
mod evidence;
mod people;
pub mod phone;
pub mod process;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use ring4_playground::{Options, Person, Playground, VendorOptions};
use ring4_storage::{BackupKind, Backups, Store, unwatched};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::world::copy_rules;
use audit::{Audit, Testimony};
use people::{Deeds, Gossip, Somebody};
use phone::{Chat, Phone};
use process::{Launch, Log, Recoveries};

pub const CUSTOMERS: std::ops::RangeInclusive<i64> = 1001..=1020;
pub const ADMINS: std::ops::RangeInclusive<i64> = 9001..=9002;
/// A customer whom nobody plays.
pub const WATCHER: i64 = 1099;
const TOKEN: &str = "4000000001:a-token-of-the-tests-that-opens-nothing";

/// How long a process lives before it is killed, in milliseconds.
const LIFE_MS: std::ops::RangeInclusive<u64> = 50..=900;

/// How often a backup is asked for in the life of a process, in percent.
const BACKUP_PERCENT: u32 = 40;

/// Kills from which on something of everything must have happened, or it proves nothing.
const KILLS_MANY: u64 = 100;

/// How long everything that was begun may take to end after the last kill: an unclear purchase
/// is looked for, silent orders time out, holds reach their deadline.
const SETTLE_WITHIN: Duration = Duration::from_secs(120);

/// The shipped settings with everything that would outlast a test shortened.
const SHORTENED: &[(&str, &str)] = &[
    ("\n  timeout_secs: 600", "\n  timeout_secs: 8"),
    ("unclear_window_secs: 90", "unclear_window_secs: 10"),
    ("cancel_retry_secs: 15", "cancel_retry_secs: 1"),
    ("cancel_grace_secs: 300", "cancel_grace_secs: 10"),
    ("purchase_wait_secs: 60", "purchase_wait_secs: 20"),
    ("initial_secs: 2", "initial_secs: 1"),
    (
        "expires_secs: 3600\n  # Undecided deposits of one customer, 1 to 20.\n  open_max: 3",
        "expires_secs: 3600\n  open_max: 20",
    ),
    ("rate_per_sec: 10", "rate_per_sec: 1000"),
    ("max_backups: 10", "max_backups: 2"),
    // Sold from the first moment, before the catalogue is read.
    ("vendor_ids: {}", "vendor_ids: { smspool: \"1574\" }"),
    ("emoji: ✈️", "emoji: ✈️\n    vendor_ids: { smspool: \"907\" }"),
    ("emoji: 💬", "emoji: 💬\n    vendor_ids: { smspool: \"1012\" }"),
];

/// A size that a run is asked for; what is no number is no size.
pub fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

/// What the chances of a test are drawn from: `RING4_SEED`, or another number each time.
pub fn seed() -> u64 {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    number("RING4_SEED").unwrap_or(u64::from(clock.subsec_nanos()))
}

pub async fn open_playground(seed: u64) -> Arc<Playground> {
    open_crowded(seed, Vec::new()).await
}

/// The same with more people in it.
pub async fn open_crowded(seed: u64, more: Vec<Person>) -> Arc<Playground> {
    let customers = CUSTOMERS.map(|id| Person::customer(id, &format!("Customer{id}")));
    let admins = ADMINS.map(|id| Person::admin(id, &format!("Admin{id}")));
    let options = Options {
        token: Some(TOKEN.to_owned()),
        people: customers
            .chain([Person::customer(WATCHER, "Watcher")])
            .chain(admins)
            .chain(more)
            .collect(),
        calls_kept: 1_000_000,
        messages_kept: 100_000,
        vendors: VendorOptions {
            balance_e4: 1_000_000_000,
            code_delay_min: Duration::from_millis(200),
            code_delay_max: Duration::from_secs(5),
            silent_percent: 15,
            cancel_lock: Duration::from_secs(1),
            stock: 10_000,
            seed,
            ..VendorOptions::default()
        },
        ..Options::default()
    };
    Arc::new(Playground::start(options).await.expect("a playground"))
}

/// The shipped settings, shortened, for a shop in this folder.
pub fn launch(folder: &Path, playground: &Playground) -> Launch {
    let config = copy_rules(folder);
    let mut text = std::fs::read_to_string(&config).expect("settings");
    let program = std::env::current_exe().expect("the test's own path");
    let beside = program.parent().expect("a folder");
    let plugins = format!("dir: {beside:?}\n  # SHA-256");
    for (from, to) in
        SHORTENED.iter().copied().chain([("dir: null\n  # SHA-256", plugins.as_str())])
    {
        assert_eq!(text.matches(from).count(), 1, "“{from}” in the shipped settings");
        text = text.replace(from, to);
    }
    std::fs::write(&config, text).expect("written settings");
    let admins: Vec<String> = ADMINS.map(|id| id.to_string()).collect();
    let mut env = vec![
        ("BOT_TOKEN", TOKEN.to_owned()),
        ("BOT_API_URL", format!("http://{}", playground.address())),
        ("ADMIN_USER_IDS", admins.join(",")),
        ("BINANCE_WALLET", "TAddressOfTheTests".to_owned()),
        ("BINANCE_ID", "100000001".to_owned()),
        ("SMSPOOL_API_KEY", "a-key-of-the-tests".to_owned()),
        ("SMSPOOL_BASE_URL", playground.smspool_url()),
    ];
    if std::env::var_os("RING4_WEBHOOK").is_some() {
        let port = crate::modes::free_port();
        crate::modes::listen(&config, port);
        env.extend(crate::modes::posted_to(port));
    }
    Launch { config, data: folder.join("data"), env, log: Log::default() }
}

pub struct Crowd {
    people: Vec<(i64, JoinHandle<Deeds>)>,
    stop: watch::Sender<bool>,
}

impl Crowd {
    /// The first so many customers, and the admins.
    pub fn gather(seed: u64, playground: &Arc<Playground>, customers: usize) -> Self {
        let (stop, stopped) = watch::channel(false);
        let gossip = Gossip::default();
        let somebody = |id| Somebody::new(id, seed, playground, &gossip, stopped.clone());
        let customers = CUSTOMERS.take(customers).map(|id| (id, tokio::spawn(somebody(id).buys())));
        let admins = ADMINS.map(|id| (id, tokio::spawn(somebody(id).decides())));
        let people = customers.chain(admins).collect();
        Self { people, stop }
    }

    /// Fails when somebody has given up waiting.
    pub async fn check(&mut self) {
        for (_, person) in &mut self.people {
            if person.is_finished() {
                person.await.expect("a person who got every answer");
            }
        }
    }

    /// Lets everybody finish what they are doing.
    pub async fn go_home(self) -> BTreeMap<i64, Deeds> {
        self.stop.send_replace(true);
        let mut deeds = BTreeMap::new();
        for (id, person) in self.people {
            deeds.insert(id, person.await.expect("a person who got every answer"));
        }
        deeds
    }
}

pub async fn get(playground: &Playground, path: &str) -> String {
    let url = format!("http://{}/playground/{path}", playground.address());
    let response = reqwest::get(url).await.expect("an answer");
    response.text().await.expect("a text")
}

pub async fn post(playground: &Playground, path: &str, body: &Value) {
    let url = format!("http://{}/playground/{path}", playground.address());
    let response = reqwest::Client::new().post(url).json(body).send().await.expect("an answer");
    assert!(response.status().is_success(), "{path} {body}");
}

/// Numbers that the vendor has sold so far.
pub async fn sold(playground: &Playground) -> usize {
    let sold: Value = serde_json::from_str(&get(playground, "vendor/orders").await).expect("JSON");
    sold.as_array().map_or(0, Vec::len)
}

/// Sometimes the vendor's answer to a purchase is lost without any help of ours.
async fn misbehave(lot: &mut StdRng, playground: &Playground) {
    let fault = match lot.random_range(0..100) {
        0..4 => json!({ "mode": "drop_after" }),
        4..8 => json!({ "mode": "error_500_after_buying" }),
        8..10 => json!({ "mode": "html_502", "bought": true, "path": "/purchase/sms" }),
        10..12 => json!({ "mode": "drop_before", "path": "/purchase/sms" }),
        _ => return,
    };
    post(playground, "faults", &json!({ "vendor": fault })).await;
}

async fn kill_again_and_again(
    kills: u64,
    lot: &mut StdRng,
    launch: &Launch,
    playground: &Arc<Playground>,
    crowd: &mut Crowd,
) {
    let admin = Phone::new(*ADMINS.end(), Arc::clone(playground));
    let mut sold_at_half = 0;
    for number in 0..kills {
        if number == kills / 2 {
            sold_at_half = sold(playground).await;
        }
        misbehave(lot, playground).await;
        let mut process = launch.start();
        // Some die while they start, which is a moment like any other.
        if lot.random_range(0..100) < 75 {
            process.runs().await;
        }
        // An admin asks for a backup; some get their name, some die with the process.
        if lot.random_range(0..100) < BACKUP_PERCENT {
            let words = if lot.random_bool(0.8) { "/db_backup" } else { "/db_emergency" };
            admin.write(words);
        }
        process.lives(Duration::from_millis(lot.random_range(LIFE_MS))).await;
        process.kill().await;
        crowd.check().await;
    }
    let sold = sold(playground).await;
    assert!(kills < KILLS_MANY || sold > sold_at_half, "nothing was sold after {sold_at_half}");
}

/// Writes, and waits for the answer that begins with this.
pub async fn ask(phone: &Phone, text: &str, answer: &str) -> String {
    let asked = phone.write(text);
    let heard = |chat: &Chat| {
        let mut later = chat.messages.iter().rev().filter(|message| message.id > asked);
        later.find(|message| message.text.starts_with(answer)).map(|found| found.text.clone())
    };
    phone.until(text, 10, heard).await
}

/// Waits until no order is open and the outbox is empty.
async fn settle(launch: &Launch, playground: &Arc<Playground>) {
    let end = Instant::now() + SETTLE_WITHIN;
    let admin = Phone::new(*ADMINS.start(), Arc::clone(playground));
    loop {
        let mut process = launch.start();
        process.runs().await;
        // The shop keeps to one message a second in a chat, so asking on is no hurry.
        while !ask(&admin, "/admin", "Dashboard").await.contains("Open orders 0\n") {
            assert!(Instant::now() < end, "orders stay open:\n{}", launch.log.tail());
        }
        process.stop().await;
        let left = audit::unfinished(&launch.data);
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < end, "not done: {left:?}");
    }
}

/// Ends what was begun, asks everybody for their wallet, and opens the books. The updates that
/// Telegram still has come with it.
pub async fn reckon(
    launch: &Launch,
    playground: &Arc<Playground>,
    deeds: BTreeMap<i64, Deeds>,
) -> (Audit, Value) {
    settle(launch, playground).await;
    let mut process = launch.start();
    process.runs().await;
    let mut wallets = BTreeMap::new();
    for id in CUSTOMERS {
        let phone = Phone::new(id, Arc::clone(playground));
        wallets.insert(id, ask(&phone, "/balance", "Your wallet").await);
    }
    process.stop().await;

    let updates: Value = serde_json::from_str(&get(playground, "updates").await).expect("JSON");
    for figure in ["pending", "expired", "dropped"] {
        assert_eq!(updates[figure], 0, "{updates}");
    }
    let mistakes = get(playground, "mistakes").await;
    assert_eq!(mistakes, "[]", "requests that Telegram would refuse");
    let testimony = Testimony {
        calls: get(playground, "calls").await,
        sold: serde_json::from_str(&get(playground, "vendor/orders").await).expect("JSON"),
        deeds,
        admins: BTreeSet::from_iter(ADMINS),
        wallets,
    };
    (Audit::open(&launch.data, testimony), updates)
}

/// However often the process died over them, what is kept is whole, belongs to this history, and
/// is no more than asked for.
fn assert_backups(data: &Path, kills: u64) {
    let backups = Backups::new(&data.join("backups"), data);
    let (store, _) = Store::open(data, &ring4_storage::Options::default()).expect("the store");
    let kept = backups.list().expect("the folder");
    assert!(kills < KILLS_MANY || !kept.is_empty(), "no backup outlived its process");
    for kind in [BackupKind::Manual, BackupKind::Emergency] {
        assert!(kept.iter().filter(|listed| listed.kind == kind).count() <= 2, "{kept:?}");
    }
    for listed in &kept {
        let verified = backups.verify(&listed.path, &mut unwatched).expect("a good backup");
        let head = store.snapshot().head_at(verified.head.seq).expect("the store's entries");
        assert_eq!(head, Some(verified.head), "{listed:?}");
    }
    store.close().expect("a closed store");
}

/// A shop that does nothing loses nothing: there must have been trade, and kills in its midst.
fn assert_busy(audit: &Audit, recoveries: Recoveries, kills: u64) {
    let figures = [
        ("codes delivered", u64::try_from(audit.delivered()).expect("a count")),
        ("deposits credited", u64::try_from(audit.credited()).expect("a count")),
        ("updates run again", recoveries.replayed),
        ("backups made", u64::from(recoveries.backups)),
    ];
    for (what, figure) in figures {
        assert!(kills < KILLS_MANY || figure > 0, "{kills} kills and no {what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_kills_lose_nothing_and_book_nothing_twice() {
    let kills = number("RING4_KILLS").unwrap_or(200);
    let seed = seed();
    println!("RING4_SEED={seed} RING4_KILLS={kills}");
    let begun = Instant::now();
    let folder = tempfile::tempdir().expect("a folder");
    let playground = open_playground(seed).await;
    let launch = launch(folder.path(), &playground);
    let mut lot = StdRng::seed_from_u64(seed);

    let mut crowd = Crowd::gather(seed, &playground, CUSTOMERS.count());
    kill_again_and_again(kills, &mut lot, &launch, &playground, &mut crowd).await;
    let killed_for = begun.elapsed();
    // In the middle of the rush, asked politely for once.
    let mut process = launch.start();
    process.runs().await;
    process.lives(Duration::from_millis(lot.random_range(LIFE_MS))).await;
    let stopping = process.stop().await;

    let mut process = launch.start();
    process.runs().await;
    let deeds = crowd.go_home().await;
    process.stop().await;
    let (audit, updates) = reckon(&launch, &playground, deeds).await;
    let findings = audit.findings();
    let recoveries = launch.log.recoveries();
    println!(
        "{kills} kills in {killed_for:.0?}, {:.0?} in all, a stop in {stopping:.0?}; {} \
         updates, {} run again; {} starts mended the store; {} backups made; {}",
        begun.elapsed(),
        updates["confirmed"],
        recoveries.replayed,
        recoveries.repairs,
        recoveries.backups,
        audit.figures(),
    );
    let errors = launch.log.errors();
    assert!(errors.is_empty(), "the log has errors: {errors:#?}");
    assert_busy(&audit, recoveries, kills);
    assert_backups(&launch.data, kills);
    if !findings.is_empty() {
        let kept = folder.keep();
        panic!("seed {seed}, data kept in {}: {findings:#?}", kept.display());
    }
}
