//! The admins' dashboard.

use ring4_domain::maintenance::Maintenance;
use ring4_providers::BreakerState;

use super::{Reply, Visit};
use crate::figures::{self, Bar, Stretch};
use crate::screens::admin::{Dashboard, ProviderRow};
use crate::shop::{ShopError, name_of};
use crate::tasks;

impl Visit<'_> {
    pub(super) async fn dashboard(&self) -> Result<Reply, ShopError> {
        let today = self.today().await?;
        let snapshot = self.shop.snapshot();
        let providers = self.shop.registry.status().into_iter().map(|status| ProviderRow {
            name: status.id.to_string(),
            version: status.version,
            state: match status.line {
                BreakerState::Closed => "provider.closed",
                BreakerState::Open => "provider.open",
                BreakerState::HalfOpen => "provider.half_open",
            },
            balance: status.balance,
        });
        let totals = snapshot.totals()?;
        let pause = snapshot.maintenance()?.filter(|pause| pause.on);
        let named = |pause: Maintenance| name_of(&snapshot, pause.by).map(|by| (pause, by));
        let pause = pause.map(named).transpose()?;
        let dashboard = Dashboard {
            open_orders: totals.orders_open,
            pending_deposits: totals.deposits_submitted,
            pending_refunds: snapshot.refunds_waiting()?,
            closed: !self.live.policy.selling,
            pause,
            today,
            trouble: self.shop.executor.health().borrow().trouble().is_some(),
            waiting: totals.wishes,
            customers: totals.customers,
            providers: providers.collect(),
            rules: self.live.version(),
            head: snapshot.head()?.seq,
        };
        Ok(Reply::Screen(self.voice().dashboard(&dashboard)?))
    }

    /// The money of the local day so far.
    async fn today(&self) -> Result<Bar, ShopError> {
        let zone = self.live.config.report.timezone;
        let today = figures::local_day(self.shop.clock.now(), zone);
        let (snapshot, stretch) = (self.shop.snapshot(), Stretch::day(today, zone));
        let read = move || figures::read(&snapshot, &stretch);
        Ok(tasks::block(read).await??.total())
    }
}
