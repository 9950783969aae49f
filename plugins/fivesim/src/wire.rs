//! 5sim's answers and what they mean. Pure functions from an answer to the contract's words,
//! tested on the answers in `fixtures/`.

mod refusal;
mod time;

use std::collections::BTreeMap;

use ring4_provider_sdk::scalar::{Scalar, list_or_empty, member};
use ring4_provider_sdk::{
    Cancellation, Country, Message, Money, OrderStatus, ProviderError, Purchase, Quote, Rate,
    RefusalReason, Response, Service, VendorOrder,
};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use self::refusal::good;
pub use self::refusal::{Meaning, No, Refusal};
use self::time::unix_ms;

fn unreadable(why: &str) -> ProviderError {
    ProviderError::Unreadable(why.to_owned())
}

fn parse<T: DeserializeOwned>(response: &Response) -> Result<T, No> {
    // The parser's message may quote the answer, so it is not passed on.
    serde_json::from_str(good(response)?).map_err(|_| No::unreadable(response))
}

/// `/guest/products/any/any`: products are keyed by their names, and those for rent are left out.
///
/// # Errors
/// The vendor refused, or this is no list of products.
pub fn services(response: &Response) -> Result<Vec<Service>, ProviderError> {
    #[derive(Deserialize)]
    struct Product {
        #[serde(default, rename = "Category")]
        category: Scalar,
    }
    let products: BTreeMap<String, Product> = parse(response)?;
    let sold = products.into_iter().filter(|(_, row)| row.category.text() == "activation");
    Ok(sold.map(|(name, _)| Service { vendor_id: name.clone(), name }).collect())
}

/// `/guest/countries`, keyed by the vendor's names. Rows without an ISO code are left out.
///
/// # Errors
/// The vendor refused, or this is no list of countries.
pub fn countries(response: &Response) -> Result<Vec<Country>, ProviderError> {
    #[derive(Deserialize)]
    struct Row {
        #[serde(default)]
        iso: BTreeMap<String, IgnoredAny>,
        #[serde(default)]
        text_en: Scalar,
    }
    let json = good(response)?;
    let rows: BTreeMap<String, &serde_json::value::RawValue> =
        serde_json::from_str(json).map_err(|_| No::unreadable(response))?;
    let country = |(vendor_id, raw): (String, &serde_json::value::RawValue)| {
        let row: Row = serde_json::from_str(raw.get()).ok()?;
        let iso = row.iso.into_keys().next()?.to_ascii_uppercase();
        let name = row.text_en.some().unwrap_or(&vendor_id).to_owned();
        (iso.len() == 2).then_some(Country { vendor_id, iso, name })
    };
    Ok(rows.into_iter().filter_map(country).collect())
}

/// `/guest/prices` of one product in one country: the cheapest operator that has numbers, because
/// a purchase from any of them is capped. The two outer keys come in either order.
///
/// # Errors
/// The vendor refused for a reason that is not about the offer, or the answer makes no sense.
pub fn price(
    response: &Response,
    country: &str,
    product: &str,
    rate: Rate,
) -> Result<Quote, ProviderError> {
    #[derive(Deserialize)]
    struct Operator {
        #[serde(default)]
        cost: Scalar,
        #[serde(default)]
        count: Scalar,
        #[serde(default)]
        rate: Scalar,
    }
    let unavailable = |reason| Ok(Quote::Unavailable { reason });
    let json = match good(response) {
        Ok(json) => json,
        Err(No::Refused(refusal)) => match refusal.reason() {
            reason @ (RefusalReason::OutOfStock | RefusalReason::Unsupported) => {
                return unavailable(reason);
            }
            _ => return Err(No::Refused(refusal).into()),
        },
        Err(no) => return Err(no.into()),
    };
    let nested = |outer, inner| member(json, outer).and_then(|rows| member(rows, inner));
    let operators = nested(country, product).or_else(|| nested(product, country));
    let Some(operators) = operators.filter(|rows| rows.starts_with('{')) else {
        return unavailable(RefusalReason::Unsupported);
    };
    let operators: BTreeMap<String, Operator> =
        serde_json::from_str(operators).map_err(|_| unreadable("the price list does not fit"))?;
    let mut best: Option<(Money, u32, Option<u8>)> = None;
    for operator in operators.into_values() {
        let count = operator.count.integer().and_then(|count| u32::try_from(count).ok());
        let count = count.unwrap_or(0);
        if count == 0 {
            continue;
        }
        let cost = operator.cost.money().and_then(|cost| rate.cost(&cost));
        let cost = cost.ok_or_else(|| unreadable("the price is no amount"))?;
        match &mut best {
            Some((known, stock, _)) if !known.is_above(&cost) => {
                if !cost.is_above(known) {
                    *stock = stock.saturating_add(count);
                }
            }
            _ => best = Some((cost, count, percent(&operator.rate))),
        }
    }
    let Some((cost, stock, success_percent)) = best else {
        return unavailable(RefusalReason::OutOfStock);
    };
    Ok(Quote::Offered { cost, high_cost: None, stock: Some(stock), success_percent })
}

