//! One request to a Bot API server and its answer, every failure by name.
//! The sender and the intake use it; the middle makes it and may call what they do not cover.

mod failure;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use failure::CallError;
use failure::Parameters;

use crate::token::BotToken;

/// The official server.
pub const API_URL: &str = "https://api.telegram.org";

/// The largest answer read, in bytes. A hundred updates of the largest kind stay below it.
const ANSWER_BYTES_MAX: usize = 32 << 20;

/// How long connecting may take, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an idle connection is kept. Shorter than the server's own limit, so that a request
/// seldom meets a connection that is just being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// The time limit of a call that carries no file and does not poll.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(20);

/// What a client needs.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// The server, without the token: `https://api.telegram.org`. A path prefix is kept.
    pub api_url: String,
    /// The bot's token.
    pub token: BotToken,
    /// Idle connections kept open for the next calls.
    pub idle_connections_max: usize,
}

impl ClientOptions {
    /// The official server, 64 idle connections.
    #[must_use]
    pub fn new(token: BotToken) -> Self {
        Self { api_url: API_URL.to_owned(), token, idle_connections_max: 64 }
    }
}

/// The client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server's address is not an `http` or `https` URL.
    #[error("the Bot API address is not an http or https URL")]
    Address,
    /// The HTTP client could not be set up.
    #[error("setting up the HTTP client: {reason}")]
    Setup {
        /// What it said.
        reason: String,
    },
}

/// What a request carries. Cheap to clone, so that a retry serialises nothing again.
#[derive(Clone, Debug)]
pub enum Body {
    /// A JSON object.
    Json(Bytes),
    /// A form with one file.
    Upload(Upload),
}

impl Body {
    /// `payload` as JSON.
    ///
    /// # Errors
    /// [`CallError::Unencodable`] when it has no JSON form.
    pub fn json<T: Serialize + ?Sized>(payload: &T) -> Result<Self, CallError> {
        let text = serde_json::to_vec(payload)
            .map_err(|error| CallError::Unencodable { reason: error.to_string() })?;
        Ok(Self::Json(text.into()))
    }
}

/// A form with one file in it.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Plain fields: name, text.
    pub fields: Vec<(&'static str, String)>,
    /// The name of the file's field.
    pub part: &'static str,
    /// The name the file gets in the chat.
    pub file_name: String,
    /// The file.
    pub file: Bytes,
}

/// The bot itself, as `getMe` describes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Me {
    /// The bot's user id.
    pub id: i64,
    /// The name people see.
    pub first_name: String,
    /// The name without `@`, for links and for commands addressed to the bot.
    pub username: String,
}

/// A Bot API client. Clones share one pool of connections.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    /// The server's address up to and with the slash behind the token.
    base: String,
    token: BotToken,
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Client")
    }
}

impl Client {
    /// A client for one bot on one server. Nothing is sent yet.
    ///
    /// # Errors
    /// The address is no URL, or the HTTP client cannot be set up.
    pub fn new(options: ClientOptions) -> Result<Self, ClientError> {
        let address = reqwest::Url::parse(&options.api_url).map_err(|_| ClientError::Address)?;
        let host = match (address.scheme(), address.host_str()) {
            ("http" | "https", Some(host)) => host,
            _ => return Err(ClientError::Address),
        };
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(options.idle_connections_max)
            // The URL carries the token: it must not follow a redirect to another host.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("ring4/", env!("CARGO_PKG_VERSION")));
        if is_loopback(host) {
            builder = builder.no_proxy();
        }
        let http = builder
            .build()
            .map_err(|error| ClientError::Setup { reason: error.without_url().to_string() })?;
        let prefix = options.api_url.trim_end_matches('/');
        let base = format!("{prefix}/bot{}/", options.token.reveal());
        Ok(Self { inner: Arc::new(Inner { http, base, token: options.token }) })
    }

