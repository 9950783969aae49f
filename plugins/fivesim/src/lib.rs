//! Adapter for 5sim. A plugin: it imports only the SDK.
//!
//! This file holds the calls; how the vendor writes things down is in [`wire`]. Numbers are bought
//! from the operator `any` only, because the vendor ignores the highest price for every other.

pub mod wire;

use std::cell::RefCell;
use std::collections::BTreeMap;

use ring4_provider_sdk::{
    Call, Cancellation, Capabilities, Country, Manifest, Money, OrderStatus, Provider,
    ProviderError, Purchase, PurchaseRequest, Quote, QuoteRequest, Rate, RefusalReason, Request,
    Resend, Service, Setting, VendorOrder, decimal_setting, export_provider, secret,
};
use serde::Deserialize;

use crate::wire::No;

/// Rows of one page of orders, newest first; the vendor sends no more.
const PAGE_ROWS: usize = 100;

/// Pages of orders that are read; one call may send eight requests.
const PAGES_MAX: usize = 6;

/// An order lives for 15 minutes, so a page that ends with older ones was the last with any that
/// wait, in milliseconds. Twice as much, because clocks differ.
const WAITING_MS_MAX: i64 = 30 * 60 * 1_000;

/// The adapter's settings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The account's currency. The vendor does not tell and accounts differ, so there is no
    /// default.
    pub currency: String,
    /// What one unit of it is worth in dollars.
    #[serde(deserialize_with = "decimal_setting")]
    pub usd_per_unit: Option<String>,
}

/// The vendor's country names by ISO code.
type Slugs = BTreeMap<String, String>;

/// The adapter.
pub struct FiveSim {
    rate: Rate,
    /// Once they were read.
    slugs: RefCell<Option<Slugs>>,
}

export_provider!(FiveSim);

/// A request with our key.
fn with_key(path: &str) -> Request {
    public(path).bearer(secret("api_key"))
}

fn public(path: &str) -> Request {
    Request::get(path).header("accept", "application/json")
}

/// A name or id that may stand in a path: everything else leads to a web page.
fn segment(text: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    (!text.is_empty() && text.bytes().all(plain)).then_some(text)
}

impl FiveSim {
    async fn read_countries(&self, call: &Call) -> Result<Vec<Country>, ProviderError> {
        let rows = wire::countries(&call.http.send(public("/guest/countries")).await?)?;
        let mut slugs = Slugs::new();
        for row in &rows {
            slugs.entry(row.iso.clone()).or_insert_with(|| row.vendor_id.clone());
        }
        *self.slugs.borrow_mut() = Some(slugs);
        Ok(rows)
    }

    /// The vendor's name of a country, its list read on the first use.
    async fn country(&self, call: &Call, iso: &str) -> Result<Option<String>, ProviderError> {
        if self.slugs.borrow().is_none() {
            self.read_countries(call).await?;
        }
        Ok(self.slugs.borrow().as_ref().and_then(|slugs| slugs.get(iso)).cloned())
    }

    async fn about(&self, call: &Call, verb: &str, id: &str) -> Result<wire::Order, ProviderError> {
        let id = segment(id).ok_or(ProviderError::OrderNotFound)?;
        let request = with_key(&format!("/user/{verb}/{id}"));
        wire::order(&call.http.send(request).await?).map_err(ProviderError::from)
    }

    async fn page(&self, call: &Call, offset: usize) -> Result<wire::Page, ProviderError> {
        let request = with_key("/user/orders")
            .query("category", "activation")
            .query("limit", PAGE_ROWS.to_string())
            .query("offset", offset.to_string())
            .query("order", "id")
            .query("reverse", "true");
        let response = call.http.send(request).await?;
        let slugs = self.slugs.borrow();
        let iso = |slug: &str| {
            let known = slugs.iter().flatten().find(|(_, known)| known.as_str() == slug);
            known.map(|(iso, _)| iso.clone())
        };
        wire::page(&response, iso, self.rate)
    }
}

impl Provider for FiveSim {
    type Settings = Settings;

    fn manifest() -> Manifest {
        Manifest {
            base_url: Some("https://5sim.net/v1".to_owned()),
            secrets: vec!["api_key".to_owned()],
            capabilities: Capabilities {
                list_active: true,
                history: true,
                price_cap: true,
                resend: true,
                early_cancel_lock_secs: 0,
            },
            settings: vec![
                Setting::new("currency", "", "the account's currency, such as USD or RUB"),
                Setting::new(
                    "usd_per_unit",
                    "",
                    "dollars that one unit of the currency is worth; needed unless it is USD",
                ),
            ],
            ..Manifest::new("fivesim", env!("CARGO_PKG_VERSION"))
        }
    }

