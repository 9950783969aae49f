//! The bodies of what concerns Telegram Stars. Only `wire` uses this.

use ring4_domain::stars::ChargeId;
use serde::Serialize;

use super::wire::{Request, cut};
use crate::client::CallError;

/// The longest title and description of an invoice, in characters (Bot API, sendInvoice).
const INVOICE_TITLE_CHARS_MAX: usize = 32;
const INVOICE_DESCRIPTION_CHARS_MAX: usize = 255;

#[derive(Serialize)]
struct SendInvoice<'a> {
    chat_id: i64,
    title: &'a str,
    description: &'a str,
    payload: &'a str,
    currency: &'static str,
    prices: [LabeledPrice<'a>; 1],
}

#[derive(Serialize)]
struct LabeledPrice<'a> {
    label: &'a str,
    amount: u32,
}

#[derive(Serialize)]
struct AnswerPreCheckoutQuery<'a> {
    pre_checkout_query_id: &'a str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
}

#[derive(Serialize)]
struct RefundStarPayment<'a> {
    user_id: i64,
    telegram_payment_charge_id: &'a str,
}

/// An invoice with this title and description.
pub(super) fn invoice(
    chat_id: i64,
    (title, description): (&str, &str),
    payload: &str,
    count: u32,
) -> Result<Request, CallError> {
    let title = cut(title, INVOICE_TITLE_CHARS_MAX);
    let payload = SendInvoice {
        chat_id,
        title,
        description: cut(description, INVOICE_DESCRIPTION_CHARS_MAX),
        payload,
        currency: "XTR",
        prices: [LabeledPrice { label: title, amount: count }],
    };
    Request::json("sendInvoice", &payload)
}

/// Whether stars may be paid.
pub(super) fn answer(query_id: &str, refusal: Option<&str>) -> Result<Request, CallError> {
    let payload = AnswerPreCheckoutQuery {
        pre_checkout_query_id: query_id,
        ok: refusal.is_none(),
        error_message: refusal,
    };
    Request::json("answerPreCheckoutQuery", &payload)
}

/// Stars back to who paid them.
pub(super) fn refund(user_id: i64, charge: &ChargeId) -> Result<Request, CallError> {
    let telegram_payment_charge_id = charge.as_str();
    Request::json("refundStarPayment", &RefundStarPayment { user_id, telegram_payment_charge_id })
}
