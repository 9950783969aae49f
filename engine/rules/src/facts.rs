//! What a script is told: an offer to be priced, an order to be asked about. The middle builds
//! these; scripts read them by property.

use std::sync::Arc;

use rhai::{Dynamic, Engine, EvalAltResult, Map, Position};
use ring4_domain::ids::{Country, ProviderId, ServiceKey};
use ring4_domain::money::Amount;
use rust_decimal::Decimal;

use crate::params::{ScriptParams, dollars};

/// Properties of an offer, as a test row or a test function may set them.
pub const OFFER_FACTS: &[&str] =
    &["service", "country", "cost", "stock", "success_percent", "orders_done"];

/// Properties of an order that is polled.
pub const POLL_FACTS: &[&str] = &[
    "service",
    "provider",
    "age_secs",
    "timeout_secs",
    "attempt",
    "errors",
    "samples",
    "chance_per_mille",
];

/// Properties of a vendor that may serve an offer.
pub const VENDOR_FACTS: &[&str] = &[
    "service",
    "country",
    "provider",
    "cost",
    "priority",
    "weight",
    "place",
    "count",
    "turn",
    "luck",
    "stock",
    "success_percent",
    "samples",
];

/// What is to be priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The service.
    pub service: ServiceKey,
    /// The country.
    pub country: Country,
    /// What the vendor asks.
    pub cost: Amount,
    /// Numbers the vendor has; `None` when it does not say.
    pub stock: Option<u32>,
    /// The vendor's own success rate, in percent; `None` when it does not say.
    pub success_percent: Option<u32>,
    /// Orders delivered to this customer so far.
    pub orders_done: u32,
}

/// An open order whose next poll is to be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollFacts {
    /// The service.
    pub service: ServiceKey,
    /// The vendor.
    pub provider: ProviderId,
    /// Seconds since the number was bought.
    pub age_secs: u32,
    /// Seconds after which the order ends without a code.
    pub timeout_secs: u32,
    /// Polls done so far.
    pub attempt: u32,
    /// Failed polls of this vendor in a row.
    pub errors: u32,
    /// Codes of this vendor and service whose arrival times are known; 0 when none are.
    pub samples: u32,
    /// Of a thousand such orders that still wait at this age, how many get their code within the
    /// next ten seconds; `None` where too few were ever that old.
    pub chance_per_mille: Option<u32>,
}

/// A vendor that may serve an offer, and is to be ranked among the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VendorFacts {
    /// The service.
    pub service: ServiceKey,
    /// The country.
    pub country: Country,
    /// The vendor.
    pub provider: ProviderId,
    /// What it asks.
    pub cost: Amount,
    /// Its priority in the settings, 1 first.
    pub priority: u32,
    /// Its weight in the settings.
    pub weight: u32,
    /// Its place among the vendors of this offer by priority, from 0.
    pub place: u32,
    /// How many vendors there are.
    pub count: u32,
    /// Counts the prices that were shown.
    pub turn: u32,
    /// Drawn anew for every price that is shown: 1000 times a number whose distribution is
    /// exponential, so that whoever has the least of it divided by the weight comes first as
    /// often as the weights say.
    pub luck: u32,
    /// Numbers it has; `None` when it does not say.
    pub stock: Option<u32>,
    /// Share of orders that got a code, in percent: of our own where there are enough, else by
    /// the vendor's word; `None` where neither is known.
    pub success_percent: Option<u32>,
    /// Own orders that this is counted from; 0 for the vendor's word.
    pub samples: u32,
}

/// A vendor inside a script.
#[derive(Clone, Debug)]
pub(crate) struct ScriptVendor(Arc<(VendorFacts, ScriptParams)>);

impl ScriptVendor {
    pub(crate) fn new(vendor: &VendorFacts, params: &ScriptParams) -> Self {
        Self(Arc::new((vendor.clone(), params.clone())))
    }
}

