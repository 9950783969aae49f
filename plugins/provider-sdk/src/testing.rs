//! Runs a provider without the engine and without a network, for the tests of plugins.

use std::path::Path;
use std::{fs, io};

use crate::http::{HttpError, Request, Response};
use crate::operation::{Operation, Step};
use crate::provider::{self, Op, Provider, ProviderError};
use crate::vocabulary::{Answer, Invocation};

/// Steps after which the engine gives up on a call.
pub const STEPS_MAX: usize = 8;

/// Makes a provider from its settings as the engine would, unknown keys refused.
///
/// # Errors
/// What the operator would read.
pub fn create<P: Provider>(settings: &serde_json::Value) -> Result<P, String> {
    provider::create(settings.to_string().as_bytes())
}

/// Runs one call to its end; `vendor` answers the requests.
///
/// # Errors
/// The call's own error, or a fault after more than [`STEPS_MAX`] requests.
pub fn run<P: Provider>(
    provider: &P,
    now_unix_ms: i64,
    op: Op,
    mut vendor: impl FnMut(&Request) -> Result<Response, HttpError>,
) -> Result<Answer, ProviderError> {
    let mut operation = Operation::start(provider, Invocation { now_unix_ms, op });
    for _ in 0..=STEPS_MAX {
        match operation.advance() {
            Step::Done(answer) => return Ok(answer),
            Step::Failed(error) => return Err(error),
            Step::Send(request) => operation.arrive(vendor(&request)),
        }
    }
    Err(ProviderError::Fault("it sent too many requests".to_owned()))
}

/// Runs a call that must not send anything.
///
/// # Errors
/// As [`run`]; a request fails as not sent.
pub fn run_offline<P: Provider>(
    provider: &P,
    now_unix_ms: i64,
    op: Op,
) -> Result<Answer, ProviderError> {
    let nobody = |_: &Request| Err(HttpError::NotSent { why: "there is no network".to_owned() });
    run(provider, now_unix_ms, op, nobody)
}

/// Statuses that every fixture is answered with: good, redirected, missing, refused, too often,
/// failing.
const STATUSES: [u16; 6] = [200, 302, 404, 422, 429, 503];

/// The answers kept in a folder, each as it is.
///
/// # Errors
/// The folder or a file in it cannot be read.
pub fn fixtures(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
    let files = fs::read_dir(folder)?;
    files.map(|file| fs::read(file?.path())).collect()
}

