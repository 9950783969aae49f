//! The protocol's answers and what they mean. Pure functions from an answer to the contract's
//! words, tested on the answers in `fixtures/`.
//!
//! Where vendors disagree the reading is the one that cannot lose money: unknown is never final,
//! only a word we know is a no, and a list that does not fit is no empty list.

mod catalogue;
mod refusal;

use ring4_provider_sdk::scalar::{Scalar, e164, member};
use ring4_provider_sdk::{
    Cancellation, Message, Money, OrderStatus, ProviderError, Purchase, Quote, Rate, RefusalReason,
    Resend, Response, VendorOrder,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

pub use self::catalogue::{Countries, countries, services};
use self::refusal::{Good, read};
pub use self::refusal::{Meaning, No, Refusal};
use crate::dialect::{Currency, Dialect};

/// The longest code, in characters; what is longer is a whole text.
const CODE_CHARS_MAX: usize = 20;

fn unreadable(why: &str) -> ProviderError {
    ProviderError::Unreadable(why.to_owned())
}

fn parse<T: DeserializeOwned>(json: &str) -> Result<T, ProviderError> {
    // The parser's message may quote the answer, so it is not passed on.
    serde_json::from_str(json).map_err(|_| unreadable("the answer's fields do not fit"))
}

/// `getBalance`, in dollars.
///
/// # Errors
/// The vendor refused, or names no balance.
pub fn balance(response: &Response, rate: Rate) -> Result<Money, ProviderError> {
    #[derive(Deserialize)]
    struct Balance {
        #[serde(default)]
        balance: Scalar,
    }
    let held = match read(response)? {
        Good::Text("ACCESS_BALANCE", rest) => rest.trim().to_owned(),
        Good::Json(json) => parse::<Balance>(json)?.balance.text().to_owned(),
        Good::Text(..) => String::new(),
    };
    // In debt is as bad as empty: nothing can be bought.
    let held = if held.starts_with('-') { "0" } else { &held };
    let held = Money::parse(held).and_then(|held| rate.holding(&held));
    held.ok_or_else(|| unreadable("the balance is no amount"))
}

/// `getPrices` of one service in one country. An offer that is not in the list does not exist.
///
/// # Errors
/// The vendor refused for a reason that is not about the offer, or the answer makes no sense.
pub fn price(
    response: &Response,
    country: &str,
    service: &str,
    rate: Rate,
) -> Result<Quote, ProviderError> {
    #[derive(Deserialize)]
    struct Offer {
        #[serde(default)]
        cost: Scalar,
        #[serde(default)]
        count: Scalar,
        #[serde(default, rename = "physicalCount")]
        physical_count: Scalar,
    }
    let unavailable = |reason| Ok(Quote::Unavailable { reason });
    let json = match read(response) {
        Ok(Good::Json(json)) => json,
        Ok(Good::Text(..)) => return Err(unreadable("the answer is no price list")),
        Err(No::Refused(refusal)) => match refusal.reason() {
            reason @ (RefusalReason::OutOfStock
            | RefusalReason::PriceTooHigh
            | RefusalReason::Unsupported) => return unavailable(reason),
            _ => return Err(No::Refused(refusal).into()),
        },
        Err(no) => return Err(no.into()),
    };
    let offer = member(json, country).and_then(|country| member(country, service));
    let Some(offer) = offer.filter(|offer| offer.starts_with('{')) else {
        return unavailable(RefusalReason::Unsupported);
    };
    let offer: Offer = parse(offer)?;
    let cost = offer.cost.money().and_then(|cost| rate.cost(&cost));
    let cost = cost.ok_or_else(|| unreadable("the price is no amount"))?;
    // The plain count may be of numbers that nobody has at hand.
    let physical = offer.physical_count.some().is_some();
    let count = if physical { &offer.physical_count } else { &offer.count };
    let stock = count.integer().and_then(|count| u32::try_from(count).ok());
    if stock == Some(0) {
        return unavailable(RefusalReason::OutOfStock);
    }
    Ok(Quote::Offered { cost, high_cost: None, stock, success_percent: None })
}

/// `getNumber` and `getNumberV2`. `cap` is booked when the vendor names no charge; the list of
/// active orders corrects it.
#[must_use]
pub fn purchase(
    response: &Response,
    dialect: &Dialect,
    currency: Currency,
    rate: Rate,
    cap: &Money,
) -> Purchase {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Bought {
        #[serde(default)]
        activation_id: Scalar,
        #[serde(default)]
        phone_number: Scalar,
        #[serde(default)]
        activation_cost: Scalar,
        #[serde(default)]
        currency: Scalar,
    }
    let unclear = |why: &str| Purchase::Unclear { why: why.to_owned() };
    let bought = |id: &str, number: Option<String>, cost: Option<Money>| {
        let number = number.ok_or("the answer names no usable number");
        match number {
            Ok(_) if id.is_empty() => unclear("the answer names no order"),
            Ok(number) => Purchase::Bought {
                vendor_order_id: id.to_owned(),
                number,
                cost: cost.unwrap_or_else(|| cap.clone()),
                expires_at_ms: None,
            },
            Err(why) => unclear(why),
        }
    };
    match read(response) {
        Ok(Good::Text("ACCESS_NUMBER", rest)) => {
            let (id, number) = rest.split_once(':').unwrap_or((rest, ""));
            bought(id.trim(), e164(number), None)
        }
        Ok(Good::Text(..)) => unclear("a word that has no place here"),
        Ok(Good::Json(json)) => match parse::<Bought>(json) {
            Ok(row) => {
                // A charge in another currency than the account's is a number without a meaning.
                let ours = row.currency.some().is_none_or(|code| {
                    code == currency.number() || code.eq_ignore_ascii_case(currency.code())
                });
                let cost = row.activation_cost.money().filter(|_| ours);
                let cost = cost.and_then(|cost| rate.cost(&cost));
                bought(row.activation_id.text(), row.phone_number.e164(), cost)
            }
            Err(error) => unclear(&error.to_string()),
        },
        Err(No::Refused(refusal)) => match refusal.meaning {
            Meaning::BadAction if dialect.bad_action_is_vague => unclear(&refusal.to_string()),
            Meaning::Reason(_) | Meaning::BadAction => Purchase::Refused {
                reason: refusal.reason(),
                retry_after_secs: refusal.retry_after_secs(),
            },
            // Words that belong to other questions prove nothing about a purchase.
            _ => unclear(&refusal.to_string()),
        },
        Err(No::Unreadable(why)) => Purchase::Unclear { why },
    }
}

/// Something to deliver from what a vendor calls the code: a bare code, or a whole text.
fn message(code: &str, text: &str) -> Option<Message> {
    let real = |text: &str| {
        let text = text.trim();
        (!text.is_empty() && text != "0").then(|| text.to_owned())
    };
    let is_code = |code: &String| {
        code.chars().count() <= CODE_CHARS_MAX && !code.contains(char::is_whitespace)
    };
    let (code, text) = match (real(code), real(text)) {
        (Some(long), None) if !is_code(&long) => (None, Some(long)),
        pair => pair,
    };
    (code.is_some() || text.is_some()).then_some(Message { code, text, received_at_ms: None })
}

fn received(code: &str, text: &str) -> Option<OrderStatus> {
    message(code, text).map(|message| OrderStatus::Received { messages: vec![message] })
}

/// `getStatus` and `getStatusV2`.
///
/// # Errors
/// The vendor refused or does not know the order, or the answer makes no sense.
pub fn status(response: &Response) -> Result<OrderStatus, ProviderError> {
    #[derive(Default, Deserialize)]
    struct Sms {
        #[serde(default)]
        code: Scalar,
        #[serde(default)]
        text: Scalar,
    }
    #[derive(Deserialize)]
    struct State {
        #[serde(default)]
        sms: Option<Sms>,
        #[serde(default)]
        data: Option<Sms>,
    }
    let unrecognised = |raw: &str| OrderStatus::Unrecognised { raw: raw.to_owned() };
    Ok(match read(response)? {
        Good::Text(word, rest) => match word {
            // After the first colon everything is the code or the text, further colons included.
            "STATUS_OK" => received(rest, "").unwrap_or_else(|| unrecognised("OK without a code")),
            // The old code of a wait for another one was delivered when it was asked for.
            "STATUS_WAIT_CODE" | "STATUS_WAIT_RETRY" | "STATUS_WAIT_RESEND" => OrderStatus::Waiting,
            "STATUS_CANCEL" | "ACCESS_CANCEL" => OrderStatus::Refunded,
            other => unrecognised(other),
        },
        Good::Json(json) if json.starts_with('{') => {
            let has = |name| member(json, name).is_some();
            if !has("sms") && !has("data") {
                return Err(unreadable("the answer names no state"));
            }
            let state: State = parse(json)?;
            let sms = state.sms.or(state.data).unwrap_or_default();
            received(sms.code.text(), sms.text.text()).unwrap_or(OrderStatus::Waiting)
        }
        Good::Json(_) => return Err(unreadable("the answer is no state")),
    })
}

/// A text, or the last of several.
fn newest(raw: Option<&RawValue>) -> String {
    let Some(raw) = raw.map(RawValue::get) else { return String::new() };
    let one = |raw: &str| {
        let scalar: Option<Scalar> = serde_json::from_str(raw).ok();
        scalar.map(|scalar| scalar.text().to_owned()).unwrap_or_default()
    };
    match serde_json::from_str::<Vec<&RawValue>>(raw) {
        Ok(rows) => rows.last().map(|raw| one(raw.get())).unwrap_or_default(),
        Err(_) => one(raw),
    }
}

/// `getActiveActivations`. State numbers differ from vendor to vendor, so only the code counts.
/// One bad row spoils the list: an order that is left out would look as if it had vanished.
///
/// # Errors
/// The vendor refused, or this is no list of orders.
pub fn orders(
    response: &Response,
    countries: &Countries,
    rate: Rate,
) -> Result<Vec<VendorOrder>, ProviderError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Row<'a> {
        #[serde(default)]
        activation_id: Scalar,
        #[serde(default)]
        service_code: Scalar,
        #[serde(default)]
        phone_number: Scalar,
        #[serde(default)]
        activation_cost: Scalar,
        #[serde(default)]
        country_code: Scalar,
        #[serde(default, borrow)]
        sms_code: Option<&'a RawValue>,
        #[serde(default, borrow)]
        sms_text: Option<&'a RawValue>,
    }
    let json = match read(response) {
        Ok(Good::Json(json)) => json,
        Ok(Good::Text(..)) => return Err(unreadable("the answer is no list of orders")),
        Err(No::Refused(refusal)) if refusal.meaning == Meaning::NoOrders => return Ok(Vec::new()),
        Err(no) => return Err(no.into()),
    };
    let list = if json.starts_with('[') {
        Some(json)
    } else {
        let names = ["activeActivations", "data", "rows"];
        let lists = names.into_iter().filter_map(|name| member(json, name));
        // An empty object is how some write an empty list; one with members is not a list.
        let lists = lists.map(|list| if list == "{}" { "[]" } else { list });
        lists.into_iter().find(|list| list.starts_with('['))
    };
    let list = list.ok_or_else(|| unreadable("the answer holds no list of orders"))?;
    let rows: Vec<Row<'_>> =
        serde_json::from_str(list).map_err(|_| unreadable("a row of the list does not fit"))?;
    let row = |row: Row<'_>| {
        let id = row.activation_id.some().ok_or_else(|| unreadable("a row names no order"))?;
        let status = received(&newest(row.sms_code), &newest(row.sms_text));
        Ok(VendorOrder {
            vendor_order_id: id.to_owned(),
            number: row.phone_number.e164(),
            service: row.service_code.some().map(str::to_owned),
            country: countries.iso(row.country_code.text()).map(str::to_owned),
            cost: row.activation_cost.money().and_then(|cost| rate.cost(&cost)),
            status: status.unwrap_or(OrderStatus::Waiting),
            bought_at_ms: None,
            expires_at_ms: None,
        })
    };
    rows.into_iter().map(row).collect()
}

