//! The local 5sim: paths, plain-text errors, one list of orders. Only `vendors`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Query, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::account::{Account, NoCancel};
use super::catalogue::{
    CHEAP_POOL, COUNTRIES, Country, DEAR_POOL, SERVICES, Service, success_percent,
};
use super::faults::{Kind, Mode, VendorFault};
use super::orders::{Order, OrderState};
use super::purchase::{NoSale, Wanted, pools};
use super::serving::{Call, Reply, Trouble, bearer, list, respond, serve};
use super::{Vendor, dates, dollars, parse_dollars};
use crate::world::World;

/// Operators, each with the pool its numbers are from; the last one never has any.
const OPERATORS: [(&str, Option<u32>); 3] =
    [("virtual21", Some(CHEAP_POOL)), ("virtual53", Some(DEAR_POOL)), ("virtual4", None)];

/// The most rows of a page.
const ROWS_MAX: usize = 100;

/// The calls by the beginning of their paths, with the query parameters each one takes.
const CALLS: &[(Call, &[&str])] = &[
    (Call::new("/guest/countries", Kind::Public), &[]),
    (Call::new("/guest/products", Kind::Public), &[]),
    (Call::new("/guest/prices", Kind::Public), &["country", "product"]),
    (Call::new("/user/profile", Kind::Keyed), &[]),
    (Call::new("/user/buy/activation", Kind::Purchase), &["maxPrice", "reuse", "ref"]),
    (Call::new("/user/check", Kind::Check), &[]),
    (Call::new("/user/finish", Kind::Keyed), &[]),
    (Call::new("/user/cancel", Kind::Keyed), &[]),
    (Call::new("/user/orders", Kind::List), &["category", "limit", "offset", "order", "reverse"]),
];

/// One request and what it needs.
struct Desk<'a> {
    account: &'a mut Account,
    /// What stands in the path behind the call's name.
    segments: Vec<&'a str>,
    given: &'a BTreeMap<String, String>,
    now_ms: i64,
    fault: Option<&'a VendorFault>,
}

pub(super) async fn answer(State(world): State<Arc<World>>, request: Request) -> Response {
    let path = request.uri().path().strip_prefix("/vendors/fivesim").unwrap_or_default();
    let known = CALLS.iter().find_map(|row| {
        let rest = path.strip_prefix(row.0.name)?;
        (rest.is_empty() || rest.starts_with('/')).then_some((row, rest))
    });
    let Some(((call, names), rest)) = known else { return elsewhere() };
    let given = Query::<BTreeMap<String, String>>::try_from_uri(request.uri());
    let Ok(Query(given)) = given else { return elsewhere() };
    if request.method() != Method::GET {
        return respond(Reply::text(405, "method not allowed"));
    }
    if !given.keys().all(|name| names.contains(&name.as_str())) {
        return respond(Reply::text(400, "bad request"));
    }
    let key = bearer(request.headers()).unwrap_or_default();
    let segments: Vec<&str> = rest.split('/').skip(1).collect();
    let trouble = Trouble {
        broken: Reply::text(500, "internal error"),
        vague: Reply::text(200, "internal error"),
    };
    serve(
        &world,
        Vendor::Fivesim,
        *call,
        trouble,
        |_| None,
        |account, now_ms, fault| {
            let bad_key = fault.is_some_and(|fault| fault.mode == Mode::BadKey);
            if call.kind != Kind::Public && (bad_key || !account.takes_key(&key)) {
                return Reply::text(401, "");
            }
            Desk { account, segments, given: &given, now_ms, fault }.reply(call.name)
        },
    )
    .await
}

/// A path that 5sim does not know leads to a web page.
fn elsewhere() -> Response {
    (StatusCode::FOUND, [(header::LOCATION, "/404")], "<html>Found</html>").into_response()
}

fn no(words: &str) -> Reply {
    Reply::text(400, words)
}

