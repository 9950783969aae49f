//! Buying a number at the local SMSPool. Only `smspool`.

use rand::Rng;
use serde_json::json;

use super::account::Smspool;
use super::catalogue::{self, CHEAP_POOL, Country, DEAR_POOL, Service};
use super::faults::{Mode, VendorFault};
use super::orders::{Order, OrderState};
use super::{Reply, dollars, parse_dollars};

/// What a purchase asks for, as it came.
pub(super) struct Wish<'a> {
    pub service: Option<&'a str>,
    pub country: Option<&'a str>,
    pub pool: Option<&'a str>,
    pub max_price: Option<&'a str>,
    pub pricing_option: Option<&'a str>,
}

impl Smspool {
    /// `/purchase/sms`.
    pub(super) fn purchase(
        &mut self,
        wish: &Wish<'_>,
        now_ms: i64,
        fault: Option<&VendorFault>,
    ) -> Reply {
        let mode = fault.map(|fault| fault.mode);
        if let Some(refusal) = forced_refusal(mode, fault.is_some_and(|fault| fault.bought)) {
            return refusal;
        }
        let (service, country) = match offer(wish) {
            Ok(offer) => offer,
            Err(refusal) => return refusal,
        };
        let cap_e4 = match wish.max_price {
            None => None,
            Some(text) => match parse_dollars(text) {
                Some(cap) => Some(cap),
                None => return Reply::about(400, "max_price", "This parameter must be a number"),
            },
        };
        let Some((pool, mut cost_e4)) = self.choose_pool(service, country, wish, cap_e4) else {
            return Reply::typed("PRICE_NOT_FOUND", "No pool was found below your maximum price.");
        };
        if self.stock_left(service, country) == 0 {
            return out_of_stock();
        }
        if mode == Some(Mode::Overcharge) {
            cost_e4 = cap_e4.unwrap_or(cost_e4).saturating_mul(2).saturating_add(100);
        }
        if self.balance_e4 < cost_e4 {
            return balance_error(cost_e4, self.balance_e4);
        }
        let blank = Order {
            code: String::new(),
            service_id: service.id,
            country_id: country.id,
            pool,
            calling_code: country.calling_code,
            national: self.draw_number(country),
            cost_e4,
            created_ms: now_ms,
            expires_ms: now_ms,
            sms_due_ms: None,
            sms_code: String::new(),
            state: OrderState::Pending,
            finished_ms: None,
            hidden_until_ms: 0,
            is_active: true,
        };
        let order = self.fresh(blank, now_ms, fault);
        let reply = bought(&order, service, country, now_ms);
        self.balance_e4 -= cost_e4;
        self.file(order);
        self.age(now_ms);
        reply
    }

    /// The pool to buy from and its price, when one is within the cap.
    fn choose_pool(
        &self,
        service: &Service,
        country: &Country,
        wish: &Wish<'_>,
        cap_e4: Option<i64>,
    ) -> Option<(u32, i64)> {
        let wanted = wish.pool.and_then(|pool| pool.trim().parse::<u32>().ok());
        let wants_best = wish.pricing_option.is_some_and(|option| option.trim() == "1");
        let order = if wants_best { [DEAR_POOL, CHEAP_POOL] } else { [CHEAP_POOL, DEAR_POOL] };
        let allowed = |pool: &u32| wanted.is_none_or(|wanted| wanted == 0 || wanted == *pool);
        let priced = order.into_iter().filter(allowed);
        let mut priced = priced.map(|pool| (pool, self.price_e4(service, country, pool)));
        priced.find(|(_, price)| cap_e4.is_none_or(|cap| *price <= cap))
    }

    pub(super) fn price_e4(&self, service: &Service, country: &Country, pool: u32) -> i64 {
        let listed = self.options.prices_e4.iter().find(|(id, _)| *id == service.id);
        catalogue::price_e4(service, country, pool, listed.map(|(_, price)| *price))
    }

    pub(super) fn stock_left(&self, service: &Service, country: &Country) -> u32 {
        self.options.stock.saturating_sub(self.orders.occupied(service.id, country.id))
    }