fn percent(scalar: &Scalar) -> Option<u8> {
    let whole = scalar.text().split('.').next().unwrap_or_default();
    whole.parse().ok().filter(|percent| *percent <= 100)
}

/// `/user/profile`: the balance in dollars.
///
/// # Errors
/// The vendor refused, or names no balance.
pub fn balance(response: &Response, rate: Rate) -> Result<Money, ProviderError> {
    #[derive(Deserialize)]
    struct Profile {
        #[serde(default)]
        balance: Scalar,
    }
    let profile: Profile = parse(response)?;
    // In debt is as bad as empty: nothing can be bought.
    let text = profile.balance.text();
    let held = Money::parse(if text.starts_with('-') { "0" } else { text });
    let held = held.and_then(|held| rate.holding(&held));
    held.ok_or_else(|| unreadable("the balance is no amount"))
}

/// An order as all calls about one answer it, and the lists row by row.
#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    id: Scalar,
    #[serde(default)]
    phone: Scalar,
    #[serde(default)]
    product: Scalar,
    #[serde(default)]
    price: Scalar,
    #[serde(default)]
    status: Scalar,
    #[serde(default)]
    expires: Scalar,
    #[serde(default)]
    created_at: Scalar,
    #[serde(default)]
    country: Scalar,
    #[serde(default, deserialize_with = "list_or_empty")]
    sms: Vec<Sms>,
}

#[derive(Deserialize)]
struct Sms {
    #[serde(default)]
    created_at: Scalar,
    #[serde(default)]
    text: Scalar,
    #[serde(default)]
    code: Scalar,
}

impl Row {
    /// Messages, oldest first. Once any has a code, those without one are chatter.
    fn messages(&self) -> Vec<Message> {
        let message = |sms: &Sms| Message {
            code: sms.code.some().map(str::to_owned),
            text: sms.text.some().map(str::to_owned),
            received_at_ms: unix_ms(sms.created_at.text()),
        };
        let mut messages: Vec<Message> = self.sms.iter().map(message).collect();
        messages.retain(|message| message.code.is_some() || message.text.is_some());
        if messages.iter().any(|message| message.code.is_some()) {
            messages.retain(|message| message.code.is_some());
        }
        if messages.iter().all(|message| message.received_at_ms.is_some()) {
            messages.sort_by_key(|message| message.received_at_ms);
        }
        messages
    }

    /// `RECEIVED` says that the number is ready, not that a message is.
    fn status(&self) -> OrderStatus {
        let messages = self.messages();
        match self.status.text() {
            "CANCELED" | "BANNED" => OrderStatus::Refunded,
            _ if !messages.is_empty() => OrderStatus::Received { messages },
            "PENDING" | "RECEIVED" => OrderStatus::Waiting,
            "TIMEOUT" => OrderStatus::Refunded,
            "FINISHED" => OrderStatus::Closed,
            other => OrderStatus::Unrecognised { raw: other.chars().take(20).collect() },
        }
    }
}

/// An order's state.
#[derive(Debug)]
pub struct Order {
    /// How it stands.
    pub status: OrderStatus,
    /// Messages are still added to it.
    pub open: bool,
}