impl Desk<'_> {
    fn reply(&mut self, call: &str) -> Reply {
        match call {
            "/guest/countries" => countries(),
            "/guest/products" => self.products(),
            "/guest/prices" => self.prices(),
            "/user/profile" => self.profile(),
            "/user/buy/activation" => self.purchase(),
            "/user/check" => self.look(),
            "/user/finish" => self.finish(),
            "/user/cancel" => self.cancel(),
            _ => self.orders(),
        }
    }

    fn mode(&self) -> Option<Mode> {
        self.fault.map(|fault| fault.mode)
    }

    fn profile(&self) -> Reply {
        Reply::ok(json!({
            "id": 1, "email": "shop@example.org", "balance": number(self.account.balance_e4),
            "rating": 96, "frozen_balance": 0, "default_country": { "name": "usa" },
            "default_operator": { "name": "any" },
        }))
    }

    fn products(&self) -> Reply {
        let [country, _operator] = self.segments[..] else { return no("bad country") };
        let country = COUNTRIES.iter().find(|row| row.slug == country);
        let mut rows = Map::new();
        for service in SERVICES {
            let price_e4 = country.map_or(service.price_e4, |country| {
                self.account.price_e4(service, country, CHEAP_POOL)
            });
            let row = json!({ "Category": "activation", "Qty": self.account.options.stock,
                              "Price": number(price_e4) });
            rows.insert(service.product.to_owned(), row);
        }
        rows.insert("1day".to_owned(), json!({ "Category": "hosting", "Qty": 3, "Price": 2 }));
        Reply::ok(Value::Object(rows))
    }

    /// Country, product, operator; with a product alone the first two change places.
    fn prices(&self) -> Reply {
        let (country, product) = (self.given.get("country"), self.given.get("product"));
        let countries: Vec<&Country> =
            COUNTRIES.iter().filter(|row| country.is_none_or(|slug| slug == row.slug)).collect();
        let services: Vec<&Service> =
            SERVICES.iter().filter(|row| product.is_none_or(|name| name == row.product)).collect();
        let mut outer = Map::new();
        if country.is_none() && product.is_some() {
            for service in services {
                let rows =
                    countries.iter().map(|c| (c.slug.to_owned(), self.operators(service, c)));
                outer.insert(service.product.to_owned(), Value::Object(rows.collect()));
            }
            return Reply::ok(Value::Object(outer));
        }
        for country in countries {
            let rows = services.iter().map(|s| (s.product.to_owned(), self.operators(s, country)));
            outer.insert(country.slug.to_owned(), Value::Object(rows.collect()));
        }
        Reply::ok(Value::Object(outer))
    }

    fn operators(&self, service: &Service, country: &Country) -> Value {
        let stock = self.account.stock_left(service, country);
        let rows = OPERATORS.iter().map(|(name, pool)| {
            let price_e4 = self.account.price_e4(service, country, pool.unwrap_or(CHEAP_POOL));
            let row = match pool {
                Some(_) => json!({ "cost": number(price_e4), "count": stock,
                                   "rate": f64::from(success_percent(service, country)) }),
                None => json!({ "cost": number(price_e4 / 2), "count": 0 }),
            };
            ((*name).to_owned(), row)
        });
        Value::Object(rows.collect())
    }

    /// The highest price counts with the operator `any` only, as at 5sim.
    fn purchase(&mut self) -> Reply {
        let [country, operator, product] = self.segments[..] else { return no("bad country") };
        let Some(country) = COUNTRIES.iter().find(|row| row.slug == country) else {
            return no("country is incorrect");
        };
        let Some(service) = SERVICES.iter().find(|row| row.product == product) else {
            return no("product is incorrect");
        };
        let named = OPERATORS.iter().find(|(name, _)| *name == operator);
        let (pools, cap_e4) = match (operator, named) {
            ("any", _) => match self.given.get("maxPrice").map(|text| parse_dollars(text)) {
                Some(None) => return no("bad maxPrice"),
                cap => (pools(None, false), cap.flatten()),
            },
            (_, Some((_, Some(pool)))) => (vec![*pool], None),
            (_, Some((_, None))) => return Reply::text(200, "no free phones"),
            (_, None) => return no("bad operator"),
        };
        let wanted = Wanted { service, country, pools, cap_e4 };
        match self.account.sell(&wanted, self.now_ms, self.fault) {
            Ok(order) => Reply::ok(self.row(&order)),
            Err(NoSale::OutOfStock | NoSale::PriceTooHigh(_)) => Reply::text(200, "no free phones"),
            Err(NoSale::BalanceLow { .. }) => no("not enough user balance"),
            Err(NoSale::Throttled) => no("not enough rating"),
            Err(NoSale::Vague) => Reply::text(200, "internal error"),
        }
    }

    fn found(&self) -> Option<Order> {
        let [id] = self.segments[..] else { return None };
        self.account.order(id).cloned()
    }

    fn look(&self) -> Reply {
        match self.found() {
            Some(order) => Reply::ok(self.row(&order)),
            None => Reply::text(404, "order not found"),
        }
    }

    fn finish(&self) -> Reply {
        match self.found() {
            Some(order) if order.state == OrderState::Completed => Reply::ok(self.row(&order)),
            Some(_) => no("order no sms"),
            None => no("order not found"),
        }
    }

    fn cancel(&mut self) -> Reply {
        let Some(order) = self.found() else { return no("order not found") };
        match self.account.cancel(&order.code, false, self.now_ms) {
            Ok(_) => self.look(),
            Err(NoCancel::NotFound) => no("order not found"),
            Err(NoCancel::HasSms) => no("order has sms"),
            Err(NoCancel::TooEarly) => no("you need to wait time"),
            Err(NoCancel::Over) => no("order expired"),
        }
    }

    /// All orders, those that wait and those that are over.
    fn orders(&self) -> Reply {
        if self.given.get("category").map(String::as_str) != Some("activation") {
            return no("bad category");
        }
        let number = |name: &str, default| {
            self.given.get(name).map_or(Some(default), |text| text.parse::<usize>().ok())
        };
        let (Some(offset), Some(limit)) = (number("offset", 0), number("limit", ROWS_MAX)) else {
            return no("bad limit");
        };
        let all = self.account.orders.all.values().filter(|o| o.hidden_until_ms <= self.now_ms);
        let mut all: Vec<&Order> = all.collect();
        if self.given.get("reverse").is_some_and(|reverse| reverse == "true") {
            all.reverse();
        }
        let total = all.len();
        let page = all.into_iter().skip(offset).take(limit.min(ROWS_MAX));
        let rows = list(page.map(|order| self.row(order)).collect(), self.mode());
        let products: Vec<&str> = SERVICES.iter().map(|service| service.product).collect();
        Reply::ok(json!({
            "Data": rows, "ProductNames": products, "Statuses": ["RECEIVED", "FINISHED"],
            "Total": total,
        }))
    }

    fn row(&self, order: &Order) -> Value {
        let service = SERVICES.iter().find(|service| service.id == order.service_id);
        let country = COUNTRIES.iter().find(|country| country.id == order.country_id);
        let has_sms = order.state == OrderState::Completed;
        let codes = order.earlier_codes.iter().chain(has_sms.then_some(&order.sms_code));
        let sms: Vec<Value> = codes.map(|code| message(order, code)).collect();
        let id: u64 = order.code.parse().unwrap_or(0);
        let state = match self.mode() {
            Some(Mode::UnknownStatus) => json!("LIMBO"),
            Some(Mode::WordStatus) => json!(3),
            _ => json!(word(order, self.now_ms)),
        };
        json!({
            "id": id,
            "phone": format!("+{}{}", order.calling_code, order.national),
            "operator": "virtual21",
            "product": service.map_or("", |service| service.product),
            "price": number(order.cost_e4),
            "status": state,
            "expires": dates::rfc3339(order.expires_ms),
            // Nothing yet is a null, as 5sim writes it.
            "sms": if sms.is_empty() { Value::Null } else { Value::Array(sms) },
            "created_at": dates::rfc3339(order.created_ms),
            "country": country.map_or("", |country| country.slug),
            "forwarding": false,
            "forwarding_number": "",
        })
    }
}

