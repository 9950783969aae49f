//! `ring4 demo`: the whole shop on one machine, with a Telegram and a vendor of its own.

mod author;

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use clap::{Args, ValueEnum};
use ring4_config::{Env, Overrides};
use ring4_playground::{Options, Playground, Role};
use ring4_telegram::sender::SenderOptions;
use tokio::sync::watch;

use super::{serving, signals};
use crate::clock::{Clock, Pace};
use crate::engine::Setup;
use crate::reload::Origin;
use crate::tasks;
use crate::trouble::Memory;

/// A token of Telegram's form that opens nothing.
const DEMO_TOKEN: &str = "4000000001:demo-token-that-opens-nothing-at-all";

/// The key that the local SMSPool takes.
const DEMO_KEY: &str = "demo-key-that-opens-nothing-0000";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Vendor {
    /// A plugin that makes numbers up by itself
    Mock,
    /// The SMSPool plugin over HTTP, with a local SMSPool
    Smspool,
}

/// What can be chosen about the demo.
#[derive(Clone, Debug, Args)]
pub(super) struct Demo {
    /// Who sells the numbers
    #[arg(long, value_enum, default_value = "mock")]
    vendor: Vendor,
    /// Sell from this vendor plugin instead; `--vendor-url` says where its vendor is
    #[arg(long, value_name = "FILE", requires = "vendor_url")]
    plugin: Option<PathBuf>,
    /// The vendor of that plugin, such as http://127.0.0.1:8799
    #[arg(long, value_name = "URL", requires = "plugin")]
    vendor_url: Option<String>,
    /// Seconds of the demo in one second of yours
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = speed())]
    speed: u32,
    /// Where the page is served
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8790")]
    listen: SocketAddr,
    /// Keep the data here [default: a new folder, removed at the end]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The settings [default: config.yaml here, else the shipped ones]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn speed() -> impl clap::builder::TypedValueParser<Value = u32> {
    clap::value_parser!(u32).range(1..=i64::from(ring4_playground::SPEED_MAX))
}

impl Demo {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        super::block_on(self.play())
    }

    async fn play(self) -> anyhow::Result<ExitCode> {
        let mut signals = signals::Signals::listen().context("listening for signals")?;
        let scratch = tempfile::tempdir().context("making a folder for the demo's data")?;
        let data_dir = self.data.clone().unwrap_or_else(|| scratch.path().join("data"));
        let options = Options {
            listen: self.listen,
            token: Some(DEMO_TOKEN.to_owned()),
            speed: self.speed,
            update_id_first: ids_from()?,
            message_id_before: ids_from()?,
            ..Options::default()
        };
        let admins: Vec<String> = options
            .people
            .iter()
            .filter(|person| person.role == Role::Admin)
            .map(|person| person.id.to_string())
            .collect();
        let playground = Playground::start(options).await?;
        let address = playground.address();
        let origin = self.origin(scratch.path(), &data_dir, address, &admins.join(","))?;
        let (owner, pace) = watch::channel(translate(*playground.clock().subscribe().borrow()));
        let mut turned = playground.clock().subscribe();
        let follow = tasks::spawn(async move {
            while turned.changed().await.is_ok() {
                let pace = translate(*turned.borrow_and_update());
                owner.send_replace(pace);
            }
        });
        let setup = Setup {
            origin: origin.clone(),
            clock: Clock::played(pace),
            verify_command: None,
            sender: SenderOptions::default(),
            memory: Memory::default(),
        };
        let greet = || self.greet(address, &origin, &data_dir);
        let served = serving::serve(setup, &mut signals, greet).await;
        playground.stop().await;
        follow.abort();
        served.map(|()| ExitCode::SUCCESS)
    }

    fn greet(&self, address: SocketAddr, origin: &Origin, data: &Path) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "http://{address}/")?;
        writeln!(out)?;
        writeln!(out, "Open the page, be Anna, and write /start. Ada is the admin who approves")?;
        writeln!(
            out,
            "deposits. Edit {} and the next",
            origin.scripts.join("pricing.rhai").display()
        )?;
        writeln!(out, "price follows. Data: {}. Ctrl-C ends the demo.", data.display())?;
        out.flush()?;
        Ok(())
    }

    /// Settings and rules: the ones of this folder where there are any, so that editing them
    /// shows; else a copy of the shipped ones.
    fn origin(
        &self,
        scratch: &Path,
        data_dir: &Path,
        address: SocketAddr,
        admins: &str,
    ) -> anyhow::Result<Origin> {
        let config = match &self.config {
            Some(config) => config.clone(),
            None if Path::new("config.yaml").is_file() && Path::new("scripts").is_dir() => {
                PathBuf::from("config.yaml")
            }
            None => shipped(scratch)?,
        };
        let folder = config.parent().map(Path::to_path_buf).unwrap_or_default();
        let scripts = folder.join("scripts");
        let config = match (&self.plugin, &self.vendor_url) {
            (Some(plugin), Some(url)) => author::config(scratch, &config, plugin, url)?,
            _ => config,
        };
        // The demo must not meet the real bot's token or the real vendor's money, so nothing of
        // the process's environment is passed on.
        let mut env: Env = Env::from_iter([
            ("BOT_TOKEN", DEMO_TOKEN),
            ("BOT_API_URL", format!("http://{address}").as_str()),
            ("ADMIN_USER_IDS", admins),
            // The playground must not post to the real bot's address either.
            ("ENABLE_WEBHOOK_MODE", "false"),
            ("BINANCE_WALLET", "TDemoAddressThatTakesNoMoney000000"),
            ("BINANCE_ID", "100000001"),
        ]);
        match self.vendor {
            _ if self.plugin.is_some() => env.set(author::SECRET, DEMO_KEY),
            Vendor::Mock => env.set("ALLOW_MOCK", "true"),
            Vendor::Smspool => {
                env.set("SMSPOOL_API_KEY", DEMO_KEY);
                env.set("SMSPOOL_BASE_URL", format!("http://{address}/vendors/smspool"));
            }
        }
        Ok(Origin {
            scripts,
            config,
            env,
            overrides: Overrides { data_dir: Some(data_dir.to_owned()) },
        })
    }
}

