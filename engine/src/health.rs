//! Watches how the vendors do: whether they answer, whether they sell to us, what we have there.
//! Admins hear of each once when it begins and once when it is over. Only the start-up imports
//! this.
//!
//! Whether a call passes is the registry's to decide; nothing here stands in its way. What a
//! vendor holds against our account is kept in a file, so that a restart does not ask for more
//! of it.

mod blocks;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ring4_domain::ids::{ProviderId, Timestamp};
use ring4_domain::money::Amount;
use ring4_domain::sale::Sale;
use ring4_providers::{Block, BreakerState, ProviderStatus, RefusalReason, Registry};
use ring4_rules::messages::Value;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use self::blocks::BlocksFile;
use crate::notices::{Topic, tell_admins};
use crate::screens::Voice;
use crate::shop::Shop;
use crate::tasks;

/// How often the registry is looked at. A pause ends by time alone, which tells nobody.
const LOOK: Duration = Duration::from_secs(1);

/// How long a vendor must have answered again before admins are told, in seconds: one that comes
/// and goes is one outage.
const UP_FOR_SECS: u32 = 30;

/// How often a balance is asked for, in seconds.
const BALANCE_SECS: u32 = 300;

/// What is known of one vendor.
#[derive(Debug, Default)]
struct Watch {
    down_since: Option<Timestamp>,
    /// While it is down: since when calls pass again.
    up_since: Option<Timestamp>,
    block: Option<Block>,
    is_low: bool,
    asking: bool,
    ask_at: Option<Timestamp>,
}

/// What admins are told of a vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Notice {
    Down { plugin: bool },
    Up { lasted_secs: u32 },
    Blocked(Block),
    Unblocked,
    Low { balance: Option<Amount>, min: Amount },
}

/// The watch over all vendors of one shop.
pub struct HealthWatch {
    shop: Arc<Shop>,
    file: BlocksFile,
    /// Admins are warned below these balances.
    balance_min: BTreeMap<ProviderId, Amount>,
    vendors: BTreeMap<ProviderId, Watch>,
    asking: JoinSet<ProviderId>,
    telling: JoinSet<()>,
}

/// Lets no purchase go to vendors that held something against our account when the last engine
/// ended. Reads a small file.
pub fn restore_blocks(registry: &Registry, data_dir: &Path) {
    for (provider, block) in BlocksFile::new(data_dir).read() {
        registry.restore_block(&provider, block);
    }
}

impl HealthWatch {
    /// A watch that has seen nothing yet.
    #[must_use]
    pub fn new(
        shop: Arc<Shop>,
        data_dir: &Path,
        balance_min: BTreeMap<ProviderId, Amount>,
    ) -> Self {
        Self {
            shop,
            file: BlocksFile::new(data_dir),
            balance_min,
            vendors: BTreeMap::new(),
            asking: JoinSet::new(),
            telling: JoinSet::new(),
        }
    }

    /// Watches until it is dropped.
    pub async fn run(mut self) {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = looks.tick() => self.look().await,
                Some(asked) = self.asking.join_next() => {
                    // A task that panicked is asked for again when the engine is opened next.
                    if let Ok(provider) = asked && let Some(watch) = self.vendors.get_mut(&provider)
                    {
                        watch.asking = false;
                    }
                }
                Some(_) = self.telling.join_next() => {}
            }
        }
    }

    async fn look(&mut self) {
        let now = self.shop.clock.now();
        let statuses = self.shop.registry.status();
        let mut blocks = BTreeMap::new();
        for status in statuses.iter().filter(|status| status.enabled && status.sale != Sale::Off) {
            let min = self.balance_min.get(&status.id).copied().unwrap_or(Amount::ZERO);
            let watch = self.vendors.entry(status.id.clone()).or_default();
            let notices = watch.see(status, min, now);
            if watch.wants_balance(status, now) {
                watch.asking = true;
                watch.ask_at = Some(now.plus_secs(BALANCE_SECS));
                let (shop, provider) = (Arc::clone(&self.shop), status.id.clone());
                tasks::spawn_in(&mut self.asking, async move {
                    // The registry keeps the answer; a call is also what a breaker tries out.
                    if let Err(error) = shop.registry.balance(&provider).await {
                        tracing::debug!(%provider, %error, "balance not read");
                    }
                    provider
                });
            }
            if let Some(block) = watch.block.filter(is_kept) {
                blocks.insert(status.id.clone(), block);
            }
            for notice in notices {
                self.tell(status.id.clone(), notice);
            }
        }
        self.file.write(blocks).await;
    }

    fn tell(&mut self, provider: ProviderId, notice: Notice) {
        match &notice {
            Notice::Up { .. } | Notice::Unblocked => tracing::info!(%provider, ?notice),
            _ => tracing::warn!(%provider, ?notice),
        }
        let shop = Arc::clone(&self.shop);
        tasks::spawn_in(&mut self.telling, async move {
            let topic = match notice {
                Notice::Low { .. } => Topic::VendorBalance,
                _ => Topic::VendorState,
            };
            tell_admins(&shop, topic, |voice| notice.text(voice, &provider)).await;
        });
    }
}

