//! What learning when codes come is worth: the shipped script asks by its table and by what it
//! learnt, on the same arrivals, and the calls saved and the seconds of delay are printed
//! (`cargo test --test it schedule -- --nocapture`).

use ring4::clock::Clock;
use ring4::odds::Odds;
use ring4::reload::Origin;
use ring4_config::{Env, Overrides};
use ring4_domain::ids::{Country, OrderId, RulesVersion, Timestamp, UserId};
use ring4_domain::money::Amount;
use ring4_domain::order::{Code, Order, OrderState, Purchase, Quote};
use ring4_rules::{PollFacts, RuleSet};

use crate::world::copy_rules;

/// Orders that a vendor is learnt from; the engine keeps 500.
const LEARNT_FROM: u64 = 400;

/// Orders that both schedules are tried on.
const TRIED_ON: u64 = 5_000;

const TIMEOUT_SECS: u32 = 600;

/// A vendor by when its codes come.
struct Habit {
    name: &'static str,
    /// Of a thousand orders, how many never get a code.
    silent_per_mille: u64,
    /// From these ages on, of a thousand open orders how many get their code within a second.
    per_second: &'static [(u32, u64)],
    /// The least calls saved, in percent, and the most delay added on average, in milliseconds.
    expected: (i64, i64),
}

const HABITS: &[Habit] = &[
    Habit {
        name: "fast, reliable",
        silent_per_mille: 50,
        per_second: &[(0, 0), (5, 90), (60, 20)],
        expected: (15, 200),
    },
    Habit {
        name: "usual",
        silent_per_mille: 200,
        per_second: &[(0, 0), (8, 45), (40, 12), (120, 2)],
        expected: (30, 800),
    },
    Habit {
        name: "slow",
        silent_per_mille: 300,
        per_second: &[(0, 0), (60, 12), (200, 3)],
        expected: (35, 1_200),
    },
    Habit {
        name: "hardly any codes",
        silent_per_mille: 700,
        per_second: &[(0, 0), (10, 30), (90, 3)],
        expected: (50, 2_000),
    },
];

/// Splitmix64: the same arrivals in every run.
struct Lot(u64);

impl Lot {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// When the code of an order comes, in milliseconds of its age, if one does.
    fn arrival_ms(&mut self, habit: &Habit) -> Option<i64> {
        if self.below(1_000) < habit.silent_per_mille {
            return None;
        }
        let comes = |age: &u32| {
            let (_, share) = habit.per_second.iter().rev().find(|(from, _)| from <= age).unwrap();
            self.below(1_000) < *share
        };
        let age = (0..TIMEOUT_SECS).find(comes)?;
        Some(i64::from(age) * 1_000 + i64::try_from(self.below(1_000)).unwrap())
    }
}

/// The order that a vendor of this habit made of a number.
fn ended(id: u64, arrival_ms: Option<i64>, now: Timestamp) -> Order {
    let bought_at = Timestamp(now.0 - 3_600_000);
    let ended_at = Timestamp(bought_at.0 + arrival_ms.unwrap_or(i64::from(TIMEOUT_SECS) * 1_000));
    let code = Code { code: "12345".to_owned().into(), text: None, arrived_at: ended_at };
    Order {
        quote: Quote {
            id: OrderId::from_bits(id),
            customer: UserId(1001),
            service: "ring4".parse().unwrap(),
            country: Country::US,
            price: Amount::from_micros(400_000),
            cost_max: Amount::from_micros(300_000),
            candidates: Vec::new(),
            rules: RulesVersion([0; 8]),
            created_at: bought_at,
            expires_at: bought_at,
        },
        state: if arrival_ms.is_some() { OrderState::Delivered } else { OrderState::Expired },
        placed_at: bought_at,
        deadline: ended_at,
        hold_deadline: ended_at,
        ended_at: Some(ended_at),
        lost: None,
        purchase: Some(Purchase {
            candidate: 0,
            provider: "smspool".parse().unwrap(),
            vendor_order: format!("v{id}"),
            number: "+12025550100".to_owned().into(),
            cost: Amount::from_micros(240_000),
            bought_at,
        }),
        former: Vec::new(),
        unreturned: None,
        resends: Vec::new(),
        code: arrival_ms.map(|_| code),
        card: None,
    }
}

