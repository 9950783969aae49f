//! Performs plugins' requests: where to, how long, how often, with which secrets, and whether
//! bytes may have left the machine. The registry imports this; it is the only user of reqwest
//! in this crate.

mod address;
mod throttle;

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, redirect};
use ring4_provider_sdk::{Body, FieldValue, Method, Request, ResponseHead};
use tokio::time::{Instant, sleep_until, timeout_at};

pub(crate) use self::address::Reach;
use self::throttle::Throttle;
use crate::scrub::scrub;
use crate::secret::Secret;

/// Attempts at an idempotent request, the first one included.
const ATTEMPTS_MAX: u32 = 3;

/// The pause before the second attempt; doubled before the third.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// How long we keep quiet after "too many requests" without a time.
const HUSH_DEFAULT: Duration = Duration::from_secs(60);

/// The longest pause we let a vendor impose.
const HUSH_MAX: Duration = Duration::from_secs(600);

/// Form fields, query parameters and headers of one request, each.
const FIELDS_MAX: usize = 64;

/// A shorter secret would hide ordinary words of an answer.
const SECRET_LEN_MIN: usize = 6;

/// Bytes of all values of one request.
const VALUES_LEN_MAX: usize = 64 * 1024;

/// Headers that are the transport's own business.
const HEADERS_RESERVED: [&str; 5] =
    ["host", "content-length", "transfer-encoding", "connection", "upgrade"];

/// What one transport is made of.
pub(crate) struct TransportOptions {
    pub(crate) reach: Reach,
    pub(crate) secrets: BTreeMap<String, Secret>,
    pub(crate) secret_in_query: bool,
    pub(crate) connect_timeout: Duration,
    pub(crate) rate_per_sec: u32,
}

/// How one request may be performed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Whether a request that is marked as idempotent may be sent again.
    pub(crate) repeatable: bool,
    /// The longest answer, in bytes.
    pub(crate) body_len_max: usize,
    /// When the last attempt must have ended.
    pub(crate) deadline: Instant,
}

/// The way to one vendor.
pub(crate) struct Transport {
    client: Client,
    options: TransportOptions,
    throttle: Arc<Throttle>,
}

/// What came of a request: the head, and the raw body of an answer.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) head: ResponseHead,
    pub(crate) body: Vec<u8>,
    /// It was not sent because it wanted to go, or to carry a secret, where its manifest does
    /// not allow it.
    pub(crate) trespass: bool,
}

/// Why a request is not sent; safe to log.
struct Unsendable {
    why: String,
    trespass: bool,
}

impl From<String> for Unsendable {
    fn from(why: String) -> Self {
        Self { why, trespass: false }
    }
}

impl Unsendable {
    fn trespass(why: impl Into<String>) -> Self {
        Self { why: why.into(), trespass: true }
    }
}

impl Exchange {
    pub(crate) fn not_sent(why: impl Into<String>) -> Self {
        Self::failed(false, why.into())
    }

    pub(crate) fn unanswered(why: impl Into<String>) -> Self {
        Self::failed(true, why.into())
    }

    fn failed(sent: bool, why: String) -> Self {
        Self { head: ResponseHead::Failed { sent, why }, body: Vec::new(), trespass: false }
    }

    /// Worth another attempt: nobody answered, or the vendor is busy.
    fn is_passing(&self) -> bool {
        match &self.head {
            ResponseHead::Answered { status, .. } => matches!(status, 429 | 502..=504),
            ResponseHead::Failed { .. } => true,
        }
    }
}