/// An answer about one order.
///
/// # Errors
/// The vendor refused, or this is no order.
pub fn order(response: &Response) -> Result<Order, No> {
    let row: Row = parse(response)?;
    if row.id.some().is_none() || row.status.some().is_none() {
        return Err(No::unreadable(response));
    }
    Ok(Order { status: row.status(), open: row.status.text() == "RECEIVED" })
}

/// `/user/buy/activation/…`. `cap` is booked when the vendor names no charge; the list of orders
/// corrects it.
#[must_use]
pub fn purchase(response: &Response, rate: Rate, cap: &Money) -> Purchase {
    let unclear = |why: String| Purchase::Unclear { why };
    if response.status >= 500 {
        return unclear(format!("HTTP {}", response.status));
    }
    let row: Row = match parse(response) {
        Ok(row) => row,
        Err(No::Refused(refusal)) if refusal.is_vague() => return unclear(refusal.to_string()),
        Err(No::Refused(refusal)) => {
            let retry_after_secs = refusal.retry_after_secs();
            return Purchase::Refused { reason: refusal.reason(), retry_after_secs };
        }
        Err(No::Unreadable(why)) => return unclear(why),
    };
    let Some(vendor_order_id) = row.id.some() else {
        return unclear("the answer names no order".to_owned());
    };
    let Some(number) = row.phone.e164() else {
        return unclear("the answer names no usable number".to_owned());
    };
    let cost = row.price.money().and_then(|cost| rate.cost(&cost));
    Purchase::Bought {
        vendor_order_id: vendor_order_id.to_owned(),
        number,
        cost: cost.unwrap_or_else(|| cap.clone()),
        expires_at_ms: unix_ms(row.expires.text()),
    }
}

/// `/user/cancel/…`.
///
/// # Errors
/// A no that says nothing of how the order ended, or an answer that makes no sense.
pub fn cancellation(response: &Response) -> Result<Cancellation, No> {
    match order(response) {
        Ok(Order { status: OrderStatus::Refunded, .. }) => Ok(Cancellation::Cancelled),
        Ok(_) => Err(No::unreadable(response)),
        Err(No::Refused(refusal)) => match refusal.meaning {
            Meaning::HasSms => Ok(Cancellation::HasSms),
            Meaning::TooEarly => Ok(Cancellation::TooEarly { retry_after_secs: None }),
            Meaning::UnknownOrder => Ok(Cancellation::NotFound),
            _ => Err(No::Refused(refusal)),
        },
        Err(no) => Err(no),
    }
}

/// A page of orders.
pub struct Page {
    /// The orders on it.
    pub rows: Vec<VendorOrder>,
    /// There may be more.
    pub full: bool,
}

/// `/user/orders`. One bad row spoils the list: an order that is left out would look as if it had
/// vanished.
///
/// # Errors
/// The vendor refused, or this is no list of orders.
pub fn page(
    response: &Response,
    iso: impl Fn(&str) -> Option<String>,
    rate: Rate,
) -> Result<Page, ProviderError> {
    #[derive(Deserialize)]
    struct Orders {
        // Absent or of another kind is no empty list; `null` is how one is written.
        #[serde(rename = "Data")]
        data: Option<Vec<Row>>,
    }
    let json = good(response)?;
    if member(json, "Data").is_none() {
        return Err(unreadable("the answer holds no list of orders"));
    }
    let orders: Orders = parse(response)?;
    let row = |row: Row| {
        let id = row.id.some().ok_or_else(|| unreadable("a row names no order"))?;
        Ok(VendorOrder {
            vendor_order_id: id.to_owned(),
            number: row.phone.e164(),
            service: row.product.some().map(str::to_owned),
            country: iso(row.country.text()),
            cost: row.price.money().and_then(|cost| rate.cost(&cost)),
            status: row.status(),
            bought_at_ms: unix_ms(row.created_at.text()),
            expires_at_ms: unix_ms(row.expires.text()),
        })
    };
    let rows = orders.data.unwrap_or_default();
    let full = rows.len() >= super::PAGE_ROWS;
    let rows: Result<Vec<VendorOrder>, ProviderError> = rows.into_iter().map(row).collect();
    Ok(Page { rows: rows?, full })
}
