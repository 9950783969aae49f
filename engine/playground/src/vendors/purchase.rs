//! Selling numbers, the same for every local vendor. Only `vendors`.

use std::time::Duration;

use rand::Rng;

use super::account::Account;
use super::catalogue::{self, CHEAP_POOL, Country, DEAR_POOL, Service};
use super::faults::{Mode, VendorFault};
use super::orders::{Order, OrderState};

/// What is to be bought.
pub(super) struct Wanted {
    pub service: &'static Service,
    pub country: &'static Country,
    /// Pools to buy from, the preferred one first.
    pub pools: Vec<u32>,
    /// The most it may cost.
    pub cap_e4: Option<i64>,
}

/// Why nothing was sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoSale {
    OutOfStock,
    /// Nothing below the cap; the lowest price.
    PriceTooHigh(i64),
    BalanceLow {
        price_e4: i64,
        balance_e4: i64,
    },
    /// The account is held back.
    Throttled,
    /// In words that leave open whether anything was bought.
    Vague,
}

impl Account {
    /// Sells a number, or does what the fault makes of it.
    pub(super) fn sell(
        &mut self,
        wanted: &Wanted,
        now_ms: i64,
        fault: Option<&VendorFault>,
    ) -> Result<Order, NoSale> {
        if let Some(refusal) = forced_refusal(fault) {
            return Err(refusal);
        }
        let Wanted { service, country, .. } = *wanted;
        let mut prices =
            wanted.pools.iter().map(|pool| (*pool, self.price_e4(service, country, *pool)));
        let affordable = |(_, price): &(u32, i64)| wanted.cap_e4.is_none_or(|cap| *price <= cap);
        let Some((pool, mut cost_e4)) = prices.find(affordable) else {
            return Err(NoSale::PriceTooHigh(self.price_e4(service, country, CHEAP_POOL)));
        };
        if self.stock_left(service, country) == 0 {
            return Err(NoSale::OutOfStock);
        }
        if fault.is_some_and(|fault| fault.mode == Mode::Overcharge) {
            cost_e4 = wanted.cap_e4.unwrap_or(cost_e4).saturating_mul(2).saturating_add(100);
        }
        if self.balance_e4 < cost_e4 {
            return Err(NoSale::BalanceLow { price_e4: cost_e4, balance_e4: self.balance_e4 });
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
            earlier_codes: Vec::new(),
            state: OrderState::Pending,
            finished_ms: None,
            hidden_until_ms: 0,
            is_active: true,
        };
        let order = self.fresh(blank, now_ms, fault);
        self.balance_e4 -= cost_e4;
        self.file(order.clone());
        self.age(now_ms);
        Ok(order)
    }

    pub(super) fn price_e4(&self, service: &Service, country: &Country, pool: u32) -> i64 {
        let listed = self.options.prices_e4.iter().find(|(id, _)| *id == service.id);
        catalogue::price_e4(service, country, pool, listed.map(|(_, price)| *price))
    }

    pub(super) fn stock_left(&self, service: &Service, country: &Country) -> u32 {
        self.options.stock.saturating_sub(self.orders.occupied(service.id, country.id))
    }

    /// Lets an order that has its code wait for another one on the same number.
    pub(super) fn wait_again(&mut self, code: &str, now_ms: i64) {
        let due_ms = now_ms.saturating_add(self.draw_delay_ms());
        let next_code = self.draw_sms_code();
        if let Some(sequence) = self.orders.find(code) {
            self.orders.reopen(sequence, due_ms, next_code);
        }
    }

    /// The order as new: another code, another life, another SMS to come.
    pub(super) fn fresh(
        &mut self,
        order: Order,
        now_ms: i64,
        fault: Option<&VendorFault>,
    ) -> Order {
        let due_ms = now_ms.saturating_add(self.draw_delay_ms());
        let is_silent = self.lot.random_range(0..100_u8) < self.options.silent_percent;
        let expires_ms = now_ms.saturating_add(millis(self.options.lifetime));
        let sms_due_ms = match fault.map(|fault| fault.mode) {
            Some(Mode::SmsNever) => None,
            Some(Mode::SmsNow) => Some(now_ms),
            _ => (!is_silent && due_ms < expires_ms).then_some(due_ms),
        };
        let hidden_secs = match fault {
            Some(fault) if fault.mode == Mode::HideOrder => fault.secs,
            Some(fault) => fault.hide_secs,
            None => 0,
        };
        let hidden_secs = i64::try_from(hidden_secs).unwrap_or(i64::MAX);
        let hidden_until_ms = now_ms.saturating_add(hidden_secs.saturating_mul(1000));
        Order {
            code: self.draw_order_code(),
            created_ms: now_ms,
            expires_ms,
            sms_due_ms,
            sms_code: self.draw_sms_code(),
            earlier_codes: Vec::new(),
            state: OrderState::Pending,
            finished_ms: None,
            hidden_until_ms,
            is_active: true,
            ..order
        }
    }

    fn draw_delay_ms(&mut self) -> i64 {
        let (min, max) = (self.options.code_delay_min, self.options.code_delay_max);
        self.lot.random_range(millis(min)..=millis(max.max(min)))
    }

    fn draw_sms_code(&mut self) -> String {
        self.lot.random_range(10_000..1_000_000_u32).to_string()
    }

    /// Puts an order into the books.
    pub(super) fn file(&mut self, order: Order) {
        let delay_ms = i64::try_from(self.options.refund_delay.as_millis()).unwrap_or(i64::MAX);
        self.orders.insert(order, delay_ms, self.options.orders_kept);
    }

    fn draw_order_code(&mut self) -> String {
        loop {
            let (least, most) = if self.letters { (b'A', b'Z') } else { (b'1', b'9') };
            let code: String =
                (0..8).map(|_| char::from(self.lot.random_range(least..=most))).collect();
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

/// Both pools, or only the wanted one; the preferred one first.
pub(super) fn pools(wanted: Option<u32>, prefers_dear: bool) -> Vec<u32> {
    let order = if prefers_dear { [DEAR_POOL, CHEAP_POOL] } else { [CHEAP_POOL, DEAR_POOL] };
    let allowed = |pool: &u32| wanted.is_none_or(|wanted| wanted == 0 || wanted == *pool);
    order.into_iter().filter(allowed).collect()
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn forced_refusal(fault: Option<&VendorFault>) -> Option<NoSale> {
    let fault = fault?;
    match fault.mode {
        Mode::OutOfStock => Some(NoSale::OutOfStock),
        Mode::PriceNotFound => Some(NoSale::PriceTooHigh(2400)),
        Mode::BalanceError => Some(NoSale::BalanceLow { price_e4: 2400, balance_e4: 100 }),
        Mode::Throttled => Some(NoSale::Throttled),
        Mode::GenericFailure if !fault.bought => Some(NoSale::Vague),
        _ => None,
    }
}