    fn new(settings: Settings) -> Result<Self, String> {
        let currency = settings.currency.as_str();
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err("currency: the account's currency, such as USD or RUB; the vendor does \
                        not tell it"
                .to_owned());
        }
        let rate = Rate::configured(currency, settings.usd_per_unit.as_deref())?;
        Ok(Self { rate, slugs: RefCell::default() })
    }

    async fn services(&self, call: &Call) -> Result<Vec<Service>, ProviderError> {
        wire::services(&call.http.send(public("/guest/products/any/any")).await?)
    }

    async fn countries(&self, call: &Call) -> Result<Vec<Country>, ProviderError> {
        self.read_countries(call).await
    }

    async fn quote(&self, call: &Call, request: &QuoteRequest) -> Result<Quote, ProviderError> {
        let Some(country) = self.country(call, &request.country).await? else {
            return Ok(Quote::Unavailable { reason: RefusalReason::Unsupported });
        };
        let product = request.service.as_str();
        let prices =
            public("/guest/prices").query("country", country.as_str()).query("product", product);
        wire::price(&call.http.send(prices).await?, &country, product, self.rate)
    }

    async fn buy(&self, call: &Call, request: &PurchaseRequest) -> Result<Purchase, ProviderError> {
        let refused = |reason| Ok(Purchase::Refused { reason, retry_after_secs: None });
        let (Some(cap), Some(product)) =
            (self.rate.cap(&request.max_price), segment(&request.service))
        else {
            return refused(RefusalReason::BadRequest);
        };
        let country = self.country(call, &request.country).await?;
        let Some(country) = country.as_deref().and_then(segment) else {
            return refused(RefusalReason::Unsupported);
        };
        let purchase = with_key(&format!("/user/buy/activation/{country}/any/{product}"))
            .query("maxPrice", cap.as_str())
            .once();
        Ok(wire::purchase(&call.http.send(purchase).await?, self.rate, &request.max_price))
    }

    async fn check(&self, call: &Call, id: &str) -> Result<OrderStatus, ProviderError> {
        Ok(self.about(call, "check", id).await?.status)
    }

    /// The vendor has one list for orders that wait and orders that are over, newest first.
    async fn list_active(&self, call: &Call) -> Result<Vec<VendorOrder>, ProviderError> {
        let mut orders = BTreeMap::new();
        for page in 0..PAGES_MAX {
            let wire::Page { rows, full } = self.page(call, page * PAGE_ROWS).await?;
            let eldest = rows.iter().filter_map(|row| row.bought_at_ms).min();
            let recent =
                eldest.is_none_or(|at| call.now_unix_ms.saturating_sub(at) < WAITING_MS_MAX);
            let known = orders.len();
            orders.extend(rows.into_iter().map(|row| (row.vendor_order_id.clone(), row)));
            if !full || !recent || orders.len() == known {
                break;
            }
        }
        Ok(orders.into_values().collect())
    }

    async fn history(&self, call: &Call) -> Result<Vec<VendorOrder>, ProviderError> {
        Ok(self.page(call, 0).await?.rows)
    }

    async fn cancel(&self, call: &Call, id: &str) -> Result<Cancellation, ProviderError> {
        let id = segment(id).ok_or(ProviderError::OrderNotFound)?;
        let request = with_key(&format!("/user/cancel/{id}")).once();
        let refusal = match wire::cancellation(&call.http.send(request).await?) {
            Ok(cancellation) => return Ok(cancellation),
            Err(No::Refused(refusal)) if refusal.is_about_order() => refusal,
            Err(no) => return Err(no.into()),
        };
        Ok(match self.about(call, "check", id).await?.status {
            OrderStatus::Received { .. } => Cancellation::HasSms,
            OrderStatus::Refunded | OrderStatus::Closed => Cancellation::AlreadyClosed,
            OrderStatus::Waiting | OrderStatus::Unrecognised { .. } => {
                Cancellation::Unclear { why: format!("refused, but not over: {refusal}") }
            }
        })
    }

    /// Nothing has to be asked for: further messages are added to an order until it ends.
    async fn resend(&self, call: &Call, id: &str) -> Result<Resend, ProviderError> {
        let order = self.about(call, "check", id).await?;
        if !order.open {
            return Ok(Resend::Refused { reason: RefusalReason::Other });
        }
        Ok(Resend::Requested { vendor_order_id: id.to_owned(), cost: None })
    }

    async fn balance(&self, call: &Call) -> Result<Money, ProviderError> {
        wire::balance(&call.http.send(with_key("/user/profile")).await?, self.rate)
    }
}

#[cfg(test)]
mod tests;
