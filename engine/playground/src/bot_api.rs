//! The Bot API: `/bot<token>/<method>`, as strict as Telegram's. Only this crate.
//!
//! The rules and the words of refusals follow Telegram's public server; where it is lenient in a
//! way that hides mistakes (numbers given as text fields, two actions on one button) the
//! playground is stricter, because a mistake found here is one not found by a customer.

pub(crate) mod answer;
mod checks;
mod commands;
mod edits;
mod inline;
mod keyboard;
mod media;
mod menus;
mod messages;
pub(crate) mod parameters;
mod payments;
mod profile;
mod updates;
mod webhook;

use std::sync::{Arc, PoisonError};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;

use crate::server::hang_up;
use crate::world::World;
use crate::world::calls::Call;
use crate::world::faults::EarlyFault;
use answer::{Answer, Refusal, refused, succeeded};
use parameters::{Parameters, Received};

/// Answers one Bot API request. `rest` is the path after `/bot`.
pub(crate) async fn handle(world: Arc<World>, rest: &str, request: Request) -> Response {
    let (token, method) = rest.split_once('/').unwrap_or((rest, ""));
    let name = method.to_ascii_lowercase();
    if let Err(refusal) = check_token(&world, token) {
        return refused(&refusal);
    }
    let early = {
        let faults = &mut world.lock().faults;
        if faults.is_empty() { None } else { faults.take_early(&name) }
    };
    match early {
        Some(EarlyFault::Drop) => return hang_up(),
        Some(EarlyFault::ServerError(code)) => {
            let refusal = Refusal::server_error(code);
            record(&world, method, None, &Err(refusal.clone()));
            return refused(&refusal);
        }
        None => {}
    }
    let received = match parameters::receive(request, world_logs(&world)).await {
        Ok(received) => received,
        Err(refusal) => {
            record(&world, method, None, &Err(refusal.clone()));
            return refused(&refusal);
        }
    };
    let Received { mut parameters, logged } = received;
    let outcome = match refusal_on_demand(&world, &name, &parameters) {
        Some(refusal) => Err(refusal),
        None => call(&world, &name, &mut parameters).await,
    };
    record(&world, method, logged, &outcome);
    let drops_answer = {
        let faults = &mut world.lock().faults;
        !faults.is_empty() && faults.take_late_drop(&name)
    };
    if drops_answer {
        return hang_up();
    }
    match outcome {
        Ok(answer) => succeeded(answer),
        Err(refusal) => refused(&refusal),
    }
}

async fn call(world: &Arc<World>, name: &str, parameters: &mut Parameters) -> Answer {
    match name {
        "getupdates" => updates::get_updates(world, parameters).await,
        "setwebhook" => webhook::set_webhook(world, parameters),
        "deletewebhook" => webhook::delete_webhook(world, parameters),
        "getwebhookinfo" => webhook::get_webhook_info(world),
        "sendmessage" => messages::send_message(world, parameters),
        "sendphoto" => media::send_photo(world, parameters),
        "senddocument" => media::send_document(world, parameters),
        "sendchataction" => messages::send_chat_action(world, parameters),
        "editmessagetext" => edits::edit_text(world, parameters),
        "editmessagecaption" => edits::edit_caption(world, parameters),
        "editmessagereplymarkup" => edits::edit_reply_markup(world, parameters),
        "editmessagemedia" => edits::edit_media(world, parameters),
        "deletemessage" => edits::delete_message(world, parameters),
        "sendinvoice" => payments::send_invoice(world, parameters),
        "answerprecheckoutquery" => payments::answer_pre_checkout_query(world, parameters),
        "refundstarpayment" => payments::refund_star_payment(world, parameters),
        "getstartransactions" => payments::get_star_transactions(world, parameters),
        "answercallbackquery" => messages::answer_callback_query(world, parameters),
        "answerinlinequery" => inline::answer_inline_query(world, parameters),
        "setmycommands" => commands::set_my_commands(world, parameters),
        "getmycommands" => commands::get_my_commands(world, parameters),
        "deletemycommands" => commands::delete_my_commands(world, parameters),
        "getme" => profile::get_me(world),
        "getchat" => profile::get_chat(world, parameters),
        "getfile" => media::get_file(world, parameters),
        "setmyname" | "setmydescription" | "setmyshortdescription" => {
            profile::set_text(world, name, parameters)
        }
        "getmyname" | "getmydescription" | "getmyshortdescription" => {
            profile::get_text(world, name, parameters)
        }
        "setchatmenubutton" => menus::set_chat_menu_button(world, parameters),
        "getchatmenubutton" => menus::get_chat_menu_button(world, parameters),
        _ => Err(Refusal::not_found("method not found")),
    }
}

/// Lets in the configured token; without one, anything of the form `digits:secret`.
fn check_token(world: &World, token: &str) -> Result<(), Refusal> {
    let is_let_in = match &world.token {
        Some(expected) => token == expected,
        None => token.split_once(':').is_some_and(|(id, secret)| {
            !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()) && !secret.is_empty()
        }),
    };
    if is_let_in { Ok(()) } else { Err(Refusal::unauthorized()) }
}

fn refusal_on_demand(world: &World, name: &str, parameters: &Parameters) -> Option<Refusal> {
    let faults = &mut world.lock().faults;
    if faults.is_empty() {
        return None;
    }
    let chat_id = parameters.integer("chat_id").ok().flatten();
    let too_many = faults.take_retry_after(name, chat_id).map(Refusal::too_many_requests);
    too_many.or_else(|| faults.take_refusal(name, chat_id).map(Refusal::on_demand))
}

fn world_logs(world: &World) -> bool {
    world.calls.lock().unwrap_or_else(PoisonError::into_inner).is_on()
}

fn record(
    world: &World,
    method: &str,
    parameters: Option<crate::world::calls::CallParameters>,
    outcome: &Answer,
) {
    let mut calls = world.calls.lock().unwrap_or_else(PoisonError::into_inner);
    if !calls.is_on() {
        return;
    }
    let (status, description) = match outcome {
        Ok(_) => (200, None),
        Err(refusal) => (refusal.code, Some(refusal.description.clone().into_boxed_str())),
    };
    let method: String = method.chars().take(64).collect();
    calls.record(Call {
        sequence: 0,
        at_ms: world.clock.now_ms(),
        method: method.into_boxed_str(),
        parameters: parameters.unwrap_or_default(),
        status,
        description,
    });
}

/// An empty answer body of the right type.
pub(crate) fn json_response(status: u16, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = axum::http::StatusCode::from_u16(status).unwrap_or_default();
    let value = axum::http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(axum::http::header::CONTENT_TYPE, value);
    response
}
