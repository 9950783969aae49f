//! Requests a plugin asks for, and what came of them. The author's side and part of the contract.

use core::fmt;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use serde::{Deserialize, Serialize};

/// The methods a plugin may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Taken to be idempotent.
    Get,
    /// Taken not to be, unless the request says so.
    Post,
    /// Taken not to be, unless the request says so.
    Delete,
}

/// A secret by its name, which the engine fills in right before sending. The plugin never
/// learns it, so a request can be logged as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretRef {
    /// As in the manifest's `secrets`.
    pub secret: String,
    /// Stands before the secret, such as `Bearer `.
    #[serde(default)]
    pub prefix: String,
}

/// Names a secret of the manifest.
#[must_use]
pub fn secret(name: &str) -> SecretRef {
    SecretRef { secret: name.to_owned(), prefix: String::new() }
}

impl SecretRef {
    /// The same secret after a fixed text.
    #[must_use]
    pub fn prefixed(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }
}

/// The value of a header, a form field or a query parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldValue {
    /// As it is.
    Text(String),
    /// Filled in by the engine.
    Secret(SecretRef),
}

impl From<&str> for FieldValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for FieldValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<SecretRef> for FieldValue {
    fn from(secret: SecretRef) -> Self {
        Self::Secret(secret)
    }
}

/// What a request carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// URL-encoded form fields.
    Form(Vec<(String, FieldValue)>),
}

/// A request for the engine to perform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// A path such as `/sms/check`, appended to the provider's base URL; or an absolute address
    /// on a host of the manifest.
    pub url: String,
    /// What a path is appended to where neither the operator nor the manifest names a base URL:
    /// for a plugin whose settings choose among vendors. On a host of the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_base: Option<String>,
    /// Appended to the address, encoded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<(String, FieldValue)>,
    /// Further headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, FieldValue)>,
    /// The body.
    #[serde(default)]
    pub body: Body,
    /// Doing it twice is the same as doing it once, so the engine may repeat it.
    pub idempotent: bool,
}

impl Request {
    /// A request that only reads; the engine may repeat it.
    #[must_use]
    pub fn get(url: &str) -> Self {
        Self::new(Method::Get, url, true)
    }

    /// A request that is never repeated unless [`idempotent`](Self::idempotent) says so.
    #[must_use]
    pub fn post(url: &str) -> Self {
        Self::new(Method::Post, url, false)
    }

    fn new(method: Method, url: &str, idempotent: bool) -> Self {
        let (query, headers) = (Vec::new(), Vec::new());
        let (url, body) = (url.to_owned(), Body::Empty);
        Self { method, url, default_base: None, query, headers, body, idempotent }
    }

    /// Names the base URL for a manifest that has none.
    #[must_use]
    pub fn default_base(mut self, base_url: &str) -> Self {
        self.default_base = Some(base_url.to_owned());
        self
    }

    /// Says that the engine must not repeat the request: some vendors change things on GET.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.idempotent = false;
        self
    }

    /// Says that the engine may repeat the request: it only reads.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<FieldValue>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds `Authorization: Bearer <secret>`.
    #[must_use]
    pub fn bearer(self, secret: SecretRef) -> Self {
        self.header("authorization", secret.prefixed("Bearer "))
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl Into<FieldValue>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a form field.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl Into<FieldValue>) -> Self {
        let field = (name.to_owned(), value.into());
        match &mut self.body {
            Body::Form(fields) => fields.push(field),
            Body::Empty => self.body = Body::Form(vec![field]),
        }
        self
    }
}

/// What came of a request, without the body; crosses the border as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseHead {
    /// The vendor answered.
    Answered {
        /// HTTP status.
        status: u16,
        /// `Content-Type` as sent, lower case.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content_type: Option<String>,
        /// `Retry-After` in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_secs: Option<u32>,
    },
    /// No answer.
    Failed {
        /// Bytes may have reached the vendor.
        sent: bool,
        /// What went wrong, without addresses or secrets.
        why: String,
    },
}

/// The vendor's answer. HTTP success is not success: look at the body first.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type` as sent, lower case.
    pub content_type: Option<String>,
    /// `Retry-After` in seconds.
    pub retry_after_secs: Option<u32>,
    /// The raw body.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer with a status and a body, for tests.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, content_type: None, retry_after_secs: None, body: body.into() }
    }
}

impl fmt::Debug for Response {
    /// Leaves the body out: it may hold codes and numbers.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Response({}, {} bytes)", self.status, self.body.len())
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpError {
    /// Nothing left this machine.
    NotSent {
        /// What went wrong.
        why: String,
    },
    /// The request may have reached the vendor.
    Unanswered {
        /// What went wrong.
        why: String,
    },
}

impl fmt::Display for HttpError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent { why } => write!(out, "not sent: {why}"),
            Self::Unanswered { why } => write!(out, "sent, but not answered: {why}"),
        }
    }
}

impl std::error::Error for HttpError {}

/// Where a request waits to be carried over the border and its answer to be picked up.
#[derive(Debug, Default)]
pub(crate) enum Exchange {
    #[default]
    Idle,
    Wanted(Request),
    UnderWay,
    Arrived(Result<Response, HttpError>),
    /// Two requests at once, which one step cannot carry.
    Overlapped,
}

/// The way out. Its [`send`](Http::send) is the only thing a plugin may await.
#[derive(Clone, Debug, Default)]
pub struct Http {
    exchange: Rc<RefCell<Exchange>>,
}

impl Http {
    /// Has the engine perform the request. One at a time: joining two is an error of the call.
    ///
    /// # Errors
    /// There is no answer; the error says whether the request may have reached the vendor.
    pub fn send(&self, request: Request) -> impl Future<Output = Result<Response, HttpError>> {
        Sending { exchange: Rc::clone(&self.exchange), request: Some(request) }
    }

    pub(crate) fn replace(&self, next: Exchange) -> Exchange {
        self.exchange.replace(next)
    }
}

struct Sending {
    exchange: Rc<RefCell<Exchange>>,
    request: Option<Request>,
}

impl Future for Sending {
    type Output = Result<Response, HttpError>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let request = self.request.take();
        let mut exchange = self.exchange.borrow_mut();
        match (request, std::mem::take(&mut *exchange)) {
            (Some(request), Exchange::Idle) => *exchange = Exchange::Wanted(request),
            (Some(_), _) => *exchange = Exchange::Overlapped,
            (None, Exchange::Arrived(result)) => return Poll::Ready(result),
            (None, other) => *exchange = other,
        }
        Poll::Pending
    }
}