fn register_vendor(engine: &mut Engine, params: &ScriptParams) {
    engine
        .register_type_with_name::<ScriptVendor>("Vendor")
        .register_get("service", |of: &mut ScriptVendor| of.0.0.service.as_str().to_owned())
        .register_get("country", |of: &mut ScriptVendor| of.0.0.country.to_string())
        .register_get("provider", |of: &mut ScriptVendor| of.0.0.provider.as_str().to_owned())
        .register_get("cost", |of: &mut ScriptVendor| dollars(of.0.0.cost))
        .register_get("priority", |of: &mut ScriptVendor| i64::from(of.0.0.priority))
        .register_get("weight", |of: &mut ScriptVendor| i64::from(of.0.0.weight))
        .register_get("place", |of: &mut ScriptVendor| i64::from(of.0.0.place))
        .register_get("count", |of: &mut ScriptVendor| i64::from(of.0.0.count))
        .register_get("turn", |of: &mut ScriptVendor| i64::from(of.0.0.turn))
        .register_get("luck", |of: &mut ScriptVendor| i64::from(of.0.0.luck))
        .register_get("stock", |of: &mut ScriptVendor| optional(of.0.0.stock))
        .register_get("success_percent", |of: &mut ScriptVendor| optional(of.0.0.success_percent))
        .register_get("samples", |of: &mut ScriptVendor| i64::from(of.0.0.samples))
        .register_get("params", |of: &mut ScriptVendor| of.0.1.clone());
    let params = params.clone();
    engine.register_fn("vendor", move |map: Map| -> Result<ScriptVendor, Box<EvalAltResult>> {
        read_vendor(&texts(&map)).map(|of| ScriptVendor::new(&of, &params)).map_err(refuse)
    });
}

/// A vendor from named texts; what is left out has a plain default.
///
/// # Errors
/// A name is unknown or a value is not what its name needs.
pub(crate) fn read_vendor(facts: &[(String, String)]) -> Result<VendorFacts, String> {
    let mut vendor = VendorFacts {
        service: key("service", "any")?,
        country: Country::US,
        provider: key("provider", "any")?,
        cost: Amount::from_micros(300_000),
        priority: 1,
        weight: 1,
        place: 0,
        count: 2,
        turn: 0,
        luck: 1_000,
        stock: None,
        success_percent: None,
        samples: 0,
    };
    for (name, text) in facts {
        match name.as_str() {
            "service" => vendor.service = key(name, text)?,
            "country" => vendor.country = key(name, text)?,
            "provider" => vendor.provider = key(name, text)?,
            "cost" => vendor.cost = amount(name, text)?,
            "priority" => vendor.priority = whole(name, text)?,
            "weight" => vendor.weight = whole(name, text)?,
            "place" => vendor.place = whole(name, text)?,
            "count" => vendor.count = whole(name, text)?,
            "turn" => vendor.turn = whole(name, text)?,
            "luck" => vendor.luck = whole(name, text)?,
            "stock" => vendor.stock = Some(whole(name, text)?),
            "success_percent" => vendor.success_percent = Some(whole(name, text)?),
            "samples" => vendor.samples = whole(name, text)?,
            _ => return Err(unknown(name, VENDOR_FACTS)),
        }
    }
    Ok(vendor)
}

/// An offer inside a script.
#[derive(Clone, Debug)]
pub(crate) struct ScriptOffer(Arc<(Offer, ScriptParams)>);

impl ScriptOffer {
    pub(crate) fn new(offer: &Offer, params: &ScriptParams) -> Self {
        Self(Arc::new((offer.clone(), params.clone())))
    }
}

/// An order inside a script.
#[derive(Clone, Debug)]
pub(crate) struct ScriptPoll(Arc<(PollFacts, ScriptParams)>);

impl ScriptPoll {
    pub(crate) fn new(facts: &PollFacts, params: &ScriptParams) -> Self {
        Self(Arc::new((facts.clone(), params.clone())))
    }
}

fn optional(number: Option<u32>) -> Dynamic {
    number.map_or(Dynamic::UNIT, |number| Dynamic::from_int(i64::from(number)))
}

