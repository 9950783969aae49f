//! An account at a local vendor: key, balance, settings, and what happens to single orders. Only
//! this crate.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::{VendorFault, VendorFaults};
use super::orders::{Order, OrderState, Orders};
use super::{dollars, parse_dollars};
use crate::options::VendorOptions;

/// The longest key, in bytes.
const KEY_BYTES_MAX: usize = 64;

/// An account.
pub(crate) struct Account {
    pub(super) options: VendorOptions,
    /// Order ids are letters, else digits.
    pub(super) letters: bool,
    pub(super) balance_e4: i64,
    pub(super) orders: Orders,
    pub(super) faults: VendorFaults,
    pub(super) lot: StdRng,
    pub(super) requests: BTreeMap<&'static str, u64>,
    started_ms: i64,
}

/// What can be changed while it runs; absent fields stay. Times are played seconds.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    balance: Option<String>,
    stock: Option<u32>,
    code_delay_secs: Option<(u64, u64)>,
    silent_percent: Option<u8>,
    cancel_lock_secs: Option<u64>,
    lifetime_secs: Option<u64>,
    refund_delay_secs: Option<u64>,
    prices: BTreeMap<u32, String>,
}

impl Account {
    /// An account as the options say.
    pub fn new(options: VendorOptions, letters: bool, now_ms: i64) -> Self {
        Self {
            letters,
            balance_e4: options.balance_e4,
            lot: StdRng::seed_from_u64(options.seed),
            orders: Orders::default(),
            faults: VendorFaults::default(),
            requests: BTreeMap::new(),
            started_ms: now_ms,
            options,
        }
    }

    /// Forgets what waits to go wrong.
    pub fn clear_faults(&mut self) {
        self.faults = VendorFaults::default();
    }

    /// Adds a fault; false when too many wait already.
    pub fn add_fault(&mut self, fault: VendorFault) -> bool {
        self.faults.add(fault)
    }

    /// What waits to go wrong.
    pub fn waiting_faults(&self) -> &[VendorFault] {
        &self.faults.waiting
    }

    /// Changes settings; the error names the one that is wrong.
    pub fn change(&mut self, settings: Settings) -> Result<(), String> {
        let amount = |text: &str| parse_dollars(text).ok_or(format!("{text:?} is no amount"));
        let balance = settings.balance.as_deref().map(amount).transpose()?;
        let mut prices = Vec::new();
        for (service_id, price) in &settings.prices {
            prices.push((*service_id, amount(price)?));
        }
        if settings.silent_percent.is_some_and(|percent| percent > 100) {
            return Err("silent_percent must be 0 to 100".to_owned());
        }
        if settings.code_delay_secs.is_some_and(|(min, max)| min > max) {
            return Err("code_delay_secs must be [shortest, longest]".to_owned());
        }
        let options = &mut self.options;
        let set = |place: &mut Duration, secs: Option<u64>| {
            if let Some(secs) = secs {
                *place = Duration::from_secs(secs);
            }
        };
        set(&mut options.code_delay_min, settings.code_delay_secs.map(|(min, _)| min));
        set(&mut options.code_delay_max, settings.code_delay_secs.map(|(_, max)| max));
        set(&mut options.cancel_lock, settings.cancel_lock_secs);
        set(&mut options.lifetime, settings.lifetime_secs);
        set(&mut options.refund_delay, settings.refund_delay_secs);
        options.stock = settings.stock.unwrap_or(options.stock);
        options.silent_percent = settings.silent_percent.unwrap_or(options.silent_percent);
        self.balance_e4 = balance.unwrap_or(self.balance_e4);
        for (service_id, price) in prices {
            self.options.prices_e4.retain(|(id, _)| *id != service_id);
            self.options.prices_e4.push((service_id, price));
        }
        Ok(())
    }

