//! The local vendors of the sms-activate protocol: one endpoint each, and the differences between
//! them that a client can trip over. Only `vendors`.

mod answers;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Query, Request, State};
use axum::http::Method;
use axum::response::Response;
use serde_json::json;

use self::answers::Desk;
use super::Vendor;
use super::faults::{Kind, Mode};
use super::serving::{Call, Reply, Trouble, respond, serve};
use crate::world::World;

/// Below each vendor's base address.
pub(super) const PATH: &str = "/stubs/handler_api.php";

/// Roubles for a dollar, at the one vendor that counts in them unless told otherwise.
const ROUBLES: i64 = 80;

/// How a vendor writes an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Errors {
    /// A word, with 200.
    Words,
    /// An object with real statuses.
    Objects,
    /// An object with 200, except for a bad key, which is a word with 401.
    GoodObjects,
}

/// How a vendor lists its active orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listing {
    /// `{"status":"success","data":[…]}`.
    Data,
    /// `{"activeActivations":[…]}`, and a word when there are none.
    Named,
    /// Not at all.
    Missing,
}

/// One vendor's ways.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    pub vendor: Vendor,
    errors: Errors,
    listing: Listing,
    /// How the highest price is called; any other name is refused.
    cap: &'static str,
    /// Counts in roubles, and takes the number of another currency.
    roubles: bool,
    /// Has the second form of purchases and states.
    second_form: bool,
    /// States of the second form lie in `data`.
    nests_state: bool,
    /// The catalogue's countries are a list with text ids, and prices are text.
    lists_countries: bool,
    /// A country left out is Russia.
    defaults_to_russia: bool,
    /// Fresh orders refuse to be cancelled.
    locks: bool,
}

const PLAIN: Dialect = Dialect {
    vendor: Vendor::Grizzlysms,
    errors: Errors::Words,
    listing: Listing::Named,
    cap: "maxPrice",
    roubles: false,
    second_form: true,
    nests_state: false,
    lists_countries: false,
    defaults_to_russia: false,
    locks: true,
};

pub(super) const DIALECTS: [Dialect; 5] = [
    Dialect {
        vendor: Vendor::Herosms,
        errors: Errors::Objects,
        listing: Listing::Data,
        nests_state: true,
        ..PLAIN
    },
    Dialect { defaults_to_russia: true, locks: false, ..PLAIN },
    Dialect { vendor: Vendor::Smsbower, listing: Listing::Missing, ..PLAIN },
    Dialect {
        vendor: Vendor::Tigersms,
        errors: Errors::GoodObjects,
        lists_countries: true,
        ..PLAIN
    },
    Dialect {
        vendor: Vendor::Smshub,
        cap: "max_price",
        roubles: true,
        second_form: false,
        locks: false,
        ..PLAIN
    },
];

/// The calls, each with the parameters it takes beside key and action; `cap` and `currency` are
/// called as the dialect has them.
const CALLS: &[(Call, &[&str])] = &[
    (Call::new("getBalance", Kind::Keyed), &["currency"]),
    (Call::new("getNumber", Kind::Purchase), &["service", "country", "cap", "currency"]),
    (Call::new("getNumberV2", Kind::Purchase), &["service", "country", "cap", "currency"]),
    (Call::new("getStatus", Kind::Check), &["id"]),
    (Call::new("getStatusV2", Kind::Check), &["id"]),
    (Call::new("setStatus", Kind::Keyed), &["id", "status"]),
    (Call::new("getPrices", Kind::Keyed), &["service", "country", "currency"]),
    (Call::new("getActiveActivations", Kind::List), &["start", "limit"]),
    (Call::new("getCountries", Kind::Keyed), &[]),
    (Call::new("getServicesList", Kind::Keyed), &[]),
];

impl Dialect {
    /// An error in this vendor's form.
    fn no(&self, word: &str) -> Reply {
        match self.errors {
            Errors::Words if self.vendor == Vendor::Smsbower && word == "BAD_KEY" => {
                Reply::json(401, json!({ "status": 0, "message": "No access" }))
            }
            Errors::GoodObjects if word == "BAD_KEY" => Reply::text(401, word),
            Errors::Words => Reply::text(200, word),
            Errors::Objects => Reply::json(status(word), envelope(word)),
            Errors::GoodObjects => Reply::json(200, envelope(word)),
        }
    }

    /// Whether this vendor has a call, and takes these parameters for it.
    fn understands(
        &self,
        call: Call,
        names: &[&str],
        given: &BTreeMap<String, String>,
    ) -> Result<(), &'static str> {
        let second = call.name.ends_with("V2") && !self.second_form;
        let unlisted = call.kind == Kind::List && self.listing == Listing::Missing;
        if second || unlisted {
            return Err("BAD_ACTION");
        }
        let known = |name: &String| {
            let takes = |wanted: &str| names.contains(&wanted);
            match name.as_str() {
                "api_key" | "action" => true,
                "currency" => self.roubles && takes("currency"),
                name if name == self.cap => takes("cap"),
                name => name != "cap" && takes(name),
            }
        };
        if given.keys().all(known) { Ok(()) } else { Err("BAD_VALUES") }
    }
}

fn envelope(word: &str) -> serde_json::Value {
    json!({ "title": word, "details": "As the word says.", "info": {} })
}

/// The statuses that go with words where statuses are meant.
fn status(word: &str) -> u16 {
    match word.split(':').next().unwrap_or_default() {
        "BAD_KEY" | "NO_KEY" => 401,
        "NO_BALANCE" => 402,
        "BANNED" | "CHANNELS_LIMIT" => 403,
        "NO_NUMBERS" | "NOT_FOUND" | "NO_ACTIVATION" | "BAD_ACTION" => 404,
        "EARLY_CANCEL_DENIED" | "OTP_RECEIVED" | "CANT_CANCEL" => 409,
        "BAD_VALUES" => 422,
        "SERVER_ERROR" => 500,
        _ => 400,
    }
}

pub(super) async fn answer(
    dialect: Dialect,
    State(world): State<Arc<World>>,
    request: Request,
) -> Response {
    if request.method() != Method::GET {
        return respond(Reply::text(405, "Method Not Allowed"));
    }
    let given = Query::<BTreeMap<String, String>>::try_from_uri(request.uri());
    let Ok(Query(given)) = given else { return respond(dialect.no("BAD_VALUES")) };
    let action = given.get("action").map(String::as_str).unwrap_or_default();
    let Some((call, names)) = CALLS.iter().find(|(call, _)| call.name == action) else {
        return respond(dialect.no("BAD_ACTION"));
    };
    let failed = if dialect.errors == Errors::Words { "ERROR_SQL" } else { "SERVER_ERROR" };
    let trouble = Trouble { broken: Reply::text(500, failed), vague: dialect.no(failed) };
    serve(
        &world,
        dialect.vendor,
        *call,
        trouble,
        |_| None,
        |account, now_ms, fault| {
            let key = given.get("api_key").map(String::as_str).unwrap_or_default();
            if key.is_empty() {
                return dialect.no("NO_KEY");
            }
            if !account.takes_key(key) || fault.is_some_and(|fault| fault.mode == Mode::BadKey) {
                return dialect.no("BAD_KEY");
            }
            if let Err(word) = dialect.understands(*call, names, &given) {
                return dialect.no(word);
            }
            Desk { dialect, account, given: &given, now_ms, fault }.reply(call.name)
        },
    )
    .await
}
