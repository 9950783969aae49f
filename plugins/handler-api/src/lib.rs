//! Adapter for the vendors that speak the sms-activate protocol (`handler_api.php`): HeroSMS,
//! GrizzlySMS, SMSBower, Tiger SMS and SMSHub. A plugin: it imports only the SDK.
//!
//! This file holds the calls; who differs how is in [`dialect`], how answers are written down in
//! [`wire`]. One configured provider is one vendor, chosen by the setting `dialect`.

mod countries;
pub mod dialect;
pub mod wire;

use std::cell::RefCell;
use std::collections::BTreeSet;

use ring4_provider_sdk::{
    Call, Cancellation, Capabilities, Country, Manifest, Money, OrderStatus, Provider,
    ProviderError, Purchase, PurchaseRequest, Quote, QuoteRequest, Rate, RefusalReason, Request,
    Resend, Response, Service, Setting, VendorOrder, decimal_setting, export_provider, secret,
};
use serde::Deserialize;

use crate::dialect::{CANCEL_LOCK_SECS, Currency, Dialect, Form, PATH};
use crate::wire::{Countries, No};

/// Rows of one page of active orders; vendors send no more.
const PAGE_ROWS: usize = 100;

/// Pages of active orders that are read; one call may send eight requests.
const PAGES_MAX: usize = 6;

/// The adapter's settings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Which vendor; there is no default, because a key would go to the wrong one.
    pub dialect: String,
    /// The account's currency; the vendor's usual one when absent.
    pub currency: Option<String>,
    /// What one unit of it is worth in dollars.
    #[serde(deserialize_with = "decimal_setting")]
    pub usd_per_unit: Option<String>,
}

/// The adapter.
pub struct HandlerApi {
    dialect: &'static Dialect,
    currency: Currency,
    rate: Rate,
    /// The vendor's country numbers, once they were read.
    countries: RefCell<Option<Countries>>,
}

export_provider!(HandlerApi);

impl HandlerApi {
    /// A request for one action. The vendors take their key in the address only.
    fn action(&self, action: &str) -> Request {
        Request::get(PATH)
            .default_base(self.dialect.base_url)
            .query("api_key", secret("api_key"))
            .query("action", action)
    }

    fn priced(&self, action: &str) -> Request {
        let request = self.action(action);
        if self.dialect.sends_currency {
            return request.query("currency", self.currency.number());
        }
        request
    }

    async fn set_status(
        &self,
        call: &Call,
        id: &str,
        status: &str,
    ) -> Result<Response, ProviderError> {
        let request = self.action("setStatus").query("id", id).query("status", status);
        Ok(call.http.send(request.once()).await?)
    }

    async fn look(&self, call: &Call, id: &str) -> Result<OrderStatus, ProviderError> {
        let action = match self.dialect.state {
            Form::Text => "getStatus",
            Form::Json => "getStatusV2",
        };
        wire::status(&call.http.send(self.action(action).query("id", id)).await?)
    }

    async fn read_countries(&self, call: &Call) -> Result<Vec<Country>, ProviderError> {
        let rows = wire::countries(&call.http.send(self.action("getCountries")).await?)?;
        *self.countries.borrow_mut() = Some(Countries::of(&rows));
        Ok(rows)
    }

    /// The vendor's number of a country, its list read on the first use.
    async fn country(&self, call: &Call, iso: &str) -> Result<Option<String>, ProviderError> {
        if self.countries.borrow().is_none() {
            self.read_countries(call).await?;
        }
        let known = self.countries.borrow();
        Ok(known.as_ref().and_then(|known| known.id(iso)).map(str::to_owned))
    }
}

impl Provider for HandlerApi {
    type Settings = Settings;

    fn manifest() -> Manifest {
        Manifest {
            hosts: dialect::hosts(),
            secrets: vec!["api_key".to_owned()],
            secret_in_query: true,
            capabilities: Capabilities {
                list_active: true,
                history: false,
                price_cap: true,
                resend: true,
                early_cancel_lock_secs: CANCEL_LOCK_SECS,
            },
            settings: vec![
                Setting::new(
                    "dialect",
                    "",
                    "the vendor: herosms, grizzlysms, smsbower, tigersms or smshub",
                ),
                Setting::new(
                    "currency",
                    "the vendor's usual one",
                    "the account's currency: USD, RUB or EUR",
                ),
                Setting::new(
                    "usd_per_unit",
                    "",
                    "dollars that one unit of the currency is worth; needed unless it is USD",
                ),
            ],
            ..Manifest::new("handler_api", env!("CARGO_PKG_VERSION"))
        }
    }

