//! One check of an order through the border of a plugin's shared library, beside the same
//! adapter linked in.

use std::hint::black_box;
use std::time::Instant;

use provider_smspool::SmsPool;
use ring4_provider_sdk::{Answer, Op, Response, testing};
use ring4_providers::{inspect, plugin_path, time_checks};
use serde_json::json;

use crate::table::{Budget, Rounds, Row};

const ROUNDS: usize = 9;
const CALLS: u32 = 10_000;

/// What the vendor says of an order that waits.
const BODY: &[u8] = br#"{"status":1,"message":"pending","resend":0,"expiration":1760000600}"#;

/// Measures and prints.
pub fn measure() {
    let cache = tempfile::tempdir().unwrap();
    let file = inspect(&plugin_path(None, "provider_smspool").unwrap()).unwrap();
    let linked: SmsPool = testing::create(&json!({})).unwrap();
    let (mut border, mut reference) = (Rounds::default(), Rounds::default());
    for _ in 0..ROUNDS {
        let each = time_checks(&file, cache.path(), &json!({}), BODY, CALLS).unwrap();
        border.add(each.as_secs_f64() * 1e6);
        let start = Instant::now();
        for _ in 0..CALLS {
            black_box(check(black_box(&linked)));
        }
        reference.add(start.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS));
    }
    Row {
        what: "plugin, one check of an order",
        unit: "µs",
        figures: &border,
        reference: ("linked in", &reference),
        budget: Budget::Max(5.0),
        note: "SMSPool's adapter: request out, answer in; without HTTP and the hop of threads"
            .to_owned(),
    }
    .print();
}

fn check(adapter: &SmsPool) -> Answer {
    let op = Op::Check("QWERTZUI".to_owned());
    testing::run(adapter, 1_760_000_000_000, op, |_| Ok(Response::new(200, BODY))).unwrap()
}
