//! Adapter for SMSPool. A plugin: it imports only the SDK.
//!
//! This file holds the calls; how the vendor writes things down is in [`wire`]. Account-wide
//! calls (cancel all, archive, clear cache) are left out on purpose.

pub mod wire;

use ring4_provider_sdk::{
    Call, Cancellation, Capabilities, Country, Manifest, Money, OrderStatus, Provider,
    ProviderError, Purchase, PurchaseRequest, Quote, QuoteRequest, RefusalReason, Request, Resend,
    Response, Service, Setting, VendorOrder, export_provider, secret,
};
use serde::Deserialize;

use crate::wire::No;

/// The vendor's cancel lock depends on the pool; the longest one seen, in seconds.
const CANCEL_LOCK_SECS: u32 = 132;

/// Rows asked for in the history, newest first; clients page by this many.
const HISTORY_ROWS: &str = "100";

/// Which pool a purchase takes.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PricingOption {
    /// The cheapest one.
    #[default]
    Cheapest,
    /// The one with the best success rate.
    Success,
}

/// The adapter's settings.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Which pool a purchase takes.
    pub pricing_option: PricingOption,
}

/// The adapter.
pub struct SmsPool {
    settings: Settings,
}

export_provider!(SmsPool);

/// A request with our key. The vendor takes it as a form field too, but a header is never logged
/// by anything between.
fn with_key(path: &str) -> Request {
    Request::post(path).bearer(secret("api_key"))
}

fn for_order(path: &str, vendor_order_id: &str) -> Request {
    with_key(path).field("orderid", vendor_order_id)
}

impl SmsPool {
    async fn look(&self, call: &Call, id: &str) -> Result<OrderStatus, ProviderError> {
        let response = call.http.send(for_order("/sms/check", id).idempotent()).await?;
        wire::status(&response)
    }

    async fn stock(&self, call: &Call, request: &QuoteRequest) -> Result<Response, ProviderError> {
        let stock = Request::post("/sms/stock")
            .field("country", request.country.as_str())
            .field("service", request.service.as_str())
            .idempotent();
        Ok(call.http.send(stock).await?)
    }
}

impl Provider for SmsPool {
    type Settings = Settings;

    fn manifest() -> Manifest {
        Manifest {
            base_url: Some("https://api.smspool.net".to_owned()),
            secrets: vec!["api_key".to_owned()],
            capabilities: Capabilities {
                list_active: true,
                history: true,
                price_cap: true,
                resend: true,
                early_cancel_lock_secs: CANCEL_LOCK_SECS,
            },
            settings: vec![Setting::new(
                "pricing_option",
                "cheapest",
                "which pool a purchase takes: `cheapest`, or `success` for the best rate",
            )],
            ..Manifest::new("smspool", env!("CARGO_PKG_VERSION"))
        }
    }

    fn new(settings: Settings) -> Result<Self, String> {
        Ok(Self { settings })
    }

    async fn services(&self, call: &Call) -> Result<Vec<Service>, ProviderError> {
        let response = call.http.send(Request::get("/service/retrieve_all")).await?;
        wire::services(&response)
    }

    async fn countries(&self, call: &Call) -> Result<Vec<Country>, ProviderError> {
        let response = call.http.send(Request::get("/country/retrieve_all")).await?;
        wire::countries(&response)
    }

    async fn quote(&self, call: &Call, request: &QuoteRequest) -> Result<Quote, ProviderError> {
        let price = Request::post("/request/price")
            .field("country", request.country.as_str())
            .field("service", request.service.as_str())
            .idempotent();
        let response = call.http.send(price).await?;
        let offered = wire::price(&response)?;
        let Quote::Offered { cost, high_cost, success_percent, .. } = offered else {
            return Ok(offered);
        };
        // The price says nothing about stock. Stock is advisory, so its lack is no error.
        let stock = wire::stock(&self.stock(call, request).await?);
        if stock == Some(0) {
            return Ok(Quote::Unavailable { reason: RefusalReason::OutOfStock });
        }
        Ok(Quote::Offered { cost, high_cost, stock, success_percent })
    }

    async fn buy(&self, call: &Call, request: &PurchaseRequest) -> Result<Purchase, ProviderError> {
        let pricing_option = match self.settings.pricing_option {
            PricingOption::Cheapest => "0",
            PricingOption::Success => "1",
        };
        let purchase = with_key("/purchase/sms")
            .field("country", request.country.as_str())
            .field("service", request.service.as_str())
            .field("max_price", request.max_price.as_str())
            .field("pricing_option", pricing_option);
        let response = call.http.send(purchase).await?;
        Ok(wire::purchase(&response, &request.max_price, call.now_unix_ms))
    }

    async fn check(&self, call: &Call, id: &str) -> Result<OrderStatus, ProviderError> {
        self.look(call, id).await
    }

    async fn list_active(&self, call: &Call) -> Result<Vec<VendorOrder>, ProviderError> {
        let response = call.http.send(with_key("/request/active").idempotent()).await?;
        wire::orders(&response)
    }

    async fn history(&self, call: &Call) -> Result<Vec<VendorOrder>, ProviderError> {
        let history = with_key("/request/history")
            .field("start", "0")
            .field("length", HISTORY_ROWS)
            .idempotent();
        wire::orders(&call.http.send(history).await?)
    }

    async fn cancel(&self, call: &Call, id: &str) -> Result<Cancellation, ProviderError> {
        let response = call.http.send(for_order("/sms/cancel", id)).await?;
        let no = match wire::cancellation(&response) {
            Ok(cancellation) => return Ok(cancellation),
            Err(No::Refused(refusal)) if !refusal.is_about_account() => refusal,
            Err(no) => return Err(no.into()),
        };
        // An order that is over is refused without a type, so its state decides.
        Ok(match self.look(call, id).await? {
            OrderStatus::Received { .. } => Cancellation::HasSms,
            OrderStatus::Refunded | OrderStatus::Closed => Cancellation::AlreadyClosed,
            OrderStatus::Waiting | OrderStatus::Unrecognised { .. } => {
                Cancellation::Unclear { why: format!("refused, but not over: {no}") }
            }
        })
    }

    async fn resend(&self, call: &Call, id: &str) -> Result<Resend, ProviderError> {
        let terms = call.http.send(for_order("/sms/check_resend", id).idempotent()).await?;
        if let Some(refused_or_priced) = wire::resend_terms(&terms)? {
            return Ok(refused_or_priced);
        }
        let response = call.http.send(for_order("/sms/resend", id)).await?;
        wire::resend(&response, id)
    }

    async fn balance(&self, call: &Call) -> Result<Money, ProviderError> {
        let response = call.http.send(with_key("/request/balance").idempotent()).await?;
        wire::balance(&response)
    }
}

#[cfg(test)]
mod tests;
