//! The smallest correct provider plugin. Copy this folder, rename the package to
//! `provider-<vendor>`, and replace the vendor.
//!
//! The vendor here is invented. It takes form fields, wants its key in a header and answers
//! JSON: `POST /buy`, `POST /order`, `POST /cancel`, `GET /balance`, `GET /price`.
//!
//! To use it: build it, put the shared library beside the engine, and configure
//!
//! ```yaml
//! providers:
//!   acme:
//!     plugin: minimal_plugin
//!     settings: { lifetime_secs: 900 }
//! ```

use ring4_provider_sdk::scalar::Scalar;
use ring4_provider_sdk::{
    Call, Cancellation, Country, Manifest, Message, Money, OrderStatus, Provider, ProviderError,
    Purchase, PurchaseRequest, Quote, QuoteRequest, RefusalReason, Request, Response, Service,
    Setting, export_provider, secret,
};
use serde::Deserialize;

/// The `settings` of this provider. Every field needs a default; keys that `manifest` does not
/// list are refused before this type sees them.
#[derive(Deserialize)]
#[serde(default)]
pub struct Settings {
    /// How long the vendor keeps an order open, in seconds; it does not say so itself.
    pub lifetime_secs: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { lifetime_secs: 900 }
    }
}

/// The provider. It lives on one thread, so `Cell` and `RefCell` would be fine here.
pub struct Acme {
    settings: Settings,
}

// Exports the one symbol the engine looks for.
export_provider!(Acme);

/// What the vendor answers. `Scalar` takes text and numbers alike and never rounds: vendors
/// change their minds about types.
#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    error: Scalar,
    #[serde(default)]
    id: Scalar,
    #[serde(default)]
    phone: Scalar,
    #[serde(default)]
    price: Scalar,
    #[serde(default)]
    balance: Scalar,
    #[serde(default)]
    state: Scalar,
    #[serde(default)]
    code: Scalar,
    #[serde(default)]
    text: Scalar,
}

/// Reads an answer, or says what it is instead. Never put the body into an error: it may hold a
/// customer's code.
fn read(response: &Response) -> Result<Reply, ProviderError> {
    let unreadable = || ProviderError::Unreadable(format!("HTTP {}", response.status));
    if response.status != 200 {
        return Err(unreadable());
    }
    let reply: Reply = serde_json::from_slice(&response.body).map_err(|_| unreadable())?;
    match reply.error.text() {
        "" => Ok(reply),
        "no such order" => Err(ProviderError::OrderNotFound),
        // An explicit no. Name what you know; what you do not know is `Other`.
        "no numbers" => Err(ProviderError::refused(RefusalReason::OutOfStock)),
        "too expensive" => Err(ProviderError::refused(RefusalReason::PriceTooHigh)),
        "no money" => Err(ProviderError::refused(RefusalReason::BalanceLow)),
        "bad key" => Err(ProviderError::refused(RefusalReason::AuthFailed)),
        _ => Err(ProviderError::refused(RefusalReason::Other)),
    }
}

/// A request with our key. The plugin never sees the key: the engine writes it in place of
/// `secret("api_key")`, and only on the way to this vendor.
fn post(path: &str) -> Request {
    Request::post(path).header("x-api-key", secret("api_key"))
}

fn amount(scalar: &Scalar) -> Result<Money, ProviderError> {
    scalar.money().ok_or_else(|| ProviderError::Unreadable("no amount".to_owned()))
}

impl Provider for Acme {
    type Settings = Settings;

    fn manifest() -> Manifest {
        Manifest {
            // Paths in requests are appended to this; the operator can configure another.
            base_url: Some("https://api.acme.example".to_owned()),
            secrets: vec!["api_key".to_owned()],
            settings: vec![Setting::new("lifetime_secs", "900", "life of an order, seconds")],
            ..Manifest::new("minimal", env!("CARGO_PKG_VERSION"))
        }
    }

    fn new(settings: Settings) -> Result<Self, String> {
        if settings.lifetime_secs == 0 {
            return Err("lifetime_secs is zero".to_owned());
        }
        Ok(Self { settings })
    }

    async fn services(&self, _: &Call) -> Result<Vec<Service>, ProviderError> {
        let name = "Telegram".to_owned();
        Ok(vec![Service { vendor_id: "tg".to_owned(), name }])
    }

    async fn countries(&self, _: &Call) -> Result<Vec<Country>, ProviderError> {
        let (vendor_id, iso) = ("US".to_owned(), "US".to_owned());
        Ok(vec![Country { vendor_id, iso, name: "United States".to_owned() }])
    }

    async fn quote(&self, call: &Call, request: &QuoteRequest) -> Result<Quote, ProviderError> {
        // `get` says that the engine may repeat the request after a hiccup.
        let price = Request::get("/price")
            .query("service", request.service.as_str())
            .query("country", request.country.as_str());
        let reply = read(&call.http.send(price).await?)?;
        let cost = amount(&reply.price)?;
        Ok(Quote::Offered { cost, high_cost: None, stock: None, success_percent: None })
    }

