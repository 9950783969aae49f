//! The local SMSPool's lists: catalogue, prices, active orders, history. Only `smspool`.

use serde_json::{Value, json};

use super::calls::{Smspool, Wish, missing, number, offer};
use crate::vendors::catalogue::{
    self, CHEAP_POOL, COUNTRIES, Country, DEAR_POOL, POOLS, SERVICES, Service,
};
use crate::vendors::dates;
use crate::vendors::faults::Mode;
use crate::vendors::orders::{Order, OrderState};
use crate::vendors::serving::{Reply, list};
use crate::vendors::{dollars, parse_dollars};

/// The most rows of a history page.
const HISTORY_MAX: usize = 100;

impl Smspool<'_> {
    pub(super) fn services() -> Reply {
        let rows = SERVICES
            .iter()
            .map(|service| json!({ "ID": service.id, "name": service.name, "favourite": 0 }));
        Reply::ok(rows.collect())
    }

    pub(super) fn countries() -> Reply {
        let rows = COUNTRIES.iter().map(|country| {
            json!({
                "ID": country.id, "name": country.name, "region": country.region,
                "short_name": country.iso,
            })
        });
        Reply::ok(rows.collect())
    }

    pub(super) fn pools() -> Reply {
        let rows = POOLS.iter().map(|pool| json!({ "ID": pool.id, "name": pool.name }));
        Reply::ok(rows.collect())
    }

    pub(super) fn price(&self, wish: &Wish<'_>) -> Reply {
        let (service, country) = match offer(wish) {
            Ok(offer) => offer,
            Err(refusal) => return refusal,
        };
        Reply::ok(json!({
            "price": dollars(self.account.price_e4(service, country, CHEAP_POOL)),
            "high_price": dollars(self.account.price_e4(service, country, DEAR_POOL)),
            "pool": CHEAP_POOL,
            "success_rate": catalogue::success_percent(service, country),
        }))
    }

    /// Rows of service, country and pool; those without stock are listed too, as at SMSPool.
    pub(super) fn pricing(&self, wish: &Wish<'_>) -> Reply {
        let cap_e4 = wish.max_price.and_then(parse_dollars);
        let wanted_pool = wish.pool.and_then(|pool| pool.trim().parse::<u32>().ok());
        let mut rows = Vec::new();
        for (service, country) in self.offers(wish) {
            for pool in [CHEAP_POOL, DEAR_POOL] {
                let price_e4 = self.account.price_e4(service, country, pool);
                let is_wanted = wanted_pool.is_none_or(|wanted| wanted == pool)
                    && cap_e4.is_none_or(|cap| price_e4 <= cap);
                if is_wanted {
                    rows.push(json!({
                        "service": service.id, "service_name": service.name.trim(),
                        "country": country.id, "country_name": country.name,
                        "short_name": country.iso, "pool": pool, "price": dollars(price_e4),
                    }));
                }
            }
        }
        Reply::ok(Value::Array(rows))
    }

    fn offers(
        &self,
        wish: &Wish<'_>,
    ) -> impl Iterator<Item = (&'static Service, &'static Country)> {
        let service = wish.service.map(|given| catalogue::service_named(given).map(|s| s.id));
        let country = wish.country.map(|given| catalogue::country_named(given).map(|c| c.id));
        let services =
            SERVICES.iter().filter(move |s| service.is_none_or(|wanted| wanted == Some(s.id)));
        services.flat_map(move |s| {
            let countries = COUNTRIES.iter();
            let wanted = countries.filter(move |c| country.is_none_or(|w| w == Some(c.id)));
            wanted.map(move |c| (s, c))
        })
    }

    pub(super) fn success_rates(&self, wish: &Wish<'_>) -> Reply {
        if wish.service.is_none() {
            return missing("service");
        }
        let rows = self.offers(wish).map(|(service, country)| {
            // Here the rate is a text, elsewhere a number; so it is at SMSPool.
            let rate = catalogue::success_percent(service, country).to_string();
            json!({
                "country": country.id, "country_id": country.id, "name": country.name,
                "short_name": country.iso, "success_rate": rate,
                "price": dollars(self.account.price_e4(service, country, DEAR_POOL)),
                "low_price": dollars(self.account.price_e4(service, country, CHEAP_POOL)),
            })
        });
        Reply::ok(rows.collect())
    }

    pub(super) fn stock(&self, wish: &Wish<'_>) -> Reply {
        match offer(wish) {
            Ok((service, country)) => {
                let amount = self.account.stock_left(service, country);
                Reply::ok(json!({ "success": 1, "amount": amount }))
            }
            Err(refusal) => refusal,
        }
    }

    pub(super) fn active(&self, now_ms: i64, fault: Option<Mode>) -> Reply {
        let shown =
            self.account.orders.all.values().filter(|o| o.is_active && o.hidden_until_ms <= now_ms);
        Reply::ok(Value::Array(list(shown.map(|order| row(order, now_ms, fault)).collect(), fault)))
    }

    /// Newest first, from `start`, `length` rows, optionally of one order or number.
    pub(super) fn history(
        &self,
        (start, length): (usize, usize),
        search: &str,
        now_ms: i64,
        fault: Option<Mode>,
    ) -> Reply {
        let matches = |order: &Order| {
            search.is_empty()
                || order.code == search
                || format!("{}{}", order.calling_code, order.national).ends_with(search)
        };
        let newest_first = self.account.orders.all.values().rev();
        let shown = newest_first.filter(|o| o.hidden_until_ms <= now_ms && matches(o));
        let page = shown.skip(start).take(length.clamp(1, HISTORY_MAX));
        let rows = page.map(|order| {
            let mut row = row(order, now_ms, fault);
            if let Some(row) = row.as_object_mut() {
                row.insert("pool".to_owned(), order.pool.into());
                let finished = order.finished_ms.map(local_time);
                row.insert("completed_on".to_owned(), json!(finished));
            }
            row
        });
        Reply::ok(Value::Array(list(rows.collect(), fault)))
    }
}

fn row(order: &Order, now_ms: i64, fault: Option<Mode>) -> Value {
    let service = SERVICES.iter().find(|service| service.id == order.service_id);
    let country = COUNTRIES.iter().find(|country| country.id == order.country_id);
    let has_sms = order.state == OrderState::Completed;
    let status = match fault {
        Some(Mode::UnknownStatus) => json!("in_limbo"),
        Some(Mode::WordStatus) => json!(number(order.state)),
        _ => json!(order.state.word()),
    };
    json!({
        "order_code": order.code,
        "phonenumber": format!("{}{}", order.calling_code, order.national),
        "code": if has_sms { order.sms_code.as_str() } else { "0" },
        "full_code": if has_sms { order.full_sms() } else { String::new() },
        "short_name": country.map_or("", |country| country.iso),
        "service": service.map_or("", |service| service.name.trim()),
        "status": status,
        "cost": dollars(order.cost_e4),
        "expiry": order.expires_ms.div_euclid(1000),
        "time_left": order.time_left_secs(now_ms),
        "timestamp": local_time(order.created_ms),
    })
}

/// SMSPool's text times are Central European.
fn local_time(at_ms: i64) -> String {
    dates::local_time(at_ms, 1)
}
