//! The shipped settings in a folder of their own, and a shop's books before anybody comes in.
//! Every part of the bench that needs a shop uses this.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring4::clock::Clock;
use ring4::executor::{self, Executor, ExecutorThread, NewsBoard};
use ring4::live::{self, Live};
use ring4::reload::{Built, Origin};
use ring4::trouble::TimeFloor;
use ring4_config::{Env, Overrides};
use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::customer::Profile;
use ring4_domain::ids::{DepositId, MethodKey, UserId};
use ring4_domain::money::Amount;
use ring4_storage::{Options, Reader, Store};
use tokio::task::JoinSet;

/// The admin of every shop here.
pub const ADMIN: i64 = 9_001;

/// A token of Telegram's form that opens nothing.
pub const TOKEN: &str = "4000000001:a-token-of-the-benches-that-opens-nothing";

/// Commands in flight while books are filled; the executor's own limit of a group.
const FILLING: usize = 512;

/// The folder of the project.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Who sells the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    /// The plugin that invents them.
    Mock,
    /// The SMSPool beside the Bot API server.
    Smspool,
}

/// Copies the shipped settings and scripts to `folder`, for an engine that keeps its data there.
pub fn settle(folder: &Path) {
    let scripts = folder.join("scripts");
    std::fs::create_dir_all(&scripts).unwrap();
    for file in std::fs::read_dir(project().join("scripts")).unwrap().map(Result::unwrap) {
        if file.file_type().unwrap().is_file() {
            std::fs::copy(file.path(), scripts.join(file.file_name())).unwrap();
        }
    }
    // Customers here buy faster than any shop would let them, and thousands pay the same amount
    // in at once, more than cents could tell apart.
    let set = [
        ("orders_per_minute", "0"),
        ("orders_per_hour", "0"),
        ("orders_per_day", "0"),
        ("unique_cents", "false"),
    ];
    let line = |line: &str| {
        let (indent, rest) = line.split_at(line.len() - line.trim_start().len());
        let value = set.iter().find(|(key, _)| rest.split(':').next() == Some(key));
        value.map_or_else(|| line.to_owned(), |(key, value)| format!("{indent}{key}: {value}"))
    };
    let config = ring4_config::SHIPPED.lines().map(line).collect::<Vec<_>>().join("\n");
    std::fs::write(folder.join("config.yaml"), config).unwrap();
}

/// Where an engine settled in `folder`, with this Bot API server and this vendor, reads from.
pub fn origin(folder: &Path, api_url: &str, vendor: Vendor) -> Origin {
    let admin = ADMIN.to_string();
    let smspool = format!("{api_url}/vendors/smspool");
    let vendor: &[(&str, &str)] = match vendor {
        Vendor::Mock => &[("ALLOW_MOCK", "true")],
        Vendor::Smspool => {
            &[("SMSPOOL_API_KEY", "key-of-the-benches"), ("SMSPOOL_BASE_URL", &smspool)]
        }
    };
    let env = Env::from_iter(
        [
            ("BOT_TOKEN", TOKEN),
            ("BOT_API_URL", api_url),
            ("ADMIN_USER_IDS", admin.as_str()),
            ("BINANCE_WALLET", "TAddressOfTheBenches"),
            ("BINANCE_ID", "100000001"),
        ]
        .into_iter()
        .chain(vendor.iter().copied()),
    );
    Origin {
        config: folder.join("config.yaml"),
        scripts: folder.join("scripts"),
        env,
        overrides: Overrides { data_dir: Some(folder.join("data")) },
    }
}

/// The shipped rule set with the settings it comes with.
pub fn built(folder: &Path) -> Built {
    let origin = origin(folder, "http://127.0.0.1:9", Vendor::Mock);
    origin.build(origin.read().unwrap()).unwrap()
}

/// An executor over a store, and whoever takes its news.
pub struct Books {
    pub executor: Executor,
    pub reader: Reader,
    thread: ExecutorThread,
    news: tokio::task::JoinHandle<()>,
}

impl Books {
    /// Opens the books in `folder`.
    pub fn open(folder: &Path, live: Live) -> Self {
        let (store, _) = Store::open(&folder.join("data"), &Options::default()).unwrap();
        let reader = store.reader();
        let board = Arc::new(NewsBoard::default());
        let (executor, thread) = executor::start(
            store,
            live::cell(live),
            Clock::real(),
            TimeFloor::default(),
            Arc::clone(&board),
        )
        .unwrap();
        // The effects room would take them; they must not pile up.
        let news = tokio::spawn(async move {
            loop {
                board.take().await;
            }
        });
        Self { executor, reader, thread, news }
    }

    /// Closes them.
    pub fn close(self) {
        let Self { executor, reader, thread, news } = self;
        drop((executor, reader));
        thread.join().unwrap().close().unwrap();
        news.abort();
    }

    /// Hands in all of these, many at a time and in no order.
    pub async fn submit_all(&self, commands: impl Iterator<Item = (Actor, Command)>) {
        let mut running = JoinSet::new();
        for (actor, command) in commands {
            if running.len() >= FILLING {
                running.join_next().await.unwrap().unwrap();
            }
            let executor = self.executor.clone();
            running.spawn(async move {
                executor.submit(actor, "bench", command).await.unwrap().unwrap();
            });
        }
        while let Some(done) = running.join_next().await {
            done.unwrap();
        }
    }

    /// Welcomes customers with these ids.
    pub async fn welcome(&self, customers: impl Iterator<Item = i64>) {
        let welcome = |id| {
            let profile = Profile {
                id: UserId(id),
                name: "Anna".to_owned(),
                username: Some(format!("anna_{id}")),
                language: Some("en".to_owned()),
            };
            (Actor::Customer(UserId(id)), Command::Welcome(profile))
        };
        self.submit_all(customers.map(welcome)).await;
    }

    /// Fills these wallets through deposits.
    pub async fn pay_in(&self, customers: impl Iterator<Item = i64> + Clone, amount: Amount) {
        let id = |customer: i64| DepositId::from_bits(customer.unsigned_abs());
        let method: MethodKey = "usdt".parse().unwrap();
        let open = customers.clone().map(|customer| {
            let command = Command::OpenDeposit {
                id: id(customer),
                customer: UserId(customer),
                amount,
                method: method.clone(),
                card: None,
            };
            (Actor::Customer(UserId(customer)), command)
        });
        self.submit_all(open).await;
        let submit = customers.clone().map(|customer| {
            let command = Command::SubmitDeposit {
                customer: UserId(customer),
                deposit: id(customer),
                auto: true,
            };
            (Actor::Customer(UserId(customer)), command)
        });
        self.submit_all(submit).await;
        let approve = customers.map(|customer| {
            let admin = UserId(ADMIN);
            (Actor::Admin(admin), Command::ApproveDeposit { admin, deposit: id(customer) })
        });
        self.submit_all(approve).await;
    }
}

/// A runtime as the binary has it.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}