/// Asks a provider all of these questions, each with every one of these answers, whatever
/// question an answer belongs to. None may be a fault, and none that comes with a failing status
/// may prove what became of an order.
///
/// # Errors
/// The first question and answer for which that does not hold.
pub fn survive_any_answer<P: Provider>(
    provider: &P,
    now_unix_ms: i64,
    ops: &[Op],
    answers: &[Vec<u8>],
) -> Result<(), String> {
    for (body, status) in answers.iter().flat_map(|body| STATUSES.map(|status| (body, status))) {
        for op in ops {
            let vendor = |_: &Request| Ok(Response::new(status, body.clone()));
            let said = run(provider, now_unix_ms, op.clone(), vendor);
            let failed = matches!(status, 302 | 503);
            let proven = matches!(said, Ok(Answer::Cancellation(_) | Answer::Status(_)));
            if matches!(said, Err(ProviderError::Fault(_))) || (failed && proven) {
                let body = String::from_utf8_lossy(body);
                return Err(format!("{op:?} at {status} makes {said:?} of {body}"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::pin;
    use std::task::Poll;

    use serde_json::json;

    use super::*;
    use crate::{
        Call, Cancellation, Country, Manifest, Money, OrderStatus, Purchase, PurchaseRequest,
        Quote, QuoteRequest, RefusalReason, Service, Setting,
    };

    /// A provider whose calls show one thing each.
    struct Sample {
        calls: Cell<u32>,
    }

    #[derive(serde::Deserialize)]
    #[serde(default)]
    struct Settings {
        calls: u32,
    }

    impl Default for Settings {
        fn default() -> Self {
            Self { calls: 7 }
        }
    }

    impl Provider for Sample {
        type Settings = Settings;

        fn manifest() -> Manifest {
            let settings = vec![Setting::new("calls", "7", "calls so far")];
            Manifest { settings, ..Manifest::new("sample", "1.0.0") }
        }

        fn new(settings: Settings) -> Result<Self, String> {
            match settings.calls {
                0 => Err("calls is zero".to_owned()),
                calls => Ok(Self { calls: Cell::new(calls) }),
            }
        }

        async fn services(&self, call: &Call) -> Result<Vec<Service>, ProviderError> {
            // Two requests, one after the other; the second depends on the first.
            let first = call.http.send(Request::get("/first")).await?;
            let path = format!("/{}", first.status);
            let second = call.http.send(Request::get(&path)).await?;
            let name = String::from_utf8_lossy(&second.body).into_owned();
            Ok(vec![Service { vendor_id: call.now_unix_ms.to_string(), name }])
        }

        async fn countries(&self, _: &Call) -> Result<Vec<Country>, ProviderError> {
            std::future::pending().await
        }

        async fn quote(&self, call: &Call, _: &QuoteRequest) -> Result<Quote, ProviderError> {
            let mut one = pin!(call.http.send(Request::get("/one")));
            let mut two = pin!(call.http.send(Request::get("/two")));
            std::future::poll_fn(|context| {
                let _ = one.as_mut().poll(context);
                two.as_mut().poll(context).map(drop)
            })
            .await;
            Ok(Quote::Unavailable { reason: RefusalReason::Other })
        }

        async fn buy(&self, _: &Call, _: &PurchaseRequest) -> Result<Purchase, ProviderError> {
            Err(ProviderError::NotOffered)
        }

        async fn check(&self, call: &Call, _: &str) -> Result<OrderStatus, ProviderError> {
            // A second look at the same request must not hang.
            let mut look = Box::pin(call.http.send(Request::get("/look")));
            std::future::poll_fn(|context| {
                if look.as_mut().poll(context).is_ready() {
                    return Poll::Ready(());
                }
                look.as_mut().poll(context).map(drop)
            })
            .await;
            Ok(OrderStatus::Waiting)
        }

        async fn cancel(&self, call: &Call, _: &str) -> Result<Cancellation, ProviderError> {
            loop {
                call.http.send(Request::post("/again")).await?;
            }
        }

        async fn balance(&self, _: &Call) -> Result<Money, ProviderError> {
            self.calls.set(self.calls.get() + 1);
            Ok(Money::from_cents(self.calls.get()))
        }
    }

    fn sample() -> Sample {
        create(&json!({})).expect("good settings")
    }

    #[test]
    fn requests_follow_each_other_and_carry_their_answers() {
        let mut paths = Vec::new();
        let answer = run(&sample(), 5, Op::Services, |request| {
            paths.push(request.url.clone());
            Ok(Response::new(204, "body"))
        });
        let (vendor_id, name) = ("5".to_owned(), "body".to_owned());
        assert_eq!(answer, Ok(Answer::Services(vec![Service { vendor_id, name }])));
        assert_eq!(paths, ["/first", "/204"]);
    }

    #[test]
    fn a_missing_answer_ends_the_call_unless_it_is_caught() {
        let unanswered = |_: &Request| Err(HttpError::Unanswered { why: "closed".to_owned() });
        let got = run(&sample(), 0, Op::Services, unanswered);
        assert_eq!(got, Err(ProviderError::Unanswered("closed".to_owned())));
        let got = run_offline(&sample(), 0, Op::Services);
        assert!(matches!(got, Err(ProviderError::NotSent(_))), "{got:?}");
    }

    #[test]
    fn what_must_not_be_awaited_is_a_fault_and_not_a_hang() {
        let fault = |op: Op| match run(&sample(), 0, op, |_| Ok(Response::new(200, ""))) {
            Err(ProviderError::Fault(why)) => why,
            other => panic!("{other:?}"),
        };
        assert!(fault(Op::Countries).contains("something else than http.send"));
        let quote = QuoteRequest { service: String::new(), country: String::new() };
        assert!(fault(Op::Quote(quote)).contains("two requests at once"));
        assert!(fault(Op::Cancel(String::new())).contains("too many requests"));
    }

    #[test]
    fn what_does_not_survive_any_answer_is_named() {
        let answers = [b"{}".to_vec()];
        let asked = |op: Op| survive_any_answer(&sample(), 0, &[op], &answers);
        assert_eq!(asked(Op::Services), Ok(()));
        let fault = asked(Op::Countries).err().unwrap_or_default();
        assert!(fault.contains("Countries at 200 makes Err(Fault"), "{fault}");
        // Waiting, whatever the vendor said: a failing status proves nothing.
        let proof = asked(Op::Check(String::new())).err().unwrap_or_default();
        assert!(proof.contains("at 302 makes Ok(Status(Waiting))"), "{proof}");
    }

    #[test]
    fn a_request_may_be_polled_more_than_once() {
        let got = run(&sample(), 0, Op::Check(String::new()), |_| Ok(Response::new(200, "")));
        assert_eq!(got, Ok(Answer::Status(OrderStatus::Waiting)));
    }

    #[test]
    fn state_lives_in_the_instance_and_settings_are_checked() {
        let sample = sample();
        for cents in [8, 9] {
            let balance = Answer::Balance(Money::from_cents(cents));
            assert_eq!(run_offline(&sample, 0, Op::Balance), Ok(balance));
        }
        for (settings, want) in [
            (json!({"calls": 0}), "calls is zero"),
            (json!({"cals": 1}), "unknown field `cals`, expected `calls`"),
            (json!({"calls": "x"}), "invalid type"),
            (json!(null), "not a map"),
        ] {
            let error = create::<Sample>(&settings).err().unwrap_or_default();
            assert!(error.contains(want), "{settings}: {error}");
        }
        assert_eq!(run_offline(&sample, 0, Op::ListActive), Err(ProviderError::NotOffered));
    }
}
