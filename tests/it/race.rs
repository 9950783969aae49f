//! Two commands at the same moment: how near each other they were handed in, and what became of
//! them. `RING4_RACES` is the number of races of each kind, `RING4_SEED` draws the same ones again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ring4::executor::Receipt;
use ring4::shop::Shop;
use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::ids::UserId;
use ring4_domain::refusal::Refusal;
use tokio::sync::Barrier;

use crate::crash::number;

/// Races of each kind unless more are asked for; a full run has 500.
const RACES: u64 = 25;

/// Who comes later than this has not raced.
const APART: Duration = Duration::from_millis(1);

/// Rounds of a race on a machine with something else to do: so many times the races, and some.
const ROUNDS_PER_RACE: u64 = 4;
const ROUNDS_MORE: u64 = 50;

/// How many rounds there were, and how many of them were races.
pub struct Races {
    wanted: u64,
    rounds: u64,
    near: u64,
    longest: Duration,
}

impl Races {
    pub fn wanted() -> Self {
        let wanted = number("RING4_RACES").unwrap_or(RACES);
        Self { wanted, rounds: 0, near: 0, longest: Duration::ZERO }
    }

    /// The next round, until enough of them were races. Fails where the machine lets too few be.
    pub fn next(&mut self) -> Option<u64> {
        if self.near >= self.wanted {
            return None;
        }
        let rounds_max = ROUNDS_PER_RACE * self.wanted + ROUNDS_MORE;
        let (near, rounds) = (self.near, self.rounds);
        assert!(rounds < rounds_max, "only {near} of {rounds} rounds within {APART:?}");
        self.rounds += 1;
        Some(rounds)
    }

    /// Counts a round whose decisions were this far apart.
    pub fn ran(&mut self, gap: Duration) {
        if gap <= APART {
            self.near += 1;
            self.longest = self.longest.max(gap);
        }
    }

    pub fn said(&self) -> String {
        let Self { near, rounds, longest, .. } = self;
        format!("{near} races (RING4_RACES) in {rounds} rounds, at most {longest:.0?} apart")
    }
}

/// What became of a command.
pub type Decided = Result<Receipt, Refusal>;

/// Hands in both at once; how far apart that was.
pub async fn at_once(
    shop: &Arc<Shop>,
    commands: [(UserId, Command); 2],
) -> (Duration, [Decided; 2]) {
    let barrier = Arc::new(Barrier::new(2));
    let tasks = commands.map(|(admin, command)| {
        let (shop, barrier) = (Arc::clone(shop), Arc::clone(&barrier));
        tokio::spawn(async move {
            barrier.wait().await;
            let at = Instant::now();
            (at, shop.submit(Actor::Admin(admin), "race", command).await.expect("a commit"))
        })
    });
    let [one, other] = tasks;
    let (one_at, one) = one.await.expect("a decision");
    let (other_at, other) = other.await.expect("a decision");
    (one_at.max(other_at) - one_at.min(other_at), [one, other])
}
