//! A vendor made of nothing, for the demo and the tests. A plugin: it imports only the SDK.
//!
//! Nothing is kept that matters: an order's id holds what was bought and when, and everything
//! else about it (the number, the code, when the code arrives, whether it does) is a hash of that
//! id and the configured seed. So an order can be checked after the engine was restarted, as a
//! real vendor's can. Only cancels and the list of active orders live in memory; after a restart
//! the list is empty, and the engine must ask about each order, which is what it does with any
//! order that a list leaves out.

mod goods;
mod order;
mod settings;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use ring4_provider_sdk::{
    Call, Cancellation, Capabilities, Country, Manifest, Message, Money, OrderStatus, Provider,
    ProviderError, Purchase, PurchaseRequest, Quote, QuoteRequest, RefusalReason, Resend, Service,
    VendorOrder, export_provider,
};

use crate::order::{Draw, Order};
pub use crate::settings::Settings;

/// Orders that are remembered for the list; the oldest is forgotten first.
const ORDERS_KEPT: usize = 50_000;

/// Further messages of one order, at most.
const RESENDS_MAX: usize = 16;

/// What happened to an order beyond what its id tells.
#[derive(Clone, Default)]
struct Fate {
    cancelled: bool,
    /// When further messages were asked for, in milliseconds since 1970-01-01 UTC.
    resent_at_ms: Vec<i64>,
}

/// The vendor.
pub struct Mock {
    settings: Settings,
    /// Purchases so far: two in the same millisecond get different ids.
    purchases: Cell<u32>,
    /// By id; ids begin with the time, so the first is the oldest.
    fates: RefCell<BTreeMap<String, Fate>>,
}

export_provider!(Mock);

impl Mock {
    fn remember(&self, id: String) {
        let mut fates = self.fates.borrow_mut();
        if fates.len() >= ORDERS_KEPT {
            fates.pop_first();
        }
        fates.insert(id, Fate::default());
    }

    fn find(&self, id: &str) -> Result<(Order, Fate), ProviderError> {
        let order = Order::parse(id, self.settings.seed).ok_or(ProviderError::OrderNotFound)?;
        let fate = self.fates.borrow().get(id).cloned().unwrap_or_default();
        Ok((order, fate))
    }

    fn status(&self, order: &Order, fate: &Fate, now_ms: i64) -> OrderStatus {
        if fate.cancelled {
            return OrderStatus::Refunded;
        }
        let messages = order.messages(&self.settings, &fate.resent_at_ms, now_ms);
        if !messages.is_empty() {
            let message = |(code, received_at_ms): (String, i64)| Message {
                text: Some(format!("{} is your {} code.", code, order.service().name)),
                code: Some(code),
                received_at_ms: Some(received_at_ms),
            };
            return OrderStatus::Received { messages: messages.into_iter().map(message).collect() };
        }
        if now_ms >= order.expires_at_ms(&self.settings) {
            OrderStatus::Refunded
        } else {
            OrderStatus::Waiting
        }
    }

    fn fail_at_random(&self, draw: &Draw) -> Result<(), ProviderError> {
        if draw.percent("error", self.settings.error_percent) {
            return Err(ProviderError::Unanswered("the mock vendor is out to lunch".to_owned()));
        }
        Ok(())
    }

    /// A draw for things that are not about one order; differs from call to call.
    fn draw(&self, now_ms: i64, about: &str) -> Draw {
        self.purchases.set(self.purchases.get().wrapping_add(1));
        Draw::new(self.settings.seed, &format!("{about}:{now_ms}:{}", self.purchases.get()))
    }

    fn orders(&self, now_ms: i64, wanted: impl Fn(&OrderStatus) -> bool) -> Vec<VendorOrder> {
        let fates = self.fates.borrow();
        let row = |(id, fate): (&String, &Fate)| {
            let order = Order::parse(id, self.settings.seed)?;
            let status = self.status(&order, fate, now_ms);
            wanted(&status).then(|| VendorOrder {
                vendor_order_id: id.clone(),
                number: Some(order.number()),
                service: Some(order.service().vendor_id.to_owned()),
                country: Some(order.country().iso.to_owned()),
                cost: Some(self.settings.price(order.service())),
                status,
                bought_at_ms: Some(order.bought_at_ms()),
                expires_at_ms: Some(order.expires_at_ms(&self.settings)),
            })
        };
        fates.iter().rev().filter_map(row).collect()
    }
}

impl Provider for Mock {
    type Settings = Settings;

    fn manifest() -> Manifest {
        Manifest {
            capabilities: Capabilities {
                list_active: true,
                history: true,
                price_cap: true,
                resend: true,
                early_cancel_lock_secs: 0,
            },
            settings: Settings::described(),
            ..Manifest::new("mock", env!("CARGO_PKG_VERSION"))
        }
    }

    fn new(settings: Settings) -> Result<Self, String> {
        settings.check()?;
        Ok(Self { settings, purchases: Cell::new(0), fates: RefCell::default() })
    }

    async fn services(&self, _: &Call) -> Result<Vec<Service>, ProviderError> {
        let row = |service: &goods::Service| Service {
            vendor_id: service.vendor_id.to_owned(),
            name: service.name.to_owned(),
        };
        Ok(goods::SERVICES.iter().map(row).collect())
    }

    async fn countries(&self, _: &Call) -> Result<Vec<Country>, ProviderError> {
        let row = |country: &goods::Country| Country {
            vendor_id: country.iso.to_owned(),
            iso: country.iso.to_owned(),
            name: country.name.to_owned(),
        };
        Ok(goods::COUNTRIES.iter().map(row).collect())
    }

