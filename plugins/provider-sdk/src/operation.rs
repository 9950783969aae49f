//! One call under way: polls the author's future and turns each suspension into a step. Used by
//! the export glue and the test kit.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use serde::{Deserialize, Serialize};

use crate::http::{Exchange, Http, HttpError, Request, Response};
use crate::provider::{Call, Op, Provider, ProviderError, dispatch};
use crate::vocabulary::{Answer, Invocation};

/// What the engine is to do next; crosses the border as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Perform this request and resume.
    Send(Request),
    /// The call is over.
    Done(Answer),
    /// The call is over without an answer.
    Failed(ProviderError),
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<Answer, ProviderError>> + 'a>>;

/// A call under way.
pub(crate) struct Operation<'a> {
    running: Option<Running<'a>>,
    http: Http,
}

impl<'a> Operation<'a> {
    /// Starts a call; nothing runs before the first [`advance`](Self::advance). `provider` is a
    /// reference in tests and a counted pointer behind the border.
    pub(crate) fn start<P, R>(provider: R, invocation: Invocation) -> Self
    where
        P: Provider,
        R: std::ops::Deref<Target = P> + 'a,
    {
        let http = Http::default();
        let call = Call { now_unix_ms: invocation.now_unix_ms, http: http.clone() };
        let op: Op = invocation.op;
        let running = Box::pin(async move { dispatch(&*provider, &call, &op).await });
        Self { running: Some(running), http }
    }

    /// Hands in what came of the last request.
    pub(crate) fn arrive(&self, result: Result<Response, HttpError>) {
        self.http.replace(Exchange::Arrived(result));
    }

    /// Runs the author's code up to its next suspension or its end. A panic passes through; the
    /// operation is over after it.
    pub(crate) fn advance(&mut self) -> Step {
        let fault = |why: &str| Step::Failed(ProviderError::Fault(why.to_owned()));
        // Taken out first, so that a panic leaves nothing that could be polled again.
        let Some(mut running) = self.running.take() else {
            return fault("the call is already over");
        };
        let mut context = Context::from_waker(Waker::noop());
        match running.as_mut().poll(&mut context) {
            Poll::Ready(Ok(answer)) => Step::Done(answer),
            Poll::Ready(Err(error)) => Step::Failed(error),
            Poll::Pending => match self.http.replace(Exchange::UnderWay) {
                Exchange::Wanted(request) => {
                    self.running = Some(running);
                    Step::Send(request)
                }
                Exchange::Overlapped => {
                    fault("it sent two requests at once; await them one after the other")
                }
                Exchange::Idle | Exchange::UnderWay | Exchange::Arrived(_) => {
                    fault("it awaited something else than http.send")
                }
            },
        }
    }
}