    fn new(settings: Settings) -> Result<Self, String> {
        let dialect = dialect::named(&settings.dialect)?;
        let currency = Currency::named(settings.currency.as_deref().unwrap_or(dialect.currency))?;
        let rate = Rate::configured(currency.code(), settings.usd_per_unit.as_deref())?;
        Ok(Self { dialect, currency, rate, countries: RefCell::default() })
    }

    async fn services(&self, call: &Call) -> Result<Vec<Service>, ProviderError> {
        wire::services(&call.http.send(self.action("getServicesList")).await?)
    }

    async fn countries(&self, call: &Call) -> Result<Vec<Country>, ProviderError> {
        self.read_countries(call).await
    }

    async fn quote(&self, call: &Call, request: &QuoteRequest) -> Result<Quote, ProviderError> {
        let Some(country) = self.country(call, &request.country).await? else {
            return Ok(Quote::Unavailable { reason: RefusalReason::Unsupported });
        };
        let service = request.service.as_str();
        let prices =
            self.priced("getPrices").query("service", service).query("country", country.as_str());
        wire::price(&call.http.send(prices).await?, &country, service, self.rate)
    }

    async fn buy(&self, call: &Call, request: &PurchaseRequest) -> Result<Purchase, ProviderError> {
        let refused = |reason| Ok(Purchase::Refused { reason, retry_after_secs: None });
        let Some(cap) = self.rate.cap(&request.max_price) else {
            return refused(RefusalReason::BadRequest);
        };
        let Some(country) = self.country(call, &request.country).await? else {
            return refused(RefusalReason::Unsupported);
        };
        let action = match self.dialect.purchase {
            Form::Text => "getNumber",
            Form::Json => "getNumberV2",
        };
        let purchase = self
            .priced(action)
            .query("service", request.service.as_str())
            .query("country", country)
            .query(self.dialect.cap, cap.as_str())
            .once();
        let response = call.http.send(purchase).await?;
        let (currency, cap) = (self.currency, &request.max_price);
        Ok(wire::purchase(&response, self.dialect, currency, self.rate, cap))
    }

    async fn check(&self, call: &Call, id: &str) -> Result<OrderStatus, ProviderError> {
        self.look(call, id).await
    }

    /// Reads pages until one is not full. A vendor that ignores the page's start sends the same
    /// rows again, which ends the reading too.
    async fn list_active(&self, call: &Call) -> Result<Vec<VendorOrder>, ProviderError> {
        if !self.dialect.lists_active {
            return Err(ProviderError::NotOffered);
        }
        let countries = self.countries.borrow().clone().unwrap_or_default();
        let mut seen = BTreeSet::new();
        let mut orders = Vec::new();
        for page in 0..PAGES_MAX {
            let request = self
                .action("getActiveActivations")
                .query("start", (page * PAGE_ROWS).to_string())
                .query("limit", PAGE_ROWS.to_string());
            let rows = wire::orders(&call.http.send(request).await?, &countries, self.rate)?;
            let (full, known) = (rows.len() >= PAGE_ROWS, orders.len());
            let new = |row: &VendorOrder| seen.insert(row.vendor_order_id.clone());
            orders.extend(rows.into_iter().filter(new));
            if !full || orders.len() == known {
                break;
            }
        }
        Ok(orders)
    }

    async fn cancel(&self, call: &Call, id: &str) -> Result<Cancellation, ProviderError> {
        let response = self.set_status(call, id, "8").await?;
        let no = match wire::cancellation(&response) {
            Ok(cancellation) => return Ok(cancellation),
            Err(No::Refused(refusal)) if refusal.meaning == wire::Meaning::NotCancellable => {
                refusal
            }
            Err(no) => return Err(no.into()),
        };
        Ok(match self.look(call, id).await? {
            OrderStatus::Received { .. } => Cancellation::HasSms,
            OrderStatus::Refunded | OrderStatus::Closed => Cancellation::AlreadyClosed,
            OrderStatus::Waiting | OrderStatus::Unrecognised { .. } => {
                Cancellation::Unclear { why: format!("refused, but not over: {no}") }
            }
        })
    }

    async fn resend(&self, call: &Call, id: &str) -> Result<Resend, ProviderError> {
        wire::resend(&self.set_status(call, id, "3").await?, id)
    }

    async fn balance(&self, call: &Call) -> Result<Money, ProviderError> {
        wire::balance(&call.http.send(self.priced("getBalance")).await?, self.rate)
    }
}

#[cfg(test)]
mod tests;
