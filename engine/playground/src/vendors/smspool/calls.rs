//! The local SMSPool's calls about one order, and its purchases. Only `smspool`.

use serde_json::{Value, json};

use crate::vendors::account::{Account, NoCancel};
use crate::vendors::catalogue::{self, Country, Service};
use crate::vendors::faults::{Mode, VendorFault};
use crate::vendors::orders::{Order, OrderState};
use crate::vendors::purchase::{NoSale, Wanted, pools};
use crate::vendors::serving::Reply;
use crate::vendors::{dollars, parse_dollars};

/// SMSPool as seen by one request.
pub(super) struct Smspool<'a> {
    pub account: &'a mut Account,
}

/// What a purchase asks for, as it came.
pub(super) struct Wish<'a> {
    pub service: Option<&'a str>,
    pub country: Option<&'a str>,
    pub pool: Option<&'a str>,
    pub max_price: Option<&'a str>,
    pub pricing_option: Option<&'a str>,
}

/// The number `/sms/check` shows for a state.
pub(super) fn number(state: OrderState) -> u32 {
    match state {
        OrderState::Pending => 1,
        OrderState::Expired => 2,
        OrderState::Completed => 3,
        OrderState::Refunded => 6,
    }
}

/// The service and country asked for, or SMSPool's complaint.
pub(super) fn offer(wish: &Wish<'_>) -> Result<(&'static Service, &'static Country), Reply> {
    let service = wish.service.ok_or_else(|| missing("service"))?;
    let country = wish.country.ok_or_else(|| missing("country"))?;
    let service = catalogue::service_named(service)
        .ok_or_else(|| refused(422, "This service is not available for this country."))?;
    let country = catalogue::country_named(country)
        .ok_or_else(|| refused(422, "This country is not available for this service."))?;
    Ok((service, country))
}

/// A refusal with words only.
pub(super) fn refused(status: u16, message: &str) -> Reply {
    Reply::json(status, json!({ "success": 0, "message": message }))
}

/// A refusal with a machine-readable type.
fn typed(kind: &str, message: &str) -> Reply {
    Reply::json(422, json!({ "success": 0, "type": kind, "message": message }))
}

/// A complaint about one parameter.
pub(super) fn about(status: u16, parameter: &str, message: &str) -> Reply {
    let error = json!({ "message": message, "param": parameter, "description": message });
    Reply::json(status, json!({ "success": 0, "errors": [error] }))
}

pub(super) fn missing(parameter: &str) -> Reply {
    about(400, parameter, "A required parameter is missing")
}

/// The answer that leaves open whether anything was bought.
pub(super) fn vague() -> Reply {
    refused(422, "Something went wrong, please try again.")
}