    /// The account for tests: money, settings, how often each path was asked for.
    pub fn summary(&mut self, now_ms: i64) -> Value {
        self.age(now_ms);
        let secs = |duration: Duration| duration.as_secs();
        let options = &self.options;
        let active = self.orders.all.values().filter(|order| order.is_active).count();
        json!({
            "balance": dollars(self.balance_e4),
            "started_ms": self.started_ms,
            "requests": self.requests,
            "orders": self.orders.all.len(),
            "active_orders": active,
            "stock": options.stock,
            "code_delay_secs": [secs(options.code_delay_min), secs(options.code_delay_max)],
            "silent_percent": options.silent_percent,
            "cancel_lock_secs": secs(options.cancel_lock),
            "lifetime_secs": secs(options.lifetime),
            "refund_delay_secs": secs(options.refund_delay),
        })
    }

    /// Every order, oldest first, for an auditor to compare with the engine's books.
    pub fn orders_json(&mut self, now_ms: i64) -> Value {
        self.age(now_ms);
        let rows = self.orders.all.values().map(|order| {
            let has_sms = order.state == OrderState::Completed;
            json!({
                "order_id": order.code,
                "service_id": order.service_id,
                "country_id": order.country_id,
                "number": format!("+{}{}", order.calling_code, order.national),
                "cost": dollars(order.cost_e4),
                "state": order.state.word(),
                "refunded": order.state == OrderState::Refunded,
                "active": order.is_active,
                "created_ms": order.created_ms,
                "expires_ms": order.expires_ms,
                "finished_ms": order.finished_ms,
                "sms": has_sms.then_some(&order.sms_code),
                "earlier_sms": order.earlier_codes,
            })
        });
        Value::Array(rows.collect())
    }

    pub(super) fn age(&mut self, now_ms: i64) {
        self.balance_e4 += self.orders.age(now_ms);
    }

    /// Whether a key opens this account.
    pub(super) fn takes_key(&self, key: &str) -> bool {
        match &self.options.key {
            Some(right) => key == right,
            None => (1..=KEY_BYTES_MAX).contains(&key.len()),
        }
    }

    pub(super) fn order(&self, code: &str) -> Option<&Order> {
        self.orders.all.get(&self.orders.find(code)?)
    }

    /// Takes an order back; what was given back. Fresh orders refuse where the vendor has a
    /// lock.
    pub(super) fn cancel(
        &mut self,
        code: &str,
        is_locked: bool,
        now_ms: i64,
    ) -> Result<i64, NoCancel> {
        let sequence = self.orders.find(code).ok_or(NoCancel::NotFound)?;
        let order = self.orders.all.get(&sequence).ok_or(NoCancel::NotFound)?;
        let lock = if is_locked { self.options.cancel_lock } else { Duration::ZERO };
        let lock_ms = i64::try_from(lock.as_millis()).unwrap_or(i64::MAX);
        match order.state {
            OrderState::Completed => Err(NoCancel::HasSms),
            _ if !order.earlier_codes.is_empty() => Err(NoCancel::HasSms),
            OrderState::Refunded => Err(NoCancel::Over),
            OrderState::Pending if now_ms < order.created_ms.saturating_add(lock_ms) => {
                Err(NoCancel::TooEarly)
            }
            OrderState::Pending | OrderState::Expired => {
                let cost_e4 = self.orders.refund(sequence, now_ms);
                self.balance_e4 += cost_e4;
                Ok(cost_e4)
            }
        }
    }
}

/// Why an order was not taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoCancel {
    NotFound,
    TooEarly,
    HasSms,
    Over,
}

impl Order {
    pub(super) fn time_left_secs(&self, now_ms: i64) -> i64 {
        self.expires_ms.saturating_sub(now_ms).max(0).div_euclid(1000)
    }

    pub(super) fn full_sms(&self) -> String {
        self.text_around(&self.sms_code)
    }

    /// The whole text of a message with this code.
    pub(super) fn text_around(&self, code: &str) -> String {
        let service = super::catalogue::SERVICES.iter().find(|s| s.id == self.service_id);
        let name = service.map_or("", |service| service.name.trim());
        format!("Your {name} verification code is {code}. Don’t share it.")
    }
}
