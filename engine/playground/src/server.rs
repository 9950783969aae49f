//! The HTTP server: accepts connections, routes requests, ends in bounded time. Only this crate.
//!
//! Connections are driven by hyper directly and not by `axum::serve`, because a playground must
//! be able to cut a connection instead of answering, which a plain axum handler cannot.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::bot_api;
use crate::world::World;

/// How many connections are served at once; further ones wait in the backlog.
const CONNECTIONS_MAX: usize = 4096;

/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// How long open requests may finish when the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// The pause after a failed accept, which mostly means too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Marks an answer that must not be sent: the connection is cut instead.
#[derive(Clone, Copy)]
struct HangUp;

#[derive(Debug, thiserror::Error)]
#[error("the connection was cut on demand")]
struct Cut;

/// An answer that cuts the connection.
pub(crate) fn hang_up() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(HangUp);
    response
}

/// Serves until the world's shutdown, then lets open requests finish for a moment.
pub(crate) async fn serve(listener: TcpListener, world: Arc<World>, router: Router) {
    let mut connections = JoinSet::new();
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        tokio::select! {
            () = world.shutdown.cancelled() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = accept(&listener, &permits) => {
                let Some((stream, permit)) = accepted else { continue };
                let (world, router) = (Arc::clone(&world), router.clone());
                connections.spawn(async move {
                    serve_connection(stream, world, router).await;
                    drop(permit);
                });
            }
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_TIMEOUT, drained).await.is_err() {
        connections.shutdown().await;
    }
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            // Answers are small and awaited one by one; Nagle's delay would only slow them.
            stream.set_nodelay(true).ok()?;
            Some((stream, permit))
        }
        Err(_) => {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn serve_connection(stream: TcpStream, world: Arc<World>, router: Router) {
    let shutdown = world.shutdown.clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        answer(Arc::clone(&world), router.clone(), request)
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        // An error here is a client that went away or a cut on demand; neither is news.
        _ = connection.as_mut() => {}
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn answer(
    world: Arc<World>,
    router: Router,
    request: hyper::Request<Incoming>,
) -> Result<Response, Cut> {
    // The Bot API is the hot path and its address is no plain path segment (`/bot<token>/…`),
    // so it does not go through the router.
    let path = request.uri().path().to_owned();
    let response = match path.strip_prefix("/bot") {
        Some(rest) if rest.contains('/') => {
            let request: Request = request.map(Body::new);
            bot_api::handle(world, rest, request).await
        }
        _ => match TowerToHyperService::new(router).call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
    };
    if response.extensions().get::<HangUp>().is_some() { Err(Cut) } else { Ok(response) }
}