    async fn quote(&self, call: &Call, request: &QuoteRequest) -> Result<Quote, ProviderError> {
        self.fail_at_random(&self.draw(call.now_unix_ms, "quote"))?;
        let unavailable = |reason| Ok(Quote::Unavailable { reason });
        let Some(service) = goods::find(&request.service, &request.country).map(|(sold, _)| sold)
        else {
            return unavailable(RefusalReason::Unsupported);
        };
        if self.settings.stock == 0 {
            return unavailable(RefusalReason::OutOfStock);
        }
        let cost = self.settings.price(service);
        Ok(Quote::Offered {
            high_cost: Some(cost.clone()),
            cost,
            stock: Some(self.settings.stock),
            success_percent: Some(100_u8.saturating_sub(self.settings.no_code_percent)),
        })
    }

    async fn buy(&self, call: &Call, request: &PurchaseRequest) -> Result<Purchase, ProviderError> {
        let draw = self.draw(call.now_unix_ms, "buy");
        let refused = |reason| Ok(Purchase::Refused { reason, retry_after_secs: None });
        let Some((service, country)) = goods::find(&request.service, &request.country) else {
            return refused(RefusalReason::Unsupported);
        };
        let settings = &self.settings;
        if settings.stock == 0 || draw.percent("stock", settings.out_of_stock_percent) {
            return refused(RefusalReason::OutOfStock);
        }
        if draw.percent("refused", settings.refused_percent) {
            return refused(RefusalReason::Other);
        }
        let cost = settings.price(service);
        if cost.is_above(&request.max_price) {
            return refused(RefusalReason::PriceTooHigh);
        }
        self.fail_at_random(&draw)?;
        let order = Order::new(call.now_unix_ms, service, country, settings.seed, &draw);
        let unclear = draw.percent("unclear", settings.unclear_percent);
        // Of the unclear purchases every second one was made, which only the list tells.
        if !unclear || draw.percent("bought", 50) {
            self.remember(order.id().to_owned());
        }
        if unclear {
            return Ok(Purchase::Unclear { why: "the mock vendor mumbled".to_owned() });
        }
        Ok(Purchase::Bought {
            vendor_order_id: order.id().to_owned(),
            number: order.number(),
            cost,
            expires_at_ms: Some(order.expires_at_ms(settings)),
        })
    }

    async fn check(&self, call: &Call, id: &str) -> Result<OrderStatus, ProviderError> {
        self.fail_at_random(&self.draw(call.now_unix_ms, "check"))?;
        let (order, fate) = self.find(id)?;
        Ok(self.status(&order, &fate, call.now_unix_ms))
    }

    async fn list_active(&self, call: &Call) -> Result<Vec<VendorOrder>, ProviderError> {
        self.fail_at_random(&self.draw(call.now_unix_ms, "list"))?;
        let active = |status: &OrderStatus| {
            matches!(status, OrderStatus::Waiting | OrderStatus::Received { .. })
        };
        Ok(self
            .orders(call.now_unix_ms, active)
            .into_iter()
            .filter(|order| order.expires_at_ms > Some(call.now_unix_ms))
            .collect())
    }

    async fn history(&self, call: &Call) -> Result<Vec<VendorOrder>, ProviderError> {
        let mut orders = self.orders(call.now_unix_ms, |_| true);
        orders.truncate(100);
        Ok(orders)
    }

    async fn cancel(&self, call: &Call, id: &str) -> Result<Cancellation, ProviderError> {
        self.fail_at_random(&self.draw(call.now_unix_ms, "cancel"))?;
        let (order, fate) = self.find(id)?;
        match self.status(&order, &fate, call.now_unix_ms) {
            OrderStatus::Received { .. } => return Ok(Cancellation::HasSms),
            OrderStatus::Waiting => {}
            _ => return Ok(Cancellation::AlreadyClosed),
        }
        let lock_ms = i64::from(self.settings.cancel_lock_secs) * 1_000;
        let left_ms = order.bought_at_ms().saturating_add(lock_ms) - call.now_unix_ms;
        if left_ms > 0 {
            let secs = u32::try_from(left_ms / 1_000 + 1).unwrap_or(u32::MAX);
            return Ok(Cancellation::TooEarly { retry_after_secs: Some(secs) });
        }
        let mut fates = self.fates.borrow_mut();
        fates.entry(id.to_owned()).or_default().cancelled = true;
        Ok(Cancellation::Cancelled)
    }

    async fn resend(&self, call: &Call, id: &str) -> Result<Resend, ProviderError> {
        let (order, fate) = self.find(id)?;
        let received =
            matches!(self.status(&order, &fate, call.now_unix_ms), OrderStatus::Received { .. });
        if !received || call.now_unix_ms >= order.expires_at_ms(&self.settings) {
            return Ok(Resend::Refused { reason: RefusalReason::Other });
        }
        let mut fates = self.fates.borrow_mut();
        let asked = &mut fates.entry(id.to_owned()).or_default().resent_at_ms;
        if asked.len() < RESENDS_MAX {
            asked.push(call.now_unix_ms);
        }
        Ok(Resend::Requested { vendor_order_id: id.to_owned(), cost: None })
    }

    async fn balance(&self, _: &Call) -> Result<Money, ProviderError> {
        Ok(self.settings.balance.clone())
    }
}

#[cfg(test)]
mod tests;
