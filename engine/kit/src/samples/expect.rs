//! What a plugin must make of a sample, and what it may still make of it once the sample was
//! damaged. The samples import this.

use std::collections::BTreeSet;

use ring4_domain::money::Amount;
use ring4_providers::{Cancellation, OrderStatus, Purchase, Quote};
use serde::Deserialize;

use crate::ask::Said;
use crate::trial::Rule;

/// The states that a sample may speak of.
const STATES: [&str; 10] = [
    "bought",
    "refused",
    "waiting",
    "received",
    "refunded",
    "closed",
    "not_found",
    "cancelled",
    "too_early",
    "has_sms",
];

/// What a plugin must make of a sample; what is absent is not compared.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Expect {
    state: Option<String>,
    id: Option<String>,
    number: Option<String>,
    /// Of a purchase, a quote or a balance.
    amount: Option<String>,
    code: Option<String>,
    ids: Option<BTreeSet<String>>,
    /// Whoever is not told a price may take the cap for it.
    #[serde(skip)]
    cap: Option<Amount>,
}

impl Expect {
    /// A word that no sample can speak of, or an amount that is none.
    pub(super) fn check(&self) -> Result<(), String> {
        let state = self.state.iter().find(|state| !STATES.contains(&state.as_str()));
        let amount = self.amount.iter().find(|amount| amount.parse::<Amount>().is_err());
        state.or(amount).map_or(Ok(()), |wrong| Err(wrong.clone()))
    }

    pub(super) fn word(&self) -> &str {
        self.state.as_deref().unwrap_or("as expected")
    }

    pub(super) fn amount(&self) -> Option<&str> {
        self.amount.as_deref()
    }

    pub(super) fn with_amount(&self, amount: &str) -> Self {
        Self { amount: Some(amount.to_owned()), ..self.clone() }
    }

    /// The plugin says exactly this.
    pub(super) fn exactly(&self) -> Rule {
        let expect = self.clone();
        Box::new(move |witness| expect.differs(witness.said))
    }

    /// The plugin says exactly this, or that it does not know; nothing else.
    pub(super) fn never_otherwise(&self, cap: Amount) -> Rule {
        let expect = Self { cap: Some(cap), ..self.clone() };
        Box::new(move |witness| match witness.said {
            said if is_open(said) => None,
            said => expect.differs(said),
        })
    }

    /// The plugin says that it does not know.
    pub(super) fn nothing_learnt(&self) -> Rule {
        Box::new(|witness| match witness.said {
            said if is_open(said) => None,
            said => Some(format!("it takes half an answer for a whole one: {said:?}")),
        })
    }

    /// The plugin does not call the order over, unless the whole answer did.
    pub(super) fn never_final(&self) -> Rule {
        let over = matches!(self.state.as_deref(), Some("refunded" | "closed"));
        Box::new(move |witness| match witness.said {
            Said::Status(Ok(status @ (OrderStatus::Refunded | OrderStatus::Closed))) if !over => {
                Some(format!("it ends the order ({status:?}) on a state that nobody knows"))
            }
            _ => None,
        })
    }

    fn differs(&self, said: &Said) -> Option<String> {
        let (state, id, number, amount, ids) = parts(said);
        let code_differs = match (said, &self.code) {
            (Said::Status(Ok(OrderStatus::Received { messages })), Some(code)) => {
                let mut codes = messages.iter().filter_map(|message| message.code.as_ref());
                // Of half an answer the text without the code is enough; another code is not.
                let damaged = self.cap.is_some();
                if damaged {
                    codes.any(|other| other != code)
                } else {
                    !codes.any(|own| own == code)
                }
            }
            _ => false,
        };
        let exact = |text: &String| text.parse::<Amount>().ok();
        let differs = |what: &str| Some(format!("{what} is not the expected one: {said:?}"));
        if self.state.as_deref().is_some_and(|expected| state != Some(expected)) {
            return differs("the outcome");
        }
        if self.id.is_some() && id != self.id {
            return differs("the order's id");
        }
        if self.number.is_some() && number != self.number {
            return differs("the number");
        }
        if let Some(expected) = &self.amount
            && amount != exact(expected)
            && (amount.is_none() || amount != self.cap)
        {
            return Some(format!("the amount is not {expected} but {amount:?}"));
        }
        if self.ids.is_some() && ids != self.ids {
            return differs("the list");
        }
        if code_differs { Some("the code is not the expected one".to_owned()) } else { None }
    }
}

type Parts = (
    Option<&'static str>,
    Option<String>,
    Option<String>,
    Option<Amount>,
    Option<BTreeSet<String>>,
);

/// What can be compared of an answer.
fn parts(said: &Said) -> Parts {
    let state = |word| (Some(word), None, None, None, None);
    match said {
        Said::Purchase(Purchase::Bought { vendor_order_id, number, cost, .. }) => {
            let (id, number) = (vendor_order_id.clone(), number.as_str().to_owned());
            (Some("bought"), Some(id), Some(number), Some(*cost), None)
        }
        Said::Purchase(Purchase::Refused { .. }) => state("refused"),
        Said::Status(Ok(OrderStatus::Waiting)) => state("waiting"),
        Said::Status(Ok(OrderStatus::Received { .. })) => state("received"),
        Said::Status(Ok(OrderStatus::Refunded)) => state("refunded"),
        Said::Status(Ok(OrderStatus::Closed)) => state("closed"),
        Said::Status(Err(ring4_providers::CallError::OrderNotFound)) => state("not_found"),
        Said::Cancellation(Ok(Cancellation::Cancelled)) => state("cancelled"),
        Said::Cancellation(Ok(Cancellation::TooEarly { .. })) => state("too_early"),
        Said::Cancellation(Ok(Cancellation::HasSms)) => state("has_sms"),
        Said::Cancellation(Ok(Cancellation::NotFound)) => state("not_found"),
        Said::Quote(Ok(Quote::Offered { cost, .. })) => (None, None, None, Some(*cost), None),
        Said::Balance(Ok(amount)) => (None, None, None, Some(*amount), None),
        Said::Orders(Ok(list)) => {
            let ids = list.iter().map(|row| row.vendor_order_id.clone()).collect();
            (None, None, None, None, Some(ids))
        }
        _ => (None, None, None, None, None),
    }
}

/// It leaves open what happened, so the engine goes on asking.
fn is_open(said: &Said) -> bool {
    match said {
        Said::Purchase(said) => matches!(said, Purchase::Unclear { .. }),
        Said::Status(said) => {
            matches!(said, Err(_) | Ok(OrderStatus::Waiting | OrderStatus::Unrecognised { .. }))
        }
        Said::Cancellation(said) => matches!(
            said,
            Err(_)
                | Ok(Cancellation::Unclear { .. }
                    | Cancellation::TooEarly { .. }
                    | Cancellation::AlreadyClosed)
        ),
        Said::Quote(said) => matches!(said, Err(_) | Ok(Quote::Unavailable { .. })),
        Said::Orders(said) => said.is_err(),
        Said::Balance(said) => said.is_err(),
        Said::Catalogue(said) => said.is_err(),
        Said::Resend(_) => true,
    }
}