/// `setStatus` 8.
///
/// # Errors
/// A no that is neither "too early" nor "no such order": the order's state decides.
pub fn cancellation(response: &Response) -> Result<Cancellation, No> {
    match read(response) {
        Ok(Good::Text("ACCESS_CANCEL" | "STATUS_CANCEL", _)) => Ok(Cancellation::Cancelled),
        Ok(_) => Err(No::unreadable(response)),
        Err(No::Refused(refusal)) => match refusal.meaning {
            Meaning::TooEarly => {
                Ok(Cancellation::TooEarly { retry_after_secs: refusal.retry_after_secs() })
            }
            Meaning::UnknownOrder => Ok(Cancellation::NotFound),
            _ => Err(No::Refused(refusal)),
        },
        Err(no) => Err(no),
    }
}

/// `setStatus` 3: another message on the same order, which costs nothing.
///
/// # Errors
/// The vendor does not know the order, or the answer makes no sense.
pub fn resend(response: &Response, vendor_order_id: &str) -> Result<Resend, ProviderError> {
    match read(response) {
        Ok(Good::Text("ACCESS_RETRY_GET" | "ACCESS_READY", _)) => {
            Ok(Resend::Requested { vendor_order_id: vendor_order_id.to_owned(), cost: None })
        }
        Ok(_) => Err(unreadable("the answer does not say that another message is waited for")),
        Err(No::Refused(refusal)) => match refusal.meaning {
            Meaning::UnknownOrder | Meaning::Failure => Err(No::Refused(refusal).into()),
            _ => Ok(Resend::Refused { reason: refusal.reason() }),
        },
        Err(no) => Err(no.into()),
    }
}
