//! Starts what runs beside its caller. Any module of the engine may import it; the caller owns
//! what it is given and waits for it or ends it.
//!
//! Work is boxed before the runtime gets it. The runtime's own code is built once for every kind
//! of future it runs, and for both its schedulers: with a box it is built once for every kind of
//! answer, which is a good part of what the engine takes to build.

use std::future::Future;
use std::pin::Pin;

use tokio::task::{JoinHandle, JoinSet};

type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A task that its caller holds by the handle.
pub(crate) fn spawn<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    let work: Work<T> = Box::pin(work);
    tokio::spawn(work)
}

/// A task that belongs to a set, and ends with it.
pub(crate) fn spawn_in<T: Send + 'static>(
    set: &mut JoinSet<T>,
    work: impl Future<Output = T> + Send + 'static,
) {
    let work: Work<T> = Box::pin(work);
    set.spawn(work);
}

/// Work that holds its thread, on one of the threads that are there for it.
pub(crate) fn block<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let work: Box<dyn FnOnce() -> T + Send> = Box::new(work);
    tokio::task::spawn_blocking(work)
}