    async fn buy(&self, call: &Call, request: &PurchaseRequest) -> Result<Purchase, ProviderError> {
        // `post` is sent once. A time-out here becomes an unclear purchase by itself: `?` is
        // enough, because the engine knows whether the request left the machine.
        let purchase = post("/buy")
            .field("service", request.service.as_str())
            .field("country", request.country.as_str())
            .field("max_price", request.max_price.as_str());
        let reply = read(&call.http.send(purchase).await?)?;
        let (Some(id), Some(phone)) = (reply.id.some(), reply.phone.some()) else {
            return Ok(Purchase::Unclear { why: "no order in the answer".to_owned() });
        };
        let lifetime_ms = i64::from(self.settings.lifetime_secs) * 1_000;
        Ok(Purchase::Bought {
            vendor_order_id: id.to_owned(),
            number: format!("+{}", phone.trim_start_matches('+')),
            cost: amount(&reply.price)?,
            expires_at_ms: Some(call.now_unix_ms.saturating_add(lifetime_ms)),
        })
    }

    async fn check(&self, call: &Call, id: &str) -> Result<OrderStatus, ProviderError> {
        let check = post("/order").field("id", id).idempotent();
        let reply = read(&call.http.send(check).await?)?;
        Ok(match reply.state.text() {
            "waiting" => OrderStatus::Waiting,
            "done" => {
                let own = |scalar: &Scalar| scalar.some().map(str::to_owned);
                let (code, text) = (own(&reply.code), own(&reply.text));
                OrderStatus::Received {
                    messages: vec![Message { code, text, received_at_ms: None }],
                }
            }
            "refunded" => OrderStatus::Refunded,
            // A state you do not know is never an end: the engine asks again.
            other => OrderStatus::Unrecognised { raw: other.to_owned() },
        })
    }

    async fn cancel(&self, call: &Call, id: &str) -> Result<Cancellation, ProviderError> {
        let reply = read(&call.http.send(post("/cancel").field("id", id)).await?)?;
        Ok(match reply.state.text() {
            "refunded" => Cancellation::Cancelled,
            "waiting" => Cancellation::TooEarly { retry_after_secs: None },
            "done" => Cancellation::HasSms,
            _ => Cancellation::Unclear { why: "an unknown state".to_owned() },
        })
    }

    async fn balance(&self, call: &Call) -> Result<Money, ProviderError> {
        let balance = Request::get("/balance").header("x-api-key", secret("api_key"));
        amount(&read(&call.http.send(balance).await?)?.balance)
    }
}

#[cfg(test)]
mod tests {
    //! A plugin is tested without the engine and without a network: `run` hands every request to
    //! a closure that plays the vendor.

    use ring4_provider_sdk::testing::{create, run};
    use ring4_provider_sdk::{Answer, HttpError, Op};
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_760_000_000_000;

    fn buy(body: &str) -> Result<Answer, ProviderError> {
        let acme: Acme = create(&json!({"lifetime_secs": 60})).expect("good settings");
        let max_price = Money::from_cents(50);
        let (service, country) = ("tg".to_owned(), "US".to_owned());
        let op = Op::Buy(PurchaseRequest { service, country, max_price });
        run(&acme, NOW, op, |request| {
            assert_eq!(request.url, "/buy");
            Ok(Response::new(200, body))
        })
    }

    #[test]
    fn a_number_is_bought() {
        let bought = buy(r#"{"id": 7, "phone": "12015550100", "price": 0.2}"#);
        let Ok(Answer::Purchase(Purchase::Bought { number, expires_at_ms, .. })) = bought else {
            panic!("{bought:?}")
        };
        assert_eq!((number.as_str(), expires_at_ms), ("+12015550100", Some(NOW + 60_000)));
    }

    #[test]
    fn a_no_is_a_no_and_nonsense_is_not() {
        let refused = ProviderError::refused(RefusalReason::OutOfStock);
        assert_eq!(buy(r#"{"error": "no numbers"}"#), Err(refused));
        assert!(matches!(buy("<html>"), Err(ProviderError::Unreadable(_))));
        assert!(matches!(buy("{}"), Ok(Answer::Purchase(Purchase::Unclear { .. }))));
    }

    #[test]
    fn a_request_that_did_not_leave_is_an_error() {
        let acme: Acme = create(&json!({})).expect("good settings");
        let refused = |_: &Request| Err(HttpError::NotSent { why: "refused".to_owned() });
        let got = run(&acme, NOW, Op::Check("7".to_owned()), refused);
        assert_eq!(got, Err(ProviderError::NotSent("refused".to_owned())));
    }
}
