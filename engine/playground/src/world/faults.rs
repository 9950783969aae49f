//! Misbehaviour on demand of the Bot API server. Only this crate.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// How many faults may wait at once.
const FAULTS_MAX: usize = 1000;

/// Answers 429 with `retry_after` to the next requests that match.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryAfter {
    pub count: u32,
    pub secs: u32,
    #[serde(default)]
    pub chat_id: Option<i64>,
    #[serde(default)]
    pub method: Option<String>,
}

/// Answers 429 to requests drawn by lot, until it is cleared or replaced.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RandomRetryAfter {
    /// How many of a thousand requests.
    pub per_mille: u16,
    pub secs: u32,
    #[serde(default)]
    pub method: Option<String>,
    /// What the lots are drawn from.
    #[serde(default = "one")]
    pub seed: u64,
}

const fn one() -> u64 {
    1
}

/// People whose accounts are gone: Telegram tells nobody, and refuses to write to them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deactivate {
    pub people: Vec<i64>,
}

/// Cuts the connection instead of answering.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DropConnections {
    pub count: u32,
    pub when: DropMoment,
    #[serde(default)]
    pub method: Option<String>,
}

/// Whether a dropped request still takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DropMoment {
    Before,
    After,
}

/// Answers with a server error before anything is done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerError {
    pub count: u32,
    pub code: u16,
    #[serde(default)]
    pub method: Option<String>,
}

/// Answers the next requests that match with this refusal, and does nothing for them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refuse {
    pub count: u32,
    pub code: u16,
    /// The whole description, as `Bad Request: not enough rights to send text messages`.
    pub description: String,
    #[serde(default)]
    pub chat_id: Option<i64>,
    #[serde(default)]
    pub method: Option<String>,
    /// The supergroup that the group has become.
    #[serde(default)]
    pub migrate_to_chat_id: Option<i64>,
}

/// What waits to go wrong.
#[derive(Default, Serialize)]
pub(crate) struct Faults {
    refuse: Vec<Refuse>,
    retry_after: Vec<RetryAfter>,
    drop_connections: Vec<DropConnections>,
    server_error: Vec<ServerError>,
    random_retry_after: Option<RandomRetryAfter>,
    deactivated: BTreeSet<i64>,
}

/// What a request meets before it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EarlyFault {
    Drop,
    ServerError(u16),
}

impl Faults {
    /// Whether nothing waits; lets a request skip the look-ups.
    pub fn is_empty(&self) -> bool {
        self.retry_after.is_empty()
            && self.refuse.is_empty()
            && self.drop_connections.is_empty()
            && self.server_error.is_empty()
            && self.random_retry_after.is_none()
    }

    /// Adds a fault; false when too many wait already.
    pub fn add_retry_after(&mut self, fault: RetryAfter) -> bool {
        add(&mut self.retry_after, fault)
    }

    /// Adds a fault; false when too many wait already.
    pub fn add_drop(&mut self, fault: DropConnections) -> bool {
        add(&mut self.drop_connections, fault)
    }

    /// Adds a fault; false when too many wait already.
    pub fn add_server_error(&mut self, fault: ServerError) -> bool {
        add(&mut self.server_error, fault)
    }

    /// Adds a fault; false when too many wait already.
    pub fn add_refusal(&mut self, fault: Refuse) -> bool {
        add(&mut self.refuse, fault)
    }

    /// Draws lots from now on.
    pub fn set_random_retry_after(&mut self, fault: RandomRetryAfter) {
        self.random_retry_after = Some(fault).filter(|fault| fault.per_mille > 0);
    }

    /// Takes these people's accounts away.
    pub fn deactivate(&mut self, gone: Deactivate) {
        self.deactivated.extend(gone.people);
    }

    /// Whether this person's account is gone.
    pub fn is_deactivated(&self, person: i64) -> bool {
        self.deactivated.contains(&person)
    }

    /// Takes the fault that hits a request before it is understood.
    pub fn take_early(&mut self, method: &str) -> Option<EarlyFault> {
        let dropped = take(&mut self.drop_connections, |fault| {
            fault.when == DropMoment::Before && is_for(fault.method.as_ref(), method)
        });
        if dropped.is_some() {
            return Some(EarlyFault::Drop);
        }
        let error = take(&mut self.server_error, |fault| is_for(fault.method.as_ref(), method))?;
        Some(EarlyFault::ServerError(error.code))
    }

    /// Takes the fault that drops an answer after the request took effect.
    pub fn take_late_drop(&mut self, method: &str) -> bool {
        take(&mut self.drop_connections, |fault| {
            fault.when == DropMoment::After && is_for(fault.method.as_ref(), method)
        })
        .is_some()
    }

    /// Takes a flood limit for this method and chat: seconds to wait.
    pub fn take_retry_after(&mut self, method: &str, chat_id: Option<i64>) -> Option<u32> {
        take(&mut self.retry_after, |fault| {
            is_for(fault.method.as_ref(), method)
                && fault.chat_id.is_none_or(|wanted| Some(wanted) == chat_id)
        })
        .map(|fault| fault.secs)
        .or_else(|| self.draw(method))
    }

    /// Takes a refusal for this method and chat.
    pub fn take_refusal(&mut self, method: &str, chat_id: Option<i64>) -> Option<Refuse> {
        take(&mut self.refuse, |fault| {
            is_for(fault.method.as_ref(), method)
                && fault.chat_id.is_none_or(|wanted| Some(wanted) == chat_id)
        })
    }

    fn draw(&mut self, method: &str) -> Option<u32> {
        let fault = self.random_retry_after.as_mut()?;
        if !is_for(fault.method.as_ref(), method) {
            return None;
        }
        // A step of Knuth's MMIX generator; its high bits are good enough for lots.
        let next = fault.seed.wrapping_mul(6_364_136_223_846_793_005);
        fault.seed = next.wrapping_add(1_442_695_040_888_963_407);
        ((fault.seed >> 33) % 1_000 < u64::from(fault.per_mille)).then_some(fault.secs)
    }
}

/// A fault that hits several requests.
trait Counted: Clone {
    fn count(&mut self) -> &mut u32;
}

macro_rules! counted {
    ($($fault:ty),*) => {$(
        impl Counted for $fault {
            fn count(&mut self) -> &mut u32 {
                &mut self.count
            }
        }
    )*};
}
counted!(RetryAfter, DropConnections, ServerError, Refuse);

fn add<F: Counted>(faults: &mut Vec<F>, mut fault: F) -> bool {
    if faults.len() >= FAULTS_MAX {
        return false;
    }
    if *fault.count() > 0 {
        faults.push(fault);
    }
    true
}

/// Takes one hit from the first fault that matches.
fn take<F: Counted>(faults: &mut Vec<F>, matches: impl Fn(&F) -> bool) -> Option<F> {
    let index = faults.iter().position(matches)?;
    let fault = faults.get_mut(index)?;
    *fault.count() -= 1;
    let taken = fault.clone();
    if *fault.count() == 0 {
        faults.remove(index);
    }
    Some(taken)
}

/// A fault for no method in particular spares the polls: a test that asks for three broken
/// requests means requests of the bot's, and polls would eat them at once.
fn is_for(wanted: Option<&String>, method: &str) -> bool {
    match wanted {
        Some(wanted) => wanted.eq_ignore_ascii_case(method),
        None => method != "getupdates",
    }
}
