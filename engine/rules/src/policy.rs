//! What `policy.rhai` is told and what it may answer: a customer who wants to buy, a delivered
//! order whose money is asked back, a deposit that is said to be paid. The middle builds the facts.
//!
//! Facts are maps here, not types of their own: a policy is asked once per purchase, and a
//! misspelt name in a map is an error just the same.

use rhai::{Dynamic, Engine, EvalAltResult, Map};
use ring4_domain::ids::{Country, MethodKey, ServiceKey};
use ring4_domain::money::Amount;

use crate::facts::{amount, key, refuse, texts, unknown, whole};
use crate::params::{ScriptParams, dollars};

/// Properties of a customer who wants to buy.
pub const BUYER_FACTS: &[&str] = &[
    "service",
    "country",
    "price",
    "available",
    "known_days",
    "orders_minute",
    "orders_hour",
    "orders_day",
    "cancelled_day",
    "spent_day",
    "open_orders",
];

/// Properties of a delivered order.
pub const SALE_FACTS: &[&str] = &["service", "country", "price", "age_hours", "code_secs"];

/// Properties of a deposit that its customer says is paid.
pub const DEPOSIT_FACTS: &[&str] =
    &["amount", "method", "known_days", "deposits", "deposited", "reference"];

/// A deposit that its customer says is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepositFacts {
    /// How much.
    pub amount: Amount,
    /// The way it is paid.
    pub method: MethodKey,
    /// Whole days since the customer's first contact.
    pub known_days: u32,
    /// The customer's deposits that were credited, of the latest hundred.
    pub deposits: u32,
    /// What the customer has ever paid in.
    pub deposited: Amount,
    /// Whether the payment's id is told.
    pub reference: bool,
}

/// A customer who wants to buy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuyerFacts {
    /// The service.
    pub service: ServiceKey,
    /// The country.
    pub country: Country,
    /// What it costs.
    pub price: Amount,
    /// What the customer can spend.
    pub available: Amount,
    /// Whole days since the first contact.
    pub known_days: u32,
    /// Orders placed within the last minute; counted to a hundred, as all of these.
    pub orders_minute: u32,
    /// Within the last hour.
    pub orders_hour: u32,
    /// Within the last day.
    pub orders_day: u32,
    /// Of those, cancelled by the customer.
    pub cancelled_day: u32,
    /// What was charged or is held for those.
    pub spent_day: Amount,
    /// Orders that are open.
    pub open_orders: u32,
}

/// A delivered order whose money may be asked back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleFacts {
    /// The service.
    pub service: ServiceKey,
    /// The country.
    pub country: Country,
    /// What was charged.
    pub price: Amount,
    /// Whole hours since the code came.
    pub age_hours: u32,
    /// Seconds from the number to the code.
    pub code_secs: u32,
}

/// What the policy says to a purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Yes,
    /// Not now.
    No,
    /// Not now, and an admin should look at this customer, for this reason.
    Suspicious(String),
}

fn put(map: &mut Map, name: &str, value: impl Into<Dynamic>) {
    map.insert(name.into(), value.into());
}

impl BuyerFacts {
    pub(crate) fn map(&self, params: &ScriptParams) -> Map {
        let mut map = Map::new();
        put(&mut map, "service", self.service.as_str().to_owned());
        put(&mut map, "country", self.country.to_string());
        put(&mut map, "price", dollars(self.price));
        put(&mut map, "available", dollars(self.available));
        put(&mut map, "known_days", i64::from(self.known_days));
        put(&mut map, "orders_minute", i64::from(self.orders_minute));
        put(&mut map, "orders_hour", i64::from(self.orders_hour));
        put(&mut map, "orders_day", i64::from(self.orders_day));
        put(&mut map, "cancelled_day", i64::from(self.cancelled_day));
        put(&mut map, "spent_day", dollars(self.spent_day));
        put(&mut map, "open_orders", i64::from(self.open_orders));
        map.insert("params".into(), Dynamic::from(params.clone()));
        map
    }
}

impl DepositFacts {
    pub(crate) fn map(&self, params: &ScriptParams) -> Map {
        let mut map = Map::new();
        put(&mut map, "amount", dollars(self.amount));
        put(&mut map, "method", self.method.as_str().to_owned());
        put(&mut map, "known_days", i64::from(self.known_days));
        put(&mut map, "deposits", i64::from(self.deposits));
        put(&mut map, "deposited", dollars(self.deposited));
        put(&mut map, "reference", self.reference);
        map.insert("params".into(), Dynamic::from(params.clone()));
        map
    }
}

