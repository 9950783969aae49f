//! Many open orders at the local SMSPool, on the shipped schedule: what asking for their codes
//! costs, and how late a code is seen.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ring4_domain::change::Actor;
use ring4_domain::command::{Command, Proposal};
use ring4_domain::ids::{Country, OrderId, Timestamp, UserId};
use ring4_domain::money::Amount;
use ring4_domain::order::{Candidate, Purchase};
use ring4_playground::{Options, Person, Playground, VendorOptions};
use ring4_storage::Store;
use serde_json::Value;

use crate::bots::Bot;
use crate::disk::{cpu_secs, resident_mib};
use crate::shop::{self, Books, Vendor};
use crate::table::{Rounds, judged, short};

/// Open orders.
const ORDERS: u64 = 10_000;

/// Orders of one customer; the shop's own limit is 5.
const ORDERS_EACH: u64 = 4;

/// How old the oldest is, in seconds; ages are spread evenly, as in a shop that sells all day.
const AGES_SECS: u64 = 600;

/// How long is watched, in seconds, unless `RING4_BENCH_SECS` says otherwise.
const WATCHED_SECS: u64 = 60;

/// From a start to the moment from which is watched.
const SETTLING: Duration = Duration::from_secs(15);

/// Measures and prints.
pub fn measure() {
    let secs = std::env::var("RING4_BENCH_SECS").ok();
    let secs = secs.map(|secs| secs.parse().expect("RING4_BENCH_SECS is a number of seconds"));
    let watched = Duration::from_secs(secs.unwrap_or(WATCHED_SECS));
    let runtime = shop::runtime();
    let folder = tempfile::tempdir().unwrap();
    shop::settle(folder.path());
    let server = runtime.block_on(server());
    let url = format!("http://{}", server.address());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    runtime.block_on(open_orders(folder.path(), &http, &url));
    let engine = Bot::engine(folder.path(), &url, Vendor::Smspool);
    std::thread::sleep(SETTLING);

    let from = now();
    let (start, cpu) = (Instant::now(), cpu_secs(engine.process()));
    let lists_before = runtime.block_on(lists(&http, &url));
    let (mut resident, mut per_sec, mut lists_last) = (0.0_f64, 0, lists_before);
    while start.elapsed() < watched {
        std::thread::sleep(Duration::from_secs(1));
        resident = resident.max(resident_mib(engine.process()));
        let lists_now = runtime.block_on(lists(&http, &url));
        per_sec = per_sec.max(lists_now - lists_last);
        lists_last = lists_now;
    }
    let took = start.elapsed().as_secs_f64();
    let share = (cpu_secs(engine.process()) - cpu) / took * 100.0;
    let until = now();
    // A code that came at the very end is given its time.
    std::thread::sleep(Duration::from_secs(12));
    let rows = runtime.block_on(get(&http, &format!("{url}/playground/vendor/orders")));
    drop(engine);
    runtime.block_on(server.stop());

    let delays = delays(folder.path(), &rows, from, until);
    let budget = |name: &str, figure: String, budget: &str, is_kept: bool| {
        let missed = judged(is_kept);
        println!("{name:34} {figure:>17}  {budget}{missed}");
    };
    println!("\npolling: {ORDERS} open orders, 0 to {AGES_SECS} s old, for {took:.0} s");
    budget("share of one core", format!("{} %", short(share)), "< 30 %", share < 30.0);
    budget(
        "resident memory, most",
        format!("{} MiB", short(resident)),
        "< 200 MiB",
        resident < 200.0,
    );
    let mean = (lists_last - lists_before) as f64 / took;
    budget("list requests", format!("{} /s", short(mean)), "≤ 1 /s", mean <= 1.0);
    println!("{:34} {per_sec:>17}", "the most between two looks, 1 s");
    let late = delays.beyond.quantile(1.0);
    budget("beyond one poll gap, latest code", format!("{} s", short(late)), "≤ 1 s", late <= 1.0);
    println!(
        "{:34} {:>17}  of {} codes; seen after p50 {} s, p99 {} s, at most {} s",
        "beyond one poll gap, p99",
        format!("{} s", short(delays.beyond.quantile(0.99))),
        delays.seen.count(),
        short(delays.seen.median()),
        short(delays.seen.quantile(0.99)),
        short(delays.seen.quantile(1.0)),
    );
    println!("{:34} {:>17}", "codes never seen", delays.lost);
}

async fn server() -> Playground {
    let customers = i64::try_from(ORDERS / ORDERS_EACH).unwrap();
    let mut people: Vec<Person> = (1..=customers).map(|id| Person::customer(id, "Anna")).collect();
    people.push(Person::admin(shop::ADMIN, "Ada"));
    let vendors = VendorOptions {
        balance_e4: 1_000_000_000,
        code_delay_min: Duration::from_secs(1),
        code_delay_max: Duration::from_secs(1_500),
        lifetime: Duration::from_secs(3_600),
        stock: 1_000_000,
        orders_kept: 50_000,
        ..VendorOptions::default()
    };
    let token = Some(shop::TOKEN.to_owned());
    let options =
        Options { people, token, calls_kept: 0, messages_kept: 50, vendors, ..Options::default() };
    Playground::start(options).await.unwrap()
}

fn now() -> Timestamp {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    Timestamp(i64::try_from(since.as_millis()).unwrap())
}

async fn get(http: &reqwest::Client, url: &str) -> Value {
    http.get(url).send().await.unwrap().json().await.unwrap()
}

