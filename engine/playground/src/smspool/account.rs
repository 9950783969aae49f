//! The account at the local SMSPool: key, balance, settings, and the single-order calls. Only
//! this crate.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::{Mode, VendorFault, VendorFaults};
use super::orders::{Order, OrderState, Orders};
use super::{Reply, dollars, parse_dollars};
use crate::options::SmspoolOptions;

/// The local SMSPool.
pub(crate) struct Smspool {
    pub(super) options: SmspoolOptions,
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

impl Smspool {
    /// An account as the options say.
    pub fn new(options: SmspoolOptions, now_ms: i64) -> Self {
        Self {
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
    pub fn faults_json(&self) -> Value {
        json!(self.faults.waiting)
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
            })
        });
        Value::Array(rows.collect())
    }

    pub(super) fn age(&mut self, now_ms: i64) {
        self.balance_e4 += self.orders.age(now_ms);
    }

    pub(super) fn balance(&self) -> Reply {
        Reply::ok(json!({ "balance": dollars(self.balance_e4) }))
    }

    pub(super) fn check(&self, code: &str, now_ms: i64, fault: Option<Mode>) -> Reply {
        let Some(order) = self.order(code) else { return not_found() };
        let mut body = json!({
            "status": order.state.number(),
            "resend": 0,
            "expiration": order.expires_ms.div_euclid(1000),
            "time_left": order.time_left_secs(now_ms),
        });
        let extra = match order.state {
            OrderState::Completed => {
                json!({ "sms": order.sms_code, "full_sms": order.full_sms() })
            }
            OrderState::Refunded => json!({ "message": "This order has been refunded" }),
            OrderState::Pending | OrderState::Expired => json!({}),
        };
        if let (Some(body), Value::Object(extra)) = (body.as_object_mut(), extra) {
            body.extend(extra);
            match fault {
                Some(Mode::UnknownStatus) => {
                    body.insert("status".to_owned(), json!(42));
                }
                Some(Mode::WordStatus) => {
                    body.insert("status".to_owned(), json!(order.state.word()));
                }
                _ => {}
            }
        }
        Reply::ok(body)
    }

    pub(super) fn cancel(&mut self, code: &str, now_ms: i64) -> Reply {
        let Some(sequence) = self.orders.find(code) else { return not_found() };
        let Some(order) = self.orders.all.get(&sequence) else { return not_found() };
        let lock_ms = i64::try_from(self.options.cancel_lock.as_millis()).unwrap_or(i64::MAX);
        match order.state {
            OrderState::Completed => Reply::refused(400, "An SMS was received for this order."),
            OrderState::Refunded => Reply::refused(400, "This order has already been refunded."),
            OrderState::Pending if now_ms < order.created_ms.saturating_add(lock_ms) => {
                let message = "Your order cannot be cancelled yet, please try again later.";
                Reply::refused(400, message)
            }
            OrderState::Pending | OrderState::Expired => {
                let cost_e4 = self.orders.refund(sequence, now_ms);
                self.balance_e4 += cost_e4;
                let message = format!(
                    "The order has been cancelled, and you have been refunded {} dollars.",
                    dollars(cost_e4)
                );
                Reply::ok(json!({ "success": 1, "message": message }))
            }
        }
    }

    pub(super) fn check_resend(&self, code: &str) -> Reply {
        let Some(order) = self.order(code) else { return not_found() };
        if order.state != OrderState::Completed {
            return Reply::refused(400, "You have not received an SMS for this order yet.");
        }
        Reply::ok(json!({
            "success": 1, "resends": 0, "resendCost": 0, "expires_in_hour": 115,
            "message": "This number can be used again for free.",
        }))
    }

    /// A resend is a new order for the same number that costs nothing.
    pub(super) fn resend(&mut self, code: &str, now_ms: i64) -> Reply {
        let Some(order) = self.order(code).cloned() else { return not_found() };
        if order.state != OrderState::Completed {
            return Reply::refused(400, "You have not received an SMS for this order yet.");
        }
        let again = Order { cost_e4: 0, ..self.fresh(order, now_ms, None) };
        let new_code = again.code.clone();
        self.file(again);
        Reply::ok(json!({
            "success": 1, "message": "The number waits for another SMS.",
            "order_id": new_code, "charge": 0,
        }))
    }

    fn order(&self, code: &str) -> Option<&Order> {
        self.orders.all.get(&self.orders.find(code)?)
    }
}

impl Order {
    pub(super) fn time_left_secs(&self, now_ms: i64) -> i64 {
        self.expires_ms.saturating_sub(now_ms).max(0).div_euclid(1000)
    }

    pub(super) fn full_sms(&self) -> String {
        let service = super::catalogue::SERVICES.iter().find(|s| s.id == self.service_id);
        let name = service.map_or("", |service| service.name.trim());
        format!("Your {name} verification code is {}. Don’t share it.", self.sms_code)
    }
}

fn not_found() -> Reply {
    Reply::refused(404, "We could not find this order!")
}
