//! SMSPool's HTTP shapes and what they mean. Pure functions from an answer to the contract's
//! words, tested on the answers in `fixtures/`.
//!
//! The facts come from the vendor's published SDK and example collection and from public
//! clients; where those disagree, or a value was never seen, the reading here is the one that
//! cannot lose money: unknown is never final, and only an explicit no is a no.

mod refusal;

use ring4_provider_sdk::scalar::{Scalar, e164};
use ring4_provider_sdk::{
    Cancellation, Country, Message, Money, OrderStatus, ProviderError, Purchase, Quote,
    RefusalReason, Resend, Response, Service, VendorOrder,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use self::refusal::{No, Refusal};

/// How long to wait when a cancel is refused as too early; the lock depends on the pool.
const CANCEL_RETRY_SECS: u32 = 20;

/// A good answer's text, or the vendor's no.
fn good(response: &Response) -> Result<&str, No> {
    if let Some(no) = No::of(response) {
        return Err(no);
    }
    // `No::of` has read it as JSON already, so it is text.
    std::str::from_utf8(&response.body).map_err(|_| No::unreadable(response))
}

fn parse<T: DeserializeOwned>(response: &Response) -> Result<T, No> {
    // The parser's message may quote the answer, so it is not passed on.
    serde_json::from_str(good(response)?).map_err(|_| No::unreadable(response))
}

/// `/service/retrieve_all`. Names come with stray line ends.
///
/// # Errors
/// The vendor refused, or this is no list of services.
pub fn services(response: &Response) -> Result<Vec<Service>, ProviderError> {
    #[derive(Deserialize)]
    struct Row {
        #[serde(rename = "ID")]
        id: Scalar,
        name: Scalar,
    }
    let rows: Vec<Row> = parse(response)?;
    let row = |row: Row| {
        let (vendor_id, name) = (row.id.some()?.to_owned(), row.name.some()?.to_owned());
        Some(Service { vendor_id, name })
    };
    Ok(rows.into_iter().filter_map(row).collect())
}

/// `/country/retrieve_all`. Rows without an ISO code, as the vendor sent them in 2022, are left
/// out: we key countries by ISO code alone.
///
/// # Errors
/// The vendor refused, or this is no list of countries.
pub fn countries(response: &Response) -> Result<Vec<Country>, ProviderError> {
    #[derive(Deserialize)]
    struct Row {
        #[serde(rename = "ID")]
        id: Scalar,
        name: Scalar,
        #[serde(default)]
        short_name: Scalar,
    }
    let rows: Vec<Row> = parse(response)?;
    let row = |row: Row| {
        let iso = row.short_name.some()?.to_ascii_uppercase();
        let (vendor_id, name) = (row.id.some()?.to_owned(), row.name.some()?.to_owned());
        (iso.len() == 2).then_some(Country { vendor_id, iso, name })
    };
    Ok(rows.into_iter().filter_map(row).collect())
}

/// `/request/price`. An answer without a price means that the offer does not exist.
///
/// # Errors
/// The vendor refused for a reason that is not about the offer, or the answer makes no sense.
pub fn price(response: &Response) -> Result<Quote, ProviderError> {
    #[derive(Deserialize)]
    struct Price {
        #[serde(default)]
        price: Scalar,
        #[serde(default)]
        high_price: Scalar,
        #[serde(default)]
        success_rate: Scalar,
    }
    let unavailable = |reason| Ok(Quote::Unavailable { reason });
    let price: Price = match parse(response) {
        Ok(price) => price,
        Err(No::Refused(refusal)) if !refusal.is_about_account() => {
            return unavailable(match refusal.reason() {
                reason @ (RefusalReason::OutOfStock | RefusalReason::PriceTooHigh) => reason,
                _ => RefusalReason::Unsupported,
            });
        }
        Err(no) => return Err(no.into()),
    };
    match (price.price.money(), price.price.some()) {
        (Some(cost), _) => Ok(Quote::Offered {
            cost,
            high_cost: price.high_price.money(),
            stock: None,
            success_percent: percent(&price.success_rate),
        }),
        (None, None) => unavailable(RefusalReason::Unsupported),
        (None, Some(_)) => Err(ProviderError::Unreadable("the price is no amount".to_owned())),
    }
}

/// A share as a number or as text, with or without decimals.
fn percent(scalar: &Scalar) -> Option<u8> {
    let whole = scalar.text().split('.').next().unwrap_or_default();
    whole.parse().ok().filter(|percent| *percent <= 100)
}

/// `/sms/stock`: numbers at hand, where the vendor tells.
#[must_use]
pub fn stock(response: &Response) -> Option<u32> {
    #[derive(Deserialize)]
    struct Stock {
        #[serde(default)]
        amount: Scalar,
    }
    let stock: Stock = parse(response).ok()?;
    stock.amount.integer().and_then(|amount| u32::try_from(amount).ok())
}

/// `/request/balance`.
///
/// # Errors
/// The vendor refused, or names no balance.
pub fn balance(response: &Response) -> Result<Money, ProviderError> {
    #[derive(Deserialize)]
    struct Balance {
        balance: Scalar,
    }
    let balance: Balance = parse(response)?;
    // In debt is as bad as empty: nothing can be bought.
    let text = balance.balance.text();
    let text = if text.starts_with('-') { "0" } else { text };
    Money::parse(text).ok_or_else(|| ProviderError::Unreadable("the balance is no amount".into()))
}

/// `/purchase/sms`. `cap` is booked when the vendor names no charge; the list corrects it.
#[must_use]
pub fn purchase(response: &Response, cap: &Money, now_unix_ms: i64) -> Purchase {
    #[derive(Deserialize)]
    struct Bought {
        #[serde(default)]
        order_id: Scalar,
        #[serde(default)]
        number: Scalar,
        #[serde(default)]
        cc: Scalar,
        #[serde(default)]
        phonenumber: Scalar,
        #[serde(default)]
        cost: Scalar,
        #[serde(default)]
        cost_in_cents: Scalar,
        #[serde(default)]
        expiration: Scalar,
        #[serde(default)]
        expires_in: Scalar,
    }
    let unclear = |why: String| Purchase::Unclear { why };
    let bought: Bought = match parse(response) {
        Ok(bought) => bought,
        Err(No::Refused(refusal)) if refusal.is_vague() => return unclear(refusal.to_string()),
        Err(No::Refused(refusal)) => {
            let retry_after_secs = refusal.retry_after_secs();
            return Purchase::Refused { reason: refusal.reason(), retry_after_secs };
        }
        Err(No::Unreadable(why)) => return unclear(why),
    };
    let Some(vendor_order_id) = bought.order_id.some() else {
        return unclear("the answer names no order".to_owned());
    };
    let number = full_number(&bought.number, &bought.cc, &bought.phonenumber);
    let Some(number) = number else {
        return unclear("the answer names no usable number".to_owned());
    };
    let cents = || bought.cost_in_cents.integer().and_then(|cents| u32::try_from(cents).ok());
    let cost = bought.cost.money().or_else(|| cents().map(Money::from_cents));
    let lifetime = bought.expires_in.integer();
    let expires_in = lifetime.map(|secs| now_unix_ms.saturating_add(secs.saturating_mul(1_000)));
    Purchase::Bought {
        vendor_order_id: vendor_order_id.to_owned(),
        number,
        cost: cost.unwrap_or_else(|| cap.clone()),
        expires_at_ms: unix_ms(&bought.expiration).or(expires_in),
    }
}

/// E.164 from the full number, or from country code and national number. Both fields have been
/// seen with either content, and a full number always begins with its country code.
fn full_number(number: &Scalar, cc: &Scalar, national: &Scalar) -> Option<String> {
    let (number, cc, national) = (digits(number), digits(cc), digits(national));
    let full = if number.is_empty() {
        if cc.is_empty() {
            return None;
        }
        // The trunk zero of a national number has no place in E.164.
        format!("{cc}{}", national.trim_start_matches('0'))
    } else if number.starts_with(&cc) {
        number
    } else {
        format!("{cc}{number}")
    };
    e164(&full)
}

fn digits(scalar: &Scalar) -> String {
    scalar.text().chars().filter(|char| !matches!(char, '+' | ' ' | '-' | '(' | ')')).collect()
}

fn unix_ms(secs: &Scalar) -> Option<i64> {
    secs.integer().filter(|secs| *secs > 0).and_then(|secs| secs.checked_mul(1_000))
}

/// A state by its number or its word, with what arrived. States 2, 4, 5, 7 and 8 are known from
/// clients' tables only.
fn order_status(status: &Scalar, code: &Scalar, text: &Scalar) -> OrderStatus {
    // A literal "0" stands for nothing in both fields.
    let real = |scalar: &Scalar| scalar.some().filter(|text| *text != "0").map(str::to_owned);
    let unrecognised = |raw: &str| OrderStatus::Unrecognised { raw: raw.to_owned() };
    match status.text().to_ascii_lowercase().as_str() {
        "1" | "pending" | "4" | "resend" | "7" | "processing" | "8" | "activating" => {
            OrderStatus::Waiting
        }
        "3" | "completed" | "complete" => match (real(code), real(text)) {
            (None, None) => unrecognised("completed without a message"),
            (code, text) => OrderStatus::Received {
                messages: vec![Message { code, text, received_at_ms: None }],
            },
        },
        "5" | "cancelled" | "canceled" | "6" | "refunded" => OrderStatus::Refunded,
        // Not final: the refund comes later and shows as 6, and until then the money is gone.
        "2" | "expired" => unrecognised("expired, not refunded yet"),
        other => unrecognised(&other.chars().take(20).collect::<String>()),
    }
}

/// `/sms/check`.
///
/// # Errors
/// The vendor refused or does not know the order, or the answer makes no sense.
pub fn status(response: &Response) -> Result<OrderStatus, ProviderError> {
    #[derive(Deserialize)]
    struct Check {
        status: Scalar,
        #[serde(default)]
        sms: Scalar,
        #[serde(default)]
        full_sms: Scalar,
        // As other endpoints name them.
        #[serde(default)]
        code: Scalar,
        #[serde(default)]
        full_code: Scalar,
    }
    let check: Check = match parse(response) {
        Ok(check) => check,
        Err(No::Refused(refusal)) if refusal.is_unknown_order() => {
            return Err(ProviderError::OrderNotFound);
        }
        Err(no) => return Err(no.into()),
    };
    let code = first(&check.sms, &check.code);
    Ok(order_status(&check.status, code, first(&check.full_sms, &check.full_code)))
}

fn first<'a>(one: &'a Scalar, other: &'a Scalar) -> &'a Scalar {
    if one.some().is_some() { one } else { other }
}

/// `/request/active` and `/request/history`. Text times are local to the vendor and not read.
/// One bad row spoils the list: an order that is left out would look as if it had vanished.
///
/// # Errors
/// The vendor refused, or this is no list of orders.
pub fn orders(response: &Response) -> Result<Vec<VendorOrder>, ProviderError> {
    #[derive(Deserialize)]
    struct Row {
        #[serde(default)]
        order_code: Scalar,
        #[serde(default)]
        order_id: Scalar,
        #[serde(default)]
        phonenumber: Scalar,
        #[serde(default)]
        code: Scalar,
        #[serde(default)]
        full_code: Scalar,
        #[serde(default)]
        sms: Scalar,
        #[serde(default)]
        full_sms: Scalar,
        #[serde(default)]
        short_name: Scalar,
        #[serde(default)]
        service: Scalar,
        #[serde(default)]
        status: Scalar,
        #[serde(default)]
        cost: Scalar,
        #[serde(default)]
        expiry: Scalar,
        #[serde(default)]
        expiration: Scalar,
    }
    let rows: Vec<Row> = parse(response)?;
    let row = |row: Row| {
        let id = first(&row.order_code, &row.order_id).some();
        let id = id.ok_or_else(|| ProviderError::Unreadable("a row names no order".to_owned()))?;
        let code = first(&row.code, &row.sms);
        Ok(VendorOrder {
            vendor_order_id: id.to_owned(),
            number: row.phonenumber.e164(),
            service: row.service.some().map(str::to_owned),
            country: row.short_name.some().map(str::to_ascii_uppercase),
            cost: row.cost.money(),
            status: order_status(&row.status, code, first(&row.full_code, &row.full_sms)),
            bought_at_ms: None,
            expires_at_ms: unix_ms(first(&row.expiry, &row.expiration)),
        })
    };
    rows.into_iter().map(row).collect()
}

/// `/sms/cancel`.
///
/// # Errors
/// A no that is neither "too early" nor "no such order": the order's state decides.
pub fn cancellation(response: &Response) -> Result<Cancellation, No> {
    match good(response) {
        // Success must be said: a good answer without the flag proves nothing.
        Ok(text) if refusal::says_success(text) => Ok(Cancellation::Cancelled),
        Ok(_) => Err(No::unreadable(response)),
        Err(No::Refused(refusal)) if refusal.is_too_early() => {
            Ok(Cancellation::TooEarly { retry_after_secs: Some(CANCEL_RETRY_SECS) })
        }
        Err(No::Refused(refusal)) if refusal.is_unknown_order() => Ok(Cancellation::NotFound),
        Err(no) => Err(no),
    }
}

/// `/sms/check_resend`: `None` when it is possible and free.
///
/// # Errors
/// The vendor does not know the order, or the answer makes no sense.
pub fn resend_terms(response: &Response) -> Result<Option<Resend>, ProviderError> {
    #[derive(Deserialize)]
    struct Terms {
        #[serde(default, rename = "resendCost")]
        resend_cost: Scalar,
    }
    let terms: Terms = match parse(response) {
        Ok(terms) => terms,
        Err(No::Refused(refusal)) => return refused_resend(&refusal).map(Some),
        Err(no) => return Err(no.into()),
    };
    let free = Money::from_cents(0);
    match terms.resend_cost.money() {
        Some(cost) if cost.is_above(&free) => Ok(Some(Resend::Priced { cost })),
        Some(_) => Ok(None),
        None => Err(ProviderError::Unreadable("the answer names no cost".to_owned())),
    }
}

/// `/sms/resend`. The order may go on under a new id.
///
/// # Errors
/// The vendor does not know the order, or the answer makes no sense.
pub fn resend(response: &Response, vendor_order_id: &str) -> Result<Resend, ProviderError> {
    #[derive(Deserialize)]
    struct Requested {
        #[serde(default)]
        order_id: Scalar,
        #[serde(default)]
        charge: Scalar,
    }
    let requested: Requested = match parse(response) {
        Ok(requested) => requested,
        // It may have been charged all the same.
        Err(No::Refused(refusal)) if refusal.is_vague() => {
            return Ok(Resend::Unclear { why: refusal.to_string() });
        }
        Err(No::Refused(refusal)) => return refused_resend(&refusal),
        Err(no) => return Err(no.into()),
    };
    // Success must be said: a good answer without the flag proves nothing.
    if !good(response).is_ok_and(refusal::says_success) {
        return Err(No::unreadable(response).into());
    }
    let free = Money::from_cents(0);
    Ok(Resend::Requested {
        vendor_order_id: requested.order_id.some().unwrap_or(vendor_order_id).to_owned(),
        cost: requested.charge.money().filter(|cost| cost.is_above(&free)),
    })
}

fn refused_resend(refusal: &Refusal) -> Result<Resend, ProviderError> {
    if refusal.is_unknown_order() {
        return Err(ProviderError::OrderNotFound);
    }
    Ok(Resend::Refused { reason: refusal.reason() })
}
