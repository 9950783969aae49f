//! The local SMSPool: paths, keys and parameters. Only `vendors`.

mod calls;
mod lists;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;

use self::calls::{Smspool, Wish, about, missing, refused, vague};
use super::Vendor;
use super::account::Account;
use super::catalogue;
use super::faults::{Kind, Mode, VendorFault};
use super::serving::{Call, Reply, Trouble, bearer, respond, serve};
use crate::bot_api::parameters::{self, Parameters, Received};
use crate::world::World;

const CALLS: &[Call] = &[
    Call::new("/country/retrieve_all", Kind::Public),
    Call::new("/service/retrieve_all", Kind::Public),
    Call::new("/pool/retrieve_all", Kind::Public),
    Call::new("/request/price", Kind::Public),
    Call::new("/request/pricing", Kind::Public),
    Call::new("/request/success_rate", Kind::Public),
    Call::new("/sms/stock", Kind::Public),
    Call::new("/request/balance", Kind::Keyed),
    Call::new("/request/active", Kind::List),
    Call::new("/request/history", Kind::List),
    Call::new("/purchase/sms", Kind::Purchase),
    Call::new("/sms/check", Kind::Check),
    Call::new("/sms/cancel", Kind::Keyed),
    Call::new("/sms/resend", Kind::Keyed),
    Call::new("/sms/check_resend", Kind::Keyed),
];

pub(super) async fn answer(State(world): State<Arc<World>>, request: Request) -> Response {
    let given = request.uri().path().strip_prefix("/vendors/smspool").unwrap_or_default();
    let Some(call) = CALLS.iter().find(|call| call.name == given) else {
        return respond(refused(404, "This page could not be found."));
    };
    let bearer = bearer(request.headers());
    let Ok(Received { parameters, .. }) = parameters::receive(request, false).await else {
        return respond(refused(400, "The request could not be understood."));
    };
    let trouble = Trouble { broken: refused(500, "Internal server error"), vague: vague() };
    let meant = |account: &Account| offer_of(account, &parameters);
    serve(&world, Vendor::Smspool, *call, trouble, meant, |account, now_ms, fault| match check_key(
        account,
        call.kind,
        bearer.as_deref(),
        &parameters,
        fault,
    ) {
        Ok(()) => reply(account, call.name, &parameters, now_ms, fault),
        Err(refusal) => refusal,
    })
    .await
}

/// The service and country that a call is about, by itself or through its order.
fn offer_of(account: &Account, parameters: &Parameters) -> Option<(u32, u32)> {
    if let Some(code) = parameters.scalar("orderid") {
        let order = account.orders.all.get(&account.orders.find(code.trim())?)?;
        return Some((order.service_id, order.country_id));
    }
    let service = catalogue::service_named(&parameters.scalar("service")?)?;
    let country = catalogue::country_named(&parameters.scalar("country")?)?;
    Some((service.id, country.id))
}

fn check_key(
    account: &Account,
    kind: Kind,
    bearer: Option<&str>,
    parameters: &Parameters,
    fault: Option<&VendorFault>,
) -> Result<(), Reply> {
    if kind == Kind::Public {
        return Ok(());
    }
    let field = parameters.scalar("key");
    let key = bearer.map(str::to_owned).or(field).filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| missing("key"))?;
    if account.takes_key(&key) && fault.is_none_or(|fault| fault.mode != Mode::BadKey) {
        return Ok(());
    }
    Err(about(403, "key", "Invalid API key"))
}

fn reply(
    account: &mut Account,
    path: &str,
    parameters: &Parameters,
    now_ms: i64,
    fault: Option<&VendorFault>,
) -> Reply {
    let field = |name: &str| parameters.scalar(name).filter(|text| !text.trim().is_empty());
    let (service, country, pool) = (field("service"), field("country"), field("pool"));
    let (max_price, option) = (field("max_price"), field("pricing_option"));
    let wish = Wish {
        service: service.as_deref(),
        country: country.as_deref(),
        pool: pool.as_deref(),
        max_price: max_price.as_deref(),
        pricing_option: option.as_deref(),
    };
    let mode = fault.map(|fault| fault.mode);
    let mut smspool = Smspool { account };
    let order = |reply: &mut dyn FnMut(&str) -> Reply| match field("orderid") {
        Some(code) => reply(code.trim()),
        None => missing("orderid"),
    };
    match path {
        "/request/balance" => smspool.balance(),
        "/country/retrieve_all" => Smspool::countries(),
        "/service/retrieve_all" => Smspool::services(),
        "/pool/retrieve_all" => Smspool::pools(),
        "/request/price" => smspool.price(&wish),
        "/request/pricing" => smspool.pricing(&wish),
        "/request/success_rate" => smspool.success_rates(&wish),
        "/sms/stock" => smspool.stock(&wish),
        "/purchase/sms" => smspool.purchase(&wish, now_ms, fault),
        "/request/active" => smspool.active(now_ms, mode),
        "/request/history" => {
            let number = |name, default| {
                field(name).and_then(|text| text.trim().parse().ok()).unwrap_or(default)
            };
            let page = (number("start", 0), number("length", 100));
            smspool.history(page, &field("search").unwrap_or_default(), now_ms, mode)
        }
        "/sms/check" => order(&mut |code| smspool.check(code, now_ms, mode)),
        "/sms/cancel" => order(&mut |code| smspool.cancel(code, now_ms)),
        "/sms/check_resend" => order(&mut |code| smspool.check_resend(code)),
        "/sms/resend" => order(&mut |code| smspool.resend(code, now_ms, mode)),
        _ => refused(404, "This page could not be found."),
    }
}