/// A key that was refused may be another one after a restart, and a balance is topped up any
/// minute; only what the vendor holds against the account outlives the engine.
fn is_kept(block: &Block) -> bool {
    block.reason == RefusalReason::AccountThrottled
}

impl Watch {
    /// Compares what is with what was; what admins must hear of it.
    fn see(&mut self, status: &ProviderStatus, min: Amount, now: Timestamp) -> Vec<Notice> {
        let mut notices = Vec::new();
        let plugin = status.out_of_service || status.quarantine.is_some();
        if plugin || status.line != BreakerState::Closed {
            self.up_since = None;
            if self.down_since.is_none() {
                self.down_since = Some(now);
                notices.push(Notice::Down { plugin });
            }
        } else if let Some(down_since) = self.down_since {
            let up_since = *self.up_since.get_or_insert(now);
            if now.secs_since(up_since) >= UP_FOR_SECS {
                (self.down_since, self.up_since) = (None, None);
                notices.push(Notice::Up { lasted_secs: up_since.secs_since(down_since) });
            }
        }
        let refused = status.block.is_some_and(|block| block.reason == RefusalReason::BalanceLow);
        let below = status.balance.is_some_and(|balance| balance < min);
        if (below || refused) && !self.is_low {
            notices.push(Notice::Low { balance: status.balance, min });
        }
        // Until it is known to be topped up, a vendor that said so once is believed.
        self.is_low = below || refused || (self.is_low && status.balance.is_none());
        let block = status.block.filter(|block| block.reason != RefusalReason::BalanceLow);
        match (self.block, block) {
            (None, Some(block)) => notices.push(Notice::Blocked(block)),
            (Some(_), None) => notices.push(Notice::Unblocked),
            _ => {}
        }
        self.block = block;
        notices
    }

    /// Whether the vendor is to be called now: the balance is old, or somebody must find out
    /// whether it answers again.
    fn wants_balance(&self, status: &ProviderStatus, now: Timestamp) -> bool {
        let is_open = status.line == BreakerState::Open;
        !self.asking
            && !is_open
            && (status.line == BreakerState::HalfOpen || self.ask_at <= Some(now))
    }
}

impl Notice {
    fn text(&self, voice: &Voice<'_>, provider: &ProviderId) -> String {
        let vendor = ("vendor", Value::Text(provider.as_str()));
        match self {
            Self::Down { plugin: false } => voice.say("admin.vendor.down", &[vendor]),
            Self::Down { plugin: true } => voice.say("admin.vendor.plugin_down", &[vendor]),
            Self::Up { lasted_secs } => {
                let lasted = format!("{}:{:02}", lasted_secs / 60, lasted_secs % 60);
                voice.say("admin.vendor.up", &[vendor, ("lasted", Value::Text(&lasted))])
            }
            Self::Blocked(block) => {
                let key = match block.reason {
                    RefusalReason::AuthFailed => "admin.vendor.key_refused",
                    _ => "admin.vendor.throttled",
                };
                let until = voice.moment(Timestamp(block.until_ms));
                voice.say(key, &[vendor, ("until", Value::Text(&until))])
            }
            Self::Unblocked => voice.say("admin.vendor.sells_again", &[vendor]),
            Self::Low { balance, min } => {
                let balance =
                    balance.map_or_else(|| "–".to_owned(), |balance| voice.money(balance));
                let min = voice.money(*min);
                let values =
                    [vendor, ("balance", Value::Text(&balance)), ("min", Value::Text(&min))];
                voice.say("admin.vendor.low", &values)
            }
        }
    }
}
