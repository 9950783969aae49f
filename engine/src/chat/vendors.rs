//! The vendors' plugins, as admins see and steer them. Who is one was checked before.

use ring4_domain::ids::ProviderId;
use ring4_domain::order::Order;
use ring4_domain::sale::Sale;

use super::{Reply, Visit};
use crate::screens::vendors::TurnedOff;
use crate::shop::{ShopError, name_of};

impl Visit<'_> {
    pub(super) fn providers(&self) -> Result<Reply, ShopError> {
        let snapshot = self.shop.snapshot();
        let mut turned = Vec::new();
        for switch in snapshot.sales()? {
            if switch.sale != Sale::Open {
                turned.push(TurnedOff { by: name_of(&snapshot, switch.by)?, switch });
            }
        }
        Ok(Reply::Screen(self.voice().providers(&self.shop.registry.status(), &turned)?))
    }

    /// Puts the plugin's file as it lies there now in place of the one in use.
    pub(super) async fn reload_plugin(&self, id: &ProviderId) -> Result<Reply, ShopError> {
        let swapped = self.shop.registry.swap(id).await;
        tracing::info!(admin = %self.user(), provider = %id, ?swapped, "a plugin was reloaded");
        let notice = match &swapped {
            Ok(swap) => self.voice().swapped(id, swap),
            Err(error) => self.voice().not_swapped(id, &error.to_string()),
        };
        self.with_providers(notice)
    }

    /// Lets a vendor sell, only serve what is open, or rest. It rests only when nothing is open:
    /// nobody would ask for the codes of its orders.
    pub(super) async fn set_sale(&self, id: &ProviderId, sale: Sale) -> Result<Reply, ShopError> {
        if sale == Sale::Off {
            let orders = self.shop.snapshot().open_orders()?;
            let open = orders.iter().filter(|order| is_at(order, id)).count();
            if open > 0 {
                return self.with_providers(self.voice().not_rested(id, open));
            }
        }
        match self.shop.set_sale(self.user(), &self.trace, id, sale).await? {
            Ok(()) => self.providers(),
            Err(refusal) => self.refuse(&refusal),
        }
    }

    fn with_providers(&self, notice: String) -> Result<Reply, ShopError> {
        Ok(match self.providers()? {
            Reply::Screen(screen) => Reply::Both(screen, notice),
            reply => reply,
        })
    }
}

/// Any of the vendors an order may be served by counts: an order that is being bought may be
/// there already.
fn is_at(order: &Order, id: &ProviderId) -> bool {
    order.quote.candidates.iter().any(|candidate| candidate.provider == *id)
}
