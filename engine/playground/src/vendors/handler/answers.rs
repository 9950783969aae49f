//! What the vendors of the sms-activate protocol answer. Only `handler`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Dialect, Errors, Listing, ROUBLES};
use crate::vendors::Vendor;
use crate::vendors::account::{Account, NoCancel};
use crate::vendors::catalogue::{CHEAP_POOL, COUNTRIES, Country, SERVICES, Service};
use crate::vendors::faults::{Mode, VendorFault};
use crate::vendors::orders::{Order, OrderState};
use crate::vendors::purchase::{NoSale, Wanted, pools};
use crate::vendors::serving::{Reply, list};
use crate::vendors::{dates, dollars, parse_dollars};

/// The most rows of a page.
const ROWS_MAX: usize = 100;

/// One request and what it needs.
pub(super) struct Desk<'a> {
    pub dialect: Dialect,
    pub account: &'a mut Account,
    pub given: &'a BTreeMap<String, String>,
    pub now_ms: i64,
    pub fault: Option<&'a VendorFault>,
}

impl Desk<'_> {
    pub fn reply(&mut self, action: &str) -> Reply {
        match action {
            "getBalance" => self.balance(),
            "getNumber" => self.purchase(false),
            "getNumberV2" => self.purchase(true),
            "getStatus" => self.state(false),
            "getStatusV2" => self.state(true),
            "setStatus" => self.set_state(),
            "getPrices" => self.prices(),
            "getActiveActivations" => self.active(),
            "getCountries" => self.countries(),
            "getServicesList" => services(),
            _ => self.dialect.no("BAD_ACTION"),
        }
    }

    fn mode(&self) -> Option<Mode> {
        self.fault.map(|fault| fault.mode)
    }

    fn given(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// Units of the account's currency for a dollar.
    fn per_dollar(&self) -> i64 {
        let dollars = !self.dialect.roubles || self.given("currency") == Some("840");
        if dollars { 1 } else { ROUBLES }
    }

    fn amount(&self, amount_e4: i64) -> String {
        dollars(amount_e4.saturating_mul(self.per_dollar()))
    }

    /// An amount as a number, or as text with four decimals where the vendor writes them so.
    fn cost(&self, amount_e4: i64) -> Value {
        let text = self.amount(amount_e4);
        if self.dialect.lists_countries {
            let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
            return json!(format!("{whole}.{part:0<4}"));
        }
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    fn balance(&self) -> Reply {
        Reply::text(200, format!("ACCESS_BALANCE:{}", self.amount(self.account.balance_e4)))
    }

    /// Service and country asked for, or the word for what is wrong with them.
    fn offer(&self) -> Result<(&'static Service, &'static Country), &'static str> {
        let code = self.given("service").ok_or("BAD_SERVICE")?;
        let service = SERVICES.iter().find(|service| service.code == code);
        let default = self.dialect.defaults_to_russia.then_some("0");
        let number = self.given("country").or(default).ok_or("BAD_COUNTRY")?;
        let country = COUNTRIES.iter().find(|country| country.number.to_string() == number);
        Ok((service.ok_or("BAD_SERVICE")?, country.ok_or("BAD_COUNTRY")?))
    }

    fn purchase(&mut self, second_form: bool) -> Reply {
        let (service, country) = match self.offer() {
            Ok(offer) => offer,
            Err(word) => return self.dialect.no(word),
        };
        let cap_e4 = match self.given(self.dialect.cap).map(parse_dollars) {
            Some(None) => return self.dialect.no("BAD_VALUES"),
            cap => cap.flatten().map(|cap| cap / self.per_dollar()),
        };
        let wanted = Wanted { service, country, pools: pools(None, false), cap_e4 };
        match self.account.sell(&wanted, self.now_ms, self.fault) {
            Ok(order) if second_form => Reply::ok(self.bought(&order, country)),
            Ok(order) => {
                Reply::text(200, format!("ACCESS_NUMBER:{}:{}", order.code, digits(&order)))
            }
            Err(NoSale::OutOfStock) => self.dialect.no("NO_NUMBERS"),
            Err(NoSale::PriceTooHigh(lowest_e4)) => {
                self.dialect.no(&format!("WRONG_MAX_PRICE:{}", self.amount(lowest_e4)))
            }
            Err(NoSale::BalanceLow { .. }) => self.dialect.no("NO_BALANCE"),
            Err(NoSale::Throttled) => {
                let until = dates::local_time(self.now_ms + 6 * 3_600_000, 3).replace(':', "-");
                self.dialect.no(&format!("BANNED:'{until}'"))
            }
            Err(NoSale::Vague) if self.dialect.errors == Errors::Words => {
                self.dialect.no("ERROR_SQL")
            }
            Err(NoSale::Vague) => self.dialect.no("SERVER_ERROR"),
        }
    }

    /// The second form of a purchase. Ids are numbers at some vendors and text at others.
    fn bought(&self, order: &Order, country: &Country) -> Value {
        let number: u64 = order.code.parse().unwrap_or(0);
        let as_text = self.dialect.vendor == Vendor::Herosms;
        json!({
            "activationId": if as_text { json!(order.code) } else { json!(number) },
            "phoneNumber": digits(order),
            "activationCost": self.cost(order.cost_e4),
            "currency": 840,
            "countryCode": country.number.to_string(),
            "countryPhoneCode": order.calling_code,
            "canGetAnotherSms": true,
            "activationTime": dates::local_time(order.created_ms, 3),
            "activationEndTime": dates::local_time(order.expires_ms, 3),
            "activationOperator": "any",
        })
    }

    fn found(&self) -> Result<Order, Reply> {
        let order = self.given("id").and_then(|id| self.account.order(id));
        order.cloned().ok_or_else(|| self.unknown())
    }

    fn unknown(&self) -> Reply {
        let objects = self.dialect.errors == Errors::Objects;
        self.dialect.no(if objects { "NOT_FOUND" } else { "NO_ACTIVATION" })
    }

    fn state(&self, second_form: bool) -> Reply {
        let order = match self.found() {
            Ok(order) => order,
            Err(refusal) => return refusal,
        };
        let second_form = second_form != (self.mode() == Some(Mode::WordStatus));
        let over = matches!(order.state, OrderState::Refunded | OrderState::Expired);
        if self.mode() == Some(Mode::UnknownStatus) {
            return Reply::text(200, "STATUS_LIMBO");
        }
        if order.state == OrderState::Refunded || (over && !second_form) {
            return Reply::text(200, "STATUS_CANCEL");
        }
        if second_form {
            return Reply::ok(self.state_object(&order));
        }
        let text = match (order.state, order.earlier_codes.last()) {
            (OrderState::Completed, _) => format!("STATUS_OK:{}", order.sms_code),
            (_, Some(earlier)) => format!("STATUS_WAIT_RETRY:{earlier}"),
            (_, None) => "STATUS_WAIT_CODE".to_owned(),
        };
        Reply::text(200, text)
    }

    fn state_object(&self, order: &Order) -> Value {
        let code = (order.state == OrderState::Completed).then(|| order.sms_code.clone());
        let when = order.finished_ms.map(|at| dates::local_time(at, 3));
        if self.dialect.nests_state {
            let data = code.map(|code| {
                json!({ "id": 1, "phoneFrom": "sender", "code": code, "text": order.full_sms(),
                        "service": "x", "date": when, "type": "sms" })
            });
            return json!({ "data": data });
        }
        let sms =
            code.map(|code| json!({ "dateTime": when, "code": code, "text": order.full_sms() }));
        json!({ "verificationType": 0, "sms": sms, "call": null })
    }

    fn set_state(&mut self) -> Reply {
        let order = match self.found() {
            Ok(order) => order,
            Err(refusal) => return refusal,
        };
        match self.given("status") {
            Some("1") => Reply::text(200, "ACCESS_READY"),
            Some("3") if order.state == OrderState::Completed => {
                self.account.wait_again(&order.code, self.now_ms);
                Reply::text(200, "ACCESS_RETRY_GET")
            }
            Some("6") if order.state == OrderState::Completed => {
                Reply::text(200, "ACCESS_ACTIVATION")
            }
            Some("8") => match self.account.cancel(&order.code, self.dialect.locks, self.now_ms) {
                Ok(_) => Reply::text(200, "ACCESS_CANCEL"),
                Err(NoCancel::NotFound) => self.unknown(),
                Err(NoCancel::TooEarly) => self.dialect.no("EARLY_CANCEL_DENIED"),
                Err(NoCancel::HasSms) if self.dialect.errors == Errors::Objects => {
                    self.dialect.no("OTP_RECEIVED")
                }
                Err(NoCancel::HasSms | NoCancel::Over) => self.dialect.no("CANT_CANCEL"),
            },
            _ => self.dialect.no("BAD_STATUS"),
        }
    }

    /// By country and service; an empty map is a list, as PHP writes it.
    fn prices(&self) -> Reply {
        let wanted_service = self.given("service");
        let wanted_country = self.given("country");
        let service = |code: &str| SERVICES.iter().any(|service| service.code == code);
        if wanted_service.is_some_and(|code| !service(code)) {
            if self.dialect.vendor == Vendor::Smsbower {
                return Reply::ok(json!({ "error": "Bad service" }));
            }
            return self.dialect.no("BAD_SERVICE");
        }
        let mut countries = Map::new();
        for country in COUNTRIES {
            let number = country.number.to_string();
            if wanted_country.is_some_and(|wanted| wanted != number) {
                continue;
            }
            let wanted =
                SERVICES.iter().filter(|row| wanted_service.is_none_or(|code| row.code == code));
            let services = wanted.map(|row| (row.code.to_owned(), self.price_row(row, country)));
            countries.insert(number, Value::Object(services.collect()));
        }
        if countries.is_empty() {
            return Reply::ok(json!([]));
        }
        if self.dialect.vendor == Vendor::Smsbower {
            countries.insert(String::new(), json!({ "": { "cost": 0, "count": 0 } }));
        }
        Reply::ok(Value::Object(countries))
    }

    fn price_row(&self, service: &Service, country: &Country) -> Value {
        let stock = self.account.stock_left(service, country);
        let cost = self.cost(self.account.price_e4(service, country, CHEAP_POOL));
        if self.dialect.vendor == Vendor::Herosms {
            // The count is of numbers that somebody might have.
            return json!({ "cost": cost, "count": 25_000, "physicalCount": stock });
        }
        json!({ "cost": cost, "count": stock })
    }

    fn active(&self) -> Reply {
        let number = |name: &str, default| {
            self.given(name).map_or(Some(default), |text| text.parse::<usize>().ok())
        };
        let (Some(start), Some(limit)) = (number("start", 0), number("limit", ROWS_MAX)) else {
            return self.dialect.no("BAD_VALUES");
        };
        let shown = self.account.orders.all.values();
        let shown = shown.filter(|o| o.is_active && o.hidden_until_ms <= self.now_ms);
        let page = shown.skip(start).take(limit.min(ROWS_MAX));
        let rows = list(page.map(|order| self.row(order)).collect(), self.mode());
        match self.dialect.listing {
            Listing::Data => Reply::ok(json!({ "status": "success", "data": rows })),
            Listing::Named if rows.is_empty() => self.dialect.no("NO_ACTIVATIONS"),
            _ => Reply::ok(json!({ "activeActivations": rows })),
        }
    }

    fn row(&self, order: &Order) -> Value {
        let service = SERVICES.iter().find(|service| service.id == order.service_id);
        let country = COUNTRIES.iter().find(|country| country.id == order.country_id);
        let has_sms = order.state == OrderState::Completed;
        let state = match (self.mode(), order.state) {
            (Some(Mode::UnknownStatus), _) => json!(42),
            (Some(Mode::WordStatus), state) => json!(state.word()),
            (_, OrderState::Completed) => json!(2),
            _ => json!(4),
        };
        json!({
            "activationId": order.code,
            "serviceCode": service.map_or("", |service| service.code),
            "phoneNumber": digits(order),
            "activationCost": self.cost(order.cost_e4),
            "activationStatus": state,
            "smsCode": has_sms.then_some(&order.sms_code),
            "smsText": has_sms.then(|| order.full_sms()),
            "activationTime": dates::local_time(order.created_ms, 3),
            "countryCode": country.map(|country| country.number.to_string()),
            "canGetAnotherSms": "1",
        })
    }

    fn countries(&self) -> Reply {
        let name = |country: &Country| match country.iso {
            "US" => "USA",
            "GB" => "England",
            _ => country.name,
        };
        if self.dialect.lists_countries {
            let rows = COUNTRIES
                .iter()
                .map(|country| json!({ "id": country.number.to_string(), "eng": name(country) }));
            return Reply::ok(rows.collect());
        }
        let rows = COUNTRIES.iter().map(|country| {
            let row = json!({ "id": country.number, "eng": name(country), "visible": 1 });
            (country.number.to_string(), row)
        });
        Reply::ok(Value::Object(rows.collect()))
    }
}

fn services() -> Reply {
    let rows = SERVICES.iter().map(|row| json!({ "code": row.code, "name": row.name }));
    Reply::ok(json!({ "status": "success", "services": rows.collect::<Vec<_>>() }))
}

fn digits(order: &Order) -> String {
    format!("{}{}", order.calling_code, order.national)
}
