//! What must hold: for every answer, and for answers of one shape. The trials import this.

use std::collections::BTreeMap;

use ring4_providers::{CallError, Cancellation, OrderStatus, Purchase, Quote, Resend};

use crate::ask::Said;
use crate::trial::Witness;

/// Stands where a customer's code would; it has no digits, because runs of those are masked.
pub(crate) const MARKER: &str = "kit-Code-QWXZ";

/// What may be concluded from an answer, whatever the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Nothing at all.
    Garbage,
    /// At most that a list is empty.
    Empty,
    /// At most an amount.
    Number,
    /// Perhaps a no.
    Refusing,
    /// Nothing; the request may have been carried out.
    ServerError,
    /// Nothing; the request may have been carried out.
    Lost,
    /// That nothing happened.
    NotSent,
}

/// Whether a text quotes a secret or a message; says so in words.
pub(crate) fn leak(text: &str, secrets: &BTreeMap<String, String>) -> Option<String> {
    if let Some((name, _)) = secrets.iter().find(|(_, secret)| text.contains(secret.as_str())) {
        return Some(format!("holds the secret `{name}`"));
    }
    text.contains(MARKER).then(|| "quotes a message of a customer".to_owned())
}

/// What must hold whatever was answered.
pub(crate) fn sane(witness: &Witness<'_>) -> Option<String> {
    let purchases: Vec<_> =
        witness.seen.iter().filter(|seen| !seen.line.starts_with("GET")).collect();
    let doubled = purchases.iter().enumerate().any(|(place, seen)| {
        purchases
            .iter()
            .skip(place + 1)
            .any(|other| other.line == seen.line && other.body == seen.body)
    });
    match witness.said {
        Said::Purchase(_) if doubled => Some("it sent the purchase twice".to_owned()),
        Said::Orders(Err(CallError::NotOffered)) | Said::Resend(Err(CallError::NotOffered)) => {
            let announced = &witness.manifest.capabilities;
            let idle = witness.seen.is_empty();
            (announced.list_active && announced.history && announced.resend && idle)
                .then(|| "its manifest promises what it does not offer".to_owned())
        }
        _ => None,
    }
}

/// What must hold for an answer that no protocol knows.
pub(crate) fn hostile(shape: Shape, witness: &Witness<'_>) -> Option<String> {
    // What a plugin says without asking is its own business.
    if witness.seen.is_empty() && shape != Shape::NotSent {
        return None;
    }
    let wrong = |what: &str| Some(what.to_owned());
    let refusing = shape == Shape::Refusing;
    match witness.said {
        Said::Purchase(Purchase::Bought { .. }) => wrong("it says bought, but nothing was sold"),
        Said::Purchase(Purchase::Refused { reason }) => {
            // A purchase that is given up while still looking things up bought nothing.
            let clear = refusing || shape == Shape::NotSent || !witness.named_the_service();
            (!clear).then(|| {
                format!("it says refused ({reason:?}) where the vendor did not refuse; say unclear")
            })
        }
        Said::Purchase(Purchase::Unclear { .. }) => None,
        Said::Status(Ok(OrderStatus::Received { .. })) => wrong("it made a message up"),
        Said::Status(Ok(status @ (OrderStatus::Refunded | OrderStatus::Closed))) => {
            Some(format!("it ends the order ({status:?}) on an answer that says nothing"))
        }
        Said::Cancellation(Ok(said)) => match said {
            Cancellation::Cancelled => wrong("it says cancelled, but the vendor did not"),
            Cancellation::HasSms | Cancellation::AlreadyClosed | Cancellation::NotFound
                if !refusing =>
            {
                Some(format!("it ends the cancel ({said:?}) on an answer that says nothing"))
            }
            _ => None,
        },
        Said::Orders(Ok(list)) => match (list.len(), shape) {
            (0, Shape::Empty) => None,
            (0, _) => wrong("it reads an empty list where there is no list; that is an error"),
            _ => wrong("it made orders up"),
        },
        Said::Quote(Ok(Quote::Offered { .. })) if shape != Shape::Number => {
            wrong("it made a price up")
        }
        Said::Balance(Ok(_)) if shape != Shape::Number => wrong("it made a balance up"),
        Said::Catalogue(Ok(catalogue)) if shape != Shape::Empty => {
            let empty = catalogue.services.is_empty() && catalogue.countries.is_empty();
            empty.then(|| "it reads an empty catalogue where there is none".to_owned())
        }
        Said::Resend(Ok(Resend::Requested { .. } | Resend::Priced { .. })) => {
            wrong("it says another message was asked for, but the vendor did not")
        }
        _ => None,
    }
}