/// Gives scripts the facts' properties, and `test_*` functions the means to make facts.
pub(crate) fn register(engine: &mut Engine, params: &ScriptParams) {
    register_vendor(engine, params);
    crate::policy::register(engine, params);
    engine
        .register_type_with_name::<ScriptOffer>("Offer")
        .register_get("service", |offer: &mut ScriptOffer| offer.0.0.service.as_str().to_owned())
        .register_get("country", |offer: &mut ScriptOffer| offer.0.0.country.to_string())
        .register_get("cost", |offer: &mut ScriptOffer| dollars(offer.0.0.cost))
        .register_get("stock", |offer: &mut ScriptOffer| optional(offer.0.0.stock))
        .register_get("success_percent", |offer: &mut ScriptOffer| {
            optional(offer.0.0.success_percent)
        })
        .register_get("orders_done", |offer: &mut ScriptOffer| i64::from(offer.0.0.orders_done))
        .register_get("own", |offer: &mut ScriptOffer| offer.0.1.of_service(&offer.0.0.service))
        .register_get("params", |offer: &mut ScriptOffer| offer.0.1.clone());
    engine
        .register_type_with_name::<ScriptPoll>("Order")
        .register_get("service", |order: &mut ScriptPoll| order.0.0.service.as_str().to_owned())
        .register_get("provider", |order: &mut ScriptPoll| order.0.0.provider.as_str().to_owned())
        .register_get("age_secs", |order: &mut ScriptPoll| i64::from(order.0.0.age_secs))
        .register_get("timeout_secs", |order: &mut ScriptPoll| i64::from(order.0.0.timeout_secs))
        .register_get("attempt", |order: &mut ScriptPoll| i64::from(order.0.0.attempt))
        .register_get("errors", |order: &mut ScriptPoll| i64::from(order.0.0.errors))
        .register_get("samples", |order: &mut ScriptPoll| i64::from(order.0.0.samples))
        .register_get("chance_per_mille", |order: &mut ScriptPoll| {
            optional(order.0.0.chance_per_mille)
        })
        .register_get("params", |order: &mut ScriptPoll| order.0.1.clone());
    let for_offers = params.clone();
    engine.register_fn("offer", move |map: Map| -> Result<ScriptOffer, Box<EvalAltResult>> {
        read_offer(&texts(&map)).map(|offer| ScriptOffer::new(&offer, &for_offers)).map_err(refuse)
    });
    let for_polls = params.clone();
    engine.register_fn("order", move |map: Map| -> Result<ScriptPoll, Box<EvalAltResult>> {
        read_poll(&texts(&map)).map(|facts| ScriptPoll::new(&facts, &for_polls)).map_err(refuse)
    });
}

pub(crate) fn refuse(reason: String) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime(reason.into(), Position::NONE))
}

pub(crate) fn texts(map: &Map) -> Vec<(String, String)> {
    map.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// An offer from named texts; what is left out has a plain default.
///
/// # Errors
/// A name is unknown or a value is not what its name needs.
pub(crate) fn read_offer(facts: &[(String, String)]) -> Result<Offer, String> {
    let mut offer = Offer {
        service: key("service", "any")?,
        country: Country::US,
        cost: Amount::from_micros(300_000),
        stock: None,
        success_percent: None,
        orders_done: 0,
    };
    for (name, text) in facts {
        match name.as_str() {
            "service" => offer.service = key(name, text)?,
            "country" => offer.country = key(name, text)?,
            "cost" => offer.cost = amount(name, text)?,
            "stock" => offer.stock = Some(whole(name, text)?),
            "success_percent" => offer.success_percent = Some(whole(name, text)?),
            "orders_done" => offer.orders_done = whole(name, text)?,
            _ => return Err(unknown(name, OFFER_FACTS)),
        }
    }
    Ok(offer)
}

/// An order from named texts; what is left out has a plain default.
///
/// # Errors
/// A name is unknown or a value is not what its name needs.
pub(crate) fn read_poll(facts: &[(String, String)]) -> Result<PollFacts, String> {
    let mut order = PollFacts {
        service: key("service", "any")?,
        provider: key("provider", "any")?,
        age_secs: 0,
        timeout_secs: 600,
        attempt: 0,
        errors: 0,
        samples: 0,
        chance_per_mille: None,
    };
    for (name, text) in facts {
        match name.as_str() {
            "service" => order.service = key(name, text)?,
            "provider" => order.provider = key(name, text)?,
            "age_secs" => order.age_secs = whole(name, text)?,
            "timeout_secs" => order.timeout_secs = whole(name, text)?,
            "attempt" => order.attempt = whole(name, text)?,
            "errors" => order.errors = whole(name, text)?,
            "samples" => order.samples = whole(name, text)?,
            "chance_per_mille" => order.chance_per_mille = Some(whole(name, text)?),
            _ => return Err(unknown(name, POLL_FACTS)),
        }
    }
    Ok(order)
}

pub(crate) fn unknown(name: &str, known: &[&str]) -> String {
    match ring4_yaml::closest(name, known.iter().copied()) {
        Some(candidate) => format!("unknown fact `{name}`, did you mean `{candidate}`?"),
        None => format!("unknown fact `{name}`, known facts: {}", known.join(", ")),
    }
}

pub(crate) fn key<T: core::str::FromStr>(name: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{name}: `{text}` is not a key"))
}

pub(crate) fn whole(name: &str, text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("{name}: `{text}` is not a whole number"))
}

pub(crate) fn amount(name: &str, text: &str) -> Result<Amount, String> {
    // Through a decimal, because a script's own numbers may carry more zeros than an amount.
    let number =
        Decimal::from_str_exact(text).map_err(|_| format!("{name}: `{text}` is not a number"))?;
    number.normalize().to_string().parse().map_err(|error| format!("{name}: {error}"))
}
