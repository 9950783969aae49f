//! What must hold before a rule set goes live, beyond compiling: an unknown function or a
//! misspelt property shows only when its line runs, so every script is run. Private to this
//! crate.

use std::collections::BTreeSet;

use ring4_domain::ids::{Country, ProviderId, ServiceKey};
use ring4_domain::money::Amount;
use ring4_domain::stars::METHOD;
use ring4_yaml::Problem;

use crate::facts::{Offer, PollFacts, VendorFacts};
use crate::policy::{BuyerFacts, DepositFacts, SaleFacts};
use crate::rule_set::RuleSet;

/// Vendor prices tried for every service, in micro-dollars.
const SAMPLE_COSTS: &[i64] = &[10_000, 300_000, 2_000_000, 20_000_000];
/// Ages tried, in seconds.
const SAMPLE_AGES: &[u32] = &[0, 30, 60, 120, 180, 240, 300, 599, 600, 3_600];
/// Vendor errors tried.
const SAMPLE_ERRORS: &[u32] = &[0, 1, 10, 100];

/// Chances of a code that polls are tried with; `None` before any is known.
const SAMPLE_CHANCES: &[Option<u32>] = &[None, Some(0), Some(30), Some(1_000)];

/// Everything the scripts get wrong. Of each script the first failure counts: the rest is
/// mostly the same line again, and every endless loop takes its milliseconds.
pub fn run(rules: &RuleSet, catalogue: &[Offer]) -> Vec<Problem> {
    let mut problems = rules.run_own_tests();
    let services = services_of(rules);
    let mut offers = catalogue.iter().cloned().chain(sample_offers(&services));
    problems.extend(offers.find_map(|offer| try_price(rules, &offer)));
    problems.extend(try_polls(rules, &services));
    problems.extend(try_ranks(rules, &services));
    problems.extend(try_policy(rules, &services));
    problems
}

fn services_of(rules: &RuleSet) -> BTreeSet<ServiceKey> {
    let names = rules.params().names();
    let keys = names.iter().filter_map(|name| name.strip_prefix("services.")?.split('.').next());
    keys.filter_map(|key| ServiceKey::new(key).ok()).collect()
}

fn sample_offers(services: &BTreeSet<ServiceKey>) -> impl Iterator<Item = Offer> {
    services.iter().flat_map(|service| {
        SAMPLE_COSTS.iter().flat_map(move |micros| {
            [(None, None, 0), (Some(3), Some(40), 1_000)].map(|(stock, success_percent, done)| {
                Offer {
                    service: service.clone(),
                    country: Country::US,
                    cost: Amount::from_micros(*micros),
                    stock,
                    success_percent,
                    orders_done: done,
                }
            })
        })
    })
}

fn try_price(rules: &RuleSet, offer: &Offer) -> Option<Problem> {
    let mut problem = rules.price(offer).err()?.into_problem();
    let Offer { service, country, cost, .. } = offer;
    problem.reason += &format!(" (for {service} in {country} at a cost of {cost})");
    Some(*problem)
}

fn try_ranks(rules: &RuleSet, services: &BTreeSet<ServiceKey>) -> Option<Problem> {
    let provider = ProviderId::new("any").ok()?;
    let known = [(None, None, 0), (Some(3), Some(40), 0), (Some(0), Some(0), 500)];
    for (service, (stock, success_percent, samples)) in
        services.iter().flat_map(|service| known.map(|known| (service, known)))
    {
        for (place, weight, luck) in [(0, 1, 0), (1, 1_000, 700), (6, 1, 20_000)] {
            let vendor = VendorFacts {
                service: service.clone(),
                country: Country::US,
                provider: provider.clone(),
                cost: Amount::from_micros(300_000),
                priority: place + 1,
                weight,
                place,
                count: 7,
                turn: u32::MAX,
                luck,
                stock,
                success_percent,
                samples,
            };
            if let Err(error) = rules.rank(&vendor) {
                let mut problem = error.into_problem();
                problem.reason += &format!(" (for the vendor at place {place} of {service})");
                return Some(*problem);
            }
        }
    }
    None
}

fn try_policy(rules: &RuleSet, services: &BTreeSet<ServiceKey>) -> Option<Problem> {
    for service in services {
        for (orders, cancelled, micros) in
            [(0, 0, 0), (1, 0, 300_000), (20, 20, 9_000_000), (100, 40, 900_000_000)]
        {
            let buyer = BuyerFacts {
                service: service.clone(),
                country: Country::US,
                price: Amount::from_micros(300_000),
                available: Amount::from_micros(10_000_000),
                known_days: orders,
                orders_minute: orders.min(10),
                orders_hour: orders,
                orders_day: orders,
                cancelled_day: cancelled,
                spent_day: Amount::from_micros(micros),
                open_orders: orders.min(5),
            };
            let sale = SaleFacts {
                service: service.clone(),
                country: Country::US,
                price: buyer.price,
                age_hours: orders,
                code_secs: orders,
            };
            let deposit = DepositFacts {
                amount: Amount::from_micros(micros.max(1_000_000)),
                method: METHOD,
                known_days: orders,
                deposits: orders,
                deposited: Amount::from_micros(micros),
                reference: orders > 1,
            };
            let tried = rules.may_buy(&buyer).map(drop).and(rules.refundable(&sale).map(drop));
            let tried = tried.and(rules.auto_approve(&deposit).map(drop));
            if let Err(error) = tried {
                let mut problem = error.into_problem();
                problem.reason += &format!(" (for {service} after {orders} orders in a day)");
                return Some(*problem);
            }
        }
    }
    None
}

fn try_polls(rules: &RuleSet, services: &BTreeSet<ServiceKey>) -> Option<Problem> {
    let service = services.first()?;
    let provider = ProviderId::new("any").ok()?;
    for age_secs in SAMPLE_AGES {
        for (errors, chance) in SAMPLE_ERRORS
            .iter()
            .flat_map(|errors| SAMPLE_CHANCES.iter().map(move |chance| (*errors, *chance)))
        {
            let facts = PollFacts {
                service: service.clone(),
                provider: provider.clone(),
                age_secs: *age_secs,
                timeout_secs: 600,
                attempt: *age_secs,
                errors,
                samples: chance.map_or(0, |_| 500),
                chance_per_mille: chance,
            };
            if let Err(error) = rules.next_poll(&facts) {
                let mut problem = error.into_problem();
                problem.reason += &format!(" (at {age_secs} s of age after {errors} errors");
                if let Some(chance) = chance {
                    problem.reason += &format!(", with a chance of {chance} in 1000");
                }
                problem.reason.push(')');
                return Some(*problem);
            }
        }
    }
    None
}
