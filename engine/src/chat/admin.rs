//! The admins' dashboard.

use ring4_providers::BreakerState;

use super::{Reply, Visit};
use crate::screens::admin::{Dashboard, ProviderRow};
use crate::shop::ShopError;

impl Visit<'_> {
    pub(super) fn dashboard(&self) -> Result<Reply, ShopError> {
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
        let dashboard = Dashboard {
            open_orders: totals.orders_open,
            pending_deposits: totals.deposits_submitted,
            customers: totals.customers,
            providers: providers.collect(),
            rules: self.live.version(),
            head: snapshot.head()?.seq,
        };
        Ok(Reply::Screen(self.voice().dashboard(&dashboard)?))
    }
}