impl SaleFacts {
    pub(crate) fn map(&self, params: &ScriptParams) -> Map {
        let mut map = Map::new();
        put(&mut map, "service", self.service.as_str().to_owned());
        put(&mut map, "country", self.country.to_string());
        put(&mut map, "price", dollars(self.price));
        put(&mut map, "age_hours", i64::from(self.age_hours));
        put(&mut map, "code_secs", i64::from(self.code_secs));
        map.insert("params".into(), Dynamic::from(params.clone()));
        map
    }
}

/// A customer from named texts; what is left out has a plain default.
///
/// # Errors
/// A name is unknown or a value is not what its name needs.
pub(crate) fn read_buyer(facts: &[(String, String)]) -> Result<BuyerFacts, String> {
    let mut buyer = BuyerFacts {
        service: key("service", "any")?,
        country: Country::US,
        price: Amount::from_micros(300_000),
        available: Amount::from_micros(10_000_000),
        known_days: 0,
        orders_minute: 0,
        orders_hour: 0,
        orders_day: 0,
        cancelled_day: 0,
        spent_day: Amount::ZERO,
        open_orders: 0,
    };
    for (name, text) in facts {
        match name.as_str() {
            "service" => buyer.service = key(name, text)?,
            "country" => buyer.country = key(name, text)?,
            "price" => buyer.price = amount(name, text)?,
            "available" => buyer.available = amount(name, text)?,
            "known_days" => buyer.known_days = whole(name, text)?,
            "orders_minute" => buyer.orders_minute = whole(name, text)?,
            "orders_hour" => buyer.orders_hour = whole(name, text)?,
            "orders_day" => buyer.orders_day = whole(name, text)?,
            "cancelled_day" => buyer.cancelled_day = whole(name, text)?,
            "spent_day" => buyer.spent_day = amount(name, text)?,
            "open_orders" => buyer.open_orders = whole(name, text)?,
            _ => return Err(unknown(name, BUYER_FACTS)),
        }
    }
    Ok(buyer)
}

/// A delivered order from named texts; what is left out has a plain default.
///
/// # Errors
/// A name is unknown or a value is not what its name needs.
pub(crate) fn read_sale(facts: &[(String, String)]) -> Result<SaleFacts, String> {
    let mut sale = SaleFacts {
        service: key("service", "any")?,
        country: Country::US,
        price: Amount::from_micros(300_000),
        age_hours: 0,
        code_secs: 20,
    };
    for (name, text) in facts {
        match name.as_str() {
            "service" => sale.service = key(name, text)?,
            "country" => sale.country = key(name, text)?,
            "price" => sale.price = amount(name, text)?,
            "age_hours" => sale.age_hours = whole(name, text)?,
            "code_secs" => sale.code_secs = whole(name, text)?,
            _ => return Err(unknown(name, SALE_FACTS)),
        }
    }
    Ok(sale)
}

/// A deposit from named texts; what is left out has a plain default.
///
/// # Errors
/// A name is unknown or a value is not what its name needs.
pub(crate) fn read_deposit(facts: &[(String, String)]) -> Result<DepositFacts, String> {
    let mut deposit = DepositFacts {
        amount: Amount::from_micros(10_000_000),
        method: key("method", "any")?,
        known_days: 0,
        deposits: 0,
        deposited: Amount::ZERO,
        reference: false,
    };
    for (name, text) in facts {
        match name.as_str() {
            "amount" => deposit.amount = amount(name, text)?,
            "method" => deposit.method = key(name, text)?,
            "known_days" => deposit.known_days = whole(name, text)?,
            "deposits" => deposit.deposits = whole(name, text)?,
            "deposited" => deposit.deposited = amount(name, text)?,
            "reference" => deposit.reference = key(name, text)?,
            _ => return Err(unknown(name, DEPOSIT_FACTS)),
        }
    }
    Ok(deposit)
}

/// Gives `test_*` functions the means to make facts.
pub(crate) fn register(engine: &mut Engine, params: &ScriptParams) {
    let for_buyers = params.clone();
    engine.register_fn("buyer", move |map: Map| -> Result<Map, Box<EvalAltResult>> {
        read_buyer(&texts(&map)).map(|buyer| buyer.map(&for_buyers)).map_err(refuse)
    });
    let for_deposits = params.clone();
    engine.register_fn("deposit", move |map: Map| -> Result<Map, Box<EvalAltResult>> {
        read_deposit(&texts(&map)).map(|deposit| deposit.map(&for_deposits)).map_err(refuse)
    });
    let for_sales = params.clone();
    engine.register_fn("sale", move |map: Map| -> Result<Map, Box<EvalAltResult>> {
        read_sale(&texts(&map)).map(|sale| sale.map(&for_sales)).map_err(refuse)
    });
}