async fn lists(http: &reqwest::Client, url: &str) -> u64 {
    let summary = get(http, &format!("{url}/playground/vendor")).await;
    summary["requests"]["/request/active"].as_u64().unwrap_or_default()
}

/// Buys at the vendor, and writes the orders into books that nobody has open.
async fn open_orders(folder: &Path, http: &reqwest::Client, url: &str) {
    let built = shop::built(folder);
    let version = built.live.version();
    let books = Books::open(folder, built.live);
    let customers = i64::try_from(ORDERS / ORDERS_EACH).unwrap();
    books.welcome(1..=customers).await;
    books.pay_in(1..=customers, "20.00".parse().unwrap()).await;
    let bought = buy(http, url).await;
    let (price, cost): (Amount, Amount) = ("1.00".parse().unwrap(), "0.24".parse().unwrap());
    let customer = |order: u64| UserId(i64::try_from(order / ORDERS_EACH).unwrap() + 1);
    let id = |order: u64| OrderId::from_bits(order + 1);
    let quote = |order| {
        let candidate = Candidate {
            service: "ring4".parse().unwrap(),
            provider: "smspool".parse().unwrap(),
            vendor_service: "1574".to_owned(),
            cost,
        };
        Command::OfferQuote(Proposal {
            id: id(order),
            customer: customer(order),
            service: "ring4".parse().unwrap(),
            country: Country::US,
            proposed: price,
            cost,
            candidates: vec![candidate],
            rules: version,
        })
    };
    let place =
        |order| Command::PlaceOrder { customer: customer(order), quote: id(order), card: None };
    let begin = |order| Command::StartPurchase { order: id(order), candidate: 0 };
    let got = |order: u64| {
        let (vendor_order, number) = bought[usize::try_from(order).unwrap()].clone();
        let age = i64::try_from(order * AGES_SECS / ORDERS).unwrap();
        Command::PurchaseBought {
            order: id(order),
            purchase: Purchase {
                candidate: 0,
                provider: "smspool".parse().unwrap(),
                vendor_order,
                number: number.into(),
                cost,
                bought_at: Timestamp(now().0 - age * 1_000),
            },
        }
    };
    let each = |step: &dyn Fn(u64) -> Command| -> Vec<(Actor, Command)> {
        (0..ORDERS).map(|order| (Actor::Engine, step(order))).collect()
    };
    for step in [&quote as &dyn Fn(u64) -> Command, &place, &begin, &got] {
        books.submit_all(each(step).into_iter()).await;
    }
    // The cards went out long ago.
    let wishes: Vec<_> = books.reader.snapshot().outbox().collect::<Result<_, _>>().unwrap();
    let granted = wishes
        .into_iter()
        .map(|(effect, made)| (Actor::Engine, Command::Granted { effect, made, message: None }));
    books.submit_all(granted).await;
    books.close();
}

/// As many numbers as there are orders: the vendor's id of each, and the number.
async fn buy(http: &reqwest::Client, url: &str) -> Vec<(String, String)> {
    const AT_ONCE: u64 = 16;
    let url: Arc<str> = format!("{url}/vendors/smspool/purchase/sms").into();
    let buyers = (0..AT_ONCE).map(|_| {
        let (http, url) = (http.clone(), Arc::clone(&url));
        tokio::spawn(async move {
            let mut bought = Vec::new();
            for _ in 0..ORDERS / AT_ONCE {
                let wish = [("service", "1574"), ("country", "US"), ("key", "key-of-the-benches")];
                let request = http.post(&*url).form(&wish).send();
                let answer: Value = request.await.unwrap().json().await.unwrap();
                let number = format!("+{}", answer["number"]);
                bought.push((answer["order_id"].as_str().unwrap().to_owned(), number));
            }
            bought
        })
    });
    let mut bought = Vec::new();
    for buyer in buyers.collect::<Vec<_>>() {
        bought.extend(buyer.await.unwrap());
    }
    bought
}

#[derive(Default)]
struct Delays {
    /// From the code at the vendor to the code in the books, in seconds.
    seen: Rounds,
    /// The same, less the interval that the schedule had for an order of that age.
    beyond: Rounds,
    lost: usize,
}

/// How late the codes were that came in this time.
fn delays(folder: &Path, rows: &Value, from: Timestamp, until: Timestamp) -> Delays {
    let came = rows.as_array().unwrap().iter().filter_map(|row| {
        let at = Timestamp(row["finished_ms"].as_i64().filter(|_| row["sms"].is_string())?);
        (from <= at && at < until).then(|| (row["order_id"].as_str().unwrap().to_owned(), at))
    });
    let came: BTreeMap<String, Timestamp> = came.collect();
    let (store, _) = Store::open(&folder.join("data"), &ring4_storage::Options::default()).unwrap();
    let snapshot = store.snapshot();
    let mut delays = Delays::default();
    let mut found = 0;
    for order in 0..ORDERS {
        let order = snapshot.order(OrderId::from_bits(order + 1)).unwrap().unwrap();
        let purchase = order.purchase.unwrap();
        let Some(at) = came.get(&purchase.vendor_order) else { continue };
        let Some(code) = order.code else { continue };
        found += 1;
        let seen = (code.arrived_at.0 - at.0) as f64 / 1_000.0;
        let gap = match at.secs_since(purchase.bought_at) {
            0..60 => 2.0,
            60..180 => 3.0,
            180..300 => 5.0,
            _ => 10.0,
        };
        delays.seen.add(seen);
        delays.beyond.add(seen - gap);
    }
    delays.lost = came.len() - found;
    drop(snapshot);
    store.close().unwrap();
    delays
}