/// Where ids begin: above those of every demo before, because `--data` may bring back a shop
/// that remembers them. They count on from a second's own number and fit 31 bits until 2040.
fn ids_from() -> anyhow::Result<i64> {
    /// 2024-01-01, in seconds since 1970.
    const EPOCH_SECS: u64 = 1_704_067_200;
    /// Ids that one second leaves room for.
    const IDS_PER_SEC: u64 = 4;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    let id = now.as_secs().saturating_sub(EPOCH_SECS).saturating_mul(IDS_PER_SEC);
    i64::try_from(id).context("the clock is far off")
}

/// The shipped settings and scripts, as they lie in the project's folder.
const SHIPPED: [(&str, &str); 9] = [
    ("config.yaml", ring4_config::SHIPPED),
    ("scripts/pricing.rhai", include_str!("../../../scripts/pricing.rhai")),
    ("scripts/polling.rhai", include_str!("../../../scripts/polling.rhai")),
    ("scripts/routing.rhai", include_str!("../../../scripts/routing.rhai")),
    ("scripts/policy.rhai", include_str!("../../../scripts/policy.rhai")),
    ("scripts/messages.en.yaml", include_str!("../../../scripts/messages.en.yaml")),
    ("scripts/messages.es.yaml", include_str!("../../../scripts/messages.es.yaml")),
    ("scripts/messages.ru.yaml", include_str!("../../../scripts/messages.ru.yaml")),
    ("scripts/tests/promises.yaml", include_str!("../../../scripts/tests/promises.yaml")),
];

/// Writes the shipped settings and scripts into the demo's own folder.
fn shipped(scratch: &Path) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(scratch.join("scripts/tests")).context("unpacking the scripts")?;
    for (name, text) in SHIPPED {
        std::fs::write(scratch.join(name), text).with_context(|| format!("unpacking {name}"))?;
    }
    Ok(scratch.join("config.yaml"))
}

/// The playground counts from a moment of the monotonic clock, the engine from the system's.
fn translate(pace: ring4_playground::Pace) -> Pace {
    let system = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let since = Instant::now().saturating_duration_since(pace.anchor);
    let anchor = system.saturating_sub(since).as_millis();
    Pace {
        system_anchor_ms: i64::try_from(anchor).unwrap_or(i64::MAX),
        anchor_ms: pace.anchor_ms,
        speed: pace.speed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demo_far_from_the_project_has_every_shipped_file() {
        let scratch = tempfile::tempdir().unwrap();
        shipped(scratch.path()).unwrap();
        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        for folder in ["scripts", "scripts/tests"] {
            for file in std::fs::read_dir(project.join(folder)).unwrap().map(Result::unwrap) {
                let name = Path::new(folder).join(file.file_name());
                let both = [project, scratch.path()].map(|root| std::fs::read(root.join(&name)));
                let [written, unpacked] = both;
                let same = file.path().is_dir() || written.unwrap() == unpacked.unwrap_or_default();
                assert!(same, "{} is not unpacked", name.display());
            }
        }
    }
}