/// The wait at every age, by what these odds know.
fn intervals(rules: &RuleSet, odds: &Odds) -> Vec<u32> {
    let (provider, service) = ("smspool".parse().unwrap(), "ring4".parse().unwrap());
    let wait = |age_secs| {
        let chance = odds.chance(&provider, &service, age_secs);
        let facts = PollFacts {
            service: service.clone(),
            provider: provider.clone(),
            age_secs,
            timeout_secs: TIMEOUT_SECS,
            attempt: 0,
            errors: 0,
            samples: chance.map_or(0, |chance| chance.samples),
            chance_per_mille: chance.and_then(|chance| chance.per_mille),
        };
        rules.next_poll(&facts).unwrap()
    };
    (0..TIMEOUT_SECS).map(wait).collect()
}

#[derive(Default)]
struct Outcome {
    calls: i64,
    delays_ms: Vec<i64>,
}

impl Outcome {
    /// Asks for an order until its code is seen or its time is up.
    fn ask(&mut self, intervals: &[u32], arrival_ms: Option<i64>) {
        let mut age = 0;
        while let Some(wait) = intervals.get(usize::try_from(age).unwrap()) {
            age += wait;
            self.calls += 1;
            let now_ms = i64::from(age) * 1_000;
            if let Some(came) = arrival_ms.filter(|came| *came <= now_ms) {
                self.delays_ms.push(now_ms - came);
                return;
            }
        }
    }

    fn mean_ms(&self) -> i64 {
        self.delays_ms.iter().sum::<i64>() / i64::try_from(self.delays_ms.len()).unwrap()
    }

    fn p95_ms(&self) -> i64 {
        let mut delays = self.delays_ms.clone();
        delays.sort_unstable();
        delays[delays.len() * 95 / 100]
    }
}

fn secs(millis: i64) -> String {
    format!("{}.{:02} s", millis / 1_000, millis % 1_000 / 10)
}

#[test]
fn learning_when_codes_come_saves_calls_and_costs_little_delay() {
    let folder = tempfile::tempdir().unwrap();
    let origin = Origin {
        config: copy_rules(folder.path()),
        scripts: folder.path().join("scripts"),
        env: Env::from_iter([("BOT_TOKEN", "4000000001:a-token-of-the-tests")]),
        overrides: Overrides::default(),
    };
    let rules = origin.build(origin.read().unwrap()).unwrap().live.rules;
    let clock = Clock::real();
    let table = intervals(&rules, &Odds::new(clock.clone()));
    println!("{TRIED_ON} orders each, learnt from {LEARNT_FROM} others");
    for (place, habit) in (0_u64..).zip(HABITS) {
        let mut lot = Lot(0x52_49_4e_47 + place);
        let odds = Odds::new(clock.clone());
        for id in 0..LEARNT_FROM {
            odds.note(&ended(id, lot.arrival_ms(habit), clock.now()));
        }
        let learnt = intervals(&rules, &odds);
        let (mut by_table, mut by_learning) = (Outcome::default(), Outcome::default());
        for _ in 0..TRIED_ON {
            let arrival_ms = lot.arrival_ms(habit);
            by_table.ask(&table, arrival_ms);
            by_learning.ask(&learnt, arrival_ms);
        }
        let saved = 100 - by_learning.calls * 100 / by_table.calls;
        let added_ms = by_learning.mean_ms() - by_table.mean_ms();
        println!(
            "{:18} calls {} → {} ({saved} % saved)  delay mean {} → {}  p95 {} → {}",
            habit.name,
            by_table.calls,
            by_learning.calls,
            secs(by_table.mean_ms()),
            secs(by_learning.mean_ms()),
            secs(by_table.p95_ms()),
            secs(by_learning.p95_ms()),
        );
        let (saved_min, added_max_ms) = habit.expected;
        assert!(saved >= saved_min, "{}: {saved} % saved", habit.name);
        assert!(added_ms <= added_max_ms, "{}: {added_ms} ms later", habit.name);
        // A code that the learnt schedule skips would be worse than any delay.
        assert!(by_learning.delays_ms.len() * 1_000 >= by_table.delays_ms.len() * 995);
    }
}