impl Smspool<'_> {
    pub(super) fn balance(&self) -> Reply {
        Reply::ok(json!({ "balance": dollars(self.account.balance_e4) }))
    }

    pub(super) fn check(&self, code: &str, now_ms: i64, fault: Option<Mode>) -> Reply {
        let Some(order) = self.account.order(code) else { return not_found() };
        let mut body = json!({
            "status": number(order.state),
            "resend": 0,
            "expiration": order.expires_ms.div_euclid(1000),
            "time_left": order.time_left_secs(now_ms),
        });
        let extra = match order.state {
            OrderState::Completed => {
                json!({ "sms": order.sms_code, "full_sms": order.full_sms() })
            }
            OrderState::Refunded => json!({ "message": "This order has been refunded" }),
            OrderState::Pending | OrderState::Expired => json!({}),
        };
        if let (Some(body), Value::Object(extra)) = (body.as_object_mut(), extra) {
            body.extend(extra);
            match fault {
                Some(Mode::UnknownStatus) => {
                    body.insert("status".to_owned(), json!(42));
                }
                Some(Mode::WordStatus) => {
                    body.insert("status".to_owned(), json!(order.state.word()));
                }
                _ => {}
            }
        }
        Reply::ok(body)
    }

    /// `/purchase/sms`.
    pub(super) fn purchase(
        &mut self,
        wish: &Wish<'_>,
        now_ms: i64,
        fault: Option<&VendorFault>,
    ) -> Reply {
        let (service, country) = match offer(wish) {
            Ok(offer) => offer,
            Err(refusal) => return refusal,
        };
        let cap_e4 = match wish.max_price.map(parse_dollars) {
            Some(None) => return about(400, "max_price", "This parameter must be a number"),
            cap => cap.flatten(),
        };
        let pool = wish.pool.and_then(|pool| pool.trim().parse().ok());
        let prefers_dear = wish.pricing_option.is_some_and(|option| option.trim() == "1");
        let wanted = Wanted { service, country, pools: pools(pool, prefers_dear), cap_e4 };
        match self.account.sell(&wanted, now_ms, fault) {
            Ok(order) => bought(&order, service, country, now_ms),
            Err(NoSale::OutOfStock) => out_of_stock(),
            Err(NoSale::PriceTooHigh(_)) => {
                typed("PRICE_NOT_FOUND", "No pool was found below your maximum price.")
            }
            Err(NoSale::BalanceLow { price_e4, balance_e4 }) => balance_error(price_e4, balance_e4),
            Err(NoSale::Throttled) => throttled(),
            Err(NoSale::Vague) => vague(),
        }
    }

    pub(super) fn cancel(&mut self, code: &str, now_ms: i64) -> Reply {
        match self.account.cancel(code, true, now_ms) {
            Ok(cost_e4) => {
                let message = format!(
                    "The order has been cancelled, and you have been refunded {} dollars.",
                    dollars(cost_e4)
                );
                Reply::ok(json!({ "success": 1, "message": message }))
            }
            Err(NoCancel::NotFound) => not_found(),
            Err(NoCancel::HasSms) => refused(400, "An SMS was received for this order."),
            Err(NoCancel::Over) => refused(400, "This order has already been refunded."),
            Err(NoCancel::TooEarly) => {
                refused(400, "Your order cannot be cancelled yet, please try again later.")
            }
        }
    }

    pub(super) fn check_resend(&self, code: &str) -> Reply {
        let Some(order) = self.account.order(code) else { return not_found() };
        if order.state != OrderState::Completed {
            return refused(400, "You have not received an SMS for this order yet.");
        }
        Reply::ok(json!({
            "success": 1, "resends": 0, "resendCost": 0, "expires_in_hour": 115,
            "message": "This number can be used again for free.",
        }))
    }

    /// A resend is a new order for the same number that costs nothing, unless `fault` says so.
    pub(super) fn resend(&mut self, code: &str, now_ms: i64, fault: Option<Mode>) -> Reply {
        let Some(order) = self.account.order(code).cloned() else { return not_found() };
        if order.state != OrderState::Completed {
            return refused(400, "You have not received an SMS for this order yet.");
        }
        let cost_e4 = if fault == Some(Mode::Overcharge) { order.cost_e4 } else { 0 };
        let again = Order { cost_e4, ..self.account.fresh(order, now_ms, None) };
        let new_code = again.code.clone();
        self.account.balance_e4 -= cost_e4;
        self.account.file(again);
        Reply::ok(json!({
            "success": 1, "message": "The number waits for another SMS.",
            "order_id": new_code, "charge": dollars(cost_e4),
        }))
    }
}

fn not_found() -> Reply {
    refused(404, "We could not find this order!")
}

fn out_of_stock() -> Reply {
    let reason = "There are no numbers available in this pool.";
    let pool = json!({ "success": 0, "type": "OUT_OF_STOCK", "message": reason, "errors": [] });
    Reply::json(
        422,
        json!({
            "success": 0, "type": "OUT_OF_STOCK", "message": "No available number was found.",
            "pools": { "Foxtrot": pool.clone(), "Lima": pool },
        }),
    )
}

fn balance_error(price_e4: i64, balance_e4: i64) -> Reply {
    let message = format!(
        "<p>Insufficient balance: this costs <b>{}</b>, and you only have <b>{}</b>.</p>",
        dollars(price_e4),
        dollars(balance_e4)
    );
    typed("BALANCE_ERROR", &message)
}

fn throttled() -> Reply {
    refused(
        422,
        "You have made too many failed purchases. Try again in 6 hours, or improve your success \
         rate.",
    )
}

fn bought(order: &Order, service: &Service, country: &Country, now_ms: i64) -> Reply {
    let full = format!("{}{}", order.calling_code, order.national);
    let number: u64 = full.parse().unwrap_or(0);
    Reply::ok(json!({
        "success": 1,
        "number": number,
        "cc": order.calling_code,
        "phonenumber": order.national,
        "order_id": order.code,
        "country": country.name,
        "service": service.name.trim(),
        "pool": order.pool,
        "expires_in": order.time_left_secs(now_ms),
        "expiration": order.expires_ms.div_euclid(1000),
        "message": format!("You have ordered a <b>{}</b> number.", service.name.trim()),
        "cost": dollars(order.cost_e4),
        "cost_in_cents": order.cost_e4 / 100,
    }))
}