fn message(order: &Order, code: &str) -> Value {
    let at = dates::rfc3339(order.finished_ms.unwrap_or(order.created_ms));
    json!({ "created_at": at, "date": at, "sender": "sender",
            "text": order.text_around(code), "code": code })
}

fn word(order: &Order, now_ms: i64) -> &'static str {
    let over = now_ms >= order.expires_ms;
    match order.state {
        OrderState::Completed if over => "FINISHED",
        OrderState::Pending | OrderState::Completed => "RECEIVED",
        OrderState::Expired => "TIMEOUT",
        OrderState::Refunded if order.finished_ms.is_some_and(|at| at >= order.expires_ms) => {
            "TIMEOUT"
        }
        OrderState::Refunded => "CANCELED",
    }
}

/// An amount as 5sim writes it: a number.
fn number(amount_e4: i64) -> Value {
    serde_json::from_str(&dollars(amount_e4)).unwrap_or(Value::Null)
}

fn countries() -> Reply {
    let rows = COUNTRIES.iter().map(|country| {
        let row = json!({
            "iso": { country.iso.to_lowercase(): 1 },
            "prefix": { format!("+{}", country.calling_code): 1 },
            "text_en": country.name,
            "virtual21": { "activation": 1 },
        });
        (country.slug.to_owned(), row)
    });
    Reply::ok(Value::Object(rows.collect()))
}