impl Transport {
    pub(crate) fn new(options: TransportOptions) -> Result<Self, String> {
        let mut builder = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(options.connect_timeout)
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("ring4/", env!("CARGO_PKG_VERSION")));
        if options.reach.is_local() {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| chain(&error.without_url()))?;
        let throttle = Arc::new(Throttle::new(options.rate_per_sec));
        Ok(Self { client, options, throttle })
    }

    /// Goes on where another left off: the vendor's patience does not begin anew.
    pub(crate) fn succeed(&mut self, former: &Self) {
        self.throttle = Arc::clone(&former.throttle);
    }

    /// Performs a request.
    pub(crate) async fn perform(&self, request: &Request, terms: Terms) -> Exchange {
        let Terms { repeatable, body_len_max, deadline } = terms;
        let built = match self.build(request) {
            Ok(built) => built,
            Err(Unsendable { why, trespass }) => {
                return Exchange { trespass, ..Exchange::not_sent(why) };
            }
        };
        let attempts = if repeatable && request.idempotent { ATTEMPTS_MAX } else { 1 };
        let mut pause = RETRY_PAUSE;
        let mut last = None;
        for attempt in 1..=attempts {
            // A form's body can always be copied; what cannot is sent once.
            let Some(copy) = built.try_clone() else { break };
            let due = match self.throttle.reserve(deadline) {
                Ok(due) => due,
                Err(wait) => {
                    let secs = wait.as_secs().max(1);
                    let quiet = format!("the rate limit asks for {secs} s of quiet");
                    return last.unwrap_or_else(|| Exchange::not_sent(quiet));
                }
            };
            sleep_until(due).await;
            // From here on bytes may leave, so a time-out counts as sent unless reqwest knows
            // better.
            let exchange = match timeout_at(deadline, self.exchange(copy, body_len_max)).await {
                Ok(exchange) => exchange,
                Err(_) => Exchange::unanswered("no answer in time"),
            };
            let resume = Instant::now() + pause;
            if attempt == attempts || !exchange.is_passing() || resume >= deadline {
                return exchange;
            }
            last = Some(exchange);
            sleep_until(resume).await;
            pause *= 2;
        }
        last.unwrap_or_else(|| Exchange::not_sent("the request cannot be sent"))
    }

    async fn exchange(&self, request: reqwest::Request, body_len_max: usize) -> Exchange {
        let mut response = match self.client.execute(request).await {
            Ok(response) => response,
            Err(error) => {
                let sent = !(error.is_connect() || error.is_builder());
                let why = self.redacted(&chain(&error.without_url()));
                return Exchange::failed(sent, why);
            }
        };
        let status = response.status().as_u16();
        let text = |name| {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            value.map(str::to_ascii_lowercase)
        };
        // The date form of the header is not read: a vendor's clock is not ours.
        let retry_after_secs = text(RETRY_AFTER).and_then(|text| text.trim().parse().ok());
        let content_type = text(CONTENT_TYPE).map(|text| text.chars().take(100).collect());
        if status == 429 || (status == 503 && retry_after_secs.is_some()) {
            let asked = retry_after_secs.map(|secs| Duration::from_secs(u64::from(secs)));
            self.throttle.hush(asked.unwrap_or(HUSH_DEFAULT).min(HUSH_MAX));
        }
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(None) => break,
                Ok(Some(chunk)) if body.len() + chunk.len() > body_len_max => {
                    let why = format!("the answer is over {body_len_max} bytes long");
                    return Exchange::unanswered(why);
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Err(error) => {
                    return Exchange::unanswered(self.redacted(&chain(&error.without_url())));
                }
            }
        }
        self.hide_secrets(&mut body);
        let head = ResponseHead::Answered { status, content_type, retry_after_secs };
        Exchange { head, body, trespass: false }
    }

    /// Puts secrets in and checks everything a plugin may have got wrong. Errors are safe to log.
    fn build(&self, request: &Request) -> Result<reqwest::Request, Unsendable> {
        check_size(request)?;
        let default = request.default_base.as_deref();
        let resolved = self.options.reach.resolve(&request.url, default);
        let mut url = resolved.map_err(|error| Unsendable {
            why: error.to_string(),
            trespass: error.is_trespass(),
        })?;
        if !request.query.is_empty() {
            let mut pairs = url.query_pairs_mut();
            for (name, value) in &request.query {
                if matches!(value, FieldValue::Secret(_)) && !self.options.secret_in_query {
                    let why = "a secret in the address is not in the manifest";
                    return Err(Unsendable::trespass(why));
                }
                pairs.append_pair(name, &self.value(value)?);
            }
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| "a header's name is not allowed".to_owned())?;
            if HEADERS_RESERVED.contains(&name.as_str()) {
                let why = format!("the header {name} is not the plugin's to set");
                return Err(Unsendable::trespass(why));
            }
            let mut value = HeaderValue::from_str(&self.value(value)?)
                .map_err(|_| format!("the value of the header {name} is not allowed"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut builder = self.client.request(method, url).headers(headers);
        if let Body::Form(fields) = &request.body {
            let filled: Result<Vec<_>, Unsendable> = fields
                .iter()
                .map(|(name, value)| Ok((name.as_str(), self.value(value)?)))
                .collect();
            builder = builder.form(&filled?);
        }
        builder.build().map_err(|error| self.redacted(&chain(&error.without_url())).into())
    }

    fn value(&self, value: &FieldValue) -> Result<String, Unsendable> {
        match value {
            FieldValue::Text(text) => Ok(text.clone()),
            FieldValue::Secret(named) => {
                let secret = self.options.secrets.get(&named.secret);
                let secret = secret.ok_or_else(|| {
                    Unsendable::trespass("the request names a secret that is not configured")
                })?;
                Ok(format!("{}{}", named.prefix, secret.expose()))
            }
        }
    }

    /// A vendor that repeats our key in its answer does not tell it to the plugin: what a plugin
    /// never sees cannot stand in an error or a log of its.
    fn hide_secrets(&self, body: &mut [u8]) {
        for secret in self.options.secrets.values() {
            let secret = secret.expose().as_bytes();
            if secret.len() < SECRET_LEN_MIN {
                continue;
            }
            let found: Vec<usize> = memchr::memmem::find_iter(body, secret).collect();
            for at in found {
                if let Some(found) = body.get_mut(at..at + secret.len()) {
                    found.fill(b'*');
                }
            }
        }
    }

    /// A text without any secret of this provider, scrubbed.
    fn redacted(&self, text: &str) -> String {
        let hide = |text: String, secret: &Secret| match secret.expose() {
            "" => text,
            exposed => text.replace(exposed, "…"),
        };
        scrub(&self.options.secrets.values().fold(text.to_owned(), hide))
    }
}

fn check_size(request: &Request) -> Result<(), String> {
    let none = Vec::new();
    let form = match &request.body {
        Body::Form(fields) => fields,
        Body::Empty => &none,
    };
    let lists = [&request.query, &request.headers, form];
    let len = |(name, value): &(String, FieldValue)| match value {
        FieldValue::Text(text) => name.len() + text.len(),
        FieldValue::Secret(named) => name.len() + named.prefix.len(),
    };
    let bytes: usize = lists.iter().flat_map(|list| list.iter()).map(len).sum();
    if lists.iter().any(|list| list.len() > FIELDS_MAX) || bytes > VALUES_LEN_MAX {
        return Err("the request is too large".to_owned());
    }
    Ok(())
}

/// An error with its causes; reqwest's own text says little more than "error sending request".
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