    /// Calls `method` with `payload` as JSON and reads the result.
    ///
    /// # Errors
    /// [`CallError`], one variant per thing a caller may do about it. Nothing is retried here.
    pub async fn call<T, R>(
        &self,
        method: &str,
        payload: &T,
        timeout: Duration,
    ) -> Result<R, CallError>
    where
        T: Serialize + ?Sized,
        R: DeserializeOwned,
    {
        self.post(method, Body::json(payload)?, timeout).await
    }

    /// Calls `method` with a body made before.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn post<R: DeserializeOwned>(
        &self,
        method: &str,
        body: Body,
        timeout: Duration,
    ) -> Result<R, CallError> {
        let request = self.inner.http.post(format!("{}{method}", self.inner.base)).timeout(timeout);
        let request = match body {
            Body::Json(text) => request
                .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .body(text),
            Body::Upload(upload) => request.multipart(form(upload)),
        };
        let mut response = request.send().await.map_err(|error| self.network(error))?;
        let status = response.status().as_u16();
        let text = self.read(&mut response).await?;
        decode(status, &text).map_err(|error| error.redacted(&self.inner.token))
    }

    /// The bot's own name; also the cheapest proof that address and token are right.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn get_me(&self) -> Result<Me, CallError> {
        self.call("getMe", &serde_json::Map::new(), CALL_TIMEOUT).await
    }

    /// Removes a webhook, keeping waiting updates, so that polling is allowed.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn delete_webhook(&self) -> Result<(), CallError> {
        #[derive(Serialize)]
        struct DeleteWebhook {
            drop_pending_updates: bool,
        }
        let payload = DeleteWebhook { drop_pending_updates: false };
        let _: bool = self.call("deleteWebhook", &payload, CALL_TIMEOUT).await?;
        Ok(())
    }

    async fn read(&self, response: &mut reqwest::Response) -> Result<Bytes, CallError> {
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.network(error))? {
            if first.is_empty() && rest.is_empty() {
                first = chunk;
                continue;
            }
            if rest.is_empty() {
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&chunk);
            if rest.len() > ANSWER_BYTES_MAX {
                return Err(CallError::Undecodable { reason: "the answer is too long".to_owned() });
            }
        }
        // Nearly every answer is one chunk, which is then used as it came.
        Ok(if rest.is_empty() { first } else { rest.freeze() })
    }

    fn network(&self, error: reqwest::Error) -> CallError {
        CallError::network(error).redacted(&self.inner.token)
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address: Option<std::net::IpAddr> = bare.parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

fn form(upload: Upload) -> reqwest::multipart::Form {
    use reqwest::multipart::{Form, Part};
    let length = u64::try_from(upload.file.len()).unwrap_or(u64::MAX);
    let file = Part::stream_with_length(upload.file, length).file_name(upload.file_name);
    let fields = upload.fields.into_iter();
    fields.fold(Form::new(), |form, (name, text)| form.text(name, text)).part(upload.part, file)
}

/// The frame of every answer.
#[derive(Deserialize)]
struct Answer<'a> {
    ok: bool,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    description: Option<String>,
    error_code: Option<u16>,
    parameters: Option<Parameters>,
}

fn decode<R: DeserializeOwned>(status: u16, text: &[u8]) -> Result<R, CallError> {
    let answer: Answer<'_> = match serde_json::from_slice(text) {
        Ok(answer) => answer,
        // A gateway in front of the server answers in its own words.
        Err(_) if status >= 500 => return Err(CallError::Server { code: status }),
        Err(error) => return Err(CallError::undecodable(status, &error)),
    };
    if !answer.ok {
        let code = answer.error_code.unwrap_or(status);
        let parameters = answer.parameters.unwrap_or_default();
        return Err(CallError::refusal(code, &answer.description.unwrap_or_default(), parameters));
    }
    let result = answer.result.map_or("null", RawValue::get);
    serde_json::from_str(result).map_err(|error| CallError::undecodable(status, &error))
}
