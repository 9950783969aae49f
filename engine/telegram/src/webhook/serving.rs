//! Connections, requests and what they are answered. Only the intake serves it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{Webhook, WebhookSecret};
use crate::intake::AcceptError;

/// Connections at the same time, over twice what Telegram opens at most; more wait in the
/// system's queue.
const CONNECTIONS_MAX: usize = 256;

/// The longest body, in bytes. A poll's answer with a hundred updates has 32 times this to fit in.
const BODY_BYTES_MAX: usize = 1 << 20;

/// How long the head of a request may take to come, and so how long a connection may be idle on
/// which the secret was shown.
const HEAD_WITHIN: Duration = Duration::from_secs(60);

/// How long the body may take to come.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// How long open requests may finish when the server stops, or their connection is to end.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// The pause after a failed accept, which mostly means too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The header that carries the secret.
const SECRET_HEADER: &str = "x-telegram-bot-api-secret-token";

/// Takes an update; when it returns, the update may be confirmed.
pub(crate) trait Taker: Send + Sync + 'static {
    /// Takes one update from its JSON text.
    fn take(
        self: &Arc<Self>,
        raw: Bytes,
    ) -> impl Future<Output = Result<(), AcceptError>> + Send + 'static;
}

struct Site<T> {
    taker: Arc<T>,
    path: String,
    secret: WebhookSecret,
    stranger_within: Duration,
}

/// Serves until `stop`, then lets open requests finish for a moment.
pub(crate) async fn serve<T: Taker>(webhook: Webhook, taker: Arc<T>, stop: CancellationToken) {
    let Webhook { options, path, listener } = webhook;
    let stranger_within = options.stranger_within;
    let site = Arc::new(Site { taker, path, secret: options.secret, stranger_within });
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = accept(&listener, &permits) => {
                let Some((stream, permit)) = accepted else { continue };
                let (site, stop) = (Arc::clone(&site), stop.clone());
                connections.spawn(async move {
                    serve_connection(stream, site, stop).await;
                    drop(permit);
                });
            }
        }
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    if timeout(STOP_WITHIN, finished).await.is_err() {
        connections.shutdown().await;
    }
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            stream.set_nodelay(true).ok()?;
            Some((stream, permit))
        }
        Err(error) => {
            tracing::warn!(%error, "the webhook takes no connection");
            sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn serve_connection<T: Taker>(
    stream: TcpStream,
    site: Arc<Site<T>>,
    stop: CancellationToken,
) {
    // Cancelled when the secret was shown.
    let known = CancellationToken::new();
    let stranger_within = site.stranger_within;
    let service = service_fn(|request| {
        let (site, known) = (Arc::clone(&site), known.clone());
        async move { Ok::<_, Infallible>(answer(&site, request, &known).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // The places are Telegram's: whoever only holds one makes room.
    let stranger = async {
        if timeout(stranger_within, known.cancelled()).await.is_ok() {
            std::future::pending().await
        }
    };
    // An error of a connection is a client that went away, which is no news.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stop.cancelled() => {}
        () = stranger => {}
    }
    connection.as_mut().graceful_shutdown();
    let _gone = timeout(STOP_WITHIN, connection).await;
}

/// Answers one request. Whoever does not know path, method and secret learns nothing else.
async fn answer<T: Taker>(
    site: &Site<T>,
    request: Request<Incoming>,
    known: &CancellationToken,
) -> Response<Full<Bytes>> {
    if request.uri().path() != site.path {
        return plain(StatusCode::NOT_FOUND, "not found\n");
    }
    if request.method() != Method::POST {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only POST\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    let shown = request.headers().get(SECRET_HEADER);
    if !shown.is_some_and(|shown| site.secret.is(shown.as_bytes())) {
        tracing::debug!("a post without the webhook's secret was refused");
        return plain(StatusCode::UNAUTHORIZED, "wrong secret token\n");
    }
    known.cancel();
    let raw = match read(request).await {
        Ok(raw) => raw,
        Err(response) => return response,
    };
    match site.taker.take(raw).await {
        Ok(()) => plain(StatusCode::OK, ""),
        Err(AcceptError::Unreadable) => plain(StatusCode::BAD_REQUEST, "not an update\n"),
        Err(error) => {
            tracing::warn!(%error, "an update is left with Telegram for now");
            plain(StatusCode::SERVICE_UNAVAILABLE, "not now\n")
        }
    }
}

async fn read(request: Request<Incoming>) -> Result<Bytes, Response<Full<Bytes>>> {
    let told = request.headers().get(CONTENT_LENGTH).and_then(|told| told.to_str().ok());
    let told: Option<usize> = told.and_then(|told| told.parse().ok());
    if told.is_some_and(|told| told > BODY_BYTES_MAX) {
        return Err(last(StatusCode::PAYLOAD_TOO_LARGE, "too long\n"));
    }
    let body = Limited::new(request.into_body(), BODY_BYTES_MAX).collect();
    match timeout(BODY_WITHIN, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(last(StatusCode::PAYLOAD_TOO_LARGE, "too long\n"))
        }
        Ok(Err(_)) => Err(last(StatusCode::BAD_REQUEST, "the body broke off\n")),
        Err(_) => Err(last(StatusCode::REQUEST_TIMEOUT, "the body did not come\n")),
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// An answer with which the connection ends, because its body was not read to the end.
fn last(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = plain(status, text);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