    /// The order as new: another code, another life, another SMS to come.
    pub(super) fn fresh(
        &mut self,
        order: Order,
        now_ms: i64,
        fault: Option<&VendorFault>,
    ) -> Order {
        let millis =
            |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let (min, max) = (self.options.code_delay_min, self.options.code_delay_max);
        let delay_ms = self.lot.random_range(millis(min)..=millis(max.max(min)));
        let is_silent = self.lot.random_range(0..100_u8) < self.options.silent_percent;
        let due_ms = now_ms.saturating_add(delay_ms);
        let expires_ms = now_ms.saturating_add(millis(self.options.lifetime));
        let sms_due_ms = match fault.map(|fault| fault.mode) {
            Some(Mode::SmsNever) => None,
            Some(Mode::SmsNow) => Some(now_ms),
            _ => (!is_silent && due_ms < expires_ms).then_some(due_ms),
        };
        let hidden_until_ms = match fault {
            Some(fault) if fault.mode == Mode::HideOrder => {
                let secs = i64::try_from(fault.secs).unwrap_or(i64::MAX);
                now_ms.saturating_add(secs.saturating_mul(1000))
            }
            _ => 0,
        };
        Order {
            code: self.draw_order_code(),
            created_ms: now_ms,
            expires_ms,
            sms_due_ms,
            sms_code: self.lot.random_range(10_000..1_000_000_u32).to_string(),
            state: OrderState::Pending,
            finished_ms: None,
            hidden_until_ms,
            is_active: true,
            ..order
        }
    }

    /// Puts an order into the books.
    pub(super) fn file(&mut self, order: Order) {
        let delay_ms = i64::try_from(self.options.refund_delay.as_millis()).unwrap_or(i64::MAX);
        self.orders.insert(order, delay_ms, self.options.orders_kept);
    }

    fn draw_order_code(&mut self) -> String {
        loop {
            let code: String =
                (0..8).map(|_| char::from(self.lot.random_range(b'A'..=b'Z'))).collect();
            if self.orders.find(&code).is_none() {
                return code;
            }
        }
    }

    fn draw_number(&mut self, country: &Country) -> String {
        let mut national = country.number_prefix.to_owned();
        while national.len() < country.national_digits {
            national.push(char::from(self.lot.random_range(b'0'..=b'9')));
        }
        national
    }
}

/// The service and country asked for, or SMSPool's complaint.
pub(super) fn offer(wish: &Wish<'_>) -> Result<(&'static Service, &'static Country), Reply> {
    let service = wish.service.ok_or_else(|| Reply::missing("service"))?;
    let country = wish.country.ok_or_else(|| Reply::missing("country"))?;
    let service = catalogue::service(service)
        .ok_or_else(|| Reply::refused(422, "This service is not available for this country."))?;
    let country = catalogue::country_named(country)
        .ok_or_else(|| Reply::refused(422, "This country is not available for this service."))?;
    Ok((service, country))
}

fn forced_refusal(mode: Option<Mode>, is_bought: bool) -> Option<Reply> {
    match mode? {
        Mode::OutOfStock => Some(out_of_stock()),
        Mode::PriceNotFound => {
            Some(Reply::typed("PRICE_NOT_FOUND", "No pool was found below your maximum price."))
        }
        Mode::BalanceError => Some(balance_error(2400, 100)),
        Mode::Throttled => Some(throttled()),
        Mode::GenericFailure if !is_bought => Some(generic_failure()),
        _ => None,
    }
}

fn out_of_stock() -> Reply {
    let reason = "There are no numbers available in this pool.";
    let mut reply = Reply::typed("OUT_OF_STOCK", "No available number was found.");
    let pool = json!({ "success": 0, "type": "OUT_OF_STOCK", "message": reason, "errors": [] });
    if let Some(body) = reply.body.as_object_mut() {
        body.insert("pools".to_owned(), json!({ "Foxtrot": pool.clone(), "Lima": pool }));
    }
    reply
}

fn balance_error(price_e4: i64, balance_e4: i64) -> Reply {
    let message = format!(
        "<p>Insufficient balance: this costs <b>{}</b>, and you only have <b>{}</b>.</p>",
        dollars(price_e4),
        dollars(balance_e4)
    );
    Reply::typed("BALANCE_ERROR", &message)
}

fn throttled() -> Reply {
    Reply::refused(
        422,
        "You have made too many failed purchases. Try again in 6 hours, or improve your success \
         rate.",
    )
}

/// The answer that leaves open whether anything was bought.
pub(super) fn generic_failure() -> Reply {
    Reply::refused(422, "Something went wrong, please try again.")
}

fn bought(order: &Order, service: &Service, country: &Country, now_ms: i64) -> Reply {
    let full = format!("{}{}", order.calling_code, order.national);
    let number: u64 = full.parse().unwrap_or(0);
    Reply::ok(json!({
        "success": 1,
        "number": number,
        "cc": order.calling_code,
        "phonenumber": order.national,
        "order_id": order.code,
        "country": country.name,
        "service": service.name.trim(),
        "pool": order.pool,
        "expires_in": order.time_left_secs(now_ms),
        "expiration": order.expires_ms.div_euclid(1000),
        "message": format!("You have ordered a <b>{}</b> number.", service.name.trim()),
        "cost": dollars(order.cost_e4),
        "cost_in_cents": order.cost_e4 / 100,
    }))
}
