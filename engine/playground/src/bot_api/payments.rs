//! Payments in Telegram Stars: invoices, the question before a payment, refunds, the list of
//! transactions. Only this crate.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal, result_of, true_result};
use super::checks;
use super::messages::SendOptions;
use super::parameters::Parameters;
use crate::world::World;
use crate::world::chat::Content;
use crate::world::payments::{Invoice, NoRefund, StarTransaction};

/// The longest title and description, in characters, and payload, in bytes.
const TITLE_CHARS_MAX: usize = 32;
const DESCRIPTION_CHARS_MAX: usize = 255;
const PAYLOAD_BYTES_MAX: usize = 128;

/// The most stars that one invoice asks for.
const STARS_MAX: i64 = 100_000;

/// The most transactions listed at once.
const TRANSACTIONS_MAX: i64 = 100;

/// `sendInvoice`, for stars alone: other money needs a provider, and there is none here.
pub(crate) fn send_invoice(world: &World, parameters: &mut Parameters) -> Answer {
    checks::writable_chat(&world.lock(), parameters)?;
    let options = SendOptions::take(parameters)?;
    let title = text(parameters, "title", TITLE_CHARS_MAX)?;
    let description = text(parameters, "description", DESCRIPTION_CHARS_MAX)?;
    let payload = parameters.take_text("payload")?.unwrap_or_default();
    if payload.is_empty() || payload.len() > PAYLOAD_BYTES_MAX {
        return Err(Refusal::bad("INVOICE_PAYLOAD_INVALID"));
    }
    if parameters.text("currency")? != Some("XTR") {
        return Err(Refusal::bad("CURRENCY_INVALID"));
    }
    if parameters.text("provider_token")?.is_some_and(|token| !token.is_empty()) {
        return Err(Refusal::bad("PAYMENT_PROVIDER_INVALID"));
    }
    let prices = parameters.take_json("prices")?;
    let total_amount = price(prices.as_ref())?;
    let invoice = Invoice { title, description, payload, total_amount, paid: false };
    options.send(world, parameters, Content::Invoice(invoice))
}

fn text(parameters: &mut Parameters, name: &str, chars_max: usize) -> Result<String, Refusal> {
    let text = parameters.take_text(name)?.unwrap_or_default();
    if text.trim().is_empty() {
        return Err(Refusal::bad(format!("{name} must be non-empty")));
    }
    if text.chars().count() > chars_max {
        return Err(Refusal::bad(format!("INVOICE_{}_INVALID", name.to_ascii_uppercase())));
    }
    Ok(text)
}

/// In stars there is exactly one price.
fn price(prices: Option<&Value>) -> Result<i64, Refusal> {
    let prices = prices.and_then(Value::as_array);
    let prices = prices.ok_or_else(|| Refusal::bad("can't parse prices JSON object"))?;
    let [price] = prices.as_slice() else { return Err(Refusal::bad("STARS_INVOICE_INVALID")) };
    let label = price.get("label").and_then(Value::as_str).unwrap_or_default();
    if label.is_empty() {
        return Err(Refusal::bad("can't parse labeled price: label must be non-empty"));
    }
    let amount = price.get("amount").and_then(Value::as_i64);
    let amount = amount.ok_or_else(|| Refusal::bad("can't parse labeled price: no amount"))?;
    if (1..=STARS_MAX).contains(&amount) {
        Ok(amount)
    } else {
        Err(Refusal::bad("CURRENCY_TOTAL_AMOUNT_INVALID"))
    }
}

/// `answerPreCheckoutQuery`.
pub(crate) fn answer_pre_checkout_query(world: &World, parameters: &mut Parameters) -> Answer {
    let too_old =
        || Refusal::bad("query is too old and response timeout expired or query ID is invalid");
    let ok = parameters.boolean("ok")?;
    let reason = parameters.take_text("error_message")?.filter(|reason| !reason.is_empty());
    let refusal = match (ok, reason) {
        (true, _) => None,
        (false, Some(reason)) => Some(reason),
        (false, None) => return Err(Refusal::bad("error_message must be non-empty")),
    };
    let id = parameters.text("pre_checkout_query_id")?.unwrap_or_default();
    let id = id.parse::<u64>().map_err(|_| too_old())?;
    if world.answer_checkout(id, refusal) { true_result() } else { Err(too_old()) }
}

/// `refundStarPayment`.
pub(crate) fn refund_star_payment(world: &World, parameters: &mut Parameters) -> Answer {
    let user = parameters.integer("user_id")?;
    let user = user.ok_or_else(|| Refusal::bad("invalid user_id specified"))?;
    let charge = parameters.take_text("telegram_payment_charge_id")?.unwrap_or_default();
    match world.refund_payment(user, &charge) {
        Ok(()) => true_result(),
        Err(NoRefund::Unknown) => Err(Refusal::bad("CHARGE_ID_INVALID")),
        Err(NoRefund::Already) => Err(Refusal::bad("CHARGE_ALREADY_REFUNDED")),
    }
}

/// `getStarTransactions`: oldest first, as documented.
pub(crate) fn get_star_transactions(world: &World, parameters: &mut Parameters) -> Answer {
    let offset = parameters.integer("offset")?.unwrap_or(0);
    let offset = usize::try_from(offset).map_err(|_| Refusal::bad("invalid offset specified"))?;
    let limit = parameters.integer("limit")?.unwrap_or(TRANSACTIONS_MAX);
    if !(1..=TRANSACTIONS_MAX).contains(&limit) {
        return Err(Refusal::bad("invalid limit specified"));
    }
    let limit = usize::try_from(limit).unwrap_or(1);
    let state = world.lock();
    let rows = state.payments.transactions.iter().skip(offset).take(limit);
    let shown = rows.map(|row| {
        let user = state.people.get(&row.person_id).map(|resident| resident.json.get());
        transaction_json(row, user.and_then(|json| serde_json::from_str(json).ok()))
    });
    result_of(&json!({ "transactions": shown.collect::<Vec<Value>>() }))
}

fn transaction_json(row: &StarTransaction, user: Option<Value>) -> Value {
    let partner = json!({
        "type": "user", "transaction_type": "invoice_payment", "user": user,
        "invoice_payload": row.payload,
    });
    let side = if row.refund { "receiver" } else { "source" };
    json!({ "id": row.charge, "amount": row.amount, "date": row.date, side: partner })
}
